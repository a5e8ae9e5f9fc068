//! Drawing a place: its rows, its lines, its raw text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::theme::Role;
use crate::widget::table::{TableView, scroll};
use crate::widget::{bar, ink};

use super::search::{drawn, mark};
use super::{Body, Ctx, Doc, Kind, Place, Screen, states};

impl Place {
    /// Draws the body; `numbered` numbers the heads while a column is chosen.
    pub fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer, numbered: bool) {
        match (&self.body, &self.screen) {
            (Body::Rows(rows, _), Screen::List(kind)) => {
                let view = super::list_of(kind);
                let at = rows.get(self.cursor).and_then(|row| row.time(ctx));
                let area = match kind {
                    Kind::Trail(_) => self.survey.draw(ctx, at, area, buf),
                    Kind::Files => super::files::head(ctx, area, buf),
                    Kind::Lanes(_) => super::lanes::head(ctx, area, buf),
                    _ => area,
                };
                self.page = usize::from(area.height).saturating_sub(1).max(1);
                self.drawn = (Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, 0);
                self.offset = scroll(self.offset, self.cursor, rows.len(), self.page);
                let (columns, titles, before) = match kind {
                    Kind::Lanes(_) => super::lanes::shown(ctx, self.column, area.width, numbered),
                    _ => (view.columns.to_vec(), Vec::new(), 0),
                };
                let column = |shown: usize| match kind {
                    Kind::Lanes(_) => super::lanes::column(shown, before),
                    _ => shown,
                };
                let chosen = matches!(kind, Kind::Controls(_) | Kind::Lanes(_)).then_some(self.column);
                let table = TableView {
                    columns: &columns,
                    titles: &titles,
                    len: rows.len(),
                    offset: self.offset,
                    cursor: self.cursor,
                    sorted: self.sort.map(|column| (column, self.reversed)),
                    numbered,
                    head: ctx.look.style(Role::Column),
                    selected: ctx.look.style(Role::Cursor),
                    ascii: ctx.look.ascii,
                    cell: chosen.and_then(|chosen| (0..columns.len()).find(|shown| column(*shown) == chosen)),
                };
                let cell = |row: usize, shown, width| {
                    rows.get(row).map(|row| (view.cell)(ctx, &row, column(shown), width)).unwrap_or_default()
                };
                let since = ctx.derived.borrow_mut().since(ctx.store);
                let mark = |row: usize| {
                    let row = rows.get(row)?;
                    let marked = !self.marked.is_empty() && row.target(ctx).is_some_and(|it| self.marked.contains(&it));
                    let sign = if ctx.look.ascii { "*" } else { "▌" };
                    if marked {
                        return Some(ctx.look.line(Role::Mark, sign));
                    }
                    super::since::sign(ctx, since.as_deref(), &row)
                };
                table.draw(area, buf, cell, mark);
                if rows.len() == 0 {
                    states::draw_empty(ctx, self, kind, area, buf);
                }
            }
            (Body::Doc(_) | Body::Raw, _) => self.draw_doc(ctx, area, buf),
            _ => states::draw_gone(ctx, &self.screen, area, buf),
        }
    }

    fn draw_doc(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let none = Doc::default();
        let doc = if let Body::Doc(doc) = &self.body { doc } else { &none };
        let side = if doc.side.is_empty() { 0 } else { doc.side_width.min(area.width) };
        let main = Rect { width: area.width - side, ..area };
        let beside = Rect { x: main.right(), width: side, ..area };
        let height = usize::from(area.height);
        let stays = doc.pinned_to.is_none_or(|last| self.cursor <= last) && doc.pinned + 6 <= height;
        let pinned = if stays { doc.pinned } else { 0 };
        self.page = (height - pinned).max(1);
        self.drawn = (main, pinned);
        let cursor = self.cursor.saturating_sub(pinned);
        self.offset = scroll(self.offset, cursor, self.len().saturating_sub(pinned), self.page);
        let shown = (0..pinned).chain(pinned + self.offset..self.len());
        for (y, place) in (main.y..main.bottom()).zip(shown) {
            let Some(line) = doc.lines.get(place) else {
                self.draw_record(ctx, place - doc.lines.len(), Rect { y, height: 1, ..main }, buf);
                self.lay_cursor(ctx, place, main, y, buf);
                continue;
            };
            let row = Rect { y, height: 1, ..main };
            let line = drawn(ctx, line, main.width);
            ink::line(buf, main.x, y, &line, main.width);
            mark(ctx, &line, &self.filter, row, buf);
            self.lay_cursor(ctx, place, main, y, buf);
        }
        for (y, line) in (beside.y..beside.bottom()).zip(&doc.side) {
            ink::line(buf, beside.x, y, line, beside.width);
        }
        if self.offset > 0 && main.height > 2 {
            let words = if ctx.look.ascii {
                format!(" ^ {} more ", self.offset)
            } else {
                format!(" ↑ {} more ", self.offset)
            };
            let more = Line::from(ctx.look.say(Role::Dim, words));
            let width = u16::try_from(more.width()).unwrap_or(0).min(main.width);
            let y = main.y + u16::try_from(pinned).unwrap_or(0);
            ink::line(buf, main.right() - width, y.min(main.bottom() - 1), &more, width);
        }
        let below = self.len().saturating_sub(pinned + self.offset + self.page);
        if below > 0 && main.height > 2 {
            let more = Line::from(ctx.look.say(Role::Dim, format!(" ↓ {below} more ")));
            let width = u16::try_from(more.width()).unwrap_or(0).min(main.width);
            ink::line(buf, main.right() - width, main.bottom() - 1, &more, width);
        }
    }

    fn draw_record(&self, ctx: &Ctx<'_>, line: usize, row: Rect, buf: &mut Buffer) {
        let (Some(record), Some(of)) = (&self.record, self.record_of()) else { return };
        let room = row.width.saturating_sub(1);
        let view = (self.side, usize::from(room));
        ink::line(buf, row.x + 1, row.y, &record.draw(ctx, of, line, &self.filter, view), room);
    }

    fn lay_cursor(&self, ctx: &Ctx<'_>, place: usize, area: Rect, y: u16, buf: &mut Buffer) {
        if place == self.cursor {
            let style: Style = ctx.look.style(Role::Cursor);
            bar::cursor(Rect { y, height: 1, ..area }, buf, style);
        }
    }
}
