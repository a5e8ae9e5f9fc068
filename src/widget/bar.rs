//! Lines of the chrome: left and right parts, rules, small histograms.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::ink;

/// One row with a left and a right part; the right one stays whole, the left one is cut.
pub fn split(area: Rect, buf: &mut Buffer, left: &Line<'_>, right: &Line<'_>) {
    if area.height == 0 {
        return;
    }
    let wanted = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let wanted = if wanted + 8 > area.width { 0 } else { wanted };
    let room = if wanted == 0 { area.width } else { area.width - wanted - 1 };
    ink::line(buf, area.x, area.y, left, room);
    if wanted > 0 {
        ink::line(buf, area.right() - wanted, area.y, right, wanted);
    }
}

/// Lays the cursor's style over a row. Cells with a background of their own, badges, keep their look: the cursor's
/// background under a badge's dark letters could not be read.
pub fn cursor(row: Rect, buf: &mut Buffer, style: Style) {
    let plain = buf.cell((row.x, row.y)).map(|cell| cell.bg);
    for position in row.positions() {
        if let Some(cell) = buf.cell_mut(position)
            && Some(cell.bg) == plain
        {
            cell.set_style(style);
        }
    }
}

/// A line across the screen.
pub fn rule(area: Rect, buf: &mut Buffer, style: Style, ascii: bool) {
    if area.height > 0 {
        let dash = if ascii { "-" } else { "─" };
        buf.set_string(area.x, area.y, dash.repeat(usize::from(area.width)), style);
    }
}

/// A histogram of one row: eight heights, or ASCII digits of tenths.
#[must_use]
pub fn spark(counts: &[usize], ascii: bool) -> String {
    const UNICODE: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];
    let set = if ascii { ASCII } else { UNICODE };
    let top = counts.iter().copied().max().unwrap_or(0).max(1);
    counts.iter().map(|count| set[if *count == 0 { 0 } else { 1 + (count * 6) / top }]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_never_hides_one_of_many() {
        assert_eq!(spark(&[0, 1, 1000], false), "▁▂█");
        assert_eq!(spark(&[], false), "");
    }

    #[test]
    fn the_right_part_leaves_before_the_left_one_is_gone() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        split(buf.area, &mut buf, &Line::raw("left"), &Line::raw("right-right"));
        assert_eq!(buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim(), "left");
    }
}
