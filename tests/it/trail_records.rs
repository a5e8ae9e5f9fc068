//! What records in files tell while they lie there: how bad, who really, which of two; read behind the screen.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::Session;

/// A log file that goes away with the test.
struct Log(PathBuf);

impl Log {
    fn of(name: &str, records: &[Value]) -> Self {
        let path = std::env::temp_dir().join(format!("dynakeep-records-{}-{name}.json", std::process::id()));
        std::fs::write(&path, json!({ "Records": records }).to_string()).unwrap();
        Self(path)
    }

    fn open(&self) -> Session {
        let mut session = Session::files(vec![self.0.clone()], (140, 60));
        session.work();
        session
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn event(number: u32, name: &str, by: &str, parameters: &Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventID": format!("{number:08x}-aaaa-4bbb-8ccc-1234567890ab"),
        "eventTime": format!("2025-11-20T02:{number:02}:00Z"),
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "readOnly": false,
        "userIdentity": {"type": "IAMUser", "userName": by, "arn": format!("arn:aws:iam::111122223333:user/{by}")},
        "requestParameters": parameters,
        "recipientAccountId": "111122223333",
    })
}

fn recovery(number: u32, on: bool) -> Value {
    let parameters =
        json!({"tableName": "orders", "pointInTimeRecoverySpecification": {"pointInTimeRecoveryEnabled": on}});
    event(number, "UpdateContinuousBackups", if on { "alice" } else { "bob" }, &parameters)
}

#[test]
fn how_bad_an_event_is_shows_and_is_asked_for_while_its_record_lies_in_a_file() {
    let log = Log::of("risk", &[recovery(1, true), recovery(2, false), event(3, "TagResource", "carol", &Value::Null)]);
    let mut session = log.open();
    session.shows("CRIT");
    session.press("/ 'risk:critical' Enter").work().shows("1 of 3").shows("bob").hides("alice");
    session.press("Esc / 'risk:info' Enter").work().shows("1 of 3").shows("alice");
    assert!(session.wanted.is_empty(), "no record was read for it");
    // Why it is so bad shows in the record alone.
    session.press("Esc / 'bob' Enter").work().press("Enter").shows("by its record, which is not at hand");
    session.read().shows("recovery off: all history is lost at once");
}

#[test]
fn a_column_of_the_trail_sorts_by_its_values_and_what_has_none_comes_last() {
    let refused = |number, name: &str, by| {
        let mut event = event(number, name, by, &Value::Null);
        event["errorCode"] = json!("AccessDenied");
        event
    };
    let log = Log::of(
        "sort",
        &[
            event(1, "TagResource", "zoe", &Value::Null),
            refused(2, "CreateTable", "Bob"),
            event(3, "DeleteTable", "alice", &Value::Null),
        ],
    );
    let mut session = log.open();
    let order = |session: &mut Session, names: [&str; 3]| {
        let screen = session.screen();
        let rows: String = screen.lines().skip_while(|line| !line.contains("EVENT")).collect();
        let places = names.map(|name| rows.find(name).unwrap());
        assert!(places.is_sorted(), "{names:?}\n{screen}");
    };
    session.press(": 'sort WHO' Enter");
    order(&mut session, ["alice", "Bob", "zoe"]);
    session.press("S");
    order(&mut session, ["zoe", "Bob", "alice"]);
    session.press("S : 'sort RESULT' Enter");
    order(&mut session, ["Bob", "alice", "zoe"]);
}

#[test]
fn who_really_did_it_is_read_from_the_files_that_tell_it() {
    let session_of = |key: &str| {
        json!({
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:deploy", "accessKeyId": key,
            "arn": "arn:aws:sts::111122223333:assumed-role/admin/deploy", "accountId": "111122223333",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "userName": "admin"},
                "attributes": {"creationDate": "2025-11-20T02:01:00Z"}
            },
        })
    };
    let mut issue = event(1, "AssumeRole", "mallory", &json!({"roleArn": "arn:aws:iam::111122223333:role/admin"}));
    issue["eventSource"] = json!("sts.amazonaws.com");
    issue["responseElements"] = json!({"credentials": {"accessKeyId": "ASIAEXAMPLE0000000001"}});
    let mut delete = event(5, "DeleteTable", "x", &json!({"tableName": "orders"}));
    delete["userIdentity"] = session_of("ASIAEXAMPLE0000000001");
    let log = Log::of("chain", &[issue, delete]);
    let mut session = log.open();
    session.press("/ 'name:DeleteTable' Enter").work().press("Enter").hides("who really");
    session.read().shows("who really").shows("1 call that issues credentials lie in files");
    session.work().read().shows("AssumeRole by mallory").shows("it issued key ASIAEXAMPLE0000000001");
}

#[test]
fn of_two_events_with_one_id_each_leads_to_its_own_record() {
    let twin = |note: &str| event(4, "DeleteTable", "dora", &json!({"tableName": "orders", "note": note}));
    let log = Log::of("twins", &[twin("medlar"), twin("quince"), event(5, "DescribeTable", "eve", &Value::Null)]);
    let mut session = log.open();
    let mut seen = Vec::new();
    session.press("/ 'name:DeleteTable' Enter").work().shows("2 of 3");
    for keys in ["J", "j J"] {
        session.press(keys).read();
        seen.extend(["medlar", "quince"].into_iter().filter(|note| session.screen().contains(note)));
        session.press("Esc");
    }
    seen.sort_unstable();
    assert_eq!(seen, ["medlar", "quince"]);
}

#[test]
fn who_used_a_table_that_log_files_alone_know() {
    let log = Log::of("who", &[recovery(1, false), event(2, "DescribeTable", "eve", &json!({"tableName": "orders"}))]);
    let mut session = log.open();
    session.press(": 'who orders' Enter").shows("who used orders").shows("1 of their records not read");
    session.read().shows("recovery off: all history is lost at once").hides("not read from their files yet");
    session.press("Esc : 'who invoices' Enter").shows("no table and no event of one is known as \"invoices\"");
}

#[test]
fn where_log_files_are_all_there_is_nothing_claims_to_be_loading() {
    let log = Log::of("alone", &[recovery(1, false)]);
    let mut session = log.open();
    session
        .press("1")
        .shows("not asked: log files alone are shown")
        .shows("not judged: nothing was asked")
        .hides("reading …");
    for tab in ["2", "3", "4", "5", "6"] {
        session.press(tab).shows("not asked: log files alone are shown").hides("waiting");
    }
    session.press("^R").shows("--follow reads what they grow by");
    // Another year than this one is said.
    session.press("7").shows("2025-11-20 02:01Z");
}
