//! Terms put into a typed query and taken out again, with everything else left as it was typed.

use super::value;

/// Whether a query asks for a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It does not speak of it.
    Not,
    /// It asks for it.
    With,
    /// It asks for what is without it.
    Without,
}

/// A term that asks for one value of a field, quoted where it must be.
#[must_use]
pub fn term(field: &str, value: &str) -> String {
    format!("{field}:{}", value::plain(value))
}

/// How a term stands in a query.
#[must_use]
pub fn stands(query: &str, term: &str) -> Stands {
    match place(query, term) {
        Some(at) if query.get(..at).is_some_and(|before| before.ends_with('!')) => Stands::Without,
        Some(_) => Stands::With,
        None => Stands::Not,
    }
}

/// Puts a term in; negates one that is there; takes out one that is negated.
#[must_use]
pub fn toggle(query: &str, term: &str) -> String {
    let Some(at) = place(query, term) else { return add(query, term) };
    let (before, after) = (query.get(..at).unwrap_or_default(), query.get(at + term.len()..).unwrap_or_default());
    match before.strip_suffix('!') {
        Some(before) => [before.trim_end(), after.trim_start()].join(" ").trim().to_owned(),
        None => format!("{before}!{term}{after}"),
    }
}

/// The terms of a field that a query negates, as they were typed.
#[must_use]
pub fn without(query: &str, field: &str) -> Vec<String> {
    let of = |at: usize| {
        let rest = query.get(at..)?;
        let value = rest.strip_prefix(field)?.strip_prefix(':')?;
        let negated = query.get(..at)?.ends_with('!');
        let mut quoted = false;
        let end = value.find(|c: char| {
            quoted ^= c == '"';
            !quoted && matches!(c, ' ' | '\t' | ')')
        });
        let term = rest.get(..field.len() + 1 + end.unwrap_or(value.len()))?;
        negated.then(|| term.to_owned())
    };
    words(query).filter_map(|(at, _)| of(at)).collect()
}

/// Adds a term that must hold beside all others.
fn add(query: &str, term: &str) -> String {
    let query = query.trim();
    if query.is_empty() {
        return term.to_owned();
    }
    // `or` binds looser than standing side by side.
    let alternative = words(query).any(|(at, depth)| {
        let rest = query.get(at..).unwrap_or_default();
        depth == 0 && rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("or")) && ends(rest, 2)
    });
    if alternative { format!("({query}) {term}") } else { format!("{query} {term}") }
}

/// Where a term begins in a query, as a whole.
fn place(query: &str, term: &str) -> Option<usize> {
    words(query).map(|(at, _)| at).find(|at| {
        query.get(*at..).is_some_and(|rest| {
            rest.get(..term.len()).is_some_and(|same| same.eq_ignore_ascii_case(term)) && ends(rest, term.len())
        })
    })
}

fn ends(rest: &str, at: usize) -> bool {
    rest.get(at..).is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', ')']))
}

/// Where words begin outside quotes, and how many parentheses are open there.
fn words(query: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let (mut quoted, mut escaped, mut depth, mut fresh) = (false, false, 0_usize, true);
    query.char_indices().filter_map(move |(at, c)| {
        if quoted {
            let ended = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            quoted = !ended;
            return None;
        }
        let begins = fresh && !matches!(c, ' ' | '\t' | '(' | ')' | '!');
        fresh = matches!(c, ' ' | '\t' | '(' | ')' | '!');
        match c {
            '"' => quoted = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins.then_some((at, depth))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_comes_is_negated_and_goes() {
        let term = term("name", "UpdateTable");
        let mut query = "last:6h".to_owned();
        for expected in ["last:6h name:UpdateTable", "last:6h !name:UpdateTable", "last:6h"] {
            query = toggle(&query, &term);
            assert_eq!(query, expected);
        }
        assert_eq!(toggle("", &term), "name:UpdateTable");
        assert_eq!(toggle("!name:UpdateTable by:ci", &term), "by:ci");
    }

    #[test]
    fn what_is_left_out_can_be_listed() {
        let query = "name:a !name:b (!name:\"c d\") !by:name:x";
        assert_eq!(without(query, "name"), ["name:b", "name:\"c d\""]);
        assert!(without("", "name").is_empty());
    }

    #[test]
    fn only_the_whole_term_is_the_term() {
        let term = term("name", "Update");
        assert_eq!(stands("name:UpdateTable", &term), Stands::Not);
        assert_eq!(stands("\"a name:Update b\"", &term), Stands::Not);
        assert_eq!(stands("(by:ci !NAME:update)", &term), Stands::Without);
        assert_eq!(stands("by:ci name:Update", &term), Stands::With);
    }

    #[test]
    fn values_are_quoted_where_they_must_and_alternatives_are_kept_together() {
        let odd = term("principal", "a b*");
        assert_eq!(odd, "principal:\"a b*\"");
        assert_eq!(toggle("name:a or name:b", &odd), "(name:a or name:b) principal:\"a b*\"");
        assert_eq!(toggle("(name:a or name:b) x", "y"), "(name:a or name:b) x y");
        assert_eq!(toggle(&toggle(&toggle("x", &odd), &odd), &odd), "x");
    }
}
