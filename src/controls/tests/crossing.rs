//! Controls over who crosses into another's lane, and over what this program itself may do.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is, kept};
use super::{ARN, classed, denied, judge, scope, seen, table};
use crate::model::{Caller, DataClass, Estate, Verdict};

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["GOV-02", "ISO-03"];

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

/// One role in place of all, with a tag that says its domain.
fn role(it: &mut Estate, name: &str, domain: Option<&str>, actions: &Value) {
    let document = json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string();
    let tags: Vec<Value> = domain.iter().map(|domain| json!({"Key": "Domain", "Value": domain})).collect();
    answer(it, DETAILS, "")["RoleDetailList"] = json!([{
        "RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "Tags": tags,
        "AssumeRolePolicyDocument": json!({"Statement": []}).to_string(),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}], "AttachedManagedPolicies": [],
    }]);
}

#[test]
fn nobody_reaches_items_of_another_domain() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let items = || json!(["dynamodb:GetItem"]);
    let cases: &[(&str, Verdict, Change)] = &[
        ("ISO-03", Pass, |it| role(it, "app", Some("Payments"), &json!("dynamodb:GetItem"))),
        ("ISO-03", Pass, |it| role(it, "app", Some("identity"), &json!("dynamodb:DescribeTable"))),
        ("ISO-03", Fail, |it| role(it, "app", Some("identity"), &json!("dynamodb:*"))),
        ("ISO-03", Warn, |it| role(it, "app", None, &json!("dynamodb:PartiQLSelect"))),
        ("ISO-03", Warn, |it| {
            role(it, "app", Some("identity"), &json!("dynamodb:Scan"));
            table(it).tags.seen.as_mut().unwrap().value.remove("domain");
        }),
        ("ISO-03", NotApplicable, |it| {
            role(it, "app", Some("identity"), &json!("dynamodb:*"));
            classed(it, DataClass::Internal);
        }),
        ("ISO-03", Unknown, |it| deny(it, DETAILS, "")),
        ("ISO-03", Unknown, |it| {
            role(it, "app", Some("identity"), &json!("dynamodb:*"));
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("ISO-03", Unknown, |it| {
            role(it, "app", Some("payments"), &json!("dynamodb:*"));
            it.populations.insert(scope(), denied("dynamodb:ListTables"));
        }),
    ];
    each_is(&["ISO-03"], cases);
    let mut estate = kept();
    role(&mut estate, "app", Some("payments"), &items());
    answer(&mut estate, DETAILS, "")["RoleDetailList"][0]["AttachedManagedPolicies"] = json!([{"PolicyArn": "gone"}]);
    let judged = judge("ISO-03", &estate);
    assert!(judged.verdict == Unknown && judged.reason.contains("not whole"), "{}", judged.reason);
    assert!(estate.tables.contains_key(ARN));
}

/// Who asks.
fn asks(it: &mut Estate, arn: &str) {
    let caller = Caller { account: "111122223333".to_owned(), arn: arn.to_owned(), profile: None };
    it.callers.insert(scope(), seen(caller));
}

const AUDITOR: &str = "arn:aws:sts::111122223333:assumed-role/audit/me";

#[test]
fn the_dashboard_may_look_and_no_more() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown};
    let cases: &[(&str, Verdict, Change)] = &[
        ("GOV-02", Pass, |it| {
            asks(it, AUDITOR);
            role(it, "audit", None, &json!(["dynamodb:Describe*", "dynamodb:List*", "kms:DescribeKey"]));
        }),
        ("GOV-02", Fail, |it| {
            asks(it, AUDITOR);
            role(it, "audit", None, &json!(["dynamodb:Describe*", "dynamodb:Scan"]));
        }),
        ("GOV-02", Fail, |it| {
            asks(it, AUDITOR);
            role(it, "audit", None, &json!("dynamodb:UpdateTable"));
        }),
        ("GOV-02", Fail, |it| {
            asks(it, AUDITOR);
            role(it, "audit", None, &json!("dynamodb:GetRecords"));
        }),
        ("GOV-02", Fail, |it| {
            asks(it, AUDITOR);
            role(it, "audit", None, &json!("kms:*"));
        }),
        ("GOV-02", Fail, |it| asks(it, "arn:aws:iam::111122223333:root")),
        ("GOV-02", NotApplicable, |it| {
            asks(it, AUDITOR);
            classed(it, DataClass::Public);
        }),
        ("GOV-02", Unknown, |it| {
            asks(it, "arn:aws:sts::111122223333:assumed-role/other/me");
            role(it, "audit", None, &json!("dynamodb:*"));
        }),
        ("GOV-02", Unknown, |it| {
            it.callers.insert(scope(), denied("sts:GetCallerIdentity"));
        }),
        ("GOV-02", Unknown, |it| {
            asks(it, AUDITOR);
            deny(it, DETAILS, "");
        }),
    ];
    each_is(&["GOV-02"], cases);
    let mut estate = kept();
    asks(&mut estate, "arn:aws:sts::111122223333:federated-user/me");
    assert_eq!(judge("GOV-02", &estate).verdict, Unknown);
}
