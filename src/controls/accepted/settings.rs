//! Which settings are accepted: how each is read of a table, put back, and which controls rest on it.

use serde_json::Value as Json;

use crate::model::{Cell, ClassTags, Estate, KeyKind, KinesisDestination, Table, TableDescription};

use super::{Read, Reading, Value};

pub(super) const PROTECTED: &str = "DeletionProtectionEnabled";
const BILLING: &str = "BillingMode";
const INSIGHTS: &str = "ContributorInsightsMode";
const KEY: &str = "KMSMasterKeyArn";
const MANAGER: &str = "KeyManager";
const KINESIS: &str = "KinesisDataStreamDestinations";
const PITR: &str = "PointInTimeRecoveryStatus";
const POLICY: &str = "Policy";
const WINDOW: &str = "RecoveryPeriodInDays";
const REPLICAS: &str = "Replicas";
const STREAM: &str = "StreamViewType";
const CLASS: &str = "TableClass";
const TTL_ATTRIBUTE: &str = "TimeToLiveAttributeName";
const TTL: &str = "TimeToLiveStatus";

/// The settings of a table, by AWS's names, beside the tags that say its class, owner and domain.
pub const SETTINGS: [&str; 14] = [
    BILLING,
    INSIGHTS,
    PROTECTED,
    KEY,
    MANAGER,
    KINESIS,
    PITR,
    POLICY,
    WINDOW,
    REPLICAS,
    STREAM,
    CLASS,
    TTL_ATTRIBUTE,
    TTL,
];

/// What the name of a tag begins with: `tag:data-class`.
pub const TAG: &str = "tag:";

/// True for a name that means something.
#[must_use]
pub fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name) || name.strip_prefix(TAG).is_some_and(|key| !key.is_empty())
}

/// All settings of a table that are to be accepted: of tags, those that say its class, owner and domain.
#[must_use]
pub fn names(estate: &Estate, table: &Table) -> Vec<String> {
    let of = &estate.class_tags;
    let mut names: Vec<String> = SETTINGS.iter().map(|&name| name.to_owned()).collect();
    for keys in [&of.class, &of.owner, &of.domain] {
        let spelt = table.tags.value().and_then(|tags| {
            let value = ClassTags::value_of(tags, keys)?;
            tags.iter().find(|(key, of)| *of == value && keys.iter().any(|one| one.eq_ignore_ascii_case(key)))
        });
        let key = spelt.map(|(key, _)| key).or(keys.first());
        names.extend(key.map(|key| format!("{TAG}{key}")));
    }
    names
}

/// The controls that rest on a setting.
#[must_use]
pub fn controls(name: &str) -> &'static [&'static str] {
    match name {
        MANAGER => &["ENC-01"],
        KEY => &["ENC-02"],
        PROTECTED => &["RES-03"],
        PITR => &["RES-01"],
        WINDOW => &["RES-02"],
        TTL => &["ENC-15"],
        STREAM | KINESIS => &["ENC-12"],
        INSIGHTS => &["ENC-14"],
        POLICY => &["IAM-10", "IAM-12"],
        _ if name.starts_with(TAG) => &["ISO-01"],
        _ => &[],
    }
}

/// Whether a value is worse than another, where the values themselves say so; of all others the control is asked.
pub(super) fn is_worse(name: &str, before: &Value, now: &Value) -> Option<bool> {
    let held = |of: &Value| match of {
        Value::Text(of) if of == "CUSTOMER" => 2,
        Value::Text(_) => 1,
        _ => 0,
    };
    match name {
        // The key that was may be no key of any table any more: nobody asks KMS about it.
        MANAGER => Some(held(now) < held(before)),
        INSIGHTS => Some(*before != Value::Text(ALL_KEYS.to_owned())),
        // Without recovery there was no window to lose.
        WINDOW if *before == Value::NONE => Some(false),
        _ => None,
    }
}

const ALL_KEYS: &str = "ACCESSED_AND_THROTTLED_KEYS";

/// A setting as it is.
///
/// # Errors
/// Why it is not known: the error, or `None` while it is being read.
pub fn read(estate: &Estate, table: &Table, name: &str) -> Read {
    let described = |value: fn(&TableDescription) -> Option<Value>| of(Some(&table.description), value);
    match name {
        BILLING => described(|it| Some(Value::Text(it.billing.clone().unwrap_or_else(|| "PROVISIONED".to_owned())))),
        PROTECTED => described(|it| it.deletion_protection.map(Value::Truth)),
        KEY => described(|it| Some(text(it.kms_key.clone()))),
        STREAM => described(|it| Some(text(it.stream_view.clone()))),
        CLASS => described(|it| Some(Value::Text(it.table_class.clone().unwrap_or_else(|| "STANDARD".to_owned())))),
        REPLICAS => described(|it| Some(list(it.replicas.iter().map(|of| of.region.clone())))),
        MANAGER => key_manager(estate, table),
        PITR => {
            let word = |on| if on { "ENABLED" } else { "DISABLED" };
            of(Some(&table.pitr), |it| Some(Value::Text(word(it.enabled).to_owned())))
        }
        WINDOW => of(Some(&table.pitr), |it| {
            if it.enabled { it.window_days.map(|days| Value::Number(days.into())) } else { Some(Value::NONE) }
        }),
        TTL => of(Some(&table.ttl), |it| {
            // What it is about to be is what was asked for.
            Some(Value::Text(match it.status.as_str() {
                "ENABLING" => "ENABLED".to_owned(),
                "DISABLING" => "DISABLED".to_owned(),
                other => other.to_owned(),
            }))
        }),
        TTL_ATTRIBUTE => of(Some(&table.ttl), |it| Some(text(it.attribute.clone()))),
        POLICY => of(Some(&table.policy), |it| Some(text(it.as_deref().map(plain)))),
        KINESIS => {
            of(Some(&table.kinesis), |it| Some(list(it.iter().filter(|of| of.is_fed()).map(|of| of.stream.clone()))))
        }
        INSIGHTS => of(estate.insights.get(&table.scope), |it| {
            let own = it.get(&table.name).into_iter().flatten().filter(|one| one.index.is_none());
            let mut on = own.filter(|one| matches!(one.status.as_str(), "ENABLED" | "ENABLING"));
            Some(
                on.next()
                    .map_or(Value::NONE, |one| Value::Text(one.mode.clone().unwrap_or_else(|| ALL_KEYS.to_owned()))),
            )
        }),
        _ => match name.strip_prefix(TAG) {
            Some(key) => of(Some(&table.tags), |it| Some(text(it.get(key).cloned()))),
            None => Ok(None),
        },
    }
}

fn of<T>(cell: Option<&Cell<T>>, value: impl FnOnce(&T) -> Option<Value>) -> Read {
    match cell.and_then(Cell::known) {
        Some(Ok(seen)) => Ok(value(&seen.value).map(|value| Reading { value, call: seen.call.clone(), at: seen.at })),
        Some(Err(error)) => Err(Some(error.clone())),
        None => Err(None),
    }
}

fn key_manager(estate: &Estate, table: &Table) -> Read {
    let (call, at, kind) = match (estate.table_key(table), &table.description.seen) {
        (Some(Ok((kind, Some(key)))), _) => (key.call.clone(), key.at, kind),
        (Some(Ok((kind, None))), Some(seen)) => (seen.call.clone(), seen.at, kind),
        (Some(Err(error)), _) => return Err(Some(error)),
        _ => return Err(None),
    };
    let value = match kind {
        KeyKind::AwsOwned => Value::NONE,
        KeyKind::AwsManaged => Value::Text("AWS".to_owned()),
        KeyKind::Customer => Value::Text("CUSTOMER".to_owned()),
    };
    Ok(Some(Reading { value, call, at }))
}

fn text(of: Option<String>) -> Value {
    of.map_or(Value::NONE, Value::Text)
}

fn list(of: impl Iterator<Item = String>) -> Value {
    let mut all: Vec<String> = of.collect();
    all.sort();
    Value::List(all)
}

/// A policy in one spelling: without blanks, members in order. What is no JSON stays as it is.
fn plain(policy: &str) -> String {
    fn sorted(value: Json) -> Json {
        match value {
            Json::Object(of) => {
                let mut members: Vec<(String, Json)> = of.into_iter().map(|(name, of)| (name, sorted(of))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Json::Object(members.into_iter().collect())
            }
            Json::Array(all) => Json::Array(all.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    serde_json::from_str(policy).map_or_else(|_| policy.to_owned(), |of| sorted(of).to_string())
}

/// The same table with a setting as it was accepted; `None` where that cannot be put back.
pub(super) fn with(table: &Table, name: &str, value: &Value) -> Option<Table> {
    let mut table = table.clone();
    let word = || if let Value::Text(text) = value { Some(text.clone()) } else { None };
    match name {
        PITR => table.pitr.seen.as_mut()?.value.enabled = word()? == "ENABLED",
        WINDOW => {
            let Value::Number(days) = value else { return None };
            let pitr = &mut table.pitr.seen.as_mut()?.value;
            (pitr.enabled, pitr.window_days) = (true, i32::try_from(*days).ok());
        }
        TTL => table.ttl.seen.as_mut()?.value.status = word()?,
        POLICY => table.policy.seen.as_mut()?.value = word(),
        KINESIS => {
            let Value::List(streams) = value else { return None };
            let fed = |stream: &String| KinesisDestination { stream: stream.clone(), status: "ACTIVE".to_owned() };
            table.kinesis.seen.as_mut()?.value = streams.iter().map(fed).collect();
        }
        PROTECTED => {
            let Value::Truth(on) = value else { return None };
            table.description.seen.as_mut()?.value.deletion_protection = Some(*on);
        }
        STREAM => table.description.seen.as_mut()?.value.stream_view = word(),
        KEY => {
            let of = &mut table.description.seen.as_mut()?.value;
            of.kms_key = word();
            let kms = of.kms_key.as_ref().map(|_| "KMS".to_owned());
            of.sse_status = kms.as_ref().map(|_| "ENABLED".to_owned());
            of.sse_type = kms;
        }
        _ => {
            let key = name.strip_prefix(TAG)?;
            let tags = &mut table.tags.seen.as_mut()?.value;
            match word() {
                Some(word) => tags.insert(key.to_owned(), word),
                None => tags.remove(key),
            };
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_the_same_however_it_is_spelt() {
        let one = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*"}]}"#;
        let other = "{ \"Statement\": [ {\"Action\": \"*\", \"Effect\":\"Deny\"} ],\n \"Version\": \"2012-10-17\" }";
        assert_eq!(plain(one), plain(other));
        assert_ne!(plain(one), plain(&other.replace("Deny", "Allow")));
        assert_eq!(plain("{"), "{");
    }

    #[test]
    fn names_are_in_order_so_that_files_are() {
        assert!(SETTINGS.iter().all(|name| is_setting(name)) && is_setting("tag:owner"));
        assert!(!is_setting("tag:") && !is_setting("Polícy"));
    }
}
