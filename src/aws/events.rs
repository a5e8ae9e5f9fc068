//! CloudTrail events by `LookupEvents`: polled newest first, and searched on demand.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::PoisonError;

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Delta, Event, EventSearch, Fault, LAG, SearchBy, SearchReach, Source, SourceError};
use crate::trail::engine::lookup::{FIRST_PAGES, KEY_PAGES};
use crate::trail::record;

use super::site::{Pages, Site, Sweep};
use super::time;

/// Events a page.
const PAGE: i32 = 50;
/// Pages of any later search.
const PAGES: usize = 200;

/// Broken records remembered.
const BROKEN: usize = 20_000;

/// What is polled: every change, everything that concerns DynamoDB, and the use of keys, which tells who reads tables.
const POLLED: [&str; 3] = ["changes", "dynamodb", "decrypts"];

/// What one search brought.
struct Found {
    events: Vec<Event>,
    cut: bool,
    /// Since when nothing is left out.
    from: Option<Timestamp>,
}

/// Searches for what is new, sends it, and says which tables changed.
///
/// # Errors
///
/// Why no search could be made.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<Vec<Event>, SourceError> {
    sweep.grow(POLLED.len()).await;
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for name in POLLED {
        match poll(site, sweep, name).await {
            Ok(events) => changes.extend(events),
            Err(fault) => faults.push(fault),
        }
        sweep.step().await;
    }
    if faults.len() == POLLED.len() {
        return Err(faults.remove(0).error);
    }
    faults.into_iter().for_each(|fault| sweep.note::<()>(&Err(fault)));
    Ok(changes)
}

/// One of the polled searches; gives the changes that came after the first sweep.
async fn poll(site: &Site, sweep: &Sweep<'_>, name: &'static str) -> Result<Vec<Event>, Fault> {
    let memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner).events.get(name).cloned();
    let first = memory.is_none();
    let known = memory.unwrap_or_default();
    let hours = SignedDuration::from_hours(site.shared.settings.event_hours.clamp(1, 90 * 24));
    // Events are delivered late, and not in order: new ones are looked for as far back as that.
    let since = known.newest.map_or_else(|| before(site.now(), hours), |newest| before(newest, LAG));
    let by = match name {
        "dynamodb" => SearchBy::EventSource("dynamodb.amazonaws.com".to_owned()),
        "decrypts" => SearchBy::EventName("Decrypt".to_owned()),
        _ => SearchBy::ReadOnly(false),
    };
    let pages = match name {
        // Keys are used for all that is encrypted: the newest have to do.
        "decrypts" => KEY_PAGES,
        _ if first => FIRST_PAGES,
        _ => PAGES,
    };
    let limit = pages * usize::try_from(PAGE).unwrap_or(1);
    let search = EventSearch { by, since: Some(since), until: None, limit };
    let Found { events, cut, from } = look_up(site, sweep, &search, &known.ids).await?;
    // A later poll is told of only when it left something out: what it did not read, no later one does.
    if first || cut {
        let reach = SearchReach { search, found: Ok(events.len()), cut, from };
        sweep.data(vec![Delta::Search(reach)]).await;
    }
    // A record from the future would hide all that come before its time.
    let now = site.now();
    let newest = events.iter().map(|event| event.time.min(now)).max().max(known.newest);
    let mut ids = known.ids;
    if let Some(newest) = newest {
        // Only what a later search can bring again has to be remembered.
        ids.extend(events.iter().filter(|event| event.time >= before(newest, LAG)).map(|event| event.id.clone()));
    }
    if ids.len() > 20_000 {
        ids = events.iter().map(|event| event.id.clone()).collect();
    }
    let seen = super::memory::Seen { newest: newest.or(Some(now)), ids };
    site.memory.lock().unwrap_or_else(PoisonError::into_inner).events.insert(name, seen);
    Ok(if first { Vec::new() } else { events })
}

/// A search on demand: its events, and how far it got.
pub async fn search(site: &Site, search: EventSearch) {
    let mut sweep = Sweep::new(site, Source::Events, true);
    // Two hundred pages at once would take the account's whole rate from everybody else.
    sweep.paced = true;
    let found = look_up(site, &sweep, &search, &HashSet::new()).await;
    let (found, cut, from) = match found {
        Ok(found) => (Ok(found.events.len()), found.cut, found.from),
        Err(fault) => (Err(fault.error), false, None),
    };
    site.flush().await;
    sweep.data(vec![Delta::Search(SearchReach { search, found, cut, from })]).await;
}

/// Reads pages until there are no more, or the limit is reached; sends what is not yet known.
async fn look_up(
    site: &Site,
    sweep: &Sweep<'_>,
    search: &EventSearch,
    known: &HashSet<String>,
) -> Result<Found, Fault> {
    let attribute = attribute(&search.by);
    let (mut found, mut next, mut pages) = (Vec::<Event>::new(), None, Pages::new(PAGES));
    let (mut read, mut ids, mut oldest) = (0, HashSet::new(), None);
    loop {
        let request = site
            .clients()
            .cloudtrail
            .lookup_events()
            .set_lookup_attributes(attribute.clone().map(|attribute| vec![attribute]))
            .set_start_time(search.since.map(moment))
            .set_end_time(search.until.map(moment))
            .max_results(PAGE)
            .set_next_token(next)
            .send();
        let value = sweep.call("cloudtrail:LookupEvents", "", request).await?.value;
        let (mut events, mut deltas) = (Vec::new(), Vec::new());
        let page = value.events.unwrap_or_default();
        pages.saw(page.iter().filter_map(|event| event.event_id()));
        read += page.len();
        for event in page {
            // Pages come newest first.
            oldest = event.event_time().copied().and_then(time).or(oldest);
            let id = event.event_id.unwrap_or_default();
            // What has no id cannot be told from others by it.
            if known.contains(&id) || (!id.is_empty() && !ids.insert(id.clone())) {
                continue;
            }
            let raw = event.cloud_trail_event.unwrap_or_default();
            match record::parse(&raw) {
                Ok(event) => events.push(event),
                Err(broken) if is_new(site, &id, &raw) => deltas.push(Delta::BrokenEvent(broken.reason, raw)),
                Err(_) => {}
            }
        }
        found.extend(events.iter().cloned());
        if !events.is_empty() {
            deltas.push(Delta::Events(events));
        }
        sweep.data(deltas).await;
        let more = value.next_token.filter(|token| !token.is_empty());
        if read >= search.limit {
            let cut = more.is_some();
            let from = if cut { oldest } else { search.since };
            return Ok(Found { events: found, cut, from });
        }
        next = pages.next(more).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Found { events: found, cut: false, from: search.since });
        }
    }
}

/// A moment before another, within what the calendar holds.
fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Whether a record that could not be understood was not told of yet.
fn is_new(site: &Site, id: &str, raw: &str) -> bool {
    let mut hash = DefaultHasher::new();
    (id, raw).hash(&mut hash);
    let mut memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.broken.len() >= BROKEN {
        memory.broken.clear();
    }
    memory.broken.insert(hash.finish())
}

/// `LookupEvents` takes whole seconds.
fn moment(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

fn attribute(by: &SearchBy) -> Option<LookupAttribute> {
    if *by == SearchBy::Any {
        return None;
    }
    let (key, value) = by.attribute();
    LookupAttribute::builder().attribute_key(LookupAttributeKey::from(key)).attribute_value(value).build().ok()
}

/// What a change makes worth reading again.
pub fn affected(event: &Event) -> Option<Source> {
    if event.read_only == Some(true) || event.own || event.error.is_some() {
        return None;
    }
    let name = event.name.as_str();
    let about = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match event.source.strip_suffix(".amazonaws.com")? {
        "dynamodb" if about(&["Backup"]) => Some(Source::Backups),
        "dynamodb" => Some(Source::Tables),
        "ec2" if about(&["Vpc", "Route", "Subnet"]) => Some(Source::Network),
        "kms" if about(&["Key"]) && !about(&["Grant", "DataKey"]) => Some(Source::Keys),
        "cloudtrail" => Some(Source::Trails),
        "config" if !about(&["PutEvaluations"]) => Some(Source::Compliance),
        "guardduty" => Some(Source::Findings),
        "cloudformation" => Some(Source::Drift),
        _ => None,
    }
}
