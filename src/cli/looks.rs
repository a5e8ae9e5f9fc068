//! Themes, as the command line names them, and the keys.

use std::io::{self, Write};

use crate::config::Config;
use crate::export::table::aligned;
use crate::keymap::{self, BINDINGS};
use crate::theme::{Depth, Ground, Theme, Wardrobe};

use super::{Failure, Global};

/// The themes there are, in the colours that are shown and wanted.
pub(super) fn wardrobe(global: &Global) -> Wardrobe {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let depth = if global.no_color { Depth::None } else { Depth::of(variable) };
    let directory = Config::directory().map(|directory| directory.join("themes"));
    // A terminal that is asked knows better; it answers after the first frame, if at all.
    Wardrobe::new(directory, depth).on(Ground::of_variable(&variable("COLORFGBG")).unwrap_or(Ground::Dark))
}

/// The theme asked for, else the one of the file, else what suits the terminal.
pub(super) fn theme(global: &Global, config: &Config) -> Result<Theme, Failure> {
    let name = global.theme.as_deref().or(config.theme.as_deref()).unwrap_or("auto");
    wardrobe(global).named(name).map_err(|error| Failure::Usage(format!("theme {error}")))
}

/// Prints the themes there are.
pub(super) fn themes(global: &Global, out: &mut dyn Write) -> io::Result<()> {
    let line = |offered: crate::theme::Offered| {
        let from = offered.file.map_or("built in".to_owned(), |file| file.display().to_string());
        match offered.theme {
            // What follows the terminal is no theme of its own.
            Ok(theme) if theme.follows().is_some() => {
                let words = "built in; auto:NAME for another pair".to_owned();
                vec![offered.name, "follows the terminal".to_owned(), "dark, light".to_owned(), words]
            }
            Ok(theme) => {
                let pair = theme.pair().unwrap_or_default().to_owned();
                vec![offered.name, theme.ground().word().to_owned(), pair, from]
            }
            Err(error) => vec![offered.name, "broken".to_owned(), String::new(), error.to_string()],
        }
    };
    let rows: Vec<_> = wardrobe(global).all().into_iter().map(line).collect();
    aligned(out, &["theme", "kind", "pair", "from"], &rows)
}

/// Prints the keys.
pub(super) fn keys(out: &mut dyn Write) -> io::Result<()> {
    let line = |binding: &keymap::Binding| {
        let keys: Vec<String> = binding.keys.iter().map(|press| keymap::name(*press)).collect();
        vec![binding.group.to_owned(), keys.join(" "), binding.what.to_owned()]
    };
    aligned(out, &["group", "keys", "does"], &BINDINGS.iter().map(line).collect::<Vec<_>>())
}
