//! What events say of callers and tables, noted in slices as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::controls::CATALOGUE;
use crate::model::{
    Change, Connection, EventCategory, Look, Scope, SearchBy, Sighting, Source, Way, Whence, Who, Witness,
};
use crate::trail::EventRef;

use super::Store;

/// Rows between two looks at the time.
const SOME: u32 = 256;

/// How far events were noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Rows below are.
    rows: u32,
    /// Of which numbering.
    generation: u64,
    /// The origins met, each kept once.
    origins: BTreeSet<Arc<str>>,
}

impl Store {
    /// Events that were noted may be gone: begins anew.
    pub(super) fn note_anew(&mut self) {
        self.noted.rows = 0;
    }

    /// Notes what events say that are new, for so long; `true` when all have spoken. What rests on it is judged anew.
    pub(super) fn note_within(&mut self, began: Instant, within: Duration) -> bool {
        let all = self.events.rows() as u32;
        // Without a scope there is no table that it could be about.
        if self.estate.scopes.is_empty()
            || (self.noted.rows == all && self.noted.generation == self.events.generation())
        {
            return true;
        }
        let mut touched: BTreeSet<(Scope, String)> = BTreeSet::new();
        if self.noted.rows == 0 || self.noted.generation != self.events.generation() {
            (self.noted.rows, self.noted.generation) = (0, self.events.generation());
            self.drifts.heard.clear();
            self.drifts.stale = true;
            for (scope, of) in &mut self.estate.witness {
                touched.extend(std::mem::take(&mut of.tables).into_keys().map(|name| (scope.clone(), name)));
                of.connections.clear();
                of.missed = 0;
            }
        }
        let mut connected = false;
        while self.noted.rows < all {
            let until = self.noted.rows.saturating_add(SOME).min(all);
            for row in self.noted.rows..until {
                if let Some(event) = self.events.at(row) {
                    connected |= hear(event, &mut self.estate.witness, &mut self.noted.origins, &mut touched);
                    self.drifts.stale |= self.drifts.heard.note(event);
                }
            }
            self.noted.rows = until;
            if began.elapsed() >= within {
                break;
            }
        }
        if !touched.is_empty() {
            let is = |scope: &Scope, name: &String| touched.contains(&(scope.clone(), name.clone()));
            let of = self.estate.tables.values().filter(|table| is(&table.scope, &table.name));
            self.dirty_tables.extend(of.map(|table| table.arn.clone()));
        }
        if connected {
            self.due.extend(CATALOGUE.iter().position(|control| control.id == "ENC-09"));
        }
        self.noted.rows == all
    }

    /// Since when the searches that are made all the time left nothing out, scope by scope, and why some did not
    /// answer. Tables are judged anew where that changed.
    pub(super) fn note_reach(&mut self) {
        let mut since: BTreeMap<Scope, BTreeMap<Look, Timestamp>> = BTreeMap::new();
        for (scope, reach) in &self.searches {
            let look = match &reach.search.by {
                SearchBy::ReadOnly(false) => Look::Changes,
                SearchBy::EventSource(source) if source == "dynamodb.amazonaws.com" => Look::Service,
                SearchBy::EventName(name) if name == "Decrypt" => Look::Keys,
                _ => continue,
            };
            let (Some(from), true) = (reach.from, reach.found.is_ok() && reach.search.until.is_none()) else {
                continue;
            };
            let of = since.entry(scope.clone()).or_default();
            of.entry(look)
                .and_modify(|known| {
                    // What goes on from where an earlier one ended, and was cut, leaves a gap between the two.
                    let gap = reach.cut && reach.search.since.is_some_and(|since| since > *known);
                    *known = if gap { from.max(*known) } else { from.min(*known) };
                })
                .or_insert(from);
        }
        // What was let go for want of memory is not known any more.
        let cut = self.events.cut().and_then(|cut| Timestamp::from_second(i64::from(cut)).ok());
        let mut changed = Vec::new();
        for scope in &self.estate.scopes {
            let mut since = since.remove(scope).unwrap_or_default();
            since.values_mut().for_each(|since| *since = cut.map_or(*since, |cut| cut.max(*since)));
            let freshness = self.freshness.get(&(Source::Events, scope.clone()));
            let fault = freshness.and_then(|of| {
                let whole = of.fault.as_ref().map(|fault| &fault.error);
                whole.or(of.partial.first().map(|(error, _)| error)).cloned()
            });
            let of = self.estate.witness.get(scope);
            let is = (of.map(|of| &of.since), of.and_then(|of| of.fault.as_ref()));
            if is != (Some(&since), fault.as_ref()) {
                changed.push((scope.clone(), since, fault));
            }
        }
        for (scope, since, fault) in changed {
            let of = self.estate.witness.entry(scope.clone()).or_default();
            (of.since, of.fault) = (since, fault);
            self.drifts.stale = true;
            self.touch_scope(&scope);
        }
    }
}

/// Takes in what one event says; `true` when it says how it came.
fn hear(
    event: EventRef<'_>,
    witness: &mut BTreeMap<Scope, Witness>,
    origins: &mut BTreeSet<Arc<str>>,
    touched: &mut BTreeSet<(Scope, String)>,
) -> bool {
    let service = event.source().strip_suffix(".amazonaws.com").unwrap_or_default();
    let own = matches!(service, "dynamodb" | "dax" | "streams.dynamodb" | "dynamodbstreams");
    let connection = event.tls().filter(|_| own);
    let way = match (service, event.category()) {
        ("kms", _) if uses_key(event.name()) => Way::Key,
        _ if !own => return false,
        (_, EventCategory::Data | EventCategory::NetworkActivity) => Way::Items,
        (_, EventCategory::Management) => Way::Table,
        _ => return false,
    };
    let Some(at) = event.when() else { return false };
    if connection.is_none() && event.tables().len() == 0 {
        return false;
    }
    let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
    let origin = origins.get(event.origin()).cloned().unwrap_or_else(|| {
        let origin: Arc<str> = Arc::from(event.origin());
        origins.insert(origin.clone());
        origin
    });
    let who = who(event);
    let seen = || Sighting {
        first: at,
        last: at,
        count: 1,
        event: event.id().into_owned(),
        by: who.name.clone(),
        origin: origin.clone(),
    };
    let of = witness.entry(scope.clone()).or_default();
    if let Some(version) = connection {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let key =
            Connection { version: version.to_owned(), exchange: own(event.key_exchange()), host: own(event.host()) };
        Sighting::note(&mut of.connections, &mut of.missed, key, at, seen);
    }
    for name in event.tables() {
        if !of.tables.contains_key(name) {
            of.tables.insert(name.to_owned(), crate::model::Uses::default());
        }
        let Some(uses) = of.tables.get_mut(name) else { continue };
        if event.error().is_some_and(is_refusal) {
            let key = (who.clone(), at.as_second().div_euclid(3600));
            Sighting::note(&mut uses.refused, &mut uses.missed, key, at, seen);
        } else {
            Sighting::note(&mut uses.users, &mut uses.missed, (who.clone(), way), at, seen);
            if way == Way::Table && event.read_only() == Some(false) && event.error().is_none() {
                let change = Change { who: who.clone(), from: whence(event), console: at_console(event) };
                Sighting::note(&mut uses.changes, &mut uses.missed, change, at, seen);
            }
        }
        touched.insert((scope.clone(), name.to_owned()));
    }
    connection.is_some()
}

/// Uses of a key, as its callers name them.
fn uses_key(name: &str) -> bool {
    ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt"].iter().any(|of| name.starts_with(of))
}

fn is_refusal(error: &str) -> bool {
    ["AccessDenied", "UnauthorizedOperation", "NotAuthorized"].iter().any(|of| error.contains(of))
}

/// Who an event names, without the session.
fn who(event: EventRef<'_>) -> Who {
    let Some(arn) = event.principal_arn() else { return Who { name: event.principal().to_owned(), arn: None } };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let (["arn", partition, service, _, account, path], mut arn) = (parts.as_slice(), arn.to_owned()) else {
        return Who { name: arn.to_owned(), arn: Some(arn.to_owned()) };
    };
    let name = match (*service, path.split_once('/')) {
        ("sts", Some(("assumed-role", rest))) => {
            let role = rest.split('/').next().unwrap_or_default();
            arn = format!("arn:{partition}:iam::{account}:role/{role}");
            format!("role/{role}")
        }
        (_, Some((kind, rest))) => format!("{kind}/{}", rest.rsplit('/').next().unwrap_or_default()),
        (_, None) => (*path).to_owned(),
    };
    Who { name, arn: Some(arn) }
}

fn whence(event: EventRef<'_>) -> Whence {
    if let Some(endpoint) = event.vpce() {
        return Whence::Endpoint(endpoint.to_owned());
    }
    let from = event.ip().unwrap_or("an unknown address").to_owned();
    let service = from.ends_with(".amazonaws.com") || from == "AWS Internal";
    if service && from.parse::<IpAddr>().is_err() { Whence::Service(from) } else { Whence::Address(from) }
}

/// The record says so, or the client is a browser or names itself the console.
fn at_console(event: EventRef<'_>) -> bool {
    let browser = |agent: &str| agent.starts_with("Mozilla/") || agent.contains("console.amazonaws.com");
    event.from_console() || event.user_agent().is_some_and(browser)
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
