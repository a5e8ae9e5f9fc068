//! Taking batches in: codes are translated, repeated deliveries dropped, the order kept.

use std::sync::Arc;

use hashbrown::hash_table::Entry;

use crate::fields::Reader;

use super::batch::{self, Batch, Run};
use super::cells::{Action, Caller, Cells, Dictionaries, Site, mark};
use super::raw::{Body, Content};
use super::words::hash;
use super::{EventRef, Events};

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// New rows: from this one on.
    pub first: u32,
    /// How many events came, those let go at once among them.
    pub events: usize,
    /// Repeated deliveries.
    pub duplicates: usize,
    /// Broken records.
    pub broken: usize,
    /// Where the repeated deliveries came from.
    pub repeated: Vec<(Arc<str>, usize)>,
}

/// So many events that share an id are compared with each other: more are made up, to keep this busy.
const MOST_TWINS: usize = 64;

/// A code not translated yet.
const UNSET: u32 = u32::MAX;

/// Codes of a batch as codes here, each translated when it is first met.
struct Translation<'b> {
    of: &'b Dictionaries,
    words: Vec<u32>,
    actions: Vec<u32>,
    callers: Vec<u32>,
    sites: Vec<u32>,
    sets: Vec<u32>,
}

impl<'b> Translation<'b> {
    fn new(of: &'b Dictionaries) -> Self {
        let unset = |len: usize| vec![UNSET; len];
        Self {
            of,
            words: unset(of.words.len()),
            actions: unset(of.actions.all().len()),
            callers: unset(of.callers.all().len()),
            sites: unset(of.sites.all().len()),
            sets: unset(of.sets.all().len()),
        }
    }

    fn word(&mut self, code: u32, into: &mut Dictionaries) -> u32 {
        let Some(slot) = self.words.get_mut(code as usize) else { return 0 };
        if *slot == UNSET {
            *slot = into.words.code(self.of.words.get(code));
        }
        *slot
    }

    fn cells(&mut self, cells: Cells, into: &mut Dictionaries) -> Cells {
        let odd = cells.marks & mark::ODD_ID != 0;
        Cells {
            id: if odd { u128::from(self.word(cells.id as u32, into)) } else { cells.id },
            action: self.action(cells.action, into),
            caller: self.caller(cells.caller, into),
            site: self.site(cells.site, into),
            address: self.word(cells.address, into),
            agent: self.word(cells.agent, into),
            tables: self.set(cells.tables, into),
            ..cells
        }
    }

    fn action(&mut self, code: u32, into: &mut Dictionaries) -> u32 {
        let known = self.actions.get(code as usize).copied().unwrap_or_default();
        let (UNSET, Some(of)) = (known, self.of.actions.get(code)) else { return known };
        let (source, name, error) = (self.word(of.source, into), self.word(of.name, into), self.word(of.error, into));
        keep(&mut self.actions, code, into.actions.code(&Action { source, name, error, ..*of }))
    }

    fn caller(&mut self, code: u32, into: &mut Dictionaries) -> u32 {
        let known = self.callers.get(code as usize).copied().unwrap_or_default();
        let (UNSET, Some(of)) = (known, self.of.callers.get(code)) else { return known };
        let caller = Caller {
            principal: self.word(of.principal, into),
            arn: self.word(of.arn, into),
            session: self.word(of.session, into),
            access_key: self.word(of.access_key, into),
        };
        keep(&mut self.callers, code, into.callers.code(&caller))
    }

    fn site(&mut self, code: u32, into: &mut Dictionaries) -> u32 {
        let known = self.sites.get(code as usize).copied().unwrap_or_default();
        let (UNSET, Some(of)) = (known, self.of.sites.get(code)) else { return known };
        let site = Site {
            region: self.word(of.region, into),
            account: self.word(of.account, into),
            vpce: self.word(of.vpce, into),
            tls: self.word(of.tls, into),
            exchange: self.word(of.exchange, into),
            host: self.word(of.host, into),
        };
        keep(&mut self.sites, code, into.sites.code(&site))
    }

    fn set(&mut self, code: u32, into: &mut Dictionaries) -> u32 {
        let known = self.sets.get(code as usize).copied().unwrap_or_default();
        let (UNSET, Some(of)) = (known, self.of.sets.get(code)) else { return known };
        let set: Box<[u32]> = of.iter().map(|word| self.word(*word, into)).collect();
        keep(&mut self.sets, code, into.sets.code(&set))
    }
}

fn keep(codes: &mut [u32], code: u32, translated: u32) -> u32 {
    if let Some(slot) = codes.get_mut(code as usize) {
        *slot = translated;
    }
    translated
}

impl Events {
    /// Takes in what was read.
    pub fn absorb(&mut self, batch: Batch) -> Taken {
        let mut taken = Taken { first: self.columns.len() as u32, broken: batch.broken.len(), ..Taken::default() };
        let mut into = Translation::new(&batch.words);
        self.columns.reserve(batch.columns.len());
        let ends: Vec<usize> = batch.runs.iter().skip(1).map(|run| run.first).chain([batch.columns.len()]).collect();
        let mut spans = Vec::new();
        for (run, end) in batch.runs.into_iter().zip(ends) {
            let Run { origin, body, text, first } = run;
            spans.clear();
            let (from, before) = (self.columns.len() as u32, taken.duplicates);
            for row in first..end {
                let (Some(cells), Some(span)) = (batch.columns.row(row), batch.spans.get(row)) else { break };
                let cells = into.cells(cells, &mut self.dictionaries);
                if self.admit(cells, *span, (from, &spans), &mut taken) {
                    spans.push(*span);
                }
            }
            if taken.duplicates > before {
                taken.repeated.push((origin.clone(), taken.duplicates - before));
            }
            if !spans.is_empty() {
                let body = body.unwrap_or_else(|| Body::Plain(Arc::from(text)));
                self.contents.push(Content { origin, body, first: from, spans: Arc::from(spans.as_slice()) });
            }
        }
        self.broken.extend(batch.broken);
        self.tally.broken += taken.broken;
        self.revision += 1;
        taken
    }

    /// Adds a row, unless it is one that is there or older than what memory has room for. `open` are the rows of the
    /// content being filled: its first row and its spans.
    fn admit(&mut self, mut cells: Cells, span: (u32, u32), open: (u32, &[(u32, u32)]), taken: &mut Taken) -> bool {
        let row = self.columns.len() as u32;
        if self.cut.is_some_and(|cut| cells.time < cut) {
            // Ids of what was let go are forgotten: a second delivery of it counts as an event.
            self.tally.events += 1;
            taken.events += 1;
            self.let_go(cells.action);
            return false;
        }
        if cells.marks & mark::NO_ID == 0 {
            let columns = &self.columns;
            let same = |row: &u32| {
                let row = *row as usize;
                columns.id.get(row) == Some(&cells.id)
                    && columns.marks.get(row).is_some_and(|marks| (marks ^ cells.marks) & mark::ODD_ID == 0)
            };
            let entry = self.ids.entry(id_key(cells.id, cells.marks), same, |row| {
                let row = *row as usize;
                let marks = columns.marks.get(row).copied().unwrap_or_default();
                id_key(columns.id.get(row).copied().unwrap_or_default(), marks)
            });
            match entry {
                Entry::Vacant(new) => {
                    new.insert(row);
                }
                Entry::Occupied(mut known) => {
                    let first = *known.get();
                    let at = first as usize;
                    if columns.marks.get(at).is_some_and(|marks| marks & mark::GONE != 0) {
                        *known.get_mut() = row;
                    } else {
                        let len = match first.checked_sub(open.0).and_then(|at| open.1.get(at as usize)) {
                            Some((_, len)) => Some(*len),
                            None => content_of(&self.contents, first).map(|(_, (_, len))| len),
                        };
                        let others = self.twins.entry(first).or_default();
                        let same = |other: u32| columns.digest.get(other as usize) == Some(&cells.digest);
                        let compared = others.get(..MOST_TWINS.min(others.len())).unwrap_or_default();
                        if len == Some(span.1) && same(first) || compared.iter().any(|other| same(*other)) {
                            self.tally.duplicates += 1;
                            taken.duplicates += 1;
                            return false;
                        }
                        // The same id, not the same text: whether it is the same record shows once both are read.
                        cells.marks |= mark::TWIN;
                        if others.len() < MOST_TWINS {
                            self.doubtful.insert((first, row));
                            self.doubtful.extend(others.iter().map(|other| (*other, row)));
                        }
                        others.push(row);
                    }
                }
            }
        }
        self.tally.events += 1;
        taken.events += 1;
        self.columns.push(cells);
        // Rows without a time stand at its beginning.
        let zone = row as usize / super::select::ZONE;
        match self.zones.get_mut(zone) {
            Some((least, most)) => (*least, *most) = ((*least).min(cells.time), (*most).max(cells.time)),
            None => self.zones.push((cells.time, cells.time)),
        }
        true
    }

    pub(super) fn let_go(&mut self, action: u32) {
        self.tally.evicted += 1;
        let name = self.dictionaries.actions.get(action).map_or(0, |action| action.name);
        let name = self.dictionaries.words.get(name);
        match self.gone_names.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.gone_names.insert(Arc::from(name), 1);
            }
        }
    }

    /// Takes in one document as text: a record, or several; `origin` tells what brought it.
    pub fn push(&mut self, text: &str, origin: &Arc<str>, reader: &Reader) -> Taken {
        let mut batch = Batch::default();
        batch.from(origin);
        crate::envelope::read(text, reader, &mut batch);
        self.absorb(batch)
    }

    /// Sorts what came in since the last call. Cheap when nothing did.
    pub fn settle(&mut self) {
        let rows = self.columns.len();
        if self.sorted == rows {
            return;
        }
        let time = &self.columns.time;
        let key = |row: u32| u64::from(time.get(row as usize).copied().unwrap_or_default()) << 32 | u64::from(row);
        let mut fresh: Vec<u64> = (self.sorted as u32..rows as u32).map(key).collect();
        // Files are sorted, or nearly: a merge sort finds their runs.
        fresh.sort();
        let late = self.order.last().is_none_or(|last| fresh.first().is_none_or(|first| key(*last) <= *first));
        if late {
            self.order.extend(fresh.iter().map(|key| *key as u32));
        } else {
            let old = std::mem::take(&mut self.order);
            self.order.reserve(rows);
            let mut old = old.into_iter().peekable();
            for fresh in fresh {
                while let Some(row) = old.next_if(|row| key(*row) <= fresh) {
                    self.order.push(row);
                }
                self.order.push(fresh as u32);
            }
            self.order.extend(old);
        }
        self.sorted = rows;
    }

    /// The event with this id, the first of several; or with this key, the very one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<EventRef<'_>> {
        self.by_id(key).or_else(|| {
            let (_, beside) = key.rsplit_once(super::event::BESIDE)?;
            let (row, digest) = beside.split_once('.')?;
            // Rows get new numbers when memory is short: the record's hash tells whether it is the same one.
            let row: u32 = row.parse().ok()?;
            let same = u32::from_str_radix(digest, 16).ok() == self.columns.digest.get(row as usize).copied();
            self.at(row).filter(|_| same)
        })
    }

    /// The events with this id: one, unless others share it.
    pub(super) fn all_of(&self, id: &str) -> Vec<u32> {
        let Some(first) = self.by_id(id).map(EventRef::row) else { return Vec::new() };
        std::iter::once(first).chain(self.twins.get(&first).into_iter().flatten().copied()).collect()
    }

    fn by_id(&self, id: &str) -> Option<EventRef<'_>> {
        let (id, marks) = match batch::uuid(id) {
            Some(id) => (id, 0),
            None => (u128::from(self.dictionaries.words.find(id).filter(|code| *code != 0)?), mark::ODD_ID),
        };
        let row = self.ids.find(id_key(id, marks), |row| {
            let row = *row as usize;
            self.columns.id.get(row) == Some(&id)
                && self.columns.marks.get(row).is_some_and(|of| (of ^ marks) & mark::ODD_ID == 0)
        });
        self.at(*row?)
    }

    /// The content of a row, and where in it the record lies: first byte and length.
    #[must_use]
    pub fn place(&self, row: u32) -> Option<(&Content, (u32, u32))> {
        self.content_of(row)
    }

    pub(super) fn content_of(&self, row: u32) -> Option<(&Content, (u32, u32))> {
        content_of(&self.contents, row)
    }
}

fn content_of(contents: &[Content], row: u32) -> Option<(&Content, (u32, u32))> {
    let at = contents.partition_point(|content| content.first <= row).checked_sub(1)?;
    let content = contents.get(at)?;
    Some((content, *content.spans.get((row - content.first) as usize)?))
}

fn id_key(id: u128, marks: u8) -> u64 {
    hash((id, marks & mark::ODD_ID))
}
