//! How long it takes to judge 1,000 tables by every control, and to judge again what one change touches.
//!
//! `cargo bench --bench judging` prints the figures; BENCHMARKS.md keeps them with the machine they were taken on;
//! `-- --all` prints what each control costs. The estate is the demo account's with 1,000 tables, swept through the real SDK clients.

#![expect(clippy::expect_used, reason = "a benchmark ends where its ground gives way")]

#[path = "../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;

use std::hint::black_box;
use std::time::{Duration, Instant};

use dynakeep::controls::crossing::Lanes;
use dynakeep::controls::{Baseline, CATALOGUE, Judge};
use dynakeep::model::{CallRef, Cell, Delta, Estate, Facet, Pitr, Polled, Seen, Source};
use dynakeep::store::{Exceptions, Store};
use dynakeep::wire::demo::{Demo, DemoOptions};
use harness::{Session, demo_options, settings};

const TABLES: usize = 1_000;
const ROUNDS: u32 = 20;

fn main() {
    let options = DemoOptions { tables: TABLES, ..demo_options() };
    let mut session = Session::over(Demo::new(options, None).wire(), settings(), (120, 40), true, |_| {});
    session.settle();
    let store = &mut session.app.store;
    let (estate, baseline) = (store.estate(), Baseline::default());
    let of_tables = || {
        CATALOGUE.iter().filter_map(|of| if let Judge::Table(judge) = of.judge { Some((of.id, judge)) } else { None })
    };
    let of_estate = || {
        CATALOGUE.iter().filter_map(|of| if let Judge::Estate(judge) = of.judge { Some((of.id, judge)) } else { None })
    };
    println!(
        "{} tables, {} controls of tables, {} of the estate\n",
        estate.tables.len(),
        of_tables().count(),
        of_estate().count()
    );
    println!("{:<52} {:>9}", "what", "ms");
    say("every control of tables × every table", || {
        for (_, judge) in of_tables() {
            estate.tables.values().for_each(|table| drop(black_box(judge(estate, &baseline, table))));
        }
    });
    say("every control of the estate", || of_estate().for_each(|(_, judge)| drop(black_box(judge(estate, &baseline)))));
    let mut costs: Vec<(Duration, &str)> = of_tables()
        .map(|(id, judge)| {
            (time(|| estate.tables.values().for_each(|table| drop(black_box(judge(estate, &baseline, table))))), id)
        })
        .chain(of_estate().map(|(id, judge)| (time(|| drop(black_box(judge(estate, &baseline)))), id)))
        .collect();
    costs.sort_by(|a, b| b.cmp(a));
    let shown = if std::env::args().any(|arg| arg == "--all") { costs.len() } else { 5 };
    for (cost, id) in costs.iter().take(shown) {
        println!("{:<52} {:>9.2}", format!("  {id} alone"), cost.as_secs_f64() * 1e3);
    }
    lanes(estate);
    everything(store);
    one_table(store);
}

/// Who reaches the tables of which domain, with as many roles as tables.
fn lanes(estate: &Estate) {
    let domains = ["payments", "identity", "commerce", "logistics", "supply"];
    let names: Vec<&str> = estate.tables.values().map(|table| table.name.as_str()).collect();
    let of = |at: usize| names.get(at % names.len()).copied().unwrap_or_default();
    let kinds: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("five tables each", &|at| {
            let one = |step: usize| format!("\"arn:aws:dynamodb:*:111122223333:table/{}\"", of(at * 5 + step));
            (0..5).map(one).collect::<Vec<_>>().join(",")
        }),
        ("a prefix each", &|at| {
            let name = of(at);
            let start = name.get(..name.len() / 2).unwrap_or(name);
            format!("\"arn:aws:dynamodb:eu-west-1:111122223333:table/{start}*\"")
        }),
        ("every table each", &|_| "\"*\"".to_owned()),
    ];
    for (what, resources) in kinds {
        let mut estate = estate.clone();
        let role = |at: usize| {
            let policy = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":["dynamodb:*Item","dynamodb:Query"],"Resource":[{}]}}]}}"#,
                resources(at)
            );
            serde_json::json!({
                "RoleName": format!("role-{at}"), "Arn": format!("arn:aws:iam::111122223333:role/role-{at}"), "Path": "/",
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy}],
                "Tags": [{"Key": "domain", "Value": domains[at % domains.len()]}],
            })
        };
        let details = serde_json::json!({ "RoleDetailList": (0..TABLES).map(role).collect::<Vec<_>>() });
        const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
        for (scope, answers) in &mut estate.answers {
            if scope.account == "111122223333"
                && let Some(answers) = answers.get_mut(DETAILS)
            {
                let call = CallRef { operation: DETAILS, request_id: "bench".into() };
                let seen = Seen { value: details.clone(), at: estate.now, call };
                answers.insert(String::new(), Cell { seen: Some(seen), fault: None });
            }
        }
        say(&format!("lanes of {TABLES} roles, {what}"), || drop(black_box(Lanes::of(&estate, &Baseline::default()))));
    }
}

/// The store judges all that it knows: pure judging, and keeping, counting and comparing with what was.
fn everything(store: &mut Store) {
    let now = store.estate().now;
    say("the store judges everything again", || {
        // A file of exceptions that is read anew may change any verdict.
        store.set_exceptions(Exceptions::unread("the benchmark's"));
        store.settle(now);
    });
}

/// One facet of one table arrives.
fn one_table(store: &mut Store) {
    let (now, table) = (store.estate().now, store.estate().tables.values().nth(TABLES / 2).expect("a table"));
    let (arn, scope) = (table.arn.clone(), table.scope.clone());
    let mut enabled = false;
    say("one table's recovery changes, the store settles", || {
        enabled = !enabled;
        let call = CallRef { operation: "dynamodb:DescribeContinuousBackups", request_id: "bench".into() };
        let value = Pitr { enabled, window_days: Some(35), earliest: None, latest: None };
        let facet = Facet::Pitr(Ok(Seen { value, at: now, call }));
        store.apply(Polled::Data {
            source: Source::Tables,
            scope: scope.clone(),
            deltas: vec![Delta::Facet(arn.clone(), facet)],
        });
        store.settle(now);
    });
}

fn time(mut work: impl FnMut()) -> Duration {
    work();
    let began = Instant::now();
    (0..ROUNDS).for_each(|_| work());
    began.elapsed() / ROUNDS
}

fn say(what: &str, work: impl FnMut()) {
    println!("{what:<52} {:>9.2}", time(work).as_secs_f64() * 1e3);
}
