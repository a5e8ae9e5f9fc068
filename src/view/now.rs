//! What is wrong now, the worst first: findings, drifts, failed controls.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Finding, Judgement, Severity, Verdict};

use super::{Ctx, Screen, Thing, age};

/// Something that is wrong now.
pub(super) struct Item {
    rank: (Reverse<Severity>, u8, Reverse<Severity>, Reverse<i64>),
    /// How it stands.
    pub(super) verdict: Verdict,
    /// How bad it is.
    pub(super) severity: Severity,
    /// Since when it is so, as far as that is known.
    pub(super) since: Option<Timestamp>,
    /// What it is.
    pub(super) title: String,
    /// What else is to be said of it.
    pub(super) note: String,
    /// Where it leads.
    pub(super) to: Screen,
}

/// What is wrong, in the order in which one should look, and how many findings wait beyond.
pub(super) fn items(ctx: &Ctx<'_>) -> (Vec<Item>, usize) {
    let mut items = findings(ctx);
    let beyond = open(ctx).count() - items.len();
    items.extend(drifts(ctx));
    items.extend(failures(ctx));
    items.sort_by_key(|item| item.rank);
    (items, beyond)
}

/// Findings that are worth a line, neither put aside nor samples.
pub(super) fn open<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = &'a Arc<Finding>> + use<'a> {
    let open = ctx.store.estate().findings.values().filter(|it| !it.archived && !it.sample);
    open.filter(|it| it.severity() >= Severity::Medium)
}

fn findings(ctx: &Ctx<'_>) -> Vec<Item> {
    let mut worst: Vec<&Arc<Finding>> = open(ctx).collect();
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
        rank: (Reverse(severity), 0, Reverse(severity), Reverse(last.map_or(0, Timestamp::as_second))),
        verdict: if severity >= Severity::High { Verdict::Fail } else { Verdict::Warn },
        severity,
        since: finding.first.or(finding.created),
        title: finding.title.clone(),
        note: format!("{active}{tables}{who}"),
        to: Screen::Detail(Thing::Finding(finding.id.clone())),
    }
}

/// What drifted worst: since when, by whom, and what that lost.
fn drifts(ctx: &Ctx<'_>) -> Vec<Item> {
    let item = |drift: &Arc<crate::store::Drift>| {
        let at = drift.since().map_or(0, Timestamp::as_second);
        let damage = drift.damage.as_ref().map(|words| format!(" · {words}")).unwrap_or_default();
        Item {
            rank: (Reverse(drift.severity), 1, Reverse(drift.severity), Reverse(at)),
            verdict: Verdict::Fail,
            severity: drift.severity,
            since: drift.since(),
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
            since: drift.and_then(|drift| drift.since()),
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
