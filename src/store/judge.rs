//! Judging what changed, and counting what was judged.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::controls::{CATALOGUE, Control, Judge, LAST, facts};
use crate::model::{DataClass, Estate, Judgement, Scope, SourceError, Table, Verdict};

use super::{Store, VerdictChange, exceptions};

impl Store {
    /// Judges what changed since the last call and sorts new events in. Cheap when nothing did.
    pub fn settle(&mut self, now: Timestamp) {
        self.estate.now = now;
        self.events.settle();
        if !self.dirty_findings.is_empty() {
            self.dirty_estate = true;
        }
        self.recall_exceptions(now);
        if !self.dirty_estate && self.dirty_tables.is_empty() {
            return;
        }
        if self.dirty_estate {
            if !self.estate.findings.is_empty() {
                self.events.index();
            }
            self.link_findings();
        }
        let dirty = std::mem::take(&mut self.dirty_tables);
        // Out of the store while it is judged, so that what is judged can be kept in between.
        let mut estate = std::mem::take(&mut self.estate);
        let tables: Vec<(&Table, Option<Table>)> = dirty
            .iter()
            .filter_map(|arn| estate.tables.get(arn))
            .map(|table| (table, (!self.strict_class && estate.is_unclassed(table)).then(|| as_mildest(table))))
            .collect();
        let unlisted = if self.dirty_estate { self.unlisted(&estate) } else { Vec::new() };
        for control in CATALOGUE.iter().filter(|control| control.id != LAST.id) {
            let fresh: Vec<Judgement> = match control.judge {
                Judge::Table(judge) => {
                    let judge = |table: &Table| judge(&estate, &self.baseline, table);
                    let of = tables.iter().map(|(table, mildest)| marked(judge(table), mildest.as_ref(), judge));
                    let blind = unlisted.iter().map(|(scope, error)| crate::controls::unlisted(control, scope, error));
                    of.chain(blind).collect()
                }
                Judge::Estate(judge) if self.dirty_estate => {
                    let fresh = judge(&estate, &self.baseline);
                    self.forget_others(control.id, &fresh);
                    fresh
                }
                Judge::Estate(_) => Vec::new(),
            };
            for judgement in fresh {
                self.keep(self.exceptions.applied(&estate, judgement), now);
            }
        }
        drop(tables);
        self.missing.clone_into(&mut estate.attestations.missing);
        if let Judge::Estate(judge) = LAST.judge {
            let fresh = judge(&estate, &self.baseline);
            self.forget_others(LAST.id, &fresh);
            for judgement in fresh {
                self.keep(self.exceptions.applied(&estate, judgement), now);
            }
        }
        self.estate = estate;
        self.dirty_estate = false;
        self.revision += 1;
    }

    /// What has ended since it was looked at last holds no more: all that it may have changed is judged again.
    fn recall_exceptions(&mut self, now: Timestamp) {
        let live = self.exceptions.live(now);
        if self.exceptions_live.replace(live) != Some(live) && !self.exceptions.is_empty() {
            self.estate.attestations = self.exceptions.attestations(now, &self.estate.attestations);
            self.dirty_tables.extend(self.estate.tables.keys().cloned());
            self.dirty_estate = true;
        }
    }

    /// Scopes whose tables could not be listed, and why. What was said of scopes that can be listed now is dropped.
    fn unlisted(&mut self, estate: &Estate) -> Vec<(Scope, SourceError)> {
        let of = estate.populations.keys().filter_map(|scope| Some((scope.clone(), estate.unlisted(scope)??.clone())));
        let of: Vec<(Scope, SourceError)> = of.collect();
        let names: BTreeSet<String> = of.iter().map(|(scope, _)| scope.to_string()).collect();
        let old = std::mem::replace(&mut self.unlisted, names);
        let gone: BTreeSet<&String> = old.difference(&self.unlisted).collect();
        if !gone.is_empty() {
            let of_tables = |id| matches!(crate::controls::by_id(id), Some(Control { judge: Judge::Table(_), .. }));
            let gone: BTreeSet<String> = gone.into_iter().cloned().collect();
            self.retain_judgements(|judgement| !(gone.contains(&judgement.resource) && of_tables(judgement.control)));
        }
        of
    }

    /// Drops a whole-estate control's judgements about resources that it no longer judges.
    fn forget_others(&mut self, control: &'static str, judged: &[Judgement]) {
        let stay: BTreeSet<&str> = judged.iter().map(|judgement| judgement.resource.as_str()).collect();
        self.retain_judgements(|judgement| judgement.control != control || stay.contains(judgement.resource.as_str()));
    }

    fn keep(&mut self, judgement: Judgement, now: Timestamp) {
        let before = self.judgements.get_mut(&judgement.resource).and_then(|of| of.remove(judgement.control));
        if let Some(before) = before {
            self.count(&before, false);
            if before.verdict != judgement.verdict {
                self.changes.push(VerdictChange {
                    at: now,
                    control: judgement.control,
                    resource: judgement.resource.clone(),
                    from: before.verdict,
                    to: judgement.verdict,
                });
            }
        }
        self.count(&judgement, true);
        self.judgements.entry(judgement.resource.clone()).or_default().insert(judgement.control, judgement);
    }

    /// Counts a judgement in, or takes it back.
    fn count(&mut self, judgement: &Judgement, is_in: bool) {
        let step = |count: &mut usize| if is_in { *count += 1 } else { *count = count.saturating_sub(1) };
        if judgement.by_default {
            step(&mut self.by_default);
        }
        if judgement.muted.is_some() {
            step(&mut self.muted);
        }
        if exceptions::is_missing(judgement) {
            let (account, _) = super::rows::place(&judgement.resource);
            step(self.missing.entry(account).or_default().entry(judgement.control).or_default());
        }
        if let Some(facts) = facts::facts(judgement.control) {
            let tally = self.posture.entry(facts.layer).or_default();
            if let Some(count) = tally.of(judgement) {
                step(count);
            }
        }
    }

    /// Keeps the judgements that a test holds for; the posture follows.
    pub(super) fn retain_judgements(&mut self, stays: impl Fn(&Judgement) -> bool) {
        let mut gone = Vec::new();
        self.judgements.retain(|_, of| {
            gone.extend(of.extract_if(.., |_, judgement| !stays(judgement)).map(|(_, judgement)| judgement));
            !of.is_empty()
        });
        for judgement in gone {
            self.count(&judgement, false);
        }
    }

    /// How many judgements are due only to the default class.
    #[must_use]
    pub fn by_default(&self) -> usize {
        self.by_default
    }

    /// How many judgements persons have set aside.
    #[must_use]
    pub fn muted(&self) -> usize {
        self.muted
    }

    /// How many tables state no class, as far as their tags were read.
    #[must_use]
    pub fn unclassed(&self) -> usize {
        let estate: &Estate = &self.estate;
        estate.tables.values().filter(|table| estate.is_unclassed(table)).count()
    }
}

/// The same table if it were of the mildest class.
fn as_mildest(table: &Table) -> Table {
    Table { assumed: Some(DataClass::Public), ..table.clone() }
}

/// A judgement, marked where it is due only to the default class: of the mildest class it would not be said. Whether a
/// table states its class is what ISO-01 asks.
fn marked(judgement: Judgement, mildest: Option<&Table>, judge: impl Fn(&Table) -> Judgement) -> Judgement {
    let bad = matches!(judgement.verdict, Verdict::Fail | Verdict::Warn | Verdict::Unknown);
    let Some(mildest) = mildest.filter(|_| bad && judgement.control != "ISO-01") else { return judgement };
    if !matches!(judge(mildest).verdict, Verdict::Pass | Verdict::NotApplicable) {
        return judgement;
    }
    let reason = format!("{}; counted under ISO-01, for no tag says the table's class", judgement.reason);
    Judgement { reason, by_default: true, ..judgement }
}

/// Judgements counted by verdict; those that do not count, for their class or a mute, are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Failures.
    pub fail: usize,
    /// Warnings.
    pub warn: usize,
    /// Not judged.
    pub unknown: usize,
    /// Passes.
    pub pass: usize,
}

impl Tally {
    /// Counts one judgement in; `n/a` and `manual` count as nothing.
    pub fn add(&mut self, judgement: &Judgement) {
        if let Some(count) = self.of(judgement) {
            *count += 1;
        }
    }

    fn of(&mut self, judgement: &Judgement) -> Option<&mut usize> {
        if !judgement.counts() {
            return None;
        }
        match judgement.verdict {
            Verdict::Fail => Some(&mut self.fail),
            Verdict::Warn => Some(&mut self.warn),
            Verdict::Unknown => Some(&mut self.unknown),
            Verdict::Pass => Some(&mut self.pass),
            Verdict::Manual | Verdict::NotApplicable => None,
        }
    }

    /// The worst verdict counted.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        match self {
            Self { fail: 1.., .. } => Verdict::Fail,
            Self { warn: 1.., .. } => Verdict::Warn,
            Self { unknown: 1.., .. } => Verdict::Unknown,
            Self { pass: 1.., .. } => Verdict::Pass,
            _ => Verdict::NotApplicable,
        }
    }
}
