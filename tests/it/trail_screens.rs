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

/// The row of column heads: what is above it is the survey.
fn heads(session: &mut Session) -> usize {
    let screen = session.screen();
    screen.lines().position(|line| line.trim_start().starts_with("TIME")).expect(&screen)
}

#[test]
fn the_trail_says_how_much_when_and_what_is_most_frequent_at_every_size() {
    let mut large = ready(120, 40);
    large
        .press("7")
        .shows("a bar ·")
        .shows("refused")
        .shows("NAME")
        .shows("WHO")
        .shows("FROM")
        .shows("TABLE")
        .shows("ERROR");
    large.shows("tables are not recorded").shows("never recorded:");
    let mut small = ready(80, 24);
    small.press("7").shows("NAME").shows("unrecorded");
    assert_eq!(heads(&mut small), 6, "four rows of chrome, two of the survey");
    let screen = small.screen();
    let bars = screen.lines().nth(4).unwrap();
    assert!(bars.chars().any(|c| ('▁'..='█').contains(&c)) && bars.ends_with('Z'), "{screen}");
}

#[test]
fn a_facet_goes_into_the_filter_is_negated_and_goes_out_again() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        let all = session.press("7").screen();
        session.press("F j Enter").shows("/principal:app-orders").shows("of 1,537");
        session.hides("app-billing ");
        session.press("Enter").shows("/!principal:app-orders").shows("app-billing");
        session.press("Enter").hides("/principal").hides("/!principal");
        assert!(session.app.nav.place().filter.is_empty());
        session.press("l Enter").shows("/principal:AWSServiceRoleForConfig");
        session.press("k Enter").shows("name:DescribeTable");
        // Back to the rows, then the filter away, then all is as it was.
        session.press("Esc j").shows("name:DescribeTable").press("Esc g");
        assert_eq!(session.screen(), all);
    }
}

#[test]
fn zooming_keeps_the_event_under_the_cursor_in_sight_and_esc_shows_all_again() {
    let mut session = ready(120, 40);
    session.press("7 j j j");
    let selected = session.app.nav.place().selected.clone();
    session.press("+").shows(" of 1,537").shows(" – ");
    let fewer = session.app.nav.place().len();
    assert!(fewer < 1_535 && session.app.nav.place().selected == selected);
    session.press("+");
    assert!(session.app.nav.place().len() < fewer && session.app.nav.place().selected == selected);
    session.press("-");
    assert_eq!(session.app.nav.place().len(), fewer);
    session.press("{");
    let earlier = session.app.nav.place().len();
    session.press("}");
    assert_eq!(session.app.nav.place().len(), fewer);
    assert!(earlier < 1_535);
    session.press("Esc").hides(" of 1,537");
    session.press("+ + 0").hides(" of 1,537").press("{").shows("all is shown");
}

#[test]
fn the_bars_follow_the_filter_and_refused_calls_are_red() {
    let mut session = ready(120, 40);
    let error = Theme::built_in("dark").unwrap().style(Role::Error).fg;
    let red = |session: &mut Session| {
        let top = heads(session) as u16;
        let bars: Vec<_> = (4..top).flat_map(|y| (0..58).map(move |x| (x, y))).collect();
        let buffer = session.buffer();
        bars.into_iter().filter(|at| buffer[*at].style().fg == error && buffer[*at].symbol() != " ").count()
    };
    session.press("7");
    let (before, some) = (session.screen(), red(&mut session));
    session.press("/ 'error:none' Enter").hides("refused");
    assert!(some > 0 && red(&mut session) == 0);
    let bars = |screen: &str| {
        screen.lines().skip(5).take(5).map(|line| line.chars().take(58).collect()).collect::<Vec<String>>()
    };
    assert_ne!(bars(&before), bars(&session.screen()));
}

#[test]
fn from_an_event_to_its_address_its_session_and_its_table() {
    let mut session = ready(120, 40);
    session.press("7 / 'name:UpdateContinuousBackups' Enter");
    for (key, pivot) in
        [("i", "from address 203.0.113.7"), ("a", "by session i-0abc"), ("T", "of table"), ("t", "by key ASIA")]
    {
        session.press(key).shows(pivot).press("Esc").shows("/name:UpdateContinuousBackups");
    }
    session.press("2 i").shows("from address");
    session.press("5 i").shows("no address is known of this").press("T").shows("of table");
}

#[test]
fn an_address_that_was_not_seen_before_has_a_star_once() {
    let mut session = ready(120, 40);
    session.press("7 / 'ip:203.0.113.7' Enter G").shows("203.0.113.7 ★");
    let starred = session.screen().lines().filter(|line| line.contains("203.0.113.7 ★")).count();
    assert_eq!(starred, 1, "the first event of the address alone");
    let warn = Theme::built_in("dark").unwrap().style(Role::Warn).fg;
    assert_eq!(style_of(&mut session, "★").fg, warn);
    session.press("Enter").shows("★").shows("address").shows("not seen before");
    session.press("Esc g Enter").hides("not seen before");
}
