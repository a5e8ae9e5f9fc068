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
            // CloudTrail answers two a second, and so does the demo: this client neither waits nor asks again.
            wire.clock.sleep(Duration::from_secs(2)).await;
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

/// Every operation with parameters that make it answer: service, operation, parameters.
fn every_call(realm: &Realm, now: Timestamp) -> Vec<(&'static str, &'static str, Value)> {
    use serde_json::json;
    let table = |name: &str| json!({ "TableName": name });
    let arn = |name: &str| json!({ "ResourceArn": realm.arn("dynamodb", &format!("table/{name}")) });
    let ids: Vec<&str> = realm
        .findings
        .iter()
        .map(world::Timed::first)
        .filter(|finding| finding.created <= now)
        .take(50)
        .map(|finding| finding.id.as_str())
        .collect();
    let mut calls = vec![
        ("sts", "GetCallerIdentity", json!({})),
        ("dynamodb", "ListTables", json!({ "Limit": 5 })),
        ("dynamodb", "ListBackups", json!({ "Limit": 100 })),
        ("guardduty", "ListDetectors", json!({})),
        ("config", "DescribeConfigurationRecorders", json!({})),
        ("config", "DescribeConfigurationRecorderStatus", json!({})),
        ("config", "DescribeConfigRules", json!({})),
        ("config", "DescribeComplianceByConfigRule", json!({})),
        ("cloudformation", "DescribeStacks", json!({})),
        ("cloudtrail", "DescribeTrails", json!({})),
        ("cloudtrail", "LookupEvents", json!({})),
        ("ec2", "DescribeRegions", json!({})),
        ("ec2", "DescribeVpcs", json!({})),
        ("ec2", "DescribeVpcEndpoints", json!({})),
        ("ec2", "DescribeRouteTables", json!({})),
        ("ec2", "DescribeSubnets", json!({})),
        ("ec2", "DescribeNetworkInterfaces", json!({})),
    ];
    let names = realm.tables.iter().map(|table| table.first().name.as_str());
    for name in names.filter(|name| *name != "payroll").take(12) {
        calls.push(("dynamodb", "DescribeTable", table(name)));
        calls.push(("dynamodb", "DescribeContinuousBackups", table(name)));
        calls.push(("dynamodb", "DescribeTimeToLive", table(name)));
        calls.push(("dynamodb", "ListTagsOfResource", arn(name)));
    }
    calls.extend(realm.keys.iter().map(|key| ("kms", "DescribeKey", json!({ "KeyId": key.arn }))));
    if realm.detector.is_some() && !ids.is_empty() {
        calls.push(("guardduty", "GetDetector", json!({})));
        calls.push(("guardduty", "ListFindings", json!({})));
        calls.push(("guardduty", "GetFindings", json!({ "findingIds": ids })));
    }
    for stack in realm.stacks.iter().take(4).map(|stack| stack.first().name.as_str()) {
        let named = json!({ "StackName": stack });
        calls.push(("cloudformation", "DescribeStackResources", named.clone()));
        calls.push(("cloudformation", "ListStackResources", named.clone()));
        calls.push(("cloudformation", "DescribeStackResourceDrifts", named));
    }
    if matches!(realm.index, 0 | 2 | 3) {
        for table in realm.tables.iter().take(4) {
            let of = json!({ "resourceType": "AWS::DynamoDB::Table", "resourceId": table.first().name });
            calls.push(("config", "GetResourceConfigHistory", of));
        }
    }
    if realm.index == 0 {
        calls.extend(calls_of_the_story(realm));
    }
    calls
}

/// Calls about what only the story's first realm has.
fn calls_of_the_story(realm: &Realm) -> Vec<(&'static str, &'static str, Value)> {
    use serde_json::json;
    let mut calls = Vec::new();
    calls.push(("dynamodb", "GetResourcePolicy", json!({ "ResourceArn": realm.arn("dynamodb", "table/orders") })));
    for trail in ["org-main", "ledger-writes"] {
        calls.push(("cloudtrail", "GetTrailStatus", json!({ "Name": trail })));
        calls.push(("cloudtrail", "GetEventSelectors", json!({ "TrailName": trail })));
    }
    for rule in ["dynamodb-pitr-enabled", "cloud-trail-enabled", "org-dynamodb-owner-tag"] {
        calls.push(("config", "GetComplianceDetailsByConfigRule", json!({ "ConfigRuleName": rule, "Limit": 100 })));
    }
    calls
}

/// A request as a client writes it, down to the signature's credential.
fn request(realm: &Realm, service: &str, operation: &str, params: &Value) -> HttpRequest {
    let mut request = HttpRequest::empty();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260314/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        realm.access_key, realm.region
    );
    request.headers_mut().insert("authorization", credential);
    let host = format!("https://{service}.{}.amazonaws.com", realm.region);
    let target = match service {
        "dynamodb" => "DynamoDB_20120810",
        "kms" => "TrentService",
        "config" => "StarlingDoveService",
        "cloudtrail" => "CloudTrail_20131101",
        "guardduty" => {
            let detector = realm.detector.clone().unwrap_or_default();
            let (method, path) = match operation {
                "ListDetectors" => ("GET", "/detector".to_owned()),
                "GetDetector" => ("GET", format!("/detector/{detector}")),
                "ListFindings" => ("POST", format!("/detector/{detector}/findings")),
                _ => ("POST", format!("/detector/{detector}/findings/get")),
            };
            request.set_method(method).unwrap();
            request.set_uri(format!("{host}{path}")).unwrap();
            *request.body_mut() = params.to_string().into();
            return request;
        }
        _ => {
            let fields = params.as_object().unwrap().iter().map(|(k, v)| format!("&{k}={}", v.as_str().unwrap()));
            request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
            request.set_method("POST").unwrap();
            request.set_uri(format!("{host}/")).unwrap();
            *request.body_mut() = format!("Action={operation}{}", fields.collect::<String>()).into();
            return request;
        }
    };
    request.headers_mut().insert("x-amz-target", format!("{target}.{operation}"));
    request.set_method("POST").unwrap();
    request.set_uri(format!("{host}/")).unwrap();
    *request.body_mut() = params.to_string().into();
    request
}

/// Calls everything in every realm but the denied one; gives the bodies. Written to `DYNAKEEP_BODIES` if it is set,
/// for judges outside.
fn bodies(options: DemoOptions) -> Vec<(String, String)> {
    let demo = Demo::new(options, None);
    let folder = std::env::var_os("DYNAKEEP_BODIES").map(std::path::PathBuf::from);
    let mut all = Vec::new();
    paused(async {
        for realm in &demo.inner.world.realms {
            for (service, operation, params) in every_call(realm, demo.inner.clock.now()) {
                if service == "guardduty" && realm.index == 3 {
                    continue;
                }
                let mut tries = 0;
                let (status, body) = loop {
                    let response = demo.call(request(realm, service, operation, &params)).await.unwrap();
                    let body = String::from_utf8(response.body().bytes().unwrap().to_vec()).unwrap();
                    tries += 1;
                    if response.status().is_success() || tries == 3 {
                        break (response.status(), body);
                    }
                    demo.inner.clock.sleep(Duration::from_secs(1)).await;
                };
                assert!(status.is_success(), "{service}:{operation} {params} {body}");
                if let Some(folder) = &folder {
                    let name = format!("{service}.{operation}.{}-{}", realm.index, all.len());
                    std::fs::write(folder.join(name), &body).unwrap();
                }
                all.push((format!("{service}:{operation}"), body));
            }
        }
    });
    all
}

#[test]
fn every_operation_answers_in_its_protocol() {
    for (label, body) in bodies(DemoOptions::default()) {
        if body.starts_with("<?xml") {
            let mut reader = quick_xml::Reader::from_str(&body);
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        } else {
            let value: Value = serde_json::from_str(&body).unwrap();
            assert!(value.is_object(), "{label}");
        }
    }
}

#[test]
fn a_hostile_estate_is_hostile_everywhere_and_still_well_formed() {
    let spoilt: HashSet<String> = bodies(DemoOptions { hostile: true, ..DemoOptions::default() })
        .into_iter()
        .filter(|(_, body)| body.contains("owned"))
        .map(|(label, _)| label)
        .collect();
    for label in [
        "dynamodb:ListTagsOfResource",
        "dynamodb:ListBackups",
        "kms:DescribeKey",
        "guardduty:GetFindings",
        "config:DescribeConfigRules",
        "config:GetComplianceDetailsByConfigRule",
        "cloudformation:DescribeStacks",
        "cloudformation:DescribeStackResourceDrifts",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:LookupEvents",
        "ec2:DescribeVpcEndpoints",
    ] {
        assert!(spoilt.contains(label), "{label}: {spoilt:?}");
    }
}

#[test]
fn the_auditor_is_refused_in_iams_own_words() {
    let wire = Demo::new(DemoOptions::default(), None).wire();
    paused(async {
        let client = aws_sdk_dynamodb::Client::new(&config(&wire, 1));
        let refused = client.describe_table().table_name("payroll").send().await.unwrap_err().into_service_error();
        let (code, words) = (refused.meta().code().unwrap(), refused.meta().message().unwrap());
        assert_eq!(code, "AccessDeniedException");
        assert!(words.contains("no identity-based policy allows the dynamodb:DescribeTable action"), "{words}");
        // The list still names it, and its recovery is still told.
        assert!(client.describe_continuous_backups().table_name("payroll").send().await.is_ok());
        let detectors = aws_sdk_guardduty::Client::new(&config(&wire, 3)).list_detectors().send().await;
        assert_eq!(detectors.unwrap_err().into_service_error().meta().code(), Some("AccessDeniedException"));
        let missing = client.get_resource_policy().resource_arn("sessions").send().await;
        assert!(missing.unwrap_err().into_service_error().is_policy_not_found_exception());
    });
}

#[test]
fn the_story_goes_on_as_time_passes() {
    let options = DemoOptions { start: Story::AfterFirstCritical, ..DemoOptions::default() };
    let wire = Demo::new(options, None).wire();
    paused(async {
        let trails = aws_sdk_cloudtrail::Client::new(&config(&wire, 0));
        let stacks = aws_sdk_cloudformation::Client::new(&config(&wire, 0));
        let logging = async || trails.get_trail_status().name("org-main").send().await.unwrap().is_logging.unwrap();
        let drifted = async || {
            let drifts = stacks.describe_stack_resource_drifts().stack_name("ledger-prod").send().await.unwrap();
            drifts.stack_resource_drifts.unwrap().remove(0).property_differences.unwrap().len()
        };
        let known = async || {
            use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
            let key = LookupAttribute::builder().attribute_key(LookupAttributeKey::AccessKeyId);
            let key = key.attribute_value(incident::ACCESS_KEY).build().unwrap();
            trails.lookup_events().lookup_attributes(key).send().await.unwrap().events.unwrap().len()
        };
        assert!(logging().await);
        // All that led to the first critical finding is delivered; nothing that follows is.
        assert_eq!((drifted().await, known().await), (0, 10));
        wire.clock.sleep(Duration::from_secs(20 * 60)).await;
        assert!(!logging().await);
        assert_eq!((drifted().await, known().await), (1, 14));
    });
}

#[test]
fn rates_are_kept_for_each_account_and_region() {
    let demo = Demo::new(DemoOptions::default(), None);
    paused(async {
        let realms = &demo.inner.world.realms;
        let look = |realm| demo.call(request(realm, "cloudtrail", "LookupEvents", &serde_json::json!({})));
        let [first, second, ..] = realms.as_slice() else { panic!() };
        let (a, b, c, d) = tokio::join!(look(first), look(first), look(first), look(second));
        let status = |response: Result<HttpResponse, _>| response.ok().map(|response| response.status().as_u16());
        let mut same = [status(a), status(b), status(c)];
        same.sort_unstable();
        assert_eq!((same, status(d)), ([Some(200), Some(200), Some(400)], Some(200)));
    });
}

#[test]
fn every_fault_reaches_the_official_clients_as_an_error_or_as_the_whole_truth() {
    use crate::wire::fault::{Fault, Injector};
    let (wire, injector) = Injector::wrap(Demo::new(DemoOptions::default(), None).wire());
    paused(async {
        let tables = aws_sdk_dynamodb::Client::new(&config(&wire, 0));
        let stacks = aws_sdk_cloudformation::Client::new(&config(&wire, 0));
        let findings = aws_sdk_guardduty::Client::new(&config(&wire, 0));
        let whole = tables.list_tables().send().await.unwrap().table_names;
        for fault in Fault::ALL {
            injector.set("*", fault);
            let wait = Duration::from_secs(600);
            let listed = tokio::time::timeout(wait, tables.list_tables().send()).await;
            let described = tokio::time::timeout(wait, stacks.describe_stacks().send()).await;
            let detected = tokio::time::timeout(wait, findings.list_detectors().send()).await;
            injector.clear();
            match fault {
                // Nobody answers: the client's own time-out strikes, or ours.
                Fault::Hang => {
                    assert!(!matches!(listed, Ok(Ok(_))) && !matches!(described, Ok(Ok(_))));
                    assert!(!matches!(detected, Ok(Ok(_))));
                }
                Fault::HugeBody => {
                    assert_eq!(listed.unwrap().unwrap().table_names, whole);
                    assert!(!described.unwrap().unwrap().stacks().is_empty());
                }
                Fault::EndlessPages => {
                    assert!(listed.unwrap().unwrap().last_evaluated_table_name.unwrap().starts_with("endless"));
                    assert!(described.unwrap().unwrap().next_token.unwrap().starts_with("endless"));
                }
                _ => {
                    assert!(listed.unwrap().is_err(), "{fault:?}");
                    // The SDK's XML reader takes a cut document for a short one: the data layer must look itself.
                    assert!(fault == Fault::Truncated || described.unwrap().is_err(), "{fault:?}");
                    assert!(detected.unwrap().is_err(), "{fault:?}");
                }
            }
        }
        // One operation alone.
        injector.set("dynamodb:DescribeTable", Fault::AccessDenied);
        assert!(tables.describe_table().table_name("orders").send().await.is_err());
        assert!(tables.list_tables().send().await.is_ok());
    });
}

#[test]
fn the_official_clients_read_a_hostile_estate() {
    let wire = Demo::new(DemoOptions { hostile: true, ..DemoOptions::default() }, None).wire();
    paused(async {
        let config = config(&wire, 0);
        let stacks = aws_sdk_cloudformation::Client::new(&config).describe_stacks().send().await.unwrap();
        assert!(stacks.stacks().iter().all(|stack| stack.description().unwrap().contains('\u{1b}')));
        let tables = aws_sdk_dynamodb::Client::new(&config);
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let tags = tables.list_tags_of_resource().resource_arn(arn).send().await.unwrap().tags.unwrap();
        assert!(tags.iter().any(|tag| tag.value().contains('\0')));
        let events = aws_sdk_cloudtrail::Client::new(&config).lookup_events().send().await.unwrap().events.unwrap();
        let record: Value = serde_json::from_str(events.first().unwrap().cloud_trail_event().unwrap()).unwrap();
        assert!(record.get("userAgent").unwrap().as_str().unwrap().contains('\u{202e}'));
    });
}

#[test]
fn a_large_estate_is_listed_to_its_end_and_searched_in_moderate_time() {
    let options = DemoOptions { tables: 5_000, findings: 2_000, events: 100_000, ..DemoOptions::default() };
    let began = std::time::Instant::now();
    let wire = Demo::new(options, None).wire();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    paused(async {
        let mut names = HashSet::new();
        for place in 0..wire.estate.len() {
            let client = aws_sdk_dynamodb::Client::new(&config(&wire, place));
            let mut pages = client.list_tables().into_paginator().items().send();
            while let Some(name) = pages.next().await {
                assert!(names.insert((place, name.unwrap())));
            }
        }
        assert_eq!(names.len(), 5_000);
        let client = aws_sdk_guardduty::Client::new(&config(&wire, 0));
        let detector = client.list_detectors().send().await.unwrap().detector_ids.unwrap().remove(0);
        let mut pages = client.list_findings().detector_id(&detector).into_paginator().items().send();
        let mut ids = HashSet::new();
        while let Some(id) = pages.next().await {
            assert!(ids.insert(id.unwrap()));
        }
        assert_eq!(ids.len(), 1_006);
        // The worst search: one attribute that next to nothing has.
        use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
        let key = LookupAttribute::builder().attribute_key(LookupAttributeKey::AccessKeyId);
        let key = key.attribute_value(incident::ACCESS_KEY).build().unwrap();
        let client = aws_sdk_cloudtrail::Client::new(&config(&wire, 0));
        let found = client.lookup_events().lookup_attributes(key).send().await.unwrap();
        assert_eq!(found.events.unwrap().len(), 14);
    });
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn pages_and_batches_over_the_limit_are_refused_like_the_services_do() {
    use serde_json::json;
    let demo = Demo::new(DemoOptions::default(), None);
    let ids: Vec<String> = (0..51).map(|place| format!("{place:032x}")).collect();
    let rules: Vec<String> = (0..26).map(|place| format!("rule-{place}")).collect();
    let cases = [
        ("dynamodb", "ListTables", json!({ "Limit": 101 }), "ValidationException"),
        ("dynamodb", "ListBackups", json!({ "Limit": 0 }), "ValidationException"),
        ("dynamodb", "DescribeTable", json!({ "TableName": "nowhere" }), "ResourceNotFoundException"),
        ("dynamodb", "PutItem", json!({ "TableName": "orders" }), "UnknownOperationException"),
        ("cloudtrail", "LookupEvents", json!({ "MaxResults": 51 }), "InvalidMaxResultsException"),
        ("cloudtrail", "LookupEvents", json!({ "NextToken": "made-up" }), "InvalidNextTokenException"),
        ("guardduty", "ListFindings", json!({ "maxResults": 51 }), "BadRequestException"),
        ("guardduty", "GetFindings", json!({ "findingIds": ids }), "BadRequestException"),
        ("config", "DescribeConfigRules", json!({ "ConfigRuleNames": rules }), "ValidationException"),
        ("config", "GetComplianceDetailsByConfigRule", json!({ "ConfigRuleName": "x" }), "NoSuchConfigRuleException"),
        ("cloudformation", "DescribeStacks", json!({ "StackName": "x" }), "ValidationError"),
        ("cloudformation", "DeleteStack", json!({ "StackName": "x" }), "AccessDenied"),
        ("sts", "AssumeRole", json!({}), "InvalidAction"),
        ("ec2", "DescribeVpcs", json!({ "MaxResults": "1001" }), "InvalidParameterValue"),
        ("ec2", "DescribeRouteTables", json!({ "MaxResults": "101" }), "InvalidParameterValue"),
    ];
    paused(async {
        let realm = demo.inner.world.realms.first().unwrap();
        for (service, operation, params, code) in cases {
            let response = demo.call(request(realm, service, operation, &params)).await.unwrap();
            let body = std::str::from_utf8(response.body().bytes().unwrap()).unwrap();
            assert!(!response.status().is_success() && body.contains(code), "{service}:{operation} {body}");
            demo.inner.clock.sleep(Duration::from_secs(1)).await;
        }
        // Nobody's key, and no key at all.
        let mut request = request(realm, "dynamodb", "ListTables", &json!({}));
        request
            .headers_mut()
            .insert("authorization", "AWS4-HMAC-SHA256 Credential=AKIAX/1/eu-west-1/dynamodb/aws4_request");
        let response = demo.call(request).await.unwrap();
        assert!(std::str::from_utf8(response.body().bytes().unwrap()).unwrap().contains("UnrecognizedClientException"));
    });
}

#[test]
fn equal_seeds_make_equal_estates_and_other_seeds_others() {
    let of = |seed| bodies(DemoOptions { seed, ..DemoOptions::default() });
    let first = of(1);
    assert!(first == of(1));
    assert!(first != of(2));
}

#[test]
fn backups_are_listed_once_each_over_all_pages() {
    let demo = Demo::new(DemoOptions { tables: 600, ..DemoOptions::default() }, None);
    let wire = demo.wire();
    paused(async {
        let client = aws_sdk_dynamodb::Client::new(&config(&wire, 0));
        let (mut arns, mut after) = (HashSet::new(), None);
        loop {
            let page = client.list_backups().set_exclusive_start_backup_arn(after).send().await.unwrap();
            for backup in page.backup_summaries.unwrap() {
                assert!(arns.insert(backup.backup_arn.unwrap()));
            }
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                break;
            }
        }
        let tables = &demo.inner.world.realms.first().unwrap().tables;
        assert_eq!(arns.len(), tables.iter().map(|table| table.first().backups.len()).sum::<usize>());
        assert!(arns.len() > 300);
    });
}
