//! `doctor`: one sweep, and what keeps the program from seeing.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use serde_json::{Map, json};

use crate::export::{self, safe::visible};
use crate::model::Verdict;
use crate::store::Store;
use crate::store::doctor::Section;

use super::{Cli, Failure, Output, Pipe, settings, talk, wire};

/// Sweeps, prints, and gives the exit code.
pub(super) fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    if !matches!(global.output, Output::Table | Output::Json) {
        return Err(Failure::Usage("doctor comes as table or json".to_owned()));
    }
    if global.filter.is_some() || !global.trail.is_empty() {
        return Err(Failure::Usage("doctor looks at an account as a whole: no --filter, no --trail".to_owned()));
    }
    let config = super::config(global)?;
    let wire = wire(cli)?;
    let mut settings = settings(global, &config);
    if global.demo.is_none() {
        super::profiles::known(&settings)?;
    }
    settings.once = true;
    let mut store = Store::new(wire.origin, config.baseline());
    store.set_exceptions(super::exceptions(global));
    let clock = wire.clock.clone();
    talk::fill(&mut store, wire, settings)?;
    store.settle(clock.now());
    let (sections, coverage) = (store.doctor(), store.coverage());
    let mut out = BufWriter::new(Pipe::new(io::stdout().lock()));
    match global.output {
        Output::Json => {
            let mut extra = Map::new();
            extra.insert("sections".to_owned(), json!(sections));
            export::json::write(&mut out, &store, &coverage, None, extra, &[])?;
        }
        _ => text(&mut out, &sections)?,
    }
    out.flush()?;
    let unknown = |section: &Section| section.notes.iter().any(|note| note.verdict == Verdict::Unknown);
    Ok(if sections.iter().any(unknown) { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

fn text(out: &mut dyn Write, sections: &[Section]) -> io::Result<()> {
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", section.about)?;
        for note in &section.notes {
            writeln!(out, "  {:<8} {}", note.verdict.word(), visible(&note.what))?;
            if let Some(next) = &note.next {
                writeln!(out, "           → {}", visible(next))?;
            }
        }
    }
    Ok(())
}
