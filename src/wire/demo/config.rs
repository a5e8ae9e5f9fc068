//! AWS Config: recorders, rules and what the rules say, minutes behind the truth.

mod history;
mod remediation;
mod rules;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::rules::{Looks, RULES, Rule};
use super::Call;
use super::kit::{epoch, hex, page_of, trim};
use super::story;
use super::tables::Table;
use crate::wire::protocol::Refusal;

const TOKEN: &str = "InvalidNextTokenException";
/// Config sees a change a few minutes after it happened.
const LAG: SignedDuration = SignedDuration::from_secs(165);

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "DescribeConfigurationRecorders" => Ok(json!({ "ConfigurationRecorders": recorder(call) })),
        "DescribeConfigurationRecorderStatus" => Ok(json!({ "ConfigurationRecordersStatus": status(call) })),
        "DescribeConfigRules" => describe_rules(call),
        "DescribeRemediationConfigurations" => remediation::configurations(call),
        "DescribeRemediationExecutionStatus" => remediation::status(call),
        "DescribeComplianceByConfigRule" => compliance_by_rule(call),
        "GetComplianceDetailsByConfigRule" => details_by_rule(call),
        "GetResourceConfigHistory" => history::answer(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// The recorder of each realm, by its index; the forgotten region has none.
fn recorder(call: &Call<'_>) -> Vec<Value> {
    let everything = json!({
        "allSupported": true,
        "includeGlobalResourceTypes": call.realm.index.is_multiple_of(2),
        "resourceTypes": [],
        "recordingStrategy": { "useOnly": "ALL_SUPPORTED_RESOURCE_TYPES" },
    });
    let (group, frequency) = match call.realm.index {
        0 | 3 => (everything, "CONTINUOUS"),
        1 => (
            json!({
                "allSupported": false,
                "includeGlobalResourceTypes": false,
                "resourceTypes": [],
                "exclusionByResourceTypes": { "resourceTypes": ["AWS::DynamoDB::Table"] },
                "recordingStrategy": { "useOnly": "EXCLUSION_BY_RESOURCE_TYPES" },
            }),
            "CONTINUOUS",
        ),
        2 => (everything, "DAILY"),
        _ => return Vec::new(),
    };
    let role = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    vec![json!({
        "arn": call.realm.arn("config", &format!("configuration-recorder/default/{}", hex(call.realm.seed, 31, 16))),
        "name": "default",
        "roleARN": format!("arn:aws:iam::{}:role/{role}", call.realm.account),
        "recordingGroup": group,
        "recordingMode": { "recordingFrequency": frequency, "recordingModeOverrides": [] },
        "recordingScope": "PAID",
    })]
}

fn status(call: &Call<'_>) -> Vec<Value> {
    let started = story::night(0, 0) - SignedDuration::from_hours(24 * 200);
    let stopped = call.realm.index == 3;
    let recorders = recorder(call);
    let of = |recorder: &Value| {
        trim(json!({
            "arn": recorder.get("arn"),
            "name": recorder.get("name"),
            "lastStartTime": epoch(started),
            "lastStopTime": stopped.then(|| epoch(started + SignedDuration::from_hours(24 * 150))),
            "recording": !stopped,
            // In capitals, unlike the model: that is how the service writes it.
            "lastStatus": if stopped { "FAILURE" } else { "SUCCESS" },
            "lastErrorCode": stopped.then_some("AccessDenied"),
            "lastErrorMessage": stopped.then(|| call.words("Access denied while writing to the delivery bucket.")),
            "lastStatusChangeTime": epoch(call.now - SignedDuration::from_mins(7)),
        }))
    };
    recorders.iter().map(of).collect()
}

/// The rules of a realm: all of them at home, those on tables in the others that record.
fn rules(call: &Call<'_>) -> Vec<&'static Rule> {
    let some = |rule: &&Rule| !matches!(rule.looks, Looks::Elsewhere | Looks::NotYet);
    match call.realm.index {
        0 => RULES.iter().collect(),
        1 | 2 => RULES.iter().filter(some).collect(),
        _ => Vec::new(),
    }
}

/// The rules that a call asks for.
fn asked(call: &Call<'_>) -> Result<Vec<&'static Rule>, Refusal> {
    let names = call.params.texts("ConfigRuleNames");
    if names.len() > 25 {
        let words = "1 validation error detected: Value at 'configRuleNames' failed to satisfy constraint: Member must \
                     have length less than or equal to 25";
        return Err(Refusal::new("ValidationException", words));
    }
    let all = rules(call);
    match names.iter().find(|name| !all.iter().any(|rule| rule.name == **name)) {
        Some(unknown) => Err(no_such_rule(unknown)),
        None => Ok(all.into_iter().filter(|rule| names.is_empty() || names.contains(&rule.name)).collect()),
    }
}

fn no_such_rule(name: &str) -> Refusal {
    let words =
        format!("The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name.");
    Refusal::new("NoSuchConfigRuleException", words)
}

fn describe_rules(call: &Call<'_>) -> Result<Value, Refusal> {
    let rules = asked(call)?;
    let (page, next) = page_of(&rules, call.params.text("NextToken"), 25, TOKEN)?;
    let describe = |rule: &&Rule| {
        let id = format!("config-rule-{}", hex(call.realm.seed, super::kit::hash(rule.name), 6));
        let custom = rule.identifier == rule.name;
        let source = if custom {
            json!({
                "Owner": "CUSTOM_POLICY",
                "SourceDetails": [{
                    "EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification",
                }],
                "CustomPolicyDetails": { "PolicyRuntime": "guard-2.x.x", "PolicyText": "", "EnableDebugLogDelivery": false },
            })
        } else {
            json!({ "Owner": "AWS", "SourceIdentifier": rule.identifier })
        };
        json!({
            "ConfigRuleName": rule.name,
            "ConfigRuleArn": call.realm.arn("config", &format!("config-rule/{id}")),
            "ConfigRuleId": id,
            "Description": call.words(rule.about),
            "Scope": { "ComplianceResourceTypes": [rule.kind] },
            "Source": source,
            "InputParameters": "{}",
            "ConfigRuleState": "ACTIVE",
            "EvaluationModes": [{ "Mode": "DETECTIVE" }],
        })
    };
    let page: Vec<Value> = page.iter().map(describe).collect();
    Ok(trim(json!({ "ConfigRules": page, "NextToken": next })))
}

/// One verdict of a rule.
struct Verdict {
    id: String,
    good: bool,
    note: Option<String>,
    /// When what it judges last changed.
    changed: Option<Timestamp>,
}

impl Verdict {
    fn word(&self) -> &'static str {
        if self.good { "COMPLIANT" } else { "NON_COMPLIANT" }
    }
}

/// What a rule says now, which is what was true a few minutes ago.
fn verdicts(call: &Call<'_>, rule: &Rule) -> Vec<Verdict> {
    let then = call.now - LAG;
    let verdict = |id: &str, good: bool, note: &str, changed: Option<Timestamp>| Verdict {
        id: id.to_owned(),
        good,
        note: (!good).then(|| note.to_owned()),
        changed,
    };
    let tables = |good: fn(&Table) -> bool, note: &str| {
        let judge = |table: &super::world::Timed<Table>| {
            let state = table.at(then);
            verdict(&state.name, good(&state), note, table.changed(then))
        };
        call.realm.tables.iter().map(judge).collect()
    };
    let account = |good, note: &str, changed| vec![verdict(call.realm.account, good, note, changed)];
    match rule.looks {
        Looks::Recovery => tables(|table| table.pitr.is_some(), "Point-in-time recovery is off for this table."),
        // Where the recorder leaves tables out, a rule goes on saying what it saw last.
        Looks::Protection if call.realm.index == 1 => tables(|_| true, ""),
        Looks::Protection => tables(|table| table.protected, "Deletion protection is off for this table."),
        Looks::Encryption => tables(|table| table.key.is_some(), "The table is not encrypted with a KMS key."),
        Looks::Backups => tables(|table| !table.backups.is_empty(), "The table is in no backup plan."),
        Looks::NoPublicPolicy => tables(
            |table| table.policy.as_ref().is_none_or(|policy| !policy.contains("\"Principal\":\"*\"")),
            "\u{1b}[41mThe table's resource policy allows everybody\u{1b}[0m (Principal *).\u{202e}",
        ),
        Looks::Keys => {
            let keys = call.realm.keys.iter().filter(|key| !key.aws_managed);
            keys.map(|key| {
                let id = key.arn.rsplit('/').next().unwrap_or_default();
                verdict(id, key.deletion.is_none(), "The key is scheduled for deletion.", None)
            })
            .collect()
        }
        Looks::Trail => {
            let stopped = call.realm.index < 2 && then >= story::TRAIL_STOPPED;
            account(!stopped, "No trail of this account is logging.", stopped.then_some(story::TRAIL_STOPPED))
        }
        Looks::Detector => account(call.realm.detector.is_some(), "GuardDuty is off.", None),
        Looks::Elsewhere => account(true, "", None),
        Looks::NotYet => Vec::new(),
    }
}

fn compliance_by_rule(call: &Call<'_>) -> Result<Value, Refusal> {
    let types = call.params.texts("ComplianceTypes");
    let mut all = Vec::new();
    for rule in asked(call)? {
        let verdicts = verdicts(call, rule);
        let bad = verdicts.iter().filter(|verdict| !verdict.good).count();
        let (word, count) = match (verdicts.is_empty(), bad) {
            (true, _) => ("INSUFFICIENT_DATA", None),
            (false, 0) => ("COMPLIANT", None),
            (false, bad) => ("NON_COMPLIANT", Some(json!({ "CappedCount": bad.min(25), "CapExceeded": bad > 25 }))),
        };
        if types.is_empty() || types.contains(&word) {
            let compliance = trim(json!({ "ComplianceType": word, "ComplianceContributorCount": count }));
            all.push(json!({ "ConfigRuleName": rule.name, "Compliance": compliance }));
        }
    }
    let (page, next) = page_of(&all, call.params.text("NextToken"), 25, TOKEN)?;
    Ok(trim(json!({ "ComplianceByConfigRules": page, "NextToken": next })))
}

fn details_by_rule(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("ConfigRuleName")?;
    let rule = rules(call).into_iter().find(|rule| rule.name == name).ok_or_else(|| no_such_rule(name))?;
    let size = match call.params.number("Limit") {
        // 0 asks for the default.
        Some(0) => 10,
        _ => call.params.page("Limit", (100, 10), "ValidationException")?,
    };
    let types = call.params.texts("ComplianceTypes");
    let mut verdicts = verdicts(call, rule);
    verdicts.retain(|verdict| types.is_empty() || types.contains(&verdict.word()));
    let (page, next) = page_of(&verdicts, call.params.text("NextToken"), size, TOKEN)?;
    let nightly = story::night(0, 0) - SignedDuration::from_mins(170);
    let tell = |verdict: &Verdict| {
        let seen = verdict.changed.map_or(nightly, |changed| changed + LAG);
        trim(json!({
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": rule.name,
                    "ResourceType": rule.kind,
                    "ResourceId": verdict.id,
                    "EvaluationMode": "DETECTIVE",
                },
                "OrderingTimestamp": epoch(seen - SignedDuration::from_secs(9)),
            },
            "ComplianceType": verdict.word(),
            "ResultRecordedTime": epoch(seen),
            "ConfigRuleInvokedTime": epoch(seen - SignedDuration::from_secs(2)),
            "Annotation": verdict.note.as_ref().map(|note| call.annotation(note)),
        }))
    };
    let page: Vec<Value> = page.iter().map(tell).collect();
    Ok(trim(json!({ "EvaluationResults": page, "NextToken": next })))
}
