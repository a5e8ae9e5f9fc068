//! Event patterns of EventBridge that can match no event.

use serde_json::{Map, Value};

use super::{Fault, Lint, QUOTES};

/// Everything that keeps a pattern from matching any event.
///
/// Blanks are looked for where AWS's events have none: in sources, in names of events, and in the types of GuardDuty's
/// findings, which print breaks over lines.
#[must_use]
pub fn event_pattern(text: &str) -> Vec<Lint> {
    let mut found = Vec::new();
    let mut say = |fault, words: String| found.push(Lint { statement: None, fault, grave: true, words });
    if let Some(quote) = text.chars().find(|c| QUOTES.contains(c)) {
        say(Fault::TypographicQuote, format!("the quotation mark {quote} is a printer's, not JSON's \""));
    }
    let Ok(Value::Object(pattern)) = serde_json::from_str(text) else {
        if found.is_empty() {
            let words = "it is no event pattern: a JSON object stands there".to_owned();
            found.push(Lint { statement: None, fault: Fault::NotAPolicy, grave: true, words });
        }
        return found;
    };
    walk(&pattern, "", &mut say);
    found
}

fn walk(pattern: &Map<String, Value>, path: &str, say: &mut dyn FnMut(Fault, String)) {
    for (name, value) in pattern {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Object(inner) => walk(inner, &path, say),
            Value::Array(values) if values.is_empty() => {
                say(Fault::NeverMatches, format!("{path} holds no value: nothing matches"));
            }
            Value::Array(values) if name != "$or" => {
                for value in values {
                    let text = value.as_str().or_else(|| value.as_object()?.get("prefix")?.as_str());
                    if let Some(text) = text {
                        leaf(&path, text, value.is_object(), say);
                    }
                }
            }
            Value::Array(alternatives) => {
                alternatives.iter().filter_map(Value::as_object).for_each(|inner| walk(inner, &path, say));
            }
            _ => say(Fault::NeverMatches, format!("{path}: values stand in a list")),
        }
    }
}

fn leaf(path: &str, text: &str, prefix: bool, say: &mut dyn FnMut(Fault, String)) {
    let name = path.rsplit("$or.").next().unwrap_or(path);
    let tight =
        matches!(name, "source" | "detail.type" | "detail.eventSource" | "detail.eventName" | "account" | "region");
    if text.trim() != text && !prefix || tight && text.contains(char::is_whitespace) {
        return say(Fault::Blank, format!("{path}: {text:?} holds a blank: no event has it"));
    }
    match name {
        "source" if !prefix && text.starts_with("aws.") && text != text.to_ascii_lowercase() => {
            say(Fault::NeverMatches, format!("{path}: sources of AWS are written small: {text}"));
        }
        "detail.eventSource" if !prefix && !text.ends_with(".amazonaws.com") && !text.ends_with(".aws.internal") => {
            say(
                Fault::NeverMatches,
                format!("{path}: {text} is no source of CloudTrail: those end with .amazonaws.com"),
            );
        }
        // `Purpose:Resource/Name`, for GuardDuty alone; others name their types otherwise.
        "detail.type" if !prefix && text.contains(':') && !text.contains('/') => {
            say(Fault::NeverMatches, format!("{path}: {text} lacks the name of a finding's type after a /"));
        }
        _ => {}
    }
}
