//! Who reaches the tables of a lane: a list, and all that is known of one of them.

use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::controls::crossing::{Crosser, Crossing, Kind as Who, Lanes, Planes, Whose};
use crate::model::{Source, Verdict};
use crate::store::rows::{CrossingRow, Entry, RowKind};
use crate::theme::{Role, verdict_role};
use crate::trail::query::Query;
use crate::widget::table::{Column, fixed, grows, number};

use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Row, Screen, Thing, age};

/// One who reaches a lane, as the rows found it.
#[derive(Debug, Clone)]
pub struct Found {
    /// All lanes.
    pub lanes: Arc<Lanes>,
    /// Its place among the crossings.
    pub at: usize,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.lanes, &other.lanes) && self.at == other.at
    }
}

impl Found {
    /// Who, and what it comes to.
    #[must_use]
    pub fn both(&self) -> Option<(&Crosser, &Crossing)> {
        let one = self.lanes.crossings.get(self.at)?;
        Some((self.lanes.crossers.get(one.crosser)?, one))
    }

    /// As filters and exports know it.
    #[must_use]
    pub fn row<'a>(&self, ctx: &Ctx<'a>) -> CrossingRow<'a> {
        CrossingRow { store: ctx.store, lanes: self.lanes.clone(), at: self.at }
    }

    /// By its identity.
    #[must_use]
    pub fn thing(&self) -> Option<Thing> {
        let (who, one) = self.both()?;
        let lane = self.lanes.lanes.get(one.lane)?;
        Some(Thing::Crossing(lane.whose.clone(), who.id.clone()))
    }
}

/// One who reaches a lane, where it is still so.
#[must_use]
pub fn found(ctx: &Ctx<'_>, whose: &Whose, id: &str) -> Option<Found> {
    let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
    let lane = lanes.lane(whose)?;
    let is = |one: &Crossing| lanes.crossers.get(one.crosser).is_some_and(|of| of.id == id);
    let at = lanes.reaching(lane, None).find(|(_, one)| is(one)).map(|(at, _)| at)?;
    Some(Found { lanes, at })
}

/// What a lane is called.
#[must_use]
pub fn name(ctx: &Ctx<'_>, whose: &Whose) -> String {
    let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
    lanes.lane(whose).and_then(|at| lanes.lanes.get(at)).map(|lane| lane.name.clone()).unwrap_or_default()
}

/// The list.
pub static VIEW: ListView = ListView {
    noun: "crossings",
    sources: &[Source::Tables, Source::Network, Source::Settings],
    columns: &COLUMNS,
    collect: |ctx, kind| {
        let Kind::Crossings { lane, from, query } = kind else { return Vec::new() };
        let lanes = ctx.derived.borrow_mut().lanes(ctx.store);
        let Some(at) = lanes.lane(lane) else { return Vec::new() };
        let from = match from {
            Some(from) => match lanes.lane(from) {
                None => return Vec::new(),
                some => some,
            },
            None => None,
        };
        let query = Query::parse(query.trim(), RowKind::Lanes.schema()).ok();
        let row = |at: usize| Found { lanes: lanes.clone(), at };
        let asked = |found: &Found| query.as_ref().is_none_or(|query| query.matches(&found.row(ctx)));
        // What could not be read may hide somebody of any lane.
        let unread = |one: &Crossing| lanes.crossers.get(one.crosser).is_some_and(|of| of.kind == Who::Unread);
        let here = lanes.reaching(at, None).filter(|(_, one)| {
            from.is_none() || unread(one) || lanes.crossers.get(one.crosser).map(|of| of.lane) == from
        });
        here.map(|(at, _)| row(at)).filter(asked).map(|found| Row::Crossing(Box::new(found))).collect()
    },
    cell,
    key,
    verdict: |_, row| both(row).map_or(Verdict::NotApplicable, |(_, one)| one.verdict),
    empty: |_, _| "nobody reaches these tables, as far as was read".to_owned(),
};

const COLUMNS: [Column; 6] = [
    fixed("VERDICT", 9, 0),
    grows("WHO", 22, 1, 0),
    fixed("DOMAIN", 9, 1),
    fixed("MAY", 6, 0),
    number("TABLES", 6, 0),
    grows("THROUGH", 12, 4, 2),
];

fn both(row: &Row) -> Option<(&Crosser, &Crossing)> {
    match row {
        Row::Crossing(found) => found.both(),
        _ => None,
    }
}

/// From this many cells on, planes are words.
const WORDS: usize = 24;

/// `rw- if`: read, write, administer, under conditions alone; in words where there is room.
fn may(sure: Planes, may: Planes, room: usize) -> String {
    let conditional = may != Planes::default() && Planes::ALL.iter().all(|(of, _)| !may.holds(*of) || !sure.holds(*of));
    let when = if conditional { " if" } else { "" };
    if room >= WORDS {
        return format!("{}{when}", may.words().collect::<Vec<_>>().join(" "));
    }
    let letter =
        |(of, word): &(Planes, &'static str)| if may.holds(*of) { word.get(..1).unwrap_or_default() } else { "-" };
    format!("{}{when}", Planes::ALL.iter().map(letter).collect::<String>())
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let (Row::Crossing(found), Some((who, one))) = (row, both(row)) else { return Line::default() };
    match column {
        0 if one.verdict == Verdict::Pass => {
            look.verdict(one.verdict, if who.lane == one.lane { "own" } else { "pass" })
        }
        0 if one.verdict == Verdict::NotApplicable => look.verdict(one.verdict, "mild"),
        0 => look.verdict(one.verdict, one.verdict.word()),
        1 => look.foreign(Role::Text, &who.name, room).into(),
        2 => {
            let lane = found.lanes.lanes.get(who.lane);
            let stated = lane.is_some_and(|lane| matches!(lane.whose, Whose::Domain(_)));
            look.foreign(if stated { Role::Accent } else { Role::Dim }, lane.map_or("", |lane| &lane.name), room).into()
        }
        3 | 4 if one.tables == 0 => look.line(Role::Unknown, "?"),
        3 => look.line(Role::Text, may(one.sure, one.may, room)),
        4 => look.line(Role::Text, crate::widget::text::grouped(one.tables)),
        _ => match &who.note {
            Some(note) if one.tables == 0 => look.foreign(Role::Unknown, note, room).into(),
            _ => look.foreign(Role::Dim, &found.row(ctx).through(), room).into(),
        },
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let (Row::Crossing(found), Some((who, one))) = (row, both(row)) else { return Key::Missing };
    match column {
        0 => Key::Number(one.verdict.rank().into()),
        1 => Key::text(&who.name),
        2 => Key::text(found.lanes.lanes.get(who.lane).map_or("", |lane| &lane.name)),
        3 => Key::text(&may(one.sure, one.may, usize::MAX)),
        4 => Key::Number(-i64::try_from(one.tables).unwrap_or(i64::MAX)),
        _ => Key::text(&found.row(ctx).through()),
    }
}

/// One who reaches a lane: through which statements, and which tables.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, whose: &Whose, id: &str) -> Option<Doc> {
    let found = found(ctx, whose, id)?;
    let (who, one) = found.both()?;
    let (look, lanes) = (ctx.look, &found.lanes);
    let named = |lane: usize| lanes.lanes.get(lane).map_or("", |lane| lane.name.as_str());
    let mut doc = Doc::default();
    doc.spans(ctx, "stands", look.verdict(one.verdict, one.verdict.word()).spans, None);
    doc.field(ctx, "", &lanes.reason(one));
    let endpoint = who.scope.as_ref().filter(|_| who.kind == Who::Endpoint);
    let to = endpoint.map(|scope| Screen::Detail(Thing::Endpoint(scope.clone(), who.id.clone())));
    doc.field_to(ctx, "who", &format!("{} {}", who.kind.word(), who.id), to);
    doc.field(ctx, "of", &format!("domain {}", named(who.lane)));
    doc.field(ctx, "reaches", &format!("tables of {}", named(one.lane)));
    if let Some(note) = &who.note {
        doc.field(ctx, "not read", note);
    }
    if let Some(action) = &who.missing {
        doc.field(ctx, "missing", &format!("{action}: `dynakeep iam-policy` prints the policy that allows it"));
    }
    if let Some((call, at)) = &who.source {
        let origin = ctx.store.origin().word();
        doc.field(
            ctx,
            "told by",
            &format!("{} · {} ago · {origin} · {}", call.operation, age(ctx.now, *at), call.request_id),
        );
    }
    let judged = match who.kind {
        Who::Endpoint => endpoint.map(|scope| (crate::controls::resource(scope, &who.id), "ISO-02")),
        Who::Role | Who::User => Some((who.account.clone(), "ISO-03")),
        _ => one.worst.and_then(|at| lanes.tables.get(at)).map(|table| (table.arn.clone(), "IAM-10")),
    };
    if let Some(judgement) = judged.and_then(|(resource, control)| ctx.store.judgement(&resource, control)) {
        doc.gap();
        doc.section(ctx, "control", "");
        super::table::judgement_line(ctx, judgement, &mut doc);
    }
    statements(ctx, &found, &mut doc);
    let reached = lanes.reached(one);
    doc.gap();
    doc.section(ctx, "tables", &format!("{} · if: under conditions alone", reached.len()));
    for (of, verdict) in reached {
        let Some(table) = lanes.tables.get(of.table) else { continue };
        let class = table.class.map_or("unclassed", |class| class.word());
        let line = vec![
            Span::styled(format!("   {} ", look.glyph(verdict)), look.style(verdict_role(verdict))),
            look.foreign(Role::Link, &format!("{:<26} ", table.name), 40),
            look.say(Role::Dim, format!("{class:<13}")),
            look.say(Role::Text, format!("{:<25}", may(of.sure, of.may, WORDS))),
            look.foreign(Role::Dim, &table.scope.region, 20),
        ];
        doc.link(line, Screen::Detail(Thing::Table(table.arn.clone())));
    }
    doc.best = Some(0);
    Some(doc)
}

/// The statements, in plain words; Enter leads to the text of the policy.
fn statements(ctx: &Ctx<'_>, found: &Found, doc: &mut Doc) {
    let Some((who, one)) = found.both() else { return };
    // Of a table that shows the worst, and of one reached otherwise.
    let tables = found.lanes.reached(one);
    let mut all = Vec::new();
    for table in one.worst.into_iter().chain(tables.iter().map(|(of, _)| of.table).take(50)) {
        for through in found.lanes.through(who, table) {
            if !all.contains(&through) {
                all.push(through);
            }
        }
    }
    if all.is_empty() {
        return;
    }
    doc.gap();
    doc.section(ctx, "through", &ctx.look.keys.fill("{open} shows the policies themselves"));
    let to = Screen::Raw(Thing::Crossing(
        found.lanes.lanes.get(one.lane).map_or(Whose::Nobody, |lane| lane.whose.clone()),
        who.id.clone(),
    ));
    for through in all.iter().take(20) {
        let conditional = if through.conditional { "   under conditions alone" } else { "" };
        doc.link(
            vec![
                Span::raw("   "),
                ctx.look.foreign(Role::Link, &through.name(), 60),
                ctx.look.say(Role::Warn, conditional),
            ],
            to.clone(),
        );
        let room = usize::from(ctx.width).saturating_sub(8).max(20);
        for part in super::doc::wrap(&through.words, room, 4) {
            let part = if ctx.look.ascii { super::look::ascii(&part) } else { part };
            doc.push(ctx.look.line(Role::Text, format!("     {part}")));
        }
    }
}

/// All of it as JSON: with the policies, as IAM holds them.
#[must_use]
pub fn json(ctx: &Ctx<'_>, whose: &Whose, id: &str) -> Option<serde_json::Value> {
    let found = found(ctx, whose, id)?;
    let mut json = found.row(ctx).json();
    json["held"] = crate::controls::crossing::held(ctx.store.estate(), id);
    Some(json)
}
