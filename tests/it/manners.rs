//! How it behaves towards whoever looks, and towards AWS while nobody does.

use std::time::Duration;

use crate::harness::Session;

#[test]
fn while_nobody_looks_it_asks_less_often_and_catches_up_when_somebody_does() {
    let ten = Duration::from_secs(600);
    let asked = |attended: bool| {
        let mut session = Session::demo(100, 30);
        session.settle();
        session.focus(attended);
        // What was waiting when it changed is over first.
        session.run(Duration::from_secs(120));
        let before = session.app.store.calls();
        session.run(ten);
        (session.app.store.calls() - before, session)
    };
    let ((often, _), (seldom, mut session)) = (asked(true), asked(false));
    println!("calls in ten minutes: {often} looked at, {seldom} not");
    assert!(seldom * 2 < often, "{seldom} calls in place of {often}");
    assert!(seldom > 0, "it goes on, for what is critical rings");
    let before = session.app.store.calls();
    session.focus(true);
    session.run(Duration::from_secs(3));
    assert!(session.app.store.calls() > before + 10, "whoever comes back finds the pauses over");
}

#[test]
fn what_is_looked_at_has_its_address_in_the_console() {
    let mut session = Session::demo(120, 40);
    session.settle();
    let mut copied = |keys: &str| {
        session.press(keys).shows("copied: https://");
        session.copied.last().cloned().unwrap_or_default()
    };
    let home = |service: &str| format!("https://eu-west-1.console.aws.amazon.com/{service}/home?region=eu-west-1#");
    assert!(copied("2 o").starts_with(&(home("guardduty") + "/findings?search=id%3D")));
    assert_eq!(copied(": 'table ledger' Enter o"), home("dynamodbv2") + "table?name=ledger");
    assert!(copied("7 o").contains("/cloudtrailv2/home?region="));
    assert!(copied("6 o").contains("/vpcconsole/home?region="));
    assert!(copied("3 o").contains("/config/home?region="));
    session.press(": 'practices' Enter o").shows("the console has no page for this");
}
