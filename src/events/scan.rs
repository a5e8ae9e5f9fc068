//! Finding text in records, whatever its letter case, on all cores, newest records first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::Events;
use crate::columns::{Body, Content, Other, RowSet, Texts, Unpacker};
use crate::ingest;
use crate::query::{Needle, Query};

/// Looks for an ASCII text, letters of either case alike.
#[derive(Debug, Clone)]
pub struct Finder {
    /// In lower case.
    needle: Box<[u8]>,
    /// The places of its two rarest bytes.
    pair: (usize, usize),
}

/// Bytes looked at together.
const LANES: usize = 256;

impl Finder {
    /// `None` for text that is empty or not ASCII.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.is_empty() || !text.is_ascii() {
            return None;
        }
        let needle: Box<[u8]> = text.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
        let mut places: Vec<usize> = (0..needle.len()).collect();
        places.sort_by_key(|at| needle.get(*at).map_or(0, |byte| commonness(*byte)));
        let first = places.first().copied().unwrap_or(0);
        // Another byte, if there is one: the same twice tells nothing more.
        let second = places.iter().copied().find(|at| needle.get(*at) != needle.get(first)).unwrap_or(first);
        Some(Self { needle, pair: (first, second) })
    }

    /// Where it stands next, from a byte on.
    #[must_use]
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let last = text.len().checked_sub(self.needle.len())?;
        let (first, second) = self.pair;
        let wanted = |at: usize| self.needle.get(at).copied().unwrap_or_default();
        // Letters are compared with their case bit set.
        let bit = |byte: u8| if byte.is_ascii_lowercase() { 0x20 } else { 0 };
        let (a, b) = (wanted(first), wanted(second));
        let (case_a, case_b) = (bit(a), bit(b));
        let mut at = from;
        while at + LANES <= last + 1 {
            let left: Option<&[u8; LANES]> = text.get(at + first..at + first + LANES).and_then(|it| it.try_into().ok());
            let right: Option<&[u8; LANES]> =
                text.get(at + second..at + second + LANES).and_then(|it| it.try_into().ok());
            let (left, right) = (left?, right?);
            let mut any = 0;
            for lane in 0..LANES {
                any |= u8::from(left[lane] | case_a == a) & u8::from(right[lane] | case_b == b);
            }
            if any != 0 {
                let both = |lane: &usize| left[*lane] | case_a == a && right[*lane] | case_b == b;
                let mut met = (0..LANES).filter(both).map(|lane| at + lane);
                if let Some(found) = met.find(|at| self.is_at(text, *at)) {
                    return Some(found);
                }
            }
            at += LANES;
        }
        (at..=last).find(|at| self.is_at(text, *at))
    }

    fn is_at(&self, text: &[u8], at: usize) -> bool {
        text.get(at..at + self.needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(&self.needle))
    }
}

/// How common a byte is in CloudTrail records, roughly; measured on public logs.
fn commonness(byte: u8) -> u8 {
    match byte {
        b'"' | b'e' | b'a' | b't' | b's' | b'n' | b'i' | b'r' | b'o' => 9,
        b'c' | b'd' | b':' | b',' | b'0'..=b'9' | b'm' | b'u' | b'p' | b'l' => 7,
        b'-' | b'b' | b'f' | b'.' | b'v' | b'g' | b'h' => 5,
        b'w' | b'y' | b'k' | b'{' | b'}' | b'/' | b'x' => 4,
        _ => 2,
    }
}

/// What was found in some records that lie together.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// The rows that were read: from, and how many.
    pub read: (u32, u32),
    /// For each text the rows that hold it.
    pub hits: Vec<Vec<u32>>,
    /// The file, when it could not be read again, and why.
    pub failed: Option<(Arc<str>, String)>,
}

/// A search that is under way; dropped, it ends.
#[derive(Debug)]
pub struct Search {
    from: Receiver<Finding>,
    stop: Arc<AtomicBool>,
    left: Arc<AtomicUsize>,
}

/// Told when there is something to fetch; called on any thread.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// How many threads read and search.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// For those who look by themselves.
#[must_use]
pub fn nobody() -> Notify {
    Arc::new(|| ())
}

impl Search {
    /// Begins to look for texts in contents, in the order given.
    #[must_use]
    pub fn start(contents: Vec<Content>, needles: Vec<Needle>, threads: usize, notify: &Notify) -> Self {
        let (to, from) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let pieces = Arc::new(pieces(contents));
        let left = Arc::new(AtomicUsize::new(pieces.len()));
        let next = Arc::new(AtomicUsize::new(0));
        let needles = Arc::new(needles);
        for _ in 0..threads.clamp(1, pieces.len().max(1)) {
            let worker = Worker {
                pieces: pieces.clone(),
                next: next.clone(),
                left: left.clone(),
                stop: stop.clone(),
                needles: needles.clone(),
                to: to.clone(),
                notify: notify.clone(),
            };
            std::thread::spawn(move || worker.run());
        }
        Self { from, stop, left }
    }

    /// What was found since the last call; never waits.
    #[must_use]
    pub fn fetch(&self) -> Vec<Finding> {
        self.from.try_iter().collect()
    }

    /// What is found next; `None` once all was read.
    #[must_use]
    pub fn wait(&self) -> Option<Finding> {
        self.from.recv().ok()
    }

    /// What is found next, within so long; `None` when nothing was, or all was read.
    #[must_use]
    pub fn wait_for(&self, at_most: std::time::Duration) -> Option<Finding> {
        self.from.recv_timeout(at_most).ok()
    }

    /// How many pieces are left to read.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The rows that a query asks for, all records searched that it needs, waiting for it; and how many contents could not be
/// read.
#[must_use]
pub fn ask(events: &Events, query: &Query, now: jiff::Timestamp, other: Other<'_>) -> (RowSet, usize) {
    let decided = events.decide(query, now, other);
    if decided.open.is_empty() {
        return (decided.sure, 0);
    }
    let needles: Vec<Needle> = query.texts().into_iter().cloned().collect();
    let mut texts = Texts { hits: vec![RowSet::none(events.rows()); needles.len()], read: RowSet::none(events.rows()) };
    let search = Search::start(events.contents_with(&decided.open), needles, cores(), &nobody());
    let mut failed = 0;
    while let Some(finding) = search.wait() {
        failed += texts.keep(finding);
    }
    (events.matching(query, now, other, &decided, &texts), failed)
}

impl Texts {
    /// Takes in what was found; 1 when a content could not be read.
    pub fn keep(&mut self, finding: Finding) -> usize {
        let (first, count) = finding.read;
        (first..first + count).for_each(|row| self.read.insert(row));
        for (known, found) in self.hits.iter_mut().zip(finding.hits) {
            found.into_iter().for_each(|row| known.insert(row));
        }
        usize::from(finding.failed.is_some())
    }
}

/// A content, or a block of one.
type Piece = (Content, Option<usize>);

fn pieces(contents: Vec<Content>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for content in contents {
        match &content.body {
            Body::Packed(packed) => {
                // A file's newest records are its last.
                let blocks = (0..packed.blocks()).rev();
                pieces.extend(blocks.map(|block| (content.clone(), Some(block))));
            }
            _ => pieces.push((content, None)),
        }
    }
    pieces
}

struct Worker {
    pieces: Arc<Vec<Piece>>,
    next: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    needles: Arc<Vec<Needle>>,
    to: Sender<Finding>,
    notify: Notify,
}

impl Worker {
    fn run(self) {
        let (mut buffer, mut unpacker) = (Vec::new(), Unpacker::new());
        while !self.stop.load(Ordering::Relaxed) {
            let Some((content, block)) = self.pieces.get(self.next.fetch_add(1, Ordering::Relaxed)) else { break };
            let finding = match (&content.body, block) {
                (Body::Packed(packed), Some(block)) => {
                    let range = packed.range(*block).unwrap_or_default();
                    let text = unpacker.as_mut().and_then(|with| packed.unpack(*block, &mut buffer, with));
                    match text {
                        Some(text) => self.look(content, text, range.start),
                        None => self.failed(content, "its records cannot be unpacked: memory is damaged or short"),
                    }
                }
                (Body::Plain(text), _) => self.look(content, text.as_bytes(), 0),
                _ => match ingest::document(&content.origin) {
                    Ok(text) => self.look(content, text.as_bytes(), 0),
                    Err(problem) => self.failed(content, &problem),
                },
            };
            // Nobody listens to a search that was dropped.
            if self.to.send(finding).is_err() {
                break;
            }
            self.left.fetch_sub(1, Ordering::Release);
            (self.notify)();
        }
    }

    fn failed(&self, content: &Content, problem: &str) -> Finding {
        Finding {
            read: (content.first, 0),
            hits: vec![Vec::new(); self.needles.len()],
            failed: Some((content.origin.clone(), problem.to_owned())),
        }
    }

    /// Looks through a text that stands at `base` in its content.
    fn look(&self, content: &Content, text: &[u8], base: u32) -> Finding {
        let end = base.saturating_add(text.len() as u32);
        let from = content.spans.partition_point(|(start, _)| *start < base);
        let to = content.spans.partition_point(|(start, _)| *start < end);
        let spans = content.spans.get(from..to).unwrap_or_default();
        let first = content.first + from as u32;
        let hits = self.needles.iter().map(|needle| rows_with(needle, text, base, spans, first)).collect();
        Finding { read: (first, spans.len() as u32), hits, failed: None }
    }
}

/// The rows whose record holds a text.
fn rows_with(needle: &Needle, text: &[u8], base: u32, spans: &[(u32, u32)], first: u32) -> Vec<u32> {
    let (mut rows, mut at, mut next) = (Vec::new(), 0, 0);
    while let Some((found, end)) = needle.find_bytes(text, at) {
        // Hits go forward, and so do records.
        let rest = spans.get(next..).unwrap_or_default();
        next += rest.partition_point(|(start, len)| ((start + len - base) as usize) <= found);
        let Some((start, len)) = spans.get(next) else { break };
        let (start, stop) = ((start - base) as usize, (start + len - base) as usize);
        if found >= start && end <= stop {
            rows.push(first + next as u32);
            at = stop;
            next += 1;
        } else {
            // It stands between two records, or across the end of one.
            at = if found < start { start.max(found + 1) } else { stop };
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_naive_reading_finds(text in "[a-cA-C\"1é]{0,200}", needle in "[a-cA-C\"1]{1,4}") {
            let naive = text.to_ascii_lowercase().find(&needle.to_ascii_lowercase());
            let finder = Finder::new(&needle).unwrap();
            prop_assert_eq!(finder.find(text.as_bytes(), 0), naive);
        }
    }
}
