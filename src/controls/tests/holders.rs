//! Controls over what users, groups and roles hold.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is, kept, put};
use super::*;

/// The controls that these tests answer for.
pub(in super::super) const JUDGED: &[&str] = &[
    "IAM-01", "IAM-02", "IAM-03", "IAM-04", "IAM-05", "IAM-06", "IAM-07", "IAM-08", "IAM-09", "IAM-13", "IAM-14",
    "IAM-15", "IAM-16", "IAM-17",
];

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const CEILING: &str = "arn:aws:iam::111122223333:policy/ceiling";

fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A role that lambda uses.
fn role(name: &str, statements: &Value) -> Value {
    json!({
        "RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
        "CreateDate": "2024-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}],
        "AttachedManagedPolicies": [],
        "PermissionsBoundary": {"PermissionsBoundaryArn": CEILING},
        "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z"},
    })
}

fn trust(service: &str) -> String {
    document(&json!([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]))
}

/// What everybody passes.
pub(in super::super) fn keep(it: &mut Estate) {
    let app = json!([{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": ARN}]);
    let change = json!([{"Effect": "Allow", "Action": ["dynamodb:UpdateTable"], "Resource": "*"}]);
    let mut deploy = role("deploy", &change);
    deploy["AssumeRolePolicyDocument"] = json!(trust("cloudformation.amazonaws.com"));
    let mut own = role(
        "AWSServiceRoleForDynamoDBReplication",
        &json!([{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]),
    );
    own["Path"] = json!("/aws-service-role/replication.dynamodb.amazonaws.com/");
    let most = json!([{"Effect": "Allow", "Action": ["dynamodb:*Item", "dynamodb:Query", "dynamodb:*Table", "sts:*"], "Resource": "*"}]);
    put(
        it,
        DETAILS,
        "",
        json!({
            "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role("app", &app), deploy, own],
            "Policies": [{"PolicyName": "ceiling", "Arn": CEILING, "PolicyVersionList": [{"Document": document(&most)}]}],
        }),
    );
    keep_users(it);
    keep_organization(it);
}

/// The report and the summary of an account without users.
fn keep_users(it: &mut Estate) {
    put(it, REPORT, "", Value::Null);
    put(
        it,
        "iam:GetAccountSummary",
        "",
        json!({"SummaryMap": {"entry": [{"key": "AccountAccessKeysPresent", "value": "0"}]}}),
    );
    put(it, "cloudtrail:LookupEvents", "", json!({"Events": []}));
    let analyzer = |name: &str, kind: &str| json!({"name": name, "arn": name, "type": kind, "status": "ACTIVE"});
    put(
        it,
        ANALYZERS,
        "",
        json!({"analyzers": [
            analyzer("out", "ACCOUNT"), analyzer("in", "ACCOUNT_INTERNAL_ACCESS"), analyzer("idle", "ACCOUNT_UNUSED_ACCESS"),
        ]}),
    );
    for name in ["out", "in", "idle"] {
        put(it, FINDINGS, name, json!({"findings": []}));
    }
}

const ANALYZERS: &str = "accessanalyzer:ListAnalyzers";
const FINDINGS: &str = "accessanalyzer:ListFindingsV2";
const ORGANIZATION: &str = "organizations:DescribeOrganization";
const ATTACHED: &str = "organizations:ListPoliciesForTarget";
const CONTENT: &str = "organizations:DescribePolicy";

/// An organization with both kinds of policies over the account.
fn keep_organization(it: &mut Estate) {
    put(it, ORGANIZATION, "", json!({"Organization": {"MasterAccountId": "444455556666"}}));
    let strangers = json!([{"Effect": "Deny", "Principal": "*", "Action": "dynamodb:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}]);
    let trails = json!([{"Effect": "Deny", "Action": "cloudtrail:Stop*", "Resource": "*"}]);
    for (subject, id, statements) in [(SERVICE, "p-s", trails), (RESOURCE, "p-r", strangers)] {
        put(it, ATTACHED, subject, json!({"Policies": [{"Id": id}]}));
        put(it, CONTENT, &format!("{subject}/{id}"), json!({"Policy": {"Content": document(&statements)}}));
    }
}

const SERVICE: &str = "SERVICE_CONTROL_POLICY:r-1";
const RESOURCE: &str = "RESOURCE_CONTROL_POLICY:r-1";

const REPORT: &str = "iam:GetCredentialReport";

/// A user with a line in the report: console, second factor, key, and the service it was last used for.
fn user(it: &mut Estate, [console, mfa, key]: [bool; 3], service: &str, statements: &Value) {
    answer(it, DETAILS, "")["UserDetailList"] = json!([{
        "UserName": "bob", "Path": "/", "Arn": "arn:aws:iam::111122223333:user/bob", "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}],
    }]);
    let text = format!(
        "user,arn,password_enabled,mfa_active,access_key_1_active,access_key_1_last_used_service,access_key_2_active\n\
         bob,arn:aws:iam::111122223333:user/bob,{console},{mfa},{key},{service},false"
    );
    put(it, REPORT, "", json!({"Content": text}));
}

fn items() -> Value {
    json!([allow(&json!("dynamodb:GetItem"), &json!(ARN))])
}

fn changes() -> Value {
    json!([allow(&json!("dynamodb:UpdateTable"), &json!(ARN))])
}

/// Another role.
fn add(it: &mut Estate, role: Value) {
    answer(it, DETAILS, "")["RoleDetailList"].as_array_mut().unwrap().push(role);
}

/// Another role, which no boundary holds.
fn free(it: &mut Estate, statements: &Value) {
    let mut role = role("free", statements);
    role["PermissionsBoundary"] = Value::Null;
    add(it, role);
}

fn allow(actions: &Value, resources: &Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// A managed policy of AWS's, attached to a group with a user in it.
fn group(it: &mut Estate, policy: &str, statements: &Value) {
    let arn = format!("arn:aws:iam::aws:policy/{policy}");
    let of = answer(it, DETAILS, "");
    of["Policies"].as_array_mut().unwrap().push(json!({
        "PolicyName": policy, "Arn": arn, "PolicyVersionList": [{"Document": document(statements)}],
    }));
    of["GroupDetailList"] = json!([{
        "GroupName": "g", "Path": "/", "Arn": "arn:aws:iam::111122223333:group/g", "GroupPolicyList": [],
        "AttachedManagedPolicies": [{"PolicyArn": arn}],
    }]);
    of["UserDetailList"] = json!([{
        "UserName": "bob", "Path": "/", "Arn": "arn:aws:iam::111122223333:user/bob", "UserPolicyList": [], "GroupList": ["g"],
        "AttachedManagedPolicies": [],
    }]);
}

#[test]
fn what_everybody_holds_is_judged_as_the_catalogue_says() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("IAM-01", Pass, |_| {}),
        ("IAM-01", Fail, |it| free(it, &json!([allow(&json!("dynamodb:*"), &json!("*"))]))),
        ("IAM-01", Fail, |it| free(it, &json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]))),
        ("IAM-01", Fail, |it| free(it, &json!([allow(&json!("*"), &json!("arn:aws:dynamodb:*:*:table/*"))]))),
        ("IAM-01", Fail, |it| group(it, "Whole", &json!([allow(&json!("*"), &json!("*"))]))),
        ("IAM-01", Warn, |it| add(it, role("held", &json!([allow(&json!("dynamodb:*"), &json!("*"))])))),
        ("IAM-01", Warn, |it| {
            let denied = json!({"Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"});
            free(it, &json!([allow(&json!("dynamodb:*"), &json!("*")), denied]));
        }),
        ("IAM-01", Fail, |it| {
            // A denial in one region leaves the others.
            let denied = json!({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:dynamodb:eu-west-1:*:table/*"});
            free(it, &json!([allow(&json!("dynamodb:*"), &json!("*")), denied]));
        }),
        ("IAM-01", Pass, |it| free(it, &json!([allow(&json!("*"), &json!("arn:aws:s3:::bucket/*"))]))),
        ("IAM-01", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-01", NotApplicable, |it| classed(it, DataClass::Public)),
        ("IAM-02", Pass, |_| {}),
        ("IAM-02", Fail, |it| {
            free(
                it,
                &json!([
                    allow(&json!("dynamodb:GetItem"), &json!(ARN)),
                    allow(&json!("dynamodb:UpdateTable"), &json!("*"))
                ]),
            );
        }),
        ("IAM-02", Pass, |it| {
            let other = ARN.replace("orders", "other");
            free(
                it,
                &json!([
                    allow(&json!("dynamodb:GetItem"), &json!(ARN)),
                    allow(&json!("dynamodb:UpdateTable"), &json!(other))
                ]),
            );
        }),
        ("IAM-02", Fail, |it| group(it, "Whole", &json!([allow(&json!("*"), &json!("*"))]))),
        ("IAM-02", Unknown, |it| {
            table(it).tags = denied("dynamodb:ListTagsOfResource");
            free(it, &json!([allow(&json!("*"), &json!("*"))]));
        }),
        ("IAM-02", Unknown, |it| drop(it.populations.insert(scope(), denied("dynamodb:ListTables")))),
        ("IAM-02", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-03", Pass, |_| {}),
        ("IAM-03", Warn, |it| free(it, &json!([allow(&json!("dynamodb:UpdateTable"), &json!(ARN))]))),
        ("IAM-03", Pass, |it| free(it, &json!([allow(&json!("dynamodb:TagResource"), &json!(ARN))]))),
        ("IAM-03", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-04", Pass, |_| {}),
        ("IAM-04", Fail, |it| group(it, "AmazonDynamoDBFullAccess_v2", &json!([]))),
        ("IAM-04", Warn, |it| group(it, "AmazonDynamoDBReadOnlyAccess", &json!([]))),
        ("IAM-04", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-05", Pass, |_| {}),
        ("IAM-05", Fail, |it| free(it, &json!([allow(&json!("dynamodb:GetItem"), &json!("*"))]))),
        ("IAM-05", Fail, |it| {
            free(it, &json!([allow(&json!("dynamodb:GetRecords"), &json!("arn:aws:dynamodb:*:*:table/*/stream/*"))]));
        }),
        ("IAM-05", Warn, |it| {
            free(it, &json!([allow(&json!("dynamodb:GetItem"), &json!(ARN.replace("orders", "gone")))]));
        }),
        ("IAM-05", Pass, |it| free(it, &json!([allow(&json!("dynamodb:Query"), &json!(format!("{ARN}/index/*")))]))),
        ("IAM-05", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-05", Unknown, |it| drop(it.populations.insert(scope(), denied("dynamodb:ListTables")))),
        ("IAM-06", Pass, |_| {}),
        ("IAM-06", Fail, |it| free(it, &json!([allow(&json!("dynamodb:GetItem"), &json!(ARN))]))),
        ("IAM-06", Fail, |it| free(it, &json!([allow(&json!("iam:CreateRole"), &json!("*"))]))),
        ("IAM-06", Pass, |it| free(it, &json!([allow(&json!("s3:GetObject"), &json!("*"))]))),
        ("IAM-06", Warn, |it| {
            let whole = json!([allow(&json!("*"), &json!("*"))]);
            answer(it, DETAILS, "")["Policies"][0]["PolicyVersionList"][0]["Document"] = json!(document(&whole));
        }),
        ("IAM-06", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-07", NotApplicable, |_| {}),
        ("IAM-07", Pass, |it| keyed(it, &json!("dynamodb:GetItem"), &json!({}))),
        ("IAM-07", Pass, |it| keyed(it, &json!(["dynamodb:GetItem", "dynamodb:Scan"]), &json!({}))),
        ("IAM-07", Fail, |it| keyed(it, &json!(["dynamodb:GetItem", "dynamodb:Scan"]), &json!({"Null": {}}))),
        ("IAM-07", Fail, |it| keyed(it, &json!(["dynamodb:PartiQLSelect"]), &json!({"Null": {}}))),
        ("IAM-07", Warn, |it| {
            keyed(
                it,
                &json!(["dynamodb:PartiQLSelect"]),
                &json!({"Null": {}, "Bool": {"dynamodb:FullTableScan": "false"}}),
            );
        }),
        ("IAM-07", Warn, |it| keyed(it, &json!("dynamodb:GetItem"), &json!({"Null": {}}))),
        ("IAM-07", Warn, |it| {
            let of = json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${www.amazon.com:user_id}"}});
            keyed(it, &json!("dynamodb:GetItem"), &of);
        }),
        ("IAM-07", Fail, |it| {
            keyed(it, &json!("dynamodb:GetItem"), &json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "*"}}));
        }),
        ("IAM-07", Fail, |it| {
            keyed(it, &json!("dynamodb:GetItem"), &json!({}));
            let own = &mut answer(it, DETAILS, "")["RoleDetailList"][3]["RolePolicyList"];
            let other = json!([allow(&json!("dynamodb:Query"), &json!(ARN))]);
            own.as_array_mut().unwrap().push(json!({"PolicyName": "other", "PolicyDocument": document(&other)}));
        }),
        ("IAM-07", Fail, |it| {
            let scan = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"dynamodb:Scan","Resource":"*","Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":"a"}}}"#;
            policy(it, scan);
        }),
        ("IAM-07", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-07", Unknown, |it| table(it).policy = denied("dynamodb:GetResourcePolicy")),
        ("IAM-08", NotApplicable, |_| {}),
        ("IAM-08", Pass, |it| {
            attributes(
                it,
                &json!(["dynamodb:GetItem", "dynamodb:UpdateItem"]),
                &json!({
                    "dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"],
                }),
            );
        }),
        ("IAM-08", Fail, |it| attributes(it, &json!("dynamodb:Query"), &json!({"dynamodb:Select": "ALL_ATTRIBUTES"}))),
        ("IAM-08", Warn, |it| {
            attributes(it, &json!("dynamodb:PutItem"), &json!({"dynamodb:ReturnValues": ["NONE", "ALL_OLD"]}));
        }),
        ("IAM-08", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-09", NotApplicable, |_| {}),
        ("IAM-09", Pass, |it| by_tag(it, "Allow", ARN, "domain")),
        ("IAM-09", Fail, |it| by_tag(it, "Allow", ARN, "team")),
        ("IAM-09", NotApplicable, |it| by_tag(it, "Allow", "*", "team")),
        ("IAM-09", Fail, |it| by_tag(it, "Deny", "*", "team")),
        ("IAM-09", Fail, |it| {
            by_tag(it, "Allow", ARN, "domain");
            free(it, &json!([allow(&json!(["dynamodb:GetItem", "dynamodb:UntagResource"]), &json!(ARN))]));
        }),
        ("IAM-09", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-09", Unknown, |it| {
            by_tag(it, "Allow", ARN, "domain");
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("IAM-13", Pass, |_| {}),
        ("IAM-13", Fail, |it| user(it, [false, false, true], "dynamodb", &items())),
        ("IAM-13", Warn, |it| user(it, [false, false, true], "s3", &items())),
        ("IAM-13", Pass, |it| user(it, [false, false, false], "N/A", &items())),
        ("IAM-13", Pass, |it| user(it, [false, false, true], "s3", &json!([]))),
        ("IAM-13", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-13", Unknown, |it| {
            user(it, [false, false, true], "s3", &items());
            deny(it, REPORT, "");
        }),
        ("IAM-14", Pass, |_| {}),
        ("IAM-14", Fail, |it| user(it, [true, false, false], "N/A", &changes())),
        ("IAM-14", Pass, |it| user(it, [true, true, false], "N/A", &changes())),
        ("IAM-14", Pass, |it| user(it, [true, false, false], "N/A", &items())),
        ("IAM-14", Warn, |it| {
            person(it, &json!({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}), &json!({}));
        }),
        ("IAM-14", Warn, |it| person(it, &json!({"AWS": "111122223333"}), &json!({}))),
        ("IAM-14", Warn, |it| {
            person(
                it,
                &json!({"AWS": "111122223333"}),
                &json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
            );
        }),
        ("IAM-14", Pass, |it| {
            person(it, &json!({"AWS": "111122223333"}), &json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
        }),
        ("IAM-14", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-15", Pass, |_| {}),
        ("IAM-15", Fail, |it| idle(it, &json!({"LastUsedDate": "2026-01-01T00:00:00Z"}))),
        ("IAM-15", Fail, |it| idle(it, &json!(""))),
        ("IAM-15", Pass, |it| idle(it, &json!({"LastUsedDate": "2026-11-01T00:00:00Z"}))),
        ("IAM-15", Warn, |it| idle(it, &Value::Null)),
        ("IAM-15", Fail, |it| found(it, "idle", "UnusedIAMRole", "arn:aws:iam::111122223333:role/app", "ACTIVE")),
        ("IAM-15", Warn, |it| found(it, "idle", "UnusedPermission", "arn:aws:iam::111122223333:role/app", "ACTIVE")),
        ("IAM-15", Pass, |it| found(it, "idle", "UnusedPermission", "arn:aws:iam::111122223333:role/other", "ACTIVE")),
        ("IAM-15", Warn, |it| drop(answer(it, ANALYZERS, "")["analyzers"].as_array_mut().unwrap().pop())),
        ("IAM-15", Unknown, |it| deny(it, DETAILS, "")),
        ("IAM-15", Unknown, |it| deny(it, ANALYZERS, "")),
        ("IAM-15", Unknown, |it| deny(it, FINDINGS, "idle")),
        ("IAM-11", Pass, |_| {}),
        ("IAM-11", Fail, |it| found(it, "out", "ExternalAccess", ARN, "ACTIVE")),
        ("IAM-11", Fail, |it| {
            found(it, "out", "ExternalAccess", KEY, "ACTIVE");
            answer(it, FINDINGS, "out")["findings"][0]["resourceType"] = json!("AWS::KMS::Key");
        }),
        ("IAM-11", Warn, |it| found(it, "out", "ExternalAccess", ARN, "ARCHIVED")),
        ("IAM-11", Warn, |it| answer(it, ANALYZERS, "")["analyzers"][1]["status"] = json!("FAILED")),
        ("IAM-11", Pass, |it| {
            answer(it, ANALYZERS, "")["analyzers"][1]["status"] = json!("FAILED");
            classed(it, DataClass::Confidential);
        }),
        ("IAM-11", Unknown, |it| deny(it, FINDINGS, "out")),
        ("IAM-16", Pass, |_| {}),
        ("IAM-16", Fail, |it| *answer(it, ORGANIZATION, "") = Value::Null),
        ("IAM-16", Warn, |it| {
            answer(it, ORGANIZATION, "")["Organization"]["MasterAccountId"] = json!("111122223333");
        }),
        ("IAM-16", Warn, |it| *answer(it, ATTACHED, SERVICE) = json!({"Policies": []})),
        ("IAM-16", Warn, |it| *answer(it, ATTACHED, RESOURCE) = json!({"Policies": []})),
        ("IAM-16", Fail, |it| {
            *answer(it, ATTACHED, SERVICE) = json!({"Policies": []});
            *answer(it, ATTACHED, RESOURCE) = json!({"Policies": []});
        }),
        ("IAM-16", Unknown, |it| deny(it, ATTACHED, SERVICE)),
        ("IAM-16", Unknown, |it| deny(it, CONTENT, &format!("{RESOURCE}/p-r"))),
        ("IAM-16", Unknown, |it| deny(it, ORGANIZATION, "")),
        ("IAM-16", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("IAM-17", Pass, |_| {}),
        ("IAM-17", Fail, |it| {
            answer(it, "iam:GetAccountSummary", "")["SummaryMap"]["entry"][0]["value"] = json!("1");
        }),
        ("IAM-17", Fail, |it| {
            deny(it, "iam:GetAccountSummary", "");
            *answer(it, "cloudtrail:LookupEvents", "") = json!({"Events": [{"EventName": "ConsoleLogin", "EventSource": "signin.amazonaws.com"},
                                  {"EventName": "DeleteTable", "EventSource": "dynamodb.amazonaws.com"}]});
        }),
        ("IAM-17", Warn, |it| {
            *answer(it, "cloudtrail:LookupEvents", "") =
                json!({"Events": [{"EventName": "ConsoleLogin", "EventSource": "signin.amazonaws.com"}]});
        }),
        ("IAM-17", Unknown, |it| deny(it, "cloudtrail:LookupEvents", "")),
        ("IAM-17", Unknown, |it| deny(it, "iam:GetAccountSummary", "")),
    ];
    each_is(JUDGED, cases);
}

/// A role held to the keys of its tenant, with some of its conditions changed.
fn keyed(it: &mut Estate, actions: &Value, changed: &Value) {
    let mut conditions = json!({
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${aws:PrincipalTag/tenant}"},
        "Null": {"dynamodb:LeadingKeys": "false"},
    });
    for (name, value) in changed.as_object().unwrap() {
        conditions[name] = value.clone();
    }
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": ARN, "Condition": conditions});
    free(it, &json!([statement]));
}

/// A role held to some attributes, under further conditions.
fn attributes(it: &mut Estate, actions: &Value, conditions: &Value) {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": ARN, "Condition": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["a", "b"]}, "StringEqualsIfExists": conditions,
    }});
    free(it, &json!([statement]));
}

/// A role whose statement goes by a tag.
fn by_tag(it: &mut Estate, effect: &str, resource: &str, tag: &str) {
    let condition = json!({"StringEquals": {format!("aws:ResourceTag/{tag}"): "payments"}});
    let statement =
        json!({"Effect": effect, "Action": "dynamodb:GetItem", "Resource": resource, "Condition": condition});
    free(it, &json!([statement]));
}

/// A role that writes items, and when it was used last.
fn idle(it: &mut Estate, used: &Value) {
    let mut role = role("writer", &json!([allow(&json!("dynamodb:PutItem"), &json!(ARN))]));
    role["RoleLastUsed"] = used.clone();
    add(it, role);
}

/// A finding of an analyzer.
fn found(it: &mut Estate, analyzer: &str, kind: &str, resource: &str, status: &str) {
    *answer(it, FINDINGS, analyzer) = json!({"findings": [{
        "id": "f", "findingType": kind, "resource": resource, "resourceType": "AWS::DynamoDB::Table", "status": status,
    }]});
}

/// A role that changes tables, and whom it trusts under which conditions.
fn person(it: &mut Estate, principal: &Value, condition: &Value) {
    let mut role = role("person", &changes());
    role["AssumeRolePolicyDocument"] = json!(document(
        &json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}])
    ));
    add(it, role);
}

#[test]
fn without_a_report_nothing_is_said_of_users() {
    let mut estate = kept();
    user(&mut estate, [true, false, true], "dynamodb", &changes());
    put(&mut estate, REPORT, "", Value::Null);
    for id in ["IAM-13", "IAM-14"] {
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, Unknown, "{id}");
        assert!(judged.reason.contains("iam:GenerateCredentialReport"), "{}", judged.reason);
    }
}

#[test]
fn a_policy_that_is_not_in_the_answer_is_not_known_to_be_harmless() {
    for id in ["IAM-01", "IAM-02", "IAM-03", "IAM-05"] {
        let mut estate = kept();
        let of = &mut answer(&mut estate, DETAILS, "")["RoleDetailList"][0];
        of["AttachedManagedPolicies"] = json!([{"PolicyArn": "arn:aws:iam::aws:policy/Gone"}]);
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, Unknown, "{id}");
        assert!(judged.reason.contains("policy/Gone of role/app"), "{}", judged.reason);
    }
    let mut estate = kept();
    answer(&mut estate, DETAILS, "")["Policies"] = json!([]);
    assert_eq!(judge("IAM-06", &estate).verdict, Unknown);
}

#[test]
fn those_that_somebody_named_may_hold_what_they_need() {
    let mut estate = kept();
    free(&mut estate, &json!([allow(&json!("dynamodb:*"), &json!("*"))]));
    let of = |id: &str, baseline: &Baseline| match by_id(id).unwrap().judge {
        Judge::Estate(judge) => judge(&estate, baseline).remove(0).verdict,
        Judge::Table(_) => unreachable!(),
    };
    let named = |admins: &[&str], emergency: &[&str]| {
        let mut baseline = Baseline::default();
        baseline.admins = admins.iter().map(|&of| of.to_owned()).collect();
        baseline.break_glass = emergency.iter().map(|&of| of.to_owned()).collect();
        baseline
    };
    assert_eq!(of("IAM-03", &named(&["role/other"], &[])), Fail);
    assert_eq!(of("IAM-03", &named(&["arn:aws:iam::*:role/fr*"], &[])), Pass);
    assert_eq!(of("IAM-01", &named(&["role/free"], &[])), Fail);
    assert_eq!(of("IAM-01", &named(&[], &["role/free"])), Pass);
}
