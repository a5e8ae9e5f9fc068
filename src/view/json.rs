//! The raw JSON of anything: the service's own where it was kept, else all that is known of it.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::model::{Cell, Fault};
use crate::store::rows::{DriftRow, Entry};

use super::{Ctx, Thing};

/// The raw JSON of a thing: the service's own where it was kept, else all that is known of it.
#[must_use]
pub fn json_of(ctx: &Ctx<'_>, thing: &Thing) -> Option<String> {
    let estate = ctx.store.estate();
    Some(match thing {
        Thing::Finding(id) => ctx.store.finding(id)?.raw.clone(),
        Thing::Step(id, number) => super::case::step_json(ctx, id, *number)?,
        Thing::Event(key) => ctx.derived.borrow_mut().records.record(ctx.store.events().get(key)?).ok()?.into_owned(),
        Thing::File(path) => to_json(super::files::file(ctx, path)?)?,
        Thing::Broken(number) => super::broken::broken(ctx, *number)?.raw.to_owned(),
        Thing::Table(arn) => table_json(ctx, arn)?,
        Thing::Who(arn) => to_json(&*ctx.derived.borrow_mut().who(ctx.store, arn)?)?,
        Thing::Judgement(resource, control) => to_json(ctx.store.judgement(resource, control)?)?,
        Thing::Rule(key) => estate.rules.get(key)?.raw.clone(),
        Thing::Evaluation(key, kind, id) => {
            let of = estate.evaluations.get(key)?.value()?;
            of.iter().find(|one| one.resource_type == *kind && one.resource_id == *id)?.json().to_string()
        }
        Thing::Stack(id) => estate.stacks.get(id)?.raw.clone(),
        Thing::Resource(id, logical) => {
            let of = estate.stacks.get(id)?.resources.value()?;
            to_json(of.iter().find(|one| one.logical_id == *logical)?)?
        }
        Thing::Drift(id) => DriftRow::Drift(ctx.store, ctx.store.drift(id)?).json().to_string(),
        Thing::Endpoint(scope, id) => {
            let of = estate.networks.get(scope)?.endpoints.value()?;
            of.iter().find(|one| one.id == *id)?.raw.clone()
        }
        Thing::Vpc(scope, id) => to_json(estate.networks.get(scope)?.vpcs.value()?.iter().find(|vpc| vpc.id == *id)?)?,
        Thing::Trail(scope, arn) => estate.trails.get(&(scope.clone(), arn.clone()))?.raw.clone(),
        Thing::Source(source, scope) => {
            let of = ctx.store.freshness_of(*source, scope)?;
            let fault = of.fault.as_ref().map(fault_json);
            json!({ "source": source, "scope": scope, "good": of.good, "due": of.due, "sweeps": of.sweeps, "fault": fault })
                .to_string()
        }
        Thing::Practice(number) => super::practices::numbered(ctx, *number)?.json().to_string(),
        Thing::Theme(name) => super::themes::json(ctx, name)?,
        Thing::Crossing(lane, id) => super::crossers::json(ctx, lane, id)?.to_string(),
        Thing::Call(number) => to_json(super::sources::call(ctx, *number)?)?,
        Thing::Error(place) => {
            let line = ctx.store.errors().get(*place)?;
            json!({ "at": line.at, "source": line.source, "scope": line.scope, "error": line.error, "count": line.count })
                .to_string()
        }
    })
}

fn to_json(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn fault_json(fault: &Fault) -> Value {
    json!({ "at": fault.at, "error": fault.error })
}

fn cell_json<T: serde::Serialize>(cell: &Cell<T>) -> Value {
    let seen = cell.seen.as_ref().map(|seen| json!({ "value": seen.value, "at": seen.at, "call": seen.call }));
    json!({ "seen": seen, "fault": cell.fault.as_ref().map(fault_json) })
}

fn table_json(ctx: &Ctx<'_>, arn: &str) -> Option<String> {
    let estate = ctx.store.estate();
    let table = estate.tables.get(arn)?;
    let policy = table.policy.value().cloned().flatten();
    let policy = policy.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    let judgements: Vec<_> = ctx.store.judgements_of(arn).collect();
    let own = json!({
        "arn": table.arn, "name": table.name, "scope": table.scope,
        "description": cell_json(&table.description), "pitr": cell_json(&table.pitr), "ttl": cell_json(&table.ttl),
        "tags": cell_json(&table.tags), "resource_policy": policy,
        "resource_policy_fault": table.policy.fault.as_ref().map(fault_json), "judgements": judgements,
    });
    // What Config recorded stands as Config sent it.
    let mut all: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
    for (name, value) in own.as_object()? {
        all.insert(name, to_raw_value(value).ok()?);
    }
    let history = estate.histories.get(arn);
    if let Some(history) = history.and_then(Cell::value).filter(|history| history.recorded) {
        all.insert("config_history", RawValue::from_string(history.raw.to_string()).ok()?);
    }
    if let Some(fault) = history.and_then(|cell| cell.fault.as_ref()) {
        all.insert("config_history_fault", to_raw_value(&fault_json(fault)).ok()?);
    }
    to_json(&all)
}
