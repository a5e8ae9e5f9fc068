//! The configuration file: what it may say, where it lies, and how errors in it are told.

mod engines;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::controls::Baseline;

pub use engines::{AthenaConfig, EnginesConfig, InsightsConfig, LakeConfig, Place, S3Config, Size};

/// The settings of the file; every one of them can be left out. Flags win over the environment, the environment
/// over the file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Profiles of the shared AWS config.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Regions, or `["all"]`.
    #[serde(default)]
    pub regions: Vec<String>,
    /// A custom endpoint for every service.
    pub endpoint_url: Option<String>,
    /// Keep to AWS's documented rates: `aws`; or do not: `none`.
    pub limits: Option<Limits>,
    /// The share of the documented rates to use, above 0 and up to 1.
    pub share: Option<f64>,
    /// A theme's name.
    pub theme: Option<String>,
    /// ASCII instead of symbols.
    #[serde(default)]
    pub ascii: bool,
    /// What controls measure against.
    #[serde(default)]
    pub baseline: BaselineConfig,
    /// What `who` may do.
    #[serde(default)]
    pub who: WhoConfig,
    /// Engines beyond this machine.
    #[serde(default)]
    pub engines: EnginesConfig,
}

/// The part of the file about who used a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhoConfig {
    /// Count calls by CloudWatch's metrics, which costs money.
    #[serde(default)]
    pub metrics: bool,
}

/// Whether documented rates are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Limits {
    /// Keep to them.
    Aws,
    /// As fast as answers come.
    None,
}

/// The part of the file that controls measure against.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineConfig {
    /// Accounts that resource policies may name.
    #[serde(default)]
    pub trusted_accounts: Vec<String>,
    /// A drift check older than this many hours is stale.
    pub drift_check_hours: Option<i64>,
}

impl BaselineConfig {
    /// As controls take it.
    #[must_use]
    pub fn baseline(&self) -> Baseline {
        let default = Baseline::default();
        Baseline {
            trusted_accounts: self.trusted_accounts.clone(),
            drift_check_hours: self.drift_check_hours.unwrap_or(default.drift_check_hours),
        }
    }
}

/// Why the file could not be used; the message names the file, and the line where one is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("{}: {}", .0.display(), .1)]
    Read(PathBuf, std::io::Error),
    /// It says something that means nothing.
    #[error("{}: {}", .0.display(), .1)]
    Parse(PathBuf, String),
}

impl Config {
    /// Where the file is looked for: `$XDG_CONFIG_HOME/dynakeep/config.toml`.
    #[must_use]
    pub fn path() -> Option<PathBuf> {
        Some(Self::directory()?.join("config.toml"))
    }

    /// The directory of the file, which also holds the user's own themes.
    #[must_use]
    pub fn directory() -> Option<PathBuf> {
        Some(etcetera::choose_base_strategy().ok()?.config_dir().join("dynakeep"))
    }

    /// Reads the file that was named, or the one at the usual place, where there may be none.
    ///
    /// # Errors
    /// When a named file is missing, or the text is not understood.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match (named, Self::path()) {
            (Some(path), _) => path.to_owned(),
            (None, Some(path)) if path.exists() => path,
            (None, _) => return Ok(Self::default()),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|message| ConfigError::Parse(path, message)),
            Err(error) => Err(ConfigError::Read(path, error)),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// A message of several lines, with the line at fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        match config.share {
            Some(share) if !(share > 0.0 && share <= 1.0) => Err(format!("share: {share} is not above 0 and up to 1")),
            _ => Ok(config),
        }
    }
}

/// A file with every setting explained, all of them commented out.
#[must_use]
pub fn template() -> String {
    format!("{TEMPLATE}{}", engines::TEMPLATE)
}

const TEMPLATE: &str = r#"# dynakeep's configuration: $XDG_CONFIG_HOME/dynakeep/config.toml
# Flags win over the environment, the environment over this file. --demo takes only the looks from it.

# Profiles of the shared AWS config; none: the default chain of credentials.
#profiles = ["prod-audit"]

# Regions; none: the profile's own. ["all"]: every enabled one.
#regions = ["eu-west-1", "us-east-1"]

# An endpoint in place of AWS, for every service.
#endpoint_url = "http://127.0.0.1:5000"

# "aws": keep to the documented rates; "none": do not. Without it: kept, except at a custom endpoint.
#limits = "aws"

# The share of each documented rate to use: others live on the same quota.
#share = 0.5

# `dynakeep themes` lists them.
#theme = "dark"

# + x ! ? in place of symbols.
#ascii = true

[baseline]
# Accounts, besides the table's own, that a resource policy may name.
#trusted_accounts = ["444455556666"]

# A drift check older than this is stale.
#drift_check_hours = 24

[who]
# Count the calls to a table by CloudWatch's metrics: $0.01 for 1,000 metrics asked for, 13 of them a look at a table.
#metrics = true
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_holds_with_every_line_switched_on() {
        let template = template();
        assert_eq!(Config::parse(&template).unwrap(), Config::default());
        let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ");
        let all: String =
            template.lines().map(|line| if setting(line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n");
        let config = Config::parse(&all).unwrap();
        assert_eq!(config.profiles, ["prod-audit"]);
        assert_eq!(config.limits, Some(Limits::Aws));
        assert!(config.who.metrics);
        assert_eq!(config.engines.on(), ["engines.athena", "engines.insights", "engines.lake", "engines.s3"]);
        assert_eq!(config.engines.athena.max_bytes, Some(Size(100_000_000_000)));
        assert_eq!(config.baseline.baseline().trusted_accounts, ["444455556666"]);
    }

    #[test]
    fn an_error_names_its_line() {
        let error = Config::parse("share = 0.5\nregoins = []\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("regoins"), "{error}");
        assert!(Config::parse("share = 0.0").is_err());
        for wrong in ["[engines.s3]\ntrail = \"/tmp\"", "[engines.athena]\nmax_bytes = \"ten\"", "[engines.athean]"] {
            assert!(Config::parse(wrong).is_err(), "{wrong}");
        }
    }
}
