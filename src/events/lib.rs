//! CloudTrail events in memory: read from any envelope, kept as columns, asked in one query language.
//!
//! A package of its own, because it is the one part of `dynakeep` that has to be fast: it is compiled with full
//! optimisation, beside the SDK, which is not (ARCHITECTURE.md, "Weight"). It knows nothing of AWS's API, of stores and
//! screens. Invariant: no I/O but in `ingest`.

mod category;
pub mod columns;
pub mod envelope;
pub mod fields;
mod grade;
pub mod ingest;
pub mod json;
pub mod query;
pub mod scan;

pub use category::EventCategory;
pub use columns::{EventRef, Events};
pub use grade::{Grade, Grader};
