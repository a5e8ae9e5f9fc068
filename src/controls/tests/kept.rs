//! Keys that backups were made under.

use serde_json::json;

use super::{ARN, KEY, backup, denied, described, key, now, scope, seen};
use crate::controls::tail_tests::{Change, answer, deny, each_is, kept, put};
use crate::model::{Estate, Fault, Key, KeyKind, RECOVERY_POINTS, SourceError, Verdict};

pub(super) const JUDGED: &[&str] = &["ENC-07"];

const OLD: &str = "arn:aws:kms:eu-west-1:111122223333:key/old";

fn backup_arn(at: usize) -> String {
    format!("{ARN}/backup/{at:014}-aa")
}

/// Two backups and a recovery point of the table, all under living keys.
pub(in crate::controls) fn keep(estate: &mut Estate) {
    let asked: Vec<String> = [1, 2].map(backup_arn).into();
    for arn in &asked {
        estate.backup_keys.insert(arn.clone(), seen(Some(KEY.to_owned())));
    }
    let of = backup(estate);
    (of.own, of.asked) = (asked.len(), asked);
    let point = json!({"RecoveryPointArn": "arn:aws:backup:eu-west-1:111122223333:recovery-point:1", "EncryptionKeyArn": OLD, "IsEncrypted": true, "Count": 30});
    put(estate, RECOVERY_POINTS, "main", json!({"RecoveryPoints": {ARN: [point]}}));
    let old = Key { arn: OLD.to_owned(), ..key(estate).clone() };
    estate.keys.insert(OLD.to_owned(), seen(old));
}

fn old(estate: &mut Estate) -> &mut Key {
    &mut estate.keys.get_mut(OLD).unwrap().seen.as_mut().unwrap().value
}

fn point(estate: &mut Estate) -> &mut serde_json::Value {
    &mut answer(estate, RECOVERY_POINTS, "main")["RecoveryPoints"][ARN][0]
}

#[test]
fn a_key_that_something_was_made_under_must_live_as_long_as_it() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("ENC-07", Pass, |_| {}),
        ("ENC-07", Fail, |it| old(it).state = "Disabled".to_owned()),
        ("ENC-07", Fail, |it| old(it).state = "PendingImport".to_owned()),
        ("ENC-07", Fail, |it| old(it).state = "Unavailable".to_owned()),
        ("ENC-07", Fail, |it| {
            (old(it).state, old(it).deletion) = ("PendingDeletion".to_owned(), Some(now()));
        }),
        // A key that was deleted is not there to be described.
        ("ENC-07", Fail, |it| {
            let gone = SourceError::Refused("NotFoundException: Key does not exist".to_owned());
            it.keys.insert(
                OLD.to_owned(),
                crate::model::Cell { seen: None, fault: Some(Fault { error: gone, at: now() }) },
            );
        }),
        // A dead key is a dead key, whatever else could not be read.
        ("ENC-07", Fail, |it| {
            old(it).state = "Disabled".to_owned();
            it.backup_keys.insert(backup_arn(1), denied("dynamodb:DescribeBackup"));
        }),
        ("ENC-07", Warn, |it| {
            it.backup_keys.insert(backup_arn(1), seen(Some(OLD.to_owned())));
        }),
        ("ENC-07", Warn, |it| {
            point(it)["RecoveryPointArn"] = json!(backup_arn(9));
        }),
        ("ENC-07", Warn, |it| {
            // The table went to AWS's own key, its backups did not.
            (described(it).kms_key, described(it).sse_type, described(it).sse_status) = (None, None, None);
        }),
        ("ENC-07", Pass, |it| {
            let asked = backup(it).asked.clone();
            asked.into_iter().for_each(|arn| drop(it.backup_keys.insert(arn, seen(None))));
        }),
        ("ENC-07", Pass, |it| {
            *point(it) = json!({"RecoveryPointArn": "arn:aws:backup:x:y:recovery-point:1", "EncryptionKeyType": "AWS_OWNED_KMS_KEY"});
        }),
        ("ENC-07", Pass, |it| {
            (old(it).kind, old(it).state) = (KeyKind::AwsManaged, "Enabled".to_owned());
        }),
        ("ENC-07", Unknown, |it| {
            it.backups.insert(scope(), denied("dynamodb:ListBackups"));
        }),
        ("ENC-07", Unknown, |it| {
            it.backup_keys.insert(backup_arn(2), denied("dynamodb:DescribeBackup"));
        }),
        ("ENC-07", Unknown, |it| drop(it.backup_keys.remove(&backup_arn(2)))),
        ("ENC-07", Unknown, |it| deny(it, "backup:ListBackupVaults", "")),
        ("ENC-07", Unknown, |it| deny(it, RECOVERY_POINTS, "main")),
        ("ENC-07", Unknown, |it| {
            it.keys.insert(OLD.to_owned(), denied("kms:DescribeKey"));
        }),
        ("ENC-07", Unknown, |it| drop(it.keys.remove(OLD))),
        ("ENC-07", NotApplicable, |it| {
            (backup(it).own, backup(it).asked) = (0, Vec::new());
            *answer(it, RECOVERY_POINTS, "main") = json!({"RecoveryPoints": {}});
        }),
    ];
    each_is(JUDGED, cases);
}

#[test]
fn of_many_backups_it_is_said_how_many_were_asked() {
    let mut estate = kept();
    backup(&mut estate).own = 400;
    let judged = super::judge("ENC-07", &estate);
    assert_eq!(judged.verdict, Verdict::Pass);
    assert!(judged.reason.contains("2 of 400 backups were asked"), "{}", judged.reason);
}
