//! The data layer from end to end, over canned answers and over the demo account.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use tokio::sync::mpsc;

use dynakeep::controls::Baseline;
use dynakeep::model::{CallOutcome, Cell, EventSearch, Origin, Polled, Scope, SearchBy, Source, SourceError};
use dynakeep::operations::OPERATIONS;
use dynakeep::store::Store;
use dynakeep::wire::demo::{Demo, DemoOptions, Story};
use dynakeep::wire::fault::{Fault, Injector};
use dynakeep::wire::{Clock, Wire};

use dynakeep::aws::{self, Command, Handle, Settings};

/// An answer: status, and body.
type Canned = (u16, String);

/// A connector that answers by a closure from the request's operation and body.
struct Closure<F>(F, Arc<AtomicUsize>);

impl<F> std::fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Closure")
    }
}

impl<F: Fn(&str, &str) -> Canned + Send + Sync> HttpConnector for Closure<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.1.fetch_add(1, Ordering::SeqCst);
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let operation = match request.headers().get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or(target).to_owned(),
            None => match body.strip_prefix("Action=") {
                Some(rest) => rest.split('&').next().unwrap_or_default().to_owned(),
                None => format!("{} {}", request.method(), request.uri()),
            },
        };
        let (status, answer) = (self.0)(&operation, &body);
        let response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(answer));
        HttpConnectorFuture::ready(Ok(response))
    }
}

pub fn canned(answer: impl Fn(&str, &str) -> Canned + Send + Sync + 'static) -> (Wire, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let connector = SharedHttpConnector::new(Closure(answer, sent.clone()));
    let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    let clock = Clock::simulated("2026-11-21T00:00:00Z".parse().unwrap());
    let estate = vec![(Scope::new(ACCOUNT, "eu-west-1"), "AKIAEXAMPLE".to_owned())];
    (Wire { http, clock, origin: Origin::Demo, estate, doors: Vec::new() }, sent)
}

const ACCOUNT: &str = "111122223333";
pub const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>U</UserId>\
    <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Sweeps once and gives the store and every message.
pub fn once(wire: Wire, sources: &[Source]) -> (Store, Vec<Polled>) {
    let settings = Settings { once: true, sources: sources.to_vec(), event_hours: 24, ..Settings::default() };
    sweep(wire, settings)
}

pub fn sweep(wire: Wire, settings: Settings) -> (Store, Vec<Polled>) {
    let (_handle, commands) = Handle::pair();
    let (to, mut from) = mpsc::channel(64);
    let origin = wire.origin;
    let clock = wire.clock.clone();
    let layer = aws::spawn(wire, settings, commands, to);
    let mut store = Store::new(origin, Baseline::default());
    let mut all = Vec::new();
    while let Some(polled) = from.blocking_recv() {
        all.push(polled.clone());
        store.apply(polled);
    }
    layer.join().unwrap().unwrap();
    store.settle(clock.now());
    (store, all)
}

fn ended(all: &[Polled], wanted: Source) -> Result<(), SourceError> {
    let mut results = all.iter().filter_map(|polled| match polled {
        Polled::Ended { source, result, .. } if *source == wanted => Some(result.clone()),
        _ => None,
    });
    results.next().unwrap()
}

fn error(status: u16, code: &str, message: &str) -> Canned {
    (status, format!(r#"{{"__type":"com.amazonaws#{code}","message":"{message}"}}"#))
}

#[test]
fn a_page_of_html_is_malformed_after_one_request() {
    let (wire, _) = canned(|operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        _ => (500, "<!doctype html>\n<html lang=en><title>500 Internal Server Error</title>".to_owned()),
    });
    let (store, all) = once(wire, &[Source::Tables, Source::Backups]);
    assert!(matches!(ended(&all, Source::Tables), Err(SourceError::Malformed(_))), "{:?}", ended(&all, Source::Tables));
    for row in store.ledger().iter().filter(|row| row.operation != "sts:GetCallerIdentity") {
        assert_eq!((row.attempts, &row.outcome), (1, &CallOutcome::Failed("HTTP 500".to_owned())), "{row:?}");
    }
    assert_eq!(store.coverage().scopes_blind.len(), 1);
}

#[test]
fn cut_json_is_malformed_and_server_errors_are_retried() {
    let (wire, _) = canned(|operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        "ListTables" => (200, r#"{"TableNames":["a","#.to_owned()),
        _ => error(500, "InternalServerError", "again"),
    });
    let (store, all) = once(wire, &[Source::Tables, Source::Backups]);
    assert!(matches!(ended(&all, Source::Tables), Err(SourceError::Malformed(_))));
    assert!(matches!(ended(&all, Source::Backups), Err(SourceError::Service(_))));
    let attempts: BTreeMap<_, _> = store.ledger().iter().map(|row| (row.operation, row.attempts)).collect();
    assert_eq!(attempts.get("dynamodb:ListTables"), Some(&1));
    assert_eq!(attempts.get("dynamodb:ListBackups"), Some(&4));
}

#[test]
fn an_operation_denied_for_three_tables_is_not_asked_for_the_rest() {
    let denied = Arc::new(Mutex::new(0));
    let count = denied.clone();
    let (wire, _) = canned(move |operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        "ListTables" => {
            let names: Vec<String> = (0..100).map(|n| format!("\"t{n}\"")).collect();
            (200, format!(r#"{{"TableNames":[{}]}}"#, names.join(",")))
        }
        "DescribeContinuousBackups" => {
            *count.lock().unwrap() += 1;
            let words = "User: x is not authorized to perform: dynamodb:DescribeContinuousBackups on resource: y";
            error(400, "AccessDeniedException", words)
        }
        "GetResourcePolicy" => error(400, "PolicyNotFoundException", "none"),
        "DescribeTable" => (200, r#"{"Table":{"TableStatus":"ACTIVE"}}"#.to_owned()),
        "DescribeTimeToLive" => (200, r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#.to_owned()),
        "DescribeKinesisStreamingDestination" => (200, r#"{"KinesisDataStreamDestinations":[]}"#.to_owned()),
        _ => (200, r#"{"Tags":[{"Key":"k","Value":"v"}]}"#.to_owned()),
    });
    let (store, _) = once(wire, &[Source::Tables]);
    assert!(*denied.lock().unwrap() < 30, "{}", denied.lock().unwrap());
    assert_eq!(store.estate().tables.len(), 100);
    for table in store.estate().tables.values() {
        let fault = table.pitr.fault.as_ref().unwrap();
        assert_eq!(fault.error.missing_action(), Some("dynamodb:DescribeContinuousBackups"));
        assert_eq!(table.policy.value(), Some(&None));
        assert!(table.description.fault.is_none() && table.tags.value().is_some_and(|tags| tags.len() == 1));
    }
    let counted: usize = store.freshness().flat_map(|(_, freshness)| &freshness.partial).map(|(_, count)| count).sum();
    assert_eq!(counted, 100);
}

#[test]
fn endless_pages_end() {
    let (wire, sent) = canned(|operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        _ => (200, r#"{"TableNames":["a"],"LastEvaluatedTableName":"a"}"#.to_owned()),
    });
    let (_, all) = once(wire, &[Source::Tables]);
    assert!(matches!(ended(&all, Source::Tables), Err(SourceError::Malformed(_))));
    assert!(sent.load(Ordering::SeqCst) < 5);
}

#[test]
fn expired_credentials_are_reported_by_every_source_and_denied_ones_by_none() {
    let (wire, _) = canned(|_, _| {
        let text = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>m</Message></Error>\
            </ErrorResponse>";
        (403, text.to_owned())
    });
    let (_, all) = once(wire, &[Source::Identity, Source::Tables, Source::Findings]);
    for source in [Source::Identity, Source::Tables, Source::Findings] {
        assert!(matches!(ended(&all, source), Err(SourceError::Expired { .. })), "{source:?}");
    }
    let (wire, _) = canned(|operation, _| match operation {
        "GetCallerIdentity" => (500, "<html>no such service</html>".to_owned()),
        "ListTables" => (200, r#"{"TableNames":[]}"#.to_owned()),
        _ => error(400, "ValidationException", "m"),
    });
    let (store, all) = once(wire, &[Source::Identity, Source::Tables]);
    assert_eq!(ended(&all, Source::Tables), Ok(()));
    assert!(matches!(ended(&all, Source::Identity), Err(SourceError::Malformed(_))));
    assert_eq!(store.estate().populations.values().next().and_then(Cell::value), Some(&0));
}

#[test]
fn one_account_without_credentials_does_not_end_the_sweep_of_another() {
    let (mut wire, _) = canned(|operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        _ => (200, r#"{"BackupSummaries":[]}"#.to_owned()),
    });
    let inner = wire.http.clone();
    wire.http = http_client_fn(move |settings, components| {
        SharedHttpConnector::new(OneExpired(inner.http_connector(settings, components)))
    });
    wire.estate.insert(0, (Scope::new("444455556666", "eu-west-1"), "AKIAEXPIRED".to_owned()));
    let (store, _) = once(wire, &[Source::Backups]);
    let of = |account: &str| store.freshness_of(Source::Backups, &Scope::new(account, "eu-west-1")).unwrap().clone();
    assert!(of(ACCOUNT).good.is_some());
    assert!(matches!(of("444455556666").fault.unwrap().error, SourceError::Expired { .. }));
}

/// Lets all keys but one through.
#[derive(Debug)]
struct OneExpired(SharedHttpConnector);

impl HttpConnector for OneExpired {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !request.headers().get("authorization").unwrap_or_default().contains("AKIAEXPIRED") {
            return self.0.call(request);
        }
        let text = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>";
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(403).unwrap(), SdkBody::from(text))))
    }
}

#[test]
fn a_silent_endpoint_is_bounded_by_time_outs() {
    #[derive(Debug)]
    struct Silent;
    impl HttpConnector for Silent {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(std::future::pending())
        }
    }
    let (mut wire, _) = canned(|_, _| (200, String::new()));
    wire.http = http_client_fn(|_, _| SharedHttpConnector::new(Silent));
    let clock = wire.clock.clone();
    let (_, all) = once(wire, &[Source::Identity]);
    assert!(matches!(ended(&all, Source::Identity), Err(SourceError::Offline(_))));
    assert!(clock.now().duration_since("2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap()).as_secs() <= 120);
}

#[test]
fn the_data_layer_stops_when_told_and_when_nobody_listens() {
    let wire = |answers: &'static str| canned(move |_, _| (200, answers.to_owned())).0;
    let (handle, commands) = Handle::pair();
    let (to, mut from) = mpsc::channel(8);
    let layer = aws::spawn(wire(IDENTITY), Settings::default(), commands, to);
    assert!(from.blocking_recv().is_some());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    handle.send(Command::Stop(sender));
    while from.blocking_recv().is_some() {}
    receiver.blocking_recv().unwrap();
    layer.join().unwrap().unwrap();

    let (_handle, commands) = Handle::pair();
    let (to, from) = mpsc::channel(8);
    drop(from);
    aws::spawn(wire(IDENTITY), Settings::default(), commands, to).join().unwrap().unwrap();
}

#[test]
fn a_refresh_sweeps_again() {
    let lists = Arc::new(AtomicUsize::new(0));
    let count = lists.clone();
    let (mut wire, _) = canned(move |operation, _| match operation {
        "GetCallerIdentity" => (200, IDENTITY.to_owned()),
        "ListBackups" => {
            count.fetch_add(1, Ordering::SeqCst);
            (200, r#"{"BackupSummaries":[]}"#.to_owned())
        }
        _ => error(400, "ValidationException", "m"),
    });
    // Real time between sweeps: nothing but the refresh can cause the second.
    let wall = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    wire.clock = Clock::simulated_with_wall(Timestamp::UNIX_EPOCH, wall.handle().clone());
    let (handle, commands) = Handle::pair();
    let (to, mut from) = mpsc::channel(64);
    let settings = Settings { sources: vec![Source::Backups], ..Settings::default() };
    let layer = aws::spawn(wire, settings, commands, to);
    wall.block_on(async {
        let mut sweeps = 0;
        while let Some(polled) = from.recv().await {
            if let Polled::Ended { source: Source::Backups, .. } = polled {
                sweeps += 1;
                if sweeps == 2 {
                    break;
                }
                handle.send(Command::Refresh(Some(Source::Backups)));
            }
        }
    });
    drop(from);
    layer.join().unwrap().unwrap();
    assert_eq!(lists.load(Ordering::SeqCst), 2);
}

#[test]
fn the_demo_account_is_read_whole() {
    let demo = Demo::new(DemoOptions::default(), None);
    let (store, all) = once(demo.wire(), &[]);
    let estate = store.estate();
    assert_eq!(estate.scopes.len(), 5);
    let faults: Vec<String> = all
        .iter()
        .filter_map(|polled| match polled {
            Polled::Ended { source, scope, result: Err(error), .. } => {
                Some(format!("{source:?} {scope} {}", error.word()))
            }
            _ => None,
        })
        .collect();
    // What the story denies or leaves out on purpose, and nothing else.
    assert!(faults.iter().all(|fault| fault.ends_with("denied") || fault.ends_with("not enabled")), "{faults:?}");
    assert!(store.freshness().all(|(_, freshness)| !freshness.is_loading() && freshness.running.is_none()));
    assert!(estate.findings.values().any(|finding| !finding.signals.is_empty()), "an attack sequence");
    assert!(estate.findings.values().all(|finding| finding.raw.starts_with('{') && finding.updated.is_some()));
    assert!(estate.stacks.values().any(|stack| {
        let resources = stack.resources.value().map(Vec::as_slice).unwrap_or_default();
        resources.iter().any(|resource| !resource.differences.is_empty() && resource.checked.is_some())
    }));
    assert!(estate.stacks.values().all(|stack| stack.raw.starts_with('{')));
    assert!(estate.rules.values().all(|rule| rule.raw.starts_with('{')));
    assert!(estate.evaluations.values().filter_map(Cell::value).flatten().any(|it| it.annotation.is_some()));
    assert!(estate.trails.values().all(|trail| trail.raw.starts_with('{')));
    assert!(estate.trails.values().any(|trail| trail.selectors.value().is_some_and(|all| !all.is_empty())));
    assert!(
        estate
            .networks
            .values()
            .filter_map(|network| network.endpoints.value())
            .flatten()
            .any(dynakeep::model::Endpoint::is_dynamodb)
    );
    assert!(!store.events().is_empty());
    assert!(store.ledger().iter().all(|row| row.outcome != CallOutcome::Guarded));
}

/// One sweep of everything in the demo account with one fault in every answer.
fn spoiled(fault: Fault) -> (Store, Vec<Polled>) {
    let (wire, injector) = Injector::wrap(Demo::new(DemoOptions::default(), None).wire());
    for row in OPERATIONS.iter().filter(|row| row.label != "sts:GetCallerIdentity") {
        injector.set(row.label, fault);
    }
    once(wire, &[])
}

#[test]
fn no_fault_ends_the_sweep_or_becomes_a_value() {
    // Twenty megabytes in every answer would take minutes to read in a build for tests.
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::HugeBody) {
        let (store, all) = spoiled(fault);
        for source in Source::ALL.into_iter().filter(|source| *source != Source::Identity) {
            let ends = all.iter().filter(|polled| matches!(polled, Polled::Ended { source: of, .. } if *of == source));
            assert_eq!(ends.count(), 5, "{fault:?} {source:?}");
        }
        let word = store.freshness().find(|((source, _), _)| *source == Source::Backups);
        let word = word.and_then(|(_, freshness)| freshness.fault.as_ref()).map(|fault| fault.error.word());
        let estate = store.estate();
        let known = estate.populations.values().filter(|cell| cell.value().is_some()).count();
        assert!(store.calls() < 5_000, "{fault:?}");
        if word.is_some() {
            // The pages of an endless list are real; that the list is whole is what is not known.
            let events = if fault == Fault::EndlessPages { 0 } else { store.events().len() };
            assert_eq!((known, estate.findings.len(), events), (0, 0, 0), "{fault:?}");
        }
    }
}

/// Set in a process that runs one test alone.
const APART: &str = "DYNAKEEP_TEST_APART";

/// Runs one of the tests in a process of its own, whose environment holds nothing but a home.
fn apart(test: &str, home: &std::path::Path) {
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env_clear()
        .env(APART, "1")
        .env("HOME", home)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{test}: {status}");
}

#[test]
fn without_credentials_that_is_said_at_once_and_polling_begins_when_some_are_written() {
    let home = std::env::temp_dir().join(format!("dynakeep-home-{}", std::process::id()));
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    apart("sweeps::child_without_credentials", &home);
    std::fs::remove_dir_all(home).unwrap();
}

/// Run by the test above, in an empty environment; elsewhere there are credentials, and nothing to see.
#[test]
fn child_without_credentials() {
    use std::io::{Read, Write};

    if std::env::var_os(APART).is_none() {
        return;
    }

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let _read = stream.read(&mut request).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", IDENTITY.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(IDENTITY.as_bytes()).unwrap();
        }
    });
    let began = std::time::Instant::now();
    let settings = Settings {
        endpoint: Some(endpoint),
        regions: vec!["eu-west-1".to_owned()],
        sources: vec![Source::Identity, Source::Backups],
        ..Settings::default()
    };
    let (_handle, commands) = Handle::pair();
    let (to, mut from) = mpsc::channel(64);
    let layer = aws::spawn(dynakeep::wire::live::live().unwrap(), settings, commands, to);
    let mut next = || from.blocking_recv().unwrap();
    let error = loop {
        if let Polled::Ended { source: Source::Backups, result: Err(error), .. } = next() {
            break error;
        }
    };
    assert!(began.elapsed().as_millis() < 3000, "{:?}", began.elapsed());
    assert!(matches!(&error, SourceError::NoCredentials(words) if words.contains("none found")), "{error:?}");
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let text = "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n";
    std::fs::write(home.join(".aws/credentials"), text).unwrap();
    let written = std::time::Instant::now();
    let renamed = loop {
        if let Polled::Renamed { to, .. } = next() {
            break to;
        }
    };
    assert_eq!(renamed, Scope::new(ACCOUNT, "eu-west-1"));
    assert!(written.elapsed().as_millis() < 4000, "{:?}", written.elapsed());
    drop(from);
    layer.join().unwrap().unwrap();
}

#[test]
fn the_story_goes_on_at_wall_speed() {
    let wall = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let options = DemoOptions { start: Story::AfterFirstCritical, ..DemoOptions::default() };
    let demo = Demo::new(options, Some(wall.handle().clone()));
    let (handle, commands) = Handle::pair();
    let (to, mut from) = mpsc::channel(64);
    let settings = Settings { event_hours: 24, limits: true, share: 0.5, ..Settings::default() };
    let layer = aws::spawn(demo.wire(), settings, commands, to);
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let began = std::time::Instant::now();
    wall.block_on(async {
        while let Some(polled) = from.recv().await {
            store.apply(polled);
            if store.freshness().count() == 5 * Source::ALL.len()
                && store.freshness().all(|(_, freshness)| !freshness.is_loading())
            {
                break;
            }
        }
        // Somebody looks at a table, and asks for events.
        let arn = store.estate().tables.keys().next().unwrap().clone();
        let before = store.calls();
        handle.send(Command::Look(arn));
        let search = EventSearch { by: SearchBy::Any, since: None, until: None, limit: 60 };
        handle.send(Command::Search(search));
        while store.searches().iter().filter(|(_, reach)| reach.search.by == SearchBy::Any).count() < 5 {
            store.apply(from.recv().await.unwrap());
        }
        assert!(store.calls() >= before + 5);
    });
    assert!(began.elapsed().as_secs() < 20, "the first sweep takes no real time: {:?}", began.elapsed());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    handle.send(Command::Stop(sender));
    wall.block_on(async {
        while from.recv().await.is_some() {}
        receiver.await.unwrap();
    });
    layer.join().unwrap().unwrap();
}
