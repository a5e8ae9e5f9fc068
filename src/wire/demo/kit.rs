//! Small tools of the demo account: luck by seed, parameters, pages, XML.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::wire::protocol::{Called, Protocol, Refusal};

/// A number that looks random and depends on the two given alone (SplitMix64).
pub(super) fn mix(seed: u64, place: u64) -> u64 {
    let mut x = seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A number from a text (FNV-1a).
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// A UUID, version 4 in form.
pub(super) fn uuid(seed: u64, place: u64) -> String {
    let (a, b) = (mix(seed, place), mix(seed ^ 0x5A5A, place));
    let (variant, node) = (0x8000 | ((b >> 48) & 0x3FFF), b & 0xFFFF_FFFF_FFFF);
    format!("{:08x}-{:04x}-4{:03x}-{variant:04x}-{node:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF)
}

/// `count` lower-case hexadecimal digits.
pub(super) fn hex(seed: u64, place: u64, count: usize) -> String {
    let mut text = format!("{:016x}{:016x}", mix(seed, place), mix(seed ^ 0xA5A5, place));
    text.truncate(count);
    text
}

/// Seconds since the epoch, as awsJson writes times.
pub(super) fn epoch(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

/// `2026-03-14T02:40:00.000Z`, as XML and restJson write times.
pub(super) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The parameters of a call.
#[derive(Debug)]
pub(super) struct Params(pub Map<String, Value>);

impl Params {
    /// A text parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| {
            Refusal::new(
                "ValidationException",
                format!(
                    "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must \
                     not be null"
                ),
            )
        })
    }

    /// A number, given as one (JSON) or as text (forms, queries).
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Texts of a list: a JSON array, or a form's `Name.1`, `Name.member.1`.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        if let Some(Value::Array(items)) = self.0.get(name) {
            return items.iter().filter_map(Value::as_str).collect();
        }
        (1..)
            .map_while(|place| self.text(&format!("{name}.{place}")).or(self.text(&format!("{name}.member.{place}"))))
            .collect()
    }

    /// The page size asked for, refused like the service does when it is over the limit.
    pub(super) fn page(&self, name: &str, (max, default): (usize, usize), code: &str) -> Result<usize, Refusal> {
        let Some(asked) = self.number(name) else { return Ok(default) };
        let bound = if asked < 1 { "greater than or equal to 1" } else { "less than or equal to" };
        match usize::try_from(asked) {
            Ok(asked) if (1..=max).contains(&asked) => Ok(asked),
            _ => {
                let bound = if asked < 1 { bound.to_owned() } else { format!("{bound} {max}") };
                let place = name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1));
                let place: String = place.collect();
                Err(Refusal::new(
                    code,
                    format!(
                        "1 validation error detected: Value '{asked}' at '{place}' failed to satisfy constraint: \
                         Member must have value {bound}"
                    ),
                ))
            }
        }
    }
}

/// A page of `all` from the offset that `token` holds, and the token of the next one.
pub(super) fn page_of<'a, T>(
    all: &'a [T],
    token: Option<&str>,
    size: usize,
    code: &str,
) -> Result<(&'a [T], Option<String>), Refusal> {
    let start = match token {
        None => 0,
        Some(token) => token_offset(token)
            .filter(|start| *start <= all.len())
            .ok_or_else(|| Refusal::new(code, "The specified token is invalid or has expired."))?,
    };
    let end = all.len().min(start + size);
    let next = (end < all.len()).then(|| offset_token(end));
    Ok((all.get(start..end).unwrap_or_default(), next))
}

/// An opaque token for an offset; the check digits tell a made-up one.
pub(super) fn offset_token(offset: usize) -> String {
    format!("AAEAA{offset:x}.{:08x}", mix(0xDECA, offset as u64) as u32)
}

fn token_offset(token: &str) -> Option<usize> {
    let (offset, _) = token.strip_prefix("AAEAA")?.split_once('.')?;
    let offset = usize::from_str_radix(offset, 16).ok()?;
    (offset_token(offset) == token).then_some(offset)
}

/// Drops members that are null: services leave out what is not there.
pub(super) fn trim(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// Puts a value at a JSON pointer, making the objects on the way.
pub(super) fn put(whole: &mut Value, pointer: &str, value: Value) {
    let mut at = whole;
    for part in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = json!({});
        }
        let Some(fields) = at.as_object_mut() else { return };
        at = fields.entry(part).or_insert(Value::Null);
    }
    *at = value;
}

/// An answer in the XML of awsQuery or ec2Query.
pub(super) fn xml(called: &Called, body: &Value, request_id: &str) -> String {
    let name = &called.operation;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if called.protocol == Protocol::Xml {
        // One root element, named by the answer itself.
        element(&mut out, body, "member");
        return out;
    }
    if called.protocol == Protocol::Ec2 {
        out += &format!("<{name}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">");
        out += &format!("<requestId>{request_id}</requestId>");
        element(&mut out, body, "item");
        out += &format!("</{name}Response>");
        return out;
    }
    let space = match called.service.as_str() {
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        "cloudwatch" => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        _ => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    };
    out += &format!("<{name}Response xmlns=\"{space}\"><{name}Result>");
    element(&mut out, body, "member");
    out += &format!("</{name}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    out += &format!("</{name}Response>");
    out
}

fn element(out: &mut String, value: &Value, item: &str) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                tagged(out, name, value, item);
            }
        }
        Value::Array(items) => items.iter().for_each(|value| tagged(out, item, value, item)),
        Value::String(text) => *out += &escape(text),
        Value::Bool(_) | Value::Number(_) => *out += &value.to_string(),
    }
}

fn tagged(out: &mut String, name: &str, value: &Value, item: &str) {
    // The entries of a map stand side by side.
    if let ("entry", Value::Array(entries)) = (name, value) {
        entries.iter().for_each(|entry| tagged(out, name, entry, item));
        return;
    }
    *out += &format!("<{name}>");
    element(out, value, item);
    *out += &format!("</{name}>");
}

/// Escapes text for XML; control characters, which XML 1.0 forbids raw, as the references that services use.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            // XML has no NUL, not even as a reference.
            '\0' => {}
            c if c.is_control() && !matches!(c, '\n' | '\t') => out += &format!("&#x{:x};", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}
