//! Trail objects straight from S3: which prefixes and objects a window and the regions name.
//!
//! The layout is CloudTrail's: `AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_….json.gz`.
//! A root may lie anywhere above or within it. The region of a path is where the trail wrote, which for a global
//! service's event is not always the record's own.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Engine, Name, Root, Sight, Window, Work};
use crate::trail::query::Query;

/// The price of a thousand listings. Source: S3's price list, `us-east-1`; fetching within a region costs a tenth.
pub const DOLLARS_PER_LIST: f64 = 0.005 / 1000.0;
/// The price of fetching one object.
pub const DOLLARS_PER_GET: f64 = 0.0004 / 1000.0;

/// Trail objects, as they are configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// Where they lie.
    pub root: Root,
    /// Regions of the path to keep to; empty for all.
    pub regions: Vec<String>,
}

/// Which objects to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Where they lie.
    pub root: Root,
    /// Regions of the path to keep to; empty for all.
    pub regions: Vec<String>,
    /// The window.
    pub window: Window,
}

/// What to do with a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look at what is directly below it.
    Descend,
    /// List all that is below it, in order, after one key and up to another.
    List {
        /// The key before the first.
        after: String,
        /// Keys from here on are too late.
        end: String,
    },
    /// Nothing below it is wanted.
    Skip,
}

impl Engine for Trail {
    fn name(&self) -> Name {
        Name::S3
    }

    fn sight(&self) -> Sight {
        Sight {
            sees: "what the trail records: management, data and network activity events",
            kept: "as long as the bucket keeps its objects",
            late: "objects come about 5 minutes after the event, now and then much later: a day more is read",
            records: "as CloudTrail delivered them",
        }
    }

    fn translate(&self, _: &[Query], window: &Window) -> Result<Work, String> {
        Ok(Work::Objects(Selection { root: self.root.clone(), regions: self.regions.clone(), window: *window }))
    }

    fn dollars(&self, _: u64) -> Option<f64> {
        None
    }
}

impl Selection {
    /// What to do with a prefix, which ends in `/` or is empty.
    #[must_use]
    pub fn step(&self, prefix: &str) -> Step {
        let parts: Vec<&str> = prefix.trim_end_matches('/').split('/').collect();
        if let Some(at) = parts.iter().position(|part| *part == "CloudTrail")
            && let Some(region) = parts.get(at + 1)
        {
            if !self.regions.is_empty() && !self.regions.iter().any(|wanted| wanted == region) {
                return Step::Skip;
            }
            let base = parts.get(..=at + 1).unwrap_or_default().join("/");
            let (first, last) = self.window.days();
            // `0` follows `/`: all of the last day lies before it.
            return Step::List { after: format!("{base}/{first}"), end: format!("{base}/{last}0") };
        }
        let Some(logs) = parts.iter().position(|part| *part == "AWSLogs") else { return Step::Descend };
        match parts.get(logs + 1..).unwrap_or_default() {
            [] | [_] => Step::Descend,
            [organization, account] if organization.starts_with("o-") && is_account(account) => Step::Descend,
            [.., parent, service] if is_account(parent) && *service == "CloudTrail" => Step::Descend,
            // Digests, Insights, and other services' logs.
            _ => Step::Skip,
        }
    }

    /// Whether an object is a trail's log file that may hold events of the window.
    #[must_use]
    pub fn wants(&self, key: &str) -> bool {
        if !is_log(key) {
            return false;
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        let Some(delivered) = delivered(name) else { return true };
        let slack = jiff::SignedDuration::from_mins(15);
        // Names are given in steps of minutes, and a file may be named a little before it is closed.
        delivered.checked_add(slack).is_ok_and(|at| at >= self.window.since) && delivered <= self.window.delivered()
    }

    /// The prefixes in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let (first, last) = self.window.days();
        let regions = if self.regions.is_empty() { "*".to_owned() } else { self.regions.join(",") };
        let mut base = format!("s3://{}/{}", self.root.bucket, self.root.prefix);
        if !base.contains("AWSLogs/") {
            base.push_str("AWSLogs/");
        }
        vec![if base.contains("/CloudTrail/") {
            format!("{base} {first} to {last}")
        } else {
            format!("{base}*/CloudTrail/{regions}/ {first} to {last}")
        }]
    }
}

/// Whether a key is one of a trail's log files: nothing else is ever fetched.
#[must_use]
pub fn is_log(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    let kind = name.ends_with(".json.gz") || name.ends_with(".json");
    let odd = ["CloudTrail-Digest", "CloudTrail-Insight"].iter().any(|word| key.contains(word));
    kind && !odd && (name.contains("_CloudTrail_") || key.contains("/CloudTrail/"))
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// When a file was delivered, from its name: `…_20261121T0310Z_…`.
fn delivered(name: &str) -> Option<Timestamp> {
    let stamp = name.split('_').find(|part| part.len() == 14 && part.ends_with('Z') && part.get(8..9) == Some("T"))?;
    let at = DateTime::strptime("%Y%m%dT%H%MZ", stamp).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
