//! The Overview: are we safe, since when, what first; at every size, and before anything was read.

use std::time::Duration;

use crate::harness::Session;

fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

#[test]
fn its_first_line_says_whether_and_since_when_and_the_next_what_first() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut session = ready(width, height);
        let screen = session.screen();
        let body: Vec<&str> = screen.lines().skip_while(|line| !line.contains("AT RISK")).collect();
        assert!(body[0].contains("✖ AT RISK since 02:49:37Z") && body[0].contains("? incomplete"), "{screen}");
        assert!(body[1].contains("CRIT  Potential credential compromise"), "{screen}");
        for part in ["WORST TABLES", "POSTURE", "FINDINGS 12 d", "CHANGES  12 h", "FRESHNESS"] {
            assert!(screen.contains(part), "{part} is missing at {width}×{height}:\n{screen}");
        }
        assert!(!screen.contains("more \n"), "all of it is in sight at {width}×{height}:\n{screen}");
    }
}

#[test]
fn the_cursor_goes_from_one_thing_to_open_to_the_next() {
    let mut session = ready(80, 24);
    session.press("g");
    let at = |session: &Session| session.app.nav.place().cursor;
    let first = at(&session);
    session.press("j");
    let second = at(&session);
    // A line of words lies between the first two, and the headline above them.
    assert_eq!((first, second), (1, 3));
    session.press("k k k");
    assert_eq!(at(&session), first);
}

#[test]
fn what_fell_is_counted_by_layer_since_the_start() {
    let mut session = ready(200, 60);
    session.run(Duration::from_secs(10 * 60));
    session.shows("SINCE THE START").shows("since the start");
    let screen = session.screen();
    let network = screen.lines().find(|line| line.contains("network  ")).unwrap_or_default();
    assert!(network.contains("+2") && network.contains('█'), "{screen}");
}

#[test]
fn before_the_first_answer_nothing_is_said_to_be_none() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut session = Session::demo(width, height);
        let screen = session.screen();
        assert!(
            screen.contains("FINDINGS 12 d  ? not read") && screen.contains("CHANGES  12 h  ? not read"),
            "{screen}"
        );
        assert!(screen.contains("reading …") && !screen.contains("AT RISK"), "{screen}");
    }
}

#[test]
fn what_somebody_reads_stays_under_the_cursor_whatever_comes_above_it() {
    for keys in ["", "j"] {
        let mut session = ready(80, 24);
        if !keys.is_empty() {
            session.press(keys);
        }
        let meant = session.app.nav.place().selected.clone();
        let before = session.app.nav.place().cursor;
        // A line above it says what changed by now.
        session.run(Duration::from_secs(75));
        session.shows("SINCE THE START");
        let place = session.app.nav.place();
        assert!(meant.is_some() && place.selected == meant && place.cursor != before, "{}", place.cursor);
        session.press("Enter").hides("hand-over");
        assert_eq!(session.app.nav.stack().last().map(|place| Some(place.screen.clone())), Some(meant));
    }
}
