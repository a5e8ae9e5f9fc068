//! Stories: keys in, screens out, over a store fed by the messages that pollers send.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::*;
use crate::controls::Baseline;
use crate::model::{
    CallRef, Delta, Event, EventCategory, Facet, Fault, Finding, FindingAction, Origin, Outcome, Pitr, Seen,
    SourceError, TableDescription,
};
use crate::store::Store;
use crate::theme::Role;
use crate::view::{Body, Screen, Thing};

const FINDING: &str = "0123456789abcdef0123456789abcdef";
const HOSTILE: &str = "evil\u{1b}]0;x\u{7}\u{202e}\0";

fn now() -> Timestamp {
    "2026-11-20T03:10:00Z".parse().unwrap()
}

fn scope() -> Scope {
    Scope::new("111122223333", "eu-west-1")
}

fn arn(name: &str) -> String {
    format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}")
}

fn seen<T>(value: T) -> Outcome<T> {
    Ok(Seen { value, at: now(), call: CallRef { operation: "dynamodb:DescribeTable", request_id: "R1".into() } })
}

fn denied<T>(action: &str) -> Outcome<T> {
    let error = SourceError::Denied { action: action.into(), message: "no".into() };
    Err(Fault { error, at: now() })
}

fn event(id: &str, name: &str, minutes: i64, read_only: bool) -> Event {
    Event {
        id: id.into(),
        time: now() - SignedDuration::from_mins(minutes),
        name: name.into(),
        source: "dynamodb.amazonaws.com".into(),
        region: "eu-west-1".into(),
        account: "111122223333".into(),
        principal: "app-orders".into(),
        principal_arn: None,
        session: Some("i-0abc".into()),
        access_key: Some("ASIAEXAMPLE".into()),
        ip: Some("203.0.113.7".into()),
        user_agent: Some(HOSTILE.into()),
        read_only: Some(read_only),
        error: None,
        tables: if read_only { vec![] } else { vec!["orders".into()] },
        vpce: None,
        tls: [const { None }; 3],
        console: false,
        category: EventCategory::Management,
        own: false,
        raw: format!("{{\"eventName\":\"{name}\",\"eventID\":\"{id}\"}}"),
    }
}

fn finding() -> Finding {
    Finding {
        id: FINDING.into(),
        arn: format!("arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/{FINDING}"),
        scope: scope(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        kind: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS".into(),
        severity_tenths: 90,
        title: "Credentials used from outside".into(),
        description: HOSTILE.into(),
        created: Some(now()),
        updated: Some(now()),
        first: Some(now() - SignedDuration::from_mins(20)),
        last: Some(now() - SignedDuration::from_mins(2)),
        count: 3,
        archived: false,
        sample: false,
        resource_type: Some("AccessKey".into()),
        access_key: Some("ASIAEXAMPLE".into()),
        principal_id: Some("AROA:i-0abc".into()),
        principal: Some("app-orders".into()),
        principal_type: Some("AssumedRole".into()),
        action: FindingAction { ip: Some("203.0.113.7".into()), ..FindingAction::default() },
        resources: vec![],
        actors: vec![],
        endpoints: vec![],
        signals: vec![],
        sequence: None,
        broken: None,
        raw: "{}".into(),
    }
}

fn data(source: Source, deltas: Vec<Delta>) -> Msg {
    Msg::Polled(Polled::Data { source, scope: scope(), deltas })
}

fn ended(source: Source, result: Result<(), SourceError>) -> Msg {
    Msg::Polled(Polled::Ended { source, scope: scope(), at: now(), result, partial: vec![], due: None })
}

/// A user in front of a screen.
struct User {
    app: App,
    effects: Vec<Effect>,
    terminal: Terminal<TestBackend>,
}

impl User {
    fn at(width: u16, height: u16) -> Self {
        let mut store = Store::new(Origin::Demo, Baseline::default());
        store.expect(scope(), &Source::ALL);
        let mut start = Start::new(store, Theme::built_in("dark").unwrap(), Clock::simulated(now()));
        start.badge = Some("night".into());
        let (app, effects) = App::new(start);
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut user = Self { app, effects, terminal };
        user.draw();
        user
    }

    fn with_estate(width: u16, height: u16) -> Self {
        let mut user = Self::at(width, height);
        let described = |on| TableDescription {
            status: Some("ACTIVE".into()),
            deletion_protection: Some(on),
            ..TableDescription::default()
        };
        let pitr = |enabled| Pitr { enabled, window_days: enabled.then_some(35), earliest: None, latest: None };
        user.tell(data(
            Source::Tables,
            vec![
                Delta::TableList(seen(
                    ["healthy", "orders", "payroll", HOSTILE].map(|n| (n.to_owned(), arn(n))).to_vec(),
                )),
                Delta::Facet(arn("orders"), Facet::Description(seen(described(false)))),
                Delta::Facet(arn("orders"), Facet::Pitr(seen(pitr(false)))),
                Delta::Facet(
                    arn("orders"),
                    Facet::Tags(seen(BTreeMap::from([("data-class".into(), "restricted".into())]))),
                ),
                Delta::Facet(arn("healthy"), Facet::Description(seen(described(true)))),
                Delta::Facet(arn("healthy"), Facet::Pitr(seen(pitr(true)))),
                Delta::Facet(
                    arn("healthy"),
                    Facet::Tags(seen(BTreeMap::from([("data-class".into(), "internal".into())]))),
                ),
                Delta::Facet(arn("payroll"), Facet::Description(denied("dynamodb:DescribeTable"))),
                Delta::Facet(arn("payroll"), Facet::Pitr(seen(pitr(true)))),
            ],
        ));
        user.tell(ended(Source::Tables, Ok(())));
        user.tell(data(
            Source::Events,
            vec![Delta::Events(vec![
                event("e1", "ListTables", 19, true),
                event("e2", "UpdateContinuousBackups", 12, false),
                event("e3", "UpdateTable", 13, false),
            ])],
        ));
        user.tell(ended(Source::Events, Ok(())));
        user.tell(data(
            Source::Findings,
            vec![Delta::Findings(vec![finding()]), Delta::FindingIds(seen(vec![FINDING.into()]))],
        ));
        user.tell(ended(Source::Findings, Ok(())));
        let error = SourceError::Denied { action: "config:DescribeConfigRules".into(), message: HOSTILE.into() };
        user.tell(ended(Source::Compliance, Err(error)));
        user.draw();
        user
    }

    fn tell(&mut self, msg: Msg) {
        let effects = update(&mut self.app, msg);
        self.effects.extend(effects);
    }

    fn draw(&mut self) -> &Buffer {
        let app = &mut self.app;
        self.terminal.draw(|frame| draw(app, frame)).unwrap();
        while app.nav.place().late {
            std::thread::sleep(Duration::from_millis(1));
            self.terminal.draw(|frame| draw(app, frame)).unwrap();
        }
        self.terminal.backend().buffer()
    }

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.tell(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self.draw();
        self
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.press(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        }
        self
    }

    fn screen(&mut self) -> String {
        let buffer = self.draw();
        let width = usize::from(buffer.area.width);
        let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
        buffer.content.chunks(width).map(row).collect::<Vec<_>>().join("\n")
    }

    fn sees(&mut self, words: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(words), "no {words:?} on\n{screen}");
        self
    }

    /// The style of the first cell of some words.
    fn style_of(&mut self, words: &str) -> ratatui::style::Style {
        let screen = self.screen();
        let (y, row) = screen.lines().enumerate().find(|(_, row)| row.contains(words)).unwrap();
        let before = &row[..row.find(words).unwrap()];
        let x = crate::widget::text::width(before);
        self.draw().cell((u16::try_from(x).unwrap(), u16::try_from(y).unwrap())).unwrap().style()
    }
}

#[test]
fn from_the_first_frame_to_the_raw_record_in_three_keys() {
    let mut user = User::with_estate(80, 24);
    user.sees("CRIT").sees("Credentials used from outside");
    user.press(KeyCode::Enter).sees("WHO").sees("ASIAEXAMPLE");
    user.press(KeyCode::Enter).sees("UpdateContinuousBackups");
    user.keys("J").sees("\"eventID\": \"e2\"");
    assert_eq!(user.app.nav.place().screen, Screen::Raw(Thing::Event("e2".into())));
}

#[test]
fn from_the_list_of_findings_too_and_esc_goes_back_with_the_place_kept() {
    let mut user = User::with_estate(120, 40);
    user.keys("2\n\nJ").sees("\"eventName\": \"UpdateContinuousBackups\"");
    user.press(KeyCode::Esc).press(KeyCode::Esc).sees("timeline");
    let selected = user.app.nav.place().selected.clone();
    assert_eq!(selected, Some(Screen::Detail(Thing::Event("e2".into()))));
    user.press(KeyCode::Esc).sees("TYPE");
    user.keys("[").sees("timeline").keys("]").sees("TYPE");
}

#[test]
fn opening_a_case_searches_for_its_key_its_session_and_the_keys_issue() {
    let mut user = User::with_estate(80, 24);
    user.keys("2\n");
    let searches: Vec<_> =
        user.effects.iter().filter_map(|e| if let Effect::Search(s) = e { Some(s) } else { None }).collect();
    use crate::model::SearchBy;
    // No poll told how far back it reached: the changes of the finding's own stretch are asked for, and no others.
    let (changes, rest) = searches.split_first().unwrap();
    assert_eq!(
        (&changes.by, changes.since.is_some(), changes.until.is_some()),
        (&SearchBy::ReadOnly(false), true, true)
    );
    let by: Vec<_> = rest.iter().map(|search| &search.by).collect();
    let issue = SearchBy::Resource("ASIAEXAMPLE".into());
    assert_eq!(by, [&SearchBy::AccessKey("ASIAEXAMPLE".into()), &SearchBy::Username("i-0abc".into()), &issue]);
}

#[test]
fn the_worst_table_leads_and_a_denied_cell_says_so_in_its_colour() {
    let mut user = User::with_estate(120, 40);
    user.keys("5");
    let screen = user.screen();
    let at = |name: &str| screen.find(name).unwrap_or(usize::MAX);
    assert!(at(" orders") < at(" healthy"), "{screen}");
    user.sees("? denied");
    let look = user.app.look.clone();
    assert_eq!(user.style_of("? denied").fg, look.style(Role::Unknown).fg);
    assert_eq!(user.style_of("✖ off").fg, look.style(Role::Fail).fg);
}

#[test]
fn selection_is_by_identity_when_rows_move() {
    let mut user = User::with_estate(120, 40);
    user.keys("7jj");
    let Some(selected) = user.app.nav.place().selected.clone() else { panic!("nothing selected") };
    let cursor = user.app.nav.place().cursor;
    user.tell(data(Source::Events, vec![Delta::Events(vec![event("e9", "DeleteTable", 1, false)])]));
    user.draw();
    assert_eq!(user.app.nav.place().selected, Some(selected));
    assert_eq!(user.app.nav.place().cursor, cursor + 1);
}

#[test]
fn a_filter_is_live_says_what_it_does_not_understand_and_esc_clears_it() {
    let mut user = User::with_estate(120, 40);
    user.keys("7/name:Update*");
    let Body::Rows(rows, total) = &user.app.nav.place().body else { panic!("no list") };
    assert_eq!((rows.len(), *total), (2, 3));
    user.press(KeyCode::Enter).sees("2 of 3");
    user.keys("/ nosuch:1").sees("nosuch");
    assert!(user.app.nav.place().complaint().is_some());
    user.press(KeyCode::Esc).press(KeyCode::Esc);
    assert!(user.app.nav.place().filter.is_empty());
    user.keys("/zzz\n").sees("no events pass the filter");
}

#[test]
fn loading_denied_and_empty_look_different() {
    let mut user = User::at(80, 24);
    user.tell(Msg::Polled(Polled::Running(Source::Tables, scope(), crate::model::Progress { done: 12, total: 43 })));
    user.keys("5").sees("reading 12/43");
    let mut user = User::with_estate(80, 24);
    user.keys("3").sees("config:DescribeConfigRules").sees("dynakeep iam-policy");
    user.keys("2/nothing-like-it\n").sees("no findings pass the filter");
}

#[test]
fn a_stale_value_stays_dimmed_and_its_age_takes_the_warning_colour() {
    let mut user = User::with_estate(120, 40);
    user.tell(data(
        Source::Tables,
        vec![Delta::Facet(arn("orders"), Facet::Pitr(denied("dynamodb:DescribeContinuousBackups")))],
    ));
    user.keys("5").sees("✖ off~");
    let look = user.app.look.clone();
    assert_eq!(user.style_of("✖ off~").fg, look.style(Role::Dim).fg);
    assert_eq!(user.style_of("~").fg, look.style(Role::Stale).fg);
}

#[test]
fn expired_credentials_are_a_banner_and_its_command_can_be_copied() {
    let mut user = User::at(120, 24);
    let error = SourceError::Expired { profile: Some("acme".into()), message: String::new() };
    user.tell(ended(Source::Identity, Err(error)));
    user.sees("aws sso login --profile acme --use-device-code");
    user.keys("c");
    assert_eq!(user.effects, [Effect::Copy("aws sso login --profile acme --use-device-code".into())]);
}

#[test]
fn hostile_text_reaches_no_cell_of_any_screen() {
    for (width, height) in [(80, 24), (120, 40), (20, 5), (1, 1), (200, 60)] {
        let mut user = User::with_estate(width, height);
        for keys in [
            "1", "2", "2\n", "t", "3", "4", "5", "5G\n", "6", "7", "7\nJ", "9", "9\n", "!", "?", "1rJ", ":calls\n",
            "7sS1f",
        ] {
            user.keys(keys);
            let screen = user.screen();
            let bad = screen.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(bad, None, "{keys} at {width}x{height}\n{screen}");
            user.press(KeyCode::Esc);
            user.press(KeyCode::Esc);
        }
    }
}

#[test]
fn commands_lead_to_tabs_tables_and_out() {
    let mut user = User::with_estate(100, 30);
    user.keys(":tables\n").sees("DEL.PROT");
    user.keys(":table orders\n").sees("controls");
    assert_eq!(user.app.nav.place().screen, Screen::Detail(Thing::Table(arn("orders"))));
    user.keys(":nonsense\n").sees("no command, tab or thing");
    user.tell(Msg::Paste(arn("healthy")));
    assert_eq!(user.app.nav.place().screen, Screen::Detail(Thing::Table(arn("healthy"))));
    user.keys(":theme light\n").keys(":q\n");
    assert_eq!(user.effects.iter().rev().take(2).collect::<Vec<_>>(), [&Effect::Quit, &Effect::Theme("light".into())]);
}

#[test]
fn every_sort_of_every_list_holds_and_turns_round() {
    let mut user = User::with_estate(200, 40);
    for tab in ['2', '3', '4', '5', '6', '7', '9'] {
        for column in "123456789ab0".chars() {
            user.keys(&format!("{tab}s{column}")).keys("S");
        }
    }
    user.keys("5s0").keys("s1");
    let screen = user.screen();
    assert!(screen.find(" healthy") < screen.find(" orders"));
}

#[test]
fn the_chrome_is_four_rows_at_eighty_by_twenty_four_and_wears_the_badge() {
    let mut user = User::with_estate(80, 24);
    let screen = user.keys("5").screen();
    let rows: Vec<&str> = screen.lines().collect();
    assert!(rows[0].contains("DEMO") && rows[0].contains("03:10:00Z"), "{screen}");
    assert!(rows[1].contains("Over ") && rows[1].contains("Tables") && rows[1].contains("Src"), "{screen}");
    assert!(rows[2].contains("tables") && rows[2].contains("denied"), "{screen}");
    assert!(rows[4].contains("NAME") && rows[23].contains("Enter open"), "{screen}");
}

#[test]
fn ascii_and_no_colour_hold_everywhere() {
    let mut user = User::with_estate(120, 40);
    user.app.look.ascii = true;
    user.app.look.theme = user.app.look.theme.clone().without_color();
    // What was laid out in the other look is made again.
    user.app.nav = Nav::new();
    for keys in ["1", "2", "2\n", "5", "5\n", "7", "7\n", "9", "?"] {
        user.keys(keys);
        let screen = user.screen();
        assert!(screen.is_ascii(), "{keys}: {:?}\n{screen}", screen.chars().find(|c| !c.is_ascii()));
        let coloured = |cell: &ratatui::buffer::Cell| {
            use ratatui::style::Color::Reset;
            (cell.fg, cell.bg) != (Reset, Reset)
        };
        assert!(!user.draw().content.iter().any(coloured), "{keys}");
        user.press(KeyCode::Esc);
    }
}

#[test]
fn events_of_one_request_are_related_to_each_other() {
    let mut user = User::with_estate(120, 40);
    let of_request = |id: &str, name: &str| {
        let raw = format!("{{\"eventName\":\"{name}\",\"eventID\":\"{id}\",\"requestID\":\"R-7\"}}");
        Event { raw, ..event(id, name, 5, false) }
    };
    let events = vec![of_request("r1", "CreateTable"), of_request("r2", "CreateTable2")];
    user.tell(data(Source::Events, vec![Delta::Events(events)]));
    user.keys("7/id:r1\nr").sees("events of the same request").sees("R-7");
    let row = user.screen().lines().position(|line| line.contains("R-7")).unwrap();
    let first = user.screen().lines().position(|line| line.contains("by key")).unwrap();
    user.keys(&"j".repeat(row - first)).keys("\n").sees("CreateTable2").sees("that mention R-7");
}

#[test]
fn our_own_calls_are_no_firsts_and_hide_none() {
    let mut user = User::with_estate(120, 40);
    let own = Event { own: true, ip: Some("198.51.100.9".into()), ..event("own", "DescribeTable", 30, true) };
    let late = Event { ip: Some("198.51.100.9".into()), ..event("late", "ListTables", 1, true) };
    user.tell(data(Source::Events, vec![Delta::Events(vec![own, late])]));
    user.keys("7").sees("198.51.100.9 ★").sees("203.0.113.7 ★");
}
