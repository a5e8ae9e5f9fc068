//! Themes, as the command line names them, and the keys.

use std::io::{self, Write};

use serde_json::json;

use crate::config::Config;
use crate::export::safe;
use crate::export::table::aligned;
use crate::keymap::{self, Binding, Keymap, Press};
use crate::theme::{Depth, Ground, Theme, Wardrobe};

use super::{Failure, Global, Output};

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

/// True where the locale's encoding is UTF-8, or no locale tells (not on Unix).
pub(super) fn unicode() -> bool {
    let locale = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    cfg!(not(unix)) || utf8(["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(locale).as_deref())
}

/// Source: POSIX, "Environment Variables": the first that is set and not empty names the locale; without any it is C.
fn utf8(locale: Option<&str>) -> bool {
    let name = locale.unwrap_or("C").to_ascii_lowercase();
    name.contains("utf-8") || name.contains("utf8")
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

/// The keys as the user's file has them.
pub(super) fn keymap(global: &Global) -> Result<Keymap, Failure> {
    match Config::keys(global.keys.as_deref(), global.config.as_deref())? {
        Some((path, text)) => Keymap::parse(&path.display().to_string(), &text).map_err(Failure::Usage),
        None => Ok(Keymap::default()),
    }
}

/// Prints the keys.
pub(super) fn keys(global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    let keymap = keymap(global)?;
    let names = |keys: &[Press]| keys.iter().map(|press| keymap::name(*press)).collect::<Vec<_>>();
    if global.output == Output::Json {
        let row = |(row, keys): (&Binding, &[Press])| {
            let (keys, default) = (names(keys), names(row.keys));
            json!({ "action": row.name, "keys": keys, "default": default, "does": row.what, "group": row.group })
        };
        safe::json(out, &json!({ "keys": keymap.rows().map(row).collect::<Vec<_>>() }))?;
        writeln!(out)?;
        return Ok(());
    }
    let line = |(row, keys): (&Binding, &[Press])| {
        let keys = if keys.is_empty() { format!(":{}", row.name) } else { names(keys).join(" ") };
        vec![row.group.to_owned(), row.name.to_owned(), keys, row.what.to_owned()]
    };
    aligned(out, &["group", "action", "keys", "does"], &keymap.rows().map(line).collect::<Vec<_>>())?;
    for problem in keymap::problems(&keymap) {
        let _closed = writeln!(io::stderr(), "dynakeep: {problem}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_for_locales_that_have_them() {
        for (locale, wanted) in [
            (Some("en_GB.UTF-8"), true),
            (Some("C.utf8"), true),
            (Some("de_DE.ISO-8859-1"), false),
            (Some("C"), false),
            (Some("POSIX"), false),
            (None, false),
        ] {
            assert_eq!(utf8(locale), wanted, "{locale:?}");
        }
    }
}
