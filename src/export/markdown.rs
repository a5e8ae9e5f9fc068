//! `check` as Markdown, for pull requests and tickets.

use std::io::{self, Write};

use crate::model::{Judgement, Verdict};
use crate::store::rows::{Entry, RowKind};
use crate::store::{Coverage, Store};

use super::checked::Checked;
use super::safe::{shortened, visible};
use super::table::line;

/// The longest cell of a row.
const LONGEST: usize = 200;

/// Writes the counts, then all that is not passed.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, checked: &Checked<'_>) -> io::Result<()> {
    let Checked { store, coverage, judgements, remarks } = checked;
    writeln!(out, "# dynakeep check\n\n{} · {}\n", store.estate().now, line(store, coverage))?;
    for verdict in Verdict::ALL {
        let count = judgements.iter().filter(|of| of.verdict == verdict && of.counts()).count();
        if count > 0 {
            writeln!(out, "- {} {count}", verdict.word())?;
        }
    }
    let (muted, by_default) = (
        judgements.iter().filter(|of| of.muted.is_some()).count(),
        judgements.iter().filter(|of| of.by_default).count(),
    );
    writeln!(out, "- muted {muted}\n- due only to the default class {by_default}")?;
    writeln!(out, "\n| verdict | severity | control | resource | reason |\n|---|---|---|---|---|")?;
    let open = |of: &Judgement| of.counts() && !matches!(of.verdict, Verdict::Pass | Verdict::NotApplicable);
    for (at, of) in judgements.iter().enumerate().filter(|(_, of)| open(of)) {
        let (verdict, severity) = (of.verdict.word(), of.severity.word());
        writeln!(
            out,
            "| {verdict} | {severity} | {} | {} | {} |",
            of.control,
            cell(&of.resource),
            cell(&format!("{}{}", of.reason, remarks.words(at, of)))
        )?;
    }
    Ok(())
}

/// Writes the rows of a kind as one table.
///
/// # Errors
/// When the output takes no more.
pub fn rows(
    out: &mut dyn Write,
    kind: RowKind,
    store: &Store,
    coverage: &Coverage,
    rows: &[Box<dyn Entry + '_>],
) -> io::Result<()> {
    let columns = kind.columns();
    writeln!(out, "# dynakeep {}\n\n{} · {}\n", kind.schema().rows, store.estate().now, line(store, coverage))?;
    writeln!(out, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()))?;
    for row in rows {
        let cells = super::table::cells(kind, row.as_ref());
        let cells: Vec<String> = cells.iter().map(|text| cell(&shortened(text, LONGEST))).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// Nothing in a cell may end it, be a link or a tag, or call a person: bare addresses become links by their colon or
/// the dot after `www`, and a name by the sign before it.
pub(super) fn cell(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::new();
    let mut before = "";
    for (at, character) in text.char_indices() {
        let rest = &text[at..];
        let bare = rest.starts_with("://") || (character == '.' && before.ends_with("www"));
        if bare || "|\\`*_[]<>!#~".contains(character) {
            shown.push('\\');
        }
        shown.push(character);
        if character == '@' {
            // The field's own way to keep a mention from calling anybody.
            shown.push_str("<!-- -->");
        }
        before = &text[..at + character.len_utf8()];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_an_account_says_makes_no_link_and_calls_nobody() {
        assert_eq!(cell("a|b [x](y) <b>"), r"a\|b \[x\](y) \<b\>");
        assert_eq!(cell("https://evil.example www.evil.example"), r"https\://evil.example www\.evil.example");
        assert_eq!(cell("@acme/all"), "@<!-- -->acme/all");
        assert_eq!(cell("arn:aws:iam::1:role/x.y"), "arn:aws:iam::1:role/x.y");
    }
}
