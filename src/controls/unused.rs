//! Identity: permissions that nobody uses.

use jiff::SignedDuration;
use serde_json::Value;

use crate::model::{Estate, Judgement};
use crate::policy::Actions;

use super::roster::{DETAILS, Kind, each_account, roster, some};
use super::watchers::{ANALYZERS, FINDINGS, findings};
use super::{Baseline, Control, Judge};

/// IAM-15.
pub(super) const IAM_15: &Control = &Control {
    id: "IAM-15",
    operations: &[DETAILS, ANALYZERS, FINDINGS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "which of a role's actions were used: the job that tells is started by nobody here, and an analyzer's finding \
            names the role alone",
    judge: Judge::Estate(unused),
};

/// Longer than this, and nobody misses it.
const LONG: SignedDuration = SignedDuration::from_hours(24 * 90);

const WRITES: [&str; 7] = [
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

fn unused(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let writes = Actions::of(&WRITES).or(Actions::control());
    let reach = Actions::items().or(Actions::control());
    each_account(IAM_15, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let roles = || roster.everyday(baseline).filter(|of| of.kind == Kind::Role && !of.in_hands);
        let (mut idle, mut untold) = (Vec::new(), Vec::new());
        for role in roles().filter(|of| !of.may(None).and(writes).is_empty()) {
            match role.used {
                // IAM looks back over 400 days.
                Some(used) => {
                    let since = used.or(role.created);
                    if since.is_none_or(|since| estate.now.duration_since(since) > LONG) {
                        idle.push(role.name.clone());
                    }
                }
                None => untold.push(role.name.clone()),
            }
        }
        draft.saw(seen, idle.iter().chain(&untold).take(3).map(|name| format!("{name}.RoleLastUsed")));
        draft.saw(seen, [format!("RoleLastUsed: {} unused", idle.len())]);
        if !idle.is_empty() {
            return Ok(draft.fail(format!("they may write and were not used for 90 days: {}", some(&idle))));
        }
        let (mut whole, mut partly, mut looked) = (Vec::new(), Vec::new(), false);
        for scope in estate.scopes.iter().filter(|scope| scope.account == account) {
            let (with, all) = draft.answer(estate, scope, ANALYZERS, "")?;
            draft = with;
            for analyzer in all.value["analyzers"].as_array().into_iter().flatten() {
                let kind = analyzer["type"].as_str().unwrap_or_default();
                if !kind.ends_with("_UNUSED_ACCESS") || analyzer["status"] != "ACTIVE" {
                    continue;
                }
                let (with, seen) = findings(draft, estate, scope, analyzer)?;
                draft = with;
                looked = true;
                for finding in seen.value["findings"].as_array().into_iter().flatten() {
                    let Some(role) = roles().find(|of| finding["resource"] == Value::String(of.arn.clone())) else {
                        continue;
                    };
                    if finding["status"] != "ACTIVE" || role.may(None).and(reach).is_empty() {
                        continue;
                    }
                    let found = match finding["findingType"].as_str() {
                        Some("UnusedIAMRole") => &mut whole,
                        Some("UnusedPermission") => &mut partly,
                        _ => continue,
                    };
                    draft.saw(seen, [format!("findings[].resource={}", role.arn)]);
                    found.push(role.name.clone());
                }
            }
        }
        Ok(match (whole.is_empty(), partly.is_empty(), untold.is_empty()) {
            (false, ..) => draft.fail(format!("an analyzer finds them unused: {}", some(&whole))),
            (_, false, _) => {
                draft.warn(format!("an analyzer finds permissions unused, perhaps DynamoDB's: {}", some(&partly)))
            }
            (.., false) => draft.warn(format!("when they were used last is not told: {}", some(&untold))),
            _ if !looked => draft.warn("no role lies idle, and no analyzer looks for permissions that nobody uses"),
            _ => draft.pass("no role lies idle, and an analyzer finds no permission unused"),
        })
    })
}
