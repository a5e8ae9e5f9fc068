//! Draws the README's pictures from real frames of the demo account: `cargo run --example screenshots`.
//!
//! Nothing in `screenshots/` is made by hand. `--all DIR` draws every view at 120×40 and 80×24 into a folder, to look at.

#[path = "../../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;
mod svg;

use std::path::Path;

use harness::Session;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (None, _) => pictures(Path::new("screenshots"), &[(120, 40)], &PICTURES),
        (Some("--all"), Some(dir)) => pictures(Path::new(&dir), &[(120, 40), (80, 24)], &WALKS),
        _ => {
            eprintln!("usage: cargo run --example screenshots [-- --all DIR]");
            std::process::exit(2)
        }
    }
}

/// What the README shows: a name and the keys that lead there.
const PICTURES: [(&str, &str); 5] =
    [("overview", "1"), ("case", "2 Enter"), ("tables", "5"), ("record", "2 Enter Enter J"), ("trail", "7")];

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

fn pictures(dir: &Path, sizes: &[(u16, u16)], walks: &[(&str, &str)]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (width, height) in sizes {
        for (name, keys) in walks {
            let mut session = Session::demo(*width, *height);
            session.settle();
            session.press(keys);
            session.run(std::time::Duration::from_secs(3));
            let name = if sizes.len() > 1 { format!("{name}-{width}x{height}") } else { (*name).to_owned() };
            std::fs::write(dir.join(format!("{name}.svg")), svg::svg(session.buffer(), "#c8ccd4", "#16181d"))?;
            if sizes.len() > 1 {
                std::fs::write(dir.join(format!("{name}.txt")), session.screen())?;
            }
        }
    }
    Ok(())
}
