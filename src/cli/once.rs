//! One sweep, and its rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controls::CATALOGUE;
use crate::controls::facts::{self, Mapping};
use crate::export;
use crate::export::checked::Checked;
use crate::model::{Judgement, Severity, Source, SourceError, Verdict};
use crate::store::rows::lanes::summary;
use crate::store::rows::{CheckRow, Entry, RowKind};
use crate::store::{Coverage, Store};
use crate::trail::engine::lookup::Plan;
use crate::trail::query::Query;

use super::search::{self, Reach};
use super::worse::Earlier;
use super::{Cli, Command, Failure, Output, Pipe, settings, talk, wire};

/// Sweeps what the rows need, prints them and gives the exit code.
pub(super) fn run(cli: &Cli, kind: RowKind, query: Option<&str>) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    printable(cli, kind)?;
    let queries = queries(kind, [query, global.filter.as_deref()])?;
    let narrow = Narrow::of(cli)?;
    let config = super::config(global)?;
    let wire = wire(cli)?;
    narrow.earlier.as_ref().map_or(Ok(()), |earlier| earlier.fits(wire.origin))?;
    let mut settings = settings(global, &config);
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    settings.once = true;
    settings.sources = sources(kind);
    let (now, demo) = (wire.clock.now(), global.demo.is_some());
    settings.event_hours = hours(&queries, now, demo);
    let plan = (kind == RowKind::Events).then(|| Plan::of(&queries, now, settings.event_hours));
    if plan.is_none() {
        // A window is one of findings or checks here: what links them to tables is read as ever, or further back.
        settings.event_hours = settings.event_hours.max(hours(&[], now, demo));
    } else if queries.iter().any(|query| query.window(now).1.is_some()) {
        // The window may lie far back: the searches of the plan keep to it.
        settings.event_hours = 1;
    }
    let mut store = Store::new(wire.origin, config.baseline());
    store.set_exceptions(super::exceptions(global));
    if matches!(cli.command, Some(Command::Check { strict_class: true, .. })) {
        store.hold_to_default_class();
    }
    let clock = wire.clock.clone();
    talk::fill(&mut store, wire, settings.clone())?;
    if let Some(plan) = plan.as_ref().filter(|plan| !plan.extra.is_empty()) {
        search::run(super::wire(cli)?, settings, &mut store, plan)?;
    }
    let reach = plan.map(|plan| Reach::of(&plan, &store));
    finish(cli, kind, store, clock.now(), &queries, (reach, &narrow))
}

/// Prints the rows of a store that the queries ask for, and gives the exit code.
pub(super) fn finish(
    cli: &Cli,
    kind: RowKind,
    mut store: Store,
    now: Timestamp,
    queries: &[Query],
    (reach, narrow): (Option<Reach>, &Narrow),
) -> Result<ExitCode, Failure> {
    store.settle(now);
    let mut judged: Vec<&Judgement> = match kind {
        RowKind::Checks => {
            store.judgements().filter(|of| narrow.keeps(of) && kept(&store, of, queries, narrow)).collect()
        }
        _ => Vec::new(),
    };
    let compared = narrow.earlier.as_ref().map(|earlier| {
        let summary = earlier.summary(judged.iter().copied());
        judged.retain(|of| earlier.is_worse(of));
        summary
    });
    judged.sort_by_key(|of| (of.verdict.rank(), Reverse(of.severity), of.control, of.resource.as_str()));
    let rows: Vec<Box<dyn Entry + '_>> = match kind {
        RowKind::Checks => judged.iter().map(|of| Box::new(narrow.row(&store, of)) as Box<dyn Entry + '_>).collect(),
        _ => store.rows(kind).into_iter().filter(|row| queries.iter().all(|one| one.matches(row.as_ref()))).collect(),
    };
    let outcome = Outcome::of(cli, (kind, narrow), &store, &judged, reach);
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    write(&mut out, cli, kind, &store, &outcome, &rows, (&judged, narrow))?;
    out.flush()?;
    // Nobody may be listening there either.
    let _closed = warn(&store, &outcome, cli.global.output, compared.as_deref());
    Ok(outcome.code())
}

/// Refuses formats that rows of a kind do not come in.
pub(super) fn printable(cli: &Cli, kind: RowKind) -> Result<(), Failure> {
    let page = matches!(kind, RowKind::Lanes | RowKind::Drift) && cli.global.output == Output::Md;
    if kind != RowKind::Checks && !page && !matches!(cli.global.output, Output::Table | Output::Json | Output::Csv) {
        return Err(Failure::Usage(
            "sarif, junit, ocsf and html are for `check`, md for `check`, `lanes` and `drift`; rows come as table, json or csv"
                .to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn queries(kind: RowKind, texts: [Option<&str>; 2]) -> Result<Vec<Query>, Failure> {
    let parse = |text: &str| {
        Query::parse(text, kind.schema())
            .map_err(|error| Failure::Usage(format!("the query is not understood:\n{}", error.pointed(text))))
    };
    texts.into_iter().flatten().map(parse).collect()
}

/// Whether a judgement is among the rows asked for.
fn kept(store: &Store, judgement: &Judgement, queries: &[Query], narrow: &Narrow) -> bool {
    let row = narrow.row(store, judgement);
    queries.iter().all(|query| query.matches(&row))
}

/// What `check` keeps to, besides the filter.
#[derive(Default)]
pub(super) struct Narrow {
    controls: Vec<&'static str>,
    framework: Option<&'static str>,
    published_only: bool,
    earlier: Option<Earlier>,
}

impl Narrow {
    fn of(cli: &Cli) -> Result<Self, Failure> {
        Ok(match &cli.command {
            Some(Command::Check { controls, framework, published_only, worse_than, .. }) => Self {
                controls: controls.clone(),
                framework: *framework,
                published_only: *published_only,
                earlier: worse_than.as_deref().map(Earlier::read).transpose()?,
            },
            _ => Self::default(),
        })
    }

    /// Whose word it is that a control answers the framework; `None` when it does not, or none was asked about.
    fn mapping(&self, control: &str) -> Option<Mapping> {
        let (mapping, _) = facts::facts(control)?.answers(self.framework?)?;
        (mapping == Mapping::Published || !self.published_only).then_some(mapping)
    }

    fn remarks(&self, judged: &[&Judgement]) -> export::checked::Remarks<'_> {
        let was = self.earlier.as_ref().map(|earlier| judged.iter().map(|of| earlier.was(of)).collect());
        export::checked::Remarks { framework: self.framework, was }
    }

    fn keeps(&self, of: &Judgement) -> bool {
        (self.controls.is_empty() || self.controls.contains(&of.control))
            && (self.framework.is_none() || self.mapping(of.control).is_some())
    }

    fn row<'a>(&self, store: &'a Store, judgement: &'a Judgement) -> CheckRow<'a> {
        CheckRow {
            store,
            judgement,
            framework: self.framework,
            was: self.earlier.as_ref().map(|earlier| earlier.was(judgement)),
        }
    }

    /// How many controls answer the framework, by whose word, and how many of them are judged.
    fn json(&self) -> Option<Value> {
        let of = |wanted| facts::all().filter(|(id, _)| self.mapping(id) == Some(wanted)).count();
        let judged = CATALOGUE.iter().filter(|control| self.mapping(control.id).is_some()).count();
        let (published, suggested) = (of(Mapping::Published), of(Mapping::Suggested));
        Some(json!({
            "name": self.framework?,
            "controls": {"published": published, "suggested": suggested, "judged": judged},
        }))
    }
}

/// What must be swept for rows of a kind: also what their verdicts and links rest on.
fn sources(kind: RowKind) -> Vec<Source> {
    match kind {
        RowKind::Findings => vec![Source::Identity, Source::Findings, Source::Events],
        RowKind::Compliance => vec![Source::Identity, Source::Compliance],
        RowKind::Drift => vec![
            Source::Identity,
            Source::Drift,
            Source::Tables,
            Source::Keys,
            Source::Backups,
            Source::Trails,
            Source::Events,
        ],
        RowKind::Endpoints => vec![Source::Identity, Source::Network],
        RowKind::Trails => vec![Source::Identity, Source::Trails],
        RowKind::Lanes => vec![Source::Identity, Source::Tables, Source::Network, Source::Settings],
        RowKind::Events => vec![Source::Identity, Source::Events],
        // Tables are ordered by what a finding's actor wrote to, and judged by it.
        RowKind::Tables | RowKind::Sources | RowKind::Calls | RowKind::Checks | RowKind::Practices => {
            Source::ALL.to_vec()
        }
    }
}

/// How far back events are read: to the window's beginning, at most the 90 days that CloudTrail keeps.
pub(super) fn hours(queries: &[Query], now: Timestamp, demo: bool) -> i64 {
    const KEPT: i64 = 90 * 24;
    let since = queries.iter().filter_map(|query| query.window(now).0).max();
    match since {
        Some(since) => now.duration_since(since).as_hours().saturating_add(1).clamp(1, KEPT),
        None if demo || queries.iter().any(|query| query.window(now).1.is_some()) => KEPT,
        None => 24,
    }
}

/// What a run came to.
struct Outcome {
    coverage: Coverage,
    /// How far the searches for events reached.
    events: Option<Reach>,
    failed: bool,
    incomplete: bool,
}

impl Outcome {
    /// `judged` are the judgements printed: they alone can fail the run.
    fn of(
        cli: &Cli,
        (kind, narrow): (RowKind, &Narrow),
        store: &Store,
        judged: &[&Judgement],
        events: Option<Reach>,
    ) -> Self {
        let coverage = store.coverage_of(kind.sources());
        let Some(Command::Check { fail_on, min_coverage, .. }) = &cli.command else {
            let hidden = || kind == RowKind::Lanes && store.lanes().hides();
            let incomplete = !is_whole(&coverage) || events.as_ref().is_some_and(|reach| reach.cut) || hidden();
            return Self { coverage, events, failed: false, incomplete };
        };
        let enough = min_coverage.is_none_or(|least| {
            coverage.tables_listed == 0 || coverage.tables_read * 100 >= coverage.tables_listed * usize::from(least)
        });
        let fails =
            |of: &Judgement, least: Severity| of.verdict == Verdict::Fail && of.severity >= least && of.counts();
        Self {
            failed: judged.iter().any(|of| fails(of, *fail_on)),
            incomplete: !enough
                || !is_whole(&coverage)
                    && narrow.earlier.as_ref().is_none_or(|earlier| earlier.sees_less(&coverage, judged)),
            coverage,
            events,
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
pub(super) fn is_whole(coverage: &Coverage) -> bool {
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
    (judged, narrow): (&[&Judgement], &Narrow),
) -> io::Result<()> {
    let coverage = &outcome.coverage;
    let checked = Checked { store, coverage, judgements: judged, remarks: narrow.remarks(judged) };
    match cli.global.output {
        Output::Table if narrow.framework.is_some() => {
            const COLUMNS: [&str; 7] =
                ["verdict", "severity", "control", "mapping", "requirements", "resource", "reason"];
            export::table::write_columns(out, kind, &COLUMNS, store, coverage, rows)
        }
        Output::Table if narrow.earlier.is_some() => {
            const COLUMNS: [&str; 6] = ["verdict", "was", "severity", "control", "resource", "reason"];
            export::table::write_columns(out, kind, &COLUMNS, store, coverage, rows)
        }
        Output::Table if kind == RowKind::Lanes => export::lanes::table(out, store, coverage, &store.lanes(), rows),
        Output::Md if kind == RowKind::Lanes => export::lanes::markdown(out, store, coverage, &store.lanes(), rows),
        Output::Md if kind == RowKind::Drift => export::markdown::rows(out, kind, store, coverage, rows),
        Output::Table => export::table::write(out, kind, store, coverage, rows),
        Output::Csv => export::csv::write(out, kind, rows),
        Output::Sarif => export::sarif::write(out, &checked),
        Output::Md => export::markdown::write(out, &checked),
        Output::Junit => export::junit::write(out, &checked),
        Output::Ocsf => export::ocsf::write(out, &checked),
        Output::Html => export::html::write(out, &checked),
        Output::Json => {
            let mut extra: Map<String, Value> = Map::new();
            if kind == RowKind::Checks {
                extra.insert("failed".to_owned(), json!(outcome.failed));
                extra.extend(narrow.json().map(|framework| ("framework".to_owned(), framework)));
            }
            if kind == RowKind::Lanes {
                extra.insert("lanes".to_owned(), summary(&store.lanes()));
            }
            extra.insert("incomplete".to_owned(), json!(outcome.incomplete));
            let events = outcome.events.as_ref().map(|reach| reach.json.clone());
            export::json::write(out, store, coverage, events, extra, rows)
        }
    }
}

/// Says on standard error what could not be read, and how to mend it.
fn warn(store: &Store, outcome: &Outcome, output: Output, compared: Option<&str>) -> io::Result<()> {
    let mut err = io::stderr().lock();
    if let Some(compared) = compared {
        writeln!(err, "dynakeep: {compared}")?;
    }
    // Rows of CSV have no line for it.
    if output == Output::Csv && outcome.coverage.muted > 0 {
        writeln!(err, "dynakeep: {} muted", outcome.coverage.muted)?;
    }
    for line in outcome.events.iter().flat_map(|reach| &reach.lines) {
        writeln!(err, "dynakeep: {}", export::safe::shortened(&export::safe::visible(line), 500))?;
    }
    if let Some(broken) = &store.baseline().accepted.broken {
        writeln!(err, "dynakeep: {}", export::safe::shortened(&export::safe::visible(broken), 500))?;
    }
    for void in outcome.coverage.void.iter().take(20) {
        writeln!(err, "dynakeep: attestations.toml: {}", export::safe::shortened(&export::safe::visible(void), 500))?;
    }
    if outcome.coverage.faults.is_empty() {
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
    let unlisted = |error: &SourceError| error.missing_action() == Some("ec2:DescribeRegions");
    if store.errors().iter().any(|line| unlisted(&line.error)) {
        let mut regions: Vec<&str> = store.estate().scopes.iter().map(|scope| scope.region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        let read = regions.join(", ");
        writeln!(
            err,
            "dynakeep: the account's regions could not be listed; those that every account has were read: {}; \
                 name others with -r",
            export::safe::visible(&read)
        )?;
    }
    if met.len() > 8 {
        writeln!(err, "dynakeep: and {} errors more", met.len() - 8)?;
    }
    if !store.missing_actions().is_empty() {
        writeln!(err, "dynakeep: `dynakeep iam-policy` prints the policy that allows what is missing")?;
    }
    Ok(())
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
        assert_eq!(ask("until:2026-11-20", false), 2_160);
    }

    #[test]
    fn a_wrong_query_is_a_usage_error_that_points() {
        let error = queries(RowKind::Tables, [None, Some("pitr.windw:>=14d")]).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.to_string().contains("pitr.window"), "{error}");
    }
}
