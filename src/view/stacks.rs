//! Stacks and their resources, as CloudFormation last looked.

use crate::model::{DriftStatus, Stack, StackResource, Verdict};
use crate::theme::Role;

use super::{Ctx, Doc, Screen, Thing, things};

/// What a drift detection does not look at: shown wherever drift is.
pub const BLIND: &str = "CloudFormation compares what the template sets, when a detection is run: it sees neither what the \
    template leaves to its default, nor items, nor resources outside stacks; dynakeep starts no detection";

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

pub(super) fn word(status: DriftStatus) -> &'static str {
    match status {
        DriftStatus::Deleted => "deleted",
        DriftStatus::Modified => "modified",
        DriftStatus::NotChecked => "not checked",
        DriftStatus::Unknown => "unknown",
        DriftStatus::InSync => "in sync",
    }
}

fn difference(resource: &StackResource) -> String {
    let Some(first) = resource.differences.first() else { return String::new() };
    let path = crate::model::tail(&first.path);
    let more = resource.differences.len() - 1;
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    format!("{} → {} {path}{more}", first.expected, first.actual)
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
    doc.section(ctx, "differences", &ctx.look.keys.fill("{events} shows the events of it"));
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
