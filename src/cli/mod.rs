//! The command line: what it may say, and the commands that print and end.

mod args;
mod baseline;
mod controls;
mod dashboard;
mod doctor;
mod engine;
mod exec;
mod files;
mod handover;
mod line;
mod looks;
mod manual;
mod notify;
mod once;
mod pipe;
mod plain;
mod print;
mod profiles;
mod search;
mod talk;
mod watch;
mod who;
mod worse;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::aws::{Settings, StartError};
use crate::config::{Config, ConfigError, Limits};
use crate::controls::accepted::Accepted;
use crate::state::State;
use crate::store::Exceptions;
use crate::store::rows::RowKind;
use crate::wire::Wire;
use crate::wire::demo::{Demo, Story};

pub use args::{BaselineCommand, Cli, Command, Global, Output, WatchArgs};
pub use notify::Notify;
use pipe::Pipe;

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line or a file asks for what there is not: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The configuration file: exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data layer could not start: 2 where other options would help, else 1.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The certificates named by the environment: exit code 2.
    #[error(transparent)]
    Live(#[from] crate::wire::live::LiveError),
    /// Output or terminal: exit code 1. A closed pipe is none: `Pipe` takes it for read enough.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) | Self::Live(_) => 2,
            Self::Start(StartError::NoScope(_) | StartError::NoRegion(_)) => 2,
            Self::Start(_) | Self::Io(_) => 1,
        }
    }
}

/// Reads the command line, does what it says and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match log().and_then(|()| run(&cli)) {
        Ok(code) => code,
        Err(failure) => {
            let text = failure.to_string();
            let shown: Vec<_> = text.lines().map(crate::export::safe::visible).collect();
            let _closed = writeln!(io::stderr(), "dynakeep: {}", shown.join("\n"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    if cli.global.theme.is_some() {
        // A theme that there is not is a mistake in every command.
        looks::theme(&cli.global, &Config::default())?;
    }
    let accepts = matches!(cli.command, Some(Command::Baseline { what: BaselineCommand::Accept { .. } }));
    if let Some(named) = cli.global.baseline.as_ref().filter(|named| !accepts && !named.exists()) {
        return Err(Failure::Usage(format!("--baseline: there is no file {}", named.display())));
    }
    let (kind, query) = match &cli.command {
        Some(Command::Check { .. }) => (RowKind::Checks, None),
        Some(Command::Tables) => (RowKind::Tables, None),
        Some(Command::Findings) => (RowKind::Findings, None),
        Some(Command::Compliance) => (RowKind::Compliance, None),
        Some(Command::Drift) => (RowKind::Drift, None),
        Some(Command::Endpoints) => (RowKind::Endpoints, None),
        Some(Command::Trails) => (RowKind::Trails, None),
        Some(Command::Lanes) => (RowKind::Lanes, None),
        Some(Command::Practices) => (RowKind::Practices, None),
        Some(Command::Events { query, engine }) if !cli.global.files().is_empty() => {
            return files::run(cli, query.as_deref(), engine);
        }
        Some(Command::Events { engine, .. }) if engine.count => {
            return Err(Failure::Usage("--count counts events of files: name them with --trail PATH".to_owned()));
        }
        Some(Command::Events { query, engine }) => match engine::run(cli, query.as_deref(), engine)? {
            Some(code) => return Ok(code),
            None => (RowKind::Events, query.as_deref()),
        },
        Some(Command::Who { table, query, metrics }) => return who::run(cli, table, query.as_deref(), *metrics),
        Some(Command::Handover { since, done }) => return handover::run(cli, since.as_deref(), *done),
        Some(Command::Watch(args)) => return watch::run(cli, args),
        None => return dashboard::run(cli, None),
        Some(Command::Open { thing }) => return dashboard::run(cli, Some(thing)),
        Some(Command::Doctor) => return doctor::run(cli),
        Some(Command::Baseline { what }) => return baseline::run(cli, what),
        Some(command) => {
            heeded(cli, command)?;
            let mut out = Pipe::new(io::stdout().lock());
            print(cli, command, &mut out)?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    if !cli.global.trail.is_empty() {
        return Err(Failure::Usage("--trail is for `events`, `who` and the dashboard".to_owned()));
    }
    once::run(cli, kind, query)
}

/// Refuses what a command would silently pass over.
fn heeded(cli: &Cli, command: &Command) -> Result<(), Failure> {
    if cli.global.filter.is_some() {
        return Err(Failure::Usage("--filter is for rows of the estate; this command prints none".to_owned()));
    }
    let (formats, words): (&[Output], _) = match command {
        Command::Controls { .. } => (&[Output::Table, Output::Json, Output::Csv, Output::Md], "table, json, csv or md"),
        Command::Info => (&[Output::Table, Output::Json, Output::Csv], "table, json or csv"),
        Command::Keys => (&[Output::Table, Output::Json], "table or json"),
        Command::IamPolicy { .. } => (&[Output::Table, Output::Json], "json"),
        _ => (&[Output::Table], "one format, and -o changes nothing"),
    };
    if formats.contains(&cli.global.output) {
        return Ok(());
    }
    Err(Failure::Usage(format!("-o: this command prints {words}")))
}

/// The commands that make no call.
fn print(cli: &Cli, command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Controls { ids } => controls::run(cli, ids, out)?,
        Command::Info => print::info(cli, out)?,
        Command::IamPolicy { paid } => print::iam_policy(*paid, out)?,
        Command::Completions { shell } => manual::completions(*shell, out)?,
        Command::Man => manual::page(out)?,
        Command::Keys => looks::keys(&cli.global, out)?,
        Command::Themes => looks::themes(&cli.global, out)?,
        Command::ConfigTemplate => out.write_all(crate::config::template().as_bytes())?,
        _ => {}
    }
    Ok(())
}

/// The connector that the options ask for; a demo's story is over.
fn wire(cli: &Cli) -> Result<Wire, Failure> {
    wire_at(cli, None, Story::End)
}

/// As [`wire`], a demo's story standing where somebody says. `wall` makes it go on at wall speed.
fn wire_at(cli: &Cli, wall: Option<tokio::runtime::Handle>, start: Story) -> Result<Wire, Failure> {
    let Some(sizes) = cli.global.demo else { return Ok(crate::wire::live::live()?) };
    let mut options = sizes.options(cli.global.demo_seed);
    options.start = start;
    Ok(Demo::new(options, wall).wire())
}

/// What persons set aside or vouch for, from the file beside the configuration.
fn exceptions(global: &Global) -> Exceptions {
    match Config::exceptions(global.config.as_deref()) {
        Ok(text) => text.as_deref().map(Exceptions::parse).unwrap_or_default(),
        Err(message) => Exceptions::unread(&message),
    }
}

/// Where state is kept: nowhere, where somebody says so, and of the demo account, which is the same wherever it is
/// looked at.
fn state(global: &Global) -> Option<State> {
    let usual = || if global.demo.is_some() { None } else { State::usual() };
    let directory = if global.no_state { None } else { global.state.clone().or_else(usual) };
    directory.map(State::new)
}

/// Who runs this, by the environment.
fn user() -> Option<String> {
    let names = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty())
}

/// The paid operation that counts calls to a table.
const METRICS: &str = "cloudwatch:GetMetricData";

/// The file's settings; for the demo account, what its own people expect as well.
fn config(global: &Global) -> Result<Config, ConfigError> {
    let mut config = Config::load(global.config.as_deref())?;
    config.accepted = match baseline::stands(global) {
        Ok((_, accepted)) => accepted,
        // DET-13 says so of every table, and the first line does.
        Err(broken) => Accepted { broken: Some(broken), ..Accepted::default() },
    };
    Ok(if global.demo.is_some() { config.of_demo() } else { config })
}

/// Where to look and how hard: flags, then the environment, then the file.
fn settings(global: &Global, config: &Config) -> Settings {
    let demo = global.demo.is_some();
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty() && !demo);
    let or_file = |flags: &[String], names: &[&str], file: &[String]| -> Vec<String> {
        if !flags.is_empty() {
            flags.to_vec()
        } else if demo || names.iter().any(|name| environment(name).is_some()) {
            // The SDK reads AWS's own variables itself.
            Vec::new()
        } else {
            file.to_vec()
        }
    };
    let file_endpoint = || config.endpoint_url.clone().filter(|_| !demo);
    let endpoint = global.endpoint_url.clone().or_else(|| environment("AWS_ENDPOINT_URL")).or_else(file_endpoint);
    let limits = match global.limits.or(config.limits) {
        Some(limits) => limits == Limits::Aws,
        None => endpoint.is_none(),
    };
    Settings {
        profiles: or_file(&global.profiles, &["AWS_PROFILE", "AWS_ACCESS_KEY_ID"], &config.profiles),
        regions: or_file(&global.regions, &["AWS_REGION", "AWS_DEFAULT_REGION"], &config.regions),
        endpoint,
        limits,
        share: global.share.or(config.share).unwrap_or(0.5),
        once: false,
        sources: Vec::new(),
        event_hours: 24,
        paid: config
            .engines
            .on()
            .into_iter()
            .flat_map(crate::operations::switched_by)
            .chain(config.who.metrics.then_some(METRICS))
            .collect(),
        table: None,
        doors: if demo { Vec::new() } else { config.doors() },
    }
}

/// Logs go to the file that `DYNAKEEP_LOG` names, and nowhere else.
fn log() -> Result<(), Failure> {
    let Some(path) = std::env::var_os("DYNAKEEP_LOG").filter(|path| !path.is_empty()) else { return Ok(()) };
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(|error| Failure::Usage(format!("DYNAKEEP_LOG: {error}")))?;
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(std::sync::Mutex::new(file))
        .init();
    Ok(())
}
