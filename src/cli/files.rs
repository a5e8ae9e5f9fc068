//! `events --trail`: log files, searched.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::export;
use crate::export::safe;
use crate::model::Origin;
use crate::store::Store;
use crate::store::rows::{Entry, EventRow, Records, RowKind, event_field};
use crate::trail::columns::RowSet;
use crate::trail::ingest::{Feed, FileKind, Keep, LoadReport, Options};
use crate::trail::query::Query;
use crate::trail::{Events, GRADER, scan};
use crate::wire::Clock;

use super::args::EngineArgs;
use super::line::Line;
use super::{Cli, Failure, Output, Pipe, once};

/// Odd files named one by one in words; JSON holds them all.
const NAMED: usize = 10;
/// How often followed files are looked at.
const PACE: Duration = Duration::from_millis(250);

/// What to load, from the options.
pub(super) fn options(cli: &Cli, keep: Keep) -> Options {
    let keep = if cli.global.keep_raw { Keep::Plain } else { keep };
    Options { paths: cli.global.files(), threads: scan::cores(), keep, follow: cli.global.follow, grader: Some(GRADER) }
}

/// Loads, asks, prints. Broken and foreign files are counted, not errors.
pub(super) fn run(cli: &Cli, query: Option<&str>, args: &EngineArgs) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if global.objects().is_some() || args.engine.is_some() || args.plan {
        return Err(Failure::Usage(
            "--trail PATH reads files; an engine, a plan or s3:// is something else".to_owned(),
        ));
    }
    once::printable(cli, RowKind::Events)?;
    let queries = once::queries(RowKind::Events, [query, global.filter.as_deref()])?;
    let config = Config::load(global.config.as_deref())?;
    let mut feed = Feed::start(options(cli, Keep::Files), global.max_memory);
    let mut store = Store::new(Origin::Files, config.baseline());
    let mut line = Line::new();
    store.feed_all(&mut feed, |feed| line.show(|| bar(feed)));
    line.end();
    // Relative times count from the newest event: files may be old.
    let now = newest(store.events());
    store.settle(Clock::live().now());
    let (rows, unread) = ask(store.events(), &queries, now);
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    let report = report_json(store.events(), &feed.report, unread);
    if args.count {
        count(&mut out, cli, &store, &rows, &queries, report)?;
    } else {
        let order = store.events().newest(&rows);
        let lost = print(&mut out, cli, &store, &order, report)?;
        if lost > 0 {
            let _closed = writeln!(io::stderr(), "dynakeep: {lost} records are no longer in their files: raw is null");
        }
    }
    out.flush()?;
    let _closed = warn(store.events(), &feed.report, unread);
    if global.follow {
        let printed = Printed::of(store.events(), &rows);
        follow(cli, &mut store, &mut feed, (&queries, printed), &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn newest(events: &Events) -> Timestamp {
    let mut newest = events.newest_first().filter_map(crate::trail::EventRef::when);
    newest.next().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Since when events were kept, where older ones were let go.
pub(super) fn kept_since(events: &Events) -> Option<Timestamp> {
    Timestamp::from_second(i64::from(events.cut()?)).ok()
}

/// The rows that all queries ask for, and how many files could not be read again for it.
fn ask(events: &Events, queries: &[Query], now: Timestamp) -> (RowSet, usize) {
    let mut rows = events.all();
    let mut unread = 0;
    for query in queries {
        let (found, failed) = scan::ask(events, query, now, &event_field);
        rows = rows.and(&found);
        unread += failed;
    }
    (rows, unread)
}

fn print(out: &mut dyn Write, cli: &Cli, store: &Store, order: &[u32], report: Value) -> io::Result<usize> {
    let records = Records::new(store.events(), order);
    let row = |row: &u32| Some(EventRow { store, event: store.events().at(*row)?, records: Some(&records) });
    let rows: Vec<Box<dyn Entry + '_>> =
        order.iter().filter_map(row).map(|row| Box::new(row) as Box<dyn Entry + '_>).collect();
    let coverage = store.coverage_of(&[]);
    match cli.global.output {
        Output::Csv => export::csv::write(out, RowKind::Events, &rows)?,
        Output::Json => export::json::write(out, store, &coverage, Some(report), Map::new(), &rows)?,
        _ => export::table::files(out, RowKind::Events, &rows)?,
    }
    Ok(records.lost())
}

fn count(
    out: &mut dyn Write,
    cli: &Cli,
    store: &Store,
    rows: &RowSet,
    queries: &[Query],
    report: Value,
) -> io::Result<()> {
    let (events, tally) = (store.events(), store.events().tally());
    let asked = queries.iter().any(|query| !query.is_empty());
    // Without a query events let go for want of memory count as well: they were there.
    let by_name: std::collections::BTreeMap<&str, usize> = if asked {
        events.count_by(crate::trail::columns::Facet::Name, rows).into_iter().collect()
    } else {
        events.by_name()
    };
    let total: usize = by_name.values().sum();
    match cli.global.output {
        Output::Json => {
            let mut extra = Map::new();
            extra.insert("events".to_owned(), json!(total));
            extra.insert("duplicates".to_owned(), json!(tally.duplicates));
            extra.insert("broken".to_owned(), json!(tally.broken));
            extra.insert("twins".to_owned(), json!(tally.twins));
            extra.insert("evicted".to_owned(), json!(tally.evicted));
            extra.insert("by_name".to_owned(), json!(by_name));
            export::json::write(out, store, &store.coverage_of(&[]), Some(report), extra, &[])
        }
        _ => {
            let mut names: Vec<(&str, usize)> = by_name.into_iter().collect();
            names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            let width = total.to_string().len().max(6);
            for (name, count) in names {
                let name = if name.is_empty() { "(no eventName)" } else { name };
                writeln!(out, "{count:>width$}  {}", safe::visible(name))?;
            }
            let rest = format!("{} repeated deliveries · {} broken records", tally.duplicates, tally.broken);
            writeln!(out, "\n{total} events · {rest}")
        }
    }
}

/// What the load came to, for `coverage.events`.
pub(super) fn report_json(events: &Events, report: &LoadReport, unread: usize) -> Value {
    let tally = events.tally();
    let broken = events
        .broken()
        .iter()
        .map(|broken| json!({"origin": broken.origin, "reason": broken.reason, "raw": broken.raw}));
    let kinds: Map<String, Value> = report
        .kinds
        .iter()
        .filter_map(|(kind, count)| Some((json!(kind).as_str()?.to_owned(), json!(count))))
        .collect();
    json!({
        "engine": "files",
        "files": report.done,
        "bytes": report.bytes,
        "kinds": kinds,
        "odd": report.odd,
        "duplicates": tally.duplicates,
        "broken": tally.broken,
        "twins": tally.twins,
        "evicted": tally.evicted,
        "kept_since": kept_since(events),
        "unread_again": unread,
        "broken_records": broken.collect::<Vec<_>>(),
        "cut": tally.evicted > 0 || unread > 0 || report.odd.iter().any(|file| !file.whole),
    })
}

/// Says on standard error what was odd.
pub(super) fn warn(events: &Events, report: &LoadReport, unread: usize) -> io::Result<()> {
    let (mut err, tally) = (io::stderr().lock(), events.tally());
    let troubled: Vec<_> = report.odd.iter().filter(|file| file.problem.is_some()).collect();
    for file in troubled.iter().take(NAMED) {
        let line = format!("{}: {}", file.path, file.problem.as_deref().unwrap_or_default());
        writeln!(err, "dynakeep: {}", safe::shortened(&safe::visible(&line), 300))?;
    }
    if troubled.len() > NAMED {
        writeln!(
            err,
            "dynakeep: and {} files more that were not read whole: -o json names them",
            troubled.len() - NAMED
        )?;
    }
    let foreign = report.kinds.get(&FileKind::Foreign).copied().unwrap_or_default();
    if foreign > 0 {
        writeln!(err, "dynakeep: {foreign} files hold no CloudTrail record")?;
    }
    if tally.broken > 0 {
        writeln!(err, "dynakeep: {} broken records are kept: -o json shows them, with the reason", tally.broken)?;
    }
    if let (Some(since), true) = (kept_since(events), tally.evicted > 0) {
        writeln!(err, "dynakeep: {} events before {since} were let go: --max-memory bounds them", tally.evicted)?;
    }
    if unread > 0 {
        writeln!(err, "dynakeep: {unread} files could not be read again: text in their records was not searched")?;
    }
    Ok(())
}

/// Prints events as they come, oldest first, a line each, until the reader has enough.
fn follow(
    cli: &Cli,
    store: &mut Store,
    feed: &mut Feed,
    (queries, mut printed): (&[Query], Printed),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    loop {
        std::thread::sleep(PACE);
        if !store.feed(feed, PACE) {
            continue;
        }
        let now = newest(store.events());
        store.settle(Clock::live().now());
        let (rows, _) = ask(store.events(), queries, now);
        let order = printed.fresh(store.events(), &rows);
        let records = Records::new(store.events(), &order);
        for row in &order {
            let Some(event) = store.events().at(*row) else { continue };
            let row = EventRow { store, event, records: Some(&records) };
            match cli.global.output {
                Output::Json => {
                    safe::json(out, &row.json())?;
                    out.write_all(b"\n")?;
                }
                Output::Csv => export::csv::row(out, RowKind::Events, &row)?,
                _ => export::table::row(out, RowKind::Events, &row)?,
            }
        }
        out.flush()?;
    }
}

/// What was printed, by what tells an event from others. Row numbers do not: a file that grew is read again, and its
/// rows get new ones, as all do when memory is short.
struct Printed {
    times: HashMap<u64, usize>,
}

impl Printed {
    fn of(events: &Events, rows: &RowSet) -> Self {
        let mut printed = Self { times: HashMap::new() };
        printed.fresh(events, rows);
        printed
    }

    /// The rows that were not printed yet, oldest first; from here on they were. Records without an id may be the same
    /// and still be several: as many of them are new as are more than were printed.
    fn fresh(&mut self, events: &Events, rows: &RowSet) -> Vec<u32> {
        let mut present: HashMap<u64, usize> = HashMap::new();
        let mut order = events.newest(rows);
        order.reverse();
        order.retain(|row| {
            let Some(event) = events.at(*row) else { return false };
            let mut hash = DefaultHasher::new();
            // An id that others share, or none: the record itself tells.
            if event.is_twin() || event.id().is_empty() {
                event.record().hash(&mut hash);
            } else {
                event.id().hash(&mut hash);
            }
            let (hash, printed) = (hash.finish(), &mut self.times);
            let here = present.entry(hash).or_default();
            *here += 1;
            let before = printed.entry(hash).or_default();
            let new = *here > *before;
            *before = (*before).max(*here);
            new
        });
        order
    }
}

/// How far a load is, as a bar.
pub(super) fn bar(feed: &Feed) -> String {
    let report = &feed.report;
    let share = report.bytes as f64 / report.total_bytes.max(1) as f64;
    let full = (share.min(1.0) * 30.0) as usize;
    let left = feed.left().map(|left| format!(" · {:.1} s left", left.as_secs_f64())).unwrap_or_default();
    format!("[{}{}] {}/{} files{left}", "=".repeat(full), " ".repeat(30 - full), report.done, report.total)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::trail::fields::Reader;

    use super::*;

    #[test]
    fn a_file_that_grew_brings_what_is_new_once() {
        let record = |id: &str| format!(r#"{{"eventVersion":"1.08","eventSource":"s","eventName":"N"{id}}}"#);
        let (a, b, none) = (record(r#","eventID":"a""#), record(r#","eventID":"b""#), record(""));
        let (mut events, reader, file) = (Events::default(), Reader::default(), Arc::from("file"));
        let read = |events: &mut Events, lines: &[&str]| {
            events.forget("file", 0);
            events.push(&lines.join("\n"), &file, &reader);
            events.settle();
        };
        read(&mut events, &[&a, &none]);
        let mut printed = Printed::of(&events, &events.all());
        read(&mut events, &[&a, &none, &b]);
        let names = |events: &Events, rows: Vec<u32>| {
            rows.iter().filter_map(|row| Some(events.at(*row)?.id().into_owned())).collect::<Vec<_>>()
        };
        let fresh = printed.fresh(&events, &events.all());
        assert_eq!(names(&events, fresh), ["b"]);
        read(&mut events, &[&a, &none, &b, &none]);
        let fresh = printed.fresh(&events, &events.all());
        assert_eq!(names(&events, fresh), [""], "the same record, once more");
        assert!(printed.fresh(&events, &events.all()).is_empty());
    }
}
