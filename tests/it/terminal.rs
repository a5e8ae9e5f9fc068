//! The program in a real terminal: its own loop, keys as bytes, frames as what a terminal makes of them, and the terminal
//! as it was once the program has gone, however it went.

#![cfg(unix)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

pub use crate::pty::Terminal;

#[test]
fn in_a_real_terminal_keys_lead_from_the_first_frame_to_a_record_and_out() {
    let mut terminal = Terminal::with_demo();
    terminal.shows("DEMO").shows("39/40 tables").shows("Find✖12");
    terminal.types("2").shows("CompromisedCredentials");
    terminal.types("\r").shows("timeline").shows("UpdateContinuousBackups");
    terminal.types("\rJ").shows("› JSON").shows("\"eventVersion\": \"1.11\"");
    terminal.types("/recoveryenabled\r").shows("hit 1 of").shows("\"pointInTimeRecoveryEnabled\": false");
    terminal.types("\u{1b}[A\u{1b}[B").shows("hit 1 of");
    terminal.types("q");
    assert!(terminal.ends().success());
}

#[test]
fn every_key_has_its_frame_at_once_and_idle_has_none_but_the_clocks() {
    let mut terminal = Terminal::with_demo();
    terminal.shows("39/40 tables").types("7").shows("NAME");
    let began = Instant::now();
    for (key, shown) in [
        ("/", " filter /"),
        ("n", " /n"),
        ("a", " /na"),
        ("m", " /nam"),
        ("e", " /name"),
        (":", " /name:"),
        ("U", " /name:U"),
        ("*", " /name:U*"),
    ] {
        terminal.types(key).until(shown, |screen| {
            let last = screen.lines().last().unwrap_or_default();
            last.trim_end().ends_with(shown.trim_start_matches(' ').trim_end_matches(' '))
        });
    }
    // Were a key drawn with the clock's next second only, eight of them would take about eight.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    terminal.types("\u{1b}").hides("filter /").types("5").shows("VERDICTS").settles();
    // What a key costs a slow line: a cursor's move is not a screen.
    terminal.idle(Duration::from_millis(300));
    let mut bytes = Vec::new();
    for key in ["j", "j", "k", "G", "g"] {
        terminal.heard.clear();
        terminal.types(key);
        terminal.until(key, |_| true);
        let (frames, all) = terminal.idle(Duration::from_millis(150));
        bytes.push((key, all, frames));
    }
    println!("bytes a key at 80×24, with frames: {bytes:?}");
    assert!(bytes.iter().all(|(_, bytes, _)| *bytes < 80 * 24 * 3), "{bytes:?}");
    // The demo sweeps all the time: of some stretches of two seconds, one has no sweep in it and the clock's frames alone.
    let stretches = std::iter::repeat_with(|| terminal.idle(Duration::from_secs(2)));
    let calm: Vec<(usize, usize)> = stretches
        .take(8)
        .scan(false, |calm, (frames, bytes)| {
            let go_on = !*calm;
            *calm = frames <= 3;
            go_on.then_some((frames, bytes))
        })
        .collect();
    println!("idle, frames and bytes in two seconds each: {calm:?}");
    assert!(calm.iter().any(|(frames, _)| *frames <= 3), "{calm:?}");
}

#[test]
fn a_storm_of_sizes_pastes_clicks_and_late_answers_leave_the_screen_whole() {
    let mut terminal = Terminal::with_demo();
    terminal.settles();
    for (columns, rows) in [(20, 5), (200, 60), (1, 1), (79, 23), (2, 40), (300, 2), (20, 5), (40, 12)] {
        terminal.resize(columns, rows);
    }
    terminal.resize(20, 5).shows("Over");
    terminal.resize(80, 24).shows("39/40 tables").shows("AT RISK");
    // An answer about colours that comes late and in pieces presses no key: 7 would be the Trail.
    terminal.types("\u{1b}]11;rgb:7777/77").types("77/7777\u{1b}\\\u{1b}]10;rgb:8888/8888/8888\u{7}");
    terminal.types("2").shows("CompromisedCredentials").types("[").shows("AT RISK");
    // The mouse: a tab, a row, the same row again, the wheel, a key of the footer.
    terminal.clicks("Tables").shows("VERDICTS");
    // Rows that arrive between two clicks would change places: here is one name.
    terminal.types("/name:ledge*").shows("1 of 40").types("\r").shows("Enter open");
    terminal.clicks("ledger").clicks("ledger").shows("Tables › ledger").shows("Esc back");
    terminal.types("\u{1b}[<65;10;10M").clicks("Esc back").hides("Tables › ledger").shows("VERDICTS");
    // Text that is pasted is text, however many lines it has: here it names a table.
    terminal.types("\u{1b}[200~arn:aws:dynamodb:eu-west-1:111122223333:table/orders\n\u{1b}[201~");
    terminal.shows("Tables › orders");
    let link =
        b"\x1b]8;;https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders\x1b\\";
    assert!(terminal.heard.windows(link.len()).any(|bytes| bytes == link), "the page's name is a link");
    terminal.types(":").types("\u{1b}[200~q\nq\u{1b}[201~").shows(":q q").types("\u{1b}");
    // Somebody looks away and back.
    terminal.types("\u{1b}[O\u{1b}[I").hides(":q q");
    terminal.types("\u{3}");
    assert!(terminal.ends().success());
}

#[test]
fn the_mouse_is_left_to_the_terminal_where_somebody_says_so() {
    let mut terminal = Terminal::with(&["--demo", "--no-mouse"], &[]);
    terminal.shows("dynakeep");
    assert_eq!(terminal.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    terminal.types("q");
    assert!(terminal.ends().success());
}

#[test]
fn without_a_locale_that_has_symbols_there_are_none() {
    let mut terminal = Terminal::with(&["--demo", "--theme", "dark"], &[("LANG", "C")]);
    terminal.shows("39/40 tables").types("?").shows("Keys").types("\u{1b}").hides("Keys");
    let shown = terminal.screen().contents();
    assert!(shown.is_ascii(), "{shown}");
}

#[test]
fn a_signal_ends_it_with_the_terminal_as_it_was_and_the_exit_code_that_says_so() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut terminal = Terminal::with_demo();
        terminal.shows("dynakeep").signal(signal);
        assert_eq!(terminal.ends().code(), Some(code));
    }
}

#[test]
fn suspended_it_gives_the_terminal_to_the_shell_and_takes_it_again() {
    let script = format!(
        "set -m; {} --demo --theme dark; echo it-stopped; read line; fg >/dev/null; echo it-ended $?",
        env!("CARGO_BIN_EXE_dynakeep")
    );
    let mut terminal = Terminal::of("sh", &["-c", &script], &[]);
    terminal.shows("39/40 tables").types("5").shows("VERDICTS").types("\u{1a}").shows("it-stopped");
    let screen = terminal.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    terminal.types("\r").shows("VERDICTS").types("j");
    assert!(terminal.screen().alternate_screen());
    terminal.types("q").shows("it-ended 0");
    terminal.ends();
}

/// Reports of this program below a directory of its own.
fn reports(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("dynakeep-reports-{}-{name}", std::process::id()));
    let _old = std::fs::remove_dir_all(&directory);
    directory
}

// The command that panics is there in debug builds alone.
#[cfg(debug_assertions)]
#[test]
fn a_panic_gives_the_terminal_back_and_leaves_a_report_without_what_was_read() {
    for (typed, told) in [("panic", "asked for"), ("panic AKIASECRET", "the message is left out")] {
        let directory = reports(if typed == "panic" { "own" } else { "read" });
        let mut terminal = Terminal::with(&["--demo", "--state", directory.to_str().unwrap()], &[]);
        terminal.shows("dynakeep").types(&format!(":{typed}\r")).shows("a report of it, without anything");
        assert_eq!(terminal.ends().code(), Some(101));
        let files: Vec<PathBuf> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [report] = files.as_slice() else { panic!("{files:?}") };
        let text = std::fs::read_to_string(report).unwrap();
        assert!(text.contains(told) && text.contains("src/app/command.rs"), "{text}");
        assert!(!text.contains("AKIASECRET"), "{text}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
