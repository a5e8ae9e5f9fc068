//! What whoever takes over must know: what changed since the mark, or since a moment that nobody marked, and what that
//! cannot tell.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;

use crate::model::{Finding, Severity, Source, second};
use crate::trail::EventRef;

use super::Store;
use super::changes::{Change, Changed, DriftChange, FindingChange, SourceChange, Stands, Turn, Way};
use super::since::{From, Since};

/// Services whose settings protect tables: a write to one of them may lower a defence without naming a table.
const GUARDS: [&str; 6] = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "dynamodb.amazonaws.com",
    "ec2.amazonaws.com",
    "guardduty.amazonaws.com",
    "kms.amazonaws.com",
];

/// True for a write that went through, was not ours and concerns a table or what protects tables.
#[must_use]
pub fn is_change(event: EventRef<'_>) -> bool {
    let concerns = event.tables().len() > 0 || GUARDS.contains(&event.source());
    event.read_only() == Some(false) && !event.own() && event.error().is_none() && concerns
}

/// How many writes are looked at, newest first.
const MOST: usize = 20_000;

/// The parts of a hand-over, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Findings that are new or open again.
    New,
    /// Drifts that are new, that came and went, or that are over.
    Drift,
    /// Verdicts that fell, and those of new resources that are bad.
    Fell,
    /// Findings that went on, were archived or are gone.
    WentOn,
    /// Findings and drifts that were open before, and are.
    Still,
    /// What went stale, or came back.
    Stale,
    /// Verdicts that are no longer known, or known now.
    Lost,
    /// Verdicts that rose.
    Rose,
}

impl Part {
    /// All, in their order.
    pub const ALL: [Self; 8] =
        [Self::New, Self::Drift, Self::Fell, Self::WentOn, Self::Still, Self::Stale, Self::Lost, Self::Rose];

    /// Its head.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::New => "new findings",
            Self::Drift => "drift",
            Self::Fell => "verdicts that fell",
            Self::WentOn => "findings that went on or ended",
            Self::Still => "still open from before",
            Self::Stale => "data that went stale or came back",
            Self::Lost => "verdicts no longer known, or known now",
            Self::Rose => "verdicts that rose",
        }
    }

    /// Where a change belongs.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        match &change.what {
            Changed::Finding(of) if matches!(of.turn, Turn::New | Turn::Reopened) => Self::New,
            Changed::Finding(of) if of.turn == Turn::Still => Self::Still,
            Changed::Finding(_) => Self::WentOn,
            Changed::Drift(of) if of.stands == Stands::Still => Self::Still,
            Changed::Drift(_) => Self::Drift,
            Changed::Verdict(of) => match of.way {
                Way::Fell | Way::New => Self::Fell,
                Way::Rose => Self::Rose,
                Way::Lost | Way::Known => Self::Lost,
            },
            Changed::Source(_) => Self::Stale,
        }
    }
}

/// A hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// Since when, as asked.
    pub since: Timestamp,
    /// By whom the mark was set, where there is one that it rests on.
    pub by: Option<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// Writes to tables and what protects them, by row, newest first.
    pub writes: Vec<u32>,
    /// What this cannot tell, in words.
    pub blind: Vec<String>,
}

impl Handover {
    /// The changes of a part.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| Part::of(change) == part)
    }
}

impl Store {
    /// The hand-over since the mark, or without one since the start; `None` until all was read and judged once.
    #[must_use]
    pub fn handover(&self, since: &Since) -> Handover {
        let (at, by) = match &since.from {
            From::Mark(at, by) => (*at, Some(by.clone())),
            From::Start(at) => (*at, None),
        };
        let mut blind = Vec::new();
        if by.is_none() {
            blind.push(format!(
                "nobody handed over yet: what changed before {} is not compared with anything",
                second(at)
            ));
        }
        blind.extend(self.blind(at));
        let mut changes = since.changes.clone();
        changes.extend(self.still(&changes));
        Handover { since: at, by, changes, writes: self.writes(at), blind }
    }

    /// The hand-over since a moment: by the times of findings and events, and by the mark as far as that goes.
    #[must_use]
    pub fn handover_since(&self, at: Timestamp) -> Handover {
        let mut changes: Vec<Change> = Vec::new();
        let mut note = |evidence, what| {
            let number = changes.len() as u64 + 1;
            changes.push(Change { number, at: self.estate.now, evidence, what });
        };
        for finding in self.estate.findings.values() {
            if let Some((when, turn)) = turn(finding, at) {
                note(Some(when), Changed::Finding(FindingChange::new(finding, turn)));
            }
        }
        for drift in self.drifts() {
            let stands = match &drift.closed {
                Some(closed) if closed.at < at => continue,
                Some(_) if drift.since().is_some_and(|since| since < at) => Stands::Over,
                Some(_) => Stands::CameAndWent,
                // A reading is no beginning: where no event tells, it must have been good since.
                None if drift.since().is_some_and(|since| since >= at)
                    && (drift.cause.is_ok() || drift.good.is_some_and(|good| good >= at)) =>
                {
                    Stands::Open
                }
                None => continue,
            };
            note(drift.since(), Changed::Drift(DriftChange::new(drift, stands)));
        }
        let mut blind = Vec::new();
        let marked = self.mark().and_then(|mark| Some((mark, mark.stamp(self)?)));
        match marked {
            Some((mark, stamp)) => {
                let than = if stamp.at > at { "later" } else { "earlier" };
                blind.push(format!(
                    "verdicts and sources are held against the mark of {}, which is {than} than {}",
                    second(stamp.at),
                    second(at)
                ));
                let others = mark.changes(self).into_iter().filter(|of| {
                    // These have times of their own.
                    !matches!(of.what, Changed::Finding(_) | Changed::Drift(_))
                });
                others.for_each(|of| note(of.evidence, of.what));
            }
            None => {
                blind.push(
                    "there is no mark: which verdicts fell or rose, and which findings were archived or ended, is not \
                     known; nor are drifts that no event and no check dates; `handover --done` sets one"
                        .to_owned(),
                );
                for ((source, scope), error) in self.changes.stale() {
                    let good = self.freshness_of(*source, scope).and_then(|of| of.good);
                    let of = SourceChange { source: *source, scope: scope.clone(), error: Some(error.clone()), good };
                    note(None, Changed::Source(of));
                }
            }
        }
        changes.sort_by_key(Change::rank);
        changes.extend(self.still(&changes));
        blind.extend(self.blind(at));
        Handover { since: at, by: None, changes, writes: self.writes(at), blind }
    }

    /// How many events were looked at, where those since a moment are more.
    fn cut(&self, at: Timestamp) -> Option<String> {
        let beyond = self.events.newest_first().nth(MOST).filter(|event| event.time() >= at)?;
        Some(format!("writes are those among the newest {MOST} events: none before {}", second(beyond.time())))
    }

    /// What was open before, and is: drifts that somebody should look at, and findings of high severity or worse.
    fn still(&self, changes: &[Change]) -> Vec<Change> {
        let told: HashSet<&str> = changes
            .iter()
            .filter_map(|change| match &change.what {
                Changed::Finding(of) => Some(of.id.as_str()),
                Changed::Drift(of) => Some(of.id.as_str()),
                Changed::Verdict(_) | Changed::Source(_) => None,
            })
            .collect();
        let grave = |of: &Finding| of.broken.is_some() || of.severity() >= Severity::High;
        let findings = self.estate.findings.values().filter(|of| !of.archived && grave(of));
        let findings = findings.filter(|of| !told.contains(of.id.as_str()));
        let findings = findings.map(|of| (of.updated, Changed::Finding(FindingChange::new(of, Turn::Still))));
        let drifts = self.drifts().iter().filter(|of| of.counts() && !told.contains(of.id.as_str()));
        let drifts = drifts.map(|of| (of.since(), Changed::Drift(DriftChange::new(of, Stands::Still))));
        let mut still: Vec<Change> = findings
            .chain(drifts)
            .zip(changes.len() as u64 + 1..)
            .map(|((evidence, what), number)| Change { number, at: self.estate.now, evidence, what })
            .collect();
        still.sort_by_key(|of| Reverse((of.severity(), of.evidence)));
        still
    }

    /// What is not read now, or not as far back.
    fn blind(&self, at: Timestamp) -> Vec<String> {
        let mut blind = Vec::new();
        for source in [Source::Findings, Source::Tables, Source::Events] {
            let of = self.changes.stale().filter(|((of, _), _)| *of == source);
            let scopes: Vec<String> = of.map(|((_, scope), error)| format!("{scope} ({})", error.word())).collect();
            if !scopes.is_empty() {
                blind.push(format!("{} could not be read whole in {}", source.name(), scopes.join(", ")));
            }
        }
        match self.events.span() {
            Some((oldest, _)) if oldest > at => {
                blind.push(format!(
                    "events are known from {} on: earlier changes show only by what they did",
                    second(oldest)
                ));
            }
            None => blind.push("no events are known: who changed what does not show".to_owned()),
            Some(_) => {}
        }
        blind.extend(self.cut(at));
        blind
    }

    fn writes(&self, since: Timestamp) -> Vec<u32> {
        let newest = self.events.newest_first().take(MOST).take_while(|event| event.time() >= since);
        newest.filter(|event| is_change(*event)).map(EventRef::row).collect()
    }
}

/// What became of a finding since a moment, as far as its own times tell.
fn turn(of: &Finding, since: Timestamp) -> Option<(Timestamp, Turn)> {
    let created = of.created.filter(|at| *at >= since && !of.archived);
    let updated = || of.updated.filter(|at| *at >= since);
    created.map(|at| (at, Turn::New)).or_else(|| {
        let turn = if of.archived { Turn::Archived } else { Turn::Updated };
        Some((updated()?, turn))
    })
}
