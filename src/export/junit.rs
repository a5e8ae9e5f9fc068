//! `check` as JUnit XML, for build servers: a failure is a failure, what is unknown is skipped.

use std::io::{self, Write};

use quick_xml::escape::escape;

use crate::model::{Judgement, Verdict};

use super::checked::Checked;
use super::safe::visible;
use super::table::line;

/// Writes one test case a judgement.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, checked: &Checked<'_>) -> io::Result<()> {
    let Checked { store, coverage, judgements, remarks } = checked;
    let failed = judgements.iter().filter(|of| of.verdict == Verdict::Fail && of.counts()).count();
    let skips = |of: &&&Judgement| !of.counts() || of.verdict == Verdict::Unknown;
    let (all, skipped) = (judgements.len(), judgements.iter().filter(skips).count());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuite name=\"dynakeep\" tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">"
    )?;
    let muted = judgements.iter().filter(|of| of.muted.is_some()).count();
    let missing = store.missing_actions().into_iter().collect::<Vec<_>>().join(" ");
    let covered = [
        ("origin", store.origin().word().to_owned()),
        ("generated_at", store.estate().now.to_string()),
        ("muted", muted.to_string()),
        ("complete", coverage.is_complete().to_string()),
        ("coverage", line(store, coverage)),
        ("missing_actions", missing),
    ];
    writeln!(out, "  <properties>")?;
    for (name, value) in covered {
        writeln!(out, "    <property name=\"{name}\" value=\"{}\"/>", escape(visible(&value).as_ref()))?;
    }
    writeln!(out, "  </properties>")?;
    for (at, of) in judgements.iter().enumerate() {
        let told = format!("{}{}", of.reason, remarks.words(at, of));
        let (resource, reason) = (visible(&of.resource), visible(&told));
        let (resource, reason) = (escape(resource.as_ref()), escape(reason.as_ref()));
        write!(out, "  <testcase classname=\"{}\" name=\"{resource}\">", of.control)?;
        match of.verdict {
            _ if of.muted.is_some() => {
                let words =
                    of.muted.as_ref().map(|by| format!("muted by {} until {}: {}", by.owner, by.expires, by.reason));
                let words = words.unwrap_or_default();
                write!(out, "<skipped message=\"{}\"/>", escape(visible(&words).as_ref()))?;
            }
            _ if of.by_default => write!(out, "<skipped message=\"{reason}\"/>")?,
            Verdict::Fail => write!(out, "<failure type=\"{}\" message=\"{reason}\"/>", of.severity.word())?,
            Verdict::Unknown => write!(out, "<skipped message=\"{reason}\"/>")?,
            _ => write!(out, "<system-out>{}: {reason}</system-out>", of.verdict.word())?,
        }
        writeln!(out, "</testcase>")?;
    }
    writeln!(out, "</testsuite>")
}
