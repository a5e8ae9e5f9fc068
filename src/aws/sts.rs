//! Who asks: `sts:GetCallerIdentity`.

use std::sync::atomic::Ordering;

use crate::model::{Arn, Caller, Delta, Polled, Scope, Seen, SourceError};

use super::site::{Site, Sweep};

/// Asks who we are, names the scope after the account, and sends the answer.
///
/// # Errors
///
/// Why it is not known.
pub async fn sweep(site: &Site, sweep: &mut Sweep<'_>) -> Result<(), SourceError> {
    let call = site.clients().sts.get_caller_identity().send();
    let outcome = sweep.call("sts:GetCallerIdentity", "", call).await;
    let outcome = outcome.and_then(|Seen { value, at, call }| match (value.account, value.arn) {
        (Some(account), Some(arn)) => {
            let caller = Caller { account, arn, profile: site.place.profile.clone() };
            Ok(Seen { value: caller, at, call })
        }
        _ => Err(site.fault(SourceError::Malformed("no Account or Arn in the answer".to_owned()))),
    });
    if let Ok(Seen { value: caller, .. }) = &outcome {
        let from = site.scope();
        // What was read under one name stays under it: the number comes too late to name anything.
        let late = site.unnamed.load(Ordering::Acquire) && from.account != caller.account;
        let partition = Arn::parse(&caller.arn).map_or_else(|| "aws".to_owned(), |arn| arn.partition);
        if !late {
            site.rename(&caller.account, &partition);
        }
        if !late && from.account != caller.account {
            let to = Scope::new(caller.account.clone(), from.region.clone());
            sweep.scope = to.clone();
            site.shared.send(Polled::Renamed { from, to }).await;
        }
    }
    let result = outcome.as_ref().map(|_| ()).map_err(|fault| fault.error.clone());
    sweep.data(vec![Delta::Caller(outcome)]).await;
    result
}
