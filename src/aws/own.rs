//! A small client on the SDK's own orchestrator, for services whose official crate costs more to build than the few
//! read operations that are called are worth.
//!
//! Requests go through the same signing, retries, connector, guard and ledger as every generated client's. What
//! differs from service to service is how a request is written and an answer read.

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
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::request_id::RequestId;
use aws_types::service_config::ServiceConfigKey;

use super::errors::NoRetryOfGarbage;
use super::guard::{Guard, Locked};
use super::ledger::Recorder;

/// What a service is called, in the places where it has a name.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// The SDK's service id, as the operation table writes it.
    pub id: &'static str,
    /// What requests are signed for.
    pub signing: &'static str,
    /// The first part of its host.
    pub host: &'static str,
}

/// The client.
#[derive(Debug)]
pub struct Own {
    service: Service,
    config: SdkConfig,
    http: Locked,
    recorder: Recorder,
    guard: Guard,
    partition: RetryPartition,
    region: String,
    endpoint: String,
    custom: bool,
}

/// One answer, read.
#[derive(Debug)]
pub struct Answer<T> {
    /// What it says.
    pub body: T,
    request_id: Option<String>,
}

impl<T> Answer<T> {
    /// An answer; the request's id from its header, or from the body where it stands there.
    pub fn new(response: &HttpResponse, body: T, id: Option<String>) -> Self {
        Self { body, request_id: response.request_id().map(str::to_owned).or(id) }
    }
}

impl Answer<serde_json::Value> {
    /// The answer of the query protocol, out of the element that names the operation.
    #[must_use]
    pub fn of_query(mut self, operation: &str) -> Self {
        if let Some(inner) = self.body.get_mut(format!("{operation}Result")) {
            self.body = inner.take();
        }
        self
    }
}

impl<T> RequestId for Answer<T> {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The service's own error, or an answer that is not the service's.
#[derive(Debug)]
pub struct OwnError(ErrorMetadata);

impl OwnError {
    /// An error of the operation, with the code and words that were found.
    pub fn answer<T>(code: Option<&str>, message: Option<&str>) -> Result<T, OrchestratorError<Self>> {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        if let Some(message) = message {
            metadata = metadata.message(message);
        }
        Err(OrchestratorError::operation(Self(metadata.build())))
    }
}

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for OwnError {}

impl ProvideErrorMetadata for OwnError {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// How an answer is read.
pub type Read<T> = fn(&HttpResponse) -> Result<Answer<T>, OrchestratorError<OwnError>>;

/// What every call comes to.
pub type Called<T> = Result<Answer<T>, SdkError<OwnError, HttpResponse>>;

impl Own {
    /// A client of a service for the region of a configuration.
    #[must_use]
    pub fn new(
        service: Service,
        config: &SdkConfig,
        http: Locked,
        (guard, recorder): (Guard, Recorder),
        partition: RetryPartition,
    ) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let asked = asked(service, config);
        let custom = asked.is_some();
        let endpoint = asked.unwrap_or_else(|| endpoint(service, config, &region));
        Self { service, config: config.clone(), http, recorder, guard, partition, region, endpoint, custom }
    }

    /// Where the service answers.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The endpoint was asked for, and is not AWS's.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.custom
    }

    /// Sends one request, which may be made several times.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call<I, T>(
        &self,
        operation: &'static str,
        endpoint: &str,
        input: I,
        write: impl Fn(I) -> Result<HttpRequest, BoxError> + Send + Sync + 'static,
        read: Read<T>,
    ) -> Called<T>
    where
        I: fmt::Debug + Send + Sync + 'static,
        T: fmt::Debug + Send + Sync + 'static,
    {
        let retries = self.config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        self.send((operation, endpoint), input, write, read, &retries).await
    }

    /// Sends one request exactly once: what it does must not be done twice.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call_once<I, T>(
        &self,
        operation: &'static str,
        endpoint: &str,
        input: I,
        write: impl Fn(I) -> Result<HttpRequest, BoxError> + Send + Sync + 'static,
        read: Read<T>,
    ) -> Called<T>
    where
        I: fmt::Debug + Send + Sync + 'static,
        T: fmt::Debug + Send + Sync + 'static,
    {
        let once = RetryConfig::standard().with_max_attempts(1);
        self.send((operation, endpoint), input, write, read, &once).await
    }

    async fn send<I, T>(
        &self,
        (operation, endpoint): (&'static str, &str),
        input: I,
        write: impl Fn(I) -> Result<HttpRequest, BoxError> + Send + Sync + 'static,
        read: Read<T>,
        retries: &RetryConfig,
    ) -> Called<T>
    where
        I: fmt::Debug + Send + Sync + 'static,
        T: fmt::Debug + Send + Sync + 'static,
    {
        let mut builder = self
            .transport(operation, endpoint, retries)
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<OwnError>::new())
            .retry_classifier(AwsErrorCodeClassifier::<OwnError>::new())
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
        builder.serializer(write).deserializer(read).build().invoke(input).await
    }

    fn transport(&self, operation: &'static str, endpoint: &str, retries: &RetryConfig) -> OperationBuilder {
        Operation::builder()
            .service_name(self.service.id)
            .operation_name(operation)
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(endpoint)
            .standard_retry(retries)
    }

    /// Signing, identity, user agent, guard and ledger: what a generated client has from its service plugin.
    fn plugin(&self) -> StaticRuntimePlugin {
        let mut layer = Layer::new(self.service.signing);
        layer.store_put(Region::new(self.region.clone()));
        layer.store_put(SigningRegion::from(Region::new(self.region.clone())));
        layer.store_put(SigningName::from_static(self.service.signing));
        layer.store_put(self.signing());
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(ApiMetadata::new(self.service.signing, env!("CARGO_PKG_VERSION")));
        layer.store_put(self.partition.clone());
        layer.store_or_unset(self.config.app_name().cloned());
        layer.store_or_unset(self.config.stalled_stream_protection());
        let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
        let mut components = RuntimeComponentsBuilder::new(self.service.signing)
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

    /// S3 signs paths as they are sent, and wants the body's hash in a header.
    fn signing(&self) -> SigV4OperationSigningConfig {
        let mut signing = SigV4OperationSigningConfig::default();
        if self.service.signing == "s3" {
            signing.signing_options.double_uri_encode = false;
            signing.signing_options.normalize_uri_path = false;
            signing.signing_options.content_sha256_header = true;
        }
        signing
    }
}

/// The endpoint asked for, by flag, environment or profile.
fn asked(service: Service, config: &SdkConfig) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let asked = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    asked.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The region's own endpoint of a service.
fn endpoint(service: Service, config: &SdkConfig, region: &str) -> String {
    let name = if config.use_fips() == Some(true) { format!("{}-fips", service.host) } else { service.host.to_owned() };
    let dual = config.use_dual_stack() == Some(true);
    let china = region.starts_with("cn-");
    // IAM and CloudFront are one for all regions of a partition.
    if ["cloudfront", "iam"].contains(&service.signing) {
        return match (region.starts_with("us-gov-"), china, dual) {
            (true, ..) => format!("https://{}.us-gov.amazonaws.com", service.host),
            (_, true, _) => format!("https://{}.{region}.amazonaws.com.cn", service.host),
            (_, _, true) => format!("https://{}.global.api.aws", service.host),
            _ => format!("https://{name}.amazonaws.com"),
        };
    }
    // S3 says by its name, not by its domain, that it speaks IPv6.
    if service.signing == "s3" {
        let name = if dual { format!("{name}.dualstack") } else { name };
        return format!("https://{name}.{region}.amazonaws.com{}", if china { ".cn" } else { "" });
    }
    let suffix = match (china, dual) {
        (true, true) => "api.amazonwebservices.com.cn",
        (true, false) => "amazonaws.com.cn",
        (false, true) => "api.aws",
        (false, false) => "amazonaws.com",
    };
    format!("https://{name}.{region}.{suffix}")
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
#[must_use]
pub fn encode(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: Service = Service { id: "EC2", signing: "ec2", host: "ec2" };
    const S3: Service = Service { id: "S3", signing: "s3", host: "s3" };

    #[test]
    fn endpoints_follow_the_partition() {
        let config = SdkConfig::builder().build();
        assert_eq!(endpoint(EC2, &config, "eu-west-1"), "https://ec2.eu-west-1.amazonaws.com");
        assert_eq!(endpoint(EC2, &config, "cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint(S3, &config, "cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
        let iam = Service { id: "IAM", signing: "iam", host: "iam" };
        assert_eq!(endpoint(iam, &config, "us-east-1"), "https://iam.amazonaws.com");
        let cloudfront = Service { id: "CloudFront", signing: "cloudfront", host: "cloudfront" };
        assert_eq!(endpoint(cloudfront, &config, "us-east-1"), "https://cloudfront.amazonaws.com");
        assert_eq!(endpoint(iam, &config, "us-gov-west-1"), "https://iam.us-gov.amazonaws.com");
        assert_eq!(endpoint(iam, &config, "cn-north-1"), "https://iam.cn-north-1.amazonaws.com.cn");
        let config = SdkConfig::builder().use_dual_stack(true).build();
        assert_eq!(endpoint(EC2, &config, "eu-west-1"), "https://ec2.eu-west-1.api.aws");
        assert_eq!(endpoint(S3, &config, "eu-west-1"), "https://s3.dualstack.eu-west-1.amazonaws.com");
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:5000").build();
        assert_eq!(asked(EC2, &config).as_deref(), Some("http://127.0.0.1:5000"));
    }

    #[test]
    fn parameters_are_encoded() {
        assert_eq!(encode("a b/c=é"), "a%20b%2Fc%3D%C3%A9");
    }
}
