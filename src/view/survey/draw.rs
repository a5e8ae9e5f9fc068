//! Drawing the survey: two lines on a small screen, a block of six on a large one.
//!
//! ```text
//! 02:00:00Z ▁▁▁▃▁▁▆██▅▁ 03:10:00Z                                    (small)
//! NAME UpdateItem 21 · …              WHO app-orders 14 · ci 12
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::Role;
use crate::view::{Ctx, age};
use crate::widget::facets::{self, Looks};
use crate::widget::histogram::Histogram;
use crate::widget::{ink, text};

use super::{FIELDS, Survey, seconds};

/// From this height of the body on, the block is drawn.
const TALL: u16 = 28;

/// Below this height rows are all there is room for.
const LOW: u16 = 12;

/// From this width on, facets stand beside the histogram.
const WIDE: u16 = 100;

impl Survey {
    /// Draws it at the top of an area; what is left of that.
    pub fn draw(&mut self, ctx: &Ctx<'_>, cursor: Option<Timestamp>, area: Rect, buf: &mut Buffer) -> Rect {
        self.hidden = area.height < LOW;
        if self.hidden || self.shown().is_none() {
            return area;
        }
        let all = u16::try_from(FIELDS.len()).unwrap_or(5);
        let top = |area: Rect, height: u16| Rect { height: height.min(area.height), ..area };
        let rest = |area: Rect, height: u16| Rect { y: area.y + height, height: area.height - height, ..area };
        if area.height >= TALL && area.width >= WIDE {
            let left = Rect { width: area.width / 2, ..top(area, all) };
            let right = Rect { x: left.right() + 2, width: area.width - left.width - 3, ..left };
            self.histogram(ctx, cursor, Rect { x: left.x + 1, width: left.width - 2, ..left }, buf);
            self.facets(ctx, right, buf);
            self.not_recorded(ctx, Rect { y: area.y + all, height: 1, ..area }, buf);
            return rest(area, all + 1);
        }
        let bars = if area.height >= TALL { 4 } else { 1 };
        let lines = if area.height >= TALL || self.focus.is_some() { all } else { 1 };
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.histogram(ctx, cursor, top(inner, bars), buf);
        self.facets(ctx, top(rest(inner, bars), lines), buf);
        rest(area, bars + lines)
    }

    fn histogram(&self, ctx: &Ctx<'_>, cursor: Option<Timestamp>, area: Rect, buf: &mut Buffer) {
        let Some(range) = self.shown() else { return };
        let look = ctx.look;
        let [from, to] = [range.start, range.end].map(|at| look.clock(ctx.now, at));
        let cells = |words: &str| u16::try_from(text::width(words)).unwrap_or(0);
        let mut bars = Rect { height: area.height.saturating_sub(1).max(1), ..area };
        if area.height == 1 {
            ink::line(buf, area.x, area.y, &look.line(Role::Dim, from.clone()), area.width);
            let end = area.right().saturating_sub(cells(&to));
            ink::line(buf, end, area.y, &look.line(Role::Dim, to), area.width);
            bars.x += cells(&from) + 1;
            bars.width = end.saturating_sub(bars.x + 1);
        } else {
            let axis = Rect { y: bars.bottom(), height: 1, ..area };
            let (start, end) = (Timestamp::UNIX_EPOCH, seconds(range) / i64::from(bars.width.max(1)));
            let each = Timestamp::from_second(end.max(1)).map_or(String::new(), |end| age(end, start));
            let refused: u32 = self.refused.iter().sum();
            let note = if refused > 0 { format!("{each} a bar · {refused} refused") } else { format!("{each} a bar") };
            let gap = axis.width.saturating_sub(cells(&from) + cells(&to) + cells(&note)) / 2;
            ink::line(buf, axis.x, axis.y, &look.line(Role::Dim, from.clone()), axis.width);
            let middle = axis.x + cells(&from) + gap;
            ink::line(buf, middle, axis.y, &look.line(Role::Dim, note), axis.right().saturating_sub(middle));
            let last = axis.right().saturating_sub(cells(&to));
            ink::line(buf, last, axis.y, &look.line(Role::Dim, to), cells("00-00 00:00:00Z"));
        }
        let columns = usize::from(bars.width);
        let (counts, refused) = (squeeze(&self.counts, columns), squeeze(&self.refused, columns));
        let here = cursor.and_then(|at| self.bucket(at, columns));
        let fg = |role: Role| Style::new().fg(look.style(role).fg.unwrap_or_default());
        let histogram = Histogram {
            counts: &counts,
            marked: &refused,
            selected: here.map(|at| at..at + 1),
            base: fg(Role::Rule),
            bar: fg(Role::Accent),
            mark: fg(Role::Error),
            cursor: look.style(Role::Cursor),
            ascii: look.ascii,
        };
        histogram.draw(bars, buf);
    }

    /// What no trail records of the tables known, and what none ever does.
    fn not_recorded(&self, ctx: &Ctx<'_>, row: Rect, buf: &mut Buffer) {
        let mut line = ctx.derived.borrow_mut().recorded(ctx.store).line(ctx, false);
        line.spans.insert(0, ctx.look.say(Role::Dim, " "));
        line.spans.push(ctx.look.say(Role::Dim, "· never recorded: TTL deletions, calls through DAX"));
        ink::line(buf, row.x, row.y, &line, row.width);
    }

    fn facets(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let style = |role: Role| ctx.look.style(role);
        let looks = Looks {
            head: style(Role::Column),
            value: style(Role::Text),
            dim: style(Role::Dim),
            with: style(Role::Accent),
            without: style(Role::Error),
            cursor: style(Role::Cursor).patch(style(Role::Mark)),
            ascii: ctx.look.ascii,
        };
        facets::draw(&self.facets, self.focus, &looks, area, buf);
    }
}

/// Fine buckets put together, or spread, into as many as there are columns.
fn squeeze(fine: &[u32], columns: usize) -> Vec<u32> {
    let mut counts = vec![0; columns];
    for (bucket, count) in fine.iter().enumerate() {
        if let Some(into) = counts.get_mut(bucket * columns / fine.len().max(1)) {
            *into += count;
        }
    }
    counts
}
