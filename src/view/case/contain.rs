//! What would stop it: steps to copy, each with what else it breaks and its undo.

use serde_json::json;

use crate::model::Finding;
use crate::store::case::contain::{Step, steps};
use crate::theme::Role;
use crate::trail::sessions::Chain;
use crate::view::derived::Case;
use crate::view::{Ctx, Doc, Screen, Thing};

/// Adds the head's line, which leads to the first step.
pub fn line(ctx: &Ctx<'_>, finding: &Finding, case: &Case, chain: Option<&Chain>, doc: &mut Doc) {
    let all = steps(finding, chain, &case.others, ctx.now);
    let Some(first) = all.first() else { return };
    let room = usize::from(ctx.width).saturating_sub(44);
    let spans = vec![
        ctx.look.say(Role::Text, format!("{} steps, below the timeline: ", all.len())),
        ctx.look.foreign(Role::Link, &first.title, room),
    ];
    doc.spans(ctx, "CONTAIN", spans, Some(Screen::Detail(Thing::Step(finding.id.clone(), 0))));
}

/// Adds the section: a line a step, and under it what it breaks.
pub fn section(ctx: &Ctx<'_>, finding: &Finding, case: &Case, chain: Option<&Chain>, doc: &mut Doc) {
    let look = ctx.look;
    doc.gap();
    let all = steps(finding, chain, &case.others, ctx.now);
    doc.section(
        ctx,
        "contain",
        &ctx.look.keys.fill("{copy-id} copies the command, {open} shows it with its undo; nothing is run"),
    );
    if all.is_empty() {
        let words = "   nothing is known to stop it: the finding names no credentials whose kind is known";
        return doc.push(look.line(Role::Dim, words));
    }
    let room = usize::from(ctx.width).saturating_sub(6);
    for (number, step) in all.iter().enumerate() {
        let to = Screen::Detail(Thing::Step(finding.id.clone(), number));
        let head = look.say(Role::Dim, format!(" {} ", number + 1));
        doc.link(vec![head, look.foreign(Role::Link, &step.title, room)], to);
        doc.push(look.foreign(Role::Dim, &format!("   breaks: {}", step.breaks), room));
    }
}

fn one(ctx: &Ctx<'_>, id: &str, number: usize) -> Option<Step> {
    let finding = ctx.store.finding(id)?;
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let chain = super::chain(ctx, finding);
    let chain = chain.as_ref().map(|(chain, _)| &**chain);
    steps(finding, chain, &case.others, ctx.now).into_iter().nth(number)
}

/// All of one step.
#[must_use]
pub fn step(ctx: &Ctx<'_>, id: &str, number: usize) -> Option<Doc> {
    let step = one(ctx, id, number)?;
    let mut doc = Doc::default();
    doc.field(ctx, "step", &step.title);
    doc.field(ctx, "breaks", &step.breaks);
    doc.gap();
    doc.section(ctx, "command", &ctx.look.keys.fill("{copy-id} copies it; it is run by you, not by this program"));
    doc.text(ctx, step.command.as_deref().unwrap_or("none: this is done by hand"));
    doc.gap();
    doc.section(ctx, "undo", "");
    doc.text(ctx, step.undo.as_deref().unwrap_or("nothing takes it back"));
    doc.gap();
    doc.field(ctx, "as AWS says", step.source);
    let holes = step.command.iter().chain(&step.undo).any(|text| text.contains('<'));
    if holes {
        doc.field(ctx, "fill in", "what stands in <angle brackets> is not known here");
    }
    Some(doc)
}

/// A step's name for titles.
#[must_use]
pub fn step_title(ctx: &Ctx<'_>, id: &str, number: usize) -> String {
    one(ctx, id, number).map_or_else(|| format!("step {}", number + 1), |step| step.title)
}

/// What `c` copies of a step: its command, else what is to be done.
#[must_use]
pub fn command(ctx: &Ctx<'_>, id: &str, number: usize) -> String {
    one(ctx, id, number).map(|step| step.command.unwrap_or(step.title)).unwrap_or_default()
}

/// A step as JSON.
#[must_use]
pub fn step_json(ctx: &Ctx<'_>, id: &str, number: usize) -> Option<String> {
    Some(json!(one(ctx, id, number)?).to_string())
}
