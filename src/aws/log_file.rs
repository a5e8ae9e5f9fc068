//! The bytes of one log file of a trail, as the records in it.

use libdeflater::{DecompressionError, Decompressor};
use serde::Deserialize;
use serde_json::value::RawValue;

/// No log file is larger than this, unpacked.
const LARGEST: usize = 1 << 30;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

/// The records of a file, packed or not.
///
/// # Errors
/// Why it could not be read, in words.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<String>, String> {
    let unpacked;
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = unpack(bytes)?;
        unpacked.as_slice()
    } else {
        bytes
    };
    let file: File<'_> = serde_json::from_slice(text).map_err(|error| format!("no log file of a trail: {error}"))?;
    Ok(file.records.into_iter().map(|record| record.get().to_owned()).collect())
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    // The last four bytes say how long it is, and may lie.
    let said = bytes.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let mut room = said.clamp(1 << 10, LARGEST);
    let mut unpacker = Decompressor::new();
    loop {
        let mut out = vec![0; room];
        match unpacker.gzip_decompress(bytes, &mut out) {
            Ok(length) => {
                out.truncate(length);
                return Ok(out);
            }
            Err(DecompressionError::InsufficientSpace) if room < LARGEST => room = (room * 4).min(LARGEST),
            Err(DecompressionError::InsufficientSpace) => return Err(format!("longer than {LARGEST} bytes unpacked")),
            Err(DecompressionError::BadData) => return Err("corrupt or cut off".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn pack(text: &str) -> Vec<u8> {
        let mut packer = Compressor::new(CompressionLvl::default());
        let mut out = vec![0; packer.gzip_compress_bound(text.len())];
        let length = packer.gzip_compress(text.as_bytes(), &mut out).unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn records_come_out_as_they_were_written() {
        let text = r#"{"Records":[{"eventID": "a",  "x":1},{"eventID":"b"}]}"#;
        for bytes in [text.as_bytes().to_vec(), pack(text)] {
            assert_eq!(records(&bytes).unwrap(), [r#"{"eventID": "a",  "x":1}"#, r#"{"eventID":"b"}"#]);
        }
    }

    #[test]
    fn what_is_damaged_says_so() {
        let mut cut = pack(r#"{"Records":[]}"#);
        cut.truncate(cut.len() - 9);
        assert_eq!(records(&cut).unwrap_err(), "corrupt or cut off");
        assert!(records(b"<html>").unwrap_err().starts_with("no log file"));
        assert!(records(br#"{"digestS3Bucket":"x"}"#).is_err());
    }

    #[test]
    fn a_length_that_lies_is_not_believed() {
        let text = format!("{{\"Records\":[{{\"x\":\"{}\"}}]}}", "y".repeat(5_000));
        let mut packed = pack(&text);
        let at = packed.len() - 4;
        packed[at..].copy_from_slice(&7u32.to_le_bytes());
        // The checksum of the length is part of the format: it is told apart from a short buffer.
        assert!(records(&packed).is_err());
    }
}
