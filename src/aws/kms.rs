//! KMS keys: those that tables name, and those that their backups were made under.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use aws_sdk_kms::types::KeyManagerType;

use crate::model::{Arn, Delta, Key, KeyKind, Outcome, Rotation, Seen, Source, SourceError};

use super::capture::Capture;
use super::session::Clients;
use super::site::{Site, Sweep};
use super::{at_once, time};

/// Keys described at the same time.
const AT_ONCE: usize = 8;

/// Describes every key that the scope's tables and their replicas name, each in its own region.
///
/// # Errors
///
/// Why the tables, and with them the keys, are not known.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    if !site.shared.wants(Source::Tables) {
        learn(site, sweep).await?;
    }
    let keys = site.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut held: BTreeSet<String> =
        site.held.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect();
    held.retain(|key| keys.as_ref().is_ok_and(|keys| !keys.contains(key)));
    all(site, sweep, held, Depth::State).await;
    read(site, sweep, keys?).await;
    Ok(())
}

/// Describes keys that no table names, and has the sweep of keys ask for them from now on.
pub async fn also(site: &Site, sweep: &Sweep<'_>, found_by: Source, keys: BTreeSet<String>) {
    if !site.shared.wants(Source::Keys) {
        return;
    }
    let mut new = keys.clone();
    {
        let mut held = site.held.lock().unwrap_or_else(PoisonError::into_inner);
        let named = site.keys.lock().unwrap_or_else(PoisonError::into_inner);
        new.retain(|key| {
            !named.as_ref().is_ok_and(|named| named.contains(key)) && !held.values().any(|held| held.contains(key))
        });
        held.insert(found_by, keys);
    }
    all(site, sweep, new, Depth::State).await;
}

/// How much is asked about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Whether it is alive.
    State,
    /// Who may use it and how it rotates as well.
    Whole,
}

/// Describes these keys.
pub async fn read(site: &Site, sweep: &Sweep<'_>, keys: impl IntoIterator<Item = String>) {
    all(site, sweep, keys, Depth::Whole).await;
}

async fn all(site: &Site, sweep: &Sweep<'_>, keys: impl IntoIterator<Item = String>, depth: Depth) {
    let mut by_region: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in keys {
        // A key that is no ARN is named in the table's own region.
        let region = Arn::parse(&key).map_or_else(|| sweep.scope.region.clone(), |arn| arn.region);
        by_region.entry(region).or_default().insert(key);
    }
    sweep.grow(by_region.values().map(BTreeSet::len).sum()).await;
    for (region, keys) in by_region {
        let clients = if region == sweep.scope.region { site.clients() } else { Arc::new(site.clients_in(&region)) };
        at_once(AT_ONCE, keys.into_iter().map(|key| step(site, sweep, clients.clone(), key, depth)).collect()).await;
    }
}

async fn step(site: &Site, sweep: &Sweep<'_>, clients: Arc<Clients>, key: String, depth: Depth) {
    let outcome = describe(site, sweep, &clients, &key).await;
    sweep.note(&outcome);
    if depth == Depth::State {
        sweep.data(vec![Delta::Key(key, outcome)]).await;
        return sweep.step().await;
    }
    let customer = outcome.as_ref().is_ok_and(|seen| seen.value.kind == KeyKind::Customer);
    let rotates = outcome.as_ref().is_ok_and(|seen| seen.value.may_rotate());
    let here = Arn::parse(&key).is_none_or(|arn| arn.region == sweep.scope.region);
    sweep.data(vec![Delta::Key(key.clone(), outcome)]).await;
    if customer && here && !sweep.urgent {
        super::answers::of_key(site, sweep, &key).await;
    }
    if rotates {
        let rotation = rotation(site, sweep, &clients, &key).await;
        sweep.note(&rotation);
        sweep.data(vec![Delta::Rotation(key, rotation)]).await;
    }
    sweep.step().await;
}

/// Learns the keys from the tables when no sweep of tables does.
async fn learn(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let keys = super::dynamodb::keys(site, sweep).await;
    let result = keys.as_ref().map(|_| ()).map_err(Clone::clone);
    *site.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    result
}

async fn describe(site: &Site, sweep: &Sweep<'_>, clients: &Clients, key: &str) -> Outcome<Key> {
    let call = clients.kms.describe_key().key_id(key).send();
    let Seen { value, at, call } = sweep.call("kms:DescribeKey", key, call).await?;
    let Some(found) = value.key_metadata else {
        return Err(site.fault(SourceError::Malformed("no KeyMetadata in the answer".to_owned())));
    };
    let kind = match found.key_manager {
        Some(KeyManagerType::Aws) => KeyKind::AwsManaged,
        Some(KeyManagerType::Customer) => KeyKind::Customer,
        _ => return Err(site.fault(SourceError::Malformed("no KeyManager in the answer".to_owned()))),
    };
    let (Some(state), Some(origin)) = (found.key_state, found.origin) else {
        return Err(site.fault(SourceError::Malformed("no KeyState or Origin in the answer".to_owned())));
    };
    let value = Key {
        arn: found.arn.unwrap_or_else(|| key.to_owned()),
        kind,
        state: state.as_str().to_owned(),
        deletion: found.deletion_date.and_then(time),
        valid_to: found.valid_to.and_then(time),
        origin: origin.as_str().to_owned(),
        spec: found.key_spec.map(|spec| spec.as_str().to_owned()),
        multi_region: found
            .multi_region_configuration
            .and_then(|of| of.multi_region_key_type)
            .map(|kind| kind.as_str().to_owned()),
    };
    Ok(Seen { value, at, call })
}

async fn rotation(site: &Site, sweep: &Sweep<'_>, clients: &Clients, key: &str) -> Outcome<Rotation> {
    let body = Capture::default();
    let call = clients.kms.get_key_rotation_status().key_id(key).customize().interceptor(body.clone()).send();
    let seen = sweep.call("kms:GetKeyRotationStatus", key, call).await?;
    // The SDK takes an answer that leaves it out for one that says no.
    if !body.json()["KeyRotationEnabled"].is_boolean() {
        return Err(site.fault(SourceError::Malformed("no KeyRotationEnabled in the answer".to_owned())));
    }
    Ok(seen.map(|found| Rotation {
        enabled: found.key_rotation_enabled,
        days: found.rotation_period_in_days,
        next: found.next_rotation_date.and_then(time),
    }))
}
