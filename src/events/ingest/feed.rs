//! Brings a load's events into memory, in slices: reading, keeping compact behind, telling twins from repeated
//! deliveries, all within a bound of memory.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::columns::{Body, Doubt, Events};
use crate::scan::nobody;

use super::document::document;
use super::load::{Keep, Load, Options, Step};
use super::pack::Packer;
use super::report::LoadReport;

/// A load, and what follows it.
#[derive(Debug)]
pub struct Feed {
    load: Option<Load>,
    packer: Option<Packer>,
    /// Pairs being told apart: each with whether it is one record.
    telling: Option<Receiver<((u32, u32), bool)>>,
    keep: Keep,
    threads: usize,
    follow: bool,
    /// The most bytes that events may take.
    most: usize,
    /// What became of every file.
    pub report: LoadReport,
    began: Instant,
    /// How long the load took, once all was read.
    pub took: Option<Duration>,
}

impl Feed {
    /// Begins to load, keeping to so many bytes of memory.
    #[must_use]
    pub fn start(options: Options, most: usize) -> Self {
        let (keep, threads, follow) = (options.keep, options.threads, options.follow);
        Self {
            load: Some(Load::start(options, nobody())),
            packer: None,
            telling: None,
            keep,
            threads,
            follow,
            most,
            report: LoadReport::default(),
            began: Instant::now(),
            took: None,
        }
    }

    /// True while something is read or compressed.
    #[must_use]
    pub fn busy(&self) -> bool {
        !self.report.finished || self.packer.is_some()
    }

    /// How long the rest takes at the pace so far.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let report = &self.report;
        let share = report.bytes as f64 / report.total_bytes.max(1) as f64;
        (share > 0.02 && !report.finished).then(|| self.began.elapsed().mul_f64((1.0 / share - 1.0).max(0.0)))
    }

    /// Takes in what came, for so long at most; `true` when something changed.
    pub fn poll(&mut self, events: &mut Events, within: Duration) -> bool {
        let (began, mut changed) = (Instant::now(), false);
        while began.elapsed() < within {
            let Some(step) = self.load.as_ref().and_then(Load::fetch) else { break };
            changed = true;
            self.take(step, events);
        }
        let done = self.packer.as_ref().is_some_and(Packer::done);
        let kept = self.packer.as_ref().map(Packer::fetch).unwrap_or_default();
        for (origin, first, packed) in kept {
            events.pack(&origin, first, packed);
        }
        if done {
            self.packer = None;
        }
        let told: Vec<_> = self.telling.iter().flat_map(Receiver::try_iter).collect();
        changed |= !told.is_empty();
        told.into_iter().for_each(|(pair, same)| events.tell(pair, same));
        changed
    }

    /// Takes in all there is, waiting for it; what is kept compact is left to its files. `shown` is told of progress.
    pub fn finish(&mut self, events: &mut Events, mut shown: impl FnMut(&Self)) {
        while let Some(step) = self.load.as_ref().and_then(Load::wait) {
            self.take(step, events);
            self.telling = None;
            shown(self);
            if self.report.finished {
                break;
            }
        }
        resolve(events);
    }

    fn take(&mut self, step: Step, events: &mut Events) {
        match step {
            Step::Found { files, bytes } => {
                (self.report.total, self.report.total_bytes) = (files, bytes);
            }
            Step::Again(path) => {
                self.report.finished = false;
                self.report.total += 1;
                let duplicates = self.report.duplicates.remove(&path).unwrap_or_default();
                events.forget(&path, duplicates);
            }
            Step::Read(batch, mut files) => {
                let taken = events.absorb(batch);
                for file in &mut files {
                    let of = taken.repeated.iter().filter(|(path, _)| *path == file.path);
                    file.duplicates = of.map(|(_, count)| count).sum();
                }
                files.into_iter().for_each(|file| self.report.add(file));
                events.bound(self.most);
            }
            Step::Whole => {
                self.report.finished = true;
                self.took.get_or_insert(self.began.elapsed());
                let doubts = events.doubts();
                if !doubts.is_empty() {
                    // Files are read for it: not on the thread that draws.
                    let (to, from) = channel();
                    std::thread::spawn(move || {
                        doubts.into_iter().all(|doubt| to.send((doubt.rows, same(&doubt))).is_ok())
                    });
                    self.telling = Some(from);
                }
                if !self.follow {
                    self.load = None;
                }
                let (columns, records) = events.bytes();
                // Compressed records take about a sixth of what the files do unpacked, as much as the files themselves.
                let room = columns + records + self.report.total_bytes as usize <= self.most;
                if self.keep == Keep::Packed && room {
                    let mut contents: Vec<_> = events
                        .contents()
                        .iter()
                        .filter(|content| matches!(content.body, Body::File))
                        .cloned()
                        .collect();
                    contents.reverse();
                    self.packer = Some(Packer::start(contents, self.threads, &nobody()));
                }
            }
        }
    }
}

/// Tells apart what shares an id and differs as text: one record that two deliveries wrote differently, or two.
pub fn resolve(events: &mut Events) {
    for doubt in events.doubts() {
        events.tell(doubt.rows, same(&doubt));
    }
}

/// True for one record that two deliveries wrote differently: its keys in another order, blanks elsewhere.
fn same(doubt: &Doubt) -> bool {
    let read = |(content, (start, len)): &(crate::columns::Content, (u32, u32))| -> Option<serde_json::Value> {
        let text = match content.get(*start, *len) {
            Ok(text) => text.into_owned(),
            Err(elsewhere) => {
                let (from, to) = (*start as usize, (*start + *len) as usize);
                document(&elsewhere.path).ok()?.get(from..to)?.to_owned()
            }
        };
        serde_json::from_str(&text).ok()
    };
    let [one, other] = &doubt.records;
    read(one).is_some_and(|one| read(other) == Some(one))
}
