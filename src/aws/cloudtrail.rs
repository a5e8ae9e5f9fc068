//! CloudTrail's trails: what they record, and whether they do.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::operation::get_insight_selectors::GetInsightSelectorsError;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, InsightSelector};
use aws_types::request_id::RequestId;

use crate::model::{Cell, Delta, Fault, Outcome, Seen, Selector, SourceError, Trail, TrailStatus};

use super::capture::{Capture, raw_of};
use super::site::{Site, Sweep};
use super::time;

/// Reads the trails, and the status and selectors of each.
///
/// # Errors
///
/// Why the trails could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let outcome = trails(site, sweep).await;
    let (arns, failed) = match &outcome {
        Ok(seen) => (seen.value.iter().map(|trail| trail.arn.clone()).collect::<Vec<_>>(), None),
        Err(fault) => (Vec::new(), Some(fault.error.clone())),
    };
    sweep.data(vec![Delta::Trails(outcome)]).await;
    if let Some(error) = failed {
        return Err(error);
    }
    sweep.grow(arns.len()).await;
    for arn in arns {
        let status = status(site, sweep, &arn).await;
        let selectors = selectors(site, sweep, &arn).await;
        sweep.note(&status);
        sweep.note(&selectors);
        let insights = insights(site, sweep, &arn).await;
        sweep.note(&insights);
        let status = Delta::TrailStatus(arn.clone(), status);
        let insights = Delta::TrailInsights(arn.clone(), insights);
        sweep.data(vec![status, insights, Delta::TrailSelectors(arn, selectors)]).await;
        sweep.step().await;
    }
    Ok(())
}

/// The buckets that trails deliver to.
///
/// # Errors
///
/// Why the trails could not be listed.
pub async fn buckets(site: &Site, sweep: &Sweep<'_>) -> Result<BTreeSet<String>, Fault> {
    let trails = trails(site, sweep).await?.value.into_iter();
    // A trail of all regions is asked about where it is at home.
    let home = |trail: &Trail| trail.home_region.as_ref().is_none_or(|home| *home == sweep.scope.region);
    Ok(trails.filter(home).filter_map(|trail| trail.bucket).collect())
}

async fn trails(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<Trail>> {
    let capture = Capture::default();
    let request = site.clients().cloudtrail.describe_trails().customize().interceptor(capture.clone());
    let Seen { value, at, call } = sweep.call("cloudtrail:DescribeTrails", "", request.send()).await?;
    let raw = capture.json();
    // A trail that is not told whole may be one that records.
    let trails = value.trail_list.into_iter().flatten();
    let trails: Option<Vec<Trail>> = trails
        .map(|found| {
            let arn = found.trail_arn?;
            Some(Trail {
                raw: raw_of(&raw["trailList"], "TrailARN", &arn),
                arn,
                name: found.name.unwrap_or_default(),
                scope: sweep.scope.clone(),
                home_region: found.home_region,
                multi_region: found.is_multi_region_trail?,
                organization: found.is_organization_trail?,
                validation: found.log_file_validation_enabled?,
                bucket: found.s3_bucket_name,
                prefix: found.s3_key_prefix,
                kms_key: found.kms_key_id,
                log_group: found.cloud_watch_logs_log_group_arn,
                status: Cell::default(),
                selectors: Cell::default(),
                insights: Cell::default(),
            })
        })
        .collect();
    match trails.filter(|_| raw["trailList"].is_array()) {
        Some(value) => Ok(Seen { value, at, call }),
        None => Err(site.fault(SourceError::Malformed("no whole trailList in the answer".to_owned()))),
    }
}

async fn status(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<TrailStatus> {
    let request = site.clients().cloudtrail.get_trail_status().name(arn).send();
    let Seen { value, at, call } = sweep.call("cloudtrail:GetTrailStatus", arn, request).await?;
    let Some(logging) = value.is_logging else {
        return Err(site.fault(SourceError::Malformed("no IsLogging in the answer".to_owned())));
    };
    let said = |error: Option<String>| error.filter(|error| !error.is_empty());
    let value = TrailStatus {
        logging,
        delivered: value.latest_delivery_time.and_then(time),
        delivery_error: said(value.latest_delivery_error),
        log_group_error: said(value.latest_cloud_watch_logs_delivery_error),
        digest: value.latest_digest_delivery_time.and_then(time),
        digest_error: said(value.latest_digest_delivery_error),
        stopped: value.stop_logging_time.and_then(time),
    };
    Ok(Seen { value, at, call })
}

/// The kinds of insight that a trail watches for. That Insights is off is an answer, which the service gives as an error.
async fn insights(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<Vec<String>> {
    let request = site.clients().cloudtrail.get_insight_selectors().trail_name(arn).send();
    let answer = async {
        match request.await {
            Ok(output) => {
                let request_id = output.request_id().map(str::to_owned);
                Ok(Insights { kinds: output.insight_selectors.unwrap_or_default(), request_id })
            }
            Err(error)
                if error.as_service_error().is_some_and(GetInsightSelectorsError::is_insight_not_enabled_exception) =>
            {
                Ok(Insights { kinds: Vec::new(), request_id: error.request_id().map(str::to_owned) })
            }
            Err(error) => Err(error),
        }
    };
    let seen = sweep.call("cloudtrail:GetInsightSelectors", arn, answer).await?;
    let kind = |of: InsightSelector| of.insight_type.map(|kind| kind.as_str().to_owned());
    Ok(seen.map(|found| found.kinds.into_iter().filter_map(kind).collect()))
}

/// What a trail watches for, or that it watches for nothing.
struct Insights {
    kinds: Vec<InsightSelector>,
    request_id: Option<String>,
}

impl RequestId for Insights {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

async fn selectors(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<Vec<Selector>> {
    let request = site.clients().cloudtrail.get_event_selectors().trail_name(arn).send();
    let seen = sweep.call("cloudtrail:GetEventSelectors", arn, request).await?;
    Ok(seen.map(|found| {
        let basic = found.event_selectors.unwrap_or_default();
        let advanced = found.advanced_event_selectors.unwrap_or_default();
        basic.into_iter().flat_map(basic_selectors).chain(advanced.into_iter().map(advanced_selector)).collect()
    }))
}

/// A basic selector: management events, and one entry for each type of data resource.
fn basic_selectors(found: EventSelector) -> Vec<Selector> {
    let read_write = found.read_write_type.map_or_else(|| "All".to_owned(), |kind| kind.as_str().to_owned());
    let mut selectors = Vec::new();
    // The service leaves the member out when it is true, as it is by default.
    if found.include_management_events.unwrap_or(true) {
        let excluded = found.exclude_management_event_sources.unwrap_or_default().into_iter();
        selectors.push(Selector {
            category: "Management".to_owned(),
            resource_types: Vec::new(),
            read_write: read_write.clone(),
            conditions: excluded.map(|source| format!("eventSource NotEquals {source}")).collect(),
        });
    }
    for resource in found.data_resources.unwrap_or_default() {
        let values = resource.values.unwrap_or_default();
        // `arn:aws:dynamodb` stands for every table of the account, `arn:aws:s3` for every object.
        let whole = values.iter().any(|value| value.split(':').count() <= 3);
        // Conditions hold together, the values of one are alternatives.
        let conditions =
            (!whole && !values.is_empty()).then(|| format!("resources.ARN StartsWith {}", values.join(", ")));
        selectors.push(Selector {
            category: "Data".to_owned(),
            resource_types: resource.r#type.into_iter().collect(),
            read_write: read_write.clone(),
            conditions: conditions.into_iter().collect(),
        });
    }
    selectors
}

/// An advanced selector: all its field selectors must hold.
fn advanced_selector(found: AdvancedEventSelector) -> Selector {
    let mut selector = Selector {
        category: String::new(),
        resource_types: Vec::new(),
        read_write: "All".to_owned(),
        conditions: Vec::new(),
    };
    for field in found.field_selectors {
        let equals = field.equals.clone().unwrap_or_default();
        match (field.field.as_str(), equals.as_slice()) {
            ("eventCategory", [category]) => selector.category.clone_from(category),
            ("readOnly", [value]) => {
                let kind = if value == "true" { "ReadOnly" } else { "WriteOnly" };
                selector.read_write = kind.to_owned();
            }
            ("resources.type", types @ [_, ..]) => selector.resource_types = types.to_vec(),
            _ => selector.conditions.extend(in_words(field)),
        }
    }
    selector
}

fn in_words(field: AdvancedFieldSelector) -> Vec<String> {
    let name = field.field;
    let all = BTreeMap::from([
        ("Equals", field.equals),
        ("StartsWith", field.starts_with),
        ("EndsWith", field.ends_with),
        ("NotEquals", field.not_equals),
        ("NotStartsWith", field.not_starts_with),
        ("NotEndsWith", field.not_ends_with),
    ]);
    let given = all.into_iter().filter_map(|(word, values)| Some((word, values.filter(|values| !values.is_empty())?)));
    given.map(|(word, values)| format!("{name} {word} {}", values.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::types::{DataResource, ReadWriteType};

    use super::*;

    #[test]
    fn a_basic_selector_for_all_tables_has_no_condition_and_one_for_a_table_has() {
        let of = |value: &str| {
            let data = DataResource::builder().r#type("AWS::DynamoDB::Table").values(value).build();
            let found = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).data_resources(data);
            basic_selectors(found.include_management_events(false).build())
        };
        assert_eq!(of("arn:aws:dynamodb")[0].conditions.len(), 0);
        let one = of("arn:aws:dynamodb:eu-west-1:111122223333:table/a").remove(0);
        assert_eq!((one.category.as_str(), one.read_write.as_str()), ("Data", "WriteOnly"));
        assert_eq!(one.conditions, ["resources.ARN StartsWith arn:aws:dynamodb:eu-west-1:111122223333:table/a"]);
    }

    #[test]
    fn an_advanced_selector_keeps_what_narrows_it() {
        let field = |name: &str| AdvancedFieldSelector::builder().field(name);
        let found = AdvancedEventSelector::builder()
            .field_selectors(field("eventCategory").equals("Data").build().unwrap())
            .field_selectors(field("resources.type").equals("AWS::DynamoDB::Table").build().unwrap())
            .field_selectors(field("readOnly").equals("false").build().unwrap())
            .field_selectors(field("eventName").not_equals("PutItem").build().unwrap())
            .build()
            .unwrap();
        let selector = advanced_selector(found);
        assert_eq!(selector.resource_types, ["AWS::DynamoDB::Table"]);
        assert_eq!((selector.category.as_str(), selector.read_write.as_str()), ("Data", "WriteOnly"));
        assert_eq!(selector.conditions, ["eventName NotEquals PutItem"]);
    }
}
