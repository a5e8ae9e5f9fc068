//! Exports of tables to buckets: whose buckets, how recent, and how safe what lies in them is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Arn, Cell, Estate, Judgement, Scope, Seen, SourceError, Table};

use super::draft::{Draft, by_class, class, settle, strictest, unread};
use super::{Baseline, Control, Judge, resource};

const LIST: &str = "dynamodb:ListExports";
const DESCRIBE: &str = "dynamodb:DescribeExport";
const STATUS: &str = "s3:GetBucketPolicyStatus";
const BLOCK: &str = "s3:GetPublicAccessBlock";
const VERSIONS: &str = "s3:GetBucketVersioning";
const LOCK: &str = "s3:GetObjectLockConfiguration";
const COPIES: &str = "s3:GetBucketReplication";

/// The ARNs of listed exports, of one table or of all.
fn listed<'a>(list: &'a Value, table: Option<&str>) -> Vec<&'a str> {
    let all = list["ExportSummaries"].as_array().into_iter().flatten();
    let arns = all.filter_map(|of| of["ExportArn"].as_str());
    let of =
        |arn: &&str| table.is_none_or(|table| arn.strip_prefix(table).is_some_and(|rest| rest.starts_with("/export/")));
    arns.filter(of).collect()
}

/// What is known of an export; `None` where it is gone since it was listed.
type Described<'a> = Option<Result<&'a Seen<Value>, Option<&'a SourceError>>>;

fn described<'a>(estate: &'a Estate, scope: &Scope, arn: &str) -> Described<'a> {
    match estate.answer(scope, DESCRIBE, arn).and_then(Cell::known) {
        Some(Ok(seen)) if seen.value.is_null() => None,
        Some(Ok(seen)) => Some(Ok(seen)),
        Some(Err(error)) => Some(Err(Some(error))),
        None => Some(Err(None)),
    }
}

/// The account that owns a table.
fn account(table: &Table) -> String {
    Arn::parse(&table.arn).map_or_else(|| table.scope.account.clone(), |arn| arn.account)
}

/// RES-11.
pub(super) const RES_11: &Control = &Control {
    id: "RES-11",
    operations: &[LIST, DESCRIBE, "dynamodb:ListTagsOfResource"],
    blind: "exports older than 90 days; which buckets of a trusted account are meant for it, and who started it",
    judge: Judge::Table(destinations),
};

fn destinations(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_destinations(estate, baseline, table)), unread(table))
}

fn judge_destinations(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_11, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_11.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, list) = draft.answer(estate, &table.scope, LIST, "")?;
    let all = listed(&list.value, Some(&table.arn));
    draft.saw(list, [format!("ExportSummaries of {}={}", table.name, all.len())]);
    let own = account(table);
    let (mut unread, mut plain) = (None, None);
    for arn in &all {
        let seen = match described(estate, &table.scope, arn) {
            Some(Ok(seen)) => seen,
            Some(Err(error)) => {
                unread = unread.or(Some(error));
                continue;
            }
            None => continue,
        };
        let of = &seen.value["ExportDescription"];
        let bucket = of["S3Bucket"].as_str().unwrap_or("absent");
        // The answer names an owner where the bucket is another account's.
        let owner = match &of["S3BucketOwner"] {
            Value::Null => own.as_str(),
            Value::String(owner) => owner,
            _ => return Ok(draft.unclear(format!("the owner of {bucket} is no account"))),
        };
        let sse = of["S3SseAlgorithm"].as_str().unwrap_or("absent");
        draft.saw(seen, [format!("ExportDescription.S3Bucket={bucket} S3BucketOwner={owner} S3SseAlgorithm={sse}")]);
        if owner != own && !baseline.trusted_accounts.iter().any(|account| account == owner) {
            let at = when(&of["StartTime"]).map_or_else(String::new, |at| format!(" at {at}"));
            return Ok(draft.fail(format!("exported{at} to {bucket} of account {owner}, which is not trusted")));
        }
        if sse == "AES256" {
            plain = Some(bucket);
        }
    }
    if let Some(error) = unread {
        return Ok(draft.unknown(DESCRIBE, error));
    }
    Ok(match (all.len(), plain) {
        (0, _) => draft.pass("it was not exported in the last 90 days"),
        (_, Some(bucket)) => draft.warn(format!("an export lies in {bucket} under S3's key, not one of KMS")),
        (count, None) => draft.pass(format!("{count} exports, all to buckets of trusted accounts")),
    })
}

fn when(of: &Value) -> Option<Timestamp> {
    Timestamp::from_second(of.as_f64()? as i64).ok()
}

/// RES-08.
pub(super) const RES_08: &Control = &Control {
    id: "RES-08",
    operations: &["dynamodb:ListTagsOfResource", LIST, DESCRIBE],
    blind: "exports older than 90 days; an interval counts where a tag export-interval declares it",
    judge: Judge::Table(recent),
};

/// Tags that declare how often a table is exported, in any letter case.
const INTERVAL_TAGS: [&str; 2] = ["export-interval", "export-every"];

/// `24h`, `7d`, `daily`, `weekly`, `monthly`.
fn interval(value: &str) -> Option<SignedDuration> {
    let value = value.trim().to_ascii_lowercase();
    let hours = match value.as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 31 * 24,
        other => {
            let (count, unit) = other.split_at_checked(other.len().checked_sub(1)?)?;
            let count: i64 = count.parse().ok().filter(|count| (1..=8_784).contains(count))?;
            match unit {
                "h" => count,
                "d" => count * 24,
                _ => return None,
            }
        }
    };
    Some(SignedDuration::from_hours(hours))
}

fn recent(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    settle(judge_recent(estate, baseline, table))
}

fn judge_recent(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, tags) = Draft::new(RES_08, &table.arn).need("ListTagsOfResource", Some(&table.tags))?;
    let named = |key: &&String| INTERVAL_TAGS.iter().any(|tag| key.eq_ignore_ascii_case(tag));
    let Some((key, value)) = tags.value.iter().find(|(key, _)| named(key)) else {
        return Ok(draft.not_applicable("no tag declares how often it is exported"));
    };
    draft.saw(tags, [format!("Tags[{key}]={value}")]);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_08.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let Some(interval) = interval(value) else {
        return Ok(draft.unclear(format!("tag {key} says {value:?}, which is no interval: 24h, 7d, weekly")));
    };
    let (mut draft, list) = draft.answer(estate, &table.scope, LIST, "")?;
    let all = listed(&list.value, Some(&table.arn));
    draft.saw(list, [format!("ExportSummaries of {}={}", table.name, all.len())]);
    let mut known: Vec<(Timestamp, &Seen<Value>)> = Vec::new();
    for arn in all {
        match described(estate, &table.scope, arn) {
            Some(Ok(seen)) => match when(&seen.value["ExportDescription"]["StartTime"]) {
                Some(at) => known.push((at, seen)),
                None => return Ok(draft.unclear(format!("the answer leaves StartTime of {arn} out"))),
            },
            Some(Err(error)) => return Ok(draft.unknown(DESCRIBE, error)),
            None => {}
        }
    }
    known.sort_by_key(|(at, _)| *at);
    let of =
        |seen: &Seen<Value>, name: &str| seen.value["ExportDescription"][name].as_str().unwrap_or("absent").to_owned();
    let is = |seen: &Seen<Value>, status: &str| of(seen, "ExportStatus") == status;
    for (at, seen) in known.iter().rev().take(3) {
        draft.saw(
            seen,
            [format!(
                "ExportDescription.StartTime={at} ExportStatus={} ExportType={}",
                of(seen, "ExportStatus"),
                of(seen, "ExportType")
            )],
        );
    }
    if let Some((at, _)) = known.last().filter(|(_, seen)| is(seen, "FAILED")) {
        return Ok(draft.fail(format!("tag {key} declares {value}; the newest export, of {at}, failed")));
    }
    let whole: Vec<&(Timestamp, &Seen<Value>)> = known.iter().filter(|(_, seen)| is(seen, "COMPLETED")).collect();
    let Some((at, newest)) = whole.last() else {
        return Ok(draft.fail(format!("tag {key} declares {value}, and no export of 90 days is complete")));
    };
    if estate.now.duration_since(*at) > interval {
        return Ok(draft.fail(format!("tag {key} declares {value}; the newest export is of {at}")));
    }
    let full = whole.iter().any(|(_, seen)| of(seen, "ExportType") == "FULL_EXPORT");
    Ok(if !newest.value["ExportDescription"]["FilterSpecification"].is_null() {
        draft.warn(format!("the newest export, of {at}, holds only the items that its filter let through"))
    } else if !full {
        draft.warn("only what changed was exported in 90 days: the full export that it adds to is not listed")
    } else {
        draft.pass(format!("tag {key} declares {value}; the newest export is of {at}"))
    })
}

/// Judges each bucket that tables were exported to whose class asks for it; `judge` gets the tables.
fn each_bucket(
    control: &'static Control,
    estate: &Estate,
    baseline: &Baseline,
    judge: impl Fn(Draft, &Scope, &str, i64) -> Result<Judgement, Box<Judgement>>,
) -> Vec<Judgement> {
    let mut found = Vec::new();
    for scope in &estate.scopes {
        match buckets(control, estate, baseline, scope) {
            Ok((buckets, unread)) => {
                let draft = Draft::new(control, scope.to_string());
                // What is not known may be another bucket, or the same.
                match unread {
                    Some(error) => found.push(draft.unknown(DESCRIBE, error)),
                    None if buckets.is_empty() => {
                        found.push(draft.not_applicable("no restricted table was exported in the last 90 days"));
                    }
                    None => {}
                }
                found.extend(buckets.into_iter().map(|((bucket, owner), (tables, seen))| {
                    let mut draft = Draft::new(control, resource(scope, &format!("bucket/{bucket}")));
                    draft.saw(seen, [format!("ExportDescription.S3Bucket={bucket}")]);
                    let of = strictest(estate, tables.iter().copied());
                    if let Some(owner) = owner {
                        return match of.and_then(|(_, unread)| unread) {
                            Some(error) => draft.unknown("data class, from tags", error),
                            None => {
                                draft.unclear(format!("the bucket is of account {owner}, whose settings are not read"))
                            }
                        };
                    }
                    let floor = of.map_or(0, |(class, _)| i64::from(baseline.least_pitr_days(class)));
                    by_class(settle(judge(draft, scope, bucket, floor)), of.and_then(|(_, unread)| unread))
                }));
            }
            Err(unknown) => found.push(*unknown),
        }
    }
    found
}

/// Why an export is not known.
type Unread<'a> = Option<Option<&'a SourceError>>;

/// A bucket and, where it is another account's, its owner; with the tables that were exported to it.
type Buckets<'a> = BTreeMap<(&'a str, Option<&'a str>), (Vec<&'a Table>, &'a Seen<Value>)>;

fn buckets<'a>(
    control: &'static Control,
    estate: &'a Estate,
    baseline: &Baseline,
    scope: &Scope,
) -> Result<(Buckets<'a>, Unread<'a>), Box<Judgement>> {
    let draft = Draft::new(control, scope.to_string());
    let (draft, _) = draft.need("dynamodb:ListTables", estate.populations.get(scope))?;
    let (_, list) = draft.answer(estate, scope, LIST, "")?;
    let (mut buckets, mut unread) = (Buckets::new(), None);
    for arn in listed(&list.value, None) {
        let Some(table) = arn.split_once("/export/").and_then(|(table, _)| estate.tables.get(table)) else { continue };
        if estate.is_unclassed(table) || !baseline.asks(class(estate, table).0, control.id) {
            continue;
        }
        match described(estate, scope, arn) {
            Some(Ok(seen)) => {
                let of = &seen.value["ExportDescription"];
                let Some(bucket) = of["S3Bucket"].as_str() else { continue };
                let owner = of["S3BucketOwner"].as_str().filter(|owner| *owner != account(table));
                buckets.entry((bucket, owner)).or_insert_with(|| (Vec::new(), seen)).0.push(table);
            }
            Some(Err(error)) => unread = unread.or(Some(error)),
            None => {}
        }
    }
    Ok((buckets, unread))
}

/// RES-09.
pub(super) const RES_09: &Control = &Control {
    id: "RES-09",
    operations: &["dynamodb:ListTables", LIST, DESCRIBE, "dynamodb:ListTagsOfResource", STATUS, BLOCK, LOCK, VERSIONS],
    blind: "buckets of other accounts; access control lists, and whether the bucket's policy lets plain HTTP in",
    judge: Judge::Estate(safe),
};

fn safe(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_bucket(RES_09, estate, baseline, |draft, scope, bucket, floor| {
        judge_bucket(draft, estate, scope, bucket, floor)
    })
}

fn judge_bucket(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    bucket: &str,
    floor: i64,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, status) = draft.answer(estate, scope, STATUS, bucket)?;
    let public = status.value["IsPublic"].as_str() == Some("true");
    draft.saw(status, [format!("PolicyStatus.IsPublic={public}")]);
    let (mut draft, block) = draft.answer(estate, scope, BLOCK, bucket)?;
    let blocked = block.value["RestrictPublicBuckets"].as_str() == Some("true");
    draft.saw(block, [format!("PublicAccessBlockConfiguration.RestrictPublicBuckets={blocked}")]);
    if public && !blocked {
        return Ok(draft.fail("the bucket's policy lets everybody in"));
    }
    let (mut draft, lock) = draft.answer(estate, scope, LOCK, bucket)?;
    if lock.value["ObjectLockEnabled"].as_str() != Some("Enabled") {
        draft.saw(lock, ["ObjectLockConfiguration.ObjectLockEnabled=absent".to_owned()]);
        return Ok(draft.fail("no Object Lock: whoever may, deletes the exports"));
    }
    let rule = &lock.value["Rule"]["DefaultRetention"];
    let number = |name: &str| rule[name].as_str().and_then(|text| text.parse::<i64>().ok());
    let days = number("Days").or(number("Years").map(|years| years * 365));
    let mode = rule["Mode"].as_str();
    draft.saw(
        lock,
        [format!(
            "ObjectLockConfiguration.Rule.DefaultRetention={} {}",
            mode.unwrap_or("absent"),
            days.map_or_else(|| "absent".to_owned(), |days| format!("{days} days"))
        )],
    );
    let (mut draft, versions) = draft.answer(estate, scope, VERSIONS, bucket)?;
    draft.saw(versions, [format!("Status={}", versions.value["Status"].as_str().unwrap_or("absent"))]);
    if versions.value["Status"].as_str() != Some("Enabled") {
        return Ok(draft.warn("versions are not kept"));
    }
    Ok(match (mode, days) {
        (None, _) => draft.warn("locked, but no retention is set: each object must ask for its own"),
        (Some("COMPLIANCE"), Some(days)) if days >= floor => {
            draft.pass(format!("private, versioned, and locked for {days} days for good"))
        }
        (Some("COMPLIANCE"), Some(days)) => draft.warn(format!("locked for {days} of {floor} days")),
        (Some("COMPLIANCE"), None) => draft.unclear("the answer names no days of the retention"),
        (Some(mode), _) => draft.warn(format!("locked in {mode} mode: whoever may, lifts it")),
    })
}

/// RES-10.
pub(super) const RES_10: &Control = &Control {
    id: "RES-10",
    operations: &["dynamodb:ListTables", LIST, DESCRIBE, "dynamodb:ListTagsOfResource", COPIES],
    blind: "buckets of other accounts; copies that a function of one's own makes",
    judge: Judge::Estate(replicated),
};

fn replicated(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_bucket(RES_10, estate, baseline, |draft, scope, bucket, _| judge_copies(draft, estate, scope, bucket))
}

fn judge_copies(draft: Draft, estate: &Estate, scope: &Scope, bucket: &str) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, scope, COPIES, bucket)?;
    // XML writes one rule as an element, several as a list.
    let rules: Vec<&Value> = match &seen.value["Rule"] {
        Value::Array(many) => many.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let on: Vec<&&Value> = rules.iter().filter(|rule| rule["Status"].as_str() == Some("Enabled")).collect();
    let to =
        |rule: &Value| rule["Destination"]["Account"].as_str().filter(|of| *of != scope.account).map(str::to_owned);
    let marks = |rule: &Value| rule["DeleteMarkerReplication"]["Status"].as_str() == Some("Enabled");
    for rule in &on {
        draft.saw(
            seen,
            [format!(
                "ReplicationConfiguration.Rules[].Destination.Account={} DeleteMarkerReplication={}",
                rule["Destination"]["Account"].as_str().unwrap_or("absent"),
                rule["DeleteMarkerReplication"]["Status"].as_str().unwrap_or("absent")
            )],
        );
    }
    if on.is_empty() {
        draft.saw(seen, ["ReplicationConfiguration.Rules=none enabled".to_owned()]);
        return Ok(draft.fail("nothing copies what lies in it to another account"));
    }
    Ok(match on.iter().find_map(|rule| Some((rule, to(rule)?))) {
        None => draft.warn("it is copied within the account, or the rule names no other one"),
        Some((rule, account)) if marks(rule) => {
            draft.warn(format!("it is copied to account {account}, and deletions are copied as well"))
        }
        Some((_, account)) => draft.pass(format!("it is copied to account {account}")),
    })
}
