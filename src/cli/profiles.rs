//! Whether the profiles asked for exist, so that a misspelt one is called that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::aws::Settings;

use super::Failure;

/// Refuses a profile that neither of AWS's files names.
pub(super) fn known(settings: &Settings) -> Result<(), Failure> {
    if settings.profiles.is_empty() {
        return Ok(());
    }
    let files = [("AWS_CONFIG_FILE", "config", true), ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false)];
    let (mut names, mut places) = (Vec::new(), Vec::new());
    for (variable, name, prefixed) in files {
        let Some(path) = path(variable, name) else { continue };
        match std::fs::read_to_string(&path) {
            Ok(text) => names.extend(sections(&text, prefixed)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // What cannot be read may name it: the SDK says what is wrong.
            Err(_) => return Ok(()),
        }
        places.push(path.display().to_string());
    }
    let missing = |profile: &&String| *profile != "default" && !names.contains(profile);
    let Some(profile) = settings.profiles.iter().find(missing) else { return Ok(()) };
    names.sort();
    names.dedup();
    let others = match names.as_slice() {
        [] => "no profile is there: `aws configure sso` makes one".to_owned(),
        some => {
            let more = if some.len() > 8 { format!(" and {} more", some.len() - 8) } else { String::new() };
            format!("there are {}{more}: -p NAME", some.iter().take(8).cloned().collect::<Vec<_>>().join(", "))
        }
    };
    Err(Failure::Usage(format!("no such profile: `{profile}` is not in {}; {others}", places.join(" or "))))
}

fn path(variable: &str, name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    match std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) {
        Some(path) => match (path.strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path),
        },
        None => Some(home?.join(Path::new(".aws")).join(name)),
    }
}

/// The profiles that a file names: `[profile x]` in the config, `[x]` among the credentials.
fn sections(text: &str, prefixed: bool) -> Vec<String> {
    let name = |line: &str| {
        let (inside, _) = line.trim().strip_prefix('[')?.split_once(']')?;
        let inside = inside.trim();
        let after = inside.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace));
        let name = match after {
            Some(rest) => rest.trim(),
            None if !prefixed || inside == "default" => inside,
            None => return None,
        };
        Some(name.trim_matches(['"', '\'']).to_owned())
    };
    text.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_in_both_kinds_of_file() {
        let config = "[default]\nregion=x\n[profile a]\n[ profile  b ] # c\n[sso-session s]\n";
        assert_eq!(sections(config, true), ["default", "a", "b"]);
        assert_eq!(sections("[default]\n[c]\n", false), ["default", "c"]);
    }
}
