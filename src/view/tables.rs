//! Tables: one row a table, the worst first.

use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::model::{Cell, EndpointKind, KeyKind, Source, SourceError, Table, Verdict};
use crate::store::Tally;
use crate::store::rows::badness;
use crate::theme::{Role, verdict_role};
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
pub use super::states::unknown;
use super::{Ctx, Kind, ListView, Look, Row};

/// The list of tables.
pub static VIEW: ListView = ListView {
    noun: "tables",
    sources: &[Source::Tables, Source::Keys, Source::Backups],
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict,
    empty,
};

const COLUMNS: [Column; 11] = [
    grows("NAME", 16, 4, 0),
    fixed("REGION", 14, 5),
    fixed("ACCOUNT", 12, 9),
    fixed("CLASS", 12, 3),
    fixed("KEY", 11, 0),
    fixed("PITR", 10, 0),
    fixed("DEL.PROT", 8, 1),
    fixed("BACKUP", 8, 6),
    fixed("PATH", 11, 4),
    grows("VERDICTS", 12, 1, 0),
    fixed("READ", 6, 8),
];

fn collect(ctx: &Ctx<'_>, _: &Kind) -> Vec<Row> {
    let mut rows: Vec<_> = ctx
        .store
        .estate()
        .tables
        .values()
        .map(|table| (badness(ctx.store, table), Row::Table(Arc::from(table.arn.as_str()))))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn table<'a>(ctx: &Ctx<'a>, row: &Row) -> Option<&'a Table> {
    match row {
        Row::Table(arn) => ctx.store.estate().tables.get(&**arn),
        _ => None,
    }
}

fn verdict(ctx: &Ctx<'_>, row: &Row) -> Verdict {
    let Row::Table(arn) = row else { return Verdict::NotApplicable };
    ctx.store.tally(arn).worst()
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let Some(table) = table(ctx, row) else { return Line::default() };
    let (look, room) = (ctx.look, usize::from(width));
    match column {
        0 => {
            let verdict = ctx.store.tally(&table.arn).worst();
            let glyph = Span::styled(format!("{} ", look.glyph(verdict)), look.style(verdict_role(verdict)));
            Line::from(vec![glyph, look.foreign(Role::Text, &table.name, room.saturating_sub(2))])
        }
        1 => look.foreign(Role::Dim, &table.scope.region, room).into(),
        2 => look.foreign(Role::Dim, &table.scope.account, room).into(),
        3 => class_line(ctx, table),
        4 => key_line(ctx, table),
        5 => pitr_line(ctx, table),
        6 => deletion_line(ctx, table),
        7 => backup_line(ctx, table),
        8 => path_line(ctx, table),
        9 => tally_line(look, ctx.store.tally(&table.arn)),
        _ => read_line(ctx, table),
    }
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some(table) = table(ctx, row) else { return Key::Missing };
    let estate = ctx.store.estate();
    match column {
        0 => Key::text(&table.name),
        1 => Key::text(&table.scope.region),
        2 => Key::text(&table.scope.account),
        3 => Key::Number(estate.data_class(table) as i64),
        4 => Key::number(estate.table_key(table).and_then(Result::ok).map(|(kind, _)| kind as i64)),
        5 => Key::number(
            table.pitr.value().map(|pitr| if pitr.enabled { pitr.window_days.unwrap_or(35).into() } else { 0 }),
        ),
        6 => Key::number(table.description.value().and_then(|d| d.deletion_protection).map(i64::from)),
        7 => Key::number(
            estate.table_backups(table).and_then(Result::ok).and_then(|b| b.newest).map(jiff::Timestamp::as_second),
        ),
        8 => Key::Number(
            path(ctx, table)
                .map_or(-1, |kinds| kinds.map_or(-1, |(gateway, interface)| i64::from(gateway) + i64::from(interface))),
        ),
        9 => {
            let tally = ctx.store.tally(&table.arn);
            Key::Number(i64::try_from(tally.fail * 1_000_000 + tally.warn * 1_000 + tally.unknown).unwrap_or(i64::MAX))
        }
        _ => Key::number(table.description.seen.as_ref().map(|seen| seen.at.as_second())),
    }
}

fn empty(ctx: &Ctx<'_>, _: &Kind) -> String {
    let scopes = ctx.store.estate().populations.values().filter(|cell| cell.seen.is_some()).count();
    format!("no tables: ListTables answered in {scopes} of {} scopes, and named none", ctx.store.estate().scopes.len())
}

/// Dims a value whose read has failed since.
pub fn stale_if(look: &Look, stale: bool, mut line: Line<'static>) -> Line<'static> {
    if stale {
        for span in &mut line.spans {
            span.style = look.style(Role::Dim);
        }
        line.spans.push(look.say(Role::Stale, "~"));
    }
    line
}

fn of_cell<T>(look: &Look, cell: &Cell<T>, show: impl FnOnce(&T) -> Line<'static>) -> Line<'static> {
    match cell.known() {
        None => unknown(look, None),
        Some(Err(error)) => unknown(look, Some(error)),
        Some(Ok(seen)) => stale_if(look, cell.is_stale(), show(&seen.value)),
    }
}

/// What controls say about a cell; neutral where none speaks.
fn said(ctx: &Ctx<'_>, table: &Table, controls: &[&str]) -> Verdict {
    let of = controls.iter().filter_map(|id| ctx.store.judgement(&table.arn, id));
    // What does not count is still worth a look.
    let worst = of.map(|one| if one.counts() { one.verdict } else { Verdict::Warn });
    worst.min_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NotApplicable)
}

/// The class that the tags say.
pub fn class_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    let estate = ctx.store.estate();
    of_cell(ctx.look, &table.tags, |_| match estate.stated_class(table) {
        Some(class) => ctx.look.line(Role::Text, class.word()),
        None => ctx.look.line(Role::Unknown, "? unclassed"),
    })
}

/// The key's kind and state.
pub fn key_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    let look = ctx.look;
    let stale = table.description.is_stale();
    match ctx.store.estate().table_key(table) {
        None => unknown(look, None),
        Some(Err(error)) => unknown(look, Some(&error)),
        Some(Ok((kind, key))) => {
            let state = key.map(|seen| seen.value.state.as_str()).filter(|state| *state != "Enabled");
            let word = match (state, kind) {
                (Some("PendingDeletion"), _) => "to delete",
                (Some("PendingImport"), _) => "no key",
                (Some("Unavailable"), _) => "unreached",
                (Some("Disabled"), _) => "disabled",
                (Some(state), _) => state,
                (None, KeyKind::AwsOwned) => "aws-owned",
                (None, KeyKind::AwsManaged) => "aws-mgd",
                (None, KeyKind::Customer) => "customer",
            };
            stale_if(look, stale, look.verdict(said(ctx, table, &["ENC-01", "ENC-02"]), word))
        }
    }
}

/// Point-in-time recovery: its status and window.
pub fn pitr_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    of_cell(ctx.look, &table.pitr, |pitr| {
        let verdict = said(ctx, table, &["RES-01", "RES-02"]);
        if !pitr.enabled {
            let verdict = if verdict == Verdict::NotApplicable { Verdict::Fail } else { verdict };
            return ctx.look.verdict(verdict, "off");
        }
        let days = pitr.window_days.map_or_else(|| "on".to_owned(), |days| format!("{days}d"));
        let least = ctx.store.baseline().least_pitr_days(ctx.store.estate().data_class(table));
        match pitr.window_days {
            Some(window) if window < least => ctx.look.verdict(verdict, &format!("{window} of {least}d")),
            _ => ctx.look.verdict(verdict, &days),
        }
    })
}

/// Deletion protection.
pub fn deletion_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    of_cell(ctx.look, &table.description, |description| match description.deletion_protection {
        Some(on) => {
            let verdict = match said(ctx, table, &["RES-03"]) {
                Verdict::NotApplicable if on => Verdict::Pass,
                Verdict::NotApplicable => Verdict::Warn,
                // The control also looks at replicas; the word is about this table.
                verdict => verdict,
            };
            ctx.look.verdict(verdict, if on { "on" } else { "off" })
        }
        None => ctx.look.verdict(Verdict::Unknown, "unsaid"),
    })
}

/// On-demand backups: the age of the newest.
pub fn backup_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    let look = ctx.look;
    match ctx.store.estate().table_backups(table) {
        None => unknown(look, None),
        Some(Err(error)) => unknown(look, Some(&error)),
        Some(Ok(backups)) => {
            let stale = ctx.store.estate().backups.get(&table.scope).is_some_and(Cell::is_stale);
            let line = match backups.newest {
                Some(at) => look.verdict(Verdict::Pass, &super::age(ctx.now, at)),
                None if backups.count > 0 => look.verdict(Verdict::Pass, &backups.count.to_string()),
                None => look.line(Role::Dim, "· none"),
            };
            stale_if(look, stale, line)
        }
    }
}

/// Whether the table's region has a gateway and an interface endpoint that work.
fn path(ctx: &Ctx<'_>, table: &Table) -> Option<Result<(bool, bool), SourceError>> {
    let network = ctx.store.estate().networks.get(&table.scope)?;
    match network.endpoints.known()? {
        Err(error) => Some(Err(error.clone())),
        Ok(seen) => {
            let has = |kind: EndpointKind| {
                seen.value.iter().any(|e| e.is_dynamodb() && e.kind == kind && e.state == "available")
            };
            Some(Ok((has(EndpointKind::Gateway), has(EndpointKind::Interface))))
        }
    }
}

/// The endpoints that lead to the table's region from inside VPCs.
pub fn path_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    match path(ctx, table) {
        None => unknown(ctx.look, None),
        Some(Err(error)) => unknown(ctx.look, Some(&error)),
        Some(Ok(kinds)) => match kinds {
            (true, true) => ctx.look.verdict(Verdict::Pass, "gw + iface"),
            (true, false) => ctx.look.verdict(Verdict::Pass, "gateway"),
            (false, true) => ctx.look.verdict(Verdict::Pass, "interface"),
            (false, false) => ctx.look.verdict(Verdict::Warn, "none"),
        },
    }
}

/// `✖7 ▲2 ?1 ●48`.
pub fn tally_line(look: &Look, tally: Tally) -> Line<'static> {
    let counts = [
        (Verdict::Fail, tally.fail),
        (Verdict::Warn, tally.warn),
        (Verdict::Unknown, tally.unknown),
        (Verdict::Pass, tally.pass),
    ];
    let spans = counts.into_iter().filter(|(_, count)| *count > 0).map(|(verdict, count)| {
        Span::styled(format!("{}{count} ", look.glyph(verdict)), look.style(verdict_role(verdict)))
    });
    Line::from_iter(spans)
}

fn read_line(ctx: &Ctx<'_>, table: &Table) -> Line<'static> {
    match &table.description.seen {
        Some(seen) => {
            let role = if table.description.is_stale() { Role::Stale } else { Role::Dim };
            ctx.look.line(role, ctx.look.when(ctx.now, seen.at))
        }
        None => Line::default(),
    }
}
