//! Who is expected to use tables, and where they are administered from.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::controls::{Block, Expected, Management};
use crate::model::DataClass;

/// Who is expected to use which tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedConfig {
    /// Names or ARNs of tables; none: all of them.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Their classes; none: of any.
    #[serde(default)]
    pub classes: Vec<DataClass>,
    /// The identities.
    #[serde(deserialize_with = "some_identities")]
    pub principals: Vec<String>,
}

/// Where tables are administered from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ManagementConfig {
    /// Addresses, blocks of them, and services.
    #[serde(deserialize_with = "addresses")]
    pub addresses: Vec<String>,
    /// Identities that may use the console.
    #[serde(deserialize_with = "identities")]
    pub roles: Vec<String>,
}

impl ExpectedConfig {
    pub(super) fn of(&self) -> Expected {
        let Self { tables, classes, principals } = self.clone();
        Expected { tables, classes, principals }
    }
}

impl ManagementConfig {
    pub(super) fn of(&self) -> Management {
        let Self { addresses, roles } = self.clone();
        Management { addresses, roles }
    }
}

/// Without any, every caller would be a stranger: that is rather said by a pattern that means nobody.
fn some_identities<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let found = identities(from)?;
    if found.is_empty() {
        return Err(D::Error::custom("names nobody: list who is expected, or leave the entry out"));
    }
    Ok(found)
}

fn identities<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    checked(from, "role/NAME, user/NAME, root, an account, a service or an ARN", |text| {
        let account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let kind = text
            .split_once('/')
            .is_some_and(|(kind, name)| matches!(kind, "role" | "user" | "federated-user" | "*") && !name.is_empty());
        // Sessions of a role are known by the role.
        kind || account
            || text == "root"
            || text.ends_with(".amazonaws.com")
            || (text.starts_with("arn:") && text.split(':').count() >= 6 && !text.contains(":assumed-role/"))
    })
}

fn addresses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    checked(from, "an address, a block like 198.51.100.0/24 or a service like backup.amazonaws.com", |text| {
        Block::parse(text).is_some() || text.ends_with(".amazonaws.com") || text == "AWS Internal"
    })
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    wanted: &str,
    good: impl Fn(&str) -> bool,
) -> Result<Vec<String>, D::Error> {
    let found = Vec::<String>::deserialize(from)?;
    match found.iter().find(|text| !good(text)) {
        Some(wrong) => Err(D::Error::custom(format!("{wrong:?} is not {wanted}"))),
        None => Ok(found),
    }
}

/// The demo account's: what its own people would have written.
pub(super) const DEMO: &str = r#"
[[baseline.expected]]
principals = [
    "role/app-orders", "role/app-carts", "role/app-billing", "role/ci-deploy", "role/AWSBackupDefaultServiceRole",
    "role/AWSServiceRoleForConfig", "role/*-audit", "role/admin",
]

[[baseline.expected]]
tables = ["orders", "ledger", "exports"]
principals = ["role/app-search"]

[[baseline.expected]]
classes = ["confidential"]
principals = ["role/app-search"]

[baseline.management]
addresses = ["198.51.100.0/24", "backup.amazonaws.com"]
roles = ["role/admin"]
"#;

pub(super) const TEMPLATE: &str = r#"
# Who is expected to use which tables: whoever else is seen in CloudTrail's events fails DET-18 on a restricted table.
# By kind and name, ARN (of roles without their path), account or service; * for any text. One entry for some tables, by
# name, ARN or class; those of several entries are expected by all of them. `dynakeep doctor` suggests a list.
#[[baseline.expected]]
#tables = ["orders", "ledger-*"]
#classes = ["confidential", "restricted"]
#principals = ["role/app-orders", "role/ci-*", "arn:aws:iam::444455556666:user/auditor"]

# Where tables are administered from, beside endpoints tagged plane=control and CloudFormation: addresses and services
# that act for somebody, and identities that may use the console (ISO-05).
[baseline.management]
#addresses = ["198.51.100.0/24", "2001:db8::/48", "backup.amazonaws.com"]
#roles = ["role/admin"]
"#;
