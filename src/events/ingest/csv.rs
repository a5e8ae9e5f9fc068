//! An answer of Athena, saved as CSV: a row a record, its columns those of the documented CloudTrail table, or one that
//! holds the record itself.

use serde_json::{Map, Value};

use crate::columns::Batch;
use crate::envelope::{self, Sink};
use crate::fields::Reader;

/// The columns of the table in CloudTrail's user guide, as the records' own keys.
const KEYS: [&str; 30] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "apiVersion",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
];

/// Keys within `userIdentity` and `resources`, which Athena knows in lower case.
const INNER: [&str; 22] = [
    "type",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "attributes",
    "mfaAuthenticated",
    "creationDate",
    "sessionIssuer",
    "webIdFederationData",
    "federatedProvider",
    "onBehalfOf",
    "userId",
    "identityStoreArn",
    "identityProvider",
    "ec2RoleDelivery",
    "inScopeOf",
    "ARN",
    "credentialId",
];

/// A CSV whose columns hold records.
pub struct Table<'a> {
    text: &'a str,
    header: Vec<String>,
}

impl<'a> Table<'a> {
    /// `None` for text that is no such thing.
    pub fn of(text: &'a str) -> Option<Self> {
        // A log file is one line of megabytes: it is told by how it begins.
        if text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let first = text.lines().next().unwrap_or_default();
        if !first.contains(',') && !is_record(first) {
            return None;
        }
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(first.as_bytes());
        let header: Vec<String> = rows.records().next()?.ok()?.iter().map(|name| name.trim().to_lowercase()).collect();
        let has = |name: &str| header.iter().any(|column| column == name);
        let known = has("eventname") && has("eventsource") || header.iter().any(|column| is_record(column));
        known.then_some(Self { text, header })
    }

    /// Reads every row.
    pub fn read(&self, reader: &Reader, batch: &mut Batch) {
        let rows = csv::ReaderBuilder::new().flexible(true).from_reader(self.text.as_bytes()).into_records();
        for row in rows {
            match row {
                Ok(row) => {
                    let record = self.record(&row);
                    let before = batch.mark();
                    envelope::read(&record, reader, batch);
                    if batch.mark() == before {
                        batch.broken(&record, "a row without an event's source and name");
                    }
                }
                Err(error) => batch.broken("", &format!("a row that is no CSV: {error}")),
            }
        }
    }

    fn record(&self, row: &csv::StringRecord) -> String {
        let mut record = Map::new();
        for (name, value) in self.header.iter().zip(row) {
            if is_record(name) && value.trim_start().starts_with('{') {
                return value.to_owned();
            }
            let key = KEYS.iter().find(|key| key.eq_ignore_ascii_case(name));
            let value = value.trim();
            if let (Some(key), false) = (key, value.is_empty() || value == "null") {
                record.insert((*key).to_owned(), value_of(key, value));
            }
        }
        Value::Object(record).to_string()
    }
}

fn is_record(column: &str) -> bool {
    ["cloudtrailevent", "record", "eventjson", "raw", "@message", "message"]
        .contains(&column.trim().to_lowercase().as_str())
}

fn value_of(key: &str, text: &str) -> Value {
    match (key, text) {
        ("readOnly", "true") => return Value::Bool(true),
        ("readOnly", "false") => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(['{', '[']) {
        return Value::String(text.to_owned());
    }
    // Strings of JSON are JSON; structures are printed by Athena in a way of its own.
    serde_json::from_str(text).unwrap_or_else(|_| Struct { rest: text }.value())
}

/// `{type=IAMUser, sessioncontext={attributes={…}}, …}`: no quotes, so that a value with `, name=` in it is cut there.
struct Struct<'a> {
    rest: &'a str,
}

impl Struct<'_> {
    fn value(&mut self) -> Value {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            Some('{') => {
                self.skip();
                let mut map = Map::new();
                while !self.rest.is_empty() && !self.rest.starts_with('}') {
                    let Some((name, rest)) = self.rest.split_once('=') else { break };
                    let name = name.trim_start_matches([',', ' ']);
                    let key = INNER.iter().find(|key| key.eq_ignore_ascii_case(name)).map_or(name, |key| key);
                    self.rest = rest;
                    let value = self.value();
                    if !value.is_null() {
                        map.insert(key.to_owned(), value);
                    }
                }
                self.skip();
                Value::Object(map)
            }
            Some('[') => {
                self.skip();
                let mut items = Vec::new();
                while !self.rest.is_empty() && !self.rest.starts_with(']') {
                    let before = self.rest.len();
                    items.push(self.value());
                    self.rest = self.rest.trim_start_matches([',', ' ']);
                    if self.rest.len() == before {
                        break;
                    }
                }
                self.skip();
                Value::Array(items)
            }
            _ => self.plain(),
        }
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// A value ends where the structure does, or where the next name begins.
    fn plain(&mut self) -> Value {
        let mut end = self.rest.len();
        for (at, sign) in self.rest.char_indices() {
            let named = || {
                let name = self.rest.get(at + 1..).unwrap_or_default().trim_start();
                name.split_once('=')
                    .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(char::is_alphanumeric))
            };
            if sign == '}' || sign == ']' || sign == ',' && named() {
                end = at;
                break;
            }
        }
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        match value.trim() {
            "" | "null" => Value::Null,
            text => Value::String(text.to_owned()),
        }
    }
}
