//! Actions and the keys bound to them: footer and help are made from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Scroll left; in a record, fold.
    Left,
    /// Scroll right; in a record, unfold.
    Right,
    /// Open what the cursor is on.
    Open,
    /// Back to where one came from.
    Back,
    /// Back in the history of places.
    HistoryBack,
    /// Forward in it.
    HistoryForward,
    /// The tab with this digit.
    Tab(char),
    /// The next tab.
    NextTab,
    /// The tab before.
    PreviousTab,
    /// Type a filter, or search in raw JSON.
    Filter,
    /// Type a command.
    Command,
    /// Note something of what the cursor is on; in a record that is searched, the next hit.
    Note,
    /// The hit before.
    PreviousHit,
    /// Describe what the cursor is on.
    Describe,
    /// Its raw JSON.
    Raw,
    /// Events of it.
    Events,
    /// Who used the table it is about; of an event, what else its principal did.
    Who,
    /// Domains, and who reaches their tables.
    Lanes,
    /// Events from the same address.
    SameAddress,
    /// Events of the same session.
    SameSession,
    /// Events of the same table.
    SameTable,
    /// Things related to it.
    Related,
    /// Copy its id; in a record, the value.
    CopyId,
    /// Copy its ARN; in a record, the path.
    CopyArn,
    /// Sweep again now.
    Refresh,
    /// Show times as ages, in UTC, in local time.
    CycleTime,
    /// Only rows with a fault.
    OnlyFaults,
    /// The next row with a fault.
    NextFault,
    /// The row with a fault before.
    PreviousFault,
    /// Mark or unmark the row; in a record, fold or unfold.
    Mark,
    /// See more of it: unfold all, zoom in.
    More,
    /// See less of it: fold all, zoom out.
    Less,
    /// Half the time shown earlier.
    Earlier,
    /// Half the time shown later.
    Later,
    /// All the time there is.
    Whole,
    /// To the most frequent values, and from them back to the rows.
    Facets,
    /// Hold the data still.
    Freeze,
    /// Sort by a column.
    Sort,
    /// Turn the order round.
    Reverse,
    /// The error log.
    Errors,
    /// The keys.
    Help,
    /// Stop the process until `fg`.
    Suspend,
    /// Leave.
    Quit,
}

/// A key with its modifiers.
pub type Press = (KeyCode, KeyModifiers);

/// One row of the table of keys.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is asked for.
    pub action: Action,
    /// The keys that ask for it.
    pub keys: &'static [Press],
    /// In two or three words, for footer and help.
    pub what: &'static str,
    /// The heading in the help.
    pub group: &'static str,
    /// Place in the footer, the smaller the longer it stays on narrow screens.
    pub footer: Option<u8>,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

const fn ch(c: char) -> Press {
    (KeyCode::Char(c), NONE)
}

const fn ctrl(c: char) -> Press {
    (KeyCode::Char(c), CTRL)
}

const fn code(code: KeyCode) -> Press {
    (code, NONE)
}

const fn row(
    action: Action,
    keys: &'static [Press],
    what: &'static str,
    group: &'static str,
    footer: Option<u8>,
) -> Binding {
    Binding { action, keys, what, group, footer }
}

const MOVE: &str = "Move";
const LOOK: &str = "Look";
const LIST: &str = "Lists";
const DO: &str = "Program";

/// Every binding.
pub const BINDINGS: &[Binding] = &[
    row(Action::Open, &[code(KeyCode::Enter)], "open", MOVE, Some(0)),
    row(Action::Back, &[code(KeyCode::Esc), code(KeyCode::Backspace)], "back", MOVE, Some(1)),
    row(Action::Down, &[ch('j'), code(KeyCode::Down)], "down", MOVE, None),
    row(Action::Up, &[ch('k'), code(KeyCode::Up)], "up", MOVE, None),
    row(Action::Top, &[ch('g'), code(KeyCode::Home)], "first", MOVE, None),
    row(Action::Bottom, &[ch('G'), code(KeyCode::End)], "last", MOVE, None),
    row(Action::HalfDown, &[ctrl('d')], "half a page down", MOVE, None),
    row(Action::HalfUp, &[ctrl('u')], "half a page up", MOVE, None),
    row(Action::PageDown, &[code(KeyCode::PageDown)], "page down", MOVE, None),
    row(Action::PageUp, &[code(KeyCode::PageUp)], "page up", MOVE, None),
    row(Action::Left, &[ch('h'), code(KeyCode::Left)], "scroll left, fold; the cell before", MOVE, None),
    row(Action::Right, &[ch('l'), code(KeyCode::Right)], "scroll right, unfold; the next cell", MOVE, None),
    row(Action::HistoryBack, &[ch('[')], "back in history", MOVE, None),
    row(Action::HistoryForward, &[ch(']')], "forward in history", MOVE, None),
    row(Action::NextTab, &[code(KeyCode::Tab)], "next tab", MOVE, None),
    row(Action::PreviousTab, &[code(KeyCode::BackTab)], "tab before", MOVE, None),
    row(Action::Tab('1'), &[ch('1')], "Overview", MOVE, None),
    row(Action::Tab('2'), &[ch('2')], "Findings", MOVE, None),
    row(Action::Tab('3'), &[ch('3')], "Compliance", MOVE, None),
    row(Action::Tab('4'), &[ch('4')], "Drift", MOVE, None),
    row(Action::Tab('5'), &[ch('5')], "Tables", MOVE, None),
    row(Action::Tab('6'), &[ch('6')], "Endpoints", MOVE, None),
    row(Action::Tab('7'), &[ch('7')], "Trail", MOVE, None),
    row(Action::Tab('8'), &[ch('8')], "Controls", MOVE, None),
    row(Action::Tab('9'), &[ch('9')], "Sources", MOVE, None),
    row(Action::Describe, &[ch('d')], "describe", LOOK, Some(8)),
    row(Action::Raw, &[ch('J')], "raw JSON", LOOK, Some(2)),
    row(Action::Events, &[ch('t')], "events", LOOK, Some(3)),
    row(Action::Who, &[ch('w')], "who used the table, same who", LOOK, Some(10)),
    row(Action::SameAddress, &[ch('i')], "events from the same address", LOOK, None),
    row(Action::SameSession, &[ch('a')], "events of the same session", LOOK, None),
    row(Action::SameTable, &[ch('T')], "events of the same table", LOOK, None),
    row(Action::Related, &[ch('r')], "related", LOOK, Some(7)),
    row(Action::CopyId, &[ch('c')], "copy id, value", LOOK, Some(9)),
    row(Action::CopyArn, &[ch('C')], "copy ARN, path", LOOK, None),
    row(Action::Lanes, &[ch('L')], "lanes: who crosses into whose tables", LOOK, None),
    row(Action::CycleTime, &[ch('Z')], "age, UTC or local time", LOOK, None),
    row(Action::Errors, &[ch('!')], "errors", LOOK, None),
    row(Action::Filter, &[ch('/')], "filter", LIST, Some(4)),
    row(Action::Note, &[ch('n')], "note to this; the next hit in a record", LIST, None),
    row(Action::PreviousHit, &[ch('N')], "hit before", LIST, None),
    row(Action::OnlyFaults, &[ch('f')], "only faults; the next framework", LIST, None),
    row(Action::NextFault, &[ch('e')], "next fault", LIST, None),
    row(Action::PreviousFault, &[ch('E')], "fault before", LIST, None),
    row(Action::Sort, &[ch('s')], "sort by column", LIST, None),
    row(Action::Reverse, &[ch('S')], "reverse the order", LIST, None),
    row(Action::Mark, &[ch(' ')], "mark; fold in a record", LIST, None),
    row(Action::More, &[ch('+'), ch('=')], "zoom in; unfold all", LIST, Some(4)),
    row(Action::Less, &[ch('-')], "zoom out; fold all", LIST, None),
    row(Action::Earlier, &[ch('{')], "earlier, when zoomed", LIST, None),
    row(Action::Later, &[ch('}')], "later, when zoomed", LIST, None),
    row(Action::Whole, &[ch('0')], "all the time there is", LIST, None),
    row(Action::Facets, &[ch('F')], "most frequent values", LIST, Some(3)),
    row(Action::Command, &[ch(':')], "command", DO, Some(6)),
    row(Action::Help, &[ch('?')], "help", DO, Some(5)),
    row(Action::Refresh, &[ctrl('r'), code(KeyCode::F(5))], "refresh", DO, None),
    row(Action::Freeze, &[ctrl('f')], "freeze the data", DO, None),
    row(Action::Suspend, &[ctrl('z')], "suspend", DO, None),
    row(Action::Quit, &[ch('q'), ctrl('c')], "quit", DO, None),
];

/// The action bound to a key.
#[must_use]
pub fn action(key: &KeyEvent) -> Option<Action> {
    // Shift is already in the character; terminals differ in whether they report it beside it.
    let modifiers = match key.code {
        KeyCode::Char(_) | KeyCode::BackTab => key.modifiers - KeyModifiers::SHIFT,
        _ => key.modifiers,
    };
    BINDINGS.iter().find(|row| row.keys.contains(&(key.code, modifiers))).map(|row| row.action)
}

/// The first key of an action, as the footer writes it.
#[must_use]
pub fn key_of(action: Action) -> String {
    BINDINGS
        .iter()
        .find(|row| row.action == action)
        .and_then(|row| row.keys.first())
        .map(|press| name(*press))
        .unwrap_or_default()
}

/// A key as people write it: `Enter`, `^R`, `J`.
#[must_use]
pub fn name((code, modifiers): Press) -> String {
    let key = match code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if modifiers.contains(CTRL) => c.to_ascii_uppercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::BackTab => "S-Tab".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        other => format!("{other:?}"),
    };
    if modifiers.contains(CTRL) { format!("^{key}") } else { key }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let mut seen = HashSet::new();
        for row in BINDINGS {
            assert!(!row.keys.is_empty());
            for key in row.keys {
                assert!(seen.insert(*key), "{} is bound twice", name(*key));
            }
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let shifted = KeyEvent::new(KeyCode::Char('J'), KeyModifiers::SHIFT);
        assert_eq!(action(&shifted), Some(Action::Raw));
        assert_eq!(action(&KeyEvent::new(KeyCode::Char('r'), CTRL)), Some(Action::Refresh));
        assert_eq!(key_of(Action::Refresh), "^R");
    }
}
