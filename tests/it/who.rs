//! Who used a table: the screen, the command, and what a fault makes of it.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use dynakeep::aws::{self, Settings};
use dynakeep::store::who::{Extent, Reach, Section};
use dynakeep::trail::EventRef;
use dynakeep::wire::demo::Demo;
use dynakeep::wire::fault::Fault;
use serde_json::{Value, json};

use crate::harness::{Session, demo_options, settings};

const ORDERS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

fn dynakeep(line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynakeep"));
    for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "DYNAKEEP_CONFIG"] {
        command.env_remove(name);
    }
    command.args(line).env("HOME", "/nonexistent").env("XDG_CONFIG_HOME", "/nonexistent").output().unwrap()
}

/// All of a screen that is longer than the terminal.
fn whole(session: &mut Session) -> String {
    let mut seen = String::new();
    session.press("g");
    for _ in 0..16 {
        seen += &session.screen();
        session.press("^D");
    }
    seen
}

#[test]
fn w_on_a_table_answers_section_by_section_and_each_line_leads_on() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = Session::demo(width, height);
        session.settle();
        session.press("5 / 'name:orders' Enter w").shows("who used orders").shows("recorded");
        let asked = |session: &mut Session| {
            session.app.store.who(ORDERS, None, Reach::Everywhere).is_some_and(|who| who.sections[2].lines.len() > 1)
        };
        session.until("the uses of the key are read", asked, Duration::from_secs(600));
        let seen = whole(&mut session);
        for words in [
            "org-main",
            "reads and writes of items",
            "key used",
            "app-orders",
            "Decrypt",
            "at least once",
            "changed",
            "UpdateContinuousBackups",
        ] {
            assert!(seen.contains(words), "{words:?} in\n{seen}");
        }
        for words in ["copied", "could", "no list of who could", "switch on", "called", "not asked: `--metrics`"] {
            assert!(seen.contains(words), "{words:?} in\n{seen}");
        }
        session.press("Esc").shows("NAME");
        session.press("Enter w").shows("who used orders");
    }
}

#[test]
fn nothing_stands_empty_without_its_reason() {
    let mut session = Session::demo(120, 40);
    session.settle();
    for arn in session.app.store.estate().tables.keys().take(60).cloned().collect::<Vec<_>>() {
        let who = session.app.store.who(&arn, None, Reach::Everywhere).unwrap();
        for section in &who.sections {
            assert!(!section.reach.is_empty(), "{section:?}");
            assert_eq!(section.lines.is_empty(), section.empty.is_some(), "{section:?}");
        }
    }
}

#[test]
fn the_stopped_trail_is_named_with_the_hour_and_who_did_it() {
    let output = dynakeep(&["--demo", "who", "orders", "-o", "json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["origin"]), (&"dynakeep/1".into(), &"demo".into()));
    let row = answer["rows"].as_array().unwrap().iter().find(|row| row["arn"] == ORDERS).unwrap();
    let section = |id: &str| row["sections"].as_array().unwrap().iter().find(|of| of["id"] == id).unwrap();
    let trail = section("recorded")["lines"].to_string();
    assert!(
        trail.contains("would record reads and writes of items") && trail.contains("StopLogging by app-orders"),
        "{trail}"
    );
    assert_eq!(section("calls")["extent"], "off");
    let key = section("key")["lines"].to_string();
    assert!(key.contains("app-orders") && key.contains("Decrypt"), "{key}");
    assert!(section("changes")["lines"].to_string().contains("recovery off"));
    assert!(section("switch_on")["lines"].to_string().contains("$1.00 for a million calls"));
    let counted = dynakeep(&["--demo", "who", ORDERS, "since:2d", "--metrics", "-o", "json"]);
    let counted: Value = serde_json::from_slice(&counted.stdout).unwrap();
    let calls = counted["rows"][0]["sections"][1].clone();
    assert_eq!((&calls["id"], &calls["lines"][0]["who"]), (&"calls".into(), &"GetItem".into()));
    assert!(calls["lines"][0]["count"].as_u64().unwrap() > 48 * 2_000, "{calls}");
    assert!(counted["rows"][0]["sections"].to_string().contains("a month for"), "the price goes by the calls counted");
}

#[test]
fn what_cannot_be_told_is_said_in_the_exit_code_and_in_words() {
    // Payroll is described by nobody but payroll.
    let denied = dynakeep(&["--demo", "who", "payroll"]);
    let text = String::from_utf8(denied.stdout).unwrap();
    assert_eq!(denied.status.code(), Some(4), "{text}");
    assert!(
        text.contains("KEY USED  incomplete") && text.contains("not by its key"),
        "what is there is not all: {text}"
    );
    assert!(text.contains("incomplete") && text.contains("denied: dynamodb:DescribeTable"), "{text}");
    assert_eq!(dynakeep(&["--demo", "who", "no-such-table"]).status.code(), Some(2));
    for wrong in [
        &["--demo", "who", "orders", "until:2h"][..],
        &["--demo", "who", "orders", "-o", "csv"],
        &["--demo", "who", "orders", "--filter", "x"],
    ] {
        assert_eq!(dynakeep(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

fn calls(session: &Session) -> Section {
    let mut at_hand = |event: EventRef<'_>| event.raw().ok().map(Cow::into_owned);
    session.app.store.who(ORDERS, None, Reach::AtHand(&mut at_hand)).unwrap().sections.swap_remove(1)
}

/// `GetMetricData` × every fault. It is in no sweep: somebody asks for it.
#[test]
fn a_fault_of_the_metrics_is_said_and_takes_no_count_away() {
    let settings =
        Settings { paid: vec!["cloudwatch:GetMetricData"], regions: vec!["eu-west-1".to_owned()], ..settings() };
    let mut session = Session::over(Demo::new(demo_options(), None).wire(), settings, (120, 40), true, |_| {});
    session.settle();
    let ask = |session: &mut Session| {
        let since = session.app.store.estate().now - jiff::SignedDuration::from_hours(24);
        session.send(aws::Command::Measure(ORDERS.to_owned(), since));
    };
    let faults = [
        (Fault::Throttle, "throttled"),
        (Fault::ServerError, "service error"),
        (Fault::Html, "malformed"),
        (Fault::Hang, "offline"),
        (Fault::Reset, "offline"),
        (Fault::Truncated, "malformed"),
        (Fault::WrongTypes, "malformed"),
        (Fault::ExpiredToken, "expired"),
        (Fault::AccessDenied, "denied: cloudwatch:GetMetricData"),
    ];
    for (fault, word) in faults {
        session.injector.set("cloudwatch:GetMetricData", fault);
        ask(&mut session);
        session.until(
            &format!("{fault:?} is said"),
            |session| calls(session).empty.is_some_and(|why| why.contains(word)),
            Duration::from_secs(600),
        );
        assert_eq!(calls(&session).extent, Extent::Incomplete);
    }
    session.injector.clear();
    // What was denied is not asked again for an hour.
    session.run(Duration::from_secs(3_700));
    ask(&mut session);
    session.until("the calls are counted", |session| !calls(session).lines.is_empty(), Duration::from_secs(600));
    let counted = calls(&session).lines;
    session.injector.set("cloudwatch:GetMetricData", Fault::ServerError);
    ask(&mut session);
    session.run(Duration::from_secs(300));
    assert_eq!(calls(&session).lines, counted, "the last good count stays");
}

#[test]
fn the_metrics_are_not_asked_for_until_they_are_switched_on() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.press("5 w");
    session.run(Duration::from_secs(120));
    assert!(session.app.store.ledger().iter().all(|call| call.operation != "cloudwatch:GetMetricData"));
    assert_eq!(calls(&session).extent, Extent::Off);
}

/// A directory of log files of this test, removed at its end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dynakeep-who-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, records: &[Value]) -> &Self {
        std::fs::write(self.0.join(name), json!({ "Records": records }).to_string()).unwrap();
        self
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
fn record(number: u32, service: &str, name: &str, at: &str, fields: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.08", "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventTime": at,
        "eventName": name, "eventSource": format!("{service}.amazonaws.com"), "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333", "sourceIPAddress": "203.0.113.7",
        "userIdentity": {"type": "IAMUser", "userName": "mallory", "accountId": "111122223333"},
    });
    for (key, value) in fields.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// A month before the demo's, in account 111122223333.
fn past() -> Vec<Value> {
    let named = json!({"requestParameters": {"tableName": "orders"}});
    let get = json!({"eventCategory": "Data", "readOnly": true, "requestParameters": {"tableName": "orders"}});
    let stream = json!({"requestParameters": {"tableName": "orders", "streamSpecification": {"streamEnabled": true}}});
    let text = json!({"requestParameters": {"policyDocument": format!("{{Resource: {ORDERS}}}")}});
    let other = json!({"requestParameters": {"policyDocument": format!("{{Resource: {ORDERS}-archive}}")}});
    let context = json!({"requestParameters": {"encryptionContext": {"aws:dynamodb:tableName": "orders"}}});
    vec![
        record(1, "dynamodb", "GetItem", "2026-10-01T10:00:00Z", get.clone()),
        record(2, "dynamodb", "GetItem", "2026-10-02T10:00:00Z", get),
        record(3, "dynamodb", "UpdateTable", "2026-10-03T10:00:00Z", stream),
        record(4, "dynamodb", "DeleteTable", "2026-10-04T10:00:00Z", named.clone()),
        record(5, "iam", "PutRolePolicy", "2026-10-04T11:00:00Z", json!({})),
        record(6, "dynamodb", "ListTables", "2026-10-05T10:00:00Z", json!({"requestParameters": {"x": "Orders"}})),
        record(7, "lambda", "Invoke", "2026-10-05T11:00:00Z", text),
        record(8, "lambda", "InvokeOther", "2026-10-05T12:00:00Z", other),
        record(9, "kms", "Decrypt", "2026-10-06T10:00:00Z", context),
    ]
}

fn section<'a>(row: &'a Value, id: &str) -> &'a Value {
    row["sections"].as_array().unwrap().iter().find(|of| of["id"] == id).unwrap()
}

fn answer(line: &[&str]) -> (Option<i32>, Value) {
    let output = dynakeep(line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}")))
}

#[test]
fn files_alone_answer_without_an_account_and_say_what_they_rest_on() {
    let files = Files::new("alone");
    files.put("a.json", &past()).put("b.json", &past()[..2]);
    std::fs::write(files.0.join("torn.json.gz"), b"\x1f\x8bnonsense").unwrap();
    let (code, said) = answer(&["who", "orders", "--trail", files.path(), "-o", "json"]);
    assert_eq!((code, &said["origin"], &said["incomplete"]), (Some(0), &"files".into(), &false.into()), "{said}");
    assert_eq!((&said["coverage"]["events"]["files"], &said["coverage"]["complete"]), (&3.into(), &false.into()));
    let [row] = said["rows"].as_array().unwrap().as_slice() else { panic!("{said}") };
    assert_eq!(row["arn"], ORDERS);
    for of in row["sections"].as_array().unwrap() {
        assert!(!of["reach"].as_str().unwrap().is_empty() && of["extent"] != "incomplete", "{of}");
        assert_eq!(of["lines"].as_array().unwrap().is_empty(), of["empty"].is_string(), "{of}");
    }
    let recorded = section(row, "recorded");
    assert!(recorded["reach"].as_str().unwrap().contains("which trails record its items: not asked, files alone"));
    assert!(recorded["lines"].to_string().contains("hold 2 reads and writes of its items"), "{recorded}");
    assert_eq!((&recorded["extent"], &section(row, "calls")["extent"]), (&"unasked".into(), &"unasked".into()));
    let items = section(row, "items");
    let reach = items["reach"].as_str().unwrap();
    assert!(reach.contains("9 events of 3 files, 2026-10-01T10:00:00Z to 2026-10-06T10:00:00Z"), "{reach}");
    assert!(reach.contains("not read whole: ") && reach.contains("torn.json.gz: no gzip"), "{reach}");
    assert_eq!(
        (&items["lines"][0]["count"], &items["lines"][0]["who"]),
        (&2.into(), &"mallory from 203.0.113.7".into())
    );
    assert!(section(row, "copies")["lines"].to_string().contains("UpdateTable"), "a stream is told by its record");
    let changes = section(row, "changes")["lines"].to_string();
    assert!(changes.contains("DeleteTable") && changes.contains("\"Invoke\""), "an ARN in the text counts: {changes}");
    assert!(!changes.contains("InvokeOther") && !changes.contains("PutRolePolicy"), "{changes}");
    assert!(!row.to_string().contains("ListTables"), "another name is another table");
    assert!(section(row, "key")["lines"].to_string().contains("Decrypt"));
    // For people, too; and relative times count from the newest event.
    let output = dynakeep(&["who", ORDERS, "since:36h", "--trail", files.path()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("FILES · who used orders in 111122223333/eu-west-1 since 2026-10-04T22:00:00Z"), "{text}");
    assert!(text.contains("Invoke") && !text.contains("DeleteTable"), "{text}");
    assert!(text.contains("  ? which trails record its items: not asked, files alone"), "{text}");
}

#[test]
fn what_files_alone_cannot_tell_is_refused() {
    let files = Files::new("refused");
    files.put("a.json", &past());
    for wrong in [
        &["who", "no-such-table"][..],
        &["who", "orders", "--metrics"],
        &["who", "orders", "--follow"],
        &["who", "orders", "until:2h"],
    ] {
        let line: Vec<&str> = wrong.iter().copied().chain(["--trail", files.path()]).collect();
        assert_eq!(dynakeep(&line).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(dynakeep(&["who", "orders", "--trail", "s3://bucket"]).status.code(), Some(2));
    let (code, said) = answer(&["who", &ORDERS.replace("orders", "none"), "--trail", files.path(), "-o", "json"]);
    assert_eq!(code, Some(0));
    let items = section(&said["rows"][0], "items")["empty"].to_string();
    assert!(items.contains("no evidence of none"), "{items}");
}

#[test]
fn events_of_files_join_what_the_account_says() {
    let files = Files::new("joined");
    let mut records = past();
    let gone = json!({"requestParameters": {"tableName": "gone"}});
    records.push(record(10, "dynamodb", "DeleteTable", "2026-10-07T10:00:00Z", gone));
    let far = json!({"requestParameters": {"tableName": "orders"}, "recipientAccountId": "999900001111"});
    records.push(record(11, "dynamodb", "UpdateItem", "2026-10-08T10:00:00Z", far));
    files.put("a.json", &records);
    let (_, said) = answer(&["--demo", "who", "orders", "--trail", files.path(), "-o", "json"]);
    assert_eq!(said["origin"], "demo");
    let rows = said["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["arn"] == ORDERS).unwrap();
    assert!(section(row, "recorded")["lines"].to_string().contains("StopLogging by app-orders"), "the account's own");
    let items = section(row, "items");
    assert!(items["reach"].as_str().unwrap().contains("LookupEvents holds no data events"), "{items}");
    assert!(items["reach"].as_str().unwrap().contains("11 events of 1 file"), "{items}");
    assert!(items["lines"].to_string().contains("GetItem"), "{items}");
    let changes = section(row, "changes")["lines"].to_string();
    assert!(changes.contains("recovery off") && changes.contains("DeleteTable"), "of both: {changes}");
    let far = rows.iter().find(|row| row["scope"]["account"] == "999900001111").unwrap();
    let reach = section(far, "recorded")["reach"].to_string();
    assert!(reach.contains("not asked: 999900001111/eu-west-1 is not among the scopes read"), "{reach}");
    // A table that was deleted: its account is known, the table is not there.
    let (code, said) = answer(&["--demo", "who", "gone", "--trail", files.path(), "-o", "json"]);
    let row = &said["rows"][0];
    assert_eq!(code, Some(0), "{row}");
    assert!(section(row, "changes")["lines"].to_string().contains("DeleteTable"));
    assert!(section(row, "key")["empty"].to_string().contains("no table of this name is in"), "{row}");
}
