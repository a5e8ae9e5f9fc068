//! `LookupEvents`: the event history that CloudTrail keeps by itself, searched by one attribute at a time.

use jiff::Timestamp;

use super::{Engine, Name, Reads, Sight, Window, Work};
use crate::model::{EventSearch, SearchBy};
use crate::trail::catalogue;
use crate::trail::query::Query;

/// Events that one search reads in each scope at most.
pub const MOST: usize = 5_000;
/// Events a page. Source: the operation's reference.
const PAGE: usize = 50;
/// Pages of the first search of each kind that is polled: 2,000 events.
pub const FIRST_PAGES: usize = 40;
/// Pages of each search for uses of keys, which is polled too.
pub const KEY_PAGES: usize = 10;
/// Kinds of searches that are polled beside it: changes, and what concerns DynamoDB.
const POLLED: usize = 2;
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

    fn dollars(&self, _: Reads) -> Option<f64> {
        Some(0.0)
    }
}

/// The longest that all of it can take in one scope, in seconds, at a share of the documented rate.
#[must_use]
pub fn longest(plan: &Plan, share: f64) -> f64 {
    (POLLED * FIRST_PAGES + KEY_PAGES) as f64 / (RATE * share) + searching(plan, share)
}

/// The longest that the searches on demand can take of it.
#[must_use]
pub fn searching(plan: &Plan, share: f64) -> f64 {
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
    /// A search goes by a name whose letter case is only supposed: CloudTrail takes it exactly.
    pub cased: bool,
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
        // LookupEvents takes letter case exactly, queries do not: values are brought to the case that AWS writes, where
        // that is known. What was named by somebody is searched as it was typed, and that is not all.
        let mut whole = required("id")
            .map(|id| SearchBy::EventId(id.to_ascii_lowercase()))
            .or_else(|| required("access_key").map(|key| SearchBy::AccessKey(key.to_ascii_uppercase())));
        let mut typed = None;
        if whole.is_none()
            && let Some(session) = required("session")
        {
            match has_case(&session) {
                true => typed = Some(SearchBy::Username(session)),
                false => whole = Some(SearchBy::Username(session)),
            }
        }
        if whole.is_none()
            && typed.is_none()
            && let Some(name) = required("name")
        {
            match catalogue::name(&name) {
                Some(name) => whole = Some(SearchBy::EventName(name.to_owned())),
                None => typed = Some(SearchBy::EventName(name)),
            }
        }
        if whole.is_none() && typed.is_none() {
            whole = required("source").map(|source| SearchBy::EventSource(source.to_ascii_lowercase()));
        }
        let since = queries.iter().filter_map(|query| query.window(now).0).max();
        let until = queries.iter().filter_map(|query| query.window(now).1).min();
        let mut by: Vec<SearchBy> = whole.clone().into_iter().chain(typed).collect();
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
        }
        if until.is_some() && whole.as_ref().is_none_or(|whole| !by.contains(whole)) {
            // The polled searches go from now backwards: they may end before the window begins.
            by.push(SearchBy::ReadOnly(false));
            by.push(SearchBy::EventSource("dynamodb.amazonaws.com".to_owned()));
        }
        let cased = by.iter().any(|by| match by {
            SearchBy::Username(name) | SearchBy::Resource(name) => has_case(name),
            SearchBy::EventName(_) => whole.is_none(),
            _ => false,
        });
        let extra = by.into_iter().map(|by| EventSearch { by, since, until, limit: MOST }).collect();
        Self { extra, whole, cased, bounded: until.is_some(), hours }
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

/// Whether a name can be written in another letter case.
fn has_case(name: &str) -> bool {
    name.chars().any(char::is_alphabetic)
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

    #[test]
    fn names_are_searched_in_the_case_that_aws_writes() {
        assert_eq!(by("name:updatetable"), [SearchBy::EventName("UpdateTable".into())]);
        assert!(plan("name:UPDATETABLE").whole.is_some() && !plan("name:UPDATETABLE").cased);
        let unknown = plan("name:frobnicate");
        assert_eq!(unknown.extra[0].by, SearchBy::EventName("frobnicate".into()));
        assert!(unknown.whole.is_none() && unknown.cased, "that none was found does not mean that there is none");
        assert!(plan("session:Jo").whole.is_none() && plan("session:Jo").cased);
        assert!(plan("session:1700000000").whole.is_some());
    }

    #[test]
    fn the_time_it_takes_counts_what_is_polled_too() {
        assert!((longest(&plan(""), 1.0) - 45.0).abs() < 0.1);
        assert!((longest(&plan("key:ASIAX"), 0.5) - 190.0).abs() < 0.1);
    }
}
