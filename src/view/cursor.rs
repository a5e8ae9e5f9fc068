//! Moving the cursor in a place.

use super::filter::is_fault;
use super::list::Row;
use super::{Body, Ctx, Place, Screen};

impl Place {
    /// The row under the cursor.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        if let Body::Rows(rows, _) = &self.body { rows.get(self.cursor) } else { None }
    }

    /// Moves the cursor by lines, stepping over empty ones.
    pub fn step(&mut self, ctx: &Ctx<'_>, by: isize) {
        if by == 0 {
            return;
        }
        let last = self.len().saturating_sub(1);
        let mut to = self.cursor.saturating_add_signed(by).min(last);
        if let Body::Doc(doc) = &self.body {
            while doc.lines.get(to).is_some_and(super::DocLine::is_blank) && to > 0 && to < last {
                to = to.saturating_add_signed(by.signum());
            }
        }
        self.go(ctx, to);
    }

    /// Puts the cursor on a line.
    pub fn go(&mut self, ctx: &Ctx<'_>, to: usize) {
        self.cursor = to.min(self.len().saturating_sub(1));
        // A record's lines stay where they are; what they lead to may be what other lines lead to.
        self.selected = if self.record_line().is_some() { None } else { self.target(ctx) };
        self.moved = true;
    }

    /// Puts the cursor on the next (or the one before) row with a fault; `false` when there is none.
    pub fn next_fault(&mut self, ctx: &Ctx<'_>, back: bool) -> bool {
        let (Screen::List(kind), Body::Rows(rows, _)) = (&self.screen, &self.body) else { return false };
        let (len, from) = (rows.len(), self.cursor);
        let mut places = (1..=len).map(|step| if back { (from + len - step) % len } else { (from + step) % len });
        let found = places.find(|place| rows.get(*place).is_some_and(|row| is_fault(ctx, kind, &row)));
        found.inspect(|place| self.go(ctx, *place)).is_some()
    }
}
