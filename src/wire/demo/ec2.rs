//! EC2: VPCs and what leads from them to DynamoDB.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Call;
use super::kit::{hex, iso, page_of};
use super::world::{DATA, PROD, Realm};
use super::{edges, settings, story};
use crate::wire::protocol::Refusal;

const INVALID: &str = "InvalidParameterValue";

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "DescribeRegions" => Ok(regions(call)),
        "DescribeVpcs" => list(call, ("vpcSet", "VpcId", "vpcId", 1000), vpcs(call)),
        "DescribeVpcEndpoints" => {
            list(call, ("vpcEndpointSet", "VpcEndpointId", "vpcEndpointId", 1000), endpoints(call))
        }
        "DescribeRouteTables" => list(call, ("routeTableSet", "RouteTableId", "routeTableId", 100), route_tables(call)),
        "DescribeSubnets" => list(call, ("subnetSet", "SubnetId", "subnetId", 1000), subnets(call)),
        "DescribeNetworkInterfaces" => {
            list(call, ("networkInterfaceSet", "NetworkInterfaceId", "networkInterfaceId", 1000), interfaces(call))
        }
        "DescribeSecurityGroups" => {
            list(call, ("securityGroupInfo", "GroupId", "groupId", 1000), settings::security_groups(call))
        }
        "DescribeNetworkAcls" => {
            let subnets = |place: u64| [1, 2].map(|zone| id(call, "subnet", place * 10 + zone));
            let vpc = |(place, net): (u64, Net)| (id(call, "vpc", place), format!("10.{}", net.block), subnets(place));
            let vpcs: Vec<_> = (0..).zip(nets(call.realm)).map(vpc).collect();
            list(call, ("networkAclSet", "NetworkAclId", "networkAclId", 1000), edges::lists(call, &vpcs))
        }
        "DescribePrefixLists" => {
            let lists = edges::prefixes(call, &id(call, "pl", 0));
            list(call, ("prefixListSet", "PrefixListId", "prefixListId", 1000), lists)
        }
        "DescribeFlowLogs" => {
            let vpcs: Vec<String> =
                endpoints(call).iter().filter_map(|endpoint| text(endpoint, "vpcId").map(str::to_owned)).collect();
            let vpcs: Vec<String> = std::collections::BTreeSet::from_iter(vpcs).into_iter().collect();
            list(call, ("flowLogSet", "FlowLogId", "flowLogId", 1000), settings::flow_logs(call, &vpcs))
        }
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// The security groups of interface endpoints: id, and whether they let everybody in.
pub(super) fn endpoint_groups(call: &Call<'_>) -> Vec<(String, bool)> {
    vec![(id(call, "sg", 1), false)]
}

fn regions(call: &Call<'_>) -> Value {
    let realms = call.world.realms.iter().filter(|realm| realm.account == call.realm.account);
    let region = |realm: &Realm| {
        json!({
            "regionName": realm.region,
            "regionEndpoint": format!("ec2.{}.amazonaws.com", realm.region),
            "optInStatus": "opt-in-not-required",
        })
    };
    json!({ "regionInfo": realms.map(region).collect::<Vec<_>>() })
}

/// A page of things, by ids and filters.
fn list(
    call: &Call<'_>,
    (set, parameter, id, max): (&str, &str, &str, usize),
    mut all: Vec<Value>,
) -> Result<Value, Refusal> {
    let size = match call.params.number("MaxResults") {
        None => max,
        Some(asked) => usize::try_from(asked).ok().filter(|asked| (5..=max).contains(asked)).ok_or_else(|| {
            let words = format!(
                "Value ( {asked} ) for parameter maxResults is invalid. Expecting a value between 5 and {max}."
            );
            Refusal::new(INVALID, words)
        })?,
    };
    let wanted = call.params.texts(parameter);
    if let Some(unknown) = wanted.iter().find(|wanted| !all.iter().any(|one| text(one, id) == Some(wanted))) {
        let kind = parameter.trim_end_matches("Id");
        return Err(Refusal::new(format!("Invalid{kind}ID.NotFound"), format!("The ID '{unknown}' does not exist")));
    }
    all.retain(|one| wanted.is_empty() || text(one, id).is_some_and(|id| wanted.contains(&id)));
    for place in 1.. {
        let Some(name) = call.params.text(&format!("Filter.{place}.Name")) else { break };
        let values = call.params.texts(&format!("Filter.{place}.Value"));
        let member = match name {
            "vpc-id" => "vpcId",
            "subnet-id" => "subnetId",
            "service-name" => "serviceName",
            "vpc-endpoint-id" => "vpcEndpointId",
            "vpc-endpoint-type" => "vpcEndpointType",
            "vpc-endpoint-state" | "state" => "state",
            "interface-type" => "interfaceType",
            _ => return Err(Refusal::new(INVALID, format!("The filter '{name}' is invalid"))),
        };
        all.retain(|one| text(one, member).is_some_and(|value| values.contains(&value)));
    }
    let (page, next) = page_of(&all, call.params.text("NextToken"), size, "InvalidNextToken")?;
    Ok(json!({ set: page, "nextToken": next }))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn id(call: &Call<'_>, kind: &str, place: u64) -> String {
    format!("{kind}-0{}", hex(call.realm.seed ^ 0x6E7, place, 16))
}

fn tags(call: &Call<'_>, name: &str) -> Value {
    json!([{ "key": "Name", "value": call.words(name) }, { "key": "env", "value": call.words("prod") }])
}

/// Tags of a subnet: in two regions somebody wrote down which zone those behind the endpoint are of, in one of them of
/// the others as well.
fn zoned(call: &Call<'_>, name: &str, inner: bool) -> Value {
    let mut tags = tags(call, name);
    let zone = match (call.realm.index, inner) {
        (2 | 3, true) => "restricted",
        (2, false) => "public",
        _ => return tags,
    };
    if let Some(list) = tags.as_array_mut() {
        list.push(json!({ "key": "zone", "value": zone }));
    }
    tags
}

/// A VPC of a realm: its name, its block, and what it holds.
struct Net {
    name: &'static str,
    block: u8,
    default: bool,
    hosts: bool,
    endpoint: Option<Gateway>,
}

/// How a VPC's gateway endpoint stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gateway {
    /// Its policy names tables of this account.
    Fenced,
    /// Its policy is AWS's default.
    Open,
    /// Still being made.
    Pending,
}

/// VPCs by place: the ids follow from it.
fn nets(realm: &Realm) -> Vec<Net> {
    let main = |endpoint| Net { name: "main", block: 20, default: false, hosts: true, endpoint };
    let batch = Net { name: "batch", block: 40, default: false, hosts: true, endpoint: None };
    let default = Net { name: "default", block: 31, default: true, hosts: false, endpoint: None };
    match (realm.account, realm.region) {
        (PROD, "eu-west-1") => vec![main(Some(Gateway::Fenced)), batch, default],
        (PROD, _) => vec![main(Some(Gateway::Open)), default],
        (DATA, "eu-west-1") => vec![main(Some(Gateway::Fenced)), default],
        (DATA, "us-east-1") => vec![main(Some(Gateway::Pending))],
        _ => vec![Net { name: "sandbox", ..batch }],
    }
}

fn vpcs(call: &Call<'_>) -> Vec<Value> {
    let vpc = |(place, net): (u64, Net)| {
        json!({
            "ownerId": call.realm.account,
            "instanceTenancy": "default",
            "isDefault": net.default,
            "tagSet": tags(call, net.name),
            "vpcId": id(call, "vpc", place),
            "state": "available",
            "cidrBlock": format!("10.{}.0.0/16", net.block),
            "dhcpOptionsId": id(call, "dopt", 0),
        })
    };
    (0..).zip(nets(call.realm)).map(vpc).collect()
}

fn endpoints(call: &Call<'_>) -> Vec<Value> {
    let realm = call.realm;
    let mut all = Vec::new();
    for (place, net) in (0..).zip(nets(realm)) {
        let Some(gateway) = net.endpoint else { continue };
        let (name, vpc) = (realm.gateway_endpoint(), id(call, "vpc", place));
        let widened = realm.index == 0 && call.now >= story::ENDPOINT_WIDENED;
        let open = gateway == Gateway::Open || widened;
        let policy = match gateway {
            _ if open => story::OPEN_POLICY.to_owned(),
            Gateway::Pending => indexes_alone(realm),
            _ => fenced(realm),
        };
        let state = if gateway == Gateway::Pending { "pending" } else { "available" };
        let table = id(call, "rtb", place * 10 + 1);
        let base = Common { id: &name, vpc: &vpc, service: "dynamodb", state, policy };
        let mut endpoint = base.value(call, "Gateway");
        set(&mut endpoint, "routeTableIdSet", json!([table]));
        all.push(endpoint);
        if realm.index == 0 {
            let (name, s3) = (id(call, "vpce", 11), id(call, "vpce", 12));
            let base = Common { id: &name, vpc: &vpc, service: "dynamodb", state: "available", policy: lane(realm) };
            let mut endpoint = base.value(call, "Interface");
            let lane = [("Name", "payments-data"), ("domain", "payments"), ("plane", "data")];
            set(&mut endpoint, "tagSet", json!(lane.map(|(key, value)| json!({ "key": key, "value": value }))));
            set(&mut endpoint, "subnetIdSet", json!([id(call, "subnet", place * 10 + 1)]));
            set(&mut endpoint, "groupSet", json!([{ "groupId": id(call, "sg", 1), "groupName": call.words("vpce") }]));
            set(&mut endpoint, "networkInterfaceIdSet", json!([id(call, "eni", place * 10 + 3)]));
            all.push(endpoint);
            let policy = story::OPEN_POLICY.to_owned();
            let base = Common { id: &s3, vpc: &vpc, service: "s3", state: "available", policy };
            let mut endpoint = base.value(call, "Gateway");
            set(&mut endpoint, "routeTableIdSet", json!([table]));
            all.push(endpoint);
        }
        if realm.index == 2 {
            let name = id(call, "vpce", 13);
            let base = Common { id: &name, vpc: &vpc, service: "dynamodb", state: "available", policy: fenced(realm) };
            let mut endpoint = base.value(call, "Interface");
            let subnets = [1, 2].map(|subnet| id(call, "subnet", place * 10 + subnet));
            set(&mut endpoint, "subnetIdSet", json!(subnets));
            set(&mut endpoint, "groupSet", json!([{ "groupId": id(call, "sg", 1), "groupName": call.words("vpce") }]));
            all.push(endpoint);
        }
    }
    all
}

fn set(value: &mut Value, name: &str, member: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), member);
    }
}

/// What gateway and interface endpoints share.
struct Common<'a> {
    id: &'a str,
    vpc: &'a str,
    service: &'a str,
    state: &'a str,
    policy: String,
}

impl Common<'_> {
    fn value(&self, call: &Call<'_>, kind: &str) -> Value {
        json!({
            "vpcEndpointId": self.id,
            "vpcEndpointType": kind,
            "vpcId": self.vpc,
            "serviceName": format!("com.amazonaws.{}.{}", call.realm.region, self.service),
            "state": self.state,
            "policyDocument": self.policy,
            "routeTableIdSet": [],
            "subnetIdSet": [],
            "groupSet": [],
            "privateDnsEnabled": false,
            "requesterManaged": false,
            "networkInterfaceIdSet": [],
            "dnsEntrySet": [],
            "creationTimestamp": iso(story::END - SignedDuration::from_hours(24 * 500)),
            "tagSet": tags(call, self.service),
            "ownerId": call.realm.account,
        })
    }
}

/// A policy that lets this account's roles reach this account's tables.
fn fenced(realm: &Realm) -> String {
    let tables = realm.arn("dynamodb", "table/*");
    let mut actions = vec!["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"];
    if realm.account == DATA {
        // A deployment once ran from in here.
        actions.push("dynamodb:UpdateTable");
    }
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OwnTables",
            "Effect": "Allow",
            "Principal": "*",
            "Action": actions,
            "Resource": tables,
            "Condition": { "StringEquals": { "aws:PrincipalAccount": realm.account } },
        }],
    })
    .to_string()
}

/// A lane: the tables of one domain, their items alone, for this account's roles.
fn lane(realm: &Realm) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Payments",
            "Effect": "Allow",
            "Principal": "*",
            "Action": [
                "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
            ],
            "Resource": [realm.arn("dynamodb", "table/orders"), realm.arn("dynamodb", "table/ledger")],
            "Condition": { "StringEquals": { "aws:PrincipalAccount": realm.account } },
        }],
    })
    .to_string()
}

/// A policy as a widely read article shows it: writes on indexes, which have none.
fn indexes_alone(realm: &Realm) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "DataPlane",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            "Resource": realm.arn("dynamodb", "table/*/index/*"),
        }],
    })
    .to_string()
}

fn subnets(call: &Call<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (place, net) in (0..).zip(nets(call.realm)) {
        for zone in 1..=2_u64 {
            all.push(json!({
                "subnetId": id(call, "subnet", place * 10 + zone),
                "state": "available",
                "vpcId": id(call, "vpc", place),
                "cidrBlock": format!("10.{}.{zone}.0/24", net.block),
                "availableIpAddressCount": 240,
                "availabilityZone": format!("{}{}", call.realm.region, if zone == 1 { 'a' } else { 'b' }),
                "defaultForAz": net.default,
                "mapPublicIpOnLaunch": net.default,
                "ownerId": call.realm.account,
                "tagSet": zoned(call, net.name, zone == 1),
            }));
        }
    }
    all
}

fn route_tables(call: &Call<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (place, net) in (0..).zip(nets(call.realm)) {
        let local = json!({
            "destinationCidrBlock": format!("10.{}.0.0/16", net.block),
            "gatewayId": "local",
            "origin": "CreateRouteTable",
            "state": "active",
        });
        // The main table serves the second subnet; the first has one of its own, with the endpoint in it.
        for (own, target) in [(0_u64, id(call, "igw", place)), (1, id(call, "nat", place))] {
            let table = id(call, "rtb", place * 10 + own);
            let subnet = (own == 1).then(|| id(call, "subnet", place * 10 + 1));
            let through = if own == 1 { "natGatewayId" } else { "gatewayId" };
            let mut routes = vec![local.clone()];
            // In one region nothing leads out of the zone that holds the tables' callers.
            if own == 0 || call.realm.index != 3 {
                routes.push(json!({
                    "destinationCidrBlock": "0.0.0.0/0", through: target, "origin": "CreateRoute", "state": "active",
                }));
            }
            if own == 1 && net.endpoint.is_some() {
                routes.push(json!({
                    "destinationPrefixListId": id(call, "pl", 0),
                    "gatewayId": call.realm.gateway_endpoint(),
                    "origin": "CreateRoute",
                    "state": "active",
                }));
            }
            if own == 1 && net.name == "main" {
                routes.push(json!({
                    "destinationCidrBlock": "192.168.0.0/16", "transitGatewayId": id(call, "tgw", 0),
                    "origin": "CreateRoute", "state": "active",
                }));
            }
            all.push(json!({
                "routeTableId": table,
                "vpcId": id(call, "vpc", place),
                "ownerId": call.realm.account,
                "associationSet": [{
                    "main": own == 0,
                    "routeTableAssociationId": id(call, "rtbassoc", place * 10 + own),
                    "routeTableId": table,
                    "subnetId": subnet,
                    "associationState": { "state": "associated" },
                }],
                "propagatingVgwSet": [],
                "routeSet": routes,
                "tagSet": tags(call, net.name),
            }));
        }
    }
    all
}

fn interfaces(call: &Call<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (place, net) in (0..).zip(nets(call.realm)).filter(|(_, net)| net.hosts) {
        let kinds =
            [("interface", "orders-api"), ("lambda", "AWS Lambda VPC ENI"), ("vpc_endpoint", "VPC Endpoint Interface")];
        // Only the first VPC has an interface endpoint.
        let count = if call.realm.index == 0 && place == 0 { 3 } else { 2 };
        for (number, (kind, description)) in (1..).zip(kinds).take(count) {
            all.push(json!({
                "networkInterfaceId": id(call, "eni", place * 10 + number),
                "interfaceType": kind,
                "description": call.words(description),
                "vpcId": id(call, "vpc", place),
                // In one region a function was put into the subnet that no endpoint serves.
                "subnetId": id(call, "subnet", place * 10 + if call.realm.index == 1 && kind == "lambda" { 2 } else { 1 }),
                "availabilityZone": format!("{}a", call.realm.region),
                "ownerId": call.realm.account,
                "privateIpAddress": format!("10.{}.1.{}", net.block, 14 + number),
                "requesterManaged": kind != "interface",
                "status": "in-use",
                "groupSet": [{ "groupId": id(call, "sg", 1), "groupName": call.words("app") }],
                "tagSet": tags(call, net.name),
            }));
        }
    }
    all
}
