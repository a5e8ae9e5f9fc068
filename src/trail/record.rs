//! One CloudTrail record, as JSON text, read into a [`crate::model::Event`]; and events as columns.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::Event;

use super::columns::Batch;
use super::fields::{Fields, Identity, Reader, Tls};
use super::json::Str;
use super::{EventRef, Events};

pub use super::columns::OWN_AGENT;

/// The origin of events that an API brought.
pub const LOOKED_UP: &str = "cloudtrail:LookupEvents";

/// Why a record could not be understood; the text itself is kept by whoever delivered it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BrokenRecord {
    /// In words: `not JSON: …`.
    pub reason: String,
}

/// Reads one record.
///
/// # Errors
/// When the text holds no record, or more than one. Any field may be missing or of a wrong type: the event then says
/// less, and the record itself is still at hand in `raw`.
pub fn parse(raw: &str) -> Result<Event, BrokenRecord> {
    let mut events = Events::default();
    events.push(raw, &Arc::from(""), &Reader::default());
    events.settle();
    let mut found = events.newest_first();
    match (found.next(), found.next(), events.broken().first()) {
        (Some(event), None, None) => Ok(of(event)),
        (_, _, Some(broken)) => Err(BrokenRecord { reason: broken.reason.clone() }),
        (None, ..) => Err(BrokenRecord { reason: "no eventSource, or neither eventName nor eventVersion".to_owned() }),
        (Some(_), Some(_), _) => Err(BrokenRecord { reason: "several records in one".to_owned() }),
    }
}

fn of(event: EventRef<'_>) -> Event {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Event {
        id: event.id().into_owned(),
        time: event.time(),
        name: event.name().to_owned(),
        source: event.source().to_owned(),
        region: event.region().to_owned(),
        account: event.account().to_owned(),
        principal: event.principal().to_owned(),
        principal_arn: own(event.principal_arn()),
        session: own(event.session()),
        access_key: own(event.access_key()),
        ip: own(event.ip()),
        user_agent: own(event.user_agent()),
        read_only: event.read_only(),
        error: own(event.error()),
        tables: event.tables().map(str::to_owned).collect(),
        vpce: own(event.vpce()),
        tls: [event.tls(), event.key_exchange(), event.host()].map(own),
        console: event.from_console(),
        category: event.category(),
        own: event.own(),
        raw: event.record().into_owned(),
    }
}

/// Events that an API brought, as columns.
#[must_use]
pub fn batch(events: &[Event]) -> Batch {
    let mut batch = Batch::graded(super::GRADER);
    batch.from(&Arc::from(LOOKED_UP));
    for event in events {
        let time = event.time.to_string();
        let principal_id = event.session.as_ref().map(|session| format!(":{session}"));
        fn text(text: &str) -> Option<Str<'_>> {
            Some(Str { raw: text, escaped: false }).filter(|text| !text.raw.is_empty())
        }
        let kind = if event.session.is_some() { "AssumedRole" } else { "IAMUser" };
        let fields = Fields {
            raw: &event.raw,
            id: text(&event.id),
            // A record without a time stays one.
            time: text(&time).filter(|_| event.time != Timestamp::UNIX_EPOCH),
            name: text(&event.name),
            source: text(&event.source),
            region: text(&event.region),
            account: text(&event.account),
            address: event.ip.as_deref().and_then(text),
            agent: event.user_agent.as_deref().and_then(text),
            error: event.error.as_deref().and_then(text),
            vpce: event.vpce.as_deref().and_then(text),
            tls: Tls {
                version: event.tls[0].as_deref().and_then(text),
                exchange: event.tls[1].as_deref().and_then(text),
                host: event.tls[2].as_deref().and_then(text),
            },
            console: Some(event.console),
            category: text(event.category.word()),
            read_only: event.read_only,
            identity: Identity {
                kind: text(kind),
                principal_id: principal_id.as_deref().and_then(text),
                arn: event.principal_arn.as_deref().and_then(text),
                access_key: event.access_key.as_deref().and_then(text),
                user: text(&event.principal),
                issuer: text(&event.principal),
                ..Identity::default()
            },
            tables: event.tables.iter().map(|name| name.as_str().into()).collect(),
            ..Fields::default()
        };
        batch.push(&fields, None);
    }
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::EventCategory;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
    fn record(fields: Value) -> Event {
        let mut record = json!({
            "eventID": "e-1", "eventTime": "2026-11-21T02:58:02Z", "eventName": "UpdateTable",
            "eventSource": "dynamodb.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
        });
        for (key, value) in fields.as_object().unwrap() {
            record[key] = value.clone();
        }
        parse(&record.to_string()).unwrap()
    }

    #[test]
    fn an_assumed_role_is_named_by_its_role_and_its_session() {
        let event = record(json!({
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:i-0abc", "accessKeyId": "ASIAEXAMPLE",
                "arn": "arn:aws:sts::111122223333:assumed-role/app-orders/i-0abc", "accountId": "111122223333",
                "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "app-orders"}}
            },
            "sourceIPAddress": "203.0.113.7", "readOnly": false, "eventCategory": "Management",
            "requestParameters": {"tableName": "orders"}, "vpcEndpointId": "vpce-1",
        }));
        assert_eq!((event.principal.as_str(), event.session.as_deref()), ("app-orders", Some("i-0abc")));
        assert_eq!(event.access_key.as_deref(), Some("ASIAEXAMPLE"));
        assert_eq!(event.ip.as_deref(), Some("203.0.113.7"));
        assert_eq!((event.read_only, event.category), (Some(false), EventCategory::Management));
        assert_eq!(event.tables, ["orders"]);
        assert_eq!(event.vpce.as_deref(), Some("vpce-1"));
        assert!(event.raw.contains("assumed-role/app-orders"));
        assert!(!event.own);
    }

    #[test]
    fn every_kind_of_identity_has_a_name() {
        let who = |identity: Value| {
            let event = record(json!({ "userIdentity": identity }));
            (event.principal, event.session)
        };
        let name = |text: &str| (text.to_owned(), None);
        assert_eq!(
            who(json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/jo@example.com"})),
            ("Admin".to_owned(), Some("jo@example.com".to_owned()))
        );
        assert_eq!(who(json!({"type": "IAMUser", "userName": "alice"})), name("alice"));
        assert_eq!(who(json!({"type": "IAMUser", "arn": "arn:aws:iam::1:user/ops/bob"})), name("bob"));
        assert_eq!(who(json!({"type": "Root", "arn": "arn:aws:iam::1:root"})), name("root"));
        assert_eq!(
            who(json!({"type": "AWSService", "invokedBy": "dynamodb.amazonaws.com"})),
            name("dynamodb.amazonaws.com")
        );
        assert_eq!(who(json!({"type": "AWSAccount", "accountId": "444455556666"})), name("444455556666"));
        assert_eq!(
            who(json!({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/carol",
                "sessionContext": {"sessionIssuer": {"userName": "broker"}}})),
            name("carol")
        );
        assert_eq!(who(json!({"type": "SAMLUser", "userName": "dave"})), name("dave"));
        assert_eq!(who(json!({"type": "WebIdentityUser", "userName": "1234", "principalId": "x"})), name("1234"));
        assert_eq!(who(json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}})), name("u-1"));
        assert_eq!(who(json!({"principalId": "AIDAEXAMPLE"})), name("AIDAEXAMPLE"));
        assert_eq!(who(Value::Null), name("unknown"));
    }

    #[test]
    fn tables_are_found_wherever_calls_name_them() {
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let of = |parameters: Value| record(json!({ "requestParameters": parameters })).tables;
        assert_eq!(of(json!({"tableName": arn})), ["orders"]);
        assert_eq!(of(json!({"resourceArn": format!("{arn}/stream/2026")})), ["orders"]);
        assert_eq!(of(json!({"sourceTableName": "a", "targetTableName": "b"})), ["a", "b"]);
        assert_eq!(of(json!({"globalTableName": "g"})), ["g"]);
        assert_eq!(of(json!({"requestItems": {"a": {}, arn: {}}})), ["a", "orders"]);
        assert_eq!(
            of(json!({"transactItems": [{"put": {"tableName": "a"}}, {"delete": {"tableName": "b"}}]})),
            ["a", "b"]
        );
        assert_eq!(of(json!({"tableName": "a", "key": {"tableName": "attribute"}})), ["a"]);
        let elsewhere = |source: &str, fields: Value| {
            let mut fields = fields;
            fields["eventSource"] = json!(source);
            record(fields).tables
        };
        assert_eq!(
            elsewhere(
                "kms.amazonaws.com",
                json!({"requestParameters": {"encryptionContext": {"aws:dynamodb:tableName": "orders"}}})
            ),
            ["orders"]
        );
        assert_eq!(
            elsewhere(
                "kms.amazonaws.com",
                json!({"requestParameters": {"encryptionContext": {"awsDynamodbTableName": "orders"}}})
            ),
            ["orders"]
        );
        assert_eq!(elsewhere("backup.amazonaws.com", json!({"resources": [{"ARN": arn}]})), ["orders"]);
        assert_eq!(
            elsewhere(
                "lambda.amazonaws.com",
                json!({"responseElements": {"eventSourceArn": format!("{arn}/stream/x")}})
            ),
            ["orders"]
        );
        assert!(
            elsewhere("glue.amazonaws.com", json!({"requestParameters": {"tableName": "orders"}})).is_empty(),
            "another service's tables are none of DynamoDB's"
        );
    }

    #[test]
    fn our_own_calls_are_known_by_the_app_id() {
        let agent = "aws-sdk-rust/1.3 os/linux lang/rust/1.95 app/dynakeep";
        assert!(record(json!({ "userAgent": agent })).own);
    }

    #[test]
    fn what_is_no_record_is_named_and_wrong_types_cost_one_field() {
        for raw in ["{}", "[]", r#"{"eventID":"e","eventSource":"s"}"#] {
            let reason = parse(raw).unwrap_err().to_string();
            assert_eq!(reason, "no eventSource, or neither eventName nor eventVersion", "{raw}");
        }
        assert!(parse(r#"{"eventVersion":"1.05","eventID":"#).unwrap_err().reason.contains("ends in the middle"));
        let event = record(json!({"userAgent": 7, "requestParameters": "none", "readOnly": "true", "resources": 3}));
        assert_eq!((event.user_agent, event.read_only), (None, Some(true)));
        let nameless = parse(r#"{"eventVersion":"1.05","eventSource":"s"}"#).unwrap();
        assert_eq!((nameless.id.as_str(), nameless.name.as_str(), nameless.time), ("", "", Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn a_record_without_a_time_is_not_of_1970() {
        let timeless = parse(r#"{"eventVersion":"1.05","eventSource":"s","eventName":"N"}"#).unwrap();
        let mut events = Events::default();
        events.absorb(batch(&[timeless]));
        events.settle();
        assert_eq!(events.newest_first().map(EventRef::when).collect::<Vec<_>>(), [None]);
    }
}
