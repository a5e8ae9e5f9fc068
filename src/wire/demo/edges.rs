//! EC2's network access lists, and the prefix list whose blocks their rules copy: in one region somebody wrote lists for
//! the inner zone, in another only a zone into the tags.

use serde_json::{Value, json};

use super::Call;

/// The blocks of DynamoDB in every region of this account.
const BLOCKS: [&str; 2] = ["198.51.100.0/25", "203.0.113.128/25"];

/// A rule of a list, as EC2 writes one.
fn rule(number: u32, out: bool, action: &str, (protocol, ports): (&str, Option<(u32, u32)>), block: &str) -> Value {
    json!({
        "ruleNumber": number, "protocol": protocol, "ruleAction": action, "egress": out, "cidrBlock": block,
        "portRange": ports.map(|(from, to)| json!({ "from": from, "to": to })),
    })
}

/// Both ways: everything, or nothing but what comes before.
fn last(action: &str, number: u32) -> [Value; 2] {
    [true, false].map(|out| rule(number, out, action, ("-1", None), "0.0.0.0/0"))
}

/// Of each VPC, as id, first bytes of its block and its subnets, the inner one first: the default list, and where the
/// inner zone is looked after one of its own.
pub(super) fn lists(call: &Call<'_>, vpcs: &[(String, String, [String; 2])]) -> Vec<Value> {
    let list = |vpc: &str, own: bool, subnets: &[&String], rules: Vec<Value>| {
        let id = format!("acl-{}{}", if own { "1" } else { "0" }, vpc.trim_start_matches("vpc-0"));
        let association = |subnet: &&String| {
            let name = subnet.trim_start_matches("subnet-");
            json!({ "networkAclAssociationId": format!("aclassoc-{name}"), "networkAclId": id, "subnetId": subnet })
        };
        json!({
            "networkAclId": id, "vpcId": vpc, "default": !own, "ownerId": call.realm.account,
            "entrySet": rules, "associationSet": subnets.iter().map(association).collect::<Vec<_>>(), "tagSet": [],
        })
    };
    let mut all = Vec::new();
    for (vpc, block, [inner, outer]) in vpcs {
        let everything = || [last("allow", 100), last("deny", 32767)].concat();
        if call.realm.index != 2 {
            all.push(list(vpc, false, &[inner, outer], everything()));
            continue;
        }
        all.push(list(vpc, false, &[outer], everything()));
        let whole = format!("{block}.0.0/16");
        let (https, replies) = (("6", Some((443, 443))), ("6", Some((1024, 65535))));
        let mut rules: Vec<Value> =
            (100..).step_by(10).zip(BLOCKS).map(|(number, to)| rule(number, true, "allow", https, to)).collect();
        rules.extend((200..).step_by(10).zip(BLOCKS).map(|(number, to)| rule(number, false, "allow", replies, to)));
        rules.push(rule(300, true, "allow", replies, &whole));
        rules.push(rule(300, false, "allow", https, &whole));
        rules.extend(last("deny", 32767));
        all.push(list(vpc, true, &[inner], rules));
    }
    all
}

/// The prefix lists of gateway endpoints.
pub(super) fn prefixes(call: &Call<'_>, id: &str) -> Vec<Value> {
    let name = format!("com.amazonaws.{}.dynamodb", call.realm.region);
    vec![json!({ "prefixListId": id, "prefixListName": name, "cidrSet": BLOCKS })]
}
