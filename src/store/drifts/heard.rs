//! The events that change settings, noted as they come: by table, and by account for all else.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::Scope;
use crate::trail::EventRef;
use crate::trail::settings::{self, EXISTS, Move, Told};

/// An event, and what it changes.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub at: Timestamp,
    pub row: u32,
    pub moves: Vec<Move>,
}

/// In order of time, whatever order they come in: searches give the newest first.
type Calls = BTreeMap<(Timestamp, u32), Call>;

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(in super::super) struct Heard {
    tables: BTreeMap<Scope, BTreeMap<String, Calls>>,
    others: BTreeMap<String, Calls>,
}

impl Heard {
    /// Rows have new numbers: all are noted again.
    pub(in super::super) fn clear(&mut self) {
        self.tables.clear();
        self.others.clear();
    }

    /// Notes an event; `true` when it changed something that is no table, or made or deleted one.
    pub(in super::super) fn note(&mut self, event: EventRef<'_>) -> bool {
        if event.read_only() == Some(true) || event.error().is_some() {
            return false;
        }
        if !settings::changes(event.source(), event.name()) {
            return false;
        }
        let Some(at) = event.when() else { return false };
        let moves = settings::moves(event.source(), event.name(), event.open());
        if moves.is_empty() {
            return false;
        }
        let of_tables = moves.iter().all(|one| one.kind == settings::TABLE);
        let made = moves.iter().any(|one| one.setting == EXISTS);
        let heard = Call { at, row: event.row(), moves };
        if of_tables {
            let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
            let of = self.tables.entry(scope).or_default();
            for name in event.tables() {
                of.entry(name.to_owned()).or_default().insert((at, heard.row), heard.clone());
            }
        } else {
            self.others.entry(event.account().to_owned()).or_default().insert((at, heard.row), heard);
        }
        !of_tables || made
    }

    /// What changed a table, oldest first.
    pub(super) fn of_table(&self, scope: &Scope, name: &str) -> impl Iterator<Item = &Call> + Clone {
        self.tables.get(scope).and_then(|of| of.get(name)).into_iter().flat_map(BTreeMap::values)
    }

    /// The accounts in which something else changed, each with what did, oldest first.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &Call>)> {
        self.others.iter().map(|(account, heard)| (account.as_str(), heard.values()))
    }
}

/// A stretch of time in which a setting was worse, as far as events tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub setting: &'static str,
    pub was: Option<String>,
    pub is: Option<String>,
    pub opened: (Timestamp, u32),
    pub closed: Option<(Timestamp, u32)>,
    pub lowers: Vec<&'static str>,
}

/// The stretches that events of one resource tell of, oldest first.
pub(super) fn stretches<'a>(heard: impl Iterator<Item = (&'a Call, &'a Move)>) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    let mut last: BTreeMap<&'static str, String> = BTreeMap::new();
    // A call whose record is not at hand may have done anything: it neither opens nor closes.
    let told = |(_, one): &(&Call, &Move)| !one.setting.is_empty() && one.told != Told::Perhaps;
    for (event, one) in heard.filter(told) {
        let value = if let Told::To(value) = &one.told { Some(value.clone()) } else { None };
        let open = all.iter().rposition(|of| of.setting == one.setting && of.closed.is_none());
        let open = open.and_then(|at| all.get_mut(at));
        match (open, one.lowers.is_empty()) {
            (Some(open), true) => open.closed = Some((event.at, event.row)),
            // Worse still, and by another event.
            (Some(open), false) if open.is != value => {
                (open.is, open.opened) = (value.clone(), (event.at, event.row));
                open.lowers = one.lowers.clone();
            }
            (Some(_), false) | (None, true) => {}
            (None, false) => all.push(Stretch {
                setting: one.setting,
                was: last.get(one.setting).cloned(),
                is: value.clone(),
                opened: (event.at, event.row),
                closed: None,
                lowers: one.lowers.clone(),
            }),
        }
        if let Some(value) = value {
            last.insert(one.setting, value);
        }
    }
    all
}
