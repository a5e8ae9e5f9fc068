//! Services that watch the account beside this program: Security Hub, Access Analyzer, Audit Manager.

use serde_json::Value;

use crate::model::{Cell, DataClass, Estate, Judgement, Scope, Seen, SourceError};

use super::draft::{Draft, by_class, settle, strictest_in};
use super::{Baseline, Control, Judge};

const HUB: &str = "securityhub:DescribeHub";
const STANDARDS: &str = "securityhub:GetEnabledStandards";
pub(super) const ANALYZERS: &str = "accessanalyzer:ListAnalyzers";
pub(super) const FINDINGS: &str = "accessanalyzer:ListFindingsV2";
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
    operations: &[ANALYZERS, FINDINGS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "analyzers that the organization's administrator runs in another account",
    judge: Judge::Estate(analyzers),
};

/// What an analyzer found about tables, their streams and their keys, or the reason why that is not known.
pub(super) fn findings<'a>(
    draft: Draft,
    estate: &'a Estate,
    scope: &Scope,
    analyzer: &Value,
) -> Result<(Draft, &'a Seen<Value>), Box<Judgement>> {
    draft.answer(estate, scope, FINDINGS, analyzer["arn"].as_str().unwrap_or_default())
}

fn analyzers(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(estate, |scope| {
        let (mut draft, seen) = Draft::new(IAM_11, scope.to_string()).answer(estate, scope, ANALYZERS, "")?;
        let of = seen.value["analyzers"].as_array().map_or(&[][..], Vec::as_slice);
        let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        for one in of {
            let (name, kind, status) = (word(one, "name"), word(one, "type"), word(one, "status"));
            draft.saw(seen, [format!("analyzers[{name}].type={kind} status={status}")]);
        }
        let active = |kinds: [&'static str; 2]| {
            of.iter().filter(move |one| {
                one["type"].as_str().is_some_and(|kind| kinds.contains(&kind)) && one["status"] == "ACTIVE"
            })
        };
        if of.is_empty() {
            draft.saw(seen, ["analyzers=none".to_owned()]);
        }
        let outside = ["ACCOUNT", "ORGANIZATION"];
        if active(outside).next().is_none() {
            let there = of.iter().any(|one| one["type"].as_str().is_some_and(|kind| outside.contains(&kind)));
            return Ok(if there {
                draft.warn("its analyzer is not active")
            } else {
                draft.fail("no analyzer looks for outside access in this region")
            });
        }
        let (mut archived, mut open) = (0, None);
        for analyzer in active(outside) {
            let (with, seen) = findings(draft, estate, scope, analyzer)?;
            draft = with;
            for finding in seen.value["findings"].as_array().into_iter().flatten() {
                let of_tables = match finding["resourceType"].as_str() {
                    Some("AWS::DynamoDB::Table" | "AWS::DynamoDB::Stream") => true,
                    Some("AWS::KMS::Key") => {
                        finding["resource"].as_str().is_some_and(|key| estate.keys.contains_key(key))
                    }
                    _ => false,
                };
                match finding["status"].as_str().filter(|_| of_tables) {
                    Some("ACTIVE") => {
                        let resource = word(finding, "resource");
                        draft.saw(
                            seen,
                            [format!("findings[{}].resource={resource} status=ACTIVE", word(finding, "id"))],
                        );
                        open = open.or(Some(resource));
                    }
                    Some("ARCHIVED") => archived += 1,
                    _ => {}
                }
            }
            draft.saw(seen, [format!("findings[status=ARCHIVED]={archived}")]);
        }
        if let Some(resource) = open {
            return Ok(draft.fail(format!("an open finding says that {resource} is reached from outside")));
        }
        if archived > 0 {
            return Ok(draft.warn(format!("{archived} findings about tables, streams or their keys are archived")));
        }
        if active(["ACCOUNT_INTERNAL_ACCESS", "ORGANIZATION_INTERNAL_ACCESS"]).next().is_none()
            && let Some((DataClass::Restricted, unread)) = strictest_in(estate, |of| of == scope, |_| true)
        {
            let why = "nothing is reached from outside, and no analyzer looks who inside reaches restricted tables";
            return Ok(by_class(draft.warn(why), unread));
        }
        Ok(draft.pass("an analyzer looks for outside access in this region, and none is open"))
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
