//! Data protection: what leaves a table, and what must leave it in time.

use crate::model::{ContributorInsights, Estate, Judgement, KeyKind, Table};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// ENC-12.
pub(super) const ENC_12: &Control = &Control {
    id: "ENC-12",
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:DescribeKinesisStreamingDestination",
        "kinesis:DescribeStreamSummary",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "exports are not read; a table's own stream is encrypted like the table",
    judge: Judge::Table(copies),
};

fn copies(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_copies(estate, baseline, table)), unread(table))
}

fn judge_copies(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_12, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_12.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (draft, described) = draft.need("DescribeTable", Some(&table.description))?;
    let (mut draft, kinesis) = draft.need("DescribeKinesisStreamingDestination", Some(&table.kinesis))?;
    let view = described.value.stream_view.as_deref();
    draft.saw(described, [format!("Table.StreamSpecification.StreamViewType={}", view.unwrap_or("absent"))]);
    let told = kinesis.value.iter().map(|of| format!("KinesisDataStreamDestinations[{}]={}", of.stream, of.status));
    draft.saw(kinesis, told);
    let mut fed = None;
    for of in kinesis.value.iter().filter(|of| of.is_fed()) {
        let (with, stream) = draft.need("DescribeStreamSummary", estate.streams.get(&of.stream))?;
        draft = with;
        let key = stream.value.key.as_deref().unwrap_or("absent");
        draft.saw(
            stream,
            [format!("StreamDescriptionSummary.EncryptionType=KMS: {}", stream.value.kms), format!("KeyId={key}")],
        );
        if !stream.value.kms {
            return Ok(draft.fail(format!("its changes go to {}, which is not encrypted", of.stream)));
        }
        if baseline.least_key(class) == KeyKind::Customer && key.contains("alias/aws/kinesis") {
            return Ok(draft.fail(format!("its changes go to {} under an AWS-managed key", of.stream)));
        }
        fed = Some(&of.stream);
    }
    Ok(match view {
        None if fed.is_some() => draft.pass("its changes go to encrypted streams"),
        None => draft.not_applicable("it has no stream and feeds none"),
        Some(view @ "NEW_AND_OLD_IMAGES") => {
            draft.warn(format!("its stream carries whole items twice ({view}): would KEYS_ONLY do?"))
        }
        Some(view) => draft.pass(format!("its changes leave by its own stream alone ({view})")),
    })
}

/// ENC-14.
pub(super) const ENC_14: &Control = &Control {
    id: "ENC-14",
    operations: &["dynamodb:ListContributorInsights", "dynamodb:ListTagsOfResource"],
    blind: "which keys are sensitive is not known: the table's class stands for them",
    judge: Judge::Table(insights),
};

fn insights(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_insights(estate, baseline, table)), unread(table))
}

fn judge_insights(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_14, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_14.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("ListContributorInsights", estate.insights.get(&table.scope))?;
    let of = seen.value.get(&table.name).map(Vec::as_slice).unwrap_or_default();
    let mode = |one: &ContributorInsights| one.mode.clone().unwrap_or_else(|| "ACCESSED_AND_THROTTLED_KEYS".to_owned());
    let place = |one: &ContributorInsights| one.index.clone().unwrap_or_else(|| "the table".to_owned());
    draft.saw(seen, of.iter().map(|one| format!("{}: {} {}", place(one), one.status, mode(one))));
    let on = || of.iter().filter(|one| matches!(one.status.as_str(), "ENABLED" | "ENABLING"));
    if let Some(one) = on().find(|one| mode(one) == "ACCESSED_AND_THROTTLED_KEYS") {
        return Ok(draft.warn(format!("the key values most read on {} are copied to CloudWatch", place(one))));
    }
    Ok(match on().next() {
        Some(one) => draft.pass(format!("only throttled keys of {} are told", place(one))),
        None => draft.pass("Contributor Insights is off"),
    })
}

/// ENC-15.
pub(super) const ENC_15: &Control = &Control {
    id: "ENC-15",
    operations: &["dynamodb:ListTagsOfResource", "dynamodb:DescribeTimeToLive"],
    blind: "whether items carry the attribute, and with which time, is not read",
    judge: Judge::Table(retention),
};

/// Tags that declare how long data is kept, in any letter case.
const RETENTION_TAGS: [&str; 5] = ["retention", "retention-days", "data-retention", "retention-period", "ttl"];

fn retention(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    settle(judge_retention(estate, baseline, table))
}

fn judge_retention(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, tags) = Draft::new(ENC_15, &table.arn).need("ListTagsOfResource", Some(&table.tags))?;
    let named = |key: &str| RETENTION_TAGS.iter().any(|tag| key.eq_ignore_ascii_case(tag));
    let endless = |value: &str| {
        let value = value.trim().to_ascii_lowercase();
        matches!(value.as_str(), "" | "0" | "none" | "no" | "never" | "forever" | "indefinite" | "unlimited")
    };
    let Some((key, value)) = tags.value.iter().find(|(key, value)| named(key) && !endless(value)) else {
        return Ok(draft.not_applicable("no tag declares a retention"));
    };
    draft.saw(tags, [format!("Tags[{key}]={value}")]);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_15.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, ttl) = draft.need("DescribeTimeToLive", Some(&table.ttl))?;
    draft.saw(ttl, [format!("TimeToLiveDescription.TimeToLiveStatus={}", ttl.value.status)]);
    let attribute = ttl.value.attribute.as_deref().unwrap_or("not told");
    Ok(match ttl.value.status.as_str() {
        "ENABLED" => draft.pass(format!("tag {key} declares {value}; items expire by {attribute}")),
        status @ "ENABLING" => draft.warn(format!("tag {key} declares {value}; time to live is {status}")),
        status => draft.fail(format!("tag {key} declares {value}, and time to live is {status}")),
    })
}
