//! `watch`: polls as the dashboard does, without a screen, and tells each change once.

use std::io::{self, Write};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::aws::{self, Command, Handle};
use crate::export::changes;
use crate::export::safe::{self, visible};
use crate::model::{Polled, Severity};
use crate::store::Store;
use crate::store::changes::Change;
use crate::wire::demo::Story;

use super::exec::{Exec, Plan};
use super::notify::Notify;
use super::{Cli, Failure, Output, WatchArgs, once, settings};

/// Messages in flight between data layer and store.
const QUEUE: usize = 1_024;
/// What comes is judged together, this long after the first of it.
const GATHER: Duration = Duration::from_millis(250);
/// How long pollers may take to end.
const FAREWELL: Duration = Duration::from_millis(500);
/// With more changes at once than this, a person is told their number.
const ONE_BY_ONE: usize = 3;

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its time was up.
    Time,
    /// Somebody ended it.
    Signal,
    /// Nobody reads what it prints.
    Unheard,
    /// The data layer ended.
    Closed,
}

/// Watches until its time is up or somebody ends it, and gives the exit code.
pub(super) fn run(cli: &Cli, args: &WatchArgs) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if !matches!(global.output, Output::Table | Output::Json) {
        return Err(Failure::Usage("watch tells changes as lines (table) or as JSON lines (json)".to_owned()));
    }
    if global.filter.is_some() || !global.trail.is_empty() {
        return Err(Failure::Usage("watch is of all that is polled: no --filter, no --trail".to_owned()));
    }
    let config = super::config(global)?;
    // The demo's story is told at once where its length is said, and at wall speed where it is not.
    let told = global.demo.is_some() && args.duration.is_some();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(told).build()?;
    let wall = (!told).then(|| runtime.handle().clone());
    let wire = super::wire_at(cli, wall, Story::AfterFirstCritical)?;
    let settings = settings(global, &config);
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    let mut store = Store::new(wire.origin, config.baseline());
    store.set_exceptions(super::exceptions(global));
    let plan = |command: &Vec<String>| Plan {
        command: command.clone(),
        time_out: args.exec_time_out,
        credentials: args.exec_with_credentials,
    };
    let mut watch = Watch {
        store,
        told: 0,
        began: false,
        worse: false,
        missed: false,
        json: global.output == Output::Json,
        least: args.min_severity,
        notify: args.notify,
        exec: args.exec.as_ref().map(|command| Exec::start(plan(command), complain)),
    };
    let clock = wire.clock.clone();
    let (handle, listen) = Handle::pair();
    let (to, mut from) = mpsc::channel(QUEUE);
    let ended = runtime.block_on(async {
        let layer = if told {
            tokio::spawn(aws::run(wire, settings, listen, to))
        } else {
            let thread = aws::spawn(wire, settings, listen, to);
            tokio::task::spawn_blocking(move || thread.join().unwrap_or(Ok(())))
        };
        let mut signals = Signals::listen()?;
        let mut gathered: Option<Pin<Box<dyn Future<Output = ()>>>> = None;
        let wait = |length: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
            let clock = clock.clone();
            // The clock of a story moves by what is waited for; anywhere else time passes by itself.
            if told { Box::pin(async move { clock.sleep(length).await }) } else { Box::pin(tokio::time::sleep(length)) }
        };
        let mut up: Pin<Box<dyn Future<Output = ()>>> = match args.duration {
            Some(length) => wait(length),
            None => Box::pin(std::future::pending()),
        };
        let end = loop {
            let due = async {
                match &mut gathered {
                    Some(gathered) => gathered.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = signals.wait() => break End::Signal,
                () = due => {
                    gathered = None;
                    if !watch.tell(clock.now())? {
                        break End::Unheard;
                    }
                }
                polled = from.recv() => match polled {
                    Some(polled) => {
                        watch.hear(polled);
                        if gathered.is_none() {
                            gathered = Some(wait(GATHER));
                        }
                    }
                    None => break End::Closed,
                },
                () = &mut up => break End::Time,
            }
        };
        if end == End::Time || end == End::Closed {
            let _heard = watch.tell(clock.now())?;
        }
        let (done, stopped) = oneshot::channel();
        handle.send(Command::Stop(done));
        drop(from);
        let _late = tokio::time::timeout(FAREWELL, stopped).await;
        match end {
            End::Closed => match layer.await {
                Ok(ended) => ended.map(|()| end).map_err(Failure::from),
                Err(_) => Err(Failure::Io(io::Error::other("the data layer broke down"))),
            },
            _ => Ok(end),
        }
    });
    // A poller that hangs in a call is left behind: it only reads.
    runtime.shutdown_background();
    watch.end(ended?)
}

/// Something to say to whoever looks after it.
fn complain(why: &str) {
    let _closed = writeln!(io::stderr(), "dynakeep: {why}");
}

struct Watch {
    store: Store,
    /// The number of the last change that was told.
    told: u64,
    /// All was read once.
    began: bool,
    /// Something told made things worse.
    worse: bool,
    /// More changed at once than is kept: some were not told.
    missed: bool,
    json: bool,
    least: Severity,
    notify: Notify,
    exec: Option<Exec>,
}

impl Watch {
    fn hear(&mut self, polled: Polled) {
        let first = matches!(polled, Polled::Sought(..)) && self.store.sought().is_empty();
        self.store.apply(polled);
        if first {
            let _closed = super::profiles::tell(&self.store);
        }
    }

    /// Tells what changed; `false` when nobody reads it any more.
    fn tell(&mut self, now: Timestamp) -> io::Result<bool> {
        self.store.settle(now);
        if !self.began
            && let Some(began) = self.store.changes().began()
        {
            self.began = true;
            let covered = self.store.coverage();
            let words = crate::export::table::line(&self.store, &covered);
            complain(&format!("watching since {began}: {}", visible(&words)));
        }
        let missed = self.store.changes().let_go(self.told);
        if missed > 0 {
            self.missed = true;
            complain(&format!(
                "{missed} changes came at once with more, and were not told: `dynakeep handover` tells what stands"
            ));
        }
        let least = self.least;
        // Of what went stale nobody can say how bad that is.
        let fresh: Vec<&Change> = self
            .store
            .changes()
            .after(self.told)
            .filter(|change| change.severity().is_none_or(|severity| severity >= least))
            .collect();
        self.worse |= fresh.iter().any(|change| change.is_worse());
        let mut out = io::stdout().lock();
        for change in &fresh {
            let item = changes::item(&self.store, change);
            let line = if self.json { one_line(&item)? } else { changes::line(change) };
            match writeln!(out, "{line}") {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
                written => written?,
            }
            if let Some(exec) = &mut self.exec {
                exec.hand(one_line(&item)?.into_bytes());
            }
        }
        match out.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            flushed => flushed?,
        }
        drop(out);
        if fresh.len() > ONE_BY_ONE {
            let worse = fresh.iter().filter(|change| change.is_worse()).count();
            self.notify.tell(&format!("{} changes, {worse} for the worse", fresh.len()));
        } else {
            fresh.iter().for_each(|change| {
                self.notify.tell(&format!("{} {}: {}", change.kind(), change.word(), changes::words(change)));
            });
        }
        self.told = self.store.changes().newest();
        Ok(true)
    }

    /// Ends what runs, says what was not told, and gives the exit code.
    fn end(self, end: End) -> Result<ExitCode, Failure> {
        let unseen = self.exec.map_or(0, |exec| exec.end(matches!(end, End::Signal | End::Unheard)));
        if unseen > 0 {
            complain(&format!("--exec did not see {unseen} of the changes"));
        }
        if !self.began {
            complain("it ended before all was read once: nothing could be told to have changed");
        }
        Ok(match end {
            End::Signal | End::Unheard => ExitCode::SUCCESS,
            _ if self.worse => ExitCode::from(3),
            _ if !self.began || self.missed || !once::is_whole(&self.store.coverage()) => ExitCode::from(4),
            _ => ExitCode::SUCCESS,
        })
    }
}

/// JSON on one line.
fn one_line(item: &serde_json::Value) -> io::Result<String> {
    let mut line = Vec::new();
    safe::json_line(&mut line, item)?;
    String::from_utf8(line).map_err(io::Error::other)
}

/// The signals that ask a program to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        let _ended = tokio::signal::ctrl_c().await;
    }
}
