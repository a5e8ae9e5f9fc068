//! Records that are not in memory: read again from their files when they are looked at, a few of them kept.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::trail::EventRef;
use crate::trail::columns::Unpacked;

use super::{Ctx, Place, Screen, Thing};

/// As many bytes of records are kept, and one more record.
const MOST: usize = 64 << 20;

/// A record that is shown and lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The event, by what finds it.
    pub key: String,
    /// Its id: the record must hold it.
    pub id: String,
    /// The file.
    pub path: Arc<str>,
    /// Where the record lies in it.
    pub span: (u32, u32),
}

/// Why a record is not at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// It is being read from this file.
    Reading(Arc<str>),
    /// It cannot be, for this reason.
    Lost(String),
}

impl Absent {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Reading(path) => format!("reading the record from {path}"),
            Self::Lost(problem) => format!("the record cannot be read again: {problem}"),
        }
    }
}

/// A record, or why it could not be read; `None` while it is being read.
type Record = Option<Result<Arc<str>, String>>;

/// Records by the keys of their events.
#[derive(Debug, Default)]
pub struct Fetched {
    of: HashMap<String, Record>,
    /// Those that were read, oldest first.
    order: VecDeque<String>,
    bytes: usize,
    wanted: Vec<Wanted>,
    unpacked: Unpacked,
    generation: u64,
}

impl Fetched {
    /// The record of an event: from memory, or as it was read from its file. What is neither is asked for.
    ///
    /// # Errors
    /// With the reason why it is not at hand.
    pub fn record<'e>(&mut self, event: EventRef<'e>) -> Result<Cow<'e, str>, Absent> {
        let elsewhere = match self.unpacked.raw(event) {
            Ok(record) => return Ok(record),
            Err(elsewhere) => elsewhere,
        };
        let key = event.key();
        match self.of.get(&*key) {
            Some(Some(Ok(record))) => Ok(Cow::Owned(record.to_string())),
            Some(Some(Err(problem))) => Err(Absent::Lost(problem.clone())),
            Some(None) => Err(Absent::Reading(elsewhere.path)),
            None => {
                let Some(span) = event.span() else { return Err(Absent::Lost("it is nowhere".to_owned())) };
                let path = elsewhere.path.clone();
                self.of.insert(key.to_string(), None);
                self.wanted.push(Wanted { key: key.into_owned(), id: event.id().into_owned(), path, span });
                Err(Absent::Reading(elsewhere.path))
            }
        }
    }

    /// The record of an event, where it is at hand; else it is asked for.
    pub fn text(&mut self, event: EventRef<'_>) -> Option<String> {
        self.record(event).ok().map(Cow::into_owned)
    }

    /// True when records are to be read.
    #[must_use]
    pub fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// The records to be read: each is handed over once.
    pub fn take_wanted(&mut self) -> Vec<Wanted> {
        std::mem::take(&mut self.wanted)
    }

    /// Keeps what came of one.
    pub fn keep(&mut self, key: String, record: Result<String, String>) {
        self.generation += 1;
        if let Ok(record) = &record {
            while self.bytes + record.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                if let Some(Some(Ok(gone))) = self.of.remove(&oldest) {
                    self.bytes -= gone.len();
                }
            }
            self.bytes += record.len();
            self.order.push_back(key.clone());
        }
        self.of.insert(key, Some(record.map(Arc::from)));
    }

    /// Has what could not be read asked for again.
    pub fn retry(&mut self) {
        self.generation += 1;
        self.of.retain(|_, record| !matches!(record, Some(Err(_))));
    }

    /// Grows by one with everything that was read.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl Place {
    /// The event whose record this screen is to show and does not yet.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        match &self.screen {
            Screen::Raw(Thing::Event(key)) | Screen::Detail(Thing::Event(key)) if self.record.is_none() => Some(key),
            _ => None,
        }
    }
}

/// Why the record of an event is not shown. `None` when it is at hand.
#[must_use]
pub fn waiting(ctx: &Ctx<'_>, key: &str) -> Option<String> {
    let event = ctx.store.events().get(key)?;
    Some(ctx.derived.borrow_mut().records.record(event).err()?.words())
}
