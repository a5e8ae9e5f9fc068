//! CloudWatch: how often tables are called.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::kit::{hash, mix};
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "GetMetricData" => metric_data(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// Calls an hour to a table of middling use, by operation; the rest is not called.
const HOURLY: [(&str, u64); 4] = [("GetItem", 5_200), ("Query", 1_900), ("UpdateItem", 640), ("PutItem", 410)];

fn metric_data(call: &Call<'_>) -> Result<Value, Refusal> {
    let time = |name: &str| {
        let text = call.params.required(name)?;
        text.parse::<Timestamp>().map_err(|_| Refusal::new("MalformedInput", format!("timestamp {text}")))
    };
    let (since, until) = (time("StartTime")?, time("EndTime")?);
    if since >= until {
        let message = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let asked =
        (1..).map_while(|place| Some((place, call.params.text(&format!("MetricDataQueries.member.{place}.Id"))?)));
    let mut results = Vec::new();
    for (place, id) in asked {
        let metric = format!("MetricDataQueries.member.{place}.MetricStat.Metric");
        let value = |number: usize| call.params.text(&format!("{metric}.Dimensions.member.{number}.Value"));
        let (table, operation) = (value(1).unwrap_or_default(), value(2).unwrap_or_default());
        let known = call.realm.tables.iter().any(|of| of.first().name == table);
        let hourly = HOURLY.iter().find(|(name, _)| *name == operation).filter(|_| known).map(|(_, calls)| *calls);
        let mut at = since;
        let (mut times, mut values) = (Vec::new(), Vec::new());
        // As CloudWatch does: an hour without calls has no value.
        while let Some(calls) = hourly.filter(|_| at < until) {
            let luck = mix(hash(table) ^ hash(operation), at.as_second().unsigned_abs() / 3600);
            times.push(json!(format!("{at:.0}")));
            values.push(json!(format!("{}.0", calls / 2 + luck % calls)));
            at += SignedDuration::from_hours(1);
        }
        results.push(json!({
            "Id": id, "Label": call.words(operation), "Timestamps": times, "Values": values, "StatusCode": "Complete",
        }));
    }
    Ok(json!({ "MetricDataResults": results }))
}
