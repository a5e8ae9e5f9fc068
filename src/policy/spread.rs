//! Which of many tables the names of a statement speak of: worked out once a pattern, so that a thousand identities can be
//! asked about a thousand tables while somebody waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::document::Names;
use super::pattern::Pattern;

/// Tables by their place in a list of ARNs.
pub type Places = Arc<[u32]>;

/// A list of tables that patterns are looked up in.
#[derive(Debug)]
pub struct Spread<'a> {
    arns: Vec<&'a str>,
    /// By all that stands before the name, then by the name.
    homes: HashMap<&'a str, BTreeMap<&'a str, u32>>,
    known: HashMap<(String, bool), Places>,
    all: Places,
}

const TABLE: &str = ":table/";

impl<'a> Spread<'a> {
    /// Over these ARNs.
    #[must_use]
    pub fn new(arns: Vec<&'a str>) -> Self {
        let mut homes: HashMap<&str, BTreeMap<&str, u32>> = HashMap::new();
        for (at, arn) in (0..).zip(&arns) {
            let (home, name) = arn.split_once(TABLE).unwrap_or((arn, ""));
            homes.entry(home).or_default().insert(name, at);
        }
        let all = (0..).zip(&arns).map(|(at, _)| at).collect();
        Self { arns, homes, known: HashMap::new(), all }
    }

    /// The tables that names may speak of, as [`Names::names`] says of each; all of them where there are no names.
    pub fn named(&mut self, names: Option<&Names>) -> Places {
        self.of(names, true)
    }

    /// The tables that names speak of whoever asks, as [`Names::surely_names`] says of each.
    pub fn surely_named(&mut self, names: Option<&Names>) -> Places {
        self.of(names, false)
    }

    fn of(&mut self, names: Option<&Names>, anything: bool) -> Places {
        let Some(names) = names else { return self.all.clone() };
        // What is left out speaks of the rest: a variable there is read the other way.
        let anything = anything != names.except;
        let mut found: Vec<Places> = names.patterns.iter().map(|of| self.matching(of, anything)).collect();
        if !names.except && found.len() == 1 {
            return found.remove(0);
        }
        if !names.except {
            let mut all: Vec<u32> = found.iter().flat_map(|of| of.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            return all.into();
        }
        let mut is = vec![true; self.arns.len()];
        for at in found.iter().flat_map(|of| of.iter()) {
            if let Some(is) = is.get_mut(*at as usize) {
                *is = false;
            }
        }
        (0..).zip(is).filter(|(_, is)| *is).map(|(at, _)| at).collect()
    }

    /// The tables that a pattern matches; variables match anything, or nothing.
    fn matching(&mut self, pattern: &str, anything: bool) -> Places {
        let key = (pattern.to_owned(), anything);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = self.search(pattern, anything);
        self.known.insert(key, found.clone());
        found
    }

    fn search(&self, pattern: &str, anything: bool) -> Places {
        let wild = |name: &str| (anything && !name.is_empty()).then(|| "\u{10fffe}".to_owned());
        let Some(made) = Pattern::new(pattern, Some(&wild)) else { return Places::default() };
        let fixed = |text: &str| !text.contains(['*', '?', '$']);
        // Of most patterns the name is fixed, or all but its end: the rest is a question of a few homes.
        match pattern.split_once(TABLE) {
            Some((head, name)) if fixed(name) && head.split(':').count() == 5 => {
                let here = self.homes.values().filter_map(|home| home.get(name).copied());
                let mut found: Vec<u32> =
                    here.filter(|at| self.arns.get(*at as usize).is_some_and(|arn| made.matches(arn))).collect();
                found.sort_unstable();
                found.into()
            }
            Some((head, name)) if head.split(':').count() == 5 && name.strip_suffix('*').is_some_and(fixed) => {
                self.of_homes(&made, name.trim_end_matches('*'))
            }
            None if pattern.bytes().all(|byte| byte == b'*') => self.all.clone(),
            _ => (0..).zip(&self.arns).filter(|(_, arn)| made.matches(arn)).map(|(at, _)| at).collect(),
        }
    }

    /// The tables of the homes that a pattern matches whose names begin so, whatever comes then.
    fn of_homes(&self, pattern: &Pattern, start: &str) -> Places {
        let here = self.homes.iter().filter(|(head, _)| pattern.matches(&format!("{head}{TABLE}{start}")));
        let named = |names: &BTreeMap<&str, u32>| -> Vec<u32> {
            let from = names.range(start..).take_while(|(name, _)| name.starts_with(start));
            from.map(|(_, at)| *at).collect()
        };
        let mut found: Vec<u32> = here.flat_map(|(_, names)| named(names)).collect();
        found.sort_unstable();
        found.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARNS: [&str; 5] = [
        "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/orders-archive",
        "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        "arn:aws:dynamodb:us-east-1:111122223333:table/ledger",
        "arn:aws:dynamodb:eu-west-1:444455556666:table/ledger",
    ];

    fn pattern() -> impl Strategy<Value = String> {
        let whole = ["*", "**", "arn:aws:dynamodb:*", "arn:*:table/orders", "${aws:x}", "arn:aws:s3:::orders", "?"];
        let region = prop::sample::select(vec!["*", "eu-west-1", "us-*", "", "${aws:r}"]);
        let account = prop::sample::select(vec!["*", "111122223333", "4*", "${aws:PrincipalAccount}"]);
        let name = prop::sample::select(vec![
            "orders",
            "ledger",
            "*",
            "orders*",
            "o*",
            "orders-*",
            "?rders",
            "none",
            "orders/index/*",
            "${aws:PrincipalTag/t}",
            "*s",
        ]);
        prop_oneof![
            prop::sample::select(whole.to_vec()).prop_map(str::to_owned),
            (region, account, name).prop_map(|(r, a, n)| format!("arn:aws:dynamodb:{r}:{a}:table/{n}")),
        ]
    }

    proptest! {
        #[test]
        fn it_finds_the_tables_that_each_is_found_by_alone(
            except in any::<bool>(),
            patterns in prop::collection::vec(pattern(), 0..4),
        ) {
            let mut spread = Spread::new(ARNS.to_vec());
            let names = Names { except, patterns };
            let alone = |is: &dyn Fn(&str) -> bool| -> Vec<u32> {
                (0..).zip(ARNS).filter(|(_, arn)| is(arn)).map(|(at, _)| at).collect()
            };
            prop_assert_eq!(spread.named(Some(&names)).to_vec(), alone(&|arn| names.names(arn)));
            prop_assert_eq!(spread.surely_named(Some(&names)).to_vec(), alone(&|arn| names.surely_names(arn)));
            prop_assert_eq!(spread.named(None).len(), ARNS.len());
        }
    }
}
