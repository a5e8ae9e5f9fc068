//! Who used a table: each question with its answer, its reach and its age.

use ratatui::text::Span;

use crate::store::who::{Extent, Line, Section};
use crate::theme::Role;
use crate::widget::text;

use super::{Ctx, Doc, Screen, Thing, age};

/// The cells of the column of names.
const NAMES: usize = 26;

/// One table's answers.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, arn: &str) -> Option<Doc> {
    let who = ctx.derived.borrow_mut().who(ctx.store, arn)?;
    let mut doc = Doc::default();
    let to = Some(Screen::Detail(Thing::Table(who.arn.clone())));
    doc.field_to(ctx, "table", &format!("{} in {}", who.table, who.scope), to);
    for section in &who.sections {
        draw(ctx, &mut doc, section);
    }
    doc.best = Some(0);
    Some(doc)
}

fn draw(ctx: &Ctx<'_>, doc: &mut Doc, section: &Section) {
    let look = ctx.look;
    doc.gap();
    let read = section.read.map(|at| format!(" · read {} ago", age(ctx.now, at))).unwrap_or_default();
    doc.section(ctx, section.title, &format!("{}{read}", section.extent.word()));
    let room = usize::from(ctx.width).saturating_sub(5).max(20);
    let (role, glyph) = match section.extent {
        Extent::Incomplete | Extent::Unasked => (Role::Unknown, "? "),
        _ => (Role::Dim, ""),
    };
    for part in super::doc::wrap(&format!("{glyph}{}", section.reach), room, 4) {
        doc.push(look.line(role, format!("   {part}")));
    }
    for line in &section.lines {
        one(ctx, doc, line);
    }
    if let Some(empty) = &section.empty {
        for part in super::doc::wrap(&format!("{} {empty}", section.extent.nothing()), room, 4) {
            let part = if look.ascii { super::look::ascii(&part) } else { part };
            doc.push(look.line(Role::Text, format!("   {part}")));
        }
    }
}

fn one(ctx: &Ctx<'_>, doc: &mut Doc, line: &Line) {
    let look = ctx.look;
    let name = text::clean(&line.who, NAMES);
    let pad = " ".repeat(NAMES.saturating_sub(text::width(&name)) + 1);
    let at = line.at.map(|at| look.when(ctx.now, at)).unwrap_or_default();
    let to = line.event.as_ref().map(|id| Screen::Detail(Thing::Event(id.clone())));
    let role = if to.is_some() { Role::Link } else { Role::Accent };
    let mut head = vec![Span::raw(" ")];
    if line.event.is_some() {
        head.push(look.risk_glyph(line.risk));
    } else {
        head.push(Span::raw(" "));
    }
    head.extend([Span::raw(" "), look.foreign(role, &name, NAMES), Span::raw(pad)]);
    let times = match line.count {
        Some(count) if line.event.is_some() => format!("{count}× "),
        _ => String::new(),
    };
    let room = usize::from(ctx.width).saturating_sub(NAMES + 18).max(20);
    let words = format!("{times}{}", line.what);
    for (index, part) in super::doc::wrap(&words, room, 8).into_iter().enumerate() {
        let part = if look.ascii { super::look::ascii(&part) } else { part };
        let mut spans = if index == 0 { std::mem::take(&mut head) } else { vec![Span::raw(" ".repeat(NAMES + 4))] };
        spans.push(look.say(Role::Text, part));
        if index == 0 && !at.is_empty() {
            spans.push(look.say(Role::Dim, format!("  {at}")));
        }
        match &to {
            Some(to) if index == 0 => doc.link(spans, to.clone()),
            _ => doc.push(spans),
        }
    }
}
