//! The mark: how all stood when somebody last handed over. What was not read then, or is not read now, is compared with
//! nothing: it is said to be unknown, never to be better or worse.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use hashbrown::HashMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::controls::facts;
use crate::model::{Judgement, Scope, Severity, Source, Verdict};
use crate::trail::settings::EXISTS;

use super::changes::{Change, Changed, DriftChange, FindingChange, SourceChange, Stands, Turn, VerdictChange, Way};
use super::drifts::DriftSource;
use super::rows::place;
use super::{Drift, Store};

/// How all stood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// When the mark was set over each `account/region`, and by whom.
    pub over: BTreeMap<String, Stamp>,
    /// Findings by id.
    findings: BTreeMap<String, Known>,
    /// The controls whose verdicts follow, in the order of their letters.
    controls: Vec<String>,
    /// How each resource stood: a letter for each control.
    stood: BTreeMap<String, String>,
    /// Sources that could not be read, as `source account/region`.
    stale: BTreeSet<String>,
    /// Drifts that were open, by id.
    drifts: BTreeMap<String, Open>,
}

/// When a mark was set, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub at: Timestamp,
    /// By whom, as far as the machine can tell.
    pub by: String,
}

/// What a finding was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    updated: Option<Timestamp>,
    archived: bool,
    kind: String,
    tenths: u16,
    account: String,
    region: String,
}

/// A drift that was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    account: String,
    region: String,
    resource: String,
    setting: String,
    /// Since when, where events alone told of it: they grow too old to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heard: Option<Timestamp>,
}

/// Verdicts as letters; a capital for one that does not count.
const LETTERS: [(Verdict, u8); 6] = [
    (Verdict::Pass, b'p'),
    (Verdict::Fail, b'f'),
    (Verdict::Warn, b'w'),
    (Verdict::Unknown, b'u'),
    (Verdict::Manual, b'm'),
    (Verdict::NotApplicable, b'n'),
];
/// What is not known now and was known to an earlier mark: a digit, the place of what was known among the letters.
const KNOWN_BEFORE: u8 = b'0';
/// Not judged.
const NONE: u8 = b'-';

fn letter(of: &Judgement) -> u8 {
    let letter = LETTERS.iter().find(|(verdict, _)| *verdict == of.verdict).map_or(NONE, |(_, letter)| *letter);
    if of.counts() { letter } else { letter.to_ascii_uppercase() }
}

fn verdict(letter: u8) -> Option<(Verdict, bool)> {
    let (verdict, _) = LETTERS.iter().find(|(_, of)| *of == letter.to_ascii_lowercase())?;
    Some((*verdict, letter.is_ascii_lowercase()))
}

/// The letter of what is not known now and was known before: it keeps what was.
fn kept(now: u8, earlier: u8) -> u8 {
    let known = LETTERS.iter().position(|(verdict, letter)| *letter == earlier && *verdict != Verdict::Unknown);
    match (now, known.and_then(|place| u8::try_from(place).ok())) {
        (b'u', _) if earlier.is_ascii_digit() => earlier,
        (b'u', Some(place)) => KNOWN_BEFORE + place,
        _ => now,
    }
}

/// What a letter says that a verdict of now is held against: as long as it is not known again, nothing changed; once it
/// is, what was known before counts.
fn held(letter: u8, now: Verdict) -> Option<(Verdict, bool)> {
    if !letter.is_ascii_digit() {
        return verdict(letter);
    }
    let (known, _) = LETTERS.get(usize::from(letter - KNOWN_BEFORE))?;
    Some((if now == Verdict::Unknown { now } else { *known }, true))
}

impl Mark {
    /// How all stands now. What an earlier mark knows of scopes that are not read here stays as it was.
    #[must_use]
    pub fn of(store: &Store, now: Timestamp, by: &str, earlier: Option<&Self>) -> Self {
        let estate = store.estate();
        let here: BTreeSet<String> = estate.scopes.iter().map(Scope::to_string).collect();
        let accounts: BTreeSet<&str> = estate.scopes.iter().map(|scope| scope.account.as_str()).collect();
        let stamp = Stamp { at: now, by: by.to_owned() };
        let mut mark =
            Self { over: here.iter().map(|scope| (scope.clone(), stamp.clone())).collect(), ..Self::default() };
        mark.findings = estate
            .findings
            .values()
            .map(|of| {
                let known = Known {
                    updated: of.updated,
                    archived: of.archived,
                    kind: of.kind.clone(),
                    tenths: of.severity_tenths,
                    account: of.scope.account.clone(),
                    region: of.scope.region.clone(),
                };
                (of.id.clone(), known)
            })
            .collect();
        mark.controls = facts::all().map(|(id, _)| id.to_owned()).collect();
        let places: HashMap<&str, usize> = facts::all().enumerate().map(|(place, (id, _))| (id, place)).collect();
        for (resource, of) in &store.judgements {
            let mut letters = vec![NONE; mark.controls.len()];
            for judgement in of.values() {
                if let Some(at) = places.get(judgement.control).and_then(|place| letters.get_mut(*place)) {
                    *at = letter(judgement);
                }
            }
            mark.stood.insert(resource.clone(), String::from_utf8(letters).unwrap_or_default());
        }
        mark.stale = store.changes().stale().map(|((source, scope), _)| trouble(*source, scope)).collect();
        let open = store.drifts().iter().filter(|of| of.is_open());
        mark.drifts = open
            .map(|of| {
                let (account, region) = (of.scope.account.clone(), of.scope.region.clone());
                let heard = of.said.iter().all(|said| said.source == DriftSource::Events).then(|| of.since()).flatten();
                let open = Open { account, region, resource: of.resource.clone(), setting: of.setting.clone(), heard };
                (of.id.clone(), open)
            })
            .collect();
        if let Some(earlier) = earlier {
            mark.remember(earlier);
            mark.keep(earlier, |scope| !here.contains(scope), |account| !accounts.contains(account));
        }
        mark
    }

    /// Keeps what an earlier mark knew of verdicts that are not known now.
    fn remember(&mut self, earlier: &Self) {
        let translated = translation(&earlier.controls, &self.controls);
        for (resource, letters) in &mut self.stood {
            let Some(known) = earlier.stood.get(resource).map(String::as_bytes) else { continue };
            let of = |place: usize| translated.get(place).copied().flatten().and_then(|from| known.get(from)).copied();
            let now = letters.bytes().enumerate().map(|(place, now)| kept(now, of(place).unwrap_or(NONE)));
            *letters = now.map(char::from).collect();
        }
    }

    /// Takes over what another mark says of scopes, and of accounts as a whole.
    fn keep(&mut self, other: &Self, scope: impl Fn(&str) -> bool, account: impl Fn(&str) -> bool) {
        let over = other.over.iter().filter(|(of, _)| scope(of));
        self.over.extend(over.map(|(of, stamp)| (of.clone(), stamp.clone())));
        let findings = other.findings.iter().filter(|(_, of)| scope(&format!("{}/{}", of.account, of.region)));
        self.findings.extend(findings.map(|(id, of)| (id.clone(), of.clone())));
        let translated = translation(&other.controls, &self.controls);
        for (resource, letters) in &other.stood {
            let (of, region) = place(resource);
            let stays = if region.is_empty() { account(&of) } else { scope(&format!("{of}/{region}")) };
            if stays && !self.stood.contains_key(resource) {
                let letters = letters.as_bytes();
                let now =
                    translated.iter().map(|from| from.and_then(|from| letters.get(from)).copied().unwrap_or(NONE));
                self.stood.insert(resource.clone(), now.map(char::from).collect());
            }
        }
        let drifts = other.drifts.iter().filter(|(_, of)| scope(&format!("{}/{}", of.account, of.region)));
        self.drifts.extend(drifts.map(|(id, of)| (id.clone(), of.clone())));
        let stale = other.stale.iter().filter(|of| of.split_once(' ').is_some_and(|(_, of)| scope(of)));
        self.stale.extend(stale.cloned());
    }

    /// When it was set over what the store reads: the oldest moment counts. `None` when it knows none of that.
    #[must_use]
    pub fn stamp(&self, store: &Store) -> Option<&Stamp> {
        store.estate().scopes.iter().filter_map(|scope| self.over.get(&scope.to_string())).min_by_key(|stamp| stamp.at)
    }

    /// The tables that there were, by ARN, each with the moment of its mark.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        let tables = self.stood.keys().filter(|resource| resource.contains(":table/"));
        tables.filter_map(|arn| {
            let (account, region) = place(arn);
            Some((arn.as_str(), self.over.get(&format!("{account}/{region}"))?.at))
        })
    }

    fn covers(&self, account: &str, region: &str) -> bool {
        if region.is_empty() {
            let of = |scope: &str| scope.split_once('/').is_some_and(|(of, _)| of == account);
            return self.over.keys().any(|scope| of(scope));
        }
        self.over.contains_key(&format!("{account}/{region}"))
    }

    /// What is not as it was.
    #[must_use]
    pub fn changes(&self, store: &Store) -> Vec<Change> {
        let mut found = self.verdicts(store);
        found.extend(self.of_findings(store));
        found.extend(self.of_drifts(store));
        found.extend(self.sources(store));
        let at = store.estate().now;
        let change = |(number, (evidence, what))| Change { number, at, evidence, what };
        (1..).zip(found).map(change).collect()
    }

    fn verdicts(&self, store: &Store) -> Vec<(Option<Timestamp>, Changed)> {
        let mut found = Vec::new();
        let places: HashMap<&str, usize> =
            self.controls.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        // Both are in the same order, and both may be long.
        let mut marked = self.stood.iter().peekable();
        for (resource, of) in &store.judgements {
            while marked.next_if(|(known, _)| *known < resource).is_some() {}
            let stood = marked.next_if(|(known, _)| *known == resource).map(|(_, letters)| letters.as_bytes());
            if stood.is_none() {
                let (account, region) = place(resource);
                if !self.covers(&account, &region) {
                    continue;
                }
            }
            for judgement in of.values() {
                // A control that there was not is compared with nothing.
                let Some(place) = places.get(judgement.control) else { continue };
                let now = (judgement.verdict, judgement.counts());
                let before = stood.and_then(|stood| held(*stood.get(*place)?, judgement.verdict));
                if before == Some(now) {
                    continue;
                }
                if let Some(way) = Way::between(before, now) {
                    found.push(changed(before, judgement, way));
                }
            }
        }
        found
    }

    fn of_findings(&self, store: &Store) -> Vec<(Option<Timestamp>, Changed)> {
        let estate = store.estate();
        let mut found = Vec::new();
        for finding in estate.findings.values() {
            let known = self.findings.get(&finding.id);
            let scope = finding.scope.to_string();
            let Some(stamp) = self.over.get(&scope) else { continue };
            // What was there before, and could not be read then, is no news.
            let unread = self.stale.contains(&trouble(Source::Findings, &finding.scope));
            if known.is_none() && unread && finding.updated.is_some_and(|at| at < stamp.at) {
                continue;
            }
            if let Some(turn) = Turn::of(known.map(|of| (of.updated, of.archived)), finding) {
                found.push((finding.updated, Changed::Finding(FindingChange::new(finding, turn))));
            }
        }
        for (id, of) in self.findings.iter().filter(|(id, _)| !estate.findings.contains_key(*id)) {
            let scope = Scope::new(of.account.clone(), of.region.clone());
            let listed = estate.finding_lists.get(&scope).is_some_and(|list| list.value().is_some());
            if listed {
                let change = FindingChange {
                    id: id.clone(),
                    scope,
                    kind: of.kind.clone(),
                    title: String::new(),
                    severity: Some(Severity::of_tenths(of.tenths)),
                    turn: Turn::Gone,
                };
                found.push((None, Changed::Finding(change)));
            }
        }
        found
    }

    fn of_drifts(&self, store: &Store) -> Vec<(Option<Timestamp>, Changed)> {
        let mut found = Vec::new();
        let estate = store.estate();
        let named = |drift: &Drift| {
            let Scope { account, region } = drift.scope.clone();
            (account, region, drift.resource.clone(), drift.setting.clone())
        };
        let names = |of: &Open| (of.account.clone(), of.region.clone(), of.resource.clone(), of.setting.clone());
        let marked: HashSet<_> = self.drifts.values().map(names).collect();
        for drift in store.drifts().iter().filter(|drift| !self.drifts.contains_key(&drift.id)) {
            let Some(stamp) = self.over.get(&drift.scope.to_string()) else { continue };
            let stands = match &drift.closed {
                None => Stands::Open,
                Some(closed) if closed.at < stamp.at => continue,
                Some(_) if marked.contains(&named(drift)) => Stands::Over,
                Some(_) => Stands::CameAndWent,
            };
            found.push((drift.since(), Changed::Drift(DriftChange::new(drift, stands))));
        }
        // One that was accepted leaves no trace but its name.
        let there: HashSet<&str> = store.drifts().iter().map(|drift| drift.id.as_str()).collect();
        let closed: HashSet<_> =
            store.drifts().iter().filter(|drift| drift.closed.is_some()).map(|drift| named(drift)).collect();
        for (id, of) in &self.drifts {
            let scope = Scope::new(of.account.clone(), of.region.clone());
            if there.contains(id.as_str()) || closed.contains(&names(of)) || !self.reads(store, &scope) {
                continue;
            }
            // It is gone still, and was handed over as such.
            if of.setting == EXISTS && estate.table_named(&scope, &of.resource).is_none() {
                continue;
            }
            // What is not heard any more because it was too long ago is not over.
            let reaches = |since| estate.events_from.get(&scope).copied().flatten().is_some_and(|from| from <= since);
            if of.heard.is_some_and(|since| !reaches(since)) {
                continue;
            }
            let table = id.split_once('#').map(|(arn, _)| arn).filter(|arn| arn.contains(":dynamodb:"));
            let gone = table.is_some_and(|arn| !estate.tables.contains_key(arn));
            let why = if gone {
                "its table is gone: it is listed no more"
            } else {
                "it is as it should be again, or was accepted"
            };
            let change = DriftChange {
                id: id.clone(),
                scope,
                resource: of.resource.clone(),
                table: None,
                setting: of.setting.clone(),
                values: [None, None],
                cause: Err(why.to_owned()),
                lowers: Vec::new(),
                damage: None,
                severity: Severity::Info,
                stands: Stands::Over,
            };
            found.push((None, Changed::Drift(change)));
        }
        found
    }

    /// True when what drifts rest on is read there now: what is not read is not over.
    fn reads(&self, store: &Store, scope: &Scope) -> bool {
        let known = store.estate().scopes.contains(scope);
        let stale = |source| store.changes().stale_error(source, scope).is_some();
        known && ![Source::Tables, Source::Drift, Source::Network, Source::Trails].into_iter().any(stale)
    }

    fn sources(&self, store: &Store) -> Vec<(Option<Timestamp>, Changed)> {
        let mut found = Vec::new();
        for ((source, scope), freshness) in store.freshness() {
            let was = self.stale.contains(&trouble(*source, scope));
            let error = store.changes().stale_error(*source, scope);
            if was != error.is_some() && self.over.contains_key(&scope.to_string()) {
                let (error, good) = (error.cloned(), freshness.good);
                found
                    .push((None, Changed::Source(SourceChange { source: *source, scope: scope.clone(), error, good })));
            }
        }
        found
    }
}

fn changed(before: Option<(Verdict, bool)>, judgement: &Judgement, way: Way) -> (Option<Timestamp>, Changed) {
    let of = VerdictChange {
        control: judgement.control,
        resource: judgement.resource.clone(),
        from: before.map(|of| of.0),
        to: judgement.verdict,
        way,
        severity: judgement.severity,
        reason: judgement.reason.clone(),
    };
    (judgement.evidence.iter().map(|of| of.at).max(), Changed::Verdict(of))
}

fn trouble(source: Source, scope: &Scope) -> String {
    format!("{} {scope}", source.name())
}

/// Where each of `to` stands in `from`.
fn translation(from: &[String], to: &[String]) -> Vec<Option<usize>> {
    let places: BTreeMap<&str, usize> = from.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    to.iter().map(|id| places.get(id.as_str()).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_when_one_hands_over_is_held_against_what_was_known_before() {
        let chain = |letters: &[u8]| letters.iter().copied().reduce(|earlier, now| kept(now, earlier)).unwrap();
        // It passed, could not be read twice over, and fails: it fell.
        assert_eq!(held(chain(b"puu"), Verdict::Fail), Some((Verdict::Pass, true)));
        // As long as nobody can read it, nothing changed since the hand-over.
        assert_eq!(held(chain(b"pu"), Verdict::Unknown), Some((Verdict::Unknown, true)));
        assert_eq!(held(chain(b"puf"), Verdict::Pass), Some((Verdict::Fail, true)));
        assert_eq!(held(chain(b"uu"), Verdict::Fail), Some((Verdict::Unknown, true)));
        assert_eq!(held(chain(b"-u"), Verdict::Fail), Some((Verdict::Unknown, true)));
        assert_eq!(held(chain(b"Fu"), Verdict::Fail), Some((Verdict::Unknown, true)));
    }
}
