//! What became of every file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// Records.
    Log,
    /// A digest of log files: hashes, no events.
    Digest,
    /// An answer of Athena.
    Csv,
    /// JSON without a record.
    Foreign,
    /// Nothing in it.
    Empty,
    /// It could not be read.
    Unread,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The path.
    pub path: Arc<str>,
    /// What it is.
    pub kind: FileKind,
    /// Bytes on disk.
    pub bytes: u64,
    /// Records understood, repeated deliveries among them.
    pub records: usize,
    /// Records that could not be understood.
    pub broken: usize,
    /// Repeated deliveries among them.
    pub duplicates: usize,
    /// Nothing of it was left unread.
    pub whole: bool,
    /// What was odd, in words; the rest was read all the same.
    pub problem: Option<String>,
}

/// All files of a load.
#[derive(Debug, Clone, Default)]
pub struct LoadReport {
    /// Files read.
    pub done: usize,
    /// Files found.
    pub total: usize,
    /// Bytes read, on disk.
    pub bytes: u64,
    /// Bytes found, on disk.
    pub total_bytes: u64,
    /// By kind: files.
    pub kinds: BTreeMap<FileKind, usize>,
    /// Files with a problem, and those that hold no records.
    pub odd: Vec<FileReport>,
    /// All was read.
    pub finished: bool,
}

impl LoadReport {
    /// So many files and bytes are there now.
    pub(super) fn found(&mut self, files: usize, bytes: u64) {
        (self.total, self.total_bytes) = (files, bytes);
        self.finished = false;
    }

    /// Takes in what became of a file.
    pub(super) fn add(&mut self, file: FileReport) {
        // What could not be looked into is no file that was found.
        if file.kind != FileKind::Unread || file.bytes > 0 {
            self.done += 1;
        }
        self.bytes += file.bytes;
        *self.kinds.entry(file.kind).or_default() += 1;
        if file.problem.is_some() || file.broken > 0 || !matches!(file.kind, FileKind::Log | FileKind::Csv) {
            self.odd.push(file);
        }
    }

    /// Takes back what became of a file that is read anew.
    pub(super) fn forget(&mut self, path: &str, kind: FileKind, bytes: u64) {
        self.odd.retain(|known| *known.path != *path);
        self.done = self.done.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(count) = self.kinds.get_mut(&kind) {
            *count = count.saturating_sub(1);
        }
    }
}
