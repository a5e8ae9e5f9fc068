//! Defence in depth, judged by threat: one control that prevents and one that tells must pass, or the next mistake is
//! the last one.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Value, json};

use crate::controls::depth::{Threat, against};
use crate::controls::facts::{Subject, facts};
use crate::model::{Judgement, Table, Verdict};

use super::Store;
use super::rows::place;

/// How a table stands against one threat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// The threat.
    pub threat: Threat,
    /// What prevents it.
    pub prevent: Line,
    /// What tells of it.
    pub detect: Line,
    /// What brings back what was lost; of some threats nothing does.
    pub recover: Line,
    /// What has undone all of it: controls whose failure no other makes good.
    pub undone: Vec<&'static str>,
    /// What may have undone it: the same, where they could not be judged.
    pub unsure: Vec<&'static str>,
}

/// One line of defence: its controls, by how they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Those that pass.
    pub pass: Vec<&'static str>,
    /// Those that fail or warn.
    pub fail: Vec<&'static str>,
    /// Those that could not be judged.
    pub unknown: Vec<&'static str>,
}

impl Line {
    /// Pass when one passes; unknown when one that is not known may; else fail. One that no control is judged for does
    /// not apply.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.pass.is_empty(), self.unknown.is_empty(), self.fail.is_empty()) {
            (false, _, _) => Verdict::Pass,
            (_, false, _) => Verdict::Unknown,
            (_, _, false) => Verdict::Fail,
            _ => Verdict::NotApplicable,
        }
    }
}

impl Depth {
    /// Pass when one control that prevents and one that tells pass: a line without any control holds nothing.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let lines = [self.prevent.verdict(), self.detect.verdict()];
        if !self.undone.is_empty() || lines.iter().any(|of| matches!(of, Verdict::Fail | Verdict::NotApplicable)) {
            Verdict::Fail
        } else if lines.contains(&Verdict::Unknown) || !self.unsure.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Pass
        }
    }

    /// As JSON: verdict, and the controls of each line by how they stand.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"verdict": self.verdict().word(), "prevent": self.prevent, "detect": self.detect, "recover": self.recover,
            "undone_by": self.undone, "undone_by_unknown": self.unsure})
    }
}

/// What is judged beside tables, for the tables it counts for.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// By account and region; the region is empty for what counts in all of them.
    places: HashMap<(String, String), BTreeMap<&'static str, Verdict>>,
    /// By the key's ARN.
    keys: HashMap<String, BTreeMap<&'static str, Verdict>>,
}

impl Store {
    /// What is judged beside tables: gathered once for all of them.
    pub(super) fn gather(&self) -> Around {
        let mut around = Around::default();
        let others = self.judgements.iter().filter(|(resource, _)| !self.estate.tables.contains_key(*resource));
        for judgement in others.flat_map(|(_, of)| of.values()).filter(|of| of.counts()) {
            let Some(facts) = facts(judgement.control) else { continue };
            let (account, region) = place(&judgement.resource);
            let (of, best) = match facts.scope {
                Subject::Key => (around.keys.entry(judgement.resource.clone()).or_default(), false),
                // One good trail is enough, wherever it is at home; what is said of a region holds there.
                Subject::Trail if judgement.resource.starts_with("arn:") => {
                    (around.places.entry((account, String::new())).or_default(), true)
                }
                _ => (around.places.entry((account, region)).or_default(), false),
            };
            of.entry(judgement.control)
                .and_modify(|known| *known = of_two(*known, judgement.verdict, best))
                .or_insert(judgement.verdict);
        }
        around
    }

    /// How a table stands against each threat.
    #[must_use]
    pub fn depth(&self, table: &Table) -> [Depth; 4] {
        let around = &self.around;
        let own: HashMap<&str, &Judgement> = self.judgements_of(&table.arn).map(|of| (of.control, of)).collect();
        let key = table.description.value().and_then(|of| of.kms_key.as_deref()).and_then(|key| around.keys.get(key));
        let scope = &table.scope;
        let of_place = |region: &str| around.places.get(&(scope.account.clone(), region.to_owned()));
        let (here, everywhere) = (of_place(&scope.region), of_place(""));
        let verdict = |id: &str| {
            if let Some(own) = own.get(id) {
                return own.counts().then_some(own.verdict);
            }
            // Before it was judged at all, nothing is lacking yet.
            if own.is_empty() {
                return Some(Verdict::Unknown);
            }
            [key, here, everywhere].into_iter().flatten().find_map(|of| of.get(id)).copied()
        };
        let line = |ids: &'static [String]| {
            let mut line = Line::default();
            for id in ids {
                match verdict(id) {
                    Some(Verdict::Pass) => line.pass.push(id),
                    Some(Verdict::Fail | Verdict::Warn) => line.fail.push(id),
                    Some(Verdict::Unknown) => line.unknown.push(id),
                    Some(Verdict::Manual | Verdict::NotApplicable) | None => {}
                }
            }
            line
        };
        Threat::ALL.map(|threat| {
            let of = against(threat);
            let Line { fail: undone, unknown: unsure, .. } = undoing(&of.undone, &verdict);
            let (prevent, detect, recover) = (line(&of.prevent), line(&of.detect), line(&of.recover));
            Depth { threat, prevent, detect, recover, undone, unsure }
        })
    }
}

/// Those that undo all others: by a failure, not by a warning.
fn undoing(ids: &'static [String], verdict: &dyn Fn(&str) -> Option<Verdict>) -> Line {
    let of = |wanted| ids.iter().map(String::as_str).filter(|id| verdict(id) == Some(wanted)).collect();
    Line { pass: Vec::new(), fail: of(Verdict::Fail), unknown: of(Verdict::Unknown) }
}

/// The better or the worse of two; what does not apply gives way.
fn of_two(a: Verdict, b: Verdict, best: bool) -> Verdict {
    match (a, b) {
        (Verdict::NotApplicable, other) | (other, Verdict::NotApplicable) => other,
        _ if best == (a.rank() > b.rank()) => a,
        _ => b,
    }
}
