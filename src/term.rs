//! The terminal: taken over at the start, given back whatever ends the program.

mod answers;

use std::io::{self, Stdout, Write as _};
use std::sync::Once;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

pub use answers::{Answers, Heard};

/// The terminal while it is ours; dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste, and a panic hook that gives it back
    /// before the panic's message is printed.
    ///
    /// # Errors
    /// When standard output is no terminal, or it refuses.
    pub fn take() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| give_back())?;
        Ok(Self { terminal })
    }

    /// Draws one frame, shown by the terminal as a whole where it knows synchronized output.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Puts text on the clipboard of the terminal's user, also over SSH (OSC 52).
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Asks for the colour of the terminal's ground; the answer, if one comes, comes by the way of keys ([`Answers`]).
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask_ground(&mut self) -> io::Result<()> {
        let term = std::env::var("TERM").unwrap_or_default();
        // GNU screen makes something else of the answer; the console of Linux and dumb terminals print the question.
        let screen = term.starts_with("screen") && std::env::var_os("TMUX").is_none();
        if cfg!(windows) || screen || ["", "dumb", "linux"].contains(&term.as_str()) {
            return Ok(());
        }
        io::stdout().write_all(answers::GROUND.as_bytes())?;
        io::stdout().flush()
    }

    /// Rings the terminal's bell.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        io::stdout().write_all(b"\x07")?;
        io::stdout().flush()
    }

    /// Gives the terminal back, stops this process until `fg`, and takes the terminal over again.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The shell's own way to stop a job; without unsafe code a signal is sent by its command.
        let pid = std::process::id().to_string();
        let _stopped = std::process::Command::new("kill").args(["-TSTP", &pid]).status();
        enter()?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide).inspect_err(|_| give_back())
}

/// Gives the terminal back; harmless when it was given back already. What fails here has nobody to be told.
pub fn give_back() {
    let _gone = execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _gone = disable_raw_mode();
    let _gone = io::stdout().flush();
}
