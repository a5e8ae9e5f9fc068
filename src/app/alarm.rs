//! The bell, and the badge of the header: something critical came while somebody did something else.

use crate::model::Severity;
use crate::view::{Kind, Screen};

use super::{App, Effect};

/// What was heard.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Neither rings nor shows.
    quiet: bool,
    /// The number of the last change that was looked at.
    heard: u64,
    /// Critical ones that nobody saw yet.
    pub unseen: usize,
}

impl Alarm {
    /// Nothing heard yet.
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, heard: 0, unseen: 0 }
    }
}

/// Rings once for what is new and critical.
pub(super) fn heed(app: &mut App) -> Option<Effect> {
    let changes = app.store.changes();
    let newest = changes.newest();
    if app.alarm.quiet || newest == app.alarm.heard {
        return None;
    }
    let critical = changes
        .after(app.alarm.heard)
        .filter(|change| change.severity() == Some(Severity::Critical) && change.is_worse())
        .count();
    app.alarm.heard = newest;
    app.alarm.unseen += critical;
    (critical > 0).then_some(Effect::Bell)
}

/// Whoever presses a key on a screen that shows what is new has seen it.
pub(super) fn seen(app: &mut App) {
    let shows = matches!(
        app.nav.place().screen,
        Screen::Overview | Screen::Handover | Screen::List(Kind::Findings | Kind::Drift | Kind::Controls(_))
    );
    if shows {
        app.alarm.unseen = 0;
    }
}
