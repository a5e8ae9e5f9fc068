//! AWS Config: recorders, rules, and what they say about resources.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use aws_sdk_config::types::{ComplianceType, ConfigurationRecorder};
use serde_json::Value;

use crate::model::{Compliance, Delta, Evaluation, Outcome, Recorder, Rule, RuleKey, Seen, SourceError};

use super::at_once;
use super::capture::{Capture, raw_of};
use super::member::time;
use super::site::{Pages, Site, Sweep};

/// Evaluations a page; the service's default is ten.
const PAGE: i32 = 100;
/// Pages of any list.
const PAGES: usize = 1000;
/// Rules read at the same time.
const AT_ONCE: usize = 4;

/// Reads the recorders, the rules, every rule's evaluations, and what rules do about them.
///
/// # Errors
///
/// Why the rules could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let recorders = recorders(site, sweep).await;
    sweep.note(&recorders);
    sweep.data(vec![Delta::Recorders(recorders)]).await;
    let outcome = rules(site, sweep).await;
    let (keys, failed) = match &outcome {
        Ok(seen) => (seen.value.iter().map(|rule| rule.key.clone()).collect::<Vec<_>>(), None),
        Err(fault) => (Vec::new(), Some(fault.error.clone())),
    };
    sweep.data(vec![Delta::Rules(outcome)]).await;
    if let Some(error) = failed {
        return Err(error);
    }
    sweep.grow(keys.len()).await;
    at_once(AT_ONCE, keys.iter().map(|key| step(site, sweep, key.clone())).collect()).await;
    super::remediation::sweep(site, sweep, &keys).await;
    Ok(())
}

async fn step(site: &Site, sweep: &Sweep<'_>, key: RuleKey) {
    let outcome = evaluations(site, sweep, &key).await;
    sweep.note(&outcome);
    sweep.data(vec![Delta::Evaluations(key, outcome)]).await;
    sweep.step().await;
}

async fn recorders(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<Recorder>> {
    let call = site.clients().config.describe_configuration_recorders().send();
    let Seen { value, at, call } = sweep.call("config:DescribeConfigurationRecorders", "", call).await?;
    let request = site.clients().config.describe_configuration_recorder_status().send();
    // A status that cannot be read leaves `recording` unknown, and the recorder itself known.
    let states = sweep.call("config:DescribeConfigurationRecorderStatus", "", request).await;
    sweep.note(&states);
    let unread = states.as_ref().err().map(|fault| fault.error.clone());
    let states = states.map(|seen| seen.value.configuration_recorders_status.unwrap_or_default()).unwrap_or_default();
    let recorders = value.configuration_recorders.unwrap_or_default().into_iter();
    let recorders = recorders
        .map(|found| {
            let state = states.iter().find(|state| state.name == found.name);
            let last = state.and_then(|state| state.last_status.as_ref()).map(|status| status.as_str().to_owned());
            Recorder { unread: unread.clone(), ..recorder(found, state.map(|state| state.recording), last) }
        })
        .collect();
    Ok(Seen { value: recorders, at, call })
}

fn recorder(found: ConfigurationRecorder, recording: Option<bool>, last_status: Option<String>) -> Recorder {
    let names = |types: Option<Vec<aws_sdk_config::types::ResourceType>>| -> Vec<String> {
        types.unwrap_or_default().iter().map(|kind| kind.as_str().to_owned()).collect()
    };
    let group = found.recording_group;
    let excluded = group.as_ref().and_then(|group| group.exclusion_by_resource_types.clone());
    let frequency = found.recording_mode.map(|mode| mode.recording_frequency.as_str().to_owned());
    Recorder {
        name: found.name.unwrap_or_default(),
        recording,
        unread: None,
        last_status,
        all_supported: group.as_ref().is_some_and(|group| group.all_supported),
        resource_types: names(group.and_then(|group| group.resource_types)),
        excluded_types: names(excluded.and_then(|excluded| excluded.resource_types)),
        frequency,
    }
}

async fn rules(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<Rule>> {
    let (mut rules, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    let (at, call) = loop {
        let capture = Capture::default();
        let request = site.clients().config.describe_config_rules().set_next_token(next);
        let request = request.customize().interceptor(capture.clone()).send();
        let Seen { value, at, call } = sweep.call("config:DescribeConfigRules", "", request).await?;
        pages.saw(value.config_rules().iter().filter_map(|rule| rule.config_rule_name()));
        let raw = capture.json();
        for found in value.config_rules.unwrap_or_default() {
            let Some(name) = found.config_rule_name else { continue };
            let kinds = found.scope.and_then(|scope| scope.compliance_resource_types);
            rules.push(Rule {
                raw: raw_of(&raw["ConfigRules"], "ConfigRuleName", &name),
                key: RuleKey { scope: sweep.scope.clone(), name },
                arn: found.config_rule_arn,
                identifier: found.source.and_then(|source| source.source_identifier),
                state: found.config_rule_state.map(|state| state.as_str().to_owned()),
                description: found.description,
                compliance: None,
                unread: None,
                resource_types: kinds.unwrap_or_default(),
            });
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            break (at, call);
        }
    };
    let verdicts = verdicts(site, sweep).await;
    sweep.note(&verdicts);
    for rule in &mut rules {
        match &verdicts {
            Ok(verdicts) => rule.compliance = verdicts.value.get(&rule.key.name).copied(),
            Err(fault) => rule.unread = Some(fault.error.clone()),
        }
    }
    Ok(Seen { value: rules, at, call })
}

/// Each rule's verdict over all its resources.
async fn verdicts(site: &Site, sweep: &Sweep<'_>) -> Outcome<BTreeMap<String, Compliance>> {
    let (mut verdicts, mut next, mut pages) = (BTreeMap::new(), None, Pages::new(PAGES));
    loop {
        let request = site.clients().config.describe_compliance_by_config_rule().set_next_token(next).send();
        let Seen { value, at, call } = sweep.call("config:DescribeComplianceByConfigRule", "", request).await?;
        pages.saw(value.compliance_by_config_rules().iter().filter_map(|of| of.config_rule_name()));
        verdicts.extend(value.compliance_by_config_rules.unwrap_or_default().into_iter().filter_map(|of| {
            let verdict = compliance(&of.compliance?.compliance_type?)?;
            Some((of.config_rule_name?, verdict))
        }));
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: verdicts, at, call });
        }
    }
}

async fn evaluations(site: &Site, sweep: &Sweep<'_>, key: &RuleKey) -> Outcome<Vec<Evaluation>> {
    let (mut all, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    let mut rests = HashSet::new();
    loop {
        let capture = Capture::default();
        let request = site.clients().config.get_compliance_details_by_config_rule();
        let request = request.config_rule_name(&key.name).limit(PAGE).set_next_token(next);
        let call = request.customize().interceptor(capture.clone()).send();
        let Seen { value, at, call } = sweep.call("config:GetComplianceDetailsByConfigRule", &key.name, call).await?;
        pages.saw(
            value.evaluation_results().iter().filter_map(|result| {
                result.evaluation_result_identifier()?.evaluation_result_qualifier()?.resource_id()
            }),
        );
        let mut body = capture.json();
        for result in body["EvaluationResults"].as_array_mut().map(std::mem::take).unwrap_or_default() {
            let Some(of) = evaluation(key, result, &mut rests) else {
                let error = "an evaluation without a resource or a verdict".to_owned();
                return Err(site.fault(SourceError::Malformed(error)));
            };
            all.push(of);
        }
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: all, at, call });
        }
    }
}

/// Reads one result; what has no member of its own here is kept beside, once for all that say the same.
fn evaluation(key: &RuleKey, mut result: Value, rests: &mut HashSet<Arc<str>>) -> Option<Evaluation> {
    let [recorded, invoked] = ["ResultRecordedTime", "ConfigRuleInvokedTime"].map(|name| time(&result, &[name]));
    let verdict = compliance(&ComplianceType::from(result["ComplianceType"].as_str()?))?;
    let annotation = result["Annotation"].as_str().map(str::to_owned);
    let id = result.get_mut("EvaluationResultIdentifier")?.as_object_mut()?;
    let ordered = id.get("OrderingTimestamp").and_then(|at| time(at, &[]));
    let about = id.get_mut("EvaluationResultQualifier")?.as_object_mut()?;
    let word = |of: Option<Value>| of.and_then(|of| of.as_str().map(str::to_owned)).unwrap_or_default();
    let (resource_type, resource_id) = (word(about.remove("ResourceType")), word(about.remove("ResourceId")));
    // The rule is the one that was asked about.
    about.remove("ConfigRuleName");
    if ordered.is_some() {
        id.remove("OrderingTimestamp");
    }
    let result = result.as_object_mut()?;
    for (known, name) in [
        (true, "ComplianceType"),
        (annotation.is_some(), "Annotation"),
        (recorded.is_some(), "ResultRecordedTime"),
        (invoked.is_some(), "ConfigRuleInvokedTime"),
    ] {
        if known {
            result.remove(name);
        }
    }
    let rest = serde_json::to_string(result).ok()?;
    let rest = rests.get(rest.as_str()).cloned().unwrap_or_else(|| {
        let rest: Arc<str> = rest.into();
        rests.insert(rest.clone());
        rest
    });
    let rule = key.clone();
    Some(Evaluation {
        rule,
        resource_type,
        resource_id,
        compliance: verdict,
        annotation,
        recorded,
        invoked,
        ordered,
        rest: Some(rest),
    })
}

fn compliance(kind: &ComplianceType) -> Option<Compliance> {
    match kind {
        ComplianceType::Compliant => Some(Compliance::Compliant),
        ComplianceType::NonCompliant => Some(Compliance::NonCompliant),
        ComplianceType::NotApplicable => Some(Compliance::NotApplicable),
        ComplianceType::InsufficientData => Some(Compliance::InsufficientData),
        _ => None,
    }
}
