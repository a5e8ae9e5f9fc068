//! The whole data layer: which scopes there are, what the screen asks for, and the end.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::model::{Arn, Polled};
use crate::wire::Wire;

use super::limiter::Limiter;
use super::site::{Shared, Site};
use super::{Command, Settings};
use super::{engine, poller};

/// Calls in flight at the same time, over all scopes.
const SLOTS: usize = 48;
/// How often files of credentials are looked at while credentials are missing.
const GLANCE: Duration = Duration::from_secs(1);

/// How long queries may take to stop at their service at the end.
const LAST: Duration = Duration::from_secs(engine::STOPPING.as_secs() + 2);
/// How long pollers may take to heed the end, before they are dropped where they are.
const HEED: Duration = Duration::from_secs(5);

/// Why the data layer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// None of the accounts and regions asked for exists here.
    #[error("no such account or region here: {0}")]
    NoScope(String),
    /// Neither flag, environment nor profile names a region.
    #[error("no region: name one with -r, in AWS_REGION, or as `region` of the profile `{0}` in ~/.aws/config")]
    NoRegion(String),
    /// The system gave no thread or timer.
    #[error("cannot start the data layer: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Runs the data layer on a thread of its own, until it is told to stop or nobody listens any more.
#[must_use]
pub fn spawn(
    wire: Wire,
    settings: Settings,
    commands: mpsc::UnboundedReceiver<Command>,
    to: mpsc::Sender<Polled>,
) -> JoinHandle<Result<(), StartError>> {
    spawn_with(move || wire, settings, commands, to)
}

/// As [`spawn`], over a wire that is made on that thread: making it must not hold up the first frame.
#[must_use]
pub fn spawn_with(
    wire: impl FnOnce() -> Wire + Send + 'static,
    settings: Settings,
    commands: mpsc::UnboundedReceiver<Command>,
    to: mpsc::Sender<Polled>,
) -> JoinHandle<Result<(), StartError>> {
    std::thread::spawn(move || {
        let wire = wire();
        let simulated = wire.clock.is_simulated();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(simulated).build()?;
        runtime.block_on(run(wire, settings, commands, to))
    })
}

/// Runs the data layer: until it is told to stop, until nobody listens any more, or with `settings.once` until
/// every source was swept once. A simulated wire needs a runtime whose time is paused.
///
/// # Errors
///
/// Why it could not start. Nothing that a service answers, or fails to, ends it.
pub async fn run(
    wire: Wire,
    settings: Settings,
    mut commands: mpsc::UnboundedReceiver<Command>,
    to: mpsc::Sender<Polled>,
) -> Result<(), StartError> {
    let limiter = Arc::new(Limiter::new(wire.clock.clone(), settings.limits, settings.share));
    let shared = Arc::new(Shared {
        wire,
        settings,
        limiter,
        to,
        stop: watch::Sender::new(false),
        credentials: watch::Sender::new(0),
        slots: Semaphore::new(SLOTS),
        preferred: RwLock::new(None),
        attended: watch::Sender::new(true),
        cancel: watch::Sender::new(0),
        homes: std::sync::Mutex::default(),
    });
    let mut answer: Option<oneshot::Sender<()>> = None;
    // Profiles, credentials and the list of regions are read here, which may take as long as a time-out: whoever no
    // longer wants the answer does not wait for it.
    let mut early = Vec::new();
    let sites = {
        let mut sites = Box::pin(super::scopes::sites(&shared));
        loop {
            tokio::select! {
                sites = &mut sites => break sites?,
                command = commands.recv() => match command {
                    Some(Command::Stop(sender)) => {
                        let _gone = sender.send(());
                        return Ok(());
                    }
                    Some(command) => early.push(command),
                    None => break sites.as_mut().await?,
                },
                () = shared.to.closed() => return Ok(()),
            }
        }
    };
    let mut tasks = JoinSet::new();
    for site in &sites {
        tasks.spawn(poller::site(site.clone()));
    }
    let mut extra = JoinSet::new();
    // Queries at a service are stopped there before the end.
    let mut asked = JoinSet::new();
    let mut stop = shared.stop.subscribe();
    let mut watching = Watch::new(&shared);
    let mut listening = true;
    for command in early {
        obey(&shared, &sites, command, (&mut extra, &mut asked));
    }
    loop {
        tokio::select! {
            ended = tasks.join_next() => if ended.is_none() { break },
            command = commands.recv(), if listening => match command {
                Some(Command::Stop(sender)) => {
                    answer = Some(sender);
                    break;
                }
                Some(command) => obey(&shared, &sites, command, (&mut extra, &mut asked)),
                // Nobody can ask any more; what is being polled goes on.
                None => listening = false,
            },
            _ = stop.wait_for(|stop| *stop) => break,
            () = shared.to.closed() => break,
            Some(_) = extra.join_next() => {}
            Some(_) = asked.join_next() => {}
            () = watching.glance(&shared, &sites) => {}
        }
    }
    shared.stop.send_replace(true);
    extra.shutdown().await;
    let last = async { while asked.join_next().await.is_some() {} };
    let _late = tokio::time::timeout(LAST, last).await;
    let heeded = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(HEED, heeded).await.is_err() {
        tasks.shutdown().await;
    }
    if let Some(answer) = answer {
        let _gone = answer.send(());
    }
    Ok(())
}

fn obey(
    shared: &Arc<Shared>,
    sites: &[Arc<Site>],
    command: Command,
    (extra, asked): (&mut JoinSet<()>, &mut JoinSet<()>),
) {
    match command {
        Command::Refresh(source) => {
            for site in sites {
                site.unpark();
                for (of, wake) in &site.wake {
                    if source.is_none_or(|source| source == *of) {
                        wake.notify_one();
                    }
                }
            }
        }
        Command::Look(arn) => {
            if let Some((site, name)) = site_of(sites, &arn) {
                extra.spawn(poller::look(site.clone(), name, arn));
            }
        }
        Command::Measure(arn, since) => {
            // Nothing is paid for that was not switched on: the screen says that it is off.
            let on = shared.settings.paid.contains(&super::cloudwatch::LABEL);
            if let Some((site, name)) = site_of(sites, &arn).filter(|_| on) {
                extra.spawn(super::cloudwatch::measure(site.clone(), name, arn, since));
            }
        }
        Command::Search(search) => {
            for site in sites {
                extra.spawn(poller::search(site.clone(), search.clone()));
            }
        }
        Command::Prefer(scope) => {
            *shared.preferred.write().unwrap_or_else(PoisonError::into_inner) = Some(scope);
        }
        Command::Attend(attended) => {
            shared.attended.send_replace(attended);
        }
        Command::Cancel => shared.cancel.send_modify(|generation| *generation += 1),
        Command::Ask(ask) => {
            if let Some(site) = sites.first() {
                asked.spawn(engine::ask(site.clone(), *ask));
            }
        }
        Command::Stop(_) => {}
    }
}

/// The site that a table is read by, and the table's name.
fn site_of<'a>(sites: &'a [Arc<Site>], arn: &str) -> Option<(&'a Arc<Site>, String)> {
    let parsed = Arn::parse(arn)?;
    let name = parsed.table_name()?.to_owned();
    let of = |site: &&Arc<Site>| {
        let scope = site.scope();
        scope.account == parsed.account && scope.region == parsed.region
    };
    // A scope that never learned its number is meant when no other of the region can be.
    let unnamed = || {
        let region = |site: &&Arc<Site>| site.scope().region == parsed.region;
        let mut all = sites.iter().filter(region).filter(|site| site.unnamed.load(Ordering::Acquire));
        all.next().filter(|_| all.next().is_none())
    };
    Some((sites.iter().find(of).or_else(unnamed)?, name))
}

/// Files that hold credentials: while some are missing or ran out, a change of one means to try again.
struct Watch {
    files: Vec<PathBuf>,
    seen: Vec<Option<SystemTime>>,
}

impl Watch {
    fn new(shared: &Shared) -> Self {
        let simulated = shared.wire.clock.is_simulated();
        let mut files = Vec::new();
        if let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|_| !simulated) {
            let named = |variable: &str, file: &str| {
                std::env::var_os(variable).map_or_else(|| home.join(".aws").join(file), PathBuf::from)
            };
            files.push(named("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
            files.push(named("AWS_CONFIG_FILE", "config"));
            files.push(home.join(".aws/sso/cache"));
            files.push(home.join(".aws/login/cache"));
        }
        let mut watch = Self { files, seen: Vec::new() };
        watch.seen = watch.times();
        watch
    }

    /// Times of all files, and of what is in directories.
    fn times(&self) -> Vec<Option<SystemTime>> {
        let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|data| data.modified()).ok();
        let mut times = Vec::new();
        for path in &self.files {
            times.push(modified(path));
            let Ok(entries) = std::fs::read_dir(path) else { continue };
            let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            inside.sort();
            times.extend(inside.iter().map(modified));
        }
        times
    }

    /// Waits a moment, and wakes the pollers of scopes without credentials when a file changed.
    async fn glance(&mut self, shared: &Shared, sites: &[Arc<Site>]) {
        if self.files.is_empty() {
            return std::future::pending().await;
        }
        tokio::time::sleep(GLANCE).await;
        if !sites.iter().any(|site| site.ended.load(Ordering::Acquire)) {
            return;
        }
        let now = self.times();
        if self.seen != now {
            shared.credentials.send_modify(|generation| *generation += 1);
        }
        self.seen = now;
    }
}
