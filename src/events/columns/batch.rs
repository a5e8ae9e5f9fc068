//! Events on their way in: columns with dictionaries of their own, filled beside others on any thread.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use crate::envelope::Sink;
use crate::fields::{Fields, Identity, Tls};
use crate::json::Str;
use crate::{EventCategory, Grade, Grader};

use super::cells::{Action, Caller, Cells, Columns, Dictionaries, Site, mark};
use super::met::Met;
use super::raw::Body;
use super::words::{NONE, hash};

/// What could not be understood, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where it came from: a path, or the operation that brought it.
    pub origin: Arc<str>,
    /// Why, in words.
    pub reason: String,
    /// The text itself.
    pub raw: String,
}

/// Rows, one after the other, whose records lie in one content.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// A path, or the operation that brought it.
    pub origin: Arc<str>,
    /// Where the records are; `None` for `text`.
    pub body: Option<Body>,
    /// The records, where they cannot be read again.
    pub text: String,
    /// The first row.
    pub first: usize,
}

/// Events in columns, not yet merged with others.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub(super) columns: Columns,
    pub(super) words: Dictionaries,
    /// Where each row's record lies in its content: first byte and length.
    pub(super) spans: Vec<(u32, u32)>,
    pub(super) runs: Vec<Run>,
    pub(super) broken: Vec<Broken>,
    /// Records can be read again where they were found.
    again: bool,
    /// The document's origin.
    origin: Arc<str>,
    /// Where the document's text begins in its file, in bytes.
    offset: usize,
    tables: Vec<u32>,
    /// Codes of actions, callers and sites by the texts that they were made of.
    met: [Met; 3],
    /// What says how bad events are.
    grader: Option<&'static dyn Grader>,
}

impl Batch {
    /// A batch whose events are graded as they come.
    #[must_use]
    pub fn graded(grader: &'static dyn Grader) -> Self {
        Self { grader: Some(grader), ..Self::default() }
    }

    /// What is read from here on comes from a file, in which the text begins at `offset`; its records can be read
    /// again there, or in `body` where the text is kept.
    pub fn file(&mut self, path: &Arc<str>, offset: usize, body: Body) {
        self.from(path);
        self.offset = offset;
        self.again = true;
        self.runs.push(Run { origin: path.clone(), body: Some(body), text: String::new(), first: self.columns.len() });
    }

    /// What is read from here on was brought by something that cannot be asked again: records are kept here.
    pub fn from(&mut self, origin: &Arc<str>) {
        self.origin = origin.clone();
        self.again = false;
        self.offset = 0;
    }

    /// How many events it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// True when it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.broken.is_empty()
    }

    /// How many broken records it holds.
    #[must_use]
    pub fn broken_len(&self) -> usize {
        self.broken.len()
    }

    /// The longest record from a row on, in bytes.
    #[must_use]
    pub fn largest(&self, from: usize) -> u32 {
        self.spans.iter().skip(from).map(|(_, len)| *len).max().unwrap_or_default()
    }

    fn word(&mut self, text: Option<Str<'_>>) -> u32 {
        text.map_or(NONE, |text| self.words.words.code(&text.text()))
    }

    /// Where the record lies; it is copied when it cannot be read again.
    fn place(&mut self, fields: &Fields<'_>, own: Option<usize>) -> Option<(u32, u32)> {
        let len = u32::try_from(fields.raw.len()).ok()?;
        let last = self.runs.last();
        if let (Some(start), true) = (own, self.again) {
            let start = u32::try_from(self.offset + start).ok()?;
            if last.is_some_and(|run| run.body.is_none()) {
                // Unpacked records lie between this one and its neighbours: the document goes on in a run of its own.
                let mut documents = self.runs.iter().rev();
                let body = documents.find(|run| run.origin == self.origin && run.body.is_some())?.body.clone();
                self.run(body);
            }
            return Some((start, len));
        }
        if last.is_none_or(|run| run.body.is_some() || run.origin != self.origin || run.text.len() > FULL) {
            self.run(None);
        }
        let text = &mut self.runs.last_mut()?.text;
        let start = u32::try_from(text.len()).ok()?;
        text.push_str(fields.raw);
        Some((start, len))
    }

    fn run(&mut self, body: Option<Body>) {
        self.runs.push(Run { origin: self.origin.clone(), body, text: String::new(), first: self.columns.len() });
    }

    /// Takes a record in. `own` is where its text begins in the document, `None` when it lies elsewhere.
    pub fn push(&mut self, fields: &Fields<'_>, own: Option<usize>) {
        let Some(span) = self.place(fields, own) else {
            self.tear(fields.raw, "it lies further in its file than four gigabytes");
            return;
        };
        let mut marks = if fields.console == Some(true) { mark::CONSOLE } else { 0 };
        let time = fields.time.and_then(|time| seconds(&time.text())).unwrap_or_else(|| {
            marks |= mark::NO_TIME;
            0
        });
        let id = match fields.id {
            None => {
                marks |= mark::NO_ID;
                0
            }
            Some(id) => uuid(id.raw).unwrap_or_else(|| {
                marks |= mark::ODD_ID;
                u128::from(self.word(Some(id)))
            }),
        };
        let (action, caller, site) = (self.action(fields), self.caller(&fields.identity), self.site(fields));
        let mut tables = std::mem::take(&mut self.tables);
        tables.clear();
        tables.extend(fields.tables.iter().map(|name| self.words.words.code(name)));
        let cells = Cells {
            time,
            id,
            action,
            caller,
            site,
            address: self.word(fields.address),
            agent: self.word(fields.agent),
            tables: self.words.sets.set(&tables),
            digest: digest(fields.raw),
            marks,
        };
        self.tables = tables;
        self.columns.push(cells);
        self.spans.push(span);
    }

    fn action(&mut self, fields: &Fields<'_>) -> u32 {
        match self.met_action(fields, UNREAD) {
            Some(BY_RECORD) => return self.action_by_record(fields),
            Some(code) => return code,
            None => {}
        }
        let (source, name, error) = (text(fields.source), text(fields.name), text(fields.error));
        let (source, name) = (source.unwrap_or_default(), name.unwrap_or_default());
        match self.grader {
            Some(grader) if grader.reads(&source, &name, error.as_deref()) => {
                self.met[ACTION].keep(BY_RECORD);
                self.action_by_record(fields)
            }
            grader => {
                let grade = grader.and_then(|grader| grader.grade(&source, &name, error.as_deref(), ""));
                self.new_action(fields, grade)
            }
        }
    }

    /// The action of an event that is as bad as its record says.
    fn action_by_record(&mut self, fields: &Fields<'_>) -> u32 {
        let (source, name, error) = (text(fields.source), text(fields.name), text(fields.error));
        let (source, name) = (source.unwrap_or_default(), name.unwrap_or_default());
        let grade = self.grader.and_then(|grader| grader.grade(&source, &name, error.as_deref(), fields.raw));
        match self.met_action(fields, grade.map_or(0, Grade::code)) {
            Some(code) => code,
            None => self.new_action(fields, grade),
        }
    }

    fn met_action(&mut self, fields: &Fields<'_>, grade: u8) -> Option<u32> {
        let flags = [flag(fields.read_only), flag(fields.management), u8::from(fields.insight), grade];
        self.met[ACTION].code(flags, &[fields.source, fields.name, fields.error, fields.category])
    }

    /// Takes in the action that was just looked for in vain.
    fn new_action(&mut self, fields: &Fields<'_>, grade: Option<Grade>) -> u32 {
        let action = Action {
            source: self.word(fields.source),
            name: self.word(fields.name),
            error: self.word(fields.error),
            category: category(fields),
            read_only: fields.read_only,
            grade: grade.map_or(0, Grade::code),
        };
        self.met[ACTION].keep(self.words.actions.code(&action))
    }

    fn caller(&mut self, who: &Identity<'_>) -> u32 {
        let named = [who.kind, who.arn, who.access_key, who.user, who.issuer];
        let others = [who.principal_id, who.account, who.invoked_by, who.behalf];
        if let Some(code) = self.met[CALLER].code([], named.iter().chain(&others)) {
            return code;
        }
        let caller = Caller {
            principal: self.words.words.code(&principal(who)),
            arn: self.word(who.arn),
            session: session(who).map_or(NONE, |session| self.words.words.code(&session)),
            access_key: self.word(who.access_key),
        };
        self.met[CALLER].keep(self.words.callers.code(&caller))
    }

    fn site(&mut self, fields: &Fields<'_>) -> u32 {
        let account = fields.account.or(fields.identity.account);
        let Tls { version, exchange, host } = fields.tls;
        if let Some(code) = self.met[SITE].code([], &[fields.region, account, fields.vpce, version, exchange, host]) {
            return code;
        }
        let site = Site {
            region: self.word(fields.region),
            account: self.word(account),
            vpce: self.word(fields.vpce),
            tls: self.word(version),
            exchange: self.word(exchange),
            host: self.word(host),
        };
        self.met[SITE].keep(self.words.sites.code(&site))
    }

    /// Keeps what is no event.
    pub fn tear(&mut self, raw: &str, reason: &str) {
        self.broken.push(Broken { origin: self.origin.clone(), reason: reason.to_owned(), raw: raw.to_owned() });
    }
}

/// In place of a code: how bad such events are shows in each one's record.
const BY_RECORD: u32 = u32::MAX;
/// In place of a grade: the record was not read for it.
const UNREAD: u8 = u8::MAX;

/// Texts kept here are cut into contents of about this size, in bytes.
const FULL: usize = 256 << 10;

/// A hash of a whole record: with its length and id, what tells a repeated delivery from another event.
pub(super) fn digest(raw: &str) -> u32 {
    (hash(raw) >> 32) as u32
}

/// What `Batch::met` knows.
const ACTION: usize = 0;
const CALLER: usize = 1;
const SITE: usize = 2;

fn flag(of: Option<bool>) -> u8 {
    of.map_or(2, u8::from)
}

fn category(fields: &Fields<'_>) -> EventCategory {
    match fields.category.map(|category| category.raw) {
        Some("Management") => EventCategory::Management,
        Some("Data") => EventCategory::Data,
        Some("NetworkActivity") => EventCategory::NetworkActivity,
        Some("Insight") => EventCategory::Insight,
        Some(_) => EventCategory::Other,
        None if fields.insight => EventCategory::Insight,
        // Records older than version 1.07 have no category, but may say whether they are of the control plane.
        None => match fields.management {
            Some(true) => EventCategory::Management,
            Some(false) => EventCategory::Data,
            None => EventCategory::Other,
        },
    }
}

fn text<'a>(of: Option<Str<'a>>) -> Option<Cow<'a, str>> {
    of.map(Str::text).filter(|text| !text.is_empty())
}

fn last_part<'a>(text: Cow<'a, str>, separator: char) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => text.rsplit(separator).next().filter(|part| !part.is_empty()).map(Cow::Borrowed),
        Cow::Owned(text) => {
            text.rsplit(separator).next().filter(|part| !part.is_empty()).map(|part| Cow::Owned(part.to_owned()))
        }
    }
}

/// The resource of an identity's ARN: `assumed-role/Role/session`, `user/path/name`, `federated-user/name`.
fn resource<'a>(who: &Identity<'a>) -> Option<Cow<'a, str>> {
    let after = |arn: &str| {
        let mut colons = arn.match_indices(':').map(|(at, _)| at);
        arn.starts_with("arn:").then(|| colons.nth(4)).flatten().map(|at| at + 1)
    };
    match text(who.arn)? {
        Cow::Borrowed(arn) => arn.get(after(arn)?..).filter(|rest| !rest.is_empty()).map(Cow::Borrowed),
        Cow::Owned(arn) => {
            arn.get(after(&arn)?..).filter(|rest| !rest.is_empty()).map(|rest| Cow::Owned(rest.to_owned()))
        }
    }
}

/// Who, in one word.
fn principal<'a>(who: &Identity<'a>) -> Cow<'a, str> {
    let last = || resource(who).and_then(|resource| last_part(resource, '/'));
    let issuer = || text(who.issuer);
    let named = || text(who.user);
    let role = || match resource(who)? {
        Cow::Borrowed(resource) => resource.split('/').nth(1).filter(|role| !role.is_empty()).map(Cow::Borrowed),
        Cow::Owned(resource) => {
            resource.split('/').nth(1).filter(|role| !role.is_empty()).map(|role| Cow::Owned(role.to_owned()))
        }
    };
    let found = match who.kind.map(|kind| kind.raw) {
        Some("AssumedRole") => issuer().or_else(role).or_else(named),
        Some("Root") => Some(Cow::Borrowed("root")),
        Some("AWSService") => text(who.invoked_by),
        Some("AWSAccount") => text(who.account),
        Some("FederatedUser") => last().or_else(issuer),
        Some("IdentityCenterUser") => named().or_else(|| text(who.behalf)),
        // IAMUser, Role, SAMLUser, WebIdentityUser, Directory, Unknown, and records that do not say
        _ => named().or_else(last).or_else(issuer),
    };
    found
        .or_else(last)
        .or_else(|| text(who.principal_id))
        .or_else(|| text(who.invoked_by))
        .or_else(|| text(who.account))
        .unwrap_or(Cow::Borrowed("unknown"))
}

/// The session's name: the last part of the ARN of an assumed role, or what follows the role's id.
fn session<'a>(who: &Identity<'a>) -> Option<Cow<'a, str>> {
    if let Some(resource) = resource(who)
        && let Some(rest) = resource.strip_prefix("assumed-role/")
    {
        return rest.split_once('/').map(|(_, session)| Cow::Owned(session.to_owned()));
    }
    if who.kind.map(|kind| kind.raw) != Some("AssumedRole") {
        return None;
    }
    text(who.principal_id)?.split_once(':').map(|(_, session)| Cow::Owned(session.to_owned()))
}

/// What each byte is worth as a digit of a UUID in lower case; `NO_DIGIT` for those that are none.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0x80;

/// The bits of a UUID in lower case.
pub(super) fn uuid(text: &str) -> Option<u128> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|at| bytes[*at] != b'-') {
        return None;
    }
    // Digits are as random as can be: nothing is decided before all were read.
    let mut seen = 0;
    let mut part = |from: usize, to: usize| {
        bytes[from..to].iter().fold(0u64, |bits, byte| {
            let digit = DIGITS[usize::from(*byte)];
            seen |= digit;
            bits << 4 | u64::from(digit)
        })
    };
    let high = part(0, 8) << 32 | part(9, 13) << 16 | part(14, 18);
    let low = part(19, 23) << 48 | part(24, 36);
    (seen & NO_DIGIT == 0).then_some(u128::from(high) << 64 | u128::from(low))
}

/// Seconds since 1970 of a time as trails write it, `2026-11-21T02:58:02Z`, or as some exports do,
/// `May 3, 2015 11:34:14 PM`. Times before 1970 and after 2106 are none of CloudTrail's.
pub(super) fn seconds(text: &str) -> Option<u32> {
    if let Some(seconds) = plain_seconds(text.as_bytes()) {
        return Some(seconds);
    }
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let formats =
            ["%B %d, %Y %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
        let civil = formats.iter().find_map(|format| jiff::civil::DateTime::strptime(format, text.trim()).ok());
        civil?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    u32::try_from(at?.as_second()).ok()
}

fn plain_seconds(text: &[u8]) -> Option<u32> {
    let text: &[u8; 20] = text.try_into().ok()?;
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if signs.iter().any(|(at, sign)| text[*at] != *sign) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let longest = match month {
        // The 29th of February is left to the calendar.
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..2106).contains(&year) || !(1..=12).contains(&month) || !(1..=longest).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970-01-01 of the proleptic Gregorian calendar, years beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

impl Sink for Batch {
    fn record(&mut self, fields: &Fields<'_>, at: Option<usize>) {
        self.push(fields, at);
    }

    fn broken(&mut self, raw: &str, reason: &str) {
        self.tear(raw, reason);
    }

    fn mark(&self) -> (usize, usize) {
        (self.columns.len(), self.broken.len())
    }

    fn rewind(&mut self, (events, broken): (usize, usize)) {
        self.columns.truncate(events);
        self.spans.truncate(events);
        self.broken.truncate(broken);
        // The document's own run stays, whatever was taken back.
        let keep = |run: &Run| run.first <= events;
        while self.runs.last().is_some_and(|run| !keep(run)) {
            self.runs.pop();
        }
    }
}
