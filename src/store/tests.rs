use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::model::{
    CallRef, Delta, Event, EventCategory, Facet, Fault, Finding, FindingAction, Pitr, Polled, Scope, Seen, Source,
    SourceError, Verdict,
};

fn scope() -> Scope {
    Scope::new("111122223333", "eu-west-1")
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000).unwrap() + SignedDuration::from_mins(minute)
}

fn seen<T>(value: T) -> Seen<T> {
    Seen { value, at: at(0), call: CallRef { operation: "dynamodb:ListTables", request_id: "R1".into() } }
}

fn fault() -> Fault {
    Fault { error: SourceError::Offline("reset".to_owned()), at: at(1) }
}

fn tell(store: &mut Store, deltas: Vec<Delta>) {
    store.apply(Polled::Data { source: Source::Tables, scope: scope(), deltas });
    store.settle(at(2));
}

fn event(id: &str, minute: i64, key: &str, session: &str, ip: &str, table: &str) -> Event {
    Event {
        id: id.to_owned(),
        time: at(minute),
        name: "UpdateTable".to_owned(),
        source: "dynamodb.amazonaws.com".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
        principal: "app".to_owned(),
        principal_arn: None,
        session: Some(session.to_owned()),
        access_key: Some(key.to_owned()),
        ip: Some(ip.to_owned()),
        user_agent: None,
        read_only: Some(false),
        error: None,
        tables: vec![table.to_owned()],
        vpce: None,
        tls: [const { None }; 3],
        console: false,
        category: EventCategory::Management,
        own: false,
        raw: "{}".to_owned(),
    }
}

fn finding(id: &str, key: &str, ip: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        arn: String::new(),
        scope: scope(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        kind: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS".to_owned(),
        severity_tenths: 80,
        title: String::new(),
        description: String::new(),
        created: Some(at(5)),
        updated: Some(at(5)),
        first: Some(at(0)),
        last: Some(at(5)),
        count: 1,
        archived: false,
        sample: false,
        resource_type: None,
        access_key: Some(key.to_owned()),
        principal_id: Some("AROAEXAMPLE:i-0abc".to_owned()),
        principal: Some("app".to_owned()),
        principal_type: None,
        action: FindingAction { ip: Some(ip.to_owned()), ..FindingAction::default() },
        resources: Vec::new(),
        actors: Vec::new(),
        endpoints: Vec::new(),
        signals: Vec::new(),
        sequence: None,
        broken: None,
        raw: "{}".to_owned(),
    }
}

#[test]
fn a_list_that_cannot_be_read_drops_nothing_and_a_table_that_is_gone_goes() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let list = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("arn:{name}"))).collect();
    tell(&mut store, vec![Delta::TableList(Ok(seen(list(&["orders", "ledger"]))))]);
    tell(&mut store, vec![Delta::TableList(Err(fault()))]);
    assert_eq!(store.estate().tables.len(), 2);
    assert!(store.estate().populations[&scope()].is_stale());
    let pitr = Pitr { enabled: true, window_days: Some(35), earliest: None, latest: None };
    tell(&mut store, vec![Delta::Facet("arn:orders".to_owned(), Facet::Pitr(Ok(seen(pitr))))]);
    tell(&mut store, vec![Delta::TableList(Ok(seen(list(&["orders"]))))]);
    assert_eq!(store.estate().tables.keys().collect::<Vec<_>>(), ["arn:orders"]);
    assert!(store.estate().tables["arn:orders"].pitr.value().is_some(), "what was read stays");
    assert_eq!(store.judgements_of("arn:ledger").count(), 0);
}

#[test]
fn a_finding_leads_to_tables_by_key_then_session_then_address() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let events = vec![
        event("e1", 1, "ASIA1", "i-0abc", "203.0.113.7", "orders"),
        event("e2", 2, "ASIA2", "i-0abc", "203.0.113.7", "ledger"),
        event("e3", 3, "ASIA3", "other", "203.0.113.7", "payroll"),
        event("e4", 4, "ASIA4", "other", "198.51.100.1", "carts"),
        event("e5", 60 * 48, "ASIA1", "i-0abc", "203.0.113.7", "much-later"),
    ];
    tell(&mut store, vec![Delta::Events(events), Delta::Findings(vec![finding("f1", "ASIA1", "203.0.113.7")])]);
    let finding = store.finding("f1").unwrap().clone();
    let links: Vec<_> =
        store.tables_of_finding(&finding).into_iter().map(|link| (link.table, link.tier.word())).collect();
    let expected = [("orders", "T1"), ("ledger", "T2"), ("payroll", "T3")];
    assert_eq!(links, expected.map(|(table, tier)| (table.to_owned(), tier)));
    for (table, found) in [("orders", 1), ("payroll", 1), ("carts", 0), ("much-later", 0)] {
        assert_eq!(store.findings_of_table(table).len(), found, "{table}");
    }
}

#[test]
fn a_use_of_a_tables_key_is_t2_others_of_the_role_are_t4_and_reasons_say_when() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let mut used = event("e1", 3, "ASIA1", "i-0abc", "203.0.113.7", "orders");
    (used.source, used.name) = ("kms.amazonaws.com".to_owned(), "Decrypt".to_owned());
    let mut other = event("e2", 4, "ASIA9", "i-0def", "10.0.0.9", "carts");
    other.principal = "app".to_owned();
    let mut elsewhere = other.clone();
    (elsewhere.id, elsewhere.account) = ("e3".to_owned(), "999988887777".to_owned());
    let mut deleted = event("e4", 5, "ASIA1", "i-0abc", "203.0.113.7", "ledger");
    (deleted.name, deleted.read_only) = ("DeleteBackup".to_owned(), Some(false));
    let mut about = finding("f1", "ASIA1", "203.0.113.7");
    (about.principal, about.first, about.account) = (Some("app".to_owned()), Some(at(2)), other.account.clone());
    tell(&mut store, vec![Delta::Events(vec![used, other, elsewhere, deleted]), Delta::Findings(vec![about.clone()])]);
    let words = |links: Vec<Link>| -> Vec<(String, &str, String)> {
        links.into_iter().map(|link| (link.table, link.tier.word(), link.reason)).collect()
    };
    let linked = store.tables_of_finding(&about);
    let near = words(store.tables_near(&about, &linked));
    assert_eq!(
        words(linked),
        [
            ("ledger".to_owned(), "T1", "same key, 3 min later: DeleteBackup".to_owned()),
            ("orders".to_owned(), "T2", "its key used by the same caller, 1 min later: Decrypt".to_owned()),
        ]
    );
    // Another account's role of this name is another role.
    let [(table, tier, reason)] = near.as_slice() else { panic!("{near:?}") };
    assert_eq!((table.as_str(), *tier), ("carts", "T4"));
    assert!(reason.starts_with("same role or instance, another session, 2 min later"), "{reason}");
    // Who is near counts for no verdict and no list.
    assert!(store.findings_of_table("carts").is_empty());
}

#[test]
fn a_finding_that_is_read_again_moves_in_the_index() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    tell(&mut store, vec![Delta::Events(vec![event("e1", 1, "ASIA1", "s", "203.0.113.7", "orders")])]);
    let mut moved = finding("f1", "ASIA1", "192.0.2.1");
    moved.principal_id = None;
    tell(&mut store, vec![Delta::Findings(vec![moved.clone()])]);
    assert_eq!(store.findings_of_table("orders").len(), 1);
    moved.access_key = Some("ASIA9".to_owned());
    tell(&mut store, vec![Delta::Findings(vec![moved])]);
    assert_eq!(store.findings_of_table("orders").len(), 0);
}

#[test]
fn a_delivery_met_again_is_one_event_and_order_is_newest_first() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    for minute in [3, 1, 2, 3] {
        let event = event(&format!("e{minute}"), minute, "K", "s", "ip", "orders");
        tell(&mut store, vec![Delta::Events(vec![event])]);
    }
    let order: Vec<_> = store.events().newest_first().map(crate::trail::EventRef::id).collect();
    assert_eq!(order, ["e3", "e2", "e1"]);
}

#[test]
fn a_stretch_of_time_holds_its_ends_newest_first() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let of = |minute: i64| event(&format!("e-{minute}"), minute, "k", "s", "1.1.1.1", "t");
    tell(&mut store, vec![Delta::Events([3, 1, 4, 2].map(of).to_vec())]);
    store.settle(at(9));
    let ids = |from, to| -> Vec<_> { store.events().between(from, to).map(|event| event.id().into_owned()).collect() };
    assert_eq!(ids(at(2), at(3)), ["e-3", "e-2"]);
    let little = SignedDuration::from_millis(1);
    assert_eq!(ids(at(2) + little, at(4) - little), ["e-3"]);
    assert!(ids(at(4), at(1)).is_empty() && ids(at(5), at(6)).is_empty());
}

#[test]
fn failures_for_want_of_a_class_count_once_a_class_is_stated() {
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let mut store = Store::new(Origin::Demo, Baseline::default());
    let pitr = Pitr { enabled: false, window_days: None, earliest: None, latest: None };
    let facets = [Facet::Pitr(Ok(seen(pitr))), Facet::Tags(Ok(seen(BTreeMap::new())))];
    let listed = Delta::TableList(Ok(seen(vec![("orders".to_owned(), arn.to_owned())])));
    tell(&mut store, vec![listed]);
    tell(&mut store, facets.map(|facet| Delta::Facet(arn.to_owned(), facet)).to_vec());
    let off = store.judgement(arn, "RES-01").unwrap();
    assert_eq!((off.verdict, off.counts()), (Verdict::Fail, false));
    // That no tag says its class counts, once.
    assert_eq!(store.judgement(arn, "ISO-01").map(|of| of.verdict), Some(Verdict::Fail));
    assert!(store.by_default() > 0 && store.tally(arn).fail == 1, "{:?}", store.tally(arn));
    assert_eq!(store.coverage().unclassed, 1);
    let tags = BTreeMap::from([("data-class".to_owned(), "internal".to_owned())]);
    tell(&mut store, vec![Delta::Facet(arn.to_owned(), Facet::Tags(Ok(seen(tags))))]);
    assert!(store.judgement(arn, "RES-01").unwrap().counts());
    assert_eq!((store.tally(arn).fail, store.by_default(), store.coverage().unclassed), (1, 0, 0));
}

#[test]
fn the_same_error_in_a_row_is_one_line_with_its_count() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    for _ in 0..3 {
        store.apply(Polled::Ended {
            source: Source::Drift,
            scope: scope(),
            at: at(1),
            result: Err(SourceError::Offline("reset".to_owned())),
            partial: Vec::new(),
            due: None,
        });
    }
    assert_eq!(store.errors().iter().map(|line| line.count).collect::<Vec<_>>(), [3]);
    let freshness = store.freshness_of(Source::Drift, &scope()).unwrap();
    assert_eq!((freshness.good, freshness.sweeps), (None, 3));
    assert_eq!(store.coverage().faults["offline"], 1);
}

#[test]
fn judging_in_slices_comes_to_the_same_as_judging_at_once_whatever_arrives_in_between() {
    let arn = |table: usize| format!("arn:aws:dynamodb:eu-west-1:111122223333:table/t{table}");
    let list = |count: usize| {
        let tables: Vec<(String, String)> = (0..count).map(|table| (format!("t{table}"), arn(table))).collect();
        Delta::TableList(Ok(seen(tables)))
    };
    let pitr = |table: usize, enabled: bool| {
        let value = Pitr { enabled, window_days: Some(35), earliest: None, latest: None };
        Delta::Facet(arn(table), Facet::Pitr(Ok(seen(value))))
    };
    let apply = |store: &mut Store, source: Source, deltas: Vec<Delta>| {
        store.apply(Polled::Data { source, scope: scope(), deltas });
    };
    let mut stores = [(); 2].map(|()| Store::new(Origin::Demo, Baseline::default()));
    for store in &mut stores {
        apply(store, Source::Tables, vec![list(30)]);
    }
    let [whole, sliced] = &mut stores;
    let mut slices = 0;
    for round in 0..20 {
        // What arrives makes the same due again, before all of it was judged.
        let deltas = || vec![pitr(round % 7, round % 2 == 0), list(30 - round % 3)];
        let source = if round % 5 == 0 { Source::Network } else { Source::Tables };
        apply(whole, source, deltas());
        apply(sliced, source, deltas());
        sliced.settle_within(at(2), Duration::ZERO);
        slices += 1;
    }
    assert!(sliced.waiting() > 0, "one slice does not judge thirty tables");
    while !sliced.settle_within(at(2), Duration::ZERO) {
        slices += 1;
    }
    whole.settle(at(2));
    let judged = |store: &Store| -> Vec<_> {
        store.judgements().map(|of| (of.resource.clone(), of.control, of.verdict, of.reason.clone())).collect()
    };
    assert!(slices > 30 && judged(whole).len() > 500, "{slices}");
    assert_eq!(judged(sliced), judged(whole));
    assert_eq!(
        (sliced.posture(), sliced.muted(), sliced.by_default()),
        (whole.posture(), whole.muted(), whole.by_default())
    );
}

#[test]
fn a_table_that_was_not_judged_yet_lacks_nothing_yet_and_what_may_be_undone_is_not_held() {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    store.expect(scope(), &Source::ALL);
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";
    let deltas = vec![Delta::TableList(Ok(seen(vec![("t".to_owned(), arn.to_owned())])))];
    store.apply(Polled::Data { source: Source::Tables, scope: scope(), deltas });
    let verdicts = |store: &Store| store.depth(&store.estate().tables[arn]).map(|of| of.verdict());
    assert_eq!(verdicts(&store), [Verdict::Unknown; 4]);
    store.settle(at(2));
    assert_eq!(verdicts(&store), [Verdict::Unknown; 4], "nothing of it was read");
    let line = |pass| depth::Line { pass, ..depth::Line::default() };
    let held = |undone, unsure| depth::Depth {
        threat: crate::controls::depth::Threat::Read,
        prevent: line(vec!["NET-09"]),
        detect: line(vec!["LOG-02"]),
        recover: line(Vec::new()),
        undone,
        unsure,
    };
    assert_eq!(held(Vec::new(), Vec::new()).verdict(), Verdict::Pass);
    assert_eq!(held(Vec::new(), vec!["IAM-10"]).verdict(), Verdict::Unknown);
    assert_eq!(held(vec!["IAM-10"], Vec::new()).verdict(), Verdict::Fail);
}

#[test]
fn a_doctor_who_was_told_nothing_finds_nobody_well() {
    let store = Store::new(Origin::Live, Baseline::default());
    let notes = store.doctor().into_iter().flat_map(|of| of.notes);
    let well: Vec<_> = notes.filter(|note| note.verdict == Verdict::Pass).collect();
    assert!(well.is_empty(), "{well:?}");
}
