//! One event: a row, read through the columns.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{EventCategory, Grade};

use super::Events;
use super::cells::{Action, Caller, Site, mark};
use super::raw::{Body, Content, Elsewhere};

/// What the user agent of this program's own calls holds: the SDK's spelling of the application id.
pub const OWN_AGENT: &str = "app/dynakeep";

/// Between an id and what tells events apart that share it.
pub(super) const BESIDE: char = '#';

/// An event among others; cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    pub(super) events: &'a Events,
    pub(super) row: u32,
}

impl PartialEq for EventRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.row == other.row && std::ptr::eq(self.events, other.events)
    }
}

const NO_ACTION: Action =
    Action { source: 0, name: 0, error: 0, category: EventCategory::Other, read_only: None, grade: 0 };
const NO_CALLER: Caller = Caller { principal: 0, arn: 0, session: 0, access_key: 0 };
const NO_SITE: Site = Site { region: 0, account: 0, vpce: 0, tls: 0, exchange: 0, host: 0 };

impl<'a> EventRef<'a> {
    fn cell<T: Copy + Default>(self, column: &[T]) -> T {
        column.get(self.row as usize).copied().unwrap_or_default()
    }

    fn word(self, code: u32) -> &'a str {
        self.events.dictionaries.words.get(code)
    }

    fn maybe(self, code: u32) -> Option<&'a str> {
        Some(self.word(code)).filter(|word| !word.is_empty())
    }

    fn action(self) -> &'a Action {
        self.events.dictionaries.actions.get(self.cell(&self.events.columns.action)).unwrap_or(&NO_ACTION)
    }

    fn caller(self) -> &'a Caller {
        self.events.dictionaries.callers.get(self.cell(&self.events.columns.caller)).unwrap_or(&NO_CALLER)
    }

    fn site(self) -> &'a Site {
        self.events.dictionaries.sites.get(self.cell(&self.events.columns.site)).unwrap_or(&NO_SITE)
    }

    fn marks(self) -> u8 {
        self.cell(&self.events.columns.marks)
    }

    /// Its number, in order of arrival.
    #[must_use]
    pub fn row(self) -> u32 {
        self.row
    }

    /// `eventID`; empty when the record has none.
    #[must_use]
    pub fn id(self) -> Cow<'a, str> {
        let id = self.cell(&self.events.columns.id);
        match self.marks() {
            marks if marks & mark::NO_ID != 0 => Cow::Borrowed(""),
            marks if marks & mark::ODD_ID != 0 => Cow::Borrowed(self.word(id as u32)),
            _ => {
                let hex = format!("{id:032x}");
                let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
                Cow::Owned(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
            }
        }
    }

    /// What [`Events::get`] finds this very event by: its id, and more where no id tells it from others.
    #[must_use]
    pub fn key(self) -> Cow<'a, str> {
        if self.marks() & (mark::TWIN | mark::NO_ID) == 0 {
            return self.id();
        }
        Cow::Owned(format!("{}{BESIDE}{}.{:08x}", self.id(), self.row, self.cell(&self.events.columns.digest)))
    }

    /// `eventTime`; 1970 when the record has none, or one that is no time: [`Self::when`] tells.
    #[must_use]
    pub fn time(self) -> Timestamp {
        self.when().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// `eventTime`; `None` when the record has none, or one that is no time.
    #[must_use]
    pub fn when(self) -> Option<Timestamp> {
        if self.marks() & mark::NO_TIME != 0 {
            return None;
        }
        Timestamp::from_second(i64::from(self.cell(&self.events.columns.time))).ok()
    }

    /// `eventName`
    #[must_use]
    pub fn name(self) -> &'a str {
        self.word(self.action().name)
    }

    /// `eventSource`, `dynamodb.amazonaws.com`.
    #[must_use]
    pub fn source(self) -> &'a str {
        self.word(self.action().source)
    }

    /// `errorCode`
    #[must_use]
    pub fn error(self) -> Option<&'a str> {
        self.maybe(self.action().error)
    }

    /// `readOnly`; `None` when the record does not say.
    #[must_use]
    pub fn read_only(self) -> Option<bool> {
        self.action().read_only
    }

    /// `eventCategory`
    #[must_use]
    pub fn category(self) -> EventCategory {
        self.action().category
    }

    /// `awsRegion`
    #[must_use]
    pub fn region(self) -> &'a str {
        self.word(self.site().region)
    }

    /// `recipientAccountId`, else the caller's account.
    #[must_use]
    pub fn account(self) -> &'a str {
        self.word(self.site().account)
    }

    /// `vpcEndpointId`
    #[must_use]
    pub fn vpce(self) -> Option<&'a str> {
        self.maybe(self.site().vpce)
    }

    /// `tlsDetails.tlsVersion`, of calls to DynamoDB and DAX.
    #[must_use]
    pub fn tls(self) -> Option<&'a str> {
        self.maybe(self.site().tls)
    }

    /// `tlsDetails.keyExchange`, of calls to DynamoDB and DAX.
    #[must_use]
    pub fn key_exchange(self) -> Option<&'a str> {
        self.maybe(self.site().exchange)
    }

    /// `tlsDetails.clientProvidedHostHeader`, of calls to DynamoDB and DAX.
    #[must_use]
    pub fn host(self) -> Option<&'a str> {
        self.maybe(self.site().host)
    }

    /// Its credentials are those of a session at the console (`sessionCredentialFromConsole`).
    #[must_use]
    pub fn from_console(self) -> bool {
        self.marks() & mark::CONSOLE != 0
    }

    /// Who, in one word: the role's name for a session, the user's name, `root`, or the invoking service.
    #[must_use]
    pub fn principal(self) -> &'a str {
        self.word(self.caller().principal)
    }

    /// The caller's ARN.
    #[must_use]
    pub fn principal_arn(self) -> Option<&'a str> {
        self.maybe(self.caller().arn)
    }

    /// The session's name, for an assumed role.
    #[must_use]
    pub fn session(self) -> Option<&'a str> {
        self.maybe(self.caller().session)
    }

    /// `userIdentity.accessKeyId`
    #[must_use]
    pub fn access_key(self) -> Option<&'a str> {
        self.maybe(self.caller().access_key)
    }

    /// `sourceIPAddress`: an address or a service's name.
    #[must_use]
    pub fn ip(self) -> Option<&'a str> {
        self.maybe(self.cell(&self.events.columns.address))
    }

    /// `userAgent`
    #[must_use]
    pub fn user_agent(self) -> Option<&'a str> {
        self.maybe(self.cell(&self.events.columns.agent))
    }

    /// Names of the tables it speaks of, wherever in the record.
    #[must_use]
    pub fn tables(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        let set = self.events.dictionaries.sets.get(self.cell(&self.events.columns.tables));
        set.map(|set| &**set).unwrap_or_default().iter().map(move |code| self.events.dictionaries.words.get(*code))
    }

    /// True when it speaks of a table.
    #[must_use]
    pub fn names(self, table: &str) -> bool {
        self.tables().any(|name| name == table)
    }

    /// The names of its tables, a blank between them.
    #[must_use]
    pub fn table_list(self) -> String {
        self.tables().collect::<Vec<_>>().join(" ")
    }

    /// The call was made by this program (its app id is in the user agent).
    #[must_use]
    pub fn own(self) -> bool {
        self.user_agent().is_some_and(|agent| agent.contains(OWN_AGENT))
    }

    /// How bad it is, by whoever graded it as it was read; `None` for what has no bearing, or was not graded.
    #[must_use]
    pub fn grade(self) -> Option<Grade> {
        Grade::of_code(self.action().grade)
    }

    /// Another event has the same id and other content.
    #[must_use]
    pub fn is_twin(self) -> bool {
        self.marks() & mark::TWIN != 0
    }

    /// The record; empty while it is not in memory.
    #[must_use]
    pub fn record(self) -> Cow<'a, str> {
        self.raw().unwrap_or_default()
    }

    pub(super) fn content(self) -> Option<(&'a Content, (u32, u32))> {
        self.events.content_of(self.row)
    }

    /// A file's path, or the operation that brought it.
    #[must_use]
    pub fn origin(self) -> &'a str {
        self.content().map_or("", |(content, _)| &content.origin)
    }

    /// Where the record lies in its content: first byte and length.
    #[must_use]
    pub fn span(self) -> Option<(u32, u32)> {
        self.content().map(|(_, span)| span)
    }

    /// How long the record is, in bytes.
    #[must_use]
    pub fn raw_len(self) -> u32 {
        self.content().map_or(0, |(_, (_, len))| len)
    }

    /// The record where it lies open in memory: nothing is unpacked, no file is read.
    #[must_use]
    pub fn open(self) -> Option<&'a str> {
        let (content, (start, len)) = self.content()?;
        let Body::Plain(text) = &content.body else { return None };
        text.get(start as usize..start as usize + len as usize)
    }

    /// The record, as delivered.
    ///
    /// # Errors
    /// With the file to read when it is not in memory.
    pub fn raw(self) -> Result<Cow<'a, str>, Elsewhere> {
        match self.content() {
            Some((content, (start, len))) => content.get(start, len),
            None => Ok(Cow::Borrowed("")),
        }
    }
}
