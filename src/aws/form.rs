//! A small client, on the SDK's own orchestrator, for services that take a form and answer in XML.
//!
//! The official `aws-sdk-ec2` needs more memory to compile than most machines have, and the official CloudWatch client
//! speaks CBOR alone, which endpoints that stand for AWS do not. This client sends a handful of read operations through
//! the same signing, retries, connector, guard and ledger as every other client, and reads their XML.

use std::fmt;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::request_id::RequestId;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use super::errors::NoRetryOfGarbage;
use super::guard::{Guard, Locked};
use super::ledger::Recorder;
use super::xml;

/// A service, from its model.
#[derive(Debug)]
pub struct Service {
    /// Its id, as the guard knows it.
    id: &'static str,
    /// The version of its API.
    version: &'static str,
    /// The name it is signed for, and the first part of its host.
    host: &'static str,
}

/// EC2.
pub const EC2: Service = Service { id: "EC2", version: "2016-11-15", host: "ec2" };
/// CloudWatch.
pub const CLOUDWATCH: Service = Service { id: "CloudWatch", version: "2010-08-01", host: "monitoring" };

/// The client.
#[derive(Debug)]
pub struct Form {
    service: &'static Service,
    guard: Guard,
    config: SdkConfig,
    http: Locked,
    recorder: Recorder,
    partition: RetryPartition,
    region: String,
    endpoint: String,
}

/// One answer, its XML as JSON.
#[derive(Debug)]
pub struct Answer {
    /// What is inside the root element.
    pub body: Value,
    request_id: Option<String>,
}

impl RequestId for Answer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The service's own error, or an answer that is not the service's.
#[derive(Debug)]
pub struct FormError(ErrorMetadata);

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FormError {}

impl ProvideErrorMetadata for FormError {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl Form {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(
        service: &'static Service,
        config: &SdkConfig,
        http: Locked,
        (guard, recorder): (Guard, Recorder),
        partition: RetryPartition,
    ) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let endpoint = endpoint(service, config, &region);
        Self { service, guard, config: config.clone(), http, recorder, partition, region, endpoint }
    }

    /// Calls one operation with the parameters of its query.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(
        &self,
        operation: &'static str,
        parameters: Vec<(String, String)>,
    ) -> Result<Answer, SdkError<FormError, HttpResponse>> {
        let mut builder = self
            .transport(operation)
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<FormError>::new())
            .retry_classifier(AwsErrorCodeClassifier::<FormError>::new())
            .retry_classifier(NoRetryOfGarbage)
            .with_connection_poisoning()
            .runtime_plugin(self.plugin());
        if let Some(timeouts) = self.config.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = self.config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = self.config.time_source() {
            builder = builder.time_source(time);
        }
        let service = self.service;
        let serialize = move |parameters: Vec<(String, String)>| request(service, operation, &parameters);
        let call = builder.serializer(serialize).deserializer(answer).build();
        call.invoke(parameters).await
    }

    fn transport(&self, operation: &'static str) -> OperationBuilder {
        let retries =
            self.config.retry_config().cloned().unwrap_or_else(aws_smithy_types::retry::RetryConfig::standard);
        Operation::builder()
            .service_name(self.service.id)
            .operation_name(operation)
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(&self.endpoint)
            .standard_retry(&retries)
    }

    /// Signing, identity, user agent, guard and ledger: what a generated client has from its service plugin.
    fn plugin(&self) -> StaticRuntimePlugin {
        let mut layer = Layer::new(self.service.host);
        layer.store_put(Region::new(self.region.clone()));
        layer.store_put(SigningRegion::from(Region::new(self.region.clone())));
        layer.store_put(SigningName::from_static(self.service.host));
        layer.store_put(SigV4OperationSigningConfig::default());
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(ApiMetadata::new(self.service.host, env!("CARGO_PKG_VERSION")));
        layer.store_put(self.partition.clone());
        layer.store_or_unset(self.config.app_name().cloned());
        layer.store_or_unset(self.config.stalled_stream_protection());
        let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
        let mut components = RuntimeComponentsBuilder::new("ec2")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)))
            .with_identity_cache(self.config.identity_cache())
            .with_interceptor(RequestInfoInterceptor::new())
            .with_interceptor(InvocationIdInterceptor::new())
            .with_interceptor(UserAgentInterceptor::new())
            .with_interceptor(SharedInterceptor::permanent(self.guard.clone()))
            .with_interceptor(SharedInterceptor::permanent(self.recorder.clone()));
        if let Some(credentials) = self.config.credentials_provider() {
            components = components.with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
    }
}

/// Where a service answers: the endpoint asked for, by flag, environment or profile, or the region's own.
fn endpoint(service: &Service, config: &SdkConfig, region: &str) -> String {
    let key =
        ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let asked = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    if let Some(url) = asked.or_else(|| config.endpoint_url().map(str::to_owned)) {
        return url;
    }
    let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
    let (suffix, dual) = match region.split('-').next() {
        Some("cn") => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        _ => ("amazonaws.com", "api.aws"),
    };
    let suffix = if config.use_dual_stack() == Some(true) { dual } else { suffix };
    format!("https://{}{fips}.{region}.{suffix}", service.host)
}

fn request(service: &Service, operation: &str, parameters: &[(String, String)]) -> Result<HttpRequest, BoxError> {
    let mut form = format!("Action={operation}&Version={}", service.version);
    for (name, value) in parameters {
        form.push('&');
        form.push_str(&encode(name));
        form.push('=');
        form.push_str(&encode(value));
    }
    let length = form.len();
    let request = http::Request::builder()
        .method("POST")
        .uri("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-length", length)
        .body(SdkBody::from(form))?;
    Ok(request.try_into()?)
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<FormError>> {
    let fail = |metadata: ErrorMetadata| Err(OrchestratorError::operation(FormError(metadata)));
    let body = match xml::to_json(response.body().bytes().unwrap_or_default()) {
        Ok(body) => body,
        Err(reason) => return fail(ErrorMetadata::builder().message(reason).build()),
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if !response.status().is_success() {
        let error = if body["Errors"]["Error"].is_null() { &body["Error"] } else { &body["Errors"]["Error"] };
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = text(&error["Code"]) {
            metadata = metadata.code(code);
        }
        if let Some(message) = text(&error["Message"]) {
            metadata = metadata.message(message);
        }
        return fail(metadata.build());
    }
    let request_id = response.request_id().map(str::to_owned).or_else(|| text(&body["requestId"]));
    let request_id = request_id.or_else(|| text(&body["ResponseMetadata"]["RequestId"]));
    Ok(Answer { body, request_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        assert_eq!(encode("a b/c=é"), "a%20b%2Fc%3D%C3%A9");
        let request = request(&EC2, "DescribeVpcs", &[("MaxResults".to_owned(), "5".to_owned())]).unwrap();
        assert_eq!(request.body().bytes(), Some(b"Action=DescribeVpcs&Version=2016-11-15&MaxResults=5".as_slice()));
    }

    #[test]
    fn endpoints_follow_the_partition() {
        let config = SdkConfig::builder().build();
        assert_eq!(endpoint(&EC2, &config, "eu-west-1"), "https://ec2.eu-west-1.amazonaws.com");
        assert_eq!(endpoint(&EC2, &config, "cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint(&CLOUDWATCH, &config, "eu-west-1"), "https://monitoring.eu-west-1.amazonaws.com");
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:5000").build();
        assert_eq!(endpoint(&EC2, &config, "eu-west-1"), "http://127.0.0.1:5000");
    }
}
