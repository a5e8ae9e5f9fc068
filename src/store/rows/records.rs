//! Records of events that are printed, read again from their files in the order in which they are printed.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::trail::Events;
use crate::trail::columns::Body;

/// Records by row.
type Read = HashMap<u32, String>;

/// Records read ahead.
const AHEAD: usize = 16_384;

/// The records of rows that are looked at one after the other.
#[derive(Debug)]
pub struct Records<'a> {
    events: &'a Events,
    order: &'a [u32],
    /// How far in the order, and what was read last.
    read: RefCell<(usize, Read)>,
}

impl<'a> Records<'a> {
    /// Of rows in an order.
    #[must_use]
    pub fn new(events: &'a Events, order: &'a [u32]) -> Self {
        Self { events, order, read: RefCell::default() }
    }

    /// The record of a row; empty when its file can no longer be read.
    #[must_use]
    pub fn get(&self, row: u32) -> String {
        let mut read = self.read.borrow_mut();
        while !read.1.contains_key(&row) && read.0 < self.order.len() {
            let next = self.order.get(read.0..).unwrap_or_default();
            let next = next.get(..AHEAD.min(next.len())).unwrap_or_default();
            read.0 += next.len();
            read.1 = self.fetch(next);
        }
        read.1.get(&row).cloned().unwrap_or_default()
    }

    fn fetch(&self, rows: &[u32]) -> Read {
        let mut found = HashMap::new();
        let mut files: HashMap<&str, Vec<_>> = HashMap::new();
        for row in rows {
            let Some((content, span)) = self.events.place(*row) else { continue };
            match (&content.body, content.get(span.0, span.1)) {
                (Body::File, _) | (_, Err(_)) => files.entry(&content.origin).or_default().push((*row, span)),
                (_, Ok(text)) => {
                    found.insert(*row, text.into_owned());
                }
            }
        }
        for (path, rows) in files {
            // A file that went away leaves its records empty; the load report names it when it is searched.
            let Ok(text) = crate::trail::ingest::document(path) else { continue };
            for (row, (start, len)) in rows {
                let (from, to) = (start as usize, (start + len) as usize);
                found.insert(row, text.get(from..to).unwrap_or_default().to_owned());
            }
        }
        found
    }
}
