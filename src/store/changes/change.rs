//! What kinds of things change, and what became of them.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::model::{Finding, Scope, Severity, Source, SourceError, Verdict};
use crate::store::Drift;

/// A change, and when it was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number since the start.
    pub number: u64,
    /// When it was noticed.
    pub at: Timestamp,
    /// When what it rests on was read, or happened.
    pub evidence: Option<Timestamp>,
    /// What changed.
    pub what: Changed,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A verdict.
    Verdict(VerdictChange),
    /// A finding.
    Finding(FindingChange),
    /// A drift.
    Drift(DriftChange),
    /// A source.
    Source(SourceChange),
}

/// A verdict that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictChange {
    /// The control.
    pub control: &'static str,
    /// The resource.
    pub resource: String,
    /// The last one that was known; `None` for a resource that was not judged before.
    pub from: Option<Verdict>,
    /// What it is now.
    pub to: Verdict,
    /// For better or worse.
    pub way: Way,
    /// How bad a failure of the control is.
    pub severity: Severity,
    /// Why it is what it is.
    pub reason: String,
}

/// For better or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Worse than it was.
    Fell,
    /// Bad, of a resource that was not judged before.
    New,
    /// Not known any more.
    Lost,
    /// Known, where it was not.
    Known,
    /// Better than it was.
    Rose,
}

impl Way {
    /// All, worst first.
    pub const ALL: [Self; 5] = [Self::Fell, Self::New, Self::Lost, Self::Known, Self::Rose];

    /// The word used in JSON and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fell => "fell",
            Self::New => "new",
            Self::Lost => "no longer known",
            Self::Known => "known now",
            Self::Rose => "rose",
        }
    }

    /// The way from one verdict to another, each with whether it counts; `before` may be one that was known earlier
    /// than the last. `None` where nothing changed that is worth a word.
    #[must_use]
    pub fn between(before: Option<(Verdict, bool)>, after: (Verdict, bool)) -> Option<Self> {
        let now = after.0.gravity(after.1);
        if after.0 == Verdict::Unknown && after.1 {
            // What was not judged before cannot be missed.
            return before.filter(|of| of.0 != Verdict::Unknown).map(|_| Self::Lost);
        }
        let Some((verdict, counts)) = before else { return (now > 0).then_some(Self::New) };
        if verdict == Verdict::Unknown && counts {
            return Some(Self::Known);
        }
        match verdict.gravity(counts) {
            was if now > was => Some(Self::Fell),
            was if now < was => Some(Self::Rose),
            _ => None,
        }
    }
}

/// A finding that is new, or not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingChange {
    /// Its id.
    pub id: String,
    /// Where it was read.
    pub scope: Scope,
    /// Its type.
    pub kind: String,
    /// GuardDuty's title.
    pub title: String,
    /// How bad it is; `None` of one whose answer could not be understood.
    pub severity: Option<Severity>,
    /// What became of it.
    pub turn: Turn,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// It was not there.
    New,
    /// It went on: it was seen again, or is graver.
    Updated,
    /// It is open again.
    Reopened,
    /// Somebody, or a filter, archived it.
    Archived,
    /// GuardDuty lists it no more.
    Gone,
    /// It was open before, and is.
    Still,
}

impl Turn {
    /// The word used in JSON and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::Reopened => "open again",
            Self::Archived => "archived",
            Self::Gone => "gone",
            Self::Still => "still open",
        }
    }

    /// What became of one that was there, by when it was updated and whether it was archived.
    #[must_use]
    pub fn of(before: Option<(Option<Timestamp>, bool)>, now: &Finding) -> Option<Self> {
        let Some((updated, archived)) = before else { return Some(Self::New) };
        match (archived, now.archived) {
            (false, true) => Some(Self::Archived),
            (true, false) => Some(Self::Reopened),
            _ => (now.updated > updated).then_some(Self::Updated),
        }
    }
}

impl FindingChange {
    /// What became of this finding.
    #[must_use]
    pub fn new(finding: &Finding, turn: Turn) -> Self {
        Self {
            id: finding.id.clone(),
            scope: finding.scope.clone(),
            kind: finding.kind.clone(),
            title: finding.title.clone(),
            severity: finding.broken.is_none().then(|| finding.severity()),
            turn,
        }
    }
}

/// A drift that is new or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftChange {
    /// The drift's id.
    pub id: String,
    /// Where.
    pub scope: Scope,
    /// The resource's name.
    pub resource: String,
    /// Its ARN, where it is a table that is known.
    pub table: Option<String>,
    /// The setting.
    pub setting: String,
    /// What was, and what is.
    pub values: [Option<String>; 2],
    /// The event that did it, by key, and who did it in words; or why that is not known.
    pub cause: Result<(String, String), String>,
    /// Controls that say worse for it.
    pub lowers: Vec<&'static str>,
    /// What was lost.
    pub damage: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What became of it.
    pub stands: Stands,
}

/// What became of a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stands {
    /// It is open, and was not.
    Open,
    /// It opened and closed since.
    CameAndWent,
    /// It is open no more.
    Over,
    /// It was open before, or nobody can tell since when it is.
    Still,
}

impl Stands {
    /// True for one that opened, whatever became of it since.
    #[must_use]
    pub fn is_new(self) -> bool {
        matches!(self, Self::Open | Self::CameAndWent)
    }

    /// The word used in JSON and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "new",
            Self::CameAndWent => "came and went",
            Self::Over => "over",
            Self::Still => "still open",
        }
    }
}

impl DriftChange {
    /// What became of this drift.
    #[must_use]
    pub fn new(of: &Drift, stands: Stands) -> Self {
        let cause = of.cause.as_ref().map_err(String::clone);
        Self {
            id: of.id.clone(),
            scope: of.scope.clone(),
            resource: of.resource.clone(),
            table: of.arn.clone(),
            setting: of.setting.clone(),
            values: [of.was(), of.is()].map(|value| value.map(str::to_owned)),
            cause: cause.map(|of| (of.event.clone(), format!("{} by {} at {}", of.name, of.principal, of.at))),
            lowers: of.lowers.clone(),
            damage: of.damage.clone(),
            severity: of.severity,
            stands,
        }
    }

    /// The setting and its values, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let [was, is] = self.values.each_ref().map(|value| value.as_deref().unwrap_or("?"));
        let lowers =
            if self.lowers.is_empty() { String::new() } else { format!(" (lowers {})", self.lowers.join(", ")) };
        format!("{} {was} → {is}{lowers}", self.setting)
    }
}

/// A source that cannot be read any more, or can be again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceChange {
    /// Which.
    pub source: Source,
    /// Where.
    pub scope: Scope,
    /// Why it goes stale; `None` when it came back.
    pub error: Option<SourceError>,
    /// When it was last read whole.
    pub good: Option<Timestamp>,
}

impl Change {
    /// What kind of thing changed.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.what {
            Changed::Verdict(_) => "verdict",
            Changed::Finding(_) => "finding",
            Changed::Drift(_) => "drift",
            Changed::Source(_) => "source",
        }
    }

    /// What became of it, in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.what {
            Changed::Verdict(of) => of.way.word(),
            Changed::Finding(of) => of.turn.word(),
            Changed::Drift(of) => of.stands.word(),
            Changed::Source(SourceChange { error: Some(_), .. }) => "stale",
            Changed::Source(_) => "back",
        }
    }

    /// How bad it is, where that can be said: of a source it cannot, nor of a finding that was not understood.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        match &self.what {
            Changed::Verdict(of) => Some(of.severity),
            Changed::Finding(of) => of.severity,
            Changed::Drift(of) => Some(of.severity),
            Changed::Source(_) => None,
        }
    }

    /// Rank for "gravest first": what makes things worse before what is not known, and that before what is better.
    #[must_use]
    pub fn rank(&self) -> (u8, Reverse<Option<Severity>>, Reverse<Option<Timestamp>>) {
        let of = match &self.what {
            Changed::Finding(of) if matches!(of.turn, Turn::New | Turn::Reopened) => 0,
            Changed::Drift(of) if of.stands.is_new() => 1,
            Changed::Verdict(of) if matches!(of.way, Way::Fell | Way::New) => 2,
            Changed::Finding(of) if of.turn == Turn::Updated => 3,
            Changed::Source(SourceChange { error: Some(_), .. }) => 4,
            Changed::Verdict(of) if of.way == Way::Lost => 5,
            _ => 6,
        };
        (of, Reverse(self.severity()), Reverse(self.evidence))
    }

    /// True for what makes things worse: something new and bad, or a verdict that fell.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        match &self.what {
            Changed::Verdict(of) => matches!(of.way, Way::Fell | Way::New),
            Changed::Finding(of) => matches!(of.turn, Turn::New | Turn::Updated | Turn::Reopened),
            Changed::Drift(of) => of.stands.is_new(),
            Changed::Source(_) => false,
        }
    }
}
