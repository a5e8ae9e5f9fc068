//! Rows as one JSON object.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::store::rows::Entry;
use crate::store::{Coverage, Store};

/// The version of the envelope.
pub const SCHEMA: &str = "dynakeep/1";

/// Writes `{"schema", "origin", "generated_at", "scope", "coverage", …extra, "rows"}` and a line's end; `events` is what
/// was searched for events, where rows are those.
///
/// # Errors
/// When the output takes no more.
pub fn write(
    out: &mut dyn Write,
    store: &Store,
    coverage: &Coverage,
    events: Option<Value>,
    extra: Map<String, Value>,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    envelope(out, store, coverage, events, extra, rows.iter().map(|row| row.json()))
}

/// As [`write`], for rows that are JSON already.
pub(super) fn envelope(
    out: &mut dyn Write,
    store: &Store,
    coverage: &Coverage,
    events: Option<Value>,
    extra: Map<String, Value>,
    rows: impl Iterator<Item = Value>,
) -> io::Result<()> {
    let mut envelope = Map::new();
    let estate = store.estate();
    envelope.insert("schema".to_owned(), json!(SCHEMA));
    envelope.insert("origin".to_owned(), json!(store.origin().word()));
    envelope.insert("generated_at".to_owned(), json!(estate.now));
    envelope.insert("scope".to_owned(), json!(estate.scopes));
    let mut covered = coverage_json(store, coverage);
    if let (Some(events), Some(covered)) = (events, covered.as_object_mut()) {
        if events["cut"] == true {
            covered.insert("complete".to_owned(), json!(false));
        }
        covered.insert("events".to_owned(), events);
    }
    envelope.insert("coverage".to_owned(), covered);
    envelope.extend(extra);
    super::safe::json(out, &Envelope { head: &envelope, rows: RefCell::new(rows) })?;
    out.write_all(b"\n")
}

/// The object, its rows made one after the other: a million of them are never in memory together.
struct Envelope<'a, R> {
    head: &'a Map<String, Value>,
    rows: RefCell<R>,
}

impl<R: Iterator<Item = Value>> Serialize for Envelope<'_, R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (key, value) in self.head {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("rows", &Rows(&self.rows))?;
        map.end()
    }
}

struct Rows<'a, R>(&'a RefCell<R>);

impl<R: Iterator<Item = Value>> Serialize for Rows<'_, R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(&mut *self.0.borrow_mut())
    }
}

/// What a screen's coverage line says, for programs.
pub(super) fn coverage_json(store: &Store, coverage: &Coverage) -> Value {
    let now = store.estate().now;
    let oldest = coverage.oldest.as_ref().map(|(source, scope, at)| {
        let age = now.duration_since(*at).as_secs();
        json!({"source": source.name(), "scope": scope, "at": at, "age_seconds": age})
    });
    let missing: BTreeSet<String> = store.missing_actions();
    json!({
        "complete": coverage.is_complete(),
        "tables_read": coverage.tables_read,
        "tables_listed": coverage.tables_listed,
        "scopes": coverage.scopes,
        "scopes_blind": coverage.scopes_blind,
        "loading": coverage.loading,
        "faults": coverage.faults,
        "missing_actions": missing,
        "muted": coverage.muted,
        "void_exceptions": coverage.void,
        "unclassed": coverage.unclassed,
        "by_default_class": coverage.by_default,
        "oldest": oldest,
    })
}
