//! What AWS Config recorded of a resource, item by item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// A configuration item.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigItem {
    /// `configurationItemCaptureTime`
    pub captured: Timestamp,
    /// `OK`, `ResourceDiscovered`, `ResourceDeleted` …
    pub status: String,
    /// `configuration`: the resource as its service describes it.
    pub configuration: Value,
    /// `supplementaryConfiguration`, part by part.
    pub supplementary: BTreeMap<String, Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `relatedEvents`: ids of CloudTrail events, where Config names some.
    pub events: Vec<String>,
}

/// The newest items of a resource, newest first; empty with `recorded` false where Config does not record it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The items.
    pub items: Vec<ConfigItem>,
    /// How many more there are that could not be understood.
    pub broken: usize,
    /// All of them as Config sent them, a JSON list.
    pub raw: Box<str>,
    /// Config knows the resource.
    pub recorded: bool,
}
