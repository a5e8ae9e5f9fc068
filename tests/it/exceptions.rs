//! Mutes and attestations, from the file to the gate: set aside with a name and an end, and void when either is missing.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::PathBuf;

use serde_json::Value;

use crate::classes::{config, rows, run};
use crate::harness::Session;

/// The demo's clock stands in March 2026.
const HOLDS: &str = "2099-12-31";
const ENDED: &str = "2026-01-31";

fn beside(name: &str, text: &str) -> PathBuf {
    let path = config(name, "");
    std::fs::write(path.with_file_name("attestations.toml"), text).unwrap();
    path
}

fn mute(control: &str, resource: &str, expires: &str, more: &str) -> String {
    format!(
        "[[mute]]\ncontrol = \"{control}\"\nresource = \"{resource}\"\nreason = \"rebuilt from the stream\"\n\
         owner = \"checkout@acme.example\"\nexpires = {expires}\n{more}\n"
    )
}

const ORDERS: [&str; 5] =
    ["check", "--filter", "control:RES-01 table:orders account:111122223333", "--fail-on", "info"];

#[test]
fn a_muted_failure_is_shown_as_muted_counted_and_lets_the_gate_through_until_its_day() {
    let plain = config("mute-none", "");
    assert_eq!(rows(&plain, &ORDERS).0, 3);
    let (code, answer) = rows(&beside("mute", &mute("RES-01", "table:orders", HOLDS, "")), &ORDERS);
    let row = &answer["rows"][0];
    assert_ne!(code, 3);
    assert_eq!((&row["verdict"], &row["muted"]["owner"]), (&"fail".into(), &"checkout@acme.example".into()));
    assert!(answer["coverage"]["muted"].as_u64().unwrap() > 0);
    let (code, answer) = rows(&beside("mute-ended", &mute("RES-01", "table:orders", ENDED, "")), &ORDERS);
    assert_eq!((code, &answer["coverage"]["muted"]), (3, &0.into()));
    assert!(answer["coverage"]["void_exceptions"][0].as_str().unwrap().contains("ended on 2026-01-31"));
}

#[test]
fn a_mute_without_owner_or_reason_or_end_is_named_and_changes_nothing() {
    let whole = mute("RES-01", "table:orders", HOLDS, "");
    for part in ["owner", "reason", "expires", "resource"] {
        let lines: Vec<&str> = whole.lines().filter(|line| !line.starts_with(part)).collect();
        let path = beside(&format!("mute-without-{part}"), &lines.join("\n"));
        let (code, _, err) = run(&path, &ORDERS);
        assert_eq!(code, 3, "{part}");
        assert!(err.contains("attestations.toml") && err.contains(part), "{err}");
    }
}

#[test]
fn what_is_unknown_can_be_muted_where_the_mute_says_so() {
    let of = ["check", "--filter", "control:RES-03 table:payroll verdict:unknown !muted:none"];
    let count = |path: &PathBuf| rows(path, &of).1["rows"].as_array().unwrap().len();
    assert_eq!(count(&beside("mute-unsaid", &mute("RES-03", "table:payroll", HOLDS, ""))), 0);
    let said = mute("RES-03", "table:payroll", HOLDS, "verdicts = [\"unknown\"]");
    assert_eq!(count(&beside("mute-unknown", &said)), 1);
}

#[test]
fn every_export_says_how_much_is_muted() {
    let path = beside("mute-exports", &mute("RES-01", "table:orders", HOLDS, ""));
    let (_, table, _) = run(&path, &["check"]);
    assert!(table.lines().last().unwrap().contains(" muted"), "{table}");
    let (_, markdown, _) = run(&path, &["check", "-o", "md"]);
    assert!(markdown.contains("- muted ") && markdown.contains(" muted · "), "{markdown}");
    let (_, sarif, _) = run(&path, &["check", "-o", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let muted = sarif["runs"][0]["properties"]["muted"].as_u64().unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let accepted = |of: &&Value| of["suppressions"].as_array().unwrap().iter().any(|by| by["status"] == "accepted");
    assert_eq!(results.iter().filter(accepted).count() as u64, muted);
    let (_, junit, _) = run(&path, &["check", "-o", "junit"]);
    assert_eq!(junit.matches("<skipped message=\"muted by ").count() as u64, muted);
    assert!(junit.contains(&format!("<property name=\"muted\" value=\"{muted}\"/>")), "{junit}");
    let (_, csv, err) = run(&path, &["check", "-o", "csv"]);
    assert!(csv.lines().next().unwrap().contains("muted") && csv.contains("checkout@acme.example"));
    assert!(err.contains(&format!("{muted} muted")), "{err}");
}

#[test]
fn what_no_call_can_show_is_attested_to_with_a_name_and_an_end() {
    let of = ["check", "--filter", "control:ENC-10 table:orders account:111122223333"];
    let gov = ["check", "--filter", "control:GOV-03 account:111122223333"];
    let first = |path: &PathBuf, line: &[&str]| rows(path, line).1["rows"][0].clone();
    let plain = config("attest-none", "");
    assert_eq!(first(&plain, &of)["verdict"], "manual");
    assert!(first(&plain, &gov)["reason"].as_str().unwrap().contains("nobody attests to ENC-10"));
    let text = |expires: &str, more: &str| {
        mute("ENC-10", "table:orders", expires, more).replace("[[mute]]", "[[attestation]]")
    };
    let held = first(&beside("attest", &text(HOLDS, "evidence = \"https://wiki.acme.example/enc\"")), &of);
    assert_eq!((&held["verdict"], &held["attested"]["expires"]), (&"manual".into(), &HOLDS.into()));
    assert!(held["reason"].as_str().unwrap().contains("checkout@acme.example until 2099-12-31"), "{held}");
    let over = beside("attest-ended", &text(ENDED, ""));
    assert_eq!((&first(&over, &of)["verdict"], &first(&over, &gov)["verdict"]), (&"fail".into(), &"fail".into()));
    assert_eq!(first(&beside("attest-not", &text(HOLDS, "holds = false")), &of)["verdict"], "fail");
}

#[test]
fn the_dashboard_counts_what_is_muted_on_every_screen_and_lists_it() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = Session::demo(width, height);
        let text = mute("RES-03", "table:sessions", HOLDS, "") + &mute("RES-01", "table:orders", ENDED, "");
        session.app.store.set_exceptions(dynakeep::store::Exceptions::parse(&text));
        session.settle();
        for tab in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
            session.press(tab).shows(" muted").shows("1 void");
        }
        session.press(": 'muted' Enter").shows("ended").shows("holds").shows("checkout@acme");
    }
}
