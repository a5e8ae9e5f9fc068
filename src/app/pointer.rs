//! The mouse: what was drawn where, and what a click or the wheel does there.

use std::num::NonZero;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Position, Rect};

use crate::keymap::Action;
use crate::view::Tab;
use crate::widget::text;

use super::{App, Effect, Layer, act, palette, update};

/// Lines that a notch of the wheel is worth.
const NOTCH: isize = 3;

/// What the mouse does, for the help.
pub const TIPS: [(&str, &str); 5] = [
    ("click", "selects; on what is selected, opens"),
    ("on a tab, a key", "goes there, does it"),
    ("wheel", "three lines"),
    ("with Shift", "the terminal's own selection; in some, Alt or Option"),
    ("--no-mouse", "leaves it all to the terminal"),
];

/// What was drawn where.
#[derive(Debug, Default)]
pub struct Spots {
    /// Tabs.
    pub tabs: Vec<(Rect, Tab)>,
    /// Keys of the footer.
    pub keys: Vec<(Rect, Action)>,
    /// Choices above the command line.
    pub choices: Vec<(Rect, usize)>,
    /// The page's name, and its address in the console.
    pub link: Option<(Rect, String)>,
}

impl Spots {
    /// Makes the page's name a link, for terminals that know such (OSC 8). It is laid over what was drawn, cell by cell, for
    /// each cell may be sent without its neighbours; and by the loop alone, for only a terminal can read it.
    pub fn lay_link(&self, buf: &mut Buffer) {
        let Some((area, url)) = &self.link else { return };
        for position in area.intersection(buf.area).positions() {
            let Some(cell) = buf.cell_mut(position) else { continue };
            if text::width(cell.symbol()) == 1 {
                let linked = format!("\u{1b}]8;;{url}\u{1b}\\{}\u{1b}]8;;\u{1b}\\", cell.symbol());
                cell.set_symbol(&linked).set_diff_option(CellDiffOption::ForcedWidth(NonZero::<u16>::MIN));
            }
        }
    }
}

fn under<T: Copy>(spots: &[(Rect, T)], at: Position) -> Option<T> {
    spots.iter().find(|(area, _)| area.contains(at)).map(|(_, what)| *what)
}

/// True for what the mouse does that means something here: moves and releases would be frames for nothing.
#[must_use]
pub fn means(event: &MouseEvent) -> bool {
    matches!(
        event.kind,
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::ScrollDown | MouseEventKind::ScrollUp
    )
}

/// Does what a click or the wheel asks for.
pub fn mouse(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollDown => wheel(app, true),
        MouseEventKind::ScrollUp => wheel(app, false),
        MouseEventKind::Down(MouseButton::Left) => return click(app, Position::new(event.column, event.row)),
        _ => {}
    }
    Vec::new()
}

fn wheel(app: &mut App, down: bool) {
    let notch = NOTCH.unsigned_abs();
    match app.layers.last_mut() {
        Some(Layer::Help(at)) => *at = if down { *at + notch } else { at.saturating_sub(notch) },
        Some(Layer::Command(palette)) => palette.step(down),
        Some(_) => {}
        None => app.with(|ctx, place| place.step(ctx, if down { NOTCH } else { -NOTCH })),
    }
}

fn click(app: &mut App, at: Position) -> Vec<Effect> {
    app.notice = None;
    match app.layers.pop() {
        Some(Layer::Command(mut palette)) => {
            if let Some(choice) = under(&app.spots.choices, at) {
                palette.at = Some(choice);
                return palette::enter(app, palette);
            }
            app.layers.push(Layer::Command(palette));
            return Vec::new();
        }
        Some(Layer::Help(_)) => return Vec::new(),
        // What is typed stays.
        Some(layer) => {
            app.layers.push(layer);
            return Vec::new();
        }
        None => {}
    }
    if let Some(tab) = under(&app.spots.tabs, at) {
        app.nav.tab(tab);
    } else if let Some(action) = under(&app.spots.keys, at) {
        return update::act(app, action);
    } else if let Some(row) = app.nav.place().at(at) {
        app.nav.place_mut().survey.focus = None;
        if app.nav.place().cursor == row {
            return act::open(app);
        }
        app.with(|ctx, place| place.go(ctx, row));
    }
    Vec::new()
}
