//! From the SDK's errors to [`SourceError`]: why a read failed, in types.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::de::IgnoredAny;

use crate::model::SourceError;
use crate::operations;

use super::guard::Refusal;

/// Codes of a caller that lacks a permission, over all services polled. Source: their API references.
const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "InvalidAccessException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "NotAuthorized",
];
/// Codes that ask to slow down, as `aws-runtime` knows them.
pub(super) const THROTTLED: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
];
/// Codes of credentials that ran out, or whose key no longer counts: new ones are needed either way.
const EXPIRED: [&str; 10] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];
/// Codes of a service or feature that the account did not switch on.
const NOT_ENABLED: [&str; 3] = ["OptInRequired", "SubscriptionRequiredException", "NoAvailableConfigurationRecorder"];
/// How Security Hub says that it is not switched on, by the same code as that the caller may not.
pub(super) const NOT_SUBSCRIBED: &str = "is not subscribed to AWS Security Hub";

/// What a failed call comes to. `label` is the operation's, `profile` the one that may have to log in again.
pub fn explain<E>(label: &str, error: &SdkError<E, HttpResponse>, profile: Option<&str>) -> SourceError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let Some(refusal) = find::<Refusal>(error) {
        return SourceError::Guarded(refusal.to_string());
    }
    if let Some(fault) = find::<CredentialsError>(error) {
        return credentials(fault, profile);
    }
    match error {
        SdkError::TimeoutError(_) => SourceError::Offline(format!("timed out: {}", words(error))),
        SdkError::DispatchFailure(_) => SourceError::Offline(words(error)),
        SdkError::ResponseError(response) => match response.raw().body().bytes() {
            Some(_) if !speaks_protocol(response.raw()) => foreign(response.raw()),
            Some(_) => SourceError::Malformed(words(error)),
            None => SourceError::Offline(format!("the answer was cut off: {}", words(error))),
        },
        SdkError::ServiceError(service) => answered(label, service.err(), service.raw(), profile),
        _ => SourceError::Refused(words(error)),
    }
}

/// An answer that is an error, or that could not be read as the operation's.
fn answered<E>(label: &str, error: &E, raw: &HttpResponse, profile: Option<&str>) -> SourceError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = raw.status().as_u16();
    if raw.status().is_success() {
        return SourceError::Malformed(words(error));
    }
    if !speaks_protocol(raw) {
        return foreign(raw);
    }
    let code = error.code().unwrap_or_default();
    let message = match error.message() {
        Some(message) if !code.is_empty() => format!("{code}: {message}"),
        Some(message) => message.to_owned(),
        None if !code.is_empty() => code.to_owned(),
        None => format!("HTTP {status}"),
    };
    classify(label, code, message, status, profile)
}

/// A body that is not of the service's protocol.
fn foreign(raw: &HttpResponse) -> SourceError {
    let status = raw.status().as_u16();
    SourceError::Malformed(format!("HTTP {status} with a body that is not the service's: {}", head(raw)))
}

fn classify(label: &str, code: &str, message: String, status: u16, profile: Option<&str>) -> SourceError {
    if EXPIRED.contains(&code) {
        return SourceError::Expired { profile: profile.map(str::to_owned), message };
    }
    if THROTTLED.contains(&code) || status == 429 {
        return SourceError::Throttled(message);
    }
    // Macie and Security Hub say so in the words of a denial.
    if message.contains("Macie is not enabled") || message.contains(NOT_SUBSCRIBED) {
        return SourceError::NotEnabled(message);
    }
    if let Some(action) = denied_action(&message) {
        return SourceError::Denied { action: action.to_owned(), message };
    }
    if DENIED.contains(&code) {
        let row = operations::by_label(label);
        let action = row.and_then(|row| row.actions.first()).map_or(label, |action| action);
        return SourceError::Denied { action: action.to_owned(), message };
    }
    if NOT_ENABLED.contains(&code) {
        return SourceError::NotEnabled(message);
    }
    if status >= 500 { SourceError::Service(message) } else { SourceError::Refused(message) }
}

/// The action in "User: … is not authorized to perform: dynamodb:DescribeTable on resource: …".
pub(super) fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ").or_else(|| {
        // KMS and a few others write no colon.
        message.split_once("not authorized to perform ")
    })?;
    let action = rest.split_whitespace().next()?.trim_end_matches([',', '.', ';']);
    let (service, name) = action.split_once(':')?;
    (!service.is_empty() && !name.is_empty()).then_some(action)
}

/// Why there are no credentials to sign with.
fn credentials(error: &CredentialsError, profile: Option<&str>) -> SourceError {
    let message = words(error);
    let lower = message.to_ascii_lowercase();
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return SourceError::NoCredentials("none found in the environment, profiles or instance role".to_owned());
    }
    if let Some(action) = denied_action(&message) {
        return SourceError::Denied { action: action.to_owned(), message };
    }
    if matches!(error, CredentialsError::ProviderTimedOut(_)) || lower.contains("dispatch failure") {
        return SourceError::Offline(message);
    }
    if lower.contains("expired") || of_login(&lower) {
        return SourceError::Expired { profile: profile.map(str::to_owned), message };
    }
    SourceError::NoCredentials(message)
}

/// Whether a text in small letters is about a login or its token. Other tokens, as that of instance metadata, need no
/// login, and `sso` is in the middle of many words.
fn of_login(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| word.starts_with("sso") || word.starts_with("login") || word == "signin")
}

/// An error of this type anywhere in the chain.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        at = error.source();
    }
    None
}

/// The whole chain in one line, each part once.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(source) = at {
        let part = source.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        at = source.source();
    }
    text
}

/// The first characters of a body that should not be there.
fn head(raw: &HttpResponse) -> String {
    let body = raw.body().bytes().unwrap_or_default();
    String::from_utf8_lossy(&body[..body.len().min(80)]).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a body is whole JSON or XML, as the protocols of AWS have it; an empty one is.
pub(super) fn speaks_protocol(raw: &HttpResponse) -> bool {
    let Some(body) = raw.body().bytes() else { return true };
    let text = body.trim_ascii_start();
    match text.first() {
        None => true,
        Some(b'{' | b'[') => serde_json::from_slice::<IgnoredAny>(text).is_ok(),
        Some(b'<') => {
            let start = text[..text.len().min(16)].to_ascii_lowercase();
            !start.starts_with(b"<!doctype") && !start.starts_with(b"<html") && super::xml::to_json(text).is_ok()
        }
        Some(_) => false,
    }
}

/// Forbids to retry an answer that is not the protocol's: the next one would be no better, and a page of HTML
/// comes from something that is not the service.
#[derive(Debug, Clone, Copy)]
pub struct NoRetryOfGarbage;

impl ClassifyRetry for NoRetryOfGarbage {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let failed = matches!(context.output_or_error(), Some(Err(_)));
        // A body that was not read to its end is a connection's fault: that is retried.
        match context.response().filter(|response| failed && response.body().bytes().is_some()) {
            Some(response) if response.status().is_success() || !speaks_protocol(response) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "NoRetryOfGarbage"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_hub_is_off_only_where_it_says_so() {
        let of = |message: &str| {
            classify("securityhub:DescribeHub", "InvalidAccessException", message.to_owned(), 401, None)
        };
        let off = "InvalidAccessException: Account 111122223333 is not subscribed to AWS Security Hub";
        assert!(matches!(of(off), SourceError::NotEnabled(_)));
        let denied = of("InvalidAccessException: Account 111122223333 is not an administrator");
        assert_eq!(denied.missing_action(), Some("securityhub:DescribeHub"));
    }

    #[test]
    fn the_missing_action_is_read_from_the_services_words() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/audit/me is not authorized to perform: \
                       dynamodb:DescribeTable on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/a \
                       because no identity-based policy allows the dynamodb:DescribeTable action";
        assert_eq!(denied_action(message), Some("dynamodb:DescribeTable"));
        assert_eq!(denied_action("You are not authorized to perform this operation."), None);
    }

    #[test]
    fn only_tokens_of_a_login_ask_for_one() {
        let word = |text: &str| credentials(&CredentialsError::provider_error(text.to_owned()), None).word();
        let expired = "expired";
        assert_eq!(word("the SSO token file could not be read"), expired);
        assert_eq!(word("the token has expired"), expired);
        assert_ne!(word("failed to load the IMDS session token"), expired);
        assert_ne!(word("no credentials are associated with this processor's token"), expired);
    }

    #[test]
    fn codes_become_types() {
        let of = |code: &str, status| classify("ec2:DescribeVpcs", code, "m".to_owned(), status, Some("p")).word();
        assert_eq!(of("UnauthorizedOperation", 403), "denied");
        assert_eq!(of("ThrottlingException", 400), "throttled");
        assert_eq!(of("ExpiredTokenException", 400), "expired");
        assert_eq!(of("UnrecognizedClientException", 400), "expired");
        assert_eq!(of("AuthFailure", 401), "expired");
        assert_eq!(of("OptInRequired", 403), "not enabled");
        assert_eq!(of("InternalServerError", 500), "service error");
        assert_eq!(of("ValidationException", 400), "refused");
        let denied = classify("ec2:DescribeVpcs", "UnauthorizedOperation", "m".to_owned(), 403, None);
        assert_eq!(denied.missing_action(), Some("ec2:DescribeVpcs"));
    }
}
