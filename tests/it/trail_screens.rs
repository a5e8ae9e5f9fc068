//! The Trail's screens, told in keys and screens, over the demo account.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where its ground gives way")]

use dynakeep::theme::{Role, Theme};
use dynakeep::view::{Kind, Pivot, Screen, Thing};

use crate::harness::Session;

/// A demo that has been read once.
fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

/// The colours of the first cell of a text on the screen.
#[track_caller]
fn style_of(session: &mut Session, text: &str) -> ratatui::style::Style {
    let screen = session.screen();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect(&screen);
    let column = line[..line.find(text).unwrap()].chars().count();
    let cell = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    session.buffer()[cell].style()
}

/// Goes down until the cursor's line holds a text.
#[track_caller]
fn down_to(session: &mut Session, text: &str) {
    for _ in 0..300 {
        let cursor = session.app.nav.place().cursor - session.app.nav.place().offset;
        let line = session.app.nav.place().record_line().is_some().then_some(cursor);
        let screen = session.screen();
        let first = screen.lines().position(|line| line.contains('▾') || line.contains('▸'));
        if let (Some(line), Some(first)) = (line, first)
            && screen.lines().nth(first + line).is_some_and(|line| line.contains(text))
        {
            return;
        }
        session.press("j");
    }
    panic!("the cursor never came to {text:?}:\n{}", session.screen());
}

#[test]
fn a_record_folds_and_unfolds_under_the_cursor_and_as_a_whole() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        session.press("2 Enter Enter J").shows("▾ \"userIdentity\": {").shows("\"type\": \"AssumedRole\"");
        down_to(&mut session, "userIdentity");
        session.press("Enter").shows("▸ \"userIdentity\": {").hides("  \"type\": \"AssumedRole\"");
        session.press("Space").shows("\"type\": \"AssumedRole\"").shows("▾ \"userIdentity\"");
        session.press("l j h").shows("▾ \"userIdentity\"").press("h").shows("▸ \"userIdentity\"");
        session.press("-").hides("▾ \"userIdentity\"").shows("▸ \"requestParameters\"");
        session.press("+").shows("▾ \"userIdentity\"");
    }
}

#[test]
fn a_search_opens_the_fold_that_hides_its_hit_and_goes_round() {
    let mut session = ready(80, 24);
    session.press("2 Enter Enter J -").hides("pointInTimeRecoveryEnabled\":");
    session
        .press("/ 'pointintimerecoveryenabled' Enter")
        .shows("\"pointInTimeRecoveryEnabled\": false")
        .shows("hit 1 of");
    let theme = Theme::built_in("dark").unwrap();
    assert_eq!(style_of(&mut session, "pointInTimeRecoveryEnabled\":").bg, theme.style(Role::Match).bg);
    let at = session.app.nav.place().cursor;
    session.press("N");
    session.press("n");
    assert_eq!(session.app.nav.place().cursor, at);
    session.press("/ 'no such words' Enter").shows("not found");
}

#[test]
fn what_a_record_names_can_be_followed_and_its_values_and_paths_copied() {
    let mut session = ready(120, 40);
    session.press("2 Enter Enter J / 'accessKeyId' Enter Enter");
    let key = "ASIADEMO0ORDERS07Q4M";
    assert_eq!(session.app.nav.place().screen, Screen::List(Kind::Trail(Pivot::Key(key.to_owned()))));
    session.press("Esc").shows("hit 1 of").press("c");
    assert_eq!(session.copied.pop().as_deref(), Some(key));
    session.press("C");
    assert_eq!(session.copied.pop().as_deref(), Some(".userIdentity.accessKeyId"));
    session.press("/ ^U 'sourceIPAddress' Enter Enter");
    assert!(matches!(&session.app.nav.place().screen, Screen::List(Kind::Trail(Pivot::Ip(_)))));
    session.press("Esc / ^U 'tableName' Enter Enter");
    assert!(matches!(&session.app.nav.place().screen, Screen::Detail(Thing::Table(arn)) if arn.ends_with("/orders")));
    session.press("Esc / ^U 'eventVersion' Enter Enter").shows("nothing to open here");
}

#[test]
fn an_events_own_screen_holds_its_record_with_the_same_keys() {
    let mut session = ready(120, 40);
    session.press("2 Enter Enter").shows("─ record").shows("▾ \"userIdentity\"");
    session.press("/ 'mfaAuthenticated' Enter").shows("hit 1 of");
    session.press("h").shows("\"mfaAuthenticated\"").press("h").shows("▸ \"attributes\"");
    let line = session.app.nav.place().record_line();
    assert!(line.is_some());
    // The screen is made anew as time goes by; folds and cursor stay.
    session.run(std::time::Duration::from_secs(3));
    session.shows("▸ \"attributes\"");
    assert_eq!(session.app.nav.place().record_line(), line);
}

#[test]
fn every_things_json_folds() {
    for walk in ["2 J", "3 J", "4 J", "5 J", "6 J", "7 J", "9 J"] {
        let mut session = ready(120, 40);
        session.press(walk).shows("▾ {").press("g h").shows("▸ {").press("l l").shows("▾ {");
    }
}
