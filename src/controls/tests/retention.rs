//! How long a trail's bucket keeps what it is given.

use serde_json::{Value, json};

use super::super::tail_tests::{answer, kept};
use super::{ARN, classed, denied, judge, the_trail};
use crate::model::{DataClass, Estate, Verdict};

const LIFE: &str = "s3:GetBucketLifecycleConfiguration";
const BUCKET: &str = "trail-111122223333";

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
