//! Detective controls that look at trails.

use crate::model::{Clause, Estate, Judgement, Scope, Selector, SourceError, Table, Trail};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, DataEvents, Judge};

/// LOG-01.
pub(super) const LOG_01: &Control = &Control {
    id: "LOG-01",
    operations: &["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"],
    blind: "",
    judge: Judge::Estate(management_trail),
};

fn management_trail(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_scope(estate, scope))).collect()
}

/// The trails that record what happens in a scope.
pub(super) fn covering<'a>(estate: &'a Estate, scope: &'a Scope) -> impl Iterator<Item = &'a Trail> {
    let home = |trail: &&Trail| trail.home_region.as_ref().is_none_or(|region| *region == scope.region);
    estate.trails.values().filter(move |trail| trail.scope == *scope && (trail.multi_region || home(trail)))
}

/// How good a trail is for management events, worst first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Silent,
    Still,
    Unread,
    Partial,
    Whole,
}

fn one_scope(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(LOG_01, scope.to_string());
    let (mut draft, list) = draft.need("DescribeTrails", estate.trail_lists.get(scope))?;
    draft.saw(list, [format!("trailList={}", list.value)]);
    let Some((rank, trail, why)) = covering(estate, scope).map(rank).max_by(|a, b| a.0.cmp(&b.0)) else {
        return Ok(draft.fail("no trail records this region"));
    };
    if let Some(seen) = &trail.status.seen {
        draft.saw(seen, [format!("{}.IsLogging={}", trail.name, seen.value.logging)]);
    }
    if let Some(seen) = &trail.selectors.seen {
        draft.saw(seen, seen.value.iter().map(|of| format!("{}: {} {}", trail.name, of.category, of.read_write)));
    }
    Ok(match rank {
        Rank::Whole => draft.pass(format!("{} records all management events", trail.name)),
        Rank::Partial => draft.warn(format!("{}: {why}", trail.name)),
        Rank::Unread if trail.organization => draft.warn(format!("organization trail {}: {why}", trail.name)),
        Rank::Unread => {
            let (draft, _) = draft.need("GetTrailStatus", Some(&trail.status))?;
            let (draft, _) = draft.need("GetEventSelectors", Some(&trail.selectors))?;
            draft.unclear(why)
        }
        Rank::Silent | Rank::Still => draft.fail(format!("{}: {why}", trail.name)),
    })
}

fn rank(trail: &Trail) -> (Rank, &Trail, &'static str) {
    let Some(status) = trail.status.value() else { return (Rank::Unread, trail, "its status could not be read") };
    if !status.logging {
        return (Rank::Still, trail, "it does not log");
    }
    let Some(selectors) = trail.selectors.value() else {
        return (Rank::Unread, trail, "its selectors could not be read");
    };
    let management: Vec<&Selector> = selectors.iter().filter(|of| of.category == "Management").collect();
    let Some(best) =
        management.iter().find(|of| of.conditions.is_empty() && of.read_write == "All").or(management.first())
    else {
        return (Rank::Silent, trail, "it records no management events");
    };
    if !best.conditions.is_empty() {
        (Rank::Partial, trail, "conditions leave management events out")
    } else if best.read_write != "All" {
        (Rank::Partial, trail, "it records only reads or only writes")
    } else if !trail.multi_region {
        (Rank::Partial, trail, "it records this region alone")
    } else {
        (Rank::Whole, trail, "")
    }
}

/// LOG-02.
pub(super) const LOG_02: &Control = &Control {
    id: "LOG-02",
    operations: &[
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "CloudTrail Lake's event data stores are not read; time-to-live deletions and reads through DAX are never logged",
    judge: Judge::Table(data_events),
};

fn data_events(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_data_events(estate, baseline, table)), unread(table))
}

/// What the trails that were read record of one table.
#[derive(Default)]
struct Seen<'a> {
    reads: bool,
    writes: bool,
    filtered: bool,
    still: Option<&'a str>,
    unread: Option<(&'static str, Option<&'a SourceError>)>,
}

fn judge_data_events(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(LOG_02, &table.arn);
    let (class, _) = class(estate, table);
    if baseline.of(class).data_events < DataEvents::ReadWrite {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, list) = draft.need("DescribeTrails", estate.trail_lists.get(&table.scope))?;
    draft.saw(list, [format!("trailList={}", list.value)]);
    let mut found = Seen::default();
    for trail in covering(estate, &table.scope) {
        look(&mut found, &mut draft, trail, &table.arn);
    }
    Ok(match found {
        Seen { reads: true, writes: true, .. } => draft.pass("reads and writes are recorded"),
        Seen { unread: Some((what, error)), .. } => draft.unknown(what, error),
        Seen { writes: true, .. } => draft.warn("writes are recorded, reads are not"),
        Seen { reads: true, .. } => draft.warn("reads are recorded, writes are not"),
        Seen { filtered: true, .. } => draft.warn("conditions leave some actions out"),
        Seen { still: Some(trail), .. } => draft.warn(format!("trail {trail} would record it, but does not log")),
        _ => draft.fail("no trail records its item-level events"),
    })
}

fn look<'a>(found: &mut Seen<'a>, draft: &mut Draft, trail: &'a Trail, arn: &str) {
    let Some(seen) = &trail.selectors.seen else {
        found.unread = Some(("GetEventSelectors", trail.selectors.error()));
        return;
    };
    let matching: Vec<(&Selector, Match)> = seen.value.iter().filter_map(|of| data_of(of, arn)).collect();
    if matching.is_empty() {
        return;
    }
    draft.saw(seen, matching.iter().map(|(of, _)| format!("{}: {} {}", trail.name, of.category, of.read_write)));
    match trail.status.value() {
        None => {
            found.unread = Some(("GetTrailStatus", trail.status.error()));
            return;
        }
        Some(status) if !status.logging => {
            found.still = Some(&trail.name);
            return;
        }
        Some(_) => {}
    }
    for (of, how) in matching {
        if how == Match::Some {
            found.filtered = true;
            continue;
        }
        found.reads |= of.read_write != "WriteOnly";
        found.writes |= of.read_write != "ReadOnly";
    }
}

/// What one trail records of a table's items.
#[derive(Debug)]
pub struct Recording<'a> {
    /// The trail.
    pub trail: &'a Trail,
    /// All reads.
    pub reads: bool,
    /// All writes.
    pub writes: bool,
    /// Conditions that let only some of them through.
    pub conditions: Vec<&'a str>,
}

/// Every trail that covers the table's region, with what it records of the table's items while it logs. Of a trail
/// whose selectors were not read, nothing is known: its cell says so.
#[must_use]
pub fn recordings<'a>(estate: &'a Estate, table: &'a Table) -> Vec<Recording<'a>> {
    let of = |trail: &'a Trail| {
        let mut found = Recording { trail, reads: false, writes: false, conditions: Vec::new() };
        for (of, how) in trail.selectors.value().into_iter().flatten().filter_map(|of| data_of(of, &table.arn)) {
            if how == Match::Some {
                found.conditions.extend(of.conditions.iter().map(String::as_str));
                continue;
            }
            found.reads |= of.read_write != "WriteOnly";
            found.writes |= of.read_write != "ReadOnly";
        }
        found
    };
    covering(estate, &table.scope).map(of).collect()
}

/// A selector of data events that takes a table, and how.
fn data_of<'a>(of: &'a Selector, arn: &str) -> Option<(&'a Selector, Match)> {
    let tables = of.resource_types.is_empty() || of.resource_types.iter().any(|of| of == "AWS::DynamoDB::Table");
    let how = if of.category == "Data" && tables { matches(of, arn) } else { Match::No };
    (how != Match::No).then_some((of, how))
}

/// How a selector's conditions take a table.
#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) enum Match {
    No,
    /// Some of its events.
    Some,
    All,
}

/// How a selector takes a table.
pub(super) fn matches(selector: &Selector, arn: &str) -> Match {
    let mut how = Match::All;
    for Clause { field, operator, values, .. } in selector.clauses() {
        if !field.eq_ignore_ascii_case("resources.ARN") {
            how = Match::Some;
            continue;
        }
        let holds = match operator.trim_start_matches("Not") {
            "Equals" => values.contains(&arn),
            "StartsWith" => values.iter().any(|value| arn.starts_with(value)),
            "EndsWith" => values.iter().any(|value| arn.ends_with(value)),
            _ => {
                how = Match::Some;
                continue;
            }
        };
        if holds == operator.starts_with("Not") {
            return Match::No;
        }
    }
    how
}
