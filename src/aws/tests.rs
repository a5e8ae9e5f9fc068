//! Read-only, proved on the wire: real clients over an HTTP client that counts what reaches it.

mod engines;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::Blob;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;

use super::guard::{Guard, Locked, Refusal};
use super::ledger::Rows;
use super::limiter::Limiter;
use super::session::{self, Clients, Place};
use crate::model::{CallOutcome, Delta, EngineEnd, Origin, Polled, Scope, Source};
use crate::operations::{self, Tier};
use crate::trail::engine::{Name, Statement, Window, Work};
use crate::wire::{Clock, Wire};

/// Answers every request with an empty JSON object, and counts them.
#[derive(Debug, Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn sent(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl HttpConnector for Counter {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::Relaxed);
        let status = StatusCode::try_from(200).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from("{}"))))
    }
}

impl HttpClient for Counter {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

struct Bench {
    clients: Clients,
    config: aws_config::SdkConfig,
    rows: Arc<Rows>,
    sent: Counter,
}

/// The session's clients of one scope, over the counter.
async fn bench() -> Bench {
    bench_paying(&[]).await
}

/// The same, with operations of the paid tier switched on.
async fn bench_paying(paid: &[&'static str]) -> Bench {
    let sent = Counter::default();
    let clock = Clock::simulated("2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time"));
    let http = SharedHttpClient::new(sent.clone());
    let wire =
        Wire { http: http.clone(), clock: clock.clone(), origin: Origin::Demo, estate: Vec::new(), doors: Vec::new() };
    let place = Place {
        profile: None,
        region: Some("eu-west-1".to_owned()),
        key: Some("AKIDEXAMPLE".to_owned()),
        endpoint: None,
    };
    let scope = Arc::new(RwLock::new(Scope::new("111122223333", "eu-west-1")));
    let rows = Arc::new(Rows::new(scope.clone(), clock.clone()));
    let config = session::configure(&wire, &place, rows.clone()).await;
    let limiter = Arc::new(Limiter::new(clock, false, 1.0));
    let clients = session::clients(&http, &config, &scope, &rows, &limiter, paid);
    Bench { clients, config, rows, sent }
}

/// The guard's refusal within an error, if it is one.
fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Refusal> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn is_refused<T: std::fmt::Debug, E: Error + 'static, R: std::fmt::Debug + 'static>(
    label: &str,
    answer: Result<T, SdkError<E, R>>,
) {
    let error = answer.expect_err(label);
    assert!(matches!(refusal(&error), Some(Refusal::NotInTable(_) | Refusal::Off(..))), "{label}: {error:?}");
}

macro_rules! refused {
    ($($call:expr),+ $(,)?) => {
        $(is_refused(stringify!($call), $call.await);)+
    };
}

#[tokio::test(start_paused = true)]
async fn a_write_and_a_read_that_the_table_lacks_are_refused_by_every_client() {
    let Bench { clients: c, rows, sent, .. } = bench().await;
    let (role, key) = ("arn:aws:iam::111122223333:role/x", aws_sdk_dynamodb::types::AttributeValue::S("x".into()));
    refused!(
        c.dynamodb.delete_table().table_name("orders").send(),
        c.dynamodb.put_item().table_name("orders").item("id", key.clone()).send(),
        c.dynamodb.get_item().table_name("orders").key("id", key).send(),
        c.dynamodb.scan().table_name("orders").send(),
        c.dynamodb.execute_statement().statement("SELECT * FROM orders").send(),
        c.guardduty.delete_detector().detector_id("d").send(),
        c.guardduty.get_ip_set().detector_id("d").ip_set_id("i").send(),
        c.config.delete_config_rule().config_rule_name("r").send(),
        c.config.get_stored_query().query_name("q").send(),
        c.cloudtrail.delete_trail().name("t").send(),
        c.cloudtrail.get_channel().channel("c").send(),
        c.cloudtrail.start_query().query_statement("SELECT 1").send(),
        c.cloudformation.delete_stack().stack_name("s").send(),
        c.cloudformation.get_template().stack_name("s").send(),
        c.cloudformation.detect_stack_drift().stack_name("s").send(),
        c.kms.schedule_key_deletion().key_id("k").send(),
        c.kms.decrypt().ciphertext_blob(Blob::new(*b"x")).send(),
        c.kms.get_public_key().key_id("k").send(),
        c.sts.assume_role().role_arn(role).role_session_name("x").send(),
        c.sts.get_session_token().send(),
        c.ec2.call("TerminateInstances", vec![("InstanceId.1".to_owned(), "i-1".to_owned())]),
        c.ec2.call("GetPasswordData", vec![("InstanceId".to_owned(), "i-1".to_owned())]),
    );
    assert_eq!(sent.sent(), 0, "a refused call left the process");
    let ledger = rows.drain();
    assert_eq!(ledger.len(), 22, "every refused call has its row");
    assert!(ledger.iter().all(|row| row.outcome == CallOutcome::Guarded && row.attempts == 0), "{ledger:?}");

    // The counter does count: what the table holds goes out.
    let tables = c.dynamodb.list_tables().send().await.expect("an answer");
    assert!(tables.table_names().is_empty());
    assert_eq!(sent.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn engines_are_refused_until_they_are_switched_on() {
    let log = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/01/1_CloudTrail_eu-west-1_20260101T0000Z_a.json.gz";
    let none = serde_json::json!({});
    let Bench { clients: c, rows, sent, .. } = bench().await;
    refused!(
        c.athena.call("StartQueryExecution", none.clone()),
        c.athena.call("GetQueryResults", none.clone()),
        c.athena.call("StopQueryExecution", none.clone()),
        c.logs.call("StartQuery", none.clone()),
        c.logs.call("StopQuery", none.clone()),
        c.s3.list("bucket", Vec::new()),
        c.s3.log("bucket", log),
        c.cloudtrail.start_query().query_statement("SELECT 1").send(),
        c.cloudtrail.cancel_query().query_id("q").send(),
    );
    assert_eq!(sent.sent(), 0);
    assert!(rows.drain().iter().all(|row| row.outcome == CallOutcome::Guarded));
    let error = c.athena.call("StartQueryExecution", none.clone()).await.expect_err("it is off");
    let words = refusal(&error).expect("a refusal").to_string();
    assert!(words.contains("engines.athena.enabled"), "{words}");

    // One that is switched on is one alone, and is still no way to write or to read other things.
    let paid: Vec<_> = ["engines.athena", "engines.s3"].into_iter().flat_map(operations::switched_by).collect();
    let Bench { clients: c, sent, .. } = bench_paying(&paid).await;
    assert!(c.athena.call("StartQueryExecution", none.clone()).await.is_ok());
    assert_eq!(sent.sent(), 1);
    refused!(
        c.logs.call("StartQuery", none.clone()),
        c.cloudtrail.start_query().query_statement("SELECT 1").send(),
        c.athena.call("DeleteWorkGroup", none.clone()),
        c.athena.call("CreateNamedQuery", none),
    );
    assert_eq!(sent.sent(), 1);
    for key in ["secrets/passwords.json", "AWSLogs/1/CloudTrail-Digest/a_CloudTrail_b.json.gz", "a/CloudTrail/b.txt"] {
        assert!(c.s3.log("bucket", key).await.is_err(), "{key}");
    }
    assert_eq!(sent.sent(), 1, "only log files of a trail are fetched");
    assert!(c.s3.log("bucket", log).await.is_ok());
    assert_eq!(sent.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_built_without_the_guard_sends_nothing() {
    let Bench { config, sent, .. } = bench().await;
    let client = aws_sdk_dynamodb::Client::from_conf(aws_sdk_dynamodb::config::Builder::from(&config).build());
    let error = client.list_tables().send().await.expect_err("no guard, no stamp");
    assert!(matches!(refusal(&error), Some(Refusal::Unstamped(_))), "{error:?}");
    assert_eq!(sent.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_all_operations_of_the_sdk_only_rows_of_the_free_tiers_are_sent() {
    let all = include_str!("../../tests/it/sdk_operations.txt").lines().filter(|line| !line.starts_with('#'));
    let mut let_through = 0;
    for line in all {
        let (service, name) = line.split_once(':').expect("service:Operation");
        let sent = Counter::default();
        let call = Operation::builder()
            .service_name(service)
            .operation_name(name)
            .http_client(Locked::new(SharedHttpClient::new(sent.clone())))
            .endpoint_url("https://example.test")
            .no_auth()
            .no_retry()
            .interceptor(SharedInterceptor::permanent(Guard::default()))
            .serializer(|()| Ok(HttpRequest::empty()))
            .deserializer::<(), Refusal>(|_| Ok::<(), OrchestratorError<Refusal>>(()))
            .build();
        let answer = call.invoke(()).await;
        let row = operations::find(service, name).filter(|row| row.tier != Tier::Paid);
        assert_eq!(sent.sent(), usize::from(row.is_some()), "{line}");
        match row {
            Some(_) => let_through += usize::from(answer.is_ok()),
            None => is_refused(line, answer),
        }
    }
    assert!(let_through > 100, "only {let_through} were let through");
}

/// Answers GuardDuty with one finding that may be listed but not read.
#[derive(Debug, Clone)]
struct NoBodies;

impl HttpConnector for NoBodies {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let path = request.uri().split('?').next().unwrap_or_default();
        let denied = r#"{"__type":"AccessDeniedException","message":"m"}"#;
        let (status, body) = if path.ends_with("/findings/get") {
            (403, denied)
        } else if path.ends_with("/findings") {
            (200, r#"{"findingIds":["f"]}"#)
        } else if path.ends_with("/detector/d") {
            (200, r#"{"status":"ENABLED","serviceRole":"r"}"#)
        } else if path.ends_with("/detector") {
            (200, r#"{"detectorIds":["d"]}"#)
        } else {
            (403, denied)
        };
        let mut response = HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body));
        if status == 403 {
            response.headers_mut().insert("x-amzn-errortype", "AccessDeniedException");
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for NoBodies {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[test]
fn findings_that_cannot_be_read_are_no_list_of_findings() {
    let clock = Clock::simulated("2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time"));
    let estate = vec![(Scope::new("111122223333", "eu-west-1"), "AKIDEXAMPLE".to_owned())];
    let wire = Wire { http: SharedHttpClient::new(NoBodies), clock, origin: Origin::Demo, estate, doors: Vec::new() };
    let settings = super::Settings { once: true, sources: vec![Source::Findings], ..super::Settings::default() };
    let (_handle, commands) = super::Handle::pair();
    let (to, mut from) = tokio::sync::mpsc::channel(64);
    let layer = super::spawn(wire, settings, commands, to);
    let mut lists = Vec::new();
    while let Some(polled) = from.blocking_recv() {
        let Polled::Data { deltas, .. } = polled else { continue };
        lists.extend(deltas.into_iter().filter_map(|delta| match delta {
            Delta::FindingIds(outcome) => Some(outcome),
            _ => None,
        }));
    }
    layer.join().expect("no panic").expect("a start");
    assert_eq!(lists.len(), 1, "{lists:?}");
    let fault = lists.remove(0).expect_err("a fault");
    assert_eq!(fault.error.missing_action(), Some("guardduty:GetFindings"));
}

/// Athena as it answers while a query runs on and on, and what was asked of it.
#[derive(Debug, Clone, Default)]
struct Endless(Arc<std::sync::Mutex<Vec<String>>>);

impl HttpConnector for Endless {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut asked = self.0.lock().expect("the list");
        let looks = asked.iter().filter(|of| *of == "GetQueryExecution").count();
        let body = match name.as_str() {
            "GetWorkGroup" => serde_json::json!({"WorkGroup": {"Configuration": {}}}),
            "StartQueryExecution" => serde_json::json!({"QueryExecutionId": "q-1"}),
            "GetQueryExecution" => serde_json::json!({"QueryExecution": {
                "Status": {"State": "RUNNING"}, "Statistics": {"DataScannedInBytes": looks * 1_000},
            }}),
            _ => serde_json::json!({}),
        };
        asked.push(name);
        let status = StatusCode::try_from(200).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}

impl HttpClient for Endless {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// How a question to Athena ends that never ends by itself, and what was asked.
fn endless(
    max_bytes: Option<u64>,
    end: impl Fn(&crate::model::EngineNews, &super::Handle),
) -> (EngineEnd, Vec<String>) {
    let service = Endless::default();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let clock = Clock::simulated(now);
    let estate = vec![(Scope::new("111122223333", "eu-west-1"), "AKIDEXAMPLE".to_owned())];
    let wire =
        Wire { http: SharedHttpClient::new(service.clone()), clock, origin: Origin::Demo, estate, doors: Vec::new() };
    let paid = operations::switched_by("engines.athena").collect();
    let settings = super::Settings { sources: vec![Source::Identity], paid, ..super::Settings::default() };
    let (handle, commands) = super::Handle::pair();
    let (to, mut from) = tokio::sync::mpsc::channel(64);
    let layer = super::spawn(wire, settings, commands, to);
    let statement = Statement { text: "SELECT 1".to_owned(), partitions: vec![], residual: vec![], never: false };
    handle.send(super::Command::Ask(Box::new(super::Ask {
        engine: Name::Athena,
        work: Work::Statement(statement),
        target: super::Target::Athena { database: "d".to_owned(), workgroup: "w".to_owned(), output: None },
        region: None,
        window: Window::of(&[], now),
        max_bytes,
        most: 10,
        listing: None,
        dry: false,
    })));
    let mut ended = None;
    while let Some(polled) = from.blocking_recv() {
        let Polled::Engine(news) = polled else { continue };
        end(&news, &handle);
        if news.ended.is_some() {
            ended = news.ended;
            break;
        }
    }
    drop(from);
    layer.join().expect("no panic").expect("a start");
    let asked = service.0.lock().expect("the list").clone();
    (ended.expect("an end"), asked)
}

#[test]
fn a_query_that_nobody_wants_is_stopped_at_its_service() {
    let cancel = |news: &crate::model::EngineNews, handle: &super::Handle| {
        if news.scanned.is_some_and(|scanned| scanned >= 2_000) {
            handle.send(super::Command::Cancel);
        }
    };
    let (ended, asked) = endless(None, cancel);
    assert_eq!(ended, EngineEnd::Cancelled);
    assert_eq!(asked.iter().filter(|name| *name == "StopQueryExecution").count(), 1, "{asked:?}");
    // STS names its operations elsewhere.
    let last = asked.iter().rfind(|name| !name.is_empty());
    assert_eq!(last.map(String::as_str), Some("StopQueryExecution"));
}

#[test]
fn a_query_that_scans_more_than_it_may_is_stopped() {
    let (ended, asked) = endless(Some(2_500), |_, _| {});
    assert!(matches!(&ended, EngineEnd::TooLarge(why) if why.contains("3000 bytes")), "{ended:?}");
    assert_eq!(asked.iter().filter(|name| *name == "StopQueryExecution").count(), 1, "{asked:?}");
}
