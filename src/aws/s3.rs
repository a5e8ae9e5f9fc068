//! S3: listing a trail's objects and fetching its log files. Nothing else is ever fetched.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::model::{EngineBound, EngineEnd, Fault, SourceError};
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
/// Kilobytes of objects in flight: packed, they take ten times as much once they are read, one after the other.
const ROOM: u32 = 64 << 10;
/// Objects of one account denied in a row before the rest of them is not asked for: its key may be another's.
const DENIALS: u32 = 3;
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

    /// One setting of a bucket, by the name of its query.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn setting(&self, operation: &'static str, bucket: &str, of: &str) -> Called<Value> {
        let (endpoint, base) = self.place(bucket);
        self.0.call(operation, &endpoint, format!("{base}/?{of}"), get, listing).await
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

/// The objects that a selection names.
///
/// # Errors
///
/// Why a prefix could not be listed: what is not known is not a part of what is. That no trail lies there at all: an
/// empty answer would look like a quiet one.
pub(super) async fn list(run: &Run<'_>, of: &Selection) -> Result<Vec<Object>, Fault> {
    let (mut found, mut trails) = (Vec::new(), 0usize);
    let mut todo = VecDeque::from([of.root.prefix.clone()]);
    let mut looked = 0;
    while let Some(prefix) = todo.pop_front() {
        looked += 1;
        if looked > PREFIXES {
            return Err(run.site.fault(SourceError::Refused(format!("more than {PREFIXES} prefixes lie below it"))));
        }
        let (after, end) = match of.step(&prefix) {
            Step::Skip => continue,
            Step::Descend => (None, None),
            Step::List { after, end } => (Some(after), Some(end)),
        };
        if let Some(after) = &after {
            // What was found below another prefix is there; what was only named may not be.
            let region = after.get(..after.len().saturating_sub("2026/11/21".len())).unwrap_or(&prefix);
            trails += usize::from(looked > 1 || is_there(run, of, region).await?);
        }
        let (mut next, mut pages) = (None::<String>, Pages::new(PAGES));
        'pages: loop {
            let mut query = vec![("prefix", prefix.clone())];
            if after.is_none() {
                query.push(("delimiter", "/".to_owned()));
            }
            if let Some(token) = next.take() {
                query.push(("continuation-token", token));
            } else if let Some(after) = &after {
                query.push(("start-after", after.clone()));
            }
            let page = run.clients.s3.list(&of.root.bucket, query);
            let page = run.call("s3:ListObjectsV2", page).await.map_err(|fault| elsewhere(run, fault))?.value.body;
            let Page { objects, prefixes, token } = Page::of(&page).map_err(|what| run.lacks(what))?;
            for object in objects {
                if end.as_deref().is_some_and(|end| object.key.as_str() >= end) {
                    break 'pages;
                }
                if of.wants(&object.key) {
                    found.push(object);
                }
            }
            todo.extend(prefixes);
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
    if trails == 0 && found.is_empty() {
        let regions = if of.regions.is_empty() { String::new() } else { format!(" of {}", of.regions.join(", ")) };
        let words = format!(
            "no trail lies below s3://{}/{}: no AWSLogs/ACCOUNT/CloudTrail/REGION/{regions} is there; say where with \
             --trail s3://BUCKET/PREFIX, and look at -r",
            of.root.bucket, of.root.prefix
        );
        return Err(run.site.fault(SourceError::Refused(words)));
    }
    Ok(found)
}

/// Whether anything lies below a prefix.
async fn is_there(run: &Run<'_>, of: &Selection, prefix: &str) -> Result<bool, Fault> {
    let query = vec![("prefix", prefix.to_owned()), ("max-keys", "1".to_owned())];
    let page = run.call("s3:ListObjectsV2", run.clients.s3.list(&of.root.bucket, query)).await;
    let page = page.map_err(|fault| elsewhere(run, fault))?.value.body;
    Ok(!Page::of(&page).map_err(|what| run.lacks(what))?.objects.is_empty())
}

/// A bucket of another region says so: what to set is added.
fn elsewhere(run: &Run<'_>, fault: Fault) -> Fault {
    let SourceError::Refused(why) = &fault.error else { return fault };
    let moved = ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"];
    if !moved.iter().any(|code| why.contains(code)) {
        return fault;
    }
    let words = format!("{why}; the bucket lies in another region: set region under [engines.s3], or -r REGION");
    run.site.fault(SourceError::Refused(words))
}

/// One page of a listing.
struct Page {
    objects: Vec<Object>,
    prefixes: Vec<String>,
    token: Option<String>,
}

impl Page {
    /// Reads it, or says what it lacks: XML of something else is no empty listing, and one that says that it goes on
    /// must say where.
    fn of(body: &Value) -> Result<Self, &'static str> {
        let cut = match body["IsTruncated"].as_str() {
            Some("true") => true,
            Some("false") => false,
            _ => return Err("IsTruncated: it is no listing of S3"),
        };
        let token = body["NextContinuationToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
        if cut && token.is_none() {
            return Err("NextContinuationToken though the listing goes on");
        }
        let mut objects = Vec::new();
        for object in many(&body["Contents"]) {
            let key = object["Key"].as_str().ok_or("Key")?.to_owned();
            let size = object["Size"].as_str().and_then(|size| size.parse().ok()).ok_or("Size")?;
            objects.push(Object { key, size });
        }
        let prefixes = many(&body["CommonPrefixes"]).map(|of| of["Prefix"].as_str().map(str::to_owned));
        let prefixes = prefixes.collect::<Option<_>>().ok_or("Prefix")?;
        Ok(Self { objects, prefixes, token: token.filter(|_| cut) })
    }
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

/// Objects being fetched: bounded in number and in bytes, and those that are denied again and again left out.
struct Fetching<'r> {
    run: &'r Run<'r>,
    bucket: &'r str,
    /// A permit is a kilobyte.
    room: Semaphore,
    /// By account: denials in a row, and the last.
    denied: Mutex<HashMap<String, (u32, SourceError)>>,
}

/// One object, and its bytes or why there are none; its room is taken until it was read.
type Fetched<'f> = (Object, Result<Vec<u8>, SourceError>, Option<SemaphorePermit<'f>>);

impl Fetching<'_> {
    fn fetch(&self, object: Object) -> BoxFuture<'_, Fetched<'_>> {
        Box::pin(async move {
            let room = object.size.div_ceil(1024).clamp(1, u64::from(ROOM));
            let permit = self.room.acquire_many(u32::try_from(room).unwrap_or(ROOM)).await.ok();
            let account = object.key.split("/CloudTrail/").next().unwrap_or_default().to_owned();
            let known = self.denied().get(&account).filter(|(times, _)| *times >= DENIALS).map(|(_, why)| why.clone());
            if let Some(error) = known {
                return (object, Err(error), permit);
            }
            let got = self.run.call_one("s3:GetObject", self.run.clients.s3.log(self.bucket, &object.key)).await;
            let got = got.map(|seen| seen.value.body).map_err(|fault| fault.error);
            match &got {
                Err(error @ SourceError::Denied { .. }) => {
                    self.denied().entry(account).or_insert_with(|| (0, error.clone())).0 += 1;
                }
                Err(_) => {}
                Ok(_) => {
                    self.denied().remove(&account);
                }
            }
            (object, got, permit)
        })
    }

    fn denied(&self) -> MutexGuard<'_, HashMap<String, (u32, SourceError)>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    let fetching = Fetching {
        run,
        bucket: of.root.bucket.as_str(),
        room: Semaphore::new(ROOM as usize),
        denied: Mutex::default(),
    };
    let (mut todo, mut fetched) = (objects.into_iter(), FuturesUnordered::new());
    let (mut unread, mut read) = (0u64, 0u64);
    loop {
        while fetched.len() < AT_ONCE
            && let Some(object) = todo.next()
        {
            fetched.push(fetching.fetch(object));
        }
        let Some((object, got, room)) = fetched.next().await else { break };
        let mut held = match got {
            Ok(bytes) => {
                read += bytes.len() as u64;
                object::read(&bytes)
            }
            Err(error) => object::Object { problem: Some(error.to_string()), ..Default::default() },
        };
        let error = held.problem.take();
        unread += u64::from(error.is_some());
        run.tell(|news| {
            news.done += 1;
            news.scanned = Some(read);
            news.unread_count = unread;
            if let Some(error) = error
                && news.unread.len() < NAMED
            {
                news.unread.push((object.key, error));
            }
        })
        .await;
        run.read(held).await;
        drop(room);
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

    #[test]
    fn what_is_no_listing_is_no_empty_one() {
        let of = |text: &str| Page::of(&xml::to_json(text.as_bytes()).unwrap());
        let empty = of("<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>").unwrap();
        assert!(empty.objects.is_empty() && empty.token.is_none());
        assert!(of("<html><body>sign in</body></html>").is_err());
        assert!(of("<R><IsTruncated>true</IsTruncated></R>").is_err(), "a listing that ends in its middle");
        let cut = of("<R><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></R>");
        assert_eq!(cut.unwrap().token.as_deref(), Some("t"));
        assert!(of("<R><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></R>").is_err(), "no size");
    }
}
