//! Tables held against what was accepted of them.

use std::sync::Arc;

use super::super::accepted::{Accepted, AcceptedTable, Value, names, read};
use super::super::tail_tests::{Change, kept};
use super::*;

/// The controls that these tests answer for.
pub(super) const JUDGED: &[&str] = &["DET-13"];

const OPEN: &str = r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"*"}"#;

/// All that can be read of the good table, accepted.
fn accepted(estate: &Estate) -> AcceptedTable {
    let table = &estate.tables[ARN];
    let settings = names(estate, table).into_iter().map(|name| {
        let value = read(estate, table, &name).unwrap().unwrap().value;
        (name, value)
    });
    AcceptedTable {
        at: ago(48),
        by: "ann@acme.example".to_owned(),
        reason: "as reviewed".to_owned(),
        settings: settings.collect(),
    }
}

fn holding(accepted: Accepted) -> Baseline {
    let mut baseline = Baseline::default();
    baseline.accepted = Arc::new(accepted);
    baseline
}

fn held(estate: &Estate, baseline: &Baseline) -> Judgement {
    let Judge::Table(judge) = by_id("DET-13").unwrap().judge else { panic!() };
    judge(estate, baseline, &estate.tables[ARN])
}

/// The verdict where something was changed in the table, or in what was accepted of it.
fn after(change: Change, accept: fn(&mut AcceptedTable)) -> Judgement {
    let mut estate = kept();
    let mut of = accepted(&estate);
    accept(&mut of);
    change(&mut estate);
    held(&estate, &holding(Accepted { tables: BTreeMap::from([(ARN.to_owned(), of)]), broken: None }))
}

fn set(of: &mut AcceptedTable, name: &str, value: Value) {
    assert!(of.settings.insert(name.to_owned(), value).is_some(), "{name}");
}

#[test]
fn what_is_as_it_was_accepted_passes_on_the_calls_that_show_it() {
    let judged = after(|_| {}, |_| {});
    assert_eq!(judged.verdict, Pass, "{}", judged.reason);
    assert!(judged.reason.contains("ann@acme.example on 2026-11-19: as reviewed"), "{}", judged.reason);
    let fields: Vec<&String> = judged.evidence.iter().flat_map(|of| &of.fields).collect();
    assert!(fields.iter().any(|of| *of == "DeletionProtectionEnabled=true"), "{fields:?}");
    assert!(fields.iter().any(|of| *of == "tag:data-class=restricted"), "{fields:?}");
    assert_eq!(fields.len(), 17, "{fields:?}");
}

#[test]
fn a_difference_that_lowers_a_control_fails_and_names_it() {
    let cases: &[(Change, &str)] = &[
        (|it| recovery(it).enabled = false, "PointInTimeRecoveryStatus ENABLED → DISABLED (lowers RES-01)"),
        (|it| recovery(it).window_days = Some(7), "RecoveryPeriodInDays 35 → 7 (lowers RES-02)"),
        (
            |it| described(it).deletion_protection = Some(false),
            "DeletionProtectionEnabled true → false (lowers RES-03)",
        ),
        (|it| policy(it, OPEN), "(lowers IAM-10)"),
        (|it| key(it).kind = KeyKind::AwsManaged, "KeyManager CUSTOMER → AWS (lowers ENC-01)"),
        (
            |it| {
                let of = described(it);
                (of.kms_key, of.sse_type, of.sse_status) = (None, None, None);
            },
            "KeyManager CUSTOMER → none (lowers ENC-01)",
        ),
        (
            |it| described(it).stream_view = Some("NEW_AND_OLD_IMAGES".to_owned()),
            "StreamViewType KEYS_ONLY → NEW_AND_OLD_IMAGES (lowers ENC-12)",
        ),
        (
            |it| drop(table(it).tags.seen.as_mut().unwrap().value.remove("owner")),
            "tag:owner checkout → none (lowers ISO-01)",
        ),
    ];
    for (change, words) in cases {
        let judged = after(*change, |_| {});
        assert_eq!(judged.verdict, Fail, "{words}: {}", judged.reason);
        assert!(judged.reason.contains(words), "{words}: {}", judged.reason);
        assert!(judged.reason.contains("accepted by ann@acme.example on 2026-11-19"), "{}", judged.reason);
    }
}

#[test]
fn a_difference_that_lowers_nothing_warns() {
    let neutral: &[Change] = &[
        |it| described(it).billing = Some("PROVISIONED".to_owned()),
        |it| described(it).table_class = Some("STANDARD_INFREQUENT_ACCESS".to_owned()),
        |it| table(it).ttl = seen(Ttl { status: "ENABLED".to_owned(), attribute: Some("at".to_owned()) }),
        |it| {
            replica(it);
        },
    ];
    for (at, change) in neutral.iter().enumerate() {
        let judged = after(*change, |_| {});
        assert_eq!(judged.verdict, Warn, "{at}: {}", judged.reason);
        assert!(!judged.reason.contains("lowers"), "{}", judged.reason);
    }
    // What is better than it was accepted is a difference, too.
    let raised = after(|_| {}, |of| set(of, "PointInTimeRecoveryStatus", Value::Text("DISABLED".to_owned())));
    assert_eq!(raised.verdict, Warn, "{}", raised.reason);
    // What failed as it was accepted is not lowered.
    let accepted_so = after(
        |it| recovery(it).window_days = Some(6),
        |of| {
            set(of, "RecoveryPeriodInDays", Value::Number(7));
        },
    );
    assert_eq!(accepted_so.verdict, Warn, "{}", accepted_so.reason);
}

#[test]
fn what_nobody_accepted_is_unknown_and_says_the_command() {
    let estate = kept();
    let judged = held(&estate, &Baseline::default());
    assert_eq!((judged.verdict, judged.missing_action), (Unknown, None));
    assert!(judged.reason.contains("dynakeep baseline accept 'name:orders'"), "{}", judged.reason);
    let broken = holding(Accepted { broken: Some("accepted.toml: line 3".to_owned()), ..Accepted::default() });
    let judged = held(&estate, &broken);
    assert_eq!(judged.verdict, Unknown);
    assert!(judged.reason.contains("accepted.toml: line 3"), "{}", judged.reason);
    let partly = after(|_| {}, |of| drop(of.settings.remove("Policy")));
    assert_eq!(partly.verdict, Pass);
    assert!(partly.reason.contains("never accepted: Policy"), "{}", partly.reason);
    let mut public = kept();
    classed(&mut public, DataClass::Public);
    assert_eq!(held(&public, &Baseline::default()).verdict, NotApplicable);
}

#[test]
fn a_setting_that_cannot_be_read_is_never_as_accepted() {
    let cases: &[(Change, &str)] = &[
        (|it| table(it).pitr = denied("dynamodb:DescribeContinuousBackups"), "dynamodb:DescribeContinuousBackups"),
        (|it| table(it).policy = denied("dynamodb:GetResourcePolicy"), "dynamodb:GetResourcePolicy"),
        (|it| table(it).ttl = denied("dynamodb:DescribeTimeToLive"), "dynamodb:DescribeTimeToLive"),
        (|it| table(it).tags = denied("dynamodb:ListTagsOfResource"), "dynamodb:ListTagsOfResource"),
        (|it| table(it).description = denied("dynamodb:DescribeTable"), "dynamodb:DescribeTable"),
        (|it| drop(it.keys.insert(KEY.to_owned(), denied("kms:DescribeKey"))), "kms:DescribeKey"),
        (
            |it| drop(it.insights.insert(scope(), denied("dynamodb:ListContributorInsights"))),
            "dynamodb:ListContributorInsights",
        ),
        (
            |it| table(it).kinesis = denied("dynamodb:DescribeKinesisStreamingDestination"),
            "dynamodb:DescribeKinesisStreamingDestination",
        ),
    ];
    for (change, action) in cases {
        let judged = after(*change, |_| {});
        assert_eq!((judged.verdict, judged.missing_action.as_deref()), (Unknown, Some(*action)), "{}", judged.reason);
    }
    // A failure that is seen stays one beside what is not.
    let both = after(
        |it| {
            described(it).deletion_protection = Some(false);
            table(it).pitr = denied("dynamodb:DescribeContinuousBackups");
        },
        |_| {},
    );
    assert_eq!(both.verdict, Fail);
    assert!(both.reason.contains("not read: PointInTimeRecoveryStatus"), "{}", both.reason);
    let left_out = after(|it| described(it).deletion_protection = None, |_| {});
    assert_eq!(left_out.verdict, Unknown, "{}", left_out.reason);
    // Whether a difference lowers a control cannot be said while that control cannot be judged.
    let unsaid = after(
        |it| {
            let stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/feed".to_owned();
            it.streams.insert(stream.clone(), denied("kinesis:DescribeStreamSummary"));
            table(it).kinesis = seen(vec![KinesisDestination { stream, status: "ACTIVE".to_owned() }]);
        },
        |_| {},
    );
    assert_eq!(
        (unsaid.verdict, unsaid.missing_action.as_deref()),
        (Unknown, Some("kinesis:DescribeStreamSummary")),
        "{}",
        unsaid.reason
    );
}
