//! Keys as people write them, and as terminals send them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
pub type Press = (KeyCode, KeyModifiers);

/// Keys that are words: the first spelling is the one we write.
const WORDS: &[(KeyCode, &[&str])] = &[
    (KeyCode::Char(' '), &["Space"]),
    (KeyCode::Enter, &["Enter", "Return"]),
    (KeyCode::Esc, &["Esc", "Escape"]),
    (KeyCode::Backspace, &["Backspace"]),
    (KeyCode::Tab, &["Tab"]),
    (KeyCode::Up, &["Up"]),
    (KeyCode::Down, &["Down"]),
    (KeyCode::Left, &["Left"]),
    (KeyCode::Right, &["Right"]),
    (KeyCode::Home, &["Home"]),
    (KeyCode::End, &["End"]),
    (KeyCode::PageUp, &["PgUp", "PageUp"]),
    (KeyCode::PageDown, &["PgDn", "PageDown"]),
    (KeyCode::Insert, &["Insert", "Ins"]),
    (KeyCode::Delete, &["Delete", "Del"]),
];

/// How modifiers may be written before a key, in any case.
const MODIFIERS: &[(KeyModifiers, &[&str])] = &[
    (KeyModifiers::CONTROL, &["ctrl-", "c-", "^"]),
    (KeyModifiers::ALT, &["alt-", "m-"]),
    (KeyModifiers::SHIFT, &["shift-", "s-"]),
];

/// The key that was pressed. Shift is already in a character; terminals differ in whether they report it beside it.
#[must_use]
pub fn of(key: &KeyEvent) -> Press {
    let modifiers = match key.code {
        KeyCode::Char(_) | KeyCode::BackTab => key.modifiers - KeyModifiers::SHIFT,
        _ => key.modifiers,
    };
    (key.code, modifiers)
}

/// A key as people write it: `Enter`, `^R`, `J`, `S-Tab`, `M-x`.
#[must_use]
pub fn name((code, modifiers): Press) -> String {
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let key = match code {
        KeyCode::Char(c) if c != ' ' && control => c.to_ascii_uppercase().to_string(),
        KeyCode::Char(c) if c != ' ' => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::BackTab => "S-Tab".to_owned(),
        other => match WORDS.iter().find(|(word, _)| *word == other) {
            Some((_, words)) => words.first().copied().unwrap_or_default().to_owned(),
            None => format!("{other:?}"),
        },
    };
    let mut shown = String::new();
    for (modifier, sign) in [(KeyModifiers::ALT, "M-"), (KeyModifiers::SHIFT, "S-"), (KeyModifiers::CONTROL, "^")] {
        if modifiers.contains(modifier) {
            shown.push_str(sign);
        }
    }
    shown + &key
}

/// Reads a key that somebody wrote: `q`, `ctrl-r`, `^R`, `shift-tab`, `F5`, `alt-x`.
///
/// # Errors
/// Why there is no such key, or why no terminal sends it.
pub fn parse(text: &str) -> Result<Press, String> {
    let (mut rest, mut modifiers) = (text, KeyModifiers::NONE);
    'more: while rest.chars().count() > 1 {
        for (modifier, signs) in MODIFIERS {
            for sign in *signs {
                let cut = rest.split_at_checked(sign.len());
                if let Some((_, after)) =
                    cut.filter(|(before, after)| before.eq_ignore_ascii_case(sign) && !after.is_empty())
                {
                    modifiers |= *modifier;
                    rest = after;
                    continue 'more;
                }
            }
        }
        break;
    }
    let mut chars = rest.chars();
    let code = match (chars.next(), chars.next()) {
        (Some(c), None) if !c.is_control() => KeyCode::Char(c),
        _ => word(rest).ok_or_else(|| {
            format!("there is no key {text:?}: write a character, Enter, Space, Tab, Up, PgDn, F5, ctrl-r, alt-x or shift-Tab")
        })?,
    };
    sent(code, modifiers).map_err(|why| format!("{text:?}: {why}"))
}

fn word(text: &str) -> Option<KeyCode> {
    let is = |word: &&str| word.eq_ignore_ascii_case(text);
    if let Some((code, _)) = WORDS.iter().find(|(_, words)| words.iter().any(is)) {
        return Some(*code);
    }
    let number: u8 = text.strip_prefix(['F', 'f'])?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

/// The key as a terminal sends it: shift goes into the character, and some chords arrive as another key, or never.
fn sent(code: KeyCode, mut modifiers: KeyModifiers) -> Result<Press, &'static str> {
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    let code = match code {
        KeyCode::Tab if shift => {
            modifiers -= KeyModifiers::SHIFT;
            KeyCode::BackTab
        }
        KeyCode::Char(c) if shift => {
            modifiers -= KeyModifiers::SHIFT;
            match c {
                'a'..='z' | 'A'..='Z' => KeyCode::Char(c.to_ascii_uppercase()),
                _ => return Err("write the character that shift makes of it"),
            }
        }
        other => other,
    };
    if !modifiers.contains(KeyModifiers::CONTROL) {
        return Ok((code, modifiers));
    }
    match code {
        KeyCode::Char(_) if shift => Err("terminals do not tell it from the same without shift"),
        KeyCode::Char('i' | 'I') => Err("terminals send it as Tab"),
        KeyCode::Char('m' | 'M') => Err("terminals send it as Enter"),
        KeyCode::Char('[') => Err("terminals send it as Esc"),
        KeyCode::Char(c) if c.is_ascii_alphabetic() || c == ' ' => {
            Ok((KeyCode::Char(c.to_ascii_lowercase()), modifiers))
        }
        KeyCode::Char(_) => Err("with ctrl, terminals send letters and Space"),
        KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::Backspace => {
            Err("terminals do not tell it from the same without ctrl")
        }
        other => Ok((other, modifiers)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::BINDINGS;
    use super::*;

    #[test]
    fn what_we_write_we_read() {
        for key in BINDINGS.iter().flat_map(|row| row.keys) {
            assert_eq!(parse(&name(*key)), Ok(*key), "{}", name(*key));
        }
        for key in ["M-x", "S-Up", "M-^X", "^Space", "M-Enter", "S-F3", "^PgDn", "^", "-", "é"] {
            assert_eq!(name(parse(key).unwrap()), key);
        }
    }

    #[test]
    fn many_habits_of_writing_a_key_are_understood() {
        for (texts, wanted) in [
            (&["ctrl-r", "C-r", "^r", "Ctrl-R"][..], "^R"),
            (&["shift-j", "J", "S-j"], "J"),
            (&["shift-tab", "S-TAB"], "S-Tab"),
            (&["return", "ENTER"], "Enter"),
            (&["alt-shift-x", "M-X"], "M-X"),
            (&["alt--"], "M--"),
            (&["pagedown"], "PgDn"),
            (&["f5"], "F5"),
        ] {
            for text in texts {
                assert_eq!(parse(text).map(name).as_deref(), Ok(wanted), "{text}");
            }
        }
    }

    #[test]
    fn what_no_terminal_sends_is_refused_with_the_reason() {
        for (text, why) in [
            ("ctrl-i", "as Tab"),
            ("ctrl-m", "as Enter"),
            ("ctrl-[", "as Esc"),
            ("ctrl-1", "letters"),
            ("ctrl-shift-x", "without shift"),
            ("shift-1", "that shift makes"),
            ("ctrl-enter", "without ctrl"),
            ("F13", "no key"),
            ("", "no key"),
            ("hyper-x", "no key"),
            ("qq", "no key"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
