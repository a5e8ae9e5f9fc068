//! What leaves the program: rows, reports and policies, as text that other tools read.

pub mod changes;
pub mod checked;
pub mod csv;
pub mod handover;
pub mod html;
pub mod iam_policy;
pub mod json;
pub mod junit;
pub mod lanes;
pub mod markdown;
pub mod ocsf;
pub mod reference;
pub mod safe;
pub mod sarif;
pub mod table;
pub mod who;
