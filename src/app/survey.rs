//! Keys of the survey above a list of events: zoom, and the cursor among the facets.

use crate::keymap::Action;
use crate::trail::query::toggle::toggle;
use crate::view::{Kind, Screen};

use super::App;

/// Does what a key means to the survey; `false` when it means nothing to it.
pub fn takes(app: &mut App, action: Action) -> bool {
    if !matches!(app.nav.place().screen, Screen::List(Kind::Trail(_))) {
        return false;
    }
    let focused = app.nav.place().survey.focus.is_some();
    match action {
        Action::More | Action::Less => zoom(app, action == Action::More),
        Action::Earlier | Action::Later => {
            if !app.nav.place_mut().survey.shift(action == Action::Later) {
                app.hint("all is shown; {more} zooms in");
            }
        }
        Action::Whole => app.nav.place_mut().survey.window = None,
        Action::Facets if app.nav.place().survey.hidden => app.say("too few rows here to show facets"),
        Action::Facets => {
            let survey = &mut app.nav.place_mut().survey;
            survey.focus = if focused { None } else { Some((0, 0)) };
        }
        Action::Back if focused => app.nav.place_mut().survey.focus = None,
        Action::Back if app.nav.place().survey.window.is_some() => app.nav.place_mut().survey.window = None,
        Action::Down if focused => app.nav.place_mut().survey.step(1, 0),
        Action::Up if focused => app.nav.place_mut().survey.step(-1, 0),
        Action::Right if focused => app.nav.place_mut().survey.step(0, 1),
        Action::Left if focused => app.nav.place_mut().survey.step(0, -1),
        Action::Open | Action::Mark if focused => choose(app),
        _ => return false,
    }
    true
}

/// Zooms round the event under the cursor.
fn zoom(app: &mut App, closer: bool) {
    app.with(|ctx, place| {
        let round = place.row().and_then(|row| row.time(ctx));
        place.survey.zoom(closer, round);
    });
}

/// The value under the cursor into the filter, then negated, then out again.
fn choose(app: &mut App) {
    let place = app.nav.place_mut();
    match place.survey.term() {
        Some(term) => place.filter = toggle(&place.filter, term),
        None => app.say("no value to choose here"),
    }
}
