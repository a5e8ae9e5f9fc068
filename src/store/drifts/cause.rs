//! The event that made a setting what it is, or why none can be named.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Estate, LAG, Look, Origin, Scope, SourceError};
use crate::store::Store;
use crate::trail::EventRef;
use crate::trail::settings::{Move, Told};

use super::heard::Call;
use super::{Cause, Confidence};

/// `LookupEvents` keeps so much.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// What reads are behind: DynamoDB's descriptions are eventually consistent.
const BEHIND: SignedDuration = SignedDuration::from_secs(60);

/// A setting that changed between two moments.
pub(super) struct Changed<'a> {
    pub setting: &'a str,
    /// What it is since then, where that is known.
    pub is: Option<&'a str>,
    pub good: Option<Timestamp>,
    pub bad: Option<Timestamp>,
}

impl Store {
    /// The cause that an event is.
    pub(super) fn cause_of(&self, row: u32, confidence: Confidence, reason: String) -> Option<Cause> {
        let event = self.events.at(row)?;
        Some(Cause {
            event: event.key().into_owned(),
            name: event.name().to_owned(),
            at: event.when()?,
            principal: event.principal().to_owned(),
            session: event.session().filter(|session| *session != event.principal()).map(str::to_owned),
            through: through(event),
            confidence,
            reason,
        })
    }

    /// The latest event that made a setting what it is, between its last good state and its first bad one.
    pub(super) fn cause_in<'a>(
        &self,
        heard: impl Iterator<Item = (&'a Call, &'a Move)>,
        of: &Changed<'_>,
    ) -> Option<Cause> {
        let from = of.good.and_then(|good| good.checked_sub(BEHIND).ok());
        // Times of events are whole seconds, those of reads are not.
        let until = of.bad.and_then(|bad| bad.checked_add(SignedDuration::from_secs(1)).ok());
        let mut best: Option<(Confidence, u32)> = None;
        for (event, one) in heard {
            let inside = from.is_none_or(|from| event.at >= from) && until.is_none_or(|until| event.at <= until);
            if !inside || !one.is_of(of.setting) {
                continue;
            }
            let confidence = match &one.told {
                Told::To(value) => match of.is {
                    Some(is) if same(value, is) => Confidence::Certain,
                    // A document may be told in part; a word that differs is another one.
                    Some(is) if is_word(value) && is_word(is) => {
                        // What it set was changed again after it: whatever came before is not the cause either.
                        best = None;
                        continue;
                    }
                    _ => Confidence::Likely,
                },
                Told::Named => Confidence::Likely,
                Told::Perhaps => Confidence::Possible,
            };
            // Of several that set the same, the first made the difference; of others, the last.
            let better = match best {
                None => true,
                Some((known, _)) if confidence == Confidence::Certain => known != Confidence::Certain,
                Some((known, _)) => confidence <= known,
            };
            if better {
                best = Some((confidence, event.row));
            }
        }
        let (confidence, row) = best?;
        let reason = match (confidence, of.is) {
            (Confidence::Certain, Some(is)) => format!("the call sets {} to {}", of.setting, short(is)),
            (Confidence::Certain, None) => format!("the call sets {}", of.setting),
            (Confidence::Likely, _) => format!("the call changes {}, and does not say to what it is now", of.setting),
            (Confidence::Possible, _) => {
                format!("such a call may change {}; its record, which would tell, is not at hand", of.setting)
            }
        };
        self.cause_of(row, confidence, reason)
    }

    /// Why no event can be named for a change between two moments.
    pub(super) fn no_cause(&self, estate: &Estate, scope: &Scope, of: &Changed<'_>) -> String {
        let now = estate.now;
        if let Some(unread) = estate.events_unread.get(scope) {
            return match unread {
                Some(SourceError::Denied { action, .. }) => format!("events are denied here: {action} is missing"),
                Some(error) => format!("events could not be read here: {error}"),
                None => "events are not read yet".to_owned(),
            };
        }
        let witness = estate.witness.get(scope);
        let Some(since) = witness.and_then(|of| of.since.get(&Look::Changes)).copied() else {
            return match witness.and_then(|of| of.fault.as_ref()) {
                Some(error) => format!("changes could not be searched for here: {error}"),
                None => "events are not read yet".to_owned(),
            };
        };
        if of.bad.is_some_and(|bad| now.duration_since(bad) < LAG) {
            let newly = of.good.is_some_and(|good| now.duration_since(good) < LAG);
            let words = "no event of it yet: CloudTrail delivers up to 15 minutes late";
            if newly {
                return words.to_owned();
            }
        }
        if of.bad.is_some_and(|bad| now.duration_since(bad) > KEPT) {
            let files = "a trail's files may tell (--trail, --engine)";
            return format!(
                "older than the 90 days that LookupEvents keeps; {files}{}",
                self.stopped(estate, scope, of)
            );
        }
        if of.good.is_none_or(|good| good < since) {
            let before = moment(since, now);
            let more = if self.origin == Origin::Files { self.stopped(estate, scope, of) } else { String::new() };
            return format!("no event since {before}, and before that none were read: t searches for it by name{more}");
        }
        let stopped = self.stopped(estate, scope, of);
        format!(
            "no call that changes {} was logged in that time: a service did it by itself, or by a call of another \
                 name{stopped}",
            of.setting
        )
    }

    /// Trails that logged nothing in that time.
    fn stopped(&self, estate: &Estate, scope: &Scope, of: &Changed<'_>) -> String {
        let mut trails = estate.trails.iter().filter(|((at, _), _)| at == scope).filter_map(|(_, trail)| {
            let status = trail.status.value()?;
            let at = status.stopped.filter(|at| !status.logging && of.bad.is_none_or(|bad| *at <= bad))?;
            Some((trail.name.as_str(), at))
        });
        trails.next().map_or_else(String::new, |(name, at)| {
            format!("; trail {name} logs nothing since {}", moment(at, estate.now))
        })
    }
}

/// Whether two values are the same, however they are spelt.
pub(super) fn same(a: &str, b: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok().filter(|of| !of.is_string());
    a == b || json(a).zip(json(b)).is_some_and(|(a, b)| a == b)
}

fn is_word(value: &str) -> bool {
    !value.starts_with(['{', '[']) && value.len() < 200
}

/// At most sixty characters.
pub(super) fn short(value: &str) -> String {
    match value.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// `03:40Z`, with its day where that is not today's.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    if day(at) == day(now) { at.strftime("%H:%MZ").to_string() } else { at.strftime("%Y-%m-%d %H:%MZ").to_string() }
}

fn through(event: EventRef<'_>) -> Option<String> {
    event.vpce().or(event.ip()).map(str::to_owned)
}
