//! Themes: a palette and a few roles in TOML, many styles out.
//!
//! Views ask for a role, never for a colour. Severity and verdict always carry a word or a glyph beside it.

mod color;
mod depth;
mod sheet;
#[cfg(test)]
mod tests;
mod wardrobe;

use ratatui::style::{Color, Modifier, Style};

use crate::model::{Severity, Verdict};

pub use depth::Depth;
pub use wardrobe::{Offered, Wardrobe};

macro_rules! roles {
    ($($variant:ident $name:literal $doc:literal),* $(,)?) => {
        /// What a piece of the screen is for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Role { $(#[doc = $doc] $variant),* }

        impl Role {
            /// Every role, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name used in theme files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

roles! {
    Screen "screen" "The whole screen, below everything; `default` is the terminal's own ground.",
    Text "text" "Ordinary text.",
    Dim "dim" "What may be overlooked.",
    Rule "rule" "Lines that separate.",
    Accent "accent" "The one accent.",
    Title "title" "The name of what is shown.",
    Heading "heading" "The head of a section.",
    Column "column" "A column's head.",
    Tab "tab" "A tab.",
    TabActive "tab-active" "The tab shown.",
    Cursor "cursor" "The row that keys act on.",
    Mark "mark" "A marked row's sign.",
    Key "key" "A key in the footer and the help.",
    Badge "badge" "DEMO and REPLAY.",
    Banner "banner" "A line that asks for something to be done.",
    Error "error" "An error's line.",
    Stale "stale" "The age of a value that could not be read again.",
    Match "match" "A hit of a search.",
    Link "link" "What Enter opens.",
    Pass "pass" "Verdict pass.",
    Fail "fail" "Verdict fail.",
    Warn "warn" "Verdict warn.",
    Unknown "unknown" "Verdict unknown.",
    Manual "manual" "Verdict manual.",
    NotApplicable "na" "Verdict n/a.",
    Critical "critical" "Severity critical.",
    High "high" "Severity high.",
    Medium "medium" "Severity medium.",
    Low "low" "Severity low.",
    Info "info" "Severity info.",
    JsonKey "json-key" "A key in raw JSON.",
    JsonString "json-string" "A string in raw JSON.",
    JsonOther "json-other" "Any other value in raw JSON.",
}

/// A theme that cannot be used, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub struct ThemeError {
    /// The theme's name or path.
    pub file: String,
    /// The line, from 1; 0 when it is about the whole file.
    pub line: usize,
    /// What is wrong, in words.
    pub message: String,
}

impl ThemeError {
    fn words(&self) -> String {
        let Self { file, line, message } = self;
        if *line == 0 { format!("{file}: {message}") } else { format!("{file}:{line}: {message}") }
    }
}

/// The ground that a theme is made for, or that a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Light letters on dark.
    Dark,
    /// Dark letters on light.
    Light,
    /// Either.
    Any,
}

impl Ground {
    /// The word that theme files use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Any => "any",
        }
    }

    /// True when what is made for this one cannot be read on the other.
    #[must_use]
    pub fn opposes(self, other: Self) -> bool {
        matches!((self, other), (Self::Dark, Self::Light) | (Self::Light, Self::Dark))
    }

    /// What a colour is as a ground: light, when dark letters are read better on it than light ones.
    #[must_use]
    pub fn of(red: u8, green: u8, blue: u8) -> Self {
        let ground = color::luminance([red, green, blue]);
        let [white, black] = [color::contrast(1.0, ground), color::contrast(ground, 0.0)];
        if black > white { Self::Light } else { Self::Dark }
    }

    /// What `COLORFGBG` says, which some terminals set: `15;0`, the number of the ground last.
    #[must_use]
    pub fn of_variable(value: &str) -> Option<Self> {
        let ground: u8 = value.rsplit(';').next()?.parse().ok()?;
        // As vim takes it: of the sixteen, 7 and all from 9 on are light.
        Some(if ground == 7 || (9..=15).contains(&ground) { Self::Light } else { Self::Dark })
    }
}

/// Styles by role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    ground: Ground,
    pair: Option<String>,
    follows: Option<String>,
    styles: Vec<Style>,
}

impl Theme {
    /// The names of the themes inside the binary.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        wardrobe::BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme inside the binary, in all its colours.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        Wardrobe::new(None, Depth::True).named(name)
    }

    /// The theme's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ground it is made for.
    #[must_use]
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// The theme that is the same for the other ground.
    #[must_use]
    pub fn pair(&self) -> Option<&str> {
        self.pair.as_deref()
    }

    /// The name that was asked for, where what that means hangs on the terminal's ground.
    #[must_use]
    pub fn follows(&self) -> Option<&str> {
        self.follows.as_deref()
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The same theme with modifiers alone, for `NO_COLOR` and `--no-color`.
    #[must_use]
    pub fn without_color(mut self) -> Self {
        for (role, style) in Role::ALL.iter().zip(&mut self.styles) {
            let filled = !matches!(style.bg, None | Some(Color::Reset)) || *role == Role::Cursor;
            *style = Style::new().add_modifier(style.add_modifier);
            if filled && *role != Role::Screen {
                *style = style.add_modifier(Modifier::REVERSED);
            }
        }
        self
    }
}

/// The role of a verdict.
#[must_use]
pub fn verdict_role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Pass => Role::Pass,
        Verdict::Fail => Role::Fail,
        Verdict::Warn => Role::Warn,
        Verdict::Unknown => Role::Unknown,
        Verdict::Manual => Role::Manual,
        Verdict::NotApplicable => Role::NotApplicable,
    }
}

/// The role of a severity.
#[must_use]
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::High => Role::High,
        Severity::Medium => Role::Medium,
        Severity::Low => Role::Low,
        Severity::Info => Role::Info,
    }
}
