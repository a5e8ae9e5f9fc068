//! Edges of the network: security groups before interface endpoints and caches, flow logs behind.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::model::{Endpoint, EndpointKind, Estate, Judgement, Network, Scope, Subnet};

use super::draft::{Draft, settle};
use super::network::endpoints;
use super::{Baseline, Control, Judge, resource};

pub(super) const GROUPS: &str = "ec2:DescribeSecurityGroups";
const FLOWS: &str = "ec2:DescribeFlowLogs";

/// What may come in.
pub(super) enum Ingress {
    /// Named security groups, on the one port.
    Groups,
    /// More than that, but not anybody.
    Wide(String),
    /// Anybody, or every port.
    Open(String),
}

/// What security groups let in on a port.
pub(super) fn ingress(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    groups: &[&str],
    port: i64,
) -> Result<(Draft, Ingress), Box<Judgement>> {
    if groups.is_empty() {
        return Err(Box::new(draft.unclear("the answer names no security group")));
    }
    let (mut draft, seen) = draft.answer(estate, scope, GROUPS, "")?;
    let all = list(&seen.value, "securityGroupInfo").unwrap_or_default();
    let mut worst = Ingress::Groups;
    for id in groups {
        let Some(group) = all.iter().find(|group| group["groupId"].as_str() == Some(id)) else {
            return Err(Box::new(draft.unclear(format!("security group {id} is not in the list"))));
        };
        let Some(rules) = list(group, "ipPermissions") else {
            return Err(Box::new(draft.unclear(format!("the answer names no ipPermissions of {id}"))));
        };
        if group["groupName"].as_str() == Some("default") {
            worst = worst.or_wide(format!("{id} is the VPC's default security group"));
        }
        for rule in rules {
            let Some(read) = Rule::read(rule) else {
                return Err(Box::new(draft.unclear(format!("a rule of {id} is not as EC2 writes one"))));
            };
            draft.saw(seen, [format!("securityGroupInfo[{id}].ipPermissions={read}")]);
            if let Some(anybody) = read.blocks.iter().find(|block| matches!(**block, "0.0.0.0/0" | "::/0")) {
                return Ok((draft, Ingress::Open(format!("{id} lets {anybody} in"))));
            }
            worst = match () {
                () if read.every_port() => Ingress::Open(format!("{id} lets every port in")),
                () if !read.is_only(port) => worst.or_wide(format!("{id} lets in more than port {port}")),
                () => match (read.blocks.first(), read.lists.first()) {
                    (Some(block), _) => {
                        worst.or_wide(format!("{id} lets the block {block} in, rather than named groups"))
                    }
                    (None, Some(of)) => {
                        worst.or_wide(format!("{id} lets the prefix list {of} in, whose blocks are not read"))
                    }
                    (None, None) => worst,
                },
            };
        }
    }
    Ok((draft, worst))
}

impl Ingress {
    /// What is worse stays.
    fn or_wide(self, why: String) -> Self {
        match self {
            Self::Groups => Self::Wide(why),
            worse => worse,
        }
    }
}

/// One rule of a security group.
struct Rule<'a> {
    protocol: &'a str,
    ports: (Option<i64>, Option<i64>),
    blocks: Vec<&'a str>,
    lists: Vec<&'a str>,
    groups: Vec<&'a str>,
}

impl<'a> Rule<'a> {
    /// `None` where something in it is missing or of another kind.
    fn read(rule: &'a Value) -> Option<Self> {
        let port = |name: &str| match &rule[name] {
            Value::Null => Some(None),
            of => of.as_str()?.parse::<i64>().ok().map(Some),
        };
        let of = |name: &str, member: &str| -> Option<Vec<&'a str>> {
            list(rule, name)?.iter().map(|one| one[member].as_str()).collect()
        };
        let mut blocks = of("ipRanges", "cidrIp")?;
        blocks.extend(of("ipv6Ranges", "cidrIpv6")?);
        Some(Self {
            protocol: rule["ipProtocol"].as_str()?,
            ports: (port("fromPort")?, port("toPort")?),
            blocks,
            lists: of("prefixListIds", "prefixListId")?,
            groups: of("groups", "groupId")?,
        })
    }

    fn every_port(&self) -> bool {
        self.protocol == "-1" || matches!(self.ports, (Some(0 | 1), Some(65535)))
    }

    fn is_only(&self, port: i64) -> bool {
        matches!(self.protocol, "tcp" | "6") && self.ports == (Some(port), Some(port))
    }
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |port: Option<i64>| port.map_or_else(|| "any".to_owned(), |port| port.to_string());
        write!(to, "{}:{}-{} from", self.protocol, told(self.ports.0), told(self.ports.1))?;
        self.blocks.iter().chain(&self.lists).chain(&self.groups).try_for_each(|who| write!(to, " {who}"))
    }
}

/// A list in EC2's XML: an empty element is an empty list, an absent one is none.
pub(super) fn list<'a>(of: &'a Value, name: &str) -> Option<&'a [Value]> {
    match &of[name] {
        Value::Array(items) => Some(items),
        Value::String(blank) if blank.trim().is_empty() => Some(&[]),
        _ => None,
    }
}

/// NET-07.
pub(super) const NET_07: &Control = &Control {
    id: "NET-07",
    operations: &["ec2:DescribeVpcEndpoints", "ec2:DescribeSubnets", GROUPS],
    blind: "which blocks a prefix list holds",
    judge: Judge::Estate(interface),
};

fn interface(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut found = Vec::new();
    for place in endpoints(NET_07, estate) {
        let (scope, network, seen) = match place {
            Ok(place) => place,
            Err(unknown) => {
                found.push(*unknown);
                continue;
            }
        };
        for endpoint in seen.value.iter().filter(|of| of.is_dynamodb() && of.kind == EndpointKind::Interface) {
            let mut draft = Draft::new(NET_07, resource(scope, &endpoint.id));
            draft.saw(
                seen,
                [
                    format!("VpcEndpoints[].Groups={}", endpoint.security_groups.join(" ")),
                    format!("VpcEndpoints[].SubnetIds={}", endpoint.subnets.join(" ")),
                ],
            );
            found.push(settle(judge_interface(draft, estate, scope, network, endpoint)));
        }
    }
    found
}

fn judge_interface(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    network: &Network,
    endpoint: &Endpoint,
) -> Result<Judgement, Box<Judgement>> {
    let groups: Vec<&str> = endpoint.security_groups.iter().map(String::as_str).collect();
    let draft = match ingress(draft, estate, scope, &groups, 443)? {
        (draft, Ingress::Open(why)) => return Ok(draft.fail(why)),
        (draft, Ingress::Wide(why)) => return Ok(draft.warn(why)),
        (draft, Ingress::Groups) => draft,
    };
    if endpoint.subnets.len() < 2 {
        return Ok(draft.warn("it stands in one subnet alone"));
    }
    let (mut draft, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
    let mut zones = BTreeSet::new();
    for id in &endpoint.subnets {
        let Some(zone) = subnets.value.iter().find(|of| of.id == *id).and_then(|of| of.zone.as_deref()) else {
            return Ok(draft.unclear(format!("subnet {id} is not in the list, or without its zone")));
        };
        draft.saw(subnets, [format!("Subnets[{id}].AvailabilityZone={zone}")]);
        zones.insert(zone);
    }
    Ok(match zones.len() {
        1 => draft.warn("its subnets lie in one zone"),
        count => draft.pass(format!("named security groups alone reach port 443, in {count} zones")),
    })
}

/// NET-11.
pub(super) const NET_11: &Control = &Control {
    id: "NET-11",
    operations: &["ec2:DescribeVpcEndpoints", "ec2:DescribeSubnets", FLOWS],
    blind: "VPCs that reach DynamoDB without an endpoint; flow logs of single interfaces",
    judge: Judge::Estate(flows),
};

fn flows(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut found = Vec::new();
    for place in endpoints(NET_11, estate) {
        match place {
            Ok((scope, network, seen)) => {
                let of = seen.value.iter().filter(|of| of.is_dynamodb()).map(|of| of.vpc.as_str());
                let vpcs: BTreeSet<&str> = of.collect();
                found.extend(vpcs.into_iter().map(|vpc| settle(judge_flows(estate, scope, network, vpc))));
            }
            Err(unknown) => found.push(*unknown),
        }
    }
    found
}

/// How much of the flows of a VPC or a subnet is logged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Logged {
    Nothing,
    Partly,
    Whole,
}

fn judge_flows(estate: &Estate, scope: &Scope, network: &Network, vpc: &str) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(NET_11, resource(scope, vpc)).answer(estate, scope, FLOWS, "")?;
    let logs = list(&seen.value, "flowLogSet").unwrap_or_default();
    let word = |log: &Value, name: &str| log[name].as_str().unwrap_or("absent").to_owned();
    let tell = |draft: &mut Draft, id: &str| {
        for log in logs.iter().filter(|log| log["resourceId"].as_str() == Some(id)) {
            let fields = ["flowLogId", "flowLogStatus", "trafficType", "deliverLogsStatus"].map(|name| word(log, name));
            draft.saw(seen, [format!("flowLogSet[resourceId={id}]={}", fields.join(" "))]);
        }
    };
    let logged = |id: &str| {
        let runs =
            |log: &&Value| log["resourceId"].as_str() == Some(id) && log["flowLogStatus"].as_str() == Some("ACTIVE");
        let whole = |log: &Value| {
            matches!(log["trafficType"].as_str(), Some("ALL" | "REJECT"))
                && log["deliverLogsStatus"].as_str() != Some("FAILED")
        };
        let each = logs.iter().filter(runs).map(|log| if whole(log) { Logged::Whole } else { Logged::Partly });
        each.max().unwrap_or(Logged::Nothing)
    };
    let own = logged(vpc);
    tell(&mut draft, vpc);
    if own == Logged::Whole {
        return Ok(draft.pass("its flows are logged"));
    }
    // Subnets may have logs of their own.
    let on_subnets = logs.iter().any(|log| word(log, "resourceId").starts_with("subnet-"));
    let (mut least, mut some, mut bare) = (own, own, None);
    if on_subnets {
        let (with, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
        draft = with;
        let of: Vec<&Subnet> = subnets.value.iter().filter(|of| of.vpc == vpc).collect();
        of.iter().for_each(|of| tell(&mut draft, &of.id));
        let each = || of.iter().map(|of| logged(&of.id).max(own));
        least = each().min().unwrap_or(own);
        some = each().max().unwrap_or(own);
        bare = of.into_iter().find(|of| logged(&of.id).max(own) == Logged::Nothing);
    }
    if some == Logged::Nothing {
        draft.saw(seen, [format!("flowLogSet[resourceId={vpc}]=none")]);
    }
    Ok(match (least, some) {
        (Logged::Whole, _) => draft.pass("the flows of all its subnets are logged"),
        (_, Logged::Nothing) => draft.fail("no flow log runs for this VPC"),
        (Logged::Nothing, _) => {
            let id = bare.map_or("a subnet", |of| of.id.as_str());
            draft.warn(format!("the flows of some of its subnets are logged, those of {id} are not"))
        }
        _ => draft.warn("its flow log takes accepted traffic alone, or is not delivered"),
    })
}
