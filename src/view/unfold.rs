//! The record in a place: the lines below a detail's own, or the whole of a JSON screen. It keeps its folds while the
//! lines above it are made anew.

use super::raw::Raw;
use super::{Body, Ctx, Place, Screen, Thing, json};

impl Place {
    /// The record that this screen shows, read once.
    pub(super) fn open_record(&mut self, ctx: &Ctx<'_>) {
        let (Screen::Raw(thing) | Screen::Detail(thing @ Thing::Event(_))) = &self.screen else { return };
        if self.record.is_none() {
            self.record = json::json_of(ctx, thing).map(|json| Raw::of(&json));
        }
    }

    /// The lines above the record.
    #[must_use]
    pub(super) fn above(&self) -> usize {
        if let Body::Doc(doc) = &self.body { doc.lines.len() } else { 0 }
    }

    /// The record's line under the cursor.
    #[must_use]
    pub fn record_line(&self) -> Option<usize> {
        let line = self.cursor.checked_sub(self.above())?;
        self.record.as_ref().filter(|record| line < record.len()).map(|_| line)
    }

    /// What the record is of.
    pub(super) fn record_of(&self) -> Option<&Thing> {
        match &self.screen {
            Screen::Raw(thing) | Screen::Detail(thing) => Some(thing),
            _ => None,
        }
    }

    /// Where the value under the cursor leads.
    pub(super) fn record_target(&self, ctx: &Ctx<'_>) -> Option<Screen> {
        self.record.as_ref()?.target(ctx, self.record_of()?, self.record_line()?)
    }

    /// Folds or unfolds what the cursor is on; `false` when it is on nothing that folds.
    pub fn toggle(&mut self) -> bool {
        let Some(line) = self.record_line() else { return false };
        self.record.as_mut().is_some_and(|record| record.toggle(line))
    }

    /// To the left: back to the beginning of long lines, then folds, then to what holds the line.
    pub fn leave(&mut self) {
        let (above, line) = (self.above(), self.record_line());
        match (line, &mut self.record) {
            (Some(line), Some(record)) if self.side == 0 => self.cursor = above + record.fold(line),
            _ => self.side = self.side.saturating_sub(8),
        }
    }

    /// To the right: unfolds, then goes inside; along a long line where there is no inside.
    pub fn enter(&mut self) {
        let (above, line) = (self.above(), self.record_line());
        match (line, &mut self.record) {
            (Some(line), Some(record)) => match record.unfold(line) {
                Some(line) => self.cursor = above + line,
                None => self.side += 8,
            },
            _ => self.side += 8,
        }
    }

    /// Folds or unfolds the whole record; `false` when there is none here.
    pub fn fold_all(&mut self, folded: bool) -> bool {
        let (above, line) = (self.above(), self.record_line());
        let Some(record) = &mut self.record else { return false };
        let to = record.fold_all(folded, line.unwrap_or(0));
        if line.is_some() {
            self.cursor = above + to;
        }
        true
    }
}
