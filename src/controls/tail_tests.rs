//! Controls over the slow tail: each seen to pass, to fail or warn, and to be unknown.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::tests::{ARN, KEY, denied, good, judge, now, scope, seen};
use crate::model::{EndpointKind, Estate, Subnet, Trail, Verdict};

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &[
    "DAX-01", "DAX-02", "DAX-05", "DAX-06", "DET-04", "DET-05", "DET-15", "DET-16", "ENC-04", "ENC-05", "IAM-11",
    "LOG-07", "NET-07", "NET-11", "RES-05", "RES-06",
];

const BUCKET: &str = "trail-111122223333";
pub(super) const VAULT: &str = "arn:aws:backup:eu-west-1:111122223333:backup-vault:main";

pub(super) fn put(estate: &mut Estate, label: &'static str, subject: &str, answer: Value) {
    estate.answers.entry(scope()).or_default().entry(label).or_default().insert(subject.to_owned(), seen(answer));
}

pub(super) fn deny(estate: &mut Estate, label: &'static str, subject: &str) {
    estate.answers.entry(scope()).or_default().entry(label).or_default().insert(subject.to_owned(), denied(label));
}

/// An answer as it stands, to be changed.
pub(super) fn answer<'a>(estate: &'a mut Estate, label: &'static str, subject: &str) -> &'a mut Value {
    let cell = estate.answers.get_mut(&scope()).unwrap().get_mut(label).unwrap().get_mut(subject).unwrap();
    &mut cell.seen.as_mut().unwrap().value
}

pub(super) fn rule(name: &str, state: &str, pattern: &Value) -> Value {
    json!({"Name": name, "State": state, "EventPattern": pattern.to_string()})
}

/// The estate that every control passes, with what the tail answers.
pub(super) fn kept() -> Estate {
    let mut estate = good();
    let it = &mut estate;
    put(it, "backup:ListBackupPlans", "", json!({"BackupPlansList": [{"BackupPlanId": "p"}]}));
    put(it, "backup:ListBackupSelections", "p", json!({"BackupSelectionsList": [{"SelectionId": "s"}]}));
    put(
        it,
        "backup:GetBackupSelection",
        "p/s",
        json!({"BackupSelection": {"SelectionName": "tables", "Resources": ["arn:aws:dynamodb:*:*:table/*"]}}),
    );
    put(it, "backup:DescribeRegionSettings", "", json!({"ResourceTypeOptInPreference": {"DynamoDB": true}}));
    put(
        it,
        "backup:ListProtectedResources",
        "",
        json!({"Results": [{"ResourceArn": ARN, "LastBackupTime": 1.0, "LastBackupVaultArn": VAULT}]}),
    );
    put(it, "backup:GetBackupVaultAccessPolicy", "main", Value::Null);
    let locked = (now() - SignedDuration::from_hours(24)).as_second();
    put(
        it,
        "backup:ListBackupVaults",
        "",
        json!({"BackupVaultList": [{
            "BackupVaultName": "main", "BackupVaultArn": VAULT, "Locked": true, "LockDate": locked, "MinRetentionDays": 35, "NumberOfRecoveryPoints": 3,
        }]}),
    );
    let role = |name: &str| json!({"AWS": format!("arn:aws:iam::111122223333:role/{name}")});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": role("admin"), "Action": ["kms:PutKeyPolicy", "kms:Describe*"], "Resource": "*"},
        {"Effect": "Allow", "Principal": role("app"), "Action": ["kms:Decrypt", "kms:CreateGrant"], "Resource": "*",
         "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}},
    ]});
    put(it, "kms:GetKeyPolicy", KEY, json!({"Policy": policy.to_string()}));
    let grant = json!({"GranteePrincipal": "dynamodb.eu-west-1.amazonaws.com", "Operations": ["Decrypt"], "Constraints": {"EncryptionContextSubset": {"a": "b"}}});
    put(it, "kms:ListGrants", KEY, json!({"Grants": [grant]}));
    let findings = rule("findings", "ENABLED", &json!({"source": ["aws.guardduty"]}));
    let changes = rule("changes", "ENABLED", &json!({"detail-type": ["AWS API Call via CloudTrail"]}));
    put(it, "events:ListRules", "", json!({"Rules": [findings, changes]}));
    for name in ["findings", "changes"] {
        put(it, "events:ListTargetsByRule", name, json!({"Targets": [{"Id": "1", "Arn": "arn:aws:sns:x:y:z"}]}));
    }
    put(it, "securityhub:DescribeHub", "", json!({"HubArn": "arn:aws:securityhub:eu-west-1:111122223333:hub/default"}));
    put(
        it,
        "securityhub:GetEnabledStandards",
        "",
        json!({"StandardsSubscriptions": [{
            "StandardsArn": "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0",
            "StandardsStatus": "READY",
        }]}),
    );
    put(
        it,
        "accessanalyzer:ListAnalyzers",
        "",
        json!({"analyzers": [{"name": "a", "type": "ACCOUNT", "status": "ACTIVE"}]}),
    );
    put(it, "auditmanager:GetAccountStatus", "", json!({"status": "ACTIVE"}));
    let node = |zone: &str| json!({"AvailabilityZone": zone});
    put(
        it,
        "dax:DescribeClusters",
        "",
        json!({"Clusters": [{
            "ClusterName": "c", "ClusterArn": "arn:aws:dax:eu-west-1:111122223333:cache/c", "ActiveNodes": 3, "TotalNodes": 3,
            "Nodes": [node("a"), node("b"), node("c")], "SSEDescription": {"Status": "ENABLED"},
            "ClusterEndpointEncryptionType": "TLS", "SecurityGroups": [{"SecurityGroupIdentifier": "sg-dax"}],
        }]}),
    );
    let group = |id: &str, port: &str| {
        json!({"groupId": id, "groupName": "app", "ipPermissions": [{
            "ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": [{"groupId": "sg-app"}], "ipRanges": [], "ipv6Ranges": [],
            "prefixListIds": "",
        }]})
    };
    put(
        it,
        "ec2:DescribeSecurityGroups",
        "",
        json!({"securityGroupInfo": [group("sg-dax", "9111"), group("sg-vpce", "443")]}),
    );
    put(
        it,
        "ec2:DescribeFlowLogs",
        "",
        json!({"flowLogSet": [{
            "flowLogId": "fl-1", "resourceId": "vpc-1", "flowLogStatus": "ACTIVE", "trafficType": "ALL", "deliverLogsStatus": "SUCCESS",
        }]}),
    );
    let network = it.networks.get_mut(&scope()).unwrap();
    let endpoints = &mut network.endpoints.seen.as_mut().unwrap().value;
    let mut interface = endpoints[0].clone();
    interface.id = "vpce-2".to_owned();
    interface.kind = EndpointKind::Interface;
    interface.security_groups = vec!["sg-vpce".to_owned()];
    interface.subnets = vec!["subnet-1".to_owned(), "subnet-2".to_owned()];
    endpoints.push(interface);
    let subnets = &mut network.subnets.seen.as_mut().unwrap().value;
    subnets[0].zone = Some("a".to_owned());
    let other = Subnet { id: "subnet-2".to_owned(), zone: Some("b".to_owned()), ..subnets[0].clone() };
    subnets.push(other);
    the_trail(it).bucket = Some(BUCKET.to_owned());
    put(it, "s3:GetBucketPolicyStatus", BUCKET, json!({"IsPublic": "false"}));
    put(it, "s3:GetPublicAccessBlock", BUCKET, json!({"RestrictPublicBuckets": "true"}));
    put(it, "s3:GetBucketVersioning", BUCKET, json!({"Status": "Enabled"}));
    put(it, "s3:GetBucketLifecycleConfiguration", BUCKET, Value::Null);
    put(it, "s3:GetObjectLockConfiguration", BUCKET, json!({"ObjectLockEnabled": "Enabled"}));
    super::tests::holders::keep(it);
    super::tests::watching::keep(it);
    super::tests::kept::keep(it);
    super::tests::doors::keep(it);
    estate
}

pub(super) fn the_trail(estate: &mut Estate) -> &mut Trail {
    estate.trails.values_mut().next().unwrap()
}

/// What is changed of an estate that passes.
pub(super) type Change = fn(&mut Estate);

/// Changes the estate that passes case by case, and wants each of the controls seen to pass, to fail and unknown.
pub(super) fn each_is(ids: &[&str], cases: &[(&str, Verdict, Change)]) {
    use Verdict::{Fail, Pass, Unknown, Warn};
    for (at, (id, verdict, change)) in cases.iter().enumerate() {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, *verdict, "case {at}, {id}: {}", judged.reason);
        if matches!(verdict, Pass | Fail | Warn) {
            assert!(!judged.evidence.is_empty(), "{id} rests on nothing: {}", judged.reason);
        }
        if *verdict == Unknown && !["not in the list", "not read yet"].iter().any(|why| judged.reason.contains(why)) {
            assert!(judged.missing_action.is_some(), "{id} names no action: {}", judged.reason);
        }
    }
    for id in ids {
        assert!(cases.iter().any(|case| (case.0, case.1) == (*id, Pass)), "{id} passes nowhere");
        assert!(cases.iter().any(|case| case.0 == *id && matches!(case.1, Fail | Warn)), "{id} fails nowhere");
        assert!(cases.iter().any(|case| (case.0, case.1) == (*id, Unknown)), "{id} is never unknown");
    }
}

#[test]
fn every_control_over_the_tail_says_what_its_catalogue_entry_says() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("RES-05", Pass, |_| {}),
        ("RES-05", Fail, |it| {
            answer(it, "backup:GetBackupSelection", "p/s")["BackupSelection"]["NotResources"] = json!([ARN]);
        }),
        ("RES-05", Fail, |it| {
            *answer(it, "backup:DescribeRegionSettings", "") =
                json!({"ResourceTypeOptInPreference": {"DynamoDB": false}});
        }),
        ("RES-05", Fail, |it| {
            let tag = json!([{"ConditionKey": "backup", "ConditionValue": "yes", "ConditionType": "STRINGEQUALS"}]);
            answer(it, "backup:GetBackupSelection", "p/s")["BackupSelection"] = json!({"ListOfTags": tag});
        }),
        ("RES-05", Pass, |it| {
            let tag = json!([{"ConditionKey": "data-class", "ConditionValue": "restricted", "ConditionType": "STRINGEQUALS"}]);
            answer(it, "backup:GetBackupSelection", "p/s")["BackupSelection"] = json!({"ListOfTags": tag});
        }),
        ("RES-05", Fail, |it| {
            let all =
                json!({"StringEquals": [{"ConditionKey": "aws:ResourceTag/data-class", "ConditionValue": "public"}]});
            answer(it, "backup:GetBackupSelection", "p/s")["BackupSelection"]["Conditions"] = all;
        }),
        ("RES-05", Warn, |it| *answer(it, "backup:ListProtectedResources", "") = json!({"Results": []})),
        ("RES-05", Unknown, |it| deny(it, "backup:ListBackupPlans", "")),
        ("RES-05", Unknown, |it| deny(it, "backup:GetBackupSelection", "p/s")),
        ("RES-05", Unknown, |it| {
            // Listed since, and not read yet.
            *answer(it, "backup:ListBackupSelections", "p") = json!({"BackupSelectionsList": [{"SelectionId": "new"}]});
        }),
        ("RES-05", Fail, |it| *answer(it, "backup:ListBackupSelections", "p") = json!({"BackupSelectionsList": []})),
        ("RES-05", Unknown, |it| deny(it, "backup:ListBackupSelections", "p")),
        ("RES-06", Pass, |_| {}),
        ("RES-06", Pass, |it| {
            answer(it, "backup:ListBackupVaults", "")["BackupVaultList"][0] = json!({"BackupVaultName": "main", "BackupVaultArn": VAULT, "VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "MinRetentionDays": 35});
        }),
        ("RES-06", Fail, |it| answer(it, "backup:ListBackupVaults", "")["BackupVaultList"][0]["Locked"] = json!(false)),
        ("RES-06", Fail, |it| *answer(it, "backup:ListBackupVaults", "") = json!({"BackupVaultList": []})),
        ("RES-06", Warn, |it| {
            answer(it, "backup:ListBackupVaults", "")["BackupVaultList"][0]["LockDate"] = Value::Null;
        }),
        ("RES-06", Warn, |it| {
            answer(it, "backup:ListBackupVaults", "")["BackupVaultList"][0]["MinRetentionDays"] = json!(7);
        }),
        ("RES-06", Unknown, |it| deny(it, "backup:ListBackupVaults", "")),
        ("ENC-04", Pass, |_| {}),
        ("ENC-04", Fail, |it| {
            let open =
                json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}});
            *answer(it, "kms:GetKeyPolicy", KEY) = json!({"Policy": open.to_string()});
        }),
        ("ENC-04", Fail, |it| {
            let root = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}});
            *answer(it, "kms:GetKeyPolicy", KEY) = json!({"Policy": root.to_string()});
        }),
        ("ENC-04", Warn, |it| {
            let role = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "kms:Decrypt", "Resource": "*"}});
            *answer(it, "kms:GetKeyPolicy", KEY) = json!({"Policy": role.to_string()});
        }),
        ("ENC-04", Unknown, |it| deny(it, "kms:GetKeyPolicy", KEY)),
        ("ENC-05", Pass, |_| {}),
        ("ENC-05", Fail, |it| {
            let foreign = json!({"GranteePrincipal": "arn:aws:iam::999988887777:role/x", "Operations": ["Decrypt"], "Constraints": {}});
            *answer(it, "kms:ListGrants", KEY) = json!({"Grants": [foreign]});
        }),
        ("ENC-05", Warn, |it| *answer(it, "kms:ListGrants", KEY) = json!({"Grants": []})),
        ("ENC-05", Unknown, |it| deny(it, "kms:ListGrants", KEY)),
        ("DET-04", Pass, |_| {}),
        ("DET-04", Fail, |it| answer(it, "events:ListRules", "")["Rules"][0]["State"] = json!("DISABLED")),
        ("DET-04", Fail, |it| {
            answer(it, "events:ListRules", "")["Rules"][0]["EventPattern"] = json!(r#"{"source":["aws.guardduty "]}"#);
        }),
        ("DET-04", Warn, |it| {
            answer(it, "events:ListRules", "")["Rules"][0]["EventPattern"] =
                json!(r#"{"source":["aws.guardduty"],"detail":{"type":[{"prefix":"Exfiltration:"}]}}"#);
        }),
        ("DET-04", Unknown, |it| deny(it, "events:ListTargetsByRule", "findings")),
        ("DET-04", Unknown, |it| deny(it, "events:ListRules", "")),
        ("DET-05", Pass, |_| {}),
        ("DET-05", Fail, |it| the_trail(it).status.seen.as_mut().unwrap().value.logging = false),
        ("DET-05", Fail, |it| *answer(it, "events:ListRules", "") = json!({"Rules": []})),
        ("DET-05", Warn, |it| {
            answer(it, "events:ListRules", "")["Rules"][1]["EventPattern"] = json!(r#"{"source":["aws.dynamodb"]}"#);
        }),
        ("DET-05", Unknown, |it| deny(it, "events:ListRules", "")),
        ("DET-15", Pass, |_| {}),
        ("DET-15", Warn, |it| *answer(it, "auditmanager:GetAccountStatus", "") = json!({"status": "INACTIVE"})),
        ("DET-15", Unknown, |it| deny(it, "auditmanager:GetAccountStatus", "")),
        ("DET-16", Pass, |_| {}),
        ("DET-16", Fail, |it| *answer(it, "securityhub:DescribeHub", "") = Value::Null),
        ("DET-16", Fail, |it| {
            *answer(it, "securityhub:GetEnabledStandards", "") = json!({"StandardsSubscriptions": []});
        }),
        ("DET-16", Unknown, |it| deny(it, "securityhub:DescribeHub", "")),
        ("IAM-11", Pass, |_| {}),
        ("IAM-11", Fail, |it| *answer(it, "accessanalyzer:ListAnalyzers", "") = json!({"analyzers": []})),
        ("IAM-11", Warn, |it| {
            answer(it, "accessanalyzer:ListAnalyzers", "")["analyzers"][0]["status"] = json!("DISABLED");
        }),
        ("IAM-11", Unknown, |it| deny(it, "accessanalyzer:ListAnalyzers", "")),
        ("DAX-01", Pass, |_| {}),
        ("DAX-01", Fail, |it| answer(it, "dax:DescribeClusters", "")["Clusters"][0]["SSEDescription"] = Value::Null),
        ("DAX-01", Warn, |it| {
            answer(it, "dax:DescribeClusters", "")["Clusters"][0]["SSEDescription"]["Status"] = json!("ENABLING");
        }),
        ("DAX-01", Unknown, |it| deny(it, "dax:DescribeClusters", "")),
        ("DAX-02", Pass, |_| {}),
        ("DAX-02", Fail, |it| {
            answer(it, "dax:DescribeClusters", "")["Clusters"][0]["ClusterEndpointEncryptionType"] = json!("NONE");
        }),
        ("DAX-02", Unknown, |it| deny(it, "dax:DescribeClusters", "")),
        ("DAX-05", Pass, |_| {}),
        ("DAX-05", Fail, |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][0]["ipPermissions"][0]["ipRanges"] =
                json!([{"cidrIp": "0.0.0.0/0"}]);
        }),
        ("DAX-05", Fail, |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][0]["ipPermissions"][0]["ipProtocol"] =
                json!("-1");
        }),
        ("DAX-05", Warn, |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][0]["ipPermissions"][0]["fromPort"] =
                json!("8111");
        }),
        ("DAX-05", Unknown, |it| deny(it, "ec2:DescribeSecurityGroups", "")),
        ("DAX-05", Unknown, |it| *answer(it, "ec2:DescribeSecurityGroups", "") = json!({"securityGroupInfo": []})),
        ("DAX-06", Pass, |_| {}),
        ("DAX-06", Fail, |it| {
            answer(it, "dax:DescribeClusters", "")["Clusters"][0]["Nodes"] =
                json!([{"AvailabilityZone": "a"}, {"AvailabilityZone": "a"}]);
        }),
        ("DAX-06", Warn, |it| answer(it, "dax:DescribeClusters", "")["Clusters"][0]["ActiveNodes"] = json!(2)),
        ("DAX-06", Unknown, |it| deny(it, "dax:DescribeClusters", "")),
        ("NET-07", Pass, |_| {}),
        ("NET-07", Fail, |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][1]["ipPermissions"][0]["ipv6Ranges"] =
                json!([{"cidrIpv6": "::/0"}]);
        }),
        ("NET-07", Warn, |it| {
            answer(it, "ec2:DescribeSecurityGroups", "")["securityGroupInfo"][1]["ipPermissions"][0]["ipRanges"] =
                json!([{"cidrIp": "10.0.0.0/16"}]);
        }),
        ("NET-07", Unknown, |it| deny(it, "ec2:DescribeSecurityGroups", "")),
        ("NET-11", Pass, |_| {}),
        ("NET-11", Fail, |it| *answer(it, "ec2:DescribeFlowLogs", "") = json!({"flowLogSet": []})),
        ("NET-11", Warn, |it| answer(it, "ec2:DescribeFlowLogs", "")["flowLogSet"][0]["trafficType"] = json!("ACCEPT")),
        ("NET-11", Warn, |it| {
            answer(it, "ec2:DescribeFlowLogs", "")["flowLogSet"][0]["deliverLogsStatus"] = json!("FAILED");
        }),
        ("NET-11", Unknown, |it| deny(it, "ec2:DescribeFlowLogs", "")),
        ("LOG-07", Pass, |_| {}),
        ("LOG-07", Fail, |it| {
            *answer(it, "s3:GetBucketPolicyStatus", BUCKET) = json!({"IsPublic": "true"});
            *answer(it, "s3:GetPublicAccessBlock", BUCKET) = Value::Null;
        }),
        ("LOG-07", Fail, |it| {
            *answer(it, "s3:GetBucketLifecycleConfiguration", BUCKET) =
                json!({"Rule": {"Status": "Enabled", "Expiration": {"Days": "30"}}});
        }),
        ("LOG-07", Fail, |it| *answer(it, "s3:GetBucketVersioning", BUCKET) = json!({})),
        ("LOG-07", Warn, |it| *answer(it, "s3:GetObjectLockConfiguration", BUCKET) = Value::Null),
        ("LOG-07", Unknown, |it| deny(it, "s3:GetBucketVersioning", BUCKET)),
        ("RES-05", NotApplicable, |it| {
            let tags = &mut it.tables.get_mut(ARN).unwrap().tags.seen.as_mut().unwrap().value;
            tags.insert("data-class".to_owned(), "internal".to_owned());
        }),
    ];
    each_is(JUDGED, cases);
}
