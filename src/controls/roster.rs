//! Who there is in an account and what they hold, worked out once from IAM's answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{DataClass, Estate, Judgement, Scope, Seen};
use crate::policy::{Actions, Document, Effect, Principal, Reach, Statement};

use super::draft::{Draft, by_class, settle, strictest_in};
use super::{Baseline, Control};

pub(super) const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

/// Services that use a role by themselves, for what somebody asked of the service: no code of the customer's runs in
/// their sessions.
const HANDS: [&str; 5] = [
    "application-autoscaling.amazonaws.com",
    "backup.amazonaws.com",
    "cloudformation.amazonaws.com",
    "config.amazonaws.com",
    "dynamodb.application-autoscaling.amazonaws.com",
];

/// What somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    Role,
}

/// A policy with its name.
#[derive(Debug)]
pub(super) struct Policy {
    pub name: String,
    pub reach: Reach,
}

/// One user, group or role.
#[derive(Debug)]
pub(super) struct Holder {
    pub kind: Kind,
    /// `role/app`.
    pub name: String,
    pub arn: String,
    /// A role that a service made for itself.
    pub of_service: bool,
    /// A role that services alone use, and none that runs somebody's code.
    pub in_hands: bool,
    /// Managed policies attached to it, by ARN.
    pub attached: Vec<String>,
    /// What it holds itself.
    pub own: Vec<Arc<Policy>>,
    /// What a user holds through groups.
    pub through: Vec<Arc<Policy>>,
    /// Its ceiling: `Some(None)` where that could not be read.
    pub boundary: Option<Option<Arc<Policy>>>,
    /// What of it could not be read.
    pub unread: Option<String>,
    pub created: Option<Timestamp>,
    /// When a role was used last; `Some(None)` for not in the time that IAM looks back over.
    pub used: Option<Option<Timestamp>>,
    pub trust: Option<Document>,
    /// It may make roles.
    pub makes_roles: bool,
    /// It may take boundaries off roles.
    pub unbinds: bool,
    pub tags: BTreeMap<String, String>,
}

impl Holder {
    /// All that it holds.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.own.iter().chain(&self.through)
    }

    /// What it may do with a table, or, without one, with any: under its ceiling, and without what is surely denied.
    /// Conditions of what allows are taken to hold.
    pub fn may(&self, arn: Option<&str>) -> Actions {
        let held = self.policies().fold(Actions::default(), |all, policy| all.or(policy.reach.allows(arn)));
        self.left(held, arn)
    }

    /// What of some actions its ceiling and denials leave.
    pub fn left(&self, held: Actions, arn: Option<&str>) -> Actions {
        if held.is_empty() {
            return held;
        }
        let denied = self.policies().fold(Actions::default(), |all, policy| all.or(policy.reach.denies(arn)));
        let held = held.without(denied);
        match &self.boundary {
            Some(Some(of)) => held.and(of.reach.allows(arn)).without(of.reach.denies(arn)),
            _ => held,
        }
    }

    /// Whether some statement allows an action that is none on tables, and none denies it whatever the conditions.
    pub fn may_elsewhere(&self, action: &str) -> bool {
        let any = |reach: &Reach, effect| {
            reach.document.statements.iter().any(|one: &Statement| {
                one.effect == effect
                    && one.actions.matches_action(action)
                    && (effect == Effect::Allow || one.conditions.is_empty() && one.is_on_everything())
            })
        };
        self.policies().any(|of| any(&of.reach, Effect::Allow))
            && !self.policies().any(|of| any(&of.reach, Effect::Deny))
            && !matches!(&self.boundary, Some(Some(of)) if !any(&of.reach, Effect::Allow) || any(&of.reach, Effect::Deny))
    }

    /// True for one of those that somebody named: by kind and name, or by ARN.
    pub fn is_one_of(&self, named: &[String]) -> bool {
        named.iter().any(|of| {
            let of = WildMatch::new(of);
            of.matches(&self.name) || of.matches(&self.arn)
        })
    }
}

/// A statement that tells items or tables apart by its conditions.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Whose, by its place among the holders.
    pub holder: usize,
    pub policy: Arc<Policy>,
    /// Its place among the policy's grants.
    pub grant: usize,
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub holders: Vec<Holder>,
    /// The statements of users and roles that tell items or tables apart: there are few.
    pub claims: Vec<Claim>,
}

impl Roster {
    /// Reads IAM's answer.
    pub fn new(details: &Value, account: &str) -> Self {
        let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
        let read = |name: &str, text: &Value| {
            let document = Document::parse(text.as_str().unwrap_or_default()).ok()?;
            Some(Arc::new(Policy { name: name.to_owned(), reach: Reach::new(document, account) }))
        };
        let word = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let mut managed: HashMap<String, Option<Arc<Policy>>> = HashMap::new();
        for policy in list(details, "Policies") {
            let version = &policy["PolicyVersionList"][0]["Document"];
            managed.insert(word(&policy, "Arn"), read(&word(&policy, "PolicyName"), version));
        }
        let mut roster = Self::default();
        let mut groups: HashMap<String, usize> = HashMap::new();
        let kinds = [
            (Kind::Group, "GroupDetailList", "GroupName", "GroupPolicyList", "group"),
            (Kind::User, "UserDetailList", "UserName", "UserPolicyList", "user"),
            (Kind::Role, "RoleDetailList", "RoleName", "RolePolicyList", "role"),
        ];
        for (kind, all, name, inline, what) in kinds {
            for of in details[all].as_array().into_iter().flatten() {
                let mut holder = Holder {
                    kind,
                    name: format!("{what}/{}", word(of, name)),
                    arn: word(of, "Arn"),
                    of_service: of["Path"].as_str().is_some_and(|path| path.starts_with("/aws-service-role/")),
                    in_hands: false,
                    attached: Vec::new(),
                    own: Vec::new(),
                    through: Vec::new(),
                    boundary: None,
                    unread: None,
                    created: time(&of["CreateDate"]),
                    used: (!of["RoleLastUsed"].is_null()).then(|| time(&of["RoleLastUsed"]["LastUsedDate"])),
                    trust: of["AssumeRolePolicyDocument"].as_str().and_then(|text| Document::parse(text).ok()),
                    makes_roles: false,
                    unbinds: false,
                    tags: BTreeMap::new(),
                };
                for tag in of["Tags"].as_array().into_iter().flatten() {
                    holder.tags.insert(word(tag, "Key"), word(tag, "Value"));
                }
                for policy in of[inline].as_array().into_iter().flatten() {
                    let name = word(policy, "PolicyName");
                    match read(&name, &policy["PolicyDocument"]) {
                        Some(policy) => holder.own.push(policy),
                        None => holder.unread = Some(format!("policy {name} of {}", holder.name)),
                    }
                }
                for policy in of["AttachedManagedPolicies"].as_array().into_iter().flatten() {
                    let arn = word(policy, "PolicyArn");
                    match managed.get(&arn) {
                        Some(Some(policy)) => holder.own.push(policy.clone()),
                        _ => holder.unread = Some(format!("policy {arn} of {}", holder.name)),
                    }
                    holder.attached.push(arn);
                }
                for group in of["GroupList"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    match groups.get(group).and_then(|at| roster.holders.get(*at)) {
                        Some(group) => {
                            holder.through.extend(group.own.iter().cloned());
                            holder.unread = holder.unread.or_else(|| group.unread.clone());
                        }
                        None => holder.unread = Some(format!("group {group} of {}", holder.name)),
                    }
                }
                if let Some(arn) = of["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str() {
                    holder.boundary = Some(managed.get(arn).cloned().flatten());
                }
                holder.in_hands = holder.trust.as_ref().is_some_and(in_hands);
                holder.makes_roles = holder.may_elsewhere("iam:CreateRole");
                holder.unbinds = holder.may_elsewhere("iam:DeleteRolePermissionsBoundary");
                if kind == Kind::Group {
                    groups.insert(word(of, name), roster.holders.len());
                }
                if kind != Kind::Group {
                    roster.claims.extend(claims(&holder, roster.holders.len()));
                }
                roster.holders.push(holder);
            }
        }
        roster
    }

    /// What could not be read of anybody.
    pub fn unread(&self) -> Option<&str> {
        self.holders.iter().find_map(|holder| holder.unread.as_deref())
    }

    /// Users and roles that act by themselves, but those for an emergency and those of services.
    pub fn everyday<'a>(&'a self, baseline: &'a Baseline) -> impl Iterator<Item = &'a Holder> {
        self.holders
            .iter()
            .filter(|of| of.kind != Kind::Group && !of.of_service && !of.is_one_of(&baseline.break_glass))
    }

    /// Users, groups and roles as holders of their own policies, but those for an emergency and those of services.
    pub fn holding<'a>(&'a self, baseline: &'a Baseline) -> impl Iterator<Item = &'a Holder> {
        self.holders.iter().filter(|of| !of.of_service && !of.is_one_of(&baseline.break_glass))
    }
}

fn claims(holder: &Holder, at: usize) -> Vec<Claim> {
    let tells = |one: &Statement| one.conditions.iter().any(|of| narrows(&of.key));
    let mut found = Vec::new();
    for policy in holder.policies() {
        for (grant, one) in policy.reach.grants.iter().enumerate() {
            if policy.reach.document.statements.get(one.statement).is_some_and(tells) {
                found.push(Claim { holder: at, policy: policy.clone(), grant });
            }
        }
    }
    found
}

/// True for a condition key that tells tables or items apart.
pub(super) fn narrows(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("aws:resourcetag/") || key.starts_with("dynamodb:")
}

/// True for a role that services use by themselves, and nobody else.
fn in_hands(trust: &Document) -> bool {
    let mut whom = trust
        .statements
        .iter()
        .filter(|one| one.effect == Effect::Allow)
        .flat_map(|one| one.principals.iter().flat_map(|of| of.who.iter().map(move |who| (of.except, who))))
        .peekable();
    whom.peek().is_some()
        && whom
            .all(|(except, who)| !except && matches!(who, Principal::Service(name) if HANDS.contains(&name.as_str())))
}

fn time(of: &Value) -> Option<Timestamp> {
    of.as_str()?.parse().ok()
}

/// The first three of a list, and how many more there are.
pub(super) fn some(of: &[String]) -> String {
    let first = of.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match of.len().saturating_sub(3) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A judgement on its way, with IAM's answer and what was worked out of it.
pub(super) type Read<'a> = (Draft, &'a Seen<Value>, Arc<Roster>);

/// The accounts that are polled.
pub(super) fn accounts(estate: &Estate) -> Vec<&str> {
    let mut accounts: Vec<&str> = estate.scopes.iter().map(|scope| scope.account.as_str()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// One judgement an account, where its tables' strictest class asks for the control.
pub(super) fn each_account<'a>(
    control: &'static Control,
    estate: &'a Estate,
    baseline: &Baseline,
    judge: impl Fn(Draft, &'a str, DataClass) -> Result<Judgement, Box<Judgement>>,
) -> Vec<Judgement> {
    let one = |account: &'a str| {
        let draft = Draft::new(control, account);
        let Some((class, unread)) = strictest_in(estate, |of: &Scope| of.account == account, |_| true) else {
            return draft.not_applicable("no table of the account states a class");
        };
        if !baseline.asks(class, control.id) {
            return draft.not_applicable(format!("class {} asks for none", class.word()));
        }
        by_class(settle(judge(draft, account, class)), unread)
    };
    accounts(estate).into_iter().map(one).collect()
}

/// What an operation that is one for all regions answered.
pub(super) fn global<'a>(
    draft: Draft,
    estate: &'a Estate,
    account: &str,
    label: &'static str,
) -> Result<(Draft, &'a Seen<Value>), Box<Judgement>> {
    draft.need(label, estate.home(account, label).and_then(|scope| estate.answer(scope, label, "")))
}

/// Everybody in an account.
pub(super) fn roster<'a>(draft: Draft, estate: &'a Estate, account: &str) -> Result<Read<'a>, Box<Judgement>> {
    let (draft, seen) = global(draft, estate, account, DETAILS)?;
    Ok((draft, seen, made(estate, account, &seen.value)))
}

/// Who is in an account by what IAM answered, worked out once an answer.
pub(super) fn made(estate: &Estate, account: &str, details: &Value) -> Arc<Roster> {
    let make = || Roster::new(details, account);
    let home = estate.home(account, DETAILS);
    home.map_or_else(|| Arc::new(make()), |scope| estate.memo.of(scope, DETAILS, "", make))
}
