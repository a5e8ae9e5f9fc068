//! What the internet reaches: a shop behind a distribution, the office's own door that nobody guards, an API of the other
//! account. Production pays for Shield Advanced.

use serde_json::{Value, json};

use super::Call;
use super::kit::{hash, uuid};
use super::world::{DATA, PROD};
use crate::model::FrontDoor;
use crate::wire::protocol::Refusal;

const SHOP: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188";
const OFFICE: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/office/1a2b3c4d5e6f7081";
const SITE: &str = "arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE";
const API: &str = "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod";

/// What the operator of this estate declares.
pub(super) fn declared() -> Vec<FrontDoor> {
    let door = |arn: &str, account: &str, tables: &[&str]| {
        FrontDoor::new(arn, Some(account.to_owned()), tables.iter().map(|&name| name.to_owned()).collect()).ok()
    };
    let all = [
        door(SHOP, PROD, &["orders", "ledger"]),
        door(OFFICE, PROD, &["orders"]),
        door(SITE, PROD, &[]),
        door(API, DATA, &["token-vault"]),
    ];
    all.into_iter().flatten().collect()
}

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    Ok(match (call.called.service.as_str(), call.called.operation.as_str()) {
        ("cloudfront", "GetDistributionConfig") => distribution(call)?,
        ("wafv2", "GetWebACLForResource") => match call.params.required("ResourceArn")? {
            SHOP => json!({ "WebACL": acl(call, "shop") }),
            API => json!({ "WebACL": acl(call, "api") }),
            OFFICE => json!({}),
            _ => return Err(none()),
        },
        ("wafv2", "GetWebACL") => {
            let (name, id) = (call.params.required("Name")?, call.params.required("Id")?);
            if name != "site" || id != uuid(hash(name), 0xAC1) {
                return Err(none());
            }
            json!({ "WebACL": acl(call, "site"), "LockToken": uuid(hash(name), 0x10C) })
        }
        ("wafv2", "GetLoggingConfiguration") => {
            let asked = call.params.required("ResourceArn")?;
            // Nobody reads what comes to the API.
            if !["shop", "site"].iter().any(|name| asked == acl_arn(name)) {
                return Err(none());
            }
            let group = call.realm.arn("logs", "log-group:aws-waf-logs-edge");
            json!({ "LoggingConfiguration": { "ResourceArn": asked, "LogDestinationConfigs": [group] } })
        }
        ("shield", "GetSubscriptionState") => {
            json!({ "SubscriptionState": if call.realm.account == PROD { "ACTIVE" } else { "INACTIVE" } })
        }
        ("shield", "ListProtections") => json!({ "Protections": protections(call)? }),
        _ => return Err(Refusal::unknown_operation(call.called)),
    })
}

fn none() -> Refusal {
    let words = "AWS WAF couldn\u{2019}t perform the operation because your resource doesn\u{2019}t exist.";
    Refusal::new("WAFNonexistentItemException", words)
}

fn distribution(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("Id")?;
    if call.realm.account != PROD || !SITE.ends_with(asked) {
        let message = "The specified distribution does not exist.".to_owned();
        return Err(Refusal { code: "NoSuchDistribution".to_owned(), message, status: 404 });
    }
    Ok(json!({ "DistributionConfig": {
        "CallerReference": "shop", "Comment": call.words("the shop"), "Enabled": true, "WebACLId": acl_arn("site"),
        "PriceClass": "PriceClass_100", "Staging": false,
    } }))
}

fn acl_arn(name: &str) -> String {
    let id = uuid(hash(name), 0xAC1);
    match name {
        "site" => format!("arn:aws:wafv2:us-east-1:{PROD}:global/webacl/{name}/{id}"),
        "api" => format!("arn:aws:wafv2:eu-west-1:{DATA}:regional/webacl/{name}/{id}"),
        _ => format!("arn:aws:wafv2:eu-west-1:{PROD}:regional/webacl/{name}/{id}"),
    }
}

/// A web ACL: AWS's common rules and a rate; what stands before the distribution still only counts.
fn acl(call: &Call<'_>, name: &str) -> Value {
    let watched =
        |name: &str| json!({ "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name });
    let counts = name == "site";
    json!({
        "Name": name, "Id": uuid(hash(name), 0xAC1), "ARN": acl_arn(name), "Description": call.words("at the edge"),
        "DefaultAction": { "Allow": {} }, "Capacity": 702, "VisibilityConfig": watched(name),
        "Rules": [
            {
                "Name": "common", "Priority": 0, "VisibilityConfig": watched("common"),
                "Statement": { "ManagedRuleGroupStatement": { "VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet" } },
                "OverrideAction": if counts { json!({ "Count": {} }) } else { json!({ "None": {} }) },
            },
            {
                "Name": "rate", "Priority": 1, "VisibilityConfig": watched("rate"),
                "Statement": { "RateBasedStatement": { "Limit": 2000, "AggregateKeyType": "IP" } },
                "Action": if counts { json!({ "Count": {} }) } else { json!({ "Block": {} }) },
            },
        ],
    })
}

fn protections(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    if call.realm.account != PROD {
        return Err(Refusal::new("ResourceNotFoundException", "The subscription does not exist."));
    }
    let one = |arn: &str| {
        let id = uuid(hash(arn), 0x51D);
        json!({
            "Id": id, "Name": call.words("edge"), "ResourceArn": arn, "HealthCheckIds": [],
            "ProtectionArn": format!("arn:aws:shield::{PROD}:protection/{id}"),
        })
    };
    Ok(vec![one(SHOP), one(SITE)])
}
