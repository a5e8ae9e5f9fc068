//! What a filter lets through: the query language over the rows' one definition.

use jiff::Timestamp;

use crate::controls::facts;
use crate::model::Verdict;
use crate::store::rows::{
    CallRow, CheckRow, ComplianceRow, DriftRow, EndpointRow, FindingRow, ResourceRow, RowKind, SourceRow, TableRow,
};
use crate::trail::query::{Field, Query, Row as Asked, Schema};

use super::{Ctx, Kind, Row, list_of};

/// Lists whose rows no export knows: free words alone.
const WORDS: Schema = Schema { rows: "rows", fields: &[] };

/// The fields that a list's rows can be asked for.
#[must_use]
pub fn schema(kind: &Kind) -> &'static Schema {
    match kind {
        Kind::Findings => RowKind::Findings.schema(),
        Kind::Compliance => RowKind::Compliance.schema(),
        Kind::Drift => RowKind::Drift.schema(),
        Kind::Tables => RowKind::Tables.schema(),
        Kind::Endpoints => RowKind::Endpoints.schema(),
        Kind::Trail(_) => RowKind::Events.schema(),
        Kind::Sources => RowKind::Sources.schema(),
        Kind::Calls => RowKind::Calls.schema(),
        Kind::Controls(_) => RowKind::Tables.schema(),
        Kind::Checks { .. } | Kind::Judged(_) => RowKind::Checks.schema(),
        Kind::Practices => RowKind::Practices.schema(),
        Kind::Lanes(_) | Kind::Crossings { .. } => RowKind::Lanes.schema(),
        Kind::Errors
        | Kind::Files
        | Kind::Broken
        | Kind::Exceptions
        | Kind::Notes
        | Kind::Themes
        | Kind::Related(_) => &WORDS,
    }
}

/// A filter made once for all rows of a list.
pub struct Filter {
    query: Query,
    kind: Kind,
}

impl Filter {
    /// A filter from what was typed.
    ///
    /// # Errors
    /// In words, when it cannot be understood.
    pub fn new(kind: &Kind, typed: &str) -> Result<Self, String> {
        let typed = if matches!(kind, Kind::Controls(_)) { without_framework(typed)? } else { typed.to_owned() };
        let query = Query::parse(typed.trim(), schema(kind)).map_err(|error| error.message)?;
        Ok(Self { query, kind: kind.clone() })
    }

    /// True for rows that stay.
    #[must_use]
    pub fn matches(&self, ctx: &Ctx<'_>, row: &Row) -> bool {
        self.asked(ctx, row).unwrap_or_else(|| self.query.matches(&Words::of(ctx, &self.kind, row)))
    }

    /// Whether a row of an exported kind stays; `None` for rows of other kinds.
    fn asked(&self, ctx: &Ctx<'_>, row: &Row) -> Option<bool> {
        let (store, estate) = (ctx.store, ctx.store.estate());
        Some(match row {
            Row::Finding(finding) => self.query.matches(&FindingRow { store, finding }),
            Row::Table(arn) => self.query.matches(&TableRow { store, table: estate.tables.get(&**arn)? }),
            Row::Rule(key) => {
                self.query.matches(&ComplianceRow { store, rule: estate.rules.get(&**key)?, evaluation: None })
            }
            Row::Evaluation(key, place) => {
                let evaluation = estate.evaluations.get(&**key)?.value()?.get(*place as usize);
                self.query.matches(&ComplianceRow { store, rule: estate.rules.get(&**key)?, evaluation })
            }
            Row::Drift(drift) => self.query.matches(&DriftRow::Drift(store, drift)),
            Row::Stack(id) => self.query.matches(&DriftRow::Stack(store, estate.stacks.get(&**id)?)),
            Row::Endpoint(scope, place) => {
                let endpoint = estate.networks.get(scope)?.endpoints.value()?.get(*place as usize)?;
                self.query.matches(&EndpointRow { store, endpoint })
            }
            Row::Source(source, scope) => {
                let freshness = ctx.store.freshness_of(*source, scope)?;
                self.query.matches(&SourceRow { store, source: *source, scope, freshness })
            }
            Row::Call(number) => self.query.matches(&CallRow { store, call: super::sources::call(ctx, *number)? }),
            Row::Stand(of) => self.query.matches(&TableRow { store, table: estate.tables.get(&of.subject)? }),
            Row::Check(resource, control, framework) => {
                let judgement = store.judgement(resource, control)?;
                self.query.matches(&CheckRow { store, judgement, framework: *framework, was: None })
            }
            // The matrix counts what its filter lets through.
            Row::Lane(of) => of.is_asked(),
            Row::Practice(of, stands) => self.query.matches(&super::practices::row(ctx, of, *stands)),
            Row::Crossing(found) => self.query.matches(&found.row(ctx)),
            // Events are asked over their columns, by the Trail.
            Row::Exception(_)
            | Row::Event(_)
            | Row::Vpc(..)
            | Row::Error(_)
            | Row::File(_)
            | Row::Broken(_)
            | Row::Note(_)
            | Row::Theme(_)
            | Row::Link(_) => return None,
        })
    }
}

/// The list that a filter asks for: `framework:NAME` narrows the matrix of controls itself, and of lanes all of it does.
#[must_use]
pub fn asked(kind: &Kind, typed: &str) -> Kind {
    match kind {
        Kind::Controls(framework) => Kind::Controls(frameworks(typed).find_map(facts::framework).or(*framework)),
        Kind::Lanes(_) => Kind::Lanes(typed.trim().to_owned()),
        other => other.clone(),
    }
}

const FRAMEWORK: &str = "framework:";

fn frameworks(typed: &str) -> impl Iterator<Item = &str> {
    typed.split_whitespace().filter_map(|word| word.strip_prefix(FRAMEWORK))
}

/// What is left for the rows.
fn without_framework(typed: &str) -> Result<String, String> {
    if let Some(unknown) = frameworks(typed).find(|name| facts::framework(name).is_none()) {
        return Err(format!("no framework {unknown:?}; there are {}", facts::frameworks().join(", ")));
    }
    Ok(typed.split_whitespace().filter(|word| !word.starts_with(FRAMEWORK)).collect::<Vec<_>>().join(" "))
}

/// A row of which only the words shown can be asked for, and where it is.
struct Words<'a> {
    cells: Vec<String>,
    place: Option<ResourceRow<'a>>,
    now: Timestamp,
}

impl<'a> Words<'a> {
    fn of(ctx: &Ctx<'a>, kind: &Kind, row: &'a Row) -> Self {
        let view = list_of(kind);
        let cells = (0..view.columns.len()).map(|column| (view.cell)(ctx, row, column, 200).to_string());
        let mut cells: Vec<String> = cells.collect();
        if let Row::Broken(number) = row {
            // Its own words, not only those that fit a line.
            cells.extend(super::broken::broken(ctx, *number).map(|broken| broken.raw.to_owned()));
        }
        let place = match row {
            Row::Stand(of) => Some(ResourceRow { estate: ctx.store.estate(), resource: &of.subject }),
            _ => None,
        };
        Self { cells, place, now: ctx.now }
    }
}

impl Asked for Words<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        self.place.as_ref().map_or(Field::None, |place| place.field(name))
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _found = self.cells.iter().any(|cell| visit(cell));
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

/// True for rows that "only faults" keeps.
#[must_use]
pub fn is_fault(ctx: &Ctx<'_>, kind: &Kind, row: &Row) -> bool {
    (list_of(kind).verdict)(ctx, row).rank() <= Verdict::Unknown.rank()
}
