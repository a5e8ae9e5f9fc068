//! What tables' own policies take back, and whom they let in.

use std::collections::HashMap;

use crate::policy::{Document, Effect, Principal, Reach, Statement};

use super::allowed::{Allowed, Here};
use super::gather::{Gather, Why, more, why};
use super::{Crosser, From, Kind, Reached, Whose};

impl Gather<'_> {
    /// Reads the tables' own policies: what they take back, and whom they let in.
    pub fn own_policies(&mut self, here: &mut Here<'_>) {
        let mut unread: HashMap<usize, (usize, String, Why)> = HashMap::new();
        for (local, place) in (0..).zip(here.tables.clone()) {
            let Some(of) = self.lanes.tables.get(place) else { continue };
            let Some(table) = self.estate.tables.get(&of.arn) else { continue };
            let failed = match table.policy.known() {
                Some(Ok(seen)) => match seen.value.as_deref().map(Document::parse) {
                    None => None,
                    Some(Ok(document)) => {
                        let reach = Reach::new(document, here.account);
                        own_policy(&reach, &of.arn, local, here);
                        self.lanes.policies.insert(place, reach);
                        None
                    }
                    Some(Err(error)) => Some((format!("not understood: {error}"), None)),
                },
                Some(Err(error)) => Some(why(Some(error))),
                None => Some(why(None)),
            };
            if let Some(failed) = failed {
                let entry = unread.entry(of.lane).or_insert_with(|| (0, of.name.clone(), failed));
                entry.0 += 1;
            }
        }
        let mut unread: Vec<_> = unread.into_iter().collect();
        unread.sort_unstable_by_key(|(lane, _)| *lane);
        for (lane, (count, first, failed)) in unread {
            let name = format!("policy of {first}{}", more(count));
            let id = format!("policies:{}:{lane}", here.account);
            self.blind(&[lane], &name, &id, here.account, failed);
        }
    }

    /// Whom the tables' own policies let in beside the account's own identities.
    pub fn let_in(&mut self, here: &mut Here<'_>) {
        let mut all: Vec<_> = std::mem::take(&mut here.let_in).into_iter().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        for (who, grants) in all {
            let mut allowed = Allowed::new(here.tables.len());
            grants.iter().for_each(|(table, actions, sure)| allowed.allow(*table, *actions, *sure));
            let mut reaches = Vec::new();
            for local in &allowed.touched {
                let (denied, perhaps) = here.denied.get(*local as usize).copied().unwrap_or_default();
                let may = self.masks.planes(Allowed::at(&allowed.may, *local).without(denied));
                let sure = Allowed::at(&allowed.sure, *local).without(denied).without(perhaps);
                if let (false, Some(table)) = (may.is_empty(), here.tables.get(*local as usize)) {
                    reaches.push(Reached { table: *table, sure: self.masks.planes(sure), may });
                }
            }
            if reaches.is_empty() {
                continue;
            }
            reaches.sort_unstable_by_key(|of| of.table);
            let name = match who.as_str() {
                "*" => "anyone".to_owned(),
                who => who.splitn(6, ':').nth(5).unwrap_or(who).to_owned(),
            };
            let account = who.split(':').nth(4).unwrap_or(&who);
            let account = if account.len() == 12 { account.to_owned() } else { String::new() };
            let lane = self.special(Whose::Outside);
            let source = self.lanes.tables.get(reaches.first().map_or(0, |of| of.table));
            let source = source.and_then(|of| self.estate.tables.get(&of.arn)?.policy.seen.as_ref());
            let source = source.map(|seen| (seen.call.clone(), seen.at));
            self.lanes.crossers.push(Crosser {
                kind: Kind::Principal,
                name,
                id: who,
                account,
                scope: None,
                lane,
                note: None,
                missing: None,
                source,
                reaches,
                admin: false,
                from: From::Tables,
            });
        }
    }
}

/// What a table's own policy does: whom it lets in, and what it takes back.
fn own_policy(reach: &Reach, arn: &str, local: u32, here: &mut Here<'_>) {
    for grant in reach.grants.iter().filter(|grant| grant.names(arn)) {
        let Some(statement) = reach.document.statements.get(grant.statement) else { continue };
        if grant.effect == Effect::Deny {
            if let Some((denied, perhaps)) = here.denied.get_mut(local as usize) {
                if grant.unconditional && statement.binds_anyone() && grant.surely_names(arn) {
                    *denied = denied.or(grant.actions);
                }
                *perhaps = perhaps.or(grant.actions);
            }
            continue;
        }
        for who in let_in(statement, here.account) {
            here.let_in.entry(who).or_default().push((local, grant.actions, grant.unconditional));
        }
    }
}

/// Whom an allow statement of a resource lets in by itself; its own account as a whole only hands the question on to the
/// account's identities, and services act for somebody who asked them.
pub(super) fn let_in(statement: &Statement, account: &str) -> Vec<String> {
    if statement.is_for_anyone() {
        return vec!["*".to_owned()];
    }
    let principals = statement.principals.iter().filter(|of| !of.except).flat_map(|of| &of.who);
    let one = |who: &Principal| match who {
        Principal::Aws(name) => {
            let whole = name.len() == 12 || name.ends_with(":root");
            let own = who.account().is_some_and(|of| of == account);
            (!(whole && own)).then(|| name.clone())
        }
        Principal::Federated(name) | Principal::Canonical(name) => Some(name.clone()),
        Principal::Anyone | Principal::Service(_) | Principal::Other(..) => None,
    };
    principals.filter_map(one).collect()
}
