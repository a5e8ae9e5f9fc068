//! The one place where clients are built: one set for each scope, from one configuration.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::model::Scope;
use crate::wire::Wire;

use super::athena::Athena;
use super::capture::WholeXml;
use super::errors::NoRetryOfGarbage;
use super::form::{self, Form};
use super::guard::{Guard, Lane, Locked};
use super::json::Json;
use super::kinesis;
use super::ledger::{Recorder, Rows};
use super::limiter::Limiter;
use super::logs::Logs;
use super::s3::S3;
use super::tail::Tail;

/// What our calls carry in their user agent, so that an account's owner can tell them apart.
const APP: &str = "dynakeep";
/// Requests made for one call at most.
const ATTEMPTS: u32 = 4;

/// Who to be, and where.
#[derive(Debug, Clone)]
pub struct Place {
    /// The profile; `None` for the default credentials chain.
    pub profile: Option<String>,
    /// The region; `None` for the profile's own.
    pub region: Option<String>,
    /// The access key that leads into a simulated account.
    pub key: Option<String>,
    /// A custom endpoint.
    pub endpoint: Option<String>,
}

/// The clients of one scope.
#[derive(Debug)]
pub struct Clients {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// GuardDuty.
    pub guardduty: aws_sdk_guardduty::Client,
    /// AWS Config.
    pub config: aws_sdk_config::Client,
    /// CloudTrail.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// CloudFormation.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// KMS.
    pub kms: aws_sdk_kms::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// EC2, our own.
    pub ec2: Form,
    /// CloudWatch, our own.
    pub cloudwatch: Form,
    /// Kinesis, our own.
    pub kinesis: Json,
    /// Athena, our own.
    pub athena: Athena,
    /// CloudWatch Logs, our own.
    pub logs: Logs,
    /// S3, our own.
    pub s3: S3,
    /// Services of the slow tail, our own.
    pub tail: Tail,
}

/// Reads the configuration of a place: the shared config and the environment for live, nothing for a
/// simulated estate.
pub async fn configure(wire: &Wire, place: &Place, rows: Arc<Rows>) -> SdkConfig {
    if let Some(key) = &place.key {
        let credentials = Credentials::new(key, "simulated", None, None, "simulated estate");
        return SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(place.region.clone().map(Region::new))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::lazy().build())
            .app_name(app_name())
            .http_client(Locked::new(wire.http.clone()))
            .time_source(wire.clock.clone())
            .sleep_impl(wire.clock.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
    }
    let lane = Lane::new(wire.http.clone(), rows, metadata_expected());
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .app_name(app_name())
        .http_client(lane)
        .identity_cache(IdentityCache::lazy().load_timeout(Duration::from_secs(10)).build())
        .time_source(wire.clock.clone())
        .sleep_impl(wire.clock.clone())
        .timeout_config(timeouts())
        .retry_config(retries())
        // The answers we read are small and buffered whole: the read and attempt time-outs bound them.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(profile) = &place.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &place.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &place.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// How many sets of clients were built in this process.
static BUILT: AtomicU64 = AtomicU64::new(0);

/// Builds the clients of one scope: guard, ledger, limiter and retries on each.
#[must_use]
pub fn clients(
    http: &SharedHttpClient,
    config: &SdkConfig,
    scope: &Arc<RwLock<Scope>>,
    rows: &Arc<Rows>,
    limiter: &Arc<Limiter>,
    paid: &[&'static str],
) -> Clients {
    let guard = Guard::paying(paid);
    let locked = Locked::new(http.clone());
    let recorder = Recorder::new(rows.clone(), limiter.clone());
    let scope = scope.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    // The SDK keeps its retry buckets by partition and for the whole process: without the account in the name, one
    // throttled account slows the others down; without the number, one data layer of a process the next.
    let number = BUILT.fetch_add(1, Ordering::Relaxed);
    let partition = |sdk: &str| RetryPartition::custom(format!("{sdk}/{scope}/{number}")).build();
    macro_rules! settings {
        ($sdk:ident) => {{
            let partition = partition(stringify!($sdk));
            let mut builder = $sdk::config::Builder::from(config)
                .http_client(locked.clone())
                .retry_partition(partition)
                .retry_classifier(NoRetryOfGarbage);
            builder.push_interceptor(SharedInterceptor::permanent(guard.clone()));
            builder.push_interceptor(SharedInterceptor::permanent(recorder.clone()));
            builder.push_interceptor(SharedInterceptor::permanent(WholeXml));
            builder.build()
        }};
    }
    macro_rules! client {
        ($sdk:ident) => {
            $sdk::Client::from_conf(settings!($sdk))
        };
    }
    Clients {
        dynamodb: client!(aws_sdk_dynamodb),
        guardduty: client!(aws_sdk_guardduty),
        config: client!(aws_sdk_config),
        cloudtrail: client!(aws_sdk_cloudtrail),
        cloudformation: client!(aws_sdk_cloudformation),
        kms: client!(aws_sdk_kms),
        sts: client!(aws_sdk_sts),
        ec2: Form::new(&form::EC2, config, locked.clone(), (guard.clone(), recorder.clone()), partition("ec2")),
        cloudwatch: Form::new(
            &form::CLOUDWATCH,
            config,
            locked.clone(),
            (guard.clone(), recorder.clone()),
            partition("cloudwatch"),
        ),
        kinesis: Json::new(
            kinesis::KINESIS,
            "Kinesis_20131202",
            config,
            locked.clone(),
            (guard.clone(), recorder.clone()),
            partition("kinesis"),
        ),
        athena: Athena::new(config, locked.clone(), (guard.clone(), recorder.clone()), partition("athena")),
        logs: Logs::new(config, locked.clone(), (guard.clone(), recorder.clone()), partition("logs")),
        s3: S3::new(config, locked.clone(), (guard.clone(), recorder.clone()), partition("s3")),
        tail: Tail::new(config, &locked, &(guard.clone(), recorder.clone()), partition),
    }
}

fn app_name() -> AppName {
    #[expect(clippy::expect_used, reason = "a constant of letters is a valid name")]
    AppName::new(APP).expect("a valid app name")
}

/// Every wait is bounded: the SDK bounds only the connect by itself.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .read_timeout(Duration::from_secs(20))
        .operation_attempt_timeout(Duration::from_secs(30))
        .operation_timeout(Duration::from_secs(90))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(Duration::from_secs(10))
}

/// Whether instance metadata is worth asking: on EC2, or where the environment names it. Elsewhere nobody
/// answers at its address, and each start would wait for that.
pub(super) fn metadata_expected() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("AWS_EC2_METADATA_SERVICE_ENDPOINT") || set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") {
        return true;
    }
    ["/sys/devices/virtual/dmi/id/sys_vendor", "/sys/devices/virtual/dmi/id/board_vendor"]
        .iter()
        .any(|path| std::fs::read_to_string(path).is_ok_and(|vendor| vendor.trim() == "Amazon EC2"))
}
