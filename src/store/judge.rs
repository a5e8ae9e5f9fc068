//! Judging what changed, and counting what was judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::controls::{CATALOGUE, Control, Judge, LAST, facts};
use crate::model::{DataClass, Estate, Freshness, Judgement, Table, Verdict};

use super::{Store, exceptions};

impl Store {
    /// Judges what changed since the last call and sorts new events in. Cheap when nothing did.
    pub fn settle(&mut self, now: Timestamp) {
        while !self.settle_within(now, Duration::MAX) {}
    }

    /// As [`Self::settle`], but stops after so long, and after one control or table at the least: `true` when all is
    /// judged. Until then the rest stands as it was judged before.
    pub fn settle_within(&mut self, now: Timestamp, within: Duration) -> bool {
        let began = Instant::now();
        self.estate.now = now;
        self.events.settle();
        self.changes.date(now);
        if !self.dirty_findings.is_empty() {
            self.dirty_estate = true;
        }
        self.recall_exceptions(now);
        // Half of the time: what was noted is to be judged as well.
        let noted = self.note_within(began, within / 2);
        if std::mem::take(&mut self.dirty_estate) {
            self.note_reach();
            if !self.estate.findings.is_empty() {
                self.events.index();
            }
            self.link_findings();
            self.due.extend(0..CATALOGUE.len());
        }
        if self.due.is_empty() && self.dirty_tables.is_empty() {
            if noted {
                self.order_drifts();
            }
            self.changes.date(now);
            return noted;
        }
        // Out of the store while it is judged, so that what is judged can be kept in between.
        let mut estate = std::mem::take(&mut self.estate);
        loop {
            if let Some(at) = next(&mut self.due, &self.last_due) {
                self.last_due = at;
                if let Some(control) = CATALOGUE.get(at).filter(|control| control.id != LAST.id) {
                    self.judge_estate(&estate, control);
                }
            } else if let Some(arn) = next(&mut self.dirty_tables, &self.last_table) {
                if let Some(table) = estate.tables.get(&arn) {
                    self.judge_table(&estate, table);
                    self.drift_table(&estate, table);
                }
                self.last_table = arn;
            } else {
                break;
            }
            if began.elapsed() >= within {
                break;
            }
        }
        let done = self.due.is_empty() && self.dirty_tables.is_empty();
        if done {
            self.missing.clone_into(&mut estate.attestations.missing);
            self.judge_estate(&estate, LAST);
        }
        self.estate = estate;
        if done {
            self.around = self.gather();
        }
        // What half of the events tell is no news yet, and putting all in order is dear: once, when nothing waits.
        if done && noted {
            self.order_drifts();
        }
        self.changes.date(now);
        if done && noted && !self.freshness.is_empty() && !self.freshness.values().any(Freshness::is_loading) {
            self.changes.begin(now);
        }
        self.revision += 1;
        done && noted
    }

    /// How many tables wait to be judged anew.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.dirty_tables.len()
    }

    /// Judges by a control that looks at the whole estate; of one that looks at tables, the scopes that hide theirs.
    fn judge_estate(&mut self, estate: &Estate, control: &'static Control) {
        let fresh = match control.judge {
            Judge::Table(_) => self.unlisted(estate, control),
            Judge::Estate(judge) => {
                let fresh = judge(estate, &self.baseline);
                self.forget_others(control.id, &fresh);
                fresh
            }
        };
        for judgement in fresh {
            self.keep(self.exceptions.applied(estate, judgement));
        }
    }

    fn judge_table(&mut self, estate: &Estate, table: &Table) {
        let mildest = (!self.strict_class && estate.is_unclassed(table)).then(|| as_mildest(table));
        for control in CATALOGUE {
            if let Judge::Table(judge) = control.judge {
                let judge = |table: &Table| judge(estate, &self.baseline, table);
                let judgement = marked(judge(table), mildest.as_ref(), judge);
                self.keep(self.exceptions.applied(estate, judgement));
            }
        }
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

    /// What a control of tables says of scopes whose tables could not be listed. What was said of scopes that can be
    /// listed now is dropped.
    fn unlisted(&mut self, estate: &Estate, control: &'static Control) -> Vec<Judgement> {
        let blind = estate.populations.keys().filter_map(|scope| Some((scope, estate.unlisted(scope)??)));
        let fresh: Vec<Judgement> =
            blind.map(|(scope, error)| crate::controls::unlisted(control, scope, error)).collect();
        self.forget_others(control.id, &fresh);
        fresh
    }

    /// Drops a whole-estate control's judgements about resources that it no longer judges.
    fn forget_others(&mut self, control: &'static str, judged: &[Judgement]) {
        let now: BTreeSet<String> = judged.iter().map(|judgement| judgement.resource.clone()).collect();
        let before = self.judged.insert(control, now.clone()).unwrap_or_default();
        for resource in before.difference(&now) {
            let of = self.judgements.get_mut(resource);
            let gone = of.and_then(|of| of.remove(control));
            if self.judgements.get(resource).is_some_and(BTreeMap::is_empty) {
                self.judgements.remove(resource);
            }
            if let Some(gone) = gone {
                self.count(&gone, false);
            }
        }
    }

    fn keep(&mut self, judgement: Judgement) {
        self.count(&judgement, true);
        let of = match self.judgements.get_mut(&judgement.resource) {
            Some(of) => of,
            None => self.judgements.entry(judgement.resource.clone()).or_default(),
        };
        let before = of.get(judgement.control).map(|before| (before.verdict, before.counts()));
        self.changes.verdict(before, &judgement);
        if let Some(before) = of.insert(judgement.control, judgement) {
            self.count(&before, false);
        }
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

/// Takes the next one out, going round: what becomes due anew all the time keeps nothing else waiting.
fn next<T: Ord + Clone>(due: &mut BTreeSet<T>, last: &T) -> Option<T> {
    let after = due.range((Bound::Excluded(last), Bound::Unbounded)).next().or_else(|| due.first()).cloned()?;
    due.take(&after)
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
