//! What is asked of each data class.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hashbrown::HashSet;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::model::{ClassTags, DataClass, KeyKind, Table};

use super::accepted::Accepted;

/// What controls measure against.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Accounts, besides the table's own, that a resource policy may name.
    pub trusted_accounts: Vec<String>,
    /// Identities that may hold anything, because they are used in an emergency alone: `role/break-glass`, an ARN, `*`
    /// for any text.
    pub break_glass: Vec<String>,
    /// Identities that may change and remove tables, as above.
    pub admins: Vec<String>,
    /// Who is expected to use which tables.
    pub expected: Vec<Expected>,
    /// Where tables are administered from.
    pub management: Management,
    /// Callers are to agree on keys in a way that withstands quantum computers.
    pub post_quantum: bool,
    /// A drift check older than this many hours is stale.
    pub drift_check_hours: i64,
    /// Which tags say a table's class, owner and domain.
    pub tags: ClassTags,
    /// What somebody accepted of tables.
    pub accepted: Arc<Accepted>,
    classes: BTreeMap<DataClass, Asked>,
}

/// Identities that are expected to use some tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Names or ARNs of tables, `*` for any text; none: all of them.
    pub tables: Vec<String>,
    /// Their classes; none: of any.
    pub classes: Vec<DataClass>,
    /// The identities: `role/app-orders`, an ARN, a service or an account, `*` for any text.
    pub principals: Vec<String>,
}

/// The management zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// Addresses and blocks of them, and services that change tables on somebody's behalf.
    pub addresses: Vec<String>,
    /// Identities that may use the console.
    pub roles: Vec<String>,
}

/// True for an identity, known by its name or ARN, that one of these patterns means.
#[must_use]
pub fn means(patterns: &[String], name: &str, arn: Option<&str>) -> bool {
    patterns.iter().any(|pattern| {
        let pattern = WildMatch::new(pattern);
        pattern.matches(name) || arn.is_some_and(|arn| pattern.matches(arn))
    })
}

impl Management {
    /// True for an address, or a service in its place, that is one of these.
    #[must_use]
    pub fn holds(&self, from: &str) -> bool {
        self.addresses.iter().any(|block| match (Block::parse(block), from.parse()) {
            (Some(block), Ok(address)) => block.holds(address),
            (None, _) => WildMatch::new(block).matches(from),
            (Some(_), Err(_)) => false,
        })
    }
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    first: IpAddr,
    length: u32,
}

impl Block {
    /// Reads `198.51.100.0/24`, or one address alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, length) = text.split_once('/').map_or((text, None), |(first, length)| (first, Some(length)));
        let first: IpAddr = first.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(most), |length| length.parse().ok())?;
        (length <= most).then_some(Self { first, length })
    }

    /// True for an address in it.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let differ = match (self.first, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u32::from(own) ^ u32::from(other)).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (u128::from(own) ^ u128::from(other)).leading_zeros(),
            _ => return false,
        };
        differ >= self.length
    }
}

/// What one class asks for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What data of the class is.
    pub meaning: String,
    /// What it asks for, in words.
    pub summary: String,
    /// The least key.
    pub least_key: KeyKind,
    /// The least window of point-in-time recovery, in days; 0 asks for none.
    pub pitr_days: i32,
    /// A backup of its own must not be older; none is asked for without it.
    pub backup_max_age_hours: Option<i64>,
    /// How long logs must be kept.
    pub log_retention_days: i64,
    /// What must be recorded of items.
    pub data_events: DataEvents,
    /// Open findings from this severity on fail.
    pub guardduty_fail_severity: f64,
    /// Front doors must be under Shield Advanced.
    #[serde(default)]
    pub shield_advanced: bool,
    /// The controls that the class asks for, by id.
    pub controls: HashSet<String>,
}

/// What must be recorded of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataEvents {
    /// Nothing.
    None,
    /// Reads and writes.
    ReadWrite,
    /// Also streams, and what endpoints let through.
    ReadWriteStreamsNetwork,
}

/// What differs for one class; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Override {
    /// The least key: `aws_owned`, `aws_managed`, `customer`.
    pub least_key: Option<KeyKind>,
    /// The least window of point-in-time recovery, in days.
    pub pitr_days: Option<i32>,
    /// A backup of its own must not be older.
    pub backup_max_age_hours: Option<i64>,
    /// How long logs must be kept.
    pub log_retention_days: Option<i64>,
    /// What must be recorded of items: `none`, `read-write`, `read-write-streams-network`.
    pub data_events: Option<DataEvents>,
    /// Open findings from this severity on fail.
    pub guardduty_fail_severity: Option<f64>,
    /// Front doors must be under Shield Advanced.
    pub shield_advanced: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    default: BTreeMap<DataClass, Asked>,
    fsi: BTreeMap<DataClass, Override>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the same text")]
    toml::from_str(include_str!("baselines.toml")).expect("the baselines")
});

impl Default for Baseline {
    fn default() -> Self {
        Self {
            trusted_accounts: Vec::new(),
            break_glass: Vec::new(),
            admins: Vec::new(),
            expected: Vec::new(),
            management: Management::default(),
            post_quantum: false,
            drift_check_hours: 24,
            tags: ClassTags::default(),
            accepted: Arc::default(),
            classes: KNOWN.default.clone(),
        }
    }
}

impl Baseline {
    /// The names of those that are built in.
    pub const NAMES: [&str; 2] = ["default", "fsi"];

    /// A built-in one by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut found = Self::default();
        match name {
            "default" => {}
            "fsi" => KNOWN.fsi.iter().for_each(|(class, other)| found.change(*class, other)),
            _ => return None,
        }
        Some(found)
    }

    /// Asks something else of a class.
    pub fn change(&mut self, class: DataClass, other: &Override) {
        fn set<T: Copy>(to: &mut T, from: Option<T>) {
            *to = from.unwrap_or(*to);
        }
        let Some(asked) = self.classes.get_mut(&class) else { return };
        set(&mut asked.least_key, other.least_key);
        set(&mut asked.pitr_days, other.pitr_days);
        asked.backup_max_age_hours = other.backup_max_age_hours.or(asked.backup_max_age_hours);
        set(&mut asked.log_retention_days, other.log_retention_days);
        set(&mut asked.data_events, other.data_events);
        set(&mut asked.guardduty_fail_severity, other.guardduty_fail_severity);
        set(&mut asked.shield_advanced, other.shield_advanced);
    }

    /// What a class asks for.
    #[must_use]
    pub fn of(&self, class: DataClass) -> &Asked {
        #[expect(clippy::expect_used, reason = "a test holds the data against the classes")]
        self.classes.get(&class).expect("every class has its baseline")
    }

    /// The identities that are expected to use a table; `None` when nothing says.
    #[must_use]
    pub fn expected_of(&self, table: &Table, class: DataClass) -> Option<Vec<String>> {
        let of = |expected: &&Expected| {
            let named = expected.tables.is_empty() || means(&expected.tables, &table.name, Some(&table.arn));
            named && (expected.classes.is_empty() || expected.classes.contains(&class))
        };
        let found: Vec<&Expected> = self.expected.iter().filter(of).collect();
        (!found.is_empty()).then(|| found.into_iter().flat_map(|of| of.principals.iter().cloned()).collect())
    }

    /// True when a class asks for a control.
    #[must_use]
    pub fn asks(&self, class: DataClass, control: &str) -> bool {
        self.of(class).controls.contains(control)
    }

    /// The least key a class asks for.
    #[must_use]
    pub fn least_key(&self, class: DataClass) -> KeyKind {
        self.of(class).least_key
    }

    /// The least PITR window a class asks for, in days; 0 asks for none.
    #[must_use]
    pub fn least_pitr_days(&self, class: DataClass) -> i32 {
        self.of(class).pitr_days
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DataClass; 4] =
        [DataClass::Public, DataClass::Internal, DataClass::Confidential, DataClass::Restricted];

    #[test]
    fn every_class_asks_for_all_that_a_milder_one_asks_for() {
        for name in Baseline::NAMES {
            let baseline = Baseline::named(name).unwrap();
            for pair in ALL.windows(2) {
                let (mild, strict) = (baseline.of(pair[0]), baseline.of(pair[1]));
                assert!(mild.controls.is_subset(&strict.controls), "{name} {pair:?}");
                assert!(mild.least_key <= strict.least_key && mild.pitr_days <= strict.pitr_days, "{name} {pair:?}");
                assert!(mild.log_retention_days <= strict.log_retention_days && mild.data_events <= strict.data_events);
            }
            let controls = ALL.iter().flat_map(|class| &baseline.of(*class).controls);
            assert!(controls.into_iter().all(|id| crate::controls::facts::facts(id).is_some()));
        }
        assert_eq!(Baseline::named("default"), Some(Baseline::default()));
        assert_eq!(Baseline::named("bank"), None);
    }

    #[test]
    fn a_block_holds_its_addresses_and_no_others() {
        let zone =
            |of: &[&str]| Management { addresses: of.iter().map(|&of| of.to_owned()).collect(), roles: Vec::new() };
        let holds = |block: &str, address: &str| zone(&[block]).holds(address);
        assert!(holds("198.51.100.0/24", "198.51.100.255") && !holds("198.51.100.0/24", "198.51.101.0"));
        assert!(holds("198.51.100.7", "198.51.100.7") && !holds("198.51.100.7", "198.51.100.8"));
        assert!(holds("2001:db8::/32", "2001:db8:1::9") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("0.0.0.0/0", "203.0.113.7") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("backup.amazonaws.com", "backup.amazonaws.com") && !holds("10.0.0.0/8", "backup.amazonaws.com"));
        assert!(!zone(&[]).holds("10.0.0.1"));
        for wrong in ["10.0.0.0/33", "10.0.0/8", "10.0.0.0/x", "backup.amazonaws.com", ""] {
            assert_eq!(Block::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_bank_asks_for_its_own_keys_and_a_file_may_ask_for_more() {
        let mut fsi = Baseline::named("fsi").unwrap();
        let keys = |baseline: &Baseline| ALL.map(|class| baseline.least_key(class));
        assert_eq!(
            keys(&Baseline::default()),
            [KeyKind::AwsOwned, KeyKind::AwsOwned, KeyKind::AwsManaged, KeyKind::Customer]
        );
        assert_eq!(keys(&fsi), [KeyKind::AwsOwned, KeyKind::Customer, KeyKind::Customer, KeyKind::Customer]);
        fsi.change(DataClass::Internal, &Override { pitr_days: Some(7), ..Override::default() });
        assert_eq!(
            (fsi.least_pitr_days(DataClass::Internal), fsi.least_key(DataClass::Internal)),
            (7, KeyKind::Customer)
        );
    }
}
