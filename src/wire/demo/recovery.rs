//! What leaves tables for buckets and vaults. Somebody exports the orders every week and lets the ledger's exports
//! lapse; the intruder exports to a bucket of their own.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::incident::{BUCKET, FOREIGN};
use super::kit::{epoch, hash, page_of, trim, uuid};
use super::story;
use super::tables::Table;
use super::world::{DATA, KEY_AWS, KEY_DATA, PROD, Realm};
use crate::wire::protocol::Refusal;

/// An export of a table.
struct Export {
    arn: String,
    table: String,
    at: Timestamp,
    status: &'static str,
    bucket: String,
    owner: Option<&'static str>,
    sse: &'static str,
}

/// The exports of a place, the newest last.
fn exports(call: &Call<'_>) -> Vec<Export> {
    let realm = call.realm;
    let own = |name: &str, at: Timestamp| {
        let table = realm.arn("dynamodb", &format!("table/{name}"));
        Export {
            arn: format!("{table}/export/{:014}-0a1b2c3d", at.as_millisecond()),
            table,
            at,
            status: "COMPLETED",
            bucket: format!("exports-{}", realm.account),
            owner: None,
            sse: "KMS",
        }
    };
    let before = |days: i64| story::night(0, 0) - SignedDuration::from_hours(24 * days);
    let mut all = Vec::new();
    if realm.region == "eu-west-1" {
        if realm.account == PROD {
            all.extend([own("ledger", before(20)), own("orders", before(3))]);
            let stolen = Export {
                arn: format!("{}/export/01773457335000-5f1c2a7e", realm.arn("dynamodb", "table/exports")),
                bucket: BUCKET.to_owned(),
                owner: Some(FOREIGN),
                sse: "AES256",
                ..own("exports", story::EXPORTED)
            };
            all.push(stolen);
        } else {
            all.push(own("token-vault", before(2)));
        }
    }
    all.retain(|export| export.at <= call.now);
    all
}

/// `ListExports` and `DescribeExport`.
pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let all = exports(call);
    if call.called.operation == "ListExports" {
        let size = call.params.page("MaxResults", (25, 25), "ValidationException")?;
        let summary =
            |of: &Export| json!({ "ExportArn": of.arn, "ExportStatus": of.status, "ExportType": "FULL_EXPORT" });
        let all: Vec<Value> = all.iter().map(summary).collect();
        let (page, next) = page_of(&all, call.params.text("NextToken"), size, "ValidationException")?;
        return Ok(trim(json!({ "ExportSummaries": page, "NextToken": next })));
    }
    let asked = call.params.required("ExportArn")?;
    let Some(of) = all.iter().find(|of| of.arn == asked) else {
        return Err(Refusal::new("ExportNotFoundException", format!("Export not found: {asked}")));
    };
    Ok(json!({ "ExportDescription": trim(json!({
        "ExportArn": of.arn, "ExportStatus": of.status, "ExportType": "FULL_EXPORT", "ExportFormat": "DYNAMODB_JSON",
        "TableArn": of.table, "StartTime": epoch(of.at), "EndTime": epoch(of.at + SignedDuration::from_mins(18)),
        "ExportTime": epoch(of.at), "S3Bucket": of.bucket, "S3BucketOwner": of.owner, "S3SseAlgorithm": of.sse,
        "BilledSizeBytes": 4096, "ItemCount": 10,
    })) }))
}

/// The key that a backup of a table was made under: the table's own, save the oldest of the ledger, which was made before
/// the ledger had a key of its own.
pub(super) fn key_of(realm: &Realm, table: &Table, place: usize) -> Option<String> {
    match (table.name.as_str(), place) {
        ("ledger", 0) => realm.key(KEY_AWS).map(|key| key.arn.clone()),
        _ => table.key.clone(),
    }
}

/// What a vault keeps of the tables that it protects: two nights of each, under the vault's own key.
pub(super) fn points(call: &Call<'_>, protected: &[Value]) -> Result<Value, Refusal> {
    let name = call.params.required("backupVaultName")?;
    if name != "main" {
        return Err(Refusal::new("ResourceNotFoundException", format!("Backup vault {name} not found")));
    }
    let key = call.realm.key(KEY_DATA).map(|key| key.arn.clone());
    let point = |of: &Value, night: u64| {
        let (arn, at) = (of["ResourceArn"].as_str().unwrap_or_default(), call.now - SignedDuration::from_hours(9));
        json!({
            "RecoveryPointArn": call.realm.arn("backup", &format!("recovery-point:{}", uuid(hash(arn), night))),
            "BackupVaultName": name, "BackupVaultArn": call.realm.arn("backup", "backup-vault:main"),
            "ResourceArn": arn, "ResourceType": "DynamoDB", "Status": "COMPLETED", "CreationDate": epoch(at),
            "EncryptionKeyArn": key, "EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY", "IsEncrypted": true,
            "BackupSizeInBytes": 4096, "VaultType": "BACKUP_VAULT", "IamRoleArn": call.words("role"),
        })
    };
    let all: Vec<Value> = protected.iter().flat_map(|of| [point(of, 1), point(of, 2)]).collect();
    let (page, next) = page_of(&all, call.params.text("nextToken"), 1000, "InvalidParameterValueException")?;
    Ok(trim(json!({ "RecoveryPoints": page, "NextToken": next })))
}

/// `ListCopyJobs` and `ListRestoreJobs`: the orders are copied to the other account and were restored once; the ledger
/// is copied to another region alone.
pub(super) fn jobs(call: &Call<'_>) -> Value {
    let well = (call.realm.account, call.realm.region) == (PROD, "eu-west-1");
    let table = |name: &str| call.realm.arn("dynamodb", &format!("table/{name}"));
    let at = epoch(call.now - SignedDuration::from_hours(9));
    if call.called.operation == "ListRestoreJobs" {
        let job = json!({
            "AccountId": PROD, "RestoreJobId": "0F1E2D3C-0000-4000-8000-000000000001", "Status": "COMPLETED",
            "SourceResourceArn": table("orders"), "ResourceType": "DynamoDB", "PercentDone": "100.00%",
            "CreatedResourceArn": table("orders-drill"), "CreationDate": at, "CompletionDate": at,
        });
        return json!({ "RestoreJobs": if well { vec![job] } else { Vec::new() } });
    }
    let job = |number: u32, name: &str, vault: &str| {
        json!({
            "AccountId": PROD, "CopyJobId": format!("C0FFEE00-0000-4000-8000-{number:012}"), "State": "COMPLETED",
            "ResourceArn": table(name), "ResourceType": "DynamoDB", "DestinationBackupVaultArn": vault,
            "SourceBackupVaultArn": call.realm.arn("backup", "backup-vault:main"), "CreationDate": at, "CompletionDate": at,
        })
    };
    let (away, near) = (
        format!("arn:aws:backup:eu-west-1:{DATA}:backup-vault:copies"),
        format!("arn:aws:backup:us-east-1:{PROD}:backup-vault:copies"),
    );
    let all = vec![job(1, "orders", &away), job(2, "ledger", &near)];
    json!({ "CopyJobs": if well { all } else { Vec::new() } })
}
