//! Which files there are.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::report::{FileKind, FileReport};

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub changed: u128,
}

/// Files in the places named, newest first, and what could not be looked into.
#[must_use]
pub fn find(paths: &[PathBuf]) -> (Vec<Found>, Vec<FileReport>) {
    let (mut files, mut odd) = (Vec::new(), Vec::new());
    for path in paths {
        // What was named outright is read, whatever it is called.
        if path.is_file() {
            add(path, &mut files, &mut odd);
            continue;
        }
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_log(entry.path()) => {
                    add(entry.path(), &mut files, &mut odd);
                }
                Ok(_) => {}
                Err(error) => odd.push(unread(error.path().unwrap_or(path), &words(&error))),
            }
        }
    }
    files.sort_by(|a, b| stamp(&b.path).cmp(stamp(&a.path)).then_with(|| a.path.cmp(&b.path)));
    files.dedup_by(|a, b| a.path == b.path);
    (files, odd)
}

fn add(path: &Path, files: &mut Vec<Found>, odd: &mut Vec<FileReport>) {
    match path.metadata() {
        Ok(of) => {
            let changed = of.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            let changed = changed.map_or(0, |since| since.as_nanos());
            files.push(Found { path: path.to_owned(), bytes: of.len(), changed });
        }
        Err(error) => odd.push(unread(path, &io_words(&error))),
    }
}

fn words(error: &walkdir::Error) -> String {
    match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!("a link leads back to {}: not followed", ancestor.display()),
        (None, Some(error)) => io_words(error),
        (None, None) => error.to_string(),
    }
}

/// What the system said, in words.
pub(super) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file (a dangling link, or it went away)".to_owned(),
        _ => error.to_string(),
    }
}

pub(super) fn unread(path: &Path, problem: &str) -> FileReport {
    FileReport {
        path: name(path),
        kind: FileKind::Unread,
        bytes: 0,
        records: 0,
        broken: 0,
        duplicates: 0,
        whole: false,
        problem: Some(problem.to_owned()),
    }
}

/// A path as text.
pub(super) fn name(path: &Path) -> Arc<str> {
    Arc::from(path.to_string_lossy())
}

/// Files that hold events, by their names: those of a trail have no other ending, exports have these.
fn is_log(path: &Path) -> bool {
    const ENDINGS: [&str; 8] = ["json", "gz", "jsonl", "ndjson", "log", "csv", "zst", "txt"];
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    !hidden && ending.is_none_or(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The time in a log file's name, `…_20260111T0305Z_…`; empty for other names, which come last.
fn stamp(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('_')
        .find(|part| part.len() == 14 && part.ends_with('Z') && part.as_bytes()[8] == b'T')
        .unwrap_or_default()
}
