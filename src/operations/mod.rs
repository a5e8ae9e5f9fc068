//! The one table of AWS operations that this program may call.
//!
//! From it come the guard, the printed IAM policy, the rate limiter's budgets and the ledger's labels.
//! Invariant: nothing else in the crate names an operation that may be called, and no row writes, reads
//! items or secrets, decrypts, or assumes a role.

mod table;

use std::slice;

pub use table::OPERATIONS;

/// When an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// At every refresh.
    Poll,
    /// Slowly: minutes to hours.
    Slow,
    /// On demand, when somebody looks.
    Drill,
    /// Costs money or starts a query: off until configured.
    Paid,
}

impl Tier {
    /// All of them, the most called first.
    pub const ALL: [Self; 4] = [Self::Poll, Self::Slow, Self::Drill, Self::Paid];

    /// Those that cost nothing: what runs without being configured.
    pub const FREE: [Self; 3] = [Self::Poll, Self::Slow, Self::Drill];

    /// The name shown and accepted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Slow => "slow",
            Self::Drill => "drill",
            Self::Paid => "paid",
        }
    }
}

/// What a service speaks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// AWS JSON 1.0.
    Json10,
    /// AWS JSON 1.1.
    Json11,
    /// JSON over REST paths.
    RestJson,
    /// XML over REST paths.
    RestXml,
    /// Form in, XML out.
    Query,
    /// EC2's own form in, XML out.
    Ec2Query,
    /// CBOR, RPC style.
    Cbor,
}

/// One operation of one service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// `service:Operation` as the ledger and evidence write it, `dynamodb:DescribeTable`.
    pub label: &'static str,
    /// The SDK's service id as the interceptor sees it in `Metadata::service`, `DynamoDB`.
    pub sdk_service: &'static str,
    /// The operation's name, `DescribeTable`.
    pub name: &'static str,
    /// The IAM actions it needs.
    pub actions: &'static [&'static str],
    /// When it is called.
    pub tier: Tier,
    /// What the official Rust client of the service speaks.
    pub protocol: Protocol,
    /// The documented rate, requests a second for one account and region; `None` where none is published.
    pub rate: Option<f64>,
    /// Requests that may be sent at once before `rate` holds; `None` where none is published.
    pub burst: Option<u32>,
    /// The most items a page may hold, from the service's model; `None` where it has no such member or maximum.
    pub page_max: Option<u32>,
    /// The most things one call may name; `None` where it names one.
    pub batch_max: Option<u32>,
    /// What a call costs, where it costs anything.
    pub cost: Option<&'static str>,
}

/// What all rows of a service share.
#[derive(Debug, Clone, Copy)]
struct Service {
    id: &'static str,
    protocol: Protocol,
}

/// A row that needs the one action its label names; the rest is said by the builders below.
const fn row(label: &'static &'static str, service: Service, tier: Tier) -> Operation {
    let bytes = label.as_bytes();
    let mut colon = 0;
    while bytes[colon] != b':' {
        colon += 1;
    }
    let (_, name) = label.split_at(colon + 1);
    Operation {
        label,
        sdk_service: service.id,
        name,
        actions: slice::from_ref(label),
        tier,
        protocol: service.protocol,
        rate: None,
        burst: None,
        page_max: None,
        batch_max: None,
        cost: None,
    }
}

impl Operation {
    const fn needs(mut self, actions: &'static [&'static str]) -> Self {
        self.actions = actions;
        self
    }

    const fn rate(mut self, per_second: f64) -> Self {
        self.rate = Some(per_second);
        self
    }

    const fn burst(mut self, requests: u32) -> Self {
        self.burst = Some(requests);
        self
    }

    const fn page(mut self, items: u32) -> Self {
        self.page_max = Some(items);
        self
    }

    const fn batch(mut self, items: u32) -> Self {
        self.batch_max = Some(items);
        self
    }

    const fn cost(mut self, words: &'static str) -> Self {
        self.cost = Some(words);
        self
    }
}

/// The row of an operation, by the SDK's service id and operation name. Runs on every call: a binary search.
#[must_use]
pub fn find(sdk_service: &str, name: &str) -> Option<&'static Operation> {
    let at = OPERATIONS.binary_search_by(|row| (row.sdk_service, row.name).cmp(&(sdk_service, name))).ok()?;
    OPERATIONS.get(at)
}

/// The row of a label, `dynamodb:DescribeTable`.
#[must_use]
pub fn by_label(label: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|row| row.label == label)
}

/// The setting that switches a paid operation on, where there is one.
#[must_use]
pub fn setting(row: &Operation) -> Option<&'static str> {
    match row.sdk_service {
        "Athena" => Some("engines.athena"),
        "CloudWatch Logs" => Some("engines.insights"),
        "CloudTrail" => Some("engines.lake"),
        "S3" => Some("engines.s3"),
        _ => None,
    }
}

/// The labels of the paid operations that a setting switches on.
pub fn switched_by(wanted: &str) -> impl Iterator<Item = &'static str> {
    of_tiers(&[Tier::Paid]).filter(move |row| setting(row) == Some(wanted)).map(|row| row.label)
}

/// The rows of these tiers.
pub fn of_tiers(tiers: &[Tier]) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(|row| tiers.contains(&row.tier))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What an operation or action may begin with.
    const VERBS: &[&str] =
        &["BatchGet", "Describe", "Generate", "Get", "List", "Lookup", "Search", "Select", "Simulate", "Validate"];

    /// Names that begin like a read and yet return items, secrets, code or credentials.
    const FORBIDDEN: &[&str] = &[
        "athena:GetSession",
        "cloudformation:GetTemplate",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:SearchVectors",
        "ec2:GetConsoleOutput",
        "ec2:GetConsoleScreenshot",
        "ec2:GetPasswordData",
        "ecr:GetAuthorizationToken",
        "iam:GenerateCredentialReport",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kms:GenerateDataKey",
        "kms:GenerateMac",
        "kms:GenerateRandom",
        "lambda:GetFunction",
        "logs:GetLogEvents",
        "logs:GetLogRecord",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
    ];

    /// Services of which nothing is called: what they return is a secret, an item or a code.
    const CLOSED: &[&str] = &["ssm:", "secretsmanager:", "dynamodbstreams:Get", "cognito-identity:", "codecommit:"];

    fn reads(name: &str) -> bool {
        let verb = VERBS.iter().any(|verb| {
            name.strip_prefix(verb).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
        });
        verb || (["Start", "Stop", "Cancel"].iter().any(|verb| name.starts_with(verb)) && name.contains("Query"))
    }

    #[test]
    fn every_operation_and_action_begins_with_a_verb_that_reads() {
        for row in OPERATIONS {
            assert!(reads(row.name), "{} is no read", row.label);
            assert!(!row.actions.is_empty(), "{} needs no action", row.label);
            for action in row.actions {
                let (_, name) = action.split_once(':').expect("service:Action");
                assert!(reads(name), "{} needs {action}, which is no read", row.label);
                assert!(!action.contains(['*', '?']), "{action} is a wildcard");
            }
        }
    }

    #[test]
    fn nothing_that_returns_items_or_secrets_is_named_as_operation_or_action() {
        for row in OPERATIONS {
            for name in row.actions.iter().chain([&row.label]) {
                // Trail objects, and nothing else: `aws::s3` refuses any other key, the printed policy too.
                assert!(
                    *name != "s3:GetObject" || row.label == "s3:GetObject" && row.tier == Tier::Paid,
                    "{}",
                    row.label
                );
                assert!(!FORBIDDEN.contains(name), "{name} is forbidden");
                assert!(!CLOSED.iter().any(|closed| name.starts_with(closed)), "{name} is forbidden");
                for word in ["Decrypt", "Assume", "Detect", "Filter", "PartiQL", "Export"] {
                    let name = name.split_once(':').map_or("", |(_, name)| name);
                    assert!(!name.starts_with(word), "{name} is forbidden");
                }
            }
        }
    }

    #[test]
    fn the_verb_rule_refuses_what_looks_like_a_read() {
        for name in [
            "Decrypt",
            "Getaway",
            "Get",
            "StartExport",
            "StopLogging",
            "CancelExport",
            "DetectStackDrift",
            "PutItem",
            "Scan",
        ] {
            assert!(!reads(name), "{name}");
        }
    }

    #[test]
    fn what_starts_a_query_or_costs_money_is_paid() {
        for row in OPERATIONS {
            if row.cost.is_some() || ["Start", "Stop", "Cancel"].iter().any(|verb| row.name.starts_with(verb)) {
                assert_eq!(row.tier, Tier::Paid, "{}", row.label);
            }
        }
    }

    #[test]
    fn rows_are_sorted_and_unique() {
        for pair in OPERATIONS.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!((a.sdk_service, a.name) < (b.sdk_service, b.name), "{} before {}", a.label, b.label);
        }
        let labels: BTreeSet<_> = OPERATIONS.iter().map(|row| row.label).collect();
        assert_eq!(labels.len(), OPERATIONS.len());
    }

    #[test]
    fn every_row_is_found_and_strangers_are_not() {
        for row in OPERATIONS {
            assert_eq!(find(row.sdk_service, row.name), Some(row));
            assert_eq!(by_label(row.label), Some(row));
            assert_eq!(row.label.split_once(':').map(|(_, name)| name), Some(row.name));
        }
        for (service, name) in [("DynamoDB", "GetItem"), ("dynamodb", "ListTables"), ("KMS", "Decrypt"), ("", "")] {
            assert_eq!(find(service, name), None);
        }
    }

    #[test]
    fn rates_and_pages_are_positive() {
        for row in OPERATIONS {
            assert!(row.rate.is_none_or(|rate| rate > 0.0), "{}", row.label);
            assert!(row.burst.is_none() || row.rate.is_some(), "{} bursts over no rate", row.label);
            assert!(row.page_max != Some(0) && row.batch_max != Some(0), "{}", row.label);
        }
    }

    #[test]
    fn every_control_rests_on_operations_of_the_table() {
        for control in crate::controls::CATALOGUE {
            for label in control.operations {
                assert!(by_label(label).is_some(), "{} rests on {label}, which no row names", control.id);
            }
        }
    }
}
