//! How it all stands: tallies by layer, changes by hour, freshness by source, verdicts that changed.

use std::cmp::Reverse;

use ratatui::text::{Line, Span};

use crate::model::{Layer, Source, Verdict};
use crate::store::changes::{Change, VerdictChange, Way};
use crate::store::handover::is_change;
use crate::theme::{Role, verdict_role};
use crate::widget::{bar, text};

use super::{Ctx, age};

/// Days that the histogram of findings goes back.
const DAYS: usize = 12;

/// Hours that the histogram of changes goes back.
const HOURS: usize = 12;

/// The width that the layers take where there is little of it.
pub const SHORT: usize = 35;

/// Cells of a layer's trend.
const TREND: usize = 16;

/// Each layer's tally, how many more fail than when the program began, and where there is room how that came.
#[must_use]
pub fn layers(ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
    let look = ctx.look;
    let derived = ctx.derived.borrow();
    let (gap, trends) = (if width > SHORT { 6 } else { 5 }, width >= 62);
    let head = |word: &str| format!("{word:>gap$}");
    let mut heads = [head("fail"), head("warn"), head("unk"), head("more")].concat();
    if trends {
        heads.push_str("  since the start");
    }
    let mut lines =
        vec![Line::from(vec![look.say(Role::Heading, format!("{:<15}", "POSTURE")), look.say(Role::Column, heads)])];
    for layer in Layer::ALL {
        let Some(tally) = derived.posture.get(&layer) else { continue };
        let count = |verdict: Verdict, count: usize| {
            let role = if count == 0 { Role::Dim } else { verdict_role(verdict) };
            look.say(role, format!("{count:>gap$}"))
        };
        let (more, trend) = moved(ctx, layer, tally.fail);
        let (role, more) = match more {
            0 => (Role::Dim, "-".to_owned()),
            more if more > 0 => (Role::Fail, format!("+{more}")),
            more => (Role::Pass, more.to_string()),
        };
        let mut spans = vec![
            look.say(Role::Text, format!("{:<15}", layer.word())),
            count(Verdict::Fail, tally.fail),
            count(Verdict::Warn, tally.warn),
            count(Verdict::Unknown, tally.unknown),
            look.say(role, format!("{more:>gap$}")),
        ];
        if trends {
            spans.push(Span::styled(format!("  {}", bar::spark(&trend, look.ascii)), look.style(Role::Accent)));
        }
        lines.push(spans.into());
    }
    if derived.posture.is_empty() {
        let nobody = super::states::unasked(ctx, &Source::ALL).is_some();
        lines.push(look.line(Role::Dim, if nobody { "not judged: nothing was asked" } else { "not judged yet" }));
    }
    lines
}

/// How many more judgements of a layer fail than when the log of changes began, and how far that was above its least
/// in between.
fn moved(ctx: &Ctx<'_>, layer: Layer, now: usize) -> (i64, [usize; TREND]) {
    let mut trend = [0; TREND];
    let Some(began) = ctx.store.changes().began() else { return (0, trend) };
    let whole = (ctx.now.as_second() - began.as_second()).max(1);
    let mut fail = i64::try_from(now).unwrap_or(i64::MAX);
    let mut series = [fail; TREND];
    let of = |control: &str| crate::controls::facts::facts(control).is_some_and(|facts| facts.layer == layer);
    for (change, of) in ctx.store.changes().verdicts().rev().filter(|(_, change)| of(change.control)) {
        fail -= i64::from(of.to == Verdict::Fail) - i64::from(of.from == Some(Verdict::Fail));
        // Until it was noticed, one fewer failed.
        let until = (change.at.as_second() - began.as_second()).max(0) * 16 / whole;
        let until = usize::try_from(until).unwrap_or(0).min(TREND - 1);
        series.iter_mut().take(until).for_each(|at| *at = fail);
    }
    let least = series.iter().copied().min().unwrap_or(0);
    for (cell, at) in trend.iter_mut().zip(series) {
        *cell = usize::try_from(at - least).unwrap_or(0);
    }
    (i64::try_from(now).unwrap_or(i64::MAX) - fail, trend)
}

/// The right side of the Overview, `width` cells wide and at most so many rows high.
#[must_use]
pub fn side(ctx: &Ctx<'_>, width: usize, rows: usize) -> Vec<Line<'static>> {
    let look = ctx.look;
    let mut lines = layers(ctx, width);
    lines.push(Line::default());
    lines.push(findings(ctx));
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
        let words = format!("  {} fell, {rose} rose", changed.len() - rose);
        lines.push(Line::default());
        lines.push(Line::from(vec![look.say(Role::Heading, "VERDICTS CHANGED"), look.say(Role::Dim, words)]));
        for (change, of) in changed.into_iter().take(rows.saturating_sub(lines.len()).max(3)) {
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

/// What two rows are where there is little width: findings and changes over time.
#[must_use]
pub fn sparks(ctx: &Ctx<'_>, room: usize) -> Line<'static> {
    let mut line = findings(ctx);
    line.spans.insert(0, Span::raw(" "));
    let changes = activity(ctx);
    if line.width() + changes.width() + 3 <= room {
        line.spans.push(Span::raw("   "));
        line.spans.extend(changes.spans);
    }
    line
}

/// Findings by the day they were raised, as a histogram, archived and sample ones left out.
fn findings(ctx: &Ctx<'_>) -> Line<'static> {
    let mut days = [0; DAYS];
    let all = ctx.store.estate().findings.values().filter(|it| !it.archived && !it.sample);
    let (mut count, mut grave) = (0, 0);
    for finding in all {
        count += 1;
        grave += usize::from(finding.severity() >= crate::model::Severity::High);
        let raised = finding.created.or(finding.first).or(finding.updated);
        let ago = raised.map(|at| ctx.now.as_second().saturating_sub(at.as_second()) / 86_400);
        if let Some(day) = ago.and_then(|ago| days.get_mut(usize::try_from(ago).unwrap_or(0))) {
            *day += 1;
        }
    }
    days.reverse();
    let look = ctx.look;
    let mut spans = vec![look.say(Role::Heading, "FINDINGS "), look.say(Role::Dim, format!("{DAYS} d  "))];
    if !is_known(ctx, Source::Findings) {
        spans.push(look.say(Role::Unknown, UNREAD));
        return spans.into();
    }
    spans.push(Span::styled(bar::spark(&days, look.ascii), look.style(Role::Accent)));
    spans.push(look.say(Role::Text, format!("  {count}")));
    if grave > 0 {
        spans.push(look.say(Role::Fail, format!(", {grave} high")));
    }
    spans.into()
}

/// Sources in one row: those in trouble by name, the others counted.
#[must_use]
pub fn freshness_in_short(ctx: &Ctx<'_>, room: usize) -> Line<'static> {
    let look = ctx.look;
    let state = |source: Source| {
        let of = ctx.store.freshness().filter(move |((kind, _), _)| *kind == source).map(|(_, it)| it);
        of.fold(None, |state, it| {
            let mine = (it.fault.is_some(), it.is_loading());
            Some(state.map_or(mine, |(fault, loading)| (fault || mine.0, loading || mine.1)))
        })
    };
    let all: Vec<(Source, (bool, bool))> = Source::ALL.into_iter().filter_map(|it| Some((it, state(it)?))).collect();
    let named = |of: &dyn Fn(bool, bool) -> bool| -> Vec<&str> {
        all.iter().filter(|(_, (fault, loading))| of(*fault, *loading)).map(|(source, _)| source.name()).collect()
    };
    let (troubled, loading) = (named(&|fault, _| fault), named(&|fault, loading| loading && !fault));
    let well = all.len() - troubled.len() - loading.len();
    if all.is_empty() {
        let words = super::states::unasked(ctx, &Source::ALL).unwrap_or("waiting for the first answer …");
        return vec![look.say(Role::Heading, " FRESHNESS "), look.say(Role::Dim, words)].into();
    }
    let mut spans = vec![look.say(Role::Heading, " FRESHNESS ")];
    spans.push(look.say(Role::Pass, format!(" {} {well} sources", look.glyph(Verdict::Pass))));
    if !loading.is_empty() {
        spans.push(look.say(Role::Accent, format!("  … {} reading", loading.len())));
    }
    if !troubled.is_empty() {
        let used: usize = spans.iter().map(Span::width).sum();
        let words = format!("  ? {} (9)", troubled.join(" "));
        spans.push(look.foreign(Role::Unknown, &words, room.saturating_sub(used)));
    }
    spans.into()
}

/// What stands in place of a number that nobody has read.
const UNREAD: &str = "? not read";

/// True once a source answered somewhere: before, nothing found says nothing.
fn is_known(ctx: &Ctx<'_>, source: Source) -> bool {
    ctx.store.freshness().any(|((of, _), it)| *of == source && it.good.is_some())
}

/// Changes to tables in the last hours, as a histogram.
fn activity(ctx: &Ctx<'_>) -> Line<'static> {
    let mut hours = [0; HOURS];
    // Files may be old: their hours are the last before their newest event.
    let files = ctx.store.origin() == crate::model::Origin::Files;
    let newest = ctx.store.events().span().map(|(_, newest)| newest).filter(|_| files);
    if !files && !is_known(ctx, Source::Events) {
        let head = ctx.look.say(Role::Heading, "CHANGES  ");
        return vec![head, ctx.look.say(Role::Dim, format!("{HOURS} h  ")), ctx.look.say(Role::Unknown, UNREAD)].into();
    }
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
        ctx.look.say(Role::Heading, "CHANGES  "),
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
