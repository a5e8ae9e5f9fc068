//! Terms of a query as conditions in Trino's SQL, as Athena and CloudTrail Lake speak it.
//!
//! Conditions are never null: a missing column counts as an empty text, which no record writes where it says
//! something (`trail::record` takes the two for the same).

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use wildmatch::WildMatch;

use crate::trail::query::{Expr, Moment, Op, Operand, Test};

use super::narrow::{Cond, Dialect, Side, all, any};

/// What an engine's table calls things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// The expression of a plain column or a leaf of `userIdentity`, as text; by its name in the documented table.
    pub text: fn(&str) -> String,
    /// All text of a record, in small letters.
    pub everything: &'static str,
    /// `everything` is the record itself: the names of its fields are in it too.
    pub whole: bool,
    /// Times are a type of their own, rather than text.
    pub typed_time: bool,
}

/// A query's terms in SQL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql {
    /// The table's names.
    pub columns: Columns,
    /// What relative times count from.
    pub now: Timestamp,
}

/// Names of fields in a record outside of its documents, in small letters: text that a table's rows do not hold.
const SKELETON: [&str; 70] = [
    "eventversion",
    "useridentity",
    "type",
    "principalid",
    "arn",
    "accountid",
    "invokedby",
    "accesskeyid",
    "username",
    "onbehalfof",
    "userid",
    "identitystorearn",
    "inscopeof",
    "sourcearn",
    "sourceaccount",
    "issuertype",
    "credentialsissuedto",
    "credentialid",
    "identityprovider",
    "sessioncontext",
    "attributes",
    "mfaauthenticated",
    "creationdate",
    "sessionissuer",
    "ec2roledelivery",
    "ec2issuedinvpc",
    "webidfederationdata",
    "federatedprovider",
    "sourceidentity",
    "assumedroot",
    "eventtime",
    "eventsource",
    "eventname",
    "awsregion",
    "sourceipaddress",
    "useragent",
    "errorcode",
    "errormessage",
    "requestparameters",
    "responseelements",
    "additionaleventdata",
    "requestid",
    "eventid",
    "readonly",
    "resources",
    "resourcename",
    "resourcetype",
    "arnprefix",
    "eventtype",
    "apiversion",
    "recipientaccountid",
    "serviceeventdetails",
    "sharedeventid",
    "vpcendpointid",
    "vpcendpointaccountid",
    "eventcategory",
    "addendum",
    "reason",
    "updatedfields",
    "originalrequestid",
    "originaleventid",
    "sessioncredentialfromconsole",
    "edgedevicedetails",
    "tlsdetails",
    "tlsversion",
    "ciphersuite",
    "clientprovidedhostheader",
    "managementevent",
    "true",
    "false",
];

/// Words that the row of an event adds to its record: who, where the record names nobody.
const ADDED: [&str; 2] = ["root", "unknown"];

impl Dialect for Sql {
    fn term(&self, term: &Expr, side: Side) -> Option<Cond> {
        match term {
            Expr::Free(needle) => (side == Side::Over).then(|| self.anywhere(needle.text()))?,
            Expr::Since(moment) => Some(self.not_before(moment.range(self.now).start, side)),
            Expr::Until(moment) => Some(self.before(moment.range(self.now).end, side)),
            Expr::Field { name, test } => self.field(name, test, side),
            Expr::All(_) | Expr::Any(_) | Expr::Not(_) => None,
        }
    }
}

impl Sql {
    fn field(&self, name: &str, test: &Test, side: Side) -> Option<Cond> {
        let column = |column: &str| (self.columns.text)(column);
        match name {
            "id" => self.text(&column("eventid"), test, true),
            "name" => self.text(&column("eventname"), test, true),
            "source" => self.text(&column("eventsource"), test, false),
            "region" => self.text(&column("awsregion"), test, false),
            "account" => {
                let (recipient, caller) = (column("recipientaccountid"), column("useridentity.accountid"));
                let first = format!("if({recipient} <> '', {recipient}, {caller})");
                self.text(&first, test, false)
            }
            "principal_arn" => self.text(&column("useridentity.arn"), test, true),
            "access_key" => self.text(&column("useridentity.accesskeyid"), test, true),
            "ip" => match test {
                Test::Block(block) if side == Side::Over => self.block(*block),
                Test::Block(_) => None,
                test => self.text(&column("sourceipaddress"), test, true),
            },
            "user_agent" => self.text(&column("useragent"), test, true),
            "error" => self.text(&column("errorcode"), test, true),
            "vpce" => self.text(&column("vpcendpointid"), test, true),
            "read_only" => match test {
                Test::Flag(flag) => Some(Cond::When(format!("{} = '{flag}'", column("readonly")))),
                Test::None => Some(Cond::When(format!("{} NOT IN ('true', 'false')", column("readonly")))),
                _ => None,
            },
            "self" => match test {
                Test::Flag(own) => {
                    let sign = if *own { ">" } else { "=" };
                    let agent = crate::trail::record::OWN_AGENT;
                    Some(Cond::When(format!("strpos({}, '{agent}') {sign} 0", column("useragent"))))
                }
                _ => None,
            },
            "time" => match test {
                Test::Compare(op, Operand::Time(moment)) => Some(self.time(*op, moment, side)),
                _ => None,
            },
            "age" => match test {
                Test::Compare(op, Operand::Number(_, seconds)) => self.age(*op, *seconds, side),
                _ => None,
            },
            // These are made of several parts of a record: they can be looked for, not told apart.
            "principal" if side == Side::Over => self.principal(test),
            "session" if side == Side::Over => self.session(test),
            "table" if side == Side::Over => match test {
                Test::Is(name) => self.anywhere(name),
                Test::Glob(glob, _) => self.anywhere_like(glob),
                _ => None,
            },
            "category" if side == Side::Over => match test {
                // Older records name no category, and say it in other ways.
                Test::Is(word) if !word.eq_ignore_ascii_case("other") => {
                    let category = column("eventcategory");
                    Some(any(vec![equal(&category, word)?, Cond::When(format!("{category} = ''"))]))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A test of a column. `optional` says that an empty text is no value.
    fn text(&self, column: &str, test: &Test, optional: bool) -> Option<Cond> {
        let present = |cond: String| {
            let there = Cond::When(format!("{column} <> ''"));
            if optional { all(vec![there, Cond::When(cond)]) } else { Cond::When(cond) }
        };
        match test {
            Test::Is(value) if value.is_empty() => None,
            Test::Is(value) => equal(column, value),
            Test::Has(needle) if !needle.text().is_empty() && needle.text().is_ascii() => Some(Cond::When(format!(
                "strpos(lower({column}), {}) > 0",
                quoted(&needle.text().to_ascii_lowercase())
            ))),
            Test::Glob(glob, _) if glob.is_ascii() => {
                Some(present(format!("lower({column}) LIKE {}", like(&glob.to_ascii_lowercase()))))
            }
            Test::Regex(regex) if portable(regex.as_str()) => {
                Some(present(format!("regexp_like({column}, {})", quoted(regex.as_str()))))
            }
            Test::None if optional => Some(Cond::When(format!("{column} = ''"))),
            _ => None,
        }
    }

    /// Text that stands anywhere in a record: `None` when it may be of what the table's rows do not hold.
    fn anywhere(&self, needle: &str) -> Option<Cond> {
        self.looked_for(needle)?;
        let needle = quoted(&needle.to_ascii_lowercase());
        Some(Cond::When(format!("strpos({}, {needle}) > 0", self.columns.everything)))
    }

    fn anywhere_like(&self, glob: &str) -> Option<Cond> {
        // The longest piece has to be tellable from the names of fields.
        let longest = glob.split(['*', '?']).max_by_key(|piece| piece.len()).unwrap_or_default();
        self.looked_for(longest)?;
        glob.split(['*', '?']).all(plain).then_some(())?;
        let pattern = like(&format!("*{}*", glob.to_ascii_lowercase()));
        Some(Cond::When(format!("{} LIKE {pattern}", self.columns.everything)))
    }

    /// Whether text is found in the columns wherever it is found in the record as it was written.
    fn looked_for(&self, needle: &str) -> Option<()> {
        let small = needle.to_ascii_lowercase();
        let hidden = |words: &[&str]| words.iter().any(|word| word.contains(&small));
        let lost = hidden(&ADDED) || (!self.columns.whole && hidden(&SKELETON));
        (small.contains(|one: char| one.is_ascii_alphanumeric()) && plain(&small) && !lost).then_some(())
    }

    /// Who: any of the parts of the identity that the one word is taken from.
    fn principal(&self, test: &Test) -> Option<Cond> {
        let column = |column: &str| (self.columns.text)(column);
        let pattern = match test {
            Test::Is(word) if plain(word) && !word.is_empty() => word.clone(),
            Test::Glob(glob, _) if glob.split(['*', '?']).all(plain) => glob.clone(),
            _ => return None,
        };
        let matches = WildMatch::new_case_insensitive(&pattern);
        if matches.matches("unknown") {
            return None;
        }
        let small = pattern.to_ascii_lowercase();
        let is = |of: &str| Cond::When(format!("lower({}) LIKE {}", column(of), like(&small)));
        let mut parts: Vec<Cond> = [
            "useridentity.sessioncontext.sessionissuer.username",
            "useridentity.username",
            "useridentity.principalid",
            "useridentity.invokedby",
            "useridentity.accountid",
            "useridentity.onbehalfof.userid",
        ]
        .into_iter()
        .map(is)
        .collect();
        let inside = like(&format!("*{small}*"));
        parts.push(Cond::When(format!("lower({}) LIKE {inside}", column("useridentity.arn"))));
        if matches.matches("root") {
            parts.push(equal(&column("useridentity.type"), "Root")?);
        }
        Some(any(parts))
    }

    /// The session: what the ARN or the principal's id ends with.
    fn session(&self, test: &Test) -> Option<Cond> {
        let pattern = match test {
            Test::Is(word) if plain(word) && !word.is_empty() => word,
            Test::Glob(glob, _) if glob.split(['*', '?']).all(plain) => glob,
            _ => return None,
        };
        let ends = |of: &str, between: char| {
            let pattern = like(&format!("*{between}{}", pattern.to_ascii_lowercase()));
            Cond::When(format!("lower({}) LIKE {pattern}", (self.columns.text)(of)))
        };
        Some(any(vec![ends("useridentity.arn", '/'), ends("useridentity.principalid", ':')]))
    }

    /// An address of a block, by the bytes that all of its addresses begin with.
    fn block(&self, block: IpNet) -> Option<Cond> {
        let column = (self.columns.text)("sourceipaddress");
        let IpNet::V4(block) = block else { return Some(Cond::When(format!("strpos({column}, ':') > 0"))) };
        let whole = usize::from(block.prefix_len() / 8);
        if whole == 0 {
            return None;
        }
        let octets: Vec<String> = block.network().octets().iter().take(whole).map(ToString::to_string).collect();
        let end = if whole == 4 { "" } else { ".%" };
        Some(Cond::When(format!("{column} LIKE '{}{end}'", octets.join("."))))
    }

    fn time(&self, op: Op, moment: &Moment, side: Side) -> Cond {
        let range = moment.range(self.now);
        match op {
            Op::Equal => all(vec![self.not_before(range.start, side), self.before(range.end, side)]),
            Op::AtLeast => self.not_before(range.start, side),
            Op::Above => self.not_before(range.end, side),
            Op::AtMost => self.before(range.end, side),
            Op::Below => self.before(range.start, side),
        }
    }

    fn age(&self, op: Op, seconds: f64, side: Side) -> Option<Cond> {
        // Half a second either way: the filter counts in fractions.
        let at = |slack: f64| {
            let ago = SignedDuration::try_from_secs_f64(seconds + slack).ok()?;
            self.now.checked_sub(ago).ok()
        };
        if side == Side::Under {
            return None;
        }
        match op {
            Op::Equal => None,
            Op::AtLeast | Op::Above => Some(self.before(at(-1.0)?, side)),
            Op::AtMost | Op::Below => Some(self.not_before(at(1.0)?, side)),
        }
    }

    fn not_before(&self, at: Timestamp, side: Side) -> Cond {
        self.against(">=", at, side)
    }

    fn before(&self, at: Timestamp, side: Side) -> Cond {
        self.against("<", at, side)
    }

    /// Records hold whole seconds: a limit within a second is one at its end, whichever side is asked for.
    fn against(&self, sign: &str, at: Timestamp, side: Side) -> Cond {
        // `as_second` goes towards 1970: after it that is down, before it that is up.
        let up = i64::from(at.subsec_nanosecond() > 0);
        let second = Timestamp::from_second(at.as_second().saturating_add(up)).unwrap_or(at);
        let column = (self.columns.text)("eventtime");
        if self.columns.typed_time {
            return Cond::When(format!("{column} {sign} timestamp '{}'", second.strftime("%Y-%m-%d %H:%M:%S")));
        }
        // A time that is written in another way cannot be compared as text.
        let compared = Cond::When(format!("{column} {sign} '{}'", second.strftime("%Y-%m-%dT%H:%M:%SZ")));
        match side {
            Side::Over => any(vec![compared, Cond::When(format!("{column} NOT LIKE '{USUAL}'"))]),
            Side::Under => all(vec![compared, Cond::When(format!("{column} LIKE '{USUAL}'"))]),
        }
    }
}

/// How nearly every record writes its time.
const USUAL: &str = "____-__-__T__:__:__Z";

fn equal(column: &str, value: &str) -> Option<Cond> {
    // Letter case of other scripts is no two programs' same.
    value.is_ascii().then(|| Cond::When(format!("lower({column}) = {}", quoted(&value.to_ascii_lowercase()))))
}

/// Text that stands within one value of a record, written by every JSON writer as it is.
pub(super) fn plain(text: &str) -> bool {
    let known = |one: char| one.is_ascii_alphanumeric() || " -_.:/@+#;,()*".contains(one);
    // Between values stand a quote and a colon, or a comma and a quote: neither is within a text like this.
    text.chars().all(known) && !text.starts_with(':') && !text.ends_with(',')
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A pattern of `*` and `?` as one of `LIKE`.
fn like(glob: &str) -> String {
    let mut pattern = String::new();
    let mut escaped = false;
    for one in glob.chars() {
        match one {
            '*' if pattern.ends_with('%') => {}
            '*' => pattern.push('%'),
            '?' => pattern.push('_'),
            '%' | '_' | '\\' => {
                escaped = true;
                pattern.push('\\');
                pattern.push(one);
            }
            one => pattern.push(one),
        }
    }
    let text = quoted(&pattern);
    if escaped { format!("{text} ESCAPE '\\'") } else { text }
}

/// Whether a regular expression means the same here and in Java's syntax: letters, sets, groups and plain repetition.
pub(super) fn portable(regex: &str) -> bool {
    let known = |one: char| one.is_ascii_alphanumeric() || " -_/:@,.|()^$*+?[]\\".contains(one);
    let mut before = ' ';
    for one in regex.chars() {
        let repeats = |one: char| "*+?".contains(one);
        let odd = match one {
            _ if before == '\\' => one.is_ascii_alphanumeric(),
            // `(?i)`, `a*+`, `[[:alpha:]]`, and `&&` within a set mean other things elsewhere, or nothing.
            '?' if before == '(' => true,
            one if repeats(one) && repeats(before) => true,
            '[' if before == '[' => true,
            one => !known(one),
        };
        if odd {
            return false;
        }
        before = if before == '\\' { ' ' } else { one };
    }
    true
}
