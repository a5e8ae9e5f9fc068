//! Read-only, proved on the wire: real clients over an HTTP client that counts what reaches it.

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
use crate::model::{CallOutcome, Delta, Origin, Polled, Scope, Source};
use crate::operations::{self, Tier};
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
    let sent = Counter::default();
    let clock = Clock::simulated("2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time"));
    let http = SharedHttpClient::new(sent.clone());
    let wire = Wire { http: http.clone(), clock: clock.clone(), origin: Origin::Demo, estate: Vec::new() };
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
    let clients = session::clients(&http, &config, &scope, &rows, &limiter, &[]);
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
    assert!(matches!(refusal(&error), Some(Refusal::NotInTable(_))), "{label}: {error:?}");
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
    let wire = Wire { http: SharedHttpClient::new(NoBodies), clock, origin: Origin::Demo, estate };
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
