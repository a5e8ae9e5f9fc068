//! Whether typed letters stand in a text in their order, where, and how well: what a palette sorts by.
//!
//! Of the crates that do this the light one is under a licence that this program does not take in; a palette of ten thousand
//! short names needs no more than one greedy walk from each place where the first letter stands.

/// How well a text fits, and which of its bytes the letters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The more the better.
    pub score: i32,
    /// Where the letters stand.
    pub at: Vec<usize>,
}

/// Letters that follow each other.
const NEXT: i32 = 8;
/// A letter at the beginning of a word.
const WORD: i32 = 8;
/// A letter at the beginning of the text.
const FIRST: i32 = 12;

/// Finds what was typed in a text, letters in any case and spaces left out; `None` when it is not in it.
#[must_use]
pub fn fit(typed: &str, text: &str) -> Option<Fit> {
    let wanted: Vec<u8> = typed.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_lowercase()).collect();
    let text = text.as_bytes();
    let Some(first) = wanted.first() else { return Some(Fit { score: 0, at: Vec::new() }) };
    let is = |at: usize, byte: u8| text.get(at).is_some_and(|it| it.to_ascii_lowercase() == byte);
    let mut best: Option<Fit> = None;
    for start in (0..text.len()).filter(|at| is(*at, *first)) {
        // Where the rest does not follow any more, it follows from no later place either.
        let Some(fit) = walk(&wanted, text, start) else { break };
        if best.as_ref().is_none_or(|best| fit.score > best.score) {
            best = Some(fit);
        }
    }
    best
}

/// Takes each letter where it comes next.
fn walk(wanted: &[u8], text: &[u8], start: usize) -> Option<Fit> {
    let (mut at, mut score, mut from) = (Vec::with_capacity(wanted.len()), 0, start);
    for byte in wanted {
        let rest = text.get(from..)?;
        let place = from + rest.iter().position(|it| it.to_ascii_lowercase() == *byte)?;
        score += 1 + bonus(text, place);
        match at.last() {
            Some(last) if last + 1 == place => score += NEXT,
            Some(last) => score -= i32::try_from(place - last).unwrap_or(i32::MAX).min(6),
            None => {}
        }
        at.push(place);
        from = place + 1;
    }
    Some(Fit { score, at })
}

fn bonus(text: &[u8], place: usize) -> i32 {
    let before = place.checked_sub(1).and_then(|at| text.get(at));
    match (before, text.get(place)) {
        (None, _) => FIRST,
        (Some(before), _) if !before.is_ascii_alphanumeric() => WORD,
        (Some(before), Some(it)) if before.is_ascii_lowercase() && it.is_ascii_uppercase() => WORD,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(typed: &str, texts: &[&'a str]) -> &'a str {
        texts.iter().max_by_key(|text| fit(typed, text).map(|fit| fit.score)).unwrap()
    }

    #[test]
    fn letters_must_all_stand_in_their_order() {
        assert_eq!(fit("tor", "table orders").map(|fit| fit.at), Some(vec![0, 6, 7]));
        assert_eq!(fit("table ord", "TABLE Orders").map(|fit| fit.at.len()), Some(8));
        assert_eq!((fit("rdo", "orders"), fit("orderss", "orders")), (None, None));
        assert_eq!(fit("", "orders").map(|fit| fit.at), Some(vec![]));
        assert_eq!(fit("é", "café").map(|fit| fit.at), Some(vec![3, 4]));
    }

    #[test]
    fn beginnings_of_words_and_letters_in_a_row_come_first() {
        assert_eq!(best("ord", &["record-keys", "orders", "outer-red"]), "orders");
        assert_eq!(best("ord", &["table record", "table orders"]), "table orders");
        assert_eq!(best("pc", &["pico", "payment-cards"]), "payment-cards");
        assert_eq!(best("td", &["theme dark", "standard"]), "theme dark");
        // The word later in the text goes before the same letters earlier.
        assert_eq!(fit("ord", "record orders").map(|fit| fit.at), Some(vec![7, 8, 9]));
    }
}
