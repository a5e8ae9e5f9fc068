//! Who it really was: from the credentials of a call back, over the calls that issued them, to where they began.
//!
//! Temporary credentials are issued by a call that CloudTrail records, and the record names the key it issued. So
//! each hop back is a proof where that record was read, and a guess by names where it was not; every hop says which.

mod identity;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use identity::Identity;

/// How sure a step of the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// A name that anybody may choose suggests it.
    Possible,
    /// Several things agree, none of them proves it.
    Likely,
    /// The record says so.
    Certain,
}

impl Sure {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// One step back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Who had the credentials that asked for the next ones.
    pub who: Identity,
    /// The call that issued them, `AssumeRole`.
    pub call: String,
    /// The id of its event.
    pub event: String,
    /// When.
    pub at: Option<Timestamp>,
    /// From which address.
    pub ip: Option<String>,
    /// When what it issued ends: as the answer says, else as long after it as was asked for.
    pub ends: Option<Timestamp>,
    /// How sure it is that this call issued them.
    pub sure: Sure,
    /// Why, in words.
    pub why: String,
}

/// Where the chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// A name: a user, an instance, a service. `None` when it is not known.
    pub name: Option<String>,
    /// What it is and how that is known, in words.
    pub what: String,
    /// How sure.
    pub sure: Sure,
}

/// What would be needed to go further back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In words.
    pub words: String,
    /// The key whose issue is looked for: a search for it as a resource would find it.
    pub key: Option<String>,
}

/// The way back from one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// As whom the call was made.
    pub start: Identity,
    /// The steps back, nearest first.
    pub hops: Vec<Hop>,
    /// Where it began.
    pub origin: Origin,
    /// What is missing.
    pub missing: Vec<Missing>,
}

/// A chain is longer only in a trail made up to be endless.
const LONGEST: usize = 16;
/// `creationDate` and the time of the issuing call are the same second, or one beside it.
const BESIDE: SignedDuration = SignedDuration::from_secs(2);
/// How far around the creation of a session its issue is looked for.
const AROUND: SignedDuration = SignedDuration::from_mins(5);
/// The longest that temporary credentials live: `GetSessionToken`'s.
const LIFE: SignedDuration = SignedDuration::from_hours(36);

/// Whether an event may have issued credentials.
#[must_use]
pub fn issues(source: &str, name: &str) -> bool {
    source.starts_with("sts.amazonaws.com")
        && (name.starts_with("AssumeRole") || name == "GetSessionToken" || name == "GetFederationToken")
}

/// The way back from a record. `read` hands over the records of a window that [`issues`] holds for.
///
/// `None` when the text is no record at all.
pub fn chain(raw: &str, read: &mut dyn FnMut(Timestamp, Timestamp) -> Vec<String>) -> Option<Chain> {
    let first: Value = serde_json::from_str(raw).ok()?;
    let start = Identity::of(&first);
    let (mut who, mut at) = (start.clone(), moment(&first));
    let (mut hops, mut missing): (Vec<Hop>, _) = (Vec::new(), Vec::new());
    while who.is_temporary() && hops.len() < LONGEST {
        let window = match (who.created, at) {
            (Some(created), _) => Some((created.saturating_sub(AROUND).ok(), created.saturating_add(AROUND).ok())),
            (None, Some(at)) => Some((at.saturating_sub(LIFE).ok(), Some(at))),
            (None, None) => None,
        };
        let read: Vec<Issue> = match window {
            Some((Some(from), Some(to))) => read(from, to).iter().filter_map(|raw| Issue::read(raw)).collect(),
            _ => Vec::new(),
        };
        // A key may be a word that was put in its place: no call is its own cause.
        let known =
            |issue: &&Issue| hops.iter().all(|hop| hop.event != issue.id) && text(&first, "eventID") != Some(&issue.id);
        let Some((issue, sure, why)) = best(&who, read.iter().filter(known)) else {
            if who.names_nobody() {
                missing.push(unissued(&who));
            }
            break;
        };
        let (mut hop, shared) = (issue.hop(sure, why), issue.shared.as_deref());
        if hop.who.kind == "AWSAccount" {
            // The other half of a call across accounts, as the caller's own trail recorded it.
            let half =
                read.iter().find(|other| other.id != issue.id && shared.is_some() && other.shared.as_deref() == shared);
            match half.filter(|half| half.who.kind != "AWSAccount") {
                Some(half) => hop.who = half.who.clone(),
                None => missing.push(other_half(&hop.who, shared)),
            }
        }
        (who, at) = (hop.who.clone(), hop.at);
        hops.push(hop);
    }
    let origin = origin(&start, &who, &hops);
    Some(Chain { start, hops, origin, missing })
}

fn unissued(who: &Identity) -> Missing {
    let call = if who.kind == "FederatedUser" { "GetFederationToken" } else { "AssumeRole" };
    let when = who.created.map(|at| format!(" of {at:.0}")).unwrap_or_default();
    let what = who.key.as_ref().map_or_else(|| format!("session {}", who.name()), |key| format!("key {key}"));
    Missing {
        words: format!("the {call} event{when} that issued {what} is not among the events read"),
        key: who.key.clone(),
    }
}

fn other_half(who: &Identity, shared: Option<&str>) -> Missing {
    let account = who.account.as_deref().unwrap_or("another account");
    let half = shared.map(|id| format!(" (sharedEventID {id})")).unwrap_or_default();
    let words = format!(
        "who in {account} it was: that account's own trail has the other half{half}, not among the events read"
    );
    Missing { words, key: None }
}

/// A call that issued credentials.
struct Issue {
    id: String,
    call: String,
    at: Option<Timestamp>,
    ip: Option<String>,
    who: Identity,
    shared: Option<String>,
    key: Option<String>,
    ends: Option<Timestamp>,
    session: Option<String>,
    /// The role's name and the session's, as asked for.
    asked: Option<(String, String)>,
}

impl Issue {
    fn read(raw: &str) -> Option<Self> {
        let record: Value = serde_json::from_str(raw).ok()?;
        if record.get("errorCode").is_some_and(Value::is_string) {
            return None;
        }
        let (answer, request) = (part(&record, "responseElements"), part(&record, "requestParameters"));
        let role = text(&request, "roleArn").and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let at = moment(&record);
        Some(Self {
            id: owned(text(&record, "eventID"))?,
            call: owned(text(&record, "eventName"))?,
            at,
            ends: ends(&answer, &request, at),
            ip: owned(text(&record, "sourceIPAddress")),
            who: Identity::of(&record),
            shared: owned(text(&record, "sharedEventID")),
            key: owned(answer.pointer("/credentials/accessKeyId").and_then(Value::as_str)),
            session: ["/assumedRoleUser/arn", "/federatedUser/arn"]
                .into_iter()
                .find_map(|path| owned(answer.pointer(path)?.as_str())),
            asked: role.zip(owned(text(&request, "roleSessionName"))),
        })
    }

    fn hop(&self, sure: Sure, why: String) -> Hop {
        Hop {
            who: self.who.clone(),
            call: self.call.clone(),
            event: self.id.clone(),
            at: self.at,
            ip: self.ip.clone(),
            ends: self.ends,
            sure,
            why,
        }
    }
}

/// The call that issued these credentials: by the key, else by session and time.
fn best<'a>(who: &Identity, issues: impl Iterator<Item = &'a Issue>) -> Option<(&'a Issue, Sure, String)> {
    let issues: Vec<&Issue> = issues.collect();
    if let Some(key) = who.key.as_deref()
        && let Some(issue) = issues.iter().find(|issue| issue.key.as_deref() == Some(key))
    {
        return Some((issue, Sure::Certain, format!("it issued key {key}")));
    }
    let same = |issue: &&&Issue| {
        let asked = issue.asked.as_ref().map(|(role, session)| (role.as_str(), session.as_str()));
        issue.session.as_deref().is_some_and(|arn| who.arn.as_deref() == Some(arn))
            || (asked.is_some() && asked == who.role.as_deref().zip(who.session.as_deref()))
    };
    let beside = |issue: &Issue| {
        issue.at.zip(who.created).is_some_and(|(at, created)| at.duration_since(created).abs() <= BESIDE)
    };
    // A key that another call used is another session's: what issued it is told apart by the time alone.
    let same: Vec<&Issue> = issues.iter().filter(same).copied().collect();
    let issue = same.iter().find(|issue| beside(issue)).or(same.first())?;
    let others = same.iter().any(|other| other.who.name() != issue.who.name());
    Some(match (beside(issue), others) {
        (true, false) => (issue, Sure::Likely, "same role and session, issued as the session began".to_owned()),
        (true, true) => {
            (issue, Sure::Possible, "same role and session name, which others took at that time too".to_owned())
        }
        (false, _) => (issue, Sure::Possible, "same role and session name, at another time".to_owned()),
    })
}

fn origin(start: &Identity, last: &Identity, hops: &[Hop]) -> Origin {
    let sure = hops.iter().map(|hop| hop.sure).min().unwrap_or(Sure::Certain);
    let all = || std::iter::once(start).chain(hops.iter().map(|hop| &hop.who));
    if last.is_person() {
        let found = last.origin();
        return Origin { sure: found.sure.min(sure), ..found };
    }
    if let Some(name) = all().find_map(|who| who.source_identity.clone()) {
        let what = "source identity: set when the first role was assumed, and not to be changed since".to_owned();
        return Origin { name: Some(name), what, sure: Sure::Certain };
    }
    let service = hops.last().filter(|hop| hop.who.kind == "AWSService");
    let mut named: Vec<Origin> = all().map(Identity::origin).filter(|origin| origin.name.is_some()).collect();
    let deepest = named.pop();
    let Some(hop) = service else { return deepest.unwrap_or_else(|| last.origin()) };
    match named.pop() {
        // The service chose the session's name itself, where it is sure that it issued the credentials.
        Some(origin) => Origin {
            what: format!("{}; issued by {}", origin.what, hop.who.name()),
            sure: if hop.sure == Sure::Certain { origin.sure.max(Sure::Likely) } else { origin.sure },
            name: origin.name,
        },
        None => Origin { sure, ..last.origin() },
    }
}

/// `eventTime`, also as some exports write it: `2024-12-12 16:04:32.000000000`.
fn moment(record: &Value) -> Option<Timestamp> {
    let text = text(record, "eventTime")?;
    text.parse().ok().or_else(|| format!("{}Z", text.replacen(' ', "T", 1)).parse().ok())
}

/// When what a call issued ends.
fn ends(answer: &Value, request: &Value, at: Option<Timestamp>) -> Option<Timestamp> {
    let said = answer.pointer("/credentials/expiration").and_then(Value::as_str).and_then(expiration);
    let asked = || {
        let seconds = request.get("durationSeconds").and_then(Value::as_i64)?;
        at?.checked_add(SignedDuration::from_secs(seconds)).ok()
    };
    said.or_else(asked)
}

/// `Mar 14, 2026, 5:52:10 AM` (in UTC, its last blank of any width), as STS's answers stand in records; or ISO 8601.
fn expiration(text: &str) -> Option<Timestamp> {
    let plain: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let words = || jiff::civil::DateTime::strptime("%b %d, %Y, %I:%M:%S %p", &plain).ok();
    plain.parse().ok().or_else(|| Some(words()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()))
}

fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A part of a record; some hold it as text.
fn part(record: &Value, key: &str) -> Value {
    match record.get(key) {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests;
