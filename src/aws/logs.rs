//! CloudWatch Logs Insights: a query over a trail's log group.
//!
//! Source of the shapes: CloudWatch Logs' API reference. A query gives ten thousand rows at most, newest first, so the
//! next one goes on where the last one ended.

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{EngineBound, EngineEnd, Fault, SourceError};
use crate::trail::engine::Statement;
use crate::trail::engine::insights::MOST;

use super::engine::Run;
use super::guard::{Guard, Locked};
use super::json::Json;
use super::ledger::Recorder;
use super::own::{Answer, Called, Service};

const LOGS: Service = Service { id: "CloudWatch Logs", signing: "logs", host: "logs" };

/// The client.
#[derive(Debug)]
pub struct Logs(Json);

impl Logs {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, http: Locked, locks: (Guard, Recorder), partition: RetryPartition) -> Self {
        Self(Json::new(LOGS, "Logs_20140328", config, http, locks, partition))
    }

    /// Calls one operation.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(&self, operation: &'static str, input: Value) -> Called<Value> {
        self.0.call(operation, input).await
    }

    /// Calls one operation that must not be made twice.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call_once(&self, operation: &'static str, input: Value) -> Called<Value> {
        self.0.call_once(operation, input).await
    }
}

/// One query's rows: the records, the oldest time among them, and whether there may be more.
struct Slice {
    records: Vec<String>,
    oldest: Option<Timestamp>,
    full: bool,
}

/// Bounds, runs and reads queries until the window is read.
///
/// # Errors
///
/// Why it could not be answered.
pub(super) async fn answer(run: &Run<'_>, statement: &Statement, group: &str) -> Result<EngineEnd, Fault> {
    if let Some(end) = run.bounded(bound(run, group).await).await {
        return Ok(end);
    }
    if statement.never {
        return Ok(EngineEnd::Whole);
    }
    let window = &run.ask.window;
    let (since, mut until) = (window.since.as_second(), window.delivered().as_second().saturating_add(1));
    let (mut scanned, mut read) = (0, 0);
    loop {
        let slice = match slice(run, statement, group, (since, until), scanned).await? {
            Ok(slice) => slice,
            Err(end) => return Ok(end),
        };
        scanned = run.news().scanned.unwrap_or(scanned);
        read += slice.records.len();
        run.records(slice.records).await;
        if !slice.full {
            return Ok(EngineEnd::Whole);
        }
        if read >= run.ask.most {
            return Ok(EngineEnd::Cut(format!("only the newest {read} records were read")));
        }
        // What happened within the oldest second is read again: which of it came is not known.
        match slice.oldest.map(Timestamp::as_second) {
            Some(oldest) if oldest.saturating_add(1) < until => until = oldest.saturating_add(1),
            _ => return Ok(EngineEnd::Cut(format!("more than {MOST} records in one second were not all read"))),
        }
    }
}

async fn slice(
    run: &Run<'_>,
    statement: &Statement,
    group: &str,
    (since, until): (i64, i64),
    before: u64,
) -> Result<Result<Slice, EngineEnd>, Fault> {
    let mut input = json!({"startTime": since, "endTime": until, "queryString": statement.text, "limit": MOST});
    let (member, value) = if group.starts_with("arn:") {
        ("logGroupIdentifiers", json!([group]))
    } else {
        ("logGroupName", json!(group))
    };
    input[member] = value;
    let request = || run.clients.logs.call_once("StartQuery", input.clone());
    let named = |answer: Answer<Value>| answer.body["queryId"].as_str().map(str::to_owned);
    let id = run.start("logs:StartQuery", request, named).await?;
    run.tell(|news| news.phase = "running").await;
    let mut looks = 0;
    loop {
        let look = run.clients.logs.call("GetQueryResults", json!({"queryId": id}));
        let look = run.call("logs:GetQueryResults", look).await?.value.body;
        let bytes = look["statistics"]["bytesScanned"].as_f64().map(|bytes| before.saturating_add(bytes as u64));
        run.tell(|news| news.scanned = bytes.or(news.scanned)).await;
        match look["status"].as_str().unwrap_or_default() {
            "Complete" => {
                run.finished();
                return rows(&look).map(Ok).map_err(|what| run.lacks(what));
            }
            "Scheduled" | "Running" | "Unknown" => {}
            other => {
                run.finished();
                let words = format!("CloudWatch Logs: the query {id} ended as {other}");
                return Err(run.site.fault(SourceError::Refused(words)));
            }
        }
        if let Some(bytes) = bytes.filter(|bytes| run.is_over(*bytes)) {
            return Ok(Err(run.over(bytes)));
        }
        run.pause(looks).await;
        looks += 1;
    }
}

/// The rows of an answer, or what it lacks.
fn rows(look: &Value) -> Result<Slice, &'static str> {
    let rows = look["results"].as_array().ok_or("results")?;
    let (mut records, mut oldest) = (Vec::new(), None);
    for row in rows {
        let fields = row.as_array().map(Vec::as_slice).unwrap_or_default();
        let field = |name: &str| fields.iter().find(|of| of["field"] == name).and_then(|of| of["value"].as_str());
        records.push(field("@message").ok_or("@message")?.to_owned());
        // `2026-11-21 03:00:00.000`, in UTC.
        let at = field("@timestamp").and_then(|text| format!("{}Z", text.replace(' ', "T")).parse::<Timestamp>().ok());
        oldest = at.or(oldest);
    }
    Ok(Slice { full: rows.len() >= MOST, records, oldest })
}

/// All that the log group holds: Insights reads the part that the window names.
async fn bound(run: &Run<'_>, group: &str) -> EngineBound {
    let name = group.rsplit(":log-group:").next().unwrap_or(group).trim_end_matches(":*");
    let asked = run.clients.logs.call("DescribeLogGroups", json!({"logGroupNamePrefix": name}));
    match run.call("logs:DescribeLogGroups", asked).await {
        Ok(seen) => {
            let groups = seen.value.body["logGroups"].as_array().cloned().unwrap_or_default();
            let bytes = groups.iter().find(|of| of["logGroupName"] == name).and_then(|of| of["storedBytes"].as_u64());
            let how = match bytes {
                Some(bytes) => format!(
                    "the log group holds {bytes} bytes, compressed, of which the window is a part; the query is stopped above max_bytes"
                ),
                None => "the log group is not listed here; the query is stopped above max_bytes".to_owned(),
            };
            // Stored bytes are compressed and of all times: they bound nothing.
            EngineBound { bytes: None, objects: None, how }
        }
        Err(fault) => {
            let how = format!("the log group could not be read: {}; the query is stopped above max_bytes", fault.error);
            EngineBound { bytes: None, objects: None, how }
        }
    }
}

/// Stops a query.
pub(super) async fn stop(run: &Run<'_>, id: &str) -> Result<(), Fault> {
    let asked = run.clients.logs.call("StopQuery", json!({"queryId": id}));
    run.site.call("logs:StopQuery", "", true, asked).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_message_and_its_time_in_utc() {
        let cell = |field: &str, value: &str| json!({"field": field, "value": value});
        let row = |at: &str, text: &str| json!([cell("@timestamp", at), cell("@message", text), cell("@ptr", "x")]);
        let look = json!({"results": [row("2026-11-21 03:00:01.250", "{1}"), row("2026-11-21 03:00:00.000", "{2}")]});
        let slice = rows(&look).unwrap();
        assert_eq!((slice.records, slice.full), (vec!["{1}".to_owned(), "{2}".to_owned()], false));
        assert_eq!(slice.oldest, Some("2026-11-21T03:00:00Z".parse().unwrap()));
        assert_eq!(rows(&json!({"status": "Complete"})).err(), Some("results"));
        assert_eq!(rows(&json!({"results": [[cell("@ptr", "x")]]})).err(), Some("@message"));
        let full = json!({"results": vec![row("2026-11-21 03:00:00.000", "{}"); MOST]});
        assert!(rows(&full).unwrap().full);
    }
}
