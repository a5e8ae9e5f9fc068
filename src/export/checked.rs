//! What `check` came to, as every format of it is handed: the judgements, what they cover, and what is said of each beside
//! its verdict: what it was in an earlier answer, which requirement it answers.

use serde_json::{Map, Value, json};

use crate::controls::facts::{self, Mapping};
use crate::model::Judgement;
use crate::store::{Coverage, Store};

/// An answer of `check`.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// How far it saw.
    pub coverage: &'a Coverage,
    /// The judgements asked for, the worst first.
    pub judgements: &'a [&'a Judgement],
    /// What is said of each.
    pub remarks: Remarks<'a>,
}

/// What was asked for beside verdicts.
#[derive(Debug, Default)]
pub struct Remarks<'a> {
    /// The framework that is asked about.
    pub framework: Option<&'static str>,
    /// What each judgement stood at in the answer that is compared with, in the order of the judgements.
    pub was: Option<Vec<&'a str>>,
}

impl Remarks<'_> {
    /// What the `at`th judgement was.
    #[must_use]
    pub fn was(&self, at: usize) -> Option<&str> {
        self.was.as_ref()?.get(at).copied()
    }

    fn mapping(&self, of: &Judgement) -> Option<(&'static str, Mapping, &'static [String])> {
        let name = self.framework?;
        let (mapping, requirements) = facts::facts(of.control)?.answers(name)?;
        Some((name, mapping, requirements))
    }

    /// In words, each with a point before it: ` · was pass · pci-dss-v4 10.2.1 (suggested)`.
    #[must_use]
    pub fn words(&self, at: usize, of: &Judgement) -> String {
        let mut words = self.was(at).map(|was| format!(" · was {was}")).unwrap_or_default();
        if let Some((name, mapping, requirements)) = self.mapping(of) {
            words.push_str(&format!(" · {name} {} ({})", requirements.join(" "), mapping.word()));
        }
        words
    }

    /// As members of an object.
    #[must_use]
    pub fn json(&self, at: usize, of: &Judgement) -> Map<String, Value> {
        let mut members = Map::new();
        if let Some(was) = self.was(at) {
            members.insert("was".to_owned(), json!(was));
        }
        if let Some((name, mapping, requirements)) = self.mapping(of) {
            let framework = json!({"name": name, "mapping": mapping, "requirements": requirements});
            members.insert("framework".to_owned(), framework);
        }
        members
    }
}
