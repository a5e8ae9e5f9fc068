//! Which events are the first of their principal, address or agent: the beginnings of stories.

use std::collections::{HashMap, HashSet};

use super::EventLog;

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

/// The events that are firsts, by id: as many as there are principals, addresses and agents, at most.
#[derive(Debug, Default)]
pub struct Firsts {
    by_id: HashMap<String, First>,
}

impl Firsts {
    /// Found in one pass from the oldest event on. Our own calls neither are firsts nor make others seconds.
    #[must_use]
    pub fn of(events: &EventLog) -> Self {
        let (mut principals, mut addresses, mut agents) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut by_id = HashMap::new();
        for event in events.iter().rev().filter(|event| !event.own) {
            let first = First {
                principal: principals.insert(event.principal.as_str()),
                address: event.ip.as_deref().is_some_and(|ip| addresses.insert(ip)),
                agent: event.user_agent.as_deref().is_some_and(|agent| agents.insert(agent)),
            };
            if first != First::default() {
                by_id.insert(event.id.clone(), first);
            }
        }
        Self { by_id }
    }

    /// What of an event was not seen before it.
    #[must_use]
    pub fn get(&self, id: &str) -> First {
        self.by_id.get(id).copied().unwrap_or_default()
    }
}
