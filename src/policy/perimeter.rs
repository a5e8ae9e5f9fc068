//! What a policy keeps in and out: where calls come from, whose principals, whose resources, over which transport.
//!
//! All of it reads the document alone, and says what the statements demand of any call.

use super::condition::{Condition, Operator, Quantifier};
use super::document::{Document, Effect, Names, Principal, Statement};
use super::pattern::{Pattern, action_matches};
use super::questions::is_narrow;

/// How far a document denies something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// Nothing denies it; at best it is not allowed by this document, and another may.
    Not,
    /// It is not allowed, which another document may do.
    NotAllowed,
    /// To some callers or for some calls.
    Partly,
    /// Always, also to AWS services that act for somebody.
    EvenToServices,
    /// Always, save to AWS services.
    Whole,
}

/// The actions that read or write items of a table.
pub const ITEM_ACTIONS: [&str; 14] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:SearchVectors",
    "dynamodb:UpdateItem",
];

/// The actions that change tables rather than items.
pub const CONTROL_WRITES: [&str; 30] = [
    "dynamodb:CancelBulkOperation",
    "dynamodb:CreateBackup",
    "dynamodb:CreateGlobalTable",
    "dynamodb:CreateTable",
    "dynamodb:CreateTableReplica",
    "dynamodb:DeleteBackup",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:DeleteTableReplica",
    "dynamodb:DisableKinesisStreamingDestination",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:ImportTable",
    "dynamodb:PurchaseReservedCapacityOfferings",
    "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:StartBulkPutItems",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateAbacStatus",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateGlobalTable",
    "dynamodb:UpdateGlobalTableSettings",
    "dynamodb:UpdateGlobalTableVersion",
    "dynamodb:UpdateKinesisStreamingDestination",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTableReplicaAutoScaling",
    "dynamodb:UpdateTimeToLive",
];

/// True when some statement allows an action, on whatever resource and under whatever condition, and none denies it
/// to everybody everywhere.
#[must_use]
pub fn lets(document: &Document, action: &str) -> bool {
    let denied = document.statements.iter().any(|one| {
        one.effect == Effect::Deny
            && one.conditions.is_empty()
            && one.binds_anyone()
            && one.is_on_everything()
            && one.actions.matches_action(action)
    });
    !denied && document.statements.iter().any(|one| one.effect == Effect::Allow && one.actions.matches_action(action))
}

/// How calls on a resource's items fare with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Through {
    /// None goes through.
    No,
    /// Some may, where the conditions of a denial do not hold.
    Perhaps,
    /// Some do.
    Yes,
}

/// Whether some statement allows item actions on a resource, whatever its conditions, and none denies them.
///
/// Variables of an allow may stand for anything; a denial counts for sure only where it holds for every caller.
#[must_use]
pub fn lets_items_of(document: &Document, arn: &str) -> Through {
    let (denials, allows): (Vec<&Statement>, Vec<&Statement>) =
        document.statements.iter().filter(|one| one.is_about(arn)).partition(|one| one.effect == Effect::Deny);
    let sure = |one: &Statement| {
        one.conditions.is_empty()
            && one.binds_anyone()
            && one.resources.as_ref().is_none_or(|names| names.surely_names(arn))
    };
    let one = |action: &&str| {
        let of = |one: &&&Statement| one.actions.matches_action(action);
        if !allows.iter().any(|one| of(&one)) || denials.iter().filter(of).any(|one| sure(one)) {
            Through::No
        } else if denials.iter().any(|one| of(&one)) {
            Through::Perhaps
        } else {
            Through::Yes
        }
    };
    ITEM_ACTIONS.iter().map(one).max().unwrap_or(Through::No)
}

/// How far a document denies calls on a resource that come over plain HTTP.
#[must_use]
pub fn denies_plain_http(document: &Document, arn: &str) -> Denied {
    let secure = |condition: &Condition, value: &str| {
        condition.operator == Operator::Bool
            && condition.key.eq_ignore_ascii_case("aws:SecureTransport")
            && condition.values.iter().all(|of| of.eq_ignore_ascii_case(value))
    };
    let of = |one: &Statement| match one.effect {
        Effect::Deny if one.is_about(arn) && one.conditions.iter().any(|of| secure(of, "false")) => {
            let whole = one.conditions.len() == 1 && one.binds_anyone() && one.actions.covers_service("dynamodb");
            if whole { Denied::Whole } else { Denied::Partly }
        }
        Effect::Allow if one.is_about(arn) && one.conditions.iter().any(|of| secure(of, "true")) => Denied::NotAllowed,
        _ => Denied::Not,
    };
    document.statements.iter().map(of).max().unwrap_or(Denied::Not)
}

/// Condition keys that hold where a call enters from, in lower case.
const SOURCES: [&str; 6] =
    ["aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"];
/// Condition keys that tell AWS services apart, in lower case.
const SERVICES: [&str; 5] = [
    "aws:calledvia",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:viaawsservice",
];

/// How far a document denies calls on a table's items that do not come through named endpoints or VPCs.
#[must_use]
pub fn denies_other_sources(document: &Document, arn: &str) -> Denied {
    let source = |condition: &Condition| SOURCES.contains(&condition.key.to_ascii_lowercase().as_str());
    let of = |one: &Statement| match one.effect {
        Effect::Deny if one.is_about(arn) && one.conditions.iter().any(|of| source(of) && of.negated) => {
            let sources = || one.conditions.iter().filter(|of| source(of));
            // All must hold for the denial: one that any endpoint escapes is enough to let every endpoint in.
            if !sources().all(|of| is_fixed(of, &SOURCES)) {
                return Denied::Not;
            }
            let rest = || one.conditions.iter().filter(|of| !source(of));
            let items = ITEM_ACTIONS.iter().all(|action| one.actions.matches_action(action));
            let callers = one.binds_anyone() && sources().all(|of| of.negated && of.holds_without_key());
            match () {
                () if !items || !callers || !rest().all(|of| excepts_services(of) || excepts_named(of)) => {
                    Denied::Partly
                }
                () if rest().any(excepts_services) => Denied::Whole,
                () => Denied::EvenToServices,
            }
        }
        Effect::Allow if one.is_about(arn) && one.conditions.iter().any(|of| source(of) && !of.negated) => {
            Denied::NotAllowed
        }
        _ => Denied::Not,
    };
    document.statements.iter().map(of).max().unwrap_or(Denied::Not)
}

/// True when a document denies every action of a service on everything to principals of other organizations or accounts,
/// save to AWS services.
#[must_use]
pub fn denies_strangers(document: &Document, service: &str) -> bool {
    let stranger = |of: &Condition| of.negated && of.holds_without_key() && is_fixed(of, &PRINCIPAL_KEYS);
    document.statements.iter().any(|one| {
        one.effect == Effect::Deny
            && one.binds_anyone()
            && one.is_on_everything()
            && one.actions.covers_service(service)
            && one.conditions.iter().any(stranger)
            && one.conditions.iter().all(|of| stranger(of) || excepts_services(of))
    })
}

/// True for a condition of a denial that leaves out calls of AWS services, and those alone.
fn excepts_services(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    let says = |word: &str| {
        !condition.values.is_empty() && condition.values.iter().all(|value| value.eq_ignore_ascii_case(word))
    };
    match (SERVICES.contains(&key.as_str()), &condition.operator) {
        (true, Operator::Bool) => key != "aws:calledvia" && says("false"),
        // A service's call is told by the key's being there.
        (true, Operator::Null) => key != "aws:viaawsservice" && key != "aws:principalisawsservice" && says("true"),
        (true, Operator::StringEquals { .. } | Operator::StringLike) => {
            condition.negated && condition.holds_without_key()
        }
        _ => false,
    }
}

/// True for a condition of a denial that leaves out identities it names, as the service's own roles.
fn excepts_named(condition: &Condition) -> bool {
    let named = |value: &String| {
        let resource = value.splitn(6, ':').nth(5).unwrap_or_default();
        let (_, name) = resource.split_once('/').unwrap_or_default();
        let named = !name.is_empty() && !name.starts_with(['*', '?', '$']);
        named && (name.starts_with("aws-service-role/") || is_narrow("aws:principalarn", value))
    };
    condition.negated
        && condition.key.eq_ignore_ascii_case("aws:PrincipalArn")
        && matches!(condition.operator, Operator::ArnLike | Operator::StringLike | Operator::StringEquals { .. })
        && !condition.values.is_empty()
        && condition.values.iter().all(named)
}

/// The endpoints that the statements which deny other sources name.
#[must_use]
pub fn fenced_endpoints(document: &Document, arn: &str) -> Vec<String> {
    let fence = |of: &&Condition| of.negated && of.key.eq_ignore_ascii_case("aws:SourceVpce");
    let denies = document.statements.iter().filter(|one| one.effect == Effect::Deny && one.is_about(arn));
    denies.flat_map(|one| &one.conditions).filter(fence).flat_map(|of| of.values.iter().cloned()).collect()
}

/// What every allow statement of a document limits: whose principals, and whose resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Principals are of named accounts, organizations or identities.
    pub principals: bool,
    /// Resources are of named accounts or organizations.
    pub resources: bool,
}

const PRINCIPAL_KEYS: [&str; 4] =
    ["aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"];
const RESOURCE_KEYS: [&str; 3] = ["aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"];

/// What the statements that allow a service's actions limit, all of them, or a deny for everything else.
#[must_use]
pub fn limits(document: &Document, service: &str) -> Limits {
    let allows: Vec<&Statement> = document
        .statements
        .iter()
        .filter(|one| one.effect == Effect::Allow && one.actions.touches_service(service))
        .collect();
    let denied = |keys: &[&str]| {
        document.statements.iter().any(|one| {
            one.effect == Effect::Deny
                && one.binds_anyone()
                && one.is_on_everything()
                && one.actions.covers_service(service)
                && one.conditions.len() == 1
                && one.conditions.iter().any(|of| of.negated && is_fixed(of, keys))
        })
    };
    let named = |one: &Statement| {
        let held = one.conditions.iter().any(|of| !of.negated && of.binds() && is_fixed(of, &PRINCIPAL_KEYS));
        held || one.principals.as_ref().is_some_and(|of| {
            !of.except && !of.who.is_empty() && of.who.iter().all(|who| !matches!(who, Principal::Anyone))
        })
    };
    let owned = |one: &Statement| {
        let held = one.conditions.iter().any(|of| !of.negated && of.binds() && is_fixed(of, &RESOURCE_KEYS));
        held || one.resources.as_ref().is_some_and(|names| {
            let account = |pattern: &String| pattern.split(':').nth(4).unwrap_or_default().to_owned();
            !names.except
                && !names.patterns.is_empty()
                && names.patterns.iter().all(|of| account(of).len() == 12 && !account(of).contains(['*', '?']))
        })
    };
    Limits {
        principals: denied(&PRINCIPAL_KEYS) || allows.iter().all(|one| named(one)),
        resources: denied(&RESOURCE_KEYS) || allows.iter().all(|one| owned(one)),
    }
}

/// True when a condition compares one of these keys with values without wildcards in what names the account.
fn is_fixed(condition: &Condition, keys: &[&str]) -> bool {
    let key = condition.key.to_ascii_lowercase();
    // `${aws:PrincipalAccount}` and its like are fixed for each caller: they hold principal and resource together. The
    // key's own variable holds whatever comes.
    let own = format!("${{{key}");
    let fixed = |value: &String| is_narrow(&key, value) && !value.to_ascii_lowercase().contains(&own);
    let compares =
        matches!(condition.operator, Operator::StringEquals { .. } | Operator::StringLike | Operator::ArnLike);
    compares && keys.contains(&key.as_str()) && !condition.values.is_empty() && condition.values.iter().all(fixed)
}

/// The allow statements for AWS services, with whether the calls they stand for are held to an account and to a resource.
#[must_use]
pub fn services_let_in(document: &Document) -> Vec<(usize, String, bool, bool)> {
    let mut found = Vec::new();
    for (at, one) in document.statements.iter().enumerate().filter(|(_, one)| one.effect == Effect::Allow) {
        let held = |keys: &[&str]| one.conditions.iter().any(|of| of.binds() && !of.negated && is_fixed(of, keys));
        let account = held(&["aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"]);
        let arn = held(&["aws:sourcearn"]);
        for who in one.principals.iter().flat_map(|of| &of.who) {
            if let Principal::Service(name) = who {
                found.push((at, name.clone(), account, arn));
            }
        }
    }
    found
}

/// The other accounts that allow statements let in as a whole: by number or root, without a fence of an organization.
#[must_use]
pub fn accounts_let_in_whole(document: &Document, own: &str) -> Vec<String> {
    let mut found = Vec::new();
    for one in document.statements.iter().filter(|one| one.effect == Effect::Allow) {
        if one.conditions.iter().any(|of| !of.negated && of.binds() && is_fixed(of, &PRINCIPAL_KEYS)) {
            continue;
        }
        for who in one.principals.iter().filter(|of| !of.except).flat_map(|of| &of.who) {
            let Principal::Aws(name) = who else { continue };
            let whole = name.len() == 12 || name.ends_with(":root");
            if let Some(account) = who.account().filter(|account| whole && account != own) {
                found.push(account);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl Condition {
    /// True when the condition cannot hold for a request that lacks its key.
    #[must_use]
    pub fn binds(&self) -> bool {
        !self.if_exists && self.quantifier != Some(Quantifier::ForAllValues)
    }
}

impl Statement {
    /// True when it binds every caller: it names everybody, or nobody, as an identity's own policy does.
    #[must_use]
    pub fn binds_anyone(&self) -> bool {
        self.principals.as_ref().is_none_or(|of| !of.except && of.who.contains(&Principal::Anyone))
    }

    fn is_about(&self, arn: &str) -> bool {
        self.resources.as_ref().is_none_or(|names| names.names(arn))
    }
}

impl Names {
    /// True when, as resources, they may name an ARN: variables may stand for anything.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        self.matches_with(arn, !self.except) != self.except
    }

    /// True when, as resources, they name an ARN whoever asks: variables may stand for nothing.
    #[must_use]
    pub fn surely_names(&self, arn: &str) -> bool {
        self.matches_with(arn, self.except) != self.except
    }

    /// Whether a pattern matches, where variables match all or nothing.
    fn matches_with(&self, arn: &str, anything: bool) -> bool {
        let wild = |name: &str| (anything && !name.is_empty()).then(|| "\u{10fffe}".to_owned());
        self.patterns
            .iter()
            .any(|pattern| Pattern::new(pattern, Some(&wild)).is_some_and(|pattern| pattern.matches(arn)))
    }

    /// True when, as actions, they hold any action of a service.
    fn touches_service(&self, service: &str) -> bool {
        if self.except {
            return !self.patterns.iter().any(|of| action_matches(of, &format!("{service}:")) || of == "*");
        }
        let service = format!("{service}:");
        self.patterns.iter().any(|of| {
            let of = of.to_ascii_lowercase();
            let fixed = of.split(['*', '?']).next().unwrap_or_default();
            service.starts_with(fixed) || fixed.starts_with(&service)
        })
    }
}

#[cfg(test)]
mod tests;
