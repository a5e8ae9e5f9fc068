//! Rows of `practices`: each practice, and how what answers for it stands.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controls::practices::{self, Practice};
use crate::model::{Judgement, Verdict};
use crate::store::{Store, Tally};
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, VERDICTS, many, spec};

pub(super) const SCHEMA: Schema = Schema {
    rows: "practices",
    fields: &[
        spec("verdict", &[], Kind::Word(VERDICTS), "the worst that its controls say anywhere"),
        spec("number", &["no"], Kind::Number, "its number in the list"),
        spec("practice", &["title"], Kind::Prose, "what it is called"),
        spec("chapter", &["group"], Kind::Text, "what it belongs to"),
        spec("controls", &["control"], Kind::Text, "the controls that answer for it"),
        spec("fail", &[], Kind::Number, "how often they fail"),
        spec("warn", &[], Kind::Number, "how often they warn"),
        spec("unknown", &[], Kind::Number, "how often they could not be judged"),
        spec("pass", &[], Kind::Number, "how often they pass"),
        spec("manual", &[], Kind::Number, "how often nobody attests yet"),
        spec("asks", &[], Kind::Prose, "what it asks for"),
        spec("now", &["truth"], Kind::Prose, "what is true today, where common texts are wrong or out of date"),
    ],
};

/// One practice, and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct PracticeRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The practice.
    pub practice: &'static Practice,
    /// What its controls say.
    pub stands: Standing,
}

/// What the controls of a practice say, wherever they say it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What counts, by verdict.
    pub tally: Tally,
    /// For persons to attest to.
    pub manual: usize,
    /// Said to apply nowhere, or muted.
    pub aside: usize,
}

impl Standing {
    /// Takes one in.
    pub fn add(&mut self, one: &Judgement) {
        self.tally.add(one);
        match one.verdict {
            Verdict::Manual => self.manual += 1,
            _ if !one.counts() => self.aside += 1,
            Verdict::NotApplicable => self.aside += 1,
            _ => {}
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.tally.fail += other.tally.fail;
        self.tally.warn += other.tally.warn;
        self.tally.unknown += other.tally.unknown;
        self.tally.pass += other.tally.pass;
        self.manual += other.manual;
        self.aside += other.aside;
        self
    }

    /// The worst; what only persons know is `manual` where nothing else is said.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.tally.worst() {
            Verdict::NotApplicable if self.manual > 0 => Verdict::Manual,
            Verdict::Pass if self.manual > 0 => Verdict::Manual,
            worst => worst,
        }
    }
}

impl Store {
    /// Every practice with how it stands, the worst first within its chapter's order.
    #[must_use]
    pub fn practices(&self) -> Vec<(&'static Practice, Standing)> {
        let mut by_control: HashMap<&str, Standing> = HashMap::new();
        for one in self.judgements() {
            by_control.entry(one.control).or_default().add(one);
        }
        let stands = |of: &Practice| {
            let all = of.controls.iter().filter_map(|id| by_control.get(id.as_str()));
            all.fold(Standing::default(), Standing::and)
        };
        practices::all().iter().map(|of| (of, stands(of))).collect()
    }
}

pub(super) fn all(store: &Store) -> Vec<PracticeRow<'_>> {
    let mut rows: Vec<_> =
        store.practices().into_iter().map(|(practice, stands)| PracticeRow { store, practice, stands }).collect();
    rows.sort_by_key(|row| (row.stands.verdict().rank(), row.practice.number));
    rows
}

impl Row for PracticeRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let (of, tally) = (self.practice, &self.stands.tally);
        let count = |count: usize| Field::Number(count as f64);
        match name {
            "verdict" => Field::text(self.stands.verdict().word()),
            "number" => Field::Number(of.number.into()),
            "practice" => Field::text(&of.title),
            "chapter" => Field::text(&of.chapter),
            "controls" => many(of.controls.iter().map(String::as_str)),
            "fail" => count(tally.fail),
            "warn" => count(tally.warn),
            "unknown" => count(tally.unknown),
            "pass" => count(tally.pass),
            "manual" => count(self.stands.manual),
            "asks" => Field::text(&of.asks),
            "now" => Field::maybe(of.now.as_deref()),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let of = self.practice;
        let _ = visit(&of.title)
            || visit(&of.chapter)
            || visit(&of.asks)
            || visit(self.stands.verdict().word())
            || of.now.as_deref().is_some_and(&mut *visit)
            || of.controls.iter().any(|id| visit(id));
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for PracticeRow<'_> {
    fn json(&self) -> Value {
        let (of, stands) = (self.practice, &self.stands);
        json!({
            "number": of.number,
            "chapter": of.chapter,
            "practice": of.title,
            "asks": of.asks,
            "now": of.now,
            "controls": of.controls,
            "answered": of.answered,
            "verdict": stands.verdict().word(),
            "counts": {
                "fail": stands.tally.fail, "warn": stands.tally.warn, "unknown": stands.tally.unknown,
                "pass": stands.tally.pass, "manual": stands.manual, "aside": stands.aside,
            },
        })
    }
}
