//! A validating reader of JSON text that borrows and knows where it is.
//!
//! A trail's record is read for two dozen of its values, and the place of every record in its file is kept so that the
//! record itself need not be. General parsers give one or the other: measured on a trail of a million records, reading
//! the fields through serde took twice the time that unpacking did, this takes half of it (ARCHITECTURE.md, "The
//! trail"). What it accepts is what `serde_json` accepts; a property test holds the two together.

use std::borrow::Cow;

/// Where and why text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: {what} at byte {at}")]
pub struct Bad {
    /// The byte.
    pub at: usize,
    /// In words.
    pub what: &'static str,
}

/// Objects and arrays may lie this deep in each other.
const DEPTH: usize = 512;

/// The inside of a string, as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Str<'a> {
    /// Between the quotes.
    pub raw: &'a str,
    /// Something in it is escaped.
    pub escaped: bool,
}

impl<'a> Str<'a> {
    /// What it says.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    Text,
    /// A number, `true`, `false`, `null`.
    Scalar,
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, Bad>;

impl<'a> Cursor<'a> {
    /// At a byte of a text; `at` must lie on a character's first byte.
    #[must_use]
    pub fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The byte it stands at.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    fn bad<T>(&self, what: &'static str) -> Read<T> {
        Err(Bad { at: self.at, what })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over blanks.
    #[inline(always)]
    pub fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// True at the end of the text.
    pub fn done(&mut self) -> bool {
        self.blanks();
        self.at >= self.text.len()
    }

    /// What value begins here.
    ///
    /// # Errors
    /// When none does.
    #[inline(always)]
    pub fn kind(&mut self) -> Read<Next> {
        self.blanks();
        match self.peek() {
            Some(b'{') => Ok(Next::Object),
            Some(b'[') => Ok(Next::Array),
            Some(b'"') => Ok(Next::Text),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(Next::Scalar),
            Some(_) => self.bad("a value is missing"),
            None => self.bad("it ends in the middle"),
        }
    }

    /// Enters an object or an array; `false` when it is empty and left again.
    ///
    /// # Errors
    /// At the end of the text.
    #[inline(always)]
    pub fn enter(&mut self, close: u8) -> Read<bool> {
        self.at += 1;
        self.blanks();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Ok(true),
            None => self.bad("it ends in the middle"),
        }
    }

    /// After a value within an object or array: `true` when another one follows, else it is left.
    ///
    /// # Errors
    /// When neither a comma nor the end follows.
    #[inline(always)]
    pub fn more(&mut self, close: u8) -> Read<bool> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => self.bad("a comma is missing"),
            None => self.bad("it ends in the middle"),
        }
    }

    /// A key and its colon.
    ///
    /// # Errors
    /// When there is none.
    #[inline(always)]
    pub fn key(&mut self) -> Read<Str<'a>> {
        if self.peek() != Some(b'"') {
            return self.bad("a key is missing");
        }
        let key = self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return self.bad("a colon is missing");
        }
        self.at += 1;
        Ok(key)
    }

    /// A string; it must begin here.
    ///
    /// # Errors
    /// When it does not end, or holds what must be escaped.
    #[inline(always)]
    pub fn string(&mut self) -> Read<Str<'a>> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            // Eight bytes at a time: the lowest marked byte is the first quote, backslash or control character.
            while let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
                let word = u64::from_le_bytes(eight);
                let quote = word ^ (ONES * 0x22);
                let slash = word ^ (ONES * 0x5c);
                let marked = ((quote.wrapping_sub(ONES) & !quote)
                    | (slash.wrapping_sub(ONES) & !slash)
                    | (word.wrapping_sub(ONES * 0x20) & !word))
                    & HIGH;
                if marked != 0 {
                    at += (marked.trailing_zeros() / 8) as usize;
                    break;
                }
                at += 8;
            }
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Str { raw: self.text.get(start..at).unwrap_or_default(), escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    at = escape(bytes, at)?;
                }
                Some(0..=0x1f) => return Err(Bad { at, what: "a control character in a string" }),
                Some(_) => at += 1,
                None => return Err(Bad { at, what: "a string does not end" }),
            }
        }
    }

    /// A number or a word, as it is written.
    ///
    /// # Errors
    /// When it is none.
    #[inline(always)]
    pub fn scalar(&mut self) -> Read<&'a str> {
        let start = self.at;
        self.at = scalar(self.text.as_bytes(), start)?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// The string that stands here, or `None` after stepping over another value.
    ///
    /// # Errors
    /// When the value is malformed.
    #[inline(always)]
    pub fn text(&mut self) -> Read<Option<Str<'a>>> {
        if self.kind()? == Next::Text {
            return self.string().map(Some);
        }
        self.skip()?;
        Ok(None)
    }

    /// Steps over a value, and gives it as it is written.
    ///
    /// # Errors
    /// When it is malformed.
    #[inline(always)]
    pub fn skip(&mut self) -> Read<&'a str> {
        self.blanks();
        let start = self.at;
        self.at = match self.kind()? {
            Next::Text => {
                self.string()?;
                self.at
            }
            Next::Scalar => scalar(self.text.as_bytes(), start)?,
            Next::Object | Next::Array => past(self.text, start)?,
        };
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }
}

/// The place after the object or array at a place.
fn past(text: &str, at: usize) -> Read<usize> {
    let mut cursor = Cursor::new(text, at);
    // What is open, innermost last: a bit each, set for an array.
    let (mut open, mut depth) = ([0u64; DEPTH / 64], 0);
    loop {
        match cursor.kind()? {
            Next::Text => {
                cursor.string()?;
            }
            Next::Scalar => cursor.at = scalar(text.as_bytes(), cursor.at)?,
            _ if depth >= DEPTH => return cursor.bad("it is nested too deep"),
            Next::Object => {
                if cursor.enter(b'}')? {
                    open[depth / 64] &= !(1 << (depth % 64));
                    depth += 1;
                    cursor.key()?;
                    continue;
                }
            }
            Next::Array => {
                if cursor.enter(b']')? {
                    open[depth / 64] |= 1 << (depth % 64);
                    depth += 1;
                    continue;
                }
            }
        }
        // A value ended, and with it whatever it was the last of.
        loop {
            let Some(inner) = depth.checked_sub(1) else { return Ok(cursor.at) };
            if open[inner / 64] >> (inner % 64) & 1 == 1 {
                if cursor.more(b']')? {
                    break;
                }
            } else if cursor.more(b'}')? {
                cursor.key()?;
                break;
            }
            depth = inner;
        }
    }
}

/// The place after an escape.
#[cold]
fn escape(bytes: &[u8], at: usize) -> Read<usize> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let hex = bytes.get(at + 2..at + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            if hex { Ok(at + 6) } else { Err(Bad { at, what: "an escape is no character" }) }
        }
        _ => Err(Bad { at, what: "an escape is unknown" }),
    }
}

/// The place after a number or a word.
#[inline(never)]
fn scalar(bytes: &[u8], at: usize) -> Read<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = match rest.first() {
        Some(b't') if rest.starts_with(b"true") => 4,
        Some(b'n') if rest.starts_with(b"null") => 4,
        Some(b'f') if rest.starts_with(b"false") => 5,
        Some(b'-' | b'0'..=b'9') => match number(rest) {
            Some(len) => len,
            None => return Err(Bad { at, what: "a number is malformed" }),
        },
        _ => return Err(Bad { at, what: "a value is missing" }),
    };
    Ok(at + len)
}

/// The length of the number that the bytes begin with.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let part = digits(at + 1);
        if part == 0 {
            return None;
        }
        at += 1 + part;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let power = digits(at + 1 + sign);
        if power == 0 {
            return None;
        }
        at += 1 + sign + power;
    }
    Some(at)
}

/// What an escaped string says. Half a surrogate pair becomes U+FFFD.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    let unit = |text: &str| text.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let kind = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or_default();
        match kind {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let first = unit(rest).unwrap_or(0xFFFD);
                rest = rest.get(4..).unwrap_or_default();
                let second = rest.strip_prefix("\\u").and_then(unit).filter(|unit| (0xDC00..0xE000).contains(unit));
                match (first, second) {
                    (0xD800..0xDC00, Some(low)) => {
                        rest = rest.get(6..).unwrap_or_default();
                        let point = 0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00);
                        out.push(char::from_u32(point).unwrap_or('\u{FFFD}'));
                    }
                    _ => out.push(char::from_u32(first).unwrap_or('\u{FFFD}')),
                }
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn valid(text: &str) -> bool {
        let mut cursor = Cursor::new(text, 0);
        cursor.skip().is_ok() && cursor.done()
    }

    #[test]
    fn what_is_json_is_told_as_serde_tells_it() {
        for text in [
            "null",
            "true",
            "-0.5e+10",
            "[]",
            "{}",
            " [1, 2 ,3]\n",
            r#"{"a":{"b":[{}]},"c":"\u00e9\n"}"#,
            r#""\ud83d\ude00""#,
            "",
            "nul",
            "01",
            "1.",
            "-",
            "[1,]",
            "[,1]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{a:1}"#,
            "\"\u{1}\"",
            r#""\x""#,
            "[1 2]",
            r#"{"a":1,}"#,
            "\"abc",
            r#"["\u12"]"#,
            "[",
            "{\"a\":1",
            "1e",
            "+1",
            "tru e",
            "]",
        ] {
            assert_eq!(valid(text), serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        assert!(valid(&format!("{}{}", "[".repeat(500), "]".repeat(500))));
        assert!(!valid(&"[".repeat(100_000)));
    }

    proptest! {
        #[test]
        fn strings_say_what_serde_says(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            let read = Cursor::new(&written, 0).string().unwrap();
            prop_assert_eq!(read.text(), text);
        }

        #[test]
        fn broken_text_is_told_as_serde_tells_it(text in r#"[\[\]{}:,"\\ a0-9eu.tn-]{0,24}"#) {
            prop_assert_eq!(valid(&text), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
