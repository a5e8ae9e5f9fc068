//! Front doors: web ACLs and Shield.

use serde_json::{Value, json};

use super::{Baseline, DataClass, classed, denied, now, scope};
use crate::controls::tail_tests::{Change, answer, deny, each_is, kept, put};
use crate::controls::{Judge, Override, by_id};
use crate::model::{Estate, FrontDoor, Judgement, Verdict};
use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};

pub(super) const JUDGED: &[&str] = &["NET-12", "NET-13"];

const DOOR: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc";
const SITE: &str = "arn:aws:cloudfront::111122223333:distribution/E1";
const ACL: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/1";
const GLOBAL: &str = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/site/2";
const ACL_OF: &str = "wafv2:GetWebACLForResource";
const LOGGING: &str = "wafv2:GetLoggingConfiguration";

fn acl(arn: &str) -> Value {
    json!({"WebACL": {"Name": "shop", "ARN": arn, "Rules": [
        {"Name": "common", "Statement": {"ManagedRuleGroupStatement": {"Name": "AWSManagedRulesCommonRuleSet"}}, "OverrideAction": {"None": {}}},
        {"Name": "rate", "Statement": {"RateBasedStatement": {}}, "Action": {"Block": {}}},
    ]}})
}

fn door(arn: &str, tables: &[&str]) -> FrontDoor {
    FrontDoor::new(arn, None, tables.iter().map(|&of| of.to_owned()).collect()).unwrap()
}

/// A load balancer with a web ACL, protected.
pub(in crate::controls) fn keep(estate: &mut Estate) {
    estate.doors = Some(vec![door(DOOR, &["ord*"])]);
    let logged =
        json!({"LoggingConfiguration": {"LogDestinationConfigs": ["arn:aws:logs:x:y:log-group:aws-waf-logs-x"]}});
    put(estate, ACL_OF, DOOR, acl(ACL));
    put(estate, LOGGING, ACL, logged.clone());
    put(estate, LOGGING, GLOBAL, logged);
    put(estate, "wafv2:GetWebACL", GLOBAL, acl(GLOBAL));
    put(estate, "cloudfront:GetDistributionConfig", SITE, json!({"WebACLId": GLOBAL}));
    put(estate, "shield:GetSubscriptionState", "", json!({"SubscriptionState": "ACTIVE"}));
    put(estate, "shield:ListProtections", "", json!({"Protections": [{"ResourceArn": DOOR}]}));
}

fn site(estate: &mut Estate) {
    estate.doors = Some(vec![door(SITE, &[])]);
}

#[test]
fn a_front_door_is_guarded_by_rules_that_stop_and_log() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("NET-12", Pass, |_| {}),
        ("NET-12", Pass, site),
        ("NET-12", Fail, |it| *answer(it, ACL_OF, DOOR) = json!({})),
        ("NET-12", Fail, |it| answer(it, ACL_OF, DOOR)["WebACL"]["Rules"] = json!([])),
        ("NET-12", Fail, |it| {
            site(it);
            *answer(it, "cloudfront:GetDistributionConfig", SITE) = json!({"WebACLId": ""});
        }),
        ("NET-12", Fail, |it| {
            site(it);
            *answer(it, "cloudfront:GetDistributionConfig", SITE) =
                json!({"WebACLId": "473e64fd-f30b-4765-81a0-62ad96dd167a"});
        }),
        ("NET-12", Warn, |it| *answer(it, LOGGING, ACL) = Value::Null),
        ("NET-12", Warn, |it| {
            let rules = &mut answer(it, ACL_OF, DOOR)["WebACL"]["Rules"];
            rules[0]["OverrideAction"] = json!({"Count": {}});
            rules[1]["Action"] = json!({"Count": {}});
        }),
        // A rule of one's own stops something; whether it is as good as AWS's nobody can see.
        ("NET-12", Warn, |it| answer(it, ACL_OF, DOOR)["WebACL"]["Rules"][0]["OverrideAction"] = json!({"Count": {}})),
        ("NET-12", Pass, |it| {
            let of = &mut answer(it, ACL_OF, DOOR)["WebACL"];
            let group = json!({"FirewallManagerStatement": {"ManagedRuleGroupStatement": {"Name": "AWSManagedRulesCommonRuleSet"}}, "OverrideAction": {"None": {}}});
            (of["Rules"], of["PreProcessFirewallManagerRuleGroups"]) = (json!([]), json!([group]));
        }),
        ("NET-12", Unknown, |it| deny(it, ACL_OF, DOOR)),
        ("NET-12", Unknown, |it| deny(it, LOGGING, ACL)),
        ("NET-12", Unknown, |it| {
            site(it);
            deny(it, "cloudfront:GetDistributionConfig", SITE);
        }),
        ("NET-12", Unknown, |it| {
            site(it);
            deny(it, "wafv2:GetWebACL", GLOBAL);
        }),
        ("NET-12", Unknown, |it| {
            // A door that fails, where the class is a guess.
            *answer(it, ACL_OF, DOOR) = json!({});
            it.populations.insert(scope(), denied("dynamodb:ListTables"));
            it.tables.clear();
        }),
        ("NET-12", NotApplicable, |it| classed(it, DataClass::Internal)),
        ("NET-12", NotApplicable, |it| it.doors = Some(vec![door(DOOR, &["carts"])])),
        ("NET-13", Pass, |_| {}),
        ("NET-13", Warn, |it| *answer(it, "shield:ListProtections", "") = json!({"Protections": []})),
        ("NET-13", Unknown, |it| deny(it, "shield:GetSubscriptionState", "")),
        ("NET-13", Unknown, |it| deny(it, "shield:ListProtections", "")),
        ("NET-13", NotApplicable, |it| {
            *answer(it, "shield:GetSubscriptionState", "") = json!({"SubscriptionState": "INACTIVE"});
        }),
    ];
    each_is(JUDGED, cases);
}

fn judge(id: &str, estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    match by_id(id).unwrap().judge {
        Judge::Estate(judge) => judge(estate, baseline),
        Judge::Table(_) => unreachable!("it judges front doors"),
    }
}

#[test]
fn what_no_class_asks_for_is_no_fault_and_what_one_asks_for_is() {
    let mut estate = kept();
    *answer(&mut estate, "shield:GetSubscriptionState", "") = json!({"SubscriptionState": "INACTIVE"});
    let mut baseline = Baseline::default();
    baseline.change(DataClass::Restricted, &Override { shield_advanced: Some(true), ..Override::default() });
    let judged = judge("NET-13", &estate, &baseline);
    assert_eq!(judged[0].verdict, Fail, "{}", judged[0].reason);
    assert!(judged[0].reason.contains("restricted") && judged[0].evidence[0].at == now());
    baseline.change(DataClass::Restricted, &Override { shield_advanced: Some(false), ..Override::default() });
    assert_eq!(judge("NET-13", &estate, &baseline)[0].verdict, NotApplicable);
}

#[test]
fn no_door_declared_is_unknown_and_says_where_to_declare_one_and_one_elsewhere_is_a_row() {
    let mut estate = kept();
    for id in JUDGED {
        estate.doors = Some(Vec::new());
        let judged = judge(id, &estate, &Baseline::default());
        assert_eq!((judged.len(), judged[0].verdict), (1, Unknown));
        assert!(judged[0].reason.contains("[[front_doors]]"), "{}", judged[0].reason);
        estate.doors = Some(vec![door(&DOOR.replace("111122223333", "444455556666"), &[])]);
        let judged = judge(id, &estate, &Baseline::default());
        let elsewhere = judged.iter().find(|of| of.resource.contains("444455556666")).unwrap();
        assert!(elsewhere.verdict == Unknown && elsewhere.reason.contains("not polled"), "{}", elsewhere.reason);
    }
    estate.doors = Some(vec![door(&DOOR.replace("eu-west-1", "us-east-1"), &[])]);
    let judged = judge("NET-12", &estate, &Baseline::default());
    assert!(judged[0].verdict == Unknown && judged[0].reason.contains("us-east-1"), "{}", judged[0].reason);
}
