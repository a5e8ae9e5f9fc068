//! One sweep, and its rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::aws::{self, Handle};
use crate::config::Config;
use crate::export;
use crate::model::{Judgement, Polled, Severity, Source, SourceError, Verdict};
use crate::store::rows::{Entry, RowKind};
use crate::store::{Coverage, Store};
use crate::trail::query::Query;

use super::{Cli, Command, Failure, Output, settings, wire};

/// Messages in flight between data layer and store.
const QUEUE: usize = 1_024;

/// Sweeps what the rows need, prints them and gives the exit code.
pub(super) fn run(cli: &Cli, kind: RowKind, query: Option<&str>) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if kind != RowKind::Checks && !matches!(global.output, Output::Table | Output::Json | Output::Csv) {
        return Err(Failure::Usage("sarif, md and junit are for `check`; rows come as table, json or csv".to_owned()));
    }
    let queries = queries(kind, [query, global.filter.as_deref()])?;
    let config = Config::load(global.config.as_deref())?;
    let wire = wire(cli, None)?;
    let mut settings = settings(global, &config);
    settings.once = true;
    settings.sources = sources(kind);
    settings.event_hours = hours(&queries, wire.clock.now(), global.demo.is_some());
    let mut store = Store::new(wire.origin, config.baseline.baseline());
    let clock = wire.clock.clone();
    // The handle lives on: a data layer that nobody commands would take it for the end.
    let (_handle, listen) = Handle::pair();
    let (to, mut from) = mpsc::channel(QUEUE);
    let running = aws::spawn(wire, settings, listen, to);
    let mut progress = Progress::new();
    while let Some(polled) = from.blocking_recv() {
        progress.show(&polled)?;
        store.apply(polled);
    }
    progress.end()?;
    match running.join() {
        Ok(ended) => ended?,
        Err(_) => return Err(Failure::Io(io::Error::other("the data layer broke down"))),
    }
    store.settle(clock.now());
    let rows: Vec<_> =
        store.rows(kind).into_iter().filter(|row| queries.iter().all(|query| query.matches(row.as_ref()))).collect();
    let verdict = Outcome::of(cli, kind, &store);
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out, cli, kind, &store, &verdict, &rows, &queries)?;
    out.flush()?;
    warn(&store, &verdict.coverage)?;
    Ok(verdict.code())
}

fn queries(kind: RowKind, texts: [Option<&str>; 2]) -> Result<Vec<Query>, Failure> {
    let parse = |text: &str| {
        Query::parse(text, kind.schema())
            .map_err(|error| Failure::Usage(format!("the query is not understood:\n{}", error.pointed(text))))
    };
    texts.into_iter().flatten().map(parse).collect()
}

/// What must be swept for rows of a kind: also what their verdicts and links rest on.
fn sources(kind: RowKind) -> Vec<Source> {
    let all_but_events = || Source::ALL.into_iter().filter(|source| *source != Source::Events);
    match kind {
        RowKind::Tables => all_but_events().collect(),
        RowKind::Findings => vec![Source::Identity, Source::Findings, Source::Events],
        RowKind::Compliance => vec![Source::Identity, Source::Compliance],
        RowKind::Drift => vec![Source::Identity, Source::Drift],
        RowKind::Endpoints => vec![Source::Identity, Source::Network],
        RowKind::Trails => vec![Source::Identity, Source::Trails],
        RowKind::Events => vec![Source::Identity, Source::Events],
        RowKind::Sources | RowKind::Calls | RowKind::Checks => Source::ALL.to_vec(),
    }
}

/// How far back events are read: to the window's beginning, at most the 90 days that CloudTrail keeps.
fn hours(queries: &[Query], now: Timestamp, demo: bool) -> i64 {
    const KEPT: i64 = 90 * 24;
    let since = queries.iter().filter_map(|query| query.window(now).0).max();
    match since {
        Some(since) => now.duration_since(since).as_hours().saturating_add(1).clamp(1, KEPT),
        None if demo => KEPT,
        None => 24,
    }
}

/// What a run came to.
struct Outcome {
    coverage: Coverage,
    failed: bool,
    incomplete: bool,
}

impl Outcome {
    fn of(cli: &Cli, kind: RowKind, store: &Store) -> Self {
        let coverage = store.coverage_of(kind.sources());
        let Some(Command::Check { fail_on, min_coverage }) = &cli.command else {
            return Self { incomplete: !is_whole(&coverage), coverage, failed: false };
        };
        let enough = min_coverage.is_none_or(|least| {
            coverage.tables_listed == 0 || coverage.tables_read * 100 >= coverage.tables_listed * usize::from(least)
        });
        let fails = |of: &Judgement, least: Severity| of.verdict == Verdict::Fail && of.severity >= least;
        Self {
            failed: store.judgements().any(|of| fails(of, *fail_on)),
            incomplete: !enough || !is_whole(&coverage),
            coverage,
        }
    }

    /// 3 wins over 4.
    fn code(&self) -> ExitCode {
        match (self.failed, self.incomplete) {
            (true, _) => ExitCode::from(3),
            (false, true) => ExitCode::from(4),
            (false, false) => ExitCode::SUCCESS,
        }
    }
}

/// True when all that was asked answered. A service that is not switched on has answered.
fn is_whole(coverage: &Coverage) -> bool {
    let off = SourceError::NotEnabled(String::new()).word();
    coverage.scopes_blind.is_empty() && coverage.loading == 0 && coverage.faults.keys().all(|word| *word == off)
}

fn write(
    out: &mut dyn Write,
    cli: &Cli,
    kind: RowKind,
    store: &Store,
    outcome: &Outcome,
    rows: &[Box<dyn Entry + '_>],
    queries: &[Query],
) -> io::Result<()> {
    let coverage = &outcome.coverage;
    let judgements = || -> Vec<&Judgement> {
        let kept = |of: &&Judgement| {
            let row = crate::store::rows::CheckRow { store, judgement: of };
            queries.iter().all(|query| query.matches(&row))
        };
        let mut kept: Vec<&Judgement> = store.judgements().filter(kept).collect();
        kept.sort_by_key(|of| (of.verdict.rank(), Reverse(of.severity), of.control, of.resource.as_str()));
        kept
    };
    match cli.global.output {
        Output::Table => export::table::write(out, kind, store, coverage, rows),
        Output::Csv => export::csv::write(out, kind, rows),
        Output::Sarif => export::sarif::write(out, store, &judgements()),
        Output::Md => export::markdown::write(out, store, coverage, &judgements()),
        Output::Junit => export::junit::write(out, &judgements()),
        Output::Json => {
            let mut extra: Map<String, Value> = Map::new();
            if kind == RowKind::Checks {
                extra.insert("failed".to_owned(), json!(outcome.failed));
            }
            extra.insert("incomplete".to_owned(), json!(outcome.incomplete));
            export::json::write(out, store, coverage, extra, rows)
        }
    }
}

/// Says on standard error what could not be read, and how to mend it.
fn warn(store: &Store, coverage: &Coverage) -> io::Result<()> {
    let mut err = io::stderr().lock();
    if coverage.faults.is_empty() {
        return Ok(());
    }
    // One line an error, however many sources met it.
    let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in store.errors() {
        met.entry(line.error.to_string()).or_default().push(format!("{} {}", line.scope, line.source.name()));
    }
    for (error, places) in met.iter().take(8) {
        let more = if places.len() > 1 { format!(" and {} more", places.len() - 1) } else { String::new() };
        let text = format!("{}{more}: {error}", places.first().map_or("", String::as_str));
        writeln!(err, "dynakeep: {}", export::safe::shortened(&export::safe::visible(&text), 300))?;
    }
    if met.len() > 8 {
        writeln!(err, "dynakeep: and {} errors more", met.len() - 8)?;
    }
    if !store.missing_actions().is_empty() {
        writeln!(err, "dynakeep: `dynakeep iam-policy` prints the policy that allows what is missing")?;
    }
    Ok(())
}

/// A line on standard error that is overwritten, when that is a terminal.
struct Progress {
    on: bool,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { on: io::stderr().is_terminal(), shown: false }
    }

    fn show(&mut self, polled: &Polled) -> io::Result<()> {
        let Polled::Running(source, scope, progress) = polled else { return Ok(()) };
        if !self.on {
            return Ok(());
        }
        self.shown = true;
        let (name, scope) = (source.name(), scope.to_string());
        let scope = export::safe::visible(&scope);
        write!(io::stderr(), "\r\x1b[K{scope} reading {name} {}/{}", progress.done, progress.total)
    }

    fn end(&self) -> io::Result<()> {
        if self.shown { write!(io::stderr(), "\r\x1b[K") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_far_back_as_the_query_asks() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let ask = |query: &str, demo| hours(&queries(RowKind::Events, [Some(query), None]).unwrap(), now, demo);
        assert_eq!(ask("since:6h", false), 7);
        assert_eq!(ask("", false), 24);
        assert_eq!(ask("", true), 2_160);
        assert_eq!(ask("since:2020-01-01", false), 2_160);
    }

    #[test]
    fn a_wrong_query_is_a_usage_error_that_points() {
        let error = queries(RowKind::Tables, [None, Some("pitr.windw:>=14d")]).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.to_string().contains("pitr.window"), "{error}");
    }
}
