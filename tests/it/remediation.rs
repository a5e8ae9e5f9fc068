//! What rules of AWS Config do about what they find, on their page and in rows.

use dynakeep::store::rows::RowKind;
use dynakeep::wire::fault::Fault;
use serde_json::Value;

use crate::harness::{Session, demo_options};

/// The first row of a rule in the home region.
fn row(session: &Session, rule: &str) -> Value {
    let rows = session.app.store.rows(RowKind::Compliance);
    let mut all = rows.iter().map(|row| row.json());
    let of = |row: &Value| row["rule"] == rule && row["region"] == "eu-west-1" && row["account"] == "111122223333";
    all.find(of).unwrap_or_else(|| panic!("no row of {rule}"))
}

/// The page of a rule, from its first evaluation on.
fn page(session: &mut Session, rule: &str) -> String {
    session.press(&format!("3 / ^U 'rule:{rule} region:eu-west-1 account:111122223333' Enter Enter")).screen()
}

#[test]
fn a_rule_says_what_mends_what_it_finds_and_how_that_went() {
    for (width, height) in [(120, 40), (80, 30)] {
        let options = dynakeep::wire::demo::DemoOptions { start: dynakeep::wire::demo::Story::End, ..demo_options() };
        let mut session = Session::of(options, width, height);
        session.settle();
        let screen = page(&mut session, "dynamodb-pitr-enabled");
        for words in ["AWSConfigRemediation-EnablePITR", "automatic", "FAILED", "AccessDeniedException", "1 SUCCEEDED"]
        {
            assert!(screen.contains(words), "no {words:?} in\n{screen}");
        }
        let screen = page(&mut session, "dynamodb-table-deletion-protection-enabled");
        assert!(screen.contains("by hand") && screen.contains("it never ran"), "{screen}");
        let screen = page(&mut session, "dynamodb-table-encrypted-kms");
        assert!(screen.contains("none configured") && !screen.contains("last run"), "{screen}");
        let mended = row(&session, "dynamodb-pitr-enabled");
        assert_eq!(mended["remediation"]["automatic"], true, "{mended:#}");
        assert_eq!(mended["remediation_runs"]["last"]["state"], "FAILED", "{mended:#}");
        let none = row(&session, "dynamodb-table-encrypted-kms");
        assert!(none["remediation"].is_null() && none["unknown"]["remediation"].is_null(), "{none:#}");
    }
}

#[test]
fn what_could_not_be_read_is_unknown_and_names_the_action_and_never_none() {
    for (operation, field) in [
        ("config:DescribeRemediationConfigurations", "remediation"),
        ("config:DescribeRemediationExecutionStatus", "remediation_runs"),
    ] {
        let mut session = Session::broken(120, 40, |injector| injector.set(operation, Fault::AccessDenied));
        session.settle();
        let screen = page(&mut session, "dynamodb-pitr-enabled");
        assert!(screen.contains(&format!("unknown: denied: {operation}")), "{screen}");
        assert!(!screen.contains("none configured") && !screen.contains("it never ran"), "{screen}");
        let row = row(&session, "dynamodb-pitr-enabled");
        assert!(row["unknown"][field].as_str().is_some_and(|why| why.contains(operation)), "{row:#}");
    }
}
