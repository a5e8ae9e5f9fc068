//! Conditions: every operator of IAM, its `…IfExists` form and both set quantifiers.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::{Timestamp, civil, tz};

use super::pattern::Pattern;
use super::request::Request;

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// `StringEquals`, `StringNotEquals` and their `IgnoreCase` forms.
    StringEquals {
        /// Letter case does not count.
        ignore_case: bool,
    },
    /// `StringLike`: `*` and `?` are wildcards.
    StringLike,
    /// `NumericEquals`.
    NumericEquals,
    /// `NumericLessThan`, `NumericLessThanEquals`.
    NumericLess {
        /// Equal will do.
        or_equal: bool,
    },
    /// `NumericGreaterThan`, `NumericGreaterThanEquals`.
    NumericGreater {
        /// Equal will do.
        or_equal: bool,
    },
    /// `DateEquals`.
    DateEquals,
    /// `DateLessThan`, `DateLessThanEquals`.
    DateLess {
        /// Equal will do.
        or_equal: bool,
    },
    /// `DateGreaterThan`, `DateGreaterThanEquals`.
    DateGreater {
        /// Equal will do.
        or_equal: bool,
    },
    /// `Bool`.
    Bool,
    /// `BinaryEquals`: base64 text.
    BinaryEquals,
    /// `IpAddress`: addresses and blocks.
    IpAddress,
    /// `ArnEquals` and `ArnLike`, which are the same.
    ArnLike,
    /// `Null`: whether the key is absent.
    Null,
    /// An operator this program does not know: it never holds.
    Unknown,
}

/// How a key of several values is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// Each value of the request must do; none at all does too.
    ForAllValues,
    /// One value of the request must do.
    ForAnyValue,
}

/// One condition: an operator, a key and the values it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as written, `ForAnyValue:StringLikeIfExists`.
    pub written: String,
    /// The operator.
    pub operator: Operator,
    /// True for the `Not…` forms.
    pub negated: bool,
    /// True for the `…IfExists` forms.
    pub if_exists: bool,
    /// The set quantifier, if any.
    pub quantifier: Option<Quantifier>,
    /// The condition key as written.
    pub key: String,
    /// The policy's values: one match will do.
    pub values: Vec<String>,
}

/// Reads an operator's name.
pub(super) fn read(written: &str, key: &str, values: Vec<String>) -> Condition {
    let name = written.to_ascii_lowercase();
    let (quantifier, name) = if let Some(rest) = name.strip_prefix("forallvalues:") {
        (Some(Quantifier::ForAllValues), rest)
    } else if let Some(rest) = name.strip_prefix("foranyvalue:") {
        (Some(Quantifier::ForAnyValue), rest)
    } else {
        (None, name.as_str())
    };
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
    let (operator, negated) = operator(name);
    // `NullIfExists` is no operator: `Null` asks just that.
    let operator = if if_exists && operator == Operator::Null { Operator::Unknown } else { operator };
    Condition { written: written.to_owned(), operator, negated, if_exists, quantifier, key: key.to_owned(), values }
}

fn operator(name: &str) -> (Operator, bool) {
    match name {
        "stringequals" => (Operator::StringEquals { ignore_case: false }, false),
        "stringnotequals" => (Operator::StringEquals { ignore_case: false }, true),
        "stringequalsignorecase" => (Operator::StringEquals { ignore_case: true }, false),
        "stringnotequalsignorecase" => (Operator::StringEquals { ignore_case: true }, true),
        "stringlike" => (Operator::StringLike, false),
        "stringnotlike" => (Operator::StringLike, true),
        "numericequals" => (Operator::NumericEquals, false),
        "numericnotequals" => (Operator::NumericEquals, true),
        "numericlessthan" => (Operator::NumericLess { or_equal: false }, false),
        "numericlessthanequals" => (Operator::NumericLess { or_equal: true }, false),
        "numericgreaterthan" => (Operator::NumericGreater { or_equal: false }, false),
        "numericgreaterthanequals" => (Operator::NumericGreater { or_equal: true }, false),
        "dateequals" => (Operator::DateEquals, false),
        "datenotequals" => (Operator::DateEquals, true),
        "datelessthan" => (Operator::DateLess { or_equal: false }, false),
        "datelessthanequals" => (Operator::DateLess { or_equal: true }, false),
        "dategreaterthan" => (Operator::DateGreater { or_equal: false }, false),
        "dategreaterthanequals" => (Operator::DateGreater { or_equal: true }, false),
        "bool" => (Operator::Bool, false),
        "binaryequals" => (Operator::BinaryEquals, false),
        "ipaddress" => (Operator::IpAddress, false),
        "notipaddress" => (Operator::IpAddress, true),
        "arnequals" | "arnlike" => (Operator::ArnLike, false),
        "arnnotequals" | "arnnotlike" => (Operator::ArnLike, true),
        "null" => (Operator::Null, false),
        _ => (Operator::Unknown, false),
    }
}

impl Condition {
    /// True when the condition holds for a request.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>, variables: bool) -> bool {
        let given = request.values(&self.key);
        match self.operator {
            Operator::Unknown => return false,
            Operator::Null => {
                let absent = given.is_none_or(|values| values.is_empty());
                return self
                    .values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case(if absent { "true" } else { "false" }));
            }
            _ => {}
        }
        let Some(given) = given.filter(|values| !values.is_empty()) else {
            return self.holds_without_key();
        };
        let lookup = |key: &str| request.variable(key);
        let patterns: Vec<Pattern> =
            self.values.iter().filter_map(|value| Pattern::new(value, variables.then_some(&lookup))).collect();
        let does = |value: &String| patterns.iter().any(|pattern| self.matches(pattern, value)) != self.negated;
        match self.quantifier {
            Some(Quantifier::ForAllValues) => given.iter().all(does),
            Some(Quantifier::ForAnyValue) => given.iter().any(does),
            // A key of one value; were there several, one may match and none may be forbidden.
            None if self.negated => given.iter().all(does),
            None => given.iter().any(does),
        }
    }

    /// What holds when the request lacks the key.
    pub(super) fn holds_without_key(&self) -> bool {
        match self.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => self.if_exists,
            None => self.if_exists || self.negated,
        }
    }

    /// True when one value of the policy matches one value of the request, before any negation.
    fn matches(&self, pattern: &Pattern, given: &str) -> bool {
        match self.operator {
            Operator::StringEquals { ignore_case } => pattern.equals(given, ignore_case),
            Operator::StringLike => pattern.matches(given),
            Operator::ArnLike => pattern.matches_arn(given),
            Operator::Bool => pattern.equals(given, true),
            Operator::BinaryEquals => pattern.literal().trim_end_matches('=') == given.trim_end_matches('='),
            Operator::IpAddress => match (network(&pattern.literal()), network(given)) {
                (Some(block), Some(address)) => block.contains(&address),
                _ => false,
            },
            Operator::NumericEquals | Operator::NumericLess { .. } | Operator::NumericGreater { .. } => {
                order::<f64>(&pattern.literal(), given, |text| text.trim().parse().ok(), &self.operator)
            }
            Operator::DateEquals | Operator::DateLess { .. } | Operator::DateGreater { .. } => {
                order::<Timestamp>(&pattern.literal(), given, date, &self.operator)
            }
            Operator::Null | Operator::Unknown => false,
        }
    }
}

fn order<T: PartialOrd>(policy: &str, given: &str, read: fn(&str) -> Option<T>, operator: &Operator) -> bool {
    let (Some(policy), Some(given)) = (read(policy), read(given)) else { return false };
    match operator {
        Operator::NumericLess { or_equal } | Operator::DateLess { or_equal } => {
            given < policy || (*or_equal && given == policy)
        }
        Operator::NumericGreater { or_equal } | Operator::DateGreater { or_equal } => {
            given > policy || (*or_equal && given == policy)
        }
        _ => given == policy,
    }
}

/// An address or a block.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    IpNet::from_str(text).ok().or_else(|| IpAddr::from_str(text).ok().map(IpNet::from))
}

/// A time as IAM takes it: ISO 8601, a date, or seconds of the Unix epoch. Without a zone it is UTC.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // A year's month stands for its first day.
    let month = text.len() == 7 && text.as_bytes().get(4) == Some(&b'-');
    let whole = if month { format!("{text}-01") } else { text.to_owned() };
    let text = whole.as_str();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let time = text.parse::<civil::DateTime>().ok()?;
    time.to_zoned(tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::super::request::{Asker, Context};
    use super::*;

    fn holds(operator: &str, policy: &[&str], given: &[&str]) -> bool {
        let mut context = Context::default();
        for value in given {
            context.add("K", *value);
        }
        let request = Request { principal: Asker::Anonymous, action: "a:B", resource: "*", context: &context };
        read(operator, "k", policy.iter().map(|text| (*text).to_owned()).collect()).holds(&request, true)
    }

    #[test]
    fn every_operator_matches_and_refuses() {
        for (operator, policy, yes, no) in [
            ("StringEquals", "ab", "ab", "AB"),
            ("StringNotEquals", "ab", "AB", "ab"),
            ("StringEqualsIgnoreCase", "ab", "AB", "ac"),
            ("StringNotEqualsIgnoreCase", "ab", "ac", "AB"),
            ("StringLike", "a*", "abc", "bc"),
            ("StringNotLike", "a*", "bc", "abc"),
            ("NumericEquals", "10", "10.0", "11"),
            ("NumericNotEquals", "10", "11", "10"),
            ("NumericLessThan", "10", "9.5", "10"),
            ("NumericLessThanEquals", "10", "10", "10.5"),
            ("NumericGreaterThan", "10", "11", "10"),
            ("NumericGreaterThanEquals", "10", "10", "9"),
            ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("DateNotEquals", "2026-01-01", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("DateLessThan", "1767225600", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"),
            ("DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01Z"),
            ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z"),
            ("DateGreaterThanEquals", "2026-02", "2026-02-01T00:00:00Z", "2026-01-31T23:59:59Z"),
            ("DateGreaterThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
            ("Bool", "true", "True", "false"),
            ("BinaryEquals", "QmluYXJ5VmFsdWU=", "QmluYXJ5VmFsdWU=", "QmluYXJ5"),
            ("IpAddress", "203.0.113.0/24", "203.0.113.9", "203.0.114.9"),
            ("IpAddress", "2001:db8::/32", "2001:db8::1", "203.0.113.9"),
            ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", "203.0.113.9"),
            ("ArnEquals", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"),
            ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/x/y", "arn:aws:iam::2:role/x"),
            ("ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b", "arn:aws:iam::1:role/a"),
            ("ArnNotLike", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/x", "arn:aws:iam::1:role/x"),
        ] {
            assert!(holds(operator, &[policy], &[yes]), "{operator} {policy}: {yes}");
            assert!(!holds(operator, &[policy], &[no]), "{operator} {policy}: {no}");
            let upper = operator.to_uppercase();
            assert!(holds(&upper, &[policy], &[yes]), "{upper} {policy}: {yes}");
        }
    }

    #[test]
    fn a_key_that_is_not_there() {
        for (operator, value, want) in [
            ("StringEquals", "a", false),
            ("StringNotEquals", "a", true),
            ("StringEqualsIfExists", "a", true),
            ("Bool", "false", false),
            ("BoolIfExists", "true", true),
            ("NotIpAddress", "10.0.0.0/8", true),
            ("ForAllValues:StringEquals", "a", true),
            ("ForAnyValue:StringEquals", "a", false),
            ("ForAnyValue:StringNotEquals", "a", false),
            ("Null", "true", true),
            ("Null", "false", false),
            ("StringResembles", "a", false),
            ("NullIfExists", "true", false),
        ] {
            assert_eq!(holds(operator, &[value], &[]), want, "{operator} {value}");
        }
        assert!(holds("Null", &["false"], &["here"]));
        assert!(!holds("Null", &["true"], &["here"]));
    }

    #[test]
    fn keys_of_several_values() {
        for (operator, given, want) in [
            ("ForAllValues:StringEquals", &["a", "b"][..], true),
            ("ForAllValues:StringEquals", &["a", "c"], false),
            ("ForAnyValue:StringEquals", &["c", "b"], true),
            ("ForAnyValue:StringEquals", &["c"], false),
            ("ForAllValues:StringNotEquals", &["c", "d"], true),
            ("ForAllValues:StringNotEquals", &["a", "d"], false),
            ("ForAnyValue:StringNotEquals", &["a", "d"], true),
            ("ForAnyValue:StringNotEquals", &["a", "b"], false),
        ] {
            assert_eq!(holds(operator, &["a", "b"], given), want, "{operator} {given:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_never_matches() {
        for (operator, policy) in [("NumericLessThan", "ten"), ("DateLessThan", "soon"), ("IpAddress", "home")] {
            assert!(!holds(operator, &[policy], &["1"]), "{operator}");
        }
        assert!(!holds("StringEquals", &["${aws:nobody}"], &["${aws:nobody}"]));
    }
}
