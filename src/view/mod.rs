//! One file a screen. Views read the store and never write it; the app hands them a [`Ctx`].
//!
//! A list is a [`ListView`]: columns and a few functions. A detail is a [`Doc`]: lines, some of which lead
//! somewhere. Everything else (cursor, filter, sort, scrolling, states) is the same for all of them.

mod broken;
mod case;
mod checks;
pub mod chrome;
mod compliance;
pub mod console;
mod controls;
mod credentials;
pub mod crossers;
mod cursor;
mod depth;
mod derived;
mod doc;
mod drift;
mod drifted;
mod endpoints;
mod events;
mod exceptions;
mod fetched;
pub mod files;
pub mod filter;
mod findings;
mod follow;
mod handover;
pub mod identity;
mod json;
pub mod lanes;
mod list;
mod look;
mod meaning;
mod notes;
mod now;
mod origin;
mod overview;
mod paint;
mod place;
mod posture;
pub mod practices;
mod raw;
mod records;
mod related;
mod remediation;
pub mod remedy;
pub mod same;
mod screen;
mod search;
pub mod since;
mod sources;
mod stacks;
pub mod states;
mod survey;
mod table;
mod tables;
mod themes;
pub mod things;
mod trail;
mod unfold;
mod who;
pub mod words;

use std::cell::RefCell;

use jiff::Timestamp;

use crate::store::Store;

pub use chrome::{Chrome, Hint, banner};
pub use controls::beside;
pub use derived::{Case, Counts, Derived};
pub use doc::{Doc, DocLine, What};
pub use fetched::{Fetched, Wanted};
pub use list::{Key, Link, ListView, Row};
pub use look::{Look, TimeMode, age};
pub use place::{Body, Place};
pub use raw::Raw;
pub use screen::{Kind, Pivot, Screen, Tab, Thing};
pub use survey::{Recorded, Survey};

/// What a view may read.
pub struct Ctx<'a> {
    /// All that is known.
    pub store: &'a Store,
    /// How it looks.
    pub look: &'a Look,
    /// The moment that ages are counted from.
    pub now: Timestamp,
    /// The width of the body in cells.
    pub width: u16,
    /// The height of the terminal in cells.
    pub height: u16,
    /// What was derived from the store and is costly.
    pub derived: &'a RefCell<Derived>,
}

/// The list of this kind.
#[must_use]
pub fn list_of(kind: &Kind) -> &'static ListView {
    match kind {
        Kind::Findings => &findings::VIEW,
        Kind::Compliance => &compliance::VIEW,
        Kind::Drift => &drift::VIEW,
        Kind::Tables => &tables::VIEW,
        Kind::Endpoints => &endpoints::VIEW,
        Kind::Trail(_) => &trail::VIEW,
        Kind::Sources => &sources::VIEW,
        Kind::Calls => &sources::CALLS,
        Kind::Errors => &sources::ERRORS,
        Kind::Files => &files::VIEW,
        Kind::Broken => &broken::VIEW,
        Kind::Exceptions => &exceptions::VIEW,
        Kind::Controls(_) => &controls::VIEW,
        Kind::Checks { .. } | Kind::Judged(_) => &checks::VIEW,
        Kind::Related(_) => &related::VIEW,
        Kind::Practices => &practices::VIEW,
        Kind::Lanes(_) => &lanes::VIEW,
        Kind::Crossings { .. } => &crossers::VIEW,
        Kind::Notes => &notes::VIEW,
        Kind::Themes => &themes::VIEW,
    }
}

/// All that is known of a thing; `None` when it is not, or no longer, known.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, thing: &Thing) -> Option<Doc> {
    let mut doc = page(ctx, thing)?;
    since::lead(ctx, thing, &mut doc);
    Some(doc)
}

fn page(ctx: &Ctx<'_>, thing: &Thing) -> Option<Doc> {
    match thing {
        Thing::Finding(id) => case::page(ctx, id),
        Thing::Step(id, number) => case::step(ctx, id, *number),
        Thing::Table(arn) => table::detail(ctx, arn),
        Thing::Judgement(resource, control) => table::judgement(ctx, resource, control),
        Thing::Rule(key) => compliance::rule(ctx, key),
        Thing::Evaluation(key, kind, id) => compliance::detail(ctx, key, kind, id),
        Thing::Stack(id) => stacks::stack(ctx, id),
        Thing::Resource(stack, logical) => stacks::resource(ctx, stack, logical),
        Thing::Drift(id) => drift::detail(ctx, id),
        Thing::Endpoint(scope, id) => endpoints::detail(ctx, scope, id),
        Thing::Vpc(scope, id) => endpoints::vpc_detail(ctx, scope, id),
        Thing::Event(id) => trail::detail(ctx, id),
        Thing::Who(arn) => who::detail(ctx, arn),
        Thing::Trail(scope, arn) => records::trail(ctx, scope, arn),
        Thing::Source(source, scope) => sources::detail(ctx, *source, scope),
        Thing::Call(number) => records::call(ctx, *number),
        Thing::Error(place) => records::error(ctx, *place),
        Thing::File(path) => files::detail(ctx, path),
        Thing::Broken(number) => broken::detail(ctx, *number),
        Thing::Crossing(lane, id) => crossers::detail(ctx, lane, id),
        Thing::Practice(number) => practices::detail(ctx, *number),
        Thing::Theme(name) => themes::detail(ctx, name),
    }
}
