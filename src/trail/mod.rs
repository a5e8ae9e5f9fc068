//! CloudTrail events: reading records, and the query language that every view filters with.
//!
//! Invariant: pure; no I/O, no SDK.

pub mod query;
pub mod record;
