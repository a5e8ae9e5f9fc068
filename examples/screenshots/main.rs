//! Draws the README's pictures from real frames of the demo account: `cargo run --example screenshots`.
//!
//! Nothing in `screenshots/` is made by hand: the clock, the account and the keys are fixed, so the same program draws the
//! same bytes. Beside each SVG lies a PNG, where `rsvg-convert` is there to make it.
//!
//! - `--check` draws nothing and fails when a picture is missing, or is not what the program shows now.
//! - `--all DIR` draws every view at 120×40 and 80×24 into a folder, to look at.

#[path = "../../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;
mod svg;

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitCode};

use harness::Session;

/// Where the README's pictures lie.
const KEPT: &str = "screenshots";
/// The terminal's own colours.
const INK: [&str; 2] = ["#c8ccd4", "#16181d"];

fn main() -> std::io::Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (None, _) => keep(Path::new(KEPT))?,
        (Some("--check"), None) => return check(Path::new(KEPT)),
        (Some("--all"), Some(dir)) => all(Path::new(&dir))?,
        _ => {
            eprintln!("usage: cargo run --example screenshots [-- --check | --all DIR]");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the README shows: a name and the keys that lead there.
const PICTURES: [(&str, &str); 14] = [
    ("overview", "1"),
    ("findings", "2"),
    ("case", "2 Enter"),
    ("event", "2 Enter Enter"),
    ("record", "2 Enter Enter J"),
    ("compliance", "3"),
    ("drift", "4"),
    ("tables", "5"),
    ("table", "5 Enter"),
    ("endpoints", "6"),
    ("trail", "7"),
    ("controls", "8"),
    ("lanes", "L"),
    ("sources", "9"),
];

/// The one that moves: from the Overview to the record, a key a frame. What was pressed, the key, and how long it is shown.
const DRILL: [(&str, &str, f32); 5] = [
    ("the demo account, a second after the start", "1", 3.0),
    ("2: findings", "2", 2.5),
    ("Enter: the case of the worst one, from its actor to its events", "Enter", 4.0),
    ("Enter: the event that matters", "Enter", 3.0),
    ("J: the record as CloudTrail delivered it", "J", 4.0),
];

/// Every picture that is kept: its file's name and what it holds.
fn drawn() -> impl Iterator<Item = (String, String)> {
    let [fore, back] = INK;
    let still =
        move |(name, keys): &(&str, &str)| (format!("{name}.svg"), svg::svg(at((120, 40), keys).buffer(), fore, back));
    let moving = move || {
        let mut session = at((120, 40), "");
        let mut frame = |(words, keys, seconds): &(&'static str, &str, f32)| {
            session.press(keys);
            session.run(std::time::Duration::from_secs(1));
            (*words, session.buffer().clone(), *seconds)
        };
        let frames: Vec<_> = DRILL.iter().map(&mut frame).collect();
        ("drill-down.svg".to_owned(), svg::moving(&frames, fore, back))
    };
    PICTURES.iter().map(still).chain(std::iter::once_with(moving))
}

/// The demo after its first sweep, and these keys.
fn at((width, height): (u16, u16), keys: &str) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session.press(keys);
    session.run(std::time::Duration::from_secs(3));
    session
}

fn keep(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut skipped = false;
    for (name, picture) in drawn() {
        let path = dir.join(&name);
        std::fs::write(&path, picture)?;
        let png = path.with_extension("png");
        let made = Command::new("rsvg-convert").arg("--output").arg(&png).arg(&path).status();
        match made {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(std::io::Error::other(format!("rsvg-convert {name}: {status}"))),
            Err(error) if error.kind() == ErrorKind::NotFound => skipped = true,
            Err(error) => return Err(error),
        }
    }
    if skipped {
        eprintln!("SKIPPED the PNGs: rsvg-convert is not here (Debian: librsvg2-bin)");
    }
    Ok(())
}

fn check(dir: &Path) -> std::io::Result<ExitCode> {
    let mut stale = Vec::new();
    for (name, picture) in drawn() {
        match std::fs::read_to_string(dir.join(&name)) {
            Ok(kept) if kept == picture => {}
            Ok(_) => stale.push(format!("{name} is stale")),
            Err(error) if error.kind() == ErrorKind::NotFound => stale.push(format!("{name} is missing")),
            Err(error) => return Err(error),
        }
        if !dir.join(&name).with_extension("png").exists() {
            stale.push(format!("{name} has no PNG"));
        }
    }
    for line in &stale {
        eprintln!("{}: {line}", dir.display());
    }
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("draw them anew: cargo run --example screenshots");
    Ok(ExitCode::FAILURE)
}

/// Every view.
const WALKS: [(&str, &str); 36] = [
    ("5-who", "5 w"),
    ("5-who-end", "5 w G"),
    ("2-event-meaning", "2 Enter Enter ^D"),
    ("1-overview", "1"),
    ("2-findings", "2"),
    ("2-case", "2 Enter"),
    ("2-event", "2 Enter Enter"),
    ("2-record", "2 Enter Enter J"),
    ("2-finding-json", "2 J"),
    ("3-compliance", "3"),
    ("3-rule", "3 Enter"),
    ("4-drift", "4"),
    ("4-stack", "4 Enter"),
    ("5-tables", "5"),
    ("5-table", "5 Enter"),
    ("5-table-end", "5 Enter G"),
    ("5-denied", "5 / 'name:payroll' Enter Enter"),
    ("5-filter", "5 / 'pitr.enabled:false'"),
    ("6-endpoints", "6"),
    ("6-endpoint", "6 Enter"),
    ("7-trail", "7"),
    ("7-zoom", "7 j j + + +"),
    ("7-facets", "7 F j l"),
    ("7-chosen", "7 F Enter"),
    ("7-event", "7 Enter"),
    ("8-controls", "8"),
    ("8-layer", "8 Enter"),
    ("8-judgement", "8 Enter Enter"),
    ("8-lanes", "8 : 'lanes' Enter"),
    ("8-crossings", "8 : 'lanes' Enter Enter"),
    ("8-crossing", "8 : 'lanes' Enter l Enter Enter"),
    ("9-sources", "9"),
    ("9-source", "9 Enter"),
    ("errors", "!"),
    ("help", "?"),
    ("command", ": 'th'"),
];

fn all(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let [fore, back] = INK;
    for size in [(120, 40), (80, 24)] {
        for (name, keys) in WALKS {
            let mut session = at(size, keys);
            let name = format!("{name}-{}x{}", size.0, size.1);
            std::fs::write(dir.join(format!("{name}.svg")), svg::svg(session.buffer(), fore, back))?;
            std::fs::write(dir.join(format!("{name}.txt")), session.screen())?;
        }
    }
    Ok(())
}
