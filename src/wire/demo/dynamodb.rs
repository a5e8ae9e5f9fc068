//! DynamoDB's control plane.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::kit::{epoch, hex, page_of, trim};
use super::tables::Table;
use super::world::Timed;
use crate::wire::protocol::Refusal;

const INVALID: &str = "ValidationException";

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    match call.called.operation.as_str() {
        "ListTables" => list_tables(call),
        "DescribeTable" => describe_table(call),
        "DescribeContinuousBackups" => describe_continuous_backups(call),
        "DescribeTimeToLive" => describe_time_to_live(call),
        "ListTagsOfResource" => list_tags(call),
        "GetResourcePolicy" => resource_policy(call),
        "DescribeKinesisStreamingDestination" => kinesis(call),
        "ListContributorInsights" => list_insights(call),
        "ListBackups" => list_backups(call),
        "DescribeBackup" => describe_backup(call),
        "DescribeLimits" => limits(call),
        "ListExports" | "DescribeExport" => super::recovery::answer(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

fn list_tables(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let size = call.params.page("Limit", (100, 100), INVALID)?;
    let after = call.params.text("ExclusiveStartTableName");
    let tables = &call.realm.tables;
    let start = after.map_or(0, |after| tables.partition_point(|table| table.first().name.as_str() <= after));
    let names: Vec<&str> = tables.iter().skip(start).take(size).map(|table| table.first().name.as_str()).collect();
    let last = (start + names.len() < tables.len()).then(|| names.last().copied()).flatten();
    Ok(trim(json!({ "TableNames": names, "LastEvaluatedTableName": last })))
}

/// The table that a parameter names, by name or ARN.
fn table<'a>(call: &'a Call<'_>, parameter: &str) -> Result<&'a Timed<Table>, Refusal> {
    let named = call.params.required(parameter)?;
    let name = named.split_once(":table/").map_or(named, |(_, name)| name);
    let name = name.split('/').next().unwrap_or(name);
    call.authorize(&call.realm.arn("dynamodb", &format!("table/{name}")))?;
    let tables = &call.realm.tables;
    let found = tables.binary_search_by(|table| table.first().name.as_str().cmp(name));
    found.ok().and_then(|place| tables.get(place)).ok_or_else(|| match call.called.operation.as_str() {
        "DescribeContinuousBackups" => Refusal::new("TableNotFoundException", format!("Table not found: {name}")),
        _ => {
            Refusal::new("ResourceNotFoundException", format!("Requested resource not found: Table: {name} not found"))
        }
    })
}

fn describe_table(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "TableName")?.at(call.now);
    let stream = table.stream.map(|view| json!({ "StreamEnabled": true, "StreamViewType": view }));
    let label = stream_label(&table);
    let encryption = table.key.as_ref().map(|key| {
        trim(json!({
            "Status": "ENABLED",
            "SSEType": "KMS",
            "KMSMasterKeyArn": key,
            "InaccessibleEncryptionDateTime": table.inaccessible.map(epoch),
        }))
    });
    let replicas: Vec<Value> =
        table.replicas.iter().map(|(region, key)| replica(&table, region, key.as_deref())).collect();
    // Whoever made this one put card numbers into its key.
    let key = if table.name == "legacy-billing" { "card_number" } else { "id" };
    // And this one's capacity is bought ahead.
    let units = if table.name == "lake-index" { 70_000 } else { 0 };
    let mode = if units > 0 { "PROVISIONED" } else { "PAY_PER_REQUEST" };
    let class = if table.infrequent { "STANDARD_INFREQUENT_ACCESS" } else { "STANDARD" };
    let description = json!({
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
        "TableName": table.name,
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
        "TableStatus": table.status,
        "CreationDateTime": epoch(table.created),
        "ProvisionedThroughput": { "NumberOfDecreasesToday": 0, "ReadCapacityUnits": units, "WriteCapacityUnits": units },
        "TableSizeBytes": table.bytes,
        "ItemCount": table.items,
        "TableArn": table.arn,
        "TableId": table.id,
        "BillingModeSummary": {
            "BillingMode": mode,
            "LastUpdateToPayPerRequestDateTime": epoch(table.created),
        },
        "StreamSpecification": stream,
        "LatestStreamLabel": table.stream.map(|_| label.clone()),
        "LatestStreamArn": stream_arn(&table),
        "OnDemandThroughput": table.cap.map(|units| {
            json!({ "MaxReadRequestUnits": units, "MaxWriteRequestUnits": -1 })
        }),
        "DisassociationProtectionEnabled": (!replicas.is_empty()).then_some(table.associated),
        "GlobalTableVersion": if table.legacy {
            Some("2017.11.29")
        } else {
            (!replicas.is_empty()).then_some("2019.11.21")
        },
        "Replicas": (!replicas.is_empty()).then_some(replicas),
        "SSEDescription": encryption,
        "TableClassSummary": { "TableClass": class },
        "DeletionProtectionEnabled": table.protected,
    });
    Ok(json!({ "Table": trim(description) }))
}

fn limits(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let [account, table] = [80_000, 40_000];
    Ok(json!({
        "AccountMaxReadCapacityUnits": account, "AccountMaxWriteCapacityUnits": account,
        "TableMaxReadCapacityUnits": table, "TableMaxWriteCapacityUnits": table,
    }))
}

/// The stream of a table, where it is on.
pub(super) fn stream_arn(table: &Table) -> Option<String> {
    table.stream.map(|_| format!("{}/stream/{}", table.arn, stream_label(table)))
}

fn stream_label(table: &Table) -> String {
    format!("{:.3}", table.created).trim_end_matches('Z').to_owned()
}

fn replica(table: &Table, region: &str, key: Option<&str>) -> Value {
    let arn = crate::model::Arn::parse(&table.arn);
    let arn = arn.map(|arn| crate::model::Arn { region: region.to_owned(), ..arn }.to_string());
    trim(json!({ "RegionName": region, "ReplicaStatus": "ACTIVE", "ReplicaArn": arn, "KMSMasterKeyId": key }))
}

fn kinesis(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "TableName")?.at(call.now);
    let destination = |stream: &str| {
        json!({
            "StreamArn": call.realm.arn("kinesis", &format!("stream/{stream}")),
            "DestinationStatus": "ACTIVE",
            "ApproximateCreationDateTimePrecision": "MILLISECOND",
        })
    };
    let destinations: Vec<Value> = table.kinesis.into_iter().map(destination).collect();
    Ok(json!({ "TableName": table.name, "KinesisDataStreamDestinations": destinations }))
}

fn list_insights(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let size = call.params.page("MaxResults", (100, 100), INVALID)?;
    let on = |table: &Timed<Table>| {
        let table = table.at(call.now);
        let mode = table.insights?;
        Some(json!({
            "TableName": table.name,
            "ContributorInsightsStatus": "ENABLED",
            "ContributorInsightsMode": mode,
        }))
    };
    let all: Vec<Value> = call.realm.tables.iter().filter_map(on).collect();
    let (page, next) = page_of(&all, call.params.text("NextToken"), size, INVALID)?;
    Ok(trim(json!({ "ContributorInsightsSummaries": page, "NextToken": next })))
}

fn describe_continuous_backups(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "TableName")?.at(call.now);
    let recovery = match table.pitr {
        None => json!({ "PointInTimeRecoveryStatus": "DISABLED" }),
        Some((days, since)) => json!({
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": days,
            "EarliestRestorableDateTime": epoch(since.max(call.now - SignedDuration::from_hours(24 * days))),
            // The service says about five minutes behind now.
            "LatestRestorableDateTime": epoch(call.now - SignedDuration::from_secs(270)),
        }),
    };
    let status = json!({ "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery });
    Ok(json!({ "ContinuousBackupsDescription": status }))
}

fn describe_time_to_live(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "TableName")?.at(call.now);
    let description = match table.ttl {
        Some(attribute) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": attribute }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    };
    Ok(json!({ "TimeToLiveDescription": description }))
}

fn list_tags(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "ResourceArn")?.at(call.now);
    let tags: Vec<Value> = table
        .tags
        .iter()
        .map(|(key, value)| {
            // The class must stay readable: it decides what is asked of the table.
            let value =
                if key == "data-class" { value.clone() } else { call.long_words(value, table.name == "orders") };
            json!({ "Key": key, "Value": value })
        })
        .collect();
    Ok(json!({ "Tags": tags }))
}

fn resource_policy(call: &Call<'_>) -> Result<Value, Refusal> {
    let table = table(call, "ResourceArn")?.at(call.now);
    let Some(policy) = &table.policy else {
        let message = format!("Resource-based policy not found for the provided ResourceArn: {}", table.arn);
        return Err(Refusal::new("PolicyNotFoundException", message));
    };
    Ok(json!({ "Policy": policy, "RevisionId": format!("{}", super::kit::hash(policy) % 10_000_000_000_000) }))
}

fn list_backups(call: &Call<'_>) -> Result<Value, Refusal> {
    call.authorize("*")?;
    let size = call.params.page("Limit", (100, 100), INVALID)?;
    let (after, only) = (call.params.text("ExclusiveStartBackupArn"), call.params.text("TableName"));
    let mut summaries = Vec::new();
    // Tables are in order and so are a table's backups: the last ARN tells where the page goes on.
    let resume = after.and_then(|arn| arn.split_once(":table/")).and_then(|(_, rest)| rest.split_once("/backup/"));
    let first =
        resume.map_or(0, |(name, _)| call.realm.tables.partition_point(|table| table.first().name.as_str() < name));
    let mut more = false;
    'pages: for table in call.realm.tables.iter().skip(first) {
        let table = table.at(call.now);
        if only.is_some_and(|only| only != table.name && only != table.arn) {
            continue;
        }
        for (place, (name, at)) in table.backups.iter().enumerate() {
            let arn = backup_arn(&table, place, *at);
            if resume.is_some_and(|(name, id)| name == table.name && !backup_is_after(&arn, id)) {
                continue;
            }
            if summaries.len() == size {
                more = true;
                break 'pages;
            }
            summaries.push(backup(call, &table, &arn, name, *at));
        }
    }
    let last = more.then(|| summaries.last().and_then(|last| last.get("BackupArn")).cloned()).flatten();
    Ok(trim(json!({ "BackupSummaries": summaries, "LastEvaluatedBackupArn": last })))
}

fn describe_backup(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("BackupArn")?;
    call.authorize(asked)?;
    for table in &call.realm.tables {
        let table = table.at(call.now);
        let mut all = table.backups.iter().enumerate();
        let Some((place, (name, at))) = all.find(|(place, (_, at))| backup_arn(&table, *place, *at) == asked) else {
            continue;
        };
        let mut details = backup(call, &table, asked, name, *at);
        let source = json!({
            "TableName": table.name, "TableId": table.id, "TableArn": table.arn, "TableCreationDateTime": epoch(table.created),
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }], "ItemCount": table.items,
            "ProvisionedThroughput": { "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 },
        });
        let own = ["TableName", "TableId", "TableArn"];
        details.as_object_mut().into_iter().for_each(|of| of.retain(|name, _| !own.contains(&name.as_str())));
        let key = super::recovery::key_of(call.realm, &table, place);
        let sse = key.map(|arn| json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn }));
        return Ok(json!({ "BackupDescription": {
            "BackupDetails": details, "SourceTableDetails": source,
            "SourceTableFeatureDetails": trim(json!({ "SSEDescription": sse })),
        } }));
    }
    Err(Refusal::new("BackupNotFoundException", format!("Backup not found: {asked}")))
}

fn backup_arn(table: &Table, place: usize, at: Timestamp) -> String {
    format!("{}/backup/{:014}-{}", table.arn, at.as_millisecond(), hex(super::kit::hash(&table.id), place as u64, 8))
}

fn backup_is_after(arn: &str, id: &str) -> bool {
    arn.rsplit('/').next().is_some_and(|own| own > id)
}

fn backup(call: &Call<'_>, table: &Table, arn: &str, name: &str, at: Timestamp) -> Value {
    json!({
        "TableName": table.name,
        "TableId": table.id,
        "TableArn": table.arn,
        "BackupArn": arn,
        "BackupName": call.words(name),
        "BackupCreationDateTime": epoch(at),
        "BackupStatus": "AVAILABLE",
        "BackupType": "USER",
        "BackupSizeBytes": table.bytes,
    })
}
