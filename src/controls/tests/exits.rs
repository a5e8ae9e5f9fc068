//! What leads out of inner zones: routes and access lists.

use serde_json::{Value, json};

use super::tail_tests::{Change, answer, deny, each_is, kept, put};
use super::*;

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["NET-08", "NET-10"];

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
    each_is(&["NET-10"], cases);
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

const ACLS: &str = "ec2:DescribeNetworkAcls";
const LISTS: &str = "ec2:DescribePrefixLists";

/// A rule, as EC2's XML is kept: `6 443` to a block.
fn rule(number: i64, out: bool, action: &str, what: &str, block: &str) -> Value {
    let (protocol, port) = what.split_once(' ').map_or((what, None), |(protocol, port)| (protocol, Some(port)));
    let mut rule = json!({
        "ruleNumber": number.to_string(), "protocol": protocol, "ruleAction": action, "egress": out.to_string(),
        "cidrBlock": block,
    });
    if let Some(port) = port {
        rule["portRange"] = json!({"from": port, "to": port});
    }
    rule
}

/// Both subnets are of an inner zone, behind one list with these rules and the one that refuses the rest.
fn ruled(estate: &mut Estate, rules: &[Value]) {
    for subnet in &mut net(estate).subnets.seen.as_mut().unwrap().value {
        subnet.tags.insert("zone".to_owned(), "restricted".to_owned());
    }
    net(estate).vpcs.seen.as_mut().unwrap().value[0].cidr = Some("10.0.0.0/16".to_owned());
    let mut all = rules.to_vec();
    all.extend([true, false].map(|out| rule(32767, out, "deny", "-1", "0.0.0.0/0")));
    let on = |subnet: &str| json!({"subnetId": subnet, "networkAclId": "acl-1"});
    let acl = json!({
        "networkAclId": "acl-1", "vpcId": "vpc-1", "default": "false", "entrySet": all,
        "associationSet": [on("subnet-1"), on("subnet-2")],
    });
    put(estate, ACLS, "", json!({ "networkAclSet": [acl] }));
    let own = json!({
        "prefixListId": "pl-1", "prefixListName": "com.amazonaws.eu-west-1.dynamodb",
        "cidrSet": ["198.51.100.0/25", "203.0.113.128/25"],
    });
    put(estate, LISTS, "", json!({ "prefixListSet": [own] }));
}

fn out(number: i64, what: &str, block: &str) -> Value {
    rule(number, true, "allow", what, block)
}

/// What the list lets out, and nothing else.
fn lets(estate: &mut Estate, more: &[Value]) {
    let own = [out(100, "6 443", "198.51.100.0/25"), out(110, "6 443", "203.0.113.0/24")];
    ruled(estate, &[&own[..], more].concat());
}

fn acl(estate: &mut Estate) -> &mut Value {
    &mut answer(estate, ACLS, "")["networkAclSet"][0]
}

#[test]
fn lists_of_inner_zones_let_out_what_they_must() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("NET-08", Pass, |it| lets(it, &[])),
        ("NET-08", Fail, |it| {
            lets(it, &[]);
            acl(it)["default"] = json!("true");
        }),
        ("NET-08", Fail, |it| lets(it, &[out(200, "-1", "0.0.0.0/0")])),
        ("NET-08", Fail, |it| {
            let mut wide = out(200, "-1", "0.0.0.0/0");
            wide.as_object_mut().unwrap().remove("cidrBlock");
            wide["ipv6CidrBlock"] = json!("::/0");
            lets(it, &[wide]);
        }),
        // What a rule before it refuses whole, a rule does not let out.
        ("NET-08", Pass, |it| {
            lets(it, &[rule(150, true, "deny", "-1", "0.0.0.0/0"), out(200, "-1", "0.0.0.0/0")]);
        }),
        // A rule for what comes in says nothing of what leaves.
        ("NET-08", Pass, |it| lets(it, &[rule(200, false, "allow", "-1", "0.0.0.0/0")])),
        ("NET-08", Warn, |it| lets(it, &[rule(90, true, "deny", "6 25", "0.0.0.0/0"), out(200, "-1", "0.0.0.0/0")])),
        ("NET-08", Warn, |it| lets(it, &[out(200, "6 443", "0.0.0.0/0")])),
        ("NET-08", Warn, |it| {
            lets(it, &[out(200, "-1", "10.0.0.0/8"), rule(200, false, "allow", "-1", "10.0.0.0/16")]);
        }),
        ("NET-08", Pass, |it| lets(it, &[out(200, "-1", "10.0.0.0/8")])),
        // The prefix list has grown since.
        ("NET-08", Warn, |it| ruled(it, &[out(100, "6 443", "198.51.100.0/25")])),
        ("NET-08", Warn, |it| ruled(it, &[out(100, "6 443", "198.51.100.0/25"), out(110, "6 80", "203.0.113.0/24")])),
        // Nothing of it was ever copied: traffic goes by the interface endpoint.
        ("NET-08", Pass, |it| ruled(it, &[out(100, "6 443", "10.0.1.0/24")])),
        ("NET-08", NotApplicable, |it| {
            lets(it, &[]);
            for subnet in &mut net(it).subnets.seen.as_mut().unwrap().value {
                subnet.tags.insert("zone".to_owned(), "public".to_owned());
            }
        }),
        ("NET-08", NotApplicable, |it| {
            lets(it, &[out(200, "-1", "0.0.0.0/0")]);
            classed(it, DataClass::Internal);
        }),
        ("NET-08", Unknown, |it| {
            lets(it, &[]);
            deny(it, ACLS, "");
        }),
        ("NET-08", Unknown, |it| {
            lets(it, &[]);
            deny(it, LISTS, "");
        }),
        ("NET-08", Fail, |it| {
            lets(it, &[out(200, "-1", "0.0.0.0/0")]);
            deny(it, LISTS, "");
        }),
        ("NET-08", Unknown, |it| net(it).subnets = denied("ec2:DescribeSubnets")),
        ("NET-08", Unknown, |it| {
            lets(it, &[]);
            net(it).endpoints = denied("ec2:DescribeVpcEndpoints");
        }),
    ];
    each_is(&["NET-08"], cases);
}

#[test]
fn a_list_that_is_not_whole_is_no_verdict() {
    let cases: &[(&str, Change)] = &[
        ("no tag states the zone of subnet-1", |_| {}),
        ("no tag states the zone of subnet-2", |it| {
            lets(it, &[]);
            net(it).subnets.seen.as_mut().unwrap().value[1].tags.clear();
        }),
        ("no access list of subnet-2", |it| {
            lets(it, &[]);
            acl(it)["associationSet"] = json!([{"subnetId": "subnet-1"}]);
        }),
        ("leaves IsDefault of acl-1 out", |it| {
            lets(it, &[]);
            acl(it)["default"] = json!("seventeen");
        }),
        ("a rule of acl-1", |it| {
            lets(it, &[]);
            acl(it)["entrySet"] = json!("seventeen");
        }),
        ("a rule of acl-1", |it| {
            lets(it, &[]);
            acl(it)["entrySet"][0]["ruleNumber"] = json!("many");
        }),
        ("a rule of acl-1", |it| {
            lets(it, &[]);
            acl(it)["entrySet"][0]["portRange"] = json!({"from": "443"});
        }),
        ("a rule of acl-1", |it| {
            lets(it, &[]);
            acl(it)["entrySet"][0]["cidrBlock"] = Value::Null;
        }),
        ("leaves CidrBlock of vpc-1 out", |it| {
            lets(it, &[]);
            net(it).vpcs.seen.as_mut().unwrap().value[0].cidr = None;
        }),
        ("prefix list com.amazonaws.eu-west-1.dynamodb is not in the list", |it| {
            lets(it, &[]);
            *answer(it, LISTS, "") = json!({"prefixListSet": []});
        }),
        ("leaves blocks of prefix list", |it| {
            lets(it, &[]);
            answer(it, LISTS, "")["prefixListSet"][0]["cidrSet"] = json!(["seventeen"]);
        }),
    ];
    for (why, change) in cases {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge("NET-08", &estate);
        assert_eq!((judged.verdict, judged.reason.contains(why)), (Unknown, true), "{why}: {}", judged.reason);
    }
}
