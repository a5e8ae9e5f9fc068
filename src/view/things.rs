//! What every thing has: a title, an id, an ARN, events, relations.

use std::sync::Arc;

use crate::controls::practices;
use crate::model::{Finding, Scope, tail};
use crate::trail::EventRef;

use super::list::Link;
use super::{Ctx, Kind, Pivot, Screen, Thing, case, remedy};

/// A thing's name for titles.
#[must_use]
pub fn title(ctx: &Ctx<'_>, thing: &Thing) -> String {
    match thing {
        Thing::Finding(id) => ctx.store.finding(id).map_or_else(|| format!("finding {id}"), |it| it.kind.clone()),
        Thing::Step(id, number) => case::step_title(ctx, id, *number),
        Thing::Table(arn) => tail(arn).to_owned(),
        Thing::Judgement(resource, control) => format!("{control} on {}", tail(resource)),
        Thing::Rule(key) => key.name.clone(),
        Thing::Evaluation(key, _, id) => format!("{} on {id}", key.name),
        Thing::Stack(id) => ctx.store.estate().stacks.get(id).map_or_else(|| id.clone(), |stack| stack.name.clone()),
        Thing::Resource(_, logical) => logical.clone(),
        Thing::Drift(id) => match ctx.store.drift(id) {
            Some(drift) => format!("{} of {}", drift.setting, drift.resource),
            None => "drift".to_owned(),
        },
        Thing::Endpoint(_, id) | Thing::Vpc(_, id) => id.clone(),
        Thing::Event(id) => match ctx.store.events().get(id) {
            Some(event) => event.name().to_owned(),
            None => format!("event {id}"),
        },
        Thing::Who(arn) => format!("who used {}", tail(arn)),
        Thing::Trail(_, arn) => format!("trail {}", tail(arn)),
        Thing::Source(source, scope) => format!("{} in {scope}", source.name()),
        Thing::Call(number) => match super::sources::call(ctx, *number) {
            Some(call) => call.operation.to_owned(),
            None => format!("call {number}"),
        },
        Thing::Practice(number) => {
            practices::numbered(*number).map_or_else(String::new, |of| format!("{number} {}", of.title))
        }
        Thing::Crossing(lane, id) => format!("{} into {}", tail(id), super::crossers::name(ctx, lane)),
        Thing::Theme(name) => format!("theme {name}"),
        Thing::Error(_) => "error".to_owned(),
        Thing::File(path) => format!("file {}", tail(path)),
        Thing::Broken(number) => super::broken::broken(ctx, *number)
            .map_or_else(|| "broken record".to_owned(), |it| format!("broken: {} · {}", it.reason, it.origin)),
    }
}

/// What `c` copies.
#[must_use]
pub fn id(ctx: &Ctx<'_>, thing: &Thing) -> String {
    match thing {
        Thing::Event(key) => ctx.store.events().get(key).map_or_else(|| key.clone(), |event| event.id().into_owned()),
        Thing::Finding(id) | Thing::Endpoint(_, id) | Thing::Vpc(_, id) => id.clone(),
        Thing::Step(id, number) => case::command(ctx, id, *number),
        Thing::Table(arn) | Thing::Who(arn) => tail(arn).to_owned(),
        Thing::Judgement(resource, control) => {
            remedy::made_out(control, resource).unwrap_or_else(|| (*control).to_owned())
        }
        Thing::Rule(key) => key.name.clone(),
        Thing::Evaluation(_, _, id) => id.clone(),
        Thing::Resource(_, logical) => logical.clone(),
        Thing::Drift(id) => ctx.store.drift(id).map_or_else(|| id.clone(), |drift| drift.resource.clone()),
        Thing::Trail(_, arn) => tail(arn).to_owned(),
        Thing::Call(number) => {
            super::sources::call(ctx, *number).map(|call| call.request_id.clone()).unwrap_or_default()
        }
        Thing::Error(place) => ctx.store.errors().get(*place).map(|line| line.error.to_string()).unwrap_or_default(),
        Thing::File(path) => path.clone(),
        Thing::Theme(name) => name.clone(),
        Thing::Broken(number) => {
            super::broken::broken(ctx, *number).map(|broken| broken.raw.to_owned()).unwrap_or_default()
        }
        Thing::Crossing(_, id) => tail(id).to_owned(),
        Thing::Stack(_) | Thing::Source(..) | Thing::Practice(_) => title(ctx, thing),
    }
}

/// What `C` copies; `None` for what has no ARN.
#[must_use]
pub fn arn(ctx: &Ctx<'_>, thing: &Thing) -> Option<String> {
    let estate = ctx.store.estate();
    match thing {
        Thing::Finding(id) | Thing::Step(id, _) => Some(ctx.store.finding(id)?.arn.clone()),
        Thing::Table(arn) | Thing::Who(arn) | Thing::Stack(arn) | Thing::Trail(_, arn) => Some(arn.clone()),
        Thing::Judgement(id, _) | Thing::Crossing(_, id) => id.starts_with("arn:").then(|| id.clone()),
        Thing::Rule(key) => estate.rules.get(key)?.arn.clone(),
        Thing::Evaluation(key, _, id) => Some(estate.table_named(&key.scope, id)?.arn.clone()),
        Thing::Resource(stack, logical) => {
            let stack = estate.stacks.get(stack)?;
            let resource = stack.resources.value()?.iter().find(|one| one.logical_id == *logical)?;
            Some(estate.table_named(&stack.scope, resource.physical_id.as_deref()?)?.arn.clone())
        }
        Thing::Drift(id) => ctx.store.drift(id)?.arn.clone(),
        Thing::Endpoint(scope, id) => Some(format!("arn:aws:ec2:{}:{}:vpc-endpoint/{id}", scope.region, scope.account)),
        Thing::Vpc(scope, id) => Some(format!("arn:aws:ec2:{}:{}:vpc/{id}", scope.region, scope.account)),
        Thing::Event(id) => ctx.store.events().get(id)?.principal_arn().map(str::to_owned),
        Thing::Source(..)
        | Thing::Call(_)
        | Thing::Error(_)
        | Thing::File(_)
        | Thing::Broken(_)
        | Thing::Theme(_)
        | Thing::Practice(_) => None,
    }
}

/// The table that a thing is about, by name and scope.
pub(super) fn table_of(ctx: &Ctx<'_>, thing: &Thing) -> Option<(Scope, String)> {
    let estate = ctx.store.estate();
    match thing {
        Thing::Table(arn) | Thing::Who(arn) | Thing::Judgement(arn, _) => {
            let table = estate.tables.get(arn)?;
            Some((table.scope.clone(), table.name.clone()))
        }
        Thing::Drift(id) => {
            let drift = ctx.store.drift(id).filter(|drift| drift.kind.starts_with("AWS::DynamoDB"))?;
            Some((drift.scope.clone(), drift.resource.clone()))
        }
        Thing::Evaluation(key, kind, id) if kind.starts_with("AWS::DynamoDB") => Some((key.scope.clone(), id.clone())),
        Thing::Resource(stack, logical) => {
            let stack = estate.stacks.get(stack)?;
            let resource = stack.resources.value()?.iter().find(|one| one.logical_id == *logical)?;
            let name = resource.physical_id.clone().filter(|_| resource.kind.starts_with("AWS::DynamoDB"))?;
            Some((stack.scope.clone(), name))
        }
        _ => None,
    }
}

/// The events of a thing.
#[must_use]
pub fn events(ctx: &Ctx<'_>, thing: &Thing) -> Option<Screen> {
    let trail = |pivot| Some(Screen::List(Kind::Trail(pivot)));
    match thing {
        Thing::Finding(id) | Thing::Step(id, _) => {
            let finding = ctx.store.finding(id)?;
            let key = finding.access_key.clone().map(Pivot::Key);
            trail(
                key.or_else(|| finding.principal.clone().map(Pivot::Principal))
                    .or_else(|| finding.action.ip.clone().map(Pivot::Ip))?,
            )
        }
        Thing::Event(id) => {
            let event = ctx.store.events().get(id)?;
            let key = event.access_key().map(str::to_owned).map(Pivot::Key);
            trail(key.unwrap_or_else(|| Pivot::Principal(event.principal().to_owned())))
        }
        Thing::Source(..) | Thing::Call(_) => Some(Screen::List(Kind::Calls)),
        Thing::Crossing(_, id) if id.starts_with("arn:") => trail(Pivot::Principal(tail(id).to_owned())),
        Thing::Endpoint(_, id) | Thing::Crossing(_, id) => trail(Pivot::Mentions(id.clone())),
        Thing::Trail(_, arn) => trail(Pivot::Mentions(tail(arn).to_owned())),
        Thing::Drift(id) if table_of(ctx, thing).is_none() => {
            trail(Pivot::Mentions(ctx.store.drift(id)?.resource.clone()))
        }
        other => trail(Pivot::Table(table_of(ctx, other)?.1)),
    }
}

/// What has to do with a thing.
#[must_use]
pub fn related(ctx: &Ctx<'_>, thing: &Thing) -> Vec<Link> {
    match thing {
        Thing::Finding(id) | Thing::Step(id, _) => {
            ctx.store.finding(id).map(|it| of_finding(ctx, it)).unwrap_or_default()
        }
        Thing::Event(id) => ctx.store.events().get(id).map(|it| of_event(ctx, it)).unwrap_or_default(),
        Thing::Endpoint(_, id) => pivot(ctx, Pivot::Mentions(id.clone())).into_iter().collect(),
        other => table_of(ctx, other).map(|(scope, name)| of_table(ctx, &scope, &name)).unwrap_or_default(),
    }
}

fn pivot(ctx: &Ctx<'_>, pivot: Pivot) -> Option<Link> {
    let (by, what) = pivot.words()?;
    let why = match super::list::events_of(ctx, &pivot) {
        Some(events) => format!("{} known here", events.len()),
        None => "searched for when opened".to_owned(),
    };
    let name = format!("{by} {what}");
    Some(Link { kind: "events", name, why, to: Screen::List(Kind::Trail(pivot)) })
}

/// A way to the table of this name, wherever it is known: in this scope first.
fn table_link(ctx: &Ctx<'_>, scope: Option<&Scope>, name: &str, why: String) -> Link {
    let estate = ctx.store.estate();
    let here = scope.and_then(|scope| estate.table_named(scope, name));
    let table = here.or_else(|| estate.tables.values().find(|table| table.name == name));
    let to = match table {
        Some(table) => Screen::Detail(Thing::Table(table.arn.clone())),
        None => Screen::List(Kind::Trail(Pivot::Table(name.to_owned()))),
    };
    Link { kind: "table", name: name.to_owned(), why, to }
}

/// Where a linked table leads: to the table when it is known, else to its events.
#[must_use]
pub fn table_screen(ctx: &Ctx<'_>, scope: &Scope, name: &str) -> Screen {
    table_link(ctx, Some(scope), name, String::new()).to
}

fn of_finding(ctx: &Ctx<'_>, finding: &Arc<Finding>) -> Vec<Link> {
    let case = ctx.derived.borrow_mut().case(ctx.store, finding);
    let mut links: Vec<Link> = case
        .tables
        .iter()
        .map(|link| table_link(ctx, Some(&link.scope), &link.table, format!("{} {}", link.tier.word(), link.reason)))
        .collect();
    let session = finding.session().map(str::to_owned);
    let pivots = [
        finding.access_key.clone().map(Pivot::Key),
        session.map(Pivot::Session),
        finding.principal.clone().map(Pivot::Principal),
        finding.action.ip.clone().map(Pivot::Ip),
    ];
    links.extend(pivots.into_iter().flatten().filter_map(|it| pivot(ctx, it)));
    links
}

fn of_event(ctx: &Ctx<'_>, event: EventRef<'_>) -> Vec<Link> {
    let pivots = [
        event.access_key().map(str::to_owned).map(Pivot::Key),
        event.session().map(str::to_owned).map(Pivot::Session),
        Some(Pivot::Principal(event.principal().to_owned())),
        event.ip().map(str::to_owned).map(Pivot::Ip),
    ];
    let mut links: Vec<Link> = pivots.into_iter().flatten().filter_map(|it| pivot(ctx, it)).collect();
    links.extend(super::same::call(ctx, event));
    links.extend(event.tables().filter_map(|name| pivot(ctx, Pivot::Table(name.to_owned()))));
    let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
    let tables = event.tables();
    links.extend(tables.map(|name| table_link(ctx, Some(&scope), name, "named by the event".to_owned())));
    let same = |finding: &&Arc<Finding>| {
        (finding.access_key.is_some() && finding.access_key.as_deref() == event.access_key())
            || (finding.action.ip.is_some() && finding.action.ip.as_deref() == event.ip())
    };
    links.extend(ctx.store.estate().findings.values().filter(same).take(50).map(|finding| finding_link(finding)));
    links
}

fn finding_link(finding: &Finding) -> Link {
    Link {
        kind: "finding",
        name: finding.kind.clone(),
        why: format!("{} {}", finding.severity().short(), finding.title),
        to: Screen::Detail(Thing::Finding(finding.id.clone())),
    }
}

fn of_table(ctx: &Ctx<'_>, scope: &Scope, name: &str) -> Vec<Link> {
    let estate = ctx.store.estate();
    let mut links = vec![table_link(ctx, Some(scope), name, "the table itself".to_owned())];
    links.extend(pivot(ctx, Pivot::Table(name.to_owned())));
    links.extend(ctx.store.findings_of_table(name).into_iter().take(50).map(|finding| finding_link(finding)));
    for (key, cell) in estate.evaluations.iter().filter(|(key, _)| key.scope == *scope) {
        let of = cell.value().into_iter().flatten().filter(|one| one.resource_id == name);
        links.extend(of.map(|one| Link {
            kind: "rule",
            name: key.name.clone(),
            why: one.compliance.word().to_owned(),
            to: Screen::Detail(Thing::Evaluation(key.clone(), one.resource_type.clone(), one.resource_id.clone())),
        }));
    }
    if let Some(table) = estate.table_named(scope, name) {
        links.extend(super::drifted::links(ctx, &table.arn));
    }
    for stack in estate.stacks.values().filter(|stack| stack.scope == *scope) {
        let resources = stack.resources.value().into_iter().flatten();
        let of = resources.filter(|one| one.physical_id.as_deref() == Some(name));
        links.extend(of.map(|one| Link {
            kind: "stack",
            name: format!("{} {}", stack.name, one.logical_id),
            why: one.status.word().to_owned(),
            to: Screen::Detail(Thing::Resource(stack.id.clone(), one.logical_id.clone())),
        }));
    }
    let endpoints = estate.networks.get(scope).and_then(|network| network.endpoints.value()).into_iter().flatten();
    links.extend(endpoints.filter(|endpoint| endpoint.is_dynamodb()).map(|endpoint| Link {
        kind: "endpoint",
        name: endpoint.id.clone(),
        why: format!("in {} · {}", endpoint.vpc, endpoint.state),
        to: Screen::Detail(Thing::Endpoint(scope.clone(), endpoint.id.clone())),
    }));
    links
}
