//! What was worked out of an answer, kept while the answer stays.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use super::Scope;

/// Works out once what many ask of one answer. It holds nothing that could not be worked out again, so a copy of the
/// estate begins with none.
#[derive(Default)]
pub struct Memo(Mutex<HashMap<Scope, HashMap<Key, Known>>>);

/// Whose answer, what part of it, and what kind of thing was made of it.
type Key = (&'static str, &'static str, TypeId);
type Known = Arc<dyn Any + Send + Sync>;

impl Memo {
    /// What a part of an operation's answer (empty for the whole) comes to, worked out where nobody asked before.
    pub fn of<T: Any + Send + Sync>(
        &self,
        scope: &Scope,
        label: &'static str,
        part: &'static str,
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        let key = (label, part, TypeId::of::<T>());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(scope).and_then(|of| of.get(&key)).and_then(|known| Arc::downcast(known.clone()).ok());
        found.unwrap_or_else(|| {
            let made = Arc::new(make());
            all.entry(scope.clone()).or_default().insert(key, made.clone());
            made
        })
    }

    /// An operation answered anew.
    pub fn forget(&mut self, scope: &Scope, label: &'static str) {
        let all = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = all.get_mut(scope) {
            of.retain(|(name, ..), _| *name != label);
        }
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_worked_out_again_until_it_changes() {
        let (mut memo, scope) = (Memo::default(), Scope::new("1", "eu-west-1"));
        assert_eq!(*memo.of(&scope, "a:B", "", || 1), 1);
        assert_eq!(*memo.of(&scope, "a:B", "", || 2), 1);
        assert_eq!(*memo.of(&scope, "a:B", "rows", || 7), 7);
        assert_eq!(*memo.of(&scope, "a:B", "", || "of another kind"), "of another kind");
        assert_eq!(*memo.clone().of(&scope, "a:B", "", || 3), 3);
        memo.forget(&scope, "a:C");
        assert_eq!(*memo.of(&scope, "a:B", "", || 4), 1);
        memo.forget(&scope, "a:B");
        assert_eq!(*memo.of(&scope, "a:B", "", || 5), 5);
        assert_eq!(*memo.of(&scope, "a:B", "rows", || 6), 6);
    }
}
