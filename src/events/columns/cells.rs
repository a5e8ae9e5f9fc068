//! Events as columns: one value of each a row, codes in place of texts.

use crate::EventCategory;

use super::words::{Codes, Words};

/// What was done: the values that go together in every call of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action {
    /// `eventSource`
    pub source: u32,
    /// `eventName`
    pub name: u32,
    /// `errorCode`
    pub error: u32,
    /// `eventCategory`
    pub category: EventCategory,
    /// `readOnly`
    pub read_only: Option<bool>,
    /// How bad it is: a [`crate::Grade`] as a number, 0 for none.
    pub grade: u8,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    /// In one word.
    pub principal: u32,
    /// The caller's ARN.
    pub arn: u32,
    /// The session's name.
    pub session: u32,
    /// The access key's id.
    pub access_key: u32,
}

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site {
    /// `awsRegion`
    pub region: u32,
    /// `recipientAccountId`
    pub account: u32,
    /// `vpcEndpointId`
    pub vpce: u32,
    /// `tlsDetails.tlsVersion`, of calls to DynamoDB and DAX, and so are the next two.
    pub tls: u32,
    /// `tlsDetails.keyExchange`
    pub exchange: u32,
    /// `tlsDetails.clientProvidedHostHeader`
    pub host: u32,
}

/// Marks of a row.
pub mod mark {
    /// `eventTime` is missing or no time.
    pub const NO_TIME: u8 = 1;
    /// `eventID` is missing.
    pub const NO_ID: u8 = 2;
    /// The id is no UUID in lower case: its code in the words stands in its place.
    pub const ODD_ID: u8 = 4;
    /// Another event has the same id and other content.
    pub const TWIN: u8 = 8;
    /// The row was taken away: a later reading of its file stands in its place, or it was a repeated delivery.
    pub const GONE: u8 = 16;
    /// The credentials are those of a session at the console.
    pub const CONSOLE: u8 = 32;
}

/// The dictionaries that codes refer to.
#[derive(Debug, Clone, Default)]
pub struct Dictionaries {
    /// Texts.
    pub words: Words,
    /// Of `action`.
    pub actions: Codes<Action>,
    /// Of `caller`.
    pub callers: Codes<Caller>,
    /// Of `site`.
    pub sites: Codes<Site>,
    /// Of `tables`: the names of each.
    pub sets: Codes<Box<[u32]>>,
}

impl Dictionaries {
    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sets: usize = self.sets.all().iter().map(|set| set.len() * 4).sum();
        self.words.bytes() + self.actions.bytes() + self.callers.bytes() + self.sites.bytes() + self.sets.bytes() + sets
    }
}

/// One event, in codes.
#[derive(Debug, Clone, Copy)]
pub struct Cells {
    /// Seconds since 1970.
    pub time: u32,
    /// `eventID`: a UUID's bits, or a word's code (`mark::ODD_ID`).
    pub id: u128,
    /// What was done.
    pub action: u32,
    /// By whom.
    pub caller: u32,
    /// Where.
    pub site: u32,
    /// `sourceIPAddress`, a word.
    pub address: u32,
    /// `userAgent`, a word.
    pub agent: u32,
    /// The tables it speaks of, a set.
    pub tables: u32,
    /// A hash of the record.
    pub digest: u32,
    /// `mark::*`
    pub marks: u8,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// The columns.
        #[derive(Debug, Clone, Default)]
        pub struct Columns {
            $($(#[$doc])* pub $name: Vec<$kind>,)*
        }

        impl Columns {
            /// Adds a row.
            pub fn push(&mut self, row: Cells) {
                $(self.$name.push(row.$name);)*
            }

            /// A row.
            #[must_use]
            pub fn row(&self, row: usize) -> Option<Cells> {
                Some(Cells { $($name: *self.$name.get(row)?,)* })
            }

            /// Gives back memory that no row uses.
            pub fn shrink(&mut self) {
                $(self.$name.shrink_to_fit();)*
            }

            /// Forgets the rows from this one on.
            pub fn truncate(&mut self, rows: usize) {
                $(self.$name.truncate(rows);)*
            }

            /// Makes room for so many rows more.
            pub fn reserve(&mut self, rows: usize) {
                $(self.$name.reserve(rows);)*
            }

            /// Bytes in memory.
            #[must_use]
            pub fn bytes(&self) -> usize {
                0 $(+ self.$name.len() * size_of::<$kind>())*
            }
        }
    };
}

columns! {
    /// Seconds since 1970.
    time: u32,
    /// UUIDs.
    id: u128,
    /// Actions.
    action: u32,
    /// Callers.
    caller: u32,
    /// Sites.
    site: u32,
    /// Words.
    address: u32,
    /// Words.
    agent: u32,
    /// Sets.
    tables: u32,
    /// Hashes.
    digest: u32,
    /// Marks.
    marks: u8,
}

impl Columns {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }
}
