//! AWS Config: recorders, rules and what they say about resources.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Scope, SourceError};

/// What a Config rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compliance {
    /// `NON_COMPLIANT`.
    NonCompliant,
    /// `INSUFFICIENT_DATA`: the rule has not judged anything yet.
    InsufficientData,
    /// `COMPLIANT`.
    Compliant,
    /// `NOT_APPLICABLE`.
    NotApplicable,
}

impl Compliance {
    /// AWS's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NonCompliant => "NON_COMPLIANT",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Compliant => "COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }
}

/// A configuration recorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// `recording` of its status; `None` when the status could not be read.
    pub recording: Option<bool>,
    /// Why the status could not be read.
    pub unread: Option<SourceError>,
    /// `lastStatus`: `SUCCESS`, `FAILURE`, `PENDING` (services differ in case).
    pub last_status: Option<String>,
    /// Records every supported type.
    pub all_supported: bool,
    /// The resource types recorded, when not all.
    pub resource_types: Vec<String>,
    /// The resource types left out by an exclusion.
    pub excluded_types: Vec<String>,
    /// `CONTINUOUS` or `DAILY`.
    pub frequency: Option<String>,
}

/// A rule's identity: its name is unique in one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleKey {
    /// Where.
    pub scope: Scope,
    /// `ConfigRuleName`.
    pub name: String,
}

/// A Config rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Identity.
    pub key: RuleKey,
    /// Its ARN.
    pub arn: Option<String>,
    /// The managed rule's identifier, `DYNAMODB_PITR_ENABLED`.
    pub identifier: Option<String>,
    /// `ACTIVE`, `DELETING` …
    pub state: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// The rule's verdict over all resources; `None` when Config did not say.
    pub compliance: Option<Compliance>,
    /// Why the verdict could not be read.
    pub unread: Option<SourceError>,
    /// Resource types in its scope.
    pub resource_types: Vec<String>,
    /// The whole rule as JSON.
    pub raw: String,
}

/// One rule's verdict about one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// The rule.
    pub rule: RuleKey,
    /// `AWS::DynamoDB::Table`.
    pub resource_type: String,
    /// The resource's id as Config spells it: for a table, its name.
    pub resource_id: String,
    /// The verdict.
    pub compliance: Compliance,
    /// The rule's note.
    pub annotation: Option<String>,
    /// When the result was recorded.
    pub recorded: Option<Timestamp>,
    /// When the rule was invoked.
    pub invoked: Option<Timestamp>,
    /// `OrderingTimestamp`: when what was judged was so.
    pub ordered: Option<Timestamp>,
    /// What else Config says of it, as a JSON object; the same text for all that say the same.
    pub rest: Option<Arc<str>>,
}

impl Evaluation {
    /// All that Config says, in its own words.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all = self.rest.as_ref().and_then(|rest| serde_json::from_str(rest).ok()).unwrap_or_else(|| json!({}));
        let id = "EvaluationResultIdentifier";
        let qualifier = "EvaluationResultQualifier";
        for (name, value) in [
            ("ConfigRuleName", &self.rule.name),
            ("ResourceType", &self.resource_type),
            ("ResourceId", &self.resource_id),
        ] {
            all[id][qualifier][name] = json!(value);
        }
        let times = [("ResultRecordedTime", self.recorded), ("ConfigRuleInvokedTime", self.invoked)];
        for (name, at) in times.into_iter().filter_map(|(name, at)| Some((name, at?))) {
            all[name] = seconds(at);
        }
        if let Some(at) = self.ordered {
            all[id]["OrderingTimestamp"] = seconds(at);
        }
        if let Some(annotation) = &self.annotation {
            all["Annotation"] = json!(annotation);
        }
        all["ComplianceType"] = json!(self.compliance.word());
        all
    }
}

/// A time as AWS's JSON has it: seconds, with a fraction where there is one.
fn seconds(at: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any date fit")]
    let precise = || json!(at.as_millisecond() as f64 / 1000.0);
    if at.subsec_nanosecond() == 0 { json!(at.as_second()) } else { precise() }
}

/// What a rule does about what it finds, from `config:DescribeRemediationConfigurations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remediation {
    /// `TargetId`: the SSM document that is run.
    pub target: String,
    /// `TargetVersion` of the document.
    pub version: Option<String>,
    /// `Automatic`: without anybody asking for it.
    pub automatic: bool,
    /// `MaximumAutomaticAttempts`; five where none is set.
    pub attempts: Option<i32>,
    /// `RetryAttemptSeconds`, within which so many attempts are made; 60 where none are set.
    pub retry_seconds: Option<i64>,
}

/// How a rule's remediation went, resource by resource, from `config:DescribeRemediationExecutionStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Runs {
    /// How many resources' last run ended how: `SUCCEEDED`, `FAILED`, `QUEUED`, `IN_PROGRESS`, `UNKNOWN`.
    pub states: BTreeMap<String, usize>,
    /// The newest of them.
    pub last: Option<Run>,
}

/// One run of a remediation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// `SUCCEEDED`, `FAILED` …
    pub state: String,
    /// When it was begun.
    pub invoked: Option<Timestamp>,
    /// `AWS::DynamoDB::Table`.
    pub resource_type: String,
    /// The resource's id as Config spells it.
    pub resource: String,
    /// What the steps that did not succeed say.
    pub error: Option<String>,
}
