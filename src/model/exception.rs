//! What a person vouches for, or sets aside: never for ever, and never without a name.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

/// Who says so, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// The owner.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds.
    pub expires: Date,
    /// Where the proof lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// How the attestations stand, for the control that asks for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attestations {
    /// Those that have ended or say nothing that can be understood, in words.
    pub void: Vec<String>,
    /// Those that end soon, in words.
    pub ending: Vec<String>,
    /// What nobody attests to: by account, control by control, on how many resources.
    pub missing: BTreeMap<String, BTreeMap<&'static str, usize>>,
}
