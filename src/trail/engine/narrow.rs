//! From a query to a condition in an engine's own language that never loses a row.
//!
//! Every row that comes back is held against the query itself, so a condition may let too many rows through, and
//! must never let one too few. Under a `!` that turns round: what is negated must say yes to too few. So each part is
//! asked for on one [`Side`], and what an engine cannot say on that side is left to the filter here.

use crate::trail::query::{Expr, Query};

/// On which side of the exact set of rows a condition may err.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It may let rows through that do not match.
    Over,
    /// It may miss rows that match.
    Under,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Over => Self::Under,
            Self::Under => Self::Over,
        }
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cond {
    /// Of every row.
    Always,
    /// Of none.
    Never,
    /// In the engine's words; never null.
    When(String),
}

/// What differs from engine to engine.
pub(super) trait Dialect {
    /// A single term, erring on this side only; `None` when it cannot be said so.
    fn term(&self, term: &Expr, side: Side) -> Option<Cond>;
}

/// A condition, and what it leaves to the filter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Narrowed {
    /// What the engine is asked for.
    pub cond: Cond,
    /// Terms that say nothing to the engine, as they were written.
    pub residual: Vec<String>,
}

/// The narrowest condition that every row matched by all of these queries meets.
pub(super) fn narrow(queries: &[Query], dialect: &dyn Dialect) -> Narrowed {
    let mut residual = Vec::new();
    let parts: Vec<Cond> = queries.iter().map(|query| part(query.root(), Side::Over, dialect, &mut residual)).collect();
    residual.dedup();
    Narrowed { cond: all(parts), residual }
}

fn part(expr: &Expr, side: Side, dialect: &dyn Dialect, residual: &mut Vec<String>) -> Cond {
    match expr {
        Expr::All(terms) => all(terms.iter().map(|term| part(term, side, dialect, residual)).collect()),
        Expr::Any(terms) => any(terms.iter().map(|term| part(term, side, dialect, residual)).collect()),
        Expr::Not(term) => not(part(term, side.other(), dialect, residual)),
        term => dialect.term(term, side).unwrap_or_else(|| {
            residual.push(term.to_string());
            match side {
                Side::Over => Cond::Always,
                Side::Under => Cond::Never,
            }
        }),
    }
}

/// All of them hold.
pub(super) fn all(parts: Vec<Cond>) -> Cond {
    join(parts, " and ", &Cond::Always, &Cond::Never)
}

/// One of them holds.
pub(super) fn any(parts: Vec<Cond>) -> Cond {
    join(parts, " or ", &Cond::Never, &Cond::Always)
}

fn join(parts: Vec<Cond>, between: &str, idle: &Cond, decides: &Cond) -> Cond {
    if parts.contains(decides) {
        return decides.clone();
    }
    let mut words: Vec<String> = Vec::new();
    for part in parts {
        if let Cond::When(text) = part
            && !words.contains(&text)
        {
            words.push(text);
        }
    }
    match words.len() {
        0 => idle.clone(),
        1 => Cond::When(words.remove(0)),
        _ => Cond::When(format!("({})", words.join(between))),
    }
}

fn not(part: Cond) -> Cond {
    match part {
        Cond::Always => Cond::Never,
        Cond::Never => Cond::Always,
        Cond::When(text) => Cond::When(format!("not {text}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::trail::query::{FieldSpec, Kind, Schema};

    use super::*;

    /// Says `name` and nothing else, and on the side of too many rows only when it begins with `~`.
    struct Words;

    impl Dialect for Words {
        fn term(&self, term: &Expr, side: Side) -> Option<Cond> {
            let text = term.to_string();
            let vague = text.contains('~');
            (text.starts_with("name:") && (!vague || side == Side::Over)).then_some(Cond::When(text))
        }
    }

    const SCHEMA: Schema = Schema {
        rows: "events",
        fields: &[
            FieldSpec { name: "name", aliases: &[], kind: Kind::Text, help: "" },
            FieldSpec { name: "odd", aliases: &[], kind: Kind::Text, help: "" },
        ],
    };

    fn said(query: &str) -> (Cond, Vec<String>) {
        let narrowed = narrow(&[Query::parse(query, &SCHEMA).unwrap()], &Words);
        (narrowed.cond, narrowed.residual)
    }

    fn when(text: &str) -> Cond {
        Cond::When(text.to_owned())
    }

    #[test]
    fn what_cannot_be_said_lets_every_row_through() {
        assert_eq!(said("odd:x"), (Cond::Always, vec!["odd:x".to_owned()]));
        assert_eq!(said("name:a odd:x").0, when("name:a"));
        assert_eq!(said("name:a or odd:x").0, Cond::Always);
        assert_eq!(said("(name:a or odd:x) name:b").0, when("name:b"));
        assert_eq!(said("name:a name:b").0, when("(name:a and name:b)"));
    }

    #[test]
    fn a_negation_never_rests_on_an_approximation() {
        assert_eq!(said("!name:a").0, when("not name:a"));
        assert_eq!(said("!name:~a").0, Cond::Always);
        assert_eq!(said("!!name:~a").0, when("not not name:~a"));
        assert_eq!(said("!odd:x").0, Cond::Always);
        assert_eq!(said("!(name:a or odd:x)").0, when("not name:a"));
        assert_eq!(said("!(name:a odd:x)").0, Cond::Always);
        assert_eq!(said("!(name:~a or name:b)").0, when("not name:b"));
    }
}
