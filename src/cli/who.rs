//! `who`: one table, swept and searched, and its answers.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};

use crate::aws::{Command, Handle, Settings};
use crate::config::Config;
use crate::export;
use crate::model::{Arn, Delta, EventSearch, Origin, Polled, SearchBy, Source};
use crate::store::Store;
use crate::store::rows::RowKind;
use crate::store::who::{Reach, Who};
use crate::trail::ingest::{Feed, Keep};
use crate::trail::query::Query;
use crate::wire::{Clock, Wire};

use super::line::Line;
use super::{Cli, Failure, Global, METRICS, Output, Pipe, files, settings, talk, wire};

/// Events that one search reads at most.
const MOST: usize = 5_000;
/// The window in which calls are counted, where none is named.
const COUNTED: SignedDuration = SignedDuration::from_hours(24 * 7);
/// What the answers rest on.
const SOURCES: [Source; 6] =
    [Source::Identity, Source::Tables, Source::Keys, Source::Backups, Source::Trails, Source::Events];

/// Reads, searches, prints, and gives the exit code.
pub(super) fn run(cli: &Cli, table: &str, query: Option<&str>, metrics: bool) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if !matches!(global.output, Output::Table | Output::Json) {
        return Err(Failure::Usage("who comes as table or json".to_owned()));
    }
    if global.filter.is_some() {
        return Err(Failure::Usage(
            "--filter is for rows of the estate; who takes its window after the table".to_owned(),
        ));
    }
    if global.objects().is_some() || global.follow {
        return Err(Failure::Usage("who reads files with --trail PATH, once: no s3://, no --follow".to_owned()));
    }
    let config = super::config(global)?;
    let asked = Arn::parse(table).filter(|arn| arn.service == "dynamodb");
    let name = asked.as_ref().and_then(|arn| arn.table_name()).unwrap_or(table).to_owned();
    let mut settings = settings(global, &config);
    if !global.files().is_empty() && alone(global) {
        if metrics {
            return Err(Failure::Usage(
                "--metrics asks CloudWatch, and files alone ask nobody: name an account".to_owned(),
            ));
        }
        return filed(cli, &config, table, query.unwrap_or_default());
    }
    let first = wire(cli)?;
    let (now, clock, origin) = (first.clock.now(), first.clock.clone(), first.origin);
    let since = window(query.unwrap_or_default(), now)?;
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    if metrics && !settings.paid.contains(&METRICS) {
        settings.paid.push(METRICS);
    }
    (settings.once, settings.sources, settings.table) = (true, SOURCES.to_vec(), Some(name.clone()));
    let mut store = Store::new(origin, config.baseline());
    let feed = (!global.files().is_empty()).then(|| load(cli, &mut store));
    talk::sweep(first, settings.clone(), |polled| store.apply(polled))?;
    let _closed = super::profiles::tell(&store);
    store.settle(clock.now());
    let mut arns: Vec<String> =
        store.estate().tables.values().filter(|of| of.name == name).map(|of| of.arn.clone()).collect();
    // Events of files also speak of tables that are gone, or in accounts that nobody asks.
    arns.extend(store.filed(&name));
    arns.retain(|arn| !table.starts_with("arn:") || arn == table);
    arns.sort();
    arns.dedup();
    if arns.is_empty() {
        return unknown(&store, &name);
    }
    let asks = Asks::of(&store, &arns, since, now, settings.paid.contains(&METRICS));
    ask(wire(cli)?, settings, &mut store, &asks)?;
    store.settle(clock.now());
    let found: Vec<Who> = arns.iter().filter_map(|arn| store.who(arn, since, Reach::Everywhere)).collect();
    print(cli, &store, feed.as_ref(), &found)?;
    Ok(if found.iter().any(Who::is_incomplete) { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// True when nothing names an account: files stand for themselves then.
fn alone(global: &Global) -> bool {
    let environment = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let flags = !global.profiles.is_empty() || !global.regions.is_empty() || global.endpoint_url.is_some();
    global.demo.is_none() && !flags && !environment.iter().any(set)
}

/// Reads the files, with a bar.
fn load(cli: &Cli, store: &mut Store) -> Feed {
    let mut feed = Feed::start(files::options(cli, Keep::Files), cli.global.max_memory);
    let mut line = Line::new();
    store.feed_all(&mut feed, |feed| line.show(|| files::bar(feed)));
    line.end();
    feed
}

/// Answers from files: nobody is asked.
fn filed(cli: &Cli, config: &Config, table: &str, query: &str) -> Result<ExitCode, Failure> {
    let now = Clock::live().now();
    window(query, now)?;
    let mut store = Store::new(Origin::Files, config.baseline());
    let feed = load(cli, &mut store);
    store.settle(now);
    // Relative times count from the newest event: files may be old.
    let since = window(query, files::newest(store.events()))?;
    let arns = if table.starts_with("arn:") { vec![table.to_owned()] } else { store.filed(table) };
    let found: Vec<Who> = arns.iter().filter_map(|arn| store.who(arn, since, Reach::Everywhere)).collect();
    if found.is_empty() {
        let (events, files) = (store.events().len(), feed.report.done);
        return Err(Failure::Usage(format!(
            "none of {events} events in {files} files names a table {table}; by its ARN their texts are searched as well"
        )));
    }
    print(cli, &store, Some(&feed), &found)?;
    Ok(ExitCode::SUCCESS)
}

fn print(cli: &Cli, store: &Store, feed: Option<&Feed>, found: &[Who]) -> Result<(), Failure> {
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    let unread = found.iter().map(|who| who.unread).max().unwrap_or_default();
    match cli.global.output {
        Output::Json => {
            let files = feed.map(|feed| files::report_json(store.events(), &feed.report, unread));
            export::who::json(&mut out, store, &store.coverage_of(&SOURCES), files, found)?;
        }
        _ => export::who::text(&mut out, store, found)?,
    }
    out.flush()?;
    if let Some(feed) = feed {
        let _closed = files::warn(store.events(), &feed.report, unread);
    }
    Ok(())
}

/// The beginning of the window that the words name.
fn window(query: &str, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let refuse = |why: String| Failure::Usage(format!("the window is not understood: {why}"));
    let parsed = Query::parse(query, RowKind::Events.schema()).map_err(|error| refuse(error.pointed(query)))?;
    let alone = query.split_whitespace().all(|term| term.starts_with("since:") || term.starts_with("last:"));
    match parsed.window(now) {
        (since, None) if alone => Ok(since),
        _ => Err(refuse(format!("`{query}`: it takes since:, or last:, and nothing else"))),
    }
}

/// No table of this name: told apart from tables that could not be listed.
fn unknown(store: &Store, name: &str) -> Result<ExitCode, Failure> {
    let blind: Vec<String> = store.coverage_of(&SOURCES).scopes_blind.iter().map(ToString::to_string).collect();
    if blind.is_empty() {
        return Err(Failure::Usage(format!("no table is called {name} in {} scopes", store.estate().scopes.len())));
    }
    let words =
        format!("whether a table is called {name} is not known: tables could not be listed in {}", blind.join(", "));
    let _closed = writeln!(io::stderr(), "dynakeep: {}", export::safe::visible(&words));
    Ok(ExitCode::from(4))
}

/// What is asked once it is known which tables are meant.
struct Asks {
    searches: Vec<EventSearch>,
    counts: Vec<(String, Timestamp)>,
}

impl Asks {
    fn of(store: &Store, arns: &[String], since: Option<Timestamp>, now: Timestamp, metrics: bool) -> Self {
        let tables = || arns.iter().filter_map(|arn| store.estate().tables.get(arn));
        let names = arns.iter().filter_map(|arn| Some(Arn::parse(arn)?.table_name()?.to_owned()));
        let keys = tables().filter_map(|table| table.description.value()?.kms_key.clone());
        let mut by: Vec<String> = names.chain(keys).collect();
        by.sort();
        by.dedup();
        let search = |name: String| EventSearch { by: SearchBy::Resource(name), since, until: None, limit: MOST };
        let from = since.or_else(|| now.checked_sub(COUNTED).ok()).unwrap_or(Timestamp::MIN);
        let counts = if metrics { tables().map(|table| (table.arn.clone(), from)).collect() } else { Vec::new() };
        Self { searches: by.into_iter().map(search).collect(), counts }
    }
}

/// Asks with a data layer of its own; what comes back is the store's.
fn ask(wire: Wire, settings: Settings, store: &mut Store, asks: &Asks) -> Result<(), Failure> {
    let (mut answered, mut counted) = (0, 0);
    let ask = |handle: &Handle| {
        asks.searches.iter().for_each(|search| handle.send(Command::Search(search.clone())));
        asks.counts.iter().for_each(|(arn, since)| handle.send(Command::Measure(arn.clone(), *since)));
    };
    let hear = |polled: Polled, scopes: usize| {
        match polled {
            Polled::Data { source, scope, deltas } if source != Source::Identity => {
                answered += deltas.iter().filter(|delta| matches!(delta, Delta::Search(_))).count();
                counted += deltas.iter().filter(|delta| matches!(delta, Delta::Calls(..))).count();
                store.apply(Polled::Data { source, scope, deltas });
            }
            Polled::Call(call) => store.apply(Polled::Call(call)),
            _ => {}
        }
        scopes > 0 && answered >= scopes * asks.searches.len() && counted >= asks.counts.len()
    };
    talk::put(wire, settings, false, ask, hear).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_has_a_beginning_and_nothing_else() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(window("", now).unwrap(), None);
        assert_eq!(window("since:2h", now).unwrap(), Some("2026-11-21T10:00:00Z".parse().unwrap()));
        for wrong in ["until:2h", "orders", "since:2h name:UpdateTable", "since:yesterdaay"] {
            assert!(window(wrong, now).is_err(), "{wrong}");
        }
    }
}
