//! Who used a table: the screen, the command, and what a fault makes of it.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::process::{Command, Output};
use std::time::Duration;

use dynakeep::aws::{self, Settings};
use dynakeep::store::who::{Extent, Section};
use dynakeep::wire::demo::Demo;
use dynakeep::wire::fault::Fault;
use serde_json::Value;

use crate::harness::{Session, demo_options, settings};

const ORDERS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

fn dynakeep(line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynakeep"));
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
        session.press("5 w").shows("who used orders").shows("recorded");
        let asked = |session: &mut Session| {
            session.app.store.who(ORDERS, None, true).is_some_and(|who| who.sections[2].lines.len() > 1)
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
        for words in
            ["copied", "could", "not evaluated by this program", "switch on", "called", "not asked: `--metrics`"]
        {
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
        let who = session.app.store.who(&arn, None, true).unwrap();
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
    assert!(text.contains("  ? which key it is under is not known"), "not read is not none: {text}");
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
    session.app.store.who(ORDERS, None, false).unwrap().sections.swap_remove(1)
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
