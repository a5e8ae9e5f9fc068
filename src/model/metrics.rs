//! How often a table was called, as CloudWatch counted.

use jiff::Timestamp;
use serde::Serialize;

/// Calls to one table in a window, operation by operation. Calls that failed are not among them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calls {
    /// From.
    pub since: Timestamp,
    /// To.
    pub until: Timestamp,
    /// Operation and number of calls, the most first; operations that were not called are left out.
    pub operations: Vec<(String, f64)>,
}

impl Calls {
    /// All calls.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.operations.iter().map(|(_, calls)| calls).sum()
    }
}
