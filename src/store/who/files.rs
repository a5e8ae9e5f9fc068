//! What log files add to the answers, and what is not known of a table that files alone speak of.

use std::collections::BTreeSet;

use crate::model::{Arn, Cell, Origin, Scope, Table};
use crate::store::Store;
use crate::trail::ingest::FileKind;
use crate::trail::record::LOOKED_UP;

use super::Extent;

/// Odd files named one by one.
const NAMED: usize = 3;

/// Why something about a table is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// In words.
    pub why: String,
    /// What this makes of an answer.
    pub extent: Extent,
}

/// What could not be asked about a table that the estate does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why nothing is known of its account: trails, backups, metrics.
    pub account: Option<Unknown>,
    /// Why nothing is known of the table: key, stream, replicas, policy.
    pub table: Option<Unknown>,
}

impl Standing {
    pub fn of(store: &Store, table: &Table) -> Self {
        let unasked = |why: String| Some(Unknown { why, extent: Extent::Unasked });
        if store.estate().tables.contains_key(&table.arn) {
            return Self::default();
        }
        if store.origin() == Origin::Files {
            let why = || unasked("not asked, files alone".to_owned());
            return Self { account: why(), table: why() };
        }
        if !store.estate().scopes.contains(&table.scope) {
            let why = || unasked(format!("not asked: {} is not among the scopes read", table.scope));
            return Self { account: why(), table: why() };
        }
        let listed = store.estate().populations.get(&table.scope);
        let table = match listed.map(Cell::unknown_reason) {
            Some(None) => unasked(format!("no table of this name is in {} now", table.scope)),
            Some(Some(why)) => {
                Some(Unknown { why: format!("tables could not be listed: {why}"), extent: Extent::Incomplete })
            }
            None => Some(Unknown { why: "tables were not listed yet".to_owned(), extent: Extent::Incomplete }),
        };
        Self { account: None, table }
    }
}

/// A table that the estate does not hold, for whatever files say of it.
pub fn table(store: &Store, arn: &str) -> Option<Table> {
    store.load()?;
    let parsed = Arn::parse(arn)?;
    let name = parsed.table_name()?.to_owned();
    let whole = Arn::table(&parsed.partition, &parsed.region, &parsed.account, &name).to_string();
    Some(Table::listed(whole, name, Scope::new(parsed.account, parsed.region)))
}

/// The ARNs of tables of a name that events speak of.
pub fn tables(store: &Store, name: &str) -> Vec<String> {
    if store.load().is_none() {
        return Vec::new();
    }
    let events = store.events().by_table(name);
    let places: BTreeSet<(&str, &str)> =
        events.iter().filter(|event| !event.own()).map(|event| (event.account(), event.region())).collect();
    // An event that names no account is one of those that do.
    let named = |region: &str| places.iter().any(|(account, of)| !account.is_empty() && *of == region);
    let known = |region: &str| store.estate().tables.values().any(|of| of.name == name && of.scope.region == region);
    let stays = |(account, region): &&(&str, &str)| !account.is_empty() || !(named(region) || known(region));
    let arn = |(account, region): &(&str, &str)| {
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Arn::table(partition, region, account, name).to_string()
    };
    places.iter().filter(stays).map(arn).collect()
}

/// What was read of files, in words; `None` without any.
pub fn reach(store: &Store, unread: usize) -> Option<String> {
    let (load, events) = (store.load()?, store.events());
    let rows = events.brought(|origin| origin != LOOKED_UP);
    let files = if load.done == 1 { "1 file".to_owned() } else { format!("{} files", load.done) };
    let span = events.span_of(&rows).map_or_else(String::new, |(from, to)| format!(", {from:.0} to {to:.0}"));
    let mut text = format!("{} events of {files}{span}", rows.len());
    let troubled: Vec<_> = load.odd.iter().filter(|file| !file.whole).collect();
    if !troubled.is_empty() {
        let name = |file: &&crate::trail::ingest::FileReport| {
            format!("{}: {}", file.path, file.problem.as_deref().unwrap_or("not read"))
        };
        let named: Vec<String> = troubled.iter().take(NAMED).map(name).collect();
        let more = troubled.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("; not read whole: {}{more}", named.join(", ")));
    }
    let foreign = load.kinds.get(&FileKind::Foreign).copied().unwrap_or_default();
    if foreign > 0 {
        text.push_str(&format!("; {foreign} without a record"));
    }
    let tally = events.tally();
    if tally.broken > 0 {
        let broken: BTreeSet<&str> = events.broken().iter().map(|of| &*of.origin).collect();
        let some: Vec<&str> = broken.iter().copied().take(NAMED).collect();
        let more = if broken.len() > NAMED { " and more" } else { "" };
        text.push_str(&format!("; {} broken records in {}{more}", tally.broken, some.join(", ")));
    }
    if tally.evicted > 0 {
        text.push_str(&format!("; {} older events were let go: --max-memory bounds them", tally.evicted));
    }
    if unread > 0 {
        text.push_str(&format!("; {unread} files could not be read again: text in their records was not searched"));
    }
    text.push_str("; what other files hold is not known");
    Some(text)
}
