//! Rows of events, sources and calls.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{CallOutcome, CallRecord, Freshness, Scope, Source};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};
use crate::trail::{EventRef, Grade};

use super::records::Records;
use super::{Entry, Json, age_field, document, flag, many, number, spec};

pub(super) const EVENTS: Schema = Schema {
    rows: "events",
    fields: &[
        spec("id", &["event_id"], Kind::Text, "eventID"),
        spec("time", &[], Kind::Time, "eventTime"),
        spec("age", &[], Kind::Duration, "time since it happened"),
        spec("name", &["event"], Kind::Text, "eventName: name:Update*"),
        spec("source", &["service"], Kind::Text, "eventSource"),
        spec("region", &[], Kind::Text, "the region"),
        spec("account", &[], Kind::Text, "the account"),
        spec("principal", &["by", "user", "role"], Kind::Text, "the user, role or service"),
        spec("principal_arn", &["arn"], Kind::Text, "the caller's ARN"),
        spec("session", &[], Kind::Text, "the session's name, for a role"),
        spec("access_key", &["key"], Kind::Text, "the access key's id"),
        spec("ip", &["address"], Kind::Address, "the address or block it came from"),
        spec("user_agent", &["agent"], Kind::Prose, "a part of the user agent"),
        spec("read_only", &["readonly"], Kind::Flag, "it only reads: !readonly"),
        spec("error", &[], Kind::Text, "errorCode: error:AccessDenied*, error:none"),
        spec("table", &["tables"], Kind::Text, "a table it speaks of"),
        spec("vpce", &["endpoint"], Kind::Text, "the VPC endpoint it came through"),
        spec("category", &[], Kind::Text, "Management, Data, NetworkActivity, Insight"),
        spec(
            "risk",
            &[],
            Kind::Word(&Grade::WORDS),
            "what it means for DynamoDB: risk:>=high, risk:none where it has no bearing",
        ),
        spec("self", &["own"], Kind::Flag, "made by dynakeep: !self"),
    ],
};

pub(super) const SOURCES: Schema = Schema {
    rows: "sources",
    fields: &[
        spec("source", &["name"], Kind::Text, "tables, findings, events …"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("state", &[], Kind::Text, "ok, loading, denied, throttled, offline …"),
        spec("good", &[], Kind::Time, "when it last came back whole"),
        spec("age", &[], Kind::Duration, "time since then"),
        spec("due", &[], Kind::Time, "when it is swept next"),
        spec("sweeps", &[], Kind::Number, "sweeps made"),
        spec("error", &[], Kind::Prose, "what the last sweep met"),
        spec("missing_action", &["missing"], Kind::Text, "the IAM action it lacks"),
    ],
};

pub(super) const CALLS: Schema = Schema {
    rows: "calls",
    fields: &[
        spec("at", &["time"], Kind::Time, "when it began"),
        spec("operation", &["name"], Kind::Text, "dynamodb:DescribeTable"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("outcome", &[], Kind::Text, "ok, guarded, or the error's code"),
        spec("request_id", &["id"], Kind::Text, "the service's request id"),
        spec("millis", &["ms"], Kind::Number, "how long it took"),
        spec("attempts", &[], Kind::Number, "requests sent for it"),
    ],
};

/// An event.
#[derive(Debug, Clone, Copy)]
pub struct EventRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The event.
    pub event: EventRef<'a>,
    /// Records that are not in memory.
    pub records: Option<&'a Records<'a>>,
}

impl<'a> EventRow<'a> {
    /// An event whose record is in memory.
    #[must_use]
    pub fn new(store: &'a Store, event: EventRef<'a>) -> Self {
        Self { store, event, records: None }
    }

    fn record(&self) -> Option<Cow<'a, str>> {
        match self.records {
            Some(records) => records.get(self.event.row()).map(Cow::Owned),
            None => self.event.raw().ok(),
        }
    }
}

/// Newest first.
pub(super) fn events(store: &Store) -> Vec<EventRow<'_>> {
    store.events().newest_first().map(|event| EventRow::new(store, event)).collect()
}

/// The fields of an event that its columns do not hold.
#[must_use]
pub fn event_field<'e>(event: EventRef<'e>, name: &str) -> Field<'e> {
    match name {
        "risk" => Field::maybe(event.grade().map(Grade::word)),
        _ => Field::None,
    }
}

impl Row for EventRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let event = self.event;
        match name {
            "id" => Field::Text(event.id()),
            "time" => Field::time(event.when()),
            "age" => age_field(self.now(), event.when()),
            "name" => Field::text(event.name()),
            "source" => Field::text(event.source()),
            "region" => Field::text(event.region()),
            "account" => Field::text(event.account()),
            "principal" => Field::text(event.principal()),
            "principal_arn" => Field::maybe(event.principal_arn()),
            "session" => Field::maybe(event.session()),
            "access_key" => Field::maybe(event.access_key()),
            "ip" => Field::maybe(event.ip()),
            "user_agent" => Field::maybe(event.user_agent()),
            "read_only" => flag(event.read_only()),
            "error" => Field::maybe(event.error()),
            "table" => many(event.tables()),
            "vpce" => Field::maybe(event.vpce()),
            "category" => Field::text(event.category().word()),
            "self" => Field::Flag(event.own()),
            other => event_field(event, other),
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        // The record holds every other field, but not the words made from it.
        let _ = visit(&self.event.record());
    }

    fn time(&self) -> Option<Timestamp> {
        self.event.when()
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for EventRow<'_> {
    fn json(&self) -> Value {
        let (event, record) = (self.event, self.record());
        let mut row = Json::new();
        row.put("id", &*event.id());
        row.put("time", json!(event.when()));
        row.put("name", event.name());
        row.put("source", event.source());
        row.put("region", event.region());
        row.put("account", event.account());
        row.put("principal", event.principal());
        row.put("principal_arn", json!(event.principal_arn()));
        row.put("session", json!(event.session()));
        row.put("access_key", json!(event.access_key()));
        row.put("ip", json!(event.ip()));
        row.put("user_agent", json!(event.user_agent()));
        row.put("read_only", json!(event.read_only()));
        row.put("error", json!(event.error()));
        row.put("table", json!(event.tables().collect::<Vec<_>>()));
        row.put("vpce", json!(event.vpce()));
        row.put("category", event.category().word());
        row.put("risk", json!(event.grade().map(Grade::word)));
        row.put("self", event.own());
        row.put("raw", record.map_or(Value::Null, |record| document(&record)));
        let scope = Scope::new(event.account(), event.region());
        row.end(self.store, Source::Events, &scope)
    }
}

/// A source in a scope.
#[derive(Debug, Clone, Copy)]
pub struct SourceRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// Which source.
    pub source: Source,
    /// Where.
    pub scope: &'a Scope,
    /// How fresh.
    pub freshness: &'a Freshness,
}

/// Those in trouble first.
pub(super) fn sources(store: &Store) -> Vec<SourceRow<'_>> {
    let mut rows: Vec<_> = store
        .freshness()
        .map(|((source, scope), freshness)| SourceRow { store, source: *source, scope, freshness })
        .collect();
    rows.sort_by_key(|row| (row.freshness.fault.is_none(), !row.freshness.is_loading(), row.source));
    rows
}

impl SourceRow<'_> {
    /// One word: `ok`, `loading`, or the fault's.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match &self.freshness.fault {
            Some(fault) => fault.error.word(),
            None if self.freshness.is_loading() => "loading",
            None => "ok",
        }
    }
}

impl Row for SourceRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let fault = self.freshness.fault.as_ref();
        match name {
            "source" => Field::text(self.source.name()),
            "account" => Field::text(&self.scope.account),
            "region" => Field::text(&self.scope.region),
            "state" => Field::text(self.state()),
            "good" => Field::time(self.freshness.good),
            "age" => age_field(self.now(), self.freshness.good),
            "due" => Field::time(self.freshness.due),
            "sweeps" => number(self.freshness.sweeps as f64),
            "error" => fault.map_or(Field::None, |fault| Field::Text(fault.error.to_string().into())),
            "missing_action" => Field::maybe(fault.and_then(|fault| fault.error.missing_action())),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _ = visit(self.source.name())
            || visit(&self.scope.to_string())
            || visit(self.state())
            || self.freshness.fault.as_ref().is_some_and(|fault| visit(&fault.error.to_string()));
    }

    fn time(&self) -> Option<Timestamp> {
        self.freshness.good
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for SourceRow<'_> {
    fn json(&self) -> Value {
        let of = self.freshness;
        let partial: Vec<Value> =
            of.partial.iter().map(|(error, count)| json!({"error": error, "count": count})).collect();
        json!({
            "source": self.source.name(),
            "account": self.scope.account,
            "region": self.scope.region,
            "state": self.state(),
            "good": of.good,
            "due": of.due,
            "sweeps": of.sweeps,
            "error": of.fault.as_ref().map(|fault| fault.error.to_string()),
            "missing_action": of.fault.as_ref().and_then(|fault| fault.error.missing_action()),
            "partial": partial,
        })
    }
}

/// A call of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct CallRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The call.
    pub call: &'a CallRecord,
}

/// Newest first.
pub(super) fn calls(store: &Store) -> Vec<CallRow<'_>> {
    store.ledger().iter().rev().map(|call| CallRow { store, call }).collect()
}

impl CallRow<'_> {
    fn outcome(&self) -> &str {
        match &self.call.outcome {
            CallOutcome::Ok => "ok",
            CallOutcome::Failed(code) => code,
            CallOutcome::Guarded => "guarded",
        }
    }
}

impl Row for CallRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let call = self.call;
        match name {
            "at" => Field::Time(call.at),
            "operation" => Field::text(call.operation),
            "account" => Field::text(&call.scope.account),
            "region" => Field::text(&call.scope.region),
            "outcome" => Field::text(self.outcome()),
            "request_id" => Field::text(&call.request_id),
            "millis" => number(call.millis as f64),
            "attempts" => number(call.attempts),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _ = visit(self.call.operation)
            || visit(&self.call.scope.to_string())
            || visit(self.outcome())
            || visit(&self.call.request_id);
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.call.at)
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for CallRow<'_> {
    fn json(&self) -> Value {
        let call = self.call;
        json!({
            "at": call.at,
            "operation": call.operation,
            "account": call.scope.account,
            "region": call.scope.region,
            "outcome": self.outcome(),
            "request_id": call.request_id,
            "millis": call.millis,
            "attempts": call.attempts,
        })
    }
}
