//! How it all stands: tallies by layer, changes by hour, freshness by source, verdicts that changed.

use std::cmp::Reverse;

use ratatui::text::{Line, Span};

use crate::model::{Layer, Source, Verdict};
use crate::store::changes::{Change, VerdictChange, Way};
use crate::store::handover::is_change;
use crate::theme::{Role, verdict_role};
use crate::widget::{bar, text};

use super::{Ctx, age};

/// Hours that the histogram goes back.
const HOURS: usize = 12;

/// The right side of the Overview, `width` cells wide.
#[must_use]
pub fn side(ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
    let look = ctx.look;
    let derived = ctx.derived.borrow();
    let mut lines = vec![Line::from(vec![
        look.say(Role::Heading, format!("{:<16}", "POSTURE")),
        look.say(Role::Column, "fail  warn   unk"),
    ])];
    for layer in Layer::ALL {
        let Some(tally) = derived.posture.get(&layer) else { continue };
        let count = |verdict: Verdict, count: usize| {
            let role = if count == 0 { Role::Dim } else { verdict_role(verdict) };
            look.say(role, format!("{count:>4}  "))
        };
        lines.push(Line::from(vec![
            look.say(Role::Text, format!("{:<16}", layer.word())),
            count(Verdict::Fail, tally.fail),
            count(Verdict::Warn, tally.warn),
            count(Verdict::Unknown, tally.unknown),
        ]));
    }
    if derived.posture.is_empty() {
        let nobody = super::states::unasked(ctx, &Source::ALL).is_some();
        lines.push(look.line(Role::Dim, if nobody { "not judged: nothing was asked" } else { "not judged yet" }));
    }
    lines.push(Line::default());
    lines.push(activity(ctx));
    lines.push(Line::default());
    lines.push(look.line(Role::Heading, "FRESHNESS"));
    // On a low screen the end is cut off: what is in trouble stands before it.
    let troubled = |source: &Source| ctx.store.freshness().any(|((of, _), it)| of == source && it.fault.is_some());
    let (worse, well): (Vec<Source>, Vec<Source>) = Source::ALL.into_iter().partition(troubled);
    for source in worse.into_iter().chain(well) {
        lines.extend(freshness(ctx, source, width));
    }
    // What fell comes first, the gravest of it before all; what rose is good news and can wait. What is merely not read
    // any more did neither.
    let moved = |(_, of): &(&Change, &VerdictChange)| matches!(of.way, Way::Fell | Way::Rose | Way::New);
    let mut changed: Vec<(&Change, &VerdictChange)> = ctx.store.changes().verdicts().filter(moved).collect();
    changed.sort_by_key(|(change, of)| (of.way, of.to.rank(), Reverse(of.severity), Reverse(change.at)));
    if !changed.is_empty() {
        let rose = changed.iter().filter(|(_, of)| of.way == Way::Rose).count();
        let words = format!("  {} fell, {rose} rose since the start", changed.len() - rose);
        lines.push(Line::default());
        lines.push(Line::from(vec![look.say(Role::Heading, "VERDICTS CHANGED"), look.say(Role::Dim, words)]));
        for (change, of) in changed.into_iter().take(8) {
            let name = text::clean(crate::model::tail(&of.resource), width.saturating_sub(24));
            let (from, to) = (of.from.map_or(" ", |from| look.glyph(from)), look.glyph(of.to));
            lines.push(Line::from(vec![
                look.say(Role::Dim, format!("{:>6} ", age(ctx.now, change.at))),
                look.say(Role::Text, format!("{} ", of.control)),
                Span::styled(from, look.style(verdict_role(of.from.unwrap_or(of.to)))),
                look.say(Role::Dim, "→"),
                Span::styled(to, look.style(verdict_role(of.to))),
                look.foreign(Role::Text, &format!(" {name}"), width),
            ]));
        }
    }
    lines
}

/// Changes to tables in the last hours, as a histogram.
fn activity(ctx: &Ctx<'_>) -> Line<'static> {
    let mut hours = [0; HOURS];
    // Files may be old: their hours are the last before their newest event.
    let files = ctx.store.origin() == crate::model::Origin::Files;
    let newest = ctx.store.events().span().map(|(_, newest)| newest).filter(|_| files);
    let now = newest.unwrap_or(ctx.now);
    for event in ctx.store.events().newest_first().take(20_000) {
        let ago = now.as_second().saturating_sub(event.time().as_second()) / 3600;
        match usize::try_from(ago).ok().and_then(|ago| hours.get_mut(ago)) {
            Some(count) if is_change(event) => *count += 1,
            Some(_) => {}
            None => break,
        }
    }
    hours.reverse();
    let total: usize = hours.iter().sum();
    Line::from(vec![
        ctx.look.say(Role::Heading, "CHANGES "),
        ctx.look.say(Role::Dim, format!("{HOURS} h  ")),
        Span::styled(bar::spark(&hours, ctx.look.ascii), ctx.look.style(Role::Accent)),
        ctx.look.say(Role::Text, format!("  {total}")),
    ])
}

/// One source over all scopes: the oldest good sweep, and how many scopes are in trouble.
fn freshness(ctx: &Ctx<'_>, source: Source, width: usize) -> Option<Line<'static>> {
    let look = ctx.look;
    let of: Vec<_> = ctx.store.freshness().filter(|((kind, _), _)| *kind == source).map(|(_, it)| it).collect();
    if of.is_empty() {
        return None;
    }
    let faults = of.iter().filter(|it| it.fault.is_some()).count();
    let loading = of.iter().filter(|it| it.is_loading()).count();
    let oldest = of.iter().filter_map(|it| it.good).min();
    let state = match (faults, loading) {
        (0, 0) => look.say(Role::Pass, look.glyph(Verdict::Pass)),
        (0, _) => look.say(Role::Accent, "…"),
        _ => look.say(Role::Unknown, "?"),
    };
    let words = match (faults, loading) {
        (0, 0) => String::new(),
        (0, _) => format!("reading, {loading} to come"),
        _ => {
            let error = of.iter().find_map(|it| it.fault.as_ref()).map_or("", |fault| fault.error.word());
            format!("{error} in {faults} of {}", of.len())
        }
    };
    Some(Line::from(vec![
        state,
        look.say(Role::Text, format!(" {:<12}", source.name())),
        look.say(
            if faults > 0 { Role::Stale } else { Role::Dim },
            format!("{:>7} ", oldest.map_or("-".to_owned(), |at| age(ctx.now, at))),
        ),
        look.foreign(Role::Unknown, &words, width.saturating_sub(22)),
    ]))
}
