//! What rules of AWS Config do about what they find, and how that went.

use std::collections::BTreeMap;

use aws_sdk_config::types::{RemediationExecutionStatus, RemediationExecutionStepState, ResourceKey};

use crate::model::{Delta, Outcome, Remediation, RuleKey, Run, Runs, Seen, SourceError};

use super::site::{Pages, Site, Sweep};
use super::{at_once, time};

/// Rules a call may name.
const BATCH: usize = 25;
/// Resources a page.
const PAGE: i32 = 100;
/// Pages of one rule's runs.
const PAGES: usize = 1000;
/// Rules read at the same time.
const AT_ONCE: usize = 4;

/// Reads the remediation of every rule, and the runs of those that have one.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>, rules: &[RuleKey]) {
    let mut with = Vec::new();
    for batch in rules.chunks(BATCH) {
        let outcome = configured(site, sweep, batch).await;
        sweep.note(&outcome);
        let of = |key: &RuleKey| {
            let own = match &outcome {
                Ok(Seen { value, at, call }) => {
                    Ok(Seen { value: value.get(&key.name).cloned(), at: *at, call: call.clone() })
                }
                Err(fault) => Err(fault.clone()),
            };
            Delta::Remediation(key.clone(), own)
        };
        sweep.data(batch.iter().map(of).collect()).await;
        if let Ok(seen) = outcome {
            with.extend(batch.iter().filter(|key| seen.value.contains_key(&key.name)).cloned());
        }
    }
    sweep.grow(with.len()).await;
    at_once(AT_ONCE, with.into_iter().map(|key| step(site, sweep, key)).collect()).await;
}

async fn step(site: &Site, sweep: &Sweep<'_>, key: RuleKey) {
    let outcome = runs(site, sweep, &key.name).await;
    sweep.note(&outcome);
    sweep.data(vec![Delta::Runs(key, outcome)]).await;
    sweep.step().await;
}

/// The remediations of these rules, by name; rules without any are left out of the answer.
async fn configured(site: &Site, sweep: &Sweep<'_>, rules: &[RuleKey]) -> Outcome<BTreeMap<String, Remediation>> {
    let names = rules.iter().map(|key| key.name.clone()).collect();
    let call = site.clients().config.describe_remediation_configurations().set_config_rule_names(Some(names)).send();
    let Seen { value, at, call } = sweep.call("config:DescribeRemediationConfigurations", "", call).await?;
    let Some(found) = value.remediation_configurations else {
        return Err(site.fault(SourceError::Malformed("no RemediationConfigurations in the answer".to_owned())));
    };
    let remediation = |of: aws_sdk_config::types::RemediationConfiguration| {
        let value = Remediation {
            target: of.target_id,
            version: of.target_version,
            automatic: of.automatic,
            attempts: of.maximum_automatic_attempts,
            retry_seconds: of.retry_attempt_seconds,
        };
        (of.config_rule_name, value)
    };
    Ok(Seen { value: found.into_iter().map(remediation).collect(), at, call })
}

async fn runs(site: &Site, sweep: &Sweep<'_>, rule: &str) -> Outcome<Runs> {
    let (mut runs, mut next, mut pages) = (Runs::default(), None, Pages::new(PAGES));
    loop {
        let request = site.clients().config.describe_remediation_execution_status().config_rule_name(rule);
        let call = request.limit(PAGE).set_next_token(next).send();
        let Seen { value, at, call } = sweep.call("config:DescribeRemediationExecutionStatus", rule, call).await?;
        let Some(found) = value.remediation_execution_statuses else {
            return Err(site.fault(SourceError::Malformed("no RemediationExecutionStatuses in the answer".to_owned())));
        };
        pages.saw(found.iter().filter_map(|of| of.resource_key().map(ResourceKey::resource_id)));
        for of in found {
            let Some(run) = run(of) else {
                let error = "a run without a resource or a state".to_owned();
                return Err(site.fault(SourceError::Malformed(error)));
            };
            *runs.states.entry(run.state.clone()).or_default() += 1;
            if runs.last.as_ref().is_none_or(|last| last.invoked < run.invoked) {
                runs.last = Some(run);
            }
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: runs, at, call });
        }
    }
}

fn run(of: RemediationExecutionStatus) -> Option<Run> {
    let about = of.resource_key?;
    let bad = |state: Option<&RemediationExecutionStepState>| {
        !matches!(state, Some(RemediationExecutionStepState::Succeeded | RemediationExecutionStepState::Pending))
    };
    let steps = of.step_details.unwrap_or_default();
    let errors: Vec<String> =
        steps.into_iter().filter(|step| bad(step.state.as_ref())).filter_map(|step| step.error_message).collect();
    Some(Run {
        state: of.state?.as_str().to_owned(),
        invoked: of.invocation_time.and_then(time),
        resource_type: about.resource_type.as_str().to_owned(),
        resource: about.resource_id,
        error: (!errors.is_empty()).then(|| errors.join("; ")),
    })
}
