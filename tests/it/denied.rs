//! What a denial does to verdicts: each operation in turn, over the demo account.

use std::collections::{BTreeMap, BTreeSet};

use dynakeep::aws::Settings;
use dynakeep::controls::CATALOGUE;
use dynakeep::model::Verdict;
use dynakeep::operations;
use dynakeep::wire::demo::{Demo, DemoOptions};
use dynakeep::wire::fault::Fault;

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

#[test]
fn a_denied_operation_makes_unknown_what_rests_on_it_and_nothing_else_and_no_row_vanishes() {
    let whole = verdicts(&[]);
    let operations: BTreeSet<&str> = CATALOGUE.iter().flat_map(|control| control.operations.iter().copied()).collect();
    let (mut turned, mut wrong) = (0, Vec::new());
    for operation in &operations {
        let actions = operations::by_label(operation).unwrap_or_else(|| panic!("{operation} has no row")).actions;
        let now = verdicts(&[operation]);
        for control in CATALOGUE {
            let rows = |of: &Verdicts| of.keys().filter(|(id, _)| *id == control.id).count();
            if rows(&whole) > 0 && rows(&now) == 0 {
                wrong.push(format!("{operation} denied: no row of {} is left", control.id));
            }
        }
        for (row, (verdict, missing, reason)) in &now {
            let before = whole.get(row).map(|(before, ..)| *before);
            // What does not apply to its class may well hold for the strictest, where the class is not known.
            let holds = (before, *verdict) == (Some(Verdict::NotApplicable), Verdict::Pass);
            if before == Some(*verdict) || holds {
                continue;
            }
            // What is not as it was is unknown, and says which action is missing.
            let named = missing.as_deref().is_some_and(|missing| actions.contains(&missing));
            if *verdict != Verdict::Unknown || !named {
                wrong.push(format!("{operation} denied: {row:?} is {verdict:?}, names {missing:?}: {reason}"));
            }
            turned += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(turned > 2 * operations.len(), "{turned} verdicts turned over {} operations", operations.len());
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
