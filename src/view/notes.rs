//! Notes: what people wrote to things on this machine.

use ratatui::text::Line;

use crate::model::Verdict;
use crate::store::notes::Note;
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, ListView, Row, Screen, identity};

/// The list of them, the newest first.
pub static VIEW: ListView = ListView {
    noun: "notes",
    sources: &[],
    columns: &COLUMNS,
    collect: |ctx, _| {
        let all = ctx.store.notes().all();
        all.into_iter().map(|(identity, _)| Row::Note(identity.into())).collect()
    },
    cell,
    key,
    verdict: |_, _| Verdict::NotApplicable,
    empty: |_, _| "nothing is noted: n on a row notes something".to_owned(),
};

const COLUMNS: [Column; 5] =
    [fixed("WRITTEN", 12, 0), fixed("KIND", 10, 2), grows("OF", 18, 2, 0), grows("NOTE", 24, 4, 0), fixed("BY", 12, 3)];

fn note<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<(String, &'a Note)> {
    let Row::Note(identity) = row else { return None };
    Some((identity.first()?.clone(), ctx.store.notes().get(identity)?))
}

/// What a note is about.
#[must_use]
pub fn target(identity: &[String]) -> Option<Screen> {
    identity::thing(identity).map(Screen::Detail)
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some((kind, note)) = note(ctx, row) else { return Line::default() };
    match column {
        0 => look.line(Role::Dim, look.when(ctx.now, note.at)),
        1 => look.foreign(Role::Dim, &kind, room).into(),
        2 => look.foreign(Role::Accent, &note.title, room).into(),
        3 => look.foreign(Role::Text, &note.text, room).into(),
        _ => look.foreign(Role::Dim, &note.by, room).into(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some((kind, note)) = note(ctx, row) else { return Key::Missing };
    match column {
        0 => Key::Number(-note.at.as_second()),
        1 => Key::text(&kind),
        2 => Key::text(&note.title),
        3 => Key::text(&note.text),
        _ => Key::text(&note.by),
    }
}
