//! AWS Backup: whether a plan covers a table, and whether what it keeps can be taken away.

use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{Cell, DataClass, Estate, Judgement, Scope, Table};

use super::data_protection::is_sensitive;
use super::draft::{Draft, by_class, class, settle, texts};
use super::{Baseline, Control, Judge};

const PLANS: &str = "backup:ListBackupPlans";
const LISTED: &str = "backup:ListBackupSelections";
const SELECTIONS: &str = "backup:GetBackupSelection";
const PROTECTED: &str = "backup:ListProtectedResources";
const OPT_IN: &str = "backup:DescribeRegionSettings";
const VAULTS: &str = "backup:ListBackupVaults";
const ACCESS: &str = "backup:GetBackupVaultAccessPolicy";

/// RES-05.
pub(super) const RES_05: &Control = &Control {
    id: "RES-05",
    operations: &[PLANS, LISTED, SELECTIONS, PROTECTED, OPT_IN, "dynamodb:ListTagsOfResource"],
    blind: "whether the role of a selection may back the table up shows in the backup alone",
    judge: Judge::Table(covered),
};

fn covered(estate: &Estate, _: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_covered(estate, table)), class(estate, table).1)
}

fn judge_covered(estate: &Estate, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_05, &table.arn);
    if !is_sensitive(class(estate, table).0) {
        return Ok(draft.not_applicable("the class asks for no plan"));
    }
    let scope = &table.scope;
    let (mut draft, plans) = draft.answer(estate, scope, PLANS, "")?;
    draft.saw(plans, [format!("BackupPlansList={}", items(&plans.value, "/BackupPlansList").len())]);
    let (mut draft, opted) = draft.answer(estate, scope, OPT_IN, "")?;
    let opted_in = opted.value.pointer("/ResourceTypeOptInPreference/DynamoDB") == Some(&Value::Bool(true));
    draft.saw(opted, [format!("ResourceTypeOptInPreference.DynamoDB={opted_in}")]);
    let (mut by, mut unread) = (None, None);
    for plan in items(&plans.value, "/BackupPlansList").iter().filter_map(|plan| plan["BackupPlanId"].as_str()) {
        let listed;
        (draft, listed) = draft.answer(estate, scope, LISTED, plan)?;
        for id in items(&listed.value, "/BackupSelectionsList").iter().filter_map(|of| of["SelectionId"].as_str()) {
            match estate.answer(scope, SELECTIONS, &format!("{plan}/{id}")).and_then(Cell::known) {
                Some(Ok(seen)) => match selects(&seen.value["BackupSelection"], table, opted_in) {
                    Some(true) => {
                        let name = seen.value.pointer("/BackupSelection/SelectionName").and_then(Value::as_str);
                        draft.saw(seen, [format!("BackupSelection.SelectionName={}", name.unwrap_or(id))]);
                        by = by.or(Some(name.unwrap_or(id).to_owned()));
                    }
                    Some(false) => {}
                    None => unread = Some(table.tags.fault.as_ref().map(|fault| &fault.error)),
                },
                Some(Err(error)) => unread = Some(Some(error)),
                None => unread = Some(None),
            }
        }
    }
    let Some(by) = by else {
        return Ok(match unread {
            Some(error) => draft.unknown("GetBackupSelection, or the tags that it asks for", error),
            None => draft.fail("no selection of a backup plan covers it"),
        });
    };
    let (mut draft, protected) = draft.answer(estate, scope, PROTECTED, "")?;
    let results = items(&protected.value, "/Results");
    let own = results.iter().find(|of| of["ResourceArn"].as_str() == Some(&table.arn));
    draft.saw(protected, [format!("Results[ResourceArn={}]={}", table.name, own.is_some())]);
    Ok(match own {
        Some(_) => draft.pass(format!("selected by {by}, and backed up")),
        None => draft.warn(format!("selected by {by}, but never backed up")),
    })
}

/// Whether a selection takes a table: its resources and tags together, less those left out, where all conditions hold.
/// `None` when the table's tags decide and are not known.
///
/// Source: AWS Backup's guide, "Assigning resources". Tags and wildcards take only types that the region opted in to.
fn selects(of: &Value, table: &Table, opted_in: bool) -> Option<bool> {
    let fits = |pattern: &&str| WildMatch::new(pattern).matches(&table.arn);
    if texts(&of["NotResources"]).iter().any(fits) {
        return Some(false);
    }
    let named = texts(&of["Resources"]).iter().filter(|pattern| opted_in || !pattern.contains('*')).any(fits);
    let asked = items(of, "/ListOfTags");
    let conditions = of["Conditions"].as_object().is_some_and(|of| of.values().any(|of| !items(of, "").is_empty()));
    let tags = table.tags.value();
    let tagged = || -> Option<bool> {
        let tags = tags?;
        let has = |one: &Value| {
            let (key, value) = (one["ConditionKey"].as_str()?, one["ConditionValue"].as_str()?);
            Some(tags.get(key.strip_prefix("aws:ResourceTag/").unwrap_or(key)).map(String::as_str) == Some(value))
        };
        Some(opted_in && asked.iter().any(|one| has(one) == Some(true)))
    };
    let taken = named || (!asked.is_empty() && tagged()?);
    if !taken || !conditions {
        return Some(taken);
    }
    let tags = tags?;
    let holds = |how: &str, one: &Value| {
        let key = one["ConditionKey"].as_str().unwrap_or_default();
        let tag = tags.get(key.strip_prefix("aws:ResourceTag/").unwrap_or(key)).map_or("", String::as_str);
        let wanted = one["ConditionValue"].as_str().unwrap_or_default();
        match how {
            "StringEquals" => tag == wanted,
            "StringNotEquals" => tag != wanted,
            "StringLike" => WildMatch::new(wanted).matches(tag),
            "StringNotLike" => !WildMatch::new(wanted).matches(tag),
            _ => false,
        }
    };
    let all = of["Conditions"].as_object().into_iter().flatten();
    Some(all.flat_map(|(how, of)| items(of, "").iter().map(move |one| (how, one))).all(|(how, one)| holds(how, one)))
}

fn items<'a>(of: &'a Value, list: &str) -> &'a [Value] {
    of.pointer(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// RES-06.
pub(super) const RES_06: &Control = &Control {
    id: "RES-06",
    operations: &[VAULTS, ACCESS],
    blind: "vaults of other accounts that copies go to: RES-07",
    judge: Judge::Estate(locked),
};

fn locked(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let restricted = |scope: &Scope| {
        estate.tables.values().any(|table| table.scope == *scope && estate.data_class(table) == DataClass::Restricted)
    };
    let judge = |scope: &Scope| settle(judge_locked(estate, baseline, scope, restricted(scope)));
    estate.scopes.iter().map(judge).collect()
}

fn judge_locked(
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    restricted: bool,
) -> Result<Judgement, Box<Judgement>> {
    let (draft, _) =
        Draft::new(RES_06, scope.to_string()).need("dynamodb:ListTables", estate.populations.get(scope))?;
    if !restricted {
        return Ok(draft.not_applicable("no restricted table is known here"));
    }
    let (mut draft, seen) = draft.answer(estate, scope, VAULTS, "")?;
    let vaults = items(&seen.value, "/BackupVaultList");
    let used: Vec<&Value> =
        vaults.iter().filter(|vault| vault["NumberOfRecoveryPoints"].as_i64().unwrap_or(1) > 0).collect();
    if used.is_empty() {
        draft.saw(seen, ["BackupVaultList=none with recovery points".to_owned()]);
        return Ok(draft.fail("no vault holds a recovery point: no backup is out of the tables' own reach"));
    }
    let floor = i64::from(baseline.least_pitr_days(DataClass::Restricted));
    let (mut best, mut words) = (0, String::new());
    for vault in used {
        let name = vault["BackupVaultName"].as_str().unwrap_or("?");
        let gapped = vault["VaultType"].as_str() == Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
        let locked = vault["Locked"].as_bool() == Some(true);
        // A lock date that has passed cannot be taken back; without one, whoever may, unlocks.
        let date = vault["LockDate"].as_f64().map(|at| at as i64);
        let fast = date.is_some_and(|at| at <= estate.now.as_second());
        let days = vault["MinRetentionDays"].as_i64().unwrap_or(0);
        draft.saw(seen, [format!("BackupVaultList[{name}].Locked={locked} LockDate={date:?} MinRetentionDays={days}")]);
        let (rank, why) = match (gapped, locked, fast, days >= floor) {
            (true, ..) => (3, format!("{name} is logically air-gapped")),
            (_, true, true, true) => (3, format!("{name} is locked for good, {days} days at least")),
            (_, true, true, false) => (2, format!("{name} is locked for good, but for {days} of {floor} days")),
            (_, true, false, _) => (2, format!("{name} is locked in governance mode: whoever may, unlocks it")),
            (_, false, ..) => (1, format!("{name} is not locked")),
        };
        if rank > best {
            (best, words) = (rank, why);
        }
    }
    Ok(match best {
        3 => draft.pass(words),
        2 => draft.warn(words),
        _ => draft.fail(words),
    })
}
