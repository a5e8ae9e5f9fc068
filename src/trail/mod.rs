//! CloudTrail events: reading records, what they mean, and the query language that every view filters with.
//!
//! Invariant: pure; no I/O, no SDK.

mod asks;
pub mod catalogue;
pub mod query;
pub mod record;
pub mod sessions;
