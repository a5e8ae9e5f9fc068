//! The policy evaluator and its lint, held against others' judgement. `tests/live/policies.py` asks those others, writes
//! down what they said, and names the file in `DYNAKEEP_TEST_POLICIES`; without that there is nothing to test here, and
//! the test says so.

use dynakeep::policy::{Asker, Context, Document, Request, evaluate, lint, public_statements};
use serde::Deserialize;

/// What others said.
#[derive(Deserialize)]
struct Said {
    decide: Vec<Decided>,
    expand: Vec<Expanded>,
    public: Vec<Public>,
    lint: Vec<Linted>,
}

/// Requests of one identity: action, resource, and whether it goes through.
#[derive(Deserialize)]
struct Decided {
    who: String,
    documents: Vec<String>,
    asks: Vec<(String, String, bool)>,
}

/// A document of one statement, and which actions its `Action` or `NotAction` holds.
#[derive(Deserialize)]
struct Expanded {
    document: String,
    asks: Vec<(String, bool)>,
}

/// A document, and whether it lets anybody in.
#[derive(Deserialize)]
struct Public {
    document: String,
    open: bool,
}

/// A document, and whether any of some faults is in it.
#[derive(Deserialize)]
struct Linted {
    document: String,
    of_identity: bool,
    faults: Vec<String>,
    found: bool,
}

#[test]
fn policies_are_judged_as_others_judge_them() {
    let Ok(path) = std::env::var("DYNAKEEP_TEST_POLICIES") else {
        println!("skipped: DYNAKEEP_TEST_POLICIES names no file");
        return;
    };
    let said: Said = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut compare = |ours: bool, theirs: bool, what: &dyn Fn() -> String| {
        if ours != theirs {
            wrong.push(format!("{}: ours {ours}, theirs {theirs}", what()));
        }
    };
    let context = Context::default();
    for of in &said.decide {
        let documents: Vec<Document> = of.documents.iter().map(|text| Document::parse(text).unwrap()).collect();
        let documents: Vec<&Document> = documents.iter().collect();
        for (action, resource, allowed) in &of.asks {
            let request = Request { principal: Asker::Aws(&of.who), action, resource, context: &context };
            let what = || format!("{} {action} on {resource} by {:?}", of.who, of.documents);
            compare(evaluate(&documents, &request).is_allowed(), *allowed, &what);
        }
    }
    for of in &said.expand {
        let document = Document::parse(&of.document).unwrap();
        let actions = &document.statements.first().unwrap().actions;
        for (action, held) in &of.asks {
            compare(actions.matches_action(action), *held, &|| format!("{action} by {}", of.document));
        }
    }
    for of in &said.public {
        let document = Document::parse(&of.document).unwrap();
        compare(!public_statements(&document).is_empty(), of.open, &|| format!("open to anyone: {}", of.document));
    }
    for of in &said.lint {
        let place = if of.of_identity { lint::Place::Identity } else { lint::Place::Resource };
        let lints = lint::policy(&of.document, place);
        let found = lints.iter().any(|one| of.faults.contains(&format!("{:?}", one.fault)));
        compare(found, of.found, &|| format!("{:?} in {}, where {lints:?}", of.faults, of.document));
    }
    let decisions: usize = said.decide.iter().map(|of| of.asks.len()).sum();
    let expansions: usize = said.expand.iter().map(|of| of.asks.len()).sum();
    // Read by the script: a test that was filtered out compares nothing.
    println!("judged {decisions} {expansions} {} {}", said.public.len(), said.lint.len());
    let first: Vec<&String> = wrong.iter().take(20).collect();
    assert!(wrong.is_empty(), "{} differ:\n{first:#?}", wrong.len());
}
