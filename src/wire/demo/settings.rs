//! The slow tail: backup plans and vaults, event rules, hubs, caches, buckets, flow logs. Production is kept well, the
//! data account less so, and the region that was forgotten not at all.

use serde_json::{Value, json};

use super::Call;
use super::kit::{epoch, hash, trim, uuid};
use super::story;
use super::world::{PROD, Realm};
use crate::wire::protocol::Refusal;

/// How well a place is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kept {
    Forgotten,
    Poorly,
    Well,
}

pub(super) fn kept(realm: &Realm) -> Kept {
    match (realm.account == PROD, realm.region) {
        (_, "ap-southeast-2") => Kept::Forgotten,
        (true, "eu-west-1") => Kept::Well,
        _ => Kept::Poorly,
    }
}

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let (well, kept) = (kept(call.realm) == Kept::Well, kept(call.realm));
    let name = call.called.operation.as_str();
    Ok(match (call.called.service.as_str(), name) {
        ("backup", "ListBackupPlans") => json!({ "BackupPlansList": plans(call) }),
        ("backup", "GetBackupPlan") => plan(call)?,
        ("backup", "ListBackupSelections") => json!({ "BackupSelectionsList": selections(call)? }),
        ("backup", "GetBackupSelection") => selection(call)?,
        ("backup", "ListBackupVaults") => json!({ "BackupVaultList": vaults(call) }),
        ("backup", "GetBackupVaultAccessPolicy") => access(call)?,
        ("backup", "ListRecoveryPointsByBackupVault") => super::recovery::points(call, &protected(call))?,
        ("backup", "ListProtectedResources") => json!({ "Results": protected(call) }),
        ("backup", "DescribeRegionSettings") => json!({
            "ResourceTypeOptInPreference": { "DynamoDB": kept != Kept::Forgotten, "EBS": true, "S3": false },
            "ResourceTypeManagementPreference": { "DynamoDB": well },
        }),
        ("backup", "ListCopyJobs" | "ListRestoreJobs") => super::recovery::jobs(call),
        ("events", "ListRules") => json!({ "Rules": rules(call) }),
        ("events", "ListTargetsByRule") => targets(call)?,
        ("securityhub", "DescribeHub") => hub(call)?,
        ("securityhub", "GetEnabledStandards") => json!({ "StandardsSubscriptions": standards(call)? }),
        ("dax", "DescribeClusters") => json!({ "Clusters": clusters(call) }),
        ("application-autoscaling", "DescribeScalableTargets") => json!({ "ScalableTargets": scaled(call) }),
        ("auditmanager", "GetAccountStatus") => json!({ "status": if well { "ACTIVE" } else { "INACTIVE" } }),
        ("macie2", "GetMacieSession") => macie(call)?,
        ("s3", _) => bucket(call)?,
        _ => return Err(Refusal::unknown_operation(call.called)),
    })
}

fn not_found(call: &Call<'_>, what: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("{what} is not found in {}", call.realm.region))
}

fn arn(call: &Call<'_>, service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{}:{}:{rest}", call.realm.region, call.realm.account)
}

/// The plan of a place, and the selections in it; none where nobody made one.
fn plan_id(realm: &Realm) -> Option<String> {
    (kept(realm) > Kept::Forgotten).then(|| uuid(realm.seed, 0xBAC))
}

fn plans(call: &Call<'_>) -> Vec<Value> {
    let plan = plan_id(call.realm).map(|id| {
        json!({
            "BackupPlanArn": arn(call, "backup", &format!("backup-plan:{id}")),
            "BackupPlanId": id,
            "CreationDate": epoch(story::night(0, 0)),
            "VersionId": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
            "BackupPlanName": call.words("nightly"),
        })
    });
    plan.into_iter().collect()
}

fn own_plan(call: &Call<'_>) -> Result<String, Refusal> {
    let asked = call.params.required("backupPlanId")?;
    plan_id(call.realm).filter(|id| id == asked).ok_or_else(|| not_found(call, asked))
}

fn plan(call: &Call<'_>) -> Result<Value, Refusal> {
    let id = own_plan(call)?;
    Ok(json!({
        "BackupPlan": {
            "BackupPlanName": call.words("nightly"),
            "Rules": [{
                "RuleName": "nightly", "TargetBackupVaultName": "main", "ScheduleExpression": "cron(0 2 * * ? *)",
                "Lifecycle": {"DeleteAfterDays": 35}, "RuleId": uuid(call.realm.seed, 0xBAD),
            }],
        },
        "BackupPlanId": id,
        "BackupPlanArn": arn(call, "backup", &format!("backup-plan:{id}")),
        "VersionId": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
        "CreationDate": epoch(story::night(0, 0)),
    }))
}

fn selection_id(realm: &Realm) -> String {
    uuid(realm.seed, 0x5E1)
}

fn selections(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let plan = own_plan(call)?;
    Ok(vec![json!({
        "SelectionId": selection_id(call.realm),
        "SelectionName": "tables",
        "BackupPlanId": plan,
        "CreationDate": epoch(story::night(0, 0)),
        "IamRoleArn": format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", call.realm.account),
    })])
}

/// Production is selected by its ARNs, save the temporary tables; others by a tag that most lack.
fn selection(call: &Call<'_>) -> Result<Value, Refusal> {
    let plan = own_plan(call)?;
    let asked = call.params.required("selectionId")?;
    if asked != selection_id(call.realm) {
        return Err(not_found(call, asked));
    }
    let role = format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", call.realm.account);
    let selection = if kept(call.realm) == Kept::Well {
        json!({
            "SelectionName": "tables", "IamRoleArn": role, "Resources": ["arn:aws:dynamodb:*:*:table/*"],
            "NotResources": ["arn:aws:dynamodb:*:*:table/tmp-*"], "ListOfTags": [], "Conditions": {},
        })
    } else {
        json!({
            "SelectionName": "tables", "IamRoleArn": role, "Resources": [], "NotResources": [],
            "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "nightly"}],
            "Conditions": {},
        })
    };
    Ok(json!({
        "BackupSelection": selection, "SelectionId": asked, "BackupPlanId": plan,
        "CreationDate": epoch(story::night(0, 0)), "CreatorRequestId": "demo",
    }))
}

fn vaults(call: &Call<'_>) -> Vec<Value> {
    let kept = kept(call.realm);
    if kept == Kept::Forgotten {
        return Vec::new();
    }
    let locked = kept == Kept::Well;
    vec![trim(json!({
        "BackupVaultName": "main",
        "BackupVaultArn": arn(call, "backup", "backup-vault:main"),
        "VaultType": "BACKUP_VAULT",
        "VaultState": "AVAILABLE",
        "CreationDate": epoch(story::night(0, 0)),
        "CreatorRequestId": "demo",
        "NumberOfRecoveryPoints": 140,
        "Locked": locked,
        "MinRetentionDays": locked.then_some(35),
        "MaxRetentionDays": locked.then_some(400),
        "LockDate": locked.then(|| epoch(story::night(0, 0) - jiff::SignedDuration::from_hours(24 * 90))),
    }))]
}

fn access(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("backupVaultName")?;
    if kept(call.realm) != Kept::Well || name != "main" {
        return Err(not_found(call, &format!("the access policy of {name}")));
    }
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}],
    });
    Ok(json!({
        "BackupVaultName": name, "BackupVaultArn": arn(call, "backup", "backup-vault:main"), "Policy": policy.to_string(),
    }))
}

fn protected(call: &Call<'_>) -> Vec<Value> {
    if kept(call.realm) != Kept::Well {
        return Vec::new();
    }
    let tables = call.realm.tables.iter().map(|table| table.at(call.now));
    let backed = tables.filter(|table| !table.name.starts_with("tmp-") && !hash(&table.name).is_multiple_of(5));
    let one = |name: &str| {
        json!({
            "ResourceArn": arn(call, "dynamodb", &format!("table/{name}")),
            "ResourceType": "DynamoDB",
            "LastBackupTime": epoch(call.now - jiff::SignedDuration::from_hours(9)),
            "ResourceName": name,
            "LastBackupVaultArn": arn(call, "backup", "backup-vault:main"),
        })
    };
    backed.map(|table| one(&table.name)).collect()
}

fn rules(call: &Call<'_>) -> Vec<Value> {
    let rule = |name: &str, state: &str, pattern: &Value| {
        json!({
            "Name": name, "Arn": arn(call, "events", &format!("rule/{name}")), "EventPattern": pattern.to_string(),
            "State": state, "Description": call.words("who is told"), "EventBusName": "default",
        })
    };
    let findings = json!({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": {"severity": [{"numeric": [">=", 4]}]}});
    let changes = |sources: &[&str]| json!({"source": sources, "detail-type": ["AWS API Call via CloudTrail"]});
    let verdicts = json!({"source": ["aws.config"], "detail-type": ["Config Rules Compliance Change"]});
    match kept(call.realm) {
        Kept::Well => vec![
            rule("findings-to-page", "ENABLED", &findings),
            rule("compliance-to-page", "ENABLED", &verdicts),
            rule(
                "changes-to-page",
                "ENABLED",
                &changes(&["aws.dynamodb", "aws.kms", "aws.ec2", "aws.cloudtrail", "aws.dax"]),
            ),
        ],
        Kept::Poorly => vec![
            rule("findings-to-page", "DISABLED", &findings),
            rule("tables-to-page", "ENABLED", &changes(&["aws.dynamodb"])),
        ],
        Kept::Forgotten => Vec::new(),
    }
}

fn targets(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("Rule")?;
    if !rules(call).iter().any(|rule| rule["Name"].as_str() == Some(name)) {
        return Err(not_found(call, &format!("Rule {name}")));
    }
    Ok(json!({ "Targets": [{"Id": "page", "Arn": arn(call, "sns", "page")}] }))
}

fn hub(call: &Call<'_>) -> Result<Value, Refusal> {
    if kept(call.realm) == Kept::Forgotten {
        let message = format!("Account {} is not subscribed to AWS Security Hub", call.realm.account);
        return Err(Refusal { code: "InvalidAccessException".to_owned(), message, status: 401 });
    }
    Ok(json!({
        "HubArn": arn(call, "securityhub", "hub/default"),
        "SubscribedAt": "2024-02-01T09:00:00.000Z",
        "AutoEnableControls": true,
        "ControlFindingGenerator": "SECURITY_CONTROL",
    }))
}

fn standards(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    hub(call)?;
    let standard = |name: &str| {
        json!({
            "StandardsSubscriptionArn": arn(call, "securityhub", &format!("subscription/{name}")),
            "StandardsArn": format!("arn:aws:securityhub:{}::standards/{name}", call.realm.region),
            "StandardsInput": {},
            "StandardsStatus": "READY",
        })
    };
    Ok(match kept(call.realm) {
        Kept::Well => vec![standard("aws-foundational-security-best-practices/v/1.0.0"), standard("pci-dss/v/4.0.1")],
        _ => vec![standard("cis-aws-foundations-benchmark/v/3.0.0")],
    })
}

fn clusters(call: &Call<'_>) -> Vec<Value> {
    let cluster = |name: &str, tls: bool, zones: [&str; 3], group: &str| {
        let node = |place: usize, zone: &str| {
            json!({
                "NodeId": format!("{name}-{place}"), "NodeStatus": "available", "ParameterGroupStatus": "in-sync",
                "AvailabilityZone": format!("{}{zone}", call.realm.region), "NodeCreateTime": epoch(story::night(0, 0)),
            })
        };
        json!({
            "ClusterName": name,
            "Description": call.words("reads of the shop"),
            "ClusterArn": arn(call, "dax", &format!("cache/{name}")),
            "TotalNodes": 3, "ActiveNodes": 3, "NodeType": "dax.r5.large", "Status": "available",
            "Nodes": zones.iter().enumerate().map(|(place, zone)| node(place, zone)).collect::<Vec<_>>(),
            "SecurityGroups": [{"SecurityGroupIdentifier": group, "Status": "active"}],
            "IamRoleArn": format!("arn:aws:iam::{}:role/dax-{name}", call.realm.account),
            "SSEDescription": {"Status": if tls { "ENABLED" } else { "DISABLED" }},
            "ClusterEndpointEncryptionType": if tls { "TLS" } else { "NONE" },
            "NetworkType": "ipv4",
        })
    };
    match kept(call.realm) {
        Kept::Well => vec![cluster("catalog", true, ["a", "b", "c"], "sg-0ddcache0000000001")],
        Kept::Poorly => vec![cluster("search", false, ["a", "a", "a"], "sg-0ddcache0000000002")],
        Kept::Forgotten => Vec::new(),
    }
}

/// Security groups, for EC2: those of caches and interface endpoints.
pub(super) fn security_groups(call: &Call<'_>) -> Vec<Value> {
    let group = |id: &str, from: u32, to: u32, open: bool| {
        let (pairs, blocks) = if open {
            (json!([]), json!([{"cidrIp": "0.0.0.0/0"}]))
        } else {
            (json!([{"groupId": "sg-0ddapp0000000000f1", "userId": call.realm.account}]), json!([]))
        };
        json!({
            "groupId": id, "groupName": id.trim_start_matches("sg-"), "ownerId": call.realm.account,
            "groupDescription": call.words("who may come in"), "vpcId": "vpc-0ddeff00000000001",
            "ipPermissions": [{
                "ipProtocol": "tcp", "fromPort": from, "toPort": to, "groups": pairs, "ipRanges": blocks,
                "ipv6Ranges": [], "prefixListIds": [],
            }],
            "ipPermissionsEgress": [], "tagSet": [],
        })
    };
    let mut all =
        vec![group("sg-0ddcache0000000001", 9111, 9111, false), group("sg-0ddcache0000000002", 8111, 8111, true)];
    all.extend(super::ec2::endpoint_groups(call).into_iter().map(|(id, open)| group(&id, 443, 443, open)));
    all
}

/// Flow logs, for EC2: of the VPCs handed over, the first place's all, elsewhere none or accepted traffic alone.
pub(super) fn flow_logs(call: &Call<'_>, vpcs: &[String]) -> Vec<Value> {
    let log = |vpc: &String| {
        json!({
            "flowLogId": format!("fl-{}", super::kit::hex(hash(vpc), 1, 17)), "flowLogStatus": "ACTIVE",
            "resourceId": vpc, "trafficType": if kept(call.realm) == Kept::Well { "ALL" } else { "ACCEPT" },
            "logDestinationType": "s3", "logDestination": format!("arn:aws:s3:::flows-{}", call.realm.account),
            "deliverLogsStatus": "SUCCESS", "creationTime": super::kit::iso(story::night(0, 0)), "tagSet": [],
        })
    };
    let logged = match kept(call.realm) {
        Kept::Well => vpcs.len(),
        _ => vpcs.len() / 2,
    };
    vpcs.iter().take(logged).map(log).collect()
}

fn scaled(call: &Call<'_>) -> Vec<Value> {
    let tables = call.realm.tables.iter().map(|table| table.at(call.now));
    let one = |name: &str, dimension: &str| {
        json!({
            "ServiceNamespace": "dynamodb", "ResourceId": format!("table/{name}"),
            "ScalableDimension": format!("dynamodb:table:{dimension}CapacityUnits"), "MinCapacity": 5, "MaxCapacity": 500,
            "RoleARN": format!("arn:aws:iam::{}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", call.realm.account),
            "CreationTime": epoch(story::night(0, 0)),
        })
    };
    tables
        .filter(|table| hash(&table.name).is_multiple_of(3))
        .flat_map(|table| [one(&table.name, "Read"), one(&table.name, "Write")])
        .collect()
}

fn macie(call: &Call<'_>) -> Result<Value, Refusal> {
    if kept(call.realm) == Kept::Well {
        return Ok(json!({
            "createdAt": "2024-02-01T09:00:00Z", "findingPublishingFrequency": "SIX_HOURS", "status": "ENABLED",
            "serviceRole": format!("arn:aws:iam::{}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie", call.realm.account),
            "updatedAt": "2024-02-01T09:00:00Z",
        }));
    }
    // Macie tells an account that it is not enabled in the words of a denial.
    Err(Refusal { code: "AccessDeniedException".to_owned(), message: "Macie is not enabled".to_owned(), status: 403 })
}

/// A setting of a bucket: one root element, as S3 writes it.
fn bucket(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("Bucket")?;
    let own = ["trail", "exports"].map(|kind| format!("{kind}-{}", call.realm.account));
    if !own.iter().any(|own| own == name) {
        return Err(Refusal {
            code: "NoSuchBucket".to_owned(),
            message: "The specified bucket does not exist".to_owned(),
            status: 404,
        });
    }
    let none =
        |code: &str, message: &str| Err(Refusal { code: code.to_owned(), message: message.to_owned(), status: 404 });
    let well = call.realm.account == PROD;
    Ok(match call.called.operation.as_str() {
        "GetBucketVersioning" if well => json!({"VersioningConfiguration": {"Status": "Enabled"}}),
        "GetBucketVersioning" => json!({"VersioningConfiguration": {}}),
        "GetPublicAccessBlock" if well => json!({"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }}),
        "GetPublicAccessBlock" => {
            return none("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
        }
        "GetBucketPolicyStatus" => json!({"PolicyStatus": {"IsPublic": false}}),
        "GetBucketLifecycleConfiguration" if well => {
            return none("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
        }
        "GetBucketLifecycleConfiguration" => json!({"LifecycleConfiguration": {"Rule": {
            "ID": "tidy", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 30},
        }}}),
        "GetObjectLockConfiguration" if well => json!({"ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 35}},
        }}),
        "GetBucketReplication" if well => json!({"ReplicationConfiguration": {
            "Role": "arn:aws:iam::111122223333:role/replication",
            "Rule": {
                "ID": "away", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
                "Destination": {"Bucket": "arn:aws:s3:::vault-444455556666", "Account": super::world::DATA},
                "DeleteMarkerReplication": {"Status": "Disabled"},
            },
        }}),
        "GetBucketReplication" => {
            return none("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
        }
        "GetObjectLockConfiguration" => {
            return none(
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket",
            );
        }
        _ => return Err(Refusal::unknown_operation(call.called)),
    })
}
