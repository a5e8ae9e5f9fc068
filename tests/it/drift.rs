//! Drifts: what is not as it should be, since when, by whom, and what that lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dynakeep::app::{Msg, update};
use dynakeep::aws::Settings;
use dynakeep::config::Config;
use dynakeep::controls::accepted::Accepted;
use dynakeep::model::{Severity, Source};
use dynakeep::store::changes::{Change, Changed};
use dynakeep::store::{Confidence, Drift};
use dynakeep::wire::demo::{Demo, DemoOptions};
use dynakeep::wire::fault::Fault;
use serde_json::json;

use crate::classes::{config, rows, run};
use crate::harness::{Session, demo_options, settings};
use crate::sweeps::{IDENTITY, canned};

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

/// Acts of the intruder that leave something other than it was: resource, setting, event and time.
const ACTS: [(&str, &str, &str, &str); 6] = [
    ("orders", "PointInTimeRecoveryStatus", "UpdateContinuousBackups", "2026-03-14T02:58:02Z"),
    ("orders", "DeletionProtectionEnabled", "UpdateTable", "2026-03-14T02:58:40Z"),
    ("orders", "Policy", "PutResourcePolicy", "2026-03-14T03:07:42Z"),
    ("ledger", "RecoveryPeriodInDays", "UpdateContinuousBackups", "2026-03-14T03:00:11Z"),
    ("vpce-", "PolicyDocument", "ModifyVpcEndpoint", "2026-03-14T03:08:35Z"),
    ("org-main", "IsLogging", "StopLogging", "2026-03-14T03:11:00Z"),
];

#[test]
fn every_act_of_the_story_is_a_drift_that_names_the_event_that_did_it() {
    let session = told();
    for (resource, setting, name, at) in ACTS {
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

#[test]
fn whatever_the_seed_each_drift_of_the_story_names_its_event_and_no_other_is_laid_at_the_intruders_door() {
    for seed in 0..100 {
        let options = DemoOptions { seed, tables: 0, findings: 0, events: 200, ..DemoOptions::default() };
        let sources =
            vec![Source::Identity, Source::Tables, Source::Keys, Source::Drift, Source::Trails, Source::Events];
        let settings = Settings { sources, regions: vec!["eu-west-1".to_owned()], ..settings() };
        let mut session = Session::over(Demo::new(options, None).wire(), settings, (80, 24), true, |_| {});
        session.settle();
        let by = |of: &&Arc<Drift>| of.cause.as_ref().is_ok_and(|by| by.principal == "app-orders");
        let drifts = session.app.store.drifts().iter().filter(by);
        let mut found: Vec<(&str, &str, &str, String)> = drifts
            .map(|of| {
                let cause = of.cause.as_ref().unwrap();
                assert_ne!(cause.confidence, Confidence::Possible, "seed {seed}: {of:#?}");
                let resource = if of.resource.starts_with("vpce-") { "vpce-" } else { &of.resource };
                (resource, of.setting.as_str(), cause.name.as_str(), cause.at.to_string())
            })
            .collect();
        let mut acts = ACTS.map(|(resource, setting, event, at)| (resource, setting, event, at.to_owned()));
        found.sort();
        acts.sort();
        assert_eq!(found, acts, "seed {seed}");
    }
}

#[test]
fn what_changes_between_two_sweeps_has_its_cause_within_two_polls_of_its_event() {
    let options = DemoOptions { tables: 0, findings: 0, events: 200, ..demo_options() };
    let mut session = Session::of(options, 120, 40);
    session.settle();
    let until = |session: &mut Session, moment: &str| {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        let left = moment.duration_since(session.app.now);
        session.run(Duration::try_from(left).unwrap());
    };
    // The policy is put at 03:07:42; CloudTrail delivers that 110 seconds later.
    until(&mut session, "2026-03-14T03:09:30Z");
    let early = drift(&session, "orders", "Policy");
    let reason = early.cause.as_ref().unwrap_err();
    assert!(reason.contains("up to 15 minutes late"), "{reason}");
    session
        .press("4 / 'setting:Policy table:orders' Enter")
        .shows("? not known")
        .press("Enter")
        .shows("? no event of it yet");
    // Events are polled every ten seconds here.
    until(&mut session, "2026-03-14T03:09:53Z");
    session.shows("PutResourcePolicy at 2026-03-14 03:07:42").shows("app-orders, session i-0abc1d2e3f4a5b6c7");
    let cause = drift(&session, "orders", "Policy").cause.clone().unwrap();
    assert_eq!((cause.confidence, cause.through.as_deref()), (Confidence::Certain, Some("203.0.113.7")));
}

#[test]
fn config_tells_what_it_recorded_of_a_table_that_drifted_and_why_of_another_it_tells_nothing() {
    let session = told();
    let of = drift(&session, "orders", "PointInTimeRecoveryStatus");
    let said: Vec<&str> = of.said.iter().map(|said| said.source.word()).collect();
    assert_eq!(said, ["baseline", "cloudformation", "config", "events"], "{of:#?}");
    // It was captured minutes behind: between the two items lies the call.
    let recorded = session.app.store.recorded(of.arn.as_ref().unwrap()).unwrap();
    let one = recorded.iter().find(|one| one.setting == of.setting).unwrap();
    let since = of.since().unwrap();
    assert!(one.before < since && since < one.at && one.is.as_deref() == Some("DISABLED"), "{one:?}");
    assert!(recorded.iter().all(|one| !one.setting.contains("itemCount")), "{recorded:?}");
    // The recorder of the second region leaves tables out.
    let elsewhere = session.app.store.recorded("arn:aws:dynamodb:us-east-1:111122223333:table/sessions");
    assert!(elsewhere.unwrap_err().contains("not asked"), "{:?}", session.app.store.recorded("x"));
}

#[test]
fn why_no_event_is_named_is_said_with_the_missing_action() {
    let options = DemoOptions { tables: 0, findings: 0, events: 50, ..demo_options() };
    let mut session = Session::over(Demo::new(options, None).wire(), settings(), (120, 40), true, |injector| {
        injector.set("cloudtrail:LookupEvents", Fault::AccessDenied);
    });
    session.settle();
    let of = drift(&session, "orders", "PointInTimeRecoveryStatus");
    let reason = of.cause.as_ref().unwrap_err();
    assert!(reason.contains("cloudtrail:LookupEvents is missing"), "{reason}");
    session.press("4 Enter").shows("? events are denied here: cloudtrail:LookupEvents is missing").shows("seen first");
}

#[test]
fn what_is_accepted_is_no_drift_until_it_changes_and_is_accepted_again() {
    let path = config("drift-accepted", "");
    let file = path.with_file_name("accepted.toml");
    let _none = std::fs::remove_file(&file);
    let open = || {
        let line = ["drift", "--filter", "state:open type:*Table table:orders account:111122223333"];
        let (_, answer) = rows(&path, &line);
        let all = answer["rows"].as_array().unwrap().clone();
        all.into_iter().map(|row| (row["setting"].as_str().unwrap().to_owned(), row)).collect::<Vec<_>>()
    };
    let accept = || run(&path, &["baseline", "accept", "name:orders", "--reason", "as it is", "--by", "ann"]);
    let settings = |all: &[(String, serde_json::Value)]| all.iter().map(|(of, _)| of.clone()).collect::<Vec<_>>();
    assert_eq!(settings(&open()), ["Policy", "PointInTimeRecoveryStatus", "DeletionProtectionEnabled"]);
    assert_eq!(accept().0, 0);
    assert_eq!(settings(&open()), [""; 0]);
    // What the template says all the same is told as tolerated, with whose word it is.
    let (_, answer) = rows(&path, &["drift", "--filter", "state:tolerated table:orders source:cloudformation"]);
    assert!(answer["rows"][0]["tolerated"].as_str().unwrap().contains("accepted as it is by ann"), "{answer}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("TableClass = \"STANDARD\"", "TableClass = \"STANDARD_INFREQUENT_ACCESS\""))
        .unwrap();
    let all = open();
    assert_eq!(settings(&all), ["TableClass"]);
    let row = &all[0].1;
    assert_eq!((&row["was"], &row["is"]), (&"STANDARD_INFREQUENT_ACCESS".into(), &"STANDARD".into()), "{row}");
    assert!(row["cause"].is_null() && row["unknown"]["cause"].is_string(), "{row}");
    assert_eq!(accept().0, 0);
    assert_eq!(settings(&open()), [""; 0]);
}

#[test]
fn what_is_accepted_while_one_watches_counts_at_once_and_a_broken_file_is_named() {
    let options = DemoOptions { tables: 0, findings: 0, events: 50, ..demo_options() };
    let mut session = Session::of(options, 120, 40);
    session.settle();
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let text = format!(
        "version = 1\n[\"{arn}\"]\naccepted_at = 2026-03-14T03:07:00Z\naccepted_by = \"ann\"\nreason = \"so be it\"\n\
         DeletionProtectionEnabled = false\nPointInTimeRecoveryStatus = \"ENABLED\"\n"
    );
    let read = |text: &str| {
        let path = Path::new("accepted.toml");
        Config::accepted(path, text).unwrap_or_else(|broken| Accepted { broken: Some(broken), ..Accepted::default() })
    };
    assert!(drift(&session, "orders", "DeletionProtectionEnabled").counts());
    let before = Accepted::clone(&session.app.store.baseline().accepted);
    update(&mut session.app, Msg::Accepted(read(&text)));
    session.run(Duration::from_secs(1));
    session.shows("read again: what is accepted of 1 tables");
    // The template still says otherwise; the other setting is as bad as it was.
    let of = drift(&session, "orders", "DeletionProtectionEnabled");
    assert_eq!(of.tolerated.as_deref(), Some("accepted as it is by ann: so be it"), "{of:#?}");
    assert!(drift(&session, "orders", "PointInTimeRecoveryStatus").counts());
    update(&mut session.app, Msg::Accepted(read(&text.replace("= false", "= maybe"))));
    session.run(Duration::from_secs(1));
    session.shows("line 6, `DeletionProtectionEnabled = maybe`");
    let judged = session.app.store.judgement(arn, "DET-13").unwrap();
    assert!(judged.reason.contains("is not understood"), "{}", judged.reason);
    // As it was accepted before, it differs as it did: that it was accepted in between made nothing good.
    update(&mut session.app, Msg::Accepted(before));
    session.run(Duration::from_secs(1));
    for setting in ["DeletionProtectionEnabled", "PointInTimeRecoveryStatus"] {
        let of = drift(&session, "orders", setting);
        assert!(of.counts() && of.cause.as_ref().is_ok_and(|cause| cause.principal == "app-orders"), "{of:#?}");
    }
}

/// An account of two tables. Once the switch is thrown one of them is gone, and CloudTrail tells who deleted it.
fn of_two(gone: Arc<AtomicBool>) -> Session {
    let (wire, _) = canned(move |operation, body| {
        let gone = gone.load(Ordering::SeqCst);
        let answer = match operation {
            "GetCallerIdentity" => return (200, IDENTITY.to_owned()),
            "ListTables" if gone => json!({"TableNames": ["ledger"]}),
            "ListTables" => json!({"TableNames": ["ledger", "orders"]}),
            "ListBackups" => json!({"BackupSummaries": []}),
            "LookupEvents" if gone && body.contains("\"false\"") => json!({"Events": [deletion()]}),
            "LookupEvents" => json!({"Events": []}),
            _ => return (400, json!({"__type": "ResourceNotFoundException", "message": "none"}).to_string()),
        };
        (200, answer.to_string())
    });
    let sources = vec![Source::Identity, Source::Tables, Source::Backups, Source::Events];
    let mut session = Session::over(wire, Settings { sources, ..settings() }, (120, 40), true, |_| {});
    session.run(Duration::from_secs(120));
    session
}

fn deletion() -> serde_json::Value {
    let record = json!({
        "eventID": "e-1", "eventName": "DeleteTable", "eventSource": "dynamodb.amazonaws.com", "readOnly": false,
        "eventTime": "2026-11-21T00:03:00Z", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": "mallory", "arn": "arn:aws:iam::111122223333:user/mallory"},
        "requestParameters": {"tableName": "orders"}, "eventVersion": "1.11", "eventType": "AwsApiCall",
    });
    json!({
        "EventId": "e-1", "EventName": "DeleteTable", "EventSource": "dynamodb.amazonaws.com", "ReadOnly": "false",
        "EventTime": 1_795_219_380, "Username": "mallory", "CloudTrailEvent": record.to_string(),
    })
}

#[test]
fn a_table_that_is_deleted_is_told_with_who_did_it_and_is_over_once_it_is_there_again() {
    let gone = Arc::new(AtomicBool::new(false));
    let mut session = of_two(gone.clone());
    let drifts = |session: &Session| {
        let all = session.app.store.drifts().iter().filter(|of| of.resource == "orders");
        all.map(|of| of.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(drifts(&session), [""; 0]);
    // What the demo's file says is accepted, and is not there, is gone as well, whoever took it.
    let accepted = drift(&session, "exports", "Exists");
    assert!(accepted.said[0].note.starts_with("accepted by") && accepted.cause.is_err(), "{accepted:?}");
    gone.store(true, Ordering::SeqCst);
    session.run(Duration::from_secs(20 * 60));
    let of = drift(&session, "orders", "Exists").clone();
    let cause = of.cause.as_ref().unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((cause.name.as_str(), cause.principal.as_str()), ("DeleteTable", "mallory"));
    assert_eq!((of.severity, of.was(), of.is()), (Severity::Critical, Some("there"), Some("deleted")));
    assert!(of.damage.as_ref().unwrap().contains("and there is no backup"), "{of:?}");
    let told = |session: &Session| {
        let ours = |of: &&Change| matches!(&of.what, Changed::Drift(of) if of.resource == "orders");
        let changes = session.app.store.changes().iter().filter(ours);
        changes.map(|of| of.word().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&session), ["new"]);
    session.press("4").shows("orders").shows("deleted").press("Enter").shows("DeleteTable at 2026-11-21 00:03:00");
    session.press("Enter").shows("mallory");
    gone.store(false, Ordering::SeqCst);
    session.run(Duration::from_secs(10 * 60));
    assert_eq!(drifts(&session), [""; 0]);
    assert_eq!(told(&session), ["new", "over"]);
}
