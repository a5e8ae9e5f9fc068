//! Lists: what a list screen is made of, and how its rows are chosen, ordered and drawn.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::text::Line;

use crate::controls::practices::Practice;
use crate::model::{Finding, RuleKey, Scope, Source, Verdict};
use crate::store::Drift;
use crate::store::rows::practices::Standing;
use crate::trail::EventRef;
use crate::widget::table::Column;

use super::controls::Stand;
use super::crossers::Found;
use super::lanes::Stretch;
use super::{Ctx, Kind, Pivot, Screen, Thing};

/// A list screen as data.
pub struct ListView {
    /// What its rows are called, in the plural.
    pub noun: &'static str,
    /// The sources that its rows come from: their state is the list's state.
    pub sources: &'static [Source],
    /// Its columns.
    pub columns: &'static [Column],
    /// Its rows in their own order: the worst first.
    pub collect: fn(&Ctx<'_>, &Kind) -> Vec<Row>,
    /// One cell of a row in sight: row, column, width.
    pub cell: fn(&Ctx<'_>, &Row, usize, u16) -> Line<'static>,
    /// What a column sorts by.
    pub key: fn(&Ctx<'_>, &Row, usize) -> Key,
    /// How a row stands, for "only faults".
    pub verdict: fn(&Ctx<'_>, &Row) -> Verdict,
    /// Why there is nothing, when the sources answered and there is nothing.
    pub empty: fn(&Ctx<'_>, &Kind) -> String,
}

/// What a column sorts by; what has no value comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number, a time, a rank.
    Number(i64),
    /// Text.
    Text(String),
    /// No value.
    Missing,
}

impl Key {
    /// A number, or nothing.
    #[must_use]
    pub fn number(value: Option<i64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }

    /// Text that sorts without regard to case.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self::Text(value.to_lowercase())
    }
}

/// One row: what it is about, cheap to make for a hundred thousand of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A finding.
    Finding(Arc<Finding>),
    /// A table, by ARN.
    Table(Arc<str>),
    /// A rule without evaluations.
    Rule(Arc<RuleKey>),
    /// An evaluation, by its place among its rule's.
    Evaluation(Arc<RuleKey>, u32),
    /// A drift.
    Drift(Arc<Drift>),
    /// A stack that tells of none.
    Stack(Arc<str>),
    /// An endpoint, by its place in its scope.
    Endpoint(Scope, u32),
    /// A VPC without an endpoint to DynamoDB, by its place.
    Vpc(Scope, u32),
    /// An event.
    Event(u32),
    /// A source in a scope.
    Source(Source, Scope),
    /// A call, by its number since the start.
    Call(u64),
    /// A line of the error log.
    Error(usize),
    /// A log file, by its place among the odd ones.
    File(usize),
    /// A record that could not be understood, by its place.
    Broken(usize),
    /// How a table or scope stands.
    Stand(Arc<Stand>),
    /// A judgement: resource, control, and the framework asked about.
    Check(Arc<str>, &'static str, Option<&'static str>),
    /// A mute or an attestation, by its place; beyond them, what could not be understood.
    Exception(usize),
    /// A lane, and who reaches it.
    Lane(Arc<Stretch>),
    /// Who reaches a lane.
    Crossing(Box<Found>),
    /// A practice, and how it stands.
    Practice(&'static Practice, Standing),
    /// A note, by the identity of what it is about.
    Note(Arc<[String]>),
    /// A theme, by its place among those there are.
    Theme(usize),
    /// A way to another screen.
    Link(Arc<Link>),
}

/// The rows of a list.
#[derive(Debug)]
pub enum Rows {
    /// One by one.
    Each(Vec<Row>),
    /// Events, by row: a million of them are four megabytes.
    Events(Vec<u32>),
}

impl Rows {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Each(rows) => rows.len(),
            Self::Events(rows) => rows.len(),
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Row> {
        match self {
            Self::Each(rows) => rows.get(at).cloned(),
            Self::Events(rows) => rows.get(at).copied().map(Row::Event),
        }
    }

    /// Where the row stands that a screen is about.
    #[must_use]
    pub fn position(&self, ctx: &Ctx<'_>, screen: &Screen) -> Option<usize> {
        match (self, screen) {
            (Self::Each(rows), _) => rows.iter().position(|row| row.is(ctx, screen)),
            (Self::Events(rows), Screen::Detail(Thing::Event(id))) => {
                let wanted = ctx.store.events().get(id)?.row();
                rows.iter().position(|row| *row == wanted)
            }
            _ => None,
        }
    }
}

/// A way to another screen, as *related* lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// What it leads to, in a word.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Why it is here.
    pub why: String,
    /// Where it leads.
    pub to: Screen,
}

impl Row {
    /// What Enter opens; also the row's identity.
    #[must_use]
    pub fn target(&self, ctx: &Ctx<'_>) -> Option<Screen> {
        Some(match self {
            Self::Link(link) => link.to.clone(),
            Self::Broken(number) => Screen::Raw(Thing::Broken(*number)),
            Self::Stand(of) => of.screen(None),
            Self::Lane(of) => of.screen(0),
            Self::Note(identity) => super::notes::target(identity)?,
            other => Screen::Detail(other.thing(ctx)?),
        })
    }

    /// What the row is about; `None` when it went away under the cursor.
    #[must_use]
    pub fn thing(&self, ctx: &Ctx<'_>) -> Option<Thing> {
        let estate = ctx.store.estate();
        Some(match self {
            Self::Finding(finding) => Thing::Finding(finding.id.clone()),
            Self::Table(arn) => Thing::Table(arn.to_string()),
            Self::Rule(key) => Thing::Rule((**key).clone()),
            Self::Evaluation(key, place) => {
                let of = estate.evaluations.get(key)?.value()?.get(*place as usize)?;
                Thing::Evaluation((**key).clone(), of.resource_type.clone(), of.resource_id.clone())
            }
            Self::Drift(drift) => Thing::Drift(drift.id.clone()),
            Self::Stack(id) => Thing::Stack(id.to_string()),
            Self::Endpoint(scope, place) => {
                let endpoint = estate.networks.get(scope)?.endpoints.value()?.get(*place as usize)?;
                Thing::Endpoint(scope.clone(), endpoint.id.clone())
            }
            Self::Vpc(scope, place) => {
                let vpc = estate.networks.get(scope)?.vpcs.value()?.get(*place as usize)?;
                Thing::Vpc(scope.clone(), vpc.id.clone())
            }
            Self::Event(row) => Thing::Event(ctx.store.events().at(*row)?.key().into_owned()),
            Self::Source(source, scope) => Thing::Source(*source, scope.clone()),
            Self::Call(number) => Thing::Call(*number),
            Self::Error(place) => Thing::Error(*place),
            Self::File(place) => Thing::File(ctx.store.load()?.odd.get(*place)?.path.to_string()),
            Self::Broken(number) => Thing::Broken(*number),
            Self::Check(resource, control, _) => Thing::Judgement(resource.to_string(), control),
            Self::Stand(of) if estate.tables.contains_key(&of.subject) => Thing::Table(of.subject.clone()),
            Self::Crossing(found) => found.thing()?,
            Self::Practice(of, _) => Thing::Practice(of.number),
            Self::Theme(_) => Thing::Theme(super::themes::theme(ctx, self)?.name.clone()),
            Self::Note(identity) => super::identity::thing(identity)?,
            Self::Stand(_) | Self::Lane(_) | Self::Exception(_) => return None,
            Self::Link(link) => match &link.to {
                Screen::Detail(thing) | Screen::Raw(thing) => thing.clone(),
                _ => return None,
            },
        })
    }

    /// When it happened, for an event.
    #[must_use]
    pub fn time(&self, ctx: &Ctx<'_>) -> Option<Timestamp> {
        match self {
            Self::Event(row) => ctx.store.events().at(*row)?.when(),
            _ => None,
        }
    }

    /// True when this row is what `screen` shows; costs no allocation for the common kinds.
    #[must_use]
    pub fn is(&self, ctx: &Ctx<'_>, screen: &Screen) -> bool {
        match (self, screen) {
            (Self::Event(row), Screen::Detail(Thing::Event(id))) => {
                ctx.store.events().get(id).is_some_and(|event| event.row() == *row)
            }
            (Self::Finding(finding), Screen::Detail(Thing::Finding(id))) => finding.id == *id,
            (Self::Table(arn), Screen::Detail(Thing::Table(id))) => **arn == **id,
            (Self::Event(_) | Self::Finding(_) | Self::Table(_), _) => false,
            _ => self.target(ctx).as_ref() == Some(screen),
        }
    }
}

/// The events of a pivot, newest first; `None` for one that searches records, which is for the Trail: it does not wait.
#[must_use]
pub fn events_of<'a>(ctx: &Ctx<'a>, pivot: &Pivot) -> Option<Vec<EventRef<'a>>> {
    let events = ctx.store.events();
    Some(match pivot {
        Pivot::All => events.newest_first().collect(),
        Pivot::Key(key) => events.by_key(key),
        Pivot::Principal(name) => events.by_principal(name),
        Pivot::Session(name) => events.by_session(name),
        Pivot::Ip(ip) => events.by_ip(ip),
        Pivot::Table(name) => events.by_table(name),
        Pivot::Mentions(_) => return None,
    })
}
