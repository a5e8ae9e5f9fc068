//! Compliance: what AWS Config rules say about resources, the worst first.

use std::sync::Arc;

use ratatui::text::Line;

use crate::model::{Compliance, Evaluation, Rule, RuleKey, Source, Verdict};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::tables::unknown;
use super::{Ctx, Doc, Kind, ListView, Row, Screen, Thing, remediation, things};

/// Evaluations, and rules without any.
pub static VIEW: ListView = ListView {
    noun: "evaluations",
    sources: &[Source::Compliance],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty,
};

const COLUMNS: [Column; 6] = [
    fixed("VERDICT", 14, 0),
    grows("RULE", 22, 2, 0),
    grows("RESOURCE", 18, 2, 0),
    fixed("REGION", 14, 3),
    fixed("SINCE", 9, 1),
    grows("ANNOTATION", 16, 4, 2),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let estate = ctx.store.estate();
    let mut rows = Vec::new();
    for key in estate.rules.keys() {
        let key = Arc::new(key.clone());
        match estate.evaluations.get(&*key).and_then(|cell| cell.value()).filter(|all| !all.is_empty()) {
            Some(all) => {
                let places = (0u32..).zip(all);
                rows.extend(places.map(|(place, one)| (one.compliance, Row::Evaluation(Arc::clone(&key), place))));
            }
            None => rows.push((Compliance::InsufficientData, Row::Rule(key))),
        }
    }
    rows.sort_by_key(|(compliance, _)| *compliance);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// How Config's word stands among our six verdicts.
#[must_use]
pub fn standing(compliance: Compliance) -> Verdict {
    match compliance {
        Compliance::NonCompliant => Verdict::Fail,
        Compliance::InsufficientData => Verdict::Unknown,
        Compliance::Compliant => Verdict::Pass,
        Compliance::NotApplicable => Verdict::NotApplicable,
    }
}

fn word(compliance: Compliance) -> &'static str {
    match compliance {
        Compliance::NonCompliant => "noncompliant",
        Compliance::InsufficientData => "no data",
        Compliance::Compliant => "compliant",
        Compliance::NotApplicable => "n/a",
    }
}

fn evaluation<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a Evaluation> {
    let Row::Evaluation(key, place) = row else { return None };
    ctx.store.estate().evaluations.get(&**key)?.value()?.get(*place as usize)
}

fn rule_key(row: &Row) -> Option<&RuleKey> {
    match row {
        Row::Evaluation(key, _) | Row::Rule(key) => Some(key),
        _ => None,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    match evaluation(ctx, row) {
        Some(one) => standing(one.compliance),
        None => Verdict::Unknown,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some(key) = rule_key(row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    let one = evaluation(ctx, row);
    match column {
        0 => match one {
            Some(one) => look.verdict(standing(one.compliance), word(one.compliance)),
            None => {
                let cell = ctx.store.estate().evaluations.get(key);
                match cell.and_then(|cell| cell.fault.as_ref()) {
                    Some(fault) => unknown(look, Some(&fault.error)),
                    None => look.verdict(Verdict::Unknown, "no data"),
                }
            }
        },
        1 => look.foreign(Role::Text, &key.name, room).into(),
        2 => look.foreign(Role::Accent, one.map_or("", |one| &one.resource_id), room).into(),
        3 => look.foreign(Role::Dim, &key.scope.region, room).into(),
        4 => {
            look.line(Role::Dim, one.and_then(|one| one.recorded).map(|at| look.when(ctx.now, at)).unwrap_or_default())
        }
        _ => {
            let note = match one {
                Some(one) => one.annotation.as_deref().unwrap_or_default(),
                None => "the rule has judged nothing yet",
            };
            look.foreign(Role::Dim, note, room).into()
        }
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let (Some(rule), one) = (rule_key(row), evaluation(ctx, row)) else { return Key::Missing };
    match column {
        0 => Key::number(one.map(|one| one.compliance as i64)),
        1 => Key::text(&rule.name),
        2 => one.map_or(Key::Missing, |one| Key::text(&one.resource_id)),
        3 => Key::text(&rule.scope.region),
        4 => Key::number(one.and_then(|one| one.recorded).map(jiff::Timestamp::as_second)),
        _ => one.and_then(|one| one.annotation.as_deref()).map_or(Key::Missing, Key::text),
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let lists = ctx.store.estate().rule_lists.values().filter(|cell| cell.seen.is_some()).count();
    format!("no rules: AWS Config answered in {lists} of {} scopes, and has none", ctx.store.estate().scopes.len())
}

/// A rule.
#[must_use]
pub fn rule(ctx: &Ctx<'_>, key: &RuleKey) -> Option<Doc> {
    let rule = ctx.store.estate().rules.get(key)?;
    let mut doc = Doc::default();
    rule_fields(ctx, rule, &mut doc);
    doc.gap();
    doc.section(ctx, "what it says", "");
    match ctx.store.estate().evaluations.get(key) {
        Some(cell) => {
            if let Some(reason) = cell.unknown_reason() {
                doc.field(ctx, "unknown", &reason);
            }
            let mut all: Vec<_> = cell.value().into_iter().flatten().collect();
            all.sort_by_key(|one| one.compliance);
            for one in all.into_iter().take(500) {
                let mut line = ctx.look.verdict(standing(one.compliance), word(one.compliance));
                line.spans.insert(0, ctx.look.say(Role::Dim, "   "));
                line.spans.push(ctx.look.foreign(Role::Accent, &format!("  {}", one.resource_id), 60));
                line.spans.push(ctx.look.foreign(
                    Role::Dim,
                    &format!("  {}", one.annotation.as_deref().unwrap_or("")),
                    120,
                ));
                let to = Thing::Evaluation(key.clone(), one.resource_type.clone(), one.resource_id.clone());
                doc.link(line, Screen::Detail(to));
            }
        }
        None => doc.field(ctx, "unknown", "not read yet"),
    }
    Some(doc)
}

fn rule_fields(ctx: &Ctx<'_>, rule: &Rule, doc: &mut Doc) {
    doc.field(ctx, "rule", &rule.key.name);
    if let Some(identifier) = &rule.identifier {
        doc.field(ctx, "managed rule", identifier);
    }
    doc.field(ctx, "scope", &rule.key.scope.to_string());
    if let Some(description) = &rule.description {
        doc.field(ctx, "description", description);
    }
    if let Some(state) = &rule.state {
        doc.field(ctx, "state", state);
    }
    match rule.compliance {
        Some(compliance) => {
            doc.spans(ctx, "over all", ctx.look.verdict(standing(compliance), compliance.word()).spans, None);
        }
        None => doc.field(ctx, "over all", "Config does not say"),
    }
    if !rule.resource_types.is_empty() {
        doc.field(ctx, "looks at", &rule.resource_types.join(", "));
    }
    remediation::fields(ctx, &rule.key, doc);
}

/// A rule's verdict about one resource.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, key: &RuleKey, kind: &str, id: &str) -> Option<Doc> {
    let all = ctx.store.estate().evaluations.get(key)?;
    let one = all.value()?.iter().find(|one| one.resource_type == kind && one.resource_id == id)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    doc.spans(ctx, "verdict", look.verdict(standing(one.compliance), one.compliance.word()).spans, None);
    doc.field_to(ctx, "resource", &one.resource_id, Some(things::table_screen(ctx, &key.scope, &one.resource_id)));
    doc.field(ctx, "type", &one.resource_type);
    doc.field(ctx, "annotation", one.annotation.as_deref().unwrap_or("none"));
    if let Some(at) = one.recorded {
        doc.field(ctx, "recorded", &look.full(ctx.now, at));
    }
    if let Some(at) = one.invoked {
        doc.field(ctx, "invoked", &look.full(ctx.now, at));
    }
    if let Some(seen) = &all.seen {
        doc.field(
            ctx,
            "read",
            &format!("{} by {}, request {}", look.full(ctx.now, seen.at), seen.call.operation, seen.call.request_id),
        );
    }
    doc.gap();
    doc.section(ctx, "the rule", &ctx.look.keys.fill("{open} shows all it says"));
    if let Some(rule) = ctx.store.estate().rules.get(key) {
        let from = doc.lines.len();
        rule_fields(ctx, rule, &mut doc);
        for line in doc.lines.iter_mut().skip(from) {
            line.to = Some(Screen::Detail(Thing::Rule(key.clone())));
        }
    }
    Some(doc)
}
