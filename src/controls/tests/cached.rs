//! What clusters of DAX read in their own name, and who reads through them.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is};
use super::*;

/// The controls that these tests answer for.
pub(in super::super) const JUDGED: &[&str] = &["DAX-03", "DAX-04", "DAX-07", "DAX-08"];

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const ROLE: &str = "arn:aws:iam::111122223333:role/dax";
const CLUSTER: &str = "arn:aws:dax:eu-west-1:111122223333:cache/c";

fn document(statements: &Value) -> Value {
    json!(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

/// The cluster has a role that reads so, and trusts so; the table is of a class.
fn cached(it: &mut Estate, class: DataClass, grant: &Value, trust: &Value) {
    answer(it, "dax:DescribeClusters", "")["Clusters"][0]["IamRoleArn"] = json!(ROLE);
    holder(it, "dax", grant, trust);
    classed(it, class);
}

fn holder(it: &mut Estate, name: &str, grant: &Value, trust: &Value) {
    let role = json!({
        "RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
        "CreateDate": "2024-01-01T00:00:00Z", "AssumeRolePolicyDocument": document(trust),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(grant)}], "AttachedManagedPolicies": [],
    });
    answer(it, DETAILS, "")["RoleDetailList"].as_array_mut().unwrap().push(role);
}

fn reads(resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": resource})
}

fn service(name: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}})
}

/// As it should be, for a table of a class.
fn well(it: &mut Estate, class: DataClass) {
    cached(it, class, &reads(ARN), &service("dax.amazonaws.com"));
}

/// Another table that the role reaches.
fn beside(it: &mut Estate, class: &str, domain: Option<&str>) {
    well(it, DataClass::Confidential);
    let mut other = it.tables[ARN].clone();
    other.arn = ARN.replace("orders", "orders-2");
    other.name = "orders-2".to_owned();
    let mut tags = BTreeMap::from([("data-class".to_owned(), class.to_owned())]);
    tags.extend(domain.map(|domain| ("domain".to_owned(), domain.to_owned())));
    other.tags = seen(tags);
    it.tables.insert(other.arn.clone(), other);
    let role = answer(it, DETAILS, "")["RoleDetailList"].as_array_mut().unwrap().last_mut().unwrap();
    let both = json!([reads(ARN), reads(&ARN.replace("orders", "orders-2"))]);
    role["RolePolicyList"][0]["PolicyDocument"] = document(&both);
}

/// Somebody who may read some keys of the table, and so much of the cluster.
fn caller(it: &mut Estate, action: &str, resource: &str, confined: bool) {
    let mut table = reads(ARN);
    if confined {
        table["Condition"] = json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}});
    }
    let cluster = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    holder(it, "caller", &json!([table, cluster]), &service("ec2.amazonaws.com"));
}

#[test]
fn clusters_are_judged_by_what_their_roles_reach() {
    use DataClass::{Confidential, Internal, Public, Restricted};
    let cases: &[(&str, Verdict, Change)] = &[
        ("DAX-03", Pass, |it| well(it, Restricted)),
        ("DAX-03", Fail, |it| cached(it, Restricted, &reads("*"), &service("dax.amazonaws.com"))),
        ("DAX-03", Fail, |it| {
            cached(it, Restricted, &reads("arn:aws:dynamodb:*:*:table/*"), &service("dax.amazonaws.com"));
        }),
        ("DAX-03", Fail, |it| {
            let all = json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": ARN});
            cached(it, Restricted, &all, &service("dax.amazonaws.com"));
        }),
        ("DAX-03", Warn, |it| {
            cached(it, Restricted, &reads(ARN), &json!([service("dax.amazonaws.com"), service("ec2.amazonaws.com")]));
        }),
        ("DAX-03", Warn, |it| {
            let mut open = service("dax.amazonaws.com");
            open["Condition"] = json!({});
            cached(it, Restricted, &reads(ARN), &open);
        }),
        ("DAX-03", Warn, |it| {
            let mut all = service("dax.amazonaws.com");
            all["Principal"] = json!("*");
            cached(it, Restricted, &reads(ARN), &all);
        }),
        ("DAX-03", NotApplicable, |it| well(it, Public)),
        ("DAX-03", Unknown, |it| {
            well(it, Restricted);
            deny(it, DETAILS, "");
        }),
        ("DAX-03", Unknown, |it| {
            cached(it, Restricted, &reads("*"), &service("dax.amazonaws.com"));
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("DAX-04", Pass, |it| well(it, Restricted)),
        ("DAX-04", Pass, |it| {
            well(it, Restricted);
            caller(it, "dax:GetItem", CLUSTER, false);
        }),
        ("DAX-04", Pass, |it| {
            well(it, Restricted);
            caller(it, "dax:GetItem", &CLUSTER.replace("cache/c", "cache/d"), true);
        }),
        ("DAX-04", Fail, |it| {
            well(it, Restricted);
            caller(it, "dax:GetItem", CLUSTER, true);
        }),
        ("DAX-04", Warn, |it| {
            well(it, Restricted);
            caller(it, "dax:*", CLUSTER, false);
        }),
        ("DAX-04", Warn, |it| {
            well(it, Restricted);
            caller(it, "dax:Query", "*", false);
        }),
        ("DAX-04", NotApplicable, |it| well(it, Confidential)),
        ("DAX-04", Unknown, |it| {
            well(it, Restricted);
            deny(it, DETAILS, "");
        }),
        ("DAX-07", Pass, |it| well(it, Restricted)),
        ("DAX-07", Pass, |it| beside(it, "confidential", Some("Payments"))),
        ("DAX-07", Fail, |it| beside(it, "confidential", Some("shipping"))),
        ("DAX-07", Fail, |it| beside(it, "restricted", Some("payments"))),
        ("DAX-07", Warn, |it| beside(it, "confidential", None)),
        ("DAX-07", NotApplicable, |it| well(it, Internal)),
        ("DAX-07", Unknown, |it| {
            well(it, Restricted);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("DAX-08", Pass, |it| well(it, Internal)),
        ("DAX-08", Fail, |it| well(it, Restricted)),
        ("DAX-08", Warn, |it| well(it, Confidential)),
        ("DAX-08", Unknown, |it| {
            well(it, Restricted);
            deny(it, DETAILS, "");
        }),
        ("DAX-08", Unknown, |it| {
            well(it, Restricted);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("DAX-08", Unknown, |it| {
            well(it, Internal);
            it.populations.insert(scope(), denied("dynamodb:ListTables"));
        }),
    ];
    each_is(JUDGED, cases);
}

#[test]
fn a_role_that_is_not_known_is_no_verdict() {
    for (change, why) in [
        ((|it| well(it, DataClass::Restricted)) as Change, ""),
        (|_| {}, "names no role"),
        (
            |it| answer(it, "dax:DescribeClusters", "")["Clusters"][0]["IamRoleArn"] = json!("arn:other"),
            "not in the list",
        ),
    ] {
        for id in JUDGED {
            let mut estate = tail_tests::kept();
            change(&mut estate);
            let judged = judge(id, &estate);
            assert!(judged.reason.contains(why), "{id}: {}", judged.reason);
            assert_eq!(judged.verdict == Unknown, !why.is_empty(), "{id}: {}", judged.reason);
        }
    }
}
