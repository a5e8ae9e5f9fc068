use std::future::Future;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use aws_types::sdk_config::SharedCredentialsProvider;

use super::*;

fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

fn config(wire: &Wire, place: usize) -> SdkConfig {
    let (scope, key) = wire.estate.get(place).unwrap();
    let credentials = Credentials::new(key, "secret", None, None, "demo");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(scope.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(wire.http.clone())
        .time_source(SharedTimeSource::new(wire.clock.clone()))
        .sleep_impl(SharedAsyncSleep::new(wire.clock.clone()))
        .build()
}

#[test]
fn the_official_client_lists_and_describes_tables() {
    let wire = Demo::new(DemoOptions::default(), None).wire();
    paused(async {
        let client = aws_sdk_dynamodb::Client::new(&config(&wire, 0));
        let names = client.list_tables().send().await.unwrap().table_names.unwrap();
        assert!(names.iter().any(|name| name == "orders"), "{names:?}");
        let orders = client.describe_table().table_name("orders").send().await.unwrap().table.unwrap();
        assert_eq!(orders.deletion_protection_enabled, Some(false));
        let backups = client.describe_continuous_backups().table_name("ledger").send().await.unwrap();
        let recovery = backups.continuous_backups_description.unwrap().point_in_time_recovery_description.unwrap();
        assert_eq!(recovery.recovery_period_in_days, Some(1));
    });
}

#[test]
fn the_first_critical_finding_carries_the_stolen_key_and_follows_the_loss_of_recovery() {
    let options = DemoOptions { start: Story::AfterFirstCritical, ..DemoOptions::default() };
    let wire = Demo::new(options, None).wire();
    paused(async {
        let client = aws_sdk_guardduty::Client::new(&config(&wire, 0));
        let detectors = client.list_detectors().send().await.unwrap().detector_ids.unwrap();
        let [detector] = detectors.as_slice() else { panic!("{detectors:?}") };
        let critical = aws_sdk_guardduty::types::Condition::builder().greater_than_or_equal(9).build();
        let criteria = aws_sdk_guardduty::types::FindingCriteria::builder().criterion("severity", critical).build();
        let found = client.list_findings().detector_id(detector).finding_criteria(criteria).send().await.unwrap();
        let ids = found.finding_ids.unwrap();
        assert_eq!(ids.len(), 1, "{ids:?}");
        let found = client.get_findings().detector_id(detector).set_finding_ids(Some(ids)).send().await.unwrap();
        let finding = found.findings.unwrap().remove(0);
        assert!(finding.severity.unwrap() >= 9.0);
        let sequence = finding.service.unwrap().detection.unwrap().sequence.unwrap();
        let actor = sequence.actors.unwrap().remove(0);
        assert_eq!(actor.user.unwrap().credential_uid.as_deref(), Some(incident::ACCESS_KEY));
        assert!(
            sequence.signals.unwrap().iter().any(|signal| signal.name.as_deref() == Some("UpdateContinuousBackups"))
        );
        assert!(story::PITR_OFF < story::FIRST_CRITICAL);
    });
}

#[test]
fn events_are_searched_by_their_first_attribute_newest_first_in_pages_of_fifty() {
    let wire = Demo::new(DemoOptions { events: 20_000, ..DemoOptions::default() }, None).wire();
    paused(async {
        use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
        let client = aws_sdk_cloudtrail::Client::new(&config(&wire, 0));
        let by =
            |key, value: &str| LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap();
        let stopped = by(LookupAttributeKey::EventName, "UpdateContinuousBackups");
        let found = client.lookup_events().lookup_attributes(stopped).send().await.unwrap();
        let found = found.events.unwrap();
        assert_eq!(found.len(), 2);
        let (first, last) = (found.first().unwrap(), found.last().unwrap());
        assert!(first.event_time > last.event_time);
        assert_eq!(last.access_key_id.as_deref(), Some(incident::ACCESS_KEY));
        let record: Value = serde_json::from_str(last.cloud_trail_event.as_deref().unwrap()).unwrap();
        assert_eq!(record.pointer("/requestParameters/tableName").unwrap(), "orders");
        assert_eq!(record.pointer("/sourceIPAddress").unwrap(), incident::ADDRESS);
        // Pages: none twice, none out of order, all of one name.
        let decrypt = by(LookupAttributeKey::EventName, "Decrypt");
        let mut pages = client.lookup_events().lookup_attributes(decrypt).into_paginator().send();
        let (mut ids, mut newest) = (HashSet::new(), i64::MAX);
        for _ in 0..5 {
            let page = pages.next().await.unwrap().unwrap().events.unwrap();
            assert_eq!(page.len(), 50);
            for event in page {
                let at = event.event_time.unwrap().secs();
                assert!(at <= newest);
                newest = at;
                assert!(ids.insert(event.event_id.unwrap()));
            }
        }
    });
}
