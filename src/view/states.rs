//! The looks of nothing: loading, empty, denied, gone.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::model::{Origin, Source, SourceError, Verdict};
use crate::theme::{Role, verdict_role};
use crate::widget::ink;

use super::{Ctx, Kind, Look, Place, Screen, Thing};

/// What the sources of a view are up to.
pub struct State<'a> {
    /// Done and total of the sweeps that run.
    pub running: Option<(usize, usize)>,
    /// Sweeps that have never ended.
    pub loading: usize,
    /// Sources × scopes that were ever asked.
    pub known: usize,
    /// Faults of the newest sweeps: source, scope, error.
    pub faults: Vec<(Source, String, &'a SourceError)>,
}

/// What the sources of a view are up to.
#[must_use]
pub fn state<'a>(ctx: &Ctx<'a>, sources: &[Source]) -> State<'a> {
    let mut state = State { running: None, loading: 0, known: 0, faults: Vec::new() };
    for ((source, scope), freshness) in ctx.store.freshness().filter(|((source, _), _)| sources.contains(source)) {
        state.known += 1;
        state.loading += usize::from(freshness.is_loading());
        if let Some((done, total)) = freshness.running {
            let (all_done, all) = state.running.unwrap_or_default();
            state.running = Some((all_done + done, all + total));
        }
        if let Some(fault) = &freshness.fault {
            state.faults.push((*source, scope.to_string(), &fault.error));
        }
    }
    state
}

/// `reading 120/430 · denied in 1 of 8`, for the right end of a screen's title.
#[must_use]
pub fn status(ctx: &Ctx<'_>, sources: &[Source]) -> Line<'static> {
    let state = state(ctx, sources);
    let mut spans = Vec::new();
    if let Some((done, total)) = state.running.filter(|_| state.loading > 0) {
        spans.push(ctx.look.say(Role::Accent, format!("reading {done}/{total} ")));
    }
    if let Some((_, _, error)) = state.faults.first() {
        let (count, known) = (state.faults.len(), state.known);
        spans.push(ctx.look.say(Role::Unknown, format!("? {} in {count} of {known} ", error.word())));
    }
    Line::from(spans)
}

/// Draws why a list is empty, below its heads.
pub fn draw_empty(ctx: &Ctx<'_>, place: &Place, kind: &Kind, area: Rect, buf: &mut Buffer) {
    let view = super::list_of(kind);
    let state = state(ctx, view.sources);
    let look = ctx.look;
    let mut lines = Vec::new();
    let filtered = matches!(&place.body, super::Body::Rows(_, total) if *total > 0);
    if place.pending() {
        lines.push(look.line(Role::Accent, "searching the records … what is found stands here at once"));
    } else if filtered {
        let filter = if place.faults_only { format!("{} (only faults)", place.filter) } else { place.filter.clone() };
        let (what, way) = match (filter.trim().is_empty(), place.survey.window.is_some()) {
            (true, true) => (format!("no {} in the stretch of time shown ", view.noun), "{back} shows all of it"),
            (false, true) => {
                (format!("no {} in the stretch of time shown pass the filter ", view.noun), "{back} shows all of it")
            }
            _ => (format!("no {} pass the filter ", view.noun), "{filter} changes it, {back} clears it"),
        };
        lines.push(Line::from(vec![
            look.say(Role::Text, what),
            look.foreign(Role::Accent, &filter, 60),
            look.say(Role::Dim, format!("   {}", look.keys.fill(way))),
        ]));
        if place.unsearched() > 0 {
            let words = format!("? {} files could not be searched   :files tells why", place.unsearched());
            lines.push(look.line(Role::Unknown, words));
        }
    } else if let (false, Some(words)) = (matches!(kind, Kind::Trail(_)), unasked(ctx, view.sources)) {
        lines.push(look.line(Role::Unknown, words));
    } else if let (Kind::Trail(_), Some(load), 0) = (kind, ctx.store.load(), state.known) {
        let words = match load.finished {
            true => format!("no events in {} files   :files tells what became of them", load.done),
            false => format!("reading {}/{} files …", load.done, load.total),
        };
        lines.push(look.line(Role::Accent, words));
    } else if !view.sources.is_empty() && state.known == 0 {
        lines.push(look.line(Role::Accent, "waiting for the first answer …"));
    } else if state.loading > 0 && state.faults.is_empty() {
        let words = match state.running {
            Some((done, total)) => {
                format!("reading {done}/{total} … {} of {} sweeps to come", state.loading, state.known)
            }
            None => format!("reading … {} of {} sweeps to come", state.loading, state.known),
        };
        lines.push(look.line(Role::Accent, words));
    } else if state.faults.is_empty() {
        lines.push(look.line(Role::Text, (view.empty)(ctx, kind)));
    } else {
        // None seen is not none there: how many there are is not known where the read failed.
        let where_ =
            if state.faults.len() < state.known { "none in what could be read; unknown here:" } else { "unknown:" };
        lines.push(look.line(Role::Text, format!("{}: {where_}", view.noun)));
    }
    for (source, scope, error) in &state.faults {
        lines.extend(fault_lines(look, *source, scope, error));
    }
    for (y, line) in (area.y + 2..area.bottom()).zip(&lines) {
        ink::line(buf, area.x + 2, y, line, area.width.saturating_sub(3));
    }
}

/// Why nothing is known of what sources tell: log files alone are shown, and nobody asks AWS.
#[must_use]
pub fn unasked(ctx: &Ctx<'_>, sources: &[Source]) -> Option<&'static str> {
    let nobody = ctx.store.origin() == Origin::Files && !sources.is_empty();
    nobody.then_some("? not asked: log files alone are shown · dynakeep without --trail asks AWS")
}

/// A fault in words, and what can be done about it.
#[must_use]
pub fn fault_lines(look: &Look, source: Source, scope: &str, error: &SourceError) -> Vec<Line<'static>> {
    let head = Line::from(vec![
        look.say(verdict_role(Verdict::Unknown), "? "),
        look.say(Role::Text, format!("{} ", source.name())),
        look.foreign(Role::Dim, scope, 40),
        look.say(Role::Dim, "  "),
        look.foreign(Role::Unknown, &error.to_string(), 160),
    ]);
    let mut lines = vec![head];
    lines.extend(
        error
            .advice()
            .map(|advice| Line::from(vec![look.say(Role::Dim, "    "), look.foreign(Role::Dim, &advice, 160)])),
    );
    lines
}

/// Draws that what a screen is about is not, or no longer, known.
pub fn draw_gone(ctx: &Ctx<'_>, screen: &Screen, area: Rect, buf: &mut Buffer) {
    if let Screen::Raw(Thing::Event(id)) = screen
        && let Some(words) = super::fetched::waiting(ctx, id)
    {
        let rows = (area.y + 1..area.bottom()).take(4);
        for (y, words) in rows.zip(super::doc::wrap(&words, usize::from(area.width).saturating_sub(4).max(8), 4)) {
            let line = Line::from(ctx.look.foreign(Role::Accent, &words, usize::from(area.width)));
            ink::line(buf, area.x + 2, y, &line, area.width.saturating_sub(3));
        }
        return;
    }
    if area.height > 1 {
        let loading = Source::ALL.into_iter().any(|source| ctx.store.is_loading(source));
        let words = if loading {
            "reading … it is shown as soon as it is read"
        } else {
            "not known here, or no longer: the newest sweep did not find it"
        };
        ink::line(buf, area.x + 2, area.y + 1, &ctx.look.line(Role::Dim, words), area.width.saturating_sub(3));
    }
}

/// A value that is not known: why, in a word, or a sign that it is on its way.
#[must_use]
pub fn unknown(look: &Look, error: Option<&SourceError>) -> Line<'static> {
    match error {
        Some(error) => look.verdict(Verdict::Unknown, error.word()),
        None => look.line(Role::Dim, "…"),
    }
}
