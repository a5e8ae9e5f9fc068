//! Counts over time as bars of block glyphs, one column a bucket, with a second series inside them.
//!
//! ```text
//!            ▂█
//! ▁▁▁▃▁▁▁▁▁▁▆██▅▁▁▁
//! ```
//!
//! Empty buckets are a faint base line, and one of a million is still seen.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::bar;
use ratatui::widgets::{Sparkline, SparklineBar, Widget as _};

/// Heights in one row.
const EIGHTHS: u64 = 8;

const ASCII: bar::Set<'static> = bar::Set {
    empty: " ",
    one_eighth: "_",
    one_quarter: ".",
    three_eighths: ":",
    half: "-",
    five_eighths: "=",
    three_quarters: "+",
    seven_eighths: "*",
    full: "#",
};

/// A histogram, oldest first.
pub struct Histogram<'a> {
    /// How many a bucket; one bucket a column.
    pub counts: &'a [u32],
    /// How many of them are of the second series; none when it is shorter.
    pub marked: &'a [u32],
    /// Buckets to lay the cursor's style over.
    pub selected: Option<Range<usize>>,
    /// The base line.
    pub base: Style,
    /// Bars.
    pub bar: Style,
    /// The second series.
    pub mark: Style,
    /// The cursor.
    pub cursor: Style,
    /// ASCII alone.
    pub ascii: bool,
}

impl Histogram<'_> {
    /// Draws as many buckets as there are columns, from the left.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let top = self.counts.iter().copied().max().unwrap_or(0);
        let eighths = u64::from(area.height) * EIGHTHS;
        let set = if self.ascii { ASCII } else { bar::NINE_LEVELS };
        let bars = self.counts.iter().map(|count| {
            let style = if *count == 0 { self.base } else { self.bar };
            SparklineBar::from(level(*count, top, eighths)).style(Some(style))
        });
        Sparkline::default().data(bars).max(eighths).bar_set(set.clone()).render(area, buf);
        for (column, (count, marked)) in self.counts.iter().zip(self.marked).enumerate() {
            let Some(x) = u16::try_from(column).ok().filter(|x| *x < area.width && *marked > 0) else { continue };
            let (of, part) = (level(*count, top, eighths), level(*marked, top, eighths));
            // In a single row one glyph has one colour: the second series' from half of the bar on.
            if area.height > 1 || u64::from(*marked) * 2 >= u64::from(*count) {
                self.mark_column(area, area.x + x, (of, part), &set, buf);
            }
        }
        if let Some(selected) = &self.selected {
            let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX).min(area.width);
            let (from, to) = (column(selected.start), column(selected.end));
            buf.set_style(Rect { x: area.x + from, width: to.saturating_sub(from), ..area }, self.cursor);
        }
    }

    /// The second series stands inside the bar, from its foot. In a cell where both end, one glyph cannot show both:
    /// the larger part has it, but at the foot the second series is never hidden.
    fn mark_column(&self, area: Rect, x: u16, (of, part): (u64, u64), set: &bar::Set<'_>, buf: &mut Buffer) {
        for row in 0..area.height {
            let below = u64::from(row) * EIGHTHS;
            let (whole, inner) = (of.saturating_sub(below).min(EIGHTHS), part.saturating_sub(below).min(EIGHTHS));
            let Some(cell) = buf.cell_mut((x, area.bottom() - 1 - row)).filter(|_| inner > 0) else { return };
            if inner < whole && whole == EIGHTHS && !self.ascii {
                cell.set_symbol(glyph(set, inner)).set_style(self.mark);
                if let Some(colour) = self.bar.fg {
                    cell.set_bg(colour);
                }
            } else if row == 0 || inner * 2 >= whole {
                cell.set_style(self.mark);
            }
        }
    }
}

/// A count's height: the base line for none, above it for one of any number.
fn level(count: u32, top: u32, eighths: u64) -> u64 {
    if count == 0 { 1 } else { 2 + u64::from(count) * (eighths - 2) / u64::from(top.max(1)) }
}

fn glyph<'a>(set: &bar::Set<'a>, eighths: u64) -> &'a str {
    match eighths {
        0 => set.empty,
        1 => set.one_eighth,
        2 => set.one_quarter,
        3 => set.three_eighths,
        4 => set.half,
        5 => set.five_eighths,
        6 => set.three_quarters,
        7 => set.seven_eighths,
        _ => set.full,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    fn drawn(counts: &[u32], marked: &[u32], height: u16, ascii: bool) -> Buffer {
        let width = u16::try_from(counts.len()).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let histogram = Histogram {
            counts,
            marked,
            selected: Some(1..2),
            base: Style::new().fg(Color::Gray),
            bar: Style::new().fg(Color::Blue),
            mark: Style::new().fg(Color::Red),
            cursor: Style::new().underlined(),
            ascii,
        };
        histogram.draw(buf.area, &mut buf);
        buf
    }

    fn rows(buf: &Buffer) -> Vec<String> {
        let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        buf.content.chunks(usize::from(buf.area.width)).map(row).collect()
    }

    #[test]
    fn one_of_a_million_is_seen_and_none_is_the_base_line() {
        assert_eq!(rows(&drawn(&[0, 1, 1_000_000, 500_000], &[], 1, false)), ["▁▂█▅"]);
        assert_eq!(rows(&drawn(&[0, 1, 1_000_000, 500_000], &[], 2, false)), ["  █▁", "▁▂██"]);
        assert_eq!(rows(&drawn(&[0, 1, 1_000_000, 500_000], &[], 1, true)), ["_.#="]);
        assert_eq!(rows(&drawn(&[0, 0], &[], 1, false)), ["▁▁"]);
    }

    #[test]
    fn the_second_series_is_inside_the_bar_and_never_hidden() {
        let buf = drawn(&[100, 100, 10, 0], &[1, 100, 1, 0], 2, false);
        let fg = |x: u16, y: u16| buf[(x, y)].fg;
        assert_eq!((fg(0, 1), buf[(0, 1)].bg, fg(0, 0)), (Color::Red, Color::Blue, Color::Blue));
        assert_eq!((fg(1, 1), fg(1, 0)), (Color::Red, Color::Red));
        assert_eq!((fg(2, 1), fg(3, 1)), (Color::Red, Color::Gray));
        let low = drawn(&[100, 100], &[49, 50], 1, false);
        assert_eq!((low[(0, 0)].fg, low[(1, 0)].fg), (Color::Blue, Color::Red));
        assert!(buf[(1, 0)].modifier.contains(ratatui::style::Modifier::UNDERLINED));
        assert!(!buf[(2, 0)].modifier.contains(ratatui::style::Modifier::UNDERLINED));
    }

    #[test]
    fn no_area_and_no_counts_are_no_trouble() {
        assert_eq!(rows(&drawn(&[5], &[5, 5, 5], 1, false)), ["█"]);
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 1));
        let area = Rect::new(0, 0, 0, 0);
        Histogram {
            counts: &[],
            marked: &[],
            selected: Some(0..9),
            base: Style::new(),
            bar: Style::new(),
            mark: Style::new(),
            cursor: Style::new(),
            ascii: false,
        }
        .draw(area, &mut buf);
        assert_eq!(rows(&buf), ["   "]);
    }
}
