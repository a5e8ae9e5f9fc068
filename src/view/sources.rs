//! Sources: what is polled where, and how fresh it is; the ledger of calls; the error log; related things.

use ratatui::text::Line;

use crate::model::{CallOutcome, CallRecord, Freshness, Source, Verdict};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows, number};

use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Row, Screen, Thing};

/// Sources by scope.
pub static VIEW: ListView = ListView {
    noun: "sources",
    sources: &[],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty: |_, _| "nothing is polled: no scope was asked for".to_owned(),
};

const COLUMNS: [Column; 8] = [
    fixed("SOURCE", 10, 0),
    grows("ACCOUNT", 12, 1, 1),
    grows("REGION", 10, 1, 0),
    grows("STATE", 14, 2, 0),
    number("LAST GOOD", 10, 0),
    number("NEXT", 10, 3),
    number("SWEEPS", 6, 5),
    grows("MISSING", 20, 3, 4),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let mut rows: Vec<_> = ctx.store.freshness().map(|(key, freshness)| (standing(freshness), key.clone())).collect();
    rows.sort_by_key(|(standing, _)| standing.rank());
    let files = super::files::link(ctx).map(Row::Link);
    files.into_iter().chain(rows.into_iter().map(|(_, (source, scope))| Row::Source(source, scope))).collect()
}

fn standing(freshness: &Freshness) -> Verdict {
    match &freshness.fault {
        Some(_) => Verdict::Unknown,
        None if freshness.is_loading() => Verdict::Manual,
        None => Verdict::Pass,
    }
}

fn freshness<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a Freshness> {
    match row {
        Row::Source(source, scope) => ctx.store.freshness_of(*source, scope),
        _ => None,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    freshness(ctx, row).map_or(Verdict::NotApplicable, standing)
}

fn missing(freshness: &Freshness) -> Option<&str> {
    let fault = freshness.fault.as_ref().and_then(|fault| fault.error.missing_action());
    fault.or_else(|| freshness.partial.iter().find_map(|(error, _)| error.missing_action()))
}

fn state_words(freshness: &Freshness) -> String {
    let steps = freshness.running.map(|(done, total)| format!("reading {done}/{total}"));
    match (&freshness.fault, steps) {
        (Some(fault), _) => {
            let count: usize = freshness.partial.iter().map(|(_, count)| count).sum();
            if count > 1 { format!("{} ×{count}", fault.error.word()) } else { fault.error.word().to_owned() }
        }
        (None, Some(steps)) => steps,
        (None, None) if freshness.is_loading() => "waiting".to_owned(),
        (None, None) => "good".to_owned(),
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    if let Row::Link(link) = row {
        return match column {
            0 => ctx.look.line(Role::Text, link.kind),
            3 => ctx.look.foreign(Role::Accent, &link.why, usize::from(width)).into(),
            _ => Line::default(),
        };
    }
    let (Row::Source(source, scope), Some(freshness)) = (row, freshness(ctx, row)) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => look.line(Role::Text, source.name()),
        1 => look.foreign(Role::Dim, &scope.account, room).into(),
        2 => look.foreign(Role::Text, &scope.region, room).into(),
        3 => match standing(freshness) {
            Verdict::Manual => look.line(Role::Accent, state_words(freshness)),
            standing => look.verdict(standing, &state_words(freshness)),
        },
        4 => match freshness.good {
            Some(good) => {
                let role = if freshness.fault.is_some() { Role::Stale } else { Role::Text };
                look.line(role, look.when(ctx.now, good))
            }
            None => look.line(Role::Dim, "never"),
        },
        5 => match freshness.due {
            Some(due) if freshness.running.is_none() => look.line(Role::Dim, look.when(ctx.now, due)),
            _ => Line::default(),
        },
        6 => look.line(Role::Dim, freshness.sweeps.to_string()),
        _ => look.foreign(Role::Unknown, missing(freshness).unwrap_or_default(), room).into(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let (Row::Source(source, scope), Some(freshness)) = (row, freshness(ctx, row)) else { return Key::Missing };
    match column {
        0 => Key::text(source.name()),
        1 => Key::text(&scope.account),
        2 => Key::text(&scope.region),
        3 => Key::Text(state_words(freshness)),
        4 => Key::number(freshness.good.map(jiff::Timestamp::as_second)),
        5 => Key::number(freshness.due.map(jiff::Timestamp::as_second)),
        6 => Key::Number(i64::try_from(freshness.sweeps).unwrap_or(i64::MAX)),
        _ => missing(freshness).map_or(Key::Missing, Key::text),
    }
}

/// One source in one scope.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, source: Source, scope: &crate::model::Scope) -> Option<Doc> {
    let freshness = ctx.store.freshness_of(source, scope)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let time = |at: Option<jiff::Timestamp>| at.map_or("never".to_owned(), |at| look.full(ctx.now, at));
    doc.field(ctx, "source", source.name());
    doc.field(ctx, "scope", &scope.to_string());
    doc.spans(ctx, "state", look.verdict(standing(freshness), &state_words(freshness)).spans, None);
    doc.field(ctx, "last good", &time(freshness.good));
    doc.field(
        ctx,
        "next sweep",
        &freshness.due.map_or("when the one before has ended".to_owned(), |at| look.full(ctx.now, at)),
    );
    doc.field(ctx, "sweeps", &freshness.sweeps.to_string());
    if let Some(fault) = &freshness.fault {
        doc.gap();
        doc.section(ctx, "what went wrong", "");
        doc.field(ctx, "at", &look.full(ctx.now, fault.at));
        doc.field(ctx, "error", &fault.error.to_string());
        if let crate::model::SourceError::Denied { message, .. } = &fault.error {
            doc.field(ctx, "in its words", message);
        }
        if let Some(advice) = fault.error.advice() {
            doc.field(ctx, "what helps", &advice);
        }
    }
    if !freshness.partial.is_empty() {
        doc.gap();
        doc.section(ctx, "below the top level", "");
        for (error, count) in &freshness.partial {
            doc.field(ctx, "met", &format!("{count} × {error}"));
        }
    }
    doc.gap();
    doc.section(ctx, "newest calls in this scope", ":calls shows all");
    let first = ctx.store.calls() - ctx.store.ledger().len() as u64;
    let calls = ctx.store.ledger().iter().enumerate().rev().filter(|(_, call)| call.scope == *scope).take(30);
    for (place, call) in calls {
        let line = vec![
            look.say(Role::Dim, format!(" {:>15} ", look.clock(ctx.now, call.at))),
            look.say(Role::Text, format!("{:<40} ", call.operation)),
            outcome(ctx, call, 30),
        ];
        doc.link(line, Screen::Detail(Thing::Call(first + place as u64)));
    }
    doc.best = Some(2);
    Some(doc)
}

fn outcome(ctx: &Ctx<'_>, call: &CallRecord, room: usize) -> ratatui::text::Span<'static> {
    match &call.outcome {
        CallOutcome::Ok => ctx.look.say(Role::Dim, "ok"),
        CallOutcome::Failed(code) => ctx.look.foreign(Role::Unknown, code, room),
        CallOutcome::Guarded => ctx.look.say(Role::Fail, "refused by the guard"),
    }
}

/// The ledger of calls, newest first.
pub static CALLS: ListView = ListView {
    noun: "calls",
    sources: &[],
    columns: &CALL_COLUMNS,
    collect: |ctx, _| {
        let first = ctx.store.calls() - ctx.store.ledger().len() as u64;
        (first..ctx.store.calls()).rev().map(Row::Call).collect()
    },
    cell: call_cell,
    key: call_key,
    verdict: |ctx, row| match row {
        Row::Call(number) => match call(ctx, *number).map(|call| &call.outcome) {
            Some(CallOutcome::Ok) | None => Verdict::Pass,
            Some(CallOutcome::Failed(_)) => Verdict::Unknown,
            Some(CallOutcome::Guarded) => Verdict::Fail,
        },
        _ => Verdict::NotApplicable,
    },
    empty: |_, _| "no call was made yet".to_owned(),
};

const CALL_COLUMNS: [Column; 7] = [
    fixed("TIME", 10, 0),
    grows("OPERATION", 30, 2, 0),
    fixed("REGION", 14, 2),
    fixed("ACCOUNT", 12, 4),
    grows("OUTCOME", 14, 1, 0),
    number("MS", 6, 1),
    grows("REQUEST ID", 20, 1, 3),
];

/// The call with this number, while the ledger still holds it.
#[must_use]
pub fn call<'a>(ctx: &Ctx<'a>, number: u64) -> Option<&'a CallRecord> {
    let first = ctx.store.calls() - ctx.store.ledger().len() as u64;
    ctx.store.ledger().get(usize::try_from(number.checked_sub(first)?).ok()?)
}

fn call_cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Row::Call(number) = row else { return Line::default() };
    let Some(call) = call(ctx, *number) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => look.line(Role::Dim, look.when(ctx.now, call.at)),
        1 => look.line(Role::Text, call.operation),
        2 => look.foreign(Role::Dim, &call.scope.region, room).into(),
        3 => look.foreign(Role::Dim, &call.scope.account, room).into(),
        4 => outcome(ctx, call, room).into(),
        5 => look.line(Role::Text, call.millis.to_string()),
        _ => look.foreign(Role::Dim, &call.request_id, room).into(),
    }
}

fn call_key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Row::Call(number) = row else { return Key::Missing };
    let Some(call) = call(ctx, *number) else { return Key::Missing };
    match column {
        0 => Key::Number(i64::try_from(*number).unwrap_or(i64::MAX)),
        1 => Key::text(call.operation),
        2 => Key::text(&call.scope.region),
        3 => Key::text(&call.scope.account),
        4 => Key::Text(format!("{:?}", call.outcome)),
        5 => Key::Number(i64::try_from(call.millis).unwrap_or(i64::MAX)),
        _ => Key::text(&call.request_id),
    }
}

/// The error log, newest first.
pub static ERRORS: ListView = ListView {
    noun: "errors",
    sources: &[],
    columns: &ERROR_COLUMNS,
    collect: |ctx, _| (0..ctx.store.errors().len()).rev().map(Row::Error).collect(),
    cell: |ctx, row, column, width| {
        let Row::Error(place) = row else { return Line::default() };
        let Some(line) = ctx.store.errors().get(*place) else { return Line::default() };
        let (look, room) = (ctx.look, usize::from(width));
        match column {
            0 => look.line(Role::Dim, look.when(ctx.now, line.at)),
            1 => look.line(Role::Text, line.source.name()),
            2 => look.foreign(Role::Dim, &line.scope.to_string(), room).into(),
            3 => look.line(Role::Dim, format!("×{}", line.count)),
            _ => look.foreign(Role::Unknown, &line.error.to_string(), room).into(),
        }
    },
    key: |ctx, row, column| {
        let Row::Error(place) = row else { return Key::Missing };
        let Some(line) = ctx.store.errors().get(*place) else { return Key::Missing };
        match column {
            0 => Key::Number(line.at.as_second()),
            1 => Key::text(line.source.name()),
            2 => Key::Text(line.scope.to_string()),
            3 => Key::Number(i64::try_from(line.count).unwrap_or(i64::MAX)),
            _ => Key::Text(line.error.to_string()),
        }
    },
    verdict: |_, _| Verdict::Unknown,
    empty: |_, _| "no errors: every call so far was answered".to_owned(),
};

const ERROR_COLUMNS: [Column; 5] = [
    fixed("LAST", 10, 0),
    fixed("SOURCE", 10, 0),
    grows("SCOPE", 22, 1, 1),
    number("COUNT", 6, 2),
    grows("ERROR", 30, 4, 0),
];
