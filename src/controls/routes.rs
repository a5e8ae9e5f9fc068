//! Network: do workloads' subnets route DynamoDB's addresses through the endpoint?

use std::collections::BTreeSet;

use crate::model::{Endpoint, EndpointKind, Estate, Judgement, Network, RouteTable, Subnet};

use super::draft::{Draft, settle};
use super::network::each_endpoint;
use super::{Baseline, Control, Judge};

/// NET-02.
pub(super) const NET_02: &Control = &Control {
    id: "NET-02",
    operations: &[
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DescribeNetworkInterfaces",
    ],
    blind: "whether clients use an interface endpoint's name cannot be seen from routes",
    judge: Judge::Estate(routed),
};

fn routed(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let told = |of: &Endpoint| vec![format!("VpcEndpoints[{}].RouteTableIds={}", of.id, of.route_tables.join(", "))];
    each_endpoint(NET_02, estate, told, |draft, _, network, of| settle(one_endpoint(network, draft, of)))
}

fn one_endpoint(network: &Network, draft: Draft, endpoint: &Endpoint) -> Result<Judgement, Box<Judgement>> {
    if endpoint.kind != EndpointKind::Gateway {
        return Ok(match endpoint.private_dns {
            Some(true) => draft.pass("its private name answers for DynamoDB's own in the whole VPC"),
            _ => draft.warn("clients must call it by its own name, which routes cannot prove"),
        });
    }
    let (mut draft, tables) = draft.need("DescribeRouteTables", Some(&network.route_tables))?;
    let (draft_, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
    draft = draft_;
    let (draft_, interfaces) = draft.need("DescribeNetworkInterfaces", Some(&network.interfaces))?;
    draft = draft_;
    // Interfaces of endpoints are no callers.
    let callers = interfaces.value.iter().filter(|of| of.kind.as_deref() != Some("vpc_endpoint"));
    let used: BTreeSet<&str> = callers.filter_map(|of| of.subnet.as_deref()).collect();
    let workloads: Vec<&Subnet> =
        subnets.value.iter().filter(|of| of.vpc == endpoint.vpc && used.contains(of.id.as_str())).collect();
    let siblings: BTreeSet<&str> = network
        .endpoints
        .value()
        .into_iter()
        .flatten()
        .filter(|of| of.is_dynamodb() && of.vpc == endpoint.vpc && of.kind == EndpointKind::Gateway)
        .map(|of| of.id.as_str())
        .collect();
    let mut beside = None;
    for subnet in &workloads {
        let Some(table) = serving(&tables.value, subnet) else {
            return Ok(draft.unclear(format!("no route table serves {}", subnet.id)));
        };
        draft.saw(tables, [format!("{}: {}", subnet.id, table.id)]);
        let led = table.routes.iter().find(|(_, target)| siblings.contains(target.as_str()));
        if let Some((destination, target)) = led {
            if table.blackholes.contains(destination) {
                return Ok(draft.warn(format!("{}: the route to {target} is a blackhole", table.id)));
            }
            continue;
        }
        let out = table.routes.iter().find(|(to, target)| {
            matches!(to.as_str(), "0.0.0.0/0" | "::/0")
                && ["igw-", "nat-", "eigw-"].iter().any(|of| target.starts_with(of))
        });
        if let Some((_, target)) = out {
            return Ok(draft.fail(format!("{} reaches DynamoDB by {target}, not by this endpoint", subnet.id)));
        }
        beside = Some(subnet);
    }
    Ok(match (workloads.is_empty(), beside) {
        (true, _) => draft.not_applicable("no subnet of its VPC holds a workload"),
        (_, Some(subnet)) => draft.warn(format!("{} has no route to DynamoDB at all", subnet.id)),
        _ => draft.pass("every subnet with workloads routes DynamoDB through it"),
    })
}

/// The route table of a subnet: its own, else the main one of its VPC.
fn serving<'a>(tables: &'a [RouteTable], subnet: &Subnet) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnets.contains(&subnet.id));
    own.or_else(|| tables.iter().find(|table| table.main && table.vpc == subnet.vpc))
}
