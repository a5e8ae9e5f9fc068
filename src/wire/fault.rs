//! The fault injector: between clients and the connector below, it spoils the answers of chosen operations at
//! the HTTP level, so that every fault goes through signing, retries and parsing like a real one.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::protocol::{Called, Protocol, Refusal, identify, respond};
use super::{Clock, Wire};

/// What can go wrong between a client and a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller may not.
    AccessDenied,
    /// The caller is too fast, at every try.
    Throttle,
    /// HTTP 500 in the service's own form.
    ServerError,
    /// HTTP 500 with a web page, as proxies and emulators answer.
    Html,
    /// No answer, ever.
    Hang,
    /// The connection breaks.
    Reset,
    /// Half of the real body.
    Truncated,
    /// The real body with values of other types.
    WrongTypes,
    /// The first real page again and again, each time with a new token.
    EndlessPages,
    /// The session ran out.
    ExpiredToken,
    /// The real body with 20 MB of what nobody asked for.
    HugeBody,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::AccessDenied,
        Self::Throttle,
        Self::ServerError,
        Self::Html,
        Self::Hang,
        Self::Reset,
        Self::Truncated,
        Self::WrongTypes,
        Self::EndlessPages,
        Self::ExpiredToken,
        Self::HugeBody,
    ];
}

/// The hand on the switch: faults by operation, changed at any time.
#[derive(Debug, Clone, Default)]
pub struct Injector {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    faults: Mutex<HashMap<String, Fault>>,
    /// First pages, by operation, account and region, for pages without end.
    pages: Mutex<HashMap<String, Vec<u8>>>,
    count: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Injector {
    /// A wire with an injector in front of it that spoils nothing yet.
    #[must_use]
    pub fn wrap(wire: Wire) -> (Wire, Self) {
        let injector = Self::default();
        let (http, clock, hand) = (wire.http.clone(), wire.clock.clone(), injector.clone());
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Faulty {
                below: http.http_connector(settings, components),
                clock: clock.clone(),
                injector: hand.clone(),
            })
        });
        (Wire { http, ..wire }, injector)
    }

    /// Spoils an operation from now on: `dynamodb:DescribeTable`, or `*` for every one that has no fault of its own.
    pub fn set(&self, operation: &str, fault: Fault) {
        lock(&self.inner.pages).clear();
        lock(&self.inner.faults).insert(operation.to_owned(), fault);
    }

    /// Spoils nothing any more.
    pub fn clear(&self) {
        lock(&self.inner.pages).clear();
        lock(&self.inner.faults).clear();
    }

    fn fault(&self, label: &str) -> Option<Fault> {
        let faults = lock(&self.inner.faults);
        faults.get(label).or_else(|| faults.get("*")).copied()
    }

    /// The first page of this operation, account and region, whatever page was asked for.
    fn endless(&self, called: &Called, body: &[u8]) -> Vec<u8> {
        let turn = self.inner.count.fetch_add(1, Ordering::Relaxed);
        let place = format!("{}/{}/{}", called.label(), called.access_key, called.region);
        let page = lock(&self.inner.pages).entry(place).or_insert_with(|| body.to_vec()).clone();
        with_token(called, page, &format!("endless-{turn}"))
    }
}

#[derive(Debug)]
struct Faulty {
    below: SharedHttpConnector,
    clock: Clock,
    injector: Injector,
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let called = identify(&request);
        let Some(fault) = self.injector.fault(&called.label()) else { return self.below.call(request) };
        let (clock, injector) = (self.clock.clone(), self.injector.clone());
        // What needs no real answer asks for none.
        let real = matches!(fault, Fault::Truncated | Fault::WrongTypes | Fault::EndlessPages | Fault::HugeBody)
            .then(|| self.below.call(request));
        HttpConnectorFuture::new(async move {
            let Some(real) = real else {
                clock.sleep(Duration::from_millis(30)).await;
                return refuse(fault, &called).await;
            };
            let real = real.await?;
            Ok(spoil(fault, &called, &injector, real))
        })
    }
}

async fn refuse(fault: Fault, called: &Called) -> Result<HttpResponse, ConnectorError> {
    let refusal = match fault {
        Fault::Hang => return pending().await,
        Fault::Reset => {
            let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer");
            return Err(ConnectorError::io(reset.into()));
        }
        Fault::Html => {
            let page = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server \
                        Error</h1>\n<p>The server encountered an internal error.</p>\n";
            let mut response = respond(called, "", 500, page);
            response.headers_mut().insert("content-type", "text/html; charset=utf-8");
            return Ok(response);
        }
        Fault::Throttle => Refusal::throttled(called.protocol),
        Fault::ExpiredToken => Refusal::expired(called.protocol),
        Fault::AccessDenied => {
            let principal = "arn:aws:sts::111122223333:assumed-role/prod-audit/dynakeep";
            let because = format!("because no identity-based policy allows the {} action", called.label());
            Refusal::denied(called, principal, "*", &because)
        }
        _ => Refusal::internal(called.protocol),
    };
    Ok(refusal.response(called, "00000000-0000-4000-8000-00000000fa17"))
}

/// Changes a good answer; one that is not good stays as it is.
fn spoil(fault: Fault, called: &Called, injector: &Injector, mut real: HttpResponse) -> HttpResponse {
    let endless = fault == Fault::EndlessPages;
    // Pages without end go on although the connector below refuses the tokens it never gave.
    if !real.status().is_success() && !endless {
        return real;
    }
    let body = real.body().bytes().unwrap_or_default();
    let body = match fault {
        Fault::Truncated => body.get(..body.len() / 2).unwrap_or_default().to_vec(),
        Fault::WrongTypes => wrong_types(called, body),
        Fault::EndlessPages => injector.endless(called, body),
        _ => padded(called, body),
    };
    if endless {
        return respond(called, "00000000-0000-4000-8000-00000000fa17", 200, body);
    }
    *real.body_mut() = SdkBody::from(body);
    real
}

fn wrong_types(called: &Called, body: &[u8]) -> Vec<u8> {
    if matches!(called.protocol, Protocol::Query | Protocol::Ec2 | Protocol::Xml) {
        return wrong_texts(&String::from_utf8_lossy(body)).into_bytes();
    }
    let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        for field in fields.values_mut() {
            *field = match field {
                Value::String(_) | Value::Object(_) => json!(17),
                Value::Array(_) => json!({ "seventeen": 17 }),
                _ => json!("seventeen"),
            };
        }
    }
    value.to_string().into_bytes()
}

/// XML whose every text is a word where numbers, times and truths are expected.
fn wrong_texts(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for (place, part) in body.split('<').enumerate() {
        if place > 0 {
            out.push('<');
        }
        match part.split_once('>') {
            Some((tag, text)) if !text.trim().is_empty() => {
                out.push_str(tag);
                out.push_str(">seventeen");
            }
            _ => out.push_str(part),
        }
    }
    out
}

const HUGE: usize = 20 * 1024 * 1024;

fn padded(called: &Called, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + HUGE + 32);
    let json = matches!(called.protocol, Protocol::Json | Protocol::Rest);
    let (before, after): (&[u8], &[u8]) = if json { (b"{\"padding\":\"", b"\",") } else { (b"<!--", b"-->") };
    let body = if json { body.strip_prefix(b"{").unwrap_or(body) } else { body };
    // A comment goes behind the document; a member goes before the others.
    if !json {
        out.extend_from_slice(body);
    }
    out.extend_from_slice(before);
    out.resize(out.len() + HUGE, b'x');
    if json && body == b"}" {
        out.extend_from_slice(b"\"}");
        return out;
    }
    out.extend_from_slice(after);
    if json {
        out.extend_from_slice(body);
    }
    out
}

/// The page with another token for the next one, for operations that have pages.
fn with_token(called: &Called, page: Vec<u8>, token: &str) -> Vec<u8> {
    let member = match (called.service.as_str(), called.operation.as_str()) {
        ("dynamodb", "ListTables") => "LastEvaluatedTableName",
        ("dynamodb", "ListBackups") => "LastEvaluatedBackupArn",
        ("guardduty", "ListFindings" | "ListDetectors" | "ListFilters") => "nextToken",
        (
            "config",
            "DescribeConfigRules"
            | "DescribeComplianceByConfigRule"
            | "DescribeRemediationExecutionStatus"
            | "GetComplianceDetailsByConfigRule",
        )
        | ("cloudtrail", "LookupEvents" | "ListEventDataStores")
        | (
            "dynamodb",
            "ListTagsOfResource" | "ListContributorInsights" | "ListExports" | "ListImports" | "ListBulkOperations",
        )
        | ("cloudwatch", "DescribeAlarms")
        | ("cloudformation", "DescribeStacks" | "ListStackResources" | "DescribeStackResourceDrifts") => "NextToken",
        (
            "backup",
            "ListCopyJobs"
            | "ListRestoreJobs"
            | "ListBackupPlans"
            | "ListBackupSelections"
            | "ListBackupVaults"
            | "ListProtectedResources"
            | "ListRecoveryPointsByBackupVault",
        )
        | ("shield", "ListProtections")
        | ("events", "ListRules" | "ListTargetsByRule")
        | ("securityhub", "GetEnabledStandards")
        | ("dax", "DescribeClusters")
        | ("application-autoscaling", "DescribeScalableTargets") => "NextToken",
        (
            "guardduty",
            "ListPublishingDestinations" | "ListCustomDetectionRules" | "ListCustomDetectionRuleAssociations",
        )
        | ("logs", "DescribeMetricFilters") => "nextToken",
        ("lambda", "ListEventSourceMappings") => "NextMarker",
        ("accessanalyzer", "ListAnalyzers" | "ListFindingsV2") => "nextToken",
        ("kms", "ListGrants") => "NextMarker",
        ("iam", "GetAccountAuthorizationDetails") => "Marker",
        ("organizations", "ListPoliciesForTarget") => "NextToken",
        ("ec2", "DescribeRegions") => return page,
        ("ec2", _) => "nextToken",
        _ => return page,
    };
    if matches!(called.protocol, Protocol::Json | Protocol::Rest) {
        let mut value: Value = serde_json::from_slice(&page).unwrap_or_default();
        if let Value::Object(fields) = &mut value {
            fields.insert(member.to_owned(), json!(token));
        }
        return value.to_string().into_bytes();
    }
    let text = String::from_utf8_lossy(&page);
    let text = match (text.find(&format!("<{member}>")), text.find(&format!("</{member}>"))) {
        (Some(from), Some(to)) => {
            let (head, tail) = (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
            format!("{head}<{member}>{token}{tail}")
        }
        _ => {
            let end = if called.protocol == Protocol::Ec2 { "Response>" } else { "Result>" };
            let end = format!("</{}{end}", called.operation);
            text.replace(&end, &format!("<{member}>{token}</{member}>{end}"))
        }
    };
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(service: &str, operation: &str, protocol: Protocol) -> Called {
        Called {
            service: service.to_owned(),
            operation: operation.to_owned(),
            protocol,
            access_key: String::new(),
            region: String::new(),
        }
    }

    #[test]
    fn spoiled_bodies_stay_in_their_format() {
        let list = called("dynamodb", "ListTables", Protocol::Json);
        let body = br#"{"TableNames":["a"]}"#;
        let wrong: Value = serde_json::from_slice(&wrong_types(&list, body)).unwrap();
        assert!(wrong.get("TableNames").unwrap().is_object());
        let huge: Value = serde_json::from_slice(&padded(&list, body)).unwrap();
        assert_eq!(huge.get("TableNames"), Some(&json!(["a"])));
        assert!(padded(&list, body).len() > HUGE);
        let empty: Value = serde_json::from_slice(&padded(&list, b"{}")).unwrap();
        assert!(empty.is_object());
        let stacks = called("cloudformation", "DescribeStacks", Protocol::Query);
        let page =
            b"<DescribeStacksResponse><DescribeStacksResult><A>1</A></DescribeStacksResult></DescribeStacksResponse>";
        let endless = String::from_utf8(with_token(&stacks, page.to_vec(), "t1")).unwrap();
        assert!(endless.contains("<NextToken>t1</NextToken></DescribeStacksResult>"), "{endless}");
        let again = String::from_utf8(with_token(&stacks, endless.into_bytes(), "t2")).unwrap();
        assert!(again.contains("<NextToken>t2</NextToken>") && !again.contains("t1"), "{again}");
        assert_eq!(wrong_texts("<a><b>1</b></a>"), "<a><b>seventeen</b></a>");
    }
}
