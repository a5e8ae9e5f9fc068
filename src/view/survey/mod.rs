//! What lies above the Trail's rows: how much when, and what is most frequent.
//!
//! It is made of the rows that pass the filter, so it follows every letter of it. Zooming is a stretch of time beside
//! the filter; a value of a facet is a term put into it.

mod draw;
mod recorded;

use std::ops::Range;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::trail::Events;
use crate::trail::columns::{Facet as By, RowSet};
use crate::trail::query::toggle::{Stands, stands, term, without};
use crate::widget::facets::{Chosen, Facet, Value};

pub use recorded::Recorded;

/// The fields whose values are counted: head, and name in queries.
const FIELDS: [(&str, By); 5] =
    [("NAME", By::Name), ("WHO", By::Principal), ("FROM", By::Address), ("TABLE", By::Table), ("ERROR", By::Error)];

/// As many values of a field are at hand.
const VALUES: usize = 40;

/// Time is cut so fine that columns made of it, of any number, are as good as equal.
const BUCKETS: usize = 8_192;

/// The least stretch of time that is zoomed to.
const LEAST: SignedDuration = SignedDuration::from_secs(10);

/// The survey of a list of events.
#[derive(Debug, Default)]
pub struct Survey {
    /// Only events of this stretch of time are shown.
    pub window: Option<Range<Timestamp>>,
    /// The facet's value under the cursor, while it is among the facets.
    pub focus: Option<(usize, usize)>,
    /// The screen is too low to show it.
    pub hidden: bool,
    /// How long it took to find the rows.
    pub took: Duration,
    whole: Option<Range<Timestamp>>,
    counts: Vec<u32>,
    refused: Vec<u32>,
    facets: Vec<Facet>,
    terms: Vec<Vec<String>>,
}

impl Survey {
    /// Takes note of the stretch of time that all rows are from, before any is left out.
    pub fn reach(&mut self, events: &Events, rows: &RowSet) {
        let span = events.span_of(rows);
        self.whole = span.map(|(least, most)| least..most.checked_add(SignedDuration::from_secs(1)).unwrap_or(most));
    }

    /// Leaves the rows in the stretch of time zoomed to.
    #[must_use]
    pub fn holds(&self, events: &Events, rows: RowSet) -> RowSet {
        match &self.window {
            Some(window) => events.within(&rows, window),
            None => rows,
        }
    }

    /// Counts the rows that passed.
    pub fn count(&mut self, events: &Events, rows: &RowSet, filter: &str) {
        let focused = self.focus.and_then(|(field, value)| self.terms.get(field)?.get(value).cloned());
        (self.counts, self.refused) = match self.shown() {
            Some(shown) => {
                (events.histogram(rows, shown, BUCKETS), events.histogram(&events.refused(rows), shown, BUCKETS))
            }
            None => (vec![0; BUCKETS], vec![0; BUCKETS]),
        };
        let facets = FIELDS.iter().map(|(title, by)| facet(title, by.field(), events.count_by(*by, rows), filter));
        (self.facets, self.terms) = facets.unzip();
        if let Some((field, value)) = self.focus {
            // The cursor stays on its value, wherever that stands now.
            let terms = self.terms.get(field).map(Vec::as_slice).unwrap_or_default();
            let value = focused.and_then(|focused| terms.iter().position(|term| *term == focused)).unwrap_or(value);
            self.focus = Some((field, value.min(terms.len().saturating_sub(1))));
        }
    }

    /// The stretch of time shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Range<Timestamp>> {
        self.window.as_ref().or(self.whole.as_ref())
    }

    /// The bucket of so many that a moment falls into.
    fn bucket(&self, at: Timestamp, buckets: usize) -> Option<usize> {
        let range = self.shown().filter(|range| range.contains(&at))?;
        let (since, width) = (at.as_second() - range.start.as_second(), seconds(range));
        usize::try_from(since * i64::try_from(buckets).ok()? / width).ok().filter(|bucket| *bucket < buckets)
    }

    /// Half the time, or twice as much, round a moment.
    pub fn zoom(&mut self, closer: bool, round: Option<Timestamp>) {
        let (Some(whole), Some(shown)) = (self.whole.clone(), self.shown().cloned()) else { return };
        let width =
            SignedDuration::from_secs(if closer { seconds(&shown) / 2 } else { seconds(&shown) * 2 }).max(LEAST);
        if width.as_secs() >= seconds(&whole) {
            self.window = None;
            return;
        }
        let middle = round.filter(|at| shown.contains(at)).unwrap_or_else(|| middle(&shown));
        self.window = Some(within(&whole, middle, width));
    }

    /// Half a screen earlier or later; `false` while all is shown.
    pub fn shift(&mut self, later: bool) -> bool {
        let (Some(whole), Some(window)) = (self.whole.clone(), self.window.clone()) else { return false };
        let width = SignedDuration::from_secs(seconds(&window));
        let by = SignedDuration::from_secs(seconds(&window) / 2);
        let middle = middle(&window);
        let to = if later { middle.checked_add(by) } else { middle.checked_sub(by) };
        self.window = Some(within(&whole, to.unwrap_or(middle), width));
        true
    }

    /// Moves the cursor among the facets.
    pub fn step(&mut self, fields: isize, values: isize) {
        let Some((field, value)) = self.focus else { return };
        let field = field.saturating_add_signed(fields).min(self.facets.len().saturating_sub(1));
        let last = self.facets.get(field).map_or(0, |facet| facet.values.len().saturating_sub(1));
        let value = if fields == 0 { value.saturating_add_signed(values) } else { 0 };
        self.focus = Some((field, value.min(last)));
    }

    /// The term of the value under the cursor.
    #[must_use]
    pub fn term(&self) -> Option<&str> {
        let (field, value) = self.focus?;
        self.terms.get(field)?.get(value).map(String::as_str)
    }
}

fn seconds(range: &Range<Timestamp>) -> i64 {
    (range.end.as_second() - range.start.as_second()).max(1)
}

fn middle(range: &Range<Timestamp>) -> Timestamp {
    let half = SignedDuration::from_secs(seconds(range) / 2);
    range.start.checked_add(half).unwrap_or(range.start)
}

/// So much time round a moment, moved to lie inside the whole.
fn within(whole: &Range<Timestamp>, middle: Timestamp, width: SignedDuration) -> Range<Timestamp> {
    let half = width / 2;
    let start = middle.checked_sub(half).unwrap_or(whole.start);
    let latest = whole.end.checked_sub(width).unwrap_or(whole.start);
    let start = start.min(latest).max(whole.start);
    start..start.checked_add(width).unwrap_or(whole.end).min(whole.end)
}

/// A field's values, most frequent first, then those that the filter leaves out; and the terms that ask for them.
fn facet(title: &'static str, field: &str, counts: Vec<(&str, usize)>, filter: &str) -> (Facet, Vec<String>) {
    let left_out = without(filter, field);
    let total = counts.len() + left_out.len();
    let (mut values, mut terms) = (Vec::new(), Vec::new());
    for (words, count) in counts.into_iter().take(VALUES) {
        let term = term(field, words);
        let chosen = if stands(filter, &term) == Stands::With { Chosen::With } else { Chosen::No };
        values.push(Value { words: words.to_owned(), count: u32::try_from(count).ok(), chosen });
        terms.push(term);
    }
    for term in left_out {
        let words = term.split_once(':').map_or("", |(_, value)| value).trim_matches('"').to_owned();
        values.push(Value { words, count: None, chosen: Chosen::Without });
        terms.push(term);
    }
    (Facet { title, values, total }, terms)
}
