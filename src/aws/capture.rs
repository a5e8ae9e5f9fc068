//! The body of an answer as the service sent it: the SDK's types drop what they do not know.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use super::xml;

/// Keeps the body of one call's answer; a clone goes into the call.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// The body as it came; what is no UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// The body as JSON, whatever the protocol; `Null` when nothing readable came.
    #[must_use]
    pub fn json(&self) -> Value {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match body.trim_ascii_start().first() {
            Some(b'<') => xml::to_json(&body).unwrap_or_default(),
            _ => serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "Capture"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default().to_vec();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}

/// Refuses an XML answer that is not a whole document: the SDK's own reader takes one that was cut for a shorter list.
#[derive(Debug, Clone, Copy)]
pub struct WholeXml;

impl Intercept for WholeXml {
    fn name(&self) -> &'static str {
        "WholeXml"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default().trim_ascii_start();
        if context.response().status().is_success() && body.starts_with(b"<") {
            xml::to_json(body)?;
        }
        Ok(())
    }
}

/// The item of a list whose member has this value, as text; empty when there is none.
#[must_use]
pub fn raw_of(list: &Value, member: &str, value: &str) -> String {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().find(|item| item[member].as_str() == Some(value)).map(ToString::to_string).unwrap_or_default()
}
