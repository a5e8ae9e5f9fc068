//! Identity: policies that tell items, attributes and tagged tables apart, and whether they do.

use crate::model::{Estate, Judgement, Table};
use crate::policy::{Actions, Condition, Effect, Operator, Quantifier, Statement};

use super::draft::{Draft, by_class, class, settle};
use super::roster::{Claim, DETAILS, Holder, Kind, Roster, roster};
use super::{Baseline, Control, Judge};

const POLICY: &str = "dynamodb:GetResourcePolicy";
const TAGS: &str = "dynamodb:ListTagsOfResource";

/// How a table is judged once its class asks for it and everybody is known.
type One = fn(Draft, &Estate, &Baseline, &Table, &Roster) -> Result<Judgement, Box<Judgement>>;

fn judged(control: &'static Control, estate: &Estate, baseline: &Baseline, table: &Table, one: One) -> Judgement {
    let (class, unread) = class(estate, table);
    let draft = Draft::new(control, &table.arn);
    if !baseline.asks(class, control.id) {
        return draft.not_applicable(format!("class {} asks for none", class.word()));
    }
    let judge = || {
        let (mut draft, seen, roster) = roster(draft, estate, &table.scope.account)?;
        draft.saw(seen, [format!("statements with conditions on items or tags: {}", roster.claims.len())]);
        one(draft, estate, baseline, table, &roster)
    };
    by_class(settle(judge()), unread)
}

/// The statements that claim something of a table by a condition of some kind.
fn claims<'a>(
    roster: &'a Roster,
    baseline: &'a Baseline,
    arn: &'a str,
    kind: fn(&str) -> bool,
) -> impl Iterator<Item = (&'a Holder, &'a Statement, Actions, String)> {
    roster.claims.iter().filter_map(move |Claim { holder, policy, grant }| {
        let holder = roster.holders.get(*holder)?;
        let grant = policy.reach.grants.get(*grant)?;
        let statement = policy.reach.document.statements.get(grant.statement)?;
        let claims = statement.conditions.iter().any(|of| kind(&of.key)) && grant.names(arn);
        let everyday = !holder.of_service && !holder.is_one_of(&baseline.break_glass);
        let name = format!("{} ({}, statement {})", holder.name, policy.name, grant.statement + 1);
        (claims && everyday).then_some((holder, statement, grant.actions, name))
    })
}

/// What would have to be said where somebody's policies were not read.
fn whole(draft: Draft, roster: &Roster) -> Result<Draft, Box<Judgement>> {
    match roster.unread() {
        Some(what) => {
            Err(Box::new(draft.unclear(format!("the set of policies is not whole: {what} was not in the answer"))))
        }
        None => Ok(draft),
    }
}

fn is(key: &str, wanted: &str) -> bool {
    key.eq_ignore_ascii_case(wanted)
}

/// The keys of items that a condition may hold a caller to.
fn of_keys(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == "dynamodb:leadingkeys" || key.starts_with("dynamodb:") && key.ends_with("partitionkeyvalues")
}

/// IAM-07.
pub(super) const IAM_07: &Control = &Control {
    id: "IAM-07",
    operations: &[DETAILS, POLICY, TAGS],
    blind: "indexes whose partition key is another one, and the role of a DAX cluster over the same table",
    judge: Judge::Table(|estate, baseline, table| judged(IAM_07, estate, baseline, table, confined)),
};

/// What asks for no key of an item, or for many at once.
const KEYLESS: [&str; 4] =
    ["dynamodb:ExportTableToPointInTime", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:Scan"];

/// What is wrong with a statement that claims to hold a caller to keys: worse first.
fn loose(statement: &Statement, actions: Actions, holder: Option<&Holder>) -> (Option<String>, Option<String>) {
    let keys = || statement.conditions.iter().filter(|of| of_keys(&of.key) && of.operator != Operator::Null);
    let any = |of: &&Condition| {
        of.negated
            || of.operator == Operator::StringLike && of.values.iter().any(|value| value.bytes().all(|b| b == b'*'))
    };
    if let Some(of) = keys().find(any) {
        return (Some(format!("holds {} to nothing", of.key)), None);
    }
    let guarded = statement
        .conditions
        .iter()
        .any(|of| of_keys(&of.key) && of.operator == Operator::Null && of.values.iter().all(|value| value == "false"));
    // A request without keys satisfies ForAllValues and IfExists, unless something asks for the key to be there.
    let vacuous = keys().all(|of| !of.binds()) && !guarded;
    if vacuous {
        let found = actions.and(Actions::of(&KEYLESS)).names().next();
        let scans = statement.conditions.iter().any(|of| {
            is(&of.key, "dynamodb:FullTableScan")
                && of.operator == Operator::Bool
                && of.values.iter().all(|v| v == "false")
        });
        let select = actions.and(Actions::of(&["dynamodb:PartiQLSelect"])).names().next().filter(|_| !scans);
        if let Some(action) = found.or(select) {
            return (Some(format!("allows {action}, which asks for no key: the condition holds for every item")), None);
        }
    }
    let providers = [
        ("${www.amazon.com:", "www.amazon.com"),
        ("${graph.facebook.com:", "graph.facebook.com"),
        ("${accounts.google.com:", "accounts.google.com"),
    ];
    for (variable, provider) in providers {
        let uses = keys().any(|of| of.values.iter().any(|value| value.contains(variable)));
        let trusts = |of: &Holder| {
            let trust = of.trust.iter().flat_map(|trust| &trust.statements).flat_map(|one| &one.principals);
            trust
                .flat_map(|of| &of.who)
                .any(|who| matches!(who, crate::policy::Principal::Federated(name) if name == provider))
        };
        if uses && holder.is_some_and(|of| of.kind == Kind::User || !trusts(of)) {
            return (None, Some(format!("holds to a variable of {provider}, which no session of it has")));
        }
    }
    let plain = keys().any(|of| of.quantifier == Some(Quantifier::ForAllValues)) && !guarded;
    (None, plain.then(|| "has no Null condition beside ForAllValues".to_owned()))
}

fn confined(
    mut draft: Draft,
    _: &Estate,
    baseline: &Baseline,
    table: &Table,
    roster: &Roster,
) -> Result<Judgement, Box<Judgement>> {
    let (mut warn, mut count) = (None, 0);
    for (holder, statement, actions, name) in claims(roster, baseline, &table.arn, of_keys) {
        if statement.effect != Effect::Allow {
            continue;
        }
        count += 1;
        let (fail, may) = loose(statement, holder.left(actions, Some(&table.arn)), Some(holder));
        if let Some(why) = fail {
            return Ok(draft.fail(format!("{name} {why}")));
        }
        warn = warn.or(may.map(|why| format!("{name} {why}")));
        // What another statement allows of any item, no condition of this one takes back.
        for policy in holder.policies() {
            for grant in policy.reach.grants.iter().filter(|of| of.effect == Effect::Allow && of.names(&table.arn)) {
                let Some(other) = policy.reach.document.statements.get(grant.statement) else { continue };
                if other.conditions.iter().any(|of| of_keys(&of.key)) {
                    continue;
                }
                let reach = Actions::items().or(Actions::of(&KEYLESS));
                if let Some(action) = holder.left(grant.actions.and(reach), Some(&table.arn)).names().next() {
                    let at = grant.statement + 1;
                    return Ok(draft.fail(format!(
                        "{name} holds it to its keys, and statement {at} of {} allows {action} on any",
                        policy.name
                    )));
                }
            }
        }
    }
    let (with, seen) = draft.need("GetResourcePolicy", Some(&table.policy))?;
    draft = with;
    if let Some(text) = &seen.value {
        let (with, document) = draft.document(text)?;
        draft = with;
        for (at, one) in document.statements.iter().enumerate() {
            if one.effect != Effect::Allow || !one.conditions.iter().any(|of| of_keys(&of.key)) {
                continue;
            }
            draft.saw(seen, [format!("Policy.Statement[{at}].Condition")]);
            count += 1;
            let names: Vec<&str> = Actions::all().names().filter(|action| one.actions.matches_action(action)).collect();
            let (fail, may) = loose(one, Actions::of(&names), None);
            if let Some(why) = fail {
                return Ok(draft.fail(format!("statement {} of its resource policy {why}", at + 1)));
            }
            warn = warn.or(may.map(|why| format!("statement {} of its resource policy {why}", at + 1)));
        }
    }
    let draft = whole(draft, roster)?;
    Ok(match (warn, count) {
        (Some(why), _) => draft.warn(why),
        (None, 0) => draft.not_applicable("no policy claims to hold anybody to keys of its items"),
        (None, count) => draft.pass(format!("{count} statements hold callers to their own keys")),
    })
}

/// IAM-08.
pub(super) const IAM_08: &Control = &Control {
    id: "IAM-08",
    operations: &[DETAILS, TAGS],
    blind: "whether the key's own attributes are among those named; the table's resource policy",
    judge: Judge::Table(|estate, baseline, table| judged(IAM_08, estate, baseline, table, attributes)),
};

const READS: [&str; 4] = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"];
const RETURNS: [&str; 3] = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

fn attributes(
    draft: Draft,
    _: &Estate,
    baseline: &Baseline,
    table: &Table,
    roster: &Roster,
) -> Result<Judgement, Box<Judgement>> {
    let (mut warn, mut count) = (None, 0);
    let of = |key: &str| is(key, "dynamodb:Attributes");
    for (holder, statement, actions, name) in claims(roster, baseline, &table.arn, of) {
        if statement.effect != Effect::Allow {
            continue;
        }
        count += 1;
        let left = holder.left(actions, Some(&table.arn));
        let only = |key: &str, words: &[&str]| {
            statement.conditions.iter().any(|of| {
                is(&of.key, key)
                    && matches!(of.operator, Operator::StringEquals { .. } | Operator::StringLike)
                    && !of.negated
                    && !of.values.is_empty()
                    && of.values.iter().all(|value| words.contains(&value.as_str()))
            })
        };
        let reads = left.and(Actions::of(&READS)).names().next();
        if let Some(action) = reads.filter(|_| !only("dynamodb:Select", &["SPECIFIC_ATTRIBUTES"])) {
            return Ok(draft.fail(format!(
                "{name} allows {action} on some attributes, and does not ask for a projection: without one all are returned"
            )));
        }
        let writes = left.and(Actions::of(&RETURNS)).names().next();
        if let Some(action) = writes.filter(|_| !only("dynamodb:ReturnValues", &["NONE", "UPDATED_NEW", "UPDATED_OLD"]))
        {
            warn = warn.or(Some(format!(
                "{name} allows {action} on some attributes, and to have all of the old ones returned"
            )));
        }
    }
    let draft = whole(draft, roster)?;
    Ok(match (warn, count) {
        (Some(why), _) => draft.warn(why),
        (None, 0) => draft.not_applicable("no policy claims to hold anybody to attributes of its items"),
        (None, count) => draft.pass(format!("{count} statements hold callers to the attributes they name")),
    })
}

/// IAM-09.
pub(super) const IAM_09: &Control = &Control {
    id: "IAM-09",
    operations: &[DETAILS, TAGS],
    blind: "whether access by tags is switched on for the account and region: the console alone says so",
    judge: Judge::Table(|estate, baseline, table| judged(IAM_09, estate, baseline, table, tagged)),
};

fn tagged(
    draft: Draft,
    _: &Estate,
    baseline: &Baseline,
    table: &Table,
    roster: &Roster,
) -> Result<Judgement, Box<Judgement>> {
    let of = |key: &str| key.to_ascii_lowercase().starts_with("aws:resourcetag/");
    let all: Vec<_> = claims(roster, baseline, &table.arn, of).collect();
    let (mut draft, seen) = draft.need("ListTagsOfResource", Some(&table.tags))?;
    let (mut keys, mut lacking) = (Vec::new(), None);
    for (_, statement, _, name) in &all {
        let by_name = statement.resources.as_ref().is_some_and(|names| {
            !names.except
                && names.patterns.iter().any(|pattern| !pattern.contains(['*', '?']) || ends_in(pattern, &table.name))
        });
        for condition in statement.conditions.iter().filter(|one| of(&one.key) && one.operator != Operator::Null) {
            let key = condition.key.split_once('/').map_or("", |(_, key)| key);
            let has = seen.value.keys().any(|own| own.eq_ignore_ascii_case(key));
            // An allow for tagged tables leaves an untagged one alone, and so does a denial: that one is open.
            let counts = match statement.effect {
                Effect::Allow => by_name,
                Effect::Deny => !condition.negated,
            };
            if has {
                keys.push(key.to_owned());
            } else if counts && lacking.is_none() {
                lacking = Some((name.clone(), key.to_owned()));
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    draft.saw(seen, keys.iter().map(|key| format!("Tags[].Key={key}")));
    if let Some((name, key)) = lacking {
        draft.saw(seen, [format!("Tags[].Key={key}: absent")]);
        return Ok(draft.fail(format!("{name} goes by the tag {key}, which the table lacks")));
    }
    let draft = whole(draft, roster)?;
    if keys.is_empty() {
        return Ok(draft.not_applicable("no policy goes by a tag of this table"));
    }
    let tag = Actions::of(&["dynamodb:TagResource", "dynamodb:UntagResource"]);
    let changes = roster.everyday(baseline).filter(|of| !of.in_hands && !of.is_one_of(&baseline.admins)).find(|of| {
        let may = of.may(Some(&table.arn));
        !may.and(Actions::items()).is_empty() && !may.and(tag).is_empty()
    });
    Ok(match changes {
        Some(holder) => draft.fail(format!("{} reads or writes items and may change the tags it goes by", holder.name)),
        None => draft.pass(format!(
            "it has what policies go by ({}), and nobody who works on items may change it",
            keys.join(", ")
        )),
    })
}

/// True for a pattern that fixes a table's name, whatever its region and account.
fn ends_in(pattern: &str, name: &str) -> bool {
    pattern.split_once(":table/").is_some_and(|(_, rest)| rest == name)
}
