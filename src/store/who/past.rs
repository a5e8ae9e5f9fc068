//! The events that have to do with a table, sorted by what they tell, and how far they reach.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{EventCategory, SearchBy, Table};
use crate::store::Store;
use crate::trail::EventRef;
use crate::trail::catalogue;

use super::{Extent, Line};

/// What an event tells about a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    /// The table's key was used.
    Key,
    /// An item was read or written.
    Item,
    /// Its content went elsewhere, or may.
    Copy,
    /// It was changed.
    Change,
    /// It was looked at.
    Look,
}

const KEY: [&str; 4] = ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt"];
const COPY: [&str; 11] = [
    "ExportTableToPointInTime",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "CreateBackup",
    "StartBackupJob",
    "StartCopyJob",
    "StartRestoreJob",
    "EnableKinesisStreamingDestination",
    "CreateEventSourceMapping",
    "CreateGlobalTable",
    "UpdateGlobalTable",
];

fn tells(event: EventRef<'_>) -> Tells {
    if event.source().starts_with("kms.") && KEY.iter().any(|name| event.name().starts_with(name)) {
        return Tells::Key;
    }
    if event.category() == EventCategory::Data {
        return Tells::Item;
    }
    // A stream or a replica is switched on by the call that changes everything else as well.
    let flows = event.name() == "UpdateTable"
        && ["streamSpecification", "replicaUpdates"].iter().any(|key| event.record().contains(key));
    if flows || COPY.iter().any(|name| event.name().starts_with(name)) {
        return Tells::Copy;
    }
    let reads = event
        .read_only()
        .unwrap_or_else(|| ["Describe", "List", "Get"].iter().any(|verb| event.name().starts_with(verb)));
    if reads { Tells::Look } else { Tells::Change }
}

/// The events of a table.
pub struct Past<'a> {
    events: Vec<(Tells, EventRef<'a>)>,
    /// How much the events that were read are of all there are.
    pub extent: Extent,
    /// What was read, in words.
    pub reach: String,
    /// When the searches ended.
    pub read: Option<Timestamp>,
}

impl<'a> Past<'a> {
    pub fn of(store: &'a Store, table: &Table, since: Option<Timestamp>, everywhere: bool) -> Self {
        let inside = |event: EventRef<'_>| {
            let here = event.region() == table.scope.region
                && (event.account().is_empty() || event.account() == table.scope.account);
            here && since.is_none_or(|since| event.time() >= since) && !event.own()
        };
        let named = store.events().by_table(&table.name);
        let mut events: Vec<(Tells, EventRef<'a>)> =
            named.into_iter().filter(|event| inside(*event)).map(|event| (tells(event), event)).collect();
        if everywhere {
            let quoted = format!("\"{}\"", table.name);
            let mentions = |event: &EventRef<'_>| {
                !event.names(&table.name)
                    && inside(*event)
                    && (event.record().contains(&quoted) || event.record().contains(&table.arn))
            };
            events.extend(store.events().newest_first().filter(mentions).map(|event| (tells(event), event)));
            events.sort_by(|(_, a), (_, b)| b.time().cmp(&a.time()).then_with(|| b.row().cmp(&a.row())));
        }
        let (extent, reach) = reach(store, table, since, everywhere);
        let read = store.freshness_of(crate::model::Source::Events, &table.scope).and_then(|of| of.good);
        Self { events, extent, reach, read }
    }

    /// The lines of what tells this: one for each principal, call and outcome, newest first.
    pub fn lines(&self, wanted: Tells) -> Vec<Line> {
        let mut found: BTreeMap<(&str, &str, Option<&str>), Line> = BTreeMap::new();
        for (_, event) in self.events.iter().filter(|(tells, _)| *tells == wanted) {
            let risk = catalogue::of(*event).map(|risk| risk.rank);
            let key = (event.principal(), event.name(), event.error());
            let line = found.entry(key).or_insert_with(|| Line {
                at: Some(event.time()),
                first: Some(event.time()),
                who: who(*event),
                what: what(*event),
                count: Some(0),
                risk,
                event: Some(event.id().into_owned()),
            });
            line.count = line.count.map(|count| count + 1);
            line.first = line.first.min(Some(event.time()));
            line.risk = line.risk.max(risk);
        }
        let mut lines: Vec<Line> = found.into_values().collect();
        lines.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.who.cmp(&b.who)));
        lines
    }
}

fn who(event: EventRef<'_>) -> String {
    let from = event.ip().filter(|ip| !ip.ends_with(".amazonaws.com"));
    let from = from.map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{}{from}", event.principal())
}

fn what(event: EventRef<'_>) -> String {
    let refused = event.error().map(|error| format!(", refused: {error}")).unwrap_or_default();
    let means = catalogue::of(event).and_then(|risk| risk.because.first().map(|when| format!(": {}", when.means)));
    format!("{}{}{refused}", event.name(), means.filter(|_| refused.is_empty()).unwrap_or_default())
}

/// How far the searches for the table's events got, in its scope.
fn reach(store: &Store, table: &Table, since: Option<Timestamp>, everywhere: bool) -> (Extent, String) {
    let key = table.description.value().and_then(|description| description.kms_key.as_deref());
    let counts = |by: &SearchBy| match by {
        SearchBy::ReadOnly(_) | SearchBy::EventSource(_) | SearchBy::Any => true,
        SearchBy::Resource(name) => *name == table.name || *name == table.arn || Some(name.as_str()) == key,
        _ => false,
    };
    let of: Vec<_> =
        store.searches().iter().filter(|(scope, reach)| *scope == table.scope && counts(&reach.search.by)).collect();
    let failed: Vec<String> =
        of.iter().filter_map(|(_, reach)| Some(reach.found.as_ref().err()?.to_string())).collect();
    let cut = of.iter().filter(|(_, reach)| reach.cut).count();
    let by = |wanted: &str| {
        of.iter().any(|(_, reach)| matches!(&reach.search.by, SearchBy::Resource(name) if name == wanted))
    };
    let how = match (by(&table.name) || by(&table.arn), key.is_some_and(by)) {
        (true, true) => ", searched by the table and by its key",
        (true, false) => ", searched by the table; not by its key",
        (false, true) => ", searched by its key; not by the table",
        (false, false) => ", as polled: writes, and DynamoDB's own",
    };
    let from = since.map_or_else(|| " of 90 days at most".to_owned(), |since| format!(" since {since:.0}"));
    let mut text = format!("CloudTrail's management events{from}{how}");
    if of.is_empty() {
        return (Extent::Incomplete, format!("{text}; not searched in {} yet", table.scope));
    }
    for error in &failed {
        text.push_str(&format!("; a search failed: {error}"));
    }
    if cut > 0 {
        text.push_str(&format!("; {cut} searches were cut short: more is there"));
    }
    if !everywhere {
        text.push_str("; only records that name the table where calls do");
    }
    let extent = if !failed.is_empty() || cut > 0 { Extent::Incomplete } else { Extent::Limited };
    (extent, text)
}
