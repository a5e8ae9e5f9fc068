//! Telling a person at a terminal: a bell, or a notification of the desktop that the terminal passes on.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::export::safe::{shortened, visible};

/// How a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    /// Not at all
    None,
    /// The terminal's bell
    Bell,
    /// OSC 9: iTerm2, Windows Terminal, WezTerm, ghostty
    Osc9,
    /// OSC 777: urxvt, foot, ghostty, WezTerm
    Osc777,
    /// OSC 99: kitty
    Osc99,
}

impl Notify {
    /// The bytes that say it. Nothing in the words ends them early, or acts.
    #[must_use]
    pub fn bytes(self, words: &str) -> String {
        // A semicolon parts the fields of a notification.
        let words = shortened(&visible(words), 200).replace(';', ",");
        match self {
            Self::None => String::new(),
            Self::Bell => "\u{7}".to_owned(),
            Self::Osc9 => format!("\u{1b}]9;dynakeep: {words}\u{1b}\\"),
            Self::Osc777 => format!("\u{1b}]777;notify;dynakeep;{words}\u{1b}\\"),
            Self::Osc99 => format!("\u{1b}]99;;dynakeep: {words}\u{1b}\\"),
        }
    }

    /// Tells it, to a terminal alone: a file is no person.
    pub(super) fn tell(self, words: &str) {
        let bytes = self.bytes(words);
        let said = |to: &mut dyn Write| to.write_all(bytes.as_bytes()).and_then(|()| to.flush());
        // Nobody may be there any more.
        let _gone = if io::stderr().is_terminal() {
            said(&mut io::stderr())
        } else if io::stdout().is_terminal() {
            said(&mut io::stdout())
        } else {
            Ok(())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_account_says_does_not_end_a_notification() {
        let hostile = "a;b\u{1b}\\\u{7}\u{9c}c";
        for notify in [Notify::Osc9, Notify::Osc777, Notify::Osc99] {
            let bytes = notify.bytes(hostile);
            assert_eq!(bytes.matches('\u{1b}').count(), 2, "{bytes:?}");
            assert!(!bytes.contains(['\u{7}', '\u{9c}']) && bytes.contains("a,b"), "{bytes:?}");
        }
        assert_eq!(Notify::Bell.bytes(hostile), "\u{7}");
        assert_eq!(Notify::None.bytes(hostile), "");
    }
}
