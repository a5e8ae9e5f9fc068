//! CloudTrail events: reading records, what they mean, the query language that every view filters with, and the
//! engines that answer the same query elsewhere.
//!
//! Invariant: pure; no I/O, no SDK.

mod asks;
pub mod catalogue;
pub mod engine;
pub mod query;
pub mod record;
pub mod sessions;
