//! The program in a real terminal: its own loop, keys as bytes, frames as what a terminal makes of them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Generous: the machine may be busy, and the first frame of the demo waits for its first sweep.
const PATIENCE: Duration = Duration::from_secs(60);

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

/// A terminal of 80×24 with the program in it.
pub struct Terminal {
    keys: File,
    bytes: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    program: Child,
}

impl Terminal {
    fn with_demo() -> Self {
        Self::with(&["--demo", "--theme", "dark"], &[])
    }

    /// With the program started by these arguments, in an environment that names no account, changed so.
    pub fn with(line: &[&str], environment: &[(&str, &str)]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        tcsetwinsize(&controller, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let end = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let program = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
            .args(line)
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("HOME", "/nonexistent")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keys = File::from(controller);
        let mut from = keys.try_clone().unwrap();
        let (to, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            // Reading ends with an error when the program has gone.
            while let Ok(read) = from.read(&mut buffer) {
                if read == 0 || to.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys, bytes, screen: vt100::Parser::new(size(24), size(80), 0), program }
    }

    /// Types, as a terminal sends it.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
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
            let left = PATIENCE.saturating_sub(began.elapsed());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("not within {PATIENCE:?}: {what}\n{shown}"),
            }
        }
    }

    #[track_caller]
    pub fn shows(&mut self, text: &str) -> &mut Self {
        self.until(text, |shown| shown.contains(text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.program.kill();
        let _ended = self.program.wait();
    }
}

#[test]
fn in_a_real_terminal_keys_lead_from_the_first_frame_to_a_record_and_out() {
    let mut terminal = Terminal::with_demo();
    terminal.shows("DEMO").shows("39/40 tables").shows("Find✖12");
    terminal.types("2").shows("CompromisedCredentials");
    terminal.types("\r").shows("timeline").shows("UpdateContinuousBackups");
    terminal.types("\rJ").shows("› JSON").shows("\"eventVersion\": \"1.11\"");
    terminal.types("/recoveryenabled\r").shows("hit 1 of").shows("\"pointInTimeRecoveryEnabled\": false");
    terminal.types("\u{1b}[A\u{1b}[B").shows("hit 1 of");
    terminal.types("q");
    let began = Instant::now();
    while terminal.program.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "q leaves");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(terminal.program.wait().unwrap().success());
    while let Ok(bytes) = terminal.bytes.recv_timeout(Duration::from_secs(5)) {
        terminal.screen.process(&bytes);
    }
    assert!(!terminal.screen.screen().alternate_screen(), "the terminal is given back");
    assert!(!terminal.screen.screen().hide_cursor());
}

#[test]
fn every_key_has_its_frame_at_once_and_not_with_the_next_second() {
    let mut terminal = Terminal::with_demo();
    terminal.shows("39/40 tables").types("7").shows("NAME");
    let began = Instant::now();
    for (key, shown) in [
        ("/", " filter /"),
        ("n", " /n"),
        ("a", " /na"),
        ("m", " /nam"),
        ("e", " /name"),
        (":", " /name:"),
        ("U", " /name:U"),
        ("*", " /name:U*"),
    ] {
        terminal.types(key).until(shown, |screen| {
            let last = screen.lines().last().unwrap_or_default();
            last.trim_end().ends_with(shown.trim_start_matches(' ').trim_end_matches(' '))
        });
    }
    // Were a key drawn with the clock's next second only, eight of them would take about eight.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}
