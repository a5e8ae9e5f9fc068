//! Where the SDK looks for credentials, told to somebody whose do not work: names and places, never a secret.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::Sought;

use super::session::metadata_expected;

/// Settings of one section of a file, by name.
type Section = BTreeMap<String, String>;

/// AWS's two shared files.
#[derive(Debug, Default)]
pub struct Shared {
    /// Their paths, and what became of each: what it names, that it is not there, or why it cannot be read.
    files: Vec<(PathBuf, String)>,
    /// Profiles by name, with what both files say of each.
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
    /// One of them is there and cannot be read.
    pub unreadable: bool,
}

/// A variable of the environment that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from)
}

fn path(name: &str, file: &str) -> Option<PathBuf> {
    let Some(named) = variable(name).map(PathBuf::from) else { return Some(home()?.join(".aws").join(file)) };
    match (named.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => Some(home.join(rest)),
        _ => Some(named),
    }
}

/// A path as people write it.
fn shown(path: &Path) -> String {
    let short = home().and_then(|home| Some(format!("~/{}", path.strip_prefix(home).ok()?.display())));
    short.unwrap_or_else(|| path.display().to_string())
}

impl Shared {
    /// Reads both.
    #[must_use]
    pub fn read() -> Self {
        let mut all = Self::default();
        for (name, file, prefixed) in
            [("AWS_CONFIG_FILE", "config", true), ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false)]
        {
            let Some(path) = path(name, file) else { continue };
            let seen = match std::fs::read_to_string(&path) {
                Ok(text) => all.take(&text, prefixed),
                Err(error) if error.kind() == ErrorKind::NotFound => "not there".to_owned(),
                Err(error) => {
                    all.unreadable = true;
                    format!("cannot be read: {error}")
                }
            };
            all.files.push((path, seen));
        }
        all
    }

    /// Takes in a file, and says which profiles it names. `[profile x]` in the config, `[x]` among the credentials.
    fn take(&mut self, text: &str, prefixed: bool) -> String {
        let mut named = Vec::new();
        let mut at: Option<&mut Section> = None;
        for line in text.lines() {
            let bare = line.trim();
            if let Some((inside, _)) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                let inside = inside.trim();
                let after = |word: &str| {
                    let rest = inside.strip_prefix(word).filter(|rest| rest.starts_with(char::is_whitespace))?;
                    Some(rest.trim().trim_matches(['"', '\'']).to_owned())
                };
                let profile = after("profile").or_else(|| {
                    (!prefixed || inside == "default").then(|| inside.trim_matches(['"', '\'']).to_owned())
                });
                at = match (after("sso-session"), profile) {
                    (Some(name), _) => Some(self.sessions.entry(name).or_default()),
                    (None, Some(name)) => {
                        named.push(name.clone());
                        Some(self.profiles.entry(name).or_default())
                    }
                    (None, None) => None,
                };
            } else if let (Some(section), Some((name, value))) = (&mut at, bare.split_once('='))
                // A deeper line belongs to the setting above it.
                && !line.starts_with(char::is_whitespace)
                && !bare.starts_with(['#', ';'])
            {
                section.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        if named.is_empty() { "names no profile".to_owned() } else { format!("names {}", listed(&named)) }
    }

    /// The names of all profiles.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    /// Whether one of the files names the profile.
    #[must_use]
    pub fn has(&self, profile: &str) -> bool {
        self.profiles.contains_key(profile)
    }

    /// Where they are looked for.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        self.files.iter().map(|(path, _)| shown(path)).collect()
    }
}

/// The first eight of a list, and how many there are besides.
#[must_use]
pub fn listed(names: &[String]) -> String {
    let more = if names.len() > 8 { format!(" and {} more", names.len() - 8) } else { String::new() };
    format!("{}{more}", names.iter().take(8).cloned().collect::<Vec<_>>().join(", "))
}

/// The profile that the environment names, unless it brings an access key, which goes before any profile.
#[must_use]
pub fn named() -> Option<String> {
    variable("AWS_PROFILE").filter(|_| variable("AWS_ACCESS_KEY_ID").is_none())
}

/// The profile that is meant where nobody names one on the command line.
#[must_use]
pub fn usual() -> String {
    variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned())
}

/// What there is to see for one profile, where what is there does not work. `region` says that one was asked for.
#[must_use]
pub fn sought(profile: Option<&str>, region: bool, now: Timestamp) -> Sought {
    let shared = Shared::read();
    let name = profile.map_or_else(usual, str::to_owned);
    let section = shared.profiles.get(&name);
    let mut of = Sought { profile: name.clone(), ..Sought::default() };
    of.saw("environment", environment());
    let by = match (profile, variable("AWS_PROFILE")) {
        (Some(_), _) => "asked for",
        (None, Some(_)) => "from AWS_PROFILE",
        (None, None) => "for neither -p nor AWS_PROFILE names one",
    };
    let found = if section.is_some() { "" } else { "; no file names it" };
    of.saw("profile", format!("{name}, {by}{found}"));
    for (path, seen) in &shared.files {
        of.saw("file", format!("{}: {seen}", shown(path)));
    }
    match section {
        Some(section) => holds(&shared, section, now, &mut of),
        None if shared.profiles.is_empty() => {
            of.advise("aws configure sso", "makes a profile that logs in by a browser");
        }
        None => {
            let others = shared.names();
            let first = others.first().cloned().unwrap_or_default();
            of.saw("others", listed(&others));
            of.advise(format!("dynakeep -p {first}"), "takes a profile that is there");
        }
    }
    let set = |name: &&str| variable(name).is_some();
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    let identity = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
    if identity.iter().any(set) {
        of.saw("web identity", known(&identity));
    }
    of.saw(
        "container",
        match container.iter().find(|name| set(name)) {
            Some(name) => format!("{name} is set, and what it names gave none"),
            None => "no AWS_CONTAINER_CREDENTIALS_… is set".to_owned(),
        },
    );
    of.saw(
        "instance role",
        match (variable("AWS_EC2_METADATA_DISABLED"), metadata_expected()) {
            (Some(of), _) if of.eq_ignore_ascii_case("true") => "AWS_EC2_METADATA_DISABLED says not to ask",
            (_, true) => "asked of the instance's metadata, which gave none",
            (_, false) => "this is no EC2 instance",
        },
    );
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(|name| variable(name).is_some());
    let own = section.and_then(|section| section.get("region"));
    of.saw(
        "region",
        match (region, named, own) {
            (true, _, _) => "asked for".to_owned(),
            (_, Some(name), _) => format!("{}, from {name}", variable(name).unwrap_or_default()),
            (_, _, Some(region)) => format!("{region}, from the profile"),
            _ => "none: neither -r, AWS_REGION nor the profile names one".to_owned(),
        },
    );
    if !region && named.is_none() && own.is_none() {
        of.advise("dynakeep -r eu-west-1", "names a region, which is missing too");
    }
    of
}

/// Which of some variables are set, and which are not; never what they say.
fn known(names: &[&str]) -> String {
    let (set, not): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| variable(name).is_some());
    let are = |of: &[&str]| format!("{} {}", of.join(", "), if of.len() == 1 { "is" } else { "are" });
    match (set.as_slice(), not.as_slice()) {
        ([], not) => format!("{} not set", are(not)),
        (set, []) => format!("{} set, and gave none that work", are(set)),
        (set, not) => format!("{} set, {} not: all are needed", are(set), are(not)),
    }
}

fn environment() -> String {
    known(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
}

/// What a profile says about its credentials.
fn holds(shared: &Shared, section: &Section, now: Timestamp, of: &mut Sought) {
    let get = |name: &str| section.get(name).map(String::as_str);
    let mut any = false;
    if get("sso_session").is_some() || get("sso_start_url").is_some() {
        any = true;
        let session = get("sso_session");
        let url = session
            .map_or(get("sso_start_url"), |name| shared.sessions.get(name)?.get("sso_start_url").map(String::as_str));
        let role = format!("{} in {}", get("sso_role_name").unwrap_or("?"), get("sso_account_id").unwrap_or("?"));
        of.saw(
            "in the profile",
            match session {
                Some(name) if !shared.sessions.contains_key(name) => format!("SSO session {name}, which no file has"),
                Some(name) => format!("SSO session {name}, role {role}"),
                None => format!("SSO, role {role}"),
            },
        );
        if let Some(url) = url {
            of.saw("SSO login", login(url, now));
        }
        of.log_in();
    }
    if get("login_session").is_some() {
        any = true;
        of.saw("in the profile", "a login by `aws login`");
        of.advise(format!("aws login --profile {}", of.profile), "logs in again");
    }
    if let Some(role) = get("role_arn") {
        any = true;
        let over = match (get("source_profile"), get("credential_source"), get("web_identity_token_file")) {
            (Some(name), _, _) if !shared.has(name) => format!("over profile {name}, which no file names"),
            (Some(name), _, _) => format!("over profile {name}: dynakeep doctor -p {name} asks that one alone"),
            (_, Some(source), _) => format!("over {source}"),
            (_, _, Some(file)) => format!("by the token in {file}"),
            _ => "over nothing: source_profile is missing".to_owned(),
        };
        of.saw("in the profile", format!("role {role}, {over}"));
    }
    if let Some(command) = get("credential_process") {
        any = true;
        // Arguments may be secrets.
        let program = command.split_whitespace().next().unwrap_or_default();
        of.saw("in the profile", format!("credential_process {program} …, which gave none"));
    }
    let keys = ["aws_access_key_id", "aws_secret_access_key"];
    match keys.map(|name| get(name).is_some()) {
        [true, true] => of.saw("in the profile", "an access key, which AWS does not accept"),
        [true, false] | [false, true] => {
            of.saw("in the profile", format!("only one of {} and {}: both are needed", keys[0], keys[1]));
        }
        [false, false] if !any => of.saw("in the profile", "nothing that gives credentials"),
        [false, false] => {}
    }
    if !any {
        of.advise(format!("aws configure sso --profile {}", of.profile), "makes it log in by a browser");
    }
}

/// A token of an SSO login, as the AWS CLI keeps it; what else stands there is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    start_url: String,
    expires_at: Timestamp,
}

/// How a login at this address stands.
fn login(url: &str, now: Timestamp) -> String {
    let Some(cache) = home().map(|home| home.join(".aws/sso/cache")) else { return "no home directory".to_owned() };
    let files = std::fs::read_dir(&cache).into_iter().flatten().flatten();
    let token = |path: PathBuf| serde_json::from_str::<Token>(&std::fs::read_to_string(path).ok()?).ok();
    let same = |of: &Token| of.start_url.trim_end_matches(['/', '#']) == url.trim_end_matches(['/', '#']);
    let newest = files.filter_map(|file| token(file.path())).filter(same).map(|of| of.expires_at).max();
    match newest {
        None => format!("never, on this machine: no token for {url} in {}", shown(&cache)),
        Some(at) if at <= now => format!("ran out at {at}"),
        Some(at) => format!("good until {at}, but refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_sessions_are_found_in_both_kinds_of_file() {
        let mut shared = Shared::default();
        let config = "[default]\nregion=x\n[profile a]\ns3 =\n  region = deep\n[ profile  b ] # c\n[sso-session s]\nsso_start_url = u\n";
        assert_eq!(shared.take(config, true), "names default, a, b");
        assert_eq!(
            shared.take("[default]\n# aws_access_key_id = no\naws_access_key_id = K\n[c]\n", false),
            "names default, c"
        );
        assert_eq!(shared.names(), ["a", "b", "c", "default"]);
        assert_eq!(shared.profiles["default"].keys().collect::<Vec<_>>(), ["aws_access_key_id", "region"]);
        assert!(shared.profiles["a"].keys().eq(["s3"]) && shared.sessions["s"]["sso_start_url"] == "u");
    }
}
