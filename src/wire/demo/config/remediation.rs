//! What two rules do about what they find: recovery is switched on again by itself, where the role may; protection by
//! whoever presses the button, which nobody did.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::Call;
use super::super::kit::{epoch, page_of, trim};
use super::super::story;
use super::rules::{Looks, Rule};
use super::{LAG, TOKEN, rules};
use crate::wire::protocol::Refusal;

fn configuration(call: &Call<'_>, rule: &Rule) -> Option<Value> {
    let (document, automatic) = match rule.looks {
        Looks::Recovery => ("AWSConfigRemediation-EnablePITRForDynamoDbTable", true),
        Looks::Protection => ("AWSConfigRemediation-EnableDynamoDbTableProtection", false),
        _ => return None,
    };
    Some(trim(json!({
        "ConfigRuleName": rule.name, "TargetType": "SSM_DOCUMENT", "TargetId": document, "TargetVersion": "3",
        "ResourceType": rule.kind, "Automatic": automatic,
        "MaximumAutomaticAttempts": automatic.then_some(5), "RetryAttemptSeconds": automatic.then_some(60),
        "Arn": call.realm.arn("config", &format!("remediation-configuration/{}", rule.name)),
        "Parameters": {
            "TableName": { "ResourceValue": { "Value": "RESOURCE_ID" } },
            "AutomationAssumeRole": { "StaticValue": { "Values": [call.words("remediator")] } },
        },
    })))
}

/// `DescribeRemediationConfigurations`: of the rules that are named and have one.
pub(super) fn configurations(call: &Call<'_>) -> Result<Value, Refusal> {
    let found: Vec<Value> = super::asked(call)?.into_iter().filter_map(|rule| configuration(call, rule)).collect();
    Ok(json!({ "RemediationConfigurations": found }))
}

/// `DescribeRemediationExecutionStatus`.
pub(super) fn status(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.params.required("ConfigRuleName")?;
    let Some(rule) = rules(call).into_iter().find(|rule| rule.name == name && configuration(call, rule).is_some())
    else {
        let words = format!("No RemediationConfiguration found for rule {name}");
        return Err(Refusal::new("NoSuchRemediationConfigurationException", words));
    };
    let run = |table: &str, at: Timestamp, error: Option<&str>| {
        let state = if error.is_some() { "FAILED" } else { "SUCCEEDED" };
        trim(json!({
            "ResourceKey": { "resourceType": rule.kind, "resourceId": table }, "State": state,
            "StepDetails": [trim(json!({
                "Name": "enablePitr", "State": state, "StartTime": epoch(at), "StopTime": epoch(at + SignedDuration::from_secs(4)),
                "ErrorMessage": error.map(|error| call.words(error)),
            }))],
            "InvocationTime": epoch(at), "LastUpdatedTime": epoch(at + SignedDuration::from_secs(5)),
        }))
    };
    let mut all = Vec::new();
    if matches!(rule.looks, Looks::Recovery) {
        let first = call.realm.tables.first().map_or("exports", |table| table.first().name.as_str());
        all.push(run(first, story::night(0, 0) - SignedDuration::from_hours(24 * 11), None));
        let at = story::PITR_OFF + LAG + SignedDuration::from_secs(20);
        if call.realm.index == 0 && at <= call.now {
            let error = "AccessDeniedException when calling UpdateContinuousBackups: role/remediator is not authorized";
            all.push(run("orders", at, Some(error)));
        }
    }
    let size = match call.params.number("Limit") {
        Some(0) | None => 25,
        Some(_) => call.params.page("Limit", (100, 25), "ValidationException")?,
    };
    let (page, next) = page_of(&all, call.params.text("NextToken"), size, TOKEN)?;
    Ok(trim(json!({ "RemediationExecutionStatuses": page, "NextToken": next })))
}
