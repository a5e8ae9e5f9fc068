//! EventBridge's event patterns: whether a rule would take an event.
//!
//! Source: EventBridge's guide, "Amazon EventBridge event patterns", comparison operators.

use serde_json::{Map, Value};

/// Whether a pattern takes an event; `None` for what is no pattern, and for an operator that is not known here.
pub fn takes(pattern: &Value, event: &Value) -> Option<bool> {
    object(pattern.as_object()?, event)
}

fn object(pattern: &Map<String, Value>, event: &Value) -> Option<bool> {
    if let Value::Array(many) = event {
        return any(many.iter().map(|one| object(pattern, one)));
    }
    let mut all = Some(true);
    for (key, wanted) in pattern {
        let holds = match (key.as_str(), wanted) {
            ("$or", Value::Array(ways)) if !ways.is_empty() => {
                any(ways.iter().map(|way| object(way.as_object()?, event)))
            }
            // A part that the event lacks is taken only by `exists: false` in all of its leaves.
            (_, Value::Object(inner)) if !inner.is_empty() => object(inner, &event[key]),
            (_, Value::Array(values)) if !values.is_empty() => field(values, event.get(key)),
            _ => None,
        };
        match holds {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

fn any(ways: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut unsure = false;
    for way in ways {
        match way {
            Some(true) => return Some(true),
            None => unsure = true,
            Some(false) => {}
        }
    }
    if unsure { None } else { Some(false) }
}

fn field(wanted: &[Value], found: Option<&Value>) -> Option<bool> {
    // Of a list in the event, one value is enough.
    let found: Vec<Option<&Value>> = match found {
        Some(Value::Array(many)) => many.iter().map(Some).collect(),
        one => vec![one],
    };
    any(wanted.iter().flat_map(|wanted| found.iter().map(move |found| test(wanted, *found))))
}

/// One value of a leaf: a value as it stands, or an operator with its operand.
fn test(wanted: &Value, found: Option<&Value>) -> Option<bool> {
    let operator = match wanted {
        Value::Object(operator) => operator,
        Value::Array(_) => return None,
        value => return equal(value, found),
    };
    match one(operator)? {
        ("exists", operand) => Some(operand.as_bool()? == found.is_some()),
        ("anything-but", operand) => anything_but(operand, found),
        ("numeric", operand) => numeric(operand.as_array()?, found),
        (name, operand) => {
            let holds = compared(name, operand)?;
            Some(found.and_then(Value::as_str).is_some_and(holds))
        }
    }
}

/// The only member of an object: an operator has no other beside it.
fn one(of: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = of.iter();
    let (name, operand) = members.next()?;
    members.next().is_none().then_some((name, operand))
}

/// Numbers are compared as they are written: whether 8 is written for 8.0 is the source's choice.
fn equal(wanted: &Value, found: Option<&Value>) -> Option<bool> {
    match (wanted.as_f64(), found.and_then(Value::as_f64)) {
        (Some(a), Some(b)) if found != Some(wanted) && (a - b).abs() < PRECISE => None,
        _ => Some(found == Some(wanted)),
    }
}

/// How far numbers are compared.
const PRECISE: f64 = 1e-6;

/// Whether a comparison holds for a text.
type Holds<'a> = Box<dyn Fn(&str) -> bool + 'a>;

/// A comparison of texts by its name and operand; `None` for an operand that it does not take.
fn compared<'a>(name: &str, operand: &'a Value) -> Option<Holds<'a>> {
    let cased = |operand: &'a Value| Some(one(operand.as_object()?)?).filter(|of| of.0 == "equals-ignore-case");
    Some(match (name, operand) {
        ("prefix", Value::String(start)) => Box::new(move |text| text.starts_with(start.as_str())),
        ("suffix", Value::String(end)) => Box::new(move |text| text.ends_with(end.as_str())),
        ("equals-ignore-case", Value::String(to)) => Box::new(move |text| text.eq_ignore_ascii_case(to)),
        ("wildcard", Value::String(glob)) => {
            let glob = parts(glob)?;
            Box::new(move |text| matches(&glob, text))
        }
        ("prefix", operand) => {
            let start = cased(operand)?.1.as_str()?.to_lowercase();
            Box::new(move |text| text.to_lowercase().starts_with(&start))
        }
        ("suffix", operand) => {
            let end = cased(operand)?.1.as_str()?.to_lowercase();
            Box::new(move |text| text.to_lowercase().ends_with(&end))
        }
        _ => return None,
    })
}

/// `anything-but`: a value or several of one kind, or one comparison of texts with one operand or several.
fn anything_but(operand: &Value, found: Option<&Value>) -> Option<bool> {
    let list = |of: &Value| -> Option<Vec<Value>> {
        let many = match of {
            Value::Array(many) if !many.is_empty() => many.clone(),
            Value::String(_) | Value::Number(_) => vec![of.clone()],
            _ => return None,
        };
        (many.iter().all(Value::is_string) || many.iter().all(Value::is_number)).then_some(many)
    };
    if let Value::Object(inner) = operand {
        let (name, operand) = one(inner)?;
        let operands = list(operand)?;
        let named = operands.iter().map(|operand| compared(name, operand)).collect::<Option<Vec<_>>>()?;
        return match found {
            None => Some(false),
            Some(found) => found.as_str().map(|text| !named.iter().any(|is| is(text))),
        };
    }
    let but = list(operand)?;
    match found {
        None => Some(false),
        // Whether a text is held against numbers, and the other way round, the guide does not say.
        Some(found) if but.iter().any(|but| but.is_string() != found.is_string()) => None,
        Some(_) => any(but.iter().map(|but| equal(but, found))).map(|named| !named),
    }
}

/// `numeric`: one comparison, or one from below and one from above.
fn numeric(terms: &[Value], found: Option<&Value>) -> Option<bool> {
    let number = found.and_then(Value::as_f64);
    let test = |pair: &[Value]| -> Option<(u8, bool)> {
        let [sign, bound] = pair else { return None };
        let bound = bound.as_f64()?;
        let holds = |test: fn(f64, f64) -> bool| number.is_some_and(|number| test(number, bound));
        Some(match sign.as_str()? {
            "=" => (0, holds(|a, b| (a - b).abs() < PRECISE)),
            "<" => (1, holds(|a, b| a < b)),
            "<=" => (1, holds(|a, b| a <= b)),
            ">" => (2, holds(|a, b| a > b)),
            ">=" => (2, holds(|a, b| a >= b)),
            _ => return None,
        })
    };
    match terms {
        [_, _] => Some(test(terms)?.1),
        [_, _, _, _] => {
            let (a, b) = (test(&terms[..2])?, test(&terms[2..])?);
            (a.0 + b.0 == 3 && a.0 != 0 && b.0 != 0).then_some(a.1 && b.1)
        }
        _ => None,
    }
}

/// The texts between the asterisks of a glob, which are its only wildcard; a backslash takes the meaning of what follows.
/// `None` for one asterisk after another, or a backslash before anything else: neither is a pattern.
fn parts(glob: &str) -> Option<Vec<String>> {
    let (mut parts, mut letters) = (vec![String::new()], glob.chars().peekable());
    while let Some(letter) = letters.next() {
        let last = parts.last_mut()?;
        match letter {
            '*' if letters.peek() == Some(&'*') => return None,
            '*' => parts.push(String::new()),
            '\\' => last.push(letters.next().filter(|next| ['*', '\\'].contains(next))?),
            letter => last.push(letter),
        }
    }
    Some(parts)
}

fn matches(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return parts.first().is_some_and(|only| only == text) };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_take_what_the_guide_says_they_take() {
        let event = json!({"source": "aws.guardduty", "detail": {"severity": 8.0, "type": "Trojan:EC2/X", "tags": ["a", "b"],
                "parts": [{"kind": "a"}, {"kind": "b"}]}});
        let cases = [
            (json!({"source": ["aws.guardduty"]}), Some(true)),
            (json!({"source": ["aws.guardduty "]}), Some(false)),
            (json!({"detail": {"severity": [{"numeric": [">=", 7]}]}}), Some(true)),
            (json!({"detail": {"severity": [{"numeric": [">", 0, "<", 5]}]}}), Some(false)),
            (json!({"detail": {"type": [{"prefix": "Trojan:"}]}}), Some(true)),
            (json!({"detail": {"type": [{"anything-but": {"prefix": "Trojan:"}}]}}), Some(false)),
            (json!({"detail": {"type": [{"anything-but": ["Other"]}]}}), Some(true)),
            (json!({"detail": {"type": [{"wildcard": "*:EC2/*"}], "tags": ["b"]}}), Some(true)),
            (json!({"detail": {"gone": [{"exists": false}]}}), Some(true)),
            (json!({"gone": {"deep": [{"exists": false}]}}), Some(true)),
            (json!({"gone": {"deep": ["x"]}}), Some(false)),
            (json!({"$or": [{"source": ["x"]}, {"detail": {"tags": ["a"]}}]}), Some(true)),
            (json!({"source": [{"cidr": "10.0.0.0/8"}]}), None),
            (json!({"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}), Some(true)),
            (json!({"source": [{"suffix": {"equals-ignore-case": "S3"}}]}), Some(false)),
            (json!({"source": [{"anything-but": {"prefix": ["aws.", "my."]}}]}), Some(false)),
            (json!({"source": [{"anything-but": {"wildcard": "*.s3"}}]}), Some(true)),
            (json!({"detail": {"severity": [{"anything-but": [1, 2]}]}}), Some(true)),
            (json!({"detail": {"severity": [8.0]}}), Some(true)),
            (json!({"detail": {"gone": [{"anything-but": ["x"]}]}}), Some(false)),
            (json!({"detail": {"type": [{"wildcard": "Trojan:EC?/X"}]}}), Some(false)),
            (json!({"detail": {"type": [{"wildcard": "T*X"}]}}), Some(true)),
            (json!({"detail": {"parts": {"kind": ["b"]}}}), Some(true)),
            (json!({"source": [{"cidr": "10.0.0.0/8"}], "detail": {"type": ["no"]}}), Some(false)),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(takes(&pattern, &event), wanted, "{pattern}");
        }
    }
    #[test]
    fn what_is_no_pattern_is_neither_taken_nor_refused() {
        let event = json!({"source": "aws.guardduty", "severity": 8.0, "list": ["a"]});
        let cases = [
            json!({"source": [{"prefix": ["aws."]}]}),
            json!({"source": [{"prefix": {"suffix": "y"}}]}),
            json!({"source": [{"prefix": 7}]}),
            json!({"source": [{"suffix": null}]}),
            json!({"source": [{"equals-ignore-case": ["AWS.GUARDDUTY"]}]}),
            json!({"source": [{"wildcard": ["*"]}]}),
            json!({"source": [{"wildcard": "a**"}]}),
            json!({"source": [{"wildcard": "a\\b"}]}),
            json!({"source": [{"anything-but": {}}]}),
            json!({"source": [{"anything-but": []}]}),
            json!({"source": [{"anything-but": ["a", 1]}]}),
            json!({"source": [{"anything-but": {"numeric": ["=", 1]}}]}),
            json!({"source": [{"anything-but": 7}]}),
            json!({"gone": [{"anything-but": {"prefix": 7}}]}),
            json!({"source": [{"prefix": "aws.", "suffix": "y"}]}),
            json!({"source": [["aws.guardduty"]]}),
            json!({"source": []}),
            json!({"source": {}}),
            json!({"source": "aws.guardduty"}),
            json!({"source": [{"exists": "yes"}]}),
            json!({"severity": [{"numeric": ["!=", 7]}]}),
            json!({"severity": [{"numeric": [">"]}]}),
            json!({"severity": [{"numeric": []}]}),
            json!({"severity": [{"numeric": [">", 1, ">", 2]}]}),
            json!({"severity": [{"numeric": ">= 7"}]}),
            // Written in another way than the event may write it.
            json!({"severity": [8]}),
            json!({"$or": []}),
            json!({"$or": ["source"]}),
            json!("aws.guardduty"),
        ];
        for pattern in cases {
            assert_eq!(takes(&pattern, &event), None, "{pattern}");
        }
    }
}
