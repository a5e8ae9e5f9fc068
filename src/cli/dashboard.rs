//! The dashboard: data layer on one thread, screen on this one.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::{self, Start, Tab};
use crate::aws::{self, Handle};
use crate::config::Config;
use crate::store::Store;

use super::{Cli, Failure, looks, settings, wire};

/// Messages in flight between data layer and screen.
const QUEUE: usize = 4_096;
/// How long pollers may take to end after the screen has.
const FAREWELL: Duration = Duration::from_millis(300);
/// More than any event that a pager sends.
const LONGEST: u64 = 4 << 20;

/// Runs it until the user leaves.
pub(super) fn run(cli: &Cli, thing: Option<&str>) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    let config = Config::load(global.config.as_deref())?;
    let theme = looks::theme(global, &config)?;
    let view = global.view.as_deref().map(tab).transpose()?;
    if !io::stdout().is_terminal() {
        return Err(Failure::Usage("the dashboard needs a terminal; for scripts there is `dynakeep check`".to_owned()));
    }
    let open = thing.map(read_thing).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wire = wire(cli, Some(runtime.handle().clone()))?;
    let mut start = Start::new(Store::new(wire.origin, config.baseline.baseline()), theme, wire.clock.clone());
    start.ascii = global.ascii || config.ascii;
    start.view = view;
    start.filter.clone_from(&global.filter);
    start.open = open;
    start.themes = looks::directory();
    let (handle, listen) = Handle::pair();
    let (to, from) = mpsc::channel(QUEUE);
    let running = aws::spawn(wire, settings(global, &config), listen, to);
    let ended = runtime.block_on(async {
        let joined = tokio::task::spawn_blocking(move || running.join());
        // A data layer that could not start says why at once; one that ended well leaves the screen as it is.
        let refused = async {
            match joined.await {
                Ok(Ok(Err(error))) => error,
                _ => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = app::run(start, handle.clone(), from) => ended.map_err(Failure::from),
            error = refused => Err(Failure::from(error)),
        };
        let (done, stopped) = oneshot::channel();
        handle.send(aws::Command::Stop(done));
        let _late = tokio::time::timeout(FAREWELL, stopped).await;
        ended
    });
    // A poller that hangs in a call is left behind: it only reads.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

fn tab(name: &str) -> Result<Tab, Failure> {
    Tab::named(name).ok_or_else(|| {
        let names = Tab::ALL.map(|tab| tab.name().to_lowercase()).join(", ");
        Failure::Usage(format!("--view {name}: there are {names}"))
    })
}

/// What to open; `-` stands for standard input.
fn read_thing(thing: &str) -> Result<String, Failure> {
    if thing != "-" {
        return Ok(thing.to_owned());
    }
    let mut text = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Err(Failure::Usage("open -: standard input is empty".to_owned()));
    }
    Ok(text)
}
