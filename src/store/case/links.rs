//! From a finding to the events around it and the tables they touched, with the confidence of each link.
//!
//! GuardDuty names no table: the link is derived, first by access key, then by session name (instance-role
//! keys rotate), then by address. What only the same role or instance touched stands apart, as T4: the finding's actor
//! is not known to have been there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Arn, Finding, FindingLink, LAG, Scope, SearchBy, SearchReach, Severity, Source, Table};
use crate::trail::EventRef;

use crate::store::Store;

/// How sure a link is; smaller is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkTier {
    /// The finding names the table, or an event of the same access key does.
    T1,
    /// An event of the same session does, or the table's key was used (`Decrypt` with the table in its context).
    T2,
    /// An event from the same address does.
    T3,
    /// The same role, or the same instance, called it: its actor need not have.
    T4,
}

impl LinkTier {
    /// `T1`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
            Self::T4 => "T4",
        }
    }
}

/// A table linked to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The table's name.
    pub table: String,
    /// Its account and region.
    pub scope: Scope,
    /// How sure.
    pub tier: LinkTier,
    /// The finding's actor changed the table, by an event of the same key or session that was not refused.
    pub wrote: bool,
    /// Why, in words: `same key, 3 min later: UpdateTable, DeleteBackup`.
    pub reason: String,
}

/// Events of the same address or principal count this long before and after.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// GuardDuty's "Critical", in tenths.
const CRITICAL: u16 = 90;
/// GuardDuty's "High" and above, in tenths.
const HIGH: u16 = 70;
/// GuardDuty's "Medium" and above: what controls judge by.
const MEDIUM: u16 = 40;

impl Store {
    /// Notes that an event may have changed where findings lead.
    pub(in crate::store) fn relink_by(&mut self, row: u32) {
        let Some(event) = self.events.at(row) else { return };
        if event.tables().len() > 0 {
            let ids: Vec<String> = self.finding_index.of_event(event).into_iter().cloned().collect();
            self.dirty_findings.extend(ids);
        }
    }

    /// Finds anew where the findings lead that may lead elsewhere now, for the controls and for what orders tables.
    pub(in crate::store) fn link_findings(&mut self) {
        let unread = self.freshness.iter().filter(|((source, _), of)| *source == Source::Events && of.good.is_none());
        let unread = unread.map(|((_, scope), of)| (scope.clone(), of.fault.as_ref().map(|fault| fault.error.clone())));
        self.estate.events_unread = unread.collect();
        // A search with an end is somebody's own, of a stretch of the past.
        let is_poll =
            |reach: &SearchReach| reach.search.by == SearchBy::ReadOnly(false) && reach.search.until.is_none();
        let polled = self.searches.iter().filter(|(_, reach)| is_poll(reach));
        for (scope, reach) in polled {
            let whole = if reach.found.is_ok() && !reach.cut { reach.search.since } else { None };
            // Later polls go on where the first one ended: the earliest whole search counts.
            let known = self.estate.events_from.entry(scope.clone()).or_insert(whole);
            *known = match (*known, whole) {
                (Some(known), Some(whole)) => Some(known.min(whole)),
                _ => None,
            };
        }
        for id in std::mem::take(&mut self.dirty_findings) {
            for old in self.estate.finding_links.remove(&id).unwrap_or_default() {
                if let Some(threats) = self.threats.get_mut(&(old.scope, old.table)) {
                    threats.remove(&id);
                }
            }
            let Some(finding) = self.estate.findings.get(&id).cloned() else { continue };
            if finding.archived || finding.sample || finding.severity_tenths < MEDIUM {
                continue;
            }
            let links = self.tables_of_finding(&finding).into_iter();
            let links: Vec<FindingLink> = links
                .map(|link| FindingLink {
                    table: link.table,
                    scope: link.scope,
                    sure: link.tier != LinkTier::T3,
                    wrote: link.wrote,
                })
                .collect();
            if finding.severity_tenths >= HIGH {
                for link in links.iter().filter(|link| link.sure && link.wrote) {
                    let threats = self.threats.entry((link.scope.clone(), link.table.clone())).or_default();
                    threats.insert(id.clone(), finding.severity_tenths);
                }
            }
            self.estate.finding_links.insert(id, links);
        }
    }

    /// The severity of the worst open finding, "High" or above, whose actor surely wrote to this table.
    #[must_use]
    pub fn threat(&self, table: &Table) -> Option<Severity> {
        let worst = self.threats.get(&(table.scope.clone(), table.name.clone()))?.values().max()?;
        Some(if *worst >= CRITICAL { Severity::Critical } else { Severity::High })
    }

    /// The events around a finding, newest first, each with the tier of its link.
    #[must_use]
    pub fn events_of_finding<'a>(&'a self, finding: &Finding) -> Vec<(LinkTier, EventRef<'a>)> {
        let window = Window::of(finding);
        let mut found: BTreeMap<u32, (LinkTier, EventRef<'a>)> = BTreeMap::new();
        let mut add = |tier: LinkTier, events: Vec<EventRef<'a>>| {
            for event in events.into_iter().filter(|event| window.holds(*event)) {
                found.entry(event.row()).or_insert((tier, event));
            }
        };
        let mut sessions: BTreeSet<&str> = finding.sessions().into_iter().collect();
        for key in finding.keys() {
            let events = self.events.by_key(key);
            sessions.extend(events.iter().filter_map(|event| event.session()));
            add(LinkTier::T1, events);
        }
        for session in sessions {
            add(LinkTier::T2, self.events.by_session(session));
        }
        for ip in finding.callers() {
            add(LinkTier::T3, self.events.by_ip(ip));
        }
        let mut events: Vec<_> = found.into_values().collect();
        events.sort_by(|(_, a), (_, b)| b.time().cmp(&a.time()).then_with(|| b.row().cmp(&a.row())));
        events
    }

    /// The tables a finding leads to, surest first. A table is known by its name in one account and region.
    #[must_use]
    pub fn tables_of_finding(&self, finding: &Finding) -> Vec<Link> {
        let mut touched = BTreeMap::new();
        for (tier, event) in self.events_of_finding(finding) {
            note(&mut touched, tier, event);
        }
        let mut links: Vec<Link> =
            touched.into_iter().map(|(place, found)| found.link(place, finding.first.or(finding.created))).collect();
        for (table, scope) in named_tables(finding) {
            match links.iter_mut().find(|link| link.table == table && link.scope == scope) {
                Some(link) if link.tier == LinkTier::T1 => {}
                Some(link) => {
                    link.tier = LinkTier::T1;
                    link.reason = format!("named by the finding; {}", link.reason);
                }
                None => {
                    let reason = "named by the finding".to_owned();
                    links.push(Link { table, scope, tier: LinkTier::T1, wrote: false, reason });
                }
            }
        }
        links.sort_by(|a, b| a.tier.cmp(&b.tier).then_with(|| a.table.cmp(&b.table)));
        links
    }

    /// The tables that the same role or instance called around a finding, beside those that its actor is linked to.
    #[must_use]
    pub fn tables_near(&self, finding: &Finding, linked: &[Link]) -> Vec<Link> {
        let window = Window::of(finding);
        let mut touched = BTreeMap::new();
        let role = finding.principal.as_deref().map(|name| self.events.by_principal(name)).unwrap_or_default();
        let instance = finding.instance().map(|id| self.events.by_session(id)).unwrap_or_default();
        for event in role.into_iter().chain(instance) {
            if event.account() == finding.account && window.holds(event) {
                note(&mut touched, LinkTier::T4, event);
            }
        }
        let new =
            |(table, scope): &(String, Scope)| !linked.iter().any(|link| link.table == *table && link.scope == *scope);
        let near = touched.into_iter().filter(|(place, _)| new(place));
        near.map(|(place, found)| found.link(place, finding.first.or(finding.created))).collect()
    }

    /// Ids of other findings about the same keys or sessions.
    #[must_use]
    pub fn findings_beside(&self, finding: &Finding) -> Vec<String> {
        let index = &self.finding_index;
        let keys = finding.keys().into_iter().filter_map(|key| index.by_key.get(key));
        let sessions = finding.sessions().into_iter().filter_map(|session| index.by_session.get(session));
        let all: BTreeSet<&String> = keys.chain(sessions).flatten().filter(|id| **id != finding.id).collect();
        all.into_iter().cloned().collect()
    }

    /// The findings that lead to a table, worst first.
    #[must_use]
    pub fn findings_of_table(&self, table: &str) -> Vec<&Arc<Finding>> {
        let index = &self.finding_index;
        let mut ids: BTreeSet<&String> = index.by_table.get(table).into_iter().flatten().collect();
        for event in self.events.by_table(table) {
            ids.extend(index.of_event(event));
        }
        let mut found: Vec<&Arc<Finding>> = ids
            .into_iter()
            .filter_map(|id| self.estate.findings.get(id))
            .filter(|finding| !finding.archived)
            .filter(|finding| self.tables_of_finding(finding).iter().any(|link| link.table == table))
            .collect();
        found.sort_by(|a, b| b.severity_tenths.cmp(&a.severity_tenths).then_with(|| b.updated.cmp(&a.updated)));
        found
    }
}

/// Findings by what joins them to events, so that a table's findings are found without reading all of them.
#[derive(Debug, Default)]
pub(in crate::store) struct FindingIndex {
    by_key: Pivot,
    by_session: Pivot,
    by_ip: Pivot,
    by_table: Pivot,
}

/// Finding ids by the value of one field.
type Pivot = HashMap<String, BTreeSet<String>>;

impl FindingIndex {
    /// The findings that share a key, a session or an address with an event.
    fn of_event(&self, event: EventRef<'_>) -> Vec<&String> {
        let pivots = [
            event.access_key().and_then(|key| self.by_key.get(key)),
            event.session().and_then(|session| self.by_session.get(session)),
            event.ip().and_then(|ip| self.by_ip.get(ip)),
        ];
        pivots.into_iter().flatten().flatten().collect()
    }

    pub(in crate::store) fn insert(&mut self, finding: &Finding) {
        self.each(finding, |pivot, value| {
            pivot.entry(value.to_owned()).or_default().insert(finding.id.clone());
        });
    }

    pub(in crate::store) fn remove(&mut self, finding: &Finding) {
        self.each(finding, |pivot, value| {
            if let Some(ids) = pivot.get_mut(value) {
                ids.remove(&finding.id);
                if ids.is_empty() {
                    pivot.remove(value);
                }
            }
        });
    }

    /// What a finding is found by in each index.
    fn each(&mut self, finding: &Finding, mut visit: impl FnMut(&mut Pivot, &str)) {
        finding.keys().into_iter().for_each(|key| visit(&mut self.by_key, key));
        finding.sessions().into_iter().for_each(|session| visit(&mut self.by_session, session));
        finding.callers().into_iter().for_each(|ip| visit(&mut self.by_ip, ip));
        named_tables(finding).iter().for_each(|(table, _)| visit(&mut self.by_table, table));
    }
}

/// The tables that a finding itself names, each with its place.
fn named_tables(finding: &Finding) -> Vec<(String, Scope)> {
    let arns = finding.resources.iter().filter_map(|resource| Arn::parse(resource));
    let place = |arn: &Arn| Scope::new(arn.account.clone(), arn.region.clone());
    arns.filter_map(|arn| Some((arn.table_name()?.to_owned(), place(&arn)))).collect()
}

/// When events count for a finding.
struct Window {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Window {
    fn of(finding: &Finding) -> Self {
        // A finding may carry any time: arithmetic on it must not overflow.
        let before = |at: Timestamp| at.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let after = |at: Timestamp| at.checked_add(WINDOW + LAG).unwrap_or(Timestamp::MAX);
        let from = finding.first.or(finding.created).map(before);
        Self { from, to: finding.last.or(finding.updated).map(after) }
    }

    fn holds(&self, event: EventRef<'_>) -> bool {
        self.from.is_none_or(|from| event.time() >= from) && self.to.is_none_or(|to| event.time() <= to)
    }
}

/// What was done to one table.
struct Touched {
    tier: LinkTier,
    wrote: bool,
    /// The key of the table was used, and nothing else is known.
    by_key_use: bool,
    /// The first change; before there is one, the first call.
    at: (bool, Timestamp),
    names: Vec<String>,
}

/// Notes which tables an event speaks of. Events come newest first.
fn note(touched: &mut BTreeMap<(String, Scope), Touched>, tier: LinkTier, event: EventRef<'_>) {
    let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
    let of_kms = event.source() == "kms.amazonaws.com";
    // That a table's key was used tells of the table, and not by which call.
    let tier = if of_kms { tier.max(LinkTier::T2) } else { tier };
    let changed = event.read_only() == Some(false) && event.error().is_none() && !of_kms;
    let name = if event.error().is_some() { format!("refused {}", event.name()) } else { event.name().to_owned() };
    for table in event.tables() {
        let found = touched.entry((table.to_owned(), scope.clone())).or_insert(Touched {
            tier,
            wrote: false,
            by_key_use: true,
            at: (false, event.time()),
            names: Vec::new(),
        });
        found.tier = found.tier.min(tier);
        found.wrote |= changed && tier <= LinkTier::T2;
        found.by_key_use &= of_kms;
        if changed >= found.at.0 {
            found.at = (changed, event.time());
        }
        if !found.names.contains(&name) {
            found.names.push(name.clone());
        }
    }
}

impl Touched {
    fn link(mut self, (table, scope): (String, Scope), first: Option<Timestamp>) -> Link {
        // What was done comes before what was only tried.
        self.names.sort_by_key(|name| name.starts_with("refused "));
        let why = match self.tier {
            LinkTier::T1 => "same key",
            LinkTier::T2 if self.by_key_use => "its key used by the same caller",
            LinkTier::T2 => "same session",
            LinkTier::T3 => "same address",
            LinkTier::T4 => "same role or instance, another session",
        };
        let when = first.map(|first| format!(", {}", apart(first, self.at.1))).unwrap_or_default();
        let reason = format!("{why}{when}: {}", self.names.join(", "));
        Link { table, scope, tier: self.tier, wrote: self.wrote, reason }
    }
}

/// How long after another a moment is: `3 min later`, `2 h before`.
fn apart(first: Timestamp, at: Timestamp) -> String {
    let seconds = at.as_second() - first.as_second();
    let side = if seconds < 0 { "before" } else { "later" };
    match seconds.unsigned_abs() {
        0 => "at once".to_owned(),
        s @ 1..60 => format!("{s} s {side}"),
        s @ 60..7_200 => format!("{} min {side}", s / 60),
        s @ 7_200..172_800 => format!("{} h {side}", s / 3_600),
        s => format!("{} d {side}", s / 86_400),
    }
}
