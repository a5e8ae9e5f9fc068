//! DAX: what a cluster reads from tables in its own name, and who may then read it from the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::model::{ClassTags, DataClass, Estate, Judgement, Scope, Seen, SourceError, Table};
use crate::policy::{self, Actions, Effect, Principal, Statement};

use super::caches::{CLUSTERS, each};
use super::draft::{Draft, by_class, settle, strictest, strictest_in};
use super::roster::{DETAILS, Holder, Roster, roster, some};
use super::{Baseline, Control, Judge};

const LIST: &str = "dynamodb:ListTables";
const TAGS: &str = "dynamodb:ListTagsOfResource";
const SERVICE: &str = "dax.amazonaws.com";

/// The actions that read or write items through a cluster.
const ITEMS: [&str; 9] = [
    "dax:BatchGetItem",
    "dax:BatchWriteItem",
    "dax:ConditionCheckItem",
    "dax:DeleteItem",
    "dax:GetItem",
    "dax:PutItem",
    "dax:Query",
    "dax:Scan",
    "dax:UpdateItem",
];

/// A cluster's role: its ARN, IAM's answer, and who is who in its account.
type Role<'a> = (Draft, &'a str, &'a Seen<Value>, Arc<Roster>);

fn role_of<'a>(
    draft: Draft,
    estate: &'a Estate,
    scope: &Scope,
    (clusters, cluster): (&Seen<Value>, &'a Value),
) -> Result<Role<'a>, Box<Judgement>> {
    let mut draft = draft;
    let Some(arn) = cluster["IamRoleArn"].as_str() else {
        return Err(Box::new(draft.unclear("the answer names no role of the cluster")));
    };
    draft.saw(clusters, [format!("Clusters[].IamRoleArn={arn}")]);
    let (draft, _) = draft.need("ListTables", estate.populations.get(scope))?;
    let (draft, seen, roster) = roster(draft, estate, &scope.account)?;
    Ok((draft, arn, seen, roster))
}

/// The role itself, read whole.
fn holder<'r>(draft: Draft, roster: &'r Roster, arn: &str) -> Result<(Draft, &'r Holder), Box<Judgement>> {
    match roster.holders.iter().find(|of| of.arn == arn) {
        Some(of) => match &of.unread {
            Some(what) => Err(Box::new(draft.unclear(format!("{what} was not in the answer")))),
            None => Ok((draft, of)),
        },
        None => Err(Box::new(draft.unclear(format!("{arn} is not in the list of roles")))),
    }
}

/// The tables beside a cluster whose items its role may read or write.
fn reached<'a>(estate: &'a Estate, scope: &Scope, role: &Holder) -> Vec<&'a Table> {
    let here = estate.tables.values().filter(|table| table.scope == *scope);
    here.filter(|table| !role.may(Some(&table.arn)).and(Actions::items()).is_empty()).collect()
}

fn names(of: &[&Table]) -> String {
    some(&of.iter().map(|table| table.name.clone()).collect::<Vec<_>>())
}

/// Why the class of one of some tables is not known.
fn unread<'a>(of: &[&'a Table]) -> Option<Option<&'a SourceError>> {
    of.iter().find(|table| table.tags.value().is_none()).map(|table| table.tags.fault.as_ref().map(|of| &of.error))
}

/// DAX-03.
pub(super) const DAX_03: &Control = &Control {
    id: "DAX-03",
    operations: &[CLUSTERS, DETAILS, LIST, TAGS],
    blind: "whether applications write through the cluster, so whether its role must",
    judge: Judge::Estate(limited),
};

fn limited(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(DAX_03, estate, |draft, scope, clusters, cluster| {
        let unread = match strictest_in(estate, |of| of == scope, |_| true) {
            Some((class, None)) if !baseline.asks(class, DAX_03.id) => {
                return draft.not_applicable(format!("class {} asks for none", class.word()));
            }
            Some((_, unread)) => unread,
            None => return draft.not_applicable("no table here states a class"),
        };
        by_class(settle(judge_limited(draft, estate, scope, (clusters, cluster))), unread)
    })
}

fn judge_limited(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    of: (&Seen<Value>, &Value),
) -> Result<Judgement, Box<Judgement>> {
    let (draft, arn, seen, roster) = role_of(draft, estate, scope, of)?;
    let (mut draft, role) = holder(draft, &roster, arn)?;
    draft.saw(seen, [format!("RoleDetailList[{}]", role.name)]);
    for policy in &role.own {
        let wide = policy.reach.grants.iter().filter(|grant| grant.effect == Effect::Allow).find(|grant| {
            let held = grant.actions.and(role.may(None));
            grant.whole && !held.is_empty() || grant.every_table && !held.and(Actions::items()).is_empty()
        });
        if let Some(grant) = wide {
            let what = if grant.whole { "every action of DynamoDB" } else { "the items of every table" };
            return Ok(draft.fail(format!(
                "its role holds {what} ({}, statement {})",
                policy.name,
                grant.statement + 1
            )));
        }
    }
    let Some(trust) = &role.trust else {
        return Ok(draft.unclear(format!("whom {} trusts could not be understood", role.name)));
    };
    let allowed = trust.statements.iter().filter(|one| one.effect == Effect::Allow);
    let whom = allowed.flat_map(|one| &one.principals).flat_map(|of| of.who.iter().map(|who| (of.except, who)));
    let other = whom.into_iter().find_map(|of| match of {
        (false, Principal::Service(name)) if name == SERVICE => None,
        (false, Principal::Service(name)) => Some(name.clone()),
        _ => Some("others than services".to_owned()),
    });
    if let Some(other) = other {
        return Ok(draft.warn(format!("its role is used by {other} as well")));
    }
    let clusters = estate.scopes.iter().filter(|of| of.account == scope.account);
    let known = clusters.filter_map(|scope| estate.answer(scope, CLUSTERS, "")?.value());
    let all = known.flat_map(|of| of["Clusters"].as_array().into_iter().flatten());
    let sharing = all.filter(|of| of["IamRoleArn"].as_str() == Some(arn)).count();
    if sharing > 1 {
        return Ok(draft.warn(format!("its role is shared by {sharing} clusters")));
    }
    if !policy::services_let_in(trust).iter().all(|(_, _, account, arn)| *account || *arn) {
        return Ok(draft.warn("its role trusts DAX for whatever account: no aws:SourceAccount, no aws:SourceArn"));
    }
    Ok(draft.pass("its role names its tables, and trusts DAX alone for this account"))
}

/// DAX-04.
pub(super) const DAX_04: &Control = &Control {
    id: "DAX-04",
    operations: &[CLUSTERS, DETAILS, LIST, TAGS],
    blind: "what policies of the organization and session policies take back; grants of other accounts",
    judge: Judge::Estate(around),
};

fn around(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(DAX_04, estate, |draft, scope, clusters, cluster| {
        settle(judge_around(draft, estate, baseline, scope, (clusters, cluster)))
    })
}

fn judge_around(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    (clusters, cluster): (&Seen<Value>, &Value),
) -> Result<Judgement, Box<Judgement>> {
    let (draft, arn, seen, roster) = role_of(draft, estate, scope, (clusters, cluster))?;
    let (mut draft, role) = holder(draft, &roster, arn)?;
    let tables = reached(estate, scope, role);
    let unread = match strictest(estate, tables.iter().copied()) {
        Some((class, None)) if !baseline.asks(class, DAX_04.id) => {
            return Ok(draft.not_applicable(format!("class {} of what it caches asks for none", class.word())));
        }
        Some((_, unread)) => unread,
        None => return Ok(draft.not_applicable("no table that it caches states a class")),
    };
    let Some(own) = cluster["ClusterArn"].as_str() else {
        return Ok(draft.unclear("the answer leaves ClusterArn out"));
    };
    let (mut wide, mut callers) = (Vec::new(), 0);
    for holder in roster.everyday(baseline) {
        let grants: Vec<&Statement> = grants(holder, own).collect();
        if grants.is_empty() {
            continue;
        }
        callers += 1;
        if let Some(table) = tables.iter().find(|table| is_confined(holder, &table.arn)) {
            draft.saw(seen, [format!("{} holds dax actions on {own}", holder.name)]);
            let why = format!(
                "{} is confined to some items of {}, and reads them all through the cluster",
                holder.name, table.name
            );
            return Ok(by_class(draft.fail(why), unread));
        }
        if grants.iter().any(|one| one.is_on_everything() || one.actions.covers_service("dax")) {
            wide.push(holder.name.clone());
        }
    }
    draft.saw(seen, [format!("{callers} users and roles hold dax actions on {own}")]);
    if let Some(what) = roster.unread() {
        return Ok(draft.unclear(format!("the set of policies is not whole: {what} was not in the answer")));
    }
    let judged = if wide.is_empty() {
        draft.pass("nobody who is confined to some items reads through it")
    } else {
        draft.warn(format!("every action of DAX, or on every cluster: {}", some(&wide)))
    };
    Ok(by_class(judged, unread))
}

/// The statements that let somebody read or write items through a cluster, under their ceiling and where no denial
/// takes it all back.
fn grants<'a>(holder: &'a Holder, cluster: &'a str) -> impl Iterator<Item = &'a Statement> {
    let may = ITEMS.iter().any(|action| holder.may_elsewhere(action));
    let all = holder.policies().filter(move |_| may).flat_map(|policy| &policy.reach.document.statements);
    all.filter(move |one| {
        one.effect == Effect::Allow
            && ITEMS.iter().any(|action| one.actions.matches_action(action))
            && one.resources.as_ref().is_none_or(|names| names.names(cluster))
    })
}

/// True for somebody who may reach items of a table by some keys or attributes alone.
fn is_confined(holder: &Holder, table: &str) -> bool {
    let by = ["dynamodb:LeadingKeys", "dynamodb:Attributes"];
    holder.policies().any(|policy| {
        policy.reach.grants.iter().filter(|grant| grant.effect == Effect::Allow && grant.names(table)).any(|grant| {
            let one = policy.reach.document.statements.get(grant.statement);
            one.is_some_and(|one| one.conditions.iter().any(|of| by.iter().any(|key| of.key.eq_ignore_ascii_case(key))))
        })
    })
}

/// DAX-07.
pub(super) const DAX_07: &Control = &Control {
    id: "DAX-07",
    operations: &[CLUSTERS, DETAILS, LIST, TAGS],
    blind: "which of the tables that its role reaches are read through it",
    judge: Judge::Estate(one_domain),
};

fn one_domain(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(DAX_07, estate, |draft, scope, clusters, cluster| {
        settle(judge_domain(draft, estate, baseline, scope, (clusters, cluster)))
    })
}

fn judge_domain(
    draft: Draft,
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    of: (&Seen<Value>, &Value),
) -> Result<Judgement, Box<Judgement>> {
    let (draft, arn, seen, roster) = role_of(draft, estate, scope, of)?;
    let (mut draft, role) = holder(draft, &roster, arn)?;
    let tables = reached(estate, scope, role);
    draft.saw(seen, [format!("{} reaches {}", role.name, names(&tables))]);
    let stated: Vec<DataClass> = tables.iter().filter_map(|table| estate.stated_class(table)).collect();
    let strict = stated.iter().max().is_some_and(|class| baseline.asks(*class, DAX_07.id));
    let tags = || tables.iter().filter_map(|table| Some((*table, table.tags.value()?)));
    let keys = &estate.class_tags.domain;
    let domains: BTreeSet<String> =
        tags().filter_map(|(_, tags)| ClassTags::value_of(tags, keys)).map(str::to_lowercase).collect();
    if strict && domains.len() > 1 {
        let all: Vec<String> = domains.into_iter().collect();
        return Ok(draft.fail(format!("its role reaches tables of {} domains: {}", all.len(), some(&all))));
    }
    let restricted = stated.contains(&DataClass::Restricted);
    if restricted && stated.iter().any(|class| *class != DataClass::Restricted) {
        return Ok(draft.fail(format!("its role reaches restricted tables beside milder ones: {}", names(&tables))));
    }
    if let Some(error) = unread(&tables) {
        return Ok(draft.unknown("class and domain, from tags", error));
    }
    if !strict {
        return Ok(draft.not_applicable("no table that it caches states a class that asks for it"));
    }
    let bare = tags().find(|(_, tags)| ClassTags::value_of(tags, keys).is_none());
    Ok(match bare {
        Some((table, _)) => draft.warn(format!("its role reaches {}, whose domain no tag states", table.name)),
        None => draft.pass("all that its role reaches is of one domain and one class"),
    })
}

/// DAX-08.
pub(super) const DAX_08: &Control = &Control {
    id: "DAX-08",
    operations: &[CLUSTERS, DETAILS, LIST, TAGS],
    blind: "which of the tables that its role reaches are read through it; an exception is recorded as a mute",
    judge: Judge::Estate(uncached),
};

fn uncached(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(DAX_08, estate, |draft, scope, clusters, cluster| {
        settle(judge_uncached(draft, estate, scope, (clusters, cluster)))
    })
}

fn judge_uncached(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    of: (&Seen<Value>, &Value),
) -> Result<Judgement, Box<Judgement>> {
    let (draft, arn, seen, roster) = role_of(draft, estate, scope, of)?;
    let (mut draft, role) = holder(draft, &roster, arn)?;
    let tables = reached(estate, scope, role);
    draft.saw(seen, [format!("{} reaches {}", role.name, names(&tables))]);
    let of = |class| -> Vec<&Table> {
        tables.iter().copied().filter(|table| estate.stated_class(table) == Some(class)).collect()
    };
    let restricted = of(DataClass::Restricted);
    if !restricted.is_empty() {
        return Ok(draft.fail(format!("its role reaches restricted tables: {}", names(&restricted))));
    }
    if let Some(error) = unread(&tables) {
        return Ok(draft.unknown("class, from tags", error));
    }
    let confidential = of(DataClass::Confidential);
    Ok(if confidential.is_empty() {
        draft.pass("its role reaches no restricted table")
    } else {
        draft.warn(format!("its role reaches confidential tables: {}", names(&confidential)))
    })
}
