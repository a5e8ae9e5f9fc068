//! Findings: what GuardDuty says, the worst first.

use ratatui::text::{Line, Span};

use crate::model::{Finding, Source, Verdict};
use crate::theme::{Role, severity_role};
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Kind, ListView, Row};

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
        // What we raise stands among what is as bad; by the tables it leads to nothing is raised above Medium.
        let bad = ctx.store.raised(it, &[]).map_or(it.severity(), |raise| raise.to);
        (it.archived, std::cmp::Reverse((bad, it.last.or(it.updated), it.severity_tenths)), it.id.clone())
    });
    findings.into_iter().map(|finding| Row::Finding(finding.clone())).collect()
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    use crate::model::Severity;
    match row {
        Row::Finding(finding) if finding.archived => Verdict::Pass,
        Row::Finding(finding) if finding.broken.is_some() => Verdict::Unknown,
        Row::Finding(finding) if finding.severity() >= Severity::High => Verdict::Fail,
        Row::Finding(finding) if ctx.store.raised(finding, &[]).is_some() => Verdict::Fail,
        Row::Finding(_) => Verdict::Warn,
        _ => Verdict::NotApplicable,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Row::Finding(finding) = row else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    let role = if finding.archived { Role::Dim } else { Role::Text };
    match column {
        0 if finding.severity_tenths == 0 => look.line(Role::Unknown, "?"),
        0 if finding.archived => look.line(Role::Dim, finding.severity().short()),
        0 => {
            // An arrow beside GuardDuty's word: we say worse, and the case says why.
            let case = ctx.derived.borrow_mut().case(ctx.store, finding);
            let raised = ctx.store.raised(finding, &case.tables);
            let arrow = if look.ascii { "^" } else { "↑" };
            let arrow = raised.map(|raise| Span::styled(arrow, look.style(severity_role(raise.to))));
            let word = Span::styled(finding.severity().short(), look.style(severity_role(finding.severity())));
            Line::from_iter(std::iter::once(word).chain(arrow))
        }
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
            let mark = match (finding.broken.is_some(), finding.sample, finding.archived) {
                (true, ..) => "broken ",
                (_, true, _) => "sample ",
                (_, _, true) => "archived ",
                _ => "",
            };
            look.foreign(role, &format!("{mark}{short}"), room).into()
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
