//! Drifts: settings that are not as a template, an acceptance, a recorded state or what came before says; since when, by
//! whom, and what was lost by it.
//!
//! One drift is one setting of one resource, whoever tells of it: what each source says of it stands side by side in
//! [`Drift::said`]. Drifts of a table are worked out again when the table is judged again, those of anything else when a
//! stack or an event of theirs came.

mod around;
mod cause;
mod damage;
mod departed;
mod gather;
mod heard;
mod recorded;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::controls::facts;
use crate::model::{Estate, Scope, Severity, Table, Verdict};

use super::Store;
use departed::Departed;
use gather::{Before, Compared};
pub(super) use heard::Heard;
pub use recorded::Recorded;

/// Who says that a setting drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftSource {
    /// It is not as somebody accepted it.
    Baseline,
    /// It was listed, and is listed no more.
    Listing,
    /// It is not as a stack's template says.
    CloudFormation,
    /// AWS Config recorded it otherwise before.
    Config,
    /// An event changed it for the worse.
    Events,
}

impl DriftSource {
    /// `baseline`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Listing => "listing",
            Self::CloudFormation => "cloudformation",
            Self::Config => "config",
            Self::Events => "events",
        }
    }
}

/// What one source says of a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub source: DriftSource,
    /// What was, or should be.
    pub was: Option<String>,
    /// What is.
    pub is: Option<String>,
    /// When the source saw it so, last.
    pub at: Option<Timestamp>,
    /// What it rests on: who accepted, which stack, how the setting is called there.
    pub note: String,
}

/// How sure a cause is; smaller is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The call sets the value that is.
    Certain,
    /// The call changes the setting; it does not say to what.
    Likely,
    /// The call may change the setting.
    Possible,
}

impl Confidence {
    /// `certain`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// The event that opened or closed a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The event's key.
    pub event: String,
    /// `UpdateContinuousBackups`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// By whom, in one word.
    pub principal: String,
    /// The session's name.
    pub session: Option<String>,
    /// Through which endpoint, address or service.
    pub through: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, in words.
    pub reason: String,
}

/// The end of a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When it ended; of an end that no event tells, when it was seen to be over.
    pub at: Timestamp,
    /// The event that ended it, or why none is known.
    pub cause: Result<Cause, String>,
}

/// A setting that is not, or was not for a while, as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its identity, which outlives refreshes: the resource, the setting, and of a closed one the moment.
    pub id: String,
    /// Where.
    pub scope: Scope,
    /// `AWS::DynamoDB::Table`
    pub kind: String,
    /// The resource's name or id.
    pub resource: String,
    /// Its ARN, where it is a table that is known.
    pub arn: Option<String>,
    /// The setting.
    pub setting: String,
    /// What each source says of it, the most direct first; never empty.
    pub said: Vec<Said>,
    /// When it was last known to be good.
    pub good: Option<Timestamp>,
    /// When it was first known to be bad.
    pub bad: Option<Timestamp>,
    /// The event that did it, or why none can be named.
    pub cause: Result<Cause, String>,
    /// Its end.
    pub closed: Option<Closed>,
    /// Controls that say worse for it.
    pub lowers: Vec<&'static str>,
    /// A control that could not say, for want of something.
    pub unsaid: Option<String>,
    /// Why it is tolerated, where the table's class asks for no more than what is left.
    pub tolerated: Option<String>,
    /// How bad: that of the worst control lowered.
    pub severity: Severity,
    /// What was lost, or stands open.
    pub damage: Option<String>,
    /// The stack that tells of it, and the resource's logical id.
    pub stack: Option<(String, String)>,
}

impl Drift {
    /// The most direct source.
    #[must_use]
    pub fn source(&self) -> DriftSource {
        self.said.first().map_or(DriftSource::Events, |said| said.source)
    }

    /// What was.
    #[must_use]
    pub fn was(&self) -> Option<&str> {
        self.said.iter().find_map(|said| said.was.as_deref())
    }

    /// What is.
    #[must_use]
    pub fn is(&self) -> Option<&str> {
        self.said.iter().find_map(|said| said.is.as_deref())
    }

    /// Since when: the event's time, or when it was first known to be bad.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.cause.as_ref().ok().map(|cause| cause.at).or(self.bad)
    }

    /// Still so.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Open, and worth somebody's time.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.is_open() && self.tolerated.is_none()
    }

    /// How it stands among our six verdicts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match () {
            () if !self.is_open() => Verdict::Manual,
            () if self.tolerated.is_some() => Verdict::Pass,
            () if !self.lowers.is_empty() => Verdict::Fail,
            () if self.unsaid.is_some() => Verdict::Unknown,
            () => Verdict::Warn,
        }
    }

    /// `open`, `closed` or `tolerated`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.is_open(), &self.tolerated) {
            (false, _) => "closed",
            (true, Some(_)) => "tolerated",
            (true, None) => "open",
        }
    }

    /// The worst and newest first, then what is over.
    fn rank(&self) -> impl Ord + use<'_> {
        let state = if self.is_open() { u8::from(self.tolerated.is_some()) } else { 2 };
        (state, self.lowers.is_empty(), Reverse(self.severity), Reverse(self.since()), self.id.as_str())
    }
}

/// All drifts, and what they are worked out of beside the estate.
#[derive(Debug, Default)]
pub(super) struct Drifts {
    pub(super) heard: Heard,
    /// Of tables, by ARN.
    tables: BTreeMap<String, Vec<Arc<Drift>>>,
    /// Of all else.
    around: Vec<Arc<Drift>>,
    /// All of them, in order.
    all: Vec<Arc<Drift>>,
    /// How tables that were accepted compared, last.
    compared: BTreeMap<String, Compared>,
    /// Tables that this program saw go, by ARN.
    departed: BTreeMap<String, Departed>,
    /// Something beside tables may have changed.
    pub(super) stale: bool,
    /// There is something new for the list.
    changed: bool,
}

impl Drifts {
    /// Something else is accepted: what was held against it before says nothing any more.
    pub(super) fn forget_compared(&mut self) {
        self.compared.clear();
    }

    /// Tables that are gone.
    pub(super) fn forget(&mut self, gone: impl Fn(&str) -> bool) {
        self.tables.retain(|arn, _| !gone(arn));
        self.compared.retain(|arn, _| !gone(arn));
        self.changed = true;
    }
}

impl Store {
    /// Every drift: the worst and newest first, then what is tolerated, then what is over.
    #[must_use]
    pub fn drifts(&self) -> &[Arc<Drift>] {
        &self.drifts.all
    }

    /// A drift by its id.
    #[must_use]
    pub fn drift(&self, id: &str) -> Option<&Arc<Drift>> {
        self.drifts.all.iter().find(|drift| drift.id == id)
    }

    /// The drifts of a table, by ARN, in order.
    pub fn drifts_of<'a>(&'a self, arn: &str) -> impl Iterator<Item = &'a Arc<Drift>> + use<'a> {
        self.drifts.tables.get(arn).into_iter().flatten()
    }

    /// Works the drifts of a table out anew, once it was judged.
    pub(super) fn drift_table(&mut self, estate: &Estate, table: &Table) {
        let known = self.drifts.tables.get(&table.arn);
        let before =
            Before { drifts: known.map_or(&[][..], Vec::as_slice), compared: self.drifts.compared.get(&table.arn) };
        let mut found = self.drifts_in(estate, table, &before);
        found.drifts.sort_by(|a, b| a.rank().cmp(&b.rank()));
        if let Some(compared) = found.compared {
            self.drifts.compared.insert(table.arn.clone(), compared);
        }
        let same = known.map_or(found.drifts.is_empty(), |known| known.iter().map(|of| &**of).eq(&found.drifts));
        if same {
            return;
        }
        self.drifts.changed = true;
        match found.drifts.is_empty() {
            true => self.drifts.tables.remove(&table.arn),
            false => self.drifts.tables.insert(table.arn.clone(), found.drifts.into_iter().map(Arc::new).collect()),
        };
    }

    /// Works out those of anything but tables, where something came, and puts all in order.
    pub(super) fn order_drifts(&mut self) {
        if std::mem::take(&mut self.drifts.stale) {
            let found = self.drifts_around(&self.estate, &self.drifts.around);
            if !self.drifts.around.iter().map(|of| &**of).eq(&found) {
                self.drifts.around = found.into_iter().map(Arc::new).collect();
                self.drifts.changed = true;
            }
        }
        if std::mem::take(&mut self.drifts.changed) {
            let of = &self.drifts;
            let mut all: Vec<Arc<Drift>> = of.tables.values().flatten().chain(&of.around).cloned().collect();
            all.sort_by(|a, b| a.rank().cmp(&b.rank()));
            self.changes.drifts(&all);
            self.drifts.all = all;
            self.revision += 1;
        }
    }
}

/// The worst of controls' severities.
fn severity(lowers: &[&str]) -> Option<Severity> {
    lowers.iter().filter_map(|id| facts::facts(id)).map(|facts| facts.severity).max()
}
