//! What changed: while one watches, since one looked last, and for whoever takes over.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dynakeep::store::changes::{Change, Changed, Turn, VerdictChange, Way};

use dynakeep::wire::demo::Story;

use crate::harness::{Session, demo_options};

/// The demo as the dashboard first shows it.
fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

#[test]
fn the_acts_of_the_story_are_changes_and_the_first_sweep_is_none() {
    let mut session = ready(120, 40);
    assert_eq!(session.app.store.changes().len(), 0, "{:#?}", session.app.store.changes());
    session.run(Duration::from_secs(8 * 60));
    let changes = session.app.store.changes();
    let fell = |control: &str, resource: &str| {
        let of = |(_, of): &(_, &VerdictChange)| {
            of.control == control && of.resource.contains(resource) && of.way == Way::Fell
        };
        changes.verdicts().any(|change| of(&change))
    };
    // A public policy is put on `orders`, an endpoint's policy is widened, the trail is stopped.
    assert!(fell("IAM-10", "eu-west-1:111122223333:table/orders"), "{changes:#?}");
    assert!(fell("NET-03", "111122223333/eu-west-1/vpce-"), "{changes:#?}");
    assert!(fell("LOG-01", "111122223333/eu-west-1"), "{changes:#?}");
    let new = |change: &&Change| matches!(&change.what, Changed::Finding(of) if of.turn == Turn::New);
    assert!(changes.iter().any(|change| new(&change)), "GuardDuty raises more: {changes:#?}");
    let drift = |change: &&Change| matches!(&change.what, Changed::Drift(of) if of.setting == "IsLogging");
    assert_eq!(changes.iter().filter(drift).count(), 1, "the trail was stopped: {changes:#?}");
    // Each says when it was noticed, and when what it rests on was read.
    for change in changes.iter() {
        assert!(change.evidence.is_none_or(|of| of <= change.at), "{change:#?}");
    }
}

/// A directory of its own, empty.
fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _none = fs::remove_dir_all(&path);
    path
}

/// The names of what lies in it.
fn files(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn looking_leaves_the_mark_where_it_is_and_done_moves_it() {
    let state = directory("since-done");
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.press(": 'handover' Enter").shows("nobody handed over yet").press("Esc");
    session.press(": 'handover done' Enter").shows("handed over: the mark stands at 03:07");
    session.run(Duration::from_secs(8 * 60));
    // Something critical rings once, and wears a badge until somebody sees it.
    assert!((1..=3).contains(&session.bells), "{}", session.bells);
    session.shows("new critical").press("1").hides("new critical");
    // The Overview counts, and leads to the page.
    session.press("1").shows("SINCE 03:07").shows("+2 findings").shows("verdicts fell");
    session.press("g Enter").shows("set by ann").shows("new findings").shows("IAM-10");
    session.shows("Stealth:IAMUser/CloudTrailLoggingDisabled").shows("verdicts that fell");
    // Each list says what is new in it, by a sign before the row and by a word on its page.
    session
        .press("2")
        .shows("2 new, 2 changed since 03:07")
        .shows("~CRIT")
        .shows("+HIGH")
        .press("g Enter")
        .shows("CHANGED")
        .shows("since 03:07");
    session.press("5").shows("changed since 03:07").press("/ 'name:orders' Enter").shows("~");
    // Whoever looked sees the same again.
    session.press("1 1").shows("SINCE 03:07").shows("+2 findings");
    session.press(": 'handover done' Enter").shows("the mark stands at 03:15");
    session.press("1").hides("+2 findings").shows("nothing new");
}

#[test]
fn a_second_start_shows_what_changed_since_the_first_and_its_notes() {
    let state = directory("since-again");
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.press("5 / 'name:prices account:111122223333 region:eu-west-1' Enter g n");
    session.press("'asked \u{202e}bob\u{7} about the replica' Enter").shows("noted").shows("¶");
    session.press(": 'handover done' Enter").shows("handed over");
    drop(session);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    assert_eq!(files(&state).len(), 2, "{:?}", files(&state));
    assert!(files(&state).iter().all(|name| mode(&state.join(name)) == 0o600));
    // The night has gone on while nobody looked.
    let mut options = demo_options();
    options.start = Story::End;
    let mut session = Session::kept_of(options, &state, 120, 40);
    session.settle();
    session.shows("SINCE 03:07Z").shows("+3 findings").shows("verdicts fell").shows("1 note");
    // The note stands on top of its list, on its page, and in its own list; what acts on a terminal is inert.
    session.press("5").shows("¶").press("Enter").shows("NOTE").shows("about the replica");
    assert!(!session.screen().contains('\u{202e}'), "{}", session.screen());
    session.press(": 'notes' Enter").shows("prices").shows("ann").press("Enter").shows("stands");
    session.press(": 'handover' Enter").shows("asked ").shows("verdicts that fell");
    // Emptied, it is gone.
    session.press(": 'notes' Enter g n").press("^U Enter").shows("the note is gone").shows("nothing is noted");
    drop(session);
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.press(": 'notes' Enter").shows("nothing is noted");
}

#[test]
fn a_broken_state_is_set_aside_and_said_and_nothing_of_it_is_lost() {
    let state = directory("since-broken");
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.press("5 g n 'mind this one' Enter").press(": 'handover done' Enter").shows("handed over");
    drop(session);
    let mark = files(&state).into_iter().find(|name| name.starts_with("mark-")).unwrap();
    let kept = fs::read(state.join(&mark)).unwrap();
    fs::write(state.join(&mark), kept.get(..kept.len() / 2).unwrap()).unwrap();
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.shows("set aside as").press(": 'notes' Enter").shows("mind this one");
    session.press(": 'handover' Enter").shows("nobody handed over yet");
    let aside = files(&state).into_iter().find(|name| name.contains(".broken-")).unwrap();
    assert_eq!(fs::read(state.join(aside)).unwrap(), kept.get(..kept.len() / 2).unwrap());
    // One of a later version is not taken for ours either.
    let notes = files(&state).into_iter().find(|name| name.starts_with("notes-")).unwrap();
    let text = fs::read_to_string(state.join(&notes)).unwrap();
    fs::write(state.join(&notes), text.replace("\"version\": 1", "\"version\": 9")).unwrap();
    let mut session = Session::kept(&state, 120, 40);
    session.settle();
    session.shows("written as version 9");
}

#[test]
fn without_state_nothing_is_left_behind() {
    let mut session = ready(120, 40);
    session.press("5 g n 'for tonight' Enter").shows("until the end of this run").shows("¶");
    session.press(": 'handover done' Enter").shows("no state is kept");
    let home = directory("since-home");
    for line in [&["--demo", "tables"][..], &["--demo", "--no-state", "check"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dynakeep"));
        command.args(line).env("HOME", &home).env("XDG_STATE_HOME", home.join("state")).env_remove("DYNAKEEP_STATE");
        command.output().unwrap();
    }
    assert!(!home.exists(), "{:?}", files(&home));
}
