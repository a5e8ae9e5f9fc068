//! Themes, as the command line names them, and the keys.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::config::Config;
use crate::export::table::aligned;
use crate::keymap::{self, BINDINGS};
use crate::theme::Theme;

use super::{Failure, Global};

/// Where the user's own themes lie.
pub(super) fn directory() -> Option<PathBuf> {
    Some(Config::directory()?.join("themes"))
}

/// The theme asked for, else the one of the file, else one that the terminal can show.
pub(super) fn theme(global: &Global, config: &Config) -> Result<Theme, Failure> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let deep = matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit");
    let default = if deep { "dark" } else { "terminal16" };
    let name = global.theme.as_deref().or(config.theme.as_deref()).unwrap_or(default);
    let own = own().into_iter().find(|(known, _)| known == name);
    let theme = match own {
        Some((_, path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Theme::parse(&path.display().to_string(), &text),
            Err(error) => return Err(Failure::Usage(format!("{}: {error}", path.display()))),
        },
        None => Theme::built_in(name),
    };
    let theme = theme.map_err(|error| Failure::Usage(format!("theme {error}")))?;
    // Source: no-color.org: set, and not empty.
    let plain = global.no_color || !variable("NO_COLOR").is_empty();
    Ok(if plain { theme.without_color() } else { theme })
}

/// The user's own themes by name.
fn own() -> Vec<(String, PathBuf)> {
    let files = directory().and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .collect();
    found.sort();
    found
}

/// Prints the themes there are.
pub(super) fn themes(out: &mut dyn Write) -> io::Result<()> {
    let built_in = Theme::built_in_names().map(|name| vec![name.to_owned(), "built in".to_owned()]);
    let own = own().into_iter().map(|(name, path)| vec![name, path.display().to_string()]);
    aligned(out, &["theme", "from"], &built_in.chain(own).collect::<Vec<_>>())
}

/// Prints the keys.
pub(super) fn keys(out: &mut dyn Write) -> io::Result<()> {
    let line = |binding: &keymap::Binding| {
        let keys: Vec<String> = binding.keys.iter().map(|press| keymap::name(*press)).collect();
        vec![binding.group.to_owned(), keys.join(" "), binding.what.to_owned()]
    };
    aligned(out, &["group", "keys", "does"], &BINDINGS.iter().map(line).collect::<Vec<_>>())
}
