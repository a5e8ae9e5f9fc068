//! What the numbers on a screen cover, and how old the oldest of them is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Scope, Source, SourceError};

use super::Store;
use super::apply::count_words;

/// The coverage line of every screen and export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Tables whose description is known.
    pub tables_read: usize,
    /// Tables listed.
    pub tables_listed: usize,
    /// Scopes whose list of tables could not be read: the population itself is unknown there.
    pub scopes_blind: Vec<Scope>,
    /// Scopes asked for.
    pub scopes: usize,
    /// Sources × scopes in trouble, counted by the word of the error.
    pub faults: BTreeMap<&'static str, usize>,
    /// Sources × scopes whose first sweep has not ended.
    pub loading: usize,
    /// Judgements that persons set aside.
    pub muted: usize,
    /// Mutes and attestations that hold no more, or cannot be understood, in words.
    pub void: Vec<String>,
    /// Tables whose tags state no class.
    pub unclassed: usize,
    /// Judgements that are due only to the default class: what would fail, warn or be unknown if it held.
    pub by_default: usize,
    /// The oldest last good sweep: the age to believe.
    pub oldest: Option<(Source, Scope, Timestamp)>,
}

impl Coverage {
    /// True when every source answered whole.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.scopes_blind.is_empty() && self.faults.is_empty() && self.loading == 0
    }
}

impl Store {
    /// What is covered now.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage_of(&Source::ALL)
    }

    /// What is covered, of some sources only: the rows of one view.
    #[must_use]
    pub fn coverage_of(&self, sources: &[Source]) -> Coverage {
        let (tables_read, tables_listed) = self.tables_read();
        let of = || self.freshness.iter().filter(|((source, _), _)| sources.contains(source));
        let scopes_blind = self
            .freshness
            .iter()
            .filter(|((source, scope), freshness)| {
                *source == Source::Tables
                    && !freshness.is_loading()
                    && self.estate.populations.get(scope).is_none_or(|cell| cell.seen.is_none())
            })
            .map(|((_, scope), _)| scope.clone())
            .collect();
        let oldest = of()
            .filter_map(|((source, scope), freshness)| Some((*source, scope.clone(), freshness.good?)))
            .min_by_key(|(_, _, good)| *good);
        let faults = count_words(of().filter_map(|(_, freshness)| Some(&freshness.fault.as_ref()?.error)));
        Coverage {
            tables_read,
            tables_listed,
            scopes_blind,
            scopes: self.estate.scopes.len(),
            faults,
            loading: of().filter(|(_, freshness)| freshness.is_loading()).count(),
            muted: self.muted,
            void: self.exceptions.void(self.estate.now),
            unclassed: self.unclassed(),
            by_default: self.by_default,
            oldest,
        }
    }

    /// The missing IAM actions met so far.
    #[must_use]
    pub fn missing_actions(&self) -> BTreeSet<String> {
        let met = self.freshness.values().flat_map(|freshness| {
            freshness.partial.iter().map(|(error, _)| error).chain(freshness.fault.iter().map(|fault| &fault.error))
        });
        met.filter_map(SourceError::missing_action).map(str::to_owned).collect()
    }
}
