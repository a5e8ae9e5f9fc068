//! Rows of findings and Config evaluations.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{Cell, Compliance, Evaluation, Finding, Remediation, Rule, Runs, Source};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, Json, SEVERITIES, age_field, document, number, spec};

pub(super) const FINDINGS: Schema = Schema {
    rows: "findings",
    fields: &[
        spec("id", &[], Kind::Text, "the finding's id"),
        spec("arn", &[], Kind::Text, "its ARN"),
        spec("account", &[], Kind::Text, "the account it is about"),
        spec("region", &[], Kind::Text, "the region it is about"),
        spec("severity", &[], Kind::Word(SEVERITIES), "low to critical: >=high"),
        spec("score", &[], Kind::Number, "GuardDuty's number, 1 to 10"),
        spec("type", &["kind"], Kind::Text, "the finding type: type:*Exfiltration*"),
        spec("title", &[], Kind::Prose, "GuardDuty's title"),
        spec("principal", &["by", "user", "role"], Kind::Text, "the user or role"),
        spec("access_key", &["key"], Kind::Text, "the access key's id"),
        spec("ip", &["address"], Kind::Address, "the remote address or block"),
        spec("api", &[], Kind::Text, "the API called"),
        spec("table", &["tables"], Kind::Text, "tables it leads to"),
        spec("created", &[], Kind::Time, "when it was raised"),
        spec("updated", &[], Kind::Time, "when it was last updated"),
        spec("age", &[], Kind::Duration, "time since it was updated"),
        spec("count", &[], Kind::Number, "how often it was seen"),
        spec("state", &[], Kind::Text, "open, archived, sample, broken"),
        spec("raised", &[], Kind::Word(SEVERITIES), "how bad dynakeep says it is, where that is worse: raised:>=high"),
        spec("archived", &[], Kind::Flag, "archived"),
        spec("sample", &[], Kind::Flag, "a sample, not a real finding"),
        spec("resource_type", &[], Kind::Text, "AccessKey, Instance …"),
    ],
};

pub(super) const COMPLIANCE: Schema = Schema {
    rows: "evaluations",
    fields: &[
        spec("rule", &["name"], Kind::Text, "the rule's name"),
        spec("identifier", &[], Kind::Text, "the managed rule's identifier"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("compliance", &["verdict"], Kind::Word(WORDS), "what the rule says about the resource"),
        spec("resource", &["table", "resource_id"], Kind::Text, "the resource: for a table, its name"),
        spec("resource_type", &["type"], Kind::Text, "AWS::DynamoDB::Table …"),
        spec("annotation", &[], Kind::Prose, "the rule's note"),
        spec("recorded", &[], Kind::Time, "when the result was recorded"),
        spec("invoked", &[], Kind::Time, "when the rule ran"),
        spec("age", &[], Kind::Duration, "time since it was recorded"),
        spec("rule_compliance", &[], Kind::Word(WORDS), "what the rule says over all"),
        spec("state", &[], Kind::Text, "the rule's own state"),
        spec("remediation", &[], Kind::Text, "the document that mends what the rule finds, or none"),
        spec("last_run", &[], Kind::Text, "how that ended when it ran last: SUCCEEDED, FAILED …"),
    ],
};

const WORDS: &[&str] = &["NOT_APPLICABLE", "COMPLIANT", "INSUFFICIENT_DATA", "NON_COMPLIANT"];

/// A finding.
#[derive(Debug, Clone, Copy)]
pub struct FindingRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The finding.
    pub finding: &'a Arc<Finding>,
}

/// The worst first, then the newest; the archived after all others.
pub(super) fn findings(store: &Store) -> Vec<FindingRow<'_>> {
    let mut rows: Vec<_> = store.estate().findings.values().map(|finding| FindingRow { store, finding }).collect();
    rows.sort_by_cached_key(|row| {
        let of = row.finding;
        (of.archived, std::cmp::Reverse((of.severity_tenths, of.updated)), of.id.clone())
    });
    rows
}

impl FindingRow<'_> {
    fn seen(&self) -> Option<&Cell<usize>> {
        self.store.estate().finding_lists.get(&self.finding.scope)
    }

    /// Why the tables it leads to are not known: no event of its scope was ever read.
    fn tables_unknown(&self) -> Option<String> {
        let error = self.store.estate().events_unread.get(&self.finding.scope)?;
        Some(error.as_ref().map_or_else(|| "events not read yet".to_owned(), |error| format!("events: {error}")))
    }
}

impl Row for FindingRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let finding = self.finding;
        match name {
            "id" => Field::text(&finding.id),
            "arn" => Field::text(&finding.arn),
            "account" => Field::text(&finding.account),
            "region" => Field::text(&finding.region),
            "severity" | "score" if finding.severity_tenths == 0 => Field::Unknown,
            "severity" => Field::text(finding.severity().word()),
            "score" => number(finding.severity_number()),
            "type" => Field::text(&finding.kind),
            "title" => Field::text(&finding.title),
            "principal" => Field::maybe(finding.principal.as_deref()),
            "access_key" => Field::maybe(finding.access_key.as_deref()),
            "ip" => Field::maybe(finding.action.ip.as_deref()),
            "api" => Field::maybe(finding.action.api.as_deref()),
            "table" if self.tables_unknown().is_some() => Field::Unknown,
            "table" => {
                let links = self.store.tables_of_finding(finding);
                Field::Many(links.into_iter().map(|link| Field::Text(link.table.into())).collect())
            }
            "created" => Field::time(finding.created),
            "updated" => Field::time(finding.updated),
            "age" => age_field(self.now(), finding.updated),
            "count" => number(finding.count),
            "state" => Field::text(match (finding.broken.is_some(), finding.sample, finding.archived) {
                (true, ..) => "broken",
                (_, true, _) => "sample",
                (_, _, true) => "archived",
                _ => "open",
            }),
            "raised" => match self.store.raised(finding, &self.store.tables_of_finding(finding)) {
                Some(raise) => Field::text(raise.to.word()),
                None => Field::None,
            },
            "archived" => Field::Flag(finding.archived),
            "sample" => Field::Flag(finding.sample),
            "resource_type" => Field::maybe(finding.resource_type.as_deref()),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let finding = self.finding;
        let _ =
            visit(&finding.kind) || visit(&finding.title) || visit(finding.severity().word()) || visit(&finding.raw);
    }

    fn time(&self) -> Option<Timestamp> {
        self.finding.updated.or(self.finding.created)
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for FindingRow<'_> {
    fn json(&self) -> Value {
        let finding = self.finding;
        let mut row = Json::new();
        row.put("id", finding.id.as_str());
        row.put("arn", finding.arn.as_str());
        row.put("account", finding.account.as_str());
        row.put("region", finding.region.as_str());
        row.put("type", finding.kind.as_str());
        if finding.severity_tenths == 0 {
            row.put("severity", Value::Null);
            row.put("score", Value::Null);
            row.unknown("severity", "the answer has none".to_owned());
        } else {
            row.put("severity", finding.severity().word());
            row.put("score", finding.severity_number());
        }
        row.put("title", finding.title.as_str());
        row.put("description", finding.description.as_str());
        row.put("principal", json!(finding.principal));
        row.put("principal_id", json!(finding.principal_id));
        row.put("access_key", json!(finding.access_key));
        row.put("action", json!(finding.action));
        row.put("created", json!(finding.created));
        row.put("updated", json!(finding.updated));
        row.put("first_seen", json!(finding.first));
        row.put("last_seen", json!(finding.last));
        row.put("count", finding.count);
        row.put("archived", finding.archived);
        row.put("aside", json!(self.store.aside(finding)));
        row.put("sample", finding.sample);
        row.put("broken", json!(finding.broken));
        row.put("sequence", json!(finding.sequence));
        row.put("resource_type", json!(finding.resource_type));
        row.put("resources", json!(finding.resources));
        row.put("actors", json!(finding.actors));
        match self.tables_unknown() {
            Some(reason) => {
                row.put("tables", Value::Null);
                row.unknown("tables", reason);
            }
            None => {
                let linked = self.store.tables_of_finding(finding);
                row.put("raised", json!(self.store.raised(finding, &linked)));
                let links = linked.iter().map(|link| {
                    let scope = &link.scope;
                    json!({
                        "table": link.table, "account": scope.account, "region": scope.region,
                        "tier": link.tier.word(), "reason": link.reason,
                    })
                });
                row.put("tables", Value::Array(links.collect()));
            }
        }
        row.put("events", self.store.events_of_finding(finding).len());
        row.put("reach", json!(self.store.reach_of(finding)));
        row.put("signals", json!(finding.signals));
        row.put("raw", document(&finding.raw));
        row.from(self.seen().and_then(|cell| cell.seen.as_ref()));
        row.end(self.store, Source::Findings, &finding.scope)
    }
}

/// A rule's verdict about a resource, or a rule that says nothing about any.
#[derive(Debug, Clone, Copy)]
pub struct ComplianceRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The rule.
    pub rule: &'a Rule,
    /// The verdict.
    pub evaluation: Option<&'a Evaluation>,
}

/// Non-compliant first, then by rule and resource.
pub(super) fn compliance(store: &Store) -> Vec<ComplianceRow<'_>> {
    let estate = store.estate();
    let mut rows = Vec::new();
    for rule in estate.rules.values() {
        let evaluations = estate.evaluations.get(&rule.key).and_then(Cell::value).map_or(&[][..], Vec::as_slice);
        if evaluations.is_empty() {
            rows.push(ComplianceRow { store, rule, evaluation: None });
        }
        rows.extend(evaluations.iter().map(|evaluation| ComplianceRow { store, rule, evaluation: Some(evaluation) }));
    }
    rows.sort_by_cached_key(|row| {
        let resource = row.evaluation.map(|of| of.resource_id.clone());
        (row.evaluation.map(|of| of.compliance).or(row.rule.compliance), row.rule.key.name.clone(), resource)
    });
    rows
}

impl ComplianceRow<'_> {
    fn cell(&self) -> Option<&Cell<Vec<Evaluation>>> {
        self.store.estate().evaluations.get(&self.rule.key)
    }

    fn read(&self) -> bool {
        self.cell().is_some_and(|cell| cell.seen.is_some())
    }
}

impl ComplianceRow<'_> {
    fn remediation(&self) -> Option<&Cell<Option<Remediation>>> {
        self.store.estate().remediations.get(&self.rule.key)
    }

    fn runs(&self) -> Option<&Cell<Runs>> {
        self.store.estate().runs.get(&self.rule.key)
    }

    /// What the rule does about what it finds: null for nothing, and where it is unknown.
    fn mended(&self, row: &mut Json) {
        const UNREAD: &str = "not read yet";
        let cell = self.remediation();
        row.from(cell.and_then(|cell| cell.seen.as_ref()));
        row.from(self.runs().and_then(|cell| cell.seen.as_ref()));
        row.put("remediation", json!(cell.and_then(Cell::value)));
        if cell.is_none_or(|cell| cell.value().is_none()) {
            row.unknown("remediation", cell.and_then(Cell::unknown_reason).unwrap_or_else(|| UNREAD.to_owned()));
        } else if cell.and_then(Cell::value).is_some_and(Option::is_some) {
            let runs = self.runs();
            row.put("remediation_runs", json!(runs.and_then(Cell::value)));
            if runs.is_none_or(|cell| cell.value().is_none()) {
                row.unknown(
                    "remediation_runs",
                    runs.and_then(Cell::unknown_reason).unwrap_or_else(|| UNREAD.to_owned()),
                );
            }
        }
    }
}

impl Row for ComplianceRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let (rule, scope) = (self.rule, &self.rule.key.scope);
        match name {
            "rule" => return Field::text(&rule.key.name),
            "identifier" => return Field::maybe(rule.identifier.as_deref()),
            "account" => return Field::text(&scope.account),
            "region" => return Field::text(&scope.region),
            "rule_compliance" => {
                return rule.compliance.map_or(Field::Unknown, |of| Field::text(of.word()));
            }
            "state" => return Field::maybe(rule.state.as_deref()),
            "remediation" => {
                return match self.remediation().and_then(Cell::value) {
                    Some(of) => Field::text(of.as_ref().map_or("none", |of| &of.target)),
                    None => Field::Unknown,
                };
            }
            "last_run" => {
                return match (self.remediation().and_then(Cell::value), self.runs().and_then(Cell::value)) {
                    (Some(None), _) => Field::None,
                    (Some(Some(_)), Some(runs)) => Field::maybe(runs.last.as_ref().map(|of| of.state.as_str())),
                    _ => Field::Unknown,
                };
            }
            _ => {}
        }
        let Some(of) = self.evaluation else {
            return match name {
                _ if !self.read() => Field::Unknown,
                "compliance" => Field::maybe(rule.compliance.map(Compliance::word)),
                _ => Field::None,
            };
        };
        match name {
            "compliance" => Field::text(of.compliance.word()),
            "resource" => Field::text(&of.resource_id),
            "resource_type" => Field::text(&of.resource_type),
            "annotation" => Field::maybe(of.annotation.as_deref()),
            "recorded" => Field::time(of.recorded),
            "invoked" => Field::time(of.invoked),
            "age" => age_field(self.now(), of.recorded),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _ = visit(&self.rule.raw)
            || visit(&self.rule.key.name)
            || self.evaluation.is_some_and(|of| {
                visit(of.compliance.word())
                    || visit(&of.resource_id)
                    || visit(&of.resource_type)
                    || of.annotation.as_deref().is_some_and(&mut *visit)
            });
    }

    fn time(&self) -> Option<Timestamp> {
        self.evaluation?.recorded
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for ComplianceRow<'_> {
    fn json(&self) -> Value {
        let (rule, of) = (self.rule, self.evaluation);
        let mut row = Json::new();
        row.put("rule", rule.key.name.as_str());
        row.put("rule_arn", json!(rule.arn));
        row.put("identifier", json!(rule.identifier));
        row.put("account", rule.key.scope.account.as_str());
        row.put("region", rule.key.scope.region.as_str());
        row.put("state", json!(rule.state));
        row.put("rule_compliance", json!(rule.compliance));
        row.put("compliance", json!(of.map(|of| of.compliance)));
        row.put("resource_type", json!(of.map(|of| &of.resource_type)));
        row.put("resource", json!(of.map(|of| &of.resource_id)));
        row.put("annotation", json!(of.and_then(|of| of.annotation.as_deref())));
        row.put("recorded", json!(of.and_then(|of| of.recorded)));
        row.put("invoked", json!(of.and_then(|of| of.invoked)));
        row.from(self.cell().and_then(|cell| cell.seen.as_ref()));
        self.mended(&mut row);
        if !self.read() {
            let reason = self.cell().and_then(Cell::unknown_reason).unwrap_or_else(|| "not read yet".to_owned());
            row.unknown("compliance", reason);
        }
        if rule.compliance.is_none() {
            row.unknown("rule_compliance", "Config says nothing about this rule as a whole: denied, or not read yet");
        }
        row.end(self.store, Source::Compliance, &rule.key.scope)
    }
}
