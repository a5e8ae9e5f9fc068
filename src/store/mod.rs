//! The only truth: everything known, how fresh it is, and what the controls say about it.
//!
//! `apply` takes in what pollers send, `settle` judges what changed; everything else reads.

mod apply;
pub mod case;
pub mod changes;
mod coverage;
pub mod depth;
pub mod doctor;
mod drifts;
pub mod exceptions;
pub mod handover;
mod judge;
pub mod mark;
pub mod notes;
mod origin;
pub mod rows;
pub mod since;
#[cfg(test)]
mod tests;
pub mod who;
mod witness;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::controls::Baseline;
use crate::controls::accepted::Accepted;
use crate::model::{
    CallRecord, EngineNews, Estate, Freshness, Judgement, Layer, Origin, Scope, SearchReach, Sought, Source,
    SourceError,
};

use crate::trail::Events;
use case::FindingIndex;
pub use case::{Link, LinkTier};
pub use changes::Changes;
pub use coverage::Coverage;
pub use drifts::{Cause, Closed, Confidence, Drift, DriftSource, Recorded, Said};
pub use exceptions::Exceptions;
pub use judge::Tally;
use mark::Mark;
use notes::Notes;

/// How many calls the ledger keeps in memory.
const LEDGER_LENGTH: usize = 20_000;
/// How many errors the error log keeps.
const ERROR_LENGTH: usize = 1_000;

/// A line of the error log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorLine {
    /// When it was met, last.
    pub at: Timestamp,
    /// Which source.
    pub source: Source,
    /// Where.
    pub scope: Scope,
    /// What.
    pub error: SourceError,
    /// How often, the same in a row.
    pub count: usize,
}

/// The store.
#[derive(Debug)]
pub struct Store {
    origin: Origin,
    baseline: Baseline,
    estate: Estate,
    judgements: BTreeMap<String, BTreeMap<&'static str, Judgement>>,
    /// What each control over the estate judged last.
    judged: BTreeMap<&'static str, BTreeSet<String>>,
    freshness: BTreeMap<(Source, Scope), Freshness>,
    events: Events,
    load: Option<crate::trail::ingest::LoadReport>,
    ledger: VecDeque<CallRecord>,
    calls: u64,
    errors: VecDeque<ErrorLine>,
    broken_events: Vec<(String, String)>,
    searches: Vec<(Scope, SearchReach)>,
    engine: Option<EngineNews>,
    changes: Changes,
    mark: Option<Arc<Mark>>,
    notes: Notes,
    revision: u64,
    dirty_tables: BTreeSet<String>,
    dirty_estate: bool,
    /// Controls that are to look at the estate anew, by their place in the catalogue, and the last that did.
    due: BTreeSet<usize>,
    /// What is judged beside tables, when all was judged last.
    around: depth::Around,
    last_due: usize,
    last_table: String,
    posture: BTreeMap<Layer, Tally>,
    exceptions: Exceptions,
    exceptions_live: Option<usize>,
    missing: BTreeMap<String, BTreeMap<&'static str, usize>>,
    strict_class: bool,
    by_default: usize,
    muted: usize,
    finding_index: FindingIndex,
    dirty_findings: BTreeSet<String>,
    threats: HashMap<(Scope, String), BTreeMap<String, u16>>,
    noted: witness::Noted,
    sought: BTreeMap<Scope, Sought>,
    drifts: drifts::Drifts,
}

impl Store {
    /// An empty store for data of one origin.
    #[must_use]
    pub fn new(origin: Origin, baseline: Baseline) -> Self {
        let estate = Estate { class_tags: baseline.tags.clone(), ..Estate::default() };
        Self {
            origin,
            baseline,
            estate,
            judgements: BTreeMap::new(),
            judged: BTreeMap::new(),
            freshness: BTreeMap::new(),
            events: Events::default(),
            load: None,
            ledger: VecDeque::new(),
            calls: 0,
            errors: VecDeque::new(),
            broken_events: Vec::new(),
            searches: Vec::new(),
            engine: None,
            changes: Changes::default(),
            mark: None,
            notes: Notes::default(),
            revision: 0,
            dirty_tables: BTreeSet::new(),
            dirty_estate: false,
            due: BTreeSet::new(),
            around: depth::Around::default(),
            last_due: 0,
            last_table: String::new(),
            posture: BTreeMap::new(),
            exceptions: Exceptions::default(),
            exceptions_live: None,
            missing: BTreeMap::new(),
            strict_class: false,
            by_default: 0,
            muted: 0,
            finding_index: FindingIndex::default(),
            dirty_findings: BTreeSet::new(),
            threats: HashMap::new(),
            noted: witness::Noted::default(),
            sought: BTreeMap::new(),
            drifts: drifts::Drifts::default(),
        }
    }

    /// Grows by one with every change that a view could show.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What data in here is called.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What controls measure against.
    #[must_use]
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// From now on what fails for want of a class counts like any other failure.
    pub fn hold_to_default_class(&mut self) {
        self.strict_class = true;
    }

    /// What persons set aside or vouch for, from now on.
    pub fn set_exceptions(&mut self, exceptions: Exceptions) {
        self.exceptions = exceptions;
        self.exceptions_live = None;
        self.revision += 1;
    }

    /// What is accepted of tables, from now on.
    pub fn set_accepted(&mut self, accepted: Accepted) {
        self.baseline.accepted = accepted.into();
        self.dirty_tables.extend(self.estate.tables.keys().cloned());
        self.drifts.forget_compared();
        self.drifts.stale = true;
        self.revision += 1;
    }

    /// What persons set aside or vouch for.
    #[must_use]
    pub fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }

    /// All that is known.
    #[must_use]
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    /// The CloudTrail events.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Takes in what a load of log files brought, for so long at most; `true` when something came.
    pub fn feed(&mut self, feed: &mut crate::trail::ingest::Feed, within: std::time::Duration) -> bool {
        let (first, generation) = (self.events.rows() as u32, self.events.generation());
        let gone = self.events.rows() - self.events.len();
        let changed = feed.poll(&mut self.events, within);
        if self.events.rows() - self.events.len() != gone {
            // A file was read again, or repeated deliveries were told apart.
            self.note_anew();
        }
        if changed || self.load.is_none() {
            self.fed(first, generation, feed);
        }
        changed
    }

    /// Takes in all that a load of log files brings, waiting for it.
    pub fn feed_all(&mut self, feed: &mut crate::trail::ingest::Feed, shown: impl FnMut(&crate::trail::ingest::Feed)) {
        feed.finish(&mut self.events, shown);
        self.note_anew();
        self.fed(0, self.events.generation(), feed);
    }

    /// Lets the oldest events go while all take more memory than this, in bytes.
    pub fn bound_events(&mut self, most: usize) {
        if self.events.bound(most) {
            // Rows have new numbers.
            (0..self.events.rows() as u32).for_each(|row| self.relink_by(row));
            self.revision += 1;
        }
    }

    fn fed(&mut self, first: u32, generation: u64, feed: &crate::trail::ingest::Feed) {
        // Rows that have new numbers are looked at again.
        let first = if self.events.generation() == generation { first } else { 0 };
        // Without findings there is nothing to link.
        let linked = !self.estate.findings.is_empty();
        for row in (first..self.events.rows() as u32).filter(|_| linked) {
            self.relink_by(row);
        }
        self.load = Some(feed.report.clone());
        self.revision += 1;
    }

    /// What became of the log files that events were loaded from.
    #[must_use]
    pub fn load(&self) -> Option<&crate::trail::ingest::LoadReport> {
        self.load.as_ref()
    }

    /// Every judgement, by resource and control.
    pub fn judgements(&self) -> impl Iterator<Item = &Judgement> {
        self.judgements.values().flat_map(BTreeMap::values)
    }

    /// The judgements about one resource, by control.
    pub fn judgements_of(&self, resource: &str) -> impl Iterator<Item = &Judgement> {
        self.judgements.get(resource).into_iter().flat_map(BTreeMap::values)
    }

    /// What one control says about one resource.
    #[must_use]
    pub fn judgement(&self, resource: &str, control: &str) -> Option<&Judgement> {
        self.judgements.get(resource)?.get(control)
    }

    /// How many judgements about a resource say what: fail, warn, unknown, pass.
    #[must_use]
    pub fn tally(&self, resource: &str) -> Tally {
        let mut tally = Tally::default();
        self.judgements_of(resource).for_each(|judgement| tally.add(judgement));
        tally
    }

    /// The tally of every layer.
    #[must_use]
    pub fn posture(&self) -> &BTreeMap<Layer, Tally> {
        &self.posture
    }

    /// Freshness by source and scope.
    pub fn freshness(&self) -> impl Iterator<Item = (&(Source, Scope), &Freshness)> {
        self.freshness.iter()
    }

    /// Freshness of one source in one scope.
    #[must_use]
    pub fn freshness_of(&self, source: Source, scope: &Scope) -> Option<&Freshness> {
        self.freshness.get(&(source, scope.clone()))
    }

    /// True while some scope's first sweep of a source has not ended.
    #[must_use]
    pub fn is_loading(&self, source: Source) -> bool {
        let mut of = self.freshness.iter().filter(|((kind, _), _)| *kind == source).peekable();
        of.peek().is_none() || of.any(|(_, freshness)| freshness.is_loading())
    }

    /// The newest calls, newest last.
    #[must_use]
    pub fn ledger(&self) -> &VecDeque<CallRecord> {
        &self.ledger
    }

    /// Calls made since the start, also those that the ledger no longer holds.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// The newest errors, newest last.
    #[must_use]
    pub fn errors(&self) -> &VecDeque<ErrorLine> {
        &self.errors
    }

    /// Where credentials were looked for that do not work, a profile each.
    #[must_use]
    pub fn sought(&self) -> Vec<&Sought> {
        let profiles: BTreeMap<&str, &Sought> = self.sought.values().map(|of| (of.profile.as_str(), of)).collect();
        profiles.into_values().collect()
    }

    /// True while nobody's credentials work, and nothing was ever read.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        !self.sought.is_empty() && self.freshness.values().all(|of| of.good.is_none())
    }

    /// Events that could not be read: the reason and the raw text.
    #[must_use]
    pub fn broken_events(&self) -> &[(String, String)] {
        &self.broken_events
    }

    /// What the engine that was asked last has to say.
    #[must_use]
    pub fn engine(&self) -> Option<&EngineNews> {
        self.engine.as_ref()
    }

    /// How far the searches on demand got, oldest first.
    #[must_use]
    pub fn searches(&self) -> &[(Scope, SearchReach)] {
        &self.searches
    }

    /// What changed while we watched.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How all stood when somebody last handed over.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_deref()
    }

    /// Moves the mark, or takes it away.
    pub fn set_mark(&mut self, mark: Option<Arc<Mark>>) {
        self.mark = mark;
        // A table that it knows, and that is no longer there, is gone since then.
        self.drifts.stale = true;
        self.revision += 1;
    }

    /// What people noted of rows.
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// What people noted of rows, from now on.
    pub fn set_notes(&mut self, notes: Notes) {
        self.notes = notes;
        self.revision += 1;
    }

    /// A finding by id.
    #[must_use]
    pub fn finding(&self, id: &str) -> Option<&Arc<crate::model::Finding>> {
        self.estate.findings.get(id)
    }
}
