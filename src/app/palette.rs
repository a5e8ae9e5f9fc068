//! The command line after `:`: what it could become stands above it.

use std::borrow::Cow;
use std::cmp::Reverse;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::controls::facts;
use crate::keymap::BINDINGS;
use crate::model::Source;
use crate::theme::{Role, Theme};
use crate::view::{Look, Tab};
use crate::widget::fuzzy::fit;
use crate::widget::{bar, ink, text};

use super::{App, Effect, Layer, command};

/// The most commands that are remembered.
const HISTORY: usize = 100;

/// The most choices that are kept in order: nobody walks further.
const SHOWN: usize = 200;

/// Something that the line could become.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The command.
    pub line: String,
    /// What it does.
    pub what: Cow<'static, str>,
    /// More must be typed behind it.
    pub more: bool,
}

/// The line that is typed, and what it could become.
#[derive(Debug)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// The choice that Enter takes; without one the line is run as it is typed.
    pub at: Option<usize>,
    /// All choices: views first, tables last.
    choices: Vec<Choice>,
    /// Those that fit, the best first, each with the bytes that fit.
    fitting: Vec<(usize, Vec<usize>)>,
    /// How many commands back one has gone.
    past: usize,
}

impl Palette {
    /// Opens it, with something typed already.
    #[must_use]
    pub fn new(app: &App, typed: String) -> Self {
        let mut palette =
            Self { input: Input::new(typed), at: None, choices: choices(app), fitting: Vec::new(), past: 0 };
        palette.fit();
        palette
    }

    /// How many choices fit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fitting.len()
    }

    /// True when nothing fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fitting.is_empty()
    }

    /// A choice that fits, and which of its bytes do.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<(&Choice, &[usize])> {
        let (choice, bytes) = self.fitting.get(at)?;
        Some((self.choices.get(*choice)?, bytes))
    }

    fn set(&mut self, line: String) {
        self.input = Input::new(line);
        self.fit();
    }

    /// Finds what fits. What can be run as it is typed is not second-guessed; else Enter takes what fits best.
    fn fit(&mut self) {
        let typed = self.input.value().trim_start();
        // `who` takes tables, too.
        let (verb, asked) = match typed.strip_prefix("who ") {
            Some(rest) => ("who ", format!("table {rest}")),
            None => ("", typed.to_owned()),
        };
        // A command that has its space is typed already.
        let begun =
            |choice: &Choice| choice.more && typed.strip_prefix(&choice.line).is_some_and(|it| it.starts_with(' '));
        let of_verb = |choice: &Choice| verb.is_empty() || (choice.line.starts_with("table ") && !choice.more);
        let may = |choice: &Choice| of_verb(choice) && !begun(choice);
        let mut fitting: Vec<(i32, usize, Vec<usize>)> = Vec::new();
        for (place, choice) in self.choices.iter().enumerate().filter(|(_, choice)| may(choice)) {
            if let Some(fit) = fit(&asked, &choice.line) {
                fitting.push((fit.score, place, fit.at));
            }
        }
        // Among equals: in their own order, but what is shorter goes before what it is the beginning of.
        let by = |(score, place, _): &(i32, usize, Vec<usize>)| {
            let exact = self.choices.get(*place).is_some_and(|choice| choice.line == asked);
            (Reverse(exact), Reverse(*score), *place)
        };
        fitting.sort_by_key(by);
        fitting.truncate(SHOWN);
        self.fitting = fitting.into_iter().map(|(_, place, at)| (place, at)).collect();
        self.at = if self.stands(typed.trim_end()) || self.fitting.is_empty() { None } else { Some(0) };
    }

    /// True when a line is a command by itself.
    fn stands(&self, typed: &str) -> bool {
        let (word, rest) = typed.split_once(' ').unwrap_or((typed, ""));
        let free =
            ["lanes", "sort", "handover", "open"].contains(&word) || (word != "table" && Tab::named(word).is_some());
        let exact = |line: &str| self.choices.iter().any(|choice| choice.line == line && !choice.more);
        match word {
            "" | "q!" | "quit" | "qa" | "exit" => true,
            "who" => exact(&format!("table {rest}")) || rest.contains(' '),
            _ => exact(typed) || (!rest.is_empty() && free),
        }
    }

    /// The choice under the cursor as a line, and whether more must be typed behind it.
    fn chosen(&self, at: usize) -> Option<(String, bool)> {
        let (choice, _) = self.get(at)?;
        let who = self.input.value().trim_start().starts_with("who ");
        let line = match choice.line.strip_prefix("table ").filter(|_| who) {
            Some(table) => format!("who {table}"),
            None => choice.line.clone(),
        };
        Some((line, choice.more))
    }

    /// To the next choice, or the one before.
    pub fn step(&mut self, down: bool) {
        let last = self.fitting.len().checked_sub(1);
        self.at = match (self.at, last) {
            (_, None) => None,
            (None, Some(_)) if down => Some(0),
            (None | Some(0), _) if !down => None,
            (Some(at), Some(last)) => Some(if down { (at + 1).min(last) } else { at - 1 }),
            (None, Some(_)) => None,
        };
    }

    /// Goes through what was run before; `false` when there is nothing there.
    fn recall(&mut self, history: &[String], back: bool) -> bool {
        let past = if back { self.past + 1 } else { self.past.saturating_sub(1) };
        let line = match past {
            0 => String::new(),
            past => match history.len().checked_sub(past).and_then(|at| history.get(at)) {
                Some(line) => line.clone(),
                None => return false,
            },
        };
        self.set(line);
        (self.past, self.at) = (past, None);
        true
    }
}

/// What a key does while a command is typed.
pub fn key(app: &mut App, mut palette: Palette, key: KeyEvent) -> Vec<Effect> {
    let control = |c| key.code == KeyCode::Char(c) && key.modifiers.contains(KeyModifiers::CONTROL);
    let (up, down) = (key.code == KeyCode::Up || control('p'), key.code == KeyCode::Down || control('n'));
    let (empty, recalling) = (palette.input.value().is_empty(), palette.past > 0);
    match key.code {
        KeyCode::Esc => return Vec::new(),
        _ if control('c') => return Vec::new(),
        KeyCode::Backspace if empty => return Vec::new(),
        KeyCode::Enter => return enter(app, palette),
        _ if (up && (recalling || (empty && palette.at.is_none()))) || (down && recalling) => {
            palette.recall(&app.commands, up);
        }
        _ if up || down => palette.step(down),
        KeyCode::BackTab => palette.step(false),
        KeyCode::Tab => match palette.chosen(palette.at.unwrap_or(0)) {
            Some((line, more))
                if palette.input.value() != line && !(more && palette.input.value().starts_with(&line)) =>
            {
                palette.set(if more { line + " " } else { line });
            }
            _ => palette.step(true),
        },
        _ => {
            palette.past = 0;
            palette.input.handle_event(&Event::Key(key));
            palette.fit();
        }
    }
    app.layers.push(Layer::Command(palette));
    Vec::new()
}

/// Runs the choice under the cursor, or what is typed; a choice that wants more is typed.
pub fn enter(app: &mut App, mut palette: Palette) -> Vec<Effect> {
    let line = match palette.at.and_then(|at| palette.chosen(at)) {
        Some((line, true)) => {
            palette.set(line + " ");
            app.layers.push(Layer::Command(palette));
            return Vec::new();
        }
        Some((line, false)) => line,
        None => palette.input.value().trim().to_owned(),
    };
    if !line.is_empty() && app.commands.last() != Some(&line) {
        app.commands.push(line.clone());
        let over = app.commands.len().saturating_sub(HISTORY);
        app.commands.drain(..over);
    }
    command::run(app, &line)
}

/// All that a line could become.
fn choices(app: &App) -> Vec<Choice> {
    let keys = &app.look.keys;
    let of = |line: String, what: Cow<'static, str>| Choice { line, what, more: false };
    let mut all: Vec<Choice> = Vec::new();
    for tab in Tab::ALL {
        let key = BINDINGS.iter().find(|row| row.what == tab.name()).map(|row| keys.key(row.action));
        all.push(of(tab.name().to_lowercase(), format!("view   {}", key.unwrap_or_default()).into()));
    }
    for (words, what) in command::COMMANDS {
        let line: Vec<&str> =
            words.split(' ').filter(|word| !word.starts_with('[') && *word != word.to_uppercase()).collect();
        let more = words.split(' ').any(|word| !word.starts_with('[') && word == word.to_uppercase());
        all.push(Choice { line: line.join(" "), what: what.into(), more });
    }
    all.push(of("handover done".to_owned(), "moves the mark to now".into()));
    let known = |all: &[Choice], line: &str| all.iter().any(|choice| choice.line == line);
    for (row, _) in keys.rows().filter(|(row, _)| row.group != crate::keymap::MOVE) {
        if !known(&all, row.name) {
            all.push(of(row.name.to_owned(), format!("{}   {}", row.what, keys.key(row.action)).into()));
        }
    }
    let themes = Theme::built_in_names().map(|name| of(format!("theme {name}"), "theme".into()));
    all.extend(themes);
    all.extend(Source::ALL.iter().map(|source| of(format!("refresh {}", source.name()), "sweep it again now".into())));
    let estate = app.store.estate();
    let mut places: Vec<(String, &'static str)> = Vec::new();
    for scope in &estate.scopes {
        places.push((format!("tables account:{}", scope.account), "tables of an account"));
        places.push((format!("tables region:{}", scope.region), "tables of a region"));
    }
    places.sort();
    places.dedup();
    all.extend(places.into_iter().map(|(line, what)| of(line, what.into())));
    all.extend(facts::all().map(|(id, facts)| of(format!("open {id}"), Cow::Borrowed(facts.title.as_str()))));
    let mut tables: Vec<(&str, &crate::model::Scope)> =
        estate.tables.values().map(|table| (table.name.as_str(), &table.scope)).collect();
    tables.sort();
    for same in tables.chunk_by(|a, b| a.0 == b.0) {
        if let [(name, scope), rest @ ..] = same {
            let what = if rest.is_empty() { scope.to_string() } else { format!("{} of this name", same.len()) };
            all.push(of(format!("table {name}"), what.into()));
        }
    }
    all
}

/// The most choices in sight above the command line.
const CHOICES: usize = 12;

/// What the command line could become, above it; where each choice stands is given back.
pub fn draw(look: &Look, palette: &Palette, area: Rect, footer: Rect, buf: &mut Buffer) -> Vec<(Rect, usize)> {
    let room = usize::from((footer.y - area.y).saturating_sub(2)).min(CHOICES);
    let count = palette.len().min(room);
    if count == 0 {
        return Vec::new();
    }
    let mut spots = Vec::new();
    let first = palette.at.map_or(0, |at| (at + 1).saturating_sub(count));
    let shown: Vec<_> = (first..first + count).filter_map(|at| Some((at, palette.get(at)?))).collect();
    let most = usize::from(area.width / 2);
    let wide = shown.iter().map(|(_, (choice, _))| text::width(&choice.line)).max().unwrap_or(0).min(most);
    let top = footer.y - u16::try_from(shown.len()).unwrap_or(0);
    let rows = (top..footer.y).zip(shown);
    bar::rule(Rect { y: top - 1, height: 1, ..footer }, buf, look.style(Role::Rule), look.ascii);
    for (y, (at, (choice, bytes))) in rows {
        let row = Rect { y, height: 1, ..footer };
        spots.push((row, at));
        Clear.render(row, buf);
        buf.set_style(row, look.style(Role::Text));
        let mut spans = vec![Span::raw("  ")];
        // Letters that were typed stand out.
        for part in letters(&choice.line, bytes) {
            spans.push(look.foreign(if part.1 { Role::Match } else { Role::Text }, part.0, most));
        }
        let left = wide.saturating_sub(text::width(&choice.line)) + 3;
        spans.extend([Span::raw(" ".repeat(left)), look.foreign(Role::Dim, &choice.what, usize::from(area.width))]);
        ink::line(buf, row.x, y, &Line::from(spans), row.width);
        if palette.at == Some(at) {
            bar::cursor(row, buf, look.style(Role::Cursor));
        }
    }
    spots
}

/// A line in parts, each with whether its letters were typed.
fn letters<'a>(line: &'a str, typed: &[usize]) -> Vec<(&'a str, bool)> {
    let mut parts: Vec<(&str, bool)> = Vec::new();
    let mut start = 0;
    let chars: Vec<(usize, bool)> = line.char_indices().map(|(at, _)| (at, typed.binary_search(&at).is_ok())).collect();
    for of in chars.chunk_by(|a, b| a.1 == b.1) {
        let end = of.last().and_then(|(at, _)| line.get(*at..)?.chars().next().map(|c| at + c.len_utf8()));
        let end = end.unwrap_or(line.len());
        parts.extend(line.get(start..end).map(|part| (part, of.first().is_some_and(|(_, typed)| *typed))));
        start = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn palette(lines: impl IntoIterator<Item = String>) -> Palette {
        let choices = lines.into_iter().map(|line| Choice { line, what: "".into(), more: false }).collect();
        Palette { input: Input::default(), at: None, choices, fitting: Vec::new(), past: 0 }
    }

    #[test]
    fn what_fits_best_is_taken_unless_the_line_is_a_command_by_itself() {
        let lines = ["tables", "trail", "theme dark", "table orders", "table orders-archive", "table record"];
        let mut palette = palette(lines.map(str::to_owned));
        let mut typed = |line: &str| {
            palette.set(line.to_owned());
            palette.at.and_then(|at| palette.chosen(at)).map(|(line, _)| line)
        };
        for (line, taken) in [
            ("ta", Some("tables")),
            ("tables", None),
            ("tables pitr:no", None),
            ("ord", Some("table orders")),
            ("table orders", None),
            ("table ordersa", Some("table orders-archive")),
            ("who ord", Some("who orders")),
            ("who orders", None),
            ("dark", Some("theme dark")),
            ("arn:aws:dynamodb:eu-west-1:1:table/x", None),
            ("", None),
        ] {
            assert_eq!(typed(line).as_deref(), taken, "{line}");
        }
    }

    #[test]
    fn ten_thousand_tables_are_searched_within_a_frame() {
        let mut palette = palette((0..10_000).map(|n| format!("table team-{}-service-{n}-orders-by-day", n % 97)));
        let mut worst = Duration::ZERO;
        for typed in ["t", "te", "tea", "team12ord", "service 99 day", "zzz", "e"] {
            let began = Instant::now();
            palette.set(typed.to_owned());
            worst = worst.max(began.elapsed());
        }
        println!("the slowest of seven lines: {worst:?}");
        // Unoptimised, on a busy machine; optimised it is a tenth of it.
        assert!(worst < Duration::from_millis(400), "{worst:?}");
        palette.set("team12ord".to_owned());
        assert!(palette.get(0).unwrap().0.line.starts_with("table team-12-"));
    }
}
