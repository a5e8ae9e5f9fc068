//! The slow tail: settings of an account that a dozen services hold, read by one table and kept as they were answered.
//!
//! Controls read their fields by name, so an operation more is a row in [`reads`] and an answer of the demo account.

mod iam;
mod read;
mod reads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use crate::model::{Delta, Fault, FrontDoor, Outcome, RECOVERY_POINTS, Seen, Source, SourceError};
use crate::operations;

use super::own::{Answer, Called, encode};
use super::rest;
use super::site::{Pages, Site, Sweep};
use super::{at_once, cloudtrail, guardduty, kms};

use read::{Each, How, Read};
use reads::READS;

/// Calls of one kind at the same time: the tail has time.
const AT_ONCE: usize = 4;
/// Pages of any list.
const PAGES: usize = 500;
/// Subjects of one read: more are a list that goes round.
const SUBJECTS: usize = 5_000;

/// Reads every row of the table; each is known or unknown on its own.
///
/// # Errors
///
/// That nothing at all could be read, and why.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    sweep.data(vec![Delta::Doors(site.shared.doors().cloned().collect())]).await;
    let mut lists = Lists::new();
    let (mut good, mut worst) = (0, None);
    let home = site.is_home();
    let of_account = || {
        READS.iter().filter(|read| match read.each {
            Each::Key => false,
            Each::Account | Each::Path | Each::Distribution => home,
            _ => true,
        })
    };
    sweep.grow(of_account().count()).await;
    for read in of_account() {
        let subjects = match subjects(site, sweep, read, &lists).await {
            Ok(subjects) => subjects,
            Err(Some(fault)) => {
                // Whatever there is to be asked for, is not known: that is the answer of this read as well.
                sweep
                    .data(vec![Delta::Answer { label: read.label, subject: String::new(), outcome: Err(fault) }])
                    .await;
                sweep.step().await;
                continue;
            }
            Err(None) => {
                sweep.step().await;
                continue;
            }
        };
        let Asked { subjects, below, more } = subjects;
        if !more {
            sweep.data(vec![Delta::Subjects { label: read.label, subjects: subjects.clone(), below }]).await;
        }
        // That there is nobody to ask is known as well: what hangs on this read goes.
        let told = lists.entry(read.label).or_default();
        let asked = subjects.into_iter().map(|subject| one(site, sweep, read, subject)).collect();
        for (subject, outcome) in at_once(AT_ONCE, asked).await {
            // That a service is not switched on is what there is to know of it, not a fault of the reading.
            if !matches!(&outcome, Err(fault) if matches!(fault.error, SourceError::NotEnabled(_))) {
                sweep.note(&outcome);
            }
            match &outcome {
                Ok(_) => good += 1,
                Err(fault) => worst = worst.or(Some(fault.error.clone())),
            }
            told.insert(subject.clone(), outcome.as_ref().ok().map(|seen| seen.value.clone()));
            sweep.data(vec![Delta::Answer { label: read.label, subject, outcome }]).await;
        }
        sweep.step().await;
    }
    held(site, sweep, &lists).await;
    match worst {
        Some(error) if good == 0 => Err(error),
        _ => Ok(()),
    }
}

/// Has the keys described that recovery points were made under; those of a vault whose list failed stay as they were.
async fn held(site: &Site, sweep: &Sweep<'_>, lists: &Lists) {
    let Some(vaults) = lists.get(RECOVERY_POINTS) else { return };
    let points = vaults.values().flatten().filter_map(|of| of["RecoveryPoints"].as_object()).flat_map(|of| of.values());
    let points = points.filter_map(Value::as_array).flatten();
    let mut keys: BTreeSet<String> =
        points.filter_map(|point| point["EncryptionKeyArn"].as_str()).map(str::to_owned).collect();
    if vaults.values().any(Option::is_none) {
        let held = site.held.lock().unwrap_or_else(PoisonError::into_inner);
        keys.extend(held.get(&Source::Settings).into_iter().flatten().cloned());
    }
    kms::also(site, sweep, Source::Settings, keys).await;
}

/// Reads what is asked about one key, in its own region.
pub async fn of_key(site: &Site, sweep: &Sweep<'_>, key: &str) {
    for read in READS.iter().filter(|read| matches!(read.each, Each::Key)) {
        let (subject, outcome) = one(site, sweep, read, key.to_owned()).await;
        sweep.note(&outcome);
        sweep.data(vec![Delta::Answer { label: read.label, subject, outcome }]).await;
    }
}

/// What reads that others hang on answered about each of their subjects; none where the call failed.
type Lists = BTreeMap<&'static str, BTreeMap<String, Option<Value>>>;

/// What a read is asked about.
#[derive(Debug, Default)]
struct Asked {
    subjects: BTreeSet<String>,
    /// Subjects of the read above whose own items could not be listed: what was known below them stays.
    below: BTreeSet<String>,
    /// There may be others: what was known of any stays.
    more: bool,
}

/// What a read is asked about. `Err(None)` when what it hangs on could not be read: that one says why.
async fn subjects(site: &Site, sweep: &Sweep<'_>, read: &Read, lists: &Lists) -> Result<Asked, Option<Fault>> {
    let mut asked = Asked::default();
    match read.each {
        Each::Once | Each::Account => asked.subjects = BTreeSet::from([String::new()]),
        Each::Path => {
            let known =
                |label| lists.get(label).and_then(|told: &BTreeMap<String, Option<Value>>| told.get("")?.as_ref());
            // Without an organization nothing stands over the account; without an answer nobody knows.
            if !known("organizations:DescribeOrganization").ok_or(None)?.is_null() {
                let path = path(site, sweep).await.map_err(|fault| {
                    sweep.note::<()>(&Err(fault.clone()));
                    Some(fault)
                })?;
                asked.subjects = path.iter().flat_map(|of| OVER.map(|kind| format!("{kind}:{of}"))).collect();
            }
        }
        Each::Of { label, list, id } => {
            let of = lists.get(label).and_then(|told| told.get("")?.as_ref()).ok_or(None)?;
            asked.subjects = ids(of, list, id).map(str::to_owned).collect();
        }
        Each::Nested { label, list, id } => {
            for (subject, answer) in lists.get(label).ok_or(None)? {
                match answer {
                    Some(of) => asked.subjects.extend(ids(of, list, id).map(|id| format!("{subject}/{id}"))),
                    None => drop(asked.below.insert(subject.clone())),
                }
            }
        }
        Each::Door | Each::Distribution => {
            let scope = site.scope();
            let global = matches!(read.each, Each::Distribution);
            let here = |of: &&FrontDoor| {
                of.account == scope.account && of.region.as_ref().map_or(global, |of| !global && *of == scope.region)
            };
            asked.subjects = site.shared.doors().filter(here).map(|of| of.arn.clone()).collect();
        }
        Each::Named(by) => {
            let told = by.iter().filter_map(|(label, id)| Some((lists.get(label)?, *id)));
            let answers: Vec<_> = told.flat_map(|(told, id)| told.values().map(move |of| (of.as_ref(), id))).collect();
            let named = answers.iter().filter_map(|(of, id)| of.as_ref()?.pointer(id)?.as_str());
            asked.subjects = named.filter(|arn| arn.starts_with("arn:")).map(str::to_owned).collect();
            asked.more = answers.iter().any(|(of, _)| of.is_none());
        }
        // The sweep of keys asks for these.
        Each::Key => return Err(None),
        Each::Bucket => {
            let exports = lists.get("dynamodb:DescribeExport").into_iter().flat_map(BTreeMap::values).flatten();
            let account = site.scope().account;
            asked.subjects = exports.filter_map(|of| own_bucket(of, &account)).collect();
            match cloudtrail::buckets(site, sweep).await {
                Ok(buckets) => asked.subjects.extend(buckets),
                // What the exports went to is known all the same.
                Err(_) if !asked.subjects.is_empty() => {}
                Err(fault) => return Err(Some(fault)),
            }
        }
        Each::Detector => asked.subjects = guardduty::ids(site, sweep).await.map_err(Some)?.value.into_iter().collect(),
    }
    if asked.subjects.len() > SUBJECTS {
        let many = format!("{} subjects, of at most {SUBJECTS}", asked.subjects.len());
        return Err(Some(site.fault(SourceError::Malformed(many))));
    }
    Ok(asked)
}

/// The bucket that an export went to, where this account owns it: the answer names an owner where that is another.
fn own_bucket(of: &Value, account: &str) -> Option<String> {
    let of = &of["ExportDescription"];
    let foreign = of["S3BucketOwner"].as_str().is_some_and(|owner| owner != account);
    of["S3Bucket"].as_str().filter(|_| !foreign).map(str::to_owned)
}

/// The kinds of policies that take back what others allow.
const OVER: [&str; 2] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];
/// Units lie five deep at most, between the root and the account.
const DEEP: usize = 8;

/// The account, the units above it and the root.
async fn path(site: &Site, sweep: &Sweep<'_>) -> Result<Vec<String>, Fault> {
    const PARENTS: &str = "organizations:ListParents";
    let mut path = vec![site.scope().account];
    while path.len() < DEEP {
        let child = path.last().cloned().unwrap_or_default();
        let clients = site.clients();
        let input = json!({ "ChildId": child });
        let seen = sweep
            .call(PARENTS, &child, client(clients.tail.json("organizations"), PARENTS).call("ListParents", input))
            .await?;
        // Whoever has a parent has one.
        let parent = &seen.value.body["Parents"][0];
        let (Some(id), Some(kind)) = (parent["Id"].as_str(), parent["Type"].as_str()) else {
            return Err(missing(site, "/Parents"));
        };
        path.push(id.to_owned());
        if kind == "ROOT" {
            return Ok(path);
        }
    }
    Err(site.fault(SourceError::Malformed("units without end above the account".to_owned())))
}

/// The ids of a list's items: that each has one, the list's own read made sure of.
fn ids<'a>(of: &'a Value, list: &str, id: &'static str) -> impl Iterator<Item = &'a str> {
    let items = of.pointer(list).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(move |item| item.pointer(id)?.as_str())
}

async fn one(site: &Site, sweep: &Sweep<'_>, read: &'static Read, subject: String) -> (String, Outcome<Value>) {
    let outcome = pages(site, sweep, read, &subject).await;
    (subject, outcome)
}

/// All pages of one answer, its lists put together.
async fn pages(site: &Site, sweep: &Sweep<'_>, read: &'static Read, subject: &str) -> Outcome<Value> {
    let Some(paged) = &read.pages else {
        let seen = sweep.call(read.label, subject, call(site, read, subject, None)).await?.map(|answer| answer.body);
        let held = seen.value.pointer(read.holds).is_some_and(read.is);
        if !seen.value.is_null() && !held {
            return Err(missing(site, read.holds));
        }
        return kept(site, read, seen);
    };
    let (mut all, mut token, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    let mut beside: Vec<Vec<Value>> = vec![Vec::new(); paged.also.len()];
    loop {
        let Seen { mut value, at, call } =
            sweep.call(read.label, subject, call(site, read, subject, token.take())).await?;
        if value.body.is_null() {
            return Ok(Seen { value: Value::Null, at, call });
        }
        for (list, name) in beside.iter_mut().zip(paged.also) {
            match value.body.pointer_mut(name).map(Value::take) {
                Some(Value::Array(items)) => list.extend(items),
                Some(Value::String(blank)) if blank.trim().is_empty() => {}
                _ => return Err(missing(site, name)),
            }
        }
        let items = match value.body.pointer(read.holds) {
            Some(Value::Array(items)) => items.as_slice(),
            // XML writes an empty list as an empty element.
            Some(Value::String(blank)) if blank.trim().is_empty() => &[],
            _ => return Err(missing(site, read.holds)),
        };
        if !items.iter().all(read.is) {
            return Err(missing(site, read.holds));
        }
        let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
        pages.saw(texts.iter().map(String::as_str));
        all.extend(items.iter().cloned());
        let next = match value.body.pointer(paged.told) {
            Some(Value::String(token)) if !token.is_empty() => Some(token.as_str()),
            // KMS says beside the marker whether there is more.
            None | Some(Value::Null | Value::String(_)) if value.body["Truncated"] != true => None,
            _ => return Err(missing(site, paged.told)),
        };
        token = pages.next(next.map(str::to_owned)).map_err(|error| site.fault(error))?;
        if token.is_none() {
            let mut whole = value.body;
            for (items, name) in [(all, &read.holds)].into_iter().chain(beside.into_iter().zip(paged.also)) {
                if let Some(list) = whole.pointer_mut(name) {
                    *list = Value::Array(items);
                }
            }
            return kept(site, read, Seen { value: whole, at, call });
        }
    }
}

/// What is kept of a whole answer.
fn kept(site: &Site, read: &Read, seen: Seen<Value>) -> Outcome<Value> {
    let Some(keep) = read.keep.filter(|_| !seen.value.is_null()) else { return Ok(seen) };
    let Seen { value, at, call } = seen;
    match keep(value) {
        Some(value) => Ok(Seen { value, at, call }),
        None => Err(missing(site, read.holds)),
    }
}

fn missing(site: &Site, what: &str) -> Fault {
    let what = if what.is_empty() { "such setting" } else { what.trim_start_matches('/') };
    site.fault(SourceError::Malformed(format!("no {what} in the answer")))
}

/// The client that a row's label names: a test holds every row against the clients there are.
fn client<'c, T>(found: Option<&'c T>, label: &str) -> &'c T {
    #[expect(clippy::panic, reason = "a row without a client is a mistake of this table, found by its test")]
    found.unwrap_or_else(|| panic!("no client for {label}"))
}

/// Sends one request. An error that says that there is none is an answer: null.
async fn call(site: &Site, read: &'static Read, subject: &str, token: Option<String>) -> Called<Value> {
    let clients = site.clients();
    let tail = &clients.tail;
    let name = operations::by_label(read.label).map_or(read.label, |row| row.name);
    let service = read.label.split_once(':').map_or("", |(service, _)| service);
    let answered = match read.how {
        How::Json(input) => {
            let mut input = input(subject);
            if let (Some(token), Some(paged)) = (token, &read.pages) {
                input[paged.ask] = Value::String(token);
            }
            client(tail.json(service), read.label).call(name, input).await
        }
        How::JsonAt(at, input) => client(tail.json(at(subject)), read.label).call(name, input(subject)).await,
        How::Xml(path) => client(tail.rest(service), read.label).get_xml(name, path(subject)).await,
        How::Get(path) => {
            let mut path = path(subject);
            if let (Some(token), Some(paged)) = (token, &read.pages) {
                let sign = if path.contains('?') { '&' } else { '?' };
                path = format!("{path}{sign}{}={}", paged.ask, encode(&token));
            }
            client(tail.rest(service), read.label).call(name, rest::Request { method: "GET", path, body: None }).await
        }
        How::Post(path, body) => {
            let mut body = body(subject);
            if let (Some(token), Some(paged)) = (token, &read.pages) {
                body[paged.ask] = Value::String(token);
            }
            client(tail.rest(service), read.label)
                .call(name, rest::Request { method: "POST", path: path(subject), body: Some(body) })
                .await
        }
        How::Form(parameters) => {
            let mut parameters: Vec<(String, String)> =
                parameters(subject).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if let (Some(token), Some(paged)) = (token, &read.pages) {
                parameters.push((paged.ask.to_owned(), token));
            }
            match tail.form(service) {
                Some(form) => form.call(name, parameters).await.map(|answer| answer.of_query(name)),
                None => clients.ec2.call(name, parameters).await,
            }
        }
        How::Bucket(of) => clients.s3.setting(name, subject, of).await,
    };
    let Err(error) = answered else { return answered };
    let none = error.as_service_error().is_some_and(|error| {
        let is = error.code().is_some_and(|code| read.absent.contains(&code));
        is && error.message().unwrap_or_default().contains(read.words)
    });
    match (none, error.raw_response()) {
        (true, Some(response)) => Ok(Answer::new(response, Value::Null, None)),
        _ => Err(error),
    }
}
