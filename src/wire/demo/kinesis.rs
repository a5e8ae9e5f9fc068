//! Kinesis: data streams that tables feed.

use serde_json::{Value, json};

use super::Call;
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    if call.called.operation != "DescribeStreamSummary" {
        return Err(Refusal::unknown_operation(call.called));
    }
    let arn = call.params.required("StreamARN")?;
    call.authorize(arn)?;
    let fed = call.realm.tables.iter().filter_map(|table| table.first().kinesis);
    let Some(name) = fed.into_iter().find(|name| arn == call.realm.arn("kinesis", &format!("stream/{name}"))) else {
        return Err(Refusal::new("ResourceNotFoundException", format!("Stream {arn} not found.")));
    };
    Ok(json!({ "StreamDescriptionSummary": {
        "StreamName": name,
        "StreamARN": arn,
        "StreamStatus": "ACTIVE",
        "EncryptionType": "NONE",
        "RetentionPeriodHours": 24,
        "OpenShardCount": 1,
    } }))
}
