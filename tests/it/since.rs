//! What changed: while one watches, since one looked last, and for whoever takes over.

use std::time::Duration;

use dynakeep::store::changes::{Change, Changed, Turn, VerdictChange, Way};

use crate::harness::Session;

/// The demo as the dashboard first shows it.
fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session
}

#[test]
fn the_acts_of_the_story_are_changes_and_the_first_sweep_is_none() {
    let mut session = ready(120, 40);
    assert_eq!(session.app.store.changes().len(), 0, "{:#?}", session.app.store.changes());
    session.run(Duration::from_secs(20 * 60));
    let changes = session.app.store.changes();
    let fell = |control: &str, resource: &str| {
        let of = |(_, of): &(_, &VerdictChange)| {
            of.control == control && of.resource.contains(resource) && of.way == Way::Fell
        };
        changes.verdicts().any(|change| of(&change))
    };
    // A public policy is put on `orders`, an endpoint's policy is widened, the trail is stopped.
    assert!(fell("IAM-10", "eu-west-1:111122223333:table/orders"), "{changes:#?}");
    assert!(fell("NET-03", "111122223333/eu-west-1/vpce-"), "{changes:#?}");
    assert!(fell("LOG-01", "111122223333/eu-west-1"), "{changes:#?}");
    let new = |change: &&Change| matches!(&change.what, Changed::Finding(of) if of.turn == Turn::New);
    assert!(changes.iter().any(|change| new(&change)), "GuardDuty raises more: {changes:#?}");
    // Each says when it was noticed, and when what it rests on was read.
    for change in changes.iter() {
        assert!(change.evidence.is_none_or(|of| of <= change.at), "{change:#?}");
    }
}
