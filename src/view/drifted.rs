//! Drifts in a line, where something else is shown: a table, what is related, the Overview.

use std::sync::Arc;

use ratatui::text::Span;

use crate::model::Severity;
use crate::store::Drift;
use crate::theme::{Role, verdict_role};

use super::list::Link;
use super::{Ctx, Doc, Screen, Thing, age};

/// How bad, or that it is over or tolerated.
pub(super) fn state(ctx: &Ctx<'_>, drift: &Drift) -> Vec<Span<'static>> {
    let glyph =
        Span::styled(format!("{} ", ctx.look.glyph(drift.verdict())), ctx.look.style(verdict_role(drift.verdict())));
    if drift.counts() {
        return vec![glyph, ctx.look.severity(drift.severity)];
    }
    vec![glyph, ctx.look.say(Role::Dim, drift.state())]
}

/// `ENABLED → DISABLED`.
pub(super) fn change(drift: &Drift) -> String {
    format!("{} → {}", drift.was().unwrap_or("?"), drift.is().unwrap_or("?"))
}

/// The drifts of a table, each a line that leads to its cause.
pub fn of_table(ctx: &Ctx<'_>, arn: &str, doc: &mut Doc) {
    for (index, drift) in ctx.store.drifts_of(arn).take(5).enumerate() {
        let mut spans = state(ctx, drift);
        let room = usize::from(ctx.width).saturating_sub(30);
        spans.push(ctx.look.foreign(Role::Text, &format!("  {}", words(ctx, drift)), room));
        let name = if index == 0 { "drift" } else { "" };
        doc.spans(ctx, name, spans, Some(Screen::Detail(Thing::Drift(drift.id.clone()))));
    }
}

/// `DeletionProtectionEnabled true → false since 12m by app-orders`.
fn words(ctx: &Ctx<'_>, drift: &Drift) -> String {
    format!("{} {} {}", drift.setting, change(drift), since(ctx, drift))
}

/// `since 12m ago, by app-orders`.
#[must_use]
pub fn since(ctx: &Ctx<'_>, drift: &Drift) -> String {
    let at = drift.since().map(|at| format!("since {} ago", age(ctx.now, at))).unwrap_or_default();
    match &drift.cause {
        Ok(cause) => format!("{at}, by {}", cause.principal),
        Err(_) => format!("seen {at}"),
    }
}

/// The open drift that lowers a control of a resource.
#[must_use]
pub fn behind<'a>(ctx: &Ctx<'a>, resource: &str, control: &str) -> Option<&'a Arc<Drift>> {
    ctx.store.drifts_of(resource).find(|of| of.counts() && of.lowers.contains(&control))
}

/// The worst open drifts that lower a control by much, for the Overview.
pub fn worst<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = &'a Arc<Drift>> + use<'a> {
    let grave = |of: &&Arc<Drift>| of.counts() && !of.lowers.is_empty() && of.severity >= Severity::High;
    ctx.store.drifts().iter().filter(grave).take(3)
}

/// `PointInTimeRecoveryStatus of orders ENABLED → DISABLED`.
#[must_use]
pub fn title(drift: &Drift) -> String {
    format!("{} of {} {}", drift.setting, drift.resource, change(drift))
}

/// The ways to the drifts of a thing's table.
#[must_use]
pub fn links(ctx: &Ctx<'_>, arn: &str) -> Vec<Link> {
    let of = ctx.store.drifts_of(arn).map(|drift| Link {
        kind: "drift",
        name: drift.setting.clone(),
        why: format!("{} · {}", drift.state(), since(ctx, drift)),
        to: Screen::Detail(Thing::Drift(drift.id.clone())),
    });
    of.collect()
}
