//! Questions to a call's parameters: `a.b = x`, `!a.b`, `a[].b foreign`. What the signs mean stands in `catalogue.toml`.

use serde::Deserialize;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::policy::{self, Document};

/// One question.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(super) struct Ask {
    /// Keys from the parameters down; empty for all of them.
    path: Vec<String>,
    not: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    There,
    Is(WildMatch),
    IsNot(WildMatch),
    Below(f64),
    Has(String),
    Foreign,
    Public,
}

impl From<String> for Ask {
    fn from(text: String) -> Self {
        let (not, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (path, rest) = text.split_once(' ').unwrap_or((text, ""));
        let glob = WildMatch::new_case_insensitive;
        // `has x` alone asks all parameters.
        let (path, test) = match (path, rest) {
            ("has", words) => ("", Test::Has(words.to_owned())),
            (path, "") => (path, Test::There),
            (path, "foreign") => (path, Test::Foreign),
            (path, "public") => (path, Test::Public),
            (path, rest) => {
                let (sign, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let test = match sign {
                    "=" => Test::Is(glob(value)),
                    "!=" => Test::IsNot(glob(value)),
                    "<" => Test::Below(value.parse().unwrap_or(f64::NAN)),
                    _ => Test::Has(value.to_owned()),
                };
                (path, test)
            }
        };
        Self { path: path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect(), not, test }
    }
}

impl Ask {
    /// Whether it asks about this key of the parameters, or below it.
    pub(super) fn is_about(&self, key: &str) -> bool {
        self.path.first().is_some_and(|first| first.trim_end_matches("[]").eq_ignore_ascii_case(key))
    }

    /// Whether it is so. `account` is the account the record was made in.
    pub(super) fn holds(&self, parameters: &Value, account: &str) -> bool {
        let mut found = false;
        visit(parameters, &self.path, &mut |value| found |= self.test.holds(value, account));
        if let Test::IsNot(glob) = &self.test {
            // What is not there is not so either.
            let mut is = false;
            visit(parameters, &self.path, &mut |value| is |= plain(value).is_some_and(|text| glob.matches(&text)));
            return !is;
        }
        found != self.not
    }
}

impl Test {
    fn holds(&self, value: &Value, account: &str) -> bool {
        match self {
            Self::There => !value.is_null(),
            Self::Is(glob) | Self::IsNot(glob) => plain(value).is_some_and(|text| glob.matches(&text)),
            Self::Below(limit) => value.as_f64().is_some_and(|number| number < *limit),
            Self::Has(words) => text_of(value).contains(words.as_str()),
            Self::Foreign if account.is_empty() => false,
            // Of a policy count those whom it lets in; elsewhere whoever is named.
            Self::Foreign => match Document::parse(&text_of(value)) {
                Ok(policy) => policy::accounts(&policy).iter().any(|other| other != account),
                Err(_) => accounts(&text_of(value)).any(|other| other != account),
            },
            Self::Public => {
                let policy = Document::parse(&text_of(value));
                policy.is_ok_and(|policy| !policy::public_statements(&policy).is_empty())
            }
        }
    }
}

/// The first value that a path of dotted keys leads to, if it is not null.
pub(super) fn first(value: &Value, path: &str) -> Option<Value> {
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    let mut found = None;
    visit(value, &path, &mut |value| {
        if found.is_none() && !value.is_null() {
            found = Some(value.clone());
        }
    });
    found
}

/// Every value that a path leads to. Letter case of keys differs between services and ages of the format.
fn visit(value: &Value, path: &[String], show: &mut dyn FnMut(&Value)) {
    let Some((key, rest)) = path.split_first() else { return show(value) };
    let (key, each) = key.strip_suffix("[]").map_or((key.as_str(), false), |key| (key, true));
    let Some(fields) = value.as_object() else { return };
    for (_, value) in fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)) {
        match value {
            Value::Array(items) if each => items.iter().for_each(|item| visit(item, rest, show)),
            // Query-protocol services hand lists over as `{"items": […]}`.
            Value::Object(of) if each && of.contains_key("items") => {
                of["items"].as_array().into_iter().flatten().for_each(|item| visit(item, rest, show));
            }
            value => visit(value, rest, show),
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A value as compact text; a document inside a string is taken out of it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner.to_string(),
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

/// Account ids in a text: twelve digits that stand by themselves, not as the last part of a key's id.
fn accounts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn so(ask: &str, parameters: &Value) -> bool {
        Ask::from(ask.to_owned()).holds(parameters, "111122223333")
    }

    #[test]
    fn paths_go_through_objects_lists_and_letter_case() {
        let of = json!({"a": {"B": 7}, "l": [{"x": 1}, {"y": null}], "q": {"items": [{"x": "one"}]}});
        assert!(so("a.b", &of) && so("A.b = 7", &of) && so("a.b < 8", &of) && !so("a.b < 7", &of));
        assert!(so("l[].x", &of) && !so("l[].y", &of) && so("!l[].y", &of) && so("q[].x = O*", &of));
        assert!(so("a.c != 7", &of) && !so("a.b != 7", &of) && so("has one", &of) && so("!has two", &of));
    }

    #[test]
    fn other_accounts_are_found_in_arns_and_documents() {
        let policy = |effect: &str, rest: &str| {
            let text = format!(
                "{{ \"Statement\": [{{\"Effect\": \"{effect}\", \"Action\": \"*\", \"Resource\": \"*\", {rest} }}] }}"
            );
            json!({ "p": text })
        };
        let other = r#""Principal": {"AWS": "arn:aws:iam::999988887777:root"}"#;
        let own = r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#;
        assert!(so("p foreign", &policy("Allow", other)) && !so("p foreign", &policy("Allow", own)));
        assert!(!so("p foreign", &policy("Deny", other)), "who is kept out is not let in");
        for anyone in [r#""Principal": "*""#, r#""Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}"#] {
            assert!(so("p public", &policy("Allow", anyone)) && !so("p public", &policy("Deny", anyone)), "{anyone}");
        }
        let fenced = r#""Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#;
        assert!(!so("p public", &policy("Allow", fenced)));
        assert!(!so("p public", &policy("Allow", r#""Principal": {"Service": "x"}"#)));
        assert!(so("p foreign", &json!({"p": "arn:aws:kms:eu-west-1:999988887777:key/1"})));
        assert!(!so("p foreign", &json!({"p": "key/1111-2222-123456789012"})));
    }
}
