//! Two locks in front of the network: what is not in the operation table is not sent.
//!
//! The first is an interceptor on every client, which refuses an operation before a request is made of it. The
//! second is the HTTP client itself, which sends only what the first has stamped: a client built without the
//! guard sends nothing. Calls of the credentials chain have no table row; they have a lane with a list of its own.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::model::CallOutcome;
use crate::operations::{self, Operation, Tier};

use super::ledger::Rows;

/// Why a call was stopped before anything was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The operation is not in the table.
    #[error("{0} is not an operation that this program may call")]
    NotInTable(String),
    /// The operation costs money, and nobody switched it on.
    #[error("{0} costs money and is off{1}")]
    Off(&'static str, String),
    /// A request came past the guard.
    #[error("a request without the guard's stamp was stopped: {0}")]
    Unstamped(String),
    /// The credentials chain asked for something that it has no business with.
    #[error("{0} is not a call that the credentials chain may make")]
    NotCredentials(String),
}

/// The guard's stamp on a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Approved;

/// The first lock.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Operations of the paid tier that were switched on, by label.
    paid: Arc<[&'static str]>,
}

impl Guard {
    /// A guard that also lets these operations of the paid tier through.
    #[must_use]
    pub fn paying(paid: &[&'static str]) -> Self {
        Self { paid: paid.into() }
    }
}

fn allowed(guard: &Guard, cfg: &ConfigBag) -> Result<&'static Operation, Refusal> {
    let Some(metadata) = cfg.load::<Metadata>() else {
        return Err(Refusal::NotInTable("a call without a name".to_owned()));
    };
    let row = operations::find(metadata.service(), metadata.name())
        .ok_or_else(|| Refusal::NotInTable(format!("{}:{}", metadata.service(), metadata.name())))?;
    if row.tier != Tier::Paid || guard.paid.contains(&row.label) {
        return Ok(row);
    }
    let how = match operations::setting(row) {
        Some(setting) => format!(": set {setting}.enabled in the configuration"),
        None if row.label == super::cloudwatch::LABEL => {
            ": set who.metrics in the configuration, or ask with `who TABLE --metrics`".to_owned()
        }
        None => String::new(),
    };
    Err(Refusal::Off(row.label, how))
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        allowed(self, cfg)?;
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Extensions do not survive the copy that a retry is made of: each attempt is stamped anew.
        allowed(self, cfg)?;
        context.request_mut().add_extension(Approved);
        Ok(())
    }
}

/// The second lock: an HTTP client that sends only what is stamped.
#[derive(Debug, Clone)]
pub struct Locked(SharedHttpClient);

impl Locked {
    /// Locks a client.
    #[must_use]
    pub fn new(inner: SharedHttpClient) -> Self {
        Self(inner)
    }
}

impl HttpClient for Locked {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(LockedConnector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct LockedConnector(SharedHttpConnector);

impl HttpConnector for LockedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.extension::<Approved>().is_some() {
            return self.0.call(request);
        }
        let refusal = Refusal::Unstamped(place(&request));
        HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())))
    }
}

/// The credentials chain's way out: a fixed list of calls, each with its row in the ledger.
#[derive(Debug, Clone)]
pub struct Lane {
    inner: SharedHttpClient,
    rows: Arc<Rows>,
    metadata: bool,
}

impl Lane {
    /// A lane. `metadata` lets calls to the instance's and the container's own metadata address through.
    #[must_use]
    pub fn new(inner: SharedHttpClient, rows: Arc<Rows>, metadata: bool) -> Self {
        Self { inner, rows, metadata }
    }
}

impl HttpClient for Lane {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(LaneConnector { inner, rows: self.rows.clone(), metadata: self.metadata })
    }
}

#[derive(Debug)]
struct LaneConnector {
    inner: SharedHttpConnector,
    rows: Arc<Rows>,
    metadata: bool,
}

impl HttpConnector for LaneConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(label) = credentials_call(&request) else {
            let refusal = Refusal::NotCredentials(place(&request));
            self.rows.plain("credentials:refused", CallOutcome::Guarded, 0, 0);
            return HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())));
        };
        if label == METADATA && !self.metadata {
            // Not on EC2 and not asked for: waiting for an address that nobody answers at helps nobody.
            let reason = "no instance metadata is expected here".into();
            return HttpConnectorFuture::ready(Err(ConnectorError::user(reason)));
        }
        let (future, rows) = (self.inner.call(request), self.rows.clone());
        let began = rows.now();
        HttpConnectorFuture::new(async move {
            let answer = future.await;
            let outcome = match &answer {
                Ok(response) if response.status().is_success() => CallOutcome::Ok,
                Ok(response) => CallOutcome::Failed(format!("HTTP {}", response.status().as_u16())),
                Err(error) => CallOutcome::Failed(error.to_string()),
            };
            rows.plain(label, outcome, rows.millis_since(began), 1);
            answer
        })
    }
}

/// The label of metadata calls.
const METADATA: &str = "credentials:InstanceMetadata";

/// Which call of the credentials chain a request is; `None` for one that is none.
fn credentials_call(request: &HttpRequest) -> Option<&'static str> {
    let uri: http::Uri = request.uri().parse().ok()?;
    let (host, path) = (uri.host().unwrap_or_default(), uri.path());
    let body = request.body().bytes().unwrap_or_default();
    let sts = |name: &str| {
        let wanted = format!("Action={name}&");
        body.starts_with(wanted.as_bytes())
    };
    match path {
        "/federation/credentials" => Some("credentials:GetRoleCredentials"),
        "/token" if host.starts_with("oidc.") => Some("credentials:CreateToken"),
        "/v1/token" if host.contains("signin") => Some("credentials:CreateOAuth2Token"),
        _ if sts("AssumeRole") => Some("credentials:AssumeRole"),
        _ if sts("AssumeRoleWithWebIdentity") => Some("credentials:AssumeRoleWithWebIdentity"),
        _ if ["169.254.169.254", "[fd00:ec2::254]"].contains(&host) => Some(METADATA),
        _ if ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(&host) => {
            Some("credentials:ContainerMetadata")
        }
        _ if path.starts_with("/latest/") => Some(METADATA),
        _ if loopback(host) && std::env::var_os("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() => {
            Some("credentials:ContainerMetadata")
        }
        _ => None,
    }
}

fn loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// Method, host and path: enough to find the culprit, and no secret.
fn place(request: &HttpRequest) -> String {
    let uri = request.uri();
    format!("{} {}", request.method(), uri.split('?').next().unwrap_or(uri))
}
