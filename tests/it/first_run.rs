//! Without an account: what is missing is said, by a command as on the screen, and the demo is a key away.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the message")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A home directory with AWS's config in it, and a login that ran out.
struct Home(PathBuf);

impl Home {
    fn new(name: &str, config: &str) -> Self {
        let home = std::env::temp_dir().join(format!("dynakeep-{name}-{}", std::process::id()));
        let cache = home.join(".aws/sso/cache");
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::write(home.join(".aws/config"), config).unwrap();
        let token = r#"{"startUrl": "https://corp.example/start", "accessToken": "quiet", "expiresAt": "2026-01-02T03:04:05Z", "region": "eu-west-1"}"#;
        std::fs::write(cache.join("a.json"), token).unwrap();
        Self(home)
    }

    /// What the program says here: exit code, standard output, standard error.
    fn run(&self, line: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_dynakeep"))
            .args(line)
            .env_clear()
            .env("HOME", &self.0)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

const CONFIG: &str = "\
[profile prod]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit
region = eu-west-1
[profile over]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = gone
[profile half]
aws_access_key_id = AKIAEXAMPLE
[profile keys]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = hush
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = eu-west-1
";

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}\n{text}");
    }
    for secret in ["quiet", "hush", "AKIAEXAMPLE"] {
        assert!(!text.contains(secret), "{secret}\n{text}");
    }
}

#[test]
fn a_command_without_credentials_says_where_it_looked_and_what_to_do() {
    let home = Home::new("none", "");
    let (code, out, said) = home.run(&["tables", "-o", "json"], &[]);
    assert_eq!(code, 4, "{said}");
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&answer["incomplete"], answer["rows"].as_array().unwrap().len()), (&true.into(), 0));
    says(
        &said,
        &[
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY are not set",
            "default, for neither -p nor AWS_PROFILE names one; no file names it",
            "~/.aws/config: names no profile",
            "~/.aws/credentials: not there",
            "aws configure sso",
            "dynakeep -r eu-west-1",
            "dynakeep --demo",
        ],
    );
    let (_, _, said) = home.run(&["tables"], &[("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_REGION", "eu-west-3")]);
    says(
        &said,
        &["AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not: all are needed", "eu-west-3, from AWS_REGION"],
    );
}

#[test]
fn each_kind_of_profile_says_what_is_wrong_with_it() {
    let home = Home::new("kinds", CONFIG);
    let (code, _, said) = home.run(&["-p", "prod", "check"], &[]);
    assert_eq!(code, 4, "{said}");
    says(
        &said,
        &[
            "SSO session corp, role Audit in 111122223333",
            "ran out at 2026-01-02T03:04:05Z",
            "aws sso login --profile prod --use-device-code",
            "eu-west-1, from the profile",
        ],
    );
    let (_, _, said) = home.run(&["tables"], &[("AWS_PROFILE", "prod")]);
    says(&said, &["prod, from AWS_PROFILE", "aws sso login --profile prod"]);
    let (code, _, said) = home.run(&["-p", "over", "-r", "eu-west-1", "tables"], &[]);
    assert_eq!(code, 4, "{said}");
    says(&said, &["over profile gone, which no file names"]);
    let (_, _, said) = home.run(&["-p", "half", "-r", "eu-west-1", "tables"], &[]);
    says(&said, &["only one of aws_access_key_id and aws_secret_access_key"]);
    let (code, _, said) = home.run(&["-p", "keys", "tables"], &[]);
    assert_eq!(code, 2, "{said}");
    says(&said, &["no region", "profile `keys`"]);
    let (_, out, said) = home.run(&["-p", "prod", "doctor"], &[]);
    says(&out, &["→ aws sso login --profile prod --use-device-code"]);
    says(&said, &["ran out at"]);
}

#[test]
fn a_misspelt_profile_is_called_that_whoever_names_it() {
    let home = Home::new("misspelt", CONFIG);
    for (line, environment) in [(&["-p", "prd", "tables"][..], &[][..]), (&["tables"], &[("AWS_PROFILE", "prd")])] {
        let (code, out, said) = home.run(line, environment);
        assert_eq!((code, out.as_str()), (2, ""), "{said}");
        says(&said, &["no such profile", "`prd`", "half, keys, over, prod", "dynakeep --demo"]);
    }
}

#[cfg(unix)]
#[test]
fn the_screen_says_so_too_and_enter_starts_the_demo_in_its_place() {
    use super::terminal::Terminal;
    let home = Home::new("screen", CONFIG);
    let path = home.0.to_str().unwrap();
    let mut terminal = Terminal::with(&["-p", "prod"], &[("HOME", path)]);
    terminal.shows("nothing was read").shows("ran out at 2026-01-02T03:04:05Z").shows("start the demo");
    terminal.until("no zero stands for what is not known", |shown| !shown.contains("no open finding"));
    terminal.types("5").shows("no credentials work").types("c").shows("copied: aws sso login --profile prod");
    terminal.types("1").shows("ran out at").types("\r").shows("DEMO").shows("39/40 tables");
}
