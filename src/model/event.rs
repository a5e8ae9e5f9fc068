//! CloudTrail events.

use jiff::Timestamp;
use serde::Serialize;

pub use dynakeep_events::EventCategory;
pub use dynakeep_events::query::closest;

use super::SourceError;

/// One CloudTrail event: the fields people pivot on, and the record itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `eventID`, its identity.
    pub id: String,
    /// `eventTime`.
    pub time: Timestamp,
    /// `eventName`.
    pub name: String,
    /// `eventSource`, `dynamodb.amazonaws.com`.
    pub source: String,
    /// `awsRegion`.
    pub region: String,
    /// `recipientAccountId`.
    pub account: String,
    /// Who, in one word: the role's name for a session, the user's name, `root`, or the invoking service.
    pub principal: String,
    /// The caller's ARN.
    pub principal_arn: Option<String>,
    /// The session's name, for an assumed role.
    pub session: Option<String>,
    /// `userIdentity.accessKeyId`.
    pub access_key: Option<String>,
    /// `sourceIPAddress`: an address or a service's name.
    pub ip: Option<String>,
    /// `userAgent`.
    pub user_agent: Option<String>,
    /// `readOnly`; `None` when the record does not say.
    pub read_only: Option<bool>,
    /// `errorCode`.
    pub error: Option<String>,
    /// Names of the tables concerned: parameters, resources, and the encryption context of KMS calls.
    pub tables: Vec<String>,
    /// `vpcEndpointId`.
    pub vpce: Option<String>,
    /// `tlsDetails.tlsVersion`, `.keyExchange` and `.clientProvidedHostHeader`, of calls to DynamoDB and DAX.
    pub tls: [Option<String>; 3],
    /// `sessionCredentialFromConsole`.
    pub console: bool,
    /// `eventCategory`.
    pub category: EventCategory,
    /// The call was made by this program (its app id is in the user agent).
    pub own: bool,
    /// The record, as delivered.
    pub raw: String,
}

/// What a `LookupEvents` search goes by. The service honours exactly one attribute per call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SearchBy {
    /// `AccessKeyId`.
    AccessKey(String),
    /// `Username`: for a role this is the *session's* name.
    Username(String),
    /// `ResourceName`: a table's name or ARN.
    Resource(String),
    /// `EventId`.
    EventId(String),
    /// `EventName`.
    EventName(String),
    /// `EventSource`.
    EventSource(String),
    /// `ReadOnly`, `true` or `false`.
    ReadOnly(bool),
    /// No attribute.
    Any,
}

impl SearchBy {
    /// CloudTrail's name of the attribute, and the value.
    #[must_use]
    pub fn attribute(&self) -> (&'static str, String) {
        match self {
            Self::AccessKey(key) => ("AccessKeyId", key.clone()),
            Self::Username(name) => ("Username", name.clone()),
            Self::Resource(name) => ("ResourceName", name.clone()),
            Self::EventId(id) => ("EventId", id.clone()),
            Self::EventName(name) => ("EventName", name.clone()),
            Self::EventSource(source) => ("EventSource", source.clone()),
            Self::ReadOnly(read_only) => ("ReadOnly", read_only.to_string()),
            Self::Any => ("none", String::new()),
        }
    }
}

/// A search of CloudTrail on demand, in every scope polled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventSearch {
    /// The one attribute.
    pub by: SearchBy,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Stop after this many events a scope.
    pub limit: usize,
}

/// How far one scope of a search got: shown beside its result, so that 0 hits never stand alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReach {
    /// What was searched.
    pub search: EventSearch,
    /// Events found in this scope, or why it could not be searched.
    pub found: Result<usize, SourceError>,
    /// More were there than the limit let through.
    pub cut: bool,
    /// Since when it is whole: of one that was cut, the oldest event that it read.
    pub from: Option<Timestamp>,
}
