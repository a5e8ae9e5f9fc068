//! Records that are not in memory: read again from their files when they are looked at, a few of them kept.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::trail::Events;
use crate::trail::columns::Body as In;

use super::{Ctx, Place, Screen, Thing};

/// As many are kept.
const MOST: usize = 64;

/// A record, or why it could not be read; `None` while it is being read.
type Record = Option<Result<Rc<str>, String>>;

/// Records by the ids of their events.
#[derive(Debug, Default)]
pub struct Fetched {
    of: HashMap<String, Record>,
}

impl Fetched {
    /// Takes note that a record is read now; `false` when it was asked for before.
    pub fn ask(&mut self, id: &str) -> bool {
        if self.of.contains_key(id) {
            return false;
        }
        if self.of.len() >= MOST {
            self.of.retain(|_, record| record.is_none());
        }
        self.of.insert(id.to_owned(), None);
        true
    }

    /// Keeps what came of it.
    pub fn keep(&mut self, id: String, record: Result<String, String>) {
        self.of.insert(id, Some(record.map(Rc::from)));
    }

    /// The record, once it was read.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Rc<str>> {
        self.of.get(id)?.as_ref()?.as_ref().ok().cloned()
    }

    fn problem(&self, id: &str) -> Option<&str> {
        self.of.get(id)?.as_ref()?.as_ref().err().map(String::as_str)
    }
}

impl Place {
    /// The event whose record this screen is to show and does not yet.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        match &self.screen {
            Screen::Raw(Thing::Event(id)) | Screen::Detail(Thing::Event(id)) if self.record.is_none() => Some(id),
            _ => None,
        }
    }
}

/// The file that holds an event's record, and where; `None` when it is in memory.
#[must_use]
pub fn file_of(events: &Events, id: &str) -> Option<(Arc<str>, (u32, u32))> {
    let (content, span) = events.place(events.get(id)?.row())?;
    matches!(content.body, In::File).then(|| (content.origin.clone(), span))
}

/// Why the record of an event is not shown: it is being read, or cannot be. `None` when it is at hand.
#[must_use]
pub fn waiting(ctx: &Ctx<'_>, id: &str) -> Option<String> {
    let path = file_of(ctx.store.events(), id)?.0;
    let derived = ctx.derived.borrow();
    if derived.records.get(id).is_some() {
        return None;
    }
    Some(match derived.records.problem(id) {
        Some(problem) => format!("the record cannot be read again: {problem}"),
        None => format!("reading the record from {path}"),
    })
}
