//! Which rows a query asks for, over the columns.
//!
//! A test is made once for each code that occurs, not for each row; free text is found by whoever can read the records
//! and handed in. Stretches of rows outside the query's window are not looked at.

use jiff::Timestamp;

use crate::Grade;
use crate::query::{Expr, Field, Operand, Query, Test};

use super::cells::{Columns, mark};
use super::rows::RowSet;
use super::words::NONE;
use super::{EventRef, Events, batch};

/// Rows of one zone: their earliest and latest time is kept.
pub(super) const ZONE: usize = 4_096;

/// What was found of the texts that a query asks for.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// In the order of [`Query::texts`]: the rows that hold it.
    pub hits: Vec<RowSet>,
    /// The rows that were read.
    pub read: RowSet,
}

/// Fields that the columns do not know: what an event has in one, by its name.
pub type Other<'o> = &'o dyn for<'e> Fn(EventRef<'e>, &str) -> Field<'e>;

/// What the columns alone say of a query.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// Rows that it asks for, whatever their records hold.
    pub sure: RowSet,
    /// Rows of which the record decides.
    pub open: RowSet,
}

impl Events {
    /// What the columns alone say: without free text in the query nothing stays open.
    #[must_use]
    pub fn decide(&self, query: &Query, now: Timestamp, other: Other<'_>) -> Decided {
        let sure = self.evaluate(query, now, other, Guess::Least);
        let mut open = RowSet::none(self.rows());
        if !query.texts().is_empty() {
            let most = self.evaluate(query, now, other, Guess::Most);
            for at in 0..self.rows().div_ceil(64) {
                open.set_word(at, most.word(at) & !sure.word(at));
            }
        }
        Decided { sure, open }
    }

    /// The rows that a query asks for, as far as its texts were looked for.
    #[must_use]
    pub fn matching(
        &self,
        query: &Query,
        now: Timestamp,
        other: Other<'_>,
        decided: &Decided,
        texts: &Texts,
    ) -> RowSet {
        if query.texts().is_empty() {
            return decided.sure.clone();
        }
        let mut rows = self.evaluate(query, now, other, Guess::Found(texts));
        for at in 0..self.rows().div_ceil(64) {
            let open = decided.open.word(at);
            rows.set_word(at, decided.sure.word(at) | rows.word(at) & open & texts.read.word(at));
        }
        rows
    }

    /// All rows.
    #[must_use]
    pub fn all(&self) -> RowSet {
        self.evaluate(&Query::default(), Timestamp::UNIX_EPOCH, &|_, _| Field::None, Guess::Least)
    }

    /// Rows of a set, newest first.
    #[must_use]
    pub fn newest(&self, rows: &RowSet) -> Vec<u32> {
        let count = rows.len();
        if count * 16 < self.order.len() {
            let time = |row: u32| self.columns.time.get(row as usize).copied().unwrap_or_default();
            let mut few: Vec<(u32, u32)> = rows.iter().map(|row| (time(row), row)).collect();
            few.sort_unstable_by(|a, b| b.cmp(a));
            return few.into_iter().map(|(_, row)| row).collect();
        }
        let mut many = Vec::with_capacity(count);
        many.extend(self.order.iter().rev().filter(|row| rows.has(**row)));
        many
    }

    /// The rows that a query without free text asks for, newest first.
    #[must_use]
    pub fn select(&self, query: &Query, now: Timestamp, other: Other<'_>) -> Vec<u32> {
        self.newest(&self.decide(query, now, other).sure)
    }

    /// The contents that hold some of the rows, oldest arrival first.
    #[must_use]
    pub fn contents_with(&self, rows: &RowSet) -> Vec<super::Content> {
        let some = |content: &&super::Content| {
            (content.first..content.first + content.spans.len() as u32).any(|row| rows.has(row))
        };
        self.contents.iter().filter(some).cloned().collect()
    }

    /// All, newest first.
    #[must_use]
    pub fn newest_first(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> {
        self.order.iter().rev().filter_map(|row| self.at(*row))
    }

    /// Those of a stretch of time, its ends included, newest first; what has no time is in none.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl DoubleEndedIterator<Item = EventRef<'_>> {
        let time = |row: &u32| i64::from(self.columns.time.get(*row as usize).copied().unwrap_or_default());
        // Events have whole seconds; the ends need not.
        let first = from.as_second() + i64::from(from.subsec_nanosecond() > 0);
        let last = to.as_second() - i64::from(to.subsec_nanosecond() < 0);
        let start = self.order.partition_point(|row| time(row) < first);
        let end = self.order.partition_point(|row| time(row) <= last).max(start);
        let within = self.order.get(start..end).unwrap_or_default();
        within.iter().rev().filter_map(|row| self.at(*row)).filter(|event| event.when().is_some())
    }

    fn evaluate(&self, query: &Query, now: Timestamp, other: Other<'_>, guess: Guess<'_>) -> RowSet {
        let asking = Asking { now, other, guess };
        let rows = self.rows();
        let mut found = RowSet::none(rows);
        let mut texts = 0;
        let mut node = self.node(query.root(), now, &mut texts);
        let words = ZONE / 64;
        for zone in 0..rows.div_ceil(ZONE) {
            let span = self.zones.get(zone).copied().unwrap_or((0, u32::MAX));
            if !node.possible(span) {
                continue;
            }
            for at in zone * words..((zone + 1) * words).min(rows.div_ceil(64)) {
                let here = self.present(at);
                if here != 0 {
                    found.set_word(at, node.bits(self, at, here, asking, true));
                }
            }
        }
        found
    }

    /// Of 64 rows, those that are there.
    fn present(&self, at: usize) -> u64 {
        let marks = self.columns.marks.get(at * 64..self.rows().min(at * 64 + 64)).unwrap_or_default();
        let all = if marks.len() == 64 { u64::MAX } else { (1 << marks.len()) - 1 };
        if marks.iter().fold(0, |sum, marks| sum | marks) & mark::GONE == 0 {
            return all;
        }
        marks.iter().enumerate().fold(0, |bits, (bit, marks)| bits | u64::from(marks & mark::GONE == 0) << bit)
    }

    fn node<'q>(&self, expr: &'q Expr, now: Timestamp, texts: &mut usize) -> Node<'q> {
        match expr {
            Expr::All(terms) => {
                let mut nodes: Vec<_> = terms.iter().map(|term| self.node(term, now, texts)).collect();
                nodes.sort_by_key(Node::cost);
                Node::All(nodes)
            }
            Expr::Any(terms) => Node::Any(terms.iter().map(|term| self.node(term, now, texts)).collect()),
            Expr::Not(term) => Node::Not(Box::new(self.node(term, now, texts))),
            Expr::Free(_) => {
                *texts += 1;
                Node::Text(*texts - 1)
            }
            Expr::Since(moment) => Node::Time(at_least(moment.range(now).start), u64::MAX),
            Expr::Until(moment) => Node::Time(0, at_least(moment.range(now).end)),
            Expr::Field { name, test } => self.field(name, test, now),
        }
    }

    fn field<'q>(&self, name: &'q str, test: &'q Test, now: Timestamp) -> Node<'q> {
        let column = match name {
            "name" => Column::Name,
            "source" => Column::Source,
            "error" => Column::Error,
            "category" => Column::Category,
            "read_only" => Column::ReadOnly,
            "principal" => Column::Principal,
            "principal_arn" => Column::Arn,
            "session" => Column::Session,
            "access_key" => Column::Key,
            "region" => Column::Region,
            "account" => Column::Account,
            "vpce" => Column::Vpce,
            "ip" => Column::Address,
            "user_agent" => Column::Agent,
            "self" => Column::Own,
            "risk" => Column::Risk,
            "table" => Column::Tables,
            "id" => {
                if let Test::Is(id) = test
                    && batch::uuid(&id.to_ascii_lowercase()).is_some()
                {
                    let found = self.all_of(&id.to_ascii_lowercase());
                    if !found.is_empty() {
                        return Node::These(found);
                    }
                    // A record may spell its id in capitals.
                }
                return Node::Row(test, Slow::Id);
            }
            "time" => {
                let Test::Compare(op, Operand::Time(moment)) = test else { return Node::Row(test, Slow::Time) };
                let (from, to) = op.bounds(&moment.range(now));
                return Node::Time(from.map_or(0, at_least), to.map_or(u64::MAX, at_least));
            }
            "age" => return Node::Row(test, Slow::Age),
            _ => return Node::Row(test, Slow::Other(name)),
        };
        Node::Code(column, test, Vec::new())
    }

    /// The value of a field for the rows that have a code.
    fn value(&self, column: Column, code: u32) -> Field<'_> {
        let of = &self.dictionaries;
        let word = |code: u32| if code == NONE { Field::None } else { Field::text(of.words.get(code)) };
        let text = |code: u32| Field::text(of.words.get(code));
        let action = || of.actions.get(code);
        let caller = || of.callers.get(code);
        let site = || of.sites.get(code);
        match column {
            Column::Name => action().map_or(Field::None, |action| text(action.name)),
            Column::Source => action().map_or(Field::None, |action| text(action.source)),
            Column::Error => action().map_or(Field::None, |action| word(action.error)),
            Column::Category => action().map_or(Field::None, |action| Field::text(action.category.word())),
            Column::ReadOnly => action().and_then(|action| action.read_only).map_or(Field::None, Field::Flag),
            Column::Principal => caller().map_or(Field::None, |caller| text(caller.principal)),
            Column::Arn => caller().map_or(Field::None, |caller| word(caller.arn)),
            Column::Session => caller().map_or(Field::None, |caller| word(caller.session)),
            Column::Key => caller().map_or(Field::None, |caller| word(caller.access_key)),
            Column::Region => site().map_or(Field::None, |site| text(site.region)),
            Column::Account => site().map_or(Field::None, |site| text(site.account)),
            Column::Vpce => site().map_or(Field::None, |site| word(site.vpce)),
            Column::Risk => {
                let grade = action().and_then(|action| Grade::of_code(action.grade));
                grade.map_or(Field::None, |grade| Field::text(grade.word()))
            }
            Column::Address | Column::Agent => word(code),
            Column::Own => Field::Flag(of.words.get(code).contains(super::event::OWN_AGENT)),
            Column::Tables => {
                let set = of.sets.get(code).map(|set| &**set).unwrap_or_default();
                Field::Many(set.iter().map(|code| Field::text(of.words.get(*code))).collect())
            }
        }
    }
}

/// The first whole second at or after a moment.
fn at_least(moment: Timestamp) -> u64 {
    let whole = moment.as_second() + i64::from(moment.subsec_nanosecond() > 0);
    u64::try_from(whole).unwrap_or(0)
}

/// What all tests of a query share.
#[derive(Clone, Copy)]
struct Asking<'a> {
    now: Timestamp,
    other: Other<'a>,
    guess: Guess<'a>,
}

/// What stands in for text that was not looked for.
#[derive(Clone, Copy)]
enum Guess<'t> {
    /// As few rows as can be.
    Least,
    /// As many.
    Most,
    /// What was found.
    Found(&'t Texts),
}

#[derive(Debug, Clone, Copy)]
enum Column {
    Name,
    Source,
    Error,
    Category,
    ReadOnly,
    Principal,
    Arn,
    Session,
    Key,
    Region,
    Account,
    Vpce,
    Address,
    Agent,
    Own,
    Tables,
    Risk,
}

impl Column {
    fn of(self, columns: &Columns) -> &[u32] {
        match self {
            Self::Name | Self::Source | Self::Error | Self::Category | Self::ReadOnly | Self::Risk => &columns.action,
            Self::Principal | Self::Arn | Self::Session | Self::Key => &columns.caller,
            Self::Region | Self::Account | Self::Vpce => &columns.site,
            Self::Address => &columns.address,
            Self::Agent | Self::Own => &columns.agent,
            Self::Tables => &columns.tables,
        }
    }
}

/// What is made anew for every row.
#[derive(Debug, Clone, Copy)]
enum Slow<'q> {
    Id,
    Time,
    Age,
    Other(&'q str),
}

enum Node<'q> {
    All(Vec<Node<'q>>),
    Any(Vec<Node<'q>>),
    Not(Box<Node<'q>>),
    /// From a second to just before another.
    Time(u64, u64),
    /// A test of a column, and what it said of each code: 0 not asked, 1 no, 2 yes.
    Code(Column, &'q Test, Vec<u8>),
    Row(&'q Test, Slow<'q>),
    These(Vec<u32>),
    Text(usize),
}

impl Node<'_> {
    /// What to ask first.
    fn cost(&self) -> u8 {
        match self {
            Self::Time(..) | Self::These(_) => 0,
            Self::Code(..) => 1,
            Self::Not(node) => node.cost() + 1,
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::cost).max().unwrap_or(0) + 1,
            Self::Text(_) => 3,
            Self::Row(..) => 4,
        }
    }

    /// False when no row whose time lies in the span can be asked for.
    fn possible(&self, (least, most): (u32, u32)) -> bool {
        match self {
            Self::Time(from, to) => u64::from(most) >= *from && u64::from(least) < *to,
            Self::All(nodes) => nodes.iter().all(|node| node.possible((least, most))),
            Self::Any(nodes) => nodes.iter().any(|node| node.possible((least, most))),
            _ => true,
        }
    }

    /// Of 64 rows those that are asked for, among `here`. `up`: more rows of a text mean more rows here.
    fn bits(&mut self, events: &Events, at: usize, here: u64, asking: Asking<'_>, up: bool) -> u64 {
        let now = asking.now;
        match self {
            Self::All(nodes) => nodes
                .iter_mut()
                .fold(here, |left, node| if left == 0 { 0 } else { node.bits(events, at, left, asking, up) }),
            Self::Any(nodes) => nodes.iter_mut().fold(0, |found, node| {
                let left = here & !found;
                if left == 0 { found } else { found | node.bits(events, at, left, asking, up) }
            }),
            Self::Not(node) => here & !node.bits(events, at, here, asking, !up),
            Self::Time(from, to) => {
                let span = at * 64..(at * 64 + 64).min(events.rows());
                let times = events.columns.time.get(span.clone()).unwrap_or_default();
                let marks = events.columns.marks.get(span).unwrap_or_default();
                let inside =
                    |(time, marks): (&u32, &u8)| marks & mark::NO_TIME == 0 && (*from..*to).contains(&u64::from(*time));
                let bits = times.iter().zip(marks).enumerate();
                here & bits.fold(0, |bits, (bit, row)| bits | u64::from(inside(row)) << bit)
            }
            Self::Code(column, test, known) => {
                let codes = column.of(&events.columns).get(at * 64..(at * 64 + 64).min(events.rows()));
                let (mut left, mut found) = (here, 0);
                while left != 0 {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    let code = codes.and_then(|codes| codes.get(bit as usize)).copied().unwrap_or_default();
                    let is = match known.get(code as usize) {
                        Some(known) if *known != 0 => *known == 2,
                        _ => {
                            let is = test.holds(&events.value(*column, code), now);
                            if known.len() <= code as usize {
                                known.resize(code as usize + 1, 0);
                            }
                            if let Some(known) = known.get_mut(code as usize) {
                                *known = 1 + u8::from(is);
                            }
                            is
                        }
                    };
                    found |= u64::from(is) << bit;
                }
                found
            }
            Self::These(rows) => {
                let here_of = |row: &&u32| **row as usize / 64 == at;
                here & rows.iter().filter(here_of).fold(0, |bits, row| bits | 1 << (*row % 64))
            }
            Self::Text(number) => match asking.guess {
                Guess::Least => {
                    if up {
                        0
                    } else {
                        here
                    }
                }
                Guess::Most => {
                    if up {
                        here
                    } else {
                        0
                    }
                }
                Guess::Found(texts) => here & texts.hits.get(*number).map_or(0, |hits| hits.word(at)),
            },
            Self::Row(test, slow) => {
                let (mut left, mut found) = (here, 0);
                while left != 0 {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    let event = EventRef { events, row: (at * 64) as u32 + bit };
                    let is = match slow {
                        Slow::Id => test.holds(&Field::Text(event.id()), now),
                        Slow::Time => test.holds(&Field::time(event.when()), now),
                        Slow::Age => {
                            let age = event.when().map(|time| now.duration_since(time).as_secs_f64());
                            test.holds(&age.map_or(Field::None, Field::Number), now)
                        }
                        Slow::Other(name) => test.holds(&(asking.other)(event, name), now),
                    };
                    found |= u64::from(is) << bit;
                }
                found
            }
        }
    }
}
