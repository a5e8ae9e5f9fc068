//! A theme's TOML, read with its parents; what is wrong in it points at its line.

use std::collections::BTreeMap;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Ground, Role, ThemeError};

/// Where parents are looked for: what errors call it, and its text.
pub(super) type Parents<'a> = dyn Fn(&str) -> Result<Option<(String, String)>, ThemeError> + 'a;

/// What a theme may say at its top.
const SETTINGS: [&str; 5] = ["inherits", "kind", "pair", "palette", "roles"];

/// A theme file and its parents, read but not resolved: a child's palette recolours its parents' roles.
#[derive(Default)]
pub(super) struct Sheet {
    palette: BTreeMap<String, String>,
    roles: BTreeMap<Role, Rule>,
    pub(super) ground: Option<Ground>,
    pub(super) pair: Option<String>,
}

struct Rule {
    file: String,
    line: usize,
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Vec<String>,
}

impl Sheet {
    /// Takes a text in, its parents before it.
    pub(super) fn read(
        &mut self,
        file: &str,
        text: &str,
        depth: usize,
        parents: &Parents<'_>,
    ) -> Result<(), ThemeError> {
        let error = |at: usize, message: String| ThemeError { file: file.to_owned(), line: line_of(text, at), message };
        let table = DeTable::parse(text)
            .map_err(|bad| error(bad.span().map_or(0, |span| span.start), bad.message().to_owned()))?;
        let table = table.get_ref();
        if let Some((key, _)) = table.iter().find(|(key, _)| !SETTINGS.contains(&key.get_ref().as_ref())) {
            let words = format!("no setting {:?}; there are {}", key.get_ref(), SETTINGS.join(", "));
            return Err(error(key.span().start, words));
        }
        if let Some(parent) = get(table, "inherits") {
            let at = parent.span().start;
            if depth > 4 {
                return Err(error(at, "themes inherit from each other in a circle".to_owned()));
            }
            let name = parent.get_ref().as_str().unwrap_or_default();
            let (file, text) = parents(name)?.ok_or_else(|| error(at, format!("no theme {name:?} to inherit from")))?;
            self.read(&file, &text, depth + 1, parents)?;
            // The parent's other half is not the child's.
            self.pair = None;
        }
        if let Some(kind) = get(table, "kind") {
            let grounds = [Ground::Dark, Ground::Light, Ground::Any];
            let found = grounds.into_iter().find(|ground| kind.get_ref().as_str() == Some(ground.word()));
            let wrong = || error(kind.span().start, "a kind is \"dark\", \"light\" or \"any\"".to_owned());
            self.ground = Some(found.ok_or_else(wrong)?);
        }
        if let Some(pair) = get(table, "pair") {
            let wrong = || error(pair.span().start, "a pair is a theme's name".to_owned());
            self.pair = Some(pair.get_ref().as_str().ok_or_else(wrong)?.to_owned());
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

    /// Styles in the order of [`Role::ALL`].
    pub(super) fn styles(&self) -> Result<Vec<Style>, ThemeError> {
        let style = |role: &Role| self.roles.get(role).map_or(Ok(Style::new()), |rule| rule.resolve(&self.palette));
        Role::ALL.iter().map(style).collect()
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
