use super::*;

pub(super) const CASES: &[Case] = &[
    ("IAM-10", Pass, |_| {}),
    ("IAM-10", Fail, |estate| {
        policy(estate, r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"*"}"#);
    }),
    ("IAM-10", Fail, |estate| {
        policy(estate, r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"dynamodb:*","Resource":"*"}"#);
    }),
    ("IAM-10", Pass, |estate| {
        policy(estate, r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"dynamodb:*","Resource":"*"}"#);
    }),
    ("IAM-10", Unknown, |estate| table(estate).policy = seen(Some("<html>".to_owned()))),
    ("IAM-10", Unknown, |estate| table(estate).policy = denied("dynamodb:GetResourcePolicy")),
    ("IAM-12", NotApplicable, |_| {}),
    ("IAM-12", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("IAM-12", Pass, |estate| {
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"dynamodb:GetItem","Resource":"*"}"#,
        );
    }),
    ("IAM-12", Fail, |estate| policy(estate, &service(""))),
    ("IAM-12", Warn, |estate| policy(estate, &service(r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#))),
    ("IAM-12", Pass, |estate| {
        policy(
            estate,
            &service(
                r#""StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:dynamodb:*:1:table/a"}"#,
            ),
        );
    }),
    ("IAM-12", Warn, |estate| {
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"dynamodb:GetItem","Resource":"*"}"#,
        );
    }),
    ("IAM-12", Warn, |estate| {
        replica(estate);
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"dynamodb:AssociateTableReplica","Resource":"*"}"#,
        );
    }),
    ("IAM-12", Unknown, |estate| {
        table(estate).description = denied("dynamodb:DescribeTable");
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"dynamodb:Associate*","Resource":"*"}"#,
        );
    }),
    ("IAM-12", Pass, |estate| {
        table(estate).description = denied("dynamodb:DescribeTable");
        policy(
            estate,
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"dynamodb:GetItem","Resource":"*"}"#,
        );
    }),
    ("IAM-12", Fail, |estate| {
        policy(estate, &service(r#""StringLike":{"aws:SourceAccount":"*"},"ArnLike":{"aws:SourceArn":"*"}"#));
    }),
    ("IAM-12", Unknown, |estate| table(estate).policy = denied("dynamodb:GetResourcePolicy")),
    ("IAM-12", Unknown, |estate| table(estate).policy = seen(Some("<html>".to_owned()))),
];

/// An allow for the service that replicates.
fn service(condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"replication.dynamodb.amazonaws.com"}},"Action":"dynamodb:ReplicateSettings","Resource":"*","Condition":{{{condition}}}}}"#
    )
}
