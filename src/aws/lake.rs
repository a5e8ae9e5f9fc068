//! CloudTrail Lake: a statement over an event data store, by the official client.

use std::collections::HashMap;

use aws_sdk_cloudtrail::types::QueryStatus;
use aws_smithy_types::retry::RetryConfig;

use crate::model::{EngineBound, EngineEnd, Fault, SourceError};
use crate::trail::engine::Statement;

use super::engine::Run;
use super::site::Pages;

/// Rows a page.
const PAGE: i32 = 1_000;
/// Pages of one answer at most.
const PAGES: usize = 10_000;

/// Runs and reads one statement.
///
/// # Errors
///
/// Why it could not be answered.
pub(super) async fn answer(run: &Run<'_>, statement: &Statement) -> Result<EngineEnd, Fault> {
    let how = match run.ask.max_bytes {
        Some(most) => format!(
            "CloudTrail Lake says nothing before; the query is stopped when it has scanned more than max_bytes, {most}"
        ),
        None => "CloudTrail Lake says nothing before, and no max_bytes is set: nothing bounds it".to_owned(),
    };
    if let Some(end) = run.bounded(EngineBound { bytes: None, objects: None, how }).await {
        return Ok(end);
    }
    if statement.never {
        return Ok(EngineEnd::Whole);
    }
    let client = &run.clients.cloudtrail;
    let once = || aws_sdk_cloudtrail::config::Builder::new().retry_config(RetryConfig::disabled());
    let request = || client.start_query().query_statement(&statement.text).customize().config_override(once()).send();
    let id = run.start("cloudtrail:StartQuery", request, |started| started.query_id).await?;
    let mut looks = 0;
    loop {
        let look = run.call("cloudtrail:DescribeQuery", client.describe_query().query_id(&id).send()).await?.value;
        let scanned = look.query_statistics.as_ref().and_then(|of| of.bytes_scanned);
        let scanned = scanned.and_then(|bytes| u64::try_from(bytes).ok());
        let status = look.query_status.ok_or_else(|| run.lacks("QueryStatus"))?;
        run.tell(|news| {
            news.scanned = scanned.or(news.scanned);
            news.phase = if status == QueryStatus::Queued { "queued" } else { "running" };
        })
        .await;
        match status {
            QueryStatus::Finished => {
                run.finished();
                break;
            }
            QueryStatus::Queued | QueryStatus::Running => {}
            other => {
                run.finished();
                let why = look.error_message.unwrap_or_else(|| "it gave no reason".to_owned());
                let words = format!("CloudTrail Lake: the query {id} {}: {why}", other.as_str());
                return Err(run.site.fault(SourceError::Refused(words)));
            }
        }
        if let Some(scanned) = scanned.filter(|scanned| run.is_over(*scanned)) {
            return Ok(run.over(scanned));
        }
        run.pause(looks).await;
        looks += 1;
    }
    read(run, &id).await
}

async fn read(run: &Run<'_>, id: &str) -> Result<EngineEnd, Fault> {
    run.tell(|news| news.phase = "reading").await;
    let client = &run.clients.cloudtrail;
    let (mut next, mut pages, mut read, mut total) = (None, Pages::new(PAGES), 0, None);
    loop {
        let page = client.get_query_results().query_id(id).max_query_results(PAGE).set_next_token(next).send();
        let page = run.call("cloudtrail:GetQueryResults", page).await?.value;
        if let Some(error) = page.error_message.filter(|error| !error.is_empty()) {
            return Err(run.site.fault(SourceError::Refused(format!("CloudTrail Lake: the query {id}: {error}"))));
        }
        let rows = page.query_result_rows.ok_or_else(|| run.lacks("QueryResultRows"))?;
        read += rows.len();
        run.records(records(rows).ok_or_else(|| run.lacks("eventjson"))?).await;
        total = page.query_statistics.and_then(|of| of.total_results_count).or(total);
        if read > run.ask.most {
            return Ok(EngineEnd::Cut(format!("only the newest {} records were read", run.ask.most)));
        }
        next = pages.next(page.next_token).map_err(|error| run.site.fault(error))?;
        if next.is_none() {
            return Ok(end(read, total));
        }
    }
}

/// The records of rows, each of which is a list of columns by name; `None` where one holds none.
fn records(rows: Vec<Vec<HashMap<String, String>>>) -> Option<Vec<String>> {
    let record = |row: Vec<HashMap<String, String>>| {
        row.into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("eventjson")).map(|(_, value)| value)
    };
    rows.into_iter().map(record).collect()
}

/// How the last page ends an answer: with fewer rows than the service counted, it was not all of it.
fn end(read: usize, total: Option<i32>) -> EngineEnd {
    match total.and_then(|total| usize::try_from(total).ok()) {
        Some(total) if read < total => EngineEnd::Cut(format!("only {read} of {total} records came")),
        _ => EngineEnd::Whole,
    }
}

/// Stops a query.
pub(super) async fn stop(run: &Run<'_>, id: &str) -> Result<(), Fault> {
    let asked = run.clients.cloudtrail.cancel_query().query_id(id).send();
    run.site.call("cloudtrail:CancelQuery", "", true, asked).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_list_of_columns_of_which_one_is_the_record() {
        let cell = |name: &str, value: &str| HashMap::from([(name.to_owned(), value.to_owned())]);
        let rows = vec![vec![cell("eventTime", "t"), cell("eventJson", "{1}")], vec![cell("eventjson", "{2}")]];
        assert_eq!(records(rows), Some(vec!["{1}".to_owned(), "{2}".to_owned()]));
        assert_eq!(records(vec![vec![cell("eventid", "x")]]), None);
    }

    #[test]
    fn fewer_rows_than_were_counted_are_not_all() {
        assert_eq!(end(2, Some(2)), EngineEnd::Whole);
        assert_eq!(end(0, None), EngineEnd::Whole);
        assert!(matches!(end(2, Some(3)), EngineEnd::Cut(why) if why.contains("2 of 3")));
    }
}
