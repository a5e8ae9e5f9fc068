//! `baseline`: accept what is, show what was accepted, and what differs since.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::{Config, accepted};
use crate::controls::accepted::{
    Accepted, AcceptedTable, Compared, Difference, Effect, compare, controls_on, names, read,
};
use crate::export::safe::{self, visible};
use crate::model::{Arn, Source, SourceError, Table, Verdict, second};
use crate::store::Store;
use crate::store::rows::{RowKind, TableRow};

use super::{BaselineCommand, Cli, Failure, Global, Output, Pipe, once, settings, talk, wire};

/// Does what is asked, and gives the exit code.
pub(super) fn run(cli: &Cli, what: &BaselineCommand) -> Result<ExitCode, Failure> {
    if !matches!(cli.global.output, Output::Table | Output::Json) {
        return Err(Failure::Usage("baseline comes as table or json".to_owned()));
    }
    if !cli.global.trail.is_empty() {
        return Err(Failure::Usage("--trail is for `events`, `who` and the dashboard".to_owned()));
    }
    match what {
        BaselineCommand::Accept { query, reason, by } => accept(cli, query.as_deref(), reason, by.as_deref()),
        BaselineCommand::Diff { query } => diff(cli, query.as_deref()),
        BaselineCommand::Show if cli.global.filter.is_some() => {
            Err(Failure::Usage("--filter is for rows of the estate; this command reads a file".to_owned()))
        }
        BaselineCommand::Show => show(cli),
    }
}

/// The text of the file and what it says. Without one, nothing was accepted.
pub(super) fn stands(global: &Global) -> Result<(String, Accepted), String> {
    if global.demo.is_some() && !is_named(global) {
        // The demo account is the same wherever it is looked at.
        return Ok(Default::default());
    }
    let named = global.baseline.as_deref();
    let Some(path) = Config::accepted_path(global.config.as_deref(), named) else { return Ok(Default::default()) };
    let text = Config::accepted_text(&path)?.unwrap_or_default();
    let accepted = Config::accepted(&path, &text)?;
    Ok((text, accepted))
}

/// How often the file is looked at.
const GLANCE: Duration = Duration::from_secs(2);

/// What is accepted, each time that the file is written anew; `None` where no file says it.
pub(super) fn watched(global: &Global) -> Option<UnboundedReceiver<Accepted>> {
    if global.demo.is_some() && !is_named(global) {
        return None;
    }
    let path = Config::accepted_path(global.config.as_deref(), global.baseline.as_deref())?;
    let demo = global.demo.is_some();
    let (told, written) = unbounded_channel();
    std::thread::spawn(move || {
        let mut known = Config::accepted_text(&path);
        let read = |text: &str| Config::accepted(&path, text);
        let mut good = known.as_ref().ok().and_then(|text| read(text.as_deref().unwrap_or_default()).ok());
        while !told.is_closed() {
            std::thread::sleep(GLANCE);
            let now = Config::accepted_text(&path);
            if now == known {
                continue;
            }
            let text = now.as_ref().map(|text| text.as_deref().unwrap_or_default()).map_err(Clone::clone);
            // While a file is broken, half written for one, what it said last stands: nothing is taken back by a slip.
            let accepted = match text.and_then(read) {
                Ok(accepted) => good.insert(accepted).clone(),
                Err(broken) => Accepted { broken: Some(broken), ..good.clone().unwrap_or_default() },
            };
            let config = Config { accepted, ..Config::default() };
            // As at the start, what the demo account's people accepted stands where the file says nothing.
            let _ended = told.send(if demo { config.of_demo() } else { config }.accepted);
            known = now;
        }
    });
    Some(written)
}

fn is_named(global: &Global) -> bool {
    global.baseline.is_some() || global.config.is_some()
}

/// Where to write. The demo account's settings are not put among those of real tables unless somebody says where.
fn target(global: &Global) -> Result<PathBuf, Failure> {
    if global.demo.is_some() && !is_named(global) {
        let why = "of the demo account nothing is accepted beside your configuration: name a file with --baseline FILE";
        return Err(Failure::Usage(why.to_owned()));
    }
    Config::accepted_path(global.config.as_deref(), global.baseline.as_deref())
        .ok_or_else(|| Failure::Usage("there is no directory for it: name a file with --baseline FILE".to_owned()))
}

/// Who runs this, by the environment.
fn user() -> Result<String, Failure> {
    super::user()
        .ok_or_else(|| Failure::Usage("the environment names no user: say who accepts with --by NAME".to_owned()))
}

/// Reads the tables that a query asks for.
fn swept(cli: &Cli, query: Option<&str>) -> Result<(Store, Vec<String>), Failure> {
    let global = &cli.global;
    let queries = once::queries(RowKind::Tables, [query, global.filter.as_deref()])?;
    let config = super::config(global)?;
    let wire = wire(cli)?;
    let mut settings = settings(global, &config);
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    settings.once = true;
    // What a query may ask about, and what the controls that rest on these settings are judged by.
    settings.sources = vec![Source::Identity, Source::Tables, Source::Keys];
    let beside =
        |name: &str| name.starts_with("verdict") || name.starts_with("backups") || matches!(name, "thin" | "endpoints");
    if queries.iter().any(|query| query.mentions_any(&beside)) {
        settings.sources = Source::ALL.to_vec();
    }
    let mut store = Store::new(wire.origin, config.baseline());
    // A query may ask about verdicts, and mutes count there as everywhere.
    store.set_exceptions(super::exceptions(global));
    let clock = wire.clock.clone();
    talk::fill(&mut store, wire, settings)?;
    store.settle(clock.now());
    let tables = store.estate().tables.values();
    let asked = |table: &&Table| queries.iter().all(|query| query.matches(&TableRow { store: &store, table }));
    let asked = tables.filter(asked).map(|table| table.arn.clone()).collect();
    Ok((store, asked))
}

fn accept(cli: &Cli, query: Option<&str>, reason: &str, by: Option<&str>) -> Result<ExitCode, Failure> {
    let path = target(&cli.global)?;
    let by = by.map_or_else(user, |by| Ok(by.to_owned()))?;
    // A broken file is told of before anything is read of AWS.
    stands(&cli.global).map_err(Failure::Usage)?;
    let (store, arns) = swept(cli, query)?;
    let unlisted: Vec<String> = unlisted(&store);
    if arns.is_empty() {
        let more = if unlisted.is_empty() { String::new() } else { format!("; {}", unlisted.join("; ")) };
        return Err(Failure::Usage(format!("no table matches, and nothing was written{more}")));
    }
    // Somebody else may have written it in the meantime.
    let (text, before) = stands(&cli.global).map_err(Failure::Usage)?;
    let (mut tables, mut left_out) = (BTreeMap::new(), Vec::new());
    for table in arns.iter().filter_map(|arn| store.estate().tables.get(arn)) {
        let (now, unread) = as_it_is(&store, table, before.tables.get(&table.arn), (&by, reason));
        left_out.extend(unread.into_iter().map(|why| (table.arn.clone(), why)));
        if !now.settings.is_empty() {
            tables.insert(table.arn.clone(), now);
        }
    }
    let changed =
        accepted::changed(&text, &tables).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    crate::state::replace(&path, changed.as_bytes(), false)?;
    let mut out = Pipe::new(io::stdout().lock());
    if cli.global.output == Output::Json {
        let unread: Vec<Json> = left_out.iter().map(|(arn, why)| json!({"table": arn, "reason": why})).collect();
        safe::json(&mut out, &json!({"file": path.display().to_string(), "accepted": tables, "left_out": unread}))?;
        writeln!(out)?;
    } else {
        writeln!(out, "accepted {} tables in {}", tables.len(), path.display())?;
        for (arn, now) in tables.iter().take(SHOWN) {
            writeln!(out, "  {}", visible(&done(arn, now, before.tables.get(arn))))?;
        }
        if tables.len() > SHOWN {
            writeln!(out, "  and {} more", tables.len() - SHOWN)?;
        }
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    // A state that fails is seldom what anybody wants to hold a table to.
    for (arn, now) in &tables {
        let fails = failing(&store, arn, now);
        if !fails.is_empty() {
            let _closed = writeln!(
                err,
                "dynakeep: {} is accepted while {} fail: they go on failing, DET-13 alone will pass",
                visible(&place(arn)),
                fails.into_iter().collect::<Vec<_>>().join(", ")
            );
        }
    }
    for (arn, why) in left_out.iter().take(20) {
        let _closed = writeln!(err, "dynakeep: {}: {}", visible(arn), safe::shortened(&visible(why), 500));
    }
    if left_out.len() > 20 {
        let _closed = writeln!(err, "dynakeep: and {} more", left_out.len() - 20);
    }
    for why in &unlisted {
        let _closed = writeln!(err, "dynakeep: {}", safe::shortened(&visible(why), 500));
    }
    Ok(if left_out.is_empty() && unlisted.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

/// How many tables are named one by one.
const SHOWN: usize = 20;

/// `orders in eu-west-1`.
fn place(arn: &str) -> String {
    match Arn::parse(arn) {
        Some(of) => format!("{} in {}", of.table_name().unwrap_or(arn), of.region),
        None => arn.to_owned(),
    }
}

/// What was accepted of a table, and in whose place.
fn done(arn: &str, now: &AcceptedTable, before: Option<&AcceptedTable>) -> String {
    let settings = format!("{}: {} settings", place(arn), now.settings.len());
    match before {
        None => settings,
        Some(old) => {
            let differ = now.settings.iter().filter(|(name, value)| old.settings.get(*name) != Some(value)).count();
            format!("{settings}, {differ} other than {} accepted at {}", old.by, old.at)
        }
    }
}

/// The controls that rest on what was accepted and fail by it.
fn failing(store: &Store, arn: &str, now: &AcceptedTable) -> BTreeSet<&'static str> {
    let ids = now.settings.keys().flat_map(|name| controls_on(name)).copied();
    ids.filter(|id| store.judgement(arn, id).is_some_and(|of| of.verdict == Verdict::Fail)).collect()
}

/// Scopes whose tables could not be listed.
fn unlisted(store: &Store) -> Vec<String> {
    let of = store.estate().scopes.iter().filter_map(|scope| Some((scope, store.estate().unlisted(scope)?)));
    of.map(|(scope, error)| format!("{scope}: its tables were not listed: {}", told(error))).collect()
}

fn told(error: Option<&SourceError>) -> String {
    error.map_or_else(|| "not read yet".to_owned(), ToString::to_string)
}

/// What is accepted of a table, and what could not be read of it.
fn as_it_is(
    store: &Store,
    table: &Table,
    before: Option<&AcceptedTable>,
    (by, reason): (&str, &str),
) -> (AcceptedTable, Vec<String>) {
    let estate = store.estate();
    let (mut settings, mut unread) = (BTreeMap::new(), Vec::new());
    for name in names(estate, table) {
        let why = match read(estate, table, &name) {
            Ok(Some(reading)) => {
                settings.insert(name, reading.value);
                continue;
            }
            Ok(None) => "the answer leaves it out".to_owned(),
            Err(error) => told(error.as_ref()),
        };
        // What somebody accepted once is not taken away because it cannot be seen today.
        match before.and_then(|before| before.settings.get(&name)) {
            Some(old) => {
                unread.push(format!("{name} stays as it was accepted: {why}"));
                settings.insert(name, old.clone());
            }
            None => unread.push(format!("{name} is left out: {why}")),
        }
    }
    // To the second: the file is read by people.
    let at = second(estate.now);
    (AcceptedTable { at, by: by.to_owned(), reason: reason.to_owned(), settings }, unread)
}

fn show(cli: &Cli) -> Result<ExitCode, Failure> {
    stands(&cli.global).map_err(Failure::Usage)?;
    let accepted = super::config(&cli.global)?.accepted;
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    if cli.global.output == Output::Json {
        safe::json(&mut out, &json!({ "tables": accepted.tables }))?;
        writeln!(out)?;
    } else {
        for (arn, table) in &accepted.tables {
            let by = format!("accepted by {} at {}: {}", table.by, table.at, table.reason);
            writeln!(out, "{}\n  {}", visible(arn), visible(&by))?;
            for (name, value) in &table.settings {
                writeln!(out, "  {:<32} {}", visible(name), visible(&value.words(name, 120)))?;
            }
        }
        if accepted.tables.is_empty() {
            writeln!(out, "nothing was accepted yet: dynakeep baseline accept --reason TEXT")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn diff(cli: &Cli, query: Option<&str>) -> Result<ExitCode, Failure> {
    stands(&cli.global).map_err(Failure::Usage)?;
    let (store, arns) = swept(cli, query)?;
    let (estate, baseline) = (store.estate(), store.baseline());
    let mut compared: Vec<(&Table, &AcceptedTable, Compared)> = Vec::new();
    let mut never = 0;
    for table in arns.iter().filter_map(|arn| estate.tables.get(arn)) {
        match baseline.accepted.tables.get(&table.arn) {
            Some(of) => compared.push((table, of, compare(estate, baseline, table, of))),
            None => never += 1,
        }
    }
    // A query names tables that are there: what is gone is told without one.
    let whole = query.is_none() && cli.global.filter.is_none();
    let listed = |arn: &str| {
        let of = Arn::parse(arn);
        let scope = of.and_then(|of| estate.scopes.iter().find(|s| s.account == of.account && s.region == of.region));
        scope.is_some_and(|scope| estate.unlisted(scope).is_none())
    };
    let gone: Vec<&String> = baseline
        .accepted
        .tables
        .keys()
        .filter(|arn| whole && !estate.tables.contains_key(*arn) && listed(arn))
        .collect();
    let unlisted = unlisted(&store);
    let differences =
        || compared.iter().flat_map(|(table, of, all)| all.differences.iter().map(move |one| (table, of, one)));
    let unread = || compared.iter().flat_map(|(table, _, all)| all.unread.iter().map(move |one| (table, one)));
    let lowers = differences().any(|(.., one)| matches!(one.effect, Effect::Lowers(_)));
    let unsaid = differences().any(|(.., one)| matches!(one.effect, Effect::Unsaid(_, Some(_))));
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    if cli.global.output == Output::Json {
        let mut extra = Map::new();
        let rows: Vec<Json> = differences().map(|(table, of, one)| row(table, of, one)).collect();
        let not = unread()
            .map(|(table, (name, error))| json!({"table": table.arn, "setting": name, "reason": told(error.as_ref())}));
        extra.insert("differences".to_owned(), json!(rows));
        extra.insert("not_read".to_owned(), not.collect());
        extra.insert("gone".to_owned(), json!(gone));
        extra.insert("compared".to_owned(), json!(compared.len()));
        extra.insert("never_accepted".to_owned(), json!(never));
        crate::export::json::write(&mut out, &store, &store.coverage_of(RowKind::Tables.sources()), None, extra, &[])?;
    } else {
        for (table, of, one) in differences() {
            let who = format!("{} on {}", of.by, of.at.strftime("%Y-%m-%d"));
            let line = format!("{}  {}  accepted by {who}", table.arn, one.words());
            writeln!(out, "{}", visible(&line))?;
        }
        for arn in &gone {
            writeln!(out, "{}  the table is gone", visible(arn))?;
        }
        let count = differences().count() + gone.len();
        let differ = compared.iter().filter(|(_, _, all)| !all.differences.is_empty()).count() + gone.len();
        writeln!(
            out,
            "{count} differences in {differ} of {} accepted tables; {never} were never accepted",
            compared.len() + gone.len()
        )?;
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    for (table, (name, error)) in unread().take(20) {
        let line = format!("{} {name}: {}", table.arn, told(error.as_ref()));
        let _closed = writeln!(err, "dynakeep: {}", safe::shortened(&visible(&line), 500));
    }
    for why in &unlisted {
        let _closed = writeln!(err, "dynakeep: {}", safe::shortened(&visible(why), 500));
    }
    Ok(if lowers || !gone.is_empty() {
        ExitCode::from(3)
    } else if unsaid || unread().next().is_some() || !unlisted.is_empty() {
        ExitCode::from(4)
    } else {
        ExitCode::SUCCESS
    })
}

fn row(table: &Table, of: &AcceptedTable, one: &Difference) -> Json {
    let (lowers, unsaid) = match &one.effect {
        Effect::Lowers(control) => (Some(control), None),
        Effect::Unsaid(control, _) => (None, Some(control)),
        Effect::Neutral => (None, None),
    };
    json!({
        "table": table.arn,
        "setting": one.setting,
        "accepted": one.accepted,
        "now": one.now,
        "lowers": lowers,
        "could_not_judge": unsaid,
        "accepted_by": of.by,
        "accepted_at": of.at,
        "reason": of.reason,
    })
}
