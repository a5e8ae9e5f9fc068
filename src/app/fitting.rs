//! Trying themes on: in their list the one under the cursor is worn, until Enter keeps it or one leaves.

use crate::theme::Theme;
use crate::view::{Kind, Row, Screen, Thing};

use super::{App, Effect, act};

/// Opens the list on the theme that is worn.
pub fn choose(app: &mut App) -> Vec<Effect> {
    let worn = app.look.theme.follows().unwrap_or(app.look.theme.name()).to_owned();
    let mut effects = vec![Effect::Themes];
    effects.extend(act::go(app, Screen::List(Kind::Themes)));
    let place = app.nav.place_mut();
    place.selected = Some(Screen::Detail(Thing::Theme(worn)));
    effects
}

/// Keeps what is tried on, and goes back.
pub fn keep(app: &mut App) -> Vec<Effect> {
    match under(app) {
        Some((name, Ok(theme))) => {
            app.say(format!(
                "theme {name}, until the end: --theme {name}, or theme = \"{name}\" in the configuration, keeps it"
            ));
            app.worn = Some(theme);
            app.nav.pop();
        }
        Some((_, Err(error))) => app.say(error),
        None => app.say("nothing to keep here"),
    }
    Vec::new()
}

/// Puts on what is under the cursor of the list; elsewhere, what was worn before or kept.
pub fn fit(app: &mut App) {
    if !matches!(app.nav.place().screen, Screen::List(Kind::Themes)) {
        if let Some(worn) = app.worn.take() {
            app.look.theme = worn;
        }
        return;
    }
    let worn = app.worn.get_or_insert_with(|| app.look.theme.clone()).clone();
    match under(app) {
        Some((_, Ok(theme))) => app.look.theme = theme,
        Some((_, Err(_))) => app.look.theme = worn,
        None => {}
    }
}

/// The terminal's ground was heard of: what this theme comes to on it.
pub fn grounded(app: &mut App, theme: Theme) {
    // What is tried on is not what was asked for.
    let worn = app.worn.as_mut().unwrap_or(&mut app.look.theme);
    *worn = theme;
}

/// The name that the theme is chosen by which is worn, or was before others were tried on.
pub fn asked(app: &App) -> &str {
    let worn = app.worn.as_ref().unwrap_or(&app.look.theme);
    worn.follows().unwrap_or(worn.name())
}

fn under(app: &App) -> Option<(String, Result<Theme, String>)> {
    let Row::Theme(place) = app.nav.place().row()? else { return None };
    let of = app.look.themes.get(place)?;
    Some((of.name.clone(), of.theme.clone().map_err(|error| error.to_string())))
}
