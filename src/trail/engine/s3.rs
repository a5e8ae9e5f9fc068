//! Trail objects straight from S3: which prefixes and objects a window and the regions name.
//!
//! The layout is CloudTrail's: `AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_….json.gz`.
//! A root may lie anywhere above or within it. The region of a path is where the trail wrote, which for a global
//! service's event is not always the record's own.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Engine, Name, Reads, Root, Sight, Window, Work};
use crate::trail::query::Query;

/// The price of a thousand listings. Source: S3's price list, `us-east-1`; fetching within a region costs a tenth.
const DOLLARS_PER_LIST: f64 = 0.005 / 1000.0;
/// Keys that one listing gives.
const KEYS: f64 = 1000.0;
/// The price of fetching one object.
const DOLLARS_PER_GET: f64 = 0.0004 / 1000.0;

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
    /// Every object of the window's days counts, as for a table over them; else log files that may hold its events.
    pub every: bool,
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
        let (root, regions) = (self.root.clone(), self.regions.clone());
        Ok(Work::Objects(Selection { root, regions, window: *window, every: false }))
    }

    fn dollars(&self, reads: Reads) -> Option<f64> {
        let objects = reads.objects? as f64;
        Some((objects / KEYS).ceil().max(1.0) * DOLLARS_PER_LIST + objects * DOLLARS_PER_GET)
    }
}

impl Selection {
    /// What to do with a prefix, which ends in `/` or is empty.
    #[must_use]
    pub fn step(&self, prefix: &str) -> Step {
        let parts: Vec<&str> = prefix.trim_end_matches('/').split('/').collect();
        if let Some(at) = region_at(&parts) {
            let region = parts.get(at).copied().unwrap_or_default();
            if !self.regions.is_empty() && !self.regions.iter().any(|wanted| wanted == region) {
                return Step::Skip;
            }
            let base = parts.get(..=at).unwrap_or_default().join("/");
            let (first, last) = self.window.days();
            // `0` follows `/`: all of the last day lies before it.
            return Step::List { after: format!("{base}/{first}"), end: format!("{base}/{last}0") };
        }
        // The last one: a prefix of somebody's own may be called like a part of the layout.
        let Some(logs) = parts.iter().rposition(|part| *part == "AWSLogs") else { return Step::Descend };
        match parts.get(logs + 1..).unwrap_or_default() {
            // Partitions of other services' logs, one a day or an hour.
            [.., part] if part.contains('=') => Step::Skip,
            [] | [_] => Step::Descend,
            [organization, account] if organization.starts_with("o-") && is_account(account) => Step::Descend,
            [.., parent, service] if is_account(parent) => {
                // Digests, Insights, and other services' logs lie beside it.
                if *service == "CloudTrail" { Step::Descend } else { Step::Skip }
            }
            // Below an account that is not in the layout: other services' logs. Below anything else: somebody's own.
            parts if parts.iter().any(|part| is_account(part)) => Step::Skip,
            _ => Step::Descend,
        }
    }

    /// Whether an object is a trail's log file that may hold events of the window.
    #[must_use]
    pub fn wants(&self, key: &str) -> bool {
        if self.every {
            return true;
        }
        if !is_log(key) {
            return false;
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        let Some(delivered) = delivered(name) else { return true };
        // Names are given in steps of minutes, and a file may be named a little before it is closed.
        delivered.checked_add(crate::model::LAG).is_ok_and(|at| at >= self.window.since)
            && delivered <= self.window.delivered()
    }

    /// The prefixes in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let (first, last) = self.window.days();
        let regions = if self.regions.is_empty() { "*".to_owned() } else { self.regions.join(",") };
        let mut base = format!("s3://{}/{}", self.root.bucket, self.root.prefix);
        let parts: Vec<&str> = self.root.prefix.trim_end_matches('/').split('/').collect();
        if region_at(&parts).is_some() {
            return vec![format!("{base} {first} to {last}")];
        }
        if !parts.contains(&"AWSLogs") {
            base.push_str("AWSLogs/");
        }
        let base = base.strip_suffix("CloudTrail/").map_or_else(|| format!("{base}*/"), str::to_owned);
        vec![format!("{base}CloudTrail/{regions}/ {first} to {last}")]
    }
}

/// Where among the parts of a path the region stands. Below `ACCOUNT/CloudTrail` it is the next part, whatever regions
/// will be called; elsewhere the last one that looks like a region below a `CloudTrail`, for any prefix may be called so.
fn region_at(parts: &[&str]) -> Option<usize> {
    let of_account = parts.windows(3).rposition(|three| matches!(three, [of, "CloudTrail", _] if is_account(of)));
    let by_name = || parts.windows(2).rposition(|pair| matches!(pair, ["CloudTrail", region] if is_region(region)));
    of_account.map(|at| at + 2).or_else(|| by_name().map(|at| at + 1))
}

/// `eu-west-1`, `us-gov-east-1`: words of letters, and a number.
fn is_region(part: &str) -> bool {
    let words: Vec<&str> = part.split('-').collect();
    let letters = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    match words.as_slice() {
        [area @ .., number] if area.len() >= 2 => {
            area.iter().all(letters) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether a key is one of a trail's log files, as the printed policy allows them: nothing else is ever fetched.
#[must_use]
pub fn is_log(key: &str) -> bool {
    let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
    let odd = ["_CloudTrail-Digest_", "_CloudTrail-Insight_"].iter().any(|word| name.contains(word));
    name.ends_with(".json.gz") && !odd && path.split('/').any(|part| part == "CloudTrail")
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
