//! Bulk loads: whose buckets fill tables.

use serde_json::Value;

use crate::model::{Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, rows_of, settle, unread};
use super::{Baseline, Control, Judge};

const IMPORTS: &str = "dynamodb:ListImports";
const BULKS: &str = "dynamodb:ListBulkOperations";
const BULK: &str = "dynamodb:DescribeBulkOperation";

/// ISO-08.
pub(super) const ISO_08: &Control = &Control {
    id: "ISO-08",
    operations: &[IMPORTS, BULKS, BULK, "dynamodb:ListTagsOfResource"],
    blind: "loads older than 90 days; which of the buckets of a trusted account is meant",
    judge: Judge::Table(loaded),
};

fn loaded(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_loaded(estate, baseline, table)), unread(table))
}

fn judge_loaded(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ISO_08, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ISO_08.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let known =
        |account: &str| account == table.scope.account || baseline.trusted_accounts.iter().any(|of| of == account);
    let (mut draft, imports) = draft.answer(estate, &table.scope, IMPORTS, "")?;
    let own = rows_of(estate, (&table.scope, IMPORTS), imports, ("ImportSummaryList", "TableArn"), &table.arn);
    let mut sources: Vec<(String, Option<String>, Option<String>)> =
        own.iter().map(|of| source("import", &of["S3BucketSource"], of["ImportStatus"].as_str())).collect();
    draft.saw(imports, [format!("ImportSummaryList of {}={}", table.name, own.len())]);
    let (mut draft, bulks) = draft.answer(estate, &table.scope, BULKS, "")?;
    let mut unread = None;
    for arn in bulks.value["BulkOperationsSummaryList"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|of| of["BulkOperationArn"].as_str())
    {
        match Draft::new(ISO_08, &table.arn).answer(estate, &table.scope, BULK, arn) {
            Err(unknown) => unread = Some(unknown),
            Ok((_, seen)) => {
                let of = &seen.value["BulkOperationDescription"];
                let tables = of["TableDetails"].as_array().into_iter().flatten();
                if tables.filter_map(|of| of["TableName"].as_str()).any(|name| is(name, table)) {
                    draft.saw(
                        seen,
                        [format!("BulkOperationDescription.InputS3Configuration={}", of["InputS3Configuration"])],
                    );
                    sources.push(source("bulk load", &of["InputS3Configuration"], of["BulkOperationStatus"].as_str()));
                }
            }
        }
    }
    if let Some((what, Some(owner), _)) =
        sources.iter().find(|(_, owner, _)| owner.as_ref().is_some_and(|of| !known(of)))
    {
        return Ok(draft.fail(format!("{what} is of account {owner}, which is neither its own nor trusted")));
    }
    if let Some(unknown) = unread {
        return Err(unknown);
    }
    if let Some((what, ..)) = sources.iter().find(|(_, owner, _)| owner.is_none()) {
        return Ok(draft.warn(format!("{what} is of an account that was not named")));
    }
    if let Some((what, _, Some(ill))) = sources.iter().find(|(.., ill)| ill.is_some()) {
        return Ok(draft.warn(format!("{what} is known; the load ended as {ill}")));
    }
    Ok(match sources.len() {
        0 => draft.pass("nothing was loaded into it in 90 days"),
        some => draft.pass(format!("{some} loads, all of buckets of its own or of trusted accounts")),
    })
}

/// Where a load came from, in words, whose bucket that is, and how it ended where that was not well.
fn source(kind: &str, of: &Value, status: Option<&str>) -> (String, Option<String>, Option<String>) {
    let bucket = of["S3Bucket"].as_str().unwrap_or("without a name");
    let ill = status.filter(|status| matches!(*status, "FAILED" | "COMPLETED_WITH_ERRORS"));
    (
        format!("the bucket {bucket} of a {kind}"),
        of["S3BucketOwner"].as_str().map(str::to_owned),
        ill.map(str::to_owned),
    )
}

/// Tables are named by name or ARN.
fn is(name: &str, table: &Table) -> bool {
    name == table.name || name == table.arn
}
