//! Details: lines of which some lead somewhere.

use ratatui::text::{Line, Span};

use crate::store::LinkTier;
use crate::theme::Role;
use crate::trail::EventRef;
use crate::widget::text;

use super::{Ctx, Look, Screen, Thing};

/// A detail screen's lines.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// The lines.
    pub lines: Vec<DocLine>,
    /// Lines at the top that stay while the rest scrolls.
    pub pinned: usize,
    /// They stay as far as this line; beyond it the room is the rest's.
    pub pinned_to: Option<usize>,
    /// Where the cursor starts.
    pub best: Option<usize>,
    /// Lines beside the others, which lead nowhere.
    pub side: Vec<Line<'static>>,
    /// Their width.
    pub side_width: u16,
}

/// One line of a detail.
#[derive(Debug, Clone)]
pub struct DocLine {
    /// What is drawn.
    pub what: What,
    /// What Enter opens.
    pub to: Option<Screen>,
    /// The cursor steps over it: a head, or what belongs to the line before.
    pub passed: bool,
}

/// What a line draws.
#[derive(Debug, Clone)]
pub enum What {
    /// A line made beforehand.
    Line(Line<'static>),
    /// An event in a timeline: formatted only when in sight, for there may be thousands.
    Event(LinkTier, u32),
}

impl DocLine {
    /// The cursor steps over it.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.passed || matches!(&self.what, What::Line(line) if line.width() == 0)
    }
}

/// The width of the names before values.
const NAME: usize = 14;

impl Doc {
    /// Adds a line.
    pub fn push(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(DocLine { what: What::Line(line.into()), to: None, passed: false });
    }

    /// Adds a line that leads somewhere.
    pub fn link(&mut self, line: impl Into<Line<'static>>, to: Screen) {
        self.lines.push(DocLine { what: What::Line(line.into()), to: Some(to), passed: false });
    }

    /// Adds an empty line.
    pub fn gap(&mut self) {
        self.push(Line::default());
    }

    /// Adds an event of a timeline.
    pub fn event(&mut self, tier: LinkTier, event: EventRef<'_>) {
        let to = Some(Screen::Detail(Thing::Event(event.key().into_owned())));
        self.lines.push(DocLine { what: What::Event(tier, event.row()), to, passed: false });
    }

    /// Adds a section's head, drawn across the width.
    pub fn section(&mut self, ctx: &Ctx<'_>, title: &str, note: &str) {
        let dash = if ctx.look.ascii { "-" } else { "─" };
        let used = 4 + text::width(title) + if note.is_empty() { 0 } else { text::width(note) + 1 };
        let rest = usize::from(ctx.width).saturating_sub(used + 1);
        let mut spans = vec![
            Span::styled(format!(" {dash} "), ctx.look.style(Role::Rule)),
            ctx.look.say(Role::Heading, title.to_owned()),
        ];
        if !note.is_empty() {
            spans.push(ctx.look.say(Role::Dim, format!(" {note}")));
        }
        spans.push(Span::styled(format!(" {}", dash.repeat(rest)), ctx.look.style(Role::Rule)));
        self.lines.push(DocLine { what: What::Line(spans.into()), to: None, passed: true });
    }

    /// Adds `name  value`, the value being text from outside, wrapped onto as many lines as it needs (at most six).
    pub fn field(&mut self, ctx: &Ctx<'_>, name: &'static str, value: &str) {
        self.field_to(ctx, name, value, None);
    }

    /// As [`Doc::field`], and Enter on it leads somewhere.
    #[expect(clippy::needless_pass_by_value, reason = "callers make the screen for this line alone")]
    pub fn field_to(&mut self, ctx: &Ctx<'_>, name: &'static str, value: &str, to: Option<Screen>) {
        let room = usize::from(ctx.width).saturating_sub(NAME + 3).max(8);
        let role = if to.is_some() { Role::Link } else { Role::Text };
        let mut name = name;
        for part in wrap(value, room, 6) {
            let part = if ctx.look.ascii { super::look::ascii(&part) } else { part };
            let line = vec![name_span(ctx.look, std::mem::take(&mut name)), Span::styled(part, ctx.look.style(role))];
            self.lines.push(DocLine { what: What::Line(line.into()), to: to.clone(), passed: false });
        }
    }

    /// Adds text from outside over the whole width, on as many lines as it needs (at most twenty).
    pub fn text(&mut self, ctx: &Ctx<'_>, value: &str) {
        for part in wrap(value, usize::from(ctx.width).saturating_sub(2).max(8), 20) {
            let part = if ctx.look.ascii { super::look::ascii(&part) } else { part };
            self.push(vec![Span::raw(" "), Span::styled(part, ctx.look.style(Role::Text))]);
        }
    }

    /// Adds `name  spans`.
    pub fn spans(&mut self, ctx: &Ctx<'_>, name: &'static str, mut spans: Vec<Span<'static>>, to: Option<Screen>) {
        spans.insert(0, name_span(ctx.look, name));
        self.lines.push(DocLine { what: What::Line(spans.into()), to, passed: false });
    }
}

fn name_span(look: &Look, name: &'static str) -> Span<'static> {
    look.say(Role::Dim, format!(" {name:<NAME$} "))
}

/// Foreign text, made inert, in lines of at most `width` cells, cut after `lines` of them.
#[must_use]
pub fn wrap(value: &str, width: usize, lines: usize) -> Vec<String> {
    let clean = text::clean(value, width * lines);
    let mut out = vec![String::new()];
    let mut used = 0;
    for word in clean.split_inclusive([' ', '/', ',']) {
        let cells = text::width(word);
        if used > 0 && used + cells > width && cells <= width {
            out.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let cells = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if used + cells > width {
                out.push(String::new());
                used = 0;
            }
            if let Some(last) = out.last_mut() {
                last.push(c);
            }
            used += cells;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_wraps_at_words_and_never_beyond_the_width() {
        assert_eq!(wrap("alpha beta gamma", 11, 6), ["alpha beta ", "gamma"]);
        assert_eq!(wrap("aaaaaaaaaa", 4, 6), ["aaaa", "aaaa", "aa"]);
        assert!(wrap(&"x".repeat(1_000_000), 10, 6).len() <= 7);
        assert_eq!(wrap("", 4, 6), [""]);
    }
}
