//! The most frequent values of a few fields with their counts, a field a line, or all side by side where lines are rare.
//!
//! ```text
//! NAME  UpdateItem 21 · UpdateTable 9 · UpdateContinuousBackups 4 · …
//! WHO   app-orders 14 · ci 12
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{ink, text};

/// Whether a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chosen {
    /// It may be there or not.
    #[default]
    No,
    /// Only what has it.
    With,
    /// Only what has it not.
    Without,
}

/// One value, made inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The value.
    pub words: String,
    /// How often it is there; `None` for one that is not counted, because it is left out.
    pub count: Option<u32>,
    /// Whether it is asked for.
    pub chosen: Chosen,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Its head.
    pub title: &'static str,
    /// Its values, most frequent first.
    pub values: Vec<Value>,
    /// How many values there are in all.
    pub total: usize,
}

/// How it looks.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Heads.
    pub head: Style,
    /// Values.
    pub value: Style,
    /// Counts and what stands between.
    pub dim: Style,
    /// Values that are asked for.
    pub with: Style,
    /// Values that are left out.
    pub without: Style,
    /// The cursor.
    pub cursor: Style,
    /// ASCII alone.
    pub ascii: bool,
}

/// A value is rather left out than cut shorter than this.
const SHORT: usize = 12;

/// The widest a value gets.
const WIDE: usize = 32;

/// Draws the facets; `focus` is the field and value under the cursor.
pub fn draw(facets: &[Facet], focus: Option<(usize, usize)>, looks: &Looks, area: Rect, buf: &mut Buffer) {
    if area.is_empty() || facets.is_empty() {
        return;
    }
    let rows = usize::from(area.height);
    let in_row = facets.len().div_ceil(rows);
    // Where all do not fit side by side, the first ones have the room.
    let fitting = (usize::from(area.width) / 36).clamp(1, in_row);
    let heads = facets.iter().map(|facet| facet.title.len()).max().unwrap_or(0);
    for (row, y) in (0..rows).zip(area.y..) {
        let of = facets.iter().enumerate().skip(row * in_row).take(in_row);
        let share = area.width / u16::try_from(fitting).unwrap_or(1);
        for ((index, facet), x) in of.take(fitting).zip((area.x..).step_by(usize::from(share.max(1)))) {
            let focus = focus.filter(|(field, _)| *field == index).map(|(_, value)| value);
            let room = share.min(area.right().saturating_sub(x)).saturating_sub(1);
            let pad = if in_row == 1 { heads } else { facet.title.len() };
            ink::line(buf, x, y, &line(facet, focus, looks, usize::from(room), pad), room);
        }
    }
}

fn line(facet: &Facet, focus: Option<usize>, looks: &Looks, room: usize, heads: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{:<heads$} ", facet.title), looks.head)];
    let mut left = room.saturating_sub(heads + 1);
    let first = focus.map_or(0, |focus| first_in_sight(facet, focus, left));
    if first > 0 {
        spans.push(Span::styled(if looks.ascii { "< " } else { "‹ " }, looks.dim));
        left = left.saturating_sub(2);
    }
    for (index, value) in facet.values.iter().enumerate().skip(first) {
        let cells = width(value) + if index > first { 3 } else { 0 };
        let more = facet.total > index + 1;
        let room = left.saturating_sub(cells - text::width(&words(value)) + if more { 2 } else { 0 });
        if room < text::width(&words(value)) && index > first && room < SHORT {
            break;
        }
        if index > first {
            spans.push(Span::styled(if looks.ascii { " . " } else { " · " }, looks.dim));
        }
        let style = match value.chosen {
            Chosen::No => looks.value,
            Chosen::With => looks.with,
            Chosen::Without => looks.without,
        };
        let style = if focus == Some(index) { style.patch(looks.cursor) } else { style };
        spans.push(Span::styled(text::clean(&words(value), room.max(1)), style));
        if let Some(count) = value.count {
            spans.push(Span::styled(format!(" {count}"), looks.dim));
        }
        left = left.saturating_sub(cells);
    }
    let shown = spans.iter().filter(|span| span.style != looks.dim).count();
    if facet.values.is_empty() {
        spans.push(Span::styled("-", looks.dim));
    } else if first + shown.saturating_sub(1) < facet.total {
        spans.push(Span::styled(if looks.ascii { " ~" } else { " …" }, looks.dim));
    }
    spans.into()
}

fn words(value: &Value) -> String {
    let clean = text::clean(&value.words, WIDE);
    if value.chosen == Chosen::Without { format!("!{clean}") } else { clean }
}

fn width(value: &Value) -> usize {
    text::width(&words(value)) + value.count.map_or(0, |count| count.to_string().len() + 1)
}

/// The first value to show so that the one under the cursor is in sight.
fn first_in_sight(facet: &Facet, focus: usize, room: usize) -> usize {
    let mut used = 0;
    for (index, value) in facet.values.iter().enumerate().take(focus + 1).rev() {
        used += width(value) + 3;
        if used > room.saturating_sub(2) {
            return (index + 1).min(focus);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facet(title: &'static str, values: &[(&str, u32)]) -> Facet {
        let value = |(words, count): &(&str, u32)| Value {
            words: (*words).to_owned(),
            count: Some(*count),
            chosen: Chosen::No,
        };
        Facet { title, values: values.iter().map(value).collect(), total: values.len() }
    }

    fn shown(facets: &[Facet], focus: Option<(usize, usize)>, width: u16, height: u16) -> Vec<String> {
        let looks = Looks {
            head: Style::new().bold(),
            value: Style::new(),
            dim: Style::new().dim(),
            with: Style::new().green(),
            without: Style::new().red(),
            cursor: Style::new().reversed(),
            ascii: false,
        };
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        draw(facets, focus, &looks, buf.area, &mut buf);
        let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
        buf.content.chunks(usize::from(width)).map(|cells| row(cells).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_field_a_line_or_side_by_side() {
        let facets = [facet("NAME", &[("UpdateItem", 21), ("UpdateTable", 9)]), facet("WHO", &[("ci", 12)])];
        assert_eq!(shown(&facets, None, 50, 2), ["NAME UpdateItem 21 · UpdateTable 9", "WHO  ci 12"]);
        assert_eq!(shown(&facets, None, 80, 1), ["NAME UpdateItem 21 · UpdateTable 9      WHO ci 12"]);
        assert_eq!(shown(&facets, None, 40, 1), ["NAME UpdateItem 21 · UpdateTable 9"]);
        let long = [facet("NAME", &[("UpdateItem", 21), ("UpdateContinuousBackups", 9), ("x", 1)])];
        assert_eq!(shown(&long, None, 45, 1), ["NAME UpdateItem 21 · UpdateContinuousBa… 9 …"]);
    }

    #[test]
    fn what_does_not_fit_is_hinted_at_and_comes_into_sight_with_the_cursor() {
        let facets = [facet("NAME", &[("UpdateItem", 21), ("UpdateTable", 9), ("ListTables", 3)])];
        assert_eq!(shown(&facets, None, 30, 1), ["NAME UpdateItem 21 …"]);
        assert_eq!(shown(&facets, Some((0, 2)), 30, 1), ["NAME ‹ ListTables 3"]);
        assert_eq!(shown(&[facet("ERROR", &[])], None, 30, 1), ["ERROR -"]);
    }
}
