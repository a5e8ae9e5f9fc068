//! Log files in the dashboard, told in keys and screens: they load, are searched, and say what of them was lost.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::Session;

/// A directory of log files that goes away with the test.
struct Logs(PathBuf);

impl Logs {
    /// Two whole files of which the one repeats a delivery of the other, one cut off, a digest, and records that are none.
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dynakeep-files-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let logs = Self(path);
        let first: Vec<Value> = (0..6).map(event).chain([json!({"eventID": "lost-name", "note": "quince"})]).collect();
        logs.write("a.json", &json!({ "Records": first }).to_string());
        logs.write("b.json", &json!({ "Records": [event(5), event(6)] }).to_string());
        let cut = json!({ "Records": [event(7), event(8)] }).to_string();
        logs.write("cut.json", &cut[..cut.len() - 40]);
        logs.write("digest.json", r#"{"digestS3Bucket":"trail","digestS3Object":"x","logFiles":[]}"#);
        logs
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn open(&self, width: u16, height: u16) -> Session {
        Session::files(vec![self.0.clone()], (width, height))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The event of a number; the third has a word in its parameters that no column holds.
fn event(number: u32) -> Value {
    let note = if number == 3 { "pomegranate" } else { "apple" };
    json!({
        "eventVersion": "1.11",
        "eventID": format!("{number:08x}-aaaa-4bbb-8ccc-1234567890ab"),
        "eventTime": format!("2026-11-20T02:5{number}:00Z"),
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": if number == 3 { "DeleteTable" } else { "DescribeTable" },
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31",
        "readOnly": number != 3,
        "userIdentity": {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"},
        "requestParameters": {"tableName": "orders", "note": note},
        "recipientAccountId": "111122223333",
    })
}

#[test]
fn the_trail_fills_while_files_load_and_says_what_of_them_was_lost() {
    let logs = Logs::new("fills");
    let mut session = logs.open(120, 40);
    session.shows("looking for files");
    session.work().hides("looking for files").hides("reading ");
    session.shows("Trail  7").shows("DeleteTable").shows("3 broken :broken · 1 file cut short :files");
    logs.open(80, 24).work().shows("Trail  7").shows("3 broken :broken · 1 file cut short :files");
    logs.open(60, 24).work().shows("Trail  7").shows("not all is here :files");
}

#[test]
fn a_text_filter_finds_what_only_a_record_in_a_file_holds() {
    let logs = Logs::new("filter");
    let mut session = logs.open(120, 40);
    session.work().press("/ 'pomegranate' Enter");
    session.work().shows("1 of 7").shows("DeleteTable").hides("DescribeTable");
}

#[test]
fn the_list_of_files_says_what_is_odd_and_what_it_all_came_to() {
    let logs = Logs::new("list");
    let mut session = logs.open(140, 40);
    session.work().press(": 'files' Enter");
    session.shows("4/4 files read").shows("11 records · 1 repeated · 3 broken").shows("memory: columns");
    session.shows("digest").shows("hashes, no events").shows("cut.json");
    session.press("/ 'digest' Enter").shows("1 of 3").hides("cut.json");
    // The sources lead here too.
    session.press("9").shows("4 read, 3 odd").press("Enter").shows("4/4 files read").press("Enter").shows("cut.json");
}

#[test]
fn broken_records_are_searched_by_their_words_and_shown_as_they_came() {
    let logs = Logs::new("broken");
    let mut session = logs.open(140, 40);
    session.work().press(": 'broken' Enter").shows("broken records  3").shows("a.json");
    session.press("/ 'quince' Enter").shows("1 of 3");
    session.press("J").shows("broken: ").shows("lost-name").shows("quince");
    session.press("Esc Esc / 'cut' Enter j Enter").shows("no JSON: ").shows("shown as it came");
}

#[test]
fn a_record_in_a_file_is_read_when_it_is_looked_at_and_never_while_a_frame_is_drawn() {
    let logs = Logs::new("record");
    let mut session = logs.open(120, 60);
    session.work().press("/ 'name:DeleteTable' Enter").work().press("Enter");
    session.shows("reading the record from").hides("pomegranate");
    assert_eq!(session.wanted.len(), 1);
    session.press("j j").read().shows("pomegranate").hides("reading the record from");
    // What was read is at hand, also for the record alone.
    session.press("J").shows("pomegranate");
    assert!(session.wanted.is_empty());
}

#[test]
fn a_file_that_went_away_is_named_where_its_record_should_be() {
    let logs = Logs::new("gone");
    let mut session = logs.open(120, 60);
    session.work();
    logs.write("a.json", "{}");
    std::fs::remove_file(logs.0.join("b.json")).unwrap();
    session.press("/ 'name:DeleteTable' Enter").work().press("J").read();
    session.shows("cannot be read again").shows("a.json").shows("changed since it was read");
    session.press("Esc Esc / 'id:00000006*' Enter").work().press("J").read();
    session.shows("cannot be read again").shows("b.json");
}
