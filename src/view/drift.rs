//! Drift: what is not as it should be, the worst and newest first: what it was, since when, and by whom.

use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::model::{Source, Stack, Verdict};
use crate::store::{Cause, Drift, DriftSource};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::drifted::{change, state};
use super::list::Key;
use super::stacks::{BLIND, standing, word};
use super::tables::unknown;
use super::{Ctx, Doc, Kind, ListView, Pivot, Row, Screen, Thing, age};

/// Drifts, then what the stacks say that tell of none.
pub static VIEW: ListView = ListView {
    noun: "drifts",
    sources: &[Source::Drift, Source::Tables, Source::Events],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty,
};

const COLUMNS: [Column; 9] = [
    fixed("STATE", 11, 0),
    grows("RESOURCE", 12, 2, 0),
    grows("SETTING", 19, 4, 0),
    grows("WAS → IS", 15, 4, 1),
    fixed("SINCE", 9, 0),
    grows("BY", 11, 2, 0),
    fixed("LOWERS", 6, 4),
    fixed("TOLD BY", 11, 3),
    grows("REGION", 9, 1, 5),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let drifts = ctx.store.drifts().iter().map(|drift| Row::Drift(Arc::clone(drift)));
    let stacks = ctx.store.quiet_stacks().into_iter().map(|stack| Row::Stack(Arc::from(stack.id.as_str())));
    drifts.chain(stacks).collect()
}

fn stack_of<'a>(ctx: &Ctx<'a>, id: &str) -> Option<&'a Stack> {
    ctx.store.estate().stacks.get(id)
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    match row {
        Row::Drift(drift) => drift.verdict(),
        Row::Stack(id) => stack_of(ctx, id).map_or(Verdict::NotApplicable, |stack| standing(stack.drift)),
        _ => Verdict::NotApplicable,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    match row {
        Row::Drift(drift) => drift_cell(ctx, drift, column, usize::from(width)),
        Row::Stack(id) => stack_of(ctx, id).map(|stack| stack_cell(ctx, stack, column, width)).unwrap_or_default(),
        _ => Line::default(),
    }
}

fn drift_cell(ctx: &Ctx<'_>, drift: &Drift, column: usize, room: usize) -> Line<'static> {
    let look = ctx.look;
    let role = if drift.counts() { Role::Text } else { Role::Dim };
    match column {
        0 => Line::from(state(ctx, drift)),
        1 => look.foreign(role, &drift.resource, room).into(),
        2 => look.foreign(role, &drift.setting, room).into(),
        3 => look.foreign(if drift.counts() { Role::Warn } else { Role::Dim }, &change(drift), room).into(),
        4 => {
            // Seen first is not begun.
            let first = if drift.cause.is_ok() { "" } else { "≥" };
            let at = drift.since().map_or_else(|| "?".to_owned(), |at| format!("{first}{}", look.when(ctx.now, at)));
            look.line(Role::Dim, at)
        }
        5 => match &drift.cause {
            Ok(cause) => look.foreign(role, &cause.principal, room).into(),
            Err(_) => look.line(Role::Unknown, "? not known"),
        },
        6 => look.foreign(Role::Dim, drift.lowers.first().copied().unwrap_or("-"), room).into(),
        7 => {
            let more = drift.said.len().saturating_sub(1);
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            look.line(Role::Dim, format!("{}{more}", short(drift.source())))
        }
        _ => look.foreign(Role::Dim, &drift.scope.region, room).into(),
    }
}

fn short(source: DriftSource) -> &'static str {
    match source {
        DriftSource::CloudFormation => "stack",
        other => other.word(),
    }
}

fn stack_cell(ctx: &Ctx<'_>, stack: &Stack, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => match stack.resources.fault.as_ref() {
            Some(fault) => unknown(look, Some(&fault.error)),
            None => look.verdict(standing(stack.drift), word(stack.drift)),
        },
        1 => look.foreign(Role::Dim, &stack.name, room).into(),
        2 => {
            let count = stack.resources.value().map_or_else(|| "?".to_owned(), |all| all.len().to_string());
            look.foreign(Role::Dim, &format!("a stack of {count}"), room).into()
        }
        4 => look.line(Role::Dim, stack.checked.map_or_else(|| "never".to_owned(), |at| look.when(ctx.now, at))),
        7 => look.foreign(Role::Dim, "stack", room).into(),
        8 => look.foreign(Role::Dim, &stack.scope.region, room).into(),
        _ => Line::default(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    match (row, column) {
        (Row::Drift(of), 0) => Key::Number(-(of.severity as i64) + if of.counts() { 0 } else { 10 }),
        (Row::Drift(of), 1) => Key::text(&of.resource),
        (Row::Drift(of), 2) => Key::text(&of.setting),
        (Row::Drift(of), 3) => Key::text(&change(of)),
        (Row::Drift(of), 4) => Key::number(of.since().map(jiff::Timestamp::as_second)),
        (Row::Drift(of), 5) => of.cause.as_ref().map_or(Key::Missing, |cause| Key::text(&cause.principal)),
        (Row::Drift(of), 6) => of.lowers.first().map_or(Key::Missing, |id| Key::text(id)),
        (Row::Drift(of), 7) => Key::text(of.source().word()),
        (Row::Drift(of), _) => Key::text(&of.scope.region),
        (Row::Stack(id), 1) => stack_of(ctx, id).map_or(Key::Missing, |stack| Key::text(&stack.name)),
        (Row::Stack(id), 4) => Key::number(stack_of(ctx, id).and_then(|of| of.checked).map(jiff::Timestamp::as_second)),
        (Row::Stack(id), 8) => stack_of(ctx, id).map_or(Key::Missing, |stack| Key::text(&stack.scope.region)),
        _ => Key::Missing,
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let lists = ctx.store.estate().stack_lists.values().filter(|cell| cell.seen.is_some()).count();
    let accepted = ctx.store.baseline().accepted.tables.len();
    format!(
        "no drift: stacks were read in {lists} of {} scopes, {accepted} tables are accepted (`dynakeep baseline accept`), \
         and no event lowered a setting",
        ctx.store.estate().scopes.len()
    )
}

/// One drift: what, since when, by whom, what it lowers and lost, and what each source says of it.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, id: &str) -> Option<Doc> {
    let drift = ctx.store.drift(id)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let to = match &drift.arn {
        Some(arn) => Some(Screen::Detail(Thing::Table(arn.clone()))),
        None if drift.resource.starts_with("vpce-") => {
            Some(Screen::Detail(Thing::Endpoint(drift.scope.clone(), drift.resource.clone())))
        }
        None => None,
    };
    doc.field_to(ctx, "resource", &format!("{} ({} in {})", drift.resource, drift.kind, drift.scope), to);
    doc.field(ctx, "setting", &format!("{} {}", drift.setting, change(drift)));
    let mut spans = state(ctx, drift);
    if let Some(since) = drift.since() {
        let exact = if drift.cause.is_ok() { "since" } else { "seen first" };
        spans.push(look.say(Role::Text, format!("  {exact} {}", look.full(ctx.now, since))));
    }
    doc.spans(ctx, "state", spans, None);
    if let Some(words) = &drift.tolerated {
        doc.field(ctx, "tolerated", words);
    }
    doc.best = Some(doc.lines.len());
    match &drift.cause {
        Ok(cause) => said_of(ctx, &mut doc, ("done by", "cause"), cause),
        Err(reason) => doc.spans(ctx, "cause", none_named(ctx, reason), None),
    }
    between(ctx, &mut doc, drift);
    match drift.closed.as_ref().map(|closed| (closed.at, &closed.cause)) {
        Some((_, Ok(cause))) => said_of(ctx, &mut doc, ("ended by", "end"), cause),
        Some((at, Err(reason))) => {
            doc.field(ctx, "ended", &look.full(ctx.now, at));
            doc.spans(ctx, "end", none_named(ctx, reason), None);
        }
        None => {}
    }
    if let Some(words) = &drift.damage {
        doc.field(ctx, "damage", words);
    }
    lowered(ctx, &mut doc, drift);
    doc.gap();
    doc.section(ctx, "side by side", "who tells of it, and when that looked last");
    for said in &drift.said {
        let to = drift.stack.clone().filter(|_| said.source == DriftSource::CloudFormation);
        let to = to.map(|(stack, logical)| Screen::Detail(Thing::Resource(stack, logical)));
        let at = said.at.map_or_else(|| "when is not told".to_owned(), |at| format!("{} ago", age(ctx.now, at)));
        let change = format!("{} → {}", said.was.as_deref().unwrap_or("?"), said.is.as_deref().unwrap_or("?"));
        doc.field_to(ctx, said.source.word(), &change, to);
        doc.field(ctx, "", &format!("{at} · {}", said.note));
    }
    if let Some(arn) = &drift.arn {
        recorded(ctx, &mut doc, arn);
    }
    if drift.said.iter().any(|said| said.source == DriftSource::CloudFormation) {
        doc.field(ctx, "not looked at", BLIND);
    }
    Some(doc)
}

/// What AWS Config recorded of the table, each item against the one before.
fn recorded(ctx: &Ctx<'_>, doc: &mut Doc, arn: &str) {
    doc.gap();
    doc.section(ctx, "recorded by AWS Config", "each item against the one before, minutes behind");
    match ctx.store.recorded(arn) {
        Err(reason) => doc.spans(ctx, "", none_named(ctx, &reason), None),
        Ok(all) if all.is_empty() => doc.push(ctx.look.line(Role::Dim, "   nothing changed in the newest items")),
        Ok(all) => {
            for of in all.iter().take(20) {
                let value = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
                let words = format!("{}  {} → {}", of.setting, value(&of.was), value(&of.is));
                let room = usize::from(ctx.width).saturating_sub(18);
                doc.push(vec![
                    ctx.look.say(Role::Dim, format!(" {:>15} ", ctx.look.clock(ctx.now, of.at))),
                    ctx.look.foreign(Role::Text, &words, room),
                ]);
            }
        }
    }
}

fn none_named(ctx: &Ctx<'_>, reason: &str) -> Vec<Span<'static>> {
    let room = usize::from(ctx.width).saturating_sub(20);
    vec![ctx.look.say(Role::Unknown, "? "), ctx.look.foreign(Role::Text, reason, room)]
}

/// Who did it, through what, and the event: Enter leads to its record.
fn said_of(ctx: &Ctx<'_>, doc: &mut Doc, (by, what): (&'static str, &'static str), cause: &Cause) {
    let event = Screen::Detail(Thing::Event(cause.event.clone()));
    let at = ctx.look.full(ctx.now, cause.at);
    doc.field_to(ctx, what, &format!("{} at {at}", cause.name), Some(event));
    let session = cause.session.as_ref().map(|of| format!(", session {of}")).unwrap_or_default();
    let through = cause.through.as_ref().map(|of| format!(", through {of}")).unwrap_or_default();
    let who = Screen::List(Kind::Trail(Pivot::Principal(cause.principal.clone())));
    doc.field_to(ctx, by, &format!("{}{session}{through}", cause.principal), Some(who));
    doc.field(ctx, "certainty", &format!("{}: {}", cause.confidence.word(), cause.reason));
}

/// Between which two looks it happened.
fn between(ctx: &Ctx<'_>, doc: &mut Doc, drift: &Drift) {
    let full = |at| ctx.look.full(ctx.now, at);
    let words = match (drift.good, drift.bad) {
        (Some(good), Some(bad)) => format!("last known good {}, first known bad {}", full(good), full(bad)),
        (None, Some(bad)) => {
            format!("first known bad {}; of no moment before is it known to have been good", full(bad))
        }
        (Some(good), None) => format!("last known good {}", full(good)),
        (None, None) => return,
    };
    doc.field(ctx, "known", &words);
}

/// The controls that it lowers, each with how it stands now.
fn lowered(ctx: &Ctx<'_>, doc: &mut Doc, drift: &Drift) {
    for (index, id) in drift.lowers.iter().enumerate() {
        let title =
            crate::trail::catalogue::control(id).or_else(|| Some(crate::controls::facts::facts(id)?.title.as_str()));
        let judged = drift.arn.as_ref().and_then(|arn| ctx.store.judgement(arn, id));
        let to = judged.map(|of| Screen::Detail(Thing::Judgement(of.resource.clone(), of.control)));
        let role = if to.is_some() { Role::Link } else { Role::Text };
        let mut spans = vec![ctx.look.say(role, format!("{id} {}", title.unwrap_or_default()))];
        if let Some(of) = judged {
            spans.push(Span::raw("  "));
            spans.extend(ctx.look.verdict(of.verdict, &format!("{} now", of.verdict.word())).spans);
        }
        doc.spans(ctx, if index == 0 { "lowers" } else { "" }, spans, to);
    }
    if let Some(words) = &drift.unsaid {
        doc.field(ctx, "unsaid", words);
    }
}
