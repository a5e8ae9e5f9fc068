//! Deciding a request: a deny that matches wins, else an allow that matches, else nobody allowed it.

use super::document::{Document, Effect, Names, Principal, Principals, Statement};
use super::pattern::{Pattern, action_matches};
use super::request::{Asker, Request};
use crate::model::Arn;

/// The statement that decided: which document, and which of its statements, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The document's place among those given.
    pub document: usize,
    /// The statement's place in it.
    pub statement: usize,
}

/// What was decided, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The first statement that allows, and none denies.
    Allow(At),
    /// The first statement that denies.
    ExplicitDeny(At),
    /// No statement matches.
    ImplicitDeny,
}

impl Decision {
    /// True when the request goes through.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The statement that decided.
    #[must_use]
    pub fn statement(self) -> Option<At> {
        match self {
            Self::Allow(at) | Self::ExplicitDeny(at) => Some(at),
            Self::ImplicitDeny => None,
        }
    }
}

/// Decides a request by documents that add up: a deny in any is final, an allow in any is enough.
///
/// Layers that must each allow (an endpoint's policy and the caller's own, say) are decided one by one.
#[must_use]
pub fn evaluate(documents: &[&Document], request: &Request<'_>) -> Decision {
    let mut allowed = Decision::ImplicitDeny;
    for (document, policy) in documents.iter().enumerate() {
        for (statement, one) in policy.statements.iter().enumerate() {
            let at = At { document, statement };
            if one.effect == Effect::Allow && allowed != Decision::ImplicitDeny {
                continue;
            }
            if one.matches(request, policy.has_variables()) {
                match one.effect {
                    Effect::Deny => return Decision::ExplicitDeny(at),
                    Effect::Allow => allowed = Decision::Allow(at),
                }
            }
        }
    }
    allowed
}

impl Statement {
    /// True when the statement speaks of this request and all its conditions hold.
    #[must_use]
    pub fn matches(&self, request: &Request<'_>, variables: bool) -> bool {
        self.actions.matches_action(request.action)
            && self.resources.as_ref().is_none_or(|names| names.matches_resource(request, variables))
            && self.principals.as_ref().is_none_or(|principals| principals.matches(&request.principal))
            && self.conditions.iter().all(|condition| condition.holds(request, variables))
    }
}

impl Names {
    /// True when an action is meant.
    #[must_use]
    pub fn matches_action(&self, action: &str) -> bool {
        self.patterns.iter().any(|pattern| action_matches(pattern, action)) != self.except
    }

    fn matches_resource(&self, request: &Request<'_>, variables: bool) -> bool {
        let lookup = |key: &str| request.variable(key);
        self.patterns.iter().any(|pattern| {
            pattern == "*"
                || Pattern::new(pattern, variables.then_some(&lookup))
                    .is_some_and(|pattern| pattern.matches(request.resource))
        }) != self.except
    }
}

impl Principals {
    /// True when somebody is meant.
    #[must_use]
    pub fn matches(&self, asker: &Asker<'_>) -> bool {
        self.who.iter().any(|principal| principal.is(asker)) != self.except
    }
}

impl Principal {
    /// True when this principal names the one who asks.
    ///
    /// A role's session is named by its role too; the session's ARN lacks the role's path, so the role's last name
    /// decides. Principals know no wildcards but `*` alone.
    #[must_use]
    pub fn is(&self, asker: &Asker<'_>) -> bool {
        match (self, asker) {
            (Self::Anyone, _) => true,
            (Self::Aws(named), Asker::Aws(arn)) => names_identity(named, arn, asker),
            (Self::Service(named), Asker::Service(service)) => named.eq_ignore_ascii_case(service),
            (Self::Federated(named), Asker::Federated(provider)) => named == provider,
            (Self::Canonical(named), Asker::Canonical(user)) => named == user,
            _ => false,
        }
    }

    /// The account that a principal belongs to.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        let Self::Aws(named) = self else { return None };
        if is_account(named) {
            return Some(named.clone());
        }
        Arn::parse(named).map(|arn| arn.account).filter(|account| is_account(account))
    }
}

/// True for 12 digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn names_identity(named: &str, arn: &str, asker: &Asker<'_>) -> bool {
    if named == arn {
        return true;
    }
    if is_account(named) {
        return asker.account().as_deref() == Some(named);
    }
    let (Some(named), Some(given)) = (Arn::parse(named), Arn::parse(arn)) else { return false };
    if named.account != given.account || named.partition != given.partition || named.service != "iam" {
        return false;
    }
    if named.resource == "root" {
        return true;
    }
    let role = named.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    let session = given.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    given.service == "sts" && role.is_some() && role == session
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::request::Context;
    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    const ROLE: &str = "arn:aws:iam::111122223333:role/team/Billing";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Billing/alice";

    fn decide(statements: &str, principal: Asker<'_>, action: &str, context: &Context) -> Decision {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let document = Document::parse(&text).unwrap();
        evaluate(&[&document], &Request { principal, action, resource: TABLE, context })
    }

    #[test]
    fn deny_wins_and_silence_denies() {
        let both = r#"{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"},
                      {"Effect":"Deny","Action":"dynamodb:Delete*","Resource":"*"}"#;
        let ask = |action: &str| decide(both, Asker::Aws(ROLE), action, &Context::default());
        assert_eq!(ask("dynamodb:GetItem"), Decision::Allow(At { document: 0, statement: 0 }));
        assert_eq!(ask("DynamoDB:deletetable"), Decision::ExplicitDeny(At { document: 0, statement: 1 }));
        assert_eq!(ask("kms:Decrypt"), Decision::ImplicitDeny);
        assert!(ask("dynamodb:GetItem").is_allowed() && ask("kms:Decrypt").statement().is_none());
    }

    #[test]
    fn principals_are_matched_as_aws_names_them() {
        let allowed = |principal: &str, asker: Asker<'_>| {
            let text = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"*","Resource":"*"}}"#);
            decide(&text, asker, "dynamodb:GetItem", &Context::default()).is_allowed()
        };
        for principal in [
            r#""*""#.to_owned(),
            r#"{"AWS":"111122223333"}"#.to_owned(),
            r#"{"AWS":"arn:aws:iam::111122223333:root"}"#.to_owned(),
            format!(r#"{{"AWS":["arn:aws:iam::1:user/x","{ROLE}"]}}"#),
            format!(r#"{{"AWS":"{SESSION}"}}"#),
        ] {
            assert!(allowed(&principal, Asker::Aws(SESSION)), "{principal}");
        }
        for principal in [
            r#"{"AWS":"444455556666"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:role/Bill"}"#,
            r#"{"AWS":"arn:aws-cn:iam::111122223333:root"}"#,
            r#"{"Service":"dynamodb.amazonaws.com"}"#,
        ] {
            assert!(!allowed(principal, Asker::Aws(SESSION)), "{principal}");
        }
        assert!(allowed(r#"{"Service":"x.amazonaws.com"}"#, Asker::Service("x.amazonaws.com")));
        assert!(!allowed(r#"{"AWS":"111122223333"}"#, Asker::Anonymous));
        assert!(allowed(r#""*""#, Asker::Anonymous));
    }

    #[test]
    fn conditions_variables_and_keys_of_the_request_itself() {
        let fenced = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
            "StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2"],"aws:PrincipalAccount":"${aws:ResourceAccount}"}}}"#;
        let ask = |context: &Context| decide(fenced, Asker::Aws(SESSION), "a:B", context).is_allowed();
        assert!(ask(&Context::default().with("AWS:SOURCEVPCE", "vpce-2")));
        assert!(!ask(&Context::default().with("aws:SourceVpce", "vpce-3")));
        assert!(!ask(&Context::default()));
        let role = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
            "ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Billing"}}}"#;
        assert!(decide(role, Asker::Aws(SESSION), "a:B", &Context::default()).is_allowed());
    }

    #[test]
    fn except_lists_turn_the_match_around() {
        let ask = |statement: &str, action: &str| {
            decide(statement, Asker::Aws(ROLE), action, &Context::default()).is_allowed()
        };
        let not_action = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
        assert!(ask(not_action, "dynamodb:GetItem") && !ask(not_action, "iam:GetRole"));
        let not_resource = r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:dynamodb:*:*:table/orders"}"#;
        assert!(!ask(not_resource, "dynamodb:GetItem"));
        let not_principal = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}"#;
        assert!(!ask(not_principal, "dynamodb:GetItem"));
    }

    fn statement() -> impl Strategy<Value = String> {
        let effect = prop_oneof![Just("Allow"), Just("Deny")];
        let action = prop_oneof![Just("*"), Just("dynamodb:*"), Just("dynamodb:Get*"), Just("s3:*")];
        let resource = prop_oneof![Just("*"), Just("arn:aws:dynamodb:*:*:table/o*"), Just("arn:aws:s3:::b")];
        (effect, action, resource).prop_map(|(effect, action, resource)| {
            format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}"#)
        })
    }

    proptest! {
        #[test]
        fn order_decides_nothing_and_more_denies_never_allow(list in prop::collection::vec(statement(), 0..6)) {
            let ask = |list: &[String]| {
                decide(&list.join(","), Asker::Aws(ROLE), "dynamodb:GetItem", &Context::default())
            };
            let forward = ask(&list);
            let mut back = list.clone();
            back.reverse();
            prop_assert_eq!(std::mem::discriminant(&forward), std::mem::discriminant(&ask(&back)));
            back.push(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#.to_owned());
            prop_assert!(matches!(ask(&back), Decision::ExplicitDeny(_)));
        }
    }
}
