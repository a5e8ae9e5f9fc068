//! Data protection: keys.

use jiff::SignedDuration;

use crate::model::{Arn, DataClass, Estate, Judgement, KeyKind, Table};

use super::draft::{Draft, class, settle};
use super::{Baseline, Control, Judge};

/// ENC-01.
pub(super) const ENC_01: &Control = &Control {
    id: "ENC-01",
    operations: &["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "kms:DescribeKey"],
    blind: "",
    judge: Judge::Table(key_type),
};

fn key_type(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    settle(judge_key_type(estate, baseline, table))
}

fn judge_key_type(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(ENC_01, &table.arn).need("DescribeTable", Some(&table.description))?;
    let told = |of: &Option<String>| of.clone().unwrap_or_else(|| "absent".to_owned());
    let (sse_type, key_arn) = (told(&seen.value.sse_type), told(&seen.value.kms_key));
    draft.saw(
        seen,
        [format!("Table.SSEDescription.SSEType={sse_type}"), format!("Table.SSEDescription.KMSMasterKeyArn={key_arn}")],
    );
    let kind = match estate.table_key(table) {
        Some(Ok((kind, key))) => {
            if let Some(key) = key {
                draft.saw(key, [format!("KeyMetadata.KeyManager={}", kind.word())]);
            }
            kind
        }
        Some(Err(error)) => return Err(Box::new(draft.unknown("DescribeKey", Some(&error)))),
        None => return Err(Box::new(draft.unknown("DescribeKey", None))),
    };
    let (class, unread) = class(estate, table);
    let least = baseline.least_key(class);
    let asked = format!("class {} asks for {}", class.word(), key_words(least));
    if kind < least {
        return Ok(match unread {
            // The class is a guess: what would fail the strictest may pass the one the tags name.
            Some(error) => draft.unknown("data class, from tags", error),
            None => draft.fail(format!("{} key; {asked}", key_words(kind))),
        });
    }
    if seen.value.sse_status.as_deref() == Some("UPDATING") {
        return Ok(draft.warn("the key is being switched"));
    }
    let account = |arn: &str| Arn::parse(arn).map(|arn| arn.account).filter(|account| !account.is_empty());
    if let (Some(of_key), Some(of_table)) = (seen.value.kms_key.as_deref().and_then(account), account(&table.arn))
        && of_key != of_table
    {
        return Ok(draft.warn(format!("the key lives in account {of_key}")));
    }
    Ok(draft.pass(format!("{} key; {asked}", key_words(kind))))
}

pub(super) fn key_words(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::AwsOwned => "AWS-owned",
        KeyKind::AwsManaged => "AWS-managed",
        KeyKind::Customer => "customer-managed",
    }
}

/// ENC-02.
pub(super) const ENC_02: &Control = &Control {
    id: "ENC-02",
    operations: &["dynamodb:DescribeTable", "kms:DescribeKey"],
    blind: "keys of replicas are judged with the replica's own table",
    judge: Judge::Table(key_usable),
};

/// Imported key material that ends sooner is worth a warning.
const EXPIRY_NOTICE: SignedDuration = SignedDuration::from_hours(30 * 24);

fn key_usable(estate: &Estate, _: &Baseline, table: &Table) -> Judgement {
    settle(judge_key_usable(estate, table))
}

fn judge_key_usable(estate: &Estate, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(ENC_02, &table.arn).need("DescribeTable", Some(&table.description))?;
    let status = seen.value.status.as_deref().unwrap_or("absent");
    draft.saw(seen, [format!("Table.TableStatus={status}")]);
    if matches!(status, "INACCESSIBLE_ENCRYPTION_CREDENTIALS" | "ARCHIVING" | "ARCHIVED") {
        return Ok(draft.fail(format!("the table is {status}")));
    }
    if let Some(since) = seen.value.inaccessible_since {
        return Ok(draft.fail(format!("its key has not been usable since {since}")));
    }
    let key = match estate.table_key(table) {
        Some(Ok((KeyKind::AwsOwned, _))) => return Ok(draft.not_applicable("AWS owns and keeps the key")),
        Some(Ok((_, Some(key)))) => key,
        Some(Err(error)) => return Err(Box::new(draft.unknown("DescribeKey", Some(&error)))),
        Some(Ok((_, None))) | None => return Err(Box::new(draft.unknown("DescribeKey", None))),
    };
    let of = &key.value;
    draft.saw(key, [format!("KeyMetadata.KeyState={}", of.state), format!("KeyMetadata.Origin={}", of.origin)]);
    if let Some(at) = of.deletion {
        return Ok(draft.fail(format!("its key is deleted at {at}")));
    }
    let soon = estate.now.saturating_add(EXPIRY_NOTICE).unwrap_or(estate.now);
    Ok(match of.state.as_str() {
        "Disabled" | "PendingDeletion" | "PendingReplicaDeletion" | "PendingImport" | "Unavailable" => {
            draft.fail(format!("its key is {}", of.state))
        }
        "Enabled" => match of.valid_to {
            Some(at) if at <= soon => draft.warn(format!("the key's imported material ends at {at}")),
            _ if matches!(of.origin.as_str(), "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE") => {
                draft.warn(format!("the key lives in a key store outside KMS ({})", of.origin))
            }
            _ if !matches!(status, "ACTIVE" | "UPDATING") => draft.warn(format!("the table is {status}")),
            _ => draft.pass("its key is enabled"),
        },
        other => draft.warn(format!("its key is {other}")),
    })
}

/// True for classes whose tables must have what a control asks.
pub(super) fn is_sensitive(class: DataClass) -> bool {
    class >= DataClass::Confidential
}
