//! The lanes of domains: who crosses into whose tables, on the screen and on the command line.

use std::collections::BTreeSet;

use dynakeep::controls::crossing::{Kind, Whose};
use dynakeep::model::Verdict;
use dynakeep::wire::fault::Fault;
use serde_json::Value;

use crate::classes::{config, rows};
use crate::harness::Session;

fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

/// The line of the screen that a lane's row stands in.
fn row(session: &mut Session, lane: &str) -> String {
    let screen = session.screen();
    let mut lines = screen.lines().skip_while(|line| !line.contains("LANE"));
    lines.find(|line| line.contains(lane)).unwrap_or_else(|| panic!("{lane}:\n{screen}")).to_owned()
}

#[test]
fn from_the_worst_lane_to_who_crosses_it_and_to_the_statement_that_lets_it() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        session.press("L").shows("✖2 crossed").shows("●1 clean").shows("PAYMENTS").shows("IDENTITY");
        // The worst first; one lane is entered by nobody else.
        assert!(row(&mut session, "[").contains("commerce"), "{}", session.screen());
        let supply = row(&mut session, "supply");
        assert!(supply.contains("● none") && supply.contains("1 own") && !supply.contains(['✖', '▲', '?']), "{supply}");
        // From a cell to those who come from there.
        session.press("l").shows("[✖1");
        session.press("Enter").shows("into commerce from payments").shows("role/app-orders").hides("role/admin");
        session.shows("orders [0]").hides("app-lake");
        session.press("Enter").shows("through").shows("Allows every dynamodb action on table *").shows("ISO-03");
        session.shows("coupons").shows("restricted");
        // The policy itself, as IAM holds it.
        session.press("J").shows("\"who\": \"role/app-orders\"");
        session.press("/ 'PolicyName' Enter").shows("RolePolicyList");
        // The first ends the search.
        session.press("Esc Esc Esc Esc").shows("[✖1").shows("✖2 crossed");
        // All who reach it, from the row's head.
        session.press("h Enter").shows("into commerce").shows("role/admin").shows("no domain").shows("identity");
    }
}

#[test]
fn a_filter_narrows_the_matrix_and_what_its_cells_lead_to() {
    let mut session = ready(120, 40);
    session.press(": 'lanes' Enter / 'kind:endpoint' Enter").shows("▲2");
    assert!(!row(&mut session, "commerce").contains('✖'));
    session.press("Enter").shows("vpce-").hides("role/app-orders").shows("/kind:endpoint");
    session.press("Esc / ^U 'plane:administer from:payments' Enter").hides("▲ identity");
    assert!(row(&mut session, "logistics").contains("✖1"));
    session.press("/ ^U 'plain:x' Enter").shows("no field `plain`");
    session.press("Esc / ^U 'lane:none-such' Enter").shows("no lanes pass the filter");
}

#[test]
fn columns_that_do_not_fit_come_into_sight_with_the_cursor() {
    let mut session = ready(80, 24);
    session.press("L").shows("PAYMENTS").hides("OUTSIDE").shows("more beside");
    session.press("j l l l l l").shows("OUTSIDE").hides("PAYMENTS");
    assert!(row(&mut session, "logistics").contains("[▲1"));
    session.press("Enter").shows("from outside").shows("role/reporting").shows("table policy");
}

#[test]
fn what_is_denied_is_a_question_and_never_a_clean_lane() {
    for (operation, action) in [
        ("iam:GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails"),
        ("ec2:DescribeVpcEndpoints", "ec2:DescribeVpcEndpoints"),
    ] {
        let mut session = Session::broken(120, 40, |injector| injector.set(operation, Fault::AccessDenied));
        session.settle();
        session.press("L").hides("clean").hides("● none");
        assert!(row(&mut session, "supply").contains('?'), "{}", session.screen());
        session.press("/ 'lane:supply' Enter Enter").shows(action).shows("unknown").hides("● pass");
        let lanes = session.app.store.lanes();
        assert!(lanes.hides());
        let clean = lanes.rows().iter().copied().filter(|(lane, count)| lanes.standing(*lane, *count) == Verdict::Pass);
        assert_eq!(clean.count(), 0, "{operation}");
    }
    let mut session =
        Session::broken(120, 40, |injector| injector.set("dynamodb:ListTagsOfResource", Fault::AccessDenied));
    session.settle();
    session.press("L").shows("not read").shows("no table's tag (domain) states a domain").shows("[classes] domain");
}

#[test]
fn lanes_fail_where_the_controls_of_endpoints_and_of_identities_do() {
    let session = ready(120, 40);
    let (store, lanes) = (&session.app.store, session.app.store.lanes());
    let of = |id: &str, verdict: Verdict| -> BTreeSet<String> {
        let all = store.judgements().filter(|of| of.control == id && of.verdict == verdict);
        all.map(|of| of.resource.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let crossing = |kinds: &[Kind]| -> BTreeSet<String> {
        let failing = lanes.crossings.iter().filter(|of| of.verdict == Verdict::Fail);
        let who = failing.map(|of| &lanes.crossers[of.crosser]).filter(|of| kinds.contains(&of.kind));
        who.map(|of| if of.kind == Kind::Endpoint { of.id.clone() } else { of.account.clone() }).collect()
    };
    assert_eq!(crossing(&[Kind::Role, Kind::User]), of("ISO-03", Verdict::Fail));
    assert!(!crossing(&[Kind::Role]).is_empty());
    assert_eq!(crossing(&[Kind::Endpoint]), of("ISO-02", Verdict::Fail));
    // Every table stands in a lane, and every lane of tables in the matrix.
    assert_eq!(lanes.tables.len(), store.estate().tables.len());
    let rows: BTreeSet<usize> = lanes.rows().iter().copied().map(|(lane, _)| lane).collect();
    assert!(lanes.tables.iter().all(|table| rows.contains(&table.lane)));
    assert!(lanes.lane(&Whose::Domain("supply".to_owned())).is_some());
}

#[test]
fn a_program_and_an_auditor_read_who_crosses_and_through_what() {
    let plain = config("lanes", "");
    let (code, answer) = rows(&plain, &["lanes"]);
    // What tables could not be read leaves it incomplete.
    assert_eq!(code, 4);
    let all: Vec<Value> = answer["rows"].as_array().cloned().unwrap();
    let first = &all[0];
    assert_eq!(
        (&first["verdict"], &first["who"], &first["from"]),
        (&"fail".into(), &"role/app-orders".into(), &"payments".into())
    );
    let table = &first["tables"][0];
    assert_eq!(table["verdict"], "fail");
    assert_eq!(table["through"][0]["policy"], "orders");
    assert!(table["through"][0]["words"].as_str().unwrap().starts_with("Allows every dynamodb action"));
    assert_eq!(first["freshness"]["operation"], "iam:GetAccountAuthorizationDetails");
    let supply = answer["lanes"].as_array().unwrap().iter().find(|lane| lane["lane"] == "supply").unwrap();
    assert_eq!((&supply["verdict"], &supply["from"]["payments"]["fail"]), (&"pass".into(), &0.into()));
    let some = rows(&plain, &["lanes", "--filter", "lane:logistics kind:role verdict:fail"]).1;
    assert_eq!(some["rows"].as_array().map(Vec::len), Some(1));
    assert!(some["lanes"].as_array().unwrap().len() > 3);
}
