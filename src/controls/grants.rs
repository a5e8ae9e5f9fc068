//! Identity: what users, groups and roles hold of tables.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::model::{Arn, ClassTags, DataClass, Estate, Judgement, Seen, Table};
use crate::policy::{Actions, Effect, Grant, Names, STREAM_ACTIONS};

use super::draft::{Draft, class};
use super::roster::{DETAILS, Holder, Kind, Policy, Roster, each_account, narrows, roster, some};
use super::{Baseline, Control, Judge};

const LIST: &str = "dynamodb:ListTables";
const TAGS: &str = "dynamodb:ListTagsOfResource";

/// Why nobody's holding it can be said, where somebody's policies were not read.
pub(super) fn whole(draft: Draft, roster: &Roster) -> Result<Draft, Box<Judgement>> {
    match roster.unread() {
        Some(what) => {
            Err(Box::new(draft.unclear(format!("the set of policies is not whole: {what} was not in the answer"))))
        }
        None => Ok(draft),
    }
}

/// Without the list of tables, what names stand for is not known.
pub(super) fn listed(mut draft: Draft, estate: &Estate, account: &str) -> Result<Draft, Box<Judgement>> {
    for scope in estate.scopes.iter().filter(|scope| scope.account == account) {
        (draft, _) = draft.need("ListTables", estate.populations.get(scope))?;
    }
    Ok(draft)
}

/// How a statement is named: `role/app (policy, statement 1)`.
fn at(holder: &Holder, policy: &Policy, grant: &Grant) -> String {
    format!("{} ({}, statement {})", holder.name, policy.name, grant.statement + 1)
}

/// The statements that users, groups and roles hold themselves.
fn statements<'a>(
    roster: &'a Roster,
    baseline: &'a Baseline,
) -> impl Iterator<Item = (&'a Holder, &'a Policy, &'a Grant)> {
    roster.holding(baseline).flat_map(|holder| {
        let of = holder.own.iter().flat_map(|policy| policy.reach.grants.iter().map(move |grant| (policy, grant)));
        of.map(move |(policy, grant)| (holder, policy.as_ref(), grant))
    })
}

fn told(draft: &mut Draft, seen: &Seen<serde_json::Value>, roster: &Roster, found: &[String]) {
    let count = |kind| roster.holders.iter().filter(|of| of.kind == kind).count();
    let counts = format!(
        "UserDetailList={} GroupDetailList={} RoleDetailList={}",
        count(Kind::User),
        count(Kind::Group),
        count(Kind::Role)
    );
    draft.saw(seen, [counts].into_iter().chain(found.iter().take(3).cloned()));
}

/// IAM-01.
pub(super) const IAM_01: &Control = &Control {
    id: "IAM-01",
    operations: &[DETAILS, LIST, TAGS],
    blind: "what policies of the organization and session policies take back",
    judge: Judge::Estate(everything),
};

fn everything(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_01, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let (mut bare, mut held) = (Vec::new(), Vec::new());
        for (holder, policy, grant) in statements(&roster, baseline) {
            if grant.effect != Effect::Allow || !grant.whole || !grant.every_table {
                continue;
            }
            // Conditions on the table itself leave some out; the ceiling and denials take actions back.
            let of = policy.reach.document.statements.get(grant.statement);
            let narrowed = of.is_some_and(|one| one.conditions.iter().any(|of| narrows(&of.key)));
            let whole = Actions::all().without(holder.may(None)).is_empty();
            if whole && !narrowed { &mut bare } else { &mut held }.push(at(holder, policy, grant));
        }
        told(&mut draft, seen, &roster, if bare.is_empty() { &held } else { &bare });
        if !bare.is_empty() {
            return Ok(draft.fail(format!("every DynamoDB action on every table: {}", some(&bare))));
        }
        let draft = whole(draft, &roster)?;
        Ok(if held.is_empty() {
            draft.pass("nobody holds every DynamoDB action on every table")
        } else {
            let why = "held, and taken back by a boundary, a denial or a condition on the table";
            draft.warn(format!("every DynamoDB action on every table {why}: {}", some(&held)))
        })
    })
}

/// IAM-02.
pub(super) const IAM_02: &Control = &Control {
    id: "IAM-02",
    operations: &[DETAILS, LIST, TAGS],
    blind: "who may become another role, and what policies of the organization and session policies take back",
    judge: Judge::Estate(duties),
};

fn duties(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_02, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let both = |of: Actions| !of.and(Actions::items()).is_empty() && !of.and(Actions::control()).is_empty();
        let mut places = Places::new(estate, account);
        let (mut found, mut worst, mut unread) = (Vec::new(), None, None);
        for holder in roster.everyday(baseline).filter(|of| !of.in_hands && both(of.may(None))) {
            let (items, control) = (places.of(holder, Actions::items()), places.of(holder, Actions::control()));
            // The strictest come first, and of them those whose class is no guess.
            let mut shared = items.intersection(&control).filter_map(|at| places.tables.get(*at));
            let Some((table, class, guess)) = shared.find(|(table, ..)| both(holder.may(Some(&table.arn)))) else {
                continue;
            };
            found.push(format!("{} on {}", holder.name, table.name));
            worst = worst.max((!guess).then_some(*class));
            unread = unread.or(guess.then_some(*table));
        }
        told(&mut draft, seen, &roster, &found);
        let why = format!("changes of a table and access to its items in one hand: {}", some(&found));
        match (worst, unread) {
            (Some(DataClass::Confidential | DataClass::Restricted), _) => return Ok(draft.fail(why)),
            (_, Some(table)) => {
                let (draft, _) = draft.need(&format!("ListTagsOfResource of {}", table.name), Some(&table.tags))?;
                return Ok(draft.unclear("the tags of a table were not read"));
            }
            (Some(_), None) => return Ok(draft.warn(why)),
            (None, None) => {}
        }
        let draft = whole(draft, &roster)?;
        let draft = listed(draft, estate, account)?;
        Ok(draft.pass("nobody both changes a table and reads or writes its items"))
    })
}

/// The tables of an account, the strictest first, and which of them patterns name.
struct Places<'a> {
    /// Each with its class, and whether that is a guess.
    tables: Vec<(&'a Table, DataClass, bool)>,
    by_arn: HashMap<&'a str, usize>,
    by_pattern: HashMap<String, Vec<usize>>,
}

impl<'a> Places<'a> {
    fn new(estate: &'a Estate, account: &str) -> Self {
        let of = estate.tables.values().filter(|table| table.scope.account == account && !estate.is_unclassed(table));
        let classed = |table: &'a Table| {
            let (class, unread) = class(estate, table);
            (table, class, unread.is_some())
        };
        let mut tables: Vec<_> = of.map(classed).collect();
        tables.sort_by_key(|(_, class, guess)| (*guess, Reverse(*class)));
        let by_arn = tables.iter().enumerate().map(|(at, (table, ..))| (table.arn.as_str(), at)).collect();
        Self { tables, by_arn, by_pattern: HashMap::new() }
    }

    /// The tables that statements of a holder name, which allow one of some actions.
    fn of(&mut self, holder: &Holder, actions: Actions) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for policy in holder.policies() {
            for grant in &policy.reach.grants {
                if grant.effect != Effect::Allow || grant.actions.and(actions).is_empty() {
                    continue;
                }
                if grant.patterns().is_empty() {
                    found.extend(0..self.tables.len());
                }
                for pattern in grant.patterns() {
                    if !pattern.contains(['*', '?', '$']) {
                        found.extend(self.by_arn.get(pattern.as_str()));
                        continue;
                    }
                    let tables = &self.tables;
                    let named = self.by_pattern.entry(pattern.clone()).or_insert_with(|| {
                        let names = Names { except: false, patterns: vec![pattern.clone()] };
                        (0..).zip(tables).filter(|(_, (table, ..))| names.names(&table.arn)).map(|(at, _)| at).collect()
                    });
                    found.extend(named.iter().copied());
                }
            }
        }
        found
    }
}

/// What removes a table or its protection, or takes its items elsewhere.
const DESTRUCTIVE: [&str; 14] = [
    "dynamodb:DeleteBackup",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:DeleteTableReplica",
    "dynamodb:DisableKinesisStreamingDestination",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:ImportTable",
    "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:StartBulkPutItems",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
];
const ALSO: [&str; 1] = ["dynamodb:UpdateTimeToLive"];

/// IAM-03.
pub(super) const IAM_03: &Control = &Control {
    id: "IAM-03",
    operations: &[DETAILS, LIST, TAGS],
    blind: "who may hand a role to CloudFormation or AWS Backup; what policies of the organization and session policies take back",
    judge: Judge::Estate(destructive),
};

fn destructive(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let wanted = Actions::of(&DESTRUCTIVE).or(Actions::of(&ALSO));
    each_account(IAM_03, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let mut found = Vec::new();
        for holder in roster.everyday(baseline).filter(|of| !of.in_hands && !of.is_one_of(&baseline.admins)) {
            let of = holder.may(None).and(wanted);
            if let Some(first) = of.names().next() {
                let more = of.names().count() - 1;
                let first = first.trim_start_matches("dynamodb:");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                found.push(format!("{} ({first}{more})", holder.name));
            }
        }
        told(&mut draft, seen, &roster, &found);
        if !found.is_empty() && !baseline.admins.is_empty() {
            return Ok(draft.fail(format!("not among the approved, and able to: {}", some(&found))));
        }
        if !found.is_empty() {
            let why = "able to remove tables or protections or to move their items, and no list says who should be";
            return Ok(draft.warn(format!("{why}: {}", some(&found))));
        }
        let draft = whole(draft, &roster)?;
        Ok(draft.pass("nobody but the approved can remove tables or protections, or move their items"))
    })
}

/// IAM-04.
pub(super) const IAM_04: &Control = &Control {
    id: "IAM-04",
    operations: &[DETAILS, LIST, TAGS],
    blind: "permission sets of IAM Identity Center, but for the roles they became",
    judge: Judge::Estate(broad),
};

fn broad(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_04, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let (mut full, mut other) = (Vec::new(), Vec::new());
        for holder in roster.holding(baseline) {
            for arn in &holder.attached {
                let Some((_, name)) = arn.split_once(":iam::aws:policy/") else { continue };
                let name = name.rsplit('/').next().unwrap_or(name);
                let one = || format!("{name} on {}", holder.name);
                match name {
                    _ if name.starts_with("AmazonDynamoDBFullAccess") => full.push(one()),
                    "AmazonDynamoDBReadOnlyAccess"
                    | "ReadOnlyAccess"
                    | "PowerUserAccess"
                    | "AdministratorAccess"
                    | "AWSLambdaInvocation-DynamoDB" => other.push(one()),
                    _ => {}
                }
            }
        }
        told(&mut draft, seen, &roster, if full.is_empty() { &other } else { &full });
        Ok(match (full.is_empty(), other.is_empty()) {
            (false, _) => draft.fail(format!("attached: {}", some(&full))),
            (true, false) => draft.warn(format!("attached, and they reach items or tables: {}", some(&other))),
            (true, true) => draft.pass("no broad policy of AWS's is attached to anybody"),
        })
    })
}

/// IAM-05.
pub(super) const IAM_05: &Control = &Control {
    id: "IAM-05",
    operations: &[DETAILS, LIST, TAGS],
    blind: "tables of regions that are not polled",
    judge: Judge::Estate(named),
};

fn named(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let items = Actions::items().or(Actions::of(&STREAM_ACTIONS));
    each_account(IAM_05, estate, baseline, |draft, account, class| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let (mut wide, mut patterns) = (Vec::new(), BTreeSet::new());
        for (holder, policy, grant) in statements(&roster, baseline) {
            if grant.effect != Effect::Allow || grant.actions.and(items).is_empty() {
                continue;
            }
            if grant.every_table || grant.patterns().is_empty() {
                wide.push(at(holder, policy, grant));
            } else {
                patterns.extend(grant.patterns().iter().map(String::as_str));
            }
        }
        told(&mut draft, seen, &roster, &wide);
        if !wide.is_empty() {
            let why = format!("items of every table, by no name: {}", some(&wide));
            let grave = class >= DataClass::Confidential;
            return Ok(if grave { draft.fail(why) } else { draft.warn(why) });
        }
        let draft = whole(draft, &roster)?;
        let draft = listed(draft, estate, account)?;
        for pattern in patterns {
            if let Some(why) = stray(estate, account, pattern) {
                return Ok(draft.warn(why));
            }
        }
        Ok(draft.pass("every statement about items names its tables"))
    })
}

/// What is odd about a name of tables: none has it, or tables of several domains do.
fn stray(estate: &Estate, account: &str, pattern: &str) -> Option<String> {
    if pattern.contains("${") {
        return None;
    }
    if !pattern.contains(['*', '?']) {
        let arn = Arn::parse(pattern).filter(|arn| arn.account == account)?;
        let polled = estate.scopes.iter().any(|scope| scope.account == account && scope.region == arn.region);
        let gone = polled && arn.table_name().is_some() && !estate.tables.contains_key(pattern);
        return gone
            .then(|| format!("{pattern} is named, and there is no such table: whoever makes it anew is let in"));
    }
    let glob = wildmatch::WildMatch::new(pattern);
    let domains: BTreeSet<&str> = estate
        .tables
        .values()
        .filter(|table| table.scope.account == account && glob.matches(&table.arn))
        .filter_map(|table| ClassTags::value_of(table.tags.value()?, &estate.class_tags.domain))
        .collect();
    (domains.len() > 1).then(|| {
        let domains: Vec<String> = domains.into_iter().map(str::to_owned).collect();
        format!("{pattern} spans tables of {}", some(&domains))
    })
}

/// IAM-06.
pub(super) const IAM_06: &Control = &Control {
    id: "IAM-06",
    operations: &[DETAILS, LIST, TAGS],
    blind: "sessions that a resource policy lets in directly, which a boundary does not hold",
    judge: Judge::Estate(bounded),
};

fn bounded(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_06, estate, baseline, |draft, account, _| {
        let (mut draft, seen, roster) = roster(draft, estate, account)?;
        let reach = Actions::items().or(Actions::control());
        let (mut bare, mut wide, mut unread, mut count) = (Vec::new(), Vec::new(), None, 0);
        for holder in roster.everyday(baseline).filter(|of| of.kind == Kind::Role) {
            let touches = !holder.may(None).and(reach).is_empty();
            if !holder.makes_roles && (!touches || holder.in_hands) {
                continue;
            }
            count += 1;
            match &holder.boundary {
                None => bare.push(holder.name.clone()),
                Some(None) => unread = Some(holder.name.as_str()),
                Some(Some(ceiling)) => {
                    let all = |of: &Grant| of.effect == Effect::Allow && of.whole && of.every_table;
                    if ceiling.reach.grants.iter().any(all) {
                        wide.push(format!("{} under {}, which allows everything", holder.name, ceiling.name));
                    } else if holder.unbinds {
                        wide.push(format!("{}, which may remove its own", holder.name));
                    }
                }
            }
        }
        told(&mut draft, seen, &roster, if bare.is_empty() { &wide } else { &bare });
        if !bare.is_empty() {
            return Ok(draft.fail(format!("no boundary over {}", some(&bare))));
        }
        if let Some(name) = unread {
            return Ok(draft
                .unclear(format!("the set of policies is not whole: the boundary of {name} was not in the answer")));
        }
        let draft = whole(draft, &roster)?;
        Ok(match (wide.is_empty(), count) {
            (false, _) => draft.warn(format!("a boundary that holds little: {}", some(&wide))),
            (true, 0) => draft.not_applicable("no role reaches tables or makes roles"),
            (true, count) => draft.pass(format!("each of {count} roles that reach tables has a ceiling")),
        })
    })
}
