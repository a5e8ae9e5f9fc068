//! Practices: what texts ask for, what is true today, and how the controls that answer for each stand.

use serde_json::Value;

use crate::classes::{config, rows};
use crate::harness::Session;

#[test]
fn an_auditor_asks_how_a_practice_stands_and_comes_to_the_judgement_behind_it() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = Session::demo(width, height);
        session.settle();
        session.press(": 'practices' Enter").shows("Data classification").shows("practices  103");
        // One that no control judges says how it is answered.
        session.press("/ 'number:50' Enter").shows("in words");
        session.press("Enter").shows("DynamoDB has no passwords").press("Esc");
        session.press("/ ^U 'LeadingKeys' Enter").shows("dynamodb:LeadingKeys");
        session.press("Enter").shows("today").shows("Login with Amazon").shows("IAM-07");
        // The judgement itself, with what it rests on.
        session.press("Enter").shows("iam:GetAccountAuthorizationDetails");
        session.press("Esc Esc / ^U 'controls:RES-01 fail:>0' Enter").shows("Point-in-time recovery");
        session.hides("Data classification");
    }
}

#[test]
fn it_can_be_filed_and_counts_what_check_counts() {
    let file = config("practices", "");
    let (_, all) = rows(&file, &["practices"]);
    let all = all["rows"].as_array().unwrap();
    assert_eq!(all.len(), 103);
    let of = |number: u64| all.iter().find(|row| row["number"] == number).unwrap();
    let (_, judged) = rows(&file, &["check", "--control", "RES-01", "--control", "RES-02"]);
    let fails = |row: &&Value| row["verdict"] == "fail" && row["by_default_class"] == false && row["muted"].is_null();
    let count = judged["rows"].as_array().unwrap().iter().filter(fails).count();
    let recovery = of(89);
    assert_eq!(recovery["controls"], serde_json::json!(["RES-01", "RES-02"]));
    assert!(count > 0 && recovery["counts"]["fail"] == count, "{recovery} {count}");
    assert_eq!(recovery["verdict"], "fail");
    assert!(of(50)["answered"].is_string() && of(50)["verdict"] == "n/a");
    let (_, some) = rows(&file, &["practices", "--filter", "chapter:DAX fail:>0"]);
    let some = some["rows"].as_array().unwrap();
    assert!(!some.is_empty() && some.iter().all(|row| row["chapter"] == "DAX"), "{some:?}");
}
