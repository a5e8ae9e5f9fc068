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

/// Somebody that an attack sequence names as acting.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Actor {
    /// The sequence's own id of the actor, which its signals refer to.
    pub id: Option<String>,
    /// `User.Name`.
    pub name: Option<String>,
    /// `User.Type`.
    pub kind: Option<String>,
    /// `User.Uid`, `AROAEXAMPLE:session` for a role's session.
    pub principal_id: Option<String>,
    /// `User.CredentialUid`.
    pub access_key: Option<String>,
    /// `User.Account.Uid`.
    pub account: Option<String>,
    /// `Session.Issuer`.
    pub issuer: Option<String>,
    /// `Session.MfaStatus`.
    pub mfa: Option<String>,
    /// `Session.CreatedTime`.
    pub began: Option<Timestamp>,
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
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
    /// GuardDuty's severity, 1.0 to 10.0, in tenths so that it can be ordered: 8.5 is 85; 0 where a broken answer has none.
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
    /// Everybody that an attack sequence names.
    pub actors: Vec<Actor>,
    /// Further addresses that an attack sequence names, beside the action's.
    pub endpoints: Vec<String>,
    /// Signals of an attack sequence, in time order.
    pub signals: Vec<Signal>,
    /// `AssociatedAttackSequenceArn`: the sequence that it is a signal of.
    pub sequence: Option<String>,
    /// Why it could not be understood, where it could not.
    pub broken: Option<String>,
    /// The whole finding as JSON.
    pub raw: String,
}

impl Finding {
    /// The session's name of a role's principal id, `AROAEXAMPLE:session`.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        session_of(self.principal_id.as_deref())
    }

    /// All access keys that it is about, each once.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let own = self.access_key.iter().chain(self.actors.iter().filter_map(|actor| actor.access_key.as_ref()));
        each(own.map(String::as_str))
    }

    /// All sessions' names that it is about, each once.
    #[must_use]
    pub fn sessions(&self) -> Vec<&str> {
        let others = self.actors.iter().filter_map(|actor| session_of(actor.principal_id.as_deref()));
        each(self.session().into_iter().chain(others))
    }

    /// All addresses that called an API, each once: what only talks to an instance is nobody's who calls.
    #[must_use]
    pub fn callers(&self) -> Vec<&str> {
        let called = matches!(self.action.kind.as_deref(), Some("AWS_API_CALL") | None);
        each(self.action.ip.iter().chain(&self.endpoints).map(String::as_str).filter(|_| called))
    }

    /// The instance that it is about.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.resources.iter().map(String::as_str).find(|name| name.starts_with("i-"))
    }

    /// How bad it is, in GuardDuty's bands.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::of_tenths(self.severity_tenths)
    }

    /// The severity as GuardDuty writes it, `8.5`.
    #[must_use]
    pub fn severity_number(&self) -> f64 {
        f64::from(self.severity_tenths) / 10.0
    }
}

fn session_of(principal_id: Option<&str>) -> Option<&str> {
    principal_id?.split_once(':').map(|(_, session)| session).filter(|session| !session.is_empty())
}

fn each<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    all.for_each(|one| {
        if !found.contains(&one) {
            found.push(one);
        }
    });
    found
}
