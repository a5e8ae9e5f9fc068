//! The configuration file: what it may say, where it lies, and how errors in it are told.

pub mod accepted;
mod doors;
mod engines;
mod watched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::controls::accepted::Accepted;
use crate::controls::{Baseline, Override};
use crate::model::{ClassTags, DataClass, FrontDoor};

pub use doors::DoorConfig;
pub use engines::{AthenaConfig, EnginesConfig, InsightsConfig, LakeConfig, Place, S3Config, Size};
pub use watched::{ExpectedConfig, ManagementConfig};

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
    /// ASCII instead of symbols, or symbols whatever the locale says; without it the locale decides.
    pub ascii: Option<bool>,
    /// Clicks and the wheel are the program's; false leaves them to the terminal.
    pub mouse: Option<bool>,
    /// No bell and no badge when something critical changes.
    #[serde(default)]
    pub quiet: bool,
    /// What controls measure against.
    #[serde(default)]
    pub baseline: BaselineConfig,
    /// Which tags say a table's class, owner and domain.
    #[serde(default)]
    pub classes: ClassesConfig,
    /// What the internet reaches, and tables stand behind.
    #[serde(default)]
    pub front_doors: Vec<DoorConfig>,
    /// What `who` may do.
    #[serde(default)]
    pub who: WhoConfig,
    /// Engines beyond this machine.
    #[serde(default)]
    pub engines: EnginesConfig,
    /// What was accepted of tables, which lies in a file of its own.
    #[serde(skip)]
    pub accepted: Accepted,
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
    /// Identities that are used in an emergency alone: they may hold anything.
    #[serde(default)]
    pub break_glass: Vec<String>,
    /// Identities that may change and remove tables.
    #[serde(default)]
    pub admins: Vec<String>,
    /// Who is expected to use which tables.
    #[serde(default)]
    pub expected: Vec<ExpectedConfig>,
    /// Where tables are administered from.
    #[serde(default)]
    pub management: ManagementConfig,
    /// Callers are to agree on keys in a way that withstands quantum computers.
    #[serde(default)]
    pub post_quantum: bool,
    /// A drift check older than this many hours is stale.
    pub drift_check_hours: Option<i64>,
    /// The built-in baseline to begin with: `default`, `fsi`.
    pub name: Option<String>,
    /// What differs from it for published data.
    #[serde(default)]
    pub public: Override,
    /// What differs for ordinary data.
    #[serde(default)]
    pub internal: Override,
    /// What differs for personal or contractual data.
    #[serde(default)]
    pub confidential: Override,
    /// What differs for regulated data.
    #[serde(default)]
    pub restricted: Override,
}

/// The part of the file about data classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassesConfig {
    /// Tag keys that say the data class.
    pub keys: Vec<String>,
    /// Tag keys that say who owns a table.
    pub owner: Vec<String>,
    /// Tag keys that say the domain.
    pub domain: Vec<String>,
    /// Tag keys that say the zone of a subnet.
    pub zone: Vec<String>,
    /// What values mean, beside the usual words.
    pub values: BTreeMap<String, DataClass>,
}

impl ClassesConfig {
    fn tags(&self) -> ClassTags {
        let mut tags = ClassTags::default();
        for (to, from) in [
            (&mut tags.class, &self.keys),
            (&mut tags.owner, &self.owner),
            (&mut tags.domain, &self.domain),
            (&mut tags.zone, &self.zone),
        ] {
            if !from.is_empty() {
                from.clone_into(to);
            }
        }
        tags.values.extend(self.values.iter().map(|(value, class)| (value.to_lowercase(), *class)));
        tags
    }
}

impl Config {
    /// The front doors that are declared.
    #[must_use]
    pub fn doors(&self) -> Vec<FrontDoor> {
        self.front_doors.iter().map(|of| of.0.clone()).collect()
    }

    /// What controls measure against.
    #[must_use]
    pub fn baseline(&self) -> Baseline {
        let of = &self.baseline;
        let mut baseline = of.name.as_deref().and_then(Baseline::named).unwrap_or_default();
        of.trusted_accounts.clone_into(&mut baseline.trusted_accounts);
        of.break_glass.clone_into(&mut baseline.break_glass);
        of.admins.clone_into(&mut baseline.admins);
        baseline.expected = of.expected.iter().map(ExpectedConfig::of).collect();
        baseline.management = of.management.of();
        baseline.post_quantum = of.post_quantum;
        baseline.drift_check_hours = of.drift_check_hours.unwrap_or(baseline.drift_check_hours);
        baseline.tags = self.classes.tags();
        baseline.accepted = Arc::new(self.accepted.clone());
        for (class, other) in [
            (DataClass::Public, &of.public),
            (DataClass::Internal, &of.internal),
            (DataClass::Confidential, &of.confidential),
            (DataClass::Restricted, &of.restricted),
        ] {
            baseline.change(class, other);
        }
        baseline
    }
}

impl Config {
    /// The same for the demo account: what is expected of its callers is known, unless the file says otherwise.
    #[must_use]
    pub fn of_demo(mut self) -> Self {
        let demo = Self::parse(watched::DEMO).unwrap_or_default().baseline;
        let of = &mut self.baseline;
        if of.expected.is_empty() {
            of.expected = demo.expected;
        }
        if of.management == ManagementConfig::default() {
            of.management = demo.management;
        }
        for (arn, table) in accepted::parse(accepted::DEMO).unwrap_or_default() {
            self.accepted.tables.entry(arn).or_insert(table);
        }
        self
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

    /// The text of the keys, from the file that was named or from `keys.toml` beside the configuration, where there may be
    /// none.
    ///
    /// # Errors
    /// When a named file is missing, or one that is there cannot be read.
    pub fn keys(named: Option<&Path>, config: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
        let beside = || config.map(Path::to_owned).or_else(Self::path).map(|path| path.with_file_name("keys.toml"));
        let Some(path) = named.map(Path::to_owned).or_else(beside) else { return Ok(None) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some((path, text))),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConfigError::Read(path, error)),
        }
    }

    /// The text of the mutes and attestations, which lie beside the file that was named or would be read.
    ///
    /// # Errors
    /// A message, when there is such a file and it cannot be read.
    pub fn exceptions(named: Option<&Path>) -> Result<Option<String>, String> {
        let Some(config) = named.map(Path::to_owned).or_else(Self::path) else { return Ok(None) };
        let path = config.with_file_name("attestations.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// A message of several lines, with the line at fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(name) = config.baseline.name.as_deref().filter(|name| !Baseline::NAMES.contains(name)) {
            return Err(format!("baseline.name: there is no {name:?}; there are {}", Baseline::NAMES.join(", ")));
        }
        doors::unique(&config.front_doors)?;
        match config.share {
            Some(share) if !(share > 0.0 && share <= 1.0) => Err(format!("share: {share} is not above 0 and up to 1")),
            _ => Ok(config),
        }
    }
}

/// A file with every setting explained, all of them commented out.
#[must_use]
pub fn template() -> String {
    format!("{TEMPLATE}{}{CLASSES}{}{}", watched::TEMPLATE, doors::TEMPLATE, engines::TEMPLATE)
}

const TEMPLATE: &str = r#"# dynakeep's configuration: $XDG_CONFIG_HOME/dynakeep/config.toml
# Flags win over the environment, the environment over this file. --demo takes only the looks from it.

# Mutes and attestations lie beside it, in attestations.toml; each names control, resource (a query), reason, owner and
# expiry:
#   [[mute]]
#   control = "RES-03"
#   resource = "table:sessions region:eu-west-1"
#   reason = "rebuilt from the event stream"
#   owner = "checkout@acme.example"
#   expires = 2027-01-31
#   verdicts = ["fail", "unknown"]      # without it: fail and warn
#   [[attestation]]                     # GOV-01, ENC-10, ENC-11: what no call can show
#   control = "ENC-10"
#   resource = "tag.team:billing"
#   reason = "AWS Database Encryption SDK 3, reviewed"
#   owner = "billing@acme.example"
#   expires = 2027-01-31

# Profiles of the shared AWS config; none: the default chain of credentials.
#profiles = ["prod-audit"]

# Regions; none: the profile's own. ["all"]: every enabled one.
#regions = ["eu-west-1", "us-east-1"]

# An endpoint in place of AWS, for every service.
#endpoint_url = "http://127.0.0.1:5000"

# "aws": keep to the documented rates; "none": do not. Without it: kept, except at a custom endpoint.
#limits = "aws"

# The share of each documented rate to use: others live on the same quota. [default: 0.5]
#share = 0.5

# `dynakeep themes` lists them; "auto" follows the ground of the terminal, "auto:gruvbox-dark" with another pair.
# [default: "auto"]
#theme = "auto"

# + x ! ? in place of symbols. [default: where the locale is not UTF-8]
#ascii = true

# false: clicks and the wheel stay the terminal's own (with shift they are in any case).
#mouse = false

# The bell rings, and a badge stands in the header, when something critical changes; true: neither.
# [default: false]
#quiet = true

[baseline]
# Accounts, besides the table's own, that a resource policy may name.
#trusted_accounts = ["444455556666"]

# Identities that are used in an emergency alone and may hold anything: by kind and name or by ARN, * for any text.
#break_glass = ["role/break-glass"]

# Identities that may change and remove tables. Without any, whoever can is listed as a warning.
#admins = ["role/ci-deploy", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Tables_*"]

# A drift check older than this is stale. [default: 24]
#drift_check_hours = 24

# Callers are to agree on keys by a post-quantum exchange: ENC-09 warns of those that do not.
# [default: false]
#post_quantum = true

# What each data class asks for: "default", or "fsi", which asks for customer-managed keys of all but public tables.
# [default: "default"]
#name = "fsi"

# What differs from it, for public, internal, confidential or restricted tables.
[baseline.confidential]
#least_key = "customer"
#pitr_days = 35
#backup_max_age_hours = 24
#log_retention_days = 730
#data_events = "read-write-streams-network"
#guardduty_fail_severity = 4.0

[baseline.restricted]
#shield_advanced = true
"#;

const CLASSES: &str = r#"
# Which tags say a table's class, owner and domain: keys in order of preference, in any case. A table without a class is
# judged as restricted; what fails for that reason alone counts once, under ISO-01.
[classes]
#keys = ["data-class", "classification"]
#owner = ["owner", "team"]
#domain = ["domain"]
# Those of subnets: their zone is restricted, secured or private, or external, public, dmz, internet or edge.
#zone = ["zone", "tier"]

# What values of the class mean, beside public, internal, confidential (pii, personal) and restricted (secret).
[classes.values]
#c3 = "restricted"

[who]
# Count the calls to a table by CloudWatch's metrics: $0.01 for 1,000 metrics asked for, 13 of them a look at a table.
# [default: false]
#metrics = true
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that a table of the file has, as serde tells them when it meets one that it does not know.
    fn fields(table: &str) -> Vec<String> {
        let said = Config::parse(&format!("{table}\nno_such_setting = 1\n")).unwrap_err();
        let (_, names) = said.rsplit_once("expected ").unwrap_or_else(|| panic!("{table}: {said}"));
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_template_names_every_setting_that_there_is() {
        let template = template();
        let bare = |line: &str| line.trim_start_matches('#').trim().to_owned();
        // Settings by the table that they stand in.
        let (mut table, mut named) = (String::new(), std::collections::BTreeSet::new());
        for line in template.lines().filter(|line| !line.starts_with("# ")).map(bare) {
            match (line.strip_prefix('['), line.split_once(" = ")) {
                (Some(head), _) => head.trim_matches(['[', ']']).clone_into(&mut table),
                (None, Some((name, _))) => drop(named.insert(format!("{table}.{name}"))),
                _ => {}
            }
        }
        let of = |table: &str| named.iter().any(|name| name.starts_with(table));
        for head in [
            "",
            "[baseline]",
            "[[baseline.expected]]",
            "[baseline.management]",
            "[classes]",
            "[who]",
            "[[front_doors]]",
            "[engines.athena]",
            "[engines.insights]",
            "[engines.lake]",
            "[engines.s3]",
        ] {
            let table = head.trim_matches(['[', ']']);
            for field in fields(head) {
                let name = format!("{table}.{field}");
                // Classes differ in the same settings: those of two are shown.
                let class = ["public", "internal", "confidential", "restricted"].contains(&field.as_str());
                assert!(class || of(&name) || of(name.trim_start_matches('.')), "{name} is not in the template");
            }
        }
        for field in fields("[baseline.restricted]") {
            let shown = ["confidential", "restricted"].map(|class| format!("baseline.{class}.{field}"));
            assert!(shown.iter().any(|name| of(name)), "{field} of a class is not in the template");
        }
    }

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
        assert_eq!(config.doors().len(), 2);
        assert!(config.baseline().of(DataClass::Restricted).shield_advanced);
        assert_eq!(config.engines.athena.max_bytes, Some(Size(100_000_000_000)));
        let baseline = config.baseline();
        assert_eq!(baseline.trusted_accounts, ["444455556666"]);
        assert_eq!((baseline.break_glass.len(), baseline.admins.len()), (1, 2));
        assert_eq!((baseline.least_pitr_days(DataClass::Confidential), baseline.tags.class.len()), (35, 2));
        assert_eq!((baseline.expected[0].principals.len(), baseline.management.addresses.len()), (3, 3));
        assert!(baseline.post_quantum);
        assert_eq!(baseline.tags.values.get("c3"), Some(&DataClass::Restricted));
        assert_eq!(Config::default().baseline(), Baseline::default());
    }

    #[test]
    fn the_demo_account_says_what_is_expected_and_the_file_goes_before() {
        let demo = Config::default().of_demo().baseline();
        assert!(!demo.expected.is_empty() && !demo.management.roles.is_empty());
        let own = Config::parse("[[baseline.expected]]\nprincipals = [\"role/a\"]").unwrap().of_demo().baseline();
        assert_eq!(own.expected[0].principals, ["role/a"]);
        assert_eq!(own.management, demo.management);
    }

    #[test]
    fn an_error_names_its_line() {
        let error = Config::parse("share = 0.5\nregoins = []\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("regoins"), "{error}");
        let error = Config::parse("share = 0.5\n[[front_doors]]\narn = \"shop\"\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("front_doors") && error.contains("arn"), "{error}");
        assert!(Config::parse("share = 0.0").is_err());
        let error = Config::parse("[baseline.management]\nroles = []\naddresses = [\"10.0.0.0/33\"]\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("10.0.0.0/33") && error.contains("addresses"), "{error}");
        let error = Config::parse("\n[[baseline.expected]]\nprincipals = [\"app-orders\"]\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("app-orders"), "{error}");
        for wrong in [
            "[engines.s3]\ntrail = \"/tmp\"",
            "[engines.athena]\nmax_bytes = \"ten\"",
            "[engines.athean]",
            "[baseline]\nname = \"bank\"",
            "[classes.values]\nc3 = \"topsecret\"",
            "[[front_doors]]\narn = \"shop\"",
            "[[front_doors]]\ntables = [\"orders\"]",
            "[[front_doors]]\narn = \"arn:aws:cloudfront::111122223333:distribution/E1\"\n[[front_doors]]\narn = \"arn:aws:cloudfront::111122223333:distribution/E1\"",
            "[[baseline.expected]]\ntables = [\"orders\"]",
            "[[baseline.expected]]\nprincipals = []",
            "[[baseline.expected]]\nprincipals = [\"role/a\"]\nclass = [\"restricted\"]",
            "[baseline.management]\nroles = [\"arn:aws:sts::111122223333:assumed-role/admin/alice\"]",
        ] {
            assert!(Config::parse(wrong).is_err(), "{wrong}");
        }
    }
}
