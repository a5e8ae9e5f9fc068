//! Practices, and how what answers for each stands: what is asked, what is true today, which controls judge it.

use std::collections::BTreeMap;

use ratatui::text::{Line, Span};

use crate::controls::practices::{self, Practice};
use crate::controls::{by_id, facts};
use crate::model::{Judgement, Source, Verdict};
use crate::store::rows::practices::Standing;
use crate::store::rows::{PracticeRow, place};
use crate::theme::{Role, verdict_role};
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Row};

/// The list of them, in the order of their chapters.
pub static VIEW: ListView = ListView {
    noun: "practices",
    sources: &Source::ALL,
    columns: &COLUMNS,
    collect: |ctx, _| ctx.store.practices().into_iter().map(|(of, stands)| Row::Practice(of, stands)).collect(),
    cell,
    key,
    verdict: |_, row| found(row).map_or(Verdict::NotApplicable, |(_, stands)| stands.verdict()),
    empty: |_: &Ctx<'_>, _: &Kind| "no practice fits".to_owned(),
};

const COLUMNS: [Column; 9] = [
    fixed("VERDICT", 9, 0),
    fixed("NO", 3, 3),
    grows("PRACTICE", 28, 4, 0),
    fixed("FAIL", 5, 0),
    fixed("WARN", 5, 1),
    fixed("?", 5, 1),
    fixed("PASS", 5, 2),
    grows("CONTROLS", 14, 2, 2),
    grows("CHAPTER", 14, 1, 4),
];

fn found(row: &Row) -> Option<(&'static Practice, &Standing)> {
    let Row::Practice(of, stands) = row else { return None };
    Some((of, stands))
}

fn counts(of: &Standing) -> [(usize, Verdict); 4] {
    let tally = &of.tally;
    [
        (tally.fail, Verdict::Fail),
        (tally.warn, Verdict::Warn),
        (tally.unknown, Verdict::Unknown),
        (tally.pass, Verdict::Pass),
    ]
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some((of, stands)) = found(row) else { return Line::default() };
    match column {
        0 if of.controls.is_empty() => look.line(Role::Dim, "in words"),
        0 => look.verdict(stands.verdict(), stands.verdict().word()),
        1 => look.line(Role::Dim, format!("{:>3}", of.number)),
        2 => look.foreign(Role::Text, &of.title, room).into(),
        3..=6 => match counts(stands).get(column - 3) {
            Some((count @ 1.., verdict)) => Line::styled(format!("{count:>5}"), look.style(verdict_role(*verdict))),
            _ => Line::default(),
        },
        7 => look.foreign(Role::Accent, &of.controls.join(" "), room).into(),
        _ => look.foreign(Role::Dim, &of.chapter, room).into(),
    }
}

fn key(_: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some((of, stands)) = found(row) else { return Key::Missing };
    match column {
        0 => Key::Number(stands.verdict().rank().into()),
        1 => Key::Number(of.number.into()),
        2 => Key::text(&of.title),
        3..=6 => Key::Number(counts(stands).get(column - 3).map_or(0, |(count, _)| *count as i64)),
        7 => Key::text(of.controls.first().map_or("", String::as_str)),
        _ => Key::text(&of.chapter),
    }
}

/// The row of a practice as exports have it.
#[must_use]
pub fn row<'a>(ctx: &Ctx<'a>, of: &'static Practice, stands: Standing) -> PracticeRow<'a> {
    PracticeRow { store: ctx.store, practice: of, stands }
}

/// A practice as exports have it, by its number.
#[must_use]
pub fn numbered<'a>(ctx: &Ctx<'a>, number: u16) -> Option<PracticeRow<'a>> {
    let (of, stands) = ctx.store.practices().into_iter().find(|(of, _)| of.number == number)?;
    Some(row(ctx, of, stands))
}

/// How many judgements of a control its page lists.
const SHOWN: usize = 50;

/// A practice: what it asks, what is true today, and what its controls say, the worst first.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, number: u16) -> Option<Doc> {
    let (of, look) = (practices::numbered(number)?, ctx.look);
    // All that is judged is walked once, whatever the controls.
    let mut by_control: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    let mut stands = Standing::default();
    for one in ctx.store.judgements().filter(|one| of.controls.iter().any(|id| id == one.control)) {
        stands.add(one);
        by_control.entry(one.control).or_default().push(one);
    }
    let mut doc = Doc::default();
    match &of.answered {
        Some(words) => doc.field(ctx, "answered", words),
        None => doc.spans(ctx, "stands", look.verdict(stands.verdict(), stands.verdict().word()).spans, None),
    }
    doc.field(ctx, "asks", &of.asks);
    if let Some(now) = &of.now {
        doc.field(ctx, "today", now);
    }
    doc.field(ctx, "of", &of.chapter);
    for id in &of.controls {
        let Some(facts) = facts::facts(id) else { continue };
        doc.gap();
        doc.section(ctx, id, &facts.title);
        if let Some(control) = by_id(id).filter(|control| !control.blind.is_empty()) {
            doc.field(ctx, "not seen", control.blind);
        }
        let mut said = by_control.remove(id.as_str()).unwrap_or_default();
        said.sort_by_key(|one| (!one.counts(), one.verdict.rank(), &one.resource));
        let worth = |one: &&&Judgement| !matches!(one.verdict, Verdict::NotApplicable | Verdict::Pass) && one.counts();
        let open: Vec<&&Judgement> = said.iter().filter(worth).collect();
        // Where nothing is wrong, the first that passes shows on what that rests.
        let shown: Vec<&&Judgement> = if open.is_empty() { said.iter().take(1).collect() } else { open };
        for one in shown.iter().take(SHOWN) {
            on(ctx, one, &mut doc);
        }
        let passes = said.iter().filter(|one| one.verdict == Verdict::Pass && one.counts()).count();
        let muted = said.iter().filter(|one| one.muted.is_some()).count();
        let unclassed = said.iter().filter(|one| one.by_default && one.muted.is_none()).count();
        let rest = [
            (shown.len().saturating_sub(SHOWN), "more"),
            (passes, "pass"),
            (said.iter().filter(|one| one.verdict == Verdict::NotApplicable).count(), "not applicable"),
            (muted, "muted"),
            (unclassed, "of no class, counted under ISO-01"),
        ];
        let rest: Vec<String> =
            rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if !rest.is_empty() {
            // What is not listed here is a key away.
            let all = by_id(id).map(|control| super::Screen::List(Kind::Judged(control.id)));
            let line = look.line(Role::Dim, format!("   {}", rest.join(" · ")));
            match all {
                Some(all) => doc.link(line, all),
                None => doc.push(line),
            }
        }
        if said.is_empty() {
            doc.push(look.line(Role::Dim, "   not judged yet"));
        }
    }
    doc.best = doc.lines.iter().position(|line| line.to.is_some());
    Some(doc)
}

/// One judgement, by what it is about.
fn on(ctx: &Ctx<'_>, one: &Judgement, doc: &mut Doc) {
    let look = ctx.look;
    let room = usize::from(ctx.width).saturating_sub(57).max(20);
    let mut spans = vec![Span::raw("   ")];
    spans.extend(look.verdict(one.verdict, &format!("{:<8}", one.verdict.word())).spans);
    let (_, region) = place(&one.resource);
    spans.push(look.foreign(Role::Link, &format!("{:<24} ", crate::model::tail(&one.resource)), 25));
    spans.push(look.foreign(Role::Dim, &format!("{region:<14} "), 15));
    spans.push(look.foreign(Role::Text, &one.reason, room));
    doc.link(spans, super::Screen::Detail(super::Thing::Judgement(one.resource.clone(), one.control)));
}
