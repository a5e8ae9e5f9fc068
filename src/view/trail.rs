//! Trail: events, newest first; and one event as fields that can be followed.

use ratatui::text::{Line, Span};

use crate::model::{Scope, Severity, Source, Verdict};
use crate::store::LinkTier;
use crate::theme::Role;
use crate::trail::EventRef;
use crate::trail::catalogue;
use crate::trail::columns::{First, Order};
use crate::widget::table::{Column, fixed, grows};
use crate::widget::text;

use super::list::Key;
use super::{Ctx, Doc, Kind, ListView, Pivot, Row, Screen, Thing, things};

/// The list of events.
pub static VIEW: ListView = ListView {
    noun: "events",
    sources: &[Source::Events],
    columns: &COLUMNS,
    collect: |_, _| Vec::new(),
    cell,
    key: |_, _, _| Key::Missing,
    verdict,
    empty,
};

const COLUMNS: [Column; 8] = [
    grows("TIME", 14, 1, 0),
    fixed("RISK", 6, 0),
    grows("EVENT", 25, 3, 0),
    grows("WHO", 11, 2, 0),
    grows("TABLES", 8, 3, 2),
    fixed("ADDRESS", 15, 1),
    grows("REGION", 9, 1, 5),
    grows("RESULT", 8, 2, 4),
];

/// What each column sorts by.
pub const ORDERS: [Order; 8] = [
    Order::Time,
    Order::Grade,
    Order::Name,
    Order::Principal,
    Order::Table,
    Order::Address,
    Order::Region,
    Order::Error,
];

/// How an event stands: a refused call is a warning, a write something to look at.
pub fn standing(event: EventRef<'_>) -> Verdict {
    match (event.error(), event.read_only()) {
        (Some(_), _) => Verdict::Unknown,
        (None, Some(false)) => Verdict::Warn,
        _ => Verdict::NotApplicable,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    let Some(event) = event_of(ctx, row) else { return Verdict::NotApplicable };
    standing(event)
}

fn event_of<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<EventRef<'a>> {
    match row {
        Row::Event(row) => ctx.store.events().at(*row),
        _ => None,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some(event) = event_of(ctx, row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => look
            .line(Role::Dim, event.when().map_or_else(|| "no time".to_owned(), |at| look.when_in(ctx.now, at, room))),
        1 => look.risk(risk(event)).into(),
        2 => with_first(ctx, event.name(), first(ctx, event).agent, room),
        3 => with_first(ctx, event.principal(), first(ctx, event).principal, room),
        4 => look.foreign(Role::Accent, &event.table_list(), room).into(),
        5 => with_first(ctx, event.ip().unwrap_or("-"), first(ctx, event).address, room),
        6 => look.foreign(Role::Dim, event.region(), room).into(),
        _ => result(ctx, event, room).into(),
    }
}

/// What of an event was not seen before it.
fn first(ctx: &Ctx<'_>, event: EventRef<'_>) -> First {
    ctx.derived.borrow_mut().firsts(ctx.store).get(event.row())
}

/// A value, with a star behind one that was not seen before; behind an event's name it is the agent's.
fn with_first(ctx: &Ctx<'_>, value: &str, first: bool, room: usize) -> Line<'static> {
    if !first {
        return ctx.look.foreign(Role::Text, value, room).into();
    }
    let star = ctx.look.say(Role::Warn, " ★");
    Line::from(vec![ctx.look.foreign(Role::Text, value, room.saturating_sub(star.width())), star])
}

/// How bad it is for DynamoDB. Lists ask for the rows in sight alone.
fn risk(event: EventRef<'_>) -> Option<Severity> {
    catalogue::rank(event)
}

fn result(ctx: &Ctx<'_>, event: EventRef<'_>, room: usize) -> Span<'static> {
    match event.error() {
        Some(error) => ctx.look.foreign(Role::Unknown, error, room),
        None => ctx.look.say(Role::Dim, "ok"),
    }
}

fn empty(ctx: &Ctx<'_>, kind: &Kind) -> String {
    let reach: Vec<String> = match kind {
        Kind::Trail(Pivot::All) | Kind::Related(_) => Vec::new(),
        _ => reach_words(ctx, kind),
    };
    let asked = match kind {
        Kind::Trail(pivot) => pivot.words().map(|(by, what)| format!(" {by} {}", text::clean(what, 60))),
        _ => None,
    };
    let note = "LookupEvents tells management events of 90 days, minutes late; reads of items are in no lookup";
    format!("no events{} · {} {note}", asked.unwrap_or_default(), reach.join(" · "))
}

fn reach_words(ctx: &Ctx<'_>, kind: &Kind) -> Vec<String> {
    use crate::model::SearchBy;
    let Kind::Trail(pivot) = kind else { return Vec::new() };
    let is_this = |by: &SearchBy| match (by, pivot) {
        (SearchBy::AccessKey(a), Pivot::Key(b))
        | (SearchBy::Username(a), Pivot::Session(b))
        | (SearchBy::Resource(a), Pivot::Table(b) | Pivot::Mentions(b)) => a == b,
        _ => false,
    };
    let of: Vec<_> = ctx.store.searches().iter().filter(|(_, reach)| is_this(&reach.search.by)).collect();
    if of.is_empty() {
        return vec!["not searched for by itself".to_owned()];
    }
    let denied = of.iter().filter(|(_, reach)| reach.found.is_err()).count();
    vec![format!("searched in {} of {} scopes", of.len() - denied, of.len())]
}

/// One event in a case's timeline: `02:58:02Z  T1  UpdateContinuousBackups  orders  ok`.
#[must_use]
pub fn timeline(ctx: &Ctx<'_>, tier: LinkTier, event: EventRef<'_>, width: u16) -> Line<'static> {
    let look = ctx.look;
    let room = usize::from(width);
    let wide = room >= 100;
    let pad = |words: &str, cells: usize| {
        let clean = text::clean(words, cells);
        format!("{clean}{}", " ".repeat(cells.saturating_sub(text::width(&clean)) + 1))
    };
    let name_room = if wide { 32 } else { 26 };
    let role = if standing(event) == Verdict::NotApplicable { Role::Dim } else { Role::Text };
    let foreign = |role: Role, words: &str, cells: usize| {
        let padded = pad(words, cells);
        Span::styled(if look.ascii { super::look::ascii(&padded) } else { padded }, look.style(role))
    };
    let mut spans = vec![
        look.say(Role::Dim, format!(" {:>15} ", look.clock(ctx.now, event.time()))),
        look.say(Role::Dim, format!("{} ", tier.word())),
        look.risk_glyph(risk(event)),
        Span::raw(" "),
        foreign(role, event.name(), name_room),
        foreign(Role::Accent, &event.table_list(), if wide { 18 } else { 12 }),
    ];
    if wide {
        spans.push(foreign(Role::Dim, event.principal(), 16));
        spans.push(foreign(Role::Dim, event.ip().unwrap_or("-"), 15));
    }
    spans.push(result(ctx, event, 24));
    Line::from(spans)
}

/// One event: fields that can be followed; the record comes below them.
#[must_use]
pub fn detail(ctx: &Ctx<'_>, id: &str) -> Option<Doc> {
    let event: EventRef<'_> = ctx.store.events().get(id)?;
    let look = ctx.look;
    let mut doc = Doc::default();
    let to = |pivot: Pivot| Some(Screen::List(Kind::Trail(pivot)));
    let result = event.error().map_or("ok".to_owned(), |error| format!("refused: {error}"));
    doc.field(ctx, "what", &format!("{} at {} · {result}", event.name(), event.source()));
    let when = event.when().map_or_else(
        || look.say(Role::Unknown, "? the record has no eventTime, or one that is no time"),
        |at| look.say(Role::Text, look.full(ctx.now, at)),
    );
    doc.spans(ctx, "when", vec![when], None);
    if event.is_twin() {
        doc.field(ctx, "note", "another event has the same id and other content: `id:` shows them side by side");
    }
    doc.field_to(ctx, "who", event.principal(), to(Pivot::Principal(event.principal().to_owned())));
    if let Some(arn) = event.principal_arn() {
        doc.field(ctx, "  as", arn);
    }
    if let Some(session) = event.session() {
        doc.field_to(ctx, "session", session, to(Pivot::Session(session.to_owned())));
    }
    if let Some(key) = event.access_key() {
        doc.field_to(ctx, "access key", key, to(Pivot::Key(key.to_owned())));
    }
    if let Some(ip) = event.ip() {
        doc.field_to(ctx, "from", ip, to(Pivot::Ip(ip.to_owned())));
    }
    let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
    for (index, table) in event.tables().take(20).enumerate() {
        let name = if index == 0 { "tables" } else { "" };
        doc.field_to(ctx, name, table, Some(things::table_screen(ctx, &scope, table)));
    }
    if let Some(agent) = event.user_agent() {
        doc.field(ctx, "user agent", agent);
    }
    let first = first(ctx, event).words();
    if !first.is_empty() {
        let since = ctx.store.events().span().map_or(String::new(), |(oldest, _)| look.clock(ctx.now, oldest));
        doc.spans(
            ctx,
            "first seen",
            vec![look.say(Role::Warn, format!("★ {first} not seen before, in events since {since}"))],
            None,
        );
    }
    if let Some(vpce) = event.vpce() {
        doc.field_to(ctx, "through", vpce, Some(Screen::Detail(Thing::Endpoint(scope.clone(), vpce.to_owned()))));
    }
    let kind = match event.read_only() {
        Some(true) => "read",
        Some(false) => "write",
        None => "the record does not say whether it reads or writes",
    };
    doc.field(
        ctx,
        "kind",
        &format!("{} · {kind}{}", event.category().word(), if event.own() { " · our own call" } else { "" }),
    );
    doc.field(ctx, "where", &format!("{} in {}", event.account(), event.region()));
    let id = event.id();
    doc.field(ctx, "event id", if id.is_empty() { "the record has none" } else { &id });
    super::meaning::section(ctx, &mut doc, event);
    let chain = ctx.derived.borrow_mut().chain(ctx.store, event);
    if let Some((chain, absent)) = chain {
        doc.gap();
        super::origin::section(ctx, &mut doc, &chain, absent);
    }
    doc.gap();
    doc.section(
        ctx,
        "record",
        &ctx.look.keys.fill("{open} folds and follows, {filter} searches, {raw} shows it alone"),
    );
    if let Some(words) = super::fetched::waiting(ctx, &event.key()) {
        doc.field(ctx, "", &words);
    }
    doc.best = Some(0);
    Some(doc)
}
