//! How far something is: one line on standard error that is overwritten, where that is a terminal.

use std::io::{self, IsTerminal, Write};

use crate::export::safe;

/// The line.
pub(super) struct Line {
    on: bool,
    shown: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { on: io::stderr().is_terminal(), shown: false }
    }

    /// Shows other words, which are made only where they are seen.
    pub(super) fn show(&mut self, words: impl FnOnce() -> String) {
        if self.on {
            self.shown = true;
            // A progress that nobody sees is no failure.
            let _closed = io::stderr().write_all(format!("\r\x1b[K{}", safe::visible(&words())).as_bytes());
        }
    }

    /// Takes it away.
    pub(super) fn end(&self) {
        if self.shown {
            let _closed = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
