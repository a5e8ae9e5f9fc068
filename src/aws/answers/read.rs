//! How an operation of the slow tail is asked, about what, and what its answer must hold.

use serde_json::Value;

/// One operation that is read for its whole answer.
#[derive(Debug)]
pub struct Read {
    /// Its row in the operation table.
    pub label: &'static str,
    /// How it is asked.
    pub how: How,
    /// What it is asked about.
    pub each: Each,
    /// What every answer holds, as a JSON pointer: of pages, the list; empty for whatever comes.
    pub holds: &'static str,
    /// Whether what it holds is what it should be: of pages, each item. A body of wrong types is no answer.
    pub is: fn(&Value) -> bool,
    /// How it goes on, where it answers in pages.
    pub pages: Option<Paged>,
    /// What is kept of an answer, where not all of it is; `None` when it is none.
    pub keep: Option<fn(Value) -> Option<Value>>,
    /// Error codes that say that there is none.
    pub absent: &'static [&'static str],
    /// What the message of such an error holds, where the same code says something else as well.
    pub words: &'static str,
}

/// How a request is written; the subject is handed over.
#[derive(Debug)]
pub enum How {
    /// AWS JSON.
    Json(fn(&str) -> Value),
    /// restJson1, `GET`.
    Get(fn(&str) -> String),
    /// restJson1, `POST`: path and body.
    Post(fn(&str) -> String, fn(&str) -> Value),
    /// AWS JSON, to the client that the subject asks for.
    JsonAt(fn(&str) -> &'static str, fn(&str) -> Value),
    /// restXml, `GET`.
    Xml(fn(&str) -> String),
    /// A form: EC2's own, or the query protocol's.
    Form(fn(&str) -> Vec<(&'static str, String)>),
    /// A setting of a bucket, by the name of its query.
    Bucket(&'static str),
}

/// What a read is asked about.
#[derive(Debug)]
pub enum Each {
    /// The account in this region.
    Once,
    /// The account, in whichever of its regions asks first: what is global is read once.
    Account,
    /// Each item of another read's list, by its id.
    Of {
        /// The other read.
        label: &'static str,
        /// The list.
        list: &'static str,
        /// The id of an item.
        id: &'static str,
    },
    /// Each item of the lists of a read that has several subjects: `subject/id`.
    Nested {
        /// The other read.
        label: &'static str,
        /// The list.
        list: &'static str,
        /// The id of an item.
        id: &'static str,
    },
    /// The account and all that it stands under in its organization, for each kind of policy: `KIND:target`.
    Path,
    /// Each KMS key that a table names, in its own region.
    Key,
    /// Each bucket of the account that a trail delivers to, or an export went to.
    Bucket,
    /// Each front door of the account in this region that the configuration declares.
    Door,
    /// Each CloudFront distribution of the account that the configuration declares, read once.
    Distribution,
    /// What other reads' answers name, each by its ARN.
    Named(&'static [(&'static str, &'static str)]),
    /// Each detector of GuardDuty.
    Detector,
}

/// How pages are asked for.
#[derive(Debug)]
pub struct Paged {
    /// The member or parameter that takes the token.
    pub ask: &'static str,
    /// Where the answer holds the next one.
    pub told: &'static str,
    /// Other lists that go on over the same pages.
    pub also: &'static [&'static str],
}

pub(super) const fn read(label: &'static str, how: How, each: Each, holds: &'static str) -> Read {
    Read { label, how, each, holds, is: Value::is_object, pages: None, keep: None, absent: &[], words: "" }
}

impl Read {
    pub(super) const fn paged(mut self, ask: &'static str, told: &'static str) -> Self {
        self.pages = Some(Paged { ask, told, also: &[] });
        self
    }

    pub(super) const fn also(mut self, lists: &'static [&'static str]) -> Self {
        if let Some(paged) = &mut self.pages {
            paged.also = lists;
        }
        self
    }

    pub(super) const fn keep(mut self, keep: fn(Value) -> Option<Value>) -> Self {
        self.keep = Some(keep);
        self
    }

    pub(super) const fn is(mut self, is: fn(&Value) -> bool) -> Self {
        self.is = is;
        self
    }

    pub(super) const fn worded(mut self, words: &'static str) -> Self {
        self.words = words;
        self
    }

    pub(super) const fn absent(mut self, codes: &'static [&'static str]) -> Self {
        self.absent = codes;
        self
    }
}
