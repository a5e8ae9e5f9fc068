//! S3: listing a trail's objects and fetching its log files. Nothing else is ever fetched.

use std::collections::VecDeque;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::model::{EngineBound, EngineEnd, Fault, Outcome, SourceError};
use crate::trail::engine::s3::{Selection, Step, is_log};
use crate::trail::object;

use super::engine::Run;
use super::guard::{Guard, Locked};
use super::ledger::Recorder;
use super::own::{Answer, Called, Own, OwnError, Service, encode};
use super::site::Pages;
use super::xml;

const S3_: Service = Service { id: "S3", signing: "s3", host: "s3" };
/// Objects fetched at the same time.
const AT_ONCE: usize = 16;
/// Pages of one listing at most: ten million keys.
const PAGES: usize = 10_000;
/// Prefixes looked at: accounts × regions of an organization.
const PREFIXES: usize = 50_000;
/// Unread objects that are named one by one.
const NAMED: usize = 200;

/// The client.
#[derive(Debug)]
pub struct S3(Own);

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub size: u64,
}

impl S3 {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, http: Locked, locks: (Guard, Recorder), partition: RetryPartition) -> Self {
        Self(Own::new(S3_, config, http, locks, partition))
    }

    /// The bucket's own host where it can have one, and what its paths begin with.
    fn place(&self, bucket: &str) -> (String, String) {
        match self.0.endpoint().split_once("://") {
            // A dot in a bucket's name is one in its host's, which the certificate does not cover.
            Some((scheme, host)) if !self.0.is_custom() && !bucket.contains('.') => {
                (format!("{scheme}://{bucket}.{host}"), String::new())
            }
            _ => (self.0.endpoint().to_owned(), format!("/{bucket}")),
        }
    }

    /// One page of a listing.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn list(&self, bucket: &str, query: Vec<(&'static str, String)>) -> Called<Value> {
        let (endpoint, base) = self.place(bucket);
        let mut query = query;
        query.push(("list-type", "2".to_owned()));
        // The signature wants them in order.
        query.sort();
        let words: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let path = format!("{base}/?{}", words.join("&"));
        self.0.call("ListObjectsV2", &endpoint, path, get, listing).await
    }

    /// One log file of a trail.
    ///
    /// # Errors
    ///
    /// As every client of the SDK, and for a key that is none of a trail's log files.
    pub async fn log(&self, bucket: &str, key: &str) -> Called<Vec<u8>> {
        let (endpoint, base) = self.place(bucket);
        let path: Vec<String> = key.split('/').map(encode).collect();
        let path = format!("{base}/{}", path.join("/"));
        let write = {
            let key = key.to_owned();
            move |path: String| {
                if is_log(&key) { get(path) } else { Err(format!("{key} is no log file of a trail").into()) }
            }
        };
        self.0.call("GetObject", &endpoint, path, write, object).await
    }
}

fn get(path: String) -> Result<HttpRequest, BoxError> {
    let request = http::Request::builder().method("GET").uri(path).body(SdkBody::empty())?;
    Ok(request.try_into()?)
}

fn listing(response: &HttpResponse) -> Result<Answer<Value>, OrchestratorError<OwnError>> {
    let body = match xml::to_json(response.body().bytes().unwrap_or_default()) {
        Ok(body) => body,
        Err(reason) => return OwnError::answer(None, Some(&reason)),
    };
    if response.status().is_success() {
        return Ok(Answer::new(response, body, id(response)));
    }
    OwnError::answer(body["Code"].as_str(), body["Message"].as_str())
}

fn object(response: &HttpResponse) -> Result<Answer<Vec<u8>>, OrchestratorError<OwnError>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(Answer::new(response, body.to_vec(), id(response)));
    }
    let error = xml::to_json(body).unwrap_or_default();
    OwnError::answer(error["Code"].as_str(), error["Message"].as_str())
}

fn id(response: &HttpResponse) -> Option<String> {
    response.headers().get("x-amz-request-id").map(str::to_owned)
}

/// The log files that a selection names.
///
/// # Errors
///
/// Why a prefix could not be listed: what is not known is not a part of what is.
pub(super) async fn list(run: &Run<'_>, of: &Selection) -> Result<Vec<Object>, Fault> {
    let mut found = Vec::new();
    let mut todo = VecDeque::from([of.root.prefix.clone()]);
    let mut looked = 0;
    while let Some(prefix) = todo.pop_front() {
        looked += 1;
        if looked > PREFIXES {
            return Err(run.site.fault(SourceError::Refused(format!("more than {PREFIXES} prefixes lie below it"))));
        }
        let (after, end, flat) = match of.step(&prefix) {
            Step::Skip => continue,
            Step::Descend => (None, None, false),
            Step::List { after, end } => (Some(after), Some(end), true),
        };
        let (mut next, mut pages) = (None::<String>, Pages::new(PAGES));
        'pages: loop {
            let mut query = vec![("prefix", prefix.clone())];
            if !flat {
                query.push(("delimiter", "/".to_owned()));
            }
            if let Some(token) = next.take() {
                query.push(("continuation-token", token));
            } else if let Some(after) = &after {
                query.push(("start-after", after.clone()));
            }
            let page = run.clients.s3.list(&of.root.bucket, query);
            let page = run.call("s3:ListObjectsV2", page).await?.value.body;
            for object in many(&page["Contents"]) {
                let key = object["Key"].as_str().ok_or_else(|| run.lacks("Key"))?;
                if end.as_deref().is_some_and(|end| key >= end) {
                    break 'pages;
                }
                let size = object["Size"].as_str().and_then(|size| size.parse().ok());
                let size = size.ok_or_else(|| run.lacks("Size"))?;
                if of.wants(key) {
                    found.push(Object { key: key.to_owned(), size });
                }
            }
            todo.extend(many(&page["CommonPrefixes"]).filter_map(|of| of["Prefix"].as_str()).map(str::to_owned));
            let token = page["NextContinuationToken"].as_str().map(str::to_owned);
            next = pages.next(token).map_err(|error| run.site.fault(error))?;
            if next.is_none() {
                break;
            }
        }
        run.tell(|news| {
            news.done = looked as u64;
            news.total = (looked + todo.len()) as u64;
        })
        .await;
    }
    Ok(found)
}

/// A list in XML: nothing, one element, or several.
fn many(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, one) = match value {
        Value::Array(list) => (list.as_slice(), None),
        Value::Object(_) => ([].as_slice(), Some(value)),
        _ => ([].as_slice(), None),
    };
    list.iter().chain(one)
}

/// One object's bytes, or why there are none.
fn fetch<'r>(run: &'r Run<'_>, bucket: &'r str, object: Object) -> BoxFuture<'r, (Object, Outcome<Answer<Vec<u8>>>)> {
    Box::pin(async move {
        let got = run.call("s3:GetObject", run.clients.s3.log(bucket, &object.key)).await;
        (object, got)
    })
}

/// Lists, bounds and fetches.
///
/// # Errors
///
/// Why the trail could not be listed. An object that cannot be fetched or read is named, and the rest is read.
pub(super) async fn answer(run: &Run<'_>, of: &Selection) -> Result<EngineEnd, Fault> {
    let objects = list(run, of).await?;
    let bytes = objects.iter().map(|object| object.size).sum();
    let bound = EngineBound {
        bytes: Some(bytes),
        objects: Some(objects.len() as u64),
        how: "the sum of the objects to fetch".to_owned(),
    };
    if let Some(end) = run.bounded(bound).await {
        return Ok(end);
    }
    let total = objects.len() as u64;
    run.tell(|news| {
        news.phase = "reading";
        (news.done, news.total) = (0, total);
    })
    .await;
    let bucket = of.root.bucket.as_str();
    let fetches: Vec<_> = objects.into_iter().map(|object| fetch(run, bucket, object)).collect();
    let mut fetched = stream::iter(fetches).buffer_unordered(AT_ONCE);
    let (mut unread, mut read) = (0usize, 0u64);
    while let Some((object, got)) = fetched.next().await {
        let mut held = match got {
            Ok(seen) => {
                read += seen.value.body.len() as u64;
                object::read(&seen.value.body)
            }
            Err(fault) => object::Object { problem: Some(fault.error.to_string()), ..Default::default() },
        };
        let error = held.problem.take();
        unread += usize::from(error.is_some());
        run.tell(|news| {
            news.done += 1;
            news.scanned = Some(read);
            if let Some(error) = error
                && news.unread.len() < NAMED
            {
                news.unread.push((object.key.clone(), error));
            }
        })
        .await;
        run.read(held).await;
    }
    Ok(match unread {
        0 => EngineEnd::Whole,
        some => EngineEnd::Cut(format!("{some} of {total} objects could not be read whole")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_however_many_there_are() {
        let of = |text: &str| {
            let page = xml::to_json(text.as_bytes()).unwrap();
            many(&page["Contents"]).filter_map(|of| of["Key"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert!(of("<R><Name>b</Name></R>").is_empty());
        assert_eq!(of("<R><Contents><Key>a</Key></Contents></R>"), ["a"]);
        assert_eq!(of("<R><Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents></R>"), ["a", "b"]);
    }
}
