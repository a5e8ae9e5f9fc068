//! Finds the records in a text, whatever they are wrapped in.
//!
//! A record is an object with an `eventSource` and an `eventName` or `eventVersion`, at any depth of a whole JSON text
//! or line: `{"Records": […]}` of log files, bare arrays, EventBridge's `detail`, and, within the answers of
//! `LookupEvents` and the messages of other deliveries, JSON in a string. What is salvaged from text that is no JSON
//! is broken: kept, with the reason.

use super::fields::{Fields, Found, Reader};
use super::json::{Bad, Cursor, Next};

/// Takes in what is found.
pub trait Sink {
    /// A record, with the byte of the document that it begins at; none for one that was unpacked from a string.
    fn record(&mut self, fields: &Fields<'_>, at: Option<usize>);
    /// What should be a record and is none, with the reason.
    fn broken(&mut self, raw: &str, reason: &str);
    /// How much was taken in so far.
    fn mark(&self) -> (usize, usize);
    /// Forgets what came after a mark.
    fn rewind(&mut self, mark: (usize, usize));
}

/// What a text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Document {
    /// Whole JSON texts read.
    pub values: usize,
    /// Where it stopped being JSON, first.
    pub bad: Option<Bad>,
    /// It is a digest of log files, not a log file.
    pub digest: bool,
}

/// Keys whose string holds an event, or a message with events.
const WRAPPED: [&str; 6] = ["CloudTrailEvent", "message", "Message", "@message", "body", "eventJson"];
/// Strings in strings are opened this often.
const WRAPS: usize = 4;
/// How much of a broken text is read again and again, in its own lengths, before the rest is kept as one piece.
const PATIENCE: usize = 16;

/// Reads a text: one JSON value, several, or lines of JSON.
pub fn read(text: &str, reader: &Reader, sink: &mut dyn Sink) -> Document {
    let mut of = Walk { reader, sink, digest: false, base: 0 };
    let mark = of.sink.mark();
    let (values, bad) = of.values(text);
    let Some(bad) = bad else { return Document { values, bad: None, digest: of.digest } };
    of.sink.rewind(mark);
    let values = of.lines(text);
    Document { values, bad: Some(bad), digest: of.digest }
}

/// Reads a text that is no JSON for a reason of its own: whatever whole records it holds are broken.
pub fn salvage(text: &str, reason: &str, reader: &Reader, sink: &mut dyn Sink) -> Document {
    let bad = Bad { at: 0, what: "it is no JSON" };
    let mut of = Walk { reader, sink, digest: false, base: 0 };
    of.salvage(text, &format!("found in text that is no JSON: {reason}"), reason);
    Document { values: 0, bad: Some(bad), digest: false }
}

struct Walk<'s> {
    reader: &'s Reader,
    sink: &'s mut dyn Sink,
    digest: bool,
    /// Where the text being read begins in the document.
    base: usize,
}

impl Walk<'_> {
    /// Values one after the other.
    fn values(&mut self, text: &str) -> (usize, Option<Bad>) {
        let (mut cursor, mut fields) = (Cursor::new(text, 0), Fields::default());
        let (mut values, mut bad) = (0, None);
        while !cursor.done() {
            match self.value(text, &mut cursor, &mut fields, Level::default()) {
                Ok(_) => values += 1,
                Err(error) => {
                    bad = Some(error);
                    break;
                }
            }
        }
        (values, bad)
    }

    /// Lines, of which some are JSON; what is not is searched for whole records.
    fn lines(&mut self, text: &str) -> usize {
        let (mut at, mut values) = (0, 0);
        let mut bad: Option<(usize, Bad)> = None;
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |len| len + 1);
            let line = rest.get(..len).unwrap_or_default();
            if line.trim_start().starts_with(['{', '[']) {
                let mark = self.sink.mark();
                self.base = at;
                match self.values(line) {
                    (1, None) => {
                        if let Some((from, why)) = bad.take() {
                            self.salvage_bad(text.get(from..at).unwrap_or_default(), why);
                        }
                        values += 1;
                    }
                    (_, why) => {
                        self.sink.rewind(mark);
                        let why = why.unwrap_or(Bad { at: 0, what: "a line holds several values" });
                        bad.get_or_insert((at, Bad { at: at + why.at, ..why }));
                    }
                }
            } else if !line.trim().is_empty() {
                bad.get_or_insert((at, Bad { at, what: "a line is no JSON" }));
            }
            at += len;
        }
        if let Some((from, why)) = bad {
            self.salvage_bad(text.get(from..).unwrap_or_default(), why);
        }
        values
    }

    fn salvage_bad(&mut self, text: &str, why: Bad) {
        let part = format!("{} at byte {}", why.what, why.at);
        self.salvage(text, &format!("found in text that is no JSON: {part}"), &part);
    }

    /// Keeps every whole record of a text that is no JSON, and what begins like one and does not end well.
    fn salvage(&mut self, text: &str, whole: &str, part: &str) {
        let mut patience = text.len().saturating_mul(PATIENCE);
        let mut torn: Option<usize> = None;
        let mut at = 0;
        let mut fields = Fields::default();
        while let Some(open) =
            text.get(at..).and_then(|rest| memchr::memchr(b'{', rest.as_bytes())).map(|open| at + open)
        {
            let mut cursor = Cursor::new(text, open);
            let read = self.reader.read(text, &mut cursor, false, &mut fields);
            if let Ok(Found::Record) = read {
                if let Some(from) = torn.take() {
                    self.torn(text.get(from..open).unwrap_or_default(), part);
                }
                self.sink.broken(fields.raw, whole);
                at = cursor.at();
                continue;
            }
            if begins_record(text.get(open + 1..).unwrap_or_default()) {
                torn.get_or_insert(open);
            }
            patience = patience.saturating_sub(match read {
                Err(bad) => bad.at.saturating_sub(open).max(1),
                Ok(_) => cursor.at().saturating_sub(open).max(1),
            });
            if patience == 0 {
                torn.get_or_insert(open);
                break;
            }
            at = open + 1;
        }
        if let Some(from) = torn {
            self.torn(text.get(from..).unwrap_or_default(), part);
        }
    }

    fn torn(&mut self, raw: &str, why: &str) {
        self.sink.broken(raw.trim_end_matches([',', ' ', '\n', '\r', '\t']), why);
    }

    fn value<'a>(
        &mut self,
        text: &'a str,
        cursor: &mut Cursor<'a>,
        fields: &mut Fields<'a>,
        level: Level,
    ) -> Result<bool, Bad> {
        match cursor.kind()? {
            Next::Object if level.depth < DEPTH => self.object(text, cursor, fields, level),
            Next::Array if level.depth < DEPTH => {
                let (mut found, mut more) = (false, cursor.enter(b']')?);
                while more {
                    cursor.blanks();
                    let start = cursor.at();
                    let is = self.value(text, cursor, fields, Level { depth: level.depth + 1, ..level })?;
                    if level.records && !is {
                        let raw = text.get(start..cursor.at()).unwrap_or_default();
                        self.sink.broken(raw, "no eventSource, or neither eventName nor eventVersion");
                    }
                    found |= is;
                    more = cursor.more(b']')?;
                }
                Ok(found)
            }
            _ => cursor.skip().map(|_| false),
        }
    }

    /// True when it is a record or holds one.
    fn object<'a>(
        &mut self,
        text: &'a str,
        cursor: &mut Cursor<'a>,
        fields: &mut Fields<'a>,
        level: Level,
    ) -> Result<bool, Bad> {
        let start = cursor.clone();
        let begin = start.at();
        match self.reader.read(text, cursor, false, fields)? {
            Found::Record => {
                self.sink.record(fields, (level.wraps == 0).then_some(self.base + begin));
                return Ok(true);
            }
            Found::Other | Found::Envelope => *cursor = start.clone(),
        }
        let mark = self.sink.mark();
        let (mut found, mut source, mut event) = (false, false, false);
        let mut more = cursor.enter(b'}')?;
        while more {
            let key = cursor.key()?.raw;
            source |= key == "eventSource";
            event |= key == "eventName" || key == "eventVersion";
            self.digest |= key == "digestS3Bucket" && level.depth <= 1;
            let records = key == "Records" || key == "records";
            let inner = Level { depth: level.depth + 1, records, ..level };
            if cursor.kind()? == Next::Text && level.wraps < WRAPS && WRAPPED.contains(&key) {
                let wrapped = cursor.string()?.text();
                if wrapped.trim_start().starts_with(['{', '[']) {
                    found |= self.wrapped(&wrapped, Level { wraps: level.wraps + 1, ..inner });
                }
            } else {
                found |= self.value(text, cursor, fields, inner)?;
            }
            more = cursor.more(b'}')?;
        }
        if source && event {
            // It began like an envelope: what seemed to be records within it are parts of one.
            self.sink.rewind(mark);
            *cursor = start;
            self.reader.read(text, cursor, true, fields)?;
            self.sink.record(fields, (level.wraps == 0).then_some(self.base + begin));
            found = true;
        }
        Ok(found)
    }

    /// JSON in a string; text that is none holds no record.
    fn wrapped(&mut self, text: &str, level: Level) -> bool {
        let (mark, mut cursor, mut fields) = (self.sink.mark(), Cursor::new(text, 0), Fields::default());
        let read = self.value(text, &mut cursor, &mut fields, level);
        if let (Ok(found), true) = (&read, cursor.done()) {
            return *found;
        }
        self.sink.rewind(mark);
        if begins_record(text.trim_start().get(1..).unwrap_or_default()) {
            let why = read.err().map_or("text follows it", |bad| bad.what);
            self.sink.broken(text, why);
            return true;
        }
        false
    }
}

/// As deep as text is followed.
const DEPTH: usize = 500;

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    depth: usize,
    /// Inside an array of records.
    records: bool,
    /// Inside so many strings.
    wraps: usize,
}

/// True for the inside of an object whose first key only records have.
fn begins_record(inside: &str) -> bool {
    const FIRST: [&str; 7] =
        ["eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "eventID", "awsRegion"];
    let key = inside.trim_start().strip_prefix('"').unwrap_or_default();
    FIRST.iter().any(|first| key.strip_prefix(first).is_some_and(|rest| rest.starts_with('"')))
}
