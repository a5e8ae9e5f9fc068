//! Clients of the services that the slow tail is read from: our own, one a service, made together.

use std::collections::HashMap;

use aws_config::{Region, SdkConfig};
use aws_smithy_runtime::client::retries::RetryPartition;

use super::form::{self, Form};
use super::guard::{Guard, Locked};
use super::json::Json;
use super::ledger::Recorder;
use super::own::Service;
use super::rest::Rest;

/// AWS JSON: the label's prefix, the service, the target's prefix.
const JSON: &[(&str, Service, &str)] = &[
    (
        "application-autoscaling",
        Service { id: "Application Auto Scaling", signing: "application-autoscaling", host: "application-autoscaling" },
        "AnyScaleFrontendService",
    ),
    ("cloudtrail", Service { id: "CloudTrail", signing: "cloudtrail", host: "cloudtrail" }, "CloudTrail_20131101"),
    (
        "cloudwatch",
        Service { id: "CloudWatch", signing: "monitoring", host: "monitoring" },
        "GraniteServiceVersion20100801",
    ),
    ("dax", Service { id: "DAX", signing: "dax", host: "dax" }, "AmazonDAXV3"),
    ("dynamodb", Service { id: "DynamoDB", signing: "dynamodb", host: "dynamodb" }, "DynamoDB_20120810"),
    ("events", Service { id: "EventBridge", signing: "events", host: "events" }, "AWSEvents"),
    (
        "organizations",
        Service { id: "Organizations", signing: "organizations", host: "organizations" },
        "AWSOrganizationsV20161128",
    ),
    ("logs", Service { id: "CloudWatch Logs", signing: "logs", host: "logs" }, "Logs_20140328"),
    ("kms", Service { id: "KMS", signing: "kms", host: "kms" }, "TrentService"),
    ("shield", Service { id: "Shield", signing: "shield", host: "shield" }, "AWSShield_20160616"),
    ("wafv2", WAF, "AWSWAF_20190729"),
    (WAF_OF_CLOUDFRONT, WAF, "AWSWAF_20190729"),
];

const WAF: Service = Service { id: "WAFV2", signing: "wafv2", host: "wafv2" };

/// What guards CloudFront lies in one region, and is asked there.
pub const WAF_OF_CLOUDFRONT: &str = "wafv2.cloudfront";

/// restJson1, and restXml where answers come so: the label's prefix and the service.
const REST: &[(&str, Service)] = &[
    ("accessanalyzer", Service { id: "AccessAnalyzer", signing: "access-analyzer", host: "access-analyzer" }),
    ("auditmanager", Service { id: "AuditManager", signing: "auditmanager", host: "auditmanager" }),
    ("backup", Service { id: "Backup", signing: "backup", host: "backup" }),
    ("cloudfront", Service { id: "CloudFront", signing: "cloudfront", host: "cloudfront" }),
    ("guardduty", Service { id: "GuardDuty", signing: "guardduty", host: "guardduty" }),
    ("lambda", Service { id: "Lambda", signing: "lambda", host: "lambda" }),
    ("macie2", Service { id: "Macie2", signing: "macie2", host: "macie2" }),
    ("securityhub", Service { id: "SecurityHub", signing: "securityhub", host: "securityhub" }),
];

/// The query protocol: the label's prefix and the service.
const FORMS: &[(&str, &form::Service)] = &[("iam", &form::IAM)];

/// Services that are one for all regions of a partition, and the region each is signed for: AWS's own, China's.
const GLOBAL: &[(&str, &str, &str)] = &[
    ("cloudfront", "us-east-1", "cn-northwest-1"),
    ("iam", "us-east-1", "cn-north-1"),
    ("organizations", "us-east-1", "cn-northwest-1"),
    ("shield", "us-east-1", "cn-northwest-1"),
    (WAF_OF_CLOUDFRONT, "us-east-1", "cn-northwest-1"),
];

/// The configuration that a service is asked with: of one for all regions, its own region's.
fn placed(name: &str, config: &SdkConfig) -> SdkConfig {
    let Some((_, home, china)) = GLOBAL.iter().find(|(of, ..)| *of == name) else { return config.clone() };
    let region = match config.region().map(AsRef::as_ref).unwrap_or_default() {
        of if of.starts_with("cn-") => china,
        of if of.starts_with("us-gov-") => "us-gov-west-1",
        _ => home,
    };
    config.to_builder().region(Region::new(region)).build()
}

/// The clients.
#[derive(Debug)]
pub struct Tail {
    forms: HashMap<&'static str, Form>,
    json: HashMap<&'static str, Json>,
    rest: HashMap<&'static str, Rest>,
}

impl Tail {
    /// Clients for the region of a configuration; `partition` names the retry bucket of each.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        http: &Locked,
        locks: &(Guard, Recorder),
        partition: impl Fn(&str) -> RetryPartition,
    ) -> Self {
        let json = |(name, service, target): &(&'static str, Service, &'static str)| {
            (*name, Json::new(*service, target, &placed(name, config), http.clone(), locks.clone(), partition(name)))
        };
        let rest = |(name, service): &(&'static str, Service)| {
            (*name, Rest::new(*service, &placed(name, config), http.clone(), locks.clone(), partition(name)))
        };
        let form = |(name, service): &(&'static str, &'static form::Service)| {
            (*name, Form::new(service, &placed(name, config), http.clone(), locks.clone(), partition(name)))
        };
        let forms = FORMS.iter().map(form).collect();
        Self { forms, json: JSON.iter().map(json).collect(), rest: REST.iter().map(rest).collect() }
    }

    /// The client of a service that speaks the query protocol; `None` for another one.
    #[must_use]
    pub fn form(&self, service: &str) -> Option<&Form> {
        self.forms.get(service)
    }

    /// The client of a service that speaks AWS JSON; `None` for another one.
    #[must_use]
    pub fn json(&self, service: &str) -> Option<&Json> {
        self.json.get(service)
    }

    /// The client of a service that speaks restJson1 or restXml; `None` for another one.
    #[must_use]
    pub fn rest(&self, service: &str) -> Option<&Rest> {
        self.rest.get(service)
    }
}
