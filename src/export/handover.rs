//! A hand-over for people and programs: as text, as Markdown for a ticket, as JSON.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::model::second;
use crate::store::handover::{Handover, Part};
use crate::store::since::Since;
use crate::store::{Coverage, Store};

use super::markdown::cell;
use super::safe::{shortened, visible};
use super::table::line;
use super::{changes, json};

/// How many writes are told; JSON has all of them.
const WRITES: usize = 40;

/// What is handed over: since when in words, what changed, and how far was read.
pub struct Told<'a> {
    /// All that is known.
    pub store: &'a Store,
    /// How far was read.
    pub coverage: &'a Coverage,
    /// What changed.
    pub handover: &'a Handover,
}

impl Told<'_> {
    fn since(&self) -> String {
        let by = match self.handover.by.as_deref() {
            Some("") => ", when the mark was set".to_owned(),
            Some(by) => format!(", when {} handed over", visible(by)),
            None => String::new(),
        };
        let at = self.handover.since;
        format!("since {}{by}", second(at))
    }

    /// Heads, and the lines below each.
    fn sections(&self) -> Vec<(String, Vec<String>)> {
        let mut sections = Vec::new();
        for part in Part::ALL {
            let lines: Vec<String> = self.handover.part(part).map(told).collect();
            if !lines.is_empty() {
                sections.push((format!("{} ({})", part.title(), lines.len()), lines));
            }
        }
        let writes = &self.handover.writes;
        if !writes.is_empty() {
            let mut lines: Vec<String> = Vec::new();
            for event in writes.iter().take(WRITES).filter_map(|row| self.store.events().at(*row)) {
                let line = format!("{}  {}  {}  {}", event.time(), event.name(), event.table_list(), event.principal());
                lines.push(shortened(&visible(&line), 200).into_owned());
            }
            if writes.len() > WRITES {
                lines.push(format!("and {} before these", writes.len() - WRITES));
            }
            sections.push((format!("changes that CloudTrail tells of ({})", writes.len()), lines));
        }
        let notes = self.store.notes().all();
        if !notes.is_empty() {
            let told = |note: &crate::store::notes::Note| {
                visible(&format!("{}: {} ({}, {:.0})", note.title, note.text, note.by, note.at)).into_owned()
            };
            sections
                .push((format!("notes ({})", notes.len()), notes.into_iter().map(|(_, note)| told(note)).collect()));
        }
        let blind: Vec<String> = self.handover.blind.iter().map(|of| visible(of).into_owned()).collect();
        if !blind.is_empty() {
            sections.push(("what this cannot tell".to_owned(), blind));
        }
        sections
    }

    fn count(&self) -> String {
        Since::tally(&self.handover.changes).words()
    }

    /// Writes it as text.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "hand-over {}: {}", self.since(), self.count())?;
        for (head, lines) in self.sections() {
            writeln!(out, "\n{}", head.to_uppercase())?;
            for line in lines {
                writeln!(out, "  {line}")?;
            }
        }
        writeln!(out, "\n{}", line(self.store, self.coverage))
    }

    /// Writes it as Markdown.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        let now = self.store.estate().now;
        writeln!(
            out,
            "# Hand-over {}\n\n{now} · {}\n\n{}",
            self.since(),
            line(self.store, self.coverage),
            self.count()
        )?;
        for (head, lines) in self.sections() {
            writeln!(out, "\n## {head}\n")?;
            for line in lines {
                writeln!(out, "- {}", cell(&line))?;
            }
        }
        Ok(())
    }

    /// Writes it as one object.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn json(&self, out: &mut dyn Write, mut extra: Map<String, Value>) -> io::Result<()> {
        let writes = self.handover.writes.iter().filter_map(|row| self.store.events().at(*row));
        let writes: Vec<Value> = writes
            .map(|event| {
                let tables: Vec<&str> = event.tables().collect();
                json!({"at": event.time(), "id": event.id(), "name": event.name(), "principal": event.principal(), "tables": tables})
            })
            .collect();
        let notes: Vec<Value> =
            self.store.notes().all().into_iter().map(|(of, note)| json!({"of": of, "note": note})).collect();
        extra.insert("since".to_owned(), json!({"at": self.handover.since, "by": self.handover.by}));
        extra.insert("cannot_tell".to_owned(), json!(self.handover.blind));
        extra.insert("notes".to_owned(), json!(notes));
        extra.insert("writes".to_owned(), json!(writes));
        let rows = self.handover.changes.iter().map(changes::json);
        json::envelope(out, self.store, self.coverage, None, extra, rows)
    }
}

/// One change on a line: when, how bad, what became of it, and what it is.
fn told(change: &crate::store::changes::Change) -> String {
    let at = change.evidence.unwrap_or(change.at);
    let at = second(at);
    let severity = change.severity().map_or("-", crate::model::Severity::short);
    format!("{at}  {severity:<4}  {}  {}", change.word(), changes::words(change))
}
