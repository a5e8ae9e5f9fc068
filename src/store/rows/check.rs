//! Rows of `check`: one a control and resource.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controls::facts::{self, Mapping};
use crate::model::{Arn, Judgement};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, ResourceRow, SEVERITIES, VERDICTS, age_field, spec};

pub(super) const SCHEMA: Schema = Schema {
    rows: "checks",
    fields: &[
        spec("control", &["id"], Kind::Text, "the control, RES-01"),
        spec("title", &[], Kind::Prose, "what it asks for"),
        spec("layer", &[], Kind::Text, "network, identity, data protection, detective, resilience …"),
        spec("resource", &[], Kind::Text, "what was judged, as a rule by its ARN"),
        spec("table", &["name"], Kind::Text, "the name, of a table"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("class", &[], Kind::Word(&["public", "internal", "confidential", "restricted"]), "data class, of a table"),
        spec("tags.*", &[], Kind::Text, "a tag of a table: tag.env:prod"),
        spec("verdict", &[], Kind::Word(VERDICTS), "pass, fail, warn, unknown, manual, n/a"),
        spec("severity", &[], Kind::Word(SEVERITIES), "how bad a failure is"),
        spec("reason", &[], Kind::Prose, "why"),
        spec("missing_action", &["missing"], Kind::Text, "the IAM action whose lack made it unknown"),
        spec("operation", &["call"], Kind::Text, "the calls it rests on"),
        spec("framework", &[], Kind::Text, "frameworks that ask for it, by published mappings"),
        spec("suggested", &[], Kind::Text, "frameworks that ask for it by our own judgement"),
        spec("mapping", &[], Kind::Text, "of the framework asked about: published or suggested"),
        spec("requirements", &[], Kind::Text, "what the framework asked about calls it"),
        spec("by_default", &[], Kind::Flag, "due only to the default class: no tag says the table's"),
        spec("was", &[], Kind::Text, "its verdict in the answer of --worse-than, or new"),
        spec("muted", &[], Kind::Text, "who set it aside; muted:none for what nobody did"),
        spec("age", &[], Kind::Duration, "how old its oldest evidence is"),
    ],
};

/// A judgement.
#[derive(Debug, Clone, Copy)]
pub struct CheckRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The judgement.
    pub judgement: &'a Judgement,
    /// The framework that is asked about.
    pub framework: Option<&'a str>,
    /// What it was in the earlier answer that is compared with.
    pub was: Option<&'a str>,
}

/// The worst first; within a verdict the gravest.
pub(super) fn all(store: &Store) -> Vec<CheckRow<'_>> {
    let mut rows: Vec<_> =
        store.judgements().map(|judgement| CheckRow { store, judgement, framework: None, was: None }).collect();
    rows.sort_by(|a, b| {
        let key = |row: &CheckRow<'_>| {
            (row.judgement.verdict.rank(), std::cmp::Reverse(row.judgement.severity), row.judgement.control)
        };
        key(a).cmp(&key(b)).then_with(|| a.judgement.resource.cmp(&b.judgement.resource))
    });
    rows
}

impl CheckRow<'_> {
    /// What the framework asked about calls it, and whose word that is.
    fn mapping(&self) -> Option<(Mapping, &'static [String])> {
        facts::facts(self.judgement.control)?.answers(self.framework?)
    }

    fn place(&self) -> (String, String) {
        super::resource::place(&self.judgement.resource)
    }
}

impl Row for CheckRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let judgement = self.judgement;
        let control = crate::controls::by_id(judgement.control);
        match name {
            "control" => Field::text(judgement.control),
            "title" => Field::maybe(control.map(|control| control.facts().title.as_str())),
            "layer" => Field::maybe(control.map(|control| control.facts().layer.word())),
            "resource" => Field::text(&judgement.resource),
            "table" => match Arn::parse(&judgement.resource).as_ref().and_then(Arn::table_name) {
                Some(name) => Field::Text(name.to_owned().into()),
                None => Field::None,
            },
            "account" => Field::Text(self.place().0.into()),
            "region" => Field::Text(self.place().1.into()),
            "verdict" => Field::text(judgement.verdict.word()),
            "severity" => Field::text(judgement.severity.word()),
            "reason" => Field::text(&judgement.reason),
            "missing_action" => Field::maybe(judgement.missing_action.as_deref()),
            "operation" => super::many(judgement.evidence.iter().map(|evidence| evidence.operation)),
            "framework" => {
                control.map_or(Field::None, |of| super::many(of.facts().published.keys().map(String::as_str)))
            }
            "suggested" => {
                control.map_or(Field::None, |of| super::many(of.facts().suggested.keys().map(String::as_str)))
            }
            "mapping" => Field::maybe(self.mapping().map(|(mapping, _)| mapping.word())),
            "requirements" => match self.mapping() {
                Some((_, them)) => super::many(them.iter().map(String::as_str)),
                None => Field::None,
            },
            "by_default" => Field::Flag(judgement.by_default),
            "was" => Field::maybe(self.was),
            _ if name == "class" || name.starts_with("tags.") => {
                let row = ResourceRow { estate: self.store.estate(), resource: &judgement.resource };
                match row.field(name) {
                    // What it borrows lies in the store.
                    Field::Text(text) => Field::Text(text.into_owned().into()),
                    Field::Unknown => Field::Unknown,
                    _ => Field::None,
                }
            }
            "muted" => Field::maybe(judgement.muted.as_ref().map(|of| of.owner.as_str())),
            "age" => age_field(self.now(), self.time()),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let judgement = self.judgement;
        let _ = visit(judgement.control)
            || visit(&judgement.resource)
            || visit(judgement.verdict.word())
            || visit(&judgement.reason)
            || judgement.missing_action.as_deref().is_some_and(&mut *visit)
            || crate::controls::by_id(judgement.control).is_some_and(|control| visit(&control.facts().title));
    }

    fn time(&self) -> Option<Timestamp> {
        self.judgement.evidence.iter().map(|evidence| evidence.at).min()
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for CheckRow<'_> {
    fn json(&self) -> Value {
        let judgement = self.judgement;
        let at = self.time();
        let mapping = self
            .framework
            .zip(self.mapping())
            .map(|(name, (mapping, them))| json!({"name": name, "mapping": mapping, "requirements": them}));
        let mut row = json!({
            "control": judgement.control,
            "resource": judgement.resource,
            "verdict": judgement.verdict.word(),
            "severity": judgement.severity.word(),
            "reason": judgement.reason,
            "missing_action": judgement.missing_action,
            "evidence": judgement.evidence,
            "by_default_class": judgement.by_default,
            "muted": judgement.muted,
            "attested": judgement.attested,
            "freshness": {
                "at": at,
                "age_seconds": at.map(|at| self.now().duration_since(at).as_secs()),
                "origin": self.store.origin().word(),
            },
        });
        if let (Some(was), Some(row)) = (self.was, row.as_object_mut()) {
            row.insert("was".to_owned(), json!(was));
        }
        if let (Some(mapping), Some(row)) = (mapping, row.as_object_mut()) {
            row.insert("framework".to_owned(), mapping);
        }
        row
    }
}
