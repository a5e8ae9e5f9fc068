//! The query language of every filter: `name:Update* by:alice since:2h !self ip:203.0.113.0/24 "free text"`.
//!
//! Terms side by side must all hold, `or` binds looser, `!` negates, parentheses group. A term is a field and a
//! test (`field:value`, `field:glob*`, `field:/regex/`, `field:>=14d`, an address block), a bare flag, a window of
//! time (`since:` `until:` `last:`), or text that is looked for everywhere in a row. Letter case never matters,
//! except in a regex. What a field could not be read as matches `unknown` alone, what is not there `none`.

mod complete;
mod parse;
pub mod toggle;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use jiff::Timestamp;

pub use complete::{Completion, complete};
pub use value::{Moment, Needle, Op, Operand, Test};

/// What a field holds, which decides how a value after its colon is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or name: compared whole.
    Text,
    /// Prose: a value is looked for inside.
    Prose,
    /// One of a few words, mildest first: compared whole, and by rank.
    Word(&'static [&'static str]),
    /// A count or measure; a value may end in `k`, `M`, `G`, `T`.
    Number,
    /// A length of time, in seconds; a value needs a unit: `90s`, `14d`, `1h30m`.
    Duration,
    /// A point in time; a value is a date, a time, or so long before now: `2h`.
    Time,
    /// Yes or no; the bare name means yes.
    Flag,
    /// An address or a service's name; a value may be a block: `203.0.113.0/24`.
    Address,
}

/// One field of a kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name; one that ends in `.*` stands for any name with this beginning (`tags.*`).
    pub name: &'static str,
    /// Shorter or older names for it.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// One line of help.
    pub help: &'static str,
}

/// The fields of one kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// What the rows are called, `events`.
    pub rows: &'static str,
    /// Its fields, in the order they are shown.
    pub fields: &'static [FieldSpec],
}

impl Schema {
    /// The field that a name means, with the name rows know it by.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(FieldSpec, String)> {
        let same = |of: &&FieldSpec| {
            of.name.eq_ignore_ascii_case(name) || of.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        };
        if let Some(spec) = self.fields.iter().find(same) {
            return Some((*spec, spec.name.to_owned()));
        }
        self.fields.iter().find_map(|spec| {
            let prefix = spec.name.strip_suffix('*')?;
            let (head, tail) = name.split_at_checked(prefix.len())?;
            let singular = prefix.strip_suffix("s.");
            if head.eq_ignore_ascii_case(prefix) && !tail.is_empty() {
                return Some((*spec, format!("{prefix}{tail}")));
            }
            // `tag.env` for `tags.env`
            let (head, tail) = name.split_once('.')?;
            (singular.is_some_and(|word| word.eq_ignore_ascii_case(head)) && !tail.is_empty())
                .then(|| (*spec, format!("{prefix}{tail}")))
        })
    }
}

/// The value of one field of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Field<'a> {
    /// There is none.
    None,
    /// It could not be read.
    Unknown,
    /// Text.
    Text(Cow<'a, str>),
    /// A number, or a length of time in seconds.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A point in time.
    Time(Timestamp),
    /// Several values: a test holds if it holds for one of them.
    Many(Vec<Field<'a>>),
}

impl<'a> Field<'a> {
    /// Text, borrowed.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Text, or none.
    #[must_use]
    pub fn maybe(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::text)
    }

    /// A time, or none.
    #[must_use]
    pub fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::None, Self::Time)
    }
}

/// What a query asks of a row.
pub trait Row {
    /// The value of a field, by the name its schema gives it.
    fn field(&self, name: &str) -> Field<'_>;
    /// Shows all text of the row, piece by piece, until `visit` says true.
    fn text(&self, visit: &mut dyn FnMut(&str) -> bool);
    /// The time that `since:`, `until:` and `last:` go by.
    fn time(&self) -> Option<Timestamp>;
    /// The moment that relative times count from.
    fn now(&self) -> Timestamp;
}

/// Why a query could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// One sentence, with what to write instead where that is known.
    pub message: String,
    /// The bytes of the query that it is about.
    pub span: Range<usize>,
}

impl QueryError {
    /// The query with a line of carets under what is wrong, and the message.
    #[must_use]
    pub fn pointed(&self, query: &str) -> String {
        let width = |range: &str| range.chars().count();
        let before = query.get(..self.span.start).map_or(0, width);
        let carets = query.get(self.span.clone()).map_or(1, width).max(1);
        format!("{query}\n{}{} {}", " ".repeat(before), "^".repeat(carets), self.message)
    }
}

/// A query that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    root: Expr,
}

/// A query taken apart; texts, times and tests as they were read.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All must hold.
    All(Vec<Expr>),
    /// One must hold.
    Any(Vec<Expr>),
    /// It must not hold.
    Not(Box<Expr>),
    /// Text anywhere in the row.
    Free(Needle),
    /// Not before.
    Since(Moment),
    /// Not after.
    Until(Moment),
    /// A test of a field.
    Field {
        /// As the schema calls it.
        name: String,
        /// The test.
        test: Test,
    },
}

impl Default for Query {
    /// The query that matches every row.
    fn default() -> Self {
        Self { root: Expr::All(Vec::new()) }
    }
}

impl Query {
    /// Reads a query for one kind of row. Nothing at all is a query too: it matches every row.
    ///
    /// # Errors
    /// With the word that is wrong and what it might have meant.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, QueryError> {
        parse::parse(text, schema).map(|root| Self { root })
    }

    /// What both ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let terms = [self.root, other.root].into_iter().flat_map(|root| match root {
            Expr::All(terms) => terms,
            root => vec![root],
        });
        Self { root: Expr::All(terms.collect()) }
    }

    /// True when the row is what the query asks for.
    #[must_use]
    pub fn matches(&self, row: &dyn Row) -> bool {
        self.root.matches(row)
    }

    /// It, taken apart.
    #[must_use]
    pub fn root(&self) -> &Expr {
        &self.root
    }

    /// The texts that it looks for anywhere in a row, from left to right.
    #[must_use]
    pub fn texts(&self) -> Vec<&Needle> {
        let mut found = Vec::new();
        self.root.texts(&mut found);
        found
    }

    /// True for the query that matches every row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Expr::All(terms) if terms.is_empty())
    }

    /// True when a test of this field stands anywhere in the query.
    #[must_use]
    pub fn mentions(&self, field: &str) -> bool {
        self.mentions_any(&|name| name == field)
    }

    /// True when a test of such a field stands anywhere in the query.
    #[must_use]
    pub fn mentions_any(&self, of: &dyn Fn(&str) -> bool) -> bool {
        self.root.any(&|expr| matches!(expr, Expr::Field { name, .. } if of(name)))
    }

    /// The value that every matching row has in this field, where the query says so outright: what a search at the
    /// service itself can go by.
    #[must_use]
    pub fn required(&self, field: &str) -> Option<&str> {
        self.terms().iter().find_map(|term| match term {
            Expr::Field { name, test: Test::Is(value) } if name == field => Some(value.as_str()),
            _ => None,
        })
    }

    /// The flag that every matching row has, where the query says so outright.
    #[must_use]
    pub fn required_flag(&self, field: &str) -> Option<bool> {
        self.terms().iter().find_map(|term| match term {
            Expr::Field { name, test: Test::Flag(value) } if name == field => Some(*value),
            Expr::Not(inner) => match &**inner {
                Expr::Field { name, test: Test::Flag(value) } if name == field => Some(!value),
                _ => None,
            },
            _ => None,
        })
    }

    /// The window of time that every matching row lies in: not before, and before.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let since = self.terms().iter().filter_map(|term| match term {
            Expr::Since(moment) => Some(moment.range(now).start),
            _ => None,
        });
        let until = self.terms().iter().filter_map(|term| match term {
            Expr::Until(moment) => Some(moment.range(now).end),
            _ => None,
        });
        (since.max(), until.min())
    }

    /// The terms that all must hold.
    fn terms(&self) -> &[Expr] {
        match &self.root {
            Expr::All(terms) => terms,
            other => std::slice::from_ref(other),
        }
    }
}

impl Expr {
    fn matches(&self, row: &dyn Row) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.matches(row)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(row)),
            Self::Not(term) => !term.matches(row),
            Self::Free(needle) => {
                let mut found = false;
                row.text(&mut |text| {
                    found = needle.is_in(text);
                    found
                });
                found
            }
            Self::Since(moment) => row.time().is_some_and(|at| at >= moment.range(row.now()).start),
            Self::Until(moment) => row.time().is_some_and(|at| at < moment.range(row.now()).end),
            Self::Field { name, test } => test.holds(&row.field(name), row.now()),
        }
    }

    fn texts<'q>(&'q self, into: &mut Vec<&'q Needle>) {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().for_each(|term| term.texts(into)),
            Self::Not(term) => term.texts(into),
            Self::Free(needle) => into.push(needle),
            _ => {}
        }
    }

    fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self)
            || match self {
                Self::All(terms) | Self::Any(terms) => terms.iter().any(|term| term.any(wanted)),
                Self::Not(term) => term.any(wanted),
                _ => false,
            }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, terms: &[Self], between: &str| {
            for (position, term) in terms.iter().enumerate() {
                if position > 0 {
                    f.write_str(between)?;
                }
                match term {
                    Self::All(_) | Self::Any(_) => write!(f, "({term})")?,
                    term => write!(f, "{term}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::All(terms) => join(f, terms, " "),
            Self::Any(terms) => join(f, terms, " or "),
            Self::Not(term) => match &**term {
                Self::All(_) | Self::Any(_) => write!(f, "!({term})"),
                term => write!(f, "!{term}"),
            },
            Self::Free(needle) => f.write_str(&value::quoted(needle.text())),
            Self::Since(moment) => write!(f, "since:{moment}"),
            Self::Until(moment) => write!(f, "until:{moment}"),
            Self::Field { name, test } => write!(f, "{name}:{test}"),
        }
    }
}

/// The candidates nearest to a misspelt word, nearest first.
pub fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = candidates
        .map(|candidate| {
            let inside = !word.is_empty() && candidate.contains(&word);
            (if inside { 1 } else { distance(&word, &candidate.to_ascii_lowercase()) }, candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 2).max(1))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
