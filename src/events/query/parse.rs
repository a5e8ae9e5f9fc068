//! From text to terms.

use std::ops::Range;

use regex::Regex;

use super::value::{Needle, Test, sign};
use super::{Expr, Kind, Moment, Op, QueryError, Schema, closest};

/// Deeper nesting than anyone writes, and less than the stack holds.
const DEEPEST: usize = 100;

/// Names that mean a window of time in every kind of row.
pub(super) const WINDOWS: [(&str, &str); 3] = [
    ("since", "not before: 2h, 2026-11-21, 2026-11-21T03:00"),
    ("until", "not after; a bare date is the whole day"),
    ("last", "the same as since, for lengths of time"),
];

pub(super) fn parse(text: &str, schema: &Schema) -> Result<Expr, QueryError> {
    let mut parser = Parser { text, at: 0, schema, depth: 0 };
    let root = parser.any()?;
    match parser.peek() {
        None => Ok(root),
        Some(_) => Err(error("this parenthesis closes nothing", parser.at..parser.at + 1)),
    }
}

fn error(message: impl Into<String>, span: Range<usize>) -> QueryError {
    QueryError { message: message.into(), span }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    schema: &'a Schema,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character that means something.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    /// Takes a bare word such as `or`.
    fn word(&mut self, word: &str) -> bool {
        if self.peek().is_none() {
            return false;
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
        let found = rest[..end].eq_ignore_ascii_case(word);
        if found {
            self.at += end;
        }
        found
    }

    fn any(&mut self) -> Result<Expr, QueryError> {
        let mut ways = vec![self.all()?];
        loop {
            self.peek();
            let start = self.at;
            if !self.word("or") {
                break;
            }
            let way = self.all()?;
            let empty = |of: &Expr| matches!(of, Expr::All(terms) if terms.is_empty());
            if empty(&way) || ways.iter().any(empty) {
                return Err(error("`or` needs something on both sides", start..start + 2));
            }
            ways.push(way);
        }
        if ways.len() == 1 { Ok(ways.swap_remove(0)) } else { Ok(Expr::Any(ways)) }
    }

    fn all(&mut self) -> Result<Expr, QueryError> {
        let mut terms = Vec::new();
        loop {
            match self.peek() {
                None | Some(')') => break,
                Some(_) => {}
            }
            let here = self.at;
            if self.word("or") {
                self.at = here;
                break;
            }
            if self.word("and") {
                continue;
            }
            terms.push(self.term()?);
        }
        if terms.len() == 1 { Ok(terms.swap_remove(0)) } else { Ok(Expr::All(terms)) }
    }

    fn term(&mut self) -> Result<Expr, QueryError> {
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(error("nested too deeply", start..start + 1));
        }
        let term = match self.peek() {
            Some('!') => {
                self.at += 1;
                match self.peek() {
                    None | Some(')') => return Err(error("`!` needs something to deny", start..start + 1)),
                    Some(_) => Expr::Not(Box::new(self.term()?)),
                }
            }
            Some('(') => {
                self.at += 1;
                let inside = self.any()?;
                if self.peek() != Some(')') {
                    return Err(error("this parenthesis is never closed", start..start + 1));
                }
                self.at += 1;
                if matches!(&inside, Expr::All(terms) if terms.is_empty()) {
                    return Err(error("nothing between the parentheses", start..self.at));
                }
                inside
            }
            Some('"') => {
                let text = self.quoted()?;
                self.free(&text, start)?
            }
            _ => self.named()?,
        };
        self.depth -= 1;
        Ok(term)
    }

    /// Text in quotes, at an opening quote.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((position, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = start + position + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        Err(error("this quote is never closed", start..start + 1))
    }

    /// A regular expression, at its opening slash.
    fn regex(&mut self) -> Result<Test, QueryError> {
        let start = self.at;
        let mut escaped = false;
        for (position, character) in self.rest().char_indices().skip(1) {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '/' => {
                    let end = start + position;
                    self.at = end + 1;
                    return Regex::new(&self.text[start + 1..end]).map(Test::Regex).map_err(|why| {
                        let why = why.to_string();
                        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                        error(format!("not a regular expression: {why}"), start..end + 1)
                    });
                }
                _ => {}
            }
        }
        Err(error("this regular expression is never closed: it ends with `/`", start..self.text.len()))
    }

    /// A run of characters up to a blank or parenthesis.
    fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A field with its test, a flag, or free text without quotes.
    fn named(&mut self) -> Result<Expr, QueryError> {
        let start = self.at;
        let rest = self.rest();
        let name_end = rest.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len());
        let name = &rest[..name_end];
        let is_field = rest[name_end..].starts_with(':')
            && name.starts_with(char::is_alphabetic)
            // A pasted ARN or URL is text.
            && name != "arn"
            && !rest[name_end..].starts_with("://");
        if !is_field {
            let word = self.bare();
            if let Some((spec, name)) = self.schema.find(word)
                && spec.kind == Kind::Flag
            {
                return Ok(Expr::Field { name, test: Test::Flag(true) });
            }
            return self.free(word, start);
        }
        self.at += name_end + 1;
        let known = self.schema.find(name);
        let window = WINDOWS.iter().find(|(window, _)| window.eq_ignore_ascii_case(name));
        if known.is_none() && window.is_none() {
            return Err(self.no_field(name, start..start + name_end));
        }
        let value_at = self.at;
        if let (Some((_, name)), true) = (&known, self.rest().starts_with('/')) {
            let name = name.clone();
            return Ok(Expr::Field { name, test: self.regex()? });
        }
        let (op, after) = sign(self.rest());
        self.at = self.text.len() - after.len();
        let quoted = after.starts_with('"');
        let value = if quoted { self.quoted()? } else { self.bare().to_owned() };
        let span = value_at..self.at.max(value_at + 1).min(self.text.len().max(value_at));
        let point = |message: String| error(message, if span.is_empty() { start..value_at } else { span.clone() });
        match (known, window) {
            (Some((spec, name)), _) => {
                Ok(Expr::Field { name, test: Test::read(spec.kind, op, &value, quoted).map_err(point)? })
            }
            (None, Some(_)) if op != Op::Equal => Err(point("a window of time takes no sign".to_owned())),
            (None, Some(("until", _))) => Ok(Expr::Until(Moment::read(&value).map_err(point)?)),
            (None, _) => Ok(Expr::Since(Moment::read(&value).map_err(point)?)),
        }
    }

    fn free(&self, text: &str, start: usize) -> Result<Expr, QueryError> {
        Needle::new(text).map(Expr::Free).ok_or_else(|| error("too long to look for", start..self.at))
    }

    fn no_field(&self, name: &str, span: Range<usize>) -> QueryError {
        let fields =
            self.schema.fields.iter().flat_map(|spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied()));
        let near = closest(name, fields.chain(WINDOWS.iter().map(|(name, _)| *name)));
        let offer = if near.is_empty() {
            let names: Vec<&str> = self.schema.fields.iter().map(|spec| spec.name).collect();
            format!("there are {}", names.join(", "))
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        error(format!("{} have no field `{name}`; {offer}", self.schema.rows), span)
    }
}
