//! Defence in depth: layers × tables, the worst first; from any cell to what is judged there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::controls::{CATALOGUE, facts};
use crate::model::{Arn, Layer, Source, Verdict};
use crate::store::Tally;
use crate::store::rows::place;
use crate::theme::{Role, verdict_role};
use crate::widget::table::{Column, fixed, grows};

use super::list::Key;
use super::{Ctx, Kind, ListView, Row, Screen};

/// The layers, in the order of the columns.
pub const LAYERS: [Layer; 6] =
    [Layer::Network, Layer::Identity, Layer::DataProtection, Layer::Detective, Layer::Resilience, Layer::Isolation];

/// The column of the first layer.
const FIRST: usize = 4;

/// How a table, or all else of an account and region, stands in each layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// The table's ARN, or `account/region`.
    pub subject: String,
    /// What is asked about.
    pub framework: Option<&'static str>,
    /// What is judged, by layer; `None` where nothing is.
    tallies: Cells,
}

/// One cell a layer.
type Cells = [Option<Cell>; LAYERS.len()];

/// What is judged in one layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    tally: Tally,
    /// Muted, or due only to the default class.
    aside: usize,
    /// For persons to attest to.
    manual: usize,
}

/// The matrix.
pub static VIEW: ListView = ListView {
    noun: "controls",
    sources: &Source::ALL,
    columns: &COLUMNS,
    collect,
    cell,
    key,
    verdict: |_, row| stand(row).map_or(Verdict::NotApplicable, |of| of.all().worst()),
    empty: |_, _| "nothing is judged yet".to_owned(),
};

const COLUMNS: [Column; 10] = [
    grows("TABLE, SCOPE", 17, 3, 0),
    fixed("CLASS", 12, 3),
    fixed("REGION", 14, 2),
    fixed("ACCOUNT", 12, 4),
    grows("NETWORK", 8, 1, 0),
    grows("IDENTITY", 8, 1, 0),
    grows("DATA", 8, 1, 0),
    grows("DETECT", 8, 1, 0),
    grows("RESIL", 8, 1, 0),
    grows("ISOLATE", 8, 1, 0),
];

/// The layer of a column; `None` for those before.
#[must_use]
pub fn layer_of(column: usize) -> Option<Layer> {
    LAYERS.get(column.checked_sub(FIRST)?).copied()
}

/// The column beside one, among those of layers; the first ones count as one.
#[must_use]
pub fn beside(column: usize, right: bool) -> usize {
    match (right, column) {
        (true, 0) => FIRST,
        (true, _) => (column + 1).min(COLUMNS.len() - 1),
        (false, column) if column <= FIRST => 0,
        (false, _) => column - 1,
    }
}

/// Whose row a judgement stands in: its table's, else its account's and region's.
#[must_use]
pub fn subject(ctx: &Ctx<'_>, resource: &str) -> String {
    let tables = &ctx.store.estate().tables;
    if tables.contains_key(resource) {
        return resource.to_owned();
    }
    if let Some(arn) = Arn::parse(resource)
        && let Some(name) = arn.table_name()
        && let table = Arn::table(&arn.partition, &arn.region, &arn.account, name).to_string()
        && tables.contains_key(&table)
    {
        return table;
    }
    match place(resource) {
        (account, region) if region.is_empty() => account,
        (account, region) => format!("{account}/{region}"),
    }
}

fn collect(ctx: &Ctx<'_>, kind: &Kind) -> Vec<Row> {
    let Kind::Controls(framework) = kind else { return Vec::new() };
    let asked = |of: &facts::Facts| framework.is_none_or(|name| of.answers(name).is_some());
    let layers: HashMap<&str, usize> = CATALOGUE
        .iter()
        .filter(|control| asked(control.facts()))
        .filter_map(|control| Some((control.id, LAYERS.iter().position(|of| *of == control.facts().layer)?)))
        .collect();
    let mut stands: BTreeMap<String, Cells> = BTreeMap::new();
    let mut last: Option<(&str, String)> = None;
    for judgement in ctx.store.judgements() {
        let Some(layer) = layers.get(judgement.control) else { continue };
        // Judgements come resource by resource.
        let subject = match &last {
            Some((resource, subject)) if *resource == judgement.resource => subject.clone(),
            _ => subject(ctx, &judgement.resource),
        };
        last = Some((&judgement.resource, subject.clone()));
        if judgement.verdict != Verdict::NotApplicable
            && let Some(cell) = stands.entry(subject).or_default().get_mut(*layer)
        {
            let cell = cell.get_or_insert_default();
            cell.tally.add(judgement);
            cell.aside += usize::from(!judgement.counts());
            cell.manual += usize::from(judgement.counts() && judgement.verdict == Verdict::Manual);
        }
    }
    let mut rows: Vec<Stand> =
        stands.into_iter().map(|(subject, tallies)| Stand { subject, framework: *framework, tallies }).collect();
    rows.sort_by_cached_key(|of| (std::cmp::Reverse(of.badness()), of.subject.clone()));
    rows.into_iter().map(|of| Row::Stand(Arc::new(of))).collect()
}

impl Stand {
    fn all(&self) -> Tally {
        let mut all = Tally::default();
        for Cell { tally: of, .. } in self.tallies.iter().flatten() {
            all.fail += of.fail;
            all.warn += of.warn;
            all.unknown += of.unknown;
            all.pass += of.pass;
        }
        all
    }

    /// What is judged of it, in a layer or in all.
    #[must_use]
    pub fn screen(&self, layer: Option<Layer>) -> Screen {
        Screen::List(Kind::Checks { subject: self.subject.clone(), layer, framework: self.framework })
    }

    /// Layers that fail, then failures, warnings, what is unknown.
    fn badness(&self) -> (usize, usize, usize, usize) {
        let all = self.all();
        (self.tallies.iter().flatten().filter(|of| of.tally.fail > 0).count(), all.fail, all.warn, all.unknown)
    }
}

fn stand(row: &Row) -> Option<&Stand> {
    match row {
        Row::Stand(of) => Some(of),
        _ => None,
    }
}

fn cell(ctx: &Ctx<'_>, row: &Row, column: usize, width: u16) -> Line<'static> {
    let (look, room) = (ctx.look, usize::from(width));
    let Some(of) = stand(row) else { return Line::default() };
    let table = ctx.store.estate().tables.get(&of.subject);
    let (account, region) = place(&of.subject);
    match column {
        0 => {
            let worst = of.all().worst();
            let glyph = Span::styled(format!("{} ", look.glyph(worst)), look.style(verdict_role(worst)));
            let (role, name) = match table {
                Some(table) => (Role::Text, table.name.clone()),
                None => (
                    Role::Dim,
                    format!("…{} {region}", account.get(account.len().saturating_sub(4)..).unwrap_or(&account)),
                ),
            };
            Line::from(vec![glyph, look.foreign(role, &name, room.saturating_sub(2))])
        }
        1 => match table {
            Some(table) => super::tables::class_line(ctx, table),
            None => Line::default(),
        },
        2 => look.foreign(Role::Dim, &region, room).into(),
        3 => look.foreign(Role::Dim, &account, room).into(),
        _ => match of.tallies.get(column - FIRST) {
            Some(Some(cell)) => short(ctx, *cell, room),
            _ => look.line(Role::Dim, "·"),
        },
    }
}

/// As many of `✖3 ▲1 ?2 ●5` as there is room for.
fn short(ctx: &Ctx<'_>, of: Cell, room: usize) -> Line<'static> {
    let mut line = super::tables::tally_line(ctx.look, of.tally);
    if line.spans.is_empty() {
        return match of.aside {
            0 => ctx.look.line(Role::Dim, format!("{}{}", ctx.look.glyph(Verdict::Manual), of.manual)),
            aside => ctx.look.line(Role::Dim, format!("{aside} aside")),
        };
    }
    // A count that has no room leaves a mark: less is not none.
    let cut = line.width() > room + 1;
    while cut && line.spans.len() > 1 && line.width() >= room {
        line.spans.pop();
    }
    if cut && line.width() < room {
        line.push_span(ctx.look.say(Role::Dim, "…"));
    }
    line
}

fn key(ctx: &Ctx<'_>, row: &Row, column: usize) -> Key {
    let Some(of) = stand(row) else { return Key::Missing };
    let (account, region) = place(&of.subject);
    let table = ctx.store.estate().tables.get(&of.subject);
    match column {
        0 => Key::text(table.map_or(of.subject.as_str(), |table| &table.name)),
        1 => Key::number(table.map(|table| -(ctx.store.estate().data_class(table) as i64))),
        2 => Key::text(&region),
        3 => Key::text(&account),
        _ => match of.tallies.get(column - FIRST) {
            Some(Some(Cell { tally, .. })) => {
                let bad = tally.fail * 1_000_000 + tally.warn * 1_000 + tally.unknown;
                Key::Number(-i64::try_from(bad).unwrap_or(i64::MAX))
            }
            _ => Key::Missing,
        },
    }
}
