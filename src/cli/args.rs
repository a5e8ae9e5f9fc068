//! What the command line may say.

mod sizes;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::config::Limits;
use crate::controls::facts;
use crate::model::Severity;
use crate::trail::engine::{Name, Root, sized};

use super::Notify;
use sizes::demo_sizes;

pub use sizes::DemoSizes;

/// A read-only security dashboard for DynamoDB estates on AWS, in the terminal.
#[derive(Debug, Parser)]
#[command(name = "dynakeep", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; nothing: the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  dynakeep --demo                                   look around: no credentials, no network
  dynakeep --demo --plain                           the same without a screen: commands and answers
  dynakeep -p prod-audit -r eu-west-1,us-east-1     the dashboard
  dynakeep open FINDING-ARN                         the case that paged
  dynakeep check -o json --fail-on high             a gate for CI
  dynakeep check --framework pci-dss-v4 -o html     what an auditor asks for
  dynakeep tables --filter 'pitr:no class:restricted'
  dynakeep who orders since:7d
  dynakeep events 'name:UpdateTable !readonly since:6h'
  dynakeep events --trail ./AWSLogs 'table:orders ip:203.0.113.0/24'
  dynakeep handover --since 23:00 -o md             what whoever takes over must know
  dynakeep watch --min-severity high --notify osc9  a line for each change

Exit codes: 0 clean · 1 internal error · 2 usage · 3 check: a control failed · 4 incomplete: denied, throttled, unreachable";

/// What holds for every command.
#[derive(Debug, Args)]
pub struct Global {
    /// The embedded demo account: no credentials, no sockets. --demo=tables=5000,findings=2000,events=100000 scales it
    #[arg(long, global = true, value_name = "SIZES", num_args = 0..=1, require_equals = true, default_missing_value = "",
          value_parser = demo_sizes, conflicts_with = "endpoint_url", help_heading = "Where")]
    pub demo: Option<DemoSizes>,
    /// Another demo estate, the same for the same number
    #[arg(long, global = true, value_name = "N", help_heading = "Where")]
    pub demo_seed: Option<u64>,
    /// Profiles of the shared AWS config, in a comma list
    #[arg(short, long = "profile", global = true, value_delimiter = ',', value_name = "NAME", help_heading = "Where")]
    pub profiles: Vec<String>,
    /// Regions in a comma list, or `all`
    #[arg(short, long = "region", global = true, value_delimiter = ',', value_name = "REGION", help_heading = "Where")]
    pub regions: Vec<String>,
    /// An endpoint in place of AWS, for every service
    #[arg(short, long, global = true, value_name = "URL", help_heading = "Where")]
    pub endpoint_url: Option<String>,
    /// The configuration file
    #[arg(long, global = true, env = "DYNAKEEP_CONFIG", value_name = "FILE", help_heading = "Where")]
    pub config: Option<PathBuf>,
    /// What was accepted of tables, in place of accepted.toml beside the configuration file
    #[arg(long, global = true, env = "DYNAKEEP_BASELINE", value_name = "FILE", help_heading = "Where")]
    pub baseline: Option<PathBuf>,
    /// Which keys do what, in place of keys.toml beside the configuration file: a line an action, `raw = ["J", "ctrl-j"]`;
    /// `dynakeep keys` lists them
    #[arg(long, global = true, env = "DYNAKEEP_KEYS", value_name = "FILE", help_heading = "Looks")]
    pub keys: Option<PathBuf>,
    /// Where the mark of the last hand-over and notes are kept, in place of $XDG_STATE_HOME/dynakeep. The demo account's are
    /// kept only where this says so
    #[arg(long, global = true, env = "DYNAKEEP_STATE", value_name = "DIR", help_heading = "Where")]
    pub state: Option<PathBuf>,
    /// Keep nothing on this machine and read nothing that was kept, whatever --state says
    #[arg(long, global = true, help_heading = "Where")]
    pub no_state: bool,
    /// The share of AWS's documented rates to use, above 0 and up to 1 [default: 0.5]
    #[arg(long, global = true, value_name = "FRACTION", value_parser = share, help_heading = "Where")]
    pub share: Option<f64>,
    /// Keep to AWS's documented rates, or not; by default they are kept except at a custom endpoint
    #[arg(long, global = true, value_name = "WHICH", help_heading = "Where")]
    pub limits: Option<Limits>,
    /// CloudTrail log files in place of CloudTrail: directories, .json, .json.gz, JSON lines, Athena's CSV; or objects of
    /// a trail in S3, s3://BUCKET/PREFIX (events only; the s3 engine). May be given several times
    #[arg(long, global = true, value_name = "PATH", value_parser = place, help_heading = "Trail files")]
    pub trail: Vec<Place>,
    /// Go on looking for files that grow or appear
    #[arg(long, global = true, requires = "trail", help_heading = "Trail files")]
    pub follow: bool,
    /// The most memory that events of files may take, as 500M or 2G: the oldest go first, and that is said
    #[arg(long, global = true, value_name = "SIZE", value_parser = size, default_value = "4G", help_heading = "Trail files")]
    pub max_memory: usize,
    /// Keep records as they are in memory: text is found faster, at about 1.5 KB an event
    #[arg(long, global = true, requires = "trail", help_heading = "Trail files")]
    pub keep_raw: bool,
    /// How rows are printed; sarif, junit, ocsf and html are for `check`, md for `check`, `lanes`, `drift` and `handover`
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table", help_heading = "What")]
    pub output: Output,
    /// Only rows that match: 'pitr:no class:restricted', 'severity:>=high since:2h'
    #[arg(long, global = true, value_name = "QUERY", help_heading = "What")]
    pub filter: Option<String>,
    /// The dashboard's first tab: overview, findings, compliance, drift, tables, endpoints, trail, controls, sources
    #[arg(long, global = true, value_name = "NAME", help_heading = "Looks")]
    pub view: Option<String>,
    /// A theme: `dynakeep themes` lists them; `auto` suits the terminal's background, `auto:gruvbox-dark` by another pair
    #[arg(long, global = true, env = "DYNAKEEP_THEME", value_name = "NAME", help_heading = "Looks")]
    pub theme: Option<String>,
    /// No colours
    #[arg(long, global = true, action = ArgAction::SetTrue, help_heading = "Looks")]
    pub no_color: bool,
    /// Leave clicks and the wheel to the terminal
    #[arg(long, global = true, action = ArgAction::SetTrue, help_heading = "Looks")]
    pub no_mouse: bool,
    /// The dashboard line by line, for those who listen: numbered lines, commands on standard input, words in place of symbols,
    /// nothing drawn anew. (What is drawn without it neither blinks nor moves by itself.)
    #[arg(long, global = true, action = ArgAction::SetTrue, help_heading = "Looks")]
    pub plain: bool,
    /// ASCII in place of symbols; by itself where the locale (LC_ALL, LC_CTYPE, LANG) is not UTF-8
    #[arg(long, global = true, action = ArgAction::SetTrue, help_heading = "Looks")]
    pub ascii: bool,
}

/// Where a trail's events lie.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file or a directory.
    Files(PathBuf),
    /// Objects in S3.
    S3(Root),
}

impl Global {
    /// Files and directories named by `--trail`.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let file = |place: &Place| if let Place::Files(path) = place { Some(path.clone()) } else { None };
        self.trail.iter().filter_map(file).collect()
    }

    /// The trail in S3 named by `--trail`.
    #[must_use]
    pub fn objects(&self) -> Option<&Root> {
        self.trail.iter().find_map(|place| if let Place::S3(root) = place { Some(root) } else { None })
    }
}

fn place(text: &str) -> Result<Place, String> {
    if text.starts_with("s3:") {
        return Root::parse(text).map(Place::S3);
    }
    let path = PathBuf::from(text);
    match path.try_exists() {
        Ok(true) => Ok(Place::Files(path)),
        Ok(false) => Err("there is no such file or directory".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Bytes: `500M`, `2G`, in steps of 1024.
fn size(text: &str) -> Result<usize, String> {
    let count = usize::try_from(sized(text, 1024)?).map_err(|_| "more than this machine can count".to_owned())?;
    if count < 1 << 20 { Err("at least 1M".to_owned()) } else { Ok(count) }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The dashboard at the case that paged
    ///
    /// THING is a finding's ARN or id, its console URL, an event's id, a table's ARN or name; `-` reads an EventBridge
    /// event from standard input.
    Open {
        /// A finding, event, table or console URL; `-` for standard input
        thing: String,
    },
    /// One sweep, a verdict for every control and resource
    ///
    /// Exits with 3 when a control fails at or above --fail-on, with 4 when something could not be read: a denied
    /// call is never a pass and never a failure. --filter narrows the gate too: only rows printed can fail it.
    ///
    /// A table whose tags state no class is judged as restricted. What fails for that reason alone counts once, under
    /// ISO-01, until --strict-class says otherwise.
    Check {
        /// The least severity of a failed control that makes the exit code 3
        #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = severity)]
        fail_on: Severity,
        /// The least share of tables that must have been read, in percent; below it the exit code is 4
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
        min_coverage: Option<u8>,
        /// Failures that are due only to the default class count, too: tables without a class are restricted ones
        #[arg(long)]
        strict_class: bool,
        /// Only these controls, in a comma list: RES-01,ENC-01
        #[arg(long = "control", value_name = "ID", value_delimiter = ',', value_parser = control)]
        controls: Vec<&'static str>,
        /// Only what a framework asks for: pci-dss-v4, nist-800-53, security-hub (fsbp), hipaa, soc-2, cis-aws …; each row
        /// says whether the mapping is published or our suggestion
        #[arg(long, value_name = "NAME", value_parser = framework)]
        framework: Option<&'static str>,
        /// Of the framework's mappings only those that a publisher made
        #[arg(long, requires = "framework")]
        published_only: bool,
        /// Only what is worse than in an earlier answer (`check -o json` kept in FILE), or bad and new since; only that
        /// can fail the run, or leave it incomplete. Each row says what it was
        #[arg(long, value_name = "FILE", alias = "since-tape")]
        worse_than: Option<PathBuf>,
    },
    /// Tables: key, recovery, protection, policy, endpoints, verdicts
    Tables,
    /// GuardDuty findings and the tables they lead to
    Findings,
    /// What AWS Config rules say about resources
    Compliance,
    /// What is not as a stack, an acceptance or what came before says; since when, by whom, and what that lost
    Drift,
    /// VPC endpoints and their policies
    Endpoints,
    /// CloudTrail trails and what they record
    Trails,
    /// Practices that texts on securing DynamoDB ask for, and how the controls that answer for each stand
    ///
    /// Each with what is true today where common texts are wrong or out of date. `--filter now:*` shows those alone.
    Practices,
    /// Who crosses a lane: whose roles, users and endpoints reach the tables of which domain, through which statement
    ///
    /// Domains are those that tags state (`domain` below `classes` in the configuration). Without the organization's policies;
    /// conditions of identities' policies are taken to hold. `-o md` is a page to file. What could not be read leaves its
    /// lane unknown, and makes the exit code 4.
    Lanes,
    /// CloudTrail events of the last day, or of the window that the query names
    ///
    /// Reads write calls, DynamoDB's own events and the newest uses of keys. A query with id:, key:, session:, name:, source:, table: or by:
    /// also searches CloudTrail by that, 90 days back unless since: says otherwise. What was searched is in
    /// coverage.events of the JSON; a search cut short or failed makes the exit code 4.
    ///
    /// Other engines read the window that the query names, without one the last day, and give the same rows for it.
    /// They cost money, are off until the configuration switches them on, and refuse what would read more than their
    /// max_bytes. Ctrl-C stops a query at its service.
    Events {
        /// Which events: 'by:alice table:orders since:2h !readonly'
        query: Option<String>,
        /// Who answers, and at what price
        #[command(flatten)]
        engine: EngineArgs,
    },
    /// Who used a table: what is recorded, and what follows from what is
    ///
    /// Which trails record its items and since when not, who used its key, took copies, changed it or looked at it,
    /// what no event can tell, and what to switch on at what price. Each section says what it rests on; something that
    /// could not be read makes the exit code 4. Times as in filters: `since:7d`.
    ///
    /// --trail PATH adds the events of log files to what the account says. Where no option and no variable of the
    /// environment names an account, files answer alone: no call to AWS, exit code 0, and what was not asked says so.
    Who {
        /// The table's name or ARN
        table: String,
        /// The window: 'since:2026-11-01'
        query: Option<String>,
        /// Count its calls by CloudWatch's metrics too: $0.01 for 1,000 metrics, 13 of them a table
        #[arg(long)]
        metrics: bool,
    },
    /// What changed since the last hand-over, for whoever takes over: new findings, drifts with their cause, verdicts that
    /// fell or rose, data gone stale, notes, and what all that cannot tell
    ///
    /// One sweep, held against the mark that `--done`, or `:handover done` in the dashboard, set last; looking does not
    /// move it. Without a mark, the last twelve hours by the times of findings, drifts and events. Exits with 4 when
    /// something could not be read.
    Handover {
        /// Since another moment: 23:00 (the last such, in UTC), 8h, 2026-11-21T23:00
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Move the mark to now, once it is printed
        #[arg(long)]
        done: bool,
    },
    /// Poll without a screen, and tell each change once: a line, or JSON on a line with -o json
    ///
    /// Polls as often as the dashboard. What the first sweep finds is no change. Ends when --for is over, and then exits
    /// with 3 when something it told made things worse, with 4 when something could not be read; ended by a signal,
    /// with 0. With --demo and --for the story is told at once.
    Watch(WatchArgs),
    /// The accepted state of tables: accept what is, show it, or what differs from it since
    ///
    /// Lies in accepted.toml beside the configuration file, or where --baseline says: a block a table, one line a
    /// setting, fit for git. DET-13 judges every table by it.
    Baseline {
        /// What to do
        #[command(subcommand)]
        what: BaselineCommand,
    },
    /// The controls: what each asks, rests on, and cannot see (no call to AWS)
    ///
    /// With ids, those in full: what passes and fails them, what they rest on, how they are mended, which threats they
    /// stand against, who else asks the same. `-o md` prints the reference that lies in the repository as CONTROLS.md.
    Controls {
        /// Only these: RES-01 ENC-01
        #[arg(value_name = "ID", value_parser = control)]
        ids: Vec<&'static str>,
    },
    /// What keeps it from seeing: credentials, permissions, services that are off, what nobody records, unclassed tables
    ///
    /// One sweep, and for each thing found what to do about it; tags that may say a table's class, owner or domain are
    /// named with the line of configuration that would make them count. Exits with 4 when something could not be read.
    Doctor,
    /// Version, configuration, and what would be read (no call to AWS)
    Info,
    /// The least IAM policy it needs, made from the table of operations (no call to AWS)
    IamPolicy {
        /// Also what costs money or starts a query
        #[arg(long)]
        paid: bool,
    },
    /// The dashboard's keys, and what the actions they ask for are called
    ///
    /// In keys.toml, beside the configuration file or where --keys says, a line gives an action other keys:
    /// `raw = ["J", "ctrl-j"]`, `lanes = []`. Its mistakes are told with their lines.
    Keys,
    /// The themes: built in, and those of the configuration directory
    Themes,
    /// Completions for a shell, to standard output
    ///
    /// bash: dynakeep completions bash > ~/.local/share/bash-completion/completions/dynakeep · zsh: > a directory of $fpath, as
    /// _dynakeep · fish: > ~/.config/fish/completions/dynakeep.fish · PowerShell: dynakeep completions powershell |
    /// Out-String | Invoke-Expression
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// The manual page, to standard output: dynakeep man | man -l -
    Man,
    /// A configuration file with every setting explained: dynakeep config-template > ~/.config/dynakeep/config.toml
    ConfigTemplate,
}

/// What is told of changes, and to whom.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Only what is at least so bad; what went stale is always told
    #[arg(long, value_name = "SEVERITY", default_value = "info", value_parser = severity)]
    pub min_severity: Severity,
    /// End after so long: 90s, 30m, 8h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Tell a person at the terminal, too; where there is none, nobody is told
    #[arg(long, value_name = "HOW", default_value = "none")]
    pub notify: Notify,
    /// Run a command for each change, one after the other, with the change as JSON on its standard input. Nothing is split
    /// and no shell is asked: --exec notify-send dynakeep, or --exec sh -c 'jq -r .reason'. Other options go before it,
    /// or after a `;`
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true, value_terminator = ";")]
    pub exec: Option<Vec<String>>,
    /// How long the command may take before it is ended
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub exec_time_out: Duration,
    /// Leave AWS's variables in the command's environment, credentials among them
    #[arg(long)]
    pub exec_with_credentials: bool,
}

/// `90s`, `30m`, `8h`, `2d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write 90s, 30m, 8h or 2d".to_owned();
    let (count, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u32 = count.parse().map_err(|_| wrong())?;
    if count == 0 { Err(wrong()) } else { Ok(Duration::from_secs(u64::from(count) * seconds)) }
}

/// What to do about the accepted state of tables.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Take the settings of tables, as they are now, for right
    ///
    /// Settings that could not be read are named and left out, or stay as they were accepted before, and make the exit
    /// code 4. Blocks of other tables stay as they are, and so do comments on lines of their own.
    Accept {
        /// Which tables, as in `tables --filter`: 'name:orders account:111122223333'; all of them without it
        query: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", value_parser = said)]
        reason: String,
        /// Who accepts; without it the user's name
        #[arg(long, value_name = "NAME", value_parser = said)]
        by: Option<String>,
    },
    /// What was accepted, when, by whom and why (no call to AWS)
    Show,
    /// What differs from what was accepted, and which verdicts that lowers
    ///
    /// Exits with 3 when a difference lowers the verdict of a control, with 4 when something could not be read.
    Diff {
        /// Which tables, as in `tables --filter`
        query: Option<String>,
    },
}

fn said(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it says nothing".to_owned()) } else { Ok(text.trim().to_owned()) }
}

/// Who answers a query for events.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// The engine: CloudTrail's event history, or one that the configuration switched on
    #[arg(long, value_name = "NAME", value_parser = engine)]
    pub engine: Option<Name>,
    /// Print how many events match, how many deliveries were repeated, how many records are broken, and events by name
    #[arg(long)]
    pub count: bool,
    /// Print what would be asked, what it reads and the most it can cost; ask nothing
    #[arg(long)]
    pub plan: bool,
    /// Print the statement that makes the table for Athena (no call to AWS)
    #[arg(long, conflicts_with_all = ["query", "engine", "trail", "plan", "count"])]
    pub athena_ddl: bool,
}

fn engine(text: &str) -> Result<Name, String> {
    Name::read(text).ok_or_else(|| Name::ALL.map(Name::word).join(", "))
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns, for people
    Table,
    /// One object, with coverage
    Json,
    /// Every field, for spreadsheets
    Csv,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Markdown, for pull requests
    Md,
    /// JUnit XML, for build servers
    Junit,
    /// OCSF 1.8.0 Compliance Findings (class 2003), for data lakes and SIEMs
    Ocsf,
    /// One HTML file, for people
    Html,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0).ok_or_else(|| "above 0 and up to 1".to_owned())
}

fn control(text: &str) -> Result<&'static str, String> {
    let found = facts::all().find(|(id, _)| id.eq_ignore_ascii_case(text.trim()));
    found.map(|(id, _)| id).ok_or_else(|| "`dynakeep controls` lists what there is".to_owned())
}

fn framework(text: &str) -> Result<&'static str, String> {
    facts::framework(text).ok_or_else(|| facts::frameworks().join(", "))
}

fn severity(text: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|of| of.word().eq_ignore_ascii_case(text));
    found.ok_or_else(|| Severity::ALL.map(Severity::word).join(", "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_takes_sizes_only_after_an_equals_sign() {
        let demo = |line: &str| parse(line).unwrap().global.demo;
        assert_eq!(demo("dynakeep --demo"), Some(DemoSizes::default()));
        assert_eq!(demo("dynakeep tables"), None);
        let sizes = demo("dynakeep --demo=tables=5000,events=100 check").unwrap().options(Some(3));
        assert_eq!((sizes.tables, sizes.events, sizes.seed), (5000, 100, 3));
        let cli = parse("dynakeep --demo tables -o json").unwrap();
        assert!(matches!(cli.command, Some(Command::Tables)) && cli.global.output == Output::Json);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for line in [
            "dynakeep --demo=rows=3",
            "dynakeep --share 0",
            "dynakeep check --fail-on bad",
            "dynakeep --demo -e http://x",
            "dynakeep record x",
            "dynakeep check --min-coverage 101",
            "dynakeep check --control RES-99",
            "dynakeep check --framework pci-dss-v3",
            "dynakeep check --published-only",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert!(parse("dynakeep -p a,b -r eu-west-1 check --fail-on Critical").is_ok());
    }
}
