//! Who used a table, as far as anything tells: section by section, each with its reach, its age, and why it is empty.

mod files;
mod past;
mod price;
mod sections;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Scope, Severity};

use crate::trail::EventRef;

use super::Store;

/// How much a section rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All that there is to read was read.
    Whole,
    /// By its nature it tells a part: what is missing is said beside it.
    Limited,
    /// Something that should have been read was not.
    Incomplete,
    /// It was not asked for, since it costs money.
    Off,
    /// No account was asked for it.
    Unasked,
}

impl Extent {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Limited => "limited",
            Self::Incomplete => "incomplete",
            Self::Off => "off",
            Self::Unasked => "unasked",
        }
    }

    /// How the reason for an answer without a line begins: what was not read whole is not nothing.
    #[must_use]
    pub fn nothing(self) -> &'static str {
        match self {
            Self::Whole | Self::Limited => "none:",
            Self::Incomplete | Self::Unasked => "?",
            Self::Off => "off:",
        }
    }
}

/// One line of a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// When, newest.
    pub at: Option<Timestamp>,
    /// When, oldest.
    pub first: Option<Timestamp>,
    /// Who, or which trail, or which operation.
    pub who: String,
    /// What, in words.
    pub what: String,
    /// How often.
    pub count: Option<u64>,
    /// How bad.
    pub risk: Option<Severity>,
    /// The id of the newest event.
    pub event: Option<String>,
}

impl Line {
    pub(super) fn said(who: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: None, first: None, who: who.into(), what: what.into(), count: None, risk: None, event: None }
    }
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// For machines.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// How much it rests on.
    pub extent: Extent,
    /// What was read, from when to when, and what this cannot tell.
    pub reach: String,
    /// When the newest of what it rests on was read.
    pub read: Option<Timestamp>,
    /// The answer.
    pub lines: Vec<Line>,
    /// Why there is no line; `None` where there is one.
    pub empty: Option<String>,
}

/// All answers about one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Who {
    /// The table's ARN.
    pub arn: String,
    /// Its name.
    pub table: String,
    /// Its account and region.
    pub scope: Scope,
    /// Events before this do not count.
    pub since: Option<Timestamp>,
    /// The questions, in order.
    pub sections: Vec<Section>,
    /// Files that could not be read again to search their records.
    #[serde(skip)]
    pub unread: usize,
}

/// How far records are looked into.
pub enum Reach<'r> {
    /// Every record: text is searched, files are read again. This takes a while.
    Everywhere,
    /// Those that have to do with the table; what is handed over gives them, or takes note that they are wanted.
    AtHand(&'r mut dyn FnMut(EventRef<'_>) -> Option<String>),
}

impl Who {
    /// Whether something that should have been read was not.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.sections.iter().any(|section| section.extent == Extent::Incomplete)
    }
}

impl Store {
    /// Who used a table; `None` for one that is not known, nor named by events of files.
    ///
    /// [`Reach::Everywhere`] also looks for the table's name and ARN in the text of every record.
    #[must_use]
    pub fn who(&self, arn: &str, since: Option<Timestamp>, reach: Reach<'_>) -> Option<Who> {
        let filed;
        let table = match self.estate.tables.get(arn) {
            Some(table) => table,
            None => {
                filed = files::table(self, arn)?;
                &filed
            }
        };
        let past = past::Past::of(self, table, since, reach);
        let sections = vec![
            sections::recorded(self, table, &past),
            sections::calls(self, table, &past),
            sections::key(self, table, &past),
            sections::items(self, table, &past),
            sections::copies(self, table, &past),
            sections::changes(&past),
            sections::looks(&past),
            sections::could(self, table, &past),
            sections::switch_on(self, table, &past),
        ];
        let (arn, name, scope) = (table.arn.clone(), table.name.clone(), table.scope.clone());
        Some(Who { arn, table: name, scope, since, sections, unread: past.unread })
    }

    /// The ARNs of tables of this name that events of files speak of, by the account and region of the event.
    #[must_use]
    pub fn filed(&self, name: &str) -> Vec<String> {
        files::tables(self, name)
    }
}
