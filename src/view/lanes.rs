//! The lanes: whose tables there are, row by row, and who reaches them, column by column.
//!
//! Columns are the domains that somebody comes from, as many as fit; the cursor's cell is always among them.

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::controls::crossing::{Count, Kind as Who, Lanes, Whose};
use crate::model::{Source, Verdict};
use crate::store::rows::{CrossingRow, RowKind};
use crate::theme::{Role, verdict_role};
use crate::trail::query::Query;
use crate::widget::bar;
use crate::widget::table::{Column, fit, fixed, grows, number};

use super::list::Key;
use super::{Ctx, Kind, ListView, Place, Row, Screen};

/// A lane, and who reaches it, as far as the filter lets through.
#[derive(Debug)]
pub struct Stretch {
    lanes: Arc<Lanes>,
    lane: usize,
    query: String,
    all: Count,
    from: HashMap<usize, Count>,
    blind: bool,
    asked: bool,
}

impl PartialEq for Stretch {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.lanes, &other.lanes) && self.lane == other.lane && self.query == other.query
    }
}

/// The matrix.
pub static VIEW: ListView = ListView {
    noun: "lanes",
    sources: &[Source::Tables, Source::Network, Source::Settings],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict: |_, row| stretch(row).map_or(Verdict::NotApplicable, |of| of.standing(of.all)),
    empty: |_, _| "no tables are known, and so no lanes".to_owned(),
};

/// Columns before those of lanes.
const FIRST: usize = 3;
/// As many lanes as the widest screen shows.
const SLOTS: usize = 24;

const COLUMNS: [Column; FIRST + SLOTS] = {
    let mut columns = [fixed("", 9, 0); FIRST + SLOTS];
    columns[0] = grows("LANE", 14, 2, 0);
    columns[1] = number("TABLES", 6, 1);
    columns[2] = fixed("ALL", 9, 0);
    let mut at = FIRST;
    while at < columns.len() {
        (columns[at].rank, columns[at].grow) = (at as u8, 1);
        at += 1;
    }
    columns
};

fn stretch(row: &Row) -> Option<&Stretch> {
    match row {
        Row::Lane(of) => Some(of),
        _ => None,
    }
}

impl Stretch {
    fn name(&self) -> &str {
        self.lanes.lanes.get(self.lane).map_or("", |lane| &lane.name)
    }

    /// True when the filter lets somebody through who reaches it.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// Who reaches it, from all lanes, or from that of a column.
    #[must_use]
    pub fn screen(&self, column: usize) -> Screen {
        let whose = |lane: usize| self.lanes.lanes.get(lane).map(|lane| lane.whose.clone());
        let from = column.checked_sub(FIRST).and_then(|at| self.lanes.columns().get(at).copied()).and_then(whose);
        let lane = whose(self.lane).unwrap_or(Whose::Nobody);
        Screen::List(Kind::Crossings { lane, from, query: self.query.clone() })
    }

    fn standing(&self, count: Count) -> Verdict {
        self.lanes.standing(self.lane, count)
    }
}

/// Who reaches which lane, as far as a query lets through.
fn collect(ctx: &Ctx<'_>, kind: &Kind) -> Vec<Row> {
    let Kind::Lanes(typed) = kind else { return Vec::new() };
    let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
    let query = Query::parse(typed.trim(), RowKind::Lanes.schema()).ok().filter(|_| !typed.trim().is_empty());
    let mut cells: HashMap<usize, HashMap<usize, Count>> = HashMap::new();
    let mut all: HashMap<usize, Count> = HashMap::new();
    for (at, one) in lanes.crossings.iter().enumerate() {
        let asked = |query: &Query| query.matches(&CrossingRow { store: ctx.store, lanes: lanes.clone(), at });
        let Some(who) = lanes.crossers.get(one.crosser).filter(|_| query.as_ref().is_none_or(asked)) else { continue };
        cells.entry(one.lane).or_default().entry(who.lane).or_default().add(one.verdict);
        all.entry(one.lane).or_default().add(one.verdict);
    }
    let row = |(lane, _): (usize, Count)| {
        let (some, from) = (all.get(&lane).copied(), cells.get(&lane).cloned().unwrap_or_default());
        let (asked, blind) = (query.is_none() || some.is_some(), lanes.is_blind(lane));
        let (lanes, query, all) = (lanes.clone(), typed.clone(), some.unwrap_or_default());
        Row::Lane(Arc::new(Stretch { lanes, lane, query, all, from, blind, asked }))
    };
    lanes.rows().iter().copied().map(row).collect()
}

/// How many of some lanes have room beside each other.
fn room(lanes: usize, width: u16) -> usize {
    let columns: Vec<Column> = COLUMNS.iter().take(FIRST + lanes).copied().collect();
    fit(&columns, width.saturating_sub(1)).len().saturating_sub(FIRST).max(1)
}

/// The columns in sight, their heads, and how many lanes lie before the first of them.
#[must_use]
pub fn shown(ctx: &Ctx<'_>, column: usize, width: u16, numbered: bool) -> (Vec<Column>, Vec<String>, usize) {
    let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
    let from = lanes.columns();
    let columns: Vec<Column> = COLUMNS.iter().take(FIRST + from.len()).copied().collect();
    let room = room(from.len(), width);
    // While a column is chosen by its number, the numbers are those of the first.
    let before = if numbered { 0 } else { (column + 1).saturating_sub(FIRST + room) };
    let name = |lane: &usize| lanes.lanes.get(*lane).map_or("", |lane| &lane.name).to_uppercase();
    let heads = COLUMNS.iter().take(FIRST).map(|column| column.title.to_owned());
    let heads = heads.chain(from.iter().skip(before).map(name)).collect();
    (columns, heads, before)
}

/// The column of lanes that a shown one stands for.
#[must_use]
pub fn column(shown: usize, before: usize) -> usize {
    if shown < FIRST { shown } else { shown + before }
}

/// The column beside one; the first ones count as one.
pub fn step(ctx: &Ctx<'_>, place: &mut Place, right: bool) {
    let last = FIRST + ctx.derived.borrow_mut().lanes(ctx.store).columns().len() - 1;
    place.column = match (right, place.column) {
        (true, 0) => FIRST.min(last),
        (true, at) => (at + 1).min(last),
        (false, at) if at <= FIRST => 0,
        (false, at) => at - 1,
    };
}

/// What it comes to, and how it is read, above the rows.
pub fn head(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    if area.height < 8 {
        return area;
    }
    let look = ctx.look;
    let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
    let mut spans = vec![Span::raw(" ")];
    let rows = lanes.rows();
    let words = [
        (Verdict::Fail, "crossed"),
        (Verdict::Warn, "to look at"),
        (Verdict::Unknown, "not known"),
        (Verdict::Pass, "clean"),
    ];
    for (verdict, word) in words {
        let count = rows.iter().filter(|(lane, count)| lanes.standing(*lane, *count) == verdict).count();
        if count > 0 {
            let role = verdict_role(verdict);
            spans.push(look.say(role, format!("{}{count} {word}  ", look.glyph(verdict))));
        }
    }
    let people = lanes.crossers.iter().filter(|of| matches!(of.kind, Who::Role | Who::User)).count();
    let endpoints = lanes.crossers.iter().filter(|of| of.kind == Who::Endpoint).count();
    spans.push(look.say(Role::Dim, format!("· {people} roles and users, {endpoints} endpoints")));
    let (emergency, services) = lanes.left_out;
    let left = match (services, emergency) {
        (0, 0) => String::new(),
        (services, 0) => format!(" · {services} of services left out"),
        (services, emergency) => format!(" · {services} of services and {emergency} for emergencies left out"),
    };
    let keys = ctx.store.estate().class_tags.domain.join(", ");
    let (legend, role) = match lanes.stated() {
        (false, _) if !lanes.tables.is_empty() => (
            format!(
                "no table's tag ({keys}) states a domain: [classes] domain names other tags; `dynakeep doctor` finds some"
            ),
            Role::Unknown,
        ),
        (true, false) => (
            format!(
                "no role's or endpoint's tag ({keys}) states a domain: who crosses cannot be told; [classes] domain"
            ),
            Role::Unknown,
        ),
        _ => (format!("rows: whose tables · columns: who reaches them{left}"), Role::Dim),
    };
    let second =
        Line::from(vec![Span::raw(" "), look.foreign(role, &legend, usize::from(area.width).saturating_sub(2))]);
    // What has no room is not nothing.
    let hidden = lanes.columns().len().saturating_sub(room(lanes.columns().len(), area.width));
    let more = if hidden > 0 { format!("{hidden} more beside: l, h ") } else { String::new() };
    for (y, line, right) in
        [(area.y, Line::from(spans), look.line(Role::Dim, more)), (area.y + 1, second, Line::default())]
    {
        bar::split(Rect { y, height: 1, ..area }, buf, &line, &right);
    }
    Rect { y: area.y + 2, height: area.height - 2, ..area }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some(of) = stretch(row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => {
            let worst = of.standing(of.all);
            let glyph = Span::styled(format!("{} ", look.glyph(worst)), look.style(verdict_role(worst)));
            let domain = of.lanes.lanes.get(of.lane).is_some_and(|lane| matches!(lane.whose, Whose::Domain(_)));
            let role = if domain { Role::Text } else { Role::Dim };
            Line::from(vec![glyph, look.foreign(role, of.name(), room.saturating_sub(2))])
        }
        1 => match of.lanes.lanes.get(of.lane).map(|lane| &lane.whose) {
            Some(Whose::Unlisted) => look.line(Role::Unknown, "?"),
            _ => look.line(Role::Dim, crate::widget::text::grouped(of.lanes.population(of.lane))),
        },
        2 => tally(ctx, of, of.all, false, room),
        _ => {
            let from = of.lanes.columns().get(column - FIRST).copied();
            let count = from.and_then(|from| of.from.get(&from).copied()).unwrap_or_default();
            let stated = of.lanes.lanes.get(of.lane).is_some_and(|lane| matches!(lane.whose, Whose::Domain(_)));
            tally(ctx, of, count, stated && from == Some(of.lane), room)
        }
    }
}

/// `✖3 ▲1 ?2`, `● none`, `4 own`.
fn tally(ctx: &Ctx<'_>, of: &Stretch, count: Count, own: bool, room: usize) -> Line<'static> {
    let look = ctx.look;
    let bad = crate::store::Tally { fail: count.fail, warn: count.warn, unknown: count.unknown, pass: 0 };
    let mut line = super::tables::tally_line(look, bad);
    if !line.spans.is_empty() {
        // A count that has no room leaves a mark: less is not none.
        let cut = line.width() > room + 1;
        while cut && line.spans.len() > 1 && line.width() >= room {
            line.spans.pop();
        }
        if cut && line.width() < room {
            line.push_span(look.say(Role::Dim, "…"));
        }
        return line;
    }
    match (count.own, count.mild) {
        (1.., _) if own => look.line(Role::Dim, format!("{} own", count.own)),
        _ if own => look.line(Role::Dim, "·"),
        _ if of.blind => look.line(Role::Unknown, "?"),
        (_, 1..) => look.line(Role::Dim, format!("{} mild", count.mild)),
        _ if !of.query.trim().is_empty() => look.line(Role::Dim, "·"),
        _ => look.verdict(Verdict::Pass, "none"),
    }
}

fn key(_: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some(of) = stretch(row) else { return Key::Missing };
    let bad = |count: Count| {
        let bad = count.fail * 1_000_000 + count.warn * 1_000 + count.unknown;
        Key::Number(-i64::try_from(bad).unwrap_or(i64::MAX))
    };
    match column {
        0 => Key::text(of.name()),
        1 => Key::Number(-i64::try_from(of.lanes.population(of.lane)).unwrap_or(i64::MAX)),
        2 => bad(of.all),
        _ => match of.lanes.columns().get(column - FIRST) {
            Some(from) => bad(of.from.get(from).copied().unwrap_or_default()),
            None => Key::Missing,
        },
    }
}
