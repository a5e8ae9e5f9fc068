//! Alarms: whether numbers and logged calls are looked at by something that tells somebody.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::model::{Arn, Estate, Judgement, Scope, Table, Trail};

use super::draft::{Draft, asked_in, by_class, class, settle, unread};
use super::{Baseline, Control, Judge, trails};

const ALARMS: &str = "cloudwatch:DescribeAlarms";
const FILTERS: &str = "logs:DescribeMetricFilters";
const STORES: &str = "cloudtrail:ListEventDataStores";
const STORE: &str = "cloudtrail:GetEventDataStore";

/// DET-14.
pub(super) const DET_14: &Control = &Control {
    id: "DET-14",
    operations: &[ALARMS, "dynamodb:ListTagsOfResource"],
    blind: "who is told, composite alarms, and alarms on DAX; CloudWatch counts errors of users by account, not by table",
    judge: Judge::Table(alarmed),
};

fn alarmed(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_alarmed(estate, baseline, table)), unread(table))
}

/// What an alarm on a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Errors,
    Throttling,
}

fn judge_alarmed(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_14, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, DET_14.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.answer(estate, &table.scope, ALARMS, "")?;
    let (mut held, mut mute, mut unsure) = (BTreeSet::new(), None, None);
    let alarms = seen.value["MetricAlarms"].as_array().map_or(&[][..], Vec::as_slice);
    let looked_at = estate.memo.of(&table.scope, ALARMS, "", || looked_at(alarms));
    let mut its: BTreeMap<usize, Vec<About>> = BTreeMap::new();
    for (at, about) in [EVERY, &table.name].into_iter().filter_map(|of| looked_at.get(of)).flatten() {
        its.entry(*at).or_default().push(*about);
    }
    for (alarm, about) in its.into_iter().filter_map(|(at, about)| Some((alarms.get(at)?, about))) {
        let name = alarm["AlarmName"].as_str().unwrap_or("?");
        let acts = alarm["AlarmActions"].as_array().map(|of| !of.is_empty());
        let on = alarm["ActionsEnabled"].as_bool();
        draft.saw(seen, [format!("MetricAlarms[{name}].ActionsEnabled={}", alarm["ActionsEnabled"])]);
        match (on, acts) {
            (Some(true), Some(true)) => held.extend(about),
            (Some(false), _) => mute = mute.or(Some(format!("the actions of alarm {name} are off"))),
            (Some(true), Some(false)) => mute = mute.or(Some(format!("alarm {name} tells nobody"))),
            _ => unsure = unsure.or(Some(format!("the answer does not say whether alarm {name} acts"))),
        }
    }
    let missing = match (held.contains(&About::Errors), held.contains(&About::Throttling)) {
        (true, true) => return Ok(draft.pass("alarms look at its errors and at throttling")),
        (true, false) => "no alarm looks at throttling",
        (false, true) => "no alarm looks at its errors",
        (false, false) => "no alarm looks at its errors or at throttling",
    };
    if let Some(why) = unsure {
        return Ok(draft.unclear(why));
    }
    if mute.is_none() {
        draft.saw(seen, [format!("MetricAlarms: {missing}")]);
    }
    Ok(draft.warn(mute.map_or_else(|| missing.to_owned(), |why| format!("{missing}: {why}"))))
}

/// The metrics that an alarm is on: one, or those of its expressions.
pub(super) fn metrics(alarm: &Value) -> Vec<&Value> {
    let parts = alarm["Metrics"].as_array().into_iter().flatten();
    std::iter::once(alarm).chain(parts.filter_map(|part| part.pointer("/MetricStat/Metric"))).collect()
}

/// The name under which [`looked_at`] keeps what is about every table; no table can be called so.
const EVERY: &str = "";

/// Which alarms look at which table, and at what of it.
fn looked_at(alarms: &[Value]) -> HashMap<String, Vec<(usize, About)>> {
    let mut found: HashMap<String, Vec<(usize, About)>> = HashMap::new();
    for (at, alarm) in alarms.iter().enumerate() {
        for (about, tables) in metrics(alarm).into_iter().filter_map(about) {
            for table in tables {
                found.entry(table.to_owned()).or_default().push((at, about));
            }
        }
    }
    found
}

/// What a metric is about, and the tables it is of.
fn about(metric: &Value) -> Option<(About, Vec<&str>)> {
    let (space, name) = (metric["Namespace"].as_str()?, metric["MetricName"].as_str()?);
    if space != "AWS/DynamoDB" {
        return None;
    }
    let about = match name {
        "UserErrors" | "SystemErrors" => About::Errors,
        name if name.contains("Throttle") => About::Throttling,
        _ => return None,
    };
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    let tables = dimensions.filter(|of| of["Name"].as_str() == Some("TableName"));
    let mut tables: Vec<&str> = tables.filter_map(|of| of["Value"].as_str()).collect();
    // Errors of users are counted for the whole account: AWS gives them no table.
    if name == "UserErrors" && tables.is_empty() {
        tables.push(EVERY);
    }
    Some((about, tables))
}

/// LOG-10.
pub(super) const LOG_10: &Control = &Control {
    id: "LOG-10",
    operations: &[
        "cloudtrail:DescribeTrails",
        FILTERS,
        STORES,
        STORE,
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "whether a metric filter has its alarm, and what reads the bucket: a SIEM is known to its owner alone",
    judge: Judge::Estate(fed),
};

fn fed(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    trails::each(LOG_10, estate, &|estate, draft, trail| judge_fed(estate, baseline, draft, trail))
}

fn judge_fed(estate: &Estate, baseline: &Baseline, draft: Draft, trail: &Trail) -> Result<Judgement, Box<Judgement>> {
    let home = Scope { region: trail.home_region.clone().unwrap_or(trail.scope.region.clone()), ..trail.scope.clone() };
    let here = |of: &Scope| of.account == home.account && (trail.multi_region || of.region == home.region);
    let (class, unread) = asked_in(estate, baseline, LOG_10, here);
    if class.is_none() {
        return Ok(draft.not_applicable("no table that it covers states a class that asks for it"));
    }
    if !estate.scopes.contains(&home) {
        return Ok(
            draft.unclear(format!("what it feeds is read in its home region, and {} is not polled", home.region))
        );
    }
    if let Some(group) = &trail.log_group {
        let arn = Arn::parse(group);
        if arn.as_ref().is_some_and(|arn| arn.account != home.account) {
            return Ok(draft.unclear(format!("its log group lies in another account: {group}")));
        }
        let name = group.split(":log-group:").nth(1).unwrap_or(group).trim_end_matches(":*");
        let (mut draft, seen) = draft.answer(estate, &home, FILTERS, "")?;
        let all = seen.value["metricFilters"].as_array().into_iter().flatten();
        let count = all.filter(|of| of["logGroupName"].as_str() == Some(name)).count();
        draft.saw(seen, [format!("metricFilters of {name}={count}")]);
        return Ok(match count {
            0 => by_class(
                draft.warn(format!("its events go to log group {name}, and no metric filter looks at them")),
                unread,
            ),
            some => draft.pass(format!("its events go to log group {name}, where {some} metric filters look at them")),
        });
    }
    let (mut draft, seen) = draft.answer(estate, &home, STORES, "")?;
    let mut unsure = None;
    for arn in
        seen.value["EventDataStores"].as_array().into_iter().flatten().filter_map(|of| of["EventDataStoreArn"].as_str())
    {
        match Draft::new(LOG_10, &trail.arn).answer(estate, &home, STORE, arn) {
            Err(unknown) => unsure = Some(unknown),
            Ok((_, store)) => {
                let status = store.value["Status"].as_str().unwrap_or("absent");
                draft.saw(store, [format!("EventDataStore[{arn}].Status={status}")]);
                if status == "ENABLED" {
                    return Ok(draft.pass("an event data store can be asked about its events"));
                }
            }
        }
    }
    if let Some(unknown) = unsure {
        return Err(unknown);
    }
    draft.saw(seen, ["CloudWatchLogsLogGroupArn=absent".to_owned()]);
    Ok(by_class(draft.fail("its events go to a bucket alone: no log group, no event data store"), unread))
}
