//! Network: VPCs that other networks lead to, and how those reach DynamoDB.

use std::collections::BTreeMap;

use crate::model::{DataClass, Endpoint, EndpointKind, Estate, Judgement, Network, Scope, Seen};

use super::draft::{Draft, by_class, settle, strictest_in};
use super::network::endpoints;
use super::{Baseline, Control, Judge, resource};

/// NET-14.
pub(super) const NET_14: &Control = &Control {
    id: "NET-14",
    operations: &[
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeRouteTables",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "which clients beyond the VPC call DynamoDB, by which name, and what private zones make of it",
    judge: Judge::Estate(linked),
};

/// Targets of routes that lead to another network: VPN and Direct Connect, transit gateways, peers.
const BEYOND: [&str; 3] = ["vgw-", "tgw-", "pcx-"];

fn linked(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for place in endpoints(NET_14, estate) {
        let (scope, network, seen) = match place {
            Ok(place) => place,
            Err(unknown) => {
                judged.push(*unknown);
                continue;
            }
        };
        let mut vpcs: BTreeMap<&str, Vec<&Endpoint>> = BTreeMap::new();
        for endpoint in seen.value.iter().filter(|of| of.is_dynamodb()) {
            vpcs.entry(&endpoint.vpc).or_default().push(endpoint);
        }
        let one =
            |(vpc, of): (&str, Vec<&Endpoint>)| settle(judge_vpc(estate, baseline, (scope, network), seen, vpc, &of));
        judged.extend(vpcs.into_iter().map(one));
    }
    judged
}

fn judge_vpc(
    estate: &Estate,
    baseline: &Baseline,
    (scope, network): (&Scope, &Network),
    seen: &Seen<Vec<Endpoint>>,
    vpc: &str,
    endpoints: &[&Endpoint],
) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(NET_14, resource(scope, vpc));
    let unread = match strictest_in(estate, |of| of == scope, |_| true) {
        Some((class, unread)) if baseline.asks(class, NET_14.id) => unread,
        _ => return Ok(draft.not_applicable(format!("no table here states class {}", DataClass::Restricted.word()))),
    };
    let (mut draft, tables) = draft.need("DescribeRouteTables", Some(&network.route_tables))?;
    let of_vpc = tables.value.iter().filter(|table| table.vpc == vpc);
    let beyond = of_vpc.flat_map(|table| table.routes.iter().map(move |route| (table, route)));
    let link = beyond
        .filter(|(table, (to, _))| !table.blackholes.contains(to))
        .find(|(_, (_, by))| BEYOND.iter().any(|of| by.starts_with(of)));
    let Some((table, (to, by))) = link else {
        return Ok(draft.not_applicable("no route of this VPC leads to another network"));
    };
    draft.saw(tables, [format!("RouteTables[{}].Routes[{to}]={by}", table.id)]);
    draft.saw(seen, endpoints.iter().map(|of| format!("VpcEndpoints[{}].State={}", of.id, of.state)));
    let interface = endpoints.iter().find(|of| of.kind == EndpointKind::Interface);
    let judged = match interface {
        Some(of) if of.state.eq_ignore_ascii_case("available") => {
            draft.pass(format!("what comes by {by} can use {}", of.id))
        }
        Some(of) => draft.warn(format!("what comes by {by} would use {}, which is {}", of.id, of.state)),
        None => draft.fail(format!("what comes by {by} cannot use a gateway endpoint, and there is no other")),
    };
    Ok(by_class(judged, unread))
}
