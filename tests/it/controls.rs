//! Defence in depth on the screen: from the matrix of layers and tables to the evidence and the remedy.

use crate::harness::Session;

fn ready(width: u16, height: u16) -> Session {
    let mut session = Session::demo(width, height);
    session.settle();
    session.press("8");
    session
}

/// The row under the cursor's brackets.
fn bracketed(session: &mut Session) -> String {
    let screen = session.screen();
    screen.lines().find(|line| line.contains('[') && line.contains(']')).unwrap_or_default().to_owned()
}

#[test]
fn from_the_worst_cell_to_the_judgement_its_evidence_and_the_remedy() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut session = ready(width, height);
        session.shows("NETWORK").shows("ISOLATE").shows("orders");
        session.press("/ 'name:orders' Enter");
        // Name, network, identity, data, detective, resilience.
        session.press("l l l l l");
        assert!(bracketed(&mut session).contains("[✖"), "{}", session.screen());
        session.press("Enter").shows("orders · resilience").shows("RES-01").hides("ENC-01").shows("c copy the remedy");
        session.press("c");
        let copied = session.copied.last().unwrap_or_else(|| panic!("nothing was copied")).clone();
        assert!(copied.starts_with("aws dynamodb ") && copied.contains("orders"), "{copied}");
        assert!(copied.contains("--region eu-west-1") && !copied.contains('<'), "{copied}");
        session.press("Enter").shows("evidence").shows("mends it");
        session.press("c");
        assert_eq!(session.copied.last(), Some(&copied));
        session.press("Esc Esc").shows("NETWORK");
        assert!(bracketed(&mut session).contains("orders"));
    }
}

#[test]
fn the_worst_stand_first_and_what_belongs_to_no_table_has_its_own_rows() {
    let mut session = ready(120, 40);
    let screen = session.screen();
    let fails = |line: &str| line.matches('✖').count();
    let rows: Vec<&str> = screen.lines().skip_while(|line| !line.contains("NETWORK")).skip(1).collect();
    let counts: Vec<usize> =
        rows.iter().filter(|line| line.contains("-west-") || line.contains("-east-")).map(|line| fails(line)).collect();
    assert!(counts.len() > 20 && counts[0] >= 3, "{screen}");
    assert!(
        counts.is_sorted_by(|above, below| above >= below) && counts.first() > counts.last(),
        "{counts:?}\n{screen}"
    );
    session.press("/ '…' Enter").shows("…3333 eu-west-1");
    session.press("Enter").shows("LOG-01");
    session
        .press("Esc / ^U 'region:eu-west-1 !name:* account:111122223333' Enter")
        .shows("…3333 eu-west-1")
        .shows("1 of ");
}

#[test]
fn a_framework_narrows_the_matrix_and_says_whose_mapping_it_is() {
    let mut session = ready(120, 40);
    session.press("f").shows("framework:security-hub").shows("by published mappings");
    session.press("f").shows("framework:pci-dss-v4");
    session.press("/ ^U 'framework:hipaa name:orders' Enter").shows("orders").hides("…3333 eu-west-1");
    session.press("Enter").shows("orders · hipaa").shows("164.3").hides("NET-01");
    session.press("Esc / ^U 'framework:sox' Enter").shows("no framework");
}

#[test]
fn a_control_named_in_a_ticket_is_found_wherever_it_is_judged() {
    let mut session = ready(120, 40);
    session.press("':det-20' Enter").shows("DET-20").shows("orders").shows("nobody is told of calls on its items");
    session.press("/ 'verdict:pass' Enter").shows("ledger").shows("alarm ledger-items-deleted").hides("nobody is told");
    session.press("Enter").shows("verdict").shows("metricFilters[items-deleted]").shows("asks");
}
