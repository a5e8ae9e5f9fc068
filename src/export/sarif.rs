//! `check` as SARIF 2.1.0, for code scanning.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::controls::CATALOGUE;
use crate::model::{Arn, Judgement, Severity, Verdict};
use crate::store::Store;

use super::checked::Checked;

/// Writes what fails, warns or is unknown as results, every control as a rule, and what could not be read.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, checked: &Checked<'_>) -> io::Result<()> {
    let Checked { store, coverage, judgements, remarks } = checked;
    let rules: Vec<Value> = CATALOGUE
        .iter()
        .map(|control| {
            json!({
                "id": control.id,
                "shortDescription": {"text": plain(&control.facts().title)},
                "help": {"text": plain(&control.facts().remedy)},
                "defaultConfiguration": {"level": level(control.facts().severity)},
                "properties": {"layer": control.facts().layer.word(), "severity": control.facts().severity.word()},
            })
        })
        .collect();
    let shown = judgements.iter().enumerate();
    let shown = shown.filter(|(_, of)| matches!(of.verdict, Verdict::Fail | Verdict::Warn | Verdict::Unknown));
    let results: Vec<Value> = shown
        .map(|(at, of)| {
            let mut result = json!({
                "ruleId": of.control,
                "kind": if of.verdict == Verdict::Unknown { "open" } else { "fail" },
                "level": match of.verdict {
                    Verdict::Fail => level(of.severity),
                    // The level of what is no failure, as the format has it.
                    Verdict::Unknown => "none",
                    _ => "note",
                },
                "message": {"text": plain(&of.reason)},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": path(&of.resource), "uriBaseId": ROOT},
                        "region": {"startLine": 1},
                    },
                    "logicalLocations": [{"fullyQualifiedName": of.resource, "kind": "resource"}],
                }],
                "partialFingerprints": {"controlAndResource/v1": format!("{} {}", of.control, of.resource)},
                "properties": {
                    "verdict": of.verdict.word(),
                    "evidence": of.evidence,
                    "missing_action": of.missing_action,
                    "by_default_class": of.by_default,
                },
                "suppressions": suppressions(of),
            });
            if let Some(properties) = result["properties"].as_object_mut() {
                properties.extend(remarks.json(at, of));
            }
            if let Some(was) = remarks.was(at) {
                result["baselineState"] = json!(if was == "new" { "new" } else { "updated" });
            }
            result
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "dynakeep", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "originalUriBaseIds": {ROOT: {"description": {"text": "the root of the repository that is scanned"}}},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": unread(store)}],
            "properties": {
                "origin": store.origin().word(),
                "generated_at": store.estate().now,
                "muted": store.muted(),
                "coverage": super::json::coverage_json(store, coverage),
            },
            "results": results,
        }],
    });
    super::safe::json(out, &log)?;
    out.write_all(b"\n")
}

/// What could not be read, one notice a source and scope.
fn unread(store: &Store) -> Value {
    let notice = |text: String| json!({"level": "error", "message": {"text": plain(&text)}});
    let lines = store.errors();
    Value::Array(
        lines.iter().map(|line| notice(format!("{} {}: {}", line.scope, line.source.name(), line.error))).collect(),
    )
}

/// A text that is no more than text: brackets make links in a message, and braces take arguments.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '[' | ']' | '\\' => shown.extend(['\\', character]),
            '{' | '}' => shown.extend([character, character]),
            other => shown.push(other),
        }
    }
    shown
}

/// What a person set aside is accepted; what is due only to the default class is not, but counts elsewhere.
fn suppressions(of: &Judgement) -> Value {
    let muted = of.muted.as_ref().map(|by| {
        let words = format!("{}, until {}: {}", by.owner, by.expires, by.reason);
        json!({"kind": "external", "status": "accepted", "justification": words})
    });
    let by_default = of.by_default.then(|| {
        json!({"kind": "external", "status": "underReview",
        "justification": "due only to the default class: counted under ISO-01"})
    });
    Value::Array(muted.into_iter().chain(by_default).collect())
}

/// The base that code scanning resolves locations by.
const ROOT: &str = "%SRCROOT%";

/// Where a resource stands in the repository: code scanning shows no result without a file, and takes none that lies
/// outside. `aws/111122223333/eu-west-1/dynamodb/table/orders`.
fn path(resource: &str) -> String {
    let path = match Arn::parse(resource) {
        Some(arn) => {
            let part = |part: &str| if part.is_empty() { "global".to_owned() } else { part.to_owned() };
            format!("aws/{}/{}/{}/{}", part(&arn.account), part(&arn.region), arn.service, arn.resource)
        }
        None => format!("aws/{resource}"),
    };
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    // No part may lead out of the repository.
    uri.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect::<Vec<_>>().join("/")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}
