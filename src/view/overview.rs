//! Overview: are we safe, since when, what first. Left what is wrong, right how it all stands.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::model::{Finding, Judgement, Layer, Severity, Source, Verdict};
use crate::store::handover::is_change;
use crate::store::rows::badness;
use crate::theme::{Role, verdict_role};
use crate::trail::EventRef;
use crate::widget::text;

use super::{Ctx, Doc, Kind, Pivot, Screen, Thing, age, states};

/// The Overview.
#[must_use]
pub fn doc(ctx: &Ctx<'_>) -> Doc {
    let mut doc = Doc { side_width: if ctx.width >= 100 { 46 } else { 33 }, ..Doc::default() };
    if ctx.width < 64 {
        doc.side_width = 0;
    }
    let room = usize::from(ctx.width.saturating_sub(doc.side_width));
    let inner = Ctx { width: ctx.width - doc.side_width, ..*ctx };
    super::since::line(&inner, room, &mut doc);
    now(&inner, room, &mut doc);
    doc.gap();
    worst_tables(&inner, room, &mut doc);
    recent(&inner, room, &mut doc);
    if doc.side_width > 0 {
        doc.side = super::posture::side(ctx, usize::from(doc.side_width));
    }
    doc.best = None;
    doc
}

/// A line of what is wrong now: how bad, in which order, in words, and where it leads.
struct Item {
    rank: (Reverse<Severity>, u8, Reverse<Severity>, Reverse<i64>),
    verdict: Verdict,
    severity: Severity,
    title: String,
    note: String,
    to: Screen,
}

fn now(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    doc.push(look.line(Role::Heading, " NOW"));
    let none = doc.lines.len();
    let mut items = findings(ctx);
    items.extend(drifts(ctx));
    items.extend(failures(ctx));
    items.sort_by_key(|item| item.rank);
    let shown = 6;
    let more = items.len().saturating_sub(shown);
    for item in items.into_iter().take(shown) {
        let head = vec![
            Span::styled(format!(" {} ", look.glyph(item.verdict)), look.style(verdict_role(item.verdict))),
            look.severity(item.severity),
            look.foreign(Role::Text, &format!("  {}", item.title), room.saturating_sub(9)),
        ];
        doc.link(head, item.to);
        if !item.note.is_empty() {
            doc.push(look.foreign(Role::Dim, &format!("         {}", item.note), room.saturating_sub(1)));
        }
    }
    if more > 0 {
        let words = format!("         and {more} more: Findings (2), Controls (8)");
        doc.link(vec![look.foreign(Role::Dim, &words, room.saturating_sub(1))], Screen::List(Kind::Controls(None)));
    }
    if doc.lines.len() == none {
        doc.push(quiet(ctx));
    }
}

/// What stands where nothing is wrong: which of "not read", "not readable" and "all well" it is.
fn quiet(ctx: &Ctx<'_>) -> Line<'static> {
    if let Some(words) = states::unasked(ctx, &Source::ALL) {
        return ctx.look.line(Role::Unknown, format!(" {words} · 7 lists the events"));
    }
    let loading = ctx.store.is_loading(Source::Findings) || ctx.store.is_loading(Source::Tables);
    let complete = ctx.derived.borrow().coverage.is_complete();
    match (loading, complete) {
        (true, _) => ctx.look.line(Role::Accent, " reading …"),
        (false, true) => ctx.look.verdict(Verdict::Pass, "no open finding, no failed control"),
        (false, false) => ctx.look.verdict(Verdict::Unknown, "nothing wrong in what could be read: see Sources (9)"),
    }
}

fn findings(ctx: &Ctx<'_>) -> Vec<Item> {
    let open = ctx.store.estate().findings.values().filter(|it| !it.archived && !it.sample);
    let mut worst: Vec<&Arc<Finding>> = open.filter(|it| it.severity() >= Severity::Medium).collect();
    worst.sort_by_key(|it| (Reverse(it.severity()), Reverse(it.last.or(it.updated)), it.id.as_str()));
    worst.truncate(8);
    worst.into_iter().map(|finding| finding_item(ctx, finding)).collect()
}

fn finding_item(ctx: &Ctx<'_>, finding: &Arc<Finding>) -> Item {
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let last = finding.last.or(finding.updated);
    let names: Vec<&str> = case.tables.iter().take(3).map(|link| link.table.as_str()).collect();
    let tables = match case.tables.len() {
        0 => "no table linked yet".to_owned(),
        1 => format!("touches {}", names.join(", ")),
        count if count > 3 => format!("touches {} +{}", names.join(", "), count - 3),
        _ => format!("touches {}", names.join(", ")),
    };
    let active = last.map(|at| format!("active {} ago · ", age(ctx.now, at))).unwrap_or_default();
    let who = finding.principal.as_deref().map(|name| format!(" · {name}")).unwrap_or_default();
    let severity = finding.severity();
    Item {
        rank: (Reverse(severity), 0, Reverse(severity), Reverse(last.map_or(0, jiff::Timestamp::as_second))),
        verdict: if severity >= Severity::High { Verdict::Fail } else { Verdict::Warn },
        severity,
        title: finding.title.clone(),
        note: format!("{active}{tables}{who}"),
        to: Screen::Detail(Thing::Finding(finding.id.clone())),
    }
}

/// What drifted worst: since when, by whom, and what that lost.
fn drifts(ctx: &Ctx<'_>) -> Vec<Item> {
    let item = |drift: &Arc<crate::store::Drift>| {
        let at = drift.since().map_or(0, jiff::Timestamp::as_second);
        let damage = drift.damage.as_ref().map(|words| format!(" · {words}")).unwrap_or_default();
        Item {
            rank: (Reverse(drift.severity), 1, Reverse(drift.severity), Reverse(at)),
            verdict: Verdict::Fail,
            severity: drift.severity,
            title: super::drifted::title(drift),
            note: format!("{}{damage}", super::drifted::since(ctx, drift)),
            to: Screen::Detail(Thing::Drift(drift.id.clone())),
        }
    };
    super::drifted::worst(ctx).map(item).collect()
}

/// Failures worth a line; that there is a finding, or a drift, is said by itself.
fn is_news(ctx: &Ctx<'_>, one: &Judgement) -> bool {
    let drifted = || ctx.store.drifts_of(&one.resource).any(|drift| drift.counts());
    let is = one.verdict == Verdict::Fail && one.counts() && one.severity >= Severity::Medium;
    is && one.control != "DET-03" && !(matches!(one.control, "DET-12" | "DET-13") && drifted())
}

/// Failed controls, one line a control.
fn failures(ctx: &Ctx<'_>) -> Vec<Item> {
    let mut by_control: BTreeMap<&'static str, Vec<&Judgement>> = BTreeMap::new();
    for one in ctx.store.judgements().filter(|one| is_news(ctx, one)) {
        by_control.entry(one.control).or_default().push(one);
    }
    let item = |(control, all): (&'static str, Vec<&Judgement>)| {
        let worst_class = |one: &Judgement| {
            let estate = ctx.store.estate();
            Reverse(estate.tables.get(&one.resource).map(|table| estate.data_class(table)))
        };
        let table_of = |one: &Judgement| ctx.store.estate().tables.get(&one.resource);
        let threat = |one: &Judgement| table_of(one).and_then(|table| ctx.store.threat(table));
        let first =
            all.iter().copied().min_by_key(|one| (Reverse(threat(one)), worst_class(one), one.resource.as_str()))?;
        // What an intruder did to a table comes before what was always so.
        let threat = threat(first);
        let more = all.len() - 1;
        let others = if more > 0 { format!(" +{more}") } else { String::new() };
        let title = crate::controls::facts::facts(control).map_or(control, |facts| facts.title.as_str());
        let drift = super::drifted::behind(ctx, &first.resource, control);
        let since = drift.map(|drift| format!("{} · ", super::drifted::since(ctx, drift))).unwrap_or_default();
        Some(Item {
            rank: (
                Reverse(first.severity.max(threat.unwrap_or(Severity::Info))),
                if threat.is_some() { 1 } else { 2 },
                // Of what an intruder did to tables, the gravest first.
                Reverse(first.severity),
                Reverse(0),
            ),
            verdict: Verdict::Fail,
            severity: first.severity,
            title: format!("{control} {}{others}: {}", crate::model::tail(&first.resource), first.reason),
            note: match more {
                0 => since.trim_end_matches(" · ").to_owned(),
                _ => format!("{since}{title} · fails on {}", all.len()),
            },
            to: Screen::Detail(Thing::Judgement(first.resource.clone(), first.control)),
        })
    };
    by_control.into_iter().filter_map(item).collect()
}

fn worst_tables(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let wide = room >= 70;
    let layers = [Layer::Network, Layer::Identity, Layer::DataProtection, Layer::Detective, Layer::Resilience];
    let name_room = if wide { 22 } else { 16 };
    let heads = if wide { "class         region        net id  dp  det res" } else { "net id  dp  det res" };
    doc.push(vec![
        look.say(Role::Heading, format!(" {:<width$} ", "WORST TABLES", width = name_room + 1)),
        look.say(Role::Column, heads),
    ]);
    let from = doc.lines.len();
    let mut all: Vec<_> = ctx.store.estate().tables.values().map(|table| (badness(ctx.store, table), table)).collect();
    let count = all.len().min(6);
    if count > 0 && count < all.len() {
        all.select_nth_unstable_by(count - 1, |a, b| a.0.cmp(&b.0));
        all.truncate(count);
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, table) in all {
        let worst = ctx.store.tally(&table.arn).worst();
        let name = text::clean(&table.name, name_room - 1);
        let pad = " ".repeat(name_room - 1 - text::width(&name));
        let mut spans = vec![
            Span::styled(format!(" {} ", look.glyph(worst)), look.style(verdict_role(worst))),
            look.foreign(Role::Text, &name, name_room),
            Span::raw(pad + " "),
        ];
        if wide {
            spans.push(look.say(Role::Dim, format!("{:<13} ", ctx.store.estate().data_class(table).word())));
            let region = text::clean(&table.scope.region, 13);
            spans.push(look.foreign(Role::Dim, &format!("{region:<13} "), 14));
        }
        for layer in layers {
            let verdict = layer_verdict(ctx, &table.arn, layer);
            spans.push(Span::styled(format!(" {}  ", look.glyph(verdict)), look.style(verdict_role(verdict))));
        }
        doc.link(spans, Screen::Detail(Thing::Table(table.arn.clone())));
    }
    if doc.lines.len() == from {
        let words = match (states::unasked(ctx, &[Source::Tables]), ctx.store.is_loading(Source::Tables)) {
            (Some(_), _) => "   ? not asked",
            (None, true) => "   reading …",
            (None, false) => "   no table is known: see Sources (9)",
        };
        doc.push(look.line(Role::Dim, words));
    }
}

fn layer_verdict(ctx: &Ctx<'_>, arn: &str, layer: Layer) -> Verdict {
    let of = ctx
        .store
        .judgements_of(arn)
        .filter(|one| crate::controls::facts::facts(one.control).is_some_and(|facts| facts.layer == layer))
        .filter(|one| one.counts() && one.verdict != Verdict::Manual);
    of.map(|one| one.verdict).min_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NotApplicable)
}

/// The newest writes, by others than this program.
fn recent(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let writes = ctx.store.events().newest_first().take(5_000).filter(|event| is_change(*event));
    let writes: Vec<EventRef<'_>> = writes.take(5).collect();
    if writes.is_empty() {
        return;
    }
    doc.gap();
    doc.push(look.line(Role::Heading, " RECENT CHANGES"));
    for event in writes {
        let tables = event.table_list();
        let line = vec![
            look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, event.time()))),
            look.foreign(Role::Text, &padded(event.name(), 25), 25),
            look.foreign(Role::Accent, &padded(&tables, 14), 14),
            look.foreign(Role::Dim, event.principal(), room.saturating_sub(50)),
        ];
        doc.link(line, Screen::Detail(Thing::Event(event.key().into_owned())));
    }
    doc.link(look.line(Role::Dim, "          all of them"), Screen::List(Kind::Trail(Pivot::All)));
}

/// Cut or filled to a width, with one blank at its end.
fn padded(words: &str, width: usize) -> String {
    let clean = text::clean(words, width - 1);
    let fill = " ".repeat(width - text::width(&clean));
    clean + &fill
}
