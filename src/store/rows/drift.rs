//! Rows of drifts, and of stacks that tell of none.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{DriftStatus, Source, Stack};
use crate::store::{Cause, Drift, Store};
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, Json, SEVERITIES, VERDICTS, age_field, many, spec};

pub(super) const SCHEMA: Schema = Schema {
    rows: "drift",
    fields: &[
        spec("state", &["status"], Kind::Text, "open, tolerated, closed; of a stack: in_sync, not_checked, unknown"),
        spec("verdict", &[], Kind::Word(VERDICTS), "how it stands: fail where a control says worse for it"),
        spec("severity", &[], Kind::Word(SEVERITIES), "how bad: as the worst control it lowers, and the call"),
        spec("resource", &["table", "name"], Kind::Text, "the resource: for a table, its name"),
        spec("type", &["kind"], Kind::Text, "AWS::DynamoDB::Table …"),
        spec("setting", &["difference"], Kind::Text, "the setting: PointInTimeRecoveryStatus …"),
        spec("was", &[], Kind::Prose, "what it was, or should be"),
        spec("is", &[], Kind::Prose, "what it is"),
        spec("since", &["opened"], Kind::Time, "when it was done, or first seen"),
        spec("age", &[], Kind::Duration, "time since then"),
        spec("closed", &["until"], Kind::Time, "when it ended"),
        spec("by", &["principal", "who"], Kind::Text, "who did it, as far as an event tells"),
        spec("through", &["ip"], Kind::Text, "through which endpoint, address or service"),
        spec("event", &["cause"], Kind::Text, "the call that did it"),
        spec("confidence", &[], Kind::Text, "certain, likely, possible"),
        spec("why_none", &[], Kind::Prose, "why no event can be named"),
        spec("lowers", &["control"], Kind::Text, "controls that say worse for it"),
        spec("damage", &[], Kind::Prose, "what was lost, or stands open"),
        spec("source", &["told_by"], Kind::Text, "baseline, cloudformation, config, events"),
        spec("stack", &[], Kind::Text, "the stack that tells of it"),
        spec("checked", &[], Kind::Time, "when CloudFormation last looked"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
    ],
};

/// A drift, or a stack that tells of none.
#[derive(Debug, Clone, Copy)]
pub enum DriftRow<'a> {
    /// A drift.
    Drift(&'a Store, &'a Arc<Drift>),
    /// A stack.
    Stack(&'a Store, &'a Stack),
}

/// Drifts in their order, then stacks.
pub(super) fn all(store: &Store) -> Vec<DriftRow<'_>> {
    let drifts = store.drifts().iter().map(|drift| DriftRow::Drift(store, drift));
    drifts.chain(store.quiet_stacks().into_iter().map(|stack| DriftRow::Stack(store, stack))).collect()
}

impl Store {
    /// Stacks none of whose resources is known to differ: what was not read first, then by name.
    #[must_use]
    pub fn quiet_stacks(&self) -> Vec<&Stack> {
        let differs = |stack: &&Stack| {
            let all = stack.resources.value();
            all.is_some_and(|all| {
                all.iter().any(|one| matches!(one.status, DriftStatus::Modified | DriftStatus::Deleted))
            })
        };
        let mut stacks: Vec<&Stack> = self.estate.stacks.values().filter(|stack| !differs(stack)).collect();
        stacks.sort_by_key(|stack| (stack.resources.fault.is_none(), stack.drift, &stack.name, &stack.id));
        stacks
    }
}

impl<'a> DriftRow<'a> {
    fn store(&self) -> &'a Store {
        match self {
            Self::Drift(store, _) | Self::Stack(store, _) => store,
        }
    }

    fn stack(&self) -> Option<&'a Stack> {
        match self {
            Self::Drift(store, drift) => store.estate.stacks.get(&drift.stack.as_ref()?.0),
            Self::Stack(_, stack) => Some(stack),
        }
    }
}

/// A stack's drift in a word.
fn state(stack: &Stack) -> &'static str {
    match stack.drift {
        _ if stack.resources.seen.is_none() => "unknown",
        DriftStatus::Deleted | DriftStatus::Modified => "drifted",
        DriftStatus::NotChecked => "not_checked",
        DriftStatus::Unknown => "unknown",
        DriftStatus::InSync => "in_sync",
    }
}

impl Row for DriftRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        match name {
            "stack" => return Field::maybe(self.stack().map(|stack| stack.name.as_str())),
            "checked" => return Field::time(self.stack().and_then(|stack| stack.checked)),
            "age" => return age_field(self.now(), self.time()),
            _ => {}
        }
        let Self::Drift(_, drift) = self else {
            let Self::Stack(_, stack) = self else { return Field::None };
            return match name {
                "state" => Field::text(state(stack)),
                "account" => Field::text(&stack.scope.account),
                "region" => Field::text(&stack.scope.region),
                "resource" => Field::text(&stack.name),
                "type" => Field::text("AWS::CloudFormation::Stack"),
                "source" => Field::text("cloudformation"),
                "setting" | "verdict" if stack.resources.seen.is_none() => Field::Unknown,
                _ => Field::None,
            };
        };
        let cause = drift.cause.as_ref().ok();
        match name {
            "state" => Field::text(drift.state()),
            "verdict" => Field::text(drift.verdict().word()),
            "severity" => Field::text(drift.severity.word()),
            "resource" => Field::text(&drift.resource),
            "type" => Field::text(&drift.kind),
            "setting" => Field::text(&drift.setting),
            "was" => Field::maybe(drift.was()),
            "is" => Field::maybe(drift.is()),
            "since" => Field::time(drift.since()),
            "closed" => Field::time(drift.closed.as_ref().map(|closed| closed.at)),
            "by" => cause.map_or(Field::Unknown, |cause| Field::text(&cause.principal)),
            "through" => cause.map_or(Field::Unknown, |cause| Field::maybe(cause.through.as_deref())),
            "event" => cause.map_or(Field::Unknown, |cause| Field::text(&cause.name)),
            "confidence" => Field::maybe(cause.map(|cause| cause.confidence.word())),
            "why_none" => Field::maybe(drift.cause.as_ref().err().map(String::as_str)),
            "lowers" => many(drift.lowers.iter().copied()),
            "damage" => Field::maybe(drift.damage.as_deref()),
            "source" => many(drift.said.iter().map(|said| said.source.word())),
            "account" => Field::text(&drift.scope.account),
            "region" => Field::text(&drift.scope.region),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        match self {
            Self::Stack(_, stack) => {
                let _found = visit(&stack.raw) || visit(&stack.id);
            }
            Self::Drift(_, drift) => {
                let said = drift.said.iter().flat_map(|of| [of.was.as_deref(), of.is.as_deref(), Some(&*of.note)]);
                let cause = drift.cause.as_ref().ok();
                let cause = cause.iter().flat_map(|of| [Some(&*of.principal), Some(&*of.name), of.through.as_deref()]);
                let own = [Some(&*drift.id), drift.damage.as_deref()];
                let mut all = own.into_iter().chain(said).chain(cause).flatten();
                let _found = all.any(visit);
            }
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Drift(_, drift) => drift.since(),
            Self::Stack(_, stack) => stack.checked,
        }
    }

    fn now(&self) -> Timestamp {
        self.store().estate.now
    }
}

fn cause_json(cause: &Cause) -> Value {
    json!({
        "event_id": cause.event, "event": cause.name, "time": cause.at, "principal": cause.principal,
        "session": cause.session, "through": cause.through, "confidence": cause.confidence.word(), "reason": cause.reason,
    })
}

fn cause_or_null(cause: &Result<Cause, String>) -> Value {
    cause.as_ref().map_or(Value::Null, cause_json)
}

impl Entry for DriftRow<'_> {
    fn json(&self) -> Value {
        let mut row = Json::new();
        let (store, drift) = match self {
            Self::Stack(store, stack) => {
                row.put("id", stack.id.as_str());
                row.put("state", state(stack));
                row.put("resource", stack.name.as_str());
                row.put("type", "AWS::CloudFormation::Stack");
                row.put("account", stack.scope.account.as_str());
                row.put("region", stack.scope.region.as_str());
                row.put("source", json!(["cloudformation"]));
                row.put("stack", stack.name.as_str());
                row.put("checked", json!(stack.checked));
                row.put("resources", json!(stack.resources.value()));
                if let Some(reason) = stack.resources.unknown_reason() {
                    row.unknown("resources", reason);
                }
                row.from(stack.resources.seen.as_ref());
                return row.end(store, Source::Drift, &stack.scope);
            }
            Self::Drift(store, drift) => (*store, *drift),
        };
        row.put("id", drift.id.as_str());
        row.put("state", drift.state());
        row.put("verdict", drift.verdict().word());
        row.put("severity", drift.severity.word());
        row.put("resource", drift.resource.as_str());
        row.put("arn", json!(drift.arn));
        row.put("type", drift.kind.as_str());
        row.put("setting", drift.setting.as_str());
        row.put("was", json!(drift.was()));
        row.put("is", json!(drift.is()));
        row.put("since", json!(drift.since()));
        row.put("last_known_good", json!(drift.good));
        row.put("first_known_bad", json!(drift.bad));
        row.put("cause", cause_or_null(&drift.cause));
        if let Err(reason) = &drift.cause {
            row.unknown("cause", reason.as_str());
        }
        row.put("closed", json!(drift.closed.as_ref().map(|closed| closed.at)));
        row.put("end", drift.closed.as_ref().map_or(Value::Null, |closed| cause_or_null(&closed.cause)));
        if let Some(Err(reason)) = drift.closed.as_ref().map(|closed| &closed.cause) {
            row.unknown("end", reason.as_str());
        }
        row.put("lowers", json!(drift.lowers));
        if let Some(reason) = &drift.unsaid {
            row.unknown("lowers", reason.as_str());
        }
        row.put("tolerated", json!(drift.tolerated));
        row.put("damage", json!(drift.damage));
        row.put("source", json!(drift.said.iter().map(|said| said.source.word()).collect::<Vec<_>>()));
        let said = drift.said.iter().map(|said| {
            json!({"source": said.source.word(), "was": said.was, "is": said.is, "at": said.at, "note": said.note})
        });
        row.put("said", Value::Array(said.collect()));
        row.put("stack", json!(self.stack().map(|stack| &stack.name)));
        row.put("checked", json!(self.stack().and_then(|stack| stack.checked)));
        row.put("account", drift.scope.account.as_str());
        row.put("region", drift.scope.region.as_str());
        let source = if drift.arn.is_some() { Source::Tables } else { Source::Events };
        row.end(store, source, &drift.scope)
    }
}
