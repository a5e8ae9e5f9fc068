//! What is read of the slow tail: one row an operation.
//!
//! Source of paths, members and error codes: the services' models. What AWS answers with an error where there is
//! nothing set stands in `absent`.

use serde_json::{Value, json};

use super::iam;
use super::read::{Each, How, Read, read};
use crate::aws::errors::NOT_SUBSCRIBED;
use crate::aws::own::encode;
use crate::aws::tail::WAF_OF_CLOUDFRONT;
use crate::model::RECOVERY_POINTS;

const PLANS: Each = Each::Of { label: "backup:ListBackupPlans", list: "/BackupPlansList", id: "/BackupPlanId" };
const VAULTS: Each = Each::Of { label: "backup:ListBackupVaults", list: "/BackupVaultList", id: "/BackupVaultName" };
const RULES: Each = Each::Of { label: "events:ListRules", list: "/Rules", id: "/Name" };

const ANALYZERS: Each = Each::Of { label: "accessanalyzer:ListAnalyzers", list: "/analyzers", id: "/arn" };

/// What an analyzer is asked for: what is said of tables and their keys, or of who may reach them.
fn findings(analyzer: &str) -> Value {
    let kinds = ["AWS::DynamoDB::Table", "AWS::DynamoDB::Stream", "AWS::KMS::Key", "AWS::IAM::Role", "AWS::IAM::User"];
    json!({
        "analyzerArn": analyzer,
        "filter": { "resourceType": { "eq": kinds }, "status": { "eq": ["ACTIVE", "ARCHIVED"] } },
    })
}

fn key(subject: &str) -> Value {
    json!({ "KeyId": subject })
}

/// Jobs, less what is not asked of them: there is one a table and day.
fn jobs(mut of: Value, list: &str, fields: &[&str]) -> Option<Value> {
    for job in of[list].as_array_mut()? {
        job.as_object_mut()?.retain(|name, _| fields.contains(&name.as_str()));
    }
    Some(of)
}

/// Recovery points that can be restored, by what they are of: one of each key, with their count. There are thousands of
/// them, and a key is all that is asked of them.
fn points(mut of: Value) -> Option<Value> {
    let mut kept = serde_json::Map::new();
    for point in of["RecoveryPoints"].as_array_mut()? {
        // What is being made or taken away restores nothing.
        if !matches!(point["Status"].as_str()?, "COMPLETED" | "PARTIAL" | "AVAILABLE" | "STOPPED") {
            continue;
        }
        let resource = point["ResourceArn"].as_str()?.to_owned();
        let fields = ["RecoveryPointArn", "EncryptionKeyArn", "EncryptionKeyType", "IsEncrypted"];
        point.as_object_mut()?.retain(|name, _| fields.contains(&name.as_str()));
        let own = point["RecoveryPointArn"].as_str()?.contains(":dynamodb:");
        let of = kept.entry(resource).or_insert_with(|| json!([])).as_array_mut()?;
        let alike = |one: &&mut Value| {
            let same = |name: &str| one[name] == point[name];
            one["RecoveryPointArn"].as_str().is_some_and(|arn| arn.contains(":dynamodb:")) == own
                && fields.iter().skip(1).all(|name| same(name))
        };
        match of.iter_mut().find(alike) {
            Some(one) => one["Count"] = json!(one["Count"].as_u64()? + 1),
            None => {
                point["Count"] = json!(1);
                of.push(point.take());
            }
        }
    }
    of["RecoveryPoints"] = Value::Object(kept);
    Some(of)
}

fn pair(subject: &str) -> (&str, &str) {
    subject.split_once('/').unwrap_or((subject, ""))
}

fn distribution(arn: &str) -> String {
    format!("/2020-05-31/distribution/{}/config", encode(arn.rsplit('/').next().unwrap_or_default()))
}

/// Web ACLs of CloudFront are kept in one region.
fn waf(acl: &str) -> &'static str {
    if acl.contains(":global/") { WAF_OF_CLOUDFRONT } else { "wafv2" }
}

/// A web ACL is asked for by name and id, which are the last parts of its ARN: `…:global/webacl/NAME/ID`.
fn web_acl(arn: &str) -> Value {
    let mut parts = arn.rsplit('/');
    let (id, name) = (parts.next(), parts.next());
    json!({ "Name": name, "Id": id, "Scope": if arn.contains(":global/") { "CLOUDFRONT" } else { "REGIONAL" } })
}

/// None, an ARN, or the id of one of AWS WAF Classic.
fn acl_id(of: &Value) -> bool {
    let classic = |id: &str| id.len() == 36 && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    of.as_str().map(str::trim).is_some_and(|id| id.is_empty() || id.starts_with("arn:") || classic(id))
}

fn acl(of: &Value) -> bool {
    of["ARN"].is_string() && of["Rules"].is_array()
}

/// Of a door without a web ACL nothing is answered.
fn guarded(of: &Value) -> bool {
    of.as_object().is_some_and(|of| of.get("WebACL").is_none_or(|of| of.is_null() || acl(of)))
}

/// XML has texts alone: what should be true or false must say one of them.
fn truth(of: &Value, name: &str) -> bool {
    matches!(of[name].as_str(), Some("true" | "false"))
}

/// Nothing at all, which says that it was never on, or its state and whether deleting asks for MFA.
fn versioning(of: &Value) -> bool {
    match of {
        Value::String(blank) => blank.trim().is_empty(),
        Value::Object(members) => members.iter().all(|(name, value)| match name.as_str() {
            "Status" => matches!(value.as_str(), Some("Enabled" | "Suspended")),
            // The guide writes it in one way, the service's model in another.
            "MfaDelete" | "MFADelete" => matches!(value.as_str(), Some("Enabled" | "Disabled")),
            _ => false,
        }),
        _ => false,
    }
}

/// Rules, one or several, each of them on or off.
fn lifecycle(of: &Value) -> bool {
    let state = |rule: &Value| matches!(rule["Status"].as_str(), Some("Enabled" | "Disabled"));
    match &of["Rule"] {
        Value::Array(rules) => !rules.is_empty() && rules.iter().all(state),
        one => state(one),
    }
}

fn identity(of: &Value, name: &str, prefix: &str) -> bool {
    of[name].as_str().is_some_and(|id| id.starts_with(prefix))
}

/// Every read, what others hang on first.
pub const READS: &[Read] = &[
    // AWS Backup
    read("backup:ListBackupPlans", How::Get(|_| "/backup/plans/".to_owned()), Each::Once, "/BackupPlansList")
        .paged("nextToken", "/NextToken")
        .is(|of| of["BackupPlanId"].is_string()),
    read("backup:GetBackupPlan", How::Get(|plan| format!("/backup/plans/{}/", encode(plan))), PLANS, "/BackupPlan"),
    read(
        "backup:ListBackupSelections",
        How::Get(|plan| format!("/backup/plans/{}/selections/", encode(plan))),
        PLANS,
        "/BackupSelectionsList",
    )
    .paged("nextToken", "/NextToken")
    .is(|of| of["SelectionId"].is_string()),
    read(
        "backup:GetBackupSelection",
        How::Get(|of| format!("/backup/plans/{}/selections/{}", encode(pair(of).0), encode(pair(of).1))),
        Each::Nested { label: "backup:ListBackupSelections", list: "/BackupSelectionsList", id: "/SelectionId" },
        "/BackupSelection",
    ),
    read("backup:ListBackupVaults", How::Get(|_| "/backup-vaults/".to_owned()), Each::Once, "/BackupVaultList")
        .paged("nextToken", "/NextToken")
        .is(|of| of["BackupVaultName"].is_string()),
    read(
        "backup:GetBackupVaultAccessPolicy",
        How::Get(|vault| format!("/backup-vaults/{}/access-policy", encode(vault))),
        VAULTS,
        "/Policy",
    )
    .absent(&["ResourceNotFoundException"])
    .is(Value::is_string),
    read(
        RECOVERY_POINTS,
        How::Get(|vault| {
            format!("/backup-vaults/{}/recovery-points/?resourceType=DynamoDB&maxResults=1000", encode(vault))
        }),
        VAULTS,
        "/RecoveryPoints",
    )
    .paged("nextToken", "/NextToken")
    .is(|of| ["RecoveryPointArn", "ResourceArn", "Status"].iter().all(|name| of[*name].is_string()))
    .keep(points),
    read("backup:ListProtectedResources", How::Get(|_| "/resources/".to_owned()), Each::Once, "/Results")
        .paged("nextToken", "/NextToken"),
    read(
        "backup:ListCopyJobs",
        How::Get(|_| "/copy-jobs/?resourceType=DynamoDB&state=COMPLETED&maxResults=1000".to_owned()),
        Each::Once,
        "/CopyJobs",
    )
    .paged("nextToken", "/NextToken")
    .is(|of| of["ResourceArn"].is_string() && of["DestinationBackupVaultArn"].is_string())
    .keep(|of| jobs(of, "CopyJobs", &["ResourceArn", "State", "DestinationBackupVaultArn", "CompletionDate"])),
    read(
        "backup:ListRestoreJobs",
        How::Get(|_| "/restore-jobs/?resourceType=DynamoDB&status=COMPLETED&maxResults=1000".to_owned()),
        Each::Once,
        "/RestoreJobs",
    )
    .paged("nextToken", "/NextToken")
    .is(|of| of["RestoreJobId"].is_string())
    .keep(|of| jobs(of, "RestoreJobs", &["SourceResourceArn", "Status", "CompletionDate"])),
    read(
        "backup:DescribeRegionSettings",
        How::Get(|_| "/account-settings".to_owned()),
        Each::Once,
        "/ResourceTypeOptInPreference",
    ),
    // KMS, of the keys that tables name
    read("kms:GetKeyPolicy", How::Json(|arn| json!({ "KeyId": arn, "PolicyName": "default" })), Each::Key, "/Policy")
        .is(Value::is_string),
    read("kms:ListGrants", How::Json(key), Each::Key, "/Grants").paged("Marker", "/NextMarker"),
    // EventBridge
    read("events:ListRules", How::Json(|_| json!({})), Each::Once, "/Rules")
        .paged("NextToken", "/NextToken")
        .is(|of| of["Name"].is_string()),
    read("events:ListTargetsByRule", How::Json(|rule| json!({ "Rule": rule })), RULES, "/Targets")
        .paged("NextToken", "/NextToken")
        .absent(&["ResourceNotFoundException"]),
    // Security Hub
    read("securityhub:DescribeHub", How::Get(|_| "/accounts".to_owned()), Each::Once, "/HubArn")
        .absent(&["InvalidAccessException"])
        .worded(NOT_SUBSCRIBED)
        .is(Value::is_string),
    read(
        "securityhub:GetEnabledStandards",
        How::Post(|_| "/standards/get".to_owned(), |_| json!({})),
        Each::Once,
        "/StandardsSubscriptions",
    )
    .paged("NextToken", "/NextToken")
    .absent(&["InvalidAccessException"])
    .worded(NOT_SUBSCRIBED),
    // DAX
    read("dax:DescribeClusters", How::Json(|_| json!({})), Each::Once, "/Clusters").paged("NextToken", "/NextToken"),
    // What leaves tables for buckets: 90 days of it
    read("dynamodb:ListExports", How::Json(|_| json!({ "MaxResults": 25 })), Each::Once, "/ExportSummaries")
        .paged("NextToken", "/NextToken")
        .is(|of| of["ExportArn"].is_string()),
    read(
        "dynamodb:DescribeExport",
        How::Json(|arn| json!({ "ExportArn": arn })),
        Each::Of { label: "dynamodb:ListExports", list: "/ExportSummaries", id: "/ExportArn" },
        "/ExportDescription",
    )
    .absent(&["ExportNotFoundException"])
    .is(|of| ["TableArn", "S3Bucket", "ExportStatus"].iter().all(|name| of[*name].is_string())),
    read("dynamodb:DescribeLimits", How::Json(|_| json!({})), Each::Once, "/AccountMaxReadCapacityUnits")
        .is(Value::is_number),
    // Buckets that trails deliver to, and exports
    read("s3:GetBucketVersioning", How::Bucket("versioning"), Each::Bucket, "").is(versioning),
    read("s3:GetPublicAccessBlock", How::Bucket("publicAccessBlock"), Each::Bucket, "")
        .absent(&["NoSuchPublicAccessBlockConfiguration"])
        .is(|of| truth(of, "RestrictPublicBuckets")),
    read("s3:GetBucketPolicyStatus", How::Bucket("policyStatus"), Each::Bucket, "")
        .absent(&["NoSuchBucketPolicy"])
        .is(|of| truth(of, "IsPublic")),
    read("s3:GetBucketLifecycleConfiguration", How::Bucket("lifecycle"), Each::Bucket, "")
        .absent(&["NoSuchLifecycleConfiguration"])
        .is(lifecycle),
    read("s3:GetObjectLockConfiguration", How::Bucket("object-lock"), Each::Bucket, "")
        .absent(&["ObjectLockConfigurationNotFoundError"])
        .is(|of| of["ObjectLockEnabled"].as_str() == Some("Enabled")),
    read("s3:GetBucketReplication", How::Bucket("replication"), Each::Bucket, "")
        .absent(&["ReplicationConfigurationNotFoundError"])
        .is(|of| !of["Rule"].is_null() && !of["Rule"].is_string() && of.to_string().contains("abled\"")),
    // The network's edges
    read("ec2:DescribeFlowLogs", How::Form(|_| vec![]), Each::Once, "/flowLogSet")
        .paged("NextToken", "/nextToken")
        .is(|of| identity(of, "flowLogId", "fl-")),
    read("ec2:DescribeSecurityGroups", How::Form(|_| vec![]), Each::Once, "/securityGroupInfo")
        .paged("NextToken", "/nextToken")
        .is(|of| identity(of, "groupId", "sg-")),
    read("ec2:DescribeNetworkAcls", How::Form(|_| vec![]), Each::Once, "/networkAclSet")
        .paged("NextToken", "/nextToken")
        .is(|of| identity(of, "networkAclId", "acl-")),
    read("ec2:DescribePrefixLists", How::Form(|_| vec![]), Each::Once, "/prefixListSet")
        .paged("NextToken", "/nextToken")
        .is(|of| identity(of, "prefixListId", "pl-")),
    // Identity
    read(
        "iam:GetAccountAuthorizationDetails",
        How::Form(|_| vec![("MaxItems", "500".to_owned())]),
        Each::Account,
        "/RoleDetailList",
    )
    .paged("Marker", "/Marker")
    .also(&["/UserDetailList", "/GroupDetailList", "/Policies"])
    .is(|of| identity(of, "Arn", "arn:") && of["RoleName"].is_string())
    .keep(iam::details),
    read("iam:GetCredentialReport", How::Form(|_| vec![]), Each::Account, "/Content")
        .absent(&["ReportNotPresent", "ReportExpired", "ReportInProgress"])
        .is(Value::is_string)
        .keep(iam::report),
    read("iam:GetAccountSummary", How::Form(|_| vec![]), Each::Account, "/SummaryMap/entry").is(iam::summary),
    // What stands over the account
    read(
        "organizations:DescribeOrganization",
        How::Json(|_| json!({})),
        Each::Account,
        "/Organization/MasterAccountId",
    )
    .absent(&["AWSOrganizationsNotInUseException"])
    .is(Value::is_string),
    read(
        "organizations:ListPoliciesForTarget",
        How::Json(|of| {
            let (kind, target) = of.split_once(':').unwrap_or((of, ""));
            json!({ "TargetId": target, "Filter": kind })
        }),
        Each::Path,
        "/Policies",
    )
    .paged("NextToken", "/NextToken")
    .is(|of| of["Id"].is_string()),
    read(
        "organizations:DescribePolicy",
        How::Json(|of| json!({ "PolicyId": pair(of).1 })),
        Each::Nested { label: "organizations:ListPoliciesForTarget", list: "/Policies", id: "/Id" },
        "/Policy/Content",
    )
    .is(Value::is_string),
    // What the root user did, the newest first
    read(
        "cloudtrail:LookupEvents",
        How::Json(|_| json!({ "LookupAttributes": [{ "AttributeKey": "Username", "AttributeValue": "root" }] })),
        Each::Once,
        "/Events",
    )
    .is(|of| of.as_array().is_some_and(|all| all.iter().all(|event| event["EventSource"].is_string())))
    .keep(iam::events),
    // Copies, loads and readers of tables
    read("dynamodb:ListImports", How::Json(|_| json!({})), Each::Once, "/ImportSummaryList")
        .paged("NextToken", "/NextToken")
        .is(|of| of["ImportArn"].is_string() && of["TableArn"].is_string()),
    read("dynamodb:ListBulkOperations", How::Json(|_| json!({})), Each::Once, "/BulkOperationsSummaryList")
        .paged("NextToken", "/NextToken")
        .is(|of| of["BulkOperationArn"].is_string()),
    read(
        "dynamodb:DescribeBulkOperation",
        How::Json(|arn| json!({ "BulkOperationArn": arn })),
        Each::Of { label: "dynamodb:ListBulkOperations", list: "/BulkOperationsSummaryList", id: "/BulkOperationArn" },
        "/BulkOperationDescription",
    )
    .absent(&["ResourceNotFoundException"])
    .is(|of| of["TableDetails"].is_array() && of["InputS3Configuration"].is_object()),
    read(
        "lambda:ListEventSourceMappings",
        How::Get(|_| "/2015-03-31/event-source-mappings/".to_owned()),
        Each::Once,
        "/EventSourceMappings",
    )
    .paged("Marker", "/NextMarker")
    .is(|of| of["UUID"].is_string()),
    // Who is told of numbers and of logged calls
    read(
        "cloudwatch:DescribeAlarms",
        How::Json(|_| json!({ "AlarmTypes": ["MetricAlarm"] })),
        Each::Once,
        "/MetricAlarms",
    )
    .paged("NextToken", "/NextToken")
    .is(|of| of["AlarmName"].is_string()),
    read("logs:DescribeMetricFilters", How::Json(|_| json!({})), Each::Once, "/metricFilters")
        .paged("nextToken", "/nextToken")
        .is(|of| of["filterName"].is_string() && of["logGroupName"].is_string()),
    read("cloudtrail:ListEventDataStores", How::Json(|_| json!({})), Each::Once, "/EventDataStores")
        .paged("NextToken", "/NextToken")
        .is(|of| of["EventDataStoreArn"].is_string()),
    read(
        "cloudtrail:GetEventDataStore",
        How::Json(|arn| json!({ "EventDataStore": arn })),
        Each::Of { label: "cloudtrail:ListEventDataStores", list: "/EventDataStores", id: "/EventDataStoreArn" },
        "/Status",
    )
    .absent(&["EventDataStoreNotFoundException"])
    .is(Value::is_string),
    read(
        "guardduty:ListPublishingDestinations",
        How::Get(|detector| format!("/detector/{}/publishingDestination", encode(detector))),
        Each::Detector,
        "/destinations",
    )
    .paged("nextToken", "/nextToken")
    .is(|of| of["destinationId"].is_string() && of["status"].is_string()),
    read(
        "guardduty:ListCustomDetectionRules",
        How::Post(|_| "/custom-detection-rule/rule".to_owned(), |_| json!({})),
        Each::Once,
        "/rules",
    )
    .paged("nextToken", "/nextToken")
    .is(|of| of["ruleId"].is_string() && of["name"].is_string()),
    read(
        "guardduty:ListCustomDetectionRuleAssociations",
        How::Get(|_| "/custom-detection-rule/association".to_owned()),
        Each::Once,
        "/ruleAssociations",
    )
    .paged("nextToken", "/nextToken")
    .is(|of| of["ruleId"].is_string() && of["mode"].is_string()),
    // Scaling
    read(
        "application-autoscaling:DescribeScalableTargets",
        How::Json(|_| json!({ "ServiceNamespace": "dynamodb" })),
        Each::Once,
        "/ScalableTargets",
    )
    .paged("NextToken", "/NextToken"),
    // Front doors, by the configuration
    read("cloudfront:GetDistributionConfig", How::Xml(distribution), Each::Distribution, "/WebACLId").is(acl_id),
    read("wafv2:GetWebACLForResource", How::Json(|arn| json!({ "ResourceArn": arn })), Each::Door, "").is(guarded),
    read(
        "wafv2:GetWebACL",
        How::JsonAt(waf, web_acl),
        Each::Named(&[("cloudfront:GetDistributionConfig", "/WebACLId")]),
        "/WebACL",
    )
    .is(acl),
    read(
        "wafv2:GetLoggingConfiguration",
        How::JsonAt(waf, |arn| json!({ "ResourceArn": arn })),
        Each::Named(&[("wafv2:GetWebACLForResource", "/WebACL/ARN"), ("wafv2:GetWebACL", "/WebACL/ARN")]),
        "/LoggingConfiguration/LogDestinationConfigs",
    )
    .absent(&["WAFNonexistentItemException"])
    .is(Value::is_array),
    read("shield:GetSubscriptionState", How::Json(|_| json!({})), Each::Account, "/SubscriptionState")
        .is(Value::is_string),
    read("shield:ListProtections", How::Json(|_| json!({})), Each::Account, "/Protections")
        .paged("NextToken", "/NextToken")
        .absent(&["ResourceNotFoundException"])
        .is(|of| of["ResourceArn"].is_string()),
    // Watchers
    read("accessanalyzer:ListAnalyzers", How::Get(|_| "/analyzer".to_owned()), Each::Once, "/analyzers")
        .paged("nextToken", "/nextToken"),
    read("accessanalyzer:ListFindingsV2", How::Post(|_| "/findingv2".to_owned(), findings), ANALYZERS, "/findings")
        .paged("nextToken", "/nextToken")
        .is(|of| of["resourceType"].is_string() && of["status"].is_string()),
    read("macie2:GetMacieSession", How::Get(|_| "/macie".to_owned()), Each::Once, "/status").is(Value::is_string),
    read("auditmanager:GetAccountStatus", How::Get(|_| "/account/status".to_owned()), Each::Once, "/status")
        .is(Value::is_string),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_buckets_are_no_xml_of_something_else() {
        let versions = [
            (json!(""), true),
            (json!({"Status": "Enabled"}), true),
            (json!({"Status": "Suspended", "MfaDelete": "Disabled"}), true),
            (json!({"MFADelete": "Enabled", "Status": "Enabled"}), true),
            (json!({}), true),
            (json!({"Status": "yes"}), false),
            (json!({"Status": "Enabled", "Code": "NoSuchBucket"}), false),
            (json!({"body": {"p": "sign in"}}), false),
            (json!("sign in"), false),
            (json!([]), false),
        ];
        for (body, held) in versions {
            assert_eq!(versioning(&body), held, "{body}");
        }
        let rules = [
            (json!({"Rule": {"Status": "Enabled"}}), true),
            (json!({"Rule": [{"Status": "Enabled"}, {"Status": "Disabled"}]}), true),
            (json!({"Rule": [{"Status": "Enabled"}, {"ID": "Disabled"}]}), false),
            (json!({"Rule": {"ID": "Enabled"}}), false),
            (json!({"Rule": "Enabled"}), false),
            (json!({"Rule": []}), false),
            (json!({"Note": "Enabled"}), false),
            (json!(""), false),
        ];
        for (body, held) in rules {
            assert_eq!(lifecycle(&body), held, "{body}");
        }
    }
}
