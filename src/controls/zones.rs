//! Zones: from which subnets a fenced table is reached.

use std::collections::BTreeSet;

use crate::model::{ClassTags, Endpoint, EndpointKind, Estate, Judgement, Network, RouteTable, Subnet, Table};
use crate::policy::{Document, fenced_endpoints};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// ISO-04.
pub(super) const ISO_04: &Control = &Control {
    id: "ISO-04",
    operations: &[
        "dynamodb:GetResourcePolicy",
        "dynamodb:ListTagsOfResource",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
    ],
    blind: "fences in policies of identities and of the organization, and peers of the VPCs, are not read",
    judge: Judge::Table(reached_from),
};

/// What a zone is called that tables are reached from.
pub(super) const INNER: [&str; 3] = ["restricted", "secured", "private"];
/// What a zone is called that the internet reaches.
const OUTER: [&str; 5] = ["external", "public", "dmz", "internet", "edge"];

fn reached_from(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_reached_from(estate, baseline, table)), unread(table))
}

fn judge_reached_from(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ISO_04, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ISO_04.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, policy) = draft.need("GetResourcePolicy", Some(&table.policy))?;
    let Some(text) = &policy.value else {
        return Ok(draft.unclear("it has no resource policy: nothing says from which zone it is reached"));
    };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return Ok(draft.unclear(format!("the policy could not be understood: {error}"))),
    };
    let fence = fenced_endpoints(&document, &table.arn);
    if fence.is_empty() {
        return Ok(draft.unclear("its policy fences no endpoint: nothing says from which zone it is reached"));
    }
    draft.saw(policy, [format!("aws:SourceVpce={}", fence.join(", "))]);
    let Some(network) = estate.networks.get(&table.scope) else {
        return Ok(draft.unknown("DescribeVpcEndpoints", None));
    };
    let (draft, endpoints) = draft.need("DescribeVpcEndpoints", Some(&network.endpoints))?;
    let (draft, tables) = draft.need("DescribeRouteTables", Some(&network.route_tables))?;
    let (mut draft, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
    draft.saw(endpoints, fence.iter().map(|id| format!("VpcEndpoints[{id}]")));
    let (mut untagged, mut other, mut served) = (None, None, 0);
    for id in &fence {
        let Some(endpoint) = endpoints.value.iter().find(|of| of.id == *id) else {
            return Ok(draft.unclear(format!("endpoint {id} of its fence is not in the list here")));
        };
        for subnet in serves(endpoint, network) {
            served += 1;
            let of = format!("subnet {} of endpoint {id}", subnet.id);
            let zone = ClassTags::value_of(&subnet.tags, &estate.class_tags.zone);
            draft.saw(subnets, [format!("Subnets[{}] zone={}", subnet.id, zone.unwrap_or("absent"))]);
            let route = route_of(subnet, &tables.value);
            let out = route.and_then(|of| of.routes.iter().find(|(to, by)| is_anywhere(to) && by.starts_with("igw-")));
            if let (Some(route), Some((to, by))) = (route, out) {
                draft.saw(tables, [format!("RouteTables[{}].Routes[{to}]={by}", route.id)]);
                return Ok(draft.fail(format!("{of} faces the internet by {by}")));
            }
            if route.is_none() {
                return Ok(draft.unclear(format!("no route table of {of} is in the list")));
            }
            match zone.map(str::to_lowercase) {
                None => untagged = untagged.or(Some(of)),
                Some(zone) if OUTER.contains(&zone.as_str()) => {
                    return Ok(draft.fail(format!("{of} is of zone {zone}")));
                }
                Some(zone) if INNER.contains(&zone.as_str()) => {}
                Some(zone) => other = other.or(Some(format!("{of} is of zone {zone}"))),
            }
        }
    }
    Ok(match (untagged, other) {
        (Some(of), _) => draft.warn(format!("no tag states the zone of {of}")),
        (None, Some(why)) => draft.warn(why),
        (None, None) if served == 0 => draft.unclear("the endpoints of its fence serve no subnet"),
        (None, None) => draft.pass(format!("its fence lets {served} subnets in, all of a restricted zone")),
    })
}

pub(super) fn is_anywhere(destination: &str) -> bool {
    matches!(destination, "0.0.0.0/0" | "::/0")
}

/// The zone that tags of a subnet state, in lower case.
pub(super) fn zone_of(estate: &Estate, subnet: &Subnet) -> Option<String> {
    ClassTags::value_of(&subnet.tags, &estate.class_tags.zone).map(str::to_lowercase)
}

/// The route table of a subnet: its own, else the main one of its VPC.
pub(super) fn route_of<'a>(subnet: &Subnet, tables: &'a [RouteTable]) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|of| of.subnets.contains(&subnet.id));
    own.or_else(|| tables.iter().find(|of| of.main && of.vpc == subnet.vpc))
}

/// The subnets that reach an endpoint: of a gateway those whose route table leads there, of an interface those it stands in.
fn serves<'a>(endpoint: &Endpoint, network: &'a Network) -> Vec<&'a Subnet> {
    let tables = network.route_tables.value().map_or(&[][..], Vec::as_slice);
    let through: BTreeSet<&str> = endpoint.route_tables.iter().map(String::as_str).collect();
    let is = |subnet: &&Subnet| match endpoint.kind {
        EndpointKind::Gateway => route_of(subnet, tables).is_some_and(|of| through.contains(of.id.as_str())),
        _ => endpoint.subnets.contains(&subnet.id),
    };
    network.subnets.value().into_iter().flatten().filter(is).collect()
}
