//! What a request to an AWS service asks for, and how the service would say no: shared by the demo account,
//! the fault injector and tapes.
//!
//! Source of the protocols: the Smithy specifications of awsJson, restJson1, awsQuery and ec2Query.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson 1.0 and 1.1: one path, the operation in `X-Amz-Target`.
    Json,
    /// restJson1: the operation in method and path.
    Rest,
    /// awsQuery: a form, answered in XML.
    Query,
    /// ec2Query: a form, answered in another XML.
    Ec2,
}

/// A request, taken apart as far as its envelope goes.
#[derive(Debug, Clone)]
pub struct Called {
    /// The service's IAM prefix, `dynamodb`.
    pub service: String,
    /// The operation, `DescribeTable`; empty where the request names none.
    pub operation: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The access key that signed it; empty for an unsigned request.
    pub access_key: String,
    /// The region it was signed for.
    pub region: String,
}

impl Called {
    /// `service:Operation`, as the operation table writes it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// Reads the envelope of a request: signature, target, path or form.
#[must_use]
pub fn identify(request: &HttpRequest) -> Called {
    let mut credential = request
        .headers()
        .get("authorization")
        .and_then(|header| header.split("Credential=").nth(1))
        .and_then(|rest| rest.split(',').next())
        .unwrap_or_default()
        .split('/')
        .map(str::to_owned);
    let mut part = || credential.next().unwrap_or_default();
    let (access_key, _date, region, signed_for) = (part(), part(), part(), part());
    let (service, operation, protocol) = if let Some(target) = request.headers().get("x-amz-target") {
        let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
        (service_of_target(prefix).map_or(signed_for, str::to_owned), operation.to_owned(), Protocol::Json)
    } else if is_form(request) {
        let operation = form(request).remove("Action").and_then(|action| action.as_str().map(str::to_owned));
        let protocol = if signed_for == "ec2" { Protocol::Ec2 } else { Protocol::Query };
        // CloudWatch is signed for under another name than IAM knows it by.
        let service = if signed_for == "monitoring" { "cloudwatch".to_owned() } else { signed_for };
        (service, operation.unwrap_or_default(), protocol)
    } else {
        (signed_for, rest_operation(request.method(), path_and_query(request).0).to_owned(), Protocol::Rest)
    };
    Called { service, operation, protocol, access_key, region }
}

fn is_form(request: &HttpRequest) -> bool {
    request.headers().get("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn service_of_target(prefix: &str) -> Option<&'static str> {
    match prefix.rsplit('.').next().unwrap_or(prefix) {
        "DynamoDB_20120810" => Some("dynamodb"),
        "TrentService" => Some("kms"),
        "StarlingDoveService" => Some("config"),
        "CloudTrail_20131101" => Some("cloudtrail"),
        _ => None,
    }
}

fn rest_operation(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["detector"]) => "ListDetectors",
        ("GET", ["detector", _]) => "GetDetector",
        ("POST", ["detector", _, "findings"]) => "ListFindings",
        ("POST", ["detector", _, "findings", "get"]) => "GetFindings",
        _ => "",
    }
}

/// The parameters of a request as JSON: the body of JSON protocols with path and query beside it, or the form's
/// flat fields.
///
/// # Errors
/// The parser's words, when a body that must be JSON is none.
pub fn parameters(request: &HttpRequest) -> Result<Map<String, Value>, String> {
    if is_form(request) {
        return Ok(form(request));
    }
    let mut fields = match request.body().bytes() {
        None | Some([]) => Map::new(),
        Some(body) => serde_json::from_slice(body).map_err(|error| error.to_string())?,
    };
    let (path, query) = path_and_query(request);
    if let ["detector", id, ..] = path.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        fields.insert("detectorId".to_owned(), json!(decode(id)));
    }
    for (key, value) in pairs(query) {
        fields.insert(key, json!(value));
    }
    Ok(fields)
}

fn path_and_query(request: &HttpRequest) -> (&str, &str) {
    let rest = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
    let rest = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
    rest.split_once('?').unwrap_or((rest, ""))
}

fn form(request: &HttpRequest) -> Map<String, Value> {
    let text = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    pairs(&text).into_iter().map(|(key, value)| (key, Value::String(value))).collect()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Undoes percent-encoding and `+` for blanks.
fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit().unwrap_or(2), digit().unwrap_or(0));
                u8::try_from(high * 16 + low).unwrap_or(b' ')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A refusal, in the service's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error code, `ResourceNotFoundException`.
    pub code: String,
    /// The service's words.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl Refusal {
    /// A refusal with HTTP status 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// The caller may not; `because` is IAM's reason.
    #[must_use]
    pub fn denied(called: &Called, principal: &str, resource: &str, because: &str) -> Self {
        let action = called.label();
        let why = format!("User: {principal} is not authorized to perform: {action} on resource: {resource} {because}");
        match called.protocol {
            Protocol::Json => Self::new("AccessDeniedException", why),
            Protocol::Rest => Self { code: "AccessDeniedException".to_owned(), message: why, status: 403 },
            Protocol::Query => Self { code: "AccessDenied".to_owned(), message: why, status: 403 },
            Protocol::Ec2 => Self {
                code: "UnauthorizedOperation".to_owned(),
                message: format!("You are not authorized to perform this operation. {why}"),
                status: 403,
            },
        }
    }

    /// The caller is too fast.
    #[must_use]
    pub fn throttled(protocol: Protocol) -> Self {
        let (code, message, status) = match protocol {
            Protocol::Json => ("ThrottlingException", "Rate exceeded", 400),
            Protocol::Rest => ("TooManyRequestsException", "Too Many Requests", 429),
            Protocol::Query => ("Throttling", "Rate exceeded", 400),
            Protocol::Ec2 => ("RequestLimitExceeded", "Request limit exceeded.", 503),
        };
        Self { code: code.to_owned(), message: message.to_owned(), status }
    }

    /// The session's credentials ran out.
    #[must_use]
    pub fn expired(protocol: Protocol) -> Self {
        let message = "The security token included in the request is expired";
        let (code, status) = match protocol {
            Protocol::Json => ("ExpiredTokenException", 400),
            Protocol::Rest => ("ExpiredTokenException", 403),
            Protocol::Query => ("ExpiredToken", 403),
            Protocol::Ec2 => ("RequestExpired", 400),
        };
        Self { code: code.to_owned(), message: message.to_owned(), status }
    }

    /// The service fell over.
    #[must_use]
    pub fn internal(protocol: Protocol) -> Self {
        let (code, message) = match protocol {
            Protocol::Json => ("InternalServerError", "Internal server error"),
            Protocol::Rest => ("InternalServerErrorException", "Internal server error"),
            Protocol::Query => ("InternalFailure", "Internal failure"),
            Protocol::Ec2 => ("InternalError", "An internal error has occurred"),
        };
        Self { code: code.to_owned(), message: message.to_owned(), status: 500 }
    }

    /// The service knows no such operation.
    #[must_use]
    pub fn unknown_operation(called: &Called) -> Self {
        match called.protocol {
            Protocol::Json => Self::new("UnknownOperationException", ""),
            Protocol::Rest => {
                Self { code: "UnknownOperationException".to_owned(), message: String::new(), status: 404 }
            }
            Protocol::Query | Protocol::Ec2 => Self::new(
                "InvalidAction",
                format!("The action {} is not valid for this web service.", called.operation),
            ),
        }
    }

    /// The answer that carries it.
    #[must_use]
    pub fn response(&self, called: &Called, request_id: &str) -> HttpResponse {
        let Self { code, message, status } = self;
        let text = |text: &str| quick_xml::escape::escape(text).into_owned();
        let body = match called.protocol {
            Protocol::Json => {
                let prefix = if called.service == "dynamodb" { "com.amazonaws.dynamodb.v20120810#" } else { "" };
                json!({ "__type": format!("{prefix}{code}"), "message": message }).to_string()
            }
            Protocol::Rest => json!({ "__type": code, "message": message }).to_string(),
            Protocol::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                text(code),
                text(message)
            ),
            Protocol::Ec2 => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}\
                 </Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
                text(code),
                text(message)
            ),
        };
        let mut response = respond(called, request_id, *status, body);
        if called.protocol == Protocol::Rest {
            response.headers_mut().insert("x-amzn-errortype", code.clone());
        }
        response
    }
}

/// A response with the headers its protocol needs.
#[must_use]
pub fn respond(called: &Called, request_id: &str, status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status.into(), body.into());
    let kind = match (called.protocol, called.service.as_str()) {
        (Protocol::Json, "dynamodb") => "application/x-amz-json-1.0",
        (Protocol::Json, _) => "application/x-amz-json-1.1",
        (Protocol::Rest, _) => "application/json",
        (Protocol::Query | Protocol::Ec2, _) => "text/xml;charset=UTF-8",
    };
    response.headers_mut().insert("content-type", kind);
    if !request_id.is_empty() {
        response.headers_mut().insert("x-amzn-requestid", request_id.to_owned());
    }
    response
}
