//! A small client for services that take a form and answer in XML, on the orchestrator of [`super::own`].
//!
//! The official `aws-sdk-ec2` needs more memory to compile than most machines have, and the official CloudWatch client
//! speaks CBOR alone, which endpoints that stand for AWS do not.

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::guard::{Guard, Locked};
use super::ledger::Recorder;
use super::own::{self, Answer, Called, Own, OwnError, encode};
use super::xml;

/// A service, from its model.
#[derive(Debug)]
pub struct Service {
    name: own::Service,
    /// The version of its API.
    version: &'static str,
}

/// EC2.
pub const EC2: Service =
    Service { name: own::Service { id: "EC2", signing: "ec2", host: "ec2" }, version: "2016-11-15" };
/// IAM.
pub const IAM: Service =
    Service { name: own::Service { id: "IAM", signing: "iam", host: "iam" }, version: "2010-05-08" };
/// CloudWatch.
pub const CLOUDWATCH: Service = Service {
    name: own::Service { id: "CloudWatch", signing: "monitoring", host: "monitoring" },
    version: "2010-08-01",
};

/// The client.
#[derive(Debug)]
pub struct Form {
    own: Own,
    version: &'static str,
}

impl Form {
    /// A client for the region of a configuration.
    #[must_use]
    pub fn new(
        service: &'static Service,
        config: &SdkConfig,
        http: Locked,
        locks: (Guard, Recorder),
        partition: RetryPartition,
    ) -> Self {
        Self { own: Own::new(service.name, config, http, locks, partition), version: service.version }
    }

    /// Calls one operation with the parameters of its query; what is inside the answer's root element.
    ///
    /// # Errors
    ///
    /// As every client of the SDK.
    pub async fn call(&self, operation: &'static str, parameters: Vec<(String, String)>) -> Called<Value> {
        let version = self.version;
        let write = move |parameters: Vec<(String, String)>| request(version, operation, &parameters);
        self.own.call(operation, self.own.endpoint(), parameters, write, answer).await
    }
}

fn request(version: &str, operation: &str, parameters: &[(String, String)]) -> Result<HttpRequest, BoxError> {
    let mut form = format!("Action={operation}&Version={version}");
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

fn answer(response: &HttpResponse) -> Result<Answer<Value>, OrchestratorError<OwnError>> {
    let body = match xml::to_json(response.body().bytes().unwrap_or_default()) {
        Ok(body) => body,
        Err(reason) => return OwnError::answer(None, Some(&reason)),
    };
    if !response.status().is_success() {
        let error = if body["Errors"]["Error"].is_null() { &body["Error"] } else { &body["Errors"]["Error"] };
        return OwnError::answer(error["Code"].as_str(), error["Message"].as_str());
    }
    let id = body["requestId"].as_str().or_else(|| body["ResponseMetadata"]["RequestId"].as_str());
    let id = id.map(str::to_owned);
    Ok(Answer::new(response, body, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        let request = request(EC2.version, "DescribeVpcs", &[("MaxResults".to_owned(), "5".to_owned())]).unwrap();
        assert_eq!(request.body().bytes(), Some(b"Action=DescribeVpcs&Version=2016-11-15&MaxResults=5".as_slice()));
    }
}
