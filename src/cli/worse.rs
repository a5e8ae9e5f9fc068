//! `check --worse-than FILE`: what an earlier answer said, so that only what got worse is printed and can fail the run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::export::json::SCHEMA;
use crate::model::{Judgement, Origin, Verdict};
use crate::store::Coverage;

use super::Failure;

/// What a row stood at that the earlier answer does not hold.
const NEW: &str = "new";

/// An earlier `check -o json`.
#[derive(Debug)]
pub(super) struct Earlier {
    at: Timestamp,
    origin: String,
    /// What it could not see, where it was incomplete.
    blind: Option<Covered>,
    rows: HashMap<(String, String), Stood>,
    controls: HashSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Stood {
    verdict: Verdict,
    counts: bool,
}

impl Stood {
    fn gravity(self) -> u8 {
        self.verdict.gravity(self.counts)
    }
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
    origin: String,
    generated_at: Timestamp,
    incomplete: bool,
    coverage: Covered,
    rows: Vec<Row>,
}

/// How far it saw.
#[derive(Debug, Deserialize)]
struct Covered {
    scopes: usize,
    scopes_blind: Vec<IgnoredAny>,
    faults: BTreeMap<String, usize>,
    loading: usize,
    tables_read: usize,
}

#[derive(Deserialize)]
struct Row {
    control: String,
    resource: String,
    verdict: String,
    muted: Option<IgnoredAny>,
    by_default_class: bool,
}

impl Earlier {
    /// Reads the answer.
    ///
    /// # Errors
    /// When the file cannot be read, or is no answer of `check -o json`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::Usage(format!(
                "--worse-than {}: {why}; write one with `dynakeep check -o json > FILE`",
                path.display()
            ))
        };
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let answer: Answer = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| wrong(format!("no answer of check: {error}")))?;
        if answer.schema != SCHEMA {
            return Err(wrong(format!("written as {:?}, and this is {SCHEMA}", answer.schema)));
        }
        let controls = answer.rows.iter().map(|row| row.control.clone()).collect();
        let mut rows = HashMap::new();
        for row in answer.rows {
            let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.word() == row.verdict);
            let verdict = verdict.ok_or_else(|| wrong(format!("a row says {:?}, which is no verdict", row.verdict)))?;
            let counts = row.muted.is_none() && !row.by_default_class;
            rows.insert((row.control, row.resource), Stood { verdict, counts });
        }
        Ok(Self {
            at: answer.generated_at,
            origin: answer.origin,
            blind: answer.incomplete.then_some(answer.coverage),
            rows,
            controls,
        })
    }

    /// Refuses to compare what does not compare.
    ///
    /// # Errors
    /// When it was made over something else than AWS, or AWS.
    pub(super) fn fits(&self, origin: Origin) -> Result<(), Failure> {
        if self.origin == origin.word() {
            return Ok(());
        }
        Err(Failure::Usage(format!("--worse-than: that answer is of {}, this one of {}", self.origin, origin.word())))
    }

    /// True when less is seen now than was then: what could not be read then either did not get worse. `worse` are the
    /// judgements that did.
    pub(super) fn sees_less(&self, now: &Coverage, worse: &[&Judgement]) -> bool {
        let Some(then) = &self.blind else { return true };
        worse.iter().any(|of| of.verdict == Verdict::Unknown)
            || now.scopes < then.scopes
            || now.scopes_blind.len() > then.scopes_blind.len()
            || now.faults.values().sum::<usize>() > then.faults.values().sum()
            || now.loading > then.loading
            || now.tables_read < then.tables_read
    }

    /// What a judgement stood at.
    pub(super) fn was(&self, of: &Judgement) -> &'static str {
        self.stood(of).map_or(NEW, |stood| stood.verdict.word())
    }

    /// True when it is worse now, or is bad and was not there. What is not known any more is worse than whatever was
    /// known: a call that fails mends nothing.
    pub(super) fn is_worse(&self, of: &Judgement) -> bool {
        let was = self.stood(of).map_or(0, Stood::gravity);
        let now = of.verdict.gravity(of.counts());
        if is_unknown(of) { was != now } else { now > was }
    }

    fn is_better(&self, of: &Judgement) -> bool {
        let now = of.verdict.gravity(of.counts());
        !is_unknown(of) && self.stood(of).is_some_and(|stood| now < stood.gravity())
    }

    /// `against 2026-11-21T12:00:00Z: 3 worse (1 new), 5 better, 2 gone`, of all judgements that are asked for.
    pub(super) fn summary<'a>(&self, all: impl Iterator<Item = &'a Judgement>) -> String {
        let (mut worse, mut new, mut better, mut unheld) = (0, 0, 0, HashSet::new());
        let mut met = 0;
        for of in all {
            let stood = self.stood(of);
            met += usize::from(stood.is_some());
            if self.is_worse(of) {
                worse += 1;
                new += usize::from(stood.is_none());
            }
            better += usize::from(self.is_better(of));
            if !self.controls.contains(of.control) {
                unheld.insert(of.control);
            }
        }
        let mut text = format!("against {}: {worse} worse ({new} of them new), {better} better", self.at);
        let gone = self.rows.len() - met;
        if gone > 0 {
            text.push_str(&format!(", {gone} gone or not asked for"));
        }
        if !unheld.is_empty() {
            text.push_str(&format!("; it holds no row of {} controls: asked for less, or they are new", unheld.len()));
        }
        text
    }

    fn stood(&self, of: &Judgement) -> Option<Stood> {
        self.rows.get(&(of.control.to_owned(), of.resource.clone())).copied()
    }
}

fn is_unknown(of: &Judgement) -> bool {
    of.verdict == Verdict::Unknown && of.counts()
}
