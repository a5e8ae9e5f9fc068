//! Notes: what people wrote to things on this machine, for themselves and for whoever takes over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest note, in characters.
pub const LONGEST: usize = 500;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// By whom, as far as the machine can tell.
    pub by: String,
    /// What the thing was called then: it may be gone by now.
    pub title: String,
}

/// Notes, by the identity of what they are about: its kind and the parts of its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    of: BTreeMap<Vec<String>, Note>,
}

impl Notes {
    /// True when nothing is noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// The note to a thing.
    #[must_use]
    pub fn get(&self, identity: &[String]) -> Option<&Note> {
        self.of.get(identity)
    }

    /// All of them by identity, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<(&[String], &Note)> {
        let mut all: Vec<_> = self.of.iter().map(|(identity, note)| (identity.as_slice(), note)).collect();
        all.sort_by_key(|(_, note)| std::cmp::Reverse(note.at));
        all
    }

    /// Writes a note; an empty one takes it away.
    pub fn write(&mut self, identity: Vec<String>, mut note: Note) {
        note.text = note.text.trim().chars().take(LONGEST).collect();
        if note.text.is_empty() {
            self.of.remove(&identity);
        } else {
            self.of.insert(identity, note);
        }
    }
}

/// A note as it is kept: a list, for JSON names things by text alone.
#[derive(Serialize, Deserialize)]
struct Kept {
    of: Vec<String>,
    #[serde(flatten)]
    note: Note,
}

impl Serialize for Notes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.of.iter().map(|(of, note)| Kept { of: of.clone(), note: note.clone() }))
    }
}

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kept = Vec::<Kept>::deserialize(from)?;
        Ok(Self { of: kept.into_iter().map(|kept| (kept.of, kept.note)).collect() })
    }
}
