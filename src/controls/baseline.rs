//! What is asked of each data class.

use crate::model::{DataClass, KeyKind};

/// What controls measure against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Accounts, besides the table's own, that a resource policy may name.
    pub trusted_accounts: Vec<String>,
    /// A drift check older than this many hours is stale.
    pub drift_check_hours: i64,
}

impl Default for Baseline {
    fn default() -> Self {
        Self { trusted_accounts: Vec::new(), drift_check_hours: 24 }
    }
}

impl Baseline {
    /// The least key a class asks for.
    #[must_use]
    pub fn least_key(&self, class: DataClass) -> KeyKind {
        match class {
            DataClass::Public | DataClass::Internal => KeyKind::AwsOwned,
            DataClass::Confidential => KeyKind::AwsManaged,
            DataClass::Restricted => KeyKind::Customer,
        }
    }

    /// The least PITR window a class asks for, in days; 0 asks for none.
    #[must_use]
    pub fn least_pitr_days(&self, class: DataClass) -> i32 {
        match class {
            DataClass::Public => 0,
            DataClass::Internal => 1,
            DataClass::Confidential => 14,
            DataClass::Restricted => 35,
        }
    }
}
