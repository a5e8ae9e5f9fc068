//! Overview: are we safe, since when, what first.
//!
//! ```text
//! ✖ AT RISK since 02:57Z, 10m · 3 critical, 9 high …    POSTURE   fail warn …
//! ✖ CRIT  what it is                                    …
//!         since when, by whom, what it touches          FINDINGS 14 d ▁▂▇
//! WORST TABLES      class      net id dp det res        FRESHNESS
//! RECENT CHANGES                                        VERDICTS CHANGED
//! ```
//!
//! Below a hundred columns how it all stands moves beside the tables, so that what is wrong has the whole width.

use ratatui::text::{Line, Span};

use crate::model::{Layer, Severity, Source, Verdict};
use crate::store::handover::is_change;
use crate::store::rows::badness;
use crate::theme::{Role, verdict_role};
use crate::trail::EventRef;
use crate::widget::text;

use super::now::{Item, items, open};
use super::{Ctx, Doc, Kind, Pivot, Screen, Thing, age, posture, states};

/// From this width on, how it all stands is a column of its own.
const WIDE: u16 = 100;

/// From this width on, that column has room for trends.
const VERY_WIDE: u16 = 160;

/// Below this width nothing stands beside anything.
const NARROW: u16 = 72;

/// A line, and where it leads.
type Linked = (Vec<Span<'static>>, Option<Screen>);

/// The Overview.
#[must_use]
pub fn doc(ctx: &Ctx<'_>) -> Doc {
    let side_width = match ctx.width {
        VERY_WIDE.. => 66,
        WIDE..VERY_WIDE => 46,
        _ => 0,
    };
    let mut doc = Doc { side_width, ..Doc::default() };
    // A blank column between the two.
    let inner = Ctx { width: ctx.width.saturating_sub(side_width + u16::from(side_width > 0)), ..*ctx };
    let room = usize::from(inner.width);
    // Chrome and footer; the lines beside them come with height.
    let rows = usize::from(ctx.height).saturating_sub(if ctx.height >= 32 { 6 } else { 4 });
    let (all, beyond) = items(ctx);
    headline(&inner, &all, room, &mut doc);
    super::since::line(&inner, room, &mut doc);
    let above = doc.lines.len();
    if side_width > 0 {
        let lists = if rows > 44 { 10 } else { 6 };
        now(&inner, (all, beyond), (rows.saturating_sub(above + 2 * lists + 5) / 2).clamp(3, 12), room, &mut doc);
        doc.gap();
        let tables = worst_tables(&inner, lists, room);
        extend(&mut doc, tables);
        recent(&inner, lists, room, &mut doc);
        doc.side = posture::side(ctx, usize::from(side_width), rows);
    } else {
        now(&inner, (all, beyond), (rows.saturating_sub(above + 10) / 2).clamp(2, 8), room, &mut doc);
        let beside = posture::layers(ctx, posture::SHORT);
        if inner.width >= NARROW {
            let left = room - posture::SHORT - 1;
            let tables = worst_tables(&inner, 6, left);
            extend(&mut doc, join(tables, beside, left));
        } else {
            let tables = worst_tables(&inner, 6, room);
            extend(&mut doc, tables);
            beside.into_iter().for_each(|line| doc.push(line));
        }
        doc.link(posture::sparks(ctx, room), Screen::List(Kind::Trail(Pivot::All)));
        doc.link(posture::freshness_in_short(ctx, room), Screen::List(Kind::Sources));
    }
    // What is wrong comes first, whatever stands above it.
    doc.best = doc.lines.get(above).is_some_and(|line| line.to.is_some()).then_some(above);
    // All of it is in sight: the cursor goes from one thing that can be opened to the next.
    doc.lines.iter_mut().filter(|line| line.to.is_none()).for_each(|line| line.passed = true);
    doc
}

fn extend(doc: &mut Doc, lines: Vec<Linked>) {
    for (line, to) in lines {
        match to {
            Some(to) => doc.link(line, to),
            None => doc.push(line),
        }
    }
}

/// Two columns, the left one as wide as this.
fn join(left: Vec<Linked>, right: Vec<Line<'static>>, room: usize) -> Vec<Linked> {
    let count = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    (0..count)
        .map(|_| {
            let (mut spans, to) = left.next().unwrap_or_default();
            let used: usize = spans.iter().map(Span::width).sum();
            spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
            spans.extend(right.next().unwrap_or_default().spans);
            (spans, to)
        })
        .collect()
}

/// Are we safe, and since when not; or why that is not known.
fn headline(ctx: &Ctx<'_>, items: &[Item], room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let Some(worst) = items.iter().map(|item| item.severity).max() else {
        return doc.push(quiet(ctx));
    };
    let (role, words) = if worst >= Severity::High { (Role::Fail, "AT RISK") } else { (Role::Warn, "TO MEND") };
    let glyph = look.glyph(if worst >= Severity::High { Verdict::Fail } else { Verdict::Warn });
    let mut parts = vec![vec![Span::styled(format!(" {glyph} {words}"), look.style(role))]];
    // Of what was always so nobody can say since when.
    if let Some(since) = items.iter().filter(|item| item.severity == worst).filter_map(|item| item.since).min() {
        let words = format!(" since {}, {}", look.clock(ctx.now, since), age(ctx.now, since));
        parts.push(vec![look.say(Role::Text, words)]);
    }
    let first = |source| ctx.store.freshness().any(|((of, _), it)| *of == source && it.sweeps == 0);
    if first(Source::Findings) || first(Source::Tables) {
        parts.push(vec![look.say(Role::Accent, " · still reading")]);
    } else if !ctx.derived.borrow().coverage.is_complete() {
        parts.push(vec![look.say(Role::Unknown, " · ? incomplete")]);
    }
    let count = |severity| open(ctx).filter(|finding| finding.severity() == severity).count();
    let counts = [Severity::Critical, Severity::High].map(|severity| (count(severity), severity));
    let counts: Vec<String> =
        counts.iter().filter(|of| of.0 > 0).map(|of| format!("{} {}", of.0, of.1.short())).collect();
    if !counts.is_empty() {
        parts.push(vec![look.say(Role::Dim, " · "), look.say(Role::Text, format!("{} findings", counts.join(" ")))]);
    }
    let mut used = 0;
    let fits = |part: &Vec<Span<'_>>| {
        used += part.iter().map(Span::width).sum::<usize>();
        used <= room
    };
    doc.push(parts.into_iter().take_while(fits).flatten().collect::<Vec<_>>());
}

fn now(ctx: &Ctx<'_>, (items, beyond): (Vec<Item>, usize), shown: usize, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let more = items.len().saturating_sub(shown) + beyond;
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
        let words = format!("         and {more} more: Findings (2), Drift (4), Controls (8)");
        doc.link(vec![look.foreign(Role::Dim, &words, room.saturating_sub(1))], Screen::List(Kind::Controls(None)));
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

fn worst_tables(ctx: &Ctx<'_>, most: usize, room: usize) -> Vec<Linked> {
    let look = ctx.look;
    let wide = room >= 70;
    let layers = [Layer::Network, Layer::Identity, Layer::DataProtection, Layer::Detective, Layer::Resilience];
    // Glyph before, five layers of four cells behind; class and region where there is room.
    let names = room.saturating_sub(4 + 20 + if wide { 28 } else { 0 }).clamp(10, 32);
    let heads = if wide { "class         region        net id  dp  det res" } else { "net id  dp  det res" };
    let title = text::clean("WORST TABLES", names + 2);
    let mut lines: Vec<Linked> = vec![(
        vec![look.say(Role::Heading, format!(" {title:<width$} ", width = names + 2)), look.say(Role::Column, heads)],
        None,
    )];
    let mut all: Vec<_> = ctx.store.estate().tables.values().map(|table| (badness(ctx.store, table), table)).collect();
    let count = all.len().min(most);
    if count > 0 && count < all.len() {
        all.select_nth_unstable_by(count - 1, |a, b| a.0.cmp(&b.0));
        all.truncate(count);
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, table) in all {
        let worst = ctx.store.tally(&table.arn).worst();
        let mut spans = vec![
            Span::styled(format!(" {} ", look.glyph(worst)), look.style(verdict_role(worst))),
            look.foreign(Role::Text, &padded(&table.name, names + 1), names + 1),
        ];
        if wide {
            spans.push(look.say(Role::Dim, format!("{:<13} ", ctx.store.estate().data_class(table).word())));
            spans.push(look.foreign(Role::Dim, &padded(&table.scope.region, 14), 14));
        }
        for layer in layers {
            let verdict = layer_verdict(ctx, &table.arn, layer);
            spans.push(Span::styled(format!(" {}  ", look.glyph(verdict)), look.style(verdict_role(verdict))));
        }
        lines.push((spans, Some(Screen::Detail(Thing::Table(table.arn.clone())))));
    }
    if lines.len() == 1 {
        let words = match (states::unasked(ctx, &[Source::Tables]), ctx.store.is_loading(Source::Tables)) {
            (Some(_), _) => "   ? not asked",
            (None, true) => "   reading …",
            (None, false) => "   no table is known: see Sources (9)",
        };
        lines.push((vec![look.say(Role::Dim, words)], None));
    }
    lines
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
fn recent(ctx: &Ctx<'_>, most: usize, room: usize, doc: &mut Doc) {
    let look = ctx.look;
    let writes = ctx.store.events().newest_first().take(5_000).filter(|event| is_change(*event));
    let writes: Vec<EventRef<'_>> = writes.take(most - 1).collect();
    if writes.is_empty() {
        return;
    }
    doc.gap();
    doc.push(look.line(Role::Heading, " RECENT CHANGES"));
    // Names of calls and of tables share what is over.
    let spare = room.saturating_sub(70) / 3;
    let (call, tables) = (26 + spare.min(6), 15 + spare.min(20));
    for event in writes {
        let line = vec![
            look.say(Role::Dim, format!(" {:>7}  ", age(ctx.now, event.time()))),
            look.foreign(Role::Text, &padded(event.name(), call), call),
            look.foreign(Role::Accent, &padded(&event.table_list(), tables), tables),
            look.foreign(Role::Dim, event.principal(), room.saturating_sub(11 + call + tables)),
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
