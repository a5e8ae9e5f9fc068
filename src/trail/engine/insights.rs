//! CloudWatch Logs Insights on a trail's log group.
//!
//! Only the first two hundred fields of a record are found by Insights itself, so a record is narrowed by its text: a
//! name and value side by side, as JSON writes them. That can only ever let too many records through.

use super::narrow::{Cond, Dialect, Narrowed, Side, narrow};
use super::sql::plain;
use super::{Engine, Name, Reads, Sight, Statement, Window, Work};
use crate::trail::query::{Expr, Query, Test};

/// Rows that a query gives at most. Source: CloudWatch Logs' quotas.
pub const MOST: usize = 10_000;
/// The price for a gigabyte scanned in us-east-1. Source: CloudWatch's price list.
const DOLLARS: f64 = 0.005;

/// Logs Insights, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insights {
    /// The log group's name or ARN.
    pub log_group: String,
}

impl Engine for Insights {
    fn name(&self) -> Name {
        Name::Insights
    }

    fn sight(&self) -> Sight {
        Sight {
            sees: "what the trail records, but for events larger than 256 kB, which CloudTrail leaves out of log groups",
            kept: "the log group's retention",
            late: "about 5 minutes after the event",
            records: "as CloudTrail delivered them",
        }
    }

    fn translate(&self, queries: &[Query], window: &Window) -> Result<Work, String> {
        let Narrowed { cond, residual } = narrow(queries, &Text);
        let (filter, never) = match cond {
            Cond::Always => (String::new(), false),
            Cond::Never => (String::new(), true),
            Cond::When(text) => (format!("| filter {text}\n"), false),
        };
        let text = format!("fields @timestamp, @message\n{filter}| sort @timestamp desc\n| limit {MOST}");
        let partitions =
            vec![format!("log group {}", self.log_group), format!("from {} to {}", window.since, window.delivered())];
        Ok(Work::Statement(Statement { text, partitions, residual, never }))
    }

    fn dollars(&self, reads: Reads) -> Option<f64> {
        Some(reads.bytes? as f64 / 1e9 * DOLLARS)
    }
}

/// Terms as tests of a record's text.
struct Text;

impl Dialect for Text {
    fn term(&self, term: &Expr, side: Side) -> Option<Cond> {
        if side == Side::Under {
            return None;
        }
        match term {
            Expr::Free(needle) => anywhere(needle.text()),
            // The window of the whole query holds them.
            Expr::Since(_) | Expr::Until(_) => Some(Cond::Always),
            Expr::Field { name, test } => field(name, test),
            Expr::All(_) | Expr::Any(_) | Expr::Not(_) => None,
        }
    }
}

fn field(name: &str, test: &Test) -> Option<Cond> {
    let key = match name {
        "id" => "eventID",
        "name" => "eventName",
        "source" => "eventSource",
        "region" => "awsRegion",
        "account" => "(recipientAccountId|accountId)",
        "principal_arn" => "arn",
        "access_key" => "accessKeyId",
        "ip" => "sourceIPAddress",
        "user_agent" => "userAgent",
        "error" => "errorCode",
        "vpce" => "vpcEndpointId",
        "read_only" => match test {
            Test::Flag(flag) => return Some(like(&format!("\"readOnly\"\\s*:\\s*\"?{flag}"))),
            _ => return None,
        },
        "self" => match test {
            Test::Flag(true) => return Some(like(&escaped(crate::trail::record::OWN_AGENT))),
            _ => return None,
        },
        "principal" | "session" | "table" => {
            let text = match test {
                Test::Is(text) => text.as_str(),
                Test::Glob(glob, _) => glob.split(['*', '?']).max_by_key(|piece| piece.len())?,
                _ => return None,
            };
            return anywhere(text);
        }
        _ => return None,
    };
    let value = match test {
        Test::Is(text) if plain(text) && !text.is_empty() => format!("{}\"", escaped(text)),
        Test::Has(needle) if plain(needle.text()) => format!(".*{}", escaped(needle.text())),
        Test::Glob(glob, _) if glob.split(['*', '?']).all(plain) => {
            glob.split(['*', '?']).map(escaped).collect::<Vec<_>>().join(".*")
        }
        _ => return None,
    };
    Some(like(&format!("\"{key}\"\\s*:\\s*\"{value}")))
}

fn anywhere(text: &str) -> Option<Cond> {
    // Who, where a record names nobody, is no text of the record.
    let added = ["root", "unknown"].iter().any(|word| word.contains(&text.to_ascii_lowercase()));
    (plain(text) && text.contains(|one: char| one.is_ascii_alphanumeric()) && !added).then(|| like(&escaped(text)))
}

fn like(pattern: &str) -> Cond {
    Cond::When(format!("@message like /(?i){pattern}/"))
}

/// A text in a regular expression between slashes.
fn escaped(text: &str) -> String {
    regex::escape(text).replace('/', "\\/")
}
