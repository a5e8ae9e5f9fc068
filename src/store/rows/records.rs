//! Records of events that are printed or looked into, read again from their files in the order in which they are asked
//! for.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::trail::{Events, ingest};

/// Records by row; `None` for one that could not be read.
type Read = HashMap<u32, Option<String>>;

/// Records read ahead.
const AHEAD: usize = 16_384;

/// The records of rows that are looked at one after the other.
#[derive(Debug)]
pub struct Records<'a> {
    events: &'a Events,
    order: &'a [u32],
    /// How far in the order, and what was read last.
    read: RefCell<(usize, Read)>,
    lost: Cell<usize>,
}

impl<'a> Records<'a> {
    /// Of rows in an order.
    #[must_use]
    pub fn new(events: &'a Events, order: &'a [u32]) -> Self {
        Self { events, order, read: RefCell::default(), lost: Cell::new(0) }
    }

    /// The record of a row; `None` when its file no longer holds it.
    #[must_use]
    pub fn get(&self, row: u32) -> Option<String> {
        let mut read = self.read.borrow_mut();
        while !read.1.contains_key(&row) && read.0 < self.order.len() {
            let next = self.order.get(read.0..).unwrap_or_default();
            let next = next.get(..AHEAD.min(next.len())).unwrap_or_default();
            read.0 += next.len();
            read.1 = self.fetch(next);
        }
        read.1.get(&row).cloned().flatten()
    }

    /// How many records could not be read again, of those that were asked for so far.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.lost.get()
    }

    fn fetch(&self, rows: &[u32]) -> Read {
        let mut found = HashMap::new();
        let mut files: HashMap<&str, Vec<_>> = HashMap::new();
        for event in rows.iter().filter_map(|row| self.events.at(*row)) {
            match event.raw() {
                Ok(text) => {
                    found.insert(event.row(), Some(text.into_owned()));
                }
                Err(_) => files.entry(event.origin()).or_default().push(event),
            }
        }
        for (path, events) in files {
            let text = ingest::document(path);
            for event in events {
                let span = event.span().unwrap_or_default();
                let record = text.as_ref().ok().and_then(|text| ingest::record(text, path, span, &event.id()).ok());
                self.lost.set(self.lost.get() + usize::from(record.is_none()));
                found.insert(event.row(), record);
            }
        }
        found
    }
}
