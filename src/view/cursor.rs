//! Moving the cursor in a place, and what it stands on.

use super::filter::is_fault;
use super::list::Row;
use super::{Body, Ctx, Doc, Place, Screen};

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
        let to = to.min(last);
        self.cursor = self.stand(to);
        if self.cursor != to {
            // What is there comes into sight, and the cursor stands on what is nearest to it.
            self.offset = if to == 0 { 0 } else { self.offset };
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

    /// The line nearest to one that the cursor may stand on.
    pub(super) fn stand(&self, at: usize) -> usize {
        let Body::Doc(doc) = &self.body else { return at };
        let passed = |at: &usize| doc.lines.get(*at).is_some_and(super::DocLine::is_passed);
        if !passed(&at) {
            return at;
        }
        let before = || (0..at).rev().find(|at| !passed(at));
        (at..self.len()).find(|at| !passed(at)).or_else(before).unwrap_or(at)
    }

    /// Whether the cursor stays on its thing though nobody moved it: once all was read, whoever looks at the Overview has
    /// read a line, and means that one.
    pub(super) fn stays(&self, ctx: &Ctx<'_>, doc: &Doc) -> bool {
        let there = |selected: &Screen| doc.lines.iter().any(|line| line.to.as_ref() == Some(selected));
        self.screen == Screen::Overview
            && ctx.store.changes().began().is_some()
            && self.selected.as_ref().is_some_and(there)
    }

    /// Puts the cursor back on what was selected, or near where it was.
    pub(super) fn relocate(&mut self, ctx: &Ctx<'_>) {
        let len = self.len();
        if let Some(selected) = &self.selected {
            let found = match &self.body {
                Body::Rows(rows, _) => {
                    let here = rows.get(self.cursor).is_some_and(|row| row.is(ctx, selected));
                    if here { Some(self.cursor) } else { rows.position(ctx, selected) }
                }
                Body::Doc(doc) => {
                    let is = |line: &super::DocLine| line.to.as_ref() == Some(selected);
                    let here = doc.lines.get(self.cursor).is_some_and(is);
                    if here { Some(self.cursor) } else { doc.lines.iter().position(is) }
                }
                _ => None,
            };
            if let Some(found) = found {
                self.cursor = found;
            }
        }
        self.cursor = self.stand(self.cursor.min(len.saturating_sub(1)));
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
