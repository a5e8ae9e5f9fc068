//! What Tab offers.

use std::ops::Range;

use super::parse::WINDOWS;
use super::{Kind, Schema};

/// What could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// The bytes that a choice replaces.
    pub span: Range<usize>,
    /// The choices, each with a line of help.
    pub choices: Vec<(String, &'static str)>,
}

/// What could stand at byte `cursor` of a query: names of fields, or the words a field knows.
#[must_use]
pub fn complete(text: &str, cursor: usize, schema: &Schema) -> Completion {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let before = &text[..cursor];
    // A cursor in a quoted text completes nothing.
    if before.matches('"').count() % 2 == 1 {
        return Completion { span: cursor..cursor, choices: Vec::new() };
    }
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_whitespace() || matches!(c, '(' | ')' | '!'))
        .map_or(0, |(at, c)| at + c.len_utf8());
    let word = &before[start..];
    let Some((name, value)) = word.split_once(':') else {
        return Completion { span: start..cursor, choices: names(word, schema) };
    };
    let value = value.trim_start_matches(['>', '<', '=']);
    let words: &[&str] = match schema.find(name).map(|(spec, _)| spec.kind) {
        Some(Kind::Word(words)) => words,
        Some(Kind::Flag) => &["yes", "no"],
        _ => &[],
    };
    let choices = words
        .iter()
        .filter(|word| begins(word, value))
        .map(|word| (if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() }, ""))
        .collect();
    Completion { span: cursor - value.len()..cursor, choices }
}

fn names(word: &str, schema: &Schema) -> Vec<(String, &'static str)> {
    let mut choices: Vec<(String, &'static str)> = schema
        .fields
        .iter()
        .filter(|spec| begins(spec.name, word) || spec.aliases.iter().any(|alias| begins(alias, word)))
        .map(|spec| match spec.kind {
            Kind::Flag => (spec.name.to_owned(), spec.help),
            _ => (spec.name.strip_suffix('*').map_or_else(|| format!("{}:", spec.name), str::to_owned), spec.help),
        })
        .collect();
    choices
        .extend(WINDOWS.iter().filter(|(name, _)| begins(name, word)).map(|(name, help)| (format!("{name}:"), *help)));
    choices
}

fn begins(word: &str, with: &str) -> bool {
    word.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with))
}
