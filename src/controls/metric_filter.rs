//! Filter patterns of CloudWatch Logs: whether a metric filter would take an event of CloudTrail.
//!
//! Source: CloudWatch Logs' guide, "Filter pattern syntax for metric filters". Events of CloudTrail are JSON, so patterns
//! for JSON are read; one for text or for columns could not be followed, save for the empty one, which takes all.

use regex::Regex;
use serde_json::Value;

/// What is known of an event before it happens.
pub(super) trait Parts {
    /// The value at a path such as `userIdentity.arn`; `None` where that may be anything, or absent.
    fn part(&self, path: &str) -> Option<Value>;
}

/// A pattern that was read.
#[derive(Debug, Clone)]
pub(super) struct Filter(Node);

#[derive(Debug, Clone)]
enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Test(String, Test),
}

#[derive(Debug, Clone)]
enum Test {
    /// A comparison with a text, and whether it is to fail.
    Text(Regex, bool),
    Number(Compare, f64),
    Is(Value),
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    Differs,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

impl Filter {
    /// Reads a pattern; `None` for one that is none of JSON.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let pattern = pattern.trim();
        if pattern.is_empty() {
            return Some(Self(Node::All));
        }
        let inner = pattern.strip_prefix('{')?.strip_suffix('}')?;
        let mut reader = Reader { rest: inner };
        let node = reader.either()?;
        reader.space();
        reader.rest.is_empty().then_some(Self(node))
    }

    /// Whether it takes an event; `None` where that depends on what is not known of it.
    pub(super) fn takes(&self, event: &dyn Parts) -> Option<bool> {
        self.0.holds(event)
    }
}

impl Node {
    fn holds(&self, event: &dyn Parts) -> Option<bool> {
        // Of several, one that decides is enough, whatever the others are.
        let several = |nodes: &[Self], decides: bool| {
            let mut unsure = false;
            for node in nodes {
                match node.holds(event) {
                    Some(holds) if holds == decides => return Some(decides),
                    None => unsure = true,
                    Some(_) => {}
                }
            }
            (!unsure).then_some(!decides)
        };
        match self {
            Self::All => Some(true),
            Self::And(nodes) => several(nodes, false),
            Self::Or(nodes) => several(nodes, true),
            Self::Test(path, test) => event.part(path).map(|value| test.holds(&value)),
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        let text = || match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
        match self {
            Self::Text(is, differs) => text().is_some_and(|text| is.is_match(&text) != *differs),
            Self::Is(wanted) => value == wanted,
            Self::Absent => false,
            Self::Number(compare, wanted) => value.as_f64().is_some_and(|found| match compare {
                Compare::Equal => found == *wanted,
                Compare::Differs => found != *wanted,
                Compare::Less => found < *wanted,
                Compare::LessOrEqual => found <= *wanted,
                Compare::More => found > *wanted,
                Compare::MoreOrEqual => found >= *wanted,
            }),
        }
    }
}

/// Reads what stands between the braces. `&&` binds as `||` does not.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, word: &str) -> bool {
        self.space();
        let Some(rest) = self.rest.strip_prefix(word) else { return false };
        self.rest = rest;
        true
    }

    /// A word, in any case, that no letter follows.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let Some((head, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        if !head.eq_ignore_ascii_case(word) || rest.starts_with(|next: char| next.is_ascii_alphanumeric()) {
            return false;
        }
        self.rest = rest;
        true
    }

    fn either(&mut self) -> Option<Node> {
        let mut nodes = vec![self.both()?];
        while self.take("||") {
            nodes.push(self.both()?);
        }
        Some(if nodes.len() == 1 { nodes.pop()? } else { Node::Or(nodes) })
    }

    fn both(&mut self) -> Option<Node> {
        let mut nodes = vec![self.one()?];
        while self.take("&&") {
            nodes.push(self.one()?);
        }
        Some(if nodes.len() == 1 { nodes.pop()? } else { Node::And(nodes) })
    }

    fn one(&mut self) -> Option<Node> {
        if self.take("(") {
            let node = self.either()?;
            return self.take(")").then_some(node);
        }
        let path = self.path()?;
        if self.word("NOT") {
            return self.word("EXISTS").then_some(Node::Test(path, Test::Absent));
        }
        if self.word("IS") {
            let is = [("TRUE", Value::Bool(true)), ("FALSE", Value::Bool(false)), ("NULL", Value::Null)];
            let (_, wanted) = is.into_iter().find(|(word, _)| self.word(word))?;
            return Some(Node::Test(path, Test::Is(wanted)));
        }
        let signs = [
            ("!=", Compare::Differs),
            ("<=", Compare::LessOrEqual),
            (">=", Compare::MoreOrEqual),
            ("=", Compare::Equal),
            ("<", Compare::Less),
            (">", Compare::More),
        ];
        let (_, compare) = signs.into_iter().find(|(sign, _)| self.take(sign))?;
        Some(Node::Test(path, self.value(compare)?))
    }

    /// `$.userIdentity.arn`, `$.resources[0].ARN`, `$['a.b']`: the names, joined by dots.
    fn path(&mut self) -> Option<String> {
        self.take("$").then_some(())?;
        let end = self.rest.find(|of: char| of.is_whitespace() || "=!<>&|()".contains(of)).unwrap_or(self.rest.len());
        let (path, rest) = self.rest.split_at(end);
        self.rest = rest;
        let path = path.replace("['", ".").replace("[\"", ".").replace("']", "").replace("\"]", "");
        let path = path.trim_start_matches('.').to_owned();
        (!path.is_empty()).then_some(path)
    }

    fn value(&mut self, compare: Compare) -> Option<Test> {
        self.space();
        let differs = match compare {
            Compare::Equal => Some(false),
            Compare::Differs => Some(true),
            _ => None,
        };
        if let Some(rest) = self.rest.strip_prefix('%') {
            let (pattern, rest) = rest.split_once('%')?;
            self.rest = rest;
            return Some(Test::Text(Regex::new(pattern).ok()?, differs?));
        }
        let quoted = self.rest.strip_prefix('"');
        let text = match quoted {
            Some(rest) => {
                let (text, rest) = rest.split_once('"')?;
                self.rest = rest;
                text
            }
            None => {
                let end = self.rest.find(|of: char| of.is_whitespace() || "&|()".contains(of));
                let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                text
            }
        };
        if quoted.is_none()
            && let Ok(number) = text.parse()
        {
            return Some(Test::Number(compare, number));
        }
        if text.is_empty() && quoted.is_none() {
            return None;
        }
        Some(Test::Text(glob(text)?, differs?))
    }
}

/// A text in which `*` stands for any.
fn glob(text: &str) -> Option<Regex> {
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", parts.join(".*"))).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Event(Value);

    impl Parts for Event {
        fn part(&self, path: &str) -> Option<Value> {
            self.0.get(path).cloned()
        }
    }

    fn takes(pattern: &str) -> Option<bool> {
        let event = json!({
            "eventSource": "dynamodb.amazonaws.com", "eventName": "GetItem", "managementEvent": false,
            "requestParameters.tableName": "orders", "count": 3, "resources[0].ARN": "arn:x",
        });
        Filter::parse(pattern).unwrap_or_else(|| panic!("{pattern}")).takes(&Event(event))
    }

    #[test]
    fn patterns_hold_as_the_guide_says() {
        for (pattern, want) in [
            ("", Some(true)),
            ("{ $.eventName = \"GetItem\" }", Some(true)),
            ("{$.eventName=GetItem}", Some(true)),
            ("{ $.eventName = \"*Item\" }", Some(true)),
            ("{ $.eventName = Delete* }", Some(false)),
            ("{ $.eventName != \"GetItem\" }", Some(false)),
            ("{ $.eventName = %^Get|^Query% }", Some(true)),
            ("{ $.managementEvent IS FALSE }", Some(true)),
            ("{ $.managementEvent is true }", Some(false)),
            ("{ $.eventName NOT EXISTS }", Some(false)),
            ("{ $.errorCode NOT EXISTS }", None),
            ("{ $.errorCode = \"AccessDenied*\" }", None),
            ("{ $.count >= 3 }", Some(true)),
            ("{ $.count < 3 }", Some(false)),
            ("{ ($.eventSource = dynamodb*) && ($.errorCode = \"AccessDenied*\") }", None),
            ("{ ($.eventSource = s3*) && ($.errorCode = \"AccessDenied*\") }", Some(false)),
            ("{ $.eventSource = s3* || $.eventName = Query || $.eventName = GetItem }", Some(true)),
            ("{ $.eventName = Query || $.eventName = GetItem && $.eventSource = s3* }", Some(false)),
            ("{ ($.requestParameters.tableName = \"orders\") }", Some(true)),
            ("{ $['requestParameters']['tableName'] = \"ledger\" }", Some(false)),
            ("{ $.resources[0].ARN = \"arn:*\" }", Some(true)),
        ] {
            assert_eq!(takes(pattern), want, "{pattern}");
        }
        for none in
            ["ERROR", "[ip, user]", "{ }", "{ $.a }", "{ $.a = }", "{ ($.a = 1 }", "{ $.a = 1 } x", "{ $.a = %[% }"]
        {
            assert!(Filter::parse(none).is_none(), "{none}");
        }
    }
}
