//! GuardDuty: detectors and findings.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Call;
use super::findings::{self, Finding};
use super::kit::{epoch, iso, page_of, trim};
use super::story;
use crate::wire::protocol::Refusal;

const INVALID: &str = "BadRequestException";

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    let detector = call.realm.detector.as_deref();
    let resource = call
        .params
        .text("detectorId")
        .map_or_else(|| "*".to_owned(), |id| call.realm.arn("guardduty", &format!("detector/{id}")));
    call.authorize(&resource)?;
    if call.called.operation == "ListDetectors" {
        return Ok(json!({ "detectorIds": detector.into_iter().collect::<Vec<_>>() }));
    }
    let Some(detector) = detector.filter(|id| call.params.text("detectorId") == Some(id)) else {
        let message = "The request is rejected because the input detectorId is not owned by the current account.";
        return Err(Refusal::new(INVALID, message));
    };
    match call.called.operation.as_str() {
        "GetDetector" => Ok(get_detector(call)),
        "ListFilters" => {
            let names: Vec<&str> = filters(call).iter().map(|filter| filter.name).collect();
            Ok(json!({ "filterNames": names, "nextToken": "" }))
        }
        "GetFilter" => get_filter(call),
        "ListFindings" => list_findings(call, detector),
        "GetFindings" => get_findings(call, detector),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// A filter that archives what it matches.
struct Filter {
    name: &'static str,
    kinds: &'static [&'static str],
}

/// In one region somebody grew tired of findings about stolen credentials.
fn filters(call: &Call<'_>) -> Vec<Filter> {
    let probes = Filter { name: "port-probes", kinds: &["Recon:EC2/PortProbeUnprotectedPort"] };
    let credentials =
        Filter { name: "too-noisy", kinds: &["UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"] };
    match call.realm.index {
        0 => vec![probes],
        1 => vec![probes, credentials],
        _ => Vec::new(),
    }
}

fn get_filter(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("filterName")?;
    let Some(filter) = filters(call).into_iter().find(|filter| filter.name == asked) else {
        return Err(Refusal::new(INVALID, "The request is rejected because the input filter name does not exist."));
    };
    Ok(json!({
        "name": filter.name,
        "description": call.words("quiet, please"),
        "action": "ARCHIVE",
        "rank": 1,
        "findingCriteria": { "criterion": { "type": { "equals": filter.kinds, "eq": filter.kinds } } },
        "tags": {},
    }))
}

fn get_detector(call: &Call<'_>) -> Value {
    let since = story::night(0, 0) - jiff::SignedDuration::from_hours(24 * 300);
    let feature = |(name, on): (&str, bool)| json!({ "name": name, "status": if on { "ENABLED" } else { "DISABLED" }, "updatedAt": epoch(since) });
    let prod = call.realm.index < 2;
    let features = [
        ("CLOUD_TRAIL", true),
        ("DNS_LOGS", true),
        ("FLOW_LOGS", true),
        ("S3_DATA_EVENTS", prod),
        ("RUNTIME_MONITORING", false),
        ("LAMBDA_NETWORK_LOGS", prod),
    ];
    json!({
        "createdAt": iso(since),
        "findingPublishingFrequency": if call.realm.index == 1 { "SIX_HOURS" } else { "FIFTEEN_MINUTES" },
        "serviceRole": format!(
            "arn:aws:iam::{}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
            call.realm.account
        ),
        "status": "ENABLED",
        "updatedAt": iso(since),
        "features": features.map(feature),
        "tags": { "owner": call.words("security") },
    })
}

fn list_findings(call: &Call<'_>, detector: &str) -> Result<Value, Refusal> {
    let size = call.params.page("maxResults", (50, 50), INVALID)?;
    let wanted = call.params.0.get("findingCriteria").and_then(|wanted| wanted.get("criterion"));
    let empty = Map::new();
    let wanted = wanted.and_then(Value::as_object).unwrap_or(&empty);
    let mut found = Vec::new();
    for finding in call.realm.findings.iter().filter(|finding| finding.first().created <= call.now) {
        let finding = finding.at(call.now);
        if wanted.iter().all(|(name, condition)| holds(call, detector, &finding, name, condition)) {
            found.push((finding.updated, finding.severity, finding.id.clone()));
        }
    }
    let sort = call.params.0.get("sortCriteria");
    let by = |name: &str| sort.and_then(|sort| sort.get(name)).and_then(Value::as_str);
    match by("attributeName") {
        Some("updatedAt" | "service.eventLastSeen") => found.sort_by_key(|(updated, _, _)| *updated),
        Some("severity") => found.sort_by(|a, b| a.1.total_cmp(&b.1)),
        _ => found.sort_by(|a, b| a.2.cmp(&b.2)),
    }
    if by("orderBy") == Some("DESC") {
        found.reverse();
    }
    let (page, next) = page_of(&found, call.params.text("nextToken"), size, INVALID)?;
    let ids: Vec<&str> = page.iter().map(|(_, _, id)| id.as_str()).collect();
    // The service ends a list with an empty token rather than without one.
    Ok(json!({ "findingIds": ids, "nextToken": next.unwrap_or_default() }))
}

/// Whether one criterion holds for a finding.
fn holds(call: &Call<'_>, detector: &str, finding: &Finding, name: &str, condition: &Value) -> bool {
    let value = match name {
        "updatedAt" => millis(finding.updated),
        "createdAt" => millis(finding.created),
        "severity" => json!(finding.severity),
        "type" => json!(finding.kind),
        "id" => json!(finding.id),
        "service.archived" => json!(finding.archived),
        path => {
            let whole = findings::render(call, finding, detector);
            path.split('.').try_fold(&whole, |value, part| value.get(part)).cloned().unwrap_or_default()
        }
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = value.as_f64().unwrap_or_default();
    condition.as_object().is_none_or(|tests| {
        tests.iter().all(|(test, bound)| {
            let listed = || bound.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == Some(&text)));
            let bound = bound.as_f64().unwrap_or_default();
            match test.as_str() {
                "equals" | "eq" => listed(),
                "notEquals" | "neq" => !listed(),
                "greaterThanOrEqual" | "gte" => number >= bound,
                "greaterThan" | "gt" => number > bound,
                "lessThanOrEqual" | "lte" => number <= bound,
                "lessThan" | "lt" => number < bound,
                _ => true,
            }
        })
    })
}

fn millis(at: Timestamp) -> Value {
    json!(at.as_millisecond())
}

fn get_findings(call: &Call<'_>, detector: &str) -> Result<Value, Refusal> {
    let ids = call.params.texts("findingIds");
    if ids.is_empty() || ids.len() > 50 {
        let message = "The request is rejected because the input finding id list is empty or holds more than 50 ids.";
        return Err(Refusal::new(INVALID, message));
    }
    let known = call.realm.findings.iter().filter(|finding| finding.first().created <= call.now);
    let mut found: Vec<Value> = known
        .filter(|finding| ids.contains(&finding.first().id.as_str()))
        .map(|finding| trim(findings::render(call, &finding.at(call.now), detector)))
        .collect();
    found.sort_by_key(|finding| {
        let id = finding.get("id").and_then(Value::as_str).unwrap_or_default();
        ids.iter().position(|wanted| *wanted == id)
    });
    Ok(json!({ "findings": found }))
}
