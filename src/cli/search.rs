//! What `events` searches CloudTrail for besides what is polled, and how far all of it reached.

use std::collections::HashSet;
use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::aws::{self, Handle, Settings};
use crate::export::safe;
use crate::model::{Delta, EventSearch, Polled, Scope, SearchBy, SearchReach, Source};
use crate::store::Store;
use crate::trail::query::Query;
use crate::wire::Wire;

use super::Failure;

/// Events that one search reads in each scope at most.
const MOST: usize = 5_000;
/// Messages in flight between data layer and store.
const QUEUE: usize = 1_024;
/// What the polled searches bring, in words.
const POLLED: &str = "write calls and DynamoDB's own events";

/// The searches that a query asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// On demand, in every scope.
    pub extra: Vec<EventSearch>,
    /// The attribute whose search alone brings every event that the query can match.
    whole: Option<SearchBy>,
    /// Only the searches on demand keep to the query's window.
    bounded: bool,
    hours: i64,
}

impl Plan {
    /// What these queries, which all must hold, can be searched by. `hours` is how far back the polled searches go.
    pub(super) fn of(queries: &[Query], now: Timestamp, hours: i64) -> Self {
        let required = |field: &str| queries.iter().find_map(|query| query.required(field)).map(str::to_owned);
        // LookupEvents takes letter case exactly, queries do not: values are brought to the case that AWS writes.
        let cased = |name: &String| name.starts_with(|first: char| first.is_ascii_uppercase());
        let mut whole = required("id")
            .map(|id| SearchBy::EventId(id.to_ascii_lowercase()))
            .or_else(|| required("access_key").map(|key| SearchBy::AccessKey(key.to_ascii_uppercase())))
            .or_else(|| required("session").map(SearchBy::Username))
            .or_else(|| required("name").filter(cased).map(SearchBy::EventName))
            .or_else(|| required("source").map(|source| SearchBy::EventSource(source.to_ascii_lowercase())));
        let since = queries.iter().filter_map(|query| query.window(now).0).max();
        let until = queries.iter().filter_map(|query| query.window(now).1).min();
        let mut by: Vec<SearchBy> = whole.clone().into_iter().collect();
        if by.is_empty() {
            let read_only = queries.iter().find_map(|query| query.required_flag("read_only"));
            whole = read_only.map(SearchBy::ReadOnly);
            // A role is known to LookupEvents by its sessions, a table by some of the calls that name it.
            by.extend(required("table").map(SearchBy::Resource));
            by.extend(required("principal").map(SearchBy::Username));
            if read_only == Some(true) && by.is_empty() {
                by.push(SearchBy::ReadOnly(true));
            } else if read_only == Some(true) {
                whole = None;
            }
            if until.is_some() {
                // The polled searches go from now backwards: they may end before the window begins.
                by.push(SearchBy::ReadOnly(false));
                by.push(SearchBy::EventSource("dynamodb.amazonaws.com".to_owned()));
            }
        }
        let extra = by.into_iter().map(|by| EventSearch { by, since, until, limit: MOST }).collect();
        Self { extra, whole, bounded: until.is_some(), hours }
    }

    /// True when this search decides whether the rows are all there are.
    fn counts(&self, search: &EventSearch) -> bool {
        match &self.whole {
            Some(by) => search.by == *by && (!self.bounded || self.extra.contains(search)),
            None => !self.bounded || self.extra.contains(search),
        }
    }
}

/// What was searched, and whether that was all.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// For `coverage.events`.
    pub json: Value,
    /// A search that counts was cut short or failed.
    pub cut: bool,
    /// For standard error; empty when the rows are all there are.
    pub line: String,
}

impl Reach {
    pub(super) fn of(plan: &Plan, store: &Store) -> Self {
        let (mut searched, mut cut, mut words) = (Vec::new(), false, Vec::<(String, usize, usize, usize)>::new());
        let mut all: Vec<_> = store.searches().iter().collect();
        // They answer in any order.
        all.sort_by_cached_key(|(scope, reach)| (attribute(&reach.search.by), scope.clone()));
        for (scope, reach) in all {
            let SearchReach { search, found, cut: more } = reach;
            let (attribute, value) = attribute(&search.by);
            let counts = plan.counts(search);
            searched.push(json!({
                "scope": scope, "by": attribute, "value": value, "since": search.since, "until": search.until,
                "found": found.as_ref().ok(), "cut": more,
                "error": found.as_ref().err().map(ToString::to_string),
            }));
            cut |= counts && (*more || found.is_err());
            let name = format!("{attribute} {value}");
            let at = words.iter().position(|word| word.0 == name).unwrap_or_else(|| {
                words.push((name, 0, 0, 0));
                words.len() - 1
            });
            if let Some((_, scopes, short, failed)) = words.get_mut(at) {
                *scopes += 1;
                *short += usize::from(*more);
                *failed += usize::from(found.is_err());
            }
        }
        // What was to be searched and never answered is no answer either.
        let scopes = store.estate().scopes.len();
        let answered = |search: &&EventSearch| store.searches().iter().filter(|(_, of)| of.search == **search).count();
        cut |= plan.extra.iter().any(|search| answered(&search) < scopes);
        let limited = plan.whole.is_none().then_some(POLLED);
        let json = json!({"searched": searched, "cut": cut, "hours": plan.hours, "limited_to": limited});
        let each = words.into_iter().map(|(name, scopes, short, failed)| {
            let short = if short > 0 { format!(" (cut short in {short})") } else { String::new() };
            let failed = if failed > 0 { format!(" (failed in {failed})") } else { String::new() };
            format!("{name} in {scopes} scopes{short}{failed}")
        });
        let each = each.collect::<Vec<_>>().join(", ");
        let line = match (cut, limited) {
            (false, None) => String::new(),
            (true, _) => format!("events: not all there are; searched by {each}"),
            (false, Some(what)) => format!(
                "events: only {what} are read, and what these searches found: {each}; \
                 key:, session:, id:, name: or source: searches CloudTrail for all"
            ),
        };
        Self { json, cut, line: safe::visible(&line).into_owned() }
    }
}

/// CloudTrail's name of an attribute, and the value.
fn attribute(by: &SearchBy) -> (&'static str, String) {
    match by {
        SearchBy::AccessKey(key) => ("AccessKeyId", key.clone()),
        SearchBy::Username(name) => ("Username", name.clone()),
        SearchBy::Resource(name) => ("ResourceName", name.clone()),
        SearchBy::EventId(id) => ("EventId", id.clone()),
        SearchBy::EventName(name) => ("EventName", name.clone()),
        SearchBy::EventSource(source) => ("EventSource", source.clone()),
        SearchBy::ReadOnly(read_only) => ("ReadOnly", read_only.to_string()),
        SearchBy::Any => ("none", String::new()),
    }
}

/// Makes searches in every scope that the store knows, with a data layer of their own; what they find is the store's.
pub(super) fn run(wire: Wire, mut settings: Settings, store: &mut Store, plan: &Plan) -> Result<(), Failure> {
    if plan.extra.is_empty() || store.estate().scopes.is_empty() {
        return Ok(());
    }
    // One that polls stays until it is told to end; who it is, it has to know before it searches.
    settings.once = false;
    settings.sources = vec![Source::Identity];
    let (handle, listen) = Handle::pair();
    let (to, mut from) = mpsc::channel(QUEUE);
    let running = aws::spawn(wire, settings, listen, to);
    let mut scopes: HashSet<Scope> = HashSet::new();
    let mut identified: HashSet<Scope> = HashSet::new();
    let mut answered: HashSet<(Scope, EventSearch)> = HashSet::new();
    let mut asked = false;
    while let Some(polled) = from.blocking_recv() {
        match polled {
            // Every scope announces itself before the first of them makes a call.
            Polled::Running(Source::Identity, scope, _) if !asked => {
                scopes.insert(scope);
            }
            Polled::Renamed { from, to } => {
                scopes.remove(&from);
                scopes.insert(to);
            }
            Polled::Ended { source: Source::Identity, scope, .. } => {
                identified.insert(scope);
                if !asked && scopes.is_subset(&identified) {
                    asked = true;
                    for search in &plan.extra {
                        handle.send(aws::Command::Search(search.clone()));
                    }
                }
            }
            Polled::Data { source: Source::Events, scope, deltas } => {
                for delta in &deltas {
                    if let Delta::Search(reach) = delta {
                        answered.insert((scope.clone(), reach.search.clone()));
                    }
                }
                store.apply(Polled::Data { source: Source::Events, scope, deltas });
            }
            Polled::Call(call) => store.apply(Polled::Call(call)),
            _ => {}
        }
        if asked && answered.len() >= scopes.len() * plan.extra.len() {
            break;
        }
    }
    let (done, _stopped) = oneshot::channel();
    handle.send(aws::Command::Stop(done));
    drop(from);
    match running.join() {
        Ok(ended) => Ok(ended?),
        Err(_) => Err(Failure::Io(io::Error::other("the data layer broke down"))),
    }
}

#[cfg(test)]
mod tests {
    use crate::store::rows::RowKind;

    use super::*;

    fn plan(query: &str) -> Plan {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        Plan::of(&[Query::parse(query, RowKind::Events.schema()).unwrap()], now, 24)
    }

    fn by(query: &str) -> Vec<SearchBy> {
        plan(query).extra.into_iter().map(|search| search.by).collect()
    }

    #[test]
    fn a_narrowing_attribute_is_searched_for() {
        assert_eq!(by("key:ASIAX since:2h"), [SearchBy::AccessKey("ASIAX".into())]);
        assert_eq!(by("session:s table:orders"), [SearchBy::Username("s".into())]);
        assert_eq!(by("name:UpdateTable"), [SearchBy::EventName("UpdateTable".into())]);
        assert_eq!(by("table:orders"), [SearchBy::Resource("orders".into())]);
        assert_eq!(by("by:alice"), [SearchBy::Username("alice".into())]);
        assert_eq!(by("name:Update* !readonly"), []);
        assert_eq!(by("readonly"), [SearchBy::ReadOnly(true)]);
    }

    #[test]
    fn windows_bound_searches_and_only_whole_ones_are_whole() {
        let of = plan("key:ASIAX since:2026-11-01 until:2026-11-02");
        assert_eq!(of.extra[0].since, Some("2026-11-01T00:00:00Z".parse().unwrap()));
        assert_eq!(of.extra[0].until, Some("2026-11-03T00:00:00Z".parse().unwrap()));
        assert_eq!(plan("until:2026-11-02").extra.len(), 2);
        assert!(plan("until:2026-11-02").whole.is_none() && plan("table:orders").whole.is_none());
        assert!(plan("!readonly").whole.is_some() && plan("id:E").whole.is_some());
    }
}
