//! EventBridge's event patterns: whether a rule would take an event.
//!
//! Source: EventBridge's guide, "Amazon EventBridge event patterns", comparison operators.

use serde_json::{Map, Value};
use wildmatch::WildMatch;

/// Whether a pattern takes an event; `None` for an operator that is not known here.
pub fn takes(pattern: &Value, event: &Value) -> Option<bool> {
    object(pattern.as_object()?, event)
}

fn object(pattern: &Map<String, Value>, event: &Value) -> Option<bool> {
    let mut all = Some(true);
    for (key, wanted) in pattern {
        let holds = match (key.as_str(), wanted) {
            ("$or", Value::Array(ways)) => any(ways.iter().map(|way| object(way.as_object()?, event))),
            (_, Value::Object(inner)) => {
                let under = &event[key];
                if under.is_null() { absent(inner) } else { object(inner, under) }
            }
            (_, Value::Array(values)) => field(values, event.get(key)),
            _ => return None,
        };
        match holds {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

/// A part that the event lacks is taken only by `exists: false` in all of its leaves.
fn absent(pattern: &Map<String, Value>) -> Option<bool> {
    object(pattern, &Value::Null)
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

fn test(wanted: &Value, found: Option<&Value>) -> Option<bool> {
    let Some(operator) = wanted.as_object() else { return Some(found == Some(wanted)) };
    let (name, operand) = operator.iter().next()?;
    let text = found.and_then(Value::as_str);
    let texts = || -> Option<Vec<&str>> {
        match operand {
            Value::String(one) => Some(vec![one]),
            Value::Array(many) => many.iter().map(Value::as_str).collect(),
            _ => None,
        }
    };
    Some(match name.as_str() {
        "exists" => operand.as_bool()? == found.is_some(),
        "prefix" => text.is_some_and(|text| operand.as_str().is_some_and(|prefix| text.starts_with(prefix))),
        "suffix" => text.is_some_and(|text| operand.as_str().is_some_and(|suffix| text.ends_with(suffix))),
        "equals-ignore-case" => {
            text.is_some_and(|text| operand.as_str().is_some_and(|to| text.eq_ignore_ascii_case(to)))
        }
        "wildcard" => text.is_some_and(|text| operand.as_str().is_some_and(|glob| WildMatch::new(glob).matches(text))),
        "anything-but" => match operand {
            Value::Object(inner) => {
                let (name, operand) = inner.iter().next()?;
                let inner = Value::Object(Map::from_iter([(name.clone(), operand.clone())]));
                found.is_some() && !test(&inner, found)?
            }
            Value::Number(_) => found.is_some_and(|found| found != operand),
            _ => {
                let texts = texts()?;
                text.is_some_and(|text| !texts.contains(&text))
            }
        },
        "numeric" => {
            let number = found.and_then(Value::as_f64);
            let terms = operand.as_array()?;
            let mut holds = true;
            for pair in terms.chunks(2) {
                let [sign, bound] = pair else { return None };
                let (number, bound) = (number, bound.as_f64()?);
                holds &= number.is_some_and(|number| match sign.as_str() {
                    Some("=") => (number - bound).abs() < f64::EPSILON,
                    Some("<") => number < bound,
                    Some("<=") => number <= bound,
                    Some(">") => number > bound,
                    Some(">=") => number >= bound,
                    _ => false,
                });
            }
            holds
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_take_what_the_guide_says_they_take() {
        let event =
            json!({"source": "aws.guardduty", "detail": {"severity": 8.0, "type": "Trojan:EC2/X", "tags": ["a", "b"]}});
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
            (json!({"source": [{"cidr": "10.0.0.0/8"}], "detail": {"type": ["no"]}}), Some(false)),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(takes(&pattern, &event), wanted, "{pattern}");
        }
    }
}
