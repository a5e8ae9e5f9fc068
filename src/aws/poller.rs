//! Sweeping: one task for each source of each scope, with cadence, back-off and a graceful end.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::model::{Arn, Delta, Event, EventSearch, Polled, Progress, SearchReach, Source, SourceError};

use super::site::{Site, Sweep};
use super::sought::sought;
use super::{
    answers, backups, cloudformation, cloudtrail, config, dynamodb, events, guardduty, history, kms, network, sts,
};

/// How often the account is asked for again after an error that may pass.
const IDENTITY_TRIES: u32 = 3;
/// Changed tables that are remembered.
const CHANGED: usize = 200;
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(3600);

/// How many times as long pauses are while nobody looks.
const UNATTENDED: u32 = 4;

/// The pause between two good sweeps.
fn cadence(source: Source, simulated: bool) -> Duration {
    let seconds = match source {
        Source::Findings | Source::Events => 60,
        Source::Identity | Source::Keys | Source::Backups => 900,
        Source::Tables | Source::Compliance | Source::Drift | Source::Network | Source::Trails => 300,
        // Settings change by hand, and their changes are events.
        Source::Settings => 3600,
    };
    // A simulated account tells its story at wall speed, in minutes: it is looked at more often.
    let simulated = simulated.then(|| if source == Source::Settings { 600 } else { (seconds / 6).clamp(10, 30) });
    Duration::from_secs(simulated.unwrap_or(seconds))
}

/// The pause after a sweep, by how often it failed in a row.
fn pause(source: Source, simulated: bool, result: &Result<(), SourceError>, failures: u32) -> Duration {
    let base = cadence(source, simulated);
    let doubled = |first: Duration, limit: Duration| first.saturating_mul(1 << failures.min(12)).min(limit);
    let wait = match result {
        Ok(()) => base,
        // What will pass by itself is tried again soon, what needs a person rarely.
        Err(SourceError::Offline(_) | SourceError::Throttled(_) | SourceError::Service(_)) => {
            doubled(Duration::from_secs(5), base.max(Duration::from_secs(60)))
        }
        Err(_) => doubled(base, LONGEST),
    };
    if simulated { wait } else { wait.mul_f64(0.9 + 0.2 * fastrand::f64()) }
}

/// Polls one scope until the end: who asks first, then every source on its own.
pub async fn site(site: Arc<Site>) {
    let mut first = JoinSet::new();
    let asked = site.clone();
    first.spawn(async move { identify(&asked).await });
    let identified = match first.join_next().await {
        Some(Ok(identified)) => identified,
        _ => {
            broke(&site, Source::Identity).await;
            site.unnamed.store(true, Ordering::Release);
            true
        }
    };
    if !identified || *site.shared.stop.borrow() {
        return;
    }
    let once = site.shared.settings.once;
    let (mut tasks, mut sources) = (JoinSet::new(), HashMap::new());
    for source in Source::ALL {
        let with_tables = source == Source::Keys && site.shared.wants(Source::Tables);
        // Keys are swept at the end of each sweep of tables; on their own only when somebody asks.
        if site.shared.wants(source) && !(once && (with_tables || source == Source::Identity)) {
            let wait_first = with_tables || source == Source::Identity;
            sources.insert(tasks.spawn(poll(site.clone(), source, wait_first)).id(), source);
        }
    }
    while let Some(ended) = tasks.join_next_with_id().await {
        let Err(error) = ended else { continue };
        let Some(source) = sources.remove(&error.id()).filter(|_| error.is_panic()) else { continue };
        broke(&site, source).await;
        if source == Source::Tables && site.shared.wants(Source::Keys) {
            // The sweep of keys is a part of it.
            broke(&site, Source::Keys).await;
        }
        if !once && !*site.shared.stop.borrow() {
            sources.insert(tasks.spawn(poll(site.clone(), source, true)).id(), source);
        }
    }
}

fn panicked() -> SourceError {
    SourceError::Service("internal error in the poller".to_owned())
}

/// Says that a poller panicked: a source must not fall silent.
async fn broke(site: &Site, source: Source) {
    let wait = cadence(source, site.shared.wire.clock.is_simulated());
    let due = (!site.shared.settings.once).then(|| due(site, wait));
    let (at, scope) = (site.now(), site.scope());
    let result = Err(panicked());
    site.shared.send(Polled::Ended { source, scope, at, result, partial: vec![], due }).await;
}

/// Learns the account. Missing credentials are reported for every source, and waited out; what may pass is tried a few
/// times; without an answer the scope keeps its name for good. False when there is nothing to go on with.
async fn identify(site: &Arc<Site>) -> bool {
    for source in Source::ALL {
        if site.shared.wants(source) || source == Source::Identity {
            let progress = Progress { done: 0, total: 0 };
            site.shared.send(Polled::Running(source, site.scope(), progress)).await;
        }
    }
    let mut credentials = site.shared.credentials.subscribe();
    let (mut failures, mut tried) = (0, 0);
    loop {
        credentials.mark_unchanged();
        let (result, wait) = run(site, Source::Identity, failures).await;
        let Err(error) = result else { return true };
        if *site.shared.stop.borrow() {
            return true;
        }
        let once = site.shared.settings.once;
        if matches!(error, SourceError::Expired { .. } | SourceError::NoCredentials(_)) && site.place.key.is_none() {
            let settings = &site.shared.settings;
            let found = sought(site.place.profile.as_deref(), !settings.regions.is_empty(), site.now());
            site.shared.send(Polled::Sought(site.scope(), Box::new(found))).await;
        }
        // STS may have no route where other services have one; a scope named wrongly stays so.
        let (tries, all) = match error {
            SourceError::Expired { .. } | SourceError::NoCredentials(_) => (None, true),
            SourceError::Offline(_) => (Some(u32::from(!once)), true),
            SourceError::Throttled(_) | SourceError::Service(_) => (Some(IDENTITY_TRIES), false),
            _ => (Some(0), false),
        };
        if tries.is_some_and(|tries| tried >= tries) {
            site.unnamed.store(true, Ordering::Release);
            return true;
        }
        for source in Source::ALL {
            if all && source != Source::Identity && site.shared.wants(source) {
                let due = (!site.shared.settings.once).then(|| due(site, wait));
                let (at, scope) = (site.now(), site.scope());
                let ended = Polled::Ended { source, scope, at, result: Err(error.clone()), partial: vec![], due };
                site.shared.send(ended).await;
            }
        }
        if once && all {
            return false;
        }
        failures += 1;
        tried += u32::from(tries.is_some());
        if !rest(site, Source::Identity, wait, &mut credentials).await {
            return false;
        }
    }
}

async fn poll(site: Arc<Site>, source: Source, wait_first: bool) {
    let mut credentials = site.shared.credentials.subscribe();
    let mut failures = 0;
    let mut wait = cadence(source, site.shared.wire.clock.is_simulated());
    let mut wait_first = wait_first;
    loop {
        if !wait_first {
            // What changes from here on may come too late for the sweep: it is seen after it.
            credentials.mark_unchanged();
            let (result, next) = run(&site, source, failures).await;
            failures = if result.is_ok() { 0 } else { failures + 1 };
            wait = next;
            if site.shared.settings.once {
                return;
            }
        }
        wait_first = false;
        if !rest(&site, source, wait, &mut credentials).await {
            return;
        }
    }
}

/// Waits for the next sweep: its time, somebody's wish, or new credentials. False at the end of everything.
async fn rest(site: &Site, source: Source, wait: Duration, credentials: &mut watch::Receiver<u64>) -> bool {
    let mut stop = site.shared.stop.subscribe();
    let Some(wake) = site.wake.get(&source) else { return false };
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return false,
        () = pass(site, wait) => {}
        () = wake.notified() => {}
        changed = credentials.changed() => if changed.is_err() { return false },
    }
    !*site.shared.stop.borrow()
}

/// Lets a pause go by; while nobody looks, a longer one, which ends when somebody does again.
async fn pass(site: &Site, wait: Duration) {
    let clock = &site.shared.wire.clock;
    clock.cadence(wait).await;
    let mut attended = site.shared.attended.subscribe();
    tokio::select! {
        _ = attended.wait_for(|attended| *attended) => {}
        () = clock.cadence(wait * (UNATTENDED - 1)) => {}
    }
}

/// One sweep from its first message to its last; gives its result and the pause after it.
async fn run(site: &Site, source: Source, failures: u32) -> (Result<(), SourceError>, Duration) {
    let mut stop = site.shared.stop.subscribe();
    let _turn = match site.running.get(&source) {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    if site.ended.load(Ordering::Acquire) && !site.shared.wire.clock.is_simulated() {
        site.renew().await;
    }
    let mut sweep = Sweep::new(site, source, false);
    sweep.grow(0).await;
    let result = tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return (Ok(()), Duration::ZERO),
        result = Box::pin(sweep_source(site, &mut sweep)) => result,
    };
    let failures = if result.is_ok() { 0 } else { failures };
    let wait = pause(source, site.shared.wire.clock.is_simulated(), &result, failures);
    end(sweep, result.clone(), wait).await;
    (result, wait)
}

async fn end(sweep: Sweep<'_>, result: Result<(), SourceError>, wait: Duration) {
    let (site, source, scope) = (sweep.site, sweep.source, sweep.scope.clone());
    // Whatever was asked for in all regions was asked in those that are known: that is a gap of every list.
    let unlisted = site.regions.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(error) = unlisted.filter(|_| result.is_ok() && source != Source::Identity) {
        sweep.note::<()>(&Err(site.fault(error)));
    }
    site.flush().await;
    let due = (!site.shared.settings.once).then(|| due(site, wait));
    let at = site.now();
    site.shared.send(Polled::Ended { source, scope, at, result, partial: sweep.faults(), due }).await;
}

fn due(site: &Site, wait: Duration) -> jiff::Timestamp {
    let now = site.now();
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(now)
}

async fn sweep_source(site: &Site, sweep: &mut Sweep<'_>) -> Result<(), SourceError> {
    match sweep.source {
        Source::Identity => sts::sweep(site, sweep).await,
        Source::Tables => {
            let result = dynamodb::sweep(site, sweep).await;
            if site.shared.wants(Source::Keys) {
                keys_after_tables(site).await;
            }
            result
        }
        Source::Keys => kms::sweep(site, sweep).await,
        Source::Backups => backups::sweep(site, sweep).await,
        Source::Network => network::sweep(site, sweep).await,
        Source::Findings => guardduty::sweep(site, sweep).await,
        Source::Compliance => config::sweep(site, sweep).await,
        Source::Drift => cloudformation::sweep(site, sweep).await,
        Source::Settings => answers::sweep(site, sweep).await,
        Source::Trails => cloudtrail::sweep(site, sweep).await,
        Source::Events => {
            let changes = events::sweep(site, sweep).await?;
            follow(site, &changes).await;
            Ok(())
        }
    }
}

/// Re-reads what changes were made to: a table at once, anything else by a sweep of its source.
async fn follow(site: &Site, changes: &[Event]) {
    let mut tables = BTreeSet::new();
    for change in changes {
        let Some(source) = events::affected(change) else { continue };
        // Tables that come and go are a matter of the list.
        let of_one = source == Source::Tables && !["CreateTable", "DeleteTable"].contains(&change.name.as_str());
        if of_one && !change.tables.is_empty() {
            tables.extend(change.tables.iter().cloned());
        } else if let Some(wake) = site.wake.get(&source).filter(|_| site.shared.wants(source)) {
            wake.notify_one();
        }
    }
    if tables.is_empty() || !site.shared.wants(Source::Tables) {
        return;
    }
    let Some(partition) = site.partition() else {
        // Without the account's number no ARN can be made: the list tells them.
        site.wake.get(&Source::Tables).into_iter().for_each(tokio::sync::Notify::notify_one);
        return;
    };
    let scope = site.scope();
    for name in tables {
        // Events name tables by name or by ARN.
        let name = Arn::parse(&name).and_then(|arn| arn.table_name().map(str::to_owned)).unwrap_or(name);
        let arn = Arn::table(&partition, &scope.region, &scope.account, &name).to_string();
        read_one(site, &name, &arn).await;
        let mut memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.changed.len() < CHANGED {
            memory.changed.insert(name);
        }
    }
}

/// The sweep of keys that belongs to a sweep of tables.
async fn keys_after_tables(site: &Site) {
    let _turn = match site.running.get(&Source::Keys) {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    let sweep = Sweep::new(site, Source::Keys, false);
    sweep.grow(0).await;
    let result = Box::pin(kms::sweep(site, &sweep)).await;
    let wait = pause(Source::Keys, site.shared.wire.clock.is_simulated(), &result, 0);
    end(sweep, result, wait).await;
}

/// Re-reads one table at once, before anything else.
pub async fn look(site: Arc<Site>, name: String, arn: String) {
    read_one(&site, &name, &arn).await;
    if site.shared.wants(Source::Drift) {
        let sweep = Sweep::new(&site, Source::Drift, true);
        history::read(&site, &sweep, &name, arn).await;
    }
}

async fn read_one(site: &Site, name: &str, arn: &str) {
    let sweep = Sweep::new(site, Source::Tables, true);
    let keys = dynamodb::read(site, &sweep, name, arn).await;
    if site.shared.wants(Source::Keys) {
        let sweep = Sweep::new(site, Source::Keys, true);
        kms::read(site, &sweep, keys).await;
    }
}

/// Searches CloudTrail in one scope.
pub async fn search(site: Arc<Site>, search: EventSearch) {
    let mut task = JoinSet::new();
    let (of, asked) = (site.clone(), search.clone());
    task.spawn(async move { events::search(&of, asked).await });
    if let Some(Err(_)) = task.join_next().await {
        let reach = SearchReach { search, found: Err(panicked()), cut: false, from: None };
        let (source, scope) = (Source::Events, site.scope());
        site.shared.send(Polled::Data { source, scope, deltas: vec![Delta::Search(reach)] }).await;
    }
}
