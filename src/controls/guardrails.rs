//! Identity: what the organization denies over the account's own policies.

use crate::model::{Estate, Judgement};
use crate::policy::{Document, Effect, denies_strangers};

use super::roster::{each_account, global};
use super::{Baseline, Control, Judge};

const ORGANIZATION: &str = "organizations:DescribeOrganization";
const PARENTS: &str = "organizations:ListParents";
const ATTACHED: &str = "organizations:ListPoliciesForTarget";
const POLICY: &str = "organizations:DescribePolicy";

/// IAM-16.
pub(super) const IAM_16: &Control = &Control {
    id: "IAM-16",
    operations: &[ORGANIZATION, PARENTS, ATTACHED, POLICY, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "whom the denials leave out by their conditions, and whether DAX is among what they deny",
    judge: Judge::Estate(guardrails),
};

/// What blinds or disarms: denying one of them is what a guardrail is for.
const PROTECTED: [&str; 10] = [
    "cloudtrail:DeleteTrail",
    "cloudtrail:StopLogging",
    "config:StopConfigurationRecorder",
    "dynamodb:DeleteBackup",
    "dynamodb:DeleteTable",
    "dynamodb:PutResourcePolicy",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "guardduty:DeleteDetector",
    "kms:ScheduleKeyDeletion",
];

fn guardrails(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_16, estate, baseline, |draft, account, _| {
        let (mut draft, seen) = global(draft, estate, account, ORGANIZATION)?;
        let master = seen.value["Organization"]["MasterAccountId"].as_str();
        draft.saw(seen, [format!("Organization.MasterAccountId={}", master.unwrap_or("absent"))]);
        if master.is_none() {
            return Ok(draft.fail("the account belongs to no organization: nothing stands over its own policies"));
        }
        if master == Some(account) {
            return Ok(draft.warn("it is the organization's management account, over which no policy stands"));
        }
        let Some(home) = estate.home(account, ATTACHED) else { return Ok(draft.unknown(ATTACHED, None)) };
        let (mut control, mut resource) = (None, None);
        for (subject, cell) in estate.answers_of(home, ATTACHED) {
            let (with, attached) = draft.need(ATTACHED, Some(cell))?;
            draft = with;
            let kind = subject.split(':').next().unwrap_or_default();
            for policy in attached.value["Policies"].as_array().into_iter().flatten() {
                let id = policy["Id"].as_str().unwrap_or_default();
                let (with, seen) = draft.answer(estate, home, POLICY, &format!("{subject}/{id}"))?;
                let (with, document) = with.document(seen.value["Policy"]["Content"].as_str().unwrap_or_default())?;
                draft = with;
                let found = match kind {
                    "SERVICE_CONTROL_POLICY" if protects(&document) => &mut control,
                    "RESOURCE_CONTROL_POLICY" if denies_strangers(&document, "dynamodb") => &mut resource,
                    _ => continue,
                };
                draft.saw(seen, [format!("{subject}: Policy.Content of {id}")]);
                found.get_or_insert(id);
            }
        }
        Ok(match (control, resource) {
            (Some(control), Some(resource)) => draft.pass(format!(
                "{resource} denies tables to principals of others, {control} denies to take protections away"
            )),
            (Some(control), None) => draft.warn(format!(
                "{control} denies to take protections away, and none denies tables to principals of others"
            )),
            (None, Some(resource)) => draft.warn(format!(
                "{resource} denies tables to principals of others, and none denies to take protections away"
            )),
            (None, None) => draft.fail("no policy of the organization over the account denies anything of it"),
        })
    })
}

/// Whether a document denies something that blinds or disarms.
fn protects(document: &Document) -> bool {
    let denies = document.statements.iter().filter(|one| one.effect == Effect::Deny);
    denies.into_iter().any(|one| PROTECTED.iter().any(|action| one.actions.matches_action(action)))
}
