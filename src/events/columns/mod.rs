//! CloudTrail events in memory: columns in place of records, newest first, a million of them under the fingers.
//!
//! Filled by whoever reads events: file by file (`ingest`), or record by record. One owner; nothing here waits.

mod absorb;
mod batch;
mod bound;
mod cells;
mod count;
mod event;
mod firsts;
mod met;
mod order;
mod pivot;
mod raw;
mod rows;
mod select;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use hashbrown::HashTable;

pub use absorb::Taken;
pub use batch::{Batch, Broken};
pub use bound::Doubt;
pub use cells::{Columns, mark};
pub use count::Facet;
pub use event::{EventRef, OWN_AGENT};
pub use firsts::{First, Firsts};
pub use order::Order;
pub use raw::{Body, Compressor, Content, Elsewhere, Packed, Unpacked, Unpacker};
pub use rows::RowSet;
pub use select::{Decided, Other, Texts};

use cells::Dictionaries;

/// How many came, and what became of them. Records in = events + repeated + broken, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Events, those let go for want of memory among them.
    pub events: usize,
    /// Deliveries of a record that was there already.
    pub duplicates: usize,
    /// Records that could not be understood.
    pub broken: usize,
    /// Events whose id another event has too, with other content.
    pub twins: usize,
    /// Events let go, the oldest first, because memory is bounded.
    pub evicted: usize,
}

/// The events.
#[derive(Debug, Default)]
pub struct Events {
    columns: Columns,
    dictionaries: Dictionaries,
    contents: Vec<Content>,
    /// Rows by id.
    ids: HashTable<u32>,
    /// Rows that share an id with another one, to be told apart or dropped once both can be read.
    doubtful: HashSet<(u32, u32)>,
    /// Rows that share the id of a row, and have other texts than it.
    twins: HashMap<u32, Vec<u32>>,
    broken: Vec<Broken>,
    /// Rows, oldest first; the first `sorted` rows are in it.
    order: Vec<u32>,
    sorted: usize,
    /// The earliest and latest time of each stretch of rows.
    zones: Vec<(u32, u32)>,
    tally: Tally,
    /// Events let go, by name.
    gone_names: BTreeMap<Arc<str>, usize>,
    /// Older events were let go.
    cut: Option<u32>,
    revision: u64,
    /// Grows when rows get new numbers.
    generation: u64,
    pivots: pivot::Pivots,
}

impl Events {
    /// How many rows there are, those taken away included: rows are numbered from 0 to this.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.len()
    }

    /// How many events are at hand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tally.events - self.tally.evicted
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many came, and what became of them.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let there = |row: &&u32| self.at(**row).is_some();
        Tally { twins: self.twins.values().flatten().filter(there).count(), ..self.tally }
    }

    /// What could not be understood.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// Grows with every change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Grows when rows get new numbers: those known from before mean nothing then.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where records lie.
    #[must_use]
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// Bytes in memory: columns, and records.
    #[must_use]
    pub fn bytes(&self) -> (usize, usize) {
        let columns =
            self.columns.bytes() + self.dictionaries.bytes() + self.ids.allocation_size() + self.order.len() * 4;
        (columns, self.contents.iter().map(Content::bytes).sum())
    }

    /// The event of a row.
    #[must_use]
    pub fn at(&self, row: u32) -> Option<EventRef<'_>> {
        let there = self.columns.marks.get(row as usize).is_some_and(|marks| marks & mark::GONE == 0);
        there.then_some(EventRef { events: self, row })
    }
}
