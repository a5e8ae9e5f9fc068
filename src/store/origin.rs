//! Who stands behind an event or a finding, as far as the events that were read tell.

use jiff::Timestamp;

use crate::model::{Finding, SearchBy};
use crate::trail::EventRef;
use crate::trail::sessions::{self, Chain};

use super::Store;

/// As many calls that issue credentials are looked into, around the time of one.
const MOST: usize = 2_000;

impl Store {
    /// The way back from an event to whoever got its credentials first. `record` hands over records, or takes note that
    /// one is wanted; with the chain comes how many were not at hand.
    ///
    /// `None` while the event's own is not.
    #[must_use]
    pub fn chain_of(
        &self,
        event: EventRef<'_>,
        record: &mut dyn FnMut(EventRef<'_>) -> Option<String>,
    ) -> Option<(Chain, usize)> {
        let own = record(event)?;
        let mut absent = 0;
        let mut read = |from: Timestamp, to: Timestamp| -> Vec<String> {
            let issues = self.events.between(from, to).filter(|of| sessions::issues(of.source(), of.name()));
            let mut found = Vec::new();
            for (at, issue) in issues.enumerate() {
                match if at < MOST { record(issue) } else { None } {
                    Some(record) => found.push(record),
                    None => absent += 1,
                }
            }
            found
        };
        let chain = sessions::chain(&own, &mut read)?;
        Some((chain, absent))
    }

    /// The event that a finding's way back begins with: the newest of its key.
    #[must_use]
    pub fn event_of_key(&self, finding: &Finding) -> Option<EventRef<'_>> {
        self.events.by_key(finding.access_key.as_deref()?).into_iter().next()
    }

    /// In how many scopes the issue of a key was searched for, and in how many of them in vain for a fault.
    #[must_use]
    pub fn searched_issue(&self, key: &str) -> (usize, usize) {
        let is_this = |by: &SearchBy| matches!(by, SearchBy::Resource(name) if name == key);
        let of: Vec<_> = self.searches().iter().filter(|(_, reach)| is_this(&reach.search.by)).collect();
        (of.len(), of.iter().filter(|(_, reach)| reach.found.is_err()).count())
    }
}
