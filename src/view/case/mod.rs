//! The case behind a finding: who, where from, which tables, whether it goes on, what happened in order, and what would
//! stop it.

mod contain;
mod details;
mod graph;
mod timeline;

use ratatui::text::Span;

use crate::model::Finding;
use crate::store::Link;
use crate::store::case::contain::Credentials;
use crate::store::case::{Activity, CaseReach, Expiry, State, Way};
use crate::theme::Role;
use crate::trail::sessions::Chain;

use super::derived::Case;
use super::{Ctx, Doc, Kind, Pivot, Screen, age, origin, things};

pub use contain::{command, step, step_json, step_title};

/// So many tables stand in the head, on a wide screen and on a narrow one.
const TABLES: (usize, usize) = (4, 2);
/// From this width on the head has a line for each of its answers.
const WIDE: u16 = 100;

/// The case behind a finding.
#[must_use]
pub fn page(ctx: &Ctx<'_>, id: &str) -> Option<Doc> {
    let finding = ctx.store.finding(id)?;
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let found = chain(ctx, finding);
    let chain = found.as_ref().map(|(chain, _)| &**chain);
    let mut doc = Doc::default();
    what(ctx, finding, &mut doc);
    details::marks(ctx, finding, &case, &mut doc);
    who(ctx, finding, &mut doc);
    if let Some(chain) = chain {
        origin::line(ctx, &mut doc, chain);
    }
    let reach = ctx.store.reach_of(finding);
    still(ctx, finding, (&case, chain), &reach, &mut doc);
    searched(ctx, &case, &reach, &mut doc);
    linked_tables(ctx, finding, &case, &mut doc);
    contain::line(ctx, finding, &case, chain, &mut doc);
    timeline::section(ctx, finding, &case, &mut doc);
    contain::section(ctx, finding, &case, chain, &mut doc);
    graph::section(ctx, finding, &case, chain, &mut doc);
    details::section(ctx, finding, &mut doc);
    if let Some((chain, absent)) = &found {
        doc.gap();
        origin::section(ctx, &mut doc, chain, *absent);
    }
    Some(doc)
}

/// The way back from the newest event of the finding's key, and how many records it lacks.
fn chain(ctx: &Ctx<'_>, finding: &Finding) -> Option<(std::rc::Rc<Chain>, usize)> {
    let event = ctx.store.event_of_key(finding)?;
    ctx.derived.borrow_mut().chain(ctx.store, event)
}

fn what(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let look = ctx.look;
    let mut spans = match finding.severity_tenths {
        0 => vec![look.say(Role::Unknown, "? no severity  ")],
        _ => vec![
            look.severity(finding.severity()),
            look.say(Role::Text, format!(" {:.1}  ", finding.severity_number())),
        ],
    };
    spans.push(look.foreign(Role::Text, &finding.title, usize::from(ctx.width).saturating_sub(30)));
    doc.spans(ctx, "WHAT", spans, None);
}

fn who(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let look = ctx.look;
    let trail = |pivot| Some(Screen::List(Kind::Trail(pivot)));
    let mut spans = vec![look.foreign(Role::Link, finding.principal.as_deref().unwrap_or("nobody named"), 40)];
    if let Some(kind) = &finding.principal_type {
        spans.push(look.foreign(Role::Dim, &format!(" ({kind})"), 24));
    }
    if let Some(session) = finding.session() {
        spans.push(look.say(Role::Dim, ", session "));
        spans.push(look.foreign(Role::Text, session, 40));
    }
    if finding.actors.len() > 1 {
        spans.push(look.say(Role::Warn, format!(" and {} more actors", finding.actors.len() - 1)));
    }
    doc.spans(ctx, "WHO", spans, finding.principal.clone().and_then(|name| trail(Pivot::Principal(name))));
    let mut from = Vec::new();
    if let Some(ip) = &finding.action.ip {
        from.push(look.foreign(Role::Link, ip, 46));
        for note in [&finding.action.asn, &finding.action.place].into_iter().flatten() {
            from.push(look.foreign(Role::Dim, &format!(" · {note}"), 40));
        }
    }
    let by_ip = || finding.action.ip.clone().and_then(|ip| trail(Pivot::Ip(ip)));
    match &finding.access_key {
        // Where lines are few, `i` leads to the address.
        Some(key) if ctx.width < WIDE => {
            let mut spans = vec![look.foreign(Role::Link, key, 30)];
            if !from.is_empty() {
                spans.push(look.say(Role::Dim, " from "));
            }
            spans.extend(from);
            doc.spans(ctx, "KEY", spans, trail(Pivot::Key(key.clone())));
        }
        Some(key) => {
            doc.spans(ctx, "KEY", vec![look.foreign(Role::Link, key, 40)], trail(Pivot::Key(key.clone())));
            if !from.is_empty() {
                doc.spans(ctx, "FROM", from, by_ip());
            }
        }
        None if !from.is_empty() => doc.spans(ctx, "FROM", from, by_ip()),
        None => {}
    }
    when(ctx, finding, doc);
}

fn when(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let look = ctx.look;
    let mut spans = Vec::new();
    if let Some(first) = finding.first {
        spans.push(look.say(Role::Text, format!("first {}", look.clock(ctx.now, first))));
    }
    if let Some(last) = finding.last.or(finding.updated) {
        spans.push(look.say(Role::Text, format!(" · last {} ", look.clock(ctx.now, last))));
        spans.push(look.say(Role::Stale, format!("({} ago)", age(ctx.now, last))));
    }
    let whole = if finding.count > 1 { ", aggregated into this one" } else { "" };
    spans.push(look.say(Role::Dim, format!(" · seen {}×{whole}", finding.count)));
    doc.spans(ctx, "WHEN", spans, None);
}

/// Whether it goes on, and what that answer does not see.
fn still(ctx: &Ctx<'_>, finding: &Finding, (case, chain): (&Case, Option<&Chain>), reach: &CaseReach, doc: &mut Doc) {
    let look = ctx.look;
    let activity = ctx.store.activity(finding, &case.events, chain);
    let (role, words) = standing(ctx, &activity);
    let mut spans = vec![look.say(role, words)];
    let end = |at| look.clock(ctx.now, at);
    let ends = match activity.expires {
        Expiry::At(at) if at <= ctx.now => format!(" · session ended {}", end(at)),
        Expiry::At(at) => format!(" · session expires {}", end(at)),
        Expiry::Before(at) if at <= ctx.now => format!(" · session ended by {}", end(at)),
        Expiry::Before(at) => format!(" · session expires by {}", end(at)),
        Expiry::Never => " · these credentials do not expire".to_owned(),
        Expiry::Unknown => String::new(),
    };
    spans.push(look.say(Role::Text, ends));
    doc.spans(ctx, "STILL?", spans, None);
    let mut unseen = vec!["calls of the last 15 min that are not delivered yet".to_owned()];
    let blind = reach.denied + reach.failed + reach.waiting;
    if blind > 0 {
        unseen.insert(0, format!("{blind} of {} regions", reach.regions));
    }
    unseen.push("reads of items".to_owned());
    let words = format!("unseen: {}", unseen.join(", "));
    doc.spans(ctx, "", vec![look.foreign(Role::Dim, &words, usize::from(ctx.width).saturating_sub(18))], None);
}

fn standing(ctx: &Ctx<'_>, activity: &Activity) -> (Role, String) {
    let since = activity.last().map(|last| age(ctx.now, last)).unwrap_or_default();
    // GuardDuty may have seen what no event that was read shows.
    let by = match (activity.last_event, activity.last_seen) {
        (Some(event), Some(seen)) if event >= seen => "last call",
        (Some(_), None) => "last call",
        _ => "GuardDuty saw it",
    };
    match activity.state(ctx.now) {
        State::Active => (Role::Fail, format!("active: {by} {since} ago")),
        State::Quiet => (Role::Warn, format!("quiet {since}; logs lag up to 15 min")),
        State::Ended => (Role::Text, format!("its session is over: {by} {since} ago; the role may be taken again")),
        State::Unseen => (Role::Unknown, "not known: nothing says when it was seen".to_owned()),
    }
}

/// What was searched for this case, and how far it got: nothing found never stands alone.
fn searched(ctx: &Ctx<'_>, case: &Case, reach: &CaseReach, doc: &mut Doc) {
    let look = ctx.look;
    let mut spans = vec![look.say(Role::Text, format!("{} events", case.events.len()))];
    let how = match reach.by {
        Way::Searched => " · by key, then by session",
        Way::Polled => " · of those polled; a search is on its way",
        Way::Nothing => " · no credentials are named to search by",
    };
    let role = if reach.denied + reach.failed > 0 { Role::Unknown } else { Role::Text };
    spans.push(look.say(role, format!(" · {}", reach.words())));
    spans.push(look.say(Role::Dim, how));
    if reach.cut {
        spans.push(look.say(Role::Stale, " · more were there"));
    }
    doc.spans(ctx, "REACH", spans, None);
}

fn linked_tables(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    let look = ctx.look;
    if case.tables.is_empty() {
        doc.spans(ctx, "TABLES", vec![look.say(Role::Dim, "none named by the finding or by its events")], None);
    }
    let most = if ctx.width < WIDE { TABLES.1 } else { TABLES.0 };
    // One line more would say that one more is there.
    let most = if case.tables.len() == most + 1 { most + 1 } else { most };
    let room = usize::from(ctx.width).saturating_sub(44);
    for (index, link) in case.tables.iter().take(most).enumerate() {
        let name = format!("{:<20} ", crate::widget::text::clean(&link.table, 20));
        let spans: Vec<Span<'static>> = vec![
            look.foreign(Role::Accent, &name, 21),
            look.say(Role::Text, format!("{} ", link.tier.word())),
            look.foreign(Role::Dim, &reason(finding, link), room),
        ];
        let head = if index == 0 { "TABLES" } else { "" };
        let scope = if link.scope.account.is_empty() { &finding.scope } else { &link.scope };
        doc.spans(ctx, head, spans, Some(things::table_screen(ctx, scope, &link.table)));
    }
    if case.tables.len() > most {
        let words = format!("and {} more: in who → key → table below", case.tables.len() - most);
        doc.spans(ctx, "", vec![look.say(Role::Dim, words)], None);
    }
}

/// Why a table is linked, and where it is, when that is elsewhere.
fn reason(finding: &Finding, link: &Link) -> String {
    match link.scope.region != finding.region || link.scope.account != finding.account {
        true => format!("in {}, {}", link.scope, link.reason),
        false => link.reason.clone(),
    }
}

/// The kind of credentials, in words.
fn kind(finding: &Finding, chain: Option<&Chain>) -> &'static str {
    Credentials::of(finding, chain).words()
}
