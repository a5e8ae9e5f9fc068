//! Why a read failed, in types.

use jiff::Timestamp;
use serde::Serialize;

/// Why a source could not be read. None of these ever turns into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub enum SourceError {
    /// The caller lacks an IAM action.
    #[error("denied: {action}")]
    Denied {
        /// The IAM action that is missing, `dynamodb:DescribeTable`.
        action: String,
        /// The service's own words.
        message: String,
    },
    /// The service asked to slow down, and went on doing so through all retries.
    #[error("throttled: {0}")]
    Throttled(String),
    /// The credentials ran out.
    #[error("credentials expired")]
    Expired {
        /// The profile that must be logged in again, where one is known.
        profile: Option<String>,
        /// The service's or the credential provider's words.
        message: String,
    },
    /// There are no credentials at all.
    #[error("no credentials: {0}")]
    NoCredentials(String),
    /// The service, or the feature asked about, is not switched on in this scope.
    #[error("not enabled: {0}")]
    NotEnabled(String),
    /// No answer: no route, refused, reset, timed out.
    #[error("offline: {0}")]
    Offline(String),
    /// An answer that is not the protocol's: an HTML page, cut JSON, wrong types.
    #[error("malformed answer: {0}")]
    Malformed(String),
    /// The service failed (HTTP 5xx) through all retries.
    #[error("service error: {0}")]
    Service(String),
    /// The service refused the request for a reason of its own (validation, conflict …).
    #[error("refused: {0}")]
    Refused(String),
    /// The guard stopped the call: the operation is not in the operation table.
    #[error("not allowed by the operation table: {0}")]
    Guarded(String),
}

/// The command that renews an SSO login, also where no browser can be opened.
#[must_use]
pub fn login_command(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("aws sso login --profile {profile} --use-device-code"),
        None => "aws sso login --use-device-code".to_owned(),
    }
}

impl SourceError {
    /// What a person can do about it.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Denied { .. } => Some("print the policy that allows it: dynakeep iam-policy".to_owned()),
            Self::Expired { profile, .. } => Some(format!("renew it: {}", login_command(profile.as_deref()))),
            Self::NoCredentials(_) => Some("look around without any: dynakeep --demo".to_owned()),
            Self::Throttled(_) => Some("it is asked again later, and more slowly".to_owned()),
            Self::Offline(_) | Self::Service(_) => Some("it is asked again by itself; ^R asks now".to_owned()),
            _ => None,
        }
    }

    /// One word for narrow columns.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Throttled(_) => "throttled",
            Self::Expired { .. } => "expired",
            Self::NoCredentials(_) => "no credentials",
            Self::NotEnabled(_) => "not enabled",
            Self::Offline(_) => "offline",
            Self::Malformed(_) => "malformed",
            Self::Service(_) => "service error",
            Self::Refused(_) => "refused",
            Self::Guarded(_) => "guarded",
        }
    }

    /// The IAM action whose lack explains the error.
    #[must_use]
    pub fn missing_action(&self) -> Option<&str> {
        match self {
            Self::Denied { action, .. } => Some(action),
            _ => None,
        }
    }
}

/// A failed read and when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub error: SourceError,
    /// When.
    pub at: Timestamp,
}
