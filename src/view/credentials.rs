//! What stands in the Overview's place while nobody's credentials work: where they were looked for, and what to do.

use ratatui::text::Span;

use crate::model::DEMO;
use crate::theme::Role;

use super::{Ctx, Doc};

/// The page.
#[must_use]
pub fn doc(ctx: &Ctx<'_>) -> Doc {
    let look = ctx.look;
    let mut doc = Doc::default();
    let all = ctx.store.sought();
    doc.push(look.line(Role::Unknown, " ? nothing was read: no credentials work, so nothing is known, good or bad"));
    for of in &all {
        doc.gap();
        doc.section(ctx, "looked at", &format!("for profile {}", crate::widget::text::clean(&of.profile, 60)));
        for (place, seen) in &of.places {
            doc.field(ctx, place, seen);
        }
    }
    doc.gap();
    doc.section(ctx, "what to do", "c copies the first; a login is noticed by itself");
    let commands: Vec<(&str, &str)> =
        all.iter().flat_map(|of| &of.next).map(|(command, does)| (command.as_str(), *does)).chain([DEMO]).collect();
    let wide = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, does) in commands {
        let words = if command == DEMO.0 { format!("{does}; Enter starts it here") } else { does.to_owned() };
        let shown = vec![Span::raw(" "), look.foreign(Role::Key, command, usize::from(ctx.width))];
        let beside = wide + 3 + words.len() <= usize::from(ctx.width);
        let indent = if beside { wide - command.len() + 2 } else { 5 };
        let words = look.say(Role::Dim, format!("{:indent$}{words}", ""));
        if beside {
            doc.push([shown, vec![words]].concat());
        } else {
            doc.push(shown);
            doc.push(words);
        }
    }
    doc
}
