//! Who it really was, told in keys and screens.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use dynakeep::trail::sessions::{Chain, Sure, chain, issues};
use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{Session, json_files};

#[test]
fn a_case_leads_from_the_stolen_key_to_the_instance_and_the_call_that_issued_it() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = Session::demo(width, height);
        session.settle();
        session.press("2 Enter").shows("ORIGIN").shows("i-0abc1d2e3f4a5b6c7");
        // The issue is older than what was polled: opening the case searches for it by the key.
        let read = |session: &mut Session| session.screen().contains("issued by ec2");
        let issued = |session: &mut Session| {
            session
                .app
                .store
                .events()
                .newest_first()
                .any(|event| event.name() == "AssumeRole" && event.record().contains("ASIADEMO0ORDERS07Q4M"))
        };
        session.until("the issue is read", |session| issued(session) || read(session), Duration::from_secs(600));
        session.press("Enter").shows("UpdateContinuousBackups");
        session.press("G g").shows("meaning");
        let mut seen = String::new();
        for _ in 0..12 {
            seen += &session.screen();
            session.press("^D");
        }
        for words in
            ["who really", "EC2 instance", "issued by", "AssumeRole by ec2.amazonaws.com", "certain", "it issued key"]
        {
            assert!(seen.contains(words), "{words:?} in\n{seen}");
        }
    }
}

#[test]
fn an_events_meaning_names_what_it_lowers_and_how_that_stands_now() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.press("7 / 'name:UpdateContinuousBackups table:orders' Enter").shows("✖ CRIT");
    session.press("Enter").shows("recovery off: all history is lost at once (critical)");
    session.shows("may lower").shows("RES-01 Point-in-time recovery is on").shows("✖ fail now");
    session.press("Esc / 'risk:>=high table:ledger' Enter").shows("UpdateContinuousBackups").hides("TagResource");
}

/// The records of a file, at any depth.
fn records(value: Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) if fields.contains_key("eventName") && fields.contains_key("userIdentity") => {
            found.push(Value::Object(fields));
        }
        Value::Object(fields) => fields.into_iter().for_each(|(_, value)| records(value, found)),
        Value::Array(items) => items.into_iter().for_each(|value| records(value, found)),
        _ => {}
    }
}

/// Every chain of a directory of public logs, by the key it begins with.
fn chains(name: &str) -> Option<BTreeMap<String, Chain>> {
    let root = std::env::var_os("DYNAKEEP_CORPUS")?;
    let (mut paths, mut all) = (Vec::new(), Vec::new());
    json_files(&PathBuf::from(root).join("cloudtrail").join(name), &mut paths);
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap();
        match serde_json::from_str(&text) {
            Ok(value) => records(value, &mut all),
            Err(_) => {
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).for_each(|of| records(of, &mut all));
            }
        }
    }
    let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
    let mut read = |from: Timestamp, to: Timestamp| {
        let inside = |of: &&Value| {
            let at = text(of, "eventTime").parse::<Timestamp>();
            issues(&text(of, "eventSource"), &text(of, "eventName")) && at.is_ok_and(|at| at >= from && at <= to)
        };
        all.iter().filter(inside).map(Value::to_string).collect()
    };
    let keyed = all.iter().map(|of| (of["userIdentity"]["accessKeyId"].as_str().unwrap_or_default().to_owned(), of));
    Some(keyed.map(|(key, of)| (key, chain(&of.to_string(), &mut read).unwrap())).collect())
}

/// Public logs of attacks, where they are at hand: `DYNAKEEP_CORPUS=../shared/corpus`.
#[test]
fn roles_taken_in_public_logs_lead_back_to_their_users() {
    let Some(invictus) = chains("invictus") else { return };
    let taken = &invictus["ASIATFQR7NSC7TITDFL2"];
    assert_eq!((taken.origin.name.as_deref(), taken.origin.sure), (Some("bert-jan"), Sure::Certain));
    assert_eq!((taken.hops.len(), taken.hops[0].call.as_str()), (1, "AssumeRole"));
    let instance = &invictus["ASIATFQR7NSCWFKWOWVD"];
    assert_eq!(instance.origin.name.as_deref(), Some("i-05c30218156bcc246"));
    let issue = &instance.hops[0];
    assert_eq!((issue.who.name().as_str(), issue.sure), ("ec2.amazonaws.com", Sure::Likely), "its answer names no key");
    let stratus = chains("stratus").unwrap();
    let taken = &stratus["ASIANQQHHS551LWULIWD"];
    assert_eq!((taken.origin.name.as_deref(), taken.hops.len()), (Some("christophe"), 1));
    assert_eq!(stratus["ASIA6FTSFH98XNF7DFZB"].origin.name, None, "test-role/cli says nothing of who it was");
}
