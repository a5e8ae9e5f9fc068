//! What an engine beyond this machine says of a question: how far it is, what it read, and how it ended.

use super::SourceError;

/// The most that a question can read, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineBound {
    /// Bytes; `None` where nothing bounds them.
    pub bytes: Option<u64>,
    /// Objects, where they were listed.
    pub objects: Option<u64>,
    /// In words.
    pub how: String,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEnd {
    /// With all records there are.
    Whole,
    /// With some of them; in words, why.
    Cut(String),
    /// It was asked what it would take, and that is said.
    Planned,
    /// It would have read more than allowed, and was not asked.
    TooLarge(String),
    /// Somebody no longer wanted to know.
    Cancelled,
    /// It could not be answered.
    Failed(SourceError),
}

/// The state of a question; each message holds all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineNews {
    /// The engine.
    pub engine: &'static str,
    /// What it does now: `sizing`, `queued`, `running`, `reading`.
    pub phase: &'static str,
    /// The query's id at the service; empty where there is none.
    pub query_id: String,
    /// Steps done in this phase, and those known of.
    pub done: u64,
    /// Zero where nobody knows.
    pub total: u64,
    /// The most that it can read.
    pub bound: Option<EngineBound>,
    /// Bytes that the service says it scanned, or that were fetched.
    pub scanned: Option<u64>,
    /// Records that came back, before the filter here.
    pub records: u64,
    /// Of them those that could not be understood.
    pub broken: u64,
    /// Objects that could not be read whole, and why: the first of them.
    pub unread: Vec<(String, String)>,
    /// How many there are.
    pub unread_count: u64,
    /// What may go on at the service, and cost, because it could not be stopped: in words.
    pub left: Option<String>,
    /// How it ended; `None` while it goes on.
    pub ended: Option<EngineEnd>,
}
