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
    /// restXml: the operation in method, path and query, answered in XML.
    Xml,
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
    } else if signed_for == "s3" {
        (signed_for, bucket_operation(path_and_query(request)).to_owned(), Protocol::Xml)
    } else if signed_for == "cloudfront" {
        let operation = rest_operation(&signed_for, request.method(), path_and_query(request).0).to_owned();
        (signed_for, operation, Protocol::Xml)
    } else {
        let operation = rest_operation(&signed_for, request.method(), path_and_query(request).0).to_owned();
        // IAM knows Access Analyzer by a name with a hyphen, the operation table without.
        let service = if signed_for == "access-analyzer" { "accessanalyzer".to_owned() } else { signed_for };
        (service, operation, Protocol::Rest)
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
        "AWSEvents" => Some("events"),
        "AWSOrganizationsV20161128" => Some("organizations"),
        "AmazonDAXV3" => Some("dax"),
        "GraniteServiceVersion20100801" => Some("cloudwatch"),
        "Logs_20140328" => Some("logs"),
        "AWSShield_20160616" => Some("shield"),
        "AWSWAF_20190729" => Some("wafv2"),
        "AnyScaleFrontendService" => Some("application-autoscaling"),
        _ => None,
    }
}

fn rest_operation(service: &str, method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (service, method, parts.as_slice()) {
        ("guardduty", "GET", ["detector"]) => "ListDetectors",
        ("guardduty", "GET", ["detector", _]) => "GetDetector",
        ("guardduty", "GET", ["detector", _, "filter"]) => "ListFilters",
        ("guardduty", "GET", ["detector", _, "filter", _]) => "GetFilter",
        ("guardduty", "GET", ["detector", _, "publishingDestination"]) => "ListPublishingDestinations",
        ("guardduty", "POST", ["custom-detection-rule", "rule"]) => "ListCustomDetectionRules",
        ("guardduty", "GET", ["custom-detection-rule", "association"]) => "ListCustomDetectionRuleAssociations",
        ("lambda", "GET", ["2015-03-31", "event-source-mappings"]) => "ListEventSourceMappings",
        ("guardduty", "POST", ["detector", _, "findings"]) => "ListFindings",
        ("guardduty", "POST", ["detector", _, "findings", "get"]) => "GetFindings",
        ("backup", "GET", ["backup", "plans"]) => "ListBackupPlans",
        ("backup", "GET", ["backup", "plans", _]) => "GetBackupPlan",
        ("backup", "GET", ["backup", "plans", _, "selections"]) => "ListBackupSelections",
        ("backup", "GET", ["backup", "plans", _, "selections", _]) => "GetBackupSelection",
        ("backup", "GET", ["backup-vaults"]) => "ListBackupVaults",
        ("backup", "GET", ["backup-vaults", _, "access-policy"]) => "GetBackupVaultAccessPolicy",
        ("backup", "GET", ["backup-vaults", _, "recovery-points"]) => "ListRecoveryPointsByBackupVault",
        ("backup", "GET", ["resources"]) => "ListProtectedResources",
        ("backup", "GET", ["copy-jobs"]) => "ListCopyJobs",
        ("backup", "GET", ["restore-jobs"]) => "ListRestoreJobs",
        ("backup", "GET", ["account-settings"]) => "DescribeRegionSettings",
        ("cloudfront", "GET", ["2020-05-31", "distribution", _, "config"]) => "GetDistributionConfig",
        ("securityhub", "GET", ["accounts"]) => "DescribeHub",
        ("securityhub", "POST", ["standards", "get"]) => "GetEnabledStandards",
        ("access-analyzer", "GET", ["analyzer"]) => "ListAnalyzers",
        ("access-analyzer", "POST", ["findingv2"]) => "ListFindingsV2",
        ("auditmanager", "GET", ["account", "status"]) => "GetAccountStatus",
        ("macie2", "GET", ["macie"]) => "GetMacieSession",
        _ => "",
    }
}

fn bucket_operation((path, query): (&str, &str)) -> &'static str {
    match query.split(['&', '=']).next().unwrap_or_default() {
        "versioning" => "GetBucketVersioning",
        "publicAccessBlock" => "GetPublicAccessBlock",
        "policyStatus" => "GetBucketPolicyStatus",
        "lifecycle" => "GetBucketLifecycleConfiguration",
        "object-lock" => "GetObjectLockConfiguration",
        "replication" => "GetBucketReplication",
        "" if path.trim_matches('/').contains('/') => "GetObject",
        _ => "ListObjectsV2",
    }
}

/// The bucket that a request is about: the first part of its own host, or of the path.
fn bucket(request: &HttpRequest) -> String {
    let host = request.uri().split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    match host.split_once(".s3.") {
        Some((bucket, _)) => bucket.to_owned(),
        None => path_and_query(request).0.trim_matches('/').split('/').next().unwrap_or_default().to_owned(),
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
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), json!(decode(value)));
    match parts.as_slice() {
        ["detector", id, rest @ ..] => {
            put("detectorId", id);
            if let ["filter", name] = rest {
                put("filterName", name);
            }
        }
        ["backup", "plans", plan, rest @ ..] => {
            put("backupPlanId", plan);
            if let ["selections", selection] = rest {
                put("selectionId", selection);
            }
        }
        [_, "distribution", id, ..] => {
            put("Id", id);
        }
        ["backup-vaults", vault, ..] => {
            put("backupVaultName", vault);
        }
        _ => {}
    }
    fields.insert("Bucket".to_owned(), json!(bucket(request)));
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
        let label = called.label();
        let row = crate::operations::by_label(&label);
        let action = row.and_then(|row| row.actions.first()).copied().unwrap_or(&label);
        let why = format!("User: {principal} is not authorized to perform: {action} on resource: {resource} {because}");
        match called.protocol {
            Protocol::Json => Self::new("AccessDeniedException", why),
            Protocol::Rest => Self { code: "AccessDeniedException".to_owned(), message: why, status: 403 },
            Protocol::Query => Self { code: "AccessDenied".to_owned(), message: why, status: 403 },
            Protocol::Xml => Self { code: "AccessDenied".to_owned(), message: why, status: 403 },
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
            Protocol::Xml => ("SlowDown", "Please reduce your request rate.", 503),
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
            Protocol::Xml => ("ExpiredToken", 400),
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
            Protocol::Xml => ("InternalError", "We encountered an internal error. Please try again."),
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
            Protocol::Query | Protocol::Ec2 | Protocol::Xml => Self::new(
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
            Protocol::Xml if called.service == "cloudfront" => format!(
                "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error>\
                 <Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId>\
                 </ErrorResponse>",
                text(code),
                text(message)
            ),
            Protocol::Xml => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}\
                 </RequestId></Error>",
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
        (Protocol::Xml, _) => "application/xml",
    };
    response.headers_mut().insert("content-type", kind);
    if !request_id.is_empty() {
        let name = if called.service == "s3" { "x-amz-request-id" } else { "x-amzn-requestid" };
        response.headers_mut().insert(name, request_id.to_owned());
    }
    response
}
