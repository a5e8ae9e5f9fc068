//! Front doors: whether what the internet reaches carries a web ACL that stops something, and how it stands against floods.
//! AWS knows no tie between a front door and a table: the configuration declares which there are.

use std::collections::BTreeSet;

use serde_json::Value;
use wildmatch::WildMatch;

use crate::model::{DataClass, Estate, FrontDoor, Judgement, Scope, Seen, Table};

use super::draft::{Draft, Unread, by_class, settle, strictest_in};
use super::roster::global;
use super::{Baseline, Control, Judge};

const ACL_OF: &str = "wafv2:GetWebACLForResource";
const ACL: &str = "wafv2:GetWebACL";
const LOGGING: &str = "wafv2:GetLoggingConfiguration";
const DISTRIBUTION: &str = "cloudfront:GetDistributionConfig";
const SUBSCRIPTION: &str = "shield:GetSubscriptionState";
const PROTECTIONS: &str = "shield:ListProtections";

/// NET-12. A distribution's web ACL is told by CloudFront alone: `GetWebACLForResource` refuses it, and one call a door is
/// less than all lists of all ACLs.
pub(super) const NET_12: &Control = &Control {
    id: "NET-12",
    operations: &[ACL_OF, ACL, LOGGING, DISTRIBUTION, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "front doors that the configuration does not declare; what single rules inside a managed group are overridden to",
    judge: Judge::Estate(guarded),
};

/// NET-13.
pub(super) const NET_13: &Control = &Control {
    id: "NET-13",
    operations: &[SUBSCRIPTION, PROTECTIONS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "Shield Standard, which every account has, answers no call; front doors that the configuration does not declare",
    judge: Judge::Estate(shielded),
};

fn guarded(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(NET_12, estate, baseline, |draft, door, _| judge_acl(draft, estate, door))
}

fn shielded(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each(NET_13, estate, baseline, |draft, door, class| judge_shield(draft, estate, door, (class, baseline)))
}

/// A row for each front door declared, and one for each account without any.
fn each(
    control: &'static Control,
    estate: &Estate,
    baseline: &Baseline,
    judge: impl Fn(Draft, &FrontDoor, DataClass) -> Result<Judgement, Box<Judgement>>,
) -> Vec<Judgement> {
    let accounts: BTreeSet<&str> = estate.scopes.iter().map(|scope| scope.account.as_str()).collect();
    let mut found = Vec::new();
    for account in accounts {
        let mut doors = estate.doors.iter().flatten().filter(|door| door.account == account).peekable();
        if doors.peek().is_none() {
            found.push(without(control, estate, baseline, account));
            continue;
        }
        for door in doors {
            let draft = Draft::new(control, &door.arn);
            found.push(match asked(control, estate, baseline, account, Some(door)) {
                None => draft.not_applicable("no table behind it states a class that asks for it"),
                Some((class, unread)) => by_class(settle(judge(draft, door, class)), unread),
            });
        }
    }
    let polled = |door: &&FrontDoor| !estate.scopes.iter().any(|scope| scope.account == door.account);
    let elsewhere = estate.doors.iter().flatten().filter(polled);
    found.extend(elsewhere.map(|door| {
        Draft::new(control, &door.arn).unclear(format!("it lies in account {}, which is not polled", door.account))
    }));
    found
}

/// The strictest class of the tables behind a front door, or of an account, where it asks for a control; and why that is a
/// guess.
fn asked<'a>(
    control: &Control,
    estate: &'a Estate,
    baseline: &Baseline,
    account: &str,
    door: Option<&FrontDoor>,
) -> Option<(DataClass, Unread<'a>)> {
    let behind = |table: &Table| {
        let named = door.map_or(&[][..], |door| &door.tables);
        named.is_empty() || named.iter().any(|name| WildMatch::new(name).matches(&table.name))
    };
    let (class, unread) = strictest_in(estate, |scope| scope.account == account, behind)?;
    baseline.asks(class, control.id).then_some((class, unread))
}

fn without(control: &'static Control, estate: &Estate, baseline: &Baseline, account: &str) -> Judgement {
    let draft = Draft::new(control, account);
    if estate.doors.is_none() {
        return draft.unknown("the front doors declared", None);
    }
    match asked(control, estate, baseline, account, None) {
        None => draft.not_applicable("no table here states a class that asks for it"),
        Some(_) => draft.unclear(
            "no front door of this account is declared: name what the internet reaches as [[front_doors]] of the \
             configuration",
        ),
    }
}

/// The scope that a front door was asked in: its own region's.
fn place<'a>(draft: Draft, estate: &'a Estate, door: &FrontDoor) -> Result<(Draft, &'a Scope), Box<Judgement>> {
    let region = door.region.as_deref();
    let own = estate.scopes.iter().find(|of| of.account == door.account && Some(of.region.as_str()) == region);
    match own {
        Some(scope) => Ok((draft, scope)),
        None => {
            let region = region.unwrap_or("no region");
            Err(Box::new(draft.unclear(format!("it lies in {region}, which is not polled"))))
        }
    }
}

/// The scope that a distribution was asked in.
fn home<'a>(draft: Draft, estate: &'a Estate, door: &FrontDoor) -> Result<(Draft, &'a Scope), Box<Judgement>> {
    match estate.home(&door.account, DISTRIBUTION) {
        Some(scope) => Ok((draft, scope)),
        None => Err(Box::new(draft.unknown(DISTRIBUTION, None))),
    }
}

fn judge_acl(mut draft: Draft, estate: &Estate, door: &FrontDoor) -> Result<Judgement, Box<Judgement>> {
    let (scope, seen);
    if door.distribution().is_some() {
        (draft, scope) = home(draft, estate, door)?;
        let told;
        (draft, told) = draft.answer(estate, scope, DISTRIBUTION, &door.arn)?;
        let arn = told.value["WebACLId"].as_str().unwrap_or_default();
        draft.saw(told, [format!("DistributionConfig.WebACLId={}", if arn.is_empty() { "absent" } else { arn })]);
        match arn {
            "" => return Ok(draft.fail("it carries no web ACL")),
            // An id of its own is one of the first AWS WAF, which has ended.
            _ if !arn.starts_with("arn:") => {
                return Ok(draft.fail("its web ACL is of AWS WAF Classic, which has ended"));
            }
            _ => {}
        }
        (draft, seen) = draft.answer(estate, scope, ACL, arn)?;
    } else {
        (draft, scope) = place(draft, estate, door)?;
        (draft, seen) = draft.answer(estate, scope, ACL_OF, &door.arn)?;
        if !seen.value["WebACL"].is_object() {
            draft.saw(seen, ["WebACL=absent".to_owned()]);
            return Ok(draft.fail("it carries no web ACL"));
        }
    }
    judge_rules(draft, estate, scope, seen)
}

fn judge_rules(
    mut draft: Draft,
    estate: &Estate,
    scope: &Scope,
    seen: &Seen<Value>,
) -> Result<Judgement, Box<Judgement>> {
    let of = &seen.value["WebACL"];
    let (name, arn) = (of["Name"].as_str().unwrap_or("its web ACL"), of["ARN"].as_str().unwrap_or_default());
    let groups = ["PreProcessFirewallManagerRuleGroups", "Rules", "PostProcessFirewallManagerRuleGroups"];
    let rules: Vec<&Value> = groups.iter().filter_map(|list| of[*list].as_array()).flatten().collect();
    let counting = rules.iter().filter(|rule| only_counts(rule)).count();
    draft.saw(
        seen,
        [format!("WebACL.ARN={arn}"), format!("WebACL.Rules={}, {counting} of them only count", rules.len())],
    );
    if rules.is_empty() {
        return Ok(draft.fail(format!("the web ACL {name} has no rules")));
    }
    if counting == rules.len() {
        return Ok(draft.warn(format!("the rules of the web ACL {name} only count: nothing is stopped")));
    }
    let (mut draft, logging) = draft.answer(estate, scope, LOGGING, arn)?;
    let to = logging.value["LoggingConfiguration"]["LogDestinationConfigs"].as_array().map_or(0, Vec::len);
    draft.saw(logging, [format!("LoggingConfiguration.LogDestinationConfigs={to}")]);
    if to == 0 {
        return Ok(draft.warn(format!("the web ACL {name} logs nothing")));
    }
    let managed: Vec<&str> = rules.iter().filter(|rule| !only_counts(rule)).filter_map(|rule| managed(rule)).collect();
    Ok(match managed.first() {
        Some(group) => draft.pass(format!("the web ACL {name} stops what {group} knows, and logs")),
        None => draft
            .warn(format!("the web ACL {name} has no managed rules, or they only count: is it as good as AWS's own?")),
    })
}

/// True for a rule that stops nothing by itself.
fn only_counts(rule: &&Value) -> bool {
    ["Action", "OverrideAction"].iter().any(|member| rule[*member]["Count"].is_object())
}

/// The managed group of a rule: its own, or one that Firewall Manager put there.
fn managed(rule: &Value) -> Option<&str> {
    let own = &rule["Statement"]["ManagedRuleGroupStatement"]["Name"];
    let put = &rule["FirewallManagerStatement"]["ManagedRuleGroupStatement"]["Name"];
    own.as_str().or(put.as_str())
}

fn judge_shield(
    draft: Draft,
    estate: &Estate,
    door: &FrontDoor,
    (class, baseline): (DataClass, &Baseline),
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, state) = global(draft, estate, &door.account, SUBSCRIPTION)?;
    let word = state.value["SubscriptionState"].as_str().unwrap_or_default();
    draft.saw(state, [format!("SubscriptionState={word}")]);
    match word {
        "ACTIVE" => {}
        "INACTIVE" => {
            return Ok(if baseline.of(class).shield_advanced {
                draft.fail(format!("class {} asks for Shield Advanced, which is not subscribed to", class.word()))
            } else {
                let word = class.word();
                draft
                    .not_applicable(format!("Shield Standard alone, which is always on; class {word} asks for no more"))
            });
        }
        other => return Ok(draft.unclear(format!("SubscriptionState is {other:?}"))),
    }
    let (mut draft, seen) = global(draft, estate, &door.account, PROTECTIONS)?;
    let all = seen.value["Protections"].as_array().map_or(&[][..], Vec::as_slice);
    let found = all.iter().any(|of| of["ResourceArn"].as_str() == Some(&door.arn));
    draft.saw(seen, [format!("Protections[ResourceArn={}]={found}", door.arn)]);
    Ok(match (found, door.may_be_shielded()) {
        (true, _) => draft.pass("Shield Advanced protects it"),
        (false, true) => draft.warn("Shield Advanced is paid for and does not protect it"),
        (false, false) => {
            draft.warn("Shield Advanced protects nothing of its kind: a distribution before it can be protected")
        }
    })
}
