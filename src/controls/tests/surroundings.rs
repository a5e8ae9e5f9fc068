//! Network, caches, encryption and recovery over the slow tail: what each control says, and why.

use serde_json::{Value, json};

use super::tail_tests::{Change, VAULT, answer, deny, each_is, kept, put};
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

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] =
    &["ENC-13", "NET-14", "RES-07", "RES-08", "RES-09", "RES-10", "RES-11", "RES-16", "RES-17"];

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

fn vault(estate: &mut Estate) -> &mut Value {
    &mut answer(estate, "backup:ListBackupVaults", "")["BackupVaultList"][0]
}

fn access(estate: &mut Estate, effect: &str) {
    let policy = json!({"Statement": {
        "Effect": effect, "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*",
    }});
    *answer(estate, "backup:GetBackupVaultAccessPolicy", "main") = json!({"Policy": policy.to_string()});
}

#[test]
fn a_vault_is_as_safe_as_its_lock_and_its_policy() {
    each_tells(&[
        ("RES-06", Pass, "orders: main is locked for good, 35 days", |_| {}),
        ("RES-06", Warn, "allows backup:DeleteRecoveryPoint", |it| access(it, "Allow")),
        ("RES-06", Pass, "", |it| access(it, "Deny")),
        ("RES-06", Unknown, "could not be understood", |it| {
            *answer(it, "backup:GetBackupVaultAccessPolicy", "main") = json!({"Policy": "<html>"});
        }),
        ("RES-06", Unknown, "denied", |it| deny(it, "backup:GetBackupVaultAccessPolicy", "main")),
        ("RES-06", Unknown, "denied", |it| deny(it, "backup:ListProtectedResources", "")),
        // A better vault beside it helps no table whose points are not in it.
        ("RES-06", Fail, "main is not locked", |it| {
            let mut better = vault(it).clone();
            better["BackupVaultName"] = json!("better");
            better["BackupVaultArn"] = json!("arn:aws:backup:eu-west-1:111122223333:backup-vault:better");
            vault(it)["Locked"] = json!(false);
            answer(it, "backup:ListBackupVaults", "")["BackupVaultList"].as_array_mut().unwrap().push(better);
        }),
        ("RES-06", Fail, "no vault holds", |it| {
            *answer(it, "backup:ListProtectedResources", "") = json!({"Results": []});
        }),
        ("RES-06", Unknown, "leaves Locked", |it| vault(it)["Locked"] = Value::Null),
        ("RES-06", Unknown, "leaves MinRetentionDays", |it| {
            vault(it)["VaultType"] = json!("LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
            vault(it)["MinRetentionDays"] = Value::Null;
        }),
        ("RES-06", Warn, "7 of 35 days", |it| {
            vault(it)["VaultType"] = json!("LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
            vault(it)["MinRetentionDays"] = json!(7);
        }),
        ("RES-06", Unknown, "not in the list", |it| vault(it)["BackupVaultArn"] = json!("other")),
        ("RES-06", NotApplicable, "", |it| classed(it, DataClass::Confidential)),
        ("RES-06", NotApplicable, "", |it| table(it).tags = seen(BTreeMap::new())),
        ("RES-06", Unknown, "denied", |it| {
            vault(it)["Locked"] = json!(false);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
    ]);
}

#[test]
fn keys_are_judged_for_the_tables_that_name_them() {
    each_tells(&[
        ("ENC-05", Pass, "", |_| {}),
        ("ENC-05", NotApplicable, "class confidential asks for none", |it| classed(it, DataClass::Confidential)),
        ("ENC-05", Unknown, "names nobody", |it| *answer(it, "kms:ListGrants", KEY) = json!({"Grants": [{}]})),
        ("ENC-05", Unknown, "denied", |it| {
            *answer(it, "kms:ListGrants", KEY) = json!({"Grants": []});
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("ENC-04", NotApplicable, "class internal asks for none", |it| classed(it, DataClass::Internal)),
        ("ENC-04", NotApplicable, "states a class", |it| table(it).tags = seen(BTreeMap::new())),
        ("ENC-04", Unknown, "denied", |it| {
            let open =
                json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}});
            *answer(it, "kms:GetKeyPolicy", KEY) = json!({"Policy": open.to_string()});
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        // A key that no table names any more is nobody's.
        ("ENC-04", Pass, "", |it| {
            let old = KEY.replace("key/1", "key/2");
            it.keys.insert(old, denied("kms:DescribeKey"));
        }),
        ("ENC-04", Unknown, "not polled", |it| {
            let other = KEY.replace("eu-west-1", "eu-north-1");
            let mut of = it.keys.remove(KEY).unwrap();
            of.seen.as_mut().unwrap().value.arn.clone_from(&other);
            it.keys.insert(other.clone(), of);
            described(it).kms_key = Some(other);
        }),
    ]);
}

#[test]
fn what_a_cache_does_not_say_is_no_verdict() {
    each_tells(&[
        ("DAX-01", Unknown, "SSEDescription.Status", |it| cluster(it)["SSEDescription"] = json!({})),
        ("DAX-02", Unknown, "no word", |it| cluster(it)["ClusterEndpointEncryptionType"] = json!(17)),
        ("DAX-06", Unknown, "does not count", |it| cluster(it)["TotalNodes"] = Value::Null),
    ]);
}

fn cluster(estate: &mut Estate) -> &mut Value {
    &mut answer(estate, "dax:DescribeClusters", "")["Clusters"][0]
}

const EXPORTED: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/export/01-a";
const EXPORTS: &str = "exports";

/// The table was exported two days ago, to a bucket that is kept well.
fn exported(estate: &mut Estate) -> &mut Value {
    put(
        estate,
        "dynamodb:ListExports",
        "",
        json!({"ExportSummaries": [{"ExportArn": EXPORTED, "ExportStatus": "COMPLETED"}]}),
    );
    let of = json!({
        "ExportArn": EXPORTED, "TableArn": ARN, "ExportStatus": "COMPLETED", "ExportType": "FULL_EXPORT",
        "S3Bucket": EXPORTS, "S3SseAlgorithm": "KMS", "StartTime": ago(48).as_second(),
    });
    put(estate, "dynamodb:DescribeExport", EXPORTED, json!({"ExportDescription": of}));
    put(estate, "s3:GetBucketPolicyStatus", EXPORTS, Value::Null);
    put(estate, "s3:GetPublicAccessBlock", EXPORTS, Value::Null);
    put(estate, "s3:GetBucketVersioning", EXPORTS, json!({"Status": "Enabled"}));
    let lock = json!({"Mode": "COMPLIANCE", "Days": "35"});
    put(
        estate,
        "s3:GetObjectLockConfiguration",
        EXPORTS,
        json!({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": lock}}),
    );
    let rule = json!({"Status": "Enabled", "Destination": {"Account": "444455556666"}});
    put(estate, "s3:GetBucketReplication", EXPORTS, json!({"Rule": rule}));
    table(estate).tags.seen.as_mut().unwrap().value.insert("export-interval".to_owned(), "7d".to_owned());
    &mut answer(estate, "dynamodb:DescribeExport", EXPORTED)["ExportDescription"]
}

fn interval(estate: &mut Estate, value: &str) {
    exported(estate);
    table(estate).tags.seen.as_mut().unwrap().value.insert("Export-Every".to_owned(), value.to_owned());
    table(estate).tags.seen.as_mut().unwrap().value.remove("export-interval");
}

fn lock(estate: &mut Estate) -> &mut Value {
    exported(estate);
    answer(estate, "s3:GetObjectLockConfiguration", EXPORTS)
}

#[test]
fn exports_are_judged_by_where_they_go_and_how_they_lie_there() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("RES-11", Pass, |it| _ = exported(it)),
        ("RES-11", Pass, |it| {
            exported(it);
            *answer(it, "dynamodb:ListExports", "") = json!({"ExportSummaries": []});
        }),
        ("RES-11", Fail, |it| exported(it)["S3BucketOwner"] = json!("999988887777")),
        ("RES-11", Pass, |it| exported(it)["S3BucketOwner"] = json!("111122223333")),
        ("RES-11", Warn, |it| exported(it)["S3SseAlgorithm"] = json!("AES256")),
        ("RES-11", NotApplicable, |it| classed(it, DataClass::Internal)),
        ("RES-11", Unknown, |it| {
            exported(it);
            deny(it, "dynamodb:DescribeExport", EXPORTED);
        }),
        ("RES-11", Unknown, |it| deny(it, "dynamodb:ListExports", "")),
        ("RES-08", Pass, |it| _ = exported(it)),
        ("RES-08", Pass, |it| interval(it, "72h")),
        ("RES-08", Fail, |it| interval(it, "daily")),
        ("RES-08", Fail, |it| exported(it)["ExportStatus"] = json!("FAILED")),
        ("RES-08", Fail, |it| exported(it)["ExportStatus"] = json!("IN_PROGRESS")),
        ("RES-08", Warn, |it| exported(it)["FilterSpecification"] = json!({"KeyConditionExpression": "a = b"})),
        ("RES-08", Warn, |it| exported(it)["ExportType"] = json!("INCREMENTAL_EXPORT")),
        ("RES-08", NotApplicable, |_| {}),
        ("RES-08", Unknown, |it| {
            exported(it);
            deny(it, "dynamodb:ListExports", "");
        }),
        ("RES-08", Unknown, |it| {
            exported(it);
            deny(it, "dynamodb:DescribeExport", EXPORTED);
        }),
        ("RES-09", Pass, |it| _ = exported(it)),
        ("RES-09", Fail, |it| *lock(it) = Value::Null),
        ("RES-09", Fail, |it| {
            exported(it);
            *answer(it, "s3:GetBucketPolicyStatus", EXPORTS) = json!({"IsPublic": "true"});
        }),
        ("RES-09", Warn, |it| lock(it)["Rule"] = Value::Null),
        ("RES-09", Warn, |it| lock(it)["Rule"]["DefaultRetention"]["Mode"] = json!("GOVERNANCE")),
        ("RES-09", Warn, |it| lock(it)["Rule"]["DefaultRetention"]["Days"] = json!("7")),
        ("RES-09", NotApplicable, |it| {
            exported(it);
            classed(it, DataClass::Confidential);
        }),
        ("RES-09", Unknown, |it| {
            exported(it);
            deny(it, "s3:GetObjectLockConfiguration", EXPORTS);
        }),
        ("RES-09", Unknown, |it| {
            exported(it);
            deny(it, "dynamodb:DescribeExport", EXPORTED);
        }),
        ("RES-09", Unknown, |it| {
            *lock(it) = Value::Null;
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
        // XML writes several rules as a list.
        ("RES-10", Pass, |it| {
            exported(it);
            let of = answer(it, "s3:GetBucketReplication", EXPORTS);
            of["Rule"] = json!([{"Status": "Disabled"}, of["Rule"].clone()]);
        }),
        ("RES-10", Fail, |it| {
            exported(it);
            *answer(it, "s3:GetBucketReplication", EXPORTS) = Value::Null;
        }),
        ("RES-10", Fail, |it| {
            exported(it);
            answer(it, "s3:GetBucketReplication", EXPORTS)["Rule"]["Status"] = json!("Disabled");
        }),
        ("RES-10", Warn, |it| {
            exported(it);
            answer(it, "s3:GetBucketReplication", EXPORTS)["Rule"]["Destination"] = json!({"Bucket": "other"});
        }),
        ("RES-10", Warn, |it| {
            exported(it);
            answer(it, "s3:GetBucketReplication", EXPORTS)["Rule"]["DeleteMarkerReplication"] =
                json!({"Status": "Enabled"});
        }),
        ("RES-10", Unknown, |it| {
            exported(it);
            deny(it, "s3:GetBucketReplication", EXPORTS);
        }),
    ];
    each_is(&["RES-08", "RES-09", "RES-10", "RES-11"], cases);
    each_tells(&[
        ("RES-09", Unknown, "of account 999988887777", |it| exported(it)["S3BucketOwner"] = json!("999988887777")),
        ("RES-08", Unknown, "no interval", |it| interval(it, "often")),
        ("RES-08", Unknown, "no interval", |it| interval(it, "0h")),
        ("RES-08", Unknown, "no interval", |it| interval(it, "\u{e9}")),
        ("RES-11", Unknown, "no account", |it| exported(it)["S3BucketOwner"] = json!(17)),
    ]);
}

/// A copy was made, or the table restored, some hours ago.
fn jobs(estate: &mut Estate, vault: &str, hours: i64) {
    let at = ago(hours).as_second();
    let copy =
        json!({"ResourceArn": ARN, "State": "COMPLETED", "CompletionDate": at, "DestinationBackupVaultArn": vault});
    put(estate, "backup:ListCopyJobs", "", json!({"CopyJobs": [copy]}));
    let restore = json!({"SourceResourceArn": ARN, "Status": "COMPLETED", "CompletionDate": at});
    put(estate, "backup:ListRestoreJobs", "", json!({"RestoreJobs": [restore]}));
    let plan =
        json!({"Rules": [{"TargetBackupVaultName": "main", "CopyActions": [{"DestinationBackupVaultArn": AWAY}]}]});
    put(estate, "backup:GetBackupPlan", "p", json!({"BackupPlan": plan}));
}

const AWAY: &str = "arn:aws:backup:eu-west-1:444455556666:backup-vault:copies";

#[test]
fn copies_and_restores_are_judged_by_what_was_done() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("RES-07", Pass, |it| jobs(it, AWAY, 9)),
        ("RES-07", Warn, |it| jobs(it, AWAY, 48)),
        ("RES-07", Warn, |it| jobs(it, &VAULT.replace("eu-west-1", "us-east-1"), 9)),
        ("RES-07", Fail, |it| jobs(it, VAULT, 9)),
        ("RES-07", Fail, |it| {
            jobs(it, VAULT, 9);
            *answer(it, "backup:GetBackupPlan", "p") = json!({"BackupPlan": {"Rules": []}});
        }),
        ("RES-07", Warn, |it| {
            jobs(it, VAULT, 9);
            answer(it, "backup:DescribeRegionSettings", "")["ResourceTypeManagementPreference"] =
                json!({"DynamoDB": false});
        }),
        ("RES-07", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("RES-07", Unknown, |it| deny(it, "backup:ListCopyJobs", "")),
        ("RES-07", Unknown, |it| {
            jobs(it, VAULT, 9);
            deny(it, "backup:GetBackupPlan", "p");
        }),
        ("RES-17", Pass, |it| jobs(it, AWAY, 9)),
        ("RES-17", Warn, |it| jobs(it, AWAY, 24 * 400)),
        ("RES-17", Warn, |it| {
            jobs(it, AWAY, 9);
            answer(it, "backup:ListRestoreJobs", "")["RestoreJobs"][0]["SourceResourceArn"] = json!("other");
        }),
        ("RES-17", Unknown, |it| deny(it, "backup:ListRestoreJobs", "")),
    ];
    each_is(&["RES-07", "RES-17"], cases);
    each_tells(&[
        ("RES-07", Unknown, "CompletionDate", |it| {
            jobs(it, AWAY, 9);
            answer(it, "backup:ListCopyJobs", "")["CopyJobs"][0]["CompletionDate"] = json!("soon");
        }),
        ("RES-07", Unknown, "vault of a copy", |it| jobs(it, "seventeen", 9)),
        ("RES-07", Fail, "a plan copies to", |it| jobs(it, VAULT, 9)),
    ]);
}

/// The account may provision 1,000 units each way; the table has so many, and an index of it.
fn provisioned(estate: &mut Estate, units: i64, index: i64) {
    let limits = json!({"AccountMaxReadCapacityUnits": 1000, "AccountMaxWriteCapacityUnits": 1000});
    put(estate, "dynamodb:DescribeLimits", "", limits);
    let of = described(estate);
    of.billing = None;
    of.provisioned = (Some(units), Some(1));
    of.indexes = vec![Index {
        name: "by-day".to_owned(),
        global: true,
        key: vec!["day".to_owned()],
        provisioned: (Some(index), Some(1)),
    }];
}

/// A route of the VPC leads to another network.
fn linked(estate: &mut Estate) -> &mut Vec<Endpoint> {
    routes(estate).routes.push(("192.168.0.0/16".to_owned(), "tgw-1".to_owned()));
    &mut net(estate).endpoints.seen.as_mut().unwrap().value
}

#[test]
fn headroom_names_and_links_are_judged_by_what_is_polled_already() {
    let cases: &[(&str, Verdict, Change)] = &[
        ("RES-16", Pass, |it| provisioned(it, 400, 300)),
        ("RES-16", Warn, |it| provisioned(it, 400, 400)),
        ("RES-16", Fail, |it| provisioned(it, 400, 600)),
        ("RES-16", Pass, |it| {
            provisioned(it, 4000, 0);
            described(it).billing = Some("PAY_PER_REQUEST".to_owned());
        }),
        ("RES-16", Unknown, |it| deny(it, "dynamodb:DescribeLimits", "")),
        ("RES-16", Unknown, |it| {
            provisioned(it, 1, 1);
            table(it).description = denied("dynamodb:DescribeTable");
        }),
        ("ENC-13", Pass, |_| {}),
        ("ENC-13", Warn, |it| described(it).key.push("cardNumber".to_owned())),
        ("ENC-13", Warn, |it| {
            let key = vec!["customer_email".to_owned()];
            described(it).indexes = vec![Index { name: "by-email".to_owned(), key, ..Index::default() }];
        }),
        ("ENC-13", NotApplicable, |it| classed(it, DataClass::Internal)),
        ("ENC-13", Unknown, |it| table(it).description = denied("dynamodb:DescribeTable")),
        ("NET-14", Pass, |it| _ = linked(it)),
        ("NET-14", Fail, |it| linked(it).truncate(1)),
        ("NET-14", Warn, |it| linked(it)[1].state = "pending".to_owned()),
        ("NET-14", NotApplicable, |_| {}),
        ("NET-14", NotApplicable, |it| {
            linked(it);
            routes(it).blackholes.push("192.168.0.0/16".to_owned());
        }),
        ("NET-14", NotApplicable, |it| {
            linked(it);
            classed(it, DataClass::Confidential);
        }),
        ("NET-14", Unknown, |it| net(it).route_tables = denied("ec2:DescribeRouteTables")),
        ("NET-14", Unknown, |it| {
            linked(it).truncate(1);
            table(it).tags = denied("dynamodb:ListTagsOfResource");
        }),
    ];
    each_is(&["ENC-13", "NET-14", "RES-16"], cases);
    each_tells(&[
        ("ENC-13", Unknown, "KeySchema", |it| described(it).key.clear()),
        ("RES-16", Unknown, "leaves ProvisionedThroughput", |it| {
            provisioned(it, 1, 1);
            described(it).provisioned = (None, None);
        }),
        ("RES-16", Unknown, "leaves a limit out", |it| {
            provisioned(it, 1, 1);
            answer(it, "dynamodb:DescribeLimits", "")["AccountMaxWriteCapacityUnits"] = json!("many");
        }),
    ]);
}
