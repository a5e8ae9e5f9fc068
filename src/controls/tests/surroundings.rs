//! Network, caches, encryption and recovery over the slow tail: what each control says, and why.

use serde_json::{Value, json};

use super::tail_tests::{Change, answer, kept};
use super::*;

/// A control, its verdict, a part of the reason, and what was changed of the estate that passes.
type Told = (&'static str, Verdict, &'static str, Change);

fn each_tells(cases: &[Told]) {
    for (at, (id, verdict, why, change)) in cases.iter().enumerate() {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, *verdict, "case {at}, {id}: {}", judged.reason);
        assert!(judged.reason.contains(why), "case {at}, {id}: {}", judged.reason);
        if matches!(verdict, Pass | Fail | Warn) {
            assert!(!judged.evidence.is_empty(), "case {at}, {id} rests on nothing: {}", judged.reason);
        }
        // What a call was denied for is named.
        assert_eq!(judged.missing_action.is_some(), judged.reason.contains("denied"), "case {at}: {judged:?}");
    }
}

/// The one rule of a group, 0 of the cache's and 1 of the endpoint's.
fn rule_of(estate: &mut Estate, group: usize) -> &mut Value {
    &mut answer(estate, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][group]["ipPermissions"][0]
}

fn subnets(estate: &mut Estate) -> &mut Vec<Subnet> {
    &mut net(estate).subnets.seen.as_mut().unwrap().value
}

#[test]
fn what_lets_traffic_in_is_never_guessed() {
    each_tells(&[
        ("NET-07", Pass, "in 2 zones", |_| {}),
        ("NET-07", Unknown, "names no security group", |it| {
            net(it).endpoints.seen.as_mut().unwrap().value[1].security_groups.clear();
        }),
        ("NET-07", Unknown, "no ipPermissions", |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][1]["ipPermissions"] = json!("seventeen");
        }),
        ("NET-07", Pass, "", |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][1]["ipPermissions"] = json!("");
        }),
        ("NET-07", Unknown, "a rule", |it| rule_of(it, 1)["ipRanges"] = Value::Null),
        ("NET-07", Unknown, "a rule", |it| rule_of(it, 1)["groups"] = json!([{"userId": "111122223333"}])),
        ("NET-07", Unknown, "a rule", |it| rule_of(it, 1)["fromPort"] = json!("seventeen")),
        ("NET-07", Warn, "prefix list pl-1", |it| rule_of(it, 1)["prefixListIds"] = json!([{"prefixListId": "pl-1"}])),
        ("NET-07", Warn, "more than port 443", |it| rule_of(it, 1)["ipProtocol"] = json!("udp")),
        ("NET-07", Fail, "every port", |it| {
            rule_of(it, 1)["fromPort"] = json!("1");
            rule_of(it, 1)["toPort"] = json!("65535");
        }),
        ("NET-07", Warn, "one zone", |it| subnets(it)[1].zone = Some("a".to_owned())),
        ("NET-07", Unknown, "subnet-2", |it| subnets(it)[1].zone = None),
        ("NET-07", Unknown, "denied", |it| net(it).subnets = denied("ec2:DescribeSubnets")),
        ("DAX-05", Unknown, "names no security group", |it| {
            answer(it, "dax:DescribeClusters", "")["Clusters"][0]["SecurityGroups"] = Value::Null;
        }),
        ("DAX-05", Warn, "prefix list pl-1", |it| rule_of(it, 0)["prefixListIds"] = json!([{"prefixListId": "pl-1"}])),
    ]);
}

/// A flow log of something.
fn log(of: &str, traffic: &str) -> Value {
    json!({"flowLogId": "fl-2", "resourceId": of, "flowLogStatus": "ACTIVE", "trafficType": traffic})
}

fn flows(estate: &mut Estate, logs: &[Value]) {
    *answer(estate, "ec2:DescribeFlowLogs", "") = json!({ "flowLogSet": logs });
}

#[test]
fn flow_logs_of_all_subnets_stand_for_the_vpc() {
    each_tells(&[
        ("NET-11", Pass, "all its subnets", |it| flows(it, &[log("subnet-1", "ALL"), log("subnet-2", "REJECT")])),
        ("NET-11", Pass, "all its subnets", |it| {
            flows(it, &[log("vpc-1", "ACCEPT"), log("subnet-1", "ALL"), log("subnet-2", "ALL")]);
        }),
        ("NET-11", Warn, "those of subnet-2 are not", |it| flows(it, &[log("subnet-1", "ALL")])),
        ("NET-11", Warn, "accepted traffic alone", |it| {
            flows(it, &[log("subnet-1", "ACCEPT"), log("subnet-2", "ALL")]);
        }),
        ("NET-11", Fail, "no flow log", |it| {
            flows(it, &[log("vpc-9", "ALL"), log("subnet-9", "ALL"), log("eni-1", "ALL")]);
        }),
        ("NET-11", Unknown, "denied", |it| {
            flows(it, &[log("subnet-1", "ALL")]);
            net(it).subnets = denied("ec2:DescribeSubnets");
        }),
    ]);
}
