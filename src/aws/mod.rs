//! The data layer: the only user of the AWS SDK's clients.
//!
//! One session builds every client, with the guard, the limiter and the ledger on each; pollers turn answers
//! into [`crate::model::Polled`] messages. Nothing a service answers, or fails to, ends the program.

mod answers;
mod athena;
mod backups;
mod capture;
mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod config;
mod dynamodb;
mod engine;
mod errors;
mod events;
mod finding;
mod form;
mod guard;
mod guardduty;
mod history;
mod json;
mod kinesis;
mod kms;
mod lake;
mod ledger;
mod limiter;
mod logs;
mod member;
mod memory;
mod network;
mod own;
mod poller;
mod remediation;
mod rest;
mod run;
mod s3;
mod scopes;
mod session;
mod site;
pub mod sought;
mod sts;
mod tail;
mod xml;

use aws_smithy_types::DateTime;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::model::{EventSearch, FrontDoor, Scope, Source};

pub use engine::{Ask, Target};
pub use run::{StartError, run, spawn, spawn_with};

/// Where to look and how hard.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Profiles of the shared config; empty for the default credentials chain.
    pub profiles: Vec<String>,
    /// Regions; empty for the profile's own, `["all"]` for every enabled one.
    pub regions: Vec<String>,
    /// A custom endpoint for every service.
    pub endpoint: Option<String>,
    /// Keep to AWS's documented rates. Off by default for a custom endpoint.
    pub limits: bool,
    /// The share of each documented rate to use, 0 to 1.
    pub share: f64,
    /// Sweep every source once and end, rather than poll.
    pub once: bool,
    /// The sources to poll; empty for all.
    pub sources: Vec<Source>,
    /// How far back the first search of events goes, in hours.
    pub event_hours: i64,
    /// Operations of the paid tier that were switched on, by label.
    pub paid: Vec<&'static str>,
    /// Of the tables listed, only those of this name are read.
    pub table: Option<String>,
    /// The front doors that the configuration declares.
    pub doors: Vec<FrontDoor>,
}

/// What the screen may ask of the data layer. Sending never waits.
#[derive(Debug)]
pub enum Command {
    /// Sweep now: one source or all, in every scope.
    Refresh(Option<Source>),
    /// Re-read one table, by ARN, before anything else.
    Look(String),
    /// Search CloudTrail in every scope.
    Search(EventSearch),
    /// Count the calls to one table, by ARN, since a time. It costs money, and is done only where
    /// `cloudwatch:GetMetricData` is among the paid operations that were switched on.
    Measure(String, Timestamp),
    /// Ask an engine beyond this machine.
    Ask(Box<Ask>),
    /// What engines were asked is no longer wanted: queries are stopped at the service.
    Cancel,
    /// Poll this scope's sources before others'.
    Prefer(Scope),
    /// Whether somebody looks: while nobody does, pauses between sweeps are longer; whoever comes back finds them over.
    Attend(bool),
    /// End all pollers; answered when they have ended.
    Stop(oneshot::Sender<()>),
}

/// The screen's end of the data layer.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Command>,
}

impl Handle {
    /// A handle and the end that the data layer listens on.
    #[must_use]
    pub fn pair() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (commands, listen) = mpsc::unbounded_channel();
        (Self { commands }, listen)
    }

    /// Asks; what is asked of a data layer that has ended is dropped.
    pub fn send(&self, command: Command) {
        let _ended = self.commands.send(command);
    }
}

/// The SDK's time as ours; `None` for a moment that no calendar holds.
fn time(at: DateTime) -> Option<Timestamp> {
    // AWS gives milliseconds at most; JSON's floating point adds nanoseconds that nobody measured.
    let millis = i64::from(at.subsec_nanos().div_ceil(500_000) / 2);
    Timestamp::from_millisecond(at.secs().checked_mul(1000)?.checked_add(millis)?).ok()
}

/// Runs futures, at most so many at the same time, and gives their results as they come.
async fn at_once<T, F: Future<Output = T>>(limit: usize, futures: Vec<F>) -> Vec<T> {
    stream::iter(futures).buffer_unordered(limit).collect().await
}

#[cfg(test)]
mod tests;
