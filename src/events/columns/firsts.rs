//! Which events are the first of their principal, address or agent: the beginnings of stories.

use std::collections::HashMap;

use super::Events;
use super::event::OWN_AGENT;
use super::words::NONE;

/// What of an event was not seen before it, as far back as events are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct First {
    /// Its principal.
    pub principal: bool,
    /// Its address.
    pub address: bool,
    /// Its user agent.
    pub agent: bool,
}

impl First {
    /// In words; empty when all of it was seen before.
    #[must_use]
    pub fn words(self) -> String {
        let of = [(self.principal, "principal"), (self.address, "address"), (self.agent, "agent")];
        let words: Vec<&str> = of.into_iter().filter_map(|(first, word)| first.then_some(word)).collect();
        words.join(", ")
    }
}

/// The events that are firsts, by row: as many as there are principals, addresses and agents, at most.
#[derive(Debug, Default)]
pub struct Firsts {
    by_row: HashMap<u32, First>,
}

impl Firsts {
    /// Found in one pass from the oldest event on. Our own calls neither are firsts nor make others seconds.
    #[must_use]
    pub fn of(events: &Events) -> Self {
        let of = &events.dictionaries;
        // Codes are dense: a bit each.
        let mut own = vec![None; of.words.len()];
        let (mut principals, mut addresses, mut agents) =
            (vec![false; of.words.len()], vec![false; of.words.len()], vec![false; of.words.len()]);
        let new = |seen: &mut Vec<bool>, word: u32| {
            word != NONE && seen.get_mut(word as usize).is_some_and(|seen| !std::mem::replace(seen, true))
        };
        let mut by_row = HashMap::new();
        for row in &events.order {
            let Some(cells) = events.at(*row).and_then(|_| events.columns.row(*row as usize)) else { continue };
            let ours = own.get_mut(cells.agent as usize).is_some_and(|own: &mut Option<bool>| {
                *own.get_or_insert_with(|| of.words.get(cells.agent).contains(OWN_AGENT))
            });
            if ours {
                continue;
            }
            let principal = of.callers.get(cells.caller).map_or(NONE, |caller| caller.principal);
            let first = First {
                principal: new(&mut principals, principal),
                address: new(&mut addresses, cells.address),
                agent: new(&mut agents, cells.agent),
            };
            if first != First::default() {
                by_row.insert(*row, first);
            }
        }
        Self { by_row }
    }

    /// What of an event was not seen before it.
    #[must_use]
    pub fn get(&self, row: u32) -> First {
        self.by_row.get(&row).copied().unwrap_or_default()
    }
}
