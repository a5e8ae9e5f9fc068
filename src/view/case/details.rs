//! All that a finding's answer says, member by member; and what we say beside it.

use ratatui::text::Span;

use crate::keymap::Action;
use crate::model::Finding;
use crate::theme::Role;
use crate::view::derived::Case;
use crate::view::doc::wrap;
use crate::view::{Ctx, Doc, Screen, Thing, follow};
use crate::widget::text;

/// Lines of one value; all of it is in the raw JSON.
const LINES: usize = 6;

/// Adds the lines of the head that say how a finding is to be taken; none for one that is open and as bad as GuardDuty says.
pub fn marks(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    let look = ctx.look;
    let room = usize::from(ctx.width).saturating_sub(30);
    if let Some(raise) = ctx.store.raised(finding, &case.tables) {
        let spans = vec![
            look.severity(raise.to),
            look.say(Role::Text, " by dynakeep, not by GuardDuty: "),
            look.foreign(Role::Text, &raise.reason, room),
        ];
        doc.spans(ctx, "RAISED", spans, None);
    }
    let mut marks = Vec::new();
    if let Some(reason) = &finding.broken {
        marks.push(look.foreign(
            Role::Error,
            &format!("not understood: {reason}; {} has all of it", look.keys.key(Action::Raw)),
            room,
        ));
    }
    if finding.sample {
        marks.push(look.say(Role::Warn, "a sample, made by CreateSampleFindings: nothing happened"));
    }
    if let Some(aside) = &case.aside {
        marks.push(look.foreign(Role::Warn, &aside.words(), room));
    }
    if let Some(sequence) = &finding.sequence {
        let of = sequence.rsplit('/').next().unwrap_or(sequence);
        let to = ctx.store.finding(of).map(|it| Screen::Detail(Thing::Finding(it.id.clone())));
        let role = if to.is_some() { Role::Link } else { Role::Text };
        doc.spans(ctx, "PART OF", vec![look.foreign(role, &format!("the attack sequence {of}"), room)], to);
    }
    for (at, mark) in marks.into_iter().enumerate() {
        doc.spans(ctx, if at == 0 { "MARKED" } else { "" }, vec![mark], None);
    }
}

/// Adds every member of the answer, in groups.
pub fn section(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let groups = ctx.derived.borrow_mut().details(finding);
    let here = Thing::Finding(finding.id.clone());
    let width = usize::from(ctx.width);
    let name = if width < 100 { 26 } else { 40 };
    doc.gap();
    doc.section(ctx, "all that the finding says", &ctx.look.keys.fill("as GuardDuty answered it; {raw} has it raw"));
    for group in groups.iter() {
        doc.push(vec![Span::raw(" "), ctx.look.foreign(Role::Heading, &group.title, 60)]);
        for member in &group.members {
            let to = follow::target(ctx, &here, &member.key, &member.value);
            let role = if to.is_some() { Role::Link } else { Role::Text };
            let room = width.saturating_sub(name + 5).max(8);
            let label = text::clean(&member.label, name);
            let mut label = format!("   {label}{}", " ".repeat(name.saturating_sub(text::width(&label)) + 1));
            for part in wrap(&member.value, room, LINES) {
                let spans = vec![ctx.look.foreign(Role::Dim, &label, name + 4), ctx.look.foreign(role, &part, room)];
                match &to {
                    Some(to) => doc.link(spans, to.clone()),
                    None => doc.push(spans),
                }
                label = " ".repeat(name + 4);
            }
        }
    }
}
