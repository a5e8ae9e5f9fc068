//! Keys that backups were made under: a backup keeps the key of its day, whatever becomes of the table's.

use std::collections::BTreeMap;

use crate::model::{
    BackupSummary, CallRef, Cell, Estate, Evidence, Judgement, Key, KeyKind, RECOVERY_POINTS, Seen, SourceError, Table,
};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

const LISTED: &str = "dynamodb:ListBackups";
const DESCRIBED: &str = "dynamodb:DescribeBackup";
const VAULTS: &str = "backup:ListBackupVaults";
const KEYS: &str = "kms:DescribeKey";

/// ENC-07.
pub(super) const ENC_07: &Control = &Control {
    id: "ENC-07",
    operations: &[
        LISTED,
        DESCRIBED,
        VAULTS,
        RECOVERY_POINTS,
        KEYS,
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "copies in vaults of other accounts and regions; of a table with many backups the keys of 2 to 16, spread over their time",
    judge: Judge::Table(alive),
};

fn alive(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_alive(estate, baseline, table)), unread(table))
}

/// What is kept under one key.
#[derive(Default)]
struct Under {
    backups: usize,
    points: u64,
    /// Recovery points that AWS Backup keeps in DynamoDB's own way: under the table's key, not the vault's.
    of_table: bool,
}

/// What there is of a table, by key (`None` for AWS's own), and what could not be read of it.
#[derive(Default)]
struct Found<'a> {
    under: BTreeMap<Option<&'a str>, Under>,
    /// The call that is missing, and its error; `None` where it has not come back.
    gap: Option<(&'static str, Option<&'a SourceError>)>,
    summary: Option<&'a BackupSummary>,
    evidence: Vec<Evidence>,
}

impl<'a> Found<'a> {
    fn lacks(&mut self, what: &'static str, error: Option<&'a SourceError>) {
        // A denial says more than that the answer is still to come.
        if self.gap.is_none_or(|(_, known)| known.is_none()) {
            self.gap = Some((what, error));
        }
    }

    fn need<T>(&mut self, what: &'static str, cell: Option<&'a Cell<T>>) -> Option<&'a Seen<T>> {
        match cell.and_then(Cell::known) {
            Some(Ok(seen)) => return Some(seen),
            Some(Err(error)) => self.lacks(what, Some(error)),
            None => self.lacks(what, None),
        }
        None
    }

    fn saw<T>(&mut self, seen: &Seen<T>, field: String) {
        let CallRef { operation, request_id } = seen.call.clone();
        self.evidence.push(Evidence { operation, request_id, at: seen.at, fields: vec![field] });
    }
}

/// What DynamoDB itself keeps of a table.
fn backups<'a>(estate: &'a Estate, table: &Table, found: &mut Found<'a>) {
    let Some(listed) = found.need(LISTED, estate.backups.get(&table.scope)) else { return };
    let Some(of) = listed.value.get(&table.name) else {
        return found.saw(listed, format!("BackupSummaries[{}]=none", table.name));
    };
    found.summary = Some(of);
    found.saw(listed, format!("BackupSummaries[{}]={} of DynamoDB", table.name, of.own));
    for arn in &of.asked {
        let Some(seen) = found.need(DESCRIBED, estate.backup_keys.get(arn)) else { continue };
        let key = seen.value.as_deref();
        let known = found.under.contains_key(&key);
        found.under.entry(key).or_default().backups += 1;
        if !known {
            let name = key.unwrap_or("absent");
            found.saw(seen, format!("SourceTableFeatureDetails.SSEDescription.KMSMasterKeyArn={name}"));
        }
    }
}

/// What the region's vaults keep of it.
fn points<'a>(estate: &'a Estate, table: &Table, found: &mut Found<'a>) {
    let Some(vaults) = found.need(VAULTS, estate.answer(&table.scope, VAULTS, "")) else { return };
    let names = vaults.value["BackupVaultList"].as_array().into_iter().flatten();
    for name in names.filter_map(|vault| vault["BackupVaultName"].as_str()) {
        let Some(seen) = found.need(RECOVERY_POINTS, estate.answer(&table.scope, RECOVERY_POINTS, name)) else {
            continue;
        };
        let of = seen.value["RecoveryPoints"][&table.arn].as_array().map_or(&[][..], Vec::as_slice);
        for point in of {
            let key = point["EncryptionKeyArn"].as_str();
            if key.is_none() && point["EncryptionKeyType"] != "AWS_OWNED_KMS_KEY" && point["IsEncrypted"] != false {
                found.lacks("EncryptionKeyArn of a recovery point", None);
                continue;
            }
            let count = point["Count"].as_u64().unwrap_or(1);
            let under = found.under.entry(key).or_default();
            under.points += count;
            under.of_table |= point["RecoveryPointArn"].as_str().is_some_and(|arn| arn.contains(":dynamodb:"));
            let name = key.unwrap_or("absent");
            found.saw(seen, format!("RecoveryPoints[{}].EncryptionKeyArn={name} ({count})", table.name));
        }
    }
}

fn judge_alive(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let mut draft = Draft::new(ENC_07, &table.arn);
    let class = class(estate, table).0;
    if !baseline.asks(class, ENC_07.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let mut found = Found::default();
    backups(estate, table, &mut found);
    points(estate, table, &mut found);
    let (mut dead, mut named) = (None, Vec::new());
    for (key, under) in &found.under {
        // AWS keeps its own keys.
        let Some(arn) = *key else { continue };
        match estate.keys.get(arn).and_then(Cell::known) {
            Some(Ok(seen)) => {
                draft.saw(seen, [format!("KeyMetadata.KeyState={} of {arn}", seen.value.state)]);
                dead = dead.or_else(|| state(&seen.value).map(|state| (under, arn, state)));
            }
            // A key that is gone is described as that: what was made under it is lost.
            Some(Err(SourceError::Refused(words))) if words.starts_with("NotFoundException") => {
                dead = dead.or(Some((under, arn, "gone".to_owned())));
            }
            Some(Err(error)) => found.gap = Some((KEYS, Some(error))),
            None => found.gap = found.gap.or(Some((KEYS, None))),
        }
        named.push((under, arn));
    }
    found.evidence.into_iter().for_each(|one| draft.add(one));
    if let Some((under, arn, state)) = dead {
        return Ok(draft.fail(format!("{} under {arn}, which is {state}", words(under))));
    }
    if let Some((what, error)) = found.gap {
        return Ok(draft.unknown(what, error));
    }
    if found.under.is_empty() {
        return Ok(draft.not_applicable("nothing is kept of it that a key could take away: backups are RES-04's"));
    }
    // The vault's own key differs by design: AWS Backup encrypts anew.
    let mut held = named.iter().filter(|(under, _)| under.backups > 0 || under.of_table).peekable();
    if held.peek().is_some() {
        let with;
        (draft, with) = draft.need("dynamodb:DescribeTable", Some(&table.description))?;
        let own = with.value.kms_key.as_deref();
        draft.saw(with, [format!("Table.SSEDescription.KMSMasterKeyArn={}", own.unwrap_or("absent"))]);
        if let Some((under, arn)) = held.find(|(_, arn)| Some(*arn) != own) {
            return Ok(draft.warn(format!("{} under {arn}, which is no longer the table's key", words(under))));
        }
    }
    let asked = match found.summary.map(|of| (of.asked.len(), of.own)) {
        Some((asked, own)) if asked < own => format!("; {asked} of {own} backups were asked, spread over their time"),
        _ => String::new(),
    };
    Ok(draft.pass(match named.len() {
        0 => format!("all that is kept of it is under AWS's own keys{asked}"),
        1 => format!("the key of all that is kept of it is enabled{asked}"),
        count => format!("the {count} keys of all that is kept of it are enabled{asked}"),
    }))
}

/// Why a key opens nothing, or soon will not; `None` for one that is alive.
fn state(key: &Key) -> Option<String> {
    match key.state.as_str() {
        "Enabled" | "Updating" if key.deletion.is_none() => None,
        // Nobody can switch AWS's keys off.
        _ if key.kind == KeyKind::AwsManaged && key.deletion.is_none() => None,
        state => Some(key.deletion.map_or_else(|| state.to_owned(), |at| format!("{state}, deleted at {at}"))),
    }
}

fn words(of: &Under) -> String {
    let many = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match (of.backups as u64, of.points) {
        (backups, 0) => many(backups, "backup"),
        (0, points) => many(points, "recovery point"),
        (backups, points) => format!("{} and {}", many(backups, "backup"), many(points, "recovery point")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted() {
        let of = |backups, points| words(&Under { backups, points, of_table: false });
        assert_eq!(of(1, 0), "1 backup");
        assert_eq!(of(0, 7), "7 recovery points");
        assert_eq!(of(2, 1), "2 backups and 1 recovery point");
    }
}
