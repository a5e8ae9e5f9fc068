//! What `events` searches CloudTrail for besides what is polled, and how far all of it reached.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::aws::{self, Handle, Settings};
use crate::export::safe;
use crate::model::{Delta, EventSearch, Polled, Scope, SearchBy, SearchReach, Source};
use crate::store::Store;
use crate::trail::engine::Engine;
use crate::trail::engine::lookup::{self, Lookup, Plan};
use crate::wire::{Clock, Wire};

use super::Failure;

/// Messages in flight between data layer and store.
const QUEUE: usize = 1_024;
/// What the polled searches bring, in words.
const POLLED: &str = "write calls and DynamoDB's own events";

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
    let share = if settings.limits { settings.share } else { 1.0 };
    let mut eta = Eta::new(lookup::longest(plan, share), wire.clock.clone());
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
            Polled::Call(call) => {
                if asked && call.operation == "cloudtrail:LookupEvents" {
                    eta.show(scopes.len());
                }
                store.apply(Polled::Call(call));
            }
            _ => {}
        }
        if asked && answered.len() >= scopes.len() * plan.extra.len() {
            break;
        }
    }
    eta.end();
    let (done, _stopped) = oneshot::channel();
    handle.send(aws::Command::Stop(done));
    drop(from);
    match running.join() {
        Ok(ended) => Ok(ended?),
        Err(_) => Err(Failure::Io(io::Error::other("the data layer broke down"))),
    }
}

/// How long searches go on at most, in a line on standard error that is overwritten, when that is a terminal.
struct Eta {
    on: bool,
    shown: bool,
    longest: f64,
    requests: usize,
    clock: Clock,
    began: Timestamp,
}

impl Eta {
    /// `longest` is how many seconds they can take in one scope.
    fn new(longest: f64, clock: Clock) -> Self {
        let began = clock.now();
        Self { on: io::stderr().is_terminal(), shown: false, longest, requests: 0, clock, began }
    }

    /// One more request was made; scopes are searched side by side.
    fn show(&mut self, scopes: usize) {
        self.requests += 1;
        if !self.on {
            return;
        }
        self.shown = true;
        let left = (self.longest - self.clock.now().duration_since(self.began).as_secs_f64()).max(0.0);
        let line = format!(
            "\r\x1b[Ksearching CloudTrail in {scopes} scopes: {} requests, at most {left:.0} s left",
            self.requests
        );
        // A progress that nobody sees is no failure.
        let _closed = io::stderr().write_all(line.as_bytes());
    }

    fn end(&self) {
        if self.shown {
            let _closed = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
