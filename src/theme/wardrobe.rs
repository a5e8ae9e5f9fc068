//! Where themes come from: inside the binary, and the user's own directory, which goes first.

use std::path::{Path, PathBuf};

use ratatui::style::Color;

use crate::model::closest;

use super::sheet::Sheet;
use super::{Depth, Ground, Role, Theme, ThemeError};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// The themes inside the binary: name and text.
        pub(super) const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../themes/", $name, ".toml")))),*];
    };
}

built_in![
    "dark",
    "light",
    "colorblind-dark",
    "colorblind-light",
    "mono",
    "terminal16",
    "catppuccin-mocha",
    "catppuccin-latte",
    "gruvbox-dark",
    "gruvbox-light",
    "nord",
    "solarized-dark",
    "solarized-light",
];

/// The grounds that are painted where a theme leaves the terminal's own and that is no good.
const PAPER: Color = Color::Rgb(0xff, 0xff, 0xff);
const SLATE: Color = Color::Rgb(0x12, 0x15, 0x1a);

/// What asks for a theme that suits the terminal's ground; `auto:NAME` for one of a pair.
pub(super) const AUTO: &str = "auto";

/// All themes there are, for one terminal.
#[derive(Debug, Clone)]
pub struct Wardrobe {
    directory: Option<PathBuf>,
    depth: Depth,
    ground: Ground,
}

/// A theme that one may choose.
#[derive(Debug, Clone)]
pub struct Offered {
    /// What it is chosen by.
    pub name: String,
    /// Its file, when it is the user's own.
    pub file: Option<PathBuf>,
    /// The theme as this terminal shows it, or why it cannot be used.
    pub theme: Result<Theme, ThemeError>,
}

impl Wardrobe {
    /// The themes inside the binary and those of a directory, in the colours that the terminal shows.
    #[must_use]
    pub fn new(directory: Option<PathBuf>, depth: Depth) -> Self {
        Self { directory, depth, ground: Ground::Dark }
    }

    /// The same, for a terminal with this ground.
    #[must_use]
    pub fn on(self, ground: Ground) -> Self {
        Self { ground, ..self }
    }

    /// The terminal's ground.
    #[must_use]
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// The theme of this name: the user's own, else one inside the binary; `auto` for what suits the terminal.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn named(&self, name: &str) -> Result<Theme, ThemeError> {
        let Some((AUTO, rest)) = name.split_once(':').or((name == AUTO).then_some((AUTO, ""))) else {
            return self.load(name);
        };
        let plain = if self.depth == Depth::Sixteen { "terminal16" } else { "dark" };
        let theme = self.load(if rest.is_empty() { plain } else { rest })?;
        let other = match theme.pair() {
            Some(pair) if theme.ground.opposes(self.ground) => self.load(pair)?,
            None if !rest.is_empty() => return Err(none(name, format!("{rest} names no pair for the other ground"))),
            _ => theme,
        };
        Ok(Theme { follows: Some(name.to_owned()), ..other })
    }

    /// Every theme: what suits the terminal first, then those inside the binary, then the user's own.
    #[must_use]
    pub fn all(&self) -> Vec<Offered> {
        let own = self.own();
        let hidden = |name: &str| own.iter().any(|(own, _)| own == name);
        let built_in = BUILT_IN.iter().filter(|(name, _)| !hidden(name)).map(|(name, _)| ((*name).to_owned(), None));
        let names = std::iter::once((AUTO.to_owned(), None)).chain(built_in);
        let names = names.chain(own.iter().map(|(name, path)| (name.clone(), Some(path.clone()))));
        names.map(|(name, file)| Offered { theme: self.named(&name), name, file }).collect()
    }

    fn load(&self, name: &str) -> Result<Theme, ThemeError> {
        let (file, text) = self.text(name)?.ok_or_else(|| self.unknown(name))?;
        let mut sheet = Sheet::default();
        sheet.read(&file, &text, 0, &|parent| match parent {
            // A theme of the user's may have the name of one inside the binary that it changes a little.
            _ if parent == name => Ok(inside(parent)),
            _ => self.text(parent),
        })?;
        let mut styles = sheet.styles()?;
        let screen = styles.get(Role::Screen as usize).and_then(|style| style.bg);
        let ground = match (sheet.ground, screen) {
            (Some(ground), _) => ground,
            (None, Some(Color::Rgb(red, green, blue))) => Ground::of(red, green, blue),
            _ => Ground::Dark,
        };
        let mut colors = styles.iter().flat_map(|style| [style.fg, style.bg]).flatten();
        if self.depth == Depth::Sixteen && !colors.all(|color| self.depth.shows(color)) {
            // What the sixteen look like is the user's, so none of them can be called the nearest.
            let plain = self.load("terminal16")?;
            return Ok(Theme { name: name.to_owned(), pair: sheet.pair, ..plain });
        }
        if let (true, Some(style)) = (ground.opposes(self.ground), styles.get_mut(Role::Screen as usize))
            && matches!(style.bg, None | Some(Color::Reset))
        {
            // Asked for by name, on a terminal with the other ground: its words need one that they can be read on.
            style.bg = Some(if ground == Ground::Light { PAPER } else { SLATE });
        }
        for style in &mut styles {
            *style = self.depth.reduced(*style);
        }
        let theme = Theme { name: name.to_owned(), ground, pair: sheet.pair, follows: None, styles };
        Ok(if self.depth == Depth::None { theme.without_color() } else { theme })
    }

    /// A theme's text and what errors call it; `None` where there is no such theme.
    fn text(&self, name: &str) -> Result<Option<(String, String)>, ThemeError> {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let path = self.directory.as_ref().filter(|_| plain).map(|themes| themes.join(format!("{name}.toml")));
        let Some(path) = path.filter(|path| path.exists()) else { return Ok(inside(name)) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some((path.display().to_string(), text))),
            Err(error) => Err(none(&path.display().to_string(), error.to_string())),
        }
    }

    fn own(&self) -> Vec<(String, PathBuf)> {
        let listed = |directory: &Path| std::fs::read_dir(directory).ok();
        let files = self.directory.as_deref().and_then(listed).into_iter().flatten().flatten();
        let mut found: Vec<(String, PathBuf)> = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
            .collect();
        found.sort();
        found
    }

    fn unknown(&self, name: &str) -> ThemeError {
        let own = self.own();
        let all = || BUILT_IN.iter().map(|(name, _)| *name).chain(own.iter().map(|(name, _)| name.as_str()));
        let near = closest(name, all());
        let message = match near.as_slice() {
            [] => format!("no such theme; there are auto, {}", all().collect::<Vec<_>>().join(", ")),
            near => format!("no such theme; did you mean {}?", near.join(", ")),
        };
        none(name, message)
    }
}

fn inside(name: &str) -> Option<(String, String)> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(((*name).to_owned(), (*text).to_owned()))
}

fn none(file: &str, message: String) -> ThemeError {
    ThemeError { file: file.to_owned(), line: 0, message }
}
