//! From a finding to what stands behind it and what would stop it, told in keys and screens.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use dynakeep::aws::Settings;
use dynakeep::model::{Scope, Source};
use dynakeep::store::case::details;
use dynakeep::store::{LinkTier, Store};
use dynakeep::wire::demo::{Demo, DemoOptions, Story};
use serde_json::{Value, json};

use crate::harness::{Session, demo_options, json_files, settings};
use crate::sweeps::{IDENTITY, canned, once, sweep};

/// The demo, read once, half a minute after its first critical finding.
fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

/// The case behind the first critical finding, with all that it searches for.
fn case(width: u16, height: u16) -> Session {
    searched(ready(width, height))
}

/// The same case when all of the story has happened.
fn late(width: u16, height: u16) -> Session {
    let mut session = Session::of(DemoOptions { start: Story::End, ..demo_options() }, width, height);
    session.settle();
    searched(session)
}

fn searched(mut session: Session) -> Session {
    session.press("2 Enter").shows("REACH");
    let answered = "events · 5/5 regions of 2 accounts · by key, then by session";
    session.until("the searches are answered", |s| s.screen().contains(answered), Duration::from_secs(600));
    session.until("the issue is read", |s| s.screen().contains("session expires 05:52"), Duration::from_secs(600));
    session
}

/// All lines of a page, from its head to its end.
fn page(session: &mut Session) -> String {
    session.press("g");
    let (mut seen, mut last, mut still) = (String::new(), String::new(), 0);
    // In the part that stays the cursor alone moves.
    while still < 8 {
        let screen = session.screen();
        still = if screen == last { still + 1 } else { 0 };
        seen += &screen;
        last = screen;
        session.press("^D");
    }
    seen
}

#[test]
fn from_the_first_frame_to_the_record_behind_the_first_critical_finding_in_three_keys() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        session.press("2 Enter Enter").shows("UpdateContinuousBackups");
        // The record is a part of the page; where it is too low, its first lines still show.
        let screen = session.screen();
        assert!(screen.contains("eventVersion") || screen.contains("more"), "{screen}");
        let whole = page(&mut session);
        assert!(whole.contains("\"pointInTimeRecoveryEnabled\": false"), "{whole}");
    }
}

#[test]
fn the_first_screenful_says_whether_it_goes_on_and_what_that_does_not_see() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = case(width, height);
        session.shows("STILL?").shows("ago · session expires 05:52:10Z").shows("calls of the last 15 min");
        session.shows("14 events · 5/5 regions of 2 accounts").shows("CONTAIN");
    }
    // Half an hour after the last call silence is called silence, and no end.
    late(80, 24).shows("quiet 2").shows("logs lag up to 15 min · session expires 05:52:10Z");
}

#[test]
fn a_case_says_what_lies_above_and_below_and_both_ends_can_be_reached() {
    let mut session = case(80, 24);
    session.shows("↑").shows("more").shows("WHAT").press("g").shows("GetCallerIdentity");
    let top = session.screen();
    assert!(!top.contains("↑ "), "nothing is above:\n{top}");
    session.press("G").shows("issued by").shows("↑ ").hides("↓ ");
}

#[test]
fn what_guards_all_tables_and_was_lowered_stands_in_the_timelines_head() {
    case(120, 40).hides("lowered what guards all");
    let seen = page(&mut late(120, 40));
    let head = seen.find("beside its tables it lowered what guards all of them").unwrap();
    let head = &seen[head..seen.find(" in order:").unwrap()];
    assert!(head.contains("StopLogging") && head.contains("ModifyVpcEndpoint"), "{head}");
    assert!(!head.contains("UpdateTable"), "{head}");
    // What GuardDuty said stands between the events, each once, and leads to it.
    for kind in ["InstanceCredentialExfiltration.OutsideAWS", "CloudTrailLoggingDisabled", "this one, raised"] {
        assert!(seen.contains(kind), "{kind}:\n{seen}");
    }
    // What it changed stands until somebody puts it back, though the session ends.
    assert!(seen.contains(" of its changes stand") && seen.contains("whatever becomes of the session: "), "{seen}");
    // So do the drifts that its events opened.
    assert!(seen.contains("drift ") && seen.contains("RES-01"), "{seen}");
}

#[test]
fn who_leads_over_the_key_to_the_tables_and_what_others_of_the_role_did_stands_apart() {
    let mut session = case(120, 40);
    let seen = page(&mut session);
    let graph = &seen[seen.find("who → key → table").unwrap()..];
    let place = |words: &str| graph.find(words).unwrap_or_else(|| panic!("{words}:\n{graph}"));
    let order =
        ["ec2.amazonaws.com  AssumeRole", "app-orders/i-0abc1d2e3f4a5b6c7", "14 calls from 203.0.113.7", "T1 exports"];
    assert!(order.map(place).is_sorted(), "{graph}");
    assert!(place("T1 payroll") < place("(T4)") && place("(T4)") < place("T4 "), "{graph}");
    assert!(graph.contains("same key, 8 min later: UpdateTable, UpdateContinuousBackups"), "{graph}");
}

#[test]
fn steps_say_what_they_break_and_are_copied_and_never_run() {
    let mut session = case(120, 40);
    let seen = page(&mut session);
    assert!(seen.contains("Revoke all sessions of app-orders that began before now"), "{seen}");
    assert!(seen.contains("breaks: 1 other session of app-orders would be cut as well: i-0def4a5b6c7d8e9f0"), "{seen}");
    session.press("g");
    // The head leads to the first step; its page has command and undo, and c copies the command.
    for _ in 0..40 {
        if session.app.nav.place().selected.as_ref().is_some_and(|to| format!("{to:?}").contains("Step")) {
            break;
        }
        session.press("j");
    }
    session.press("c");
    let copied = session.copied.pop().unwrap();
    assert!(
        copied.starts_with("aws iam put-role-policy --role-name app-orders --policy-name DenyOneSession"),
        "{copied}"
    );
    session.press("Enter").shows("undo").shows("aws iam delete-role-policy --role-name app-orders").press("c");
    assert_eq!(session.copied.pop().unwrap(), copied);
    let calls =
        |session: &Session| session.app.store.ledger().iter().filter(|call| call.operation.contains("iam:Put")).count();
    assert_eq!(calls(&session), 0);
    session.press("J").shows("\"breaks\"");
}

#[test]
fn what_we_raise_is_told_as_ours_and_guarddutys_number_stays() {
    let mut session = Session::of(DemoOptions { start: Story::End, ..demo_options() }, 120, 40);
    session.settle();
    // Among the high ones, though GuardDuty says low.
    session.press("2").shows("LOW↑");
    let screen = session.screen();
    let place = |words: &str| screen.lines().position(|line| line.contains(words)).unwrap();
    assert!(place("LOW↑") < place("NetworkPortUnusual"), "{screen}");
    session
        .press("/ 'raised:high' Enter Enter")
        .shows("LOW  2.0")
        .shows("RAISED")
        .shows("HIGH by dynakeep, not by GuardDuty");
    session.shows("LOG-01").shows("PART OF").shows("the attack sequence");
}

#[test]
fn what_is_put_aside_says_by_what_and_a_sample_that_nothing_happened() {
    let mut session = ready(120, 40);
    session
        .press("2 / 'state:archived' Enter Enter")
        .shows("MARKED")
        .shows("archived by hand, or by a filter that is gone");
    session.press("Esc / 'sample:true' Enter Enter").shows("a sample, made by CreateSampleFindings: nothing happened");
}

#[test]
fn every_member_of_a_finding_stands_in_words_and_leads_where_it_can() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = case(width, height);
        let seen = page(&mut session);
        for words in
            ["all that the finding says", "sequence · actors 1", "user › credential uid", "sequence · endpoints 1"]
        {
            assert!(seen.contains(words), "{words}:\n{seen}");
        }
    }
}

const ACCOUNT: &str = "111122223333";
const STOLEN: &str = "ASIADEMO0ORDERS07Q4M";

/// What the stolen key did to tables, as it is written in the story.
fn scripted() -> BTreeSet<(Scope, String)> {
    let table = |region: &str, name: &str| (Scope::new(ACCOUNT, region), name.to_owned());
    ["orders", "ledger", "exports"]
        .map(|name| table("eu-west-1", name))
        .into_iter()
        .chain([table("us-east-1", "payroll")])
        .collect()
}

#[test]
fn over_a_hundred_seeds_each_finding_leads_to_what_the_story_touched_and_to_nothing_else() {
    let (mut found, mut missed, mut strange, mut cases) = (0, 0, 0, 0);
    for seed in 0..100 {
        let options = DemoOptions { seed, events: 240, ..DemoOptions::default() };
        let sources = vec![Source::Findings, Source::Events];
        let (store, _) = sweep(Demo::new(options, None).wire(), Settings { once: true, sources, ..settings() });
        let findings = &store.estate().findings;
        assert_eq!(findings.values().filter(|of| of.access_key.as_deref() == Some(STOLEN)).count(), 7, "seed {seed}");
        for finding in findings.values() {
            let own = finding.access_key.as_deref() == Some(STOLEN);
            let touched = if own { scripted() } else { BTreeSet::new() };
            let links = store.tables_of_finding(finding);
            assert!(links.iter().all(|link| link.tier < LinkTier::T4 && !link.reason.is_empty()));
            let linked: BTreeSet<_> = links.into_iter().map(|link| (link.scope, link.table)).collect();
            cases += usize::from(own);
            found += linked.intersection(&touched).count();
            missed += touched.difference(&linked).count();
            strange += linked.difference(&touched).count();
            // What others of the same role touched is T4, and no table of the actor's own is among it.
            let near = store.tables_near(finding, &store.tables_of_finding(finding));
            assert!(near.iter().all(|link| link.tier == LinkTier::T4));
            assert!(
                near.iter().all(|link| !touched.contains(&(link.scope.clone(), link.table.clone()))),
                "seed {seed}"
            );
        }
    }
    println!("{cases} findings: {found} links as scripted, {missed} missed, {strange} that the story did not touch");
    assert_eq!((cases, found, missed, strange), (700, 2_800, 0, 0));
}

/// GuardDuty with these findings and nothing else, through the SDK's client.
fn guardduty(findings: Vec<Value>) -> Store {
    let ids: Vec<Value> =
        (0..findings.len()).map(|at| findings[at].get("id").cloned().unwrap_or(json!(format!("id-{at}")))).collect();
    let (wire, _) = canned(move |operation, _| {
        let answer = match operation {
            "GetCallerIdentity" => return (200, IDENTITY.to_owned()),
            of if of.ends_with("/findings/get") => json!({ "findings": findings }),
            of if of.ends_with("/findings") => json!({ "findingIds": ids, "nextToken": "" }),
            of if of.contains("/filter") => json!({ "filterNames": [], "nextToken": "" }),
            of if of.ends_with("/detector/d") => json!({ "status": "ENABLED", "serviceRole": "r" }),
            of if of.contains("/detector") => json!({ "detectorIds": ["d"], "nextToken": "" }),
            _ => return (404, "{}".to_owned()),
        };
        (200, answer.to_string())
    });
    once(wire, &[Source::Findings]).0
}

#[test]
fn a_finding_that_cannot_be_understood_is_counted_and_kept_and_the_others_are_there() {
    let good = |id: &str| json!({"id": id, "type": "Recon:EC2/Portscan", "severity": 5, "accountId": ACCOUNT, "region": "eu-west-1"});
    let odd = json!({"type": "Novel:Quantum/Entangled", "severity": 8.5, "resource": {"resourceType": "Qubit", "spin": ["up", "down"]}});
    let store = guardduty(vec![good("a"), odd.clone(), good("b")]);
    let estate = store.estate();
    assert_eq!(estate.findings.len(), 3);
    let broken: Vec<_> = estate.findings.values().filter(|of| of.broken.is_some()).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&broken[0].raw).unwrap(), odd);
    let trouble: Vec<_> = store.freshness().filter(|((source, _), _)| *source == Source::Findings).collect();
    let (error, count) = &trouble[0].1.partial[0];
    assert_eq!(
        (error.to_string().as_str(), *count),
        ("malformed answer: a finding could not be understood: it has no Id", 1)
    );
}

/// The findings in a JSON text, however deep.
fn findings_in(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) if ["schemaVersion", "type", "arn"].iter().all(|name| fields.contains_key(*name)) => {
            found.push(value.clone());
        }
        Value::Object(fields) => fields.values().for_each(|value| findings_in(value, found)),
        Value::Array(items) => items.iter().for_each(|value| findings_in(value, found)),
        _ => {}
    }
}

/// Values at the ends of a JSON text.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, found)),
        Value::Array(items) => items.iter().for_each(|value| leaves(value, found)),
        Value::String(text) if !text.is_empty() && !text.starts_with(['{', '[']) => found.push(text.clone()),
        Value::Number(_) | Value::Bool(_) => found.push(value.to_string()),
        _ => {}
    }
}

/// `.ci/run` names the directory in `DYNAKEEP_TEST_CORPUS`; without it there is nothing to read, and the test says so.
#[test]
fn real_findings_of_a_corpus_lose_nothing_on_their_way_to_the_raw_json() {
    let Ok(corpus) = std::env::var("DYNAKEEP_TEST_CORPUS") else {
        println!("skipped: DYNAKEEP_TEST_CORPUS names no directory");
        return;
    };
    let mut files = Vec::new();
    json_files(&Path::new(&corpus).join("guardduty"), &mut files);
    let mut read = 0;
    for file in files {
        let mut findings = Vec::new();
        findings_in(&serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap(), &mut findings);
        assert!(!findings.is_empty(), "{}", file.display());
        // Some files have the same id twice: each finding is an answer of its own.
        for input in findings {
            let store = guardduty(vec![input.clone()]);
            let finding =
                store.estate().findings.values().next().unwrap_or_else(|| panic!("{}: {input}", file.display()));
            // Some went through a program that moved their severity elsewhere: that is said, and the rest is there.
            let lacks = ["id", "type", "severity"].iter().any(|name| input.get(name).is_none());
            assert_eq!(finding.broken.is_some(), lacks, "{}", file.display());
            assert_eq!(finding.raw, input.to_string(), "{}", file.display());
            let told = details::groups(&finding.raw);
            let told: Vec<&str> = told.iter().flat_map(|group| &group.members).map(|of| of.value.as_str()).collect();
            let mut wanted = Vec::new();
            leaves(&input, &mut wanted);
            for leaf in wanted {
                assert!(told.iter().any(|value| value.contains(&leaf)), "{leaf} of {}", file.display());
            }
            read += 1;
        }
    }
    println!("{read} findings");
    assert!(read > 5);
}
