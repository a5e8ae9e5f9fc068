//! Overview: are we safe, since when, what first. Left what is wrong, right how it all stands.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::model::{Event, Finding, Judgement, Layer, Severity, Source, Verdict};
use crate::theme::{Role, verdict_role};
use crate::widget::{bar, text};

use super::{Ctx, Doc, Kind, Pivot, Screen, Thing, age, tables, things};

/// Hours that the histograms go back.
const HOURS: usize = 12;

/// The Overview.
#[must_use]
pub fn doc(ctx: &Ctx<'_>) -> Doc {
    let mut doc = Doc { side_width: if ctx.width >= 100 { 46 } else { 33 }, ..Doc::default() };
    if ctx.width < 64 {
        doc.side_width = 0;
    }
    let room = usize::from(ctx.width.saturating_sub(doc.side_width));
    let inner = Ctx { width: ctx.width - doc.side_width, ..*ctx };
    now(&inner, room, &mut doc);
    doc.gap();
    worst_tables(&inner, room, &mut doc);
    recent(&inner, room, &mut doc);
    if doc.side_width > 0 {
        doc.side = side(ctx, usize::from(doc.side_width));
    }
    doc.best = None;
    doc
}

/// A line of what is wrong now: how bad, in which order, in words, and where it leads.
struct Item {
    rank: (Reverse<Severity>, u8, Reverse<i64>),
    verdict: Verdict,
    severity: Severity,
    title: String,
    note: String,
    to: Screen,
}

fn now(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    doc.push(look.line(Role::Heading, " NOW"));
    let mut items = findings(ctx);
    items.extend(failures(ctx));
    items.sort_by(|a, b| a.rank.cmp(&b.rank));
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
        doc.push(look.line(Role::Dim, format!("         and {more} more: Findings, Tables")));
    }
    if doc.lines.len() == 1 {
        doc.push(quiet(ctx));
    }
}

/// What stands where nothing is wrong: which of "not read", "not readable" and "all well" it is.
fn quiet(ctx: &Ctx<'_>) -> Line<'static> {
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
    let active = last.map(|at| format!(" · active {} ago", age(ctx.now, at))).unwrap_or_default();
    let who = finding.principal.as_deref().map(|name| format!(" · {name}")).unwrap_or_default();
    let severity = finding.severity();
    Item {
        rank: (Reverse(severity), 0, Reverse(last.map_or(0, |at| at.as_second()))),
        verdict: if severity >= Severity::High { Verdict::Fail } else { Verdict::Warn },
        severity,
        title: finding.title.clone(),
        note: format!("{tables}{who}{active}"),
        to: Screen::Detail(Thing::Finding(finding.id.clone())),
    }
}

/// Failed controls of high and critical severity, one line a control.
fn failures(ctx: &Ctx<'_>) -> Vec<Item> {
    let mut by_control: BTreeMap<&'static str, Vec<&Judgement>> = BTreeMap::new();
    for one in ctx.store.judgements().filter(|one| one.verdict == Verdict::Fail && one.severity >= Severity::Medium) {
        by_control.entry(one.control).or_default().push(one);
    }
    let item = |(control, mut all): (&'static str, Vec<&Judgement>)| {
        let worst_class = |one: &&Judgement| {
            let estate = ctx.store.estate();
            Reverse(estate.tables.get(&one.resource).map(|table| estate.data_class(table)))
        };
        all.sort_by_key(|one| (worst_class(one), one.resource.as_str()));
        let first = all.first()?;
        let more = all.len() - 1;
        let others = if more > 0 { format!(" +{more}") } else { String::new() };
        let title = crate::controls::by_id(control).map_or(control, |control| control.title);
        Some(Item {
            rank: (Reverse(first.severity), 1, Reverse(0)),
            verdict: Verdict::Fail,
            severity: first.severity,
            title: format!("{control} {}{others}: {}", things::tail(&first.resource), first.reason),
            note: if more > 0 { format!("{title} · fails on {}", all.len()) } else { String::new() },
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
    let heads =
        if wide { "class         region        net id  dp  det res" } else { "class         net id dp det res" };
    doc.push(vec![
        look.say(Role::Heading, format!(" {:<width$} ", "WORST TABLES", width = name_room + 1)),
        look.say(Role::Column, heads),
    ]);
    let from = doc.lines.len();
    let mut all: Vec<_> =
        ctx.store.estate().tables.values().map(|table| (tables::badness(ctx, table), table)).collect();
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
            look.say(Role::Dim, format!("{:<13} ", ctx.store.estate().data_class(table).word())),
        ];
        if wide {
            let region = text::clean(&table.scope.region, 13);
            spans.push(look.foreign(Role::Dim, &format!("{region:<13} "), 14));
        }
        for layer in layers {
            let verdict = layer_verdict(ctx, &table.arn, layer);
            let gap = if wide { "   " } else { "  " };
            spans.push(Span::styled(format!(" {}{gap}", look.glyph(verdict)), look.style(verdict_role(verdict))));
        }
        doc.link(spans, Screen::Detail(Thing::Table(table.arn.clone())));
    }
    if doc.lines.len() == from {
        let loading = ctx.store.is_loading(Source::Tables);
        doc.push(look.line(Role::Dim, if loading { "   reading …" } else { "   no table is known: see Sources (9)" }));
    }
}

fn layer_verdict(ctx: &Ctx<'_>, arn: &str, layer: Layer) -> Verdict {
    let of = ctx
        .store
        .judgements_of(arn)
        .filter(|one| crate::controls::by_id(one.control).is_some_and(|control| control.layer == layer));
    of.map(|one| one.verdict).min_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NotApplicable)
}

/// The newest writes, by others than this program.
fn recent(ctx: &Ctx<'_>, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let writes = ctx.store.events().iter().take(5_000).filter(|event| is_change(event));
    let writes: Vec<&Arc<Event>> = writes.take(5).collect();
    if writes.is_empty() {
        return;
    }
    doc.gap();
    doc.push(look.line(Role::Heading, " RECENT CHANGES"));
    for event in writes {
        let tables = event.tables.join(" ");
        let line = vec![
            look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, event.time))),
            look.foreign(Role::Text, &event.name, 30),
            look.foreign(Role::Accent, &format!("  {tables}"), 24),
            look.foreign(Role::Dim, &format!("  {}", event.principal), room.saturating_sub(66).max(8)),
        ];
        doc.link(line, Screen::Detail(Thing::Event(event.id.clone())));
    }
    doc.link(look.line(Role::Dim, "          all of them"), Screen::List(Kind::Trail(Pivot::All)));
}

fn is_change(event: &Event) -> bool {
    event.read_only == Some(false) && !event.own && event.error.is_none() && !event.tables.is_empty()
}

fn side(ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
    let look = ctx.look;
    let derived = ctx.derived.borrow();
    let mut lines = vec![Line::from(vec![
        look.say(Role::Heading, format!("{:<16}", "POSTURE")),
        look.say(Role::Column, "fail  warn   unk"),
    ])];
    for layer in Layer::ALL {
        let Some(tally) = derived.posture.get(&layer) else { continue };
        let count = |verdict: Verdict, count: usize| {
            let role = if count == 0 { Role::Dim } else { verdict_role(verdict) };
            look.say(role, format!("{count:>4}  "))
        };
        lines.push(Line::from(vec![
            look.say(Role::Text, format!("{:<16}", layer.word())),
            count(Verdict::Fail, tally.fail),
            count(Verdict::Warn, tally.warn),
            count(Verdict::Unknown, tally.unknown),
        ]));
    }
    if derived.posture.is_empty() {
        lines.push(look.line(Role::Dim, "not judged yet"));
    }
    lines.push(Line::default());
    lines.push(activity(ctx));
    lines.push(Line::default());
    lines.push(look.line(Role::Heading, "FRESHNESS"));
    for source in Source::ALL {
        lines.extend(freshness(ctx, source, width));
    }
    if let Some(change) = ctx.store.changes().last() {
        lines.push(Line::default());
        lines.push(look.line(Role::Heading, format!("VERDICTS CHANGED {}", ctx.store.changes().len())));
        for change in ctx.store.changes().iter().rev().take(4) {
            let name = text::clean(things::tail(&change.resource), width.saturating_sub(24));
            let (from, to) = (look.glyph(change.from), look.glyph(change.to));
            lines.push(Line::from(vec![
                look.say(Role::Dim, format!("{:>6} ", age(ctx.now, change.at))),
                look.say(Role::Text, format!("{} ", change.control)),
                Span::styled(from, look.style(verdict_role(change.from))),
                look.say(Role::Dim, "→"),
                Span::styled(to, look.style(verdict_role(change.to))),
                look.foreign(Role::Text, &format!(" {name}"), width),
            ]));
        }
        let _ = change;
    }
    lines
}

/// Changes to tables in the last hours, as a histogram.
fn activity(ctx: &Ctx<'_>) -> Line<'static> {
    let mut hours = [0; HOURS];
    for event in ctx.store.events().iter().take(20_000) {
        let ago = ctx.now.as_second().saturating_sub(event.time.as_second()) / 3600;
        match usize::try_from(ago).ok().and_then(|ago| hours.get_mut(ago)) {
            Some(count) if is_change(event) => *count += 1,
            Some(_) => {}
            None => break,
        }
    }
    hours.reverse();
    let total: usize = hours.iter().sum();
    Line::from(vec![
        ctx.look.say(Role::Heading, "CHANGES "),
        ctx.look.say(Role::Dim, format!("{HOURS} h  ")),
        Span::styled(bar::spark(&hours, ctx.look.ascii), ctx.look.style(Role::Accent)),
        ctx.look.say(Role::Text, format!("  {total}")),
    ])
}

/// One source over all scopes: the oldest good sweep, and how many scopes are in trouble.
fn freshness(ctx: &Ctx<'_>, source: Source, width: usize) -> Option<Line<'static>> {
    let look = ctx.look;
    let of: Vec<_> = ctx.store.freshness().filter(|((kind, _), _)| *kind == source).map(|(_, it)| it).collect();
    if of.is_empty() {
        return None;
    }
    let faults = of.iter().filter(|it| it.fault.is_some()).count();
    let loading = of.iter().filter(|it| it.is_loading()).count();
    let oldest = of.iter().filter_map(|it| it.good).min();
    let state = match (faults, loading) {
        (0, 0) => look.say(Role::Pass, look.glyph(Verdict::Pass)),
        (0, _) => look.say(Role::Accent, "…"),
        _ => look.say(Role::Unknown, "?"),
    };
    let words = match (faults, loading) {
        (0, 0) => String::new(),
        (0, _) => format!("reading, {loading} to come"),
        _ => {
            let error = of.iter().find_map(|it| it.fault.as_ref()).map_or("", |fault| fault.error.word());
            format!("{error} in {faults} of {}", of.len())
        }
    };
    Some(Line::from(vec![
        state,
        look.say(Role::Text, format!(" {:<12}", source.name())),
        look.say(
            if faults > 0 { Role::Stale } else { Role::Dim },
            format!("{:>7} ", oldest.map_or("-".to_owned(), |at| age(ctx.now, at))),
        ),
        look.foreign(Role::Unknown, &words, width.saturating_sub(22)),
    ]))
}
