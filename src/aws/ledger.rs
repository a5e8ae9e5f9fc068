//! The ledger: one row a call, written by an interceptor on every client.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::request_id::RequestId;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::{CallOutcome, CallRecord, Scope};
use crate::operations;
use crate::wire::Clock;

use super::errors::THROTTLED;
use super::limiter::Limiter;

/// What stands in the ledger for an operation that the table does not hold.
const UNLISTED: &str = "not in the operation table";

/// Rows on their way to the store: of one scope, filled by interceptors, drained after each call.
#[derive(Debug)]
pub struct Rows {
    scope: Arc<RwLock<Scope>>,
    clock: Clock,
    rows: Mutex<Vec<CallRecord>>,
}

impl Rows {
    /// No rows yet. The scope may still learn its account.
    #[must_use]
    pub fn new(scope: Arc<RwLock<Scope>>, clock: Clock) -> Self {
        Self { scope, clock, rows: Mutex::default() }
    }

    /// Takes out all rows written so far.
    pub fn drain(&self) -> Vec<CallRecord> {
        std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a row for a call that is no operation of the table: the credentials chain's.
    pub fn plain(&self, operation: &'static str, outcome: CallOutcome, millis: u64, attempts: u32) {
        let at = self.clock.now();
        self.push(CallRecord {
            at,
            scope: self.scope(),
            operation,
            outcome,
            request_id: String::new(),
            millis,
            attempts,
        });
    }

    /// Now, by the wire's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whole milliseconds since a moment.
    #[must_use]
    pub fn millis_since(&self, began: Timestamp) -> u64 {
        u64::try_from(self.clock.now().duration_since(began).as_millis()).unwrap_or_default()
    }

    fn scope(&self) -> Scope {
        self.scope.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, row: CallRecord) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }
}

/// Writes the row of each call, and tells the limiter what the service thinks of our pace.
#[derive(Debug, Clone)]
pub struct Recorder {
    rows: Arc<Rows>,
    limiter: Arc<Limiter>,
}

#[derive(Debug)]
struct Begun {
    at: Timestamp,
    attempts: u32,
}

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Recorder {
    /// A recorder for the clients of one scope.
    #[must_use]
    pub fn new(rows: Arc<Rows>, limiter: Arc<Limiter>) -> Self {
        Self { rows, limiter }
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Begun { at: self.rows.now(), attempts: 0 });
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(begun) = cfg.load::<Begun>() else { return Ok(()) };
        let begun = Begun { at: begun.at, attempts: begun.attempts + 1 };
        if begun.attempts > 1
            && let Some(row) = row_of(cfg)
        {
            // The first attempt paid before it was made; a retry pays here.
            self.limiter.debit(&self.rows.scope(), row);
        }
        cfg.interceptor_state().store_put(begun);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(row), Some(response)) = (row_of(cfg), context.response()) else { return Ok(()) };
        if response.status().is_success() {
            self.limiter.went_well(&self.rows.scope(), row);
        } else if response.status().as_u16() == 429
            || error_code(response).is_some_and(|code| THROTTLED.contains(&code.as_ref()))
        {
            self.limiter.throttled(&self.rows.scope(), row);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (at, attempts) = cfg.load::<Begun>().map_or((self.rows.now(), 0), |begun| (begun.at, begun.attempts));
        let row = row_of(cfg);
        let outcome = match context.output_or_error() {
            Some(Ok(_)) => CallOutcome::Ok,
            // What the guard stops is never attempted.
            Some(Err(_)) if row.is_none_or(|row| row.tier == operations::Tier::Paid && attempts == 0) => {
                CallOutcome::Guarded
            }
            Some(Err(error)) => CallOutcome::Failed(match context.response().and_then(error_code) {
                Some(code) => code.into_owned(),
                None if error.is_timeout_error() => "timed out".to_owned(),
                None => match context.response() {
                    Some(response) => format!("HTTP {}", response.status().as_u16()),
                    None => "no answer".to_owned(),
                },
            }),
            None => CallOutcome::Failed("no answer".to_owned()),
        };
        self.rows.push(CallRecord {
            at,
            scope: self.rows.scope(),
            operation: row.map_or(UNLISTED, |row| row.label),
            outcome,
            request_id: context.response().and_then(RequestId::request_id).unwrap_or_default().to_owned(),
            millis: self.rows.millis_since(at),
            attempts,
        });
        Ok(())
    }
}

fn row_of(cfg: &ConfigBag) -> Option<&'static operations::Operation> {
    let metadata = cfg.load::<Metadata>()?;
    operations::find(metadata.service(), metadata.name())
}

/// The error's code as the protocols of AWS carry it: a header, a JSON member, or an XML element.
fn error_code(response: &HttpResponse) -> Option<Cow<'static, str>> {
    if response.status().is_success() {
        return None;
    }
    if let Some(header) = response.headers().get("x-amzn-errortype") {
        return Some(Cow::Owned(bare(header)));
    }
    let body = response.body().bytes()?.trim_ascii_start();
    match body.first()? {
        b'{' => {
            let value: Value = serde_json::from_slice(body).ok()?;
            let code = value.get("__type").or_else(|| value.get("code")).or_else(|| value.get("Code"))?;
            code.as_str().map(|code| Cow::Owned(bare(code)))
        }
        b'<' => {
            let text = String::from_utf8_lossy(body);
            let (_, rest) = text.split_once("<Code>")?;
            rest.split_once("</Code>").map(|(code, _)| Cow::Owned(code.to_owned()))
        }
        _ => None,
    }
}

/// `com.amazonaws.dynamodb.v20120810#ThrottlingException:http://…` names `ThrottlingException`.
pub(super) fn bare(code: &str) -> String {
    let code = code.split_once('#').map_or(code, |(_, code)| code);
    code.split(':').next().unwrap_or(code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_bared_of_namespace_and_address() {
        assert_eq!(bare("com.amazonaws.dynamodb.v20120810#ThrottlingException"), "ThrottlingException");
        assert_eq!(bare("AccessDeniedException:http://internal.amazon.com/"), "AccessDeniedException");
        assert_eq!(bare("Throttling"), "Throttling");
    }
}
