//! The application: messages in, effects out, and the state between them.
//!
//! Invariant: [`update`] is synchronous and the only writer; nothing in it waits, reads a file or asks the network.

mod act;
mod alarm;
mod command;
mod draw;
mod fitting;
mod memory;
mod nav;
mod open;
mod palette;
pub mod plain;
mod pointer;
mod run;
mod survey;
#[cfg(test)]
mod tests;
mod update;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tui_input::Input;

use crate::controls::accepted::Accepted;
use crate::keymap::Keymap;
use crate::model::{EventSearch, Origin, Polled, Scope, Source};
use crate::state::{Recalled, State, Whose};
use crate::store::Store;
use crate::store::mark::Mark;
use crate::store::notes::{Note, Notes};
use crate::theme::{Depth, Offered, Theme, Wardrobe};
use crate::trail::ingest::{self, Feed};
use crate::view::{Ctx, Derived, Look, Place, TimeMode};
use crate::wire::Clock;

pub use crate::keymap::Action;
pub use crate::view::{Tab, Wanted};
pub use draw::draw;
pub use nav::Nav;
pub use run::run;
pub use update::update;

/// What the dashboard starts with.
pub struct Start {
    /// The store, with scopes announced by [`Store::expect`].
    pub store: Store,
    /// How it looks.
    pub theme: Theme,
    /// ASCII alone.
    pub ascii: bool,
    /// The first tab; the Overview when not said.
    pub view: Option<Tab>,
    /// A filter on it.
    pub filter: Option<String>,
    /// What to open: an ARN, an id, a console URL, an event as EventBridge sends it, a table's name.
    pub open: Option<String>,
    /// The data layer's clock.
    pub clock: Clock,
    /// A word for the header, beside DEMO and REPLAY, which the store's origin brings.
    pub badge: Option<String>,
    /// The themes there are, for `:theme NAME`.
    pub themes: Wardrobe,
    /// Log files that are being loaded.
    pub feed: Option<Feed>,
    /// What is accepted of tables, each time that the file which says it changes.
    pub accepted: Option<UnboundedReceiver<Accepted>>,
    /// Where the mark and notes are kept; without it they end with the program.
    pub state: Option<State>,
    /// The endpoint that stands for AWS, if one was asked for: its state is another.
    pub endpoint: Option<String>,
    /// Who looks, for notes and marks.
    pub user: String,
    /// No bell and no badge for what is critical.
    pub quiet: bool,
    /// Which keys do what.
    pub keys: Keymap,
    /// Leave the mouse to the terminal.
    pub no_mouse: bool,
    /// Where a report goes when the program breaks.
    pub reports: PathBuf,
}

impl Start {
    /// A start with defaults.
    #[must_use]
    pub fn new(store: Store, theme: Theme, clock: Clock) -> Self {
        Self {
            store,
            theme,
            ascii: false,
            view: None,
            filter: None,
            open: None,
            clock,
            badge: None,
            themes: Wardrobe::new(None, Depth::True),
            feed: None,
            accepted: None,
            state: None,
            endpoint: None,
            user: String::new(),
            quiet: false,
            keys: Keymap::default(),
            no_mouse: false,
            reports: std::env::temp_dir(),
        }
    }
}

/// What happens to the application.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal is looked at, or no longer.
    Focus(bool),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// A poller has something to say.
    Polled(Polled),
    /// It is later: ages have changed.
    Tick(Timestamp),
    /// There is time for work that keys do not wait for: files being loaded, records being searched.
    Work,
    /// The record of the event with this key was read from its file, or could not be.
    Record(String, Result<String, String>),
    /// What is accepted of tables was written anew.
    Accepted(Accepted),
    /// The themes there are.
    Offered(Vec<Offered>),
    /// The terminal's ground was heard of: what the theme asked for comes to on it.
    Grounded(Theme),
    /// A theme was loaded, or could not be.
    Themed(Result<Theme, String>),
    /// What was kept of these accounts, or why it is not to be used.
    Recalled(Whose, Result<Recalled, String>),
    /// The mark was kept, or could not be.
    Kept(Result<(), String>),
    /// A note was kept, among these, and what of the file was set aside; or could not be.
    Noted(Result<(Notes, Vec<String>), String>),
}

/// What the application wants done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Sweep a source, or all, now.
    Refresh(Option<Source>),
    /// Search CloudTrail.
    Search(EventSearch),
    /// Read one table again, by ARN, before anything else.
    Look(String),
    /// Count the calls to a table, by ARN, since a time, where that was switched on.
    Measure(String, Timestamp),
    /// Poll this scope before others.
    Prefer(Scope),
    /// Put text on the clipboard.
    Copy(String),
    /// Read events' records from their files; a [`Msg::Record`] answers for each.
    Records(Vec<Wanted>),
    /// Load every theme; a [`Msg::Offered`] answers.
    Themes,
    /// Load a theme by name.
    Theme(String),
    /// Read what was kept of these accounts; a [`Msg::Recalled`] answers.
    Recall(Whose),
    /// Keep the mark; a [`Msg::Kept`] answers.
    Keep(Whose, Arc<Mark>),
    /// Keep a note by the identity of what it is about; a [`Msg::Noted`] answers.
    Note(Whose, Vec<String>, Note),
    /// Poll as often as usual, or less often while nobody looks.
    Attend(bool),
    /// Ring the terminal's bell.
    Bell,
    /// Give the terminal back until `fg`.
    Suspend,
    /// Leave, and start the demo in place of what was shown.
    Demo,
    /// Leave.
    Quit,
}

/// How the dashboard was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// For good.
    Quit,
    /// For the demo.
    ForDemo,
    /// By a signal: the exit code that says so.
    Ended(u8),
}

/// Reads records, until `told` has enough. This may take as long as unpacking large files does.
pub fn read_records(mut wanted: Vec<Wanted>, mut told: impl FnMut(Msg) -> bool) {
    wanted.sort_by(|a, b| (&a.path, a.span).cmp(&(&b.path, b.span)));
    for of in wanted.chunk_by(|a, b| a.path == b.path) {
        let Some(first) = of.first() else { continue };
        let text = ingest::document(&first.path);
        for Wanted { key, id, path, span } in of {
            let record = text.as_ref().map_err(String::clone).and_then(|text| ingest::record(text, path, *span, id));
            if !told(Msg::Record(key.clone(), record)) {
                return;
            }
        }
    }
}

/// Reads or writes what is kept, and says what came of it; `None` for an effect that is none of these. This takes as long
/// as the disk does.
#[must_use]
pub fn keep(state: &State, effect: Effect, now: Timestamp) -> Option<Msg> {
    Some(match effect {
        Effect::Recall(whose) => {
            let recalled = state.recall(&whose, now);
            Msg::Recalled(whose, recalled)
        }
        Effect::Keep(whose, mark) => Msg::Kept(state.keep_mark(&whose, &mark)),
        Effect::Note(whose, identity, note) => Msg::Noted(state.keep_note(&whose, identity, note)),
        _ => return None,
    })
}

/// Something that lies over the screen and takes keys first.
#[derive(Debug)]
pub enum Layer {
    /// The keys; scrolled by this many lines.
    Help(usize),
    /// A filter or search is typed; the text that was there before.
    Filter(Input, String),
    /// A command is typed.
    Command(palette::Palette),
    /// A column to sort by is chosen.
    Sort,
    /// A note is typed: to what, by its identity, and what that is called.
    Note(Input, Vec<String>, String),
}

/// The application.
pub struct App {
    /// All that is known.
    pub store: Store,
    /// Tabs, their stacks of places, and the history.
    pub nav: Nav,
    /// How it looks.
    pub look: Look,
    /// What lies over the screen; the last one takes keys first.
    pub layers: Vec<Layer>,
    /// The moment shown.
    pub now: Timestamp,
    /// A word about the last key.
    pub notice: Option<String>,
    /// The data is held still: polled messages are not taken from the queue.
    pub frozen: bool,
    /// The theme to go back to while others are tried on.
    worn: Option<Theme>,
    /// Commands that were run, the newest last.
    commands: Vec<String>,
    badge: Option<String>,
    feed: Option<Feed>,
    memory: memory::Memory,
    alarm: alarm::Alarm,
    derived: RefCell<Derived>,
    /// What the mouse finds where, as it was last drawn.
    spots: pointer::Spots,
    size: (u16, u16),
    unsettled: bool,
}

/// Work that keys do not wait for is done in slices of this length.
const SLICE: Duration = Duration::from_millis(8);

impl App {
    /// True while files are loaded or records searched: there is work between two keys.
    #[must_use]
    pub fn busy(&self) -> bool {
        // What is held still waits for nothing.
        !self.frozen && self.feed.as_ref().is_some_and(Feed::busy)
            || self.unsettled
            || self.nav.place().pending()
            || self.nav.place().late
            || self.derived.borrow().records.wants()
    }

    /// The load of log files, if there is one.
    #[must_use]
    pub fn feed(&self) -> Option<&Feed> {
        self.feed.as_ref()
    }

    /// Asks for the records that something shown was made without.
    fn wanted(&mut self) -> Option<Effect> {
        let records = &mut self.derived.get_mut().records;
        if let Some(event) = self.nav.place().lacks().and_then(|key| self.store.events().get(key)) {
            let _asked = records.record(event);
        }
        records.wants().then(|| Effect::Records(records.take_wanted()))
    }

    /// True while something waits to be judged: what is shown of it is as it was.
    #[must_use]
    pub fn judging(&self) -> bool {
        self.unsettled
    }

    /// Judges for a slice of time.
    fn judge(&mut self) {
        if self.unsettled {
            self.unsettled = !self.store.settle_within(self.now, SLICE);
        }
    }

    fn work(&mut self) {
        if !self.frozen
            && let Some(feed) = &mut self.feed
            && self.store.feed(feed, SLICE)
        {
            self.unsettled = true;
        }
        self.judge();
    }
}

impl App {
    /// The application at its start, and what it wants done first.
    #[must_use]
    pub fn new(start: Start) -> (Self, Vec<Effect>) {
        let mut app = Self {
            store: start.store,
            nav: Nav::new(),
            look: Look::new(start.theme, start.ascii),
            layers: Vec::new(),
            now: start.clock.now(),
            notice: None,
            frozen: false,
            worn: None,
            commands: Vec::new(),
            badge: start.badge,
            feed: start.feed,
            alarm: alarm::Alarm::new(start.quiet),
            memory: memory::Memory::new(start.user, start.endpoint, start.state.is_some()),
            derived: RefCell::default(),
            spots: pointer::Spots::default(),
            size: (80, 24),
            unsettled: true,
        };
        app.look.keys = start.keys;
        if app.store.origin() == Origin::Files {
            // Of files, all is as old as they are.
            app.look.time = TimeMode::Utc;
        }
        if let Some(tab) = start.view {
            app.nav.tab(tab);
        }
        if let Some(filter) = start.filter {
            app.nav.place_mut().filter = filter;
        }
        let mut effects = start.open.map(|what| open::open(&mut app, &what)).unwrap_or_default();
        effects.extend(app.wanted());
        (app, effects)
    }

    /// Judges what came in and brings what is shown up to date. Cheap when nothing changed.
    pub fn freshen(&mut self) {
        self.judge();
        self.derived.borrow_mut().freshen(&self.store);
        self.with(|ctx, place| place.freshen(ctx));
    }

    /// Runs something with what views may read and the place shown.
    pub fn with<R>(&mut self, run: impl FnOnce(&Ctx<'_>, &mut Place) -> R) -> R {
        let ctx = Ctx {
            store: &self.store,
            look: &self.look,
            now: self.now,
            width: self.size.0,
            height: self.size.1,
            derived: &self.derived,
        };
        run(&ctx, self.nav.place_mut())
    }

    /// Says a word in the footer in which `{open}` and the like stand for keys.
    pub fn hint(&mut self, words: &str) {
        self.notice = Some(self.look.keys.fill(words));
    }

    /// Says a word in the footer, until the next key.
    pub fn say(&mut self, words: impl Into<String>) {
        self.notice = Some(words.into());
    }
}
