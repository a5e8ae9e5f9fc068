//! The right-hand side of a term: how it is read, compared and printed.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::{Regex, bytes};
use wildmatch::WildMatch;

use crate::scan::Finder;

use super::{Field, Kind, closest};

/// Text to look for, whatever its letter case. ASCII text is compared letter by letter; for other text letters are
/// those of Unicode.
#[derive(Debug, Clone)]
pub struct Needle {
    text: String,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    /// Everything holds the empty text.
    Always,
    Ascii(Finder),
    Unicode(bytes::Regex),
}

impl Needle {
    /// `None` for text too long to look for.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let how = match Finder::new(text) {
            _ if text.is_empty() => How::Always,
            Some(finder) => How::Ascii(finder),
            None => How::Unicode(bytes::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().ok()?),
        };
        Some(Self { text: text.to_owned(), how })
    }

    /// True when it stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.find(text, 0).is_some()
    }

    /// Where it stands next, from a byte on: from its first byte to just after its last.
    #[must_use]
    pub fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        self.find_bytes(text.as_bytes(), from)
    }

    /// The same in bytes that were text once: what is unpacked to be searched need not be shown to be text again.
    #[must_use]
    pub fn find_bytes(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        match &self.how {
            How::Always => (from <= text.len()).then_some((from, from)),
            How::Ascii(finder) => finder.find(text, from).map(|at| (at, at + self.text.len())),
            How::Unicode(regex) if from <= text.len() => regex.find_at(text, from).map(|at| (at.start(), at.end())),
            How::Unicode(_) => None,
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`, or nothing.
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

impl Op {
    /// As it is written; equality needs no sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
        }
    }

    fn of(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => (left - right).abs() < f64::EPSILON * right.abs().max(1.0),
            Self::AtLeast => left >= right,
            Self::Above => left > right,
            Self::AtMost => left <= right,
            Self::Below => left < right,
        }
    }

    /// The stretch of time that a comparison with one asks for; an open end is none.
    #[must_use]
    pub fn bounds(self, range: &Range<Timestamp>) -> (Option<Timestamp>, Option<Timestamp>) {
        match self {
            Self::Equal => (Some(range.start), Some(range.end)),
            Self::AtLeast => (Some(range.start), None),
            Self::Above => (Some(range.end), None),
            Self::AtMost => (None, Some(range.end)),
            Self::Below => (None, Some(range.start)),
        }
    }

    /// A point against a stretch of time: `=` is inside, `>` after all of it, `<` before all of it.
    fn within(self, at: Timestamp, range: &Range<Timestamp>) -> bool {
        match self {
            Self::Equal => range.contains(&at),
            Self::AtLeast => at >= range.start,
            Self::Above => at >= range.end,
            Self::AtMost => at < range.end,
            Self::Below => at < range.start,
        }
    }
}

/// A value to compare with, as written and as understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number, or seconds.
    Number(String, f64),
    /// A point in time.
    Time(Moment),
    /// A word's place in its list.
    Rank(usize, &'static [&'static str]),
}

/// A test of one field.
#[derive(Debug, Clone)]
pub enum Test {
    /// The whole value.
    Is(String),
    /// A part of the value.
    Has(Needle),
    /// `*` and `?`.
    Glob(String, WildMatch),
    /// A regular expression.
    Regex(Regex),
    /// More, less, or as much.
    Compare(Op, Operand),
    /// An address in a block.
    Block(IpNet),
    /// Yes or no.
    Flag(bool),
    /// Could not be read.
    Unknown,
    /// Is not there.
    None,
}

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) | (Self::Glob(a, _), Self::Glob(b, _)) => a == b,
            (Self::Has(a), Self::Has(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            (Self::Compare(a, x), Self::Compare(b, y)) => a == b && x == y,
            (Self::Block(a), Self::Block(b)) => a == b,
            (Self::Flag(a), Self::Flag(b)) => a == b,
            (Self::Unknown, Self::Unknown) | (Self::None, Self::None) => true,
            _ => false,
        }
    }
}

impl Test {
    /// Reads what follows a field's colon and sign. `quoted` text stands for itself.
    ///
    /// # Errors
    /// With a sentence that says what would do.
    pub(super) fn read(kind: Kind, op: Op, rest: &str, quoted: bool) -> Result<Self, String> {
        if rest.is_empty() && !quoted {
            return Err("a value must follow".to_owned());
        }
        if op == Op::Equal && !quoted {
            match rest {
                "unknown" => return Ok(Self::Unknown),
                "none" => return Ok(Self::None),
                _ => {}
            }
        }
        match kind {
            Kind::Number => {
                let number = number(rest).ok_or_else(|| format!("`{rest}` is no number"))?;
                Ok(Self::Compare(op, Operand::Number(rest.to_owned(), number)))
            }
            Kind::Duration => {
                let seconds =
                    seconds(rest).ok_or_else(|| format!("`{rest}` is no length of time: try 30s, 15m, 14d"))?;
                Ok(Self::Compare(op, Operand::Number(rest.to_owned(), seconds)))
            }
            Kind::Time => Ok(Self::Compare(op, Operand::Time(Moment::read(rest)?))),
            Kind::Flag => match rest.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Ok(Self::Flag(true)),
                "false" | "no" | "off" => Ok(Self::Flag(false)),
                _ => Err(format!("`{rest}` is neither yes nor no")),
            },
            Kind::Word(words) if op != Op::Equal => rank(words, rest)
                .map(|rank| Self::Compare(op, Operand::Rank(rank, words)))
                .ok_or_else(|| odd(words, rest)),
            Kind::Text | Kind::Prose | Kind::Address if op != Op::Equal => {
                Err(format!("`{}` compares numbers, times and ranks, and this field is text", op.sign()))
            }
            _ if !quoted && rest.contains(['*', '?']) => {
                Ok(Self::Glob(rest.to_owned(), WildMatch::new_case_insensitive(rest)))
            }
            Kind::Word(words) => match rank(words, rest) {
                Some(_) => Ok(Self::Is(rest.to_owned())),
                None => Err(odd(words, rest)),
            },
            Kind::Prose => Needle::new(rest).map(Self::Has).ok_or_else(|| "too long to look for".to_owned()),
            Kind::Address if rest.contains('/') => {
                rest.parse().map(Self::Block).map_err(|_| format!("`{rest}` is no address block: try 203.0.113.0/24"))
            }
            Kind::Text | Kind::Address => Ok(Self::Is(rest.to_owned())),
        }
    }

    /// True when a field holds what is asked; `now` is what relative times count from.
    #[must_use]
    pub fn holds(&self, field: &Field<'_>, now: Timestamp) -> bool {
        if let Field::Many(fields) = field {
            return match self {
                Self::None => fields.is_empty(),
                test => fields.iter().any(|field| test.holds(field, now)),
            };
        }
        match (self, field) {
            // `verdict:unknown`: the word itself.
            (Self::Unknown, Field::Text(is)) => is == "unknown",
            (Self::Unknown, field) => matches!(field, Field::Unknown),
            (Self::None, field) => matches!(field, Field::None),
            (Self::Flag(wanted), Field::Flag(is)) => wanted == is,
            (Self::Compare(op, Operand::Number(_, wanted)), Field::Number(is)) => op.of(*is, *wanted),
            (Self::Compare(op, Operand::Time(wanted)), Field::Time(is)) => op.within(*is, &wanted.range(now)),
            (Self::Compare(op, Operand::Rank(wanted, words)), Field::Text(is)) => {
                rank(words, is).is_some_and(|rank| op.of(rank as f64, *wanted as f64))
            }
            (Self::Is(wanted), Field::Text(is)) => same(wanted, is),
            (Self::Has(needle), Field::Text(is)) => needle.is_in(is),
            (Self::Glob(_, glob), Field::Text(is)) => glob.matches(is),
            (Self::Regex(regex), Field::Text(is)) => regex.is_match(is),
            (Self::Block(block), Field::Text(is)) => is.parse::<IpAddr>().is_ok_and(|is| block.contains(&is)),
            _ => false,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) => f.write_str(&plain(text)),
            Self::Has(needle) => f.write_str(&plain(needle.text())),
            // `=<*`: the sign in front keeps what follows from being one.
            Self::Glob(text, _) if signed(text) => write!(f, "={text}"),
            Self::Glob(text, _) => f.write_str(text),
            Self::Regex(regex) => write!(f, "/{}/", regex.as_str()),
            Self::Compare(op, Operand::Number(text, _)) => write!(f, "{}{text}", op.sign()),
            Self::Compare(op, Operand::Time(moment)) => write!(f, "{}{moment}", op.sign()),
            Self::Compare(op, Operand::Rank(rank, words)) => {
                write!(f, "{}{}", op.sign(), plain(words.get(*rank).copied().unwrap_or_default()))
            }
            Self::Block(block) => write!(f, "{block}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Unknown => f.write_str("unknown"),
            Self::None => f.write_str("none"),
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
}

fn rank(words: &[&str], text: &str) -> Option<usize> {
    words.iter().position(|word| word.eq_ignore_ascii_case(text))
}

fn odd(words: &[&str], text: &str) -> String {
    let near = closest(text, words.iter().copied());
    let offer = if near.is_empty() { words.join(", ") } else { near.join(", ") };
    format!("no `{text}` here; try {offer}")
}

/// The sign that a value begins with, and the rest.
pub(super) fn sign(text: &str) -> (Op, &str) {
    for (sign, op) in [(">=", Op::AtLeast), ("<=", Op::AtMost), (">", Op::Above), ("<", Op::Below), ("=", Op::Equal)] {
        if let Some(rest) = text.strip_prefix(sign) {
            return (op, rest);
        }
    }
    (Op::Equal, text)
}

/// `12`, `1.5`, `10k`, `2G`: decimal multiples.
fn number(text: &str) -> Option<f64> {
    let (digits, factor) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1e3),
        'M' => (&text[..text.len() - 1], 1e6),
        'G' => (&text[..text.len() - 1], 1e9),
        'T' => (&text[..text.len() - 1], 1e12),
        _ => (text, 1.0),
    };
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    digits.parse::<f64>().ok().filter(|number| plain && number.is_finite()).map(|number| number * factor)
}

/// `90s`, `14d`, `1h30m`, in seconds.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(factor)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    // A thousand years: beyond that, arithmetic on times ends.
    (!text.is_empty() && total <= 31_556_952_000).then_some(total as f64)
}

/// A point in time, as written: absolute, or so long before now.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    text: String,
    when: When,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// Before now.
    Ago(SignedDuration),
    /// A second, a minute, or a day.
    At(Range<Timestamp>),
}

impl Moment {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let when = Self::ago(text).or_else(|| Self::at(text)).ok_or_else(|| {
            format!("`{text}` is no time: try 2h, 2026-11-21, 2026-11-21T03:00 (UTC) or 2026-11-21T03:00:00+01:00")
        })?;
        Ok(Self { text: text.to_owned(), when })
    }

    fn ago(text: &str) -> Option<When> {
        if text == "now" {
            return Some(When::Ago(SignedDuration::ZERO));
        }
        seconds(text).map(|seconds| When::Ago(SignedDuration::from_secs(seconds as i64)))
    }

    fn at(text: &str) -> Option<When> {
        let range = |start: Timestamp, seconds| {
            Some(When::At(start..start.checked_add(SignedDuration::from_secs(seconds)).ok()?))
        };
        if text.len() == 10 {
            let day: Date = text.parse().ok()?;
            return range(day.to_zoned(TimeZone::UTC).ok()?.timestamp(), 86_400);
        }
        // `T03:00` is a minute, `T03:00:00` a second.
        let (_, clock) = text.split_once(['T', ' '])?;
        let clock = clock.split(['Z', '+', '-']).next()?;
        let width = if clock.matches(':').count() < 2 { 60 } else { 1 };
        if let Ok(at) = text.parse::<Timestamp>() {
            return range(at, width);
        }
        let civil: DateTime = text.parse().ok()?;
        range(civil.to_zoned(TimeZone::UTC).ok()?.timestamp(), width)
    }

    /// From its first instant to just after its last; a relative time is one instant.
    #[must_use]
    pub fn range(&self, now: Timestamp) -> Range<Timestamp> {
        match &self.when {
            When::At(range) => range.clone(),
            When::Ago(ago) => {
                let at = now.checked_sub(*ago).unwrap_or(Timestamp::MIN);
                // So that `until:now` takes in what happens now.
                at..at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `"2026-11-21 03:00"` was quoted for its blank.
        if self.text.contains(char::is_whitespace) { f.write_str(&quoted(&self.text)) } else { f.write_str(&self.text) }
    }
}

/// Whether text begins as a comparison or an expression does.
fn signed(text: &str) -> bool {
    text.starts_with(['>', '<', '=', '/'])
}

/// Text that stands for itself after a colon: bare where nothing in it means anything.
pub(super) fn plain(text: &str) -> String {
    let tricky = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '*' | '?');
    if text.is_empty() || signed(text) || text == "unknown" || text == "none" || text.contains(tricky) {
        quoted(text)
    } else {
        text.to_owned()
    }
}

/// Text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
