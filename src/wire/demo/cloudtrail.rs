//! CloudTrail: trails, and the search for events.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::actors::{Actor, caller};
use super::events::{self, Event};
use super::kit::{epoch, mix, trim};
use super::story;
use super::world::{DATA, KEY_DATA, PROD};
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "DescribeTrails" => {
            Ok(json!({ "trailList": trails(call).map(|trail| trail.describe(call)).collect::<Vec<_>>() }))
        }
        "GetTrailStatus" => named(call, "Name").map(|trail| trail.status(call)),
        "GetEventSelectors" => named(call, "TrailName").map(|trail| trail.selectors(call)),
        "GetInsightSelectors" => named(call, "TrailName").and_then(Trail::insights),
        "LookupEvents" => lookup(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// A trail: its name, account, home, whether it covers all regions, and the tables whose items it records.
#[derive(Debug, Clone, Copy)]
struct Trail {
    name: &'static str,
    account: &'static str,
    home: &'static str,
    everywhere: bool,
    items: Items,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    /// Reads and writes of every table but one.
    AllBut(&'static str),
    /// Writes of tables whose name begins so.
    WritesOf(&'static str),
    /// Reads and writes of the first tables of the region, by a basic selector.
    First(usize),
    /// None.
    None,
}

const TRAILS: [Trail; 4] = [
    Trail { name: "org-main", account: PROD, home: "eu-west-1", everywhere: true, items: Items::AllBut("payroll") },
    Trail {
        name: "ledger-writes",
        account: PROD,
        home: "eu-west-1",
        everywhere: false,
        items: Items::WritesOf("ledger"),
    },
    Trail { name: "items", account: PROD, home: "us-east-1", everywhere: false, items: Items::First(20) },
    Trail { name: "data-main", account: DATA, home: "eu-west-1", everywhere: true, items: Items::None },
];

fn trails(call: &Call<'_>) -> impl Iterator<Item = &'static Trail> {
    let (account, region) = (call.realm.account, call.realm.region);
    let wanted: Vec<String> = call.params.texts("trailNameList").into_iter().map(str::to_owned).collect();
    TRAILS
        .iter()
        .filter(move |trail| trail.account == account && (trail.everywhere || trail.home == region))
        .filter(move |trail| wanted.is_empty() || wanted.iter().any(|name| trail.is(name)))
}

fn named(call: &Call<'_>, parameter: &str) -> Result<&'static Trail, Refusal> {
    let name = call.params.required(parameter)?;
    let unknown = || {
        let message = format!("Unknown trail: {name} for the user: {}", call.realm.account);
        Refusal::new("TrailNotFoundException", message)
    };
    // A shadow of a trail is known by its ARN alone outside its home region.
    let found =
        TRAILS.iter().find(|trail| trail.account == call.realm.account && trail.is(name)).ok_or_else(unknown)?;
    if found.home == call.realm.region || name.starts_with("arn:") { Ok(found) } else { Err(unknown()) }
}

impl Trail {
    fn is(&self, name: &str) -> bool {
        name == self.name || name == self.arn()
    }

    fn arn(&self) -> String {
        format!("arn:aws:cloudtrail:{}:{}:trail/{}", self.home, self.account, self.name)
    }

    fn describe(&self, call: &Call<'_>) -> Value {
        trim(json!({
            "Name": self.name,
            "S3BucketName": format!("trail-{}", self.account),
            "KmsKeyId": (self.name == "org-main").then(|| {
                let home = call.world.realms.iter().find(|of| of.account == self.account && of.region == self.home);
                home.and_then(|realm| realm.key(KEY_DATA)).map(|key| key.arn.clone())
            }),
            "S3KeyPrefix": call.words("logs"),
            "CloudWatchLogsLogGroupArn": matches!(self.name, "org-main" | "ledger-writes").then(|| {
                format!("arn:aws:logs:{}:{}:log-group:trail/{}:*", self.home, self.account, self.name)
            }),
            "IncludeGlobalServiceEvents": self.everywhere,
            "IsMultiRegionTrail": self.everywhere,
            "HomeRegion": self.home,
            "TrailARN": self.arn(),
            "LogFileValidationEnabled": self.account == PROD,
            "HasCustomEventSelectors": self.items != Items::None,
            "HasInsightSelectors": self.name == "org-main",
            "IsOrganizationTrail": false,
        }))
    }

    fn status(&self, call: &Call<'_>) -> Value {
        let stopped = (self.name == "org-main" && call.now >= story::TRAIL_STOPPED).then_some(story::TRAIL_STOPPED);
        let delivered = stopped.unwrap_or(call.now) - SignedDuration::from_secs(140);
        let started = story::night(0, 0) - SignedDuration::from_hours(24 * 400);
        let said = |at: Timestamp| format!("{at:.0}");
        trim(json!({
            "IsLogging": stopped.is_none(),
            "LatestDeliveryTime": epoch(delivered),
            // Its bucket's policy was tightened by somebody who did not think of it.
            "LatestDeliveryError": (self.name == "items").then_some("AccessDenied"),
            "LatestDigestDeliveryTime": (self.account == PROD).then(|| epoch(delivered)),
            "StartLoggingTime": epoch(started),
            "StopLoggingTime": stopped.map(epoch),
            "LatestDeliveryAttemptTime": said(delivered),
            "LatestDeliveryAttemptSucceeded": said(delivered),
            "LatestNotificationAttemptTime": "",
            "LatestNotificationAttemptSucceeded": "",
            "TimeLoggingStarted": said(started),
            "TimeLoggingStopped": stopped.map_or_else(String::new, said),
        }))
    }

    /// What it watches for; that Insights is off is an error of its own.
    fn insights(&self) -> Result<Value, Refusal> {
        if self.name != "org-main" {
            let message = format!("Trail {} does not have Insights enabled.", self.arn());
            return Err(Refusal::new("InsightNotEnabledException", message));
        }
        let kinds = ["ApiCallRateInsight", "ApiErrorRateInsight"].map(|kind| json!({ "InsightType": kind }));
        Ok(json!({ "TrailARN": self.arn(), "InsightSelectors": kinds }))
    }

    fn selectors(&self, call: &Call<'_>) -> Value {
        let field = |name: &str, operator: &str, value: &str| json!({ "Field": name, operator: [value] });
        let management = json!({
            "Name": call.words("management events"),
            "FieldSelectors": [field("eventCategory", "Equals", "Management")],
        });
        let data = |mut more: Vec<Value>| {
            let mut fields = vec![
                field("eventCategory", "Equals", "Data"),
                field("resources.type", "Equals", "AWS::DynamoDB::Table"),
            ];
            fields.append(&mut more);
            json!({ "Name": call.words("items of tables"), "FieldSelectors": fields })
        };
        let arn = self.arn();
        match self.items {
            Items::AllBut(table) => {
                let beyond = format!("arn:aws:dynamodb:us-east-1:{}:table/{table}", self.account);
                let but = vec![field("resources.ARN", "NotStartsWith", &beyond)];
                json!({ "TrailARN": arn, "AdvancedEventSelectors": [management, data(but)] })
            }
            Items::WritesOf(table) => {
                let only = format!("arn:aws:dynamodb:{}:{}:table/{table}", self.home, self.account);
                let but = vec![field("readOnly", "Equals", "false"), field("resources.ARN", "StartsWith", &only)];
                let refusals = json!({
                    "Name": call.words("refusals of endpoints"),
                    "FieldSelectors": [
                        field("eventCategory", "Equals", "NetworkActivity"),
                        field("eventSource", "Equals", "dynamodb.amazonaws.com"),
                        field("errorCode", "Equals", "VpceAccessDenied"),
                    ],
                });
                json!({ "TrailARN": arn, "AdvancedEventSelectors": [data(but), refusals] })
            }
            Items::First(count) => {
                let tables =
                    call.world.realms.iter().find(|realm| realm.region == self.home).map(|realm| &realm.tables);
                let arns = tables.into_iter().flatten().map(|table| table.first().arn.as_str());
                let values: Vec<&str> = arns.filter(|arn| !arn.ends_with("/payroll")).take(count).collect();
                basic(&arn, &[json!({ "Type": "AWS::DynamoDB::Table", "Values": values })], None)
            }
            // Somebody found the events of KMS too many.
            Items::None => basic(&arn, &[], Some(&["kms.amazonaws.com"])),
        }
    }
}

/// A basic selector; `excluded` are the sources left out of its management events, if it records those.
fn basic(arn: &str, data: &[Value], excluded: Option<&[&str]>) -> Value {
    json!({
        "TrailARN": arn,
        "EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": excluded.is_some(),
            "DataResources": data,
            "ExcludeManagementEventSources": excluded.unwrap_or_default(),
        }],
    })
}

/// The one attribute that the service honours.
struct Wanted<'a> {
    key: &'a str,
    value: &'a str,
}

fn lookup(call: &Call<'_>) -> Result<Value, Refusal> {
    let size = call.params.page("MaxResults", (50, 50), "InvalidMaxResultsException")?;
    let time = |name: &str| {
        let seconds = call.params.0.get(name).and_then(Value::as_f64)?;
        Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
    };
    let since = time("StartTime").unwrap_or(call.now - SignedDuration::from_hours(24 * 90));
    let until = time("EndTime").unwrap_or(call.now).min(call.now);
    if time("StartTime").zip(time("EndTime")).is_some_and(|(since, until)| since > until) {
        let message = "The start time must be before the end time.";
        return Err(Refusal::new("InvalidTimeRangeException", message));
    }
    let first = call.params.0.get("LookupAttributes").and_then(|all| all.get(0));
    let text = |name: &str| first.and_then(|first| first.get(name)).and_then(Value::as_str);
    let wanted = text("AttributeKey").zip(text("AttributeValue")).map(|(key, value)| Wanted { key, value });
    let all = call.realm.everyday;
    // Both lists are walked from their newest end down; a token holds how far each walk has come.
    let (mut everyday, mut told) = match call.params.text("NextToken") {
        Some(token) => parse_token(token).ok_or_else(|| {
            Refusal::new("InvalidNextTokenException", "The specified NextToken is invalid or has expired.")
        })?,
        None => (all.place(until + SignedDuration::from_millis(1)), call.realm.steps.len()),
    };
    let mut found = Vec::new();
    while found.len() < size {
        let Some(event) = older(call, since, &mut everyday, &mut told) else { break };
        if is_delivered(call, &event, until) && wanted.as_ref().is_none_or(|wanted| matches(call, &event, wanted)) {
            found.push(tell(call, &event));
        }
    }
    let more = older(call, since, &mut everyday.clone(), &mut told.clone()).is_some();
    let token = (found.len() == size && more).then(|| token(everyday, told));
    Ok(trim(json!({ "Events": found, "NextToken": token })))
}

/// The newest event below both marks, taken off the list it stands on.
fn older(call: &Call<'_>, since: Timestamp, everyday: &mut u64, told: &mut usize) -> Option<Event> {
    let all = call.realm.everyday;
    let daily = everyday.checked_sub(1).map(|place| (all.time(place), place)).filter(|(at, _)| *at >= since);
    let story = told.checked_sub(1).and_then(|place| Some((call.realm.steps.get(place)?.at, place)));
    let story = story.filter(|(at, _)| *at >= since);
    match (daily, story) {
        (Some((at, place)), other) if other.is_none_or(|(other, _)| other <= at) => {
            *everyday = place;
            Some(Event::Everyday(place))
        }
        (_, Some((_, place))) => {
            *told = place;
            Some(Event::Story(place))
        }
        _ => None,
    }
}

fn is_delivered(call: &Call<'_>, event: &Event, until: Timestamp) -> bool {
    match *event {
        Event::Everyday(place) => call.realm.everyday.delivered(place, call.now),
        Event::Story(place) => {
            call.realm.steps.get(place).is_some_and(|step| step.at <= until && step.at + events::STORY_LAG <= call.now)
        }
    }
}

fn matches(call: &Call<'_>, event: &Event, wanted: &Wanted<'_>) -> bool {
    let (realm, all) = (call.realm, call.realm.everyday);
    let (name, source, read_only, actor, luck) = match *event {
        Event::Everyday(place) => {
            let habit = all.habit(place);
            (habit.name, habit.source, habit.read_only, habit.actor, all.luck(place))
        }
        Event::Story(place) => match realm.steps.get(place) {
            Some(step) => (step.name, step.source, step.read_only, step.actor, 0),
            None => return false,
        },
    };
    match wanted.key {
        "EventName" => wanted.value == name,
        "EventSource" => wanted.value == source,
        "ReadOnly" => wanted.value == if read_only { "true" } else { "false" },
        "EventId" => match *event {
            Event::Everyday(place) => all.id(place) == wanted.value,
            Event::Story(place) => events::story_id(realm, place) == wanted.value,
        },
        "AccessKeyId" => actor != Actor::Ec2 && caller(realm, actor, luck).access_key == wanted.value,
        "Username" => actor != Actor::Ec2 && caller(realm, actor, luck).session == wanted.value,
        "ResourceName" | "ResourceType" => {
            let resources = match *event {
                Event::Everyday(place) => events::resources(realm, place),
                Event::Story(place) => realm.steps.get(place).map(|step| step.resources.clone()).unwrap_or_default(),
            };
            resources.iter().any(|(arn, kind)| match wanted.key {
                "ResourceType" => *kind == wanted.value,
                _ => arn == wanted.value || arn.split_once(":table/").is_some_and(|(_, name)| name == wanted.value),
            })
        }
        _ => false,
    }
}

/// An event as the search answers it: a few fields, and the record as text.
fn tell(call: &Call<'_>, event: &Event) -> Value {
    let (record, at) = match *event {
        Event::Everyday(place) => (events::of_everyday(call, place), call.realm.everyday.time(place)),
        Event::Story(place) => match call.realm.steps.get(place) {
            Some(step) => (events::of_story(call, place, step), step.at),
            None => (Value::Null, call.now),
        },
    };
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let user = text("/userIdentity/arn").and_then(|arn| arn.rsplit('/').next());
    let mut resources = Vec::new();
    for resource in record.get("resources").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, arn) = (part("type"), part("ARN"));
        resources.push(json!({ "ResourceType": kind, "ResourceName": arn }));
        // Tables are found by name, too.
        if let Some((_, name)) = arn.split_once(":table/") {
            resources.push(json!({ "ResourceType": kind, "ResourceName": name }));
        }
    }
    let read_only = record.get("readOnly").and_then(Value::as_bool).unwrap_or_default();
    trim(json!({
        "EventId": text("/eventID"),
        "EventName": text("/eventName"),
        "ReadOnly": if read_only { "true" } else { "false" },
        "AccessKeyId": text("/userIdentity/accessKeyId"),
        "EventTime": epoch(Timestamp::from_second(at.as_second()).unwrap_or(at)),
        "EventSource": text("/eventSource"),
        "Username": user,
        "Resources": resources,
        "CloudTrailEvent": record.to_string(),
    }))
}

fn token(everyday: u64, told: usize) -> String {
    let sum = mix(everyday, told as u64) & 0xFFFF_FFFF;
    format!("kbOt5LlZe+{everyday:x}+{told:x}+{sum:08x}")
}

fn parse_token(text: &str) -> Option<(u64, usize)> {
    let mut parts = text.strip_prefix("kbOt5LlZe+")?.split('+');
    let everyday = u64::from_str_radix(parts.next()?, 16).ok()?;
    let told = usize::from_str_radix(parts.next()?, 16).ok()?;
    (token(everyday, told) == text).then_some((everyday, told))
}
