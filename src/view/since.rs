//! What is new since one looked last, wherever it is shown: a sign before a row, a word on a page, a count in a title.

use ratatui::text::{Line, Span};

use crate::store::changes::{Change, Changed, DriftChange, Stands, Turn, Way};
use crate::store::since::{From, Since};
use crate::theme::Role;

use super::{Ctx, Doc, Kind, Row, Screen, Thing, identity};

/// Signs before rows; the help tells them.
pub const SIGNS: [(&str, &str, &str); 3] = [
    ("+", "+", "new since the mark: a finding, or a table that was not judged then"),
    ("~", "~", "changed since the mark: a verdict, a finding, a source"),
    ("¶", "\"", "somebody noted something: d shows it, :notes all of them"),
];

/// `since 23:04Z`, or `since the start`.
#[must_use]
pub fn moment(ctx: &Ctx<'_>, since: &Since) -> String {
    match &since.from {
        From::Mark(at, _) => format!("since {}", to_the_minute(&ctx.look.clock(ctx.now, *at))),
        From::Start(_) => "since the start".to_owned(),
    }
}

/// `03:07Z` for `03:07:08Z`; a moment of another day has no seconds.
fn to_the_minute(clock: &str) -> String {
    match (clock.get(..5), clock.get(5..6), clock.get(8..)) {
        (Some(minute), Some(":"), Some(zone)) => format!("{minute}{zone}"),
        _ => clock.to_owned(),
    }
}

/// The Overview's line, which leads to the hand-over.
pub fn line(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let Some(since) = ctx.derived.borrow_mut().since(ctx.store) else { return };
    let count = since.count();
    let notes = match ctx.store.notes().len() {
        0 => String::new(),
        1 => "1 note · ".to_owned(),
        count => format!("{count} notes · "),
    };
    let quiet = count == crate::store::since::Count::default();
    if quiet && notes.is_empty() && matches!(since.from, From::Start(_)) {
        return;
    }
    let words = format!("{notes}{}", count.words());
    let head = format!(" {} ", moment(ctx, &since).to_uppercase());
    let left = room.saturating_sub(head.chars().count() + 2);
    let role = if quiet { Role::Dim } else { Role::Text };
    doc.link(
        vec![ctx.look.say(Role::Heading, head), ctx.look.foreign(role, &format!(" {words}"), left)],
        Screen::Handover,
    );
}

/// ` · 2 new, 1 changed since 23:04Z`, for the title of a list.
#[must_use]
pub fn title(ctx: &Ctx<'_>, kind: &Kind) -> Option<Span<'static>> {
    let since = ctx.derived.borrow_mut().since(ctx.store)?;
    let tables = &ctx.store.estate().tables;
    let (new, changed) = match kind {
        Kind::Findings => since.findings(),
        Kind::Tables => (0, since.resources(|resource| tables.contains_key(resource))),
        Kind::Controls(_) => (0, since.resources(|_| true)),
        Kind::Checks { subject, .. } => (0, since.resource(subject).map_or(0, std::collections::BTreeMap::len)),
        Kind::Drift => (since.count().drifts, 0),
        Kind::Sources => (0, since.count().stale),
        _ => (0, 0),
    };
    let words = match (new, changed) {
        (0, 0) => return None,
        (new, 0) => format!("{new} new"),
        (0, changed) => format!("{changed} changed"),
        (new, changed) => format!("{new} new, {changed} changed"),
    };
    Some(ctx.look.say(Role::Accent, format!(" · {words} {}", moment(ctx, &since))))
}

/// The sign before a row: what is noted of it, else what is new about it.
#[must_use]
pub fn sign(ctx: &Ctx<'_>, since: Option<&Since>, row: &Row) -> Option<Line<'static>> {
    let notes = ctx.store.notes();
    let noted = || notes.get(&identity::of(&row.thing(ctx)?)?);
    let place = if !notes.is_empty() && noted().is_some() {
        2
    } else if is_new(ctx, since?, row)? {
        0
    } else {
        1
    };
    let (sign, ascii, _) = SIGNS.get(place)?;
    Some(Line::from(Span::styled(if ctx.look.ascii { *ascii } else { *sign }, ctx.look.style(Role::Accent))))
}

/// Puts rows that somebody noted something of at the top.
pub fn pin(ctx: &Ctx<'_>, rows: &mut [Row]) {
    let mut top = 0;
    for (identity, _) in ctx.store.notes().all() {
        let Some(thing) = identity::thing(identity) else { continue };
        let stands = |row: &Row| matches!((row, &thing), (Row::Stand(of), Thing::Table(arn)) if of.subject == *arn);
        let screen = Screen::Detail(thing.clone());
        let of = |row: &Row| !matches!(row, Row::Note(_)) && (stands(row) || row.is(ctx, &screen));
        if let Some(at) = rows.iter().position(of).filter(|at| *at >= top)
            && let Some(part) = rows.get_mut(top..=at)
        {
            part.rotate_right(1);
            top += 1;
        }
    }
}

/// Whether a row is new or changed; `None` for neither.
fn is_new(ctx: &Ctx<'_>, since: &Since, row: &Row) -> Option<bool> {
    let of_resource = |resource: &str| Some(since.resource(resource)?.values().any(|(way, _)| *way == Way::New));
    match row {
        Row::Finding(finding) => Some(since.finding(&finding.id)? == Turn::New),
        Row::Table(arn) => of_resource(arn),
        Row::Stand(of) => of_resource(&of.subject),
        Row::Check(resource, control, _) => Some(since.verdict(resource, control)?.0 == Way::New),
        Row::Endpoint(scope, _) => match row.thing(ctx)? {
            Thing::Endpoint(_, id) => of_resource(&format!("{scope}/{id}")),
            _ => None,
        },
        Row::Drift(of) => Some(since.drift(&of.id)? == Stands::Open),
        Row::Source(source, scope) => since.source(*source, scope).map(|_| false),
        _ => None,
    }
}

/// Puts at the top of a page what is noted of its thing, and what is new about it.
pub fn lead(ctx: &Ctx<'_>, thing: &Thing, doc: &mut Doc) {
    let mut top = Doc::default();
    if let Some(note) = identity::of(thing).and_then(|identity| ctx.store.notes().get(&identity)) {
        let by = if note.by.is_empty() { String::new() } else { format!("{}, ", note.by) };
        let words = format!("{} ({by}{})", note.text, ctx.look.clock(ctx.now, note.at));
        top.field(ctx, "NOTE", &words);
    }
    if let Some(since) = ctx.derived.borrow_mut().since(ctx.store)
        && let Some(words) = words(&since, thing)
    {
        top.field(ctx, "CHANGED", &format!("{words} {}", moment(ctx, &since)));
    }
    let lines = top.lines.len();
    if doc.pinned > 0 {
        doc.pinned += lines;
    }
    doc.best = doc.best.map(|best| best + lines);
    doc.lines.splice(0..0, top.lines);
}

fn words(since: &Since, thing: &Thing) -> Option<String> {
    let one = |control: &str, (way, from): (Way, Option<crate::model::Verdict>)| match from {
        Some(from) => format!("{control} {} (it was {})", way.word(), from.word()),
        None => format!("{control} {}", way.word()),
    };
    match thing {
        Thing::Finding(id) => Some(since.finding(id)?.word().to_owned()),
        Thing::Table(arn) => {
            let of = since.resource(arn)?;
            let mut all: Vec<_> = of.iter().map(|(control, of)| (of.0, one(control, *of))).collect();
            all.sort();
            Some(all.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", "))
        }
        Thing::Judgement(resource, control) => Some(one("this verdict", since.verdict(resource, control)?)),
        Thing::Drift(id) => Some(since.drift(id)?.word().to_owned()),
        Thing::Source(source, scope) => {
            let stale = since.source(*source, scope)?;
            Some(if stale { "went stale" } else { "came back" }.to_owned())
        }
        _ => None,
    }
}

/// Where a change leads.
#[must_use]
pub fn target(change: &Change) -> Option<Screen> {
    Some(Screen::Detail(match &change.what {
        Changed::Verdict(of) => Thing::Judgement(of.resource.clone(), of.control),
        Changed::Finding(of) if of.turn == Turn::Gone => return None,
        Changed::Finding(of) => Thing::Finding(of.id.clone()),
        // One that is over may be known no more; what did it is.
        Changed::Drift(DriftChange { stands: Stands::Over, cause: Ok((event, _)), .. }) => Thing::Event(event.clone()),
        Changed::Drift(DriftChange { stands: Stands::Over, table, .. }) => Thing::Table(table.clone()?),
        Changed::Drift(of) => Thing::Drift(of.id.clone()),
        Changed::Source(of) => Thing::Source(of.source, of.scope.clone()),
    }))
}
