//! What would stop the credentials of a finding: steps by their kind, each with what else it breaks and its undo.
//!
//! The steps are data (`contain.toml`). Their commands are made out to be copied, argument by argument and quoted for
//! a shell; nothing here runs any of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::Finding;
use crate::store::Store;
use crate::trail::sessions::{Chain, Identity, Sure};

/// Sessions that made no call for this long have ended: no role's lives longer.
const ALIVE: SignedDuration = SignedDuration::from_hours(12);
/// So many names stand in a sentence.
const NAMED: usize = 3;

/// The kind of credentials that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// A lasting access key of an IAM user.
    Key,
    /// An IAM user's password or temporary credentials.
    Console,
    /// A session of a role that somebody assumed.
    Role,
    /// A role's session that an instance's metadata service handed out.
    Instance,
    /// A role's session of a Lambda function or an ECS task.
    Task,
    /// A session by IAM Identity Center.
    Sso,
    /// A role's session by SAML or OIDC.
    Federated,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// The account's root user.
    Root,
    /// What they are is not known.
    Unknown,
}

impl Credentials {
    /// In words: `a session of an instance's role`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Key => "a lasting access key",
            Self::Console => "an IAM user's console or temporary credentials",
            Self::Role => "a session of an assumed role",
            Self::Instance => "a session of an instance's role",
            Self::Task => "a session of a function's or task's role",
            Self::Sso => "a session by IAM Identity Center",
            Self::Federated => "a role's session by an identity provider",
            Self::FederatedUser => "a session of GetFederationToken",
            Self::Root => "the root user's credentials",
            Self::Unknown => "credentials of a kind that is not known",
        }
    }

    /// The kind, by what the finding and the way back from its events say.
    #[must_use]
    pub fn of(finding: &Finding, chain: Option<&Chain>) -> Self {
        let start = chain.map(|chain| &chain.start);
        let issuer = issuer(chain);
        let kind = finding.principal_type.as_deref().or(start.map(|who| who.kind.as_str())).unwrap_or_default();
        let session = finding.session().unwrap_or_default();
        let role = finding.principal.as_deref().unwrap_or_default();
        let key = finding.access_key.as_deref().unwrap_or_default();
        match kind {
            "Root" => Self::Root,
            _ if key.starts_with("AKIA") => Self::Key,
            "FederatedUser" => Self::FederatedUser,
            "IAMUser" => Self::Console,
            "AssumedRole" | "Role" if role.starts_with("AWSReservedSSO_") => Self::Sso,
            "AssumedRole" | "Role" if is_service(issuer, &["lambda", "ecs-tasks"]) => Self::Task,
            "AssumedRole" | "Role"
                if start.is_some_and(|who| who.instance) || is_service(issuer, &["ec2"]) || is_instance(session) =>
            {
                Self::Instance
            }
            "AssumedRole" | "Role"
                if start.is_some_and(|who| who.provider.is_some()) || issuer.is_some_and(is_federated) =>
            {
                Self::Federated
            }
            "AssumedRole" | "Role" => Self::Role,
            _ if finding.resource_type.as_deref() == Some("Instance") && finding.principal.is_some() => Self::Instance,
            _ => Self::Unknown,
        }
    }
}

/// Who issued the credentials, where that is more than a guess by names that anybody may choose: a step that takes a key
/// away must not name a stranger's.
fn issuer(chain: Option<&Chain>) -> Option<&Identity> {
    chain?.hops.first().filter(|hop| hop.sure >= Sure::Likely).map(|hop| &hop.who)
}

fn is_service(issuer: Option<&Identity>, of: &[&str]) -> bool {
    let by = issuer.filter(|who| who.kind == "AWSService").and_then(|who| who.invoked_by.as_deref());
    by.and_then(|by| by.strip_suffix(".amazonaws.com")).is_some_and(|by| of.contains(&by))
}

fn is_federated(who: &Identity) -> bool {
    matches!(who.kind.as_str(), "SAMLUser" | "WebIdentityUser")
}

fn is_instance(session: &str) -> bool {
    session.strip_prefix("i-").is_some_and(|id| id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What else goes by the same name as a finding's credentials, as far as the events tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// Other sessions of the role that called within the last twelve hours.
    pub sessions: Vec<String>,
    /// Other keys of the user.
    pub keys: Vec<String>,
    /// Addresses that the key was used from.
    pub addresses: Vec<String>,
    /// Keys of the session's name, the finding's own left out: it was issued again.
    pub again: Vec<String>,
}

impl Store {
    /// What else goes by the same name as a finding's credentials.
    #[must_use]
    pub fn others_of(&self, finding: &Finding) -> Others {
        let (mut sessions, mut keys, mut addresses, mut again) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let since = self.estate().now.checked_sub(ALIVE).unwrap_or(Timestamp::MIN);
        let own = finding.session();
        let named = finding.principal.as_deref().map(|name| self.events().by_principal(name)).unwrap_or_default();
        for event in named.into_iter().filter(|event| event.account() == finding.account) {
            let mine = event.access_key().is_some() && event.access_key() == finding.access_key.as_deref();
            if mine {
                addresses.extend(event.ip().map(str::to_owned));
                continue;
            }
            match event.session() {
                Some(session) if Some(session) == own => again.extend(event.access_key().map(str::to_owned)),
                Some(session) if event.time() >= since => {
                    sessions.insert(session.to_owned());
                }
                Some(_) => {}
                None => keys.extend(event.access_key().map(str::to_owned)),
            }
        }
        let list = |of: BTreeSet<String>| of.into_iter().collect();
        Others { sessions: list(sessions), keys: list(keys), addresses: list(addresses), again: list(again) }
    }
}

/// One step, made out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done.
    pub title: String,
    /// The command to copy; `None` where it is done by hand.
    pub command: Option<String>,
    /// What else it breaks.
    pub breaks: String,
    /// The command that takes it back; `None` where nothing does.
    pub undo: Option<String>,
    /// AWS's page about it.
    pub source: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    #[serde(rename = "for")]
    kinds: Vec<Credentials>,
    /// It is left out while this is not known.
    needs: Option<String>,
    title: String,
    #[serde(default)]
    command: Vec<String>,
    breaks: String,
    #[serde(default)]
    undo: Vec<String>,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Templates {
    step: Vec<Template>,
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    // A test reads the file: what is embedded cannot be broken.
    toml::from_str::<Templates>(include_str!("contain.toml")).map(|of| of.step).unwrap_or_default()
});

/// The steps for a finding's credentials, what cuts least first.
#[must_use]
pub fn steps(finding: &Finding, chain: Option<&Chain>, others: &Others, now: Timestamp) -> Vec<Step> {
    let kind = Credentials::of(finding, chain);
    let known = known(finding, chain, others, now);
    let fits =
        |of: &&Template| of.kinds.contains(&kind) && of.needs.as_deref().is_none_or(|needs| known.contains_key(needs));
    let made = |of: &'static Template| Step {
        title: fill(&of.title, &known, str::to_owned),
        command: command(&of.command, &known),
        breaks: fill(&of.breaks, &known, str::to_owned),
        undo: command(&of.undo, &known),
        source: &of.source,
    };
    TEMPLATES.iter().filter(fits).map(made).collect()
}

/// What fills the holes.
fn known(finding: &Finding, chain: Option<&Chain>, others: &Others, now: Timestamp) -> HashMap<&'static str, String> {
    let mut known = HashMap::new();
    let mut put = |name, value: Option<&str>| {
        // Whatever holds control characters is nobody's name.
        if let Some(value) = value.filter(|value| !value.is_empty() && !value.chars().any(char::is_control)) {
            known.insert(name, value.to_owned());
        }
    };
    let issuer = issuer(chain);
    put("account", Some(&finding.account));
    put("region", Some(&finding.region));
    put("role", finding.principal.as_deref());
    // The federated user's name is one that somebody made up: what may be denied is whoever asked for the token.
    let federated = Credentials::of(finding, chain) == Credentials::FederatedUser;
    put("user", if federated { issuer.and_then(|who| who.user.as_deref()) } else { finding.principal.as_deref() });
    put("key", finding.access_key.as_deref());
    put("principal_id", finding.principal_id.as_deref());
    put("session", finding.session());
    put("instance", finding.session().filter(|name| is_instance(name)).or(finding.instance()));
    let lasting = |who: &&Identity| who.key.as_deref().is_some_and(|key| key.starts_with("AKIA"));
    put("issuer", issuer.filter(lasting).and_then(|who| who.user.as_deref()));
    put("issuer_key", issuer.filter(lasting).and_then(|who| who.key.as_deref()));
    put("lambda", is_service(issuer, &["lambda"]).then_some("lambda"));
    put("ecs", is_service(issuer, &["ecs-tasks"]).then_some("ecs"));
    let provider = chain.and_then(|chain| chain.start.provider.as_deref());
    put("provider", provider.or(Some("their identity provider")));
    put("now", Some(&format!("{now:.0}")));
    let role = finding.principal.as_deref().unwrap_or("the role");
    let sessions = match others.sessions.len() {
        0 => {
            format!("no other session of {role} among the events of the last 12 h; one that made no call shows in none")
        }
        1 => format!("1 other session of {role} would be cut as well: {}", named(&others.sessions)),
        many => format!("{many} other sessions of {role} would be cut as well: {}", named(&others.sessions)),
    };
    put("sessions", Some(&sessions));
    let keys =
        if others.keys.is_empty() { "no other is among the events read".to_owned() } else { named(&others.keys) };
    put("keys", Some(&keys));
    let from = if others.addresses.is_empty() {
        "no use is among the events read".to_owned()
    } else {
        named(&others.addresses)
    };
    put("addresses", Some(&format!("used from {from}")));
    let same = match (finding.session(), others.again.len()) {
        (Some(session), 0) if is_instance(session) => format!("{session} itself, too"),
        (_, 0) => "no other key of it is among the events read".to_owned(),
        (_, more) => format!("{more} more keys of this name are among the events read"),
    };
    put("same", Some(&same));
    known
}

fn named(of: &[String]) -> String {
    let shown: Vec<&str> = of.iter().take(NAMED).map(String::as_str).collect();
    let more = of.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

fn command(arguments: &[String], known: &HashMap<&'static str, String>) -> Option<String> {
    let made = |argument: &String| {
        // A policy is JSON: what fills it must not end its text.
        let json = argument.starts_with('{') && argument.contains('"');
        quoted(&fill(argument, known, |value| match json {
            true => value.replace('\\', "\\\\").replace('"', "\\\""),
            false => value.to_owned(),
        }))
    };
    (!arguments.is_empty()).then(|| arguments.iter().map(made).collect::<Vec<_>>().join(" "))
}

/// `{name}` becomes what is known by it, else `<name>`.
fn fill(template: &str, known: &HashMap<&'static str, String>, form: impl Fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
                out.push_str(&known.get(name).map_or_else(|| format!("<{}>", name.replace('_', "-")), |it| form(it)));
                rest = after;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// One argument for a POSIX shell: bare where nothing in it means anything to one.
fn quoted(argument: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    match !argument.is_empty() && argument.bytes().all(bare) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn finding(kind: &str, key: &str, session: &str) -> Finding {
        Finding {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key: Some(key.to_owned()),
            principal: Some("app-orders".to_owned()),
            principal_id: Some(format!("AROAEXAMPLE:{session}")),
            principal_type: Some(kind.to_owned()),
            ..Finding::default()
        }
    }

    fn chain(issuer: &Value) -> Chain {
        use crate::trail::sessions::{Hop, Origin};
        let hop = Hop {
            who: Identity::of(&json!({ "userIdentity": issuer })),
            call: "AssumeRole".to_owned(),
            event: "e".to_owned(),
            at: None,
            ip: None,
            ends: None,
            sure: Sure::Certain,
            why: String::new(),
        };
        let origin = Origin { name: None, what: String::new(), sure: Sure::Certain };
        Chain { start: Identity::default(), hops: vec![hop], origin, missing: Vec::new() }
    }

    #[test]
    fn the_file_of_steps_reads_and_every_kind_of_credentials_has_some() {
        let read: Templates = toml::from_str(include_str!("contain.toml")).unwrap();
        use Credentials::{Console, Federated, FederatedUser, Instance, Key, Role, Root, Sso, Task};
        for kind in [Key, Console, Role, Instance, Task, Sso, Federated, FederatedUser, Root] {
            assert!(read.step.iter().any(|step| step.kinds.contains(&kind)), "{kind:?}");
        }
        for step in &read.step {
            assert!(step.source.starts_with("https://docs.aws.amazon.com/"), "{}", step.title);
            assert!(step.command.is_empty() || step.command.starts_with(&["aws".to_owned()]), "{}", step.title);
            assert!(!step.breaks.is_empty());
            // What is put into JSON must leave it JSON.
            for json in step.command.iter().filter(|argument| argument.starts_with("{\"")) {
                let filled = fill(json, &HashMap::new(), str::to_owned);
                assert!(serde_json::from_str::<Value>(&filled).is_ok(), "{filled}");
            }
        }
    }

    #[test]
    fn kinds_are_told_by_the_key_the_roles_name_the_session_and_who_issued_it() {
        let service = |name: &str| chain(&json!({"type": "AWSService", "invokedBy": name}));
        let of = |finding: &Finding, chain: Option<&Chain>| Credentials::of(finding, chain);
        assert_eq!(of(&finding("IAMUser", "AKIAEXAMPLE", "x"), None), Credentials::Key);
        assert_eq!(of(&finding("IAMUser", "ASIAEXAMPLE", "x"), None), Credentials::Console);
        assert_eq!(of(&finding("Root", "", "x"), None), Credentials::Root);
        let role = finding("AssumedRole", "ASIAEXAMPLE", "build");
        assert_eq!(of(&role, None), Credentials::Role);
        assert_eq!(of(&role, Some(&service("lambda.amazonaws.com"))), Credentials::Task);
        assert_eq!(of(&role, Some(&service("ec2.amazonaws.com"))), Credentials::Instance);
        let saml = chain(&json!({"type": "SAMLUser"}));
        assert_eq!(of(&role, Some(&saml)), Credentials::Federated);
        assert_eq!(of(&finding("AssumedRole", "ASIAEXAMPLE", "i-0abc1d2e3f4a5b6c7"), None), Credentials::Instance);
        let sso = Finding { principal: Some("AWSReservedSSO_Admin_0123".to_owned()), ..role };
        assert_eq!(of(&sso, None), Credentials::Sso);
    }

    #[test]
    fn what_stands_in_a_command_is_one_argument_and_json_stays_json() {
        let hostile = Finding {
            principal_id: Some("AROA:x\"},{\"Effect\":\"Allow".to_owned()),
            principal: Some("it's; rm -rf ~".to_owned()),
            ..finding("AssumedRole", "ASIAEXAMPLE", "x")
        };
        let made = steps(&hostile, None, &Others::default(), Timestamp::UNIX_EPOCH);
        let command = made[0].command.as_deref().unwrap();
        assert!(command.contains(r"--role-name 'it'\''s; rm -rf ~'"), "{command}");
        let policy = command.split("--policy-document '").nth(1).unwrap().trim_end_matches('\'');
        let policy: Value = serde_json::from_str(policy).unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
        // A name with an escape in it is nobody's: the command says what is missing.
        let escaped = Finding { principal: Some("a\u{1b}[2J".to_owned()), ..hostile };
        let made = steps(&escaped, None, &Others::default(), Timestamp::UNIX_EPOCH);
        assert!(made[0].command.as_deref().unwrap().contains("--role-name '<role>'"));
    }

    #[test]
    fn a_lasting_key_that_took_the_session_is_cut_too() {
        let user = json!({"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAEXAMPLE"});
        let of = |chain: Option<&Chain>| {
            let made = steps(&finding("AssumedRole", "ASIAX", "s"), chain, &Others::default(), Timestamp::UNIX_EPOCH);
            made.iter().any(|step| step.title.contains("AKIAEXAMPLE of alice"))
        };
        assert!(of(Some(&chain(&user))) && !of(None));
    }
}
