//! Backups that DynamoDB keeps, and the keys that they were made under.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use aws_sdk_dynamodb::types::{BackupDescription, BackupStatus, BackupSummary as Listed, BackupType, BackupTypeFilter};
use jiff::Timestamp;

use crate::model::{BackupSummary, Delta, Outcome, Seen, Source, SourceError};

use super::site::{Pages, Site, Sweep};
use super::{at_once, kms, time};

/// Backups a page.
const PAGE: i32 = 100;
/// Pages of the list: 100,000 backups.
const PAGES: usize = 1000;
/// Backups of one table whose keys are asked for: the oldest, the newest, and others evenly between them. Where there are
/// many tables they are as few as one sweep can describe, and these two at least.
const PER_TABLE: (usize, usize) = (2, 16);
/// Backups described in one sweep: at a share of the documented rate, two minutes.
const PER_SWEEP: usize = 600;
/// Of these, backups that were described before: their keys never change, their evidence ages.
const AGAIN: usize = 20;
/// Backups described at the same time.
const AT_ONCE: usize = 4;

/// Counts the backups of all tables, and reads under which keys they were made.
///
/// # Errors
///
/// Why they could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let outcome = list(site, sweep).await;
    let asked: Vec<Vec<String>> = match &outcome {
        Ok(seen) => seen.value.values().map(|of| of.asked.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let failed = outcome.as_ref().err().map(|fault| fault.error.clone());
    sweep.data(vec![Delta::Backups(outcome)]).await;
    if let Some(error) = failed {
        return Err(error);
    }
    let due = due(site, &asked);
    sweep.grow(due.len()).await;
    at_once(AT_ONCE, due.into_iter().map(|arn| step(site, sweep, arn)).collect()).await;
    let known = site.memory.lock().unwrap_or_else(PoisonError::into_inner).backups.clone();
    let keys = known.into_values().filter_map(|(_, key)| key).collect();
    kms::also(site, sweep, Source::Backups, keys).await;
    Ok(())
}

/// What is described in this sweep: first the oldest of each table, and what was described before last of all.
fn due(site: &Site, asked: &[Vec<String>]) -> Vec<String> {
    let mut memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
    let all: BTreeSet<&String> = asked.iter().flatten().collect();
    memory.backups.retain(|arn, _| all.contains(arn));
    let longest = asked.iter().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|place| asked.iter().filter_map(move |of| of.get(place)));
    let mut due: Vec<String> = in_turn.filter(|arn| !memory.backups.contains_key(*arn)).cloned().collect();
    due.truncate(PER_SWEEP - AGAIN);
    let mut known: Vec<(&Timestamp, &String)> = memory.backups.iter().map(|(arn, (at, _))| (at, arn)).collect();
    known.sort();
    due.extend(known.into_iter().take(AGAIN).map(|(_, arn)| arn.clone()));
    due
}

async fn step(site: &Site, sweep: &Sweep<'_>, arn: String) {
    let outcome = describe(site, sweep, &arn).await;
    sweep.note(&outcome);
    if let Ok(seen) = &outcome {
        let mut memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.backups.insert(arn.clone(), (seen.at, seen.value.clone()));
    }
    sweep.data(vec![Delta::BackupKey(arn, outcome)]).await;
    sweep.step().await;
}

/// The KMS key that a backup was made under; `None` for AWS's own.
async fn describe(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<Option<String>> {
    let call = site.clients().dynamodb.describe_backup().backup_arn(arn).send();
    let Seen { value, at, call } = sweep.call("dynamodb:DescribeBackup", arn, call).await?;
    let missing = |what: &str| site.fault(SourceError::Malformed(format!("no {what} in the answer")));
    let described = value.backup_description.ok_or_else(|| missing("BackupDescription"))?;
    Ok(Seen { value: key_of(described).map_err(missing)?, at, call })
}

/// The key that an answer names, or what it lacks. A table under AWS's own key has no SSEDescription, and neither have its
/// backups: their features are told, and empty.
fn key_of(of: BackupDescription) -> Result<Option<String>, &'static str> {
    let features = of.source_table_feature_details.ok_or("SourceTableFeatureDetails")?;
    match features.sse_description {
        None => Ok(None),
        Some(sse) if sse.kms_master_key_arn.is_some() => Ok(sse.kms_master_key_arn),
        Some(sse) if sse.sse_type.as_ref().is_none_or(|of| of.as_str() == "AES256") => Ok(None),
        Some(_) => Err("KMSMasterKeyArn"),
    }
}

/// A backup that can be restored, as the list tells of it.
struct Kept {
    arn: String,
    made: Option<Timestamp>,
}

async fn list(site: &Site, sweep: &Sweep<'_>) -> Outcome<BTreeMap<String, BackupSummary>> {
    let mut of: BTreeMap<String, (BackupSummary, Vec<Kept>)> = BTreeMap::new();
    let (mut after, mut pages) = (None, Pages::new(PAGES));
    loop {
        let request = site.clients().dynamodb.list_backups().limit(PAGE).backup_type(BackupTypeFilter::All);
        let call = request.set_exclusive_start_backup_arn(after).send();
        let Seen { value, at, call } = sweep.call("dynamodb:ListBackups", "", call).await?;
        pages.saw(value.backup_summaries().iter().filter_map(|backup| backup.backup_arn()));
        for backup in value.backup_summaries.unwrap_or_default() {
            let Some(name) = backup.table_name.clone() else { continue };
            let (summary, kept) = of.entry(name).or_default();
            count(summary, kept, backup, at);
        }
        after = pages.next(value.last_evaluated_backup_arn).map_err(|error| site.fault(error))?;
        if after.is_none() {
            let most = ((PER_SWEEP - AGAIN) / of.len().max(1)).clamp(PER_TABLE.0, PER_TABLE.1);
            let whole = |(name, (mut summary, kept)): (String, (BackupSummary, Vec<Kept>))| {
                summary.own = kept.len();
                summary.asked = spread(kept, most);
                (name, summary)
            };
            return Ok(Seen { value: of.into_iter().map(whole).collect(), at, call });
        }
    }
}

fn count(summary: &mut BackupSummary, kept: &mut Vec<Kept>, backup: Listed, now: Timestamp) {
    // What is still being made, or gone, restores nothing.
    if backup.backup_status.is_some_and(|status| status != BackupStatus::Available) {
        return;
    }
    let (made, expires) =
        (backup.backup_creation_date_time.and_then(time), backup.backup_expiry_date_time.and_then(time));
    // Of what AWS Backup made, its vaults' own lists tell the keys.
    if backup.backup_type != Some(BackupType::AwsBackup) && expires.is_none_or(|at| at > now) {
        kept.extend(backup.backup_arn.map(|arn| Kept { arn, made }));
    }
    if backup.backup_type == Some(BackupType::System) {
        summary.system += 1;
        return;
    }
    summary.count += 1;
    if made >= summary.newest {
        summary.newest = made;
        summary.expires = expires;
    }
}

/// The oldest, the newest and others evenly between them, in this order.
fn spread(mut kept: Vec<Kept>, most: usize) -> Vec<String> {
    kept.sort_by(|a, b| (a.made, &a.arn).cmp(&(b.made, &b.arn)));
    let last = kept.len().saturating_sub(1);
    let most = kept.len().min(most);
    let mut places: Vec<usize> = (0..most).map(|step| step * last / most.saturating_sub(1).max(1)).collect();
    // A key that is no longer the table's shows at the ends first.
    if let Some(newest) = places.pop().filter(|_| most > 1) {
        places.insert(1.min(places.len()), newest);
    } else {
        places = (0..most).collect();
    }
    places.into_iter().filter_map(|place| kept.get(place)).map(|of| of.arn.clone()).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{SourceTableFeatureDetails, SseDescription, SseType};

    use super::*;

    #[test]
    fn no_features_at_all_say_nothing_of_the_key() {
        let of = |features: Option<SourceTableFeatureDetails>| {
            key_of(BackupDescription::builder().set_source_table_feature_details(features).build())
        };
        let sse = |sse: SseDescription| of(Some(SourceTableFeatureDetails::builder().sse_description(sse).build()));
        assert_eq!(of(None), Err("SourceTableFeatureDetails"));
        assert_eq!(of(Some(SourceTableFeatureDetails::builder().build())), Ok(None));
        let kms = SseDescription::builder().sse_type(SseType::Kms);
        assert_eq!(sse(kms.clone().build()), Err("KMSMasterKeyArn"));
        assert_eq!(sse(kms.kms_master_key_arn("arn:k").build()), Ok(Some("arn:k".to_owned())));
        assert_eq!(sse(SseDescription::builder().sse_type(SseType::Aes256).build()), Ok(None));
    }

    #[test]
    fn few_are_all_asked_for_and_of_many_both_ends_and_what_lies_between() {
        let of = |count: usize, most: usize| {
            let kept = (0..count).rev().map(|at| Kept {
                arn: format!("{at:04}"),
                made: Timestamp::from_second(i64::try_from(at).unwrap()).ok(),
            });
            spread(kept.collect(), most)
        };
        assert!(of(0, 16).is_empty());
        assert_eq!(of(1, 2), ["0000"]);
        assert_eq!(of(2, 16), ["0000", "0001"]);
        assert_eq!(of(3, 16), ["0000", "0002", "0001"]);
        assert_eq!(of(400, 2), ["0000", "0399"]);
        assert_eq!(of(16, 16).len(), 16);
        let many = of(1000, 16);
        assert_eq!((many.len(), &*many[0], &*many[1]), (16, "0000", "0999"));
        assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), 16);
    }
}
