//! The file of what was accepted of tables: read whole or not at all, changed block by block, and replaced in one step.
//!
//! A block is a table's, by ARN and in order, one setting a line: what two people change in different tables git merges.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use toml::de::{DeTable, DeValue};

use crate::controls::accepted::{Accepted, AcceptedTable, Value, is_setting};
use crate::model::Arn;

use super::Config;

/// The version that is written, and the only one that is read.
const VERSION: i64 = 1;
const AT: &str = "accepted_at";
const BY: &str = "accepted_by";
const REASON: &str = "reason";

const HEAD: &str = "# What was accepted of tables: `dynakeep baseline accept` writes a block a table, DET-13 tells of differences.\n\
                    # false: there is none. A line that is taken out is no longer compared.\n";

/// What the demo account's people accepted, before the night of its story.
pub(super) const DEMO: &str = include_str!("accepted-demo.toml");

impl Config {
    /// Where the file lies: the one that was named, or `accepted.toml` beside the configuration.
    #[must_use]
    pub fn accepted_path(config: Option<&Path>, named: Option<&Path>) -> Option<PathBuf> {
        let beside = || Some(config.map(Path::to_owned).or_else(Self::path)?.with_file_name("accepted.toml"));
        named.map(Path::to_owned).or_else(beside)
    }

    /// The text of the file; `None` where there is none.
    ///
    /// # Errors
    /// A message, when it is there and cannot be read.
    pub fn accepted_text(path: &Path) -> Result<Option<String>, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// What a text says was accepted, with the path in errors.
    ///
    /// # Errors
    /// What is wrong, with line and key.
    pub fn accepted(path: &Path, text: &str) -> Result<Accepted, String> {
        parse(text)
            .map(|tables| Accepted { tables, broken: None })
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Reads the text of a file.
///
/// # Errors
/// What is wrong, with line and key.
pub fn parse(text: &str) -> Result<BTreeMap<String, AcceptedTable>, String> {
    let at = |span: Range<usize>| text.get(..span.start).map_or(0, |before| before.matches('\n').count()) + 1;
    let file = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, at);
        let shown: String = text.lines().nth(line - 1).unwrap_or_default().chars().take(120).collect();
        format!("line {line}, `{}`: {}", shown.trim(), error.message())
    })?;
    let mut tables = BTreeMap::new();
    let mut versioned = false;
    for (key, value) in file.get_ref() {
        let (name, line) = (key.get_ref().as_ref(), at(key.span()));
        let wrong = |key: &str, line: usize, why: &str| format!("line {line}, key {key}: {why}");
        match (name, value.get_ref()) {
            ("version", DeValue::Integer(of)) if i64::from_str_radix(of.as_str(), of.radix()) == Ok(VERSION) => {
                versioned = true;
            }
            ("version", _) => return Err(wrong(name, line, &format!("this program reads version = {VERSION}"))),
            (arn, DeValue::Table(of)) if is_table(arn) => {
                let wrong = |key: &str, span: Range<usize>, why: &str| {
                    let key: String = key.chars().take(120).collect();
                    format!("line {}, key {key} of {arn}: {why}", at(span))
                };
                let mut table = AcceptedTable {
                    at: Timestamp::UNIX_EPOCH,
                    by: String::new(),
                    reason: String::new(),
                    settings: BTreeMap::new(),
                };
                let mut missing = vec![AT, BY, REASON];
                for (key, value) in of {
                    let (name, span) = (key.get_ref().as_ref(), key.span());
                    missing.retain(|of| *of != name);
                    match (name, value.get_ref()) {
                        (AT, DeValue::Datetime(when)) => {
                            let why = "write a moment with its offset, 2026-11-21T12:00:00Z";
                            table.at = when.to_string().parse().map_err(|_| wrong(name, span, why))?;
                        }
                        (BY, DeValue::String(of)) if !of.trim().is_empty() => table.by = of.to_string(),
                        (REASON, DeValue::String(of)) if !of.trim().is_empty() => table.reason = of.to_string(),
                        (AT, _) => return Err(wrong(name, span, "write a moment, 2026-11-21T12:00:00Z")),
                        (BY | REASON, _) => return Err(wrong(name, span, "write a text that says something")),
                        _ if !is_setting(name) => return Err(wrong(name, span, "no setting is called so")),
                        (_, of) => {
                            let why = "write true, false, a whole number, a text or a list of texts";
                            let value = setting(of).ok_or_else(|| wrong(name, span, why))?;
                            table.settings.insert(name.to_owned(), value);
                        }
                    }
                }
                if let Some(missing) = missing.first() {
                    return Err(format!("line {line}, key {arn}: `{missing}` is missing"));
                }
                tables.insert(arn.to_owned(), table);
            }
            _ => return Err(wrong(name, line, "write [\"ARN of a table\"]")),
        }
    }
    if !versioned && !tables.is_empty() {
        return Err(format!("line 1, key version: write version = {VERSION}"));
    }
    Ok(tables)
}

fn is_table(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|of| of.service == "dynamodb" && of.resource.starts_with("table/"))
}

fn setting(of: &DeValue<'_>) -> Option<Value> {
    Some(match of {
        DeValue::Boolean(on) => Value::Truth(*on),
        DeValue::Integer(of) => Value::Number(i64::from_str_radix(of.as_str(), of.radix()).ok()?),
        DeValue::String(of) => Value::Text(of.to_string()),
        DeValue::Array(all) => {
            Value::List(all.iter().map(|of| Some(of.get_ref().as_str()?.to_owned())).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The text with some tables' blocks in place of theirs, or put in where they belong. All other blocks stay as they are,
/// letter by letter, and comments on lines of their own stay with theirs.
///
/// # Errors
/// When the text is not understood, or could not be changed without a loss.
pub fn changed(text: &str, tables: &BTreeMap<String, AcceptedTable>) -> Result<String, String> {
    let before = parse(text)?;
    let mut blocks = blocks(text);
    for (arn, table) in tables {
        let at = blocks.iter().position(|(of, _)| of.as_deref() == Some(arn.as_str()));
        match at.and_then(|at| blocks.get_mut(at)) {
            Some((_, old)) => *old = block(arn, table, old),
            None => {
                let place = blocks.iter().position(|(of, _)| of.as_deref().is_some_and(|of| of > arn.as_str()));
                let own = (Some(arn.clone()), block(arn, table, ""));
                blocks.insert(place.unwrap_or(blocks.len()), own);
            }
        }
    }
    let mut all = String::new();
    for (arn, own) in &blocks {
        if arn.is_some() && !all.is_empty() && !all.ends_with("\n\n") {
            all.push_str(if all.ends_with('\n') { "\n" } else { "\n\n" });
        }
        all.push_str(own);
    }
    let mut wanted = before;
    wanted.extend(tables.iter().map(|(arn, table)| (arn.clone(), table.clone())));
    match parse(&all) {
        Ok(now) if now == wanted => Ok(all),
        _ => Err("its blocks could not be told apart line by line, so nothing was written".to_owned()),
    }
}

/// The text in parts: what stands before the first table, then table by table; comments above a header are its own.
fn blocks(text: &str) -> Vec<(Option<String>, String)> {
    if text.trim().is_empty() {
        return vec![(None, format!("{HEAD}version = {VERSION}\n"))];
    }
    let mut parts: Vec<(Option<String>, String)> = vec![(None, String::new())];
    // Comments that wait for what follows them.
    let mut waiting = String::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let header = || bare.strip_prefix("[\"")?.split_once("\"]").map(|(arn, _)| arn.to_owned());
        if bare.starts_with('#') {
            waiting.push_str(line);
            continue;
        }
        let comments = std::mem::take(&mut waiting);
        match header() {
            Some(arn) => parts.push((Some(arn), format!("{comments}{line}"))),
            None => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push_str(&comments);
                    part.push_str(line);
                }
            }
        }
    }
    if let Some((_, part)) = parts.last_mut() {
        part.push_str(&waiting);
    }
    parts
}

/// A table's block, with the comments of the one that it takes the place of.
fn block(arn: &str, table: &AcceptedTable, old: &str) -> String {
    let is_header = |line: &str| line.trim_start().starts_with('[');
    let above = old.lines().take_while(|line| !is_header(line)).filter(|line| line.trim_start().starts_with('#'));
    let below = old.lines().skip_while(|line| !is_header(line)).filter(|line| line.trim_start().starts_with('#'));
    let mut text = String::new();
    above.for_each(|line| text.extend([line, "\n"]));
    text.push_str(&format!("[{}]\n", quoted(arn)));
    below.for_each(|line| text.extend([line, "\n"]));
    let (by, reason) = (quoted(&table.by), quoted(&table.reason));
    text.push_str(&format!("{AT} = {}\n{BY} = {by}\n{REASON} = {reason}\n", table.at));
    for (name, value) in &table.settings {
        let bare = name.bytes().all(|of| of.is_ascii_alphanumeric() || of == b'-' || of == b'_');
        let name = if bare { name.clone() } else { quoted(name) };
        let value = match value {
            Value::Truth(on) => on.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => quoted(text),
            Value::List(all) => format!("[{}]", all.iter().map(|of| quoted(of)).collect::<Vec<_>>().join(", ")),
        };
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

/// A text on one line, in which nothing acts on a terminal or turns a line round.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for of in text.chars() {
        match of {
            '"' | '\\' => out.extend(['\\', of]),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(of)));
            }
            of if of.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(of))),
            of => out.push(of),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

    fn table(reason: &str) -> AcceptedTable {
        let settings = [
            ("BillingMode", Value::Text("PAY_PER_REQUEST".to_owned())),
            ("DeletionProtectionEnabled", Value::Truth(true)),
            ("Policy", Value::Text("a\"b\\c\u{202e}\n\u{7f}é".to_owned())),
            ("RecoveryPeriodInDays", Value::Number(35)),
            ("Replicas", Value::List(vec!["us-east-1".to_owned()])),
            ("tag:data class", Value::NONE),
        ];
        AcceptedTable {
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            by: "ann".to_owned(),
            reason: reason.to_owned(),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    fn with(text: &str, arn: &str, reason: &str) -> String {
        changed(text, &BTreeMap::from([(arn.to_owned(), table(reason))])).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again_in_order_and_a_line_each() {
        let (a, b, c) = (ARN.replace("orders", "a"), ARN.replace("orders", "b"), ARN.replace("orders", "c"));
        let text = with(&with(&with("", &b, "one"), &c, "two"), &a, "three");
        let read = parse(&text).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), [&a, &b, &c]);
        assert_eq!(read[&b], table("one"));
        let headers: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
        assert_eq!(headers, [&a, &b, &c].map(|arn| format!("[\"{arn}\"]")));
        assert!(!text.contains('\u{202e}') && text.starts_with(HEAD), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(" = ")).count(), 1 + 3 * 9);
    }

    #[test]
    fn other_blocks_stay_letter_by_letter_and_comments_with_theirs() {
        let other = ARN.replace("orders", "zebra");
        let text = with(&with("", ARN, "one"), &other, "two")
            .replace(&format!("[\"{other}\"]"), &format!("# the zebra's\n[\"{other}\"]   # by hand"))
            .replacen("BillingMode", "# asked of finance\nBillingMode", 1)
            + "# the end";
        let now = with(&text, ARN, "three");
        let tail = |of: &str| of.split_once("# the zebra's").unwrap().1.to_owned();
        assert_eq!(tail(&now), tail(&text));
        assert!(now.contains("# asked of finance") && now.contains("reason = \"three\""), "{now}");
        let now = with(&text, &other, "four");
        assert!(now.contains("# the zebra's\n[") && now.contains("# the end"), "{now}");
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_key_and_nothing_is_changed() {
        let good = with("", ARN, "one");
        let line_of = |text: &str, of: &str| text.lines().position(|line| line.contains(of)).unwrap() + 1;
        for (from, to, key, why) in [
            ("RecoveryPeriodInDays = 35", "RecoveryPeriodInDays = 3.5", "RecoveryPeriodInDays", "whole number"),
            ("RecoveryPeriodInDays = 35", "RecoveryPeriodInDay = 35", "RecoveryPeriodInDay", "no setting"),
            ("RecoveryPeriodInDays = 35", "RecoveryPeriodInDays = ", "RecoveryPeriodInDays", "value"),
            ("RecoveryPeriodInDays = 35", "BillingMode = \"x\"", "BillingMode = \"x\"", "duplicate"),
            ("accepted_by = \"ann\"", "accepted_by = \" \"", "accepted_by", "says something"),
            ("accepted_at = 2026-11-21T12:00:00Z", "accepted_at = 2026-11-21", "accepted_at", "moment"),
            ("reason = \"one\"", "<<<<<<< ours", "<<<<<<< ours", ""),
            ("version = 1", "version = 2", "version", "version = 1"),
            (":table/orders", ":stream/orders", ":stream/orders", "ARN of a table"),
        ] {
            let text = good.replace(from, to);
            let said = parse(&text).unwrap_err();
            let line = line_of(&text, if key == "BillingMode = \"x\"" { "\"x\"" } else { to });
            assert!(said.contains(&format!("line {line},")) && said.contains(key) && said.contains(why), "{said}");
            assert!(changed(&text, &BTreeMap::new()).is_err(), "{to}");
        }
        let without = good.lines().filter(|line| !line.starts_with("reason")).collect::<Vec<_>>().join("\n");
        assert!(parse(&without).unwrap_err().contains("`reason` is missing"));
        assert!(parse(&good.replace("version = 1\n", "")).unwrap_err().contains("key version"));
    }

    #[test]
    fn a_text_over_several_lines_that_looks_like_a_block_is_not_torn() {
        let text = with("", ARN, "one").replace("reason = \"one\"", &format!("reason = \"\"\"\n[\"{ARN}\"]\n\"\"\""));
        assert!(parse(&text).is_ok());
        assert!(changed(&text, &BTreeMap::from([(ARN.to_owned(), table("two"))])).is_err());
    }

    #[test]
    fn the_demo_account_says_what_was_accepted() {
        assert!(parse(DEMO).unwrap().len() >= 3);
    }
}
