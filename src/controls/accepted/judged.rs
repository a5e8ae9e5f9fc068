//! DET-13: tables held against what was accepted of them.
//!
//! The catalogue also asks for the event that caused each difference. That is left to the Trail: a control is judged over
//! what is, and says here what differs, and whose acceptance it differs from.

use std::collections::BTreeMap;

use crate::model::{Estate, Evidence, Judgement, Table};

use super::super::draft::{Draft, by_class, class, settle, unread};
use super::super::{Baseline, Control, Judge};
use super::{AcceptedTable, Compared, Effect, compare};

/// DET-13.
pub(in super::super) const DET_13: &Control = &Control {
    id: "DET-13",
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:GetResourcePolicy",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:DescribeKinesisStreamingDestination",
        "dynamodb:ListContributorInsights",
        "dynamodb:ListTagsOfResource",
        "kinesis:DescribeStreamSummary",
        "kms:DescribeKey",
    ],
    blind: "tables that are gone (`dynakeep baseline diff` names them), settings that nobody accepted, and which event \
            caused a difference",
    judge: Judge::Table(held),
};

fn held(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_held(estate, baseline, table)), unread(table))
}

fn judge_held(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_13, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, DET_13.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (draft, _) = draft.need("DescribeTable", Some(&table.description))?;
    if let Some(broken) = &baseline.accepted.broken {
        return Ok(draft.unclear(format!("the accepted state is not understood: {broken}")));
    }
    let Some(accepted) = baseline.accepted.tables.get(&table.arn) else {
        return Ok(draft.unclear(format!(
            "nobody accepted its settings yet: dynakeep baseline accept 'name:{}' --reason TEXT",
            table.name
        )));
    };
    Ok(said(draft, accepted, compare(estate, baseline, table, accepted)))
}

fn said(mut draft: Draft, accepted: &AcceptedTable, mut compared: Compared) -> Judgement {
    let mut calls: BTreeMap<(&str, &str), Evidence> = BTreeMap::new();
    for (name, reading) in &compared.readings {
        let call = &reading.call;
        let of = calls.entry((call.operation, &call.request_id)).or_insert_with(|| Evidence {
            operation: call.operation,
            request_id: call.request_id.clone(),
            at: reading.at,
            fields: Vec::new(),
        });
        of.fields.push(format!("{name}={}", reading.value.words(name, 200)));
    }
    calls.into_values().for_each(|evidence| draft.add(evidence));
    let lowers = |effect: &Effect| matches!(effect, Effect::Lowers(_));
    compared.differences.sort_by_key(|of| !lowers(&of.effect));
    let all: Vec<String> = compared.differences.iter().map(super::Difference::words).collect();
    let who = format!("accepted by {} on {}", accepted.by, accepted.at.strftime("%Y-%m-%d"));
    let mut beside = String::new();
    if !compared.never.is_empty() {
        beside.push_str(&format!("; never accepted: {}", compared.never.join(", ")));
    }
    if !compared.untold.is_empty() {
        beside.push_str(&format!("; the answer leaves out {}", compared.untold.join(", ")));
    }
    let differs = if all.is_empty() { String::new() } else { format!("{}; {who}", all.join("; ")) };
    if compared.differences.iter().any(|of| lowers(&of.effect)) {
        let not: Vec<&str> = compared.unread.iter().map(|(name, _)| name.as_str()).collect();
        let not = if not.is_empty() { String::new() } else { format!("; not read: {}", not.join(", ")) };
        return draft.fail(format!("{differs}{not}{beside}"));
    }
    if let Some((name, error)) = compared.unread.first() {
        let what = if all.is_empty() { name.clone() } else { format!("{differs}; {name}") };
        return draft.unknown(&what, error.as_ref());
    }
    let denied = compared.differences.iter().find_map(|of| match &of.effect {
        Effect::Unsaid(_, action @ Some(_)) => Some(action.clone()),
        _ => None,
    });
    if let Some(missing_action) = denied {
        return Judgement { missing_action, ..draft.unclear(differs) };
    }
    if !all.is_empty() {
        return draft.warn(format!("{differs}{beside}"));
    }
    if !compared.untold.is_empty() || compared.readings.is_empty() {
        return draft.unclear(format!("not all can be compared; {who}{beside}"));
    }
    draft.pass(format!("as {who}: {}{beside}", accepted.reason))
}
