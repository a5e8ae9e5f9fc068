//! What leaves the program: rows, reports and policies, as text that other tools read.

pub mod iam_policy;
