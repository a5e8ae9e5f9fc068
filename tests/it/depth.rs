//! Defence in depth by threat: what prevents and what tells, on the table's page, in filters and in JSON.

use crate::classes::{config, rows};
use crate::harness::Session;

#[test]
fn a_table_that_nothing_would_tell_about_is_found_by_the_threat_and_says_what_lacks() {
    for size in [(120, 40), (80, 24)] {
        let mut session = Session::demo(size.0, size.1);
        session.settle();
        session.press("5 / 'thin:destroy class:internal' Enter").hides("no tables pass");
        session.press("Enter");
        session.shows("none passes of").shows("destroy").shows("blind").shows("tell");
    }
}

#[test]
fn a_program_reads_which_controls_hold_which_line() {
    let plain = config("depth", "");
    let answer = rows(&plain, &["tables", "--filter", "name:orders account:111122223333 region:eu-west-1"]).1;
    let depth = &answer["rows"][0]["depth"];
    assert_eq!(depth["read"]["verdict"], "fail");
    // Whoever used its key was expected to: what was stolen are the credentials of a role of its own.
    assert_eq!(depth["read"]["detect"]["pass"], serde_json::json!(["DET-18"]));
    assert!(depth["read"]["detect"]["fail"].as_array().is_some_and(|of| of.contains(&"LOG-02".into())), "{depth}");
    assert_eq!(depth["destroy"]["verdict"], "pass");
    // Its trail was switched off: that undoes whatever else tells.
    assert_eq!(
        (&depth["blind"]["verdict"], &depth["blind"]["undone_by"]),
        (&"fail".into(), &serde_json::json!(["LOG-01"]))
    );
    // Every table's threats agree with the filter.
    let all = rows(&plain, &["tables"]).1;
    let thin = rows(&plain, &["tables", "--filter", "thin:destroy"]).1;
    let of = |answer: &serde_json::Value| answer["rows"].as_array().cloned().unwrap_or_default();
    let failing = of(&all).iter().filter(|row| row["depth"]["destroy"]["verdict"] == "fail").count();
    assert!(failing > 0 && failing < of(&all).len());
    assert_eq!(of(&thin).len(), failing);
}
