//! How often a table was called, as CloudWatch counted.

use jiff::Timestamp;
use serde::Serialize;

/// A call on items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemCall {
    /// The operation, as CloudWatch counts it and CloudTrail names it.
    pub name: &'static str,
    /// It may read.
    pub reads: bool,
    /// It may write.
    pub writes: bool,
    /// Its parameters name the one table that it is on; others name several, or a statement.
    pub names_table: bool,
}

const fn call(name: &'static str, reads: bool, writes: bool, names_table: bool) -> ItemCall {
    ItemCall { name, reads, writes, names_table }
}

/// The calls on items. Reads of streams are no calls on a table.
pub const ITEM_CALLS: [ItemCall; 13] = [
    call("GetItem", true, false, true),
    call("BatchGetItem", true, false, false),
    call("Query", true, false, true),
    call("Scan", true, false, true),
    call("TransactGetItems", true, false, false),
    call("PutItem", false, true, true),
    call("UpdateItem", false, true, true),
    call("DeleteItem", false, true, true),
    call("BatchWriteItem", false, true, false),
    call("TransactWriteItems", false, true, false),
    // Statements of PartiQL do either.
    call("ExecuteStatement", true, true, false),
    call("BatchExecuteStatement", true, true, false),
    call("ExecuteTransaction", true, true, false),
];

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
