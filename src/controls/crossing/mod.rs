//! The lanes of domains: whose tables there are, and who reaches them, role by role and endpoint by endpoint.
//!
//! ISO-02 and ISO-03 judge endpoints and accounts by the same rules; this is who and what they found, whole. What policies
//! of the organization take back is not seen, and conditions of identities' policies are taken to hold.

mod allowed;
mod gather;
mod own;
mod through;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{CallRef, DataClass, Scope, Verdict};
use crate::policy::Reach;

use super::roster::Roster;

pub use through::{Through, held};

/// Whose something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// A domain's, in lower case.
    Domain(String),
    /// No tag states a domain.
    Nobody,
    /// Of an account that is not asked, or of anybody at all.
    Outside,
    /// It could not be read.
    Unread,
    /// Tables that could not be listed.
    Unlisted,
}

/// A domain, or what stands for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its identity.
    pub whose: Whose,
    /// As the first tag that states it spells it.
    pub name: String,
}

/// A table in its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub scope: Scope,
    /// Its lane.
    pub lane: usize,
    /// The class that its tags state.
    pub class: Option<DataClass>,
    /// Its class asks that no role of another domain reaches its items, and that no other domain's endpoint lets them
    /// through.
    asks: (bool, bool),
}

/// What may be done with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planes(u8);

impl Planes {
    /// Items or streams are read.
    pub const READ: Self = Self(1);
    /// Items are written.
    pub const WRITE: Self = Self(2);
    /// The table is changed or removed.
    pub const ADMINISTER: Self = Self(4);
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::READ, "read"), (Self::WRITE, "write"), (Self::ADMINISTER, "administer")];

    /// True when it holds all of another.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn items(self) -> Self {
        self.without(Self::ADMINISTER)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their words.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(of, _)| self.holds(*of)).map(|(_, word)| word)
    }
}

/// What kind of thing reaches a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A role.
    Role,
    /// A user.
    User,
    /// An endpoint of a VPC.
    Endpoint,
    /// Somebody whom a table's own policy names, and who is none of the others.
    Principal,
    /// What could not be read, and may hide any of them.
    Unread,
}

impl Kind {
    /// All of them.
    pub const WORDS: [&'static str; 5] = ["role", "user", "endpoint", "principal", "unread"];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Endpoint => "endpoint",
            Self::Principal => "principal",
            Self::Unread => "unread",
        }
    }
}

/// A table that somebody reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The table's place.
    pub table: usize,
    /// What is let through whatever the conditions.
    pub sure: Planes,
    /// And what may be, where conditions hold.
    pub may: Planes,
}

/// Somebody, or an endpoint, with the tables it reaches.
#[derive(Debug)]
pub struct Crosser {
    /// What it is.
    pub kind: Kind,
    /// `role/app`, `vpce-1`.
    pub name: String,
    /// Its identity: an ARN where it has one.
    pub id: String,
    /// Its account, and region where it has one; empty for what is of none.
    pub account: String,
    /// The scope of an endpoint.
    pub scope: Option<Scope>,
    /// Its lane.
    pub lane: usize,
    /// What of it could not be read, and why.
    pub note: Option<String>,
    /// The action whose lack made it so.
    pub missing: Option<String>,
    /// The call that told of it.
    pub source: Option<(CallRef, Timestamp)>,
    /// What it reaches.
    pub reaches: Vec<Reached>,
    /// Named in the configuration as one that may change tables.
    admin: bool,
    from: From,
}

/// Where its statements are.
#[derive(Debug)]
enum From {
    Roster(Arc<Roster>, usize),
    Document(Box<Reach>),
    Tables,
}

/// Who reaches a lane, and how that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossing {
    /// Who, by its place.
    pub crosser: usize,
    /// The lane of the tables.
    pub lane: usize,
    /// The worst that is said of its tables.
    pub verdict: Verdict,
    /// How many tables of the lane it reaches.
    pub tables: usize,
    /// One of which the worst is said.
    pub worst: Option<usize>,
    /// What is let through whatever the conditions.
    pub sure: Planes,
    /// And what may be.
    pub may: Planes,
}

impl Crossing {
    /// Of no table yet.
    fn of(crosser: usize, lane: usize, verdict: Verdict) -> Self {
        Self { crosser, lane, verdict, tables: 0, worst: None, sure: Planes::default(), may: Planes::default() }
    }
}

/// All lanes, and who is in which.
#[derive(Debug, Default)]
pub struct Lanes {
    /// Domains of tables and of those who reach them, and what stands for none.
    pub lanes: Vec<Lane>,
    /// The tables.
    pub tables: Vec<Place>,
    /// Those that reach a table, or may.
    pub crossers: Vec<Crosser>,
    /// Who reaches which lane, the worst first.
    pub crossings: Vec<Crossing>,
    /// Left out: identities for an emergency, and those of services.
    pub left_out: (usize, usize),
    /// What the matrix is made of: its rows with all who reach them, its columns, and the lanes not known whole.
    rows: Vec<(usize, Count)>,
    columns: Vec<usize>,
    blind: Vec<bool>,
    /// The tables' own policies, by place.
    policies: HashMap<usize, Reach>,
}

/// How many reach a lane from another, by what is said of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Into sensitive tables of another domain.
    pub fail: usize,
    /// Into others of another domain, to change tables alone, or of no stated domain.
    pub warn: usize,
    /// Not known.
    pub unknown: usize,
    /// Within the lane.
    pub own: usize,
    /// Of no stated domain, into tables whose class asks for nothing.
    pub mild: usize,
}

impl Count {
    /// Takes one in.
    pub fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Fail => &mut self.fail,
            Verdict::Warn => &mut self.warn,
            Verdict::Pass => &mut self.own,
            Verdict::NotApplicable => &mut self.mild,
            Verdict::Unknown | Verdict::Manual => &mut self.unknown,
        } += 1;
    }

    /// The worst of it; a lane that nobody of another enters passes, and of one that nobody asks anything of nothing is said.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self { fail: 1.., .. } => Verdict::Fail,
            Self { warn: 1.., .. } => Verdict::Warn,
            Self { unknown: 1.., .. } => Verdict::Unknown,
            Self { mild: 1.., .. } => Verdict::NotApplicable,
            _ => Verdict::Pass,
        }
    }
}

impl Lanes {
    /// The place of a lane.
    #[must_use]
    pub fn lane(&self, whose: &Whose) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.whose == *whose)
    }

    /// True when a tag states a domain: of a table, and of somebody who reaches one.
    #[must_use]
    pub fn stated(&self) -> (bool, bool) {
        let is = |lane: usize| self.lanes.get(lane).is_some_and(|lane| matches!(lane.whose, Whose::Domain(_)));
        (self.tables.iter().any(|of| is(of.lane)), self.crossers.iter().any(|of| is(of.lane)))
    }

    /// How many tables a lane has.
    #[must_use]
    pub fn population(&self, lane: usize) -> usize {
        self.tables.iter().filter(|of| of.lane == lane).count()
    }

    /// Those who reach a lane, all or of one lane.
    pub fn reaching(&self, lane: usize, from: Option<usize>) -> impl Iterator<Item = (usize, &Crossing)> {
        let of = move |one: &Crossing| self.crossers.get(one.crosser).map(|of| of.lane);
        let all = self.crossings.iter().enumerate().filter(move |(_, one)| one.lane == lane);
        all.filter(move |(_, one)| from.is_none() || of(one) == from)
    }

    /// How many reach a lane. What could not be read leaves a lane unknown from wherever nobody is seen to come.
    #[must_use]
    pub fn count(&self, lane: usize, from: Option<usize>) -> Count {
        let mut count = Count::default();
        self.reaching(lane, from).for_each(|(_, one)| count.add(one.verdict));
        count
    }

    /// True when something that may lead into any lane could not be read.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.crossers.iter().any(|of| of.kind == Kind::Unread || of.note.is_some())
    }

    /// True when something that may lead into a lane could not be read.
    #[must_use]
    pub fn is_blind(&self, lane: usize) -> bool {
        self.blind.get(lane).copied().unwrap_or_default()
    }

    /// How a lane stands by a count of those who reach it: what was not read hides whoever is not seen.
    #[must_use]
    pub fn standing(&self, lane: usize, count: Count) -> Verdict {
        match count.verdict() {
            Verdict::Pass | Verdict::NotApplicable if self.is_blind(lane) => Verdict::Unknown,
            verdict => verdict,
        }
    }

    /// The lanes that have tables, or would, the worst first.
    #[must_use]
    pub fn rows(&self) -> &[(usize, Count)] {
        &self.rows
    }

    fn make_rows(&self) -> Vec<(usize, Count)> {
        let mut counts: Vec<Count> = vec![Count::default(); self.lanes.len()];
        let mut has = vec![false; self.lanes.len()];
        for one in &self.crossings {
            if let Some(count) = counts.get_mut(one.lane) {
                count.add(one.verdict);
            }
        }
        self.tables
            .iter()
            .map(|of| of.lane)
            .chain(self.crossings.iter().map(|of| of.lane))
            .for_each(|lane| has[lane] = true);
        let mut rows: Vec<(usize, Count)> = counts.into_iter().enumerate().filter(|(lane, _)| has[*lane]).collect();
        rows.sort_by_cached_key(|(lane, count)| {
            let name = self.lanes.get(*lane).map(|lane| lane.whose.clone());
            (count.verdict().rank(), std::cmp::Reverse((count.fail, count.warn, count.unknown)), name)
        });
        rows
    }

    /// The lanes that somebody comes from, those who cross most first; who is of no domain last.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    fn make_columns(&self) -> Vec<usize> {
        let mut counts: HashMap<usize, Count> = HashMap::new();
        for one in &self.crossings {
            if let Some(of) = self.crossers.get(one.crosser) {
                counts.entry(of.lane).or_default().add(one.verdict);
            }
        }
        let mut columns: Vec<(usize, Count)> = counts.into_iter().collect();
        columns.sort_by_cached_key(|(lane, count)| {
            let whose = self.lanes.get(*lane).map(|lane| lane.whose.clone());
            let stated = matches!(whose, Some(Whose::Domain(_)));
            let crossing = if stated { (count.fail, count.warn) } else { (0, 0) };
            (!stated, std::cmp::Reverse(crossing), whose)
        });
        columns.into_iter().map(|(lane, _)| lane).collect()
    }

    /// What is said of one table that somebody reaches.
    #[must_use]
    pub fn verdict(&self, crosser: &Crosser, reached: &Reached) -> Verdict {
        let Some(table) = self.tables.get(reached.table) else { return Verdict::Unknown };
        let domain = |lane: usize| match self.lanes.get(lane).map(|lane| &lane.whose) {
            Some(Whose::Domain(name)) => Some(name),
            _ => None,
        };
        if self.lanes.get(table.lane).is_some_and(|lane| lane.whose == Whose::Unread) {
            return Verdict::Unknown;
        }
        let stated = domain(crosser.lane).is_some() && domain(table.lane).is_some();
        let ours = if crosser.admin { reached.may.items() } else { reached.may };
        if stated && crosser.lane == table.lane || ours.is_empty() {
            return Verdict::Pass;
        }
        let endpoint = crosser.kind == Kind::Endpoint;
        let sensitive = if endpoint { table.asks.1 } else { table.asks.0 };
        // A denial under conditions may stop what an endpoint lets through.
        let items = if endpoint { reached.sure.items() } else { reached.may.items() };
        match (stated, sensitive) {
            (true, true) if !items.is_empty() => Verdict::Fail,
            (true, _) | (false, true) => Verdict::Warn,
            (false, false) => Verdict::NotApplicable,
        }
    }

    /// How a crossing stands, in words.
    #[must_use]
    pub fn reason(&self, one: &Crossing) -> String {
        let Some(of) = self.crossers.get(one.crosser) else { return String::new() };
        let name = |lane: usize| self.lanes.get(lane).map_or("", |lane| lane.name.as_str());
        let stated = |lane: usize| self.lanes.get(lane).is_some_and(|lane| matches!(lane.whose, Whose::Domain(_)));
        let tables = if one.tables == 1 { "1 table".to_owned() } else { format!("{} tables", one.tables) };
        let items = !one.may.items().is_empty();
        let verb = if of.kind == Kind::Endpoint { "lets through to" } else { "reaches" };
        match (one.verdict, &of.note) {
            (_, Some(note)) if one.tables == 0 => note.clone(),
            (Verdict::Fail, _) => {
                format!("of domain {}, {verb} {tables} of domain {}, sensitive ones too", name(of.lane), name(one.lane))
            }
            (Verdict::Warn, _) if stated(of.lane) && stated(one.lane) && items => {
                format!(
                    "of domain {}, {verb} {tables} of domain {}, none stated as sensitive",
                    name(of.lane),
                    name(one.lane)
                )
            }
            (Verdict::Warn, _) if stated(of.lane) && stated(one.lane) => {
                format!("of domain {}, may change {tables} of domain {}", name(of.lane), name(one.lane))
            }
            (Verdict::Warn | Verdict::NotApplicable, _) if of.kind == Kind::Principal => {
                format!("let in to {tables} by their own policies, and no role of an account that is asked")
            }
            (Verdict::Warn, _) if !stated(of.lane) => {
                format!("no tag states its domain, and it {verb} {tables}, sensitive ones too")
            }
            (Verdict::Warn, _) => format!("{verb} {tables} that no tag states the domain of, sensitive ones too"),
            (Verdict::NotApplicable, _) => format!("no tag states whose, and no class of {tables} asks"),
            (Verdict::Pass, _) if of.lane == one.lane => format!("{tables} of its own domain"),
            (Verdict::Pass, _) => format!("named in the configuration: it may change {tables}"),
            _ => format!("{verb} {tables} whose domain is not known: their tags were not read"),
        }
    }

    /// Puts together who reaches which lane.
    fn fold(&mut self) {
        let mut crossings = Vec::new();
        for (at, crosser) in self.crossers.iter().enumerate() {
            let mut of: Vec<Option<Crossing>> = vec![None; self.lanes.len()];
            for reached in &crosser.reaches {
                let Some(table) = self.tables.get(reached.table) else { continue };
                let verdict = self.verdict(crosser, reached);
                let Some(one) = of.get_mut(table.lane) else { continue };
                let one = one.get_or_insert(Crossing::of(at, table.lane, verdict));
                one.tables += 1;
                if one.worst.is_none() || verdict.rank() < one.verdict.rank() {
                    (one.verdict, one.worst) = (verdict, Some(reached.table));
                }
                (one.sure, one.may) = (one.sure.or(reached.sure), one.may.or(reached.may));
            }
            crossings.extend(of.into_iter().flatten());
        }
        self.crossings.extend(crossings);
        let (crossers, lanes) = (&self.crossers, &self.lanes);
        self.crossings.sort_by_cached_key(|one| {
            let who = crossers.get(one.crosser).map(|of| (of.kind, of.name.clone(), of.id.clone()));
            let lane = lanes.get(one.lane).map(|lane| lane.whose.clone());
            (one.verdict.rank(), std::cmp::Reverse(one.tables), lane, who)
        });
        let mut blind = vec![false; self.lanes.len()];
        let unread = |one: &&Crossing| self.crossers.get(one.crosser).is_some_and(|of| of.kind == Kind::Unread);
        self.crossings.iter().filter(unread).for_each(|one| blind[one.lane] = true);
        (self.rows, self.columns, self.blind) = (self.make_rows(), self.make_columns(), blind);
    }
}
