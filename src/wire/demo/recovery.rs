//! What leaves tables for buckets. Somebody exports the orders every week and lets the ledger's exports lapse; the
//! intruder exports to a bucket of their own.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::incident::{BUCKET, FOREIGN};
use super::kit::{epoch, page_of, trim};
use super::story;
use super::world::PROD;
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
