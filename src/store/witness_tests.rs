use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::controls::Baseline;
use crate::model::{
    CallRef, Delta, EventSearch, Origin, Polled, SearchReach, Seen, Sighting, Source, SourceError, Uses,
};
use crate::trail::record;

fn scope() -> Scope {
    Scope::new("111122223333", "eu-west-1")
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000).unwrap() + SignedDuration::from_mins(minute)
}

/// A record of one call by a session of a role on a table.
fn call(id: usize, minute: i64, role: &str, table: &str, fields: &Value) -> crate::model::Event {
    let mut of = json!({
        "eventID": format!("00000000-0000-0000-0000-{id:012}"), "eventTime": at(minute).to_string(),
        "eventSource": "dynamodb.amazonaws.com", "eventName": "UpdateTable", "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333", "readOnly": false, "managementEvent": true, "eventCategory": "Management",
        "sourceIPAddress": "198.51.100.24",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/s-{id}"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
        },
        "requestParameters": {"tableName": table},
    });
    for (key, value) in fields.as_object().unwrap() {
        of[key] = value.clone();
    }
    record::parse(&of.to_string()).unwrap()
}

fn store() -> Store {
    let mut store = Store::new(Origin::Demo, Baseline::default());
    store.expect(scope(), &[Source::Events]);
    let call = CallRef { operation: "dynamodb:ListTables", request_id: "R1".into() };
    let list = ["orders", "ledger"].map(|name| (name.to_owned(), arn(name))).to_vec();
    tell(&mut store, vec![Delta::TableList(Ok(Seen { value: list, at: at(0), call }))]);
    store.settle(at(0));
    store
}

fn arn(table: &str) -> String {
    format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{table}")
}

fn tell(store: &mut Store, deltas: Vec<Delta>) {
    store.apply(Polled::Data { source: Source::Events, scope: scope(), deltas });
}

fn uses<'a>(store: &'a Store, table: &str) -> &'a Uses {
    &store.estate.witness[&scope()].tables[table]
}

#[test]
fn what_events_say_of_a_table_is_kept_apart_by_who_how_and_from_where() {
    let mut store = store();
    let kms = json!({
        "eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "readOnly": true,
        "requestParameters": {"encryptionContext": {"aws:dynamodb:tableName": "orders"}},
    });
    let tls = json!({
        "readOnly": true, "eventName": "DescribeTable", "vpcEndpointId": "vpce-1",
        "tlsDetails": {"tlsVersion": "TLSv1.2", "clientProvidedHostHeader": "h", "keyExchange": "x25519"},
    });
    let data = json!({"eventName": "GetItem", "readOnly": true, "eventCategory": "Data", "managementEvent": false});
    let refused = json!({"errorCode": "AccessDeniedException"});
    let console = json!({"sessionCredentialFromConsole": "true"});
    let policy = json!({"eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy",
        "requestParameters": {"policyDocument": arn("orders")}});
    let service = json!({"userIdentity": {"type": "AWSService", "invokedBy": "dynamodb.amazonaws.com"},
        "sourceIPAddress": "dynamodb.amazonaws.com"});
    tell(
        &mut store,
        vec![Delta::Events(vec![
            call(1, 1, "app", "orders", &kms),
            call(2, 2, "app", "orders", &tls),
            call(3, 3, "app", "orders", &data),
            call(4, 4, "eve", "orders", &refused),
            call(5, 5, "admin", "orders", &console),
            call(6, 6, "admin", "orders", &json!({})),
            call(7, 7, "iam", "orders", &policy),
            call(8, 8, "x", "orders", &service),
            // Delivered again.
            call(6, 6, "admin", "orders", &json!({})),
        ])],
    );
    store.settle(at(9));
    let of = uses(&store, "orders");
    let who = |who: &Who| format!("{} {}", who.name, who.arn.as_deref().unwrap_or("-").rsplit(':').next().unwrap());
    let users: Vec<(String, Way, usize)> =
        of.users.iter().map(|((by, way), seen)| (who(by), *way, seen.count)).collect();
    let app = || "role/app role/app".to_owned();
    assert_eq!(
        users,
        [
            ("dynamodb.amazonaws.com -".to_owned(), Way::Table, 1),
            ("role/admin role/admin".to_owned(), Way::Table, 2),
            (app(), Way::Items, 1),
            (app(), Way::Key, 1),
            (app(), Way::Table, 1),
        ]
    );
    assert_eq!(of.refused.keys().map(|(by, _)| by.name.as_str()).collect::<Vec<_>>(), ["role/eve"]);
    let changes: Vec<(String, &Whence, bool)> =
        of.changes.keys().map(|of| (of.who.name.clone(), &of.from, of.console)).collect();
    let (from, service) =
        (Whence::Address("198.51.100.24".to_owned()), Whence::Service("dynamodb.amazonaws.com".to_owned()));
    assert_eq!(
        changes,
        [
            ("dynamodb.amazonaws.com".to_owned(), &service, false),
            ("role/admin".to_owned(), &from, false),
            ("role/admin".to_owned(), &from, true),
        ]
    );
    let connections = &store.estate.witness[&scope()].connections;
    let (key, seen) = connections.iter().next().unwrap();
    assert_eq!(
        (key.version.as_str(), key.exchange.as_deref(), key.host.as_deref()),
        ("TLSv1.2", Some("x25519"), Some("h"))
    );
    assert_eq!((connections.len(), seen.by.as_str()), (1, "role/app"));
    assert_eq!((seen.event.as_str(), &*seen.origin), ("00000000-0000-0000-0000-000000000002", record::LOOKED_UP));
}

#[test]
fn an_event_makes_its_table_judged_anew_and_no_other() {
    let mut store = store();
    assert!(store.settle_within(at(1), Duration::MAX));
    tell(&mut store, vec![Delta::Events(vec![call(1, 1, "app", "orders", &json!({}))])]);
    assert!(store.dirty_tables.is_empty() && store.due.is_empty());
    assert!(store.note_within(Instant::now(), Duration::MAX));
    assert_eq!(store.dirty_tables.iter().collect::<Vec<_>>(), [&arn("orders")]);
    assert!(store.due.is_empty());
    store.settle(at(2));
    let tls = json!({"tlsDetails": {"tlsVersion": "TLSv1.2"}});
    tell(&mut store, vec![Delta::Events(vec![call(2, 2, "app", "elsewhere", &tls)])]);
    assert!(store.note_within(Instant::now(), Duration::MAX));
    assert!(store.dirty_tables.is_empty());
    let due: Vec<&str> = store.due.iter().map(|at| CATALOGUE[*at].id).collect();
    assert_eq!(due, ["ENC-09"]);
}

#[test]
fn a_flood_is_noted_in_slices_and_comes_to_the_same_as_at_once() {
    let flood = |store: &mut Store| {
        let events = (0..3_000)
            .map(|id| call(id, id as i64 % 700, ["a", "b", "c"][id % 3], ["orders", "ledger"][id % 2], &json!({})));
        tell(store, vec![Delta::Events(events.collect())]);
    };
    let (mut whole, mut sliced) = (store(), store());
    flood(&mut whole);
    flood(&mut sliced);
    whole.settle(at(1));
    let mut slices = 0;
    while !sliced.settle_within(at(1), Duration::ZERO) {
        slices += 1;
    }
    assert!(slices > 3_000 / SOME as usize, "{slices}");
    assert_eq!(whole.estate.witness, sliced.estate.witness);
    let counts = |store: &Store| {
        let uses = store.estate.witness[&scope()].tables.get("orders");
        uses.into_iter().flat_map(|of| of.users.values()).map(|seen: &Sighting| seen.count).sum::<usize>()
    };
    assert_eq!(counts(&whole), 1_500);
    let verdicts = |store: &Store| store.judgements().cloned().collect::<Vec<_>>();
    assert_eq!(verdicts(&whole), verdicts(&sliced));
    // What was let go for want of memory is let go here.
    whole.bound_events(1);
    whole.settle(at(1));
    assert!(counts(&whole) < 1_500);
}

#[test]
fn a_reach_ends_where_a_search_was_cut_and_faults_are_kept() {
    let search = |since: i64, from: i64, cut: bool| {
        let by = SearchBy::EventName("Decrypt".to_owned());
        let search = EventSearch { by, since: Some(at(since)), until: None, limit: 500 };
        Delta::Search(SearchReach { search, found: Ok(1), cut, from: Some(at(from)) })
    };
    let reach = |deltas: Vec<Delta>| {
        let mut store = store();
        tell(&mut store, deltas);
        store.note_reach();
        store.estate.witness[&scope()].since.get(&Look::Keys).copied()
    };
    assert_eq!(reach(vec![]), None);
    assert_eq!(reach(vec![search(0, 0, false)]), Some(at(0)));
    assert_eq!(reach(vec![search(0, 40, true)]), Some(at(40)));
    // What goes on from a search and is cut leaves a gap before it.
    assert_eq!(reach(vec![search(0, 40, true), search(100, 130, true)]), Some(at(130)));
    // One that goes further back fills it.
    assert_eq!(reach(vec![search(0, 40, true), search(100, 130, true), search(-50, -50, false)]), Some(at(-50)));
    let failed = SearchReach {
        search: EventSearch { by: SearchBy::ReadOnly(false), since: None, until: None, limit: 1 },
        found: Err(SourceError::Throttled("slow".to_owned())),
        cut: false,
        from: Some(at(0)),
    };
    let mut store = store();
    tell(&mut store, vec![Delta::Search(failed)]);
    store.apply(Polled::Ended {
        source: Source::Events,
        scope: scope(),
        at: at(1),
        result: Err(SourceError::Throttled("slow".to_owned())),
        partial: Vec::new(),
        due: None,
    });
    store.note_reach();
    let of = &store.estate.witness[&scope()];
    assert!(of.since.is_empty() && matches!(of.fault, Some(SourceError::Throttled(_))));
}
