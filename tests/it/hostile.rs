//! Hostile text in every text field of the demo account: no control byte reaches the terminal but the program's own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use dynakeep::app::draw;
use dynakeep::wire::demo::{Demo, DemoOptions};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::harness::{Session, demo_options, settings};

/// The terminal's end of the wire.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is left of a frame when the sequences that ratatui's backend itself writes are taken out: `CSI … H` (cursor),
/// `CSI … m` (style), `CSI ? … h/l` (cursor shown or hidden), `CSI … J/K` (erase).
fn text_of(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("the terminal is sent UTF-8");
    let mut rest = text.as_str();
    let mut left = String::new();
    while let Some(at) = rest.find('\u{1b}') {
        left.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let body = tail
            .strip_prefix('[')
            .unwrap_or_else(|| panic!("an escape that no frame writes: {:?}", &tail[..tail.len().min(20)]));
        let end = body.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == '?' || c == ':')).unwrap_or(body.len());
        let kind = body[end..].chars().next();
        assert!(matches!(kind, Some('H' | 'm' | 'h' | 'l' | 'J' | 'K')), "CSI … {kind:?} is none that a frame writes");
        rest = &body[end + 1..];
    }
    left + rest
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[test]
fn no_control_byte_reaches_the_terminal_from_any_view() {
    let options = DemoOptions { hostile: true, tables: 0, findings: 5, events: 100, ..demo_options() };
    let mut session = Session::over(Demo::new(options, None).wire(), settings(), (120, 40), true, |_| {});
    session.settle();
    let bytes = Bytes::default();
    // A new terminal each time, so that each frame is sent whole.
    let terminal = || {
        let viewport = ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 120, 40));
        let options = ratatui::TerminalOptions { viewport };
        Terminal::with_options(CrosstermBackend::new(bytes.clone()), options).unwrap()
    };
    let mut frames = 0;
    let walks = [
        "1",
        "1 Enter",
        "2",
        "2 Enter",
        "2 Enter Enter",
        "2 Enter Enter J",
        "2 J",
        "2 r",
        "3",
        "3 Enter",
        "3 J",
        "4",
        "4 Enter",
        "4 J",
        "5",
        "5 Enter",
        "5 J",
        "5 t",
        "5 r",
        "6",
        "6 Enter",
        "6 J",
        "7",
        "7 Enter",
        "7 Enter J",
        "9",
        "9 Enter",
        "!",
        "?",
    ];
    for walk in walks {
        for down in 0..4 {
            session.press("Esc Esc Esc Esc");
            let (tab, rest) = walk.split_once(' ').unwrap_or((walk, ""));
            session.press(tab);
            (0..down).for_each(|_| {
                session.press("j");
            });
            session.press(rest);
            terminal().draw(|frame| draw(&mut session.app, frame)).unwrap();
            frames += 1;
            let sent = std::mem::take(&mut *bytes.0.lock().unwrap());
            let text = text_of(&sent);
            assert!(text.len() > 200, "a frame holds something");
            if let Some(bad) = text.chars().find(|c| is_hostile(*c)) {
                panic!("{:?} reached the terminal in {walk} +{down}:\n{}", bad, session.screen());
            }
            assert!(sent.len() < 400_000, "{walk}: a frame of {} bytes", sent.len());
        }
    }
    assert_eq!(frames, walks.len() * 4);
}
