//! Identity: resource policies.

use crate::model::{Arn, Estate, Judgement, Table};
use crate::policy;

use super::draft::{Draft, by_class, class, settle, unread};
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
    let (draft, document) = draft.document(text)?;
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

/// IAM-12.
pub(super) const IAM_12: &Control = &Control {
    id: "IAM-12",
    operations: &["dynamodb:GetResourcePolicy", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"],
    blind: "the policy of the table's stream is not read; whether the sources that are named are the table's own replicas",
    judge: Judge::Table(deputies),
};

fn deputies(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_deputies(estate, baseline, table)), unread(table))
}

fn judge_deputies(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(IAM_12, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, IAM_12.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("GetResourcePolicy", Some(&table.policy))?;
    let Some(text) = &seen.value else { return Ok(draft.not_applicable("it has no resource policy")) };
    draft.saw(seen, [format!("Policy={} bytes", text.len())]);
    let (draft, document) = draft.document(text)?;
    let services = policy::services_let_in(&document);
    if let Some((at, service, ..)) = services.iter().find(|(_, _, account, arn)| !account && !arn) {
        let why = format!(
            "statement {} lets {service} in for whoever asks it: no aws:SourceAccount, no aws:SourceArn",
            at + 1
        );
        return Ok(draft.fail(why));
    }
    if let Some((at, service, account, _)) = services.iter().find(|(_, _, account, arn)| !account || !arn) {
        let lacks = if *account { "aws:SourceArn" } else { "aws:SourceAccount" };
        return Ok(draft.warn(format!("statement {} lets {service} in without {lacks}", at + 1)));
    }
    let own = Arn::parse(&table.arn).map_or_else(|| table.scope.account.clone(), |arn| arn.account);
    if let Some(account) = policy::accounts_let_in_whole(&document, &own).first() {
        return Ok(draft.warn(format!("account {account} is let in whole, without a fence of its organization")));
    }
    let joins = |one: &policy::Statement| {
        one.effect == policy::Effect::Allow
            && one.actions.matches_action("dynamodb:AssociateTableReplica")
            && !one.actions.covers_service("dynamodb")
    };
    if document.statements.iter().any(joins) {
        // Only here does it count whether replicas are there.
        let (mut draft, description) = draft.need("DescribeTable", Some(&table.description))?;
        draft.saw(description, [format!("Table.Replicas={}", description.value.replicas.len())]);
        return Ok(if description.value.replicas.is_empty() {
            draft.pass("another account may still join its replica; services are let in for named sources alone")
        } else {
            draft.warn("AssociateTableReplica is still allowed, though its replicas have joined")
        });
    }
    Ok(draft.pass("services and other accounts are let in for named sources alone"))
}
