//! Rows of `lanes`: who reaches the tables of a domain.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controls::crossing::{Count, Crosser, Crossing, Kind as Who, Lanes, Planes, Reached};
use crate::model::{DataClass, Verdict};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, VERDICTS, many, spec};

pub(super) const SCHEMA: Schema = Schema {
    rows: "crossings",
    fields: &[
        spec(
            "verdict",
            &[],
            Kind::Word(VERDICTS),
            "fail: into another domain's sensitive tables; pass: its own domain",
        ),
        spec("lane", &["into"], Kind::Text, "the domain of the tables"),
        spec("from", &["domain"], Kind::Text, "the domain of who reaches them"),
        spec("who", &["name"], Kind::Text, "role/app, user/alice, vpce-1"),
        spec("kind", &["type"], Kind::Word(&Who::WORDS), "role, user, endpoint, principal of a table's policy, unread"),
        spec("planes", &["plane"], Kind::Text, "read, write, administer"),
        spec("tables", &["count"], Kind::Number, "how many tables of the lane"),
        spec(
            "through",
            &["statement", "policy"],
            Kind::Prose,
            "the statements that let it through to the worst of them",
        ),
        spec("conditional", &[], Kind::Flag, "under conditions alone"),
        spec("table", &[], Kind::Text, "the tables' names"),
        spec("class", &[], Kind::Text, "their classes"),
        spec("id", &["arn"], Kind::Text, "the ARN of who reaches them"),
        spec("account", &[], Kind::Text, "the account of who reaches them"),
        spec("reason", &[], Kind::Prose, "why"),
        spec("missing_action", &["missing"], Kind::Text, "the IAM action whose lack made it unknown"),
    ],
};

/// Who reaches a lane.
#[derive(Debug, Clone)]
pub struct CrossingRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// All lanes.
    pub lanes: Arc<Lanes>,
    /// Its place among the crossings.
    pub at: usize,
}

impl Store {
    /// Whose tables there are, and who reaches them.
    #[must_use]
    pub fn lanes(&self) -> Lanes {
        Lanes::of(&self.estate, &self.baseline)
    }
}

/// The worst first.
pub(super) fn all(store: &Store) -> Vec<CrossingRow<'_>> {
    let lanes = Arc::new(store.lanes());
    (0..lanes.crossings.len()).map(|at| CrossingRow { store, lanes: lanes.clone(), at }).collect()
}

impl CrossingRow<'_> {
    /// Who, and what it comes to.
    #[must_use]
    pub fn both(&self) -> Option<(&Crosser, &Crossing)> {
        let one = self.lanes.crossings.get(self.at)?;
        Some((self.lanes.crossers.get(one.crosser)?, one))
    }

    fn name(&self, lane: usize) -> &str {
        self.lanes.lanes.get(lane).map_or("", |lane| lane.name.as_str())
    }

    /// The statements that let it through to the worst of the tables, by name.
    #[must_use]
    pub fn through(&self) -> String {
        let Some((who, one)) = self.both() else { return String::new() };
        let named = one.worst.map(|table| self.lanes.through(who, table)).unwrap_or_default();
        named.iter().map(crate::controls::crossing::Through::name).collect::<Vec<_>>().join("; ")
    }

    fn tables<'a, T>(&'a self, of: impl Fn(&'a crate::controls::crossing::Place) -> Option<T>) -> Vec<T> {
        let Some((who, one)) = self.both() else { return Vec::new() };
        let here = who.reaches.iter().filter_map(|of| self.lanes.tables.get(of.table)).filter(|of| of.lane == one.lane);
        here.filter_map(of).collect()
    }
}

/// True where what is let through hangs on conditions whole.
fn is_conditional(sure: Planes, may: Planes) -> bool {
    Planes::ALL.iter().all(|(plane, _)| !may.holds(*plane) || !sure.holds(*plane)) && may != Planes::default()
}

impl Row for CrossingRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let Some((who, one)) = self.both() else { return Field::None };
        match name {
            "verdict" => Field::text(one.verdict.word()),
            "lane" => Field::text(self.name(one.lane)),
            "from" => Field::text(self.name(who.lane)),
            "who" => Field::text(&who.name),
            "kind" => Field::text(who.kind.word()),
            "planes" => many(one.may.words()),
            "tables" if one.verdict == Verdict::Unknown && one.tables == 0 => Field::Unknown,
            "tables" => Field::Number(one.tables as f64),
            "through" => Field::Text(self.through().into()),
            "conditional" => Field::Flag(is_conditional(one.sure, one.may)),
            "table" => many(self.tables(|of| Some(of.name.as_str()))),
            "class" => {
                let mut classes = self.tables(|of| of.class);
                classes.sort_unstable();
                classes.dedup();
                many(classes.into_iter().map(DataClass::word))
            }
            "id" => Field::text(&who.id),
            "account" => Field::text(&who.account),
            "reason" => Field::Text(self.lanes.reason(one).into()),
            "missing_action" => Field::maybe(who.missing.as_deref()),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let Some((who, one)) = self.both() else { return };
        let _ = visit(&who.name)
            || visit(&who.id)
            || visit(self.name(one.lane))
            || visit(self.name(who.lane))
            || who.note.as_deref().is_some_and(&mut *visit)
            || self.tables(|of| Some(of.name.as_str())).into_iter().any(&mut *visit);
    }

    fn time(&self) -> Option<Timestamp> {
        self.both()?.0.source.as_ref().map(|(_, at)| *at)
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for CrossingRow<'_> {
    fn json(&self) -> Value {
        let Some((who, one)) = self.both() else { return Value::Null };
        let words = |of: Planes| of.words().collect::<Vec<_>>();
        let table = |(of, verdict): (&Reached, Verdict)| {
            let place = self.lanes.tables.get(of.table)?;
            Some(json!({
                "arn": place.arn, "name": place.name, "class": place.class.map(DataClass::word),
                "verdict": verdict.word(), "planes": words(of.may), "whatever_the_conditions": words(of.sure),
                "through": self.lanes.through(who, of.table),
            }))
        };
        let tables: Vec<Value> = self.lanes.reached(one).into_iter().filter_map(table).collect();
        let at = self.time();
        json!({
            "verdict": one.verdict.word(),
            "lane": self.name(one.lane),
            "from": self.name(who.lane),
            "who": who.name,
            "kind": who.kind,
            "id": who.id,
            "account": who.account,
            "planes": words(one.may),
            "conditional": is_conditional(one.sure, one.may),
            "tables": tables,
            "reason": self.lanes.reason(one),
            "not_read": who.note,
            "missing_action": who.missing,
            "freshness": {
                "at": at,
                "age_seconds": at.map(|at| self.now().duration_since(at).as_secs()),
                "origin": self.store.origin().word(),
                "operation": who.source.as_ref().map(|(call, _)| call.operation),
                "request_id": who.source.as_ref().map(|(call, _)| &*call.request_id),
            },
        })
    }
}

/// Every lane with how many come from where: what the rows come to.
#[must_use]
pub fn summary(lanes: &Lanes) -> Value {
    let name = |lane: usize| lanes.lanes.get(lane).map_or("", |lane| lane.name.as_str());
    let columns = lanes.columns();
    let row = |(lane, all): (usize, Count)| {
        let from: serde_json::Map<String, Value> =
            columns.iter().map(|from| (name(*from).to_owned(), json!(lanes.count(lane, Some(*from))))).collect();
        json!({
            "lane": name(lane), "tables": lanes.population(lane), "verdict": lanes.standing(lane, all).word(), "all": all,
            "from": from,
        })
    };
    lanes.rows().iter().copied().map(row).collect()
}
