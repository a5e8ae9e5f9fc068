//! One CloudTrail record, as JSON text, read into a [`crate::model::Event`].
//!
//! Source of the shapes: the CloudTrail user guide, "CloudTrail record contents" and "userIdentity element".

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::model::{Arn, Event, EventCategory};

/// Why a record could not be understood; the text itself is kept by whoever delivered it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BrokenRecord {
    /// In words: `no eventID`, `not JSON: …`.
    pub reason: String,
}

/// What the user agent of this program's own calls holds: the SDK's spelling of the application id.
pub const OWN_AGENT: &str = "app/dynakeep";

type Object = Map<String, Value>;

/// Reads one record.
///
/// # Errors
/// When the text is no JSON object, or lacks an `eventID`, `eventTime` or `eventName`. Any other field may be
/// missing or of a wrong type: the event then says less, and the record itself is still at hand in `raw`.
pub fn parse(raw: &str) -> Result<Event, BrokenRecord> {
    let value: Value = serde_json::from_str(raw).map_err(|error| broken(format!("not JSON: {error}")))?;
    let Value::Object(record) = value else { return Err(broken("not a JSON object")) };
    let need = |key: &str| text(&record, key).ok_or_else(|| broken(format!("no {key}")));
    let (id, name, time) = (need("eventID")?, need("eventName")?, need("eventTime")?);
    let time = time.parse::<Timestamp>().map_err(|_| broken(format!("eventTime is no time: {time}")))?;
    let source = text(&record, "eventSource").unwrap_or_default();
    let none = Map::new();
    let identity = object(&record, "userIdentity").unwrap_or(&none);
    let principal_arn = text(identity, "arn");
    let user_agent = text(&record, "userAgent");
    Ok(Event {
        id,
        time,
        name,
        region: text(&record, "awsRegion").unwrap_or_default(),
        account: text(&record, "recipientAccountId").or_else(|| text(identity, "accountId")).unwrap_or_default(),
        principal: principal(identity),
        session: session(identity),
        principal_arn,
        access_key: text(identity, "accessKeyId"),
        ip: text(&record, "sourceIPAddress"),
        own: user_agent.as_deref().is_some_and(|agent| agent.contains(OWN_AGENT)),
        user_agent,
        read_only: flag(&record, "readOnly"),
        error: text(&record, "errorCode"),
        tables: tables(&record, &source),
        source,
        vpce: text(&record, "vpcEndpointId"),
        category: category(&record),
        raw: raw.to_owned(),
    })
}

fn broken(reason: impl Into<String>) -> BrokenRecord {
    BrokenRecord { reason: reason.into() }
}

/// A text field that says something.
fn text(of: &Object, key: &str) -> Option<String> {
    of.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn object<'a>(of: &'a Object, key: &str) -> Option<&'a Object> {
    of.get(key)?.as_object()
}

/// Booleans are now and then delivered as text.
fn flag(of: &Object, key: &str) -> Option<bool> {
    match of.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

fn category(record: &Object) -> EventCategory {
    match record.get("eventCategory").and_then(Value::as_str) {
        Some("Management") => EventCategory::Management,
        Some("Data") => EventCategory::Data,
        Some("NetworkActivity") => EventCategory::NetworkActivity,
        Some("Insight") => EventCategory::Insight,
        Some(_) => EventCategory::Other,
        // Records older than version 1.07 have no category, but may say whether they are of the control plane.
        None => match flag(record, "managementEvent") {
            Some(true) => EventCategory::Management,
            Some(false) => EventCategory::Data,
            None => EventCategory::Other,
        },
    }
}

/// Who, in one word.
fn principal(identity: &Object) -> String {
    let kind = identity.get("type").and_then(Value::as_str).unwrap_or_default();
    let arn = text(identity, "arn").and_then(|arn| Arn::parse(&arn));
    // The resource of an identity's ARN: `assumed-role/Role/session`, `user/path/name`, `federated-user/name`.
    let resource = arn.as_ref().map(|arn| arn.resource.as_str()).unwrap_or_default();
    let last = resource.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    let issuer = || object(object(identity, "sessionContext")?, "sessionIssuer").and_then(|of| text(of, "userName"));
    let named = || text(identity, "userName");
    let found = match kind {
        "AssumedRole" => issuer().or_else(|| resource.split('/').nth(1).map(str::to_owned)).or_else(named),
        "Root" => Some("root".to_owned()),
        "AWSService" => text(identity, "invokedBy"),
        "AWSAccount" => text(identity, "accountId"),
        "FederatedUser" => last.clone().or_else(issuer),
        "IdentityCenterUser" => named().or_else(|| text(object(identity, "onBehalfOf")?, "userId")),
        // IAMUser, Role, SAMLUser, WebIdentityUser, Directory, Unknown
        _ => named().or_else(|| last.clone()).or_else(issuer),
    };
    found
        .or(last)
        .or_else(|| text(identity, "principalId"))
        .or_else(|| text(identity, "invokedBy"))
        .or_else(|| text(identity, "accountId"))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The session's name: the last part of the ARN of an assumed role, or what follows the role's id.
fn session(identity: &Object) -> Option<String> {
    let arn = text(identity, "arn").and_then(|arn| Arn::parse(&arn));
    if let Some(rest) = arn.as_ref().and_then(|arn| arn.resource.strip_prefix("assumed-role/")) {
        return rest.split_once('/').map(|(_, session)| session.to_owned());
    }
    if identity.get("type").and_then(Value::as_str) != Some("AssumedRole") {
        return None;
    }
    let id = text(identity, "principalId")?;
    id.split_once(':').map(|(_, session)| session.to_owned())
}

/// Names of every table the record speaks of, sorted.
fn tables(record: &Object, source: &str) -> Vec<String> {
    let dynamodb = source.starts_with("dynamodb") || source.starts_with("dax.");
    let mut found = BTreeSet::new();
    for part in ["requestParameters", "responseElements", "serviceEventDetails"] {
        if let Some(value) = record.get(part) {
            gather(value, dynamodb, &mut found);
        }
    }
    for resource in record.get("resources").and_then(Value::as_array).into_iter().flatten() {
        for key in ["ARN", "arn"] {
            if let Some(Value::String(arn)) = resource.get(key) {
                found.extend(table_of_arn(arn));
            }
        }
    }
    found.into_iter().collect()
}

/// Keys whose value names a table, in a call to DynamoDB, by its name or ARN.
const NAMING: [&str; 7] =
    ["tableName", "tableArn", "resourceArn", "sourceTableName", "targetTableName", "globalTableName", "sourceTableArn"];
/// Item content: an attribute called `tableName` names no table.
const CONTENT: [&str; 5] = ["key", "item", "items", "expressionAttributeValues", "expressionAttributeNames"];

fn gather(value: &Value, dynamodb: bool, found: &mut BTreeSet<String>) {
    match value {
        // Whatever the service, the ARN of a table says which table is meant.
        Value::String(text) => found.extend(table_of_arn(text)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, dynamodb, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(name) if dynamodb && NAMING.contains(&key.as_str()) => found.extend(table(name)),
                    Value::String(name) if is_context_key(key) => found.extend(table(name)),
                    // Batch calls: the table's name is the key.
                    Value::Object(items) if dynamodb && key == "requestItems" => {
                        found.extend(items.keys().filter_map(|name| table(name)));
                    }
                    _ if dynamodb && CONTENT.contains(&key.as_str()) => {}
                    _ => gather(value, dynamodb, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `aws:dynamodb:tableName` of a KMS call's encryption context, as it is or in the camel case of some trails.
fn is_context_key(key: &str) -> bool {
    key == "aws:dynamodb:tableName"
        || key
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .eq("awsdynamodbtablename".chars())
}

/// A table's name, given as one or as an ARN.
fn table(text: &str) -> Option<String> {
    if text.starts_with("arn:") {
        return table_of_arn(text);
    }
    Some(text.to_owned()).filter(|name| !name.is_empty())
}

fn table_of_arn(text: &str) -> Option<String> {
    let arn = text.starts_with("arn:").then(|| Arn::parse(text)).flatten()?;
    let global = || arn.resource.strip_prefix("global-table/").filter(|_| arn.service == "dynamodb");
    arn.table_name().or_else(global).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn what_is_missing_is_named_and_wrong_types_cost_one_field() {
        for (raw, reason) in [
            ("{}", "no eventID"),
            ("[]", "not a JSON object"),
            (r#"{"eventID":"e","eventName":"x","eventTime":"yesterday"}"#, "eventTime is no time: yesterday"),
        ] {
            assert_eq!(parse(raw).unwrap_err().to_string(), reason);
        }
        assert!(parse("{\"eventID\":").unwrap_err().reason.starts_with("not JSON"));
        let event = record(json!({"userAgent": 7, "requestParameters": "none", "readOnly": "true", "resources": 3}));
        assert_eq!((event.user_agent, event.read_only), (None, Some(true)));
    }
}
