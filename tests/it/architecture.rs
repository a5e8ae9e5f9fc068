//! The arrows between the rooms of `src`, and the sizes of its files, held by reading the source text.
//!
//! The scan is plain: it looks for `crate::room`, `use crate::{room, …}` and `dynakeep::room` outside comments and
//! unit tests. ARCHITECTURE.md draws the same arrows for people.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dynakeep::operations::by_label;
use regex::Regex;

/// Each room and those it may know. A room that is not here has no place in the tree yet.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "model",
            "store",
            "controls",
            "aws",
            "trail",
            "view",
            "widget",
            "theme",
            "keymap",
            "term",
            "wire",
            "export",
            "operations",
            "policy",
            "state",
        ],
    ),
    ("aws", &["wire", "operations", "model", "trail"]),
    (
        "cli",
        &[
            "config",
            "model",
            "operations",
            "policy",
            "controls",
            "trail",
            "store",
            "wire",
            "aws",
            "export",
            "theme",
            "keymap",
            "app",
            "term",
            "state",
        ],
    ),
    ("config", &["model", "controls", "trail", "aws", "theme", "keymap", "state"]),
    ("controls", &["policy", "operations", "model"]),
    // A package of its own: these are its own modules.
    ("events", &["category", "columns", "envelope", "fields", "ingest", "json", "query", "scan"]),
    ("export", &["store", "trail", "controls", "wire", "operations", "policy", "model"]),
    ("keymap", &["model"]),
    ("lib", &[]),
    ("main", &["cli", "config", "app", "aws", "wire", "export", "term"]),
    ("model", &[]),
    ("operations", &[]),
    ("policy", &["model"]),
    ("state", &["store", "model"]),
    ("store", &["controls", "trail", "model"]),
    ("term", &[]),
    ("theme", &["model"]),
    ("trail", &["model", "policy"]),
    ("view", &["model", "store", "controls", "trail", "policy", "operations", "widget", "theme", "keymap"]),
    ("widget", &["theme"]),
    ("wire", &["operations", "policy", "model"]),
];

/// Outside crates and parts of the standard library, by how their paths begin, and the rooms that may use them.
const FENCED: &[(&str, &[&str], &str)] = &[
    ("aws_", &["aws", "wire"], "only the data layer speaks to AWS; take plain values of `model` instead"),
    ("ratatui::", TERMINAL, "only the screen's rooms draw"),
    ("ratatui_", TERMINAL, "only the screen's rooms draw"),
    ("crossterm::", TERMINAL, "only the screen's rooms know the terminal"),
    ("tui_input::", TERMINAL, "only the screen's rooms know the terminal"),
    ("tokio::", &["aws", "wire", "app", "term", "cli", "main"], "data and views are synchronous"),
    ("TcpStream", &[], "every byte goes through the HTTP client of `wire::Wire`"),
    ("UdpSocket", &[], "every byte goes through the HTTP client of `wire::Wire`"),
    ("Timestamp::now", &["wire"], "`wire::Clock` is the only clock; take the time as a value"),
    ("Zoned::now", &["wire"], "`wire::Clock` is the only clock; take the time as a value"),
    ("SystemTime::now", &["wire"], "`wire::Clock` is the only clock; take the time as a value"),
    ("std::fs", FILES, "pure rooms do no I/O; let cli, config, app or export read and write"),
    ("std::env", FILES, "pure rooms do no I/O; let cli, config or app read the environment"),
    ("std::thread", &["aws", "wire", "app", "cli", "main", "term", "events"], "pure rooms start nothing"),
];

const TERMINAL: &[&str] = &["app", "view", "widget", "theme", "keymap", "term"];
const FILES: &[&str] = &["aws", "wire", "app", "cli", "config", "export", "main", "term", "theme", "events", "state"];

/// The most lines a file may have before its tests; fewer where a room says so.
const LINES: usize = 500;
const LINES_OF: &[(&str, usize)] = &[("view", 300)];

/// One source file without its unit tests and comments.
struct Source {
    path: PathBuf,
    room: String,
    /// Modules above it, the crate's root left out: how many `super::` stay inside the room.
    depth: usize,
    lines: usize,
    code: String,
}

#[test]
fn rooms_know_only_the_rooms_they_may() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, may)) = ARROWS.iter().find(|(room, _)| *room == source.room) else {
            wrong.push(format!(
                "{}: no arrows are drawn for `{}`. Put it into a room that exists, or draw the room here and in \
                 ARCHITECTURE.md.",
                source.path.display(),
                source.room
            ));
            continue;
        };
        for room in rooms_named(&source.code) {
            if room != source.room && !may.contains(&room.as_str()) {
                wrong.push(format!(
                    "{}: `{}` may not know `{room}`. Move the code to a room that may, or pass the value in as plain \
                     data of `model`; a new arrow needs a reason in ARCHITECTURE.md.",
                    source.path.display(),
                    source.room
                ));
            }
        }
        if most_supers(&source.code) > source.depth {
            wrong.push(format!(
                "{}: `super::` leads out of `{}`. Write `crate::…`, so that the arrow shows.",
                source.path.display(),
                source.room
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (begins, rooms, instead) in FENCED {
            if !rooms.contains(&source.room.as_str()) && names_path(&source.code, begins) {
                wrong.push(format!("{}: `{begins}…` in `{}`: {instead}.", source.path.display(), source.room));
            }
        }
        // Of the events' modules one reads files, and it and the search run on threads of their own.
        let inside = |part: &str| source.path.to_string_lossy().contains(part);
        let reads = names_path(&source.code, "std::fs") && !inside("ingest");
        let starts = names_path(&source.code, "std::thread") && !inside("ingest") && !inside("scan");
        if source.room == "events" && (reads || starts) {
            wrong.push(format!("{}: columns and queries touch no file and start nothing.", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sdk_clients_are_built_by_the_session_alone() {
    let mut wrong = Vec::new();
    for source in sources().into_iter().filter(|source| !source.path.ends_with("src/aws/session.rs")) {
        let built = source.code.contains("::from_conf(")
            || source.code.lines().any(|line| {
                line.split("aws_sdk_")
                    .skip(1)
                    .any(|rest| rest.trim_start_matches(is_word).starts_with("::Client::new("))
            });
        if built {
            wrong.push(format!(
                "{}: builds an SDK client. Take it from `aws::session`, which hangs guard, ledger and limiter on it.",
                source.path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn labels_of_the_data_layer_are_rows_of_the_operation_table() {
    let label = Regex::new(r#""([a-z0-9-]+:[A-Z][A-Za-z0-9]+)""#).unwrap();
    // The credentials chain's calls are no operations of the table: `aws::guard` lists them.
    let known = |name: &str| by_label(name).is_some() || name.starts_with("credentials:");
    let mut seen = 0;
    for source in sources().into_iter().filter(|source| source.room == "aws") {
        for found in label.captures_iter(&source.code) {
            seen += 1;
            let at = source.path.display();
            assert!(
                known(&found[1]),
                "{at}: {} is no row of src/operations/table.rs; add it there or mend it",
                &found[1]
            );
        }
    }
    assert!(seen > 10, "only {seen} labels were seen");
}

#[test]
fn files_are_short_enough_to_read() {
    let mut wrong = Vec::new();
    for source in sources() {
        let most = LINES_OF.iter().find(|(room, _)| *room == source.room).map_or(LINES, |(_, lines)| *lines);
        if source.lines > most {
            wrong.push(format!(
                "{}: {} lines before its tests, {most} are allowed. Split it by subject into a folder.",
                source.path.display(),
                source.lines
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_scan_sees_what_it_should() {
    let code =
        strip("use crate::{model::{Arn, Cell}, store::Store as S, wire};\nlet x = crate::aws::run(); // crate::no\n");
    let rooms: Vec<String> = rooms_named(&code).into_iter().collect();
    assert_eq!(rooms, ["aws", "model", "store", "wire"]);
    assert_eq!(rooms_named("dynakeep::app::run(dynakeep::cli::parse())").len(), 2);
    assert_eq!(most_supers("use super::super::x; super::y"), 2);
    assert!(names_path("use aws_types::X;", "aws_") && names_path("(aws_types::X)", "aws_"));
    assert!(!names_path("let my_aws_thing = 1;", "aws_") && !names_path("let aws_account = 1;", "aws_"));
    assert!(strip("a\n#[cfg(test)]\nmod tests {\n crate::x\n}").trim_end() == "a");
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 10, "found only {} files under {}", found.len(), root.display());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "tests" {
                collect(root, &path, found);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(read(root, path.clone()));
        }
    }
}

fn read(root: &Path, path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let inner = path.strip_prefix(root).unwrap_or(&path).with_extension("");
    let mut modules: Vec<String> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    let room = modules.first().cloned().unwrap_or_default();
    let lines = before_tests(&text).lines().count();
    Source { room, depth: modules.len().saturating_sub(1), lines, code: strip(&text), path }
}

/// The text up to the unit tests.
fn before_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests").map_or(text, |at| &text[..at])
}

/// The code before the unit tests, without line comments.
fn strip(text: &str) -> String {
    let code = |line: &str| -> String {
        let line = if line.trim_start().starts_with("//") { "" } else { line };
        // A comment after code has a space before it, an address in a string has none.
        line.split(" //").next().unwrap_or_default().to_owned()
    };
    before_tests(text).lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names through the crate's root.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for root in ["crate::", "dynakeep::"] {
        for (at, _) in code.match_indices(root) {
            if code[..at].ends_with(is_word) {
                continue;
            }
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(group_heads(group)),
                None => rooms.extend(head(rest)),
            }
        }
    }
    rooms
}

/// The first names of a `use` group, given what follows its opening brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (1, 0, Vec::new());
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && one == ',') {
            heads.extend(head(group[start..at].trim_start()));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// The module's name at the beginning of a path; items of the root itself are no rooms.
fn head(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|one| is_word(*one)).collect();
    name.starts_with(|first: char| first.is_ascii_lowercase()).then_some(name)
}

fn is_word(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

/// The longest chain of `super::`.
fn most_supers(code: &str) -> usize {
    let mut most = 0;
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        rest = &rest[at..];
        let mut count = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            count += 1;
            rest = after;
        }
        most = most.max(count);
    }
    most
}

/// True when a path that begins so stands in the code: a word of its own, and, for `aws_`, a path's head.
fn names_path(code: &str, begins: &str) -> bool {
    code.match_indices(begins).any(|(at, _)| {
        let own_word = !code[..at].ends_with(is_word);
        let rest = code[at..].trim_start_matches(is_word);
        own_word && (!begins.ends_with('_') || rest.starts_with("::"))
    })
}
