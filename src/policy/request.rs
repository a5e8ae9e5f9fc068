//! What a policy is asked.

use std::collections::BTreeMap;

use crate::model::Arn;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    /// Nobody that AWS knows.
    Anonymous,
    /// The ARN of a user, role, role session or account root.
    Aws(&'a str),
    /// A service, `cloudtrail.amazonaws.com`.
    Service(&'a str),
    /// Somebody of an identity provider, by the provider's ARN or name.
    Federated(&'a str),
    /// An S3 canonical user id.
    Canonical(&'a str),
}

impl Asker<'_> {
    /// The account of an AWS principal.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        let Self::Aws(arn) = self else { return None };
        Arn::parse(arn).map(|arn| arn.account).filter(|account| !account.is_empty())
    }

    /// The ARN that `aws:PrincipalArn` holds: a session's is its role's, which loses the role's path.
    #[must_use]
    pub fn principal_arn(&self) -> Option<String> {
        let Self::Aws(text) = self else { return None };
        let Some(arn) = Arn::parse(text) else { return Some((*text).to_owned()) };
        match arn.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next()) {
            Some(role) if arn.service == "sts" => {
                Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account))
            }
            _ => Some((*text).to_owned()),
        }
    }
}

/// The condition keys of a request. Names are compared without regard to letter case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// With one more value of a key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.add(key, value);
        self
    }

    /// Adds one more value of a key.
    pub fn add(&mut self, key: &str, value: impl Into<String>) {
        self.values.entry(key.to_ascii_lowercase()).or_default().push(value.into());
    }

    /// The values of a key; `None` when the request lacks it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: Asker<'a>,
    /// `dynamodb:GetItem`.
    pub action: &'a str,
    /// The ARN asked for; `*` for actions without one.
    pub resource: &'a str,
    /// Condition keys.
    pub context: &'a Context,
}

impl Request<'_> {
    /// The values of a condition key: from the context, else what principal and resource say themselves.
    pub(super) fn values(&self, key: &str) -> Option<Vec<String>> {
        if let Some(values) = self.context.get(key) {
            return Some(values.to_vec());
        }
        let own = match key.to_ascii_lowercase().as_str() {
            "aws:principalarn" => self.principal.principal_arn(),
            "aws:principalaccount" => self.principal.account(),
            "aws:resourceaccount" => Arn::parse(self.resource).map(|arn| arn.account).filter(|a| !a.is_empty()),
            _ => None,
        };
        own.map(|value| vec![value])
    }

    /// The value of a policy variable; a key of several values has none.
    pub(super) fn variable(&self, key: &str) -> Option<String> {
        let mut values = self.values(key)?;
        if values.len() == 1 { values.pop() } else { None }
    }
}
