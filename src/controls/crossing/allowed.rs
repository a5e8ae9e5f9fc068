//! What policies allow of the tables of an account, statement by statement.

use std::collections::HashMap;
use std::sync::Arc;

use crate::controls::roster::Policy;
use crate::policy::{Actions, Effect, Places, STREAM_ACTIONS, Spread};

use super::Planes;

/// Which actions belong to which plane.
pub(super) struct Masks([(Actions, Planes); 3]);

impl Masks {
    pub fn new() -> Self {
        let reads = [
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:PartiQLSelect",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:SearchVectors",
        ];
        let read = Actions::of(&reads).or(Actions::of(&STREAM_ACTIONS));
        let write = Actions::items().without(read);
        let rest = Actions::all().without(read).without(write);
        Self([(read, Planes::READ), (write, Planes::WRITE), (rest, Planes::ADMINISTER)])
    }

    pub fn planes(&self, actions: Actions) -> Planes {
        let held = self.0.iter().filter(|(mask, _)| !actions.and(*mask).is_empty());
        held.fold(Planes::default(), |all, (_, of)| all.or(*of))
    }
}

/// What one statement of an identity does to the tables of an account.
pub(super) struct Grants {
    pub effect: Effect,
    pub actions: Actions,
    pub may: Places,
    pub sure: Places,
}

/// What is allowed of each table: whatever the conditions, and where they hold.
#[derive(Default)]
pub(super) struct Allowed {
    pub sure: Vec<Actions>,
    pub may: Vec<Actions>,
    pub touched: Vec<u32>,
}

impl Allowed {
    pub fn new(tables: usize) -> Self {
        let none = || vec![Actions::default(); tables];
        Self { sure: none(), may: none(), touched: Vec::new() }
    }

    pub fn at(of: &[Actions], table: u32) -> Actions {
        of.get(table as usize).copied().unwrap_or_default()
    }

    pub fn allow(&mut self, table: u32, actions: Actions, sure: bool) {
        if let (Some(is), Some(may)) = (self.sure.get_mut(table as usize), self.may.get_mut(table as usize)) {
            if may.is_empty() && !actions.is_empty() {
                self.touched.push(table);
            }
            *may = may.or(actions);
            *is = if sure { is.or(actions) } else { *is };
        }
    }

    pub fn deny(&mut self, table: u32, actions: Actions, sure: bool) {
        if let (Some(is), Some(may)) = (self.sure.get_mut(table as usize), self.may.get_mut(table as usize)) {
            *is = is.without(actions);
            *may = if sure { may.without(actions) } else { *may };
        }
    }

    pub fn take(&mut self, of: &[Arc<Vec<Grants>>]) {
        let all = || of.iter().flat_map(|of| of.iter());
        for one in all().filter(|one| one.effect == Effect::Allow) {
            one.may.iter().for_each(|table| self.allow(*table, one.actions, false));
            one.sure.iter().for_each(|table| self.allow(*table, one.actions, true));
        }
        for one in all().filter(|one| one.effect == Effect::Deny) {
            one.may.iter().for_each(|table| self.deny(*table, one.actions, false));
            one.sure.iter().for_each(|table| self.deny(*table, one.actions, true));
        }
    }

    pub fn clear(&mut self) {
        for table in self.touched.drain(..) {
            for of in [&mut self.sure, &mut self.may] {
                if let Some(actions) = of.get_mut(table as usize) {
                    *actions = Actions::default();
                }
            }
        }
    }
}

/// The tables of an account, and what was worked out of policies on them.
pub(super) struct Here<'a> {
    pub account: &'a str,
    /// Their places among all tables.
    pub tables: Vec<usize>,
    pub spread: Spread<'a>,
    pub grants: HashMap<usize, Arc<Vec<Grants>>>,
    pub ceilings: HashMap<usize, Arc<Allowed>>,
    /// What each table's own policy takes back: for sure, and perhaps.
    pub denied: Vec<(Actions, Actions)>,
    /// What tables' own policies let somebody do: table, actions, whatever the conditions.
    pub let_in: HashMap<String, Vec<(u32, Actions, bool)>>,
}

impl<'a> Here<'a> {
    /// What a policy grants, worked out once however many hold it.
    pub fn grants(&mut self, policy: &Arc<Policy>) -> Arc<Vec<Grants>> {
        let key = Arc::as_ptr(policy) as usize;
        if let Some(known) = self.grants.get(&key) {
            return known.clone();
        }
        let mut of = Vec::new();
        for grant in &policy.reach.grants {
            let allows = grant.effect == Effect::Allow;
            let names = if allows { grant.tables() } else { grant.whole_tables() };
            let (may, sure) = (self.spread.named(names), self.spread.surely_named(names));
            let sure = if grant.unconditional { sure } else { Places::default() };
            of.push(Grants { effect: grant.effect, actions: grant.actions, may, sure });
        }
        let of = Arc::new(of);
        self.grants.insert(key, of.clone());
        of
    }

    pub fn ceiling(&mut self, policy: &Arc<Policy>) -> Arc<Allowed> {
        let key = Arc::as_ptr(policy) as usize;
        if let Some(known) = self.ceilings.get(&key) {
            return known.clone();
        }
        let mut allowed = Allowed::new(self.tables.len());
        allowed.take(&[self.grants(policy)]);
        let allowed = Arc::new(allowed);
        self.ceilings.insert(key, allowed.clone());
        allowed
    }
}
