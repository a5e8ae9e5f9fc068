//! The manual page and completions: made from the command line's definition and the table of keys.

use std::io::{self, Write};

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};

use crate::app::Tab;
use crate::controls::facts;
use crate::keymap::{self, BINDINGS};
use crate::model::Severity;
use crate::theme::Theme;
use crate::trail::engine::Name;

use super::Cli;

/// Files, each with what it holds.
const FILES: [(&str, &str); 7] = [
    ("$XDG_CONFIG_HOME/dynakeep/config.toml", "the configuration; `dynakeep config-template` prints one explained"),
    ("$XDG_CONFIG_HOME/dynakeep/attestations.toml", "mutes and attestations"),
    ("$XDG_CONFIG_HOME/dynakeep/accepted.toml", "what was accepted of tables: `dynakeep baseline`"),
    ("$XDG_CONFIG_HOME/dynakeep/keys.toml", "keys bound anew"),
    ("$XDG_CONFIG_HOME/dynakeep/themes/", "themes of your own, one TOML each"),
    ("$XDG_STATE_HOME/dynakeep/", "the mark of the last hand-over, and notes; readable by you alone"),
    ("~/.aws/config, ~/.aws/credentials", "profiles, read by the AWS SDK"),
];

/// Variables of the environment, besides those that options name.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID …", "as the AWS CLI; --demo ignores all of AWS_*"),
    ("AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "AWS's files, where they lie elsewhere"),
    ("AWS_ENDPOINT_URL", "an endpoint in place of AWS"),
    ("AWS_CA_BUNDLE, HTTPS_PROXY, NO_PROXY", "how AWS is reached"),
    ("NO_COLOR", "set to anything: no colours"),
    ("DYNAKEEP_LOG", "a file for a log of what the program does; without it there is none"),
];

/// What the exit code says.
const EXIT: [(&str, &str); 5] = [
    ("0", "clean"),
    ("1", "internal error"),
    ("2", "usage: a wrong option, value or file, a profile or region that is not there"),
    ("3", "check: a control failed at or above --fail-on; watch --for: something it told made things worse"),
    ("4", "incomplete: something was denied, throttled or unreachable, or no credentials work"),
];

/// Prints the completions for a shell, values of options among them.
pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut valued(), "dynakeep", &mut script);
    out.write_all(&script)
}

/// The command line with the values that some options take: only completions are made of it, for parsing says more.
fn valued() -> Command {
    fn of(names: Vec<&'static str>) -> impl FnOnce(Arg) -> Arg {
        |arg| arg.value_parser(PossibleValuesParser::new(names))
    }
    let controls: Vec<&str> = facts::all().map(|(id, _)| id).collect();
    let severities = Severity::ALL.map(Severity::word).to_vec();
    Cli::command()
        .mut_arg("view", of(Tab::ALL.map(Tab::name).to_vec()))
        .mut_arg("theme", of(Theme::built_in_names().collect()))
        .mut_subcommand("check", |check| {
            check
                .mut_arg("fail_on", of(severities.clone()))
                .mut_arg("framework", of(facts::frameworks()))
                .mut_arg("controls", of(controls.clone()))
        })
        .mut_subcommand("controls", |of_all| of_all.mut_arg("ids", of(controls)))
        .mut_subcommand("watch", |watch| watch.mut_arg("min_severity", of(severities)))
        .mut_subcommand("events", |events| events.mut_arg("engine", of(Name::ALL.map(Name::word).to_vec())))
}

/// Prints the manual page.
pub(super) fn page(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command();
    let man = clap_mangen::Man::new(command.clone());
    command.build();
    let mut out = out;
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    writeln!(out, ".SH COMMANDS")?;
    commands(&mut out, &command, "")?;
    writeln!(out, ".SH KEYS\nOf the dashboard; those bound anew in keys.toml are told by \\fBdynakeep keys\\fR.")?;
    let mut group = "";
    for row in BINDINGS {
        if row.group != group {
            group = row.group;
            writeln!(out, ".SS {}", roff(group))?;
        }
        let keys: Vec<String> = row.keys.iter().map(|press| keymap::name(*press)).collect();
        entry(&mut out, &keys.join("  "), row.what)?;
    }
    for (head, rows) in [("FILES", &FILES[..]), ("ENVIRONMENT", &ENVIRONMENT), ("EXIT STATUS", &EXIT)] {
        writeln!(out, ".SH \"{head}\"")?;
        for (name, what) in rows {
            entry(&mut out, name, what)?;
        }
    }
    writeln!(out, ".SH EXAMPLES\n.nf")?;
    for line in super::args::EXAMPLES.lines().filter(|line| line.starts_with("  ")) {
        writeln!(out, "{}", roff(line))?;
    }
    writeln!(out, ".fi")?;
    man.render_version_section(&mut out)
}

/// Each command with its own arguments, and those below it.
fn commands(out: &mut dyn Write, of: &Command, path: &str) -> io::Result<()> {
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("{path}{}", command.get_name());
        let own = || {
            command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help")
        };
        let placed: Vec<String> = own().filter(|arg| arg.is_positional()).map(ToString::to_string).collect();
        writeln!(out, ".SS \"{}\"", roff(format!("{name} {}", placed.join(" ")).trim()))?;
        let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        writeln!(out, "{}", roff(&about).replace("\n\n", "\n.PP\n"))?;
        for arg in own().filter(|arg| !arg.is_positional()) {
            let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let takes = arg.get_action().takes_values() && !default.is_empty();
            let default = if takes { format!(" [default: {}]", default.join(", ")) } else { String::new() };
            entry(out, &format!("{short}{arg}"), &format!("{help}{default}"))?;
        }
        commands(out, command, &format!("{name} "))?;
    }
    Ok(())
}

fn entry(out: &mut dyn Write, name: &str, what: &str) -> io::Result<()> {
    writeln!(out, ".TP\n\\fB{}\\fR\n{}", roff(name), roff(what))
}

/// Text in which nothing is a command of roff.
fn roff(text: &str) -> String {
    let line = |line: &str| {
        let escaped = line.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq");
        if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        make(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_shell_completes_commands_and_the_values_of_options() {
        use clap_complete::Shell::{Bash, Elvish, Fish, PowerShell, Zsh};
        for shell in [Bash, Zsh, Fish, PowerShell, Elvish] {
            let script = shown(|out| completions(shell, out));
            let command = Cli::command();
            for name in command.get_subcommands().map(Command::get_name) {
                assert!(script.contains(name), "{shell}: {name}");
            }
            if matches!(shell, Bash | Zsh | Fish) {
                for value in ["terminal16", "Overview", "pci-dss-v4", "critical", "athena"] {
                    assert!(script.contains(value), "{shell}: {value}");
                }
            }
        }
    }

    #[test]
    fn the_manual_names_every_command_option_key_and_exit_code() {
        let page = shown(page);
        let has = |name: &str| assert!(page.contains(&roff(name)), "{name}");
        let command = Cli::command();
        for of in command.get_subcommands().chain([&command]) {
            has(of.get_name());
            of.get_arguments().filter_map(Arg::get_long).for_each(|long| has(&format!("--{long}")));
        }
        BINDINGS.iter().for_each(|row| has(row.what));
        for head in ["KEYS", "FILES", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"] {
            has(head);
        }
        // A line that begins with a dot is a command: all of them are ours.
        let known = [".TH", ".SH", ".SS", ".TP", ".PP", ".IP", ".nf", ".fi", ".ie", ".el", ".br", ".RS", ".RE"];
        for line in page.lines().filter(|line| line.starts_with('.')) {
            assert!(known.iter().any(|of| line.starts_with(of)), "{line}");
        }
    }
}
