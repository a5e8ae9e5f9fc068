//! What is written in a policy and cannot mean what its author meant: blanks in ARNs, conditions that nothing meets,
//! statements that act on indexes alone.
//!
//! Everything said here follows from the text. What a policy grants is judged elsewhere.

mod actions;
mod events;

use std::fmt;

use super::condition::{Condition, Operator, Quantifier, date, network};
use super::document::{Document, Effect, Names, Statement};
use super::evaluate::is_account;
use super::pattern::action_matches;
use super::perimeter::ITEM_ACTIONS;
pub use events::event_pattern;

/// Where a policy stands, which decides what its statements must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Attached to an identity: it names no principal.
    Identity,
    /// Attached to a resource.
    Resource,
    /// Attached to a VPC endpoint.
    Endpoint,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It is no policy at all.
    NotAPolicy,
    /// Quotes that a word processor made.
    TypographicQuote,
    /// A statement of a resource or an endpoint that names nobody.
    MissingPrincipal,
    /// A statement of an identity that names somebody.
    PrincipalOfIdentity,
    /// A statement that names no resource, which IAM asks of all but trust policies.
    MissingResource,
    /// A blank where no blank can be.
    Blank,
    /// `<account>`, `{region}`, `YOUR_TABLE`: a template nobody filled in.
    Placeholder,
    /// A resource that is no ARN of anything.
    NeverMatches,
    /// Actions on tables, allowed on indexes alone.
    IndexOnly,
    /// `Scan` beside a condition on leading keys, which it does not look at.
    ScanBesideLeadingKeys,
    /// A condition on leading keys that one key meets though others do not.
    LeadingKeysWithoutForAll,
    /// A variable that other identities have than those it is meant for.
    ForeignVariable,
    /// Variables in a policy of the old version, which knows none.
    VariableInOldVersion,
    /// An action that DynamoDB does not have.
    UnknownAction,
    /// A condition that nothing can meet.
    NeverHolds,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// The statement, from 0; `None` for the whole text.
    pub statement: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
    /// True when the policy then does not do what it says; else it is worth a look.
    pub grave: bool,
    /// The same in words, with the policy's own text.
    pub words: String,
}

impl fmt::Display for Lint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statement {
            Some(at) => write!(to, "statement {}: {}", at + 1, self.words),
            None => to.write_str(&self.words),
        }
    }
}

/// Everything wrong with a policy, statement by statement.
#[must_use]
pub fn policy(text: &str, place: Place) -> Vec<Lint> {
    let mut found = Vec::new();
    if let Some(quote) = text.chars().find(|c| QUOTES.contains(c)) {
        let words = format!("the quotation mark {quote} is a printer's, not JSON's \"");
        found.push(Lint { statement: None, fault: Fault::TypographicQuote, grave: true, words });
    }
    match Document::parse(text) {
        Ok(document) => {
            for (at, one) in document.statements.iter().enumerate() {
                let mut say =
                    |fault, grave, words: String| found.push(Lint { statement: Some(at), fault, grave, words });
                statement(&document, one, place, &mut say);
            }
        }
        // The quotes explain it.
        Err(_) if !found.is_empty() => {}
        Err(error) => {
            let words = format!("it is no policy: {error}");
            found.push(Lint { statement: None, fault: Fault::NotAPolicy, grave: true, words });
        }
    }
    found
}

/// Quotation marks of print, and the marks that look like them.
const QUOTES: [char; 8] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{ab}', '\u{bb}'];

/// Tells one thing: what, whether it is grave, and the words.
type Say<'a> = &'a mut dyn FnMut(Fault, bool, String);

fn statement(document: &Document, one: &Statement, place: Place, say: Say<'_>) {
    match (place, &one.principals) {
        (Place::Resource | Place::Endpoint, None) => {
            say(Fault::MissingPrincipal, true, "it names no Principal, so it binds nobody".to_owned());
        }
        (Place::Identity, Some(_)) => {
            say(Fault::PrincipalOfIdentity, true, "a policy of an identity names no Principal".to_owned());
        }
        _ => {}
    }
    if one.resources.is_none() {
        say(
            Fault::MissingResource,
            true,
            "it names neither Resource nor NotResource: IAM takes no such statement".to_owned(),
        );
    }
    one.actions.patterns.iter().for_each(|pattern| action(pattern, say));
    for pattern in one.resources.iter().flat_map(|names| &names.patterns) {
        resource(pattern, say);
    }
    one.conditions.iter().for_each(|of| condition(of, say));
    variables(document, one, say);
    index_only(document, one, say);
    leading_keys(one, say);
}

fn action(pattern: &str, say: Say<'_>) {
    if pattern.contains(char::is_whitespace) {
        say(Fault::Blank, true, format!("the action {pattern:?} holds a blank: it matches nothing"));
        return;
    }
    let Some((service, name)) = pattern.split_once(':') else {
        if !pattern.contains(['*', '?']) {
            say(Fault::NeverMatches, true, format!("the action {pattern:?} names no service"));
        }
        return;
    };
    if service.eq_ignore_ascii_case("dynamodb")
        && !name.contains("${")
        && !actions::DYNAMODB.iter().any(|known| action_matches(name, known))
    {
        say(Fault::UnknownAction, false, format!("DynamoDB has no action {pattern}"));
    }
}

fn resource(pattern: &str, say: Say<'_>) {
    if pattern.contains(char::is_whitespace) {
        say(Fault::Blank, true, format!("the resource {pattern:?} holds a blank: it matches nothing"));
        return;
    }
    if let Some(placeholder) = placeholder(pattern) {
        say(Fault::Placeholder, true, format!("the resource {pattern} still holds the placeholder {placeholder}"));
        return;
    }
    if let Some(why) = unmatched(pattern) {
        say(Fault::NeverMatches, true, format!("the resource {pattern} matches nothing: {why}"));
    }
}

/// What a template left to be filled in.
fn placeholder(pattern: &str) -> Option<&str> {
    let between = |open: char, close: char| {
        let from = pattern.find(open)?;
        let to = pattern.get(from..)?.find(close)? + from;
        pattern.get(from..=to)
    };
    if let Some(found) = between('<', '>').or_else(|| between('[', ']')) {
        return Some(found);
    }
    // `${…}` is a variable, `{…}` alone is not.
    let brace = pattern.find('{').filter(|at| *at == 0 || pattern.as_bytes().get(at - 1) != Some(&b'$'));
    if brace.is_some() {
        return between('{', '}');
    }
    let words = ["YOUR", "ACCOUNT_ID", "ACCOUNT-ID", "ACCOUNTID", "AWS_ACCOUNT", "REGION", "TABLE_NAME", "TABLENAME"];
    pattern.split([':', '/']).find(|part| {
        let upper = part.to_ascii_uppercase();
        *part == upper.as_str() && words.iter().any(|word| upper.starts_with(word))
    })
}

/// A pattern with a star for each variable.
fn without_variables(pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text + rest
}

/// Why no ARN can match a pattern of a resource.
fn unmatched(pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return Some("it is empty".to_owned());
    }
    // A variable may stand for anything, and its own name holds colons.
    let pattern = without_variables(pattern);
    let pattern = pattern.as_str();
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let wild = |part: &str| part.contains(['*', '?']);
    if !pattern.starts_with("arn:") {
        return (!parts.first().is_some_and(|part| wild(part))).then(|| "an ARN begins with arn:".to_owned());
    }
    let [_, partition, service, region, account, resource] = parts.as_slice() else {
        // A star reaches over colons.
        return (!pattern.contains('*')).then(|| "an ARN has six parts".to_owned());
    };
    if !wild(partition) && !partition.starts_with("aws") {
        return Some(format!("there is no partition {partition:?}"));
    }
    if *service != "dynamodb" {
        return None;
    }
    if region.is_empty() || account.is_empty() {
        return Some("DynamoDB's ARNs hold a region and an account".to_owned());
    }
    if !wild(region) && !region.contains('-') {
        return Some(format!("there is no region {region:?}"));
    }
    if !wild(account) && !is_account(account) {
        return Some(format!("{account:?} is no account: one has twelve digits"));
    }
    let kind = resource.split('/').next().unwrap_or_default();
    if !wild(kind) && !matches!(kind, "table" | "global-table") {
        return Some("DynamoDB's resources begin with table/ or global-table/".to_owned());
    }
    let mut path = resource.split('/').skip(2);
    let below = path.next();
    let known =
        below.is_none_or(|part| wild(part) || ["index", "stream", "backup", "export", "import"].contains(&part));
    (!known && !resource.split('/').nth(1).is_some_and(wild))
        .then(|| format!("a table has no {}", below.unwrap_or_default()))
}

fn condition(of: &Condition, say: Say<'_>) {
    let mut never = |why: String| say(Fault::NeverHolds, true, format!("{} {}: {why}", of.written, of.key));
    if of.operator == Operator::Unknown {
        return never("there is no such operator, so the condition never holds".to_owned());
    }
    if of.values.is_empty() {
        return never("it compares with nothing".to_owned());
    }
    if of.key.contains(char::is_whitespace) {
        return say(Fault::Blank, true, format!("the condition key {:?} holds a blank", of.key));
    }
    for value in &of.values {
        if value.trim() != value {
            say(Fault::Blank, true, format!("{}: the value {value:?} begins or ends with a blank", of.key));
            continue;
        }
        if value.contains("${") {
            continue;
        }
        let fits = match of.operator {
            Operator::Bool | Operator::Null => ["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)),
            Operator::IpAddress => network(value).is_some(),
            Operator::NumericEquals | Operator::NumericLess { .. } | Operator::NumericGreater { .. } => {
                value.trim().parse::<f64>().is_ok()
            }
            Operator::DateEquals | Operator::DateLess { .. } | Operator::DateGreater { .. } => date(value).is_some(),
            Operator::ArnLike => value.split(':').count() >= 6 || value.contains('*') && !value.starts_with("arn:*"),
            _ => true,
        };
        if !fits {
            say(Fault::NeverHolds, true, format!("{} {}: {value:?} is no value for it", of.written, of.key));
        } else if placeholder(value).is_some_and(|found| found.starts_with(['<', '{'])) {
            say(Fault::Placeholder, true, format!("{}: the value {value} is a placeholder", of.key));
        }
    }
    // A value with wildcards under an operator that takes them literally.
    let literal = matches!(of.operator, Operator::StringEquals { .. });
    if let Some(value) = of.values.iter().find(|value| literal && value.contains('*') && !value.contains("${*}")) {
        let words =
            format!("{} {}: {value} is taken letter for letter; StringLike knows wildcards", of.written, of.key);
        say(Fault::NeverHolds, false, words);
    }
}

fn variables(document: &Document, one: &Statement, say: Say<'_>) {
    let resources = one.resources.iter().flat_map(|names| &names.patterns);
    let values = one.conditions.iter().flat_map(|of| &of.values);
    let texts: Vec<&String> = resources.chain(values).filter(|text| text.contains("${")).collect();
    let Some(first) = texts.first() else { return };
    if !document.has_variables() {
        let version = document.version.as_deref().unwrap_or("2008-10-17, which stands where none is named");
        let words = format!("{first} is taken letter for letter: version {version} knows no variables");
        say(Fault::VariableInOldVersion, true, words);
    }
    for (provider, who) in [
        ("www.amazon.com:user_id", "Login with Amazon"),
        ("accounts.google.com:", "Google"),
        ("graph.facebook.com:", "Facebook"),
        ("cognito-identity.amazonaws.com:", "Cognito"),
    ] {
        let named = |text: &&&String| text.to_ascii_lowercase().contains(&format!("${{{provider}"));
        let Some(text) = texts.iter().find(named) else { continue };
        // A statement that asks for the provider means its people.
        let asked = one
            .conditions
            .iter()
            .any(|of| of.key.to_ascii_lowercase().starts_with(provider.split(':').next().unwrap_or(provider)));
        if !asked {
            let words = format!(
                "{text} is the id that {who} gives; an IAM user or role has none: ${{aws:username}} or a principal tag names those"
            );
            say(Fault::ForeignVariable, false, words);
        }
    }
}

/// Actions that act on indexes, too.
const ON_INDEXES: [&str; 4] = ["dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan", "dynamodb:SearchVectors"];

fn index_only(document: &Document, one: &Statement, say: Say<'_>) {
    if one.effect != Effect::Allow || !one.resources.as_ref().is_some_and(is_on_indexes_alone) {
        return;
    }
    let elsewhere = |action: &str| {
        document.statements.iter().any(|other| {
            other.effect == Effect::Allow
                && other.actions.matches_action(action)
                && !other.resources.as_ref().is_some_and(is_on_indexes_alone)
        })
    };
    let lost = |actions: &[&'static str]| {
        actions.iter().copied().find(|action| one.actions.matches_action(action) && !elsewhere(action))
    };
    let on_tables: Vec<&str> = ITEM_ACTIONS.into_iter().filter(|action| !ON_INDEXES.contains(action)).collect();
    if let Some(action) = lost(&on_tables) {
        let words = format!("{action} acts on tables, and is allowed on indexes alone: the table itself is refused");
        say(Fault::IndexOnly, true, words);
    } else if let Some(action) = lost(&ON_INDEXES) {
        say(Fault::IndexOnly, false, format!("{action} is allowed on indexes and not on their tables"));
    }
}

fn is_on_indexes_alone(names: &Names) -> bool {
    !names.except && !names.patterns.is_empty() && names.patterns.iter().all(|of| of.contains("/index/"))
}

/// Condition keys that hold partition keys, in lower case.
const LEADING: [&str; 5] = [
    "dynamodb:leadingkeys",
    "dynamodb:firstpartitionkeyvalues",
    "dynamodb:secondpartitionkeyvalues",
    "dynamodb:thirdpartitionkeyvalues",
    "dynamodb:fourthpartitionkeyvalues",
];

fn leading_keys(one: &Statement, say: Say<'_>) {
    let is_leading = |of: &&Condition| LEADING.contains(&of.key.to_ascii_lowercase().as_str());
    let Some(of) = one.conditions.iter().find(is_leading).filter(|_| one.effect == Effect::Allow) else { return };
    if of.quantifier != Some(Quantifier::ForAllValues) {
        let words =
            format!("{} {}: without ForAllValues one key of a batch that fits lets the others in", of.written, of.key);
        say(Fault::LeadingKeysWithoutForAll, false, words);
    }
    if one.actions.matches_action("dynamodb:Scan") {
        let words = format!("Scan does not look at {}: it reads every key", of.key);
        say(Fault::ScanBesideLeadingKeys, true, words);
    }
    let full = |of: &Condition| of.key.eq_ignore_ascii_case("dynamodb:FullTableScan");
    if one.actions.matches_action("dynamodb:PartiQLSelect") && !one.conditions.iter().any(full) {
        let words = format!("PartiQLSelect scans without {} unless dynamodb:FullTableScan is denied", of.key);
        say(Fault::ScanBesideLeadingKeys, false, words);
    }
}

#[cfg(test)]
mod tests;
