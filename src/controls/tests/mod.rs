use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    BackupSummary, CallRef, Cell, Compliance, ContributorInsights, DataClass, Detector, DriftStatus, Endpoint,
    EndpointKind, Estate, Evaluation, Fault, Finding, FindingAction, FindingFilter, FindingLink, Index, Key, KeyKind,
    KinesisDestination, Network, NetworkInterface, Pitr, Recorder, Replica, Rotation, RouteTable, Rule, RuleKey, Scope,
    Seen, Selector, SourceError, Stack, StackResource, Stated, StreamEncryption, Subnet, Table, TableDescription,
    Trail, TrailStatus, Ttl, Verdict, Vpc,
};

use super::facts::Observable;
use super::*;
use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};

mod accepted;
mod attested;
mod cached;
mod crossing;
mod data_protection;
mod detective;
pub(super) mod doors;
mod exits;
pub(super) mod holders;
mod identity;
mod isolation;
mod items;
pub(super) mod kept;
mod logging;
mod network;
mod reaching;
mod resilience;
mod retention;
mod surroundings;
pub(super) mod watching;
mod witnessed;

/// Controls over the slow tail, by the room that tests them.
const TAIL: &[&[&str]] = &[
    tail_tests::JUDGED,
    surroundings::JUDGED,
    cached::JUDGED,
    crossing::JUDGED,
    watching::JUDGED,
    items::JUDGED,
    holders::JUDGED,
    exits::JUDGED,
    kept::JUDGED,
    doors::JUDGED,
    witnessed::JUDGED,
    accepted::JUDGED,
];

pub(super) const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

pub(super) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

pub(super) fn seen<T>(value: T) -> Cell<T> {
    let call = CallRef { operation: "dynamodb:DescribeTable", request_id: "REQ".into() };
    Cell { seen: Some(Seen { value, at: now(), call }), fault: None }
}

pub(super) fn denied<T>(action: &str) -> Cell<T> {
    let error = SourceError::Denied { action: action.to_owned(), message: String::new() };
    Cell { seen: None, fault: Some(Fault { error, at: now() }) }
}

pub(super) fn scope() -> Scope {
    Scope::new("111122223333", "eu-west-1")
}

/// A restricted table that every control passes, in an estate that every control passes.
pub(super) fn good() -> Estate {
    let mut estate = Estate { now: now(), scopes: vec![scope()], ..Estate::default() };
    let mut table = Table::listed(ARN.to_owned(), "orders".to_owned(), scope());
    table.description = seen(TableDescription {
        status: Some("ACTIVE".to_owned()),
        sse_type: Some("KMS".to_owned()),
        sse_status: Some("ENABLED".to_owned()),
        kms_key: Some(KEY.to_owned()),
        deletion_protection: Some(true),
        stream_view: Some("KEYS_ONLY".to_owned()),
        stream_arn: Some(format!("{ARN}/stream/2026-01-01T00:00:00.000")),
        billing: Some("PAY_PER_REQUEST".to_owned()),
        key: vec!["id".to_owned()],
        ..TableDescription::default()
    });
    let (earliest, latest) = (Some(ago(35 * 24)), Some(now() - SignedDuration::from_mins(5)));
    table.pitr = seen(Pitr { enabled: true, window_days: Some(35), earliest, latest });
    let tags = [("data-class", "restricted"), ("owner", "checkout"), ("domain", "payments")];
    table.tags = seen(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    table.policy = seen(None);
    table.kinesis = seen(Vec::new());
    table.ttl = seen(Ttl { status: "DISABLED".to_owned(), attribute: None });
    estate.tables.insert(ARN.to_owned(), table);
    estate.populations.insert(scope(), seen(1));
    estate.keys.insert(
        KEY.to_owned(),
        seen(Key {
            arn: KEY.to_owned(),
            kind: KeyKind::Customer,
            state: "Enabled".to_owned(),
            deletion: None,
            valid_to: None,
            origin: "AWS_KMS".to_owned(),
            spec: Some("SYMMETRIC_DEFAULT".to_owned()),
            multi_region: None,
        }),
    );
    estate.rotations.insert(KEY.to_owned(), seen(Rotation { enabled: true, days: Some(365), next: None }));
    let backup = BackupSummary { count: 1, newest: Some(ago(2)), ..BackupSummary::default() };
    estate.backups.insert(scope(), seen(BTreeMap::from([("orders".to_owned(), backup)])));
    estate.insights.insert(scope(), seen(BTreeMap::new()));
    estate.filters.insert(scope(), seen(Vec::new()));
    estate.detectors.insert(
        scope(),
        seen(vec![Detector { id: "d".to_owned(), enabled: true, publishing_frequency: None, features: Vec::new() }]),
    );
    estate.finding_lists.insert(scope(), seen(0));
    estate.recorders.insert(
        scope(),
        seen(vec![Recorder {
            name: "default".to_owned(),
            recording: Some(true),
            unread: None,
            last_status: Some("SUCCESS".to_owned()),
            all_supported: true,
            resource_types: Vec::new(),
            excluded_types: Vec::new(),
            frequency: Some("CONTINUOUS".to_owned()),
        }]),
    );
    estate.rule_lists.insert(scope(), seen(rules::EXPECTED.len()));
    for identifier in rules::EXPECTED {
        rule(&mut estate, identifier, Compliance::Compliant);
    }
    estate.stack_lists.insert(scope(), seen(1));
    estate.stacks.insert(
        "s".to_owned(),
        Stack {
            id: "s".to_owned(),
            name: "shop".to_owned(),
            scope: scope(),
            status: "UPDATE_COMPLETE".to_owned(),
            drift: DriftStatus::InSync,
            checked: Some(ago(1)),
            resources: seen(vec![StackResource {
                logical_id: "Orders".to_owned(),
                physical_id: Some("orders".to_owned()),
                kind: "AWS::DynamoDB::Table".to_owned(),
                status: DriftStatus::InSync,
                checked: Some(ago(1)),
                differences: Vec::new(),
            }]),
            raw: String::new(),
        },
    );
    estate.trail_lists.insert(scope(), seen(1));
    estate.trails.insert((scope(), "t".to_owned()), trail());
    estate.networks.insert(scope(), network());
    estate
}

fn selector(category: &str, types: &[&str]) -> Selector {
    Selector {
        category: category.to_owned(),
        resource_types: types.iter().map(|&of| of.to_owned()).collect(),
        read_write: "All".to_owned(),
        conditions: Vec::new(),
    }
}

/// What an endpoint refuses.
fn refusals() -> Selector {
    Selector {
        conditions: vec![
            "eventSource Equals dynamodb.amazonaws.com".to_owned(),
            "errorCode Equals VpceAccessDenied".to_owned(),
        ],
        ..selector("NetworkActivity", &[])
    }
}

/// The status of a trail that somebody stopped.
fn still() -> TrailStatus {
    TrailStatus { stopped: Some(ago(5)), ..TrailStatus::default() }
}

fn trail() -> Trail {
    Trail {
        arn: "t".to_owned(),
        name: "main".to_owned(),
        scope: scope(),
        home_region: Some("eu-west-1".to_owned()),
        multi_region: true,
        organization: false,
        validation: true,
        bucket: None,
        prefix: None,
        kms_key: Some(KEY.to_owned()),
        log_group: None,
        status: seen(TrailStatus {
            logging: true,
            delivered: Some(now() - SignedDuration::from_mins(3)),
            digest: Some(now() - SignedDuration::from_mins(40)),
            ..TrailStatus::default()
        }),
        selectors: seen(vec![selector("Management", &[]), selector("Data", &["AWS::DynamoDB::Table"]), refusals()]),
        insights: seen(vec!["ApiCallRateInsight".to_owned(), "ApiErrorRateInsight".to_owned()]),
        raw: String::new(),
    }
}

fn network() -> Network {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",
        "Action":["dynamodb:GetItem","dynamodb:DescribeTable"],"Condition":{"StringEquals":{"aws:PrincipalAccount":
        "111122223333"}},"Resource":"arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}]}"#;
    let endpoint = Endpoint {
        id: "vpce-1".to_owned(),
        scope: scope(),
        vpc: "vpc-1".to_owned(),
        service: "com.amazonaws.eu-west-1.dynamodb".to_owned(),
        service_region: None,
        kind: EndpointKind::Gateway,
        state: "Available".to_owned(),
        policy: Some(policy.to_owned()),
        route_tables: vec!["rtb-1".to_owned()],
        subnets: Vec::new(),
        security_groups: Vec::new(),
        private_dns: None,
        tags: BTreeMap::from([("domain".to_owned(), "payments".to_owned())]),
        raw: String::new(),
    };
    let vpc = Vpc { id: "vpc-1".to_owned(), cidr: None, is_default: false, tags: BTreeMap::new() };
    let interface = NetworkInterface {
        id: "eni-1".to_owned(),
        vpc: Some("vpc-1".to_owned()),
        subnet: Some("subnet-1".to_owned()),
        kind: None,
    };
    Network {
        vpcs: seen(vec![vpc]),
        endpoints: seen(vec![endpoint]),
        interfaces: seen(vec![interface]),
        subnets: seen(vec![Subnet {
            id: "subnet-1".to_owned(),
            vpc: "vpc-1".to_owned(),
            cidr: None,
            zone: None,
            public_addresses: Some(false),
            tags: BTreeMap::new(),
        }]),
        route_tables: seen(vec![RouteTable {
            id: "rtb-1".to_owned(),
            vpc: "vpc-1".to_owned(),
            main: true,
            subnets: Vec::new(),
            routes: [("0.0.0.0/0", "nat-1"), ("pl-1", "vpce-1")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            blackholes: Vec::new(),
        }]),
    }
}

fn table(estate: &mut Estate) -> &mut Table {
    estate.tables.get_mut(ARN).unwrap()
}

fn described(estate: &mut Estate) -> &mut TableDescription {
    &mut table(estate).description.seen.as_mut().unwrap().value
}

fn recovery(estate: &mut Estate) -> &mut Pitr {
    &mut table(estate).pitr.seen.as_mut().unwrap().value
}

fn backup(estate: &mut Estate) -> &mut BackupSummary {
    let of = estate.backups.get_mut(&scope()).unwrap().seen.as_mut().unwrap();
    of.value.entry("orders".to_owned()).or_default()
}

fn rotation(estate: &mut Estate) -> &mut Rotation {
    &mut estate.rotations.get_mut(KEY).unwrap().seen.as_mut().unwrap().value
}

/// The same table in another region, as a replica of the good one.
fn replica(estate: &mut Estate) -> &mut Table {
    let region = "us-east-1".to_owned();
    let arn = ARN.replace("eu-west-1", &region);
    described(estate).global_version = Some("2019.11.21".to_owned());
    described(estate).disassociation_protection = Some(true);
    described(estate).replicas =
        vec![Replica { region, status: Some("ACTIVE".to_owned()), kms_key: None, arn: Some(arn.clone()) }];
    let mut other = estate.tables[ARN].clone();
    other.arn.clone_from(&arn);
    other.scope = Scope::new("111122223333", "us-east-1");
    estate.tables.insert(arn.clone(), other);
    estate.tables.get_mut(&arn).unwrap()
}

fn replica_of(estate: &mut Estate) -> &mut Replica {
    &mut described(estate).replicas[0]
}

fn routes(estate: &mut Estate) -> &mut RouteTable {
    &mut net(estate).route_tables.seen.as_mut().unwrap().value[0]
}

/// A managed rule of Config, and what it says about the table.
fn rule(estate: &mut Estate, identifier: &str, compliance: Compliance) {
    let key = RuleKey { scope: scope(), name: identifier.to_lowercase() };
    let rule = Rule {
        key: key.clone(),
        arn: None,
        identifier: Some(identifier.to_owned()),
        state: Some("ACTIVE".to_owned()),
        description: None,
        compliance: Some(compliance),
        unread: None,
        resource_types: Vec::new(),
        raw: String::new(),
    };
    let evaluation = Evaluation {
        rule: key.clone(),
        resource_type: "AWS::DynamoDB::Table".to_owned(),
        resource_id: "orders".to_owned(),
        compliance,
        annotation: None,
        recorded: Some(ago(1)),
        invoked: Some(ago(1)),
        ordered: None,
        rest: None,
    };
    estate.rules.insert(key.clone(), rule);
    estate.evaluations.insert(key, seen(vec![evaluation]));
}

fn evaluation<'a>(estate: &'a mut Estate, identifier: &str) -> &'a mut Cell<Vec<Evaluation>> {
    let key = RuleKey { scope: scope(), name: identifier.to_lowercase() };
    estate.evaluations.get_mut(&key).unwrap()
}

fn key(estate: &mut Estate) -> &mut Key {
    &mut estate.keys.get_mut(KEY).unwrap().seen.as_mut().unwrap().value
}

fn net(estate: &mut Estate) -> &mut Network {
    estate.networks.get_mut(&scope()).unwrap()
}

fn endpoint(estate: &mut Estate) -> &mut Endpoint {
    &mut net(estate).endpoints.seen.as_mut().unwrap().value[0]
}

fn the_trail(estate: &mut Estate) -> &mut Trail {
    estate.trails.get_mut(&(scope(), "t".to_owned())).unwrap()
}

fn status(estate: &mut Estate) -> &mut TrailStatus {
    &mut the_trail(estate).status.seen.as_mut().unwrap().value
}

fn selectors(estate: &mut Estate) -> &mut Vec<Selector> {
    &mut the_trail(estate).selectors.seen.as_mut().unwrap().value
}

fn recorder(estate: &mut Estate) -> &mut Recorder {
    &mut estate.recorders.get_mut(&scope()).unwrap().seen.as_mut().unwrap().value[0]
}

fn detector(estate: &mut Estate) -> &mut Detector {
    &mut estate.detectors.get_mut(&scope()).unwrap().seen.as_mut().unwrap().value[0]
}

fn resource_of_stack(estate: &mut Estate) -> &mut StackResource {
    &mut estate.stacks.get_mut("s").unwrap().resources.seen.as_mut().unwrap().value[0]
}

fn classed(estate: &mut Estate, class: DataClass) {
    let tags = [("data-class", class.word()), ("owner", "checkout"), ("domain", "payments")];
    table(estate).tags = seen(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    table(estate).stated = Stated::default();
}

fn policy(estate: &mut Estate, statement: &str) {
    table(estate).policy = seen(Some(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)));
}

/// A finding that leads to `orders`.
fn finding(estate: &mut Estate, severity_tenths: u16, sure: bool) {
    let finding = Finding {
        id: "f".to_owned(),
        arn: String::new(),
        scope: scope(),
        account: String::new(),
        region: String::new(),
        kind: "Exfiltration:IAMUser/AnomalousBehavior".to_owned(),
        severity_tenths,
        title: String::new(),
        description: String::new(),
        created: None,
        updated: None,
        first: None,
        last: None,
        count: 1,
        archived: false,
        sample: false,
        resource_type: None,
        access_key: None,
        principal_id: None,
        principal: None,
        principal_type: None,
        action: FindingAction::default(),
        resources: Vec::new(),
        actors: Vec::new(),
        endpoints: Vec::new(),
        signals: Vec::new(),
        sequence: None,
        broken: None,
        raw: String::new(),
    };
    estate.findings.insert("f".to_owned(), finding.into());
    estate
        .finding_links
        .insert("f".to_owned(), vec![FindingLink { table: "orders".to_owned(), scope: scope(), sure, wrote: sure }]);
}

pub(super) fn judge(id: &str, estate: &Estate) -> Judgement {
    let control = by_id(id).unwrap();
    let judged = match control.judge {
        Judge::Table(judge) => vec![judge(estate, &Baseline::default(), &estate.tables[ARN])],
        Judge::Estate(judge) => judge(estate, &Baseline::default()),
    };
    assert_eq!(judged.len(), 1, "{id}");
    let judgement = judged.into_iter().next().unwrap();
    assert_eq!(judgement.control, id);
    assert!(!judgement.reason.is_empty(), "{id}");
    judgement
}

/// A control, the verdict that it comes to, and what was changed in the good estate before.
type Case = (&'static str, Verdict, fn(&mut Estate));

/// What each change to the good estate makes of a control's verdict.
#[test]
fn every_control_says_what_its_catalogue_entry_says() {
    let all = [
        data_protection::CASES,
        detective::CASES,
        identity::CASES,
        isolation::CASES,
        logging::CASES,
        network::CASES,
        resilience::CASES,
    ];
    let cases: Vec<&Case> = all.into_iter().flatten().collect();
    for (at, (id, verdict, change)) in cases.iter().enumerate() {
        let mut estate = good();
        change(&mut estate);
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, *verdict, "case {at}, {id}: {}", judged.reason);
        if matches!(verdict, Pass | Fail) {
            assert!(!judged.evidence.is_empty(), "{id} rests on nothing: {}", judged.reason);
        }
    }
    // What a person attests to has cases of its own, and so have controls over the slow tail.
    let judged = |control: &&&Control| {
        control.facts().observable != Observable::None && !TAIL.iter().any(|ids| ids.contains(&control.id))
    };
    for control in CATALOGUE.iter().filter(judged) {
        let seen = |verdict| cases.iter().any(|case| (case.0, case.1) == (control.id, verdict));
        // Some only ever warn: the catalogue says when they fail, and these never do.
        let never = control.facts().fail.starts_with("never");
        let worst = if never { Warn } else { Fail };
        for verdict in [Pass, worst, Unknown] {
            assert!(seen(verdict), "{} {verdict:?}", control.id);
        }
    }
}

#[test]
fn a_denied_call_names_the_missing_action() {
    let mut estate = good();
    table(&mut estate).pitr = denied("dynamodb:DescribeContinuousBackups");
    let judged = judge("RES-01", &estate);
    assert_eq!(judged.missing_action.as_deref(), Some("dynamodb:DescribeContinuousBackups"));
}

#[test]
fn what_was_not_read_yet_is_unknown_in_every_control() {
    let mut estate = Estate { now: now(), scopes: vec![scope()], ..Estate::default() };
    estate.tables.insert(ARN.to_owned(), Table::listed(ARN.to_owned(), "orders".to_owned(), scope()));
    estate.networks.insert(scope(), Network::default());
    for control in CATALOGUE {
        let judged = judge(control.id, &estate);
        assert_eq!(judged.verdict, Unknown, "{}", control.id);
        assert!(judged.reason.contains("not read yet"), "{}: {}", control.id, judged.reason);
        assert!(judged.evidence.is_empty());
    }
}

#[test]
fn controls_rest_only_on_operations_that_may_be_called() {
    for control in CATALOGUE {
        assert!(!control.operations.is_empty(), "{}", control.id);
        for label in control.operations {
            assert!(crate::operations::by_label(label).is_some(), "{}: {label}", control.id);
        }
    }
}
