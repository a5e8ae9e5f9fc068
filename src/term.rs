//! The terminal: taken over at the start, given back whatever ends the program.

mod answers;

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

pub use answers::{Answers, Heard};
/// Clicks and the wheel, as SGR reports; not the moves between them, each of which would be a wake-up.
#[cfg(not(windows))]
const MOUSE: (&[u8], &[u8]) = (b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l");

/// The most reports that one run writes.
const REPORTS: usize = 9;

/// The terminal while it is ours; dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Whole>>,
    mouse: bool,
    whole: Whole,
    /// What a frame says in which nothing changed.
    same: Vec<u8>,
}

/// A frame's bytes until the frame is whole: the terminal gets them in one write, or none where nothing changed.
#[derive(Debug, Default, Clone)]
struct Whole(Rc<RefCell<Vec<u8>>>);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Whole {
    /// What has gathered; nothing of it stays.
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Screen {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste, focus, the mouse where it is wanted, and a panic
    /// hook that gives it back before the panic's message is printed. A report of a panic is written to `reports`.
    ///
    /// # Errors
    /// When standard output is no terminal, or it refuses.
    pub fn take(mouse: bool, reports: PathBuf) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            let screen = std::thread::current().id();
            std::panic::set_hook(Box::new(move |info| {
                // What panics on another thread does not end the program: the screen goes on, and nothing is printed on it.
                let ends = std::thread::current().id() == screen;
                if ends {
                    give_back();
                    before(info);
                }
                let told = match report(&reports, info) {
                    Ok(path) => format!("a report of it, without anything that was read: {}", path.display()),
                    Err(error) => format!("no report could be written: {}: {error}", reports.display()),
                };
                if ends {
                    let _gone = writeln!(io::stderr(), "dynakeep: internal error; {told}");
                }
            }));
        });
        enter(mouse)?;
        let whole = Whole::default();
        let mut same = CrosstermBackend::new(whole.clone());
        queue!(same, BeginSynchronizedUpdate)?;
        same.draw(std::iter::empty())?;
        same.hide_cursor()?;
        let same = whole.take();
        let terminal = fixed(&whole).inspect_err(|_| give_back())?;
        Ok(Self { terminal, mouse, whole, same })
    }

    /// Draws one frame, shown by the terminal as a whole where it knows synchronized output.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        let frame = self.whole.take();
        if frame.starts_with(&self.same) && frame.len() == self.same.len() + END {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(&frame)?;
        out.flush()
    }

    /// The terminal has another size: asking for it at every frame would cost more than most frames do.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resize(&mut self) -> io::Result<()> {
        self.terminal = fixed(&self.whole)?;
        queue!(self.terminal.backend_mut(), Clear(ClearType::All))
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
        enter(self.mouse)?;
        // Not `clear`: it asks where the cursor is, and a terminal that does not answer would hold everything up.
        self.terminal = fixed(&self.whole)?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The length of the sequence that ends a synchronized update.
const END: usize = "\x1b[?2026l".len();

fn area() -> io::Result<Rect> {
    let (width, height) = size()?;
    Ok(Rect::new(0, 0, width, height))
}

fn fixed(whole: &Whole) -> io::Result<Terminal<CrosstermBackend<Whole>>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area()?) };
    Terminal::with_options(CrosstermBackend::new(whole.clone()), options)
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide)
        .and_then(|()| if mouse { listen_to_mouse(true) } else { Ok(()) })
        .inspect_err(|_| give_back())
}

#[cfg(not(windows))]
fn listen_to_mouse(on: bool) -> io::Result<()> {
    io::stdout().write_all(if on { MOUSE.0 } else { MOUSE.1 })?;
    io::stdout().flush()
}

#[cfg(windows)]
fn listen_to_mouse(on: bool) -> io::Result<()> {
    use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
    if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
}

/// Gives the terminal back; harmless when it was given back already. What fails here has nobody to be told.
pub fn give_back() {
    let _gone = listen_to_mouse(false);
    let _gone = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _gone = disable_raw_mode();
    let _gone = io::stdout().flush();
}

/// Writes what is needed to find a panic: where, and by which way. Its message only where it is one of our own words, for
/// others are made of what was read.
fn report(directory: &Path, info: &PanicHookInfo<'_>) -> io::Result<PathBuf> {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    if number >= REPORTS {
        return Err(io::Error::other("enough were written"));
    }
    let what = info.payload().downcast_ref::<&'static str>();
    let what = what.copied().unwrap_or("(the message is left out: it may hold what was read)");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let text = format!(
        "dynakeep {} on {} {}\nwhat:   {what}\nwhere:  {place}\nthread: {thread}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        std::backtrace::Backtrace::force_capture()
    );
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    let mut options = std::fs::OpenOptions::new();
    // Never into what somebody else put there.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    folder.create(directory)?;
    let path = directory.join(format!("dynakeep-panic-{}-{number}.txt", std::process::id()));
    options.open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}
