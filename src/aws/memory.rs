//! What pollers remember between two sweeps of one scope.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

/// The memory of one scope.
#[derive(Debug, Default)]
pub struct Memory {
    /// Findings read: id, and `UpdatedAt` in milliseconds when they were.
    pub findings: BTreeMap<String, i64>,
    /// When all findings were last listed.
    pub findings_listed: Option<Timestamp>,
    /// Records that could not be understood, by a hash of their text: each is told of once.
    pub broken: HashSet<u64>,
    /// Backups described: when, and the key of each, which never changes.
    pub backups: BTreeMap<String, (Timestamp, Option<String>)>,
    /// Tables that changed, by name: what Config records of them is read with the next sweep of drifts.
    pub changed: BTreeSet<String>,
    /// By search: the newest event's time, and the ids of those near it.
    pub events: BTreeMap<&'static str, Seen>,
}

/// How far the search for new events got.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The newest event's time.
    pub newest: Option<Timestamp>,
    /// Events known, so that overlapping searches bring only new ones.
    pub ids: HashSet<String>,
}
