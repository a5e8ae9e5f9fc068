//! What the recorder wrote down of tables: one item a change, minutes behind, in the service's own words.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::Call;
use super::super::kit::{epoch, page_of, trim};
use super::super::story;
use super::super::tables::Table;
use super::super::world::Timed;
use super::{LAG, TOKEN};
use crate::wire::protocol::Refusal;

/// Newest first unless told otherwise.
pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("resourceId")?;
    let size = match call.params.number("limit") {
        // 0 asks for the default.
        Some(0) => 10,
        _ => call.params.page("limit", (100, 10), "InvalidLimitException")?,
    };
    if call.realm.index > 3 {
        let words = "NoAvailableConfigurationRecorder";
        return Err(Refusal::new("NoAvailableConfigurationRecorderException", words));
    }
    let unknown = || {
        let words =
            format!("Resource {name} of resourceType:AWS::DynamoDB::Table is unknown or has not been discovered");
        Refusal::new("ResourceNotDiscoveredException", words)
    };
    // The second realm's recorder leaves tables out.
    let known = call.realm.tables.iter().find(|table| table.first().name == name && call.realm.index != 1);
    let table = known.ok_or_else(unknown)?;
    let mut items: Vec<Value> =
        moments(call, table).into_iter().map(|(at, of)| item(call, &table.at(of), at)).collect();
    if call.params.text("chronologicalOrder") != Some("Forward") {
        items.reverse();
    }
    let (page, next) = page_of(&items, call.params.text("nextToken"), size, TOKEN)?;
    Ok(trim(json!({ "configurationItems": page, "nextToken": next })))
}

/// When items were captured, and the moment that each tells of.
fn moments(call: &Call<'_>, table: &Timed<Table>) -> Vec<(Timestamp, Timestamp)> {
    let nightly = story::night(0, 0) - SignedDuration::from_mins(170);
    let mut all = vec![(nightly, nightly)];
    // One that records daily wrote its last item down before the night; one that stopped, long before.
    if call.realm.index < 2 {
        let changed = table.moments().map(|at| (at + LAG, at)).filter(|(seen, _)| *seen <= call.now);
        all.extend(changed);
    }
    all
}

fn item(call: &Call<'_>, table: &Table, captured: Timestamp) -> Value {
    let configuration = json!({
        "tableName": table.name,
        "tableArn": table.arn,
        "tableId": table.id,
        "tableStatus": table.status,
        "tableSizeBytes": table.bytes + captured.as_second() % 977,
        "itemCount": table.items + captured.as_second() % 97,
        "billingModeSummary": { "billingMode": "PAY_PER_REQUEST" },
        "sSEDescription": table.key.as_ref().map(|key| {
            json!({ "status": "ENABLED", "sSEType": "KMS", "kMSMasterKeyArn": key })
        }),
        "streamSpecification": table.stream.map(|view| json!({ "streamEnabled": true, "streamViewType": view })),
    });
    let backups = json!({
        "continuousBackupsStatus": "ENABLED",
        "pointInTimeRecoveryDescription": {
            "pointInTimeRecoveryStatus": if table.pitr.is_some() { "ENABLED" } else { "DISABLED" },
        },
    });
    let tags: serde_json::Map<String, Value> =
        table.tags.iter().map(|(key, value)| (key.clone(), json!(call.words(value)))).collect();
    json!({
        "version": "1.3",
        "accountId": call.realm.account,
        "configurationItemCaptureTime": epoch(captured),
        "configurationItemStatus": "OK",
        "configurationStateId": captured.as_millisecond().to_string(),
        "arn": table.arn,
        "resourceType": "AWS::DynamoDB::Table",
        "resourceId": table.name,
        "resourceName": table.name,
        "awsRegion": call.realm.region,
        "availabilityZone": "Not Applicable",
        "resourceCreationTime": epoch(table.created),
        "tags": tags,
        "relatedEvents": [],
        "relationships": [],
        "configuration": trim(configuration).to_string(),
        "supplementaryConfiguration": { "ContinuousBackups": backups.to_string() },
    })
}
