//! What a denial does to verdicts: each operation in turn, over the demo account.

use std::collections::{BTreeMap, BTreeSet};

use dynakeep::aws::Settings;
use dynakeep::controls::{CATALOGUE, Judge};
use dynakeep::model::{Arn, Verdict};
use dynakeep::operations;
use dynakeep::wire::demo::{Demo, DemoOptions};
use dynakeep::wire::fault::Fault;

use crate::faults::POLLED;
use crate::harness::{Session, demo_options, settings};

type Verdicts = BTreeMap<(&'static str, String), (Verdict, Option<String>, String)>;

/// One scope of the demo account, swept once while something is denied.
fn verdicts(denied: &[&str]) -> Verdicts {
    let options = DemoOptions { tables: 0, findings: 0, events: 50, ..demo_options() };
    let settings = Settings { regions: vec!["eu-west-1".to_owned()], ..settings() };
    let mut session = Session::over(Demo::new(options, None).wire(), settings, (120, 40), true, |injector| {
        denied.iter().for_each(|operation| injector.set(operation, Fault::AccessDenied));
    });
    session.settle();
    let all = session.app.store.judgements();
    all.map(|one| ((one.control, one.resource.clone()), (one.verdict, one.missing_action.clone(), one.reason.clone())))
        .collect()
}

/// The account and region that a resource lies in, as far as its name says.
fn place(resource: &str) -> (String, String) {
    if let Some(arn) = Arn::parse(resource) {
        return (arn.account, arn.region);
    }
    let mut parts = resource.split('/').map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What each denial does to each control: `operations` says of which operations it rests.
#[test]
fn a_denied_operation_makes_unknown_what_rests_on_it_and_nothing_else_and_no_row_vanishes() {
    let whole = verdicts(&[]);
    let named = CATALOGUE.iter().flat_map(|control| control.operations.iter().copied());
    let operations: BTreeSet<&str> = named.chain(POLLED.iter().map(|(label, _)| *label)).collect();
    let (mut turned, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for operation in &operations {
        let actions = operations::by_label(operation).unwrap_or_else(|| panic!("{operation} has no row")).actions;
        let now = verdicts(&[operation]);
        let names = |missing: &Option<String>| missing.as_deref().is_some_and(|missing| actions.contains(&missing));
        for control in CATALOGUE {
            // Tables are judged where they are listed: each of their controls rests on that as well.
            let of_tables = matches!(control.judge, Judge::Table(_)) && *operation == "dynamodb:ListTables";
            let rests = of_tables || control.operations.contains(operation);
            let rows = |of: &Verdicts| -> BTreeMap<String, (Verdict, Option<String>, String)> {
                let of = of.iter().filter(|((id, _), _)| *id == control.id);
                of.map(|((_, resource), row)| (resource.clone(), row.clone())).collect()
            };
            let (before, after) = (rows(&whole), rows(&now));
            for resource in before.keys().filter(|resource| !after.contains_key(*resource)) {
                // What went because its list was denied is stood for by one row of its scope.
                let stands = |other: &str| {
                    let (here, there) = (place(resource), place(other));
                    here.0 == there.0 && (here.1 == there.1 || there.1.is_empty())
                };
                let stood =
                    after.iter().any(|(other, row)| row.0 == Verdict::Unknown && names(&row.1) && stands(other));
                if !stood || !rests {
                    wrong.push(format!("{operation} denied: the row of {} about {resource} is gone", control.id));
                }
            }
            for (resource, (verdict, missing, reason)) in &after {
                let known = before.get(resource).map(|(known, ..)| *known);
                // What does not apply to its class may well hold for the strictest, where the class is not known.
                let holds = (known, *verdict) == (Some(Verdict::NotApplicable), Verdict::Pass);
                if known == Some(*verdict) || holds && rests {
                    continue;
                }
                // What is not as it was is unknown, and says which action is missing.
                if *verdict != Verdict::Unknown || !names(missing) {
                    let (id, known) = (control.id, known.map(Verdict::word));
                    wrong.push(format!("{operation} denied: {id} about {resource} was {known:?} and is {verdict:?}, names {missing:?}: {reason}"));
                } else if !rests {
                    wrong.push(format!("{operation} denied: {} is unknown, and does not list it", control.id));
                }
                *turned.entry(operation).or_default() += 1;
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Some rest on what no table of this scope has: provisioned capacity, a time to live.
    let of_controls = |operation: &&str| CATALOGUE.iter().any(|control| control.operations.contains(operation));
    let listed: Vec<&&str> = operations.iter().filter(|operation| of_controls(operation)).collect();
    let idle: Vec<&&&str> = listed.iter().filter(|operation| !turned.contains_key(**operation)).collect();
    assert!(idle.len() * 10 < listed.len(), "controls list what no verdict rests on: {idle:?}");
}

#[test]
fn with_every_operation_denied_each_control_is_still_listed_and_unknown() {
    let operations: BTreeSet<&str> = CATALOGUE.iter().flat_map(|control| control.operations.iter().copied()).collect();
    let now = verdicts(&operations.into_iter().collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for control in CATALOGUE {
        let of: Vec<_> = now.iter().filter(|((id, _), _)| *id == control.id).collect();
        assert!(!of.is_empty(), "no row of {} is left", control.id);
        for (row, (verdict, _, reason)) in of {
            if !matches!(verdict, Verdict::Unknown | Verdict::Manual) {
                wrong.push(format!("{row:?} is {verdict:?}: {reason}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
