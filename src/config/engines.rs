//! The part of the file about engines beyond this machine. Each of them costs money, and is off until switched on.

use serde::Deserialize;

use crate::trail::engine::{Root, bytes};

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnginesConfig {
    /// Athena over a trail's objects.
    pub athena: AthenaConfig,
    /// CloudWatch Logs Insights.
    pub insights: InsightsConfig,
    /// CloudTrail Lake.
    pub lake: LakeConfig,
    /// A trail's objects, fetched.
    pub s3: S3Config,
}

/// Athena.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AthenaConfig {
    /// It may be asked.
    pub enabled: bool,
    /// The table's database.
    pub database: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column of the day of delivery; empty for a table without one.
    pub day_column: Option<String>,
    /// The column of the path's region; empty for a table without one.
    pub region_column: Option<String>,
    /// The column of `managementEvent`; empty for a table without one.
    pub management_event_column: Option<String>,
    /// The workgroup.
    pub workgroup: Option<String>,
    /// Where results go, unless the workgroup says so.
    pub output: Option<String>,
    /// The region it is asked in.
    pub region: Option<String>,
    /// A query may scan so much.
    pub max_bytes: Option<Size>,
    /// Where the trail's objects lie: for the table's definition, and for the bound of a query.
    pub trail: Option<Place>,
    /// The organization's id, for its trail.
    pub organization: Option<String>,
    /// The trail's accounts, for the table's definition.
    pub accounts: Vec<String>,
    /// The trail's regions, for the table's definition.
    pub regions: Vec<String>,
}

/// CloudWatch Logs Insights.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InsightsConfig {
    /// It may be asked.
    pub enabled: bool,
    /// The trail's log group, by name or ARN.
    pub log_group: Option<String>,
    /// The region it is asked in.
    pub region: Option<String>,
    /// A query may scan so much.
    pub max_bytes: Option<Size>,
}

/// CloudTrail Lake.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LakeConfig {
    /// It may be asked.
    pub enabled: bool,
    /// The event data store, by id or ARN.
    pub event_data_store: Option<String>,
    /// The region it is asked in.
    pub region: Option<String>,
    /// A query may scan so much.
    pub max_bytes: Option<Size>,
}

/// Trail objects.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// They may be listed and fetched.
    pub enabled: bool,
    /// Where they lie, unless the command line says so.
    pub trail: Option<Place>,
    /// The bucket's region.
    pub region: Option<String>,
    /// So much may be fetched.
    pub max_bytes: Option<Size>,
}

/// A number of bytes, or a text like `10G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Size(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Bytes(u64),
    Text(String),
}

impl TryFrom<Written> for Size {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Bytes(count) => Ok(Self(count)),
            Written::Text(text) => bytes(&text).map(Self),
        }
    }
}

/// `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Place(pub Root);

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Root::parse(&text).map(Self)
    }
}

impl EnginesConfig {
    /// The settings that are switched on, as the operation table names them.
    #[must_use]
    pub fn on(&self) -> Vec<&'static str> {
        let all = [
            ("engines.athena", self.athena.enabled),
            ("engines.insights", self.insights.enabled),
            ("engines.lake", self.lake.enabled),
            ("engines.s3", self.s3.enabled),
        ];
        all.into_iter().filter(|(_, on)| *on).map(|(setting, _)| setting).collect()
    }
}

/// Their part of the template.
pub(super) const TEMPLATE: &str = r#"
# Engines that search CloudTrail beyond this machine. Each costs money, and is off until `enabled` is set: the guard
# refuses its operations. `dynakeep events QUERY --engine NAME --plan` shows what a query would read.

[engines.athena]
# Athena over a trail's objects: $5 for a terabyte scanned. `dynakeep events --athena-ddl` prints the table.
#enabled = true
#database = "default"
#table = "cloudtrail"
# The table's partition columns; "" where it has none.
#day_column = "day"
#region_column = "region"
# AWS's documented table lacks this one: "" for it. Records older than 2021 then have no category.
#management_event_column = "managementevent"
#workgroup = "primary"
# Where results go; not needed where the workgroup says so.
#output = "s3://athena-results/dynakeep/"
# The region it is asked in; without it the first one polled.
#region = "eu-west-1"
# A query is refused, or stopped, above this. [default: "100G"]
#max_bytes = "100G"
# Where the trail's objects lie, its organization, accounts and regions: for the table's definition, and, with
# engines.s3, to sum up a query's bytes before it runs.
#trail = "s3://trail-bucket"
#organization = "o-exampleorgid"
#accounts = ["111122223333"]
#regions = ["eu-west-1", "us-east-1"]

[engines.insights]
# CloudWatch Logs Insights on a trail's log group: $0.005 for a gigabyte scanned.
#enabled = true
#log_group = "aws-cloudtrail-logs"
#region = "eu-west-1"
# [default: "20G"]
#max_bytes = "20G"

[engines.lake]
# CloudTrail Lake, where a store exists: $0.005 for a gigabyte scanned.
#enabled = true
#event_data_store = "EXAMPLE-f852-4e8f-8bd1-bcf6cEXAMPLE"
#region = "eu-west-1"
# [default: "20G"]
#max_bytes = "20G"

[engines.s3]
# A trail's objects, listed and fetched: $0.005 for 1,000 listings, $0.0004 for 1,000 objects, and what leaves the region.
#enabled = true
# Without it: --trail s3://bucket/prefix
#trail = "s3://trail-bucket"
#region = "eu-west-1"
# [default: "2G"]
#max_bytes = "2G"
"#;
