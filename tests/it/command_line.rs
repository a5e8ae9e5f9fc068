//! The binary, as scripts see it: exit codes, what stands on which stream, and formats.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn dynakeep(line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dynakeep"))
        .args(line)
        .env_remove("DYNAKEEP_CONFIG")
        .env_remove("DYNAKEEP_LOG")
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        // The demo ignores all of these.
        .env("AWS_PROFILE", "no-such-profile")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn json(line: &[&str]) -> (i32, Value) {
    let output = dynakeep(line);
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[test]
fn check_fails_on_the_demo_and_says_what_it_could_not_read() {
    let (code, answer) = json(&["--demo", "check", "-o", "json"]);
    assert_eq!(code, 3);
    assert_eq!((&answer["schema"], &answer["origin"]), (&"dynakeep/1".into(), &"demo".into()));
    assert_eq!((&answer["failed"], &answer["incomplete"]), (&true.into(), &true.into()));
    let rows = answer["rows"].as_array().unwrap();
    let of = |control: &str, table: &str| {
        let wanted = |row: &&Value| row["control"] == control && row["resource"].as_str().unwrap().ends_with(table);
        rows.iter().find(wanted).unwrap()
    };
    assert_eq!(of("RES-01", "111122223333:table/orders")["verdict"], "fail");
    assert_eq!(
        of("RES-01", "111122223333:table/orders")["evidence"][0]["operation"],
        "dynamodb:DescribeContinuousBackups"
    );
    let denied = of("RES-03", "table/payroll");
    assert_eq!((&denied["verdict"], &denied["missing_action"]), (&"unknown".into(), &"dynamodb:DescribeTable".into()));
    for row in rows {
        assert!(!row["reason"].as_str().unwrap().is_empty());
        if matches!(row["verdict"].as_str(), Some("pass" | "fail")) {
            assert!(!row["evidence"].as_array().unwrap().is_empty(), "{row}");
        }
    }
    let quiet = json(&["--demo", "check", "-o", "json", "--filter", "verdict:fail control:RES-01 table:orders"]);
    assert_eq!(quiet.1["rows"].as_array().unwrap().len(), 1);
    // The gate goes by the rows printed.
    let passed = json(&["--demo", "check", "-o", "json", "--filter", "verdict:pass"]);
    assert_eq!((passed.0, &passed.1["failed"]), (4, &false.into()));
}

#[test]
fn every_row_command_prints_one_object_and_nulls_with_their_reason() {
    for command in ["tables", "findings", "compliance", "drift", "endpoints", "trails", "events"] {
        let (code, answer) = json(&["--demo", command, "-o", "json"]);
        assert!(matches!(code, 0 | 4), "{command}: {code}");
        assert_eq!(answer["incomplete"] == true, code == 4, "{command}");
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{command}");
    }
    let (_, answer) = json(&["--demo", "tables", "-o", "json"]);
    for row in answer["rows"].as_array().unwrap() {
        for field in ["key", "pitr", "deletion_protection", "tags", "endpoints", "backups"] {
            assert!(!row[field].is_null() || row["unknown"][field].is_string(), "{field} of {row}");
        }
    }
}

#[test]
fn events_of_a_key_are_searched_for_in_cloudtrail_itself() {
    let (_, answer) = json(&["--demo", "events", "key:ASIADEMO0ORDERS07Q4M", "-o", "json"]);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 18);
    assert!(rows.iter().any(|row| row["read_only"] == true && row["source"] != "dynamodb.amazonaws.com"));
    let covered = &answer["coverage"]["events"];
    let of_key = |of: &&Value| of["by"] == "AccessKeyId" && of["value"] == "ASIADEMO0ORDERS07Q4M";
    let searched = covered["searched"].as_array().unwrap().iter().filter(of_key).count();
    assert_eq!(searched, answer["scope"].as_array().unwrap().len());
    assert!(covered["cut"].is_boolean() && covered["limited_to"].is_null(), "{covered}");
    let (code, all) = json(&["--demo", "events", "-o", "json"]);
    assert!(all["coverage"]["events"]["limited_to"].is_string());
    assert!(all["coverage"]["events"]["cut"] != true || (code == 4 && all["incomplete"] == true));
    let said = dynakeep(&["--demo", "events"]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("events: "));
}

#[test]
fn mistakes_are_usage_errors_that_name_them() {
    for (line, word) in [
        (&["--demo", "tables", "--filter", "pitr.windw:>=1d"][..], "pitr.window"),
        (&["--demo", "-r", "nowhere-1", "tables"], "nowhere-1"),
        (&["--demo", "tables", "-o", "sarif"], "sarif"),
        (&["--theme", "no-such", "keys"], "no-such"),
        (&["--theme", "gruvbx-dark", "keys"], "did you mean gruvbox-dark"),
        (&["--theme", "auto:nord", "keys"], "names no pair"),
        (&["--config", "/nonexistent/x.toml", "--demo", "tables"], "/nonexistent/x.toml"),
        (&["--demo"], "terminal"),
        (&["-p", "nosuch", "tables"], "nosuch"),
        (&["--demo", "open", "no such thing!"], "open"),
        (&["iam-policy", "-o", "csv"], "-o"),
        (&["controls", "--filter", "id:RES-01"], "--filter"),
    ] {
        let output = dynakeep(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(output.stdout.is_empty(), "{line:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{line:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_changes_nothing() {
    for line in [
        &["--demo", "events", "-o", "json"][..],
        &["--demo", "events", "-o", "csv"],
        &["--demo", "tables"],
        &["--demo", "check", "-o", "md"],
        &["--demo", "check", "-o", "sarif"],
        &["man"],
        &["controls", "-o", "csv"],
    ] {
        let whole = dynakeep(line);
        let mut child = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
            .args(line)
            .env("HOME", "/nonexistent")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), whole.status.code(), "{line:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&whole.stderr), "{line:?}");
    }
}

/// `dynakeep controls -o md > CONTROLS.md` makes it anew.
#[test]
fn the_reference_of_controls_is_what_the_program_says() {
    let output = dynakeep(&["controls", "-o", "md"]);
    assert_eq!(output.status.code(), Some(0));
    let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/CONTROLS.md")).unwrap();
    assert!(written == String::from_utf8(output.stdout).unwrap(), "make CONTROLS.md anew: dynakeep controls -o md");
    let one = dynakeep(&["controls", "res-01"]);
    let text = String::from_utf8(one.stdout).unwrap();
    assert!(text.starts_with("RES-01  Point-in-time recovery is on") && text.contains("rests on"), "{text}");
    assert!(!text.contains("ENC-01"));
}

#[test]
fn what_makes_no_call_needs_nothing() {
    for line in [&["controls"][..], &["info"], &["iam-policy"], &["keys"], &["themes"], &["man"], &["config-template"]]
    {
        let output = dynakeep(line);
        assert_eq!(output.status.code(), Some(0), "{line:?}");
        assert!(!output.stdout.is_empty(), "{line:?}");
    }
}
