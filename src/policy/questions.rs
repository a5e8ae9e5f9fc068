//! What controls ask of a policy.

use std::collections::BTreeSet;

use super::condition::{Condition, Operator, Quantifier, network};
use super::document::{Document, Effect, Names, Principal, Statement};
use super::evaluate::is_account;
use super::pattern::action_matches;
use crate::model::Arn;

/// Condition keys whose value tells where a request comes from, in lower case: with a fixed value they fence
/// off the world. Source: the keys S3 and IAM Access Analyzer accept when they decide whether a policy is public,
/// and their siblings for endpoints and source organizations.
const FENCES: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "kms:calleraccount",
];

/// The statements that let in anybody at all: an allow for every principal that no condition fences.
///
/// Deny statements are not weighed against them: what is allowed to all and denied to most is still worth a look.
#[must_use]
pub fn public_statements(document: &Document) -> Vec<usize> {
    let public = |statement: &Statement| {
        statement.effect == Effect::Allow && statement.is_for_anyone() && fences(statement).next().is_none()
    };
    (0..).zip(&document.statements).filter(|(_, one)| public(one)).map(|(at, _)| at).collect()
}

/// The conditions of a statement that fence off the world.
pub fn fences(statement: &Statement) -> impl Iterator<Item = &Condition> {
    statement.conditions.iter().filter(|condition| is_fence(condition))
}

/// The 12-digit accounts that allow statements let in: by principal, or, where anybody is named, by the
/// conditions that fence it.
#[must_use]
pub fn accounts(document: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in document.statements.iter().filter(|one| one.effect == Effect::Allow) {
        let Some(principals) = &statement.principals else { continue };
        if !principals.except {
            found.extend(principals.who.iter().filter_map(Principal::account));
        }
        if statement.is_for_anyone() {
            for condition in fences(statement) {
                found.extend(condition.values.iter().filter_map(|value| account_in(value)));
            }
        }
    }
    found
}

/// True for the policy an endpoint has when nobody wrote one: everything allowed to everybody on everything, and
/// nothing else said.
#[must_use]
pub fn full_access(document: &Document) -> bool {
    let everything = |one: &Statement| {
        one.effect == Effect::Allow
            && one.is_for_anyone()
            && one.actions.is_everything()
            && one.is_on_everything()
            && one.conditions.is_empty()
    };
    document.statements.iter().any(everything) && document.statements.iter().all(|one| one.effect == Effect::Allow)
}

/// The allow statements that grant every action of a service (`dynamodb`) on every resource.
#[must_use]
pub fn grants_service_everywhere(document: &Document, service: &str) -> Vec<usize> {
    let grants =
        |one: &Statement| one.effect == Effect::Allow && one.actions.covers_service(service) && one.is_on_everything();
    (0..).zip(&document.statements).filter(|(_, one)| grants(one)).map(|(at, _)| at).collect()
}

/// The statements that say whom or what they leave out, with the elements that do.
#[must_use]
pub fn inverted(document: &Document) -> Vec<(usize, Vec<&'static str>)> {
    let mut found = Vec::new();
    for (at, statement) in document.statements.iter().enumerate() {
        let mut elements = Vec::new();
        if statement.principals.as_ref().is_some_and(|principals| principals.except) {
            elements.push("NotPrincipal");
        }
        if statement.actions.except {
            elements.push("NotAction");
        }
        if statement.resources.as_ref().is_some_and(|names| names.except) {
            elements.push("NotResource");
        }
        if !elements.is_empty() {
            found.push((at, elements));
        }
    }
    found
}

impl Statement {
    /// True when the principal is everybody: `*`, or all but some.
    #[must_use]
    pub fn is_for_anyone(&self) -> bool {
        self.principals
            .as_ref()
            .is_some_and(|principals| principals.except || principals.who.contains(&Principal::Anyone))
    }

    /// True when it is about every resource.
    #[must_use]
    pub fn is_on_everything(&self) -> bool {
        self.resources.as_ref().is_some_and(Names::is_everything)
    }
}

impl Names {
    /// True for `*`, in any number.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        !self.except && self.patterns.iter().any(|pattern| !pattern.is_empty() && pattern.bytes().all(|b| b == b'*'))
    }

    /// True when, as actions, they hold every action of a service: `*`, `dynamodb:*`, or all but other services'.
    #[must_use]
    pub fn covers_service(&self, service: &str) -> bool {
        if self.except {
            let own = format!("{}:", service.to_ascii_lowercase());
            return !self.patterns.iter().any(|pattern| touches(&pattern.to_ascii_lowercase(), &own));
        }
        // An action that no service has stands for them all: only a wildcard of the whole name holds it.
        let any = format!("{service}:\u{1}");
        self.patterns.iter().any(|pattern| action_matches(pattern, &any))
    }
}

/// True when a pattern may hold actions of a service, given as `dynamodb:`.
fn touches(pattern: &str, own: &str) -> bool {
    let service = pattern.split(':').next().unwrap_or_default();
    pattern.starts_with(own) || action_matches(service, own.trim_end_matches(':')) || !pattern.contains(':')
}

fn is_fence(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    // An absent key satisfies `…IfExists` and `ForAllValues`, and a negation leaves the world in.
    let binds = !condition.negated && !condition.if_exists && condition.quantifier != Some(Quantifier::ForAllValues);
    if !binds || !FENCES.contains(&key.as_str()) || condition.values.is_empty() {
        return false;
    }
    let literal = |value: &String| !value.is_empty() && !value.contains("${");
    match condition.operator {
        Operator::StringEquals { .. } => condition.values.iter().all(literal),
        Operator::StringLike | Operator::ArnLike => {
            condition.values.iter().all(|value| literal(value) && is_narrow(&key, value))
        }
        Operator::IpAddress => condition.values.iter().all(|value| is_narrow_block(value)),
        _ => false,
    }
}

/// True when the wildcards of a value leave one account or organization.
pub(super) fn is_narrow(key: &str, value: &str) -> bool {
    let fixed = |text: &str| !text.is_empty() && !text.contains(['*', '?']);
    if key.ends_with("arn") {
        // Some ARNs, of buckets for one, hold no account: then all of it must be fixed.
        return fixed(value) || value.split(':').nth(4).is_some_and(fixed);
    }
    if key.ends_with("orgpaths") {
        return value
            .split('/')
            .next()
            .is_some_and(|organization| organization.starts_with("o-") && fixed(organization));
    }
    if key == "aws:userid" {
        return value.split(':').next().is_some_and(fixed);
    }
    fixed(value)
}

/// True for a block no wider than S3 accepts as not public: /8 of IPv4, /32 of IPv6.
fn is_narrow_block(value: &str) -> bool {
    match network(value) {
        Some(ipnet::IpNet::V4(block)) => block.prefix_len() >= 8,
        Some(ipnet::IpNet::V6(block)) => block.prefix_len() >= 32,
        None => false,
    }
}

fn account_in(value: &str) -> Option<String> {
    if is_account(value) {
        return Some(value.to_owned());
    }
    Arn::parse(value).map(|arn| arn.account).filter(|account| is_account(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statement: &str) -> Document {
        Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)).unwrap()
    }

    fn is_public(principal: &str, condition: &str) -> bool {
        !public_statements(&document(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"dynamodb:GetItem","Resource":"*","Condition":{condition}}}"#
        )))
        .is_empty()
    }

    #[test]
    fn anybody_without_a_fence_is_public() {
        for principal in [r#""*""#, r#"{"AWS":"*"}"#, r#"{"AWS":["111122223333","*"]}"#] {
            assert!(is_public(principal, "{}"), "{principal}");
        }
        for principal in
            [r#"{"AWS":"111122223333"}"#, r#"{"Service":"dynamodb.amazonaws.com"}"#, r#"{"Federated":"*"}"#]
        {
            assert!(!is_public(principal, "{}"), "{principal}");
        }
        let but_one = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}"#;
        assert_eq!(public_statements(&document(but_one)), [0]);
        assert_eq!(public_statements(&document(&but_one.replace("Allow", "Deny"))), [0_usize; 0]);
    }

    #[test]
    fn a_fixed_trusted_value_is_a_fence_and_nothing_weaker() {
        for fence in [
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#,
            r#"{"stringequals":{"AWS:sourcevpce":["vpce-1","vpce-2"]}}"#,
            r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2/r-1/ou-1/*"}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
            r#"{"StringLike":{"aws:PrincipalAccount":"111122223333"}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}}"#,
        ] {
            assert!(!is_public(r#""*""#, fence), "{fence}");
        }
        for open in [
            r#"{"StringLike":{"aws:PrincipalOrgID":"*"}}"#,
            r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#,
            r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#,
            r#"{"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}"#,
            r#"{"ForAllValues:StringEquals":{"aws:SourceVpce":"vpce-1"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/1"]}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":"*"}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}"#,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
            r#"{"StringEquals":{"aws:UserAgent":"mine"}}"#,
            r#"{"Null":{"aws:PrincipalOrgID":"false"}}"#,
            r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#,
            r#"{"StringEquals":{"aws:PrincipalOrgID":[]}}"#,
        ] {
            assert!(is_public(r#""*""#, open), "{open}");
        }
    }

    #[test]
    fn accounts_come_from_principals_and_fences() {
        let named = document(
            r#"{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::444455556666:role/a"],
               "Service":"x.amazonaws.com"},"Action":"*","Resource":"*"},
               {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
               "Condition":{"StringEquals":{"aws:PrincipalAccount":"777788889999"},
               "ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}},
               {"Effect":"Deny","Principal":{"AWS":"999999999999"},"Action":"*","Resource":"*"}"#,
        );
        let found: Vec<String> = accounts(&named).into_iter().collect();
        assert_eq!(found, ["111122223333", "123456789012", "444455556666", "777788889999"]);
    }

    #[test]
    fn full_access_is_only_the_default() {
        let all = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
        assert!(full_access(&document(all)));
        assert!(!full_access(&document(&all.replace(r#""Action":"*""#, r#""Action":"dynamodb:*""#))));
        assert!(!full_access(&document(&all.replace("Allow", "Deny"))));
        let denied = r#"{"Effect":"Deny","Principal":"*","Action":"dynamodb:PutItem","Resource":"*"}"#;
        assert!(!full_access(&document(&format!("{all},{denied}"))));
        assert!(!full_access(&Document::default()));
    }

    #[test]
    fn a_whole_service_on_everything_is_seen_however_it_is_written() {
        let grants = |action: &str, resource: &str| {
            let text = format!(r#"{{"Effect":"Allow",{action},{resource}}}"#);
            !grants_service_everywhere(&document(&text), "dynamodb").is_empty()
        };
        let all = r#""Resource":"*""#;
        for action in [
            r#""Action":"dynamodb:*""#,
            r#""Action":["s3:GetObject","DynamoDB:*"]"#,
            r#""Action":"*""#,
            r#""Action":"dynamo*""#,
            r#""NotAction":"iam:*""#,
        ] {
            assert!(grants(action, all), "{action}");
        }
        for action in [
            r#""Action":"dynamodb:Get*""#,
            r#""Action":"s3:*""#,
            r#""NotAction":"dynamodb:DeleteTable""#,
            r#""NotAction":"*""#,
            r#""NotAction":"dynamo*:*""#,
        ] {
            assert!(!grants(action, all), "{action}");
        }
        assert!(!grants(r#""Action":"dynamodb:*""#, r#""Resource":"arn:aws:dynamodb:eu-west-1:1:table/a""#));
        assert!(!grants(r#""Action":"dynamodb:*""#, r#""NotResource":"*""#));
    }

    #[test]
    fn inverted_elements_are_named() {
        let found = document(
            r#"{"Effect":"Allow","NotPrincipal":"*","NotAction":"a:b","NotResource":"*"},
               {"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}"#,
        );
        assert_eq!(inverted(&found), [(0, vec!["NotPrincipal", "NotAction", "NotResource"])]);
    }
}
