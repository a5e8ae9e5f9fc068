//! CloudTrail Lake: a statement over an event data store, by the official client.

use aws_sdk_cloudtrail::types::QueryStatus;

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
    let started = client.start_query().query_statement(&statement.text).send();
    let started = run.call("cloudtrail:StartQuery", started).await?.value;
    let id = started.query_id.ok_or_else(|| run.lacks("QueryId"))?;
    run.tell(|news| {
        news.query_id = id.clone();
        news.phase = "queued";
    })
    .await;
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
            QueryStatus::Finished => break,
            QueryStatus::Queued | QueryStatus::Running => {}
            other => {
                let why = look.error_message.unwrap_or_else(|| "it gave no reason".to_owned());
                let words = format!("CloudTrail Lake: the query {id} {}: {why}", other.as_str());
                return Err(run.site.fault(SourceError::Refused(words)));
            }
        }
        if let Some(scanned) = scanned.filter(|scanned| run.is_over(*scanned)) {
            stop(run, &id).await;
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
    let (mut next, mut pages, mut read) = (None, Pages::new(PAGES), 0);
    loop {
        let page = client.get_query_results().query_id(id).max_query_results(PAGE).set_next_token(next).send();
        let page = run.call("cloudtrail:GetQueryResults", page).await?.value;
        let rows = page.query_result_rows.unwrap_or_default();
        read += rows.len();
        let column = |row: Vec<std::collections::HashMap<String, String>>| {
            row.into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("eventjson")).map(|(_, value)| value)
        };
        let records: Option<Vec<String>> = rows.into_iter().map(column).collect();
        run.records(records.ok_or_else(|| run.lacks("eventjson"))?).await;
        if read > run.ask.most {
            return Ok(EngineEnd::Cut(format!("only the newest {} records were read", run.ask.most)));
        }
        next = pages.next(page.next_token).map_err(|error| run.site.fault(error))?;
        if next.is_none() {
            return Ok(EngineEnd::Whole);
        }
    }
}

/// Stops a query.
pub(super) async fn stop(run: &Run<'_>, id: &str) {
    let asked = run.clients.cloudtrail.cancel_query().query_id(id).send();
    if let Err(fault) = run.site.call("cloudtrail:CancelQuery", "", true, asked).await {
        run.tell(|news| news.unread.push((format!("stopping {id}"), fault.error.to_string()))).await;
    }
}
