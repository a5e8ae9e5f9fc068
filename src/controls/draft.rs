//! How a judgement is put together, so that every control treats what could not be read alike.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::Value;

use crate::model::{Cell, DataClass, Estate, Evidence, Judgement, Scope, Seen, Sighting, SourceError, Table, Verdict};
use crate::operations;
use crate::policy::Document;

use super::{Baseline, Control};

/// What an event is from that no call brought.
const LOG_FILE: &str = "log file";

/// A judgement about one resource while its evidence is gathered.
pub(super) struct Draft {
    control: &'static Control,
    resource: String,
    evidence: Vec<Evidence>,
}

impl Draft {
    pub(super) fn new(control: &'static Control, resource: impl Into<String>) -> Self {
        Self { control, resource: resource.into(), evidence: Vec::new() }
    }

    /// Adds the call that a value was read from, with the fields that count: `Table.SSEDescription=absent`.
    pub(super) fn saw<T>(&mut self, seen: &Seen<T>, fields: impl IntoIterator<Item = String>) {
        self.evidence.push(Evidence {
            operation: seen.call.operation,
            request_id: seen.call.request_id.clone(),
            at: seen.at,
            fields: fields.into_iter().collect(),
        });
    }

    /// Adds evidence that was gathered beside.
    pub(super) fn add(&mut self, evidence: Evidence) {
        self.evidence.push(evidence);
    }

    /// Adds an event: its id, and what it says.
    pub(super) fn sighted(&mut self, seen: &Sighting, said: &str) {
        let operation = operations::by_label(&seen.origin).map_or(LOG_FILE, |of| of.label);
        let mut fields = vec![format!("eventID={}", seen.event), said.to_owned()];
        if operation == LOG_FILE {
            fields.push(format!("file={}", seen.origin));
        }
        self.evidence.push(Evidence { operation, request_id: Arc::default(), at: seen.last, fields });
    }

    /// As many calls and events as it rests on so far.
    pub(super) fn rests_on(&self) -> usize {
        self.evidence.len()
    }

    /// Another judgement of the same resource, on this evidence.
    pub(super) fn on_this(self, other: Judgement) -> Judgement {
        Judgement { evidence: self.evidence, ..other }
    }

    pub(super) fn end(self, verdict: Verdict, reason: impl Into<String>) -> Judgement {
        Judgement {
            control: self.control.id,
            resource: self.resource,
            verdict,
            severity: self.control.facts().severity,
            reason: reason.into(),
            missing_action: None,
            evidence: self.evidence,
            by_default: false,
            muted: None,
            attested: None,
        }
    }

    pub(super) fn pass(self, reason: impl Into<String>) -> Judgement {
        self.end(Verdict::Pass, reason)
    }

    pub(super) fn fail(self, reason: impl Into<String>) -> Judgement {
        self.end(Verdict::Fail, reason)
    }

    pub(super) fn warn(self, reason: impl Into<String>) -> Judgement {
        self.end(Verdict::Warn, reason)
    }

    pub(super) fn not_applicable(self, reason: impl Into<String>) -> Judgement {
        self.end(Verdict::NotApplicable, reason)
    }

    /// Not to be judged for a reason that is no failed call.
    pub(super) fn unclear(self, reason: impl Into<String>) -> Judgement {
        self.end(Verdict::Unknown, reason)
    }

    /// Not to be judged because of a failed call, or, with `None`, one that has not come back.
    pub(super) fn unknown(self, what: &str, error: Option<&SourceError>) -> Judgement {
        let missing = error.and_then(SourceError::missing_action).map(str::to_owned);
        let reason = error.map_or_else(|| format!("{what}: not read yet"), |error| format!("{what}: {error}"));
        Judgement { missing_action: missing, ..self.end(Verdict::Unknown, reason) }
    }

    /// What an operation of the slow tail answered about a subject, or the unknown judgement that its lack makes.
    pub(super) fn answer<'a>(
        self,
        estate: &'a Estate,
        scope: &Scope,
        label: &'static str,
        subject: &str,
    ) -> Result<(Self, &'a Seen<Value>), Box<Judgement>> {
        self.need(label, estate.answer(scope, label, subject))
    }

    /// The policy that a text holds, or the unknown judgement of one that cannot be read.
    pub(super) fn document(self, text: &str) -> Result<(Self, Document), Box<Judgement>> {
        match Document::parse(text) {
            Ok(document) => Ok((self, document)),
            Err(error) => Err(Box::new(self.unclear(format!("the policy could not be understood: {error}")))),
        }
    }

    /// The value of a cell, or the unknown judgement that its lack makes.
    pub(super) fn need<'a, T>(
        self,
        what: &str,
        cell: Option<&'a Cell<T>>,
    ) -> Result<(Self, &'a Seen<T>), Box<Judgement>> {
        match cell.and_then(Cell::known) {
            Some(Ok(seen)) => Ok((self, seen)),
            Some(Err(error)) => Err(Box::new(self.unknown(what, Some(error)))),
            None => Err(Box::new(self.unknown(what, None))),
        }
    }
}

/// Texts of a JSON list.
pub(super) fn texts(of: &Value) -> Vec<&str> {
    of.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Either way, the judgement: lets the body of a control end early with `?`.
pub(super) fn settle(judged: Result<Judgement, Box<Judgement>>) -> Judgement {
    judged.unwrap_or_else(|early| *early)
}

/// A judgement of a control that only some classes ask for, where the class is a guess because the tags could not be
/// read: what the strictest class fails, the table's own may not ask for at all.
pub(super) fn by_class(judgement: Judgement, unread: Option<Option<&SourceError>>) -> Judgement {
    match unread {
        // What cannot be seen at all may not be asked for either.
        Some(error)
            if matches!(judgement.verdict, Verdict::Fail | Verdict::Warn)
                || judgement.verdict == Verdict::Unknown && judgement.missing_action.is_none() =>
        {
            let why = error.map_or_else(|| "not read yet".to_owned(), ToString::to_string);
            Judgement {
                verdict: Verdict::Unknown,
                reason: format!("{}; whether the class asks for better is unknown: tags {why}", judgement.reason),
                missing_action: error.and_then(SourceError::missing_action).map(str::to_owned),
                ..judgement
            }
        }
        _ => judgement,
    }
}

/// A table's data class, and why it is not known where its tags could not be read: it then counts as restricted.
pub(super) fn class<'a>(estate: &Estate, table: &'a Table) -> (DataClass, Unread<'a>) {
    (estate.data_class(table), unread(table))
}

/// Why a table's class is not known: its tags could not be read.
pub(super) fn unread(table: &Table) -> Unread<'_> {
    match table.tags.known() {
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(Some(error)),
        None => Some(None),
    }
}

/// The rows of an answer's list that are about one thing. A list that every table looks into is sorted once, not
/// walked once a table.
pub(super) fn rows_of<'a>(
    estate: &Estate,
    (scope, label): (&Scope, &'static str),
    seen: &'a Seen<Value>,
    (list, member): (&'static str, &'static str),
    wanted: &str,
) -> Vec<&'a Value> {
    let rows = seen.value[list].as_array().map_or(&[][..], Vec::as_slice);
    let sorted = estate.memo.of(scope, label, member, || {
        let mut sorted: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            if let Some(of) = row[member].as_str() {
                sorted.entry(of.to_owned()).or_default().push(at);
            }
        }
        sorted
    });
    sorted.get(wanted).into_iter().flatten().filter_map(|at| rows.get(*at)).collect()
}

/// As [`strictest`], of the tables of some scopes; where those cannot be listed, there may be one of any class.
pub(super) fn strictest_in(
    estate: &Estate,
    scopes: impl Fn(&Scope) -> bool,
    tables: impl Fn(&Table) -> bool,
) -> Option<(DataClass, Option<Option<&SourceError>>)> {
    let unlisted = estate.scopes.iter().filter(|scope| scopes(scope)).find_map(|scope| estate.unlisted(scope));
    let of = strictest(estate, estate.tables.values().filter(|table| scopes(&table.scope) && tables(table)));
    match (of, unlisted) {
        (Some((DataClass::Restricted, None)), _) | (_, None) => of,
        (_, Some(error)) => Some((DataClass::Restricted, Some(error))),
    }
}

/// Why a class is a guess: the error of its tags or tables, `Some(None)` while they were not read yet.
pub(super) type Unread<'a> = Option<Option<&'a SourceError>>;

/// The strictest class that tables of some scopes state, where it asks for a control, and why it is a guess.
pub(super) fn asked_in<'a>(
    estate: &'a Estate,
    baseline: &Baseline,
    control: &Control,
    scopes: impl Fn(&Scope) -> bool,
) -> (Option<DataClass>, Unread<'a>) {
    match strictest_in(estate, scopes, |_| true) {
        Some((class, unread)) if baseline.asks(class, control.id) => (Some(class), unread),
        _ => (None, None),
    }
}

/// The strictest class that tables state, and, where some that may be as strict could not be classed, why not.
/// `None` when none states any: that counts under ISO-01, and nowhere else.
pub(super) fn strictest<'a>(
    estate: &Estate,
    tables: impl Iterator<Item = &'a Table>,
) -> Option<(DataClass, Option<Option<&'a SourceError>>)> {
    // A class that tags name counts before one that is a guess.
    tables
        .filter(|table| !estate.is_unclassed(table))
        .map(|table| class(estate, table))
        .max_by_key(|(class, unread)| (*class, unread.is_none()))
}
