//! What CloudTrail does not record, said beside what it does: a quiet list is no proof of quiet tables.

use ratatui::text::Line;

use crate::controls::recordings;
use crate::model::{Estate, Table};
use crate::theme::Role;
use crate::view::Ctx;
use crate::widget::text;

/// How many tables have their items' reads and writes recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Tables known.
    pub tables: usize,
    /// Tables of which no trail records reads.
    pub reads_off: usize,
    /// Tables of which no trail records writes.
    pub writes_off: usize,
    /// Tables of which it is not known: a trail, its status or its selectors could not be read, or take some events.
    pub unknown: usize,
    /// The one table that is not recorded, when it is one.
    pub only: Option<String>,
}

impl Recorded {
    /// Looks at every table and trail.
    #[must_use]
    pub fn of(estate: &Estate) -> Self {
        let mut found = Self::default();
        let mut off = Vec::new();
        for table in estate.tables.values() {
            found.tables += 1;
            let (reads, writes, sure) = one(estate, table);
            if reads && writes {
                continue;
            }
            if !sure {
                found.unknown += 1;
                continue;
            }
            found.reads_off += usize::from(!reads);
            found.writes_off += usize::from(!writes);
            if off.len() < 2 {
                off.push(table.name.clone());
            }
        }
        found.only = off.pop().filter(|_| off.is_empty());
        found
    }

    /// In words, and whether it is as it should be; nothing while no table is known.
    #[must_use]
    pub fn line(&self, ctx: &Ctx<'_>, short: bool) -> Line<'static> {
        let look = ctx.look;
        let (reads, writes, all) = (self.reads_off, self.writes_off, self.tables);
        let what = match (reads > 0, writes > 0) {
            (true, true) => "reads and writes",
            (true, false) => "reads",
            (false, _) => "writes",
        };
        let words = match &self.only {
            _ if all == 0 => return Line::default(),
            _ if reads.max(writes) == 0 && self.unknown > 0 => {
                return look.line(Role::Unknown, format!("? recorded: unknown of {} of {all} tables ", self.unknown));
            }
            _ if reads.max(writes) == 0 => return look.line(Role::Dim, "reads and writes of all tables are recorded "),
            Some(table) => format!("▲ {what} of {} are not recorded ", text::clean(table, 24)),
            None if short => format!("▲ {} of {all} tables unrecorded ", reads.max(writes)),
            None if reads == writes || writes == 0 || reads == 0 => {
                format!("▲ {what} of {} of {all} tables are not recorded ", reads.max(writes))
            }
            None => format!("▲ reads of {reads} and writes of {writes} of {all} tables are not recorded "),
        };
        let unknown = if self.unknown > 0 { format!("· ? of {} ", self.unknown) } else { String::new() };
        Line::from(vec![look.say(Role::Warn, words), look.say(Role::Unknown, unknown)])
    }
}

/// Whether reads and writes are recorded, and whether that is all there is to know.
fn one(estate: &Estate, table: &Table) -> (bool, bool, bool) {
    let (mut reads, mut writes, mut partly) = (false, false, false);
    let mut sure = estate.trail_lists.get(&table.scope).is_some_and(|list| list.value().is_some());
    for of in recordings(estate, table) {
        sure &= of.trail.status.value().is_some() && of.trail.selectors.value().is_some();
        if of.trail.status.value().is_some_and(|status| status.logging) {
            reads |= of.reads;
            writes |= of.writes;
            // Conditions let some of its events through: which, is not known here.
            partly |= !of.conditions.is_empty();
        }
    }
    (reads, writes, sure && !partly)
}
