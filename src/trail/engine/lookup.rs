//! `LookupEvents`: the event history that CloudTrail keeps by itself, searched by one attribute at a time.

use jiff::Timestamp;

use super::{Engine, Name, Sight, Window, Work};
use crate::model::{EventSearch, SearchBy};
use crate::trail::query::Query;

/// Events that one search reads in each scope at most.
pub const MOST: usize = 5_000;
/// Events a page. Source: the operation's reference.
const PAGE: usize = 50;
/// Requests a second that an account may make in a region. Source: CloudTrail's quotas.
const RATE: f64 = 2.0;

/// `LookupEvents`, as it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup {
    /// How far back the polled searches go.
    pub hours: i64,
}

impl Engine for Lookup {
    fn name(&self) -> Name {
        Name::Lookup
    }

    fn sight(&self) -> Sight {
        Sight {
            sees: "management events of each account and region; no data events",
            kept: "90 days",
            late: "about 5 minutes after the event, now and then 15",
            records: "as CloudTrail delivered them",
        }
    }

    fn translate(&self, queries: &[Query], window: &Window) -> Result<Work, String> {
        Ok(Work::Lookup(Plan::of(queries, window.now, self.hours)))
    }

    fn dollars(&self, _: u64) -> Option<f64> {
        None
    }
}

/// The longest that searches of a plan can take in one scope, in seconds, at a share of the documented rate.
#[must_use]
pub fn longest(plan: &Plan, share: f64) -> f64 {
    let pages = plan.extra.iter().map(|search| search.limit.div_ceil(PAGE)).sum::<usize>();
    pages as f64 / (RATE * share)
}

/// The searches that a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// On demand, in every scope.
    pub extra: Vec<EventSearch>,
    /// The attribute whose search alone brings every event that the query can match.
    pub whole: Option<SearchBy>,
    /// Only the searches on demand keep to the query's window.
    bounded: bool,
    /// How far back the polled searches go.
    pub hours: i64,
}

impl Plan {
    /// What these queries, which all must hold, can be searched by. `hours` is how far back the polled searches go.
    #[must_use]
    pub fn of(queries: &[Query], now: Timestamp, hours: i64) -> Self {
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
    #[must_use]
    pub fn counts(&self, search: &EventSearch) -> bool {
        match &self.whole {
            Some(by) => search.by == *by && (!self.bounded || self.extra.contains(search)),
            None => !self.bounded || self.extra.contains(search),
        }
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
