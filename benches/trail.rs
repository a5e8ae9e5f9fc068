//! Figures of the events' columns on a real directory of log files: `cargo bench -p dynakeep-events --bench trail -- DIR`.
//!
//! Prints a line of JSON a figure. `DIR` holds a trail; a `truth.json` beside it, with what was planted, checks answers.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

use std::path::PathBuf;
use std::time::Instant;

use dynakeep_events::Events;
use dynakeep_events::columns::{Content, Facet, RowSet, Texts};
use dynakeep_events::ingest::{Keep, Load, Options, Packer, Step};
use dynakeep_events::query::{Field, FieldSpec, Kind, Needle, Query, Schema};
use dynakeep_events::scan::{Search, cores, nobody};
use serde_json::{Value, json};

const FIELDS: [FieldSpec; 3] = [
    FieldSpec { name: "name", aliases: &[], kind: Kind::Text, help: "" },
    FieldSpec { name: "principal", aliases: &["by"], kind: Kind::Text, help: "" },
    FieldSpec { name: "session", aliases: &[], kind: Kind::Text, help: "" },
];
const SCHEMA: Schema = Schema { rows: "events", fields: &FIELDS };

fn main() {
    let mut paths = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(path) = paths.next() else {
        println!("{{\"skipped\":\"no directory of log files was named\"}}");
        return;
    };
    let path = PathBuf::from(path);
    let truth: Value = std::fs::read_to_string(path.join("truth.json"))
        .map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    let logs = Some(path.join("AWSLogs")).filter(|logs| logs.is_dir()).unwrap_or(path);
    let threads = cores();
    let load = |keep| {
        let began = Instant::now();
        let mut events = Events::default();
        let options = Options { paths: vec![logs.clone()], threads, keep, follow: false, grader: None };
        let load = Load::start(options, nobody());
        let mut first = None;
        while let Some(step) = load.wait() {
            if let Step::Read(batch, _) = step {
                events.absorb(batch);
                if !events.is_empty() {
                    first.get_or_insert(began.elapsed().as_secs_f64());
                }
            }
        }
        events.settle();
        (events, began.elapsed().as_secs_f64(), first.unwrap_or_default())
    };
    let say = |work: &str, value: f64, unit: &str| println!("{}", json!({"work": work, "value": value, "unit": unit}));
    // Memory is measured before anything else was in it.
    let (mut events, seconds, first) = load(Keep::Files);
    events.shrink();
    let count = events.len() as f64;
    say("rss_columns", resident() / count, "B/event");
    pack(&mut events, threads);
    say("rss_zstd", resident() / count, "B/event");
    drop(events);
    let mut best = (seconds, first);
    let mut kept = None;
    for _ in 0..4 {
        let (events, seconds, first) = load(Keep::Files);
        best = (best.0.min(seconds), best.1.min(first));
        kept = Some(events);
    }
    let mut events = kept.unwrap();
    if let Some(records) = truth["records"].as_u64() {
        assert_eq!(events.tally().events as u64, records);
    }
    say("events", count, "events");
    say("load", best.0, "s");
    say("load_first", best.1, "s");
    events.shrink();
    let (columns, _) = events.bytes();
    say("bytes_columns", columns as f64 / count, "B/event");

    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut query = String::from("name:DeleteTable");
    if let (Some(window), Some(names)) = (truth["window"].as_array(), truth["target_events"].as_array()) {
        let names: Vec<String> = names.iter().map(|name| format!("name:{}", name.as_str().unwrap())).collect();
        let (principal, session) = truth["principal"].as_str().unwrap().split_once('/').unwrap();
        // A bare day means all of it; the window ends before its last one.
        let until =
            window[1].as_str().unwrap().parse::<jiff::Timestamp>().unwrap() - jiff::SignedDuration::from_secs(1);
        query = format!(
            "({}) by:{principal} session:{session} since:{} until:{until}",
            names.join(" or "),
            window[0].as_str().unwrap()
        );
    }
    let asked = Query::parse(&query, &SCHEMA).unwrap();
    say("filter", 1e3 * fastest(50, || events.select(&asked, now, &|_, _| Field::None)), "ms");
    if let Some(hits) = truth["filter_hits"].as_array() {
        let mut wanted: Vec<&str> = hits.iter().map(|hit| hit[0].as_str().unwrap()).collect();
        let rows = events.select(&asked, now, &|_, _| Field::None);
        let mut found: Vec<String> = rows.iter().map(|row| events.at(*row).unwrap().id().into_owned()).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        // The account of the window is not a part of the query asked.
        assert!(wanted.iter().all(|id| found.iter().any(|found| found == id)), "{} of {}", found.len(), wanted.len());
    }
    let all = events.all();
    say("facet", 1e3 * fastest(50, || events.count_by(Facet::Name, &all)), "ms");
    say("newest", 1e3 * fastest(20, || events.newest(&all)), "ms");
    let (from, to) = events.span().unwrap();
    say("histogram", 1e3 * fastest(20, || events.histogram(&all, &(from..to), 100)), "ms");

    let needle = truth["needle"].as_str().unwrap_or("quokka").to_owned();
    let planted = truth["needle_eventIDs"].as_array().map(Vec::len);
    text("text_files", &events, &needle, planted, threads, 3, &say);
    let began = Instant::now();
    pack(&mut events, threads);
    say("pack", began.elapsed().as_secs_f64(), "s");
    let (columns, records) = events.bytes();
    say("bytes_zstd", (columns + records) as f64 / count, "B/event");
    text("text_all", &events, &needle, planted, threads, 9, &say);
    drop(events);
    let (events, ..) = load(Keep::Plain);
    text("text_keepraw", &events, &needle, planted, threads, 9, &say);
    text("text_keepraw_nocase", &events, &needle.to_uppercase(), planted, threads, 9, &say);
}

fn pack(events: &mut Events, threads: usize) {
    let packer = Packer::start(events.contents().to_vec(), threads, &nobody());
    while let Some((origin, first, packed)) = packer.wait() {
        events.pack(&origin, first, packed);
    }
}

/// All records that hold a text, and the first of them.
fn text(
    work: &str,
    events: &Events,
    needle: &str,
    planted: Option<usize>,
    threads: usize,
    times: usize,
    say: &dyn Fn(&str, f64, &str),
) {
    let (mut all, mut first) = (f64::MAX, f64::MAX);
    for _ in 0..times {
        let began = Instant::now();
        let mut contents: Vec<Content> = events.contents().to_vec();
        contents.reverse();
        let search = Search::start(contents, vec![Needle::new(needle).unwrap()], threads, &nobody());
        let mut texts = Texts { hits: vec![RowSet::none(events.rows())], read: RowSet::none(events.rows()) };
        let mut met = None;
        while let Some(finding) = search.wait() {
            met.get_or_insert(began.elapsed().as_secs_f64());
            finding.hits[0].iter().for_each(|row| texts.hits[0].insert(*row));
        }
        all = all.min(began.elapsed().as_secs_f64());
        first = first.min(met.unwrap_or_default());
        if let Some(planted) = planted {
            assert_eq!(texts.hits[0].len(), planted);
        }
    }
    say(work, 1e3 * all, "ms");
    say(&format!("{work}_first"), 1e3 * first, "ms");
}

/// The shortest of several runs, in seconds.
fn fastest<T>(times: usize, run: impl Fn() -> T) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..times {
        let began = Instant::now();
        std::hint::black_box(run());
        best = best.min(began.elapsed().as_secs_f64());
    }
    best
}

/// Resident memory of this process, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() * 1024.0
}
