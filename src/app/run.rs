//! The loop: keys, polled messages, the clock, signals. It never waits on the data layer.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until, timeout};

use crate::aws::{Command, Handle};
use crate::controls::accepted::Accepted;
use crate::model::Polled;
use crate::state::State;
use crate::term::{Answers, Heard, Screen};
use crate::theme::{Ground, Wardrobe};
use crate::wire::Clock;

use super::{App, Effect, Left, Msg, Start, draw, fitting, keep, pointer, read_records, update};

/// A frame is drawn when the queue is drained, or this long after the first change that it shows.
const FRAME: Duration = Duration::from_millis(16);

/// Between two slices of work that keys do not wait for, they are looked at.
const PAUSE: Duration = Duration::from_millis(4);

/// Data alone redraws this often at most while it keeps coming: a key's frame is never late, and a sweep does not flicker.
const DATA_FRAME: Duration = Duration::from_millis(100);
/// The first data after a while is shown at once; what follows it waits twice as long each time, up to that.
const FIRST_DATA: Duration = Duration::from_millis(4);
/// After so long without data, what comes is the first again.
const LULL: Duration = Duration::from_secs(1);

/// How long a signal may take after a terminal that went away: it says why.
const TOLD: Duration = Duration::from_millis(100);

/// Runs the dashboard until the user leaves. `commands` leads to the data layer, `polled` comes from it.
///
/// # Errors
/// When the terminal cannot be taken over, or goes away.
pub async fn run(mut start: Start, commands: Handle, mut polled: Receiver<Polled>) -> io::Result<Left> {
    let clock = start.clock.clone();
    let themes = start.themes.clone();
    let mut accepted = start.accepted.take();
    let state = start.state.clone();
    let screen = Screen::take(!start.no_mouse, start.reports.clone())?;
    let (mut app, first) = App::new(start);
    app.look.zone = local_zone();
    let (read, mut records) = unbounded_channel();
    let mut outside = Outside { screen, commands, themes, read, state, clock: clock.clone() };
    let mut keys = EventStream::new();
    let mut answers = Answers::default();
    let mut asked = false;
    let mut ended = Ended::listen()?;
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    if let Some(left) = outside.perform(&mut app, first)? {
        return Ok(left);
    }
    let mut shown = Shown::at_first();
    loop {
        if shown.dirty && Instant::now() >= shown.due {
            let effects = update(&mut app, Msg::Tick(clock.now()));
            if let Some(left) = outside.perform(&mut app, effects)? {
                return Ok(left);
            }
            if let Err(error) = outside.screen.draw(|frame| shown_in(&mut app, frame)) {
                return ended.gone(Some(error)).await;
            }
            shown.drawn(Instant::now());
            if !asked && app.look.theme.ground() != Ground::Any {
                // No frame waits for it: the terminal answers when it does, or never.
                outside.screen.ask_ground()?;
                asked = true;
            }
        }
        let mut next = VecDeque::new();
        // Keys come first: a flood of data must not delay them.
        let message = tokio::select! {
            biased;
            key = keys.next() => match key {
                Some(Ok(event)) => match answers.take(event) {
                    Heard::Events(events) => {
                        next.extend(events.into_iter().filter_map(key_message));
                        None
                    }
                    Heard::Ground(rgb) => outside.grounded(&app, rgb),
                },
                Some(Err(error)) => return ended.gone(Some(error)).await,
                None => return ended.gone(None).await,
            },
            code = ended.wait() => return Ok(Left::Ended(code)),
            message = polled.recv(), if open && !app.frozen => {
                open = message.is_some();
                message.map(Msg::Polled)
            }
            record = records.recv() => record,
            Some(accepted) = written(&mut accepted) => Some(Msg::Accepted(accepted)),
            () = sleep(answers.patience().unwrap_or_default()), if answers.patience().is_some() => {
                answers.give_up().and_then(key_message)
            }
            () = sleep_until(shown.due.into()), if shown.dirty => None,
            () = sleep(PAUSE), if app.busy() => {
                shown.dirty = true;
                Some(Msg::Work)
            }
            _ = tick.tick() => {
                (shown.dirty, shown.due) = (true, Instant::now());
                // Files that are followed bring something now and then.
                app.feed().is_some().then_some(Msg::Work)
            }
        };
        next.extend(message);
        let began = Instant::now();
        while let Some(message) = next.pop_front() {
            let is_data = matches!(message, Msg::Polled(_) | Msg::Work);
            shown.dirty = true;
            shown.news |= is_data;
            if !is_data {
                shown.due = began;
            }
            if matches!(message, Msg::Resize(..))
                && let Err(error) = outside.screen.resize()
            {
                return ended.gone(Some(error)).await;
            }
            let effects = update(&mut app, message);
            if let Some(left) = outside.perform(&mut app, effects)? {
                return Ok(left);
            }
            if is_data && began.elapsed() < FRAME && !app.frozen {
                next.extend(polled.try_recv().ok().map(Msg::Polled));
            }
            // Each key has a frame of its own. The stream of keys must not be asked on the side to share one: it keeps
            // the waker it was first asked with, and the next key would wait for the clock.
        }
    }
}

/// A frame as the terminal gets it.
fn shown_in(app: &mut App, frame: &mut ratatui::Frame<'_>) {
    draw(app, frame);
    app.spots.lay_link(frame.buffer_mut());
}

/// What is accepted of tables, once it was written anew.
async fn written(accepted: &mut Option<UnboundedReceiver<Accepted>>) -> Option<Accepted> {
    match accepted {
        Some(accepted) => accepted.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether the frame on the screen is the newest, and when the next may be drawn.
struct Shown {
    dirty: bool,
    due: Instant,
    /// There is data that no frame shows.
    news: bool,
    /// How long the next frame of data alone waits for more, and when the last one was drawn.
    pace: Duration,
    told: Option<Instant>,
}

impl Shown {
    fn at_first() -> Self {
        Self { dirty: true, due: Instant::now(), news: false, pace: FIRST_DATA, told: None }
    }

    /// A frame was drawn.
    fn drawn(&mut self, now: Instant) {
        if std::mem::take(&mut self.news) {
            let lull = self.told.is_none_or(|told| now.duration_since(told) > LULL);
            self.pace = if lull { FIRST_DATA } else { (self.pace * 2).min(DATA_FRAME) };
            self.told = Some(now);
        }
        let next = self.told.map_or(now, |told| told + self.pace);
        (self.dirty, self.due) = (false, next.max(now));
    }
}

fn key_message(event: Event) -> Option<Msg> {
    match event {
        Event::Mouse(mouse) => pointer::means(&mouse).then_some(Msg::Mouse(mouse)),
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
    }
}

/// What effects act on.
struct Outside {
    screen: Screen,
    commands: Handle,
    themes: Wardrobe,
    /// Where records go that were read.
    read: UnboundedSender<Msg>,
    /// Where marks and notes are kept.
    state: Option<State>,
    clock: Clock,
}

impl Outside {
    /// Does what the application wants done; how it was left, when it wants to end.
    fn perform(&mut self, app: &mut App, effects: Vec<Effect>) -> io::Result<Option<Left>> {
        for effect in effects {
            match effect {
                Effect::Refresh(source) => self.commands.send(Command::Refresh(source)),
                Effect::Search(search) => self.commands.send(Command::Search(search)),
                Effect::Look(arn) => self.commands.send(Command::Look(arn)),
                Effect::Measure(arn, since) => self.commands.send(Command::Measure(arn, since)),
                Effect::Prefer(scope) => self.commands.send(Command::Prefer(scope)),
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Records(wanted) => {
                    let read = self.read.clone();
                    // Unpacking large files takes longer than a frame may. Nobody listens once the screen is gone.
                    std::thread::spawn(move || read_records(wanted, |record| read.send(record).is_ok()));
                }
                Effect::Themes => {
                    let themes = self.themes.all();
                    update(app, Msg::Offered(themes));
                }
                Effect::Theme(name) => {
                    let theme = self.themes.named(&name).map_err(|error| error.to_string());
                    update(app, Msg::Themed(theme));
                }
                Effect::Recall(_) | Effect::Keep(..) | Effect::Note(..) => {
                    if let Some(state) = self.state.clone() {
                        let (read, now) = (self.read.clone(), self.clock.now());
                        // A disk may be slow, or far away.
                        std::thread::spawn(move || {
                            if let Some(said) = keep(&state, effect, now) {
                                let _gone = read.send(said);
                            }
                        });
                    }
                }
                Effect::Attend(attended) => self.commands.send(Command::Attend(attended)),
                Effect::Bell => self.screen.ring()?,
                Effect::Suspend => {
                    self.screen.suspend()?;
                    // It may come back to another terminal, or to another time of day.
                    self.screen.ask_ground()?;
                }
                Effect::Demo => return Ok(Some(Left::ForDemo)),
                Effect::Quit => return Ok(Some(Left::Quit)),
            }
        }
        Ok(None)
    }

    /// The colour of the terminal's ground was heard: what is worn on it, when that is another than before.
    fn grounded(&mut self, app: &App, [red, green, blue]: [u8; 3]) -> Option<Msg> {
        let ground = Ground::of(red, green, blue);
        if ground == self.themes.ground() {
            return None;
        }
        self.themes = self.themes.clone().on(ground);
        self.themes.named(fitting::asked(app)).ok().map(Msg::Grounded)
    }
}

/// The zone of this machine: `TZ`, else `/etc/localtime`, else UTC.
fn local_zone() -> TimeZone {
    let name = std::env::var("TZ").ok().map(|name| name.trim_start_matches(':').to_owned());
    let path = match &name {
        Some(name) if name.starts_with('/') => PathBuf::from(name),
        Some(name) if !name.is_empty() => PathBuf::from("/usr/share/zoneinfo").join(name),
        _ => PathBuf::from("/etc/localtime"),
    };
    let read = std::fs::read(path).ok().and_then(|data| TimeZone::tzif("local", &data).ok());
    read.unwrap_or(TimeZone::UTC)
}

/// The signals that ask a program to end: the terminal is given back before it does.
#[cfg(unix)]
struct Ended {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ended {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, hang_up: signal(SignalKind::hangup())? })
    }

    /// The exit code that shells give to what a signal ended.
    async fn wait(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 128 + 15,
            _ = self.hang_up.recv() => 128 + 1,
        }
    }
}

/// Elsewhere the console's own interrupt is a key.
#[cfg(not(unix))]
struct Ended;

#[cfg(not(unix))]
impl Ended {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) -> u8 {
        std::future::pending().await
    }
}

impl Ended {
    /// The end of a terminal that went away: a signal says why, else the error does.
    async fn gone(&mut self, error: Option<io::Error>) -> io::Result<Left> {
        match (timeout(TOLD, self.wait()).await, error) {
            (Ok(code), _) => Ok(Left::Ended(code)),
            (Err(_), Some(error)) => Err(error),
            (Err(_), None) => Ok(Left::Quit),
        }
    }
}
