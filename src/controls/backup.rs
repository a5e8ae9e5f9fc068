//! AWS Backup: whether a plan covers a table, and whether what it keeps can be taken away.

use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{Cell, DataClass, Estate, Judgement, Scope, Seen, SourceError, Table, Verdict};
use crate::policy::lets;

use super::data_protection::is_sensitive;
use super::draft::{Draft, by_class, class, rows_of, settle, texts, unread};
use super::{Baseline, Control, Judge};

const PLANS: &str = "backup:ListBackupPlans";
const LISTED: &str = "backup:ListBackupSelections";
const SELECTIONS: &str = "backup:GetBackupSelection";
const PROTECTED: &str = "backup:ListProtectedResources";
/// What is protected, by the resource.
const OF_TABLE: (&str, &str) = ("Results", "ResourceArn");
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
    by_class(settle(judge_covered(estate, table)), unread(table))
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
                    None => unread = Some(table.tags.error()),
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
    let is_kept = !rows_of(estate, (scope, PROTECTED), protected, OF_TABLE, &table.arn).is_empty();
    draft.saw(protected, [format!("Results[ResourceArn={}]={is_kept}", table.name)]);
    Ok(if is_kept {
        draft.pass(format!("selected by {by}, and backed up"))
    } else {
        draft.warn(format!("selected by {by}, but never backed up"))
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
    operations: &["dynamodb:ListTables", "dynamodb:ListTagsOfResource", PROTECTED, VAULTS, ACCESS],
    blind: "of each table the vault of its newest recovery point alone is known; tables without any: RES-05; copies: RES-07",
    judge: Judge::Estate(locked),
};

fn locked(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(judge_locked(estate, baseline, scope))).collect()
}

/// Why a table's class is not known.
type Unread<'a> = Option<Option<&'a SourceError>>;

fn judge_locked(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (draft, _) =
        Draft::new(RES_06, scope.to_string()).need("dynamodb:ListTables", estate.populations.get(scope))?;
    let here = estate.tables.values().filter(|table| table.scope == *scope && !estate.is_unclassed(table));
    let asked: Vec<(&Table, DataClass, Unread<'_>)> = here
        .map(|table| (table, class(estate, table)))
        .filter(|(_, (class, _))| baseline.asks(*class, RES_06.id))
        .map(|(table, (class, unread))| (table, class, unread))
        .collect();
    // That it applies at all may be a guess.
    let guess = asked.iter().map(|(.., unread)| *unread).min_by_key(Option::is_some).flatten();
    if asked.is_empty() {
        return Ok(draft.not_applicable("no table here states class restricted"));
    }
    let (mut draft, seen) = draft.answer(estate, scope, VAULTS, "")?;
    let vaults = items(&seen.value, "/BackupVaultList");
    if vaults.is_empty() {
        draft.saw(seen, ["BackupVaultList=none".to_owned()]);
        return Ok(by_class(draft.fail("there is no vault: no backup is out of the tables' own reach"), guess));
    }
    let (mut draft, protected) = draft.answer(estate, scope, PROTECTED, "")?;
    let mut worst: Option<(Verdict, String, Unread<'_>)> = None;
    for (table, class, unread) in &asked {
        let of = rows_of(estate, (scope, PROTECTED), protected, OF_TABLE, &table.arn);
        let Some(own) = of.first() else { continue };
        let Some(arn) = own["LastBackupVaultArn"].as_str() else {
            return Ok(draft.unclear(format!("the answer names no vault of {}", table.name)));
        };
        let Some(vault) = vaults.iter().find(|of| of["BackupVaultArn"].as_str() == Some(arn)) else {
            return Ok(draft.unclear(format!("the vault {arn} of {} is not in the list", table.name)));
        };
        draft.saw(protected, [format!("Results[{}].LastBackupVaultArn={arn}", table.name)]);
        let floor = i64::from(baseline.least_pitr_days(*class));
        let (with, verdict, why) = judge_vault(draft, estate, scope, seen, vault, floor)?;
        draft = with;
        let rank = |verdict: Verdict, unread: &Unread<'_>| {
            (verdict == Verdict::Pass, verdict == Verdict::Warn, unread.is_some())
        };
        // A table whose class is a guess says less than one that states it.
        if worst.as_ref().is_none_or(|(of, _, guess)| rank(verdict, unread) < rank(*of, guess)) {
            worst = Some((verdict, format!("{}: {why}", table.name), *unread));
        }
    }
    Ok(match worst {
        Some((verdict, why, unread)) => by_class(draft.end(verdict, why), unread),
        None => {
            draft.saw(protected, ["Results=none of a restricted table".to_owned()]);
            by_class(draft.fail("no vault holds a recovery point of a restricted table"), guess)
        }
    })
}

/// How safe what a vault keeps is.
fn judge_vault(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    seen: &Seen<Value>,
    vault: &Value,
    floor: i64,
) -> Result<(Draft, Verdict, String), Box<Judgement>> {
    let mut draft = draft;
    let name = vault["BackupVaultName"].as_str().unwrap_or_default();
    let gapped = vault["VaultType"].as_str() == Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
    // A lock date that has passed cannot be taken back; without one, whoever may, unlocks.
    let date = vault["LockDate"].as_f64().map(|at| at as i64);
    let days = vault["MinRetentionDays"].as_i64();
    let told = |of: Option<i64>| of.map_or_else(|| "absent".to_owned(), |of| of.to_string());
    draft.saw(
        seen,
        [format!(
            "BackupVaultList[{name}].VaultType={} Locked={} LockDate={} MinRetentionDays={}",
            vault["VaultType"],
            vault["Locked"],
            told(date),
            told(days)
        )],
    );
    let locked = match vault["Locked"].as_bool() {
        // Such a vault is locked from its first day on.
        _ if gapped => true,
        Some(locked) => locked,
        None => return Err(Box::new(draft.unclear(format!("the answer leaves Locked of {name} out")))),
    };
    if !locked {
        return Ok((draft, Verdict::Fail, format!("{name} is not locked")));
    }
    if !gapped && date.is_none_or(|at| at > estate.now.as_second()) {
        return Ok((draft, Verdict::Warn, format!("{name} is locked in governance mode: whoever may, unlocks it")));
    }
    // A locked vault without a least retention has none; an air-gapped one always has.
    let days = match days {
        None if gapped => {
            return Err(Box::new(draft.unclear(format!("the answer leaves MinRetentionDays of {name} out"))));
        }
        days => days.unwrap_or(0),
    };
    if days < floor {
        return Ok((draft, Verdict::Warn, format!("{name} is locked for good, but for {days} of {floor} days")));
    }
    let (mut draft, access) = draft.answer(estate, scope, ACCESS, name)?;
    // None is no fault: identities' policies decide then.
    if let Some(text) = access.value["Policy"].as_str() {
        draft.saw(access, [format!("Policy={} bytes", text.len())]);
        let document;
        (draft, document) = draft.document(text)?;
        if lets(&document, DELETE) {
            return Ok((draft, Verdict::Warn, format!("the policy of {name} allows {DELETE}")));
        }
    } else {
        draft.saw(access, ["Policy=absent".to_owned()]);
    }
    let what = if gapped { "is logically air-gapped" } else { "is locked for good" };
    Ok((draft, Verdict::Pass, format!("{name} {what}, {days} days at least")))
}

/// What empties a vault.
const DELETE: &str = "backup:DeleteRecoveryPoint";
