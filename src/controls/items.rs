//! DET-20: whether somebody is told of calls on items.

use hashbrown::HashMap;
use serde_json::Value;

use crate::model::{Arn, Estate, ITEM_CALLS, ItemCall, Judgement, Scope, SourceError, Table};

use super::draft::{Draft, by_class, class, settle, unread};
use super::metric_filter::{Filter, Parts};
use super::{Baseline, Control, Judge, logging};

const FILTERS: &str = "logs:DescribeMetricFilters";
const ALARMS: &str = "cloudwatch:DescribeAlarms";

/// DET-20.
pub(super) const DET_20: &Control = &Control {
    id: "DET-20",
    operations: &[
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        FILTERS,
        ALARMS,
        "dynamodb:ListTagsOfResource",
    ],
    blind: "rules of EventBridge on item-level calls, a SIEM that reads the bucket, who is told, whether an alarm's \
            threshold is ever reached, and the calls that a filter leaves out",
    judge: Judge::Table(told_of_items),
};

fn told_of_items(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_told_of_items(estate, baseline, table)), unread(table))
}

/// What CloudTrail writes of a call on a table's items, as far as it is the same of every such call.
struct OnItems<'a> {
    call: ItemCall,
    table: &'a str,
}

impl Parts for OnItems<'_> {
    fn part(&self, path: &str) -> Option<Value> {
        Some(match path {
            "eventSource" => "dynamodb.amazonaws.com".into(),
            "eventName" => self.call.name.into(),
            "eventCategory" => "Data".into(),
            "managementEvent" => false.into(),
            "eventType" => "AwsApiCall".into(),
            "requestParameters.tableName" if self.call.names_table => self.table.into(),
            _ => return None,
        })
    }
}

/// A call on something else: a filter that takes it as well is not about items.
struct Elsewhere;

impl Parts for Elsewhere {
    fn part(&self, path: &str) -> Option<Value> {
        Some(match path {
            "eventSource" => "sts.amazonaws.com".into(),
            "eventName" => "GetCallerIdentity".into(),
            "eventCategory" => "Management".into(),
            "managementEvent" => true.into(),
            "eventType" => "AwsApiCall".into(),
            _ => return None,
        })
    }
}

/// How a filter takes calls on a table's items.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Takes {
    No,
    /// Among all kinds of calls.
    Among,
    /// Some of them: it asks for more than is known of a call beforehand.
    Some,
    Surely,
}

/// What of a table's calls arrives: a filter of what nobody records takes nothing.
#[derive(Clone, Copy)]
struct Arrives<'a> {
    table: &'a str,
    reads: bool,
    writes: bool,
}

fn takes(filter: &Filter, Arrives { table, reads, writes }: Arrives<'_>) -> Takes {
    let of = |call: &ItemCall| filter.takes(&OnItems { call: *call, table });
    let recorded = ITEM_CALLS.iter().filter(|call| call.reads && reads || call.writes && writes);
    let best = recorded.map(of).max_by_key(|taken| match taken {
        Some(true) => 2,
        None => 1,
        Some(false) => 0,
    });
    match best {
        None | Some(Some(false)) => Takes::No,
        _ if filter.takes(&Elsewhere) != Some(false) => Takes::Among,
        Some(Some(true)) => Takes::Surely,
        Some(None) => Takes::Some,
    }
}

/// A log group's filters, read once an answer.
type Filters = HashMap<String, Vec<(usize, Option<Filter>)>>;

fn filters(rows: &[Value]) -> Filters {
    let mut found = Filters::new();
    for (at, row) in rows.iter().enumerate() {
        let (Some(group), Some(pattern)) = (row["logGroupName"].as_str(), row["filterPattern"].as_str()) else {
            continue;
        };
        found.entry(group.to_owned()).or_default().push((at, Filter::parse(pattern)));
    }
    found
}

/// Where the alarms on a metric stand, by its namespace and name.
type OnMetric = HashMap<(String, String), Vec<usize>>;

fn on_metric(alarms: &[Value]) -> OnMetric {
    let mut found = OnMetric::new();
    for (at, alarm) in alarms.iter().enumerate() {
        for metric in super::alarms::metrics(alarm) {
            if let (Some(space), Some(name)) = (metric["Namespace"].as_str(), metric["MetricName"].as_str()) {
                found.entry((space.to_owned(), name.to_owned())).or_default().push(at);
            }
        }
    }
    found
}

/// What stands between a table's calls and somebody who is told, worst first.
#[derive(Default)]
struct Lacks<'a> {
    /// What could not be read, and why.
    unread: Option<(&'static str, Option<&'a SourceError>)>,
    unsure: Option<String>,
    /// Nearly: an alarm that tells nobody, a filter without one.
    nearly: Option<String>,
    /// A trail that records them, and sends them nowhere that alarms look.
    unwatched: Option<String>,
}

fn judge_told_of_items(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_20, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, DET_20.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, list) = draft.need("DescribeTrails", estate.trail_lists.get(&table.scope))?;
    draft.saw(list, [format!("trailList={}", list.value)]);
    let mut lacks = Lacks::default();
    for of in logging::recordings(estate, table) {
        let trail = of.trail;
        let Some(selectors) = &trail.selectors.seen else {
            lacks.unread = Some(("GetEventSelectors", trail.selectors.error()));
            continue;
        };
        if !of.reads && !of.writes && of.conditions.is_empty() {
            continue;
        }
        draft.saw(selectors, [format!("{}: records its item-level events", trail.name)]);
        match trail.status.value() {
            None => {
                lacks.unread = Some(("GetTrailStatus", trail.status.error()));
                continue;
            }
            Some(status) if !status.logging => {
                lacks.nearly = Some(format!("trail {} would record it, but does not log", trail.name));
                continue;
            }
            Some(_) => {}
        }
        let Some(group) = &trail.log_group else {
            lacks.unwatched = Some(format!("trail {} sends them to a bucket alone", trail.name));
            continue;
        };
        let region = trail.home_region.clone().unwrap_or_else(|| trail.scope.region.clone());
        let home = Scope { region, ..trail.scope.clone() };
        let foreign = Arn::parse(group).is_some_and(|arn| arn.account != home.account);
        if foreign || !estate.scopes.contains(&home) {
            lacks.unsure = Some(format!("log group {group} lies where nothing is polled"));
            continue;
        }
        // Conditions let some through, of either kind.
        let some = !of.conditions.is_empty();
        let arrives = Arrives { table: &table.name, reads: of.reads || some, writes: of.writes || some };
        let name = group.split(":log-group:").nth(1).unwrap_or(group).trim_end_matches(":*");
        let (told, rest) = watched(draft, estate, &home, (name, arrives), &mut lacks)?;
        draft = rest;
        if let Some(told) = told {
            return Ok(draft.pass(told));
        }
    }
    if let Some((what, error)) = lacks.unread {
        return Ok(draft.unknown(what, error));
    }
    if let Some(why) = lacks.unsure {
        return Ok(draft.unclear(why));
    }
    let why = lacks.nearly.or(lacks.unwatched);
    let told = why.map_or_else(
        || "no trail that was read records its item-level events: nobody can be told of them".to_owned(),
        |why| format!("nobody is told of calls on its items: {why}"),
    );
    Ok(draft.fail(told))
}

/// The alarm that looks at calls on a table's items in a log group, in words; else what it lacks is noted.
fn watched<'a>(
    draft: Draft,
    estate: &'a Estate,
    home: &Scope,
    (group, arrives): (&str, Arrives<'_>),
    lacks: &mut Lacks<'a>,
) -> Result<(Option<String>, Draft), Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, home, FILTERS, "")?;
    let rows = seen.value["metricFilters"].as_array().map_or(&[][..], Vec::as_slice);
    let read = estate.memo.of(home, FILTERS, "items", || filters(rows));
    let mut found: Vec<(Takes, &Value)> = Vec::new();
    for (at, filter) in read.get(group).into_iter().flatten() {
        let Some(row) = rows.get(*at) else { continue };
        let name = row["filterName"].as_str().unwrap_or("?");
        match filter {
            Some(filter) => found.push((takes(filter, arrives), row)),
            None => lacks.unsure = Some(format!("the pattern of metric filter {name} could not be followed")),
        }
    }
    found.retain(|(takes, _)| *takes != Takes::No);
    found.sort_by_key(|(takes, _)| std::cmp::Reverse(*takes));
    if found.is_empty() {
        draft.saw(seen, [format!("metricFilters of {group}: none takes calls on its items")]);
        lacks.unwatched = Some(format!("no metric filter of log group {group} takes them"));
        return Ok((None, draft));
    }
    let (mut draft, alarms) = draft.answer(estate, home, ALARMS, "")?;
    let all = alarms.value["MetricAlarms"].as_array().map_or(&[][..], Vec::as_slice);
    let on = estate.memo.of(home, ALARMS, "metrics", || on_metric(all));
    for (how, row) in found {
        let name = row["filterName"].as_str().unwrap_or("?");
        draft.saw(seen, [format!("metricFilters[{name}].filterPattern={}", row["filterPattern"])]);
        if how == Takes::Among {
            let why = format!("metric filter {name} counts them among calls of all kinds");
            lacks.nearly.get_or_insert(why);
            continue;
        }
        let metrics = row["metricTransformations"].as_array().into_iter().flatten();
        let named = metrics.filter_map(|of| Some((of["metricNamespace"].as_str()?, of["metricName"].as_str()?)));
        let named: Vec<_> = named.map(|(space, metric)| (space.to_owned(), metric.to_owned())).collect();
        let its = named.iter().filter_map(|metric| on.get(metric)).flatten().filter_map(|at| all.get(*at));
        let mut why = format!("no alarm looks at what metric filter {name} counts");
        for alarm in its {
            let of = alarm["AlarmName"].as_str().unwrap_or("?");
            let acts = alarm["AlarmActions"].as_array().map(|of| !of.is_empty());
            draft.saw(alarms, [format!("MetricAlarms[{of}].ActionsEnabled={}", alarm["ActionsEnabled"])]);
            match (alarm["ActionsEnabled"].as_bool(), acts) {
                (Some(true), Some(true)) => {
                    let some = if how == Takes::Some { " under its conditions" } else { "" };
                    let told = format!("alarm {of} tells of calls on its items that filter {name} takes{some}");
                    return Ok((Some(told), draft));
                }
                (Some(false), _) => why = format!("the actions of alarm {of} are off"),
                (Some(true), Some(false)) => why = format!("alarm {of} tells nobody"),
                _ => lacks.unsure = Some(format!("the answer does not say whether alarm {of} acts")),
            }
        }
        lacks.nearly = Some(why);
    }
    Ok((None, draft))
}
