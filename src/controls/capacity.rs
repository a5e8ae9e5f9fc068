//! Resilience: capacity that follows demand.

use crate::model::{Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, settle};
use super::{Baseline, Control, Judge};

/// RES-15.
pub(super) const RES_15: &Control = &Control {
    id: "RES-15",
    operations: &["dynamodb:DescribeTable"],
    blind: "scalable targets are not read: of provisioned capacity it is not known whether it scales",
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
    Ok(match (mode, reads, writes) {
        ("PAY_PER_REQUEST", None, None) => draft.pass("it is billed and scaled by request"),
        ("PAY_PER_REQUEST", ..) => {
            draft.warn(format!("somebody capped it: reads {}, writes {} a second", told(reads), told(writes)))
        }
        _ => draft.unclear("its capacity is provisioned; whether it scales is not read"),
    })
}
