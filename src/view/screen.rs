//! What can be shown, by identity: tabs, screens, and the things they are about.

use crate::controls::crossing::Whose;
use crate::model::{Layer, RuleKey, Scope, Source};

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Are we safe, since when, what first.
    Overview,
    /// GuardDuty findings.
    Findings,
    /// AWS Config rules and what they say about resources.
    Compliance,
    /// What is not as it should be.
    Drift,
    /// DynamoDB tables.
    Tables,
    /// VPCs and endpoints.
    Endpoints,
    /// CloudTrail events.
    Trail,
    /// Defence in depth: layers and tables.
    Controls,
    /// What is polled, and how fresh it is.
    Sources,
}

impl Tab {
    /// All, in their order on the screen.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Findings,
        Self::Compliance,
        Self::Drift,
        Self::Tables,
        Self::Endpoints,
        Self::Trail,
        Self::Controls,
        Self::Sources,
    ];

    /// Its name, as shown and as `:` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Findings => "Findings",
            Self::Compliance => "Compliance",
            Self::Drift => "Drift",
            Self::Tables => "Tables",
            Self::Endpoints => "Endpoints",
            Self::Trail => "Trail",
            Self::Controls => "Controls",
            Self::Sources => "Sources",
        }
    }

    /// Its name where there is little room.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Findings => "Find",
            Self::Compliance => "Compl",
            Self::Endpoints => "Endp",
            Self::Controls => "Ctrl",
            Self::Sources => "Src",
            other => other.name(),
        }
    }

    /// The tab called this, or by the first letters of it, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        (!name.is_empty())
            .then(|| Self::ALL.into_iter().find(|tab| tab.name().to_ascii_lowercase().starts_with(&name)))
            .flatten()
    }

    /// The key that leads to it.
    #[must_use]
    pub fn digit(self) -> char {
        match self {
            Self::Overview => '1',
            Self::Findings => '2',
            Self::Compliance => '3',
            Self::Drift => '4',
            Self::Tables => '5',
            Self::Endpoints => '6',
            Self::Trail => '7',
            Self::Controls => '8',
            Self::Sources => '9',
        }
    }

    /// Its first screen.
    #[must_use]
    pub fn home(self) -> Screen {
        match self {
            Self::Overview => Screen::Overview,
            Self::Findings => Screen::List(Kind::Findings),
            Self::Compliance => Screen::List(Kind::Compliance),
            Self::Drift => Screen::List(Kind::Drift),
            Self::Tables => Screen::List(Kind::Tables),
            Self::Endpoints => Screen::List(Kind::Endpoints),
            Self::Trail => Screen::List(Kind::Trail(Pivot::All)),
            Self::Controls => Screen::List(Kind::Controls(None)),
            Self::Sources => Screen::List(Kind::Sources),
        }
    }
}

/// One screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The Overview.
    Overview,
    /// What changed since the mark.
    Handover,
    /// A list.
    List(Kind),
    /// All that is known of one thing.
    Detail(Thing),
    /// Its raw JSON.
    Raw(Thing),
}

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Findings.
    Findings,
    /// Evaluations of Config rules.
    Compliance,
    /// Drifts, and stacks that tell of none.
    Drift,
    /// Tables.
    Tables,
    /// Endpoints, and VPCs without one.
    Endpoints,
    /// Events.
    Trail(Pivot),
    /// How tables and scopes stand, layer by layer, as a framework asks or whole.
    Controls(Option<&'static str>),
    /// What is judged of a table or scope.
    Checks {
        /// The table's ARN, or `account/region`.
        subject: String,
        /// One layer, or all.
        layer: Option<Layer>,
        /// What a framework asks for, or all.
        framework: Option<&'static str>,
    },
    /// What one control says, wherever it is judged.
    Judged(&'static str),
    /// Sources by scope.
    Sources,
    /// The ledger of calls.
    Calls,
    /// The error log.
    Errors,
    /// Log files that were odd.
    Files,
    /// Records that could not be understood.
    Broken,
    /// Mutes and attestations.
    Exceptions,
    /// What people noted.
    Notes,
    /// Themes to choose from.
    Themes,
    /// What has to do with a thing.
    Related(Thing),
    /// Practices, and how what answers for them stands.
    Practices,
    /// Domains, and who reaches their tables, as far as a query lets through.
    Lanes(String),
    /// Who reaches the tables of a lane.
    Crossings {
        /// Whose tables.
        lane: Whose,
        /// Those of one lane, or all.
        from: Option<Whose>,
        /// What the matrix was asked for.
        query: String,
    },
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pivot {
    /// All of them.
    All,
    /// By this access key.
    Key(String),
    /// By this principal.
    Principal(String),
    /// By this session's name.
    Session(String),
    /// From this address.
    Ip(String),
    /// That name this table.
    Table(String),
    /// Whose record holds this id, wherever in it: an endpoint's, a trail's.
    Mentions(String),
}

impl Pivot {
    /// In words: what it goes by, and the value.
    #[must_use]
    pub fn words(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::All => None,
            Self::Key(value) => Some(("by key", value)),
            Self::Principal(value) => Some(("by principal", value)),
            Self::Session(value) => Some(("by session", value)),
            Self::Ip(value) => Some(("from address", value)),
            Self::Table(value) => Some(("of table", value)),
            Self::Mentions(value) => Some(("that mention", value)),
        }
    }
}

/// One thing, by the identity that outlives a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A finding, by id.
    Finding(String),
    /// A step that would contain it: the finding's id, and the step's place.
    Step(String, usize),
    /// A table, by ARN.
    Table(String),
    /// A control's judgement: resource and control.
    Judgement(String, &'static str),
    /// A Config rule.
    Rule(RuleKey),
    /// A rule's verdict about a resource (type, id).
    Evaluation(RuleKey, String, String),
    /// A stack, by id.
    Stack(String),
    /// A stack's resource, by stack id and logical id.
    Resource(String, String),
    /// A drift, by id.
    Drift(String),
    /// An endpoint, by id.
    Endpoint(Scope, String),
    /// A VPC, by id.
    Vpc(Scope, String),
    /// Who used a table, by its ARN.
    Who(String),
    /// An event, by its id, or by its key where others share the id or it has none.
    Event(String),
    /// A trail, by ARN.
    Trail(Scope, String),
    /// A source in a scope.
    Source(Source, Scope),
    /// A call, by its number since the start.
    Call(u64),
    /// A line of the error log, by source, scope and place.
    Error(usize),
    /// A log file, by path.
    File(String),
    /// A record that could not be understood, by its place among them.
    Broken(usize),
    /// A practice, by its number.
    Practice(u16),
    /// A theme, by its name.
    Theme(String),
    /// Who reaches the tables of a lane: whose they are, and who by ARN or id.
    Crossing(Whose, String),
}
