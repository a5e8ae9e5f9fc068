//! Policy documents as the world writes them: one value or a list anywhere, keys in any letter case.

use serde_json::{Map, Value};

use super::condition::{self, Condition};

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// It is JSON of another shape.
    #[error("{at}: {wanted}")]
    Shape {
        /// Where, `Statement[1].Effect`.
        at: String,
        /// What stands there in a policy.
        wanted: &'static str,
    },
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// `2012-10-17`; absent means `2008-10-17`, which knows no variables.
    pub version: Option<String>,
    /// The document's id.
    pub id: Option<String>,
    /// The statements in their order.
    pub statements: Vec<Statement>,
}

/// What a statement does to the requests it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// Whom it binds; `None` in a policy attached to an identity.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: Names,
    /// `Resource` or `NotResource`; `None` in a role's trust policy.
    pub resources: Option<Names>,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// Patterns that something must match one of, or none of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// True for `NotAction` and `NotResource`.
    pub except: bool,
    /// The patterns as written.
    pub patterns: Vec<String>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// True for `NotPrincipal`.
    pub except: bool,
    /// Who is named.
    pub who: Vec<Principal>,
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// `*` or `{"AWS": "*"}`.
    Anyone,
    /// An account, or the ARN of an identity in one.
    Aws(String),
    /// A service.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// An S3 canonical user.
    Canonical(String),
    /// A kind this program does not know: it matches nobody.
    Other(String, String),
}

impl Document {
    /// Reads a policy document.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, or not of a policy's shape.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let value: Value = serde_json::from_str(text).map_err(|error| PolicyError::Json(error.to_string()))?;
        let object = Object::new(&value, "document")?;
        let statements = match object.need("statement", "Statement")? {
            Value::Array(list) => list.iter().enumerate().map(|(at, one)| statement(one, at)).collect(),
            one => statement(one, 0).map(|one| vec![one]),
        }?;
        Ok(Self { version: object.text("version")?, id: object.text("id")?, statements })
    }

    /// True when `${…}` in it are variables.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.version.as_deref() == Some("2012-10-17")
    }
}

fn shape(at: impl Into<String>, wanted: &'static str) -> PolicyError {
    PolicyError::Shape { at: at.into(), wanted }
}

/// A JSON object whose keys are looked up without regard to letter case.
struct Object<'a> {
    map: &'a Map<String, Value>,
    at: String,
}

impl<'a> Object<'a> {
    fn new(value: &'a Value, at: impl Into<String>) -> Result<Self, PolicyError> {
        let at = at.into();
        let Some(map) = value.as_object() else { return Err(shape(at, "a JSON object stands here")) };
        Ok(Self { map, at })
    }

    fn get(&self, key: &str) -> Result<Option<&'a Value>, PolicyError> {
        let mut found = self.map.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let first = found.next();
        if found.next().is_some() {
            return Err(shape(format!("{}.{key}", self.at), "an element stands here once"));
        }
        Ok(first.map(|(_, value)| value))
    }

    fn need(&self, key: &str, shown: &str) -> Result<&'a Value, PolicyError> {
        self.get(key)?.ok_or_else(|| shape(format!("{}.{shown}", self.at), "this element is required"))
    }

    fn text(&self, key: &str) -> Result<Option<String>, PolicyError> {
        match self.get(key)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(shape(format!("{}.{key}", self.at), "a string stands here")),
        }
    }

    /// `key` or `Notkey`, exactly one of them; `None` for neither.
    fn either(&self, key: &str) -> Result<Option<(bool, &'a Value)>, PolicyError> {
        match (self.get(key)?, self.get(&format!("not{key}"))?) {
            (Some(_), Some(_)) => {
                Err(shape(format!("{}.{key}", self.at), "an element and its Not form exclude each other"))
            }
            (Some(value), None) => Ok(Some((false, value))),
            (None, Some(value)) => Ok(Some((true, value))),
            (None, None) => Ok(None),
        }
    }

    fn names(&self, key: &str) -> Result<Option<Names>, PolicyError> {
        let Some((except, value)) = self.either(key)? else { return Ok(None) };
        Ok(Some(Names { except, patterns: strings(value, &format!("{}.{key}", self.at))? }))
    }
}

fn statement(value: &Value, at: usize) -> Result<Statement, PolicyError> {
    let object = Object::new(value, format!("Statement[{at}]"))?;
    let effect = match object.need("effect", "Effect")?.as_str() {
        Some(text) if text.eq_ignore_ascii_case("allow") => Effect::Allow,
        Some(text) if text.eq_ignore_ascii_case("deny") => Effect::Deny,
        _ => return Err(shape(format!("{}.Effect", object.at), "Allow or Deny stands here")),
    };
    let principals = match object.either("principal")? {
        Some((except, value)) => Some(Principals { except, who: principals(value, &object.at)? }),
        None => None,
    };
    let actions = object
        .names("action")?
        .ok_or_else(|| shape(format!("{}.Action", object.at), "Action or NotAction is required"))?;
    let conditions = match object.get("condition")? {
        Some(value) => conditions(value, &object.at)?,
        None => Vec::new(),
    };
    let (sid, resources) = (object.text("sid")?, object.names("resource")?);
    Ok(Statement { sid, effect, principals, actions, resources, conditions })
}

fn principals(value: &Value, at: &str) -> Result<Vec<Principal>, PolicyError> {
    let at = format!("{at}.Principal");
    if let Value::String(text) = value {
        return match text.as_str() {
            "*" => Ok(vec![Principal::Anyone]),
            _ => Err(shape(at, "\"*\" or an object of principals stands here")),
        };
    }
    let mut who = Vec::new();
    for (kind, value) in Object::new(value, at.clone())?.map {
        for name in strings(value, &format!("{at}.{kind}"))? {
            who.push(match kind.to_ascii_lowercase().as_str() {
                "aws" if name == "*" => Principal::Anyone,
                "aws" => Principal::Aws(name),
                "service" => Principal::Service(name),
                "federated" => Principal::Federated(name),
                "canonicaluser" => Principal::Canonical(name),
                _ => Principal::Other(kind.clone(), name),
            });
        }
    }
    Ok(who)
}

fn conditions(value: &Value, at: &str) -> Result<Vec<Condition>, PolicyError> {
    let at = format!("{at}.Condition");
    let mut all = Vec::new();
    for (operator, keys) in Object::new(value, at.clone())?.map {
        let at = format!("{at}.{operator}");
        for (key, values) in Object::new(keys, at.clone())?.map {
            let values = strings(values, &format!("{at}.{key}"))?;
            all.push(condition::read(operator, key, values));
        }
    }
    Ok(all)
}

/// One value or a list of them; numbers and booleans count as their text.
fn strings(value: &Value, at: &str) -> Result<Vec<String>, PolicyError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(shape(at, "a string or a list of strings stands here")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        value => one(value).map(|one| vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_or_many_anywhere() {
        let one = Document::parse(
            r#"{"version":"2012-10-17","statement":{"effect":"Allow","principal":{"aws":"*"},"action":"a:B",
               "resource":"*","condition":{"Bool":{"aws:SecureTransport":true}}}}"#,
        )
        .unwrap();
        let many = Document::parse(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["a:B"],
               "Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]}"#,
        )
        .unwrap();
        assert_eq!(one, many);
        assert!(one.has_variables());
    }

    #[test]
    fn every_kind_of_principal() {
        let read = Document::parse(
            r#"{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["1","2"],"Service":"s","Federated":"f",
               "CanonicalUser":"c","Robot":"r"},"NotAction":"a:B","NotResource":["x"]}}"#,
        )
        .unwrap();
        let statement = &read.statements[0];
        let principals = statement.principals.as_ref().unwrap();
        assert!(principals.except && statement.actions.except);
        assert_eq!(principals.who.len(), 6);
        assert!(principals.who.contains(&Principal::Other("Robot".into(), "r".into())));
        assert!(!read.has_variables());
    }

    #[test]
    fn what_is_no_policy_says_where() {
        for (text, at) in [
            ("[]", "document"),
            ("{}", "document.Statement"),
            (r#"{"Statement":[7]}"#, "Statement[0]"),
            (r#"{"Statement":[{"Action":"a"}]}"#, "Statement[0].Effect"),
            (r#"{"Statement":{"Effect":"Permit","Action":"a"}}"#, "Statement[0].Effect"),
            (r#"{"Statement":{"Effect":"Allow"}}"#, "Statement[0].Action"),
            (r#"{"Statement":{"Effect":"Allow","Action":"a","NotAction":"b"}}"#, "Statement[0].action"),
            (r#"{"Statement":{"Effect":"Allow","effect":"Deny","Action":"a"}}"#, "Statement[0].effect"),
            (r#"{"Statement":{"Effect":"Allow","Action":{"a":1}}}"#, "Statement[0].action"),
            (r#"{"Statement":{"Effect":"Allow","Action":"a","Principal":"me"}}"#, "Statement[0].Principal"),
            (r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Bool":[]}}}"#, "Statement[0].Condition.Bool"),
        ] {
            match Document::parse(text) {
                Err(PolicyError::Shape { at: found, .. }) => assert_eq!(found, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(Document::parse("{"), Err(PolicyError::Json(_))));
        assert!(matches!(Document::parse(&"[".repeat(100_000)), Err(PolicyError::Json(_))));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"[{}\[\]":,a-zA-Z*$ ]{0,80}"#) {
            let _any = Document::parse(&text);
        }
    }
}
