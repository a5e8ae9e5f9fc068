//! The incident: who, from where, and when.

use jiff::Timestamp;

/// 02:00:00Z of the night.
const TWO: i64 = 1_773_453_600;

/// A moment of the night, in minutes and seconds after 02:00Z.
pub(super) const fn night(minute: i64, second: i64) -> Timestamp {
    Timestamp::constant(TWO + minute * 60 + second, 0)
}

/// All has happened.
pub(super) const END: Timestamp = night(100, 0);
/// The first critical finding.
pub(super) const FIRST_CRITICAL: Timestamp = night(66, 20);
/// Half a minute after the first critical finding.
pub(super) const AFTER_FIRST_CRITICAL: Timestamp = night(66, 50);
/// Point-in-time recovery of `orders` is turned off.
pub(super) const PITR_OFF: Timestamp = night(58, 2);
/// Somebody turns point-in-time recovery of `sessions` off at the console, to try something, and on again.
pub(super) const PITR_PAUSED: Timestamp = night(31, 20);
/// It is on again: what was before is lost.
pub(super) const PITR_RESUMED: Timestamp = night(44, 5);
/// Deletion protection of `orders` is turned off.
pub(super) const PROTECTION_OFF: Timestamp = night(58, 40);
/// The recovery window of `ledger` is cut to a day.
pub(super) const PITR_SHRUNK: Timestamp = night(60, 11);
/// `exports` is exported to a foreign bucket.
pub(super) const EXPORTED: Timestamp = night(62, 15);
/// A public policy is put on `orders`.
pub(super) const POLICY_PUBLIC: Timestamp = night(67, 42);
/// The policy of the gateway endpoint is widened.
pub(super) const ENDPOINT_WIDENED: Timestamp = night(68, 35);
/// The trail is stopped.
pub(super) const TRAIL_STOPPED: Timestamp = night(71, 0);
/// The drift of `orders-prod` is checked.
pub(super) const ORDERS_CHECKED: Timestamp = night(64, 30);
/// The nightly drift check of the other stacks.
pub(super) const NIGHTLY_CHECK: Timestamp = night(80, 0);

/// An endpoint policy that lets all through, as AWS's default does.
pub(super) const OPEN_POLICY: &str = "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\
\"Action\":\"*\",\"Resource\":\"*\"}]}";

/// A public table policy, as the intruder wrote it.
pub(super) fn public_policy(table_arn: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Sid\":\"support\",\"Effect\":\"Allow\",\"Principal\":\"*\",\
         \"Action\":[\"dynamodb:GetItem\",\"dynamodb:Query\",\"dynamodb:Scan\"],\"Resource\":\"{table_arn}\"}}]}}"
    )
}
