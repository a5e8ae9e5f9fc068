//! Which scopes there are to poll: the simulated estate's, or profiles × regions.

use std::sync::{Arc, PoisonError};

use aws_credential_types::provider::ProvideCredentials;

use crate::model::SourceError;

use super::run::StartError;
use super::session::Place;
use super::site::{Shared, Site};
use super::sought::usual;

/// The site of every scope asked for.
///
/// # Errors
///
/// That there is none.
pub(super) async fn sites(shared: &Arc<Shared>) -> Result<Vec<Arc<Site>>, StartError> {
    let mut sites = Vec::new();
    for (account, place, unlisted) in places(shared).await? {
        let site = Site::new(shared.clone(), place, &account).await;
        *site.regions.lock().unwrap_or_else(PoisonError::into_inner) = unlisted;
        sites.push(Arc::new(site));
    }
    Ok(sites)
}

/// Every scope's name and place, and why there may be more that are not known.
async fn places(shared: &Arc<Shared>) -> Result<Vec<(String, Place, Option<SourceError>)>, StartError> {
    let settings = &shared.settings;
    let every = settings.regions.iter().any(|region| region == "all");
    if !shared.wire.estate.is_empty() {
        let of = |asked: &[String], name: &String| asked.is_empty() || asked.contains(name);
        let places: Vec<_> = shared
            .wire
            .estate
            .iter()
            .filter(|(scope, _)| {
                of(&settings.profiles, &scope.account) && (every || of(&settings.regions, &scope.region))
            })
            .map(|(scope, key)| {
                let (region, key) = (Some(scope.region.clone()), Some(key.clone()));
                (scope.account.clone(), Place { profile: None, region, key, endpoint: None }, None)
            })
            .collect();
        if places.is_empty() {
            let asked = [settings.profiles.as_slice(), settings.regions.as_slice()].concat();
            return Err(StartError::NoScope(asked.join(", ")));
        }
        return Ok(places);
    }
    let profiles: Vec<Option<String>> = match settings.profiles.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let mut places = Vec::new();
    for profile in profiles {
        let (regions, mut unlisted) = regions(shared, profile.as_deref(), every).await?;
        for region in regions {
            let name = profile.clone().unwrap_or_else(usual);
            let endpoint = settings.endpoint.clone();
            let place = Place { profile: profile.clone(), region: Some(region), key: None, endpoint };
            // Once is enough.
            places.push((name, place, unlisted.take()));
        }
    }
    Ok(places)
}

/// The regions of one profile, and why there may be more that are not known.
async fn regions(
    shared: &Arc<Shared>,
    profile: Option<&str>,
    every: bool,
) -> Result<(Vec<String>, Option<SourceError>), StartError> {
    let settings = &shared.settings;
    if !every && !settings.regions.is_empty() {
        return Ok((settings.regions.clone(), None));
    }
    let name = profile.map_or_else(usual, str::to_owned);
    let profile = profile.map(str::to_owned);
    let place = Place { profile, region: None, key: None, endpoint: settings.endpoint.clone() };
    let site = Site::new(shared.clone(), place, "default").await;
    let own = site.config().region().map(ToString::to_string);
    if every {
        return Ok(super::network::regions(&site, own.as_deref().unwrap_or(FIRST)).await);
    }
    match own {
        Some(region) => Ok((vec![region], None)),
        None if settings.endpoint.is_some() => Ok((vec![FIRST.to_owned()], None)),
        None => match site.config().credentials_provider() {
            // Guessing a region would show somebody an empty estate that is not theirs.
            Some(provider) if provider.provide_credentials().await.is_ok() => Err(StartError::NoRegion(name)),
            // Without credentials the region is the smaller trouble: let that be said.
            _ => Ok((vec![FIRST.to_owned()], None)),
        },
    }
}

/// Where to ask when nothing names a region.
const FIRST: &str = "us-east-1";
