//! What changed since a moment: since the mark, or without one since the program started. Looking moves neither.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::model::{Scope, Source, Verdict};

use super::Store;
use super::changes::{Change, Changed, Stands, Turn, Way};

/// Since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// The mark, set by somebody.
    Mark(Timestamp, String),
    /// The moment when all was read for the first time.
    Start(Timestamp),
}

impl From {
    /// The moment.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Mark(at, _) | Self::Start(at) => *at,
        }
    }
}

/// What changed since a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Since when.
    pub from: From,
    /// The changes, the gravest first.
    pub changes: Vec<Change>,
    findings: HashMap<String, Turn>,
    drifts: HashMap<String, Stands>,
    verdicts: HashMap<String, BTreeMap<&'static str, (Way, Option<Verdict>)>>,
    sources: HashMap<(Source, Scope), bool>,
}

/// How many of what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Findings that are new or open again.
    pub findings: usize,
    /// Findings that went on.
    pub updated: usize,
    /// Verdicts that fell, those of new resources included.
    pub fell: usize,
    /// Verdicts that rose.
    pub rose: usize,
    /// Verdicts that are no longer known.
    pub lost: usize,
    /// Drifts that opened, those that closed again included.
    pub drifts: usize,
    /// Sources that went stale.
    pub stale: usize,
}

impl Count {
    /// `+2 findings, 3 verdicts fell, 1 rose`; `nothing new` for none.
    #[must_use]
    pub fn words(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let mut words = Vec::new();
        let mut say = |count: usize, of: String| {
            if count > 0 {
                words.push(of);
            }
        };
        say(self.findings, format!("+{} finding{}", self.findings, plural(self.findings)));
        say(self.drifts, format!("{} drift{}", self.drifts, plural(self.drifts)));
        say(self.fell, format!("{} verdict{} fell", self.fell, plural(self.fell)));
        let verdicts = if self.fell > 0 { "" } else { " verdicts" };
        say(self.rose, format!("{}{verdicts} rose", self.rose));
        say(self.updated, format!("{} went on", self.updated));
        say(self.lost, format!("{} no longer known", self.lost));
        say(self.stale, format!("{} source{} stale", self.stale, plural(self.stale)));
        if words.is_empty() { "nothing new".to_owned() } else { words.join(", ") }
    }
}

impl Store {
    /// The moment of the mark, or without one of the start.
    #[must_use]
    pub fn since_when(&self) -> Option<Timestamp> {
        let began = self.changes.began()?;
        Some(self.mark().and_then(|mark| mark.stamp(self)).map_or(began, |stamp| stamp.at))
    }

    /// What changed since the mark, or without one since the start; `None` until all was read and judged once.
    #[must_use]
    pub fn since(&self) -> Option<Since> {
        let began = self.changes.began()?;
        let marked = self.mark().and_then(|mark| Some((mark, mark.stamp(self)?)));
        Some(match marked {
            Some((mark, stamp)) => Since::new(From::Mark(stamp.at, stamp.by.clone()), mark.changes(self)),
            None => Since::new(From::Start(began), folded(self.changes.iter())),
        })
    }
}

/// One change a thing: from where it was first to where it is now.
fn folded<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<Change> {
    let mut last: Vec<Change> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for change in changes {
        let key = match &change.what {
            Changed::Verdict(of) => (of.control.to_owned(), of.resource.clone()),
            Changed::Finding(of) => ("finding".to_owned(), of.id.clone()),
            Changed::Drift(of) => ("drift".to_owned(), of.id.clone()),
            Changed::Source(of) => (of.source.name().to_owned(), of.scope.to_string()),
        };
        let place = *places.entry(key).or_insert(last.len());
        let Some(before) = last.get_mut(place) else {
            last.push(change.clone());
            continue;
        };
        let mut now = change.clone();
        match (&before.what, &mut now.what) {
            (Changed::Verdict(first), Changed::Verdict(of)) => {
                of.from = first.from;
                // Back to what it was: struck out below.
                of.way = Way::between(first.from.map(|of| (of, true)), (of.to, true)).unwrap_or(Way::Known);
            }
            (Changed::Finding(first), Changed::Finding(of)) if first.turn == Turn::New && of.turn == Turn::Updated => {
                of.turn = Turn::New;
            }
            _ => {}
        }
        *before = now;
    }
    last.retain(|change| match &change.what {
        Changed::Verdict(of) => of.from != Some(of.to),
        _ => true,
    });
    last
}

impl Since {
    fn new(from: From, mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(Change::rank);
        let mut since = Self {
            from,
            changes: Vec::new(),
            findings: HashMap::new(),
            drifts: HashMap::new(),
            verdicts: HashMap::new(),
            sources: HashMap::new(),
        };
        for change in &changes {
            match &change.what {
                Changed::Verdict(of) => {
                    let resource = since.verdicts.entry(of.resource.clone()).or_default();
                    resource.insert(of.control, (of.way, of.from));
                }
                Changed::Finding(of) => drop(since.findings.insert(of.id.clone(), of.turn)),
                Changed::Drift(of) => drop(since.drifts.insert(of.id.clone(), of.stands)),
                Changed::Source(of) => {
                    since.sources.insert((of.source, of.scope.clone()), of.error.is_some());
                }
            }
        }
        since.changes = changes;
        since
    }

    /// How many of what changed.
    #[must_use]
    pub fn count(&self) -> Count {
        Self::tally(&self.changes)
    }

    /// How many of any changes.
    #[must_use]
    pub fn tally(changes: &[Change]) -> Count {
        let mut count = Count::default();
        for change in changes {
            let of = match &change.what {
                Changed::Verdict(of) => match of.way {
                    Way::Fell | Way::New => &mut count.fell,
                    Way::Rose => &mut count.rose,
                    Way::Lost => &mut count.lost,
                    Way::Known => continue,
                },
                Changed::Finding(of) => match of.turn {
                    Turn::New | Turn::Reopened => &mut count.findings,
                    Turn::Updated => &mut count.updated,
                    Turn::Archived | Turn::Gone | Turn::Still => continue,
                },
                Changed::Drift(of) if of.stands.is_new() => &mut count.drifts,
                Changed::Drift(_) => continue,
                Changed::Source(of) if of.error.is_some() => &mut count.stale,
                Changed::Source(_) => continue,
            };
            *of += 1;
        }
        count
    }

    /// What became of a finding.
    #[must_use]
    pub fn finding(&self, id: &str) -> Option<Turn> {
        self.findings.get(id).copied()
    }

    /// What became of a drift.
    #[must_use]
    pub fn drift(&self, id: &str) -> Option<Stands> {
        self.drifts.get(id).copied()
    }

    /// What became of a verdict, and what it was.
    #[must_use]
    pub fn verdict(&self, resource: &str, control: &str) -> Option<(Way, Option<Verdict>)> {
        self.verdicts.get(resource)?.get(control).copied()
    }

    /// What became of a resource's verdicts, by control.
    #[must_use]
    pub fn resource(&self, resource: &str) -> Option<&BTreeMap<&'static str, (Way, Option<Verdict>)>> {
        self.verdicts.get(resource)
    }

    /// How many resources a test holds for have other verdicts.
    #[must_use]
    pub fn resources(&self, of: impl Fn(&str) -> bool) -> usize {
        self.verdicts.keys().filter(|resource| of(resource)).count()
    }

    /// How many findings are new, and how many changed otherwise.
    #[must_use]
    pub fn findings(&self) -> (usize, usize) {
        let new = self.findings.values().filter(|turn| **turn == Turn::New).count();
        let changed = self.findings.values().filter(|turn| !matches!(turn, Turn::New | Turn::Gone)).count();
        (new, changed)
    }

    /// Whether a source went stale (`true`) or came back.
    #[must_use]
    pub fn source(&self, source: Source, scope: &Scope) -> Option<bool> {
        self.sources.get(&(source, scope.clone())).copied()
    }
}
