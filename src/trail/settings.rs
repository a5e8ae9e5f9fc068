//! Which calls change which settings, and to what: the way from a state to the event that made it.
//!
//! One table for every source of drift: settings of tables have the names that the accepted state has for them; what
//! CloudFormation and AWS Config call them stands below.

use std::borrow::Cow;

use serde_json::Value;

use super::asks;
use super::catalogue::{self, Risk};
use crate::model::Severity;

/// `AWS::DynamoDB::Table`
pub const TABLE: &str = "AWS::DynamoDB::Table";
const GLOBAL_TABLE: &str = "AWS::DynamoDB::GlobalTable";
const ENDPOINT: &str = "AWS::EC2::VPCEndpoint";
/// `AWS::CloudTrail::Trail`
pub const TRAIL: &str = "AWS::CloudTrail::Trail";
const KEY: &str = "AWS::KMS::Key";
const ROLE: &str = "AWS::IAM::Role";
const BUCKET_POLICY: &str = "AWS::S3::BucketPolicy";
/// Of a resource: that it is there.
pub const EXISTS: &str = "Exists";

/// What a call says of a setting.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// The value at this path of its parameters.
    At(&'static str),
    /// Whether it is on, at this path; the words for on and off.
    Switch(&'static str, &'static str, &'static str),
    /// Always this.
    Always(&'static str),
    /// That it changes, where its parameters hold this path; not to what.
    About(&'static str),
}

/// A call that changes a setting.
#[derive(Debug)]
struct Way {
    kind: &'static str,
    setting: &'static str,
    service: &'static str,
    event: &'static str,
    /// Where its parameters name the resource; empty for tables, whose names every event tells.
    id: &'static str,
    says: Says,
}

const fn of_table(setting: &'static str, event: &'static str, says: Says) -> Way {
    Way { kind: TABLE, setting, service: "dynamodb", event, id: "", says }
}

const fn way(
    (kind, setting): (&'static str, &'static str),
    (service, event): (&'static str, &'static str),
    id: &'static str,
    says: Says,
) -> Way {
    Way { kind, setting, service, event, id, says }
}

const RECOVERY: &str = "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled";
const CHANGE: &str = "ModifyVpcEndpointRequest";
const CHANGED: &str = "ModifyVpcEndpointRequest.VpcEndpointId";

static WAYS: &[Way] = &[
    of_table("PointInTimeRecoveryStatus", "UpdateContinuousBackups", Says::Switch(RECOVERY, "ENABLED", "DISABLED")),
    of_table(
        "RecoveryPeriodInDays",
        "UpdateContinuousBackups",
        Says::At("pointInTimeRecoverySpecification.recoveryPeriodInDays"),
    ),
    of_table("DeletionProtectionEnabled", "UpdateTable", Says::At("deletionProtectionEnabled")),
    of_table("KMSMasterKeyArn", "UpdateTable", Says::About("sSESpecification")),
    of_table("KeyManager", "UpdateTable", Says::About("sSESpecification")),
    of_table("StreamViewType", "UpdateTable", Says::About("streamSpecification")),
    of_table("TableClass", "UpdateTable", Says::At("tableClass")),
    of_table("BillingMode", "UpdateTable", Says::At("billingMode")),
    of_table("Replicas", "UpdateTable", Says::About("replicaUpdates")),
    of_table("Replicas", "CreateGlobalTable", Says::About("replicationGroup")),
    of_table("Replicas", "UpdateGlobalTable", Says::About("replicaUpdates")),
    of_table("Policy", "PutResourcePolicy", Says::At("policy")),
    of_table("Policy", "DeleteResourcePolicy", Says::Always("none")),
    of_table(
        "TimeToLiveStatus",
        "UpdateTimeToLive",
        Says::Switch("timeToLiveSpecification.enabled", "ENABLED", "DISABLED"),
    ),
    of_table("TimeToLiveAttributeName", "UpdateTimeToLive", Says::About("timeToLiveSpecification.attributeName")),
    of_table("KinesisDataStreamDestinations", "EnableKinesisStreamingDestination", Says::About("streamArn")),
    of_table("KinesisDataStreamDestinations", "DisableKinesisStreamingDestination", Says::About("streamArn")),
    of_table("ContributorInsightsMode", "UpdateContributorInsights", Says::About("contributorInsightsAction")),
    of_table("tag:", "TagResource", Says::About("tags")),
    of_table("tag:", "UntagResource", Says::About("tagKeys")),
    of_table(EXISTS, "DeleteTable", Says::Always("deleted")),
    of_table(EXISTS, "CreateTable", Says::Always("there")),
    way(
        (ENDPOINT, "PolicyDocument"),
        ("ec2", "ModifyVpcEndpoint"),
        CHANGED,
        Says::At("ModifyVpcEndpointRequest.PolicyDocument"),
    ),
    way((ENDPOINT, ""), ("ec2", "ModifyVpcEndpoint"), CHANGED, Says::About(CHANGE)),
    way((TRAIL, "IsLogging"), ("cloudtrail", "StopLogging"), "name", Says::Always("false")),
    way((TRAIL, "IsLogging"), ("cloudtrail", "StartLogging"), "name", Says::Always("true")),
    way((TRAIL, "EventSelectors"), ("cloudtrail", "PutEventSelectors"), "trailName", Says::About("trailName")),
    way((TRAIL, ""), ("cloudtrail", "UpdateTrail"), "name", Says::About("name")),
    way((TRAIL, EXISTS), ("cloudtrail", "DeleteTrail"), "name", Says::Always("deleted")),
    way((KEY, "Enabled"), ("kms", "DisableKey"), "keyId", Says::Always("false")),
    way((KEY, "Enabled"), ("kms", "EnableKey"), "keyId", Says::Always("true")),
    way((KEY, "EnableKeyRotation"), ("kms", "DisableKeyRotation"), "keyId", Says::Always("false")),
    way((KEY, "EnableKeyRotation"), ("kms", "EnableKeyRotation"), "keyId", Says::Always("true")),
    way((KEY, "KeyPolicy"), ("kms", "PutKeyPolicy"), "keyId", Says::At("policy")),
    way((KEY, EXISTS), ("kms", "ScheduleKeyDeletion"), "keyId", Says::Always("pending deletion")),
    way((KEY, EXISTS), ("kms", "CancelKeyDeletion"), "keyId", Says::Always("there")),
    way((ROLE, "AssumeRolePolicyDocument"), ("iam", "UpdateAssumeRolePolicy"), "roleName", Says::At("policyDocument")),
    way((ROLE, "Policies"), ("iam", "PutRolePolicy"), "roleName", Says::About("policyDocument")),
    way((ROLE, "Policies"), ("iam", "DeleteRolePolicy"), "roleName", Says::About("policyName")),
    way((ROLE, "ManagedPolicyArns"), ("iam", "AttachRolePolicy"), "roleName", Says::About("policyArn")),
    way((ROLE, "ManagedPolicyArns"), ("iam", "DetachRolePolicy"), "roleName", Says::About("policyArn")),
    way((ROLE, "PermissionsBoundary"), ("iam", "PutRolePermissionsBoundary"), "roleName", Says::About("roleName")),
    way((ROLE, "PermissionsBoundary"), ("iam", "DeleteRolePermissionsBoundary"), "roleName", Says::Always("none")),
    way((BUCKET_POLICY, "PolicyDocument"), ("s3", "PutBucketPolicy"), "bucketName", Says::About("bucketPolicy")),
    way((BUCKET_POLICY, "PolicyDocument"), ("s3", "DeleteBucketPolicy"), "bucketName", Says::Always("none")),
];

/// What CloudFormation's property paths and AWS Config's are called among settings: by their beginning, the longest first.
static PROPERTIES: &[(&str, &str)] = &[
    ("/PointInTimeRecoverySpecification/RecoveryPeriodInDays", "RecoveryPeriodInDays"),
    ("/PointInTimeRecoverySpecification", "PointInTimeRecoveryStatus"),
    ("/SSESpecification/KMSMasterKeyId", "KMSMasterKeyArn"),
    ("/SSESpecification", "KMSMasterKeyArn"),
    ("/StreamSpecification", "StreamViewType"),
    ("/TableClass", "TableClass"),
    ("/BillingMode", "BillingMode"),
    ("/DeletionProtectionEnabled", "DeletionProtectionEnabled"),
    ("/ResourcePolicy", "Policy"),
    ("/TimeToLiveSpecification/AttributeName", "TimeToLiveAttributeName"),
    ("/TimeToLiveSpecification", "TimeToLiveStatus"),
    ("/KinesisStreamSpecification", "KinesisDataStreamDestinations"),
    ("/ContributorInsightsSpecification", "ContributorInsightsMode"),
    ("/Replicas", "Replicas"),
];

/// What CloudFormation's property of a kind of resource is called among settings; its own path where it has no other name.
#[must_use]
pub fn of_property(kind: &str, path: &str) -> String {
    let known = PROPERTIES.iter().find(|(beginning, _)| under(path, beginning)).map(|(_, setting)| *setting);
    if let Some(setting) = known.filter(|_| is_table(kind)) {
        return setting.to_owned();
    }
    // Of others, the property itself: what lies deeper is a part of it.
    let own = path.trim_start_matches('/');
    if is_table(kind) { own.replace('/', ".") } else { own.split('/').next().unwrap_or(own).to_owned() }
}

/// What AWS Config's path of a table's item is called among settings; the path itself where it has no other name.
#[must_use]
pub fn of_recorded(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let known = match last.as_str() {
        "pointintimerecoverystatus" => "PointInTimeRecoveryStatus",
        "recoveryperiodindays" => "RecoveryPeriodInDays",
        "deletionprotectionenabled" => "DeletionProtectionEnabled",
        "kmsmasterkeyarn" => "KMSMasterKeyArn",
        "billingmode" => "BillingMode",
        "tableclass" => "TableClass",
        "streamviewtype" => "StreamViewType",
        _ => path,
    };
    known.to_owned()
}

fn under(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// True for the kinds that are tables.
#[must_use]
pub fn is_table(kind: &str) -> bool {
    kind == TABLE || kind == GLOBAL_TABLE
}

/// A setting's value as CloudFormation writes it, in the words of the accepted state.
#[must_use]
pub fn canonical(setting: &str, text: &str) -> String {
    let plain = text.trim().trim_matches('"');
    let word = |on: &'static str, off: &'static str| match plain {
        "true" => Some(on),
        "false" => Some(off),
        _ => None,
    };
    let word = match setting {
        "PointInTimeRecoveryStatus" | "TimeToLiveStatus" => word("ENABLED", "DISABLED"),
        _ => None,
    };
    word.map_or_else(|| if plain.is_empty() { "none".to_owned() } else { plain.to_owned() }, str::to_owned)
}

/// What an event says of the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It is this from then on.
    To(String),
    /// It changes, and not to what.
    Named,
    /// It may change: the parameters, which would tell, are not at hand.
    Perhaps,
}

/// A setting that an event changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The kind of resource.
    pub kind: &'static str,
    /// Its id, of what is no table; empty where the parameters are not at hand.
    pub id: String,
    /// The setting; empty for any of its kind.
    pub setting: &'static str,
    /// What it is from then on.
    pub told: Told,
    /// Ids of the controls that this lowers.
    pub lowers: Vec<&'static str>,
}

impl Move {
    /// Whether it is of this setting.
    #[must_use]
    pub fn is_of(&self, setting: &str) -> bool {
        self.setting == setting || self.setting.is_empty() || (self.setting == "tag:" && setting.starts_with("tag:"))
    }
}

/// Whether such events change settings of this kind of resource at all: what is told apart before a record is opened.
#[must_use]
pub fn changes(source: &str, name: &str) -> bool {
    ways(source, name).next().is_some()
}

fn ways<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = &'static Way> + use<'a> {
    let service = source.split_once(".amazonaws.com").map_or("", |(service, _)| service);
    WAYS.iter().filter(move |way| way.event == name && way.service == service)
}

/// The settings that an event changes; `record` is the record, where it is at hand.
#[must_use]
pub fn moves(source: &str, name: &str, record: Option<&str>) -> Vec<Move> {
    let Some(record) = record.filter(|record| !record.is_empty()) else {
        let open = |way: &'static Way| Move {
            kind: way.kind,
            id: String::new(),
            setting: way.setting,
            told: match way.says {
                Says::Always(word) => Told::To(word.to_owned()),
                _ => Told::Perhaps,
            },
            lowers: Vec::new(),
        };
        return ways(source, name).map(open).collect();
    };
    let Some(parameters) = serde_json::from_str::<Value>(record).ok().and_then(parameters) else { return Vec::new() };
    let risk = catalogue::risk(source, name, None, || Some(Cow::Borrowed(record)));
    ways(source, name)
        .filter_map(|way| {
            let told = told(way.says, &parameters)?;
            let id = if way.id.is_empty() { String::new() } else { plain(&asks::first(&parameters, way.id)?) };
            let lowers = risk.as_ref().map(|risk| lowered(risk, way)).unwrap_or_default();
            Some(Move { kind: way.kind, id, setting: way.setting, told, lowers })
        })
        .collect()
}

/// What a change of one setting lowers: of a call that names several, what rests on this one.
fn lowered(risk: &Risk, way: &Way) -> Vec<&'static str> {
    if risk.rank < Severity::Medium {
        return Vec::new();
    }
    if way.kind != TABLE {
        return if way.setting.is_empty() { Vec::new() } else { risk.lowers() };
    }
    let path = match way.says {
        Says::At(path) | Says::Switch(path, ..) | Says::About(path) => path.split('.').next().unwrap_or(path),
        Says::Always(_) => return risk.lowers(),
    };
    let (recovery, window) = (way.setting == "PointInTimeRecoveryStatus", way.setting == "RecoveryPeriodInDays");
    let because = risk.because.iter().filter(|when| when.risk >= Severity::Medium && when.is_about(path));
    let mut all: Vec<&str> = because.flat_map(|when| &when.lowers).map(String::as_str).collect();
    // One part of the parameters says both.
    all.retain(|id| !(recovery && *id == "RES-02" || window && *id == "RES-01"));
    all.sort_unstable();
    all.dedup();
    all
}

fn parameters(mut record: Value) -> Option<Value> {
    match record.get_mut("requestParameters")?.take() {
        // Some records hold their parameters as text.
        Value::String(text) => serde_json::from_str(&text).ok(),
        other => Some(other),
    }
}

fn told(says: Says, parameters: &Value) -> Option<Told> {
    Some(match says {
        Says::At(path) => Told::To(plain(&asks::first(parameters, path)?)),
        Says::Switch(path, on, off) => match asks::first(parameters, path)? {
            Value::Bool(is) => Told::To(if is { on } else { off }.to_owned()),
            _ => Told::Named,
        },
        Says::Always(word) => Told::To(word.to_owned()),
        Says::About(path) => {
            asks::first(parameters, path)?;
            Told::Named
        }
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
    fn of(source: &str, name: &str, parameters: Value) -> Vec<Move> {
        let record = json!({ "recipientAccountId": "111122223333", "requestParameters": parameters }).to_string();
        moves(&format!("{source}.amazonaws.com"), name, Some(&record))
    }

    #[test]
    fn every_way_is_an_event_of_the_catalogue() {
        // What only mends is none of the catalogue's.
        for way in WAYS.iter().filter(|way| way.event != "EnableKeyRotation") {
            let source = format!("{}.amazonaws.com", way.service);
            assert!(catalogue::entry(&source, way.event).is_some(), "{}:{}", way.service, way.event);
        }
    }

    #[test]
    fn a_call_says_which_settings_it_changes_to_what_and_what_that_lowers() {
        let off = of(
            "dynamodb",
            "UpdateContinuousBackups",
            json!({ "tableName": "t", "pointInTimeRecoverySpecification": { "pointInTimeRecoveryEnabled": false } }),
        );
        assert_eq!(off.len(), 1);
        assert_eq!((off[0].setting, &off[0].told), ("PointInTimeRecoveryStatus", &Told::To("DISABLED".to_owned())));
        assert_eq!(off[0].lowers, ["RES-01"]);
        let cut = of(
            "dynamodb",
            "UpdateContinuousBackups",
            json!({ "pointInTimeRecoverySpecification":
                { "pointInTimeRecoveryEnabled": true, "recoveryPeriodInDays": 1 } }),
        );
        assert_eq!(cut[0].lowers, [""; 0]);
        assert_eq!((&cut[1].told, &cut[1].lowers), (&Told::To("1".to_owned()), &vec!["RES-02"]));
        let two =
            of("dynamodb", "UpdateTable", json!({ "billingMode": "PROVISIONED", "deletionProtectionEnabled": false }));
        let lowers: Vec<_> = two.iter().map(|one| (one.setting, one.lowers.clone())).collect();
        assert_eq!(lowers, [("DeletionProtectionEnabled", vec!["RES-03"]), ("BillingMode", vec![])]);
        let stopped = of("cloudtrail", "StopLogging", json!({ "name": "org-main" }));
        assert_eq!((stopped[0].id.as_str(), &stopped[0].lowers), ("org-main", &vec!["LOG-01", "LOG-02"]));
        assert!(of("cloudtrail", "StartLogging", json!({ "name": "org-main" }))[0].lowers.is_empty());
        assert!(of("dynamodb", "UpdateTable", json!({ "warmThroughput": {} })).is_empty());
    }

    #[test]
    fn without_its_record_an_event_may_have_changed_any_of_its_settings() {
        let open = moves("dynamodb.amazonaws.com", "UpdateTable", None);
        assert!(open.len() > 4 && open.iter().all(|one| one.told == Told::Perhaps));
        assert!(changes("dynamodb.amazonaws.com", "UpdateTable") && !changes("kms.amazonaws.com", "Decrypt"));
    }

    #[test]
    fn properties_have_the_names_that_settings_have() {
        let of = |path| of_property(TABLE, path);
        assert_eq!(of("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled"), "PointInTimeRecoveryStatus");
        assert_eq!(of("/PointInTimeRecoverySpecification/RecoveryPeriodInDays"), "RecoveryPeriodInDays");
        assert_eq!(of("/ProvisionedThroughput/ReadCapacityUnits"), "ProvisionedThroughput.ReadCapacityUnits");
        assert_eq!(of_property(ENDPOINT, "/PolicyDocument/Statement"), "PolicyDocument");
        assert_eq!(canonical("PointInTimeRecoveryStatus", "true"), "ENABLED");
        assert_eq!(canonical("DeletionProtectionEnabled", "\"false\""), "false");
    }
}
