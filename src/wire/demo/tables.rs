//! The tables of one account and region.

use jiff::{SignedDuration, Timestamp};

use super::kit::{hash, mix, uuid};
use super::story;
use super::world::{DATA, KEY_AWS, KEY_DATA, KEY_DISABLED, KEY_DYING, KEY_IMPORTED, PROD, Realm, Timed};

/// A table, as far as the simulated services tell about it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub name: String,
    pub arn: String,
    pub id: String,
    pub created: Timestamp,
    pub status: &'static str,
    pub items: i64,
    pub bytes: i64,
    /// The ARN of the KMS key; `None` for the AWS-owned one.
    pub key: Option<String>,
    pub inaccessible: Option<Timestamp>,
    pub protected: bool,
    pub infrequent: bool,
    pub stream: Option<&'static str>,
    /// Regions of replicas, with their keys.
    pub replicas: Vec<(&'static str, Option<String>)>,
    /// The recovery window in days, and since when it is kept.
    pub pitr: Option<(i64, Timestamp)>,
    pub ttl: Option<&'static str>,
    pub tags: Vec<(String, String)>,
    pub policy: Option<String>,
    /// The most request units a second, where somebody capped them.
    pub cap: Option<i64>,
    /// The Kinesis data stream that its changes go to.
    pub kinesis: Option<&'static str>,
    /// The mode of Contributor Insights, where that is on.
    pub insights: Option<&'static str>,
    /// It is a replica that cannot be taken out of its global table.
    pub associated: bool,
    /// It is a global table of the legacy version.
    pub legacy: bool,
    /// Backups: name and time, newest last.
    pub backups: Vec<(String, Timestamp)>,
}

const NAMES: [&str; 40] = [
    "carts",
    "catalog",
    "customers",
    "invoices",
    "payments",
    "refunds",
    "shipments",
    "inventory",
    "prices",
    "coupons",
    "reviews",
    "profiles",
    "devices",
    "notifications",
    "audit-log",
    "feature-flags",
    "idempotency",
    "locks",
    "rates",
    "stock-levels",
    "returns",
    "suppliers",
    "warehouses",
    "loyalty",
    "subscriptions",
    "entitlements",
    "api-keys",
    "webhooks",
    "job-queue",
    "search-terms",
    "recommendations",
    "experiments",
    "geo-cache",
    "media-index",
    "translations",
    "tax-rules",
    "settlements",
    "disputes",
    "kyc-checks",
    "consents",
];

const TEAMS: [&str; 5] = ["checkout", "identity", "billing", "growth", "platform"];

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Tables of a realm, by name: those of the story, and others up to `count`.
pub(super) fn build(realm: &Realm, count: usize) -> Vec<Timed<Table>> {
    let mut tables = heroes(realm);
    let offset = realm.index * 7;
    for place in 0..count.saturating_sub(tables.len()) {
        let base = NAMES.get((place + offset) % NAMES.len()).copied().unwrap_or("table");
        let round = place / NAMES.len();
        let name = if round == 0 { base.to_owned() } else { format!("{base}-{round:04}") };
        tables.push(Timed::still(ordinary(realm, &name)));
    }
    tables.sort_by(|a, b| a.first().name.cmp(&b.first().name));
    tables
}

/// A well-kept table of a class.
fn kept(realm: &Realm, name: &str, class: &str) -> Table {
    let luck = mix(realm.seed, hash(name));
    let created = story::END - DAY * i32::try_from(90 + luck % 900).unwrap_or(90);
    let items = i64::try_from(luck % 4_000_000).unwrap_or_default();
    let team = TEAMS.get((luck % 5) as usize).copied().unwrap_or("platform");
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Table {
        name: name.to_owned(),
        arn: realm.arn("dynamodb", &format!("table/{name}")),
        id: uuid(luck, 3),
        created,
        status: "ACTIVE",
        items,
        bytes: items * 412,
        key: realm.key(KEY_DATA).map(|key| key.arn.clone()),
        inaccessible: None,
        protected: true,
        infrequent: luck.is_multiple_of(11),
        stream: None,
        replicas: Vec::new(),
        pitr: Some((35, created)),
        ttl: None,
        tags: vec![tag("data-class", class), tag("team", team), tag("env", "prod"), tag("domain", domain(realm, name))],
        policy: None,
        cap: None,
        kinesis: None,
        insights: None,
        associated: true,
        legacy: false,
        backups: (0..3)
            .map(|age| {
                (format!("{name}-daily"), story::night(0, 0) - DAY * (3 - age) + SignedDuration::from_mins(1400))
            })
            .collect(),
    }
}

/// The business domain of a table.
fn domain(realm: &Realm, name: &str) -> &'static str {
    match name {
        "orders" | "ledger" | "exports" | "legacy-billing" => "payments",
        "token-vault" | "lake-index" => "identity",
        // The one lane that nobody else enters.
        _ if (realm.account, realm.region) == (DATA, "us-east-1") => "supply",
        _ => {
            if hash(name).is_multiple_of(2) {
                "commerce"
            } else {
                "logistics"
            }
        }
    }
}

/// One of many: mostly well kept, each with its own small sins.
fn ordinary(realm: &Realm, name: &str) -> Table {
    let luck = mix(realm.seed ^ 0x7AB1E, hash(name));
    let sin = |place: u64, one_in: u64| mix(luck, place).is_multiple_of(one_in);
    let class = match luck % 10 {
        0 => "public",
        1..=5 => "internal",
        6..=8 => "confidential",
        _ => "restricted",
    };
    let mut table = kept(realm, name, class);
    match (class, mix(luck, 1) % 4) {
        ("public" | "internal", 0 | 1) => table.key = None,
        ("internal", 2) | ("confidential", 0) => table.key = realm.key(KEY_AWS).map(|key| key.arn.clone()),
        ("confidential", 1) if sin(2, 3) => table.key = None,
        _ => {}
    }
    if sin(3, 9) {
        table.pitr = None;
    } else if sin(4, 8) {
        table.pitr = Some((7, table.created));
    }
    table.protected = !sin(5, 6);
    table.stream = sin(6, 3).then_some(if sin(11, 2) { "KEYS_ONLY" } else { "NEW_AND_OLD_IMAGES" });
    table.ttl = sin(7, 3).then_some("expires_at");
    if sin(12, 4) {
        table.tags.push(("retention".to_owned(), "90d".to_owned()));
    }
    if sin(13, 9) {
        table.insights = Some("THROTTLED_KEYS");
    }
    if sin(8, 4) {
        table.backups.clear();
    }
    if sin(9, 12) {
        table.tags.retain(|(key, _)| key != "data-class");
    }
    if sin(10, 7) {
        table.policy = Some(partner_policy(realm, &table.arn));
    }
    table
}

/// A policy for one role of the estate's other account.
fn partner_policy(realm: &Realm, arn: &str) -> String {
    let other = if realm.account == PROD { DATA } else { PROD };
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Sid\":\"reporting\",\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\
         \"arn:aws:iam::{other}:role/reporting\"}},\"Action\":[\"dynamodb:GetItem\",\"dynamodb:Query\"],\"Resource\":\
         \"{arn}\"}}]}}"
    )
}

/// What a replica needs to join, for whoever asks in the service's name.
fn replication_policy(arn: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Sid\":\"replication\",\"Effect\":\"Allow\",\"Principal\":\
         {{\"Service\":\"replication.dynamodb.amazonaws.com\"}},\"Action\":[\"dynamodb:ReadDataForReplication\",\
         \"dynamodb:WriteDataForReplication\",\"dynamodb:ReplicateSettings\"],\"Resource\":\"{arn}\"}}]}}"
    )
}

/// A fence: calls come through one endpoint, from AWS services, or not at all, and never in the clear.
fn fence(arn: &str, endpoint: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Sid\":\"endpoint\",\"Effect\":\"Deny\",\"Principal\":\"*\",\
         \"Action\":\"dynamodb:*\",\"Resource\":\"{arn}\",\"Condition\":{{\"StringNotEqualsIfExists\":\
         {{\"aws:SourceVpce\":\"{endpoint}\"}},\"BoolIfExists\":{{\"aws:ViaAWSService\":\"false\",\
         \"aws:PrincipalIsAWSService\":\"false\"}}}}}},{{\"Sid\":\"tls\",\"Effect\":\"Deny\",\"Principal\":\"*\",\
         \"Action\":\"dynamodb:*\",\"Resource\":\"{arn}\",\"Condition\":{{\"Bool\":{{\"aws:SecureTransport\":\
         \"false\"}}}}}}]}}"
    )
}

/// The tables that the story names.
fn heroes(realm: &Realm) -> Vec<Timed<Table>> {
    match (realm.account, realm.region) {
        (PROD, "eu-west-1") => heroes_of_prod(realm),
        (PROD, "us-east-1") => {
            let mut sessions = kept(realm, "sessions", "internal");
            sessions.key = None;
            sessions.ttl = Some("expires_at");
            sessions.stream = Some("NEW_AND_OLD_IMAGES");
            sessions.replicas = vec![("eu-west-1", None)];
            sessions.pitr = Some((7, sessions.created));
            let sessions = Timed::still(sessions)
                .then(story::PITR_PAUSED, |table, _| table.pitr = None)
                .then(story::PITR_RESUMED, |table, at| table.pitr = Some((7, at)));
            vec![sessions, Timed::still(kept(realm, "payroll", "confidential"))]
        }
        (DATA, "eu-west-1") => {
            let mut archive = kept(realm, "campaign-archive", "internal");
            archive.key = realm.key(KEY_DYING).map(|key| key.arn.clone());
            let mut lake = kept(realm, "lake-index", "confidential");
            // A key of the other account, which this account's auditor may not describe.
            lake.key = Some(format!("arn:aws:kms:{}:{PROD}:key/{}", realm.region, uuid(realm.seed, 77)));
            // The other half of the vault: nobody switched its recovery on, and its policy lets in a service from anywhere.
            let mut vault = kept(realm, "token-vault", "restricted");
            vault.replicas = vec![("us-east-1", None)];
            vault.pitr = None;
            vault.policy = Some(replication_policy(&vault.arn));
            vec![Timed::still(archive), Timed::still(lake), Timed::still(vault)]
        }
        (DATA, "us-east-1") => {
            let mut vault = kept(realm, "token-vault", "restricted");
            vault.key = realm.key(KEY_IMPORTED).map(|key| key.arn.clone());
            vault.replicas = vec![("eu-west-1", None)];
            vault.associated = false;
            vault.policy = Some(fence(&vault.arn, &realm.gateway_endpoint()));
            vec![Timed::still(vault)]
        }
        _ => {
            let mut prototype = kept(realm, "prototype", "internal");
            prototype.key = None;
            prototype.pitr = None;
            prototype.protected = false;
            prototype.backups.clear();
            prototype.legacy = true;
            prototype.tags.clear();
            prototype.tags.push(("note".to_owned(), HOSTILE_NOTE.to_owned()));
            // As long as a tag's value may be, every letter with a mark above it.
            prototype.tags.push(("owner".to_owned(), "Z\u{351}".repeat(128)));
            vec![Timed::still(prototype)]
        }
    }
}

/// What a tag may hold besides a note: a title change, a colour, a line's direction reversed, an invisible blank.
pub(super) const HOSTILE_NOTE: &str =
    "temp\u{1b}]0;owned\u{7}\u{1b}[31m copy of \u{202e}sredro\u{202c} for Bob\u{200b} =cmd|'/c calc'!A1";

fn heroes_of_prod(realm: &Realm) -> Vec<Timed<Table>> {
    let mut orders = kept(realm, "orders", "restricted");
    orders.stream = Some("NEW_AND_OLD_IMAGES");
    orders.insights = Some("ACCESSED_AND_THROTTLED_KEYS");
    orders.tags.push(("export-interval".to_owned(), "weekly".to_owned()));
    let orders = Timed::still(orders)
        .then(story::PITR_OFF, |table, _| table.pitr = None)
        .then(story::PROTECTION_OFF, |table, _| table.protected = false)
        .then(story::POLICY_PUBLIC, |table, _| table.policy = Some(story::public_policy(&table.arn)));
    let mut ledger = kept(realm, "ledger", "restricted");
    ledger.tags.push(("export-interval".to_owned(), "weekly".to_owned()));
    let ledger = Timed::still(ledger).then(story::PITR_SHRUNK, |table, at| {
        table.pitr = table.pitr.map(|(_, since)| (1, since.max(at - DAY)));
    });
    let mut exports = kept(realm, "exports", "confidential");
    exports.key = realm.key(KEY_AWS).map(|key| key.arn.clone());
    exports.cap = Some(4000);
    exports.kinesis = Some("exports-feed");
    let mut billing = kept(realm, "legacy-billing", "restricted");
    billing.key = realm.key(KEY_DISABLED).map(|key| key.arn.clone());
    billing.status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS";
    billing.inaccessible = Some(story::night(0, 0) - DAY * 2);
    billing.policy = Some(fence(&billing.arn, &realm.gateway_endpoint()));
    // The replica of a global table keeps neither its recovery window nor its protection.
    let mut sessions = kept(realm, "sessions", "internal");
    sessions.key = None;
    sessions.ttl = Some("expires_at");
    sessions.stream = Some("NEW_AND_OLD_IMAGES");
    sessions.replicas = vec![("us-east-1", None)];
    sessions.pitr = None;
    sessions.protected = false;
    sessions.backups.clear();
    sessions.tags.clear();
    vec![orders, ledger, Timed::still(exports), Timed::still(billing), Timed::still(sessions)]
}
