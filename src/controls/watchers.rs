//! Services that watch the account beside this program: Security Hub, Access Analyzer, Audit Manager.

use serde_json::Value;

use crate::model::{Cell, DataClass, Estate, Judgement, Scope, SourceError};

use super::draft::{Draft, by_class, settle, strictest_in};
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
    operations: &[HUB, STANDARDS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "controls switched off one by one, and a hub run by the organization's administrator in another region",
    judge: Judge::Estate(standards),
};

fn standards(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(estate, |scope| {
        let (mut draft, hub) = Draft::new(DET_16, scope.to_string()).answer(estate, scope, HUB, "")?;
        let (class, unread) = match strictest_in(estate, |of| of == scope, |_| true) {
            Some((class, unread)) if baseline.asks(class, DET_16.id) => (class, unread),
            _ => return Ok(draft.not_applicable("no table here states a class that asks for it")),
        };
        let lacks = |draft: Draft, why: &str| match class {
            DataClass::Restricted => draft.fail(why),
            _ => draft.warn(why),
        };
        let arn = hub.value["HubArn"].as_str();
        draft.saw(hub, [format!("HubArn={}", arn.unwrap_or("absent"))]);
        if arn.is_none() {
            return Ok(by_class(lacks(draft, "Security Hub is not enabled in this region"), unread));
        }
        let (mut draft, seen) = draft.answer(estate, scope, STANDARDS, "")?;
        let Some(of) = seen.value["StandardsSubscriptions"].as_array() else {
            return Ok(by_class(lacks(draft, "Security Hub was switched off while it was read"), unread));
        };
        let fsbp = of.iter().find(|one| {
            one["StandardsArn"].as_str().is_some_and(|arn| arn.contains("aws-foundational-security-best-practices"))
        });
        let status = fsbp.map(|one| one["StandardsStatus"].as_str());
        let told = status.map_or("not subscribed", |status| status.unwrap_or("absent"));
        draft.saw(
            seen,
            [format!("StandardsSubscriptions[aws-foundational-security-best-practices].StandardsStatus={told}")],
        );
        Ok(match status {
            Some(Some("READY")) => draft.pass("the foundational best practices run here"),
            Some(Some(other)) => by_class(draft.warn(format!("the foundational best practices are {other}")), unread),
            Some(None) => draft.unclear("the answer leaves the state of the foundational best practices out"),
            None => by_class(lacks(draft, "Security Hub runs here without the foundational best practices"), unread),
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
