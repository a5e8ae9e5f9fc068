//! CloudTrail Lake: SQL over an event data store, which keeps each record as it was beside its columns.

use super::narrow::{Cond, Narrowed, narrow};
use super::sql::{Columns, Sql};
use super::{Engine, Name, Reads, Sight, Statement, Window, Work};
use crate::trail::query::Query;

/// The price for a gigabyte scanned. Source: CloudTrail's price list.
const DOLLARS: f64 = 0.005;

/// CloudTrail Lake, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lake {
    /// The event data store's id or ARN.
    pub store: String,
    /// Records read at most.
    pub most: usize,
}

const COLUMNS: Columns = Columns { text: column, everything: "lower(eventjson)", whole: true, typed_time: true };

fn column(name: &str) -> String {
    match name {
        "eventtime" => name.to_owned(),
        "readonly" => "coalesce(cast(readonly as varchar), '')".to_owned(),
        name => format!("coalesce({name}, '')"),
    }
}

impl Lake {
    /// The id that statements name the store by: what an ARN ends with.
    #[must_use]
    pub fn id(&self) -> &str {
        self.store.rsplit('/').next().unwrap_or(&self.store)
    }
}

impl Engine for Lake {
    fn name(&self) -> Name {
        Name::Lake
    }

    fn sight(&self) -> Sight {
        Sight {
            sees: "the categories that the event data store was made for",
            kept: "the store's retention: up to 2,557 days",
            late: "about 5 minutes after the event",
            records: "as CloudTrail keeps them in the store",
        }
    }

    fn translate(&self, queries: &[Query], window: &Window) -> Result<Work, String> {
        let id = self.id();
        if id.is_empty() || !id.chars().all(|one| one.is_ascii_alphanumeric() || one == '-') {
            return Err(format!("`{}` is no id or ARN of an event data store", self.store));
        }
        let Narrowed { cond, residual } = narrow(queries, &Sql { columns: COLUMNS, now: window.now });
        let second = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let until = window.until.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(window.until);
        // The store is laid out by time: a window outside of all brackets is what bounds the scan.
        let (since, until) = (second(window.since), second(until));
        let (filter, never) = match cond {
            Cond::Always => (String::new(), false),
            Cond::Never => (String::new(), true),
            Cond::When(text) => (format!("\n  and {text}"), false),
        };
        let text = format!(
            "SELECT eventjson\nFROM {id}\nWHERE eventtime >= timestamp '{since}' and eventtime <= timestamp '{until}'{filter}\
             \nORDER BY eventtime DESC\nLIMIT {}",
            self.most.saturating_add(1)
        );
        let partitions = vec![format!("event data store {id}"), format!("from {since} to {until}")];
        Ok(Work::Statement(Statement { text, partitions, residual, never }))
    }

    fn dollars(&self, reads: Reads) -> Option<f64> {
        Some(reads.bytes? as f64 / 1e9 * DOLLARS)
    }
}
