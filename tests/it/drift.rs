//! Drifts: what is not as it should be, since when, by whom, and what that lost.

use std::sync::Arc;
use std::time::Duration;

use dynakeep::store::Drift;
use dynakeep::wire::demo::DemoOptions;

use crate::harness::{Session, demo_options};

/// A small demo account, its story told to the end.
fn told() -> Session {
    let options = DemoOptions { tables: 30, findings: 10, events: 400, ..demo_options() };
    let mut session = Session::of(options, 120, 40);
    session.settle();
    session.run(Duration::from_secs(35 * 60));
    session
}

#[track_caller]
fn drift<'a>(session: &'a Session, resource: &str, setting: &str) -> &'a Arc<Drift> {
    let all = session.app.store.drifts();
    all.iter().find(|of| of.resource.starts_with(resource) && of.setting == setting && of.is_open()).unwrap_or_else(
        || {
            let known: Vec<String> = all.iter().map(|of| format!("{} {}", of.state(), of.id)).collect();
            panic!("no open drift of {setting} of {resource}:\n{}", known.join("\n"))
        },
    )
}

#[test]
fn every_act_of_the_story_is_a_drift_that_names_the_event_that_did_it() {
    let session = told();
    for (resource, setting, name, at) in [
        ("orders", "PointInTimeRecoveryStatus", "UpdateContinuousBackups", "2026-03-14T02:58:02Z"),
        ("orders", "DeletionProtectionEnabled", "UpdateTable", "2026-03-14T02:58:40Z"),
        ("orders", "Policy", "PutResourcePolicy", "2026-03-14T03:07:42Z"),
        ("ledger", "RecoveryPeriodInDays", "UpdateContinuousBackups", "2026-03-14T03:00:11Z"),
        ("vpce-", "PolicyDocument", "ModifyVpcEndpoint", "2026-03-14T03:08:35Z"),
        ("org-main", "IsLogging", "StopLogging", "2026-03-14T03:11:00Z"),
    ] {
        let of = drift(&session, resource, setting);
        let cause = of.cause.as_ref().unwrap();
        assert_eq!((cause.name.as_str(), cause.at.to_string().as_str()), (name, at), "{of:#?}");
        assert_eq!(cause.principal, "app-orders", "{of:#?}");
    }
}
