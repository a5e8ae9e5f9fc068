//! Data classes: whose tags mean what, what each class asks for, and that a table without one is no wall of failures.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A configuration file of its own.
pub fn config(name: &str, text: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("config.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs the program on the demo account with this file; exit code, standard output, standard error.
pub fn run(config: &Path, line: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
        .args(["--demo", "--config", config.to_str().unwrap()])
        .args(line)
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The rows of a command.
pub fn rows(config: &Path, line: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(config, &[line, &["-o", "json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

fn verdicts(answer: &Value) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect()
}

#[test]
fn the_doctor_says_what_keeps_it_from_seeing_and_which_tags_would_say_a_class() {
    let plain = config("doctor-plain", "");
    let (code, text, _) = run(&plain, &["doctor"]);
    assert_eq!(code, 4, "{text}");
    for words in [
        "111122223333 is arn:aws:sts::111122223333:assumed-role/prod-audit/dynakeep",
        "dynamodb:DescribeTable is denied: ",
        "GuardDuty has no detector in this region",
        "→ dynakeep check --control LOG-02",
        "tables whose tags were read state a class",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("that may say"), "{text}");
    // With keys that no table bears, those that it does bear are found, and the line that names them.
    let strange = config("doctor-strange", "[classes]\nkeys = [\"zone\"]\nowner = [\"buyer\"]\n");
    let (_, answer, _) = run(&strange, &["doctor", "-o", "json"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let classes = answer["sections"].as_array().unwrap().iter().find(|of| of["about"] == "classes").unwrap();
    let nexts: Vec<&str> = classes["notes"].as_array().unwrap().iter().filter_map(|of| of["next"].as_str()).collect();
    assert!(nexts.contains(&r#"in the configuration, [classes]: keys = ["zone", "data-class"]"#), "{nexts:?}");
    assert!(nexts.iter().any(|next| next.contains(r#"owner = ["buyer", "#)), "{nexts:?}");
    assert_eq!(run(&plain, &["doctor", "-o", "csv"]).0, 2);
}

/// The demo's `sessions` bears no tag.
#[test]
fn a_table_without_a_class_is_judged_as_restricted_but_fails_nothing_by_that_alone() {
    let plain = config("classes-plain", "");
    let of = ["check", "--filter", "table:sessions !control:ISO-01 (verdict:fail or verdict:warn)"];
    let (code, answer) = rows(&plain, &of);
    let of_default: Vec<&Value> =
        answer["rows"].as_array().unwrap().iter().filter(|row| row["by_default_class"] == true).collect();
    assert!(!of_default.is_empty(), "{answer}");
    assert!(of_default.iter().all(|row| row["reason"].as_str().unwrap().contains("ISO-01")));
    assert!(answer["coverage"]["unclassed"].as_u64().unwrap() > 0);
    assert!(answer["coverage"]["by_default_class"].as_u64().unwrap() >= of_default.len() as u64);
    assert!(code == 3 || code == 4, "{code}");
    let alone = ["check", "--fail-on", "info", "--filter", "control:ENC-01 table:sessions region:eu-west-1"];
    assert_ne!(rows(&plain, &alone).0, 3);
    assert_eq!(rows(&plain, &[&alone[..], &["--strict-class"]].concat()).0, 3);
    let (_, text, _) = run(&plain, &["check"]);
    let last = text.lines().last().unwrap();
    assert!(last.contains(" unclassed; ") && last.contains(" more would fail"), "{last}");
}

#[test]
fn our_own_words_for_a_class_are_mapped_in_the_file() {
    // The demo's tables bear `team`: here it says the class.
    let mapped = config("classes-mapped", "[classes]\nkeys = [\"team\"]\n[classes.values]\nbilling = \"public\"");
    let (_, answer) = rows(&mapped, &["tables", "--filter", "tag.team:billing"]);
    let classes: Vec<&Value> = answer["rows"].as_array().unwrap().iter().map(|row| &row["class"]).collect();
    assert!(!classes.is_empty() && classes.iter().all(|class| **class == "public"), "{classes:?}");
    let (code, out, err) = run(&config("classes-wrong", "[classes.values]\nc3 = \"topsecret\""), &["check"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("topsecret") && err.contains("config.toml"), "{err}");
}

#[test]
fn a_bank_asks_for_its_own_keys_and_one_line_asks_for_more() {
    let ask = ["check", "--filter", "control:ENC-01 reason:internal"];
    let plain = rows(&config("bank-plain", ""), &ask).1;
    assert!(verdicts(&plain).iter().all(|verdict| *verdict != "fail"), "{plain}");
    let fsi = rows(&config("bank-fsi", "[baseline]\nname = \"fsi\""), &ask).1;
    assert!(verdicts(&fsi).contains(&"fail"), "{fsi}");
    let window = ["check", "--filter", "control:RES-02 verdict:fail reason:confidential"];
    let own = config("bank-own", "[baseline.confidential]\npitr_days = 36");
    let (few, all) = (rows(&config("bank-mild", ""), &window).1, rows(&own, &window).1);
    assert!(verdicts(&few).len() < verdicts(&all).len(), "{all}");
    assert!(all["rows"][0]["reason"].as_str().unwrap().contains("of the 36 days"), "{all}");
}
