//! Who → key → table, drawn: from where the credentials began over the keys to the tables that each of them touched.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::text::Span;

use crate::keymap::Action;
use crate::model::{Finding, Scope};
use crate::store::{Link, LinkTier};
use crate::theme::Role;
use crate::trail::sessions::Chain;
use crate::view::derived::Case;
use crate::view::{Ctx, Doc, Kind, Pivot, Screen, Thing, things};

/// What one key did.
#[derive(Default)]
struct Branch {
    calls: usize,
    addresses: BTreeSet<String>,
    tables: BTreeSet<(String, Scope)>,
}

/// So many tables of lesser links stand there one by one.
const NEAR: usize = 6;

/// Adds the section.
pub fn section(ctx: &Ctx<'_>, finding: &Finding, case: &Case, chain: Option<&Chain>, doc: &mut Doc) {
    let arrow = if ctx.look.ascii { "->" } else { "→" };
    doc.gap();
    doc.section(ctx, &format!("who {arrow} key {arrow} table"), super::kind(finding, chain));
    let mut depth = 0;
    let mut step = |doc: &mut Doc, spans: Vec<Span<'static>>, to: Option<Screen>| {
        line(ctx, doc, depth, spans, to);
        depth += 1;
    };
    let look = ctx.look;
    if let Some(chain) = chain {
        for hop in chain.hops.iter().rev() {
            let at = hop.at.map(|at| look.clock(ctx.now, at)).unwrap_or_default();
            let words = format!("  {} {at} · {}", hop.call, hop.sure.word());
            let spans = vec![look.foreign(Role::Link, &hop.who.name(), 44), look.foreign(Role::Dim, &words, 50)];
            step(doc, spans, Some(Screen::Detail(Thing::Event(hop.event.clone()))));
        }
    }
    let name = match (finding.principal.as_deref(), finding.session()) {
        (Some(name), Some(session)) => format!("{name}/{session}"),
        (Some(name), None) => name.to_owned(),
        _ => "nobody named".to_owned(),
    };
    let to = finding.principal.clone().map(|name| Screen::List(Kind::Trail(Pivot::Principal(name))));
    step(doc, vec![look.foreign(Role::Link, &name, 60)], to);
    for actor in finding.actors.iter().skip(1) {
        let name = actor.name.as_deref().or(actor.principal_id.as_deref()).unwrap_or("an actor without a name");
        let to = actor.name.clone().map(|name| Screen::List(Kind::Trail(Pivot::Principal(name))));
        line(ctx, doc, depth - 1, vec![look.foreign(Role::Link, name, 60)], to);
    }
    let mut shown = BTreeSet::new();
    for (key, branch) in branches(ctx, finding, case) {
        let from: Vec<&str> = branch.addresses.iter().take(3).map(String::as_str).collect();
        let more = branch.addresses.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let words = match branch.calls {
            0 => "  no calls among the events read".to_owned(),
            calls => format!("  {calls} calls from {}{more}", from.join(", ")),
        };
        let spans = vec![look.foreign(Role::Link, &key, 32), look.foreign(Role::Dim, &words, 70)];
        line(ctx, doc, depth, spans, Some(Screen::List(Kind::Trail(Pivot::Key(key)))));
        let of_key = |link: &&Link| branch.tables.contains(&(link.table.clone(), link.scope.clone()));
        for link in case.tables.iter().filter(|link| link.tier <= LinkTier::T2).filter(of_key) {
            shown.insert((&link.table, &link.scope));
            table(ctx, doc, depth + 1, finding, link);
        }
    }
    for link in case.tables.iter().filter(|link| !shown.contains(&(&link.table, &link.scope))) {
        table(ctx, doc, depth, finding, link);
    }
    near(ctx, finding, case, doc);
}

/// Tables that its actor is not known to have touched.
fn near(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    let near = ctx.derived.borrow_mut().near(ctx.store, finding, case);
    if near.is_empty() {
        return;
    }
    let words = format!(" {} tables more that other sessions of the same role or instance called (T4):", near.len());
    doc.push(ctx.look.line(Role::Dim, words));
    near.iter().take(NEAR).for_each(|link| table(ctx, doc, 0, finding, link));
    if near.len() > NEAR {
        doc.push(ctx.look.line(
            Role::Dim,
            format!("   and {} more: {} shows all", near.len() - NEAR, ctx.look.keys.key(Action::Related)),
        ));
    }
}

/// The keys with what they did: those that the finding names first, then those of its sessions.
fn branches(ctx: &Ctx<'_>, finding: &Finding, case: &Case) -> Vec<(String, Branch)> {
    let mut found: BTreeMap<&str, Branch> = BTreeMap::new();
    for (_, row) in case.events.iter().filter(|(tier, _)| *tier <= LinkTier::T2) {
        let Some(event) = ctx.store.events().at(*row) else { continue };
        let Some(key) = event.access_key() else { continue };
        let branch = found.entry(key).or_default();
        branch.calls += 1;
        branch.addresses.extend(event.ip().map(str::to_owned));
        let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
        branch.tables.extend(event.tables().map(|table| (table.to_owned(), scope.clone())));
    }
    let named = finding.keys();
    let mut all: Vec<(String, Branch)> =
        named.iter().map(|key| ((*key).to_owned(), found.remove(key).unwrap_or_default())).collect();
    all.extend(found.into_iter().map(|(key, branch)| (key.to_owned(), branch)));
    all
}

fn table(ctx: &Ctx<'_>, doc: &mut Doc, depth: usize, finding: &Finding, link: &Link) {
    let look = ctx.look;
    let room = usize::from(ctx.width).saturating_sub(34 + 2 * depth);
    let role = if link.wrote { Role::Fail } else { Role::Dim };
    let name = format!("{:<18} ", crate::widget::text::clean(&link.table, 18));
    let spans = vec![
        look.say(role, format!("{} ", link.tier.word())),
        look.foreign(Role::Accent, &name, 19),
        look.foreign(Role::Dim, &super::reason(finding, link), room),
    ];
    line(ctx, doc, depth, spans, Some(things::table_screen(ctx, &link.scope, &link.table)));
}

fn line(ctx: &Ctx<'_>, doc: &mut Doc, depth: usize, mut spans: Vec<Span<'static>>, to: Option<Screen>) {
    let corner = match (depth, ctx.look.ascii) {
        (0, _) => "",
        (_, true) => "`- ",
        _ => "└ ",
    };
    spans.insert(0, ctx.look.say(Role::Rule, format!("   {}{corner}", "  ".repeat(depth.saturating_sub(1)))));
    match to {
        Some(to) => doc.link(spans, to),
        None => doc.push(spans),
    }
}
