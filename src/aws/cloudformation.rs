//! CloudFormation: stacks, their resources, and the drift found last. A detection is never started.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use aws_sdk_cloudformation::types::{StackDriftStatus, StackResourceDrift, StackResourceDriftStatus};
use serde_json::Value;

use crate::model::{Cell, Delta, DriftStatus, Outcome, PropertyDifference, Seen, SourceError, Stack, StackResource};

use super::capture::{Capture, raw_of};
use super::site::{Pages, Site, Sweep};
use super::{at_once, time};

/// Pages of any list.
const PAGES: usize = 1000;
/// Stands where a value was that may be a secret.
const NOT_KEPT: &str = "(not kept)";
/// How deep answers nest at most.
const DEPTH: usize = 64;
const TABLE: &str = "AWS::DynamoDB::Table";
/// Stacks read at the same time.
const AT_ONCE: usize = 4;

/// Reads the stacks, and the resources of each with what differs.
///
/// # Errors
///
/// Why the stacks could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let outcome = stacks(site, sweep).await;
    let (ids, failed) = match &outcome {
        Ok(seen) => (seen.value.iter().map(|stack| stack.id.clone()).collect::<Vec<_>>(), None),
        Err(fault) => (Vec::new(), Some(fault.error.clone())),
    };
    sweep.data(vec![Delta::Stacks(outcome)]).await;
    if let Some(error) = failed {
        return Err(error);
    }
    sweep.grow(ids.len()).await;
    let drifted = at_once(AT_ONCE, ids.into_iter().map(|id| step(site, sweep, id)).collect()).await;
    let changed = site.memory.lock().unwrap_or_else(PoisonError::into_inner).changed.clone();
    super::history::sweep(site, sweep, drifted.into_iter().flatten().chain(changed).collect()).await;
    Ok(())
}

/// Reads the resources of one stack; gives the tables among them that drifted, by name.
async fn step(site: &Site, sweep: &Sweep<'_>, id: String) -> Vec<String> {
    let outcome = resources(site, sweep, &id).await;
    sweep.note(&outcome);
    let all = outcome.as_ref().map(|seen| seen.value.as_slice()).unwrap_or_default();
    let drifted = all.iter().filter(|one| one.status == DriftStatus::Modified && one.kind == TABLE);
    let tables = drifted.filter_map(|one| one.physical_id.clone()).collect();
    sweep.data(vec![Delta::StackResources(id, outcome)]).await;
    sweep.step().await;
    tables
}

async fn stacks(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<Stack>> {
    let (mut stacks, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    loop {
        let capture = Capture::default();
        let request = site.clients().cloudformation.describe_stacks().set_next_token(next);
        let request = request.customize().interceptor(capture.clone()).send();
        let Seen { value, at, call } = sweep.call("cloudformation:DescribeStacks", "", request).await?;
        pages.saw(value.stacks().iter().filter_map(|stack| stack.stack_id()));
        let mut raw = capture.json();
        forget_values(&mut raw, 0);
        for found in value.stacks.unwrap_or_default() {
            let Some(id) = found.stack_id else { continue };
            let drift = found.drift_information;
            let status = drift.as_ref().and_then(|drift| drift.stack_drift_status.as_ref());
            stacks.push(Stack {
                raw: raw_of(&raw["DescribeStacksResult"]["Stacks"], "StackId", &id),
                id,
                name: found.stack_name.unwrap_or_default(),
                scope: sweep.scope.clone(),
                status: found.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                drift: drift_status(status.map(StackDriftStatus::as_str)),
                checked: drift.and_then(|drift| drift.last_check_timestamp).and_then(time),
                resources: Cell::default(),
            });
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: stacks, at, call });
        }
    }
}

/// The resources of a stack. What differs is asked for only where something does.
async fn resources(site: &Site, sweep: &Sweep<'_>, id: &str) -> Outcome<Vec<StackResource>> {
    let (mut all, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    let (at, call) = loop {
        let request = site.clients().cloudformation.list_stack_resources().stack_name(id).set_next_token(next);
        let Seen { value, at, call } = sweep.call("cloudformation:ListStackResources", id, request.send()).await?;
        pages.saw(value.stack_resource_summaries().iter().filter_map(|one| one.logical_resource_id()));
        for found in value.stack_resource_summaries.unwrap_or_default() {
            let drift = found.drift_information;
            let status = drift.as_ref().and_then(|drift| drift.stack_resource_drift_status.as_ref());
            all.push(StackResource {
                logical_id: found.logical_resource_id.unwrap_or_default(),
                physical_id: found.physical_resource_id,
                kind: found.resource_type.unwrap_or_default(),
                status: drift_status(status.map(StackResourceDriftStatus::as_str)),
                checked: drift.and_then(|drift| drift.last_check_timestamp).and_then(time),
                differences: Vec::new(),
            });
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            break (at, call);
        }
    };
    let differs = |resource: &StackResource| matches!(resource.status, DriftStatus::Modified | DriftStatus::Deleted);
    if all.iter().any(differs) {
        // Without the differences the statuses would still be true, but the view would say that nothing differs.
        let mut drifts = drifts(site, sweep, id).await?;
        for resource in &mut all {
            if let Some(drift) = drifts.remove(&resource.logical_id) {
                let status = drift.stack_resource_drift_status.as_ref();
                resource.status = drift_status(status.map(StackResourceDriftStatus::as_str));
                resource.checked = drift.timestamp.and_then(time).or(resource.checked);
                resource.differences = differences(drift);
            }
        }
    }
    Ok(Seen { value: all, at, call })
}

async fn drifts(
    site: &Site,
    sweep: &Sweep<'_>,
    id: &str,
) -> Result<BTreeMap<String, StackResourceDrift>, crate::model::Fault> {
    const LABEL: &str = "cloudformation:DescribeStackResourceDrifts";
    let (mut all, mut next, mut pages) = (BTreeMap::new(), None, Pages::new(PAGES));
    loop {
        let request = site.clients().cloudformation.describe_stack_resource_drifts();
        let request = request.stack_name(id).max_results(100).set_next_token(next).send();
        let seen = sweep.call(LABEL, id, request).await?;
        pages.saw(seen.value.stack_resource_drifts().iter().filter_map(|one| one.logical_resource_id()));
        let drifts = seen.value.stack_resource_drifts.unwrap_or_default().into_iter();
        all.extend(drifts.filter_map(|drift| Some((drift.logical_resource_id.clone()?, drift))));
        next = pages.next(seen.value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(all);
        }
    }
}

fn differences(drift: StackResourceDrift) -> Vec<PropertyDifference> {
    let differences = drift.property_differences.unwrap_or_default().into_iter();
    differences
        .map(|difference| {
            let path = difference.property_path.unwrap_or_default();
            let values = [difference.expected_value, difference.actual_value].map(Option::unwrap_or_default);
            let secret = may_be_secret(&path) || values.iter().any(|value| names_environment(value));
            let [expected, actual] = values.map(|value| if secret { NOT_KEPT.to_owned() } else { value });
            let kind = difference.difference_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
            PropertyDifference { path, expected, actual, kind }
        })
        .collect()
}

/// Whether a property's values may be secrets: variables of a function or a container, passwords.
fn may_be_secret(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        part.starts_with("environment") || part == "userdata" || part.contains("password") || part.contains("secret")
    })
}

/// Whether a value holds a whole environment: a drifted property may be the part above it.
fn names_environment(value: &str) -> bool {
    ["\"Environment\"", "\"EnvironmentVariables\"", "\"Variables\"", "\"UserData\""]
        .iter()
        .any(|name| value.contains(name))
}

/// Drops the values of parameters and outputs, which people put secrets in; their names stay.
fn forget_values(raw: &mut Value, depth: usize) {
    match raw {
        Value::Object(members) => {
            for (name, value) in members {
                if ["ParameterValue", "ResolvedValue", "OutputValue"].contains(&name.as_str()) || depth > DEPTH {
                    *value = Value::String(NOT_KEPT.to_owned());
                } else {
                    forget_values(value, depth + 1);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| forget_values(item, depth + 1)),
        _ => {}
    }
}

/// A status of a stack or of a resource.
fn drift_status(status: Option<&str>) -> DriftStatus {
    match status {
        Some("DRIFTED" | "MODIFIED") => DriftStatus::Modified,
        Some("DELETED") => DriftStatus::Deleted,
        Some("IN_SYNC") => DriftStatus::InSync,
        Some("NOT_CHECKED") | None => DriftStatus::NotChecked,
        Some(_) => DriftStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::PropertyDifference as Difference;
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_stacks_are_not_kept() {
        let mut raw = json!([{ "StackId": "s", "Parameters": [{ "ParameterKey": "P", "ParameterValue": "hunter2" }],
            "Outputs": [{ "OutputKey": "O", "OutputValue": "hunter2" }] }]);
        forget_values(&mut raw, 0);
        let text = raw.to_string();
        assert!(!text.contains("hunter2") && text.contains("\"P\"") && text.contains(NOT_KEPT));
        let of = |path: &str, value: &str| {
            let one = Difference::builder().property_path(path).expected_value(value).actual_value("b");
            let drift = StackResourceDrift::builder().property_differences(one.build());
            differences(drift.build()).remove(0)
        };
        assert_eq!(of("/Environment/Variables/KEY", "a").expected, NOT_KEPT);
        assert_eq!(of("/Environment/Variables/KEY", "a").actual, NOT_KEPT);
        assert_eq!(of("", "{\"Environment\":{}}").expected, NOT_KEPT);
        assert_eq!(of("/BillingMode", "a").expected, "a");
    }
}
