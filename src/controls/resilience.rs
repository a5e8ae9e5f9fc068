//! Resilience: recovery and deletion.

use jiff::SignedDuration;

use crate::model::{DataClass, Estate, Judgement, Table};

use super::data_protection::is_sensitive;
use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// RES-01.
pub(super) const RES_01: &Control = &Control {
    id: "RES-01",
    operations: &["dynamodb:DescribeContinuousBackups", "dynamodb:ListTagsOfResource"],
    blind: "recovery that was switched off and on again since loses its history: see the window (RES-02)",
    judge: Judge::Table(pitr_on),
};

fn pitr_on(estate: &Estate, _: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_pitr_on(estate, table)), unread(table))
}

fn judge_pitr_on(estate: &Estate, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_01, &table.arn);
    let (class, _) = class(estate, table);
    let (mut draft, seen) = draft.need("DescribeContinuousBackups", Some(&table.pitr))?;
    if class == DataClass::Public && !seen.value.enabled {
        return Ok(draft.not_applicable("class public asks for none"));
    }
    let status = if seen.value.enabled { "ENABLED" } else { "DISABLED" };
    draft.saw(seen, [format!("PointInTimeRecoveryDescription.PointInTimeRecoveryStatus={status}")]);
    Ok(if seen.value.enabled {
        draft.pass("point-in-time recovery is on")
    } else {
        draft.fail("point-in-time recovery is off")
    })
}

/// RES-02.
pub(super) const RES_02: &Control = &Control {
    id: "RES-02",
    operations: &["dynamodb:DescribeContinuousBackups", "dynamodb:ListTagsOfResource"],
    blind: "",
    judge: Judge::Table(pitr_window),
};

/// A latest restorable time older than this does not move.
const STALE: SignedDuration = SignedDuration::from_mins(15);

fn pitr_window(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    settle(judge_pitr_window(estate, baseline, table))
}

fn judge_pitr_window(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_02, &table.arn);
    let (class, unread) = class(estate, table);
    if !is_sensitive(class) {
        return Ok(draft.not_applicable(format!("class {} asks for no window", class.word())));
    }
    let (mut draft, seen) = draft.need("DescribeContinuousBackups", Some(&table.pitr))?;
    let pitr = &seen.value;
    if !pitr.enabled {
        return Ok(draft.not_applicable("point-in-time recovery is off (RES-01)"));
    }
    let Some(days) = pitr.window_days else {
        return Ok(draft.unclear("the answer leaves RecoveryPeriodInDays out"));
    };
    let told = |at: Option<jiff::Timestamp>| at.map_or_else(|| "absent".to_owned(), |at| at.to_string());
    draft.saw(
        seen,
        [
            format!("PointInTimeRecoveryDescription.RecoveryPeriodInDays={days}"),
            format!("PointInTimeRecoveryDescription.EarliestRestorableDateTime={}", told(pitr.earliest)),
            format!("PointInTimeRecoveryDescription.LatestRestorableDateTime={}", told(pitr.latest)),
        ],
    );
    let floor = baseline.least_pitr_days(class);
    if days < floor {
        return Ok(match unread {
            Some(error) => draft.unknown("data class, from tags", error),
            None => draft.fail(format!("{days} of the {floor} days that class {} asks for", class.word())),
        });
    }
    // The age of the latest restorable time is taken when it was read: the reading's own age is another matter.
    match pitr.latest {
        Some(latest) if seen.at.duration_since(latest) < STALE => {}
        Some(latest) => return Ok(draft.warn(format!("restorable only up to {latest}"))),
        None => return Ok(draft.warn("the answer names no latest restorable time")),
    }
    let full = SignedDuration::from_hours(i64::from(floor) * 24);
    Ok(match pitr.earliest {
        Some(earliest) if seen.at.duration_since(earliest) < full => {
            draft.warn(format!("the window of {days} days is still filling: it begins at {earliest}"))
        }
        _ => draft.pass(format!("{days} days, and moving")),
    })
}

/// RES-03.
pub(super) const RES_03: &Control = &Control {
    id: "RES-03",
    operations: &["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"],
    blind: "",
    judge: Judge::Table(deletion_protection),
};

fn deletion_protection(estate: &Estate, _: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_deletion_protection(estate, table)), unread(table))
}

fn judge_deletion_protection(estate: &Estate, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_03, &table.arn);
    let (class, _) = class(estate, table);
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    if class == DataClass::Public && seen.value.deletion_protection == Some(false) {
        return Ok(draft.not_applicable("class public asks for none"));
    }
    let Some(here) = seen.value.deletion_protection else {
        return Ok(draft.unclear("the answer leaves DeletionProtectionEnabled out"));
    };
    draft.saw(seen, [format!("Table.DeletionProtectionEnabled={here}")]);
    if !here {
        return Ok(draft.fail("deletion protection is off"));
    }
    let mut unseen = Vec::new();
    for replica in seen.value.replicas.iter().filter(|replica| replica.region != table.scope.region) {
        let described = estate.replica(table, &replica.region).and_then(|table| table.description.seen.as_ref());
        match described.map(|seen| (seen, seen.value.deletion_protection)) {
            Some((of, Some(protected))) => {
                draft.saw(of, [format!("{}: Table.DeletionProtectionEnabled={protected}", replica.region)]);
                if !protected {
                    return Ok(draft.fail(format!("deletion protection is off on the replica in {}", replica.region)));
                }
            }
            _ => unseen.push(replica.region.as_str()),
        }
    }
    Ok(match unseen.as_slice() {
        [] => draft.pass("deletion protection is on"),
        regions => draft.warn(format!("on here; the replica in {} was not read", regions.join(", "))),
    })
}

/// RES-04.
pub(super) const RES_04: &Control = &Control {
    id: "RES-04",
    operations: &["dynamodb:ListBackups", "dynamodb:ListTagsOfResource"],
    blind: "recovery points in vaults of AWS Backup are not read",
    judge: Judge::Table(recent_backup),
};

fn recent_backup(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_recent_backup(estate, baseline, table)), unread(table))
}

fn judge_recent_backup(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_04, &table.arn);
    let (class, _) = class(estate, table);
    let hours = baseline.of(class).backup_max_age_hours.filter(|_| baseline.asks(class, RES_04.id));
    let Some(hours) = hours else {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    };
    let (mut draft, seen) = draft.need("ListBackups", estate.backups.get(&table.scope))?;
    // A table that the list does not name has none.
    let of = seen.value.get(&table.name).cloned().unwrap_or_default();
    let told = |at: Option<jiff::Timestamp>| at.map_or_else(|| "absent".to_owned(), |at| at.to_string());
    draft.saw(
        seen,
        [
            format!("BackupSummaries={} of SYSTEM {}", of.count + of.system, of.system),
            format!("newest={}", told(of.newest)),
        ],
    );
    let asked = format!("class {} asks for one in {hours} h", class.word());
    let limit = SignedDuration::from_hours(hours);
    let soon = estate.now.saturating_add(limit).unwrap_or(estate.now);
    Ok(match of.newest {
        None if of.system > 0 => draft.warn(format!("only what DynamoDB left of a deleted table; {asked}")),
        None => draft.fail(format!("it has no backup; {asked}")),
        Some(at) if estate.now.duration_since(at) > limit => draft.fail(format!("the newest is of {at}; {asked}")),
        Some(at) if of.expires.is_some_and(|end| end <= soon) => {
            draft.warn(format!("the newest, of {at}, expires at {}", told(of.expires)))
        }
        Some(at) => draft.pass(format!("the newest is of {at}")),
    })
}
