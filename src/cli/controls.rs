//! The catalogue of controls, printed: what each asks, how it is judged, who else asks the same.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::controls::{self, Facts, facts};
use crate::export::{csv::cell, reference, safe, table};

use super::{Cli, Failure, Output};

const COLUMNS: [&str; 11] =
    ["id", "severity", "layer", "scope", "sees", "judged", "title", "operations", "blind", "remedy", "note"];

/// As many of them fit a terminal's line.
const SHOWN: usize = 7;

fn line(id: &str, of: &Facts) -> Vec<String> {
    let control = controls::by_id(id);
    let operations = control.map_or_else(|| of.reads.join(" "), |control| control.operations.join(" "));
    let judged = if control.is_some() { "yes" } else { "not yet" };
    let words = [id, of.severity.word(), of.layer.word(), of.scope.word(), of.observable.word(), judged, &of.title];
    let blind = control.map_or("", |control| control.blind);
    let more = [&operations, blind, &of.remedy, of.note.as_deref().unwrap_or_default()];
    words.into_iter().chain(more).map(str::to_owned).collect()
}

fn row(id: &str, of: &Facts) -> Value {
    let control = controls::by_id(id);
    json!({
        "id": id,
        "title": of.title,
        "layer": of.layer,
        "scope": of.scope,
        "observability": of.observable,
        "severity": of.severity,
        "judged": control.is_some(),
        "operations": control.map_or_else(|| json!(of.reads), |control| json!(control.operations)),
        "blind": control.map_or("", |control| control.blind),
        "classes": of.classes,
        "logic": {
            "pass": of.pass, "fail": of.fail, "warn": of.warn, "unknown": of.unknown, "n/a": of.na,
            "manual": of.manual,
        },
        "remedy": of.remedy,
        "note": of.note,
        "events": of.events,
        "against": controls::depth::stands(id).map(|(threat, way)| json!({"threat": threat, "by": way})).collect::<Vec<_>>(),
        "mappings": { "published": of.published, "suggested": of.suggested },
    })
}

/// Prints all of it, or some in full.
pub(super) fn run(cli: &Cli, ids: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    let asked: Vec<_> = facts::all().filter(|(id, _)| ids.is_empty() || ids.contains(id)).collect();
    match cli.global.output {
        Output::Table if !ids.is_empty() => reference::text(out, &asked)?,
        Output::Table => {
            let lines: Vec<Vec<String>> =
                asked.into_iter().map(|(id, of)| line(id, of).into_iter().take(SHOWN).collect()).collect();
            table::aligned(out, &COLUMNS[..SHOWN], &lines)?;
        }
        Output::Csv => csv(out, &asked)?,
        Output::Md => reference::markdown(out, &asked)?,
        Output::Json => {
            let rows: Vec<_> = asked.into_iter().map(|(id, of)| row(id, of)).collect();
            safe::json(out, &json!({"schema": crate::export::json::SCHEMA, "rows": rows}))?;
            writeln!(out)?;
        }
        _ => return Err(Failure::Usage("the catalogue comes as table, json, csv or md".to_owned())),
    }
    Ok(())
}

fn csv(out: &mut dyn Write, of: &[(&'static str, &'static Facts)]) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    for (id, of) in of {
        let quoted = |text: String| format!("\"{}\"", cell(&text).replace('"', "\"\""));
        writeln!(out, "{}", line(id, of).into_iter().map(quoted).collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}
