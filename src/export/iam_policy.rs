//! The least IAM policy this program needs, made from the operation table alone.
//!
//! Invariant: it allows exactly the table's actions, without a wildcard, and denies reading items whatever else
//! the role is given: AWS's own `ReadOnlyAccess` and `AmazonDynamoDBReadOnlyAccess` would let items be read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::operations::{Tier, of_tiers};
use crate::policy::ITEM_ACTIONS;

/// The most characters, white space left out, that a managed policy may hold. Source: IAM and STS quotas.
pub const MANAGED_LIMIT: usize = 6_144;

/// What leaves a table beside calls on its items: stream records and exports.
const BESIDE_ITEMS: [&str; 3] =
    ["dynamodb:ExportTableToPointInTime", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];

/// Item reads and writes, PartiQL, stream records and exports.
fn items() -> Vec<&'static str> {
    let mut all: Vec<&str> = ITEM_ACTIONS.into_iter().chain(BESIDE_ITEMS).collect();
    all.sort_unstable();
    all
}

/// The whole policy as one document, however long: for reading and for comparing.
#[must_use]
pub fn policy(tiers: &[Tier]) -> Value {
    let mut statements: Vec<Value> =
        allowed(tiers).into_iter().flat_map(|(tier, actions)| allow(tier, &actions)).collect();
    statements.extend(denials());
    document(&statements)
}

/// The policy as documents that each fit a managed policy; every one carries the denials, so that any of them
/// alone is safe.
#[must_use]
pub fn parts(tiers: &[Tier]) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut full: Vec<(Tier, Vec<&'static str>)> = Vec::new();
    for (tier, actions) in allowed(tiers) {
        full.push((tier, Vec::new()));
        let mut length = size(&part(&full));
        for action in actions {
            // Quotes and a comma; the first of a list has no comma, which makes room for one character too few.
            let more = if action == TRAIL_OBJECT { size(&trail_objects()) + 1 } else { action.len() + 3 };
            if length + more > MANAGED_LIMIT {
                full.retain(|(_, actions)| !actions.is_empty());
                parts.push(part(&full));
                full = vec![(tier, Vec::new())];
                length = size(&part(&full));
            }
            if let Some((_, list)) = full.last_mut() {
                list.push(action);
            }
            length += more;
        }
    }
    parts.push(part(&full));
    parts
}

/// The policy as indented JSON: the document, or a list of documents when one managed policy cannot hold it.
#[must_use]
pub fn text(tiers: &[Tier]) -> String {
    let mut parts = parts(tiers);
    let shown = if parts.len() == 1 { parts.remove(0) } else { Value::Array(parts) };
    format!("{shown:#}\n")
}

/// What to tell whoever asked for the text, beside it: how many policies to make of it, and what it leaves out.
#[must_use]
pub fn notes(tiers: &[Tier]) -> Vec<String> {
    let mut notes = Vec::new();
    let count = parts(tiers).len();
    if count > 1 {
        notes.push(format!(
            "{count} documents: a managed policy holds {MANAGED_LIMIT} characters. Make one policy of each and attach \
             all {count} to the role."
        ));
    }
    if tiers.contains(&Tier::Paid) {
        notes.push(
            "The paid tier starts queries as the role. Of objects it allows those of trails alone, by their path; Athena \
             also needs s3:PutObject and s3:GetObject on the results' bucket unless the workgroup manages its results: \
             grant those on that bucket alone, they are not part of this policy."
                .to_owned(),
        );
    }
    notes
}

/// The characters of a document that count against AWS's limits: all but white space.
#[must_use]
pub fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|one| !one.is_whitespace()).count()
}

/// The actions of each tier, sorted; an action that several tiers need stands in the first.
fn allowed(tiers: &[Tier]) -> Vec<(Tier, Vec<&'static str>)> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for tier in Tier::ALL.into_iter().filter(|tier| tiers.contains(tier)) {
        let actions: BTreeSet<&str> = of_tiers(&[tier]).flat_map(|row| row.actions).copied().collect();
        let fresh: Vec<&str> = actions.into_iter().filter(|action| seen.insert(*action)).collect();
        if !fresh.is_empty() {
            all.push((tier, fresh));
        }
    }
    all
}

fn part(tiers: &[(Tier, Vec<&'static str>)]) -> Value {
    let statements: Vec<Value> =
        tiers.iter().flat_map(|(tier, actions)| allow(*tier, actions)).chain(denials()).collect();
    document(&statements)
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The one action that is not allowed on everything.
const TRAIL_OBJECT: &str = "s3:GetObject";

/// Objects of trails: their keys have this form in every bucket.
fn trail_objects() -> Value {
    let of = |partition: &str| format!("arn:{partition}:s3:::*/CloudTrail/*.json.gz");
    json!({
        "Sid": "ReadTrailObjects",
        "Effect": "Allow",
        "Action": [TRAIL_OBJECT],
        "Resource": [of("aws"), of("aws-cn"), of("aws-us-gov")],
    })
}

fn allow(tier: Tier, actions: &[&str]) -> Vec<Value> {
    let sid = match tier {
        Tier::Poll => "ReadAtEveryRefresh",
        Tier::Slow => "ReadSlowly",
        Tier::Drill => "ReadOnDemand",
        Tier::Paid => "QueryWhereConfigured",
    };
    let plain: Vec<&str> = actions.iter().copied().filter(|action| *action != TRAIL_OBJECT).collect();
    let mut statements = Vec::new();
    if plain.len() < actions.len() {
        statements.push(trail_objects());
    }
    // The length of a policy is counted from one whose list is still empty.
    if !plain.is_empty() || actions.is_empty() {
        statements.push(json!({ "Sid": sid, "Effect": "Allow", "Action": plain, "Resource": "*" }));
    }
    statements
}

fn denials() -> [Value; 2] {
    [
        json!({ "Sid": "NeverItems", "Effect": "Deny", "Action": items(), "Resource": "*" }),
        json!({
            "Sid": "NeverDecryptThroughDynamoDB",
            "Effect": "Deny",
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": { "StringLike": { "kms:ViaService": "dynamodb.*.amazonaws.com*" } },
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::OPERATIONS;
    use crate::policy::{Asker, Context, Decision, Document, Effect, Request, evaluate};

    const CHOICES: [&[Tier]; 4] = [&Tier::ALL, &Tier::FREE, &[Tier::Poll], &[]];

    fn read(document: &Value) -> Document {
        Document::parse(&document.to_string()).unwrap()
    }

    fn actions(documents: &[Document]) -> Vec<String> {
        let statements = documents.iter().flat_map(|document| &document.statements);
        let allowed = statements.filter(|one| one.effect == Effect::Allow);
        let mut all: Vec<String> = allowed.flat_map(|one| one.actions.patterns.clone()).collect();
        all.sort();
        all
    }

    #[test]
    fn the_printed_actions_are_the_tables_each_once() {
        for tiers in CHOICES {
            let rows = OPERATIONS.iter().filter(|row| tiers.contains(&row.tier));
            let table: BTreeSet<&str> = rows.flat_map(|row| row.actions).copied().collect();
            let table: Vec<&str> = table.into_iter().collect();
            assert_eq!(actions(&[read(&policy(tiers))]), table);
            let printed: Value = serde_json::from_str(&text(tiers)).unwrap();
            let printed: Vec<Document> = match &printed {
                Value::Array(list) => list.iter().map(read).collect(),
                one => vec![read(one)],
            };
            assert_eq!(actions(&printed), table);
        }
    }

    #[test]
    fn every_part_fits_a_managed_policy_and_no_part_is_idle() {
        for tiers in CHOICES {
            let parts = parts(tiers);
            assert!(parts.iter().all(|part| size(part) <= MANAGED_LIMIT));
            assert_eq!(parts.len() > 1, size(&policy(tiers)) > MANAGED_LIMIT);
            assert_eq!(notes(tiers).iter().any(|note| note.contains("documents")), parts.len() > 1);
            for part in &parts {
                let sids: Vec<_> = read(part).statements.into_iter().map(|one| one.sid.unwrap()).collect();
                let unique: BTreeSet<_> = sids.iter().collect();
                assert_eq!(unique.len(), sids.len());
                assert!(sids.iter().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())));
                assert!(tiers.is_empty() || sids.len() > 2);
            }
        }
    }

    #[test]
    fn every_part_denies_items_even_beside_full_access() {
        let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let everything = Document::parse(everything).unwrap();
        let decide = |part: &Document, action: &str, context: &Context| {
            let request = Request {
                principal: Asker::Aws("arn:aws:iam::111122223333:role/auditor"),
                action,
                resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
                context,
            };
            evaluate(&[&everything, part], &request)
        };
        let plain = Context::default();
        let through = Context::default().with("kms:ViaService", "dynamodb.eu-west-1.amazonaws.com");
        for part in parts(&Tier::ALL) {
            let part = read(&part);
            for action in items() {
                assert!(matches!(decide(&part, action, &plain), Decision::ExplicitDeny(_)), "{action}");
            }
            assert!(matches!(decide(&part, "kms:Decrypt", &through), Decision::ExplicitDeny(_)));
            assert!(decide(&part, "kms:Decrypt", &plain).is_allowed());
            for row in OPERATIONS {
                assert!(row.actions.iter().all(|action| decide(&part, action, &plain).is_allowed()), "{}", row.label);
            }
        }
    }

    #[test]
    fn the_free_tiers_start_no_query() {
        let free = read(&policy(&Tier::FREE));
        assert!(actions(&[free]).iter().all(|action| !action.contains(":Start") && !action.starts_with("athena:")));
    }
}
