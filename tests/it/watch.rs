//! `watch` and `handover`, as scripts see them: the story told line by line, a command run for each change, a mark that
//! one run sets and the next holds against.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn command(line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynakeep"));
    command
        .args(["--demo=tables=14,findings=4,events=200"])
        .args(line)
        .env_remove("DYNAKEEP_CONFIG")
        .env_remove("DYNAKEEP_STATE")
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("XDG_STATE_HOME", "/nonexistent")
        .env("USER", "ann");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _none = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn each_change_is_told_once_and_handed_to_a_command_without_credentials() {
    let place = directory("watch-exec");
    let (items, environment) = (place.join("items"), place.join("environment"));
    let script = format!("cat >> {}; env > {}", items.display(), environment.display());
    let line = ["watch", "--for", "8m", "--min-severity", "high", "-o", "json", "--exec", "sh", "-c", &script];
    let output: Output = command(&line)
        .env("AWS_SECRET_ACCESS_KEY", "not for others")
        .env("AWS_PROFILE", "prod")
        .env("AWS_REGION", "eu-west-1")
        .output()
        .unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    let told: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str, change: &str, holds: &dyn Fn(&Value) -> bool| {
        told.iter().filter(|item| item["kind"] == kind && item["change"] == change && holds(item)).count()
    };
    // A public policy, a widened endpoint, a stopped trail; each verdict and each drift once.
    assert_eq!(of("verdict", "fell", &|it| it["control"] == "IAM-10" && it["to"] == "fail"), 1, "{out}");
    assert_eq!(of("drift", "new", &|it| it["setting"] == "IsLogging"), 1, "{out}");
    let stopped = told.iter().find(|item| item["setting"] == "IsLogging").unwrap();
    assert!(stopped["cause"]["words"].as_str().unwrap().starts_with("StopLogging by app-orders"), "{stopped}");
    assert!(of("finding", "new", &|it| it["severity"] == "high") >= 1, "{out}");
    assert!(told.iter().all(|item| item["origin"] == "demo" && item["schema"] == "dynakeep/1"), "{out}");
    assert!(told.iter().all(|item| item["severity"] != "low" && item["severity"] != "medium"), "{out}");
    assert!(err.contains("watching since"), "{err}");
    // The command saw the same items, and none of the variables that lead to credentials.
    let handed = fs::read_to_string(items).unwrap();
    let handed: Vec<Value> = handed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(handed, told);
    let environment = fs::read_to_string(environment).unwrap();
    assert!(environment.contains("AWS_REGION=eu-west-1") && environment.contains("USER=ann"), "{environment}");
    assert!(!environment.contains("AWS_SECRET") && !environment.contains("AWS_PROFILE"), "{environment}");
}

#[test]
fn a_command_that_fails_is_said_and_the_lines_go_on_without_bells() {
    let line = ["watch", "--for", "6m", "--notify", "bell", "--exec", "/no/such/program"];
    let output = command(&line).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(out.lines().count() > 3, "{out}");
    let fell = out.lines().find(|line| line.contains("IAM-10")).unwrap();
    assert!(
        fell.starts_with("2026-03-14T03:") && fell.contains("verdict  fell") && fell.contains("pass → fail"),
        "{fell}"
    );
    assert!(err.contains("--exec /no/such/program: "), "{err}");
    // Nobody sits at a file.
    assert!(!out.contains('\u{7}') && !err.contains('\u{7}'));
}

fn handover(state: &Path, line: &[&str]) -> (i32, String, String) {
    let output = command(&["handover"]).args(line).arg("--state").arg(state).output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_hand_over_says_what_it_rests_on_and_done_moves_the_mark() {
    let state = directory("watch-handover");
    // Nobody handed over: times tell what they can.
    let (code, page, _) = handover(&state, &["--since", "03:00", "-o", "md"]);
    assert_eq!(code, 4, "a region is denied");
    assert!(page.starts_with("# Hand-over since 2026-03-14T03:00:00Z"), "{page}");
    for part in
        ["## new findings", "## drift", "StopLogging by app-orders", "## what this cannot tell", "there is no mark"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("verdicts that fell"), "{page}");
    let (code, out, err) = handover(&state, &["--done"]);
    assert!(code == 4 && err.contains("handed over: the mark stands at 2026-03-14T03:40"), "{out}{err}");
    // The story's end is where it was: nothing changed since, and looking leaves that as it is.
    for _ in 0..2 {
        let (_, out, _) = handover(&state, &[]);
        assert!(out.contains("when ann handed over: nothing new"), "{out}");
    }
    let (_, json, _) = handover(&state, &["-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["since"]["by"], "ann", "{json}");
    // What was open then, and is, stands there all the same; it makes nothing worse.
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["change"] == "still open" && row["worse"] == false), "{json}");
    assert!(rows.iter().any(|row| row["setting"] == "IsLogging"), "{json}");
    // Without a place to keep it nothing is marked, and a moment that means nothing is refused.
    let line = ["handover", "--done"];
    assert_eq!(command(&line).output().unwrap().status.code(), Some(2));
    assert_eq!(handover(&state, &["--since", "soon"]).0, 2);
}
