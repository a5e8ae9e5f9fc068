//! restJson1, and what is read by restXml, over the SDK's own orchestrator: the operation in method and path, parameters in path, query and body.

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::guard::{Guard, Locked};
use super::json::answer;
use super::ledger::Recorder;
use super::own::{Answer, Called, Own, OwnError, Service};
use super::xml;

/// A client of one service.
#[derive(Debug)]
pub struct Rest(Own);

/// One request: method, path with its query, and the body, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// From the slash on, encoded.
    pub path: String,
    /// The body; `None` for none at all.
    pub body: Option<Value>,
}

impl Rest {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(
        service: Service,
        config: &SdkConfig,
        http: Locked,
        locks: (Guard, Recorder),
        partition: RetryPartition,
    ) -> Self {
        Self(Own::new(service, config, http, locks, partition))
    }

    /// Calls one operation.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(&self, operation: &'static str, request: Request) -> Called<Value> {
        self.0.call(operation, self.0.endpoint(), request, |request| write(&request), answer).await
    }

    /// Gets what lies at a path of a service that answers in XML.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn get_xml(&self, operation: &'static str, path: String) -> Called<Value> {
        let request = Request { method: "GET", path, body: None };
        self.0.call(operation, self.0.endpoint(), request, |request| write(&request), read).await
    }
}

fn read(response: &HttpResponse) -> Result<Answer<Value>, OrchestratorError<OwnError>> {
    let body = match xml::to_json(response.body().bytes().unwrap_or_default()) {
        Ok(body) => body,
        Err(reason) => return OwnError::answer(None, Some(&reason)),
    };
    if response.status().is_success() {
        return Ok(Answer::new(response, body, None));
    }
    let error = &body["Error"];
    OwnError::answer(error["Code"].as_str(), error["Message"].as_str())
}

fn write(request: &Request) -> Result<HttpRequest, BoxError> {
    let builder = http::Request::builder().method(request.method).uri(&request.path);
    let request = match &request.body {
        None => builder.body(SdkBody::empty())?,
        Some(body) => {
            let body = body.to_string();
            builder
                .header("content-type", "application/json")
                .header("content-length", body.len())
                .body(SdkBody::from(body))?
        }
    };
    Ok(request.try_into()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_its_method_its_path_and_perhaps_a_body() {
        let get =
            write(&Request { method: "GET", path: "/backup/plans/?maxResults=5".to_owned(), body: None }).unwrap();
        assert_eq!(
            (get.method(), get.uri(), get.body().bytes()),
            ("GET", "/backup/plans/?maxResults=5", Some(&b""[..]))
        );
        let post = Request { method: "POST", path: "/standards/get".to_owned(), body: Some(json!({"MaxResults": 5})) };
        let post = write(&post).unwrap();
        assert_eq!(post.body().bytes(), Some(br#"{"MaxResults":5}"#.as_slice()));
        assert_eq!(post.headers().get("content-type"), Some("application/json"));
    }
}
