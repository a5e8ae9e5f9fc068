//! Detective controls that look at the watchers: AWS Config's rules on tables, and GuardDuty's filters.

use hashbrown::HashMap;
use jiff::SignedDuration;

use crate::model::{
    Cell, Compliance, Estate, Evaluation, FindingFilter, Judgement, Rule, RuleKey, Scope, Seen, SourceError, Table,
};

use super::draft::{Draft, by_class, class, settle, strictest_in, unread};
use super::{Baseline, Control, Judge};

/// DET-06.
pub(super) const DET_06: &Control = &Control {
    id: "DET-06",
    operations: &["guardduty:ListDetectors", "guardduty:ListFilters", "guardduty:GetFilter", "guardduty:GetDetector"],
    blind: "suppression in Security Hub is not read",
    judge: Judge::Estate(suppressed),
};

/// Types of findings that lead to tables, one of each kind.
const MATTER: [&str; 8] = [
    "AttackSequence:IAM/CompromisedCredentials",
    "CredentialAccess:IAMUser/AnomalousBehavior",
    "Exfiltration:IAMUser/AnomalousBehavior",
    "Exfiltration:S3/AnomalousBehavior",
    "Impact:IAMUser/AnomalousBehavior",
    "Impact:S3/AnomalousBehavior.Delete",
    "Stealth:IAMUser/CloudTrailLoggingDisabled",
    "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
];

fn suppressed(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_scope(estate, scope))).collect()
}

fn one_scope(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (draft, detectors) =
        Draft::new(DET_06, scope.to_string()).need("ListDetectors", estate.detectors.get(scope))?;
    if detectors.value.is_empty() {
        return Ok(draft.not_applicable("GuardDuty has no detector here (DET-01)"));
    }
    let (mut draft, seen) = draft.need("ListFilters", estate.filters.get(scope))?;
    let hiding = || seen.value.iter().filter(|of| of.action == "ARCHIVE").filter(|of| hides(of));
    draft.saw(seen, seen.value.iter().map(|of| format!("{}: {} {}", of.name, of.action, in_words(of))));
    if let Some(of) = hiding().find(|of| of.criteria.iter().all(|(field, ..)| field == "type")) {
        return Ok(draft.fail(format!("filter {} archives them all: {}", of.name, in_words(of))));
    }
    Ok(match hiding().next() {
        Some(of) => draft.warn(format!("filter {} archives some: {}", of.name, in_words(of))),
        None => draft.pass("no filter archives what leads to tables"),
    })
}

fn in_words(filter: &FindingFilter) -> String {
    let all =
        filter.criteria.iter().map(|(field, operator, values)| format!("{field} {operator} {}", values.join(", ")));
    let all: Vec<String> = all.collect();
    if all.is_empty() { "every finding".to_owned() } else { all.join(" and ") }
}

/// True when a filter may match a finding of a type that matters.
fn hides(filter: &FindingFilter) -> bool {
    let is = |value: &str, kind: &str| match value.split_once('*') {
        Some((fixed, _)) => kind.starts_with(fixed),
        None => value == kind || same_family(value, kind),
    };
    MATTER.iter().any(|kind| {
        filter.criteria.iter().filter(|(field, ..)| field == "type").all(|(_, operator, values)| {
            let named = values.iter().any(|value| is(value, kind));
            match *operator {
                "Equals" | "Matches" => named,
                "NotEquals" | "NotMatches" => !named,
                _ => true,
            }
        })
    })
}

/// Types of one purpose about one kind of resource: `Exfiltration:IAMUser/…`.
fn same_family(a: &str, b: &str) -> bool {
    let family = |kind: &str| kind.split_once('/').map(|(family, _)| family.to_owned());
    family(a).is_some() && family(a) == family(b)
}

/// DET-10.
pub(super) const DET_10: &Control = &Control {
    id: "DET-10",
    operations: &[
        "config:DescribeConfigRules",
        "config:DescribeComplianceByConfigRule",
        "config:GetComplianceDetailsByConfigRule",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "parameters of rules are not judged; conformance packs show by their rules",
    judge: Judge::Estate(deployed),
};

/// AWS's managed rules on tables, on DAX, and on the endpoint.
pub(super) const EXPECTED: [&str; 13] = [
    "DAX_ENCRYPTION_ENABLED",
    "DAX_TLS_ENDPOINT_ENCRYPTION",
    "DYNAMODB_AUTOSCALING_ENABLED",
    "DYNAMODB_IN_BACKUP_PLAN",
    "DYNAMODB_LAST_BACKUP_RECOVERY_POINT_CREATED",
    "DYNAMODB_MEETS_RESTORE_TIME_TARGET",
    "DYNAMODB_PITR_ENABLED",
    "DYNAMODB_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
    "DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED",
    "DYNAMODB_TABLE_ENCRYPTED_KMS",
    "DYNAMODB_TABLE_ENCRYPTION_ENABLED",
    "DYNAMODB_THROUGHPUT_LIMIT_CHECK",
    "SERVICE_VPC_ENDPOINT_ENABLED",
];

/// Those that run when a table is changed, by the guide; all others run by the clock.
const ON_CHANGE: [&str; 2] = ["DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED", "DYNAMODB_TABLE_ENCRYPTION_ENABLED"];

/// Periodic rules run once a day at least.
const OLD: SignedDuration = SignedDuration::from_hours(25);

fn deployed(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_rule_set(estate, baseline, scope))).collect()
}

fn one_rule_set(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) =
        Draft::new(DET_10, scope.to_string()).need("DescribeConfigRules", estate.rule_lists.get(scope))?;
    let is_active =
        |rule: &&Rule| rule.key.scope == *scope && rule.state.as_deref().is_none_or(|state| state == "ACTIVE");
    let rules: Vec<&Rule> = estate.rules.values().filter(is_active).collect();
    let find = |wanted: &str| rules.iter().copied().find(|rule| rule.identifier.as_deref() == Some(wanted));
    let (there, missing): (Vec<&str>, Vec<&str>) = EXPECTED.into_iter().partition(|wanted| find(wanted).is_some());
    draft.saw(seen, there.iter().map(|id| format!("ConfigRules[].Source.SourceIdentifier={id}")));
    let class = strictest_in(estate, |of| of == scope, |_| true);
    let unread = match class {
        Some((class, unread)) if baseline.asks(class, DET_10.id) => unread,
        _ => return Ok(draft.not_applicable("no table here states a class that asks for it")),
    };
    if there.is_empty() {
        return Ok(by_class(draft.fail("none of AWS's rules on DynamoDB is deployed"), unread));
    }
    if !missing.is_empty() {
        let why = format!("{} of {} rules are not deployed: {}", missing.len(), EXPECTED.len(), missing.join(", "));
        return Ok(by_class(draft.warn(why), unread));
    }
    for wanted in EXPECTED {
        let Some(rule) = find(wanted) else { continue };
        let name = &rule.key.name;
        match (rule.compliance, &rule.unread) {
            (Some(Compliance::InsufficientData), _) => {
                return Ok(by_class(draft.warn(format!("{name} has judged nothing yet")), unread));
            }
            (Some(_), _) => {}
            (None, Some(error)) => return Ok(draft.unknown(&format!("verdict of {name}"), Some(error))),
            (None, None) => return Ok(draft.unclear(format!("Config leaves the verdict of {name} out"))),
        }
        let results;
        (draft, results) =
            draft.need(&format!("GetComplianceDetailsByConfigRule of {name}"), estate.evaluations.get(&rule.key))?;
        let ran = results.value.iter().filter_map(|of| of.invoked.or(of.recorded)).max();
        match ran {
            // What a change triggers runs no sooner than something changes.
            Some(ran) if estate.now.duration_since(ran) > OLD && !ON_CHANGE.contains(&wanted) => {
                return Ok(by_class(draft.warn(format!("{name} last ran at {ran}")), unread));
            }
            Some(_) => {}
            None => return Ok(draft.unclear(format!("Config does not say when {name} ran"))),
        }
    }
    Ok(draft.pass("all of AWS's rules on DynamoDB are deployed and have run"))
}

/// DET-11.
pub(super) const DET_11: &Control = &Control {
    id: "DET-11",
    operations: &[
        "config:DescribeConfigRules",
        "config:GetComplianceDetailsByConfigRule",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "Security Hub's findings are not read",
    judge: Judge::Table(agree),
};

fn agree(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_agree(estate, baseline, table)), unread(table))
}

/// What the table itself answers to one of Config's rules, or the call that did not, with its error.
type Own<'a> = Result<bool, (&'static str, Option<&'a SourceError>)>;

/// What one of Config's rules asks of a table, as the table itself answers; `None` for a rule that is not judged here.
fn own_answer<'a>(identifier: &str, table: &'a Table) -> Option<Own<'a>> {
    let described = || match table.description.value() {
        Some(of) => Ok(of),
        None => Err(("DescribeTable", table.description.error())),
    };
    Some(match identifier {
        "DYNAMODB_PITR_ENABLED" => match table.pitr.value() {
            Some(pitr) => Ok(pitr.enabled),
            None => Err(("DescribeContinuousBackups", table.pitr.error())),
        },
        "DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED" => described()
            .and_then(|of| of.deletion_protection.ok_or(("DeletionProtectionEnabled of DescribeTable", None))),
        "DYNAMODB_TABLE_ENCRYPTED_KMS" => described().map(|of| of.kms_key.is_some()),
        _ => return None,
    })
}

fn judge_agree(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_11, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, DET_11.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, _) = draft.need("DescribeConfigRules", estate.rule_lists.get(&table.scope))?;
    let newest = estate.memo.of(&table.scope, SAID, "", || newest(estate, &table.scope));
    let (mut agreed, mut differs, mut unread) = (0, None, None::<(String, Option<&SourceError>)>);
    let from = RuleKey { scope: table.scope.clone(), name: String::new() };
    for (_, rule) in estate.rules.range(from..).take_while(|(key, _)| key.scope == table.scope) {
        let Some(own) = rule.identifier.as_deref().and_then(|of| own_answer(of, table)) else { continue };
        let cell = estate.evaluations.get(&rule.key);
        let Some((seen, verdict)) = said(&newest, cell, rule, table) else {
            if cell.is_none_or(|cell| cell.seen.is_none()) {
                let what = format!("GetComplianceDetailsByConfigRule of {}", rule.key.name);
                unread = Some((what, cell.and_then(Cell::error)));
            }
            continue;
        };
        draft.saw(seen, [format!("{}: {}", rule.key.name, verdict.compliance.word())]);
        let own = match own {
            Ok(own) => own,
            Err((what, error)) => {
                unread = Some((what.to_owned(), error));
                continue;
            }
        };
        let theirs = verdict.compliance == Compliance::Compliant;
        if theirs == own {
            agreed += 1;
        } else {
            let at = verdict.recorded.map_or_else(String::new, |at| format!(" at {at}"));
            differs = differs.or(Some(format!(
                "{} said {}{at}; the table says otherwise",
                rule.key.name,
                verdict.compliance.word()
            )));
        }
    }
    Ok(match (differs, unread) {
        (Some(why), _) => draft.warn(why),
        (None, Some((what, error))) => draft.unknown(&what, error),
        (None, None) if agreed == 0 => draft.not_applicable("no rule of Config has judged what is judged here"),
        (None, None) => draft.pass(format!("{agreed} of Config's rules say the same")),
    })
}

const SAID: &str = "config:GetComplianceDetailsByConfigRule";

/// Where the last verdict of each rule about each table stands among what the rule said.
type Newest = HashMap<RuleKey, HashMap<String, usize>>;

fn newest(estate: &Estate, scope: &Scope) -> Newest {
    let of = estate.evaluations.iter().filter(|(key, _)| key.scope == *scope);
    of.map(|(key, cell)| {
        let all = cell.seen.as_ref().map_or(&[][..], |seen| &seen.value);
        let mut newest: HashMap<String, usize> = HashMap::new();
        for (at, one) in all.iter().enumerate() {
            let judged = matches!(one.compliance, Compliance::Compliant | Compliance::NonCompliant);
            let before = newest.get(&one.resource_id).and_then(|at| all.get(*at));
            if one.resource_type == "AWS::DynamoDB::Table"
                && judged
                && before.is_none_or(|before| one.recorded >= before.recorded)
            {
                newest.insert(one.resource_id.clone(), at);
            }
        }
        (key.clone(), newest)
    })
    .collect()
}

/// What a rule last said about a table.
fn said<'a>(
    newest: &Newest,
    cell: Option<&'a Cell<Vec<Evaluation>>>,
    rule: &Rule,
    table: &Table,
) -> Option<(&'a Seen<Vec<Evaluation>>, &'a Evaluation)> {
    let seen = cell?.seen.as_ref()?;
    Some((seen, seen.value.get(*newest.get(&rule.key)?.get(&table.name)?)?))
}
