//! CloudTrail records: the story's, and the everyday ones, which are made when they are asked for.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Call;
use super::actors::{Actor, Caller, caller, identity};
use super::incident::{ACCESS_KEY_TYPE, Step};
use super::kit::{hex, mix, uuid};
use super::story;
use super::world::{KEY_DATA, Realm};

/// An everyday call: who, what, and how its parameters look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    weight: u64,
    pub actor: Actor,
    pub source: &'static str,
    pub name: &'static str,
    pub read_only: bool,
    on: On,
}

/// What a call is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Nothing,
    Table,
    Tagged,
    KeyOfTable,
    Backup,
    Role,
    Login,
    Throttled,
    Denied,
}

const DDB: &str = "dynamodb.amazonaws.com";

const fn habit(weight: u64, actor: Actor, source: &'static str, name: &'static str, read_only: bool, on: On) -> Habit {
    Habit { weight, actor, source, name, read_only, on }
}

const HABITS: [Habit; 16] = [
    habit(18, Actor::App, "kms.amazonaws.com", "Decrypt", true, On::KeyOfTable),
    habit(22, Actor::Worker, "kms.amazonaws.com", "Decrypt", true, On::KeyOfTable),
    habit(8, Actor::Recorder, DDB, "DescribeTable", true, On::Table),
    habit(4, Actor::Recorder, DDB, "DescribeContinuousBackups", true, On::Table),
    habit(9, Actor::Auditor, DDB, "DescribeTable", true, On::Table),
    habit(5, Actor::Auditor, DDB, "ListTables", true, On::Nothing),
    habit(4, Actor::Auditor, "guardduty.amazonaws.com", "ListFindings", true, On::Nothing),
    habit(3, Actor::Auditor, "cloudtrail.amazonaws.com", "LookupEvents", true, On::Nothing),
    habit(7, Actor::Ec2, "sts.amazonaws.com", "AssumeRole", true, On::Role),
    habit(4, Actor::Backup, DDB, "CreateBackup", false, On::Backup),
    habit(6, Actor::Deploy, "cloudformation.amazonaws.com", "DescribeStacks", true, On::Nothing),
    habit(3, Actor::Deploy, DDB, "TagResource", false, On::Tagged),
    habit(2, Actor::Deploy, DDB, "UpdateTable", false, On::Table),
    habit(2, Actor::Person, "signin.amazonaws.com", "ConsoleLogin", false, On::Login),
    habit(3, Actor::Worker, DDB, "DescribeTable", true, On::Throttled),
    habit(1, Actor::Stranger, DDB, "ListTables", true, On::Denied),
];

/// How far back the everyday events go.
const SPAN: SignedDuration = SignedDuration::from_hours(24);

/// An event as the search sees it, before its record is made.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// The place of an everyday event in its account and region.
    Everyday(u64),
    /// A call of the story.
    Story(usize),
}

/// Everyday events of one account and region: numbered from a day before the story's end, without an end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Everyday {
    seed: u64,
    /// Milliseconds between two events; 0 for none at all.
    spacing: u64,
}

impl Everyday {
    /// `count` events in the last day, and as many on each day to come.
    pub(super) fn new(seed: u64, count: usize) -> Self {
        let spacing = u64::try_from(SPAN.as_millis()).unwrap_or_default().checked_div(count as u64).unwrap_or_default();
        Self { seed: seed ^ 0x0E7E, spacing }
    }

    fn origin() -> Timestamp {
        story::END - SPAN
    }

    /// The luck of one event.
    pub(super) fn luck(self, place: u64) -> u64 {
        mix(self.seed, place)
    }

    /// When an event happened: later places are later.
    pub(super) fn time(self, place: u64) -> Timestamp {
        let millis = place * self.spacing + self.luck(place) % self.spacing.max(1);
        Self::origin() + SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX / 4))
    }

    /// The first place that is not before a moment.
    pub(super) fn place(self, at: Timestamp) -> u64 {
        if self.spacing == 0 {
            return 0;
        }
        let past = u64::try_from(at.duration_since(Self::origin()).as_millis()).unwrap_or_default();
        let near = past / self.spacing;
        if self.time(near) < at { near + 1 } else { near }
    }

    /// Delivery takes from half a minute to a quarter of an hour, mostly a few minutes.
    pub(super) fn delivered(self, place: u64, now: Timestamp) -> bool {
        let luck = mix(self.luck(place), 5);
        let most = if luck.is_multiple_of(10) { 870 } else { 240 };
        let lag = 30 + i64::try_from((luck >> 8) % most).unwrap_or_default();
        self.time(place) + SignedDuration::from_secs(lag) <= now
    }

    pub(super) fn id(self, place: u64) -> String {
        uuid(self.luck(place), 11)
    }

    pub(super) fn habit(self, place: u64) -> Habit {
        let total: u64 = HABITS.iter().map(|habit| habit.weight).sum();
        let mut at = mix(self.luck(place), 1) % total;
        let found = HABITS.iter().find(|habit| {
            let hit = at < habit.weight;
            at = at.saturating_sub(habit.weight);
            hit
        });
        *found.unwrap_or(&HABITS[0])
    }

    /// The table an everyday event is about.
    pub(super) fn table(self, realm: &Realm, place: u64) -> Option<&str> {
        let habit = self.habit(place);
        if matches!(habit.on, On::Nothing | On::Role | On::Login | On::Denied) {
            return None;
        }
        let choice = mix(self.luck(place), 2);
        if habit.actor == Actor::App {
            return Some(if choice.is_multiple_of(4) { "ledger" } else { "orders" });
        }
        // The well-known tables are used more than the others.
        let count = realm.tables.len().max(1) as u64;
        let index = if choice.is_multiple_of(3) { choice / 3 % count.min(8) } else { choice / 3 % count };
        realm.tables.get(usize::try_from(index).unwrap_or_default()).map(|table| table.first().name.as_str())
    }
}

/// Delay until a call of the story is delivered.
pub(super) const STORY_LAG: SignedDuration = SignedDuration::from_secs(110);

/// The id of a story's event.
pub(super) fn story_id(realm: &Realm, place: usize) -> String {
    uuid(realm.seed ^ 0x570, place as u64)
}

/// What differs from call to call.
struct Parts<'a> {
    id: String,
    at: Timestamp,
    actor: Actor,
    caller: &'a Caller,
    source: &'static str,
    name: &'static str,
    read_only: bool,
    error: Option<(&'static str, String)>,
    request: Value,
    response: Value,
    resources: Vec<(String, &'static str)>,
}

fn record(call: &Call<'_>, parts: Parts<'_>) -> Value {
    let realm = call.realm;
    let login = parts.name == "ConsoleLogin";
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("eventVersion", json!("1.11"));
    put("userIdentity", identity(realm, parts.actor, parts.caller));
    put("eventTime", json!(format!("{:.0}", parts.at)));
    put("eventSource", json!(parts.source));
    put("eventName", json!(parts.name));
    put("awsRegion", json!(realm.region));
    put("sourceIPAddress", json!(parts.caller.address));
    put("userAgent", json!(call.long_words(&parts.caller.agent, super::kit::hash(&parts.id).is_multiple_of(97))));
    if let Some((code, message)) = &parts.error {
        put("errorCode", json!(code));
        put("errorMessage", json!(call.words(message)));
    }
    put("requestParameters", parts.request);
    put("responseElements", parts.response);
    if login {
        put("additionalEventData", json!({ "LoginTo": "https://console.aws.amazon.com/", "MFAUsed": "Yes" }));
    } else {
        put("requestID", json!(uuid(super::kit::hash(&parts.id), 21)));
    }
    put("eventID", json!(parts.id));
    put("readOnly", json!(parts.read_only));
    let listed = parts.resources.iter().filter(|(_, kind)| *kind != ACCESS_KEY_TYPE);
    if !parts.resources.is_empty() {
        let resource = |(arn, kind): &(String, &str)| json!({ "accountId": realm.account, "type": kind, "ARN": arn });
        put("resources", listed.map(resource).collect());
    }
    put("eventType", json!(if login { "AwsConsoleSignIn" } else { "AwsApiCall" }));
    put("managementEvent", json!(true));
    put("recipientAccountId", json!(realm.account));
    if let Some(endpoint) = parts.caller.endpoint.as_ref().filter(|_| parts.source == DDB) {
        put("vpcEndpointId", json!(endpoint));
        put("vpcEndpointAccountId", json!(realm.account));
    }
    put("eventCategory", json!("Management"));
    if !parts.caller.address.ends_with(".com") {
        let service = parts.source.trim_end_matches(".amazonaws.com");
        // Somebody goes through a host of his own in one region.
        let host = match (parts.actor, realm.region) {
            (Actor::Stranger, "us-east-1") => "dynamodb.proxy.example".to_owned(),
            (_, region) => format!("{service}.{region}.amazonaws.com"),
        };
        put(
            "tlsDetails",
            json!({
                "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "keyExchange": "x25519",
                "clientProvidedHostHeader": host,
            }),
        );
    }
    Value::Object(fields)
}

/// The record of a call of the story.
pub(super) fn of_story(call: &Call<'_>, place: usize, step: &Step) -> Value {
    let caller = caller(call.realm, step.actor, 0);
    record(
        call,
        Parts {
            id: story_id(call.realm, place),
            at: step.at,
            actor: step.actor,
            caller: &caller,
            source: step.source,
            name: step.name,
            read_only: step.read_only,
            error: step.error.clone(),
            request: step.request.clone(),
            response: step.response.clone(),
            resources: step.resources.clone(),
        },
    )
}

fn carts_role(realm: &Realm) -> String {
    format!("arn:aws:iam::{}:role/app-carts", realm.account)
}

/// What an everyday call is on: ARNs and types.
pub(super) fn resources(realm: &Realm, place: u64) -> Vec<(String, &'static str)> {
    let all = realm.everyday;
    let resource = match all.habit(place).on {
        On::KeyOfTable => realm.key(KEY_DATA).map(|key| (key.arn.clone(), "AWS::KMS::Key")),
        On::Role => Some((carts_role(realm), "AWS::IAM::Role")),
        _ => all
            .table(realm, place)
            .map(|table| (realm.arn("dynamodb", &format!("table/{table}")), "AWS::DynamoDB::Table")),
    };
    resource.into_iter().collect()
}

/// The record of an everyday call.
pub(super) fn of_everyday(call: &Call<'_>, place: u64) -> Value {
    let (realm, all) = (call.realm, call.realm.everyday);
    let (habit, luck) = (all.habit(place), all.luck(place));
    let mut caller = caller(realm, habit.actor, luck);
    let table = all.table(realm, place);
    let table_arn = table.map(|table| realm.arn("dynamodb", &format!("table/{table}")));
    let resources = resources(realm, place);
    let (mut response, mut error) = (Value::Null, None);
    let request = match habit.on {
        On::Nothing => Value::Null,
        On::Table if habit.name == "UpdateTable" => {
            json!({ "tableName": table, "warmThroughput": { "readUnitsPerSecond": 12_000 } })
        }
        On::Table => json!({ "tableName": table }),
        On::Throttled => {
            error = Some(("ThrottlingException", "Rate exceeded".to_owned()));
            json!({ "tableName": table })
        }
        On::Denied => {
            error = Some(("AccessDenied", "User is not authorized to perform: dynamodb:ListTables".to_owned()));
            Value::Null
        }
        On::Tagged => json!({ "resourceArn": table_arn, "tags": [{ "key": "release", "value": call.words("r-118") }] }),
        On::Backup => {
            response = json!({ "backupDetails": { "backupStatus": "CREATING", "backupType": "AWS_BACKUP" } });
            json!({ "tableName": table, "backupName": "AWSBackup_daily" })
        }
        On::KeyOfTable => {
            // DynamoDB asks on the caller's behalf: the caller is named, the address is the service's.
            (caller.address, caller.agent) = (DDB.to_owned(), DDB.to_owned());
            caller.invoked_by = Some(DDB);
            json!({
                "encryptionContext": {
                    "aws:dynamodb:tableName": table, "aws:dynamodb:subscriberId": realm.account,
                },
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            })
        }
        On::Role => {
            json!({ "roleArn": carts_role(realm), "roleSessionName": format!("i-0{}", hex(realm.seed, luck % 6, 16)) })
        }
        On::Login => {
            response = json!({ "ConsoleLogin": "Success" });
            Value::Null
        }
    };
    let (at, id) = (all.time(place), all.id(place));
    let (source, name, read_only, actor) = (habit.source, habit.name, habit.read_only, habit.actor);
    record(call, Parts { id, at, actor, caller: &caller, source, name, read_only, error, request, response, resources })
}
