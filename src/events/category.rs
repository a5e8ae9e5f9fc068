//! CloudTrail's event categories.

use serde::Serialize;

/// CloudTrail's event categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum EventCategory {
    /// Control plane.
    Management,
    /// Item level.
    Data,
    /// At a VPC endpoint.
    NetworkActivity,
    /// Unusual rates.
    Insight,
    /// A record that names none of these.
    Other,
}

impl EventCategory {
    /// AWS's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Management => "Management",
            Self::Data => "Data",
            Self::NetworkActivity => "NetworkActivity",
            Self::Insight => "Insight",
            Self::Other => "Other",
        }
    }
}
