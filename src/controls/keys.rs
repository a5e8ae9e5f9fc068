//! Keys of tables: who may use them, and who may give them away.

use std::collections::BTreeMap;

use crate::model::{Arn, Cell, DataClass, Estate, Judgement, Key, KeyKind, Scope, Table, TableDescription};
use crate::policy::{self, Effect, Principal, Statement};

use super::draft::{Draft, by_class, settle, strictest, texts};
use super::{Baseline, Control, Judge};

const POLICY: &str = "kms:GetKeyPolicy";
const GRANTS: &str = "kms:ListGrants";

/// The scopes in which a key's policy and grants were asked for: its own region, in every account polled.
fn scope_of<'a>(estate: &'a Estate, label: &'static str, key: &str) -> Option<&'a Scope> {
    estate.answers.iter().find(|(_, of)| of.get(label).is_some_and(|of| of.contains_key(key))).map(|(scope, _)| scope)
}

/// The keys that tables and their replicas name, each with those tables.
pub(super) fn users(estate: &Estate) -> BTreeMap<&str, Vec<&Table>> {
    let mut users: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
    for table in estate.tables.values() {
        let Some(described) = table.description.value() else { continue };
        let replicas = described.replicas.iter().filter_map(|of| of.kms_key.as_deref());
        for key in described.kms_key.as_deref().into_iter().chain(replicas) {
            users.entry(key).or_default().push(table);
        }
    }
    users
}

/// Scopes whose tables, and with them their keys, are not all known: one judgement for each.
pub(super) fn not_all_known(control: &'static Control, estate: &Estate) -> Vec<Judgement> {
    let judge = |scope: &Scope| {
        if let Some(error) = estate.unlisted(scope) {
            return Some(Draft::new(control, scope.to_string()).unknown("dynamodb:ListTables", error));
        }
        let unread: Vec<&Cell<TableDescription>> = estate
            .tables
            .values()
            .filter(|table| table.scope == *scope && table.description.seen.is_none())
            .map(|table| &table.description)
            .collect();
        let error = unread.iter().find_map(|cell| cell.error());
        let what = || format!("the keys of {} tables", unread.len());
        (!unread.is_empty()).then(|| Draft::new(control, scope.to_string()).unknown(&what(), error))
    };
    estate.scopes.iter().filter_map(judge).collect()
}

/// A key under judgement: what KMS says of it, where it was asked about, and the strictest class of its tables.
struct Used<'a> {
    key: &'a Key,
    scope: &'a Scope,
    class: DataClass,
}

/// Judges every customer managed key that a table names, where the class of one asks for it; a key whose own
/// description is not known is judged so.
fn each(
    control: &'static Control,
    label: &'static str,
    (estate, baseline): (&Estate, &Baseline),
    judge: impl Fn(Draft, &Used<'_>) -> Result<Judgement, Box<Judgement>>,
) -> Vec<Judgement> {
    let one = |arn: &str, tables: &[&Table]| {
        let (draft, seen) = Draft::new(control, arn).need("kms:DescribeKey", estate.keys.get(arn))?;
        if seen.value.kind != KeyKind::Customer {
            return Ok(draft.not_applicable("AWS sets the policy of this key"));
        }
        let (class, unread) = match strictest(estate, tables.iter().copied()) {
            Some((class, None)) if !baseline.asks(class, control.id) => {
                return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
            }
            Some(of) => of,
            None => return Ok(draft.not_applicable("no table that uses it states a class")),
        };
        let Some(scope) = scope_of(estate, label, arn) else {
            let region = Arn::parse(arn).map(|arn| arn.region);
            return Ok(match region.filter(|region| estate.scopes.iter().all(|scope| scope.region != *region)) {
                Some(region) => draft.unclear(format!("it lies in {region}, which is not polled")),
                None => draft.unknown(label, None),
            });
        };
        Ok(by_class(judge(draft, &Used { key: &seen.value, scope, class })?, unread))
    };
    let mut found = not_all_known(control, estate);
    found.extend(users(estate).into_iter().map(|(arn, tables)| settle(one(arn, &tables))));
    found
}

/// ENC-04.
pub(super) const ENC_04: &Control = &Control {
    id: "ENC-04",
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
        "kms:DescribeKey",
        POLICY,
        "dynamodb:ListTables",
    ],
    blind: "what identity policies allow where the key's policy trusts the whole account",
    judge: Judge::Estate(separated),
};

fn separated(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(ENC_04, POLICY, (estate, baseline), |draft, of| judge_policy(draft, estate, baseline, of))
}

fn judge_policy(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    of: &Used<'_>,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, of.scope, POLICY, &of.key.arn)?;
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
    let own = of.scope.account.as_str();
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
    if of.class == DataClass::Restricted && whole_account && alone {
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
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
        "kms:DescribeKey",
        GRANTS,
        "dynamodb:ListTables",
    ],
    blind: "whether a grant's principal is known to somebody",
    judge: Judge::Estate(granted),
};

fn granted(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(ENC_05, GRANTS, (estate, baseline), |draft, of| judge_grants(draft, estate, baseline, of))
}

fn judge_grants(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    of: &Used<'_>,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, of.scope, GRANTS, &of.key.arn)?;
    let grants = seen.value["Grants"].as_array().map_or(&[][..], Vec::as_slice);
    draft.saw(seen, [format!("Grants={}", grants.len())]);
    let (mut ours, mut odd) = (0, None);
    for grant in grants {
        let Some(who) = ["GranteeServicePrincipal", "GranteePrincipal"].iter().find_map(|name| grant[*name].as_str())
        else {
            return Ok(draft.unclear("a grant names nobody"));
        };
        let operations = texts(&grant["Operations"]).join(" ");
        draft.saw(seen, [format!("Grants[].GranteePrincipal={who} Operations={operations}")]);
        if who.starts_with("dynamodb.") && who.ends_with(".amazonaws.com") {
            ours += 1;
            continue;
        }
        let account = who.split(':').nth(4).filter(|account| account.len() == 12);
        if let Some(account) =
            account.filter(|one| *one != of.scope.account && !baseline.trusted_accounts.iter().any(|of| of == one))
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
