//! `check --worse-than FILE`: what an earlier answer said, so that only what got worse is printed and can fail the run.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::export::json::SCHEMA;
use crate::model::{Judgement, Origin, Verdict};

use super::Failure;

/// What a row stood at that the earlier answer does not hold.
const NEW: &str = "new";

/// An earlier `check -o json`.
#[derive(Debug)]
pub(super) struct Earlier {
    at: Timestamp,
    origin: String,
    incomplete: bool,
    rows: HashMap<(String, String), Stood>,
    controls: HashSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Stood {
    verdict: Verdict,
    counts: bool,
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
    origin: String,
    generated_at: Timestamp,
    incomplete: bool,
    rows: Vec<Row>,
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
        Ok(Self { at: answer.generated_at, origin: answer.origin, incomplete: answer.incomplete, rows, controls })
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

    /// True when something could not be read then either.
    pub(super) fn was_incomplete(&self) -> bool {
        self.incomplete
    }

    /// What a judgement stood at.
    pub(super) fn was(&self, of: &Judgement) -> &'static str {
        self.stood(of).map_or(NEW, |stood| stood.verdict.word())
    }

    /// True when it is worse now, or is bad and was not there.
    pub(super) fn is_worse(&self, of: &Judgement) -> bool {
        gravity(of.verdict, of.counts()) > self.stood(of).map_or(0, |stood| gravity(stood.verdict, stood.counts))
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
            better += usize::from(
                stood.is_some_and(|stood| gravity(of.verdict, of.counts()) < gravity(stood.verdict, stood.counts)),
            );
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

/// How bad it is: what is set aside is no worse than a pass; what is not known any more is.
fn gravity(verdict: Verdict, counts: bool) -> u8 {
    match verdict {
        _ if !counts => 0,
        Verdict::Fail => 3,
        Verdict::Warn => 2,
        Verdict::Unknown => 1,
        Verdict::Pass | Verdict::Manual | Verdict::NotApplicable => 0,
    }
}
