//! Themes to choose from: the one under the cursor is tried on at once.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use crate::model::{Severity, Verdict};
use crate::theme::{Ground, Offered, Role, Theme, severity_role, verdict_role};
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Doc, ListView, Row};

/// The list of them.
pub static VIEW: ListView = ListView {
    noun: "themes",
    sources: &[],
    columns: &COLUMNS,
    collect: |ctx, _| (0..ctx.look.themes.len()).map(Row::Theme).collect(),
    cell,
    key,
    verdict: |ctx, row| match theme(ctx, row).map(|of| &of.theme) {
        Some(Err(_)) => Verdict::Fail,
        _ => Verdict::NotApplicable,
    },
    empty: |_, _| "reading the themes …".to_owned(),
};

const COLUMNS: [Column; 5] =
    [fixed("NAME", 17, 0), fixed("FOR", 8, 2), fixed("LOOKS", 30, 1), fixed("PAIR", 17, 4), grows("FROM", 10, 1, 3)];

/// The theme of a row.
pub fn theme<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a Offered> {
    let Row::Theme(place) = row else { return None };
    ctx.look.themes.get(*place)
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some(of) = theme(ctx, row) else { return Line::default() };
    match (column, &of.theme) {
        (0, _) => look.foreign(Role::Text, &of.name, room).into(),
        (1, Ok(theme)) => look.line(Role::Dim, ground(theme)),
        (1, Err(_)) => look.verdict(Verdict::Fail, "broken"),
        (2, Ok(theme)) => sample(ctx, theme),
        (3, Ok(theme)) => look.foreign(Role::Dim, theme.pair().unwrap_or_default(), room).into(),
        (_, Ok(_)) => look.foreign(Role::Dim, &from(of), room).into(),
        (2, Err(error)) => look.foreign(Role::Error, &error.to_string(), room).into(),
        (_, Err(error)) => look.foreign(Role::Error, &error.to_string(), room).into(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some(of) = theme(ctx, row) else { return Key::Missing };
    match (column, &of.theme) {
        (0, _) => Key::text(&of.name),
        (1, Ok(theme)) => Key::text(ground(theme)),
        (3, Ok(theme)) => theme.pair().map_or(Key::Missing, Key::text),
        (4, _) => Key::text(&from(of)),
        _ => Key::Missing,
    }
}

fn ground(theme: &Theme) -> &'static str {
    match (theme.follows(), theme.ground()) {
        (Some(_), _) => "either",
        (None, Ground::Any) => "any",
        (None, ground) => ground.word(),
    }
}

fn from(of: &Offered) -> String {
    match (&of.file, &of.theme) {
        (Some(file), _) => file.display().to_string(),
        (None, Ok(theme)) if theme.follows().is_some() => format!("the terminal's ground: {} now", theme.name()),
        _ => "built in".to_owned(),
    }
}

/// The ground of a theme, as far as it paints one.
fn painted(theme: &Theme) -> Style {
    let screen = theme.style(Role::Screen);
    if screen.bg == Some(Color::Reset) { Style::new() } else { screen }
}

/// Verdicts and severities as a theme shows them, whatever the one worn.
fn sample(ctx: &Ctx<'_>, theme: &Theme) -> Line<'static> {
    let ground = painted(theme);
    let mut spans = vec![Span::styled(" ", ground)];
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Manual] {
        let style = ground.patch(theme.style(verdict_role(verdict)));
        spans.extend([Span::styled(ctx.look.glyph(verdict), style), Span::styled(" ", ground)]);
    }
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let style = ground.patch(theme.style(severity_role(severity)));
        spans.extend([Span::styled(severity.short(), style), Span::styled(" ", ground)]);
    }
    spans.into()
}

/// A theme's roles, each in its own look.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, name: &str) -> Option<Doc> {
    let of = ctx.look.themes.iter().find(|of| of.name == name)?;
    let mut doc = Doc::default();
    doc.field(ctx, "FROM", &from(of));
    let theme = match &of.theme {
        Ok(theme) => theme,
        Err(error) => {
            doc.field(ctx, "BROKEN", &error.to_string());
            return Some(doc);
        }
    };
    doc.field(ctx, "FOR", ground(theme));
    if let Some(pair) = theme.pair() {
        doc.field(ctx, "PAIR", pair);
    }
    doc.gap();
    for role in Role::ALL {
        let style = theme.style(*role);
        let color = |color: Option<Color>| color.filter(|color| *color != Color::Reset).map(|color| color.to_string());
        let words = [color(style.fg), color(style.bg).map(|ground| format!("on {ground}"))];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let sample = Span::styled(format!(" {:<14} ", role.name()), painted(theme).patch(style));
        doc.push(vec![Span::raw(" "), sample, ctx.look.say(Role::Dim, format!("  {}", words.join(" ")))]);
    }
    Some(doc)
}

/// The same as data.
#[must_use]
pub fn json(ctx: &Ctx<'_>, name: &str) -> Option<String> {
    let of = ctx.look.themes.iter().find(|of| of.name == name)?;
    let (theme, error) = (of.theme.as_ref().ok(), of.theme.as_ref().err());
    let json = serde_json::json!({
        "name": of.name,
        "kind": theme.map(|theme| theme.ground().word()),
        "pair": theme.and_then(Theme::pair),
        "follows_terminal": theme.is_some_and(|theme| theme.follows().is_some()),
        "file": of.file,
        "error": error.map(ToString::to_string),
    });
    Some(json.to_string())
}
