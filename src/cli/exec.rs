//! What `watch` runs for each change: a command of the user's own, one at a time, on a thread of its own.

use std::io::{self, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::export::safe::{shortened, visible};

/// Items that may wait for the command; more are dropped, and said.
const WAITING: usize = 1_000;
/// How often a running command is looked after.
const GLANCE: Duration = Duration::from_millis(20);
/// The variables of AWS that are no credentials, and lead to none.
const HARMLESS: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PAGER"];

/// What to run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The program and its arguments: nothing is split, and no shell is asked.
    pub command: Vec<String>,
    /// How long it may take.
    pub time_out: Duration,
    /// It may use our credentials.
    pub credentials: bool,
}

/// The thread that runs it.
pub(super) struct Exec {
    items: SyncSender<Vec<u8>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
    dropped: u64,
}

impl Exec {
    /// Starts the thread; what goes wrong with the command is told by `say`, and stops nothing.
    pub(super) fn start(plan: Plan, say: impl Fn(&str) + Send + 'static) -> Self {
        let (items, queue) = sync_channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || run_all(&plan, &queue, &stopped, say));
        Self { items, stop, thread, dropped: 0 }
    }

    /// Hands an item over; it waits for its turn.
    pub(super) fn hand(&mut self, mut item: Vec<u8>) {
        // One item a line: what a command appends to a file are JSON lines.
        item.push(b'\n');
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.items.try_send(item) {
            self.dropped += 1;
        }
    }

    /// Waits for what was handed over, or with `now` for the command that runs alone; gives how many items it never saw.
    pub(super) fn end(self, now: bool) -> u64 {
        self.stop.store(now, Ordering::Release);
        drop(self.items);
        self.dropped + self.thread.join().unwrap_or_default()
    }
}

fn run_all(plan: &Plan, queue: &Receiver<Vec<u8>>, stop: &AtomicBool, say: impl Fn(&str)) -> u64 {
    let mut unseen = 0;
    for item in queue {
        if stop.load(Ordering::Acquire) {
            unseen += 1;
        } else if let Err(why) = run(plan, item) {
            let name = plan.command.first().map_or("", String::as_str);
            say(&format!("--exec {}: {}", visible(name), shortened(&visible(&why), 300)));
        }
    }
    unseen
}

/// Runs the command once, with the item as its standard input.
pub(super) fn run(plan: &Plan, item: Vec<u8>) -> Result<(), String> {
    let (program, arguments) = plan.command.split_first().ok_or("there is nothing to run")?;
    let mut command = Command::new(program);
    // Standard output is for lines of changes alone.
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::from(io::stderr()));
    if !plan.credentials {
        let ours = std::env::vars_os().map(|(name, _)| name);
        let kept = |name: &str| !name.starts_with("AWS_") || HARMLESS.contains(&name);
        for name in ours.filter(|name| !name.to_str().is_none_or(kept)) {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // One that does not read must not be waited for here.
    let writer = child.stdin.take().map(|mut input| {
        // One that needs no input may close it.
        std::thread::spawn(move || drop(input.write_all(&item)))
    });
    let ended = wait(&mut child, plan.time_out);
    if ended.is_ok() {
        // Whoever it left behind may hold the pipe open, and read it or not.
        drop(writer);
    }
    match ended {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(status.to_string()),
        Ok(None) => Err(format!("it took longer than {:?}, and was ended", plan.time_out)),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits so long; then it is ended.
fn wait(child: &mut Child, time_out: Duration) -> io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() >= time_out {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Plan {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Plan { command, time_out: Duration::from_secs(20), credentials: false }
    }

    #[test]
    fn what_fails_is_told_and_what_hangs_is_ended() {
        assert_eq!(run(&sh("cat >/dev/null"), b"{}".to_vec()), Ok(()));
        assert!(run(&sh("exit 3"), b"{}".to_vec()).unwrap_err().contains('3'));
        let nothing = Plan { command: vec!["/no/such/program".to_owned()], ..sh("") };
        assert!(run(&nothing, b"{}".to_vec()).is_err());
        // It neither reads its input nor ends.
        let slow = Plan { time_out: Duration::from_millis(100), ..sh("exec sleep 60") };
        let began = Instant::now();
        assert!(run(&slow, vec![b'x'; 1 << 20]).unwrap_err().contains("longer than"));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_fails_once_is_run_again_for_the_next() {
        let (to, told) = std::sync::mpsc::channel();
        let mut exec = Exec::start(sh("grep -q good"), move |why: &str| drop(to.send(why.to_owned())));
        for item in ["bad", "good", "bad"] {
            exec.hand(item.as_bytes().to_vec());
        }
        assert_eq!(exec.end(false), 0);
        assert_eq!(told.iter().count(), 2);
    }
}
