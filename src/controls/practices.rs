//! Practices that texts on securing DynamoDB ask for, and the controls that answer for each.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// One practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Practice {
    /// Its number in the list.
    pub number: u16,
    /// What it belongs to.
    pub chapter: String,
    /// What it is called.
    pub title: String,
    /// What it asks for.
    pub asks: String,
    /// What is true today, where common texts are wrong or out of date.
    pub now: Option<String>,
    /// The controls that answer for it, by id.
    pub controls: Vec<String>,
    /// How it is answered where no control judges it.
    pub answered: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    practice: Vec<Practice>,
}

static PRACTICES: LazyLock<Vec<Practice>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the same text")]
    read(include_str!("practices.toml")).expect("the practices")
});

fn read(text: &str) -> Result<Vec<Practice>, toml::de::Error> {
    toml::from_str::<Known>(text).map(|known| known.practice)
}

/// All of them, chapter by chapter.
#[must_use]
pub fn all() -> &'static [Practice] {
    &PRACTICES
}

/// The practice with this number.
#[must_use]
pub fn numbered(number: u16) -> Option<&'static Practice> {
    PRACTICES.iter().find(|of| of.number == number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::facts;
    use super::*;

    #[test]
    fn every_practice_is_answered_and_by_controls_that_there_are() {
        let all = read(include_str!("practices.toml")).unwrap();
        assert_eq!(all.len(), 103);
        for (at, of) in (1..).zip(&all) {
            assert_eq!(of.number, at);
            assert!(of.controls.is_empty() == of.answered.is_some(), "{of:?}");
            assert!(of.controls.iter().all(|id| facts::facts(id).is_some()), "{of:?}");
            let distinct: BTreeSet<&String> = of.controls.iter().collect();
            assert_eq!(distinct.len(), of.controls.len(), "{of:?}");
        }
        assert_eq!(numbered(45).map(|of| of.title.as_str()), Some("dynamodb:LeadingKeys"));
        assert_eq!(numbered(104), None);
    }
}
