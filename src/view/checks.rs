//! What is judged of a table or scope, in a layer or in all of them, or by one control.

use std::sync::Arc;

use ratatui::text::Line;

use crate::controls::facts;
use crate::model::{Judgement, Source, Verdict};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::controls::subject;
use super::list::Key;
use super::{Ctx, Kind, ListView, Row};

/// What is judged of a subject, in a layer or in all, as a framework asks or whole; or by one control, of all.
pub static VIEW: ListView = ListView {
    noun: "judgements",
    sources: &Source::ALL,
    columns: &COLUMNS,
    collect: |ctx, kind| {
        let framework = if let Kind::Checks { framework, .. } = kind { *framework } else { None };
        let asked = |one: &&Judgement| match kind {
            Kind::Judged(control) => one.control == *control,
            Kind::Checks { subject: of, layer, .. } => {
                facts::facts(one.control).is_some_and(|facts| {
                    layer.is_none_or(|layer| facts.layer == layer)
                        && framework.is_none_or(|name| facts.answers(name).is_some())
                }) && subject(ctx, &one.resource) == *of
            }
            _ => false,
        };
        let mut all: Vec<&Judgement> = ctx.store.judgements().filter(asked).collect();
        all.sort_by_key(|one| {
            (!one.counts(), one.verdict.rank(), std::cmp::Reverse(one.severity), one.control, &one.resource)
        });
        all.into_iter().map(|one| Row::Check(Arc::from(one.resource.as_str()), one.control, framework)).collect()
    },
    cell,
    key: |ctx, row, column| {
        let Some((one, framework)) = check(ctx, row) else { return Key::Missing };
        match column {
            0 => Key::Number(one.verdict.rank().into()),
            1 => Key::Number(-(one.severity as i64)),
            2 => Key::text(one.control),
            3 => Key::text(crate::model::tail(&one.resource)),
            4 => Key::text(&requirements(one, framework)),
            _ => Key::text(&one.reason),
        }
    },
    verdict: |ctx, row| check(ctx, row).map_or(Verdict::NotApplicable, |(one, _)| one.verdict),
    empty: |_, _| "nothing is judged here".to_owned(),
};

const COLUMNS: [Column; 6] = [
    fixed("VERDICT", 9, 0),
    fixed("SEV", 4, 1),
    fixed("CONTROL", 7, 0),
    grows("ON", 12, 1, 2),
    grows("ASKED AS", 10, 1, 3),
    grows("REASON", 30, 5, 0),
];

fn check<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<(&'a Judgement, Option<&'static str>)> {
    let Row::Check(resource, control, framework) = row else { return None };
    Some((ctx.store.judgement(resource, control)?, *framework))
}

/// What the framework calls it; `(ours)` where the mapping is our suggestion.
fn requirements(one: &Judgement, framework: Option<&str>) -> String {
    let answers = framework.and_then(|name| facts::facts(one.control)?.answers(name));
    match answers {
        Some((facts::Mapping::Published, them)) => them.join(" "),
        Some((facts::Mapping::Suggested, them)) => format!("(ours) {}", them.join(" ")),
        None => String::new(),
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some((one, framework)) = check(ctx, row) else { return Line::default() };
    match column {
        0 if one.muted.is_some() => look.line(Role::Dim, "muted"),
        0 if one.by_default => look.line(Role::Dim, "no class"),
        0 => look.verdict(one.verdict, one.verdict.word()),
        1 if matches!(one.verdict, Verdict::Fail | Verdict::Warn) => look.severity(one.severity).into(),
        1 => Line::default(),
        2 => look.line(Role::Accent, one.control),
        3 => look.foreign(Role::Dim, crate::model::tail(&one.resource), room).into(),
        4 => look.foreign(Role::Dim, &requirements(one, framework), room).into(),
        _ => look.foreign(Role::Text, &one.reason, room).into(),
    }
}
