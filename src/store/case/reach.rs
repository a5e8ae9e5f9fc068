//! How far the events of a case were searched for: nothing found never stands alone.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{EventSearch, Finding, LAG, Scope, SearchBy, Source, SourceError};
use crate::store::Store;

/// How the events came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// By searches for the finding's keys and sessions.
    Searched,
    /// Nobody searched yet: only what is polled is known.
    Polled,
    /// The finding names no credentials: there is nothing to search by.
    Nothing,
}

/// In how many accounts and regions a case's events were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CaseReach {
    /// How.
    pub by: Way,
    /// Accounts that are polled.
    pub accounts: usize,
    /// Their regions that are polled, all together.
    pub regions: usize,
    /// In so many every search was answered.
    pub searched: usize,
    /// In so many one was denied.
    pub denied: usize,
    /// In so many one failed for another reason.
    pub failed: usize,
    /// In so many one is still on its way.
    pub waiting: usize,
    /// Some search found more than it was to bring.
    pub cut: bool,
}

impl CaseReach {
    /// Without the number of events: `5/5 regions of 2 accounts · 1 denied`.
    #[must_use]
    pub fn words(&self) -> String {
        let accounts = if self.accounts > 1 { format!(" of {} accounts", self.accounts) } else { String::new() };
        let mut words = format!("{}/{} regions{accounts}", self.searched, self.regions);
        let rest = [(self.denied, "denied"), (self.failed, "failed"), (self.waiting, "on their way")];
        for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
            words.push_str(&format!(" · {count} {what}"));
        }
        words
    }

    /// Whether nothing was left out as far as searches can tell.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.by == Way::Searched && self.searched == self.regions && !self.cut
    }
}

/// How one scope stands, the worst of its searches.
enum Stand {
    Answered,
    Denied,
    Failed,
    Waiting,
}

impl Store {
    /// How far the events of a finding were searched for.
    #[must_use]
    pub fn reach_of(&self, finding: &Finding) -> CaseReach {
        let wanted: Vec<SearchBy> = searches(finding);
        let of = |scope: &Scope, by: &SearchBy| {
            self.searches().iter().rev().find(|(at, reach)| at == scope && reach.search.by == *by).map(|(_, of)| of)
        };
        let asked = self.searches().iter().any(|(_, reach)| wanted.contains(&reach.search.by));
        let scopes = &self.estate().scopes;
        let accounts: BTreeSet<&String> = scopes.iter().map(|scope| &scope.account).collect();
        let by = match (wanted.is_empty(), asked) {
            (true, _) => Way::Nothing,
            (_, true) => Way::Searched,
            _ => Way::Polled,
        };
        let mut reach = CaseReach {
            by,
            accounts: accounts.len(),
            regions: scopes.len(),
            searched: 0,
            denied: 0,
            failed: 0,
            waiting: 0,
            cut: false,
        };
        for scope in scopes {
            let stand = if by == Way::Searched {
                let found: Vec<_> = wanted.iter().map(|by| of(scope, by)).collect();
                reach.cut |= found.iter().flatten().any(|reach| reach.cut);
                worst(found.iter().map(|reach| reach.map(|reach| reach.found.as_ref().err())))
            } else {
                let of = self.freshness_of(Source::Events, scope);
                worst(std::iter::once(
                    of.filter(|of| of.sweeps > 0).map(|of| of.fault.as_ref().map(|fault| &fault.error)),
                ))
            };
            match stand {
                Stand::Answered => reach.searched += 1,
                Stand::Denied => reach.denied += 1,
                Stand::Failed => reach.failed += 1,
                Stand::Waiting => reach.waiting += 1,
            }
        }
        reach
    }
}

/// How many changes one search for the stretch of a finding brings from each region.
const CHANGES: usize = 2_500;

impl Store {
    /// The search for all changes around a finding, where some region was not polled as far back as that.
    #[must_use]
    pub fn changes_unread(&self, finding: &Finding) -> Option<EventSearch> {
        let first = finding.first.or(finding.created)?.checked_sub(LAG).ok()?;
        let until = finding.last.or(finding.updated)?.checked_add(LAG).ok()?;
        let estate = self.estate();
        let known = |scope: &Scope| estate.events_from.get(scope).copied().flatten().is_some_and(|from| from <= first);
        let by = SearchBy::ReadOnly(false);
        let search = EventSearch { by, since: Some(first), until: Some(until), limit: CHANGES };
        (!estate.scopes.iter().all(known)).then_some(search)
    }
}

/// What the events of a finding are searched by, surest first: keys, then sessions.
#[must_use]
pub fn searches(finding: &Finding) -> Vec<SearchBy> {
    let keys = finding.keys().into_iter().map(|key| SearchBy::AccessKey(key.to_owned()));
    let sessions = finding.sessions().into_iter().map(|name| SearchBy::Username(name.to_owned()));
    keys.chain(sessions).collect()
}

/// Of answers (`None`: none yet) with their errors.
fn worst<'a>(of: impl Iterator<Item = Option<Option<&'a SourceError>>>) -> Stand {
    let mut stand = Stand::Answered;
    for one in of {
        stand = match (one, stand) {
            (Some(Some(SourceError::Denied { .. })), _) | (_, Stand::Denied) => Stand::Denied,
            (Some(Some(_)), _) | (_, Stand::Failed) => Stand::Failed,
            (None, _) | (_, Stand::Waiting) => Stand::Waiting,
            _ => Stand::Answered,
        };
    }
    stand
}
