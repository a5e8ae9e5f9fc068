//! Whether it still goes on: the last call of the credentials, how far logs lag behind, and when the session ends.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::Finding;
use crate::store::Store;
use crate::trail::sessions::{Chain, Sure};

use super::LinkTier;

/// A call as new as this is called activity, and not the end of it.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// The longest that a session of a role lives.
const ROLE_LIFE: SignedDuration = SignedDuration::from_hours(12);

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was seen within the last minutes.
    Active,
    /// Nothing was seen for a while, and the credentials may still be good.
    Quiet,
    /// The session that was seen has ended.
    Ended,
    /// Nothing was seen at all.
    Unseen,
}

/// When credentials end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "is", content = "at")]
pub enum Expiry {
    /// The call that issued them says when.
    At(Timestamp),
    /// No later than this, for a role's session lives no longer.
    Before(Timestamp),
    /// They last until somebody takes them away.
    Never,
    /// Nothing tells.
    Unknown,
}

/// Whether the credentials of a finding are still in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// The newest event of the key or the session, over all regions.
    pub last_event: Option<Timestamp>,
    /// When GuardDuty last saw it.
    pub last_seen: Option<Timestamp>,
    /// When the credentials end.
    pub expires: Expiry,
}

impl Activity {
    /// The newest sign of it.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.last_event.max(self.last_seen)
    }

    /// How it stands at a moment.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        let Some(last) = self.last() else { return State::Unseen };
        match self.expires {
            Expiry::At(end) | Expiry::Before(end) if end <= now => State::Ended,
            _ if now.duration_since(last) <= FRESH => State::Active,
            _ => State::Quiet,
        }
    }
}

impl Store {
    /// Whether a finding's credentials are still in use, by its events and by the way back from the newest of them.
    #[must_use]
    pub fn activity(&self, finding: &Finding, events: &[(LinkTier, u32)], chain: Option<&Chain>) -> Activity {
        let own = events.iter().filter(|(tier, _)| *tier <= LinkTier::T2);
        let last_event = own.filter_map(|(_, row)| self.events().at(*row)?.when()).max();
        let last_seen = finding.last.or(finding.updated);
        Activity { last_event, last_seen, expires: expiry(finding, chain) }
    }
}

fn expiry(finding: &Finding, chain: Option<&Chain>) -> Expiry {
    let lasting = finding.access_key.as_deref().is_some_and(|key| key.starts_with("AKIA"));
    if lasting || finding.principal_type.as_deref() == Some("Root") {
        return Expiry::Never;
    }
    let Some(chain) = chain else { return Expiry::Unknown };
    let issued = chain.hops.first().filter(|hop| hop.sure >= Sure::Likely);
    if let Some(end) = issued.and_then(|hop| hop.ends) {
        return Expiry::At(end);
    }
    let began = issued.and_then(|hop| hop.at).or(chain.start.created).filter(|_| chain.start.kind == "AssumedRole");
    began.and_then(|began| began.checked_add(ROLE_LIFE).ok()).map_or(Expiry::Unknown, Expiry::Before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    #[test]
    fn silence_is_no_end_and_a_session_that_ended_is_none() {
        let of = |event, seen, expires| Activity { last_event: event, last_seen: seen, expires };
        let quiet = of(Some(at(10)), Some(at(5)), Expiry::At(at(60)));
        assert_eq!(
            (quiet.last(), quiet.state(at(12)), quiet.state(at(30))),
            (Some(at(10)), State::Active, State::Quiet)
        );
        assert_eq!(quiet.state(at(61)), State::Ended);
        // What GuardDuty saw counts, though its event was not read.
        assert_eq!(of(None, Some(at(28)), Expiry::Unknown).state(at(30)), State::Active);
        assert_eq!(of(None, None, Expiry::Never).state(at(30)), State::Unseen);
        assert_eq!(of(Some(at(0)), None, Expiry::Never).state(at(60 * 24 * 90)), State::Quiet);
    }
}
