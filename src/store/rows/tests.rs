use crate::controls::Baseline;
use crate::model::{
    CallRef, Delta, Facet, Fault, Origin, Outcome, Pitr, Polled, Scope, Seen, SourceError, TableDescription,
};
use crate::trail::query::Query;

use super::*;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

fn at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn seen<T>(value: T) -> Outcome<T> {
    let call = CallRef { operation: "dynamodb:DescribeTable", request_id: "REQ1".into() };
    Ok(Seen { value, at: at(), call })
}

fn denied<T>() -> Outcome<T> {
    let error = SourceError::Denied { action: "dynamodb:ListBackups".to_owned(), message: String::new() };
    Err(Fault { error, at: at() })
}

fn store() -> Store {
    let scope = Scope::new("111122223333", "eu-west-1");
    let mut store = Store::new(Origin::Demo, Baseline::default());
    store.expect(scope.clone(), &Source::ALL);
    let raw = r#"{"eventID":"e1","eventTime":"2026-11-21T11:00:00Z","eventName":"UpdateTable",
        "awsRegion":"eu-west-1","recipientAccountId":"111122223333","userAgent":"boto3",
        "userIdentity":{"type":"IAMUser","userName":"alice"},"eventSource":"dynamodb.amazonaws.com",
        "requestParameters":{"tableName":"orders"}}"#;
    let deltas = vec![
        Delta::TableList(seen(vec![("orders".to_owned(), ARN.to_owned())])),
        Delta::Facet(ARN.to_owned(), Facet::Description(seen(TableDescription::default()))),
        Delta::Facet(
            ARN.to_owned(),
            Facet::Pitr(seen(Pitr { enabled: true, window_days: Some(35), earliest: None, latest: Some(at()) })),
        ),
        Delta::Backups(denied()),
        Delta::Events(vec![crate::trail::record::parse(raw).unwrap()]),
    ];
    store.apply(Polled::Data { source: Source::Tables, scope, deltas });
    store.settle(at() + jiff::SignedDuration::from_secs(60));
    store
}

#[test]
fn every_field_of_every_schema_is_known_to_its_rows_and_every_column_to_its_schema() {
    for kind in RowKind::ALL {
        for column in kind.columns() {
            assert!(kind.schema().find(column).is_some(), "{kind:?} has no {column}");
        }
        let mut names: Vec<&str> =
            kind.schema().fields.iter().flat_map(|spec| spec.aliases.iter().copied().chain([spec.name])).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{kind:?} names a field twice");
    }
}

#[test]
fn a_table_says_what_it_knows_and_why_not_the_rest() {
    let store = store();
    let rows = store.rows(RowKind::Tables);
    let json = rows[0].json();
    assert_eq!(json["id"], ARN);
    assert_eq!(json["key"]["kind"], "aws_owned");
    assert_eq!(json["pitr"]["window_days"], 35);
    assert_eq!(json["backups"], Value::Null);
    assert_eq!(json["unknown"]["backups"], "denied: dynamodb:ListBackups");
    assert_eq!(json["unknown"]["tags"], "not read yet");
    assert_eq!(json["endpoints"], Value::Null);
    assert_eq!(json["freshness"]["age_seconds"], 60);
    assert_eq!(json["freshness"]["origin"], "demo");
    assert_eq!(json["freshness"]["request_id"], "REQ1");
    for wanted in
        ["status", "class", "deletion_protection", "ttl", "streams", "replicas", "resource_policy", "verdicts"]
    {
        assert!(json.get(wanted).is_some(), "{wanted}");
    }
}

#[test]
fn filters_read_the_same_fields() {
    let store = store();
    let count = |kind: RowKind, query: &str| {
        let query = Query::parse(query, kind.schema()).unwrap();
        store.rows(kind).iter().filter(|row| query.matches(row.as_ref())).count()
    };
    assert_eq!(count(RowKind::Tables, "pitr pitr.window:>=14d key:aws_owned backups:unknown class:restricted"), 1);
    assert_eq!(count(RowKind::Tables, "pitr.window:<14d"), 0);
    assert_eq!(count(RowKind::Events, "by:alice table:orders since:2h !self agent:boto"), 1);
    assert_eq!(count(RowKind::Events, "since:30m"), 0);
    assert!(count(RowKind::Sources, "state:loading") > 0);
}

#[test]
fn lengths_of_time_are_short() {
    for (seconds, text) in [(0.0, "0s"), (59.0, "59s"), (252.0, "4m12s"), (3_600.0, "1h"), (3_024_000.0, "35d")] {
        assert_eq!(duration(seconds), text);
    }
}
