//! Athena over the documented CloudTrail table: the statement, and records made again from its columns.
//!
//! Source of the columns: Athena's user guide, "Create the table for CloudTrail logs". The table keeps each field of
//! a record in a column, so a record that comes back is put together anew: same fields and values, in the order of the
//! columns, without what the table has no column for.

use serde_json::{Map, Value};

use super::narrow::{Cond, Narrowed, narrow};
use super::sql::{Columns, Sql, quoted};
use super::{Engine, Name, Reads, Sight, Statement, Window, Work};
use crate::trail::query::Query;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Text.
    Text,
    /// Yes or no, written as text.
    Flag,
    /// A document, as its JSON text.
    Document,
    /// A list of resources.
    Resources,
    /// A map of texts.
    Map,
}

/// The leaves of a record: column of the table, and where in the record it belongs.
const LEAVES: [(&str, &[&str], Holds); 45] = {
    use Holds::{Document, Flag, Resources, Text};
    [
        ("eventversion", &["eventVersion"], Text),
        ("useridentity.type", &["userIdentity", "type"], Text),
        ("useridentity.principalid", &["userIdentity", "principalId"], Text),
        ("useridentity.arn", &["userIdentity", "arn"], Text),
        ("useridentity.accountid", &["userIdentity", "accountId"], Text),
        ("useridentity.accesskeyid", &["userIdentity", "accessKeyId"], Text),
        ("useridentity.username", &["userIdentity", "userName"], Text),
        ("useridentity.invokedby", &["userIdentity", "invokedBy"], Text),
        ("useridentity.onbehalfof.userid", &["userIdentity", "onBehalfOf", "userId"], Text),
        ("useridentity.onbehalfof.identitystorearn", &["userIdentity", "onBehalfOf", "identityStoreArn"], Text),
        (
            "useridentity.sessioncontext.sessionissuer.type",
            &["userIdentity", "sessionContext", "sessionIssuer", "type"],
            Text,
        ),
        (
            "useridentity.sessioncontext.sessionissuer.principalid",
            &["userIdentity", "sessionContext", "sessionIssuer", "principalId"],
            Text,
        ),
        (
            "useridentity.sessioncontext.sessionissuer.arn",
            &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
            Text,
        ),
        (
            "useridentity.sessioncontext.sessionissuer.accountid",
            &["userIdentity", "sessionContext", "sessionIssuer", "accountId"],
            Text,
        ),
        (
            "useridentity.sessioncontext.sessionissuer.username",
            &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
            Text,
        ),
        (
            "useridentity.sessioncontext.webidfederationdata.federatedprovider",
            &["userIdentity", "sessionContext", "webIdFederationData", "federatedProvider"],
            Text,
        ),
        (
            "useridentity.sessioncontext.webidfederationdata.attributes",
            &["userIdentity", "sessionContext", "webIdFederationData", "attributes"],
            Holds::Map,
        ),
        (
            "useridentity.sessioncontext.attributes.creationdate",
            &["userIdentity", "sessionContext", "attributes", "creationDate"],
            Text,
        ),
        (
            "useridentity.sessioncontext.attributes.mfaauthenticated",
            &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"],
            Text,
        ),
        ("useridentity.sessioncontext.ec2roledelivery", &["userIdentity", "sessionContext", "ec2RoleDelivery"], Text),
        ("eventtime", &["eventTime"], Text),
        ("eventsource", &["eventSource"], Text),
        ("eventname", &["eventName"], Text),
        ("awsregion", &["awsRegion"], Text),
        ("sourceipaddress", &["sourceIPAddress"], Text),
        ("useragent", &["userAgent"], Text),
        ("errorcode", &["errorCode"], Text),
        ("errormessage", &["errorMessage"], Text),
        ("requestparameters", &["requestParameters"], Document),
        ("responseelements", &["responseElements"], Document),
        ("additionaleventdata", &["additionalEventData"], Document),
        ("requestid", &["requestID"], Text),
        ("eventid", &["eventID"], Text),
        ("readonly", &["readOnly"], Flag),
        ("resources", &["resources"], Resources),
        ("eventtype", &["eventType"], Text),
        ("apiversion", &["apiVersion"], Text),
        ("recipientaccountid", &["recipientAccountId"], Text),
        ("serviceeventdetails", &["serviceEventDetails"], Document),
        ("sharedeventid", &["sharedEventID"], Text),
        ("vpcendpointid", &["vpcEndpointId"], Text),
        ("vpcendpointaccountid", &["vpcEndpointAccountId"], Text),
        ("eventcategory", &["eventCategory"], Text),
        ("sessioncredentialfromconsole", &["sessionCredentialFromConsole"], Text),
        ("edgedevicedetails", &["edgeDeviceDetails"], Document),
    ]
};

/// Leaves of structures that some tables lack; they are told from the rest by their column.
const LATER: [(&str, &[&str]); 7] = [
    ("addendum.reason", &["addendum", "reason"]),
    ("addendum.updatedfields", &["addendum", "updatedFields"]),
    ("addendum.originalrequestid", &["addendum", "originalRequestID"]),
    ("addendum.originaleventid", &["addendum", "originalEventID"]),
    ("tlsdetails.tlsversion", &["tlsDetails", "tlsVersion"]),
    ("tlsdetails.ciphersuite", &["tlsDetails", "cipherSuite"]),
    ("tlsdetails.clientprovidedhostheader", &["tlsDetails", "clientProvidedHostHeader"]),
];

fn leaves() -> impl Iterator<Item = (&'static str, &'static [&'static str], Holds)> {
    LEAVES.into_iter().chain(LATER.into_iter().map(|(column, path)| (column, path, Holds::Text))).chain([OURS])
}

/// The one column of ours: old records say their category by it alone.
const OURS: (&str, &[&str], Holds) = ("managementevent", &["managementEvent"], Holds::Flag);

/// The table that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// The column of the day of delivery, `2026/11/21`; empty for a table without one.
    pub day: String,
    /// The column of the path's region; empty for a table without one.
    pub region: String,
    /// The column of `managementEvent`, which the documented table lacks; empty for a table without one.
    pub management: String,
    /// Regions of the trail's path to keep to; empty for all.
    pub regions: Vec<String>,
}

/// Athena's price for a terabyte scanned. Source: its price list.
const DOLLARS: f64 = 5.0;
/// A query is charged for at least so many bytes.
const LEAST: u64 = 10_000_000;

/// Athena, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Athena {
    /// The table.
    pub table: Table,
    /// Records read at most.
    pub most: usize,
}

impl Engine for Athena {
    fn name(&self) -> Name {
        Name::Athena
    }

    fn sight(&self) -> Sight {
        Sight {
            sees: "what the trail records: management, data and network activity events",
            kept: "as long as the trail's bucket keeps its objects",
            late: "objects come about 5 minutes after the event, now and then much later: a day more is read",
            records: "made again from the columns of the CloudTrail table: fields without a column are not there",
        }
    }

    fn translate(&self, queries: &[Query], window: &Window) -> Result<Work, String> {
        Ok(Work::Statement(statement(queries, window, &self.table, self.most)))
    }

    fn dollars(&self, reads: Reads) -> Option<f64> {
        Some(reads.bytes?.max(LEAST) as f64 / 1e12 * DOLLARS)
    }
}

const COLUMNS: Columns = Columns { text: alias, everything: "everything", whole: false, typed_time: false };

/// What a leaf is called in the statement.
fn alias(column: &str) -> String {
    column.replace('.', "_")
}

/// A leaf's value as text, never null.
fn value(column: &str, holds: Holds) -> String {
    match holds {
        Holds::Resources | Holds::Map => format!("coalesce(json_format(CAST({column} AS JSON)), '')"),
        Holds::Text | Holds::Flag | Holds::Document => format!("coalesce({column}, '')"),
    }
}

/// The statement for these queries, in a window of time, and at most so many rows: the newest.
#[must_use]
pub fn statement(queries: &[Query], window: &Window, table: &Table, most: usize) -> Statement {
    let Narrowed { cond, residual } = narrow(queries, &Sql { columns: COLUMNS, now: window.now });
    let partitions = partitions(window, table);
    let mut conditions = Vec::new();
    let (first, last) = window.days();
    if !table.day.is_empty() {
        conditions.push(format!("{} BETWEEN '{first}' AND '{last}'", identifier(&table.day)));
    }
    if !table.regions.is_empty() && !table.region.is_empty() {
        let regions: Vec<String> = table.regions.iter().map(|region| quoted(region)).collect();
        conditions.push(format!("{} IN ({})", identifier(&table.region), regions.join(", ")));
    }
    let there = || leaves().filter(|(column, ..)| *column != OURS.0 || !table.management.is_empty());
    let value = |column: &str, holds| match column == OURS.0 {
        true => value(&identifier(&table.management), holds),
        false => value(column, holds),
    };
    let mut inner: Vec<String> =
        there().map(|(column, _, holds)| format!("{} AS {}", value(column, holds), alias(column))).collect();
    let (mut filter, mut never) = (String::new(), false);
    match cond {
        Cond::Always => {}
        Cond::Never => never = true,
        Cond::When(text) => filter = text,
    }
    if filter.contains("everything") {
        let parts: Vec<String> = there().map(|(column, _, holds)| value(column, holds)).collect();
        inner.push(format!("lower(concat_ws(' ', {})) AS everything", parts.join(", ")));
    }
    let source = format!("{}.{}", identifier(&table.database), identifier(&table.name));
    let mut inside = format!("SELECT {}\n  FROM {source}", inner.join(", "));
    if !conditions.is_empty() {
        inside.push_str(&format!("\n  WHERE {}", conditions.join(" AND ")));
    }
    let outer: Vec<String> = there().map(|(column, ..)| alias(column)).collect();
    let mut text = format!("WITH records AS (\n  {inside}\n)\nSELECT {}\nFROM records", outer.join(", "));
    if !filter.is_empty() {
        text.push_str(&format!("\nWHERE {filter}"));
    }
    text.push_str(&format!("\nORDER BY eventtime DESC, eventid\nLIMIT {}", most.saturating_add(1)));
    Statement { text, partitions, residual, never }
}

/// What of the table is read, in words.
fn partitions(window: &Window, table: &Table) -> Vec<String> {
    let mut words = Vec::new();
    let (first, last) = window.days();
    words.push(if table.day.is_empty() {
        "the whole table: it has no column of days".to_owned()
    } else {
        format!("{} {first} to {last}", table.day)
    });
    if !table.regions.is_empty() && !table.region.is_empty() {
        words.push(format!("{} {}", table.region, table.regions.join(", ")));
    }
    words
}

/// A name in double quotes.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A record from one row of results, by the names of the row's columns.
#[must_use]
pub fn rebuild(names: &[String], row: &[Option<String>]) -> String {
    let mut record = Map::new();
    for (column, path, holds) in leaves() {
        let name = alias(column);
        let Some(at) = names.iter().position(|of| of.eq_ignore_ascii_case(&name)) else { continue };
        let Some(text) = row.get(at).and_then(Option::as_deref).filter(|text| !text.is_empty()) else { continue };
        let value = match holds {
            Holds::Text => Value::String(text.to_owned()),
            Holds::Flag if text == "true" || text == "false" => Value::Bool(text == "true"),
            Holds::Flag => Value::String(text.to_owned()),
            Holds::Document | Holds::Map => document(text),
            Holds::Resources => resources(text),
        };
        if !matches!(value, Value::Null) {
            put(&mut record, path, value);
        }
    }
    Value::Object(record).to_string()
}

/// A document is an object or a list; anything else was a text in the record.
fn document(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_) | Value::Null)) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Resources, which older versions of the engine write as lists of their values, newer ones as objects.
fn resources(text: &str) -> Value {
    let Ok(Value::Array(items)) = serde_json::from_str(text) else { return document(text) };
    let named = |item: Value| {
        let pairs: Vec<(&str, Value)> = match item {
            Value::Array(values) => ["ARN", "accountId", "type"].into_iter().zip(values).collect(),
            Value::Object(mut fields) => ["arn", "accountid", "type"]
                .into_iter()
                .zip(["ARN", "accountId", "type"])
                .filter_map(|(column, name)| Some((name, fields.remove(column)?)))
                .collect(),
            other => return other,
        };
        let there = pairs.into_iter().filter(|(_, value)| !value.is_null());
        Value::Object(there.map(|(name, value)| (name.to_owned(), value)).collect())
    };
    Value::Array(items.into_iter().map(named).collect())
}

fn put(into: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            into.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = into.entry(*first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
