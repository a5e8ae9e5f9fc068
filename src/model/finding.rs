//! GuardDuty detectors and findings.

use jiff::Timestamp;
use serde::Serialize;

use super::{Scope, Severity};

/// A GuardDuty detector of one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detector {
    /// The detector's id.
    pub id: String,
    /// `ENABLED` or `DISABLED`.
    pub enabled: bool,
    /// `FIFTEEN_MINUTES`, `ONE_HOUR`, `SIX_HOURS`.
    pub publishing_frequency: Option<String>,
    /// Feature name and whether it is on.
    pub features: Vec<(String, bool)>,
}

/// A filter of findings, from `guardduty:GetFilter`: one that archives hides what it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingFilter {
    /// Its name.
    pub name: String,
    /// `ARCHIVE` or `NOOP`.
    pub action: String,
    /// What a finding must be like: the field, the operator (`Equals`, `LessThan` …) and the values.
    pub criteria: Vec<(String, &'static str, Vec<String>)>,
}

/// What a finding says was done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FindingAction {
    /// `AWS_API_CALL`, `NETWORK_CONNECTION` …
    pub kind: Option<String>,
    /// The API called.
    pub api: Option<String>,
    /// The service called, `dynamodb.amazonaws.com`.
    pub service: Option<String>,
    /// The error code, when the call was refused.
    pub error: Option<String>,
    /// The remote address.
    pub ip: Option<String>,
    /// `AS64500 Example` as far as given.
    pub asn: Option<String>,
    /// City and country as far as given.
    pub place: Option<String>,
    /// The user agent, where the finding has one.
    pub user_agent: Option<String>,
}

/// One signal of an attack sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// `FINDING`, `CLOUD_TRAIL`, `S3_DATA_EVENTS` …
    pub kind: String,
    /// The API or finding type.
    pub name: String,
    /// First seen.
    pub first: Option<Timestamp>,
    /// Last seen.
    pub last: Option<Timestamp>,
    /// The service's description.
    pub description: Option<String>,
}

/// A GuardDuty finding, with the whole answer kept raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The finding's id, its identity.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Where it was read.
    pub scope: Scope,
    /// The account it is about.
    pub account: String,
    /// The region it is about.
    pub region: String,
    /// The finding type, `UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS`.
    pub kind: String,
    /// GuardDuty's severity, 1.0 to 10.0, in tenths so that it can be ordered: 8.5 is 85.
    pub severity_tenths: u16,
    /// GuardDuty's title.
    pub title: String,
    /// GuardDuty's description.
    pub description: String,
    /// `CreatedAt`.
    pub created: Option<Timestamp>,
    /// `UpdatedAt`.
    pub updated: Option<Timestamp>,
    /// `Service.EventFirstSeen`.
    pub first: Option<Timestamp>,
    /// `Service.EventLastSeen`.
    pub last: Option<Timestamp>,
    /// `Service.Count`.
    pub count: i32,
    /// `Service.Archived`.
    pub archived: bool,
    /// A sample finding, made by `CreateSampleFindings`.
    pub sample: bool,
    /// `Resource.ResourceType`.
    pub resource_type: Option<String>,
    /// `Resource.AccessKeyDetails.AccessKeyId`.
    pub access_key: Option<String>,
    /// `Resource.AccessKeyDetails.PrincipalId`.
    pub principal_id: Option<String>,
    /// `Resource.AccessKeyDetails.UserName` (for a role: the role's name), or the instance profile's.
    pub principal: Option<String>,
    /// `Resource.AccessKeyDetails.UserType`.
    pub principal_type: Option<String>,
    /// What was done.
    pub action: FindingAction,
    /// Resources the finding itself names: table ARNs, buckets, instances.
    pub resources: Vec<String>,
    /// Signals of an attack sequence, in time order.
    pub signals: Vec<Signal>,
    /// The whole finding as JSON.
    pub raw: String,
}

impl Finding {
    /// The session's name of a role's principal id, `AROAEXAMPLE:session`.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.principal_id.as_deref()?.split_once(':').map(|(_, session)| session)
    }

    /// GuardDuty's bands: Critical 9.0 and above, High 7.0, Medium 4.0, Low below.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.severity_tenths {
            90.. => Severity::Critical,
            70..90 => Severity::High,
            40..70 => Severity::Medium,
            _ => Severity::Low,
        }
    }

    /// The severity as GuardDuty writes it, `8.5`.
    #[must_use]
    pub fn severity_number(&self) -> f64 {
        f64::from(self.severity_tenths) / 10.0
    }
}
