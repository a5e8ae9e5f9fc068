//! Defence in depth by threat, as a section of a table's page.

use crate::model::{Table, Verdict};
use crate::store::Tally;
use crate::theme::Role;

use super::{Ctx, Doc, tables};

/// How it stands against each threat: what prevents it, what tells of it, what brings back what was lost.
pub fn section(ctx: &Ctx<'_>, table: &Table, doc: &mut Doc) {
    let look = ctx.look;
    doc.section(ctx, "depth", "one control that prevents and one that tells must pass");
    for of in ctx.store.depth(table) {
        let mut spans = look.verdict(of.verdict(), "").spans;
        for (name, line) in [("prevent", &of.prevent), ("tell", &of.detect), ("recover", &of.recover)] {
            if name == "recover" && line.verdict() == Verdict::NotApplicable {
                continue;
            }
            spans.push(look.say(Role::Dim, format!("  {name} ")));
            let tally = Tally { pass: line.pass.len(), fail: line.fail.len(), unknown: line.unknown.len(), warn: 0 };
            let counts = tables::tally_line(look, tally).spans;
            match counts.is_empty() {
                true => spans.push(look.say(Role::Dim, "none is judged")),
                false => spans.extend(counts),
            }
        }
        doc.spans(ctx, of.threat.word(), spans, None);
        if !of.undone.is_empty() {
            doc.spans(ctx, "", vec![look.say(Role::Fail, format!("undone by {}", of.undone.join(" ")))], None);
        } else if !of.unsure.is_empty() && of.verdict() == Verdict::Unknown {
            doc.spans(ctx, "", vec![look.say(Role::Unknown, format!("not known of {}", of.unsure.join(" ")))], None);
        } else if of.verdict() != Verdict::Pass {
            let lacking = [&of.prevent, &of.detect].into_iter().filter(|line| line.verdict() != Verdict::Pass);
            let ids: Vec<&str> = lacking.flat_map(|line| line.fail.iter().chain(&line.unknown)).copied().collect();
            let words = if ids.is_empty() {
                "no control of it is judged".to_owned()
            } else {
                format!("none passes of {}", ids.join(" "))
            };
            doc.field(ctx, "", &words);
        }
    }
}
