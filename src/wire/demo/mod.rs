//! The demo account: simulated AWS accounts in process, behind the SDK's own HTTP connector.
//!
//! The world is a function of time: what a call answers depends on the seed and on the clock alone, so that a
//! story unfolds while somebody watches. Only rates and first tries are remembered between calls. Requests are
//! read and answers written as the services' protocols spell them; the clients above cannot tell.

mod access;
mod actors;
mod analyzer;
mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod config;
mod doors;
mod dynamodb;
mod ec2;
mod edges;
mod events;
mod findings;
mod guardduty;
mod iam;
mod incident;
mod kinesis;
mod kit;
mod kms;
mod organizations;
mod recovery;
mod settings;
mod story;
mod sts;
mod tables;
mod watching;
mod world;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde_json::{Map, Value};

use self::kit::{Params, mix, uuid};
use self::world::{Realm, World};
use super::protocol::{Called, Protocol, Refusal, identify, parameters, respond};
use super::{Clock, Wire};
use crate::model::Origin;

/// Where in the story the clock stands at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Story {
    /// When all of it has happened: for commands that look once.
    #[default]
    End,
    /// Just after the first critical finding: for the dashboard, which then goes on at wall speed.
    AfterFirstCritical,
}

/// How large and how nasty the simulated estate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// Equal seeds make equal estates.
    pub seed: u64,
    /// Tables over all accounts and regions; a dozen that the story needs are always there.
    pub tables: usize,
    /// GuardDuty findings beside the story's own.
    pub findings: usize,
    /// CloudTrail events of the last day beside the story's own.
    pub events: usize,
    /// Where the story stands.
    pub start: Story,
    /// Put escape sequences, bidirectional controls, NUL and a megabyte of text into every free text.
    pub hostile: bool,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { seed: 7, tables: 42, findings: 14, events: 2_400, start: Story::End, hostile: false }
    }
}

/// A simulated estate.
#[derive(Debug, Clone)]
pub struct Demo {
    inner: Arc<Inner>,
}

impl Demo {
    /// Builds the estate. `wall` is a runtime that keeps real time: with it the story goes on at wall speed.
    #[must_use]
    pub fn new(options: DemoOptions, wall: Option<tokio::runtime::Handle>) -> Self {
        Self::at(options, Self::clock(options.start, wall))
    }

    /// The clock of a demo account that begins there.
    #[must_use]
    pub fn clock(start: Story, wall: Option<tokio::runtime::Handle>) -> Clock {
        let base = match start {
            Story::End => story::END,
            Story::AfterFirstCritical => story::AFTER_FIRST_CRITICAL,
        };
        wall.map_or_else(|| Clock::simulated(base), |wall| Clock::simulated_with_wall(base, wall))
    }

    /// Builds the estate by a clock.
    #[must_use]
    pub fn at(options: DemoOptions, clock: Clock) -> Self {
        // Where somebody watches, calls take what they take on one machine, so that its speed is the program's own.
        let latency = if clock.is_watched() { (1, 3) } else { (20, 61) };
        let inner = Inner {
            world: World::new(options),
            clock,
            latency,
            calls: AtomicU64::new(0),
            buckets: Mutex::default(),
            tried: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The connector, the clock and the way into each account.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let connector = SharedHttpConnector::new(self.clone());
        Wire {
            http: http_client_fn(move |_, _| connector.clone()),
            clock: self.inner.clock.clone(),
            origin: Origin::Demo,
            doors: doors::declared(),
            estate: self.inner.world.realms.iter().map(|realm| (realm.scope(), realm.access_key.clone())).collect(),
        }
    }
}

impl HttpConnector for Demo {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = Arc::clone(&self.inner);
        HttpConnectorFuture::new(async move { Ok(inner.answer(&request).await) })
    }
}

#[derive(Debug)]
struct Inner {
    world: World,
    clock: Clock,
    /// How long a call takes: so many milliseconds, and up to so many more.
    latency: (u64, u64),
    /// Calls so far: the seed of request ids and latencies.
    calls: AtomicU64,
    /// Token buckets by account, region and operation: tokens left, and when they were counted.
    buckets: Mutex<HashMap<(usize, String), (f64, Timestamp)>>,
    /// What was throttled on its first try.
    tried: Mutex<HashSet<String>>,
}

/// What a service sees of a call.
struct Call<'a> {
    world: &'a World,
    realm: &'a Realm,
    now: Timestamp,
    called: &'a Called,
    params: Params,
}

impl Inner {
    async fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let count = self.calls.fetch_add(1, Ordering::Relaxed);
        let luck = mix(self.world.options.seed, count);
        let (least, more) = self.latency;
        self.clock.sleep(Duration::from_millis(least + luck % more)).await;
        let called = identify(request);
        let request_id = request_id(&called, luck);
        let refusal = match self.serve(request, &called) {
            Ok(body) => return respond(&called, &request_id, 200, encode(&called, &body, &request_id)),
            Err(refusal) => refusal,
        };
        refusal.response(&called, &request_id)
    }

    fn serve(&self, request: &HttpRequest, called: &Called) -> Result<Value, Refusal> {
        if called.access_key.is_empty() {
            let message = "Missing Authentication Token";
            let code = "MissingAuthenticationToken";
            return Err(Refusal { code: code.to_owned(), message: message.to_owned(), status: 403 });
        }
        let Some((index, realm)) = self.world.realm(&called.access_key, &called.region) else {
            return Err(unknown_token(called.protocol));
        };
        let now = self.clock.now();
        if !self.admit(index, called, now) {
            return Err(Refusal::throttled(called.protocol));
        }
        let fields = parameters(request).map_err(|error| Refusal::new("SerializationException", error))?;
        if self.first_try(realm, called, &fields) {
            return Err(Refusal::throttled(called.protocol));
        }
        let call = Call { world: &self.world, realm, now, called, params: Params(fields) };
        if watching::knows(&call) {
            return watching::answer(&call);
        }
        match called.service.as_str() {
            "dynamodb" => dynamodb::answer(&call),
            "cloudformation" => cloudformation::answer(&call),
            "cloudtrail" => cloudtrail::answer(&call),
            "cloudwatch" => cloudwatch::answer(&call),
            "cloudfront" | "shield" | "wafv2" => doors::answer(&call),
            "config" => config::answer(&call),
            "ec2" => ec2::answer(&call),
            "guardduty" => guardduty::answer(&call),
            "iam" => iam::answer(&call),
            "kinesis" => kinesis::answer(&call),
            "kms" => kms::answer(&call),
            "organizations" => organizations::answer(&call),
            "sts" => sts::answer(&call),
            "accessanalyzer" => analyzer::answer(&call),
            "application-autoscaling"
            | "auditmanager"
            | "backup"
            | "dax"
            | "events"
            | "macie2"
            | "s3"
            | "securityhub" => settings::answer(&call),
            _ => Err(Refusal::unknown_operation(called)),
        }
    }

    /// Takes a token for this operation, where AWS publishes a rate for it.
    fn admit(&self, realm: usize, called: &Called, now: Timestamp) -> bool {
        let Some((burst, rate)) = rate(called) else { return true };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, counted) = buckets.entry((realm, called.label())).or_insert((burst, now));
        *tokens = (*tokens + now.duration_since(*counted).as_secs_f64().max(0.0) * rate).min(burst);
        *counted = now.max(*counted);
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }

    /// True for the first try of the calls that the story throttles: tags in the busiest region.
    fn first_try(&self, realm: &Realm, called: &Called, fields: &Map<String, Value>) -> bool {
        if called.operation != "ListTagsOfResource" || realm.index != 1 {
            return false;
        }
        let arn = fields.get("ResourceArn").and_then(Value::as_str).unwrap_or_default();
        kit::hash(arn).is_multiple_of(3)
            && self.tried.lock().unwrap_or_else(PoisonError::into_inner).insert(arn.to_owned())
    }
}

fn encode(called: &Called, body: &Value, request_id: &str) -> Vec<u8> {
    match called.protocol {
        Protocol::Json | Protocol::Rest => serde_json::to_vec(body).unwrap_or_default(),
        Protocol::Query | Protocol::Ec2 | Protocol::Xml => kit::xml(called, body, request_id).into_bytes(),
    }
}

/// What a hostile account writes wherever it may write: colours, a title, a clipboard, a reversed line, NUL.
const HOSTILE: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{1b}]52;c;aGk=\u{7}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{0}\r\n=cmd|'/c calc'!A1<script>";

impl Call<'_> {
    /// A free text: what the service was told by somebody, hostile when asked for.
    fn words(&self, text: &str) -> String {
        if self.world.options.hostile { format!("{text}{HOSTILE}") } else { text.to_owned() }
    }

    fn hostile(&self) -> bool {
        self.world.options.hostile
    }

    /// An annotation of a Config rule: the service keeps 256 characters.
    fn annotation(&self, text: &str) -> String {
        self.words(text).chars().take(256).collect()
    }

    /// A free text that, when hostile, is a megabyte long if it is one of the `long` ones.
    fn long_words(&self, text: &str, long: bool) -> String {
        let mut words = self.words(text);
        if long && self.hostile() {
            words += &"A\u{301}".repeat(350_000);
        }
        words
    }

    /// Refuses what the auditor's own policy does not allow.
    fn authorize(&self, resource: &str) -> Result<(), Refusal> {
        access::decide(self.realm, &self.called.label(), resource)
            .map_err(|because| Refusal::denied(self.called, &self.realm.auditor(), resource, &because))
    }
}

/// Published rates: the burst and the requests a second. AWS.md, "Limits".
fn rate(called: &Called) -> Option<(f64, f64)> {
    match (called.service.as_str(), called.operation.as_str()) {
        ("dynamodb", "DescribeBackup" | "DescribeContinuousBackups" | "ListTagsOfResource" | "DescribeTimeToLive") => {
            Some((10.0, 10.0))
        }
        ("dynamodb", "ListBackups") => Some((5.0, 5.0)),
        ("cloudtrail", "LookupEvents") => Some((2.0, 2.0)),
        ("cloudtrail", _) => Some((10.0, 10.0)),
        ("ec2", _) => Some((100.0, 20.0)),
        ("kms", "DescribeKey") => Some((2000.0, 2000.0)),
        _ => None,
    }
}

fn unknown_token(protocol: Protocol) -> Refusal {
    let message = "The security token included in the request is invalid.";
    let (code, status) = match protocol {
        Protocol::Json => ("UnrecognizedClientException", 400),
        Protocol::Rest => ("UnrecognizedClientException", 403),
        Protocol::Query => ("InvalidClientTokenId", 403),
        Protocol::Xml => ("InvalidAccessKeyId", 403),
        Protocol::Ec2 => ("AuthFailure", 401),
    };
    Refusal { code: code.to_owned(), message: message.to_owned(), status }
}

fn request_id(called: &Called, luck: u64) -> String {
    if called.service != "dynamodb" {
        return uuid(luck, 1);
    }
    // DynamoDB's own request ids are 52 characters of base 32.
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |place: u64| LETTERS.get((mix(luck, place) % 32) as usize).copied().map_or('A', char::from);
    (0..52).map(letter).collect()
}

#[cfg(test)]
mod tests;
