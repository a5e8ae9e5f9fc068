//! Controls over what CloudTrail's events say.

use std::collections::BTreeMap;

use super::*;
use crate::controls::{Baseline, Expected, Management};
use crate::model::{Change as Changed, Connection, Look, Sighting, Uses, Way, Whence, Who, Witness};

/// The controls that these tests answer for.
pub(in super::super) const JUDGED: &[&str] = &["DET-18", "ENC-09", "ISO-05"];

fn sighting(hours: i64) -> Sighting {
    Sighting {
        first: ago(hours),
        last: ago(1.min(hours)),
        count: 3,
        event: "e-1".to_owned(),
        by: "role/app".to_owned(),
        origin: "cloudtrail:LookupEvents".into(),
    }
}

fn role(name: &str) -> Who {
    Who { name: format!("role/{name}"), arn: Some(format!("arn:aws:iam::111122223333:role/{name}")) }
}

fn change(who: Who, from: Whence, console: bool) -> Changed {
    Changed { who, from, console }
}

/// An estate whose events all three pass.
fn watched() -> Estate {
    let mut estate = good();
    let since = ago(48);
    let mut uses = Uses::default();
    uses.users.insert((role("app"), Way::Key), sighting(30));
    uses.users.insert((role("ci-deploy"), Way::Table), sighting(20));
    // DynamoDB itself.
    uses.users.insert((Who { name: "dynamodb.amazonaws.com".to_owned(), arn: None }, Way::Key), sighting(10));
    for from in [
        Whence::Address("198.51.100.24".to_owned()),
        Whence::Service("cloudformation.amazonaws.com".to_owned()),
        Whence::Service("backup.amazonaws.com".to_owned()),
    ] {
        uses.changes.insert(change(role("ci-deploy"), from, false), sighting(20));
    }
    let tls = Connection {
        version: "TLSv1.3".to_owned(),
        exchange: Some("X25519MLKEM768".to_owned()),
        host: Some("dynamodb.eu-west-1.amazonaws.com".to_owned()),
    };
    let witness = Witness {
        since: [Look::Changes, Look::Service, Look::Keys].map(|look| (look, since)).into(),
        connections: BTreeMap::from([(tls, sighting(9))]),
        tables: BTreeMap::from([("orders".to_owned(), uses)]),
        ..Witness::default()
    };
    estate.witness.insert(scope(), witness);
    estate
}

fn listed() -> Baseline {
    let texts = |of: &[&str]| of.iter().map(|&of| of.to_owned()).collect::<Vec<_>>();
    let mut baseline = Baseline::default();
    baseline.expected = vec![
        Expected { principals: texts(&["role/app", "arn:aws:iam::111122223333:role/ci-*"]), ..Expected::default() },
        Expected { tables: texts(&["ledger*"]), principals: texts(&["role/books"]), ..Expected::default() },
    ];
    let addresses = texts(&["198.51.100.0/24", "backup.amazonaws.com"]);
    baseline.management = Management { addresses, roles: texts(&["role/admin"]) };
    baseline
}

fn judged(id: &str, estate: &Estate, baseline: &Baseline) -> Judgement {
    match by_id(id).unwrap().judge {
        Judge::Table(judge) => judge(estate, baseline, &estate.tables[ARN]),
        Judge::Estate(judge) => judge(estate, baseline).remove(0),
    }
}

fn of(estate: &mut Estate) -> &mut Witness {
    estate.witness.get_mut(&scope()).unwrap()
}

fn uses(estate: &mut Estate) -> &mut Uses {
    of(estate).tables.get_mut("orders").unwrap()
}

fn stranger(estate: &mut Estate) {
    uses(estate).users.insert((role("intruder"), Way::Table), sighting(2));
}

fn changed(estate: &mut Estate, who: &str, from: Whence, console: bool) {
    uses(estate).changes.insert(change(role(who), from, console), sighting(2));
}

fn at(address: &str) -> Whence {
    Whence::Address(address.to_owned())
}

fn through(id: &str) -> Whence {
    Whence::Endpoint(id.to_owned())
}

fn connect(estate: &mut Estate, version: &str, exchange: Option<&str>, host: &str) {
    let key =
        Connection { version: version.to_owned(), exchange: exchange.map(str::to_owned), host: Some(host.to_owned()) };
    of(estate).connections.insert(key, sighting(3));
}

fn unread(estate: &mut Estate) {
    let error = SourceError::Denied { action: "cloudtrail:LookupEvents".to_owned(), message: String::new() };
    estate.events_unread.insert(scope(), Some(error));
}

const HOST: &str = "dynamodb.eu-west-1.amazonaws.com";

/// A control, the verdict, a word of its reason, and what was changed.
type Said = (&'static str, Verdict, &'static str, fn(&mut Estate));

const CASES: &[Said] = &[
    ("DET-18", Pass, "all 2", |_| {}),
    ("DET-18", Fail, "role/intruder", stranger),
    ("DET-18", Warn, "role/intruder", |it| {
        stranger(it);
        classed(it, DataClass::Confidential);
    }),
    ("DET-18", NotApplicable, "internal", |it| {
        stranger(it);
        classed(it, DataClass::Internal);
    }),
    ("DET-18", Unknown, "ListTagsOfResource", |it| {
        stranger(it);
        table(it).tags = denied("dynamodb:ListTagsOfResource");
    }),
    // A stranger stays one, though nothing else could be read.
    ("DET-18", Fail, "role/intruder", |it| {
        stranger(it);
        unread(it);
    }),
    ("DET-18", Unknown, "LookupEvents", unread),
    ("DET-18", Unknown, "not read yet", |it| it.witness.clear()),
    ("DET-18", Unknown, "not read yet", |it| {
        of(it).since.remove(&Look::Keys);
    }),
    ("DET-18", Unknown, "throttled", |it| {
        of(it).since.remove(&Look::Keys);
        of(it).fault = Some(SourceError::Throttled("slow".to_owned()));
    }),
    ("DET-18", Warn, "refused 5 times", |it| {
        uses(it).refused.insert((role("app"), 3), Sighting { count: 5, ..sighting(1) });
    }),
    ("DET-18", Pass, "all 2", |it| {
        uses(it).refused.insert((role("app"), 3), Sighting { count: 4, ..sighting(1) });
    }),
    ("DET-18", Unknown, "nobody was seen", |it| of(it).tables.clear()),
    ("DET-18", Unknown, "kept apart", |it| uses(it).missed = 1),
    ("DET-18", Unknown, "AWS's own", owned),
    ("DET-18", Pass, "all 2", |it| {
        owned(it);
        uses(it).users.insert((role("app"), Way::Items), sighting(1));
    }),
    ("DET-18", Unknown, "kms:DescribeKey", |it| {
        it.keys.insert(KEY.to_owned(), denied("kms:DescribeKey"));
    }),
    ("DET-18", Unknown, "dynamodb:DescribeTable", |it| table(it).description = denied("dynamodb:DescribeTable")),
    ("ENC-09", Pass, "all 3 calls", |_| {}),
    ("ENC-09", Pass, "all 6 calls", |it| connect(it, "TLSv1.2", None, "streams.dynamodb.eu-west-1.api.aws:443")),
    ("ENC-09", Fail, "TLSv1.1", |it| connect(it, "TLSv1.1", None, HOST)),
    ("ENC-09", Warn, "proxy.example", |it| connect(it, "TLSv1.3", None, "proxy.example")),
    ("ENC-09", Warn, "amazonaws.com.evil.example", |it| connect(it, "TLSv1.3", None, "amazonaws.com.evil.example")),
    ("ENC-09", Unknown, "means nothing", |it| connect(it, "TLSv9", None, HOST)),
    ("ENC-09", Unknown, "no call to DynamoDB", |it| of(it).connections.clear()),
    ("ENC-09", Unknown, "kept apart", |it| of(it).missed = 2),
    ("ENC-09", Unknown, "LookupEvents", unread),
    ("ENC-09", Unknown, "not read yet", |it| of(it).since.clear()),
    ("ENC-09", NotApplicable, "no table", |it| classed(it, DataClass::Internal)),
    ("ENC-09", Unknown, "ListTagsOfResource", |it| {
        connect(it, "TLSv1", None, HOST);
        table(it).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("ISO-05", Pass, "management zone", |_| {}),
    ("ISO-05", Fail, "203.0.113.7", |it| changed(it, "app", at("203.0.113.7"), false)),
    // Credentials of the management's do not help an address that is not.
    ("ISO-05", Fail, "203.0.113.7", |it| changed(it, "ci-deploy", at("203.0.113.7"), true)),
    ("ISO-05", Pass, "management zone", |it| changed(it, "admin", at("203.0.113.7"), true)),
    ("ISO-05", Fail, "203.0.113.7", |it| changed(it, "admin", at("203.0.113.7"), false)),
    ("ISO-05", Warn, "at the console", |it| changed(it, "ci-deploy", at("198.51.100.30"), true)),
    ("ISO-05", Warn, "ssm.amazonaws.com", |it| {
        changed(it, "app", Whence::Service("ssm.amazonaws.com".to_owned()), false);
    }),
    ("ISO-05", Fail, "serves calls on items", |it| changed(it, "app", through("vpce-1"), false)),
    ("ISO-05", Pass, "management zone", |it| {
        changed(it, "app", through("vpce-1"), false);
        endpoint(it).tags.insert("Plane".to_owned(), "control".to_owned());
    }),
    ("ISO-05", Pass, "management zone", |it| {
        changed(it, "app", through("vpce-1"), false);
        endpoint(it).policy = Some(
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"dynamodb:UpdateTable","Resource":"*"}}"#
                .to_owned(),
        );
    }),
    ("ISO-05", Unknown, "not in the list", |it| changed(it, "app", through("vpce-9"), false)),
    ("ISO-05", Unknown, "could not be understood", |it| {
        changed(it, "app", through("vpce-1"), false);
        endpoint(it).policy = Some("{".to_owned());
    }),
    ("ISO-05", Unknown, "ec2:DescribeVpcEndpoints", |it| {
        changed(it, "app", through("vpce-1"), false);
        net(it).endpoints = denied("ec2:DescribeVpcEndpoints");
    }),
    ("ISO-05", Fail, "203.0.113.7", |it| {
        changed(it, "app", at("203.0.113.7"), false);
        unread(it);
    }),
    ("ISO-05", Unknown, "no change of it", |it| uses(it).changes.clear()),
    ("ISO-05", Unknown, "kept apart", |it| uses(it).missed = 1),
    ("ISO-05", Unknown, "LookupEvents", unread),
    ("ISO-05", Unknown, "not read yet", |it| of(it).since.clear()),
    ("ISO-05", NotApplicable, "confidential", |it| classed(it, DataClass::Confidential)),
    ("ISO-05", Unknown, "ListTagsOfResource", |it| {
        changed(it, "app", at("203.0.113.7"), false);
        table(it).tags = denied("dynamodb:ListTagsOfResource");
    }),
];

fn owned(it: &mut Estate) {
    let of = described(it);
    (of.sse_type, of.sse_status, of.kms_key) = (None, None, None);
}

#[test]
fn what_events_say_is_judged_as_the_catalogue_says() {
    let baseline = listed();
    for (at, (id, verdict, word, change)) in CASES.iter().enumerate() {
        let mut estate = watched();
        change(&mut estate);
        let judged = judged(id, &estate, &baseline);
        assert_eq!(judged.verdict, *verdict, "case {at}, {id}: {}", judged.reason);
        assert!(judged.reason.contains(word), "case {at}, {id}: {}", judged.reason);
        if matches!(verdict, Pass | Fail | Warn) {
            assert!(judged.evidence[0].fields[0].starts_with("eventID=e-1"), "{id}: {:?}", judged.evidence);
            assert_eq!(judged.evidence[0].operation, "cloudtrail:LookupEvents");
        }
        let denial = word.contains(':') || matches!(*word, "LookupEvents" | "ListTagsOfResource");
        assert_eq!(judged.missing_action.is_some(), denial && *verdict == Unknown, "case {at}, {id}");
    }
    for id in JUDGED {
        for verdict in [Pass, Fail, Warn, Unknown, NotApplicable] {
            assert!(CASES.iter().any(|case| (case.0, case.1) == (id, verdict)), "{id} {verdict:?}");
        }
    }
}

#[test]
fn without_a_list_nothing_passes_and_the_key_to_set_is_named() {
    let none = Baseline::default();
    let estate = watched();
    for (id, key) in [("DET-18", "[[baseline.expected]]"), ("ISO-05", "[baseline.management]")] {
        let judged = judged(id, &estate, &none);
        assert_eq!(judged.verdict, Unknown, "{id}: {}", judged.reason);
        assert!(judged.reason.contains(key), "{}", judged.reason);
    }
    // Whoever was seen for the first time shows where events reach back a week.
    let mut estate = watched();
    stranger(&mut estate);
    assert_eq!(judged("DET-18", &estate, &none).verdict, Unknown);
    of(&mut estate).since.values_mut().for_each(|since| *since = ago(8 * 24));
    let first = judged("DET-18", &estate, &none);
    assert_eq!(first.verdict, Warn, "{}", first.reason);
    assert!(first.reason.contains("role/"), "{}", first.reason);
    uses(&mut estate).users.retain(|(who, _), _| who.name == "role/app");
    assert_eq!(judged("DET-18", &estate, &none).verdict, Unknown, "the one who always does is no news");
    // A person at the console is one, whatever is listed.
    changed(&mut estate, "admin", at("192.0.2.1"), true);
    assert_eq!(judged("ISO-05", &estate, &none).verdict, Warn);
}

#[test]
fn lists_hold_for_the_tables_and_classes_they_name() {
    let mut baseline = listed();
    let estate = watched();
    baseline.expected[0].tables = vec!["ledger".to_owned()];
    assert!(judged("DET-18", &estate, &baseline).reason.contains("nothing says who is expected"));
    baseline.expected[0].tables = vec![ARN.to_owned()];
    assert_eq!(judged("DET-18", &estate, &baseline).verdict, Pass);
    baseline.expected[0].classes = vec![DataClass::Confidential];
    assert_eq!(judged("DET-18", &estate, &baseline).verdict, Unknown);
    baseline.expected[1].tables.clear();
    let judged = judged("DET-18", &estate, &baseline);
    assert_eq!((judged.verdict, judged.reason.contains("and 1 more")), (Fail, true), "{}", judged.reason);
}

#[test]
fn a_policy_of_post_quantum_exchange_warns_of_those_that_are_not() {
    let mut wanted = listed();
    wanted.post_quantum = true;
    let mut estate = watched();
    assert_eq!(judged("ENC-09", &estate, &wanted).verdict, Pass);
    for exchange in [Some("x25519"), None] {
        connect(&mut estate, "TLSv1.3", exchange, HOST);
        assert_eq!(judged("ENC-09", &estate, &listed()).verdict, Pass);
        assert_eq!(judged("ENC-09", &estate, &wanted).verdict, Warn);
        of(&mut estate).connections.retain(|of, _| of.exchange.as_deref() == Some("X25519MLKEM768"));
    }
}
