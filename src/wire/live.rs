//! The live wire: the SDK's own HTTPS client over rustls and ring.

use std::path::PathBuf;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::model::Origin;

use super::{Clock, Wire};

/// Why no live wire could be made.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// `AWS_CA_BUNDLE` names a file that cannot be used. The path, and why.
    #[error("AWS_CA_BUNDLE: {0}: {1}")]
    Bundle(PathBuf, String),
}

/// A wire to AWS, or to whatever endpoint is named in its place.
///
/// Trusts the system's certificates, or those of `AWS_CA_BUNDLE` alone, as the AWS CLI does. `HTTPS_PROXY`,
/// `HTTP_PROXY` and `NO_PROXY` are honoured.
///
/// # Errors
///
/// [`LiveError::Bundle`] when `AWS_CA_BUNDLE` names no file of PEM certificates.
pub fn live() -> Result<Wire, LiveError> {
    let clock = Clock::live();
    let trust = match std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        Some(path) => bundle(path.into())?,
        None => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(trust).build();
    let context = context.map_err(|error| LiveError::Bundle(PathBuf::new(), error.to_string()))?;
    let sleep = clock.clone();
    let http = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        if components.is_none() {
            builder = builder.sleep_impl(sleep.clone());
        }
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context.clone()).build()
    });
    Ok(Wire { http, clock, origin: Origin::Live, estate: Vec::new(), doors: Vec::new() })
}

fn bundle(path: PathBuf) -> Result<TrustStore, LiveError> {
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => return Err(LiveError::Bundle(path, error.to_string())),
    };
    if !pem.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
        return Err(LiveError::Bundle(path, "no PEM certificate in it".to_owned()));
    }
    Ok(TrustStore::empty().with_pem_certificate(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_refused_rather_than_ignored() {
        let path = std::env::temp_dir().join(format!("dynakeep-bundle-{}", std::process::id()));
        std::fs::write(&path, "hello").unwrap();
        assert!(matches!(bundle(path.clone()), Err(LiveError::Bundle(..))));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(bundle(path), Err(LiveError::Bundle(..))));
    }
}
