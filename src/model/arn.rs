//! Amazon Resource Names.

use std::fmt;

/// An Amazon Resource Name, split at its first five colons.
///
/// Source of the format: the AWS IAM reference, `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: String,
    /// The service's namespace, `dynamodb`.
    pub service: String,
    /// The region; empty for global services.
    pub region: String,
    /// The 12-digit account; empty where the service leaves it out.
    pub account: String,
    /// All that follows the fifth colon.
    pub resource: String,
}

/// The last part of a path or ARN.
#[must_use]
pub fn tail(text: &str) -> &str {
    text.rsplit(['/', ':']).next().unwrap_or(text)
}

impl Arn {
    /// Reads an ARN; `None` for text that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let mut next = || parts.next().map(str::to_owned);
        let (partition, service, region, account, resource) = (next()?, next()?, next()?, next()?, next()?);
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return None;
        }
        Some(Self { partition, service, region, account, resource })
    }

    /// The table's name, for the ARN of a table or of anything below it (index, stream, backup, export).
    #[must_use]
    pub fn table_name(&self) -> Option<&str> {
        if self.service != "dynamodb" {
            return None;
        }
        self.resource.strip_prefix("table/")?.split('/').next().filter(|name| !name.is_empty())
    }

    /// The ARN of a table.
    #[must_use]
    pub fn table(partition: &str, region: &str, account: &str, name: &str) -> Self {
        Self {
            partition: partition.to_owned(),
            service: "dynamodb".to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: format!("table/{name}"),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_arn_is_taken_apart_and_put_together_again() {
        let text = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-01T00:00:00.000";
        let arn = Arn::parse(text).unwrap();
        assert_eq!(arn.table_name(), Some("orders"));
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "orders", "arn:aws:dynamodb", "arn:aws::::", "urn:aws:a:b:c:d"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
