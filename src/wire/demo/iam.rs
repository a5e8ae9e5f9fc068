//! IAM: who there is and what they may. The data account is kept tidily; production grew, and its applications may do
//! more than they need: that is what the story is about.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Call;
use super::incident::ROLE;
use super::kit::{iso, page_of};
use super::world::{PROD, Realm};
use crate::wire::protocol::Refusal;

/// Items of a page: IAM may give fewer than it is asked for.
const PAGE: usize = 4;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "GetAccountAuthorizationDetails" => details(call),
        "GetCredentialReport" => Ok(report(call)),
        "GetAccountSummary" => Ok(summary(call)),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

fn is_prod(realm: &Realm) -> bool {
    realm.account == PROD
}

fn details(call: &Call<'_>) -> Result<Value, Refusal> {
    let lists = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
    let of = if is_prod(call.realm) { prod(call) } else { data(call) };
    let all: Vec<(&str, Value)> =
        lists.into_iter().zip(of).flat_map(|(list, items)| items.into_iter().map(move |item| (list, item))).collect();
    let (page, next) = page_of(&all, call.params.text("Marker"), PAGE, "ValidationError")?;
    let mut answer = json!({ "IsTruncated": next.is_some(), "Marker": next });
    for list in lists {
        answer[list] = page.iter().filter(|(of, _)| *of == list).map(|(_, item)| item.clone()).collect();
    }
    Ok(answer)
}

/// Percent-encoding as IAM sends documents.
fn encoded(document: &Value) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    document.to_string().bytes().map(one).collect()
}

fn document(statements: &Value) -> String {
    encoded(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn allow(actions: &Value, resources: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn table(realm: &Realm, name: &str) -> String {
    format!("arn:aws:dynamodb:*:{}:table/{name}", realm.account)
}

/// Whom a role trusts: a service.
fn service(name: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole" })
}

/// Whom the role of a cache trusts: DAX, for this account.
fn dax(realm: &Realm) -> Value {
    let mut trust = service("dax.amazonaws.com");
    trust["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": realm.account } });
    trust
}

fn reads(table: &str) -> Value {
    allow(&json!(["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]), &json!(table))
}

/// A role: its name below its path, whom it trusts, what it may, and how many days ago it was used last.
fn role(call: &Call<'_>, name: &str, trust: &Value, policies: &[(&str, Value)], used: Option<i64>) -> Value {
    let (path, name) = name.rsplit_once('/').map_or(("/".to_owned(), name), |(path, name)| (format!("/{path}/"), name));
    let ago = |days: i64| iso(call.now - SignedDuration::from_hours(24 * days));
    let inline: Vec<Value> = policies
        .iter()
        .map(|(name, statements)| json!({ "PolicyName": name, "PolicyDocument": document(statements) }))
        .collect();
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": format!("AROADEMO{}", name.to_uppercase().replace('-', "")),
        "Arn": format!("arn:aws:iam::{}:role{path}{name}", call.realm.account),
        "CreateDate": ago(900),
        "AssumeRolePolicyDocument": document(&json!([trust])),
        "InstanceProfileList": [],
        "RolePolicyList": inline,
        "AttachedManagedPolicies": [],
        "Tags": tags(call, name),
        "RoleLastUsed": used.map_or(json!({}), |days| json!({ "LastUsedDate": ago(days), "Region": "eu-west-1" })),
    })
}

/// A note, and where somebody wrote it down the domain.
fn tags(call: &Call<'_>, name: &str) -> Value {
    let domain = match name {
        ROLE | "app-billing" => Some("payments"),
        "app-supply" => Some("supply"),
        "app-vault" | "app-identity" | "app-lake" | "dax-search" => Some("identity"),
        _ => None,
    };
    let note = json!({ "Key": "note", "Value": call.words("kept by the platform team") });
    let domain = domain.map(|domain| json!({ "Key": "domain", "Value": domain }));
    [note].into_iter().chain(domain).collect()
}

fn attached(mut of: Value, policies: &[&str]) -> Value {
    let name = |arn: &&str| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn });
    of["AttachedManagedPolicies"] = policies.iter().map(name).collect();
    of
}

fn bounded(mut of: Value, arn: &str) -> Value {
    of["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn });
    of
}

fn managed(arn: &str, statements: &Value) -> Value {
    json!({
        "PolicyName": arn.rsplit('/').next(), "PolicyId": "ANPADEMO", "Arn": arn, "Path": "/", "DefaultVersionId": "v1",
        "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "PolicyVersionList": [{ "Document": document(statements), "VersionId": "v1", "IsDefaultVersion": true }],
    })
}

const FULL: &str = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2";
/// What reads settings, and items as well.
const READ: &str = "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The roles that services run by themselves in every account.
fn of_services(call: &Call<'_>) -> [Value; 2] {
    let backup = allow(&json!(["dynamodb:DescribeTable", "dynamodb:CreateBackup"]), &json!(table(call.realm, "*")));
    let config = json!([allow(&json!(["dynamodb:DescribeTable", "dynamodb:ListTables"]), &json!("*"))]);
    [
        role(
            call,
            "service-role/AWSBackupDefaultServiceRole",
            &service("backup.amazonaws.com"),
            &[("backup", json!([backup]))],
            Some(1),
        ),
        role(
            call,
            "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            &service("config.amazonaws.com"),
            &[("config", config)],
            Some(0),
        ),
    ]
}

/// Production: users, groups, roles and policies.
fn prod(call: &Call<'_>) -> [Vec<Value>; 4] {
    let realm = call.realm;
    let user = |name: &str, groups: &[&str], policies: &Value| {
        json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDADEMO{}", name.to_uppercase()),
            "Arn": format!("arn:aws:iam::{PROD}:user/{name}"), "CreateDate": "2021-05-01T09:00:00Z",
            "UserPolicyList": policies, "GroupList": groups, "AttachedManagedPolicies": [], "Tags": [],
        })
    };
    let items = json!(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"]);
    let batch = document(&json!([allow(&items, &json!(table(realm, "orders")))]));
    let users = vec![
        user("alice", &["operators"], &json!([])),
        user("legacy-batch", &[], &json!([{ "PolicyName": "batch", "PolicyDocument": batch }])),
    ];
    let operators = json!({
        "Path": "/", "GroupName": "operators", "GroupId": "AGPADEMOOPERATORS",
        "Arn": format!("arn:aws:iam::{PROD}:group/operators"), "CreateDate": "2021-05-01T09:00:00Z",
        "GroupPolicyList": [], "AttachedManagedPolicies": [],
    });
    let federated = json!({
        "Effect": "Allow", "Principal": { "Federated": format!("arn:aws:iam::{PROD}:saml-provider/corp") },
        "Action": "sts:AssumeRoleWithSAML",
    });
    let ec2 = service("ec2.amazonaws.com");
    // Keys are confined, and beside them a scan that no key confines.
    let carts = json!([
        {
            "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"],
            "Resource": [table(realm, "orders"), table(realm, "ledger")],
            "Condition": { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["${www.amazon.com:user_id}"] } },
        },
        {
            "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"], "Resource": table(realm, "orders"),
            "Condition": { "ForAllValues:StringEquals": { "dynamodb:Attributes": ["id", "state"] } },
        },
    ]);
    let billing = json!([{
        "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": [table(realm, "orders"), table(realm, "ledger")],
        "Condition": { "StringEquals": { "aws:ResourceTag/data-domain": "payments" } },
    }]);
    let own = json!([{
        "Effect": "Allow", "Action": "dynamodb:*",
        "Resource": format!("arn:aws:dynamodb:eu-west-1:{PROD}:table/*"),
    }]);
    let deploy = allow(
        &json!([
            "dynamodb:CreateTable",
            "dynamodb:UpdateTable",
            "dynamodb:DeleteTable",
            "iam:CreateRole",
            "iam:PassRole"
        ]),
        &json!("*"),
    );
    let export = allow(&json!(["dynamodb:PutItem", "dynamodb:Query"]), &json!(table(realm, "exports")));
    let mut roles = vec![
        attached(role(call, "admin", &federated, &[], Some(1)), &[ADMIN]),
        role(call, ROLE, &ec2, &[("orders", own)], Some(0)),
        role(call, "app-carts", &ec2, &[("carts", carts)], Some(0)),
        role(call, "app-billing", &ec2, &[("billing", billing)], Some(0)),
        role(call, "ci-deploy", &federated, &[("deploy", json!([deploy]))], Some(2)),
        role(call, "old-reporting", &ec2, &[("export", json!([export]))], Some(212)),
        attached(role(call, realm.auditor_role(), &federated, &[], Some(0)), &[READ]),
    ];
    // The one cache names its table, the other may do whatever it likes with its own.
    roles.push(role(call, "dax-catalog", &dax(realm), &[("reads", json!([reads(&table(realm, "orders"))]))], Some(0)));
    let sessions = allow(&json!("dynamodb:*"), &json!(table(realm, "sessions")));
    roles.push(role(call, "dax-search", &service("dax.amazonaws.com"), &[("all", json!([sessions]))], Some(0)));
    roles.extend(of_services(call));
    let all = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
    let read = json!([allow(
        &json!(["dynamodb:Describe*", "dynamodb:List*", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]),
        &json!("*"),
    )]);
    let full = json!([{ "Effect": "Allow", "Action": ["dynamodb:*", "dax:*"], "Resource": "*" }]);
    [
        users,
        vec![attached(operators, &[FULL])],
        roles,
        vec![managed(ADMIN, &all), managed(FULL, &full), managed(READ, &read)],
    ]
}

/// The data account: every role names its tables and stands under one ceiling; tables are changed through CloudFormation
/// alone.
fn data(call: &Call<'_>) -> [Vec<Value>; 4] {
    let realm = call.realm;
    let ceiling = format!("arn:aws:iam::{}:policy/data-boundary", realm.account);
    let vault = table(realm, "token-vault");
    let tenant = json!([
        {
            "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"], "Resource": vault,
            "Condition": {
                "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["${aws:PrincipalTag/tenant}"] },
                "Null": { "dynamodb:LeadingKeys": "false" },
            },
        },
        {
            "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"], "Resource": vault,
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:LeadingKeys": ["${aws:PrincipalTag/tenant}"], "dynamodb:Attributes": ["tenant", "state"],
                },
                "Null": { "dynamodb:LeadingKeys": "false" },
                "StringEqualsIfExists": {
                    "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
                    "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
                },
            },
        },
    ]);
    let by_tag = json!([{
        "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": vault,
        "Condition": { "StringEquals": { "aws:ResourceTag/domain": "identity" } },
    }]);
    let items = json!(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"]);
    let lake = json!([allow(&items, &json!([table(realm, "lake-index"), table(realm, "campaign-archive")]))]);
    let supply = json!([allow(&items, &json!([table(realm, "warehouses"), table(realm, "suppliers")]))]);
    let change = json!([allow(
        &json!(["dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable"]),
        &json!(table(realm, "*")),
    )]);
    let look = json!([allow(&json!(["dynamodb:Describe*", "dynamodb:List*"]), &json!("*"))]);
    let person = json!({
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", realm.account) },
        "Action": "sts:AssumeRole", "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } },
    });
    let lambda = service("lambda.amazonaws.com");
    let mut roles = vec![
        role(call, "admin", &person, &[("look", look.clone())], Some(3)),
        role(call, realm.auditor_role(), &person, &[("look", look)], Some(0)),
        bounded(role(call, "app-vault", &lambda, &[("tenant", tenant)], Some(0)), &ceiling),
        bounded(role(call, "app-identity", &lambda, &[("by-tag", by_tag)], Some(1)), &ceiling),
        bounded(role(call, "app-supply", &lambda, &[("supply", supply)], Some(0)), &ceiling),
        bounded(role(call, "app-lake", &lambda, &[("lake", lake)], Some(0)), &ceiling),
        bounded(
            role(call, "data-deploy", &service("cloudformation.amazonaws.com"), &[("change", change)], Some(9)),
            &ceiling,
        ),
    ];
    // One cache for tables of two classes.
    let both = json!([reads(&vault), reads(&table(realm, "lake-index"))]);
    roles.push(bounded(role(call, "dax-search", &dax(realm), &[("reads", both)], Some(0)), &ceiling));
    roles.extend(of_services(call));
    let most = json!([allow(
        &json!(["dynamodb:*Item", "dynamodb:Query", "dynamodb:*Table", "dynamodb:Describe*"]),
        &json!(table(realm, "*")),
    )]);
    [vec![], vec![], roles, vec![managed(&ceiling, &most)]]
}

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

fn report(call: &Call<'_>) -> Value {
    let account = call.realm.account;
    let ago = |days: i64| format!("{:.0}", call.now - SignedDuration::from_hours(24 * days));
    let none = "false,N/A,N/A,N/A,N/A";
    let rest = format!("{none},false,N/A,false,N/A");
    let root = |key: &str| {
        format!(
            "<root_account>,arn:aws:iam::{account}:root,2019-01-07T09:00:00+00:00,not_supported,{},not_supported,\
             not_supported,true,{key},{rest}",
            ago(400)
        )
    };
    let mut lines = vec![COLUMNS.to_owned()];
    if is_prod(call.realm) {
        lines.push(root(&format!("true,2019-02-01T09:00:00+00:00,{},us-east-1,s3", ago(300))));
        lines.push(format!(
            "alice,arn:aws:iam::{account}:user/alice,2021-05-01T09:00:00+00:00,true,{},2021-05-01T09:00:00+00:00,N/A,false,\
             {none},{rest}",
            ago(2)
        ));
        lines.push(format!(
            "legacy-batch,arn:aws:iam::{account}:user/legacy-batch,2021-05-01T09:00:00+00:00,false,N/A,N/A,N/A,false,true,\
             2021-05-01T09:00:00+00:00,{},eu-west-1,dynamodb,{rest}",
            ago(0)
        ));
    } else {
        lines.push(root(none));
    }
    let text = lines.join("\n");
    json!({
        "Content": aws_smithy_types::base64::encode(text), "ReportFormat": "text/csv", "GeneratedTime": iso(call.now),
    })
}

fn summary(call: &Call<'_>) -> Value {
    let prod = u64::from(is_prod(call.realm));
    let all = [("AccountAccessKeysPresent", prod), ("AccountMFAEnabled", 1), ("Users", 2 * prod), ("Groups", prod)];
    let entries: Vec<Value> = all.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({ "SummaryMap": { "entry": entries } })
}
