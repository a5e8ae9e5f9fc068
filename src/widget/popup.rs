//! A box over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget as _};

use super::ink;

/// Draws a framed box in the middle, as large as its lines and no larger than the area, in the styles of its ground and
/// its frame; returns its inside.
pub fn draw(
    area: Rect,
    buf: &mut Buffer,
    title: &str,
    (ground, frame): (Style, Style),
    lines: &[Line<'_>],
    ascii: bool,
) -> Rect {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0).max(title.len() + 2);
    let width = u16::try_from(widest + 4).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let outer = Rect { x, y, width, height };
    Clear.render(outer, buf);
    buf.set_style(outer, ground);
    let mut block = Block::bordered().border_style(frame).title(format!(" {title} "));
    if ascii {
        block = block.border_set(ASCII);
    }
    let inner = block.inner(outer);
    block.render(outer, buf);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        ink::line(buf, inner.x + 1, y, line, inner.width.saturating_sub(2));
    }
    inner
}

const ASCII: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
