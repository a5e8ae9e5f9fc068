//! Counts over rows: what is most frequent, how much when.

use std::ops::Range;

use hashbrown::HashMap;

use jiff::Timestamp;

use super::cells::mark;
use super::rows::RowSet;
use super::words::NONE;
use super::{EventRef, Events};

/// What rows are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Facet {
    /// `eventName`
    Name,
    /// `eventSource`
    Source,
    /// Who.
    Principal,
    /// The session's name.
    Session,
    /// The access key's id.
    AccessKey,
    /// From where.
    Address,
    /// With what.
    Agent,
    /// The tables spoken of; a row counts for each of its tables.
    Table,
    /// `errorCode`
    Error,
    /// `awsRegion`
    Region,
    /// The account.
    Account,
}

impl Facet {
    /// The field that a query knows it by.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Source => "source",
            Self::Principal => "principal",
            Self::Session => "session",
            Self::AccessKey => "access_key",
            Self::Address => "ip",
            Self::Agent => "user_agent",
            Self::Table => "table",
            Self::Error => "error",
            Self::Region => "region",
            Self::Account => "account",
        }
    }
}

impl Events {
    /// The values of the rows with their counts, the most frequent first; what has no value is not counted.
    #[must_use]
    pub fn count_by(&self, facet: Facet, rows: &RowSet) -> Vec<(&str, usize)> {
        let of = &self.dictionaries;
        let (column, values) = match facet {
            Facet::Name | Facet::Source | Facet::Error => (&self.columns.action, of.actions.all().len()),
            Facet::Principal | Facet::Session | Facet::AccessKey => (&self.columns.caller, of.callers.all().len()),
            Facet::Region | Facet::Account => (&self.columns.site, of.sites.all().len()),
            Facet::Address => (&self.columns.address, of.words.len()),
            Facet::Agent => (&self.columns.agent, of.words.len()),
            Facet::Table => (&self.columns.tables, of.sets.all().len()),
        };
        let codes = tally(column, rows, values);
        // Codes of combinations are counted first, then the words in them: few of those, many rows.
        let mut words: HashMap<u32, usize> = HashMap::new();
        let mut add = |word: u32, count: usize| *words.entry(word).or_default() += count;
        for (code, count) in codes.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let code = code as u32;
            match facet {
                Facet::Name => of.actions.get(code).into_iter().for_each(|of| add(of.name, count)),
                Facet::Source => of.actions.get(code).into_iter().for_each(|of| add(of.source, count)),
                Facet::Error => of.actions.get(code).into_iter().for_each(|of| add(of.error, count)),
                Facet::Principal => of.callers.get(code).into_iter().for_each(|of| add(of.principal, count)),
                Facet::Session => of.callers.get(code).into_iter().for_each(|of| add(of.session, count)),
                Facet::AccessKey => of.callers.get(code).into_iter().for_each(|of| add(of.access_key, count)),
                Facet::Region => of.sites.get(code).into_iter().for_each(|of| add(of.region, count)),
                Facet::Account => of.sites.get(code).into_iter().for_each(|of| add(of.account, count)),
                Facet::Address | Facet::Agent => add(code, count),
                Facet::Table => of.sets.get(code).into_iter().flatten().for_each(|word| add(*word, count)),
            }
        }
        let keep_none = facet == Facet::Name;
        let counts = words.into_iter().filter(|(word, _)| keep_none || *word != NONE);
        let mut counts: Vec<(&str, usize)> = counts.map(|(word, count)| (of.words.get(word), count)).collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        counts
    }

    /// How many rows fall into each of so many equal parts of a stretch of time.
    #[must_use]
    pub fn histogram(&self, rows: &RowSet, window: &Range<Timestamp>, buckets: usize) -> Vec<u32> {
        let mut counts = vec![0; buckets];
        let (from, to) = (window.start.as_second(), window.end.as_second());
        let width = (to - from).max(1);
        for row in rows.iter() {
            let at = row as usize;
            if self.columns.marks.get(at).is_none_or(|marks| marks & mark::NO_TIME != 0) {
                continue;
            }
            let since = i64::from(self.columns.time.get(at).copied().unwrap_or_default()) - from;
            if since >= 0
                && since < width
                && let Some(count) = counts.get_mut((since * buckets as i64 / width) as usize)
            {
                *count += 1;
            }
        }
        counts
    }

    /// The rows that came from some origins: paths, or operations.
    #[must_use]
    pub fn brought(&self, by: impl Fn(&str) -> bool) -> RowSet {
        let mut rows = RowSet::none(self.rows());
        for content in self.contents.iter().filter(|content| by(&content.origin)) {
            let of = content.first..content.first + content.spans.len() as u32;
            of.filter(|row| self.at(*row).is_some()).for_each(|row| rows.insert(row));
        }
        rows
    }

    /// Of rows those in a stretch of time.
    #[must_use]
    pub fn within(&self, rows: &RowSet, window: &Range<Timestamp>) -> RowSet {
        let mut inside = RowSet::none(self.rows());
        let timed = |row: u32| EventRef { events: self, row }.when();
        rows.iter().filter(|row| timed(*row).is_some_and(|at| window.contains(&at))).for_each(|row| inside.insert(row));
        inside
    }

    /// Of rows those that were refused: that have an error.
    #[must_use]
    pub fn refused(&self, rows: &RowSet) -> RowSet {
        let errors: Vec<bool> = self.dictionaries.actions.all().iter().map(|action| action.error != NONE).collect();
        let is = |code: &u32| errors.get(*code as usize).is_some_and(|is| *is);
        let mut refused = RowSet::none(self.rows());
        for (at, codes) in self.columns.action.chunks(64).enumerate().filter(|(at, _)| rows.word(*at) != 0) {
            let bits = codes.iter().enumerate().fold(0, |bits, (bit, code)| bits | u64::from(is(code)) << bit);
            refused.set_word(at, bits & rows.word(at));
        }
        refused
    }

    /// The times of the oldest and the newest of rows.
    #[must_use]
    pub fn span_of(&self, rows: &RowSet) -> Option<(Timestamp, Timestamp)> {
        let timed = |row: &&u32| rows.has(**row) && EventRef { events: self, row: **row }.when().is_some();
        let oldest = self.order.iter().find(timed)?;
        let newest = self.order.iter().rev().find(timed)?;
        Some((self.at(*oldest)?.when()?, self.at(*newest)?.when()?))
    }

    /// The times of the oldest and the newest event.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let timed = |row: &&u32| EventRef { events: self, row: **row }.when().is_some() && self.at(**row).is_some();
        let oldest = self.order.iter().find(timed)?;
        let newest = self.order.iter().rev().find(timed)?;
        Some((self.at(*oldest)?.when()?, self.at(*newest)?.when()?))
    }
}

/// How often each code occurs among rows.
fn tally(column: &[u32], rows: &RowSet, most: usize) -> Vec<usize> {
    // Two tables, so that two equal codes in a row do not wait for each other.
    let (mut even, mut odd) = (vec![0u32; most], vec![0u32; most]);
    let mut add = |into: usize, code: u32| {
        let counts = if into == 0 { &mut even } else { &mut odd };
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    };
    for (at, part) in column.chunks(64).enumerate() {
        let mut word = rows.word(at);
        if word == u64::MAX {
            part.iter().enumerate().for_each(|(row, code)| add(row & 1, *code));
            continue;
        }
        while word != 0 {
            let bit = word.trailing_zeros() as usize;
            word &= word - 1;
            part.get(bit).into_iter().for_each(|code| add(bit & 1, *code));
        }
    }
    even.into_iter().zip(odd).map(|(a, b)| a as usize + b as usize).collect()
}
