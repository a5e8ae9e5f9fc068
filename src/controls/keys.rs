//! Keys of tables: who may use them, and who may give them away.

use crate::model::{DataClass, Estate, Judgement, Key, KeyKind, Scope};
use crate::policy::{self, Effect, Principal, Statement};

use super::draft::{Draft, settle, texts};
use super::{Baseline, Control, Judge};

const POLICY: &str = "kms:GetKeyPolicy";
const GRANTS: &str = "kms:ListGrants";

/// The scopes in which a key's policy and grants were asked for: its own region, in every account polled.
fn scope_of<'a>(estate: &'a Estate, label: &'static str, key: &str) -> Option<&'a Scope> {
    estate.answers.iter().find(|((_, of), about)| *of == label && about.contains_key(key)).map(|((scope, _), _)| scope)
}

/// The strictest class of the tables under a key.
fn strictest(estate: &Estate, key: &str) -> Option<DataClass> {
    let under = estate.tables.values().filter(|table| {
        table.description.value().is_some_and(|description| description.kms_key.as_deref() == Some(key))
    });
    under.map(|table| estate.data_class(table)).max()
}

/// Scopes whose tables, and with them their keys, are not all known: one judgement for each.
pub(super) fn unlisted(control: &'static Control, estate: &Estate) -> Vec<Judgement> {
    let judge = |scope: &Scope| {
        let draft = Draft::new(control, scope.to_string());
        match draft.need("dynamodb:ListTables", estate.populations.get(scope)) {
            Err(unknown) => Some(*unknown),
            Ok((draft, _)) => {
                let tables = estate.tables.values().filter(|table| table.scope == *scope);
                let unread = tables.filter(|table| table.description.seen.is_none()).count();
                let error = || {
                    let of = estate.tables.values().filter(|table| table.scope == *scope);
                    of.filter_map(|table| Some(&table.description.fault.as_ref()?.error)).next()
                };
                (unread > 0).then(|| draft.unknown(&format!("the keys of {unread} tables"), error()))
            }
        }
    };
    estate.scopes.iter().filter_map(judge).collect()
}

/// Judges every customer managed key that a table names; a key whose own description is not known is judged so.
fn each(
    control: &'static Control,
    label: &'static str,
    estate: &Estate,
    judge: impl Fn(Draft, &Scope, &Key) -> Judgement,
) -> Vec<Judgement> {
    let mut found = unlisted(control, estate);
    for (arn, cell) in &estate.keys {
        let draft = Draft::new(control, arn.as_str());
        let (draft, seen) = match draft.need("kms:DescribeKey", Some(cell)) {
            Ok(known) => known,
            Err(unknown) => {
                found.push(*unknown);
                continue;
            }
        };
        if seen.value.kind != KeyKind::Customer {
            found.push(draft.not_applicable("AWS sets the policy of this key"));
            continue;
        }
        found.push(match scope_of(estate, label, arn) {
            Some(scope) => judge(draft, scope, &seen.value),
            None => draft.unknown(label, None),
        });
    }
    found
}

/// ENC-04.
pub(super) const ENC_04: &Control = &Control {
    id: "ENC-04",
    operations: &["kms:DescribeKey", POLICY, "dynamodb:ListTagsOfResource"],
    blind: "what identity policies allow where the key's policy trusts the whole account",
    judge: Judge::Estate(separated),
};

fn separated(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(ENC_04, POLICY, estate, |draft, scope, key| settle(judge_policy(draft, estate, baseline, scope, key)))
}

fn judge_policy(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    key: &Key,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, scope, POLICY, &key.arn)?;
    let text = seen.value["Policy"].as_str().unwrap_or_default();
    draft.saw(seen, [format!("Policy={} bytes", text.len())]);
    let (draft, document) = draft.document(text)?;
    let allows: Vec<(usize, &Statement)> =
        document.statements.iter().enumerate().filter(|(_, one)| one.effect == Effect::Allow).collect();
    let uses = |one: &Statement| {
        ["kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKey"]
            .iter()
            .any(|action| one.actions.matches_action(action))
    };
    let fenced = |one: &Statement| {
        policy::fences(one).next().is_some()
            || one
                .conditions
                .iter()
                .any(|of| ["kms:CallerAccount", "kms:ViaService"].iter().any(|name| of.key.eq_ignore_ascii_case(name)))
    };
    if let Some((at, _)) = allows.iter().find(|(_, one)| one.is_for_anyone() && uses(one) && !fenced(one)) {
        return Ok(draft.fail(format!("statement {} lets anybody use the key", at + 1)));
    }
    let own = scope.account.as_str();
    let foreign = policy::accounts(&document)
        .into_iter()
        .find(|account| account != own && !baseline.trusted_accounts.contains(account));
    let root = |one: &Statement| {
        one.principals.as_ref().is_some_and(|of| {
            of.who
                .iter()
                .any(|who| matches!(who, Principal::Aws(arn) if arn == own || arn.ends_with(&format!("{own}:root"))))
        })
    };
    let all = |one: &Statement| one.actions.covers_service("kms");
    let whole_account = allows.iter().any(|(_, one)| root(one) && all(one) && one.conditions.is_empty());
    let alone = allows.len() == 1 && document.statements.len() == 1;
    let restricted = strictest(estate, &key.arn) == Some(DataClass::Restricted);
    if restricted && whole_account && alone {
        return Ok(draft.fail("the account's own policies alone decide: no statement of the key's says who uses it"));
    }
    if let Some(account) = foreign {
        return Ok(draft.warn(format!("account {account} is let in and not trusted")));
    }
    let both = allows.iter().find(|(_, one)| !root(one) && uses(one) && one.actions.matches_action("kms:PutKeyPolicy"));
    if let Some((at, _)) = both {
        return Ok(draft.warn(format!("statement {} lets the same principals administer and use the key", at + 1)));
    }
    let via = allows
        .iter()
        .filter(|(_, one)| !root(one) && uses(one))
        .all(|(_, one)| one.conditions.iter().any(|of| of.key.eq_ignore_ascii_case("kms:ViaService")));
    Ok(match (via, whole_account) {
        (false, _) => draft.warn("its use is not confined to DynamoDB: no kms:ViaService"),
        (true, true) => draft.pass("its use goes through DynamoDB; identity policies of the account add to it"),
        (true, false) => draft.pass("administrators and users are apart, and its use goes through DynamoDB"),
    })
}

/// ENC-05.
pub(super) const ENC_05: &Control = &Control {
    id: "ENC-05",
    operations: &["kms:DescribeKey", GRANTS],
    blind: "whether a grant's principal is known to somebody",
    judge: Judge::Estate(granted),
};

fn granted(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(ENC_05, GRANTS, estate, |draft, scope, key| settle(judge_grants(draft, estate, baseline, scope, key)))
}

fn judge_grants(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    key: &Key,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, scope, GRANTS, &key.arn)?;
    let grants = seen.value["Grants"].as_array().map_or(&[][..], Vec::as_slice);
    draft.saw(seen, [format!("Grants={}", grants.len())]);
    let (mut ours, mut odd) = (0, None);
    for grant in grants {
        let who = ["GranteeServicePrincipal", "GranteePrincipal"].iter().find_map(|name| grant[*name].as_str());
        let who = who.unwrap_or("?");
        let operations = texts(&grant["Operations"]).join(" ");
        draft.saw(seen, [format!("Grants[].GranteePrincipal={who} Operations={operations}")]);
        if who.starts_with("dynamodb.") && who.ends_with(".amazonaws.com") {
            ours += 1;
            continue;
        }
        let account = who.split(':').nth(4).filter(|account| account.len() == 12);
        if let Some(account) =
            account.filter(|of| *of != scope.account && !baseline.trusted_accounts.iter().any(|one| one == of))
        {
            return Ok(draft.fail(format!("a grant lets account {account} in, which is not trusted")));
        }
        let bound = grant["Constraints"].as_object().is_some_and(|of| !of.is_empty());
        if !bound && operations.contains("Decrypt") {
            odd = Some(format!("a grant lets {who} decrypt whatever the key encrypted"));
        }
    }
    Ok(match (odd, ours) {
        (Some(why), _) => draft.warn(why),
        (None, 0) => draft.warn("no grant to DynamoDB: it cannot maintain the tables under this key"),
        (None, count) => {
            draft.pass(format!("{count} of {} grants are DynamoDB's, none opens it to others", grants.len()))
        }
    })
}
