//! Brings a load's events into memory, in slices: reading, keeping compact behind, telling twins from repeated
//! deliveries, all within a bound of memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::columns::{Body, Content, Doubt, Events};
use crate::scan::nobody;

use super::document::document;
use super::load::{Keep, Load, Options, Step};
use super::pack::Packer;
use super::report::{FileKind, LoadReport};

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
    /// Kind, bytes and repeated deliveries of every file, for when it is read anew.
    files: HashMap<Arc<str>, (FileKind, u64, usize)>,
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
            files: HashMap::new(),
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
            let whole = matches!(step, Step::Whole);
            self.take(step, events);
            if whole {
                self.behind(events);
            }
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
            shown(self);
            if self.report.finished {
                break;
            }
        }
        resolve(events, true);
    }

    fn take(&mut self, step: Step, events: &mut Events) {
        match step {
            Step::Found { files, bytes } => {
                self.report.found(files, bytes);
            }
            Step::Again(path) => {
                let known = self.files.remove(&path);
                if let Some((kind, bytes, _)) = known {
                    self.report.forget(&path, kind, bytes);
                }
                events.forget(&path, known.map_or(0, |(_, _, duplicates)| duplicates));
            }
            Step::Read(batch, mut files) => {
                let taken = events.absorb(batch);
                for file in &mut files {
                    let of = taken.repeated.iter().filter(|(path, _)| *path == file.path);
                    file.duplicates = of.map(|(_, count)| count).sum();
                }
                for file in files {
                    self.files.insert(file.path.clone(), (file.kind, file.bytes, file.duplicates));
                    self.report.add(file);
                }
                events.bound(self.most);
            }
            Step::Whole => {
                self.report.finished = true;
                self.took.get_or_insert(self.began.elapsed());
                if !self.follow {
                    self.load = None;
                }
            }
        }
    }

    /// What is done once all was read, behind everything else: files are read for it, not on the thread that draws.
    fn behind(&mut self, events: &Events) {
        let doubts = events.doubts();
        if !doubts.is_empty() {
            let (to, from) = channel();
            std::thread::spawn(move || compare(doubts, |pair, same| to.send((pair, same)).is_ok()));
            self.telling = Some(from);
        }
        let (columns, records) = events.bytes();
        // Compressed, records take about as much as the files themselves do.
        let room = columns + records + self.report.total_bytes as usize <= self.most;
        if self.keep == Keep::Packed && room {
            let on_disk = |content: &&Content| matches!(content.body, Body::File);
            let mut contents: Vec<Content> = events.contents().iter().filter(on_disk).cloned().collect();
            contents.reverse();
            self.packer = Some(Packer::start(contents, self.threads, &nobody()));
        }
    }
}

/// Tells apart what shares an id and differs as text: one record that two deliveries wrote differently, or two.
///
/// Only what is at hand is compared where `wait` is false: no file is read.
pub fn resolve(events: &mut Events, wait: bool) {
    let mut doubts = events.doubts();
    let at_hand = |(content, _): &(Content, (u32, u32))| !matches!(content.body, Body::File);
    doubts.retain(|doubt| wait || doubt.records.iter().all(at_hand));
    compare(doubts, |pair, same| {
        events.tell(pair, same);
        true
    });
}

/// Documents kept while pairs are compared: those of one file follow each other.
const OPEN: usize = 8;

/// Compares each pair as JSON, until `told` has enough.
fn compare(mut doubts: Vec<Doubt>, mut told: impl FnMut((u32, u32), bool) -> bool) {
    doubts.sort_by(|a, b| a.rows.1.cmp(&b.rows.1).then_with(|| a.rows.0.cmp(&b.rows.0)));
    let mut open: VecDeque<(Arc<str>, Option<String>)> = VecDeque::new();
    for Doubt { rows, records: [one, other] } in doubts {
        let one = read(&one, &mut open);
        let same = one.is_some() && one == read(&other, &mut open);
        if !told(rows, same) {
            break;
        }
    }
}

/// A record as JSON: two deliveries may write its keys in another order, or blanks elsewhere.
fn read(
    (content, (start, len)): &(Content, (u32, u32)),
    open: &mut VecDeque<(Arc<str>, Option<String>)>,
) -> Option<Value> {
    if let Ok(text) = content.get(*start, *len) {
        return serde_json::from_str(&text).ok();
    }
    if !open.iter().any(|(path, _)| *path == content.origin) {
        open.truncate(OPEN - 1);
        open.push_front((content.origin.clone(), document(&content.origin).ok()));
    }
    let (_, text) = open.iter().find(|(path, _)| *path == content.origin)?;
    serde_json::from_str(text.as_deref()?.get(*start as usize..(*start + *len) as usize)?).ok()
}
