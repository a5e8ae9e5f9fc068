//! Who used a table, as JSON and for people.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::store::who::{Line, Who};
use crate::store::{Coverage, Store};

use super::safe::{shortened, visible};

/// Writes the usual envelope; its rows are tables. `files` is what became of log files.
///
/// # Errors
/// When the output takes no more.
pub fn json(
    out: &mut dyn Write,
    store: &Store,
    coverage: &Coverage,
    files: Option<Value>,
    found: &[Who],
) -> io::Result<()> {
    let mut extra = Map::new();
    extra.insert("incomplete".to_owned(), json!(found.iter().any(Who::is_incomplete)));
    let rows = found.iter().map(|who| json!(who));
    super::json::envelope(out, store, coverage, files, extra, rows)
}

/// Writes sections with their reach, lines, and why there is none.
///
/// # Errors
/// When the output takes no more.
pub fn text(out: &mut dyn Write, store: &Store, found: &[Who]) -> io::Result<()> {
    for (index, who) in found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let since = who.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let origin = match store.origin() {
            crate::model::Origin::Live => String::new(),
            other => format!("{} · ", other.word().to_uppercase()),
        };
        writeln!(out, "{origin}who used {} in {}{since}", visible(&who.table), visible(&who.scope.to_string()))?;
        for section in &who.sections {
            let read = section.read.map(|at| format!(", read {at:.0}")).unwrap_or_default();
            let title = section.title.to_uppercase();
            writeln!(out, "\n{title}  {}{read}: {}", section.extent.word(), visible(&section.reach))?;
            let width = section.lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0).min(40);
            for line in &section.lines {
                writeln!(out, "  {}", one(line, width))?;
            }
            if let Some(empty) = &section.empty {
                writeln!(out, "  {} {}", section.extent.nothing(), visible(empty))?;
            }
        }
    }
    Ok(())
}

fn one(line: &Line, width: usize) -> String {
    let who = visible(&line.who);
    let who = shortened(&who, 60);
    let risk = line.risk.map(|risk| format!("{:<4} ", risk.short())).unwrap_or_default();
    let count = line.count.filter(|_| line.event.is_some()).map(|count| format!("{count}× ")).unwrap_or_default();
    let times = match (line.first, line.at) {
        (Some(first), Some(last)) if first != last => format!("  {first:.0} to {last:.0}"),
        (_, Some(at)) => format!("  {at:.0}"),
        _ => String::new(),
    };
    format!("{who:<width$}  {risk}{count}{}{times}", visible(&line.what))
}
