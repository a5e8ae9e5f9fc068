use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    CallRef, Cell, DataClass, Detector, DriftStatus, Endpoint, EndpointKind, Estate, Fault, Finding, FindingAction,
    FindingLink, Key, KeyKind, Network, NetworkInterface, Pitr, Recorder, Replica, Scope, Seen, Selector, SourceError,
    Stack, StackResource, Table, TableDescription, Trail, Verdict, Vpc,
};

use super::facts::Observable;
use super::*;

pub(super) const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

pub(super) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

pub(super) fn seen<T>(value: T) -> Cell<T> {
    let call = CallRef { operation: "dynamodb:DescribeTable", request_id: "REQ".to_owned() };
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
        ..TableDescription::default()
    });
    let (earliest, latest) = (Some(ago(35 * 24)), Some(now() - SignedDuration::from_mins(5)));
    table.pitr = seen(Pitr { enabled: true, window_days: Some(35), earliest, latest });
    table.tags = seen(BTreeMap::from([("data-class".to_owned(), "restricted".to_owned())]));
    table.policy = seen(None);
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
        }),
    );
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
            last_status: Some("SUCCESS".to_owned()),
            all_supported: true,
            resource_types: Vec::new(),
            excluded_types: Vec::new(),
            frequency: Some("CONTINUOUS".to_owned()),
        }]),
    );
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
        kms_key: None,
        log_group: None,
        status: seen((true, None)),
        selectors: seen(vec![selector("Management", &[]), selector("Data", &["AWS::DynamoDB::Table"])]),
        raw: String::new(),
    }
}

fn network() -> Network {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem",
        "Resource":"arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}]}"#;
    let endpoint = Endpoint {
        id: "vpce-1".to_owned(),
        scope: scope(),
        vpc: "vpc-1".to_owned(),
        service: "com.amazonaws.eu-west-1.dynamodb".to_owned(),
        service_region: None,
        kind: EndpointKind::Gateway,
        state: "Available".to_owned(),
        policy: Some(policy.to_owned()),
        route_tables: Vec::new(),
        subnets: Vec::new(),
        security_groups: Vec::new(),
        private_dns: None,
        tags: BTreeMap::new(),
        raw: String::new(),
    };
    let vpc = Vpc { id: "vpc-1".to_owned(), cidr: None, is_default: false, tags: BTreeMap::new() };
    let interface =
        NetworkInterface { id: "eni-1".to_owned(), vpc: Some("vpc-1".to_owned()), subnet: None, kind: None };
    Network {
        vpcs: seen(vec![vpc]),
        endpoints: seen(vec![endpoint]),
        interfaces: seen(vec![interface]),
        ..Network::default()
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
    table(estate).tags = seen(BTreeMap::from([("data-class".to_owned(), class.word().to_owned())]));
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
        signals: Vec::new(),
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

type Change = fn(&mut Estate);

/// What each change to the good estate makes of a control's verdict.
#[test]
fn every_control_says_what_its_catalogue_entry_says() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown, Warn};
    let cases: &[(&str, Verdict, Change)] = &[
        ("ENC-01", Pass, |_| {}),
        ("ENC-01", Fail, |estate| key(estate).kind = KeyKind::AwsManaged),
        ("ENC-01", Pass, |estate| {
            key(estate).kind = KeyKind::AwsManaged;
            classed(estate, DataClass::Confidential);
        }),
        ("ENC-01", Fail, |estate| {
            *described(estate) = TableDescription { deletion_protection: Some(true), ..TableDescription::default() };
        }),
        ("ENC-01", Warn, |estate| described(estate).sse_status = Some("UPDATING".to_owned())),
        ("ENC-01", Warn, |estate| {
            let foreign = KEY.replace("111122223333", "444455556666");
            let key = estate.keys.remove(KEY).unwrap();
            estate.keys.insert(foreign.clone(), key);
            described(estate).kms_key = Some(foreign);
        }),
        ("ENC-01", Unknown, |estate| *estate.keys.get_mut(KEY).unwrap() = denied("kms:DescribeKey")),
        ("ENC-01", Unknown, |estate| {
            key(estate).kind = KeyKind::AwsManaged;
            table(estate).tags = denied("dynamodb:ListTagsOfResource");
        }),
        ("ENC-02", Pass, |_| {}),
        ("ENC-02", Fail, |estate| key(estate).state = "PendingDeletion".to_owned()),
        ("ENC-02", Fail, |estate| key(estate).deletion = Some(now())),
        ("ENC-02", Fail, |estate| described(estate).status = Some("ARCHIVED".to_owned())),
        ("ENC-02", Fail, |estate| described(estate).inaccessible_since = Some(ago(1))),
        ("ENC-02", Warn, |estate| key(estate).valid_to = Some(now() + SignedDuration::from_hours(24))),
        ("ENC-02", Warn, |estate| key(estate).origin = "AWS_CLOUDHSM".to_owned()),
        ("ENC-02", NotApplicable, |estate| {
            *described(estate) = TableDescription::default();
            described(estate).status = Some("ACTIVE".to_owned());
        }),
        ("ENC-02", Unknown, |estate| *estate.keys.get_mut(KEY).unwrap() = denied("kms:DescribeKey")),
        ("RES-01", Pass, |_| {}),
        ("RES-01", Fail, |estate| recovery(estate).enabled = false),
        ("RES-01", NotApplicable, |estate| {
            recovery(estate).enabled = false;
            classed(estate, DataClass::Public);
        }),
        ("RES-01", Unknown, |estate| table(estate).pitr = denied("dynamodb:DescribeContinuousBackups")),
        ("RES-02", Pass, |_| {}),
        ("RES-02", Fail, |estate| recovery(estate).window_days = Some(1)),
        ("RES-02", Warn, |estate| recovery(estate).latest = Some(ago(1))),
        ("RES-02", Warn, |estate| recovery(estate).earliest = Some(ago(24))),
        ("RES-02", NotApplicable, |estate| recovery(estate).enabled = false),
        ("RES-02", Unknown, |estate| recovery(estate).window_days = None),
        ("RES-02", Unknown, |estate| {
            recovery(estate).window_days = Some(14);
            table(estate).tags = Cell::default();
        }),
        ("RES-03", Pass, |_| {}),
        ("RES-03", Fail, |estate| described(estate).deletion_protection = Some(false)),
        ("RES-03", Unknown, |estate| described(estate).deletion_protection = None),
        ("RES-03", Warn, |estate| {
            described(estate).replicas = vec![Replica { region: "us-east-1".to_owned(), status: None, kms_key: None }];
        }),
        ("RES-03", Fail, |estate| {
            described(estate).replicas = vec![Replica { region: "us-east-1".to_owned(), status: None, kms_key: None }];
            let mut replica = estate.tables[ARN].clone();
            replica.arn = ARN.replace("eu-west-1", "us-east-1");
            replica.scope = Scope::new("111122223333", "us-east-1");
            replica.description = seen(TableDescription { deletion_protection: Some(false), ..Default::default() });
            estate.tables.insert(replica.arn.clone(), replica);
        }),
        ("IAM-10", Pass, |_| {}),
        ("IAM-10", Fail, |estate| {
            policy(estate, r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"*"}"#);
        }),
        ("IAM-10", Fail, |estate| {
            policy(
                estate,
                r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"dynamodb:*","Resource":"*"}"#,
            );
        }),
        ("IAM-10", Pass, |estate| {
            policy(
                estate,
                r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"dynamodb:*","Resource":"*"}"#,
            );
        }),
        ("IAM-10", Unknown, |estate| table(estate).policy = seen(Some("<html>".to_owned()))),
        ("IAM-10", Unknown, |estate| table(estate).policy = denied("dynamodb:GetResourcePolicy")),
        ("NET-01", Pass, |_| {}),
        ("NET-01", Fail, |estate| net(estate).endpoints = seen(Vec::new())),
        ("NET-01", Warn, |estate| endpoint(estate).state = "pending".to_owned()),
        ("NET-01", Warn, |estate| endpoint(estate).service_region = Some("us-east-1".to_owned())),
        ("NET-01", NotApplicable, |estate| net(estate).interfaces = seen(Vec::new())),
        ("NET-01", Unknown, |estate| net(estate).vpcs = denied("ec2:DescribeVpcs")),
        ("NET-01", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
        ("NET-01", Unknown, |estate| {
            net(estate).endpoints = seen(Vec::new());
            net(estate).interfaces = denied("ec2:DescribeNetworkInterfaces");
        }),
        ("NET-03", Pass, |_| {}),
        ("NET-03", Fail, |estate| {
            endpoint(estate).policy =
                Some(r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#.to_owned());
        }),
        ("NET-03", Warn, |estate| {
            endpoint(estate).policy = Some(
                r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"dynamodb:*","Resource":"*"}]}"#.to_owned(),
            );
        }),
        ("NET-03", Warn, |estate| {
            endpoint(estate).policy = Some(
                r#"{"Statement":[{"Effect":"Allow","Principal":"*","NotAction":"dynamodb:DeleteTable",
                "Resource":"arn:aws:dynamodb:*:*:table/orders"}]}"#
                    .to_owned(),
            );
        }),
        ("NET-03", Unknown, |estate| endpoint(estate).policy = None),
        ("NET-03", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
        ("LOG-01", Pass, |_| {}),
        ("LOG-01", Fail, |estate| the_trail(estate).status = seen((false, None))),
        ("LOG-01", Fail, |estate| estate.trails.clear()),
        ("LOG-01", Fail, |estate| *selectors(estate) = vec![selector("Data", &[])]),
        ("LOG-01", Warn, |estate| selectors(estate)[0].read_write = "WriteOnly".to_owned()),
        ("LOG-01", Warn, |estate| the_trail(estate).multi_region = false),
        ("LOG-01", Unknown, |estate| the_trail(estate).status = denied("cloudtrail:GetTrailStatus")),
        ("LOG-01", Warn, |estate| {
            the_trail(estate).status = denied("cloudtrail:GetTrailStatus");
            the_trail(estate).organization = true;
        }),
        ("LOG-01", Unknown, |estate| {
            estate.trail_lists.insert(scope(), denied("cloudtrail:DescribeTrails"));
        }),
        ("LOG-02", Pass, |_| {}),
        ("LOG-02", Pass, |estate| {
            selectors(estate)[1].conditions = vec![format!("resources.ARN StartsWith {ARN}")];
        }),
        ("LOG-02", Fail, |estate| {
            selectors(estate)[1].conditions = vec!["resources.ARN Equals arn:aws:dynamodb:x".to_owned()];
        }),
        ("LOG-02", Fail, |estate| *selectors(estate) = vec![selector("Data", &["AWS::S3::Object"])]),
        ("LOG-02", Warn, |estate| selectors(estate)[1].read_write = "WriteOnly".to_owned()),
        ("LOG-02", Warn, |estate| selectors(estate)[1].conditions = vec!["eventName Equals PutItem".to_owned()]),
        ("LOG-02", Warn, |estate| the_trail(estate).status = seen((false, None))),
        ("LOG-02", NotApplicable, |estate| classed(estate, DataClass::Internal)),
        ("LOG-02", Unknown, |estate| the_trail(estate).selectors = denied("cloudtrail:GetEventSelectors")),
        ("DET-01", Pass, |_| {}),
        ("DET-01", Fail, |estate| detector(estate).enabled = false),
        ("DET-01", Fail, |estate| {
            estate.detectors.insert(scope(), seen(Vec::new()));
        }),
        ("DET-01", Warn, |estate| detector(estate).publishing_frequency = Some("SIX_HOURS".to_owned())),
        ("DET-01", Warn, |estate| {
            estate.detectors.insert(scope(), seen(Vec::new()));
            estate.populations.insert(scope(), seen(0));
        }),
        ("DET-01", Unknown, |estate| {
            estate.detectors.insert(scope(), denied("guardduty:ListDetectors"));
        }),
        ("DET-03", Pass, |_| {}),
        ("DET-03", Fail, |estate| finding(estate, 80, true)),
        ("DET-03", Warn, |estate| finding(estate, 80, false)),
        ("DET-03", Warn, |estate| finding(estate, 50, true)),
        ("DET-03", Pass, |estate| finding(estate, 50, false)),
        ("DET-03", Unknown, |estate| detector(estate).enabled = false),
        ("DET-03", Unknown, |estate| {
            estate.finding_lists.insert(scope(), denied("guardduty:ListFindings"));
        }),
        ("DET-03", Unknown, |estate| {
            finding(estate, 80, true);
            estate.finding_links.clear();
            estate.events_unread.insert(scope(), None);
        }),
        ("DET-09", Pass, |_| {}),
        ("DET-09", Fail, |estate| recorder(estate).recording = Some(false)),
        ("DET-09", Fail, |estate| {
            estate.recorders.insert(scope(), seen(Vec::new()));
        }),
        ("DET-09", Warn, |estate| recorder(estate).excluded_types = vec!["AWS::DynamoDB::Table".to_owned()]),
        ("DET-09", Warn, |estate| recorder(estate).frequency = Some("DAILY".to_owned())),
        ("DET-09", Warn, |estate| recorder(estate).last_status = Some("Failure".to_owned())),
        ("DET-09", Unknown, |estate| recorder(estate).recording = None),
        ("DET-09", Unknown, |estate| {
            estate.recorders.insert(scope(), denied("config:DescribeConfigurationRecorders"));
        }),
        ("DET-12", Pass, |_| {}),
        ("DET-12", Fail, |estate| resource_of_stack(estate).status = DriftStatus::Modified),
        ("DET-12", Warn, |estate| resource_of_stack(estate).status = DriftStatus::NotChecked),
        ("DET-12", Warn, |estate| resource_of_stack(estate).checked = Some(ago(48))),
        ("DET-12", Warn, |estate| table(estate).policy = seen(Some("{}".to_owned()))),
        ("DET-12", NotApplicable, |estate| resource_of_stack(estate).physical_id = Some("other".to_owned())),
        ("DET-12", Unknown, |estate| {
            estate.stacks.get_mut("s").unwrap().resources = denied("cloudformation:DescribeStackResources");
        }),
        ("DET-12", Unknown, |estate| {
            estate.stack_lists.insert(scope(), denied("cloudformation:DescribeStacks"));
        }),
    ];
    for (at, (id, verdict, change)) in cases.iter().enumerate() {
        let mut estate = good();
        change(&mut estate);
        let judged = judge(id, &estate);
        assert_eq!(judged.verdict, *verdict, "case {at}, {id}: {}", judged.reason);
        if matches!(verdict, Pass | Fail) {
            assert!(!judged.evidence.is_empty(), "{id} rests on nothing: {}", judged.reason);
        }
    }
    // What a person attests to has cases of its own, below, and so have controls over the slow tail.
    let judged = |control: &&&Control| {
        control.facts().observable != Observable::None && !tail_tests::JUDGED.contains(&control.id)
    };
    for control in CATALOGUE.iter().filter(judged) {
        for verdict in [Pass, Fail, Unknown] {
            assert!(cases.iter().any(|case| (case.0, case.1) == (control.id, verdict)), "{} {verdict:?}", control.id);
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
        assert_eq!(judged.verdict, Verdict::Unknown, "{}", control.id);
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

#[test]
fn what_only_a_person_knows_is_asked_of_the_classes_that_need_it_and_missed_once() {
    let estate = known();
    assert_eq!(judge("ENC-10", &estate).verdict, Verdict::Manual);
    assert_eq!(judge("GOV-01", &estate).verdict, Verdict::Manual);
    let mut mild = known();
    classed(&mut mild, DataClass::Internal);
    assert_eq!(judge("ENC-10", &mild).verdict, Verdict::NotApplicable);
    let mut denied_tags = known();
    table(&mut denied_tags).tags = denied("dynamodb:ListTagsOfResource");
    let judged = judge("ENC-11", &denied_tags);
    assert_eq!(
        (judged.verdict, judged.missing_action.as_deref()),
        (Verdict::Unknown, Some("dynamodb:ListTagsOfResource"))
    );
    let (mut waits, mut ends, mut ended) = (known(), known(), known());
    waits.attestations.missing.insert("111122223333".to_owned(), BTreeMap::from([("ENC-10", 3), ("GOV-01", 0)]));
    ends.attestations.ending = vec!["the attestation to GOV-01 ends on 2026-12-01".to_owned()];
    ended.attestations.void = vec!["one".to_owned(), "two".to_owned()];
    let stands = |estate: &Estate| {
        let judged = judge("GOV-03", estate);
        (judged.verdict, judged.reason)
    };
    assert_eq!(stands(&estate).0, Verdict::Pass);
    assert_eq!(stands(&waits), (Verdict::Warn, "nobody attests to ENC-10 on 3".to_owned()));
    assert_eq!(stands(&ends).0, Verdict::Warn);
    assert_eq!(stands(&ended), (Verdict::Fail, "one, and 1 more".to_owned()));
}

#[test]
fn a_token_vault_shares_its_key_with_nothing() {
    let mut estate = known();
    let mut other = table(&mut estate).clone();
    (other.arn, other.name) = (format!("{ARN}-2"), "shop".to_owned());
    estate.tables.insert(other.arn.clone(), other);
    assert_eq!(judge("ENC-11", &estate).verdict, Verdict::Manual);
    let tags = [("data-class", "restricted"), ("role", "token-vault")];
    table(&mut estate).tags = seen(tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    let judged = judge("ENC-11", &estate);
    assert_eq!((judged.verdict, judged.reason.as_str()), (Verdict::Fail, "the vault's key also encrypts shop"));
}

/// The good estate, and who asks.
fn known() -> Estate {
    let mut estate = good();
    let caller = crate::model::Caller {
        arn: "arn:aws:iam::111122223333:user/a".to_owned(),
        account: "111122223333".to_owned(),
        profile: None,
    };
    estate.callers.insert(scope(), seen(caller));
    estate
}
