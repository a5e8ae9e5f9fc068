//! The dashboard over an endpoint that others wrote. `.ci/run` starts and seeds one and names it in
//! `DYNAKEEP_TEST_ENDPOINT`; without that there is nothing to test here, and the test says so.

use std::time::Duration;

use dynakeep::aws::Settings;
use dynakeep::model::{CallOutcome, CallRecord};
use dynakeep::wire;

use crate::harness::{Session, settings};

#[test]
fn live_endpoint_is_shown_as_far_as_it_answers() {
    let Ok(endpoint) = std::env::var("DYNAKEEP_TEST_ENDPOINT") else {
        println!("skipped: DYNAKEEP_TEST_ENDPOINT names no endpoint");
        return;
    };
    let kind = std::env::var("DYNAKEEP_TEST_KIND").unwrap_or_default();
    let settings =
        Settings { endpoint: Some(endpoint), regions: vec!["eu-west-1".to_owned()], limits: false, ..settings() };
    let mut session = Session::over(wire::live::live().unwrap(), settings, (120, 40), false, |_| {});
    session.settle();
    session.run(Duration::from_secs(1));
    session.press("5").shows("prod-").shows("tables ·").hides("DEMO");
    // Settings stand below what is judged.
    session.press("Enter G").shows("DescribeTable");
    session.press("6").shows("vpce-");
    for key in ["1", "2", "3", "4", "7", "9", "!"] {
        session.press(key);
    }
    let ledger = session.app.store.ledger();
    // An internal error, well told, is the service's own word: that one is worth asking again.
    let internal = |row: &CallRecord| row.outcome == CallOutcome::Failed("InternalError".to_owned());
    let twice = ledger.iter().filter(|row| row.attempts > 1 && !internal(row));
    let twice: Vec<_> = twice.map(|row| (row.operation, &row.outcome)).collect();
    assert!(twice.is_empty(), "what is no answer of the service is not asked for twice: {twice:?}");
    if kind == "moto" {
        // What moto lacks is a fault with its name, in Sources and in the view that would show it.
        session.press("9").shows("malformed");
        session.press("2").shows("malformed").hides("0 findings");
    } else {
        session.press("2").shows("AnomalousBehavior");
    }
}
