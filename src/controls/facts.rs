//! What the catalogue says of each control, in words: what it asks, how it is judged, who else asks the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::model::{Layer, Severity};

/// How much of what a control asks can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observable {
    /// All of it.
    Full,
    /// A part: what is not seen is said beside the verdict.
    Partial,
    /// Only by its traces.
    Indirect,
    /// Nothing: a person attests to it.
    None,
}

impl Observable {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Indirect => "indirect",
            Self::None => "none",
        }
    }
}

/// What a control judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A table.
    Table,
    /// A KMS key.
    Key,
    /// A VPC endpoint.
    Endpoint,
    /// A trail.
    Trail,
    /// A DAX cluster.
    Dax,
    /// An account, or an account in one region.
    Account,
}

impl Subject {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Key => "key",
            Self::Endpoint => "endpoint",
            Self::Trail => "trail",
            Self::Dax => "dax",
            Self::Account => "account",
        }
    }
}

/// What is known of a control before anything is judged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// One line.
    pub title: String,
    /// The layer of defence it belongs to.
    #[serde(deserialize_with = "layer")]
    pub layer: Layer,
    /// What it judges.
    pub scope: Subject,
    /// How much of it can be seen.
    pub observable: Observable,
    /// How bad a failure is.
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
    /// The operations that would answer it in full.
    pub reads: Vec<String>,
    /// The data classes that ask for it, each with what it asks for.
    #[serde(default)]
    pub classes: Vec<String>,
    /// When it passes.
    pub pass: String,
    /// When it fails.
    pub fail: String,
    /// When it holds, with something to look at.
    pub warn: String,
    /// When it cannot be judged.
    pub unknown: String,
    /// When it does not apply.
    pub na: Option<String>,
    /// What a person attests to.
    pub manual: Option<String>,
    /// A command that mends a failure, to copy and never run.
    #[serde(default)]
    pub remedy: String,
    /// What common texts get wrong about it.
    pub note: Option<String>,
    /// Events that may change its verdict.
    #[serde(default)]
    pub events: Vec<String>,
    /// Frameworks and tools that ask the same, by their own published maps: name, and what they call it.
    #[serde(default)]
    pub published: BTreeMap<String, Vec<String>>,
    /// The same by our own judgement.
    #[serde(default)]
    pub suggested: BTreeMap<String, Vec<String>>,
}

fn layer<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Layer, D::Error> {
    let word = String::deserialize(from)?;
    let found = Layer::ALL.into_iter().find(|layer| layer.word().replace(' ', "-") == word);
    found.ok_or_else(|| serde::de::Error::custom(format!("no layer {word:?}")))
}

fn severity<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    let word = String::deserialize(from)?;
    let found = Severity::ALL.into_iter().find(|severity| severity.word() == word);
    found.ok_or_else(|| serde::de::Error::custom(format!("no severity {word:?}")))
}

static FACTS: LazyLock<BTreeMap<String, Facts>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the same text")]
    read(include_str!("catalogue.toml")).expect("the catalogue of controls")
});

fn read(text: &str) -> Result<BTreeMap<String, Facts>, toml::de::Error> {
    toml::from_str(text)
}

/// The same without order: every judgement looks its control up.
static BY_ID: LazyLock<HashMap<&'static str, &'static Facts>> = LazyLock::new(|| all().collect());

/// What is known of the control with this id.
#[must_use]
pub fn facts(id: &str) -> Option<&'static Facts> {
    BY_ID.get(id).copied()
}

/// Every control of the catalogue by id, judged by this program or not.
pub fn all() -> impl ExactSizeIterator<Item = (&'static str, &'static Facts)> {
    FACTS.iter().map(|(id, facts)| (id.as_str(), facts))
}

/// Whose word it is that a control answers a framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// A publisher's.
    Published,
    /// Our own judgement.
    Suggested,
}

impl Mapping {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Suggested => "suggested",
        }
    }
}

impl Facts {
    /// What a framework asks that this control answers, and whose word that is; the publisher's goes first.
    #[must_use]
    pub fn answers(&self, framework: &str) -> Option<(Mapping, &[String])> {
        let published = self.published.get(framework).map(|them| (Mapping::Published, them.as_slice()));
        published.or_else(|| Some((Mapping::Suggested, self.suggested.get(framework)?.as_slice())))
    }
}

/// What frameworks are called besides their names here.
const ALIASES: [(&str, &str); 8] = [
    ("fsbp", "security-hub"),
    ("securityhub", "security-hub"),
    ("pci", "pci-dss-v4"),
    ("nist", "nist-800-53"),
    ("soc2", "soc-2"),
    ("cis", "cis-aws"),
    ("iso27001", "iso27001-2022"),
    ("fedramp", "fedramp-moderate-r4"),
];

/// The framework of this name, in any case.
#[must_use]
pub fn framework(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, of)| of);
    frameworks().into_iter().find(|known| *known == name)
}

/// Every framework and tool that a mapping names.
#[must_use]
pub fn frameworks() -> Vec<&'static str> {
    let mut names: Vec<&str> = FACTS
        .values()
        .flat_map(|facts| facts.published.keys().chain(facts.suggested.keys()))
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_is_known_by_the_names_people_use() {
        for (name, known) in ALIASES {
            assert_eq!(framework(&name.to_uppercase()), Some(known));
        }
        assert!(frameworks().into_iter().all(|name| framework(name) == Some(name)));
        assert_eq!(framework("pci-dss-v3"), None);
        let of = |id: &str, name: &str| facts(id).unwrap().answers(name).map(|(mapping, _)| mapping);
        assert_eq!(of("ENC-01", "pci-dss-v4"), Some(Mapping::Published));
        assert_eq!(of("NET-01", "pci-dss-v4"), Some(Mapping::Suggested));
        assert_eq!(of("NET-01", "hipaa"), None);
    }

    #[test]
    fn the_catalogue_is_whole() {
        let all = read(include_str!("catalogue.toml")).unwrap();
        // What stands in no list but this one.
        let own = ["DET-19", "DET-20"];
        let listed = || all.iter().filter(|(id, _)| !own.contains(&id.as_str()));
        assert_eq!((listed().count(), all.len()), (111, 111 + own.len()));
        let count = |observable| listed().filter(|(_, facts)| facts.observable == observable).count();
        assert_eq!(
            [Observable::Full, Observable::Partial, Observable::Indirect, Observable::None].map(count),
            [85, 18, 4, 4]
        );
        for (id, facts) in &all {
            assert!(!facts.title.is_empty() && !facts.pass.is_empty() && !facts.unknown.is_empty(), "{id}");
            assert!(facts.published.values().chain(facts.suggested.values()).all(|them| !them.is_empty()), "{id}");
        }
        assert!(super::super::CATALOGUE.iter().all(|control| all.contains_key(control.id)));
    }
}
