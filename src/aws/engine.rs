//! Asking engines beyond this machine: the bound before, the answer, and stopping at the service what nobody wants.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::sync::watch;

use crate::model::{Delta, EngineBound, EngineEnd, EngineNews, Fault, Outcome, Polled, Source, SourceError};
use crate::trail::engine::s3::Selection;
use crate::trail::engine::{Name, Window, Work};
use crate::trail::object::Object;
use crate::trail::record;

use super::session::Clients;
use super::site::{Shared, Site};
use super::{athena, lake, logs, s3};

/// How long stopping a query at its service may take.
pub(super) const STOPPING: Duration = Duration::from_secs(10);
/// How often a start that was throttled, and so started nothing, is tried again.
const STARTS: u32 = 4;
/// Records in one message at most: what waits between the threads is bounded by it.
const CHUNK: usize = 1_000;

/// A question to an engine.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Which one.
    pub engine: Name,
    /// In its own words.
    pub work: Work,
    /// Where it is asked.
    pub target: Target,
    /// The region it is asked in; `None` for the first one polled.
    pub region: Option<String>,
    /// The window that is read.
    pub window: Window,
    /// More bytes than these are not read.
    pub max_bytes: Option<u64>,
    /// Records read at most.
    pub most: usize,
    /// The objects that a statement reads, where they may be listed for its bound.
    pub listing: Option<Selection>,
    /// Only the bound is wanted.
    pub dry: bool,
}

/// Where an engine is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Athena.
    Athena {
        /// The database that statements start from.
        database: String,
        /// The workgroup.
        workgroup: String,
        /// Where results go; `None` where the workgroup says so.
        output: Option<String>,
    },
    /// CloudWatch Logs: the group's name or ARN.
    Insights(String),
    /// CloudTrail Lake: the statement names the store.
    Lake,
    /// S3.
    S3,
}

/// A question while it is being answered.
pub(super) struct Run<'a> {
    /// Who asks.
    pub site: &'a Site,
    /// Clients in the engine's region.
    pub clients: Arc<Clients>,
    /// The question.
    pub ask: &'a Ask,
    news: Mutex<EngineNews>,
    query: watch::Sender<Query>,
}

/// What runs at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Query {
    /// Nothing.
    None,
    /// A query is being started: it may run already, under an id that is not known yet.
    Starting,
    /// The query of this id.
    Running(String),
}

/// Asks, and tells the store how it goes and how it ended.
pub(super) fn ask(site: Arc<Site>, ask: Ask) -> impl Future<Output = ()> + Send {
    // What is cancelled before the first step is cancelled too.
    let cancelled = cancelled(&site.shared);
    asked(site, ask, cancelled)
}

async fn asked(site: Arc<Site>, ask: Ask, cancelled: impl Future<Output = ()>) {
    let other = ask.region.as_ref().filter(|region| **region != site.scope().region);
    let clients = other.map_or_else(|| site.clients(), |region| Arc::new(site.clients_in(region)));
    let news = EngineNews { engine: ask.engine.word(), phase: "sizing", ..EngineNews::default() };
    let query = watch::Sender::new(Query::None);
    let run = Run { site: &site, clients, ask: &ask, news: Mutex::new(news), query };
    let ended = {
        let mut answering = Box::pin(answer(&run));
        let answered = tokio::select! {
            answered = &mut answering => Some(answered),
            // What is being started may run already: it can be stopped once its id is known.
            () = cancelled => tokio::select! {
                biased;
                () = run.settled() => None,
                answered = &mut answering => Some(answered.map(|_| EngineEnd::Cancelled)),
            },
        };
        match answered {
            Some(answered) => answered.unwrap_or_else(|fault| EngineEnd::Failed(fault.error)),
            None => EngineEnd::Cancelled,
        }
    };
    // Whatever ended the question: a query that nobody watches any more must not go on.
    stop(&run).await;
    run.tell(|news| news.ended = Some(ended)).await;
    site.flush().await;
}

async fn answer(run: &Run<'_>) -> Result<EngineEnd, Fault> {
    match (&run.ask.work, &run.ask.target) {
        (Work::Statement(statement), Target::Athena { .. }) => athena::answer(run, statement).await,
        (Work::Statement(statement), Target::Insights(group)) => logs::answer(run, statement, group).await,
        (Work::Statement(statement), Target::Lake) => lake::answer(run, statement).await,
        (Work::Objects(selection), _) => s3::answer(run, selection).await,
        _ => Err(run.site.fault(SourceError::Refused("this engine is not asked in that way".to_owned()))),
    }
}

/// Stops the query that runs at the service, if one does; that it could not be stopped is told.
async fn stop(run: &Run<'_>) {
    let Query::Running(id) = run.query.borrow().clone() else { return };
    let asked = async {
        match &run.ask.target {
            Target::Athena { .. } => athena::stop(run, &id).await,
            Target::Insights(_) => logs::stop(run, &id).await,
            Target::Lake => lake::stop(run, &id).await,
            Target::S3 => Ok(()),
        }
    };
    let stopped = match tokio::time::timeout(STOPPING, asked).await {
        Ok(stopped) => stopped.map_err(|fault| fault.error.to_string()),
        Err(_) => Err(format!("no answer in {} s", STOPPING.as_secs())),
    };
    if let Err(error) = stopped {
        let words = format!("the query {id} may go on, and cost: it could not be stopped: {error}");
        run.tell(|news| news.left = Some(words)).await;
    }
    run.finished();
}

/// Waits until what was asked up to now is no longer wanted.
fn cancelled(shared: &Arc<Shared>) -> impl Future<Output = ()> + use<> {
    let (mut stop, mut cancel) = (shared.stop.subscribe(), shared.cancel.subscribe());
    async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            _ = cancel.changed() => {}
        }
    }
}

impl Run<'_> {
    /// As it stands.
    pub fn news(&self) -> EngineNews {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the state, and tells the store of it.
    pub async fn tell(&self, change: impl FnOnce(&mut EngineNews)) {
        let news = {
            let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut news);
            news.clone()
        };
        self.site.shared.send(Polled::Engine(Box::new(news))).await;
    }

    /// Makes one call at the pace allowed.
    pub async fn call<T, E, F>(&self, label: &'static str, future: F) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.site.call(label, "", false, future).await
    }

    /// Makes one call about one object of many, each of which may be denied by itself.
    pub async fn call_one<T, E, F>(&self, label: &'static str, future: F) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.site.call_one(label, future).await
    }

    /// Starts a query, and gives its id. Each `request` is made once: these services know no token that would keep a
    /// repeated one from starting, and charging, a second query. What was throttled was not started.
    pub async fn start<T, E, F>(
        &self,
        label: &'static str,
        request: impl Fn() -> F,
        id: impl Fn(T) -> Option<String>,
    ) -> Result<String, Fault>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut tries = 0;
        let started = loop {
            self.query.send_replace(Query::Starting);
            let started = self.call(label, request()).await;
            if tries == STARTS || !matches!(&started, Err(Fault { error: SourceError::Throttled(_), .. })) {
                break started;
            }
            self.finished();
            tries += 1;
            self.pause(tries + 2).await;
        };
        let id = started.and_then(|seen| id(seen.value).ok_or_else(|| self.lacks("id of a query")));
        match &id {
            Ok(id) => {
                self.query.send_replace(Query::Running(id.clone()));
                self.tell(|news| {
                    news.query_id.clone_from(id);
                    news.phase = "queued";
                })
                .await;
            }
            Err(fault) => {
                self.finished();
                if matches!(fault.error, SourceError::Offline(_) | SourceError::Malformed(_) | SourceError::Service(_))
                {
                    let words = format!(
                        "{label} may have started a query, whose id did not come: see the service's list of queries"
                    );
                    self.tell(|news| news.left = Some(words)).await;
                }
            }
        }
        id
    }

    /// No query runs at the service any more.
    pub fn finished(&self) {
        self.query.send_replace(Query::None);
    }

    /// Waits until no query is being started.
    async fn settled(&self) {
        let mut query = self.query.subscribe();
        let _sender_is_here = query.wait_for(|query| *query != Query::Starting).await;
    }

    /// Something that an answer must hold and does not.
    pub fn lacks(&self, what: &str) -> Fault {
        self.site.fault(SourceError::Malformed(format!("the answer has no {what}")))
    }

    /// Waits before the next look at a query: shortly at first.
    pub async fn pause(&self, looks: u32) {
        let millis = (100u64 << looks.min(5)).min(2_000);
        self.site.shared.wire.clock.sleep(Duration::from_millis(millis)).await;
    }

    /// Says what the question can read at most; `Some` when it ends here.
    pub async fn bounded(&self, bound: EngineBound) -> Option<EngineEnd> {
        let (bytes, how) = (bound.bytes, bound.how.clone());
        self.tell(|news| news.bound = Some(bound)).await;
        if let (Some(bytes), Some(most)) = (bytes, self.ask.max_bytes)
            && bytes > most
        {
            return Some(EngineEnd::TooLarge(format!("{bytes} bytes ({how}) are more than max_bytes, {most}")));
        }
        self.ask.dry.then_some(EngineEnd::Planned)
    }

    /// True when more was scanned than is allowed.
    pub fn is_over(&self, scanned: u64) -> bool {
        self.ask.max_bytes.is_some_and(|most| scanned > most)
    }

    /// Why a query was stopped that scanned too much.
    pub fn over(&self, scanned: u64) -> EngineEnd {
        let most = self.ask.max_bytes.unwrap_or_default();
        EngineEnd::TooLarge(format!("stopped at {scanned} bytes scanned, more than max_bytes, {most}"))
    }

    /// Reads records and sends them on.
    pub async fn records(&self, raws: impl IntoIterator<Item = String>) {
        self.read(Object { records: raws.into_iter().collect(), ..Object::default() }).await;
    }

    /// Sends on what an object held, broken records with the reason.
    pub async fn read(&self, object: Object) {
        let (count, mut broken) = ((object.records.len() + object.broken.len()) as u64, object.broken.len() as u64);
        let torn = object.broken.into_iter().map(|(raw, reason)| Delta::BrokenEvent(reason, raw));
        self.send(torn.collect()).await;
        let mut records = object.records.into_iter().peekable();
        while records.peek().is_some() {
            let (mut events, mut deltas) = (Vec::new(), Vec::new());
            for raw in records.by_ref().take(CHUNK) {
                match record::parse(&raw) {
                    Ok(event) => events.push(event),
                    Err(error) => {
                        broken += 1;
                        deltas.push(Delta::BrokenEvent(error.reason, raw));
                    }
                }
            }
            if !events.is_empty() {
                deltas.push(Delta::Events(events));
            }
            self.send(deltas).await;
        }
        self.tell(|news| {
            news.records += count;
            news.broken += broken;
        })
        .await;
    }

    async fn send(&self, deltas: Vec<Delta>) {
        if !deltas.is_empty() {
            let scope = self.site.scope();
            self.site.shared.send(Polled::Data { source: Source::Events, scope, deltas }).await;
        }
    }
}
