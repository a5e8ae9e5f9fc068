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

/// One condition of a selector, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause<'a> {
    /// The whole of it.
    pub words: &'a str,
    /// `resources.ARN`.
    pub field: &'a str,
    /// `Equals`, `NotStartsWith`.
    pub operator: &'a str,
    /// What it is compared with.
    pub values: Vec<&'a str>,
}

impl Selector {
    /// Its conditions, taken apart: they are written `field Operator value, value`.
    pub fn clauses(&self) -> impl Iterator<Item = Clause<'_>> {
        self.conditions.iter().map(|words| {
            let mut parts = words.split([' ', ',']).filter(|part| !part.is_empty());
            let (field, operator) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            Clause { words, field, operator, values: parts.collect() }
        })
    }
}

/// What `cloudtrail:GetTrailStatus` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TrailStatus {
    /// `IsLogging`.
    pub logging: bool,
    /// `LatestDeliveryTime`.
    pub delivered: Option<Timestamp>,
    /// `LatestDeliveryError`: what S3 said to the last delivery, if it refused it.
    pub delivery_error: Option<String>,
    /// `LatestCloudWatchLogsDeliveryError`.
    pub log_group_error: Option<String>,
    /// `LatestDigestDeliveryTime`.
    pub digest: Option<Timestamp>,
    /// `LatestDigestDeliveryError`.
    pub digest_error: Option<String>,
    /// `StopLoggingTime`.
    pub stopped: Option<Timestamp>,
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
    /// `S3KeyPrefix`.
    pub prefix: Option<String>,
    /// `KmsKeyId`.
    pub kms_key: Option<String>,
    /// `CloudWatchLogsLogGroupArn`.
    pub log_group: Option<String>,
    /// `GetTrailStatus`.
    pub status: Cell<TrailStatus>,
    /// `GetEventSelectors`.
    pub selectors: Cell<Vec<Selector>>,
    /// `GetInsightSelectors`: the kinds of insight that are watched; empty when Insights is off.
    pub insights: Cell<Vec<String>>,
    /// The trail as JSON.
    pub raw: String,
}
