//! GuardDuty: detectors and findings.

use std::sync::PoisonError;

use aws_sdk_guardduty::types::{Condition, FindingCriteria, OrderBy, SortCriteria};
use jiff::SignedDuration;

use crate::model::{Delta, Detector, Fault, Finding, FindingFilter, Outcome, Seen, SourceError};

use super::capture::Capture;
use super::site::{Pages, Site, Sweep};
use super::{at_once, finding};

/// Ids a page, and findings a call.
const PAGE: usize = 50;
/// Pages of any list: 50,000 findings of one scope.
const PAGES: usize = 1000;
/// Detectors, or batches of findings, read at the same time.
const AT_ONCE: usize = 4;
/// How often every finding is listed again: archived and expired ones are not told of by `UpdatedAt`.
const WHOLE: SignedDuration = SignedDuration::from_mins(30);

/// Reads the detectors; then all findings the first time and now and then, and those updated since in between.
///
/// # Errors
///
/// Why the detectors or the findings could not be listed.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    let outcome = detectors(site, sweep).await;
    let ids: Vec<String> = match &outcome {
        Ok(seen) => seen.value.iter().map(|detector| detector.id.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let failed = outcome.as_ref().err().cloned();
    let none = outcome.as_ref().is_ok_and(|seen| seen.value.is_empty());
    sweep.data(vec![Delta::Detectors(outcome)]).await;
    let failed = match (failed, none) {
        (Some(fault), _) => Some(fault),
        (None, true) => {
            Some(site.fault(SourceError::NotEnabled("GuardDuty has no detector in this region".to_owned())))
        }
        (None, false) => None,
    };
    if let Some(fault) = failed {
        let error = fault.error.clone();
        sweep.data(vec![Delta::FindingIds(Err(fault))]).await;
        return Err(error);
    }
    let filters = filters(site, sweep, &ids).await;
    sweep.note(&filters);
    sweep.data(vec![Delta::Filters(filters)]).await;
    let (since, whole) = {
        let memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = memory.findings_listed.is_none_or(|listed| site.now().duration_since(listed) > WHOLE);
        (memory.findings.values().max().copied().filter(|_| !whole), whole)
    };
    let began = site.now();
    let (mut all, mut unread) = (None::<Seen<Vec<String>>>, None::<Fault>);
    for detector in ids {
        let listed = match list(site, sweep, &detector, since).await {
            Ok(listed) => listed,
            Err(fault) => {
                let error = fault.error.clone();
                sweep.data(vec![Delta::FindingIds(Err(fault))]).await;
                return Err(error);
            }
        };
        let ids = listed.value.clone();
        match &mut all {
            Some(all) => all.value.extend(listed.value),
            None => all = Some(listed),
        }
        let (fault, nameless) = read(site, sweep, &detector, ids).await;
        unread = unread.or(fault);
        // What came without an id is known by one of ours, which no list names.
        all.iter_mut().for_each(|all| all.value.extend(nameless.iter().cloned()));
    }
    let complete = unread.is_none();
    let ids = match (unread, all.filter(|_| whole)) {
        // Ids without what they stand for are no list of findings: nothing may be concluded from their number.
        (Some(fault), _) => Some(Err(fault)),
        (None, all) => all.map(Ok),
    };
    sweep.data(ids.map(Delta::FindingIds).into_iter().collect()).await;
    if whole || !complete {
        // What could not be read is asked for again by the next sweep, whenever it was updated.
        let listed = complete.then_some(began);
        site.memory.lock().unwrap_or_else(PoisonError::into_inner).findings_listed = listed;
    }
    Ok(())
}

/// The ids of the detectors.
///
/// # Errors
///
/// Why they could not be listed.
pub(super) async fn ids(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<String>> {
    let (mut ids, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    loop {
        let call = site.clients().guardduty.list_detectors().set_next_token(next).send();
        let Seen { value, at, call } = sweep.call("guardduty:ListDetectors", "", call).await?;
        pages.saw(value.detector_ids().iter().map(String::as_str));
        ids.extend(value.detector_ids.unwrap_or_default());
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: ids, at, call });
        }
    }
}

async fn detectors(site: &Site, sweep: &Sweep<'_>) -> Outcome<Vec<Detector>> {
    let Seen { value: ids, at, call } = ids(site, sweep).await?;
    let mut detectors = Vec::new();
    for id in ids {
        let request = site.clients().guardduty.get_detector().detector_id(&id).send();
        let found = sweep.call("guardduty:GetDetector", &id, request).await?.value;
        let frequency = found.finding_publishing_frequency.map(|frequency| frequency.as_str().to_owned());
        let Some(status) = found.status else {
            return Err(site.fault(SourceError::Malformed("no Status in the answer".to_owned())));
        };
        let is_on = |status: aws_sdk_guardduty::types::FeatureStatus| status.as_str().eq_ignore_ascii_case("ENABLED");
        let features = found.features.unwrap_or_default().into_iter();
        detectors.push(Detector {
            id,
            enabled: status.as_str().eq_ignore_ascii_case("ENABLED"),
            publishing_frequency: frequency,
            features: features
                .filter_map(|feature| Some((feature.name?.as_str().to_owned(), is_on(feature.status?))))
                .collect(),
        });
    }
    Ok(Seen { value: detectors, at, call })
}

/// The filters of the scope's detectors, each read by name.
async fn filters(site: &Site, sweep: &Sweep<'_>, detectors: &[String]) -> Outcome<Vec<FindingFilter>> {
    let mut filters: Option<Seen<Vec<FindingFilter>>> = None;
    for detector in detectors {
        let (mut names, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
        let (at, call) = loop {
            let request = site.clients().guardduty.list_filters().detector_id(detector).max_results(PAGE as i32);
            let call = request.set_next_token(next).send();
            let Seen { value, at, call } = sweep.call("guardduty:ListFilters", "", call).await?;
            pages.saw(value.filter_names().iter().map(String::as_str));
            names.extend(value.filter_names.unwrap_or_default());
            next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
            if next.is_none() {
                break (at, call);
            }
        };
        let all = filters.get_or_insert(Seen { value: Vec::new(), at, call });
        for name in names {
            let request = site.clients().guardduty.get_filter().detector_id(detector).filter_name(&name).send();
            let found = sweep.call("guardduty:GetFilter", &name, request).await?.value;
            let Some(action) = found.action else {
                return Err(site.fault(SourceError::Malformed("no Action in the answer".to_owned())));
            };
            let criteria = found.finding_criteria.and_then(|of| of.criterion).unwrap_or_default();
            let mut criteria: Vec<_> = criteria.into_iter().flat_map(|(field, of)| conditions(&field, of)).collect();
            criteria.sort();
            all.value.push(FindingFilter { name, action: action.as_str().to_owned(), criteria });
        }
    }
    filters.ok_or_else(|| site.fault(SourceError::NotEnabled("GuardDuty has no detector in this region".to_owned())))
}

/// What a criterion asks of a field, by operator; the old names of operators mean the same.
#[expect(deprecated, reason = "filters that were written with the old names still answer with them")]
fn conditions(field: &str, of: Condition) -> Vec<(String, &'static str, Vec<String>)> {
    let number = |of: Option<i64>| of.map(|of| vec![of.to_string()]);
    let old = |of: Option<i32>| of.map(|of| vec![of.to_string()]);
    let all = [
        ("Equals", of.equals.or(of.eq)),
        ("NotEquals", of.not_equals.or(of.neq)),
        ("GreaterThan", number(of.greater_than).or(old(of.gt))),
        ("GreaterThanOrEqual", number(of.greater_than_or_equal).or(old(of.gte))),
        ("LessThan", number(of.less_than).or(old(of.lt))),
        ("LessThanOrEqual", number(of.less_than_or_equal).or(old(of.lte))),
        ("Matches", of.matches),
        ("NotMatches", of.not_matches),
    ];
    let given = all.into_iter().filter_map(|(operator, values)| Some((operator, values.filter(|of| !of.is_empty())?)));
    given.map(|(operator, values)| (field.to_owned(), operator, values)).collect()
}

/// The ids of findings, newest first: of all, or of those updated at or after a moment in milliseconds.
async fn list(site: &Site, sweep: &Sweep<'_>, detector: &str, since: Option<i64>) -> Outcome<Vec<String>> {
    let updated = since.map(|since| Condition::builder().greater_than_or_equal(since).build());
    let criteria = updated.map(|updated| FindingCriteria::builder().criterion("updatedAt", updated).build());
    let sort = SortCriteria::builder().attribute_name("updatedAt").order_by(OrderBy::Desc).build();
    let (mut ids, mut next, mut pages) = (Vec::new(), None, Pages::new(PAGES));
    loop {
        let call = site
            .clients()
            .guardduty
            .list_findings()
            .detector_id(detector)
            .set_finding_criteria(criteria.clone())
            .sort_criteria(sort.clone())
            .max_results(PAGE as i32)
            .set_next_token(next)
            .send();
        let Seen { value, at, call } = sweep.call("guardduty:ListFindings", "", call).await?;
        pages.saw(value.finding_ids().iter().map(String::as_str));
        ids.extend(value.finding_ids.unwrap_or_default());
        next = pages.next(value.next_token).map_err(|error| site.fault(error))?;
        if next.is_none() {
            return Ok(Seen { value: ids, at, call });
        }
    }
}

/// Reads findings, fifty at a time, and sends them as they come; gives why some could not be read, if so, and the ids
/// that were given to those that came without one.
async fn read(site: &Site, sweep: &Sweep<'_>, detector: &str, ids: Vec<String>) -> (Option<Fault>, Vec<String>) {
    let batches: Vec<Vec<String>> = ids.chunks(PAGE).map(<[String]>::to_vec).collect();
    sweep.grow(batches.len()).await;
    let read = batches.into_iter().map(|ids| batch(site, sweep, detector, ids)).collect();
    let (mut fault, mut nameless) = (None, Vec::new());
    for outcome in at_once(AT_ONCE, read).await {
        match outcome {
            Ok(ids) => nameless.extend(ids),
            Err(failed) => fault = fault.or(Some(failed)),
        }
    }
    (fault, nameless)
}

async fn batch(site: &Site, sweep: &Sweep<'_>, detector: &str, ids: Vec<String>) -> Result<Vec<String>, Fault> {
    let outcome = get(site, sweep, detector, ids.clone()).await;
    sweep.note(&outcome);
    let read = match outcome {
        Ok(seen) => {
            let broken = |finding: &Finding| Some((finding.id.clone(), finding.broken.clone()?));
            let broken: Vec<(String, String)> = seen.value.iter().filter_map(broken).collect();
            for (_, reason) in &broken {
                let error = SourceError::Malformed(format!("a finding could not be understood: {reason}"));
                sweep.note::<()>(&Err(site.fault(error)));
            }
            remember(site, &seen.value);
            sweep.data(vec![Delta::Findings(seen.value)]).await;
            Ok(broken.into_iter().map(|(id, _)| id).filter(|id| !ids.contains(id)).collect())
        }
        Err(fault) => Err(fault),
    };
    sweep.step().await;
    read
}

fn remember(site: &Site, findings: &[Finding]) {
    let mut memory = site.memory.lock().unwrap_or_else(PoisonError::into_inner);
    for finding in findings.iter().filter(|finding| finding.broken.is_none()) {
        let updated = finding.updated.map_or(0, jiff::Timestamp::as_millisecond);
        memory.findings.insert(finding.id.clone(), updated);
    }
}

async fn get(site: &Site, sweep: &Sweep<'_>, detector: &str, ids: Vec<String>) -> Outcome<Vec<Finding>> {
    let capture = Capture::default();
    let request = site.clients().guardduty.get_findings().detector_id(detector).set_finding_ids(Some(ids));
    let call = request.customize().interceptor(capture.clone()).send();
    let seen = sweep.call("guardduty:GetFindings", "", call).await?;
    match finding::all(&capture.text(), &sweep.scope) {
        Some(findings) => Ok(seen.map(|_| findings)),
        None => Err(site.fault(SourceError::Malformed("the answer holds no list of findings".to_owned()))),
    }
}
