//! What no call can show: a person attests to it in a file, with a name and an end.
//!
//! These controls only say where an attestation is asked for; the store knows the file and puts the attestations in.

use std::collections::BTreeMap;

use crate::model::{Estate, Judgement, Scope, Table, Verdict};

use super::draft::{Draft, class, settle};
use super::{Baseline, Control, Judge};

/// What stands where nobody attests.
pub const UNATTESTED: &str = "nobody attests to it yet";

/// ENC-10.
pub(super) const ENC_10: &Control = &Control {
    id: "ENC-10",
    operations: &["dynamodb:ListTagsOfResource"],
    blind: "items are never read, so no ciphertext is seen: a person attests to it",
    judge: Judge::Table(client_side),
};

fn client_side(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    asked(ENC_10, estate, baseline, table)
}

/// ENC-11.
pub(super) const ENC_11: &Control = &Control {
    id: "ENC-11",
    operations: &["dynamodb:ListTagsOfResource", "dynamodb:DescribeTable"],
    blind: "that tokens are used at all is known to the application alone: a person attests to it",
    judge: Judge::Table(tokens),
};

fn tokens(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    let vault = |of: &Table| of.tags.value().is_some_and(|tags| tags.values().any(|value| value == "token-vault"));
    let key = |of: &Table| of.description.value().and_then(|description| description.kms_key.clone());
    let shares = |of: &&Table| of.arn != table.arn && !vault(of) && key(of) == key(table);
    if vault(table)
        && key(table).is_some()
        && let Some(other) = estate.tables.values().find(shares)
    {
        let mut draft = Draft::new(ENC_11, &table.arn);
        if let Some(seen) = &table.description.seen {
            draft.saw(seen, [format!("Table.SSEDescription.KMSMasterKeyArn={}", key(table).unwrap_or_default())]);
        }
        return draft.fail(format!("the vault's key also encrypts {}", other.name));
    }
    asked(ENC_11, estate, baseline, table)
}

fn asked(control: &'static Control, estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    let mut draft = Draft::new(control, &table.arn);
    let (class, unread) = class(estate, table);
    if let Some(error) = unread {
        return draft.unknown("data class, from tags", error);
    }
    if let Some(seen) = &table.tags.seen {
        draft.saw(seen, [format!("class={}", class.word())]);
    }
    if !baseline.asks(class, control.id) {
        return draft.not_applicable(format!("class {} asks for none", class.word()));
    }
    draft.end(Verdict::Manual, UNATTESTED)
}

/// GOV-01.
pub(super) const GOV_01: &Control = &Control {
    id: "GOV-01",
    operations: &["sts:GetCallerIdentity"],
    blind: "reports of AWS's compliance programmes are no setting of an account: a person attests to them",
    judge: Judge::Estate(programmes),
};

fn programmes(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    by_account(GOV_01, estate, |draft, _| draft.end(Verdict::Manual, UNATTESTED))
}

/// GOV-03.
pub(super) const GOV_03: &Control = &Control {
    id: "GOV-03",
    operations: &["sts:GetCallerIdentity"],
    blind: "that what is attested is true",
    judge: Judge::Estate(attestations),
};

fn attestations(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    by_account(GOV_03, estate, |draft, account| {
        let of = &estate.attestations;
        if let Some(first) = of.void.first() {
            let more = if of.void.len() > 1 { format!(", and {} more", of.void.len() - 1) } else { String::new() };
            return draft.fail(format!("{first}{more}"));
        }
        let missing = of.missing.get(account).into_iter().flatten().filter(|(_, count)| **count > 0);
        let missing: Vec<String> = missing
            .map(|(control, count)| if *count > 1 { format!("{control} on {count}") } else { (*control).to_owned() })
            .collect();
        if !missing.is_empty() {
            return draft.warn(format!("nobody attests to {}", missing.join(", ")));
        }
        match of.ending.first() {
            Some(first) => draft.warn(first.clone()),
            None => draft.pass("every manual control has its owner and its end"),
        }
    })
}

/// One judgement an account, once it is known who asks.
fn by_account(control: &'static Control, estate: &Estate, judge: impl Fn(Draft, &str) -> Judgement) -> Vec<Judgement> {
    let mut accounts: BTreeMap<&str, &Scope> = BTreeMap::new();
    for scope in &estate.scopes {
        // Any scope of the account in which the caller is known will do.
        let known = estate.callers.get(scope).is_some_and(|cell| cell.seen.is_some());
        let place = accounts.entry(&scope.account).or_insert(scope);
        if known {
            *place = scope;
        }
    }
    let one = |(account, scope): (&str, &Scope)| {
        let (mut draft, seen) = Draft::new(control, account).need("GetCallerIdentity", estate.callers.get(scope))?;
        draft.saw(seen, [format!("Account={}", seen.value.account)]);
        Ok(judge(draft, account))
    };
    accounts.into_iter().map(|of| settle(one(of))).collect()
}
