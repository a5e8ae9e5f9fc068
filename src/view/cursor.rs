//! Moving the cursor in a place, and what it stands on.

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
            let passed = |at: usize| doc.lines.get(at).is_some_and(super::DocLine::is_passed);
            while passed(to) && to > 0 && to < last {
                to = to.saturating_add_signed(by.signum());
            }
        }
        self.go(ctx, to);
    }

    /// Puts the cursor on a line.
    pub fn go(&mut self, ctx: &Ctx<'_>, to: usize) {
        let last = self.len().saturating_sub(1);
        self.cursor = to.min(last);
        if let Body::Doc(doc) = &self.body {
            let passed = |at: &usize| doc.lines.get(*at).is_some_and(super::DocLine::is_passed);
            if passed(&self.cursor) {
                // What is there comes into sight, and the cursor stands on what is nearest to it.
                self.offset = if self.cursor == 0 { 0 } else { self.offset };
                let before = || (0..self.cursor).rev().find(|at| !passed(at));
                let near = (self.cursor..=last).find(|at| !passed(at)).or_else(before);
                self.cursor = near.unwrap_or(self.cursor);
            }
        }
        // A record's lines stay where they are; what they lead to may be what other lines lead to.
        self.selected = match self.row() {
            _ if self.record_line().is_some() => None,
            // The row, whichever of its cells is chosen.
            Some(row) => row.target(ctx),
            None => self.target(ctx),
        };
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

    /// What Enter opens.
    #[must_use]
    pub fn target(&self, ctx: &Ctx<'_>) -> Option<Screen> {
        match &self.body {
            Body::Rows(rows, _) => match rows.get(self.cursor)? {
                Row::Stand(of) => Some(of.screen(super::controls::layer_of(self.column))),
                Row::Lane(of) => Some(of.screen(self.column)),
                row => row.target(ctx),
            },
            Body::Doc(doc) if self.cursor < doc.lines.len() => doc.lines.get(self.cursor)?.to.clone(),
            Body::Doc(_) | Body::Raw => self.record_target(ctx),
            _ => None,
        }
    }

    /// What keys that act on a thing act on: what is under the cursor, else what the screen is about.
    #[must_use]
    pub fn thing(&self, ctx: &Ctx<'_>) -> Option<super::Thing> {
        match (&self.body, &self.screen) {
            (Body::Rows(rows, _), _) => rows.get(self.cursor)?.thing(ctx),
            (_, Screen::Raw(thing)) => Some(thing.clone()),
            (_, Screen::Detail(thing)) => match self.target(ctx) {
                Some(Screen::Detail(under)) => Some(under),
                _ => Some(thing.clone()),
            },
            _ => match self.target(ctx)? {
                Screen::Detail(under) => Some(under),
                _ => None,
            },
        }
    }
}
