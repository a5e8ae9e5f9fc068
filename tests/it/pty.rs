//! A real pseudo-terminal with the program in it, as the leader of a session of its own, and what a terminal makes of its
//! bytes.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Termios, tcgetattr};

/// Generous: the machine may be busy, and the first frame of the demo waits for its first sweep.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How each frame ends.
const FRAME: &[u8] = b"\x1b[?2026l";

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

/// A terminal with a program in it.
pub struct Terminal {
    pty: Arc<Pty>,
    bytes: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    program: Child,
    before: Termios,
    /// All that came since somebody looked.
    pub heard: Vec<u8>,
}

impl Terminal {
    /// 80×24 with the demo in it.
    pub fn with_demo() -> Self {
        Self::with(&["--demo", "--theme", "dark"], &[])
    }

    /// 80×24 with the program in it, started with these arguments in an environment that names no account, changed so.
    pub fn with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::of(env!("CARGO_BIN_EXE_dynakeep"), arguments, environment)
    }

    /// 80×24 with any program in it.
    pub fn of(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let before = tcgetattr(&pty).unwrap();
        let program = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("HOME", "/nonexistent")
            .envs(environment.iter().copied())
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let (to, bytes) = channel();
        let from = Arc::clone(&pty);
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            // Reading ends with an error when the program has gone.
            while let Ok(read) = (&*from).read(&mut buffer) {
                if read == 0 || to.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { pty, bytes, screen: vt100::Parser::new(size(24), size(80), 0), program, before, heard: Vec::new() }
    }

    /// Types, as a terminal sends it.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Has another size from now on.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.screen.screen_mut().set_size(size(rows), size(columns));
        self.pty.resize(Size::new(rows, columns)).unwrap();
        self
    }

    /// Sends a signal to the program.
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(Pid::from_child(&self.program), signal).unwrap();
        self
    }

    /// Waits until the screen is so; fails with what it is instead.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> &mut Self {
        let began = Instant::now();
        loop {
            let shown = self.screen.screen().contents();
            if holds(&shown) {
                return self;
            }
            match self.bytes.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("not within {PATIENCE:?}: {what}\n{shown}"),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.heard.extend(bytes);
        self.screen.process(bytes);
    }

    #[track_caller]
    pub fn shows(&mut self, text: &str) -> &mut Self {
        self.until(text, |shown| shown.contains(text))
    }

    /// Waits until all was read and judged once.
    #[track_caller]
    pub fn settles(&mut self) -> &mut Self {
        let busy = ["to come", "to judge"];
        self.until("all read", |shown| shown.contains("oldest") && !busy.iter().any(|words| shown.contains(words)))
    }

    #[track_caller]
    pub fn hides(&mut self, text: &str) -> &mut Self {
        self.until(&format!("no {text}"), |shown| !shown.contains(text))
    }

    /// Where a text stands: column and row, from 1, as the mouse counts.
    #[track_caller]
    pub fn place(&self, text: &str) -> (usize, usize) {
        let shown = self.screen.screen().contents();
        for (row, line) in shown.lines().enumerate() {
            if let Some(at) = line.find(text) {
                return (line[..at].chars().count() + 1, row + 1);
            }
        }
        panic!("{text:?} is not on the screen:\n{shown}");
    }

    /// A click on a text.
    #[track_caller]
    pub fn clicks(&mut self, text: &str) -> &mut Self {
        let (column, row) = self.place(text);
        self.types(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"))
    }

    /// What comes while nobody does anything: frames and bytes.
    pub fn idle(&mut self, duration: Duration) -> (usize, usize) {
        self.heard.clear();
        let end = Instant::now() + duration;
        while let Ok(bytes) = self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
        (self.frames(), self.heard.len())
    }

    /// The frames among what was heard.
    pub fn frames(&self) -> usize {
        self.heard.windows(FRAME.len()).filter(|bytes| *bytes == FRAME).count()
    }

    /// The screen as it is.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Waits for the end, takes in what was said last, and holds the terminal against what it was.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        loop {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end\n{}", self.screen.screen().contents()),
            }
        }
        let status = self.program.wait().unwrap();
        self.is_given_back();
        status
    }

    /// Fails where a mode of the terminal is not as it was before the program.
    #[track_caller]
    pub fn is_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let last = |on: &[u8]| self.heard.windows(on.len()).rposition(|bytes| bytes == on);
        assert!(last(b"\x1b[?1004h") < last(b"\x1b[?1004l"), "focus is still told");
        let now = tcgetattr(&*self.pty).unwrap();
        assert_eq!(format!("{now:?}"), format!("{:?}", self.before));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.program.kill();
        let _ended = self.program.wait();
    }
}
