//! What became of the log files: a line of totals, the odd files, and the records that could not be understood.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::Verdict;
use crate::theme::Role;
use crate::trail::ingest::{FileKind, FileReport};
use crate::widget::table::{Column, fixed, grows, number};
use crate::widget::{ink, text};

use super::list::{Key, Link};
use super::{Ctx, Doc, Kind, ListView, Row, Screen};

/// Log files with a problem, and those that hold no events.
pub static VIEW: ListView = ListView {
    noun: "odd files",
    sources: &[],
    columns: &COLUMNS,
    collect: |ctx, _| {
        let odd = ctx.store.load().map(|load| load.odd.as_slice()).unwrap_or_default();
        let mut rows: Vec<usize> = (0..odd.len()).collect();
        rows.sort_by_key(|place| odd.get(*place).map(|file| (standing(file).rank(), file.path.clone())));
        rows.into_iter().map(Row::File).collect()
    },
    cell,
    key,
    verdict: |ctx, row| of_row(ctx, row).map_or(Verdict::NotApplicable, standing),
    empty: |ctx, _| match ctx.store.load() {
        Some(load) if load.finished => "no odd files: every one was read whole and holds events".to_owned(),
        Some(_) => "no odd files so far".to_owned(),
        None => "no log files are loaded: dynakeep --trail PATH reads them".to_owned(),
    },
};

const COLUMNS: [Column; 6] = [
    grows("FILE", 24, 4, 0),
    fixed("KIND", 7, 0),
    number("RECORDS", 8, 2),
    number("BROKEN", 7, 1),
    number("REPEATED", 8, 3),
    grows("PROBLEM", 20, 4, 0),
];

fn of_row<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a FileReport> {
    match row {
        Row::File(place) => ctx.store.load()?.odd.get(*place),
        _ => None,
    }
}

/// An odd file, by path.
pub(super) fn file<'a>(ctx: &Ctx<'a>, path: &str) -> Option<&'a FileReport> {
    ctx.store.load()?.odd.iter().find(|file| &*file.path == path)
}

/// What was lost comes first, what never held an event last.
fn standing(file: &FileReport) -> Verdict {
    match (file.whole, file.broken) {
        (false, _) => Verdict::Fail,
        (true, 1..) => Verdict::Unknown,
        (true, 0) if file.problem.is_some() => Verdict::Warn,
        _ => Verdict::NotApplicable,
    }
}

fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Log => "log",
        FileKind::Digest => "digest",
        FileKind::Csv => "csv",
        FileKind::Foreign => "foreign",
        FileKind::Empty => "empty",
        FileKind::Unread => "unread",
    }
}

/// What is odd about it: its problem, else what its kind means.
fn odd(file: &FileReport) -> &str {
    match (&file.problem, file.kind) {
        (Some(problem), _) => problem,
        (None, FileKind::Digest) => "a digest of log files: hashes, no events",
        (None, FileKind::Foreign) => "JSON without a CloudTrail record",
        (None, FileKind::Empty) => "nothing in it",
        (None, _) if file.broken > 0 => ":broken shows what could not be understood",
        (None, _) => "",
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some(file) = of_row(ctx, row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    let count = |count: usize| look.line(if count == 0 { Role::Dim } else { Role::Text }, text::grouped(count));
    match column {
        // The end of a path tells files apart.
        0 => look.foreign(Role::Text, &end(&file.path, room), room).into(),
        1 => look.line(Role::Dim, kind_word(file.kind)),
        2 => count(file.records),
        3 => count(file.broken),
        4 => count(file.duplicates),
        _ => {
            let role = if file.problem.is_some() { Role::Unknown } else { Role::Dim };
            look.foreign(role, odd(file), room).into()
        }
    }
}

/// The last characters of a path, as many as there is room for.
pub(super) fn end(path: &str, room: usize) -> String {
    let long = path.chars().count();
    if long <= room {
        path.to_owned()
    } else {
        format!("…{}", path.chars().skip(long + 1 - room).collect::<String>())
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some(file) = of_row(ctx, row) else { return Key::Missing };
    let count = |count: usize| Key::Number(i64::try_from(count).unwrap_or(i64::MAX));
    match column {
        0 => Key::text(&file.path),
        1 => Key::text(kind_word(file.kind)),
        2 => count(file.records),
        3 => count(file.broken),
        4 => count(file.duplicates),
        _ => Key::text(odd(file)),
    }
}

/// One odd file.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, path: &str) -> Option<Doc> {
    let file = file(ctx, path)?;
    let mut doc = Doc::default();
    doc.field(ctx, "file", &file.path);
    doc.field(ctx, "kind", kind_word(file.kind));
    doc.field(ctx, "size", &format!("{} bytes", text::grouped(usize::try_from(file.bytes).unwrap_or(usize::MAX))));
    doc.field(ctx, "records", &text::grouped(file.records));
    doc.field(ctx, "repeated", &text::grouped(file.duplicates));
    let broken = (file.broken > 0).then_some(Screen::List(Kind::Broken));
    doc.field_to(ctx, "broken", &text::grouped(file.broken), broken);
    doc.field(ctx, "read whole", if file.whole { "yes" } else { "no" });
    doc.field(ctx, "odd", odd(file));
    Some(doc)
}

/// A moment as the oldest that is kept: the day matters as much as the hour.
fn since(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// Since when events are kept, when older ones were let go for want of memory.
fn kept_since(ctx: &Ctx<'_>) -> Option<String> {
    let at = Timestamp::from_second(i64::from(ctx.store.events().cut()?)).ok()?;
    Some(since(at))
}

/// A size as people say it.
fn megabytes(bytes: usize) -> String {
    let mb = bytes as f64 / 1e6;
    match mb {
        ..0.1 => format!("{} kB", bytes.div_ceil(1_000)),
        ..10.0 => format!("{mb:.1} MB"),
        _ => format!("{} MB", text::grouped(mb.round() as usize)),
    }
}

/// The totals, part by part.
fn totals(ctx: &Ctx<'_>) -> Vec<String> {
    let Some(load) = ctx.store.load() else { return Vec::new() };
    let (events, tally) = (ctx.store.events(), ctx.store.events().tally());
    let (columns, records) = events.bytes();
    let count = text::grouped;
    let mut parts = vec![
        format!("{}/{} files read", count(load.done), count(load.total)),
        megabytes(usize::try_from(load.bytes).unwrap_or(usize::MAX)),
        format!("{} records", count(tally.events + tally.duplicates + tally.broken)),
        format!("{} repeated", count(tally.duplicates)),
        format!("{} broken", count(tally.broken)),
        format!("memory: columns {}", megabytes(columns)),
        format!("records {}", megabytes(records)),
    ];
    if let Some(since) = kept_since(ctx) {
        parts.push(format!("{} let go, kept since {since}", count(tally.evicted)));
    }
    parts
}

/// Draws the totals above the list; the area left for it.
pub(super) fn head(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let mut lines: Vec<String> = Vec::new();
    for part in totals(ctx) {
        match lines.last_mut() {
            Some(line) if text::width(line) + 3 + text::width(&part) < usize::from(area.width) => {
                *line = format!("{line} · {part}");
            }
            _ => lines.push(format!(" {part}")),
        }
    }
    let height = u16::try_from(lines.len()).unwrap_or(0).min(area.height.saturating_sub(4));
    for (y, line) in (area.y..area.y + height).zip(lines) {
        ink::line(buf, area.x, y, &ctx.look.line(Role::Text, line), area.width);
    }
    Rect { y: area.y + height, height: area.height - height, ..area }
}

/// The way here from the sources, when files were loaded.
pub(super) fn link(ctx: &Ctx<'_>) -> Option<Arc<Link>> {
    let load = ctx.store.load()?;
    let why = match (load.finished, load.odd.len()) {
        (false, _) => format!("reading {}/{}", load.done, load.total),
        (true, 0) => format!("{} read", text::grouped(load.done)),
        (true, odd) => format!("{} read, {odd} odd", text::grouped(load.done)),
    };
    Some(Arc::new(Link { kind: "files", name: "log files".to_owned(), why, to: Screen::List(Kind::Files) }))
}

/// What the Trail says of files that it does not show whole: `3 broken :broken · 2 files unread :files`.
#[must_use]
pub fn notes(ctx: &Ctx<'_>) -> Vec<Span<'static>> {
    let roomy = ctx.width >= 120;
    // On a narrow screen how far the load is takes the room.
    let Some(load) = ctx.store.load().filter(|load| load.finished || roomy) else { return Vec::new() };
    let unread = load.odd.iter().filter(|file| file.kind == FileKind::Unread).count();
    let short = load.odd.iter().filter(|file| !file.whole && file.kind != FileKind::Unread).count();
    let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let lost = match (unread, short) {
        (0, 0) => None,
        (0, short) => Some(format!("{} cut short ", files(short))),
        (unread, 0) => Some(format!("{} unread ", files(unread))),
        (unread, short) => Some(format!("{} unread, {short} cut short ", files(unread))),
    };
    let broken = ctx.store.events().tally().broken + ctx.store.broken_events().len();
    let broken = (broken > 0).then(|| format!("{} broken ", text::grouped(broken)));
    let notes = [(broken, ":broken"), (lost, ":files")];
    let notes = notes.into_iter().filter_map(|(words, command)| Some((words?, command)));
    let kept = kept_since(ctx).map(|since| (format!("oldest let go: kept since {since}"), ""));
    let mut spans = Vec::new();
    for (words, command) in notes.chain(kept) {
        if !spans.is_empty() {
            spans.push(ctx.look.say(Role::Dim, " · "));
        }
        spans.push(ctx.look.say(Role::Unknown, words));
        spans.push(ctx.look.say(Role::Key, command));
    }
    let room = usize::from(ctx.width) * 3 / 5;
    if spans.iter().map(Span::width).sum::<usize>() > room {
        spans = vec![ctx.look.say(Role::Unknown, "not all is here "), ctx.look.say(Role::Key, ":files")];
    }
    if !spans.is_empty() {
        spans.push(Span::raw(" "));
    }
    spans
}
