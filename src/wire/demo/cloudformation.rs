//! CloudFormation: stacks and the drift that their last checks found.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::kit::{iso, page_of, uuid};
use super::story;
use super::world::{DATA, PROD, Realm, Timed};
use crate::wire::protocol::Refusal;

const INVALID: &str = "ValidationError";
const TABLE: &str = "AWS::DynamoDB::Table";

/// A stack as its last drift check left it.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub name: String,
    id: String,
    created: Timestamp,
    about: &'static str,
    /// When the drift of all its resources was last checked.
    checked: Option<Timestamp>,
    resources: Vec<Resource>,
}

#[derive(Debug, Clone)]
struct Resource {
    logical: String,
    physical: String,
    kind: &'static str,
    drift: &'static str,
    differences: Vec<Difference>,
}

/// Property, what the template says, what is, and the kind of difference.
type Difference = (&'static str, String, String, &'static str);

/// The stacks of a realm, by name.
pub(super) fn build(realm: &Realm) -> Vec<Timed<Stack>> {
    let day = SignedDuration::from_hours(24);
    let nightly = story::night(80, 0) - day;
    let mut stacks = Vec::new();
    if (realm.account, realm.region) == (PROD, "eu-west-1") {
        stacks.extend(of_the_story(realm, nightly));
    }
    let names: Vec<&str> = realm.tables.iter().map(|table| table.first().name.as_str()).collect();
    let free: Vec<&str> = names.iter().copied().filter(|name| !["orders", "ledger"].contains(name)).collect();
    // Half of the other tables come from stacks, a dozen in each; the rest was made by hand.
    let managed: Vec<&str> = free.iter().copied().filter(|name| super::kit::hash(name).is_multiple_of(2)).collect();
    for (place, group) in managed.chunks(12).enumerate() {
        let mut stack = stack(realm, &format!("data-{place:03}"), "Tables of a team");
        stack.resources = group.iter().map(|name| resource(TABLE, name)).collect();
        stack.checked = match (place + realm.index) % 4 {
            0 | 1 => Some(nightly),
            2 => Some(nightly - day * 70),
            _ => None,
        };
        if (realm.account, place) == (DATA, 0) {
            stack.checked = Some(nightly);
            stack.resources.push(Resource { drift: "DELETED", ..resource(TABLE, "campaign-2024") });
        }
        let nightly = stack.checked == Some(nightly);
        let stack = Timed::still(stack);
        stacks.push(if nightly {
            stack.then(story::NIGHTLY_CHECK, |stack, at| stack.checked = Some(at))
        } else {
            stack
        });
    }
    stacks.sort_by(|a, b| a.first().name.cmp(&b.first().name));
    stacks
}

fn stack(realm: &Realm, name: &str, about: &'static str) -> Stack {
    let id = uuid(realm.seed ^ 0x57AC, super::kit::hash(name));
    Stack {
        name: name.to_owned(),
        id: realm.arn("cloudformation", &format!("stack/{name}/{id}")),
        created: story::END - SignedDuration::from_hours(24 * 320),
        about,
        checked: None,
        resources: Vec::new(),
    }
}

fn resource(kind: &'static str, physical: &str) -> Resource {
    let logical = physical.split(|c: char| !c.is_ascii_alphanumeric()).map(capital).collect::<String>();
    let suffix = if kind == TABLE { "Table" } else { "Resource" };
    Resource {
        logical: format!("{logical}{suffix}"),
        physical: physical.to_owned(),
        kind,
        drift: "IN_SYNC",
        differences: Vec::new(),
    }
}

fn capital(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn of_the_story(realm: &Realm, nightly: Timestamp) -> Vec<Timed<Stack>> {
    let mut orders = stack(realm, "orders-prod", "The order service");
    orders.checked = Some(nightly);
    orders.resources = vec![resource(TABLE, "orders"), resource("AWS::SNS::Topic", "order-events")];
    let mut ledger = stack(realm, "ledger-prod", "The ledger");
    ledger.checked = Some(nightly);
    ledger.resources = vec![resource(TABLE, "ledger")];
    let mut network = stack(realm, "network-prod", "VPC and endpoints");
    network.checked = Some(nightly);
    network.resources = vec![resource("AWS::EC2::VPCEndpoint", &realm.gateway_endpoint())];
    vec![
        Timed::still(orders)
            .then(story::ORDERS_CHECKED, |stack, at| {
                let recovery = "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled";
                stack.drifted(
                    at,
                    "orders",
                    &[
                        (recovery, "true".to_owned(), "false".to_owned(), "NOT_EQUAL"),
                        ("/DeletionProtectionEnabled", "true".to_owned(), "false".to_owned(), "NOT_EQUAL"),
                    ],
                );
            })
            .then(story::NIGHTLY_CHECK, |stack, at| stack.checked = Some(at)),
        Timed::still(ledger).then(story::NIGHTLY_CHECK, |stack, at| {
            let days = "/PointInTimeRecoverySpecification/RecoveryPeriodInDays";
            stack.drifted(at, "ledger", &[(days, "35".to_owned(), "1".to_owned(), "NOT_EQUAL")]);
        }),
        Timed::still(network).then(story::NIGHTLY_CHECK, |stack, at| {
            let endpoint = stack.resources.first().map(|resource| resource.physical.clone()).unwrap_or_default();
            let before = "[{\"Sid\":\"OwnTables\",\"Effect\":\"Allow\"}]".to_owned();
            let after = "[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]".to_owned();
            stack.drifted(at, &endpoint, &[("/PolicyDocument/Statement", before, after, "NOT_EQUAL")]);
        }),
    ]
}

impl Stack {
    /// A check finds one resource changed.
    fn drifted(&mut self, at: Timestamp, physical: &str, differences: &[Difference]) {
        self.checked = Some(at);
        for resource in self.resources.iter_mut().filter(|resource| resource.physical == physical) {
            resource.drift = "MODIFIED";
            resource.differences = differences.to_vec();
        }
    }

    fn drift(&self) -> &'static str {
        match self.checked {
            None => "NOT_CHECKED",
            Some(_) if self.resources.iter().any(|resource| resource.drift != "IN_SYNC") => "DRIFTED",
            Some(_) => "IN_SYNC",
        }
    }

    /// What a resource's drift is called; what CloudFormation cannot check stays unchecked.
    fn drift_of(&self, resource: &Resource) -> &'static str {
        if self.checked.is_some() { resource.drift } else { "NOT_CHECKED" }
    }
}

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    let named = call.params.text("StackName");
    call.authorize(&call.realm.arn("cloudformation", &format!("stack/{}/*", named.unwrap_or("*"))))?;
    match call.called.operation.as_str() {
        "DescribeStacks" => describe_stacks(call, named),
        "DescribeStackResources" => describe_resources(call, named),
        "ListStackResources" => list_resources(call),
        "DescribeStackResourceDrifts" => resource_drifts(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

fn find(call: &Call<'_>, name: &str) -> Result<Stack, Refusal> {
    let found = call.realm.stacks.iter().find(|stack| stack.first().name == name || stack.first().id == name);
    found.map(|stack| stack.at(call.now).into_owned()).ok_or_else(|| no_stack(name))
}

fn no_stack(name: &str) -> Refusal {
    Refusal::new(INVALID, format!("Stack with id {name} does not exist"))
}

fn describe_stacks(call: &Call<'_>, named: Option<&str>) -> Result<Value, Refusal> {
    if let Some(name) = named {
        return Ok(json!({ "Stacks": [describe(call, &find(call, name)?)] }));
    }
    let (page, next) = page_of(&call.realm.stacks, call.params.text("NextToken"), 100, INVALID)?;
    let page: Vec<Value> = page.iter().map(|stack| describe(call, &stack.at(call.now))).collect();
    Ok(json!({ "Stacks": page, "NextToken": next }))
}

fn describe(call: &Call<'_>, stack: &Stack) -> Value {
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": call.long_words(stack.about, stack.name == "orders-prod"),
        "CreationTime": iso(stack.created),
        "LastUpdatedTime": iso(stack.created + SignedDuration::from_hours(24 * 90)),
        "RollbackConfiguration": {},
        "StackStatus": "UPDATE_COMPLETE",
        "StackStatusReason": call.hostile().then(|| call.words("done")),
        "DisableRollback": false,
        "NotificationARNs": [],
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{ "Key": "team", "Value": call.words("platform") }],
        "EnableTerminationProtection": true,
        "DriftInformation": {
            "StackDriftStatus": stack.drift(),
            "LastCheckTimestamp": stack.checked.map(iso),
        },
    })
}

fn resource_information(stack: &Stack, resource: &Resource) -> Value {
    json!({
        "StackResourceDriftStatus": stack.drift_of(resource),
        "LastCheckTimestamp": stack.checked.map(iso),
    })
}

fn describe_resources(call: &Call<'_>, named: Option<&str>) -> Result<Value, Refusal> {
    let stack = match (named, call.params.text("PhysicalResourceId")) {
        (Some(name), _) => find(call, name)?,
        (None, Some(physical)) => {
            let holds =
                |stack: &&Timed<Stack>| stack.first().resources.iter().any(|resource| resource.physical == physical);
            let found = call.realm.stacks.iter().find(holds);
            let unknown = || Refusal::new(INVALID, format!("Stack for {physical} does not exist"));
            found.map(|stack| stack.at(call.now).into_owned()).ok_or_else(unknown)?
        }
        _ => return Err(Refusal::new(INVALID, "StackName or PhysicalResourceId must be specified")),
    };
    let logical = call.params.text("LogicalResourceId");
    let resources = stack.resources.iter().filter(|resource| logical.is_none_or(|wanted| wanted == resource.logical));
    // The service answers with the first hundred and says nothing of the others.
    let told = resources.take(100).map(|resource| {
        json!({
            "StackName": stack.name,
            "StackId": stack.id,
            "LogicalResourceId": resource.logical,
            "PhysicalResourceId": resource.physical,
            "ResourceType": resource.kind,
            "Timestamp": iso(stack.created),
            "ResourceStatus": "CREATE_COMPLETE",
            "Description": call.hostile().then(|| call.words("made by the template")),
            "DriftInformation": resource_information(&stack, resource),
        })
    });
    Ok(json!({ "StackResources": told.collect::<Vec<_>>() }))
}

fn list_resources(call: &Call<'_>) -> Result<Value, Refusal> {
    let stack = find(call, required(call)?)?;
    let (page, next) = page_of(&stack.resources, call.params.text("NextToken"), 100, INVALID)?;
    let told = page.iter().map(|resource| {
        json!({
            "LogicalResourceId": resource.logical,
            "PhysicalResourceId": resource.physical,
            "ResourceType": resource.kind,
            "LastUpdatedTimestamp": iso(stack.created),
            "ResourceStatus": "CREATE_COMPLETE",
            "DriftInformation": resource_information(&stack, resource),
        })
    });
    Ok(json!({ "StackResourceSummaries": told.collect::<Vec<_>>(), "NextToken": next }))
}

fn required<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    call.params.text("StackName").ok_or_else(|| {
        Refusal::new(
            INVALID,
            "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null",
        )
    })
}

fn resource_drifts(call: &Call<'_>) -> Result<Value, Refusal> {
    let stack = find(call, required(call)?)?;
    let size = call.params.page("MaxResults", (100, 100), INVALID)?;
    let wanted = call.params.texts("StackResourceDriftStatusFilters");
    let mut told = Vec::new();
    for resource in stack.resources.iter().filter(|resource| wanted.is_empty() || wanted.contains(&resource.drift)) {
        // Only what a check looked at has a drift to tell.
        let Some(checked) = stack.checked else { break };
        let differences = resource.differences.iter().map(|(path, expected, actual, kind)| {
            json!({
                "PropertyPath": path,
                "ExpectedValue": expected,
                "ActualValue": if call.hostile() { call.long_words(actual, true) } else { actual.clone() },
                "DifferenceType": kind,
            })
        });
        told.push(json!({
            "StackId": stack.id,
            "LogicalResourceId": resource.logical,
            "PhysicalResourceId": resource.physical,
            "ResourceType": resource.kind,
            "ExpectedProperties": properties(resource, false),
            "ActualProperties": (resource.drift != "DELETED").then(|| properties(resource, true)),
            "PropertyDifferences": differences.collect::<Vec<_>>(),
            "StackResourceDriftStatus": resource.drift,
            "Timestamp": iso(checked),
        }));
    }
    let (page, next) = page_of(&told, call.params.text("NextToken"), size, INVALID)?;
    Ok(json!({ "StackResourceDrifts": page, "NextToken": next }))
}

/// The resource's properties as JSON text: those that differ, and its name.
fn properties(resource: &Resource, actual: bool) -> String {
    let mut all = json!({});
    if resource.kind == TABLE {
        super::kit::put(&mut all, "/TableName", json!(resource.physical));
    }
    for (path, expected, now, _) in &resource.differences {
        let text = if actual { now } else { expected };
        let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        super::kit::put(&mut all, path, value);
    }
    all.to_string()
}
