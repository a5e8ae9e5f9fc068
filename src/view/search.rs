//! Searching a page: its own lines, then the record below them, one after the other and round.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::theme::Role;
use crate::widget::text;
use crate::widget::tree::find;

use super::doc::{DocLine, What};
use super::{Body, Ctx, Place, trail};

impl Place {
    /// True where `/` searches rather than filters: pages and records.
    #[must_use]
    pub fn searches(&self) -> bool {
        matches!(self.body, Body::Doc(_) | Body::Raw)
    }

    /// Finds the lines of the page that hold what is searched for.
    pub(super) fn look_for(&mut self, ctx: &Ctx<'_>) {
        self.hits.clear();
        let Body::Doc(doc) = &self.body else { return };
        if self.filter.is_empty() {
            return;
        }
        let holds = |line: &DocLine| find(&words(&drawn(ctx, line, ctx.width)), &self.filter).is_some();
        self.hits = doc.lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(at, _)| at).collect();
    }

    /// Puts the cursor on the next (or the one before) line that is hit; `here` takes the one it is on, too. `false` when
    /// nothing is hit.
    pub fn next_hit(&mut self, ctx: &Ctx<'_>, back: bool, here: bool) -> bool {
        self.look_for(ctx);
        let (above, cursor) = (self.above(), self.cursor);
        let own = |ahead: bool| {
            let mut hits = self.hits.iter().copied();
            match (ahead, back) {
                (true, false) => hits.find(|hit| *hit > cursor || (here && *hit == cursor)),
                (true, true) => hits.rfind(|hit| *hit < cursor),
                (false, false) => hits.next(),
                (false, true) => hits.next_back(),
            }
        };
        let (ahead, round) = (own(true), own(false));
        let (needle, line) = (self.filter.clone(), self.record_line());
        let mut below = |from: Option<usize>| {
            let record = self.record.as_mut()?;
            let found = match from {
                Some(line) => record.beyond(&needle, line, back, here),
                None => record.end(&needle, back),
            };
            found.map(|line| above + line)
        };
        let found = match (line, back) {
            // In the record: on in it, then the page from its beginning (or from its end), then the record's other end.
            (Some(line), _) => below(Some(line)).or(round).or_else(|| below(None)),
            (None, false) => ahead.or_else(|| below(None)).or(round),
            (None, true) => ahead.or_else(|| below(None)).or(round),
        };
        if let Some(to) = found {
            self.go(ctx, to);
        }
        found.is_some()
    }

    /// Which hit of how many the cursor is on.
    #[must_use]
    pub fn hit(&self) -> Option<(usize, usize)> {
        let below = self.record.as_ref().map_or(0, |record| record.hits_of(&self.filter));
        let all = self.hits.len() + below;
        let at = match (self.record_line(), &self.record) {
            (Some(line), Some(record)) => self.hits.len() + record.hit(line)?.0,
            _ => self.hits.binary_search(&self.cursor).ok()? + 1,
        };
        (!self.filter.is_empty()).then_some((at, all))
    }
}

/// A line as it is drawn.
pub(super) fn drawn(ctx: &Ctx<'_>, line: &DocLine, width: u16) -> Line<'static> {
    match &line.what {
        What::Line(line) => line.clone(),
        What::Event(tier, row) => {
            let event = ctx.store.events().at(*row);
            event.map(|event| trail::timeline(ctx, *tier, event, width)).unwrap_or_default()
        }
    }
}

fn words(line: &Line<'_>) -> String {
    line.spans.iter().map(|span| span.content.as_ref()).collect()
}

/// Marks what is searched for in a line that was drawn.
pub(super) fn mark(ctx: &Ctx<'_>, line: &Line<'_>, needle: &str, row: Rect, buf: &mut Buffer) {
    if needle.is_empty() {
        return;
    }
    let words = words(line);
    let mut from = 0;
    while let Some(at) = words.get(from..).and_then(|rest| find(rest, needle)).map(|at| from + at) {
        let end = at + needle.len();
        let cells = |text: Option<&str>| u16::try_from(text.map_or(0, text::width)).unwrap_or(u16::MAX);
        let (x, wide) = (cells(words.get(..at)), cells(words.get(at..end)));
        if x >= row.width {
            return;
        }
        let hit = Rect { x: row.x + x, width: wide.min(row.width - x), height: 1, ..row };
        buf.set_style(hit, ctx.look.style(Role::Match));
        from = end;
    }
}
