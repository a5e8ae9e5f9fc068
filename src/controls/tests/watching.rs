//! Controls that ask whether somebody watches, and is told.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is, kept, put, rule};
use super::{ARN, classed, denied, judge, recorder, scope, the_trail};
use crate::model::{DataClass, Estate, SourceError, Verdict};

const LIFE: &str = "s3:GetBucketLifecycleConfiguration";
const BUCKET: &str = "trail-111122223333";

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["DET-19"];

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
    each_is(JUDGED, cases);
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

/// A lifecycle rule of the trail's bucket, in place of none.
fn expires(estate: &mut Estate, rule: &Value) {
    *answer(estate, LIFE, BUCKET) = json!({ "Rule": rule });
}

#[test]
fn logs_are_kept_as_long_as_the_strictest_class_asks() {
    use Verdict::{Fail, Pass, Unknown};
    let days = |prefix: &str, days: &str| json!({"ID": "r", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}});
    let all: [(Verdict, &str, Value); 12] = [
        (Fail, "2000 of 2555", days("", "2000")),
        (Fail, "30 of 2555", days("", "30")),
        (Pass, "", days("", "2555")),
        (Fail, "30 of", days("AWSLogs/", "30")),
        (Fail, "30 of", days("AWSLogs/111122223333/CloudTrail-Digest/", "30")),
        (Pass, "", days("AWSLogs/111122223333/Config/", "30")),
        (Pass, "", days("AWSLogs/999988887777/", "30")),
        (Pass, "", json!([{"Status": "Disabled", "Expiration": {"Days": "1"}}, days("exports/", "30")])),
        (
            Pass,
            "",
            json!({"Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": "1"}}),
        ),
        (Fail, "1 of", json!({"Status": "Enabled", "Prefix": "AWSLogs", "Expiration": {"Days": "1"}})),
        (Fail, "at 2026", json!({"Status": "Enabled", "Filter": "", "Expiration": {"Date": "2026-12-01T00:00:00Z"}})),
        (Unknown, "soon", json!({"Status": "Enabled", "Filter": "", "Expiration": {"Days": "soon"}})),
    ];
    let arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
    for (verdict, why, rule) in all {
        let mut estate = kept();
        the_trail(&mut estate).arn = arn.to_owned();
        expires(&mut estate, &rule);
        let judged = judge("LOG-07", &estate);
        assert_eq!(judged.verdict, verdict, "{rule}: {}", judged.reason);
        assert!(judged.reason.contains(why), "{rule}: {}", judged.reason);
    }
    // A prefix of the trail's own, and a class that asks for less.
    let mut estate = kept();
    (the_trail(&mut estate).arn, the_trail(&mut estate).prefix) = (arn.to_owned(), Some("logs".to_owned()));
    expires(&mut estate, &days("AWSLogs/", "30"));
    assert_eq!(judge("LOG-07", &estate).verdict, Pass);
    expires(&mut estate, &days("logs/AWSLogs/", "200"));
    assert_eq!(judge("LOG-07", &estate).verdict, Fail);
    classed(&mut estate, DataClass::Internal);
    assert_eq!(judge("LOG-07", &estate).verdict, Pass);
    // What fails only the strictest is not said of a class that nobody knows; what fails all, is.
    estate.tables.get_mut(ARN).unwrap().tags = denied("dynamodb:ListTagsOfResource");
    let judged = judge("LOG-07", &estate);
    assert_eq!((judged.verdict, judged.missing_action.as_deref()), (Unknown, Some("dynamodb:ListTagsOfResource")));
    expires(&mut estate, &days("logs/", "30"));
    assert_eq!(judge("LOG-07", &estate).verdict, Fail);
}

#[test]
fn a_trail_whose_home_is_not_polled_does_not_vanish() {
    let mut estate = kept();
    the_trail(&mut estate).home_region = Some("us-east-1".to_owned());
    let judged = judge("LOG-07", &estate);
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert!(judged.reason.contains("us-east-1"), "{}", judged.reason);
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
