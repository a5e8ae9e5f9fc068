//! DynamoDB tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use aws_sdk_dynamodb::operation::get_resource_policy::GetResourcePolicyError;
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, KeySchemaElement, MultiRegionConsistency, PointInTimeRecoveryStatus,
    ProvisionedThroughputDescription, TableDescription as Described,
};

use crate::model::{
    Arn, ContributorInsights, Delta, Facet, Index, KinesisDestination, Outcome, Pitr, Replica, Seen, SourceError,
    TableDescription, Ttl,
};

use super::site::{Pages, Site, Sweep};
use super::{at_once, time};

/// Tables read at the same time, in one scope.
const AT_ONCE: usize = 12;
/// Names a page of `ListTables`.
const PAGE: i32 = 100;
/// Pages of any list: 100,000 tables.
const PAGES: usize = 1000;

/// Lists the tables and reads every facet of each.
///
/// # Errors
///
/// Why the tables could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let listed = list(site, sweep).await;
    let names = match &listed {
        Ok(seen) => seen.value.clone(),
        Err(fault) => {
            let error = fault.error.clone();
            *site.keys.lock().unwrap_or_else(PoisonError::into_inner) = Err(error.clone());
            sweep.data(vec![Delta::TableList(Err(fault.clone()))]).await;
            return Err(error);
        }
    };
    let only = site.shared.settings.table.as_ref();
    let names: Vec<String> = names.into_iter().filter(|name| only.is_none_or(|only| only == name)).collect();
    sweep.grow(names.len()).await;
    // Without an account's number a table's ARN is only known from its own description.
    let arns = match site.partition() {
        Some(partition) => {
            let scope = &sweep.scope;
            let arn = |name: &String| Arn::table(&partition, &scope.region, &scope.account, name).to_string();
            names.iter().map(|name| (name.clone(), arn(name))).collect()
        }
        None => arns_by_description(site, sweep, &names).await,
    };
    let list: Outcome<Vec<(String, String)>> = listed.map(|seen| seen.map(|_| arns.clone()));
    sweep.data(vec![Delta::TableList(list)]).await;
    let reads = arns.into_iter().map(|(name, arn)| step(site, sweep, name, arn)).collect();
    let keys: Vec<Vec<String>> = at_once(AT_ONCE, reads).await;
    let insights = insights(site, sweep).await;
    sweep.note(&insights);
    sweep.data(vec![Delta::Insights(insights)]).await;
    let keys = keys.into_iter().flatten().collect();
    *site.keys.lock().unwrap_or_else(PoisonError::into_inner) = Ok(keys);
    Ok(())
}

async fn step(site: &Site, sweep: &Sweep<'_>, name: String, arn: String) -> Vec<String> {
    let keys = read(site, sweep, &name, &arn).await;
    sweep.step().await;
    keys
}

async fn list(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<String>> {
    let (mut names, mut after, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    loop {
        let call = site.clients().dynamodb.list_tables().limit(PAGE).set_exclusive_start_table_name(after).send();
        let Seen { value, at, call } = sweep.call("dynamodb:ListTables", "", call).await?;
        pages.saw(value.table_names().iter().map(String::as_str));
        let last = value.last_evaluated_table_name;
        names.extend(value.table_names.unwrap_or_default());
        after = pages.next(last).map_err(|error| site.fault(error))?;
        if after.is_none() {
            names.sort();
            names.dedup();
            return Ok(Seen { value: names, at, call });
        }
    }
}

/// The ARNs of tables as they describe themselves; where that is denied too, under the scope's own name.
async fn arns_by_description(site: &Site, sweep: &Sweep<'_>, names: &[String]) -> Vec<(String, String)> {
    at_once(AT_ONCE, names.iter().map(|name| arn_by_description(site, sweep, name)).collect()).await
}

async fn arn_by_description(site: &Site, sweep: &Sweep<'_>, name: &str) -> (String, String) {
    let call = site.clients().dynamodb.describe_table().table_name(name).send();
    let described = sweep.call("dynamodb:DescribeTable", name, call).await.ok();
    let scope = &sweep.scope;
    let made = || Arn::table("aws", &scope.region, &scope.account, name).to_string();
    let arn = described.and_then(|seen| seen.value.table?.table_arn).unwrap_or_else(made);
    (name.to_owned(), arn)
}

/// Reads all facets of one table, sends them, and gives the KMS keys that it names.
pub async fn read(site: &Site, sweep: &Sweep<'_>, name: &str, arn: &str) -> Vec<String> {
    let description = describe(site, sweep, name).await;
    let keys = description.as_ref().map(|seen| keys_of(&seen.value)).unwrap_or_default();
    sweep.note(&description);
    sweep.data(vec![Delta::Facet(arn.to_owned(), Facet::Description(description))]).await;
    let (backups, ttl, tags, policy, kinesis) = tokio::join!(
        continuous_backups(site, sweep, name),
        time_to_live(site, sweep, name),
        tags(site, sweep, arn),
        policy(site, sweep, arn),
        kinesis(site, sweep, name),
    );
    sweep.note(&backups);
    sweep.note(&ttl);
    sweep.note(&tags);
    sweep.note(&policy);
    sweep.note(&kinesis);
    let facets =
        [Facet::Pitr(backups), Facet::Ttl(ttl), Facet::Tags(tags), Facet::Policy(policy), Facet::Kinesis(kinesis)];
    let fed: Vec<String> = match &facets {
        [.., Facet::Kinesis(Ok(seen))] => {
            seen.value.iter().filter(|of| of.is_fed()).map(|of| of.stream.clone()).collect()
        }
        _ => Vec::new(),
    };
    sweep.data(facets.into_iter().map(|facet| Delta::Facet(arn.to_owned(), facet)).collect()).await;
    for stream in fed {
        let encryption = super::kinesis::encryption(site, sweep, &stream).await;
        sweep.note(&encryption);
        sweep.data(vec![Delta::Stream(stream, encryption)]).await;
    }
    keys
}

async fn describe(site: &Site, sweep: &Sweep<'_>, name: &str) -> Outcome<TableDescription> {
    let call = site.clients().dynamodb.describe_table().table_name(name).send();
    let Seen { value, at, call } = sweep.call("dynamodb:DescribeTable", name, call).await?;
    match value.table {
        Some(table) => Ok(Seen { value: description(table), at, call }),
        None => Err(site.fault(SourceError::Malformed("no Table in the answer".to_owned()))),
    }
}

fn description(table: Described) -> TableDescription {
    let sse = table.sse_description;
    let replica = |replica: aws_sdk_dynamodb::types::ReplicaDescription| Replica {
        region: replica.region_name.unwrap_or_default(),
        status: replica.replica_status.map(|status| status.as_str().to_owned()),
        kms_key: replica.kms_master_key_id,
        arn: replica.replica_arn,
    };
    let caps = table.on_demand_throughput;
    let units = |of: Option<&ProvisionedThroughputDescription>| {
        (of.and_then(|of| of.read_capacity_units), of.and_then(|of| of.write_capacity_units))
    };
    let names = |key: Option<Vec<KeySchemaElement>>| key.into_iter().flatten().map(|of| of.attribute_name).collect();
    let global = |of: GlobalSecondaryIndexDescription| Index {
        name: of.index_name.unwrap_or_default(),
        global: true,
        key: names(of.key_schema),
        provisioned: units(of.provisioned_throughput.as_ref()),
    };
    let local = table.local_secondary_indexes.into_iter().flatten().map(|of| Index {
        name: of.index_name.unwrap_or_default(),
        key: names(of.key_schema),
        ..Index::default()
    });
    // The service writes "no maximum" as -1.
    let cap = |units: Option<i64>| units.filter(|units| *units >= 0);
    let stream = table.stream_specification.filter(|stream| stream.stream_enabled);
    TableDescription {
        status: table.table_status.map(|status| status.as_str().to_owned()),
        sse_type: sse.as_ref().and_then(|sse| sse.sse_type.as_ref()).map(|kind| kind.as_str().to_owned()),
        sse_status: sse.as_ref().and_then(|sse| sse.status.as_ref()).map(|status| status.as_str().to_owned()),
        kms_key: sse.as_ref().and_then(|sse| sse.kms_master_key_arn.clone()),
        inaccessible_since: sse.and_then(|sse| sse.inaccessible_encryption_date_time).and_then(time),
        deletion_protection: table.deletion_protection_enabled,
        table_class: table
            .table_class_summary
            .and_then(|summary| summary.table_class)
            .map(|class| class.as_str().to_owned()),
        stream_view: stream.and_then(|stream| stream.stream_view_type).map(|view| view.as_str().to_owned()),
        stream_arn: table.latest_stream_arn,
        replicas: table.replicas.unwrap_or_default().into_iter().map(replica).collect(),
        global_version: table.global_table_version,
        strong: table.multi_region_consistency == Some(MultiRegionConsistency::Strong),
        disassociation_protection: table.disassociation_protection_enabled,
        billing: table.billing_mode_summary.and_then(|of| of.billing_mode).map(|mode| mode.as_str().to_owned()),
        caps: (
            cap(caps.as_ref().and_then(|of| of.max_read_request_units)),
            cap(caps.as_ref().and_then(|of| of.max_write_request_units)),
        ),
        provisioned: units(table.provisioned_throughput.as_ref()),
        key: names(table.key_schema),
        indexes: table.global_secondary_indexes.into_iter().flatten().map(global).chain(local).collect(),
        items: table.item_count,
        bytes: table.table_size_bytes,
        created: table.creation_date_time.and_then(time),
    }
}

fn keys_of(description: &TableDescription) -> Vec<String> {
    let replicas = description.replicas.iter().filter_map(|replica| replica.kms_key.clone());
    description.kms_key.iter().cloned().chain(replicas).collect()
}

async fn continuous_backups(site: &Site, sweep: &Sweep<'_>, name: &str) -> Outcome<Pitr> {
    let call = site.clients().dynamodb.describe_continuous_backups().table_name(name).send();
    let Seen { value, at, call } = sweep.call("dynamodb:DescribeContinuousBackups", name, call).await?;
    let described = value.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
    let Some(status) = described.as_ref().and_then(|it| it.point_in_time_recovery_status.clone()) else {
        let error = "no PointInTimeRecoveryDescription in the answer".to_owned();
        return Err(site.fault(SourceError::Malformed(error)));
    };
    let pitr = Pitr {
        enabled: status == PointInTimeRecoveryStatus::Enabled,
        window_days: described.as_ref().and_then(|it| it.recovery_period_in_days),
        earliest: described.as_ref().and_then(|it| it.earliest_restorable_date_time).and_then(time),
        latest: described.as_ref().and_then(|it| it.latest_restorable_date_time).and_then(time),
    };
    Ok(Seen { value: pitr, at, call })
}

async fn time_to_live(site: &Site, sweep: &Sweep<'_>, name: &str) -> Outcome<Ttl> {
    let call = site.clients().dynamodb.describe_time_to_live().table_name(name).send();
    let Seen { value, at, call } = sweep.call("dynamodb:DescribeTimeToLive", name, call).await?;
    let described = value.time_to_live_description;
    let Some(status) = described.as_ref().and_then(|it| it.time_to_live_status.clone()) else {
        return Err(site.fault(SourceError::Malformed("no TimeToLiveStatus in the answer".to_owned())));
    };
    let attribute = described.and_then(|it| it.attribute_name);
    Ok(Seen { value: Ttl { status: status.as_str().to_owned(), attribute }, at, call })
}

async fn tags(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<BTreeMap<String, String>> {
    let (mut tags, mut next, mut pages) = (BTreeMap::new(), None, Pages::new(PAGES));
    loop {
        let call = site.clients().dynamodb.list_tags_of_resource().resource_arn(arn).set_next_token(next).send();
        let Seen { value, at, call } = sweep.call("dynamodb:ListTagsOfResource", arn, call).await?;
        pages.saw(value.tags().iter().map(|tag| tag.key.as_str()));
        tags.extend(value.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: tags, at, call });
        }
    }
}

/// The resource policy. That there is none is an answer, which the service gives as an error.
async fn policy(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<Option<String>> {
    const LABEL: &str = "dynamodb:GetResourcePolicy";
    let request = site.clients().dynamodb.get_resource_policy().resource_arn(arn).send();
    let none = async {
        match request.await {
            Ok(output) => {
                let request_id = aws_types::request_id::RequestId::request_id(&output).map(str::to_owned);
                Ok(Policy { document: output.policy, request_id })
            }
            Err(error)
                if error.as_service_error().is_some_and(GetResourcePolicyError::is_policy_not_found_exception) =>
            {
                let request_id = aws_types::request_id::RequestId::request_id(&error).map(str::to_owned);
                Ok(Policy { document: None, request_id })
            }
            Err(error) => Err(error),
        }
    };
    sweep.call(LABEL, arn, none).await.map(|seen| seen.map(|policy| policy.document))
}

/// A resource policy, or that there is none.
struct Policy {
    document: Option<String>,
    request_id: Option<String>,
}

impl aws_types::request_id::RequestId for Policy {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The Kinesis data streams that a table's changes go to.
async fn kinesis(site: &Site, sweep: &Sweep<'_>, name: &str) -> Outcome<Vec<KinesisDestination>> {
    let call = site.clients().dynamodb.describe_kinesis_streaming_destination().table_name(name).send();
    let seen = sweep.call("dynamodb:DescribeKinesisStreamingDestination", name, call).await?;
    let destination = |found: aws_sdk_dynamodb::types::KinesisDataStreamDestination| {
        let status = found.destination_status?.as_str().to_owned();
        Some(KinesisDestination { stream: found.stream_arn?, status })
    };
    // A destination that is not told whole may be one that changes go to.
    let Seen { value, at, call } = seen;
    let found = value.kinesis_data_stream_destinations.map(|of| of.into_iter().map(destination).collect());
    match found {
        Some(Some(value)) => Ok(Seen { value, at, call }),
        _ => Err(site.fault(SourceError::Malformed("no KinesisDataStreamDestinations in the answer".to_owned()))),
    }
}

/// Contributor Insights of every table and index, by table: one list instead of a call a table.
async fn insights(site: &Site, sweep: &Sweep<'_>) -> Outcome<BTreeMap<String, Vec<ContributorInsights>>> {
    let mut of: BTreeMap<String, Vec<ContributorInsights>> = BTreeMap::new();
    let (mut next, mut pages) = (None, Pages::new(PAGES));
    loop {
        let call = site.clients().dynamodb.list_contributor_insights().max_results(PAGE).set_next_token(next).send();
        let Seen { value, at, call } = sweep.call("dynamodb:ListContributorInsights", "", call).await?;
        pages.saw(value.contributor_insights_summaries().iter().filter_map(|one| one.table_name()));
        for one in value.contributor_insights_summaries.unwrap_or_default() {
            let Some(name) = one.table_name else { continue };
            of.entry(name).or_default().push(ContributorInsights {
                index: one.index_name,
                status: one.contributor_insights_status.map(|it| it.as_str().to_owned()).unwrap_or_default(),
                mode: one.contributor_insights_mode.map(|it| it.as_str().to_owned()),
            });
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: of, at, call });
        }
    }
}

/// The KMS keys that the tables name, read without sending the tables themselves.
///
/// # Errors
///
/// Why the tables could not be listed.
pub async fn keys(site: &Site, sweep: &Sweep<'_>) -> Result<BTreeSet<String>, SourceError> {
    let names = list(site, sweep).await.map_err(|fault| fault.error)?.value;
    let found = at_once(AT_ONCE, names.iter().map(|name| keys_named(site, sweep, name)).collect()).await;
    Ok(found.into_iter().flatten().collect())
}

async fn keys_named(site: &Site, sweep: &Sweep<'_>, name: &str) -> Vec<String> {
    let description = describe(site, sweep, name).await;
    sweep.note(&description);
    description.map(|seen| keys_of(&seen.value)).unwrap_or_default()
}
