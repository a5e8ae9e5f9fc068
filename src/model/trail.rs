//! CloudTrail trails and what they record.

use jiff::Timestamp;
use serde::Serialize;

use super::{Cell, Scope};

/// What a trail records, basic and advanced selectors alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selector {
    /// `Management`, `Data`, `NetworkActivity`.
    pub category: String,
    /// `resources.type` it is limited to; empty for all.
    pub resource_types: Vec<String>,
    /// `All`, `ReadOnly`, `WriteOnly`.
    pub read_write: String,
    /// Other conditions, in words: `resources.ARN StartsWith arn:…`; any makes the selector partial.
    pub conditions: Vec<String>,
}

/// A trail, with status and selectors read apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The trail's ARN, its identity.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The scope it was read in.
    pub scope: Scope,
    /// `HomeRegion`.
    pub home_region: Option<String>,
    /// `IsMultiRegionTrail`.
    pub multi_region: bool,
    /// `IsOrganizationTrail`.
    pub organization: bool,
    /// `LogFileValidationEnabled`.
    pub validation: bool,
    /// `S3BucketName`.
    pub bucket: Option<String>,
    /// `KmsKeyId`.
    pub kms_key: Option<String>,
    /// `CloudWatchLogsLogGroupArn`.
    pub log_group: Option<String>,
    /// `GetTrailStatus`: is logging, and when it last delivered.
    pub status: Cell<(bool, Option<Timestamp>)>,
    /// `GetEventSelectors`.
    pub selectors: Cell<Vec<Selector>>,
    /// The trail as JSON.
    pub raw: String,
}
