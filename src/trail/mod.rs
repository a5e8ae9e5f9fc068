//! CloudTrail events: what they mean, on top of the columns that hold them, and the engines that answer the same query
//! elsewhere.
//!
//! Invariant: pure; no I/O, no SDK. Reading, columns and the query language are the package in `src/events`.

mod asks;
pub mod catalogue;
pub mod engine;
pub mod object;
pub mod record;
pub mod sessions;
pub mod settings;

pub use catalogue::GRADER;
pub use dynakeep_events::{EventRef, Events, Grade, Grader, columns, envelope, fields, ingest, json, query, scan};
