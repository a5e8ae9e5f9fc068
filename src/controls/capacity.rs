//! Resilience: capacity that follows demand.

use serde_json::Value;

use crate::model::{Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, settle};
use super::{Baseline, Control, Judge};

const TARGETS: &str = "application-autoscaling:DescribeScalableTargets";

/// RES-15.
pub(super) const RES_15: &Control = &Control {
    id: "RES-15",
    operations: &["dynamodb:DescribeTable", TARGETS],
    blind: "indexes of a provisioned table scale apart and are not judged",
    judge: Judge::Table(capacity),
};

fn capacity(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_capacity(estate, baseline, table)), class(estate, table).1)
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
    let (mut draft, seen) = draft.answer(estate, &table.scope, TARGETS, "")?;
    let id = format!("table/{}", table.name);
    let all = seen.value["ScalableTargets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |unit: &str| {
        let dimension = format!("dynamodb:table:{unit}CapacityUnits");
        let is = |one: &&Value| one["ResourceId"] == *id && one["ScalableDimension"] == *dimension;
        all.iter().find(is)
    };
    let (reads, writes) = (of("Read"), of("Write"));
    let told = |one: Option<&Value>| if one.is_some() { "registered" } else { "absent" };
    draft.saw(seen, [format!("ScalableTargets of {id}: reads {}, writes {}", told(reads), told(writes))]);
    let is_suspended = |one: &Value| {
        let state = &one["SuspendedState"];
        ["DynamicScalingInSuspended", "DynamicScalingOutSuspended"].iter().any(|name| state[*name] == true)
    };
    Ok(match (reads, writes) {
        (None, None) => draft.fail("its capacity is provisioned and nothing scales it"),
        (Some(reads), Some(writes)) if is_suspended(reads) || is_suspended(writes) => {
            draft.warn("its scaling is suspended")
        }
        (Some(_), Some(_)) => draft.pass("its provisioned capacity scales"),
        (None, _) => draft.warn("its provisioned writes scale, its reads do not"),
        (_, None) => draft.warn("its provisioned reads scale, its writes do not"),
    })
}
