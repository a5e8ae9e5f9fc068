//! Plain data about an estate: what AWS answered, how old it is, and what could not be read.
//!
//! Nothing in here performs I/O, knows an SDK type, a terminal or a clock.

mod arn;
mod cell;
mod class;
mod compliance;
mod console;
mod delta;
mod door;
mod drift;
mod endpoint;
mod engine;
mod estate;
mod event;
mod exception;
mod fault;
mod finding;
mod history;
mod ledger;
mod memo;
mod metrics;
mod sought;
mod source;
mod table;
mod time;
mod trail;
mod verdict;
mod witness;

pub use arn::{Arn, tail};
pub use cell::{CallRef, Cell, Origin, Outcome, Seen};
pub use class::ClassTags;
pub use compliance::{Compliance, Evaluation, Recorder, Remediation, Rule, RuleKey, Run, Runs};
pub use console::{ConsolePage, console_url};
pub use delta::{Delta, Facet, Polled, Progress};
pub use door::FrontDoor;
pub use drift::{DriftStatus, PropertyDifference, Stack, StackResource};
pub use endpoint::{Endpoint, EndpointKind, Network, NetworkInterface, NetworkPart, RouteTable, Subnet, Vpc};
pub use engine::{EngineBound, EngineEnd, EngineNews};
pub use estate::{Estate, FindingLink, RECOVERY_POINTS, TableKey};
pub use event::{Event, EventCategory, EventSearch, SearchBy, SearchReach, closest};
pub use exception::{Attestations, Exception};
pub use fault::{Fault, SourceError, login_command};
pub use finding::{Actor, Detector, Finding, FindingAction, FindingFilter, Signal};
pub use history::{ConfigItem, History};
pub use ledger::{CallOutcome, CallRecord};
pub use memo::Memo;
pub use metrics::{Calls, ITEM_CALLS, ItemCall};
pub use sought::{DEMO, Sought};
pub use source::{Caller, Freshness, Scope, Source};
pub use table::{
    BackupSummary, ContributorInsights, DataClass, Index, Key, KeyKind, KinesisDestination, Pitr, Replica, Rotation,
    Stated, StreamEncryption, Table, TableDescription, Ttl,
};
pub use time::{LAG, second};
pub use trail::{Clause, Selector, Trail, TrailStatus};
pub use verdict::{Evidence, Judgement, Layer, Severity, Verdict};
pub use witness::{Change, Connection, Look, Sighting, Uses, Way, Whence, Who, Witness};
