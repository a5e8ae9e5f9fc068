//! A value that knows its age and origin, or says why it is not known.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Fault, SourceError};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A call to AWS, or to the endpoint that stands for it.
    Live,
    /// The embedded demo account.
    Demo,
    /// A recorded tape.
    Replay,
    /// Log files alone: no account was asked.
    Files,
}

impl Origin {
    /// The word used in JSON and in badges.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Demo => "demo",
            Self::Replay => "replay",
            Self::Files => "files",
        }
    }
}

/// The call that a value was read from: the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRef {
    /// `service:Operation`, as the operation table spells it.
    pub operation: &'static str,
    /// The request id the service answered with; empty where it gave none.
    pub request_id: Arc<str>,
}

/// A value that was read, with its age and evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// The value.
    pub value: T,
    /// When the answer arrived.
    pub at: Timestamp,
    /// The call that answered.
    pub call: CallRef,
}

impl<T> Seen<T> {
    /// The same evidence for a value made from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Seen<U> {
        Seen { value: f(self.value), at: self.at, call: self.call }
    }
}

/// What one read came to.
pub type Outcome<T> = Result<Seen<T>, Fault>;

/// The last good value of a read and the fault that followed it, if one did.
///
/// Three states matter: never answered (both `None`: loading), known (a value; `stale` when a later read
/// failed), and unknown (a fault and no value). A fault never becomes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<T> {
    /// The last good answer.
    pub seen: Option<Seen<T>>,
    /// The fault of the newest read, when that read failed.
    pub fault: Option<Fault>,
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self { seen: None, fault: None }
    }
}

impl<T> Cell<T> {
    /// Takes in the newest read: a good one replaces all, a failed one leaves the last good value, marked.
    pub fn apply(&mut self, outcome: Outcome<T>) {
        match outcome {
            Ok(seen) => {
                self.seen = Some(seen);
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// The last good value.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.seen.as_ref().map(|seen| &seen.value)
    }

    /// The last good value, or the reason there is none. `None` while no read has come back.
    #[must_use]
    pub fn known(&self) -> Option<Result<&Seen<T>, &SourceError>> {
        match (&self.seen, &self.fault) {
            (Some(seen), _) => Some(Ok(seen)),
            (None, Some(fault)) => Some(Err(&fault.error)),
            (None, None) => None,
        }
    }

    /// The error of the newest read, where that one failed.
    #[must_use]
    pub fn error(&self) -> Option<&SourceError> {
        self.fault.as_ref().map(|fault| &fault.error)
    }

    /// Why there is no value, in words: the error, or that it was not read yet. `None` for a known value.
    #[must_use]
    pub fn unknown_reason(&self) -> Option<String> {
        match self.known() {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(error.to_string()),
            None => Some("not read yet".to_owned()),
        }
    }

    /// True when a good value is shown although a later read failed.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.seen.is_some() && self.fault.is_some()
    }

    /// True while no read has come back.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.seen.is_none() && self.fault.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(value: u8) -> Seen<u8> {
        Seen { value, at: Timestamp::UNIX_EPOCH, call: CallRef { operation: "a:B", request_id: "".into() } }
    }

    #[test]
    fn a_fault_keeps_the_last_good_value_and_marks_it() {
        let mut cell = Cell::default();
        assert!(cell.is_pending());
        let fault = Fault { error: SourceError::Offline("reset".into()), at: Timestamp::UNIX_EPOCH };
        cell.apply(Err(fault.clone()));
        assert_eq!(cell.value(), None);
        assert!(cell.unknown_reason().is_some());
        cell.apply(Ok(seen(7)));
        assert!(!cell.is_stale());
        cell.apply(Err(fault));
        assert_eq!((cell.value(), cell.is_stale()), (Some(&7), true));
        cell.apply(Ok(seen(8)));
        assert_eq!((cell.value(), cell.is_stale()), (Some(&8), false));
    }
}
