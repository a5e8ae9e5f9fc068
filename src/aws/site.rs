//! One scope as the data layer sees it: its clients, its pace, what it was denied, and the way to the store.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::request_id::RequestId;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::model::{CallRef, Delta, Fault, FrontDoor, Outcome, Polled, Progress, Scope, Seen, Source, SourceError};
use crate::operations;
use crate::wire::Wire;

use super::Settings;
use super::errors::explain;
use super::ledger::Rows;
use super::limiter::Limiter;
use super::session::{self, Clients, Place};

/// Different resources denied in a row before an operation is parked.
const DENIALS: usize = 3;
/// How long a denied operation is parked: denial loops page the security team.
const PARKED: SignedDuration = SignedDuration::from_hours(1);

/// What all sites share.
#[derive(Debug)]
pub struct Shared {
    /// The wire.
    pub wire: Wire,
    /// What was asked for.
    pub settings: Settings,
    /// The pace.
    pub limiter: Arc<Limiter>,
    /// Where data goes.
    pub to: mpsc::Sender<Polled>,
    /// True once everything has to end.
    pub stop: watch::Sender<bool>,
    /// Grows when credentials on disk changed.
    pub credentials: watch::Sender<u64>,
    /// Calls in flight, over all scopes but the preferred one.
    pub slots: Semaphore,
    /// The scope whose calls do not queue behind others'.
    pub preferred: RwLock<Option<Scope>>,
    /// False while nobody looks.
    pub attended: watch::Sender<bool>,
    /// Grows when what engines are asked is no longer wanted.
    pub cancel: watch::Sender<u64>,
    /// The region that reads what is global, by account: the first that asked.
    pub homes: Mutex<HashMap<String, String>>,
}

impl Shared {
    /// The clients of one scope.
    fn clients(&self, config: &SdkConfig, scope: &Arc<RwLock<Scope>>, rows: &Arc<Rows>) -> Clients {
        session::clients(&self.wire.http, config, scope, rows, &self.limiter, &self.settings.paid)
    }

    /// The front doors that were declared.
    pub fn doors(&self) -> impl Iterator<Item = &FrontDoor> {
        self.settings.doors.iter().chain(&self.wire.doors)
    }

    /// Whether a source is asked for.
    #[must_use]
    pub fn wants(&self, source: Source) -> bool {
        self.settings.sources.is_empty() || self.settings.sources.contains(&source)
    }

    /// Sends to the store. Once nobody listens any more, everything ends.
    pub async fn send(&self, polled: Polled) {
        if self.to.send(polled).await.is_err() {
            self.stop.send_replace(true);
        }
    }
}

/// One scope.
#[derive(Debug)]
pub struct Site {
    /// What all sites share.
    pub shared: Arc<Shared>,
    /// Who and where.
    pub place: Place,
    /// KMS keys that tables of this scope name, or why the tables could not be listed.
    pub keys: Mutex<Result<BTreeSet<String>, SourceError>>,
    /// KMS keys that something else names, by the source that found them: the sweep of keys asks for these as well.
    pub held: Mutex<HashMap<Source, BTreeSet<String>>>,
    /// A second sweep of a source, asked for while one runs.
    pub wake: HashMap<Source, Notify>,
    /// One sweep of a source at a time.
    pub running: HashMap<Source, tokio::sync::Mutex<()>>,
    /// What pollers remember between sweeps.
    pub memory: Mutex<super::memory::Memory>,
    /// The credentials ran out, or there are none: they are read anew when files change.
    pub ended: AtomicBool,
    /// Polling began without the account's number: the scope keeps the name it has, so that none is read under two.
    pub unnamed: AtomicBool,
    /// Why the account's regions could not be listed, where all were asked for: some may be missing.
    pub regions: Mutex<Option<SourceError>>,
    scope: Arc<RwLock<Scope>>,
    partition: Mutex<Option<String>>,
    rows: Arc<Rows>,
    clients: RwLock<(SdkConfig, Arc<Clients>)>,
    parked: Mutex<HashMap<&'static str, Parked>>,
}

/// Denials of one operation that are still remembered.
#[derive(Debug, Default)]
struct Parked {
    /// By resource, empty for a call about none: why, and until when it is not asked again.
    denied: HashMap<String, (SourceError, Timestamp)>,
    /// Different resources denied since the last success.
    in_a_row: BTreeSet<String>,
    /// The whole operation is parked.
    whole: Option<(SourceError, Timestamp)>,
}

impl Parked {
    fn of(&self, resource: &str, now: Timestamp) -> Option<SourceError> {
        let own = || self.denied.get(resource).filter(|(_, until)| *until > now);
        let whole = self.whole.as_ref().filter(|(_, until)| *until > now);
        whole.or_else(own).map(|(error, _)| error.clone())
    }

    fn deny(&mut self, resource: &str, error: &SourceError, now: Timestamp) {
        let until = now.checked_add(PARKED).unwrap_or(Timestamp::MAX);
        self.denied.retain(|_, (_, until)| *until > now);
        self.denied.insert(resource.to_owned(), (error.clone(), until));
        self.in_a_row.insert(resource.to_owned());
        if resource.is_empty() || self.in_a_row.len() >= DENIALS {
            self.whole = Some((error.clone(), until));
            self.in_a_row.clear();
        }
    }

    /// What one resource allows says nothing of another that was denied by itself.
    fn allow(&mut self, resource: &str) {
        self.denied.remove(resource);
        self.in_a_row.clear();
        self.whole = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    /// Builds the clients of a place. `account` names the scope until STS told the account's number.
    pub async fn new(shared: Arc<Shared>, place: Place, account: &str) -> Self {
        let scope = Scope::new(account, place.region.clone().unwrap_or_default());
        let scope = Arc::new(RwLock::new(scope));
        let rows = Arc::new(Rows::new(scope.clone(), shared.wire.clock.clone()));
        let config = session::configure(&shared.wire, &place, rows.clone()).await;
        let clients = shared.clients(&config, &scope, &rows);
        Self {
            place,
            keys: Mutex::new(Ok(BTreeSet::new())),
            held: Mutex::default(),
            wake: Source::ALL.iter().map(|source| (*source, Notify::new())).collect(),
            running: Source::ALL.iter().map(|source| (*source, tokio::sync::Mutex::new(()))).collect(),
            memory: Mutex::default(),
            ended: AtomicBool::new(false),
            unnamed: AtomicBool::new(false),
            regions: Mutex::default(),
            scope,
            partition: Mutex::default(),
            rows,
            clients: RwLock::new((config, Arc::new(clients))),
            parked: Mutex::default(),
            shared,
        }
    }

    /// Reads profiles and credentials anew, and builds new clients from them.
    pub async fn renew(&self) {
        let config = session::configure(&self.shared.wire, &self.place, self.rows.clone()).await;
        let clients = self.shared.clients(&config, &self.scope, &self.rows);
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = (config, Arc::new(clients));
        // Another caller may do what the last one was denied.
        self.unpark();
        self.ended.store(false, Ordering::Release);
    }

    /// The clients.
    #[must_use]
    pub fn clients(&self) -> Arc<Clients> {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The configuration that the clients were built from.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Clients of the same account in another region, for what a table there points at.
    #[must_use]
    pub fn clients_in(&self, region: &str) -> Clients {
        let config = self.config().into_builder().region(aws_config::Region::new(region.to_owned())).build();
        self.shared.clients(&config, &self.scope, &self.rows)
    }

    /// The scope, under the name it has now.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The scope learned its account; the partition (`aws`, `aws-cn` …) is that of the caller's ARN.
    pub fn rename(&self, account: &str, partition: &str) {
        self.scope.write().unwrap_or_else(PoisonError::into_inner).account = account.to_owned();
        *lock(&self.partition) = Some(partition.to_owned());
    }

    /// The ARN's partition, once the caller is known.
    #[must_use]
    pub fn partition(&self) -> Option<String> {
        lock(&self.partition).clone()
    }

    /// Whether this scope is the one that reads what its account has once for all regions.
    #[must_use]
    pub fn is_home(&self) -> bool {
        let scope = self.scope();
        *lock(&self.shared.homes).entry(scope.account).or_insert_with(|| scope.region.clone()) == scope.region
    }

    /// Now, by the wire's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.wire.clock.now()
    }

    /// A fault, met now.
    #[must_use]
    pub fn fault(&self, error: SourceError) -> Fault {
        Fault { error, at: self.now() }
    }

    /// Sends what the interceptors wrote into the ledger.
    pub async fn flush(&self) {
        for row in self.rows.drain() {
            self.shared.send(Polled::Call(row)).await;
        }
    }

    /// Makes one call at the pace allowed, and says what it came to.
    ///
    /// `resource` is what the call is about, empty for a list; an urgent call waits for nobody. What was denied is not asked
    /// again for an hour, and an operation denied for several resources in a row is not called for the rest of them either.
    pub async fn call<T, E, F>(&self, label: &'static str, resource: &str, urgent: bool, future: F) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        if let Some(error) = self.parked(label, resource) {
            return Err(self.fault(error));
        }
        // Futures of the SDK are large: none of them is carried through others by value.
        let future = Box::pin(future);
        self.pace(label, urgent).await;
        // Others may have met the denial while this call waited for its turn.
        if let Some(error) = self.parked(label, resource) {
            return Err(self.fault(error));
        }
        let outcome = self.sent(label, urgent, future).await;
        match &outcome {
            Ok(_) => {
                if let Some(parked) = lock(&self.parked).get_mut(label) {
                    parked.allow(resource);
                }
            }
            Err(fault) if matches!(fault.error, SourceError::Denied { .. }) => {
                self.denied(label, resource, &fault.error);
            }
            Err(_) => {}
        }
        outcome
    }

    /// Makes one call about one of many things, each of which may be denied by itself: what is denied parks nothing.
    pub async fn call_one<T, E, F>(&self, label: &'static str, future: F) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let future = Box::pin(future);
        self.pace(label, false).await;
        self.sent(label, false, future).await
    }

    async fn pace(&self, label: &str, urgent: bool) {
        match operations::by_label(label) {
            Some(row) if urgent => self.shared.limiter.debit(&self.scope(), row),
            Some(row) => self.shared.limiter.acquire(&self.scope(), row).await,
            None => {}
        }
    }

    async fn sent<T, E, F>(&self, label: &'static str, urgent: bool, future: Pin<Box<F>>) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let preferred = || *self.shared.preferred.read().unwrap_or_else(PoisonError::into_inner) == Some(self.scope());
        let slot = if urgent || preferred() { None } else { self.shared.slots.acquire().await.ok() };
        let answer = future.await;
        drop(slot);
        self.flush().await;
        match answer {
            Ok(value) => {
                let request_id = value.request_id().unwrap_or_default().into();
                let operation = operations::by_label(label).map_or(label, |row| row.label);
                Ok(Seen { value, at: self.now(), call: CallRef { operation, request_id } })
            }
            Err(error) => {
                let error = explain(label, &error, self.place.profile.as_deref());
                if matches!(error, SourceError::Expired { .. } | SourceError::NoCredentials(_)) {
                    self.ended.store(true, Ordering::Release);
                }
                Err(self.fault(error))
            }
        }
    }

    /// The denial that parks a call now.
    fn parked(&self, label: &str, resource: &str) -> Option<SourceError> {
        lock(&self.parked).get(label)?.of(resource, self.now())
    }

    fn denied(&self, label: &'static str, resource: &str, error: &SourceError) {
        lock(&self.parked).entry(label).or_default().deny(resource, error, self.now());
    }

    /// Somebody wants to try again: nothing is parked any more.
    pub fn unpark(&self) {
        lock(&self.parked).clear();
    }
}

/// One sweep of one source: sends what it reads as it reads it, and counts what it could not.
#[derive(Debug)]
pub struct Sweep<'a> {
    /// Where.
    pub site: &'a Site,
    /// What.
    pub source: Source,
    /// The scope's name while the sweep runs.
    pub scope: Scope,
    /// Someone waits for it: no queueing.
    pub urgent: bool,
    /// Keeps to the documented rate though urgent: it may take many calls.
    pub paced: bool,
    done: AtomicUsize,
    total: AtomicUsize,
    faults: Mutex<Vec<(Fault, usize)>>,
}

impl<'a> Sweep<'a> {
    /// A sweep that has not begun.
    #[must_use]
    pub fn new(site: &'a Site, source: Source, urgent: bool) -> Self {
        let scope = site.scope();
        let (done, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { site, source, scope, urgent, paced: !urgent, done, total, faults: Mutex::default() }
    }

    /// Makes one call; see [`Site::call`].
    pub async fn call<T, E, F>(&self, label: &'static str, resource: &str, future: F) -> Outcome<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.site.call(label, resource, !self.paced, future).await
    }

    /// Sends data, and counts the faults in it.
    pub async fn data(&self, deltas: Vec<Delta>) {
        if deltas.is_empty() {
            return;
        }
        self.site.shared.send(Polled::Data { source: self.source, scope: self.scope.clone(), deltas }).await;
    }

    /// Counts a fault below the top level.
    pub fn note<T>(&self, outcome: &Outcome<T>) {
        if let Err(fault) = outcome {
            let mut faults = lock(&self.faults);
            match faults.iter_mut().find(|(old, _)| same(&old.error, &fault.error)) {
                Some((old, count)) => {
                    old.at = fault.at;
                    *count += 1;
                }
                None => faults.push((fault.clone(), 1)),
            }
        }
    }

    /// More steps are known of.
    pub async fn grow(&self, steps: usize) {
        self.total.fetch_add(steps, Ordering::AcqRel);
        self.tell().await;
    }

    /// A step is done.
    pub async fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::AcqRel) + 1;
        let total = self.total.load(Ordering::Acquire);
        // A hundred steps are shown one by one, thousands by the percent.
        if done == total || done.is_multiple_of(total / 100 + 1) {
            self.tell().await;
        }
    }

    async fn tell(&self) {
        // What somebody looks at is no sweep of the source: nothing would ever end its progress.
        if self.urgent {
            return;
        }
        let (done, total) = (self.done.load(Ordering::Acquire), self.total.load(Ordering::Acquire));
        let progress = Progress { done: done.min(total), total };
        self.site.shared.send(Polled::Running(self.source, self.scope.clone(), progress)).await;
    }

    /// The faults counted.
    #[must_use]
    pub fn faults(self) -> Vec<(Fault, usize)> {
        self.faults.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same trouble for a count: denials of one action differ in the resource they name.
fn same(a: &SourceError, b: &SourceError) -> bool {
    match (a, b) {
        (SourceError::Denied { action: a, .. }, SourceError::Denied { action: b, .. }) => a == b,
        _ => a == b,
    }
}

/// How often a page may come with the same content; empty pages are common where a service filters.
const SAME_PAGE: usize = 8;

/// The end of a list that goes on and on.
#[derive(Debug)]
pub struct Pages {
    seen: BTreeSet<String>,
    cap: usize,
    pages: HashMap<u64, usize>,
    repeated: bool,
}

impl Pages {
    /// At most `cap` pages.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self { seen: BTreeSet::new(), cap, pages: HashMap::new(), repeated: false }
    }

    /// Notes what is on a page, by the identities of its items: a list may turn in a circle under new tokens.
    pub fn saw<'a>(&mut self, page: impl IntoIterator<Item = &'a str>) {
        let mut hash = DefaultHasher::new();
        page.into_iter().for_each(|item| item.hash(&mut hash));
        let times = self.pages.entry(hash.finish()).or_insert(0);
        *times += 1;
        self.repeated |= *times >= SAME_PAGE;
    }

    /// The token of the page to read next, if there is one.
    ///
    /// # Errors
    ///
    /// `Malformed` when a token comes again, or when there are more pages than any real list has.
    pub fn next(&mut self, token: Option<String>) -> Result<Option<String>, SourceError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.repeated {
            return Err(SourceError::Malformed("the list repeats a page's content without end".to_owned()));
        }
        if self.seen.len() + 1 >= self.cap {
            return Err(SourceError::Malformed(format!("the list goes on after {} pages", self.cap)));
        }
        if !self.seen.insert(token.clone()) {
            return Err(SourceError::Malformed("the list repeats a page's token without end".to_owned()));
        }
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_remembered_by_resource_and_park_the_operation_after_three() {
        let now = Timestamp::UNIX_EPOCH;
        let error = SourceError::Denied { action: "kms:DescribeKey".to_owned(), message: String::new() };
        let mut parked = Parked::default();
        parked.deny("a", &error, now);
        parked.allow("b");
        assert!(parked.of("a", now).is_some() && parked.of("b", now).is_none());
        assert!(parked.of("a", now + PARKED).is_none());
        parked.deny("c", &error, now);
        parked.deny("c", &error, now);
        parked.deny("d", &error, now);
        assert!(parked.of("e", now).is_none());
        parked.deny("f", &error, now);
        assert!(parked.of("e", now).is_some());
        let mut parked = Parked::default();
        parked.deny("", &error, now);
        assert!(parked.of("", now).is_some());
    }

    #[test]
    fn endless_lists_end() {
        let mut pages = Pages::new(10);
        assert_eq!(pages.next(None), Ok(None));
        assert_eq!(pages.next(Some("a".to_owned())), Ok(Some("a".to_owned())));
        assert!(pages.next(Some("a".to_owned())).is_err());
        let mut pages = Pages::new(100);
        let circle = (0..50).find(|n| {
            pages.saw(["orders", "carts"]);
            pages.next(Some(n.to_string())).is_err()
        });
        assert_eq!(circle, Some(SAME_PAGE - 1));
        let mut pages = Pages::new(10);
        let ends = (0..20).find(|n| pages.next(Some(n.to_string())).is_err());
        assert_eq!(ends, Some(9));
    }
}
