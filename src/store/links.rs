//! From a finding to the events around it and the tables they touched, with the confidence of each link.
//!
//! GuardDuty names no table: the link is derived, first by access key, then by session name (instance-role
//! keys rotate), then by address. The tiers are those of the catalogue of finding types.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Arn, Finding, FindingLink, Scope, SearchBy, Severity, Source, Table};
use crate::trail::EventRef;

use super::Store;

/// How sure a link is; smaller is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkTier {
    /// The finding names the table, or an event of the same access key does.
    T1,
    /// The same session, principal or key use (KMS context) within the window.
    T2,
    /// The same address.
    T3,
}

impl LinkTier {
    /// `T1`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
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
    /// Why, in words: `same key · UpdateTable, DeleteBackup`.
    pub reason: String,
}

/// Deliveries lag: the window of a finding is widened by this much on both sides.
const DELIVERY_LAG: SignedDuration = SignedDuration::from_mins(15);
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
    pub(super) fn relink_by(&mut self, row: u32) {
        let Some(event) = self.events.at(row) else { return };
        if event.tables().len() > 0 {
            let ids: Vec<String> = self.finding_index.of_event(event).into_iter().cloned().collect();
            self.dirty_findings.extend(ids);
        }
    }

    /// Finds anew where the findings lead that may lead elsewhere now, for the controls and for what orders tables.
    pub(super) fn link_findings(&mut self) {
        let unread = self.freshness.iter().filter(|((source, _), of)| *source == Source::Events && of.good.is_none());
        let unread = unread.map(|((_, scope), of)| (scope.clone(), of.fault.as_ref().map(|fault| fault.error.clone())));
        self.estate.events_unread = unread.collect();
        let polled = self.searches.iter().filter(|(_, reach)| reach.search.by == SearchBy::ReadOnly(false));
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
        // A finding may carry any time: arithmetic on it must not overflow.
        let before = |at: Timestamp| at.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let after = |at: Timestamp| at.checked_add(WINDOW + DELIVERY_LAG).unwrap_or(Timestamp::MAX);
        let from = finding.first.or(finding.created).map(before);
        let to = finding.last.or(finding.updated).map(after);
        let inside = |event: EventRef<'_>| {
            from.is_none_or(|from| event.time() >= from) && to.is_none_or(|to| event.time() <= to)
        };
        let mut found: BTreeMap<u32, (LinkTier, EventRef<'a>)> = BTreeMap::new();
        let mut add = |tier: LinkTier, events: Vec<EventRef<'a>>| {
            for event in events.into_iter().filter(|event| inside(*event)) {
                found.entry(event.row()).or_insert((tier, event));
            }
        };
        let mut sessions = Vec::new();
        if let Some(key) = &finding.access_key {
            let events = self.events.by_key(key);
            sessions.extend(events.iter().filter_map(|event| event.session().map(str::to_owned)));
            add(LinkTier::T1, events);
        }
        sessions.extend(finding.session().map(str::to_owned));
        sessions.sort();
        sessions.dedup();
        for session in &sessions {
            add(LinkTier::T2, self.events.by_session(session));
        }
        if let Some(ip) = &finding.action.ip {
            add(LinkTier::T3, self.events.by_ip(ip));
        }
        let mut events: Vec<_> = found.into_values().collect();
        events.sort_by(|(_, a), (_, b)| b.time().cmp(&a.time()).then_with(|| b.row().cmp(&a.row())));
        events
    }

    /// The tables a finding leads to, surest first. A table is known by its name in one account and region.
    #[must_use]
    pub fn tables_of_finding(&self, finding: &Finding) -> Vec<Link> {
        let mut links: BTreeMap<(String, Scope), (LinkTier, bool, Vec<String>)> = BTreeMap::new();
        for table in named_tables(finding) {
            links.entry(table).or_insert((LinkTier::T1, false, vec!["named by the finding".to_owned()]));
        }
        for (tier, event) in self.events_of_finding(finding) {
            let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
            for table in event.tables() {
                let entry = links.entry((table.to_owned(), scope.clone())).or_insert((tier, false, Vec::new()));
                let (best, wrote, names) = entry;
                *best = tier.min(*best);
                *wrote |= tier != LinkTier::T3 && event.read_only() == Some(false) && event.error().is_none();
                let name =
                    if event.error().is_some() { format!("refused {}", event.name()) } else { event.name().to_owned() };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let links = links.into_iter().map(|((table, scope), (tier, wrote, mut names))| {
            // What was done comes before what was only tried.
            names.sort_by_key(|name| name.starts_with("refused "));
            let reason = format!("{} · {}", why(tier), names.join(", "));
            Link { table, scope, tier, wrote, reason }
        });
        let mut links: Vec<Link> = links.collect();
        links.sort_by(|a, b| a.tier.cmp(&b.tier).then_with(|| a.table.cmp(&b.table)));
        links
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
pub(super) struct FindingIndex {
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

    pub(super) fn insert(&mut self, finding: &Finding) {
        for (pivot, value) in self.pivots(finding) {
            pivot.entry(value).or_default().insert(finding.id.clone());
        }
        for (table, _) in named_tables(finding) {
            self.by_table.entry(table).or_default().insert(finding.id.clone());
        }
    }

    pub(super) fn remove(&mut self, finding: &Finding) {
        for (pivot, value) in self.pivots(finding) {
            if let Some(ids) = pivot.get_mut(&value) {
                ids.remove(&finding.id);
                if ids.is_empty() {
                    pivot.remove(&value);
                }
            }
        }
        for (table, _) in named_tables(finding) {
            if let Some(ids) = self.by_table.get_mut(&table) {
                ids.remove(&finding.id);
            }
        }
    }

    /// Each index with the value that a finding has in it.
    fn pivots(&mut self, finding: &Finding) -> Vec<(&mut Pivot, String)> {
        let mut pivots: Vec<(&mut Pivot, String)> = Vec::new();
        if let Some(key) = &finding.access_key {
            pivots.push((&mut self.by_key, key.clone()));
        }
        if let Some(session) = finding.session() {
            pivots.push((&mut self.by_session, session.to_owned()));
        }
        if let Some(ip) = &finding.action.ip {
            pivots.push((&mut self.by_ip, ip.clone()));
        }
        pivots
    }
}

/// The tables that a finding itself names, each with its place.
fn named_tables(finding: &Finding) -> Vec<(String, Scope)> {
    let arns = finding.resources.iter().filter_map(|resource| Arn::parse(resource));
    let place = |arn: &Arn| Scope::new(arn.account.clone(), arn.region.clone());
    arns.filter_map(|arn| Some((arn.table_name()?.to_owned(), place(&arn)))).collect()
}

fn why(tier: LinkTier) -> &'static str {
    match tier {
        LinkTier::T1 => "same key",
        LinkTier::T2 => "same session",
        LinkTier::T3 => "same address",
    }
}
