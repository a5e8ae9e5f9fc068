//! CloudTrail events in memory, merged by id, newest first, with an index for every pivot.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Event;

/// Positions in arrival order.
type Positions = Vec<u32>;

/// The events of the estate.
#[derive(Debug, Default)]
pub struct EventLog {
    events: Vec<Arc<Event>>,
    by_id: HashMap<String, u32>,
    newest_first: Positions,
    sorted: usize,
    by_key: HashMap<String, Positions>,
    by_principal: HashMap<String, Positions>,
    by_session: HashMap<String, Positions>,
    by_ip: HashMap<String, Positions>,
    by_table: HashMap<String, Positions>,
}

impl EventLog {
    /// Merges an event in; `false` when its id is known already.
    pub fn insert(&mut self, event: Event) -> bool {
        if self.by_id.contains_key(&event.id) {
            return false;
        }
        let Ok(position) = u32::try_from(self.events.len()) else { return false };
        let index = |map: &mut HashMap<String, Positions>, key: &str| {
            map.entry(key.to_owned()).or_default().push(position);
        };
        if let Some(key) = &event.access_key {
            index(&mut self.by_key, key);
        }
        if let Some(session) = &event.session {
            index(&mut self.by_session, session);
        }
        if let Some(ip) = &event.ip {
            index(&mut self.by_ip, ip);
        }
        index(&mut self.by_principal, &event.principal);
        for table in &event.tables {
            index(&mut self.by_table, table);
        }
        self.by_id.insert(event.id.clone(), position);
        self.events.push(Arc::new(event));
        true
    }

    /// Sorts what came in since the last call; reading order is newest first, ties by id.
    pub fn settle(&mut self) {
        if self.sorted == self.events.len() {
            return;
        }
        let from = u32::try_from(self.sorted).unwrap_or(u32::MAX);
        let to = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        self.newest_first.extend(from..to);
        let events = &self.events;
        // A merge sort of two runs: the sorted run and the new tail.
        self.newest_first.sort_by(|a, b| order(&events[*b as usize], &events[*a as usize]));
        self.sorted = self.events.len();
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All, newest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.newest_first.iter().filter_map(|position| self.events.get(*position as usize))
    }

    /// The event with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Event>> {
        self.by_id.get(id).and_then(|position| self.events.get(*position as usize))
    }

    /// Events by this access key, newest first.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Vec<&Arc<Event>> {
        self.pick(self.by_key.get(key))
    }

    /// Events by this principal, newest first.
    #[must_use]
    pub fn by_principal(&self, principal: &str) -> Vec<&Arc<Event>> {
        self.pick(self.by_principal.get(principal))
    }

    /// Events of this session name, newest first.
    #[must_use]
    pub fn by_session(&self, session: &str) -> Vec<&Arc<Event>> {
        self.pick(self.by_session.get(session))
    }

    /// Events from this address, newest first.
    #[must_use]
    pub fn by_ip(&self, ip: &str) -> Vec<&Arc<Event>> {
        self.pick(self.by_ip.get(ip))
    }

    /// Events that name this table, newest first.
    #[must_use]
    pub fn by_table(&self, table: &str) -> Vec<&Arc<Event>> {
        self.pick(self.by_table.get(table))
    }

    fn pick(&self, positions: Option<&Positions>) -> Vec<&Arc<Event>> {
        let mut found: Vec<_> =
            positions.into_iter().flatten().filter_map(|position| self.events.get(*position as usize)).collect();
        found.sort_by(|a, b| order(b, a));
        found
    }
}

fn order(a: &Event, b: &Event) -> std::cmp::Ordering {
    a.time.cmp(&b.time).then_with(|| a.id.cmp(&b.id))
}
