//! How bad an event is: said by whoever knows its kind, once, as it is read.

/// How bad, by its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Of no weight.
    Info = 1,
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Bad.
    High,
    /// As bad as can be.
    Critical,
}

impl Grade {
    /// All, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];
    /// Their words, in the same order.
    pub const WORDS: [&'static str; 5] = ["info", "low", "medium", "high", "critical"];

    /// The word that a query knows it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize - 1]
    }

    /// From 1, as columns keep it; 0 stands for none.
    #[must_use]
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

/// Says how bad events are. Asked by the threads that read, for every kind of event, and for every record where the
/// kind says too little.
pub trait Grader: std::fmt::Debug + Sync {
    /// Whether the record is needed to tell; else one of a kind stands for all.
    fn reads(&self, source: &str, name: &str, error: Option<&str>) -> bool;

    /// How bad; `None` for what has no bearing. The record is empty where it is not needed.
    fn grade(&self, source: &str, name: &str, error: Option<&str>, record: &str) -> Option<Grade>;
}
