//! How often a table was called: CloudWatch's request metrics. Asked for on demand alone, since each metric costs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Calls, Delta, ITEM_CALLS, ItemCall, Outcome, Seen, Source, SourceError};

use super::site::{Pages, Site};

/// The operation of the paid tier that this needs.
pub const LABEL: &str = "cloudwatch:GetMetricData";
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
    let (mut token, mut pages, mut counted) = (None, Pages::new(PAGES), Counted::default());
    loop {
        let clients = site.clients();
        let call = clients.cloudwatch.call("GetMetricData", query(name, since, until, token.as_deref()));
        let Seen { value, at, call } = site.call(LABEL, arn, true, call).await?;
        let body = &value.body["GetMetricDataResult"];
        counted.page(body).map_err(|error| site.fault(error))?;
        token = pages.next(body["NextToken"].as_str().map(str::to_owned)).map_err(|error| site.fault(error))?;
        if token.is_none() {
            let operations = counted.whole().map_err(|error| site.fault(error))?;
            return Ok(Seen { value: Calls { since, until, operations }, at, call });
        }
    }
}

/// The metrics as far as they came: of each its sum, and what the last page that held it said of it.
#[derive(Debug, Default)]
struct Counted(BTreeMap<usize, (f64, String)>);

impl Counted {
    fn page(&mut self, body: &Value) -> Result<(), SourceError> {
        let malformed = |what: &str| SourceError::Malformed(format!("GetMetricData: {what}"));
        let results = list(&body["MetricDataResults"]).ok_or_else(|| malformed("no MetricDataResults"))?;
        for result in results {
            let id = result["Id"].as_str().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            let id =
                id.filter(|id| *id < ITEM_CALLS.len()).ok_or_else(|| malformed("a result that was not asked for"))?;
            let values = list(&result["Values"]).ok_or_else(|| malformed("Values is no list"))?;
            let sum = values.iter().map(|value| value.as_str()?.parse::<f64>().ok()).sum::<Option<f64>>();
            let sum = sum.filter(|sum| sum.is_finite()).ok_or_else(|| malformed("a value is no number"))?;
            let status = result["StatusCode"].as_str().ok_or_else(|| malformed("a result without StatusCode"))?;
            let said = list(&result["Messages"]).unwrap_or_default().iter().find_map(|of| of["Value"].as_str());
            let (known, last) = self.0.entry(id).or_default();
            *known += sum;
            *last = said.map_or_else(|| status.to_owned(), |said| format!("{status}: {said}"));
        }
        Ok(())
    }

    /// Operations and their calls, the most first. A metric that did not come whole is not one without calls, and
    /// without it no sum is the table's.
    fn whole(self) -> Result<Vec<(String, f64)>, SourceError> {
        let mut operations = Vec::new();
        for (place, ItemCall { name: operation, .. }) in ITEM_CALLS.iter().enumerate() {
            match self.0.get(&place) {
                Some((calls, status)) if status.starts_with("Complete") => {
                    operations.push(((*operation).to_owned(), *calls));
                }
                Some((_, status)) => {
                    let words = format!("GetMetricData: the calls of {operation} did not come whole: {status}");
                    return Err(match status.starts_with("Forbidden") {
                        true => SourceError::Denied { action: LABEL.to_owned(), message: words },
                        false => SourceError::Service(words),
                    });
                }
                None => {
                    return Err(SourceError::Malformed(format!("GetMetricData: no result for {operation}")));
                }
            }
        }
        operations.retain(|(_, calls)| *calls > 0.0);
        operations.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(operations)
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
    for (place, ItemCall { name: operation, .. }) in ITEM_CALLS.iter().enumerate() {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(place: usize, status: &str, values: &[&str]) -> Value {
        json!({"Id": format!("m{place}"), "StatusCode": status, "Values": values})
    }

    /// All metrics whole, but for one.
    fn but_for(one: usize, other: Option<Value>) -> Result<Vec<(String, f64)>, SourceError> {
        let rest = (0..ITEM_CALLS.len()).filter(|place| *place != one).map(|place| result(place, "Complete", &[]));
        let mut counted = Counted::default();
        counted.page(&json!({"MetricDataResults": rest.chain(other).collect::<Vec<_>>()}))?;
        counted.whole()
    }

    #[test]
    fn a_metric_that_did_not_come_is_not_one_without_calls() {
        assert_eq!(but_for(2, Some(result(2, "Complete", &["2.0", "3.0"]))), Ok(vec![("Query".to_owned(), 5.0)]));
        assert!(matches!(but_for(2, None), Err(SourceError::Malformed(why)) if why.contains("Query")));
        for status in ["InternalError", "PartialData"] {
            let error = but_for(2, Some(result(2, status, &[]))).unwrap_err();
            assert!(matches!(&error, SourceError::Service(why) if why.contains(status)), "{error:?}");
        }
        let mut forbidden = result(0, "Forbidden", &[]);
        forbidden["Messages"] = json!([{"Code": "x", "Value": "no"}]);
        assert_eq!(but_for(0, Some(forbidden)).unwrap_err().missing_action(), Some(LABEL));
        assert!(but_for(1, Some(json!({"Id": "m1", "Values": []}))).is_err(), "a status that is not told");
    }

    #[test]
    fn what_goes_on_on_the_next_page_is_whole_with_it() {
        let mut counted = Counted::default();
        let of = |status: &str| (0..ITEM_CALLS.len()).map(|place| result(place, status, &["1"])).collect::<Vec<_>>();
        counted.page(&json!({"MetricDataResults": of("PartialData")})).unwrap();
        counted.page(&json!({"MetricDataResults": of("Complete")})).unwrap();
        assert!(counted.whole().unwrap().iter().all(|(_, calls)| *calls == 2.0));
    }
}
