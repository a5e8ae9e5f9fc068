use super::*;

pub(super) const CASES: &[Case] = &[
    ("LOG-01", Pass, |_| {}),
    ("LOG-01", Fail, |estate| the_trail(estate).status = seen(still())),
    ("LOG-01", Fail, |estate| estate.trails.clear()),
    ("LOG-01", Fail, |estate| *selectors(estate) = vec![selector("Data", &[])]),
    ("LOG-01", Warn, |estate| selectors(estate)[0].read_write = "WriteOnly".to_owned()),
    ("LOG-01", Warn, |estate| the_trail(estate).multi_region = false),
    ("LOG-01", Unknown, |estate| the_trail(estate).status = denied("cloudtrail:GetTrailStatus")),
    ("LOG-01", Warn, |estate| {
        the_trail(estate).status = denied("cloudtrail:GetTrailStatus");
        the_trail(estate).organization = true;
    }),
    ("LOG-01", Unknown, |estate| {
        estate.trail_lists.insert(scope(), denied("cloudtrail:DescribeTrails"));
    }),
    ("LOG-02", Pass, |_| {}),
    ("LOG-02", Pass, |estate| {
        selectors(estate)[1].conditions = vec![format!("resources.ARN StartsWith {ARN}")];
    }),
    ("LOG-02", Fail, |estate| {
        selectors(estate)[1].conditions = vec!["resources.ARN Equals arn:aws:dynamodb:x".to_owned()];
    }),
    ("LOG-02", Fail, |estate| *selectors(estate) = vec![selector("Data", &["AWS::S3::Object"])]),
    ("LOG-02", Warn, |estate| selectors(estate)[1].read_write = "WriteOnly".to_owned()),
    ("LOG-02", Warn, |estate| selectors(estate)[1].conditions = vec!["eventName Equals PutItem".to_owned()]),
    ("LOG-02", Warn, |estate| the_trail(estate).status = seen(still())),
    ("LOG-02", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("LOG-02", Unknown, |estate| the_trail(estate).selectors = denied("cloudtrail:GetEventSelectors")),
    ("LOG-03", Pass, |_| {}),
    ("LOG-03", Pass, |estate| selectors(estate)[1] = selector("Data", &["AWS::DynamoDB::Stream"])),
    ("LOG-03", NotApplicable, |estate| described(estate).stream_view = None),
    ("LOG-03", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("LOG-03", Fail, |estate| {
        selectors(estate).remove(1);
    }),
    ("LOG-03", Fail, |estate| {
        selectors(estate)[1].conditions = vec!["eventName NotEquals GetRecords, GetShardIterator".to_owned()];
    }),
    ("LOG-03", Fail, |estate| selectors(estate)[1].read_write = "WriteOnly".to_owned()),
    ("LOG-03", Warn, |estate| {
        selectors(estate)[1].conditions =
            vec!["userIdentity.arn NotStartsWith arn:aws:sts::1:assumed-role/AWSServiceRole".to_owned()];
    }),
    ("LOG-03", Warn, |estate| the_trail(estate).status = seen(still())),
    ("LOG-03", Unknown, |estate| the_trail(estate).selectors = denied("cloudtrail:GetEventSelectors")),
    ("LOG-03", Unknown, |estate| {
        selectors(estate).remove(1);
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("LOG-04", Pass, |_| {}),
    ("LOG-04", Pass, |estate| selectors(estate)[2].conditions.push("vpcEndpointId Equals vpce-0, vpce-1".to_owned())),
    ("LOG-04", Fail, |estate| selectors(estate)[2].conditions.push("vpcEndpointId Equals vpce-0".to_owned())),
    ("LOG-04", Fail, |estate| selectors(estate)[2].conditions[0] = "eventSource Equals kms.amazonaws.com".to_owned()),
    ("LOG-04", Fail, |estate| the_trail(estate).status = seen(still())),
    ("LOG-04", Warn, |estate| selectors(estate)[2].conditions.push("eventName Equals PutItem".to_owned())),
    ("LOG-04", NotApplicable, |estate| {
        selectors(estate).pop();
        classed(estate, DataClass::Internal);
    }),
    ("LOG-04", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("LOG-04", Unknown, |estate| the_trail(estate).status = denied("cloudtrail:GetTrailStatus")),
    ("LOG-05", Pass, |_| {}),
    ("LOG-05", Fail, |estate| the_trail(estate).validation = false),
    ("LOG-05", Warn, |estate| status(estate).digest = Some(ago(3))),
    ("LOG-05", Warn, |estate| status(estate).digest = None),
    ("LOG-05", Warn, |estate| status(estate).digest_error = Some("AccessDenied".to_owned())),
    ("LOG-05", Unknown, |estate| the_trail(estate).status = denied("cloudtrail:GetTrailStatus")),
    ("LOG-05", Unknown, |estate| {
        estate.trails.clear();
        estate.trail_lists.insert(scope(), denied("cloudtrail:DescribeTrails"));
    }),
    ("LOG-06", Pass, |_| {}),
    ("LOG-06", Fail, |estate| the_trail(estate).kms_key = None),
    ("LOG-06", Warn, |estate| key(estate).state = "Disabled".to_owned()),
    ("LOG-06", Unknown, |estate| {
        estate.trails.clear();
        estate.trail_lists.insert(scope(), denied("cloudtrail:DescribeTrails"));
    }),
    ("LOG-08", Pass, |_| {}),
    ("LOG-08", Fail, |estate| status(estate).delivery_error = Some("NoSuchBucket".to_owned())),
    ("LOG-08", Warn, |estate| status(estate).delivered = Some(ago(30))),
    ("LOG-08", Warn, |estate| status(estate).delivered = None),
    ("LOG-08", Warn, |estate| status(estate).log_group_error = Some("AccessDenied".to_owned())),
    ("LOG-08", Warn, |estate| the_trail(estate).status = seen(still())),
    ("LOG-08", Unknown, |estate| the_trail(estate).status = denied("cloudtrail:GetTrailStatus")),
    ("LOG-09", Pass, |_| {}),
    ("LOG-09", Pass, |estate| {
        selectors(estate)[0].conditions = vec!["eventSource NotEquals rdsdata.amazonaws.com".to_owned()];
    }),
    ("LOG-09", Fail, |estate| {
        selectors(estate)[0].conditions = vec!["eventSource NotEquals kms.amazonaws.com".to_owned()];
    }),
    ("LOG-09", Warn, |estate| {
        selectors(estate)[0].conditions = vec!["eventSource NotEquals kms.amazonaws.com".to_owned()];
        classed(estate, DataClass::Internal);
    }),
    ("LOG-09", NotApplicable, |estate| {
        selectors(estate).remove(0);
    }),
    ("LOG-09", Unknown, |estate| the_trail(estate).selectors = denied("cloudtrail:GetEventSelectors")),
    ("LOG-09", Unknown, |estate| {
        selectors(estate)[0].conditions = vec!["eventSource NotEquals kms.amazonaws.com".to_owned()];
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("LOG-11", Pass, |_| {}),
    ("LOG-11", Warn, |estate| the_trail(estate).insights = seen(Vec::new())),
    ("LOG-11", Warn, |estate| the_trail(estate).insights = seen(vec!["ApiCallRateInsight".to_owned()])),
    ("LOG-11", Unknown, |estate| the_trail(estate).insights = denied("cloudtrail:GetInsightSelectors")),
];
