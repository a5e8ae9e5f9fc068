//! Detective controls that ask what trails record beside the calls on tables: reads of streams, refusals of endpoints.

use crate::model::{Clause, Endpoint, Estate, Judgement, Scope, Selector, SourceError, Table, Trail};

use super::draft::{Draft, by_class, class, settle, strictest_in, unread};
use super::logging::{Match, covering, matches};
use super::network::each_endpoint;
use super::trails::logging;
use super::{Baseline, Control, DataEvents, Judge};

/// LOG-03.
pub(super) const LOG_03: &Control = &Control {
    id: "LOG-03",
    operations: &[
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "CloudTrail Lake's event data stores are not read",
    judge: Judge::Table(stream_reads),
};

fn stream_reads(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_stream_reads(estate, baseline, table)), unread(table))
}

/// What the trails say about reads of one stream, worst first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reads<'a> {
    None,
    Still(&'a str),
    Some(&'a str, &'a str),
    All(&'a str),
}

fn judge_stream_reads(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(LOG_03, &table.arn);
    let (class, _) = class(estate, table);
    if baseline.of(class).data_events < DataEvents::ReadWriteStreamsNetwork {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, described) = draft.need("DescribeTable", Some(&table.description))?;
    let Some(view) = &described.value.stream_view else { return Ok(draft.not_applicable("its stream is off")) };
    draft.saw(described, [format!("Table.StreamSpecification.StreamViewType={view}")]);
    let (mut draft, list) = draft.need("DescribeTrails", estate.trail_lists.get(&table.scope))?;
    draft.saw(list, [format!("trailList={}", list.value)]);
    let stream = described.value.stream_arn.as_deref().unwrap_or(&table.arn);
    let (mut best, mut unread) = (Reads::None, None::<(&str, Option<&SourceError>)>);
    for trail in covering(estate, &table.scope) {
        let Some(seen) = &trail.selectors.seen else {
            unread = Some(("GetEventSelectors", trail.selectors.error()));
            continue;
        };
        for selector in &seen.value {
            let found = match reads_of(selector, &table.arn, stream) {
                None => continue,
                Some(_) if logging(trail).is_none() => {
                    unread = Some(("GetTrailStatus", trail.status.error()));
                    continue;
                }
                Some(_) if logging(trail) == Some(false) => Reads::Still(&trail.name),
                Some(None) => Reads::All(&trail.name),
                Some(Some(only)) => Reads::Some(&trail.name, only),
            };
            draft.saw(seen, [format!("{}: {} {}", trail.name, selector.category, selector.resource_types.join(", "))]);
            best = best.max(found);
        }
    }
    Ok(match (best, unread) {
        (Reads::All(trail), _) => draft.pass(format!("{trail} records GetRecords on its stream")),
        (_, Some((what, error))) => draft.unknown(what, error),
        (Reads::Some(trail, only), None) => {
            draft.warn(format!("{trail} records GetRecords on its stream only where {only}"))
        }
        (Reads::Still(trail), None) => draft.warn(format!("{trail} would record GetRecords, but does not log")),
        (Reads::None, None) => draft.fail(format!("its stream carries {view}, and no trail records who reads it")),
    })
}

/// Whether a selector takes `GetRecords` on a stream: `Some(None)` always, `Some(condition)` under a condition.
///
/// An event on a stream names the stream and its table, so that a selector for tables takes it too, unless it leaves
/// the event's name out.
fn reads_of<'a>(selector: &'a Selector, table: &str, stream: &str) -> Option<Option<&'a str>> {
    let names = |kind: &str| selector.resource_types.iter().any(|of| of == kind);
    let (tables, streams) = (names("AWS::DynamoDB::Table"), names("AWS::DynamoDB::Stream"));
    if selector.category != "Data"
        || selector.read_write == "WriteOnly"
        || !(tables || streams || selector.resource_types.is_empty())
    {
        return None;
    }
    let arns = Selector {
        conditions: selector.conditions.iter().filter(|of| of.starts_with("resources.ARN")).cloned().collect(),
        ..selector.clone()
    };
    let takes = |arn| matches(&arns, arn) != Match::No;
    if !(streams && takes(stream) || !streams && (takes(table) || takes(stream))) {
        return None;
    }
    let mut only = None;
    for Clause { words, field, operator, values } in selector.clauses().filter(|of| of.field != "resources.ARN") {
        let named = values.contains(&"GetRecords");
        match (field, operator) {
            ("eventName", "NotEquals") if named => return None,
            ("eventName", "Equals") if !named => return None,
            ("eventName", "Equals" | "NotEquals") => {}
            _ => only = Some(words),
        }
    }
    Some(only)
}

/// LOG-04.
pub(super) const LOG_04: &Control = &Control {
    id: "LOG-04",
    operations: &[
        "ec2:DescribeVpcEndpoints",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "CloudTrail Lake's event data stores are not read",
    judge: Judge::Estate(refusals),
};

fn refusals(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let told = |of: &Endpoint| vec![format!("VpcEndpoints[].VpcEndpointId={}", of.id)];
    each_endpoint(LOG_04, estate, told, |draft, scope, _, of| {
        settle(one_endpoint(estate, baseline, scope, draft, &of.id))
    })
}

fn one_endpoint(
    estate: &Estate,
    baseline: &Baseline,
    scope: &Scope,
    draft: Draft,
    id: &str,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, list) = draft.need("DescribeTrails", estate.trail_lists.get(scope))?;
    draft.saw(list, [format!("trailList={}", list.value)]);
    let (mut still, mut partly, mut unread) = (None, None, None::<(&str, Option<&SourceError>)>);
    for trail in covering(estate, scope) {
        let Some(seen) = &trail.selectors.seen else {
            unread = Some(("GetEventSelectors", trail.selectors.error()));
            continue;
        };
        for selector in &seen.value {
            let Some(only) = network_activity(selector, id) else { continue };
            match logging(trail) {
                None => unread = Some(("GetTrailStatus", trail.status.error())),
                Some(false) => still = Some(trail),
                Some(true) => {
                    draft.saw(seen, [format!("{}: NetworkActivity {}", trail.name, selector.conditions.join("; "))]);
                    match only {
                        None => return Ok(draft.pass(format!("{} records what this endpoint refuses", trail.name))),
                        Some(only) => partly = Some((trail, only)),
                    }
                }
            }
        }
    }
    if let Some((what, error)) = unread {
        return Ok(draft.unknown(what, error));
    }
    if let Some((trail, only)) = partly {
        return Ok(draft.warn(format!("{} records its refusals only where {only}", trail.name)));
    }
    let idle = |trail: &Trail| format!("{} would record its refusals, but does not log", trail.name);
    let why = still.map_or_else(|| "no trail records network activity of DynamoDB".to_owned(), idle);
    Ok(match strictest_in(estate, |of| of == scope, |_| true) {
        Some((class, unread)) if baseline.of(class).data_events >= DataEvents::ReadWriteStreamsNetwork => {
            match unread {
                None => draft.fail(why),
                Some(error) => draft.unknown("data class, from tags", error),
            }
        }
        _ => draft.not_applicable(format!("{why}; no table here states a class that asks for it")),
    })
}

/// Whether a selector takes the refusals of an endpoint: `Some(None)` always, `Some(condition)` under another condition.
fn network_activity<'a>(selector: &'a Selector, endpoint: &str) -> Option<Option<&'a str>> {
    if selector.category != "NetworkActivity" {
        return None;
    }
    let mut only = None;
    for Clause { words, field, operator, values } in selector.clauses() {
        let (wanted, decides) = match field {
            "eventSource" => ("dynamodb.amazonaws.com", true),
            "vpcEndpointId" => (endpoint, true),
            "errorCode" => ("VpceAccessDenied", true),
            _ => ("", false),
        };
        match operator {
            "Equals" if decides && values.contains(&wanted) => {}
            "NotEquals" if decides && !values.contains(&wanted) => {}
            "Equals" | "NotEquals" if decides => return None,
            _ => only = Some(words),
        }
    }
    Some(only)
}
