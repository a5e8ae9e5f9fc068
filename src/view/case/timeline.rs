//! What happened, in order: events, what GuardDuty said when, drifts, and verdicts that changed. What lowers controls and names
//! no table stands in its head.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;
use ratatui::text::Span;

use crate::model::{Finding, Severity};
use crate::store::changes::Way;
use crate::store::{Drift, LinkTier};
use crate::theme::{Role, verdict_role};
use crate::trail::EventRef;
use crate::trail::catalogue;
use crate::view::derived::Case;
use crate::view::{Ctx, Doc, Screen, Thing};

/// One line.
enum Entry {
    Event(LinkTier, u32),
    /// Who says it, what, and where it leads.
    Said(&'static str, Vec<Span<'static>>, Option<Screen>),
}

/// Adds the section; the cursor starts on its most telling event.
pub fn section(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    let entries = entries(ctx, finding, case);
    let said = entries.len() - case.events.len();
    let standing = standing(ctx, case);
    let stand = match standing.len() {
        0 => String::new(),
        count => format!(" · {count} of its changes stand"),
    };
    let note = if ctx.width < 100 {
        format!("{} events + {said} notes, oldest first{stand}", case.events.len())
    } else {
        let words = "T1 same key, T2 session, T3 address";
        format!("{} events and {said} notes, oldest first{stand} · {words}", case.events.len())
    };
    doc.section(ctx, "timeline", &note);
    doc.pinned = doc.lines.len();
    if let Some(first) = standing.first() {
        let each: Vec<String> = standing.iter().map(|of| format!("{} of {}", of.setting, of.resource)).collect();
        let words = format!("   to be put back, whatever becomes of the session: {}", each.join(", "));
        let line = ctx.look.foreign(Role::Warn, &words, usize::from(ctx.width).saturating_sub(2));
        doc.link(line, Screen::Detail(Thing::Drift(first.id.clone())));
    }
    around(ctx, case, doc);
    let mut best = None;
    for (at, entry) in entries {
        match entry {
            Entry::Event(tier, row) => {
                let Some(event) = ctx.store.events().at(row) else { continue };
                let weight = telling(tier, event, case);
                if best.is_none_or(|(most, _)| weight > most) {
                    best = Some((weight, doc.lines.len()));
                }
                doc.event(tier, event);
            }
            Entry::Said(by, what, to) => {
                let clock = ctx.look.clock(ctx.now, at);
                let mut spans = vec![
                    ctx.look.say(Role::Dim, format!(" {clock:>15} ")),
                    ctx.look.say(Role::Accent, format!("{by:<8}")),
                ];
                spans.extend(what);
                match to {
                    Some(to) => doc.link(spans, to),
                    None => doc.push(spans),
                }
            }
        }
    }
    if case.events.is_empty() {
        doc.push(ctx.look.line(
            Role::Dim,
            "   no events yet: they are searched for by key and by session now; deliveries lag up to 15 min",
        ));
    }
    doc.pinned_to = Some(doc.lines.len());
    doc.best = best.map(|(_, line)| line);
}

/// What names no table and lowers what guards all of them.
fn around(ctx: &Ctx<'_>, case: &Case, doc: &mut Doc) {
    let lowers = |event: &EventRef<'_>| {
        event.tables().len() == 0
            && event.error().is_none()
            && event.read_only() != Some(true)
            && catalogue::rank(*event) >= Some(Severity::Medium)
            && catalogue::entry(event.source(), event.name()).is_some_and(|entry| !entry.lowers.is_empty())
    };
    let own = case.events.iter().filter(|(tier, _)| *tier <= LinkTier::T2);
    let found: Vec<_> = own.filter_map(|(tier, row)| Some((*tier, ctx.store.events().at(*row)?))).collect();
    let found: Vec<_> = found.into_iter().filter(|(_, event)| lowers(event)).collect();
    if found.is_empty() {
        return;
    }
    doc.push(ctx.look.line(Role::Warn, " beside its tables it lowered what guards all of them:"));
    for (tier, event) in found.iter().rev() {
        doc.event(*tier, *event);
    }
    doc.push(ctx.look.line(Role::Dim, " in order:"));
}

fn entries(ctx: &Ctx<'_>, finding: &Finding, case: &Case) -> Vec<(Timestamp, Entry)> {
    let event = |(tier, row): &(LinkTier, u32)| {
        let at = ctx.store.events().at(*row).map(EventRef::time);
        (at.unwrap_or(Timestamp::MIN), Entry::Event(*tier, *row))
    };
    let mut entries: Vec<(Timestamp, Entry)> = case.events.iter().rev().map(event).collect();
    signals(ctx, finding, case, &mut entries);
    for id in std::iter::once(&finding.id).chain(&case.beside) {
        if let Some((at, said)) = ctx.store.finding(id).and_then(|other| raised(ctx, finding, other)) {
            entries.push((at, said));
        }
    }
    drifts(ctx, finding, case, &mut entries);
    verdicts(ctx, case, &mut entries);
    // Events stay in their own order; what is said about them comes after what happened in the same second.
    entries.sort_by_key(|(at, entry)| (*at, matches!(entry, Entry::Said(..))));
    entries
}

/// Signals of a sequence, save those that an event on the timeline shows.
fn signals(ctx: &Ctx<'_>, finding: &Finding, case: &Case, entries: &mut Vec<(Timestamp, Entry)>) {
    let room = usize::from(ctx.width).saturating_sub(30);
    for signal in &finding.signals {
        let (Some(first), last) = (signal.first, signal.last.or(signal.first)) else { continue };
        let shown = case.events.iter().filter_map(|(_, row)| ctx.store.events().at(*row)).any(|event| {
            event.name() == signal.name && event.time() >= first && last.is_none_or(|last| event.time() <= last)
        });
        // Findings that the sequence is made of are there by themselves.
        let known = signal.kind == "FINDING"
            && case.beside.iter().any(|id| ctx.store.finding(id).is_some_and(|it| it.kind == signal.name));
        if shown || known {
            continue;
        }
        let words = format!("{}  {}", signal.name, signal.description.as_deref().unwrap_or_default());
        let spans = vec![ctx.look.foreign(Role::Text, words.trim_end(), room)];
        entries.push((first, Entry::Said("signal", spans, None)));
    }
}

fn raised(ctx: &Ctx<'_>, of: &Finding, finding: &Finding) -> Option<(Timestamp, Entry)> {
    let at = finding.created?;
    let room = usize::from(ctx.width).saturating_sub(34);
    let kind = finding.kind.split_once('/').map_or(finding.kind.as_str(), |(_, name)| name);
    let this = if of.id == finding.id { "this one, raised" } else { kind };
    let spans = vec![ctx.look.severity(finding.severity()), Span::raw(" "), ctx.look.foreign(Role::Text, this, room)];
    let to = (of.id != finding.id).then(|| Screen::Detail(Thing::Finding(finding.id.clone())));
    Some((at, Entry::Said("finding", spans, to)))
}

/// The tables that its actor is linked to, by ARN.
fn arns<'a>(ctx: &'a Ctx<'_>, case: &Case) -> HashSet<&'a str> {
    let estate = ctx.store.estate();
    let own = case.tables.iter().filter(|link| link.tier <= LinkTier::T2);
    own.filter_map(|link| Some(estate.table_named(&link.scope, &link.table)?.arn.as_str())).collect()
}

/// Verdicts about its tables that fell or rose while we watched.
fn verdicts(ctx: &Ctx<'_>, case: &Case, entries: &mut Vec<(Timestamp, Entry)>) {
    let (look, arns) = (ctx.look, arns(ctx, case));
    for (change, of) in ctx.store.changes().verdicts() {
        if !matches!(of.way, Way::Fell | Way::Rose) || !arns.contains(of.resource.as_str()) {
            continue;
        }
        let glyph = |verdict| Span::styled(look.glyph(verdict), look.style(verdict_role(verdict)));
        let mut spans = vec![look.say(Role::Text, format!("{} on ", of.control))];
        spans.push(look.foreign(Role::Text, crate::model::tail(&of.resource), 30));
        spans.push(Span::raw(" "));
        spans.extend(of.from.map(glyph));
        spans.push(look.say(Role::Dim, if look.ascii { " > " } else { " → " }));
        spans.push(glyph(of.to));
        spans.push(look.say(Role::Dim, format!(" {}", of.to.word())));
        let to = Screen::Detail(Thing::Judgement(of.resource.clone(), of.control));
        entries.push((change.at, Entry::Said("verdict", spans, Some(to))));
    }
}

/// Its own events: by key or session.
fn own_keys<'a>(ctx: &Ctx<'a>, case: &Case) -> HashSet<Cow<'a, str>> {
    let own = case.events.iter().filter(|(tier, _)| *tier <= LinkTier::T2);
    own.filter_map(|(_, row)| Some(ctx.store.events().at(*row)?.key())).collect()
}

/// What its events changed and nobody has put back: ending the session does not end it.
pub(super) fn standing<'a>(ctx: &Ctx<'a>, case: &Case) -> Vec<&'a Drift> {
    let keys = own_keys(ctx, case);
    let caused = |of: &&Drift| of.cause.as_ref().is_ok_and(|cause| keys.contains(cause.event.as_str()));
    ctx.store.drifts().iter().map(|of| &**of).filter(|of| of.is_open()).filter(caused).collect()
}

/// Drifts that its events opened, or that opened on its tables in the meantime.
fn drifts(ctx: &Ctx<'_>, finding: &Finding, case: &Case, entries: &mut Vec<(Timestamp, Entry)>) {
    let (look, arns) = (ctx.look, arns(ctx, case));
    let keys = own_keys(ctx, case);
    let room = usize::from(ctx.width).saturating_sub(30);
    for drift in ctx.store.drifts() {
        let caused = drift.cause.as_ref().is_ok_and(|cause| keys.contains(cause.event.as_str()));
        // One whose event is not known may still be theirs, when it came to be in the meantime.
        let meanwhile = || {
            let since = drift.since().zip(finding.first).is_some_and(|(since, first)| since >= first);
            drift.cause.is_err() && since && drift.arn.as_deref().is_some_and(|arn| arns.contains(arn))
        };
        let at = drift.cause.as_ref().ok().map(|cause| cause.at).or(drift.since());
        let Some(at) = at.filter(|_| caused || meanwhile()) else { continue };
        let value = |of: Option<&str>| of.unwrap_or("?").to_owned();
        let (was, is) = (value(drift.was()), value(drift.is()));
        let closed = drift.closed.as_ref().map(|of| format!(", over {}", look.clock(ctx.now, of.at)));
        let by = if caused { "" } else { ", by whom is not known" };
        let lowers = if drift.lowers.is_empty() { String::new() } else { format!(" · {}", drift.lowers.join(" ")) };
        let arrow = if look.ascii { ">" } else { "→" };
        let words = format!(
            "{} of {}: {was} {arrow} {is}{}{by}{lowers}",
            drift.setting,
            drift.resource,
            closed.unwrap_or_default()
        );
        let role = if drift.closed.is_some() { Role::Dim } else { Role::Text };
        let to = Screen::Detail(Thing::Drift(drift.id.clone()));
        entries.push((at, Entry::Said("drift", vec![look.foreign(role, &words, room)], Some(to))));
    }
}

/// How much an event tells about what was done to tables: the cursor starts on the most telling one.
fn telling(tier: LinkTier, event: EventRef<'_>, case: &Case) -> (bool, bool, u8, u8) {
    let on_linked = event.tables().any(|name| case.tables.iter().any(|link| link.table == *name));
    let done = event.error().is_none() && event.read_only() == Some(false);
    // What takes away the way back weighs most, for it says what the attacker is about to do.
    let weight = match event.name() {
        "UpdateContinuousBackups" => 5,
        "DeleteTable" | "DeleteBackup" => 4,
        "PutResourcePolicy" | "ExportTableToPointInTime" => 3,
        "UpdateTable" => 2,
        _ => 1,
    };
    (done && on_linked, done, weight, 4 - tier as u8)
}
