//! What CloudTrail's events show: who uses tables, and how callers connect.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::model::{DataClass, Estate, Judgement, KeyKind, Look, Scope, Table, Uses, Way, Who, Witness};

use super::baseline::means;
use super::draft::{Draft, asked_in, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

const EVENTS: &str = "cloudtrail:LookupEvents";

/// Events that are named in one judgement.
const NAMED: usize = 8;
/// Somebody seen for the first time within this is new.
const NEW: SignedDuration = SignedDuration::from_hours(24);
/// Who is new shows where events reach back this far.
const LONG: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Refusals of one caller within an hour.
const BURST: usize = 5;

/// The events of a scope and since when what was asked of them leaves nothing out, or the unknown judgement of their lack.
pub(super) fn reach<'a>(
    draft: Draft,
    estate: &'a Estate,
    scope: &Scope,
    looks: &[Look],
) -> Result<(Draft, &'a Witness, Timestamp), Box<Judgement>> {
    if let Some(error) = estate.events_unread.get(scope) {
        return Err(Box::new(draft.unknown("LookupEvents", error.as_ref())));
    }
    let Some(witness) = estate.witness.get(scope) else {
        return Err(Box::new(draft.unknown("LookupEvents", None)));
    };
    let mut since = Timestamp::MIN;
    for look in looks {
        match witness.since.get(look) {
            Some(from) => since = since.max(*from),
            None => return Err(Box::new(draft.unknown("LookupEvents", witness.fault.as_ref()))),
        }
    }
    Ok((draft, witness, since))
}

/// A moment for a sentence.
pub(super) fn when(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// DET-18.
pub(super) const DET_18: &Control = &Control {
    id: "DET-18",
    operations: &[EVENTS, "dynamodb:ListTagsOfResource", "dynamodb:DescribeTable", "kms:DescribeKey"],
    blind: "reads and writes of items show by the use of the table's key alone, once in some minutes a client, and item by \
            item where log files with data events are loaded; services in their own name count as AWS",
    judge: Judge::Table(used),
};

fn used(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_used(estate, baseline, table)), unread(table))
}

/// A service that acts for nobody.
fn is_service(who: &Who) -> bool {
    who.arn.is_none() && who.name.ends_with(".amazonaws.com")
}

fn judge_used(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let mut draft = Draft::new(DET_18, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, DET_18.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let none = Uses::default();
    let uses = estate.witness.get(&table.scope).and_then(|of| of.tables.get(&table.name)).unwrap_or(&none);
    let users = || uses.users.iter().filter(|((who, _), _)| !is_service(who));
    let expected = baseline.expected_of(table, class);
    if let Some(expected) = &expected {
        let strange = |(who, _): &(Who, Way)| !means(expected, &who.name, who.arn.as_deref());
        let mut strangers: Vec<&str> = Vec::new();
        for (key, seen) in users().filter(|(key, _)| strange(key)) {
            if strangers.len() < NAMED {
                draft.sighted(seen, &format!("{} by {}", way(key.1), key.0.name));
            }
            strangers.push(&key.0.name);
        }
        strangers.dedup();
        if let Some(first) = strangers.first() {
            let more = strangers.len() - 1;
            let reason = match more {
                0 => format!("{first} used it and is not on the list of those expected"),
                more => format!("{first} and {more} more used it and are not on the list of those expected"),
            };
            return Ok(match class {
                DataClass::Restricted => draft.fail(reason),
                _ => draft.warn(reason),
            });
        }
    }
    let (mut draft, _, since) = reach(draft, estate, &table.scope, &[Look::Changes, Look::Service, Look::Keys])?;
    if let Some(((who, _), seen)) = uses.refused.iter().find(|(_, seen)| seen.count >= BURST) {
        draft.sighted(seen, &format!("{} calls of {} refused within an hour", seen.count, who.name));
        return Ok(draft.warn(format!("{} was refused {} times within an hour", who.name, seen.count)));
    }
    if expected.is_none() {
        let new = estate.now.checked_sub(NEW).unwrap_or(Timestamp::MIN);
        let long = estate.now.checked_sub(LONG).is_ok_and(|long| since <= long);
        if long && uses.first().is_some_and(|first| first < new) {
            let first = |name: &str| users().filter(|((who, _), _)| who.name == name).map(|(_, seen)| seen.first).min();
            let newcomer = users().find(|((who, _), _)| first(&who.name).is_some_and(|first| first >= new));
            if let Some(((who, by), seen)) = newcomer {
                draft.sighted(seen, &format!("{} by {}", way(*by), who.name));
                return Ok(draft.warn(format!("{} used it for the first time since {}", who.name, when(since))));
            }
        }
        let names: BTreeSet<&str> = users().map(|((who, _), _)| who.name.as_str()).collect();
        return Ok(draft.unclear(format!(
            "nothing says who is expected: set [[baseline.expected]] in the configuration ({} seen since {})",
            names.len(),
            when(since)
        )));
    }
    if uses.missed > 0 {
        return Ok(draft.unclear("more callers were seen than are kept apart"));
    }
    let items = users().any(|((_, way), _)| *way == Way::Items);
    match estate.table_key(table) {
        None => return Ok(draft.unknown("DescribeTable", None)),
        Some(Err(error)) => return Ok(draft.unknown("the key of the table", Some(&error))),
        Some(Ok((KeyKind::AwsOwned, _))) if !items => {
            return Ok(draft.unclear(
                "its key is AWS's own and no data event of it is at hand: who reads and writes items does not show",
            ));
        }
        Some(Ok(_)) => {}
    }
    for ((who, by), seen) in users().take(NAMED) {
        draft.sighted(seen, &format!("{} by {}", way(*by), who.name));
    }
    let mut names: Vec<&str> = users().map(|((who, _), _)| who.name.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return Ok(draft.unclear(format!("nobody was seen to use it since {}", when(since))));
    }
    Ok(draft.pass(format!("all {} that used it since {} are expected", names.len(), when(since))))
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Items => "items",
        Way::Key => "key used",
        Way::Table => "table",
    }
}

/// ENC-09.
pub(super) const ENC_09: &Control = &Control {
    id: "ENC-09",
    operations: &[EVENTS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "calls on items, but for those of log files with data events, and calls that services make",
    judge: Judge::Estate(connected),
};

fn connected(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    estate.scopes.iter().map(|scope| settle(judge_connected(estate, baseline, scope))).collect()
}

fn judge_connected(estate: &Estate, baseline: &Baseline, scope: &Scope) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_09, scope.to_string());
    let (mut draft, witness, since) = reach(draft, estate, scope, &[Look::Service])?;
    let (class, unread) = asked_in(estate, baseline, ENC_09, |of| of == scope);
    if class.is_none() {
        return Ok(draft.not_applicable("no table here states a class that asks for it"));
    }
    let (mut all, mut old, mut strange, mut odd, mut plain) = (0, None, None, None, None);
    for (of, seen) in &witness.connections {
        all += seen.count;
        let exchange = of.exchange.as_deref().unwrap_or("absent");
        let host = of.host.as_deref().unwrap_or("absent");
        let worst = match of.version.as_str() {
            "TLSv1.2" | "TLSv1.3" => None,
            "SSLv2" | "SSLv2Hello" | "SSLv3" | "TLSv1" | "TLSv1.0" | "TLSv1.1" => Some(&mut old),
            _ => Some(&mut odd),
        };
        let kept = match worst {
            Some(worst) => Some(worst),
            None if of.host.as_deref().is_some_and(|host| !is_of_aws(host)) => Some(&mut strange),
            None if baseline.post_quantum && of.exchange.as_deref().is_none_or(is_classical) => Some(&mut plain),
            None => None,
        };
        if let Some(kept) = kept {
            kept.get_or_insert((of, seen));
        } else if draft.rests_on() >= NAMED {
            continue;
        }
        draft.sighted(
            seen,
            &format!(
                "tlsVersion={} keyExchange={exchange} clientProvidedHostHeader={host} of {} calls, the last by {}",
                of.version, seen.count, seen.by
            ),
        );
    }
    let judged = if let Some((of, seen)) = old {
        draft.fail(format!("{} connects by {}, last at {}", seen.by, of.version, when(seen.last)))
    } else if let Some((of, _)) = odd {
        draft.unclear(format!("a record says {:?} of its connection, which means nothing here", of.version))
    } else if let Some((of, seen)) = strange {
        let host = of.host.as_deref().unwrap_or_default();
        draft.warn(format!("{} calls a host that is none of AWS's: {host}", seen.by))
    } else if let Some((of, seen)) = plain {
        let exchange = of.exchange.as_deref().unwrap_or("in a way that no record tells");
        draft.warn(format!("{} agrees on keys {exchange}, which is not known to withstand quantum computers", seen.by))
    } else if all == 0 {
        draft.unclear(format!("no call to DynamoDB or DAX since {} tells how it connected", when(since)))
    } else if witness.missed > 0 {
        draft.unclear("callers connect in more ways than are kept apart")
    } else {
        draft.pass(format!("all {all} calls since {} that tell it came by TLS 1.2 or 1.3", when(since)))
    };
    Ok(by_class(judged, unread))
}

/// Hosts that AWS answers under.
fn is_of_aws(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws", ".amazonwebservices.com.cn"]
        .iter()
        .any(|end| host.ends_with(end))
}

/// Key exchanges of the post-quantum kind name ML-KEM (or Kyber, as it was called).
fn is_classical(exchange: &str) -> bool {
    let exchange = exchange.to_ascii_lowercase();
    !["mlkem", "ml-kem", "kyber"].iter().any(|of| exchange.contains(of))
}
