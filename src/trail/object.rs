//! One object of a trail: unpacked and read by the rules that hold for files.

use super::envelope::{self, Sink};
use super::fields::{Fields, Reader};
use super::ingest::{as_text, read_bytes};

/// What an object held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    /// Its records, as they were written.
    pub records: Vec<String>,
    /// What should be records and is none: the text, and why.
    pub broken: Vec<(String, String)>,
    /// What was wrong with it; the rest was read all the same.
    pub problem: Option<String>,
}

/// Reads an object's bytes, packed or not. A digest holds no records.
#[must_use]
pub fn read(bytes: &[u8]) -> Object {
    let mut object = Object::default();
    let (unpacked, problem) = match read_bytes(bytes) {
        Ok(read) => read,
        Err(problem) => return Object { problem: Some(problem), ..object },
    };
    let (text, garbled) = as_text(&unpacked);
    let reader = Reader::default();
    let found = match &garbled {
        Some(why) => envelope::salvage(&text, why, &reader, &mut object),
        None => envelope::read(&text, &reader, &mut object),
    };
    object.problem = problem.or(garbled).or_else(|| found.bad.map(|bad| bad.to_string()));
    object
}

impl Sink for Object {
    fn record(&mut self, fields: &Fields<'_>, _at: Option<usize>) {
        self.records.push(fields.raw.to_owned());
    }

    fn broken(&mut self, raw: &str, reason: &str) {
        self.broken.push((raw.to_owned(), reason.to_owned()));
    }

    fn mark(&self) -> (usize, usize) {
        (self.records.len(), self.broken.len())
    }

    fn rewind(&mut self, (records, broken): (usize, usize)) {
        self.records.truncate(records);
        self.broken.truncate(broken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"Records":[]}`, packed by gzip without compression, with the length it says it has.
    fn packed(length: u8) -> Vec<u8> {
        let text = b"{\"Records\":[]}";
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 14, 0, 241, 255];
        bytes.extend(text);
        bytes.extend(crc(text).to_le_bytes());
        bytes.extend([length, 0, 0, 0]);
        bytes
    }

    fn crc(bytes: &[u8]) -> u32 {
        let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
    }

    #[test]
    fn records_come_out_as_they_were_written() {
        let one = r#"{"eventID": "a",  "eventSource":"s", "eventName":"N"}"#;
        let text = format!(r#"{{"Records":[{one},{{"eventID":"b","eventVersion":"1.05"}}]}}"#);
        let object = read(text.as_bytes());
        assert_eq!((object.records, object.problem), (vec![one.to_owned()], None));
        assert_eq!(object.broken[0].0, r#"{"eventID":"b","eventVersion":"1.05"}"#);
        assert_eq!(read(&packed(14)), Object::default());
    }

    #[test]
    fn what_is_damaged_says_so_and_keeps_what_can_be_read() {
        assert!(read(b"\x1f\x8bnonsense").problem.unwrap().starts_with("no gzip"));
        assert!(read(&packed(7)).problem.unwrap().starts_with("gzip ends early or is damaged"), "a length that lies");
        assert!(read(b"<html>").problem.is_some());
        let cut = read(br#"{"Records":[{"eventVersion":"1","eventSource":"s","eventName":"N"},{"eventVersion":"1","#);
        assert!(cut.problem.is_some() && cut.broken.len() == 2, "{cut:?}");
        let digest = read(br#"{"digestS3Bucket":"x","logFiles":[]}"#);
        assert_eq!(digest, Object::default());
    }
}
