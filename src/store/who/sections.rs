//! The questions, one function each.

use crate::controls;
use crate::model::{Cell, KeyKind, SourceError, Table};
use crate::store::Store;

use super::past::{Past, Tells};
use super::price::{self, data_events, dollars, grouped};
use super::{Extent, Line, Section};

/// What CloudTrail never records.
const NEVER: &str = "expiry by time to live and reads through DAX are never recorded";

fn section(id: &'static str, title: &'static str, extent: Extent, reach: String) -> Section {
    Section { id, title, extent, reach, read: None, lines: Vec::new(), empty: None }
}

/// The reason why something is not known, where there is one.
fn fault<T>(cell: Option<&Cell<T>>) -> Option<String> {
    cell.map_or_else(|| Some("not read yet".to_owned()), Cell::unknown_reason)
}

/// Which trails record reads and writes of its items.
pub fn recorded(store: &Store, table: &Table, past: &Past) -> Section {
    let estate = store.estate();
    let mut of =
        section("recorded", "recorded", Extent::Whole, format!("trails that cover {}; {NEVER}", table.scope.region));
    if let Some(unknown) = &past.standing.account {
        let none = format!("which trails record its items: {}", unknown.why);
        (of.extent, of.reach) = (unknown.extent, format!("{none}; {NEVER}"));
        // What is there was recorded; when it was not, nothing tells.
        if let Some((count, from, to)) = past.span(Tells::Item) {
            let said = format!("hold {count} reads and writes of its items: something recorded them then");
            of.lines.push(Line { at: Some(to), first: Some(from), ..Line::said("files", said) });
        }
        of.empty = of.lines.is_empty().then_some(none);
        return of;
    }
    let list = estate.trail_lists.get(&table.scope);
    of.read = list.and_then(|cell| Some(cell.seen.as_ref()?.at));
    if let Some(why) = fault(list) {
        of.extent = Extent::Incomplete;
        of.empty = Some(format!("the trails are not known: {why}"));
        return of;
    }
    let trails = controls::recordings(estate, table);
    let (mut reads, mut writes) = (false, false);
    for recording in &trails {
        let trail = recording.trail;
        if let Some(why) = trail.selectors.unknown_reason() {
            of.extent = Extent::Incomplete;
            of.lines.push(Line::said(&trail.name, format!("not known: its selectors: {why}")));
            continue;
        }
        let kinds = match (recording.reads, recording.writes) {
            (true, true) => "reads and writes of items",
            (true, false) => "reads of items, no writes",
            (false, true) => "writes of items, no reads",
            (false, false) if recording.conditions.is_empty() => "no items of this table",
            (false, false) => "some calls on items",
        };
        let only = match recording.conditions.as_slice() {
            [] => String::new(),
            some => format!(", where {}", some.join(" and ")),
        };
        let line = match trail.status.value() {
            None => {
                of.extent = Extent::Incomplete;
                let why = trail.status.unknown_reason().unwrap_or_default();
                Line::said(&trail.name, format!("{kinds}{only}; whether it logs is not known: {why}"))
            }
            Some(status) if status.logging => {
                reads |= recording.reads;
                writes |= recording.writes;
                Line { at: status.delivered, ..Line::said(&trail.name, format!("{kinds}{only}; logging")) }
            }
            Some(status) => stopped(past, &trail.name, &trail.arn, status.delivered, &format!("{kinds}{only}")),
        };
        of.lines.push(line);
    }
    if trails.is_empty() {
        of.empty = Some("no trail covers this region: nothing is kept but the 90 days of management events".to_owned());
    } else if !(reads && writes) && of.extent == Extent::Whole {
        let what = match (reads, writes) {
            (false, false) => "reads and writes of items are not recorded now: an absence of events is no evidence",
            (false, true) => "reads of items are not recorded now: an absence of reads is no evidence",
            _ => "writes of items are not recorded now: an absence of writes is no evidence",
        };
        of.extent = Extent::Limited;
        of.lines.push(Line::said("so", what));
    }
    of
}

/// A trail that does not log: since when, by whom, as far as events tell.
fn stopped(past: &Past<'_>, name: &str, arn: &str, delivered: Option<jiff::Timestamp>, kinds: &str) -> Line {
    let quoted = format!("\"{name}\"");
    let stop = past.stops.iter().find(|(_, record)| record.contains(arn) || record.contains(&quoted));
    let would = format!("would record {kinds}, but does not log");
    match stop {
        Some((event, _)) => Line {
            at: Some(event.time()),
            event: Some(event.key().into_owned()),
            risk: crate::trail::catalogue::rank(*event),
            ..Line::said(name, format!("{would} since {:.0}: StopLogging by {}", event.time(), event.principal()))
        },
        None => {
            let last = delivered
                .map_or_else(|| "nothing was ever delivered".to_owned(), |at| format!("last delivery {at:.0}"));
            Line {
                at: delivered,
                ..Line::said(name, format!("{would}; who stopped it is not among the events read; {last}"))
            }
        }
    }
}

/// That it was called, by operation, whoever it was.
pub fn calls(store: &Store, table: &Table, past: &Past) -> Section {
    let reach = "CloudWatch counts calls that succeeded, by operation, and names nobody";
    let mut of = section("calls", "called", Extent::Limited, reach.to_owned());
    let Some(cell) = store.estate().calls.get(&table.arn) else {
        if let Some(unknown) = &past.standing.account {
            of.extent = unknown.extent;
            of.empty = Some(format!("how often it was called: {}", unknown.why));
            return of;
        }
        of.extent = Extent::Off;
        of.empty = Some(format!("not asked: `--metrics` or `metrics = true` under [who] asks, for {}", price::METRICS));
        return of;
    };
    match cell.known() {
        Some(Ok(seen)) => {
            let calls = &seen.value;
            of.read = Some(seen.at);
            of.reach = format!("{reach}; {:.0} to {:.0}", calls.since, calls.until);
            let line = |(name, count): &(String, f64)| Line {
                count: Some(*count as u64),
                ..Line::said(name, format!("{} calls", grouped(*count)))
            };
            of.lines = calls.operations.iter().map(line).collect();
            if of.lines.is_empty() {
                of.empty = Some("no call succeeded in this window".to_owned());
            }
        }
        Some(Err(error)) => {
            of.extent = Extent::Incomplete;
            of.empty = Some(format!("the metrics are not known: {error}"));
        }
        None => {
            of.extent = Extent::Incomplete;
            of.empty = Some("the metrics were not read yet".to_owned());
        }
    }
    of
}

/// Who used the table's key.
pub fn key(store: &Store, table: &Table, past: &Past) -> Section {
    let reach = format!(
        "each line: at least once, kind unknown (DynamoDB keeps a key for about five minutes, and no client address is told); {}",
        past.reach
    );
    let mut of = section("key", "key used", past.extent, reach);
    of.read = past.read;
    of.lines = past.lines(Tells::Key);
    let none = match store.estate().table_key(table) {
        None if past.standing.table.is_some() => {
            let why = past.standing.table.as_ref().map(|unknown| unknown.why.as_str()).unwrap_or_default();
            format!("no use of its key is among the events read; which key it is under: {why}")
        }
        Some(Ok((KeyKind::AwsOwned, _))) => {
            // No search could find any.
            of.extent = Extent::Limited;
            "the table is under a key that AWS owns: no use of it is recorded anywhere".to_owned()
        }
        Some(Ok(_)) => "no use of its key is among the events read".to_owned(),
        Some(Err(error)) => {
            of.extent = Extent::Incomplete;
            format!("which key it is under is not known: {error}")
        }
        None => {
            of.extent = Extent::Incomplete;
            "which key it is under was not read yet".to_owned()
        }
    };
    of.empty = of.lines.is_empty().then_some(none);
    of
}

/// Reads and writes of items, where such records were read.
pub fn items(store: &Store, table: &Table, past: &Past) -> Section {
    let lookup = "LookupEvents holds no data events: they are in the log files of a trail";
    let reach = match (&past.files, &past.standing.account) {
        (None, _) => lookup.to_owned(),
        (Some(files), Some(unknown)) => format!("{files}; which trails record its items: {}", unknown.why),
        (Some(files), None) => format!("{lookup}; {files}"),
    };
    let mut of = section("items", "items", Extent::Limited, reach);
    of.read = past.read;
    of.lines = past.lines(Tells::Item);
    if let (true, Some(unknown)) = (of.lines.is_empty(), &past.standing.account) {
        let none = "none is in the files: no evidence of none, since which trails record its items is not known";
        of.empty = Some(format!("{none} ({})", unknown.why));
    } else if of.lines.is_empty() {
        let trails = controls::recordings(store.estate(), table);
        let logs = |on: bool| {
            let is = |of: &&controls::Recording<'_>| of.trail.status.value().is_some_and(|status| status.logging == on);
            trails.iter().filter(is).any(|of| of.reads || of.writes || !of.conditions.is_empty())
        };
        let why = match (logs(true), logs(false)) {
            (true, _) => "none was read; a trail records them: its log files hold the answer",
            (false, true) => "none was read; a trail recorded them until it was stopped: its log files hold that part",
            _ => "none was read, and no trail that was read records them",
        };
        of.empty = Some(why.to_owned());
    }
    of
}

/// Exports, restores, streams, backups: ways that the content went elsewhere.
pub fn copies(store: &Store, table: &Table, past: &Past) -> Section {
    let mut of = section("copies", "copied", past.extent, past.reach.clone());
    of.read = past.read;
    of.lines = past.lines(Tells::Copy);
    match table.description.known() {
        Some(Ok(seen)) => {
            let now = &seen.value;
            if let Some(view) = &now.stream_view {
                of.lines.push(Line::said(
                    "stream",
                    format!("on, with {view}: whoever may read it reads every change; reads of it are data events"),
                ));
            }
            let away = now.replicas.iter().filter(|replica| replica.region != table.scope.region);
            of.lines.extend(away.map(|replica| Line::said("replica", format!("in {}", replica.region))));
        }
        Some(Err(error)) => {
            of.extent = Extent::Incomplete;
            of.lines.push(Line::said("stream", format!("not known: {error}")));
        }
        None => match &past.standing.table {
            Some(unknown) => of.reach.push_str(&format!("; stream and replicas there now: {}", unknown.why)),
            None => of.extent = Extent::Incomplete,
        },
    }
    match store.estate().table_backups(table) {
        Some(Ok(backups)) if backups.count > 0 => of.lines.push(Line {
            at: backups.newest,
            count: Some(backups.count as u64),
            ..Line::said("backups", format!("{} there now", backups.count))
        }),
        Some(Ok(_)) => {}
        Some(Err(error)) => {
            of.extent = Extent::Incomplete;
            of.lines.push(Line::said("backups", format!("not known: {error}")));
        }
        None => match &past.standing.account {
            Some(unknown) => of.reach.push_str(&format!("; backups there now: {}", unknown.why)),
            None => of.extent = Extent::Incomplete,
        },
    }
    of.empty = of.lines.is_empty().then(|| "no export, restore, backup, stream or replica is known".to_owned());
    of
}

/// Who changed it.
pub fn changes(past: &Past) -> Section {
    from_past("changes", "changed", past, Tells::Change, "no change is among the events read")
}

/// Who looked at its settings.
pub fn looks(past: &Past) -> Section {
    from_past("looks", "looked at", past, Tells::Look, "nobody but this program looked at it in the events read")
}

fn from_past(id: &'static str, title: &'static str, past: &Past, tells: Tells, none: &str) -> Section {
    let mut of = section(id, title, past.extent, past.reach.clone());
    of.read = past.read;
    of.lines = past.lines(tells);
    of.empty = of.lines.is_empty().then(|| none.to_owned());
    of
}

/// Who could use it: whom the lanes name; what there is to look at beside them.
pub fn could(store: &Store, table: &Table, past: &Past) -> Section {
    let reach = "what follows is no list of who could: `dynakeep lanes --filter table:NAME` (L in the dashboard) names roles and users";
    let mut of = section("could", "could", Extent::Limited, reach.to_owned());
    let policy = match table.policy.known() {
        Some(Ok(seen)) => {
            of.read = Some(seen.at);
            match &seen.value {
                Some(_) => store.judgement(&table.arn, "IAM-10").map_or_else(
                    || "it has one".to_owned(),
                    |of| format!("it has one: IAM-10 {}, {}", of.verdict.word(), of.reason),
                ),
                None => "it has none: identities of its own account decide".to_owned(),
            }
        }
        Some(Err(error)) => unread(&mut of, error),
        None => {
            let standing = past.standing.table.as_ref();
            of.extent = standing.map_or(Extent::Incomplete, |unknown| unknown.extent);
            standing.map_or_else(|| "not read yet".to_owned(), |unknown| unknown.why.clone())
        }
    };
    of.lines.push(Line::said("table policy", policy));
    let analyzer =
        "IAM Access Analyzer tells outside access; aws accessanalyzer list-findings-v2 --analyzer-arn <analyzer>";
    of.lines.push(Line::said("look at", analyzer));
    let simulate = format!(
        "one identity: aws iam simulate-principal-policy --policy-source-arn <role> --action-names dynamodb:GetItem \
         --resource-arns {}",
        table.arn
    );
    of.lines.push(Line::said("look at", simulate));
    of
}

fn unread(of: &mut Section, error: &SourceError) -> String {
    of.extent = Extent::Incomplete;
    format!("not known: {error}")
}

/// What to switch on, and what it costs.
pub fn switch_on(store: &Store, table: &Table, past: &Past) -> Section {
    let mut of = section("switch_on", "switch on", Extent::Whole, price::SOURCE.to_owned());
    if let Some(unknown) = &past.standing.account {
        (of.extent, of.reach) =
            (unknown.extent, format!("what is switched on already: {}; {}", unknown.why, price::SOURCE));
    }
    let recordings = controls::recordings(store.estate(), table);
    let logs = |of: &controls::Recording<'_>| of.trail.status.value().is_some_and(|status| status.logging);
    let reads = recordings.iter().any(|of| of.reads && logs(of));
    let writes = recordings.iter().any(|of| of.writes && logs(of));
    for recording in recordings.iter().filter(|of| of.trail.status.value().is_some_and(|status| !status.logging)) {
        let home = recording.trail.home_region.as_deref().unwrap_or(&table.scope.region);
        let command = format!("aws cloudtrail start-logging --name {} --region {home}", recording.trail.arn);
        of.lines.push(Line::said("the trail", format!("{} is stopped: {command}", recording.trail.name)));
    }
    if !(reads && writes) {
        let what = match (reads, writes) {
            (true, false) => "writes of items",
            (false, true) => "reads of items",
            _ => "reads and writes of items",
        };
        of.lines.push(Line::said("data events", format!("{what}: {}", cost(store, table))));
        let selector = format!(
            "{{\"Name\":\"{}\",\"FieldSelectors\":[{{\"Field\":\"eventCategory\",\"Equals\":[\"Data\"]}},\
             {{\"Field\":\"resources.type\",\"Equals\":[\"AWS::DynamoDB::Table\"]}},\
             {{\"Field\":\"resources.ARN\",\"Equals\":[\"{}\"]}}]}}",
            table.name, table.arn
        );
        of.lines.push(Line::said(
            "selector",
            format!("add to those the trail has (put-event-selectors replaces all): {selector}"),
        ));
    }
    if let Some(Ok((KeyKind::AwsOwned, _))) = store.estate().table_key(table) {
        of.lines.push(Line::said(
            "a key",
            format!(
                "a key of KMS, so that its use is recorded: {} a month for a customer's key, and its requests",
                dollars(price::KEY)
            ),
        ));
    }
    of.empty =
        of.lines.is_empty().then(|| "nothing: reads and writes of items and uses of its key are recorded".to_owned());
    of
}

/// The price of recording the table's items, by its own traffic where that is known.
fn cost(store: &Store, table: &Table) -> String {
    let calls = store.estate().calls.get(&table.arn).and_then(Cell::value);
    let Some(calls) = calls else {
        return format!("{} for a million calls; how many there are is not known", dollars(data_events(1_000_000.0)));
    };
    let days = calls.until.duration_since(calls.since).as_secs_f64() / 86_400.0;
    let month = calls.total() / days.max(1.0 / 24.0) * 30.0;
    format!("{} a month for about {} calls, at the pace of this window", dollars(data_events(month)), grouped(month))
}
