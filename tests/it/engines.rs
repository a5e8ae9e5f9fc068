//! Engines beyond one machine, as scripts see them: what runs without a configuration, and what is refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A configuration file of this test, removed at its end.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dynakeep-engines-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn events(line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dynakeep"))
        .arg("events")
        .args(line)
        .env_remove("DYNAKEEP_CONFIG")
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_paid_engine_is_off_until_it_is_configured() {
    for (engine, more) in [("athena", ""), ("s3", "[engines.s3]\ntrail = \"s3://bucket\"")] {
        let file = File::new(&format!("off-{engine}"), more);
        let config = file.0.to_str().unwrap();
        let output = events(&["name:UpdateTable", "--engine", engine, "--demo", "--config", config]);
        assert_eq!(output.status.code(), Some(2), "{engine}");
        assert!(output.stdout.is_empty());
        let said = text(&output.stderr);
        assert!(said.contains("costs money and is off") && said.contains(&format!("[engines.{engine}]")), "{said}");
    }
}

#[test]
fn a_plan_asks_nothing_and_says_what_would_be_asked() {
    let output = events(&[
        "name:UpdateTable by:alice !table:x since:2h",
        "--engine",
        "athena",
        "--plan",
        "--demo",
        "-o",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let plan = &answer["plan"];
    let statement = plan["statement"].as_str().unwrap();
    assert!(
        statement.contains("lower(eventname) = 'updatetable'") && statement.contains("\"day\" BETWEEN"),
        "{statement}"
    );
    assert_eq!(plan["residual"], serde_json::json!(["table:x"]));
    assert_eq!((&plan["max_bytes"], &plan["bound"]["dollars"]), (&100_000_000_000_u64.into(), &0.5.into()));
    assert!(plan["bound"]["bytes"].is_null() && plan["query_id"].is_null());
    let people = text(&events(&["name:UpdateTable", "--engine", "athena", "--plan", "--demo"]).stdout);
    assert!(
        people.contains("costs about    $0.5000 at most") && people.contains("FROM \"default\".\"cloudtrail\""),
        "{people}"
    );
    assert_eq!(plan["bound"]["holds"], false, "being watched is no bound");
    let lookup = text(&events(&["key:ASIAX", "--plan", "--demo"]).stdout);
    // 90 pages that are polled and 100 that are searched for, one a second.
    assert!(lookup.contains("takes at most  190 s") && lookup.contains("AccessKeyId ASIAX"), "{lookup}");
}

#[test]
fn the_demo_account_has_no_such_engines_and_says_so() {
    let on = File::new(
        "demo",
        "[engines.athena]\nenabled = true\n[engines.s3]\nenabled = true\ntrail = \"s3://bucket\"\n\
         [engines.insights]\nenabled = true\nlog_group = \"trail\"\n\
         [engines.lake]\nenabled = true\nevent_data_store = \"EXAMPLE\"\n",
    );
    for engine in ["athena", "s3", "insights", "lake"] {
        let line = ["name:UpdateTable", "--engine", engine, "--demo", "-o", "json", "--config", on.0.to_str().unwrap()];
        let output = events(&line);
        assert_eq!(output.status.code(), Some(4), "{engine}: {}", text(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let reach = &answer["coverage"]["events"];
        assert_eq!(
            (&reach["engine"], &reach["ended"], &reach["cut"]),
            (&engine.into(), &"failed".into(), &true.into())
        );
        assert!(!reach["reason"].as_str().unwrap().is_empty());
        assert_eq!((&answer["coverage"]["complete"], &answer["incomplete"]), (&false.into(), &true.into()), "{engine}");
        assert!(answer["rows"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_table_is_defined_without_a_call() {
    let file = File::new(
        "ddl",
        "[engines.athena]\ntrail = \"s3://trail-bucket/org\"\norganization = \"o-abc\"\naccounts = [\"111122223333\"]\n",
    );
    let output = events(&["--athena-ddl", "-r", "eu-west-1", "--config", file.0.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let ddl = text(&output.stdout);
    assert!(ddl.contains("s3://trail-bucket/org/AWSLogs/o-abc/${account}/CloudTrail/${region}/${day}"), "{ddl}");
    assert!(ddl.contains("'projection.region.values' = 'eu-west-1'"), "{ddl}");
}

#[test]
fn mistakes_are_usage_errors() {
    for line in [
        ["--engine", "presto"].as_slice(),
        &["--trail", "/tmp/files"],
        &["--engine", "athena", "--trail", "s3://bucket"],
        &["--engine", "insights", "--plan"],
        &["--athena-ddl", "--plan"],
        &["--engine", "s3"],
    ] {
        let output = events(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {}", text(&output.stderr));
    }
}

#[test]
fn what_an_engine_would_pass_over_is_refused_with_what_to_do() {
    for (line, words) in [
        (["--trail", "s3://bucket-a", "--trail", "s3://bucket-b"].as_slice(), "the prefix above all"),
        (&["--trail", "s3://bucket", "--follow"], "are for log files"),
        (&["--trail", "s3://bucket", "--keep-raw"], "are for log files"),
        (&["--engine", "athena", "--plan", "-p", "a,b"], "in one account"),
        (&["since:2026-11-02 until:2026-11-01", "--engine", "athena", "--plan", "--demo"], "the window is empty"),
    ] {
        let output = events(line);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.contains(words)), (Some(2), true), "{line:?}: {said}");
    }
}

/// The printed policy allows what is fetched: no more is taken for a log file than it names, and no less.
#[test]
fn the_printed_policy_and_what_is_fetched_are_the_same() {
    let policy = Command::new(env!("CARGO_BIN_EXE_dynakeep")).args(["iam-policy", "--paid"]).output().unwrap();
    let printed = text(&policy.stdout);
    assert!(printed.contains("arn:aws:s3:::*/CloudTrail/*.json.gz"), "{printed}");
    for (key, fetched) in [
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/01/111122223333_CloudTrail_eu-west-1_x.json.gz", true),
        ("CloudTrail/eu-west-1/2026/11/01/x.json.gz", true),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/01/x.json", false),
        ("111122223333_CloudTrail_eu-west-1_20261101T0000Z_x.json.gz", false),
        ("secrets/CloudTrail.json.gz", false),
    ] {
        let object = format!("arn:aws:s3:::bucket/{key}");
        let allowed = object
            .strip_prefix("arn:aws:s3:::")
            .is_some_and(|rest| rest.contains("/CloudTrail/") && rest.ends_with(".json.gz"));
        assert_eq!((dynakeep::trail::engine::s3::is_log(key), allowed), (fetched, fetched), "{key}");
    }
}
