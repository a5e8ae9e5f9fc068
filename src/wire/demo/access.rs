//! The auditor's own permissions, as an IAM policy that is evaluated like IAM does.

use serde_json::{Value, json};

use super::world::{DATA, PROD, Realm};
use crate::policy::{Asker, Context, Decision, Document, Request, evaluate};

/// The policy of the auditor's role in an account: reads, save for what was never granted.
pub(super) fn policy(account: &str) -> Option<Document> {
    let (reads, tables, findings) = statements(account);
    let document = json!({ "Version": "2012-10-17", "Statement": [reads, tables, findings] });
    Document::parse(&document.to_string()).ok()
}

fn statements(account: &str) -> (Value, Value, Value) {
    let reads = json!({
        "Sid": "Reads",
        "Effect": "Allow",
        "Action": [
            "cloudformation:Describe*", "cloudfront:Get*", "shield:Get*", "shield:List*", "wafv2:Get*", "cloudformation:List*", "cloudtrail:Describe*", "cloudtrail:Get*",
            "cloudtrail:LookupEvents", "cloudwatch:GetMetricData", "config:Describe*", "config:Get*", "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeBackup", "dynamodb:DescribeTimeToLive", "dynamodb:GetResourcePolicy", "dynamodb:List*", "ec2:Describe*",
            "accessanalyzer:List*", "application-autoscaling:Describe*", "auditmanager:Get*", "backup:Describe*",
            "backup:Get*", "backup:List*", "dax:Describe*", "iam:Get*", "organizations:Describe*", "organizations:List*", "dynamodb:DescribeExport", "dynamodb:DescribeLimits", "dynamodb:DescribeKinesisStreamingDestination", "events:List*",
            "kinesis:DescribeStreamSummary", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
            "kms:ListGrants", "macie2:Get*", "s3:GetBucket*", "s3:GetPublicAccessBlock",
            "s3:GetObjectLockConfiguration", "securityhub:Describe*", "securityhub:Get*", "cloudtrail:List*",
            "cloudwatch:DescribeAlarms", "dynamodb:DescribeBulkOperation", "lambda:ListEventSourceMappings",
            "logs:DescribeMetricFilters",
        ],
        "Resource": "*",
    });
    // Payroll is described by nobody but payroll.
    let tables = json!({
        "Sid": "Tables",
        "Effect": "Allow",
        "Action": "dynamodb:DescribeTable",
        "NotResource": format!("arn:aws:dynamodb:us-east-1:{PROD}:table/payroll"),
    });
    let mut findings = json!({
        "Sid": "Findings",
        "Effect": "Allow",
        "Action": ["guardduty:List*", "guardduty:Get*"],
        "Resource": "*",
    });
    if account == DATA {
        let condition = json!({ "StringNotEquals": { "aws:RequestedRegion": "us-east-1" } });
        super::kit::put(&mut findings, "/Condition", condition);
    }
    (reads, tables, findings)
}

/// Whether the auditor may, and if not, in IAM's words why.
pub(super) fn decide(realm: &Realm, action: &str, resource: &str) -> Result<(), String> {
    let context = Context::default().with("aws:RequestedRegion", realm.region);
    let auditor = realm.auditor();
    let request = Request { principal: Asker::Aws(&auditor), action, resource, context: &context };
    let documents: Vec<&Document> = realm.policy.iter().collect();
    match evaluate(&documents, &request) {
        Decision::Allow(_) => Ok(()),
        Decision::ExplicitDeny(_) => Err("with an explicit deny in an identity-based policy".to_owned()),
        Decision::ImplicitDeny => Err(format!("because no identity-based policy allows the {action} action")),
    }
}
