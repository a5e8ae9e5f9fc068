//! Detective controls that look at accounts: GuardDuty, AWS Config, drift.

use hashbrown::HashMap;
use jiff::SignedDuration;

use crate::model::{Cell, Detector, DriftStatus, Estate, FindingLink, Judgement, Recorder, Scope, SourceError, Table};

use super::data_protection::is_sensitive;
use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// DET-01.
pub(super) const DET_01: &Control = &Control {
    id: "DET-01",
    operations: &["guardduty:ListDetectors", "guardduty:GetDetector", "dynamodb:ListTables"],
    blind: "GuardDuty sees management calls alone: it reads no DynamoDB data events",
    judge: Judge::Estate(guardduty_on),
};

fn guardduty_on(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_guardduty(estate, scope))).collect()
}

fn one_guardduty(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_01, scope.to_string());
    let (mut draft, seen) = draft.need("ListDetectors", estate.detectors.get(scope))?;
    draft.saw(seen, seen.value.iter().map(|of| format!("Detector[{}].Status={}", of.id, enabled_word(of))));
    let tables = estate.populations.get(scope).and_then(Cell::value);
    if let Some(on) = seen.value.iter().find(|of| of.enabled) {
        return Ok(match on.publishing_frequency.as_deref() {
            Some("SIX_HOURS") => draft.warn("on, but findings are exported only every six hours"),
            _ => draft.pass("GuardDuty is on"),
        });
    }
    let state = if seen.value.is_empty() { "GuardDuty has no detector here" } else { "GuardDuty is suspended" };
    Ok(match tables {
        Some(0) => draft.warn(format!("{state}; the region holds no table")),
        Some(_) => draft.fail(state),
        None => {
            let (draft, _) = draft.need("ListTables", estate.populations.get(scope))?;
            draft.unclear(state)
        }
    })
}

fn enabled_word(detector: &Detector) -> &'static str {
    if detector.enabled { "ENABLED" } else { "DISABLED" }
}

/// DET-03.
pub(super) const DET_03: &Control = &Control {
    id: "DET-03",
    operations: &[
        "guardduty:ListDetectors",
        "guardduty:GetDetector",
        "guardduty:ListFindings",
        "guardduty:GetFindings",
        "cloudtrail:LookupEvents",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "the link from a finding to a table is derived from CloudTrail, which lags by up to 15 minutes",
    judge: Judge::Estate(findings_reach),
};

fn findings_reach(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_reach(estate, baseline, scope))).collect()
}

/// From which severity on, in tenths, a finding that surely reaches a table fails, and the error where the table's class
/// could not be read. A table that states no class counts under ISO-01, and here as most do.
fn fails_from<'a>(
    estate: &'a Estate,
    baseline: &Baseline,
    link: &FindingLink,
) -> (f64, Option<Option<&'a SourceError>>) {
    let asked = |class| baseline.of(class).guardduty_fail_severity * 10.0;
    match estate.table_named(&link.scope, &link.table) {
        Some(table) if !estate.is_unclassed(table) => {
            let (class, unread) = class(estate, table);
            (asked(class), unread)
        }
        _ => (f64::from(GRAVE), None),
    }
}

/// GuardDuty's "High", in tenths.
const GRAVE: u16 = 70;

fn one_reach(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_03, scope.to_string());
    let (draft, detectors) = draft.need("ListDetectors", estate.detectors.get(scope))?;
    if !detectors.value.iter().any(|of| of.enabled) {
        return Ok(draft.unclear("GuardDuty is off here, so nothing would be found"));
    }
    let (mut draft, seen) = draft.need("ListFindings", estate.finding_lists.get(scope))?;
    let open = || estate.findings.values().filter(|of| of.scope == *scope && !of.archived && !of.sample);
    draft.saw(seen, [format!("FindingIds={}", seen.value)]);
    let bodies = estate.findings.values().filter(|of| of.scope == *scope).count();
    if bodies < seen.value {
        // Ids without findings: what was not read cannot be judged.
        return Ok(draft.unknown("GetFindings", None));
    }
    let (mut best, mut unread) = (None::<(bool, u16, String)>, None);
    for finding in open().filter(|finding| finding.severity_tenths >= 40) {
        let Some(links) = estate.finding_links.get(&finding.id) else { continue };
        for link in links {
            let grave = finding.severity_tenths >= GRAVE;
            if !link.sure && !grave {
                continue;
            }
            let (from, unclassed) = fails_from(estate, baseline, link);
            let fails = link.sure && f64::from(finding.severity_tenths) >= from;
            let why = format!("{} reaches {}", finding.kind, link.table);
            if fails
                && !grave
                && let Some(error) = unclassed
            {
                // Whether this severity fails already, its class alone says.
                unread = Some((why, error));
                continue;
            }
            let rank = (fails, finding.severity_tenths, why);
            if best.as_ref().is_none_or(|best| (best.0, best.1) < (rank.0, rank.1)) {
                best = Some(rank);
            }
        }
    }
    if let Some((true, _, reason)) = best {
        return Ok(draft.fail(reason));
    }
    if let Some((why, error)) = unread {
        return Ok(draft.unknown(&format!("{why}, whose class is not known: ListTagsOfResource"), error));
    }
    if let Some((_, _, reason)) = best {
        return Ok(draft.warn(reason));
    }
    let grave = || open().filter(|finding| finding.severity_tenths >= GRAVE);
    let searched = estate.events_from.get(scope).copied().flatten();
    let beyond = grave().find(|of| searched.is_none_or(|from| of.last.or(of.updated).is_some_and(|last| last < from)));
    if grave().next().is_some()
        && let Some(error) = estate.events_unread.get(scope)
    {
        // Without events no link could have been found.
        return Ok(draft.unknown("LookupEvents", error.as_ref()));
    }
    if let Some(finding) = beyond {
        return Ok(draft.unclear(format!("the events around {} were not all searched", finding.kind)));
    }
    // How grave such a one is, nobody knows.
    if let Some(reason) = open().find_map(|of| of.broken.as_ref()) {
        return Ok(draft.unclear(format!("a finding could not be understood: {reason}")));
    }
    Ok(draft.pass("no open finding of severity 7 or more leads to a table"))
}

/// DET-09.
pub(super) const DET_09: &Control = &Control {
    id: "DET-09",
    operations: &["config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"],
    blind: "delivery channels are not read; Config records neither deletion protection nor resource policies",
    judge: Judge::Estate(config_records),
};

/// What must be recorded, the table first.
const WANTED: [&str; 5] =
    ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::EC2::VPCEndpoint", "AWS::IAM::Role", "AWS::IAM::Policy"];

fn config_records(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_recorder(estate, scope))).collect()
}

fn one_recorder(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_09, scope.to_string());
    let (mut draft, seen) = draft.need("DescribeConfigurationRecorders", estate.recorders.get(scope))?;
    let told = |of: &Recorder| format!("ConfigurationRecordersStatus[{}].recording={:?}", of.name, of.recording);
    draft.saw(seen, seen.value.iter().map(told));
    let Some(of) = seen.value.iter().find(|of| of.recording == Some(true)) else {
        return Ok(match seen.value.iter().find(|of| of.recording.is_none()) {
            Some(of) => draft.unknown("the recorder's status", of.unread.as_ref()),
            None if seen.value.is_empty() => draft.fail("there is no configuration recorder"),
            None => draft.fail("the configuration recorder stands still"),
        });
    };
    let records = |kind: &&&str| {
        let named = |list: &[String]| list.iter().any(|of| of == **kind);
        named(&of.resource_types) || ((of.all_supported || !of.excluded_types.is_empty()) && !named(&of.excluded_types))
    };
    let missing: Vec<&str> = WANTED.iter().filter(|kind| !records(kind)).copied().collect();
    Ok(if !missing.is_empty() {
        draft.warn(format!("not recorded: {}", missing.join(", ")))
    } else if of.frequency.as_deref() == Some("DAILY") {
        draft.warn("it records once a day: a change may show a day late")
    } else if !of.last_status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("success")) {
        draft.warn(format!("its last delivery: {}", of.last_status.as_deref().unwrap_or("not told")))
    } else {
        draft.pass("it records tables, keys, endpoints, roles and policies")
    })
}

/// DET-12.
pub(super) const DET_12: &Control = &Control {
    id: "DET-12",
    operations: &[
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "cloudformation:DescribeStackResourceDrifts",
        "dynamodb:GetResourcePolicy",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "CloudFormation's drift check does not look at resource policies",
    judge: Judge::Table(drift),
};

fn drift(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_drift(estate, baseline, table)), unread(table))
}

fn judge_drift(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_12, &table.arn);
    let (class, _) = class(estate, table);
    if !is_sensitive(class) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, _) = draft.need("DescribeStacks", estate.stack_lists.get(&table.scope))?;
    let stacked = estate.memo.of(&table.scope, RESOURCES, "", || stacked(estate, &table.scope));
    let found = stacked.by_table.get(&table.name).and_then(|(id, at)| {
        let stack = estate.stacks.get(id)?;
        Some((stack, stack.resources.value()?.get(*at)?))
    });
    let Some((stack, of)) = found else {
        return Ok(match stacked.unread.as_ref().and_then(|id| estate.stacks.get(id)) {
            Some(stack) => {
                let (draft, _) = draft.need(&format!("resources of stack {}", stack.name), Some(&stack.resources))?;
                draft.unclear("the table may be in a stack that was not read")
            }
            None => draft.not_applicable("no CloudFormation stack manages it"),
        });
    };
    if let Some(seen) = &stack.resources.seen {
        draft.saw(seen, [format!("{}.StackResourceDriftStatus={}", of.logical_id, of.status.word())]);
    }
    let paths = || of.differences.iter().map(|of| of.path.as_str()).collect::<Vec<_>>().join(", ");
    let checked = of.checked.or(stack.checked);
    let window = SignedDuration::from_hours(baseline.drift_check_hours);
    Ok(match (of.status, checked) {
        (DriftStatus::Deleted, _) => draft.fail(format!("deleted outside of stack {}", stack.name)),
        (DriftStatus::Modified, _) => draft.fail(format!("differs from stack {}: {}", stack.name, paths())),
        (DriftStatus::NotChecked | DriftStatus::Unknown, _) | (_, None) => {
            draft.warn(format!("the drift of stack {} was never checked", stack.name))
        }
        (DriftStatus::InSync, Some(at)) if estate.now.duration_since(at) > window => {
            draft.warn(format!("in sync when last checked, at {at}"))
        }
        (DriftStatus::InSync, Some(at)) => {
            let (draft, policy) = draft.need("GetResourcePolicy", Some(&table.policy))?;
            match policy.value {
                Some(_) => draft.warn("in sync, but its resource policy is not drift-checked"),
                None => draft.pass(format!("in sync at {at}")),
            }
        }
    })
}

const RESOURCES: &str = "cloudformation:ListStackResources";

/// Which stack holds which table.
struct Stacked {
    /// The stack's id and the place among its resources, by the table's name.
    by_table: HashMap<String, (String, usize)>,
    /// A stack whose resources were not read.
    unread: Option<String>,
}

fn stacked(estate: &Estate, scope: &Scope) -> Stacked {
    let mut stacked = Stacked { by_table: HashMap::new(), unread: None };
    for stack in estate.stacks.values().filter(|stack| stack.scope == *scope) {
        let Some(resources) = stack.resources.value() else {
            stacked.unread = Some(stack.id.clone());
            continue;
        };
        for (at, of) in resources.iter().enumerate().filter(|(_, of)| of.kind.starts_with("AWS::DynamoDB::")) {
            if let Some(name) = &of.physical_id {
                stacked.by_table.entry(name.clone()).or_insert_with(|| (stack.id.clone(), at));
            }
        }
    }
    stacked
}
