//! Keeping to a bound of memory, reading a file anew, telling twins from repeated deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::batch::{Batch, Run};
use super::cells::mark;
use super::raw::{Body, Content, Packed};
use super::{Events, Facet};

/// Two rows with one id whose texts differ.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// The rows, the earlier arrival first.
    pub rows: (u32, u32),
    /// Where their records lie.
    pub records: [(Content, (u32, u32)); 2],
}

impl Events {
    /// How many events there are of each name, those let go included.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&str, usize> {
        let mut names: BTreeMap<&str, usize> = self.count_by(Facet::Name, &self.all()).into_iter().collect();
        for (name, count) in &self.gone_names {
            *names.entry(name).or_default() += count;
        }
        names
    }

    /// Events older than this were let go for want of memory, in seconds since 1970.
    #[must_use]
    pub fn cut(&self) -> Option<u32> {
        self.cut
    }

    /// Lets the oldest events go while memory is over a bound, in bytes. True when some went: rows have new numbers
    /// then.
    pub fn bound(&mut self, most: usize) -> bool {
        let (columns, records) = self.bytes();
        if columns + records <= most || self.columns.is_empty() {
            return false;
        }
        self.settle();
        // A quarter at once, so that it is not done for every file.
        let over = (columns + records - most) as f64 / (columns + records) as f64;
        let share = over.clamp(0.25, 1.0);
        let last = ((self.order.len() as f64 * share) as usize).min(self.order.len() - 1);
        let cut =
            self.order.get(last).and_then(|row| self.columns.time.get(*row as usize)).copied().unwrap_or_default();
        self.keep_from(cut.max(self.cut.unwrap_or_default().saturating_add(1)));
        true
    }

    fn keep_from(&mut self, cut: u32) {
        let old = std::mem::take(self);
        let mut batch = Batch::default();
        for content in &old.contents {
            batch.runs.push(Run {
                origin: content.origin.clone(),
                body: Some(content.body.clone()),
                text: String::new(),
                first: batch.columns.len(),
            });
            for (at, span) in content.spans.iter().enumerate() {
                let Some(mut cells) = old.columns.row(content.first as usize + at) else { continue };
                if cells.marks & mark::GONE == 0 && cells.time >= cut {
                    cells.marks &= !mark::TWIN;
                    batch.columns.push(cells);
                    batch.spans.push(*span);
                }
            }
        }
        *self = Self { gone_names: old.gone_names, revision: old.revision, ..Self::default() };
        self.tally.evicted = old.tally.evicted;
        for row in 0..old.columns.len() {
            let Some(cells) = old.columns.row(row) else { continue };
            if cells.marks & mark::GONE == 0 && cells.time < cut {
                self.tally.evicted += 1;
                let name = old.dictionaries.actions.get(cells.action).map_or(0, |action| action.name);
                *self.gone_names.entry(Arc::from(old.dictionaries.words.get(name))).or_default() += 1;
            }
        }
        batch.words = old.dictionaries;
        self.absorb(batch);
        self.broken = old.broken;
        let evicted = self.tally.evicted;
        self.tally = old.tally;
        self.tally.evicted = evicted;
        self.cut = Some(cut);
        self.generation = old.generation + 1;
        self.settle();
    }

    /// Takes away all that came from a file, so that it can be read anew. `duplicates` of it were counted.
    pub fn forget(&mut self, origin: &str, duplicates: usize) {
        for content in self.contents.iter().filter(|content| &*content.origin == origin) {
            for row in content.first..content.first + content.spans.len() as u32 {
                if let Some(marks) = self.columns.marks.get_mut(row as usize).filter(|marks| **marks & mark::GONE == 0)
                {
                    *marks |= mark::GONE;
                    self.tally.events -= 1;
                }
            }
        }
        let before = self.broken.len();
        self.broken.retain(|broken| &*broken.origin != origin);
        self.tally.broken -= before - self.broken.len();
        self.tally.duplicates = self.tally.duplicates.saturating_sub(duplicates);
        self.revision += 1;
    }

    /// Replaces the files that contents were read from with what was kept of them.
    pub fn pack(&mut self, origin: &str, first: u32, packed: Packed) {
        // Contents follow each other as their rows do; one without a row may share its first with the next.
        let from = self.contents.partition_point(|content| content.first < first);
        let mut of = self.contents.iter_mut().skip(from).take_while(|content| content.first == first);
        let found = of.find(|content| &*content.origin == origin);
        if let Some(content) = found {
            content.body = Body::Packed(Arc::new(packed));
        }
    }

    /// Pairs that share an id and differ as texts, not told apart yet.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        let place = |row: u32| self.content_of(row).map(|(content, span)| (content.clone(), span));
        let pairs = self.doubtful.iter();
        pairs.filter_map(|(a, b)| Some(Doubt { rows: (*a, *b), records: [place(*a)?, place(*b)?] })).collect()
    }

    /// Says of a pair whether it is one record, delivered twice.
    pub fn tell(&mut self, (first, row): (u32, u32), same: bool) {
        self.doubtful.remove(&(first, row));
        let columns = &mut self.columns;
        if same {
            if let Some(marks) = columns.marks.get_mut(row as usize).filter(|marks| **marks & mark::GONE == 0) {
                *marks |= mark::GONE;
                self.tally.events -= 1;
                self.tally.duplicates += 1;
            }
        } else {
            columns.marks.get_mut(first as usize).into_iter().for_each(|marks| *marks |= mark::TWIN);
        }
        self.revision += 1;
    }

    /// Gives back memory that nothing uses; for when all is loaded.
    pub fn shrink(&mut self) {
        self.columns.shrink();
        let of = &mut self.dictionaries;
        of.words.shrink();
        of.actions.shrink();
        of.callers.shrink();
        of.sites.shrink();
        of.sets.shrink();
        self.order.shrink_to_fit();
        self.contents.shrink_to_fit();
    }
}
