//! The text of a file: unpacked, made valid.

use std::io::Read;
use std::path::Path;

use super::walk::io_words;

/// Why a file, or a part of it, could not be read: in words.
pub type Problem = String;

/// Larger documents are not read: a place in one is kept in 32 bits.
const MOST: usize = u32::MAX as usize - 1;

/// Reads files, one after the other, in buffers that are used again.
pub struct Files {
    inflate: libdeflater::Decompressor,
    packed: Vec<u8>,
    /// As long as the longest text so far: what was written once needs no clearing.
    text: Vec<u8>,
}

/// Room for a file's text, so large that allocators ask the system for it and give it back: what is never written to
/// takes no memory, and what is given back leaves no hole among what stays. Longer texts make room for themselves.
const ROOM: usize = 40 << 20;

impl Default for Files {
    fn default() -> Self {
        Self {
            inflate: libdeflater::Decompressor::new(),
            packed: Vec::with_capacity(ROOM),
            text: Vec::with_capacity(ROOM),
        }
    }
}

/// A file's bytes, unpacked.
pub struct Bytes<'f> {
    /// What could be had of it.
    pub bytes: &'f [u8],
    /// What was wrong.
    pub problem: Option<Problem>,
}

impl Files {
    /// The bytes of a file, unpacked.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub fn read(&mut self, path: &Path) -> Result<Bytes<'_>, Problem> {
        self.packed.clear();
        let mut file = std::fs::File::open(path).map_err(|error| io_words(&error))?;
        file.read_to_end(&mut self.packed).map_err(|error| io_words(&error))?;
        let (len, problem) = match self.packed.get(..4) {
            Some([0x1f, 0x8b, ..]) => unzip(&mut self.inflate, &self.packed, &mut self.text)?,
            Some([0x28, 0xb5, 0x2f, 0xfd]) => {
                self.text.clear();
                let read = zstd::Decoder::new(self.packed.as_slice());
                let read = read.and_then(|read| read.take(MOST as u64).read_to_end(&mut self.text));
                (self.text.len(), read.err().map(|error| error.to_string()))
            }
            _ => {
                std::mem::swap(&mut self.packed, &mut self.text);
                (self.text.len(), None)
            }
        };
        if len >= MOST {
            return Err("larger than 4 GB unpacked: split it".to_owned());
        }
        Ok(Bytes { bytes: self.text.get(..len).unwrap_or_default(), problem })
    }
}

/// Unpacks gzip, several members one after the other among it, to the beginning of `text`. Gives how long it is, and
/// what was wrong when only a part could be had.
fn unzip(
    inflate: &mut libdeflater::Decompressor,
    packed: &[u8],
    text: &mut Vec<u8>,
) -> Result<(usize, Option<Problem>), Problem> {
    let said = packed.last_chunk::<4>().copied().unwrap_or_default();
    let len = u32::from_le_bytes(said) as usize;
    // Deflate gains no more than 1032 ×.
    if len <= packed.len().saturating_mul(1_100) && len < MOST && !has_more(packed, said) {
        if text.len() < len {
            text.resize(len, 0);
        }
        let room = text.get_mut(..len).unwrap_or_default();
        if inflate.gzip_decompress(packed, room).is_ok_and(|written| written == len) {
            return Ok((len, None));
        }
    }
    // The slow way keeps what comes before the damage.
    text.clear();
    let mut read = flate2::read::MultiGzDecoder::new(packed).take(MOST as u64);
    match read.read_to_end(text) {
        Ok(_) => Ok((text.len(), None)),
        Err(error) if text.is_empty() => Err(format!("no gzip: {error}")),
        Err(error) => Ok((text.len(), Some(format!("gzip ends early or is damaged: {error}")))),
    }
}

/// True when a member may follow the first one, which then ends with the length that the last one ends with: with any
/// other, reading the first alone does not give what the file says.
fn has_more(packed: &[u8], [a, b, c, d]: [u8; 4]) -> bool {
    memchr::memmem::find(packed, &[a, b, c, d, 0x1f, 0x8b, 0x08]).is_some()
}

/// Text of bytes; what is no UTF-8 is replaced, and said.
#[must_use]
pub fn as_text(bytes: &[u8]) -> (std::borrow::Cow<'_, str>, Option<Problem>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), None),
        Err(error) => (String::from_utf8_lossy(bytes), Some(format!("no UTF-8 at byte {}", error.valid_up_to()))),
    }
}

/// The text of a file that was read before, to look at a record again.
///
/// # Errors
/// When it cannot be read, or is no longer what it was.
pub fn document(path: &str) -> Result<String, Problem> {
    let mut files = Files::default();
    let Bytes { bytes, .. } = files.read(Path::new(path)).map_err(|problem| format!("{path}: {problem}"))?;
    Ok(as_text(bytes).0.into_owned())
}

/// One record of the text of a file that was read before: where it lies there, and the id that it must have.
///
/// # Errors
/// When the file no longer holds that record there.
pub fn record(text: &str, path: &str, (start, len): (u32, u32), id: &str) -> Result<String, Problem> {
    let (from, to) = (start as usize, start as usize + len as usize);
    let record = text.get(from..to).filter(|record| record.starts_with('{') && record.ends_with('}'));
    let record = record.filter(|record| record.to_ascii_lowercase().contains(&id.to_ascii_lowercase()));
    record.map(str::to_owned).ok_or_else(|| format!("{path}: changed since it was read"))
}

/// Unpacks one object of a trail.
///
/// # Errors
/// When nothing of it can be unpacked.
pub fn read_bytes(object: &[u8]) -> Result<(Vec<u8>, Option<Problem>), Problem> {
    if !object.starts_with(&[0x1f, 0x8b]) {
        return Ok((object.to_owned(), None));
    }
    let mut text = Vec::new();
    let (len, problem) = unzip(&mut libdeflater::Decompressor::new(), object, &mut text)?;
    text.truncate(len);
    Ok((text, problem))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(text.as_bytes()).unwrap();
        gz.finish().unwrap()
    }

    fn text_of(packed: &[u8]) -> (String, bool) {
        let (text, problem) = read_bytes(packed).unwrap();
        (String::from_utf8(text).unwrap(), problem.is_none())
    }

    #[test]
    fn members_of_any_length_are_all_read() {
        for (one, other) in [("abcd", "efgh"), ("abcd", "e"), ("a", "efgh"), ("", "efgh"), ("abcd", "")] {
            let packed = [member(one), member(other)].concat();
            assert_eq!(text_of(&packed), (format!("{one}{other}"), true));
        }
    }

    #[test]
    fn what_comes_before_the_damage_is_kept() {
        let packed = member(&"event".repeat(10_000));
        let (text, whole) = text_of(&packed[..packed.len() - 9]);
        assert!(!whole && text.starts_with("eventevent"));
    }
}
