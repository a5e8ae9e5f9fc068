//! Buckets that trails deliver to: whether logs can be read by others, changed or lost.

use serde_json::Value;

use crate::model::{Estate, Judgement};

use super::draft::{Draft, settle};
use super::{Baseline, Control, Judge};

const STATUS: &str = "s3:GetBucketPolicyStatus";
const BLOCK: &str = "s3:GetPublicAccessBlock";
const VERSIONS: &str = "s3:GetBucketVersioning";
const LIFE: &str = "s3:GetBucketLifecycleConfiguration";
const LOCK: &str = "s3:GetObjectLockConfiguration";

/// The least days that logs are kept for an audit.
const AUDIT_DAYS: i64 = 365;

/// LOG-07.
pub(super) const LOG_07: &Control = &Control {
    id: "LOG-07",
    operations: &["cloudtrail:DescribeTrails", STATUS, BLOCK, VERSIONS, LIFE, LOCK],
    blind: "access control lists, and buckets of a log archive account that this role may not read",
    judge: Judge::Estate(kept),
};

fn kept(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut found = Vec::new();
    for scope in &estate.scopes {
        let cell = estate.trail_lists.get(scope);
        if let Err(unknown) = Draft::new(LOG_07, scope.to_string()).need("DescribeTrails", cell) {
            found.push(*unknown);
        }
    }
    let home = |trail: &crate::model::Trail| trail.home_region.as_ref().is_none_or(|home| *home == trail.scope.region);
    let trails = estate.trails.values().filter(|trail| home(trail));
    found.extend(trails.map(|trail| settle(judge(estate, trail))));
    found
}

fn judge(estate: &Estate, trail: &crate::model::Trail) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(LOG_07, trail.arn.as_str());
    let Some(bucket) = trail.bucket.as_deref() else { return Ok(draft.unclear("the answer names no bucket")) };
    let scope = &trail.scope;
    let (mut draft, status) = draft.answer(estate, scope, STATUS, bucket)?;
    let public = status.value["IsPublic"].as_str() == Some("true");
    draft.saw(status, [format!("PolicyStatus.IsPublic={public}")]);
    let (mut draft, block) = draft.answer(estate, scope, BLOCK, bucket)?;
    let blocked = block.value["RestrictPublicBuckets"].as_str() == Some("true");
    draft.saw(block, [format!("PublicAccessBlockConfiguration.RestrictPublicBuckets={blocked}")]);
    if public && !blocked {
        return Ok(draft.fail("the bucket's policy lets everybody in"));
    }
    let (mut draft, life) = draft.answer(estate, scope, LIFE, bucket)?;
    let shortest = rules(&life.value)
        .filter(|rule| rule["Status"].as_str() == Some("Enabled"))
        .filter_map(|rule| rule.pointer("/Expiration/Days")?.as_str()?.parse::<i64>().ok())
        .min();
    draft.saw(
        life,
        [format!("Rules[].Expiration.Days={}", shortest.map_or("none".to_owned(), |days| days.to_string()))],
    );
    if let Some(days) = shortest.filter(|days| *days < AUDIT_DAYS) {
        return Ok(draft.fail(format!("logs go after {days} of {AUDIT_DAYS} days")));
    }
    let (mut draft, versions) = draft.answer(estate, scope, VERSIONS, bucket)?;
    let on = versions.value["Status"].as_str() == Some("Enabled");
    draft.saw(versions, [format!("Status={}", versions.value["Status"].as_str().unwrap_or("absent"))]);
    if !on {
        return Ok(draft.fail("versions are not kept: a log that is written over is gone"));
    }
    let (mut draft, lock) = draft.answer(estate, scope, LOCK, bucket)?;
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

/// The rules of a lifecycle: XML writes one as an element, several as a list.
fn rules(of: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match &of["Rule"] {
        Value::Array(many) => (many.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    many.iter().chain(one)
}
