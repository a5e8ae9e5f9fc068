//! What the demo account shows of each control.

use std::collections::{BTreeMap, BTreeSet};

use dynakeep::controls::CATALOGUE;
use dynakeep::controls::facts::Observable;

use crate::harness::Session;

#[test]
fn every_control_is_seen_well_and_ill_in_the_demo_account() {
    let mut session = Session::demo(120, 40);
    session.settle();
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for judgement in session.app.store.judgements() {
        seen.entry(judgement.control).or_default().insert(judgement.verdict.word());
    }
    let mut missing = Vec::new();
    // What only a person knows, the demo account cannot show: nobody attests to anything there.
    for control in CATALOGUE.iter().filter(|control| control.facts().observable != Observable::None) {
        let of = seen.remove(control.id).unwrap_or_default();
        if !of.contains("pass") || !(of.contains("fail") || of.contains("warn")) {
            missing.push(format!("{} {of:?}", control.id));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
