//! Isolation: whose a table is, and which lanes lead to it.

use std::collections::BTreeMap;

use crate::model::{ClassTags, DataClass, Endpoint, Estate, Judgement, Scope, Table};
use crate::policy::{Through, lets_items_of};

use super::draft::{Draft, class, settle};
use super::network::{each_endpoint, policy_of};
use super::{Baseline, Control, Judge};

/// ISO-01.
pub(super) const ISO_01: &Control = &Control {
    id: "ISO-01",
    operations: &["dynamodb:ListTagsOfResource"],
    blind: "whether the class that is stated is the right one",
    judge: Judge::Table(classed),
};

fn classed(estate: &Estate, _: &Baseline, table: &Table) -> Judgement {
    settle(judge_classed(estate, table))
}

fn judge_classed(estate: &Estate, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(ISO_01, &table.arn).need("ListTagsOfResource", Some(&table.tags))?;
    let keys = &estate.class_tags;
    let [word, owner, domain] = [&keys.class, &keys.owner, &keys.domain].map(|of| ClassTags::value_of(&seen.value, of));
    let told = |value| Option::unwrap_or(value, "absent");
    draft.saw(
        seen,
        [format!("class={}", told(word)), format!("owner={}", told(owner)), format!("domain={}", told(domain))],
    );
    let Some(class) = estate.stated_class(table) else {
        return Ok(match word {
            Some(word) => {
                draft.warn(format!("its class is {word:?}, which means nothing here: it counts as restricted"))
            }
            None => draft.fail("no tag states its class: it counts as restricted"),
        });
    };
    let missing: Vec<&str> = [("owner", owner), ("domain", domain)]
        .into_iter()
        .filter(|(_, value)| value.is_none_or(|value| value.trim().is_empty()))
        .map(|(what, _)| what)
        .collect();
    if !missing.is_empty() {
        return Ok(draft.warn(format!("class {}, and no tag states its {}", class.word(), missing.join(" and "))));
    }
    let replicas = table.description.value().into_iter().flat_map(|of| &of.replicas);
    let other = replicas
        .filter_map(|of| estate.replica(table, &of.region))
        .filter(|other| other.arn != table.arn && other.tags.value().is_some())
        .find(|other| estate.stated_class(other) != Some(class));
    Ok(match other {
        Some(other) => {
            draft.warn(format!("class {}, but not so on its replica in {}", class.word(), other.scope.region))
        }
        None => draft.pass(format!("class {} of {} in {}", class.word(), told(owner), told(domain))),
    })
}

/// ISO-02.
pub(super) const ISO_02: &Control = &Control {
    id: "ISO-02",
    operations: &["ec2:DescribeVpcEndpoints", "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "tables of accounts and regions that are not polled",
    judge: Judge::Estate(lanes),
};

fn lanes(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_endpoint(ISO_02, estate, policy_of, |draft, scope, _, of| settle(one_lane(estate, baseline, scope, draft, of)))
}

fn one_lane(
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    draft: Draft,
    endpoint: &Endpoint,
) -> Result<Judgement, Box<Judgement>> {
    let Some(text) = &endpoint.policy else { return Ok(draft.unclear("the answer holds no policy document")) };
    let (draft, document) = draft.document(text)?;
    let (mut draft, list) = draft.need("ListTables", estate.populations.get(scope))?;
    let keys = &estate.class_tags.domain;
    let own = ClassTags::value_of(&endpoint.tags, keys);
    draft.saw(list, [format!("domain of {}={}", endpoint.id, own.unwrap_or("absent"))]);
    let (mut foreign, mut perhaps, mut nobodys, mut unread) = (None, None, None, None);
    let here = estate.tables.values().filter(|table| table.scope == *scope);
    // A class that is a guess counts under ISO-01. The policy is asked last: it costs the most.
    let asked = here.filter(|table| {
        table.tags.value().is_none() || estate.stated_class(table).is_some_and(|of| baseline.asks(of, ISO_02.id))
    });
    let through = asked.map(|table| (table, lets_items_of(&document, &table.arn)));
    for (table, through) in through.filter(|(_, through)| *through > Through::No) {
        let Some(tags) = table.tags.value() else {
            unread = unread.or(Some(table));
            continue;
        };
        match (ClassTags::value_of(tags, keys), own) {
            (None, _) => nobodys = nobodys.or(Some(table)),
            (Some(theirs), Some(own)) if !theirs.eq_ignore_ascii_case(own) => {
                let found = if through == Through::Yes { &mut foreign } else { &mut perhaps };
                found.get_or_insert((table, theirs, own));
            }
            (Some(_), None) => nobodys = nobodys.or(Some(table)),
            _ => {}
        }
    }
    if let Some((table, theirs, own)) = foreign {
        return Ok(draft.fail(format!("it is of domain {own} and lets {} of domain {theirs} through", table.name)));
    }
    if let Some(table) = unread {
        let (draft, _) = draft.need(&format!("ListTagsOfResource of {}", table.name), Some(&table.tags))?;
        return Ok(draft.unclear("the tags of a table it lets through were not read"));
    }
    if let Some((table, theirs, own)) = perhaps {
        let why = format!("it is of domain {own}, and denies {} of domain {theirs} only under conditions", table.name);
        return Ok(draft.warn(why));
    }
    Ok(match (nobodys, own) {
        (Some(table), None) => draft.warn(format!("it lets {} through, and no tag states its own domain", table.name)),
        (Some(table), Some(_)) => draft.warn(format!("it lets {} through, whose domain no tag states", table.name)),
        (None, Some(own)) => draft.pass(format!("it lets no sensitive table through but those of {own}")),
        (None, None) => draft.pass("it lets no sensitive table through"),
    })
}

/// ISO-06.
pub(super) const ISO_06: &Control = &Control {
    id: "ISO-06",
    operations: &["dynamodb:ListTables", "dynamodb:ListTagsOfResource", "dynamodb:DescribeTable"],
    blind: "tables without a class are left out: they count under ISO-01",
    judge: Judge::Estate(apart),
};

fn apart(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_scope(estate, scope))).collect()
}

fn one_scope(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, list) = Draft::new(ISO_06, scope.to_string()).need("ListTables", estate.populations.get(scope))?;
    let here = || estate.tables.values().filter(|table| table.scope == *scope);
    let mut classes: BTreeMap<DataClass, Vec<&Table>> = BTreeMap::new();
    for table in here() {
        if let Some(class) = estate.stated_class(table) {
            classes.entry(class).or_default().push(table);
        }
    }
    let told = classes.iter().map(|(class, tables)| format!("{}: {}", class.word(), tables.len()));
    draft.saw(list, told);
    let key = |table: &Table| table.description.value().and_then(|of| of.kms_key.clone());
    let strict = classes.remove(&DataClass::Restricted).unwrap_or_default();
    let milder: BTreeMap<String, &Table> =
        classes.values().flatten().filter_map(|table| Some((key(table)?, *table))).collect();
    for table in &strict {
        if let Some(other) = key(table).and_then(|key| milder.get(&key)) {
            let (other, class) = (&other.name, class(estate, other).0.word());
            return Ok(draft.fail(format!("{} shares its key with {other} of class {class}", table.name)));
        }
    }
    if let Some(table) = here().find(|table| table.tags.value().is_none()) {
        let (draft, _) = draft.need(&format!("ListTagsOfResource of {}", table.name), Some(&table.tags))?;
        return Ok(draft.unclear("the tags of a table were not read"));
    }
    // Where there is but one class, whose key is whose does not matter.
    let both = !strict.is_empty() && !classes.is_empty();
    let mut of_a_class = strict.iter().chain(classes.values().flatten()).filter(|_| both);
    if let Some(table) = of_a_class.find(|table| table.description.value().is_none()) {
        let (draft, _) = draft.need(&format!("DescribeTable of {}", table.name), Some(&table.description))?;
        return Ok(draft.unclear("a table was not described"));
    }
    let bare = strict.iter().find(|table| key(table).is_none());
    Ok(match (strict.is_empty(), classes.is_empty(), bare) {
        (true, ..) => draft.not_applicable("no table here states class restricted"),
        (_, true, _) => draft.pass("every table here that states a class is restricted"),
        (_, false, None) => draft.pass("restricted tables have keys that no other class uses"),
        (_, false, Some(table)) => {
            draft.warn(format!("{} lies beside milder classes and has no key of its own", table.name))
        }
    })
}
