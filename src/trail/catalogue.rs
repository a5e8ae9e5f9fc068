//! What an event means for DynamoDB: its risk, in the light of its own parameters, and the controls that it lowers.
//!
//! The base risk is a look-up by source and name. Only events whose parameters matter need their record, and it is
//! asked for only then.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{EventCategory, Severity};

use super::asks::Ask;
use super::{EventRef, Grade, Grader};

/// What CloudTrail does not record at all, whatever is switched on.
pub const NOT_LOGGED: [&str; 3] = [
    "items deleted by their time to live",
    "reads and writes of items through DAX: its management calls alone are recorded",
    "reads of items by an export to S3: the export itself is one event",
];

/// What one kind of event means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How bad it is as far as the name alone tells.
    #[serde(deserialize_with = "severity")]
    pub risk: Severity,
    #[serde(default)]
    data: bool,
    #[serde(default)]
    network: bool,
    /// It only reads.
    #[serde(default)]
    pub read: bool,
    /// What was done, in words.
    pub means: String,
    /// Ids of the controls that it may lower.
    #[serde(default)]
    pub lowers: Vec<String>,
    /// Why AWS's own model knows no such operation.
    pub model: Option<String>,
    /// Conditions that hold take the place of `risk`, rather than raise it.
    #[serde(default)]
    decides: bool,
    #[serde(default)]
    when: Vec<When>,
    /// What one record cannot tell.
    #[serde(default)]
    pub open: Vec<Open>,
}

/// What a call's parameters or its error make of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    #[serde(default, rename = "if")]
    asks: Vec<Ask>,
    error: Option<String>,
    /// How bad it is then.
    #[serde(deserialize_with = "severity")]
    pub risk: Severity,
    /// What was done, in words.
    pub means: String,
    /// Ids of the controls that it lowers.
    #[serde(default)]
    pub lowers: Vec<String>,
}

impl When {
    /// Whether it asks about this key of the parameters.
    #[must_use]
    pub fn is_about(&self, key: &str) -> bool {
        self.asks.iter().any(|ask| ask.is_about(key))
    }
}

/// A question that one record leaves open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// How bad it would be.
    #[serde(deserialize_with = "severity")]
    pub risk: Severity,
    /// If this is so.
    pub when: String,
    /// Ids of the controls that it would lower.
    #[serde(default)]
    pub lowers: Vec<String>,
}

impl Entry {
    /// The category of such events.
    #[must_use]
    pub fn category(&self) -> EventCategory {
        match (self.data, self.network) {
            (true, _) => EventCategory::Data,
            (_, true) => EventCategory::NetworkActivity,
            _ => EventCategory::Management,
        }
    }

    /// True when its parameters decide what it means.
    #[must_use]
    pub fn needs_record(&self) -> bool {
        self.when.iter().any(|when| !when.asks.is_empty())
    }
}

/// What one event means.
#[derive(Debug, Clone)]
pub struct Risk {
    /// How bad it is.
    pub rank: Severity,
    /// Its kind.
    pub entry: &'static Entry,
    /// What of its parameters or error makes it so.
    pub because: Vec<&'static When>,
}

impl Risk {
    /// Ids of the controls that it lowers; of a refused call, those it was aimed at.
    #[must_use]
    pub fn lowers(&self) -> Vec<&'static str> {
        let mut found: Vec<&str> = Vec::new();
        let said = self.because.iter().flat_map(|when| &when.lowers);
        let general = self.because.is_empty() || (!self.entry.decides && said.clone().next().is_none());
        let all = said.chain(self.entry.lowers.iter().filter(|_| general));
        for id in all {
            if !found.contains(&id.as_str()) {
                found.push(id);
            }
        }
        found
    }
}

#[derive(Debug, Default)]
struct Catalogue {
    events: HashMap<String, HashMap<String, Entry>>,
    controls: BTreeMap<String, String>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // A test reads it, so that it can be read.
    read(include_str!("catalogue.toml")).unwrap_or_default()
});

fn read(text: &str) -> Result<Catalogue, toml::de::Error> {
    let mut tables: HashMap<String, toml::Table> = toml::from_str(text)?;
    let controls = tables.remove("controls").unwrap_or_default();
    let events = tables.into_iter().map(|(source, events)| Ok((source, events.try_into()?)));
    Ok(Catalogue { events: events.collect::<Result<_, toml::de::Error>>()?, controls: controls.try_into()? })
}

fn severity<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    let word = Cow::<str>::deserialize(from)?;
    let found = Severity::ALL.into_iter().find(|of| of.word() == word);
    found.ok_or_else(|| serde::de::Error::custom(format!("no rank: {word}")))
}

/// The refusal of an endpoint's policy, whatever was called.
const AT_ENDPOINT: &str = "VpceAccessDenied";

/// Reads the catalogue, so that no frame waits for it: it takes as long as a frame may.
pub fn warm() {
    LazyLock::force(&CATALOGUE);
}

/// What this kind of event means; `None` for one that has no bearing on DynamoDB.
#[must_use]
pub fn entry(source: &str, name: &str) -> Option<&'static Entry> {
    let service = source.split_once(".amazonaws.com").map_or(source, |(service, _)| service);
    CATALOGUE.events.get(service)?.get(name)
}

/// An event's name in the letter case that AWS writes, whatever the service.
#[must_use]
pub fn name(typed: &str) -> Option<&'static str> {
    let names = CATALOGUE.events.values().flat_map(HashMap::keys);
    names.map(String::as_str).find(|name| name.eq_ignore_ascii_case(typed))
}

/// How bad an event is as far as source and name tell.
#[must_use]
pub fn base(source: &str, name: &str) -> Option<Severity> {
    entry(source, name).map(|entry| entry.risk)
}

/// What an event means. `record` is asked for only where the parameters matter; without one the base holds.
pub fn risk<'r>(
    source: &str,
    name: &str,
    error: Option<&str>,
    record: impl FnOnce() -> Option<Cow<'r, str>>,
) -> Option<Risk> {
    let at_endpoint = error.filter(|error| error.contains(AT_ENDPOINT)).and_then(|_| entry(source, "*"));
    let entry = at_endpoint.or_else(|| entry(source, name))?;
    let refused = error.and_then(|error| {
        entry.when.iter().find(|when| when.error.as_ref().is_some_and(|glob| WildMatch::new(glob).matches(error)))
    });
    if let Some(when) = refused {
        return Some(Risk { rank: when.risk, entry, because: vec![when] });
    }
    let because = match entry.needs_record().then(record).flatten() {
        Some(raw) => said(entry, &raw),
        None => Vec::new(),
    };
    let worst = because.iter().map(|when| when.risk).max();
    let rank = match worst {
        Some(worst) if entry.decides => worst,
        worst => worst.map_or(entry.risk, |worst| worst.max(entry.risk)),
    };
    Some(Risk { rank, entry, because })
}

/// How bad an event is: found out from its record as it was read.
#[must_use]
pub fn rank(event: EventRef<'_>) -> Option<Severity> {
    event.grade().map(|grade| match grade {
        Grade::Info => Severity::Info,
        Grade::Low => Severity::Low,
        Grade::Medium => Severity::Medium,
        Grade::High => Severity::High,
        Grade::Critical => Severity::Critical,
    })
}

/// Grades events by this catalogue as they are read.
pub static GRADER: &dyn Grader = &Catalogued;

#[derive(Debug)]
struct Catalogued;

impl Grader for Catalogued {
    fn reads(&self, source: &str, name: &str, error: Option<&str>) -> bool {
        let mut read = false;
        risk(source, name, error, || {
            read = true;
            None
        });
        read
    }

    fn grade(&self, source: &str, name: &str, error: Option<&str>, record: &str) -> Option<Grade> {
        Some(match risk(source, name, error, || Some(record.into()))?.rank {
            Severity::Info => Grade::Info,
            Severity::Low => Grade::Low,
            Severity::Medium => Grade::Medium,
            Severity::High => Grade::High,
            Severity::Critical => Grade::Critical,
        })
    }
}

/// What an event means, with its record at hand.
#[must_use]
pub fn of_record(event: EventRef<'_>, record: &str) -> Option<Risk> {
    risk(event.source(), event.name(), event.error(), || Some(Cow::Borrowed(record)))
}

/// The conditions that a record meets, worst first. Of what cannot be read, none.
fn said(entry: &'static Entry, raw: &str) -> Vec<&'static When> {
    let Ok(record) = serde_json::from_str::<Value>(raw) else { return Vec::new() };
    let account = record
        .get("recipientAccountId")
        .and_then(Value::as_str)
        .or_else(|| record.get("userIdentity")?.get("accountId")?.as_str())
        .unwrap_or_default();
    let parameters = match record.get("requestParameters") {
        None | Some(Value::Null) => return Vec::new(),
        // Some records hold their parameters as text.
        Some(Value::String(text)) => Cow::Owned(serde_json::from_str(text).unwrap_or(Value::Null)),
        Some(other) => Cow::Borrowed(other),
    };
    let holds = |when: &&When| !when.asks.is_empty() && when.asks.iter().all(|ask| ask.holds(&parameters, account));
    let mut found: Vec<_> = entry.when.iter().filter(holds).collect();
    found.sort_by_key(|when| std::cmp::Reverse(when.risk));
    found
}

/// A control's title, also of one that no control of this program judges yet.
#[must_use]
pub fn control(id: &str) -> Option<&'static str> {
    CATALOGUE.controls.get(id).map(String::as_str)
}

/// Every kind of event: service, name and meaning.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static str, &'static Entry)> {
    let of = |(service, events): (&'static String, &'static HashMap<String, Entry>)| {
        events.iter().map(move |(name, entry)| (service.as_str(), name.as_str(), entry))
    };
    CATALOGUE.events.iter().flat_map(of)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
    fn judged(source: &str, name: &str, error: Option<&str>, parameters: Value) -> Risk {
        let raw = json!({ "recipientAccountId": "111122223333", "requestParameters": parameters }).to_string();
        risk(&format!("{source}.amazonaws.com"), name, error, || Some(raw.into())).unwrap()
    }

    fn rank(name: &str, parameters: Value) -> Severity {
        judged("dynamodb", name, None, parameters).rank
    }

    #[test]
    fn every_write_of_the_control_plane_is_known_to_the_policies() {
        use crate::policy::CONTROL_WRITES;
        let writes = entries().filter(|(service, _, entry)| {
            *service == "dynamodb" && entry.category() == EventCategory::Management && !entry.read
        });
        let missing: Vec<&str> = writes
            .map(|(_, name, _)| name)
            .filter(|name| !CONTROL_WRITES.contains(&format!("dynamodb:{name}").as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(CONTROL_WRITES.is_sorted());
    }

    #[test]
    fn the_catalogue_is_whole() {
        let read = read(include_str!("catalogue.toml")).unwrap();
        assert_eq!(read.events.values().map(HashMap::len).sum::<usize>(), 233);
        for (service, name, entry) in entries() {
            let lowered = entry
                .lowers
                .iter()
                .chain(entry.when.iter().flat_map(|of| &of.lowers))
                .chain(entry.open.iter().flat_map(|of| &of.lowers));
            for id in lowered {
                assert!(control(id).is_some(), "{service}:{name} lowers {id}, which has no title");
            }
            assert!(!entry.means.is_empty());
            assert!(entry.when.iter().all(|of| of.asks.is_empty() == of.error.is_some()), "{service}:{name}");
        }
    }

    #[test]
    fn awss_own_model_wins_over_the_catalogue() {
        let model = include_str!("../../tests/it/sdk_operations.txt");
        let services = [
            ("dynamodb", "DynamoDB"),
            ("kms", "KMS"),
            ("cloudtrail", "CloudTrail"),
            ("guardduty", "GuardDuty"),
            ("config", "Config Service"),
            ("cloudformation", "CloudFormation"),
        ];
        // DynamoDB Streams is a service of its own to the SDK, and the refusal at an endpoint no operation.
        let elsewhere = ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams", "*"];
        let known: BTreeSet<&str> = model.lines().collect();
        for (service, id) in services {
            for (name, entry) in &CATALOGUE.events[service] {
                let there = known.contains(format!("{id}:{name}").as_str()) || elsewhere.contains(&name.as_str());
                assert_eq!(there, entry.model.is_none(), "{service}:{name}");
            }
        }
        for line in known {
            if let Some(name) = line.strip_prefix("DynamoDB:") {
                assert!(entry("dynamodb.amazonaws.com", name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn parameters_decide_where_the_name_says_too_little() {
        use Severity::{Critical, High, Info, Low};
        let pitr =
            |fields: Value| rank("UpdateContinuousBackups", json!({ "pointInTimeRecoverySpecification": fields }));
        assert_eq!(pitr(json!({"pointInTimeRecoveryEnabled": false})), Critical);
        assert_eq!(pitr(json!({"pointInTimeRecoveryEnabled": true})), Info);
        assert_eq!(pitr(json!({"pointInTimeRecoveryEnabled": true, "recoveryPeriodInDays": 1})), High);
        assert_eq!(rank("UpdateTable", json!({"tableName": "t", "warmThroughput": {}})), Low);
        assert_eq!(
            rank("UpdateTable", json!({"tableName": "t", "billingMode": "x", "deletionProtectionEnabled": false})),
            High
        );
        assert_eq!(rank("UpdateTable", json!({"tableName": "t", "somethingNew": 1})), High, "in doubt, the base");
        let key =
            |arn: &str| rank("UpdateTable", json!({"sSESpecification": {"enabled": true, "kMSMasterKeyId": arn}}));
        assert_eq!(key("arn:aws:kms:eu-west-1:999988887777:key/k"), Critical);
        assert_eq!(key("arn:aws:kms:eu-west-1:111122223333:key/k"), Severity::Medium);
    }

    #[test]
    fn parameters_raise_and_never_lower_where_they_do_not_decide() {
        let export = judged(
            "dynamodb",
            "ExportTableToPointInTime",
            None,
            json!({"s3BucketOwner": "111122223333", "s3SseAlgorithm": "AES256"}),
        );
        assert_eq!(export.rank, Severity::Critical);
        assert_eq!(export.lowers(), ["ENC-12"]);
        let abroad = judged("dynamodb", "ExportTableToPointInTime", None, json!({"s3BucketOwner": "999988887777"}));
        assert_eq!(abroad.because[0].means, "to a bucket of another account");
        assert_eq!(rank("CreateTable", json!({"resourcePolicy": "{}"})), Severity::High);
    }

    #[test]
    fn a_refusal_is_an_attempt_and_needs_no_record() {
        let never = || panic!("the record was asked for");
        let gone = risk("dynamodb.amazonaws.com", "DeleteTable", Some("ValidationException"), never).unwrap();
        assert_eq!((gone.rank, gone.because[0].means.as_str()), (Severity::High, "an attempt that was stopped"));
        let read = risk("dynamodb.amazonaws.com", "GetItem", Some("AccessDeniedException"), never).unwrap();
        assert_eq!(read.rank, Severity::Medium);
        let fenced = risk("dynamodb.amazonaws.com", "GetItem", Some("VpceAccessDenied"), never).unwrap();
        assert_eq!((fenced.rank, fenced.entry.category()), (Severity::High, EventCategory::NetworkActivity));
    }

    #[test]
    fn what_has_no_bearing_is_not_ranked() {
        assert!(base("sqs.amazonaws.com", "SendMessage").is_none());
        assert_eq!(base("kms.amazonaws.com", "DisableKey"), Some(Severity::Critical));
        assert_eq!(base("dynamodb.amazonaws.com.cn", "Scan"), Some(Severity::High));
    }

    #[test]
    fn broken_records_keep_the_base() {
        for raw in ["", "[]", "{\"requestParameters\":\"x\"}", "{\"requestParameters\":null}"] {
            let found = risk("dynamodb.amazonaws.com", "UpdateTable", None, || Some(raw.into())).unwrap();
            assert_eq!((found.rank, found.because.len()), (Severity::High, 0), "{raw}");
        }
    }
}
