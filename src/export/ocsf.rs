//! `check` as OCSF 1.8.0: an array of Compliance Findings (class 2003, profile `cloud`), for data lakes and SIEMs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::controls::{Facts, facts};
use crate::model::{Judgement, Severity, Verdict};
use crate::store::rows::place;

use super::checked::Checked;
use crate::store::{Coverage, Store};

/// The schema's version.
const VERSION: &str = "1.8.0";

/// Writes a finding for each judgement; what does not apply is no finding.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, checked: &Checked<'_>) -> io::Result<()> {
    let Checked { store, coverage, judgements, .. } = checked;
    let applies = judgements.iter().filter(|of| of.verdict != Verdict::NotApplicable);
    let findings: Vec<Value> =
        applies.filter_map(|of| Some(finding(store, coverage, of, facts::facts(of.control)?))).collect();
    super::safe::json(out, &findings)?;
    out.write_all(b"\n")
}

fn finding(store: &Store, coverage: &Coverage, of: &Judgement, facts: &Facts) -> Value {
    let (account, region) = place(&of.resource);
    let (severity_id, severity) = severity(of);
    let (compliance_id, compliance) = compliance(of.verdict);
    let (status_id, status) = if of.counts() { (1, "New") } else { (3, "Suppressed") };
    let requirements: Vec<String> =
        facts.published.iter().flat_map(|(name, them)| them.iter().map(move |one| format!("{name} {one}"))).collect();
    json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2003, "class_name": "Compliance Finding",
        "type_uid": 200_301, "type_name": "Compliance Finding: Create",
        "time": store.estate().now.as_millisecond(),
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "message": of.reason,
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": "dynakeep", "vendor_name": "dynakeep", "version": env!("CARGO_PKG_VERSION")},
        },
        "cloud": {"provider": "AWS", "account": {"uid": account}, "region": region},
        "compliance": {
            "control": of.control,
            "desc": facts.title,
            "category": facts.layer.word(),
            "status_id": compliance_id, "status": compliance,
            "status_details": [of.reason],
            "standards": facts.published.keys().collect::<Vec<_>>(),
            "requirements": requirements,
        },
        "finding_info": {
            "uid": format!("{} {}", of.control, of.resource),
            "title": facts.title,
            "desc": facts.pass,
        },
        "resources": [{"uid": of.resource, "type": kind(&of.resource)}],
        "remediation": {"desc": if facts.remedy.is_empty() { "none is known" } else { &facts.remedy }},
        "unmapped": {
            "origin": store.origin().word(),
            "verdict": of.verdict.word(),
            "muted": of.muted,
            "muted_in_all": store.muted(),
            "run": {
                "complete": coverage.is_complete(),
                "tables_read": coverage.tables_read,
                "tables_listed": coverage.tables_listed,
                "faults": coverage.faults,
            },
            "attested": of.attested,
            "by_default_class": of.by_default,
            "missing_action": of.missing_action,
            "evidence": of.evidence,
            "requirements_suggested": facts.suggested,
        },
    })
}

/// What passes is for information only.
fn severity(of: &Judgement) -> (u8, &'static str) {
    match (of.verdict, of.severity) {
        (Verdict::Pass | Verdict::Manual, _) | (_, Severity::Info) => (1, "Informational"),
        (_, Severity::Low) => (2, "Low"),
        (_, Severity::Medium) => (3, "Medium"),
        (_, Severity::High) => (4, "High"),
        (_, Severity::Critical) => (5, "Critical"),
    }
}

fn compliance(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::Pass => (1, "Pass"),
        Verdict::Warn => (2, "Warning"),
        Verdict::Fail => (3, "Fail"),
        Verdict::Unknown => (0, "Unknown"),
        Verdict::Manual | Verdict::NotApplicable => (99, "Manual"),
    }
}

fn kind(resource: &str) -> &'static str {
    match crate::model::Arn::parse(resource) {
        Some(arn) if arn.service == "dynamodb" => "AWS::DynamoDB::Table",
        Some(arn) if arn.service == "kms" => "AWS::KMS::Key",
        Some(arn) if arn.service == "cloudtrail" => "AWS::CloudTrail::Trail",
        Some(arn) if arn.service == "dax" => "AWS::DAX::Cluster",
        None if resource.contains("/vpce-") => "AWS::EC2::VPCEndpoint",
        None if resource.contains("/vpc-") => "AWS::EC2::VPC",
        Some(_) => "AWS resource",
        None => "AWS::::Account",
    }
}
