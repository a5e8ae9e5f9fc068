//! The values of one CloudTrail record that columns are made of, borrowed from its text.
//!
//! Source of the shapes: the CloudTrail user guide, "CloudTrail record contents" and "userIdentity element", and the
//! oddities of real trails: values of any type, keys in any order, nothing that is always there.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::json::{Bad, Cursor, Next, Str};

/// Who made a call, as far as it is read.
#[derive(Debug, Clone, Default)]
pub struct Identity<'a> {
    /// `type`
    pub kind: Option<Str<'a>>,
    /// `principalId`
    pub principal_id: Option<Str<'a>>,
    /// `arn`
    pub arn: Option<Str<'a>>,
    /// `accountId`
    pub account: Option<Str<'a>>,
    /// `accessKeyId`
    pub access_key: Option<Str<'a>>,
    /// `userName`
    pub user: Option<Str<'a>>,
    /// `invokedBy`
    pub invoked_by: Option<Str<'a>>,
    /// `sessionContext.sessionIssuer.userName`
    pub issuer: Option<Str<'a>>,
    /// `onBehalfOf.userId`
    pub behalf: Option<Str<'a>>,
}

/// `tlsDetails`, as far as it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tls<'a> {
    /// `tlsVersion`
    pub version: Option<Str<'a>>,
    /// `keyExchange`
    pub exchange: Option<Str<'a>>,
    /// `clientProvidedHostHeader`
    pub host: Option<Str<'a>>,
}

/// One record.
#[derive(Debug, Clone, Default)]
pub struct Fields<'a> {
    /// The record itself.
    pub raw: &'a str,
    /// `eventID`
    pub id: Option<Str<'a>>,
    /// `eventTime`
    pub time: Option<Str<'a>>,
    /// `eventName`; for an Insights record the one in its details.
    pub name: Option<Str<'a>>,
    /// `eventSource`; for an Insights record the one in its details.
    pub source: Option<Str<'a>>,
    /// `awsRegion`
    pub region: Option<Str<'a>>,
    /// `recipientAccountId`
    pub account: Option<Str<'a>>,
    /// `sourceIPAddress`
    pub address: Option<Str<'a>>,
    /// `userAgent`
    pub agent: Option<Str<'a>>,
    /// `errorCode`
    pub error: Option<Str<'a>>,
    /// `vpcEndpointId`
    pub vpce: Option<Str<'a>>,
    /// How the call came, of calls to DynamoDB and DAX.
    pub tls: Tls<'a>,
    /// `sessionCredentialFromConsole`
    pub console: Option<bool>,
    /// `eventCategory`
    pub category: Option<Str<'a>>,
    /// `readOnly`
    pub read_only: Option<bool>,
    /// `managementEvent`
    pub management: Option<bool>,
    /// It is an Insights record.
    pub insight: bool,
    /// `userIdentity`
    pub identity: Identity<'a>,
    /// Names of the tables it speaks of, in no order, each once.
    pub tables: Vec<Cow<'a, str>>,
}

/// What an object turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A record, read to its end.
    Record,
    /// No record, read to its end.
    Other,
    /// It begins as no record does: an envelope, most likely. Nothing was read.
    Envelope,
}

/// Item content: an attribute called `tableName` names no table.
const CONTENT: [&str; 5] = ["key", "item", "items", "expressionAttributeValues", "expressionAttributeNames"];

/// Reads records, one after the other.
#[derive(Debug)]
pub struct Reader {
    arns: Finder<'static>,
}

impl Default for Reader {
    fn default() -> Self {
        Self { arns: Finder::new("table/") }
    }
}

impl Reader {
    /// Reads the object at the cursor. `whole` reads it to its end whatever it begins with.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn read<'a>(
        &self,
        text: &'a str,
        cursor: &mut Cursor<'a>,
        whole: bool,
        out: &mut Fields<'a>,
    ) -> Result<Found, Bad> {
        out.clear();
        let start = cursor.at();
        let mut seen = Seen::default();
        let (mut parameters, mut response, mut tls) = (None, None, None);
        let mut more = cursor.enter(b'}')?;
        while more {
            let key = cursor.key()?;
            let known = match key.raw {
                "eventVersion" => set(&mut seen.version, cursor)?,
                "eventSource" => {
                    seen.source = true;
                    put(&mut out.source, cursor)?
                }
                "eventName" => {
                    seen.name = true;
                    put(&mut out.name, cursor)?
                }
                "userIdentity" => {
                    if cursor.kind()? == Next::Object {
                        identity(cursor, &mut out.identity)?;
                    } else {
                        cursor.skip()?;
                    }
                    true
                }
                "eventTime" => put(&mut out.time, cursor)?,
                "awsRegion" => put(&mut out.region, cursor)?,
                "sourceIPAddress" => put(&mut out.address, cursor)?,
                "userAgent" => put(&mut out.agent, cursor)?,
                "errorCode" => put(&mut out.error, cursor)?,
                "eventID" => put(&mut out.id, cursor)?,
                "recipientAccountId" => put(&mut out.account, cursor)?,
                "vpcEndpointId" => put(&mut out.vpce, cursor)?,
                "eventCategory" => put(&mut out.category, cursor)?,
                "readOnly" => flag(&mut out.read_only, cursor)?,
                "managementEvent" => flag(&mut out.management, cursor)?,
                "requestParameters" => span(&mut parameters, cursor)?,
                "responseElements" => span(&mut response, cursor)?,
                "tlsDetails" => span(&mut tls, cursor)?,
                "sessionCredentialFromConsole" => flag(&mut out.console, cursor)?,
                "insightDetails" if cursor.kind()? == Next::Object => {
                    let is = insight(cursor, out)?;
                    out.insight |= is;
                    true
                }
                "requestID"
                | "sharedEventID"
                | "errorMessage"
                | "eventType"
                | "apiVersion"
                | "resources"
                | "additionalEventData"
                | "serviceEventDetails"
                | "eventContext"
                | "addendum" => {
                    cursor.skip()?;
                    true
                }
                _ => {
                    // An envelope's first compound value stands before anything that only records have.
                    let compound = matches!(cursor.kind()?, Next::Object | Next::Array);
                    if compound && !seen.any && !whole {
                        return Ok(Found::Envelope);
                    }
                    cursor.skip()?;
                    false
                }
            };
            seen.any |= known;
            more = cursor.more(b'}')?;
        }
        if !(out.insight || seen.source && (seen.name || seen.version)) {
            return Ok(Found::Other);
        }
        out.raw = text.get(start..cursor.at()).unwrap_or_default();
        self.tables(text, [parameters, response], out);
        let source = out.source.map(|source| source.raw).unwrap_or_default();
        if let Some(at) = tls.filter(|_| source.starts_with("dynamodb.") || source.starts_with("dax.")) {
            // It was read once: it is well formed.
            let _read = connection(&mut Cursor::new(text, at), &mut out.tls);
        }
        Ok(Found::Record)
    }

    /// Names of tables: by ARN wherever one stands, by name where DynamoDB's parameters and key contexts hold names.
    fn tables<'a>(&self, text: &'a str, parts: [Option<usize>; 2], out: &mut Fields<'a>) {
        let source = out.source.map(|source| source.raw).unwrap_or_default();
        let dynamodb = source.starts_with("dynamodb") || source.starts_with("dax.");
        if dynamodb || source.starts_with("kms") {
            for at in parts.into_iter().flatten() {
                // It was read once: it is well formed.
                let _read = gather(&mut Cursor::new(text, at), dynamodb, &mut out.tables);
            }
        }
        let scaling = source.starts_with("application-autoscaling");
        for at in self.arns.find_iter(out.raw.as_bytes()) {
            let (Some(head), Some(tail)) = (out.raw.get(..at), out.raw.get(at + 6..)) else { continue };
            let global = head.ends_with("global-");
            let head = if global { head.strip_suffix("global-").unwrap_or(head) } else { head };
            if is_dynamodb_arn(head) || scaling && head.ends_with('"') {
                name_in(tail).into_iter().for_each(|name| add(&mut out.tables, Cow::Borrowed(name)));
            }
        }
    }
}

impl Fields<'_> {
    fn clear(&mut self) {
        let mut tables = std::mem::take(&mut self.tables);
        tables.clear();
        *self = Fields { tables, ..Fields::default() };
    }
}

#[derive(Default)]
struct Seen {
    any: bool,
    source: bool,
    name: bool,
    version: bool,
}

fn set(flag: &mut bool, cursor: &mut Cursor<'_>) -> Result<bool, Bad> {
    *flag = true;
    cursor.skip()?;
    Ok(true)
}

/// Keeps a text that says something.
fn put<'a>(slot: &mut Option<Str<'a>>, cursor: &mut Cursor<'a>) -> Result<bool, Bad> {
    if let Some(text) = cursor.text()?.filter(|text| !text.raw.is_empty()) {
        *slot = Some(text);
    }
    Ok(true)
}

/// Booleans are now and then delivered as text.
fn flag(slot: &mut Option<bool>, cursor: &mut Cursor<'_>) -> Result<bool, Bad> {
    match cursor.skip()? {
        "true" | "\"true\"" => *slot = Some(true),
        "false" | "\"false\"" => *slot = Some(false),
        _ => {}
    }
    Ok(true)
}

/// Remembers where an object begins.
fn span(slot: &mut Option<usize>, cursor: &mut Cursor<'_>) -> Result<bool, Bad> {
    if cursor.kind()? == Next::Object {
        *slot = Some(cursor.at());
    }
    cursor.skip()?;
    Ok(true)
}

fn identity<'a>(cursor: &mut Cursor<'a>, out: &mut Identity<'a>) -> Result<(), Bad> {
    let mut more = cursor.enter(b'}')?;
    while more {
        let key = cursor.key()?;
        match key.raw {
            "type" => put(&mut out.kind, cursor)?,
            "principalId" => put(&mut out.principal_id, cursor)?,
            "arn" => put(&mut out.arn, cursor)?,
            "accountId" => put(&mut out.account, cursor)?,
            "accessKeyId" => put(&mut out.access_key, cursor)?,
            "userName" => put(&mut out.user, cursor)?,
            "invokedBy" => put(&mut out.invoked_by, cursor)?,
            "sessionContext" => within(cursor, "sessionIssuer", |cursor| {
                within(cursor, "userName", |cursor| put(&mut out.issuer, cursor))
            })?,
            "onBehalfOf" => within(cursor, "userId", |cursor| put(&mut out.behalf, cursor))?,
            _ => {
                cursor.skip()?;
                true
            }
        };
        more = cursor.more(b'}')?;
    }
    Ok(())
}

fn connection<'a>(cursor: &mut Cursor<'a>, out: &mut Tls<'a>) -> Result<(), Bad> {
    let mut more = cursor.enter(b'}')?;
    while more {
        match cursor.key()?.raw {
            "tlsVersion" => put(&mut out.version, cursor)?,
            "keyExchange" => put(&mut out.exchange, cursor)?,
            "clientProvidedHostHeader" => put(&mut out.host, cursor)?,
            _ => {
                cursor.skip()?;
                true
            }
        };
        more = cursor.more(b'}')?;
    }
    Ok(())
}

/// Reads one key of an object, and steps over the others.
fn within<'a>(
    cursor: &mut Cursor<'a>,
    wanted: &str,
    mut read: impl FnMut(&mut Cursor<'a>) -> Result<bool, Bad>,
) -> Result<bool, Bad> {
    if cursor.kind()? != Next::Object {
        cursor.skip()?;
        return Ok(true);
    }
    let mut more = cursor.enter(b'}')?;
    while more {
        if cursor.key()?.raw == wanted {
            read(cursor)?;
        } else {
            cursor.skip()?;
        }
        more = cursor.more(b'}')?;
    }
    Ok(true)
}

/// What an Insights record is about stands in its details.
fn insight<'a>(cursor: &mut Cursor<'a>, out: &mut Fields<'a>) -> Result<bool, Bad> {
    let (mut source, mut name) = (None, None);
    let mut more = cursor.enter(b'}')?;
    while more {
        match cursor.key()?.raw {
            "eventSource" => put(&mut source, cursor)?,
            "eventName" => put(&mut name, cursor)?,
            _ => {
                cursor.skip()?;
                true
            }
        };
        more = cursor.more(b'}')?;
    }
    let is = source.is_some() && name.is_some();
    if is {
        (out.source, out.name) = (source, name);
    }
    Ok(is)
}

/// Keys whose value names a table, in a call to DynamoDB, by its name or ARN.
fn names_table(key: &str) -> bool {
    const NAMING: [&str; 4] = ["tableName", "sourceTableName", "targetTableName", "globalTableName"];
    NAMING.iter().any(|naming| naming.eq_ignore_ascii_case(key))
}

fn gather<'a>(cursor: &mut Cursor<'a>, dynamodb: bool, found: &mut Vec<Cow<'a, str>>) -> Result<(), Bad> {
    match cursor.kind()? {
        Next::Object => {
            let mut more = cursor.enter(b'}')?;
            while more {
                let key = cursor.key()?;
                let next = cursor.kind()?;
                if dynamodb && CONTENT.contains(&key.raw) {
                    cursor.skip()?;
                } else if next == Next::Text && (dynamodb && names_table(key.raw) || is_context_key(key.raw)) {
                    let name = cursor.string()?.text();
                    // ARNs are found wherever they stand.
                    if !name.is_empty() && !name.starts_with("arn:") {
                        add(found, name);
                    }
                } else if dynamodb && next == Next::Object && key.raw == "requestItems" {
                    batch(cursor, found)?;
                } else {
                    gather(cursor, dynamodb, found)?;
                }
                more = cursor.more(b'}')?;
            }
        }
        Next::Array => {
            let mut more = cursor.enter(b']')?;
            while more {
                gather(cursor, dynamodb, found)?;
                more = cursor.more(b']')?;
            }
        }
        Next::Text | Next::Scalar => {
            cursor.skip()?;
        }
    }
    Ok(())
}

/// Batch calls: the table's name is the key.
fn batch<'a>(cursor: &mut Cursor<'a>, found: &mut Vec<Cow<'a, str>>) -> Result<(), Bad> {
    let mut more = cursor.enter(b'}')?;
    while more {
        let name = cursor.key()?.text();
        if !name.is_empty() && !name.starts_with("arn:") {
            add(found, name);
        }
        cursor.skip()?;
        more = cursor.more(b'}')?;
    }
    Ok(())
}

fn add<'a>(found: &mut Vec<Cow<'a, str>>, name: Cow<'a, str>) {
    if !found.contains(&name) {
        found.push(name);
    }
}

/// `aws:dynamodb:tableName` of a KMS call's encryption context, as it is or in the camel case of some trails.
fn is_context_key(key: &str) -> bool {
    key == "aws:dynamodb:tableName"
        || key.len() >= 20
            && key
                .bytes()
                .filter(u8::is_ascii_alphanumeric)
                .map(|byte| byte.to_ascii_lowercase())
                .eq(*b"awsdynamodbtablename")
}

/// True for text that ends in `arn:aws:dynamodb:eu-west-1:111122223333:`.
fn is_dynamodb_arn(head: &str) -> bool {
    let Some(head) = head.strip_suffix(':') else { return false };
    let mut parts = head.rsplitn(5, ':');
    let (_account, _region, service, partition, rest) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    service == Some("dynamodb")
        && partition.is_some_and(|partition| partition.starts_with("aws"))
        && rest.is_some_and(|rest| rest.ends_with("arn"))
}

/// The table's name that a text begins with; patterns name none. Source: DynamoDB's naming rules.
fn name_in(text: &str) -> Option<&str> {
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let len = text.bytes().take_while(named).count();
    let pattern = matches!(text.as_bytes().get(len), Some(b'*' | b'?' | b'$'));
    text.get(..len).filter(|name| !name.is_empty() && !pattern)
}
