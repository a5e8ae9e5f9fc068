//! Identity: long-lived keys, second factors, and the root user.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Cell, Estate, Judgement, Scope, Seen};
use crate::policy::{Actions, Document, Effect, Operator, Principal, Statement};

use super::draft::Draft;
use super::roster::{DETAILS, Holder, Kind, each_account, global, roster, some};
use super::{Baseline, Control, Judge};

pub(super) const REPORT: &str = "iam:GetCredentialReport";
const SUMMARY: &str = "iam:GetAccountSummary";
const EVENTS: &str = "cloudtrail:LookupEvents";
const LIST: &str = "dynamodb:ListTables";
const TAGS: &str = "dynamodb:ListTagsOfResource";

/// A key older than this should have been changed.
const OLD: SignedDuration = SignedDuration::from_hours(24 * 90);

/// One line of the credential report.
#[derive(Debug)]
struct Line {
    user: String,
    arn: String,
    console: bool,
    mfa: bool,
    keys: Vec<Key>,
}

/// An access key that is active.
#[derive(Debug)]
struct Key {
    made: Option<Timestamp>,
    used: Option<Timestamp>,
    service: String,
}

/// Reads the report; `None` where it is not of its form.
fn lines(text: &str) -> Option<Vec<Line>> {
    let mut rows = text.lines();
    let names: Vec<&str> = rows.next()?.split(',').collect();
    rows.map(|row| line(&names, row)).collect()
}

fn line(names: &[&str], row: &str) -> Option<Line> {
    let fields: Vec<&str> = row.split(',').collect();
    // A user's name may hold commas, and its ARN holds the name: whatever follows is counted from the end.
    let more = fields.len().checked_sub(names.len())?;
    let name = more / 2 + 1;
    let user = fields.get(..name)?.join(",");
    let arn = fields.get(name..more + 2)?.join(",");
    let field = |wanted: &str| {
        let at = names.iter().position(|name| *name == wanted)?;
        fields.get(at + more).copied()
    };
    // The root user's password is neither switched on nor off.
    let truth = |name: &str| match field(name)? {
        "true" => Some(true),
        "false" | "not_supported" => Some(false),
        _ => None,
    };
    let time = |name: &str| field(name).and_then(|text| text.parse().ok());
    let mut keys = Vec::new();
    for key in ["access_key_1", "access_key_2"] {
        if truth(&format!("{key}_active"))? {
            keys.push(Key {
                made: time(&format!("{key}_last_rotated")),
                used: time(&format!("{key}_last_used_date")),
                service: field(&format!("{key}_last_used_service")).unwrap_or_default().to_owned(),
            });
        }
    }
    let (console, mfa) = (truth("password_enabled")?, truth("mfa_active")?);
    Some(Line { user, arn, console, mfa, keys })
}

/// A judgement on its way, with the report.
type Read<'a> = (Draft, &'a Seen<Value>, Vec<Line>);

/// The report of an account.
fn report<'a>(draft: Draft, estate: &'a Estate, account: &str) -> Result<Read<'a>, Box<Judgement>> {
    let (draft, seen) = global(draft, estate, account, REPORT)?;
    let Some(text) = seen.value["Content"].as_str() else {
        let why = "no credential report is at hand: somebody has to have it made (iam:GenerateCredentialReport), which \
                   this program never does";
        return Err(Box::new(draft.unclear(why)));
    };
    match lines(text) {
        Some(lines) => Ok((draft, seen, lines)),
        None => Err(Box::new(draft.unclear("the credential report could not be understood"))),
    }
}

const ROOT: &str = "<root_account>";

/// IAM-13.
pub(super) const IAM_13: &Control = &Control {
    id: "IAM-13",
    operations: &[DETAILS, REPORT, LIST, TAGS],
    blind: "the report is made by somebody else, and may be four hours old; of a key's uses it knows the last",
    judge: Judge::Estate(keys),
};

fn keys(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_13, estate, baseline, |draft, account, _| {
        let (mut draft, details, roster) = roster(draft, estate, account)?;
        let users: Vec<&Holder> = roster.holders.iter().filter(|of| of.kind == Kind::User).collect();
        draft.saw(details, [format!("UserDetailList={}", users.len())]);
        if users.is_empty() {
            return Ok(draft.pass("the account has no IAM users"));
        }
        let (mut draft, seen, lines) = report(draft, estate, account)?;
        let (mut using, mut able, mut unread) = (Vec::new(), Vec::new(), None);
        for line in lines.iter().filter(|line| line.user != ROOT) {
            let holder = users.iter().find(|of| of.arn == line.arn);
            for key in &line.keys {
                if matches!(key.service.as_str(), "dynamodb" | "dax") {
                    using.push(line.user.clone());
                    continue;
                }
                match holder {
                    Some(holder) if !holder.may(None).and(Actions::items()).is_empty() => {
                        let old = key.made.is_some_and(|made| estate.now.duration_since(made) > OLD);
                        let word = match (key.used, old) {
                            (None, _) => ", never used",
                            (_, true) => ", older than 90 days",
                            _ => "",
                        };
                        able.push(format!("{}{word}", line.user));
                    }
                    Some(holder) => unread = unread.or(holder.unread.clone()),
                    None => unread = unread.or(Some(format!("user {}", line.user))),
                }
            }
        }
        draft.saw(
            seen,
            [using.len(), able.len()]
                .iter()
                .zip(["used for dynamodb", "able"])
                .map(|(n, what)| format!("access_key_active, {what}: {n}")),
        );
        Ok(match (using.is_empty(), able.is_empty(), unread) {
            (false, ..) => draft.fail(format!("access keys of users were last used for DynamoDB: {}", some(&using))),
            (_, false, _) => draft.warn(format!("access keys of users reach items of tables: {}", some(&able))),
            (_, _, Some(what)) => {
                draft.unclear(format!("the set of policies is not whole: {what} was not in the answer"))
            }
            _ => draft.pass("no user's access key reaches items of a table"),
        })
    })
}

/// IAM-14.
pub(super) const IAM_14: &Control = &Control {
    id: "IAM-14",
    operations: &[DETAILS, REPORT, LIST, TAGS],
    blind: "second factors at an identity provider; conditions on single statements",
    judge: Judge::Estate(second_factor),
};

/// Who may take a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Somebody whom an identity provider lets in.
    Federated,
    /// A user of an account, without a second factor.
    Open,
}

fn door(trust: &Document) -> Option<Door> {
    let mfa = |one: &Statement| {
        one.conditions.iter().any(|of| {
            let key = of.key.to_ascii_lowercase();
            key == "aws:multifactorauthage" && !of.if_exists
                || key == "aws:multifactorauthpresent"
                    && of.operator == Operator::Bool
                    && !of.if_exists
                    && of.values.iter().all(|value| value == "true")
        })
    };
    let person = |who: &Principal| match who {
        Principal::Anyone => true,
        Principal::Aws(name) => name.len() == 12 || name.ends_with(":root") || name.contains(":user/"),
        _ => false,
    };
    let allows = || trust.statements.iter().filter(|one| one.effect == Effect::Allow);
    let whom = |one: &Statement, is: &dyn Fn(&Principal) -> bool| {
        one.principals.as_ref().is_some_and(|of| of.who.iter().any(is))
    };
    if allows().any(|one| whom(one, &person) && !mfa(one)) {
        return Some(Door::Open);
    }
    // Workloads come with a web identity of their own: that is nobody's sign-in.
    let federated = |who: &Principal| matches!(who, Principal::Federated(of) if of.contains(":saml-provider/"));
    allows().any(|one| whom(one, &federated)).then_some(Door::Federated)
}

fn second_factor(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_14, estate, baseline, |draft, account, _| {
        let (mut draft, details, roster) = roster(draft, estate, account)?;
        let changes = |of: &Holder| !of.may(None).and(Actions::control()).is_empty();
        let users: Vec<&Holder> = roster.holders.iter().filter(|of| of.kind == Kind::User).collect();
        draft.saw(details, [format!("UserDetailList={}", users.len())]);
        let mut bare = Vec::new();
        if !users.is_empty() {
            let (with, seen, lines) = report(draft, estate, account)?;
            draft = with;
            let weak = lines.iter().filter(|line| line.console && !line.mfa && line.user != ROOT);
            let weak: Vec<&Line> = weak.collect();
            draft.saw(seen, [format!("password_enabled=true mfa_active=false: {}", weak.len())]);
            let of = |line: &&&Line| users.iter().any(|of| of.arn == line.arn && changes(of));
            bare.extend(weak.iter().filter(of).map(|line| line.user.clone()));
        }
        if !bare.is_empty() {
            return Ok(draft.fail(format!("users who change tables sign in without a second factor: {}", some(&bare))));
        }
        if let Some(what) = roster.unread() {
            return Ok(draft.unclear(format!("the set of policies is not whole: {what} was not in the answer")));
        }
        let roles = || roster.everyday(baseline).filter(|of| of.kind == Kind::Role && changes(of));
        let by = |wanted: Door| -> Vec<String> {
            let of = roles().filter(|of| of.trust.as_ref().and_then(door) == Some(wanted));
            of.map(|of| of.name.clone()).collect()
        };
        let (open, federated) = (by(Door::Open), by(Door::Federated));
        draft
            .saw(details, open.iter().chain(&federated).take(3).map(|name| format!("{name}.AssumeRolePolicyDocument")));
        Ok(match (open.is_empty(), federated.is_empty()) {
            (false, _) => {
                draft.warn(format!("roles that change tables are taken without a second factor: {}", some(&open)))
            }
            (_, false) => draft.warn(format!(
                "the second factor of roles that change tables is the identity provider's, and not seen: {}",
                some(&federated)
            )),
            _ => draft.pass("whoever changes tables signs in with a second factor"),
        })
    })
}

/// IAM-17.
pub(super) const IAM_17: &Control = &Control {
    id: "IAM-17",
    operations: &[SUMMARY, EVENTS, LIST, TAGS],
    blind: "calls on items, regions that are not polled, and, of more than fifty calls in a region, the older ones",
    judge: Judge::Estate(root),
};

/// Services of the data estate.
const ESTATE: [&str; 4] =
    ["cloudtrail.amazonaws.com", "dax.amazonaws.com", "dynamodb.amazonaws.com", "kms.amazonaws.com"];

fn root(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(IAM_17, estate, baseline, |mut draft, account, _| {
        let summary = estate.home(account, SUMMARY).and_then(|scope| estate.answer(scope, SUMMARY, ""));
        let keys = summary.and_then(Cell::value).and_then(|of| entry(of, "AccountAccessKeysPresent"));
        if let (Some(seen), Some(keys @ 1..)) = (summary.and_then(|cell| cell.seen.as_ref()), keys) {
            draft.saw(seen, [format!("SummaryMap.AccountAccessKeysPresent={keys}")]);
            return Ok(draft.fail("the root user has an access key"));
        }
        let scopes: Vec<&Scope> = estate.scopes.iter().filter(|scope| scope.account == account).collect();
        let mut used = None;
        for scope in &scopes {
            let Some(seen) = estate.answer(scope, EVENTS, "").and_then(|cell| cell.seen.as_ref()) else { continue };
            let events = seen.value["Events"].as_array().map_or(&[][..], Vec::as_slice);
            let of = |event: &&Value| event["EventSource"].as_str().is_some_and(|of| ESTATE.contains(&of));
            let word = |event: &Value, name: &str| event[name].as_str().unwrap_or("?").to_owned();
            if let Some(event) = events.iter().find(of) {
                let (name, source) = (word(event, "EventName"), word(event, "EventSource"));
                draft.saw(seen, [format!("Events[].EventName={name} EventSource={source}")]);
                return Ok(draft.fail(format!("the root user called {name} of {source} in {}", scope.region)));
            }
            if let Some(event) = events.first() {
                used = used.or(Some((seen, events.len(), word(event, "EventName"), scope.region.as_str())));
            }
        }
        let (mut draft, seen) = draft.need(SUMMARY, summary)?;
        let Some(keys) = keys else { return Ok(draft.unclear("AccountAccessKeysPresent is not in the summary")) };
        draft.saw(seen, [format!("SummaryMap.AccountAccessKeysPresent={keys}")]);
        for scope in scopes {
            let (with, seen) = draft.answer(estate, scope, EVENTS, "")?;
            draft = with;
            draft.saw(
                seen,
                [format!("{}: Events={}", scope.region, seen.value["Events"].as_array().map_or(0, Vec::len))],
            );
        }
        Ok(match used {
            Some((_, count, name, region)) => {
                draft.warn(format!("the root user was used in {region}: {count} events, {name} the newest"))
            }
            None => draft.pass("the root user has no access key and was not used for 90 days"),
        })
    })
}

/// A number of the summary.
fn entry(summary: &Value, name: &str) -> Option<u64> {
    let entries = summary.pointer("/SummaryMap/entry")?.as_array()?;
    entries.iter().find(|of| of["key"] == name)?["value"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_by_their_columns_and_names_may_hold_commas() {
        let text = "user,arn,password_enabled,mfa_active,password_last_used,access_key_1_active,access_key_1_last_rotated,\
                    access_key_1_last_used_date,access_key_1_last_used_service,access_key_2_active\n\
                    a,b,arn:aws:iam::1:user/a,b,true,false,no_information,true,2026-01-01T00:00:00+00:00,N/A,N/A,false\n\
                    <root_account>,arn:aws:iam::1:root,not_supported,true,2026-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false";
        let read = lines(text).unwrap();
        assert_eq!((read[0].user.as_str(), read[0].arn.as_str()), ("a,b", "arn:aws:iam::1:user/a,b"));
        assert!(read[0].console && !read[0].mfa && read[0].keys.len() == 1);
        assert!(read[0].keys[0].made.is_some() && read[0].keys[0].used.is_none());
        assert!(!read[1].console && read[1].mfa);
        assert!(lines("user,arn,password_enabled\na,b").is_none() && lines("user,arn\na,b").is_none());
    }
}
