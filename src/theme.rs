//! Themes: a palette and a few roles in TOML, many styles out.
//!
//! Views ask for a role, never for a colour. Severity and verdict always carry a word or a glyph beside it.

use std::collections::BTreeMap;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Severity, Verdict};

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

/// The themes inside the binary: name and text.
const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("terminal16", include_str!("../themes/terminal16.toml")),
];

/// A theme that cannot be used, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ThemeError {
    /// The theme's name or path.
    pub file: String,
    /// The line, from 1; 0 when it is about the whole file.
    pub line: usize,
    /// What is wrong, in words.
    pub message: String,
}

/// Styles by role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
}

impl Theme {
    /// The names of the themes inside the binary.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme inside the binary.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        let text = built_in_text(name).ok_or_else(|| {
            let known: Vec<_> = Self::built_in_names().collect();
            let message = format!("no such theme; there are {}", known.join(", "));
            ThemeError { file: name.to_owned(), line: 0, message }
        })?;
        Self::parse(name, text)
    }

    /// Reads a theme's TOML; `inherits` may name a theme inside the binary. `name` is what errors point at.
    ///
    /// # Errors
    /// When the text is no TOML, or names a role, colour, modifier or parent that does not exist.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let mut sheet = Sheet::default();
        sheet.read(name, text, 0)?;
        let mut styles = vec![Style::new(); Role::ALL.len()];
        for (role, rule) in &sheet.roles {
            if let Some(style) = styles.get_mut(*role as usize) {
                *style = rule.resolve(&sheet.palette)?;
            }
        }
        Ok(Self { name: name.to_owned(), styles })
    }

    /// The theme's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
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
            let filled = style.bg.is_some() || *role == Role::Cursor;
            *style = Style::new().add_modifier(style.add_modifier);
            if filled {
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

fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A theme file and its parents, read but not resolved: a child's palette recolours its parents' roles.
#[derive(Default)]
struct Sheet {
    palette: BTreeMap<String, String>,
    roles: BTreeMap<Role, Rule>,
}

struct Rule {
    file: String,
    line: usize,
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Vec<String>,
}

impl Sheet {
    fn read(&mut self, file: &str, text: &str, depth: usize) -> Result<(), ThemeError> {
        let error = |at: usize, message: String| ThemeError { file: file.to_owned(), line: line_of(text, at), message };
        let table = DeTable::parse(text)
            .map_err(|bad| error(bad.span().map_or(0, |span| span.start), bad.message().to_owned()))?;
        let table = table.get_ref();
        if let Some(parent) = get(table, "inherits") {
            let at = parent.span().start;
            let name = parent.get_ref().as_str().unwrap_or_default();
            let parent = built_in_text(name).ok_or_else(|| error(at, format!("no theme {name:?} to inherit from")))?;
            if depth > 4 {
                return Err(error(at, "themes inherit from each other in a circle".to_owned()));
            }
            self.read(name, parent, depth + 1)?;
        }
        for (key, value) in entries(table, "palette") {
            let color = value
                .get_ref()
                .as_str()
                .ok_or_else(|| error(value.span().start, "a palette's colour is a string".to_owned()))?;
            parse_color(color).ok_or_else(|| error(value.span().start, format!("no colour {color:?}")))?;
            self.palette.insert(key.to_owned(), color.to_owned());
        }
        for (key, value) in entries(table, "roles") {
            let at = value.span().start;
            let role = Role::ALL.iter().find(|role| role.name() == key);
            let role = role.ok_or_else(|| error(at, format!("no role {key:?}")))?;
            let rule = Rule::read(file, line_of(text, at), value.get_ref())
                .ok_or_else(|| error(at, "a role is a colour or { fg, bg, modifiers }".to_owned()))?;
            rule.resolve(&self.palette)?;
            self.roles.insert(*role, rule);
        }
        Ok(())
    }
}

impl Rule {
    fn read(file: &str, line: usize, value: &DeValue<'_>) -> Option<Self> {
        let mut rule = Self { file: file.to_owned(), line, fg: None, bg: None, modifiers: Vec::new() };
        if let Some(color) = value.as_str() {
            rule.fg = Some(color.to_owned());
            return Some(rule);
        }
        for (key, value) in value.as_table()? {
            match key.get_ref().as_ref() {
                "fg" => rule.fg = Some(value.get_ref().as_str()?.to_owned()),
                "bg" => rule.bg = Some(value.get_ref().as_str()?.to_owned()),
                "modifiers" => {
                    let list = value.get_ref().as_array()?;
                    rule.modifiers =
                        list.iter().map(|m| m.get_ref().as_str().map(str::to_owned)).collect::<Option<_>>()?;
                }
                _ => return None,
            }
        }
        Some(rule)
    }

    fn resolve(&self, palette: &BTreeMap<String, String>) -> Result<Style, ThemeError> {
        let error = |message: String| ThemeError { file: self.file.clone(), line: self.line, message };
        let color = |name: &String| {
            let name = palette.get(name).unwrap_or(name);
            parse_color(name).ok_or_else(|| error(format!("no colour {name:?}")))
        };
        let mut style = Style::new();
        if let Some(fg) = &self.fg {
            style = style.fg(color(fg)?);
        }
        if let Some(bg) = &self.bg {
            style = style.bg(color(bg)?);
        }
        for name in &self.modifiers {
            style = style.add_modifier(match name.as_str() {
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                _ => return Err(error(format!("no modifier {name:?}"))),
            });
        }
        Ok(style)
    }
}

fn get<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

fn entries<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Vec<(&'a str, &'a Spanned<DeValue<'i>>)> {
    let inner = get(table, name).and_then(|value| value.get_ref().as_table());
    inner.map(|inner| inner.iter().map(|(key, value)| (key.get_ref().as_ref(), value)).collect()).unwrap_or_default()
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn parse_color(name: &str) -> Option<Color> {
    match name {
        "default" => Some(Color::Reset),
        // ratatui's own parser takes names, `#rrggbb` and indices of the 256.
        _ => Color::from_str(name).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_inside_the_binary_loads_and_styles_every_role() {
        for name in Theme::built_in_names() {
            let theme = Theme::built_in(name).unwrap();
            for role in Role::ALL {
                assert_ne!(theme.style(*role), Style::new(), "{name}: role {} has no style", role.name());
            }
        }
    }

    #[test]
    fn an_error_points_at_its_line() {
        let error = Theme::parse("mine", "inherits = \"dark\"\n\n[roles]\npass = \"grene\"\n").unwrap_err();
        assert_eq!((error.line, error.file.as_str()), (4, "mine"));
        assert!(error.message.contains("grene"));
        assert_eq!(Theme::parse("mine", "[roles]\nsky = \"blue\"").unwrap_err().line, 2);
        assert_eq!(Theme::parse("mine", "a = 1\nb = = 2").unwrap_err().line, 2);
        assert_eq!(Theme::parse("mine", "inherits = \"none\"").unwrap_err().line, 1);
    }

    #[test]
    fn a_child_recolours_its_parents_roles() {
        let theme = Theme::parse("mine", "inherits = \"dark\"\n[palette]\ngreen = \"#000001\"").unwrap();
        assert_eq!(theme.style(Role::Pass).fg, Some(Color::Rgb(0, 0, 1)));
    }

    #[test]
    fn without_colour_the_cursor_is_still_seen() {
        let theme = Theme::built_in("dark").unwrap().without_color();
        let styles: Vec<_> = Role::ALL.iter().map(|role| theme.style(*role)).collect();
        assert!(styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert!(theme.style(Role::Cursor).add_modifier.contains(Modifier::REVERSED));
    }
}
