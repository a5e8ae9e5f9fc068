//! Mutes and attestations: what holds, what has ended, and what cannot be understood.

use ratatui::text::Line;

use crate::model::Verdict;
use crate::store::exceptions::{Entry, Sort};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Kind, ListView, Row};

/// The list of them: void ones first.
pub static VIEW: ListView = ListView {
    noun: "mutes and attestations",
    sources: &[],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty: |_, _| {
        "nothing is muted, and nobody attests to anything: attestations.toml lies beside config.toml".to_owned()
    },
};

const COLUMNS: [Column; 6] = [
    fixed("STATE", 9, 0),
    fixed("KIND", 11, 1),
    fixed("CONTROL", 7, 0),
    grows("RESOURCE", 14, 2, 0),
    fixed("EXPIRES", 10, 0),
    grows("OWNER, REASON", 16, 4, 0),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let all = ctx.store.exceptions();
    let mut rows: Vec<usize> = (0..all.entries().len()).collect();
    rows.sort_by_key(|at| all.entries().get(*at).map(|entry| (entry.is_live(ctx.now), entry.of.expires)));
    let malformed = (0..all.malformed().len()).map(|at| all.entries().len() + at);
    malformed.chain(rows).map(Row::Exception).collect()
}

/// An entry, or what is wrong with one.
fn find<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<Result<&'a Entry, &'a str>> {
    let Row::Exception(at) = row else { return None };
    let all = ctx.store.exceptions();
    match all.entries().get(*at) {
        Some(entry) => Some(Ok(entry)),
        None => all.malformed().get(at - all.entries().len()).map(|error| Err(error.as_str())),
    }
}

fn state(ctx: &Ctx<'_>, found: Result<&Entry, &str>) -> (Verdict, &'static str) {
    match found {
        Err(_) => (Verdict::Fail, "unread"),
        Ok(entry) if !entry.is_live(ctx.now) => (Verdict::Fail, "ended"),
        Ok(_) => (Verdict::Pass, "holds"),
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    find(ctx, row).map_or(Verdict::NotApplicable, |found| state(ctx, found).0)
}

fn kind(entry: &Entry) -> &'static str {
    match entry.sort {
        Sort::Mute => "mute",
        Sort::Attestation => "attestation",
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some(found) = find(ctx, row) else { return Line::default() };
    if column == 0 {
        let (verdict, word) = state(ctx, found);
        return look.verdict(verdict, word);
    }
    match (found, column) {
        (Err(error), 5) => look.foreign(Role::Error, error, room).into(),
        (Err(_), _) => Line::default(),
        (Ok(entry), 1) => look.line(Role::Dim, kind(entry)),
        (Ok(entry), 2) => look.foreign(Role::Text, &entry.control, room).into(),
        (Ok(entry), 3) => look.foreign(Role::Accent, &entry.resource, room).into(),
        (Ok(entry), 4) => look.line(Role::Dim, entry.of.expires.to_string()),
        (Ok(entry), _) => look.foreign(Role::Text, &format!("{}: {}", entry.of.owner, entry.of.reason), room).into(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    match (find(ctx, row), column) {
        (Some(found), 0) => Key::text(state(ctx, found).1),
        (Some(Ok(entry)), 1) => Key::text(kind(entry)),
        (Some(Ok(entry)), 2) => Key::text(&entry.control),
        (Some(Ok(entry)), 3) => Key::text(&entry.resource),
        (Some(Ok(entry)), 4) => Key::Text(entry.of.expires.to_string()),
        (Some(Ok(entry)), _) => Key::text(&entry.of.owner),
        _ => Key::Missing,
    }
}
