//! What is costly to derive from the store, kept until the store changes.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::controls::crossing::Lanes;
use crate::model::{Compliance, Finding, Layer, Severity};
use crate::store::case::Aside;
use crate::store::case::contain::Others;
use crate::store::case::details::{Group, groups};
use crate::store::since::Since;
use crate::store::who::{Reach, Who};
use crate::store::{Coverage, Link, LinkTier, Store, Tally};
use crate::trail::EventRef;
use crate::trail::columns::{Body, Firsts};
use crate::trail::sessions::Chain;

/// With more events than this, their texts are not searched for a table's name between two frames.
const SEARCHABLE: usize = 50_000;

use super::{Fetched, Recorded};

/// What one finding leads to.
#[derive(Debug, Default)]
pub struct Case {
    /// Its events, newest first.
    pub events: Vec<(LinkTier, u32)>,
    /// Its tables, surest first.
    pub tables: Vec<Link>,
    /// Ids of other findings about the same credentials.
    pub beside: Vec<String>,
    /// What else goes by the name of its credentials.
    pub others: Others,
    /// What put the finding aside.
    pub aside: Option<Aside>,
    /// When the finding was updated that this was made of.
    updated: Option<Timestamp>,
}

/// Counts in the tab bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open findings, and how many of them are high or critical.
    pub findings: (usize, usize),
    /// Evaluations that say NON_COMPLIANT.
    pub noncompliant: usize,
    /// Open drifts that are not tolerated, and how many of them lower a control.
    pub drifts: (usize, usize),
    /// Tables with a failed control.
    pub failing_tables: usize,
    /// Judgements that fail.
    pub failing: usize,
    /// Sources × scopes in trouble.
    pub troubled: usize,
}

/// Revision of the store, records read, the table's ARN, and the answer.
type Asked = ((u64, u64), String, Option<Rc<Who>>);

/// Derived values.
#[derive(Debug, Default)]
pub struct Derived {
    /// The coverage line.
    pub coverage: Coverage,
    /// The tab bar's counts.
    pub counts: Counts,
    /// Tallies by layer.
    pub posture: BTreeMap<Layer, Tally>,
    /// Records read again from their files.
    pub records: Fetched,
    cases: HashMap<String, Rc<Case>>,
    near: HashMap<String, Rc<Vec<Link>>>,
    /// The answer that was taken apart last.
    details: Option<(String, Rc<Vec<Group>>)>,
    chains: HashMap<String, (u64, Rc<Chain>, usize)>,
    /// The last table asked about, and of what the answer was made.
    who: Option<Asked>,
    who_at: Option<(Instant, Duration)>,
    cases_of: (u64, usize),
    recorded: Option<(u64, Rc<Recorded>)>,
    recorded_at: Option<(Instant, Duration)>,
    since: Option<(u64, Option<Rc<Since>>)>,
    since_at: Option<(Instant, Duration)>,
    lanes: Option<(u64, Arc<Lanes>)>,
    lanes_at: Option<(Instant, Duration)>,
    firsts: Option<(u64, Rc<Firsts>)>,
    firsts_at: Option<(Instant, Duration)>,
    revision: Option<u64>,
    built: Option<(Instant, Duration)>,
}

impl Derived {
    /// Brings it up to date; for new data it takes at most a tenth of the time.
    pub fn freshen(&mut self, store: &Store) {
        if self.revision == Some(store.revision()) {
            return;
        }
        // What names rows is wrong once they are numbered anew: it does not wait.
        let cases_of = (store.events().revision(), store.estate().findings.len());
        if cases_of != self.cases_of {
            self.cases.clear();
            self.near.clear();
            self.chains.clear();
            self.cases_of = cases_of;
        }
        if self.built.is_some_and(|(at, cost)| cost > Duration::from_millis(20) && at.elapsed() < cost * 10) {
            return;
        }
        let began = Instant::now();
        self.coverage = store.coverage();
        self.posture = store.posture().clone();
        self.counts = counts(store);
        self.revision = Some(store.revision());
        self.built = Some((Instant::now(), began.elapsed()));
    }

    /// Which events are the first of their kind; looked for where it is shown, and for new data a tenth of the time.
    pub fn firsts(&mut self, store: &Store) -> Rc<Firsts> {
        if let Some((events, known)) = &self.firsts {
            let busy = self.firsts_at.is_some_and(|(at, cost)| at.elapsed() < cost * 10);
            if *events == store.events().revision() || busy {
                return Rc::clone(known);
            }
        }
        let began = Instant::now();
        let found = Rc::new(Firsts::of(store.events()));
        self.firsts = Some((store.events().revision(), Rc::clone(&found)));
        self.firsts_at = Some((Instant::now(), began.elapsed()));
        found
    }

    /// What is recorded of the tables; looked for where it is shown, and for new data a tenth of the time at most.
    pub fn recorded(&mut self, store: &Store) -> Rc<Recorded> {
        if let Some((revision, known)) = &self.recorded {
            let busy = self.recorded_at.is_some_and(|(at, cost)| at.elapsed() < cost * 10);
            if *revision == store.revision() || busy {
                return Rc::clone(known);
            }
        }
        let began = Instant::now();
        let found = Rc::new(Recorded::of(store.estate()));
        self.recorded = Some((store.revision(), Rc::clone(&found)));
        self.recorded_at = Some((Instant::now(), began.elapsed()));
        found
    }

    /// What changed since the mark; for new data a tenth of the time at most, and at once when the mark is moved.
    pub fn since(&mut self, store: &Store) -> Option<Rc<Since>> {
        if let Some((revision, known)) = &self.since {
            let busy = self.since_at.is_some_and(|(at, cost)| at.elapsed() < cost * 10);
            let same = known.as_ref().is_some_and(|known| known.from.at() == store.since_when().unwrap_or_default());
            if *revision == store.revision() || busy && same {
                return known.clone();
            }
        }
        let began = Instant::now();
        let found = store.since().map(Rc::new);
        self.since = Some((store.revision(), found.clone()));
        self.since_at = Some((Instant::now(), began.elapsed()));
        found
    }

    /// The lanes and who is in which; found out where they are shown, and for new data a tenth of the time at most.
    pub fn lanes(&mut self, store: &Store) -> Arc<Lanes> {
        if let Some((revision, known)) = &self.lanes {
            let busy = self.lanes_at.is_some_and(|(at, cost)| at.elapsed() < cost * 10);
            if *revision == store.revision() || busy {
                return Arc::clone(known);
            }
        }
        let began = Instant::now();
        let found = Arc::new(store.lanes());
        self.lanes = Some((store.revision(), Arc::clone(&found)));
        self.lanes_at = Some((Instant::now(), began.elapsed()));
        found
    }

    /// What a finding leads to: found once, then kept while no event or finding is added.
    pub fn case(&mut self, store: &Store, finding: &Finding) -> Rc<Case> {
        if let Some(case) = self.cases.get(&finding.id).filter(|case| case.updated == finding.updated) {
            return Rc::clone(case);
        }
        let events = store.events_of_finding(finding).into_iter().map(|(tier, event)| (tier, event.row())).collect();
        let case = Rc::new(Case {
            events,
            tables: store.tables_of_finding(finding),
            beside: store.findings_beside(finding),
            others: store.others_of(finding),
            aside: store.aside(finding),
            updated: finding.updated,
        });
        if self.cases.len() > 500 {
            self.cases.clear();
        }
        self.cases.insert(finding.id.clone(), Rc::clone(&case));
        case
    }

    /// The tables that other sessions of a finding's role called: found where they are shown, kept like a case.
    pub fn near(&mut self, store: &Store, finding: &Finding, case: &Case) -> Rc<Vec<Link>> {
        if let Some(near) = self.near.get(&finding.id) {
            return Rc::clone(near);
        }
        let near = Rc::new(store.tables_near(finding, &case.tables));
        self.near.insert(finding.id.clone(), Rc::clone(&near));
        near
    }

    /// All members of a finding's answer: taken apart where they are shown, once for each answer.
    pub fn details(&mut self, finding: &Finding) -> Rc<Vec<Group>> {
        if let Some((raw, known)) = &self.details
            && *raw == finding.raw
        {
            return Rc::clone(known);
        }
        let found = Rc::new(groups(&finding.raw));
        self.details = Some((finding.raw.clone(), Rc::clone(&found)));
        found
    }

    /// Who used a table: found anew when what is known changed, and for new data a tenth of the time.
    pub fn who(&mut self, store: &Store, arn: &str) -> Option<Rc<Who>> {
        let of = (self.revision.unwrap_or_default(), self.records.generation());
        if let Some((known, table, who)) = &self.who
            && table == arn
        {
            let busy = self.who_at.is_some_and(|(at, cost)| at.elapsed() < cost * 10);
            if *known == of || busy && store.events().len() > SEARCHABLE {
                return who.clone();
            }
        }
        let began = Instant::now();
        let events = store.events();
        let records = &mut self.records;
        let at_hand = events.contents().iter().all(|content| matches!(content.body, Body::Plain(_)));
        let reach = match at_hand && events.len() <= SEARCHABLE {
            true => Reach::Everywhere,
            false => Reach::AtHand(&mut |event| records.text(event)),
        };
        let who = store.who(arn, None, reach).map(Rc::new);
        self.who = Some((of, arn.to_owned(), who.clone()));
        self.who_at = Some((Instant::now(), began.elapsed()));
        who
    }

    /// The way back from an event's credentials, and how many records it lacks: found once all that it needs was read,
    /// then kept while no event is added.
    pub fn chain(&mut self, store: &Store, event: EventRef<'_>) -> Option<(Rc<Chain>, usize)> {
        let generation = self.records.generation();
        if let Some((of, chain, absent)) = self.chains.get(&*event.key())
            && (*absent == 0 || *of == generation)
        {
            return Some((Rc::clone(chain), *absent));
        }
        let records = &mut self.records;
        let (chain, absent) = store.chain_of(event, &mut |event| records.text(event))?;
        let chain = Rc::new(chain);
        if self.chains.len() > 500 {
            self.chains.clear();
        }
        self.chains.insert(event.key().into_owned(), (generation, Rc::clone(&chain), absent));
        Some((chain, absent))
    }
}

fn counts(store: &Store) -> Counts {
    let estate = store.estate();
    let open = || estate.findings.values().filter(|finding| !finding.archived);
    let evaluations = estate.evaluations.values().filter_map(|cell| cell.value()).flatten();
    let drifts = || store.drifts().iter().filter(|drift| drift.counts());
    Counts {
        findings: (open().count(), open().filter(|finding| finding.severity() >= Severity::High).count()),
        noncompliant: evaluations.filter(|one| one.compliance == Compliance::NonCompliant).count(),
        drifts: (drifts().count(), drifts().filter(|drift| !drift.lowers.is_empty()).count()),
        failing_tables: estate.tables.keys().filter(|arn| store.tally(arn).fail > 0).count(),
        failing: store.posture().values().map(|tally| tally.fail).sum(),
        troubled: store.freshness().filter(|(_, freshness)| freshness.fault.is_some()).count(),
    }
}
