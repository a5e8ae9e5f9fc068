//! Who really: the way back from credentials to whoever got them first, each step with the event that shows it.

use ratatui::text::Span;

use crate::theme::Role;
use crate::trail::sessions::{Chain, Sure};

use super::{Ctx, Doc, Screen, Thing};

/// Adds the one line of a case, which leads to the first step back.
pub fn line(ctx: &Ctx<'_>, doc: &mut Doc, chain: &Chain) {
    let look = ctx.look;
    let name = chain.origin.name.as_deref().unwrap_or("not known");
    let to = chain.hops.last().map(|hop| Screen::Detail(Thing::Event(hop.event.clone())));
    let role = if to.is_some() { Role::Link } else { Role::Text };
    let mut spans = vec![look.foreign(role, name, 40), sure(ctx, chain.origin.sure, chain.origin.name.is_some())];
    let room = usize::from(ctx.width).saturating_sub(30 + crate::widget::text::width(name));
    spans.push(look.foreign(Role::Dim, &format!(" · {}", chain.origin.what), room));
    doc.spans(ctx, "ORIGIN", spans, to);
}

/// Adds the section.
pub fn section(ctx: &Ctx<'_>, doc: &mut Doc, chain: &Chain, absent: usize) {
    let look = ctx.look;
    let room = usize::from(ctx.width).saturating_sub(20);
    doc.section(ctx, "who really", "from these credentials back to where they began");
    let origin = &chain.origin;
    let name = origin.name.as_deref().unwrap_or("not known");
    doc.spans(
        ctx,
        "origin",
        vec![look.foreign(Role::Title, name, room), sure(ctx, origin.sure, origin.name.is_some())],
        None,
    );
    doc.field(ctx, "", &origin.what);
    let key = chain.start.key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let through = chain.start.invoked_by.as_ref().filter(|by| **by != chain.start.name());
    let through = through.map(|by| format!(", through {by}")).unwrap_or_default();
    doc.field(ctx, "called as", &format!("{}{key}{through}", chain.start.name()));
    for hop in &chain.hops {
        let to = Some(Screen::Detail(Thing::Event(hop.event.clone())));
        let head = format!("{} by {}", hop.call, hop.who.name());
        doc.spans(ctx, "issued by", vec![look.foreign(Role::Link, &head, room)], to);
        let at = hop.at.map(|at| format!("{} · ", look.clock(ctx.now, at))).unwrap_or_default();
        let ip = hop.ip.as_ref().map(|ip| format!("from {ip} · ")).unwrap_or_default();
        doc.field(ctx, "", &format!("{at}{ip}{}: {}", hop.sure.word(), hop.why));
    }
    if absent > 0 {
        let calls = if absent == 1 { "call that issues" } else { "calls that issue" };
        doc.field(ctx, "unread", &format!("{absent} {calls} credentials lie in files and are being read"));
    }
    for missing in &chain.missing {
        let reach = missing.key.as_deref().map(|key| reach(ctx, key)).unwrap_or_default();
        doc.field(ctx, "missing", &format!("{}{reach}", missing.words));
    }
}

fn sure(ctx: &Ctx<'_>, sure: Sure, known: bool) -> Span<'static> {
    let role = match sure {
        Sure::Certain => Role::Pass,
        Sure::Likely => Role::Text,
        Sure::Possible => Role::Warn,
    };
    if known { ctx.look.say(role, format!("  {}", sure.word())) } else { Span::raw("") }
}

/// How far the search for a key's issue got.
fn reach(ctx: &Ctx<'_>, key: &str) -> String {
    let scopes = ctx.store.estate().scopes.len();
    match ctx.store.searched_issue(key) {
        (0, _) => ": not searched for yet".to_owned(),
        (asked, 0) => format!(": searched by key in {asked} of {scopes} scopes"),
        (asked, failed) => {
            format!(": searched by key in {} of {scopes} scopes, {failed} searches failed", asked - failed)
        }
    }
}
