//! Findings: what GuardDuty says, the worst first; and the case behind one.

use ratatui::text::{Line, Span};

use crate::model::{Finding, Source, Verdict};
use crate::store::LinkTier;
use crate::theme::Role;
use crate::trail::EventRef;
use crate::widget::table::{Column, fixed, grows};

use super::derived::Case;
use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Pivot, Row, Screen, age, origin, things};

/// The list of findings.
pub static VIEW: ListView =
    ListView { noun: "findings", sources: &[Source::Findings], columns: &COLUMNS, collect, cell, key, verdict, empty };

const COLUMNS: [Column; 8] = [
    fixed("SEV", 4, 0),
    fixed("LAST", 12, 0),
    grows("TYPE", 26, 3, 0),
    grows("WHO", 12, 1, 1),
    grows("TABLES", 16, 3, 0),
    fixed("ADDRESS", 15, 3),
    grows("REGION", 9, 1, 5),
    fixed("COUNT", 5, 6),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let mut findings: Vec<_> = ctx.store.estate().findings.values().collect();
    // Open before archived, then the worst, then the newest.
    findings.sort_by_cached_key(|it| {
        (it.archived, std::cmp::Reverse((it.severity(), it.last.or(it.updated), it.severity_tenths)), it.id.clone())
    });
    findings.into_iter().map(|finding| Row::Finding(finding.clone())).collect()
}

fn verdict(_: &Ctx<'_>, row: &Row) -> Verdict {
    use crate::model::Severity;
    match row {
        Row::Finding(finding) if finding.archived => Verdict::Pass,
        Row::Finding(finding) if finding.severity() >= Severity::High => Verdict::Fail,
        Row::Finding(_) => Verdict::Warn,
        _ => Verdict::NotApplicable,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Row::Finding(finding) = row else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    let role = if finding.archived { Role::Dim } else { Role::Text };
    match column {
        0 if finding.archived => look.line(Role::Dim, finding.severity().short()),
        0 => look.severity(finding.severity()).into(),
        1 => {
            let at = finding.last.or(finding.updated).or(finding.created);
            look.line(Role::Dim, at.map(|at| look.when(ctx.now, at)).unwrap_or_default())
        }
        2 => {
            // The kind after the slash tells more than the purpose before the colon, when there is no room for both.
            let short = if room < 40 {
                finding.kind.split_once('/').map_or(finding.kind.as_str(), |(_, name)| name)
            } else {
                &finding.kind
            };
            let sample = match (finding.sample, finding.archived) {
                (true, _) => "sample ",
                (_, true) => "archived ",
                _ => "",
            };
            look.foreign(role, &format!("{sample}{short}"), room).into()
        }
        3 => look.foreign(role, finding.principal.as_deref().unwrap_or("-"), room).into(),
        4 => tables(ctx, finding, room),
        5 => look.foreign(role, finding.action.ip.as_deref().unwrap_or("-"), room).into(),
        6 => look.foreign(Role::Dim, &finding.region, room).into(),
        _ => look.line(Role::Dim, finding.count.to_string()),
    }
}

fn tables(ctx: &Ctx<'_>, finding: &std::sync::Arc<Finding>, room: usize) -> Line<'static> {
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let mut words = Vec::new();
    let mut tier = None;
    for link in case.tables.iter().take(12) {
        if tier != Some(link.tier) {
            tier = Some(link.tier);
            words.push(link.tier.word());
        }
        words.push(link.table.as_str());
    }
    ctx.look.foreign(Role::Accent, &words.join(" "), room).into()
}

fn key(_: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Row::Finding(finding) = row else { return Key::Missing };
    let maybe = |value: Option<&String>| value.map_or(Key::Missing, |value| Key::text(value));
    match column {
        0 => Key::Number(-i64::from(finding.severity_tenths)),
        1 => Key::number(finding.last.or(finding.updated).map(jiff::Timestamp::as_second)),
        2 => Key::text(&finding.kind),
        3 => maybe(finding.principal.as_ref()),
        4 => maybe(finding.resources.first()),
        5 => maybe(finding.action.ip.as_ref()),
        6 => Key::text(&finding.region),
        _ => Key::Number(finding.count.into()),
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let estate = ctx.store.estate();
    let on = |scope| {
        estate.detectors.get(scope).and_then(|cell| cell.value()).map(|all| all.iter().any(|detector| detector.enabled))
    };
    let answers: Vec<_> = estate.scopes.iter().map(on).collect();
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    format!(
        "0 findings: GuardDuty is on in {} of {} scopes, off in {}, ? in {}",
        count(Some(true)),
        answers.len(),
        count(Some(false)),
        count(None)
    )
}

/// The case behind a finding: who, where from, which tables, and what happened in order.
#[must_use]
pub fn case(ctx: &Ctx<'_>, id: &str) -> Option<Doc> {
    let finding = ctx.store.finding(id)?;
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let mut doc = Doc::default();
    what(ctx, finding, &mut doc);
    who(ctx, finding, &mut doc);
    let chain = ctx.store.event_of_key(finding).and_then(|event| ctx.derived.borrow_mut().chain(ctx.store, event));
    if let Some((chain, _)) = &chain {
        origin::line(ctx, &mut doc, chain);
    }
    reach(ctx, finding, &case, &mut doc);
    linked_tables(ctx, finding, &case, &mut doc);
    doc.section(
        ctx,
        "timeline",
        &format!("{} events, oldest first; T1 same key, T2 same session, T3 same address", case.events.len()),
    );
    doc.pinned = doc.lines.len();
    for (tier, row) in case.events.iter().rev() {
        ctx.store.events().at(*row).into_iter().for_each(|event| doc.event(*tier, event));
    }
    if case.events.is_empty() {
        doc.push(ctx.look.line(
            Role::Dim,
            "   no events yet: they are searched for by key and by session now; deliveries lag up to 15 min",
        ));
    }
    let raised = finding.signals.len();
    if raised > 0 {
        doc.section(ctx, "signals of the sequence", "");
        for signal in &finding.signals {
            let at = signal.first.map(|at| ctx.look.clock(ctx.now, at)).unwrap_or_default();
            let line = vec![
                ctx.look.say(Role::Dim, format!(" {at:>15} ")),
                ctx.look.foreign(Role::Text, &signal.name, 50),
                ctx.look.foreign(Role::Dim, &format!("  {}", signal.description.as_deref().unwrap_or("")), 120),
            ];
            doc.push(line);
        }
    }
    if let Some((chain, absent)) = &chain {
        doc.gap();
        origin::section(ctx, &mut doc, chain, *absent);
    }
    let best = case.events.iter().rev().enumerate().max_by_key(|(place, (tier, row))| {
        let event = ctx.store.events().at(*row);
        (event.map(|event| telling(*tier, event, &case)), std::cmp::Reverse(*place))
    });
    doc.best = best.map(|(place, _)| doc.pinned + place);
    Some(doc)
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
    (done && on_linked, done, weight, 3 - tier as u8)
}

fn what(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let look = ctx.look;
    let mut spans =
        vec![look.severity(finding.severity()), look.say(Role::Text, format!(" {:.1}  ", finding.severity_number()))];
    spans.push(look.foreign(Role::Text, &finding.title, usize::from(ctx.width).saturating_sub(30)));
    doc.spans(ctx, "WHAT", spans, None);
}

fn who(ctx: &Ctx<'_>, finding: &Finding, doc: &mut Doc) {
    let look = ctx.look;
    let trail = |pivot| Some(Screen::List(Kind::Trail(pivot)));
    let session = finding.session();
    let mut spans = vec![look.foreign(Role::Link, finding.principal.as_deref().unwrap_or("nobody named"), 40)];
    if let Some(kind) = &finding.principal_type {
        spans.push(look.foreign(Role::Dim, &format!(" ({kind})"), 24));
    }
    if let Some(session) = session {
        spans.push(look.say(Role::Dim, ", session "));
        spans.push(look.foreign(Role::Text, session, 40));
    }
    doc.spans(ctx, "WHO", spans, finding.principal.clone().and_then(|name| trail(Pivot::Principal(name))));
    if let Some(key) = &finding.access_key {
        doc.spans(ctx, "KEY", vec![look.foreign(Role::Link, key, 40)], trail(Pivot::Key(key.clone())));
    }
    if let Some(ip) = &finding.action.ip {
        let mut spans = vec![look.foreign(Role::Link, ip, 46)];
        for note in [&finding.action.asn, &finding.action.place].into_iter().flatten() {
            spans.push(look.foreign(Role::Dim, &format!(" · {note}"), 40));
        }
        doc.spans(ctx, "FROM", spans, trail(Pivot::Ip(ip.clone())));
    }
    let mut spans = Vec::new();
    if let Some(first) = finding.first {
        spans.push(look.say(Role::Text, format!("first {}", look.clock(ctx.now, first))));
    }
    if let Some(last) = finding.last.or(finding.updated) {
        spans.push(look.say(Role::Text, format!(" · last {} ", look.clock(ctx.now, last))));
        spans.push(look.say(Role::Stale, format!("({} ago)", age(ctx.now, last))));
    }
    spans.push(look.say(Role::Dim, format!(" · seen {}×", finding.count)));
    if finding.archived {
        spans.push(look.say(Role::Dim, " · archived"));
    }
    doc.spans(ctx, "WHEN", spans, None);
}

/// What was searched for this case, and how far it got: nothing found never stands alone.
fn reach(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    use crate::model::SearchBy;
    let look = ctx.look;
    let session = finding.session();
    let of = ctx.store.searches().iter().filter(|(_, reach)| match &reach.search.by {
        SearchBy::AccessKey(key) => finding.access_key.as_deref() == Some(key),
        SearchBy::Username(name) => session == Some(name.as_str()),
        _ => false,
    });
    let (mut asked, mut denied, mut cut) = (std::collections::BTreeSet::new(), 0, false);
    for (scope, reach) in of {
        asked.insert(scope);
        denied += usize::from(reach.found.is_err());
        cut |= reach.cut;
    }
    let mut spans = vec![look.say(Role::Text, format!("{} events", case.events.len()))];
    if asked.is_empty() {
        spans.push(look.say(Role::Dim, " of those polled; a search by key and session is on its way"));
    } else {
        let scopes = ctx.store.estate().scopes.len();
        spans.push(look.say(Role::Dim, format!(" · searched in {}/{scopes} scopes, by key and session", asked.len())));
    }
    if denied > 0 {
        spans.push(look.say(Role::Unknown, format!(" · {denied} searches failed")));
    }
    if cut {
        spans.push(look.say(Role::Stale, " · more were there"));
    }
    doc.spans(ctx, "REACH", spans, None);
}

fn linked_tables(ctx: &Ctx<'_>, finding: &Finding, case: &Case, doc: &mut Doc) {
    let look = ctx.look;
    if case.tables.is_empty() {
        doc.spans(ctx, "TABLES", vec![look.say(Role::Dim, "none named by the finding or by its events")], None);
    }
    let room = usize::from(ctx.width).saturating_sub(44);
    for (index, link) in case.tables.iter().take(4).enumerate() {
        let name = format!("{:<20} ", crate::widget::text::clean(&link.table, 20));
        let spans: Vec<Span<'static>> = vec![
            look.foreign(Role::Accent, &name, 21),
            look.say(Role::Text, format!("{} ", link.tier.word())),
            look.foreign(Role::Dim, &link.reason, room),
        ];
        let head = if index == 0 { "TABLES" } else { "" };
        doc.spans(ctx, head, spans, Some(things::table_screen(ctx, &finding.scope, &link.table)));
    }
    if case.tables.len() > 4 {
        doc.spans(ctx, "", vec![look.say(Role::Dim, format!("and {} more: r shows all", case.tables.len() - 4))], None);
    }
}
