//! What a row of each kind consists of: the one definition that views, filters and exports share.
//!
//! A row borrows the store and makes nothing until asked: a filter reads the fields it names, an export the whole.
//! Invariant: a value that could not be read is `Field::Unknown` and `null` in JSON, with its reason beside it.

mod activity;
mod check;
mod detective;
mod drift;
pub mod lanes;
mod network;
pub mod practices;
mod records;
mod resource;
mod table;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::model::{CallRef, Cell, Scope, Seen, Source, second};
use crate::trail::query::{Field, FieldSpec, Kind, Row, Schema};

use super::Store;

pub use activity::{CallRow, EventRow, SourceRow, event_field};
pub use check::CheckRow;
pub use detective::{ComplianceRow, FindingRow};
pub use drift::DriftRow;
pub use lanes::CrossingRow;
pub use network::{EndpointRow, TrailRow};
pub use practices::PracticeRow;
pub use records::Records;
pub(crate) use resource::place;
pub use resource::{ResourceRow, SCHEMA as RESOURCES};
pub use table::{TableRow, badness};

/// A row that can be exported.
pub trait Entry: Row {
    /// The row as JSON: `null` for what could not be read, with the reason in `unknown{field: reason}`.
    fn json(&self) -> Value;
}

/// The kinds of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// DynamoDB tables.
    Tables,
    /// GuardDuty findings.
    Findings,
    /// What Config rules say about resources.
    Compliance,
    /// Drifts, and stacks that tell of none.
    Drift,
    /// VPC endpoints.
    Endpoints,
    /// Trails.
    Trails,
    /// CloudTrail events.
    Events,
    /// Sources and how fresh they are.
    Sources,
    /// Calls this program made.
    Calls,
    /// What controls say about resources.
    Checks,
    /// Who reaches the tables of a domain.
    Lanes,
    /// Practices, and how what answers for them stands.
    Practices,
}

impl RowKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Tables,
        Self::Findings,
        Self::Compliance,
        Self::Drift,
        Self::Endpoints,
        Self::Trails,
        Self::Events,
        Self::Sources,
        Self::Calls,
        Self::Checks,
        Self::Lanes,
        Self::Practices,
    ];

    /// The fields of its rows.
    #[must_use]
    pub fn schema(self) -> &'static Schema {
        match self {
            Self::Tables => &table::SCHEMA,
            Self::Findings => &detective::FINDINGS,
            Self::Compliance => &detective::COMPLIANCE,
            Self::Drift => &drift::SCHEMA,
            Self::Endpoints => &network::ENDPOINTS,
            Self::Trails => &network::TRAILS,
            Self::Events => &activity::EVENTS,
            Self::Sources => &activity::SOURCES,
            Self::Calls => &activity::CALLS,
            Self::Checks => &check::SCHEMA,
            Self::Lanes => &lanes::SCHEMA,
            Self::Practices => &practices::SCHEMA,
        }
    }

    /// The fields that fit a line of a terminal.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Tables => &[
                "verdict",
                "name",
                "account",
                "region",
                "class",
                "key.kind",
                "pitr.enabled",
                "pitr.window",
                "deletion_protection",
                "backups.count",
            ],
            Self::Findings => {
                &["severity", "age", "state", "type", "principal", "access_key", "ip", "table", "account", "region"]
            }
            Self::Compliance => &["compliance", "rule", "resource", "account", "region", "recorded", "annotation"],
            Self::Drift => {
                &["state", "severity", "resource", "setting", "was", "is", "since", "by", "lowers", "source", "region"]
            }
            Self::Endpoints => &["verdict", "id", "type", "state", "vpc", "service", "account", "region"],
            Self::Trails => {
                &["logging", "name", "account", "region", "multi_region", "validation", "delivered", "selectors"]
            }
            Self::Events => &["time", "risk", "name", "principal", "table", "ip", "error", "account", "region"],
            Self::Sources => &["state", "source", "account", "region", "age", "error"],
            Self::Calls => &["at", "operation", "outcome", "millis", "attempts", "account", "region"],
            Self::Checks => &["verdict", "severity", "control", "resource", "reason"],
            Self::Practices => &["verdict", "number", "practice", "controls", "fail", "warn", "unknown", "pass"],
            Self::Lanes => &["verdict", "lane", "from", "who", "planes", "tables", "conditional", "through", "reason"],
        }
    }

    /// The sources its rows come from.
    #[must_use]
    pub fn sources(self) -> &'static [Source] {
        match self {
            Self::Tables => &[Source::Tables, Source::Keys, Source::Backups, Source::Network],
            // The tables of a finding come from events.
            Self::Findings => &[Source::Findings, Source::Events],
            Self::Compliance => &[Source::Compliance],
            Self::Drift => &[Source::Drift, Source::Tables, Source::Keys, Source::Events],
            Self::Endpoints => &[Source::Network],
            Self::Trails => &[Source::Trails],
            Self::Events => &[Source::Events],
            Self::Lanes => &[Source::Tables, Source::Network, Source::Settings],
            Self::Sources | Self::Calls | Self::Checks | Self::Practices => &Source::ALL,
        }
    }
}

impl Store {
    /// Every row of a kind, the worst or newest first.
    #[must_use]
    pub fn rows(&self, kind: RowKind) -> Vec<Box<dyn Entry + '_>> {
        fn boxed<'a, R: Entry + 'a>(rows: Vec<R>) -> Vec<Box<dyn Entry + 'a>> {
            rows.into_iter().map(|row| Box::new(row) as Box<dyn Entry + 'a>).collect()
        }
        match kind {
            RowKind::Tables => boxed(table::all(self)),
            RowKind::Findings => boxed(detective::findings(self)),
            RowKind::Compliance => boxed(detective::compliance(self)),
            RowKind::Drift => boxed(drift::all(self)),
            RowKind::Endpoints => boxed(network::endpoints(self)),
            RowKind::Trails => boxed(network::trails(self)),
            RowKind::Events => boxed(activity::events(self)),
            RowKind::Sources => boxed(activity::sources(self)),
            RowKind::Calls => boxed(activity::calls(self)),
            RowKind::Checks => boxed(check::all(self)),
            RowKind::Lanes => boxed(lanes::all(self)),
            RowKind::Practices => boxed(practices::all(self)),
        }
    }
}

/// A field as the text of a cell: lists joined by blanks, lengths of time in their largest units.
#[must_use]
pub fn field_text(field: &Field<'_>, kind: Kind) -> String {
    match field {
        Field::None => String::new(),
        Field::Unknown => "unknown".to_owned(),
        Field::Text(text) => text.clone().into_owned(),
        Field::Number(seconds) if kind == Kind::Duration => duration(*seconds),
        Field::Number(number) => format!("{number}"),
        Field::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Field::Time(at) => second(*at).to_string(),
        Field::Many(fields) => fields.iter().map(|field| field_text(field, kind)).collect::<Vec<_>>().join(" "),
    }
}

/// `35d`, `4h12m`, `52s`: the two largest units.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let total = seconds.max(0.0) as u64;
    let (days, hours, minutes, rest) = (total / 86_400, total / 3_600 % 24, total / 60 % 60, total % 60);
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{small_unit}"),
    };
    match (days, hours, minutes) {
        (1.., ..) => two(days, "d", hours, "h"),
        (0, 1.., _) => two(hours, "h", minutes, "m"),
        (0, 0, 1..) => two(minutes, "m", rest, "s"),
        (0, 0, 0) => format!("{rest}s"),
    }
}

const fn spec(name: &'static str, aliases: &'static [&'static str], kind: Kind, help: &'static str) -> FieldSpec {
    FieldSpec { name, aliases, kind, help }
}

/// Verdict words, mildest first.
const VERDICTS: &[&str] = &["n/a", "pass", "manual", "unknown", "warn", "fail"];
/// Severity words, mildest first.
const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];

/// The value of a cell as a field.
fn of_cell<'a, T>(cell: &'a Cell<T>, get: impl FnOnce(&'a T) -> Field<'a>) -> Field<'a> {
    cell.value().map_or(Field::Unknown, get)
}

fn many<'a>(texts: impl IntoIterator<Item = &'a str>) -> Field<'a> {
    Field::Many(texts.into_iter().map(Field::text).collect())
}

fn flag(value: Option<bool>) -> Field<'static> {
    value.map_or(Field::None, Field::Flag)
}

fn number(value: impl Into<f64>) -> Field<'static> {
    Field::Number(value.into())
}

/// Seconds since `at`.
fn age(now: Timestamp, at: Timestamp) -> f64 {
    now.duration_since(at).as_secs_f64()
}

fn age_field(now: Timestamp, at: Option<Timestamp>) -> Field<'static> {
    at.map_or(Field::None, |at| Field::Number(age(now, at)))
}

/// A row's JSON while it is put together.
struct Json {
    row: Map<String, Value>,
    unknown: Map<String, Value>,
    /// The calls that its values came from.
    calls: Vec<(CallRef, Timestamp)>,
}

impl Json {
    fn new() -> Self {
        Self { row: Map::new(), unknown: Map::new(), calls: Vec::new() }
    }

    fn put(&mut self, field: &str, value: impl Into<Value>) {
        self.row.insert(field.to_owned(), value.into());
    }

    fn unknown(&mut self, field: &str, reason: impl Into<Value>) {
        self.unknown.insert(field.to_owned(), reason.into());
    }

    /// A value of a cell, or null with the reason.
    fn cell<T>(&mut self, field: &str, cell: &Cell<T>, value: impl FnOnce(&T) -> Value) {
        let value = cell.value().map_or(Value::Null, value);
        self.row.insert(field.to_owned(), value);
        if let Some(reason) = cell.unknown_reason() {
            self.unknown(field, reason);
        }
        self.from(cell.seen.as_ref());
    }

    fn from<T>(&mut self, seen: Option<&Seen<T>>) {
        if let Some(seen) = seen
            && !self.calls.iter().any(|(call, at)| *call == seen.call && *at == seen.at)
        {
            self.calls.push((seen.call.clone(), seen.at));
        }
    }

    /// Ends the row: what is unknown, and how fresh the oldest of its values is.
    fn end(mut self, store: &Store, source: Source, scope: &Scope) -> Value {
        let now = store.estate().now;
        self.row.insert("unknown".to_owned(), Value::Object(std::mem::take(&mut self.unknown)));
        let oldest = self.calls.iter().min_by_key(|(_, at)| *at);
        let at = oldest.map(|(_, at)| *at).or_else(|| store.freshness_of(source, scope).and_then(|of| of.good));
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|(call, at)| json!({"operation": call.operation, "request_id": call.request_id, "at": at}))
            .collect();
        let freshness = json!({
            "at": at,
            "age_seconds": at.map(|at| now.duration_since(at).as_secs()),
            "origin": store.origin().word(),
            "operation": oldest.map(|(call, _)| call.operation),
            "request_id": oldest.map(|(call, _)| &*call.request_id),
            "calls": calls,
        });
        self.row.insert("freshness".to_owned(), freshness);
        Value::Object(self.row)
    }
}

/// A document that AWS gives as JSON text: as JSON where it is, else as the text.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests;
