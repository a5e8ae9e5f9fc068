//! `--plain`: the whole of it over a pipe, as somebody hears it who does not see a screen.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A conversation with the demo.
struct Talk {
    program: Child,
    to: ChildStdin,
    from: ChildStdout,
    heard: String,
}

impl Talk {
    fn with_demo() -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
            .args(["--demo", "--plain"])
            .env_clear()
            .env("HOME", "/nonexistent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (program.stdin.take().unwrap(), program.stdout.take().unwrap());
        let mut talk = Self { program, to, from, heard: String::new() };
        talk.until("all was read once");
        talk.until("\n> ");
        talk
    }

    /// Listens until something is said, and gives what was said.
    fn until(&mut self, words: &str) -> String {
        let (mut said, mut buffer) = (Vec::new(), [0; 1]);
        while !said.ends_with(words.as_bytes()) {
            let read = self.from.read(&mut buffer).unwrap();
            assert!(read > 0, "it ended before {words:?}: {}", String::from_utf8_lossy(&said));
            said.push(buffer[0]);
        }
        let said = String::from_utf8(said).unwrap();
        self.heard.push_str(&said);
        said
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.to, "{line}").unwrap();
        self.until("\n> ")
    }

    /// The number of the line that holds some words, on this page or the next ones.
    fn number(&mut self, mut page: String, words: &str) -> String {
        loop {
            let found = page.lines().find_map(|line| line.split_once(". ").filter(|(_, rest)| rest.contains(words)));
            if let Some((number, _)) = found {
                return number.to_owned();
            }
            assert!(page.contains("next says more"), "{words} is not there: {page}");
            page = self.ask("next");
        }
    }
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}\n{text}");
    }
}

#[test]
fn commands_lead_from_the_first_prompt_to_the_record_behind_the_worst_finding() {
    let mut talk = Talk::with_demo();
    says(&talk.heard, &["line by line", "help lists the commands", "39/40 tables"]);
    says(&talk.ask("overview"), &["AT RISK", "1. critical", "WORST TABLES"]);
    says(&talk.ask("next"), &["POSTURE", "FRESHNESS"]);
    let findings = talk.ask("findings");
    says(&findings, &["Findings", "1. ", "critical", "CompromisedCredentials"]);
    let case = talk.ask("open 1");
    says(&case, &["app-orders"]);
    let number = talk.number(case, "T1 critical UpdateContinuousBackups orders");
    says(&talk.ask(&format!("open {number}")), &["UpdateContinuousBackups", "app-orders"]);
    let mut page = talk.ask("raw");
    let mut record = page.clone();
    while page.contains("next says more") {
        page = talk.ask("next");
        record.push_str(&page);
    }
    says(&record, &["\"eventVersion\"", "\"pointInTimeRecoveryEnabled\": false"]);
    // The way back is as long as the way there.
    talk.ask("back");
    says(&talk.ask("back"), &["app-orders"]);
    talk.ask("back");
    says(&talk.ask("again"), &["CompromisedCredentials"]);
    writeln!(talk.to, "quit").unwrap();
    assert!(talk.program.wait().unwrap().success());
    for odd in ['\u{1b}', '\r', '✖', '●', '▲', '─', '█'] {
        assert!(!talk.heard.contains(odd), "{odd:?}\n{}", talk.heard);
    }
}

#[test]
fn lists_are_filtered_numbered_and_explained_and_mistakes_are_told() {
    let mut talk = Talk::with_demo();
    let tables = talk.ask("tables name:orders");
    says(&tables, &["1. ", "name: fail orders", "pitr: fail off", "1 unknown"]);
    assert!(!tables.contains("payroll"), "{tables}");
    says(&talk.ask("why 1"), &["RES-01", "fail"]);
    says(&talk.ask("tables name:payroll"), &["unknown"]);
    says(&talk.ask("filter name:nosuch"), &["no tables pass the filter"]);
    says(&talk.ask("filter nme:x"), &["nme"]);
    says(&talk.ask("open 999"), &["no line 999"]);
    says(&talk.ask("status"), &["39/40 tables", "denied"]);
    says(&talk.ask("help"), &["open N", "handover", "quit"]);
    says(&talk.ask("nonsense of some kind"), &["nonsense"]);
    // The end of the input is the end.
    let Talk { mut program, to, .. } = talk;
    drop(to);
    assert!(program.wait().unwrap().success());
}
