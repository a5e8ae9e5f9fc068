//! Controls in full, one after the other: as text for a terminal, as Markdown for the repository.

use std::io::{self, Write};

use crate::controls::depth::stands;
use crate::controls::{self, Facts, Judge};

/// Writes controls as text.
///
/// # Errors
/// When the output takes no more.
pub fn text(out: &mut dyn Write, of: &[(&'static str, &'static Facts)]) -> io::Result<()> {
    for (at, (id, facts)) in of.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{id}  {}", facts.title)?;
        for (name, words) in parts(id, facts) {
            writeln!(out, "  {name:<12} {words}")?;
        }
    }
    Ok(())
}

/// Writes controls as the reference that lies in the repository.
///
/// # Errors
/// When the output takes no more.
pub fn markdown(out: &mut dyn Write, of: &[(&'static str, &'static Facts)]) -> io::Result<()> {
    let judged = of.iter().filter(|(id, _)| controls::by_id(id).is_some()).count();
    writeln!(
        out,
        "# Controls\n\n{judged} of {} controls are judged. Made by `dynakeep controls -o md`; a test holds it to the program.",
        of.len()
    )?;
    let mut layer = None;
    let mut of = of.to_vec();
    of.sort_by_key(|(_, facts)| facts.layer);
    for (id, facts) in of {
        if layer.replace(facts.layer) != Some(facts.layer) {
            writeln!(out, "\n## {}", facts.layer.word())?;
        }
        writeln!(out, "\n### {id} {}\n", shown(&facts.title))?;
        for (name, words) in parts(id, facts) {
            let words = if name == "mended by" { format!("`{words}`") } else { shown(&words) };
            writeln!(out, "- **{name}** {words}")?;
        }
    }
    Ok(())
}

/// What there is to say of one, each with its name.
fn parts(id: &str, facts: &Facts) -> Vec<(&'static str, String)> {
    let control = controls::by_id(id);
    let mut parts = vec![(
        "is",
        format!("{} · {} · one verdict per {}", facts.severity.word(), facts.layer.word(), facts.scope.word()),
    )];
    let mut say = |name: &'static str, words: String| {
        if !words.is_empty() {
            parts.push((name, words));
        }
    };
    say(
        "judged",
        match control.map(|control| control.judge) {
            Some(Judge::Table(_)) => "table by table".to_owned(),
            Some(Judge::Estate(_)) => "over the estate".to_owned(),
            None => "not yet".to_owned(),
        },
    );
    say("asked of", facts.classes.join(", "));
    say("pass", facts.pass.clone());
    say("fail", facts.fail.clone());
    say("warn", facts.warn.clone());
    say("unknown", facts.unknown.clone());
    say("n/a", facts.na.clone().unwrap_or_default());
    say("manual", facts.manual.clone().unwrap_or_default());
    let operations = control.map_or_else(|| facts.reads.join(", "), |control| control.operations.join(", "));
    say("rests on", operations);
    say("cannot see", control.map(|control| control.blind.to_owned()).unwrap_or_default());
    say("against", stands(id).map(|(threat, way)| format!("{} ({way})", threat.word())).collect::<Vec<_>>().join(", "));
    say("lowered by", facts.events.join(", "));
    say("mended by", facts.remedy.clone());
    say("note", facts.note.clone().unwrap_or_default());
    for (name, map) in [("published", &facts.published), ("suggested", &facts.suggested)] {
        let words: Vec<String> = map.iter().map(|(of, them)| format!("{of} {}", them.join(" "))).collect();
        say(name, words.join(", "));
    }
    parts
}

/// The catalogue's words as Markdown: nothing in them is emphasis, a tag or a link.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if "*_<>[]`|".contains(character) {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
}
