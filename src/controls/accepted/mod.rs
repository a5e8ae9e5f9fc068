//! The accepted state of tables: what somebody looked at and took for right, and how far it is from what is now.

mod judged;
mod settings;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{CallRef, Estate, SourceError, Table, Verdict};

use super::{Baseline, Judge, by_id};

pub(super) use judged::DET_13;
pub use settings::{SETTINGS, TAG, controls as controls_on, is_setting, names, read};

/// The value of a setting, as a file can say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off; of a setting that is no switch, `false` says that there is none.
    Truth(bool),
    /// A count.
    Number(i64),
    /// A word, a name, a document.
    Text(String),
    /// Several names, in order.
    List(Vec<String>),
}

impl Value {
    /// There is none.
    pub const NONE: Self = Self::Truth(false);

    /// In words, at most so many characters of a text.
    #[must_use]
    pub fn words(&self, setting: &str, most: usize) -> Cow<'_, str> {
        match self {
            Self::Truth(false) if setting != settings::PROTECTED => Cow::Borrowed("none"),
            Self::Truth(true) => Cow::Borrowed("true"),
            Self::Truth(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => match text.char_indices().nth(most) {
                None => Cow::Borrowed(text),
                Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
            },
            Self::List(all) if all.is_empty() => Cow::Borrowed("none"),
            Self::List(all) => Cow::Owned(all.join(", ")),
        }
    }
}

/// What was accepted of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedTable {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Its settings by name, as far as they could be read then.
    pub settings: BTreeMap<String, Value>,
}

/// What was accepted of all tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// By the table's ARN.
    pub tables: BTreeMap<String, AcceptedTable>,
    /// What is wrong with the file: then it says nothing about any table.
    pub broken: Option<String>,
}

/// A value that was read, and the call that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The value.
    pub value: Value,
    /// The call.
    pub call: CallRef,
    /// When it was answered.
    pub at: Timestamp,
}

/// What a read of a setting came to: `Ok(None)` where the answer leaves it out, the error where there is none (`None`
/// while it is being read).
pub type Read = Result<Option<Reading>, Option<SourceError>>;

/// What a difference does to the verdicts that rest on the setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This control says worse than it would of the accepted value.
    Lowers(&'static str),
    /// None of them says worse.
    Neutral,
    /// It cannot be said: this control could not be judged, for want of this action.
    Unsaid(&'static str, Option<String>),
}

/// A setting that is not as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The setting.
    pub setting: String,
    /// What was accepted.
    pub accepted: Value,
    /// What is.
    pub now: Value,
    /// What that does.
    pub effect: Effect,
}

impl Difference {
    /// In words: `PointInTimeRecoveryStatus ENABLED → DISABLED (lowers RES-01)`.
    #[must_use]
    pub fn words(&self) -> String {
        const MOST: usize = 60;
        let (from, to) = (self.accepted.words(&self.setting, MOST), self.now.words(&self.setting, MOST));
        let effect = match &self.effect {
            Effect::Lowers(control) => format!(" (lowers {control})"),
            Effect::Neutral => String::new(),
            Effect::Unsaid(control, _) => format!(" ({control} could not be judged)"),
        };
        format!("{} {from} → {to}{effect}", self.setting)
    }
}

/// A table's settings held against what was accepted of it.
#[derive(Debug, Default)]
pub struct Compared {
    /// What differs.
    pub differences: Vec<Difference>,
    /// What was read, whether it differs or not.
    pub readings: Vec<(String, Reading)>,
    /// Settings that were accepted and cannot be compared, with the error.
    pub unread: Vec<(String, Option<SourceError>)>,
    /// Settings that were accepted, and that the answer leaves out.
    pub untold: Vec<String>,
    /// Settings that are there now and were never accepted.
    pub never: Vec<String>,
}

/// Holds a table against what was accepted of it.
#[must_use]
pub fn compare(estate: &Estate, baseline: &Baseline, table: &Table, accepted: &AcceptedTable) -> Compared {
    let mut compared = Compared::default();
    for (name, before) in &accepted.settings {
        match read(estate, table, name) {
            Ok(Some(reading)) => {
                if reading.value != *before {
                    compared.differences.push(Difference {
                        setting: name.clone(),
                        accepted: before.clone(),
                        now: reading.value.clone(),
                        effect: effect(estate, baseline, table, name, (before, &reading.value)),
                    });
                }
                compared.readings.push((name.clone(), reading));
            }
            Ok(None) => compared.untold.push(name.clone()),
            Err(error) => compared.unread.push((name.clone(), error)),
        }
    }
    // Tags of a class may be spelt in several ways: one that was accepted is enough.
    let never = SETTINGS.iter().filter(|name| !accepted.settings.contains_key(**name));
    compared.never =
        never.filter(|name| matches!(read(estate, table, name), Ok(Some(_)))).map(|&name| name.to_owned()).collect();
    compared
}

/// Whether a control that rests on a setting says worse now than it would of the accepted value: it is judged once
/// more over the same table as if that still held.
fn effect(estate: &Estate, baseline: &Baseline, table: &Table, name: &str, (before, now): (&Value, &Value)) -> Effect {
    let mut unsaid = None;
    for id in settings::controls(name) {
        let Some(Judge::Table(judge)) = by_id(id).map(|control| control.judge) else { continue };
        let is = judge(estate, baseline, table);
        if is.verdict == Verdict::Unknown {
            unsaid = unsaid.or(Some(Effect::Unsaid(id, is.missing_action)));
            continue;
        }
        if !matches!(is.verdict, Verdict::Fail | Verdict::Warn) {
            continue;
        }
        let worse = match settings::is_worse(name, before, now) {
            Some(worse) => worse,
            None => {
                let Some(then) = settings::with(table, name, before) else { continue };
                let was = judge(estate, baseline, &then);
                if was.verdict == Verdict::Unknown {
                    unsaid = unsaid.or(Some(Effect::Unsaid(id, was.missing_action)));
                }
                matches!(was.verdict, Verdict::Warn | Verdict::Pass | Verdict::NotApplicable)
                    && was.verdict.rank() > is.verdict.rank()
            }
        };
        if worse {
            return Effect::Lowers(id);
        }
    }
    unsaid.unwrap_or(Effect::Neutral)
}
