//! `check` as JUnit XML, for build servers: a failure is a failure, what is unknown is skipped.

use std::io::{self, Write};

use quick_xml::escape::escape;

use crate::model::{Judgement, Verdict};

use super::safe::visible;

/// Writes one test case a judgement.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, judgements: &[&Judgement]) -> io::Result<()> {
    let count = |wanted: Verdict| judgements.iter().filter(|of| of.verdict == wanted).count();
    let (all, failed, skipped) = (judgements.len(), count(Verdict::Fail), count(Verdict::Unknown));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuite name=\"dynakeep\" tests=\"{all}\" failures=\"{failed}\" skipped=\"{skipped}\">")?;
    for of in judgements {
        let (resource, reason) = (visible(&of.resource), visible(&of.reason));
        let (resource, reason) = (escape(resource.as_ref()), escape(reason.as_ref()));
        write!(out, "  <testcase classname=\"{}\" name=\"{resource}\">", of.control)?;
        match of.verdict {
            Verdict::Fail => write!(out, "<failure type=\"{}\" message=\"{reason}\"/>", of.severity.word())?,
            Verdict::Unknown => write!(out, "<skipped message=\"{reason}\"/>")?,
            _ => write!(out, "<system-out>{}: {reason}</system-out>", of.verdict.word())?,
        }
        writeln!(out, "</testcase>")?;
    }
    writeln!(out, "</testsuite>")
}
