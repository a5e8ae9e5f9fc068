//! `keys.toml`: a line an action, with the keys that ask for it from then on.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyModifiers};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Action, BINDINGS, Keymap, Press, press};

/// The head of the file, for whoever writes one.
pub const TEMPLATE: &str = "\
# dynakeep's keys: keys.toml beside config.toml, or where --keys FILE says.
# ACTION = KEY, or [KEY, KEY]: the action then has these keys alone. [] takes its keys away; `:ACTION` still does it.
# A key goes from the action that had it; two lines that want the same key are an error.
# Keys: a character (J is shift-j), Enter Space Tab Backspace Up Down Left Right Home End PgUp PgDn Insert Delete, F1 to F12;
# before them ctrl- alt- shift-. ^C always quits; Enter always opens and Esc always goes back. What is typed into a filter,
# a command or a note is text, whatever is bound.
";

/// Keys that stay what they are, so that there is a way in, a way back and a way out.
const FIXED: [(Press, Action); 3] = [
    ((KeyCode::Enter, KeyModifiers::NONE), Action::Open),
    ((KeyCode::Esc, KeyModifiers::NONE), Action::Back),
    ((KeyCode::Char('c'), KeyModifiers::CONTROL), Action::Quit),
];

impl Keymap {
    /// Reads a file of keys; `file` is what errors name.
    ///
    /// # Errors
    /// Everything that is wrong with it, a line each: `FILE:LINE: what, and what to do`.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let line = |at: usize| text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let table = DeTable::parse(text)
            .map_err(|bad| format!("{file}:{}: {}", line(bad.span().map_or(0, |span| span.start)), bad.message()))?;
        let mut wrong: Vec<(usize, String)> = Vec::new();
        let (mut keymap, mut taken) = (Self::default(), HashMap::new());
        let mut rows: Vec<_> = table.get_ref().iter().collect();
        rows.sort_by_key(|(action, _)| action.span().start);
        for (action, keys) in rows {
            let at = action.span().start;
            let Some(place) = BINDINGS.iter().position(|row| row.name == *action.get_ref()) else {
                wrong.push((at, format!("there is no action {:?}{}", action.get_ref(), near(action.get_ref()))));
                continue;
            };
            let (row, mut wanted) = (&BINDINGS[place], Vec::new());
            for (at, key) in written(keys) {
                let key = key.ok_or_else(|| "keys are strings: \"q\", or [\"q\", \"ctrl-q\"]".to_owned());
                match key.and_then(press::parse).and_then(|key| fixed(key, row.action)) {
                    Ok(key) => match taken.insert(key, (row.name, at)) {
                        Some((other, before)) => wrong.push((
                            at,
                            format!(
                                "{} is {other}'s already, in line {}: take it from one of them",
                                press::name(key),
                                line(before)
                            ),
                        )),
                        None => wanted.push(key),
                    },
                    Err(why) => wrong.push((at, why)),
                }
            }
            let always = FIXED.iter().find(|(_, of)| *of == row.action).map(|(key, _)| *key);
            if let Some(key) = always.filter(|key| !wanted.contains(key)) {
                wanted.push(key);
            }
            keymap.keys[place] = wanted;
        }
        // What the file gives to one action, another no longer has by default.
        for (row, keys) in BINDINGS.iter().zip(&mut keymap.keys) {
            keys.retain(|key| taken.get(key).is_none_or(|(name, _)| *name == row.name));
            if row.action == Action::Help && keys.is_empty() {
                let own = table.get_ref().iter().find(|(action, _)| *action.get_ref() == row.name);
                let taker = row.keys.first().and_then(|key| taken.get(key));
                let at = own.map(|(action, _)| action.span().start).or(taker.map(|(_, at)| *at)).unwrap_or_default();
                wrong.push((at, "help has no key left: give it one, as in help = \"F1\"".to_owned()));
            }
        }
        if wrong.is_empty() {
            return Ok(keymap);
        }
        wrong.sort();
        let lines: Vec<String> = wrong.into_iter().map(|(at, why)| format!("{file}:{}: {why}", line(at))).collect();
        Err(lines.join("\n"))
    }
}

/// The keys of a line, each with its place; `None` for what is no string.
fn written<'a>(value: &'a Spanned<DeValue<'_>>) -> Vec<(usize, Option<&'a str>)> {
    match value.get_ref().as_array() {
        Some(keys) => keys.iter().map(|key| (key.span().start, key.get_ref().as_str())).collect(),
        None => vec![(value.span().start, value.get_ref().as_str())],
    }
}

fn fixed(key: Press, action: Action) -> Result<Press, String> {
    match FIXED.iter().find(|(fixed, of)| *fixed == key && *of != action) {
        Some((_, of)) => {
            let always = BINDINGS.iter().find(|row| row.action == *of).map(|row| row.name).unwrap_or_default();
            Err(format!("{} is always {always}: take another", press::name(key)))
        }
        None => Ok(key),
    }
}

/// Names of actions that may have been meant.
fn near(name: &str) -> String {
    let words: Vec<&str> = name.split(['-', '_', ' ']).filter(|word| word.len() > 2).collect();
    let like: Vec<&str> = BINDINGS
        .iter()
        .map(|row| row.name)
        .filter(|known| words.iter().any(|word| known.contains(word)))
        .take(4)
        .collect();
    match like.as_slice() {
        [] => "; `dynakeep keys` lists them".to_owned(),
        like => format!("; there is {}", like.join(", ")),
    }
}

/// What somebody's keys left without one, for whoever looks at the list.
#[must_use]
pub fn problems(keymap: &Keymap) -> Vec<String> {
    let bare = keymap.rows().filter(|(_, keys)| keys.is_empty());
    bare.map(|(row, _)| format!("{} has no key; :{} does it", row.name, row.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::named;
    use super::*;

    fn keys(keymap: &Keymap, action: &str) -> Vec<String> {
        let action = named(action).unwrap().action;
        let (_, keys) = keymap.rows().find(|(row, _)| row.action == action).unwrap();
        keys.iter().map(|key| press::name(*key)).collect()
    }

    #[test]
    fn a_line_gives_an_action_its_keys_and_takes_them_from_others() {
        let text = "# mine\nraw = [\"x\", \"ctrl-j\"]\ndescribe = \"J\"\nlanes = []\nquit = \"Q\"\n";
        let keymap = Keymap::parse("keys.toml", text).unwrap();
        assert_eq!(keys(&keymap, "raw"), ["x", "^J"]);
        assert_eq!(keys(&keymap, "describe"), ["J"]);
        assert_eq!(keys(&keymap, "lanes"), Vec::<String>::new());
        assert_eq!(keys(&keymap, "quit"), ["Q", "^C"]);
        assert_eq!(keys(&keymap, "down"), ["j", "Down"]);
        let taken = Keymap::parse("keys.toml", "open = \"t\"").unwrap();
        assert_eq!((keys(&taken, "open"), keys(&taken, "events")), (vec!["t".into(), "Enter".into()], vec![]));
        assert_eq!(problems(&taken), ["events has no key; :events does it"]);
        assert_eq!(Keymap::parse("keys.toml", TEMPLATE), Ok(Keymap::default()));
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_a_way_out() {
        let text =
            "raw = \"x\"\nevents = [\"x\"]\ncopy = \"y\"\nquit = \"enter\"\nsort = 3\nmark = \"ctrl-i\"\nhelp = []\n";
        let error = Keymap::parse("keys.toml", text).unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        for (line, wanted) in lines.iter().zip([
            "keys.toml:2: x is raw's already, in line 1",
            "keys.toml:3: there is no action \"copy\"; there is copy-id, copy-arn",
            "keys.toml:4: Enter is always open",
            "keys.toml:5: keys are strings",
            "keys.toml:6: \"ctrl-i\": terminals send it as Tab",
            "keys.toml:7: help has no key left",
        ]) {
            assert!(line.starts_with(wanted), "{wanted} in\n{error}");
        }
        assert_eq!(lines.len(), 6, "{error}");
        let error = Keymap::parse("keys.toml", "a = \"b\"\nquit = [\"q\"").unwrap_err();
        assert!(error.starts_with("keys.toml:2: "), "{error}");
        let error = Keymap::parse("keys.toml", "\nfilter = \"?\"").unwrap_err();
        assert!(error.starts_with("keys.toml:2: help has no key left"), "{error}");
    }
}
