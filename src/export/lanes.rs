//! The lanes of domains: the matrix of who comes from where, then who it is.

use std::io::{self, Write};

use crate::controls::crossing::{Count, Lanes, Whose};
use crate::model::Verdict;
use crate::store::rows::{Entry, RowKind, field_text};
use crate::store::{Coverage, Store};
use crate::trail::query::Kind;

use super::markdown::cell;
use super::table::{aligned, line, write as rows_table};

/// The matrix in words: a head, and a line a lane.
fn matrix(lanes: &Lanes) -> (Vec<String>, Vec<Vec<String>>) {
    let name = |lane: usize| lanes.lanes.get(lane).map_or("", |lane| lane.name.as_str()).to_owned();
    let columns = lanes.columns();
    let head = ["lane", "tables", "stands"].into_iter().map(str::to_owned);
    let head = head.chain(columns.iter().map(|from| format!("from {}", name(*from)))).collect();
    let row = |(lane, all): (usize, Count)| {
        let blind = lanes.is_blind(lane);
        let unlisted = lanes.lanes.get(lane).is_some_and(|lane| lane.whose == Whose::Unlisted);
        let tables = if unlisted { "unknown".to_owned() } else { lanes.population(lane).to_string() };
        let stands = lanes.standing(lane, all).word();
        let from = columns.iter().map(|from| words(lanes.count(lane, Some(*from)), *from == lane, blind));
        [name(lane), tables, stands.to_owned()].into_iter().chain(from).collect()
    };
    (head, lanes.rows().iter().copied().map(row).collect())
}

/// `3 fail 1 warn`, `4 own`, `none`, `unknown`.
fn words(count: Count, own: bool, blind: bool) -> String {
    let all = [
        (count.fail, "fail"),
        (count.warn, "warn"),
        (count.unknown, "unknown"),
        (count.own, "own"),
        (count.mild, "mild"),
    ];
    let some: Vec<String> =
        all.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    match some.is_empty() {
        false => some.join(" "),
        true if own => "-".to_owned(),
        true if blind => "unknown".to_owned(),
        true => "none".to_owned(),
    }
}

/// Writes the matrix, then the rows, for people.
///
/// # Errors
/// When the output takes no more.
pub fn table(
    out: &mut dyn Write,
    store: &Store,
    coverage: &Coverage,
    lanes: &Lanes,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    let (head, lines) = matrix(lanes);
    aligned(out, &head.iter().map(String::as_str).collect::<Vec<_>>(), &lines)?;
    writeln!(out)?;
    rows_table(out, RowKind::Lanes, store, coverage, rows)
}

/// Writes the matrix, then all rows that are not within their lane, as Markdown.
///
/// # Errors
/// When the output takes no more.
pub fn markdown(
    out: &mut dyn Write,
    store: &Store,
    coverage: &Coverage,
    lanes: &Lanes,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    writeln!(out, "# dynakeep lanes\n\n{} · {}\n", store.estate().now, line(store, coverage))?;
    let keys = store.estate().class_tags.domain.join(", ");
    writeln!(out, "Rows are whose tables, columns who reaches them, by the tags {}.\n", cell(&keys))?;
    let (head, lines) = matrix(lanes);
    for (at, one) in [&head].into_iter().chain(&lines).enumerate() {
        let cells: Vec<String> = one.iter().map(|text| cell(text)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
        if at == 0 {
            writeln!(out, "|{}", "---|".repeat(head.len()))?;
        }
    }
    writeln!(
        out,
        "\n| verdict | lane | from | who | may | tables | through | reason |\n|---|---|---|---|---|---|---|---|"
    )?;
    let text = |row: &dyn Entry, name: &str| {
        let kind = RowKind::Lanes.schema().find(name).map_or(Kind::Text, |(spec, _)| spec.kind);
        field_text(&row.field(name), kind)
    };
    let is_own = |row: &dyn Entry| text(row, "verdict") == Verdict::Pass.word();
    for row in rows.iter().filter(|row| !is_own(row.as_ref())) {
        let columns = ["verdict", "lane", "from", "who", "planes", "table", "through", "reason"];
        writeln!(out, "| {} |", columns.map(|name| cell(&text(row.as_ref(), name))).join(" | "))?;
    }
    let own = rows.iter().filter(|row| is_own(row.as_ref())).count();
    writeln!(out, "\n{own} more are within their lane.")
}
