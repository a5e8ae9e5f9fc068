//! What AWS Config says, on its way to the raw JSON: nothing of it is lost, whatever it holds.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::Path;

use dynakeep::model::{Cell, Source, SourceError};
use dynakeep::store::Store;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Session, json_files};
use crate::sweeps::{IDENTITY, canned, once};

/// An account whose one stack has a drifted table for each list of configuration items: Config is asked for each.
fn config(histories: Vec<String>) -> Store {
    let tables: String = (0..histories.len())
        .map(|at| {
            format!(
                "<member><LogicalResourceId>T{at}</LogicalResourceId><PhysicalResourceId>t{at}</PhysicalResourceId>\
                 <ResourceType>AWS::DynamoDB::Table</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
                 <LastUpdatedTimestamp>2026-11-01T00:00:00Z</LastUpdatedTimestamp><DriftInformation>\
                 <StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus></DriftInformation></member>"
            )
        })
        .collect();
    let (wire, _) = canned(move |operation, body| {
        let xml = |inner: &str| {
            format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>")
        };
        let answer = match operation {
            "GetCallerIdentity" => IDENTITY.to_owned(),
            "DescribeStacks" => xml(
                "<Stacks><member><StackName>s</StackName><StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1</StackId>\
                 <CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>",
            ),
            "ListStackResources" => xml(&format!("<StackResourceSummaries>{tables}</StackResourceSummaries>")),
            "DescribeStackResourceDrifts" => xml("<StackResourceDrifts></StackResourceDrifts>"),
            "GetResourceConfigHistory" => {
                let of: Value = serde_json::from_str(body).unwrap();
                let at: usize = of["resourceId"].as_str().unwrap()[1..].parse().unwrap();
                format!(r#"{{"configurationItems":{},"nextToken":null}}"#, histories[at])
            }
            _ => return (404, "{}".to_owned()),
        };
        (200, answer)
    });
    once(wire, &[Source::Drift]).0
}

/// The lists of configuration items in a JSON text, however deep, as the API gives them.
fn lists_in(value: &Value, found: &mut Vec<Vec<Value>>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("configurationItems", Value::Array(items)) => found.push(items.iter().map(of_api).collect()),
                    // A query's results, and a rule's invocation, hold items as texts.
                    ("Results", Value::Array(items)) => {
                        let read = |item: &Value| of_api(&serde_json::from_str(item.as_str().unwrap()).unwrap());
                        found.push(items.iter().map(read).collect());
                    }
                    ("invokingEvent", Value::String(text)) => {
                        let of: Value = serde_json::from_str(text).unwrap();
                        found.push(vec![of_api(&of["configurationItem"])]);
                    }
                    (_, value) => lists_in(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|value| lists_in(value, found)),
        _ => {}
    }
}

/// An item as the API's model has it: times as seconds, documents and state ids as texts. Files tell of them otherwise.
fn of_api(item: &Value) -> Value {
    let text = |value: &Value| if value.is_string() { value.clone() } else { Value::String(value.to_string()) };
    let seconds = |at: Timestamp| json!(at.as_millisecond() as f64 / 1000.0);
    let mut item = item.clone();
    for (name, value) in item.as_object_mut().unwrap() {
        match (name.as_str(), &*value) {
            (_, Value::Null) => {}
            ("configuration" | "configurationStateId", _) => *value = text(value),
            ("supplementaryConfiguration", _) => {
                value.as_object_mut().unwrap().values_mut().for_each(|part| *part = text(part));
            }
            ("configurationItemCaptureTime" | "resourceCreationTime", Value::String(at)) => {
                *value = seconds(at.parse().unwrap());
            }
            ("configurationItemCaptureTime" | "resourceCreationTime", Value::Object(of)) => {
                let part = |name: &str| of[name].as_i64().unwrap();
                let at = format!(
                    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                    part("year"),
                    part("month"),
                    part("day"),
                    part("hour"),
                    part("minute"),
                    part("second"),
                    part("microsecond")
                );
                *value = seconds(at.parse().unwrap());
            }
            _ => {}
        }
    }
    item
}

/// `.ci/run` names the directory in `DYNAKEEP_TEST_CORPUS`; without it there is nothing to read, and the test says so.
#[test]
fn real_configuration_items_of_a_corpus_lose_nothing_on_their_way_to_the_raw_json() {
    let Ok(corpus) = std::env::var("DYNAKEEP_TEST_CORPUS") else {
        println!("skipped: DYNAKEEP_TEST_CORPUS names no directory");
        return;
    };
    let (mut files, mut lists) = (Vec::new(), Vec::new());
    json_files(&Path::new(&corpus).join("config"), &mut files);
    for file in files {
        // One of them is no JSON: a schema with words in it.
        let Ok(text) = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()) else { continue };
        let before = lists.len();
        lists_in(&text, &mut lists);
        assert!(lists.len() > before, "{}", file.display());
    }
    let texts: Vec<String> = lists.iter().map(|list| serde_json::to_string(list).unwrap()).collect();
    let store = config(texts.clone());
    let (mut read, mut timeless) = (0, 0);
    for (at, (list, text)) in lists.iter().zip(&texts).enumerate() {
        let arn = format!("arn:aws:dynamodb:eu-west-1:111122223333:table/t{at}");
        let cell = store.estate().histories.get(&arn).unwrap_or_else(|| panic!("{text}"));
        let history = cell.value().unwrap_or_else(|| panic!("{:?}: {text}", cell.fault));
        assert_eq!(&*history.raw, text);
        let known = list.iter().filter(|item| item["configurationItemCaptureTime"].is_number());
        for (item, of) in known.clone().zip(&history.items) {
            assert_eq!(item["configurationItemStatus"].as_str().unwrap_or_default(), of.status);
            assert_eq!(item["tags"].as_object().map_or(0, serde_json::Map::len), of.tags.len());
            let none = item["configuration"].as_str().is_none_or(|text| text == "null");
            assert_eq!(of.configuration.is_object(), !none, "{item}");
        }
        assert_eq!((history.items.len(), history.items.len() + history.broken), (known.count(), list.len()));
        read += history.items.len();
        timeless += history.broken;
    }
    println!("{read} items, and {timeless} of queries that did not ask for their time");
    assert!(read >= 8 && timeless > 5, "{read} {timeless}");
}

#[test]
fn an_item_without_a_time_is_counted_and_kept_and_the_others_are_there() {
    let item = |at: f64, status: &str| json!({"configurationItemCaptureTime": at, "configurationItemStatus": status, "configuration": "{}"});
    let odd = json!({"configurationItemStatus": "OK", "novel": {"spin": ["up", "down"]}});
    let text = serde_json::to_string(&[item(1_762_000_000.25, "OK"), odd, item(1_761_000_000.0, "ResourceDiscovered")])
        .unwrap();
    let store = config(vec![text.clone()]);
    let history = store.estate().histories.values().next().and_then(Cell::value).unwrap();
    assert_eq!((history.items.len(), history.broken, &*history.raw), (2, 1, text.as_str()));
    let trouble = store.freshness().find(|((source, _), _)| *source == Source::Drift).unwrap();
    let (error, count) = &trouble.1.partial[0];
    assert_eq!((error.to_string().as_str(), *count), ("malformed answer: a configuration item without a time", 1));
}

#[test]
fn what_a_rule_says_of_a_resource_is_all_there_in_its_own_words() {
    let result = |id: &str, more: Value| {
        let mut of = json!({
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": "pitr", "ResourceType": "AWS::DynamoDB::Table", "ResourceId": id, "EvaluationMode": "DETECTIVE",
                },
                "OrderingTimestamp": 1_762_000_000.123, "ResourceEvaluationId": "e",
            },
            "ComplianceType": "NON_COMPLIANT", "ResultRecordedTime": 1_762_000_001, "ConfigRuleInvokedTime": 1_762_000_000.5,
            "Annotation": "off",
        });
        of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of
    };
    let sent = [
        result("a", json!({})),
        result("b", json!({})),
        result("c", json!({"Novel": [1, {"deep": null}], "ResultToken": "t"})),
    ];
    let all = sent.clone();
    let (wire, _) = canned(move |operation, _| {
        let answer = match operation {
            "GetCallerIdentity" => return (200, IDENTITY.to_owned()),
            "DescribeConfigRules" => json!({"ConfigRules": [{"ConfigRuleName": "pitr", "Source": {"Owner": "AWS"}}]}),
            "GetComplianceDetailsByConfigRule" => json!({"EvaluationResults": all}),
            "DescribeConfigurationRecorders" => json!({"ConfigurationRecorders": []}),
            _ => json!({}),
        };
        (200, answer.to_string())
    });
    let store = once(wire, &[Source::Compliance]).0;
    let read = store.estate().evaluations.values().next().and_then(Cell::value).unwrap();
    assert_eq!(read.iter().map(dynakeep::model::Evaluation::json).collect::<Vec<_>>(), sent);
    // What two say alike is kept once.
    assert!(std::sync::Arc::ptr_eq(read[0].rest.as_ref().unwrap(), read[1].rest.as_ref().unwrap()));
    assert!(
        !matches!(store.estate().evaluations.values().next().unwrap().fault, Some(ref of) if matches!(of.error, SourceError::Malformed(_)))
    );
}

#[test]
fn a_table_shows_what_config_recorded_of_it_as_config_sent_it() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.press("5 / 'name:orders' Enter Enter J").work();
    session.press("/ 'configurationStateId' Enter").shows("configurationStateId");
}
