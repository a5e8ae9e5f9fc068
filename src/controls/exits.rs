//! Network: whether subnets of an inner zone lead straight to the internet.

use std::collections::BTreeSet;

use crate::model::{Estate, Judgement, Network, RouteTable, Subnet};

use super::draft::{Draft, asked_in, by_class, settle};
use super::zones::{INNER, is_anywhere, route_of, zone_of};
use super::{Baseline, Control, Judge, resource};

/// NET-10. Of the catalogue's parts two are not read: which gateways exist (routes name them, and tell those that are
/// gone), and whether the account blocks public access to its VPCs.
pub(super) const NET_10: &Control = &Control {
    id: "NET-10",
    operations: &[
        "ec2:DescribeVpcs",
        "ec2:DescribeSubnets",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "whether the account blocks public access to its VPCs, which would cut routes that fail here; addresses of single interfaces; what other networks lead on to",
    judge: Judge::Estate(exits),
};

/// Interfaces that pass traffic on, and call nothing themselves.
const PASSING: [&str; 6] = [
    "vpc_endpoint",
    "nat_gateway",
    "natGateway",
    "transit_gateway",
    "gateway_load_balancer",
    "gateway_load_balancer_endpoint",
];

/// One row a VPC.
fn exits(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for (scope, network) in &estate.networks {
        match Draft::new(NET_10, scope.to_string()).need("DescribeVpcs", Some(&network.vpcs)) {
            Ok((_, seen)) => judged.extend(seen.value.iter().map(|vpc| {
                let draft = Draft::new(NET_10, resource(scope, &vpc.id));
                let (asked, unread) = asked_in(estate, baseline, NET_10, |of| of == scope);
                match asked {
                    None => draft.not_applicable("no table here is of a class that asks for it"),
                    Some(_) => by_class(settle(judge_vpc(draft, estate, network, &vpc.id)), unread),
                }
            })),
            Err(unknown) => judged.push(*unknown),
        }
    }
    judged
}

fn judge_vpc(draft: Draft, estate: &Estate, network: &Network, vpc: &str) -> Result<Judgement, Box<Judgement>> {
    let (draft, interfaces) = draft.need("DescribeNetworkInterfaces", Some(&network.interfaces))?;
    let (draft, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
    let (mut draft, tables) = draft.need("DescribeRouteTables", Some(&network.route_tables))?;
    let callers = interfaces.value.iter().filter(|of| !of.kind.as_deref().is_some_and(|kind| PASSING.contains(&kind)));
    let used: BTreeSet<&str> = callers.filter_map(|of| of.subnet.as_deref()).collect();
    let of_vpc: Vec<&Subnet> =
        subnets.value.iter().filter(|of| of.vpc == vpc && used.contains(of.id.as_str())).collect();
    if of_vpc.is_empty() {
        return Ok(draft.not_applicable("no subnet of it holds a workload"));
    }
    let (mut inner, mut warned, mut unclear) = (0, None, None);
    for subnet in of_vpc {
        let Some(zone) = zone_of(estate, subnet) else {
            unclear = unclear.or_else(|| Some(format!("no tag states the zone of {}", subnet.id)));
            continue;
        };
        if !INNER.contains(&zone.as_str()) {
            continue;
        }
        inner += 1;
        draft.saw(subnets, [format!("Subnets[{}] zone={zone}", subnet.id)]);
        let of = format!("{} is of zone {zone}", subnet.id);
        let Some(table) = route_of(subnet, &tables.value) else {
            unclear = unclear.or_else(|| Some(format!("no route table of {} is in the list", subnet.id)));
            continue;
        };
        draft.saw(tables, [told(table)]);
        match exit(table) {
            Exit::Open(to, by) => return Ok(draft.fail(format!("{of} and leads to {to} by {by}"))),
            Exit::Part(to, by) => warned = warned.or_else(|| Some(format!("{of} and reaches {to} through {by}"))),
            Exit::Beyond(to, by) => {
                let by = if by.is_empty() { "a target that the answer leaves out" } else { by };
                unclear =
                    unclear.or_else(|| Some(format!("{of} and leads to {to} by {by}: what lies there is not read")));
            }
            Exit::None => {}
        }
        match subnet.public_addresses {
            Some(true) => warned = warned.or_else(|| Some(format!("{of} and hands out public addresses"))),
            Some(false) => {}
            None => {
                let why = || format!("the answer leaves MapPublicIpOnLaunch of {} out", subnet.id);
                unclear = unclear.or_else(|| Some(why()));
            }
        }
        let public = subnet.public_addresses.map_or_else(|| "absent".to_owned(), |on| on.to_string());
        draft.saw(subnets, [format!("Subnets[{}].MapPublicIpOnLaunch={public}", subnet.id)]);
    }
    Ok(match (warned, unclear) {
        (Some(why), _) => draft.warn(why),
        (None, Some(why)) => draft.unclear(why),
        (None, None) if inner == 0 => draft.not_applicable("no subnet with workloads is of an inner zone"),
        (None, None) => draft.pass("no gateway to the internet is in a route of its inner zones"),
    })
}

/// How a route table leads to the internet.
enum Exit<'a> {
    /// To all of it, by its gateway.
    Open(&'a str, &'a str),
    /// Through a gateway that lets nobody in, or to a part of it alone.
    Part(&'a str, &'a str),
    /// Everything else goes somewhere that is not read.
    Beyond(&'a str, &'a str),
    None,
}

fn exit(table: &RouteTable) -> Exit<'_> {
    let routes = || {
        let all = table.routes.iter().map(|(to, by)| (to.as_str(), by.as_str()));
        all.filter(|(to, _)| !table.blackholes.iter().any(|gone| gone == to))
    };
    let by_gateway = |by: &str| by.starts_with("igw-");
    let by_relay = |by: &str| by.starts_with("nat-") || by.starts_with("eigw-");
    if let Some((to, by)) = routes().find(|(to, by)| is_wide(to) && by_gateway(by)) {
        return Exit::Open(to, by);
    }
    if let Some((to, by)) = routes().find(|(to, by)| by_gateway(by) || is_wide(to) && by_relay(by)) {
        return Exit::Part(to, by);
    }
    routes().find(|(to, _)| is_wide(to)).map_or(Exit::None, |(to, by)| Exit::Beyond(to, by))
}

/// Whether a destination is all of the internet, or one half of it: two such routes are a default route as well.
fn is_wide(to: &str) -> bool {
    is_anywhere(to) || matches!(to, "0.0.0.0/1" | "128.0.0.0/1" | "::/1" | "2000::/3")
}

fn told(table: &RouteTable) -> String {
    let wide: Vec<String> = table
        .routes
        .iter()
        .filter(|(to, by)| is_wide(to) || by.starts_with("igw-"))
        .map(|(to, by)| format!("{to} {by}{}", if table.blackholes.contains(to) { " blackhole" } else { "" }))
        .collect();
    let wide = if wide.is_empty() { "no default".to_owned() } else { wide.join(", ") };
    format!("RouteTables[{}].Routes={wide}", table.id)
}
