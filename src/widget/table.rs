//! One generic table: every list screen is this with other columns.
//!
//! It formats visible rows alone, keeps the cursor in sight and drops columns that do not fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{ink, text};

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// The least width in cells.
    pub width: u16,
    /// Its share of the width that is left over; 0 for none.
    pub grow: u16,
    /// Flush right, for numbers.
    pub right: bool,
    /// When the screen is narrow, columns with the highest rank go first; rank 0 stays.
    pub rank: u8,
}

/// A column that stays as wide as it is.
#[must_use]
pub const fn fixed(title: &'static str, width: u16, rank: u8) -> Column {
    Column { title, width, grow: 0, right: false, rank }
}

/// A column of numbers.
#[must_use]
pub const fn number(title: &'static str, width: u16, rank: u8) -> Column {
    Column { title, width, grow: 0, right: true, rank }
}

/// A column that takes what is left over.
#[must_use]
pub const fn grows(title: &'static str, width: u16, grow: u16, rank: u8) -> Column {
    Column { title, width, grow, right: false, rank }
}

/// Cells between two columns.
const GAP: u16 = 2;

/// Which columns fit into a width, and how wide each is: `(column, cells)`.
#[must_use]
pub fn fit(columns: &[Column], width: u16) -> Vec<(usize, u16)> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let need = |shown: &[usize]| -> u16 {
        let cells: u16 = shown.iter().filter_map(|index| columns.get(*index)).map(|column| column.width + GAP).sum();
        cells.saturating_sub(GAP)
    };
    while need(&shown) > width {
        let rank = |index: &usize| columns.get(*index).map_or(0, |column| column.rank);
        let Some(worst) = shown.iter().copied().filter(|index| rank(index) > 0).max_by_key(rank) else { break };
        shown.retain(|index| *index != worst);
    }
    let spare = width.saturating_sub(need(&shown));
    let shares: u16 = shown.iter().filter_map(|index| columns.get(*index)).map(|column| column.grow).sum();
    let mut left = spare;
    let mut fitted = Vec::new();
    for index in shown {
        let Some(column) = columns.get(index) else { continue };
        let extra = (spare * column.grow).checked_div(shares).unwrap_or(0).min(left);
        left -= extra;
        fitted.push((index, column.width + extra));
    }
    fitted
}

/// The first row to show so that the cursor is in sight; moves no further than it must.
#[must_use]
pub fn scroll(offset: usize, cursor: usize, len: usize, height: usize) -> usize {
    let last = len.saturating_sub(height);
    let least = (cursor + 1).saturating_sub(height);
    offset.clamp(least, cursor.max(least)).min(last)
}

/// What a table needs to be drawn.
pub struct TableView<'a> {
    /// All columns.
    pub columns: &'a [Column],
    /// Their heads, where they are not the columns' own.
    pub titles: &'a [String],
    /// How many rows there are.
    pub len: usize,
    /// The first row shown.
    pub offset: usize,
    /// The row that keys act on.
    pub cursor: usize,
    /// The column sorted by, and whether descending.
    pub sorted: Option<(usize, bool)>,
    /// Number the columns' heads, while a column is being chosen.
    pub numbered: bool,
    /// The style of heads.
    pub head: Style,
    /// The style laid over the cursor's row.
    pub selected: Style,
    /// ASCII only.
    pub ascii: bool,
    /// The column of the cursor's cell, where one stands on cells.
    pub cell: Option<usize>,
}

impl TableView<'_> {
    /// Draws heads and the rows in sight; `cell` formats one cell, `mark` tells a marked row's sign.
    pub fn draw(
        &self,
        area: Rect,
        buf: &mut Buffer,
        mut cell: impl FnMut(usize, usize, u16) -> Line<'static>,
        mark: impl Fn(usize) -> Option<Line<'static>>,
    ) {
        if area.height == 0 || area.width < 2 {
            return;
        }
        let plan = fit(self.columns, area.width - 1);
        self.heads(area, buf, &plan);
        for (y, row) in (area.y + 1..area.bottom()).zip(self.offset..self.len) {
            if let Some(sign) = mark(row) {
                ink::line(buf, area.x, y, &sign, 1);
            }
            let mut x = area.x + 1;
            for (index, width) in &plan {
                let room = (*width).min(area.right().saturating_sub(x));
                let line = cell(row, *index, room);
                let right = self.columns.get(*index).is_some_and(|column| column.right);
                let pad = if right { room.saturating_sub(cells(&line)) } else { 0 };
                ink::line(buf, x + pad, y, &line, room - pad);
                x = x.saturating_add(width + GAP);
                if x >= area.right() {
                    break;
                }
            }
            if row == self.cursor {
                super::bar::cursor(Rect { y, height: 1, ..area }, buf, self.selected);
                self.frame(area, y, buf, &plan);
            }
        }
    }

    /// Brackets round the cursor's cell, in the gaps beside it.
    fn frame(&self, area: Rect, y: u16, buf: &mut Buffer, plan: &[(usize, u16)]) {
        let mut x = area.x + 1;
        for (index, width) in plan {
            if self.cell == Some(*index) {
                for (at, sign) in [(x - 1, "["), (x.saturating_add(*width), "]")] {
                    if at < area.right() {
                        buf[(at, y)].set_symbol(sign);
                    }
                }
            }
            x = x.saturating_add(width + GAP);
        }
    }

    fn heads(&self, area: Rect, buf: &mut Buffer, plan: &[(usize, u16)]) {
        let mut x = area.x + 1;
        for (index, width) in plan {
            let Some(column) = self.columns.get(*index) else { continue };
            let arrow = match self.sorted {
                Some((sorted, descending)) if sorted == *index => match (self.ascii, descending) {
                    (true, true) => "v",
                    (true, false) => "^",
                    (false, true) => "↓",
                    (false, false) => "↑",
                },
                _ => "",
            };
            let head = self.titles.get(*index).map_or(column.title, String::as_str);
            let title = if self.numbered { format!("{}:{head}{arrow}", index + 1) } else { format!("{head}{arrow}") };
            let room = (*width).min(area.right().saturating_sub(x));
            let title = text::clean(&title, usize::from(room));
            let len = u16::try_from(text::width(&title)).unwrap_or(room);
            let pad = if column.right { room.saturating_sub(len) } else { 0 };
            buf.set_stringn(x + pad, area.y, &title, usize::from(room), self.head);
            x = x.saturating_add(width + GAP);
            if x >= area.right() {
                break;
            }
        }
    }
}

fn cells(line: &Line<'_>) -> u16 {
    u16::try_from(line.width()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [grows("NAME", 6, 1, 0), fixed("REGION", 9, 2), number("N", 4, 1)];

    #[test]
    fn columns_leave_by_rank_and_the_rest_fills_the_width() {
        assert_eq!(fit(&COLUMNS, 40), [(0, 23), (1, 9), (2, 4)]);
        assert_eq!(fit(&COLUMNS, 20), [(0, 14), (2, 4)]);
        assert_eq!(fit(&COLUMNS, 8), [(0, 8)]);
        assert_eq!(fit(&COLUMNS, 3), [(0, 6)]);
    }

    #[test]
    fn the_cursor_stays_in_sight_and_the_page_moves_no_further_than_it_must() {
        assert_eq!(scroll(0, 0, 0, 5), 0);
        assert_eq!(scroll(0, 7, 10, 5), 3);
        assert_eq!(scroll(3, 5, 10, 5), 3);
        assert_eq!(scroll(9, 2, 10, 5), 2);
        assert_eq!(scroll(9, 9, 10, 5), 5);
    }
}
