//! What AWS Config recorded: each configuration item against the one before it, noise left out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::controls::accepted;
use crate::model::{Cell, ConfigItem, Estate, History, Table};
use crate::store::Store;
use crate::trail::settings::of_recorded;

use super::{DriftSource, Said};

/// Parts of a table's item that change by themselves.
const NOISE: [&str; 14] = [
    "itemcount",
    "tablesizebytes",
    "indexsizebytes",
    "tablestatus",
    "indexstatus",
    "lastincreasedatetime",
    "lastdecreasedatetime",
    "numberofdecreasestoday",
    "lastupdatetopayperrequestdatetime",
    "latestrestorabledatetime",
    "earliestrestorabledatetime",
    "lateststreamlabel",
    "tablesizeinbytes",
    "lastupdatedatetime",
];

/// How deep items nest at most.
const DEPTH: usize = 32;

/// A setting that two items that follow each other tell differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The setting, or the path in the item where it has no other name.
    pub setting: String,
    /// What the item before says.
    pub was: Option<String>,
    /// What the item says.
    pub is: Option<String>,
    /// When the item before was captured.
    pub before: Timestamp,
    /// When the item was captured.
    pub at: Timestamp,
}

impl Store {
    /// What Config recorded of a table that changed, newest first.
    ///
    /// # Errors
    /// In words, why that is not known.
    pub fn recorded(&self, arn: &str) -> Result<Vec<Recorded>, String> {
        let Some(cell) = self.estate.histories.get(arn) else {
            return Err("not asked: Config is asked for what drifted, changed or is looked at".to_owned());
        };
        match cell.known() {
            Some(Ok(seen)) if !seen.value.recorded => Err("Config does not record this table".to_owned()),
            Some(Ok(seen)) => Ok(changes(&seen.value)),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("not read yet".to_owned()),
        }
    }
}

/// What changed from item to item, newest first.
pub(super) fn changes(history: &History) -> Vec<Recorded> {
    let pairs = history.items.iter().zip(history.items.iter().skip(1));
    let told = |item: &ConfigItem| !item.configuration.is_null() && !item.status.starts_with("ResourceDeleted");
    let mut all = Vec::new();
    for (item, before) in pairs.filter(|(item, before)| told(item) && told(before)) {
        let (now, then) = (flat(item), flat(before));
        let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
        let differ = names.into_iter().filter(|name| now.get(*name) != then.get(*name));
        all.extend(differ.map(|name| Recorded {
            setting: of_recorded(name),
            was: then.get(name).cloned(),
            is: now.get(name).cloned(),
            before: before.captured,
            at: item.captured,
        }));
    }
    all
}

/// An item's parts by their paths.
fn flat(item: &ConfigItem) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    walk(&item.configuration, "", 0, &mut parts);
    for (name, value) in &item.supplementary {
        walk(value, name, 0, &mut parts);
    }
    parts.extend(item.tags.iter().map(|(key, value)| (format!("tag:{key}"), value.clone())));
    parts
}

fn walk(value: &Value, path: &str, depth: usize, parts: &mut BTreeMap<String, String>) {
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    if NOISE.contains(&last.as_str()) || value.is_null() {
        return;
    }
    match value {
        Value::Object(members) if depth < DEPTH => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(value, &path, depth + 1, parts);
            }
        }
        Value::String(text) => {
            parts.insert(path.to_owned(), text.clone());
        }
        other => {
            parts.insert(path.to_owned(), other.to_string());
        }
    }
}

/// What Config says of a table: the newest change of each setting that is still as that change left it.
pub(super) fn said(estate: &Estate, table: &Table) -> Vec<(String, Said, Timestamp)> {
    let Some(history) = estate.histories.get(&table.arn).and_then(Cell::value) else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let newest = changes(history).into_iter().filter(|of| seen.insert(of.setting.clone()));
    let still = |of: &Recorded| match accepted::read(estate, table, &of.setting) {
        Ok(Some(reading)) => of.is.as_deref() == Some(&*reading.value.words(&of.setting, 4_000)),
        _ => false,
    };
    newest
        .filter(still)
        .map(|of| {
            let note = format!("recorded {} before it", of.before.strftime("%Y-%m-%d %H:%MZ"));
            let said = Said { source: DriftSource::Config, was: of.was, is: of.is, at: Some(of.at), note };
            (of.setting, said, of.before)
        })
        .collect()
}
