//! What a terminal answers, told apart from what a person types.
//!
//! A question's answer comes by the way of keys: `ESC ] 11 ; rgb:… ESC \` is read as Alt+], as many keys as it has
//! characters, and Alt+\. It may come late, over a slow line long after anybody waited for it, and must never act.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// The question for the colour of the terminal's ground. Source: XTerm Control Sequences, OSC 11.
pub const GROUND: &str = "\x1b]11;?\x1b\\";

/// No answer to anything that is asked is longer.
const LONGEST: usize = 512;

/// How long a person's Alt+] may look like the beginning of an answer.
const BEGINNING: Duration = Duration::from_millis(50);

/// How long the rest of an answer may take once its beginning has come.
const REST: Duration = Duration::from_secs(2);

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// What is heard of a terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// What a person does, in order; nothing while an answer is still coming in.
    Events(Vec<Event>),
    /// The colour of the terminal's ground.
    Ground(Rgb),
}

/// Sorts what comes in.
#[derive(Debug, Default)]
pub struct Answers {
    /// What may be the beginning of one.
    held: Option<Event>,
    /// What has come of one.
    inside: Option<String>,
}

impl Answers {
    /// Takes in one event.
    pub fn take(&mut self, event: Event) -> Heard {
        let Event::Key(key) = &event else {
            // A click or a change of size says nothing about the answer that it came in the middle of.
            return Heard::Events(self.held.take().into_iter().chain([event]).collect());
        };
        if let Some(text) = &mut self.inside {
            match ends(key) {
                true => {
                    let ground = ground(text);
                    self.inside = None;
                    return ground.map_or(Heard::Events(Vec::new()), Heard::Ground);
                }
                false => text.extend(letter(key)),
            }
            if text.len() > LONGEST {
                self.inside = None;
            }
            return Heard::Events(Vec::new());
        }
        let digit = letter(key).is_some_and(|c| c.is_ascii_digit());
        match self.held.take() {
            Some(_) if digit => self.inside = letter(key).map(String::from),
            Some(held) => return Heard::Events(vec![held, event]),
            None if begins(key) => self.held = Some(event),
            None => return Heard::Events(vec![event]),
        }
        Heard::Events(Vec::new())
    }

    /// How long to wait for more before [`Answers::give_up`]; `None` where nothing is waited for.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match (&self.held, &self.inside) {
            (_, Some(_)) => Some(REST),
            (Some(_), None) => Some(BEGINNING),
            (None, None) => None,
        }
    }

    /// Nothing more came: what looked like a beginning was a key.
    pub fn give_up(&mut self) -> Option<Event> {
        self.inside = None;
        self.held.take()
    }
}

fn letter(key: &KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if (key.modifiers - KeyModifiers::SHIFT).is_empty() => Some(c),
        _ => None,
    }
}

fn begins(key: &KeyEvent) -> bool {
    key.code == KeyCode::Char(']') && key.modifiers == KeyModifiers::ALT
}

/// By `ESC \`, whole or in two reads, or by a bell, which is ^G.
fn ends(key: &KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('\\') => true,
        KeyCode::Char('g') => key.modifiers == KeyModifiers::CONTROL,
        _ => false,
    }
}

/// `11;rgb:ffff/ffff/ffff`, `11;rgba:…`, with one to four digits a part.
fn ground(text: &str) -> Option<Rgb> {
    let (_, parts) = text.strip_prefix("11;rgb")?.split_once(':')?;
    let mut parts = parts.split('/').map(|part| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1).filter(|most| *most > 0)?;
        let value = u32::from_str_radix(part, 16).ok()?;
        u8::try_from(value * 255 / most).ok()
    });
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    /// What crossterm makes of bytes.
    fn read(bytes: &str) -> Vec<Event> {
        let mut events = Vec::new();
        let mut escaped = false;
        for c in bytes.chars() {
            match c {
                '\x1b' => escaped = true,
                '\x07' => events.push(key('g', KeyModifiers::CONTROL)),
                c => {
                    let modifiers = if escaped { KeyModifiers::ALT } else { KeyModifiers::NONE };
                    events.push(key(c, modifiers));
                    escaped = false;
                }
            }
        }
        events
    }

    fn heard(bytes: &str) -> (Vec<Event>, Option<Rgb>) {
        let mut answers = Answers::default();
        let (mut keys, mut ground) = (Vec::new(), None);
        for event in read(bytes) {
            match answers.take(event) {
                Heard::Events(events) => keys.extend(events),
                Heard::Ground(rgb) => ground = Some(rgb),
            }
        }
        (keys, ground)
    }

    #[test]
    fn an_answer_is_no_key_and_keys_around_it_stay() {
        let (keys, ground) = heard("j\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\q");
        assert_eq!((keys, ground), (read("jq"), Some([0x1e, 0x1e, 0x2e])));
        assert_eq!(heard("\x1b]11;rgb:f/ff/000\x07"), (Vec::new(), Some([255, 255, 0])));
        assert_eq!(heard("\x1b]11;rgba:ffff/0000/8080/ffff\x1b\\").1, Some([255, 0, 0x80]));
        // One that says nothing of use, or belongs to a question of nobody's, is no key either.
        for odd in ["\x1b]11;what\x1b\\", "\x1b]10;rgb:0/0/0\x07", "\x1b]52;c;cXEh\x07", "\x1b]11;rgb:zz/0/0\x07"] {
            assert_eq!(heard(odd), (Vec::new(), None), "{odd:?}");
        }
    }

    #[test]
    fn a_key_that_looks_like_a_beginning_is_only_late() {
        assert_eq!(heard("\x1b]j").0, read("\x1b]j"));
        let mut answers = Answers::default();
        assert_eq!(answers.patience(), None);
        assert_eq!(answers.take(key(']', KeyModifiers::ALT)), Heard::Events(Vec::new()));
        assert_eq!(answers.patience(), Some(BEGINNING));
        assert_eq!(answers.give_up(), Some(key(']', KeyModifiers::ALT)));
        assert_eq!(heard("]11").0, read("]11"), "] alone goes forward in history");
    }

    #[test]
    fn an_answer_without_an_end_does_not_take_keys_for_ever() {
        let long = format!("\x1b]11;{}", "x".repeat(LONGEST - 2));
        let (keys, _) = heard(&format!("{long}jj"));
        assert_eq!(keys, read("jj"));
        let mut answers = Answers::default();
        for event in read("\x1b]11;rgb:") {
            answers.take(event);
        }
        assert_eq!((answers.patience(), answers.give_up()), (Some(REST), None));
        assert_eq!(answers.take(key('j', KeyModifiers::NONE)), Heard::Events(read("j")));
    }
}
