//! The rows of the Trail: a query over the columns, and a search of the records behind it.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::model::Origin;
use crate::store::rows::{RowKind, event_field};
use crate::trail::Events;
use crate::trail::columns::{self, Content, Decided, RowSet, Texts};
use crate::trail::query::Query;
use crate::trail::query::toggle::term;
use crate::trail::scan::{Finding, Search, cores, nobody};

use super::filter::is_fault;
use super::list::{Row, Rows};
use super::{Body, Ctx, Kind, Pivot, Place};

/// The screen waits so long for a search, then shows what was found.
const PATIENCE: Duration = Duration::from_millis(10);
/// Records in memory up to this size are searched between two frames.
const SMALL: usize = 32 << 20;

impl Pivot {
    /// As a query: what its events have in common. Our own calls are noise in everybody's trail; a pivot that leads to
    /// them shows them.
    #[must_use]
    pub fn query(&self) -> String {
        match self {
            Self::All => "!self".to_owned(),
            Self::Key(value) => term("access_key", value),
            Self::Principal(value) => term("principal", value),
            Self::Session(value) => term("session", value),
            Self::Ip(value) => term("ip", value),
            Self::Table(value) => term("table", value),
            Self::Mentions(value) => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// A query of events that is asked again and again as they come, and as it is typed.
#[derive(Debug, Default)]
pub struct Asking {
    of: Option<((String, String), u64)>,
    query: Query,
    decided: Decided,
    texts: Texts,
    search: Option<Search>,
    /// Files whose records could not be searched.
    pub failed: usize,
}

impl Asking {
    /// The rows that both of two queries ask for, as far as they are known by now.
    pub fn rows(&mut self, events: &Events, whole: &str, filter: &str, now: Timestamp) -> RowSet {
        let of = ((whole.to_owned(), filter.to_owned()), events.revision());
        if self.of.as_ref() != Some(&of) {
            // What cannot be understood was never let in here: a place keeps the last filter that could.
            let read = |text: &str| Query::parse(text, RowKind::Events.schema()).unwrap_or_default();
            self.query = read(whole).and(read(filter));
            self.of = Some(of);
            self.decided = events.decide(&self.query, now, &event_field);
            self.begin(events);
        }
        self.take();
        events.matching(&self.query, now, &event_field, &self.decided, &self.texts)
    }

    /// True while records are searched.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.search.is_some()
    }

    fn begin(&mut self, events: &Events) {
        let needles: Vec<_> = self.query.texts().into_iter().cloned().collect();
        self.failed = 0;
        self.search = None;
        self.texts =
            Texts { hits: vec![RowSet::none(events.rows()); needles.len()], read: RowSet::none(events.rows()) };
        if needles.is_empty() || self.decided.open.is_empty() {
            return;
        }
        // Newest first, and only what holds rows that are still open.
        let mut contents = events.contents_with(&self.decided.open);
        contents.reverse();
        let small = contents.iter().all(|content| matches!(content.body, columns::Body::Plain(_)))
            && contents.iter().map(Content::bytes).sum::<usize>() <= SMALL;
        let search = Search::start(contents, needles, cores(), &nobody());
        let began = Instant::now();
        loop {
            let left = if small { Duration::from_secs(5) } else { PATIENCE.saturating_sub(began.elapsed()) };
            match search.wait_for(left) {
                Some(finding) => self.keep(finding),
                None => break,
            }
            if !small && began.elapsed() >= PATIENCE {
                break;
            }
        }
        self.search = Some(search);
    }

    fn take(&mut self) {
        let Some(search) = self.search.take() else { return };
        let left = search.left();
        for finding in search.fetch() {
            self.keep(finding);
        }
        if left > 0 {
            self.search = Some(search);
        }
    }

    fn keep(&mut self, finding: Finding) {
        self.failed += self.texts.keep(finding);
    }
}

impl Place {
    /// The rows of the Trail: found over the columns, not one by one.
    pub(super) fn events(&mut self, ctx: &Ctx<'_>, kind: &Kind, pivot: &Pivot, began: Instant) -> Body {
        let events = ctx.store.events();
        // Files may be old: relative times count from their newest event.
        let newest = || events.span().map(|(_, newest)| newest);
        let now = Some(ctx.store.origin()).filter(|origin| *origin == Origin::Files).and_then(|_| newest());
        let now = now.unwrap_or(ctx.store.estate().now);
        self.understand(kind);
        let (whole, filter) = (pivot.query(), self.understood.trim());
        let all = self.asking.0.rows(events, &whole, "", now);
        let found = if filter.is_empty() { all.clone() } else { self.asking.1.rows(events, &whole, filter, now) };
        self.survey.reach(events, &all);
        let found = self.survey.holds(events, found);
        self.survey.took = began.elapsed();
        self.survey.count(events, &found, &self.understood);
        let mut rows = events.newest(&found);
        if self.faults_only {
            rows.retain(|row| is_fault(ctx, kind, &Row::Event(*row)));
        }
        match self.sort.and_then(|column| super::trail::ORDERS.get(column)) {
            Some(by) => rows = events.ordered(&rows, *by, self.reversed),
            None if self.reversed => rows.reverse(),
            None => {}
        }
        Body::Rows(Rows::Events(rows), all.len())
    }

    /// Files whose records could not be searched.
    #[must_use]
    pub fn unsearched(&self) -> usize {
        self.asking.0.failed.max(self.asking.1.failed)
    }

    /// True while the rows shown may not be all there are: records are still searched.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.asking.0.pending() || self.asking.1.pending()
    }
}
