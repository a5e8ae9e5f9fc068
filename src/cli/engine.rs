//! `events` asked of an engine beyond this machine: the plan, the answer, Ctrl-C, and how far the answer reaches.

use std::io::{self, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::{self, Ask, Handle, Settings, Target};
use crate::config::{Config, EnginesConfig, Size};
use crate::export::safe;
use crate::model::{EngineEnd, EngineNews, Polled, Source};
use crate::store::Store;
use crate::store::rows::RowKind;
use crate::trail::engine::athena::{Athena, Table};
use crate::trail::engine::ddl::{self, Ddl};
use crate::trail::engine::insights::Insights;
use crate::trail::engine::lake::Lake;
use crate::trail::engine::lookup::{self, Lookup};
use crate::trail::engine::s3::{Selection, Trail};
use crate::trail::engine::{Engine, Name, Reads, Root, Statement, Window, Work};
use crate::trail::query::Query;
use crate::wire::{Clock, Wire};

use super::args::EngineArgs;
use super::line::Line;
use super::search::{self, Reach};
use super::{Cli, Failure, Output, Pipe, files, once, settings, talk, wire};

/// Records that one question reads at most.
const MOST: usize = 100_000;

/// An engine, and where and within which bounds it is asked.
struct Configured {
    engine: Box<dyn Engine>,
    target: Target,
    region: Option<String>,
    max_bytes: u64,
    /// What a table's partitions hold.
    listing: Option<Trail>,
    /// The table is one of all days.
    undivided: bool,
    on: bool,
}

impl Configured {
    /// The window whose days are scanned for a window that is asked for.
    fn scanned(&self, window: Window) -> Window {
        if self.undivided { Window { since: BEGINNING, ..window } } else { window }
    }
}

/// Before the first log file of any trail.
const BEGINNING: Timestamp = Timestamp::constant(1_356_998_400, 0);
/// Objects that are named one by one where they could not be read.
const NAMED: usize = 10;

/// Does what the options ask for; `None` when they ask for nothing that is not done anyway.
pub(super) fn run(cli: &Cli, query: Option<&str>, args: &EngineArgs) -> Result<Option<ExitCode>, Failure> {
    let config = super::config(&cli.global)?;
    if args.athena_ddl {
        print_ddl(cli, &config.engines)?;
        return Ok(Some(ExitCode::SUCCESS));
    }
    let name = match (args.engine, cli.global.objects()) {
        (None | Some(Name::S3), Some(_)) => Name::S3,
        (Some(name), Some(_)) => {
            return Err(Failure::Usage(format!("--trail names objects in S3; {} reads none", name.word())));
        }
        (name, None) => name.unwrap_or(Name::Lookup),
    };
    if name == Name::Lookup && !args.plan {
        return Ok(None);
    }
    heeded(cli, &config)?;
    once::printable(cli, RowKind::Events)?;
    let mut queries = once::queries(RowKind::Events, [query, cli.global.filter.as_deref()])?;
    let wire = wire(cli)?;
    let window = Window::of(&queries, wire.clock.now());
    if window.is_empty() {
        let (since, until) = (window.since, window.until);
        return Err(Failure::Usage(format!("the window is empty: it begins at {since} and ends at {until}")));
    }
    if name == Name::Lookup {
        return lookup_plan(cli, &config, &queries, &window).map(Some);
    }
    if window.implied {
        // Every engine keeps to it, and so do the rows.
        queries.extend(once::queries(RowKind::Events, [Some(&format!("since:{}", window.since)), None])?);
    }
    let of = configured(cli, name, cli.global.objects(), &config.engines)?;
    let work = of.engine.translate(&queries, &window).map_err(Failure::Usage)?;
    if !of.on && !args.plan {
        let name = name.word();
        return Err(Failure::Usage(format!(
            "{name} costs money and is off: set `enabled = true` under [engines.{name}] in the configuration \
             (`dynakeep config-template` explains it)"
        )));
    }
    let ask = Ask {
        engine: name,
        work: work.clone(),
        target: of.target.clone(),
        region: of.region.clone(),
        window,
        max_bytes: Some(of.max_bytes),
        most: MOST,
        listing: of.listing.clone().map(|Trail { root, regions }| Selection {
            root,
            regions,
            window: of.scanned(window),
            every: true,
        }),
        dry: args.plan,
    };
    let mut store = Store::new(wire.origin, config.baseline());
    if !args.plan || of.on {
        asked(wire, settings(&cli.global, &config), ask, &mut store, cli.global.max_memory)?;
    }
    let news = store.engine().cloned();
    let json = describe(&of, &work, &window, news.as_ref());
    if args.plan {
        return print_plan(cli, &json, news.as_ref()).map(Some);
    }
    let reach = reach(name, json, &store);
    once::finish(cli, RowKind::Events, store, window.now, &queries, (Some(reach), &once::Narrow::default())).map(Some)
}

/// Refuses what an engine would silently pass over.
fn heeded(cli: &Cli, config: &Config) -> Result<(), Failure> {
    let global = &cli.global;
    let refuse = |why: &str| Err(Failure::Usage(why.to_owned()));
    if global.trail.len() > 1 {
        return refuse(
            "--trail s3://… is one place: name the prefix above all that is to be read, and narrow by -r and since:",
        );
    }
    if global.follow || global.keep_raw {
        return refuse("--follow and --keep-raw are for log files, --trail PATH: an engine is asked once");
    }
    if settings(global, config).profiles.len() > 1 {
        return refuse("an engine is asked in one account: name it with -p NAME, and ask again for the next one");
    }
    Ok(())
}

/// An engine as the configuration has it.
fn configured(cli: &Cli, name: Name, trail: Option<&Root>, of: &EnginesConfig) -> Result<Configured, Failure> {
    // Regions of a trail's path: those asked for by name.
    let asked = &cli.global.regions;
    let regions = if asked.iter().any(|region| region == "all") { Vec::new() } else { asked.clone() };
    let missing = |setting: &str| Failure::Usage(format!("set engines.{setting} in the configuration"));
    let size = |size: Option<Size>, default: u64| size.map_or(default, |size| size.0);
    let or = |text: &Option<String>, default: &str| text.clone().unwrap_or_else(|| default.to_owned());
    Ok(match name {
        Name::Lookup => return Err(Failure::Usage("lookup needs no configuration".to_owned())),
        Name::Athena => {
            let of_athena = &of.athena;
            let table = Table {
                database: or(&of_athena.database, "default"),
                name: or(&of_athena.table, "cloudtrail"),
                day: or(&of_athena.day_column, "day"),
                region: or(&of_athena.region_column, "region"),
                management: or(&of_athena.management_event_column, "managementevent"),
                regions: regions.clone(),
            };
            let database = table.database.clone();
            let workgroup = or(&of_athena.workgroup, "primary");
            // Listing is another engine's operation: without it the workgroup's limit is the bound.
            let root = of_athena.trail.as_ref().filter(|_| of.s3.enabled).map(|place| place.0.clone());
            // What no column tells apart is scanned, whatever is asked for.
            let listed = if table.region.is_empty() { Vec::new() } else { regions };
            let undivided = table.day.is_empty();
            Configured {
                engine: Box::new(Athena { table, most: MOST }),
                target: Target::Athena { database, workgroup, output: of_athena.output.clone() },
                region: of_athena.region.clone(),
                max_bytes: size(of_athena.max_bytes, 100_000_000_000),
                listing: root.map(|root| Trail { root, regions: listed }),
                undivided,
                on: of_athena.enabled,
            }
        }
        Name::Insights => {
            let log_group = of.insights.log_group.clone().ok_or_else(|| missing("insights.log_group"))?;
            Configured {
                engine: Box::new(Insights { log_group: log_group.clone() }),
                target: Target::Insights(log_group),
                region: of.insights.region.clone(),
                max_bytes: size(of.insights.max_bytes, 20_000_000_000),
                listing: None,
                undivided: false,
                on: of.insights.enabled,
            }
        }
        Name::Lake => {
            let store = of.lake.event_data_store.clone().ok_or_else(|| missing("lake.event_data_store"))?;
            Configured {
                engine: Box::new(Lake { store, most: MOST }),
                target: Target::Lake,
                region: of.lake.region.clone(),
                max_bytes: size(of.lake.max_bytes, 20_000_000_000),
                listing: None,
                undivided: false,
                on: of.lake.enabled,
            }
        }
        Name::S3 => {
            let place = of.s3.trail.as_ref().map(|place| &place.0);
            let root = trail.or(place).cloned();
            let root = root.ok_or_else(|| Failure::Usage("say where: --trail s3://bucket/prefix".to_owned()))?;
            Configured {
                engine: Box::new(Trail { root, regions }),
                target: Target::S3,
                region: of.s3.region.clone(),
                max_bytes: size(of.s3.max_bytes, 2_000_000_000),
                listing: None,
                undivided: false,
                on: of.s3.enabled,
            }
        }
    })
}

/// Asks over a data layer of its own, until the engine has ended. Ctrl-C cancels, a second one ends at once.
fn asked(wire: Wire, settings: Settings, ask: Ask, store: &mut Store, max_memory: usize) -> Result<(), Failure> {
    let mut progress = Progress::new(wire.clock.clone());
    let question = |handle: &Handle| handle.send(aws::Command::Ask(Box::new(ask)));
    let ended = talk::put(wire, settings, true, question, |polled, _| {
        if let Polled::Engine(news) = &polled {
            progress.show(news);
        }
        let over = matches!(&polled, Polled::Engine(news) if news.ended.is_some());
        let brought = matches!(&polled, Polled::Data { source: Source::Events, .. });
        store.apply(polled);
        if brought {
            store.bound_events(max_memory);
        }
        over
    });
    progress.line.end();
    if ended? == talk::End::Left
        && let Some(news) = store.engine().filter(|news| news.ended.is_none() && !news.query_id.is_empty())
    {
        let words = format!("the query {} may go on, and cost: nobody waited for it to stop", news.query_id);
        let _closed = writeln!(io::stderr(), "dynakeep: {}", safe::visible(&words));
    }
    Ok(())
}

/// All that is known of a question, for `coverage.events` and for the plan.
fn describe(of: &Configured, work: &Work, window: &Window, news: Option<&EngineNews>) -> Value {
    let sight = of.engine.sight();
    let (statement, partitions, residual, never) = match work {
        Work::Statement(Statement { text, partitions, residual, never }) => {
            (Some(text), partitions.clone(), residual.clone(), *never)
        }
        Work::Objects(selection) => {
            (None, selection.words(), vec!["every term: objects are read whole".to_owned()], false)
        }
        Work::Lookup(_) => (None, Vec::new(), Vec::new(), false),
    };
    let bound = news.and_then(|news| news.bound.as_ref());
    let (bytes, objects) = (bound.and_then(|bound| bound.bytes), bound.and_then(|bound| bound.objects));
    let most = Reads { bytes: bytes.or(Some(of.max_bytes)), objects };
    let scanned = news.and_then(|news| news.scanned);
    let fetched = news.filter(|news| news.phase == "reading").map(|news| news.done);
    let read = scanned.map(|bytes| Reads { bytes: Some(bytes), objects: fetched });
    json!({
        "engine": of.engine.name().word(),
        "sees": sight.sees, "kept": sight.kept, "late": sight.late, "records": sight.records,
        "window": {"since": window.since, "until": window.until, "implied": window.implied},
        "statement": statement, "partitions": partitions, "residual": residual,
        "max_bytes": of.max_bytes,
        "bound": {
            "bytes": bytes,
            "objects": objects,
            "how": bound.map_or("not asked for: the engine is off", |bound| bound.how.as_str()),
            "dollars": if never { Some(0.0) } else { of.engine.dollars(most) },
            // Without a bound that holds before, the query is watched, and what runs between two looks costs too.
            "holds": never || bytes.is_some(),
        },
        "query_id": news.map(|news| news.query_id.as_str()).filter(|id| !id.is_empty()),
        "bytes_scanned": scanned,
        "dollars": read.and_then(|read| of.engine.dollars(read)),
        "records_read": news.map(|news| news.records),
        "records_broken": news.map(|news| news.broken),
        "unread": news.map(|news| news.unread.clone()).unwrap_or_default(),
        "unread_count": news.map(|news| news.unread_count),
        "left_running": news.and_then(|news| news.left.clone()),
    })
}

/// How far the answer reaches.
fn reach(name: Name, mut json: Value, store: &Store) -> Reach {
    let news = store.engine();
    let (word, reason) = match news.and_then(|news| news.ended.as_ref()) {
        Some(EngineEnd::Whole) => ("whole", String::new()),
        Some(EngineEnd::Planned) => ("planned", String::new()),
        Some(EngineEnd::Cut(why)) => ("cut", why.clone()),
        Some(EngineEnd::TooLarge(why)) => ("too large", why.clone()),
        Some(EngineEnd::Cancelled) => ("cancelled", "cancelled".to_owned()),
        Some(EngineEnd::Failed(error)) => ("failed", error.to_string()),
        None => ("cancelled", "cancelled before it was asked".to_owned()),
    };
    let evicted = store.events().tally().evicted;
    let cut = word != "whole" || evicted > 0;
    json["ended"] = json!(word);
    json["reason"] = json!((!reason.is_empty()).then_some(&reason));
    json["cut"] = json!(cut);
    json["evicted"] = json!(evicted);
    search::broken_json(store, &mut json);
    let mut lines = Vec::new();
    if word != "whole" {
        lines.push(format!("{}: not all events there are: {reason}", name.word()));
    }
    if let (Some(since), true) = (files::kept_since(store.events()), evicted > 0) {
        lines.push(format!("{evicted} events before {since} were let go: --max-memory bounds them"));
    }
    if let Some(news) = news {
        lines.extend(news.left.clone());
        lines.extend(news.unread.iter().take(NAMED).map(|(key, why)| format!("{key}: {why}")));
        let more = news.unread_count.saturating_sub(NAMED as u64);
        if more > 0 {
            lines.push(format!("and {more} objects more that were not read whole: -o json names the first of them"));
        }
    }
    lines.extend(search::broken_line(store));
    Reach { json, cut, lines }
}

fn print_plan(cli: &Cli, json: &Value, news: Option<&EngineNews>) -> Result<ExitCode, Failure> {
    let ended = news.and_then(|news| news.ended.as_ref());
    let failed = match ended {
        Some(EngineEnd::Failed(error)) => Some(error.to_string()),
        Some(EngineEnd::TooLarge(why)) => Some(why.clone()),
        _ => None,
    };
    let mut out = Pipe::new(io::stdout().lock());
    if cli.global.output == Output::Json {
        safe::json(&mut out, &json!({"schema": crate::export::json::SCHEMA, "plan": json, "refused": failed}))?;
        writeln!(out)?;
    } else {
        plan_text(&mut out, json)?;
    }
    out.flush()?;
    for why in failed.iter().chain(news.and_then(|news| news.left.as_ref())) {
        let _closed = writeln!(io::stderr(), "dynakeep: {}", safe::visible(why));
    }
    Ok(if failed.is_some() { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

fn plan_text(out: &mut dyn Write, json: &Value) -> io::Result<()> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "not known".to_owned(),
        other => other.to_string(),
    };
    let list = |value: &Value| {
        let words: Vec<String> = value.as_array().into_iter().flatten().map(text).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    };
    let bound = &json["bound"];
    let dollars = bound["dollars"].as_f64().map_or_else(|| "not known".to_owned(), |most| format!("${most:.4}"));
    let cost = match bound["holds"].as_bool() {
        Some(true) => ("costs at most", dollars),
        _ => ("costs about", format!("{dollars} at most: it is stopped once it is seen to be over max_bytes")),
    };
    let lines = [
        ("engine", text(&json["engine"])),
        ("sees", text(&json["sees"])),
        ("kept", text(&json["kept"])),
        ("late", text(&json["late"])),
        ("records", text(&json["records"])),
        ("window", format!("{} to {}", text(&json["window"]["since"]), text(&json["window"]["until"]))),
        ("reads", list(&json["partitions"])),
        ("filtered here", list(&json["residual"])),
        ("at most", format!("{} bytes: {}", text(&bound["bytes"]), text(&bound["how"]))),
        ("max_bytes", text(&json["max_bytes"])),
        cost,
    ];
    for (name, line) in lines {
        writeln!(out, "{name:<15}{}", safe::visible(&line))?;
    }
    if let Some(statement) = json["statement"].as_str() {
        writeln!(out)?;
        for line in statement.lines() {
            writeln!(out, "{}", safe::visible(line))?;
        }
    }
    Ok(())
}

/// What `LookupEvents` would be asked, and how long that can take.
fn lookup_plan(cli: &Cli, config: &Config, queries: &[Query], window: &Window) -> Result<ExitCode, Failure> {
    let settings = settings(&cli.global, config);
    let hours = once::hours(queries, window.now, cli.global.demo.is_some());
    let engine = Lookup { hours };
    let Work::Lookup(plan) = engine.translate(queries, window).map_err(Failure::Usage)? else {
        return Err(Failure::Usage("lookup has no plan for this".to_owned()));
    };
    let (sight, share) = (engine.sight(), if settings.limits { settings.share } else { 1.0 });
    let searches: Vec<String> = plan
        .extra
        .iter()
        .map(|search| {
            let (attribute, value) = search.by.attribute();
            format!("{attribute} {value}")
        })
        .collect();
    let seconds = lookup::longest(&plan, share);
    let mut out = Pipe::new(io::stdout().lock());
    if cli.global.output == Output::Json {
        let json = json!({
            "engine": "lookup", "sees": sight.sees, "kept": sight.kept, "late": sight.late, "records": sight.records,
            "searches": searches, "hours": hours, "seconds_at_most": seconds, "dollars": 0,
        });
        safe::json(&mut out, &json!({"schema": crate::export::json::SCHEMA, "plan": json}))?;
        writeln!(out)?;
    } else {
        let searches = if searches.is_empty() { "nothing".to_owned() } else { searches.join(", ") };
        let lines = [
            ("engine", "lookup".to_owned()),
            ("sees", sight.sees.to_owned()),
            ("kept", sight.kept.to_owned()),
            ("polls", format!("write calls, DynamoDB's own events and uses of keys, of {hours} hours")),
            ("searches for", searches),
            ("takes at most", format!("{seconds:.0} s in each scope, at {share} of 2 requests a second")),
            ("costs", "nothing".to_owned()),
        ];
        for (name, line) in lines {
            writeln!(out, "{name:<15}{}", safe::visible(&line))?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn print_ddl(cli: &Cli, of: &EnginesConfig) -> Result<(), Failure> {
    if cli.global.output != Output::Table {
        return Err(Failure::Usage("-o: --athena-ddl prints a statement, in one format".to_owned()));
    }
    let athena = &of.athena;
    let asked = cli.global.regions.iter().any(|region| region != "all");
    let text = ddl::text(&Ddl {
        database: athena.database.as_deref().unwrap_or("default"),
        table: athena.table.as_deref().unwrap_or("cloudtrail"),
        trail: athena.trail.as_ref().map(|place| &place.0),
        organization: athena.organization.as_deref(),
        accounts: &athena.accounts,
        regions: if asked { &cli.global.regions } else { &athena.regions },
    });
    let mut out = Pipe::new(io::stdout().lock());
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// How far a question is.
struct Progress {
    line: Line,
    clock: Clock,
    began: Option<(Timestamp, &'static str)>,
}

impl Progress {
    fn new(clock: Clock) -> Self {
        Self { line: Line::new(), clock, began: None }
    }

    fn show(&mut self, news: &EngineNews) {
        let now = self.clock.now();
        let began = match self.began {
            Some((began, phase)) if phase == news.phase => began,
            _ => {
                self.began = Some((now, news.phase));
                now
            }
        };
        self.line.show(|| words(news, now.duration_since(began).as_secs_f64()));
    }
}

/// A question's state in words, so many seconds after its phase began.
fn words(news: &EngineNews, gone: f64) -> String {
    let mut words = format!("{} {}", news.engine, news.phase);
    if news.total > 0 {
        words.push_str(&format!(" {}/{}", news.done, news.total));
        if news.done > 0 && news.done < news.total && gone > 0.5 {
            let left = gone / news.done as f64 * (news.total - news.done) as f64;
            words.push_str(&format!(", {left:.0} s left"));
        }
    }
    if let Some(bytes) = news.scanned {
        words.push_str(&format!(", {bytes} bytes"));
    }
    if news.records > 0 {
        words.push_str(&format!(", {} records", news.records));
    }
    words + " (Ctrl-C stops it)"
}
