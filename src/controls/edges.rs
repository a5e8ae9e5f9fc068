//! Edges of the network: security groups before interface endpoints and caches, flow logs behind.

use serde_json::Value;

use crate::model::{EndpointKind, Estate, Judgement, Scope};

use super::draft::{Draft, settle};
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
    let (mut draft, seen) = draft.answer(estate, scope, GROUPS, "")?;
    let all = seen.value["securityGroupInfo"].as_array().map_or(&[][..], Vec::as_slice);
    let mut worst = Ingress::Groups;
    for id in groups {
        let Some(group) = all.iter().find(|group| group["groupId"].as_str() == Some(id)) else {
            return Err(Box::new(draft.unclear(format!("security group {id} is not in the list"))));
        };
        if group["groupName"].as_str() == Some("default") && matches!(worst, Ingress::Groups) {
            worst = Ingress::Wide(format!("{id} is the VPC's default security group"));
        }
        for rule in list(group, "ipPermissions") {
            let number = |name: &str| rule[name].as_str().and_then(|text| text.parse::<i64>().ok());
            let (from, to) = (number("fromPort"), number("toPort"));
            let every = rule["ipProtocol"].as_str() == Some("-1") || (from, to) == (Some(0), Some(65535));
            let ranges = list(rule, "ipRanges").iter().filter_map(|range| range["cidrIp"].as_str());
            let wide = list(rule, "ipv6Ranges").iter().filter_map(|range| range["cidrIpv6"].as_str());
            let blocks: Vec<&str> = ranges.chain(wide).collect();
            draft.saw(
                seen,
                [format!(
                    "securityGroupInfo[{id}].ipPermissions={}:{}-{} from {}",
                    rule["ipProtocol"].as_str().unwrap_or("?"),
                    from.map_or("any".to_owned(), |port| port.to_string()),
                    to.map_or("any".to_owned(), |port| port.to_string()),
                    if blocks.is_empty() { "groups".to_owned() } else { blocks.join(" ") }
                )],
            );
            if let Some(anybody) = blocks.iter().find(|block| matches!(**block, "0.0.0.0/0" | "::/0")) {
                return Ok((draft, Ingress::Open(format!("{id} lets {anybody} in"))));
            }
            if every {
                worst = Ingress::Open(format!("{id} lets every port in"));
            } else if matches!(worst, Ingress::Groups) {
                if (from, to) != (Some(port), Some(port)) {
                    worst = Ingress::Wide(format!("{id} lets in more than port {port}"));
                } else if let Some(block) = blocks.first() {
                    worst = Ingress::Wide(format!("{id} lets the block {block} in, rather than named groups"));
                }
            }
        }
    }
    Ok((draft, worst))
}

/// A list in EC2's XML: an empty element is an empty list.
fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// NET-07.
pub(super) const NET_07: &Control = &Control {
    id: "NET-07",
    operations: &["ec2:DescribeVpcEndpoints", "ec2:DescribeSubnets", GROUPS],
    blind: "",
    judge: Judge::Estate(interface),
};

fn interface(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut found = Vec::new();
    for (scope, network) in &estate.networks {
        let endpoints =
            match Draft::new(NET_07, scope.to_string()).need("DescribeVpcEndpoints", Some(&network.endpoints)) {
                Ok((_, seen)) => seen,
                Err(unknown) => {
                    found.push(*unknown);
                    continue;
                }
            };
        for endpoint in endpoints.value.iter().filter(|of| of.is_dynamodb() && of.kind == EndpointKind::Interface) {
            let mut draft = Draft::new(NET_07, resource(scope, &endpoint.id));
            draft.saw(
                endpoints,
                [
                    format!("VpcEndpoints[].Groups={}", endpoint.security_groups.join(" ")),
                    format!("VpcEndpoints[].SubnetIds={}", endpoint.subnets.join(" ")),
                ],
            );
            let groups: Vec<&str> = endpoint.security_groups.iter().map(String::as_str).collect();
            found.push(settle(ingress(draft, estate, scope, &groups, 443).map(|(draft, found)| match found {
                Ingress::Open(why) => draft.fail(why),
                Ingress::Wide(why) => draft.warn(why),
                Ingress::Groups if endpoint.subnets.len() < 2 => draft.warn("it stands in one subnet alone"),
                Ingress::Groups => draft.pass("named security groups alone reach port 443"),
            })));
        }
    }
    found
}

/// NET-11.
pub(super) const NET_11: &Control = &Control {
    id: "NET-11",
    operations: &["ec2:DescribeVpcEndpoints", FLOWS],
    blind: "VPCs that reach DynamoDB without an endpoint",
    judge: Judge::Estate(flows),
};

fn flows(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut found = Vec::new();
    for (scope, network) in &estate.networks {
        let seen = match Draft::new(NET_11, scope.to_string()).need("DescribeVpcEndpoints", Some(&network.endpoints)) {
            Ok((_, seen)) => seen,
            Err(unknown) => {
                found.push(*unknown);
                continue;
            }
        };
        let mut vpcs: Vec<&str> = seen.value.iter().filter(|of| of.is_dynamodb()).map(|of| of.vpc.as_str()).collect();
        vpcs.sort_unstable();
        vpcs.dedup();
        found.extend(vpcs.into_iter().map(|vpc| settle(judge_flows(estate, scope, vpc))));
    }
    found
}

fn judge_flows(estate: &Estate, scope: &Scope, vpc: &str) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(NET_11, resource(scope, vpc)).answer(estate, scope, FLOWS, "")?;
    let of: Vec<&Value> =
        list(&seen.value, "flowLogSet").iter().filter(|log| log["resourceId"].as_str() == Some(vpc)).collect();
    let word = |log: &Value, name: &str| log[name].as_str().unwrap_or("absent").to_owned();
    for log in &of {
        draft.saw(
            seen,
            [format!(
                "flowLogSet[{}] {} {} {}",
                word(log, "flowLogId"),
                word(log, "flowLogStatus"),
                word(log, "trafficType"),
                word(log, "deliverLogsStatus")
            )],
        );
    }
    let runs = |log: &&&Value| log["flowLogStatus"].as_str() == Some("ACTIVE");
    let whole = |log: &&Value| {
        matches!(log["trafficType"].as_str(), Some("ALL" | "REJECT"))
            && log["deliverLogsStatus"].as_str() != Some("FAILED")
    };
    if of.is_empty() {
        draft.saw(seen, [format!("flowLogSet[resourceId={vpc}]=none")]);
    }
    Ok(match (of.iter().filter(runs).count(), of.iter().filter(runs).any(whole)) {
        (0, _) => draft.fail("no flow log runs for this VPC"),
        (_, true) => draft.pass("its flows are logged"),
        (_, false) => draft.warn("its flow log takes accepted traffic alone, or is not delivered"),
    })
}
