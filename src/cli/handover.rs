//! `handover`: one sweep, and what changed since the mark or since a moment; `--done` moves the mark.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use crate::export::handover::Told;
use crate::export::safe::visible;
use crate::model::Origin;
use crate::state::{State, Whose};
use crate::store::Store;
use crate::store::mark::Mark;
use crate::store::rows::RowKind;
use crate::trail::query::Query;

use super::{Cli, Failure, Output, Pipe, once, settings, talk, wire};

/// How far back it goes where nobody set a mark and nobody says.
const SHIFT: SignedDuration = SignedDuration::from_hours(12);

/// Sweeps, prints, moves the mark where that is asked for, and gives the exit code.
pub(super) fn run(cli: &Cli, since: Option<&str>, done: bool) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if !matches!(global.output, Output::Table | Output::Json | Output::Md) {
        return Err(Failure::Usage("a hand-over comes as table, md or json".to_owned()));
    }
    if global.filter.is_some() || !global.trail.is_empty() {
        return Err(Failure::Usage("a hand-over is of all that is looked at: no --filter, no --trail".to_owned()));
    }
    let state = super::state(global);
    if done && state.is_none() {
        return Err(Failure::Usage(
            "--done: there is nowhere to keep the mark: name a directory with --state DIR".to_owned(),
        ));
    }
    let config = super::config(global)?;
    let wire = wire(cli)?;
    let mut settings = settings(global, &config);
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    let (clock, origin, endpoint) = (wire.clock.clone(), wire.origin, settings.endpoint.clone());
    let since = since.map(|text| moment(text, clock.now())).transpose()?;
    settings.once = true;
    let back = since.map_or(24, |since| clock.now().duration_since(since).as_hours() + 1);
    settings.event_hours = if global.demo.is_some() { 24 * 90 } else { back.clamp(1, 24 * 90) };
    let mut store = Store::new(origin, config.baseline());
    store.set_exceptions(super::exceptions(global));
    talk::fill(&mut store, wire, settings)?;
    store.settle(clock.now());
    let whose = whose(&store, origin, endpoint);
    if let Some(state) = &state {
        recall(&mut store, state, &whose, clock.now())?;
    }
    let handover = match (since, store.since()) {
        (Some(at), _) => store.handover_since(at),
        (None, Some(found)) if store.mark().is_some_and(|mark| mark.stamp(&store).is_some()) => store.handover(&found),
        (None, _) => store.handover_since(clock.now() - SHIFT),
    };
    let coverage = store.coverage();
    let told = Told { store: &store, coverage: &coverage, handover: &handover };
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    let whole = once::is_whole(&coverage);
    match global.output {
        Output::Json => told.json(&mut out, Map::from_iter([("incomplete".to_owned(), json!(!whole))]))?,
        Output::Md => told.markdown(&mut out)?,
        _ => told.table(&mut out)?,
    }
    out.flush()?;
    if let Some(state) = state.filter(|_| done) {
        let mark = Mark::of(
            &store,
            clock.now(),
            &super::user().unwrap_or_else(|| "somebody without a name".to_owned()),
            store.mark(),
        );
        state.keep_mark(&whose, &mark).map_err(|why| Failure::Io(io::Error::other(why)))?;
        let _closed = writeln!(io::stderr(), "dynakeep: handed over: the mark stands at {}", clock.now());
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

fn whose(store: &Store, origin: Origin, endpoint: Option<String>) -> Whose {
    let accounts: BTreeSet<String> = store.estate().scopes.iter().map(|scope| scope.account.clone()).collect();
    Whose::new(origin, endpoint, accounts)
}

/// Takes in what was kept; what is wrong with it is said.
fn recall(store: &mut Store, state: &State, whose: &Whose, now: Timestamp) -> Result<(), Failure> {
    let recalled = state.recall(whose, now).map_err(Failure::Usage)?;
    for said in &recalled.said {
        let _closed = writeln!(io::stderr(), "dynakeep: {}", visible(said));
    }
    store.set_mark(recalled.mark);
    store.set_notes(recalled.notes);
    Ok(())
}

/// `23:00` is the last such moment in UTC; anything else is what `since:` of a filter takes.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = text.trim();
    let wrong = || Failure::Usage(format!("--since {text}: write 23:00 (UTC), 8h, or 2026-11-21T23:00"));
    if let Ok(time) = text.trim_end_matches('Z').parse::<jiff::civil::Time>()
        && text.contains(':')
        && !text.contains('-')
    {
        let utc = jiff::tz::TimeZone::UTC;
        let today = now.to_zoned(utc.clone()).date();
        let at = |date: jiff::civil::Date| Some(date.to_datetime(time).to_zoned(utc.clone()).ok()?.timestamp());
        let found = at(today).filter(|at| *at <= now).or_else(|| at(today.yesterday().ok()?));
        return found.ok_or_else(wrong);
    }
    let query = Query::parse(&format!("since:{text}"), RowKind::Findings.schema()).map_err(|_| wrong())?;
    query.window(now).0.filter(|at| *at <= now).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_last_one_and_what_is_to_come_is_refused() {
        let now: Timestamp = "2026-11-21T07:30:00Z".parse().unwrap();
        let at = |text: &str| moment(text, now).map(|at| at.to_string());
        assert_eq!(at("23:00").unwrap(), "2026-11-20T23:00:00Z");
        assert_eq!(at("07:00Z").unwrap(), "2026-11-21T07:00:00Z");
        assert_eq!(at("8h").unwrap(), "2026-11-20T23:30:00Z");
        assert_eq!(at("2026-11-19").unwrap(), "2026-11-19T00:00:00Z");
        for text in ["", "tomorrow", "25:00", "2027-01-01"] {
            assert_eq!(at(text).unwrap_err().code(), 2, "{text}");
        }
    }
}
