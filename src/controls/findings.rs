//! GuardDuty beyond being on: where findings are kept, and what rules of one's own look for.

use serde_json::Value;

use crate::model::{Cell, Estate, Judgement, Scope};

use super::draft::{Draft, asked_in, by_class, settle};
use super::{Baseline, Control, Judge};

const DESTINATIONS: &str = "guardduty:ListPublishingDestinations";
const RULES: &str = "guardduty:ListCustomDetectionRules";
const USED: &str = "guardduty:ListCustomDetectionRuleAssociations";

/// DET-08.
pub(super) const DET_08: &Control = &Control {
    id: "DET-08",
    operations: &[
        "guardduty:ListDetectors",
        "guardduty:GetDetector",
        DESTINATIONS,
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "the bucket that findings are exported to, and findings that Security Hub or a lake keeps",
    judge: Judge::Estate(kept),
};

fn kept(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_kept(estate, baseline, scope))).collect()
}

fn one_kept(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_08, scope.to_string());
    let (mut draft, seen) = draft.need("ListDetectors", estate.detectors.get(scope))?;
    let (class, unread) = asked_in(estate, baseline, DET_08, |of| of == scope);
    if class.is_none() {
        return Ok(draft.not_applicable("no table here states a class that asks for it"));
    }
    if seen.value.is_empty() {
        return Ok(draft.not_applicable("GuardDuty has no detector here (DET-01)"));
    }
    let mut all: Vec<String> = Vec::new();
    for detector in &seen.value {
        // Where the detectors could not be listed again, that stands for what each of them keeps.
        let cell: Option<&Cell<Value>> =
            estate.answer(scope, DESTINATIONS, &detector.id).or_else(|| estate.answer(scope, DESTINATIONS, ""));
        let answer;
        (draft, answer) = draft.need(DESTINATIONS, cell)?;
        let of: Vec<String> = answer.value["destinations"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|of| of["status"].as_str().unwrap_or("absent").to_owned())
            .collect();
        draft.saw(
            answer,
            [format!(
                "Destinations of {}: {}",
                detector.id,
                if of.is_empty() { "none".to_owned() } else { of.join(", ") }
            )],
        );
        all.extend(of);
    }
    let has = |word: &str| all.iter().any(|of| of == word);
    let judged = if has("PUBLISHING") {
        draft.pass("findings are exported to a bucket")
    } else if has("UNABLE_TO_PUBLISH_FIX_DESTINATION_PROPERTY") {
        draft.fail("findings can no more be exported: the bucket or its key refuses them")
    } else if has("STOPPED") {
        draft.fail("the export of findings was stopped")
    } else if has("PENDING_VERIFICATION") {
        draft.warn("the export of findings waits for its bucket to be verified")
    } else if all.is_empty() {
        draft.warn("findings are exported nowhere: they go after 90 days")
    } else {
        draft.unclear(format!("the answer says of the export: {}", all.join(", ")))
    };
    Ok(by_class(judged, unread))
}

/// DET-07.
pub(super) const DET_07: &Control = &Control {
    id: "DET-07",
    operations: &[RULES, USED, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "rules for the whole organization, which its administrator sees; no rule of the library names DynamoDB or KMS",
    judge: Judge::Estate(looked_for),
};

/// The rules of GuardDuty's library about sharing data and gaining rights.
const WANTED: [&str; 6] = [
    "AdminPolicyAttachedToRole",
    "AdminPolicyAttachedToUser",
    "IAMRoleTrustPolicyModified",
    "S3BucketPolicyExternalAccess",
    "S3LifecycleRapidExpiration",
    "VPCFlowLogsDeleted",
];

fn looked_for(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_looked_for(estate, baseline, scope))).collect()
}

fn one_looked_for(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, used) = Draft::new(DET_07, scope.to_string()).answer(estate, scope, USED, "")?;
    let (class, unread) = asked_in(estate, baseline, DET_07, |of| of == scope);
    if class.is_none() {
        return Ok(draft.not_applicable("no table here states a class that asks for it"));
    }
    let of: Vec<&Value> = used.value["ruleAssociations"].as_array().into_iter().flatten().collect();
    draft.saw(used, [format!("RuleAssociations={}", of.len())]);
    if of.is_empty() {
        return Ok(by_class(draft.warn("no custom detection rule is in use here"), unread));
    }
    let (mut draft, rules) = draft.answer(estate, scope, RULES, "")?;
    let name = |id: &str| {
        let rule = rules.value["rules"].as_array().into_iter().flatten().find(|of| of["ruleId"].as_str() == Some(id));
        rule.and_then(|of| of["name"].as_str()).unwrap_or("absent").to_owned()
    };
    let mut live = Vec::new();
    for one in &of {
        let (Some(id), Some(mode)) = (one["ruleId"].as_str(), one["mode"].as_str()) else {
            return Ok(draft.unclear("the answer names no rule or no mode"));
        };
        draft.saw(rules, [format!("RuleAssociations[{}].Mode={mode}", name(id))]);
        if mode == "LIVE" {
            live.push(name(id));
        }
    }
    let missing: Vec<&str> = WANTED.into_iter().filter(|wanted| !live.iter().any(|of| of == wanted)).collect();
    Ok(match (live.len(), missing.as_slice()) {
        (0, _) => by_class(draft.warn("custom detection rules run dry alone, which ends after 14 days"), unread),
        (_, []) => draft.pass("custom detection rules look for shared data and for rights gained"),
        (_, some) => by_class(draft.warn(format!("not looked for: {}", some.join(", "))), unread),
    })
}
