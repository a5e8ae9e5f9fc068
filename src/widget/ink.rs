//! A line on the buffer. Nearly all that a frame holds is ASCII: that needs no search for the bounds of its graphemes, which
//! otherwise takes a third of the frame's time.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Line;

/// Draws a line from a cell on, at most so many cells; as [`Buffer::set_line`] does.
pub fn line(buf: &mut Buffer, x: u16, y: u16, line: &Line<'_>, width: u16) {
    let mut at = x;
    let end = x.saturating_add(width).min(buf.area.right());
    for span in &line.spans {
        if at >= end {
            return;
        }
        at = text(buf, (at, y), &span.content, end - at, line.style.patch(span.style));
    }
}

/// Draws a text, and gives the cell after it.
fn text(buf: &mut Buffer, (x, y): (u16, u16), text: &str, room: u16, style: Style) -> u16 {
    let plain = text.bytes().take(usize::from(room)).take_while(|byte| matches!(byte, b' '..=b'~')).count();
    // What follows a letter may ride on it.
    let plain =
        if text.len() == plain || plain == usize::from(room) && text.as_bytes().get(plain).is_some_and(u8::is_ascii) {
            plain
        } else {
            plain.saturating_sub(1)
        };
    let (head, rest) = text.split_at(plain);
    let mut at = x;
    if !head.is_empty() && buf.area.top() <= y && y < buf.area.bottom() && x >= buf.area.left() {
        let from = buf.index_of(x, y);
        let cells = buf.content.get_mut(from..from + plain).unwrap_or_default();
        for (cell, byte) in cells.iter_mut().zip(head.bytes()) {
            cell.set_char(char::from(byte)).set_style(style);
        }
        at += u16::try_from(plain).unwrap_or(room);
    }
    if rest.is_empty() || at >= x + room {
        return at;
    }
    buf.set_stringn(at, y, rest, usize::from(x + room - at), style).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Stylize as _};
    use ratatui::text::Span;

    use super::*;

    proptest! {
        #[test]
        fn it_draws_what_the_library_draws(
            spans in prop::collection::vec("[ a-z~\u{0}-\u{2}✖·é\u{301}日🏳\u{fe0f}]{0,9}", 0..5),
            x in 0u16..6,
            width in 0u16..16,
        ) {
            let spans: Vec<Span<'_>> =
                spans.iter().enumerate().map(|(i, of)| Span::raw(of).fg(Color::Indexed(u8::try_from(i).unwrap()))).collect();
            let of = Line::from(spans).bold();
            let mut ours = Buffer::filled(Rect::new(0, 0, 12, 2), ratatui::buffer::Cell::new("#"));
            let mut theirs = ours.clone();
            line(&mut ours, x, 1, &of, width);
            theirs.set_line(x, 1, &of, width);
            prop_assert_eq!(ours, theirs);
        }
    }
}
