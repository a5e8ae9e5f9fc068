//! Moments, and how late news of them comes.

use jiff::{SignedDuration, Timestamp};

/// CloudTrail delivers an event within about this long.
pub const LAG: SignedDuration = SignedDuration::from_mins(15);

/// A moment to the second, as people read it.
#[must_use]
pub fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
