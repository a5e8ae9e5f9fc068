//! Copies of backups out of the account, and whether anybody ever restored one.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Arn, Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, rows_of, settle, unread};
use super::{Baseline, Control, Judge};

const COPIES: &str = "backup:ListCopyJobs";
const PLANS: &str = "backup:ListBackupPlans";
const PLAN: &str = "backup:GetBackupPlan";
const SETTINGS: &str = "backup:DescribeRegionSettings";
const RESTORES: &str = "backup:ListRestoreJobs";

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn when(of: &Value) -> Option<Timestamp> {
    Timestamp::from_second(of.as_f64()? as i64).ok()
}

/// RES-07.
pub(super) const RES_07: &Control = &Control {
    id: "RES-07",
    operations: &["dynamodb:ListTagsOfResource", COPIES, SETTINGS, PLANS, PLAN],
    blind: "copies that a central account pulls are not seen from here; copy jobs are listed for a month",
    judge: Judge::Table(copied),
};

fn copied(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_copied(estate, baseline, table)), unread(table))
}

fn judge_copied(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_07, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_07.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let scope = &table.scope;
    let (mut draft, seen) = draft.answer(estate, scope, COPIES, "")?;
    let own = Arn::parse(&table.arn).map_or_else(|| scope.account.clone(), |arn| arn.account);
    let (mut away, mut here): (Option<(Timestamp, Arn)>, Option<Arn>) = (None, None);
    let jobs = rows_of(estate, (scope, COPIES), seen, ("CopyJobs", "ResourceArn"), &table.arn);
    for job in jobs.into_iter().filter(|job| job["State"].as_str() == Some("COMPLETED")) {
        let Some(to) = job["DestinationBackupVaultArn"].as_str().and_then(Arn::parse) else {
            return Ok(draft.unclear("the answer leaves the vault of a copy out"));
        };
        if to.account == own {
            if to.region != scope.region {
                here = Some(to);
            }
            continue;
        }
        let Some(at) = when(&job["CompletionDate"]) else {
            return Ok(draft.unclear("the answer leaves CompletionDate of a copy out"));
        };
        if away.as_ref().is_none_or(|(newest, _)| at > *newest) {
            away = Some((at, to));
        }
    }
    let told = away.as_ref().map(|(_, to)| to).or(here.as_ref()).map_or_else(|| "none".to_owned(), ToString::to_string);
    draft.saw(seen, [format!("CopyJobs[{}].DestinationBackupVaultArn={told}", table.name)]);
    if let Some((at, to)) = away {
        let hours = baseline.of(class).backup_max_age_hours;
        let late = hours.filter(|hours| estate.now.duration_since(at) > SignedDuration::from_hours(*hours));
        return Ok(match late {
            Some(hours) => draft.warn(format!(
                "the newest copy in account {} is of {at}; class {} asks for one in {hours} h",
                to.account,
                class.word()
            )),
            None => draft.pass(format!("copied to account {} at {at}", to.account)),
        });
    }
    if let Some(to) = here {
        return Ok(draft.warn(format!("copied to {} of the same account alone", to.region)));
    }
    let (mut draft, settings) = draft.answer(estate, scope, SETTINGS, "")?;
    let manages = &settings.value["ResourceTypeManagementPreference"]["DynamoDB"];
    draft.saw(settings, [format!("ResourceTypeManagementPreference.DynamoDB={manages}")]);
    if *manages == Value::Bool(false) {
        return Ok(draft.warn("no copy, and none is possible: AWS Backup's advanced features are off for DynamoDB"));
    }
    let (mut draft, plans) = draft.answer(estate, scope, PLANS, "")?;
    for id in list(&plans.value, "BackupPlansList").iter().filter_map(|plan| plan["BackupPlanId"].as_str()) {
        let plan;
        (draft, plan) = draft.answer(estate, scope, PLAN, id)?;
        let actions = list(&plan.value["BackupPlan"], "Rules").iter().flat_map(|rule| list(rule, "CopyActions"));
        let mut to = actions.filter_map(|of| of["DestinationBackupVaultArn"].as_str());
        if let Some(vault) = to.find(|vault| Arn::parse(vault).is_some_and(|of| of.account != own)) {
            draft.saw(plan, [format!("BackupPlan.Rules[].CopyActions[].DestinationBackupVaultArn={vault}")]);
            return Ok(draft.fail(format!("a plan copies to {vault}, and no copy of this table is done")));
        }
    }
    Ok(draft.fail("no copy of its backups lies in another account, and no plan makes one"))
}

/// RES-17. The restores of all tables stand in one list, so none is asked for a table.
pub(super) const RES_17: &Control = &Control {
    id: "RES-17",
    operations: &["dynamodb:ListTagsOfResource", RESTORES],
    blind: "restores that DynamoDB itself made, and those in other accounts",
    judge: Judge::Table(rehearsed),
};

/// A rehearsal older than this is forgotten.
const REHEARSAL: SignedDuration = SignedDuration::from_hours(365 * 24);

fn rehearsed(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_rehearsed(estate, baseline, table)), unread(table))
}

fn judge_rehearsed(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_17, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_17.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.answer(estate, &table.scope, RESTORES, "")?;
    let jobs = rows_of(estate, (&table.scope, RESTORES), seen, ("RestoreJobs", "SourceResourceArn"), &table.arn);
    let of = jobs.into_iter().filter(|job| job["Status"].as_str() == Some("COMPLETED"));
    let newest = of.filter_map(|job| when(&job["CompletionDate"])).max();
    let told = newest.map_or_else(|| "none".to_owned(), |at| at.to_string());
    draft.saw(seen, [format!("RestoreJobs[SourceResourceArn={}].CompletionDate={told}", table.name)]);
    if let Some(at) = newest.filter(|at| estate.now.duration_since(*at) <= REHEARSAL) {
        return Ok(draft.pass(format!("AWS Backup restored it at {at}")));
    }
    Ok(match newest {
        Some(at) => draft.warn(format!("AWS Backup last restored it at {at}")),
        None => draft.warn("no restore of it by AWS Backup is on record"),
    })
}
