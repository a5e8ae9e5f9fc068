//! A load: files found, read by several threads, handed over in batches as they come, kept compact behind.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Grader;
use crate::columns::{Batch, Body};
use crate::envelope;
use crate::fields::Reader;
use crate::scan::Notify;

use super::document::{Bytes, Files, as_text};
use super::report::{FileKind, FileReport};
use super::walk::{self, Found};

/// Where records are kept once they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// In their files: a record is read again when it is looked at.
    Files,
    /// Compressed, in memory.
    #[default]
    Packed,
    /// As they are, in memory.
    Plain,
}

/// What to load, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Files and directories.
    pub paths: Vec<PathBuf>,
    /// Threads that read.
    pub threads: usize,
    /// Where records are kept.
    pub keep: Keep,
    /// Go on looking for files that grow or appear.
    pub follow: bool,
    /// What says how bad events are.
    pub grader: Option<&'static dyn Grader>,
}

impl Options {
    fn batch(&self) -> Batch {
        self.grader.map_or_else(Batch::default, Batch::graded)
    }
}

/// What a load tells.
#[derive(Debug)]
pub enum Step {
    /// So many files and bytes were found.
    Found {
        /// Files.
        files: usize,
        /// Bytes on disk.
        bytes: u64,
    },
    /// Read, with what became of each file.
    Read(Batch, Vec<FileReport>),
    /// A file changed: what it brought before stands no more.
    Again(Arc<str>),
    /// All was read; what is followed may bring more.
    Whole,
}

/// A load under way; dropped, it ends.
#[derive(Debug)]
pub struct Load {
    from: Receiver<Step>,
    stop: Arc<AtomicBool>,
}

/// Batches on their way at most.
const QUEUE: usize = 8;
/// A batch is handed over once it holds so many events.
const BATCH: usize = 8_192;
/// A record of more bytes is worth a word: CloudTrail's own have 256 KB at most.
const LARGE: u32 = 8 << 20;
/// How often followed files are looked at.
const PACE: Duration = Duration::from_millis(500);

impl Load {
    /// Begins to load. `notify` is called when there is something to fetch.
    #[must_use]
    pub fn start(options: Options, notify: Notify) -> Self {
        let (to, from) = sync_channel(QUEUE);
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work { options, to, stop: stop.clone(), notify };
        std::thread::spawn(move || work.run());
        Self { from, stop }
    }

    /// What came since the last call; never waits.
    #[must_use]
    pub fn fetch(&self) -> Option<Step> {
        self.from.try_recv().ok()
    }

    /// What comes next; `None` at the end.
    #[must_use]
    pub fn wait(&self) -> Option<Step> {
        self.from.recv().ok()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Work {
    options: Options,
    to: SyncSender<Step>,
    stop: Arc<AtomicBool>,
    notify: Notify,
}

impl Work {
    fn send(&self, step: Step) -> bool {
        let sent = !self.stop.load(Ordering::Relaxed) && self.to.send(step).is_ok();
        (self.notify)();
        sent
    }

    fn run(self) {
        let (files, odd) = walk::find(&self.options.paths);
        let bytes = files.iter().map(|file| file.bytes).sum();
        let mut known: HashMap<PathBuf, Found> = files.iter().map(|file| (file.path.clone(), file.clone())).collect();
        if !self.send(Step::Found { files: files.len(), bytes }) || !self.send(Step::Read(Batch::default(), odd)) {
            return;
        }
        self.read(&files);
        if !self.send(Step::Whole) {
            return;
        }
        while self.options.follow && !self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(PACE);
            let (files, _) = walk::find(&self.options.paths);
            let found = Step::Found { files: files.len(), bytes: files.iter().map(|file| file.bytes).sum() };
            let changed: Vec<Found> = files.into_iter().filter(|file| known.get(&file.path) != Some(file)).collect();
            if changed.is_empty() {
                continue;
            }
            if !self.send(found) {
                return;
            }
            for file in &changed {
                let read = known.insert(file.path.clone(), file.clone()).is_some();
                if read && !self.send(Step::Again(walk::name(&file.path))) {
                    return;
                }
            }
            self.read(&changed);
            if !self.send(Step::Whole) {
                return;
            }
        }
    }

    /// Reads files on all threads.
    fn read(&self, files: &[Found]) {
        let next = AtomicUsize::new(0);
        // The first batch is small: something is on the screen at once.
        let first = Mutex::new(true);
        std::thread::scope(|scope| {
            for _ in 0..self.options.threads.clamp(1, files.len().max(1)) {
                scope.spawn(|| {
                    let (mut reader, mut batch, mut reports) = (One::default(), self.options.batch(), Vec::new());
                    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        reports.push(reader.read(file, self.options.keep, &mut batch));
                        let early = first.lock().is_ok_and(|mut first| std::mem::take(&mut *first));
                        if (early || batch.len() >= BATCH || reports.len() >= 1_024)
                            && !self.send(Step::Read(
                                std::mem::replace(&mut batch, self.options.batch()),
                                std::mem::take(&mut reports),
                            ))
                        {
                            return;
                        }
                    }
                    if !reports.is_empty() {
                        self.send(Step::Read(batch, reports));
                    }
                });
            }
        });
    }
}

/// Reads one file after the other.
#[derive(Default)]
struct One {
    files: Files,
    reader: Reader,
}

impl One {
    fn read(&mut self, file: &Found, keep: Keep, batch: &mut Batch) -> FileReport {
        let path = walk::name(&file.path);
        let (events, broken) = (batch.len(), batch.broken_len());
        let mut report = FileReport {
            path: path.clone(),
            kind: FileKind::Log,
            bytes: file.bytes,
            records: 0,
            broken: 0,
            duplicates: 0,
            whole: true,
            problem: None,
        };
        let Bytes { bytes, problem } = match self.files.read(&file.path) {
            Ok(bytes) => bytes,
            Err(problem) => {
                return FileReport { kind: FileKind::Unread, whole: false, problem: Some(problem), ..report };
            }
        };
        let (text, garbled) = as_text(bytes);
        report.problem = problem.or(garbled.clone());
        let body = match keep {
            Keep::Plain => Body::Plain(Arc::from(&*text)),
            Keep::Files | Keep::Packed => Body::File,
        };
        if let Some(csv) = super::csv::Table::of(&text) {
            report.kind = FileKind::Csv;
            batch.from(&path);
            csv.read(&self.reader, batch);
        } else {
            batch.file(&path, 0, body);
            let found = if let Some(garbled) = garbled {
                // Text that is no UTF-8 is no JSON either, whatever can be read of it.
                envelope::salvage(&text, &garbled, &self.reader, batch)
            } else {
                envelope::read(&text, &self.reader, batch)
            };
            if let (Some(bad), None) = (found.bad, &report.problem) {
                report.problem = Some(bad.to_string());
            }
            report.kind = match found {
                _ if text.trim().is_empty() => FileKind::Empty,
                _ if found.digest => FileKind::Digest,
                _ if batch.len() == events && batch.broken_len() == broken => FileKind::Foreign,
                _ => FileKind::Log,
            };
        }
        report.whole = report.problem.is_none();
        let largest = batch.largest(events);
        if report.problem.is_none() && largest > LARGE {
            report.problem = Some(format!("a record of {} MB; it was read", largest >> 20));
        }
        report.records = batch.len() - events;
        report.broken = batch.broken_len() - broken;
        report
    }
}
