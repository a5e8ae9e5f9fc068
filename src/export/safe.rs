//! Making foreign text harmless before it leaves: nothing from AWS may move a cursor or run in a spreadsheet.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// The text with every character that acts rather than shows written out: `\u{1b}`, `\n`, `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            other if acts(other) => {
                let _never = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// Controls of C0 and C1, what turns the direction of text, what has no width, and line separators.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Writes a value as indented JSON: what acts on a terminal is escaped as `\u001b`, and means the same to a parser.
///
/// # Errors
/// When the output takes no more.
pub fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaping(PrettyFormatter::new())))?;
    Ok(())
}

/// As [`json`], on one line.
///
/// # Errors
/// When the output takes no more.
pub fn json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaping(CompactFormatter)))?;
    Ok(())
}

/// Serde escapes C0 only.
struct Escaping<F>(F);

/// Passes layout on to the formatter inside.
macro_rules! layout {
    ($($name:ident($($argument:ident)?)),*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: bool)?) -> io::Result<()> {
            self.0.$name(writer $(, $argument)?)
        }
    )*};
}

impl<F: Formatter> Formatter for Escaping<F> {
    layout!(begin_array(), end_array(), begin_array_value(first), end_array_value());
    layout!(begin_object(), end_object(), begin_object_key(first), begin_object_value(), end_object_value());

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, character) in fragment.char_indices().filter(|(_, character)| acts(*character)) {
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            plain = at + character.len_utf8();
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

/// The text cut to so many characters, with `…` for the rest.
#[must_use]
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let end = text.char_indices().nth(most.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
            Cow::Owned(format!("{}…", &text[..end]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_shows_nothing_that_acts() {
        let value = serde_json::json!({"a\u{9b}": ["x\u{202e}\u{200b}\u{7f}\u{1b}[2J\n表\u{e0041}", {}, []]});
        let mut out = Vec::new();
        json(&mut out, &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(|character| acts(character) && character != '\n'), "{text}");
        assert!(text.contains("\\u009b") && text.contains("\\u202e\\u200b\\u007f") && text.contains("\\udb40\\udc41"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_acts_is_written_out_and_what_shows_is_left() {
        assert_eq!(visible("orders · é 表"), "orders · é 表");
        assert_eq!(visible("a\u{1b}[2Jb\0\n\u{202e}c\u{9b}"), "a\\u{1b}[2Jb\\u{0}\\n\\u{202e}c\\u{9b}");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }
}
