//! Dictionaries: every text once, every combination of texts once.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// One seed for the whole process, not known to whoever writes what is hashed.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A hash that holds within this process.
pub(super) fn hash(of: impl Hash) -> u64 {
    SEED.hash_one(of)
}

/// The code of the empty text: of what is not there.
pub const NONE: u32 = 0;

/// Texts by code.
#[derive(Debug, Clone)]
pub struct Words {
    text: String,
    ends: Vec<u32>,
    codes: HashTable<u32>,
}

impl Default for Words {
    fn default() -> Self {
        let mut words = Self { text: String::new(), ends: Vec::new(), codes: HashTable::new() };
        words.code("");
        words
    }
}

impl Words {
    /// The code of a text, which is taken in when it is new. Past four gigabytes of texts a new one is not told apart
    /// from none.
    pub fn code(&mut self, word: &str) -> u32 {
        let Self { text, ends, codes } = self;
        let at = |code: u32| slice(text, ends, code);
        match codes.entry(hash(word), |code| at(*code) == word, |code| hash(slice(text, ends, *code))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let Ok(end) = u32::try_from(text.len() + word.len()) else { return NONE };
                let code = ends.len() as u32;
                new.insert(code);
                text.push_str(word);
                ends.push(end);
                code
            }
        }
    }

    /// The code of a text that is known.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<u32> {
        self.codes.find(hash(word), |code| self.get(*code) == word).copied()
    }

    /// The text of a code; empty for a code that was never given.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        slice(&self.text, &self.ends, code)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Gives back memory that nothing uses.
    pub fn shrink(&mut self) {
        let Self { text, ends, codes } = self;
        text.shrink_to_fit();
        ends.shrink_to_fit();
        codes.shrink_to_fit(|code| hash(slice(text, ends, *code)));
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 4 + self.codes.allocation_size()
    }
}

fn slice<'a>(text: &'a str, ends: &[u32], code: u32) -> &'a str {
    let code = code as usize;
    let start = code.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
    let end = ends.get(code).map_or(start, |end| *end as usize);
    text.get(start..end).unwrap_or_default()
}

/// Combinations by code.
#[derive(Debug, Clone)]
pub struct Codes<T> {
    values: Vec<T>,
    codes: HashTable<u32>,
}

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self { values: Vec::new(), codes: HashTable::new() }
    }
}

impl Codes<Box<[u32]>> {
    /// The code of a set; nothing is allocated for one that is known.
    pub fn set(&mut self, set: &[u32]) -> u32 {
        let known = self.codes.find(hash(set), |code| self.values.get(*code as usize).is_some_and(|of| **of == *set));
        match known {
            Some(code) => *code,
            None => self.code(&set.into()),
        }
    }
}

impl<T: Hash + Eq + Clone> Codes<T> {
    /// The code of a combination, which is taken in when it is new.
    pub fn code(&mut self, value: &T) -> u32 {
        let Self { values, codes } = self;
        let entry = codes.entry(
            hash(value),
            |code| values.get(*code as usize) == Some(value),
            |code| values.get(*code as usize).map_or(0, hash),
        );
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let code = values.len() as u32;
                new.insert(code);
                values.push(value.clone());
                code
            }
        }
    }

    /// The combination of a code.
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&T> {
        self.values.get(code as usize)
    }

    /// All, by code.
    #[must_use]
    pub fn all(&self) -> &[T] {
        &self.values
    }

    /// Gives back memory that nothing uses.
    pub fn shrink(&mut self) {
        let Self { values, codes } = self;
        values.shrink_to_fit();
        codes.shrink_to_fit(|code| values.get(*code as usize).map_or(0, hash));
    }

    /// Bytes in memory, without what the values own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len() * size_of::<T>() + self.codes.allocation_size()
    }
}
