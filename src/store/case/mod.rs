//! The case behind a finding: the events and tables it leads to, how far they were searched for, whether it still goes
//! on, and what would stop it.

mod activity;
pub mod contain;
pub mod details;
mod links;
mod marks;
mod reach;

pub use activity::{Activity, Expiry, State};
pub(super) use links::FindingIndex;
pub use links::{Link, LinkTier};
pub use marks::{Aside, Raise};
pub use reach::{CaseReach, Way, searches};
