//! What was done with the stolen key, call by call: events, and the signals that GuardDuty makes of them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::actors::Actor;
use super::kit::uuid;
use super::story::{self, night};
use super::world::{PROD, Realm};

/// The role whose credentials leaked.
pub(super) const ROLE: &str = "app-orders";
/// The instance they were made for: the session's name.
pub(super) const INSTANCE: &str = "i-0abc1d2e3f4a5b6c7";
/// The role's id with the session's name, as `userIdentity.principalId` has it.
pub(super) const PRINCIPAL_ID: &str = "AROADEMOAPPORDERS0001:i-0abc1d2e3f4a5b6c7";
/// The stolen access key.
pub(super) const ACCESS_KEY: &str = "ASIADEMO0ORDERS07Q4M";
/// Where it is used from: an address of the documentation range.
pub(super) const ADDRESS: &str = "203.0.113.7";
/// The intruder's client.
pub(super) const USER_AGENT: &str =
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-kali md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython";
/// When the session began.
pub(super) const SESSION_CREATED: Timestamp = night(-140, 0);
/// The first call with it from outside.
pub(super) const FIRST_SEEN: Timestamp = night(49, 37);
/// The last one.
pub(super) const LAST_SEEN: Timestamp = night(72, 25);
/// The account that the export goes to.
pub(super) const FOREIGN: &str = "999988887777";
/// The bucket there.
pub(super) const BUCKET: &str = "cold-storage-7f3a";

/// One call of the story: the intruder's, save for the one that issued the key.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub at: Timestamp,
    pub actor: Actor,
    /// The service's endpoint, `dynamodb.amazonaws.com`.
    pub source: &'static str,
    pub name: &'static str,
    pub read_only: bool,
    pub error: Option<(&'static str, String)>,
    pub request: Value,
    pub response: Value,
    /// ARNs and CloudFormation types of what was touched.
    pub resources: Vec<(String, &'static str)>,
}

const DYNAMODB: &str = "dynamodb.amazonaws.com";
const TABLE: &str = "AWS::DynamoDB::Table";
/// A resource that the search knows an event by, and that no record lists.
pub(super) const ACCESS_KEY_TYPE: &str = "AWS::IAM::AccessKey";

/// The story's calls in one account and region, in order: the intruder's, and a person's before.
pub(super) fn steps(realm: &Realm) -> Vec<Step> {
    match (realm.account, realm.region) {
        (PROD, "eu-west-1") => {
            let mut steps = vec![issued(realm)];
            steps.extend(looking(realm));
            steps.extend(lowering(realm));
            steps.extend(opening(realm));
            steps
        }
        (PROD, "us-east-1") => {
            let mut list = call(night(50, 41), DYNAMODB, "ListTables", json!({ "limit": 100 }));
            list.read_only = true;
            let keys = refused(realm, night(52, 6), ("iam.amazonaws.com", "ListAttachedRolePolicies"), ROLE);
            let mut steps = trying(realm);
            steps.extend([list, keys, describe_payroll(realm, night(52, 40)), describe_payroll(realm, night(52, 58))]);
            steps
        }
        _ => Vec::new(),
    }
}

fn call(at: Timestamp, source: &'static str, name: &'static str, request: Value) -> Step {
    let (response, resources) = (Value::Null, Vec::new());
    let actor = Actor::Intruder;
    Step { at, actor, source, name, read_only: false, error: None, request, response, resources }
}

/// EC2 asked for the instance's credentials: those that are stolen later.
fn issued(realm: &Realm) -> Step {
    let role = format!("arn:aws:iam::{}:role/{ROLE}", realm.account);
    let request = json!({ "roleArn": role, "roleSessionName": INSTANCE });
    Step {
        actor: Actor::Ec2,
        read_only: true,
        response: json!({
            "credentials": { "accessKeyId": ACCESS_KEY, "expiration": "Mar 14, 2026, 5:52:10 AM" },
            "assumedRoleUser": { "assumedRoleId": PRINCIPAL_ID, "arn": user(realm) },
        }),
        resources: vec![(role, "AWS::IAM::Role"), (ACCESS_KEY.to_owned(), ACCESS_KEY_TYPE)],
        ..call(SESSION_CREATED, "sts.amazonaws.com", "AssumeRole", request)
    }
}

/// A call on a table.
fn on_table(realm: &Realm, at: Timestamp, name: &'static str, table: &str, request: Value) -> Step {
    let arn = realm.arn("dynamodb", &format!("table/{table}"));
    Step { resources: vec![(arn, TABLE)], ..call(at, DYNAMODB, name, request) }
}

fn user(realm: &Realm) -> String {
    format!("arn:aws:sts::{}:assumed-role/{ROLE}/{INSTANCE}", realm.account)
}

/// The words of a refusal, as CloudTrail keeps them.
fn denial(realm: &Realm, action: &str, resource: &str) -> (&'static str, String) {
    let words = format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows \
         the {action} action",
        user(realm)
    );
    ("AccessDenied", words)
}

fn refused(realm: &Realm, at: Timestamp, (source, name): (&'static str, &'static str), role: &str) -> Step {
    let service = source.split('.').next().unwrap_or(source);
    let error = Some(denial(realm, &format!("{service}:{name}"), "*"));
    let request = if service == "iam" { json!({ "roleName": role }) } else { Value::Null };
    Step { error, read_only: true, ..call(at, source, name, request) }
}

fn describe_payroll(realm: &Realm, at: Timestamp) -> Step {
    let step = on_table(realm, at, "DescribeTable", "payroll", json!({ "tableName": "payroll" }));
    let arn = realm.arn("dynamodb", "table/payroll");
    Step { error: Some(denial(realm, "dynamodb:DescribeTable", &arn)), read_only: true, ..step }
}

fn looking(realm: &Realm) -> Vec<Step> {
    let read = |step: Step| Step { read_only: true, ..step };
    let describe = |second, table: &str| {
        read(on_table(realm, night(51, second), "DescribeTable", table, json!({ "tableName": table })))
    };
    vec![
        read(call(FIRST_SEEN, "sts.amazonaws.com", "GetCallerIdentity", Value::Null)),
        read(call(night(51, 10), DYNAMODB, "ListTables", json!({ "limit": 100 }))),
        describe(24, "orders"),
        describe(31, "ledger"),
        describe(40, "exports"),
        refused(realm, night(51, 55), ("kms.amazonaws.com", "ListKeys"), ROLE),
    ]
}

fn recovery(enabled: bool, days: Option<i64>) -> Value {
    let mut wanted = json!({ "pointInTimeRecoveryEnabled": enabled });
    if let (Some(days), Some(fields)) = (days, wanted.as_object_mut()) {
        fields.insert("recoveryPeriodInDays".to_owned(), json!(days));
    }
    wanted
}

fn backups(realm: &Realm, at: Timestamp, table: &str, enabled: bool, days: Option<i64>) -> Step {
    let request = json!({ "tableName": table, "pointInTimeRecoverySpecification": recovery(enabled, days) });
    let status = if enabled { "ENABLED" } else { "DISABLED" };
    let mut state = json!({ "pointInTimeRecoveryStatus": status });
    if let (Some(days), Some(fields)) = (days, state.as_object_mut()) {
        fields.insert("recoveryPeriodInDays".to_owned(), json!(days));
    }
    let response = json!({ "continuousBackupsDescription": {
        "continuousBackupsStatus": "ENABLED", "pointInTimeRecoveryDescription": state,
    } });
    Step { response, ..on_table(realm, at, "UpdateContinuousBackups", table, request) }
}

/// Somebody tries something at the console, and puts it back: nobody who looks at the table later sees it.
fn trying(realm: &Realm) -> Vec<Step> {
    let step = |at, enabled, days| Step { actor: Actor::Person, ..backups(realm, at, "sessions", enabled, days) };
    vec![step(story::PITR_PAUSED, false, None), step(story::PITR_RESUMED, true, Some(7))]
}

fn lowering(realm: &Realm) -> Vec<Step> {
    let request = json!({ "tableName": "orders", "deletionProtectionEnabled": false });
    let unprotect = Step {
        response: json!({ "tableDescription": {
            "tableName": "orders",
            "tableArn": realm.arn("dynamodb", "table/orders"),
            "tableStatus": "UPDATING",
            "deletionProtectionEnabled": false,
            "itemCount": 0,
        } }),
        ..on_table(realm, story::PROTECTION_OFF, "UpdateTable", "orders", request)
    };
    let arn = realm.arn("dynamodb", "table/exports");
    let request = json!({
        "tableArn": arn,
        "s3Bucket": BUCKET,
        "s3BucketOwner": FOREIGN,
        "exportFormat": "DYNAMODB_JSON",
        "clientToken": uuid(realm.seed, 404),
    });
    let export = Step {
        response: json!({ "exportDescription": {
            "exportArn": format!("{arn}/export/01773457335000-5f1c2a7e"),
            "exportStatus": "IN_PROGRESS",
            "tableArn": arn,
            "s3Bucket": BUCKET,
            "s3BucketOwner": FOREIGN,
            "s3SseAlgorithm": "AES256",
            "exportFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        } }),
        ..on_table(realm, story::EXPORTED, "ExportTableToPointInTime", "exports", request)
    };
    vec![
        backups(realm, story::PITR_OFF, "orders", false, None),
        unprotect,
        backups(realm, story::PITR_SHRUNK, "ledger", true, Some(1)),
        export,
    ]
}

fn opening(realm: &Realm) -> Vec<Step> {
    let orders = realm.arn("dynamodb", "table/orders");
    let request = json!({ "resourceArn": orders, "policy": story::public_policy(&orders) });
    let publish = Step {
        response: json!({ "revisionId": "1773457662000" }),
        ..on_table(realm, story::POLICY_PUBLIC, "PutResourcePolicy", "orders", request)
    };
    let endpoint = realm.gateway_endpoint();
    let widen = Step {
        response: json!({ "ModifyVpcEndpointResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "requestId": uuid(realm.seed, 405), "return": true,
        } }),
        ..call(
            story::ENDPOINT_WIDENED,
            "ec2.amazonaws.com",
            "ModifyVpcEndpoint",
            json!({
                "ModifyVpcEndpointRequest": { "VpcEndpointId": endpoint, "PolicyDocument": story::OPEN_POLICY },
            }),
        )
    };
    let trail = realm.arn("cloudtrail", "trail/org-main");
    let stop = Step {
        resources: vec![(trail.clone(), "AWS::CloudTrail::Trail")],
        ..call(story::TRAIL_STOPPED, "cloudtrail.amazonaws.com", "StopLogging", json!({ "name": trail }))
    };
    let delete = Step {
        error: Some(denial(realm, "dynamodb:DeleteTable", &orders)),
        ..on_table(realm, LAST_SEEN, "DeleteTable", "orders", json!({ "tableName": "orders" }))
    };
    vec![publish, widen, stop, delete]
}

/// One signal of the attack sequence.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    pub uid: String,
    pub kind: &'static str,
    pub name: String,
    pub description: String,
    pub at: Timestamp,
    pub last: Timestamp,
    pub severity: Option<f64>,
    pub count: usize,
    /// The API that is risky, `dynamodb:UpdateContinuousBackups`.
    pub risk: String,
}

/// What GuardDuty has made of the calls up to a moment: one signal an API, and the finding that went before.
pub(super) fn signals(realm: &Realm, now: Timestamp) -> Vec<Signal> {
    let mut signals: Vec<Signal> = Vec::new();
    for step in steps(realm).into_iter().filter(|step| step.at <= now && step.actor == Actor::Intruder) {
        let service = step.source.split('.').next().unwrap_or_default();
        let risk = format!("{service}:{}", step.name);
        if let Some(known) = signals.iter_mut().find(|signal| signal.risk == risk) {
            known.count += 1;
            known.last = step.at;
            continue;
        }
        let table = step.resources.first().and_then(|(arn, _)| arn.rsplit('/').next()).unwrap_or("the account");
        signals.push(Signal {
            uid: uuid(realm.seed, step.at.as_second().unsigned_abs()),
            kind: "CLOUD_TRAIL",
            name: step.name.to_owned(),
            description: format!("{} was called on {table} with a key used from an unusual network.", step.name),
            at: step.at,
            last: step.at,
            severity: None,
            count: 1,
            risk,
        });
    }
    signals.push(Signal {
        uid: super::kit::hex(realm.seed ^ 0x57E4, 2, 32),
        kind: "FINDING",
        name: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS".to_owned(),
        description: "Credentials of an instance are used from outside AWS.".to_owned(),
        at: night(65, 0),
        last: night(65, 0),
        severity: Some(8.0),
        count: 1,
        risk: "sts:GetCallerIdentity".to_owned(),
    });
    signals
}
