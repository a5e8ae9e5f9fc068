//! Engines that answer a query where the events are: one trait, and behind it `LookupEvents`, Athena, CloudWatch Logs
//! Insights, CloudTrail Lake and trail objects in S3.
//!
//! An engine is asked for records, not for rows: it narrows by what its language can say (`narrow`), gives back
//! CloudTrail records, and each of them is read by the one parser and held against the query itself. So the same
//! query gives the same rows from each, and what an engine cannot say costs bytes, never a row.
//! Invariant: pure. What is asked here runs in `aws`.

pub mod athena;
pub mod ddl;
pub mod insights;
pub mod lake;
pub mod lookup;
mod narrow;
pub mod s3;
mod sql;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::query::Query;

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// `LookupEvents`: CloudTrail's own event history.
    Lookup,
    /// Athena over a trail's objects.
    Athena,
    /// CloudWatch Logs Insights on a trail's log group.
    Insights,
    /// CloudTrail Lake.
    Lake,
    /// A trail's objects, fetched.
    S3,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Lookup, Self::Athena, Self::Insights, Self::Lake, Self::S3];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Athena => "athena",
            Self::Insights => "insights",
            Self::Lake => "lake",
            Self::S3 => "s3",
        }
    }

    /// The engine of a name.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.word().eq_ignore_ascii_case(word))
    }
}

/// What an engine can see at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Categories of events.
    pub sees: &'static str,
    /// How far back.
    pub kept: &'static str,
    /// How late an event may come.
    pub late: &'static str,
    /// Whether records are as CloudTrail delivered them.
    pub records: &'static str,
}

/// What an engine is asked, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// SQL, or the query language of Logs Insights.
    pub text: String,
    /// What of the data it reads, in words.
    pub partitions: Vec<String>,
    /// Terms that say nothing to the engine: the filter here decides them.
    pub residual: Vec<String>,
    /// No record can match: there is nothing to ask.
    pub never: bool,
}

/// What an engine has to do for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Searches by attribute.
    Lookup(lookup::Plan),
    /// A statement to run.
    Statement(Statement),
    /// Objects to fetch.
    Objects(s3::Selection),
}

/// An engine, as it is configured.
pub trait Engine {
    /// Which one.
    fn name(&self) -> Name;
    /// What it can see.
    fn sight(&self) -> Sight;
    /// What it has to do for these queries, which all must hold, or why it cannot.
    ///
    /// # Errors
    /// In words, for whoever asked.
    fn translate(&self, queries: &[Query], window: &Window) -> Result<Work, String>;
    /// Dollars for so much, at the list price of `us-east-1`; `None` where that does not follow from what is known.
    fn dollars(&self, reads: Reads) -> Option<f64>;
}

/// What a question reads, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    /// Bytes scanned.
    pub bytes: Option<u64>,
    /// Objects fetched.
    pub objects: Option<u64>,
}

/// How far back an engine reads when a query names no window.
const DEFAULT: SignedDuration = SignedDuration::from_hours(24);
/// Trail objects may be delivered so much later than their events happened.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// The stretch of time that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub since: Timestamp,
    /// Before.
    pub until: Timestamp,
    /// The moment of the question: relative times count from it.
    pub now: Timestamp,
    /// The query named no beginning: a day was taken.
    pub implied: bool,
}

impl Window {
    /// The window that these queries name.
    #[must_use]
    pub fn of(queries: &[Query], now: Timestamp) -> Self {
        let until = queries.iter().filter_map(|query| query.window(now).1).min();
        let until = until.unwrap_or_else(|| now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now));
        let since = queries.iter().filter_map(|query| query.window(now).0).max();
        let day = || until.checked_sub(DEFAULT).unwrap_or(Timestamp::MIN);
        Self { since: since.unwrap_or_else(day), until, now, implied: since.is_none() }
    }

    /// True when nothing lies in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.since >= self.until
    }

    /// Until when what happened in it may have been delivered.
    #[must_use]
    pub fn delivered(&self) -> Timestamp {
        self.until.checked_add(LATE).unwrap_or(Timestamp::MAX).min(self.now.max(self.since))
    }

    /// The first and last day of delivery, as paths of a trail write them: `2026/11/21`.
    #[must_use]
    pub fn days(&self) -> (String, String) {
        let day = |at: Timestamp| at.strftime("%Y/%m/%d").to_string();
        (day(self.since), day(self.delivered()))
    }
}

/// A bucket, and a prefix in it that is empty or ends in `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
}

impl Root {
    /// Reads `s3://bucket/prefix`.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no place in S3: write s3://bucket/prefix");
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let known = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '.' || one == '-';
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.chars().all(known) || bucket.contains("..") {
            return Err(wrong());
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { bucket: bucket.to_owned(), prefix })
    }
}

/// `10G`, `500M`, `2T`: bytes, in decimal multiples.
///
/// # Errors
/// In words.
pub fn bytes(text: &str) -> Result<u64, String> {
    sized(text, 1000)
}

/// The same in multiples of `step`.
///
/// # Errors
/// In words.
pub fn sized(text: &str, step: u64) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size: write 500M, 10G or 2T");
    let digits = text.trim_end_matches(|one: char| one.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase();
    let power = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|count| count.checked_mul(step.checked_pow(power)?)).ok_or_else(wrong)
}
