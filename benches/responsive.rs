//! How long a key takes to its frame in a large estate while every source hangs, and how many frames an idle minute costs.
//!
//! `cargo bench` prints the figures; BENCHMARKS.md keeps them with the machine they were taken on. The estate is fed in as
//! pollers feed it, 10,000 tables × 100,000 findings × 100,000 events; then each key goes through `update`, and `draw`
//! writes to a backend that counts bytes as a terminal would receive them.

#![expect(clippy::expect_used, reason = "a benchmark ends where its ground gives way")]

#[path = "../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;

use std::cell::Cell;
use std::io::Write;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dynakeep::app::{App, Msg, draw, update};
use dynakeep::model::{
    CallRef, Delta, Event, EventCategory, Facet, Finding, FindingAction, Pitr, Polled, Scope, Seen, Source,
    TableDescription,
};
use dynakeep::store::mark::Mark;
use dynakeep::wire::demo::Demo;
use dynakeep::wire::fault::Fault;
use harness::{Session, demo_options, settings};
use jiff::{SignedDuration, Timestamp};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

const TABLES: usize = 10_000;
const FINDINGS: usize = 100_000;
const EVENTS: usize = 100_000;

fn main() {
    let wire = Demo::new(demo_options(), None).wire();
    let mut session = Session::over(wire, settings(), (120, 40), true, |faults| faults.set("*", Fault::Hang));
    let began = Instant::now();
    feed(&mut session.app);
    println!("fed {TABLES} tables, {FINDINGS} findings, {EVENTS} events in {:.1} s", began.elapsed().as_secs_f64());
    println!("\nkey to frame, 120×40, every source hanging (µs; bytes are what the terminal is sent)\n");
    println!("{:<42} {:>9} {:>9} {:>9} {:>8}", "keys", "median", "p95", "worst", "bytes");
    let plain = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
    let sent = Rc::new(Cell::new(0));
    let mut terminal = Terminal::with_options(
        CrosstermBackend::new(Counted(sent.clone())),
        TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 120, 40)) },
    )
    .expect("a terminal that only counts");
    let mut measure = |app: &mut App, name: &str, keys: &[KeyEvent], rounds: usize| {
        let mut times = Vec::with_capacity(rounds * keys.len());
        let before = sent.get();
        for _ in 0..rounds {
            for key in keys {
                let began = Instant::now();
                let _effects = update(app, Msg::Key(*key));
                terminal.draw(|frame| draw(app, frame)).expect("drawn");
                times.push(began.elapsed());
            }
        }
        let bytes = (sent.get() - before) / (rounds * keys.len());
        times.sort();
        let micros = |at: usize| times[at.min(times.len() - 1)].as_micros();
        println!(
            "{name:<42} {:>9} {:>9} {:>9} {bytes:>8}",
            micros(times.len() / 2),
            micros(times.len() * 95 / 100),
            micros(times.len() - 1)
        );
    };
    let app = &mut session.app;
    for (digit, view) in [('1', "Overview"), ('2', "Findings"), ('5', "Tables"), ('7', "Trail"), ('9', "Sources")] {
        let away = if digit == '9' { '1' } else { '9' };
        measure(app, &format!("to {view} and away"), &[plain(digit), plain(away)], 10);
        update(app, Msg::Key(plain(digit)));
        measure(app, &format!("j in {view}"), &[plain('j')], 200);
    }
    for (digit, filter, view) in [
        ('5', "pitr.enabled:false", "Tables"),
        ('7', "name:Update* !read_only:true", "Trail"),
        ('2', "severity:>=high", "Findings"),
    ] {
        update(app, Msg::Key(plain(digit)));
        update(app, Msg::Key(plain('/')));
        let keys: Vec<KeyEvent> = filter.chars().map(plain).collect();
        measure(app, &format!("typing /{filter} in {view}"), &keys, 1);
        update(app, Msg::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
    }
    update(app, Msg::Key(plain('5')));
    measure(
        app,
        "Enter (a table) and Esc",
        &[KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)],
        20,
    );
    update(app, Msg::Key(plain('2')));
    measure(
        app,
        "Enter (a case) and Esc",
        &[KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)],
        20,
    );
    marks(app);
    idle();
}

/// What a hand-over costs: the mark of all that is known, its text, and what is held against it.
fn marks(app: &App) {
    let (store, began) = (&app.store, Instant::now());
    let mark = Mark::of(store, now(), "ann", None);
    let built = began.elapsed();
    let text = serde_json::to_string(&mark).expect("a mark is JSON");
    let began = Instant::now();
    let changes = mark.changes(store).len();
    println!(
        "\nmark of {} judgements, {FINDINGS} findings: built in {:.1} ms, {:.1} MB as JSON, held against in {:.1} ms ({changes} changes)",
        store.judgements().count(),
        built.as_secs_f64() * 1e3,
        text.len() as f64 / 1e6,
        began.elapsed().as_secs_f64() * 1e3
    );
}

/// Frames and bytes of the real program in a real (pseudo) terminal in one idle minute.
fn idle() {
    println!("\nidle minute of the demo, all sources read (the story's own events may redraw)\n");
    let program = env!("CARGO_BIN_EXE_dynakeep");
    let seconds = 75;
    let script = Command::new("script")
        .args(["-qec", &format!("stty rows 40 cols 120; exec {program} --demo"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match script {
        Ok(child) => child,
        Err(error) => return println!("skipped: `script` cannot be run: {error}"),
    };
    let (Some(mut out), Some(mut keys)) = (child.stdout.take(), child.stdin.take()) else { return };
    let reader = std::thread::spawn(move || {
        use std::io::Read;
        let (mut frames, mut bytes, mut chunk) = (0usize, 0usize, [0u8; 65536]);
        let began = Instant::now();
        while let Ok(count @ 1..) = out.read(&mut chunk) {
            if (15..75).contains(&began.elapsed().as_secs()) {
                // Every frame that is drawn is wrapped in a synchronized update.
                frames += chunk[..count].windows(8).filter(|window| window == b"\x1b[?2026h").count();
                bytes += count;
            }
        }
        (frames, bytes)
    });
    std::thread::sleep(Duration::from_secs(seconds));
    let _ = keys.write_all(b"q");
    let _ = child.wait();
    if let Ok((frames, bytes)) = reader.join() {
        println!("{frames} frames, {bytes} bytes in 60 s");
    }
}

/// Counts what a terminal would be sent.
struct Counted(Rc<Cell<usize>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn seen<T>(value: T, operation: &'static str) -> Seen<T> {
    Seen { value, at: now(), call: CallRef { operation, request_id: "R".into() } }
}

fn now() -> Timestamp {
    "2026-03-14T03:06:00Z".parse().expect("a time")
}

fn feed(app: &mut App) {
    let scope = Scope::new("111122223333", "eu-west-1");
    let mut send = |source, deltas| {
        let _effects = update(app, Msg::Polled(Polled::Data { source, scope: scope.clone(), deltas }));
    };
    let arn = |i: usize| format!("arn:aws:dynamodb:eu-west-1:111122223333:table/table-{i:05}");
    let names = (0..TABLES).map(|i| (format!("table-{i:05}"), arn(i))).collect();
    send(Source::Tables, vec![Delta::TableList(Ok(seen(names, "dynamodb:ListTables")))]);
    for i in 0..TABLES {
        let description = TableDescription {
            status: Some("ACTIVE".to_owned()),
            deletion_protection: Some(i % 3 == 0),
            ..TableDescription::default()
        };
        let pitr = Pitr { enabled: i % 4 != 0, window_days: Some(35), earliest: None, latest: Some(now()) };
        let facets = [
            Facet::Description(Ok(seen(description, "dynamodb:DescribeTable"))),
            Facet::Pitr(Ok(seen(pitr, "dynamodb:DescribeContinuousBackups"))),
            Facet::Tags(Ok(seen(std::collections::BTreeMap::new(), "dynamodb:ListTagsOfResource"))),
            Facet::Policy(Ok(seen(None, "dynamodb:GetResourcePolicy"))),
        ];
        send(Source::Tables, facets.into_iter().map(|facet| Delta::Facet(arn(i), facet)).collect());
    }
    for part in 0..EVENTS / 1000 {
        send(Source::Events, vec![Delta::Events((0..1000).map(|i| event(part * 1000 + i)).collect())]);
    }
    for part in 0..FINDINGS / 1000 {
        send(Source::Findings, vec![Delta::Findings((0..1000).map(|i| finding(part * 1000 + i, &scope)).collect())]);
    }
}

fn event(i: usize) -> Event {
    let names = ["UpdateTable", "DescribeTable", "UpdateContinuousBackups", "PutItem", "Decrypt"];
    Event {
        id: format!("event-{i:06}"),
        time: now() - SignedDuration::from_secs(i64::try_from(i).unwrap_or(0)),
        name: names[i % names.len()].to_owned(),
        source: "dynamodb.amazonaws.com".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
        principal: format!("role-{}", i % 300),
        principal_arn: None,
        session: Some(format!("session-{}", i % 3000)),
        access_key: Some(format!("ASIA{:012}", i % 3000)),
        ip: Some(format!("198.51.{}.{}", i / 250 % 250, i % 250)),
        user_agent: Some("aws-sdk-rust/1.3".to_owned()),
        read_only: Some(i % 5 == 1),
        error: None,
        tables: vec![format!("table-{:05}", i % TABLES)],
        vpce: None,
        tls: [const { None }; 3],
        console: false,
        category: EventCategory::Management,
        own: false,
        raw: format!("{{\"eventID\":\"event-{i:06}\",\"eventName\":\"{}\"}}", names[i % names.len()]),
    }
}

fn finding(i: usize, scope: &Scope) -> Finding {
    Finding {
        id: format!("finding-{i:06}"),
        arn: format!("arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/finding-{i:06}"),
        scope: scope.clone(),
        account: scope.account.clone(),
        region: scope.region.clone(),
        kind: "Discovery:IAMUser/AnomalousBehavior".to_owned(),
        severity_tenths: u16::try_from(10 + i % 85).unwrap_or(10),
        title: "A user invoked an unusual API.".to_owned(),
        description: String::new(),
        created: Some(now()),
        updated: Some(now() - SignedDuration::from_secs(i64::try_from(i).unwrap_or(0))),
        first: Some(now()),
        last: Some(now()),
        count: 1,
        archived: false,
        sample: false,
        resource_type: Some("AccessKey".to_owned()),
        access_key: Some(format!("ASIA{:012}", i % 3000)),
        principal_id: Some(format!("AROA:session-{}", i % 3000)),
        principal: Some(format!("role-{}", i % 300)),
        principal_type: Some("AssumedRole".to_owned()),
        action: FindingAction { ip: Some(format!("198.51.0.{}", i % 250)), ..FindingAction::default() },
        resources: Vec::new(),
        actors: Vec::new(),
        endpoints: Vec::new(),
        signals: Vec::new(),
        sequence: None,
        broken: None,
        raw: "{}".to_owned(),
    }
}
