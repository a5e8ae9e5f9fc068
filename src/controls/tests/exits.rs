//! What leads out of inner zones: routes and access lists.

use super::tail_tests::{Change, each_is, kept};
use super::*;

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["NET-10"];

/// The subnet that holds the workload.
fn subnet(estate: &mut Estate) -> &mut Subnet {
    &mut net(estate).subnets.seen.as_mut().unwrap().value[0]
}

fn zoned<'a>(estate: &'a mut Estate, zone: &str) -> &'a mut Subnet {
    let subnet = subnet(estate);
    subnet.tags.insert("zone".to_owned(), zone.to_owned());
    subnet
}

/// The subnet is of a zone, and its route table leads there, besides to the endpoint.
fn leads(estate: &mut Estate, zone: &str, out: &[(&str, &str)]) {
    zoned(estate, zone);
    let own = out.iter().chain(&[("10.0.0.0/16", "local"), ("pl-1", "vpce-1")]);
    routes(estate).routes = own.map(|(to, by)| ((*to).to_owned(), (*by).to_owned())).collect();
}

#[test]
fn inner_zones_lead_nowhere_but_to_endpoints() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("NET-10", Pass, |it| leads(it, "restricted", &[])),
        ("NET-10", Pass, |it| leads(it, "Secured", &[])),
        ("NET-10", Fail, |it| leads(it, "restricted", &[("0.0.0.0/0", "igw-1")])),
        ("NET-10", Fail, |it| leads(it, "restricted", &[("::/0", "igw-1")])),
        ("NET-10", Fail, |it| leads(it, "restricted", &[("0.0.0.0/1", "igw-1"), ("128.0.0.0/1", "igw-1")])),
        ("NET-10", Warn, |it| leads(it, "restricted", &[("0.0.0.0/0", "nat-1")])),
        ("NET-10", Warn, |it| leads(it, "restricted", &[("::/0", "eigw-1")])),
        ("NET-10", Warn, |it| leads(it, "restricted", &[("203.0.113.0/24", "igw-1")])),
        // A private NAT gateway towards another network is no way out.
        ("NET-10", Pass, |it| leads(it, "restricted", &[("10.9.0.0/16", "nat-1")])),
        ("NET-10", Pass, |it| {
            leads(it, "restricted", &[("0.0.0.0/0", "igw-1")]);
            routes(it).blackholes.push("0.0.0.0/0".to_owned());
        }),
        ("NET-10", Warn, |it| {
            leads(it, "restricted", &[]);
            subnet(it).public_addresses = Some(true);
        }),
        // Zones that are meant to lead out.
        ("NET-10", NotApplicable, |it| leads(it, "public", &[("0.0.0.0/0", "igw-1")])),
        ("NET-10", NotApplicable, |it| {
            leads(it, "restricted", &[("0.0.0.0/0", "igw-1")]);
            classed(it, DataClass::Internal);
        }),
        // An endpoint's own interface calls nothing.
        ("NET-10", NotApplicable, |it| {
            leads(it, "restricted", &[("0.0.0.0/0", "igw-1")]);
            net(it).interfaces.seen.as_mut().unwrap().value[0].kind = Some("vpc_endpoint".to_owned());
        }),
        ("NET-10", Unknown, |it| net(it).vpcs = denied("ec2:DescribeVpcs")),
        ("NET-10", Unknown, |it| net(it).subnets = denied("ec2:DescribeSubnets")),
        ("NET-10", Unknown, |it| net(it).route_tables = denied("ec2:DescribeRouteTables")),
        ("NET-10", Unknown, |it| net(it).interfaces = denied("ec2:DescribeNetworkInterfaces")),
        ("NET-10", Unknown, |it| {
            leads(it, "restricted", &[("0.0.0.0/0", "igw-1")]);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("NET-10", Pass, |it| {
            leads(it, "restricted", &[]);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
    ];
    each_is(JUDGED, cases);
}

#[test]
fn what_routes_leave_open_is_unknown() {
    let cases: &[(&str, Change)] = &[
        ("no tag states the zone of subnet-1", |_| {}),
        ("by tgw-1: what lies there is not read", |it| leads(it, "restricted", &[("0.0.0.0/0", "tgw-1")])),
        ("a target that the answer leaves out", |it| leads(it, "restricted", &[("0.0.0.0/0", "")])),
        ("no route table of subnet-1", |it| {
            zoned(it, "restricted");
            routes(it).main = false;
        }),
        ("leaves MapPublicIpOnLaunch of subnet-1 out", |it| {
            leads(it, "restricted", &[]);
            subnet(it).public_addresses = None;
        }),
    ];
    for (why, change) in cases {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge("NET-10", &estate);
        assert_eq!((judged.verdict, judged.reason.contains(why)), (Unknown, true), "{why}: {}", judged.reason);
    }
    // What is known to be wrong of one subnet stands, whatever is unknown of another.
    let mut estate = kept();
    leads(&mut estate, "restricted", &[("0.0.0.0/0", "igw-1")]);
    let network = net(&mut estate);
    let mut other = network.interfaces.seen.as_ref().unwrap().value[0].clone();
    other.subnet = Some("subnet-2".to_owned());
    network.interfaces.seen.as_mut().unwrap().value.insert(0, other);
    let judged = judge("NET-10", &estate);
    assert_eq!(judged.verdict, Fail, "{}", judged.reason);
}
