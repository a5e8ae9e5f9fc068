//! `userIdentity`, read for what it says about where the credentials came from.

use jiff::Timestamp;
use serde_json::Value;

use super::{Origin, Sure, text};

/// As whom a call was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `type`: `AssumedRole`, `IAMUser`, `AWSService` …
    pub kind: String,
    /// `arn`.
    pub arn: Option<String>,
    /// `accountId`.
    pub account: Option<String>,
    /// `accessKeyId`.
    pub key: Option<String>,
    /// The role's name, for a session of one.
    pub role: Option<String>,
    /// The session's name.
    pub session: Option<String>,
    /// `userName`, or the name in the ARN of a user.
    pub user: Option<String>,
    /// The service that made the call for them.
    pub invoked_by: Option<String>,
    /// When the session began.
    pub created: Option<Timestamp>,
    /// `sourceIdentity`.
    pub source_identity: Option<String>,
    /// Who vouched: a web identity provider or a SAML one.
    pub provider: Option<String>,
    /// The credentials were handed out by an instance's metadata service.
    pub instance: bool,
    /// The user of IAM Identity Center that the call was made for.
    pub on_behalf: Option<String>,
    principal: Option<String>,
}

impl Identity {
    /// Reads a record's.
    #[must_use]
    pub fn of(record: &Value) -> Self {
        let Some(identity) = record.get("userIdentity").filter(|of| of.is_object()) else { return Self::default() };
        let owned = |of: &Value, key: &str| text(of, key).map(str::to_owned);
        let at = |path: &str| {
            identity.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let arn = owned(identity, "arn");
        let mut parts = arn.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5)).unwrap_or_default().split('/');
        let (role, session, user) = match parts.next() {
            Some("assumed-role") => (parts.next().map(str::to_owned), parts.next().map(str::to_owned), None),
            Some("user" | "federated-user") => (None, None, parts.next_back().map(str::to_owned)),
            _ => (None, None, None),
        };
        let principal = owned(identity, "principalId");
        let after_colon = || principal.as_deref().and_then(|id| id.split_once(':')).map(|(_, name)| name.to_owned());
        let kind = owned(identity, "type").unwrap_or_default();
        let temporary = kind == "AssumedRole" || kind == "AWSAccount";
        Self {
            role: role.or_else(|| at("/sessionContext/sessionIssuer/userName").filter(|_| kind == "AssumedRole")),
            session: session.or_else(|| after_colon().filter(|_| temporary)),
            user: owned(identity, "userName").filter(|_| kind != "AssumedRole").or(user),
            account: owned(identity, "accountId"),
            key: owned(identity, "accessKeyId"),
            invoked_by: owned(identity, "invokedBy"),
            created: at("/sessionContext/attributes/creationDate").and_then(|text| text.parse().ok()),
            source_identity: at("/sessionContext/sourceIdentity"),
            provider: at("/sessionContext/webIdFederationData/federatedProvider")
                .or_else(|| owned(identity, "identityProvider")),
            instance: identity.pointer("/sessionContext/ec2RoleDelivery").is_some_and(|of| !of.is_null()),
            on_behalf: at("/onBehalfOf/userId"),
            kind,
            arn,
            principal,
        }
    }

    /// In one word or two: `role/session`, a user, a service, `root`.
    #[must_use]
    pub fn name(&self) -> String {
        let account = || self.account.as_ref().map(|account| format!("account {account}"));
        let named = match self.kind.as_str() {
            "Root" => Some("root".to_owned()),
            "AWSService" => self.invoked_by.clone(),
            "AWSAccount" => match (account(), &self.session) {
                (Some(account), Some(session)) => Some(format!("{account}, session {session}")),
                (account, _) => account,
            },
            _ => match (&self.role, &self.session) {
                (Some(role), Some(session)) => Some(format!("{role}/{session}")),
                _ => self.role.clone().or_else(|| self.user.clone()),
            },
        };
        let or = || self.on_behalf.clone().or_else(|| self.arn.clone()).or_else(|| self.principal.clone());
        named.or_else(or).or_else(account).unwrap_or_else(|| "nobody named".to_owned())
    }

    /// Whether the credentials were issued by a call that may have been recorded.
    pub(super) fn is_temporary(&self) -> bool {
        let lasting = self.key.as_deref().is_some_and(|key| key.starts_with("AKIA"));
        !lasting
            && matches!(self.kind.as_str(), "AssumedRole" | "FederatedUser" | "IAMUser")
            && (self.key.is_some() || self.created.is_some())
    }

    /// Whether nobody is named before the call that issued the credentials is found.
    pub(super) fn names_nobody(&self) -> bool {
        !self.is_person() && self.source_identity.is_none()
    }

    /// Whether somebody outside of AWS stands behind the name.
    pub(super) fn is_person(&self) -> bool {
        matches!(self.kind.as_str(), "IAMUser" | "Root" | "SAMLUser" | "WebIdentityUser" | "IdentityCenterUser")
    }

    /// Where it began, as far as this identity alone tells.
    pub(super) fn origin(&self) -> Origin {
        let found = |name: Option<&str>, what: String, sure: Sure| Origin { name: name.map(str::to_owned), what, sure };
        let (role, session) = (self.role.as_deref().unwrap_or_default(), self.session.as_deref().unwrap_or_default());
        let name = self.name();
        match self.kind.as_str() {
            "Root" => found(Some("root"), "the account's root user".to_owned(), Sure::Certain),
            "IAMUser" => {
                let lasting = self.key.as_deref().is_some_and(|key| key.starts_with("AKIA"));
                let how = if lasting { "with a lasting key" } else { "at the console or with temporary credentials" };
                found(Some(&name), format!("IAM user, {how}"), Sure::Certain)
            }
            "AWSService" => found(Some(&name), "a service of AWS, for itself".to_owned(), Sure::Certain),
            "SAMLUser" | "WebIdentityUser" => {
                let by = self.provider.as_deref().map(|by| format!(", vouched for by {by}")).unwrap_or_default();
                found(Some(&name), format!("a federated user{by}"), Sure::Certain)
            }
            "IdentityCenterUser" => found(Some(&name), "a user of IAM Identity Center".to_owned(), Sure::Certain),
            "AWSAccount" => found(None, format!("somebody in {name}"), Sure::Certain),
            "FederatedUser" => {
                found(Some(&name), "a federated user, named by whoever asked for the token".to_owned(), Sure::Possible)
            }
            _ if role.starts_with("AWSReservedSSO_") => {
                let set = role.trim_start_matches("AWSReservedSSO_");
                let set = set.rsplit_once('_').map_or(set, |(set, _)| set);
                found(Some(session), format!("user of IAM Identity Center, permission set {set}"), Sure::Likely)
            }
            _ if role.starts_with("AWSServiceRoleFor") => {
                let service = self.invoked_by.as_deref().or(role.strip_prefix("AWSServiceRoleFor"));
                found(service, format!("the service that {role} is linked to"), Sure::Likely)
            }
            _ if self.instance || is_instance(session) => {
                let (how, sure) = match self.instance {
                    true => (
                        "credentials that its metadata service handed out; who was on it, or took them away, is in no event",
                        Sure::Likely,
                    ),
                    false => ("by the session's name alone, which any caller may choose", Sure::Possible),
                };
                found(Some(session).filter(|name| !name.is_empty()), format!("EC2 instance: {how}"), sure)
            }
            _ if self.provider.is_some() => {
                let by = self.provider.as_deref().unwrap_or_default();
                found(
                    Some(session).filter(|name| !name.is_empty()),
                    format!("vouched for by {by}; the session's name was the caller's choice"),
                    Sure::Possible,
                )
            }
            _ if self.on_behalf.is_some() => {
                found(self.on_behalf.as_deref(), "user id in IAM Identity Center".to_owned(), Sure::Certain)
            }
            _ => {
                found(None, "not known: the call that issued these credentials was not read".to_owned(), Sure::Possible)
            }
        }
    }
}

/// `i-` and 8 or 17 digits of hexadecimal.
fn is_instance(session: &str) -> bool {
    session.strip_prefix("i-").is_some_and(|id| matches!(id.len(), 8 | 17) && id.bytes().all(|b| b.is_ascii_hexdigit()))
}
