//! DynamoDB tables, facet by facet: each facet is one call's answer and may be unknown on its own.

use std::collections::BTreeMap;

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

/// On-demand backups of one table, counted from `dynamodb:ListBackups`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BackupSummary {
    /// How many there are.
    pub count: usize,
    /// When the newest was made.
    pub newest: Option<Timestamp>,
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
        }
    }
}
