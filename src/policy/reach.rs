//! What a policy lets somebody do with tables, worked out once a statement, so that thousands of identities can be
//! asked about thousands of tables.

use std::sync::LazyLock;

use super::document::{Document, Effect, Names, Statement};
use super::pattern::Pattern;
use super::perimeter::{CONTROL_WRITES, ITEM_ACTIONS};

/// Actions on tables, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Actions(u64);

/// Actions on streams of tables, beside those on items and on tables.
pub const STREAM_ACTIONS: [&str; 2] = ["dynamodb:GetRecords", "dynamodb:GetShardIterator"];
/// Actions on tables that are no write of the control plane in the strict sense, and move data all the same.
const OTHERS: [&str; 1] = ["dynamodb:AssociateTableReplica"];

/// What an action is asked for: the table, or what lies below it. Source: the Service Authorization Reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Index,
    Stream,
    Backup,
}

/// Asked for tables and for indexes, one of which will do.
const ON_INDEXES: [&str; 5] = [
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:SearchVectors",
    "dynamodb:UpdateContributorInsights",
];
/// Asked for tables and for streams.
const ON_STREAMS: [&str; 2] = ["dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy"];

fn on_tables() -> impl Iterator<Item = (&'static str, Kind)> {
    let kind = |action| if action == "dynamodb:DeleteBackup" { Kind::Backup } else { Kind::Table };
    let tables = ITEM_ACTIONS.into_iter().chain(CONTROL_WRITES).chain(OTHERS).map(move |action| (action, kind(action)));
    tables.chain(STREAM_ACTIONS.into_iter().map(|action| (action, Kind::Stream)))
}

/// Each action with each kind it is asked for: a denial of a table leaves its indexes and its stream.
fn known() -> impl Iterator<Item = (&'static str, Kind)> {
    let indexes = ON_INDEXES.into_iter().map(|action| (action, Kind::Index));
    on_tables().chain(indexes).chain(ON_STREAMS.into_iter().map(|action| (action, Kind::Stream)))
}

impl Actions {
    /// Those named that are known here.
    #[must_use]
    pub fn of(names: &[&str]) -> Self {
        let bits = known().enumerate().filter(|(_, (known, _))| names.contains(known));
        Self(bits.fold(0, |all, (at, _)| all | 1 << at))
    }

    /// Reads and writes of items.
    #[must_use]
    pub fn items() -> Self {
        static ITEMS: LazyLock<Actions> = LazyLock::new(|| Actions::of(&ITEM_ACTIONS));
        *ITEMS
    }

    /// Changes of tables.
    #[must_use]
    pub fn control() -> Self {
        static CONTROL: LazyLock<Actions> = LazyLock::new(|| Actions::of(&CONTROL_WRITES));
        *CONTROL
    }

    /// All that are known.
    #[must_use]
    pub fn all() -> Self {
        Self(known().enumerate().fold(0, |all, (at, _)| all | 1 << at))
    }

    /// What both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What this holds and the other does not.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True for none at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let held = move |name| known().enumerate().any(|(at, (known, _))| known == name && self.0 & (1 << at) != 0);
        on_tables().map(|(name, _)| name).filter(move |name| held(*name))
    }
}

/// What one statement does to tables. One that speaks of tables, and of the indexes or streams of others, is two.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its place in the document, from 0.
    pub statement: usize,
    /// Allow or deny.
    pub effect: Effect,
    /// The actions it speaks of.
    pub actions: Actions,
    /// It speaks of every action of DynamoDB, of those that are not known here too.
    pub whole: bool,
    /// It holds whatever the conditions.
    pub unconditional: bool,
    /// It names every table of the account, in a region at least.
    pub every_table: bool,
    /// It names every table of the account, in every region.
    pub every_region: bool,
    /// The tables of which it speaks of something, be it one index.
    tables: Option<Names>,
    /// The tables of which it speaks of all that these actions are asked for.
    whole_tables: Option<Names>,
}

impl Grant {
    /// True when it may speak of a table, whoever asks.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        self.tables.as_ref().is_none_or(|names| names.names(arn))
    }

    /// True when it speaks of a table for sure.
    #[must_use]
    pub fn surely_names(&self, arn: &str) -> bool {
        self.whole_tables.as_ref().is_none_or(|names| names.surely_names(arn))
    }

    /// The names of tables it may speak of, what lies below a table led back to it; `None` for whatever there is.
    #[must_use]
    pub fn tables(&self) -> Option<&Names> {
        self.tables.as_ref()
    }

    /// The names of tables that it speaks of whole: of every index or stream too, where its actions are asked for those;
    /// `None` for whatever there is.
    #[must_use]
    pub fn whole_tables(&self) -> Option<&Names> {
        self.whole_tables.as_ref()
    }

    /// The patterns of tables it allows, none where it says what it leaves out.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        match &self.tables {
            Some(names) if !names.except => &names.patterns,
            _ => &[],
        }
    }
}

/// A document with what it does to tables.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The document.
    pub document: Document,
    /// Its statements that speak of tables of an account.
    pub grants: Vec<Grant>,
}

impl Reach {
    /// Works out what a document does to the tables of an account.
    #[must_use]
    pub fn new(document: Document, account: &str) -> Self {
        let grants = (0..).zip(&document.statements).flat_map(|(at, one)| statement_grants(at, one, account)).collect();
        Self { document, grants }
    }

    /// What it may let somebody do with a table, or, without one, with any: what an unconditional denial takes back is
    /// left out.
    #[must_use]
    pub fn allows(&self, arn: Option<&str>) -> Actions {
        let of = |one: &&Grant| one.effect == Effect::Allow && arn.is_none_or(|arn| one.names(arn));
        self.grants.iter().filter(of).fold(Actions::default(), |all, one| all.or(one.actions))
    }

    /// What it denies for sure: of a table, or, without one, of every table.
    #[must_use]
    pub fn denies(&self, arn: Option<&str>) -> Actions {
        let of = |one: &&Grant| {
            one.effect == Effect::Deny && one.unconditional && arn.map_or(one.every_region, |arn| one.surely_names(arn))
        };
        self.grants.iter().filter(of).fold(Actions::default(), |all, one| all.or(one.actions))
    }
}

fn statement_grants(statement: usize, one: &Statement, account: &str) -> Vec<Grant> {
    let touches = |pattern: &String| {
        let service = pattern.split([':', '*', '?']).next().unwrap_or_default();
        "dynamodb".get(..service.len()).is_some_and(|start| start.eq_ignore_ascii_case(service))
    };
    if !one.actions.except && !one.actions.patterns.iter().any(touches) {
        return Vec::new();
    }
    let whole = one.actions.covers_service("dynamodb");
    let mut grants: Vec<Grant> = Vec::new();
    for kind in [Kind::Table, Kind::Index, Kind::Stream, Kind::Backup] {
        let bits = known().enumerate().filter(|(_, (action, of))| *of == kind && one.actions.matches_action(action));
        let actions = Actions(bits.fold(0, |all, (at, _)| all | 1 << at));
        let whole = whole && kind == Kind::Table;
        let some = one.resources.as_ref().map(|names| kind.tables(names, false));
        let all = one.resources.as_ref().map(|names| kind.tables(names, true));
        let reaches =
            some.as_ref().is_none_or(|names| names.except || names.patterns.iter().any(|of| is_table(of, account)));
        if !reaches || actions.is_empty() && !whole {
            continue;
        }
        if let Some(like) = grants.iter_mut().find(|of| of.tables == some && of.whole_tables == all) {
            like.actions = like.actions.or(actions);
            continue;
        }
        // An index of every table is every table; a denial of the index leaves the table.
        let named = if one.effect == Effect::Allow { some.as_ref() } else { all.as_ref() };
        let every = |region| named.is_none_or(|names| names_every_table(names, account, region));
        let (every_table, every_region) = (every(None), every(Some("\u{2}")));
        grants.push(Grant {
            statement,
            effect: one.effect,
            actions,
            whole,
            unconditional: one.conditions.is_empty(),
            every_table,
            every_region,
            tables: some,
            whole_tables: all,
        });
    }
    grants
}

impl Kind {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Table => None,
            Self::Index => Some("index/"),
            Self::Stream => Some("stream/"),
            Self::Backup => Some("backup/"),
        }
    }

    /// Names of resources led back to tables: those of which they name one of this kind, or all.
    fn tables(self, names: &Names, all: bool) -> Names {
        // Who leaves out one index speaks of the table still; who leaves out all does not.
        let patterns = names.patterns.iter().filter_map(|of| self.table(of, all != names.except));
        Names { except: names.except, patterns: patterns.collect() }
    }

    /// The pattern of tables of which a pattern of resources matches something of this kind, or all of it.
    fn table(self, pattern: &str, all: bool) -> Option<String> {
        // A star at the end reaches into whatever lies below what it matches. One before a fixed end could, too, were
        // something below called so: names of indexes are no way into tables.
        let itself = || (self == Self::Table || pattern.ends_with('*')).then(|| pattern.to_owned());
        let Some((head, rest)) = pattern.split_once(":table/") else { return itself() };
        let Some((name, below)) = at_slash(rest) else { return itself() };
        let word = self.word()?;
        let fixed = below.split(['*', '?', '$']).next().unwrap_or_default();
        let fits = if all {
            below.strip_suffix('*').is_some_and(|start| word.starts_with(start))
        } else if fixed == below {
            below.starts_with(word)
        } else {
            word.starts_with(fixed) || fixed.starts_with(word)
        };
        fits.then(|| format!("{head}:table/{name}"))
    }
}

/// Both sides of the first slash that is not in a variable's name.
fn at_slash(text: &str) -> Option<(&str, &str)> {
    let mut open = false;
    for (at, one) in text.char_indices() {
        match one {
            '{' => open = true,
            '}' => open = false,
            '/' if !open => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// True when a pattern may name a table of an account: all it fixes is as in the ARN of one.
fn is_table(pattern: &str, account: &str) -> bool {
    if pattern.bytes().all(|byte| byte == b'*') {
        return true;
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let wild = |part: &str| part.contains(['*', '?', '$']);
    let wanted = ["arn", "", "dynamodb", "", account];
    let fits = |to: usize| {
        parts.iter().take(to).zip(wanted).all(|(part, wanted)| wanted.is_empty() || wild(part) || *part == wanted)
    };
    // A star that ends a part reaches over colons, by AWS's own words: from there on anything may fit.
    if let (true, Some(star)) = (parts.len() < 6, parts.iter().position(|part| part.ends_with('*'))) {
        return fits(star);
    }
    let fits = fits(5);
    let rest = parts.get(5).copied().unwrap_or_default();
    let start = rest.split(['*', '?', '$']).next().unwrap_or_default();
    fits && (wild(parts.last().copied().unwrap_or_default()) && start.len() <= 6 && "table/".starts_with(start)
        || start.starts_with("table/"))
}

/// True when names hold whatever a table is called, in a region, or in one at least.
fn names_every_table(names: &Names, account: &str, region: Option<&str>) -> bool {
    let any = "\u{1}";
    if names.except {
        return !names.patterns.iter().any(|pattern| is_table(pattern, account));
    }
    names.patterns.iter().any(|pattern| {
        let part = |at: usize, other: &'static str| {
            let part = pattern.split(':').nth(at).unwrap_or_default();
            if part.is_empty() || part.contains(['*', '?', '$']) { other.to_owned() } else { part.to_owned() }
        };
        let region = region.map_or_else(|| part(3, "eu-west-1"), str::to_owned);
        let arn = format!("arn:{}:dynamodb:{region}:{account}:table/{any}", part(1, "aws"));
        Pattern::new(pattern, Some(&|_| None)).is_some_and(|pattern| pattern.matches(&arn))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";
    const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

    fn reach(statements: &str) -> Reach {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        Reach::new(Document::parse(&text).unwrap(), ACCOUNT)
    }

    fn allow(action: &str, resource: &str) -> Reach {
        reach(&format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#))
    }

    #[test]
    fn sets_of_actions_hold_what_they_name() {
        let set = Actions::of(&["dynamodb:GetItem", "dynamodb:DeleteTable", "s3:GetObject"]);
        assert_eq!(set.names().collect::<Vec<_>>(), ["dynamodb:GetItem", "dynamodb:DeleteTable"]);
        assert!(set.and(Actions::items()).without(Actions::items()).is_empty());
        assert!(Actions::items().and(Actions::control()).is_empty());
        assert!(known().count() <= 64 && Actions::all().names().count() == on_tables().count());
    }

    #[test]
    fn statements_reach_tables_as_far_as_they_name_them() {
        for (resource, named, every) in [
            ("*", true, true),
            ("arn:aws:dynamodb:*:*:table/*", true, true),
            ("arn:aws:dynamodb:*", true, true),
            ("arn:aws:dynamodb:eu-west-1:111122223333:*", true, true),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/*", true, true),
            ("arn:aws:dynamodb:us-east-1:111122223333:table/*", false, true),
            ("arn:aws:dynamodb:*:*:table/ord*", true, false),
            ("arn:aws:dynamodb:*:111122223333:table/orders/index/*", true, false),
            ("arn:aws:dynamodb:*:111122223333:table/orders/stream/*", true, false),
            ("arn:aws:dynamodb:*:111122223333:table/${aws:PrincipalTag/team}", true, false),
            ("arn:aws:dynamodb:*:111122223333:table/orders", true, false),
            // A star reaches over colons.
            ("arn:aws:dynamodb:*:table/orders", true, false),
            ("arn:aws:dynamodb:*:table/bills", false, false),
            ("arn:aws:dynamodb:*/orders", true, false),
        ] {
            let reach = allow("dynamodb:*", resource);
            let grants = &reach.grants;
            let names = grants.iter().any(|grant| grant.names(ARN));
            assert_eq!((names, grants.iter().any(|grant| grant.every_table)), (named, every), "{resource}");
        }
        for none in
            ["arn:aws:s3:::orders", "arn:aws:dynamodb:*:444455556666:table/*", "arn:aws:dynamodb:*:*:global-table/*"]
        {
            assert!(allow("*", none).grants.is_empty(), "{none}");
        }
        for action in ["s3:*", "dynamodb:ListTables", "dax:GetItem", "d:*"] {
            assert!(allow(action, "*").grants.is_empty(), "{action}");
        }
        for (action, whole) in [("*", true), ("dynamo*", true), ("DynamoDB:*", true), ("dynamodb:*Item", false)] {
            assert_eq!(allow(action, "*").grants[0].whole, whole, "{action}");
        }
    }

    #[test]
    fn denials_take_back_what_they_surely_deny() {
        let of = |deny: &str| {
            let reach = reach(&format!(
                r#"{{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}},{{"Effect":"Deny",{deny}}}"#
            ));
            let one = reach.allows(Some(ARN)).without(reach.denies(Some(ARN)));
            let any = reach.allows(None).without(reach.denies(None));
            let delete = Actions::of(&["dynamodb:DeleteTable"]);
            (!one.and(delete).is_empty(), !any.and(delete).is_empty())
        };
        assert_eq!(of(r#""Action":"dynamodb:DeleteTable","Resource":"*""#), (false, false));
        assert_eq!(of(&format!(r#""Action":"dynamodb:Delete*","Resource":"{ARN}""#)), (false, true));
        assert_eq!(of(&format!(r#""Action":"dynamodb:Delete*","Resource":"{ARN}/*""#)), (true, true));
        assert_eq!(of(&format!(r#""Action":"dynamodb:Delete*","NotResource":"{ARN}""#)), (true, true));
        assert_eq!(of(r#""Action":"dynamodb:PutItem","Resource":"*""#), (true, true));
        let region = "arn:aws:dynamodb:eu-west-1:111122223333:table/*";
        assert_eq!(of(&format!(r#""Action":"dynamodb:*","Resource":"{region}""#)), (false, true));
        assert_eq!(of(r#""Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/*""#), (false, false));
        let condition = r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#;
        assert_eq!(of(&format!(r#""Action":"*","Resource":"*",{condition}"#)), (true, true));
    }
    #[test]
    fn actions_reach_what_they_are_asked_for() {
        let left = |statements: &str| -> Vec<&str> {
            let reach = reach(statements);
            reach.allows(Some(ARN)).without(reach.denies(Some(ARN))).names().collect()
        };
        let allow = |resource: &str| {
            let some = r#"["dynamodb:GetItem","dynamodb:Query","dynamodb:GetRecords","dynamodb:DeleteBackup"]"#;
            format!(r#"{{"Effect":"Allow","Action":{some},"Resource":"{resource}"}}"#)
        };
        let (get, query) = ("dynamodb:GetItem", "dynamodb:Query");
        let (records, backup) = ("dynamodb:GetRecords", "dynamodb:DeleteBackup");
        for (below, want) in [
            ("", &[get, query][..]),
            ("/*", &[query, backup, records]),
            ("/index/*", &[query]),
            ("/index/by-date", &[query]),
            ("/i*", &[query]),
            ("/stream/*", &[records]),
            ("/stream/2026-*", &[records]),
            ("/backup/*", &[backup]),
            ("/export/*", &[]),
            ("*", &[get, query, backup, records]),
        ] {
            assert_eq!(left(&allow(&format!("{ARN}{below}"))), want, "{below}");
        }
        // Who is denied the table still reads its indexes, its stream and its backups.
        let deny = |resource: &str| format!(r#"{{"Effect":"Deny","Action":"dynamodb:*","Resource":{resource}}}"#);
        for (denied, want) in [
            (format!(r#""{ARN}""#), &[query, backup, records][..]),
            (format!(r#"["{ARN}","{ARN}/index/by-date"]"#), &[query, backup, records]),
            (format!(r#"["{ARN}","{ARN}/index/*"]"#), &[backup, records]),
            (format!(r#"["{ARN}","{ARN}/*"]"#), &[]),
            (format!(r#""{ARN}*""#), &[]),
        ] {
            assert_eq!(left(&format!("{},{}", allow("*"), deny(&denied))), want, "{denied}");
        }
        let but = |what: &str| format!(r#"{{"Effect":"Allow","Action":"dynamodb:*","NotResource":"{ARN}{what}"}}"#);
        assert!(left(&but("/index/*")).contains(&get) && left(&but("/index/*")).contains(&query));
        assert!(!left(&but("*")).contains(&records) && left(&but("")).contains(&records));
    }
}
