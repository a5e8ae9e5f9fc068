//! Changes as lines and as JSON: what `watch` prints and hands on, and what a hand-over is made of.

use serde_json::{Map, Value, json};

use crate::controls::facts;
use crate::model::{Scope, second};
use crate::store::Store;
use crate::store::changes::{Change, Changed};
use crate::store::rows::place;

use super::json::SCHEMA;
use super::safe::{shortened, visible};

/// The longest text of an item: a reason may quote what an account says, and that may be a megabyte.
const LONGEST: usize = 2_000;

/// A change as it is handed to programs.
#[must_use]
pub fn json(change: &Change) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| {
        item.insert(name.to_owned(), value);
    };
    let cut = |text: &str| Value::from(shortened(text, LONGEST));
    put("kind", json!(change.kind()));
    put("change", json!(change.word()));
    put("worse", json!(change.is_worse()));
    put("severity", json!(change.severity()));
    put("noticed_at", json!(change.at));
    put("evidence_at", json!(change.evidence));
    let mut scope = |of: &Scope| {
        put("account", json!(of.account));
        put("region", json!(of.region));
    };
    match &change.what {
        Changed::Verdict(of) => {
            let (account, region) = place(&of.resource);
            scope(&Scope { account, region });
            put("control", json!(of.control));
            put("title", json!(facts::facts(of.control).map(|facts| facts.title.as_str())));
            put("resource", cut(&of.resource));
            put("from", json!(of.from));
            put("to", json!(of.to));
            put("reason", cut(&of.reason));
        }
        Changed::Finding(of) => {
            scope(&of.scope);
            put("id", cut(&of.id));
            put("type", cut(&of.kind));
            put("title", cut(&of.title));
        }
        Changed::Drift(of) => {
            scope(&of.scope);
            put("id", cut(&of.id));
            put("resource", cut(&of.resource));
            put("table", json!(of.table));
            put("setting", cut(&of.setting));
            let [was, is] = of.values.each_ref().map(|value| value.as_deref().map(cut));
            put("was", json!(was));
            put("is", json!(is));
            put("lowers", json!(of.lowers));
            put("damage", json!(of.damage));
            put("cause", json!(of.cause.as_ref().ok().map(|(event, words)| json!({"event": event, "words": words}))));
            put("cause_unknown", json!(of.cause.as_ref().err()));
        }
        Changed::Source(of) => {
            scope(&of.scope);
            put("source", json!(of.source.name()));
            put("error", json!(of.error.as_ref().map(|error| cut(&error.to_string()))));
            put("last_good", json!(of.good));
        }
    }
    Value::Object(item)
}

/// A change as an item of its own, with what it was read from.
#[must_use]
pub fn item(store: &Store, change: &Change) -> Value {
    let mut item = json!({"schema": SCHEMA, "origin": store.origin().word()});
    if let (Some(item), Value::Object(of)) = (item.as_object_mut(), json(change)) {
        item.extend(of);
    }
    item
}

/// What changed, in words, without its time and word: nothing in it acts on a terminal, and it is no longer than a few
/// lines.
#[must_use]
pub fn words(change: &Change) -> String {
    let words = match &change.what {
        Changed::Verdict(of) => {
            let from = of.from.map(|from| format!("{} → ", from.word())).unwrap_or_default();
            format!("{} {from}{}  {}  {}", of.control, of.to.word(), of.resource, of.reason)
        }
        Changed::Finding(of) => format!("{}  {}  {}  {}", of.kind, of.scope, of.title, of.id),
        Changed::Drift(of) => {
            let by = of.cause.as_ref().map_or_else(|why| format!("; {why}"), |(_, by)| format!("; {by}"));
            let damage = of.damage.as_ref().map(|damage| format!("; {damage}")).unwrap_or_default();
            format!("{} in {}  {}{by}{damage}", of.resource, of.scope, of.words())
        }
        Changed::Source(of) => {
            let error = of.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let good = of.good.map(|at| format!(", last read whole at {at}")).unwrap_or_default();
            format!("{} in {}{error}{good}", of.source.name(), of.scope)
        }
    };
    shortened(&visible(&words), 400).into_owned()
}

/// `2026-03-14T03:11:25Z  fell     HIGH  verdict  LOG-01 pass → fail  …`.
#[must_use]
pub fn line(change: &Change) -> String {
    let at = second(change.at);
    let severity = change.severity().map_or("-", crate::model::Severity::short);
    format!("{at}  {:<7}  {:<15}  {severity:<4}  {}", change.kind(), change.word(), words(change))
}
