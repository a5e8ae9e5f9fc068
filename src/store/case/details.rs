//! Every member of a finding's answer, in words: whatever its type, and types that nobody knows yet.
//!
//! Members are grouped by the part of the answer that they belong to, those that tell most first. Nothing is left out: a
//! test holds that each value of an answer stands in some line.

use serde_json::Value;

/// Members that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are about: `action · aws api call`.
    pub title: String,
    /// Its members in their order.
    pub members: Vec<Member>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The way to it in words: `remote ip › country name`.
    pub label: String,
    /// The name of the member itself, as the service spells it.
    pub key: String,
    /// Its value; several of a list stand beside one another.
    pub value: String,
}

/// Parts of an answer in the order in which they are read; all others come after them.
const ORDER: [&str; 14] = [
    "action",
    "sequence",
    "additional info",
    "evidence",
    "detection",
    "runtime details",
    "ebs volume scan details",
    "malware scan details",
    "network",
    "access key details",
    "instance details",
    "resource",
    "service",
    "finding",
];
/// Deeper than this an answer is shown as its JSON.
const DEEPEST: usize = 40;

/// The groups of an answer's members; what is no JSON is one member.
#[must_use]
pub fn groups(raw: &str) -> Vec<Group> {
    let whole = serde_json::from_str(raw).unwrap_or_else(|_| Value::String(raw.to_owned()));
    let mut walk = Walk::default();
    walk.value(&whole, &mut Vec::new());
    let place = |group: &Group| {
        let part = group.title.split(" · ").next().unwrap_or_default();
        ORDER.iter().position(|known| *known == part).unwrap_or(ORDER.len() - 3)
    };
    walk.groups.sort_by_key(place);
    walk.groups
}

#[derive(Default)]
struct Walk {
    groups: Vec<Group>,
}

/// A step of the way: the member's name, and its number in a list.
type Step<'a> = (&'a str, Option<usize>);

impl Walk {
    fn value<'a>(&mut self, value: &'a Value, path: &mut Vec<Step<'a>>) {
        match value {
            Value::Object(members) if !members.is_empty() && path.len() < DEEPEST => {
                for (name, value) in members {
                    path.push((name, None));
                    self.value(value, path);
                    path.pop();
                }
            }
            Value::Array(items)
                if items.iter().any(|item| item.is_object() || item.is_array()) && path.len() < DEEPEST =>
            {
                let (name, _) = path.pop().unwrap_or(("item", None));
                for (number, item) in items.iter().enumerate() {
                    path.push((name, Some(number + 1)));
                    self.value(item, path);
                    path.pop();
                }
                path.push((name, None));
            }
            Value::Array(items) if !items.is_empty() && path.len() < DEEPEST => {
                let words: Vec<String> = items.iter().map(scalar).collect();
                self.member(path, words.join(", "));
            }
            // Some members are JSON in text.
            Value::String(text) if text.starts_with(['{', '[']) && path.len() < DEEPEST => {
                match serde_json::from_str::<Value>(text) {
                    Ok(inner) if inner.is_object() || inner.is_array() => self.inner(&inner, path),
                    _ => self.member(path, scalar(value)),
                }
            }
            other => self.member(path, scalar(other)),
        }
    }

    /// JSON in text: its members lie below the text's own name.
    fn inner(&mut self, inner: &Value, path: &[Step<'_>]) {
        self.value(inner, &mut path.to_vec());
    }

    fn member(&mut self, path: &[Step<'_>], value: String) {
        let (title, rest) = group(path);
        let member = Member {
            label: label(rest),
            key: path.last().map(|(name, _)| (*name).to_owned()).unwrap_or_default(),
            value,
        };
        match self.groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.members.push(member),
            None => self.groups.push(Group { title, members: vec![member] }),
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "(null)".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Object(members) if members.is_empty() => "none".to_owned(),
        other => other.to_string(),
    }
}

/// The group that a way leads into, and the rest of the way.
fn group<'p, 'a>(path: &'p [Step<'a>]) -> (String, &'p [Step<'a>]) {
    let is = |at: usize, name: &str| path.get(at).is_some_and(|(of, _)| of.eq_ignore_ascii_case(name));
    let two =
        |first: &str, at: usize| (format!("{first} · {}", words(path.get(at))), path.get(at + 1..).unwrap_or_default());
    match path.len() {
        0 | 1 => ("finding".to_owned(), path),
        _ if is(0, "service") && is(1, "action") && path.len() > 3 => two("action", 2),
        _ if is(0, "service") && is(1, "detection") && is(2, "sequence") && path.len() > 4 => two("sequence", 3),
        _ if is(0, "service") && is(1, "detection") && is(2, "sequence") => ("sequence".to_owned(), &path[3..]),
        _ if (is(0, "service") || is(0, "resource")) && path.len() > 2 => (words(path.get(1)), &path[2..]),
        _ => (words(path.first()), &path[1..]),
    }
}

/// `remote ip › country name`: what a name repeats of the one before it is said once.
fn label(path: &[Step<'_>]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for step in path {
        let part = words(Some(step));
        match parts.last_mut() {
            Some(before) if step.1.is_none() && part.starts_with(before.as_str()) => *before = part,
            _ => parts.push(part),
        }
    }
    let last = parts.len().saturating_sub(1);
    for (at, part) in parts.iter_mut().enumerate() {
        if let Some(short) = part.strip_suffix(" details").filter(|short| at < last && !short.is_empty()) {
            *part = short.to_owned();
        }
    }
    parts.join(" › ")
}

/// `IpAddressV4` as `ip address v4`; a name that is no identifier stays as it is.
fn words(step: Option<&Step<'_>>) -> String {
    let Some((name, number)) = step else { return "finding".to_owned() };
    let mut out = String::new();
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let mut before = ' ';
        let mut rest = name.chars();
        // The `s` of `ASNs` begins no word of its own.
        let is_word = |mut rest: std::str::Chars<'_>| {
            rest.next().is_some_and(|c| c.is_ascii_lowercase()) && rest.next().is_some()
        };
        while let Some(c) = rest.next() {
            let begins = c.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && is_word(rest.clone())));
            if begins {
                out.push(' ');
            }
            out.push(c.to_ascii_lowercase());
            before = c;
        }
    } else {
        out.push_str(name);
    }
    match number {
        Some(number) => format!("{out} {number}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every value at the ends of an answer, JSON in text opened.
    fn leaves(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) if !members.is_empty() => members.values().for_each(|value| leaves(value, found)),
            Value::Array(items) if !items.is_empty() => items.iter().for_each(|value| leaves(value, found)),
            Value::String(text) if text.starts_with(['{', '[']) => match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => leaves(&inner, found),
                _ => found.push(text.clone()),
            },
            other => found.push(scalar(other)),
        }
    }

    #[test]
    fn a_type_that_nobody_knows_is_told_whole_and_known_parts_lead() {
        let answer = json!({
            "Type": "Novel:Quantum/Entangled", "Severity": 8.0, "Nothing": null, "Tags": [],
            "Resource": {"ResourceType": "QuantumThing", "QuantumDetails": {"Spin": "up", "Parts": [{"Id": 1}, {"Id": [2, 3]}]}},
            "Service": {"Count": 3, "AdditionalInfo": {"Value": "{\"unusual\":{\"ASNs\":[\"64500\"]}}"},
                "Action": {"ActionType": "AWS_API_CALL", "AwsApiCallAction": {"Api": "DeleteTable",
                    "RemoteIpDetails": {"IpAddressV4": "203.0.113.9", "Country": {"CountryName": "Norway"}},
                    "AffectedResources": {"AWS::IAM::Role": "arn:aws:iam::1:role/x"}}},
                "Detection": {"Sequence": {"Uid": "s-1", "Signals": [{"Name": "a", "Count": 2}, {"Name": "b"}]}}},
        });
        let groups = groups(&answer.to_string());
        let titles: Vec<&str> = groups.iter().map(|group| group.title.as_str()).collect();
        let expected = [
            "action",
            "action · aws api call action",
            "sequence",
            "sequence · signals 1",
            "sequence · signals 2",
            "additional info",
            "resource",
            "quantum details",
            "service",
            "finding",
        ];
        assert_eq!(titles, expected);
        let label = |key: &str| {
            let of = groups.iter().flat_map(|group| &group.members).find(|member| member.key == key).unwrap();
            (of.label.clone(), of.value.clone())
        };
        assert_eq!(label("CountryName"), ("remote ip › country name".to_owned(), "Norway".to_owned()));
        assert_eq!(label("AWS::IAM::Role").0, "affected resources › AWS::IAM::Role");
        assert_eq!(label("ASNs"), ("value › unusual › asns".to_owned(), "64500".to_owned()));
        let mut found = Vec::new();
        leaves(&answer, &mut found);
        let told: Vec<&str> = groups.iter().flat_map(|group| &group.members).map(|of| of.value.as_str()).collect();
        for leaf in found {
            assert!(told.iter().any(|value| value.split(", ").any(|one| one == leaf)), "{leaf} in {told:?}");
        }
    }

    #[test]
    fn what_is_no_json_or_has_no_end_is_still_told() {
        assert_eq!(groups("not json")[0].members[0].value, "not json");
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(groups(&deep).len(), 1);
        let text = serde_json::to_string(&"{\"a\":".repeat(50)).unwrap();
        assert_eq!(groups(&format!("{{\"x\":{text}}}"))[0].members.len(), 1);
    }
}
