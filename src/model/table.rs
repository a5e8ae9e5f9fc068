//! DynamoDB tables, facet by facet: each facet is one call's answer and may be unknown on its own.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cell, Scope};

/// Who holds the key that encrypts a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// AWS-owned: `DescribeTable` gives no `SSEDescription`. The table is still encrypted.
    AwsOwned,
    /// AWS-managed (`alias/aws/dynamodb`): `DescribeKey` says `KeyManager: AWS`.
    AwsManaged,
    /// Customer-managed: `DescribeKey` says `KeyManager: CUSTOMER`.
    Customer,
}

impl KeyKind {
    /// The word used in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AwsOwned => "aws_owned",
            Self::AwsManaged => "aws_managed",
            Self::Customer => "customer",
        }
    }
}

/// A KMS key, from `kms:DescribeKey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The key's ARN.
    pub arn: String,
    /// Who manages it; never [`KeyKind::AwsOwned`], which KMS does not describe.
    pub kind: KeyKind,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable` …
    pub state: String,
    /// When a scheduled deletion happens.
    pub deletion: Option<Timestamp>,
    /// When imported key material expires.
    pub valid_to: Option<Timestamp>,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    pub origin: String,
    /// `SYMMETRIC_DEFAULT` and others; a table's is always that.
    pub spec: Option<String>,
    /// `PRIMARY` or `REPLICA` of a multi-Region key; a replica rotates with its primary.
    pub multi_region: Option<String>,
}

impl Key {
    /// True for keys that KMS can rotate by itself when told to: of others it refuses to say.
    #[must_use]
    pub fn may_rotate(&self) -> bool {
        self.kind == KeyKind::Customer
            && self.origin == "AWS_KMS"
            && self.spec.as_deref().is_none_or(|spec| spec == "SYMMETRIC_DEFAULT")
            && self.multi_region.as_deref() != Some("REPLICA")
    }
}

/// How a KMS key rotates, from `kms:GetKeyRotationStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// `KeyRotationEnabled`.
    pub enabled: bool,
    /// `RotationPeriodInDays`, 90 to 2560; absent from older answers, where it is a year.
    pub days: Option<i32>,
    /// `NextRotationDate`.
    pub next: Option<Timestamp>,
}

/// A replica of a global table as its home region describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// Its region.
    pub region: String,
    /// `ACTIVE`, `CREATING`, `INACCESSIBLE_ENCRYPTION_CREDENTIALS` …
    pub status: Option<String>,
    /// Its own KMS key, if one is set.
    pub kms_key: Option<String>,
    /// `ReplicaArn`: of a multi-account global table it names another account.
    pub arn: Option<String>,
}

/// A secondary index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// True where it has capacity of its own.
    pub global: bool,
    /// The names of its key attributes.
    pub key: Vec<String>,
    /// `ProvisionedThroughput` of a global one: read and write capacity units.
    pub provisioned: (Option<i64>, Option<i64>),
}

/// What `dynamodb:DescribeTable` says, as far as security is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TableDescription {
    /// `ACTIVE`, `INACCESSIBLE_ENCRYPTION_CREDENTIALS`, `ARCHIVED` …
    pub status: Option<String>,
    /// `SSEDescription.SSEType`; `None` with `sse_status` `None` means an AWS-owned key.
    pub sse_type: Option<String>,
    /// `SSEDescription.Status`.
    pub sse_status: Option<String>,
    /// `SSEDescription.KMSMasterKeyArn`.
    pub kms_key: Option<String>,
    /// `SSEDescription.InaccessibleEncryptionDateTime`.
    pub inaccessible_since: Option<Timestamp>,
    /// `DeletionProtectionEnabled`; `None` when the answer leaves it out.
    pub deletion_protection: Option<bool>,
    /// `STANDARD` (also when absent) or `STANDARD_INFREQUENT_ACCESS`.
    pub table_class: Option<String>,
    /// `StreamSpecification.StreamViewType` when a stream is on.
    pub stream_view: Option<String>,
    /// `LatestStreamArn`.
    pub stream_arn: Option<String>,
    /// Replicas in other regions.
    pub replicas: Vec<Replica>,
    /// `GlobalTableVersion`: `2019.11.21`, or `2017.11.29` of the legacy kind; absent where it is no global table.
    pub global_version: Option<String>,
    /// `MultiRegionConsistency` is `STRONG`.
    pub strong: bool,
    /// `DisassociationProtectionEnabled`; `None` when the answer leaves it out.
    pub disassociation_protection: Option<bool>,
    /// `BillingModeSummary.BillingMode`; absent means `PROVISIONED`.
    pub billing: Option<String>,
    /// `OnDemandThroughput`: the most read and write request units, where somebody capped them.
    pub caps: (Option<i64>, Option<i64>),
    /// `ProvisionedThroughput`: read and write capacity units; 0 where requests are paid for.
    pub provisioned: (Option<i64>, Option<i64>),
    /// `KeySchema`: the names of its key attributes.
    pub key: Vec<String>,
    /// `GlobalSecondaryIndexes` and `LocalSecondaryIndexes`.
    pub indexes: Vec<Index>,
    /// Items, as of DynamoDB's last count (about every six hours).
    pub items: Option<i64>,
    /// Bytes, as of the same count.
    pub bytes: Option<i64>,
    /// When the table was created.
    pub created: Option<Timestamp>,
}

/// What `dynamodb:DescribeContinuousBackups` says about point-in-time recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pitr {
    /// `PointInTimeRecoveryStatus` is `ENABLED`.
    pub enabled: bool,
    /// `RecoveryPeriodInDays`, 1 to 35.
    pub window_days: Option<i32>,
    /// `EarliestRestorableDateTime`.
    pub earliest: Option<Timestamp>,
    /// `LatestRestorableDateTime`.
    pub latest: Option<Timestamp>,
}

/// What `dynamodb:DescribeTimeToLive` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ttl {
    /// `ENABLED`, `DISABLED`, `ENABLING`, `DISABLING`.
    pub status: String,
    /// The attribute that holds the expiry.
    pub attribute: Option<String>,
}

/// Backups of one table, counted from `dynamodb:ListBackups`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BackupSummary {
    /// How many can be restored from that somebody made, by hand or by AWS Backup.
    pub count: usize,
    /// When the newest of these was made.
    pub newest: Option<Timestamp>,
    /// When that one expires, if it does.
    pub expires: Option<Timestamp>,
    /// How many DynamoDB itself left behind when a table with point-in-time recovery was deleted.
    pub system: usize,
    /// How many of both can still be restored and are not AWS Backup's.
    pub own: usize,
    /// Those of them whose keys are asked for, by ARN: the oldest first, then the newest.
    pub asked: Vec<String>,
}

/// A Kinesis data stream that a table's changes go to, from `dynamodb:DescribeKinesisStreamingDestination`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KinesisDestination {
    /// The stream's ARN.
    pub stream: String,
    /// `ACTIVE`, `ENABLING`, `UPDATING`, `DISABLED`, `ENABLE_FAILED` …
    pub status: String,
}

impl KinesisDestination {
    /// True when changes go there, or will in a moment.
    #[must_use]
    pub fn is_fed(&self) -> bool {
        matches!(self.status.as_str(), "ACTIVE" | "ENABLING" | "UPDATING")
    }
}

/// How a Kinesis data stream is encrypted, from `kinesis:DescribeStreamSummary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamEncryption {
    /// `EncryptionType` is `KMS`.
    pub kms: bool,
    /// `KeyId`: an id, an ARN or an alias.
    pub key: Option<String>,
}

/// Contributor Insights of one table or one of its indexes, from `dynamodb:ListContributorInsights`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContributorInsights {
    /// The index, or `None` for the table.
    pub index: Option<String>,
    /// `ENABLED`, `ENABLING`, `DISABLED` …
    pub status: String,
    /// `ACCESSED_AND_THROTTLED_KEYS` (also when absent) or `THROTTLED_KEYS`.
    pub mode: Option<String>,
}

/// How sensitive a table's data is; unclassified counts as `restricted` until a tag says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataClass {
    /// Meant for publication.
    Public,
    /// Ordinary business data.
    Internal,
    /// Personal or contractual data.
    Confidential,
    /// The crown jewels, and everything untagged.
    Restricted,
}

impl DataClass {
    /// The word used in JSON, tags and columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }
}

/// The class that a table's tags say, worked out once: every control asks it of every table. It is no part of what the
/// table is: a copy, whose tags may be changed, begins without it.
#[derive(Debug, Default)]
pub struct Stated(OnceLock<Option<DataClass>>);

impl Stated {
    /// The class, worked out where nobody asked before.
    pub(super) fn or_of(&self, work_out: impl FnOnce() -> Option<DataClass>) -> Option<DataClass> {
        *self.0.get_or_init(work_out)
    }
}

impl Clone for Stated {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Stated {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stated {}

/// One table. Every facet is its own cell: one refused call spoils one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The table's ARN, its identity everywhere.
    pub arn: String,
    /// The table's name.
    pub name: String,
    /// Where it was listed.
    pub scope: Scope,
    /// `DescribeTable`.
    pub description: Cell<TableDescription>,
    /// `DescribeContinuousBackups`.
    pub pitr: Cell<Pitr>,
    /// `DescribeTimeToLive`.
    pub ttl: Cell<Ttl>,
    /// `ListTagsOfResource`.
    pub tags: Cell<BTreeMap<String, String>>,
    /// `GetResourcePolicy`: the policy document, or `None` when the service says there is none.
    pub policy: Cell<Option<String>>,
    /// A class in place of what the tags say, to ask how a control would judge then.
    pub assumed: Option<DataClass>,
    /// The class that the tags say, once somebody asked.
    pub stated: Stated,
    /// `DescribeKinesisStreamingDestination`.
    pub kinesis: Cell<Vec<KinesisDestination>>,
}

impl Table {
    /// A table that was listed and not yet read.
    #[must_use]
    pub fn listed(arn: String, name: String, scope: Scope) -> Self {
        Self {
            arn,
            name,
            scope,
            description: Cell::default(),
            pitr: Cell::default(),
            ttl: Cell::default(),
            tags: Cell::default(),
            policy: Cell::default(),
            assumed: None,
            stated: Stated::default(),
            kinesis: Cell::default(),
        }
    }
}
