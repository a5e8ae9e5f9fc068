//! Finds out who reaches what, policy by policy.

use std::collections::HashMap;

use crate::controls::Baseline;
use crate::controls::roster::{self, DETAILS, Holder, Kind as Holds, accounts};
use crate::model::{Cell, ClassTags, Estate, Scope, SourceError, Verdict};
use crate::policy::{Actions, Document, Effect, Reach, Spread, Statement};

use super::allowed::{Allowed, Here, Masks};
use super::{Crosser, Crossing, From, Kind, Lane, Lanes, Place, Planes, Reached, Whose};

impl Lanes {
    /// Everybody who reaches a table, as far as it was read.
    #[must_use]
    pub fn of(estate: &Estate, baseline: &Baseline) -> Self {
        let mut gather =
            Gather { lanes: Self::default(), places: HashMap::new(), masks: Masks::new(), estate, baseline };
        gather.tables();
        for account in accounts(estate) {
            gather.account(account);
        }
        for scope in &estate.scopes {
            gather.unlisted(scope);
            gather.endpoints(scope);
        }
        gather.lanes.fold();
        gather.lanes
    }
}

/// The lanes on their way.
pub(super) struct Gather<'a> {
    pub lanes: Lanes,
    places: HashMap<Whose, usize>,
    pub masks: Masks,
    pub estate: &'a Estate,
    baseline: &'a Baseline,
}

/// Why something was not read, and the action whose lack it is.
pub(super) type Why = (String, Option<String>);

pub(super) fn why(error: Option<&SourceError>) -> Why {
    let missing = error.and_then(SourceError::missing_action).map(str::to_owned);
    (error.map_or_else(|| "not read yet".to_owned(), ToString::to_string), missing)
}

fn error_of<T>(cell: Option<&Cell<T>>) -> Option<&SourceError> {
    cell.and_then(Cell::error)
}

impl<'a> Gather<'a> {
    fn place(&mut self, whose: Whose, name: &str) -> usize {
        let lanes = &mut self.lanes.lanes;
        *self.places.entry(whose.clone()).or_insert_with(|| {
            lanes.push(Lane { whose, name: name.to_owned() });
            lanes.len() - 1
        })
    }

    pub fn special(&mut self, whose: Whose) -> usize {
        let name = match &whose {
            Whose::Domain(name) => name.clone(),
            Whose::Nobody => "no domain".to_owned(),
            Whose::Outside => "outside".to_owned(),
            Whose::Unread => "not read".to_owned(),
            Whose::Unlisted => "not listed".to_owned(),
        };
        self.place(whose, &name)
    }

    /// The lane that tags state.
    fn by_tags(&mut self, tags: &std::collections::BTreeMap<String, String>) -> usize {
        match ClassTags::value_of(tags, &self.estate.class_tags.domain).map(str::trim).filter(|of| !of.is_empty()) {
            Some(domain) => self.place(Whose::Domain(domain.to_lowercase()), domain),
            None => self.special(Whose::Nobody),
        }
    }

    fn tables(&mut self) {
        for table in self.estate.tables.values() {
            let lane = match table.tags.value() {
                Some(tags) => self.by_tags(tags),
                None => self.special(Whose::Unread),
            };
            let class = self.estate.stated_class(table);
            let asks = |control| class.is_some_and(|class| self.baseline.asks(class, control));
            let asks = (asks("ISO-03"), asks("ISO-02"));
            let (arn, name, scope) = (table.arn.clone(), table.name.clone(), table.scope.clone());
            self.lanes.tables.push(Place { arn, name, scope, lane, class, asks });
        }
        let unread = |of: &crate::model::Table| of.tags.value().is_none();
        if let Some(first) = self.estate.tables.values().find(|table| unread(table)) {
            let lane = self.special(Whose::Unread);
            let count = self.estate.tables.values().filter(|table| unread(table)).count();
            let (note, missing) = why(error_of(Some(&first.tags)));
            let name = format!("tags of {}{}", first.name, more(count));
            self.blind(&[lane], &name, "tags", "", (format!("whose they are is not known: {note}"), missing));
        }
    }

    /// Something that may lead into lanes could not be read.
    pub fn blind(&mut self, lanes: &[usize], name: &str, id: &str, account: &str, (note, missing): Why) {
        if lanes.is_empty() {
            return;
        }
        let lane = self.special(Whose::Unread);
        let crosser = Crosser {
            kind: Kind::Unread,
            name: name.to_owned(),
            id: id.to_owned(),
            account: account.to_owned(),
            scope: None,
            lane,
            note: Some(note),
            missing,
            source: None,
            reaches: Vec::new(),
            admin: false,
            from: From::Tables,
        };
        self.doubt(lanes, crosser);
    }

    /// Takes in somebody who may reach more than is known.
    fn doubt(&mut self, lanes: &[usize], crosser: Crosser) {
        let at = self.lanes.crossers.len();
        let reached = |lane: usize| {
            crosser.reaches.iter().any(|of| self.lanes.tables.get(of.table).is_some_and(|table| table.lane == lane))
        };
        // What could not be read may hide what leads into its own row too.
        let doubted = |lane: usize| if lane == crosser.lane { crosser.kind == Kind::Unread } else { !reached(lane) };
        let doubts: Vec<Crossing> =
            lanes.iter().filter(|lane| doubted(**lane)).map(|lane| Crossing::of(at, *lane, Verdict::Unknown)).collect();
        self.lanes.crossings.extend(doubts);
        self.lanes.crossers.push(crosser);
    }

    /// The lanes that have tables for which something holds.
    fn lanes_of(&self, is: impl Fn(&Place) -> bool) -> Vec<usize> {
        let mut lanes: Vec<usize> = self.lanes.tables.iter().filter(|of| is(of)).map(|of| of.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }

    fn unlisted(&mut self, scope: &Scope) {
        if let Some(error) = self.estate.unlisted(scope) {
            let lane = self.special(Whose::Unlisted);
            let name = format!("tables of {scope}");
            let (note, missing) = why(error);
            self.blind(&[lane], &name, &format!("list:{scope}"), &scope.account, (note, missing));
        }
    }

    fn account(&mut self, account: &'a str) {
        let places = self.lanes.tables.iter().enumerate().filter(|(_, of)| of.scope.account == account);
        let tables: Vec<usize> = places.map(|(at, _)| at).collect();
        let arns: Vec<&'a str> =
            self.estate.tables.values().filter(|of| of.scope.account == account).map(|of| of.arn.as_str()).collect();
        let mut here = Here {
            account,
            denied: vec![Default::default(); tables.len()],
            tables,
            spread: Spread::new(arns),
            grants: HashMap::new(),
            ceilings: HashMap::new(),
            let_in: HashMap::new(),
        };
        self.own_policies(&mut here);
        let cell = self.estate.home(account, DETAILS).and_then(|scope| self.estate.answer(scope, DETAILS, ""));
        let Some(seen) = cell.and_then(|cell| cell.seen.as_ref()) else {
            let lanes = self.lanes_of(|of| of.scope.account == account);
            let (note, missing) = why(error_of(cell));
            let name = format!("roles and users of {account}");
            self.blind(&lanes, &name, &format!("iam:{account}"), account, (note, missing));
            return self.let_in(&mut here);
        };
        let roster = roster::made(self.estate, account, &seen.value);
        let lanes = self.lanes_of(|of| of.scope.account == account);
        let mut allowed = Allowed::new(here.tables.len());
        for (at, holder) in roster.holders.iter().enumerate().filter(|(_, of)| of.kind != Holds::Group) {
            if holder.is_one_of(&self.baseline.break_glass) {
                self.lanes.left_out.0 += 1;
                continue;
            }
            if holder.of_service {
                self.lanes.left_out.1 += 1;
                continue;
            }
            let reaches = self.reaches(&mut here, holder, &mut allowed);
            // What services do by themselves with tables, somebody asked of the service.
            if holder.in_hands && reaches.iter().all(|of| of.may.items().is_empty()) {
                self.lanes.left_out.1 += 1;
                continue;
            }
            if reaches.is_empty() && holder.unread.is_none() {
                continue;
            }
            let ceiling = matches!(holder.boundary, Some(None)).then(|| format!("the boundary of {}", holder.name));
            let unread = holder.unread.as_ref().or(ceiling.as_ref()).map(|of| format!("not read: {of}"));
            let crosser = Crosser {
                kind: if holder.kind == Holds::User { Kind::User } else { Kind::Role },
                name: holder.name.clone(),
                id: holder.arn.clone(),
                account: account.to_owned(),
                scope: None,
                lane: self.by_tags(&holder.tags),
                note: unread,
                missing: None,
                source: Some((seen.call.clone(), seen.at)),
                reaches,
                admin: holder.is_one_of(&self.baseline.admins),
                from: From::Roster(roster.clone(), at),
            };
            let doubted = if holder.unread.is_some() { lanes.as_slice() } else { &[] };
            self.doubt(doubted, crosser);
        }
        self.let_in(&mut here);
    }

    /// What somebody reaches of the tables of its account.
    fn reaches(&self, here: &mut Here<'_>, holder: &Holder, allowed: &mut Allowed) -> Vec<Reached> {
        let held: Vec<_> = holder.policies().map(|policy| here.grants(policy)).collect();
        allowed.take(&held);
        // A table's own policy lets somebody in beside what is held; a ceiling holds for roles then too.
        let let_in = here.let_in.remove(&holder.arn).unwrap_or_default();
        let ceiling = match &holder.boundary {
            Some(Some(policy)) => Some(here.ceiling(policy)),
            _ => None,
        };
        let unsure = matches!(holder.boundary, Some(None));
        let under = |table: u32, sure: Actions, may: Actions| match &ceiling {
            Some(of) => (sure.and(Allowed::at(&of.sure, table)), may.and(Allowed::at(&of.may, table))),
            None if unsure => (Actions::default(), may),
            None => (sure, may),
        };
        for (table, actions, sure) in let_in {
            let may = if holder.kind == Holds::User { actions } else { under(table, actions, actions).1 };
            allowed.allow(table, may, sure && ceiling.is_none() && !unsure);
        }
        let mut reaches = Vec::with_capacity(allowed.touched.len());
        // Tables next to each other are often let through alike.
        let mut last = ((Actions::default(), Actions::default()), (Planes::default(), Planes::default()));
        for table in &allowed.touched {
            let (sure, may) = (Allowed::at(&allowed.sure, *table), Allowed::at(&allowed.may, *table));
            let (sure, may) = under(*table, sure, may);
            let (denied, perhaps) = here.denied.get(*table as usize).copied().unwrap_or_default();
            let left = (sure.without(denied).without(perhaps), may.without(denied));
            if left != last.0 {
                last = (left, (self.masks.planes(left.0), self.masks.planes(left.1)));
            }
            let (sure, may) = last.1;
            if let (false, Some(table)) = (may.is_empty(), here.tables.get(*table as usize)) {
                reaches.push(Reached { table: *table, sure, may });
            }
        }
        allowed.clear();
        reaches.sort_unstable_by_key(|of| of.table);
        reaches
    }

    fn endpoints(&mut self, scope: &Scope) {
        let cell = self.estate.networks.get(scope).map(|of| &of.endpoints);
        let lanes = self.lanes_of(|of| of.scope == *scope);
        let Some(seen) = cell.and_then(|cell| cell.seen.as_ref()) else {
            let (note, missing) = why(error_of(cell));
            let name = format!("endpoints of {scope}");
            return self.blind(&lanes, &name, &format!("ec2:{scope}"), &scope.account, (note, missing));
        };
        let here: Vec<usize> =
            (0..).zip(&self.lanes.tables).filter(|(_, of)| of.scope == *scope).map(|(at, _)| at).collect();
        let arns = self.estate.tables.values().filter(|of| of.scope == *scope).map(|of| of.arn.as_str()).collect();
        let mut spread = Spread::new(arns);
        for endpoint in seen.value.iter().filter(|of| of.is_dynamodb()) {
            let read = endpoint.policy.as_deref().map(Document::parse);
            let note = match &read {
                Some(Ok(_)) => None,
                Some(Err(error)) => Some(format!("its policy is not understood: {error}")),
                None => Some("the answer holds no policy document".to_owned()),
            };
            let reach = Reach::new(read.and_then(Result::ok).unwrap_or_default(), &scope.account);
            let reaches = self.lets_through(&reach, &mut spread, &here);
            let doubted = if note.is_some() { lanes.as_slice() } else { &[] };
            let crosser = Crosser {
                kind: Kind::Endpoint,
                name: endpoint.id.clone(),
                id: endpoint.id.clone(),
                account: scope.account.clone(),
                scope: Some(scope.clone()),
                lane: self.by_tags(&endpoint.tags),
                note,
                missing: None,
                source: Some((seen.call.clone(), seen.at)),
                reaches,
                admin: false,
                from: From::Document(Box::new(reach)),
            };
            self.doubt(doubted, crosser);
        }
    }

    /// What an endpoint lets through, as ISO-02 reads it: conditions of what allows are taken to hold.
    fn lets_through(&self, reach: &Reach, spread: &mut Spread<'_>, here: &[usize]) -> Vec<Reached> {
        let mut allowed = Allowed::new(here.len());
        let of = |effect| reach.grants.iter().filter(move |one| one.effect == effect);
        for grant in of(Effect::Allow) {
            spread.named(grant.whole_tables()).iter().for_each(|table| allowed.allow(*table, grant.actions, true));
        }
        for grant in of(Effect::Deny) {
            let binds = reach.document.statements.get(grant.statement).is_some_and(Statement::binds_anyone);
            spread.named(grant.whole_tables()).iter().for_each(|table| allowed.deny(*table, grant.actions, false));
            if grant.unconditional && binds {
                spread
                    .surely_named(grant.whole_tables())
                    .iter()
                    .for_each(|table| allowed.deny(*table, grant.actions, true));
            }
        }
        let mut reaches = Vec::new();
        for local in &allowed.touched {
            let may = self.masks.planes(Allowed::at(&allowed.may, *local));
            if let (false, Some(table)) = (may.is_empty(), here.get(*local as usize)) {
                let sure = self.masks.planes(Allowed::at(&allowed.sure, *local));
                reaches.push(Reached { table: *table, sure, may });
            }
        }
        reaches.sort_unstable_by_key(|of| of.table);
        reaches
    }
}

/// ` and 3 more`.
pub(super) fn more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}
