//! Endpoints: which VPCs reach DynamoDB over which endpoint, and what its policy lets through.

use ratatui::text::Line;

use crate::model::{Cell, Endpoint, EndpointKind, Network, Scope, Source, Verdict, Vpc};
use crate::policy::{Document, describe};
use crate::theme::Role;
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Row, Screen, Thing};

/// Endpoints to DynamoDB, and VPCs without one.
pub static VIEW: ListView = ListView {
    noun: "endpoints and VPCs",
    sources: &[Source::Network],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty,
};

const COLUMNS: [Column; 7] = [
    fixed("VPC", 21, 0),
    fixed("ENDPOINT", 22, 0),
    fixed("TYPE", 9, 1),
    fixed("STATE", 11, 0),
    grows("POLICY", 18, 4, 0),
    fixed("REACHES", 12, 3),
    grows("REGION", 9, 1, 2),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let mut rows = Vec::new();
    for (scope, network) in &ctx.store.estate().networks {
        let endpoints = network.endpoints.value().map(Vec::as_slice).unwrap_or_default();
        let ours = (0u32..).zip(endpoints).filter(|(_, endpoint)| endpoint.is_dynamodb());
        rows.extend(ours.map(|(place, endpoint)| (standing(ctx, endpoint), Row::Endpoint(scope.clone(), place))));
        let vpcs = (0u32..).zip(network.vpcs.value().into_iter().flatten());
        let without = vpcs.filter(|(_, vpc)| !endpoints.iter().any(|e| e.is_dynamodb() && e.vpc == vpc.id));
        rows.extend(without.map(|(place, vpc)| (vpc_standing(network, vpc), Row::Vpc(scope.clone(), place))));
    }
    rows.sort_by_key(|(standing, _)| standing.rank());
    rows.into_iter().map(|(_, row)| row).collect()
}

fn judged(ctx: &Ctx<'_>, id: &str) -> Option<Verdict> {
    let about = ctx.store.judgements().filter(|one| one.resource.rsplit('/').next() == Some(id));
    about
        .map(|one| one.verdict)
        .filter(|verdict| *verdict != Verdict::NotApplicable)
        .min_by_key(|verdict| verdict.rank())
}

/// How an endpoint stands: what controls say, else its state and whether its policy is the open default.
fn standing(ctx: &Ctx<'_>, endpoint: &Endpoint) -> Verdict {
    if endpoint.state != "available" {
        return Verdict::Warn;
    }
    match endpoint.policy.as_deref().map(Document::parse) {
        Some(Ok(document)) if crate::policy::full_access(&document) => Verdict::Fail,
        Some(Ok(_)) => Verdict::Pass,
        _ => judged(ctx, &endpoint.id).unwrap_or(Verdict::Unknown),
    }
}

/// A VPC without an endpoint is something to look at when anything lives in it.
fn vpc_standing(network: &Network, vpc: &Vpc) -> Verdict {
    if network.endpoints.seen.is_none() {
        return Verdict::Unknown;
    }
    match network.interfaces.value() {
        Some(all) if all.iter().any(|one| one.vpc.as_deref() == Some(vpc.id.as_str())) => Verdict::Warn,
        Some(_) => Verdict::NotApplicable,
        None => Verdict::Unknown,
    }
}

fn endpoint<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a Endpoint> {
    let Row::Endpoint(scope, place) = row else { return None };
    ctx.store.estate().networks.get(scope)?.endpoints.value()?.get(*place as usize)
}

fn vpc<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<(&'a Network, &'a Vpc)> {
    let Row::Vpc(scope, place) = row else { return None };
    let network = ctx.store.estate().networks.get(scope)?;
    Some((network, network.vpcs.value()?.get(*place as usize)?))
}

fn scope(row: &Row) -> Option<&Scope> {
    match row {
        Row::Endpoint(scope, _) | Row::Vpc(scope, _) => Some(scope),
        _ => None,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    match (endpoint(ctx, row), vpc(ctx, row)) {
        (Some(endpoint), _) => standing(ctx, endpoint),
        (_, Some((network, vpc))) => vpc_standing(network, vpc),
        _ => Verdict::NotApplicable,
    }
}

fn kind_word(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Gateway => "gateway",
        EndpointKind::Interface => "interface",
        EndpointKind::Other => "other",
    }
}

/// An endpoint's policy in one line.
fn policy_words(endpoint: &Endpoint) -> String {
    let Some(text) = &endpoint.policy else { return "not told".to_owned() };
    match Document::parse(text) {
        Ok(document) if crate::policy::full_access(&document) => "open: anyone, any action, any table".to_owned(),
        Ok(document) => describe(&document).join("; "),
        Err(error) => format!("not understood: {error}"),
    }
}

fn reaches(endpoint: &Endpoint) -> String {
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match endpoint.kind {
        EndpointKind::Gateway => count(endpoint.route_tables.len(), "route tbl"),
        _ => count(endpoint.subnets.len(), "subnet"),
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    if column == 6 {
        return scope(row).map(|scope| look.foreign(Role::Dim, &scope.region, room).into()).unwrap_or_default();
    }
    if let Some(endpoint) = endpoint(ctx, row) {
        let standing = standing(ctx, endpoint);
        return match column {
            0 => look.foreign(Role::Text, &endpoint.vpc, room).into(),
            1 => look.foreign(Role::Text, &endpoint.id, room).into(),
            2 => look.line(Role::Text, kind_word(endpoint.kind)),
            3 if endpoint.state == "available" => look.line(Role::Text, "available"),
            3 => look.foreign(Role::Warn, &endpoint.state, room).into(),
            4 => look.verdict(standing, &crate::widget::text::clean(&policy_words(endpoint), room.saturating_sub(2))),
            _ => look.line(Role::Dim, reaches(endpoint)),
        };
    }
    let Some((network, vpc)) = vpc(ctx, row) else { return Line::default() };
    match column {
        0 => look.foreign(Role::Text, &vpc.id, room).into(),
        1 if network.endpoints.seen.is_none() => look.verdict(Verdict::Unknown, "not read"),
        1 => look.line(Role::Dim, "none"),
        4 => match vpc_standing(network, vpc) {
            Verdict::Warn => look.verdict(Verdict::Warn, "in use, none here"),
            Verdict::Unknown => look.verdict(Verdict::Unknown, "in use?"),
            standing => look.verdict(standing, "not in use"),
        },
        _ => Line::default(),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    if column == 6 {
        return scope(row).map_or(Key::Missing, |scope| Key::text(&scope.region));
    }
    match (endpoint(ctx, row), vpc(ctx, row)) {
        (Some(endpoint), _) => match column {
            0 => Key::text(&endpoint.vpc),
            1 => Key::text(&endpoint.id),
            2 => Key::text(kind_word(endpoint.kind)),
            3 => Key::text(&endpoint.state),
            4 => Key::Number(standing(ctx, endpoint).rank().into()),
            _ => Key::Number(i64::try_from(endpoint.route_tables.len() + endpoint.subnets.len()).unwrap_or(i64::MAX)),
        },
        (_, Some((_, vpc))) if column == 0 => Key::text(&vpc.id),
        _ => Key::Missing,
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let answered = ctx.store.estate().networks.values().filter(|network| network.endpoints.seen.is_some()).count();
    format!("no endpoints and no VPCs: EC2 answered in {answered} of {} scopes", ctx.store.estate().scopes.len())
}

/// An endpoint with its policy in plain words and the route tables it is in.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, scope: &Scope, id: &str) -> Option<Doc> {
    let network = ctx.store.estate().networks.get(scope)?;
    let endpoint = network.endpoints.value()?.iter().find(|endpoint| endpoint.id == id)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let to_vpc = Some(Screen::Detail(Thing::Vpc(scope.clone(), endpoint.vpc.clone())));
    doc.field(ctx, "endpoint", &endpoint.id);
    doc.field_to(ctx, "VPC", &endpoint.vpc, to_vpc);
    doc.field(ctx, "service", &endpoint.service);
    doc.field(ctx, "type", kind_word(endpoint.kind));
    doc.field(ctx, "state", &endpoint.state);
    if let Some(dns) = endpoint.private_dns {
        doc.field(ctx, "private DNS", if dns { "on" } else { "off" });
    }
    if !endpoint.security_groups.is_empty() {
        doc.field(ctx, "groups", &endpoint.security_groups.join(", "));
    }
    if let Some(seen) = &network.endpoints.seen {
        doc.field(
            ctx,
            "read",
            &format!("{} by {}, request {}", look.full(ctx.now, seen.at), seen.call.operation, seen.call.request_id),
        );
    }
    doc.gap();
    doc.section(ctx, "policy in plain words", &ctx.look.keys.fill("{raw} shows the document"));
    let words = match endpoint.policy.as_deref().map(Document::parse) {
        None => vec!["not told by EC2".to_owned()],
        Some(Ok(document)) => describe(&document),
        Some(Err(error)) => vec![format!("not understood: {error}")],
    };
    for sentence in &words {
        doc.field(ctx, "", sentence);
    }
    doc.gap();
    routes(ctx, network, endpoint, &mut doc);
    judgements(ctx, &endpoint.id, &mut doc);
    Some(doc)
}

fn routes(ctx: &Ctx<'_>, network: &Network, endpoint: &Endpoint, doc: &mut Doc) {
    if endpoint.kind != EndpointKind::Gateway {
        doc.section(ctx, "subnets", "");
        for subnet in &endpoint.subnets {
            doc.field(ctx, "subnet", subnet);
        }
        return;
    }
    doc.section(ctx, "route tables", "a gateway endpoint reaches the subnets that its route tables serve");
    if let Some(reason) = network.route_tables.unknown_reason() {
        doc.field(ctx, "unknown", &reason);
    }
    for id in &endpoint.route_tables {
        let known = network.route_tables.value().into_iter().flatten().find(|table| table.id == *id);
        let serves = match known {
            Some(table) if table.main => format!("{id}: the main one, and {} subnets by name", table.subnets.len()),
            Some(table) => format!("{id}: {} subnets", table.subnets.len()),
            None => format!("{id}: not read"),
        };
        doc.field(ctx, "route table", &serves);
    }
    if endpoint.route_tables.is_empty() {
        doc.push(ctx.look.verdict(Verdict::Warn, "in no route table: nothing goes through it"));
    }
}

fn judgements(ctx: &Ctx<'_>, id: &str, doc: &mut Doc) {
    let mut about: Vec<_> = ctx.store.judgements().filter(|one| one.resource.rsplit('/').next() == Some(id)).collect();
    about.sort_by_key(|one| one.verdict.rank());
    if !about.is_empty() {
        doc.gap();
        doc.section(ctx, "controls", "");
    }
    for one in about {
        super::table::judgement_line(ctx, one, doc);
    }
}

/// A VPC: its endpoints, and what lives in it.
#[must_use]
pub fn vpc_detail(ctx: &Ctx<'_>, scope: &Scope, id: &str) -> Option<Doc> {
    let network = ctx.store.estate().networks.get(scope)?;
    let vpc = network.vpcs.value()?.iter().find(|vpc| vpc.id == id)?;
    let mut doc = Doc::default();
    doc.field(ctx, "VPC", &vpc.id);
    doc.field(ctx, "scope", &scope.to_string());
    doc.field(ctx, "addresses", vpc.cidr.as_deref().unwrap_or("not told"));
    doc.field(ctx, "default", if vpc.is_default { "yes" } else { "no" });
    let count = |cell: Option<usize>| cell.map_or("?".to_owned(), |count| count.to_string());
    let interfaces =
        network.interfaces.value().map(|all| all.iter().filter(|one| one.vpc.as_deref() == Some(id)).count());
    let subnets = network.subnets.value().map(|all| all.iter().filter(|one| one.vpc == id).count());
    doc.field(ctx, "hosts", &format!("{} network interfaces in {} subnets", count(interfaces), count(subnets)));
    for (key, value) in &vpc.tags {
        doc.field(ctx, "tag", &format!("{key} = {value}"));
    }
    doc.gap();
    doc.section(ctx, "endpoints", "of every service");
    if let Some(reason) = Cell::unknown_reason(&network.endpoints) {
        doc.field(ctx, "unknown", &reason);
    }
    for endpoint in network.endpoints.value().into_iter().flatten().filter(|endpoint| endpoint.vpc == id) {
        let line = vec![
            ctx.look.foreign(Role::Accent, &format!("   {}  ", endpoint.id), 40),
            ctx.look.foreign(Role::Text, &format!("{}  ", endpoint.service), 50),
            ctx.look.foreign(Role::Dim, &endpoint.state, 20),
        ];
        doc.link(line, Screen::Detail(Thing::Endpoint(scope.clone(), endpoint.id.clone())));
    }
    judgements(ctx, id, &mut doc);
    Some(doc)
}
