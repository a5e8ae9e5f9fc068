//! Themes: tried on in their list, followed as the terminal's ground is, and told apart from what a person types.

use dynakeep::theme::{Role, Theme};
use ratatui::style::Color;

use crate::harness::Session;

fn worn(session: &Session) -> &str {
    session.app.look.theme.name()
}

#[test]
fn the_theme_under_the_cursor_is_worn_until_enter_keeps_it_or_one_leaves() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.press(": 'theme' Enter").shows("catppuccin-mocha").shows("Enter keep");
    assert_eq!(worn(&session), "dark", "the cursor begins on what is worn");
    session.press("j");
    assert_eq!(worn(&session), "light");
    session.press("/ 'nord' Enter");
    assert_eq!(worn(&session), "nord");
    let ground = Theme::built_in("nord").unwrap().style(Role::Screen).bg.unwrap();
    let unpainted = session.buffer().content().iter().filter(|cell| cell.bg == Color::Reset).count();
    assert_eq!((ground, unpainted), (Color::Rgb(0x2e, 0x34, 0x40), 0), "the whole screen is painted");
    // The filter goes first, then the list: nothing was kept.
    session.press("Esc Esc");
    assert_eq!(worn(&session), "dark");
    session.press(": 'theme' Enter j j 5");
    assert_eq!(worn(&session), "dark", "another tab leaves as Esc does");
    session.press("1 : 'theme' Enter / 'gruvbox-light' Enter Enter").shows("theme gruvbox-light, until the end");
    assert_eq!(worn(&session), "gruvbox-light");
    session.press(": 'theme' Enter").shows("solarized-dark").press("d").shows("critical");
    session.press("Esc Esc 2");
    assert_eq!(worn(&session), "gruvbox-light", "what was kept stays");
}

#[cfg(unix)]
#[test]
fn the_terminals_answer_changes_the_theme_and_presses_no_key() {
    use crate::terminal::Terminal;
    let mut terminal = Terminal::with(&["--demo", "--theme", "auto"], &[("COLORTERM", "truecolor")]);
    terminal.shows("39/40 tables");
    let accent = |terminal: &Terminal| terminal.screen.screen().cell(0, 1).unwrap().fgcolor();
    assert_eq!(accent(&terminal), vt100::Color::Rgb(0x6c, 0xb6, 0xff), "dark until the terminal says otherwise");
    // `]1` would go forward in the history and to the first tab, `g` to the top.
    terminal.types("5").shows("DEL.PROT").types("\u{1b}]11;rgb:fdfd/f6f6/e3e3\u{1b}\\");
    terminal.types("/a").shows(" /a");
    assert_eq!(accent(&terminal), vt100::Color::Rgb(0x07, 0x57, 0xb8), "light, as the terminal is");
    terminal.shows("DEL.PROT");
}
