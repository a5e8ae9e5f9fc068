//! The one table of AWS operations that this program may call.
//!
//! From it come the guard, the printed IAM policy, the rate limiter's budgets and the ledger's labels.
//! Invariant: nothing else in the crate names an operation that may be called, and no row writes, reads
//! items or secrets, decrypts, or assumes a role.

/// When an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// At every refresh.
    Poll,
    /// Slowly: minutes to hours.
    Slow,
    /// On demand, when somebody looks.
    Drill,
    /// Costs money or starts a query: off until configured.
    Paid,
}

/// One operation of one service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// `service:Operation` as the ledger and evidence write it, `dynamodb:DescribeTable`.
    pub label: &'static str,
    /// The SDK's service id as the interceptor sees it in `Metadata::service`, `DynamoDB`.
    pub sdk_service: &'static str,
    /// The operation's name, `DescribeTable`.
    pub name: &'static str,
    /// The IAM actions it needs.
    pub actions: &'static [&'static str],
    /// When it is called.
    pub tier: Tier,
    /// The documented rate, requests a second for one account and region; `None` where none is published.
    pub rate: Option<f64>,
    /// What a call costs, where it costs anything.
    pub cost: Option<&'static str>,
}

/// All operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    label: "sts:GetCallerIdentity",
    sdk_service: "STS",
    name: "GetCallerIdentity",
    actions: &["sts:GetCallerIdentity"],
    tier: Tier::Poll,
    rate: None,
    cost: None,
}];

/// The row of an operation, by the SDK's service id and operation name.
#[must_use]
pub fn find(sdk_service: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|row| row.sdk_service == sdk_service && row.name == name)
}

/// The row of a label, `dynamodb:DescribeTable`.
#[must_use]
pub fn by_label(label: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|row| row.label == label)
}
