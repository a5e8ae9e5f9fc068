//! AWS JSON over the SDK's own orchestrator: the operation in a header, parameters and answer as JSON.

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::guard::{Guard, Locked};
use super::ledger::Recorder;
use super::own::{Answer, Called, Own, OwnError, Service};

/// A client of one service.
#[derive(Debug)]
pub struct Json {
    own: Own,
    target: &'static str,
}

/// Services that speak the older version.
const OLDER: [&str; 2] = ["DynamoDB_", "GraniteServiceVersion20100801."];

impl Json {
    /// A client for the region of a configuration; `target` is the prefix of the header that names the operation.
    #[must_use]
    pub fn new(
        service: Service,
        target: &'static str,
        config: &SdkConfig,
        http: Locked,
        locks: (Guard, Recorder),
        partition: RetryPartition,
    ) -> Self {
        Self { own: Own::new(service, config, http, locks, partition), target }
    }

    /// Calls one operation.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(&self, operation: &'static str, input: Value) -> Called<Value> {
        let target = format!("{}.{operation}", self.target);
        let write = move |input: Value| request(&target, &input);
        self.own.call(operation, self.own.endpoint(), input, write, answer).await
    }

    /// Calls one operation that must not be made twice: nothing repeats it.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call_once(&self, operation: &'static str, input: Value) -> Called<Value> {
        let target = format!("{}.{operation}", self.target);
        let write = move |input: Value| request(&target, &input);
        self.own.call_once(operation, self.own.endpoint(), input, write, answer).await
    }
}

fn request(target: &str, input: &Value) -> Result<HttpRequest, BoxError> {
    let body = input.to_string();
    let newer = !OLDER.iter().any(|of| target.starts_with(of));
    let request = http::Request::builder()
        .method("POST")
        .uri("/")
        .header("content-type", format!("application/x-amz-json-1.{}", u8::from(newer)))
        .header("x-amz-target", target)
        .header("content-length", body.len())
        .body(SdkBody::from(body))?;
    Ok(request.try_into()?)
}

/// Reads an answer of a service that speaks JSON.
pub(super) fn answer(response: &HttpResponse) -> Result<Answer<Value>, OrchestratorError<OwnError>> {
    let text = response.body().bytes().unwrap_or_default().trim_ascii();
    // An operation without an answer answers nothing at all.
    let text = if text.is_empty() { b"{}".as_slice() } else { text };
    let body: Value = match serde_json::from_slice(text) {
        Ok(Value::Object(body)) => Value::Object(body),
        Ok(_) => return OwnError::answer(None, Some("the answer is no JSON object")),
        Err(error) => return OwnError::answer(None, Some(&error.to_string())),
    };
    if response.status().is_success() {
        return Ok(Answer::new(response, body, None));
    }
    let code = response.headers().get("x-amzn-errortype").or_else(|| body["__type"].as_str());
    let code = code.map(super::ledger::bare);
    let message = body["message"].as_str().or_else(|| body["Message"].as_str());
    OwnError::answer(code.as_deref(), message)
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_operation_is_in_the_header() {
        let request = request("AmazonAthena.GetQueryExecution", &json!({"QueryExecutionId": "q"})).unwrap();
        assert_eq!(request.headers().get("x-amz-target"), Some("AmazonAthena.GetQueryExecution"));
        assert_eq!(request.headers().get("content-type"), Some("application/x-amz-json-1.1"));
        let older = super::request("DynamoDB_20120810.ListExports", &json!({})).unwrap();
        assert_eq!(older.headers().get("content-type"), Some("application/x-amz-json-1.0"));
        assert_eq!(request.body().bytes(), Some(br#"{"QueryExecutionId":"q"}"#.as_slice()));
    }

    #[test]
    fn answers_and_errors_are_told_apart() {
        let of = |status: u16, body: &'static str| {
            answer(&HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body)))
        };
        assert_eq!(of(200, r#"{"a":1}"#).unwrap().body, json!({"a": 1}));
        assert_eq!(of(200, "").unwrap().body, json!({}));
        assert!(of(200, "<html>").is_err() && of(200, "[]").is_err());
        let error = of(400, r#"{"__type":"com.amazonaws#InvalidRequestException","message":"no"}"#).unwrap_err();
        let error = error.as_operation_error().unwrap();
        assert_eq!((error.code(), error.message()), (Some("InvalidRequestException"), Some("no")));
    }
}
