//! Resilience: capacity that follows demand.

use serde_json::Value;

use crate::model::{Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, rows_of, settle, unread};
use super::{Baseline, Control, Judge};

const TARGETS: &str = "application-autoscaling:DescribeScalableTargets";

/// RES-15.
pub(super) const RES_15: &Control = &Control {
    id: "RES-15",
    operations: &["dynamodb:DescribeTable", TARGETS, "dynamodb:ListTagsOfResource"],
    blind: "whether the bounds of scaling fit the demand",
    judge: Judge::Table(capacity),
};

fn capacity(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_capacity(estate, baseline, table)), unread(table))
}

fn judge_capacity(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_15, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_15.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    let mode = seen.value.billing.as_deref().unwrap_or("PROVISIONED");
    let (reads, writes) = seen.value.caps;
    let told = |cap: Option<i64>| cap.map_or_else(|| "absent".to_owned(), |cap| cap.to_string());
    draft.saw(
        seen,
        [
            format!("Table.BillingModeSummary.BillingMode={mode}"),
            format!("Table.OnDemandThroughput={}/{}", told(reads), told(writes)),
        ],
    );
    if mode != "PAY_PER_REQUEST" {
        return judge_targets(estate, table, draft);
    }
    Ok(match (reads, writes) {
        (None, None) => draft.pass("it is billed and scaled by request"),
        _ => draft.warn(format!("somebody capped it: reads {}, writes {} a second", told(reads), told(writes))),
    })
}

/// Whether what is provisioned follows demand.
fn judge_targets(estate: &Estate, table: &Table, draft: Draft) -> Result<Judgement, Box<Judgement>> {
    let (draft, described) = draft.need("DescribeTable", Some(&table.description))?;
    let (mut draft, seen) = draft.answer(estate, &table.scope, TARGETS, "")?;
    let mut of = |kind: &str, id: &str| {
        let its = rows_of(estate, (&table.scope, TARGETS), seen, ("ScalableTargets", "ResourceId"), id);
        let target = |unit: &str| {
            let dimension = format!("dynamodb:{kind}:{unit}CapacityUnits");
            its.iter().copied().find(|one| one["ScalableDimension"] == *dimension)
        };
        let (reads, writes) = (target("Read"), target("Write"));
        let told = |one: Option<&Value>| if one.is_some() { "registered" } else { "absent" };
        draft.saw(seen, [format!("ScalableTargets of {id}: reads {}, writes {}", told(reads), told(writes))]);
        (reads, writes)
    };
    let id = format!("table/{}", table.name);
    let own = of("table", &id);
    let indexes = described.value.indexes.iter().filter(|index| index.global);
    let indexes: Vec<_> =
        indexes.map(|index| (&index.name, of("index", &format!("{id}/index/{}", index.name)))).collect();
    let is_suspended = |one: &&Value| {
        let state = &one["SuspendedState"];
        ["DynamicScalingInSuspended", "DynamicScalingOutSuspended"].iter().any(|name| state[*name] == true)
    };
    let any_suspended = |(reads, writes): &(Option<&Value>, Option<&Value>)| {
        reads.as_ref().is_some_and(is_suspended) || writes.as_ref().is_some_and(is_suspended)
    };
    let suspended = indexes.iter().find(|(_, of)| any_suspended(of));
    let bare = indexes.iter().find(|(_, (reads, writes))| reads.is_none() || writes.is_none());
    Ok(match own {
        (None, None) => draft.fail("its capacity is provisioned and nothing scales it"),
        (None, _) => draft.warn("its provisioned writes scale, its reads do not"),
        (_, None) => draft.warn("its provisioned reads scale, its writes do not"),
        _ if any_suspended(&own) => draft.warn("its scaling is suspended"),
        _ => match (bare, suspended) {
            (Some((name, _)), _) => draft.warn(format!("it scales, its index {name} does not or by half")),
            (_, Some((name, _))) => draft.warn(format!("the scaling of its index {name} is suspended")),
            _ => draft.pass("its provisioned capacity scales, and that of its indexes"),
        },
    })
}
