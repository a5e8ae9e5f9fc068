//! What was met before, by the texts it was made of: most records are made by a caller, for an action, that an earlier
//! one of the same file had. They are found as they are written, before anything is unescaped or taken apart.

use hashbrown::HashTable;

use crate::json::Str;

use super::words::hash;

/// Codes by texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    /// What is being looked for: flags, then each text after its length.
    key: Vec<u8>,
    /// The keys met, one after the other.
    keys: Vec<u8>,
    /// Where each key lies in them, and its code.
    places: Vec<(usize, usize, u32)>,
    table: HashTable<u32>,
}

impl Met {
    /// The code of what is made of these; `None` when it is new: it is to be kept then.
    #[inline]
    pub fn code<'s, 'a: 's>(
        &mut self,
        flags: impl AsRef<[u8]>,
        texts: impl IntoIterator<Item = &'s Option<Str<'a>>>,
    ) -> Option<u32> {
        self.key.clear();
        self.key.extend_from_slice(flags.as_ref());
        for text in texts {
            // No text is as long as none.
            let raw = text.map(|text| text.raw);
            self.key.extend_from_slice(&raw.map_or(u64::MAX, |raw| raw.len() as u64).to_le_bytes());
            self.key.extend_from_slice(raw.unwrap_or_default().as_bytes());
        }
        let Self { key, keys, places, table } = self;
        let known = table.find(hash(&**key), |at| at_place(keys, places, *at) == key)?;
        places.get(*known as usize).map(|(_, _, code)| *code)
    }

    /// Keeps the code of what was looked for last.
    pub fn keep(&mut self, code: u32) -> u32 {
        let Self { key, keys, places, table } = self;
        let at = places.len() as u32;
        places.push((keys.len(), keys.len() + key.len(), code));
        keys.extend_from_slice(key);
        table.insert_unique(hash(&**key), at, |at| hash(at_place(keys, places, *at)));
        code
    }
}

fn at_place<'k>(keys: &'k [u8], places: &[(usize, usize, u32)], at: u32) -> &'k [u8] {
    places.get(at as usize).and_then(|(from, to, _)| keys.get(*from..*to)).unwrap_or_default()
}
