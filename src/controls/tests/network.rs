use super::*;

pub(super) const CASES: &[Case] = &[
    ("NET-01", Pass, |_| {}),
    ("NET-01", Fail, |estate| net(estate).endpoints = seen(Vec::new())),
    ("NET-01", Warn, |estate| endpoint(estate).state = "pending".to_owned()),
    ("NET-01", Warn, |estate| endpoint(estate).service_region = Some("us-east-1".to_owned())),
    ("NET-01", NotApplicable, |estate| net(estate).interfaces = seen(Vec::new())),
    ("NET-01", Unknown, |estate| net(estate).vpcs = denied("ec2:DescribeVpcs")),
    ("NET-01", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("NET-01", Unknown, |estate| {
        net(estate).endpoints = seen(Vec::new());
        net(estate).interfaces = denied("ec2:DescribeNetworkInterfaces");
    }),
    ("NET-03", Pass, |_| {}),
    ("NET-03", Fail, |estate| {
        endpoint(estate).policy =
            Some(r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#.to_owned());
    }),
    ("NET-03", Warn, |estate| {
        endpoint(estate).policy = Some(
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"dynamodb:*","Resource":"*"}]}"#.to_owned(),
        );
    }),
    ("NET-03", Warn, |estate| {
        endpoint(estate).policy = Some(
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","NotAction":"dynamodb:DeleteTable",
            "Resource":"arn:aws:dynamodb:*:*:table/orders"}]}"#
                .to_owned(),
        );
    }),
    ("NET-03", Unknown, |estate| endpoint(estate).policy = None),
    ("NET-03", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("NET-02", Pass, |_| {}),
    ("NET-02", Fail, |estate| {
        routes(estate).routes.pop();
    }),
    ("NET-02", Warn, |estate| routes(estate).blackholes = vec!["pl-1".to_owned()]),
    ("NET-02", Warn, |estate| routes(estate).routes.clear()),
    ("NET-02", Warn, |estate| endpoint(estate).kind = EndpointKind::Interface),
    ("NET-02", NotApplicable, |estate| net(estate).interfaces = seen(Vec::new())),
    ("NET-02", Unknown, |estate| routes(estate).main = false),
    ("NET-02", Unknown, |estate| net(estate).route_tables = denied("ec2:DescribeRouteTables")),
    ("NET-02", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("NET-04", Pass, |_| {}),
    ("NET-04", Warn, |estate| through(estate, r#""*""#)),
    ("NET-04", Fail, |estate| {
        through(estate, r#"["dynamodb:GetItem","dynamodb:DeleteTable"]"#);
        endpoint(estate).tags.insert("Plane".to_owned(), "data".to_owned());
    }),
    ("NET-04", Fail, |estate| {
        endpoint(estate).tags.insert("plane".to_owned(), "control".to_owned());
    }),
    ("NET-04", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("NET-04", Unknown, |estate| endpoint(estate).policy = Some("<html>".to_owned())),
    ("NET-04", Unknown, |estate| {
        through(estate, r#""*""#);
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("NET-05", Pass, |_| {}),
    ("NET-05", Fail, |estate| through(estate, r#""dynamodb:*""#)),
    ("NET-05", Warn, |estate| {
        endpoint(estate).policy =
            endpoint(estate).policy.take().map(|text| text.replace("aws:PrincipalAccount", "aws:a"));
    }),
    ("NET-05", Unknown, |estate| endpoint(estate).policy = None),
    ("NET-05", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("NET-06", Pass, |_| {}),
    ("NET-06", Fail, |estate| {
        endpoint(estate).policy =
            endpoint(estate).policy.take().map(|text| text.replace(":111122223333:", ": 111122223333:"));
    }),
    ("NET-06", Fail, |estate| {
        endpoint(estate).policy =
            endpoint(estate).policy.take().map(|text| text.replace("table/orders", "table/orders/index/*"));
    }),
    ("NET-06", Warn, |estate| through(estate, r#"["dynamodb:GetItem"]"#)),
    ("NET-06", Warn, |estate| through(estate, r#"["dynamodb:GetItems","dynamodb:DescribeTable"]"#)),
    ("NET-06", Warn, |estate| {
        endpoint(estate).policy = endpoint(estate)
            .policy
            .take()
            .map(|text| text.replace("2012-10-17", "2008-10-17").replace("table/orders", "table/${aws:username}"));
    }),
    ("NET-06", Unknown, |estate| endpoint(estate).policy = Some("<html>".to_owned())),
    ("NET-06", Unknown, |estate| endpoint(estate).policy = None),
    ("NET-06", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("NET-09", Fail, |_| {}),
    ("NET-09", Warn, |estate| classed(estate, DataClass::Confidential)),
    ("NET-09", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("NET-09", Pass, |estate| {
        fence(
            estate,
            r#"{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"},"BoolIfExists":{"aws:ViaAWSService":"false"}}"#,
        );
    }),
    ("NET-09", Warn, |estate| fence(estate, r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#)),
    ("NET-09", Fail, |estate| fence(estate, r#"{"Bool":{"aws:SecureTransport":"false"}}"#)),
    ("NET-09", Fail, |estate| fence(estate, r#"{"StringNotLikeIfExists":{"aws:SourceVpce":"*"}}"#)),
    ("NET-09", Warn, |estate| {
        fence(estate, r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"},"Bool":{"aws:ViaAWSService":"true"}}"#);
    }),
    ("NET-09", Unknown, |estate| table(estate).policy = denied("dynamodb:GetResourcePolicy")),
    ("NET-09", Unknown, |estate| table(estate).tags = denied("dynamodb:ListTagsOfResource")),
];

/// The endpoint lets actions through, to everybody on everything.
fn through(estate: &mut Estate, actions: &str) {
    endpoint(estate).policy = Some(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":{actions},"Resource":"*"}}]}}"#
    ));
}

/// The table's policy denies everything under a condition.
fn fence(estate: &mut Estate, condition: &str) {
    let statement =
        format!(r#"{{"Effect":"Deny","Principal":"*","Action":"dynamodb:*","Resource":"*","Condition":{condition}}}"#);
    policy(estate, &statement);
}
