//! `events --trail`: log files, searched.

use std::io::{self, BufWriter, IsTerminal, Write};
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
    let mut store = Store::new(Origin::Files, config.baseline.baseline());
    let mut progress = Progress::new();
    store.feed_all(&mut feed, |feed| progress.show(feed));
    progress.end();
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
        follow(cli, &mut store, &mut feed, &queries, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn newest(events: &Events) -> Timestamp {
    let mut newest = events.newest_first().filter_map(crate::trail::EventRef::when);
    newest.next().unwrap_or(Timestamp::UNIX_EPOCH)
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
        "kept_since": events.cut().and_then(|cut| Timestamp::from_second(i64::from(cut)).ok()),
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
    if let (Some(cut), true) = (events.cut(), tally.evicted > 0) {
        let since = Timestamp::from_second(i64::from(cut)).unwrap_or(Timestamp::UNIX_EPOCH);
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
    queries: &[Query],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    loop {
        let known = store.events().rows() as u32;
        std::thread::sleep(PACE);
        if !store.feed(feed, PACE) || store.events().rows() as u32 == known {
            continue;
        }
        let now = newest(store.events());
        store.settle(Clock::live().now());
        let (rows, _) = ask(store.events(), queries, now);
        let mut order = store.events().newest(&rows);
        order.retain(|row| *row >= known);
        order.reverse();
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

/// A bar on standard error, when that is a terminal.
pub(super) struct Progress {
    on: bool,
    shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { on: io::stderr().is_terminal(), shown: false }
    }

    pub(super) fn show(&mut self, feed: &Feed) {
        if !self.on {
            return;
        }
        self.shown = true;
        let report = &feed.report;
        let share = report.bytes as f64 / report.total_bytes.max(1) as f64;
        let full = (share.min(1.0) * 30.0) as usize;
        let left = feed.left().map(|left| format!(" · {:.1} s left", left.as_secs_f64())).unwrap_or_default();
        let line = format!(
            "\r\x1b[K[{}{}] {}/{} files{left}",
            "=".repeat(full),
            " ".repeat(30 - full),
            report.done,
            report.total
        );
        // A progress that nobody sees is no failure.
        let _closed = io::stderr().write_all(line.as_bytes());
    }

    pub(super) fn end(&self) {
        if self.shown {
            let _closed = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
