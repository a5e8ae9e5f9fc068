//! Services that watch the account beside this program: Security Hub, Access Analyzer, Audit Manager.

use serde_json::Value;

use crate::model::{Cell, Estate, Judgement, Scope, SourceError};

use super::draft::{Draft, settle};
use super::{Baseline, Control, Judge};

const HUB: &str = "securityhub:DescribeHub";
const STANDARDS: &str = "securityhub:GetEnabledStandards";
const ANALYZERS: &str = "accessanalyzer:ListAnalyzers";
const AUDITS: &str = "auditmanager:GetAccountStatus";

fn each(estate: &Estate, judge: impl Fn(&Scope) -> Result<Judgement, Box<Judgement>>) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(judge(scope))).collect()
}

/// DET-16.
pub(super) const DET_16: &Control = &Control {
    id: "DET-16",
    operations: &[HUB, STANDARDS],
    blind: "controls switched off one by one, and a hub run by the organization's administrator in another region",
    judge: Judge::Estate(standards),
};

fn standards(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(estate, |scope| {
        let (mut draft, hub) = Draft::new(DET_16, scope.to_string()).answer(estate, scope, HUB, "")?;
        let arn = hub.value["HubArn"].as_str();
        draft.saw(hub, [format!("HubArn={}", arn.unwrap_or("absent"))]);
        if arn.is_none() {
            return Ok(draft.fail("Security Hub is not enabled in this region"));
        }
        let (mut draft, seen) = draft.answer(estate, scope, STANDARDS, "")?;
        let of = seen.value["StandardsSubscriptions"].as_array().map_or(&[][..], Vec::as_slice);
        let name = |one: &Value| one["StandardsArn"].as_str().unwrap_or_default().to_owned();
        let fsbp = of.iter().find(|one| name(one).contains("aws-foundational-security-best-practices"));
        let status = fsbp.and_then(|one| one["StandardsStatus"].as_str()).unwrap_or("absent");
        draft.saw(
            seen,
            [format!("StandardsSubscriptions[aws-foundational-security-best-practices].StandardsStatus={status}")],
        );
        Ok(match status {
            "READY" => draft.pass("the foundational best practices run here"),
            "absent" => draft.fail("Security Hub runs here without the foundational best practices"),
            other => draft.warn(format!("the foundational best practices are {other}")),
        })
    })
}

/// IAM-11.
pub(super) const IAM_11: &Control = &Control {
    id: "IAM-11",
    operations: &[ANALYZERS],
    blind: "its findings: whether one is open about a table or a stream",
    judge: Judge::Estate(analyzers),
};

fn analyzers(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(estate, |scope| {
        let (mut draft, seen) = Draft::new(IAM_11, scope.to_string()).answer(estate, scope, ANALYZERS, "")?;
        let of = seen.value["analyzers"].as_array().map_or(&[][..], Vec::as_slice);
        let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        for one in of {
            let (name, kind, status) = (word(one, "name"), word(one, "type"), word(one, "status"));
            draft.saw(seen, [format!("analyzers[{name}].type={kind} status={status}")]);
        }
        let outside = |one: &&Value| matches!(one["type"].as_str(), Some("ACCOUNT" | "ORGANIZATION"));
        let active = |one: &&Value| one["status"].as_str() == Some("ACTIVE");
        if of.is_empty() {
            draft.saw(seen, ["analyzers=none".to_owned()]);
        }
        Ok(match (of.iter().filter(outside).count(), of.iter().filter(outside).any(|one| active(&one))) {
            (0, _) => draft.fail("no analyzer looks for outside access in this region"),
            (_, false) => draft.warn("its analyzer is not active"),
            (_, true) => draft.pass("an analyzer looks for outside access in this region"),
        })
    })
}

/// DET-15.
pub(super) const DET_15: &Control = &Control {
    id: "DET-15",
    operations: &[AUDITS],
    blind: "assessments, and any other tool that collects evidence",
    judge: Judge::Estate(audits),
};

fn audits(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(estate, |scope| {
        let draft = Draft::new(DET_15, scope.to_string());
        let cell = estate.answer(scope, AUDITS, "");
        if let Some(Err(SourceError::NotEnabled(_))) = cell.and_then(Cell::known) {
            return Ok(draft.warn("Audit Manager is not in use here; it takes no new customers since April 2026"));
        }
        let (mut draft, seen) = draft.need(AUDITS, cell)?;
        let status = seen.value["status"].as_str().unwrap_or("absent");
        draft.saw(seen, [format!("status={status}")]);
        Ok(match status {
            "ACTIVE" => draft.pass("Audit Manager is active in this region"),
            _ => draft.warn("Audit Manager is not in use here; it takes no new customers since April 2026"),
        })
    })
}
