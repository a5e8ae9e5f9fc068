//! Where tables are changed from.

use crate::model::{Change, Endpoint, Estate, Judgement, Look, Scope, Sighting, Table, Uses, Whence};
use crate::policy::{self, Document, ITEM_ACTIONS};

use super::baseline::means;
use super::draft::{Draft, by_class, class, settle, unread};
use super::perimeter::plane;
use super::seen::{reach, when};
use super::{Baseline, Control, Judge};

/// ISO-05.
pub(super) const ISO_05: &Control = &Control {
    id: "ISO-05",
    operations: &["cloudtrail:LookupEvents", "dynamodb:ListTagsOfResource", "ec2:DescribeVpcEndpoints"],
    blind: "changes before the events at hand begin, and who told CloudFormation or another service to make one",
    judge: Judge::Table(administered),
};

/// Changes that are named in one judgement.
const NAMED: usize = 8;

fn administered(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_administered(estate, baseline, table)), unread(table))
}

/// What one change says, the worst first.
enum Said {
    Fail(String),
    Warn(String),
    /// Not to be told, and the error where a call failed.
    Unclear(Box<Judgement>),
    Pass,
}

impl Said {
    fn rank(&self) -> u8 {
        match self {
            Self::Fail(_) => 0,
            Self::Warn(_) => 1,
            Self::Unclear(_) => 2,
            Self::Pass => 3,
        }
    }
}

fn judge_administered(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ISO_05, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ISO_05.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let none = Uses::default();
    let uses = estate.witness.get(&table.scope).and_then(|of| of.tables.get(&table.name)).unwrap_or(&none);
    let mut said: Vec<(Said, &Change, &Sighting)> = uses
        .changes
        .iter()
        .map(|(change, seen)| (says(estate, baseline, &table.arn, &table.scope, change), change, seen))
        .collect();
    said.sort_by_key(|(said, _, _)| said.rank());
    let fails = said.first().is_some_and(|(said, ..)| matches!(said, Said::Fail(_)));
    let (mut draft, since) = if fails {
        // What was seen stands, however far back events reach.
        (draft, None)
    } else {
        let (draft, _, since) = reach(draft, estate, &table.scope, &[Look::Changes])?;
        (draft, Some(since))
    };
    for (_, change, seen) in said.iter().take(NAMED) {
        let console = if change.console { " at the console" } else { "" };
        draft.sighted(seen, &format!("{} from {}{console}", change.who.name, told(&change.from)));
    }
    let count = said.len();
    Ok(match said.into_iter().next() {
        Some((Said::Fail(why), ..)) => draft.fail(why),
        Some((Said::Warn(why), ..)) => draft.warn(why),
        Some((Said::Unclear(why), ..)) => draft.on_this(*why),
        _ if uses.missed > 0 => draft.unclear("more changes were seen than are kept apart"),
        _ => {
            let since = since.map(when).unwrap_or_default();
            match count {
                0 => {
                    draft.unclear(format!("no change of it since {since}: nothing says where it is administered from"))
                }
                _ => draft.pass(format!("all changes of it since {since} came from the management zone")),
            }
        }
    })
}

fn told(from: &Whence) -> String {
    match from {
        Whence::Endpoint(id) => format!("endpoint {id}"),
        Whence::Service(name) => name.clone(),
        Whence::Address(address) => address.clone(),
    }
}

const LIST: &str = "set [baseline.management] addresses in the configuration";

fn says(estate: &Estate, baseline: &Baseline, arn: &str, scope: &Scope, change: &Change) -> Said {
    let zone = &baseline.management;
    let who = &change.who.name;
    let unclear = |why: String| Said::Unclear(Box::new(Draft::new(ISO_05, arn).unclear(why)));
    let approved = change.console && means(&zone.roles, who, change.who.arn.as_deref());
    match &change.from {
        _ if approved => Said::Pass,
        Whence::Endpoint(id) => through(estate, arn, scope, who, id),
        Whence::Service(name) if name == "cloudformation.amazonaws.com" || zone.holds(name) => Said::Pass,
        // A service that acts in its own name is AWS.
        Whence::Service(_) if change.who.arn.is_none() => Said::Pass,
        Whence::Service(name) if zone.addresses.is_empty() => {
            unclear(format!("{name} changed it for {who}: whether that is as it should be nothing says; {LIST}"))
        }
        Whence::Service(name) => Said::Warn(format!("{name} changed it for {who}, and is not on the list")),
        Whence::Address(address) if zone.holds(address) => match change.console {
            true => Said::Warn(format!("{who} changed it at the console, from {address}")),
            false => Said::Pass,
        },
        Whence::Address(address) if change.console && zone.addresses.is_empty() => {
            Said::Warn(format!("{who} changed it at the console, from {address}"))
        }
        Whence::Address(address) if zone.addresses.is_empty() => {
            unclear(format!("{who} changed it from {address}: nothing says which addresses are approved; {LIST}"))
        }
        Whence::Address(address) => {
            Said::Fail(format!("{who} changed it from {address}, which is not of the management zone"))
        }
    }
}

/// What a change through an endpoint says: those of the management zone let no call on items through.
fn through(estate: &Estate, arn: &str, scope: &Scope, who: &str, id: &str) -> Said {
    let draft = Draft::new(ISO_05, arn);
    let cell = estate.networks.get(scope).map(|of| &of.endpoints);
    let (draft, endpoints) = match draft.need("DescribeVpcEndpoints", cell) {
        Ok(found) => found,
        Err(unknown) => return Said::Unclear(unknown),
    };
    let Some(endpoint) = endpoints.value.iter().find(|of| of.id == id) else {
        let why = format!("{who} changed it through endpoint {id}, which is not in the list here");
        return Said::Unclear(Box::new(draft.unclear(why)));
    };
    match is_of_management(endpoint) {
        Some(true) => Said::Pass,
        Some(false) => Said::Fail(format!("{who} changed it through endpoint {id}, which serves calls on items")),
        None => Said::Unclear(Box::new(
            draft.unclear(format!("{who} changed it through endpoint {id}, whose policy could not be understood")),
        )),
    }
}

fn is_of_management(endpoint: &Endpoint) -> Option<bool> {
    match plane(endpoint).as_deref() {
        Some("control" | "management") => return Some(true),
        Some("data") => return Some(false),
        _ => {}
    }
    let document = Document::parse(endpoint.policy.as_deref()?).ok()?;
    Some(!ITEM_ACTIONS.into_iter().any(|action| policy::lets(&document, action)))
}
