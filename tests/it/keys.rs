//! Keys of one's own: what they do, what screens call them, and what a mistake in the file says.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::process::{Command, Output};

use dynakeep::keymap::Keymap;

use crate::harness::Session;

fn dynakeep(keys: &str, more: &[&str]) -> Output {
    let directory = tempfile(keys);
    let output = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
        .args(["keys", "--keys"])
        .arg(directory.join("keys.toml"))
        .args(more)
        .env_remove("DYNAKEEP_CONFIG")
        .env_remove("DYNAKEEP_LOG")
        .output()
        .unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    output
}

fn tempfile(keys: &str) -> std::path::PathBuf {
    let name = format!("dynakeep-keys-{}-{:?}", std::process::id(), std::thread::current().id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("keys.toml"), keys).unwrap();
    directory
}

#[test]
fn keys_of_ones_own_work_everywhere_and_every_text_names_them() {
    let mut session = Session::demo(120, 40);
    session.settle();
    let text = "open = \"x\"\nraw = \"ctrl-j\"\nfilter = \"alt-f\"\nlanes = []\nevents = [\"L\", \"F4\"]\nfindings = \"0\"\nhelp = [\"?\", \"F1\"]";
    session.app.look.keys = Keymap::parse("keys.toml", text).unwrap();
    // The old key of a tab does nothing any more, the new one leads there.
    session.press("2").shows(" AT RISK ").press("0").shows("x open").shows("^J raw JSON").shows("M-f filter");
    session.press("x").shows("timeline").press("F4").shows("› events").press("Esc").shows("timeline");
    session.press("?").shows("^J  ").press("^D ^D ^D").shows("M-f  ").shows(":lanes").hides("Enter open").press("Esc");
    // What is typed into a field is text, whatever is bound.
    session.press("Esc : 'xL0'").shows(":xL0").press("Esc");
    session.press(": 'freeze' Enter").shows("FROZEN").shows("^F goes on");
    session.press(": 'lanes' Enter").shows("rows: whose tables");
    session.press(": 'refresh' Enter").shows("sweeping again now");
}

#[test]
fn the_list_of_keys_names_actions_and_what_somebodys_file_makes_of_them() {
    let output = dynakeep("refresh = [\"F9\"]\nlanes = []\n", &["-o", "json"]);
    assert!(output.status.success());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of =
        |action: &str| json["keys"].as_array().unwrap().iter().find(|row| row["action"] == action).unwrap().clone();
    assert_eq!(of("refresh")["keys"], serde_json::json!(["F9"]));
    assert_eq!(of("refresh")["default"], serde_json::json!(["^R", "F5"]));
    assert_eq!(of("lanes")["keys"], serde_json::json!([]));
    let output = dynakeep("lanes = []", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().any(|line| line.contains(" lanes ") && line.contains(":lanes")), "{text}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("lanes has no key; :lanes does it"));
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line_before_any_screen() {
    let output = dynakeep("raw = \"x\"\ndescribe = \"x\"\nfly = \"y\"\n", &[]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("keys.toml:2: x is raw's already, in line 1: take it from one of them"), "{told}");
    assert!(told.contains("keys.toml:3: there is no action \"fly\"; `dynakeep keys` lists them"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_command_line_shows_what_it_could_become_and_takes_it() {
    let mut session = Session::demo(100, 30);
    session.settle();
    session.press(":").shows("overview").shows("view   1").press("Down Down Enter").shows("CompromisedCredentials");
    // Letters anywhere in a name, the best first; what is typed in full is run as it is.
    session
        .press(": 'sesord'")
        .press("Esc")
        .press(": 'ordrs'")
        .shows("table orders")
        .press("Enter")
        .shows("Tables › orders");
    session
        .press(": 'them'")
        .shows("theme light")
        .press("Tab")
        .shows("theme dark")
        .press("'li' Enter")
        .shows("theme light");
    // An action is a command, too, and so is a place.
    session.press(": 'freez' Enter").shows("FROZEN").press("^F");
    session.press(": 'euwest1' Enter").shows("/region:eu-west-1");
    // With nothing typed, Up goes through what was run.
    session.press(": Up").shows(":tables region:eu-west-1").press("Up Up").shows(":theme light");
    session.press("Down Down Down").shows("view   1").press("Esc");
    // Nothing fits: the line is run as it is, and says so.
    session.press(": 'qqqzzz' Enter").shows("no command, tab or thing known as");
}

#[test]
fn a_page_is_searched_and_its_letters_are_text() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.press("2 Enter").shows("timeline").shows("/ search");
    session.press("/ 'recovery' Enter").shows("hit 2 of 3").shows("n the next hit");
    session.press("n").shows("hit 3 of 3").press("n").shows("hit 1 of 3").press("N").shows("hit 3 of 3");
    // Esc ends the search first; then n notes again.
    session.press("Esc").hides("hit ").shows("timeline").press("n").shows("note>").press("Esc");
    session.press("/ 'nothing-like-it' Enter").shows("not found").press("Esc Esc").hides("timeline");
    // An event's page goes on into its record.
    session.press("7 Enter").shows("record").press("/ 'eventname' Enter").shows("hit 1 of");
}
