//! Wildcards and policy variables.

use wildmatch::WildMatchPattern;

/// Two noncharacters of Unicode stand for the wildcards, so that `${*}` and `${?}` can be plain characters.
const MANY: char = '\u{10fffe}';
const ONE: char = '\u{10ffff}';

/// How a variable's value is found.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A pattern after its variables were filled in.
pub(super) struct Pattern {
    text: String,
}

impl Pattern {
    /// Reads a pattern. With `variables`, `${key}` and `${key, 'default'}` are replaced, and `${*}`, `${?}`, `${$}`
    /// are those characters themselves; without, all text but `*` and `?` is literal, as in policy version
    /// `2008-10-17`. `None` when a variable has neither value nor default: then nothing can match.
    pub(super) fn new(source: &str, variables: Option<Lookup<'_>>) -> Option<Self> {
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(first) = rest.chars().next() {
            if let Some(lookup) = variables
                && let Some((inner, after)) = rest.strip_prefix("${").and_then(|tail| tail.split_once('}'))
            {
                text.push_str(&variable(inner, lookup)?);
                rest = after;
                continue;
            }
            text.push(match first {
                '*' => MANY,
                '?' => ONE,
                other => other,
            });
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Some(Self { text })
    }

    /// True when the whole text matches, character for character outside wildcards.
    pub(super) fn matches(&self, text: &str) -> bool {
        WildMatchPattern::<MANY, ONE>::new(&self.text).matches(text)
    }

    /// True when the whole text equals, wildcards being plain characters.
    pub(super) fn equals(&self, text: &str, ignore_case: bool) -> bool {
        let literal = self.literal();
        if ignore_case { literal.to_lowercase() == text.to_lowercase() } else { literal == text }
    }

    /// The text with its wildcards written as they were.
    pub(super) fn literal(&self) -> String {
        self.text.replace(MANY, "*").replace(ONE, "?")
    }

    /// True when an ARN matches part by part: no wildcard reaches over a colon of the first five.
    pub(super) fn matches_arn(&self, arn: &str) -> bool {
        let wanted: Vec<&str> = self.text.splitn(6, ':').collect();
        let given: Vec<&str> = arn.splitn(6, ':').collect();
        wanted.len() == given.len()
            && wanted.iter().zip(given).all(|(wanted, given)| WildMatchPattern::<MANY, ONE>::new(wanted).matches(given))
    }
}

fn variable(inner: &str, lookup: Lookup<'_>) -> Option<String> {
    if matches!(inner, "*" | "?" | "$") {
        return Some(inner.to_owned());
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key.trim(), default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''))),
        None => (inner.trim(), None),
    };
    lookup(key).or_else(|| default.map(str::to_owned))
}

/// True when `text` matches a pattern of an action: letter case does not count.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    // Most patterns name one action, and the simulated account asks at each of its calls.
    if !pattern.contains(['*', '?']) {
        return pattern.eq_ignore_ascii_case(action);
    }
    Pattern::new(&pattern.to_ascii_lowercase(), None)
        .is_some_and(|pattern| pattern.matches(&action.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, None).is_some_and(|pattern| pattern.matches(text))
    }

    #[test]
    fn wildcards_match_as_in_iam() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("arn:aws:dynamodb:*", "arn:aws:dynamodb:eu-west-1:1:table/a", true),
            ("arn:aws:dynamodb:*:*:table/ord*", "arn:aws:dynamodb:eu-west-1:1:table/orders/index/i", true),
            ("table/?rders", "table/orders", true),
            ("table/?rders", "table/rders", false),
            ("table/orders", "table/Orders", false),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} on {text}");
        }
        assert!(action_matches("DynamoDB:get*", "dynamodb:GetItem"));
        assert!(!action_matches("dynamodb:Get", "dynamodb:GetItem"));
        assert!(action_matches("DYNAMODB:getitem", "dynamodb:GetItem"));
    }

    #[test]
    fn variables_are_filled_in_and_their_values_are_not_wildcards() {
        let lookup = |key: &str| (key.eq_ignore_ascii_case("aws:username")).then(|| "a*".to_owned());
        let fill = |source: &str| Pattern::new(source, Some(&lookup));
        assert!(fill("home/${aws:username}/*").is_some_and(|p| p.matches("home/a*/x") && !p.matches("home/ab/x")));
        assert!(fill("${aws:missing}").is_none());
        assert!(fill("${aws:missing, 'none'}").is_some_and(|p| p.matches("none")));
        assert!(fill("a${*}b").is_some_and(|p| p.matches("a*b") && !p.matches("axb")));
        assert!(fill("${open").is_some_and(|p| p.matches("${open")));
    }

    #[test]
    fn an_arn_is_matched_part_by_part() {
        let arn = "arn:aws:iam::111122223333:role/team/Admin";
        let like = |pattern: &str| Pattern::new(pattern, None).is_some_and(|pattern| pattern.matches_arn(arn));
        assert!(like("arn:aws:iam::111122223333:role/*"));
        assert!(like("arn:*:iam::*:role/*Admin"));
        assert!(!like("arn:aws:*:role/team/Admin"));
        assert!(!like("*"));
    }

    /// The definition of wildcards, slow and plain, to hold the fast matcher against.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| slow(rest, text.get(skip..).unwrap_or_default())),
            Some(('?', rest)) => !text.is_empty() && slow(rest, text.get(1..).unwrap_or_default()),
            Some((one, rest)) => text.first() == Some(one) && slow(rest, text.get(1..).unwrap_or_default()),
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(glob(&pattern, &text), slow(&p, &t));
        }

        #[test]
        fn text_without_wildcards_matches_only_itself(a in "[^*?]{0,12}", b in "[^*?]{0,12}") {
            prop_assert!(glob(&a, &a));
            prop_assert_eq!(glob(&a, &b), a == b);
        }
    }
}
