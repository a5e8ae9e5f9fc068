//! Which controls stand against which threat.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// What may happen to a table's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threat {
    /// Somebody reads it who should not.
    Read,
    /// Somebody changes it.
    Alter,
    /// Somebody deletes it, or what could bring it back.
    Destroy,
    /// Somebody switches off what would tell.
    Blind,
}

impl Threat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Alter, Self::Destroy, Self::Blind];

    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Alter => "alter",
            Self::Destroy => "destroy",
            Self::Blind => "blind",
        }
    }
}

/// The controls against one threat.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// Those that prevent it.
    pub prevent: Vec<String>,
    /// Those that tell of it.
    pub detect: Vec<String>,
    /// Those that bring back what was lost.
    #[serde(default)]
    pub recover: Vec<String>,
    /// Those whose failure undoes all others.
    #[serde(default)]
    pub undone: Vec<String>,
}

static AGAINST: LazyLock<BTreeMap<Threat, Against>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the same text")]
    toml::from_str(include_str!("depth.toml")).expect("the controls by threat")
});

/// The controls against a threat.
#[must_use]
pub fn against(threat: Threat) -> &'static Against {
    static NONE: Against = Against { prevent: Vec::new(), detect: Vec::new(), recover: Vec::new(), undone: Vec::new() };
    AGAINST.get(&threat).unwrap_or(&NONE)
}

/// The threats that a control stands against, and how, in a word.
pub fn stands(id: &str) -> impl Iterator<Item = (Threat, &'static str)> {
    AGAINST.iter().flat_map(move |(threat, of)| {
        let ways = [("prevent", &of.prevent), ("detect", &of.detect), ("recover", &of.recover)];
        ways.into_iter().filter(move |(_, ids)| ids.iter().any(|of| of == id)).map(|(way, _)| (*threat, way))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::facts;

    #[test]
    fn every_threat_has_controls_of_the_catalogue_that_prevent_it_and_that_tell_of_it() {
        for threat in Threat::ALL {
            let of = against(threat);
            assert!(!of.prevent.is_empty() && !of.detect.is_empty(), "{threat:?}");
            for id in of.prevent.iter().chain(&of.detect).chain(&of.recover).chain(&of.undone) {
                assert!(facts::facts(id).is_some(), "{threat:?}: {id}");
            }
        }
        assert_eq!(stands("RES-03").collect::<Vec<_>>(), [(Threat::Destroy, "prevent")]);
    }
}
