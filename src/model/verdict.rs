//! Verdicts: what a control says about a resource, and on what evidence.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::Exception;

/// The six things a control can say. A call that did not succeed only ever yields `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Verdict {
    /// The control holds.
    #[serde(rename = "pass")]
    Pass,
    /// It does not.
    #[serde(rename = "fail")]
    Fail,
    /// It holds, with something to look at.
    #[serde(rename = "warn")]
    Warn,
    /// It could not be judged; the reason names the missing action or the error.
    #[serde(rename = "unknown")]
    Unknown,
    /// Only a person can attest to it.
    #[serde(rename = "manual")]
    Manual,
    /// It does not apply.
    #[serde(rename = "n/a")]
    NotApplicable,
}

impl Verdict {
    /// All, worst first.
    pub const ALL: [Self; 6] = [Self::Fail, Self::Warn, Self::Unknown, Self::Manual, Self::Pass, Self::NotApplicable];

    /// The word used in JSON and beside every glyph.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Manual => "manual",
            Self::NotApplicable => "n/a",
        }
    }

    /// How grave it is that something stands so, for "better" and "worse": what does not count, for a mute or its class, is
    /// no worse than a pass.
    #[must_use]
    pub fn gravity(self, counts: bool) -> u8 {
        match self {
            _ if !counts => 0,
            Self::Fail => 3,
            Self::Warn => 2,
            Self::Unknown => 1,
            Self::Pass | Self::Manual | Self::NotApplicable => 0,
        }
    }

    /// Rank for "worst first": smaller is worse.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Fail => 0,
            Self::Warn => 1,
            Self::Unknown => 2,
            Self::Manual => 3,
            Self::Pass => 4,
            Self::NotApplicable => 5,
        }
    }
}

/// How bad a finding or a failed control is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// GuardDuty's bands, of a severity in tenths: Critical 9.0 and above, High 7.0, Medium 4.0, Low below.
    #[must_use]
    pub fn of_tenths(tenths: u16) -> Self {
        match tenths {
            90.. => Self::Critical,
            70..90 => Self::High,
            40..70 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The word used in JSON and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The four letters used in columns.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Low => "LOW",
            Self::Medium => "MED",
            Self::High => "HIGH",
            Self::Critical => "CRIT",
        }
    }
}

/// The layers of defence in depth that controls are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Endpoints, routes, perimeter.
    Network,
    /// IAM and resource policies.
    Identity,
    /// Keys and encryption.
    DataProtection,
    /// Trails, findings, rules, drift.
    Detective,
    /// Recovery and deletion.
    Resilience,
    /// Tags, classes, separation.
    Isolation,
    /// Governance: attestations and the like.
    Governance,
}

impl Layer {
    /// All, in the order of the Overview.
    pub const ALL: [Self; 7] = [
        Self::Network,
        Self::Identity,
        Self::DataProtection,
        Self::Detective,
        Self::Resilience,
        Self::Isolation,
        Self::Governance,
    ];

    /// The name shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Identity => "identity",
            Self::DataProtection => "data protection",
            Self::Detective => "detective",
            Self::Resilience => "resilience",
            Self::Isolation => "isolation",
            Self::Governance => "governance",
        }
    }
}

/// A call that a judgement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `service:Operation`.
    pub operation: &'static str,
    /// The request id of the answer; empty where there was none.
    pub request_id: Arc<str>,
    /// When it was answered.
    pub at: Timestamp,
    /// The fields read, `Table.SSEDescription.SSEType=KMS`.
    pub fields: Vec<String>,
}

/// What one control says about one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The control's id, `RES-01`.
    pub control: &'static str,
    /// The resource's ARN (or `account/region` for a control about a whole scope).
    pub resource: String,
    /// The verdict.
    pub verdict: Verdict,
    /// How bad a failure of it is.
    pub severity: Severity,
    /// One sentence.
    pub reason: String,
    /// The IAM action whose lack made it unknown.
    pub missing_action: Option<String>,
    /// The calls it rests on.
    pub evidence: Vec<Evidence>,
    /// It is due only to the default class: the table states none, and as the mildest it would not be said.
    pub by_default: bool,
    /// Set aside by a person, until a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<Arc<Exception>>,
    /// Attested to by a person, until a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested: Option<Arc<Exception>>,
}

impl Judgement {
    /// True when it counts: in tallies, ranks and the gate of `check`. What is due only to the default class counts
    /// once, under ISO-01; what is muted is counted apart.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.by_default && self.muted.is_none()
    }
}
