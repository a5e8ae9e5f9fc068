//! What changed while it was watched: verdicts, findings, drifts, sources.
//!
//! What is read for the first time is no change. A verdict that is not known any more neither fell nor rose; once it is
//! known again it is held against the last one that was.

mod change;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::Drift;
use crate::model::{Finding, Judgement, Scope, Source, SourceError, Verdict};

pub use change::{Change, Changed, DriftChange, FindingChange, SourceChange, Stands, Turn, VerdictChange, Way};

/// How many changes are kept.
const LENGTH: usize = 10_000;

/// The newest changes.
#[derive(Debug, Default)]
pub struct Changes {
    kept: VecDeque<Change>,
    /// How many there were, those let go included.
    count: u64,
    /// What was noticed since the last moment that was told.
    noticed: Vec<(Option<Timestamp>, Changed)>,
    /// Since when verdicts are watched: when all was read once, and judged.
    began: Option<Timestamp>,
    /// Verdicts that were known before they were not: with each whether it counted.
    lost: BTreeMap<(String, &'static str), (Verdict, bool)>,
    /// Sources that went stale.
    stale: BTreeMap<(Source, Scope), SourceError>,
    /// Drifts as they were ordered last, by id.
    drifts: BTreeMap<String, Arc<Drift>>,
}

impl Changes {
    /// All that are kept, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.kept.iter()
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// True while nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Those after a number, oldest first; 0 for all.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Change> {
        let skip = self.kept.partition_point(|change| change.number <= number);
        self.kept.iter().skip(skip)
    }

    /// The number of the newest; 0 before the first.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.count
    }

    /// How many after a number were let go, for want of room, before anybody could be told of them.
    #[must_use]
    pub fn let_go(&self, number: u64) -> u64 {
        (self.count - self.kept.len() as u64).saturating_sub(number)
    }

    /// Since when verdicts are watched; `None` until all was read once.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// The verdicts among them, oldest first.
    #[must_use]
    pub fn verdicts(&self) -> impl DoubleEndedIterator<Item = (&Change, &VerdictChange)> {
        self.kept.iter().filter_map(|change| match &change.what {
            Changed::Verdict(of) => Some((change, of)),
            _ => None,
        })
    }

    /// Sources that cannot be read now, and why.
    pub fn stale(&self) -> impl Iterator<Item = (&(Source, Scope), &SourceError)> {
        self.stale.iter()
    }

    /// Why a source cannot be read now.
    #[must_use]
    pub fn stale_error(&self, source: Source, scope: &Scope) -> Option<&SourceError> {
        self.stale.get(&(source, scope.clone()))
    }

    /// From now on another verdict is a change.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
    }

    /// Notes what a verdict became; `before` is what it was, and whether that counted.
    pub(super) fn verdict(&mut self, before: Option<(Verdict, bool)>, after: &Judgement) {
        let now = (after.verdict, after.counts());
        if self.began.is_none() || before == Some(now) {
            return;
        }
        let key = || (after.resource.clone(), after.control);
        let known = match before {
            // What cannot be read today was something yesterday.
            Some((Verdict::Unknown, true)) if !self.lost.is_empty() => self.lost.remove(&key()).or(before),
            _ => before,
        };
        let Some(way) = Way::between(known, now).or_else(|| {
            let was_lost = known != before;
            was_lost.then_some(Way::Known)
        }) else {
            return;
        };
        if way == Way::Lost
            && let Some(before) = before
        {
            self.lost.insert(key(), before);
        }
        self.noticed.push((
            after.evidence.iter().map(|of| of.at).max(),
            Changed::Verdict(VerdictChange {
                control: after.control,
                resource: after.resource.clone(),
                from: known.map(|of| of.0),
                to: after.verdict,
                way,
                severity: after.severity,
                reason: after.reason.clone(),
            }),
        ));
    }

    /// Notes a finding that was read; `before` is the one of the same id.
    pub(super) fn finding(&mut self, before: Option<&Finding>, now: &Finding) {
        if let Some(turn) = Turn::of(before.map(|of| (of.updated, of.archived)), now) {
            self.noticed.push((now.updated, Changed::Finding(FindingChange::new(now, turn))));
        }
    }

    /// Notes a finding that is listed no more.
    pub(super) fn finding_gone(&mut self, of: &Finding) {
        self.noticed.push((None, Changed::Finding(FindingChange::new(of, Turn::Gone))));
    }

    /// Notes how a sweep ended. What passes by itself, and is met below the top level, makes nothing stale.
    pub(super) fn swept(
        &mut self,
        (source, scope): (Source, &Scope),
        (whole, error): (bool, Option<&SourceError>),
        first: bool,
        good: Option<Timestamp>,
        at: Timestamp,
    ) {
        let passing = |error: &SourceError| {
            matches!(error, SourceError::Throttled(_) | SourceError::Offline(_) | SourceError::Service(_))
        };
        let error = error.filter(|error| !matches!(error, SourceError::NotEnabled(_)) && (whole || !passing(error)));
        let key = (source, scope.clone());
        let was = match error {
            Some(error) => self.stale.insert(key, error.clone()),
            None => self.stale.remove(&key),
        };
        if !first && was.is_some() != error.is_some() {
            let of = SourceChange { source, scope: scope.clone(), error: error.cloned(), good };
            self.noticed.push((Some(at), Changed::Source(of)));
        }
    }

    /// A scope learned its name.
    pub(super) fn rename(&mut self, from: &Scope, to: &Scope) {
        let of: Vec<Source> = self.stale.keys().filter(|(_, scope)| scope == from).map(|(source, _)| *source).collect();
        for source in of {
            if let Some(error) = self.stale.remove(&(source, from.clone())) {
                self.stale.insert((source, to.clone()), error);
            }
        }
    }

    /// Notes drifts that are new or over.
    pub(super) fn drifts(&mut self, all: &[Arc<Drift>]) {
        let now: BTreeMap<String, Arc<Drift>> = all.iter().map(|of| (of.id.clone(), of.clone())).collect();
        let before = std::mem::replace(&mut self.drifts, now);
        let Some(began) = self.began else { return };
        let id = |id: &str| before.contains_key(id);
        for of in all.iter().filter(|of| !id(&of.id)) {
            let stands = match &of.closed {
                None => Stands::Open,
                // It was open when it was seen last: that it is over is told below.
                Some(_) if before.values().any(|known| known.is_open() && is_same(known, of)) => continue,
                // What older events tell is no news.
                Some(closed) if closed.at < began => continue,
                Some(_) => Stands::CameAndWent,
            };
            self.noticed.push((of.since(), Changed::Drift(DriftChange::new(of, stands))));
        }
        let over = before.values().filter(|of| of.is_open() && !self.drifts.contains_key(&of.id));
        for of in over {
            let closed = all.iter().filter(|now| is_same(now, of)).find_map(|now| now.closed.as_ref());
            self.noticed.push((closed.map(|of| of.at), Changed::Drift(DriftChange::new(of, Stands::Over))));
        }
    }

    /// Says when what was noticed was noticed.
    pub(super) fn date(&mut self, now: Timestamp) {
        for (evidence, what) in self.noticed.drain(..) {
            self.count += 1;
            if self.kept.len() == LENGTH {
                self.kept.pop_front();
            }
            self.kept.push_back(Change { number: self.count, at: now, evidence, what });
        }
    }
}

/// The same setting of the same resource.
fn is_same(a: &Drift, b: &Drift) -> bool {
    (&a.scope, &a.resource, &a.setting) == (&b.scope, &b.resource, &b.setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn judgement(verdict: Verdict) -> Judgement {
        Judgement {
            control: "RES-01",
            resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders".to_owned(),
            verdict,
            severity: Severity::High,
            reason: "it is so".to_owned(),
            missing_action: None,
            evidence: vec![],
            by_default: false,
            muted: None,
            attested: None,
        }
    }

    /// The ways that a row of verdicts takes.
    fn ways(verdicts: &[Verdict]) -> Vec<(Option<Verdict>, Verdict, Way)> {
        let mut changes = Changes::default();
        changes.begin(Timestamp::UNIX_EPOCH);
        for pair in verdicts.windows(2) {
            changes.verdict(Some((pair[0], true)), &judgement(pair[1]));
        }
        changes.date(Timestamp::UNIX_EPOCH);
        changes.verdicts().map(|(_, of)| (of.from, of.to, of.way)).collect()
    }

    #[test]
    fn what_is_not_known_any_more_neither_fell_nor_rose_and_is_held_against_what_was_known() {
        use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
        assert_eq!(ways(&[Pass, Fail, Pass]), [(Some(Pass), Fail, Way::Fell), (Some(Fail), Pass, Way::Rose)]);
        assert_eq!(ways(&[Pass, Unknown, Fail]), [(Some(Pass), Unknown, Way::Lost), (Some(Pass), Fail, Way::Fell)]);
        assert_eq!(ways(&[Warn, Unknown, Warn])[1], (Some(Warn), Warn, Way::Known));
        assert_eq!(ways(&[Unknown, Fail]), [(Some(Unknown), Fail, Way::Known)]);
        assert_eq!(ways(&[Pass, NotApplicable]), []);
    }

    #[test]
    fn a_fault_below_the_top_that_passes_by_itself_makes_nothing_stale() {
        let (mut changes, scope) = (Changes::default(), Scope::new("111122223333", "eu-west-1"));
        let at = Timestamp::UNIX_EPOCH;
        let mut ended = |whole, error: Option<SourceError>, first| {
            changes.swept((Source::Tables, &scope), (whole, error.as_ref()), first, None, at);
            changes.date(at);
            changes.iter().map(Change::word).collect::<Vec<_>>()
        };
        let throttled = || Some(SourceError::Throttled("slow down".to_owned()));
        let denied = || Some(SourceError::Denied { action: "dynamodb:ListTables".into(), message: String::new() });
        assert!(ended(true, denied(), true).is_empty(), "the first sweep changes nothing");
        assert_eq!(ended(false, None, false), ["back"]);
        assert_eq!(ended(false, throttled(), false), ["back"]);
        assert_eq!(ended(true, throttled(), false), ["back", "stale"]);
        assert_eq!(ended(true, denied(), false).len(), 2, "it stays stale");
        assert_eq!(ended(false, None, false).len(), 3);
    }

    #[test]
    fn the_oldest_go_first_and_that_is_counted() {
        let mut changes = Changes::default();
        changes.begin(Timestamp::UNIX_EPOCH);
        for turn in 0..LENGTH + 5 {
            let [before, now] =
                if turn % 2 == 0 { [Verdict::Pass, Verdict::Fail] } else { [Verdict::Fail, Verdict::Pass] };
            changes.verdict(Some((before, true)), &judgement(now));
        }
        changes.date(Timestamp::UNIX_EPOCH);
        assert_eq!((changes.len(), changes.let_go(0), changes.newest()), (LENGTH, 5, LENGTH as u64 + 5));
        assert_eq!([3, 5, 9].map(|told| changes.let_go(told)), [2, 0, 0]);
        assert_eq!(changes.after(LENGTH as u64).count(), 5);
    }
}
