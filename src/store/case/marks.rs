//! What we say about a finding beside what GuardDuty says: how bad it is here, and what put it aside. GuardDuty's own
//! number is never changed by it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{Cell, DataClass, Finding, FindingFilter, Severity};
use crate::store::{Link, LinkTier, Store};

/// A severity that we raise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raise {
    /// To what.
    #[serde(serialize_with = "word")]
    pub to: Severity,
    /// Why, in words.
    pub reason: String,
}

fn word<S: serde::Serializer>(of: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(of.word())
}

/// What put an archived finding aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "by", content = "of")]
pub enum Aside {
    /// Filters that archive what they match: the names of those that match it.
    Filters(Vec<String>),
    /// No filter that there is now: a person, or one that is gone.
    Hand,
    /// The filters could not be read.
    Unknown(String),
}

impl Aside {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Filters(names) => format!("suppressed by the filter {}", names.join(", ")),
            Self::Hand => "archived by hand, or by a filter that is gone".to_owned(),
            Self::Unknown(reason) => format!("archived; its filters are not known: {reason}"),
        }
    }
}

impl Store {
    /// How bad we say a finding is, where that is worse than GuardDuty says; `links` are the tables it leads to.
    #[must_use]
    pub fn raised(&self, finding: &Finding, links: &[Link]) -> Option<Raise> {
        if finding.sample || finding.archived {
            return None;
        }
        let (to, reason) = match finding.kind.as_str() {
            "Stealth:IAMUser/CloudTrailLoggingDisabled" => {
                (Severity::High, "what follows is recorded less: LOG-01 and LOG-02 fall".to_owned())
            }
            "Policy:IAMUser/RootCredentialUsage" => {
                let service = finding.action.service.as_deref()?.strip_suffix(".amazonaws.com")?;
                let of = ["dynamodb", "dax", "kms"].into_iter().find(|of| *of == service)?;
                (Severity::High, format!("the root user called {of}"))
            }
            "Discovery:IAMUser/AnomalousBehavior" => {
                let restricted = |link: &&Link| {
                    let table = self.estate().table_named(&link.scope, &link.table);
                    table.is_some_and(|table| self.estate().stated_class(table) == Some(DataClass::Restricted))
                };
                let sure = links.iter().filter(|link| link.tier == LinkTier::T1);
                let link = sure.filter(restricted).map(|link| link.table.as_str()).next()?;
                (Severity::Medium, format!("it touched {link}, which holds restricted data"))
            }
            "Policy:S3/BucketBlockPublicAccessDisabled" => {
                (Severity::High, finding.resources.iter().find_map(|bucket| self.kept_in(bucket))?)
            }
            _ => return None,
        };
        (to > finding.severity()).then_some(Raise { to, reason })
    }

    /// What of tables or of logs is kept in a bucket.
    fn kept_in(&self, bucket: &str) -> Option<String> {
        let name = bucket.strip_prefix("arn:aws:s3:::").unwrap_or(bucket);
        let trail = self.estate().trails.values().find(|trail| trail.bucket.as_deref() == Some(name));
        if let Some(trail) = trail {
            return Some(format!("its bucket keeps the logs of the trail {}", trail.name));
        }
        let exports = self.estate().answers.values().filter_map(|of| of.get("dynamodb:DescribeExport"));
        let mut exports = exports.flat_map(|of| of.values()).filter_map(|cell| cell.value());
        let holds =
            exports.any(|export| export.pointer("/ExportDescription/S3Bucket").and_then(Value::as_str) == Some(name));
        holds.then(|| "its bucket holds exports of tables".to_owned())
    }

    /// What put a finding aside; `None` for one that is open.
    #[must_use]
    pub fn aside(&self, finding: &Finding) -> Option<Aside> {
        if !finding.archived {
            return None;
        }
        let cell = self.estate().filters.get(&finding.scope);
        let Some(filters) = cell.and_then(|cell| cell.value()) else {
            let reason = cell.and_then(Cell::unknown_reason);
            return Some(Aside::Unknown(reason.unwrap_or_else(|| "not read yet".to_owned())));
        };
        let raw: Value = serde_json::from_str(&finding.raw).unwrap_or_default();
        let fits = |filter: &&FindingFilter| filter.action == "ARCHIVE" && matches(filter, &raw);
        let names: Vec<String> = filters.iter().filter(fits).map(|filter| filter.name.clone()).collect();
        Some(if names.is_empty() { Aside::Hand } else { Aside::Filters(names) })
    }
}

/// Whether all of a filter's criteria hold for a finding's answer.
fn matches(filter: &FindingFilter, raw: &Value) -> bool {
    let holds = |(field, operator, wanted): &(String, &'static str, Vec<String>)| {
        let mut found = Vec::new();
        values(raw, &field.split('.').collect::<Vec<_>>(), &mut found);
        let one = || wanted.first().and_then(|wanted| wanted.parse::<f64>().ok());
        let number = |holds: fn(f64, f64) -> bool| {
            one().is_some_and(|wanted| found.iter().filter_map(|value| number(value)).any(|value| holds(value, wanted)))
        };
        let equals = || found.iter().any(|value| wanted.iter().any(|wanted| is(value, wanted)));
        let like = || found.iter().any(|value| wanted.iter().any(|wanted| WildMatch::new(wanted).matches(value)));
        match *operator {
            "Equals" => equals(),
            "NotEquals" => !equals(),
            "Matches" => like(),
            "NotMatches" => !like(),
            "GreaterThan" => number(|value, wanted| value > wanted),
            "GreaterThanOrEqual" => number(|value, wanted| value >= wanted),
            "LessThan" => number(|value, wanted| value < wanted),
            "LessThanOrEqual" => number(|value, wanted| value <= wanted),
            _ => false,
        }
    };
    !filter.criteria.is_empty() && filter.criteria.iter().all(holds)
}

/// As text, or as the same number.
fn is(value: &str, wanted: &str) -> bool {
    value == wanted || value.parse::<f64>().ok().zip(wanted.parse::<f64>().ok()).is_some_and(|(a, b)| a == b)
}

/// A number, or a time in milliseconds as criteria have them.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any date fit")]
fn number(value: &str) -> Option<f64> {
    value.parse().ok().or_else(|| Some(value.parse::<Timestamp>().ok()?.as_millisecond() as f64))
}

/// The values at a way of a criterion, through lists, in either spelling of names.
fn values(value: &Value, path: &[&str], found: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| values(item, path, found)),
        (Value::Object(members), [name, rest @ ..]) => {
            let of = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            of.into_iter().for_each(|(_, value)| values(value, rest, found));
        }
        (Value::String(text), []) => found.push(text.clone()),
        (Value::Null | Value::Object(_), _) | (_, [_, ..]) => {}
        (other, []) => found.push(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filters_criteria_hold_all_at_once_by_their_operators_and_in_either_spelling() {
        let raw = json!({"Type": "Recon:EC2/PortProbeUnprotectedPort", "Severity": 2.0, "UpdatedAt": "2026-03-14T00:00:00Z",
            "Resource": {"InstanceDetails": {"Tags": [{"Key": "team", "Value": "a"}, {"Key": "env", "Value": "dev"}]}}});
        type Criterion<'a> = (&'a str, &'static str, &'a [&'a str]);
        let of = |criteria: &[Criterion<'_>]| FindingFilter {
            name: "f".to_owned(),
            action: "ARCHIVE".to_owned(),
            criteria: criteria
                .iter()
                .map(|(field, operator, values)| {
                    ((*field).to_owned(), *operator, values.iter().map(|value| (*value).to_owned()).collect())
                })
                .collect(),
        };
        let kind = ("type", "Equals", &["Recon:EC2/PortProbeUnprotectedPort"][..]);
        let cases: &[(&[Criterion<'_>], bool)] = &[
            (&[kind], true),
            (&[kind, ("severity", "LessThan", &["4"])], true),
            (&[kind, ("severity", "GreaterThanOrEqual", &["4"])], false),
            (&[("severity", "Equals", &["2"])], true),
            (&[("type", "Matches", &["Recon:*"])], true),
            (&[("type", "NotMatches", &["Recon:*"])], false),
            (&[("resource.instanceDetails.tags.value", "Equals", &["dev"])], true),
            (&[("resource.instanceDetails.tags.value", "NotEquals", &["prod"])], true),
            (&[("updatedAt", "GreaterThan", &["1773400000000"])], true),
            (&[("service.action.actionType", "Equals", &["x"])], false),
            // What asks for nothing archives nothing.
            (&[], false),
        ];
        for (criteria, holds) in cases {
            assert_eq!(matches(&of(criteria), &raw), *holds, "{criteria:?}");
        }
    }
}
