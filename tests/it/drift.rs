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
    // What nobody saw who looked at the table before or after.
    let mut over = session.app.store.drifts().iter().filter(|of| !of.is_open() && of.resource == "sessions");
    let of = over.next().unwrap();
    let (cause, closed) = (of.cause.as_ref().unwrap(), of.closed.as_ref().unwrap());
    assert_eq!((cause.at.to_string().as_str(), cause.principal.as_str()), ("2026-03-14T02:31:20Z", "admin"));
    assert_eq!(closed.at.to_string(), "2026-03-14T02:44:05Z");
    assert_eq!(closed.cause.as_ref().unwrap().name, "UpdateContinuousBackups");
    let damage = of.damage.as_ref().unwrap();
    assert!(damage.contains("restorable only from 02:44Z") && damage.contains("02:31–02:44Z"), "{damage}");
    assert!(damage.contains("the newest backup is of"), "{damage}");
    assert!(over.next().is_none());
}

#[test]
fn from_the_overview_to_the_cause_of_the_worst_drift_in_two_keys() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = Session::demo(width, height);
        session.settle();
        session.press("4").shows("orders").shows("PointInTime");
        session.press("Enter").shows("UpdateContinuousBackups at 2026-03-14 02:58:02").shows("app-orders, session");
        // The cursor stands on the event: one key more to its record.
        session.press("Enter").shows("› UpdateContinuousBackups");
        session.press("J").shows("\"eventVersion\": \"1.11\"");
        session.press("Esc Esc").shows("side by side").press("Esc").shows("STATE");
    }
}
