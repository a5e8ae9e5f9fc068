//! Buckets that trails deliver to: whether logs can be read by others, changed or lost.

use serde_json::Value;

use crate::model::{Arn, Cell, DataClass, Estate, Judgement, Scope, Seen, Table, Trail};

use super::draft::{Draft, by_class, strictest_in};
use super::{Baseline, Control, Judge, trails};

const STATUS: &str = "s3:GetBucketPolicyStatus";
const BLOCK: &str = "s3:GetPublicAccessBlock";
const VERSIONS: &str = "s3:GetBucketVersioning";
const LIFE: &str = "s3:GetBucketLifecycleConfiguration";
const LOCK: &str = "s3:GetObjectLockConfiguration";

/// LOG-07.
pub(super) const LOG_07: &Control = &Control {
    id: "LOG-07",
    operations: &[
        "cloudtrail:DescribeTrails",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
        STATUS,
        BLOCK,
        VERSIONS,
        LIFE,
        LOCK,
    ],
    blind: "access control lists, whether deleting asks for MFA, how long old versions stay, and buckets of a log archive \
            account that this role may not read",
    judge: Judge::Estate(kept),
};

fn kept(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    trails::each(LOG_07, estate, &|estate, draft, trail| judge(estate, baseline, draft, trail))
}

/// What was answered about a bucket, or why nobody could ask: then nobody knew which buckets there are.
fn about<'a>(
    draft: Draft,
    estate: &'a Estate,
    home: &Scope,
    label: &'static str,
    bucket: &str,
) -> Result<(Draft, &'a Seen<Value>), Box<Judgement>> {
    let cell: Option<&Cell<Value>> = estate.answer(home, label, bucket).or_else(|| estate.answer(home, label, ""));
    draft.need(label, cell)
}

fn judge(estate: &Estate, baseline: &Baseline, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let Some(bucket) = trail.bucket.as_deref() else { return Ok(draft.unclear("the answer names no bucket")) };
    // Buckets are asked about where their trail is at home.
    let home = Scope { region: trail.home_region.clone().unwrap_or(trail.scope.region.clone()), ..trail.scope.clone() };
    if !estate.scopes.contains(&home) {
        return Ok(draft.unclear(format!("its bucket is read in its home region, and {} is not polled", home.region)));
    }
    let (mut draft, status) = about(draft, estate, &home, STATUS, bucket)?;
    let public = status.value["IsPublic"].as_str() == Some("true");
    draft.saw(status, [format!("PolicyStatus.IsPublic={public}")]);
    let (mut draft, block) = about(draft, estate, &home, BLOCK, bucket)?;
    let blocked = block.value["RestrictPublicBuckets"].as_str() == Some("true");
    draft.saw(block, [format!("PublicAccessBlockConfiguration.RestrictPublicBuckets={blocked}")]);
    if public && !blocked {
        return Ok(draft.fail("the bucket's policy lets everybody in"));
    }
    let (mut draft, life) = about(draft, estate, &home, LIFE, bucket)?;
    let logs = place_of(trail);
    for rule in rules(&life.value).filter(|rule| rule["Status"].as_str() == Some("Enabled")) {
        let name = rule["ID"].as_str().unwrap_or("?");
        if !takes(rule, &logs) {
            continue;
        }
        let end = &rule["Expiration"];
        if let Some(date) = end["Date"].as_str() {
            draft.saw(life, [format!("Rules[{name}].Expiration.Date={date}")]);
            return Ok(draft.fail(format!("lifecycle rule {name} deletes all logs at {date}")));
        }
        let Some(days) = end["Days"].as_str() else { continue };
        draft.saw(life, [format!("Rules[{name}].Expiration.Days={days}")]);
        let Ok(days) = days.parse::<i64>() else {
            return Ok(draft.unclear(format!("lifecycle rule {name} deletes after {days:?} days")));
        };
        let here = |of: &Scope| of.account == home.account && (trail.multi_region || of.region == home.region);
        let asks = |class| baseline.of(class).log_retention_days;
        let (class, unread) = strictest_in(estate, here, |_: &Table| true).unwrap_or((DataClass::Public, None));
        if days < asks(class) {
            let failed = draft.fail(format!("logs go after {days} of {} days", asks(class)));
            // Too short for the mildest class is too short for any.
            let unsure = unread.filter(|_| days >= asks(DataClass::Public));
            return Ok(by_class(failed, unsure));
        }
    }
    if life.value.is_null() {
        draft.saw(life, ["Rules=none".to_owned()]);
    }
    let (mut draft, versions) = about(draft, estate, &home, VERSIONS, bucket)?;
    let on = versions.value["Status"].as_str() == Some("Enabled");
    draft.saw(versions, [format!("Status={}", versions.value["Status"].as_str().unwrap_or("absent"))]);
    if !on {
        return Ok(draft.fail("versions are not kept: a log that is written over is gone"));
    }
    let (mut draft, lock) = about(draft, estate, &home, LOCK, bucket)?;
    let locked = lock.value["ObjectLockEnabled"].as_str() == Some("Enabled");
    draft.saw(
        lock,
        [format!("ObjectLockConfiguration.ObjectLockEnabled={}", if locked { "Enabled" } else { "absent" })],
    );
    Ok(if locked {
        draft.pass("private, versioned, kept and locked")
    } else {
        draft.warn("private, versioned and kept, but not locked: whoever may, deletes")
    })
}

/// What the keys of a trail's objects begin with: log files and digests.
fn place_of(trail: &Trail) -> String {
    let root = trail.prefix.as_deref().map_or_else(String::new, |prefix| format!("{}/", prefix.trim_end_matches('/')));
    match Arn::parse(&trail.arn) {
        Some(arn) if !trail.organization => format!("{root}AWSLogs/{}/CloudTrail", arn.account),
        // Those of an organization lie below the organization's id, account by account.
        _ => format!("{root}AWSLogs/"),
    }
}

/// Whether a lifecycle rule is about any object whose key begins so. CloudTrail tags none.
fn takes(rule: &Value, logs: &str) -> bool {
    let filter = &rule["Filter"];
    let tagged = [&filter["Tag"], &filter["And"]["Tag"]].iter().any(|tag| !tag.is_null());
    let prefix = [&filter["Prefix"], &filter["And"]["Prefix"], &rule["Prefix"]].into_iter().find_map(Value::as_str);
    let prefix = prefix.unwrap_or_default();
    !tagged && (logs.starts_with(prefix) || prefix.starts_with(logs))
}

/// The rules of a lifecycle: XML writes one as an element, several as a list.
fn rules(of: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match &of["Rule"] {
        Value::Array(many) => (many.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    many.iter().chain(one)
}
