//! Rows as an aligned table for people.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::store::rows::{Entry, RowKind, duration, field_text};
use crate::store::{Coverage, Store};

use super::safe::{shortened, visible};

/// The longest cell; the last column may be longer.
const LONGEST: usize = 60;
const LONGEST_LAST: usize = 160;

/// Writes a head and the rows of a kind, then what they cover.
///
/// # Errors
/// When the output takes no more.
pub fn write(
    out: &mut dyn Write,
    kind: RowKind,
    store: &Store,
    coverage: &Coverage,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    write_columns(out, kind, kind.columns(), store, coverage, rows)
}

/// As [`write()`], with columns of one's own.
///
/// # Errors
/// When the output takes no more.
pub fn write_columns(
    out: &mut dyn Write,
    kind: RowKind,
    columns: &[&str],
    store: &Store,
    coverage: &Coverage,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    let lines: Vec<Vec<String>> = rows.iter().map(|row| cells_of(kind, columns, row.as_ref())).collect();
    aligned(out, columns, &lines)?;
    writeln!(out, "\n{} {} · {}", rows.len(), kind.schema().rows, line(store, coverage))
}

/// Writes rows that no account was asked for.
///
/// # Errors
/// When the output takes no more.
pub fn files(out: &mut dyn Write, kind: RowKind, rows: &[Box<dyn Entry + '_>]) -> io::Result<()> {
    let lines: Vec<Vec<String>> = rows.iter().map(|row| cells(kind, row.as_ref())).collect();
    aligned(out, kind.columns(), &lines)?;
    writeln!(out, "\n{} {}", rows.len(), kind.schema().rows)
}

/// Writes a row alone, a tab between its cells.
///
/// # Errors
/// When the output takes no more.
pub fn row(out: &mut dyn Write, kind: RowKind, row: &dyn Entry) -> io::Result<()> {
    let cells: Vec<String> = cells(kind, row).iter().map(|cell| visible(cell).into_owned()).collect();
    writeln!(out, "{}", cells.join("\t"))
}

pub(super) fn cells(kind: RowKind, row: &dyn Entry) -> Vec<String> {
    cells_of(kind, kind.columns(), row)
}

fn cells_of(kind: RowKind, columns: &[&str], row: &dyn Entry) -> Vec<String> {
    let text = |column: &&str| {
        let (spec, name) = kind.schema().find(column)?;
        let text = field_text(&row.field(&name), spec.kind);
        Some(if text.is_empty() { "-".to_owned() } else { text })
    };
    columns.iter().map(|column| text(column).unwrap_or_default()).collect()
}

/// Writes any cells as aligned columns.
///
/// # Errors
/// When the output takes no more.
pub fn aligned(out: &mut dyn Write, columns: &[&str], lines: &[Vec<String>]) -> io::Result<()> {
    let clean = |(at, text): (usize, &String)| {
        let most = if at + 1 == columns.len() { LONGEST_LAST } else { LONGEST };
        shortened(&visible(shortened(text, most * 2).as_ref()), most).into_owned()
    };
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.iter().enumerate().map(clean).collect()).collect();
    let head: Vec<String> = columns.iter().map(|name| name.to_uppercase().replace(['_', '.'], " ")).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| {
            lines.iter().chain([&head]).filter_map(|line| line.get(at)).map(|text| text.width()).max().unwrap_or(0)
        })
        .collect();
    for line in std::iter::once(&head).chain(&lines) {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            if !text.is_empty() {
                text.push_str("  ");
            }
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// `DEMO · 412/430 tables · 3 denied · oldest 4m12s`.
#[must_use]
pub fn line(store: &Store, coverage: &Coverage) -> String {
    let mut parts = Vec::new();
    if store.origin() != crate::model::Origin::Live {
        parts.push(store.origin().word().to_uppercase());
    }
    if coverage.tables_listed > 0 {
        parts.push(format!("{}/{} tables", coverage.tables_read, coverage.tables_listed));
    }
    if !coverage.scopes_blind.is_empty() {
        parts.push(format!("tables unknown in {} of {} scopes", coverage.scopes_blind.len(), coverage.scopes));
    }
    parts.extend(coverage.faults.iter().map(|(word, count)| format!("{count} {word}")));
    if coverage.loading > 0 {
        parts.push(format!("{} not read", coverage.loading));
    }
    parts.push(format!("{} muted", coverage.muted));
    if !coverage.void.is_empty() {
        parts.push(format!("{} void", void_words(coverage.void.len())));
    }
    if coverage.by_default > 0 {
        parts.push(format!("{} unclassed; {} more would fail", coverage.unclassed, coverage.by_default));
    }
    if let Some((_, _, at)) = &coverage.oldest {
        parts.push(format!("oldest {}", duration(store.estate().now.duration_since(*at).as_secs_f64())));
    }
    parts.join(" · ")
}

/// `1 mute or attestation`.
#[must_use]
pub fn void_words(count: usize) -> String {
    if count == 1 { "1 mute or attestation".to_owned() } else { format!("{count} mutes or attestations") }
}
