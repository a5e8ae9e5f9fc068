//! IAM policy documents: reading them, deciding a request by them, and saying in plain words what they do.
//!
//! Pure text in, plain values out. Source of the rules: the IAM User Guide's policy element reference, policy
//! grammar, condition operators and evaluation logic.
//!
//! What this is not: the whole of IAM. It decides by the documents it is given; service control policies,
//! permissions boundaries and session policies count only when they are among them.

mod condition;
mod describe;
mod document;
mod evaluate;
pub mod lint;
mod pattern;
mod perimeter;
mod questions;
mod reach;
mod request;
mod spread;

pub use condition::{Condition, Operator, Quantifier};
pub use describe::describe;
pub use document::{Document, Effect, Names, PolicyError, Principal, Principals, Statement};
pub use evaluate::{At, Decision, evaluate};
pub use perimeter::{
    CONTROL_WRITES, Denied, ITEM_ACTIONS, Limits, Through, accounts_let_in_whole, denies_other_sources,
    denies_plain_http, denies_strangers, fenced_endpoints, lets, lets_items_of, limits, services_let_in,
};
pub use questions::{accounts, fences, full_access, grants_service_everywhere, inverted, public_statements};
pub use reach::{Actions, Grant, Reach, STREAM_ACTIONS};
pub use request::{Asker, Context, Request};
pub use spread::{Places, Spread};
