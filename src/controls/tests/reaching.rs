//! Who reaches the tables of which domain: what stands in the lanes, and what is not known there.

use serde_json::{Value, json};

use super::super::Baseline;
use super::super::crossing::{Count, Crosser, Crossing, Kind, Lanes, Planes, Through, Whose};
use super::super::tail_tests::{Change, answer, deny, kept};
use super::{ARN, denied, policy, scope, seen, table};
use crate::model::{Estate, Table, Verdict};

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const PARCELS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/parcels";

fn role(name: &str, domain: Option<&str>, statements: &Value) -> Value {
    let tags: Vec<Value> = domain.iter().map(|domain| json!({"Key": "Domain", "Value": domain})).collect();
    json!({
        "RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "Tags": tags,
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": json!({"Statement": statements}).to_string()}],
    })
}

fn allow(actions: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

/// The restricted `orders` of payments, the internal `parcels` of logistics, and these roles.
fn estate(roles: &[Value]) -> Estate {
    let mut estate = kept();
    answer(&mut estate, DETAILS, "")["RoleDetailList"] = json!(roles);
    let mut parcels = Table::listed(PARCELS.to_owned(), "parcels".to_owned(), scope());
    let tags = [("data-class", "internal"), ("owner", "post"), ("domain", "Logistics")];
    parcels.tags = seen(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    parcels.policy = seen(None);
    estate.tables.insert(PARCELS.to_owned(), parcels);
    estate.networks.get_mut(&scope()).unwrap().endpoints.seen.as_mut().unwrap().value.clear();
    estate
}

fn domain(name: &str) -> Whose {
    Whose::Domain(name.to_owned())
}

fn count(lanes: &Lanes, lane: &Whose, from: &Whose) -> Count {
    let (lane, from) = (lanes.lane(lane).unwrap(), lanes.lane(from));
    from.map_or_else(Count::default, |from| lanes.count(lane, Some(from)))
}

fn one<'a>(lanes: &'a Lanes, lane: &Whose, who: &str) -> Option<(&'a Crosser, &'a Crossing)> {
    let lane = lanes.lane(lane)?;
    let mut all = lanes.reaching(lane, None).map(|(_, one)| (&lanes.crossers[one.crosser], one));
    all.find(|(of, _)| of.name == who)
}

fn stands(lanes: &Lanes, lane: &Whose) -> Verdict {
    let at = lanes.lane(lane).unwrap();
    lanes.standing(at, lanes.count(at, None))
}

fn of(estate: &Estate) -> Lanes {
    Lanes::of(estate, &Baseline::default())
}

#[test]
fn who_crosses_is_told_apart_by_domain_class_and_plane() {
    let everything = allow("dynamodb:*", "*");
    let lanes = of(&estate(&[
        role("post", Some("logistics"), &json!([everything])),
        role("shop", Some("PAYMENTS"), &json!([allow("dynamodb:GetItem", "*")])),
        role("deploy", Some("logistics"), &json!([allow("dynamodb:UpdateTable", ARN)])),
        role("anybody", None, &json!([everything])),
        role("nobody", Some("logistics"), &json!([allow("s3:*", "*")])),
    ]));
    let (payments, logistics) = (domain("payments"), domain("logistics"));
    let (_, crossing) = one(&lanes, &payments, "role/post").unwrap();
    assert_eq!((crossing.verdict, crossing.tables), (Verdict::Fail, 1));
    assert!(Planes::ALL.iter().all(|(plane, _)| crossing.sure.holds(*plane)));
    assert_eq!(one(&lanes, &payments, "role/shop").unwrap().1.verdict, Verdict::Pass);
    // The other way round it is a table whose class asks for nothing of the kind.
    assert_eq!(one(&lanes, &logistics, "role/shop").unwrap().1.verdict, Verdict::Warn);
    let (_, deploy) = one(&lanes, &payments, "role/deploy").unwrap();
    assert_eq!((deploy.verdict, deploy.may), (Verdict::Warn, Planes::ADMINISTER));
    assert_eq!(one(&lanes, &payments, "role/anybody").unwrap().1.verdict, Verdict::Warn);
    assert_eq!(one(&lanes, &logistics, "role/anybody").unwrap().1.verdict, Verdict::NotApplicable);
    assert!(one(&lanes, &payments, "role/nobody").is_none());
    assert_eq!(count(&lanes, &payments, &logistics), Count { fail: 1, warn: 1, ..Count::default() });
    assert_eq!(count(&lanes, &payments, &payments), Count { own: 1, ..Count::default() });
    // As the first tag spells it.
    assert_eq!(lanes.lanes[lanes.lane(&logistics).unwrap()].name, "Logistics");
    assert_eq!(lanes.rows()[0].0, lanes.lane(&payments).unwrap(), "the worst first");
}

#[test]
fn a_lane_that_nobody_else_enters_passes_and_names_the_statement_that_lets_its_own_in() {
    let lanes = of(&estate(&[role("shop", Some("payments"), &json!([allow("dynamodb:Query", ARN)]))]));
    assert_eq!(stands(&lanes, &domain("payments")), Verdict::Pass);
    let (who, crossing) = one(&lanes, &domain("payments"), "role/shop").unwrap();
    let through = lanes.through(who, crossing.worst.unwrap());
    assert_eq!(through.iter().map(Through::name).collect::<Vec<_>>(), ["own [0]"]);
    assert_eq!(through[0].words, "Allows dynamodb:Query on table orders");
}

#[test]
fn what_takes_back_is_weighed_and_what_hangs_on_conditions_is_not_sure() {
    let crossing = |statements: Value, change: &dyn Fn(&mut Estate)| {
        let mut estate = estate(&[role("post", Some("logistics"), &statements)]);
        change(&mut estate);
        let lanes = of(&estate);
        one(&lanes, &domain("payments"), "role/post").map(|(_, one)| (one.verdict, one.sure, one.may))
    };
    let items = || allow("dynamodb:GetItem", "*");
    let read = Planes::READ;
    assert_eq!(crossing(json!([items()]), &|_| {}), Some((Verdict::Fail, read, read)));
    let deny = json!({"Effect": "Deny", "Action": "dynamodb:*", "Resource": ARN});
    assert_eq!(crossing(json!([items(), deny]), &|_| {}), None);
    let mfa = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}});
    assert_eq!(crossing(json!([items(), mfa]), &|_| {}), Some((Verdict::Fail, Planes::default(), read)));
    let tagged = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/domain": "logistics"}}});
    assert_eq!(crossing(json!([tagged]), &|_| {}), Some((Verdict::Fail, Planes::default(), read)));
    // The table's own policy denies everybody, or somebody.
    let closed =
        |it: &mut Estate| policy(it, r#"{"Effect":"Deny","Principal":"*","Action":"dynamodb:*","Resource":"*"}"#);
    assert_eq!(crossing(json!([items()]), &closed), None);
    let some = |it: &mut Estate| {
        policy(
            it,
            r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:role/x"},"Action":"dynamodb:*","Resource":"*"}"#,
        );
    };
    assert_eq!(crossing(json!([items()]), &some), Some((Verdict::Fail, Planes::default(), read)));
    // A ceiling that does not name the table, one that is known to name this one, and one that was not read.
    let ceiling = |it: &mut Estate, document: Value| {
        let details = answer(it, DETAILS, "");
        details["RoleDetailList"][0]["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": "arn:x"});
        details["Policies"] =
            json!([{"PolicyName": "x", "Arn": "arn:x", "PolicyVersionList": [{"Document": document.to_string()}]}]);
    };
    let tight = |it: &mut Estate| ceiling(it, json!({"Statement": [allow("dynamodb:GetItem", PARCELS)]}));
    assert_eq!(crossing(json!([items()]), &tight), None);
    let wide = |it: &mut Estate| ceiling(it, json!({"Statement": [allow("dynamodb:*", ARN)]}));
    assert_eq!(crossing(json!([allow("dynamodb:*", "*")]), &wide).map(|of| of.0), Some(Verdict::Fail));
    let gone = |it: &mut Estate| {
        answer(it, DETAILS, "")["RoleDetailList"][0]["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": "gone"});
    };
    assert_eq!(crossing(json!([items()]), &gone), Some((Verdict::Fail, Planes::default(), read)));
}

#[test]
fn a_tables_own_policy_lets_in_roles_of_its_account_others_and_anyone() {
    let let_in = |principal: &str| {
        let mut estate = estate(&[role("post", Some("logistics"), &json!([allow("s3:*", "*")]))]);
        policy(
            &mut estate,
            &format!(
                r#"{{"Sid":"In","Effect":"Allow","Principal":{principal},"Action":"dynamodb:GetItem","Resource":"{ARN}"}}"#
            ),
        );
        of(&estate)
    };
    let payments = domain("payments");
    let lanes = let_in(r#"{"AWS":"arn:aws:iam::111122223333:role/post"}"#);
    let (who, crossing) = one(&lanes, &payments, "role/post").unwrap();
    assert_eq!((who.kind, crossing.verdict), (Kind::Role, Verdict::Fail));
    assert_eq!(lanes.through(who, crossing.worst.unwrap())[0].name(), "table policy [0] (In)");
    for (principal, name) in [
        (r#""*""#, "anyone"),
        (r#"{"AWS":"arn:aws:iam::444455556666:role/far"}"#, "role/far"),
        (r#"{"AWS":"444455556666"}"#, "444455556666"),
    ] {
        let lanes = let_in(principal);
        let (who, crossing) = one(&lanes, &payments, name).unwrap_or_else(|| panic!("{principal}"));
        assert_eq!((who.kind, crossing.verdict), (Kind::Principal, Verdict::Warn), "{principal}");
        assert_eq!(lanes.lanes[who.lane].whose, Whose::Outside);
        assert_eq!(lanes.through(who, crossing.worst.unwrap()).len(), 1, "{principal}");
    }
    // Its own account as a whole hands the question on to the account's identities; services act for others.
    for nobody in [r#"{"AWS":"111122223333"}"#, r#"{"Service":"replication.dynamodb.amazonaws.com"}"#] {
        assert_eq!(stands(&let_in(nobody), &payments), Verdict::Pass, "{nobody}");
    }
}

#[test]
fn an_endpoint_of_another_domain_crosses_as_iso_02_says() {
    let endpoint = |domain: Option<&str>, text: &str| {
        let mut estate = estate(&[]);
        let whole = kept();
        let mut one = whole.networks[&scope()].endpoints.value().unwrap()[0].clone();
        one.policy = Some(text.to_owned());
        one.tags = domain.map(|of| ("domain".to_owned(), of.to_owned())).into_iter().collect();
        let name = one.id.clone();
        estate.networks.get_mut(&scope()).unwrap().endpoints = seen(vec![one]);
        let lanes = of(&estate);
        self::one(&lanes, &self::domain("payments"), &name).map(|(_, one)| one.verdict)
    };
    let open = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    assert_eq!(endpoint(Some("logistics"), open), Some(Verdict::Fail));
    assert_eq!(endpoint(Some("Payments"), open), Some(Verdict::Pass));
    assert_eq!(endpoint(None, open), Some(Verdict::Warn));
    let parcels =
        format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"{PARCELS}"}}]}}"#);
    assert_eq!(endpoint(Some("logistics"), &parcels), None);
    let fenced = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
        {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceTag/domain":"a"}}}]}"#;
    assert_eq!(endpoint(Some("logistics"), fenced), Some(Verdict::Warn));
    assert_eq!(endpoint(Some("logistics"), "{"), Some(Verdict::Unknown));
}

#[test]
fn what_was_not_read_leaves_a_lane_unknown_and_names_the_action() {
    let cases: &[(&str, Change, Whose)] = &[
        (DETAILS, |it| deny(it, DETAILS, ""), domain("payments")),
        (
            "ec2:DescribeVpcEndpoints",
            |it| {
                it.networks.get_mut(&scope()).unwrap().endpoints = denied("ec2:DescribeVpcEndpoints");
            },
            domain("payments"),
        ),
        (
            "dynamodb:GetResourcePolicy",
            |it| table(it).policy = denied("dynamodb:GetResourcePolicy"),
            domain("payments"),
        ),
        ("dynamodb:ListTagsOfResource", |it| table(it).tags = denied("dynamodb:ListTagsOfResource"), Whose::Unread),
        (
            "dynamodb:ListTables",
            |it| {
                it.populations.insert(scope(), denied("dynamodb:ListTables"));
            },
            Whose::Unlisted,
        ),
    ];
    let roles = [role("shop", Some("payments"), &json!([allow("dynamodb:Query", ARN)]))];
    assert_eq!(stands(&of(&estate(&roles)), &domain("payments")), Verdict::Pass);
    for (action, change, lane) in cases {
        let mut estate = estate(&roles);
        change(&mut estate);
        let lanes = of(&estate);
        assert_eq!(stands(&lanes, lane), Verdict::Unknown, "{action}");
        let unread = lanes.crossers.iter().find(|of| of.kind == Kind::Unread).unwrap();
        assert_eq!(unread.missing.as_deref(), Some(*action));
        assert!(unread.note.as_ref().unwrap().contains(action), "{:?}", unread.note);
        assert!(lanes.hides());
    }
    // A policy that is nowhere may allow anything: of its holder's own lane nothing more is to be asked.
    let mut lost = role("post", Some("logistics"), &json!([]));
    lost["AttachedManagedPolicies"] = json!([{"PolicyArn": "arn:aws:iam::aws:policy/Gone"}]);
    let lanes = of(&estate(&[lost]));
    let (who, crossing) = one(&lanes, &domain("payments"), "role/post").unwrap();
    assert_eq!(crossing.verdict, Verdict::Unknown);
    assert!(who.note.as_ref().unwrap().contains("Gone"));
    assert_eq!(stands(&lanes, &domain("logistics")), Verdict::Pass);
}

#[test]
fn who_is_named_in_the_configuration_is_left_out_or_may_change_tables() {
    let everything = json!([allow("dynamodb:*", "*")]);
    let estate = estate(&[
        role("break-glass", Some("logistics"), &everything),
        role("platform", Some("logistics"), &json!([allow("dynamodb:UpdateTable", "*")])),
    ]);
    let mut baseline = Baseline::default();
    baseline.break_glass = vec!["role/break-glass".to_owned()];
    baseline.admins = vec!["role/platform".to_owned()];
    let lanes = Lanes::of(&estate, &baseline);
    assert_eq!(lanes.left_out, (1, 0));
    assert_eq!(one(&lanes, &domain("payments"), "role/platform").unwrap().1.verdict, Verdict::Pass);
    assert_eq!(stands(&lanes, &domain("payments")), Verdict::Pass);
    assert_eq!(one(&of(&estate), &domain("payments"), "role/platform").unwrap().1.verdict, Verdict::Warn);
}
