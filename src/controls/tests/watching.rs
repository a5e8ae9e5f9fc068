//! Controls that ask whether somebody watches, and is told.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is, kept, put, rule};
use super::{ARN, Baseline, Judge, by_id, classed, denied, detector, judge, policy, recorder, scope, table, the_trail};
use crate::model::{DataClass, Estate, SourceError, Verdict};

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] =
    &["DET-02", "DET-07", "DET-08", "DET-14", "DET-17", "DET-19", "ISO-04", "ISO-07", "ISO-08", "LOG-10"];

const EXPORTS: &str = "dynamodb:ListExports";
const IMPORTS: &str = "dynamodb:ListImports";
const BULKS: &str = "dynamodb:ListBulkOperations";
const BULK: &str = "dynamodb:DescribeBulkOperation";
const MAPPINGS: &str = "lambda:ListEventSourceMappings";
const ALARMS: &str = "cloudwatch:DescribeAlarms";
const FILTERS: &str = "logs:DescribeMetricFilters";
const STORES: &str = "cloudtrail:ListEventDataStores";
const STORE: &str = "cloudtrail:GetEventDataStore";
const DESTINATIONS: &str = "guardduty:ListPublishingDestinations";
const RULES: &str = "guardduty:ListCustomDetectionRules";
const USED: &str = "guardduty:ListCustomDetectionRuleAssociations";
const MACIE: &str = "macie2:GetMacieSession";

fn alarm(metric: &str, table: Option<&str>) -> Value {
    let dimensions = table.map_or_else(|| json!([]), |table| json!([{"Name": "TableName", "Value": table}]));
    json!({
        "AlarmName": metric, "Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": dimensions,
        "ActionsEnabled": true, "AlarmActions": ["arn:aws:sns:x:y:z"],
    })
}

/// An alarm on what the one metric filter counts.
pub(super) fn on_items() -> Value {
    let mut of = alarm("items", None);
    of["Namespace"] = json!("own");
    of
}

/// What is watched in the estate that passes.
pub(in super::super) fn keep(it: &mut Estate) {
    detector(it).features = vec![("S3_DATA_EVENTS".to_owned(), true)];
    put(it, EXPORTS, "", json!({"ExportSummaries": []}));
    put(it, IMPORTS, "", json!({"ImportSummaryList": []}));
    put(it, BULKS, "", json!({"BulkOperationsSummaryList": []}));
    put(it, MACIE, "", json!({"status": "ENABLED"}));
    let mapping = json!({
        "UUID": "u", "EventSourceArn": format!("{ARN}/stream/2026-01-01T00:00:00.000"), "State": "Enabled",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:feed",
    });
    put(it, MAPPINGS, "", json!({"EventSourceMappings": [mapping]}));
    put(
        it,
        ALARMS,
        "",
        json!({"MetricAlarms": [
            alarm("SystemErrors", Some("orders")), alarm("ThrottledRequests", Some("orders")), on_items(),
        ]}),
    );
    the_trail(it).log_group = Some("arn:aws:logs:eu-west-1:111122223333:log-group:trail:*".to_owned());
    put(
        it,
        FILTERS,
        "",
        json!({"metricFilters": [{
            "filterName": "f", "logGroupName": "trail",
            "filterPattern": "{ ($.eventSource = \"dynamodb.amazonaws.com\") && ($.eventName = \"*Item\") }",
            "metricTransformations": [{"metricName": "items", "metricNamespace": "own", "metricValue": "1"}],
        }]}),
    );
    put(it, STORES, "", json!({"EventDataStores": []}));
    put(it, DESTINATIONS, "d", json!({"destinations": [{"destinationId": "x", "status": "PUBLISHING"}]}));
    let wanted = [
        "AdminPolicyAttachedToRole",
        "AdminPolicyAttachedToUser",
        "IAMRoleTrustPolicyModified",
        "S3BucketPolicyExternalAccess",
        "S3LifecycleRapidExpiration",
        "VPCFlowLogsDeleted",
    ];
    put(it, RULES, "", json!({"rules": wanted.map(|name| json!({"ruleId": name, "name": name}))}));
    put(it, USED, "", json!({"ruleAssociations": wanted.map(|name| json!({"ruleId": name, "mode": "LIVE"}))}));
}

fn exported(it: &mut Estate) {
    *answer(it, EXPORTS, "") = json!({"ExportSummaries": [{"ExportArn": "e", "ExportStatus": "COMPLETED"}]});
}

#[test]
fn copies_in_buckets_are_watched() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("DET-02", Pass, |_| {}),
        ("DET-02", Pass, |it| deny(it, EXPORTS, "")),
        ("DET-02", Warn, |it| detector(it).features[0].1 = false),
        ("DET-02", Warn, |it| {
            detector(it).features[0].1 = false;
            *answer(it, EXPORTS, "") = json!({"ExportSummaries": [{"ExportArn": "e", "ExportStatus": "FAILED"}]});
        }),
        ("DET-02", Fail, |it| {
            detector(it).features[0].1 = false;
            exported(it);
        }),
        ("DET-02", Fail, |it| {
            detector(it).enabled = false;
            exported(it);
        }),
        ("DET-02", NotApplicable, |it| {
            detector(it).features[0].1 = false;
            classed(it, DataClass::Internal);
        }),
        ("DET-02", Unknown, |it| {
            detector(it).features[0].1 = false;
            deny(it, EXPORTS, "");
        }),
        ("DET-02", Unknown, |it| {
            it.detectors.insert(scope(), denied("guardduty:ListDetectors"));
        }),
        ("DET-17", Pass, |_| {}),
        ("DET-17", Pass, exported),
        ("DET-17", NotApplicable, |it| *answer(it, MACIE, "") = json!({"status": "PAUSED"})),
        ("DET-17", Warn, |it| {
            exported(it);
            *answer(it, MACIE, "") = json!({"status": "PAUSED"});
        }),
        ("DET-17", Warn, |it| {
            exported(it);
            off(it, MACIE);
        }),
        ("DET-17", NotApplicable, |it| {
            exported(it);
            off(it, MACIE);
            classed(it, DataClass::Confidential);
        }),
        ("DET-17", Unknown, |it| deny(it, MACIE, "")),
        ("DET-17", Unknown, |it| {
            off(it, MACIE);
            deny(it, EXPORTS, "");
        }),
    ];
    each_is(&["DET-02", "DET-17"], cases);
    let mut estate = kept();
    detector(&mut estate).features.clear();
    assert_eq!(judge("DET-02", &estate).verdict, Unknown);
    *answer(&mut estate, MACIE, "") = json!({});
    assert_eq!(judge("DET-17", &estate).verdict, Unknown);
}

/// The service says that it is not switched on.
fn off(it: &mut Estate, label: &'static str) {
    let cell = it.answers.get_mut(&scope()).unwrap().get_mut(label).unwrap().get_mut("").unwrap();
    let mut fault = denied::<Value>(label).fault.unwrap();
    fault.error = SourceError::NotEnabled("off".to_owned());
    (cell.seen, cell.fault) = (None, Some(fault));
}

#[test]
fn findings_are_kept_and_looked_for() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("DET-08", Pass, |_| {}),
        ("DET-08", Warn, |it| *answer(it, DESTINATIONS, "d") = json!({"destinations": []})),
        ("DET-08", Warn, |it| exports_to(it, "PENDING_VERIFICATION")),
        ("DET-08", Fail, |it| exports_to(it, "STOPPED")),
        ("DET-08", Fail, |it| exports_to(it, "UNABLE_TO_PUBLISH_FIX_DESTINATION_PROPERTY")),
        ("DET-08", NotApplicable, |it| {
            it.detectors.insert(scope(), super::seen(Vec::new()));
        }),
        ("DET-08", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("DET-08", Unknown, |it| deny(it, DESTINATIONS, "d")),
        ("DET-08", Unknown, |it| {
            it.answers.get_mut(&scope()).unwrap().get_mut(DESTINATIONS).unwrap().clear();
            deny(it, DESTINATIONS, "");
        }),
        ("DET-07", Pass, |_| {}),
        ("DET-07", Warn, |it| *answer(it, USED, "") = json!({"ruleAssociations": []})),
        ("DET-07", Warn, |it| answer(it, USED, "")["ruleAssociations"][2]["mode"] = json!("DRY_RUN")),
        ("DET-07", Warn, |it| {
            *answer(it, USED, "") = json!({"ruleAssociations": [{"ruleId": "VPCFlowLogsDeleted", "mode": "DRY_RUN"}]});
        }),
        ("DET-07", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("DET-07", Unknown, |it| deny(it, USED, "")),
        ("DET-07", Unknown, |it| deny(it, RULES, "")),
    ];
    each_is(&["DET-07", "DET-08"], cases);
}

fn exports_to(it: &mut Estate, status: &str) {
    *answer(it, DESTINATIONS, "d") = json!({"destinations": [{"destinationId": "x", "status": status}]});
}

#[test]
fn numbers_and_logged_calls_are_looked_at() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("DET-14", Pass, |_| {}),
        ("DET-14", Pass, |it| answer(it, ALARMS, "")["MetricAlarms"][0] = alarm("UserErrors", None)),
        ("DET-14", Pass, |it| {
            let metric = alarm("ThrottledRequests", Some("orders"));
            answer(it, ALARMS, "")["MetricAlarms"][1] = json!({
                "AlarmName": "sum", "ActionsEnabled": true, "AlarmActions": ["a"],
                "Metrics": [{"Id": "m", "MetricStat": {"Metric": metric}}, {"Id": "e", "Expression": "m*2"}],
            });
        }),
        ("DET-14", Warn, |it| *answer(it, ALARMS, "") = json!({"MetricAlarms": []})),
        ("DET-14", Warn, |it| answer(it, ALARMS, "")["MetricAlarms"][1] = alarm("ThrottledRequests", Some("other"))),
        ("DET-14", Warn, |it| answer(it, ALARMS, "")["MetricAlarms"][1]["ActionsEnabled"] = json!(false)),
        ("DET-14", Warn, |it| answer(it, ALARMS, "")["MetricAlarms"][1]["AlarmActions"] = json!([])),
        ("DET-14", Warn, |it| answer(it, ALARMS, "")["MetricAlarms"][1]["Namespace"] = json!("AWS/DAX")),
        ("DET-14", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("DET-14", Unknown, |it| deny(it, ALARMS, "")),
        ("LOG-10", Pass, |_| {}),
        ("LOG-10", Warn, |it| *answer(it, FILTERS, "") = json!({"metricFilters": []})),
        ("LOG-10", Warn, |it| answer(it, FILTERS, "")["metricFilters"][0]["logGroupName"] = json!("trail-of-others")),
        ("LOG-10", Fail, |it| the_trail(it).log_group = None),
        ("LOG-10", Pass, |it| stores(it, &json!({"Status": "ENABLED"}))),
        ("LOG-10", Fail, |it| stores(it, &json!({"Status": "STOPPED_INGESTION"}))),
        ("LOG-10", NotApplicable, |it| {
            the_trail(it).log_group = None;
            classed(it, DataClass::Public);
        }),
        ("LOG-10", Unknown, |it| deny(it, FILTERS, "")),
        ("LOG-10", Unknown, |it| {
            the_trail(it).log_group = None;
            deny(it, STORES, "");
        }),
        ("LOG-10", Unknown, |it| {
            stores(it, &json!({"Status": "ENABLED"}));
            deny(it, STORE, "s");
        }),
    ];
    each_is(&["DET-14", "LOG-10"], cases);
    let mut estate = kept();
    answer(&mut estate, ALARMS, "")["MetricAlarms"][1]["ActionsEnabled"] = json!("true");
    assert_eq!(judge("DET-14", &estate).verdict, Unknown);
    the_trail(&mut estate).log_group = Some("arn:aws:logs:eu-west-1:999988887777:log-group:trail:*".to_owned());
    assert_eq!(judge("LOG-10", &estate).verdict, Unknown);
}

/// A trail without a log group, and an event data store.
fn stores(it: &mut Estate, store: &Value) {
    the_trail(it).log_group = None;
    *answer(it, STORES, "") = json!({"EventDataStores": [{"EventDataStoreArn": "s"}]});
    put(it, STORE, "s", store.clone());
}

#[test]
fn who_is_fed_by_a_table_and_who_fills_it() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("ISO-07", Pass, |_| {}),
        ("ISO-07", Warn, |it| *answer(it, MAPPINGS, "") = json!({"EventSourceMappings": []})),
        ("ISO-07", Warn, |it| answer(it, MAPPINGS, "")["EventSourceMappings"][0]["State"] = json!("Disabled")),
        ("ISO-07", Fail, |it| {
            answer(it, MAPPINGS, "")["EventSourceMappings"][0]["FunctionArn"] =
                json!("arn:aws:lambda:eu-west-1:999988887777:function:feed");
        }),
        ("ISO-07", Fail, |it| {
            let stream = "arn:aws:kinesis:eu-west-1:999988887777:stream/s".to_owned();
            table(it).kinesis = super::seen(vec![super::KinesisDestination { stream, status: "ACTIVE".to_owned() }]);
        }),
        ("ISO-07", Fail, |it| {
            super::replica(it);
            super::replica_of(it).arn = Some(ARN.replace("111122223333", "999988887777"));
        }),
        ("ISO-07", NotApplicable, |it| super::described(it).stream_view = None),
        ("ISO-07", NotApplicable, |it| classed(it, DataClass::Internal)),
        ("ISO-07", Unknown, |it| deny(it, MAPPINGS, "")),
        ("ISO-07", Unknown, |it| table(it).kinesis = denied("dynamodb:DescribeKinesisStreamingDestination")),
        ("ISO-08", Pass, |_| {}),
        ("ISO-08", Pass, |it| imported(it, &json!({"S3Bucket": "b", "S3BucketOwner": "111122223333"}))),
        ("ISO-08", Warn, |it| imported(it, &json!({"S3Bucket": "b"}))),
        ("ISO-08", Fail, |it| imported(it, &json!({"S3Bucket": "b", "S3BucketOwner": "999988887777"}))),
        ("ISO-08", Warn, |it| loaded(it, "orders", "111122223333")),
        ("ISO-08", Fail, |it| loaded(it, ARN, "999988887777")),
        ("ISO-08", Pass, |it| loaded(it, "others", "999988887777")),
        ("ISO-08", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("ISO-08", Unknown, |it| deny(it, IMPORTS, "")),
        ("ISO-08", Unknown, |it| deny(it, BULKS, "")),
        ("ISO-08", Unknown, |it| {
            loaded(it, "orders", "111122223333");
            deny(it, BULK, "b");
        }),
    ];
    each_is(&["ISO-07", "ISO-08"], cases);
    // Other accounts may be trusted.
    let mut estate = kept();
    imported(&mut estate, &json!({"S3Bucket": "b", "S3BucketOwner": "999988887777"}));
    let mut baseline = Baseline::default();
    baseline.trusted_accounts = vec!["999988887777".to_owned()];
    let Judge::Table(judged) = by_id("ISO-08").unwrap().judge else { panic!("of tables") };
    assert_eq!(judged(&estate, &baseline, &estate.tables[ARN]).verdict, Pass);
}

fn imported(it: &mut Estate, bucket: &Value) {
    let import = json!({"ImportArn": "i", "TableArn": ARN, "ImportStatus": "COMPLETED", "S3BucketSource": bucket});
    *answer(it, IMPORTS, "") = json!({"ImportSummaryList": [import]});
}

fn loaded(it: &mut Estate, name: &str, owner: &str) {
    *answer(it, BULKS, "") = json!({"BulkOperationsSummaryList": [{"BulkOperationArn": "b"}]});
    let of = json!({"BulkOperationDescription": {
        "TableDetails": [{"TableName": name}], "BulkOperationStatus": "COMPLETED_WITH_ERRORS",
        "InputS3Configuration": {"S3Bucket": "b", "S3BucketOwner": owner},
    }});
    put(it, BULK, "b", of);
}

/// A fence that names the endpoint, whose subnet is of a zone and goes out through a gateway.
fn fenced(it: &mut Estate, zone: Option<&str>, gateway: &str) {
    policy(
        it,
        r#"{"Effect":"Deny","Principal":"*","Action":"dynamodb:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}"#,
    );
    let tags = zone.map(|zone| ("Zone".to_owned(), zone.to_owned()));
    for subnet in &mut super::net(it).subnets.seen.as_mut().unwrap().value {
        subnet.tags = tags.clone().into_iter().collect();
    }
    super::routes(it).routes[0].1 = gateway.to_owned();
}

#[test]
fn fenced_tables_are_reached_from_their_zone() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("ISO-04", Pass, |it| fenced(it, Some("restricted"), "nat-1")),
        ("ISO-04", Warn, |it| fenced(it, None, "nat-1")),
        ("ISO-04", Warn, |it| fenced(it, Some("office"), "nat-1")),
        ("ISO-04", Fail, |it| fenced(it, Some("DMZ"), "nat-1")),
        ("ISO-04", Fail, |it| fenced(it, Some("restricted"), "igw-1")),
        ("ISO-04", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("ISO-04", Unknown, |it| table(it).policy = denied("dynamodb:GetResourcePolicy")),
        ("ISO-04", Unknown, |it| {
            fenced(it, Some("restricted"), "nat-1");
            super::net(it).subnets = denied("ec2:DescribeSubnets");
        }),
        ("ISO-04", Unknown, |it| {
            fenced(it, Some("restricted"), "nat-1");
            super::endpoint(it).id = "vpce-9".to_owned();
        }),
    ];
    each_is(&["ISO-04"], cases);
    let mut estate = kept();
    let judged = judge("ISO-04", &estate);
    assert!(judged.verdict == Unknown && judged.reason.contains("no resource policy"), "{}", judged.reason);
    policy(&mut estate, r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"*"}"#);
    let judged = judge("ISO-04", &estate);
    assert!(judged.verdict == Unknown && judged.reason.contains("fences no endpoint"), "{}", judged.reason);
}

/// The rules of the estate that passes, and one that is told of Config's verdicts.
fn told(estate: &mut Estate, pattern: &Value) {
    let rules = answer(estate, "events:ListRules", "");
    rules["Rules"].as_array_mut().unwrap().push(rule("compliance", "ENABLED", pattern));
    put(
        estate,
        "events:ListTargetsByRule",
        "compliance",
        json!({"Targets": [{"Id": "1", "Arn": "arn:aws:sns:x:y:z"}]}),
    );
}

#[test]
fn changed_verdicts_of_config_are_told_of() {
    use Verdict::{Fail, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("DET-19", Pass, |it| told(it, &json!({"source": ["aws.config"]}))),
        ("DET-19", Pass, |it| {
            told(
                it,
                &json!({"source": ["aws.config"], "detail": {"newEvaluationResult": {"complianceType": ["NON_COMPLIANT"]}}}),
            );
        }),
        ("DET-19", Warn, |it| {
            told(it, &json!({"source": ["aws.config"], "detail": {"resourceType": ["AWS::DynamoDB::Table"]}}));
        }),
        ("DET-19", Fail, |_| {}),
        ("DET-19", Fail, |it| {
            told(it, &json!({"source": ["aws.config"]}));
            recorder(it).recording = Some(false);
        }),
        ("DET-19", Fail, |it| {
            told(it, &json!({"source": ["aws.config"]}));
            *answer(it, "events:ListTargetsByRule", "compliance") = json!({"Targets": []});
        }),
        ("DET-19", Unknown, |it| deny(it, "events:ListRules", "")),
        ("DET-19", Unknown, |it| {
            told(it, &json!({"source": ["aws.config"]}));
            deny(it, "events:ListTargetsByRule", "compliance");
        }),
        ("DET-19", Unknown, |it| {
            it.recorders.insert(scope(), denied("config:DescribeConfigurationRecorders"));
        }),
    ];
    each_is(&["DET-19"], cases);
}

#[test]
fn a_rule_that_cannot_be_followed_leaves_it_open_whether_anybody_is_told() {
    use Verdict::{Fail, Pass, Unknown, Warn};
    let changed: [(Verdict, &str, Change); 8] = [
        (Unknown, "could not be followed", |it| {
            answer(it, "events:ListRules", "")["Rules"][0]["EventPattern"] = json!("{");
        }),
        (Unknown, "could not be followed", |it| {
            answer(it, "events:ListRules", "")["Rules"][0]["EventPattern"] = json!({"source": ["aws.guardduty"]});
        }),
        (Unknown, "could not be followed", |it| {
            // Some kinds are told of for sure, the others perhaps.
            let some =
                json!({"source": ["aws.guardduty"], "detail": {"type": [{"prefix": "Exfiltration:"}, {"prefix": 7}]}});
            answer(it, "events:ListRules", "")["Rules"][0]["EventPattern"] = json!(some.to_string());
        }),
        (Unknown, "its state is absent", |it| answer(it, "events:ListRules", "")["Rules"][0]["State"] = Value::Null),
        (Unknown, "went while", |it| *answer(it, "events:ListTargetsByRule", "findings") = Value::Null),
        (Fail, "has no target", |it| *answer(it, "events:ListTargetsByRule", "findings") = json!({"Targets": []})),
        (Warn, "of 3 kinds", |it| {
            let some = json!({"source": ["aws.guardduty"], "detail": {"type": [{"prefix": "Exfiltration:"}]}});
            let rules = answer(it, "events:ListRules", "")["Rules"].as_array_mut().unwrap();
            rules.push(rule("idle", "ENABLED", &json!({"source": ["aws.guardduty"]})));
            rules[0]["EventPattern"] = json!(some.to_string());
            put(it, "events:ListTargetsByRule", "idle", json!({"Targets": []}));
        }),
        (Pass, "tell somebody", |it| {
            // Another rule tells of all.
            let rules = answer(it, "events:ListRules", "")["Rules"].as_array_mut().unwrap();
            rules.push(rule("more", "ENABLED", &json!({"source": ["aws.guardduty"]})));
            deny(it, "events:ListTargetsByRule", "more");
        }),
    ];
    for (verdict, why, change) in changed {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge("DET-04", &estate);
        assert_eq!(judged.verdict, verdict, "{}", judged.reason);
        assert!(judged.reason.contains(why), "{}", judged.reason);
    }
}

#[test]
fn verdicts_of_config_that_cannot_be_read_name_the_action() {
    let mut estate = kept();
    let error =
        SourceError::Denied { action: "config:DescribeComplianceByConfigRule".to_owned(), message: String::new() };
    for rule in estate.rules.values_mut() {
        (rule.compliance, rule.unread) = (None, Some(error.clone()));
    }
    let judged = judge("DET-10", &estate);
    assert_eq!(judged.missing_action.as_deref(), Some("config:DescribeComplianceByConfigRule"), "{}", judged.reason);
    let mut estate = kept();
    estate.tables.get_mut(ARN).unwrap().pitr = denied("dynamodb:DescribeContinuousBackups");
    let judged = judge("DET-11", &estate);
    assert_eq!(judged.missing_action.as_deref(), Some("dynamodb:DescribeContinuousBackups"), "{}", judged.reason);
}

#[test]
fn security_hub_is_asked_for_by_classes_and_says_its_state() {
    use Verdict::{Fail, NotApplicable, Unknown, Warn};
    let off = |it: &mut Estate| *answer(it, "securityhub:DescribeHub", "") = Value::Null;
    let cases: [(Verdict, Change); 6] = [
        (Fail, |it| *answer(it, "securityhub:DescribeHub", "") = Value::Null),
        (Warn, |it| {
            *answer(it, "securityhub:DescribeHub", "") = Value::Null;
            classed(it, DataClass::Confidential);
        }),
        (NotApplicable, |it| {
            *answer(it, "securityhub:DescribeHub", "") = Value::Null;
            classed(it, DataClass::Internal);
        }),
        (Unknown, |it| {
            answer(it, "securityhub:GetEnabledStandards", "")["StandardsSubscriptions"][0]["StandardsStatus"] =
                Value::Null;
        }),
        (Warn, |it| {
            answer(it, "securityhub:GetEnabledStandards", "")["StandardsSubscriptions"][0]["StandardsStatus"] =
                json!("INCOMPLETE");
        }),
        (Fail, |it| *answer(it, "securityhub:GetEnabledStandards", "") = json!({"StandardsSubscriptions": []})),
    ];
    for (at, (verdict, change)) in cases.iter().enumerate() {
        let mut estate = kept();
        change(&mut estate);
        let judged = judge("DET-16", &estate);
        assert_eq!(judged.verdict, *verdict, "case {at}: {}", judged.reason);
    }
    let mut estate = kept();
    off(&mut estate);
    estate.tables.get_mut(ARN).unwrap().tags = denied("dynamodb:ListTagsOfResource");
    assert_eq!(judge("DET-16", &estate).verdict, Unknown);
}
