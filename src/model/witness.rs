//! What CloudTrail's events say of an account and region: who was seen, how, and from where. Gathered as events come.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;

use super::SourceError;

/// Distinct values of a kind that are kept: what calls bear is for the caller to choose.
const MOST: usize = 500;

/// What is asked of `LookupEvents` all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// Calls that change something.
    Changes,
    /// Calls to DynamoDB.
    Service,
    /// Uses of keys, by which reads and writes of items show.
    Keys,
}

/// What the events of one account and region say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    /// Since when nothing of it is left out; absent of what was never answered.
    pub since: BTreeMap<Look, Timestamp>,
    /// Why some of it was not answered, last.
    pub fault: Option<SourceError>,
    /// How calls to DynamoDB and DAX came, where their records say so.
    pub connections: BTreeMap<Connection, Sighting>,
    /// Connections that differ from all those, beyond what is kept.
    pub missed: usize,
    /// What was seen of tables, by name.
    pub tables: BTreeMap<String, Uses>,
}

/// Events that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When the first happened.
    pub first: Timestamp,
    /// When the last happened.
    pub last: Timestamp,
    /// How many.
    pub count: usize,
    /// The id of the last.
    pub event: String,
    /// Who made the last.
    pub by: String,
    /// A log file's path, or the operation that brought the last.
    pub origin: Arc<str>,
}

/// `tlsDetails` of a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// `tlsVersion`
    pub version: String,
    /// `keyExchange`
    pub exchange: Option<String>,
    /// `clientProvidedHostHeader`
    pub host: Option<String>,
}

/// A caller, without the session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    /// `role/app-orders`, `user/alice`, `root`; of a caller without an ARN a service or an account.
    pub name: String,
    /// The ARN of the identity, for a role without its path, which records of its sessions leave out.
    pub arn: Option<String>,
}

/// How a table was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A call on its items.
    Items,
    /// Its key, on the caller's behalf.
    Key,
    /// A call on the table itself.
    Table,
}

/// Where a call came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whence {
    /// Through an endpoint of a VPC.
    Endpoint(String),
    /// From a service.
    Service(String),
    /// From an address.
    Address(String),
}

/// A change of a table: by whom, and from where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// By whom.
    pub who: Who,
    /// From where.
    pub from: Whence,
    /// With the credentials, or by the pages, of the console.
    pub console: bool,
}

/// What was seen of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// By whom, and how.
    pub users: BTreeMap<(Who, Way), Sighting>,
    /// Refusals, by whom and in which hour since 1970.
    pub refused: BTreeMap<(Who, i64), Sighting>,
    /// Changes of the table that were let through.
    pub changes: BTreeMap<Change, Sighting>,
    /// What differs from all those, beyond what is kept.
    pub missed: usize,
}

impl Uses {
    /// Since when the table is seen to be used at all.
    #[must_use]
    pub fn first(&self) -> Option<Timestamp> {
        self.users.values().map(|seen| seen.first).min()
    }
}

impl Sighting {
    /// Adds what one event at a moment says to what is known; `missed` counts what there is no room for.
    pub fn note<K: Ord>(
        known: &mut BTreeMap<K, Self>,
        missed: &mut usize,
        key: K,
        at: Timestamp,
        seen: impl FnOnce() -> Self,
    ) {
        let full = known.len() >= MOST;
        match known.entry(key) {
            Entry::Occupied(mut known) => {
                let of = known.get_mut();
                of.count += 1;
                of.first = of.first.min(at);
                if at >= of.last {
                    let (first, count) = (of.first, of.count);
                    *of = Self { first, count, ..seen() };
                }
            }
            Entry::Vacant(_) if full => *missed += 1,
            Entry::Vacant(new) => {
                new.insert(seen());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: i64) -> Sighting {
        let at = Timestamp::from_second(at).unwrap();
        Sighting { first: at, last: at, count: 1, event: at.to_string(), by: String::new(), origin: "x".into() }
    }

    fn see<K: Ord>(known: &mut BTreeMap<K, Sighting>, missed: &mut usize, key: K, at: i64) {
        Sighting::note(known, missed, key, seen(at).last, || seen(at));
    }

    #[test]
    fn events_in_any_order_come_to_the_same_and_what_differs_endlessly_is_counted() {
        let all = |order: [i64; 3]| {
            let (mut known, mut missed) = (BTreeMap::new(), 0);
            order.iter().for_each(|at| see(&mut known, &mut missed, "a", *at));
            known
        };
        assert_eq!(all([1, 2, 3]), all([3, 1, 2]));
        assert_eq!((all([2, 3, 1])["a"].count, all([2, 3, 1])["a"].event.as_str()), (3, "1970-01-01T00:00:03Z"));
        let (mut known, mut missed) = (BTreeMap::new(), 0);
        (0..600).for_each(|at| see(&mut known, &mut missed, at, at));
        assert_eq!((known.len(), missed), (MOST, 100));
        see(&mut known, &mut missed, 3, 700);
        assert_eq!((known[&3].count, missed), (2, 100));
    }
}
