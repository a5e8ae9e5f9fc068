//! What watches over tables beside the services that have a file of their own: alarms, metric filters, event data stores,
//! readers of streams, imports and bulk loads, and what becomes of findings.

use serde_json::{Value, json};

use super::Call;
use super::kit::{epoch, hash, hex, trim, uuid};
use super::settings::{Kept, kept};
use super::story;
use super::world::{DATA, PROD};
use crate::wire::protocol::Refusal;

/// Whether a call is answered here.
pub(super) fn knows(call: &Call<'_>) -> bool {
    let named = (call.called.service.as_str(), call.called.operation.as_str());
    matches!(
        named,
        ("dynamodb", "ListImports" | "ListBulkOperations" | "DescribeBulkOperation")
            | ("cloudtrail", "ListEventDataStores" | "GetEventDataStore")
            | ("cloudwatch", "DescribeAlarms")
            | (
                "guardduty",
                "ListPublishingDestinations" | "ListCustomDetectionRules" | "ListCustomDetectionRuleAssociations"
            )
            | ("logs" | "lambda", _)
    )
}

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    Ok(match call.called.operation.as_str() {
        "ListImports" => json!({ "ImportSummaryList": imports(call) }),
        "ListBulkOperations" => json!({ "BulkOperationsSummaryList": bulks(call) }),
        "DescribeBulkOperation" => bulk(call)?,
        "ListEventDataStores" => {
            let store = store_arn(call).map(|arn| json!({ "EventDataStoreArn": arn, "Name": call.words("old") }));
            json!({ "EventDataStores": store.into_iter().collect::<Vec<_>>() })
        }
        "GetEventDataStore" => store(call)?,
        "DescribeAlarms" => json!({ "MetricAlarms": alarms(call), "CompositeAlarms": [] }),
        "DescribeMetricFilters" => json!({ "metricFilters": filters(call) }),
        "ListEventSourceMappings" => json!({ "EventSourceMappings": mappings(call) }),
        "ListPublishingDestinations" => json!({ "destinations": destinations(call)? }),
        "ListCustomDetectionRules" => json!({ "rules": RULES.map(|name| rule(call, name)) }),
        "ListCustomDetectionRuleAssociations" => json!({ "ruleAssociations": associations(call) }),
        _ => return Err(Refusal::unknown_operation(call.called)),
    })
}

fn table(call: &Call<'_>, name: &str) -> String {
    call.realm.arn("dynamodb", &format!("table/{name}"))
}

/// One table was filled from one's own bucket, one from a stranger's.
fn imports(call: &Call<'_>) -> Vec<Value> {
    if kept(call.realm) != Kept::Well {
        return Vec::new();
    }
    let import = |place: u64, name: &str, owner: &str| {
        json!({
            "ImportArn": format!("{}/import/0{}-{}", table(call, name), 1_763_000_000_000 + place, hex(call.realm.seed, place, 8)),
            "ImportStatus": "COMPLETED", "TableArn": table(call, name), "InputFormat": "DYNAMODB_JSON",
            "S3BucketSource": {"S3BucketOwner": owner, "S3Bucket": format!("load-{owner}"), "S3KeyPrefix": call.words("2026")},
            "StartTime": epoch(story::night(0, 0)), "EndTime": epoch(story::night(0, 10)),
        })
    };
    vec![import(1, "orders", call.realm.account), import(2, "ledger", "999988887777")]
}

fn bulk_arn(call: &Call<'_>) -> String {
    call.realm.arn("dynamodb", &format!("bulk-operation/{}", uuid(call.realm.seed, 0xB01)))
}

fn bulks(call: &Call<'_>) -> Vec<Value> {
    let one = json!({
        "BulkOperationArn": bulk_arn(call), "BulkOperationStatus": "COMPLETED_WITH_ERRORS",
        "StartTime": epoch(story::night(0, 0)), "EndTime": epoch(story::night(0, 20)),
    });
    if kept(call.realm) == Kept::Well { vec![one] } else { Vec::new() }
}

fn bulk(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("BulkOperationArn")?;
    if kept(call.realm) != Kept::Well || asked != bulk_arn(call) {
        return Err(Refusal::new("ResourceNotFoundException", format!("Bulk operation not found: {asked}")));
    }
    Ok(json!({"BulkOperationDescription": {
        "BulkOperationArn": asked, "BulkOperationStatus": "COMPLETED_WITH_ERRORS",
        "TableDetails": [{"TableName": "legacy-billing", "TableId": uuid(call.realm.seed, 0xB02)}],
        "InputS3Configuration": {
            "S3BucketOwner": call.realm.account, "S3Bucket": format!("load-{}", call.realm.account),
            "InputFormat": "DYNAMODB_JSON", "InputCompressionType": "GZIP",
        },
        "StartTime": epoch(story::night(0, 0)), "EndTime": epoch(story::night(0, 20)), "ProcessedItemCount": 5120,
        "FailedItemCount": 3,
    }}))
}

/// A data store that nobody feeds any more.
fn store_arn(call: &Call<'_>) -> Option<String> {
    let here = (call.realm.account, call.realm.region) == (DATA, "eu-west-1");
    here.then(|| call.realm.arn("cloudtrail", &format!("eventdatastore/{}", uuid(call.realm.seed, 0xED5))))
}

fn store(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("EventDataStore")?;
    let Some(arn) = store_arn(call).filter(|arn| arn == asked) else {
        return Err(Refusal::new("EventDataStoreNotFoundException", format!("Event data store not found: {asked}")));
    };
    Ok(json!({
        "EventDataStoreArn": arn, "Name": call.words("old"), "Status": "STOPPED_INGESTION", "MultiRegionEnabled": true,
        "OrganizationEnabled": false, "RetentionPeriod": 366, "TerminationProtectionEnabled": true,
        "CreatedTimestamp": epoch(story::night(0, 0)), "UpdatedTimestamp": epoch(story::night(0, 0)),
    }))
}

/// Production has alarms on every second table; the actions of one of them are off.
fn alarms(call: &Call<'_>) -> Vec<Value> {
    if kept(call.realm) != Kept::Well {
        return Vec::new();
    }
    let alarm = |name: String, metric: &str, table: Option<&str>, on: bool| {
        json!({
            "AlarmName": name, "AlarmArn": call.realm.arn("cloudwatch", &format!("alarm:{name}")),
            "AlarmDescription": call.words("who is told"), "ActionsEnabled": on, "OKActions": [],
            "AlarmActions": [call.realm.arn("sns", "page")], "InsufficientDataActions": [], "StateValue": "OK",
            "MetricName": metric, "Namespace": "AWS/DynamoDB", "Statistic": "Sum", "Period": 300,
            "Dimensions": table.map_or_else(|| json!([]), |table| json!([{"Name": "TableName", "Value": table}])),
            "EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold",
        })
    };
    let mut all = vec![alarm("user-errors".to_owned(), "UserErrors", None, true)];
    let mut deleted = alarm("ledger-items-deleted".to_owned(), "items-deleted", None, true);
    deleted["Namespace"] = json!(call.words("trail"));
    all.push(deleted);
    for table in &call.realm.tables {
        let name = table.first().name.as_str();
        if name == "orders" || hash(name).is_multiple_of(2) {
            all.push(alarm(format!("{name}-throttled"), "ThrottledRequests", Some(name), name != "ledger"));
        }
    }
    all
}

fn filters(call: &Call<'_>) -> Vec<Value> {
    if kept(call.realm) != Kept::Well {
        return Vec::new();
    }
    let filter = |trail: &str, name: &str, pattern: &str| {
        json!({
            "filterName": name, "filterPattern": pattern, "logGroupName": format!("trail/{trail}"), "creationTime": 1_764_000_000_000_i64,
            "metricTransformations": [{"metricName": name, "metricNamespace": call.words("trail"), "metricValue": "1"}],
        })
    };
    let deleted = "{ ($.eventSource = \"dynamodb.amazonaws.com\") && ($.eventName = \"DeleteItem\") \
                   && ($.requestParameters.tableName = \"ledger\") }";
    vec![
        filter("org-main", "refused", "{ $.errorCode = \"AccessDenied*\" }"),
        filter("org-main", "deleted", "{ $.eventName = DeleteTable }"),
        filter("ledger-writes", "items-deleted", deleted),
    ]
}

/// Functions read some streams; one of them is of the other account.
fn mappings(call: &Call<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for table in &call.realm.tables {
        let table = table.at(call.now);
        let Some(stream) = super::dynamodb::stream_arn(&table) else { continue };
        let luck = hash(&table.name);
        let account = match luck % 4 {
            0 => continue,
            1 if call.realm.account == PROD => DATA,
            _ => call.realm.account,
        };
        all.push(trim(json!({
            "UUID": uuid(luck, 0xE5), "StartingPosition": "LATEST", "BatchSize": 100, "EventSourceArn": stream,
            "FunctionArn": format!("arn:aws:lambda:{}:{account}:function:{}-feed", call.realm.region, table.name),
            "LastModified": epoch(story::night(0, 0)), "LastProcessingResult": "OK", "State": "Enabled",
            "StateTransitionReason": call.words("User action"),
        })));
    }
    all
}

fn destinations(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let asked = call.params.text("detectorId");
    if call.realm.detector.as_deref() != asked || asked.is_none() {
        let message = "The request is rejected because the input detectorId is not owned by the current account.";
        return Err(Refusal::new("BadRequestException", message));
    }
    let status = match (kept(call.realm), call.realm.index) {
        (Kept::Well, _) => "PUBLISHING",
        (_, 1) => "UNABLE_TO_PUBLISH_FIX_DESTINATION_PROPERTY",
        _ => return Ok(Vec::new()),
    };
    Ok(vec![json!({
        "destinationId": hex(call.realm.seed, 0xDE5, 32), "destinationType": "S3", "status": status,
    })])
}

const RULES: [&str; 6] = [
    "S3BucketPolicyExternalAccess",
    "S3LifecycleRapidExpiration",
    "IAMRoleTrustPolicyModified",
    "AdminPolicyAttachedToRole",
    "AdminPolicyAttachedToUser",
    "VPCFlowLogsDeleted",
];

fn rule_id(name: &str) -> String {
    hex(hash(name), 0x41E, 32)
}

fn rule(call: &Call<'_>, name: &str) -> Value {
    json!({
        "ruleId": rule_id(name), "arn": call.realm.arn("guardduty", &format!("custom-detection-rule/{}", rule_id(name))),
        "name": name, "description": call.words("of the library"), "severity": "HIGH",
        "dataSource": "CloudTrailManagementEvent", "language": "SQL", "schema": "CloudTrail",
    })
}

/// Production uses them all; elsewhere one is tried out.
fn associations(call: &Call<'_>) -> Vec<Value> {
    let association = |name: &str, mode: &str| json!({"associationId": hex(hash(name), 0xA55, 32), "ruleId": rule_id(name), "mode": mode});
    match kept(call.realm) {
        Kept::Well => RULES.iter().map(|name| association(name, "LIVE")).collect(),
        Kept::Poorly => vec![association(RULES[0], "DRY_RUN")],
        Kept::Forgotten => Vec::new(),
    }
}
