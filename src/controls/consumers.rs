//! Who is fed by a table: streams, functions, replicas.

use serde_json::Value;

use crate::model::{Arn, Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

const MAPPINGS: &str = "lambda:ListEventSourceMappings";

/// ISO-07.
pub(super) const ISO_07: &Control = &Control {
    id: "ISO-07",
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:DescribeKinesisStreamingDestination",
        "dynamodb:ListTagsOfResource",
        MAPPINGS,
    ],
    blind: "readers of streams that are no functions, of Kinesis beyond functions, and zero-ETL: no call lists them; domains of \
            functions; whether a reader is a new one",
    judge: Judge::Table(consumed),
};

fn consumed(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_consumed(estate, baseline, table)), unread(table))
}

fn judge_consumed(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ISO_07, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ISO_07.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, described) = draft.need("DescribeTable", Some(&table.description))?;
    let known =
        |account: &str| account == table.scope.account || baseline.trusted_accounts.iter().any(|of| of == account);
    let foreign = |arn: &str| Arn::parse(arn).is_some_and(|arn| !known(&arn.account));
    let of = &described.value;
    draft.saw(described, of.stream_arn.iter().map(|arn| format!("Table.LatestStreamArn={arn}")));
    draft.saw(
        described,
        of.replicas.iter().filter_map(|of| Some(format!("Replicas[{}].ReplicaArn={}", of.region, of.arn.as_ref()?))),
    );
    if let Some(arn) = of.replicas.iter().filter_map(|of| of.arn.as_deref()).find(|arn| foreign(arn)) {
        return Ok(draft.fail(format!("it is copied to {arn}, of an account that is neither its own nor trusted")));
    }
    let (mut draft, kinesis) = draft.need("DescribeKinesisStreamingDestination", Some(&table.kinesis))?;
    let fed: Vec<&str> = kinesis.value.iter().filter(|of| of.is_fed()).map(|of| of.stream.as_str()).collect();
    draft.saw(kinesis, fed.iter().map(|arn| format!("KinesisDataStreamDestinations[].StreamArn={arn}")));
    if let Some(arn) = fed.iter().find(|arn| foreign(arn)) {
        return Ok(draft.fail(format!("its changes go to {arn}, of an account that is neither its own nor trusted")));
    }
    if of.stream_view.is_none() && fed.is_empty() {
        return Ok(match of.replicas.len() {
            0 | 1 => draft.not_applicable("it has no stream and feeds none"),
            _ => draft.pass("it feeds no stream, and its replicas are of its own or of trusted accounts"),
        });
    }
    let (mut draft, seen) = draft.answer(estate, &table.scope, MAPPINGS, "")?;
    let stream = format!("{}/stream/", table.arn);
    let reads =
        |of: &&Value| of["EventSourceArn"].as_str().is_some_and(|arn| arn.starts_with(&stream) || fed.contains(&arn));
    let readers: Vec<&Value> =
        seen.value["EventSourceMappings"].as_array().into_iter().flatten().filter(reads).collect();
    draft.saw(
        seen,
        readers.iter().map(|of| format!("EventSourceMappings[{}].FunctionArn={}", of["UUID"], of["FunctionArn"])),
    );
    let mut names = Vec::new();
    for reader in &readers {
        let (Some(function), Some(state)) = (reader["FunctionArn"].as_str(), reader["State"].as_str()) else {
            return Ok(
                draft.unclear(format!("the answer does not say which function mapping {} feeds", reader["UUID"]))
            );
        };
        if foreign(function) {
            return Ok(draft.fail(format!("it feeds {function}, of an account that is neither its own nor trusted")));
        }
        if !matches!(state, "Disabled" | "Disabling" | "Deleting") {
            names.push(function.rsplit(":function:").next().unwrap_or(function).to_owned());
        }
    }
    if names.is_empty() {
        draft.saw(seen, ["EventSourceMappings of its streams=0".to_owned()]);
        return Ok(draft.warn("it has a stream that no function reads: whoever else reads it, no call lists"));
    }
    Ok(draft.pass(format!("its streams feed {}, all of its own or of trusted accounts", names.join(", "))))
}
