use super::*;

pub(super) const CASES: &[Case] = &[
    ("ENC-01", Pass, |_| {}),
    ("ENC-01", Fail, |estate| key(estate).kind = KeyKind::AwsManaged),
    ("ENC-01", Pass, |estate| {
        key(estate).kind = KeyKind::AwsManaged;
        classed(estate, DataClass::Confidential);
    }),
    ("ENC-01", Fail, |estate| {
        *described(estate) = TableDescription { deletion_protection: Some(true), ..TableDescription::default() };
    }),
    ("ENC-01", Warn, |estate| described(estate).sse_status = Some("UPDATING".to_owned())),
    ("ENC-01", Warn, |estate| {
        let foreign = KEY.replace("111122223333", "444455556666");
        let key = estate.keys.remove(KEY).unwrap();
        estate.keys.insert(foreign.clone(), key);
        described(estate).kms_key = Some(foreign);
    }),
    ("ENC-01", Unknown, |estate| *estate.keys.get_mut(KEY).unwrap() = denied("kms:DescribeKey")),
    ("ENC-01", Unknown, |estate| {
        key(estate).kind = KeyKind::AwsManaged;
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("ENC-02", Pass, |_| {}),
    ("ENC-02", Fail, |estate| key(estate).state = "PendingDeletion".to_owned()),
    ("ENC-02", Fail, |estate| key(estate).deletion = Some(now())),
    ("ENC-02", Fail, |estate| described(estate).status = Some("ARCHIVED".to_owned())),
    ("ENC-02", Fail, |estate| described(estate).inaccessible_since = Some(ago(1))),
    ("ENC-02", Warn, |estate| key(estate).valid_to = Some(now() + SignedDuration::from_hours(24))),
    ("ENC-02", Warn, |estate| key(estate).origin = "AWS_CLOUDHSM".to_owned()),
    ("ENC-02", NotApplicable, |estate| {
        *described(estate) = TableDescription::default();
        described(estate).status = Some("ACTIVE".to_owned());
    }),
    ("ENC-02", Unknown, |estate| *estate.keys.get_mut(KEY).unwrap() = denied("kms:DescribeKey")),
    ("ENC-03", Pass, |_| {}),
    ("ENC-03", Fail, |estate| rotation(estate).enabled = false),
    ("ENC-03", Warn, |estate| rotation(estate).days = Some(730)),
    ("ENC-03", Warn, |estate| key(estate).origin = "EXTERNAL".to_owned()),
    ("ENC-03", NotApplicable, |estate| key(estate).kind = KeyKind::AwsManaged),
    ("ENC-03", NotApplicable, |estate| key(estate).multi_region = Some("REPLICA".to_owned())),
    ("ENC-03", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("ENC-03", NotApplicable, |estate| table(estate).tags = seen(BTreeMap::new())),
    ("ENC-03", Unknown, |estate| {
        estate.rotations.insert(KEY.to_owned(), denied("kms:GetKeyRotationStatus"));
    }),
    ("ENC-03", Unknown, |estate| {
        rotation(estate).enabled = false;
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("ENC-03", Unknown, |estate| {
        estate.tables.clear();
        estate.tables.insert(ARN.to_owned(), Table::listed(ARN.to_owned(), "orders".to_owned(), scope()));
        estate.populations.insert(scope(), denied("dynamodb:ListTables"));
    }),
    ("ENC-06", NotApplicable, |_| {}),
    ("ENC-06", Pass, |estate| {
        replica(estate);
    }),
    ("ENC-06", Fail, |estate| {
        replica(estate);
        replica_of(estate).status = Some("INACCESSIBLE_ENCRYPTION_CREDENTIALS".to_owned());
    }),
    ("ENC-06", Fail, |estate| {
        replica(estate).description = seen(TableDescription::default());
    }),
    ("ENC-06", Fail, |estate| {
        replica(estate);
        key(estate).state = "Disabled".to_owned();
    }),
    ("ENC-06", Warn, |estate| {
        replica(estate);
        replica_of(estate).arn = Some("arn:aws:dynamodb:us-east-1:444455556666:table/orders".to_owned());
    }),
    ("ENC-06", Pass, |estate| {
        replica(estate);
        replica_of(estate).arn = Some("arn:aws:dynamodb:us-east-1:444455556666:table/orders".to_owned());
        replica_of(estate).kms_key = Some(KEY.to_owned());
    }),
    ("ENC-06", Unknown, |estate| replica(estate).description = denied("dynamodb:DescribeTable")),
    ("ENC-06", Unknown, |estate| {
        replica(estate);
        *estate.keys.get_mut(KEY).unwrap() = denied("kms:DescribeKey");
    }),
    ("ENC-08", Pass, |estate| {
        policy(
            estate,
            r#"{"Effect":"Deny","Principal":"*","Action":"dynamodb:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        );
    }),
    ("ENC-08", Fail, |_| {}),
    ("ENC-08", Warn, |estate| {
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#,
        );
    }),
    ("ENC-08", Warn, |estate| {
        endpoint(estate).policy = Some(
            r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
                .to_owned(),
        );
    }),
    ("ENC-08", Warn, |estate| classed(estate, DataClass::Confidential)),
    ("ENC-08", Unknown, |estate| endpoint(estate).policy = Some("<html>".to_owned())),
    ("ENC-08", Unknown, |estate| endpoint(estate).policy = None),
    ("ENC-08", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("ENC-08", Unknown, |estate| table(estate).policy = denied("dynamodb:GetResourcePolicy")),
    ("ENC-08", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("ENC-12", Pass, |_| {}),
    ("ENC-12", Warn, |estate| described(estate).stream_view = Some("NEW_AND_OLD_IMAGES".to_owned())),
    ("ENC-12", NotApplicable, |estate| described(estate).stream_view = None),
    ("ENC-12", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("ENC-12", Fail, |estate| feed(estate, seen(StreamEncryption { kms: false, key: None }))),
    ("ENC-12", Fail, |estate| {
        feed(estate, seen(StreamEncryption { kms: true, key: Some("alias/aws/kinesis".to_owned()) }));
    }),
    ("ENC-12", Pass, |estate| feed(estate, seen(StreamEncryption { kms: true, key: Some(KEY.to_owned()) }))),
    ("ENC-12", Unknown, |estate| feed(estate, denied("kinesis:DescribeStreamSummary"))),
    ("ENC-12", Unknown, |estate| table(estate).kinesis = denied("dynamodb:DescribeKinesisStreamingDestination")),
    ("ENC-14", Pass, |_| {}),
    ("ENC-14", Pass, |estate| insights(estate, Some("THROTTLED_KEYS"))),
    ("ENC-14", Warn, |estate| insights(estate, Some("ACCESSED_AND_THROTTLED_KEYS"))),
    ("ENC-14", Warn, |estate| insights(estate, None)),
    ("ENC-14", NotApplicable, |estate| classed(estate, DataClass::Confidential)),
    ("ENC-14", Unknown, |estate| {
        estate.insights.insert(scope(), denied("dynamodb:ListContributorInsights"));
    }),
    ("ENC-15", NotApplicable, |_| {}),
    ("ENC-15", Pass, |estate| {
        retained(estate, "90d");
        table(estate).ttl = seen(Ttl { status: "ENABLED".to_owned(), attribute: Some("expires_at".to_owned()) });
    }),
    ("ENC-15", Fail, |estate| retained(estate, "90d")),
    ("ENC-15", NotApplicable, |estate| retained(estate, "forever")),
    ("ENC-15", Unknown, |estate| table(estate).tags = denied("dynamodb:ListTagsOfResource")),
    ("ENC-15", Unknown, |estate| {
        retained(estate, "90d");
        table(estate).ttl = denied("dynamodb:DescribeTimeToLive");
    }),
];

/// Its changes go to a Kinesis data stream.
fn feed(estate: &mut Estate, encryption: Cell<StreamEncryption>) {
    let stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/feed".to_owned();
    table(estate).kinesis = seen(vec![KinesisDestination { stream: stream.clone(), status: "ACTIVE".to_owned() }]);
    described(estate).stream_view = None;
    estate.streams.insert(stream, encryption);
}

fn insights(estate: &mut Estate, mode: Option<&str>) {
    let one = ContributorInsights { index: None, status: "ENABLED".to_owned(), mode: mode.map(str::to_owned) };
    estate.insights.insert(scope(), seen(BTreeMap::from([("orders".to_owned(), vec![one])])));
}

fn retained(estate: &mut Estate, value: &str) {
    let tags = &mut table(estate).tags.seen.as_mut().unwrap().value;
    tags.insert("Retention".to_owned(), value.to_owned());
}
