//! The events that share a value: by an index where one was made, else by a walk over one column.

use std::collections::HashMap;

use super::{EventRef, Events};

/// Rows by code, and codes by word; made when asked for.
#[derive(Debug, Default)]
pub(super) struct Pivots {
    /// So many rows are in it.
    rows: usize,
    callers: Vec<Vec<u32>>,
    sets: Vec<Vec<u32>>,
    addresses: HashMap<u32, Vec<u32>>,
    /// So many callers and sets are in these.
    known: (usize, usize),
    keys: HashMap<u32, Vec<u32>>,
    sessions: HashMap<u32, Vec<u32>>,
    principals: HashMap<u32, Vec<u32>>,
    tables: HashMap<u32, Vec<u32>>,
}

fn into(lists: &mut Vec<Vec<u32>>, code: u32, row: u32) {
    let at = code as usize;
    if lists.len() <= at {
        lists.resize(at + 1, Vec::new());
    }
    lists.get_mut(at).into_iter().for_each(|rows| rows.push(row));
}

impl Events {
    /// Makes the index, or brings it up to date, so that the pivots below cost what they find.
    pub fn index(&mut self) {
        let of = &self.dictionaries;
        let pivots = &mut self.pivots;
        for row in pivots.rows..self.columns.len() {
            let code = |column: &[u32]| column.get(row).copied().unwrap_or_default();
            let number = row as u32;
            into(&mut pivots.callers, code(&self.columns.caller), number);
            into(&mut pivots.sets, code(&self.columns.tables), number);
            pivots.addresses.entry(code(&self.columns.address)).or_default().push(number);
        }
        pivots.rows = self.columns.len();
        for (code, caller) in of.callers.all().iter().enumerate().skip(pivots.known.0) {
            let code = code as u32;
            pivots.keys.entry(caller.access_key).or_default().push(code);
            pivots.sessions.entry(caller.session).or_default().push(code);
            pivots.principals.entry(caller.principal).or_default().push(code);
        }
        for (code, set) in of.sets.all().iter().enumerate().skip(pivots.known.1) {
            for word in set {
                pivots.tables.entry(*word).or_default().push(code as u32);
            }
        }
        pivots.known = (of.callers.all().len(), of.sets.all().len());
    }

    /// Events by this access key, newest first.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Vec<EventRef<'_>> {
        self.by_caller(key, |pivots| &pivots.keys, |of, word| of.access_key == word)
    }

    /// Events of this session name, newest first.
    #[must_use]
    pub fn by_session(&self, session: &str) -> Vec<EventRef<'_>> {
        self.by_caller(session, |pivots| &pivots.sessions, |of, word| of.session == word)
    }

    /// Events by this principal, newest first.
    #[must_use]
    pub fn by_principal(&self, principal: &str) -> Vec<EventRef<'_>> {
        self.by_caller(principal, |pivots| &pivots.principals, |of, word| of.principal == word)
    }

    /// Events from this address, newest first.
    #[must_use]
    pub fn by_ip(&self, ip: &str) -> Vec<EventRef<'_>> {
        let Some(word) = self.word(ip) else { return Vec::new() };
        if self.indexed() {
            return self.pick(self.pivots.addresses.get(&word).into_iter().flatten().copied());
        }
        self.walk(&self.columns.address, |code| code == word)
    }

    /// Events that speak of this table, newest first.
    #[must_use]
    pub fn by_table(&self, table: &str) -> Vec<EventRef<'_>> {
        let Some(word) = self.word(table) else { return Vec::new() };
        if self.indexed() {
            let codes = self.pivots.tables.get(&word).into_iter().flatten();
            return self.pick(codes.filter_map(|code| self.pivots.sets.get(*code as usize)).flatten().copied());
        }
        let has: Vec<bool> = self.dictionaries.sets.all().iter().map(|set| set.contains(&word)).collect();
        self.walk(&self.columns.tables, |code| has.get(code as usize).is_some_and(|has| *has))
    }

    fn by_caller(
        &self,
        name: &str,
        index: impl Fn(&Pivots) -> &HashMap<u32, Vec<u32>>,
        is: impl Fn(&super::cells::Caller, u32) -> bool,
    ) -> Vec<EventRef<'_>> {
        let Some(word) = self.word(name) else { return Vec::new() };
        if self.indexed() {
            let codes = index(&self.pivots).get(&word).into_iter().flatten();
            return self.pick(codes.filter_map(|code| self.pivots.callers.get(*code as usize)).flatten().copied());
        }
        let has: Vec<bool> = self.dictionaries.callers.all().iter().map(|caller| is(caller, word)).collect();
        self.walk(&self.columns.caller, |code| has.get(code as usize).is_some_and(|has| *has))
    }

    fn word(&self, text: &str) -> Option<u32> {
        self.dictionaries.words.find(text).filter(|word| *word != super::words::NONE)
    }

    fn indexed(&self) -> bool {
        self.pivots.rows == self.columns.len() && !self.columns.is_empty()
    }

    fn walk(&self, column: &[u32], is: impl Fn(u32) -> bool) -> Vec<EventRef<'_>> {
        self.pick(column.iter().enumerate().filter(|(_, code)| is(**code)).map(|(row, _)| row as u32))
    }

    fn pick(&self, rows: impl Iterator<Item = u32>) -> Vec<EventRef<'_>> {
        let mut found: Vec<EventRef<'_>> = rows.filter_map(|row| self.at(row)).collect();
        found.sort_by(|a, b| newest(*a, *b));
        found
    }
}

/// Newest first, ties by order of arrival, the later first.
pub(super) fn newest(a: EventRef<'_>, b: EventRef<'_>) -> std::cmp::Ordering {
    b.time().cmp(&a.time()).then_with(|| b.row().cmp(&a.row()))
}
