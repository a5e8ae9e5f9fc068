//! CloudFormation stacks, their resources and their last known drift. A detection is never started.

use jiff::Timestamp;
use serde::Serialize;

use super::{Cell, Scope};

/// A drift status as CloudFormation last knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DriftStatus {
    /// The resource was deleted outside the stack.
    Deleted,
    /// Properties differ (`MODIFIED`), or some resource of the stack does (`DRIFTED`).
    Modified,
    /// Never checked, or not checkable.
    NotChecked,
    /// Unknown to CloudFormation itself.
    Unknown,
    /// As the template says, of what CloudFormation looks at.
    InSync,
}

impl DriftStatus {
    /// AWS's word for a resource.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deleted => "DELETED",
            Self::Modified => "MODIFIED",
            Self::NotChecked => "NOT_CHECKED",
            Self::Unknown => "UNKNOWN",
            Self::InSync => "IN_SYNC",
        }
    }
}

/// One property that differs from the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyDifference {
    /// `/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled`.
    pub path: String,
    /// What the template says, as JSON text.
    pub expected: String,
    /// What is.
    pub actual: String,
    /// `ADD`, `REMOVE`, `NOT_EQUAL`.
    pub kind: String,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its id in AWS: for a table, the name.
    pub physical_id: Option<String>,
    /// `AWS::DynamoDB::Table`.
    pub kind: String,
    /// Its drift status.
    pub status: DriftStatus,
    /// When the drift of this resource was last checked.
    pub checked: Option<Timestamp>,
    /// What differs.
    pub differences: Vec<PropertyDifference>,
}

/// A CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's id (an ARN), its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where.
    pub scope: Scope,
    /// `CREATE_COMPLETE` …
    pub status: String,
    /// The stack's drift status.
    pub drift: DriftStatus,
    /// `DriftInformation.LastCheckTimestamp`.
    pub checked: Option<Timestamp>,
    /// Its resources with their drift; read apart, so it may be unknown apart.
    pub resources: Cell<Vec<StackResource>>,
    /// The stack's description as JSON.
    pub raw: String,
}
