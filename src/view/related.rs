//! What has to do with a thing.

use std::sync::Arc;

use ratatui::text::Line;

use crate::model::Verdict;
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Kind, ListView, Row, things};

/// What has to do with a thing.
pub static VIEW: ListView = ListView {
    noun: "related things",
    sources: &[],
    columns: &COLUMNS,
    collect: |ctx, kind| match kind {
        Kind::Related(thing) => things::related(ctx, thing).into_iter().map(|link| Row::Link(Arc::new(link))).collect(),
        _ => Vec::new(),
    },
    cell: |ctx, row, column, width| {
        let Row::Link(link) = row else { return Line::default() };
        match column {
            0 => ctx.look.line(Role::Dim, link.kind),
            1 => ctx.look.foreign(Role::Text, &link.name, usize::from(width)).into(),
            _ => ctx.look.foreign(Role::Dim, &link.why, usize::from(width)).into(),
        }
    },
    key: |_, row, column| {
        let Row::Link(link) = row else { return Key::Missing };
        Key::text(match column {
            0 => link.kind,
            1 => &link.name,
            _ => &link.why,
        })
    },
    verdict: |_, _| Verdict::NotApplicable,
    empty: |_, _| "nothing that is known has to do with it".to_owned(),
};

const COLUMNS: [Column; 3] = [fixed("KIND", 9, 0), grows("NAME", 24, 3, 0), grows("WHY", 20, 3, 0)];
