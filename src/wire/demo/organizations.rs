//! Organizations: one of three accounts, and the policies that stand over them. The data account lies in a unit of its
//! own, whose tables strangers are kept from; production lies below the root, where nothing but changes of trails is denied.

use serde_json::{Value, json};

use super::Call;
use super::world::PROD;
use crate::wire::protocol::Refusal;

const MASTER: &str = "333344445555";
const ORGANIZATION: &str = "o-demo4tables";
const ROOT: &str = "r-dem0";
const UNIT: &str = "ou-dem0-data0001";

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    match call.called.operation.as_str() {
        "DescribeOrganization" => Ok(json!({ "Organization": {
            "Id": ORGANIZATION, "Arn": format!("arn:aws:organizations::{MASTER}:organization/{ORGANIZATION}"),
            "FeatureSet": "ALL", "MasterAccountId": MASTER, "MasterAccountArn": arn(&format!("account/{ORGANIZATION}/{MASTER}")),
        } })),
        "ListParents" => parents(call),
        "ListPoliciesForTarget" => attached(call),
        "DescribePolicy" => policy(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

fn arn(rest: &str) -> String {
    format!("arn:aws:organizations::{MASTER}:{rest}")
}

fn parents(call: &Call<'_>) -> Result<Value, Refusal> {
    let (id, kind) = match call.params.required("ChildId")? {
        UNIT => (ROOT, "ROOT"),
        account if account == call.realm.account => {
            if account == PROD {
                (ROOT, "ROOT")
            } else {
                (UNIT, "ORGANIZATIONAL_UNIT")
            }
        }
        other => return Err(Refusal::new("ChildNotFoundException", format!("{other} is not found"))),
    };
    Ok(json!({ "Parents": [{ "Id": id, "Type": kind }] }))
}

/// Policies: id, kind, where they are attached, and what they say.
fn policies() -> [(&'static str, &'static str, &'static str, Value); 4] {
    let all = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
    let strangers = json!([{
        "Effect": "Deny", "Principal": "*", "Action": ["dynamodb:*", "dax:*"], "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": { "aws:PrincipalOrgID": ORGANIZATION },
            "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
        },
    }]);
    let trails = json!([{
        "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "guardduty:DeleteDetector"],
        "Resource": "*",
    }]);
    [
        ("p-FullAWSAccess", "SERVICE_CONTROL_POLICY", ROOT, all.clone()),
        ("p-RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", ROOT, all),
        ("p-trails01", "SERVICE_CONTROL_POLICY", ROOT, trails),
        ("p-tables01", "RESOURCE_CONTROL_POLICY", UNIT, strangers),
    ]
}

fn summary(call: &Call<'_>, id: &str, kind: &str) -> Value {
    json!({
        "Id": id, "Arn": arn(&format!("policy/{ORGANIZATION}/{}/{id}", kind.to_lowercase())), "Name": id,
        "Description": call.words("kept by the platform team"), "Type": kind, "AwsManaged": id.ends_with("FullAWSAccess"),
    })
}

fn attached(call: &Call<'_>) -> Result<Value, Refusal> {
    let (target, kind) = (call.params.required("TargetId")?, call.params.required("Filter")?);
    let of = policies().into_iter().filter(|(_, of, place, _)| *of == kind && *place == target);
    Ok(json!({ "Policies": of.map(|(id, kind, ..)| summary(call, id, kind)).collect::<Vec<_>>() }))
}

fn policy(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("PolicyId")?;
    let Some((id, kind, _, statements)) = policies().into_iter().find(|(id, ..)| *id == asked) else {
        return Err(Refusal::new("PolicyNotFoundException", format!("{asked} is not found")));
    };
    let content = json!({ "Version": "2012-10-17", "Statement": statements });
    Ok(json!({ "Policy": { "PolicySummary": summary(call, id, kind), "Content": content.to_string() } }))
}
