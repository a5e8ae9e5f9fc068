//! Where a value in a record leads: keys, sessions, addresses, tables, ARNs, ids of events and requests.

use std::net::IpAddr;

use crate::model::{Arn, Scope};

use super::{Ctx, Kind, Pivot, Screen, Thing, things};

/// The screen that a value is about, if it is one that is known by such values.
#[must_use]
pub fn target(ctx: &Ctx<'_>, of: &Thing, key: &str, value: &str) -> Option<Screen> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    if value.starts_with("arn:") {
        return of_arn(ctx, of, value);
    }
    if is_access_key(value) {
        return trail(Pivot::Key(value.to_owned()));
    }
    if value.parse::<IpAddr>().is_ok() {
        return trail(Pivot::Ip(value.to_owned()));
    }
    if let Some(known) = network(ctx, value) {
        return Some(Screen::Detail(known)).filter(|screen| !is_here(of, screen));
    }
    match key.to_ascii_lowercase().as_str() {
        "sourceipaddress" => trail(Pivot::Ip(value.to_owned())),
        "rolesessionname" => trail(Pivot::Session(value.to_owned())),
        "principalid" => trail(Pivot::Session(value.split_once(':')?.1.to_owned())),
        "username" => trail(Pivot::Principal(value.to_owned())),
        "eventid" => {
            let event = Screen::Detail(Thing::Event(value.to_owned()));
            (ctx.store.events().get(value).is_some() && !is_here(of, &event)).then_some(event)
        }
        "requestid" | "sharedeventid" => trail(Pivot::Mentions(value.to_owned())),
        "tablename" | "sourcetablename" | "targettablename" | "globaltablename" | "aws:dynamodb:tablename" => {
            Some(things::table_screen(ctx, &scope(ctx, of), value)).filter(|screen| !is_here(of, screen))
        }
        _ => None,
    }
}

fn trail(pivot: Pivot) -> Option<Screen> {
    Some(Screen::List(Kind::Trail(pivot)))
}

/// True for the thing whose record one is reading: it leads nowhere new.
fn is_here(of: &Thing, screen: &Screen) -> bool {
    matches!(screen, Screen::Detail(thing) if thing == of)
}

/// `AKIA…` and `ASIA…`: the identifiers of long-lived and temporary access keys.
fn is_access_key(value: &str) -> bool {
    (16..=128).contains(&value.len())
        && (value.starts_with("AKIA") || value.starts_with("ASIA"))
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn of_arn(ctx: &Ctx<'_>, of: &Thing, text: &str) -> Option<Screen> {
    let arn = Arn::parse(text)?;
    let scope = Scope::new(arn.account.clone(), arn.region.clone());
    let last = || arn.resource.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    let known = match arn.service.as_str() {
        "dynamodb" => Some(things::table_screen(ctx, &scope, arn.table_name()?)),
        "sts" if arn.resource.starts_with("assumed-role/") => trail(Pivot::Session(last()?)),
        "iam" | "sts" if arn.resource.contains('/') => trail(Pivot::Principal(last()?)),
        "cloudformation" if ctx.store.estate().stacks.contains_key(text) => {
            Some(Screen::Detail(Thing::Stack(text.to_owned())))
        }
        "cloudtrail" => {
            let trails = &ctx.store.estate().trails;
            let found = trails.keys().find(|(_, known)| known == text);
            found.map(|(scope, arn)| Screen::Detail(Thing::Trail(scope.clone(), arn.clone())))
        }
        "ec2" => network(ctx, &last()?).map(Screen::Detail),
        _ => None,
    };
    known.or_else(|| trail(Pivot::Mentions(text.to_owned()))).filter(|screen| !is_here(of, screen))
}

/// The endpoint or VPC of this id, where it is known.
fn network(ctx: &Ctx<'_>, id: &str) -> Option<Thing> {
    let networks = &ctx.store.estate().networks;
    if id.starts_with("vpce-") {
        let has = |scope: &&Scope| {
            let of = networks.get(*scope).and_then(|network| network.endpoints.value()).into_iter().flatten();
            of.into_iter().any(|one| one.id == id)
        };
        return networks.keys().find(has).map(|scope| Thing::Endpoint(scope.clone(), id.to_owned()));
    }
    if id.starts_with("vpc-") {
        let has = |scope: &&Scope| {
            let of = networks.get(*scope).and_then(|network| network.vpcs.value()).into_iter().flatten();
            of.into_iter().any(|one| one.id == id)
        };
        return networks.keys().find(has).map(|scope| Thing::Vpc(scope.clone(), id.to_owned()));
    }
    None
}

/// Where the thing is: a table's bare name is one of there.
fn scope(ctx: &Ctx<'_>, of: &Thing) -> Scope {
    let found = match of {
        Thing::Event(id) => {
            let event = ctx.store.events().get(id);
            event.map(|event| Scope::new(event.account().to_owned(), event.region().to_owned()))
        }
        Thing::Finding(id) => ctx.store.finding(id).map(|finding| finding.scope.clone()),
        Thing::Endpoint(scope, _) | Thing::Vpc(scope, _) | Thing::Trail(scope, _) => Some(scope.clone()),
        _ => None,
    };
    found.unwrap_or_else(|| Scope::new("", ""))
}
