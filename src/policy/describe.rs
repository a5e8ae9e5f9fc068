//! A policy in plain words.

use super::condition::{Condition, Operator, Quantifier};
use super::document::{Document, Effect, Names, Principal, Principals, Statement};

/// One sentence a statement, in the document's order.
///
/// The words hold the policy's own text unchanged: whoever shows them escapes what is not printable.
#[must_use]
pub fn describe(document: &Document) -> Vec<String> {
    document.statements.iter().map(Statement::describe).collect()
}

impl Statement {
    /// The statement as one sentence: `Allows anyone dynamodb:GetItem on table orders, if aws:SourceVpce is vpce-1`.
    #[must_use]
    pub fn describe(&self) -> String {
        let verb = match self.effect {
            Effect::Allow => "Allows",
            Effect::Deny => "Denies",
        };
        let mut words = vec![verb.to_owned()];
        words.extend(self.principals.as_ref().map(whom));
        words.push(what(&self.actions));
        words.extend(self.resources.as_ref().map(where_to));
        let mut sentence = words.join(" ");
        for (at, condition) in self.conditions.iter().enumerate() {
            sentence.push_str(if at == 0 { ", if " } else { " and " });
            sentence.push_str(&condition.describe());
        }
        sentence
    }
}

fn whom(principals: &Principals) -> String {
    let named = list(principals.who.iter().map(|principal| {
        match principal {
            Principal::Anyone => "anyone".to_owned(),
            Principal::Aws(name) if name.bytes().all(|b| b.is_ascii_digit()) => format!("account {name}"),
            Principal::Aws(name) => name
                .strip_suffix(":root")
                .and_then(|arn| arn.rsplit(':').next())
                .map_or_else(|| name.clone(), |account| format!("account {account}")),
            Principal::Service(name) => format!("the service {name}"),
            Principal::Federated(name) => format!("identities of {name}"),
            Principal::Canonical(name) => format!("the S3 user {name}"),
            Principal::Other(kind, name) => format!("{kind} {name}"),
        }
    }));
    if principals.except { format!("everyone except {named}") } else { named }
}

fn what(actions: &Names) -> String {
    if actions.is_everything() {
        return "every action".to_owned();
    }
    let named = list(actions.patterns.iter().map(|pattern| match pattern.strip_suffix(":*") {
        Some(service) if !service.contains(['*', '?']) => format!("every {service} action"),
        _ => pattern.clone(),
    }));
    if actions.except { format!("every action except {named}") } else { named }
}

fn where_to(resources: &Names) -> String {
    if resources.is_everything() {
        return "on every resource".to_owned();
    }
    let named = list(resources.patterns.iter().map(|pattern| short(pattern)));
    if resources.except { format!("on everything except {named}") } else { format!("on {named}") }
}

/// `arn:aws:dynamodb:eu-west-1:111122223333:table/orders` as `table orders`; what is none stays as it is.
fn short(pattern: &str) -> String {
    let table = pattern.split_once(":dynamodb:").and_then(|(_, rest)| rest.split_once(":table/"));
    table.map_or_else(|| pattern.to_owned(), |(_, name)| format!("table {name}"))
}

impl Condition {
    /// The condition in words: `aws:SourceVpce is vpce-1 or vpce-2`.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.operator == Operator::Null {
            let there = self.values.iter().any(|value| value.eq_ignore_ascii_case("false"));
            return format!("{} is {}", self.key, if there { "present" } else { "absent" });
        }
        let (is, is_not) = match self.operator {
            Operator::StringEquals { .. } | Operator::BinaryEquals => ("is", "is not"),
            Operator::NumericEquals | Operator::DateEquals | Operator::Bool => ("is", "is not"),
            Operator::StringLike | Operator::ArnLike => ("is like", "is not like"),
            Operator::NumericLess { or_equal: false } => ("is less than", ""),
            Operator::NumericLess { or_equal: true } => ("is at most", ""),
            Operator::NumericGreater { or_equal: false } => ("is more than", ""),
            Operator::NumericGreater { or_equal: true } => ("is at least", ""),
            Operator::DateLess { .. } => ("is before", ""),
            Operator::DateGreater { .. } => ("is after", ""),
            Operator::IpAddress => ("is in", "is not in"),
            Operator::Null | Operator::Unknown => (self.written.as_str(), ""),
        };
        let is = if self.negated { is_not } else { is };
        let quantifier = match self.quantifier {
            Some(Quantifier::ForAllValues) => "every ",
            Some(Quantifier::ForAnyValue) => "any ",
            None => "",
        };
        let absent = match (self.if_exists, self.quantifier) {
            (true, _) | (_, Some(Quantifier::ForAllValues)) => " or it is absent",
            _ => "",
        };
        let joint = if self.negated { " nor " } else { " or " };
        format!("{quantifier}{} {is} {}{absent}", self.key, self.values.join(joint))
    }
}

/// `a`, `a and b`, `a, b and c`; nothing as `nothing`.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(statement: &str) -> String {
        describe(&Document::parse(&format!(r#"{{"Statement":{statement}}}"#)).unwrap()).join("\n")
    }

    #[test]
    fn statements_read_as_sentences() {
        for (statement, want) in [
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#,
                "Allows anyone every action on every resource",
            ),
            (
                r#"{"Effect":"Deny","Principal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::1:role/a"]},
                "Action":["dynamodb:PutItem","dynamodb:*"],"Resource":"arn:aws:dynamodb:eu-west-1:1:table/orders",
                "Condition":{"StringNotEquals":{"aws:SourceVpce":["vpce-1","vpce-2"]},"Bool":{"aws:SecureTransport":false}}}"#,
                "Denies account 111122223333 and arn:aws:iam::1:role/a dynamodb:PutItem and every dynamodb action on \
                 table orders, if aws:SourceVpce is not vpce-1 nor vpce-2 and aws:SecureTransport is false",
            ),
            (
                r#"{"Effect":"Allow","NotPrincipal":{"Service":"x.amazonaws.com"},"NotAction":"iam:*","NotResource":"a:b",
                "Condition":{"Null":{"aws:PrincipalOrgID":"false"},"ForAllValues:StringLike":{"dynamodb:Attributes":"id"}}}"#,
                "Allows everyone except the service x.amazonaws.com every action except every iam action on everything \
                 except a:b, if aws:PrincipalOrgID is present and every dynamodb:Attributes is like id or it is absent",
            ),
        ] {
            assert_eq!(sentence(statement), want);
        }
    }
}
