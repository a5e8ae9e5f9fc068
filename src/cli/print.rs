//! Commands that make no call: info, iam-policy.

use std::io::{self, Write};

use serde_json::json;

use crate::config::Config;
use crate::export::{csv::cell, iam_policy, safe};
use crate::operations::{OPERATIONS, Tier};

use super::{Cli, Failure, Output, settings};

/// Version, configuration, and what would be read.
pub(super) fn info(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(cli.global.config.as_deref())?;
    let settings = settings(&cli.global, &config);
    let path = cli.global.config.clone().or_else(Config::path);
    let file = path.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let found = path.is_some_and(|path| path.exists());
    let list = |of: &[String], none: &str| if of.is_empty() { none.to_owned() } else { of.join(", ") };
    let polled = OPERATIONS.iter().filter(|of| matches!(of.tier, Tier::Poll | Tier::Slow)).count();
    let rates =
        if settings.limits { format!("{} of the documented rates", settings.share) } else { "not limited".to_owned() };
    let rows = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("origin", if cli.global.demo.is_some() { "demo" } else { "live" }.to_owned()),
        ("profiles", list(&settings.profiles, "the default chain of credentials")),
        ("regions", list(&settings.regions, "the profile's own")),
        ("endpoint", settings.endpoint.clone().unwrap_or_else(|| "AWS".to_owned())),
        ("rates", rates),
        ("config", if found { file } else { format!("{file} (not there)") }),
        ("controls", format!("{} judged of {}", crate::controls::CATALOGUE.len(), crate::controls::facts::all().len())),
        ("operations", format!("{} may be called, {polled} of them while polling; none writes", OPERATIONS.len())),
    ];
    match cli.global.output {
        Output::Json => {
            let object: serde_json::Map<_, _> =
                rows.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
            safe::json(out, &object)?;
            writeln!(out)?;
        }
        Output::Csv => {
            for (name, text) in rows {
                writeln!(out, "{name},\"{}\"", cell(&text).replace('"', "\"\""))?;
            }
        }
        _ => {
            for (name, text) in rows {
                writeln!(out, "{name:<12}{}", safe::visible(&text))?;
            }
        }
    }
    Ok(())
}

/// The least policy.
pub(super) fn iam_policy(paid: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut tiers = vec![Tier::Poll, Tier::Slow, Tier::Drill];
    tiers.extend(paid.then_some(Tier::Paid));
    let text = iam_policy::text(&tiers);
    writeln!(out, "{}", text.trim_end())?;
    for note in iam_policy::notes(&tiers) {
        let _closed = writeln!(io::stderr(), "dynakeep: {note}");
    }
    Ok(())
}
