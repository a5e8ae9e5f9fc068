//! The accepted state of tables, from the command to the verdict and back: what is accepted passes, what changes after
//! that does not, and no edit of another person is lost.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::classes::{config, rows, run};

const ORDERS: &str = "name:orders account:111122223333";
const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

fn fresh(name: &str) -> (PathBuf, PathBuf) {
    let path = config(name, "");
    let file = path.with_file_name("accepted.toml");
    let _none = std::fs::remove_file(&file);
    (path, file)
}

fn accept(config: &Path, query: &str, reason: &str) -> (i32, String, String) {
    run(config, &["baseline", "accept", query, "--reason", reason, "--by", "ann@acme.example"])
}

/// The verdict of DET-13 on `orders`, and its reason.
fn verdict(config: &Path) -> (String, String) {
    let line = ["check", "--control", "DET-13", "--filter", "table:orders account:111122223333"];
    let row = rows(config, &line).1["rows"][0].clone();
    (row["verdict"].as_str().unwrap().to_owned(), row["reason"].as_str().unwrap().to_owned())
}

#[test]
fn what_is_accepted_passes_what_changes_fails_and_is_accepted_again() {
    let (path, file) = fresh("accepted-story");
    // The night has gone over `orders`: it is no more what the demo's people accepted.
    let (before, reason) = verdict(&path);
    assert_eq!(before, "fail", "{reason}");
    assert!(reason.contains("ENABLED → DISABLED (lowers RES-01)") && reason.contains("2026-03-02"), "{reason}");
    let (code, text, _) = run(&path, &["baseline", "diff", ORDERS]);
    assert!(code == 3 && text.contains("(lowers IAM-10)"), "{code} {text}");
    // Somebody takes it for right.
    let (code, out, err) = accept(&path, ORDERS, "settled with the owners");
    assert!(code == 0 && out.contains("accepted 1 tables"), "{out}{err}");
    // It fails all the same, which is said.
    assert!(out.contains("orders in eu-west-1: 17 settings\n"), "{out}");
    assert!(err.contains("orders in eu-west-1 is accepted while IAM-10, ") && err.contains("RES-01, RES-03"), "{err}");
    let (now, reason) = verdict(&path);
    assert!(now == "pass" && reason.contains("ann@acme.example") && reason.contains("settled"), "{now} {reason}");
    let (code, text, _) = run(&path, &["baseline", "diff", ORDERS]);
    assert!(code == 0 && text.contains("0 differences in 0 of 1 accepted tables"), "{code} {text}");
    // What was accepted is no more what is.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("DeletionProtectionEnabled = false", "DeletionProtectionEnabled = true"))
        .unwrap();
    let (now, reason) = verdict(&path);
    assert!(now == "fail" && reason.contains("DeletionProtectionEnabled true → false (lowers RES-03)"), "{reason}");
    let (code, answer) = rows(&path, &["baseline", "diff", ORDERS]);
    let one = &answer["differences"][0];
    assert_eq!((code, &one["lowers"], &one["now"]), (3, &"RES-03".into(), &false.into()), "{answer}");
    // Accepted anew, it is said in whose place.
    let (code, out, _) = accept(&path, ORDERS, "settled again");
    assert!(code == 0 && out.contains("17 settings, 1 other than ann@acme.example accepted at 2026-03-"), "{out}");
    assert_eq!(verdict(&path).0, "pass");
    let (code, shown, _) = run(&path, &["baseline", "show"]);
    assert!(code == 0 && shown.contains(ARN) && shown.contains("settled again"), "{shown}");
}

#[test]
fn a_broken_file_is_named_with_line_and_key_and_left_as_it_was() {
    let (path, file) = fresh("accepted-broken");
    assert_eq!(accept(&path, ORDERS, "once").0, 0);
    let good = std::fs::read_to_string(&file).unwrap();
    let wrong = good.replace("DeletionProtectionEnabled = false", "DeletionProtectionEnabled = maybe");
    std::fs::write(&file, &wrong).unwrap();
    let line = wrong.lines().position(|line| line.contains("maybe")).unwrap() + 1;
    let told = format!("line {line}, `DeletionProtectionEnabled = maybe`");
    for command in [
        &["baseline", "accept", ORDERS, "--reason", "twice", "--by", "ann"][..],
        &["baseline", "diff"],
        &["baseline", "show"],
    ] {
        let (code, _, err) = run(&path, command);
        assert!(code == 2 && err.contains(&told) && err.contains("accepted.toml"), "{command:?} {code} {err}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), wrong);
    // A check goes on, and says of every table that it does not know.
    let (_, _, err) = run(&path, &["check", "--control", "DET-13"]);
    assert!(err.contains(&told), "{err}");
    let (now, reason) = verdict(&path);
    assert!(now == "unknown" && reason.contains(&told), "{now} {reason}");
    let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().map(|of| of.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_two_people_accept_of_different_tables_git_merges() {
    let (path, file) = fresh("accepted-merge");
    assert_eq!(accept(&path, "account:111122223333 region:eu-west-1 (name:exports or name:ledger)", "both").0, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    let beside = |name: &str, text: &str| {
        let path = file.with_file_name(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    // Each finds a line that is no more so, and accepts what is.
    let old = text.replace("TableClass = \"STANDARD\"", "TableClass = \"OTHER\"");
    let base = beside("base.toml", &old);
    let edited = |name: &str, query: &str| {
        std::fs::write(&file, &old).unwrap();
        assert_eq!(accept(&path, query, name).0, 0);
        beside(name, &std::fs::read_to_string(&file).unwrap())
    };
    let ours = edited("ours", "name:exports account:111122223333 region:eu-west-1");
    let theirs = edited("theirs", "name:ledger account:111122223333 region:eu-west-1");
    let Ok(merged) = Command::new("git").args(["merge-file", "-p"]).args([&ours, &base, &theirs]).output() else {
        eprintln!("skipped: there is no git");
        return;
    };
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stdout));
    std::fs::write(&file, &merged.stdout).unwrap();
    let (code, shown, err) = run(&path, &["baseline", "show"]);
    assert!(code == 0 && shown.contains(": ours") && shown.contains(": theirs"), "{shown}{err}");
    assert!(!shown.contains("OTHER"), "{shown}");
}

#[test]
fn what_could_not_be_read_is_left_out_and_said() {
    let (path, file) = fresh("accepted-denied");
    let (code, _, err) = accept(&path, "name:lake-index", "as it is");
    assert!(code == 4 && err.contains("KeyManager is left out: denied: kms:DescribeKey"), "{code} {err}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("KeyManager") && text.contains("KMSMasterKeyArn"), "{text}");
}

#[test]
fn what_means_nothing_is_refused_and_nothing_is_written() {
    let (path, file) = fresh("accepted-refused");
    let (code, _, err) = accept(&path, "name:no-such-table", "why not");
    assert!(code == 2 && err.contains("no table matches"), "{code} {err}");
    assert_eq!(accept(&path, "nam:orders", "why").0, 2);
    assert_eq!(accept(&path, ORDERS, " ").0, 2);
    assert_eq!(run(&path, &["--baseline", "/nonexistent/accepted.toml", "check"]).0, 2);
    assert!(!file.exists());
}
