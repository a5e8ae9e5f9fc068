//! `--plain`: commands on standard input, answers on standard output, and a line when something critical comes.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep};

use crate::app::{App, Effect, Left, Msg, Start, keep, plain, read_records, update};
use crate::aws::{Command, Handle};
use crate::export;
use crate::model::{Origin, Polled, Severity};
use crate::state::State;
use crate::wire::Clock;

use super::Pipe;

/// Between two slices of work, commands are looked at.
const PAUSE: Duration = Duration::from_millis(4);
/// What is piped waits until nothing was heard for so long.
const QUIET: Duration = Duration::from_millis(250);

/// Runs it until the user leaves, or there is nothing more to read.
///
/// # Errors
/// When standard output fails; a closed one is read enough.
pub(super) async fn run(mut start: Start, commands: Handle, mut polled: Receiver<Polled>) -> io::Result<Left> {
    let (clock, state) = (start.clock.clone(), start.state.clone());
    let mut accepted = start.accepted.take();
    let (mut app, first) = App::new(start);
    let mut outside = Outside { commands, state, clock, out: Pipe::new(io::stdout()), heard: 0, at: 0 };
    outside.heard = app.store.changes().newest();
    // Whoever types may ask at any time; what is piped waits for what it asks about.
    let piped = !io::stdin().is_terminal();
    let mut lines = read();
    outside.say(&["dynakeep, line by line: help lists the commands, quit leaves".to_owned()])?;
    let begin = plain::begin(&mut app);
    for effects in [first, begin] {
        if let Some(left) = outside.perform(&mut app, effects)? {
            return Ok(left);
        }
    }
    let (mut open, mut told, mut last) = (true, false, Instant::now());
    outside.prompt()?;
    loop {
        let known = app.store.freshness().next().is_some() || app.store.origin() == Origin::Files;
        let whole = known && app.store.freshness().all(|(_, of)| !of.is_loading()) && !app.busy();
        if whole && !told {
            told = true;
            let status = plain::status(&mut app).join("; ");
            outside.aside(&format!("all was read once: {status}"))?;
        }
        let ready = !piped || whole && last.elapsed() >= QUIET;
        let message = tokio::select! {
            biased;
            line = lines.recv(), if ready => {
                let Some(line) = line else { return Ok(Left::Quit) };
                // The whole reads as a conversation.
                if piped {
                    outside.say(std::slice::from_ref(&line))?;
                }
                update(&mut app, Msg::Tick(outside.clock.now()));
                let (effects, said) = plain::obey(&mut app, &mut outside.at, &line);
                outside.say(&said)?;
                if let Some(left) = outside.perform(&mut app, effects)? {
                    return Ok(left);
                }
                outside.prompt()?;
                last = Instant::now();
                continue;
            }
            message = polled.recv(), if open => {
                open = message.is_some();
                last = Instant::now();
                message.map(Msg::Polled)
            }
            Some(of) = async { match &mut accepted { Some(of) => of.recv().await, None => std::future::pending().await } } => {
                Some(Msg::Accepted(of))
            }
            () = sleep(PAUSE), if app.busy() => Some(Msg::Work),
            () = sleep(QUIET) => Some(Msg::Tick(outside.clock.now())),
        };
        let Some(message) = message else { continue };
        let effects = update(&mut app, message);
        let rings = effects.contains(&Effect::Bell);
        if let Some(left) = outside.perform(&mut app, effects)? {
            return Ok(left);
        }
        if rings {
            outside.critical(&app)?;
        }
    }
}

/// Lines of standard input, read where nobody waits for them.
fn read() -> UnboundedReceiver<String> {
    let (to, from) = unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { break };
            if to.send(line).is_err() {
                break;
            }
        }
    });
    from
}

/// What effects act on.
struct Outside {
    commands: Handle,
    state: Option<State>,
    clock: Clock,
    out: Pipe<io::Stdout>,
    /// The last change that was told.
    heard: u64,
    /// The first line said of the place in sight.
    at: usize,
}

impl Outside {
    fn say(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            writeln!(self.out, "{}", export::safe::visible(line))?;
        }
        self.out.flush()
    }

    fn prompt(&mut self) -> io::Result<()> {
        write!(self.out, "> ")?;
        self.out.flush()
    }

    /// A line that nobody asked for, and the prompt again.
    fn aside(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.say(&[line.to_owned()])?;
        self.prompt()
    }

    /// What came that is critical.
    fn critical(&mut self, app: &App) -> io::Result<()> {
        let changes = app.store.changes();
        let worse = changes.after(self.heard).filter(|of| of.severity() == Some(Severity::Critical) && of.is_worse());
        let lines: Vec<String> = worse.map(export::changes::line).collect();
        self.heard = changes.newest();
        for line in lines {
            self.aside(&line)?;
        }
        Ok(())
    }

    /// Does what the application wants done; how it was left, when it wants to end.
    fn perform(&mut self, app: &mut App, effects: Vec<Effect>) -> io::Result<Option<Left>> {
        let mut waiting = effects;
        while !waiting.is_empty() {
            for effect in std::mem::take(&mut waiting) {
                match effect {
                    Effect::Refresh(source) => self.commands.send(Command::Refresh(source)),
                    Effect::Search(search) => self.commands.send(Command::Search(search)),
                    Effect::Look(arn) => self.commands.send(Command::Look(arn)),
                    Effect::Measure(arn, since) => self.commands.send(Command::Measure(arn, since)),
                    Effect::Prefer(scope) => self.commands.send(Command::Prefer(scope)),
                    Effect::Copy(text) => self.say(&[text])?,
                    Effect::Records(wanted) => {
                        let mut read = Vec::new();
                        read_records(wanted, |record| {
                            read.push(record);
                            true
                        });
                        waiting.extend(read.into_iter().flat_map(|record| update(app, record)));
                    }
                    Effect::Recall(_) | Effect::Keep(..) | Effect::Note(..) => {
                        let said = self.state.as_ref().and_then(|state| keep(state, effect, self.clock.now()));
                        waiting.extend(said.map(|said| update(app, said)).unwrap_or_default());
                    }
                    Effect::Theme(_) | Effect::Themes => self.say(&["there are no colours here".to_owned()])?,
                    Effect::Bell | Effect::Suspend | Effect::Attend(_) => {}
                    Effect::Demo => return Ok(Some(Left::ForDemo)),
                    Effect::Quit => return Ok(Some(Left::Quit)),
                }
            }
        }
        Ok(None)
    }
}
