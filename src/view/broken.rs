//! Records that could not be understood, kept with the reason.

use ratatui::text::Line;

use crate::model::Verdict;
use crate::theme::Role;
use crate::widget::table::{Column, grows};

use super::list::Key;
use super::{Ctx, Doc, ListView, Row, Screen, Thing};

/// A record that could not be understood.
pub(super) struct Broken<'a> {
    /// A path, or the operation that brought it.
    pub origin: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The text.
    pub raw: &'a str,
}

/// The broken record of a place: those of files, then those that CloudTrail answered with.
pub(super) fn broken<'a>(ctx: &Ctx<'a>, place: usize) -> Option<Broken<'a>> {
    let loaded = ctx.store.events().broken();
    if let Some(broken) = loaded.get(place) {
        return Some(Broken { origin: &broken.origin, reason: &broken.reason, raw: &broken.raw });
    }
    let (reason, raw) = ctx.store.broken_events().get(place - loaded.len())?;
    Some(Broken { origin: "LookupEvents", reason, raw })
}

/// Records that could not be understood.
pub static VIEW: ListView = ListView {
    noun: "broken records",
    sources: &[],
    columns: &COLUMNS,
    collect: |ctx, _| {
        (0..ctx.store.events().broken().len() + ctx.store.broken_events().len()).map(Row::Broken).collect()
    },
    cell: |ctx, row, column, width| {
        let (Row::Broken(place), room) = (row, usize::from(width)) else { return Line::default() };
        let Some(broken) = broken(ctx, *place) else { return Line::default() };
        match column {
            0 => ctx.look.foreign(Role::Text, &super::files::end(broken.origin, room), room).into(),
            1 => ctx.look.foreign(Role::Unknown, broken.reason, room).into(),
            _ => ctx.look.foreign(Role::Dim, broken.raw.trim_start(), room).into(),
        }
    },
    key: |ctx, row, column| {
        let Row::Broken(place) = row else { return Key::Missing };
        broken(ctx, *place).map_or(Key::Missing, |broken| {
            Key::text(match column {
                0 => broken.origin,
                1 => broken.reason,
                _ => broken.raw,
            })
        })
    },
    verdict: |_, _| Verdict::Unknown,
    empty: |ctx, _| match ctx.store.load() {
        Some(load) if load.finished => "no broken records: every one was understood".to_owned(),
        Some(_) => "no broken records so far".to_owned(),
        None => "no broken records among what CloudTrail answered; no log files are loaded".to_owned(),
    },
};

const COLUMNS: [Column; 3] = [grows("FROM", 24, 2, 0), grows("WHY", 24, 2, 0), grows("TEXT", 20, 2, 1)];

/// One broken record.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, place: usize) -> Option<Doc> {
    let broken = broken(ctx, place)?;
    let mut doc = Doc::default();
    doc.field(ctx, "from", broken.origin);
    doc.field(ctx, "why", broken.reason);
    let raw = Screen::Raw(Thing::Broken(place));
    doc.field_to(ctx, "text", broken.raw, Some(raw));
    Some(doc)
}
