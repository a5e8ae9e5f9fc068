//! Engines over services that answer as told: what is stopped, what is not repeated, and what is not taken for whole.

use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::model::EngineNews;
use crate::trail::engine::Root;
use crate::trail::engine::s3::Selection;

type Told = dyn Fn(&str, usize) -> Option<(u16, String)> + Send + Sync;

/// Answers as told by operation, or path, and how often it was called before; `None` takes ten seconds and cancels.
#[derive(Clone)]
struct Script {
    told: Arc<Told>,
    asked: Arc<Mutex<Vec<String>>>,
    handle: super::super::Handle,
    clock: Clock,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let path = request.uri().split_once("amazonaws.com").map_or(request.uri(), |(_, path)| path);
        let name = target.unwrap_or(path).to_owned();
        let before = {
            let mut asked = self.asked.lock().expect("the list");
            asked.push(name.clone());
            asked.iter().filter(|of| **of == name).count() - 1
        };
        let answer = |(status, body): (u16, String)| {
            Ok(HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body)))
        };
        match (self.told)(&name, before) {
            Some(told) => HttpConnectorFuture::ready(answer(told)),
            None => {
                let (told, handle, clock) = (self.told.clone(), self.handle.clone(), self.clock.clone());
                HttpConnectorFuture::new(async move {
                    handle.send(super::super::Command::Cancel);
                    clock.sleep(Duration::from_secs(10)).await;
                    answer(told(&name, usize::MAX).expect("an answer"))
                })
            }
        }
    }
}

impl HttpClient for Script {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

struct Came {
    news: EngineNews,
    records: usize,
    asked: Vec<String>,
}

impl Came {
    fn times(&self, name: &str) -> usize {
        self.asked.iter().filter(|of| *of == name).count()
    }
}

/// Asks one engine over a script, to the end.
fn ask(
    (engine, target, work): (Name, super::super::Target, Work),
    told: impl Fn(&str, usize) -> Option<(u16, String)> + Send + Sync + 'static,
) -> Came {
    let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
    let (handle, commands) = super::super::Handle::pair();
    let clock = Clock::simulated(now);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let script = Script { told: Arc::new(told), asked: asked.clone(), handle: handle.clone(), clock: clock.clone() };
    let estate = vec![(Scope::new("111122223333", "eu-west-1"), "AKIDEXAMPLE".to_owned())];
    let wire = Wire { http: SharedHttpClient::new(script), clock, origin: Origin::Demo, estate, doors: Vec::new() };
    let paid = ["athena", "insights", "lake", "s3"]
        .into_iter()
        .flat_map(|engine| {
            operations::switched_by(match engine {
                "athena" => "engines.athena",
                "insights" => "engines.insights",
                "lake" => "engines.lake",
                _ => "engines.s3",
            })
        })
        .collect();
    let settings = super::super::Settings { sources: vec![Source::Identity], paid, ..Default::default() };
    let (to, mut from) = tokio::sync::mpsc::channel(64);
    let layer = super::super::spawn(wire, settings, commands, to);
    handle.send(super::super::Command::Ask(Box::new(super::super::Ask {
        engine,
        work,
        target,
        region: None,
        window: Window::of(&[], now),
        max_bytes: None,
        most: 10,
        listing: None,
        dry: false,
    })));
    let (mut news, mut records) = (EngineNews::default(), 0);
    while let Some(polled) = from.blocking_recv() {
        match polled {
            Polled::Engine(of) => news = *of,
            Polled::Data { deltas, .. } => {
                records += deltas.iter().map(|of| if let Delta::Events(of) = of { of.len() } else { 0 }).sum::<usize>();
            }
            _ => {}
        }
        if news.ended.is_some() {
            break;
        }
    }
    drop(from);
    layer.join().expect("no panic").expect("a start");
    let asked = asked.lock().expect("the list").clone();
    Came { news, records, asked }
}

fn statement() -> Work {
    Work::Statement(Statement { text: "SELECT 1".to_owned(), partitions: vec![], residual: vec![], never: false })
}

fn athena() -> (Name, super::super::Target, Work) {
    let target = super::super::Target::Athena { database: "d".to_owned(), workgroup: "w".to_owned(), output: None };
    (Name::Athena, target, statement())
}

fn ok(body: &serde_json::Value) -> Option<(u16, String)> {
    Some((200, body.to_string()))
}

fn refusal_of(code: &str) -> Option<(u16, String)> {
    Some((400, serde_json::json!({"__type": code, "message": "no"}).to_string()))
}

fn failure(came: &Came) -> String {
    match &came.news.ended {
        Some(EngineEnd::Failed(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_that_can_no_longer_be_watched_is_stopped() {
    let came = ask(athena(), |name, _| match name {
        "StartQueryExecution" => ok(&serde_json::json!({"QueryExecutionId": "q-1"})),
        "GetQueryExecution" => refusal_of("AccessDeniedException"),
        _ => ok(&serde_json::json!({})),
    });
    assert!(failure(&came).starts_with("denied: athena:GetQueryExecution"));
    assert_eq!((came.times("StopQueryExecution"), came.news.left.as_deref()), (1, None));
}

#[test]
fn that_a_query_could_not_be_stopped_is_told() {
    let came = ask(athena(), |name, _| match name {
        "StartQueryExecution" => ok(&serde_json::json!({"QueryExecutionId": "q-1"})),
        "GetQueryExecution" | "StopQueryExecution" => refusal_of("AccessDeniedException"),
        _ => ok(&serde_json::json!({})),
    });
    let left = came.news.left.expect("words");
    assert!(left.contains("q-1") && left.contains("denied: athena:StopQueryExecution"), "{left}");
}

#[test]
fn a_query_that_is_cancelled_while_it_starts_is_stopped_once_its_id_is_known() {
    let came = ask(athena(), |name, before| match name {
        "StartQueryExecution" if before == 0 => None,
        "StartQueryExecution" => ok(&serde_json::json!({"QueryExecutionId": "q-1"})),
        "GetQueryExecution" => ok(&serde_json::json!({"QueryExecution": {"Status": {"State": "RUNNING"}}})),
        _ => ok(&serde_json::json!({})),
    });
    assert_eq!(came.news.ended, Some(EngineEnd::Cancelled));
    assert_eq!((came.times("StartQueryExecution"), came.times("StopQueryExecution")), (1, 1), "{:?}", came.asked);
}

#[test]
fn a_start_without_a_token_is_made_once() {
    for (engine, target, name) in [
        (Name::Insights, super::super::Target::Insights("trail".to_owned()), "StartQuery"),
        (Name::Lake, super::super::Target::Lake, "StartQuery"),
    ] {
        let came = ask((engine, target.clone(), statement()), |name, _| match name {
            "StartQuery" => Some((500, r#"{"__type":"InternalFailure","message":"oops"}"#.to_owned())),
            _ => ok(&serde_json::json!({"logGroups": []})),
        });
        assert_eq!(came.times(name), 1, "{engine:?}: {:?}", came.asked);
        assert!(came.news.left.expect("words").contains("may have started a query"), "{engine:?}");
        // What was throttled was not started.
        let came = ask((engine, target, statement()), |name, before| match name {
            "StartQuery" if before == 0 => refusal_of("ThrottlingException"),
            "StartQuery" => ok(&serde_json::json!({"queryId": "q", "QueryId": "q"})),
            "DescribeQuery" => ok(&serde_json::json!({"QueryStatus": "FINISHED"})),
            "GetQueryResults" if before == 0 => {
                ok(&serde_json::json!({"status": "Complete", "results": [], "QueryResultRows": []}))
            }
            _ => ok(&serde_json::json!({"logGroups": []})),
        });
        assert_eq!((came.times(name), came.news.ended), (2, Some(EngineEnd::Whole)), "{engine:?}");
    }
}

#[test]
fn an_answer_of_the_lake_without_rows_is_no_empty_one() {
    let lake = || (Name::Lake, super::super::Target::Lake, statement());
    let answer = |last: serde_json::Value| {
        ask(lake(), move |name, _| match name {
            "StartQuery" => ok(&serde_json::json!({"QueryId": "q"})),
            "DescribeQuery" => ok(&serde_json::json!({"QueryStatus": "FINISHED"})),
            _ => ok(&last),
        })
    };
    assert!(failure(&answer(serde_json::json!({"QueryStatus": "FINISHED"}))).contains("QueryResultRows"));
    let short = serde_json::json!({"QueryResultRows": [], "QueryStatistics": {"TotalResultsCount": 3}});
    assert!(matches!(answer(short).news.ended, Some(EngineEnd::Cut(why)) if why.contains("0 of 3")));
}

fn objects(root: &str) -> (Name, super::super::Target, Work) {
    let window = Window::of(&[], "2026-01-02T00:00:00Z".parse().expect("a time"));
    let root = Root::parse(root).expect("a place");
    (Name::S3, super::super::Target::S3, Work::Objects(Selection { root, regions: vec![], window, every: false }))
}

fn key(account: u64, number: usize) -> String {
    let base = format!("AWSLogs/{account}/CloudTrail/eu-west-1/2026/01/01");
    format!("{base}/{account}_CloudTrail_eu-west-1_20260101T1200Z_{number}.json.gz")
}

/// A bucket with these accounts, and so many objects in each.
fn bucket(accounts: &'static [u64], each: usize, path: &str) -> Option<(u16, String)> {
    let list = |inside: String| {
        Some((200, format!("<ListBucketResult><IsTruncated>false</IsTruncated>{inside}</ListBucketResult>")))
    };
    let prefix = |of: String| format!("<CommonPrefixes><Prefix>{of}</Prefix></CommonPrefixes>");
    let (_, query) = path.split_once("?")?;
    let query = query.replace("%2F", "/");
    let of = query.split('&').find_map(|word| word.strip_prefix("prefix=")).unwrap_or_default();
    match of.split('/').collect::<Vec<_>>().as_slice() {
        [""] => list(prefix("AWSLogs/".to_owned())),
        ["AWSLogs", ""] => list(accounts.iter().map(|account| prefix(format!("AWSLogs/{account}/"))).collect()),
        ["AWSLogs", account, ""] => list(prefix(format!("AWSLogs/{account}/CloudTrail/"))),
        ["AWSLogs", account, "CloudTrail", ""] => list(prefix(format!("AWSLogs/{account}/CloudTrail/eu-west-1/"))),
        ["AWSLogs", account, ..] => {
            let account = account.parse().expect("an account");
            let object = |number| format!("<Contents><Key>{}</Key><Size>10</Size></Contents>", key(account, number));
            list((0..each).map(object).collect())
        }
        _ => list(String::new()),
    }
}

fn log_file() -> Option<(u16, String)> {
    let record = r#"{"eventVersion":"1.08","eventSource":"dynamodb.amazonaws.com","eventName":"UpdateTable"}"#;
    Some((200, format!("{{\"Records\":[{record}]}}")))
}

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

#[test]
fn one_denied_object_stops_no_other_and_an_account_that_is_denied_whole_is_soon_left_alone() {
    const ACCOUNTS: &[u64] = &[111_122_223_333, 444_455_556_666];
    let came = ask(objects("s3://trail-bucket"), |path, _| match path {
        path if path.contains('?') => bucket(ACCOUNTS, 60, path),
        path if path.contains("111122223333") || path.ends_with("_7.json.gz") => Some((403, DENIED.to_owned())),
        _ => log_file(),
    });
    assert_eq!((came.records, came.news.unread_count), (59, 61), "{:?}", came.news);
    assert!(matches!(&came.news.ended, Some(EngineEnd::Cut(why)) if why.contains("61 of 120")), "{:?}", came.news);
    let denied = came.asked.iter().filter(|path| path.contains("/111122223333_")).count();
    assert!((3..=19).contains(&denied), "{denied} objects of an account that may not be read were asked for");
}

#[test]
fn what_is_no_listing_and_where_no_trail_lies_is_no_empty_answer() {
    let html = ask(objects("s3://trail-bucket"), |_, _| Some((200, "<html><body>sign in</body></html>".to_owned())));
    assert!(failure(&html).contains("it is no listing of S3"), "{}", failure(&html));
    const NONE: &[u64] = &[];
    for root in ["s3://trail-bucket/elsewhere", "s3://trail-bucket/AWSLogs/111122223333/CloudTrail/eu-west-1"] {
        let came = ask(objects(root), |path, _| match path {
            path if path.contains("prefix=elsewhere") => bucket(NONE, 0, "/?prefix=nothing"),
            path => bucket(NONE, 0, path),
        });
        assert!(failure(&came).contains("no trail lies below") && failure(&came).contains("--trail"), "{root}");
    }
    const QUIET: &[u64] = &[111_122_223_333];
    let quiet = ask(objects("s3://trail-bucket"), |path, _| bucket(QUIET, 0, path));
    assert_eq!(quiet.news.ended, Some(EngineEnd::Whole), "a trail that wrote nothing");
    let moved = ask(objects("s3://trail-bucket"), |_, _| {
        Some((301, "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>".to_owned()))
    });
    assert!(failure(&moved).contains("[engines.s3]"), "{}", failure(&moved));
}
