//! A whole program without its terminal: the demo account (with faults on demand) under the real SDK clients, the
//! real pollers, the real update loop and the real views, on simulated time.

#![expect(clippy::unwrap_used, reason = "it fails where it stands, as tests do")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dynakeep::app::{App, Effect, Msg, Start, Tab, Wanted, draw, keep, read_records, update};
use dynakeep::aws::{self, Command, Handle, Settings};
use dynakeep::config::Config;
use dynakeep::controls::Baseline;
use dynakeep::keymap::parse;
use dynakeep::model::{Origin, Polled};
use dynakeep::state::State;
use dynakeep::store::Store;
use dynakeep::theme::{Depth, Theme, Wardrobe};
use dynakeep::trail::GRADER;
use dynakeep::trail::ingest::{Feed, Keep, Options};
use dynakeep::wire::demo::{Demo, DemoOptions, Story};
use dynakeep::wire::fault::Injector;
use dynakeep::wire::{Clock, Wire};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A running program.
pub struct Session {
    runtime: tokio::runtime::Runtime,
    pub app: App,
    pub injector: Injector,
    pub copied: Vec<String>,
    pub quit: bool,
    /// How often the bell rang.
    pub bells: usize,
    /// Records asked for and not read yet.
    pub wanted: Vec<Wanted>,
    clock: Clock,
    commands: Handle,
    polled: mpsc::Receiver<Polled>,
    terminal: Terminal<TestBackend>,
    state: Option<State>,
    _layer: JoinHandle<()>,
}

/// The settings that the program uses for the demo.
pub fn settings() -> Settings {
    Settings { limits: true, share: 0.5, event_hours: 24, ..Settings::default() }
}

/// The demo at the moment the dashboard shows it.
pub fn demo_options() -> DemoOptions {
    DemoOptions { start: Story::AfterFirstCritical, ..DemoOptions::default() }
}

impl Session {
    /// The demo account in a terminal of this size; nothing polled yet.
    pub fn demo(width: u16, height: u16) -> Self {
        Self::of(demo_options(), width, height)
    }

    /// A demo account of one's own.
    pub fn of(options: DemoOptions, width: u16, height: u16) -> Self {
        Self::over(Demo::new(options, None).wire(), settings(), (width, height), true, |_| {})
    }

    /// The demo with its state kept in a directory.
    pub fn kept(state: &Path, width: u16, height: u16) -> Self {
        Self::kept_of(demo_options(), state, width, height)
    }

    /// A demo account of one's own, its state kept in a directory.
    pub fn kept_of(options: DemoOptions, state: &Path, width: u16, height: u16) -> Self {
        let state = Some(State::new(state.to_owned()));
        Self::with(Demo::new(options, None).wire(), settings(), (width, height), true, |_| {}, state)
    }

    /// A demo account with a fault from the first call on.
    pub fn broken(width: u16, height: u16, spoil: impl FnOnce(&Injector)) -> Self {
        Self::over(Demo::new(demo_options(), None).wire(), settings(), (width, height), true, spoil)
    }

    /// The program over any wire. `paused`: simulated time.
    pub fn over(wire: Wire, settings: Settings, size: (u16, u16), paused: bool, spoil: impl FnOnce(&Injector)) -> Self {
        Self::with(wire, settings, size, paused, spoil, None)
    }

    fn with(
        wire: Wire,
        settings: Settings,
        (width, height): (u16, u16),
        paused: bool,
        spoil: impl FnOnce(&Injector),
        state: Option<State>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build().unwrap();
        let (wire, injector) = Injector::wrap(wire);
        spoil(&injector);
        let (commands, asked) = Handle::pair();
        let (to, polled) = mpsc::channel(1024);
        let config = Config::default();
        let config = if wire.origin == Origin::Demo { config.of_demo() } else { config };
        let store = Store::new(wire.origin, config.baseline());
        let mut start = Start::new(store, Theme::built_in("dark").unwrap(), wire.clock.clone());
        start.state = state;
        start.user = "ann".to_owned();
        let layer = runtime.spawn(async move { aws::run(wire, settings, asked, to).await.unwrap() });
        Self::begin(runtime, start, injector, (commands, polled, layer), (width, height))
    }

    /// Log files alone: nobody polls. Their records stay in their files.
    pub fn files(paths: Vec<PathBuf>, (width, height): (u16, u16)) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (wire, injector) = Injector::wrap(Demo::new(demo_options(), None).wire());
        let (commands, asked) = Handle::pair();
        let (to, polled) = mpsc::channel(1);
        let store = Store::new(Origin::Files, Baseline::default());
        let mut start = Start::new(store, Theme::built_in("dark").unwrap(), wire.clock.clone());
        start.feed = Some(Feed::start(
            Options { paths, threads: 2, keep: Keep::Files, follow: false, grader: Some(GRADER) },
            usize::MAX,
        ));
        start.view = Some(Tab::Trail);
        let layer = runtime.spawn(async move {
            let _open = (to, asked);
            std::future::pending::<()>().await;
        });
        Self::begin(runtime, start, injector, (commands, polled, layer), (width, height))
    }

    fn begin(
        runtime: tokio::runtime::Runtime,
        start: Start,
        injector: Injector,
        (commands, polled, layer): (Handle, mpsc::Receiver<Polled>, JoinHandle<()>),
        (width, height): (u16, u16),
    ) -> Self {
        let (clock, state) = (start.clock.clone(), start.state.clone());
        let (app, effects) = App::new(start);
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut session = Self {
            runtime,
            app,
            injector,
            copied: Vec::new(),
            quit: false,
            bells: 0,
            wanted: Vec::new(),
            clock,
            commands,
            polled,
            terminal,
            state,
            _layer: layer,
        };
        session.perform(effects);
        session
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Refresh(source) => self.commands.send(Command::Refresh(source)),
                Effect::Search(search) => self.commands.send(Command::Search(search)),
                Effect::Look(arn) => self.commands.send(Command::Look(arn)),
                Effect::Measure(arn, since) => self.commands.send(Command::Measure(arn, since)),
                Effect::Prefer(scope) => self.commands.send(Command::Prefer(scope)),
                Effect::Copy(text) => self.copied.push(text),
                Effect::Quit | Effect::Demo => self.quit = true,
                Effect::Theme(name) => {
                    let theme = Theme::built_in(&name).map_err(|error| error.to_string());
                    update(&mut self.app, Msg::Themed(theme));
                }
                Effect::Themes => {
                    let themes = Wardrobe::new(None, Depth::True).all();
                    update(&mut self.app, Msg::Offered(themes));
                }
                Effect::Records(wanted) => self.wanted.extend(wanted),
                Effect::Suspend => {}
                Effect::Attend(attended) => self.commands.send(Command::Attend(attended)),
                Effect::Bell => self.bells += 1,
                Effect::Recall(_) | Effect::Keep(..) | Effect::Note(..) => {
                    let said = self.state.as_ref().and_then(|state| keep(state, effect, self.clock.now()));
                    if let Some(said) = said {
                        let effects = update(&mut self.app, said);
                        self.perform(effects);
                    }
                }
            }
        }
    }

    /// Asks the data layer directly.
    pub fn send(&self, command: Command) {
        self.commands.send(command);
    }

    /// Lets this much simulated time go by.
    pub fn run(&mut self, time: Duration) {
        let end = self.clock.now() + jiff::SignedDuration::try_from(time).unwrap();
        self.pump(|session| session.clock.now() >= end, time);
    }

    /// Runs until every source has ended a sweep in every scope.
    pub fn settle(&mut self) {
        self.pump(
            |session| {
                let mut all = session.app.store.freshness().peekable();
                all.peek().is_some() && all.all(|(_, freshness)| freshness.sweeps > 0)
            },
            Duration::from_secs(3600),
        );
    }

    /// Runs until something holds, at most so long.
    pub fn until(&mut self, what: &str, holds: impl Fn(&mut Self) -> bool, at_most: Duration) {
        let end = self.clock.now() + jiff::SignedDuration::try_from(at_most).unwrap();
        loop {
            if holds(self) {
                return;
            }
            assert!(self.clock.now() < end, "not within {at_most:?}: {what}\n{}", self.screen());
            self.run(Duration::from_secs(1));
        }
    }

    fn pump(&mut self, done: impl Fn(&Self) -> bool, at_most: Duration) {
        let clock = self.clock.clone();
        let end = clock.now() + jiff::SignedDuration::try_from(at_most).unwrap();
        loop {
            // What is queued is taken first, as the program does; only an empty queue lets time pass.
            let next = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    message = self.polled.recv() => message,
                    () = clock.sleep(Duration::from_millis(250)) => None,
                }
            });
            match next {
                Some(message) => {
                    let effects = update(&mut self.app, Msg::Polled(message));
                    self.perform(effects);
                }
                None => {
                    if done(self) || clock.now() >= end {
                        break;
                    }
                }
            }
        }
        update(&mut self.app, Msg::Tick(clock.now()));
        self.app.freshen();
        while self.app.judging() {
            self.app.freshen();
        }
        let effects = update(&mut self.app, Msg::Tick(clock.now()));
        self.perform(effects);
    }

    /// Is looked at from now on, or no longer.
    pub fn focus(&mut self, attended: bool) {
        let effects = update(&mut self.app, Msg::Focus(attended));
        self.perform(effects);
    }

    /// Works between keys until files are loaded and records searched.
    pub fn work(&mut self) -> &mut Self {
        for _ in 0..20_000 {
            let effects = update(&mut self.app, Msg::Work);
            self.perform(effects);
            self.draw();
            if !self.app.busy() {
                return self;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("still at work:\n{}", self.screen());
    }

    /// Reads the records that were asked for.
    pub fn read(&mut self) -> &mut Self {
        let effects = update(&mut self.app, Msg::Work);
        self.perform(effects);
        let mut read = Vec::new();
        read_records(std::mem::take(&mut self.wanted), |record| {
            read.push(record);
            true
        });
        for record in read {
            let effects = update(&mut self.app, record);
            self.perform(effects);
        }
        self
    }

    /// Presses keys, written as in `keys.toml`: `2 Enter j ^D / alt-f`; text in quotes is typed.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys.trim();
        while !rest.is_empty() {
            if let Some(text) = rest.strip_prefix('\'') {
                let (typed, after) = text.split_once('\'').unwrap();
                typed.chars().for_each(|c| self.key(KeyCode::Char(c), KeyModifiers::NONE));
                rest = after.trim_start();
                continue;
            }
            let (key, after) = rest.split_once(' ').unwrap_or((rest, ""));
            let (code, modifiers) = parse(key).unwrap();
            self.key(code, modifiers);
            rest = after.trim_start();
        }
        self
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        let effects = update(&mut self.app, Msg::Key(KeyEvent::new(code, modifiers)));
        self.perform(effects);
        self.draw();
    }

    fn draw(&mut self) {
        let app = &mut self.app;
        self.terminal.draw(|frame| draw(app, frame)).unwrap();
        // A loaded machine shows newer data a moment later: a test is about what is shown then.
        while app.nav.place().late || app.judging() {
            std::thread::sleep(Duration::from_millis(1));
            self.terminal.draw(|frame| draw(app, frame)).unwrap();
        }
    }

    /// The cells of the last frame.
    pub fn buffer(&mut self) -> &Buffer {
        self.draw();
        self.terminal.backend().buffer()
    }

    /// The last frame as text.
    pub fn screen(&mut self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width);
        let symbols: Vec<&str> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        symbols.chunks(width).map(|row| row.concat().trim_end().to_owned() + "\n").collect()
    }

    /// Fails with the whole screen when it does not hold this text.
    #[track_caller]
    pub fn shows(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
        self
    }

    /// Fails with the whole screen when it holds this text.
    #[track_caller]
    pub fn hides(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} is on the screen:\n{screen}");
        self
    }
}

/// The JSON files of a directory, however deep.
pub fn json_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|of| of == "json") {
            found.push(path);
        }
    }
}
