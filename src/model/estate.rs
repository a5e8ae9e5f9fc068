//! All that is known, as one plain value. The store owns it, controls judge it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Arn, Attestations, BackupSummary, Caller, Calls, Cell, ClassTags, ContributorInsights, DataClass, Detector,
    Evaluation, Finding, FindingFilter, FrontDoor, History, Key, KeyKind, Memo, Network, Recorder, Remediation,
    Rotation, Rule, RuleKey, Runs, Scope, Seen, SourceError, Stack, StreamEncryption, Table, Trail, Witness,
};

/// The key of a table: its kind, and what KMS said about it.
pub type TableKey<'a> = (KeyKind, Option<&'a Seen<Key>>);

/// What AWS Backup keeps, vault by vault.
pub const RECOVERY_POINTS: &str = "backup:ListRecoveryPointsByBackupVault";

/// A table that a finding leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingLink {
    /// The table's name.
    pub table: String,
    /// Its account and region.
    pub scope: Scope,
    /// By the finding's own words, by access key or by session; not by address alone.
    pub sure: bool,
    /// The finding's actor changed the table.
    pub wrote: bool,
}

/// The estate as last seen.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    /// The moment that ages are counted from.
    pub now: Timestamp,
    /// Which tags say a table's class, owner and domain.
    pub class_tags: ClassTags,
    /// The front doors that the configuration declares; `None` until the data layer says which.
    pub doors: Option<Vec<FrontDoor>>,
    /// How the attestations stand.
    pub attestations: Attestations,
    /// Scopes asked for.
    pub scopes: Vec<Scope>,
    /// Who asks, by scope.
    pub callers: BTreeMap<Scope, Cell<Caller>>,
    /// Whether the list of tables is known, by scope: the number of tables listed.
    pub populations: BTreeMap<Scope, Cell<usize>>,
    /// Tables by ARN.
    pub tables: BTreeMap<String, Table>,
    /// Backups by scope, then table name.
    pub backups: BTreeMap<Scope, Cell<BTreeMap<String, BackupSummary>>>,
    /// The KMS keys that backups were made under, by the backup's ARN; `None` for AWS's own.
    pub backup_keys: BTreeMap<String, Cell<Option<String>>>,
    /// KMS keys by ARN.
    pub keys: BTreeMap<String, Cell<Key>>,
    /// How customer-managed keys rotate, by ARN; keys that cannot rotate by themselves are not asked.
    pub rotations: BTreeMap<String, Cell<Rotation>>,
    /// Kinesis data streams that tables feed, by ARN.
    pub streams: BTreeMap<String, Cell<StreamEncryption>>,
    /// Contributor Insights by scope, then table name.
    pub insights: BTreeMap<Scope, Cell<BTreeMap<String, Vec<ContributorInsights>>>>,
    /// GuardDuty detectors by scope.
    pub detectors: BTreeMap<Scope, Cell<Vec<Detector>>>,
    /// GuardDuty's filters by scope.
    pub filters: BTreeMap<Scope, Cell<Vec<FindingFilter>>>,
    /// Whether the list of findings is known, by scope: how many there are.
    pub finding_lists: BTreeMap<Scope, Cell<usize>>,
    /// Findings by id.
    pub findings: BTreeMap<String, Arc<Finding>>,
    /// The tables that open findings of medium severity and above lead to, by finding id.
    pub finding_links: BTreeMap<String, Vec<FindingLink>>,
    /// Scopes whose events were never read, with the error, or `None` while they are being read.
    pub events_unread: BTreeMap<Scope, Option<SourceError>>,
    /// Since when the writes of a scope were searched whole; `None` when the search was cut or never ended well.
    pub events_from: BTreeMap<Scope, Option<Timestamp>>,
    /// What the events of a scope say of its callers and tables.
    pub witness: BTreeMap<Scope, Witness>,
    /// Config recorders by scope.
    pub recorders: BTreeMap<Scope, Cell<Vec<Recorder>>>,
    /// Whether the list of rules is known, by scope: how many there are.
    pub rule_lists: BTreeMap<Scope, Cell<usize>>,
    /// Rules.
    pub rules: BTreeMap<RuleKey, Rule>,
    /// Evaluations by rule.
    pub evaluations: BTreeMap<RuleKey, Cell<Vec<Evaluation>>>,
    /// What rules do about what they find, by rule; `None` for nothing.
    pub remediations: BTreeMap<RuleKey, Cell<Option<Remediation>>>,
    /// How remediations went, by rule.
    pub runs: BTreeMap<RuleKey, Cell<Runs>>,
    /// What Config recorded of tables that drifted or were looked at, by ARN.
    pub histories: BTreeMap<String, Cell<History>>,
    /// Whether the list of stacks is known, by scope: how many there are.
    pub stack_lists: BTreeMap<Scope, Cell<usize>>,
    /// Stacks by id.
    pub stacks: BTreeMap<String, Stack>,
    /// Networks by scope.
    pub networks: BTreeMap<Scope, Network>,
    /// Whether the list of trails is known, by scope: how many there are.
    pub trail_lists: BTreeMap<Scope, Cell<usize>>,
    /// Trails by scope and ARN: a multi-region trail is seen from every region.
    pub trails: BTreeMap<(Scope, String), Trail>,
    /// What operations of the slow tail answered, by scope and operation, then by what they are about (empty for the
    /// account itself); null where there is none.
    pub answers: BTreeMap<Scope, BTreeMap<&'static str, BTreeMap<String, Cell<Value>>>>,
    /// What was worked out of those answers.
    pub memo: Memo,
    /// How often tables were called, by ARN, where that was asked.
    pub calls: BTreeMap<String, Cell<Calls>>,
}

impl Estate {
    /// The key that encrypts a table: its kind, and the key itself where KMS described it.
    ///
    /// `Ok((AwsOwned, None))` when `DescribeTable` gives no `SSEDescription`. `Err` names why it is not known;
    /// `None` while it is being read.
    #[must_use]
    pub fn table_key(&self, table: &Table) -> Option<Result<TableKey<'_>, SourceError>> {
        let description = match table.description.known()? {
            Ok(seen) => &seen.value,
            Err(error) => return Some(Err(error.clone())),
        };
        if description.sse_type.is_none() && description.sse_status.is_none() && description.kms_key.is_none() {
            return Some(Ok((KeyKind::AwsOwned, None)));
        }
        let Some(arn) = &description.kms_key else {
            // SSEType AES256 was the AWS-owned key of old answers; KMS without a key's ARN cannot be told apart.
            return Some(match description.sse_type.as_deref() {
                Some("AES256") => Ok((KeyKind::AwsOwned, None)),
                _ => Err(SourceError::Malformed("SSEDescription without KMSMasterKeyArn".to_owned())),
            });
        };
        match self.keys.get(arn).and_then(Cell::known)? {
            Ok(seen) => Some(Ok((seen.value.kind, Some(seen)))),
            Err(error) => Some(Err(error.clone())),
        }
    }

    /// The table's data class from its tags, or `Restricted` when no tag says (the strictest reading).
    #[must_use]
    pub fn data_class(&self, table: &Table) -> DataClass {
        table.assumed.or_else(|| self.stated_class(table)).unwrap_or(DataClass::Restricted)
    }

    /// The data class that the table's tags say, as far as they were read.
    #[must_use]
    pub fn stated_class(&self, table: &Table) -> Option<DataClass> {
        let tags = table.tags.value()?;
        table.stated.or_of(|| self.class_tags.class_of(tags))
    }

    /// True when the tags were read and say no class.
    #[must_use]
    pub fn is_unclassed(&self, table: &Table) -> bool {
        table.tags.value().is_some() && self.stated_class(table).is_none()
    }

    /// Why the tables of a scope are not known: the error, or `Some(None)` while they were not listed yet.
    #[must_use]
    pub fn unlisted(&self, scope: &Scope) -> Option<Option<&SourceError>> {
        match self.populations.get(scope).and_then(Cell::known) {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(Some(error)),
            None => Some(None),
        }
    }

    /// Backups of one table. A table that the list does not name has none.
    #[must_use]
    pub fn table_backups(&self, table: &Table) -> Option<Result<BackupSummary, SourceError>> {
        self.backups_of(&table.scope, &table.name)
    }

    /// Backups of a table by its name, also of one that is gone.
    #[must_use]
    pub fn backups_of(&self, scope: &Scope, name: &str) -> Option<Result<BackupSummary, SourceError>> {
        match self.backups.get(scope).and_then(Cell::known)? {
            Ok(seen) => Some(Ok(seen.value.get(name).cloned().unwrap_or_default())),
            Err(error) => Some(Err(error.clone())),
        }
    }

    /// The tables that have something kept under a key, by ARN: backups, and recovery points of AWS Backup.
    pub fn kept_under<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let backups =
            self.backup_keys.iter().filter(move |(_, cell)| cell.value().is_some_and(|of| of.as_deref() == Some(key)));
        let vaults = self.answers.values().filter_map(|of| of.get(RECOVERY_POINTS));
        let points = vaults.flat_map(BTreeMap::values).filter_map(Cell::value);
        let points = points.filter_map(|of| of["RecoveryPoints"].as_object()).flatten();
        let under = move |of: &Value| {
            of.as_array().is_some_and(|of| of.iter().any(|of| of["EncryptionKeyArn"].as_str() == Some(key)))
        };
        backups
            .filter_map(|(arn, _)| Some(arn.split_once("/backup/")?.0))
            .chain(points.filter(move |(_, of)| under(of)).map(|(table, _)| table.as_str()))
    }

    /// The replica of a table in another region, where that account and region are polled.
    #[must_use]
    pub fn replica(&self, table: &Table, region: &str) -> Option<&Table> {
        let mut replicas = table.description.value().into_iter().flat_map(|of| &of.replicas);
        if let Some(arn) = replicas.find(|of| of.region == region).and_then(|of| of.arn.as_ref()) {
            return self.tables.get(arn);
        }
        let arn = Arn { region: region.to_owned(), ..Arn::parse(&table.arn)? };
        self.tables.get(&arn.to_string())
    }

    /// What an operation answered about a subject, empty for the account itself.
    #[must_use]
    pub fn answer(&self, scope: &Scope, label: &'static str, subject: &str) -> Option<&Cell<Value>> {
        self.answers.get(scope)?.get(label)?.get(subject)
    }

    /// The scope of an account in which an operation was asked that is one for all its regions.
    #[must_use]
    pub fn home(&self, account: &str, label: &'static str) -> Option<&Scope> {
        let asked =
            |scope: &&Scope| self.answers.get(*scope).and_then(|of| of.get(label)).is_some_and(|of| !of.is_empty());
        self.scopes.iter().filter(|scope| scope.account == account).find(asked)
    }

    /// All that an operation answered in a scope, by subject.
    pub fn answers_of(&self, scope: &Scope, label: &'static str) -> impl Iterator<Item = (&str, &Cell<Value>)> {
        let of = self.answers.get(scope).and_then(|of| of.get(label));
        of.into_iter().flatten().map(|(subject, cell)| (subject.as_str(), cell))
    }

    /// The table with this name in this scope.
    #[must_use]
    pub fn table_named(&self, scope: &Scope, name: &str) -> Option<&Table> {
        self.tables.values().find(|table| table.name == name && table.scope == *scope)
    }
}
