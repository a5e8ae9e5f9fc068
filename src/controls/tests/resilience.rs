use super::*;

pub(super) const CASES: &[Case] = &[
    ("RES-01", Pass, |_| {}),
    ("RES-01", Fail, |estate| recovery(estate).enabled = false),
    ("RES-01", NotApplicable, |estate| {
        recovery(estate).enabled = false;
        classed(estate, DataClass::Public);
    }),
    ("RES-01", Unknown, |estate| table(estate).pitr = denied("dynamodb:DescribeContinuousBackups")),
    ("RES-02", Pass, |_| {}),
    ("RES-02", Fail, |estate| recovery(estate).window_days = Some(1)),
    ("RES-02", Warn, |estate| recovery(estate).latest = Some(ago(1))),
    ("RES-02", Warn, |estate| recovery(estate).earliest = Some(ago(24))),
    ("RES-02", NotApplicable, |estate| recovery(estate).enabled = false),
    ("RES-02", Unknown, |estate| recovery(estate).window_days = None),
    ("RES-02", Unknown, |estate| {
        recovery(estate).window_days = Some(14);
        table(estate).tags = Cell::default();
    }),
    ("RES-03", Pass, |_| {}),
    ("RES-03", Fail, |estate| described(estate).deletion_protection = Some(false)),
    ("RES-03", Unknown, |estate| described(estate).deletion_protection = None),
    ("RES-03", Warn, |estate| {
        described(estate).replicas =
            vec![Replica { region: "us-east-1".to_owned(), status: None, kms_key: None, arn: None }];
    }),
    ("RES-03", Fail, |estate| {
        described(estate).replicas =
            vec![Replica { region: "us-east-1".to_owned(), status: None, kms_key: None, arn: None }];
        let mut replica = estate.tables[ARN].clone();
        replica.arn = ARN.replace("eu-west-1", "us-east-1");
        replica.scope = Scope::new("111122223333", "us-east-1");
        replica.description = seen(TableDescription { deletion_protection: Some(false), ..Default::default() });
        estate.tables.insert(replica.arn.clone(), replica);
    }),
    ("RES-04", Pass, |_| {}),
    ("RES-04", Fail, |estate| backup(estate).newest = Some(ago(25))),
    ("RES-04", Pass, |estate| {
        backup(estate).newest = Some(ago(25));
        classed(estate, DataClass::Confidential);
    }),
    ("RES-04", Fail, |estate| *backup(estate) = BackupSummary::default()),
    ("RES-04", Warn, |estate| *backup(estate) = BackupSummary { system: 1, ..BackupSummary::default() }),
    ("RES-04", Warn, |estate| backup(estate).expires = Some(now() + SignedDuration::from_hours(3))),
    ("RES-04", NotApplicable, |estate| classed(estate, DataClass::Public)),
    ("RES-04", Unknown, |estate| {
        estate.backups.insert(scope(), denied("dynamodb:ListBackups"));
    }),
    ("RES-04", Unknown, |estate| {
        *backup(estate) = BackupSummary::default();
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("RES-12", NotApplicable, |_| {}),
    ("RES-12", Pass, |estate| {
        replica(estate);
    }),
    ("RES-12", Fail, |estate| replica(estate).pitr.seen.as_mut().unwrap().value.enabled = false),
    ("RES-12", Fail, |estate| {
        replica(estate).description.seen.as_mut().unwrap().value.deletion_protection = Some(false);
    }),
    ("RES-12", Fail, |estate| {
        replica(estate);
        replica_of(estate).status = Some("REGION_DISABLED".to_owned());
    }),
    ("RES-12", Warn, |estate| {
        replica(estate);
        replica_of(estate).status = Some("UPDATING".to_owned());
    }),
    ("RES-12", Warn, |estate| replica(estate).tags = seen(BTreeMap::new())),
    ("RES-12", Warn, |estate| {
        replica(estate);
        replica_of(estate).arn = Some("arn:aws:dynamodb:us-east-1:444455556666:table/orders".to_owned());
    }),
    ("RES-12", Unknown, |estate| replica(estate).pitr = denied("dynamodb:DescribeContinuousBackups")),
    ("RES-12", Unknown, |estate| {
        replica(estate);
        table(estate).pitr = denied("dynamodb:DescribeContinuousBackups");
    }),
    ("RES-12", Unknown, |estate| replica(estate).policy = denied("dynamodb:GetResourcePolicy")),
    ("RES-12", Unknown, |estate| {
        replica(estate);
        table(estate).policy = denied("dynamodb:GetResourcePolicy");
    }),
    ("RES-12", Unknown, |estate| replica(estate).tags = denied("dynamodb:ListTagsOfResource")),
    ("RES-12", Unknown, |estate| {
        replica(estate).description.seen.as_mut().unwrap().value.deletion_protection = None;
    }),
    ("RES-13", Pass, |_| {}),
    ("RES-13", Pass, |estate| described(estate).global_version = Some("2019.11.21".to_owned())),
    ("RES-13", Fail, |estate| described(estate).global_version = Some("2017.11.29".to_owned())),
    ("RES-13", NotApplicable, |estate| {
        described(estate).global_version = Some("2017.11.29".to_owned());
        classed(estate, DataClass::Internal);
    }),
    ("RES-13", Unknown, |estate| table(estate).description = denied("dynamodb:DescribeTable")),
    ("RES-14", NotApplicable, |_| {}),
    ("RES-14", Pass, |estate| {
        replica(estate);
    }),
    ("RES-14", Fail, |estate| {
        replica(estate);
        described(estate).disassociation_protection = Some(false);
    }),
    ("RES-14", Warn, |estate| {
        replica(estate);
        described(estate).disassociation_protection = None;
    }),
    ("RES-14", Warn, |estate| {
        replica(estate);
        described(estate).disassociation_protection = Some(false);
        described(estate).strong = true;
    }),
    ("RES-14", Unknown, |estate| table(estate).description = denied("dynamodb:DescribeTable")),
    ("RES-15", Pass, |_| {}),
    ("RES-15", Warn, |estate| described(estate).caps.1 = Some(40)),
    ("RES-15", Unknown, |estate| described(estate).billing = None),
    ("RES-15", Fail, |estate| scaled(estate, &[])),
    ("RES-15", Warn, |estate| scaled(estate, &["Read"])),
    ("RES-15", Pass, |estate| scaled(estate, &["Read", "Write"])),
    ("RES-15", Warn, |estate| {
        scaled(estate, &["Read", "Write"]);
        described(estate).indexes = vec![Index { name: "by-day".to_owned(), global: true, ..Index::default() }];
    }),
    ("RES-15", Pass, |estate| {
        scaled(estate, &["Read", "Write"]);
        described(estate).indexes = vec![Index { name: "by-day".to_owned(), ..Index::default() }];
    }),
    ("RES-15", Warn, |estate| {
        scaled(estate, &["Read", "Write"]);
        let cell = &mut estate
            .answers
            .get_mut(&scope())
            .unwrap()
            .get_mut("application-autoscaling:DescribeScalableTargets")
            .unwrap();
        let answer = &mut cell.get_mut("").unwrap().seen.as_mut().unwrap().value;
        answer["ScalableTargets"][0]["SuspendedState"] = serde_json::json!({"DynamicScalingOutSuspended": true});
    }),
    ("RES-15", Unknown, |estate| table(estate).description = denied("dynamodb:DescribeTable")),
];

/// Its capacity is provisioned, and these units of it scale.
fn scaled(estate: &mut Estate, units: &[&str]) {
    described(estate).billing = None;
    let target = |unit: &&str| {
        serde_json::json!({
            "ResourceId": "table/orders",
            "ScalableDimension": format!("dynamodb:table:{unit}CapacityUnits"),
        })
    };
    let targets: Vec<_> = units.iter().map(target).collect();
    let label = "application-autoscaling:DescribeScalableTargets";
    let answer = seen(serde_json::json!({ "ScalableTargets": targets }));
    estate.answers.entry(scope()).or_default().entry(label).or_default().insert(String::new(), answer);
}
