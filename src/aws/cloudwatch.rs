//! How often a table was called: CloudWatch's request metrics. Asked for on demand alone, since each metric costs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Calls, Delta, Outcome, Seen, Source, SourceError};

use super::site::{Pages, Site};

/// The operation of the paid tier that this needs.
pub const LABEL: &str = "cloudwatch:GetMetricData";
/// Operations on items, each a metric. Reads of streams are counted by stream, not by table.
const OPERATIONS: [&str; 13] = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "BatchExecuteStatement",
    "ExecuteTransaction",
];
/// Pages of one answer: 90 days of hours fit into one.
const PAGES: usize = 50;
/// One number an hour: what is kept for more than a year.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// Counts the calls to one table.
pub async fn measure(site: Arc<Site>, name: String, arn: String, since: Timestamp) {
    let outcome = read(&site, &name, &arn, since).await;
    site.flush().await;
    let (source, scope) = (Source::Tables, site.scope());
    let deltas = vec![Delta::Calls(arn, outcome)];
    site.shared.send(crate::model::Polled::Data { source, scope, deltas }).await;
}

async fn read(site: &Site, name: &str, arn: &str, since: Timestamp) -> Outcome<Calls> {
    let until = site.now();
    let (mut token, mut pages, mut sums) = (None, Pages::new(PAGES), BTreeMap::<usize, f64>::new());
    loop {
        let clients = site.clients();
        let call = clients.cloudwatch.call("GetMetricData", query(name, since, until, token.as_deref()));
        let Seen { value, at, call } = site.call(LABEL, arn, true, call).await?;
        let body = &value.body["GetMetricDataResult"];
        let malformed = |what: &str| site.fault(SourceError::Malformed(format!("GetMetricData: {what}")));
        let Some(results) = list(&body["MetricDataResults"]) else { return Err(malformed("no MetricDataResults")) };
        for result in results {
            let id = result["Id"].as_str().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            let id =
                id.filter(|id| *id < OPERATIONS.len()).ok_or_else(|| malformed("a result that was not asked for"))?;
            let values = list(&result["Values"]).ok_or_else(|| malformed("Values is no list"))?;
            let sum = values.iter().map(|value| value.as_str()?.parse::<f64>().ok()).sum::<Option<f64>>();
            *sums.entry(id).or_default() +=
                sum.filter(|sum| sum.is_finite()).ok_or_else(|| malformed("a value is no number"))?;
        }
        token = pages.next(body["NextToken"].as_str().map(str::to_owned)).map_err(|error| site.fault(error))?;
        if token.is_none() {
            let named = |(id, calls): (usize, f64)| Some(((*OPERATIONS.get(id)?).to_owned(), calls));
            let mut operations: Vec<_> = sums.into_iter().filter(|(_, calls)| *calls > 0.0).filter_map(named).collect();
            operations.sort_by(|a, b| b.1.total_cmp(&a.1));
            return Ok(Seen { value: Calls { since, until, operations }, at, call });
        }
    }
}

/// A list; an empty element is an empty one.
fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::String(text) if text.trim().is_empty() => Some(&[]),
        Value::Object(fields) if fields.is_empty() => Some(&[]),
        _ => None,
    }
}

fn query(name: &str, since: Timestamp, until: Timestamp, token: Option<&str>) -> Vec<(String, String)> {
    let mut form = vec![
        ("StartTime".to_owned(), format!("{since:.0}")),
        ("EndTime".to_owned(), format!("{until:.0}")),
        ("ScanBy".to_owned(), "TimestampAscending".to_owned()),
    ];
    form.extend(token.map(|token| ("NextToken".to_owned(), token.to_owned())));
    for (place, operation) in OPERATIONS.iter().enumerate() {
        let member = format!("MetricDataQueries.member.{}", place + 1);
        let stat = format!("{member}.MetricStat");
        let metric = format!("{stat}.Metric");
        form.extend([
            (format!("{member}.Id"), format!("m{place}")),
            (format!("{member}.ReturnData"), "true".to_owned()),
            (format!("{metric}.Namespace"), "AWS/DynamoDB".to_owned()),
            (format!("{metric}.MetricName"), "SuccessfulRequestLatency".to_owned()),
            (format!("{metric}.Dimensions.member.1.Name"), "TableName".to_owned()),
            (format!("{metric}.Dimensions.member.1.Value"), name.to_owned()),
            (format!("{metric}.Dimensions.member.2.Name"), "Operation".to_owned()),
            (format!("{metric}.Dimensions.member.2.Value"), (*operation).to_owned()),
            (format!("{stat}.Period"), PERIOD.as_secs().to_string()),
            (format!("{stat}.Stat"), "SampleCount".to_owned()),
        ]);
    }
    form
}
