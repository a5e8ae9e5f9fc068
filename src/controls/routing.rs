//! EventBridge: whether somebody is told.

use serde_json::{Value, json};

use crate::model::{Cell, Estate, Judgement, Scope, Seen, SourceError};

use super::draft::{Draft, settle};
use super::pattern::takes;
use super::{Baseline, Control, Judge};

const RULES: &str = "events:ListRules";
const TARGETS: &str = "events:ListTargetsByRule";

/// DET-04.
pub(super) const DET_04: &Control = &Control {
    id: "DET-04",
    operations: &[RULES, TARGETS],
    blind: "whether a target's subscribers exist and read, rules of other buses, and findings exported to another account",
    judge: Judge::Estate(findings_routed),
};

fn findings_routed(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let judge = |scope: &Scope| {
        // One of each family that has to do with tables.
        let types = [
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            "Exfiltration:IAMUser/AnomalousBehavior",
            "AttackSequence:IAM/CompromisedCredentials",
        ];
        let events = types.map(|kind| {
            let detail = json!({
                "schemaVersion": "2.0", "accountId": scope.account, "region": scope.region, "severity": 8.0,
                "type": kind, "service": {"serviceName": "guardduty", "archived": false},
            });
            event(scope, "aws.guardduty", "GuardDuty Finding", &detail)
        });
        settle(judge_routed(Draft::new(DET_04, scope.to_string()), estate, scope, &events, "a finding"))
    };
    estate.scopes.iter().map(judge).collect()
}

/// DET-05.
pub(super) const DET_05: &Control = &Control {
    id: "DET-05",
    operations: &[RULES, TARGETS, "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"],
    blind: "metric filters with alarms, which can do the same",
    judge: Judge::Estate(changes_routed),
};

fn changes_routed(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let judge = |scope: &Scope| {
        let mut draft = Draft::new(DET_05, scope.to_string());
        if let Some(early) = no_trail(estate, scope) {
            return match early {
                Ok(()) => {
                    if let Some(Ok(seen)) = estate.trail_lists.get(scope).and_then(Cell::known) {
                        draft.saw(seen, [format!("trailList={}, none of them logging", seen.value)]);
                    }
                    draft.fail("no trail logs here: no rule about calls can ever fire")
                }
                Err(error) => draft.unknown("trails", error.as_ref()),
            };
        }
        let calls = [
            ("dynamodb", "UpdateTable"),
            ("dynamodb", "DeleteTable"),
            ("dynamodb", "PutResourcePolicy"),
            ("dynamodb", "UpdateContinuousBackups"),
            ("kms", "ScheduleKeyDeletion"),
            ("ec2", "DeleteVpcEndpoints"),
            ("cloudtrail", "StopLogging"),
        ];
        let events = calls.map(|(service, name)| {
            let detail = json!({"eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": scope.region});
            event(scope, &format!("aws.{service}"), "AWS API Call via CloudTrail", &detail)
        });
        settle(judge_routed(draft, estate, scope, &events, "a change"))
    };
    estate.scopes.iter().map(judge).collect()
}

/// `Some(Ok)` when no trail logs in a scope, `Some(Err)` when that is not known; `None` when one does.
fn no_trail(estate: &Estate, scope: &Scope) -> Option<Result<(), Option<SourceError>>> {
    match estate.trail_lists.get(scope).and_then(Cell::known) {
        None => return Some(Err(None)),
        Some(Err(error)) => return Some(Err(Some(error.clone()))),
        Some(Ok(_)) => {}
    }
    let of: Vec<_> = estate.trails.iter().filter(|((of, _), _)| of == scope).map(|(_, trail)| trail).collect();
    if of.iter().any(|trail| trail.status.value().is_some_and(|status| status.logging)) {
        return None;
    }
    let unread = of.iter().find(|trail| trail.status.value().is_none());
    Some(unread.map_or(Ok(()), |trail| Err(trail.status.fault.as_ref().map(|fault| fault.error.clone()))))
}

/// DET-19.
pub(super) const DET_19: &Control = &Control {
    id: "DET-19",
    operations: &[
        RULES,
        TARGETS,
        "config:DescribeConfigurationRecorders",
        "config:DescribeConfigurationRecorderStatus",
    ],
    blind: "whether a target's subscribers exist and read, rules of other buses, and the topic of Config's own delivery channel",
    judge: Judge::Estate(compliance_routed),
};

fn compliance_routed(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(one_compliance(estate, scope))).collect()
}

fn one_compliance(estate: &Estate, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(DET_19, scope.to_string());
    let (mut draft, seen) = draft.need("DescribeConfigurationRecorders", estate.recorders.get(scope))?;
    if !seen.value.iter().any(|of| of.recording == Some(true)) {
        if let Some(of) = seen.value.iter().find(|of| of.recording.is_none()) {
            return Ok(draft.unknown("the recorder's status", of.unread.as_ref()));
        }
        draft.saw(seen, [format!("ConfigurationRecorders={}, none of them recording", seen.value.len())]);
        return Ok(draft.fail("Config records nothing here: no rule about its verdicts can ever fire"));
    }
    let kinds = [
        ("DYNAMODB_PITR_ENABLED", "AWS::DynamoDB::Table", "orders"),
        ("DYNAMODB_TABLE_ENCRYPTED_KMS", "AWS::DynamoDB::Table", "orders"),
        ("SERVICE_VPC_ENDPOINT_ENABLED", "AWS::EC2::VPC", "vpc-1"),
    ];
    let events = kinds.map(|(rule, kind, id)| {
        let result = |compliance: &str| {
            json!({
                "evaluationResultIdentifier": {
                    "evaluationResultQualifier": {"configRuleName": rule, "resourceType": kind, "resourceId": id},
                },
                "complianceType": compliance,
            })
        };
        let detail = json!({
            "resourceId": id, "resourceType": kind, "awsRegion": scope.region, "awsAccountId": scope.account,
            "configRuleName": rule, "recordVersion": "1.0", "messageType": "ComplianceChangeNotification",
            "newEvaluationResult": result("NON_COMPLIANT"), "oldEvaluationResult": result("COMPLIANT"),
        });
        event(scope, "aws.config", "Config Rules Compliance Change", &detail)
    });
    judge_routed(draft, estate, scope, &events, "a verdict of Config that changes")
}

fn event(scope: &Scope, source: &str, kind: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": "0", "source": source, "account": scope.account, "region": scope.region,
        "time": "2026-01-01T00:00:00Z", "resources": [], "detail-type": kind, "detail": detail,
    })
}

fn judge_routed(
    draft: Draft,
    estate: &Estate,
    scope: &Scope,
    events: &[Value],
    what: &str,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = draft.answer(estate, scope, RULES, "")?;
    let rules = seen.value["Rules"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut told, mut idle, mut unsure, mut unread) = (vec![false; events.len()], None, None, None);
    for rule in rules {
        let name = rule["Name"].as_str().unwrap_or("?");
        let takes: Vec<Option<bool>> = match &rule["EventPattern"] {
            // It runs by the clock.
            Value::Null => continue,
            Value::String(pattern) => match serde_json::from_str::<Value>(pattern) {
                Ok(pattern) => events.iter().map(|event| takes(&pattern, event)).collect(),
                Err(_) => vec![None; events.len()],
            },
            _ => vec![None; events.len()],
        };
        if takes.iter().all(|taken| *taken == Some(false)) {
            continue;
        }
        let state = rule["State"].as_str().unwrap_or("absent");
        draft.saw(seen, [format!("Rules[{name}].State={state}")]);
        match state {
            "DISABLED" => {
                idle = Some(format!("rule {name} would tell of {what}, but is disabled"));
                continue;
            }
            "ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" => {}
            other => {
                unsure = Some(format!("rule {name} is neither enabled nor disabled: its state is {other}"));
                continue;
            }
        }
        match targets(&mut draft, estate, scope, name) {
            Ok(Some(0)) => idle = Some(format!("rule {name} takes {what}, and has no target to tell")),
            Ok(Some(_)) => {
                for (told, taken) in told.iter_mut().zip(&takes) {
                    *told |= *taken == Some(true);
                }
                if takes.contains(&None) {
                    unsure = Some(format!("the pattern of rule {name} could not be followed"));
                }
            }
            Ok(None) => unsure = Some(format!("rule {name} went while its targets were asked for")),
            Err(error) => unread = Some(error),
        }
    }
    let count = told.iter().filter(|told| **told).count();
    if count == events.len() {
        return Ok(draft.pass(format!("rules tell somebody of {what}")));
    }
    if let Some(error) = unread {
        return Ok(draft.unknown(TARGETS, error.as_ref()));
    }
    if let Some(why) = unsure {
        return Ok(draft.unclear(why));
    }
    Ok(match (count, idle) {
        (0, Some(why)) => draft.fail(why),
        (0, None) => {
            draft.saw(seen, [format!("Rules={} none of which takes {what}", rules.len())]);
            draft.fail(format!("no rule tells anybody of {what}"))
        }
        (count, _) => draft.warn(format!("rules tell of {count} of {} kinds of {what}", events.len())),
    })
}

/// How many targets a rule has; none for a rule that is there no more.
fn targets(
    draft: &mut Draft,
    estate: &Estate,
    scope: &Scope,
    rule: &str,
) -> Result<Option<usize>, Option<SourceError>> {
    match estate.answer(scope, TARGETS, rule).and_then(Cell::known) {
        Some(Ok(seen)) => {
            let seen: &Seen<Value> = seen;
            let Some(targets) = seen.value["Targets"].as_array() else { return Ok(None) };
            draft.saw(seen, [format!("Targets of {rule}={}", targets.len())]);
            Ok(Some(targets.len()))
        }
        Some(Err(error)) => Err(Some(error.clone())),
        None => Err(None),
    }
}
