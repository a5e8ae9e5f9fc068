//! Rows as CSV: every field of the schema that has a name of its own, one a column.

use std::io::{self, Write};

use crate::store::rows::{Entry, RowKind, field_text};

use super::safe::visible;

/// Writes a head and the rows.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, kind: RowKind, rows: &[Box<dyn Entry + '_>]) -> io::Result<()> {
    let fields: Vec<_> = kind.schema().fields.iter().filter(|spec| !spec.name.ends_with('*')).collect();
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(fields.iter().map(|spec| spec.name))?;
    for row in rows {
        csv.write_record(fields.iter().map(|spec| cell(&field_text(&row.field(spec.name), spec.kind))))?;
    }
    csv.flush()
}

/// Writes a row alone.
///
/// # Errors
/// When the output takes no more.
pub fn row(out: &mut dyn Write, kind: RowKind, row: &dyn Entry) -> io::Result<()> {
    let fields = kind.schema().fields.iter().filter(|spec| !spec.name.ends_with('*'));
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(fields.map(|spec| cell(&field_text(&row.field(spec.name), spec.kind))))?;
    csv.flush()
}

/// A cell that no spreadsheet takes for a formula.
#[must_use]
pub fn cell(text: &str) -> String {
    let text = visible(text);
    let formula = text.starts_with(['=', '+', '-', '@', '\\']) && text.parse::<f64>().is_err();
    if formula { format!("'{text}") } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("-3.5"), "-3.5");
        assert_eq!(cell("\t=1"), "'\\t=1");
        assert_eq!(cell("orders"), "orders");
    }
}
