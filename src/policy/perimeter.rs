//! What a policy keeps in and out: where calls come from, whose principals, whose resources, over which transport.
//!
//! All of it reads the document alone, and says what the statements demand of any call.

use super::condition::{Condition, Operator, Quantifier};
use super::document::{Document, Effect, Names, Principal, Statement};
use super::pattern::{Pattern, action_matches};

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
pub const CONTROL_WRITES: [&str; 24] = [
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
    "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateGlobalTable",
    "dynamodb:UpdateGlobalTableSettings",
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

/// True when some statement allows item actions on a resource, whatever its conditions; variables may stand for anything.
#[must_use]
pub fn lets_items_of(document: &Document, arn: &str) -> bool {
    document.statements.iter().any(|one| {
        one.effect == Effect::Allow
            && ITEM_ACTIONS.iter().any(|action| one.actions.matches_action(action))
            && one.resources.as_ref().is_none_or(|names| names.names(arn))
    })
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
    let key = |condition: &Condition| condition.key.to_ascii_lowercase();
    let source = |condition: &Condition| SOURCES.contains(&key(condition).as_str());
    let of = |one: &Statement| match one.effect {
        Effect::Deny if one.is_about(arn) && one.conditions.iter().any(|of| source(of) && of.negated) => {
            let rest = || one.conditions.iter().filter(|of| !source(of));
            // The service's own roles are left out by their ARN.
            let excepts =
                |of: &Condition| SERVICES.contains(&key(of).as_str()) || key(of) == "aws:principalarn" && of.negated;
            let items = ITEM_ACTIONS.iter().all(|action| one.actions.matches_action(action));
            let if_exists = one.conditions.iter().filter(|of| source(of)).all(|of| of.negated);
            match () {
                () if !items || !if_exists || !one.binds_anyone() || !rest().all(excepts) => Denied::Partly,
                () if rest().any(|of| SERVICES.contains(&key(of).as_str())) => Denied::Whole,
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

/// True when a condition holds one of these keys to values without wildcards in what names the account.
fn is_fixed(condition: &Condition, keys: &[&str]) -> bool {
    let key = condition.key.to_ascii_lowercase();
    // `${aws:PrincipalAccount}` and its like are fixed for each caller: they hold principal and resource together.
    let fixed = |value: &String| match key.ends_with("arn") {
        true => value.split(':').nth(4).is_some_and(|account| !account.is_empty() && !account.contains(['*', '?'])),
        false if key.ends_with("paths") => value.starts_with("o-") && !value.starts_with("o-*"),
        false => !value.is_empty() && !value.contains(['*', '?']),
    };
    keys.contains(&key.as_str()) && !condition.values.is_empty() && condition.values.iter().all(fixed)
}

/// The allow statements for AWS services, with whether the calls they stand for are held to an account and to a resource.
#[must_use]
pub fn services_let_in(document: &Document) -> Vec<(usize, String, bool, bool)> {
    let mut found = Vec::new();
    for (at, one) in document.statements.iter().enumerate().filter(|(_, one)| one.effect == Effect::Allow) {
        let held = |keys: &[&str]| {
            let is = |of: &&Condition| keys.contains(&of.key.to_ascii_lowercase().as_str());
            one.conditions.iter().filter(is).any(|of| of.binds() && !of.negated && !of.values.is_empty())
        };
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
    fn binds_anyone(&self) -> bool {
        self.principals.as_ref().is_none_or(|of| !of.except && of.who.contains(&Principal::Anyone))
    }

    fn is_about(&self, arn: &str) -> bool {
        self.resources.as_ref().is_none_or(|names| names.names(arn))
    }
}

impl Names {
    /// True when, as resources, they name an ARN; variables may stand for anything.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        let wild = |name: &str| (!name.is_empty()).then(|| "\u{10fffe}".to_owned());
        self.patterns
            .iter()
            .any(|pattern| Pattern::new(pattern, Some(&wild)).is_some_and(|pattern| pattern.matches(arn)))
            != self.except
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
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

    fn document(statements: &str) -> Document {
        Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
    }

    fn deny(action: &str, condition: &str) -> Document {
        document(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"*","Condition":{condition}}}"#
        ))
    }

    #[test]
    fn plain_http_is_denied_whole_partly_or_not() {
        let plain = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
        let of = |document: Document| denies_plain_http(&document, ARN);
        assert_eq!(of(deny("dynamodb:*", plain)), Denied::Whole);
        assert_eq!(of(deny("*", plain)), Denied::Whole);
        assert_eq!(of(deny("dynamodb:PutItem", plain)), Denied::Partly);
        let some = r#"{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:PrincipalAccount":"1"}}"#;
        assert_eq!(of(deny("dynamodb:*", some)), Denied::Partly);
        assert_eq!(of(deny("dynamodb:*", r#"{"Bool":{"aws:SecureTransport":"true"}}"#)), Denied::Not);
        let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#;
        assert_eq!(of(document(allow)), Denied::NotAllowed);
        let other = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:dynamodb:*:*:table/other","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
        assert_eq!(of(document(other)), Denied::Not);
    }

    #[test]
    fn other_sources_are_denied_with_and_without_exceptions() {
        let of = |condition: &str| denies_other_sources(&deny("dynamodb:*", condition), ARN);
        assert_eq!(of(r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#), Denied::EvenToServices);
        let excepting =
            r#"{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"},"BoolIfExists":{"aws:ViaAWSService":"false"}}"#;
        assert_eq!(of(excepting), Denied::Whole);
        let one = r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1","aws:PrincipalTag/team":"a"}}"#;
        assert_eq!(of(one), Denied::Partly);
        assert_eq!(of(r#"{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#), Denied::Not);
        assert_eq!(denies_other_sources(&deny("dynamodb:GetItem", excepting), ARN), Denied::Partly);
        assert_eq!(fenced_endpoints(&deny("dynamodb:*", excepting), ARN), ["vpce-1"]);
        let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}"#;
        assert_eq!(denies_other_sources(&document(allow), ARN), Denied::NotAllowed);
    }

    #[test]
    fn what_an_endpoint_limits() {
        let of = |statement: &str| {
            let limits = limits(&document(statement), "dynamodb");
            (limits.principals, limits.resources)
        };
        let own = r#"{"Effect":"Allow","Principal":"*","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:111122223333:table/*"}"#;
        assert_eq!(of(own), (false, true));
        let both =
            own.replace(r#""Resource""#, r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Resource""#);
        assert_eq!(of(&both), (true, true));
        assert_eq!(of(&both.replace("StringEquals", "StringEqualsIfExists")), (false, true));
        assert_eq!(of(&format!("{both},{own}")), (false, true));
        let wide = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
        assert_eq!(of(wide), (false, false));
        let denied = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceOrgID":"o-1"}}}"#;
        assert_eq!(of(&format!("{wide},{denied}")), (false, true));
        let other = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
        assert_eq!(of(&format!("{both},{other}")), (true, true));
        assert_eq!(of(&wide.replace(r#""*","Action""#, r#"{"AWS":"111122223333"},"Action""#)), (true, false));
    }

    #[test]
    fn services_and_accounts_that_are_let_in() {
        let service = r#"{"Effect":"Allow","Principal":{"Service":"replication.dynamodb.amazonaws.com"},"Action":"*","Resource":"*"}"#;
        assert_eq!(
            services_let_in(&document(service)),
            [(0, "replication.dynamodb.amazonaws.com".to_owned(), false, false)]
        );
        let held = service.replace(
            r#""Action""#,
            r#""Condition":{"StringEquals":{"aws:SourceAccount":"1"},"ArnLike":{"aws:SourceArn":"arn:x"}},"Action""#,
        );
        assert!(matches!(services_let_in(&document(&held)).as_slice(), [(0, _, true, true)]));
        let account = r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::111122223333:root","arn:aws:iam::777788889999:role/a"]},"Action":"*","Resource":"*"}"#;
        assert_eq!(accounts_let_in_whole(&document(account), "111122223333"), ["444455556666"]);
        let fenced =
            account.replace(r#""Action""#, r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Action""#);
        assert!(accounts_let_in_whole(&document(&fenced), "111122223333").is_empty());
    }

    #[test]
    fn what_is_let_through() {
        let items = document(
            r#"{"Effect":"Allow","Principal":"*","Action":["dynamodb:Get*","dynamodb:UpdateTable"],
               "Resource":"arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}-*"}"#,
        );
        assert!(
            lets(&items, "dynamodb:GetItem")
                && lets(&items, "dynamodb:UpdateTable")
                && !lets(&items, "dynamodb:PutItem")
        );
        assert!(lets_items_of(&items, "arn:aws:dynamodb:eu-west-1:1:table/a-b"));
        assert!(!lets_items_of(&items, ARN));
        let denied = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
            {"Effect":"Deny","Principal":"*","Action":"dynamodb:PutItem","Resource":"*"}"#;
        assert!(!lets(&document(denied), "dynamodb:PutItem") && lets(&document(denied), "dynamodb:GetItem"));
    }
}
