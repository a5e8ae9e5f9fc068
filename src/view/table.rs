//! One table: every facet with its age, origin and request id, every judgement with reason and evidence.

use ratatui::text::{Line, Span};

use crate::model::{CallRef, Cell, Judgement, Severity, Table, Verdict};
use crate::theme::{Role, verdict_role};
use crate::widget::text;

use super::{Ctx, Doc, Kind, Pivot, Screen, Thing, age, tables};

/// One table.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, arn: &str) -> Option<Doc> {
    let estate = ctx.store.estate();
    let table = estate.tables.get(arn)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let tally = ctx.store.tally(arn);
    let mut head = tables::tally_line(look, tally).spans;
    head.push(look.foreign(Role::Dim, &format!(" {} · {}", estate.data_class(table).word(), table.scope), 80));
    doc.spans(ctx, "stands", head, None);
    let events = ctx.store.events().by_table(&table.name).len();
    let to = Screen::List(Kind::Trail(Pivot::Table(table.name.clone())));
    let asks = ctx.look.keys.fill("{events} asks CloudTrail for all of them");
    doc.field_to(ctx, "events", &format!("{events} known here; {asks}"), Some(to));
    findings(ctx, table, &mut doc);
    super::drifted::of_table(ctx, arn, &mut doc);
    doc.gap();
    super::depth::section(ctx, table, &mut doc);
    doc.gap();
    doc.section(ctx, "controls", &ctx.look.keys.fill("{open} shows the evidence"));
    let mut judgements: Vec<&Judgement> = ctx.store.judgements_of(arn).collect();
    judgements.sort_by_key(|one| (one.verdict.rank(), std::cmp::Reverse(one.severity), one.control));
    for judgement in &judgements {
        judgement_line(ctx, judgement, &mut doc);
    }
    if judgements.is_empty() {
        doc.push(look.line(Role::Dim, "   not judged yet"));
    }
    doc.gap();
    doc.section(ctx, "settings", "value · age · origin · request id");
    facets(ctx, table, &mut doc);
    doc.best = Some(
        doc.lines.iter().position(|line| matches!(&line.to, Some(Screen::Detail(Thing::Judgement(..))))).unwrap_or(0),
    );
    Some(doc)
}

fn findings(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    for (index, finding) in ctx.store.findings_of_table(&table.name).into_iter().take(5).enumerate() {
        let spans = vec![
            ctx.look.severity(finding.severity()),
            ctx.look.foreign(Role::Text, &format!(" {}", finding.title), usize::from(ctx.width).saturating_sub(24)),
        ];
        let name = if index == 0 { "findings" } else { "" };
        doc.spans(ctx, name, spans, Some(Screen::Detail(Thing::Finding(finding.id.clone()))));
    }
}

/// One judgement as a line that leads to its evidence.
pub fn judgement_line(ctx: &Ctx<'_>, judgement: &Judgement, doc: &mut Doc) {
    let look = ctx.look;
    let role = verdict_role(judgement.verdict);
    let severity = if matches!(judgement.verdict, Verdict::Fail | Verdict::Warn) {
        look.severity(judgement.severity)
    } else {
        Span::raw("    ")
    };
    let room = usize::from(ctx.width).saturating_sub(30);
    let line = vec![
        Span::styled(
            format!("   {} {:<7} ", look.glyph(judgement.verdict), judgement.verdict.word()),
            look.style(role),
        ),
        severity,
        look.say(Role::Text, format!(" {:<7} ", judgement.control)),
        look.foreign(Role::Text, &judgement.reason, room),
    ];
    doc.link(line, Screen::Detail(Thing::Judgement(judgement.resource.clone(), judgement.control)));
}

fn seen_words(ctx: &Ctx<'_>, at: jiff::Timestamp, call: &CallRef) -> String {
    format!("{} · {} · {} · {}", age(ctx.now, at), ctx.store.origin().word(), call.operation, call.request_id)
}

/// A facet: its value, then its age, origin and request in dim; its fault where there is one.
fn facet<T>(ctx: &Ctx<'_>, doc: &mut Doc, name: &'static str, cell: &Cell<T>, value: Line<'static>) {
    let look = ctx.look;
    let mut spans = value.spans;
    if let Some(seen) = &cell.seen {
        let width: usize = spans.iter().map(Span::width).sum();
        let pad = 26usize.saturating_sub(width) + 1;
        spans.push(Span::raw(" ".repeat(pad)));
        let role = if cell.is_stale() { Role::Stale } else { Role::Dim };
        let room = usize::from(ctx.width).saturating_sub(45);
        spans.push(look.foreign(role, &seen_words(ctx, seen.at, &seen.call), room));
    }
    doc.spans(ctx, name, spans, None);
    if let Some(fault) = &cell.fault {
        doc.spans(
            ctx,
            "",
            vec![look.foreign(Role::Unknown, &format!("{} ago: {}", age(ctx.now, fault.at), fault.error), 200)],
            None,
        );
        if let Some(advice) = fault.error.advice() {
            doc.spans(ctx, "", vec![look.foreign(Role::Dim, &advice, 200)], None);
        }
    }
}

fn known<T>(ctx: &Ctx<'_>, cell: &Cell<T>, words: impl FnOnce(&T) -> String) -> Line<'static> {
    match cell.known() {
        Some(Ok(seen)) => {
            let role = if cell.is_stale() { Role::Dim } else { Role::Text };
            ctx.look.foreign(role, &words(&seen.value), 60).into()
        }
        Some(Err(error)) => tables::unknown(ctx.look, Some(error)),
        None => ctx.look.line(Role::Accent, "reading …"),
    }
}

fn facets(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    let description = &table.description;
    let of = |words: fn(&crate::model::TableDescription) -> String| known(ctx, description, words);
    facet(ctx, doc, "status", description, of(|d| d.status.clone().unwrap_or_else(|| "not told".to_owned())));
    facet(ctx, doc, "del. protect.", description, tables::deletion_line(ctx, table));
    key_facet(ctx, table, doc);
    pitr_facet(ctx, table, doc);
    backup_facet(ctx, table, doc);
    facet(
        ctx,
        doc,
        "TTL",
        &table.ttl,
        known(ctx, &table.ttl, |ttl| {
            let on = ttl.attribute.as_ref().map(|name| format!(" on {name}"));
            format!("{}{}", ttl.status.to_lowercase(), on.unwrap_or_default())
        }),
    );
    facet(ctx, doc, "stream", description, of(|d| d.stream_view.clone().unwrap_or_else(|| "off".to_owned())));
    facet(
        ctx,
        doc,
        "replicas",
        description,
        of(|d| match d.replicas.len() {
            0 => "none".to_owned(),
            _ => d.replicas.iter().map(|one| one.region.clone()).collect::<Vec<_>>().join(" "),
        }),
    );
    facet(ctx, doc, "table class", description, of(|d| d.table_class.clone().unwrap_or_else(|| "STANDARD".to_owned())));
    facet(
        ctx,
        doc,
        "size",
        description,
        of(|d| match (d.items, d.bytes) {
            (Some(items), Some(bytes)) => format!("{} items, {}B", short(items), short(bytes)),
            _ => "not told".to_owned(),
        }),
    );
    facet(
        ctx,
        doc,
        "tags",
        &table.tags,
        known(ctx, &table.tags, |tags| match tags.len() {
            0 => "none: counts as restricted".to_owned(),
            count if ctx.store.estate().is_unclassed(table) => format!("{count}, none says the class: restricted"),
            count => format!("{count}"),
        }),
    );
    for (key, value) in table.tags.value().into_iter().flatten().take(50) {
        doc.field(ctx, "", &format!("{key} = {value}"));
    }
    policy_facet(ctx, table, doc);
    doc.field(ctx, "ARN", &table.arn);
}

/// `3.8M`: a count in three digits.
fn short(count: i64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
        _ => format!("{}.{}G", count / 1_000_000_000, count % 1_000_000_000 / 100_000_000),
    }
}

fn key_facet(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    facet(ctx, doc, "key", &table.description, tables::key_line(ctx, table));
    let arn = table.description.value().and_then(|description| description.kms_key.as_deref());
    let Some(arn) = arn else { return };
    doc.field(ctx, "  is", arn);
    if let Some(cell) = ctx.store.estate().keys.get(arn) {
        let words = known(ctx, cell, |key| match key.deletion {
            Some(at) => format!("{}, deleted {}", key.state, ctx.look.full(ctx.now, at)),
            None => key.state.clone(),
        });
        facet(ctx, doc, "  state", cell, words);
    }
}

fn pitr_facet(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    facet(ctx, doc, "PITR", &table.pitr, tables::pitr_line(ctx, table));
    if let Some(pitr) = table.pitr.value() {
        let time = |at: Option<jiff::Timestamp>| at.map_or("not told".to_owned(), |at| ctx.look.full(ctx.now, at));
        doc.field(ctx, "  restorable", &format!("from {} to {}", time(pitr.earliest), time(pitr.latest)));
    }
}

fn backup_facet(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    match ctx.store.estate().backups.get(&table.scope) {
        Some(cell) => facet(ctx, doc, "backups", cell, tables::backup_line(ctx, table)),
        None => doc.spans(ctx, "backups", vec![ctx.look.say(Role::Accent, "reading …")], None),
    }
    doc.spans(ctx, "endpoints", tables::path_line(ctx, table).spans, None);
}

fn policy_facet(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    let words = known(ctx, &table.policy, |policy| if policy.is_some() { "set" } else { "none" }.to_owned());
    facet(ctx, doc, "policy", &table.policy, words);
    let Some(Some(policy)) = table.policy.value() else { return };
    match crate::policy::Document::parse(policy) {
        Ok(document) => {
            for sentence in crate::policy::describe(&document) {
                doc.field(ctx, "", &sentence);
            }
        }
        Err(error) => doc.field(ctx, "", &format!("not understood: {error}")),
    }
}

/// One judgement: the control, the reason, the evidence, what would mend it.
#[must_use]
pub fn judgement(ctx: &Ctx<'_>, resource: &str, control: &str) -> Option<Doc> {
    let judgement = ctx.store.judgement(resource, control)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let to =
        ctx.store.estate().tables.contains_key(resource).then(|| Screen::Detail(Thing::Table(resource.to_owned())));
    let mut verdict = look.verdict(judgement.verdict, judgement.verdict.word()).spans;
    if judgement.severity > Severity::Info {
        verdict.push(Span::raw("  "));
        verdict.push(look.severity(judgement.severity));
    }
    doc.spans(ctx, "verdict", verdict, None);
    doc.field(ctx, "reason", &judgement.reason);
    for (name, by) in [("muted", &judgement.muted), ("attested", &judgement.attested)] {
        if let Some(by) = by {
            doc.field(ctx, name, &format!("by {} until {}: {}", by.owner, by.expires, by.reason));
            doc.field(ctx, "proof", by.evidence.as_deref().unwrap_or("none named"));
        }
    }
    doc.field_to(ctx, "resource", resource, to);
    if let Some(action) = &judgement.missing_action {
        doc.field(ctx, "missing", action);
        doc.field(ctx, "what helps", "dynakeep iam-policy prints the policy that allows it");
    }
    doc.gap();
    doc.section(ctx, "evidence", "operation · age · request id · what was read");
    for one in &judgement.evidence {
        doc.field(ctx, "call", &format!("{} · {} · {}", one.operation, age(ctx.now, one.at), one.request_id));
        for field in &one.fields {
            doc.field(ctx, "", field);
        }
    }
    if judgement.evidence.is_empty() {
        doc.push(look.line(Role::Dim, "   no call answered"));
    }
    if let Some(control) = crate::controls::by_id(judgement.control) {
        doc.gap();
        let facts = control.facts();
        doc.section(ctx, control.id, facts.layer.word());
        doc.field_to(ctx, "asks", &facts.title, Some(Screen::List(Kind::Judged(control.id))));
        doc.field(ctx, "rests on", &control.operations.join(", "));
        if !control.blind.is_empty() {
            doc.field(ctx, "cannot see", control.blind);
        }
        if let Some(note) = &facts.note {
            doc.field(ctx, "note", note);
        }
        if let Some(command) = super::remedy::made_out(control.id, resource) {
            doc.field(ctx, "mends it", &text::line(&command));
            doc.field(ctx, "", &ctx.look.keys.fill("{copy-id} copies it; nothing is run"));
        }
        for (name, map) in [("published", &facts.published), ("suggested", &facts.suggested)] {
            let words: Vec<String> = map.iter().map(|(of, them)| format!("{of} {}", them.join(" "))).collect();
            if !words.is_empty() {
                doc.field(ctx, name, &words.join(", "));
            }
        }
    }
    Some(doc)
}
