//! What is polled, where, and how fresh it is.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Fault, SourceError};

/// One account in one region: the unit of polling, of rates and of denial.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Scope {
    /// The 12-digit account id; the profile's name until `GetCallerIdentity` answered.
    pub account: String,
    /// The region.
    pub region: String,
}

impl Scope {
    /// A scope from its two parts.
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { account: account.into(), region: region.into() }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// Who asks, as STS tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// The 12-digit account.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The profile it was reached through, if one was named.
    pub profile: Option<String>,
}

/// A kind of data that is polled on its own, with its own cadence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `sts:GetCallerIdentity`.
    Identity,
    /// `dynamodb:ListTables`, then each table's facets.
    Tables,
    /// `kms:DescribeKey` for every key a table names.
    Keys,
    /// `dynamodb:ListBackups`.
    Backups,
    /// GuardDuty detectors and findings.
    Findings,
    /// AWS Config recorders, rules and evaluations.
    Compliance,
    /// CloudFormation stacks and their drift.
    Drift,
    /// VPCs, endpoints, route tables, network interfaces.
    Network,
    /// Trails, their status and selectors.
    Trails,
    /// CloudTrail events by `LookupEvents`.
    Events,
    /// Settings of the account that many services hold: backup plans, vaults, rules, hubs, buckets, clusters.
    Settings,
}

impl Source {
    /// All of them, in the order they are shown and first polled.
    pub const ALL: [Self; 11] = [
        Self::Identity,
        Self::Findings,
        Self::Tables,
        Self::Keys,
        Self::Backups,
        Self::Events,
        Self::Trails,
        Self::Network,
        Self::Compliance,
        Self::Drift,
        Self::Settings,
    ];

    /// The name shown and accepted by filters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Tables => "tables",
            Self::Keys => "keys",
            Self::Backups => "backups",
            Self::Findings => "findings",
            Self::Compliance => "compliance",
            Self::Drift => "drift",
            Self::Network => "network",
            Self::Trails => "trails",
            Self::Events => "events",
            Self::Settings => "settings",
        }
    }
}

/// How fresh one source is in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Freshness {
    /// When a sweep last came back whole.
    pub good: Option<Timestamp>,
    /// The fault of the newest sweep, if it failed or some of it did.
    pub fault: Option<Fault>,
    /// When the next sweep is due.
    pub due: Option<Timestamp>,
    /// Done and total of the sweep that runs now.
    pub running: Option<(usize, usize)>,
    /// Sweeps that ran to their end, well or not.
    pub sweeps: u64,
    /// Faults by their word since the start, to count what a sweep met below its top level.
    pub partial: Vec<(SourceError, usize)>,
}

impl Freshness {
    /// True until the first sweep has ended.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.sweeps == 0
    }
}
