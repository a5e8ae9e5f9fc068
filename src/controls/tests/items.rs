//! DET-20: whether somebody is told of calls on items.

use serde_json::{Value, json};

use super::super::tail_tests::{Change, answer, deny, each_is, kept};
use super::watching::on_items;
use super::{classed, denied, judge, the_trail};
use crate::model::{DataClass, Estate, Verdict};

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["DET-20"];

const ALARMS: &str = "cloudwatch:DescribeAlarms";
const FILTERS: &str = "logs:DescribeMetricFilters";

/// The pattern of the one metric filter.
fn counts(it: &mut Estate, pattern: &str) {
    answer(it, FILTERS, "")["metricFilters"][0]["filterPattern"] = json!(pattern);
}

#[test]
fn somebody_is_told_of_calls_on_items() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown};
    let alarm = |it: &mut Estate, member: &str, value: Value| {
        answer(it, ALARMS, "")["MetricAlarms"][2][member] = value;
    };
    let cases: &[(&str, Verdict, Change)] = &[
        ("DET-20", Pass, |_| {}),
        ("DET-20", Pass, |it| counts(it, "{ $.eventSource = dynamodb* && $.errorCode = \"AccessDenied*\" }")),
        ("DET-20", Pass, |it| counts(it, "{ $.eventName = Scan && $.requestParameters.tableName = orders }")),
        // A filter of reads, where writes alone are recorded.
        ("DET-20", Fail, |it| {
            let selectors = &mut the_trail(it).selectors.seen.as_mut().unwrap().value;
            selectors.iter_mut().for_each(|of| of.read_write = "WriteOnly".to_owned());
            counts(it, "{ $.eventName = Scan && $.requestParameters.tableName = orders }");
        }),
        // A filter of another table, of management calls, or of all calls whatever.
        ("DET-20", Fail, |it| counts(it, "{ $.eventName = Scan && $.requestParameters.tableName = ledger }")),
        ("DET-20", Fail, |it| counts(it, "{ $.eventName = DeleteTable }")),
        ("DET-20", Fail, |it| counts(it, "")),
        ("DET-20", Fail, |it| counts(it, "{ $.errorCode = \"AccessDenied*\" }")),
        ("DET-20", Fail, |it| answer(it, FILTERS, "")["metricFilters"][0]["logGroupName"] = json!("others")),
        ("DET-20", Fail, |it| the_trail(it).log_group = None),
        ("DET-20", Fail, |it| the_trail(it).selectors.seen.as_mut().unwrap().value.retain(|of| of.category != "Data")),
        ("DET-20", Fail, |it| the_trail(it).status.seen.as_mut().unwrap().value.logging = false),
        ("DET-20", NotApplicable, |it| classed(it, DataClass::Confidential)),
        ("DET-20", Unknown, |it| deny(it, FILTERS, "")),
        ("DET-20", Unknown, |it| deny(it, ALARMS, "")),
        ("DET-20", Unknown, |it| the_trail(it).selectors = denied("cloudtrail:GetEventSelectors")),
        ("DET-20", Unknown, |it| the_trail(it).status = denied("cloudtrail:GetTrailStatus")),
    ];
    each_is(&["DET-20"], cases);
    for (member, value, want) in [
        ("MetricName", json!("other"), Fail),
        ("Namespace", json!("other"), Fail),
        ("ActionsEnabled", json!(false), Fail),
        ("AlarmActions", json!([]), Fail),
        ("AlarmActions", Value::Null, Unknown),
    ] {
        let mut estate = kept();
        alarm(&mut estate, member, value);
        assert_eq!(judge("DET-20", &estate).verdict, want, "{member}");
    }
    let mut estate = kept();
    counts(&mut estate, "[a, b, c]");
    assert_eq!(judge("DET-20", &estate).verdict, Unknown);
    // One alarm that tells somebody is enough, whatever others do.
    let mut estate = kept();
    let alarms = answer(&mut estate, ALARMS, "")["MetricAlarms"].as_array_mut().unwrap();
    let mut mute = on_items();
    mute["ActionsEnabled"] = json!(false);
    alarms.insert(0, mute);
    assert_eq!(judge("DET-20", &estate).verdict, Pass);
    // Where nothing is polled, nothing is known.
    the_trail(&mut estate).log_group = Some("arn:aws:logs:eu-west-1:999988887777:log-group:trail:*".to_owned());
    assert_eq!(judge("DET-20", &estate).verdict, Unknown);
}
