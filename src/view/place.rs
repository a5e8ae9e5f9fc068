//! A place: one screen with its cursor, filter and order, kept while others lie on top of it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ratatui::layout::{Position, Rect};

use super::events::Asking;
use super::filter::{Filter, is_fault};
use super::list::{Key, Row, Rows};
use super::raw::Raw;
use super::survey::Survey;
use super::{Ctx, Doc, Kind, Screen, TimeMode};

/// What a place shows, made from the store and kept until something changes.
#[derive(Debug, Default)]
pub enum Body {
    /// Not made yet.
    #[default]
    Nothing,
    /// The rows of a list that pass its filter, and how many there are without it.
    Rows(Rows, usize),
    /// The lines of a detail.
    Doc(Doc),
    /// Raw JSON: the place's record alone.
    Raw,
    /// What it was about is no longer there.
    Gone,
}

/// What a body was made of; another stamp means it is out of date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Stamp {
    revision: u64,
    choice: (String, bool, Option<usize>, bool),
    window: Option<std::ops::Range<jiff::Timestamp>>,
    /// Records read from files, and the numbers that rows have.
    read: (u64, u64),
    look: ((u16, u16), i64, TimeMode, String),
}

/// A rebuild that took longer than this is not repeated for new data until ten times as long has passed, so
/// that data never takes more than a tenth of the time that keys need.
const CHEAP: Duration = Duration::from_millis(4);

/// One screen and where one stands in it.
#[derive(Debug)]
pub struct Place {
    /// What is shown.
    pub screen: Screen,
    /// The identity of the row under the cursor; `None` while the cursor stays wherever the list puts it.
    pub selected: Option<Screen>,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row in sight.
    pub offset: usize,
    /// Cells scrolled to the right.
    pub side: usize,
    /// The column under the cursor, of the matrix of layers and tables.
    pub column: usize,
    /// Rows in sight when it was last drawn.
    pub page: usize,
    /// Where rows or lines were last drawn, and how many of them stay on top.
    pub(super) drawn: (Rect, usize),
    /// The filter, or what is searched for in a page or a record.
    pub filter: String,
    /// Only rows with a fault.
    pub faults_only: bool,
    /// The column sorted by; `None` for the list's own order.
    pub sort: Option<usize>,
    /// The order turned round.
    pub reversed: bool,
    /// Marked rows.
    pub marked: HashSet<Screen>,
    /// What is shown.
    pub body: Body,
    /// The record below a detail's lines, or alone.
    pub record: Option<Raw>,
    /// What lies above a list of events.
    pub survey: Survey,
    /// What the Trail is asked: all of its screen, and what passes the filter.
    pub(super) asking: (Asking, Asking),
    /// Why the filter could not be understood.
    complaint: Option<String>,
    /// The newest filter that could be.
    pub(super) understood: String,
    pub(super) moved: bool,
    /// The page's lines that hold what is searched for.
    pub(super) hits: Vec<usize>,
    /// There is newer data than what is shown.
    pub late: bool,
    stamp: Stamp,
    built: Option<(Instant, Duration)>,
}

impl Place {
    /// A place at the top of a screen.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        Self {
            screen,
            selected: None,
            cursor: 0,
            offset: 0,
            side: 0,
            column: 0,
            page: 10,
            drawn: (Rect::ZERO, 0),
            filter: String::new(),
            faults_only: false,
            sort: None,
            reversed: false,
            marked: HashSet::new(),
            body: Body::Nothing,
            record: None,
            survey: Survey::default(),
            asking: Default::default(),
            complaint: None,
            understood: String::new(),
            moved: false,
            hits: Vec::new(),
            late: false,
            stamp: Stamp::default(),
            built: None,
        }
    }

    /// Brings the body up to date; cheap when nothing changed.
    pub fn freshen(&mut self, ctx: &Ctx<'_>) {
        let stamp = self.stamp_of(ctx);
        if stamp == self.stamp && !matches!(self.body, Body::Nothing) && !self.pending() {
            self.late = false;
            return;
        }
        let data_only = Stamp { revision: self.stamp.revision, ..stamp.clone() } == self.stamp;
        self.late = data_only && self.built.is_some_and(|(at, cost)| cost > CHEAP && at.elapsed() < cost * 10);
        if self.late {
            return;
        }
        let began = Instant::now();
        self.build(ctx);
        self.stamp = stamp;
        self.built = Some((Instant::now(), began.elapsed()));
    }

    fn stamp_of(&self, ctx: &Ctx<'_>) -> Stamp {
        let choice = (self.filter.clone(), self.faults_only, self.sort, self.reversed);
        let revision = ctx.store.revision();
        let (records, rows) = (ctx.derived.borrow().records.generation(), ctx.store.events().generation());
        match self.screen {
            Screen::List(_) => {
                let window = self.survey.window.clone();
                Stamp { revision, choice, window, read: (0, rows), ..Stamp::default() }
            }
            Screen::Raw(_) => Stamp { revision: 1, read: (records, rows), ..Stamp::default() },
            Screen::Overview | Screen::Handover | Screen::Detail(_) => {
                let theme = ctx.look.theme.name().to_owned();
                let look = ((ctx.width, ctx.height), ctx.now.as_second(), ctx.look.time, theme);
                Stamp { revision, look, read: (records, rows), ..Stamp::default() }
            }
        }
    }

    fn build(&mut self, ctx: &Ctx<'_>) {
        self.open_record(ctx);
        self.body = match &self.screen.clone() {
            Screen::List(kind) => self.rows(ctx, kind),
            Screen::Overview if ctx.store.is_locked_out() => Body::Doc(super::credentials::doc(ctx)),
            Screen::Overview => Body::Doc(super::overview::doc(ctx)),
            Screen::Handover => Body::Doc(super::handover::doc(ctx)),
            Screen::Detail(thing) => super::detail(ctx, thing).map_or(Body::Gone, Body::Doc),
            Screen::Raw(_) if self.record.is_some() => Body::Raw,
            Screen::Raw(_) => Body::Gone,
        };
        self.look_for(ctx);
        if let (false, Body::Doc(doc)) = (self.moved, &self.body)
            && !self.stays(ctx, doc)
        {
            // Until it is moved, the cursor is where the screen wants it: a case opens on the event that matters,
            // also when that one arrives late.
            self.cursor = doc.best.or_else(|| doc.lines.iter().position(|line| line.to.is_some())).unwrap_or(0);
            self.selected = doc.lines.get(self.cursor).and_then(|line| line.to.clone());
            if doc.best.is_some() {
                let down = self.cursor.saturating_sub(doc.pinned);
                // What comes before it is worth the room, where there is room.
                self.offset = if down < self.page * 3 / 4 { 0 } else { down - self.page / 2 };
            }
            return;
        }
        self.relocate(ctx);
    }

    fn rows(&mut self, ctx: &Ctx<'_>, kind: &Kind) -> Body {
        let began = Instant::now();
        if let Kind::Trail(pivot) = kind {
            return self.events(ctx, kind, pivot, began);
        }
        self.understand(kind);
        let kind = &super::filter::asked(kind, &self.understood);
        let mut rows = (super::list_of(kind).collect)(ctx, kind);
        let total = rows.len();
        self.choose(ctx, kind, &mut rows);
        self.order(ctx, kind, &mut rows);
        Body::Rows(Rows::Each(rows), total)
    }

    pub(super) fn order(&self, ctx: &Ctx<'_>, kind: &Kind, rows: &mut [Row]) {
        let view = super::list_of(kind);
        if let Some(column) = self.sort {
            rows.sort_by_cached_key(|row| (view.key)(ctx, row, column));
            if self.reversed {
                // What has no value stays last in both directions.
                let known = rows.partition_point(|row| (view.key)(ctx, row, column) != Key::Missing);
                if let Some(known) = rows.get_mut(..known) {
                    known.reverse();
                }
            }
        } else if self.reversed {
            rows.reverse();
        } else {
            super::since::pin(ctx, rows);
        }
    }

    /// Takes the filter in. While one is half typed and makes no sense, the last one that did stays.
    pub(super) fn understand(&mut self, kind: &Kind) {
        self.complaint = None;
        match Filter::new(kind, &self.filter) {
            Ok(_) => self.understood = self.filter.clone(),
            Err(complaint) => self.complaint = Some(complaint),
        }
    }

    /// Leaves the rows that pass.
    fn choose(&mut self, ctx: &Ctx<'_>, kind: &Kind, rows: &mut Vec<Row>) {
        self.understand(kind);
        if !self.understood.trim().is_empty()
            && let Ok(filter) = Filter::new(kind, &self.understood)
        {
            rows.retain(|row| filter.matches(ctx, row));
        }
        if self.faults_only {
            rows.retain(|row| is_fault(ctx, kind, row));
        }
    }

    /// Why the filter could not be understood, in words.
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// How many rows or lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let record = self.record.as_ref().map_or(0, Raw::len);
        match &self.body {
            Body::Rows(rows, _) => rows.len(),
            Body::Doc(doc) => doc.lines.len() + record,
            Body::Raw => record,
            Body::Nothing | Body::Gone => 0,
        }
    }

    /// The row or line that was drawn here.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<usize> {
        let (area, pinned) = self.drawn;
        let down = area.contains(position).then(|| usize::from(position.y - area.y))?;
        let place = if down < pinned { down } else { self.offset + down };
        (place < self.len()).then_some(place)
    }

    /// True when there is nothing to stand on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
