//! Rows of tables.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{Cell, Endpoint, Judgement, KeyKind, Source, Table, Verdict};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, Json, VERDICTS, age, many, number, of_cell, spec};

pub(super) const SCHEMA: Schema = Schema {
    rows: "tables",
    fields: &[
        spec("id", &["arn"], Kind::Text, "the table's ARN"),
        spec("name", &["table"], Kind::Text, "the table's name"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("status", &[], Kind::Text, "ACTIVE, ARCHIVED, INACCESSIBLE_ENCRYPTION_CREDENTIALS …"),
        spec("class", &[], Kind::Word(&["public", "internal", "confidential", "restricted"]), "data class, from tags"),
        spec("verdict", &[], Kind::Word(VERDICTS), "the worst verdict of its controls"),
        spec(
            "thin",
            &["depth"],
            Kind::Text,
            "threats that no passing pair of controls prevents and tells of: read, alter, destroy, blind",
        ),
        spec("verdicts.*", &[], Kind::Word(VERDICTS), "the verdict of one control: verdict.RES-01:fail"),
        spec("key.kind", &["key"], Kind::Word(&["aws_owned", "aws_managed", "customer"]), "who holds the key"),
        spec("key.arn", &[], Kind::Text, "the KMS key"),
        spec("key.state", &[], Kind::Text, "Enabled, PendingDeletion …"),
        spec("pitr.enabled", &["pitr"], Kind::Flag, "point-in-time recovery is on"),
        spec("pitr.window", &["pitr.window_days"], Kind::Duration, "how far back it reaches: >=14d"),
        spec("pitr.earliest", &[], Kind::Time, "the earliest restorable time"),
        spec("pitr.latest", &[], Kind::Time, "the latest restorable time"),
        spec("deletion_protection", &["protected"], Kind::Flag, "deletion protection is on"),
        spec("ttl", &[], Kind::Text, "ENABLED, DISABLED …"),
        spec("streams", &["stream"], Kind::Text, "the stream's view type, when one is on"),
        spec("replicas", &["replica"], Kind::Text, "regions with a replica"),
        spec("backups.count", &["backups"], Kind::Number, "on-demand backups"),
        spec("backups.newest", &[], Kind::Time, "when the newest was made"),
        spec("resource_policy", &["policy"], Kind::Prose, "text of the resource policy; none, unknown"),
        spec("endpoints", &["endpoint"], Kind::Text, "DynamoDB endpoints of its region"),
        spec("tags.*", &[], Kind::Text, "a tag: tag.env:prod"),
        spec("items", &[], Kind::Number, "items, as DynamoDB last counted"),
        spec("bytes", &["size"], Kind::Number, "bytes: >=1G"),
        spec("created", &[], Kind::Time, "when it was made"),
        spec("age", &[], Kind::Duration, "how old the reading of its description is"),
    ],
};

/// A table and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct TableRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The table.
    pub table: &'a Table,
}

/// The worst first.
pub(super) fn all(store: &Store) -> Vec<TableRow<'_>> {
    let tables = store.estate().tables.values();
    let mut rows: Vec<_> = tables.map(|table| (badness(store, table), TableRow { store, table })).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What orders tables everywhere, worst first: those that fail a control and that an open finding's actor wrote to,
/// by the finding's severity; then failures by weight, warnings, what is unknown; then the class and the name.
#[must_use]
pub fn badness<'a>(store: &'a Store, table: &'a Table) -> impl Ord + use<'a> {
    let weight: i64 = store.judgements_of(&table.arn).map(weight).sum();
    let class = store.estate().data_class(table);
    let threat = store.threat(table).filter(|_| weight >= FAILURE);
    (Reverse(threat), -weight, Reverse(class), table.name.as_str(), &table.scope)
}

/// The weight of the mildest failure: warnings and what is unknown seldom come to it.
const FAILURE: i64 = 64;

fn weight(judgement: &Judgement) -> i64 {
    let severity = 1 << (2 * judgement.severity as i64);
    match judgement.verdict {
        _ if !judgement.counts() => 0,
        Verdict::Fail => FAILURE * severity,
        Verdict::Warn => 4 * severity,
        Verdict::Unknown => 1,
        _ => 0,
    }
}

impl<'a> TableRow<'a> {
    /// The DynamoDB endpoints of the table's region; `None` while they are not known.
    fn endpoints(&self) -> Option<Vec<&'a Endpoint>> {
        let endpoints = self.network()?.value()?;
        Some(endpoints.iter().filter(|endpoint| endpoint.is_dynamodb()).collect())
    }

    fn network(&self) -> Option<&'a Cell<Vec<Endpoint>>> {
        Some(&self.store.estate().networks.get(&self.table.scope)?.endpoints)
    }

    fn worst(&self) -> Verdict {
        self.store.tally(&self.table.arn).worst()
    }

    fn key(&self, field: &str) -> Field<'a> {
        let estate = self.store.estate();
        let key = estate.table_key(self.table);
        match (field, key) {
            ("key.arn", _) => of_cell(&self.table.description, |table| Field::maybe(table.kms_key.as_deref())),
            ("key.kind", Some(Ok((kind, _)))) => Field::text(kind.word()),
            ("key.state", Some(Ok((KeyKind::AwsOwned, _)))) => Field::None,
            ("key.state", Some(Ok((_, Some(key))))) => Field::text(&key.value.state),
            _ => Field::Unknown,
        }
    }

    fn pitr(&self, field: &str) -> Field<'a> {
        of_cell(&self.table.pitr, |pitr| match field {
            "pitr.enabled" => Field::Flag(pitr.enabled),
            "pitr.window" => pitr.window_days.map_or(Field::None, |days| number(f64::from(days) * 86_400.0)),
            "pitr.earliest" => Field::time(pitr.earliest),
            _ => Field::time(pitr.latest),
        })
    }

    fn described(&self, field: &str) -> Field<'a> {
        of_cell(&self.table.description, |table| match field {
            "status" => Field::maybe(table.status.as_deref()),
            "deletion_protection" => table.deletion_protection.map_or(Field::None, Field::Flag),
            "streams" => Field::maybe(table.stream_view.as_deref()),
            "replicas" => many(table.replicas.iter().map(|replica| replica.region.as_str())),
            "items" => table.items.map_or(Field::None, |items| number(items as f64)),
            "bytes" => table.bytes.map_or(Field::None, |bytes| number(bytes as f64)),
            _ => Field::time(table.created),
        })
    }

    fn backups(&self, field: &str) -> Field<'a> {
        match self.store.estate().table_backups(self.table) {
            Some(Ok(backups)) if field == "backups.count" => number(backups.count as f64),
            Some(Ok(backups)) => Field::time(backups.newest),
            _ => Field::Unknown,
        }
    }
}

impl Row for TableRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let table = self.table;
        match name {
            "id" => Field::text(&table.arn),
            "name" => Field::text(&table.name),
            "account" => Field::text(&table.scope.account),
            "region" => Field::text(&table.scope.region),
            "class" => Field::text(self.store.estate().data_class(table).word()),
            "verdict" => Field::text(self.worst().word()),
            "thin" => {
                let depths = self.store.depth(table);
                many(depths.iter().filter(|of| of.verdict() == Verdict::Fail).map(|of| of.threat.word()))
            }
            "ttl" => of_cell(&table.ttl, |ttl| Field::text(&ttl.status)),
            "resource_policy" => of_cell(&table.policy, |policy| Field::maybe(policy.as_deref())),
            "endpoints" => self.endpoints().map_or(Field::Unknown, |of| many(of.iter().map(|of| of.id.as_str()))),
            "age" => of_cell(&table.description, |_| {
                let at = table.description.seen.as_ref().map(|seen| seen.at);
                at.map_or(Field::Unknown, |at| number(age(self.now(), at)))
            }),
            _ if name.starts_with("key.") => self.key(name),
            _ if name.starts_with("pitr.") => self.pitr(name),
            _ if name.starts_with("backups.") => self.backups(name),
            _ => {
                if let Some(control) = name.strip_prefix("verdicts.") {
                    let mut of = self.store.judgements_of(&table.arn);
                    let found = of.find(|judgement| judgement.control.eq_ignore_ascii_case(control));
                    return found.map_or(Field::None, |judgement| Field::text(judgement.verdict.word()));
                }
                if let Some(tag) = name.strip_prefix("tags.") {
                    return of_cell(&table.tags, |tags| {
                        let found = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
                        Field::maybe(found.map(|(_, value)| value.as_str()))
                    });
                }
                self.described(name)
            }
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let table = self.table;
        if visit(&table.arn) || visit(self.store.estate().data_class(table).word()) {
            return;
        }
        if let Some(description) = table.description.value() {
            for text in [&description.status, &description.kms_key, &description.stream_view].into_iter().flatten() {
                if visit(text) {
                    return;
                }
            }
        }
        for (key, value) in table.tags.value().into_iter().flatten() {
            if visit(key) || visit(value) {
                return;
            }
        }
        if let Some(Some(policy)) = table.policy.value()
            && visit(policy)
        {
            return;
        }
        for judgement in self.store.judgements_of(&table.arn) {
            if visit(judgement.control) || visit(&judgement.reason) {
                return;
            }
        }
    }

    fn time(&self) -> Option<Timestamp> {
        self.table.description.value()?.created
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for TableRow<'_> {
    fn json(&self) -> Value {
        let (table, estate) = (self.table, self.store.estate());
        let mut row = Json::new();
        row.put("id", table.arn.as_str());
        row.put("name", table.name.as_str());
        row.put("account", table.scope.account.as_str());
        row.put("region", table.scope.region.as_str());
        row.cell("status", &table.description, |table| json!(table.status));
        row.put("class", estate.data_class(table).word());
        if let Some(reason) = table.tags.unknown_reason() {
            row.unknown("class", format!("counted as restricted: tags {reason}"));
        } else if estate.is_unclassed(table) {
            row.unknown("class", "counted as restricted: no tag says it".to_owned());
        }
        self.key_json(&mut row);
        row.cell("pitr", &table.pitr, |pitr| {
            let crate::model::Pitr { enabled, window_days, earliest, latest } = pitr;
            json!({"enabled": enabled, "window_days": window_days, "earliest": earliest, "latest": latest})
        });
        row.cell("deletion_protection", &table.description, |table| json!(table.deletion_protection));
        row.cell("ttl", &table.ttl, |ttl| json!(ttl));
        row.cell("streams", &table.description, |table| {
            json!(table.stream_view.as_ref().map(|view| json!({"view": view, "arn": table.stream_arn})))
        });
        row.cell("replicas", &table.description, |table| json!(table.replicas));
        match estate.table_backups(table) {
            Some(Ok(backups)) => {
                row.put("backups", json!({"count": backups.count, "newest": backups.newest}));
                row.from(estate.backups.get(&table.scope).and_then(|cell| cell.seen.as_ref()));
            }
            other => {
                row.put("backups", Value::Null);
                let reason = other.and_then(Result::err).map_or("not read yet".to_owned(), |error| error.to_string());
                row.unknown("backups", reason);
            }
        }
        row.cell("resource_policy", &table.policy, |policy| policy.as_deref().map_or(Value::Null, super::document));
        match self.network() {
            Some(cell) => row.cell("endpoints", cell, |of| {
                of.iter().filter(|of| of.is_dynamodb()).map(|of| of.id.as_str()).collect()
            }),
            None => row.cell("endpoints", &Cell::<()>::default(), |()| Value::Null),
        }
        row.cell("tags", &table.tags, |tags| json!(tags));
        row.cell("items", &table.description, |table| json!(table.items));
        row.cell("bytes", &table.description, |table| json!(table.bytes));
        row.cell("created", &table.description, |table| json!(table.created));
        let verdicts = self.store.judgements_of(&table.arn);
        let verdicts = verdicts.map(|of| (of.control.to_owned(), Value::from(of.verdict.word()))).collect();
        row.put("verdicts", Value::Object(verdicts));
        let depths = self.store.depth(table);
        row.put("depth", depths.iter().map(|of| (of.threat.word().to_owned(), of.json())).collect::<Value>());
        row.end(self.store, Source::Tables, &table.scope)
    }
}

impl TableRow<'_> {
    fn key_json(&self, row: &mut Json) {
        let arn = self.table.description.value().and_then(|table| table.kms_key.as_deref());
        let (kind, state) = match self.store.estate().table_key(self.table) {
            Some(Ok((kind, key))) => {
                row.from(key);
                (kind.word(), key.map(|key| key.value.state.as_str()))
            }
            other => {
                let reason = other.and_then(Result::err).map_or("not read yet".to_owned(), |error| error.to_string());
                row.unknown("key", reason);
                ("unknown", None)
            }
        };
        row.put("key", json!({"kind": kind, "arn": arn, "state": state}));
    }
}
