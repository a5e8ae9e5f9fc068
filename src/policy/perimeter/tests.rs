use super::*;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

fn document(statements: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn deny(action: &str, condition: &str) -> Document {
    document(&format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"*","Condition":{condition}}}"#
    ))
}

#[test]
fn plain_http_is_denied_whole_partly_or_not() {
    let plain = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
    let of = |document: Document| denies_plain_http(&document, ARN);
    assert_eq!(of(deny("dynamodb:*", plain)), Denied::Whole);
    assert_eq!(of(deny("*", plain)), Denied::Whole);
    assert_eq!(of(deny("dynamodb:PutItem", plain)), Denied::Partly);
    let some = r#"{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:PrincipalAccount":"1"}}"#;
    assert_eq!(of(deny("dynamodb:*", some)), Denied::Partly);
    assert_eq!(of(deny("dynamodb:*", r#"{"Bool":{"aws:SecureTransport":"true"}}"#)), Denied::Not);
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#;
    assert_eq!(of(document(allow)), Denied::NotAllowed);
    let other = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:dynamodb:*:*:table/other","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
    assert_eq!(of(document(other)), Denied::Not);
}

#[test]
fn other_sources_are_denied_with_and_without_exceptions() {
    let of = |condition: &str| denies_other_sources(&deny("dynamodb:*", condition), ARN);
    assert_eq!(of(r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#), Denied::EvenToServices);
    let excepting =
        r#"{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"},"BoolIfExists":{"aws:ViaAWSService":"false"}}"#;
    assert_eq!(of(excepting), Denied::Whole);
    let one = r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1","aws:PrincipalTag/team":"a"}}"#;
    assert_eq!(of(one), Denied::Partly);
    assert_eq!(of(r#"{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#), Denied::Not);
    assert_eq!(denies_other_sources(&deny("dynamodb:GetItem", excepting), ARN), Denied::Partly);
    assert_eq!(fenced_endpoints(&deny("dynamodb:*", excepting), ARN), ["vpce-1"]);
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}"#;
    assert_eq!(denies_other_sources(&document(allow), ARN), Denied::NotAllowed);
}

#[test]
fn what_an_endpoint_limits() {
    let of = |statement: &str| {
        let limits = limits(&document(statement), "dynamodb");
        (limits.principals, limits.resources)
    };
    let own = r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:111122223333:table/*"}"#;
    assert_eq!(of(own), (false, true));
    let both = own.replace(r#""Resource""#, r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Resource""#);
    assert_eq!(of(&both), (true, true));
    assert_eq!(of(&both.replace("StringEquals", "StringEqualsIfExists")), (false, true));
    assert_eq!(of(&format!("{both},{own}")), (false, true));
    let wide = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    assert_eq!(of(wide), (false, false));
    let denied = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceOrgID":"o-1"}}}"#;
    assert_eq!(of(&format!("{wide},{denied}")), (false, true));
    let other = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    assert_eq!(of(&format!("{both},{other}")), (true, true));
    assert_eq!(of(&wide.replace(r#""*","Action""#, r#"{"AWS":"111122223333"},"Action""#)), (true, false));
}

#[test]
fn services_and_accounts_that_are_let_in() {
    let service = r#"{"Effect":"Allow","Principal":{"Service":"replication.dynamodb.amazonaws.com"},"Action":"*","Resource":"*"}"#;
    assert_eq!(
        services_let_in(&document(service)),
        [(0, "replication.dynamodb.amazonaws.com".to_owned(), false, false)]
    );
    let held = service.replace(
        r#""Action""#,
        r#""Condition":{"StringEquals":{"aws:SourceAccount":"1"},"ArnLike":{"aws:SourceArn":"arn:x"}},"Action""#,
    );
    assert!(matches!(services_let_in(&document(&held)).as_slice(), [(0, _, true, true)]));
    let account = r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::111122223333:root","arn:aws:iam::777788889999:role/a"]},"Action":"*","Resource":"*"}"#;
    assert_eq!(accounts_let_in_whole(&document(account), "111122223333"), ["444455556666"]);
    let fenced =
        account.replace(r#""Action""#, r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Action""#);
    assert!(accounts_let_in_whole(&document(&fenced), "111122223333").is_empty());
}

#[test]
fn what_is_let_through() {
    let items = document(
        r#"{"Effect":"Allow","Principal":"*","Action":["dynamodb:Get*","dynamodb:UpdateTable"],
           "Resource":"arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}-*"}"#,
    );
    assert!(
        lets(&items, "dynamodb:GetItem") && lets(&items, "dynamodb:UpdateTable") && !lets(&items, "dynamodb:PutItem")
    );
    assert_eq!(lets_items_of(&items, "arn:aws:dynamodb:eu-west-1:1:table/a-b"), Through::Yes);
    assert_eq!(lets_items_of(&items, ARN), Through::No);
    let denied = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
        {"Effect":"Deny","Principal":"*","Action":"dynamodb:PutItem","Resource":"*"}"#;
    assert!(!lets(&document(denied), "dynamodb:PutItem") && lets(&document(denied), "dynamodb:GetItem"));
}

#[test]
fn a_fence_that_lets_everything_in_is_none() {
    let of = |condition: &str| denies_other_sources(&deny("dynamodb:*", condition), ARN);
    for open in [
        r#"{"StringNotLike":{"aws:SourceVpce":"*"}}"#,
        r#"{"StringNotLike":{"aws:SourceVpce":["vpce-1","vpce-*"]}}"#,
        r#"{"StringNotLikeIfExists":{"aws:SourceVpc":"*"},"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}"#,
        r#"{"StringNotEquals":{"aws:SourceVpce":"${aws:SourceVpce}"}}"#,
        r#"{"StringNotLike":{"aws:VpceOrgID":"o-*"}}"#,
    ] {
        assert_eq!(of(open), Denied::Not, "{open}");
    }
    let beside = |condition: &str| of(&format!(r#"{{"StringNotEquals":{{"aws:SourceVpce":"vpce-1"}},{condition}}}"#));
    for whole in [
        r#""Bool":{"aws:PrincipalIsAWSService":"false"}"#,
        r#""Null":{"aws:PrincipalServiceName":"true"}"#,
        r#""ForAllValues:StringNotEquals":{"aws:CalledVia":"backup.amazonaws.com"}"#,
    ] {
        assert_eq!(beside(whole), Denied::Whole, "{whole}");
    }
    for partly in [
        r#""Bool":{"aws:ViaAWSService":"true"}"#,
        r#""StringEquals":{"aws:CalledVia":"backup.amazonaws.com"}"#,
        r#""ForAnyValue:StringNotEquals":{"aws:CalledVia":"backup.amazonaws.com"}"#,
        r#""ArnNotLike":{"aws:PrincipalArn":"*"}"#,
        r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#,
        r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}"#,
    ] {
        assert_eq!(beside(partly), Denied::Partly, "{partly}");
    }
    for named in [
        "arn:aws:iam::111122223333:role/ops-*",
        "arn:aws:iam::*:role/aws-service-role/replication.dynamodb.amazonaws.com/*",
    ] {
        let condition = format!(r#""ArnNotLike":{{"aws:PrincipalArn":"{named}"}}"#);
        assert_eq!(beside(&condition), Denied::EvenToServices, "{named}");
    }
    assert_eq!(of(r#"{"ForAnyValue:StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#), Denied::Partly);
    let service = |condition: &str| {
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"x.amazonaws.com"}},"Action":"*","Resource":"*","Condition":{condition}}}"#
        );
        let (_, _, account, arn) = services_let_in(&document(&text)).remove(0);
        (account, arn)
    };
    assert_eq!(service(r#"{"ArnLike":{"aws:SourceArn":"*"},"StringLike":{"aws:SourceAccount":"*"}}"#), (false, false));
    assert_eq!(service(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:dynamodb:*:*:table/*"}}"#), (false, false));
    assert_eq!(service(r#"{"Null":{"aws:SourceArn":"false","aws:SourceAccount":"false"}}"#), (false, false));
    let account = r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"*","Resource":"*","Condition":{"Null":{"aws:PrincipalOrgID":"false"}}}"#;
    assert_eq!(accounts_let_in_whole(&document(account), "111122223333"), ["444455556666"]);
}

#[test]
fn strangers_are_denied_by_what_names_ones_own() {
    let of = |condition: &str| denies_strangers(&deny("dynamodb:*", condition), "dynamodb");
    assert!(of(
        r#"{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}"#
    ));
    assert!(of(r#"{"StringNotEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#));
    for open in [
        r#"{"StringNotLike":{"aws:PrincipalOrgID":"*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-1","aws:PrincipalTag/team":"a"}}"#,
        r#"{"Bool":{"aws:PrincipalIsAWSService":"false"}}"#,
    ] {
        assert!(!of(open), "{open}");
    }
    let condition = r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    assert!(!denies_strangers(&deny("dynamodb:PutItem", condition), "dynamodb"));
    assert!(!denies_strangers(&deny("dynamodb:*", condition), "dax"));
}

#[test]
fn a_denial_takes_back_what_it_surely_denies() {
    let all = r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"*"}"#;
    let of = |deny: &str| {
        let text = format!(r#"{all},{{"Effect":"Deny","Principal":"*",{deny}}}"#);
        lets_items_of(&document(&text), ARN)
    };
    for (deny, wanted) in [
        (r#""Action":"dynamodb:*","Resource":"*""#, Through::No),
        (r#""Action":"*","NotResource":"arn:aws:dynamodb:*:*:table/other""#, Through::No),
        (r#""Action":"dynamodb:PutItem","Resource":"*""#, Through::Yes),
        (r#""Action":"*","NotResource":"arn:aws:dynamodb:*:*:table/orders""#, Through::Yes),
        (
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceTag/domain":"a"}}"#,
            Through::Perhaps,
        ),
        (r#""Action":"*","Resource":"arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/t}""#, Through::Perhaps),
        (r#""Action":"*","NotResource":"arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/t}""#, Through::Perhaps),
    ] {
        assert_eq!(of(deny), wanted, "{deny}");
    }
}
