//! What pollers send to the store.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    BackupSummary, CallRecord, Caller, Calls, ContributorInsights, Detector, EngineNews, Evaluation, Event, Fault,
    Finding, FindingFilter, FrontDoor, History, Key, KinesisDestination, NetworkPart, Outcome, Pitr, Recorder,
    Remediation, Rotation, Rule, RuleKey, Runs, Scope, SearchReach, Selector, Sought, Source, SourceError, Stack,
    StackResource, StreamEncryption, TableDescription, Trail, TrailStatus, Ttl,
};

/// One facet of one table: the answer of one call, or its fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facet {
    /// `DescribeTable`.
    Description(Outcome<TableDescription>),
    /// `DescribeContinuousBackups`.
    Pitr(Outcome<Pitr>),
    /// `DescribeTimeToLive`.
    Ttl(Outcome<Ttl>),
    /// `ListTagsOfResource`.
    Tags(Outcome<BTreeMap<String, String>>),
    /// `GetResourcePolicy`.
    Policy(Outcome<Option<String>>),
    /// `DescribeKinesisStreamingDestination`.
    Kinesis(Outcome<Vec<KinesisDestination>>),
}

/// A change to what is known. Whole lists replace what the scope held before; single items are merged.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// Who asks.
    Caller(Outcome<Caller>),
    /// The names of all tables (with their partition's ARN prefix settled by the poller): the population.
    TableList(Outcome<Vec<(String, String)>>),
    /// One facet of one table, by ARN.
    Facet(String, Facet),
    /// Backups of all tables of the scope, by table name.
    Backups(Outcome<BTreeMap<String, BackupSummary>>),
    /// The KMS key that one backup was made under, by the backup's ARN; `None` for AWS's own.
    BackupKey(String, Outcome<Option<String>>),
    /// One KMS key, by ARN.
    Key(String, Outcome<Key>),
    /// How one KMS key rotates, by ARN.
    Rotation(String, Outcome<Rotation>),
    /// How one Kinesis data stream is encrypted, by ARN.
    Stream(String, Outcome<StreamEncryption>),
    /// Contributor Insights of the scope's tables, by table name.
    Insights(Outcome<BTreeMap<String, Vec<ContributorInsights>>>),
    /// GuardDuty's detectors.
    Detectors(Outcome<Vec<Detector>>),
    /// The filters of the scope's detectors.
    Filters(Outcome<Vec<FindingFilter>>),
    /// Findings read; merged by id.
    Findings(Vec<Finding>),
    /// The ids of every finding the scope has now: others of the scope are dropped.
    FindingIds(Outcome<Vec<String>>),
    /// Config recorders.
    Recorders(Outcome<Vec<Recorder>>),
    /// Config rules.
    Rules(Outcome<Vec<Rule>>),
    /// All evaluations of one rule.
    Evaluations(RuleKey, Outcome<Vec<Evaluation>>),
    /// What one rule does about what it finds; `None` for nothing.
    Remediation(RuleKey, Outcome<Option<Remediation>>),
    /// How one rule's remediation went.
    Runs(RuleKey, Outcome<Runs>),
    /// Stacks.
    Stacks(Outcome<Vec<Stack>>),
    /// The resources of one stack, by stack id.
    StackResources(String, Outcome<Vec<StackResource>>),
    /// What Config recorded of one table, by ARN.
    History(String, Outcome<History>),
    /// A part of the network.
    Network(NetworkPart),
    /// Trails.
    Trails(Outcome<Vec<Trail>>),
    /// One trail's status, by ARN.
    TrailStatus(String, Outcome<TrailStatus>),
    /// One trail's selectors, by ARN.
    TrailSelectors(String, Outcome<Vec<Selector>>),
    /// The insights one trail watches for, by ARN.
    TrailInsights(String, Outcome<Vec<String>>),
    /// How often one table was called, by ARN.
    Calls(String, Outcome<Calls>),
    /// What one operation answered about one subject, empty for the account itself; null where there is none.
    Answer {
        /// The operation.
        label: &'static str,
        /// What it is about.
        subject: String,
        /// The answer.
        outcome: Outcome<serde_json::Value>,
    },
    /// The front doors that were declared.
    Doors(Vec<FrontDoor>),
    /// What an operation is asked about: answers about anything else are dropped.
    Subjects {
        /// The operation.
        label: &'static str,
        /// All of them.
        subjects: std::collections::BTreeSet<String>,
        /// What could not list its own: whatever was known below it (`over/subject`) stays.
        below: std::collections::BTreeSet<String>,
    },
    /// Events read; merged by id.
    Events(Vec<Event>),
    /// How far a search on demand got.
    Search(SearchReach),
    /// A record that could not be understood: kept raw, counted.
    BrokenEvent(String, String),
}

/// How far a sweep has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Steps done.
    pub done: usize,
    /// Steps known of.
    pub total: usize,
}

/// What a poller says to the app.
#[derive(Debug, Clone, PartialEq)]
pub enum Polled {
    /// Data, at any moment of a sweep.
    Data {
        /// Which source.
        source: Source,
        /// Where.
        scope: Scope,
        /// What changed.
        deltas: Vec<Delta>,
    },
    /// A sweep begins or moves on.
    Running(Source, Scope, Progress),
    /// A sweep ended.
    Ended {
        /// Which source.
        source: Source,
        /// Where.
        scope: Scope,
        /// When it ended.
        at: Timestamp,
        /// `Err` when the sweep could not be made at all; data kept.
        result: Result<(), SourceError>,
        /// Faults met below the top level, counted.
        partial: Vec<(Fault, usize)>,
        /// When the next sweep is due; `None` for one-shot runs.
        due: Option<Timestamp>,
    },
    /// A call was made.
    Call(CallRecord),
    /// What an engine that was asked has to say.
    Engine(Box<EngineNews>),
    /// None of the credentials that were looked for work: where, and what stood there.
    Sought(Scope, Box<Sought>),
    /// A scope learned its account number: what was keyed by a profile's name is now keyed by it.
    Renamed {
        /// As it was called.
        from: Scope,
        /// As it is called from now on.
        to: Scope,
    },
}
