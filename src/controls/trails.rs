//! Detective controls that look at each trail for itself: are its logs whole, closed and on time.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::model::{Clause, DataClass, Estate, Judgement, Scope, Selector, Table, Trail};

use super::draft::{Draft, settle, strictest_in};
use super::{Baseline, Control, Judge};

/// One trail's judgement.
pub(super) type One<'a> = &'a dyn Fn(&Estate, Draft, &Trail) -> Result<Judgement, Box<Judgement>>;

/// Judges every trail once, though a multi-region trail is seen from every region: as its home sees it, where that is
/// polled. A region whose trails could not be listed has a row that says so.
pub(super) fn each(control: &'static Control, estate: &Estate, one: One<'_>) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for scope in &estate.scopes {
        let draft = Draft::new(control, scope.to_string());
        judged.extend(draft.need("DescribeTrails", estate.trail_lists.get(scope)).err().map(|unknown| *unknown));
    }
    let mut trails: BTreeMap<&str, &Trail> = BTreeMap::new();
    for trail in estate.trails.values() {
        let at_home = trail.home_region.as_ref() == Some(&trail.scope.region);
        let known = trails.entry(&trail.arn).or_insert(trail);
        if at_home {
            *known = trail;
        }
    }
    judged.extend(trails.into_values().map(|trail| {
        let mut draft = Draft::new(control, &trail.arn);
        if let Some(list) = estate.trail_lists.get(&trail.scope).and_then(|cell| cell.seen.as_ref()) {
            draft.saw(list, [format!("trailList[].TrailARN={}", trail.arn)]);
        }
        settle(one(estate, draft, trail))
    }));
    judged
}

/// LOG-05.
pub(super) const LOG_05: &Control = &Control {
    id: "LOG-05",
    operations: &["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"],
    blind: "the digests themselves are not checked: `aws cloudtrail validate-logs` does that",
    judge: Judge::Estate(|estate, _: &Baseline| each(LOG_05, estate, &validated)),
};

/// A digest is delivered every hour.
const DIGEST: SignedDuration = SignedDuration::from_hours(2);

fn validated(_: &Estate, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    if !trail.validation {
        return Ok(draft.fail("LogFileValidationEnabled is false: nobody would see a changed or missing log file"));
    }
    let (mut draft, seen) = draft.need("GetTrailStatus", Some(&trail.status))?;
    let status = &seen.value;
    let told = status.digest.map_or_else(|| "absent".to_owned(), |at| at.to_string());
    draft.saw(seen, [format!("LatestDigestDeliveryTime={told}")]);
    Ok(match (&status.digest_error, status.digest) {
        (Some(error), _) => draft.warn(format!("its last digest could not be delivered: {error}")),
        (None, None) => draft.warn("no digest was delivered yet"),
        (None, Some(at)) if seen.at.duration_since(at) > DIGEST => {
            draft.warn(format!("its last digest was delivered at {at}"))
        }
        (None, Some(at)) => draft.pass(format!("log files are validated; last digest at {at}")),
    })
}

/// LOG-06.
pub(super) const LOG_06: &Control = &Control {
    id: "LOG-06",
    operations: &["cloudtrail:DescribeTrails", "kms:DescribeKey"],
    blind: "the key's own state is known only where a table uses the same key",
    judge: Judge::Estate(|estate, _: &Baseline| each(LOG_06, estate, &encrypted)),
};

fn encrypted(estate: &Estate, mut draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let Some(key) = &trail.kms_key else {
        return Ok(draft.fail("KmsKeyId is absent: whoever reads the bucket reads the log"));
    };
    if let Some(seen) = estate.keys.get(key).and_then(|cell| cell.seen.as_ref()) {
        draft.saw(seen, [format!("KeyMetadata.KeyState={}", seen.value.state)]);
        if seen.value.state != "Enabled" {
            return Ok(draft.warn(format!("its key is {}", seen.value.state)));
        }
    }
    Ok(draft.pass(format!("encrypted with {key}")))
}

/// LOG-08.
pub(super) const LOG_08: &Control = &Control {
    id: "LOG-08",
    operations: &["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"],
    blind: "",
    judge: Judge::Estate(|estate, _: &Baseline| each(LOG_08, estate, &delivered)),
};

/// Files come every five minutes or so while anything is called, and reading a trail is a call.
const LATE: SignedDuration = SignedDuration::from_hours(1);

fn delivered(_: &Estate, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.need("GetTrailStatus", Some(&trail.status))?;
    let status = &seen.value;
    let told = status.delivered.map_or_else(|| "absent".to_owned(), |at| at.to_string());
    draft.saw(seen, [format!("LatestDeliveryTime={told}"), format!("IsLogging={}", status.logging)]);
    if let Some(error) = &status.delivery_error {
        return Ok(draft.fail(format!("its last delivery failed: {error}")));
    }
    if !status.logging {
        let since = status.stopped.map_or_else(String::new, |at| format!(" since {at}"));
        return Ok(draft.warn(format!("nothing is delivered: it does not log{since}")));
    }
    if let Some(error) = &status.log_group_error {
        return Ok(draft.warn(format!("its log group refused the last delivery: {error}")));
    }
    Ok(match status.delivered {
        None => draft.warn("nothing was delivered yet"),
        Some(at) if seen.at.duration_since(at) > LATE => draft.warn(format!("nothing was delivered since {at}")),
        Some(at) => draft.pass(format!("last delivered at {at}")),
    })
}

/// LOG-09.
pub(super) const LOG_09: &Control = &Control {
    id: "LOG-09",
    operations: &[
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "dynamodb:DescribeTable",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "",
    judge: Judge::Estate(|estate, _: &Baseline| each(LOG_09, estate, &records_kms)),
};

fn records_kms(estate: &Estate, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.need("GetEventSelectors", Some(&trail.selectors))?;
    let management: Vec<&Selector> = seen.value.iter().filter(|of| of.category == "Management").collect();
    draft.saw(seen, management.iter().flat_map(|of| of.conditions.iter().cloned()));
    if management.is_empty() {
        return Ok(draft.not_applicable("it records no management events"));
    }
    if management.iter().any(|of| !excludes(of, "kms.amazonaws.com")) {
        return Ok(draft.pass("it records what happens to keys"));
    }
    let here =
        |of: &Scope| of.account == trail.scope.account && (trail.multi_region || of.region == trail.scope.region);
    let keyed = |table: &Table| table.description.value().is_none_or(|of| of.kms_key.is_some());
    Ok(match strictest_in(estate, here, keyed) {
        Some((DataClass::Restricted, None)) => {
            draft.fail("events of KMS are excluded, and tables of class restricted use KMS keys")
        }
        Some((DataClass::Restricted, Some(error))) => draft.unknown("data class, from tags", error),
        _ => draft.warn("events of KMS are excluded: who used or disabled a key is not recorded"),
    })
}

/// True when a selector leaves out the events of a source.
fn excludes(selector: &Selector, source: &str) -> bool {
    selector.clauses().any(|Clause { field, operator, values, .. }| {
        let named = values.contains(&source);
        field == "eventSource" && (operator == "NotEquals" && named || operator == "Equals" && !named)
    })
}

/// LOG-11.
pub(super) const LOG_11: &Control = &Control {
    id: "LOG-11",
    operations: &["cloudtrail:DescribeTrails", "cloudtrail:GetInsightSelectors"],
    blind: "event data stores that watch for insights are not read",
    judge: Judge::Estate(|estate, _: &Baseline| each(LOG_11, estate, &insights)),
};

fn insights(_: &Estate, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.need("GetInsightSelectors", Some(&trail.insights))?;
    draft.saw(seen, seen.value.iter().map(|kind| format!("InsightSelectors[].InsightType={kind}")));
    let wanted = ["ApiCallRateInsight", "ApiErrorRateInsight"];
    let missing: Vec<&str> = wanted.into_iter().filter(|kind| !seen.value.iter().any(|of| of == kind)).collect();
    Ok(match missing.as_slice() {
        [] => draft.pass("it watches rates of calls and of errors"),
        [one] => draft.warn(format!("{one} is not watched")),
        _ => draft.warn("neither rates of calls nor of errors are watched"),
    })
}

/// What a trail's selectors and status come to, for controls about what it records of something.
pub(super) fn logging(trail: &Trail) -> Option<bool> {
    trail.status.value().map(|status| status.logging)
}
