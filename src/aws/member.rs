//! Members of an answer's JSON, where the SDK's types would drop what they do not name.

use jiff::Timestamp;
use serde_json::Value;

/// A member by its PascalCase name, in either spelling.
pub fn get<'a>(value: &'a Value, name: &str) -> &'a Value {
    let found = &value[name];
    if !found.is_null() {
        return found;
    }
    let mut camel = name.to_owned();
    if let Some(first) = camel.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    value.get(&camel).unwrap_or(&Value::Null)
}

/// A member of a member.
pub fn path<'a>(value: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(value, |value, name| get(value, name))
}

/// A text or a number, as text; an empty one is none.
pub fn text(value: &Value, names: &[&str]) -> Option<String> {
    match path(value, names) {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time, as ISO 8601 text or as seconds since 1970.
pub fn time(value: &Value, names: &[&str]) -> Option<Timestamp> {
    match path(value, names) {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any date fit")]
            let millis = (number.as_f64()? * 1000.0).round() as i64;
            Timestamp::from_millisecond(millis).ok()
        }
        _ => None,
    }
}

/// The items of a list; none of what is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
