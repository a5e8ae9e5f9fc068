//! The hand-over: what changed since the mark, for whoever takes over.

use ratatui::text::Span;

use crate::model::Severity;
use crate::store::changes::{Change, Changed};
use crate::store::handover::Part;
use crate::theme::{Role, verdict_role};
use crate::widget::text;

use super::{Ctx, Doc, Screen, Thing, age, identity, since};

/// How many lines a part shows; the command prints all of them.
const SHOWN: usize = 25;

/// The page.
#[must_use]
pub fn doc(ctx: &Ctx<'_>) -> Doc {
    let mut doc = Doc::default();
    let found = ctx.derived.borrow_mut().since(ctx.store);
    let Some(since) = found else {
        doc.push(ctx.look.line(Role::Accent, " reading … what changed is told once all was read"));
        notes(ctx, &mut doc);
        return doc;
    };
    let handover = ctx.store.handover(&since);
    let by = handover.by.as_deref().filter(|by| !by.is_empty()).map(|by| format!(" · set by {by}")).unwrap_or_default();
    let from = format!("{}{by}", ctx.look.full(ctx.now, handover.since));
    let name = if handover.by.is_some() { "SINCE" } else { "SINCE START" };
    doc.field(ctx, name, &from);
    doc.field(ctx, "IN ALL", &since.count().words());
    doc.field(ctx, "", ":handover done moves the mark to now; looking does not. dynakeep handover -o md prints it");
    notes(ctx, &mut doc);
    for part in Part::ALL {
        let of: Vec<&Change> = handover.part(part).collect();
        if of.is_empty() {
            continue;
        }
        doc.gap();
        doc.section(ctx, part.title(), &of.len().to_string());
        for change in of.iter().take(SHOWN) {
            let line = spans(ctx, change);
            match since::target(change) {
                Some(to) => doc.link(line, to),
                None => doc.push(line),
            }
        }
        more(ctx, &mut doc, of.len());
    }
    if !handover.writes.is_empty() {
        doc.gap();
        doc.section(ctx, "changes that CloudTrail tells of", &format!("{}, newest first", handover.writes.len()));
        for event in handover.writes.iter().take(SHOWN).filter_map(|row| ctx.store.events().at(*row)) {
            let room = usize::from(ctx.width).saturating_sub(56);
            let line = vec![
                ctx.look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, event.time()))),
                ctx.look.foreign(Role::Text, &filled(event.name(), 28), 28),
                ctx.look.foreign(Role::Accent, &filled(&event.table_list(), 16), 16),
                ctx.look.foreign(Role::Dim, event.principal(), room),
            ];
            doc.link(line, Screen::Detail(Thing::Event(event.key().into_owned())));
        }
        more(ctx, &mut doc, handover.writes.len());
    }
    doc.gap();
    doc.section(ctx, "what this cannot tell", "");
    for blind in &handover.blind {
        doc.field(ctx, "", blind);
    }
    if handover.blind.is_empty() {
        doc.push(ctx.look.line(Role::Dim, "   all that is asked for was read, then and now"));
    }
    doc
}

fn more(ctx: &Ctx<'_>, doc: &mut Doc, all: usize) {
    if all > SHOWN {
        doc.push(ctx.look.line(Role::Dim, format!("   and {} more: dynakeep handover prints all", all - SHOWN)));
    }
}

fn notes(ctx: &Ctx<'_>, doc: &mut Doc) {
    let all = ctx.store.notes().all();
    if all.is_empty() {
        return;
    }
    doc.gap();
    doc.section(ctx, "notes", &all.len().to_string());
    for (identity, note) in all {
        let line = vec![
            ctx.look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, note.at))),
            ctx.look.foreign(Role::Accent, &filled(&note.title, 26), 26),
            ctx.look.foreign(Role::Text, &note.text, usize::from(ctx.width).saturating_sub(40)),
        ];
        match identity::thing(identity) {
            Some(thing) => doc.link(line, Screen::Detail(thing)),
            None => doc.push(line),
        }
    }
}

/// One change on a line.
fn spans(ctx: &Ctx<'_>, change: &Change) -> Vec<Span<'static>> {
    let look = ctx.look;
    let at = change.evidence.unwrap_or(change.at);
    let mut spans = vec![look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, at)))];
    spans.push(change.severity().map_or_else(|| look.say(Role::Dim, "    "), |of: Severity| look.severity(of)));
    let room = usize::from(ctx.width).saturating_sub(16);
    match &change.what {
        Changed::Verdict(of) => {
            let from = of.from.map_or(" ", |from| look.glyph(from));
            spans.push(look.say(Role::Text, format!("  {:<7}", of.control)));
            spans.push(Span::styled(from, look.style(verdict_role(of.from.unwrap_or(of.to)))));
            spans.push(look.say(Role::Dim, "→"));
            spans.push(Span::styled(look.glyph(of.to), look.style(verdict_role(of.to))));
            let name = filled(crate::model::tail(&of.resource), 24);
            spans.push(look.foreign(Role::Accent, &format!("  {name}"), 26));
            spans.push(look.foreign(Role::Dim, &of.reason, room.saturating_sub(38)));
        }
        Changed::Finding(of) => {
            spans.push(look.say(Role::Text, format!("  {:<11}", of.turn.word())));
            let words = if of.title.is_empty() { of.kind.clone() } else { format!("{} · {}", of.kind, of.title) };
            spans.push(look.foreign(Role::Accent, &words, room.saturating_sub(13)));
        }
        Changed::Drift(of) => {
            spans.push(look.say(Role::Text, format!("  {:<11}", of.stands.word())));
            let name = filled(&of.resource, 18);
            spans.push(look.foreign(Role::Accent, &name, 18));
            let by = of.cause.as_ref().map_or_else(|why| format!(" · {why}"), |(_, by)| format!(" · {by}"));
            let damage = of.damage.as_ref().map(|damage| format!(" · {damage}")).unwrap_or_default();
            spans.push(look.foreign(Role::Text, &format!("{}{by}{damage}", of.words()), room.saturating_sub(31)));
        }
        Changed::Source(of) => {
            spans.push(look.say(Role::Text, format!("  {:<11}", change.word())));
            let why = of.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            spans.push(look.foreign(Role::Unknown, &format!("{} in {}{why}", of.source.name(), of.scope), room - 13));
        }
    }
    spans
}

/// Cut or filled to a width, with one blank at its end.
fn filled(words: &str, width: usize) -> String {
    let clean = text::clean(words, width - 1);
    let fill = " ".repeat(width - text::width(&clean));
    clean + &fill
}
