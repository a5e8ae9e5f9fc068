//! Copies of tables in buckets: whether anybody watches over them.

use serde_json::Value;

use crate::model::{Cell, DataClass, Estate, Judgement, Scope, SourceError};

use super::draft::{Draft, asked_in, by_class, settle};
use super::{Baseline, Control, Judge};

pub(super) const EXPORTS: &str = "dynamodb:ListExports";
const MACIE: &str = "macie2:GetMacieSession";

/// DET-02.
pub(super) const DET_02: &Control = &Control {
    id: "DET-02",
    operations: &[
        "guardduty:ListDetectors",
        "guardduty:GetDetector",
        EXPORTS,
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "exports older than 90 days, and in which region the buckets of exports lie: each region's detector watches its own",
    judge: Judge::Estate(watched),
};

fn watched(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_watched(estate, baseline, scope))).collect()
}

fn one_watched(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_02, scope.to_string());
    let (mut draft, seen) = draft.need("ListDetectors", estate.detectors.get(scope))?;
    let (class, unread) = asked_in(estate, baseline, DET_02, |of| of == scope);
    if class.is_none() {
        return Ok(draft.not_applicable("no table here states a class that asks for it"));
    }
    let mut state = "GuardDuty is off here (DET-01), and looks at no bucket";
    for detector in seen.value.iter().filter(|of| of.enabled) {
        let on = detector.features.iter().find(|(name, _)| name == "S3_DATA_EVENTS").map(|(_, on)| *on);
        let told = on.map_or("absent", |on| if on { "ENABLED" } else { "DISABLED" });
        draft.saw(seen, [format!("Detector[{}].Features[S3_DATA_EVENTS].Status={told}", detector.id)]);
        state = match on {
            Some(true) => return Ok(draft.pass("GuardDuty looks at what is done to buckets")),
            Some(false) => "GuardDuty does not look at what is done to buckets",
            None => return Ok(draft.unclear("the answer leaves the feature S3_DATA_EVENTS out")),
        };
    }
    let (mut draft, exports) = draft.answer(estate, scope, EXPORTS, "")?;
    let count = made(&exports.value).count();
    draft.saw(exports, [format!("ExportSummaries={count}")]);
    let judged = match count {
        0 => draft.warn(format!("{state}; nothing was exported in 90 days")),
        some => draft.fail(format!("{state}, and {some} exports of tables were made in 90 days")),
    };
    Ok(by_class(judged, unread))
}

/// Exports that were made, or are being made.
fn made(of: &Value) -> impl Iterator<Item = &Value> {
    let all = of["ExportSummaries"].as_array().into_iter().flatten();
    all.filter(|one| one["ExportStatus"].as_str() != Some("FAILED"))
}

/// DET-17.
pub(super) const DET_17: &Control = &Control {
    id: "DET-17",
    operations: &[MACIE, EXPORTS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "Macie cannot look into tables; exports older than 90 days, in which region their buckets lie, and which buckets \
            it looks at",
    judge: Judge::Estate(discovered),
};

fn discovered(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_discovered(estate, baseline, scope))).collect()
}

fn one_discovered(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let mut draft = Draft::new(DET_17, scope.to_string());
    let (class, unread) = asked_in(estate, baseline, DET_17, |of| of == scope);
    let cell = estate.answer(scope, MACIE, "");
    let state = match cell.and_then(Cell::known) {
        Some(Err(SourceError::NotEnabled(_))) => "Macie is not enabled here",
        _ => {
            let seen;
            (draft, seen) = draft.need(MACIE, cell)?;
            let status = seen.value["status"].as_str().unwrap_or("absent");
            draft.saw(seen, [format!("status={status}")]);
            match status {
                "ENABLED" if class.is_some() => return Ok(draft.pass("Macie looks for sensitive data in buckets here")),
                "ENABLED" => "Macie is enabled",
                "PAUSED" => "Macie is paused here",
                other => return Ok(draft.unclear(format!("Macie's status is {other}"))),
            }
        }
    };
    if class != Some(DataClass::Restricted) {
        return Ok(draft.not_applicable("no table here states a class that asks for it"));
    }
    let (mut draft, exports) = draft.answer(estate, scope, EXPORTS, "")?;
    let count = made(&exports.value).count();
    draft.saw(exports, [format!("ExportSummaries={count}")]);
    Ok(match count {
        0 => draft.not_applicable(format!("{state}, and nothing was exported in 90 days")),
        some => by_class(draft.warn(format!("{state}, and {some} exports were made in 90 days")), unread),
    })
}
