//! Log files: found, read on all cores, watched.
//!
//! The one room here that touches files. It reads; what it makes goes to whoever owns the events.

mod csv;
mod document;
mod feed;
mod load;
mod pack;
mod report;
mod walk;

pub use document::{Problem, as_text, document, read_bytes, record};
pub use feed::{Feed, resolve};
pub use load::{Keep, Load, Options, Step};
pub use pack::{Kept, Packer};
pub use report::{FileKind, FileReport, LoadReport};
pub use walk::{Found, find};
