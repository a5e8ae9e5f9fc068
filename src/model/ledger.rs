//! The ledger: one row a call that this program made.

use jiff::Timestamp;
use serde::Serialize;

use super::Scope;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The service answered as asked.
    Ok,
    /// It answered with an error, or did not answer: the error's code or kind.
    Failed(String),
    /// The guard refused it; no request was sent.
    Guarded,
}

/// One call, retries included as `attempts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRecord {
    /// When it began.
    pub at: Timestamp,
    /// Where.
    pub scope: Scope,
    /// `service:Operation`.
    pub operation: &'static str,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The service's request id; empty where it gave none.
    pub request_id: String,
    /// From first attempt to last answer, in milliseconds.
    pub millis: u64,
    /// Requests sent for it.
    pub attempts: u32,
}
