//! Access Analyzer: who looks for access from outside, from inside, and for what nobody uses.

use serde_json::{Value, json};

use super::Call;
use super::kit::{iso, uuid};
use super::story;
use super::world::PROD;
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "ListAnalyzers" => Ok(json!({ "analyzers": analyzers(call) })),
        "ListFindingsV2" => findings(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// Names and kinds by place: production looks outward alone, and not everywhere.
fn kinds(call: &Call<'_>) -> &'static [(&'static str, &'static str, &'static str)] {
    match (call.realm.account == PROD, call.realm.region) {
        (true, "eu-west-1") => &[("outside", "ACCOUNT", "ACTIVE")],
        (true, _) => &[("outside", "ACCOUNT", "DISABLED")],
        (false, "ap-southeast-2") => &[],
        (false, "eu-west-1") => &[
            ("outside", "ACCOUNT", "ACTIVE"),
            ("inside", "ACCOUNT_INTERNAL_ACCESS", "ACTIVE"),
            ("unused", "ACCOUNT_UNUSED_ACCESS", "ACTIVE"),
        ],
        (false, _) => &[("outside", "ACCOUNT", "ACTIVE"), ("inside", "ACCOUNT_INTERNAL_ACCESS", "ACTIVE")],
    }
}

fn arn(call: &Call<'_>, name: &str) -> String {
    format!("arn:aws:access-analyzer:{}:{}:analyzer/{name}", call.realm.region, call.realm.account)
}

fn analyzers(call: &Call<'_>) -> Vec<Value> {
    let one = |(name, kind, status): &(&str, &str, &str)| {
        json!({
            "arn": arn(call, name), "name": name, "type": kind, "createdAt": "2024-02-01T09:00:00Z", "status": status,
        })
    };
    kinds(call).iter().map(one).collect()
}

/// Once the story has opened the table to everybody, production's analyzer says so.
fn findings(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("analyzerArn")?;
    let Some((name, ..)) = kinds(call).iter().find(|(name, ..)| arn(call, name) == asked) else {
        return Err(Refusal::new("ResourceNotFoundException", format!("{asked} is not found")));
    };
    let open = call.realm.account == PROD && *name == "outside" && call.now >= story::POLICY_PUBLIC;
    let found = open.then(|| {
        json!({
            "id": uuid(call.realm.seed, 0xACC), "findingType": "ExternalAccess", "status": "ACTIVE",
            "resource": call.realm.arn("dynamodb", "table/orders"), "resourceType": "AWS::DynamoDB::Table",
            "resourceOwnerAccount": call.realm.account, "analyzedAt": iso(call.now), "createdAt": iso(story::POLICY_PUBLIC),
            "updatedAt": iso(story::POLICY_PUBLIC),
        })
    });
    Ok(json!({ "findings": found.into_iter().collect::<Vec<_>>() }))
}
