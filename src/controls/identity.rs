//! Identity: resource policies.

use crate::model::{Arn, Estate, Judgement, Table};
use crate::policy;

use super::draft::{Draft, settle};
use super::{Baseline, Control, Judge};

/// IAM-10.
pub(super) const IAM_10: &Control = &Control {
    id: "IAM-10",
    operations: &["dynamodb:GetResourcePolicy"],
    blind: "the policy of the table's stream is not read",
    judge: Judge::Table(resource_policy),
};

/// DynamoDB's limit is 20 KB; nearer than this, the next statement may not fit.
const NEARLY_FULL: usize = 18_000;

fn resource_policy(_: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    settle(judge_resource_policy(baseline, table))
}

fn judge_resource_policy(baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(IAM_10, &table.arn).need("GetResourcePolicy", Some(&table.policy))?;
    let Some(text) = &seen.value else {
        draft.saw(seen, ["Policy=absent".to_owned()]);
        return Ok(draft.pass("it has no resource policy"));
    };
    draft.saw(seen, [format!("Policy={} bytes", text.len())]);
    let document = match policy::Document::parse(text) {
        Ok(document) => document,
        Err(error) => return Ok(draft.unclear(format!("the policy could not be understood: {error}"))),
    };
    if let Some(statement) = policy::public_statements(&document).first() {
        return Ok(draft.fail(format!("statement {} lets anybody in", statement + 1)));
    }
    let own = Arn::parse(&table.arn).map_or_else(|| table.scope.account.clone(), |arn| arn.account);
    let foreign: Vec<String> = policy::accounts(&document).into_iter().filter(|account| *account != own).collect();
    if let Some(unknown) = foreign.iter().find(|account| !baseline.trusted_accounts.contains(account)) {
        return Ok(draft.fail(format!("account {unknown} is let in and not trusted")));
    }
    let fenced = document
        .statements
        .iter()
        .filter(|one| one.effect == policy::Effect::Allow)
        .all(|one| policy::fences(one).next().is_some());
    Ok(if let (Some(account), false) = (foreign.first(), fenced) {
        draft.warn(format!("trusted account {account} is let in without a fence"))
    } else if text.len() > NEARLY_FULL {
        draft.warn(format!("the policy has {} of at most 20,480 bytes", text.len()))
    } else {
        draft.pass("its policy lets in known accounts alone")
    })
}
