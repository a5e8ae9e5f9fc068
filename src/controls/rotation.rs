//! Data protection: how keys rotate, and the keys of replicas.

use crate::model::{Estate, Judgement, KeyKind, Replica, SourceError, Table, TableKey};

use super::data_protection::key_words;
use super::draft::{Draft, by_class, class, settle, strictest, unread};
use super::global::others;
use super::{Baseline, Control, Judge};

/// ENC-03.
pub(super) const ENC_03: &Control = &Control {
    id: "ENC-03",
    operations: &[
        "dynamodb:ListTables",
        "dynamodb:DescribeTable",
        "kms:DescribeKey",
        "kms:GetKeyRotationStatus",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "rotations on demand, and of imported material, are not read",
    judge: Judge::Estate(rotation),
};

/// Rotating less often than every so many days is worth a look.
const MOST: i32 = 365;

/// Judged key by key, once however many tables use it; a region whose tables could not be listed has a row that says so.
fn rotation(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let mut judged = super::keys::not_all_known(ENC_03, estate);
    judged.extend(
        super::keys::users(estate).into_iter().map(|(key, tables)| settle(one_key(estate, baseline, key, &tables))),
    );
    judged
}

fn one_key(estate: &Estate, baseline: &Baseline, arn: &str, tables: &[&Table]) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen) = Draft::new(ENC_03, arn).need("DescribeKey", estate.keys.get(arn))?;
    let key = &seen.value;
    draft.saw(
        seen,
        [format!("KeyMetadata.KeyManager={}", key.kind.word()), format!("KeyMetadata.Origin={}", key.origin)],
    );
    if key.kind != KeyKind::Customer {
        return Ok(draft.not_applicable("AWS rotates it every year"));
    }
    if key.multi_region.as_deref() == Some("REPLICA") {
        return Ok(draft.not_applicable("a multi-Region replica rotates with its primary"));
    }
    let unread = match strictest(estate, tables.iter().copied()) {
        Some((class, None)) if !baseline.asks(class, ENC_03.id) => {
            return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
        }
        Some((_, unread)) => unread,
        None => return Ok(draft.not_applicable("no table that uses it states a class")),
    };
    if !key.may_rotate() {
        return Ok(by_class(draft.warn(format!("origin {}: it rotates by hand alone", key.origin)), unread));
    }
    let (mut draft, seen) = draft.need("GetKeyRotationStatus", estate.rotations.get(arn))?;
    let days = seen.value.days.unwrap_or(365);
    draft.saw(
        seen,
        [format!("KeyRotationEnabled={}", seen.value.enabled), format!("RotationPeriodInDays={:?}", seen.value.days)],
    );
    let judged = match seen.value.enabled {
        false => draft.fail("it does not rotate"),
        true if days > MOST => draft.warn(format!("it rotates every {days} days; {MOST} are asked for")),
        true => draft.pass(format!("it rotates every {days} days")),
    };
    Ok(by_class(judged, unread))
}

/// ENC-06.
pub(super) const ENC_06: &Control = &Control {
    id: "ENC-06",
    operations: &["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "kms:DescribeKey"],
    blind: "",
    judge: Judge::Table(replica_keys),
};

fn replica_keys(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_replica_keys(estate, baseline, table)), unread(table))
}

fn judge_replica_keys(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_06, &table.arn);
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    let others = others(table, &seen.value);
    if others.is_empty() {
        return Ok(draft.not_applicable("it is no global table"));
    }
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_06.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let told = |of: &Replica| of.kms_key.clone().unwrap_or_else(|| "absent".to_owned());
    draft.saw(seen, others.iter().map(|of| format!("Replicas[{}].KMSMasterKeyId={}", of.region, told(of))));
    let least = baseline.least_key(class);
    let mut unseen = Vec::new();
    for of in others {
        if of.status.as_deref() == Some("INACCESSIBLE_ENCRYPTION_CREDENTIALS") {
            return Ok(draft.fail(format!("the replica in {} cannot use its key", of.region)));
        }
        let (kind, key) = match key_of(estate, table, of) {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                return Ok(draft.unknown(&format!("the key of the replica in {}", of.region), Some(&error)));
            }
            None if estate.replica(table, &of.region).is_some() || of.kms_key.is_some() => {
                return Ok(draft.unknown(&format!("the key of the replica in {}", of.region), None));
            }
            None => {
                unseen.push(of.region.as_str());
                continue;
            }
        };
        if let Some(key) = key {
            draft.saw(key, [format!("{}: KeyMetadata.KeyState={}", of.region, key.value.state)]);
        }
        if kind < least {
            return Ok(draft.fail(format!(
                "the replica in {} has an {} key; class {} asks for a {} one",
                of.region,
                key_words(kind),
                class.word(),
                key_words(least)
            )));
        }
        if let Some(key) = key.filter(|key| key.value.state != "Enabled") {
            return Ok(draft.fail(format!("the key of the replica in {} is {}", of.region, key.value.state)));
        }
    }
    Ok(match unseen.as_slice() {
        [] => draft.pass(format!("every replica has a {} key of its region", key_words(least))),
        regions => draft.warn(format!("the replica in {} was not read", regions.join(", "))),
    })
}

/// The key of a replica: as its own table tells, where that is polled, else as its home's description does.
fn key_of<'a>(estate: &'a Estate, table: &Table, of: &Replica) -> Option<Result<TableKey<'a>, SourceError>> {
    if let Some(other) = estate.replica(table, &of.region) {
        return estate.table_key(other);
    }
    match estate.keys.get(of.kms_key.as_ref()?)?.known()? {
        Ok(seen) => Some(Ok((seen.value.kind, Some(seen)))),
        Err(error) => Some(Err(error.clone())),
    }
}
