//! `check --worse-than FILE`: a build server hears of what got worse, and of nothing else.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::Path;

use serde_json::Value;

use crate::classes::{config, rows, run};

const ORDERS: [&str; 5] = ["check", "--filter", "table:orders account:111122223333", "--fail-on", "info"];

fn against(config: &Path, earlier: &Path) -> (i32, Value) {
    rows(config, &[&ORDERS[..], &["--worse-than", earlier.to_str().unwrap()]].concat())
}

#[test]
fn only_what_got_worse_since_an_earlier_answer_is_printed_and_fails_the_run() {
    let config = config("worse", "");
    let earlier = config.with_file_name("earlier.json");
    let (code, mut answer) = rows(&config, &ORDERS);
    assert_eq!(code, 3);
    std::fs::write(&earlier, answer.to_string()).unwrap();
    let (code, same) = against(&config, &earlier);
    assert!(code == 0 && same["rows"].as_array().unwrap().is_empty(), "{code}");

    // Then, one passed, one was unknown, one muted, one not there; and one is better now.
    let of = answer["rows"].as_array_mut().unwrap();
    let at = |of: &[Value], verdict: &str, skip: usize| {
        of.iter().enumerate().filter(|(_, row)| row["verdict"] == verdict).nth(skip).unwrap().0
    };
    let fails = [at(of, "fail", 0), at(of, "fail", 1), at(of, "fail", 2)];
    let names: Vec<String> = fails.iter().map(|at| of[*at]["control"].as_str().unwrap().to_owned()).collect();
    of[fails[0]]["verdict"] = "pass".into();
    of[fails[1]]["muted"] = serde_json::json!({"owner": "ann"});
    let better = at(of, "pass", 1);
    of[better]["verdict"] = "fail".into();
    of.remove(fails[2]);
    std::fs::write(&earlier, answer.to_string()).unwrap();
    let (code, worse) = against(&config, &earlier);
    assert_eq!(code, 3);
    let mut said: Vec<(&str, &str)> = worse["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["control"].as_str().unwrap(), row["was"].as_str().unwrap()))
        .collect();
    said.sort_unstable();
    let mut wanted = vec![(names[0].as_str(), "pass"), (names[1].as_str(), "fail"), (names[2].as_str(), "new")];
    wanted.sort_unstable();
    assert_eq!(said, wanted);
    let line = |format: &str| {
        run(&config, &[&ORDERS[..], &["--worse-than", earlier.to_str().unwrap(), "-o", format]].concat()).1
    };
    assert!(line("junit").contains("was pass") && line("md").contains("was new"));
    let sarif: Value = serde_json::from_str(&line("sarif")).unwrap();
    let states: Vec<_> =
        sarif["runs"][0]["results"].as_array().unwrap().iter().map(|of| of["baselineState"].clone()).collect();
    assert_eq!(states.iter().filter(|of| **of == "new").count(), 1);
    let (_, table, err) = run(&config, &[&ORDERS[..], &["--worse-than", earlier.to_str().unwrap()]].concat());
    assert!(err.contains("3 worse (1 of them new), 1 better"), "{err}");
    assert!(table.lines().next().unwrap().starts_with("VERDICT  WAS"), "{table}");
}

#[test]
fn what_is_no_earlier_answer_of_this_account_is_refused_with_what_to_do() {
    let config = config("worse-wrong", "");
    let earlier = config.with_file_name("earlier.json");
    let refused = |text: &str| {
        std::fs::write(&earlier, text).unwrap();
        let (code, _, err) = run(&config, &["check", "--worse-than", earlier.to_str().unwrap()]);
        assert_eq!(code, 2, "{err}");
        err
    };
    let answer = r#"{"schema":"dynakeep/1","origin":"live","generated_at":"2026-03-01T00:00:00Z","incomplete":false,"coverage":{"scopes":1,"scopes_blind":[],"faults":{},"loading":0,"tables_read":0},"rows":[]}"#;
    assert!(refused(answer).contains("is of live, this one of demo"));
    assert!(refused("{}").contains("dynakeep check -o json > FILE"));
    assert!(refused(&answer.replace("keep/1", "keep/9")).contains("dynakeep/9"));
    let row = r#""rows":[{"control":"RES-01","resource":"x","verdict":"fine","muted":null,"by_default_class":false}]"#;
    assert!(refused(&answer.replace(r#""rows":[]"#, row)).contains("no verdict"));
    std::fs::remove_file(&earlier).unwrap();
    let (code, _, err) = run(&config, &["check", "--worse-than", earlier.to_str().unwrap()]);
    assert!(code == 2 && err.contains("earlier.json"), "{err}");
}

/// The demo's `payroll` may not be described in one region.
#[test]
fn what_cannot_be_read_any_more_is_worse_than_whatever_it_was_and_leaves_the_run_incomplete() {
    let config = config("worse-unknown", "");
    let earlier = config.with_file_name("earlier.json");
    let of = ["check", "--filter", "control:RES-03 table:payroll verdict:unknown"];
    let against = || rows(&config, &[&of[..], &["--worse-than", earlier.to_str().unwrap()]].concat());
    let (_, mut answer) = rows(&config, &of);
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1, "{answer}");
    std::fs::write(&earlier, answer.to_string()).unwrap();
    assert_eq!(against().0, 0, "unknown then as now");
    for was in ["fail", "warn", "pass"] {
        answer["rows"][0]["verdict"] = was.into();
        std::fs::write(&earlier, answer.to_string()).unwrap();
        let (code, worse) = against();
        assert_eq!((code, &worse["rows"][0]["was"]), (4, &was.into()), "{worse}");
    }
    // It saw more tables then.
    answer["rows"][0]["verdict"] = "unknown".into();
    answer["coverage"]["tables_read"] = 1_000.into();
    std::fs::write(&earlier, answer.to_string()).unwrap();
    assert_eq!(against().0, 4);
}
