//! Who stands behind an event or a finding, as far as the events that were read tell.

use jiff::Timestamp;

use crate::model::{Finding, SearchBy};
use crate::trail::EventRef;
use crate::trail::sessions::{self, Chain};

use super::Store;

impl Store {
    /// The way back from an event to whoever got its credentials first.
    #[must_use]
    pub fn chain_of(&self, event: EventRef<'_>) -> Option<Chain> {
        let mut read = |from: Timestamp, to: Timestamp| -> Vec<String> {
            self.events
                .between(from, to)
                .filter(|of| sessions::issues(of.source(), of.name()))
                .map(|of| of.record().into_owned())
                .collect()
        };
        sessions::chain(&event.record(), &mut read)
    }

    /// The way back from a finding's key, by its newest event.
    #[must_use]
    pub fn chain_of_finding(&self, finding: &Finding) -> Option<Chain> {
        let event = self.events.by_key(finding.access_key.as_deref()?).into_iter().next()?;
        self.chain_of(event)
    }

    /// In how many scopes the issue of a key was searched for, and in how many of them in vain for a fault.
    #[must_use]
    pub fn searched_issue(&self, key: &str) -> (usize, usize) {
        let is_this = |by: &SearchBy| matches!(by, SearchBy::Resource(name) if name == key);
        let of: Vec<_> = self.searches().iter().filter(|(_, reach)| is_this(&reach.search.by)).collect();
        (of.len(), of.iter().filter(|(_, reach)| reach.found.is_err()).count())
    }
}
