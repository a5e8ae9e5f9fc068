//! What a drift lost, or leaves open.

use jiff::{SignedDuration, Timestamp};

use crate::model::{BackupSummary, Estate, SourceError, Table};

use super::Drift;
use super::cause::moment;

/// What a drift of a table lost, or leaves open.
pub(super) fn of_table(estate: &Estate, table: &Table, drift: &Drift) -> Option<String> {
    let now = estate.now;
    let since = drift.since();
    let from = since.map(|at| format!(" since {}", moment(at, now))).unwrap_or_default();
    match (drift.setting.as_str(), drift.is()?) {
        ("PointInTimeRecoveryStatus", "DISABLED") => {
            let backup = backup(estate, table);
            Some(match &drift.closed {
                None => format!("no moment{from} can be restored, and none before; {backup}"),
                Some(closed) => {
                    let earliest = table.pitr.value().and_then(|pitr| pitr.earliest);
                    // Of an end that no event tells, the table alone knows since when it can be restored again.
                    let from = match &closed.cause {
                        Ok(_) => Some(earliest.map_or(closed.at, |at| at.max(closed.at))),
                        Err(_) => earliest,
                    };
                    let lost = since.map(|at| format!(", nor any before {}", moment(at, now))).unwrap_or_default();
                    let until = if closed.cause.is_ok() { Some(closed.at) } else { from };
                    match from.zip(until) {
                        Some((from, until)) => {
                            let between = since.map(|at| range(at, until, now)).unwrap_or_default();
                            format!(
                                "restorable only from {}: no moment of {between} can be{lost}; {backup}",
                                moment(from, now)
                            )
                        }
                        None => format!("since when it can be restored again is not read{lost}; {backup}"),
                    }
                }
            })
        }
        ("RecoveryPeriodInDays", days) => {
            let was = drift.was().filter(|was| *was != "none").map(|was| format!(" (was {was})")).unwrap_or_default();
            let (is, was_days) = (days.parse::<i32>().ok()?, drift.was().and_then(|was| was.parse::<i32>().ok()));
            if was_days.is_some_and(|was| was <= is) || !drift.is_open() {
                return None;
            }
            let earliest = table.pitr.value().and_then(|pitr| pitr.earliest);
            let earliest = earliest.map(|at| format!(": restorable only from {}", moment(at, now))).unwrap_or_default();
            let kept = if is == 1 { format!("a day{was}") } else { format!("{is} days{was}") };
            Some(format!("history older than {} is gone{earliest}; {}", kept, backup(estate, table)))
        }
        ("DeletionProtectionEnabled", "false") => Some(match &drift.closed {
            None => format!("one DeleteTable takes the table{from}"),
            Some(closed) => format!("one DeleteTable would have taken the table{}", lasted(since, closed.at)),
        }),
        _ => None,
    }
}

/// What is left of a table that is gone.
pub(super) fn of_departed(estate: &Estate, drift: &Drift) -> String {
    let backups = estate.backups_of(&drift.scope, &drift.resource);
    let left = "a table with point-in-time recovery on leaves a system backup for 35 days";
    format!("its items are gone with it; {}; {left}", newest(estate, backups))
}

/// What a drift of a trail lost.
pub(super) fn of_trail(drift: &Drift, now: Timestamp) -> Option<String> {
    if drift.setting != "IsLogging" {
        return None;
    }
    let kept = "management events stay in the event history for 90 days";
    let since = drift.since()?;
    Some(match &drift.closed {
        None => format!(
            "nothing is delivered since {}: reads and writes of items go unrecorded; {kept}",
            moment(since, now)
        ),
        Some(closed) => format!("nothing of {} was delivered; {kept}", range(since, closed.at, now)),
    })
}

fn backup(estate: &Estate, table: &Table) -> String {
    newest(estate, estate.table_backups(table))
}

fn newest(estate: &Estate, backups: Option<Result<BackupSummary, SourceError>>) -> String {
    match backups {
        Some(Ok(backups)) => match backups.newest {
            Some(at) => format!("the newest backup is of {}", moment(at, estate.now)),
            None => "and there is no backup".to_owned(),
        },
        Some(Err(error)) => format!("whether there is a backup is not known: {error}"),
        None => "whether there is a backup is not read yet".to_owned(),
    }
}

/// `02:58–03:40Z`.
fn range(from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    let (from, to) = (moment(from, now), moment(to, now));
    format!("{}–{to}", from.trim_end_matches('Z'))
}

fn lasted(since: Option<Timestamp>, until: Timestamp) -> String {
    let Some(since) = since else { return String::new() };
    let length = until.duration_since(since).max(SignedDuration::ZERO);
    format!(" for {}", crate::store::rows::duration(length.as_secs_f64()))
}
