//! Resilience: how much of what an account may provision is taken.

use crate::model::{Estate, Judgement, Scope};

use super::draft::{Draft, settle};
use super::{Baseline, Control, Judge};

const LIMITS: &str = "dynamodb:DescribeLimits";

/// RES-16.
pub(super) const RES_16: &Control = &Control {
    id: "RES-16",
    operations: &[LIMITS, "dynamodb:ListTables", "dynamodb:DescribeTable"],
    blind: "quotas of single tables, and those of tables that are billed by request",
    judge: Judge::Estate(|estate, _: &Baseline| {
        estate.scopes.iter().map(|scope| settle(headroom(estate, scope))).collect()
    }),
};

/// Percent of a limit from which on it is worth a look.
const NEAR: i64 = 80;

fn headroom(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (draft, _) =
        Draft::new(RES_16, scope.to_string()).need("dynamodb:ListTables", estate.populations.get(scope))?;
    let (mut draft, seen) = draft.answer(estate, scope, LIMITS, "")?;
    let limit = |unit: &str| seen.value[format!("AccountMax{unit}CapacityUnits")].as_i64();
    let (Some(reads), Some(writes)) = (limit("Read"), limit("Write")) else {
        return Ok(draft.unclear("the answer leaves a limit out"));
    };
    let (mut taken, mut unread) = ((0, 0), None);
    for table in estate.tables.values().filter(|table| table.scope == *scope) {
        let Some(described) = table.description.value() else {
            unread = unread.or(Some(table));
            continue;
        };
        if described.billing.as_deref() == Some("PAY_PER_REQUEST") {
            continue;
        }
        let indexes = described.indexes.iter().filter(|index| index.global).map(|index| index.provisioned);
        for units in indexes.chain([described.provisioned]) {
            let (Some(reads), Some(writes)) = units else {
                return Ok(draft.unclear(format!("the answer leaves ProvisionedThroughput of {} out", table.name)));
            };
            taken = (taken.0 + reads, taken.1 + writes);
        }
    }
    draft.saw(
        seen,
        [
            format!("AccountMaxReadCapacityUnits={reads}, provisioned {}", taken.0),
            format!("AccountMaxWriteCapacityUnits={writes}, provisioned {}", taken.1),
        ],
    );
    let share = |of: i64, limit: i64| of.saturating_mul(100) / limit.max(1);
    let (percent, what) =
        [(share(taken.0, reads), "reads"), (share(taken.1, writes), "writes")].into_iter().max().unwrap_or_default();
    let why = format!("{percent} % of the {what} that the account may provision are taken");
    Ok(match (percent, unread) {
        (100.., _) => draft.fail(why),
        (NEAR.., _) => draft.warn(why),
        (_, Some(table)) => {
            draft.need(&format!("DescribeTable of {}", table.name), Some(&table.description))?.0.unclear(why)
        }
        _ => draft.pass(why),
    })
}
