//! The statements that let somebody through.

use serde::Serialize;

use serde_json::{Value, json};

use crate::controls::roster::DETAILS;
use crate::model::{Cell, Estate};
use crate::policy::{Effect, Grant, Reach};

use super::own::let_in;
use super::{Crosser, Crossing, From, Lanes};

/// A statement that lets somebody through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Through {
    /// Whose policy it is in: `billing`, `endpoint policy`, `table policy`.
    pub policy: String,
    /// It is held through a group.
    pub by_group: bool,
    /// Its place in the policy, from 0, as the console counts.
    pub statement: usize,
    /// Its name.
    pub sid: Option<String>,
    /// In plain words.
    pub words: String,
    /// It holds under conditions alone.
    pub conditional: bool,
}

impl Through {
    fn new(policy: &str, reach: &Reach, grant: &Grant) -> Option<Self> {
        let statement = reach.document.statements.get(grant.statement)?;
        Some(Self {
            policy: policy.to_owned(),
            by_group: false,
            statement: grant.statement,
            sid: statement.sid.clone(),
            words: statement.describe(),
            conditional: !grant.unconditional,
        })
    }

    /// `billing [0] (OwnTables)`.
    #[must_use]
    pub fn name(&self) -> String {
        let sid = self.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
        let group = if self.by_group { " by a group" } else { "" };
        format!("{}{group} [{}]{sid}", self.policy, self.statement)
    }
}

/// What IAM holds of an identity: itself, its groups and the managed policies they name; null for what is none.
#[must_use]
pub fn held(estate: &Estate, arn: &str) -> Value {
    let of = |list: &str, details: &Value, is: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        details[list].as_array().into_iter().flatten().filter(|one| is(one)).map(read).collect()
    };
    for answers in estate.answers.values() {
        let details = answers.get(DETAILS).and_then(|of| of.get("")).and_then(Cell::value);
        let Some(details) = details else { continue };
        let itself = |one: &Value| one["Arn"] == arn;
        let found: Vec<Value> =
            ["RoleDetailList", "UserDetailList"].iter().flat_map(|list| of(list, details, &itself)).collect();
        let Some(identity) = found.into_iter().next() else { continue };
        let named = |one: &Value| identity["GroupList"].as_array().is_some_and(|all| all.contains(&one["GroupName"]));
        let groups = of("GroupDetailList", details, &named);
        let mut attached: Vec<&Value> = [&identity]
            .into_iter()
            .chain(&groups)
            .map(|one| &one["AttachedManagedPolicies"])
            .flat_map(|all| all.as_array().into_iter().flatten())
            .map(|one| &one["PolicyArn"])
            .collect();
        attached.push(&identity["PermissionsBoundary"]["PermissionsBoundaryArn"]);
        let policies = of("Policies", details, &|one: &Value| attached.contains(&&one["Arn"]));
        return json!({ "identity": identity, "groups": groups, "policies": policies });
    }
    Value::Null
}

/// Documents as JSON, where they are texts of JSON.
fn read(of: &Value) -> Value {
    match of {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let text = value.as_str().filter(|_| name.ends_with("Document"));
                let value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| read(value));
                (name.clone(), value)
            })
            .collect(),
        Value::Array(all) => all.iter().map(read).collect(),
        other => other.clone(),
    }
}

impl Lanes {
    /// The statements that let somebody through to one table.
    #[must_use]
    pub fn through(&self, crosser: &Crosser, table: usize) -> Vec<Through> {
        let Some(place) = self.tables.get(table) else { return Vec::new() };
        let arn = place.arn.as_str();
        let mut found = Vec::new();
        let allows = |grant: &&Grant| grant.effect == Effect::Allow && !grant.actions.is_empty();
        match &crosser.from {
            From::Roster(roster, at) => {
                let holder = roster.holders.get(*at);
                let own = holder.into_iter().flat_map(|of| of.own.iter().map(|policy| (policy, false)));
                let through = holder.into_iter().flat_map(|of| of.through.iter().map(|policy| (policy, true)));
                for (policy, by_group) in own.chain(through) {
                    let grants = policy.reach.grants.iter().filter(allows).filter(|grant| grant.names(arn));
                    let named = grants.filter_map(|grant| Through::new(&policy.name, &policy.reach, grant));
                    found.extend(named.map(|of| Through { by_group, ..of }));
                }
            }
            From::Document(reach) => {
                let about = |grant: &&Grant| grant.whole_tables().is_none_or(|names| names.names(arn));
                let grants = reach.grants.iter().filter(allows).filter(about);
                found.extend(grants.filter_map(|grant| Through::new("endpoint policy", reach, grant)));
            }
            From::Tables => {}
        }
        if let Some(reach) = self.policies.get(&table) {
            let account = &place.scope.account;
            let names = |grant: &&Grant| {
                let statement = reach.document.statements.get(grant.statement);
                statement.is_some_and(|of| let_in(of, account).contains(&crosser.id))
            };
            let grants = reach.grants.iter().filter(allows).filter(|grant| grant.names(arn)).filter(names);
            found.extend(grants.filter_map(|grant| Through::new("table policy", reach, grant)));
        }
        // A statement of tables and of others' indexes is two grants, and one statement.
        found.dedup();
        found
    }

    /// The tables of a crossing with what is said of each, the worst first.
    #[must_use]
    pub fn reached(&self, one: &Crossing) -> Vec<(&super::Reached, crate::model::Verdict)> {
        let Some(crosser) = self.crossers.get(one.crosser) else { return Vec::new() };
        let here = |of: &&super::Reached| self.tables.get(of.table).is_some_and(|table| table.lane == one.lane);
        let mut all: Vec<_> = crosser.reaches.iter().filter(here).map(|of| (of, self.verdict(crosser, of))).collect();
        all.sort_by_key(|(of, verdict)| (verdict.rank(), of.table));
        all
    }
}
