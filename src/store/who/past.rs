//! The events that have to do with a table, sorted by what they tell, and how far they reach.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{EventCategory, SearchBy, Table};
use crate::store::Store;
use crate::store::rows::{Records, RowKind, event_field};
use crate::trail::catalogue::{self, Risk};
use crate::trail::query::Query;
use crate::trail::query::toggle::term;
use crate::trail::{EventRef, scan};

use super::files::{self, Standing};
use super::{Extent, Line, Reach};

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

const FLOWS: &str = "UpdateTable";

fn tells(event: EventRef<'_>, record: &str) -> Tells {
    if event.source().starts_with("kms.") && KEY.iter().any(|name| event.name().starts_with(name)) {
        return Tells::Key;
    }
    if event.category() == EventCategory::Data {
        return Tells::Item;
    }
    // A stream or a replica is switched on by the call that changes everything else as well.
    let flows =
        event.name() == FLOWS && ["streamSpecification", "replicaUpdates"].iter().any(|key| record.contains(key));
    if flows || COPY.iter().any(|name| event.name().starts_with(name)) {
        return Tells::Copy;
    }
    let reads = event
        .read_only()
        .unwrap_or_else(|| ["Describe", "List", "Get"].iter().any(|verb| event.name().starts_with(verb)));
    if reads { Tells::Look } else { Tells::Change }
}

/// An event of a table.
struct Seen<'a> {
    event: EventRef<'a>,
    tells: Tells,
    risk: Option<Risk>,
}

/// The events of a table.
pub struct Past<'a> {
    /// Newest first.
    events: Vec<Seen<'a>>,
    /// How much the events that were read are of all there are.
    pub extent: Extent,
    /// What was read, in words.
    pub reach: String,
    /// When the searches ended.
    pub read: Option<Timestamp>,
    /// What was read of files, in words.
    pub files: Option<String>,
    /// Files that could not be read again.
    pub unread: usize,
    /// What could not be asked.
    pub standing: Standing,
    /// Calls that stopped a trail, newest first, with their records.
    pub stops: Vec<(EventRef<'a>, String)>,
}

/// As many records are asked for where files have to be read for them, the newest.
const ASKED: usize = 1_000;

impl Reach<'_> {
    /// Hands over the records of events, one after the other, `None` for one that is not at hand.
    fn records<'a>(
        &mut self,
        store: &Store,
        events: &[EventRef<'a>],
        mut visit: impl FnMut(EventRef<'a>, Option<&str>),
    ) {
        match self {
            Self::Everywhere => {
                let rows: Vec<u32> = events.iter().map(|event| event.row()).collect();
                let records = Records::new(store.events(), &rows);
                events.iter().for_each(|event| visit(*event, records.get(event.row()).as_deref()));
            }
            Self::AtHand(read) => {
                for (at, event) in events.iter().enumerate() {
                    let record = if at < ASKED { read(*event) } else { None };
                    visit(*event, record.as_deref());
                }
            }
        }
    }
}

impl<'a> Past<'a> {
    pub fn of(store: &'a Store, table: &Table, since: Option<Timestamp>, mut reach: Reach<'_>) -> Self {
        let everywhere = matches!(reach, Reach::Everywhere);
        let inside = |event: &EventRef<'_>| {
            let here = event.region() == table.scope.region
                && (event.account().is_empty() || event.account() == table.scope.account);
            here && since.is_none_or(|since| event.time() >= since) && !event.own()
        };
        let mut found = store.events().by_table(&table.name);
        found.retain(inside);
        let mut unread = 0;
        if everywhere {
            let (mentions, failed) = mentions(store, table, since, &inside);
            unread = failed;
            found.extend(mentions);
            found.sort_by(|a, b| b.time().cmp(&a.time()).then_with(|| b.row().cmp(&a.row())));
        }
        // Where parameters matter, records are looked at, together: files are read again for it.
        let needs = |event: &&EventRef<'_>| {
            event.name() == FLOWS
                || catalogue::entry(event.source(), event.name()).is_some_and(catalogue::Entry::needs_record)
        };
        let (with, without): (Vec<_>, Vec<_>) = found.into_iter().partition(|event| needs(&event));
        let seen = |event, record: &str| Seen {
            event,
            tells: tells(event, record),
            risk: catalogue::of_record(event, record),
        };
        let mut events: Vec<Seen<'a>> = without.into_iter().map(|event| seen(event, "")).collect();
        let mut unlooked = 0;
        reach.records(store, &with, |event, record| {
            unlooked += usize::from(record.is_none());
            events.push(seen(event, record.unwrap_or_default()));
        });
        events.sort_by(|a, b| b.event.time().cmp(&a.event.time()).then_with(|| b.event.row().cmp(&a.event.row())));
        let stopped = |event: &EventRef<'_>| event.name() == "StopLogging" && event.error().is_none();
        let stopping: Vec<_> = store.events().newest_first().filter(stopped).take(ASKED).collect();
        let mut stops = Vec::new();
        reach.records(store, &stopping, |event, record| stops.extend(record.map(|record| (event, record.to_owned()))));
        let standing = Standing::of(store, table);
        let files = files::reach(store, unread);
        let (extent, reach) = match (&standing.account, &files) {
            (Some(unknown), Some(files)) => (Extent::Limited, format!("{files}; CloudTrail itself: {}", unknown.why)),
            (_, files) => {
                let (extent, reach) = searched(store, table, since);
                (extent, files.as_ref().map_or_else(|| reach.clone(), |files| format!("{reach}; and {files}")))
            }
        };
        let (mut extent, mut reach) = (extent, reach);
        if unlooked > 0 {
            extent = Extent::Incomplete;
            reach.push_str(&format!("; {unlooked} of their records not read from their files yet"));
        }
        if !everywhere {
            extent = Extent::Incomplete;
            reach.push_str("; only records that name the table where calls do: dynakeep who searches all");
        }
        let read = store.freshness_of(crate::model::Source::Events, &table.scope).and_then(|of| of.good);
        Self { events, extent, reach, read, files, unread, standing, stops }
    }

    /// How many events tell this, the oldest and the newest.
    pub fn span(&self, wanted: Tells) -> Option<(usize, Timestamp, Timestamp)> {
        let mut times = self.events.iter().filter(|of| of.tells == wanted).filter_map(|of| of.event.when());
        let newest = times.next()?;
        let (count, oldest) = times.fold((1, newest), |(count, _), at| (count + 1, at));
        Some((count, oldest, newest))
    }

    /// The lines of what tells this: one for each principal, call and outcome, newest first.
    pub fn lines(&self, wanted: Tells) -> Vec<Line> {
        let mut found: BTreeMap<(&str, &str, Option<&str>), Line> = BTreeMap::new();
        for Seen { event, risk: means, .. } in self.events.iter().filter(|of| of.tells == wanted) {
            let risk = means.as_ref().map(|risk| risk.rank);
            let key = (event.principal(), event.name(), event.error());
            let line = found.entry(key).or_insert_with(|| Line {
                at: Some(event.time()),
                first: Some(event.time()),
                who: who(*event),
                what: what(*event, means.as_ref()),
                count: Some(0),
                risk,
                event: Some(event.key().into_owned()),
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

/// Events whose records hold the table's name in quotes or its ARN, though no parameter that is known names it; and how
/// many files could not be searched.
fn mentions<'a>(
    store: &'a Store,
    table: &Table,
    since: Option<Timestamp>,
    inside: &impl Fn(&EventRef<'_>) -> bool,
) -> (Vec<EventRef<'a>>, usize) {
    let events = store.events();
    let name = format!("\"{}\"", table.name);
    let text = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let since = since.map(|since| format!(" since:{since:.0}")).unwrap_or_default();
    let asked = format!("({} or {}) {}{since}", text(&name), text(&table.arn), term("region", &table.scope.region));
    let Ok(query) = Query::parse(&asked, RowKind::Events.schema()) else { return (Vec::new(), 0) };
    let (rows, unread) = scan::ask(events, &query, store.estate().now, &event_field);
    let open = |event: &EventRef<'_>| !event.names(&table.name) && inside(event);
    let rows: Vec<u32> = rows.iter().filter_map(|row| events.at(row)).filter(open).map(EventRef::row).collect();
    // The search takes letters of either case alike, and an ARN for the beginning of a longer one.
    let records = Records::new(events, &rows);
    let holds = |row: &&u32| {
        let record = records.get(**row).unwrap_or_default();
        record.contains(&name) || speaks_of(&record, &table.arn)
    };
    (rows.iter().filter(holds).filter_map(|row| events.at(*row)).collect(), unread)
}

/// True when a text holds an ARN that ends where the name of its table does.
fn speaks_of(text: &str, arn: &str) -> bool {
    let goes_on = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '.');
    text.match_indices(arn).any(|(at, _)| !text.get(at + arn.len()..).unwrap_or_default().starts_with(goes_on))
}

fn who(event: EventRef<'_>) -> String {
    let from = event.ip().filter(|ip| !ip.ends_with(".amazonaws.com"));
    let from = from.map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{}{from}", event.principal())
}

fn what(event: EventRef<'_>, risk: Option<&Risk>) -> String {
    let refused = event.error().map(|error| format!(", refused: {error}")).unwrap_or_default();
    let means = risk.and_then(|risk| risk.because.first().map(|when| format!(": {}", when.means)));
    format!("{}{}{refused}", event.name(), means.filter(|_| refused.is_empty()).unwrap_or_default())
}

/// How far the searches for the table's events got, in its scope.
fn searched(store: &Store, table: &Table, since: Option<Timestamp>) -> (Extent, String) {
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
    let extent = if !failed.is_empty() || cut > 0 { Extent::Incomplete } else { Extent::Limited };
    (extent, text)
}
