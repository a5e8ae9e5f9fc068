//! Drift: what stacks say about their resources, as CloudFormation last looked.

use std::sync::Arc;

use ratatui::text::Line;

use crate::model::{DriftStatus, Source, Stack, StackResource, Verdict};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::tables::unknown;
use super::{Ctx, Doc, Kind, ListView, Row, Screen, Thing, things};

/// Resources of stacks, and stacks whose resources are not known.
pub static VIEW: ListView = ListView {
    noun: "stack resources",
    sources: &[Source::Drift],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty,
};

const COLUMNS: [Column; 7] = [
    fixed("STATUS", 13, 0),
    grows("RESOURCE", 14, 2, 0),
    grows("STACK", 14, 2, 1),
    grows("DIFFERENCE", 20, 4, 0),
    fixed("CHECKED", 9, 0),
    grows("TYPE", 20, 1, 4),
    grows("REGION", 9, 1, 3),
];

/// What a drift detection does not look at: shown wherever drift is.
pub const BLIND: &str = "CloudFormation compares what the template sets, when a detection is run: it sees neither what the \
    template leaves to its default, nor items, nor resources outside stacks; dynakeep starts no detection";

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let mut rows = Vec::new();
    for stack in ctx.store.estate().stacks.values() {
        let id: Arc<str> = Arc::from(stack.id.as_str());
        match stack.resources.value().filter(|all| !all.is_empty()) {
            Some(all) => {
                let places = (0u32..).zip(all);
                rows.extend(places.map(|(place, one)| (one.status, Row::Resource(Arc::clone(&id), place))));
            }
            None => rows.push((stack.drift, Row::Stack(id))),
        }
    }
    rows.sort_by_key(|(status, _)| standing(*status).rank());
    rows.into_iter().map(|(_, row)| row).collect()
}

/// How CloudFormation's word stands among our six verdicts.
#[must_use]
pub fn standing(status: DriftStatus) -> Verdict {
    match status {
        DriftStatus::Deleted => Verdict::Fail,
        DriftStatus::Modified => Verdict::Warn,
        DriftStatus::NotChecked | DriftStatus::Unknown => Verdict::Unknown,
        DriftStatus::InSync => Verdict::Pass,
    }
}

fn word(status: DriftStatus) -> &'static str {
    match status {
        DriftStatus::Deleted => "deleted",
        DriftStatus::Modified => "modified",
        DriftStatus::NotChecked => "not checked",
        DriftStatus::Unknown => "unknown",
        DriftStatus::InSync => "in sync",
    }
}

fn of<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<(&'a Stack, Option<&'a StackResource>)> {
    let stacks = &ctx.store.estate().stacks;
    match row {
        Row::Stack(id) => Some((stacks.get(&**id)?, None)),
        Row::Resource(id, place) => {
            let stack = stacks.get(&**id)?;
            Some((stack, Some(stack.resources.value()?.get(*place as usize)?)))
        }
        _ => None,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    let Some((stack, resource)) = of(ctx, row) else { return Verdict::NotApplicable };
    standing(resource.map_or(stack.drift, |one| one.status))
}

fn difference(resource: &StackResource) -> String {
    let Some(first) = resource.differences.first() else { return String::new() };
    let path = things::tail(&first.path);
    let more = resource.differences.len() - 1;
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    format!("{} → {} {path}{more}", first.expected, first.actual)
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some((stack, resource)) = of(ctx, row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match (column, resource) {
        (0, Some(one)) => look.verdict(standing(one.status), word(one.status)),
        (0, None) => match stack.resources.fault.as_ref() {
            Some(fault) => unknown(look, Some(&fault.error)),
            None => look.verdict(standing(stack.drift), word(stack.drift)),
        },
        (1, Some(one)) => look.foreign(Role::Text, one.physical_id.as_deref().unwrap_or(&one.logical_id), room).into(),
        (1, None) => look.line(Role::Dim, "the stack itself"),
        (2, _) => look.foreign(Role::Dim, &stack.name, room).into(),
        (3, Some(one)) => look.foreign(Role::Warn, &difference(one), room).into(),
        (4, one) => {
            let at = one.and_then(|one| one.checked).or(stack.checked);
            look.line(Role::Dim, at.map_or("never".to_owned(), |at| look.when(ctx.now, at)))
        }
        (5, Some(one)) => look.foreign(Role::Dim, one.kind.trim_start_matches("AWS::"), room).into(),
        (6, _) => look.foreign(Role::Dim, &stack.scope.region, room).into(),
        _ => Line::default(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some((stack, resource)) = of(ctx, row) else { return Key::Missing };
    match (column, resource) {
        (0, one) => Key::Number(one.map_or(stack.drift, |one| one.status) as i64),
        (1, Some(one)) => Key::text(one.physical_id.as_deref().unwrap_or(&one.logical_id)),
        (2, _) => Key::text(&stack.name),
        (3, Some(one)) => Key::Number(i64::try_from(one.differences.len()).unwrap_or(i64::MAX)),
        (4, one) => Key::number(one.and_then(|one| one.checked).or(stack.checked).map(jiff::Timestamp::as_second)),
        (5, Some(one)) => Key::text(&one.kind),
        (6, _) => Key::text(&stack.scope.region),
        _ => Key::Missing,
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let lists = ctx.store.estate().stack_lists.values().filter(|cell| cell.seen.is_some()).count();
    format!(
        "no stacks: CloudFormation answered in {lists} of {} scopes; tables made without it have no drift to show",
        ctx.store.estate().scopes.len()
    )
}

/// A stack, and all its resources.
#[must_use]
pub fn stack(ctx: &Ctx<'_>, id: &str) -> Option<Doc> {
    let stack = ctx.store.estate().stacks.get(id)?;
    let mut doc = Doc::default();
    head(ctx, stack, &mut doc);
    doc.gap();
    doc.section(ctx, "resources", "");
    if let Some(reason) = stack.resources.unknown_reason() {
        doc.field(ctx, "unknown", &reason);
    }
    for one in stack.resources.value().into_iter().flatten().take(500) {
        let mut line = ctx.look.verdict(standing(one.status), word(one.status));
        line.spans.insert(0, ctx.look.say(Role::Dim, "   "));
        line.spans.push(ctx.look.foreign(Role::Accent, &format!("  {}", one.logical_id), 50));
        line.spans.push(ctx.look.foreign(Role::Dim, &format!("  {}  {}", one.kind, difference(one)), 120));
        doc.link(line, Screen::Detail(Thing::Resource(stack.id.clone(), one.logical_id.clone())));
    }
    Some(doc)
}

fn head(ctx: &Ctx<'_>, stack: &Stack, doc: &mut Doc) {
    doc.field_to(ctx, "stack", &stack.name, Some(Screen::Detail(Thing::Stack(stack.id.clone()))));
    doc.field(ctx, "scope", &stack.scope.to_string());
    doc.field(ctx, "state", &stack.status);
    doc.spans(ctx, "drift", ctx.look.verdict(standing(stack.drift), word(stack.drift)).spans, None);
    doc.field(
        ctx,
        "last checked",
        &stack.checked.map_or("never: no detection was ever run".to_owned(), |at| ctx.look.full(ctx.now, at)),
    );
    doc.field(ctx, "not looked at", BLIND);
}

/// A resource of a stack, with every property that differs.
#[must_use]
pub fn resource(ctx: &Ctx<'_>, id: &str, logical: &str) -> Option<Doc> {
    let stack = ctx.store.estate().stacks.get(id)?;
    let one = stack.resources.value()?.iter().find(|one| one.logical_id == logical)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let physical = one.physical_id.as_deref().unwrap_or("none");
    let to = one.kind.starts_with("AWS::DynamoDB").then(|| things::table_screen(ctx, &stack.scope, physical));
    doc.field(ctx, "resource", &format!("{} ({})", one.logical_id, one.kind));
    doc.field_to(ctx, "is", physical, to);
    doc.spans(ctx, "status", look.verdict(standing(one.status), one.status.word()).spans, None);
    doc.field(ctx, "last checked", &one.checked.map_or("never".to_owned(), |at| look.full(ctx.now, at)));
    doc.gap();
    doc.section(ctx, "differences", "t shows the events of it");
    if one.differences.is_empty() {
        doc.push(look.line(Role::Dim, "   none told"));
    }
    for difference in &one.differences {
        doc.field(ctx, "property", &difference.path);
        doc.field(ctx, "  template", &difference.expected);
        doc.spans(
            ctx,
            "  actual",
            vec![look.foreign(Role::Warn, &difference.actual, usize::from(ctx.width).saturating_sub(18))],
            None,
        );
    }
    doc.gap();
    doc.section(ctx, "its stack", "");
    head(ctx, stack, &mut doc);
    Some(doc)
}
