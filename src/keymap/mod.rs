//! Actions and the keys bound to them: footer, help and the keys that texts name are made from this table.

mod file;
mod press;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use file::{TEMPLATE, problems};
pub use press::{Press, name, parse};

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
    /// Copy and show its address in the AWS console.
    Console,
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

/// One row of the table of keys.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is asked for.
    pub action: Action,
    /// Its name, for `keys.toml` and `:`.
    pub name: &'static str,
    /// The keys that ask for it unless somebody says otherwise.
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
    name: &'static str,
    keys: &'static [Press],
    what: &'static str,
    group: &'static str,
    footer: Option<u8>,
) -> Binding {
    Binding { action, name, keys, what, group, footer }
}

/// The group of keys that move the cursor.
pub const MOVE: &str = "Move";
const LOOK: &str = "Look";
const LIST: &str = "Lists";
const DO: &str = "Program";

/// Every binding.
pub const BINDINGS: &[Binding] = &[
    row(Action::Open, "open", &[code(KeyCode::Enter)], "open", MOVE, Some(0)),
    row(Action::Back, "back", &[code(KeyCode::Esc), code(KeyCode::Backspace)], "back", MOVE, Some(1)),
    row(Action::Down, "down", &[ch('j'), code(KeyCode::Down)], "down", MOVE, None),
    row(Action::Up, "up", &[ch('k'), code(KeyCode::Up)], "up", MOVE, None),
    row(Action::Top, "top", &[ch('g'), code(KeyCode::Home)], "first", MOVE, None),
    row(Action::Bottom, "bottom", &[ch('G'), code(KeyCode::End)], "last", MOVE, None),
    row(Action::HalfDown, "half-page-down", &[ctrl('d')], "half a page down", MOVE, None),
    row(Action::HalfUp, "half-page-up", &[ctrl('u')], "half a page up", MOVE, None),
    row(Action::PageDown, "page-down", &[code(KeyCode::PageDown)], "page down", MOVE, None),
    row(Action::PageUp, "page-up", &[code(KeyCode::PageUp)], "page up", MOVE, None),
    row(Action::Left, "left", &[ch('h'), code(KeyCode::Left)], "scroll left, fold; the cell before", MOVE, None),
    row(Action::Right, "right", &[ch('l'), code(KeyCode::Right)], "scroll right, unfold; the next cell", MOVE, None),
    row(Action::HistoryBack, "history-back", &[ch('[')], "back in history", MOVE, None),
    row(Action::HistoryForward, "history-forward", &[ch(']')], "forward in history", MOVE, None),
    row(Action::NextTab, "next-tab", &[code(KeyCode::Tab)], "next tab", MOVE, None),
    row(Action::PreviousTab, "previous-tab", &[code(KeyCode::BackTab)], "tab before", MOVE, None),
    row(Action::Tab('1'), "overview", &[ch('1')], "Overview", MOVE, None),
    row(Action::Tab('2'), "findings", &[ch('2')], "Findings", MOVE, None),
    row(Action::Tab('3'), "compliance", &[ch('3')], "Compliance", MOVE, None),
    row(Action::Tab('4'), "drift", &[ch('4')], "Drift", MOVE, None),
    row(Action::Tab('5'), "tables", &[ch('5')], "Tables", MOVE, None),
    row(Action::Tab('6'), "endpoints", &[ch('6')], "Endpoints", MOVE, None),
    row(Action::Tab('7'), "trail", &[ch('7')], "Trail", MOVE, None),
    row(Action::Tab('8'), "controls", &[ch('8')], "Controls", MOVE, None),
    row(Action::Tab('9'), "sources", &[ch('9')], "Sources", MOVE, None),
    row(Action::Describe, "describe", &[ch('d')], "describe", LOOK, Some(8)),
    row(Action::Raw, "raw", &[ch('J')], "raw JSON", LOOK, Some(2)),
    row(Action::Events, "events", &[ch('t')], "events", LOOK, Some(3)),
    row(Action::Who, "who", &[ch('w')], "who used the table, same who", LOOK, Some(10)),
    row(Action::SameAddress, "same-address", &[ch('i')], "events from the same address", LOOK, None),
    row(Action::SameSession, "same-session", &[ch('a')], "events of the same session", LOOK, None),
    row(Action::SameTable, "same-table", &[ch('T')], "events of the same table", LOOK, None),
    row(Action::Related, "related", &[ch('r')], "related", LOOK, Some(7)),
    row(Action::CopyId, "copy-id", &[ch('c')], "copy id, value", LOOK, Some(9)),
    row(Action::CopyArn, "copy-arn", &[ch('C')], "copy ARN, path", LOOK, None),
    row(Action::Console, "console", &[ch('o')], "address in the AWS console", LOOK, None),
    row(Action::Lanes, "lanes", &[ch('L')], "lanes: who crosses into whose tables", LOOK, None),
    row(Action::CycleTime, "times", &[ch('Z')], "age, UTC or local time", LOOK, None),
    row(Action::Errors, "errors", &[ch('!')], "errors", LOOK, None),
    row(Action::Filter, "filter", &[ch('/')], "filter", LIST, Some(4)),
    row(Action::Note, "note", &[ch('n')], "note to this; the next hit in a record", LIST, None),
    row(Action::PreviousHit, "previous-hit", &[ch('N')], "hit before", LIST, None),
    row(Action::OnlyFaults, "only-faults", &[ch('f')], "only faults; the next framework", LIST, None),
    row(Action::NextFault, "next-fault", &[ch('e')], "next fault", LIST, None),
    row(Action::PreviousFault, "previous-fault", &[ch('E')], "fault before", LIST, None),
    row(Action::Sort, "sort", &[ch('s')], "sort by column", LIST, None),
    row(Action::Reverse, "reverse", &[ch('S')], "reverse the order", LIST, None),
    row(Action::Mark, "mark", &[ch(' ')], "mark; fold in a record", LIST, None),
    row(Action::More, "more", &[ch('+'), ch('=')], "zoom in; unfold all", LIST, Some(4)),
    row(Action::Less, "less", &[ch('-')], "zoom out; fold all", LIST, None),
    row(Action::Earlier, "earlier", &[ch('{')], "earlier, when zoomed", LIST, None),
    row(Action::Later, "later", &[ch('}')], "later, when zoomed", LIST, None),
    row(Action::Whole, "whole", &[ch('0')], "all the time there is", LIST, None),
    row(Action::Facets, "facets", &[ch('F')], "most frequent values", LIST, Some(3)),
    row(Action::Command, "command", &[ch(':'), ctrl('a')], "command", DO, Some(6)),
    row(Action::Help, "help", &[ch('?')], "help", DO, Some(5)),
    row(Action::Refresh, "refresh", &[ctrl('r'), code(KeyCode::F(5))], "refresh", DO, None),
    row(Action::Freeze, "freeze", &[ctrl('f')], "freeze the data", DO, None),
    row(Action::Suspend, "suspend", &[ctrl('z')], "suspend", DO, None),
    row(Action::Quit, "quit", &[ch('q'), ctrl('c')], "quit", DO, None),
];

/// Which keys ask for what: the table's own, or as somebody's `keys.toml` has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The keys of each row of [`BINDINGS`].
    keys: Vec<Vec<Press>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|row| row.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// Each action with its keys; there may be none.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Press])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// The action bound to a key.
    #[must_use]
    pub fn action(&self, key: &KeyEvent) -> Option<Action> {
        let press = press::of(key);
        self.rows().find(|(_, keys)| keys.contains(&press)).map(|(row, _)| row.action)
    }

    /// The first key of an action, as the footer writes it; of one without a key, what `:` takes instead.
    #[must_use]
    pub fn key(&self, action: Action) -> String {
        let row = self.rows().find(|(row, _)| row.action == action);
        row.map(|(row, keys)| keys.first().map_or_else(|| format!(":{}", row.name), |press| name(*press)))
            .unwrap_or_default()
    }

    /// Words with `{copy-id}` and the like replaced by the keys of these actions.
    #[must_use]
    pub fn fill(&self, words: &str) -> String {
        let mut filled = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            filled.push_str(before);
            match named(name) {
                Some(row) => filled.push_str(&self.key(row.action)),
                None => filled.extend(["{", name, "}"]),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

/// The row of the action with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_is_bound_twice_and_no_name_given_twice() {
        let (mut keys, mut names) = (HashSet::new(), HashSet::new());
        for row in BINDINGS {
            assert!(!row.keys.is_empty());
            assert!(names.insert(row.name), "{} stands twice", row.name);
            for key in row.keys {
                assert!(keys.insert(*key), "{} is bound twice", name(*key));
            }
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let keys = Keymap::default();
        let shifted = KeyEvent::new(KeyCode::Char('J'), KeyModifiers::SHIFT);
        assert_eq!(keys.action(&shifted), Some(Action::Raw));
        assert_eq!(keys.action(&KeyEvent::new(KeyCode::Char('r'), CTRL)), Some(Action::Refresh));
        assert_eq!(keys.key(Action::Refresh), "^R");
    }

    #[test]
    fn words_name_the_keys_that_hold() {
        let keys = Keymap::parse("keys.toml", "copy-id = \"y\"\nlanes = []").unwrap();
        assert_eq!(keys.fill("{copy-id} copies, {lanes} lanes, {{x} {"), "y copies, :lanes lanes, {{x} {");
    }
}
