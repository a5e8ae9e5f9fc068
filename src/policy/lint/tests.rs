use super::*;

fn faults(text: &str, place: Place) -> Vec<Fault> {
    policy(text, place).into_iter().map(|lint| lint.fault).collect()
}

/// The samples of common texts that are wrong, each with the reason, and the same sample put right.
#[test]
fn faulty_samples_are_caught_for_the_right_reason_and_corrected_ones_are_not() {
    let data_plane = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"DataPlane","Effect":"Allow","Principal":"*",
            "Action":["dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:BatchWriteItem",
            "dynamodb:GetItem","dynamodb:Query","dynamodb:Scan"],"Resource":[{resource}]}}]}}"#
        )
    };
    let control_plane = |principal: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal}"Action":["dynamodb:CreateTable",
            "dynamodb:UpdateTable","dynamodb:DeleteTable"],"Resource":"{resource}"}}]}}"#
        )
    };
    let own_rows = |actions: &str, variable: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],
            "Resource":"arn:aws:dynamodb:eu-west-1:111122223333:table/GameScores",
            "Condition":{{"ForAllValues:StringEquals":{{"dynamodb:LeadingKeys":["${{{variable}}}"]}}}}}}]}}"#
        )
    };
    let (table, blank) =
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/*", "arn:aws:dynamodb:eu-west-1: 111122223333:table/*");
    let index = r#""arn:aws:dynamodb:eu-west-1:111122223333:table/*/index/*""#;
    let (principal, items) = (r#""Principal":"*","#, r#""dynamodb:GetItem","dynamodb:Query""#);
    let samples = [
        (data_plane(index), Place::Endpoint, vec![Fault::IndexOnly]),
        (data_plane(&format!(r#""{table}",{index}"#)), Place::Endpoint, vec![]),
        (control_plane("", blank), Place::Endpoint, vec![Fault::MissingPrincipal, Fault::Blank]),
        (control_plane(principal, blank), Place::Endpoint, vec![Fault::Blank]),
        (control_plane("", table), Place::Endpoint, vec![Fault::MissingPrincipal]),
        (control_plane(principal, table), Place::Endpoint, vec![]),
        (own_rows(items, "www.amazon.com:user_id"), Place::Identity, vec![Fault::ForeignVariable]),
        (own_rows(items, "aws:username"), Place::Identity, vec![]),
        (own_rows(items, "aws:PrincipalTag/tenant"), Place::Identity, vec![]),
        (
            own_rows(r#""dynamodb:GetItem","dynamodb:Scan""#, "aws:username"),
            Place::Identity,
            vec![Fault::ScanBesideLeadingKeys],
        ),
        (own_rows(r#""dynamodb:*""#, "aws:username"), Place::Identity, vec![Fault::ScanBesideLeadingKeys; 2]),
    ];
    for (text, place, wanted) in samples {
        assert_eq!(faults(&text, place), wanted, "{text}");
    }
    let quoted = control_plane(principal, table).replacen(r#""Version""#, "\u{201c}Version\u{201d}", 1);
    assert_eq!(faults(&quoted, Place::Endpoint), [Fault::TypographicQuote]);
    let inside = control_plane(principal, &table.replace("table", "\u{201c}table"));
    assert!(faults(&inside, Place::Endpoint).contains(&Fault::TypographicQuote));
}

#[test]
fn event_patterns_that_can_never_match() {
    let guardduty = |kind: &str| {
        format!(
            r#"{{"source":["aws.guardduty"],"detail-type":["GuardDuty Finding"],"detail":{{"type":[{kind}],"severity":[{{"numeric":[">=",7]}}]}}}}"#
        )
    };
    let found = |text: &str| event_pattern(text).into_iter().map(|lint| lint.fault).collect::<Vec<_>>();
    let good = r#""UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS""#;
    assert_eq!(found(&guardduty(good)), []);
    assert_eq!(found(&guardduty(&good.replace("IAMUser/", "IAMUser/ "))), [Fault::Blank]);
    assert_eq!(found(&guardduty(&good.replace("Unauthorized", "Unauthorized "))), [Fault::Blank]);
    assert_eq!(found(&guardduty(r#"{"prefix":"Exfiltration:"}"#)), []);
    assert_eq!(found(&guardduty("")), [Fault::NeverMatches]);
    assert_eq!(found(&guardduty(good).replace("aws.guardduty", "aws.GuardDuty")), [Fault::NeverMatches]);
    assert_eq!(found(&guardduty(good).replace(r#"["aws.guardduty"]"#, r#""aws.guardduty""#)), [Fault::NeverMatches]);
    assert_eq!(found(&guardduty(good).replacen('"', "\u{201c}", 1)), [Fault::TypographicQuote]);
    let call = r#"{"source":["aws.dynamodb"],"detail":{"eventSource":["dynamodb.amazonaws.com"],"eventName":["DeleteTable"]}}"#;
    assert_eq!(found(call), []);
    assert_eq!(found(&call.replace("dynamodb.amazonaws.com", "dynamodb")), [Fault::NeverMatches]);
    assert_eq!(found("[]"), [Fault::NotAPolicy]);
}

#[test]
fn resources_that_match_nothing() {
    let of = |resource: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"dynamodb:DescribeTable","Resource":"{resource}"}}}}"#
        );
        faults(&text, Place::Resource)
    };
    for good in [
        "*",
        "arn:aws:dynamodb:*:*:table/orders",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/*",
        "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/*",
        "arn:*:dynamodb:*:111122223333:*",
        "arn:aws:dynamodb:eu-west-1:${aws:PrincipalAccount}:table/a",
        "arn:aws:dynamodb:*",
        "arn:aws:dynamodb::111122223333:global-table/a".replace("::", ":us-east-1:").as_str(),
        "arn:aws:s3:::bucket/key",
    ] {
        assert_eq!(of(good), [], "{good}");
    }
    for bad in [
        "orders",
        "arn:aws:dynamodb:eu-west-1:111122223333",
        "arn:aws:dynamodb::111122223333:table/a",
        "arn:aws:dynamodb:eu-west-1:1111:table/a",
        "arn:aws:dynamodb:eu-west-1:111122223333:table:a",
        "arn:aws:dynamodb:eu-west-1:111122223333:Table/a",
        "arn:amazon:dynamodb:eu-west-1:111122223333:table/a",
        "arn:aws:dynamodb:Ireland:111122223333:table/a",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/a/items",
    ] {
        assert_eq!(of(bad), [Fault::NeverMatches], "{bad}");
    }
    for template in [
        "arn:aws:dynamodb:<region>:111122223333:table/a",
        "arn:aws:dynamodb:eu-west-1:ACCOUNT_ID:table/a",
        "arn:aws:dynamodb:{region}:111122223333:table/a",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/YOUR_TABLE",
        "arn:aws:dynamodb:eu-west-1:[account]:table/a",
    ] {
        assert_eq!(of(template), [Fault::Placeholder], "{template}");
    }
}

#[test]
fn conditions_that_never_hold() {
    let of = |condition: &str, version: &str| {
        let text = format!(
            r#"{{{version}"Statement":{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}}}"#
        );
        faults(&text, Place::Resource)
    };
    let new = r#""Version":"2012-10-17","#;
    for good in [
        r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
        r#"{"StringNotEqualsIfExists":{"aws:SourceVpce":["vpce-1","vpce-2"]}}"#,
        r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#,
        r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-service-role/*"}}"#,
        r#"{"Null":{"aws:PrincipalOrgID":true}}"#,
        r#"{"StringLike":{"aws:PrincipalTag/team":"a*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/a":"${aws:ResourceTag/a}"}}"#,
    ] {
        assert_eq!(of(good, new), [], "{good}");
    }
    for bad in [
        r#"{"Bool":{"aws:SecureTransport":"no"}}"#,
        r#"{"StringEqual":{"aws:SourceVpce":"vpce-1"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/40"}}"#,
        r#"{"NumericLessThan":{"a:b":"ten"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"soon"}}"#,
        r#"{"StringEquals":{"aws:SourceVpce":[]}}"#,
        r#"{"StringEquals":{"aws:SourceVpce":"vpce-*"}}"#,
        r#"{"ArnEquals":{"aws:PrincipalArn":"role/a"}}"#,
    ] {
        assert_eq!(of(bad, new), [Fault::NeverHolds], "{bad}");
    }
    assert_eq!(of(r#"{"StringEquals":{"aws:SourceVpce":" vpce-1"}}"#, new), [Fault::Blank]);
    let variable = r#"{"StringEquals":{"aws:PrincipalTag/a":"${aws:ResourceTag/a}"}}"#;
    assert_eq!(of(variable, ""), [Fault::VariableInOldVersion]);
    assert_eq!(of(r#"{"StringEquals":{"a:b":"<account>"}}"#, new), [Fault::Placeholder]);
}

#[test]
fn actions_and_principals() {
    let of = |action: &str, place| {
        faults(&format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#), place)
    };
    for good in ["*", "dynamodb:*", "dynamodb:Get*", "DynamoDB:putitem", "s3:Anything", "d*"] {
        assert_eq!(of(good, Place::Identity), [], "{good}");
    }
    assert_eq!(of("dynamodb:GetItems", Place::Identity), [Fault::UnknownAction]);
    assert_eq!(of("dynamodb: GetItem", Place::Identity), [Fault::Blank]);
    assert_eq!(of("GetItem", Place::Identity), [Fault::NeverMatches]);
    let named = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
    assert_eq!(faults(named, Place::Identity), [Fault::PrincipalOfIdentity]);
    assert_eq!(faults("{}", Place::Identity), [Fault::NotAPolicy]);
    let nothing = r#"{"Statement":{"Effect":"Deny","Action":"dynamodb:Scan"}}"#;
    assert_eq!(faults(nothing, Place::Identity), [Fault::MissingResource]);
    let rest = nothing.replace("}}", r#","NotResource":"*"}}"#);
    assert_eq!(faults(&rest, Place::Identity), []);
    let index = r#"{"Statement":{"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:*:table/a/index/*"}}"#;
    let found = policy(index, Place::Identity);
    assert!(matches!(found.as_slice(), [Lint { fault: Fault::IndexOnly, grave: false, .. }]), "{found:?}");
    assert!(found[0].to_string().starts_with("statement 1: dynamodb:Query"));
}
