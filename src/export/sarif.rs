//! `check` as SARIF 2.1.0, for code scanning.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::controls::CATALOGUE;
use crate::model::{Judgement, Severity, Verdict};
use crate::store::Store;

/// Writes failures and warnings as results, every control as a rule.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, store: &Store, judgements: &[&Judgement]) -> io::Result<()> {
    let rules: Vec<Value> = CATALOGUE
        .iter()
        .map(|control| {
            json!({
                "id": control.id,
                "shortDescription": {"text": control.facts().title},
                "help": {"text": control.facts().remedy},
                "defaultConfiguration": {"level": level(control.facts().severity)},
                "properties": {"layer": control.facts().layer.word(), "severity": control.facts().severity.word()},
            })
        })
        .collect();
    let shown = judgements.iter().filter(|of| matches!(of.verdict, Verdict::Fail | Verdict::Warn));
    let results: Vec<Value> = shown
        .map(|of| {
            json!({
                "ruleId": of.control,
                "level": if of.verdict == Verdict::Fail { level(of.severity) } else { "note" },
                "message": {"text": of.reason},
                "locations": [{"logicalLocations": [{"fullyQualifiedName": of.resource, "kind": "resource"}]}],
                "partialFingerprints": {"controlAndResource/v1": format!("{} {}", of.control, of.resource)},
                "properties": {"evidence": of.evidence, "by_default_class": of.by_default},
                "suppressions": suppressions(of),
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "dynakeep", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "properties": {"origin": store.origin().word(), "generated_at": store.estate().now, "muted": store.muted()},
            "results": results,
        }],
    });
    super::safe::json(out, &log)?;
    out.write_all(b"\n")
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

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}
