//! Tables that are gone: listed, marked or accepted once, and listed no more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{Arn, Estate, Scope, Severity};
use crate::store::{Mark, Store};
use crate::trail::catalogue;
use crate::trail::settings::{EXISTS, TABLE};

use super::cause::Changed;
use super::gather::blank;
use super::{Drift, DriftSource, Said, damage};

/// A table that is gone.
#[derive(Debug, Clone)]
pub(in super::super) struct Departed {
    pub scope: Scope,
    pub name: String,
    /// When it was known to be there, last.
    pub good: Timestamp,
    /// What that rests on.
    pub note: String,
    pub source: DriftSource,
}

impl Store {
    /// A table that was listed is listed no more.
    pub(in super::super) fn depart(&mut self, arn: &str, good: Option<Timestamp>) {
        let (Some((scope, name)), Some(good)) = (named(arn), good) else { return };
        let departed = Departed { scope, name, good, note: "listed before".to_owned(), source: DriftSource::Listing };
        self.drifts.departed.insert(arn.to_owned(), departed);
        self.drifts.stale = true;
    }

    /// The tables that are gone, by ARN, each as it was known last: what this program saw itself, what the mark knew,
    /// and what somebody accepted.
    fn departed(&self, estate: &Estate) -> BTreeMap<String, Departed> {
        let gone = |arn: &str, scope: &Scope| !estate.tables.contains_key(arn) && estate.unlisted(scope).is_none();
        let mut all: BTreeMap<String, Departed> = BTreeMap::new();
        let accepted = self.baseline.accepted.tables.iter();
        let accepted = accepted.map(|(arn, of)| {
            let note = format!("accepted by {} on {}: {}", of.by, of.at.strftime("%Y-%m-%d"), of.reason);
            (arn.as_str(), of.at, note, DriftSource::Baseline)
        });
        let marked = self.mark().into_iter().flat_map(Mark::tables);
        let marked =
            marked.map(|(arn, at)| (arn, at, "there when it was handed over".to_owned(), DriftSource::Listing));
        for (arn, good, note, source) in marked.chain(accepted) {
            if let Some((scope, name)) = named(arn).filter(|(scope, _)| gone(arn, scope)) {
                all.insert(arn.to_owned(), Departed { scope, name, good, note, source });
            }
        }
        for (arn, seen) in self.drifts.departed.iter().filter(|(arn, seen)| gone(arn, &seen.scope)) {
            match all.get_mut(arn) {
                Some(of) => of.good = of.good.max(seen.good),
                None => drop(all.insert(arn.clone(), seen.clone())),
            }
        }
        all
    }

    /// The drifts of tables that are gone. What a stack says of one is of the same drift.
    pub(super) fn of_departed(
        &self,
        estate: &Estate,
        before: impl Fn(&str) -> Option<Timestamp>,
        found: &mut BTreeMap<String, Drift>,
    ) {
        for departed in self.departed(estate).into_values() {
            let Departed { scope, name, good, note, source } = departed;
            let id = format!("{scope}/{TABLE}/{name}#{EXISTS}");
            let listed = estate.populations.get(&scope).and_then(|cell| cell.seen.as_ref()).map(|seen| seen.at);
            // Each later list says the same: the first counts.
            let bad = [before(&id), listed].into_iter().flatten().min();
            let said = Said { source, was: Some("there".to_owned()), is: Some("deleted".to_owned()), at: listed, note };
            if let Some(known) = found.get_mut(&id) {
                known.said.insert(0, said);
                known.said.sort_by_key(|said| said.source);
                continue;
            }
            let of = Changed { setting: EXISTS, is: Some("deleted"), good: Some(good), bad };
            let heard = self.drifts.heard.of_table(&scope, &name);
            let moves = heard.flat_map(|event| event.moves.iter().map(move |one| (event, one)));
            let cause = self.cause_in(moves, &of).ok_or_else(|| self.no_cause(estate, &scope, &of));
            let row = self.row_of(&cause);
            let lowers = row.and_then(|row| {
                let event = self.events.at(row)?;
                Some(catalogue::of_record(event, event.open().unwrap_or_default())?.lowers())
            });
            let lowers = lowers.unwrap_or_default();
            let mut drift = Drift {
                said: vec![said],
                good: Some(good),
                bad,
                // Whatever it held is no longer there to be asked about.
                severity: self.graded(&lowers, row).max(Severity::High),
                lowers,
                cause,
                ..blank(&scope, TABLE, &name, EXISTS, None)
            };
            drift.damage = Some(damage::of_departed(estate, &drift));
            drift.id = id;
            found.insert(drift.id.clone(), drift);
        }
    }
}

fn named(arn: &str) -> Option<(Scope, String)> {
    let arn = Arn::parse(arn)?;
    let name = arn.table_name()?.to_owned();
    Some((Scope::new(arn.account, arn.region), name))
}
