//! Drifts of anything but tables: resources of stacks, and what events tell of.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::{Estate, Scope, Severity, Stack, StackResource, tail};
use crate::store::Store;
use crate::trail::catalogue;
use crate::trail::settings::{self, Move, TRAIL};

use super::cause::{Changed, short};
use super::gather::{Draft, blank, deployed, is_drifted, said_by, table_of};
use super::heard::{Call, stretches};
use super::{Cause, Closed, Confidence, Drift, DriftSource, Said, damage, severity};

/// Calls, each with a setting that it changes, oldest first.
type Calls<'a> = Vec<(&'a Call, &'a Move)>;
/// The calls on each resource of an account, by its kind and name; where a record is not at hand, by no name.
type ByName<'a> = BTreeMap<(&'a str, &'a str), Calls<'a>>;

impl Store {
    /// The drifts of anything but tables: resources of stacks, and what events tell of.
    pub(super) fn drifts_around(&self, estate: &Estate, before: &[Arc<Drift>]) -> Vec<Drift> {
        let mut found: BTreeMap<String, Drift> = BTreeMap::new();
        let before: HashMap<&str, &Drift> = before.iter().map(|of| (of.id.as_str(), &**of)).collect();
        let mut calls: BTreeMap<&str, ByName<'_>> = BTreeMap::new();
        for (account, heard) in self.drifts.heard.accounts() {
            let of = calls.entry(account).or_default();
            for (event, one) in heard.flat_map(|event| event.moves.iter().map(move |one| (event, one))) {
                of.entry((one.kind, tail(&one.id))).or_default().push((event, one));
            }
        }
        let none = ByName::new();
        for stack in estate.stacks.values() {
            let calls = calls.get(stack.scope.account.as_str()).unwrap_or(&none);
            let drifted = stack.resources.value().into_iter().flatten().filter(|one| is_drifted(one));
            for one in drifted.filter(|one| !settings::is_table(&one.kind) || table_of(estate, stack, one).is_none()) {
                for drift in self.of_resource(estate, (stack, one), calls, &before) {
                    found.insert(drift.id.clone(), drift);
                }
            }
        }
        self.of_departed(estate, |id| before.get(id).and_then(|of| of.bad), &mut found);
        for calls in calls.values() {
            self.of_others(estate, calls, &mut found);
        }
        found.into_values().collect()
    }

    /// What a stack says of a resource that is no known table.
    fn of_resource(
        &self,
        estate: &Estate,
        (stack, one): (&Stack, &StackResource),
        calls: &ByName<'_>,
        before: &HashMap<&str, &Drift>,
    ) -> Vec<Drift> {
        let name = one.physical_id.as_deref().unwrap_or(&one.logical_id);
        let mut moves = Calls::new();
        for name in [tail(name), ""] {
            moves.extend(calls.get(&(one.kind.as_str(), name)).into_iter().flatten().copied());
        }
        if settings::is_table(&one.kind) {
            let gone = self.drifts.heard.of_table(&stack.scope, name);
            moves.extend(gone.flat_map(|event| event.moves.iter().map(move |one| (event, one))));
        }
        moves.sort_by_key(|(event, _)| (event.at, event.row));
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        for (setting, said) in said_by(stack, one) {
            let id = format!("{}/{}/{name}#{setting}", stack.scope, one.kind);
            let known = before.get(id.as_str());
            let draft = drafts.entry(setting).or_default();
            draft.say(said);
            draft.good_at(known.and_then(|of| of.good).or_else(|| deployed(stack)));
            draft.bad = [draft.bad, known.and_then(|of| of.bad)].into_iter().flatten().min();
        }
        let drifts = drafts.into_iter().map(|(setting, draft)| {
            let is = draft.said.first().and_then(|said| said.is.clone());
            let of = Changed { setting: &setting, is: is.as_deref(), good: draft.good, bad: draft.bad };
            let cause =
                self.cause_in(moves.iter().copied(), &of).ok_or_else(|| self.no_cause(estate, &stack.scope, &of));
            let lowers = cause.as_ref().ok().map(|cause| self.lowered_by(&cause.event)).unwrap_or_default();
            Drift {
                id: format!("{}/{}/{name}#{setting}", stack.scope, one.kind),
                said: draft.said,
                good: draft.good,
                bad: draft.bad,
                severity: self.graded(&lowers, self.row_of(&cause)),
                lowers,
                cause,
                stack: Some((stack.id.clone(), one.logical_id.clone())),
                ..blank(&stack.scope, &one.kind, name, &setting, None)
            }
        });
        drifts.collect()
    }

    /// What an event lowers, as its record says.
    fn lowered_by(&self, key: &str) -> Vec<&'static str> {
        let event = self.events.get(key);
        let risk = event.and_then(|event| catalogue::of_record(event, event.open().unwrap_or_default()));
        risk.map(|risk| risk.lowers()).unwrap_or_default()
    }

    /// What events tell of resources that are no tables, and that no stack tells of.
    fn of_others(&self, estate: &Estate, calls: &ByName<'_>, found: &mut BTreeMap<String, Drift>) {
        let mut resources: BTreeMap<(Scope, &str, &str), Calls<'_>> = BTreeMap::new();
        for ((kind, name), calls) in calls.iter().filter(|((_, name), _)| !name.is_empty()) {
            for (event, one) in calls {
                let Some(at) = self.events.at(event.row) else { continue };
                let scope = Scope::new(at.account().to_owned(), at.region().to_owned());
                resources.entry((scope, kind, name)).or_default().push((*event, *one));
            }
        }
        for ((scope, kind, name), moves) in resources {
            for stretch in stretches(moves.into_iter()) {
                let id = format!("{scope}/{kind}/{name}#{}", stretch.setting);
                let said = Said {
                    source: DriftSource::Events,
                    was: stretch.was,
                    is: stretch.is.clone(),
                    at: Some(stretch.opened.0),
                    note: "as the event says".to_owned(),
                };
                if let (Some(known), None) = (found.get_mut(&id), stretch.closed) {
                    known.said.push(said);
                    continue;
                }
                let reason = match &stretch.is {
                    Some(is) => format!("the call sets {} to {}", stretch.setting, short(is)),
                    None => format!("the call changes {}", stretch.setting),
                };
                let Some(cause) = self.cause_of(stretch.opened.1, Confidence::Certain, reason) else { continue };
                let closed = stretch.closed.map(|(at, row)| Closed {
                    at,
                    cause: self
                        .cause_of(row, Confidence::Certain, "the call sets it again".to_owned())
                        .ok_or_else(|| "the event that ended it is no longer at hand".to_owned()),
                });
                let mut drift = Drift {
                    id: if closed.is_some() { format!("{id}@{}", cause.event) } else { id },
                    said: vec![said],
                    bad: Some(cause.at),
                    cause: Ok(cause),
                    closed,
                    severity: self.graded(&stretch.lowers, Some(stretch.opened.1)),
                    lowers: stretch.lowers,
                    ..blank(&scope, kind, name, stretch.setting, None)
                };
                if kind == TRAIL {
                    drift.damage = damage::of_trail(&drift, estate.now);
                }
                found.insert(drift.id.clone(), drift);
            }
        }
    }

    /// How bad it is: as bad as the worst control lowered, and as the call by itself.
    pub(super) fn graded(&self, lowers: &[&str], row: Option<u32>) -> Severity {
        let call = row.and_then(|row| catalogue::rank(self.events.at(row)?));
        severity(lowers).max(call).unwrap_or(Severity::Medium)
    }

    /// The row of a cause's event.
    pub(super) fn row_of(&self, cause: &Result<Cause, String>) -> Option<u32> {
        Some(self.events.get(&cause.as_ref().ok()?.event)?.row())
    }
}
