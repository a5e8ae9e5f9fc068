//! From one event to those that have something in common with it.

use serde::Deserialize;

use crate::trail::EventRef;

use super::list::Link;
use super::{Ctx, Kind, Pivot, Screen, Thing, things};

/// Who used the table that a thing is about; of an event or finding, what else the same principal did.
#[must_use]
pub fn who(ctx: &Ctx<'_>, thing: &Thing) -> Option<Screen> {
    let did = |principal: String| Some(Screen::List(Kind::Trail(Pivot::Principal(principal))));
    match thing {
        Thing::Event(id) => return did(ctx.store.events().get(id)?.principal().to_owned()),
        Thing::Finding(id) => return did(ctx.store.finding(id)?.principal.clone()?),
        _ => {}
    }
    let (scope, name) = things::table_of(ctx, thing)?;
    let table = ctx.store.estate().table_named(&scope, &name)?;
    Some(Screen::Detail(Thing::Who(table.arn.clone())))
}

/// The events from the address of an event or finding.
#[must_use]
pub fn address(ctx: &Ctx<'_>, thing: &Thing) -> Option<Pivot> {
    match thing {
        Thing::Event(id) => ctx.store.events().get(id)?.ip().map(str::to_owned).map(Pivot::Ip),
        Thing::Finding(id) => ctx.store.finding(id)?.action.ip.clone().map(Pivot::Ip),
        _ => None,
    }
}

/// The events of the session of an event or finding.
#[must_use]
pub fn session(ctx: &Ctx<'_>, thing: &Thing) -> Option<Pivot> {
    match thing {
        Thing::Event(id) => ctx.store.events().get(id)?.session().map(str::to_owned).map(Pivot::Session),
        Thing::Finding(id) => Some(Pivot::Session(ctx.store.finding(id)?.session()?.to_owned())),
        _ => None,
    }
}

/// The events of the table that a thing is about; of an event that speaks of several, of the first.
#[must_use]
pub fn table(ctx: &Ctx<'_>, thing: &Thing) -> Option<Pivot> {
    let name = match thing {
        Thing::Event(id) => ctx.store.events().get(id)?.tables().next()?.to_owned(),
        other => things::table_of(ctx, other)?.1,
    };
    Some(Pivot::Table(name))
}

/// What a record says it belongs to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ids {
    #[serde(rename = "requestID")]
    request: Option<String>,
    #[serde(rename = "sharedEventID")]
    shared: Option<String>,
}

/// The other events of the same request, and the same event as other accounts saw it.
#[must_use]
pub fn call(ctx: &Ctx<'_>, event: EventRef<'_>) -> Vec<Link> {
    let record = ctx.derived.borrow_mut().records.text(event).unwrap_or_default();
    let Ok(ids) = serde_json::from_str::<Ids>(&record) else { return Vec::new() };
    let named = [(ids.request, "events of the same request"), (ids.shared, "the same event, as other accounts saw it")];
    let link = |(id, why): (Option<String>, &str)| {
        let id = id.filter(|id| !id.is_empty())?;
        let to = Screen::List(Kind::Trail(Pivot::Mentions(id.clone())));
        Some(Link { kind: "events", name: id, why: format!("{why}; searched for when opened"), to })
    };
    named.into_iter().filter_map(link).collect()
}
