//! Athena: one statement over a trail's table.
//!
//! Source of the shapes: Athena's API reference.

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use serde_json::{Value, json};

use crate::model::{EngineBound, EngineEnd, Fault, SourceError};
use crate::trail::engine::Statement;
use crate::trail::engine::athena::rebuild;

use super::engine::{Run, Target};
use super::guard::{Guard, Locked};
use super::json::Json;
use super::ledger::Recorder;
use super::own::{Answer, Called, Service};
use super::{s3, site::Pages};

const ATHENA: Service = Service { id: "Athena", signing: "athena", host: "athena" };
/// Rows a page.
const PAGE: usize = 1_000;
/// Pages of one answer at most.
const PAGES: usize = 10_000;

/// The client.
#[derive(Debug)]
pub struct Athena(Json);

impl Athena {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, http: Locked, locks: (Guard, Recorder), partition: RetryPartition) -> Self {
        Self(Json::new(ATHENA, "AmazonAthena", config, http, locks, partition))
    }

    /// Calls one operation.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(&self, operation: &'static str, input: Value) -> Called<Value> {
        self.0.call(operation, input).await
    }
}

/// Bounds, runs and reads one statement.
///
/// # Errors
///
/// Why it could not be answered.
pub(super) async fn answer(run: &Run<'_>, statement: &Statement) -> Result<EngineEnd, Fault> {
    let Target::Athena { database, workgroup, output } = &run.ask.target else {
        return Err(run.lacks("workgroup"));
    };
    if let Some(end) = run.bounded(bound(run, workgroup).await).await {
        return Ok(end);
    }
    if statement.never {
        return Ok(EngineEnd::Whole);
    }
    let mut input = json!({
        "QueryString": statement.text,
        // A retry of this request must not start a second query.
        "ClientRequestToken": format!("dynakeep-{:032x}", fastrand::u128(..)),
        "QueryExecutionContext": {"Database": database},
        "WorkGroup": workgroup,
    });
    if let Some(output) = output {
        input["ResultConfiguration"] = json!({"OutputLocation": output});
    }
    let request = || run.clients.athena.call("StartQueryExecution", input.clone());
    let named = |answer: Answer<Value>| answer.body["QueryExecutionId"].as_str().map(str::to_owned);
    let id = run.start("athena:StartQueryExecution", request, named).await?;
    let mut looks = 0;
    loop {
        let look = run.clients.athena.call("GetQueryExecution", json!({"QueryExecutionId": id}));
        let look = run.call("athena:GetQueryExecution", look).await?.value.body;
        let status = &look["QueryExecution"]["Status"];
        let scanned = look["QueryExecution"]["Statistics"]["DataScannedInBytes"].as_u64();
        let state = status["State"].as_str().unwrap_or_default().to_owned();
        run.tell(|news| {
            news.scanned = scanned.or(news.scanned);
            news.phase = if state == "QUEUED" { "queued" } else { "running" };
        })
        .await;
        match state.as_str() {
            "SUCCEEDED" => {
                run.finished();
                break;
            }
            "QUEUED" | "RUNNING" => {}
            "FAILED" | "CANCELLED" => {
                run.finished();
                let reason = status["StateChangeReason"].as_str().unwrap_or("it gave no reason");
                let words = format!("Athena: the query {id} {state}: {reason}{}", mend(reason));
                return Err(run.site.fault(SourceError::Refused(words)));
            }
            _ => return Err(run.lacks("state that Athena's reference names")),
        }
        if let Some(scanned) = scanned.filter(|scanned| run.is_over(*scanned)) {
            return Ok(run.over(scanned));
        }
        run.pause(looks).await;
        looks += 1;
    }
    read(run, &id).await
}

/// Reads all pages of the results.
async fn read(run: &Run<'_>, id: &str) -> Result<EngineEnd, Fault> {
    run.tell(|news| news.phase = "reading").await;
    let (mut next, mut pages, mut names, mut read) = (None::<String>, Pages::new(PAGES), Vec::<String>::new(), 0);
    loop {
        let mut input = json!({"QueryExecutionId": id, "MaxResults": PAGE});
        if let Some(token) = &next {
            input["NextToken"] = json!(token);
        }
        let page = run.clients.athena.call("GetQueryResults", input);
        let page = run.call("athena:GetQueryResults", page).await?.value.body;
        let set = &page["ResultSet"];
        let columns = set["ResultSetMetadata"]["ColumnInfo"].as_array().ok_or_else(|| run.lacks("columns"))?;
        let first = names.is_empty();
        if first {
            names = columns.iter().filter_map(|of| of["Name"].as_str()).map(str::to_owned).collect();
        }
        let rows = set["Rows"].as_array().ok_or_else(|| run.lacks("rows"))?;
        let mut rows: Vec<Vec<Option<String>>> = rows.iter().map(cells).collect();
        // The first row of the first page repeats the columns' names.
        let heads = |row: &Vec<Option<String>>| {
            row.iter().map(Option::as_deref).eq(names.iter().map(|name| Some(name.as_str())))
        };
        if first && rows.first().is_some_and(heads) {
            rows.remove(0);
        }
        read += rows.len();
        run.records(rows.iter().map(|row| rebuild(&names, row))).await;
        if read > run.ask.most {
            return Ok(EngineEnd::Cut(format!("only the newest {} records were read", run.ask.most)));
        }
        let token = page["NextToken"].as_str().map(str::to_owned);
        next = pages.next(token).map_err(|error| run.site.fault(error))?;
        if next.is_none() {
            return Ok(EngineEnd::Whole);
        }
    }
}

fn cells(row: &Value) -> Vec<Option<String>> {
    let data = row["Data"].as_array().map(Vec::as_slice).unwrap_or_default();
    data.iter().map(|cell| cell["VarCharValue"].as_str().map(str::to_owned)).collect()
}

/// What the statement can read at most: the objects of its partitions where they may be listed, else the workgroup's
/// own limit.
async fn bound(run: &Run<'_>, workgroup: &str) -> EngineBound {
    if let Some(selection) = &run.ask.listing {
        match s3::list(run, selection).await {
            Ok(objects) => {
                let bytes = objects.iter().map(|object| object.size).sum();
                let how = "the sum of the objects of its partitions".to_owned();
                return EngineBound { bytes: Some(bytes), objects: Some(objects.len() as u64), how };
            }
            Err(fault) => {
                let how = format!("the trail could not be listed: {}", fault.error);
                return EngineBound { how: format!("{how}; {}", watched(run)), ..of_workgroup(run, workgroup).await };
            }
        }
    }
    of_workgroup(run, workgroup).await
}

async fn of_workgroup(run: &Run<'_>, workgroup: &str) -> EngineBound {
    let asked = run.clients.athena.call("GetWorkGroup", json!({"WorkGroup": workgroup}));
    match run.call("athena:GetWorkGroup", asked).await {
        Ok(seen) => match seen.value.body["WorkGroup"]["Configuration"]["BytesScannedCutoffPerQuery"].as_u64() {
            // Athena itself stops there.
            Some(bytes) if run.ask.max_bytes.is_none_or(|most| bytes <= most) => {
                EngineBound { bytes: Some(bytes), objects: None, how: "the workgroup's limit for a query".to_owned() }
            }
            // Being watched is no bound: what is scanned between two looks is charged as well.
            Some(bytes) => {
                let how = format!("the workgroup's limit for a query, {bytes}, is above max_bytes; {}", watched(run));
                EngineBound { bytes: None, objects: None, how }
            }
            None => {
                EngineBound { bytes: None, objects: None, how: format!("the workgroup has no limit; {}", watched(run)) }
            }
        },
        Err(fault) => {
            let how = format!("the workgroup could not be read: {}; {}", fault.error, watched(run));
            EngineBound { bytes: None, objects: None, how }
        }
    }
}

/// What holds where nothing is known before.
fn watched(run: &Run<'_>) -> String {
    match run.ask.max_bytes {
        Some(most) => format!("the query is stopped when it has scanned more than max_bytes, {most}"),
        None => "no max_bytes is set: nothing bounds it".to_owned(),
    }
}

/// What to do about a failure that has one cause; empty for others.
fn mend(reason: &str) -> &'static str {
    let lower = reason.to_ascii_lowercase();
    if lower.contains("column_not_found") || lower.contains("cannot be resolved") {
        return "; a column is missing: `dynakeep events --athena-ddl` prints the table that is asked, and under \
                [engines.athena] day_column, region_column and management_event_column name those of another, \"\" for none";
    }
    if lower.contains("table_not_found") || lower.contains("schema_not_found") || lower.contains("does not exist") {
        return "; set database and table under [engines.athena], or make the table: `dynakeep events --athena-ddl` prints it";
    }
    if lower.contains("output location") || lower.contains("outputlocation") {
        return "; set output under [engines.athena], or a place for results in the workgroup";
    }
    ""
}

/// Stops a query.
pub(super) async fn stop(run: &Run<'_>, id: &str) -> Result<(), Fault> {
    let asked = run.clients.athena.call("StopQueryExecution", json!({"QueryExecutionId": id}));
    run.site.call("athena:StopQueryExecution", "", true, asked).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_with_one_cause_say_what_to_do() {
        assert!(mend("COLUMN_NOT_FOUND: line 1:2: Column 'x' cannot be resolved").contains("--athena-ddl"));
        assert!(mend("TABLE_NOT_FOUND: line 2: Table 'a.b.c' does not exist").contains("database and table"));
        assert_eq!(mend("Query exhausted resources at this scale factor"), "");
    }
}
