//! How many colours a terminal shows, and what a theme comes to in fewer.

use ratatui::style::{Color, Style};

use super::color::nearest;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None, or none are wanted.
    None,
    /// Its own sixteen.
    Sixteen,
    /// A fixed set of 256.
    Indexed,
    /// All of them.
    True,
}

/// Terminals that show all colours, by a part of `TERM`, whether or not they set `COLORTERM` (it is lost over SSH).
const TRUE: [&str; 9] = ["direct", "truecolor", "kitty", "ghostty", "alacritty", "wezterm", "foot", "contour", "rio"];

impl Depth {
    /// What the environment says of the terminal: `variable` gives a variable's value, empty where it is not set.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> String) -> Self {
        let (term, color) = (variable("TERM"), variable("COLORTERM"));
        // Sources: no-color.org (set, and not empty), bixense.com/clicolors.
        if !variable("NO_COLOR").is_empty() || variable("CLICOLOR") == "0" || term == "dumb" {
            return Self::None;
        }
        // GNU screen shows 256, and hands on a COLORTERM that is true outside of it.
        let screen = term.starts_with("screen") && variable("TMUX").is_empty();
        let deep = matches!(color.as_str(), "truecolor" | "24bit") || TRUE.iter().any(|name| term.contains(name));
        let windows = !variable("WT_SESSION").is_empty() || cfg!(windows);
        if !screen && (deep || windows) {
            Self::True
        } else if term.contains("256") || screen || !color.is_empty() {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }

    /// True when this depth shows the colour.
    #[must_use]
    pub fn shows(self, color: Color) -> bool {
        let needed = match color {
            Color::Rgb(..) => Self::True,
            Color::Indexed(16..) => Self::Indexed,
            _ => Self::Sixteen,
        };
        self >= needed
    }

    /// The style in the colours there are.
    pub(super) fn reduced(self, style: Style) -> Style {
        let reduce = |color: Color| match color {
            Color::Rgb(red, green, blue) if self == Self::Indexed => Color::Indexed(nearest([red, green, blue])),
            color => color,
        };
        Style { fg: style.fg.map(reduce), bg: style.bg.map(reduce), ..style }
    }
}
