//! From a finding to what stands behind it and what would stop it, told in keys and screens.

use std::time::Duration;

use dynakeep::wire::demo::{DemoOptions, Story};

use crate::harness::{Session, demo_options};

/// The demo, read once, half a minute after its first critical finding.
fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

/// The case behind the first critical finding, with all that it searches for.
fn case(width: u16, height: u16) -> Session {
    searched(ready(width, height))
}

/// The same case when all of the story has happened.
fn late(width: u16, height: u16) -> Session {
    let mut session = Session::of(DemoOptions { start: Story::End, ..demo_options() }, width, height);
    session.settle();
    searched(session)
}

fn searched(mut session: Session) -> Session {
    session.press("2 Enter").shows("REACH");
    let answered = "events · 5/5 regions of 2 accounts · by key, then by session";
    session.until("the searches are answered", |s| s.screen().contains(answered), Duration::from_secs(600));
    session.until("the issue is read", |s| s.screen().contains("session expires 05:52"), Duration::from_secs(600));
    session
}

/// All lines of a page, from its head to its end.
fn page(session: &mut Session) -> String {
    session.press("g");
    let mut seen = session.screen();
    for _ in 0..20 {
        session.press("^D");
        seen += &session.screen();
    }
    seen
}

#[test]
fn from_the_first_frame_to_the_record_behind_the_first_critical_finding_in_three_keys() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        session.press("2 Enter Enter").shows("UpdateContinuousBackups");
        // The record is a part of the page; where it is too low, its first lines still show.
        let screen = session.screen();
        assert!(screen.contains("eventVersion") || screen.contains("more"), "{screen}");
        let whole = page(&mut session);
        assert!(whole.contains("\"pointInTimeRecoveryEnabled\": false"), "{whole}");
    }
}

#[test]
fn the_first_screenful_says_whether_it_goes_on_and_what_that_does_not_see() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = case(width, height);
        session.shows("STILL?").shows("ago · session expires 05:52:10Z").shows("calls of the last 15 min");
        session.shows("14 events · 5/5 regions of 2 accounts").shows("CONTAIN");
    }
    // Half an hour after the last call silence is called silence, and no end.
    late(80, 24).shows("quiet 2").shows("logs lag up to 15 min · session expires 05:52:10Z");
}

#[test]
fn a_case_says_what_lies_above_and_below_and_both_ends_can_be_reached() {
    let mut session = case(80, 24);
    session.shows("↑").shows("more").shows("WHAT").press("g").shows("GetCallerIdentity");
    let top = session.screen();
    assert!(!top.contains("↑ "), "nothing is above:\n{top}");
    session.press("G").shows("issued by").shows("↑ ").hides("↓ ");
}

#[test]
fn what_guards_all_tables_and_was_lowered_stands_in_the_timelines_head() {
    case(120, 40).hides("lowered what guards all");
    let seen = page(&mut late(120, 40));
    let head = seen.find("beside its tables it lowered what guards all of them").unwrap();
    let head = &seen[head..seen.find(" in order:").unwrap()];
    assert!(head.contains("StopLogging") && head.contains("ModifyVpcEndpoint"), "{head}");
    assert!(!head.contains("UpdateTable"), "{head}");
    // What GuardDuty said stands between the events, each once, and leads to it.
    for kind in ["InstanceCredentialExfiltration.OutsideAWS", "CloudTrailLoggingDisabled", "this one, raised"] {
        assert!(seen.contains(kind), "{kind}:\n{seen}");
    }
    // So do the drifts that its events opened.
    assert!(seen.contains("drift ") && seen.contains("RES-01"), "{seen}");
}

#[test]
fn who_leads_over_the_key_to_the_tables_and_what_others_of_the_role_did_stands_apart() {
    let mut session = case(120, 40);
    let seen = page(&mut session);
    let graph = &seen[seen.find("who → key → table").unwrap()..];
    let place = |words: &str| graph.find(words).unwrap_or_else(|| panic!("{words}:\n{graph}"));
    let order =
        ["ec2.amazonaws.com  AssumeRole", "app-orders/i-0abc1d2e3f4a5b6c7", "14 calls from 203.0.113.7", "T1 exports"];
    assert!(order.map(place).is_sorted(), "{graph}");
    assert!(place("T1 payroll") < place("(T4)") && place("(T4)") < place("T4 "), "{graph}");
    assert!(graph.contains("same key, 8 min later: UpdateTable, UpdateContinuousBackups"), "{graph}");
}

#[test]
fn steps_say_what_they_break_and_are_copied_and_never_run() {
    let mut session = case(120, 40);
    let seen = page(&mut session);
    assert!(seen.contains("Revoke all sessions of app-orders that began before now"), "{seen}");
    assert!(seen.contains("breaks: 1 other session of app-orders would be cut as well: i-0def4a5b6c7d8e9f0"), "{seen}");
    session.press("g");
    // The head leads to the first step; its page has command and undo, and c copies the command.
    for _ in 0..40 {
        if session.app.nav.place().selected.as_ref().is_some_and(|to| format!("{to:?}").contains("Step")) {
            break;
        }
        session.press("j");
    }
    session.press("c");
    let copied = session.copied.pop().unwrap();
    assert!(
        copied.starts_with("aws iam put-role-policy --role-name app-orders --policy-name DenyOneSession"),
        "{copied}"
    );
    session.press("Enter").shows("undo").shows("aws iam delete-role-policy --role-name app-orders").press("c");
    assert_eq!(session.copied.pop().unwrap(), copied);
    let calls =
        |session: &Session| session.app.store.ledger().iter().filter(|call| call.operation.contains("iam:Put")).count();
    assert_eq!(calls(&session), 0);
    session.press("J").shows("\"breaks\"");
}
