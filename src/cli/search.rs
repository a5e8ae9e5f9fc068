//! What `events` searches CloudTrail for besides what is polled, and how far all of it reached.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::aws::{self, Handle, Settings};
use crate::model::{Delta, EventSearch, Polled, Scope, SearchReach, Source};
use crate::store::Store;
use crate::trail::engine::Engine;
use crate::trail::engine::lookup::{self, Lookup, Plan};
use crate::wire::Wire;

use super::line::Line;
use super::{Failure, talk};

/// What the polled searches bring, in words.
const POLLED: &str = "write calls, DynamoDB's own events and the newest uses of keys";

/// What was searched, and whether that was all.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// For `coverage.events`.
    pub json: Value,
    /// A search that counts was cut short or failed.
    pub cut: bool,
    /// For standard error; none when the rows are all there are.
    pub lines: Vec<String>,
}

impl Reach {
    pub(super) fn of(plan: &Plan, store: &Store) -> Self {
        let (mut searched, mut cut, mut words) = (Vec::new(), false, Vec::<(String, usize, usize, usize)>::new());
        let mut all: Vec<_> = store.searches().iter().collect();
        // They answer in any order.
        all.sort_by_cached_key(|(scope, reach)| (reach.search.by.attribute(), scope.clone()));
        for (scope, reach) in all {
            let SearchReach { search, found, cut: more, .. } = reach;
            let (attribute, value) = search.by.attribute();
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
        let sight = Lookup { hours: plan.hours }.sight();
        let json = json!({
            "engine": "lookup", "sees": sight.sees, "kept": sight.kept, "late": sight.late, "records": sight.records,
            "searched": searched, "cut": cut, "hours": plan.hours, "limited_to": limited,
        });
        let each = words.into_iter().map(|(name, scopes, short, failed)| {
            let short = if short > 0 { format!(" (cut short in {short})") } else { String::new() };
            let failed = if failed > 0 { format!(" (failed in {failed})") } else { String::new() };
            format!("{name} in {scopes} scopes{short}{failed}")
        });
        let each = each.collect::<Vec<_>>().join(", ");
        let mut lines = Vec::new();
        match (cut, limited) {
            (false, None) => {}
            (true, _) => lines.push(format!("events: not all there are; searched by {each}")),
            (false, Some(what)) => lines.push(format!(
                "events: only {what} are read, and what these searches found: {each}; \
                 key:, session:, id:, name: or source: searches CloudTrail for all"
            )),
        }
        if plan.cased {
            lines.push(
                "events: CloudTrail finds names in the letter case that they were written in, and no other".to_owned(),
            );
        }
        lines.extend(broken_line(store));
        let mut json = json;
        broken_json(store, &mut json);
        Self { json, cut, lines }
    }
}

/// Records that an API brought and nobody understood: counted, and said.
pub(super) fn broken_line(store: &Store) -> Option<String> {
    let count = store.broken_events().len();
    (count > 0).then(|| format!("{count} broken records are kept: -o json shows them, with the reason"))
}

/// The same for `coverage.events`.
pub(super) fn broken_json(store: &Store, into: &mut Value) {
    let broken = store.broken_events().iter().map(|(reason, raw)| json!({"reason": reason, "raw": raw}));
    into["broken"] = json!(store.broken_events().len());
    into["broken_records"] = broken.collect();
}

/// Makes searches in every scope that the store knows, with a data layer of their own; what they find is the store's.
pub(super) fn run(wire: Wire, settings: Settings, store: &mut Store, plan: &Plan) -> Result<(), Failure> {
    if plan.extra.is_empty() || store.estate().scopes.is_empty() {
        return Ok(());
    }
    let share = if settings.limits { settings.share } else { 1.0 };
    let (longest, clock) = (lookup::searching(plan, share), wire.clock.clone());
    let (began, mut line, mut requests) = (clock.now(), Line::new(), 0usize);
    let mut answered: HashSet<(Scope, EventSearch)> = HashSet::new();
    let ask = |handle: &Handle| {
        for search in &plan.extra {
            handle.send(aws::Command::Search(search.clone()));
        }
    };
    let hear = |polled: Polled, scopes: usize| {
        match polled {
            Polled::Data { source: Source::Events, scope, deltas } => {
                for delta in &deltas {
                    if let Delta::Search(reach) = delta {
                        answered.insert((scope.clone(), reach.search.clone()));
                    }
                }
                store.apply(Polled::Data { source: Source::Events, scope, deltas });
            }
            Polled::Call(call) => {
                if call.operation == "cloudtrail:LookupEvents" {
                    requests += 1;
                    // Scopes are searched side by side.
                    line.show(|| {
                        let left = (longest - clock.now().duration_since(began).as_secs_f64()).max(0.0);
                        format!(
                            "searching CloudTrail in {scopes} scopes: {requests} requests, at most {left:.0} s left"
                        )
                    });
                }
                store.apply(Polled::Call(call));
            }
            _ => {}
        }
        scopes > 0 && answered.len() >= scopes * plan.extra.len()
    };
    let ended = talk::put(wire, settings, false, ask, hear);
    line.end();
    ended.map(|_| ())
}
