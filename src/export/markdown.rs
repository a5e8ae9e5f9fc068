//! `check` as Markdown, for pull requests and tickets.

use std::io::{self, Write};

use crate::model::{Judgement, Verdict};
use crate::store::{Coverage, Store};

use super::safe::visible;
use super::table::line;

/// Writes the counts, then all that is not passed.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, store: &Store, coverage: &Coverage, judgements: &[&Judgement]) -> io::Result<()> {
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
    for of in
        judgements.iter().filter(|of| of.counts() && !matches!(of.verdict, Verdict::Pass | Verdict::NotApplicable))
    {
        let (verdict, severity) = (of.verdict.word(), of.severity.word());
        writeln!(out, "| {verdict} | {severity} | {} | {} | {} |", of.control, cell(&of.resource), cell(&of.reason))?;
    }
    Ok(())
}

/// Nothing in a cell may end it, nor be a link or a tag.
fn cell(text: &str) -> String {
    let mut shown = String::new();
    for character in visible(text).chars() {
        if "|\\`*_[]<>!#".contains(character) {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
}
